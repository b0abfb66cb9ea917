/*
 * Scores for people. First the convention, since no number means anything without it; with several methods one line
 * per method; then for each method its classes, their mean, the overall numbers, the confusion matrix (up to
 * MATRIX_SHOWN classes, more do not fit on a screen) and the curve. 4 decimals; "-" is undefined.
 */
#include "report/report_priv.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { MATRIX_SHOWN = 20 };

static bool counts_pixels(const struct edgel_summary *s)
{
    return s->measure->boundary == EDGEL_BOUNDARY_NONE && !s->measure->regions &&
           !edgel_objects_alone(s->measure->objects);
}

static void print_and_finish(struct edgel_grid *g, struct edgel_text *t)
{
    edgel_grid_print(g, t);
    edgel_grid_finish(g);
}

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
    edgel_text_clear(word);
    edgel_word_of_annotator(word, m);
    word_line(g, "annotator", word);
}

static void measure_lines(struct edgel_grid *g, struct edgel_text *word, const struct edgel_measure *m)
{
    pair_line(g, "labels", edgel_word_of_labels(m->labels));
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
    if (m->annotator != EDGEL_ANNOTATOR_NONE) {
        edgel_text_clear(word);
        edgel_word_of_annotator(word, m);
        word_line(g, "annotator", word);
    }
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
        if (counts_pixels(s))
            pair_line(&g, "reduce", edgel_word_of_reduce(r->reduce));
        pair_line(&g, "empty", edgel_word_of_empty(r->empty));
        list_line(&g, &word, "ignore", r->ignore, r->nignore);
        list_line(&g, &word, "exclude-from-mean", r->exclude_from_mean, r->nexclude);
    }
    pair_line(&g, "missing", edgel_word_of_missing(r->missing));
    edgel_text_finish(&word);
    print_and_finish(&g, t);
}

static bool any_curve(const struct edgel_summary *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i].curve.n > 0)
            return true;
    return false;
}

static double value_of(const char *key, const struct edgel_summary *s)
{
    return edgel_score_value(edgel_score_find(key), s);
}

static void side_by_side(struct edgel_text *t, const struct edgel_summary *s, size_t n)
{
    static const char *const heads[] = { "method", "images", "missing", "failed" };
    static const char *const keys[] = { "precision", "recall", "f1", "iou", "accuracy", "kappa", "fwiou" };
    static const struct {
        const char *head, *key;
    } curve[] = { { "ODS", "ods" }, { "OIS", "ois" }, { "AP", "ap" }, { "AUC", "auc" } };
    bool with_curve = any_curve(s, n);
    struct edgel_grid g = { .columns = with_curve ? 15 : 11, .left = 1 };
    for (size_t i = 0; i < 4; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < 7; i++)
        edgel_grid_str(&g, keys[i]);
    for (size_t i = 0; with_curve && i < 4; i++)
        edgel_grid_str(&g, curve[i].head);
    for (size_t i = 0; i < n; i++) {
        edgel_grid_str(&g, s[i].prediction);
        edgel_grid_count(&g, s[i].images);
        edgel_grid_count(&g, s[i].missing);
        edgel_grid_count(&g, s[i].failed);
        for (size_t k = 0; k < 7; k++)
            edgel_grid_score(&g, value_of(keys[k], &s[i]));
        for (size_t k = 0; with_curve && k < 4; k++)
            edgel_grid_score(&g, value_of(curve[k].key, &s[i]));
    }
    edgel_text_str(t, "\n");
    print_and_finish(&g, t);
}

/* With boundaries: their scores alone. */
static void boundary_side_by_side(struct edgel_text *t, const struct edgel_summary *s, size_t n)
{
    static const char *const heads[] = { "method", "images", "missing", "failed", "ODS", "OIS", "AP", "R50" };
    struct edgel_grid g = { .columns = 8, .left = 1 };
    for (size_t i = 0; i < g.columns; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < n; i++) {
        edgel_grid_str(&g, s[i].prediction);
        edgel_grid_count(&g, s[i].images);
        edgel_grid_count(&g, s[i].missing);
        edgel_grid_count(&g, s[i].failed);
        edgel_grid_score(&g, s[i].boundary.ods.f1);
        edgel_grid_score(&g, s[i].boundary.ois.f1);
        edgel_grid_score(&g, s[i].boundary.ap);
        edgel_grid_score(&g, s[i].boundary.r50);
    }
    edgel_text_str(t, "\n");
    print_and_finish(&g, t);
}

/* The scores that there is room for. */
static size_t shown_scores(void)
{
    size_t n = 0;
    for (size_t i = 0; i < edgel_class_scores(); i++)
        n += !edgel_score_at(i)->wide;
    return n;
}

static void score_cells(struct edgel_grid *g, const struct edgel_scores *scores)
{
    for (size_t i = 0; i < edgel_class_scores(); i++)
        if (!edgel_score_at(i)->wide)
            edgel_grid_score(g, scores->v[i]);
}

static void class_line(struct edgel_grid *g, const struct edgel_class_result *c)
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
    edgel_grid_count(g, c->tp);
    edgel_grid_count(g, c->fp);
    edgel_grid_count(g, c->fn);
    edgel_grid_count(g, c->tn);
    score_cells(g, &c->scores);
}

