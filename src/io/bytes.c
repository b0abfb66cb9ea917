/* Whole files into memory. Only regular files are read: a pipe or a device named by mistake must not hang a run. The
 * bytes are copied, because a mapped file that is truncated meanwhile would kill the process. */
#include "io/io_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum edgel_status edgel_fail_system(struct edgel_error *err, const char *path, const char *what,
                                    int errno_value)
{
    char reason[128];
    path = *path ? path : "''";
    if (errno_value == ENOMEM)
        return edgel_no_memory(err, path);
    if (strerror_r(errno_value, reason, sizeof reason) != 0)
        return edgel_fail(err, EDGEL_EIO, "%s: %s: error %d", path, what, errno_value);
    return edgel_fail(err, EDGEL_EIO, "%s: %s: %s", path, what, reason);
}

bool edgel_bytes_reserve(struct edgel_bytes *b, size_t capacity)
{
    if (capacity <= b->capacity)
        return true;
    unsigned char *p = edgel_realloc(b->data, b->size, capacity, 1);
    if (!p)
        return false;
    b->data = p;
    b->capacity = capacity;
    return true;
}

/* Asks for one byte more than the size of the file: the end is found without growing, and a file that grows is read to
 * its end, or to one byte more than `most`. */
enum edgel_status edgel_bytes_take(int fd, const char *path, uint64_t expected, uint64_t most,
                                   struct edgel_bytes *b, struct edgel_error *err)
{
    uint64_t want = expected + 1;
    b->size = 0;
    for (;;) {
        if (want > SIZE_MAX / 2 || !edgel_bytes_reserve(b, (size_t)want))
            return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory for %llu bytes", path,
                              (unsigned long long)want);
        ssize_t n = read(fd, b->data + b->size, b->capacity - b->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return edgel_fail_system(err, path, "cannot read", errno);
        b->size += n > 0 ? (size_t)n : 0;
        if (n == 0 || b->size > most)
            return EDGEL_OK;
        if (b->size == b->capacity)
            want = (uint64_t)b->capacity + b->capacity / 2;
    }
}

enum edgel_status edgel_file_open(const char *path, int *fd, size_t *size, struct edgel_error *err)
{
    struct stat s;
    enum edgel_status st = EDGEL_OK;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return edgel_fail_system(err, path, "cannot open", errno);
    if (fstat(*fd, &s) != 0)
        st = edgel_fail_system(err, path, "cannot read", errno);
    else if (S_ISDIR(s.st_mode))
        st = edgel_fail(err, EDGEL_EIO, "%s: is a folder, not a file", path);
    else if (!S_ISREG(s.st_mode))
        st = edgel_fail(err, EDGEL_EIO, "%s: not a regular file", path);
    else
        *size = (size_t)s.st_size;
    if (st != EDGEL_OK)
        edgel_file_close(*fd);
    return st;
}

enum edgel_status edgel_file_at(int fd, const char *path, uint64_t at, void *to, size_t n,
                                struct edgel_error *err)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t k = pread(fd, (char *)to + done, n - done, (off_t)(at + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return edgel_fail_system(err, path, "cannot read", errno);
        if (k == 0)
            break;
        done += (size_t)k;
    }
    return EDGEL_OK;
}

void edgel_file_close(int fd)
{
    close(fd); /* the result does not matter: nothing was written */
}

enum edgel_status edgel_bytes_read(const char *path, struct edgel_bytes *bytes, struct edgel_error *err)
{
    int fd = -1;
    size_t size = 0;
    EDGEL_REQUIRE(path);
    EDGEL_REQUIRE(bytes);
    EDGEL_TRY(edgel_file_open(path, &fd, &size, err));
    enum edgel_status st = edgel_bytes_take(fd, path, size, UINT64_MAX, bytes, err);
    edgel_file_close(fd);
    return st;
}

void edgel_bytes_finish(struct edgel_bytes *bytes)
{
    if (!bytes)
        return;
    edgel_free(bytes->data);
    *bytes = (struct edgel_bytes){ 0 };
}
