/*
 * The confusion of ids of one image in a counts file.
 *
 *   "pixels":n,"cells":[[truth,prediction,n]...]
 *
 * Checked: pixels are at most w h, and none are counted where boundaries or regions are; cells rise without repetition,
 * none is 0, and they sum to the pixels. BINARY ids are 0 and 1, in truth also the ignored ones.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

static bool asked(const struct edgel_measure *m)
{
    (void)m; /* empty where boundaries, regions or objects are measured instead */
    return true;
}

static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    struct edgel_pixels_counts *c = counts;
    if (!k->confusion)
        return EDGEL_OK;
    c->pixels = k->pixels;
    if (!edgel_confusion_cells(k->confusion, &c->cells, &c->n))
        return edgel_fail(k->err, EDGEL_ENOMEM, "measure: out of memory");
    for (size_t i = 0; k->missing && k->params->labels != EDGEL_LABELS_BINARY && i < c->n; i++)
        c->cells[i].prediction = EDGEL_ID_NONE;
    return EDGEL_OK;
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_pixels_counts *p = counts;
    edgel_text_printf(t, ",\"pixels\":%" PRIu64 ",\"cells\":[", p->pixels);
    for (size_t i = 0; i < p->n; i++) {
        const struct edgel_cell *c = &p->cells[i];
        edgel_text_printf(t, "%s[%d,%d,%" PRIu64 "]", i ? "," : "", c->truth, c->prediction, c->n);
    }
    edgel_text_str(t, "]");
}

static enum edgel_status read_cells(const struct edgel_place *p, const struct edgel_json *v,
                                    struct edgel_pixels_counts *out)
{
    size_t n;
    EDGEL_TRY(edgel_place_array(p, v, "cells", SIZE_MAX, &n));
    if (n == 0)
        return EDGEL_OK;
    if (!(out->cells = edgel_alloc(n, sizeof *out->cells)))
        return edgel_place_no_memory(p);
    for (size_t i = 0; i < n; i++) {
        int64_t c[3];
        EDGEL_TRY(edgel_place_tuple(p, edgel_json_at(v, i), "cells", 3, EDGEL_ID_NONE, INT64_MAX, c));
        if (c[0] < 0 || c[0] >= EDGEL_IDS || c[1] >= EDGEL_IDS || c[2] < 0)
            return edgel_place_refuse(p, "cells",
                                      "ids are 0 to 65535 (prediction -1: none), counts not negative");
        out->cells[i] = (struct edgel_cell){ (int32_t)c[0], (int32_t)c[1], (uint64_t)c[2] };
    }
    out->n = n;
    return EDGEL_OK;
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    struct edgel_pixels_counts *c = counts;
    int64_t pixels;
    (void)m;
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(line, "pixels"), "pixels", 0, INT64_MAX, &pixels));
    c->pixels = (uint64_t)pixels;
    return read_cells(p, edgel_json_get(line, "cells"), c);
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const bool binary = m->labels == EDGEL_LABELS_BINARY;
    const struct edgel_pixels_counts *p = edgel_row_pixels(row);
    uint64_t left = p->pixels;
    (void)of;
    if (p->pixels > (uint64_t)row->w * (uint64_t)row->h)
        return "pixels must be at most width times height";
    for (size_t i = 0; i < p->n; i++) {
        const struct edgel_cell *c = &p->cells[i];
        if (i > 0 &&
            (c->truth < c[-1].truth || (c->truth == c[-1].truth && c->prediction <= c[-1].prediction)))
            return "must rise by truth, then prediction, each pair once";
        if (c->n == 0 || c->n > left)
            return "must be above 0 and sum to pixels";
        if (binary && (c->prediction < 0 || c->prediction > 1 ||
                       (c->truth > 1 && !edgel_id_in(m->ignore, m->nignore, c->truth))))
            return "ids of binary masks are 0 and 1, and in truth the ignored ones";
        left -= c->n;
    }
    if (left != 0)
        return "must sum to pixels";
    return edgel_of_maps(m) && p->pixels != 0 ? "pixels are not counted where boundaries or regions are"
                                              : NULL;
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_pixels_counts *p = edgel_row_pixels(row);
    const int32_t ids = m->labels == EDGEL_LABELS_BINARY ? 2 : EDGEL_IDS;
    uint64_t sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct edgel_cell *c = &p->cells[i];
        const bool rises =
            i == 0 || c->truth > c[-1].truth || (c->truth == c[-1].truth && c->prediction > c[-1].prediction);
        if (c->truth < 0 || c->truth >= EDGEL_IDS || c->prediction < EDGEL_ID_NONE || c->prediction >= ids ||
            !rises || c->n > p->pixels - sum)
            return "its cells are not a confusion of its pixels";
        sum += c->n;
    }
    return sum == p->pixels ? NULL : "its cells do not sum to its pixels";
}

static void finish(void *counts)
{
    struct edgel_pixels_counts *c = counts;
    edgel_free(c->cells);
}

const struct edgel_family_row edgel_pixels_family = {
    .family = EDGEL_PIXELS,
    .name = "pixels",
    .key = "cells",
    .measures = "the confusion of ids, pixel by pixel",
    .asked = asked,
    .counts_size = sizeof(struct edgel_pixels_counts),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_pixels_summing,
};
