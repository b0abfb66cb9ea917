/*
 * The record of a run in its output folder, from which an interrupted run is resumed. It exists from before the first
 * output until the run has ended. Each finished image is one line, written after its outputs have been renamed: a
 * killed process loses no line, and an image without a line is done again.
 *
 * The file is locked while its run is running. The system releases the lock when the process ends, so a record without
 * a lock is of a killed run.
 */
#include "batch/journal_priv.h"
#include "io/io_priv.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 10, FOLDERS_DEEP = 256 };

/* --- marks --- */

/* A path with its NUL. */
static uint64_t with_path(uint64_t hash, const char *path)
{
    return edgel_hash_bytes(hash, path, strlen(path) + 1);
}

bool edgel_mark_input(struct edgel_mark *mark, const char *path)
{
    struct stat st;
    *mark = (struct edgel_mark){ 0 };
    if (stat(path, &st) != 0)
        return false;
    mark->hash = with_path(EDGEL_HASH_START, path);
    mark->size_bytes = (uint64_t)st.st_size;
    mark->seconds = st.st_mtim.tv_sec;
    mark->nanoseconds = st.st_mtim.tv_nsec;
    return true;
}

void edgel_mark_output(struct edgel_mark *mark, const char *path)
{
    mark->hash = with_path(mark->hash, path);
}

/* The first mark with that hash, or the one after. */
static size_t find_hash(const struct edgel_journal *j, uint64_t hash)
{
    size_t lo = 0, hi = j->count;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (j->marks[mid].hash < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool edgel_journal_has(const struct edgel_journal *j, const struct edgel_mark *mark)
{
    for (size_t k = find_hash(j, mark->hash); k < j->count && j->marks[k].hash == mark->hash; k++) {
        const struct edgel_mark *m = &j->marks[k];
        if (m->size_bytes == mark->size_bytes && m->seconds == mark->seconds &&
            m->nanoseconds == mark->nanoseconds)
            return true;
    }
    return false;
}

bool edgel_journal_knows(const struct edgel_journal *j, const struct edgel_mark *mark)
{
    const size_t k = find_hash(j, mark->hash);
    return k < j->count && j->marks[k].hash == mark->hash;
}

bool edgel_journal_is_older(const struct edgel_journal *j, const struct timespec *time)
{
    return j->written.tv_sec != time->tv_sec ? j->written.tv_sec < time->tv_sec
                                             : j->written.tv_nsec < time->tv_nsec;
}

bool edgel_journal_finished(const struct edgel_journal *j)
{
    return j->finished;
}

size_t edgel_journal_count(const struct edgel_journal *j)
{
    return j->count;
}

/* --- the file --- */

void edgel_journal_close(struct edgel_journal **journal)
{
    struct edgel_journal *j = journal ? *journal : NULL;
    if (!j)
        return;
    if (j->fd >= 0)
        close(j->fd);
    edgel_output_folder_close(&j->own);
    edgel_free(j->path);
    edgel_free(j->marks);
    edgel_free(j->runs);
    edgel_free(j);
    *journal = NULL;
}

static enum edgel_status create(const struct edgel_journal_params *p, struct edgel_journal **out,
                                struct edgel_error *err)
{
    struct edgel_text path = { 0 };
    struct edgel_journal *j = edgel_calloc(1, sizeof *j);
    edgel_text_add(&path, p->folder, edgel_path_trim(p->folder));
    edgel_text_str(&path, "/.edgel-journal");
    if (p->shard && p->shard->count > 0)
        edgel_text_printf(&path, "-%" PRId64 "-of-%" PRId64, p->shard->index, p->shard->count);
    if (j) {
        j->fd = -1;
        j->folder = p->held;
        j->path = path.failed ? NULL : edgel_strdup(path.s);
    }
    edgel_text_finish(&path);
    *out = j;
    if (j && j->path) {
        j->name = strrchr(j->path, '/') + 1;
        return EDGEL_OK;
    }
    edgel_journal_close(out);
    return edgel_fail(err, EDGEL_ENOMEM, "journal of %s: out of memory", p->folder);
}

/* Takes the lock. *gone: the run that held it has removed the file in the meantime. On a file system without locks the
 * record is used without one. */
static enum edgel_status lock(const struct edgel_journal *j, bool *gone, struct edgel_error *err)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    struct stat st;
    *gone = false;
    if (fcntl(j->fd, F_SETLK, &l) != 0 && (errno == EACCES || errno == EAGAIN))
        return edgel_fail(err, EDGEL_EINVAL, "%s: another run is at work there", j->path);
    *gone = fstat(j->fd, &st) != 0 || st.st_nlink == 0;
    return EDGEL_OK;
}

/* Opens and locks. j->fd stays -1 when there is no file and flags do not make one. */
static enum edgel_status open_locked(struct edgel_journal *j, int flags, struct edgel_error *err)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        bool gone;
        j->fd = openat(edgel_output_folder_fd(j->folder), j->name,
                       O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | flags, 0666);
        if (j->fd < 0 && !(flags & O_CREAT) && (errno == ENOENT || errno == ENOTDIR))
            return EDGEL_OK;
        if (j->fd < 0)
            return edgel_fail_system(err, j->path, "cannot be opened", errno);
        EDGEL_TRY(lock(j, &gone, err));
        if (!gone)
            return EDGEL_OK;
        close(j->fd);
        j->fd = -1;
    }
    return edgel_fail(err, EDGEL_EIO, "%s: is removed again and again", j->path);
}

