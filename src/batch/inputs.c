/* The list of files to read: arguments, then the lines of a list file, each folder replaced by the files in it. */
#include "batch/batch_priv.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* A file by itself. "a.png/" is kept as it is, so that opening it fails, but is named a.png. */
static enum edgel_status add_file(struct edgel_inputs *in, const char *path, int error,
                                  struct edgel_error *err)
{
    size_t base = edgel_path_base(path), end = edgel_path_trim(path);
    EDGEL_TRY(edgel_inputs_add(in, "", path, base, false, error, err));
    if (path[end] == '\0')
        return EDGEL_OK;
    struct edgel_input *added = &in->at[in->count - 1];
    added->rel = edgel_strings_add(&in->strings, path + base, end - base, "", 0);
    return added->rel ? EDGEL_OK : edgel_no_memory(err, "list of inputs");
}

static enum edgel_status add_path(const struct edgel_walk *w, const char *path, struct edgel_error *err)
{
    struct stat st;
    int error;
    if (stat(path, &st) != 0)
        return add_file(w->inputs, path, errno, err);
    if (!S_ISDIR(st.st_mode))
        return add_file(w->inputs, path, 0, err);
    enum edgel_status s = edgel_walk_folder(w, path, &error, err);
    return s == EDGEL_EIO ? add_file(w->inputs, path, error, err) : s;
}

static enum edgel_status add_line(void *user, char *line, size_t n, size_t number, struct edgel_error *err)
{
    (void)n;
    (void)number;
    return add_path(user, line, err);
}

static enum edgel_status collect(const struct edgel_inputs_params *p, struct edgel_inputs *in,
                                 struct edgel_error *err)
{
    struct edgel_walk w = { .params = p, .inputs = in };
    struct stat st;
    if (p->skip_folder && stat(p->skip_folder, &st) == 0) {
        w.skips = true;
        w.skip_dev = st.st_dev;
        w.skip_ino = st.st_ino;
    }
    for (size_t i = 0; i < p->npaths; i++)
        EDGEL_TRY(add_path(&w, p->paths[i], err));
    if (p->files_from)
        EDGEL_TRY(edgel_lines_read(p->files_from, p->nul ? '\0' : '\n', add_line, &w, err));
    return EDGEL_OK;
}

enum edgel_status edgel_inputs_collect(const struct edgel_inputs_params *params, struct edgel_inputs **out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(out);
    *out = NULL;
    struct edgel_inputs *in = edgel_calloc(1, sizeof *in);
    if (!in)
        return edgel_no_memory(err, "list of inputs");
    enum edgel_status s = collect(params, in, err);
    if (s != EDGEL_OK)
        edgel_inputs_destroy(&in);
    *out = in;
    return s;
}
