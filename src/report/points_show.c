/* Operating points of a sweep, for people and in documents: what curves and boundaries have in common. */
#include "report/report_priv.h"

static void curve_line(struct edgel_grid *g, const char *name, const struct edgel_operating_point *p)
{
    edgel_grid_str(g, name);
    edgel_grid_score(g, p->threshold);
    edgel_grid_score(g, p->recall);
    edgel_grid_score(g, p->precision);
    edgel_grid_score(g, p->f1);
}

void edgel_points_table(struct edgel_text *t, const char *what, const struct edgel_operating_point *ods,
                        const struct edgel_operating_point *ois, size_t width)
{
    struct edgel_grid g = { .columns = 5, .left = 1, .width = width };
    edgel_grid_str(&g, what);
    edgel_grid_str(&g, "threshold");
    edgel_grid_str(&g, "recall");
    edgel_grid_str(&g, "precision");
    edgel_grid_str(&g, "f1");
    curve_line(&g, "ODS", ods);
    curve_line(&g, "OIS", ois);
    edgel_text_str(t, "\n");
    edgel_grid_end(&g, t);
}

void edgel_points_values(struct edgel_text *t, const char *a, double va, const char *b, double vb)
{
    struct edgel_grid g = { .columns = 2, .left = 1 };
    edgel_grid_str(&g, a);
    edgel_grid_score(&g, va);
    edgel_grid_str(&g, b);
    edgel_grid_score(&g, vb);
    edgel_grid_end(&g, t);
}

/* --- documents --- */

static void point(struct edgel_text *t, const struct edgel_operating_point *p)
{
    edgel_text_named(t, "\"recall\":", p->recall);
    edgel_text_named(t, ",\"precision\":", p->precision);
    edgel_text_named(t, ",\"f1\":", p->f1);
    edgel_text_str(t, "}");
}

void edgel_points_best_json(struct edgel_text *t, const char *key, const struct edgel_operating_point *ods,
                            const struct edgel_operating_point *ois)
{
    edgel_text_printf(t, ",\n \"%s\":{\"ods\":{\"threshold\":", key);
    edgel_text_real(t, ods->threshold);
    edgel_text_str(t, ",");
    point(t, ods);
    edgel_text_str(t, ",\"ois\":{");
    point(t, ois);
}

void edgel_points_json(struct edgel_text *t, const struct edgel_operating_point *v, int n)
{
    edgel_text_str(t, ",\"points\":[");
    for (int i = 0; i < n; i++) {
        edgel_text_named(t, i ? ",\n  {\"threshold\":" : "\n  {\"threshold\":", v[i].threshold);
        edgel_text_str(t, ",");
        point(t, &v[i]);
    }
    edgel_text_str(t, "\n ]}");
}
