/* What a run tells others of itself while it is at work in its output folder, and whether it can write there at all. */
#include "batch/folder/folder_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

struct naming {
    const struct edgel_folder *f;
    struct edgel_folder_paths *paths;
};

static const char *name_of(void *user, uint64_t hash)
{
    const struct naming *n = user;
    for (size_t k = 0; k < edgel_folder_count(n->f); k++) {
        edgel_folder_paths_fill(n->paths, n->f, edgel_folder_item(n->f, k));
        for (size_t m = 0; m < n->f->run->noutputs; m++)
            if (edgel_presence_hash(edgel_plan_below(n->f->plan, n->paths->at[m])) == hash)
                return n->paths->at[m];
    }
    return "an output of this one";
}

enum edgel_status edgel_folder_announce(struct edgel_folder *f, struct edgel_folder_paths *paths,
                                        struct edgel_error *err)
{
    const size_t count = edgel_folder_count(f), noutputs = f->run->noutputs;
    struct naming naming = { f, paths };
    struct edgel_presence_params p = { .path = f->run->output,
                                       .settings = f->settings,
                                       .nsettings = f->nsettings,
                                       .name_of = name_of,
                                       .user = &naming };
    uint64_t *hashes = edgel_calloc(count * noutputs, sizeof *hashes);
    if (!hashes)
        return edgel_no_memory(err, f->run->output);
    for (size_t k = 0; k < count; k++) {
        const size_t i = edgel_folder_item(f, k);
        if (edgel_inputs_at(f->inputs, i)->broken)
            continue;
        edgel_folder_paths_fill(paths, f, i);
        for (size_t m = 0; m < noutputs; m++)
            hashes[p.noutputs++] = edgel_presence_hash(edgel_plan_below(f->plan, paths->at[m]));
    }
    qsort(hashes, p.noutputs, sizeof *hashes, by_value);
    p.outputs = hashes;
    const enum edgel_status s = edgel_presence_announce(&p, f->out, &f->presence, err);
    edgel_free(hashes);
    return s;
}

/* Whether a file could be made at path below the folder: in its folder, or in the one above that would get that. */
static bool is_open_to_us(const struct edgel_folder *f, char *path)
{
    char *below = path + strlen(f->plan->prefix), *slash;
    const int at = edgel_output_folder_fd(f->out);
    while ((slash = strrchr(below, '/')) != NULL) {
        *slash = '\0';
        if (faccessat(at, below, W_OK | X_OK, AT_EACCESS) == 0)
            return true;
        if (errno != ENOENT)
            return false;
    }
    return faccessat(at, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

bool edgel_folder_can_write(const struct edgel_folder *f, struct edgel_folder_paths *paths)
{
    size_t wanted = 0;
    for (size_t k = 0; k < edgel_folder_count(f); k++) {
        const size_t i = edgel_folder_item(f, k);
        if (edgel_inputs_at(f->inputs, i)->broken)
            continue;
        edgel_folder_paths_fill(paths, f, i);
        for (size_t m = 0; m < f->run->noutputs; m++) {
            if (edgel_plan_skips(f->plan, i, m))
                continue;
            wanted++;
            if (is_open_to_us(f, paths->at[m]))
                return true;
        }
    }
    return wanted == 0;
}