enum edgel_status edgel_journal_find(const struct edgel_journal_params *params, struct edgel_journal **out,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(out);
    struct edgel_journal *j;
    bool empty = true;
    *out = NULL;
    EDGEL_TRY(create(params, &j, err));
    enum edgel_status st = EDGEL_OK;
    if (!j->folder)
        st = edgel_output_folder_find(params->folder, false, &j->own, err);
    if (j->own)
        j->folder = j->own;
    if (st == EDGEL_OK && j->folder)
        st = open_locked(j, 0, err);
    if (st == EDGEL_OK && j->fd >= 0)
        st = edgel_journal_read(j, params, &empty, err);
    edgel_journal_sort(j);
    if (st != EDGEL_OK || empty)
        edgel_journal_close(&j);
    *out = j;
    return st;
}

/* --- writing --- */

static enum edgel_status append(struct edgel_journal *j, const char *s, size_t n, struct edgel_error *err)
{
    while (n > 0 && !j->failed) {
        ssize_t k = write(j->fd, s, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0) {
            j->failed = true;
            return edgel_fail_system(err, j->path, "cannot be written", errno);
        }
        s += k;
        n -= (size_t)k;
    }
    return j->failed ? edgel_fail(err, EDGEL_EIO, "%s: an earlier write failed", j->path) : EDGEL_OK;
}

static size_t mark_line(char *line, size_t size, const struct edgel_mark *m)
{
    return (size_t)snprintf(line, size, "done %016" PRIx64 " %" PRIu64 " %" PRId64 ".%09" PRId64 "\n",
                            m->hash, m->size_bytes, m->seconds, m->nanoseconds);
}

enum edgel_status edgel_journal_add(struct edgel_journal *journal, const struct edgel_mark *mark,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(journal);
    EDGEL_REQUIRE(mark);
    char line[128];
    journal->added++;
    return append(journal, line, mark_line(line, sizeof line, mark), err);
}

static void put_header(struct edgel_text *t, const struct edgel_journal_params *p, bool finished)
{
    edgel_text_printf(t, "%s%s,\"settings\":", EDGEL_JOURNAL_HEAD, finished ? "true " : "false");
    edgel_settings_text(t, p->settings, p->nsettings);
    edgel_text_str(t, "}\n");
}

static enum edgel_status write_header(struct edgel_journal *j, const struct edgel_journal_params *p,
                                      struct edgel_error *err)
{
    struct edgel_text t = { 0 };
    put_header(&t, p, false);
    enum edgel_status st = t.failed ? edgel_no_memory(err, j->path) : append(j, t.s, t.len, err);
    edgel_text_finish(&t);
    return st;
}

static enum edgel_status begin_new(const struct edgel_journal_params *p, struct edgel_journal **out,
                                   struct edgel_error *err)
{
    struct edgel_journal *j;
    EDGEL_TRY(create(p, &j, err));
    enum edgel_status st = EDGEL_OK;
    if (!j->folder)
        st = edgel_output_folder_open(p->folder, false, &j->own, err);
    if (j->own)
        j->folder = j->own;
    if (st == EDGEL_OK)
        st = open_locked(j, O_CREAT, err);
    if (st != EDGEL_OK) {
        edgel_journal_close(&j);
        return st;
    }
    struct stat older;
    if (fstat(j->fd, &older) == 0 &&
        older.st_size > 0) { /* not written over: the power may fail in between */
        (void)unlinkat(edgel_output_folder_fd(j->folder), j->name, 0);
        close(j->fd);
        j->fd = -1;
        st = open_locked(j, O_CREAT, err);
    }
    if (st == EDGEL_OK && ftruncate(j->fd, 0) != 0)
        st = edgel_fail_system(err, j->path, "cannot be emptied", errno);
    if (st == EDGEL_OK)
        st = write_header(j, p, err);
    if (st != EDGEL_OK)
        edgel_journal_remove(&j); /* a record without a head is none */
    *out = j;
    return st;
}

/* --- unfinished files of killed runs --- */

static bool is_leftover(const struct edgel_journal *j, const char *name)
{
    struct edgel_journal_run r;
    unsigned n;
    int end = 0;
    if (sscanf(name, ".edgel-%lu-%lx-%u.tmp%n", &r.pid, &r.tag, &n, &end) != 3 || end == 0 ||
        name[end] != '\0')
        return false;
    for (size_t i = 0; i < j->nruns; i++)
        if (j->runs[i].pid == r.pid && j->runs[i].tag == r.tag)
            return true;
    return false;
}

