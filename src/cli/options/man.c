/* The option tables as man pages (troff, man macros). */
#include "cli/cli.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Text with troff's special characters made literal: backslash, minus, and dots and quotes that begin a line. */
static void troff(const char *text)
{
    bool start = true;
    for (const char *p = text; *p; p++) {
        if (start && (*p == '.' || *p == '\''))
            fputs("\\&", stdout);
        if (*p == '\\')
            fputs("\\e", stdout);
        else if (*p == '-')
            fputs("\\-", stdout);
        else if (*p == '\n' && p[1] == '\n') {
            fputs("\n.PP\n", stdout);
            p++;
        } else
            putchar(*p);
        start = *p == '\n';
    }
}

static void title(const char *name)
{
    fputs(".TH EDGEL", stdout);
    for (const char *p = name; *p; p++)
        putchar(toupper((unsigned char)*p));
    printf(" 1 \"\" \"edgel %s\" \"User Commands\"\n", edgel_version());
}

static void option(const struct cli_option *o)
{
    puts(".TP");
    if (o->letter)
        printf("\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", stdout);
    troff(o->name);
    fputs("\\fR", stdout);
    if (cli_takes_value(o)) {
        fputs("=\\fI", stdout);
        troff(cli_metavar(o));
        fputs("\\fR", stdout);
    }
    putchar('\n');
    char help[CLI_HELP_TEXT];
    cli_help_text(o, help);
    troff(help);
    const char *def = o->note ? o->note : o->def;
    if (def) {
        fputs(" Default: ", stdout);
        troff(def);
        putchar('.');
    }
    putchar('\n');
}

static void exits(const struct cli_exit *e)
{
    puts(".SH EXIT STATUS");
    for (; e && e->text; e++) {
        printf(".TP\n.B %d\n", e->code);
        troff(e->text);
        putchar('\n');
    }
}

static void examples(const struct cli_example *e)
{
    if (!e || !e->text)
        return;
    puts(".SH EXAMPLES");
    for (; e->text; e++) {
        puts(".PP");
        troff(e->text);
        fputs(":\n.PP\n.EX\n", stdout);
        troff(e->command);
        puts("\n.EE");
    }
}

static void synopsis(const struct cli_command *c)
{
    puts(".SH SYNOPSIS");
    for (const char *line = c->synopsis; *line;) {
        size_t n = strcspn(line, "\n");
        char text[512];
        snprintf(text, sizeof text, "%.*s", (int)n, line);
        printf(".B edgel %s\n", c->name);
        troff(text);
        line += n + (line[n] == '\n');
        puts(*line ? "\n.br" : "");
    }
}

static void command_page(const struct cli_command *c)
{
    char name[64];
    snprintf(name, sizeof name, "-%s", c->name);
    title(name);
    printf(".SH NAME\nedgel\\-%s \\- ", c->name);
    troff(c->summary);
    putchar('\n');
    synopsis(c);
    puts(".SH DESCRIPTION");
    char description[CLI_DESCRIPTION_TEXT];
    cli_description(c, description);
    troff(description);
    puts("\n.SH OPTIONS");
    const struct cli_group *g, *last = NULL;
    const struct cli_option *o;
    for (size_t k = 0; (o = cli_option_at(c, k, &g)) != NULL; k++) {
        if (g != last)
            printf(".SS %s\n", g->title);
        last = g;
        option(o);
    }
    exits(c->exits);
    examples(c->examples);
    puts(".SH SEE ALSO\n.BR edgel (1)");
}

static void main_page(const struct cli_command *const *commands)
{
    title("");
    puts(".SH NAME\nedgel \\- find edges in folders of images and score them\n"
         ".SH SYNOPSIS\n.B edgel\n.I COMMAND\n[OPTION]... [INPUT]...\n"
         ".SH DESCRIPTION\n"
         "Finds edges in whole folders of images and scores them against ground\\-truth masks.\n"
         "Each command has its own page.\n.SH COMMANDS");
    for (const struct cli_command *const *c = commands; *c; c++) {
        printf(".TP\n.BR edgel\\-%s (1)\n", (*c)->name);
        troff((*c)->summary);
        putchar('\n');
    }
    puts(".SH OPTIONS\n"
         ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nShow the list of commands and exit.\n"
         ".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nShow version, build and CPU level and exit.\n"
         ".SH ENVIRONMENT\n"
         ".TP\n.B EDGEL_CPU\nLowers the CPU level to the named one, of those that the build has: c, avx2, "
         "avx512, avx512vnni, neon. The results do not change.\n"
         ".TP\n.B NO_COLOR\nKeeps escape sequences out of the progress bar.\n"
         ".SH SEE ALSO");
    for (const struct cli_command *const *c = commands; *c; c++)
        printf(".BR edgel\\-%s (1)%s\n", (*c)->name, c[1] ? "," : "");
}

void cli_man(const struct cli_command *const *commands, const struct cli_command *c)
{
    if (c)
        command_page(c);
    else
        main_page(commands);
}
