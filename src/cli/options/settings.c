/* The value of every option of a command line, given or default, as text. */
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy(const char *s)
{
    return cli_strndup(s, strlen(s));
}

static char *joined(const struct cli_list *list)
{
    size_t size = 1;
    for (size_t i = 0; i < list->n; i++)
        size += strlen(list->v[i]) + 1;
    char *s = cli_alloc(size, 1);
    for (size_t i = 0; i < list->n; i++) {
        strcat(s, i ? "," : "");
        strcat(s, list->v[i]);
    }
    return s;
}

/* NULL: the option has no value. given: its text on the command line, the only value known of CLI_CALL. */
static char *value_of(const struct cli_option *o, const void *base, const char *given)
{
    const void *at = (const char *)base + o->at;
    char s[64];
    switch (o->kind) {
    case CLI_FLAG:
    case CLI_FLAG_OFF: return copy(*(const bool *)at == (o->kind == CLI_FLAG) ? "on" : "off");
    case CLI_INT: snprintf(s, sizeof s, "%lld", (long long)*(const int64_t *)at); return copy(s);
    case CLI_REAL: snprintf(s, sizeof s, "%.15g", *(const double *)at); return copy(s);
    case CLI_CHOICE: return copy(cli_choices(o)[*(const int *)at]);
    case CLI_STRING: return *(const char *const *)at ? copy(*(const char *const *)at) : NULL;
    case CLI_LIST: return joined(at);
    case CLI_CALL: return given ? copy(given) : NULL;
    }
    return NULL;
}

static bool is_among(const struct cli_option *rows, const struct cli_option *const *tables)
{
    for (; tables && *tables; tables++)
        if (*tables == rows)
            return true;
    return false;
}

size_t cli_settings(const struct cli_args *args, const struct cli_option *const *except,
                    struct edgel_setting **out)
{
    const struct cli_group *g;
    const struct cli_option *o;
    size_t n = 0;
    *out = NULL;
    for (size_t k = 0; (o = cli_option_at(args->command, k, &g)) != NULL; k++) {
        if (strcmp(o->name, "help") == 0 || is_among(g->rows, except))
            continue;
        /* A number, or an option with a note, that has no default matters only when it is given. */
        if (!o->def && (o->note || o->kind == CLI_INT || o->kind == CLI_REAL) && !cli_given(args, o->name))
            continue;
        char *value = value_of(o, (const char *)args->options + g->offset, args->text_[k]);
        if (!value)
            continue;
        *out = cli_realloc(*out, n + 1, sizeof **out);
        (*out)[n++] = (struct edgel_setting){ copy(o->name), value };
    }
    return n;
}

void cli_settings_free(struct edgel_setting *settings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free((char *)(uintptr_t)settings[i].name);
        free((char *)(uintptr_t)settings[i].value);
    }
    free(settings);
}