static void classes(struct edgel_text *t, const struct edgel_summary *s)
{
    static const char *const heads[] = { "id", "class", "tp", "fp", "fn", "tn" };
    struct edgel_grid g = { .columns = 6 + shown_scores(), .left = 2 };
    size_t in_mean = 0;
    char text[40];
    for (int i = 0; i < 6; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < edgel_class_scores(); i++)
        if (!edgel_score_at(i)->wide)
            edgel_grid_str(&g, edgel_score_at(i)->key);
    for (size_t i = 0; i < s->nclasses; i++) {
        class_line(&g, &s->classes[i]);
        in_mean += s->classes[i].in_mean;
    }
    snprintf(text, sizeof text, "of %zu", in_mean);
    edgel_grid_str(&g, "mean");
    edgel_grid_str(&g, text);
    for (int i = 0; i < 4; i++)
        edgel_grid_str(&g, "");
    score_cells(&g, &s->mean);
    edgel_text_str(t, "\n");
    print_and_finish(&g, t);
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
    print_and_finish(&g, t);
}

static bool any_other(const struct edgel_summary *s)
{
    for (size_t i = 0; i < s->nmatrix; i++)
        if (s->matrix_other[i] > 0)
            return true;
    return false;
}

static void id_cell(struct edgel_grid *g, int32_t id)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%" PRId32, id);
    edgel_grid_str(g, digits);
}

static void confusion(struct edgel_text *t, const struct edgel_summary *s)
{
    if (s->nmatrix > MATRIX_SHOWN)
        edgel_text_printf(t, "\nconfusion: %zu x %zu, written to the JSON document only\n", s->nmatrix,
                          s->nmatrix);
    if (s->nmatrix == 0 || s->nmatrix > MATRIX_SHOWN)
        return;
    bool other = any_other(s);
    struct edgel_grid g = { .columns = s->nmatrix + (other ? 2 : 1) };
    edgel_grid_str(&g, "truth");
    for (size_t j = 0; j < s->nmatrix; j++)
        id_cell(&g, s->matrix_ids[j]);
    if (other)
        edgel_grid_str(&g, "none");
    for (size_t i = 0; i < s->nmatrix; i++) {
        id_cell(&g, s->matrix_ids[i]);
        for (size_t j = 0; j < s->nmatrix; j++)
            edgel_grid_count(&g, s->matrix[i * s->nmatrix + j]);
        if (other)
            edgel_grid_count(&g, s->matrix_other[i]);
    }
    edgel_text_str(t, "\nconfusion (rows truth, columns prediction, pixels)\n");
    print_and_finish(&g, t);
}

static void curve_line(struct edgel_grid *g, const char *name, const struct edgel_operating_point *p)
{
    edgel_grid_str(g, name);
    edgel_grid_score(g, p->threshold);
    edgel_grid_score(g, p->recall);
    edgel_grid_score(g, p->precision);
    edgel_grid_score(g, p->f1);
}

static void best_points(struct edgel_text *t, const char *what, const struct edgel_operating_point *ods,
                        const struct edgel_operating_point *ois)
{
    struct edgel_grid g = { .columns = 5, .left = 1 };
    edgel_grid_str(&g, what);
    edgel_grid_str(&g, "threshold");
    edgel_grid_str(&g, "recall");
    edgel_grid_str(&g, "precision");
    edgel_grid_str(&g, "f1");
    curve_line(&g, "ODS", ods);
    curve_line(&g, "OIS", ois);
    edgel_text_str(t, "\n");
    print_and_finish(&g, t);
}

static void two_values(struct edgel_text *t, const char *a, double va, const char *b, double vb)
{
    struct edgel_grid g = { .columns = 2, .left = 1 };
    edgel_grid_str(&g, a);
    edgel_grid_score(&g, va);
    edgel_grid_str(&g, b);
    edgel_grid_score(&g, vb);
    print_and_finish(&g, t);
}

static void curve(struct edgel_text *t, const struct edgel_curve_result *c)
{
    best_points(t, "curve", &c->ods, &c->ois);
    two_values(t, "AP", c->ap, "AUC", c->auc);
}

static void boundary(struct edgel_text *t, const struct edgel_boundary_result *b)
{
    best_points(t, "boundary", &b->ods, &b->ois);
    two_values(t, "AP", b->ap, "R50", b->r50);
}

static void method(struct edgel_text *t, const struct edgel_summary *s)
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
    if (counts_pixels(s)) {
        edgel_grid_str(&g, "pixels");
        edgel_grid_count(&g, s->pixels);
        edgel_grid_str(&g, "empty touched");
        edgel_grid_count(&g, s->empty_touched);
    }
    print_and_finish(&g, t);
    if (s->boundary.n > 0)
        boundary(t, &s->boundary);
    edgel_regions_table(t, s);
    if (edgel_objects_alone(s->measure->objects))
        edgel_objects_table(t, s);
    if (!counts_pixels(s))
        return;
    classes(t, s);
    overall(t, s);
    confusion(t, s);
    if (s->curve.n > 0)
        curve(t, &s->curve);
    edgel_distances_table(t, s);
    edgel_bands_table(t, s);
    edgel_objects_table(t, s);
}

enum edgel_status edgel_report_table(struct edgel_output *out, const struct edgel_summary *s, size_t n,
                                     struct edgel_error *err)
{
    if (n == 0)
        return EDGEL_OK;
    struct edgel_text t = { 0 };
    convention(&t, s);
    if (n > 1 && s->boundary.n > 0)
        boundary_side_by_side(&t, s, n);
    else if (n > 1 && counts_pixels(s))
        side_by_side(&t, s, n);
    if (n > 1)
        edgel_regions_side_by_side(&t, s, n);
    if (n > 1 && s->measure->objects != EDGEL_OBJECTS_NONE)
        edgel_objects_side_by_side(&t, s, n);
    enum edgel_status status = edgel_text_deliver(&t, out, err);
    for (size_t i = 0; i < n && status == EDGEL_OK; i++) {
        method(&t, &s[i]);
        status = edgel_text_deliver(&t, out, err);
    }
    edgel_text_finish(&t);
    return status;
}
