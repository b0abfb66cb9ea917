/*
 * Matched boundaries of one image in a counts file.
 *
 *   "boundary":{"truth":n,"matched_truth":[...],"prediction":[...],"matched_prediction":[...]}      by threshold
 *
 * Checked: matched <= all, detections are pixels of the image, and a matched detection has a truth pixel of its own.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    return edgel_boundary_measure(k->params, k->maps, counts, &k->row->remarks, k->err);
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_boundary_counts *c = counts;
    if (c->n == 0)
        return;
    edgel_text_printf(t, ",\"boundary\":{\"truth\":%" PRIu64, c->truth);
    edgel_counts_list(t, "matched_truth", c->matched_truth, (size_t)c->n);
    edgel_counts_list(t, "prediction", c->prediction, (size_t)c->n);
    edgel_counts_list(t, "matched_prediction", c->matched_prediction, (size_t)c->n);
    edgel_text_str(t, "}");
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    const struct edgel_json *o = edgel_json_get(line, "boundary");
    struct edgel_boundary_counts *c = counts;
    const struct {
        const char *key;
        uint64_t **out;
    } lists[] = { { "matched_truth", &c->matched_truth },
                  { "prediction", &c->prediction },
                  { "matched_prediction", &c->matched_prediction } };
    int64_t truth;
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(o, "truth"), "truth", 0, INT64_MAX / 8, &truth));
    c->truth = (uint64_t)truth;
    for (int i = 0; i < 3; i++)
        EDGEL_TRY(edgel_place_counts(p, edgel_json_get(o, lists[i].key), lists[i].key, m->thresholds,
                                     lists[i].out));
    c->n = m->thresholds;
    c->listed = m->listed;
    return EDGEL_OK;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_boundary_counts *c = edgel_row_boundary(row);
    (void)m;
    (void)of;
    for (int i = 0; i < c->n; i++) {
        if (c->prediction[i] > (uint64_t)row->w * (uint64_t)row->h)
            return "prediction must be at most width times height";
        if (c->matched_truth[i] > c->truth || c->matched_prediction[i] > c->prediction[i])
            return "matched pixels must not exceed all";
        if (c->matched_prediction[i] > c->matched_truth[i])
            return "a matched detection has a truth pixel of its own";
    }
    return NULL;
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    return edgel_row_boundary(row)->n == m->thresholds ? NULL
                                                       : "its boundaries are of another number of thresholds";
}

static void finish(void *counts)
{
    struct edgel_boundary_counts *c = counts;
    edgel_free(c->matched_truth);
    edgel_free(c->prediction);
    edgel_free(c->matched_prediction);
}

static const char *const serves[] = { "bsds_files", NULL };

static const char *const protocols[] = { "none", "bsds", NULL };
static const struct edgel_family_option options[EDGEL_BOUNDARY_OPTIONS] = {
    [0] = { .key = "boundary", .stored = "protocol", .kind = EDGEL_OPTION_WORD, .words = protocols },
    [EDGEL_MAX_DIST] = { .key = "max_dist",
                         .stored = "max_dist",
                         .kind = EDGEL_OPTION_REAL,
                         .lo = 0,
                         .hi = 1,
                         .above = true,
                         .def = 0.0075 },
    [EDGEL_THIN] = { .key = "thin",
                     .stored = "thin",
                     .kind = EDGEL_OPTION_SWITCH,
                     .words = edgel_option_switch,
                     .def = 1 },
    [EDGEL_NMS] = { .key = "nms",
                    .stored = "nms",
                    .kind = EDGEL_OPTION_SWITCH,
                    .words = edgel_option_switch },
    [EDGEL_NMS_RATIO] = { .key = "nms_ratio",
                          .stored = "ratio",
                          .inside = "nms",
                          .kind = EDGEL_OPTION_REAL,
                          .lo = 1,
                          .hi = 10,
                          .def = 1.01 },
    [EDGEL_NMS_RADIUS] = { .key = "nms_radius",
                           .stored = "radius",
                           .inside = "nms",
                           .kind = EDGEL_OPTION_WHOLE,
                           .lo = 1,
                           .hi = 100,
                           .def = 1 },
};

const struct edgel_family_row edgel_boundary_family = {
    .family = EDGEL_BOUNDARY,
    .name = "boundary",
    .key = "boundary",
    .measures = "boundaries matched one to one at every threshold",
    .options = options,
    .noptions = EDGEL_BOUNDARY_OPTIONS,
    .stored = EDGEL_STORED_TAIL,
    .excludes = edgel_maps_exclude + 1,
    .serves = serves,
    .suits = edgel_maps_suit,
    .in_place = edgel_of_maps,
    .settles = "the sweep over thresholds",
    .needs = EDGEL_NEEDS_MAPS,
    .counts_size = sizeof(struct edgel_boundary_counts),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_boundary_summing,
};
