/*
 * Boundary pixels of objects matched within a tolerance, for the F of DAVIS.
 *
 * A pixel is boundary when it differs in being of the object from its right, lower or lower-right neighbour; what lies
 * outside the image does not differ. Boundary pixels of one side are matched when the other side has one within
 * r = ceil(0.008 times the image's diagonal): what a dilation by a disk of radius r reaches. Pixels that are not judged
 * belong to no object.
 * Distances come from the exact transform (edt.c) in the box of the object, one pixel wider to the left and above.
 * Source: F. Perazzi et al., "A benchmark dataset and evaluation methodology for video object segmentation", 2016.
 */
#include "eval/eval_priv.h"
#include <math.h>
#include <string.h>

struct job {
    int w, h;
    int64_t limit;
    struct edgel_edt_pair edt; /* set: truth, prediction, inside the box */
};

static uint64_t mark_contour(const struct job *j, const struct edgel_id_box *b, const int32_t *plane,
                             uint8_t *set)
{
    const int32_t id = b->id;
    const ptrdiff_t w = j->w;
    uint64_t n = 0;
    for (int y = b->y0; y <= b->y1; y++)
        for (int x = b->x0; x <= b->x1; x++) {
            const int32_t *p = plane + y * w + x;
            const bool in = *p == id, right = x + 1 < j->w, below = y + 1 < j->h;
            *set = (right && (p[1] == id) != in) || (below && (p[w] == id) != in) ||
                   (right && below && (p[w + 1] == id) != in);
            n += *set++;
        }
    return n;
}

static uint64_t within(const struct job *j, const struct edgel_id_box *b, const uint8_t *of,
                       const uint8_t *to)
{
    const size_t bw = (size_t)(b->x1 - b->x0 + 1), bh = (size_t)(b->y1 - b->y0 + 1);
    uint64_t n = 0;
    edgel_edt_columns(to, (int)bw, (int)bh, j->edt.g);
    for (size_t y = 0; y < bh; y++) {
        const uint8_t *row = of + y * bw;
        if (!memchr(row, 1, bw))
            continue;
        edgel_edt_row(j->edt.g + y * bw, (int)bw, j->edt.d2, j->edt.s, j->edt.t);
        for (size_t x = 0; x < bw; x++)
            n += row[x] && j->edt.d2[x] <= j->limit;
    }
    return n;
}

static void measure_id(const struct job *j, struct edgel_id_box b, const int32_t *truth,
                       const int32_t *prediction, struct edgel_tolerance_counts *c)
{
    *c = (struct edgel_tolerance_counts){ .id = b.id };
    if (b.truth + b.prediction == 0)
        return;
    b.x0 -= b.x0 > 0;
    b.y0 -= b.y0 > 0;
    c->truth = mark_contour(j, &b, truth, j->edt.set[0]);
    c->prediction = prediction ? mark_contour(j, &b, prediction, j->edt.set[1]) : 0;
    if (c->truth == 0 || c->prediction == 0)
        return;
    c->matched_truth = within(j, &b, j->edt.set[0], j->edt.set[1]);
    c->matched_prediction = within(j, &b, j->edt.set[1], j->edt.set[0]);
}

enum edgel_status edgel_contours_measure(const int32_t *truth, const int32_t *prediction, int w, int h,
                                         int32_t only, struct edgel_tolerance_list *out,
                                         struct edgel_error *err)
{
    struct job j = { .w = w, .h = h };
    struct edgel_id_box *boxes = edgel_id_boxes(truth, prediction, w, h, only, &out->n);
    const double r = ceil(0.008 * sqrt((double)w * w + (double)h * h));
    j.limit = (int64_t)(r * r);
    out->v = NULL;
    bool ok = boxes && edgel_edt_pair_init(&j.edt, w, h);
    if (ok && out->n > 0)
        ok = (out->v = edgel_alloc(out->n, sizeof *out->v)) != NULL;
    for (size_t k = 0; ok && k < out->n; k++)
        measure_id(&j, boxes[k], truth, prediction, &out->v[k]);
    edgel_edt_pair_finish(&j.edt);
    edgel_free(boxes);
    if (ok)
        return EDGEL_OK;
    out->n = 0;
    return edgel_no_memory_for(err, "davis", w, h);
}
