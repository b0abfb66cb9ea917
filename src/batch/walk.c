/*
 * Reads a folder recursively. Files are added as they come and sorted by rel at the end. A folder is closed before its
 * sub-folders are read, so a deep tree needs no descriptors. Symbolic links are followed; a folder with the device and
 * inode of a folder above it closes a loop and is left out. Paths over the system's limit become broken inputs.
 *
 * Only regular files are opened (a FIFO would block), and only to look at their content when the name is not that of
 * an image. Files ".edgel-*" are unfinished outputs of an interrupted run and passed over; records of
 * runs are not even counted.
 */
#include "batch/batch_priv.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char unfinished[] = ".edgel-";
static const char *const records[] = { ".edgel-journal", ".edgel-active" }; /* how their names begin */
enum { HEAD_BYTES = 16 };

/* One folder on the way down. */
struct level {
    const struct level *above;
    dev_t dev;
    ino_t ino;
};

struct place {
    const struct edgel_walk *walk;
    const char *prefix; /* "FOLDER/sub/" */
    size_t rel;         /* where rel begins in it */
};

static bool matches(const char *glob, const char *rel)
{
    if (fnmatch(glob, rel, 0) == 0)
        return true;
    const char *base = strrchr(rel, '/');
    return base && !strchr(glob, '/') && fnmatch(glob, base + 1, 0) == 0;
}

static bool matches_any(const char *const *globs, size_t n, const char *rel)
{
    for (size_t i = 0; i < n; i++)
        if (matches(globs[i], rel))
            return true;
    return false;
}

static bool is_wanted(const struct edgel_inputs_params *p, const char *rel)
{
    return (p->ninclude == 0 || matches_any(p->include, p->ninclude, rel)) &&
           !matches_any(p->exclude, p->nexclude, rel);
}

/* *error: why the file cannot be looked at, other than that this user may not or that it is gone; else 0. */
static bool holds_image(int dir, const char *name, bool mat, int *error)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    *error = fd >= 0 || errno == EACCES || errno == EPERM || errno == ENOENT ? 0 : errno;
    if (fd < 0)
        return false;
    unsigned char head[HEAD_BYTES];
    ssize_t n;
    do
        n = read(fd, head, sizeof head);
    while (n < 0 && errno == EINTR);
    *error = n < 0 ? errno : 0;
    close(fd);
    return n > 0 && (edgel_format_of_bytes(head, (size_t)n) != EDGEL_FORMAT_NONE ||
                     (mat && edgel_mat_of_bytes(head, (size_t)n)));
}

/* *error: why stat() failed, 0 where it did not; then why the file is broken. */
static bool is_input(int dir, const char *name, const struct stat *st, bool mat, int *error)
{
    if (strncmp(name, unfinished, sizeof unfinished - 1) == 0)
        return false;
    const bool named = edgel_named_like_image(name) || (mat && edgel_named_like_mat(name));
    if (*error != 0)
        return named || (*error != ENOENT && *error != ELOOP); /* these are of links that lead nowhere */
    return S_ISREG(st->st_mode) && (named || holds_image(dir, name, mat, error) || *error != 0);
}

/* error: why stat() failed, else 0. */
static enum edgel_status take_file(const struct place *at, int dir, const char *name, const struct stat *st,
                                   int error, struct edgel_error *err)
{
    struct edgel_inputs *in = at->walk->inputs;
    EDGEL_TRY(edgel_inputs_add(in, at->prefix, name, at->rel, true, error, err));
    struct edgel_input *added = &in->at[in->count - 1];
    bool wanted = is_wanted(at->walk->params, added->rel);
    if (wanted && is_input(dir, name, st, at->walk->params->mat, &error)) {
        added->broken = error != 0;
        added->error = error;
        return EDGEL_OK;
    }
    in->passed_over += wanted;
    edgel_inputs_drop(in);
    return EDGEL_OK;
}

static bool is_record(const char *name)
{
    for (size_t k = 0; k < sizeof records / sizeof *records; k++)
        if (strncmp(name, records[k], strlen(records[k])) == 0)
            return true;
    return false;
}

