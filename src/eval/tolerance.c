/*
 * Pixels that have a partner on the other side within a distance, per class.
 *
 * matched_prediction = predicted pixels of the class with a truth pixel of the class at distance <= tolerance,
 * matched_truth the other way round; not one to one. Distances come from the exact transform (edt.c) of either side
 * inside the box that holds both, which no connection leaves. O(sum of the boxes' areas).
 */
#include "eval/eval_priv.h"
#include <math.h>
#include <stdlib.h>

struct box {
    int x0, y0, x1, y1; /* last ones included */
};

struct job {
    const int32_t *truth, *prediction;
    int w, h;
    int64_t limit; /* largest squared distance that counts */
    uint8_t *set;  /* of the box */
    int32_t *g, *s, *t;
    int64_t *d2;
};

static void stretch(struct box *b, bool first, int x, int y)
{
    if (first)
        *b = (struct box){ x, y, x, y };
    b->x0 = x < b->x0 ? x : b->x0;
    b->x1 = x > b->x1 ? x : b->x1;
    b->y0 = y < b->y0 ? y : b->y0;
    b->y1 = y > b->y1 ? y : b->y1;
}

/* Pixels of id in `of` that lie within reach of a pixel of id in `to`. */
static uint64_t within(const struct job *j, const struct box *b, const int32_t *of, const int32_t *to,
                       int32_t id)
{
    const int bw = b->x1 - b->x0 + 1, bh = b->y1 - b->y0 + 1;
    for (int y = 0; y < bh; y++) {
        const int32_t *row = to + (size_t)(b->y0 + y) * (size_t)j->w + (size_t)b->x0;
        for (int x = 0; x < bw; x++)
            j->set[(size_t)y * (size_t)bw + (size_t)x] = row[x] == id;
    }
    edgel_edt_columns(j->set, bw, bh, j->g);
    uint64_t n = 0;
    for (int y = 0; y < bh; y++) {
        const int32_t *row = of + (size_t)(b->y0 + y) * (size_t)j->w + (size_t)b->x0;
        edgel_edt_row(j->g + (size_t)y * (size_t)bw, bw, j->d2, j->s, j->t);
        for (int x = 0; x < bw; x++)
            n += row[x] == id && j->d2[x] <= j->limit;
    }
    return n;
}

static bool prepare(struct job *j)
{
    size_t n = (size_t)j->w * (size_t)j->h, w = (size_t)j->w;
    j->set = edgel_alloc(n, 1);
    j->g = edgel_alloc(n, sizeof *j->g);
    j->s = edgel_alloc(w, sizeof *j->s);
    j->t = edgel_alloc(w, sizeof *j->t);
    j->d2 = edgel_alloc(w, sizeof *j->d2);
    return j->set && j->g && j->s && j->t && j->d2;
}

static void release(struct job *j)
{
    edgel_free(j->set);
    edgel_free(j->g);
    edgel_free(j->s);
    edgel_free(j->t);
    edgel_free(j->d2);
}

/* Totals and boxes of all ids (or of `only`) in tables over all ids. */
static void survey_ids(const struct job *j, int32_t only, struct edgel_tolerance_counts *counts,
                       struct box *boxes)
{
    for (int y = 0; y < j->h; y++)
        for (int x = 0; x < j->w; x++) {
            size_t i = (size_t)y * (size_t)j->w + (size_t)x;
            int32_t t = j->truth[i], p = j->prediction[i];
            if (t >= 0 && (only < 0 || t == only)) {
                stretch(&boxes[t], counts[t].truth + counts[t].prediction == 0, x, y);
                counts[t].truth++;
            }
            if (p >= 0 && (only < 0 || p == only)) {
                stretch(&boxes[p], counts[p].truth + counts[p].prediction == 0, x, y);
                counts[p].prediction++;
            }
        }
}

static void measure_id(const struct job *j, const struct box *b, int32_t id, struct edgel_tolerance_counts *c)
{
    c->id = id;
    if (c->truth == 0 || c->prediction == 0)
        return;
    c->matched_prediction = within(j, b, j->prediction, j->truth, id);
    c->matched_truth = within(j, b, j->truth, j->prediction, id);
}

enum edgel_status edgel_tolerance_measure(const int32_t *truth, const int32_t *prediction, int w, int h,
                                          double tolerance, int32_t only, struct edgel_tolerance_counts **out,
                                          size_t *n, struct edgel_error *err)
{
    struct job j = { .truth = truth, .prediction = prediction, .w = w, .h = h };
    struct edgel_tolerance_counts *counts = edgel_calloc(EDGEL_IDS, sizeof *counts);
    struct box *boxes = edgel_alloc(EDGEL_IDS, sizeof *boxes);
    j.limit = (int64_t)floor(tolerance * tolerance);
    *out = NULL;
    *n = 0;
    bool ok = counts && boxes && prepare(&j);
    if (ok) {
        survey_ids(&j, only, counts, boxes);
        for (int32_t id = 0; id < EDGEL_IDS; id++)
            if (id == only || counts[id].truth + counts[id].prediction > 0) {
                measure_id(&j, &boxes[id], id, &counts[id]);
                counts[(*n)++] = counts[id];
            }
        if (*n > 0) {
            *out = edgel_alloc(*n, sizeof **out);
            ok = *out != NULL;
        }
        for (size_t i = 0; ok && i < *n; i++)
            (*out)[i] = counts[i];
    }
    release(&j);
    edgel_free(boxes);
    edgel_free(counts);
    if (!ok) {
        *n = 0;
        return edgel_fail(err, EDGEL_ENOMEM, "tolerance, %dx%d: out of memory", w, h);
    }
    return EDGEL_OK;
}
