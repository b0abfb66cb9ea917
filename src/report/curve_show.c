/*
 * The sweep over pixels, for people and as the key "curve" of the summary document: ods, ois, ap, auc over all levels;
 * coarse: over the thresholds alone, as counts of schema edgel.counts/1 have them; ap_error and auc_error: how far both
 * can be from those of float samples; points.
 */
#include "report/report_priv.h"
#include <math.h>

static void json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_curve_result *c = edgel_summary_curve(s);
    edgel_points_best_json(t, "curve", &c->ods, &c->ois);
    edgel_text_named(t, ",\"ap\":", c->ap);
    edgel_text_named(t, ",\"auc\":", c->auc);
    edgel_text_printf(t, ",\"coarse\":%s", c->coarse ? "true" : "false");
    edgel_text_named(t, ",\"ap_error\":", c->ap_error);
    edgel_text_named(t, ",\"auc_error\":", c->auc_error);
    edgel_points_json(t, c->points, c->n);
}

/* An error above 0, rounded up to one digit. */
static void bound(struct edgel_text *t, const char *before, double v)
{
    int decimals = 1;
    double power = 10;
    for (; v * power < 1 && decimals < 15; decimals++)
        power *= 10;
    edgel_text_str(t, before);
    edgel_text_fixed(t, ceil(v * power) / power, decimals);
}

static void table(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    const struct edgel_curve_result *c = edgel_summary_curve(s);
    edgel_points_table(t, "curve", &c->ods, &c->ois, width);
    edgel_points_values(t, "AP", c->ap, "AUC", c->auc);
    if (c->coarse)
        edgel_text_printf(t,
                          "coarse: these counts (edgel.counts/1) have %d thresholds and no levels;\n"
                          "measure again for the exact ODS, OIS, AP and AUC\n",
                          c->n);
    if (c->ap_error > 0 || c->auc_error > 0) {
        bound(t, "float maps in 65,536 levels: AP is within ", c->ap_error);
        bound(t, ", AUC within ", c->auc_error);
        edgel_text_str(t, "\n");
    }
}

const struct edgel_show edgel_curve_show = {
    .family = EDGEL_CURVE, .json = json, .table = table, .leads = true
};
