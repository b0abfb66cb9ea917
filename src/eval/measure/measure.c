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
    int full;                         /* of the prediction */
    double level;                     /* BINARY: smallest integer sample that is foreground */
    uint8_t *ignored;                 /* [EDGEL_IDS] */
    uint16_t *t, *p, *other, *levels; /* rows of ids; of an annotator; of curve levels */
    uint16_t *votes, *voters;         /* ANY, MAJORITY */
    uint16_t *level_of;               /* integer sample to curve level */
    uint64_t *hist[2];                /* [thresholds + 1] of negatives, positives */
    int32_t *t_plane, *p_plane;       /* tolerance, distances: [w * h] judged ids, else -1 */
    int32_t *whole;                   /* objects: [w * h] predicted ids, judged or not */
    struct edgel_confusion confusion;
    struct edgel_row *row;
    struct edgel_error *err;
};

static bool binary(const struct work *k)
{
    return k->params->labels == EDGEL_LABELS_BINARY;
}

enum edgel_status edgel_measure_check(const struct edgel_measure *p, size_t ntruth, struct edgel_error *err)
{
    if (p->labels == EDGEL_LABELS_AUTO)
        return edgel_fail(err, EDGEL_EINVAL, "labels: auto must be resolved before measuring");
    if (!(p->threshold >= 0 && p->threshold <= 1))
        return edgel_fail(err, EDGEL_EINVAL, "threshold: must be from 0 to 1");
    if (p->thresholds < 0 || p->thresholds > EDGEL_THRESHOLDS_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "thresholds %d: must be from 0 to %d", p->thresholds,
                          EDGEL_THRESHOLDS_MAX);
    if (edgel_curve_thresholds(p) > 0 && p->labels != EDGEL_LABELS_BINARY)
        return edgel_fail(err, EDGEL_EINVAL, "thresholds: only binary masks can be swept");
    if (!(p->tolerance <= EDGEL_TOLERANCE_MAX))
        return edgel_fail(err, EDGEL_EINVAL, "tolerance: must be at most 1e9");
    if (!(p->band >= 0 && p->band <= 1))
        return edgel_fail(err, EDGEL_EINVAL, "band: must be from 0 to 1");
    for (size_t i = 0; i < p->nignore; i++)
        if (p->ignore[i] < 0 || p->ignore[i] >= EDGEL_IDS)
            return edgel_fail(err, EDGEL_EINVAL, "ignore %d: ids are 0 to %d", p->ignore[i], EDGEL_IDS - 1);
    if (edgel_of_maps(p))
        EDGEL_TRY(edgel_boundary_check(p, err));
    else if (p->listed)
        return edgel_fail(err, EDGEL_EINVAL, "listed: lists of segmentations have boundaries, and no pixels");
    EDGEL_TRY(edgel_objects_params(p, err));
    bool votes = p->annotator == EDGEL_ANNOTATOR_ANY || p->annotator == EDGEL_ANNOTATOR_MAJORITY;
    if (votes && p->labels != EDGEL_LABELS_BINARY)
        return edgel_fail(err, EDGEL_EINVAL, "annotator: any and majority need binary masks");
    if (ntruth < 1 || ntruth > INT16_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "truth: %zu masks for one image", ntruth);
    if (ntruth > 1 && p->annotator == EDGEL_ANNOTATOR_NONE && !edgel_of_maps(p))
        return edgel_fail(err, EDGEL_EINVAL, "%zu annotators: say which to take (a number, any or majority)",
                          ntruth);
    if (p->annotator == EDGEL_ANNOTATOR_INDEX && p->annotator_index < 1)
        return edgel_fail(err, EDGEL_EINVAL, "annotator %d: counted from 1", p->annotator_index);
    return EDGEL_OK;
}

static enum edgel_status check_masks(struct work *k)
{
    for (size_t i = 0; i < k->ntruth; i++)
        EDGEL_TRY(edgel_mask_check(&k->truth[i], "truth", false, k->err));
    k->w = k->truth->view.w;
    k->h = k->truth->view.h;
    for (size_t i = 1; i < k->ntruth; i++)
        EDGEL_TRY(edgel_mask_check_size(&k->truth[i], "another annotator's truth", k->w, k->h, k->err));
    if (k->valid) {
        EDGEL_TRY(edgel_mask_check(k->valid, "validity mask", false, k->err));
        EDGEL_TRY(edgel_mask_check_size(k->valid, "validity mask", k->w, k->h, k->err));
    }
    if (k->prediction) {
        EDGEL_TRY(edgel_mask_check(k->prediction, "prediction", binary(k), k->err));
        EDGEL_TRY(edgel_mask_check_size(k->prediction, "prediction", k->w, k->h, k->err));
    }
    if (k->params->annotator == EDGEL_ANNOTATOR_INDEX) {
        if ((size_t)k->params->annotator_index > k->ntruth)
            return edgel_fail(k->err, EDGEL_EFORMAT, "annotator %d: the image has %zu",
                              k->params->annotator_index, k->ntruth);
        k->truth += k->params->annotator_index - 1;
        k->ntruth = 1;
    }
    return EDGEL_OK;
}

