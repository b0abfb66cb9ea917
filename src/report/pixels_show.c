/*
 * The pixels of classes, for people and in the summary document: counts and scores of each class, their mean, overall
 * numbers, the confusion matrix (up to MATRIX_SHOWN classes, more do not fit on a screen).
 */
#include "report/report_priv.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { MATRIX_SHOWN = 20 };

/* --- document --- */

static void ids(struct edgel_text *t, const char *before, const int32_t *v, size_t n)
{
    edgel_text_printf(t, "%s[", before);
    for (size_t i = 0; i < n; i++)
        edgel_text_printf(t, "%s%" PRId32, i ? "," : "", v[i]);
    edgel_text_str(t, "]");
}

static void counts(struct edgel_text *t, const uint64_t *v, size_t n)
{
    edgel_text_str(t, "[");
    for (size_t i = 0; i < n; i++)
        edgel_text_printf(t, "%s%" PRIu64, i ? "," : "", v[i]);
    edgel_text_str(t, "]");
}

static void scores(struct edgel_text *t, const struct edgel_scores *s)
{
    for (size_t i = 0; i < edgel_class_scores(); i++) {
        edgel_text_printf(t, "%s\"%s\":", i ? "," : "", edgel_score_at(i)->key);
        edgel_text_real(t, s->v[i]);
    }
}

static void overall_json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_score *score;
    for (size_t i = 0; (score = edgel_score_at(i)) != NULL; i++) {
        if (!score->overall)
            continue;
        edgel_text_printf(t, "\"%s\":", score->key);
        edgel_text_named(t, "", edgel_score_value(score, s));
        edgel_text_str(t, ",");
    }
    edgel_text_str(t, "\n");
}

static void classes_json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    char digits[16];
    edgel_text_str(t, " \"classes\":[");
    for (size_t i = 0; i < p->nclasses; i++) {
        const struct edgel_class_result *c = &p->classes[i];
        edgel_text_printf(t, "%s\n  {\"id\":%" PRId32 ",\"name\":", i ? "," : "", c->id);
        edgel_text_json(t, edgel_class_label(c, digits, sizeof digits));
        edgel_text_printf(t, ",\"in_mean\":%s", c->in_mean ? "true" : "false");
        if (c->matched)
            edgel_text_printf(t,
                              ",\"tp\":null,\"tp_prediction\":%" PRIu64 ",\"tp_truth\":%" PRIu64
                              ",\"fp\":%" PRIu64 ",\"fn\":%" PRIu64 ",\"tn\":null,",
                              c->tp_prediction, c->tp_truth, c->fp, c->fn);
        else
            edgel_text_printf(t,
                              ",\"tp\":%" PRIu64 ",\"fp\":%" PRIu64 ",\"fn\":%" PRIu64 ",\"tn\":%" PRIu64 ",",
                              c->tp, c->fp, c->fn, c->tn);
        scores(t, &c->scores);
        edgel_text_str(t, "}");
    }
    edgel_text_str(t, p->nclasses ? "\n ],\n" : "],\n");
}

static void confusion_json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    ids(t, " \"confusion_ids\":", p->matrix_ids, p->nmatrix);
    edgel_text_str(t, ",\n \"confusion\":[");
    for (size_t i = 0; i < p->nmatrix; i++) {
        edgel_text_str(t, i ? ",\n  " : "\n  ");
        counts(t, p->matrix + i * p->nmatrix, p->nmatrix);
    }
    edgel_text_str(t, p->nmatrix ? "\n ],\n \"confusion_other\":" : "],\n \"confusion_other\":");
    counts(t, p->matrix_other, p->nmatrix);
}

static void json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    edgel_text_printf(
        t, ",\"pixels\":%" PRIu64 ",\"empty_touched\":%" PRIu64 ",\"ignored_predicted\":%" PRIu64 ",\n",
        p->pixels, p->empty_touched, p->ignored_predicted);
    classes_json(t, s);
    edgel_text_str(t, " \"mean\":{");
    scores(t, &p->mean);
    edgel_text_str(t, "},\n ");
    overall_json(t, s);
    confusion_json(t, s);
}

/* --- table --- */

