/* Matched boundaries, for people and as the key "boundary" of the summary document. */
#include "report/report_priv.h"

static void convention(struct edgel_text *t, const struct edgel_measure *m)
{
    if (!edgel_measure_asks(m, EDGEL_BOUNDARY))
        return;
    edgel_text_printf(t, ",\"boundary\":\"%s\"", edgel_measure_word(m, "boundary"));
    edgel_text_named(t, ",\"max_dist\":", edgel_measure_value(m, "max_dist"));
    edgel_text_printf(t, ",\"thin\":%s,\"nms\":", edgel_measure_value(m, "thin") > 0 ? "true" : "false");
    if (edgel_measure_value(m, "nms") > 0) {
        edgel_text_named(t, "{\"ratio\":", edgel_measure_value(m, "nms_ratio"));
        edgel_text_named(t, ",\"radius\":", edgel_measure_value(m, "nms_radius"));
        edgel_text_str(t, "}");
    } else {
        edgel_text_str(t, "null");
    }
}

static void what(struct edgel_grid *g, const struct edgel_measure *m)
{
    edgel_grid_pair(g, "boundary", edgel_measure_word(m, "boundary"));
}

static void how(struct edgel_grid *g, const struct edgel_measure *m)
{
    edgel_grid_real(g, "max-dist", edgel_measure_value(m, "max_dist"), " of the diagonal");
    edgel_grid_pair(g, "thin", edgel_measure_word(m, "thin"));
    if (!(edgel_measure_value(m, "nms") > 0))
        return;
    struct edgel_text nms = { 0 };
    edgel_text_named(&nms, "ratio ", edgel_measure_value(m, "nms_ratio"));
    edgel_text_named(&nms, ", radius ", edgel_measure_value(m, "nms_radius"));
    edgel_grid_pair(g, "nms", nms.failed ? "" : nms.s);
    g->cells.failed |= nms.failed;
    edgel_text_finish(&nms);
}

static void json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_boundary_result *b = edgel_summary_boundary(s);
    edgel_points_best_json(t, "boundary", &b->ods, &b->ois);
    edgel_text_named(t, ",\"ap\":", b->ap);
    edgel_text_named(t, ",\"r50\":", b->r50);
    edgel_points_json(t, b->points, b->n);
}

static void table(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    const struct edgel_boundary_result *b = edgel_summary_boundary(s);
    edgel_points_table(t, "boundary", &b->ods, &b->ois, width);
    edgel_points_values(t, "AP", b->ap, "R50", b->r50);
}

static void side_by_side(struct edgel_text *t, const struct edgel_summary *s, size_t n, size_t width)
{
    static const char *const heads[] = { "method", "images", "missing", "failed", "ODS", "OIS", "AP", "R50" };
    struct edgel_grid g = { .columns = 8, .left = 1, .width = width };
    for (size_t i = 0; i < g.columns; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < n; i++) {
        edgel_grid_str(&g, s[i].prediction);
        edgel_grid_count(&g, s[i].images);
        edgel_grid_count(&g, s[i].missing);
        edgel_grid_count(&g, s[i].failed);
        edgel_grid_score(&g, edgel_summary_boundary(&s[i])->ods.f1);
        edgel_grid_score(&g, edgel_summary_boundary(&s[i])->ois.f1);
        edgel_grid_score(&g, edgel_summary_boundary(&s[i])->ap);
        edgel_grid_score(&g, edgel_summary_boundary(&s[i])->r50);
    }
    edgel_text_str(t, "\n");
    edgel_grid_end(&g, t);
}

const struct edgel_show edgel_boundary_show = { .family = EDGEL_BOUNDARY,
                                                .convention = convention,
                                                .what = what,
                                                .how = how,
                                                .json = json,
                                                .table = table,
                                                .side_by_side = side_by_side };
