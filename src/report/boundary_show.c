/* Matched boundaries, for people and as the key "boundary" of the summary document. */
#include "report/report_priv.h"

static void real(struct edgel_text *t, const char *before, double v)
{
    edgel_text_str(t, before);
    edgel_text_real(t, v);
}

static void json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_boundary_result *b = edgel_summary_boundary(s);
    edgel_points_best_json(t, "boundary", &b->ods, &b->ois);
    real(t, ",\"ap\":", b->ap);
    real(t, ",\"r50\":", b->r50);
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

const struct edgel_show edgel_boundary_show = {
    .family = EDGEL_BOUNDARY, .json = json, .table = table, .side_by_side = side_by_side
};
