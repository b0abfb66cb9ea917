/*
 * Pixels matched within a tolerance, of one image in a counts file.
 *
 *   "tolerance":[[id,matched_prediction,prediction,matched_truth,truth]...]
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone), matched <= all, the totals of each id are those of
 * the cells, and pixels that agree are matched.
 */
#include "eval/eval_priv.h"

static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    struct edgel_tolerance_list *list = counts;
    EDGEL_TRY(edgel_tolerance_measure(k->t_plane, k->p_plane, k->w, k->h,
                                      k->params->options[EDGEL_TOLERANCE][0], k->only, list, k->err));
    for (size_t i = 0; k->missing && i < list->n; i++) /* a missing one is near nothing */
        list->v[i].matched_prediction = list->v[i].matched_truth = 0;
    return EDGEL_OK;
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_tolerance_list *list = counts;
    edgel_entries_write(t, "tolerance", list->v, list->n, 4);
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    struct edgel_tolerance_list *list = counts;
    void *v = NULL;
    (void)m;
    const enum edgel_status st = edgel_entries_read(p, line, "tolerance", 4, &v, &list->n);
    list->v = v;
    return st;
}

static const char *odd_id(const struct edgel_row *row, const void *entry, const struct edgel_id_totals *of)
{
    const struct edgel_tolerance_counts *c = entry;
    (void)row;
    if (c->matched_prediction > c->prediction || c->matched_truth > c->truth)
        return "matched pixels must not exceed all";
    if (c->truth != of->truth || c->prediction != of->prediction)
        return "totals must be those of the cells";
    return c->matched_prediction < of->both || c->matched_truth < of->both
               ? "pixels that agree must be matched"
               : NULL;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_tolerance_list *list = edgel_row_tolerance(row);
    return edgel_entries_odd(m, row, of, list->v, list->n, sizeof *list->v, odd_id);
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
    .counts_size = sizeof(struct edgel_tolerance_list),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_tolerance_summing,
};
