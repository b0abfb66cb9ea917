/*
 * Scores for people. First the convention, since no number means anything without it; with several methods one line
 * per method; then for each method what its families show. 4 decimals; "-" is undefined.
 */
#include "report/report_priv.h"
#include <inttypes.h>

static void ids_line(struct edgel_grid *g, const char *key, const int32_t *ids, size_t n)
{
    struct edgel_text list = { 0 };
    for (size_t i = 0; i < n; i++)
        edgel_text_printf(&list, "%s%" PRId32, i ? "," : "", ids[i]);
    if (n == 0)
        edgel_text_str(&list, "none");
    edgel_grid_pair(g, key, list.failed ? "" : list.s);
    g->cells.failed |= list.failed;
    edgel_text_finish(&list);
}

static void annotator_line(struct edgel_grid *g, const struct edgel_measure *m, bool maps)
{
    char buf[16];
    edgel_annotator_text(m, buf, sizeof buf);
    if (m->annotator != EDGEL_ANNOTATOR_NONE)
        edgel_grid_pair(g, "annotator", buf);
    else if (maps)
        edgel_grid_pair(g, "annotators", "all, matched one by one");
}

static void family_lines(struct edgel_grid *g, const struct edgel_measure *m, bool how)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_show *show = edgel_show_of((enum edgel_family)f);
        void (*const lines)(struct edgel_grid *, const struct edgel_measure *) = how ? show->how : show->what;
        if (lines && edgel_measure_asks(m, (enum edgel_family)f))
            lines(g, m);
    }
}

static void convention(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_measure *m = s->measure;
    const struct edgel_reduce *r = s->reduce;
    const bool maps = edgel_measure_asks(m, EDGEL_BOUNDARY) || edgel_measure_asks(m, EDGEL_REGIONS);
    struct edgel_grid g = { .columns = 2, .left = 2 };
    edgel_grid_pair(&g, "convention", "edgel");
    if (!maps)
        edgel_grid_pair(&g, "labels", edgel_convention_word(EDGEL_CONVENTION_LABELS, (int)m->labels));
    if (!maps && m->labels == EDGEL_LABELS_BINARY)
        edgel_grid_real(&g, "threshold", m->threshold, " of the full range, value >= threshold");
    family_lines(&g, m, false);
    if (m->thresholds > 0)
        edgel_grid_real(&g, "thresholds", m->thresholds,
                        m->listed ? ", segmentations of a list"
                        : edgel_measure_asks(m, EDGEL_CURVE) && !m->coarse
                            ? " in the curve; ODS, OIS, AP, AUC over all levels"
                            : "");
    family_lines(&g, m, true);
    if (!maps && m->valid)
        edgel_grid_pair(&g, "valid", "only pixels of a validity mask");
    annotator_line(&g, m, maps);
    if (edgel_measure_counts_pixels(m))
        edgel_grid_pair(&g, "reduce", edgel_convention_word(EDGEL_CONVENTION_REDUCE, (int)r->reduce));
    if (!maps) {
        edgel_grid_pair(&g, "empty", edgel_convention_word(EDGEL_CONVENTION_EMPTY, (int)r->empty));
        ids_line(&g, "ignore", r->ignore, r->nignore);
        ids_line(&g, "exclude-from-mean", r->exclude_from_mean, r->nexclude);
    }
    edgel_grid_pair(&g, "missing", edgel_convention_word(EDGEL_CONVENTION_MISSING, (int)r->missing));
    edgel_grid_end(&g, t);
}

static void method(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    struct edgel_grid g = { .columns = 2, .left = 2 };
    edgel_text_str(t, "\n");
    edgel_grid_pair(&g, "prediction", s->prediction);
    edgel_grid_str(&g, "images");
    edgel_grid_count(&g, s->images);
    edgel_grid_str(&g, "missing");
    edgel_grid_count(&g, s->missing);
    edgel_grid_str(&g, "failed");
    edgel_grid_count(&g, s->failed);
    if (edgel_measure_counts_pixels(s->measure)) {
        edgel_grid_str(&g, "pixels");
        edgel_grid_count(&g, edgel_summary_pixels(s)->pixels);
        edgel_grid_str(&g, "empty touched");
        edgel_grid_count(&g, edgel_summary_pixels(s)->empty_touched);
    }
    edgel_grid_end(&g, t);
    for (int f = 0; f < 2 * EDGEL_FAMILIES; f++) {
        const struct edgel_show *show = edgel_show_of((enum edgel_family)(f % EDGEL_FAMILIES));
        if (show->table && s->results[show->family] && show->leads == (f < EDGEL_FAMILIES))
            show->table(t, s, width);
    }
}

enum edgel_status edgel_report_table(struct edgel_output *out, const struct edgel_summary *s, size_t n,
                                     size_t width, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    if (n)
        EDGEL_REQUIRE(s);
    if (n == 0)
        return EDGEL_OK;
    struct edgel_text t = { 0 };
    convention(&t, s);
    for (int f = 0; f < EDGEL_FAMILIES && n > 1; f++) {
        const struct edgel_show *show = edgel_show_of((enum edgel_family)f);
        if (show->side_by_side && s->results[f])
            show->side_by_side(&t, s, n, width);
    }
    enum edgel_status status = edgel_text_deliver(&t, out, err);
    for (size_t i = 0; i < n && status == EDGEL_OK; i++) {
        method(&t, &s[i], width);
        status = edgel_text_deliver(&t, out, err);
    }
    edgel_text_finish(&t);
    return status;
}
