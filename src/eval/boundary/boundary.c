/*
 * The boundary benchmark of the Berkeley segmentation data set (BSDS), measured on one image.
 *
 * At each threshold t = k / (K + 1), k = 1..K: the detections are the pixels with prediction >= t, of a hierarchy
 * (ucm2) with the contour at their lower right corner, of a list the boundaries of its k-th segmentation; thinned to
 * lines (thin.c) unless that is switched off. They are matched one to one with the boundary pixels of each annotator by
 * itself, at a Euclidean distance of at most max_dist * sqrt(w^2 + h^2), as many as possible and then as near as
 * possible (assignment.c). Counted are
 *   truth               boundary pixels, over all annotators (truth masks are taken as they are, not thinned)
 *   matched_truth       those matched, over all annotators
 *   prediction          detections
 *   matched_prediction  detections matched with some annotator
 *
 * The sweep goes from the highest threshold down, so that most detections stay from one to the next: the thinned maps
 * of all thresholds are made first and kept as changes, then every annotator's matching follows those changes. Equal
 * maps are computed once. Time: O(K pixels / 64) for the thinning, the changes for the matching; memory: the changes,
 * and for one annotator at a time the pairs within reach.
 *
 * Source: D. Martin, C. Fowlkes, J. Malik, "Learning to detect natural image boundaries", PAMI 26 (2004); P. Arbelaez
 * et al., "Contour detection and hierarchical image segmentation", PAMI 33 (2011). Their matcher adds random edges for
 * pixels without a match, so that its counts differ from run to run; these here do not.
 */
#include "eval/boundary/boundary_priv.h"
#include <math.h>
#include <string.h>

struct boundary {
    const struct edgel_measure *params;
    const struct edgel_prediction *prediction; /* NULL: missing */
    const struct edgel_mask *truth;
    size_t ntruth;
    int w, h, k; /* k: thresholds */
    int full;
    struct edgel_prediction raw; /* before its suppression to maxima */
    int raw_full;
    struct edgel_boundary_counts *counts;
    unsigned *remarks;
    struct edgel_error *err;

    /* Pixels by level, the number of thresholds they pass. */
    uint32_t *at;        /* [k + 2] those of level l are pixels[at[l]..at[l + 1]) */
    uint32_t *pixels;    /* y * w + x */
    uint16_t *levels;    /* [w * h], then freed */
    uint16_t *levels_of; /* [EDGEL_IDS] of integer samples; 8-bit ones need 256 */
    struct edgel_bits drawn, map, before, gone;
    uint32_t *stamps;

    struct edgel_detections found;
    size_t nchanges, changes_cap;
};

static enum edgel_status no_memory(const struct boundary *b)
{
    return edgel_no_memory_for(b->err, "boundary", b->w, b->h);
}

/* --- the prediction at every threshold --- */

/* t_k as the benchmark computes it, in doubles: values that are exactly on a threshold fall as they do there (85 / 255
 * is below the second of 5). */
double edgel_boundary_threshold(int k, int n)
{
    const double lo = 1 / ((double)n + 1), hi = 1 - lo;
    return k == n && n > 1 ? hi : n > 1 ? lo + (k - 1) * (hi - lo) / (n - 1) : lo;
}

/* Number of thresholds that v passes, those rounded to float if v was one; NaN passes none. */
static uint16_t level_of(double v, int n, bool is_float)
{
    int lo = 0, hi = n;
    while (lo < hi) {
        const int mid = (lo + hi + 1) / 2;
        const double t = edgel_boundary_threshold(mid, n);
        if (v >= (is_float ? (double)(float)t : t))
            lo = mid;
        else
            hi = mid - 1;
    }
    return (uint16_t)lo;
}

static enum edgel_status level_row(const struct boundary *b, const struct edgel_prediction *p, int y,
                                   uint16_t *levels)
{
    if (p->ucm2) { /* contours of a pixel stand at its lower right corner */
        const double *row = p->ucm2 + (2 * (size_t)y + 2) * (size_t)p->w + 2;
        for (int x = 0; x < b->w; x++)
            levels[x] = level_of(row[2 * x], b->k, false);
        return EDGEL_OK;
    }
    const struct edgel_view *v = &p->map->view;
    if (edgel_mask_is_float(p->map)) {
        const float *row = (const float *)(const void *)((const char *)v->data + y * v->stride);
        for (int x = 0; x < b->w; x++)
            levels[x] = level_of((double)row[x * v->channels], b->k, true);
        return EDGEL_OK;
    }
    EDGEL_TRY(edgel_mask_read(p->map, "prediction", y, levels, b->err));
    for (int x = 0; x < b->w; x++)
        if (levels[x] != 0)
            levels[x] = b->levels_of[levels[x]];
    return EDGEL_OK;
}

