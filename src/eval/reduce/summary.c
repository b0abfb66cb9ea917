/* The summary of a reducer; formulas and rules stand at the top of reduce.c. */
#include "eval/eval_priv.h"
#include <math.h>

static void class_scores(const struct edgel_reducer *r, const struct edgel_class_sums *c,
                         struct edgel_class_result *out, uint64_t *touched)
{
    if (r->reduce->reduce == EDGEL_REDUCE_IMAGE) {
        for (size_t i = 0; i < edgel_scores_count(); i++)
            out->scores.v[i] = edgel_mean_value(&c->scores[i]);
        *touched += c->touched;
    } else if (r->measure->tolerance >= 0) {
        edgel_scores_tolerance(&c->tolerance, r->reduce->empty, &out->scores, touched);
    } else {
        edgel_scores_pixels(&c->pooled, r->all, r->reduce->empty, &out->scores, touched);
    }
}

static void class_band(const struct edgel_reducer *r, const struct edgel_class_sums *c,
                       struct edgel_class_result *out)
{
    out->band = c->band;
    out->band.id = c->id;
    out->boundary_iou = !(r->measure->band > 0) ? NAN
                        : r->reduce->reduce == EDGEL_REDUCE_IMAGE
                            ? edgel_mean_value(&c->boundary_iou)
                            : edgel_band_iou(&c->band, r->reduce->empty);
}

static void class_counts(const struct edgel_reducer *r, const struct edgel_class_sums *c,
                         struct edgel_class_result *out)
{
    if (r->measure->tolerance >= 0) {
        out->tp = c->tolerance.matched_prediction;
        out->fp = c->tolerance.prediction - c->tolerance.matched_prediction;
        out->fn = c->tolerance.truth - c->tolerance.matched_truth;
    } else {
        out->tp = c->pooled.tp;
        out->fp = c->pooled.prediction - c->pooled.tp;
        out->fn = c->pooled.truth - c->pooled.tp;
    }
    out->tn = r->all - out->tp - out->fp - out->fn;
}

static enum edgel_status class_results(const struct edgel_reducer *r, struct edgel_class_result **out,
                                       size_t *n, uint64_t *touched, struct edgel_error *err)
{
    const size_t first = edgel_reducer_binary(r) ? 1 : 0;
    *out = NULL;
    *n = 0;
    if (r->nclasses <= first)
        return EDGEL_OK;
    struct edgel_class_result *v = edgel_calloc(r->nclasses - first, sizeof *v);
    if (!v)
        return edgel_reduce_no_memory(err);
    for (size_t i = first; i < r->nclasses; i++) {
        struct edgel_class_result *c = &v[i - first];
        c->id = r->classes[i].id;
        c->in_mean = !edgel_id_in(r->reduce->exclude_from_mean, r->reduce->nexclude, c->id);
        class_counts(r, &r->classes[i], c);
        class_scores(r, &r->classes[i], c, touched);
        if (r->measure->distances)
            edgel_distance_sums_result(&r->classes[i].distance, &c->distance);
        class_band(r, &r->classes[i], c);
        const char *foreground = edgel_reducer_binary(r) ? "foreground" : NULL;
        if (!(c->name = edgel_class_name(foreground ? NULL : r->reduce->classes, c->id, foreground))) {
            edgel_class_results_free(v, r->nclasses - first);
            return edgel_reduce_no_memory(err);
        }
    }
    *out = v;
    *n = r->nclasses - first;
    return EDGEL_OK;
}

static void mean_scores(struct edgel_summary *s)
{
    for (size_t i = 0; i < edgel_scores_count(); i++) {
        struct edgel_mean m = { 0 };
        for (size_t k = 0; k < s->nclasses; k++)
            if (s->classes[k].in_mean)
                edgel_mean_add(&m, s->classes[k].scores.v[i]);
        s->mean.v[i] = edgel_mean_value(&m);
    }
    struct edgel_mean band = { 0 };
    for (size_t k = 0; k < s->nclasses; k++)
        if (s->classes[k].in_mean)
            edgel_mean_add(&band, s->classes[k].boundary_iou);
    s->boundary_iou = edgel_mean_value(&band);
}

static enum edgel_status fill_matrix(const struct edgel_reducer *r, struct edgel_summary *s,
                                     struct edgel_error *err)
{
    const size_t n = r->nclasses;
    if (n == 0)
        return EDGEL_OK;
    s->matrix_ids = edgel_alloc(n, sizeof *s->matrix_ids);
    s->matrix = edgel_calloc(n * n, sizeof *s->matrix);
    s->matrix_other = edgel_calloc(n, sizeof *s->matrix_other);
    if (!s->matrix_ids || !s->matrix || !s->matrix_other)
        return edgel_reduce_no_memory(err);
    s->nmatrix = n;
    for (size_t i = 0; i < n; i++)
        s->matrix_ids[i] = r->classes[i].id;
    for (size_t i = 0; i < r->ncells; i++) {
        const struct edgel_cell *c = &r->cells[i];
        const size_t t = edgel_reducer_index(r, c->truth);
        if (c->prediction < 0 || edgel_reducer_ignores(r, c->prediction))
            s->matrix_other[t] += c->n;
        else
            s->matrix[t * n + edgel_reducer_index(r, c->prediction)] += c->n;
    }
    return EDGEL_OK;
}

