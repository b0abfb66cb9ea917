/*
 * Regions of one image against those of each annotator. A region is all pixels of one label, the label 0 as any other;
 * of a hierarchy at threshold t a component (8 neighbours) of the points of the double-size map with ucm2 <= t, read at
 * the pixels, which are its odd positions (points above t at a pixel make one region together).
 *
 * With n_u pixels in region u of the prediction, n_v in region v of a truth, n_uv in both, N in the image:
 *   covered  sum over all regions v of all annotators of n_v max_u n_uv / (n_u + n_v - n_uv)
 *   best     the same, the maximum taken over all thresholds as well
 *   reverse  sum over all regions u of n_u max_v n_uv / (n_u + n_v - n_uv), v of any annotator
 *   apart    sum over annotators of (sum_u n_u^2 + sum_v n_v^2) / 2 - sum_uv n_uv^2, the pairs of pixels that lie in
 *            one region on one side and in two on the other
 *   voi      mean over annotators of H(U) + H(V) - 2 I(U, V) = (sum_u n_u log n_u + sum_v n_v log n_v - 2 sum_uv n_uv
 *            log n_uv) / N, in bits
 * A missing prediction covers nothing, has every pair apart, and the largest possible variation, log N.
 *
 * All of these need nothing but n_uv. Of a hierarchy they are counted once, for the regions of the first threshold, and
 * then merged from threshold to threshold with their regions; so the time hardly grows with the number of thresholds.
 * Sums of reals go by annotators, then by rising labels (covered), or by regions in the order of their first pixel.
 *
 * Source: P. Arbelaez et al., "Contour detection and hierarchical image segmentation", PAMI 33 (2011); R. Unnikrishnan
 * et al., PAMI 29 (2007); M. Meila, "Comparing clusterings by the variation of information", COLT 2003.
 */
#include "eval/eval_priv.h"
#include <string.h>

/* Pixels of one region of the prediction that have one label in the truth. */
struct overlap {
    uint32_t region;
    uint16_t label;
    uint64_t n;
};

struct annotator {
    uint16_t *plane;  /* [w * h] labels */
    uint16_t *labels; /* [nlabels] that occur, rising */
    size_t nlabels;
    uint64_t *area;     /* [EDGEL_IDS] */
    double *iou, *most; /* [EDGEL_IDS] largest of this threshold; of all so far */
    uint64_t squares;
    double entropy;           /* sum of n log n */
    struct overlap *overlaps; /* by region */
    size_t noverlaps;
};

struct regions {
    const struct edgel_measure *params;
    const struct edgel_prediction *prediction;
    int w, h, k;
    size_t pixels;
    struct edgel_region_counts *counts;
    struct edgel_error *err;
    struct annotator *annotators;
    size_t nannotators;
    uint64_t *count;         /* [EDGEL_IDS] scratch, 0 between uses */
    uint64_t *region_area;   /* of the regions of one threshold */
    double *region_iou;      /* their largest so far */
    uint32_t *region_of;     /* [pixels] */
    uint32_t *order, *start; /* [pixels], [pixels + 2] elements by region */
    struct edgel_hierarchy hierarchy;
};

static enum edgel_status no_memory(const struct regions *r)
{
    return edgel_no_memory_for(r->err, "regions", r->w, r->h);
}

/* n log2 n */
static double entropy(uint64_t n)
{
    static const double log2_e = 1.4426950408889634074;
    return n < 2 ? 0 : (double)n * (edgel_ln((double)n) * log2_e);
}

/* --- truth --- */

static enum edgel_status read_labels(struct regions *r, const struct edgel_mask *mask, struct annotator *a)
{
    size_t n = 0;
    a->plane = edgel_alloc(r->pixels, sizeof *a->plane);
    a->labels = edgel_alloc(EDGEL_IDS, sizeof *a->labels);
    a->area = edgel_calloc(EDGEL_IDS, sizeof *a->area);
    a->iou = edgel_calloc(EDGEL_IDS, sizeof *a->iou);
    a->most = edgel_calloc(EDGEL_IDS, sizeof *a->most);
    if (!a->plane || !a->labels || !a->area || !a->iou || !a->most)
        return no_memory(r);
    for (int y = 0; y < r->h; y++)
        EDGEL_TRY(edgel_mask_read(mask, "truth", y, a->plane + (size_t)y * (size_t)r->w, r->err));
    for (size_t i = 0; i < r->pixels; i++)
        a->area[a->plane[i]]++;
    for (int32_t id = 0; id < EDGEL_IDS; id++) {
        if (a->area[id] == 0)
            continue;
        a->labels[n++] = (uint16_t)id;
        a->squares += a->area[id] * a->area[id];
        a->entropy += entropy(a->area[id]);
    }
    a->nlabels = n;
    return EDGEL_OK;
}

