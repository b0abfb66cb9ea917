/* Outputs: files that appear whole or not at all, memory, and callbacks.
 *
 * The bytes of a file go to a new file ".edgel-PID-TAG-N.tmp" in the folder of the final name, whose length does not
 * grow with that name; commit writes the rest, closes, and renames. The folder is held open from begin to commit: both
 * names are in it, whatever becomes of its own. What is no regular file (a device, a pipe) is written directly, since
 * renaming over it would destroy it. A path that is a symbolic link means the file it points to; in an output folder
 * the link itself is replaced.
 */
#define _XOPEN_SOURCE 700 /* realpath */
#include "io/io_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 16, TEMP_BYTES = 64 };

struct edgel_output {
    int fd;
    bool failed;
    bool close_fd;
    struct edgel_bytes *memory; /* what takes all bytes instead of fd: the caller's, or held; else NULL */
    struct edgel_bytes held;    /* of a callback, until commit */
    struct edgel_byte_sink sink;
    char *name;                /* for messages */
    struct edgel_dir *place;   /* the folder of the two names below; NULL: there is no temporary file */
    char *final;               /* what the temporary file becomes */
    char temp[TEMP_BYTES];     /* empty: not made yet, or renamed */
    struct edgel_output *next; /* of those with a temporary file */
    size_t used;
    unsigned char buffer[BUFFER];
};

/* Outputs with temporary files. A program that runs out of memory far from them can leave none behind only so. */
static pthread_mutex_t unfinished_lock = PTHREAD_MUTEX_INITIALIZER;
static struct edgel_output *unfinished;
static bool abandoned;

static bool enlist(struct edgel_output *o)
{
    pthread_mutex_lock(&unfinished_lock);
    const bool may = !abandoned;
    if (may) {
        o->next = unfinished;
        unfinished = o;
    }
    pthread_mutex_unlock(&unfinished_lock);
    return may;
}

static void delist(const struct edgel_output *o)
{
    pthread_mutex_lock(&unfinished_lock);
    struct edgel_output **at = &unfinished;
    while (*at && *at != o)
        at = &(*at)->next;
    if (*at)
        *at = o->next;
    pthread_mutex_unlock(&unfinished_lock);
}

void edgel_outputs_abandon(void)
{
    pthread_mutex_lock(&unfinished_lock);
    abandoned = true;
    for (const struct edgel_output *o = unfinished; o; o = o->next)
        if (o->temp[0])
            (void)unlinkat(edgel_dir_fd(o->place), o->temp, 0);
    pthread_mutex_unlock(&unfinished_lock);
}

static void destroy(struct edgel_output *o)
{
    delist(o);
    edgel_free(o->name);
    edgel_free(o->final);
    edgel_dir_release(&o->place);
    edgel_bytes_finish(&o->held);
    edgel_free(o);
}

/* Makes the folders above path. path is changed meanwhile and then restored. */
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

/* If the name exists, a killed process with the same number left it: tries the next one. A process uses each number
 * once. */