static bool any_curve(const struct edgel_summary *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (edgel_summary_curve(&s[i])->n > 0)
            return true;
    return false;
}

static double value_of(const char *key, const struct edgel_summary *s)
{
    return edgel_score_value(edgel_score_find(key), s);
}

static void side_by_side(struct edgel_text *t, const struct edgel_summary *s, size_t n, size_t width)
{
    static const char *const heads[] = { "images", "missing", "failed" };
    static const char *const keys[] = { "precision", "recall", "f1", "iou", "accuracy", "kappa", "fwiou" };
    static const struct {
        const char *head, *key;
    } curve[] = { { "ODS", "ods" }, { "OIS", "ois" }, { "AP", "ap" }, { "AUC", "auc" } };
    bool with_curve = any_curve(s, n);
    struct edgel_grid g = { .columns = with_curve ? 15 : 11, .left = 1, .width = width };
    edgel_grid_str(&g, "method");
    for (size_t i = 0; with_curve && i < 4; i++)
        edgel_grid_str(&g, curve[i].head);
    for (size_t i = 0; i < 3; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < 7; i++)
        edgel_grid_str(&g, keys[i]);
    for (size_t i = 0; i < n; i++) {
        edgel_grid_str(&g, s[i].prediction);
        for (size_t k = 0; with_curve && k < 4; k++)
            edgel_grid_score(&g, value_of(curve[k].key, &s[i]));
        edgel_grid_count(&g, s[i].images);
        edgel_grid_count(&g, s[i].missing);
        edgel_grid_count(&g, s[i].failed);
        for (size_t k = 0; k < 7; k++)
            edgel_grid_score(&g, value_of(keys[k], &s[i]));
    }
    edgel_text_str(t, "\n");
    edgel_grid_end(&g, t);
}

/* wide: those as well that a table leaves out where there is no room. */
static bool is_shown(size_t i, bool wide)
{
    return wide || !edgel_score_at(i)->wide;
}

static void score_cells(struct edgel_grid *g, const struct edgel_scores *scores, bool wide)
{
    for (size_t i = 0; i < edgel_class_scores(); i++)
        if (is_shown(i, wide))
            edgel_grid_score(g, scores->v[i]);
}

static void class_line(struct edgel_grid *g, const struct edgel_class_result *c, bool wide)
{
    char digits[16];
    struct edgel_text name = { 0 };
    edgel_text_str(&name, edgel_class_label(c, digits, sizeof digits));
    if (!c->in_mean)
        edgel_text_str(&name, " (not in mean)");
    snprintf(digits, sizeof digits, "%" PRId32, c->id);
    edgel_grid_str(g, digits);
    edgel_grid_str(g, name.failed ? "" : name.s);
    g->cells.failed |= name.failed;
    edgel_text_finish(&name);
    const uint64_t counts[] = { c->tp, c->fp, c->fn, c->tn },
                   matched[] = { c->tp_prediction, c->fp, c->tp_truth, c->fn };
    for (int i = 0; i < 4; i++)
        edgel_grid_count(g, (c->matched ? matched : counts)[i]);
    score_cells(g, &c->scores, wide);
}

static void fill_classes(struct edgel_grid *g, const struct edgel_pixels_result *p, bool wide)
{
    static const char *const counts[] = { "tp", "fp", "fn", "tn" };
    static const char *const matched[] = { "tp_prediction", "fp", "tp_truth", "fn" };
    size_t in_mean = 0;
    char text[40];
    edgel_grid_str(g, "id");
    edgel_grid_str(g, "class");
    for (int i = 0; i < 4; i++)
        edgel_grid_str(g, (p->has_tolerance ? matched : counts)[i]);
    g->columns = 6;
    for (size_t i = 0; i < edgel_class_scores(); i++)
        if (is_shown(i, wide)) {
            edgel_grid_str(g, edgel_score_at(i)->key);
            g->columns++;
        }
    for (size_t i = 0; i < p->nclasses; i++) {
        class_line(g, &p->classes[i], wide);
        in_mean += p->classes[i].in_mean;
    }
    snprintf(text, sizeof text, "of %zu", in_mean);
    edgel_grid_str(g, "mean");
    edgel_grid_str(g, text);
    for (int i = 0; i < 4; i++)
        edgel_grid_str(g, "");
    score_cells(g, &p->mean, wide);
}