/* Takes the files of an open folder; names of folders go to `folders`, each with its NUL. */
static enum edgel_status take_entries(const struct place *at, DIR *dir, struct edgel_text *folders,
                                      struct edgel_error *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (!e && errno == ENOMEM)
            return edgel_no_memory(err, at->prefix);
        if (!e && errno != 0) /* what was read stays; the folder itself is reported */
            return edgel_inputs_add(at->walk->inputs, at->prefix, "", at->rel, true, errno, err);
        if (!e)
            return EDGEL_OK;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || is_record(e->d_name))
            continue;
        struct stat st;
        bool found = fstatat(dirfd(dir), e->d_name, &st, 0) == 0;
        if (found && S_ISDIR(st.st_mode))
            edgel_text_add(folders, e->d_name, strlen(e->d_name) + 1);
        else
            EDGEL_TRY(take_file(at, dirfd(dir), e->d_name, &st, found ? 0 : errno, err));
        if (folders->failed)
            return edgel_no_memory(err, at->prefix);
    }
}

static bool closes_loop(const struct level *level, const struct stat *st)
{
    for (; level; level = level->above)
        if (level->dev == st->st_dev && level->ino == st->st_ino)
            return true;
    return false;
}

/* path: the folder with a slash at its end; longer during the call. *error: as of edgel_walk_folder(). */
static enum edgel_status walk(const struct edgel_walk *w, const struct level *above, struct edgel_text *path,
                              size_t rel, int *error, struct edgel_error *err)
{
    struct stat st;
    DIR *dir = opendir(path->s);
    if (!dir && errno == ENOMEM)
        return edgel_no_memory(err, path->s);
    if (!dir || fstat(dirfd(dir), &st) != 0) {
        *error = errno;
        const bool memory = errno == ENOMEM;
        if (dir)
            closedir(dir);
        return memory ? edgel_no_memory(err, path->s) : EDGEL_EIO; /* EIO: for the caller, who names it */
    }
    if (closes_loop(above, &st) ||
        (above && w->skips && st.st_dev == w->skip_dev && st.st_ino == w->skip_ino)) {
        closedir(dir);
        return EDGEL_OK;
    }
    struct level level = { above, st.st_dev, st.st_ino };
    struct edgel_text folders = { 0 };
    enum edgel_status s = take_entries(&(struct place){ w, path->s, rel }, dir, &folders, err);
    closedir(dir);
    size_t len = path->len;
    for (size_t k = 0; s == EDGEL_OK && k < folders.len; k += strlen(folders.s + k) + 1) {
        edgel_text_str(path, folders.s + k);
        edgel_text_str(path, "/");
        s = path->failed ? edgel_no_memory(err, folders.s + k) : walk(w, &level, path, rel, error, err);
        path->s[len] = '\0';
        path->len = len;
        if (s == EDGEL_EIO)
            s = edgel_inputs_add(w->inputs, path->s, folders.s + k, rel, true, *error, err);
    }
    edgel_text_finish(&folders);
    return s;
}

static int by_rel(const void *a, const void *b)
{
    return strcmp(((const struct edgel_input *)a)->rel, ((const struct edgel_input *)b)->rel);
}

enum edgel_status edgel_walk_folder(const struct edgel_walk *w, const char *folder, int *error,
                                    struct edgel_error *err)
{
    size_t first = w->inputs->count, n = edgel_path_trim(folder);
    struct edgel_text path = { 0 };
    edgel_text_add(&path, folder, n);
    if (folder[n - 1] != '/')
        edgel_text_str(&path, "/");
    if (path.failed) {
        edgel_text_finish(&path);
        return edgel_no_memory(err, folder);
    }
    enum edgel_status s = walk(w, NULL, &path, path.len, error, err);
    edgel_text_finish(&path);
    if (s == EDGEL_OK && w->inputs->count > first)
        qsort(w->inputs->at + first, w->inputs->count - first, sizeof *w->inputs->at, by_rel);
    return s;
}
