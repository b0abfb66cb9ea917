/*
 * Reads a command line by a table of options.
 *
 *   --opt=value  --opt value  -o value  -ovalue   an option with a value
 *   -qv                                           several flags
 *   --                                            ends the options; what follows are operands
 *   -                                             an operand
 *
 * Options and operands stand in any order. Names must be written out: an abbreviation that works today breaks when the
 * next option is added. Of a repeated option the last one counts; lists collect all.
 */
#include "cli/cli.h"
#include <stdlib.h>
#include <string.h>

static const struct cli_option help_row[] = {
    { .name = "help", .letter = 'h', .kind = CLI_FLAG, .help = "Show this help and exit." }, { 0 }
};
static const struct cli_group help_group = { .title = "Help", .rows = help_row };

const struct cli_option *cli_option_at(const struct cli_command *command, size_t k,
                                       const struct cli_group **group)
{
    if (command->make_rows)
        command->make_rows();
    for (const struct cli_group *g = command->groups; g && g->rows; g++)
        for (const struct cli_option *o = g->rows; o->name; o++)
            if (k-- == 0) {
                if (group)
                    *group = g;
                return o;
            }
    if (group)
        *group = &help_group;
    return k == 0 ? help_row : NULL;
}

bool cli_takes_value(const struct cli_option *option)
{
    return option->kind != CLI_FLAG && option->kind != CLI_FLAG_OFF;
}

const char *const *cli_choices(const struct cli_option *option)
{
    return option->words ? option->words() : option->choices;
}

const char *cli_metavar(const struct cli_option *option)
{
    static char joined[256];
    if (option->metavar || option->kind != CLI_CHOICE)
        return option->metavar ? option->metavar : "";
    joined[0] = '\0';
    for (const char *const *c = cli_choices(option); *c; c++) {
        strncat(joined, *c, sizeof joined - strlen(joined) - 2);
        strcat(joined, c[1] ? "|" : "");
    }
    return joined;
}

const struct cli_command *cli_command_find(const struct cli_command *const *commands, const char *name)
{
    for (; *commands; commands++)
        if (strcmp((*commands)->name, name) == 0)
            return *commands;
    return NULL;
}

