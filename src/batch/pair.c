/*
 * Predictions and their truth: what is common to the two sources of pairs (folders in pair_match.c, list files in
 * pair_list.c). n files cost O(n log n).
 */
#include "batch/batch_priv.h"
#include "io/io_priv.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_key(const void *a, const void *b)
{
    const struct edgel_keyed *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : strcmp(x->path, y->path);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum edgel_status look_at(const char *path, bool *folder, struct edgel_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return edgel_fail_system(err, path, "cannot be read", errno);
    *folder = S_ISDIR(st.st_mode);
    return EDGEL_OK;
}

static enum edgel_status key_files(struct edgel_pairs *p, const struct edgel_inputs *in, const char *suffix,
                                   struct edgel_keyed_list *list, struct edgel_error *err)
{
    size_t n = edgel_inputs_count(in);
    list->at = n ? edgel_calloc(n, sizeof *list->at) : NULL;
    if (n && !list->at)
        return edgel_no_memory(err, "list of pairs");
    for (size_t i = 0; i < n; i++) {
        const struct edgel_input *f = edgel_inputs_at(in, i);
        if (f->broken &&
            (!f->folder || is_folder(f->path))) /* a lone bad file fails by itself, when it is read */
            return edgel_fail_system(err, f->path, "cannot be read", f->error);
        const char *key = edgel_pairs_key(p, f->rel, suffix);
        if (!key)
            return edgel_no_memory(err, "list of pairs");
        list->at[list->count++] = (struct edgel_keyed){ .key = key, .path = f->path };
    }
    if (n > 1)
        qsort(list->at, n, sizeof *list->at, by_key);
    for (size_t i = 1; i < n; i++)
        if (strcmp(list->at[i - 1].key, list->at[i].key) == 0)
            return edgel_fail(err, EDGEL_EINVAL, "%s and %s have one key, %s: a key stands for one file",
                              list->at[i - 1].path, list->at[i].path, list->at[i].key);
    return EDGEL_OK;
}

/* The files of a folder (or one file) under their keys. */
static enum edgel_status collect(struct edgel_pairs *p, const char *path, const char *suffix, bool mat,
                                 struct edgel_inputs **in, struct edgel_keyed_list *list,
                                 struct edgel_error *err)
{
    const struct edgel_inputs_params params = { .paths = &path, .npaths = 1, .mat = mat };
    EDGEL_TRY(edgel_inputs_collect(&params, in, err));
    return key_files(p, *in, suffix, list, err);
}

/* --- folders, files --- */

/* Two files are a pair whatever their names; the key is that of the prediction. */
static enum edgel_status pair_files(struct edgel_pairs *p, const struct edgel_keyed_list *prediction,
                                    const struct edgel_keyed_list *truth, struct edgel_error *err)
{
    EDGEL_TRY(edgel_pairs_add(p, prediction->at[0].key, prediction->at[0].path, err));
    return edgel_pairs_truth(p, truth->at[0].path, err);
}

static enum edgel_status pair_paths(struct edgel_pairs *p, const struct edgel_pairs_params *params,
                                    struct edgel_error *err)
{
    if (!params->prediction || !params->truth)
        return edgel_fail(err, EDGEL_EINVAL, "pairs: need a prediction and a truth, or a list of pairs");
    struct edgel_keyed_list prediction = { 0 }, truth = { 0 };
    enum edgel_status s =
        collect(p, params->prediction, params->prediction_suffix, true, &p->prediction, &prediction, err);
    if (s == EDGEL_OK)
        s = collect(p, params->truth, params->truth_suffix, true, &p->truth, &truth, err);
    bool folder = false, truth_folder = false;
    if (s == EDGEL_OK)
        s = look_at(params->prediction, &folder, err);
    if (s == EDGEL_OK)
        s = look_at(params->truth, &truth_folder, err);
    if (s == EDGEL_OK && folder != truth_folder)
        s = edgel_fail(err, EDGEL_EINVAL,
                       "%s and %s: one is a folder, the other a file; both must be the same",
                       params->prediction, params->truth);
    else if (s == EDGEL_OK && folder)
        s = edgel_pairs_match(p, &prediction, &truth, err);
    else if (s == EDGEL_OK)
        s = pair_files(p, &prediction, &truth, err);
    edgel_free(prediction.at);
    edgel_free(truth.at);
    return s;
}

/* The mask with the key of the pair; a mask given as a file is that of every pair. */
static enum edgel_status add_masks(struct edgel_pairs *p, const char *valid, struct edgel_error *err)
{
    struct edgel_keyed_list masks = { 0 };
    enum edgel_status s = collect(p, valid, NULL, false, &p->valid, &masks, err);
    bool folder = true;
    if (s == EDGEL_OK)
        s = look_at(valid, &folder, err);
    const bool one = !folder;
    for (size_t i = 0; s == EDGEL_OK && i < p->count; i++) {
        const struct edgel_keyed *mask = one ? &masks.at[0] : edgel_keyed_find(&masks, p->at[i].key);
        p->at[i].valid = mask ? mask->path : NULL;
        p->at[i].missing_valid = !mask;
    }
    edgel_free(masks.at);
    return s;
}

static enum edgel_status make(struct edgel_pairs *p, const struct edgel_pairs_params *params,
                              struct edgel_error *err)
{
    if (params->pairs_file)
        EDGEL_TRY(edgel_pairs_list(p, params, err));
    else
        EDGEL_TRY(pair_paths(p, params, err));
    EDGEL_TRY(edgel_pairs_seal(p, err));
    return params->valid ? add_masks(p, params->valid, err) : EDGEL_OK;
}

enum edgel_status edgel_pairs_collect(const struct edgel_pairs_params *params, struct edgel_pairs **out,
                                      struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(out);
    *out = NULL;
    struct edgel_pairs *p = edgel_calloc(1, sizeof *p);
    if (!p)
        return edgel_no_memory(err, "list of pairs");
    enum edgel_status s = make(p, params, err);
    if (s != EDGEL_OK)
        edgel_pairs_destroy(&p);
    *out = p;
    return s;
}

static const char *keep(struct edgel_pairs *p, const char *s)
{
    return edgel_strings_add(&p->strings, s, strlen(s), "", 0);
}

static enum edgel_status add_given(struct edgel_pairs *p, const struct edgel_pair *given,
                                   struct edgel_error *err)
{
    const char *key = keep(p, given->key),
               *prediction = given->prediction ? keep(p, given->prediction) : NULL;
    if (!given->prediction && given->ntruth == 0)
        return edgel_fail(err, EDGEL_EINVAL, "%s: neither a prediction nor a truth", given->key);
    if (!key || (given->prediction && !prediction))
        return edgel_no_memory(err, "list of pairs");
    EDGEL_TRY(edgel_pairs_add(p, key, prediction, err));
    for (size_t k = 0; k < given->ntruth; k++) {
        const char *truth = keep(p, given->truth[k]);
        if (!truth)
            return edgel_no_memory(err, "list of pairs");
        EDGEL_TRY(edgel_pairs_truth(p, truth, err));
    }
    return EDGEL_OK;
}

enum edgel_status edgel_pairs_build(const struct edgel_pair *given, size_t n, const char *valid,
                                    struct edgel_pairs **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(given || n == 0);
    EDGEL_REQUIRE(out);
    *out = NULL;
    struct edgel_pairs *p = edgel_calloc(1, sizeof *p);
    enum edgel_status s = p ? EDGEL_OK : edgel_no_memory(err, "list of pairs");
    for (size_t i = 0; i < n && s == EDGEL_OK; i++)
        s = add_given(p, &given[i], err);
    if (s == EDGEL_OK)
        s = edgel_pairs_seal(p, err);
    if (s == EDGEL_OK && valid)
        s = add_masks(p, valid, err);
    if (s != EDGEL_OK)
        edgel_pairs_destroy(&p);
    *out = p;
    return s;
}

void edgel_pairs_destroy(struct edgel_pairs **pairs)
{
    if (!pairs || !*pairs)
        return;
    struct edgel_pairs *p = *pairs;
    edgel_strings_finish(&p->strings);
    edgel_inputs_destroy(&p->prediction);
    edgel_inputs_destroy(&p->truth);
    edgel_inputs_destroy(&p->valid);
    edgel_free(p->at);
    edgel_free((void *)p->truths);
    edgel_free(p);
    *pairs = NULL;
}

size_t edgel_pairs_count(const struct edgel_pairs *pairs)
{
    return pairs->count;
}

const struct edgel_pair *edgel_pairs_at(const struct edgel_pairs *pairs, size_t i)
{
    return &pairs->at[i];
}