static enum edgel_status fill_overall(const struct edgel_reducer *r, struct edgel_summary *s,
                                      struct edgel_error *err)
{
    struct edgel_overall o = { edgel_mean_value(&r->overall[0]), edgel_mean_value(&r->overall[1]),
                               edgel_mean_value(&r->overall[2]) };
    if (r->reduce->reduce == EDGEL_REDUCE_POOLED) {
        struct edgel_pixel_counts *pixels = edgel_calloc(r->nclasses + 1, sizeof *pixels);
        if (!pixels)
            return edgel_reduce_no_memory(err);
        for (size_t i = 0; i < r->nclasses; i++)
            pixels[i] = r->classes[i].pooled;
        o = edgel_scores_overall(pixels, r->nclasses, r->all, r->reduce->empty);
        edgel_free(pixels);
    }
    s->accuracy = o.accuracy;
    s->kappa = o.kappa;
    s->fwiou = o.fwiou;
    return EDGEL_OK;
}

enum edgel_status edgel_reducer_summary(const struct edgel_reducer *r, struct edgel_summary *out,
                                        struct edgel_error *err)
{
    *out = (struct edgel_summary){ .images = r->images,
                                   .missing = r->missing,
                                   .failed = r->failed,
                                   .pixels = r->all,
                                   .ignored_predicted = r->ignored_predicted,
                                   .has_tolerance = r->measure->tolerance >= 0,
                                   .measure = r->measure,
                                   .reduce = r->reduce };
    enum edgel_status st = EDGEL_OK;
    if (!(out->prediction = edgel_strdup(r->prediction)) ||
        !edgel_curve_sums_result(&r->curve, &out->curve) ||
        !edgel_boundary_sums_result(&r->boundary, &out->boundary) ||
        !edgel_region_sums_result(&r->regions, &out->regions) ||
        !edgel_region_sums_result(&r->regions_rounded, &out->regions_rounded))
        st = edgel_reduce_no_memory(err);
    if (st == EDGEL_OK)
        st = class_results(r, &out->classes, &out->nclasses, &out->empty_touched, err);
    if (st == EDGEL_OK)
        st = fill_matrix(r, out, err);
    if (st == EDGEL_OK)
        st = fill_overall(r, out, err);
    if (st == EDGEL_OK && r->measure->davis && !edgel_davis_result(&r->davis, &out->davis))
        st = edgel_reduce_no_memory(err);
    if (st == EDGEL_OK && !edgel_objects_result(r, &out->objects))
        st = edgel_reduce_no_memory(err);
    mean_scores(out);
    edgel_distance_mean(out);
    if (st != EDGEL_OK)
        edgel_summary_finish(out);
    return st;
}

void edgel_summary_finish(struct edgel_summary *s)
{
    edgel_free(s->prediction);
    edgel_class_results_free(s->classes, s->nclasses);
    edgel_free(s->matrix_ids);
    edgel_free(s->matrix);
    edgel_free(s->matrix_other);
    edgel_free(s->curve.points);
    edgel_free(s->boundary.points);
    edgel_free(s->regions.points);
    edgel_free(s->regions_rounded.points);
    edgel_davis_result_finish(&s->davis);
    edgel_objects_result_finish(&s->objects);
    *s = (struct edgel_summary){ 0 };
}

void edgel_class_results_free(struct edgel_class_result *results, size_t n)
{
    for (size_t i = 0; results && i < n; i++)
        edgel_free(results[i].name);
    edgel_free(results);
}

/* An image's boundaries at the first threshold of its largest F. */
static enum edgel_status boundary_result(const struct edgel_boundary_counts *c,
                                         struct edgel_class_result **out, size_t *n, struct edgel_error *err)
{
    struct edgel_class_result *v = edgel_calloc(1, sizeof *v);
    if (!v || !(v->name = edgel_strdup("boundary"))) {
        edgel_free(v);
        return edgel_reduce_no_memory(err);
    }
    const int k = edgel_boundary_best(c);
    const struct edgel_operating_point p = edgel_boundary_point(c, k);
    v->id = 1;
    v->tp = c->matched_prediction[k];
    v->fp = c->prediction[k] - v->tp;
    v->fn = c->truth - c->matched_truth[k];
    v->scores = edgel_scores_matched(p.precision, p.recall, p.f1);
    *out = v;
    *n = 1;
    return EDGEL_OK;
}

enum edgel_status edgel_row_scores(const struct edgel_row *row, const struct edgel_measure *measure,
                                   const struct edgel_reduce *reduce, struct edgel_class_result **out,
                                   size_t *n, struct edgel_error *err)
{
    struct edgel_reduce one = *reduce;
    struct edgel_reducer *r;
    uint64_t touched = 0;
    one.reduce = EDGEL_REDUCE_POOLED;
    *out = NULL;
    *n = 0;
    EDGEL_TRY(edgel_reducer_create(measure, &one, "", &r, err));
    enum edgel_status st = edgel_reducer_add(r, row, err);
    if (st == EDGEL_OK && r->images > 0 && r->boundary.n > 0)
        st = boundary_result(edgel_row_boundary(row), out, n, err);
    else if (st == EDGEL_OK && r->images > 0 && edgel_objects_alone(measure->objects))
        st = edgel_objects_row_results(r, out, n) ? EDGEL_OK : edgel_reduce_no_memory(err);
    else if (st == EDGEL_OK && r->images > 0)
        st = class_results(r, out, n, &touched, err);
    edgel_reducer_destroy(&r);
    return st;
}
