/*
 * Pixels matched within a tolerance, of one image in a counts file.
 *
 *   "tolerance":[[id,matched_prediction,prediction,matched_truth,truth]...]
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone), matched <= all, the totals of each id are those of
 * the cells, and pixels that agree are matched.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

void edgel_tolerances_write(struct edgel_text *t, const char *key, const struct edgel_tolerance_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_tolerance_counts *c = &list->v[i];
        if (i == 0)
            edgel_text_printf(t, ",\"%s\":[", key);
        edgel_text_printf(t, "%s[%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", i ? "," : "", c->id,
                          c->matched_prediction, c->prediction, c->matched_truth, c->truth);
    }
    edgel_text_str(t, list->n > 0 ? "]" : "");
}

enum edgel_status edgel_tolerances_read(const struct edgel_place *p, const struct edgel_json *v,
                                        const char *key, struct edgel_tolerance_list *list)
{
    size_t n;
    if (!v)
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_array(p, v, key, EDGEL_IDS, &n));
    if (n == 0)
        return EDGEL_OK;
    if (!(list->v = edgel_alloc(n, sizeof *list->v)))
        return edgel_place_no_memory(p);
    for (size_t i = 0; i < n; i++) {
        int64_t c[5];
        EDGEL_TRY(edgel_place_tuple(p, edgel_json_at(v, i), key, 5, 0, INT64_MAX, c));
        if (c[0] >= EDGEL_IDS)
            return edgel_place_refuse(p, key, "ids are 0 to 65535");
        list->v[i] = (struct edgel_tolerance_counts){ .id = (int32_t)c[0],
                                                      .matched_prediction = (uint64_t)c[1],
                                                      .prediction = (uint64_t)c[2],
                                                      .matched_truth = (uint64_t)c[3],
                                                      .truth = (uint64_t)c[4] };
    }
    list->n = n;
    return EDGEL_OK;
}

static enum edgel_status measure(const struct edgel_measuring *k)
{
    struct edgel_tolerance_list *list = edgel_row_part(k->row, EDGEL_TOLERANCE, sizeof *list);
    if (!list)
        return edgel_fail(k->err, EDGEL_ENOMEM, "tolerance, %dx%d: out of memory", k->w, k->h);
    EDGEL_TRY(edgel_tolerance_measure(k->t_plane, k->p_plane, k->w, k->h,
                                      k->params->options[EDGEL_TOLERANCE][0], k->only, list, k->err));
    for (size_t i = 0; k->missing && i < list->n; i++) /* a missing one is near nothing */
        list->v[i].matched_prediction = list->v[i].matched_truth = 0;
    return EDGEL_OK;
}

static void write_counts(struct edgel_text *t, const struct edgel_row *row)
{
    edgel_tolerances_write(t, "tolerance", edgel_row_tolerance(row));
}

static enum edgel_status read_counts(const struct edgel_json *line, const char *where,
                                     const struct edgel_measure *m, struct edgel_row *row,
                                     struct edgel_error *err)
{
    const struct edgel_place p = { where, err };
    struct edgel_tolerance_list *list = edgel_row_part(row, EDGEL_TOLERANCE, sizeof *list);
    (void)m;
    return list ? edgel_tolerances_read(&p, edgel_json_get(line, "tolerance"), "tolerance", list)
                : edgel_place_no_memory(&p);
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_tolerance_list *list = edgel_row_tolerance(row);
    const struct edgel_cell_totals t = edgel_totals_of_cells(m, row);
    const bool binary = m->labels == EDGEL_LABELS_BINARY;
    uint64_t truth = 0, prediction = 0;
    if (binary && (list->n != 1 || list->v[0].id != 1))
        return "tolerance: binary masks have id 1 alone";
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_tolerance_counts *c = &list->v[i];
        if (i > 0 && c->id <= c[-1].id)
            return "tolerance: ids must rise";
        if (c->matched_prediction > c->prediction || c->matched_truth > c->truth)
            return "tolerance: matched pixels must not exceed all";
        if (c->truth != of[c->id].truth || c->prediction != of[c->id].prediction)
            return "tolerance: totals must be those of the cells";
        if (c->matched_prediction < of[c->id].both || c->matched_truth < of[c->id].both)
            return "tolerance: pixels that agree must be matched";
        truth += c->truth;
        prediction += c->prediction;
    }
    return binary || (truth == t.judged && prediction == t.predicted)
               ? NULL
               : "tolerance: every id of the cells must be listed";
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_tolerance_list *list = edgel_row_tolerance(row);
    (void)m;
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].id < 0 || list->v[i].id >= EDGEL_IDS)
            return "it has tolerance counts of an id beyond 65535";
    return NULL;
}

static void finish(void *counts)
{
    struct edgel_tolerance_list *list = counts;
    edgel_free(list->v);
}

static const struct edgel_family_option options[] = {
    { .key = "tolerance",
      .stored = "tolerance",
      .kind = EDGEL_OPTION_REAL,
      .lo = 0,
      .hi = EDGEL_TOLERANCE_MAX,
      .def = NAN },
};

const struct edgel_family_row edgel_tolerance_family = {
    .family = EDGEL_TOLERANCE,
    .name = "tolerance",
    .key = "tolerance",
    .measures = "pixels that have a partner within a distance",
    .options = options,
    .noptions = 1,
    .stored = EDGEL_STORED_HEAD,
    .null_when_off = true,
    .settles = "the tolerance",
    .needs = EDGEL_NEEDS_PLANES,
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_tolerance_summing,
};