/* --- overlaps --- */

/* Sorts n elements by region_of, which is below regions, into r->order; region u begins at r->start[u]. */
static void sort_by_region(struct regions *r, const uint32_t *region_of, size_t n, uint32_t regions)
{
    memset(r->start, 0, ((size_t)regions + 2) * sizeof *r->start);
    for (size_t i = 0; i < n; i++)
        r->start[region_of[i] + 2]++;
    for (uint32_t u = 2; u < regions + 2; u++)
        r->start[u] += r->start[u - 1];
    for (size_t i = 0; i < n; i++)
        r->order[r->start[region_of[i] + 1]++] = (uint32_t)i;
}

/* The counts of a region's labels, which out[from..to) have. */
static void settle(struct regions *r, struct overlap *out, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        out[i].n = r->count[out[i].label];
        r->count[out[i].label] = 0;
    }
}

static size_t add(struct regions *r, struct overlap *out, size_t to, uint32_t region, uint16_t label,
                  uint64_t n)
{
    if (r->count[label] == 0)
        out[to++] = (struct overlap){ region, label, 0 };
    r->count[label] += n;
    return to;
}

/* Counts the overlaps of the regions in r->region_of, sorted before. */
static enum edgel_status count_overlaps(struct regions *r, struct annotator *a, uint32_t regions)
{
    size_t to = 0, cap = 0;
    struct overlap *out = NULL;
    for (int pass = 0; pass < 2; pass++) { /* how many there are; then they themselves */
        to = 0;
        for (uint32_t u = 0; u < regions; u++) {
            const size_t from = to;
            for (uint32_t i = r->start[u]; i < r->start[u + 1]; i++) {
                const uint16_t label = a->plane[r->order[i]];
                if (pass == 0) {
                    to += r->count[label] == 0;
                    r->count[label] = 1;
                } else {
                    to = add(r, out, to, u, label, 1);
                }
            }
            for (uint32_t i = r->start[u]; pass == 0 && i < r->start[u + 1]; i++)
                r->count[a->plane[r->order[i]]] = 0;
            if (pass == 1)
                settle(r, out, from, to);
        }
        cap = to;
        if (pass == 0 && !(out = edgel_alloc(cap + 1, sizeof *out)))
            return no_memory(r);
    }
    edgel_free(a->overlaps);
    a->overlaps = out;
    a->noverlaps = to;
    return EDGEL_OK;
}

/* The overlaps of the regions that the hierarchy's map makes of those counted for. */
static enum edgel_status merge_overlaps(struct regions *r, const struct annotator *a, uint32_t regions,
                                        struct overlap **merged, size_t *n)
{
    size_t to = 0;
    struct overlap *out = edgel_alloc(a->noverlaps + 1, sizeof *out);
    uint32_t *region_of = edgel_alloc(a->noverlaps + 1, sizeof *region_of);
    *merged = out;
    if (!out || !region_of) {
        edgel_free(region_of);
        return no_memory(r);
    }
    for (size_t i = 0; i < a->noverlaps; i++)
        region_of[i] = r->hierarchy.map[a->overlaps[i].region];
    sort_by_region(r, region_of, a->noverlaps, regions);
    for (uint32_t u = 0; u < regions; u++) {
        const size_t from = to;
        for (uint32_t i = r->start[u]; i < r->start[u + 1]; i++) {
            const struct overlap *o = &a->overlaps[r->order[i]];
            to = add(r, out, to, u, o->label, o->n);
        }
        settle(r, out, from, to);
    }
    edgel_free(region_of);
    *n = to;
    return EDGEL_OK;
}

/* --- scores --- */

/* Adds what the overlaps of one annotator say to threshold k. */
static void score(struct regions *r, struct annotator *a, const struct overlap *o, size_t n, int k)
{
    struct edgel_region_counts *c = r->counts;
    uint64_t squares = a->squares, both = 0;
    double sum = a->entropy, joint = 0;
    for (size_t i = 0; i < a->nlabels; i++)
        a->iou[a->labels[i]] = 0;
    for (size_t from = 0, to; from < n; from = to) {
        uint64_t area = 0;
        for (to = from; to < n && o[to].region == o[from].region; to++)
            area += o[to].n;
        squares += area * area;
        sum += entropy(area);
        r->region_area[o[from].region] = area;
        for (size_t i = from; i < to; i++) {
            const double iou = (double)o[i].n / (double)(area + a->area[o[i].label] - o[i].n);
            both += o[i].n * o[i].n;
            joint += entropy(o[i].n);
            if (iou > a->iou[o[i].label])
                a->iou[o[i].label] = iou;
            if (iou > r->region_iou[o[i].region])
                r->region_iou[o[i].region] = iou;
        }
    }
    for (size_t i = 0; i < a->nlabels; i++) {
        const uint16_t id = a->labels[i];
        c->covered[k] += (double)a->area[id] * a->iou[id];
        if (a->iou[id] > a->most[id])
            a->most[id] = a->iou[id];
    }
    c->apart[k] += squares / 2 - both; /* either sum of squares is even if and only if N is */
    const double voi = (sum - 2 * joint) / (double)r->pixels;
    c->voi[k] += voi > 0 ? voi : 0;
}

