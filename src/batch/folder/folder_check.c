/* What a run over folders refuses before any work, besides what its plan refuses. */
#include "batch/folder/folder_priv.h"
#include <string.h>

enum edgel_status edgel_folder_check_names(const struct edgel_folder *f, struct edgel_folder_paths *paths,
                                           struct edgel_error *err)
{
    for (size_t i = 0; f->run->check && i < edgel_inputs_count(f->inputs); i++) {
        if (edgel_inputs_at(f->inputs, i)->broken)
            continue;
        edgel_folder_paths_fill(paths, f, i);
        for (size_t m = 0; m < f->run->noutputs; m++)
            EDGEL_TRY(f->run->check(f->run->user, m, paths->at[m], err));
    }
    return EDGEL_OK;
}

static bool is_file(const char *path)
{
    return path && strcmp(path, "-") != 0;
}

static enum edgel_status refuse_input(const char *log, const char *input, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EINVAL, "%s: is the input %s; inputs are never written to", log, input);
}

enum edgel_status edgel_folder_check_log(const struct edgel_folder *f, struct edgel_folder_paths *paths,
                                         struct edgel_error *err)
{
    const char *log = f->run->log, *list = f->run->inputs.files_from;
    if (log && is_file(list) && edgel_same_file(log, list))
        return refuse_input(log, list, err);
    for (size_t i = 0; is_file(log) && i < edgel_inputs_count(f->inputs); i++) {
        const char *input = edgel_inputs_at(f->inputs, i)->path;
        if (edgel_same_file(log, input))
            return refuse_input(log, input, err);
        edgel_folder_paths_fill(paths, f, i);
        for (size_t m = 0; m < f->run->noutputs; m++)
            if (strcmp(log, paths->at[m]) == 0 || edgel_same_file(log, paths->at[m]))
                return edgel_fail(err, EDGEL_EINVAL, "%s: is the output of %s", log, input);
    }
    return EDGEL_OK;
}
