/*
 * Counts of bands of one image in a counts file.
 *
 *   "bands":[[id,truth,prediction,both]...]      as bands.c measures them
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone). A side has a band if and only if it has pixels of the
 * id, never more than those, and a missing prediction has none; both is at most either, and at most what agrees.
 */
#include "eval/eval_priv.h"

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
    .sums = &edgel_bands_summing,
};
