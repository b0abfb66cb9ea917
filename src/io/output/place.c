/* A folder held open, so that files in it are reached whatever becomes of its name. */
#define _GNU_SOURCE /* O_PATH: a folder that may be entered need not be readable */
#include "io/io_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

enum { TO_ENTER = O_PATH | O_DIRECTORY | O_CLOEXEC };

struct edgel_dir {
    int fd;
    atomic_int holders;
    size_t below; /* where the path below the outermost folder begins in name */
    char name[];  /* for messages */
};

/* fd stays the caller's until it is set. */
static struct edgel_dir *make(const char *folder, size_t n, const char *below, size_t nbelow)
{
    struct edgel_dir *p = edgel_alloc(1, sizeof *p + n + nbelow + 2);
    if (!p)
        return NULL;
    const bool slash = n > 0 && nbelow > 0 && folder[n - 1] != '/';
    memcpy(p->name, folder, n);
    memcpy(p->name + n, "/", slash);
    p->below = n + slash;
    memcpy(p->name + p->below, below, nbelow);
    p->name[p->below + nbelow] = '\0';
    p->fd = -1;
    atomic_init(&p->holders, 1);
    return p;
}

struct edgel_dir *edgel_dir_open(const char *path, size_t n)
{
    struct edgel_dir *p = n > 0 ? make(path, n, "", 0) : make(".", 1, "", 0);
    errno = ENOMEM;
    if (!p || (p->fd = open(p->name, TO_ENTER)) >= 0)
        return p;
    const int why = errno;
    edgel_dir_release(&p);
    errno = why;
    return NULL;
}

struct edgel_dir *edgel_dir_hold(struct edgel_dir *place)
{
    atomic_fetch_add(&place->holders, 1);
    return place;
}

void edgel_dir_release(struct edgel_dir **place)
{
    struct edgel_dir *p = *place;
    *place = NULL;
    if (!p || atomic_fetch_sub(&p->holders, 1) > 1)
        return;
    if (p->fd >= 0)
        close(p->fd);
    edgel_free(p);
}

int edgel_dir_fd(const struct edgel_dir *place)
{
    return place->fd;
}

const char *edgel_dir_name(const struct edgel_dir *place)
{
    return place->name;
}

const char *edgel_dir_below(const struct edgel_dir *place)
{
    return place->name + place->below;
}

/* --- on the way down --- */

static bool is_link(int at, const char *name)
{
    struct stat st;
    return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* The folder `name` in another one, made when it is missing; -1 and errno. */
static int enter(int at, const char *name)
{
    const int fd = openat(at, name, TO_ENTER | O_NOFOLLOW);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (mkdirat(at, name, 0777) != 0 && errno != EEXIST)
        return -1;
    return openat(at, name, TO_ENTER | O_NOFOLLOW);
}

enum edgel_status edgel_dir_link(const char *name, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EIO, "%s: is a symbolic link, and outputs are not written through links",
                      name);
}

/* Enters the next folder of p->name, which ends at *end, and leaves the one above unless that is top. */
static enum edgel_status descend(struct edgel_dir *p, int top, const char *name, struct edgel_error *err)
{
    const int above = p->fd < 0 ? top : p->fd;
    const int fd = enter(above, name), why = errno;
    enum edgel_status s = EDGEL_OK;
    if (fd < 0)
        s = (why == ELOOP || why == ENOTDIR) && is_link(above, name)
                ? edgel_dir_link(p->name, err)
                : edgel_fail_system(err, p->name, "cannot make the folder", why);
    if (p->fd >= 0)
        close(p->fd);
    p->fd = fd;
    return s;
}

enum edgel_status edgel_dir_enter(const struct edgel_dir *top, const char *below, size_t n,
                                  struct edgel_dir **out, struct edgel_error *err)
{
    struct edgel_dir *p = make(top->name, strlen(top->name), below, n);
    enum edgel_status s = p ? EDGEL_OK : edgel_no_memory(err, top->name);
    *out = NULL;
    for (char *name = p ? p->name + p->below : NULL, *end; s == EDGEL_OK && *name; name = end) {
        end = name + strcspn(name, "/");
        const char c = *end;
        *end = '\0';
        s = descend(p, top->fd, name, err);
        *end = c;
        end += c == '/';
    }
    if (s != EDGEL_OK)
        edgel_dir_release(&p);
    *out = p;
    return s;
}
