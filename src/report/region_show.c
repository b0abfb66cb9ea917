/* Regions, for people and as the key "regions" of the summary document. */
#include "report/report_priv.h"
#include <math.h>

static void convention(struct edgel_text *t, const struct edgel_measure *m)
{
    const bool regions = edgel_measure_asks(m, EDGEL_REGIONS);
    if (regions || edgel_measure_asks(m, EDGEL_BOUNDARY))
        edgel_text_printf(t, ",\"regions\":%s,\"listed\":%s", regions ? "true" : "false",
                          m->listed ? "true" : "false");
}

static void what(struct edgel_grid *g, const struct edgel_measure *m)
{
    (void)m;
    edgel_grid_pair(g, "regions", "covering, PRI, VoI");
}

static void score_json(struct edgel_text *t, const char *key, const struct edgel_region_score *s)
{
    edgel_text_printf(t, "\"%s\":{", key);
    edgel_text_named(t, "\"ods\":", s->ods);
    edgel_text_named(t, ",\"ois\":", s->ois);
    edgel_text_named(t, ",\"threshold\":", s->threshold);
}

static void json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_region_result *r = edgel_summary_regions(s);
    if (r->n == 0)
        return;
    edgel_text_str(t, ",\n \"regions\":{");
    score_json(t, "covering", &r->covering);
    edgel_text_named(t, ",\"best\":", r->best);
    edgel_text_str(t, "},");
    score_json(t, "pri", &r->pri);
    edgel_text_str(t, "},");
    score_json(t, "voi", &r->voi);
    edgel_text_str(t, "},\"points\":[");
    for (int k = 0; k < r->n; k++) {
        edgel_text_named(t, k ? ",\n  {\"threshold\":" : "\n  {\"threshold\":", r->points[k].threshold);
        edgel_text_named(t, ",\"covering\":", r->points[k].covering);
        edgel_text_named(t, ",\"pri\":", r->points[k].pri);
        edgel_text_named(t, ",\"voi\":", r->points[k].voi);
        edgel_text_str(t, "}");
    }
    edgel_text_str(t, "\n ]}");
}

static void score_line(struct edgel_grid *g, const char *name, const struct edgel_region_score *s,
                       double best)
{
    edgel_grid_str(g, name);
    edgel_grid_score(g, s->threshold);
    edgel_grid_score(g, s->ods);
    edgel_grid_score(g, s->ois);
    edgel_grid_score(g, best);
}

static void table(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    static const char *const heads[] = { "regions", "threshold", "ODS", "OIS", "best" };
    const struct edgel_region_result *r = edgel_summary_regions(s);
    struct edgel_grid g = { .columns = 5, .left = 1, .width = width };
    if (r->n == 0)
        return;
    for (int i = 0; i < 5; i++)
        edgel_grid_str(&g, heads[i]);
    score_line(&g, "covering", &r->covering, r->best);
    score_line(&g, "PRI", &r->pri, NAN);
    score_line(&g, "VoI (bits, less is better)", &r->voi, NAN);
    edgel_text_str(t, "\n");
    edgel_grid_print(&g, t);
    edgel_grid_finish(&g);
}

static void side_by_side(struct edgel_text *t, const struct edgel_summary *s, size_t n, size_t width)
{
    static const char *const heads[] = { "method", "images",  "missing", "failed",  "cover ODS", "cover OIS",
                                         "best",   "PRI ODS", "PRI OIS", "VoI ODS", "VoI OIS" };
    struct edgel_grid g = { .columns = 11, .left = 1, .width = width };
    if (n == 0 || edgel_summary_regions(s)->n == 0)
        return;
    for (size_t i = 0; i < g.columns; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < n; i++) {
        const struct edgel_region_result *r = edgel_summary_regions(&s[i]);
        edgel_grid_str(&g, s[i].prediction);
        edgel_grid_count(&g, s[i].images);
        edgel_grid_count(&g, s[i].missing);
        edgel_grid_count(&g, s[i].failed);
        edgel_grid_score(&g, r->covering.ods);
        edgel_grid_score(&g, r->covering.ois);
        edgel_grid_score(&g, r->best);
        edgel_grid_score(&g, r->pri.ods);
        edgel_grid_score(&g, r->pri.ois);
        edgel_grid_score(&g, r->voi.ods);
        edgel_grid_score(&g, r->voi.ois);
    }
    edgel_text_str(t, "\n");
    edgel_grid_print(&g, t);
    edgel_grid_finish(&g);
}

const struct edgel_show edgel_regions_show = { .family = EDGEL_REGIONS,
                                               .convention = convention,
                                               .what = what,
                                               .json = json,
                                               .table = table,
                                               .side_by_side = side_by_side };