/* The level of every pixel, and in at[l + 1] the number of those of level l. */
static enum edgel_status find_levels(struct boundary *b, const struct edgel_prediction *p, int full)
{
    const size_t n = (size_t)b->w * (size_t)b->h;
    const uint32_t top = !p->map ? 0 : p->map->view.type == EDGEL_U8 ? 256 : EDGEL_IDS;
    for (uint32_t v = 0; v < top; v++)
        b->levels_of[v] = level_of((double)v / full, b->k, false);
    for (int y = 0; y < b->h; y++)
        EDGEL_TRY(level_row(b, p, y, b->levels + (size_t)y * (size_t)b->w));
    memset(b->at, 0, ((size_t)b->k + 2) * sizeof *b->at);
    for (size_t i = 0; i < n; i++)
        b->at[b->levels[i] + 1]++;
    return EDGEL_OK;
}

/* Remarks on the map, from the numbers of pixels of each level. */
static void look_at(struct boundary *b)
{
    const size_t n = (size_t)b->w * (size_t)b->h;
    const uint32_t strong = b->at[b->k + 1];
    uint64_t half = 0;
    if (b->k > 1 && strong > 0 && b->at[1] + strong == n)
        *b->remarks |= EDGEL_REMARK_TWO_VALUED;
    for (int l = (b->k + 1) / 2; l <= b->k; l++)
        half += b->at[l + 1];
    if (2 * half > n)
        *b->remarks |= EDGEL_REMARK_INVERTED;
}

/* Sorts the pixels by level. */
static enum edgel_status sort_levels(struct boundary *b)
{
    const size_t n = (size_t)b->w * (size_t)b->h;
    if (b->raw.map) {
        EDGEL_TRY(find_levels(b, &b->raw, b->raw_full));
        look_at(b);
    }
    if (b->prediction)
        EDGEL_TRY(find_levels(b, b->prediction, b->full));
    if (b->prediction && !b->raw.map)
        look_at(b);
    b->at[1] = 0; /* pixels below every threshold are not listed */
    for (int l = 1; l <= b->k; l++)
        b->at[l + 1] += b->at[l];
    if (!(b->pixels = edgel_alloc((size_t)b->at[b->k + 1] + 1, sizeof *b->pixels)))
        return no_memory(b);
    for (size_t i = 0; i < n; i++)
        if (b->levels[i] > 0)
            b->pixels[b->at[b->levels[i]]++] = (uint32_t)i;
    for (int l = b->k; l >= 1; l--) /* back to where each level begins */
        b->at[l + 1] = b->at[l];
    b->at[1] = 0;
    edgel_free(b->levels);
    b->levels = NULL;
    return EDGEL_OK;
}

static bool add_change(struct boundary *b, int x, int y)
{
    if (b->nchanges == b->changes_cap) {
        const size_t cap = b->changes_cap ? 2 * b->changes_cap : 4096;
        uint32_t *grown = edgel_realloc(b->found.changes, b->nchanges * sizeof *grown, cap, sizeof *grown);
        if (!grown)
            return false;
        b->found.changes = grown;
        b->changes_cap = cap;
    }
    b->found.changes[b->nchanges++] = (uint32_t)y * (uint32_t)b->w + (uint32_t)x;
    return true;
}

/* Adds the pixels of `in` that are not in `out`. */
static bool add_changes(struct boundary *b, const struct edgel_bits *in, const struct edgel_bits *out)
{
    for (int y = 0; y < b->h; y++) {
        const uint64_t *p = edgel_bits_row(in, y), *q = edgel_bits_row(out, y);
        for (size_t i = 0; i + 2 < in->row; i++)
            for (uint64_t v = p[i] & ~q[i]; v; v &= v - 1)
                if (!add_change(b, (int)i * 64 + edgel_bits_lowest(v), y))
                    return false;
    }
    return true;
}

static void unite(struct edgel_bits *all, const struct edgel_bits *map)
{
    for (size_t i = 0; i < ((size_t)all->h + 2) * all->row; i++)
        all->words[i] |= map->words[i];
}

/* The boundaries of a segmentation: pixels whose label is not that of all three to the right, below and between them;
 * those there are at the lower and right border. */
