/* Files that survive a power failure. A rename may reach the disk before the bytes of the file, so the bytes are synced
 * first, then the files are renamed, then the folders that hold the names are synced. Waiting for the disk takes far
 * longer than writing, so a whole group is synced at once: on Linux syncfs() waits for everything written to a file
 * system, new folders included; elsewhere each file is synced, and each folder with all folders above it. */
#define _GNU_SOURCE /* syncfs */
#include "io/io_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
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
    char **folders; /* each once */
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
        edgel_free(s->folders[i]);
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

/* The folder of path[0..n), with the slash that ends it, or "./". */
static bool add_folder(struct edgel_sync *s, const char *path, size_t n)
{
    while (n > 0 && path[n - 1] != '/')
        n--;
    const char *folder = n > 0 ? path : "./";
    size_t length = n > 0 ? n : 2;
    for (size_t i = 0; i < s->nfolders; i++)
        if (strlen(s->folders[i]) == length && memcmp(s->folders[i], folder, length) == 0)
            return true;
    char *copy = edgel_alloc(length + 1, 1);
    if (!copy || !make_room((void **)(void *)&s->folders, s->nfolders, &s->folders_cap, sizeof *s->folders)) {
        edgel_free(copy);
        return false;
    }
    memcpy(copy, folder, length);
    copy[length] = '\0';
    s->folders[s->nfolders++] = copy;
    return WHOLE_FILE_SYSTEMS || n <= 1 || add_folder(s, path, n - 1);
}

enum edgel_status edgel_sync_add(struct edgel_sync *s, struct edgel_output *output, struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    EDGEL_REQUIRE(output);
    struct stat st;
    int fd = edgel_output_fd(output);
    const char *final = edgel_output_final(output);
    EDGEL_TRY(edgel_output_flush(output, err));
    if (fd < 0)
        return EDGEL_OK;
    if (fstat(fd, &st) != 0)
        return edgel_fail_system(err, final, "cannot be asked for", errno);
    if (!make_room((void **)(void *)&s->files, s->nfiles, &s->files_cap, sizeof *s->files) ||
        !add_folder(s, final, strlen(final)))
        return edgel_no_memory(err, final);
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
            return edgel_fail_system(err, s->folders[0], "cannot be made durable", errno);
    return EDGEL_OK;
}

enum edgel_status edgel_sync_names(struct edgel_sync *s, struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    enum edgel_status st = EDGEL_OK;
    for (size_t i = 0; i < s->nfolders && st == EDGEL_OK; i++) {
        int fd = open(s->folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) /* EINVAL: the file system cannot sync folders */
            st = edgel_fail_system(err, s->folders[i], "names in it cannot be made durable", errno);
        if (fd >= 0)
            close(fd);
    }
    empty(s);
    return st;
}
