/* The option tables as help text. */
#include "cli.h"
#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, HELP_COLUMN = 26 };

/* Writes text from the given column on, broken at spaces; '\n' breaks as well. Ends the line. */
static void wrap(const char *text, int column, int indent)
{
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (column > indent && column + (int)word > WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        printf("%.*s", (int)word, text);
        column += (int)word;
        text += word;
        if (*text == ' ') {
            size_t next = strcspn(text + 1, " \n");
            if (column + 1 + (int)next <= WIDTH) {
                putchar(' ');
                column++;
            } else {
                printf("\n%*s", indent, "");
                column = indent;
            }
            text++;
        } else if (*text == '\n') {
            printf("\n%*s", text[1] == '\n' ? 0 : indent, "");
            column = indent;
            text++;
        }
    }
    putchar('\n');
}

void cli_help_text(const struct cli_option *o, char *buf)
{
    int n = snprintf(buf, CLI_HELP_TEXT, "%s%s", o->help, o->more ? " " : "");
    if (o->more && n >= 0 && n < CLI_HELP_TEXT)
        o->more(buf + n, CLI_HELP_TEXT - (size_t)n);
}

static void option_line(const struct cli_option *o)
{
    char left[256];
    const char *value = cli_takes_value(o) ? cli_metavar(o) : "";
    int n;
    if (o->letter)
        n = snprintf(left, sizeof left, "  -%c, --%s%s%s", o->letter, o->name, *value ? "=" : "", value);
    else
        n = snprintf(left, sizeof left, "      --%s%s%s", o->name, *value ? "=" : "", value);
    fputs(left, stdout);
    if (n > HELP_COLUMN - 2)
        printf("\n%*s", HELP_COLUMN, "");
    else
        printf("%*s", HELP_COLUMN - n, "");
    char text[CLI_HELP_TEXT + 256], help[CLI_HELP_TEXT];
    const char *def = o->note ? o->note : o->def;
    cli_help_text(o, help);
    snprintf(text, sizeof text, def ? "%s [default: %s]" : "%s", help, def);
    wrap(text, HELP_COLUMN, HELP_COLUMN);
}

static void options(const struct cli_command *c)
{
    const struct cli_group *g, *last = NULL;
    const struct cli_option *o;
    for (size_t k = 0; (o = cli_option_at(c, k, &g)) != NULL; k++) {
        if (g != last)
            printf("\n%s:\n", g->title);
        last = g;
        option_line(o);
    }
}

void cli_help_command(const struct cli_command *c)
{
    const char *line = c->synopsis;
    for (const char *lead = "Usage: edgel "; *line; lead = "       edgel ") {
        size_t n = strcspn(line, "\n");
        printf("%s%s %.*s\n", lead, c->name, (int)n, line);
        line += n + (line[n] == '\n');
    }
    putchar('\n');
    wrap(c->description, 0, 0);
    options(c);
    if (c->examples && c->examples->text)
        puts("\nExamples:");
    for (const struct cli_example *e = c->examples; e && e->text; e++)
        printf("  # %s\n  %s\n", e->text, e->command);
    puts("\nExit status:");
    for (const struct cli_exit *e = c->exits; e && e->text; e++) {
        int n = printf("  %-4d ", e->code);
        wrap(e->text, n, n);
    }
}

void cli_help_all(const struct cli_command *const *commands)
{
    puts("Usage: edgel COMMAND [OPTION]... [INPUT]...\n"
         "       edgel help COMMAND\n"
         "       edgel --version\n\n"
         "Finds edges in folders of images and scores them against ground-truth masks.\n\n"
         "Commands:");
    for (const struct cli_command *const *c = commands; *c; c++)
        printf("  %-10s %s\n", (*c)->name, (*c)->summary);
    puts("\nEDGEL_CPU=LEVEL lowers the CPU level that 'edgel --version' names; NO_COLOR keeps\n"
         "escape sequences out of the progress bar.");
}
