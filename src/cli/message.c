/* Memory, and standard error: messages, and the progress bar, which is cleared before a message is written. */
#include "cli/cli.h"
#include "edgel/image.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool bar_visible;

void cli_out_of_memory(void)
{
    fputs("edgel: out of memory\n", stderr);
    edgel_outputs_abandon();
    exit(CLI_EXIT_FAILED);
}

void *cli_alloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        cli_out_of_memory();
    return p;
}

char *cli_strndup(const char *s, size_t n)
{
    char *copy = cli_alloc(n + 1, 1);
    memcpy(copy, s, n);
    return copy;
}

void *cli_realloc(void *p, size_t n, size_t size)
{
    void *q = size && n > SIZE_MAX / size ? NULL : realloc(p, n * size);
    if (!q)
        cli_out_of_memory();
    return q;
}

void cli_list_add(struct cli_list *list, const char *s)
{
    list->v = cli_realloc(list->v, list->n + 1, sizeof *list->v);
    list->v[list->n++] = s;
}

enum { CALLED = 2, MORE = 64 /* bytes that the names of two paths may add */ };
static struct {
    const char *path, *as;
} called[CALLED];

void cli_call_path(const char *path, const char *as)
{
    static int next;
    called[next].path = path;
    called[next].as = as;
    next = (next + 1) % CALLED;
}

/* Puts the other names of paths into a text of size bytes. */
static void call(char *text, size_t size)
{
    for (int i = 0; i < CALLED && called[i].path; i++) {
        const size_t n = strlen(called[i].path), m = strlen(called[i].as);
        for (char *at = text; (at = strstr(at, called[i].path)) != NULL; at += m) {
            if (strlen(text) - n + m >= size)
                return;
            memmove(at + m, at + n, strlen(at + n) + 1);
            memcpy(at, called[i].as, m);
        }
    }
}

/* The text with control characters written as \n or \x1b: a file name must not look like another one, or move the
 * cursor of a terminal. To be freed. */
EDGEL_PRINTF(1, 0) static char *visible(const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    const int length = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    const size_t n = length > 0 ? (size_t)length : 0;
    char *text = cli_alloc(n + MORE, 1);
    vsnprintf(text, n + 1, fmt, ap);
    call(text, n + MORE);
    char *out = cli_alloc(strlen(text) + 1, 4), *end = out;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            end += sprintf(end, "\\%c", *p == '\n' ? 'n' : *p == '\r' ? 'r' : 't');
        else if (*p < 0x20 || *p == 0x7F)
            end += sprintf(end, "\\x%02x", *p);
        else
            *end++ = (char)*p;
    free(text);
    return out;
}

int cli_usage(const struct cli_command *command, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *space = command ? " " : "", *name = command ? command->name : "";
    char *text = visible(fmt, ap);
    va_end(ap);
    fprintf(stderr, "edgel%s%s: %s\nSee 'edgel%s%s --help'.\n", space, name, text, space, name);
    free(text);
    return CLI_EXIT_USAGE;
}

int cli_terminal_columns(int fd)
{
    struct winsize w;
    return ioctl(fd, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

int cli_bar_columns(void)
{
    const int n = cli_terminal_columns(STDERR_FILENO);
    return n > 10 ? n - 1 : 79; /* the last column would wrap on some terminals */
}

/* NO_COLOR asks for plain text. The bar has no colour in any case; its line is then cleared with spaces instead of an
 * escape sequence. */
static bool plain(void)
{
    const char *no_color = getenv("NO_COLOR");
    return no_color && *no_color;
}

void cli_bar_clear(void)
{
    if (!bar_visible)
        return;
    if (plain())
        fprintf(stderr, "\r%*s\r", cli_bar_columns(), "");
    else
        fputs("\r\033[K", stderr);
    bar_visible = false;
}

void cli_bar_show(const char *line)
{
    fprintf(stderr, plain() ? "\r%s" : "\r\033[K%s", line);
    fflush(stderr);
    bar_visible = true;
}

static atomic_bool reader_gone;

bool cli_reader_gone(void)
{
    return atomic_load(&reader_gone);
}

/* Whether a text tells of a failed write to standard output, which nobody reads any more. */
static bool tells_of_pipe(const char *text)
{
    struct pollfd out = { .fd = STDOUT_FILENO };
    return strstr(text, strerror(EPIPE)) && poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

void cli_message(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = visible(fmt, ap);
    va_end(ap);
    cli_bar_clear();
    if (!cli_reader_gone() && tells_of_pipe(text))
        atomic_store(&reader_gone, true);
    if (!cli_reader_gone())
        fprintf(stderr, "edgel: %s\n", text);
    free(text);
}

int cli_output_columns(void)
{
    const char *columns = getenv("COLUMNS");
    int64_t n = 0;
    if (!isatty(STDOUT_FILENO))
        return 0;
    if (!columns || edgel_parse_int("COLUMNS", columns, 1, 1 << 20, &n, NULL) != EDGEL_OK)
        n = cli_terminal_columns(STDOUT_FILENO);
    return (int)n;
}

void cli_tell_unhashed(const char *path, bool unhashed)
{
    if (unhashed)
        cli_message("%s: has no hash of its contents: a changed bit in it would not be seen", path);
}
