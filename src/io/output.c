/* Files that appear whole or not at all. The bytes go to a new file ".edgel-PID-TAG-N.tmp" in the folder of the final
 * name, whose length does not grow with that name; commit writes the rest, closes, and renames. A name that is a
 * symbolic link means the file it points to; what is no regular file (a device, a pipe) is written directly, since
 * renaming over it would destroy it. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "io/io_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 16 };

struct edgel_output {
    int fd;
    bool failed;
    bool close_fd;
    char *name;  /* for messages */
    char *final; /* what the temporary file becomes; NULL when there is none */
    char *temp;
    size_t used;
    unsigned char buffer[BUFFER];
};

static void destroy(struct edgel_output *o)
{
    edgel_free(o->name);
    edgel_free(o->final);
    edgel_free(o->temp);
    edgel_free(o);
}

/* Makes the folders above path. path is put back as it was. */
static enum edgel_status make_folders(char *path, struct edgel_error *err)
{
    struct stat s;
    char *last = strrchr(path, '/');
    if (!last || last == path)
        return EDGEL_OK;
    *last = '\0';
    bool there = stat(path, &s) == 0;
    *last = '/';
    for (char *p = strchr(path + 1, '/'); !there && p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            enum edgel_status st = edgel_fail_system(err, path, "cannot make the folder", errno);
            *p = '/';
            return st;
        }
        *p = '/';
    }
    return EDGEL_OK;
}

uint32_t edgel_output_tag(void)
{
    static _Atomic uint32_t tag;
    uint32_t found = atomic_load(&tag);
    if (found != 0)
        return found;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    uint32_t mine = (uint32_t)t.tv_nsec * 2654435761u ^ (uint32_t)t.tv_sec ^ (uint32_t)getpid() << 16;
    mine |= mine == 0;
    return atomic_compare_exchange_strong(&tag, &found, mine) ? mine : found;
}

/* The folder of o->final with a name of our own; numbers are never used twice by one process. */
static char *temp_name(const char *final)
{
    static atomic_uint number;
    const char *slash = strrchr(final, '/');
    size_t folder = slash ? (size_t)(slash + 1 - final) : 0, size = folder + 64;
    char *t = edgel_alloc(size, 1);
    if (!t)
        return NULL;
    memcpy(t, final, folder);
    snprintf(t + folder, size - folder, ".edgel-%lu-%08lx-%u.tmp", (unsigned long)getpid(),
             (unsigned long)edgel_output_tag(), atomic_fetch_add(&number, 1));
    return t;
}

