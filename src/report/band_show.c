/* Boundary IoU and DAVIS, for people and as the keys "boundary_iou" and "davis" of the summary document. */
#include "report/report_priv.h"
#include <inttypes.h>
#include <stdio.h>

static void iou_json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    char digits[16];
    edgel_text_str(t, ",\n \"boundary_iou\":{\"width\":");
    edgel_text_real(t, edgel_measure_value(s->measure, "band"));
    edgel_text_str(t, ",\"classes\":[");
    for (size_t i = 0; i < p->nclasses; i++) {
        const struct edgel_class_result *c = &p->classes[i];
        const struct edgel_band_result *b = &edgel_summary_bands(s)->classes[i];
        edgel_text_printf(t, "%s\n  {\"id\":%" PRId32 ",\"name\":", i ? "," : "", c->id);
        edgel_text_json(t, edgel_class_label(c, digits, sizeof digits));
        edgel_text_printf(
            t,
            ",\"in_mean\":%s,\"truth\":%" PRIu64 ",\"prediction\":%" PRIu64 ",\"both\":%" PRIu64 ",\"iou\":",
            c->in_mean ? "true" : "false", b->counts.truth, b->counts.prediction, b->counts.both);
        edgel_text_real(t, b->iou);
        edgel_text_str(t, "}");
    }
    edgel_text_str(t, p->nclasses ? "\n ],\"mean\":" : "],\"mean\":");
    edgel_text_real(t, edgel_summary_bands(s)->mean);
    edgel_text_str(t, "}");
}

static void davis_scores(struct edgel_text *t, const char *key, const struct edgel_davis_scores *v)
{
    edgel_text_printf(t, "\"%s\":{\"mean\":", key);
    edgel_text_real(t, v->mean);
    edgel_text_str(t, ",\"recall\":");
    edgel_text_real(t, v->recall);
    edgel_text_str(t, ",\"decay\":");
    edgel_text_real(t, v->decay);
    edgel_text_str(t, "}");
}

static void davis_json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_davis_result *d = edgel_summary_davis(s);
    edgel_text_printf(t, ",\n \"davis\":{\"sequences\":%zu,\"mean\":", d->sequences);
    edgel_text_real(t, (d->j.mean + d->f.mean) / 2);
    edgel_text_str(t, ",");
    davis_scores(t, "j", &d->j);
    edgel_text_str(t, ",");
    davis_scores(t, "f", &d->f);
    edgel_text_str(t, ",\"objects\":[");
    for (size_t i = 0; i < d->nobjects; i++) {
        const struct edgel_davis_object *o = &d->objects[i];
        edgel_text_printf(t, "%s\n  {\"sequence\":", i ? "," : "");
        edgel_text_json(t, o->sequence);
        edgel_text_printf(t, ",\"id\":%" PRId32 ",\"frames\":%" PRIu64 ",", o->id, o->frames);
        davis_scores(t, "j", &o->j);
        edgel_text_str(t, ",");
        davis_scores(t, "f", &o->f);
        edgel_text_str(t, "}");
    }
    edgel_text_str(t, d->nobjects ? "\n ]}" : "]}");
}

static void iou_table(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    static const char *const heads[] = { "id", "class", "truth", "prediction", "both", "iou" };
    struct edgel_grid g = { .columns = 6, .left = 2, .width = width };
    char digits[16];
    for (int i = 0; i < 6; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < p->nclasses; i++) {
        const struct edgel_class_result *c = &p->classes[i];
        const struct edgel_band_result *b = &edgel_summary_bands(s)->classes[i];
        snprintf(digits, sizeof digits, "%" PRId32, c->id);
        edgel_grid_str(&g, digits);
        edgel_grid_str(&g, edgel_class_label(c, digits, sizeof digits));
        edgel_grid_count(&g, b->counts.truth);
        edgel_grid_count(&g, b->counts.prediction);
        edgel_grid_count(&g, b->counts.both);
        edgel_grid_score(&g, b->iou);
    }
    edgel_grid_str(&g, "mean");
    for (int i = 0; i < 4; i++)
        edgel_grid_str(&g, "");
    edgel_grid_score(&g, edgel_summary_bands(s)->mean);
    edgel_text_str(t, "\nboundary iou (band of ");
    edgel_text_real(t, edgel_measure_value(s->measure, "band"));
    edgel_text_str(t, " of the diagonal, pixels)\n");
    edgel_grid_print(&g, t);
    edgel_grid_finish(&g);
}

static void davis_cells(struct edgel_grid *g, const struct edgel_davis_scores *v)
{
    edgel_grid_score(g, v->mean);
    edgel_grid_score(g, v->recall);
    edgel_grid_score(g, v->decay);
}

static void davis_table(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    const struct edgel_davis_result *d = edgel_summary_davis(s);
    static const char *const heads[] = { "sequence", "object", "frames",   "J mean", "J recall",
                                         "J decay",  "F mean", "F recall", "F decay" };
    struct edgel_grid g = { .columns = 9, .left = 1, .width = width };
    for (int i = 0; i < 9; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < d->nobjects; i++) {
        const struct edgel_davis_object *o = &d->objects[i];
        edgel_grid_str(&g, o->sequence[0] ? o->sequence : ".");
        edgel_grid_count(&g, (uint64_t)o->id);
        edgel_grid_count(&g, o->frames);
        davis_cells(&g, &o->j);
        davis_cells(&g, &o->f);
    }
    edgel_grid_str(&g, "mean");
    edgel_grid_str(&g, "");
    edgel_grid_str(&g, "");
    davis_cells(&g, &d->j);
    davis_cells(&g, &d->f);
    edgel_text_str(t, "\ndavis (J&F ");
    if (d->nobjects > 0)
        edgel_text_fixed(t, (d->j.mean + d->f.mean) / 2, 4);
    else
        edgel_text_str(t, "-");
    edgel_text_str(t, ")\n");
    edgel_grid_print(&g, t);
    edgel_grid_finish(&g);
}

const struct edgel_show edgel_bands_show = { .family = EDGEL_BANDS, .json = iou_json, .table = iou_table };
const struct edgel_show edgel_davis_show = { .family = EDGEL_DAVIS,
                                             .json = davis_json,
                                             .table = davis_table };