static enum edgel_status draw_segmentation(struct boundary *b, const struct edgel_mask *labels)
{
    uint16_t *rows = edgel_alloc(2 * (size_t)b->w, sizeof *rows);
    if (!rows)
        return no_memory(b);
    uint16_t *here = rows, *below = rows + b->w;
    memset(b->drawn.words, 0, ((size_t)b->h + 2) * b->drawn.row * sizeof *b->drawn.words);
    enum edgel_status st = edgel_mask_read(labels, "predicted segmentation", 0, below, b->err);
    for (int y = 0; y < b->h && st == EDGEL_OK; y++) {
        uint16_t *last = here;
        here = below;
        below = last;
        if (y + 1 < b->h)
            st = edgel_mask_read(labels, "predicted segmentation", y + 1, below, b->err);
        else
            memcpy(below, here, (size_t)b->w * sizeof *below);
        for (int x = 0; x < b->w; x++) {
            const int right = x + 1 < b->w ? x + 1 : x;
            if (here[x] != here[right] || here[x] != below[x] || here[x] != below[right])
                edgel_bits_set(&b->drawn, x, y);
        }
    }
    edgel_free(rows);
    return st;
}

/* Adds to b->drawn what threshold l has more than the one above it, or draws it anew. False: nothing changed. */
static enum edgel_status draw(struct boundary *b, int l, bool *changed)
{
    *changed = true;
    if (b->params->listed && b->prediction)
        return draw_segmentation(b, &b->prediction->segmentations[l - 1]);
    *changed = b->at[l] != b->at[l + 1];
    for (uint32_t i = b->at[l]; i < b->at[l + 1]; i++)
        edgel_bits_set(&b->drawn, (int)(b->pixels[i] % (uint32_t)b->w), (int)(b->pixels[i] / (uint32_t)b->w));
    return EDGEL_OK;
}

/* The thinned maps of all thresholds as changes. */
static enum edgel_status make_maps(struct boundary *b)
{
    for (int l = b->k; l >= 1; l--) {
        struct edgel_boundary_counts *c = b->counts;
        bool changed;
        EDGEL_TRY(edgel_measure_go_on(b->params, b->err));
        b->found.come[l] = b->found.go[l] = b->nchanges;
        EDGEL_TRY(draw(b, l, &changed));
        if (!changed) {
            c->prediction[l - 1] = l < b->k ? c->prediction[l] : 0;
            continue;
        }
        edgel_bits_copy(&b->map, &b->drawn);
        if (edgel_boundary_option(b->params, EDGEL_THIN) > 0)
            edgel_thin(&b->map, &b->gone, b->stamps);
        c->prediction[l - 1] = edgel_bits_count(&b->map);
        bool ok = add_changes(b, &b->map, &b->before);
        b->found.go[l] = b->nchanges;
        if (!ok || !add_changes(b, &b->before, &b->map))
            return no_memory(b);
        unite(&b->found.all, &b->map);
        edgel_bits_copy(&b->before, &b->map);
    }
    b->found.come[0] = b->nchanges;
    return EDGEL_OK;
}

/* Numbers the pixels that are a detection at some threshold. */
static enum edgel_status number_detections(struct boundary *b)
{
    const uint64_t n = edgel_bits_count(&b->found.all);
    if (n > INT32_MAX / 2)
        return edgel_fail(b->err, EDGEL_ELIMIT, "boundary: %llu detections are too many to match",
                          (unsigned long long)n);
    b->found.n = (int32_t)n;
    b->found.index = edgel_alloc((size_t)b->w * (size_t)b->h, sizeof *b->found.index);
    b->found.tie = edgel_alloc((size_t)n + 1, sizeof *b->found.tie);
    if (!b->found.index || !b->found.tie)
        return no_memory(b);
    int32_t i = 0;
    for (int y = 0; y < b->h; y++)
        for (size_t word = 0; word + 2 < b->found.all.row; word++)
            for (uint64_t v = edgel_bits_row(&b->found.all, y)[word]; v; v &= v - 1) {
                const int x = (int)word * 64 + edgel_bits_lowest(v);
                b->found.index[(size_t)y * (size_t)b->w + (size_t)x] = i;
                b->found.tie[i++] = edgel_assignment_tie(x, y);
            }
    return EDGEL_OK;
}

/* --- one image --- */

