/* Folders that outputs go to, held open: what lies below one is reached from its descriptor, a component at a time, and
 * none of them may be a symbolic link. So nothing that others do to names, before the run or during it, leads an output
 * out of the folder: the folder itself may be a link, which is resolved once; if its name is given to another folder
 * later, outputs still go to the first.
 *
 * Inputs come in the order of their folders, so the folders used last are kept open: an output costs no walk. */
#include "io/io_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT = 16 };

struct edgel_output_folder {
    char *path;
    size_t found; /* length of the part of path that was there before */
    bool follow_links;
    struct edgel_dir *top;
    pthread_mutex_t lock;
    struct edgel_dir *kept[KEPT];
    size_t next; /* of kept, to be replaced */
};

/* --- the folder --- */

static enum edgel_status create(const char *path, bool follow_links, struct edgel_output_folder **out,
                                struct edgel_error *err)
{
    const size_t n = strlen(path);
    struct edgel_output_folder *f = edgel_calloc(1, sizeof *f);
    char *copy = f ? edgel_strdup(path) : NULL;
    if (!copy) {
        edgel_free(f);
        return edgel_no_memory(err, path);
    }
    for (size_t k = n; k > 1 && copy[k - 1] == '/'; k--)
        copy[k - 1] = '\0';
    f->path = copy;
    f->found = strlen(copy);
    f->follow_links = follow_links;
    if (pthread_mutex_init(&f->lock, NULL) != 0) {
        edgel_free(copy);
        edgel_free(f);
        return edgel_no_memory(err, path);
    }
    *out = f;
    return EDGEL_OK;
}

static enum edgel_status enter(struct edgel_output_folder *f, struct edgel_error *err)
{
    f->top = edgel_dir_open(f->path, strlen(f->path));
    return f->top ? EDGEL_OK : edgel_fail_system(err, f->path, "cannot be entered", errno);
}

/* Makes the folders of f->path that are missing. */
static enum edgel_status make_folders(struct edgel_output_folder *f, struct edgel_error *err)
{
    struct stat st;
    for (char *p = f->path + 1; *f->path; p++) {
        const char c = *p;
        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        const bool made = mkdir(f->path, 0777) == 0;
        int why = errno;
        if (!made && stat(f->path, &st) == 0)
            f->found = (size_t)(p - f->path);
        else if (!made && why == EEXIST)
            why = errno;
        const bool lost = why == ENOENT && lstat(f->path, &st) == 0;
        enum edgel_status s = EDGEL_OK;
        if (!made && f->found != (size_t)(p - f->path))
            s = lost ? edgel_fail(err, EDGEL_EIO, "%s: is a symbolic link that leads nowhere", f->path)
                     : edgel_fail_system(err, f->path, "cannot make the folder", why);
        *p = c;
        if (s != EDGEL_OK || c == '\0')
            return s;
    }
    return EDGEL_OK;
}

enum edgel_status edgel_output_folder_open(const char *path, bool follow_links,
                                           struct edgel_output_folder **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(path && *path);
    struct edgel_output_folder *f;
    EDGEL_TRY(create(path, follow_links, &f, err));
    f->found = 0;
    enum edgel_status s = make_folders(f, err);
    if (s == EDGEL_OK)
        s = enter(f, err);
    if (s != EDGEL_OK)
        edgel_output_folder_close(&f);
    *out = f;
    return s;
}

enum edgel_status edgel_output_folder_find(const char *path, bool follow_links,
                                           struct edgel_output_folder **out, struct edgel_error *err)
{
    struct stat st;
    *out = NULL;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return EDGEL_OK;
    EDGEL_TRY(create(path, follow_links, out, err));
    const enum edgel_status s = enter(*out, err);
    if (s != EDGEL_OK)
        edgel_output_folder_close(out);
    return s;
}

void edgel_output_folder_close(struct edgel_output_folder **folder)
{
    struct edgel_output_folder *f = folder ? *folder : NULL;
    if (!f)
        return;
    *folder = NULL;
    for (size_t k = 0; k < KEPT; k++)
        edgel_dir_release(&f->kept[k]);
    edgel_dir_release(&f->top);
    for (size_t n = strlen(f->path); n > f->found && rmdir(f->path) == 0;) {
        while (n > 0 && f->path[n - 1] != '/')
            n--;
        while (n > 0 && f->path[n - 1] == '/')
            n--;
        f->path[n] = '\0';
    }
    pthread_mutex_destroy(&f->lock);
    edgel_free(f->path);
    edgel_free(f);
}

bool edgel_output_folder_follows(const struct edgel_output_folder *folder)
{
    return folder->follow_links;
}

