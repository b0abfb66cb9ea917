/*
 * The journal, read. Lines:
 *
 *   {"schema":"edgel.journal/1","finished":false,"settings":{"NAME":"VALUE",...}}
 *   run PID-TAG                              a process began to write; its temporary files are ".edgel-PID-TAG-*.tmp"
 *   done HASH SIZE SECONDS.NANOSECONDS       an image: all of its outputs have their names
 *
 * When the run has ended, the file is written anew: "finished":true, and the lines of images in the order of their
 * hashes, so that equal runs leave equal files.
 *
 * A process may be killed, or the machine stop, at any moment. An incomplete last line is ignored, and so is a line of
 * another form; at worst an image is done again. Bytes that did not reach the disk before the power failed read as NUL.
 * A first line with such bytes is older than all outputs that are durable, so the record counts as empty.
 */
#include "batch/journal_priv.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 24 };

struct reader {
    struct edgel_journal *j;
    const struct edgel_journal_params *params;
    size_t number; /* of the line */
    bool torn;     /* the first line is not whole */
    bool others;   /* a finished run with other settings */
};

static enum edgel_status check_setting(const struct reader *r, const struct edgel_json *had,
                                       const struct edgel_setting *s, struct edgel_error *err)
{
    const struct edgel_json *v = edgel_json_get(had, s->name);
    char *value = edgel_json_strdup(v);
    enum edgel_status st = EDGEL_OK;
    if (!value && edgel_json_is_string(v))
        return edgel_no_memory(err, r->j->path);
    if (!value || strcmp(value, s->value) != 0)
        st = edgel_fail(err, EDGEL_EINVAL, "%s: the interrupted run had %s %.150s, this one has %.150s",
                        r->j->path, s->name, value ? value : "(none)", s->value);
    edgel_free(value);
    return st;
}

static enum edgel_status take_header(struct reader *r, const char *line, size_t n, struct edgel_error *err)
{
    struct edgel_json *doc;
    struct edgel_error why = { 0 };
    EDGEL_TRY(edgel_json_parse(line, n, r->j->path, &doc, err));
    const struct edgel_json *v = edgel_json_get(doc, "schema");
    char *schema = edgel_json_strdup(v);
    enum edgel_status st = EDGEL_OK;
    if (!schema && edgel_json_is_string(v))
        st = edgel_no_memory(err, r->j->path);
    else if (!schema || strcmp(schema, "edgel.journal/1") != 0)
        st = edgel_fail(err, EDGEL_EFORMAT, "%s: is no journal of this version", r->j->path);
    for (size_t i = 0; i < r->params->nsettings && st == EDGEL_OK; i++)
        st = check_setting(r, edgel_json_get(doc, "settings"), &r->params->settings[i], &why);
    r->j->finished = edgel_json_bool(edgel_json_get(doc, "finished"), &r->j->finished) && r->j->finished;
    r->others = r->j->finished && why.code == EDGEL_EINVAL;
    if (why.code != EDGEL_OK)
        st = r->others ? EDGEL_OK : edgel_fail(err, why.code, "%s", why.msg);
    edgel_free(schema);
    edgel_json_finish(doc);
    return st;
}

static enum edgel_status take_run(const struct reader *r, const struct edgel_journal_run *run,
                                  struct edgel_error *err)
{
    struct edgel_journal *j = r->j;
    struct edgel_journal_run *runs =
        edgel_realloc(j->runs, j->nruns * sizeof *runs, j->nruns + 1, sizeof *runs);
    if (!runs)
        return edgel_no_memory(err, r->j->path);
    j->runs = runs;
    j->runs[j->nruns++] = *run;
    return EDGEL_OK;
}

static enum edgel_status take_mark(const struct reader *r, const struct edgel_mark *mark,
                                   struct edgel_error *err)
{
    struct edgel_journal *j = r->j;
    if (j->count == j->cap) {
        size_t cap = j->cap + j->cap / 2 + 64;
        struct edgel_mark *marks = edgel_realloc(j->marks, j->count * sizeof *marks, cap, sizeof *marks);
        if (!marks)
            return edgel_no_memory(err, r->j->path);
        j->marks = marks;
        j->cap = cap;
    }
    j->marks[j->count++] = *mark;
    return EDGEL_OK;
}

