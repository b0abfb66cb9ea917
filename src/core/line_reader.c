/* Text files line by line: class lists, colour lists, counts, logs. The length of a line is limited, and with it the
 * memory for a file without line ends. A NUL byte ends the reading at once: a sparse file holds nothing else. */
#include "core/core_priv.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct edgel_lines {
    FILE *f;           /* NULL: bytes */
    const char *bytes; /* what is left of them */
    size_t nbytes;
    char *name;
    size_t max_bytes;
    unsigned long number;
    struct edgel_text line, where;
};

static enum edgel_status create(const char *name, size_t max_bytes, struct edgel_lines **out,
                                struct edgel_error *err)
{
    struct edgel_lines *l = edgel_calloc(1, sizeof *l);
    *out = l;
    if (l) {
        l->name = edgel_strdup(name);
        l->max_bytes = max_bytes;
        if (l->name)
            edgel_text_printf(&l->where, "%s:%lu", name, ULONG_MAX); /* room for every later one */
        if (l->name && !l->where.failed)
            return EDGEL_OK;
    }
    edgel_lines_close(out);
    return edgel_no_memory(err, name);
}

enum edgel_status edgel_lines_open(const char *path, size_t max_bytes, struct edgel_lines **out,
                                   struct edgel_error *err)
{
    const bool standard = strcmp(path, "-") == 0;
    EDGEL_TRY(create(standard ? "standard input" : path, max_bytes, out, err));
    (*out)->f = standard ? stdin : fopen(path, "rb");
    if ((*out)->f)
        return EDGEL_OK;
    enum edgel_status st = edgel_fail(err, EDGEL_EIO, "%s: %s", path, strerror(errno));
    edgel_lines_close(out);
    return st;
}

enum edgel_status edgel_lines_of(const void *bytes, size_t n, const char *name, size_t max_bytes,
                                 struct edgel_lines **out, struct edgel_error *err)
{
    EDGEL_TRY(create(name, max_bytes, out, err));
    (*out)->bytes = bytes;
    (*out)->nbytes = n;
    return EDGEL_OK;
}

static int next_byte(struct edgel_lines *l)
{
    if (l->f)
        return getc(l->f);
    if (l->nbytes == 0)
        return EOF;
    l->nbytes--;
    return (unsigned char)*l->bytes++;
}

/* Reads up to the line end, which it includes, into l->line; in pieces, so that a line over the limit is not kept
 * whole. */
static enum edgel_status fill(struct edgel_lines *l, bool *ended, struct edgel_error *err)
{
    char buf[4096];
    int c = 0;
    *ended = false;
    while (!*ended && c != EOF) {
        size_t n = 0;
        while (n < sizeof buf && !*ended && (c = next_byte(l)) != EOF) {
            *ended = c == '\n';
            buf[n++] = (char)c;
        }
        if (c == EOF && l->f && ferror(l->f)) {
            if (errno != EINTR)
                return edgel_fail(err, EDGEL_EIO, "%s: %s", l->name, strerror(errno));
            clearerr(l->f);
            c = 0;
        }
        if (memchr(buf, '\0', n))
            return edgel_fail(err, EDGEL_EFORMAT, "%s: holds a NUL byte, which no text does",
                              edgel_lines_where(l));
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
        fclose((*l)->f); /* opened for reading: nothing can be lost */
    edgel_text_finish(&(*l)->line);
    edgel_text_finish(&(*l)->where);
    edgel_free((*l)->name);
    edgel_free(*l);
    *l = NULL;
}
