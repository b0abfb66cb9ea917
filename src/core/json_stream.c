/*
 * A document of JSON that is read element by element, from a file or from memory.
 *
 * A window of the file is in memory: it moves on from element to element, and grows only when one element does not fit,
 * up to ELEMENT_MAX. An element whose reading ends less than NEAR bytes before the end of the window may be cut there,
 * and is read again with more of the file; no token needs more than NEAR bytes behind the place where it is refused.
 * Where an element stood is handed out, so that it can be read again, by any number of threads.
 */
#include "core/core_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW = 1 << 17, ELEMENT_MAX = 1 << 23, NEAR = 16 };

/* --- the bytes of a document --- */

enum edgel_status edgel_document_open(const char *path, struct edgel_document *d, struct edgel_error *err)
{
    struct stat s;
    *d = (struct edgel_document){ .name = path,
                                  .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) };
    if (d->fd < 0 || fstat(d->fd, &s) != 0) {
        const int why = errno;
        edgel_document_close(d);
        return edgel_fail(err, EDGEL_EIO, "%s: cannot be read: %s", path, strerror(why));
    }
    if (!S_ISREG(s.st_mode)) {
        edgel_document_close(d);
        return edgel_fail(err, EDGEL_EIO, "%s: not a regular file", path);
    }
    d->size = (uint64_t)s.st_size;
    return EDGEL_OK;
}

