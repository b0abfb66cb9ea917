/*
 * One image to integers: the confusion of raw ids, counts per threshold, pixels matched within a tolerance.
 *
 * Judged are the pixels that the validity mask sets and whose truth is not ignored. The confusion also keeps the valid
 * pixels with an ignored truth under their raw id, so that other ids can be ignored when the counts are reduced; sweep
 * and tolerance leave them out here.
 *
 * BINARY ids: background 0, foreground 1 = any raw value but 0; a raw value above 1 that is ignored keeps its own id.
 * Several annotators: those who marked a pixel with an ignored value have no vote on it; where nobody has one, the
 * pixel has the first annotator's ignored id.
 */
#include "eval/eval_priv.h"
#include <limits.h>
#include <math.h>
#include <string.h>

struct work {
    const struct edgel_measure *params;
    const struct edgel_mask *prediction; /* NULL: missing */
    const struct edgel_mask *truth;
    size_t ntruth;
    const struct edgel_mask *valid;
    int w, h;
    int full;                 /* of the prediction */
    double level;             /* BINARY: smallest integer sample that is foreground */
    uint8_t *ignored;         /* [EDGEL_IDS] */
    uint16_t *t, *p, *other;  /* rows of ids; of an annotator */
    uint16_t *votes, *voters; /* ANY, MAJORITY */
    int8_t *side;             /* with a sweep: a row of truth, -1 what is not judged */
    struct edgel_sweep sweep;
    unsigned needs;             /* of the families that are asked for */
    int32_t *t_plane, *p_plane; /* [w * h] judged ids, else -1 */
    int32_t *whole;             /* [w * h] predicted ids, judged or not */
    uint64_t pixels;
    struct edgel_confusion confusion;
    struct edgel_row *row;
    struct edgel_error *err;
};

static bool binary(const struct work *k)
{
    return k->params->labels == EDGEL_LABELS_BINARY;
}

static enum edgel_status check_masks(struct work *k)
{
    for (size_t i = 0; i < k->ntruth; i++)
        EDGEL_TRY(edgel_mask_check(&k->truth[i], "truth", false, k->err));
    k->w = k->truth->view.w;
    k->h = k->truth->view.h;
    for (size_t i = 1; i < k->ntruth; i++)
        EDGEL_TRY(edgel_mask_check_size(&k->truth[i], "another annotator's truth", &k->truth[0], k->err));
    if (k->valid) {
        EDGEL_TRY(edgel_mask_check(k->valid, "validity mask", false, k->err));
        EDGEL_TRY(edgel_mask_check_size(k->valid, "validity mask", &k->truth[0], k->err));
    }
    if (k->prediction) {
        EDGEL_TRY(edgel_mask_check(k->prediction, "prediction", binary(k), k->err));
        EDGEL_TRY(edgel_mask_check_size(k->prediction, "prediction", &k->truth[0], k->err));
    }
    if (k->params->annotator == EDGEL_ANNOTATOR_INDEX) {
        if ((size_t)k->params->annotator_index > k->ntruth)
            return edgel_fail(k->err, EDGEL_EFORMAT, "truth: no annotator %d, the image has %zu",
                              k->params->annotator_index, k->ntruth);
        k->truth += k->params->annotator_index - 1;
        k->ntruth = 1;
    }
    return EDGEL_OK;
}

static bool prepare(struct work *k)
{
    const size_t w = (size_t)k->w;
    k->ignored = edgel_calloc(EDGEL_IDS, 1);
    k->t = edgel_alloc(w, sizeof *k->t);
    k->p = edgel_alloc(w, sizeof *k->p);
    k->other = edgel_alloc(w, sizeof *k->other);
    k->votes = edgel_alloc(w, sizeof *k->votes);
    k->voters = edgel_alloc(w, sizeof *k->voters);
    if (!k->ignored || !k->t || !k->p || !k->other || !k->votes || !k->voters)
        return false;
    for (size_t i = 0; i < k->params->nignore; i++)
        k->ignored[k->params->ignore[i]] = 1;
    if (k->needs & EDGEL_NEEDS_WHOLE && !(k->whole = edgel_alloc(w * (size_t)k->h, sizeof *k->whole)))
        return false;
    if (k->needs & EDGEL_NEEDS_PLANES) {
        k->t_plane = edgel_alloc(w * (size_t)k->h, sizeof *k->t_plane);
        k->p_plane = edgel_alloc(w * (size_t)k->h, sizeof *k->p_plane);
        if (!k->t_plane || !k->p_plane)
            return false;
    }
    if (k->needs & EDGEL_NEEDS_LEVELS) {
        k->side = edgel_alloc(w, sizeof *k->side);
        if (!k->side || !edgel_sweep_init(&k->sweep, k->prediction, k->full, k->params->thresholds, k->w))
            return false;
    }
    return edgel_confusion_init(&k->confusion);
}

