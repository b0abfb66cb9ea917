/*
 * Storage for many strings, laid end to end in large blocks. A folder of a million files costs the bytes of its paths
 * and one struct edgel_input each; rel points into the path.
 */
#include "batch/batch_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct edgel_strings_block {
    struct edgel_strings_block *next;
    size_t size, used;
    char bytes[];
};

enum { BLOCK_BYTES = 1 << 15 };

char *edgel_strings_add(struct edgel_strings *s, const char *a, size_t na, const char *b, size_t nb)
{
    if (nb >= SIZE_MAX / 2 || na >= SIZE_MAX / 2 - nb - 1)
        return NULL;
    size_t need = na + nb + 1;
    if (!s->head || s->head->size - s->head->used < need) {
        size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
        struct edgel_strings_block *block = edgel_alloc(1, sizeof *block + size);
        if (!block)
            return NULL;
        block->next = s->head;
        block->size = size;
        block->used = 0;
        s->head = block;
    }
    char *p = s->head->bytes + s->head->used;
    s->head->used += need;
    if (na)
        memcpy(p, a, na);
    if (nb)
        memcpy(p + na, b, nb);
    p[na + nb] = '\0';
    return p;
}

void edgel_strings_drop(struct edgel_strings *s, const char *last)
{
    s->head->used = (size_t)(last - s->head->bytes);
}

void edgel_strings_finish(struct edgel_strings *s)
{
    while (s->head) {
        struct edgel_strings_block *next = s->head->next;
        edgel_free(s->head);
        s->head = next;
    }
}

size_t edgel_path_trim(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n;
}

size_t edgel_path_base(const char *path)
{
    size_t n = edgel_path_trim(path);
    while (n > 0 && path[n - 1] != '/')
        n--;
    return n;
}

size_t edgel_path_bare(const char *path, size_t n)
{
    for (size_t k = n; k > 1 && path[k - 1] != '/'; k--)
        if (path[k - 1] == '.' && path[k - 2] != '/')
            return k - 1;
    return n;
}

/* --- lists --- */

enum { RECORD_MAX_BYTES = 1 << 20 }; /* many names of the longest kind; a device that never ends is told */
enum { EMPTY_MAX = 1 << 16 };        /* a sparse file holds nothing else */

struct reader {
    const char *path;
    char separator;
    enum edgel_status (*fn)(void *user, char *line, size_t n, size_t number, struct edgel_error *err);
    void *user;
    struct edgel_text line; /* a record that goes on in the next block */
    size_t number, empty;   /* records; empty ones, one after the other */
};

static enum edgel_status hand_over(struct reader *r, struct edgel_error *err)
{
    r->number++;
    if (r->separator == '\n' && r->line.len > 0 && r->line.s[r->line.len - 1] == '\r')
        r->line.s[--r->line.len] = '\0'; /* of a list that was written elsewhere */
    if (r->line.failed)
        return edgel_fail(err, EDGEL_ENOMEM, "%s, line %zu: out of memory", r->path, r->number);
    r->empty = r->line.len == 0 ? r->empty + 1 : 0;
    if (r->empty > EMPTY_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "%s, line %zu: more than %d empty names, one after the other",
                          r->path, r->number, EMPTY_MAX);
    if (r->line.len == 0)
        return EDGEL_OK;
    if (memchr(r->line.s, '\0', r->line.len))
        return edgel_fail(err, EDGEL_EINVAL, "%s, line %zu: holds a NUL byte, which no name can", r->path,
                          r->number);
    EDGEL_TRY(r->fn(r->user, r->line.s, r->line.len, r->number, err));
    edgel_text_clear(&r->line);
    return EDGEL_OK;
}

static enum edgel_status take_block(struct reader *r, const char *bytes, size_t n, struct edgel_error *err)
{
    while (n > 0) {
        const char *end = memchr(bytes, r->separator, n);
        size_t part = end ? (size_t)(end - bytes) : n;
        if (part > RECORD_MAX_BYTES - r->line.len)
            return edgel_fail(err, EDGEL_EINVAL, "%s, line %zu: longer than %d bytes", r->path, r->number + 1,
                              RECORD_MAX_BYTES);
        edgel_text_add(&r->line, bytes, part);
        if (!end)
            return EDGEL_OK;
        EDGEL_TRY(hand_over(r, err));
        bytes += part + 1;
        n -= part + 1;
    }
    return EDGEL_OK;
}

enum edgel_status edgel_lines_read(const char *path, char separator,
                                   enum edgel_status (*fn)(void *user, char *line, size_t n, size_t number,
                                                           struct edgel_error *err),
                                   void *user, struct edgel_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return edgel_fail(err, EDGEL_EIO, "%s: cannot be opened: %s", path, strerror(errno));
    struct reader r = {
        .path = standard ? "standard input" : path, .separator = separator, .fn = fn, .user = user
    };
    enum edgel_status s = EDGEL_OK;
    char block[8192];
    ssize_t n = 1;
    while (s == EDGEL_OK && n != 0) {
        n = read(fd, block, sizeof block);
        if (n > 0)
            s = take_block(&r, block, (size_t)n, err);
        else if (n < 0 && errno != EINTR)
            s = edgel_fail(err, EDGEL_EIO, "%s: cannot be read: %s", r.path, strerror(errno));
    }
    if (s == EDGEL_OK && (r.line.len > 0 || r.line.failed)) /* the last record may lack its separator */
        s = hand_over(&r, err);
    edgel_text_finish(&r.line);
    if (!standard)
        close(fd);
    return s;
}
