/*
 * Pairs from a list with lines PREDICTION <tab> TRUTH [<tab> TRUTH]... Names are taken byte for byte (none can hold a
 * tab or a newline); the key of a line is its PREDICTION as written, without extension and suffix.
 */
#include "batch/batch_priv.h"
#include <string.h>

struct source {
    struct edgel_pairs *pairs;
    const char *list, *suffix;
    const char *prediction, *truth; /* what stands before relative names: "FOLDER/" or "" */
};

static const char *prefix_of(struct edgel_pairs *p, const char *folder)
{
    if (!folder || *folder == '\0')
        return "";
    size_t n = edgel_path_trim(folder);
    return edgel_strings_add(&p->strings, folder, n, "/", folder[n - 1] != '/');
}

static const char *place(struct edgel_pairs *p, const char *prefix, const char *name)
{
    return edgel_strings_add(&p->strings, prefix, name[0] == '/' ? 0 : strlen(prefix), name, strlen(name));
}

static enum edgel_status take_line(void *user, char *line, size_t n, size_t number, struct edgel_error *err)
{
    const struct source *src = user;
    (void)n;
    char *truth = strchr(line, '\t');
    if (!truth || truth == line)
        return edgel_fail(err, EDGEL_EINVAL, "%s, line %zu: must be PREDICTION, a tab and TRUTH", src->list,
                          number);
    *truth++ = '\0';
    const char *key = edgel_pairs_key(src->pairs, line, src->suffix);
    const char *prediction = place(src->pairs, src->prediction, line);
    if (!key || !prediction)
        return edgel_fail(err, EDGEL_ENOMEM, "%s, line %zu: out of memory", src->list, number);
    EDGEL_TRY(edgel_pairs_add(src->pairs, key, prediction, err));
    for (char *next; truth; truth = next) {
        next = strchr(truth, '\t');
        if (next)
            *next++ = '\0';
        if (*truth == '\0')
            return edgel_fail(err, EDGEL_EINVAL, "%s, line %zu: a name between tabs is empty", src->list,
                              number);
        const char *path = place(src->pairs, src->truth, truth);
        if (!path)
            return edgel_fail(err, EDGEL_ENOMEM, "%s, line %zu: out of memory", src->list, number);
        EDGEL_TRY(edgel_pairs_truth(src->pairs, path, err));
    }
    return EDGEL_OK;
}

enum edgel_status edgel_pairs_list(struct edgel_pairs *p, const struct edgel_pairs_params *params,
                                   struct edgel_error *err)
{
    struct source src = { .pairs = p,
                          .list = params->pairs_file,
                          .suffix = params->prediction_suffix,
                          .prediction = prefix_of(p, params->prediction),
                          .truth = prefix_of(p, params->truth) };
    if (!src.prediction || !src.truth)
        return edgel_no_memory(err, src.list);
    return edgel_lines_read(src.list, '\n', take_line, &src, err);
}