static void release(struct work *k)
{
    edgel_free(k->ignored);
    edgel_free(k->t);
    edgel_free(k->p);
    edgel_free(k->other);
    edgel_free(k->votes);
    edgel_free(k->voters);
    edgel_free(k->side);
    if (k->needs & EDGEL_NEEDS_LEVELS)
        edgel_sweep_finish(&k->sweep);
    edgel_free(k->t_plane);
    edgel_free(k->p_plane);
    edgel_free(k->whole);
    edgel_confusion_finish(&k->confusion);
}

static void to_binary(const struct work *k, uint16_t *ids)
{
    for (int x = 0; x < k->w; x++)
        if (ids[x] > 1 && !k->ignored[ids[x]])
            ids[x] = 1;
}

/* Joins the annotators' rows in k->t: foreground if any voter, or more than half of them, marked it. */
static enum edgel_status vote_row(struct work *k, int y)
{
    const bool any = k->params->annotator == EDGEL_ANNOTATOR_ANY;
    memset(k->votes, 0, (size_t)k->w * sizeof *k->votes);
    memset(k->voters, 0, (size_t)k->w * sizeof *k->voters);
    for (size_t i = 0; i < k->ntruth; i++) {
        uint16_t *ids = i == 0 ? k->t : k->other;
        EDGEL_TRY(edgel_mask_read(&k->truth[i], "truth", y, ids, k->err));
        to_binary(k, ids);
        for (int x = 0; x < k->w; x++) {
            bool votes = ids[x] <= 1;
            k->voters[x] = (uint16_t)(k->voters[x] + votes);
            k->votes[x] = (uint16_t)(k->votes[x] + (votes && ids[x] == 1));
        }
    }
    for (int x = 0; x < k->w; x++)
        if (k->voters[x] > 0)
            k->t[x] = any ? k->votes[x] > 0 : 2 * k->votes[x] > k->voters[x];
    return EDGEL_OK;
}

static enum edgel_status truth_row(struct work *k, int y)
{
    if (k->ntruth > 1)
        return vote_row(k, y);
    EDGEL_TRY(edgel_mask_read(k->truth, "truth", y, k->t, k->err));
    if (binary(k))
        to_binary(k, k->t);
    return EDGEL_OK;
}

static void float_row(struct work *k, int y)
{
    const struct edgel_view *v = &k->prediction->view;
    const float *p = (const float *)(const void *)((const char *)v->data + y * v->stride);
    const float threshold = (float)k->params->threshold;
    if (k->side)
        edgel_sweep_floats(&k->sweep, p, v->channels, k->w);
    for (int x = 0; x < k->w; x++, p += v->channels)
        k->p[x] = p[0] >= threshold;
}

/* A missing prediction: the complement (of the last level where it is foreground), or no id at all. */
static void missing_row(struct work *k)
{
    for (int x = 0; x < k->w; x++)
        k->p[x] = binary(k) && k->t[x] == 0;
    if (k->side)
        edgel_sweep_ids(&k->sweep, k->p, k->w);
}

static enum edgel_status prediction_row(struct work *k, int y)
{
    if (!k->prediction) {
        missing_row(k);
        return EDGEL_OK;
    }
    if (edgel_mask_is_float(k->prediction)) {
        float_row(k, y);
        return EDGEL_OK;
    }
    EDGEL_TRY(edgel_mask_read(k->prediction, "prediction", y, k->p, k->err));
    if (!binary(k))
        return EDGEL_OK;
    if (k->side)
        edgel_sweep_ids(&k->sweep, k->p, k->w);
    for (int x = 0; x < k->w; x++)
        k->p[x] = k->p[x] >= k->level;
    return EDGEL_OK;
}

/* Drops the pixels of row y that are not valid; the number of those that stay. */
static int keep_valid(struct work *k, int y)
{
    int n = 0;
    for (int x = 0; x < k->w; x++) {
        k->t[n] = k->t[x];
        k->p[n] = k->p[x];
        n += edgel_mask_set(k->valid, x, y);
    }
    return n;
}

