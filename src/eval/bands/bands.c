/*
 * Boundary IoU of a class: intersection over union of two bands along the insides of its boundaries.
 *
 * Band = the pixels of the class that d erosions by a 3x3 square take away, the image padded with pixels outside the
 * class: those within chessboard distance d of a pixel outside. d = max(1, width times the image's diagonal, rounded,
 * halves to the even number), diagonal sqrt(w^2 + h^2). Each class is eroded by itself; pixels that are not judged
 * belong to no class. Counts: pixels of the truth's band, of the prediction's, of both.
 * Chessboard distances by two sweeps over the box that holds the class. O(sum of the boxes' areas).
 * Source: B. Cheng et al., "Boundary IoU: improving object-centric image segmentation evaluation", 2021.
 */
#include "eval/eval_priv.h"
#include <math.h>

int edgel_band_width(double share, int w, int h)
{
    const double d = rint(share * sqrt((double)w * w + (double)h * h));
    return d > 1 ? d < INT32_MAX ? (int)d : INT32_MAX : 1;
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Chessboard distance of the pixels of id in the box to the nearest one outside, 0 for those outside. away has a border
 * of one pixel of zeros: rows of bw + 2. */
static void distances(const struct edgel_id_box *b, const int32_t *plane, int w, int32_t *away)
{
    const int bw = b->x1 - b->x0 + 1, bh = b->y1 - b->y0 + 1;
    const ptrdiff_t s = bw + 2;
    for (ptrdiff_t i = 0; i < s * (bh + 2); i++)
        away[i] = 0;
    for (int y = 0; y < bh; y++)
        for (int x = 0; x < bw; x++) {
            int32_t *a = away + (y + 1) * s + x + 1;
            if (plane[(size_t)(b->y0 + y) * (size_t)w + (size_t)(b->x0 + x)] == b->id)
                *a = 1 + least(least(a[-s - 1], a[-s]), least(a[-s + 1], a[-1]));
        }
    for (int y = bh - 1; y >= 0; y--)
        for (int x = bw - 1; x >= 0; x--) {
            int32_t *a = away + (y + 1) * s + x + 1;
            if (*a > 0)
                *a = least(*a, 1 + least(least(a[s - 1], a[s]), least(a[s + 1], a[1])));
        }
}

static void measure_id(const struct edgel_id_box *b, const int32_t *truth, const int32_t *prediction, int w,
                       int d, int32_t *away[2], struct edgel_band_counts *c)
{
    const size_t n = (size_t)(b->x1 - b->x0 + 3) * (size_t)(b->y1 - b->y0 + 3);
    *c = (struct edgel_band_counts){ .id = b->id };
    if (b->truth + b->prediction == 0)
        return;
    distances(b, truth, w, away[0]);
    if (prediction)
        distances(b, prediction, w, away[1]);
    for (size_t i = 0; i < n; i++) {
        const bool t = away[0][i] > 0 && away[0][i] <= d;
        const bool p = prediction && away[1][i] > 0 && away[1][i] <= d;
        c->truth += t;
        c->prediction += p;
        c->both += t && p;
    }
}

enum edgel_status edgel_bands_measure(const int32_t *truth, const int32_t *prediction, int w, int h,
                                      double width, int32_t only, struct edgel_band_list *out,
                                      struct edgel_error *err)
{
    const size_t padded = ((size_t)w + 2) * ((size_t)h + 2);
    struct edgel_id_box *boxes = edgel_id_boxes(truth, prediction, w, h, only, &out->n);
    int32_t *away[2] = { edgel_alloc(padded, sizeof **away), edgel_alloc(padded, sizeof **away) };
    out->v = NULL;
    bool ok = boxes && away[0] && away[1];
    if (ok && out->n > 0)
        ok = (out->v = edgel_alloc(out->n, sizeof *out->v)) != NULL;
    for (size_t k = 0; ok && k < out->n; k++)
        measure_id(&boxes[k], truth, prediction, w, edgel_band_width(width, w, h), away, &out->v[k]);
    edgel_free(boxes);
    edgel_free(away[0]);
    edgel_free(away[1]);
    if (ok)
        return EDGEL_OK;
    out->n = 0;
    return edgel_no_memory_for(err, "boundary iou", w, h);
}

double edgel_band_iou(const struct edgel_band_counts *c, enum edgel_empty empty)
{
    return edgel_ratio((double)c->both, (double)c->truth + (double)c->prediction - (double)c->both, empty);
}

/* --- over images --- */

/*
 * Boundary IoU over images: of the bands summed over them, or the mean of the images'.
 */
struct class_sums {
    struct edgel_band_counts pooled;
    struct edgel_mean iou; /* IMAGE */
};

static void add(const struct edgel_adding *a, void *sums)
{
    static const struct edgel_band_counts none;
    const struct edgel_reducer *r = a->reducer;
    const struct edgel_band_list *list = edgel_row_bands(a->row);
    size_t k = 0;
    (void)sums;
    for (size_t i = 0; i <= r->nclasses; i++) {
        while (i < r->nclasses && k < list->n && list->v[k].id < r->ids[i])
            k++;
        const bool here = i < r->nclasses && k < list->n && list->v[k].id == r->ids[i];
        const struct edgel_band_counts *c = here ? &list->v[k] : &none;
        struct class_sums *s = edgel_reducer_class(r, EDGEL_BANDS, i);
        s->pooled.truth += c->truth;
        s->pooled.prediction += c->prediction;
        s->pooled.both += c->both;
        edgel_mean_add(&s->iou, edgel_band_iou(c, r->reduce->empty));
    }
}

static bool result(const struct edgel_reducer *r, void *out)
{
    const size_t first = edgel_reducer_first(r);
    struct edgel_bands_result *to = out;
    struct edgel_mean mean = { 0 };
    to->mean = NAN;
    if (r->nclasses <= first)
        return true;
    if (!(to->classes = edgel_calloc(r->nclasses - first, sizeof *to->classes)))
        return false;
    to->n = r->nclasses - first;
    for (size_t i = 0; i < to->n; i++) {
        const struct class_sums *s = edgel_reducer_class(r, EDGEL_BANDS, first + i);
        to->classes[i].counts = s->pooled;
        to->classes[i].counts.id = r->ids[first + i];
        to->classes[i].iou = r->reduce->reduce == EDGEL_REDUCE_IMAGE
                                 ? edgel_mean_value(&s->iou)
                                 : edgel_band_iou(&s->pooled, r->reduce->empty);
        if (edgel_reducer_in_mean(r, r->ids[first + i]))
            edgel_mean_add(&mean, to->classes[i].iou);
    }
    to->mean = edgel_mean_value(&mean);
    return true;
}

static void finish_result(void *out)
{
    struct edgel_bands_result *r = out;
    edgel_free(r->classes);
}

static const struct edgel_summing summing = {
    .class_size = sizeof(struct class_sums),
    .result_size = sizeof(struct edgel_bands_result),
    .add = add,
    .result = result,
    .finish_result = finish_result,
};

/* --- counts files --- */

/*
 * Counts of bands of one image in a counts file.
 *
 *   "bands":[[id,truth,prediction,both]...]      as bands.c measures them
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone). A side has a band if and only if it has pixels of the
 * id, never more than those, and a missing prediction has none; both is at most either, and at most what agrees.
 */
static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    return edgel_bands_measure(k->t_plane, k->missing ? NULL : k->p_plane, k->w, k->h,
                               k->params->options[EDGEL_BANDS][0], k->only, counts, k->err);
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_band_list *list = counts;
    edgel_entries_write(t, "bands", list->v, list->n, 3);
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    struct edgel_band_list *list = counts;
    void *v = NULL;
    (void)m;
    const enum edgel_status st = edgel_entries_read(p, line, "bands", 3, &v, &list->n);
    list->v = v;
    return st;
}

