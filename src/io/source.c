/* The bytes of a file that is in memory, or of which only a window is. */
#include "io/io_priv.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Reads n bytes, fewer only at the end of the file. */
static size_t read_at(const struct edgel_source *src, uint64_t at, unsigned char *to, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t k = pread(src->window->fd, to + done, n - done, (off_t)(at + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0) {
            (void)edgel_fail_system(src->err, src->name, "cannot read", errno);
            src->window->failed = true;
        }
        if (k <= 0)
            break;
        done += (size_t)k;
    }
    return done;
}

const unsigned char *edgel_source_at(const struct edgel_source *src, uint64_t at, size_t n)
{
    struct edgel_window *w = src->window;
    if (at > src->size || n > src->size - at)
        return NULL;
    if (!w)
        return src->bytes + at;
    if (at < w->at || at - w->at > w->n || n > w->n - (size_t)(at - w->at)) {
        w->n = read_at(src, at, w->bytes, EDGEL_WINDOW);
        w->at = at;
    }
    return n <= w->n - (size_t)(at - w->at) ? w->bytes + (at - w->at) : NULL;
}

bool edgel_source_copy(const struct edgel_source *src, uint64_t at, void *to, size_t n)
{
    if (at > src->size || n > src->size - at)
        return false;
    if (src->window && n > EDGEL_WINDOW / 4)
        return read_at(src, at, to, n) == n;
    const unsigned char *from = edgel_source_at(src, at, n);
    if (from)
        memcpy(to, from, n);
    return from != NULL;
}
