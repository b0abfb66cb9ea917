/*
 * Distances between the surfaces of a class in prediction and truth, as counts.
 *
 * Surface = the pixels of the class that have a 4-neighbour outside the class or outside the image. Pixels that are
 * not judged belong to no class. For every surface pixel of one side the distance to the nearest surface pixel of the
 * other side, between pixel centres; kept is, for each direction, how many pixels have which squared distance. That is
 * exact, and every distance measure follows from it (distance_scores.c).
 * Distances come from the exact transform (edt.c) inside the box that holds both sides, which no connection leaves.
 * O(sum of the boxes' areas), and a radix sort of the surface pixels.
 */
#include "eval/eval_priv.h"
#include <string.h>

struct job {
    int w, h;
    struct edgel_edt_pair edt; /* set: truth, prediction, inside the box */
};

/* Marks the surface of the box's id in it; its pixels. */
static uint64_t mark_surface(const struct job *j, const struct edgel_id_box *b, const int32_t *plane,
                             uint8_t *set)
{
    const int32_t id = b->id;
    const ptrdiff_t w = j->w;
    uint64_t n = 0;
    for (int y = b->y0; y <= b->y1; y++) {
        const int32_t *row = plane + y * w;
        const bool edge = y == 0 || y == j->h - 1;
        for (int x = b->x0; x <= b->x1; x++) {
            const bool surface = row[x] == id && (edge || x == 0 || x == j->w - 1 || row[x - 1] != id ||
                                                  row[x + 1] != id || row[x - w] != id || row[x + w] != id);
            *set++ = surface;
            n += surface;
        }
    }
    return n;
}

/* Squared distances of the pixels of `of` to the nearest one of `to`, in reading order. */
static void collect(const struct job *j, const struct edgel_id_box *b, const uint8_t *of, const uint8_t *to,
                    uint64_t *found)
{
    const size_t bw = (size_t)(b->x1 - b->x0 + 1), bh = (size_t)(b->y1 - b->y0 + 1);
    edgel_edt_columns(to, (int)bw, (int)bh, j->edt.g);
    for (size_t y = 0; y < bh; y++) {
        const uint8_t *row = of + y * bw;
        if (!memchr(row, 1, bw))
            continue;
        edgel_edt_row(j->edt.g + y * bw, (int)bw, j->edt.d2, j->edt.s, j->edt.t);
        for (size_t x = 0; x < bw; x++)
            if (row[x])
                *found++ = (uint64_t)j->edt.d2[x];
    }
}

/* Sorts v[n] by bytes from the lowest on; the sorted one of v and scratch is returned. */
static uint64_t *sort(uint64_t *v, uint64_t *scratch, size_t n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= v[i];
    for (int shift = 0; shift < 64 && all >> shift != 0; shift += 8) {
        size_t first[257] = { 0 };
        for (size_t i = 0; i < n; i++)
            first[(v[i] >> shift & 255) + 1]++;
        for (int k = 0; k < 256; k++)
            first[k + 1] += first[k];
        for (size_t i = 0; i < n; i++)
            scratch[first[v[i] >> shift & 255]++] = v[i];
        uint64_t *sorted = scratch;
        scratch = v;
        v = sorted;
    }
    return v;
}

static bool make_bins(const uint64_t *d2, size_t n, struct edgel_surface *out)
{
    size_t bins = 1, k = 0;
    for (size_t i = 1; i < n; i++)
        bins += d2[i] != d2[i - 1];
    if (!(out->bins = edgel_alloc(bins, sizeof *out->bins)))
        return false;
    out->bins[0] = (struct edgel_distance_bin){ d2[0], 0 };
    for (size_t i = 0; i < n; i++) {
        if (d2[i] != out->bins[k].d2)
            out->bins[++k] = (struct edgel_distance_bin){ d2[i], 0 };
        out->bins[k].n++;
    }
    out->nbins = bins;
    return true;
}

static bool measure_side(const struct job *j, const struct edgel_id_box *b, const uint8_t *of,
                         const uint8_t *to, struct edgel_surface *side)
{
    const size_t n = (size_t)side->pixels;
    uint64_t *found = edgel_alloc(n, 2 * sizeof *found);
    if (!found)
        return false;
    collect(j, b, of, to, found);
    bool ok = make_bins(sort(found, found + n, n), n, side);
    edgel_free(found);
    return ok;
}

static bool measure_id(const struct job *j, const struct edgel_id_box *b, const int32_t *truth,
                       const int32_t *prediction, struct edgel_distance_counts *c)
{
    c->id = b->id;
    if (b->truth > 0)
        c->truth.pixels = mark_surface(j, b, truth, j->edt.set[0]);
    if (b->prediction > 0)
        c->prediction.pixels = mark_surface(j, b, prediction, j->edt.set[1]);
    if (b->truth == 0 || b->prediction == 0)
        return true;
    return measure_side(j, b, j->edt.set[0], j->edt.set[1], &c->truth) &&
           measure_side(j, b, j->edt.set[1], j->edt.set[0], &c->prediction);
}

enum edgel_status edgel_distances_measure(const int32_t *truth, const int32_t *prediction, int w, int h,
                                          int32_t only, struct edgel_distance_list *out,
                                          struct edgel_error *err)
{
    struct job j = { .w = w, .h = h };
    struct edgel_id_box *boxes = edgel_id_boxes(truth, prediction, w, h, only, &out->n);
    out->v = NULL;
    bool ok = boxes && edgel_edt_pair_init(&j.edt, w, h);
    if (ok && out->n > 0)
        ok = (out->v = edgel_calloc(out->n, sizeof *out->v)) != NULL;
    for (size_t k = 0; ok && k < out->n; k++)
        ok = measure_id(&j, &boxes[k], truth, prediction, &out->v[k]);
    edgel_edt_pair_finish(&j.edt);
    edgel_free(boxes);
    if (ok)
        return EDGEL_OK;
    edgel_distances_finish(out);
    return edgel_no_memory_for(err, "distances", w, h);
}

void edgel_distances_finish(void *counts)
{
    struct edgel_distance_list *list = counts;
    for (size_t i = 0; list->v && i < list->n; i++) {
        edgel_free(list->v[i].prediction.bins);
        edgel_free(list->v[i].truth.bins);
    }
    edgel_free(list->v);
    *list = (struct edgel_distance_list){ 0 };
}