/* Names that exist were left by a killed process with the same number, so the next one is tried. */
static enum edgel_status open_temp(struct edgel_output *o, struct edgel_error *err)
{
    for (int attempt = 0; attempt < 1000; attempt++) {
        edgel_free(o->temp);
        o->temp = temp_name(o->final);
        if (!o->temp)
            return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", o->name);
        o->fd = open(o->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (o->fd >= 0)
            return EDGEL_OK;
        if (errno != EEXIST)
            break;
    }
    return edgel_fail_system(err, o->name, "cannot create", errno);
}

static enum edgel_status open_directly(struct edgel_output *o, struct edgel_error *err)
{
    o->fd = open(o->name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return o->fd >= 0 ? EDGEL_OK : edgel_fail_system(err, o->name, "cannot open", errno);
}

static enum edgel_status open_path(struct edgel_output *o, struct edgel_error *err)
{
    struct stat s;
    size_t n = strlen(o->name);
    if (n == 0 || o->name[n - 1] == '/')
        return edgel_fail(err, EDGEL_EIO, "'%s': names no file", o->name);
    bool there = stat(o->name, &s) == 0;
    if (there && S_ISDIR(s.st_mode))
        return edgel_fail(err, EDGEL_EIO, "%s: is a folder, not a file", o->name);
    if (there && !S_ISREG(s.st_mode))
        return open_directly(o, err);
    char target[PATH_MAX];
    bool link = lstat(o->name, &s) == 0 && S_ISLNK(s.st_mode) && realpath(o->name, target);
    o->final = edgel_strdup(link ? target : o->name);
    if (!o->final)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", o->name);
    EDGEL_TRY(make_folders(o->final, err));
    return open_temp(o, err);
}

enum edgel_status edgel_output_begin(const char *path, struct edgel_output **out, struct edgel_error *err)
{
    *out = NULL;
    struct edgel_output *o = edgel_alloc(1, sizeof *o);
    if (!o)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", path);
    memset(o, 0, offsetof(struct edgel_output, buffer));
    bool standard = strcmp(path, "-") == 0;
    o->fd = standard ? STDOUT_FILENO : -1;
    o->close_fd = !standard;
    o->name = edgel_strdup(standard ? "standard output" : path);
    enum edgel_status st = EDGEL_OK;
    if (!o->name)
        st = edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", path);
    else if (!standard)
        st = open_path(o, err);
    if (st == EDGEL_OK)
        *out = o;
    else
        destroy(o);
    return st;
}

static enum edgel_status write_all(struct edgel_output *o, const unsigned char *p, size_t n,
                                   struct edgel_error *err)
{
    while (n) {
        ssize_t k = write(o->fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0) {
            o->failed = true;
            return edgel_fail_system(err, o->name, "cannot write", errno);
        }
        p += k;
        n -= (size_t)k;
    }
    return EDGEL_OK;
}

enum edgel_status edgel_output_flush(struct edgel_output *o, struct edgel_error *err)
{
    if (o->failed)
        return edgel_fail(err, EDGEL_EIO, "%s: an earlier write failed", o->name);
    size_t n = o->used;
    o->used = 0;
    return write_all(o, o->buffer, n, err);
}

enum edgel_status edgel_output_write(struct edgel_output *o, const void *bytes, size_t n,
                                     struct edgel_error *err)
{
    if (n > BUFFER - o->used || o->failed)
        EDGEL_TRY(edgel_output_flush(o, err));
    if (n > BUFFER)
        return write_all(o, bytes, n, err);
    if (n)
        memcpy(o->buffer + o->used, bytes, n);
    o->used += n;
    return EDGEL_OK;
}

/* Makes written bytes those of a file that can be gone back in. */
static enum edgel_status settle(struct edgel_output *o, struct edgel_error *err)
{
    if (!o->temp)
        return edgel_fail(err, EDGEL_EUNSUPPORTED, "%s: this format needs a regular file", o->name);
    return edgel_output_flush(o, err);
}

enum edgel_status edgel_output_patch(struct edgel_output *o, uint64_t at, const void *bytes, size_t n,
                                     struct edgel_error *err)
{
    EDGEL_TRY(settle(o, err));
    for (const unsigned char *p = bytes; n;) {
        ssize_t k = pwrite(o->fd, p, n, (off_t)at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0) {
            o->failed = true;
            return edgel_fail_system(err, o->name, "cannot write", errno);
        }
        p += k;
        at += (uint64_t)k;
        n -= (size_t)k;
    }
    return EDGEL_OK;
}

enum edgel_status edgel_output_read(struct edgel_output *o, uint64_t at, void *bytes, size_t n,
                                    struct edgel_error *err)
{
    EDGEL_TRY(settle(o, err));
    for (unsigned char *p = bytes; n;) {
        ssize_t k = pread(o->fd, p, n, (off_t)at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k < 0 ? edgel_fail_system(err, o->name, "cannot read", errno)
                         : edgel_fail(err, EDGEL_EIO, "%s: is shorter than what was written", o->name);
        p += k;
        at += (uint64_t)k;
        n -= (size_t)k;
    }
    return EDGEL_OK;
}

int edgel_output_fd(const struct edgel_output *o)
{
    return o->temp ? o->fd : -1;
}

const char *edgel_output_final(const struct edgel_output *o)
{
    return o->final;
}

const char *edgel_output_name(const struct edgel_output *o)
{
    return o->name;
}

enum edgel_status edgel_output_commit(struct edgel_output **out, struct edgel_error *err)
{
    struct edgel_output *o = *out;
    enum edgel_status st = edgel_output_flush(o, err);
    if (st == EDGEL_OK && o->close_fd) {
        int r = close(o->fd);
        o->close_fd = false;
        if (r != 0)
            st = edgel_fail_system(err, o->name, "cannot close", errno);
    }
    if (st == EDGEL_OK && o->temp) {
        if (rename(o->temp, o->final) == 0) {
            edgel_free(o->temp);
            o->temp = NULL;
        } else
            st = edgel_fail_system(err, o->name, "cannot rename to", errno);
    }
    edgel_output_discard(out);
    return st;
}

void edgel_output_discard(struct edgel_output **out)
{
    struct edgel_output *o = *out;
    *out = NULL;
    if (!o)
        return;
    if (o->close_fd)
        close(o->fd);
    if (o->temp)
        unlink(o->temp);
    destroy(o);
}
