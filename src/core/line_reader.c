/* Text files line by line: class lists, colour lists, counts, logs. A line has an upper length, so that a file without
 * line ends costs no more memory than that. */
#include "core/core_priv.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct edgel_lines {
    FILE *f;
    char *name;
    size_t max_bytes;
    unsigned long number;
    struct edgel_text line, where;
};

enum edgel_status edgel_lines_open(const char *path, size_t max_bytes, struct edgel_lines **out,
                                   struct edgel_error *err)
{
    *out = NULL;
    struct edgel_lines *l = edgel_calloc(1, sizeof *l);
    char *name = edgel_strdup(strcmp(path, "-") == 0 ? "standard input" : path);
    struct edgel_text where = { 0 };
    enum edgel_status st = EDGEL_OK;
    if (name)
        edgel_text_printf(&where, "%s:%lu", name, ULONG_MAX); /* room for every later one */
    if (!l || !name || where.failed) {
        st = edgel_no_memory(err, path);
        goto fail;
    }
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!f) {
        st = edgel_fail(err, EDGEL_EIO, "%s: %s", path, strerror(errno));
        goto fail;
    }
    *l = (struct edgel_lines){ .f = f, .name = name, .max_bytes = max_bytes, .where = where };
    *out = l;
    return EDGEL_OK;
fail:
    edgel_text_finish(&where);
    edgel_free(name);
    edgel_free(l);
    return st;
}

/* Reads up to and with the line end into l->line, by pieces so that a line over the limit is not kept whole. */
static enum edgel_status fill(struct edgel_lines *l, bool *ended, struct edgel_error *err)
{
    char buf[4096];
    int c = 0;
    *ended = false;
    while (!*ended && c != EOF) {
        size_t n = 0;
        while (n < sizeof buf && !*ended && (c = getc(l->f)) != EOF) {
            *ended = c == '\n';
            buf[n++] = (char)c;
        }
        if (c == EOF && ferror(l->f))
            return edgel_fail(err, EDGEL_EIO, "%s: %s", l->name, strerror(errno));
        edgel_text_add(&l->line, buf, n);
        if (l->line.failed)
            return edgel_no_memory(err, l->name);
        if (l->line.len - *ended > l->max_bytes)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: a line is longer than %zu bytes", edgel_lines_where(l),
                              l->max_bytes);
    }
    return EDGEL_OK;
}

enum edgel_status edgel_lines_next(struct edgel_lines *l, char **line, size_t *n, bool *ended,
                                   struct edgel_error *err)
{
    bool end;
    *line = NULL;
    *n = 0;
    l->number++;
    edgel_text_clear(&l->line);
    EDGEL_TRY(fill(l, &end, err));
    if (ended)
        *ended = end;
    size_t len = l->line.len;
    if (len == 0)
        return EDGEL_OK;
    len -= end;
    len -= len > 0 && l->line.s[len - 1] == '\r';
    l->line.s[len] = '\0';
    *line = l->line.s;
    *n = len;
    return EDGEL_OK;
}

const char *edgel_lines_where(struct edgel_lines *l)
{
    edgel_text_clear(&l->where);
    edgel_text_printf(&l->where, "%s:%lu", l->name, l->number);
    return l->where.s;
}

void edgel_lines_close(struct edgel_lines **l)
{
    if (!*l)
        return;
    if ((*l)->f && (*l)->f != stdin)
        fclose((*l)->f); /* read only: nothing can be lost */
    edgel_text_finish(&(*l)->line);
    edgel_text_finish(&(*l)->where);
    edgel_free((*l)->name);
    edgel_free(*l);
    *l = NULL;
}
