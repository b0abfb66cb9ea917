/*
 * Counts of contours of one image in a counts file.
 *
 *   "contours":[[id,matched_prediction,prediction,matched_truth,truth]...]      as contours.c measures them
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone); matched at most all, at most as many as the image has
 * pixels, and none where the other side has none.
 */
#include "eval/eval_priv.h"

static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    return edgel_contours_measure(k->t_plane, k->missing ? NULL : k->p_plane, k->w, k->h, k->only, counts,
                                  k->err);
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_tolerance_list *list = counts;
    edgel_entries_write(t, "contours", list->v, list->n, 4);
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    struct edgel_tolerance_list *list = counts;
    void *v = NULL;
    (void)m;
    const enum edgel_status st = edgel_entries_read(p, line, "contours", 4, &v, &list->n);
    list->v = v;
    return st;
}

static const char *odd_contour(const struct edgel_row *row, const void *entry,
                               const struct edgel_id_totals *of)
{
    const struct edgel_tolerance_counts *c = entry;
    const uint64_t all = (uint64_t)row->w * (uint64_t)row->h;
    const bool predicted = row->kind != EDGEL_ROW_MISSING && of->prediction > 0;
    if (c->truth > all || c->prediction > all || (c->truth > 0 && of->truth == 0) ||
        (c->prediction > 0 && !predicted))
        return "must be pixels of the image, of an id in the cells";
    if (c->matched_truth > c->truth || c->matched_prediction > c->prediction ||
        (c->matched_truth > 0) != (c->matched_prediction > 0))
        return "matched pixels must not exceed all, and be there on both sides or none";
    return NULL;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_tolerance_list *list = edgel_row_davis(row);
    return edgel_entries_odd(m, row, of, list->v, list->n, sizeof *list->v, odd_contour);
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_tolerance_list *list = edgel_row_davis(row);
    (void)m;
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_tolerance_counts *c = &list->v[i];
        if (c->id < 0 || c->id >= EDGEL_IDS || c->matched_truth > c->truth ||
            c->matched_prediction > c->prediction)
            return "its contours have more pixels matched than there are";
    }
    return NULL;
}

static void finish(void *counts)
{
    struct edgel_tolerance_list *list = counts;
    edgel_free(list->v);
}

static const struct edgel_family_option options[] = {
    { .key = "davis", .stored = "davis", .kind = EDGEL_OPTION_SWITCH, .words = edgel_option_switch },
};

const struct edgel_family_row edgel_davis_family = {
    .family = EDGEL_DAVIS,
    .name = "davis",
    .key = "contours",
    .measures = "J and F of objects along sequences",
    .options = options,
    .noptions = 1,
    .stored = EDGEL_STORED_BODY,
    .settles = "the boundaries",
    .needs = EDGEL_NEEDS_PLANES,
    .counts_size = sizeof(struct edgel_tolerance_list),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_davis_summing,
};