static bool prepare_curve(struct work *k)
{
    const size_t n = (size_t)k->params->thresholds;
    k->levels = edgel_alloc((size_t)k->w, sizeof *k->levels);
    k->row->curve_tp = edgel_alloc(n, sizeof *k->row->curve_tp);
    k->row->curve_fp = edgel_alloc(n, sizeof *k->row->curve_fp);
    for (int i = 0; i < 2; i++)
        if (!(k->hist[i] = edgel_calloc(n + 1, sizeof *k->hist[i])))
            return false;
    if (!k->levels || !k->row->curve_tp || !k->row->curve_fp)
        return false;
    if (!k->prediction || edgel_mask_is_float(k->prediction))
        return true;
    const uint32_t top = k->prediction->view.type == EDGEL_U8 ? 256 : EDGEL_IDS;
    if (!(k->level_of = edgel_alloc(EDGEL_IDS, sizeof *k->level_of)))
        return false;
    for (uint32_t v = 0; v < top; v++)
        k->level_of[v] = (uint16_t)edgel_curve_level(v, (int)n, k->full);
    for (uint32_t v = top; v < EDGEL_IDS; v++) /* ids of colours in 8-bit files */
        k->level_of[v] = (uint16_t)n;
    return true;
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
    const bool objects = k->params->objects != EDGEL_OBJECTS_NONE;
    if (objects && !(k->whole = edgel_alloc(w * (size_t)k->h, sizeof *k->whole)))
        return false;
    if (k->params->tolerance >= 0 || k->params->distances || k->params->band > 0 || k->params->davis ||
        objects) {
        k->t_plane = edgel_alloc(w * (size_t)k->h, sizeof *k->t_plane);
        k->p_plane = edgel_alloc(w * (size_t)k->h, sizeof *k->p_plane);
        if (!k->t_plane || !k->p_plane)
            return false;
    }
    return edgel_confusion_init(&k->confusion) && (k->params->thresholds == 0 || prepare_curve(k));
}

static void release(struct work *k)
{
    edgel_free(k->ignored);
    edgel_free(k->t);
    edgel_free(k->p);
    edgel_free(k->other);
    edgel_free(k->levels);
    edgel_free(k->votes);
    edgel_free(k->voters);
    edgel_free(k->level_of);
    edgel_free(k->hist[0]);
    edgel_free(k->hist[1]);
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
        EDGEL_TRY(edgel_mask_row(&k->truth[i], k->params->colors, y, ids, k->err));
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
    EDGEL_TRY(edgel_mask_row(k->truth, k->params->colors, y, k->t, k->err));
    if (binary(k))
        to_binary(k, k->t);
    return EDGEL_OK;
}

static void float_row(struct work *k, int y)
{
    const struct edgel_view *v = &k->prediction->view;
    const float *p = (const float *)(const void *)((const char *)v->data + y * v->stride);
    const float threshold = (float)k->params->threshold;
    for (int x = 0; x < k->w; x++, p += v->channels) {
        k->p[x] = p[0] >= threshold;
        if (k->levels)
            k->levels[x] = (uint16_t)edgel_curve_level_float(p[0], k->params->thresholds);
    }
}

