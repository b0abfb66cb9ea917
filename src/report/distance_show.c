/* Distances between surfaces, for people and as the key "distances" of the summary document. */
#include "report/report_priv.h"
#include <inttypes.h>
#include <stdio.h>

static void scores(struct edgel_text *t, const struct edgel_summary *s, const struct edgel_distance_result *d)
{
    const double v[] = { d->scores.hd, d->scores.hd95, d->scores.assd };
    static const char *const names[] = { "hd", "hd95", "assd" };
    for (int i = 0; i < 3; i++) {
        edgel_text_printf(t, "\"%s\":", names[i]);
        edgel_text_real(t, v[i]);
        edgel_text_str(t, ",");
    }
    edgel_text_str(t, "\"nsd\":[");
    for (size_t i = 0; i < s->reduce->nnsd; i++) {
        edgel_text_str(t, i ? "," : "");
        edgel_text_real(t, d->scores.nsd[i]);
    }
    edgel_text_printf(
        t, "],\"both\":%" PRIu64 ",\"missed\":%" PRIu64 ",\"invented\":%" PRIu64 ",\"empty\":%" PRIu64 "}",
        d->both, d->missed, d->invented, d->empty);
}

static void json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    const struct edgel_distances_result *d = edgel_summary_distances(s);
    char digits[16];
    edgel_text_str(t, ",\n \"distances\":{\"unit\":\"px\",\"nsd_tolerance\":[");
    for (size_t i = 0; i < s->reduce->nnsd; i++) {
        edgel_text_str(t, i ? "," : "");
        edgel_text_real(t, s->reduce->nsd_tolerance[i]);
    }
    edgel_text_str(t, "],\"one_side\":\"diagonal\",\"reduce\":\"image\",\"classes\":[");
    for (size_t i = 0; i < p->nclasses; i++) {
        const struct edgel_class_result *c = &p->classes[i];
        edgel_text_printf(t, "%s\n  {\"id\":%" PRId32 ",\"name\":", i ? "," : "", c->id);
        edgel_text_json(t, edgel_class_label(c, digits, sizeof digits));
        edgel_text_printf(t, ",\"in_mean\":%s,", c->in_mean ? "true" : "false");
        scores(t, s, &d->classes[i]);
    }
    edgel_text_str(t, p->nclasses ? "\n ],\"mean\":{" : "],\"mean\":{");
    scores(t, s, &d->mean);
    edgel_text_str(t, "}");
}

static void cells(struct edgel_grid *g, const struct edgel_summary *s, const struct edgel_distance_result *d)
{
    edgel_grid_count(g, d->both);
    edgel_grid_count(g, d->missed);
    edgel_grid_count(g, d->invented);
    edgel_grid_count(g, d->empty);
    edgel_grid_score(g, d->scores.hd);
    edgel_grid_score(g, d->scores.hd95);
    edgel_grid_score(g, d->scores.assd);
    for (size_t i = 0; i < s->reduce->nnsd; i++)
        edgel_grid_score(g, d->scores.nsd[i]);
}

static void heads(struct edgel_grid *g, const struct edgel_summary *s)
{
    static const char *const names[] = { "id",    "class", "both", "missed", "invented",
                                         "empty", "hd",    "hd95", "assd" };
    for (int i = 0; i < 9; i++)
        edgel_grid_str(g, names[i]);
    for (size_t i = 0; i < s->reduce->nnsd; i++) {
        struct edgel_text name = { 0 };
        edgel_text_str(&name, "nsd@");
        edgel_text_real(&name, s->reduce->nsd_tolerance[i]);
        edgel_grid_str(g, name.failed ? "" : name.s);
        g->cells.failed |= name.failed;
        edgel_text_finish(&name);
    }
}

static void table(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    const struct edgel_distances_result *d = edgel_summary_distances(s);
    char digits[16];
    struct edgel_grid g = { .columns = 9 + s->reduce->nnsd, .left = 2, .width = width };
    heads(&g, s);
    for (size_t i = 0; i < p->nclasses; i++) {
        const struct edgel_class_result *c = &p->classes[i];
        snprintf(digits, sizeof digits, "%" PRId32, c->id);
        edgel_grid_str(&g, digits);
        edgel_grid_str(&g, edgel_class_label(c, digits, sizeof digits));
        cells(&g, s, &d->classes[i]);
    }
    edgel_grid_str(&g, "mean");
    edgel_grid_str(&g, "");
    cells(&g, s, &d->mean);
    edgel_text_str(t, "\ndistances (px, means over images; missed or invented: the image's diagonal)\n");
    edgel_grid_print(&g, t);
    edgel_grid_finish(&g);
}

const struct edgel_show edgel_distances_show = { .family = EDGEL_DISTANCES, .json = json, .table = table };