static void begin_reverse(struct regions *r, uint32_t regions)
{
    memset(r->region_area, 0, regions * sizeof *r->region_area);
    for (uint32_t u = 0; u < regions; u++)
        r->region_iou[u] = 0;
}

static void end_reverse(struct regions *r, uint32_t regions, int k)
{
    struct edgel_region_counts *c = r->counts;
    for (uint32_t u = 0; u < regions; u++)
        c->reverse[k] += (double)r->region_area[u] * r->region_iou[u];
}

static void finish_scores(struct regions *r)
{
    struct edgel_region_counts *c = r->counts;
    for (size_t i = 0; i < r->nannotators; i++)
        for (size_t j = 0; j < r->annotators[i].nlabels; j++) {
            const uint16_t id = r->annotators[i].labels[j];
            c->best += (double)r->annotators[i].area[id] * r->annotators[i].most[id];
        }
    for (int k = 0; k < r->k; k++)
        c->voi[k] /= (double)r->nannotators;
}

static void score_missing(struct regions *r)
{
    struct edgel_region_counts *c = r->counts;
    const uint64_t n = r->pixels, pairs = n % 2 ? (n - 1) / 2 * n : n / 2 * (n - 1);
    for (int k = 0; k < r->k; k++) {
        c->apart[k] = r->nannotators * pairs;
        c->voi[k] = entropy(n) / (double)n;
    }
}

/* --- lists of segmentations --- */

static enum edgel_status score_segmentation(struct regions *r, const struct edgel_mask *mask, int k)
{
    uint32_t regions = 0;
    uint16_t *row = edgel_alloc((size_t)r->w, sizeof *row);
    enum edgel_status st = row ? EDGEL_OK : no_memory(r);
    for (int y = 0; y < r->h && st == EDGEL_OK; y++) {
        st = edgel_mask_read(mask, "predicted segmentation", y, row, r->err);
        for (int x = 0; x < r->w && st == EDGEL_OK; x++)
            r->region_of[(size_t)y * (size_t)r->w + (size_t)x] = row[x];
        for (int x = 0; x < r->w && st == EDGEL_OK; x++)
            regions = row[x] >= regions ? row[x] + 1u : regions;
    }
    edgel_free(row);
    if (st != EDGEL_OK)
        return st;
    sort_by_region(r, r->region_of, r->pixels, regions);
    begin_reverse(r, regions);
    for (size_t i = 0; i < r->nannotators; i++) {
        struct annotator *a = &r->annotators[i];
        EDGEL_TRY(count_overlaps(r, a, regions));
        score(r, a, a->overlaps, a->noverlaps, k);
    }
    end_reverse(r, regions, k);
    return EDGEL_OK;
}

/* --- hierarchies --- */

static enum edgel_status count_base(struct regions *r, bool *whole)
{
    *whole = edgel_hierarchy_base(&r->hierarchy, r->pixels, r->region_of);
    sort_by_region(r, r->region_of, r->pixels, r->hierarchy.nbase);
    for (size_t i = 0; i < r->nannotators; i++)
        EDGEL_TRY(count_overlaps(r, &r->annotators[i], r->hierarchy.nbase));
    return EDGEL_OK;
}

static void copy_scores(struct regions *r, int k)
{
    struct edgel_region_counts *c = r->counts;
    c->covered[k] = c->covered[k - 1];
    c->reverse[k] = c->reverse[k - 1];
    c->apart[k] = c->apart[k - 1];
    c->voi[k] = c->voi[k - 1];
}

static enum edgel_status score_threshold(struct regions *r, int k, bool whole)
{
    const uint32_t regions = edgel_hierarchy_number(&r->hierarchy, k, whole);
    if (whole && k > 0 && regions == r->hierarchy.nbase) {
        copy_scores(r, k);
        return EDGEL_OK;
    }
    begin_reverse(r, regions);
    for (size_t i = 0; i < r->nannotators; i++) {
        struct annotator *a = &r->annotators[i];
        struct overlap *merged;
        size_t n = 0;
        enum edgel_status st = merge_overlaps(r, a, regions, &merged, &n);
        if (st == EDGEL_OK)
            score(r, a, merged, n, k);
        if (st == EDGEL_OK && whole) {
            edgel_free(a->overlaps);
            a->overlaps = merged;
            a->noverlaps = n;
        } else {
            edgel_free(merged);
        }
        EDGEL_TRY(st);
    }
    end_reverse(r, regions, k);
    if (whole)
        edgel_hierarchy_merge(&r->hierarchy);
    return EDGEL_OK;
}

