/*
 * One image whose boundaries or regions are predicted as a soft map, a list of segmentations or a hierarchy: checked
 * against its truth and against what the run is of, then measured.
 */
#include "eval/eval_priv.h"

struct maps {
    const struct edgel_measure *params;
    const struct edgel_prediction *prediction; /* NULL: missing */
    struct edgel_truth truth;
    int w, h;
    double *grid;    /* a hierarchy that came as a map */
    uint8_t *maxima; /* a map after its suppression */
    struct edgel_mask maxima_mask;
    const struct edgel_mask *raw; /* that map; NULL: not suppressed */
    int raw_full;
    struct edgel_prediction made; /* of one of these */
    struct edgel_error *err;
};

static enum edgel_status check_masks(struct maps *k, const struct edgel_mask *masks, const char *what)
{
    if (!masks)
        return edgel_fail(k->err, EDGEL_EINVAL, "truth: no %s", what);
    for (size_t i = 0; i < k->truth.n; i++) {
        EDGEL_TRY(edgel_mask_check(&masks[i], "truth", false, k->err));
        if (k->w == 0) {
            k->w = masks->view.w;
            k->h = masks->view.h;
        }
        EDGEL_TRY(edgel_mask_check_size(&masks[i], "another annotator's truth", masks, k->err));
    }
    return EDGEL_OK;
}

/* All truth has one size. */
static const struct edgel_mask *a_truth(const struct maps *k)
{
    return k->truth.boundaries ? k->truth.boundaries : k->truth.segmentations;
}

static enum edgel_status check_truth(struct maps *k)
{
    struct edgel_truth *t = &k->truth;
    const int index = k->params->annotator_index;
    if (k->params->options[EDGEL_BOUNDARY][0] > 0)
        EDGEL_TRY(check_masks(k, t->boundaries, "boundaries"));
    if (k->params->options[EDGEL_REGIONS][0] > 0)
        EDGEL_TRY(check_masks(k, t->segmentations, "segmentations"));
    if (k->params->annotator != EDGEL_ANNOTATOR_INDEX)
        return EDGEL_OK;
    if ((size_t)index > t->n)
        return edgel_fail(k->err, EDGEL_EFORMAT, "truth: no annotator %d, the image has %zu", index, t->n);
    if (t->boundaries)
        t->boundaries += index - 1;
    if (t->segmentations)
        t->segmentations += index - 1;
    t->n = 1;
    return EDGEL_OK;
}

static enum edgel_status check_list(const struct maps *k)
{
    const struct edgel_prediction *p = k->prediction;
    if (!p->segmentations)
        return edgel_fail(k->err, EDGEL_EFORMAT,
                          "prediction is no list of segmentations, as others of the run are");
    if (p->n != (size_t)k->params->thresholds)
        return edgel_fail(k->err, EDGEL_EFORMAT, "prediction has %zu segmentations, the run %d", p->n,
                          k->params->thresholds);
    for (size_t i = 0; i < p->n; i++) {
        EDGEL_TRY(edgel_mask_check(&p->segmentations[i], "predicted segmentation", false, k->err));
        EDGEL_TRY(edgel_mask_check_size(&p->segmentations[i], "predicted segmentation", a_truth(k), k->err));
    }
    return EDGEL_OK;
}

/* The values of a map of double size as a hierarchy. */
static enum edgel_status make_grid(struct maps *k, const struct edgel_mask *map, int full)
{
    const size_t w = (size_t)map->view.w, h = (size_t)map->view.h;
    uint16_t *ids = edgel_alloc(w, sizeof *ids);
    enum edgel_status st = EDGEL_OK;
    if (!ids || !(k->grid = edgel_alloc(w * h, sizeof *k->grid)))
        st = edgel_no_memory_for(k->err, "boundary", k->w, k->h);
    for (size_t y = 0; y < h && st == EDGEL_OK; y++) {
        const char *row = (const char *)map->view.data + (ptrdiff_t)y * map->view.stride;
        const size_t step = (size_t)map->view.channels;
        if (!edgel_mask_is_float(map))
            st = edgel_mask_read(map, "prediction", (int)y, ids, k->err);
        for (size_t x = 0; x < w && st == EDGEL_OK; x++)
            k->grid[y * w + x] = edgel_mask_is_float(map)
                                     ? (double)((const float *)(const void *)row)[x * step]
                                     : (double)ids[x] / full;
    }
    edgel_free(ids);
    k->made = (struct edgel_prediction){ .ucm2 = k->grid, .w = (int)w, .h = (int)h };
    k->prediction = &k->made;
    return st;
}