void edgel_document_close(struct edgel_document *d)
{
    if (!d->text && d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

/* Reads n bytes at an offset, or as many as there are. */
static enum edgel_status read_at(const struct edgel_document *d, uint64_t at, char *to, size_t n, size_t *got,
                                 struct edgel_error *err)
{
    *got = 0;
    if (d->text) {
        *got = at < d->size ? (d->size - at < n ? (size_t)(d->size - at) : n) : 0;
        memcpy(to, d->text + (*got ? at : 0), *got);
        return EDGEL_OK;
    }
    while (*got < n) {
        const ssize_t k = pread(d->fd, to + *got, n - *got, (off_t)(at + *got));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return edgel_fail(err, EDGEL_EIO, "%s: cannot be read: %s", d->name, strerror(errno));
        if (k == 0)
            break;
        *got += (size_t)k;
    }
    return EDGEL_OK;
}

/* --- the window --- */

static enum edgel_status fail(struct edgel_json_stream *s, enum edgel_status status)
{
    s->failed = status;
    s->c.status = status;
    return status;
}

/* What lies before `to` in the window will not be seen again: its lines are counted for messages. */
static void pass_lines(struct edgel_json_stream *s, const char *to)
{
    for (const char *p = s->c.text; p < to; p++) {
        s->c.columns = *p == '\n' ? 0 : s->c.columns + 1;
        s->c.lines += *p == '\n';
    }
}

/* Moves the window to the cursor and fills it; false: nothing was added, which is the end of the document or a failure.
 * The window grows when the cursor stands at its beginning. */
static bool fill(struct edgel_json_stream *s)
{
    const size_t left = (size_t)(s->c.end - s->c.at);
    size_t got;
    if (s->ended || s->failed != EDGEL_OK)
        return false;
    if (left == s->cap && s->cap >= ELEMENT_MAX) {
        (void)fail(s, edgel_fail(s->err, EDGEL_ELIMIT, "%s: an element of more than %d bytes", s->d->name,
                                 ELEMENT_MAX));
        return false;
    }
    pass_lines(s, s->c.at);
    s->base += (uint64_t)(s->c.at - s->c.text);
    if (left > 0)
        memmove(s->window, s->c.at, left);
    if (left == s->cap) {
        const size_t cap = s->cap ? 2 * s->cap : WINDOW;
        char *bigger = edgel_realloc(s->window, left, cap, 1);
        if (!bigger) {
            (void)fail(s, edgel_no_memory(s->err, s->d->name));
            return false;
        }
        s->window = bigger;
        s->cap = cap;
    }
    const enum edgel_status st = read_at(s->d, s->base + left, s->window + left, s->cap - left, &got, s->err);
    s->ended = got < s->cap - left;
    s->c.text = s->c.at = s->window;
    s->c.end = s->window + left + got;
    if (st != EDGEL_OK)
        (void)fail(s, st);
    return st == EDGEL_OK && got > 0;
}

static void skip_space(struct edgel_json_stream *s)
{
    if (s->c.status != EDGEL_OK)
        return;
    do
        edgel_json_skip_space(&s->c);
    while (s->c.at == s->c.end && fill(s));
}

void edgel_json_stream_begin(struct edgel_json_stream *s, const struct edgel_document *d,
                             struct edgel_error *err)
{
    *s = (struct edgel_json_stream){ .d = d, .err = err };
    if (d->text) {
        s->c = (struct edgel_json_cursor){ .text = d->text, .at = d->text, .end = d->text + d->size };
        s->ended = true;
    }
}

void edgel_json_stream_finish(struct edgel_json_stream *s)
{
    edgel_free(s->window);
    edgel_json_block_finish(&s->b);
    *s = (struct edgel_json_stream){ 0 };
}

/* --- elements --- */

bool edgel_json_stream_char(struct edgel_json_stream *s, char which)
{
    if (s->c.status != EDGEL_OK)
        return false;
    skip_space(s);
    return edgel_json_take_char(&s->c, which);
}

const struct edgel_json *edgel_json_stream_take(struct edgel_json_stream *s, struct edgel_json_place *place)
{
    const struct edgel_json *v;
    skip_space(s);
    for (;;) {
        const size_t from = (size_t)(s->c.at - s->c.text);
        v = edgel_json_take(&s->c, &s->b);
        *place = (struct edgel_json_place){ s->base + from, (size_t)(s->c.at - s->c.text) - from };
        if (s->ended || s->c.end - s->c.at > NEAR || s->c.status == EDGEL_ENOMEM || s->failed != EDGEL_OK)
            return v;
        s->c.at = s->c.text + from;
        s->c.status = EDGEL_OK;
        (void)fill(s);
    }
}

const char *edgel_json_stream_key(struct edgel_json_stream *s)
{
    struct edgel_json_place place;
    skip_space(s);
    if (s->c.at == s->c.end || *s->c.at != '"')
        return (void)edgel_json_refuse(&s->c, "a member without a key"), NULL;
    const char *key = edgel_json_string(edgel_json_stream_take(s, &place));
    if (key && !edgel_json_stream_char(s, ':'))
        return (void)edgel_json_refuse(&s->c, "a key without a colon"), NULL;
    return key;
}

bool edgel_json_stream_more(struct edgel_json_stream *s, char end)
{
    if (edgel_json_stream_char(s, ','))
        return true;
    if (!edgel_json_stream_char(s, end))
        (void)edgel_json_refuse(&s->c,
                                end == '}' ? "no comma or end of an object" : "no comma or end of an array");
    return false;
}

enum edgel_status edgel_json_stream_end(struct edgel_json_stream *s)
{
    skip_space(s);
    if (s->c.status == EDGEL_OK && s->c.at < s->c.end)
        (void)edgel_json_refuse(&s->c, "text after the value");
    return edgel_json_stream_status(s);
}

enum edgel_status edgel_json_stream_status(const struct edgel_json_stream *s)
{
    return s->failed != EDGEL_OK ? s->failed : edgel_json_cursor_status(&s->c, s->d->name, s->err);
}

/* --- again --- */

enum edgel_status edgel_json_again(const struct edgel_document *d, struct edgel_json_place place,
                                   struct edgel_json_scratch *s, const struct edgel_json **out,
                                   struct edgel_error *err)
{
    const char *text = d->text ? d->text + place.at : NULL;
    *out = NULL;
    if (!text) {
        size_t got;
        if (place.n > s->cap) {
            edgel_free(s->text);
            s->cap = place.n + place.n / 2;
            if (!(s->text = edgel_alloc(s->cap, 1))) {
                s->cap = 0;
                return edgel_no_memory(err, d->name);
            }
        }
        EDGEL_TRY(read_at(d, place.at, s->text, place.n, &got, err));
        if (got < place.n)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: was changed while it was read", d->name);
        text = s->text;
    }
    struct edgel_json_cursor c = { .text = text, .at = text, .end = text + place.n };
    *out = edgel_json_take(&c, &s->b);
    if (c.status == EDGEL_ENOMEM)
        return edgel_no_memory(err, d->name);
    return *out && c.at == c.end
               ? EDGEL_OK
               : edgel_fail(err, EDGEL_EFORMAT, "%s: was changed while it was read", d->name);
}

void edgel_json_scratch_finish(struct edgel_json_scratch *s)
{
    edgel_free(s->text);
    edgel_json_block_finish(&s->b);
    *s = (struct edgel_json_scratch){ 0 };
}
