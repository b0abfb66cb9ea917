/*
 * "-": one image, mask or map from standard input, and one to standard output.
 *
 * What comes in is kept in a file without a name, unless it is a file already: it is read by its header first, row by
 * row or several times, as other files are, and memory does not grow with it. What goes out is written to a folder for
 * the moment and copied when it is whole, so that a reader never gets half an image of a run that failed.
 */
#include "cli/run/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, BLOCK_BYTES = 1 << 16 };

static char spooled[32]; /* path of what came in; "": nothing did */

static void temporary(char *buf, const char *name)
{
    const char *folder = getenv("TMPDIR");
    snprintf(buf, PATH_BYTES, "%s/%s", folder && *folder ? folder : "/tmp", name);
}

/* Copies at most `most` bytes; 0, or errno, EFBIG for more. */
static int copy(int from, int to, uint64_t most)
{
    char *block = cli_alloc(BLOCK_BYTES, 1);
    int failed = 0;
    for (ssize_t n; failed == 0 && (n = read(from, block, BLOCK_BYTES)) != 0;) {
        if (n < 0) {
            failed = errno == EINTR && !cli_stop(NULL) ? 0 : errno;
            continue;
        }
        if ((uint64_t)n > most)
            failed = EFBIG;
        most -= (uint64_t)n;
        for (ssize_t done = 0; failed == 0 && done < n;) {
            const ssize_t written = write(to, block + done, (size_t)(n - done));
            if (written >= 0)
                done += written;
            else if (errno != EINTR)
                failed = errno;
        }
    }
    free(block);
    return failed;
}

static enum edgel_status spool(uint64_t most, struct edgel_error *err)
{
    char path[PATH_BYTES];
    struct stat st;
    if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode)) {
        snprintf(spooled, sizeof spooled, "/dev/fd/%d", STDIN_FILENO);
        return EDGEL_OK;
    }
    temporary(path, "edgel-XXXXXX");
    const int fd = mkstemp(path);
    if (fd < 0)
        return edgel_error_set(err, EDGEL_EIO, "%s: %s", path, strerror(errno));
    unlink(path);
    const int failed = copy(STDIN_FILENO, fd, most);
    if (failed != 0)
        close(fd);
    if (failed == EFBIG)
        return edgel_error_set(err, EDGEL_ELIMIT, "standard input: more than %llu bytes (--max-file)",
                               (unsigned long long)most);
    if (failed != 0)
        return edgel_error_set(err, EDGEL_EIO, "standard input: %s", strerror(failed));
    snprintf(spooled, sizeof spooled, "/dev/fd/%d", fd);
    return EDGEL_OK;
}

const char *cli_standard_name(const char *path)
{
    return path == spooled ? "-" : path;
}

enum edgel_status cli_standard_input(const char **paths, size_t n, uint64_t most, struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    for (size_t i = 0; i < n && s == EDGEL_OK; i++) {
        if (!paths[i] || strcmp(paths[i], "-") != 0)
            continue;
        s = spooled[0] ? edgel_error_set(err, EDGEL_EINVAL, "-: standard input can be read once")
                       : spool(most, err);
        if (s != EDGEL_OK)
            continue;
        paths[i] = spooled;
        cli_call_path(spooled, "standard input");
    }
    return s;
}

enum edgel_status cli_standard_output_begin(struct cli_standard_output *out, const char *name,
                                            struct edgel_error *err)
{
    const char *dot = name ? strrchr(name, '.') : NULL;
    char folder[PATH_BYTES];
    temporary(folder, "edgel-XXXXXX");
    *out = (struct cli_standard_output){ 0 };
    if (!mkdtemp(folder))
        return edgel_error_set(err, EDGEL_EIO, "%s: %s", folder, strerror(errno));
    const size_t n = strlen(folder) + (dot ? strlen(dot) : 4) + 8;
    out->folder = cli_strndup(folder, strlen(folder));
    out->path = cli_alloc(n, 1);
    snprintf(out->path, n, "%s/image%s", folder, dot ? dot : ".png");
    cli_call_path(out->path, "standard output");
    return EDGEL_OK;
}

enum edgel_status cli_standard_output_end(struct cli_standard_output *out, bool whole,
                                          struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    const int fd = whole ? open(out->path, O_RDONLY | O_CLOEXEC) : -1;
    if (whole) {
        const int failed = fd < 0 ? errno : copy(fd, STDOUT_FILENO, UINT64_MAX);
        if (failed != 0)
            s = edgel_error_set(err, EDGEL_EIO, "standard output: %s", strerror(failed));
    }
    if (fd >= 0)
        close(fd);
    if (out->path)
        (void)unlink(out->path);
    if (out->folder)
        (void)rmdir(out->folder);
    free(out->path);
    free(out->folder);
    *out = (struct cli_standard_output){ 0 };
    return s;
}