static enum edgel_status suppress(struct maps *k, const struct edgel_mask *map, int *full)
{
    const double ratio = edgel_boundary_option(k->params, EDGEL_NMS_RATIO);
    const int radius = (int)edgel_boundary_option(k->params, EDGEL_NMS_RADIUS);
    if (!(k->maxima = edgel_alloc((size_t)k->w * (size_t)k->h, 1)))
        return edgel_no_memory_for(k->err, "boundary", k->w, k->h);
    EDGEL_TRY(edgel_map_nms(map, *full, ratio, radius, k->maxima, k->err));
    k->maxima_mask = (struct edgel_mask){ .view = { k->maxima, k->w, k->h, 1, EDGEL_U8, k->w }, .bits = 8 };
    k->made = (struct edgel_prediction){ .map = &k->maxima_mask };
    k->prediction = &k->made;
    k->raw = map;
    k->raw_full = *full;
    *full = 255;
    return EDGEL_OK;
}

static bool double_size(const struct maps *k, int w, int h)
{
    return w == 2 * (int64_t)k->w + 1 && h == 2 * (int64_t)k->h + 1;
}

static enum edgel_status check_map(struct maps *k, bool zero_one, int *full)
{
    const struct edgel_prediction *p = k->prediction;
    if (p->segmentations)
        return edgel_fail(k->err, EDGEL_EFORMAT,
                          "prediction is a list of segmentations, and others of the run are not");
    if (p->ucm2 && !double_size(k, p->w, p->h))
        return edgel_fail(k->err, EDGEL_EFORMAT,
                          "predicted ucm2 is %dx%d, truth is %dx%d: must be twice as large and 1 more", p->w,
                          p->h, k->w, k->h);
    const bool nms = edgel_boundary_option(k->params, EDGEL_NMS) > 0;
    if (nms && (p->ucm2 || double_size(k, p->map->view.w, p->map->view.h)))
        return edgel_fail(k->err, EDGEL_EFORMAT, "prediction is a hierarchy, and nms is of soft maps");
    if (p->ucm2)
        return EDGEL_OK;
    EDGEL_TRY(edgel_mask_check(p->map, "prediction", true, k->err));
    *full = edgel_mask_full(p->map, zero_one);
    if (double_size(k, p->map->view.w, p->map->view.h))
        return make_grid(k, p->map, *full);
    if (k->params->options[EDGEL_REGIONS][0] > 0)
        return edgel_fail(k->err, EDGEL_EFORMAT,
                          "prediction is a map of %dx%d, no hierarchy of an image of %dx%d", p->map->view.w,
                          p->map->view.h, k->w, k->h);
    EDGEL_TRY(edgel_mask_check_size(p->map, "prediction", a_truth(k), k->err));
    return nms ? suppress(k, p->map, full) : EDGEL_OK;
}

static enum edgel_status measure(struct maps *k, bool zero_one, struct edgel_row *row)
{
    int full = 1;
    if (!edgel_of_maps(k->params))
        return edgel_fail(k->err, EDGEL_EINVAL, "neither boundaries nor regions are asked for");
    EDGEL_TRY(edgel_measure_check(k->params, k->truth.n, k->err));
    EDGEL_TRY(check_truth(k));
    if (k->prediction)
        EDGEL_TRY(k->params->listed ? check_list(k) : check_map(k, zero_one, &full));
    row->kind = k->prediction ? EDGEL_ROW_MEASURED : EDGEL_ROW_MISSING;
    row->w = k->w;
    row->h = k->h;
    const struct edgel_map_masks maps = { k->prediction, full, k->raw, k->raw_full, k->truth };
    const struct edgel_measuring m = { .params = k->params,
                                       .w = k->w,
                                       .h = k->h,
                                       .missing = !k->prediction,
                                       .maps = &maps,
                                       .only = -1,
                                       .row = row,
                                       .err = k->err };
    return edgel_families_measure(&m);
}

enum edgel_status edgel_measure_maps(const struct edgel_measure *params,
                                     const struct edgel_prediction *prediction, bool zero_one,
                                     const struct edgel_truth *truth, struct edgel_row *row,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(truth);
    EDGEL_REQUIRE(row);
    struct maps k = { .params = params, .prediction = prediction, .truth = *truth, .err = err };
    char *image = row->image;
    *row = (struct edgel_row){ .prediction = row->prediction, .image = image };
    const enum edgel_status st = measure(&k, zero_one, row);
    edgel_free(k.grid);
    edgel_free(k.maxima);
    if (st != EDGEL_OK) {
        const int method = row->prediction;
        row->image = NULL;
        edgel_row_finish(row);
        row->image = image;
        row->prediction = method;
    }
    return st;
}