int edgel_output_folder_fd(const struct edgel_output_folder *folder)
{
    return edgel_dir_fd(folder->top);
}

enum edgel_status edgel_output_folder_check(const struct edgel_output_folder *folder, struct edgel_error *err)
{
    static const char moved[] =
        "has become another folder during the run; outputs are in the one that it was";
    struct stat named, held;
    if (fstat(edgel_dir_fd(folder->top), &held) != 0 || stat(folder->path, &named) != 0)
        return edgel_fail_system(err, folder->path, "cannot be looked at after the run", errno);
    if (named.st_dev != held.st_dev || named.st_ino != held.st_ino)
        return edgel_fail(err, EDGEL_EIO, "%s: %s", folder->path, moved);
    return EDGEL_OK;
}

/* --- below it --- */

/* The folder of below[0..n): kept, or entered anew. */
static enum edgel_status find_place(struct edgel_output_folder *f, const char *below, size_t n,
                                    struct edgel_dir **out, struct edgel_error *err)
{
    *out = NULL;
    if (n == 0) {
        *out = edgel_dir_hold(f->top);
        return EDGEL_OK;
    }
    enum edgel_status s = EDGEL_OK;
    pthread_mutex_lock(&f->lock);
    for (size_t k = 0; k < KEPT && f->kept[k] && !*out; k++) {
        const char *name = edgel_dir_below(f->kept[k]);
        if (strncmp(name, below, n) == 0 && name[n] == '\0')
            *out = edgel_dir_hold(f->kept[k]);
    }
    if (!*out && (s = edgel_dir_enter(f->top, below, n, out, err)) == EDGEL_OK) {
        edgel_dir_release(&f->kept[f->next]);
        f->kept[f->next] = edgel_dir_hold(*out);
        f->next = (f->next + 1) % KEPT;
    }
    pthread_mutex_unlock(&f->lock);
    return s;
}

/* Length of the folder of below, with its slash; SIZE_MAX for what is no plain path of a file below a folder. */
static size_t folder_of(const char *below)
{
    size_t folder = 0;
    for (const char *s = below, *end;; s = end + 1) {
        end = s + strcspn(s, "/");
        const size_t n = (size_t)(end - s);
        if (n == 0 || (n <= 2 && memcmp(s, "..", n) == 0))
            return SIZE_MAX;
        if (*end == '\0')
            return folder;
        folder = (size_t)(end + 1 - below);
    }
}

static enum edgel_status place_of(struct edgel_output_folder *f, const char *below, struct edgel_dir **place,
                                  const char **name, struct edgel_error *err)
{
    const size_t n = folder_of(below);
    if (n == SIZE_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "output '%s': must be the path of a file below %s", below,
                          f->path);
    *name = below + n;
    return find_place(f, below, n > 0 ? n - 1 : 0, place, err);
}

/* Links below the folder are followed: by its path. */
static enum edgel_status begin_by_path(const struct edgel_output_folder *f, const char *below,
                                       struct edgel_output **out, struct edgel_error *err)
{
    struct edgel_text path = { 0 };
    edgel_text_printf(&path, "%s/%s", f->path, below);
    const enum edgel_status s =
        path.failed ? edgel_no_memory(err, f->path) : edgel_output_begin(path.s, out, err);
    edgel_text_finish(&path);
    return s;
}

enum edgel_status edgel_output_folder_begin(struct edgel_output_folder *folder, const char *below,
                                            struct edgel_output **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(folder);
    EDGEL_REQUIRE(below);
    struct edgel_dir *place = NULL;
    const char *name;
    if (folder->follow_links)
        return begin_by_path(folder, below, out, err);
    EDGEL_TRY(place_of(folder, below, &place, &name, err));
    const enum edgel_status s = edgel_output_begin_in(place, name, out, err);
    edgel_dir_release(&place);
    return s;
}

bool edgel_output_folder_stat(const struct edgel_output_folder *folder, const char *below, struct stat *st)
{
    return fstatat(edgel_dir_fd(folder->top), below, st, folder->follow_links ? 0 : AT_SYMLINK_NOFOLLOW) == 0;
}

void edgel_output_folder_remove(struct edgel_output_folder *folder, const char *below)
{
    struct edgel_dir *place = NULL;
    const char *name;
    if (folder->follow_links)
        (void)unlinkat(edgel_dir_fd(folder->top), below, 0);
    else if (place_of(folder, below, &place, &name, NULL) == EDGEL_OK)
        (void)unlinkat(edgel_dir_fd(place), name, 0);
    edgel_dir_release(&place);
}