static enum edgel_status score_hierarchy(struct regions *r)
{
    bool whole = true;
    if (!edgel_hierarchy_init(&r->hierarchy, r->prediction, r->w, r->k))
        return no_memory(r);
    for (int k = 0; k < r->k; k++) {
        EDGEL_TRY(edgel_measure_go_on(r->params, r->err));
        edgel_hierarchy_grow(&r->hierarchy, k);
        if (k == 0)
            EDGEL_TRY(count_base(r, &whole));
        EDGEL_TRY(score_threshold(r, k, whole));
    }
    return EDGEL_OK;
}

/* --- one image --- */

static bool prepare(struct regions *r)
{
    const size_t n = (size_t)r->k, sorted = r->pixels > EDGEL_IDS ? r->pixels : EDGEL_IDS;
    struct edgel_region_counts *c = r->counts;
    c->n = r->k;
    c->listed = r->params->listed;
    c->annotators = r->nannotators;
    c->covered = edgel_calloc(n, sizeof *c->covered);
    c->reverse = edgel_calloc(n, sizeof *c->reverse);
    c->apart = edgel_calloc(n, sizeof *c->apart);
    c->voi = edgel_calloc(n, sizeof *c->voi);
    r->annotators = edgel_calloc(r->nannotators, sizeof *r->annotators);
    r->count = edgel_calloc(EDGEL_IDS, sizeof *r->count);
    r->region_of = edgel_alloc(r->pixels, sizeof *r->region_of);
    r->order = edgel_alloc(r->pixels, sizeof *r->order);
    r->start = edgel_alloc(sorted + 3, sizeof *r->start);
    r->region_area = edgel_alloc(sorted + 1, sizeof *r->region_area);
    r->region_iou = edgel_alloc(sorted + 1, sizeof *r->region_iou);
    return r->region_area && r->region_iou && c->reverse && c->covered && c->apart && c->voi &&
           r->annotators && r->count && r->region_of && r->order && r->start;
}

static void release(struct regions *r)
{
    for (size_t i = 0; r->annotators && i < r->nannotators; i++) {
        struct annotator *a = &r->annotators[i];
        edgel_free(a->plane);
        edgel_free(a->labels);
        edgel_free(a->area);
        edgel_free(a->iou);
        edgel_free(a->most);
        edgel_free(a->overlaps);
    }
    edgel_free(r->annotators);
    edgel_free(r->count);
    edgel_free(r->region_of);
    edgel_free(r->order);
    edgel_free(r->start);
    edgel_free(r->region_area);
    edgel_free(r->region_iou);
    edgel_hierarchy_finish(&r->hierarchy);
}

static enum edgel_status measure(struct regions *r, const struct edgel_mask *truth)
{
    for (size_t i = 0; i < r->nannotators; i++)
        EDGEL_TRY(read_labels(r, &truth[i], &r->annotators[i]));
    if (!r->prediction) {
        score_missing(r);
        return EDGEL_OK;
    }
    if (!r->params->listed)
        EDGEL_TRY(score_hierarchy(r));
    for (int k = 0; r->params->listed && k < r->k; k++) {
        EDGEL_TRY(edgel_measure_go_on(r->params, r->err));
        EDGEL_TRY(score_segmentation(r, &r->prediction->segmentations[k], k));
    }
    finish_scores(r);
    return EDGEL_OK;
}

enum edgel_status edgel_regions_measure(const struct edgel_measure *params,
                                        const struct edgel_prediction *prediction,
                                        const struct edgel_mask *truth, size_t ntruth,
                                        struct edgel_region_counts *out, struct edgel_error *err)
{
    struct regions r = {
        .params = params, .prediction = prediction, .nannotators = ntruth, .counts = out, .err = err
    };
    r.w = truth->view.w;
    r.h = truth->view.h;
    r.k = params->thresholds;
    r.pixels = (size_t)r.w * (size_t)r.h;
    if ((double)r.pixels * (double)r.pixels * (double)ntruth >= 0x1p62 || r.pixels >= (size_t)1 << 29)
        return edgel_fail(err, EDGEL_ELIMIT, "regions, %dx%d: too many pixels to count pairs of them", r.w,
                          r.h);
    enum edgel_status st = prepare(&r) ? measure(&r, truth) : no_memory(&r);
    release(&r);
    return st;
}
