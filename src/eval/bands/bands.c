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
    return edgel_fail(err, EDGEL_ENOMEM, "boundary iou, %dx%d: out of memory", w, h);
}

double edgel_band_iou(const struct edgel_band_counts *c, enum edgel_empty empty)
{
    return edgel_ratio((double)c->both, (double)c->truth + (double)c->prediction - (double)c->both, empty);
}
