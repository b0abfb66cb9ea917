/*
 * The runs that are at work in one output folder. Each keeps a file with its settings and outputs in the folder
 * ".edgel-active" there, and a lock on it that the system releases when the process ends, whatever ends it. A run that
 * finds another one at work there goes on only if both have the same settings and no output in common: parts of one
 * run, and runs over other images.
 *
 * Looking and adding are one step for others: a lock on the output folder is held meanwhile. On a file system without
 * locks nothing is held and nothing found.
 *
 *   edgel.presence/1 SETTINGS OUTPUTS \n        numbers
 *   NAME NUL VALUE NUL                       of each setting
 *   8 bytes, the highest first               the hash of each output's path below the folder, rising
 */
#include "batch/presence_priv.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char active[] = ".edgel-active";

struct edgel_presence {
    struct edgel_output_folder *folder; /* the caller's */
    int fd;
    char name[64]; /* ".edgel-active/..." */
};

static bool take_lock(int fd, int how)
{
    int r;
    do
        r = flock(fd, how);
    while (r != 0 && errno == EINTR);
    return r == 0;
}

/* Keeps other runs from looking and adding; -1: cannot be had. */
static int guard(const struct edgel_output_folder *folder)
{
    const int fd = openat(edgel_output_folder_fd(folder), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)take_lock(fd, LOCK_EX);
    return fd;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd); /* and its lock */
}

/* --- the file --- */

uint64_t edgel_presence_hash(const char *below)
{
    return edgel_hash_bytes(EDGEL_HASH_START, below, strlen(below));
}

static uint64_t hash_at(const unsigned char *p)
{
    uint64_t h = 0;
    for (int k = 0; k < 8; k++)
        h = h << 8 | p[k];
    return h;
}

static void write_presence(struct edgel_text *t, const struct edgel_presence_params *p)
{
    edgel_text_printf(t, "edgel.presence/1 %zu %zu\n", p->nsettings, p->noutputs);
    for (size_t k = 0; k < p->nsettings; k++) {
        edgel_text_add(t, p->settings[k].name, strlen(p->settings[k].name) + 1);
        edgel_text_add(t, p->settings[k].value, strlen(p->settings[k].value) + 1);
    }
    for (size_t k = 0; k < p->noutputs; k++) {
        char bytes[8];
        for (int b = 0; b < 8; b++)
            bytes[b] = (char)(p->outputs[k] >> (56 - 8 * b) & 255);
        edgel_text_add(t, bytes, sizeof bytes);
    }
}

static bool write_all(int fd, const char *s, size_t n)
{
    while (n > 0) {
        const ssize_t k = write(fd, s, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return false;
        s += k;
        n -= (size_t)k;
    }
    return true;
}

/* Both lists rise. */
static enum edgel_status compare_outputs(const struct edgel_presence_params *p, const unsigned char *theirs,
                                         size_t n, struct edgel_error *err)
{
    for (size_t i = 0, k = 0; i < p->noutputs && k < n;) {
        const uint64_t hash = hash_at(theirs + 8 * k);
        if (p->outputs[i] == hash)
            return edgel_fail(err, EDGEL_EINVAL, "%s: another run is at work there, and writes %s too",
                              p->path, p->name_of(p->user, hash));
        if (p->outputs[i] < hash)
            i++;
        else
            k++;
    }
    return EDGEL_OK;
}

static enum edgel_status compare_setting(const struct edgel_presence_params *p, size_t k, const char *name,
                                         const char *value, struct edgel_error *err)
{
    if (k >= p->nsettings || strcmp(name, p->settings[k].name) != 0)
        return edgel_fail(err, EDGEL_EINVAL, "%s: another run is at work there with other options", p->path);
    if (strcmp(value, p->settings[k].value) != 0)
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s: another run is at work there with %s %.150s, this one has %.150s", p->path,
                          name, value, p->settings[k].value);
    return EDGEL_OK;
}

/* What another run's file says against this one. A file of another kind says nothing. */
static enum edgel_status compare(const struct edgel_presence_params *p, const struct edgel_bytes *b,
                                 struct edgel_error *err)
{
    size_t nsettings, noutputs;
    int head = 0;
    char line[80] = "";
    if (b->size > 0)
        memcpy(line, b->data, b->size < sizeof line ? b->size : sizeof line - 1);
    if (sscanf(line, "edgel.presence/1 %zu %zu%n", &nsettings, &noutputs, &head) != 2 || line[head] != '\n')
        return EDGEL_OK;
    const char *at = (const char *)b->data + head + 1, *end = (const char *)b->data + b->size;
    for (size_t k = 0; k < nsettings; k++) {
        const char *value = memchr(at, '\0', (size_t)(end - at)), *last;
        if (!value || !(last = memchr(value + 1, '\0', (size_t)(end - value - 1))))
            return EDGEL_OK;
        EDGEL_TRY(compare_setting(p, k, at, value + 1, err));
        at = last + 1;
    }
    if (nsettings < p->nsettings)
        return compare_setting(p, p->nsettings, "", "", err);
    const size_t there = (size_t)(end - at) / 8;
    return compare_outputs(p, (const unsigned char *)at, noutputs < there ? noutputs : there, err);
}

