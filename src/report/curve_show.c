/* The sweep over pixels, for people and as the key "curve" of the summary document. */
#include "report/report_priv.h"

static void json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_curve_result *c = edgel_summary_curve(s);
    edgel_points_best_json(t, "curve", &c->ods, &c->ois);
    edgel_text_named(t, ",\"ap\":", c->ap);
    edgel_text_named(t, ",\"auc\":", c->auc);
    edgel_points_json(t, c->points, c->n);
}

static void table(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    const struct edgel_curve_result *c = edgel_summary_curve(s);
    edgel_points_table(t, "curve", &c->ods, &c->ois, width);
    edgel_points_values(t, "AP", c->ap, "AUC", c->auc);
}

const struct edgel_show edgel_curve_show = { .family = EDGEL_CURVE, .json = json, .table = table };