/* Closes fd. What cannot be opened or removed stays; it does no harm. */
static void clean_folder(const struct edgel_journal *j, int fd, int depth)
{
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *e;
    struct stat st;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((e = readdir(dir)) != NULL) {
        if (is_leftover(j, e->d_name))
            unlinkat(dirfd(dir), e->d_name, 0);
        else if (depth < FOLDERS_DEEP && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
                 fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
            clean_folder(j, openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                         depth + 1);
    }
    closedir(dir);
}

void edgel_journal_clean(const struct edgel_journal *journal, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = edgel_strdup(slash ? path : ".");
    if (folder && slash)
        folder[slash == path ? 1 : slash - path] = '\0';
    if (folder)
        clean_folder(journal, open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), FOLDERS_DEEP);
    edgel_free(folder);
}

enum edgel_status edgel_journal_begin(const struct edgel_journal_params *params,
                                      struct edgel_journal **journal, struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(journal);
    char line[64];
    struct edgel_journal *j = *journal;
    enum edgel_status st = EDGEL_OK;
    if (!j)
        EDGEL_TRY(begin_new(params, journal, err));
    else if (ftruncate(j->fd, (off_t)j->whole_bytes) != 0 || lseek(j->fd, 0, SEEK_END) < 0)
        st = edgel_fail_system(err, j->path, "cannot be cut to its last whole line", errno);
    else
        clean_folder(j, openat(edgel_output_folder_fd(j->folder), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                     0);
    if (st == EDGEL_OK && (*journal)->finished &&
        pwrite((*journal)->fd, "false", 5, sizeof EDGEL_JOURNAL_HEAD - 1) != 5)
        st = edgel_fail_system(err, (*journal)->path, "cannot be written", errno);
    int n = snprintf(line, sizeof line, "run %lu-%08lx\n", (unsigned long)getpid(),
                     (unsigned long)edgel_output_tag());
    if (st == EDGEL_OK)
        st = append(*journal, line, (size_t)n, err);
    if (st != EDGEL_OK)
        edgel_journal_close(journal);
    return st;
}

/* --- the end --- */

static enum edgel_status write_finished(const struct edgel_journal *j, const struct edgel_journal_params *p,
                                        struct edgel_output *out, struct edgel_error *err)
{
    struct edgel_text t = { 0 };
    put_header(&t, p, true);
    enum edgel_status s = t.failed ? edgel_no_memory(err, j->path) : edgel_output_write(out, t.s, t.len, err);
    edgel_text_finish(&t);
    const struct edgel_mark **marks = NULL;
    size_t n = 0;
    if (s == EDGEL_OK)
        s = edgel_journal_last_marks(j, &marks, &n, err);
    for (size_t k = 0; k < n && s == EDGEL_OK; k++) {
        char line[128];
        s = edgel_output_write(out, line, mark_line(line, sizeof line, marks[k]), err);
    }
    edgel_free(marks);
    return s;
}

/* On the disk before the name leads to it, and the name after it. */
static enum edgel_status commit_durably(struct edgel_output **out, struct edgel_error *err)
{
    struct edgel_sync *sync = NULL;
    EDGEL_TRY(edgel_sync_create(&sync, err));
    enum edgel_status s = edgel_sync_add(sync, *out, err);
    if (s == EDGEL_OK)
        s = edgel_sync_bytes(sync, err);
    if (s == EDGEL_OK)
        s = edgel_output_commit(out, err);
    if (s == EDGEL_OK)
        s = edgel_sync_names(sync, err);
    edgel_sync_destroy(&sync);
    return s;
}

static enum edgel_status finish(struct edgel_journal *j, const struct edgel_journal_params *p, bool durable,
                                struct edgel_error *err)
{
    const struct edgel_journal_params none = { 0 };
    struct edgel_output *out = NULL;
    bool empty;
    j->count = j->nruns = j->whole_bytes = 0;
    EDGEL_TRY(edgel_journal_read(j, &none, &empty, err));
    EDGEL_TRY(edgel_output_folder_begin(j->folder, j->name, &out, err));
    enum edgel_status s = write_finished(j, p, out, err);
    if (s == EDGEL_OK)
        s = durable ? commit_durably(&out, err) : edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    return s;
}

void edgel_journal_remove(struct edgel_journal **journal)
{
    struct edgel_journal *j = journal ? *journal : NULL;
    if (!j)
        return;
    (void)unlinkat(edgel_output_folder_fd(j->folder), j->name, 0);
    edgel_journal_close(journal);
}

enum edgel_status edgel_journal_end(const struct edgel_journal_params *params, struct edgel_journal **journal,
                                    bool durable, struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(journal);
    struct edgel_journal *j = *journal;
    if (!j)
        return EDGEL_OK;
    if (j->failed || j->count + j->added == 0) {
        edgel_journal_remove(journal);
        return EDGEL_OK;
    }
    s = finish(j, params, durable, err);
    edgel_journal_close(journal);
    return s;
}
