/*
 * A sweep over thresholds of one image in a counts file.
 *
 *   "curve":{"positives":n,"negatives":n,"tp":[...],"fp":[...]}      by rising threshold
 *
 * Checked: positives and negatives are the cells' judged truth, and the counts never rise with the threshold.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

static bool asked(const struct edgel_measure *m)
{
    return edgel_curve_thresholds(m) > 0;
}

static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    const int n = k->params->thresholds;
    struct edgel_curve_counts *c = counts;
    if (!(c->tp = edgel_alloc((size_t)n, sizeof *c->tp)) || !(c->fp = edgel_alloc((size_t)n, sizeof *c->fp)))
        return edgel_fail(k->err, EDGEL_ENOMEM, "measure, %dx%d: out of memory", k->w, k->h);
    c->n = n;
    edgel_curve_suffix(k->hist[1], n, c->tp);
    edgel_curve_suffix(k->hist[0], n, c->fp);
    c->positives = c->tp[0] + k->hist[1][0];
    c->negatives = c->fp[0] + k->hist[0][0];
    return EDGEL_OK;
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_curve_counts *c = counts;
    if (c->n == 0)
        return;
    edgel_text_printf(t, ",\"curve\":{\"positives\":%" PRIu64 ",\"negatives\":%" PRIu64, c->positives,
                      c->negatives);
    edgel_counts_list(t, "tp", c->tp, (size_t)c->n);
    edgel_counts_list(t, "fp", c->fp, (size_t)c->n);
    edgel_text_str(t, "}");
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    const struct edgel_json *o = edgel_json_get(line, "curve");
    struct edgel_curve_counts *c = counts;
    int64_t positives, negatives;
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(o, "positives"), "positives", 0, INT64_MAX, &positives));
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(o, "negatives"), "negatives", 0, INT64_MAX, &negatives));
    c->positives = (uint64_t)positives;
    c->negatives = (uint64_t)negatives;
    EDGEL_TRY(edgel_place_counts(p, edgel_json_get(o, "tp"), "tp", m->thresholds, &c->tp));
    EDGEL_TRY(edgel_place_counts(p, edgel_json_get(o, "fp"), "fp", m->thresholds, &c->fp));
    c->n = m->thresholds;
    return EDGEL_OK;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_curve_counts *c = edgel_row_curve(row);
    const struct edgel_cell_totals t = edgel_totals_of_cells(m, row);
    uint64_t tp = c->positives, fp = c->negatives;
    (void)of;
    if (c->positives != t.positives || c->negatives != t.judged - t.positives)
        return "positives and negatives must be those of the cells";
    for (int i = 0; i < c->n; i++) {
        if (c->tp[i] > tp || c->fp[i] > fp)
            return "tp and fp must not rise with the threshold";
        tp = c->tp[i];
        fp = c->fp[i];
    }
    return NULL;
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    return edgel_row_curve(row)->n == m->thresholds ? NULL : "it has counts at another number of thresholds";
}

static void finish(void *counts)
{
    struct edgel_curve_counts *c = counts;
    edgel_free(c->tp);
    edgel_free(c->fp);
}

const struct edgel_family_row edgel_curve_family = {
    .family = EDGEL_CURVE,
    .name = "curve",
    .key = "curve",
    .measures = "pixels at every threshold of a sweep",
    .asks = "thresholds",
    .asked = asked,
    .settles = "the sweep over thresholds",
    .needs = EDGEL_NEEDS_LEVELS,
    .counts_size = sizeof(struct edgel_curve_counts),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_curve_summing,
};
