/* The option tables as help text. */
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines that are longer than MOST are tedious to read; on narrow terminals help stands below its option. */
enum { ELSEWHERE = 80, LEAST = 40, MOST = 100, NARROW = 72 };

struct page {
    int width, help_column;
};

/* As wide as the terminal that shows it. */
static struct page page_of_output(void)
{
    const int n = cli_output_columns();
    const int width = n == 0 ? ELSEWHERE : n < LEAST ? LEAST : n > MOST ? MOST : n;
    return (struct page){ width, width < NARROW ? 10 : 26 };
}

/* Writes text from the given column on, broken at spaces; '\n' breaks as well. Ends the line. */
static void wrap(const struct page *p, const char *text, int column, int indent)
{
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (column > indent && column + (int)word > p->width) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        printf("%.*s", (int)word, text);
        column += (int)word;
        text += word;
        if (*text == ' ') {
            size_t next = strcspn(text + 1, " \n");
            if (column + 1 + (int)next <= p->width) {
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

void cli_description(const struct cli_command *c, char *buf)
{
    const int n = snprintf(buf, CLI_DESCRIPTION_TEXT, "%s%s", c->description, c->more ? "\n\n" : "");
    if (c->more && n >= 0 && n < CLI_DESCRIPTION_TEXT)
        c->more(buf + n, CLI_DESCRIPTION_TEXT - (size_t)n);
}

static void option_line(const struct page *p, const struct cli_option *o)
{
    char left[256];
    const char *value = cli_takes_value(o) ? cli_metavar(o) : "";
    int n;
    if (o->letter)
        n = snprintf(left, sizeof left, "  -%c, --%s%s%s", o->letter, o->name, *value ? "=" : "", value);
    else
        n = snprintf(left, sizeof left, "      --%s%s%s", o->name, *value ? "=" : "", value);
    fputs(left, stdout);
    if (n > p->help_column - 2)
        printf("\n%*s", p->help_column, "");
    else
        printf("%*s", p->help_column - n, "");
    char text[CLI_HELP_TEXT + 256], help[CLI_HELP_TEXT];
    const char *def = o->note ? o->note : o->def;
    cli_help_text(o, help);
    snprintf(text, sizeof text, def ? "%s [default: %s]" : "%s", help, def);
    wrap(p, text, p->help_column, p->help_column);
}

static void options(const struct page *p, const struct cli_command *c)
{
    const struct cli_group *g, *last = NULL;
    const struct cli_option *o;
    for (size_t k = 0; (o = cli_option_at(c, k, &g)) != NULL; k++) {
        if (g != last) {
            char title[256];
            snprintf(title, sizeof title, "%s:", g->title);
            putchar('\n');
            wrap(p, title, 0, 2);
        }
        last = g;
        option_line(p, o);
    }
}

void cli_help_command(const struct cli_command *c)
{
    const struct page p = page_of_output();
    const char *line = c->synopsis;
    for (const char *lead = "Usage: edgel "; *line; lead = "       edgel ") {
        const size_t n = strcspn(line, "\n");
        char *text = cli_strndup(line, n);
        const int column = printf("%s%s ", lead, c->name);
        wrap(&p, text, column, column);
        free(text);
        line += n + (line[n] == '\n');
    }
    putchar('\n');
    char description[CLI_DESCRIPTION_TEXT];
    cli_description(c, description);
    wrap(&p, description, 0, 0);
    options(&p, c);
    if (c->examples && c->examples->text)
        puts("\nExamples:");
    for (const struct cli_example *e = c->examples; e && e->text; e++)
        printf("  # %s\n  %s\n", e->text, e->command);
    puts("\nExit status:");
    for (const struct cli_exit *e = c->exits; e && e->text; e++) {
        int n = printf("  %-4d ", e->code);
        wrap(&p, e->text, n, n);
    }
}

void cli_help_all(const struct cli_command *const *commands)
{
    const struct page p = page_of_output();
    puts("Usage: edgel COMMAND [OPTION]... [INPUT]...\n"
         "       edgel help COMMAND\n"
         "       edgel --version\n");
    wrap(&p, "Finds edges in folders of images and scores them against ground-truth masks.", 0, 0);
    puts("\nCommands:");
    for (const struct cli_command *const *c = commands; *c; c++) {
        const int n = printf("  %-10s ", (*c)->name);
        wrap(&p, (*c)->summary, n, n);
    }
    putchar('\n');
    wrap(
        &p,
        "EDGEL_CPU=LEVEL lowers the CPU level that 'edgel --version' names; NO_COLOR keeps escape sequences out of "
        "the progress bar.",
        0, 0);
}