/* --- looking --- */

/* The folder of these files; NULL and errno. */
static DIR *open_active(const struct edgel_output_folder *folder)
{
    const int fd =
        openat(edgel_output_folder_fd(folder), active, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const int why = errno;
    if (!dir)
        close_fd(fd);
    errno = why;
    return dir;
}

/* One entry of the folder. Nobody holds a lock on the file of a run that was killed: it is removed. */
static enum edgel_status look(const struct edgel_presence_params *p, int dir, const char *name,
                              struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    enum edgel_status s = EDGEL_OK;
    if (fd < 0)
        return EDGEL_OK;
    if (take_lock(fd, LOCK_SH | LOCK_NB)) {
        (void)unlinkat(dir, name, 0);
    } else if (errno == EWOULDBLOCK) {
        s = edgel_bytes_take(fd, p->path, 4096, UINT64_MAX, &bytes, err);
        if (s == EDGEL_OK)
            s = compare(p, &bytes, err);
    }
    edgel_bytes_finish(&bytes);
    close(fd);
    return s;
}

static enum edgel_status look_at_all(const struct edgel_output_folder *folder,
                                     const struct edgel_presence_params *p, struct edgel_error *err)
{
    DIR *dir = open_active(folder);
    enum edgel_status s = EDGEL_OK;
    if (!dir)
        return errno == ENOMEM ? edgel_no_memory(err, p->path) : EDGEL_OK;
    for (struct dirent *e; s == EDGEL_OK && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            s = look(p, dirfd(dir), e->d_name, err);
    closedir(dir);
    return s;
}

/* --- adding --- */

static enum edgel_status add(struct edgel_presence *c, const struct edgel_presence_params *p,
                             struct edgel_error *err)
{
    static atomic_uint number;
    const int at = edgel_output_folder_fd(c->folder);
    struct edgel_text text = { 0 };
    write_presence(&text, p);
    if (text.failed) {
        edgel_text_finish(&text);
        return edgel_no_memory(err, p->path);
    }
    enum edgel_status s = EDGEL_OK;
    snprintf(c->name, sizeof c->name, "%s/%lu-%08lx-%u", active, (unsigned long)getpid(),
             (unsigned long)edgel_output_tag(), atomic_fetch_add(&number, 1));
    if (mkdirat(at, active, 0777) != 0 && errno != EEXIST)
        s = edgel_fail_system(err, p->path, "cannot be written to", errno);
    else if ((c->fd = openat(at, c->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666)) < 0)
        s = edgel_fail_system(err, p->path, "cannot be written to", errno);
    else if ((void)take_lock(c->fd, LOCK_EX | LOCK_NB), !write_all(c->fd, text.s, text.len))
        s = edgel_fail_system(err, p->path, "cannot be written to", errno);
    edgel_text_finish(&text);
    return s;
}

static void take_back(struct edgel_presence *c)
{
    const int at = edgel_output_folder_fd(c->folder);
    if (c->fd >= 0)
        (void)unlinkat(at, c->name, 0);
    (void)unlinkat(at, active, AT_REMOVEDIR); /* the last one */
    close_fd(c->fd);
    c->fd = -1;
}

enum edgel_status edgel_presence_announce(const struct edgel_presence_params *p,
                                          struct edgel_output_folder *folder, struct edgel_presence **out,
                                          struct edgel_error *err)
{
    struct edgel_presence *c = *out = edgel_calloc(1, sizeof *c);
    if (!c)
        return edgel_no_memory(err, p->path);
    c->fd = -1;
    c->folder = folder;
    const int guarded = guard(folder);
    enum edgel_status s = look_at_all(folder, p, err);
    if (s == EDGEL_OK)
        s = add(c, p, err);
    if (s != EDGEL_OK)
        take_back(c);
    close_fd(guarded);
    if (s != EDGEL_OK) {
        edgel_free(c);
        *out = NULL;
    }
    return s;
}

bool edgel_presence_is_alone(const struct edgel_presence *presence)
{
    DIR *dir = open_active(presence->folder);
    size_t files = 0;
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
        files += e->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return files <= 1;
}

void edgel_presence_release(struct edgel_presence **presence)
{
    struct edgel_presence *c = *presence;
    *presence = NULL;
    if (!c)
        return;
    const int guarded = guard(c->folder);
    take_back(c);
    close_fd(guarded);
    edgel_free(c);
}