static void classes(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    struct edgel_grid g = { .left = 2, .width = width };
    if (width > 0)
        fill_classes(&g, p, true);
    if (width == 0 || edgel_grid_width(&g) > width) {
        edgel_grid_finish(&g);
        g = (struct edgel_grid){ .left = 2, .width = width };
        fill_classes(&g, p, false);
    }
    edgel_text_str(t, "\n");
    if (edgel_summary_curve(s)->n > 0) {
        edgel_text_str(t, "at the threshold ");
        edgel_text_real(t, s->measure->threshold);
        edgel_text_str(t, "\n");
    }
    edgel_grid_end(&g, t);
}

static void overall(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_score *score;
    struct edgel_grid g = { 0 };
    for (size_t i = 0; (score = edgel_score_at(i)) != NULL; i++)
        if (score->overall) {
            edgel_grid_str(&g, score->key);
            g.columns++;
        }
    for (size_t i = 0; (score = edgel_score_at(i)) != NULL; i++)
        if (score->overall)
            edgel_grid_score(&g, edgel_score_value(score, s));
    edgel_text_str(t, "\n");
    edgel_grid_end(&g, t);
}

static bool any_other(const struct edgel_summary *s)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    for (size_t i = 0; i < p->nmatrix; i++)
        if (p->matrix_other[i] > 0)
            return true;
    return false;
}

static void id_cell(struct edgel_grid *g, int32_t id)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%" PRId32, id);
    edgel_grid_str(g, digits);
}

static void confusion(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    if (p->nmatrix > MATRIX_SHOWN)
        edgel_text_printf(t, "\nconfusion: %zu x %zu, in the JSON document and as CSV (--confusion)\n",
                          p->nmatrix, p->nmatrix);
    if (p->nmatrix == 0 || p->nmatrix > MATRIX_SHOWN)
        return;
    bool other = any_other(s);
    struct edgel_grid g = { .columns = p->nmatrix + (other ? 2 : 1), .width = width };
    edgel_grid_str(&g, "truth");
    for (size_t j = 0; j < p->nmatrix; j++)
        id_cell(&g, p->matrix_ids[j]);
    if (other)
        edgel_grid_str(&g, "none");
    for (size_t i = 0; i < p->nmatrix; i++) {
        id_cell(&g, p->matrix_ids[i]);
        for (size_t j = 0; j < p->nmatrix; j++)
            edgel_grid_count(&g, p->matrix[i * p->nmatrix + j]);
        if (other)
            edgel_grid_count(&g, p->matrix_other[i]);
    }
    edgel_text_str(t, "\nconfusion (rows truth, columns prediction, pixels)\n");
    edgel_grid_end(&g, t);
}

static void table(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    if (!edgel_measure_counts_pixels(s->measure))
        return;
    classes(t, s, width);
    overall(t, s);
    confusion(t, s, width);
}

static void methods(struct edgel_text *t, const struct edgel_summary *s, size_t n, size_t width)
{
    if (edgel_measure_counts_pixels(s->measure))
        side_by_side(t, s, n, width);
}

const struct edgel_show edgel_pixels_show = {
    .family = EDGEL_PIXELS, .json = json, .table = table, .side_by_side = methods
};

/* --- tolerance: the scores of classes are within it where one was measured --- */

static void tolerance_convention(struct edgel_text *t, const struct edgel_measure *m)
{
    edgel_text_named(t, ",\"tolerance\":", edgel_measure_value(m, "tolerance"));
}

static void tolerance_line(struct edgel_grid *g, const struct edgel_measure *m)
{
    edgel_grid_real(g, "tolerance", edgel_measure_value(m, "tolerance"),
                    m->thresholds > 0 ? " px in precision, recall, f1; none in the curve"
                                      : " px in precision, recall, f1");
}

const struct edgel_show edgel_tolerance_show = { .family = EDGEL_TOLERANCE,
                                                 .within = &edgel_pixels_show,
                                                 .convention_first = tolerance_convention,
                                                 .how = tolerance_line };
