/*
 * Counts of bands of one image in a counts file.
 *
 *   "bands":[[id,truth,prediction,both]...]      as bands.c measures them
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone). A side has a band if and only if it has pixels of the
 * id, never more than those, and a missing prediction has none; both is at most either, and at most what agrees.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

static enum edgel_status measure(const struct edgel_measuring *k)
{
    struct edgel_band_list *list = edgel_row_part(k->row, EDGEL_BANDS, sizeof *list);
    if (!list)
        return edgel_fail(k->err, EDGEL_ENOMEM, "boundary iou, %dx%d: out of memory", k->w, k->h);
    return edgel_bands_measure(k->t_plane, k->missing ? NULL : k->p_plane, k->w, k->h,
                               k->params->options[EDGEL_BANDS][0], k->only, list, k->err);
}

static void write_counts(struct edgel_text *t, const struct edgel_row *row)
{
    const struct edgel_band_list *list = edgel_row_bands(row);
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_band_counts *c = &list->v[i];
        edgel_text_printf(t, "%s[%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", i ? "," : ",\"bands\":[", c->id,
                          c->truth, c->prediction, c->both);
    }
    edgel_text_str(t, list->n > 0 ? "]" : "");
}

static enum edgel_status read_counts(const struct edgel_json *line, const char *where,
                                     const struct edgel_measure *m, struct edgel_row *row,
                                     struct edgel_error *err)
{
    const struct edgel_place p = { where, err };
    const struct edgel_json *v = edgel_json_get(line, "bands");
    struct edgel_band_list *list = edgel_row_part(row, EDGEL_BANDS, sizeof *list);
    size_t n;
    (void)m;
    if (!list)
        return edgel_place_no_memory(&p);
    if (!v)
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_array(&p, v, "bands", EDGEL_IDS, &n));
    if (n > 0 && !(list->v = edgel_alloc(n, sizeof *list->v)))
        return edgel_place_no_memory(&p);
    for (size_t i = 0; i < n; i++) {
        int64_t c[4];
        EDGEL_TRY(edgel_place_tuple(&p, edgel_json_at(v, i), "bands", 4, 0, INT64_MAX, c));
        if (c[0] >= EDGEL_IDS)
            return edgel_place_refuse(&p, "bands", "ids are 0 to 65535");
        list->v[i] =
            (struct edgel_band_counts){ (int32_t)c[0], (uint64_t)c[1], (uint64_t)c[2], (uint64_t)c[3] };
    }
    list->n = n;
    return EDGEL_OK;
}

static const char *odd_band(const struct edgel_row *row, const struct edgel_band_counts *c,
                            const struct edgel_id_totals *of)
{
    const uint64_t predicted = row->kind == EDGEL_ROW_MISSING ? 0 : of->prediction;
    const uint64_t less = c->truth < c->prediction ? c->truth : c->prediction;
    if (c->truth > of->truth || c->prediction > predicted || (c->truth == 0) != (of->truth == 0) ||
        (c->prediction == 0) != (predicted == 0))
        return "bands: a band must be some of the pixels of its id in the cells";
    return c->both > less || c->both > of->both ? "bands: both must be at most either side and what agrees"
                                                : NULL;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_band_list *list = edgel_row_bands(row);
    size_t listed = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_band_counts *c = &list->v[i];
        if (i > 0 && c->id <= c[-1].id)
            return "bands: ids must rise";
        const char *odd = odd_band(row, c, &of[c->id]);
        if (odd)
            return odd;
        listed += of[c->id].truth + of[c->id].prediction > 0;
    }
    if (m->labels == EDGEL_LABELS_BINARY)
        return list->n == 1 && list->v[0].id == 1 ? NULL : "bands: binary masks have id 1 alone";
    return listed == edgel_ids_there(of) ? NULL : "bands: every id of the cells must be listed";
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
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_bands_summing,
};