int cli_command_unknown(const struct cli_command *command, const struct cli_command *const *commands,
                        const char *name)
{
    size_t n = 0;
    while (commands[n])
        n++;
    const char **names = cli_alloc(n + 1, sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = commands[i]->name;
    const char *kind = name[0] == '-' ? "option" : "command", *near = edgel_nearest(name, names);
    free(names);
    return cli_usage(command, "unknown %s '%s'%s%s%s", kind, name, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

static enum edgel_status set_choice(const struct cli_option *o, const char *what, const char *text, int *out,
                                    struct edgel_error *err)
{
    const char *const *choices = cli_choices(o);
    for (int i = 0; choices[i]; i++)
        if (strcmp(choices[i], text) == 0) {
            *out = i;
            return EDGEL_OK;
        }
    return edgel_error_choice(err, what, text, choices);
}

enum edgel_status cli_option_set(const struct cli_option *o, void *base, const char *what, const char *text,
                                 struct edgel_error *err)
{
    void *field = (char *)base + o->at;
    switch (o->kind) {
    case CLI_FLAG: *(bool *)field = true; return EDGEL_OK;
    case CLI_FLAG_OFF: *(bool *)field = false; return EDGEL_OK;
    case CLI_INT: return edgel_parse_int(what, text, (int64_t)o->min, (int64_t)o->max, (int64_t *)field, err);
    case CLI_REAL: return edgel_parse_real(what, text, o->min, o->max, (double *)field, err);
    case CLI_CHOICE: return set_choice(o, what, text, (int *)field, err);
    case CLI_STRING: *(const char **)field = text; return EDGEL_OK;
    case CLI_LIST: cli_list_add((struct cli_list *)field, text); return EDGEL_OK;
    case CLI_CALL: return o->call(base, what, text, err);
    }
    return EDGEL_OK;
}

/* The same for an option of the command line, by its name with two dashes. */
static enum edgel_status set_option(const struct cli_option *o, char *base, const char *text,
                                    struct edgel_error *err)
{
    char what[64] = "--";
    strncat(what, o->name, sizeof what - 3);
    return cli_option_set(o, base, what, text, err);
}

static enum edgel_status set_defaults(struct cli_args *args, struct edgel_error *err)
{
    const struct cli_group *g;
    const struct cli_option *o;
    for (size_t k = 0; (o = cli_option_at(args->command, k, &g)) != NULL && g != &help_group; k++) {
        char *base = (char *)args->options + g->offset;
        if (o->kind == CLI_FLAG_OFF)
            *(bool *)(base + o->at) = true;
        if (o->def) {
            enum edgel_status s = set_option(o, base, o->def, err);
            if (s != EDGEL_OK)
                return s;
        }
    }
    return EDGEL_OK;
}

/* The rest of the command line. */
struct reader {
    struct cli_args *args;
    int argc, i;
    char **argv;
    size_t noptions;
};

static int store(struct reader *r, size_t k, const struct cli_option *o, const struct cli_group *g,
                 const char *text)
{
    r->args->given_[k] = true;
    r->args->text_[k] = text;
    if (g == &help_group) {
        r->args->help = true;
        return 0;
    }
    struct edgel_error err = { 0 };
    if (set_option(o, (char *)r->args->options + g->offset, text, &err) != EDGEL_OK)
        return cli_usage(r->args->command, "%s", err.msg);
    return 0;
}

/* "--name" in the spelling of the user's value: text after '=' or the next argument. */
static int read_long(struct reader *r, const char *arg)
{
    const char *equals = strchr(arg, '=');
    size_t length = equals ? (size_t)(equals - arg) : strlen(arg);
    const struct cli_command *c = r->args->command;
    const struct cli_group *g;
    const struct cli_option *o;
    for (size_t k = 0; (o = cli_option_at(c, k, &g)) != NULL; k++) {
        if (strlen(o->name) != length || memcmp(o->name, arg, length) != 0)
            continue;
        if (!cli_takes_value(o))
            return equals ? cli_usage(c, "--%s takes no value", o->name) : store(r, k, o, g, NULL);
        if (equals)
            return store(r, k, o, g, equals + 1);
        if (r->i >= r->argc)
            return cli_usage(c, "--%s needs a value: %s", o->name, cli_metavar(o));
        return store(r, k, o, g, r->argv[r->i++]);
    }
    for (const struct cli_hint *h = c->hints; h && h->name; h++)
        if (strlen(h->name) == length && memcmp(h->name, arg, length) == 0)
            return cli_usage(c, "there is no --%s: %s", h->name, h->text);
    const char **names = cli_alloc(r->noptions + 1, sizeof *names);
    for (size_t k = 0; k < r->noptions; k++)
        names[k] = cli_option_at(c, k, NULL)->name;
    char typed[64] = "";
    strncat(typed, arg, length < sizeof typed - 1 ? length : sizeof typed - 1);
    const char *nearest = edgel_nearest(typed, names);
    free(names);
    if (nearest)
        return cli_usage(c, "unknown option --%s; did you mean --%s?", typed, nearest);
    return cli_usage(c, "unknown option --%s", typed);
}

/* Letters after one dash: flags in a bundle, or one option with the rest as its value. */
static int read_letters(struct reader *r, const char *letters)
{
    const struct cli_command *c = r->args->command;
    for (; *letters && !r->args->help; letters++) {
        const struct cli_group *g;
        const struct cli_option *o;
        size_t k = 0;
        while ((o = cli_option_at(c, k, &g)) != NULL && o->letter != *letters)
            k++;
        if (!o)
            return cli_usage(c, "unknown option -%c", *letters);
        if (cli_takes_value(o)) {
            if (letters[1])
                return store(r, k, o, g, letters + 1);
            if (r->i >= r->argc)
                return cli_usage(c, "-%c needs a value: %s", o->letter, cli_metavar(o));
            return store(r, k, o, g, r->argv[r->i++]);
        }
        int bad = store(r, k, o, g, NULL);
        if (bad)
            return bad;
    }
    return 0;
}

int cli_parse(const struct cli_command *command, int argc, char **argv, struct cli_args *args)
{
    struct reader r = { .args = args, .argc = argc, .argv = argv };
    while (cli_option_at(command, r.noptions, NULL))
        r.noptions++;
    *args = (struct cli_args){ .command = command, .argc = argc, .argv = argv };
    args->options = cli_alloc(1, command->options_size ? command->options_size : 1);
    args->given_ = cli_alloc(r.noptions, sizeof *args->given_);
    args->text_ = cli_alloc(r.noptions, sizeof *args->text_);
    args->operands = cli_alloc((size_t)argc + 1, sizeof *args->operands);
    struct edgel_error err = { 0 };
    if (set_defaults(args, &err) != EDGEL_OK)
        return cli_usage(command, "%s", err.msg);
    bool ended = false;
    while (r.i < argc && !args->help) {
        const char *arg = argv[r.i++];
        int bad = 0;
        if (ended || arg[0] != '-' || arg[1] == '\0')
            args->operands[args->noperands++] = arg;
        else if (strcmp(arg, "--") == 0)
            ended = true;
        else if (arg[1] == '-')
            bad = read_long(&r, arg + 2);
        else
            bad = read_letters(&r, arg + 1);
        if (bad)
            return bad;
    }
    return 0;
}

void cli_args_finish(struct cli_args *args)
{
    const struct cli_group *g;
    const struct cli_option *o;
    if (args->options)
        for (size_t k = 0; (o = cli_option_at(args->command, k, &g)) != NULL; k++)
            if (o->kind == CLI_LIST)
                free(((struct cli_list *)((char *)args->options + g->offset + o->at))->v);
    free(args->options);
    free(args->operands);
    free(args->given_);
    free(args->text_);
    *args = (struct cli_args){ 0 };
}

/* Which option has the name; one after the last: none. */
static size_t place_of(const struct cli_args *args, const char *name)
{
    const struct cli_option *o;
    size_t k = 0;
    while ((o = cli_option_at(args->command, k, NULL)) != NULL && strcmp(o->name, name) != 0)
        k++;
    return k;
}

bool cli_given(const struct cli_args *args, const char *name)
{
    const size_t k = place_of(args, name);
    return cli_option_at(args->command, k, NULL) && args->given_[k];
}

const char *cli_given_text(const struct cli_args *args, const char *name)
{
    const size_t k = place_of(args, name);
    return cli_option_at(args->command, k, NULL) ? args->text_[k] : NULL;
}
