/*
 * Scores for people. First the convention, since no number means anything without it; with several methods one line
 * per method; then for each method what its families show. 4 decimals; "-" is undefined.
 */
#include "report/report_priv.h"
#include <inttypes.h>
#include <stdio.h>

static void pair_line(struct edgel_grid *g, const char *key, const char *value)
{
    edgel_grid_str(g, key);
    edgel_grid_str(g, value);
}

static void word_line(struct edgel_grid *g, const char *key, const struct edgel_text *word)
{
    pair_line(g, key, word->failed ? "" : word->s);
    g->cells.failed |= word->failed;
}

static void annotator_line(struct edgel_grid *g, const struct edgel_measure *m)
{
    char buf[16];
    edgel_annotator_text(m, buf, sizeof buf);
    pair_line(g, "annotator", buf);
}

static void list_line(struct edgel_grid *g, struct edgel_text *word, const char *key, const int32_t *ids,
                      size_t n)
{
    edgel_text_clear(word);
    for (size_t i = 0; i < n; i++)
        edgel_text_printf(word, "%s%" PRId32, i ? "," : "", ids[i]);
    if (n == 0)
        edgel_text_str(word, "none");
    word_line(g, key, word);
}

static void real_line(struct edgel_grid *g, struct edgel_text *word, const char *key, double v,
                      const char *after)
{
    edgel_text_clear(word);
    edgel_text_real(word, v);
    edgel_text_str(word, after);
    word_line(g, key, word);
}

static void nms_line(struct edgel_grid *g, struct edgel_text *word, const struct edgel_boundary_params *b)
{
    edgel_text_clear(word);
    edgel_text_str(word, "ratio ");
    edgel_text_real(word, b->nms_ratio);
    edgel_text_printf(word, ", radius %d", b->nms_radius);
    word_line(g, "nms", word);
}

/* Of boundaries and regions. */
static void map_lines(struct edgel_grid *g, struct edgel_text *word, const struct edgel_measure *m)
{
    if (m->boundary != EDGEL_BOUNDARY_NONE)
        pair_line(g, "boundary", "bsds");
    if (m->regions)
        pair_line(g, "regions", "covering, PRI, VoI");
    real_line(g, word, "thresholds", m->thresholds, m->listed ? ", segmentations of a list" : "");
    if (m->boundary != EDGEL_BOUNDARY_NONE) {
        real_line(g, word, "max-dist", m->boundary_params.max_dist, " of the diagonal");
        pair_line(g, "thin", m->boundary_params.thin ? "on" : "off");
        if (m->boundary_params.nms)
            nms_line(g, word, &m->boundary_params);
    }
    if (m->annotator == EDGEL_ANNOTATOR_NONE) {
        pair_line(g, "annotators", "all, matched one by one");
        return;
    }
    annotator_line(g, m);
}

static void measure_lines(struct edgel_grid *g, struct edgel_text *word, const struct edgel_measure *m)
{
    pair_line(g, "labels", edgel_convention_word(EDGEL_CONVENTION_LABELS, (int)m->labels));
    if (m->labels == EDGEL_LABELS_BINARY)
        real_line(g, word, "threshold", m->threshold, " of the full range, value >= threshold");
    if (m->thresholds > 0)
        real_line(g, word, "thresholds", m->thresholds, "");
    if (m->tolerance >= 0)
        real_line(g, word, "tolerance", m->tolerance,
                  m->thresholds > 0 ? " px in precision, recall, f1; none in the curve"
                                    : " px in precision, recall, f1");
    if (m->valid)
        pair_line(g, "valid", "only pixels of a validity mask");
    if (m->annotator != EDGEL_ANNOTATOR_NONE)
        annotator_line(g, m);
}

static void convention(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_reduce *r = s->reduce;
    struct edgel_grid g = { .columns = 2, .left = 2 };
    struct edgel_text word = { 0 };
    pair_line(&g, "convention", "edgel");
    if (s->measure->boundary != EDGEL_BOUNDARY_NONE || s->measure->regions) {
        map_lines(&g, &word, s->measure);
    } else {
        measure_lines(&g, &word, s->measure);
        if (edgel_counts_pixels(s->measure))
            pair_line(&g, "reduce", edgel_convention_word(EDGEL_CONVENTION_REDUCE, (int)r->reduce));
        pair_line(&g, "empty", edgel_convention_word(EDGEL_CONVENTION_EMPTY, (int)r->empty));
        list_line(&g, &word, "ignore", r->ignore, r->nignore);
        list_line(&g, &word, "exclude-from-mean", r->exclude_from_mean, r->nexclude);
    }
    pair_line(&g, "missing", edgel_convention_word(EDGEL_CONVENTION_MISSING, (int)r->missing));
    edgel_text_finish(&word);
    edgel_grid_end(&g, t);
}

static void method(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    struct edgel_grid g = { .columns = 2, .left = 2 };
    edgel_text_str(t, "\n");
    pair_line(&g, "prediction", s->prediction);
    edgel_grid_str(&g, "images");
    edgel_grid_count(&g, s->images);
    edgel_grid_str(&g, "missing");
    edgel_grid_count(&g, s->missing);
    edgel_grid_str(&g, "failed");
    edgel_grid_count(&g, s->failed);
    if (edgel_counts_pixels(s->measure)) {
        edgel_grid_str(&g, "pixels");
        edgel_grid_count(&g, edgel_summary_pixels(s)->pixels);
        edgel_grid_str(&g, "empty touched");
        edgel_grid_count(&g, edgel_summary_pixels(s)->empty_touched);
    }
    edgel_grid_end(&g, t);
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_show *show = edgel_show_of((enum edgel_family)f);
        if (show->table && s->results[f])
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