static void plane_row(struct work *k, int y)
{
    int32_t *t = k->t_plane + (size_t)y * (size_t)k->w, *p = k->p_plane + (size_t)y * (size_t)k->w;
    for (int x = 0; x < k->w; x++) {
        bool judged = !k->ignored[k->t[x]] && (!k->valid || edgel_mask_set(k->valid, x, y));
        t[x] = judged ? k->t[x] : -1;
        p[x] = judged && (k->prediction || binary(k)) ? k->p[x] : -1;
    }
    for (int x = 0; k->whole && x < k->w; x++)
        k->whole[(size_t)y * (size_t)k->w + (size_t)x] = k->p[x];
}

static void sweep_row(struct work *k, int y)
{
    for (int x = 0; x < k->w; x++) {
        const bool judged = !k->ignored[k->t[x]] && (!k->valid || edgel_mask_set(k->valid, x, y));
        k->side[x] = judged ? k->t[x] != 0 : -1;
    }
    edgel_sweep_add(&k->sweep, k->side, k->w);
}

static enum edgel_status measure_row(struct work *k, int y)
{
    EDGEL_TRY(truth_row(k, y));
    EDGEL_TRY(prediction_row(k, y));
    if (k->t_plane)
        plane_row(k, y);
    if (k->side)
        sweep_row(k, y);
    int n = k->valid ? keep_valid(k, y) : k->w;
    k->pixels += (uint64_t)n;
    if (!edgel_confusion_add(&k->confusion, k->t, k->p, (size_t)n))
        return edgel_no_memory(k->err, "measure");
    return EDGEL_OK;
}

/* The counts of all families that are asked for. pass: the pixels were read. */
static enum edgel_status finish_counts(struct work *k, bool pass)
{
    const struct edgel_measuring m = { .params = k->params,
                                       .w = k->w,
                                       .h = k->h,
                                       .missing = !k->prediction,
                                       .prediction = k->prediction,
                                       .truth = k->truth,
                                       .valid = k->valid,
                                       .pixels = k->pixels,
                                       .confusion = pass ? &k->confusion : NULL,
                                       .sweep = k->side ? &k->sweep : NULL,
                                       .t_plane = k->t_plane,
                                       .p_plane = k->p_plane,
                                       .whole = k->whole,
                                       .only = binary(k) ? 1 : -1,
                                       .row = k->row,
                                       .err = k->err };
    return edgel_families_measure(&m);
}

static enum edgel_status measure_pixels(struct work *k)
{
    enum edgel_status st = EDGEL_OK;
    if (!prepare(k))
        st = edgel_no_memory_for(k->err, "measure", k->w, k->h);
    for (int y = 0; y < k->h && st == EDGEL_OK; y++)
        st = measure_row(k, y);
    if (st == EDGEL_OK)
        st = finish_counts(k, true);
    release(k);
    return st;
}

enum edgel_status edgel_measure_image(const struct edgel_measure *params, const struct edgel_mask *prediction,
                                      bool zero_one, const struct edgel_mask *truth, size_t ntruth,
                                      const struct edgel_mask *valid, struct edgel_row *row,
                                      struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(truth);
    EDGEL_REQUIRE(row);
    struct work k = { .params = params, .prediction = prediction, .truth = truth, .ntruth = ntruth };
    if (params->options[EDGEL_REGIONS][0] > 0)
        return edgel_fail(err, EDGEL_EINVAL, "regions are measured by edgel_measure_maps()");
    if (params->options[EDGEL_BOUNDARY][0] > 0)
        return edgel_measure_maps(params, prediction ? &(struct edgel_prediction){ .map = prediction } : NULL,
                                  zero_one, &(struct edgel_truth){ .boundaries = truth, .n = ntruth }, row,
                                  err);
    k.valid = valid;
    k.row = row;
    k.err = err;
    char *image = row->image;
    *row = (struct edgel_row){ .prediction = row->prediction, .image = image };
    enum edgel_status st;
    if ((st = edgel_measure_check(params, ntruth, err)) != EDGEL_OK || (st = check_masks(&k)) != EDGEL_OK)
        return st;
    row->kind = prediction ? EDGEL_ROW_MEASURED : EDGEL_ROW_MISSING;
    row->w = k.w;
    row->h = k.h;
    k.needs = edgel_families_needs(params);
    k.full = prediction ? edgel_mask_full(prediction, zero_one) : 1;
    k.level = ceil(params->threshold * k.full);
    if (edgel_objects_alone(params))
        st = finish_counts(&k, false);
    else
        st = measure_pixels(&k);
    if (st != EDGEL_OK) {
        row->image = NULL;
        edgel_row_finish(row);
        row->image = image;
    }
    return st;
}