static const char *odd_band(const struct edgel_row *row, const void *entry, const struct edgel_id_totals *of)
{
    const struct edgel_band_counts *c = entry;
    const uint64_t predicted = row->kind == EDGEL_ROW_MISSING ? 0 : of->prediction;
    const uint64_t less = c->truth < c->prediction ? c->truth : c->prediction;
    if (c->truth > of->truth || c->prediction > predicted || (c->truth == 0) != (of->truth == 0) ||
        (c->prediction == 0) != (predicted == 0))
        return "a band must be some of the pixels of its id in the cells";
    return c->both > less || c->both > of->both ? "both must be at most either side and what agrees" : NULL;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_band_list *list = edgel_row_bands(row);
    return edgel_entries_odd(m, row, of, list->v, list->n, sizeof *list->v, odd_band);
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_band_list *list = edgel_row_bands(row);
    (void)m;
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_band_counts *c = &list->v[i];
        if (c->id < 0 || c->id >= EDGEL_IDS || c->both > c->truth || c->both > c->prediction)
            return "its bands have more in common than they are";
    }
    return NULL;
}

static void finish(void *counts)
{
    struct edgel_band_list *list = counts;
    edgel_free(list->v);
}

static const struct edgel_family_option options[] = {
    { .key = "band",
      .stored = "band",
      .kind = EDGEL_OPTION_REAL,
      .lo = 0,
      .hi = 1,
      .above = true,
      .def = NAN },
};

const struct edgel_family_row edgel_bands_family = {
    .family = EDGEL_BANDS,
    .name = "bands",
    .key = "bands",
    .measures = "Boundary IoU, from the bands inside the boundaries of each class",
    .options = options,
    .noptions = 1,
    .stored = EDGEL_STORED_BODY,
    .settles = "the boundaries",
    .needs = EDGEL_NEEDS_PLANES,
    .counts_size = sizeof(struct edgel_band_list),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &summing,
};