static enum edgel_status take_line(struct reader *r, const char *line, size_t n, struct edgel_error *err)
{
    struct edgel_journal_run run;
    struct edgel_mark m;
    int end = 0;
    const bool whole = strlen(line) == n, first = r->number++ == 0;
    r->torn = r->torn || (first && !whole);
    if (!whole || r->torn || r->others)
        return EDGEL_OK;
    if (first)
        return take_header(r, line, n, err);
    if (sscanf(line, "run %lu-%lx%n", &run.pid, &run.tag, &end) == 2 && (size_t)end == n)
        return take_run(r, &run, err);
    if (sscanf(line, "done %" SCNx64 " %" SCNu64 " %" SCNd64 ".%9" SCNd64 "%n", &m.hash, &m.size_bytes,
               &m.seconds, &m.nanoseconds, &end) == 4 &&
        (size_t)end == n)
        return take_mark(r, &m, err);
    return EDGEL_OK;
}

static enum edgel_status take_lines(struct reader *r, struct edgel_text *text, struct edgel_error *err)
{
    size_t from = 0;
    char *end;
    while (from < text->len && (end = memchr(text->s + from, '\n', text->len - from))) {
        size_t n = (size_t)(end - text->s) - from;
        *end = '\0';
        EDGEL_TRY(take_line(r, text->s + from, n, err));
        r->j->whole_bytes += n + 1;
        from += n + 1;
    }
    memmove(text->s, text->s + from, text->len - from);
    text->len -= from;
    if (text->len > LINE_MAX_BYTES)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: is no journal", r->j->path);
    return EDGEL_OK;
}

static int by_hash(const void *a, const void *b)
{
    const struct edgel_mark *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

enum edgel_status edgel_journal_read(struct edgel_journal *j, const struct edgel_journal_params *params,
                                     bool *empty, struct edgel_error *err)
{
    struct reader r = { .j = j, .params = params };
    struct edgel_text text = { 0 }; /* a line that goes on in the next block stays in it */
    enum edgel_status st = EDGEL_OK;
    char block[1 << 16];
    struct stat held;
    off_t at = 0;
    ssize_t n = 1;
    if (fstat(j->fd, &held) == 0)
        j->written = held.st_mtim;
    while (st == EDGEL_OK && n != 0) {
        n = pread(j->fd, block, sizeof block, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            st = edgel_fail(err, EDGEL_EIO, "%s: cannot be read: %s", j->path, strerror(errno));
        if (n <= 0)
            break;
        at += n;
        edgel_text_add(&text, block, (size_t)n);
        st = text.failed ? edgel_no_memory(err, j->path) : take_lines(&r, &text, err);
    }
    edgel_text_finish(&text);
    *empty = r.number == 0 || r.torn || r.others;
    return st;
}

void edgel_journal_sort(struct edgel_journal *j)
{
    if (j->count > 0)
        qsort(j->marks, j->count, sizeof *j->marks, by_hash);
}

static int by_hash_and_place(const void *a, const void *b)
{
    const struct edgel_mark *x = *(const struct edgel_mark *const *)a,
                            *y = *(const struct edgel_mark *const *)b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x < y ? -1 : x > y;
}

enum edgel_status edgel_journal_last_marks(const struct edgel_journal *j, const struct edgel_mark ***out,
                                           size_t *n, struct edgel_error *err)
{
    const struct edgel_mark **at = edgel_calloc(j->count + 1, sizeof *at);
    *out = at;
    *n = 0;
    if (!at)
        return edgel_no_memory(err, j->path);
    for (size_t k = 0; k < j->count; k++)
        at[k] = &j->marks[k];
    qsort(at, j->count, sizeof *at, by_hash_and_place);
    for (size_t k = 0; k < j->count; k++)
        if (k + 1 == j->count || at[k]->hash != at[k + 1]->hash)
            at[(*n)++] = at[k];
    return EDGEL_OK;
}
