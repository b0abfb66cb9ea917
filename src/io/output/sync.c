/* Files that survive a power failure. A rename may reach the disk before the bytes of the file, so the bytes are synced
 * first, then the files are renamed, then the folders that hold the names are synced. Waiting for the disk takes far
 * longer than writing, so a whole group is synced at once: on Linux syncfs() waits for everything written to a file
 * system, new folders included; elsewhere each file is synced, and each folder with all folders above it. */
#define _GNU_SOURCE /* syncfs */
#include "io/io_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
enum { WHOLE_FILE_SYSTEMS = 1 };
#else
enum { WHOLE_FILE_SYSTEMS = 0 };
static int syncfs(int fd)
{
    return fsync(fd);
}
#endif

struct file {
    int fd; /* the output's */
    dev_t dev;
};

struct edgel_sync {
    struct file *files;
    size_t nfiles, files_cap;
    struct folder {
        struct edgel_dir *place;
        dev_t dev;
        ino_t ino;
    } * folders; /* each once */
    size_t nfolders, folders_cap;
};

enum edgel_status edgel_sync_create(struct edgel_sync **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = edgel_calloc(1, sizeof **out);
    return *out ? EDGEL_OK : edgel_no_memory(err, "outputs to sync");
}

static void empty(struct edgel_sync *s)
{
    for (size_t i = 0; i < s->nfolders; i++)
        edgel_dir_release(&s->folders[i].place);
    s->nfiles = s->nfolders = 0;
}

void edgel_sync_destroy(struct edgel_sync **sync)
{
    if (!sync || !*sync)
        return;
    empty(*sync);
    edgel_free((*sync)->files);
    edgel_free((*sync)->folders);
    edgel_free(*sync);
    *sync = NULL;
}

static bool make_room(void **list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return true;
    size_t more = *cap + *cap / 2 + 16;
    void *p = edgel_realloc(*list, count * size, more, size);
    if (!p)
        return false;
    *list = p;
    *cap = more;
    return true;
}

static enum edgel_status add_folder(struct edgel_sync *s, struct edgel_dir *place, struct edgel_error *err)
{
    struct stat st;
    if (fstat(edgel_dir_fd(place), &st) != 0)
        return edgel_fail_system(err, edgel_dir_name(place), "cannot be asked for", errno);
    for (size_t i = 0; i < s->nfolders; i++)
        if (s->folders[i].dev == st.st_dev && s->folders[i].ino == st.st_ino)
            return EDGEL_OK;
    if (!make_room((void **)(void *)&s->folders, s->nfolders, &s->folders_cap, sizeof *s->folders))
        return edgel_no_memory(err, edgel_dir_name(place));
    s->folders[s->nfolders++] = (struct folder){ edgel_dir_hold(place), st.st_dev, st.st_ino };
    return EDGEL_OK;
}

enum edgel_status edgel_sync_add(struct edgel_sync *s, struct edgel_output *output, struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    EDGEL_REQUIRE(output);
    struct stat st;
    int fd = edgel_output_fd(output);
    EDGEL_TRY(edgel_output_flush(output, err));
    if (fd < 0)
        return EDGEL_OK;
    if (fstat(fd, &st) != 0)
        return edgel_fail_system(err, edgel_output_name(output), "cannot be asked for", errno);
    if (!make_room((void **)(void *)&s->files, s->nfiles, &s->files_cap, sizeof *s->files))
        return edgel_no_memory(err, edgel_output_name(output));
    EDGEL_TRY(add_folder(s, edgel_output_place(output), err));
    s->files[s->nfiles++] = (struct file){ fd, st.st_dev };
    return EDGEL_OK;
}

static bool seen_before(const struct edgel_sync *s, size_t i)
{
    for (size_t j = 0; WHOLE_FILE_SYSTEMS && j < i; j++)
        if (s->files[j].dev == s->files[i].dev)
            return true;
    return false;
}

enum edgel_status edgel_sync_bytes(struct edgel_sync *s, struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    for (size_t i = 0; i < s->nfiles; i++)
        if (!seen_before(s, i) && syncfs(s->files[i].fd) != 0)
            return edgel_fail_system(err, edgel_dir_name(s->folders[0].place), "cannot be made durable",
                                     errno);
    return EDGEL_OK;
}

/* Makes the names in a folder durable, and where only single files can be synced its own in the folder above, and so
 * on: the run may have made them all. EINVAL: the file system cannot sync folders. */
static bool sync_folder(int at)
{
    struct stat here = { 0 }, above;
    int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    while (!WHOLE_FILE_SYSTEMS && synced && fstat(fd, &here) == 0 && fstatat(fd, "..", &above, 0) == 0 &&
           (here.st_dev != above.st_dev || here.st_ino != above.st_ino)) {
        const int up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(fd);
        fd = up;
        synced = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    }
    const int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return synced;
}

enum edgel_status edgel_sync_names(struct edgel_sync *s, struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    enum edgel_status st = EDGEL_OK;
    for (size_t i = 0; i < s->nfolders && st == EDGEL_OK; i++)
        if (!sync_folder(edgel_dir_fd(s->folders[i].place)))
            st = edgel_fail_system(err, edgel_dir_name(s->folders[i].place),
                                   "names in it cannot be made durable", errno);
    empty(s);
    return st;
}