/* A missing prediction: the complement (passing every threshold where it is foreground), or no id at all. */
static void missing_row(struct work *k)
{
    for (int x = 0; x < k->w; x++) {
        k->p[x] = binary(k) && k->t[x] == 0;
        if (k->levels)
            k->levels[x] = k->p[x] ? (uint16_t)k->params->thresholds : 0;
    }
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
    EDGEL_TRY(edgel_mask_row(k->prediction, k->params->colors, y, k->p, k->err));
    if (!binary(k))
        return EDGEL_OK;
    for (int x = 0; k->levels && x < k->w; x++)
        k->levels[x] = k->level_of[k->p[x]];
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
        if (k->levels)
            k->levels[n] = k->levels[x];
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

static enum edgel_status measure_row(struct work *k, int y)
{
    EDGEL_TRY(truth_row(k, y));
    EDGEL_TRY(prediction_row(k, y));
    if (k->t_plane)
        plane_row(k, y);
    int n = k->valid ? keep_valid(k, y) : k->w;
    k->row->pixels += (uint64_t)n;
    if (!edgel_confusion_add(&k->confusion, k->t, k->p, (size_t)n))
        return edgel_fail(k->err, EDGEL_ENOMEM, "measure: out of memory");
    for (int x = 0; k->levels && x < n; x++)
        if (!k->ignored[k->t[x]])
            k->hist[k->t[x] != 0][k->levels[x]]++;
    return EDGEL_OK;
}

static enum edgel_status finish_tolerance(struct work *k)
{
    struct edgel_row *r = k->row;
    if (k->params->tolerance < 0)
        return EDGEL_OK;
    EDGEL_TRY(edgel_tolerance_measure(k->t_plane, k->p_plane, k->w, k->h, k->params->tolerance,
                                      binary(k) ? 1 : -1, &r->tolerance, &r->ntolerance, k->err));
    for (size_t i = 0; !k->prediction && i < r->ntolerance; i++) /* a missing one is near nothing */
        r->tolerance[i].matched_prediction = r->tolerance[i].matched_truth = 0;
    return EDGEL_OK;
}

static enum edgel_status finish_planes(struct work *k)
{
    struct edgel_row *r = k->row;
    EDGEL_TRY(finish_tolerance(k));
    const int32_t *p = k->prediction ? k->p_plane : NULL;
    const int32_t only = binary(k) ? 1 : -1;
    if (k->params->distances)
        EDGEL_TRY(
            edgel_distances_measure(k->t_plane, p, k->w, k->h, only, &r->distances, &r->ndistances, k->err));
    if (k->params->band > 0)
        EDGEL_TRY(edgel_bands_measure(k->t_plane, p, k->w, k->h, k->params->band, only, &r->bands, &r->nbands,
                                      k->err));
    if (k->params->davis)
        EDGEL_TRY(
            edgel_contours_measure(k->t_plane, p, k->w, k->h, only, &r->contours, &r->ncontours, k->err));
    if (k->params->objects == EDGEL_OBJECTS_COMPONENTS)
        EDGEL_TRY(edgel_components_measure(k->t_plane, p ? k->whole : NULL, k->w, k->h, r, k->err));
    return EDGEL_OK;
}

static enum edgel_status finish_counts(struct work *k)
{
    struct edgel_row *r = k->row;
    if (!edgel_confusion_cells(&k->confusion, &r->cells, &r->ncells))
        return edgel_fail(k->err, EDGEL_ENOMEM, "measure: out of memory");
    for (size_t i = 0; !k->prediction && !binary(k) && i < r->ncells; i++)
        r->cells[i].prediction = EDGEL_ID_NONE;
    if (k->levels) {
        const int n = k->params->thresholds;
        edgel_curve_suffix(k->hist[1], n, r->curve_tp);
        edgel_curve_suffix(k->hist[0], n, r->curve_fp);
        r->positives = r->curve_tp[0] + k->hist[1][0];
        r->negatives = r->curve_fp[0] + k->hist[0][0];
    }
    return k->t_plane ? finish_planes(k) : EDGEL_OK;
}

static enum edgel_status measure_pixels(struct work *k)
{
    enum edgel_status st = EDGEL_OK;
    if (!prepare(k))
        st = edgel_fail(k->err, EDGEL_ENOMEM, "measure, %dx%d: out of memory", k->w, k->h);
    for (int y = 0; y < k->h && st == EDGEL_OK; y++)
        st = measure_row(k, y);
    if (st == EDGEL_OK)
        st = finish_counts(k);
    release(k);
    return st;
}

enum edgel_status edgel_measure_image(const struct edgel_measure *params, const struct edgel_mask *prediction,
                                      bool zero_one, const struct edgel_mask *truth, size_t ntruth,
                                      const struct edgel_mask *valid, struct edgel_row *row,
                                      struct edgel_error *err)
{
    struct work k = { .params = params, .prediction = prediction, .truth = truth, .ntruth = ntruth };
    if (params->regions)
        return edgel_fail(err, EDGEL_EINVAL, "regions are measured by edgel_measure_maps()");
    if (params->boundary != EDGEL_BOUNDARY_NONE)
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
    row->thresholds = edgel_curve_thresholds(params);
    k.full = prediction ? edgel_mask_full(prediction, zero_one, params->colors) : 1;
    k.level = ceil(params->threshold * k.full);
    if (edgel_objects_alone(params->objects))
        st = edgel_object_ids_measure(params, prediction, k.truth, valid, row, err);
    else
        st = measure_pixels(&k);
    if (st != EDGEL_OK) {
        row->image = NULL;
        edgel_row_finish(row);
        row->image = image;
    }
    return st;
}

void edgel_row_finish(struct edgel_row *row)
{
    edgel_free(row->image);
    edgel_free(row->cells);
    edgel_free(row->curve_tp);
    edgel_free(row->curve_fp);
    edgel_free(row->tolerance);
    edgel_distances_free(row->distances, row->ndistances);
    edgel_free(row->boundary.matched_truth);
    edgel_free(row->boundary.prediction);
    edgel_free(row->boundary.matched_prediction);
    edgel_regions_finish(&row->regions);
    edgel_free(row->bands);
    edgel_free(row->contours);
    edgel_objects_free(row->objects, row->nobjects);
    *row = (struct edgel_row){ 0 };
}