static enum edgel_status open_temp(struct edgel_output *o, struct edgel_error *err)
{
    static atomic_uint number;
    for (int attempt = 0; attempt < 1000; attempt++) {
        snprintf(o->temp, sizeof o->temp, ".edgel-%lu-%08lx-%u.tmp", (unsigned long)getpid(),
                 (unsigned long)edgel_output_tag(), atomic_fetch_add(&number, 1));
        o->fd = openat(edgel_dir_fd(o->place), o->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (o->fd >= 0 && enlist(o))
            return EDGEL_OK;
        if (o->fd >= 0) {
            (void)unlinkat(edgel_dir_fd(o->place), o->temp, 0);
            close(o->fd);
            errno = ECANCELED;
        }
        if (errno != EEXIST)
            break;
    }
    o->temp[0] = '\0';
    return edgel_fail_system(err, o->name, "cannot create", errno);
}

/* A file in o->place, to be named o->final. found: what has that name now; NULL: nothing. */
static enum edgel_status open_in(struct edgel_output *o, const struct stat *found, struct edgel_error *err)
{
    if (found && S_ISDIR(found->st_mode))
        return edgel_fail(err, EDGEL_EIO, "%s: is a folder, not a file", o->name);
    if (!found || S_ISREG(found->st_mode) || S_ISLNK(found->st_mode))
        return open_temp(o, err);
    o->fd = openat(edgel_dir_fd(o->place), o->final, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    return o->fd >= 0 ? EDGEL_OK : edgel_fail_system(err, o->name, "cannot open", errno);
}

static enum edgel_status open_path(struct edgel_output *o, struct edgel_error *err)
{
    char target[PATH_MAX], *path = o->name;
    struct stat s;
    const size_t n = strlen(o->name);
    if (n == 0 || o->name[n - 1] == '/')
        return edgel_fail(err, EDGEL_EIO, "'%s': names no file", o->name);
    if (lstat(o->name, &s) == 0 && S_ISLNK(s.st_mode) && realpath(o->name, target))
        path = target;
    else
        EDGEL_TRY(make_folders(path, err));
    const char *slash = strrchr(path, '/');
    o->final = edgel_strdup(slash ? slash + 1 : path);
    if (!o->final)
        return edgel_no_memory(err, o->name);
    o->place = edgel_dir_open(path, slash ? (size_t)(slash + 1 - path) : 0);
    if (!o->place)
        return edgel_fail_system(err, o->name, "cannot create", errno);
    return open_in(o, stat(o->name, &s) == 0 ? &s : NULL, err);
}

/* An output without a destination, or NULL. */
static struct edgel_output *create(const char *name, struct edgel_error *err)
{
    struct edgel_output *o = edgel_alloc(1, sizeof *o);
    if (o) {
        memset(o, 0, offsetof(struct edgel_output, buffer));
        o->fd = -1;
        o->name = edgel_strdup(name);
    }
    if (o && o->name)
        return o;
    edgel_free(o);
    (void)edgel_no_memory(err, name);
    return NULL;
}

enum edgel_status edgel_output_begin(const char *path, struct edgel_output **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(path);
    const bool standard = strcmp(path, "-") == 0;
    struct edgel_output *o = create(standard ? "standard output" : path, err);
    if (!o)
        return EDGEL_ENOMEM;
    if (standard) {
        o->fd = STDOUT_FILENO;
    } else {
        const enum edgel_status st = open_path(o, err);
        if (st != EDGEL_OK) {
            destroy(o);
            return st;
        }
        o->close_fd = true;
    }
    *out = o;
    return EDGEL_OK;
}

enum edgel_status edgel_output_begin_in(struct edgel_dir *place, const char *name, struct edgel_output **out,
                                        struct edgel_error *err)
{
    struct stat found;
    struct edgel_text path = { 0 };
    const char *folder = edgel_dir_name(place);
    edgel_text_printf(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
    struct edgel_output *o = *out = path.failed ? NULL : create(path.s, err);
    edgel_text_finish(&path);
    if (!o)
        return edgel_no_memory(err, name);
    o->final = edgel_strdup(name);
    o->place = edgel_dir_hold(place);
    const bool there = fstatat(edgel_dir_fd(place), name, &found, AT_SYMLINK_NOFOLLOW) == 0;
    const enum edgel_status s =
        o->final ? open_in(o, there ? &found : NULL, err) : edgel_no_memory(err, name);
    o->close_fd = s == EDGEL_OK;
    if (s == EDGEL_OK)
        return s;
    destroy(o);
    *out = NULL;
    return s;
}

enum edgel_status edgel_output_begin_itself(const char *path, struct edgel_output **out,
                                            struct edgel_error *err)
{
    const char *slash = strrchr(path, '/');
    char *copy = edgel_strdup(path);
    *out = NULL;
    enum edgel_status s = copy ? make_folders(copy, err) : edgel_no_memory(err, path);
    edgel_free(copy);
    if (s != EDGEL_OK)
        return s;
    struct edgel_dir *place = edgel_dir_open(path, slash ? (size_t)(slash + 1 - path) : 0);
    if (!place)
        return edgel_fail_system(err, path, "cannot create", errno);
    s = edgel_output_begin_in(place, slash ? slash + 1 : path, out, err);
    edgel_dir_release(&place);
    return s;
}

enum edgel_status edgel_output_begin_bytes(struct edgel_bytes *bytes, const char *name,
                                           struct edgel_output **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(bytes);
    EDGEL_REQUIRE(name);
    struct edgel_output *o = *out = create(name, err);
    if (!o)
        return EDGEL_ENOMEM;
    o->memory = bytes;
    bytes->size = 0;
    return EDGEL_OK;
}

enum edgel_status edgel_output_begin_callback(const struct edgel_byte_sink *sink, const char *name,
                                              struct edgel_output **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(sink && sink->write);
    EDGEL_REQUIRE(name);
    struct edgel_output *o = *out = create(name, err);
    if (!o)
        return EDGEL_ENOMEM;
    o->sink = *sink;
    return EDGEL_OK;
}

void edgel_output_hold(struct edgel_output *o)
{
    if (o->sink.write)
        o->memory = &o->held;
}

static enum edgel_status append(struct edgel_output *o, const unsigned char *p, size_t n,
                                struct edgel_error *err)
{
    struct edgel_bytes *m = o->memory;
    const size_t room = m->capacity - m->size;
    if (n > room && (n > SIZE_MAX / 4 || m->size > SIZE_MAX / 4 ||
                     !edgel_bytes_reserve(m, m->size + n + (m->size + n) / 2))) {
        o->failed = true;
        return edgel_no_memory(err, o->name);
    }
    if (n)
        memcpy(m->data + m->size, p, n);
    m->size += n;
    return EDGEL_OK;
}

/* If the callback refuses the bytes without a message, there is one. */
static enum edgel_status hand_over(struct edgel_output *o, const void *p, size_t n, struct edgel_error *err)
{
    if (n == 0)
        return EDGEL_OK;
    const enum edgel_status st = o->sink.write(o->sink.user, p, n, err);
    if (st == EDGEL_OK)
        return EDGEL_OK;
    o->failed = true;
    return edgel_fail(err, st, "%s: the callback refused the bytes", o->name);
}

static enum edgel_status write_all(struct edgel_output *o, const unsigned char *p, size_t n,
                                   struct edgel_error *err)
{
    if (o->memory)
        return append(o, p, n, err);
    if (o->sink.write)
        return hand_over(o, p, n, err);
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
    EDGEL_REQUIRE(o);
    if (o->failed)
        return edgel_fail(err, EDGEL_EIO, "%s: an earlier write failed", o->name);
    size_t n = o->used;
    o->used = 0;
    return write_all(o, o->buffer, n, err);
}

enum edgel_status edgel_output_write(struct edgel_output *o, const void *bytes, size_t n,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(o);
    EDGEL_REQUIRE(bytes || n == 0);
    if (n > BUFFER - o->used || o->failed)
        EDGEL_TRY(edgel_output_flush(o, err));
    if (n > BUFFER)
        return write_all(o, bytes, n, err);
    if (n)
        memcpy(o->buffer + o->used, bytes, n);
    o->used += n;
    return EDGEL_OK;
}

/* Hands all bytes over, so that those written earlier can be changed; only a regular file and memory can do that. */
static enum edgel_status settle(struct edgel_output *o, struct edgel_error *err)
{
    if (!o->temp[0] && !o->memory)
        return edgel_fail(err, EDGEL_EUNSUPPORTED, "%s: this format needs a regular file", o->name);
    return edgel_output_flush(o, err);
}

enum edgel_status edgel_output_patch(struct edgel_output *o, uint64_t at, const void *bytes, size_t n,
                                     struct edgel_error *err)
{
    EDGEL_TRY(settle(o, err));
    if (o->memory) {
        memcpy(o->memory->data + at, bytes, n); /* the writer knows how much it wrote */
        return EDGEL_OK;
    }
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
    if (o->memory) {
        memcpy(bytes, o->memory->data + at, n);
        return EDGEL_OK;
    }
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
    return o->temp[0] ? o->fd : -1;
}

struct edgel_dir *edgel_output_place(const struct edgel_output *o)
{
    return o->place;
}

const char *edgel_output_name(const struct edgel_output *o)
{
    return o->name;
}

enum edgel_status edgel_output_commit(struct edgel_output **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out && *out);
    struct edgel_output *o = *out;
    enum edgel_status st = edgel_output_flush(o, err);
    if (st == EDGEL_OK && o->memory == &o->held)
        st = hand_over(o, o->held.data, o->held.size, err);
    if (st == EDGEL_OK && o->memory != &o->held)
        o->memory = NULL; /* the bytes are the caller's now */
    if (st == EDGEL_OK && o->close_fd) {
        int r = close(o->fd);
        o->close_fd = false;
        if (r != 0)
            st = edgel_fail_system(err, o->name, "cannot close", errno);
    }
    if (st == EDGEL_OK && o->temp[0]) {
        const int folder = edgel_dir_fd(o->place);
        if (renameat(folder, o->temp, folder, o->final) == 0)
            o->temp[0] = '\0';
        else
            st = edgel_fail_system(err, o->name, "cannot rename to", errno);
    }
    edgel_output_discard(out);
    return st;
}

void edgel_output_discard(struct edgel_output **out)
{
    struct edgel_output *o = out ? *out : NULL;
    if (!o)
        return;
    *out = NULL;
    if (o->memory)
        edgel_bytes_finish(o->memory);
    if (o->close_fd)
        close(o->fd);
    if (o->temp[0])
        (void)unlinkat(edgel_dir_fd(o->place), o->temp, 0);
    destroy(o);
}