static bool prepare(struct boundary *b)
{
    const size_t n = (size_t)b->k;
    struct edgel_boundary_counts *c = b->counts;
    c->n = b->k;
    c->listed = b->params->listed;
    c->matched_truth = edgel_calloc(n, sizeof *c->matched_truth);
    c->prediction = edgel_calloc(n, sizeof *c->prediction);
    c->matched_prediction = edgel_calloc(n, sizeof *c->matched_prediction);
    b->at = edgel_calloc(n + 2, sizeof *b->at);
    b->levels = edgel_calloc((size_t)b->w * (size_t)b->h, sizeof *b->levels);
    b->levels_of = edgel_alloc(EDGEL_IDS, sizeof *b->levels_of);
    b->stamps = edgel_alloc((size_t)b->h + 2, sizeof *b->stamps);
    b->found.come = edgel_alloc(n + 2, sizeof *b->found.come);
    b->found.go = edgel_alloc(n + 2, sizeof *b->found.go);
    bool ok = c->matched_truth && c->prediction && c->matched_prediction && b->at && b->levels &&
              b->levels_of && b->stamps && b->found.come && b->found.go;
    struct edgel_bits *const planes[] = { &b->drawn, &b->map, &b->before, &b->gone, &b->found.all };
    for (int i = 0; i < 5 && ok; i++)
        ok = edgel_bits_init(planes[i], b->w, b->h);
    return ok;
}

static void release(struct boundary *b)
{
    struct edgel_bits *const planes[] = { &b->drawn, &b->map, &b->before, &b->gone, &b->found.all };
    for (int i = 0; i < 5; i++)
        edgel_bits_finish(planes[i]);
    edgel_free(b->at);
    edgel_free(b->pixels);
    edgel_free(b->levels);
    edgel_free(b->levels_of);
    edgel_free(b->stamps);
    edgel_free(b->found.changes);
    edgel_free(b->found.come);
    edgel_free(b->found.go);
    edgel_free(b->found.index);
    edgel_free(b->found.tie);
}

/* The first one is of regions: hierarchies and segmentations are thin. */
const struct edgel_exclusion edgel_maps_exclude[] = {
    { "nms", 1 },           { "threshold", 1 }, { "tolerance", 1 }, { "valid", 1 },
    { "colors", 1 },        { "labels", 1 },    { "distances", 1 }, { "objects", 1 },
    { "davis", 1 },         { "band", 1 },      { "votes", 1 },     { "reduce", 1 },
    { "empty", 1 },         { "classes", 1 },   { "ignore", 1 },    { "exclude_from_mean", 1 },
    { "nsd_tolerance", 1 }, { NULL, 0 },
};

enum edgel_status edgel_maps_suit(const struct edgel_measure *p, struct edgel_error *err)
{
    const bool boundary = p->options[EDGEL_BOUNDARY][0] > 0;
    if (p->labels != (boundary ? EDGEL_LABELS_BINARY : EDGEL_LABELS_IDS))
        return edgel_fail(err, EDGEL_EINVAL, "%s",
                          boundary ? "boundary: needs binary labels"
                                   : "regions: without boundaries they need ids as labels");
    if (p->thresholds < 1)
        return edgel_fail(err, EDGEL_EINVAL, "%s: needs thresholds, 1 at least",
                          boundary ? "boundary" : "regions");
    if (p->listed && edgel_boundary_option(p, EDGEL_NMS) > 0)
        return edgel_fail(err, EDGEL_EINVAL, "nms: is of soft maps, and not of lists of segmentations");
    return EDGEL_OK;
}

enum edgel_status edgel_boundary_measure(const struct edgel_measure *params,
                                         const struct edgel_map_masks *maps,
                                         struct edgel_boundary_counts *out, unsigned *remarks,
                                         struct edgel_error *err)
{
    const struct edgel_prediction *prediction = maps->prediction;
    const struct edgel_mask *truth = maps->truth.boundaries;
    const size_t ntruth = maps->truth.n;
    struct boundary b = { .params = params, .prediction = prediction, .truth = truth, .ntruth = ntruth };
    b.w = truth->view.w;
    b.h = truth->view.h;
    b.k = params->thresholds;
    b.found.w = b.w;
    b.found.h = b.h;
    b.found.k = b.k;
    b.full = maps->full;
    b.raw.map = maps->raw;
    b.raw_full = maps->raw_full;
    b.counts = out;
    b.remarks = remarks;
    b.err = err;
    enum edgel_status st = prepare(&b) ? EDGEL_OK : no_memory(&b);
    if (st == EDGEL_OK && !(params->listed && prediction))
        st = sort_levels(&b);
    if (st == EDGEL_OK)
        st = make_maps(&b);
    if (st == EDGEL_OK)
        st = number_detections(&b);
    if (st == EDGEL_OK)
        st = edgel_boundary_match(params, &b.found, truth, ntruth, out, remarks, err);
    release(&b);
    return st;
}
