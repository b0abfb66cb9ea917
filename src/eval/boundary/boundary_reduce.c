/*
 * Scores of matched boundaries.
 *
 * R = matched_truth / truth, P = matched_prediction / prediction, 0 / 0 = 0; F = 2PR / (P + R).
 * ODS  counts summed over images per threshold; between neighbouring thresholds t, R and P are interpolated linearly at
 *      100 points, both ends included; of all points the first with the largest F.
 * OIS  per image the first threshold of the largest F, its four counts summed, then R, P and F.
 * AP   the unique R in rising order, each with the P of its first threshold, linear interpolation at R = 0, .01, ...,
 *      1, 0 outside; sum times .01. 0 when there is one R only.
 * R50  the unique P in rising order, each with the R of its first threshold, linear interpolation at P = 0.5; undefined
 *      outside.
 * R need not fall with the threshold here, since thinning may move lines.
 * Without truth pixels all are undefined.
 * Source: the boundary benchmark of the Berkeley segmentation data set.
 */
#include "eval/eval_priv.h"
#include <math.h>
#include <stdlib.h>

static double ratio(uint64_t num, uint64_t den)
{
    return den != 0 ? (double)num / (double)den : 0;
}

bool edgel_boundary_sums_init(struct edgel_boundary_sums *b, int n, bool listed)
{
    *b = (struct edgel_boundary_sums){ .n = n, .listed = listed };
    if (n == 0)
        return true;
    b->matched_truth = edgel_calloc((size_t)n, sizeof *b->matched_truth);
    b->prediction = edgel_calloc((size_t)n, sizeof *b->prediction);
    b->matched_prediction = edgel_calloc((size_t)n, sizeof *b->matched_prediction);
    return b->matched_truth && b->prediction && b->matched_prediction;
}

void edgel_boundary_sums_finish(struct edgel_boundary_sums *b)
{
    edgel_free(b->matched_truth);
    edgel_free(b->prediction);
    edgel_free(b->matched_prediction);
    *b = (struct edgel_boundary_sums){ 0 };
}

struct edgel_operating_point edgel_boundary_point(const struct edgel_boundary_counts *c, int k)
{
    return edgel_curve_point(c->listed ? k + 1 : (k + 1) / ((double)c->n + 1),
                             ratio(c->matched_truth[k], c->truth),
                             ratio(c->matched_prediction[k], c->prediction[k]));
}

int edgel_boundary_best(const struct edgel_boundary_counts *c)
{
    int best = 0;
    double best_f = -1;
    for (int k = 0; k < c->n; k++) {
        const double f = edgel_boundary_point(c, k).f1;
        if (f > best_f) {
            best_f = f;
            best = k;
        }
    }
    return best;
}

void edgel_boundary_sums_add(struct edgel_boundary_sums *b, const struct edgel_boundary_counts *c)
{
    if (b->n == 0)
        return;
    for (int k = 0; k < b->n; k++) {
        b->matched_truth[k] += c->matched_truth[k];
        b->prediction[k] += c->prediction[k];
        b->matched_prediction[k] += c->matched_prediction[k];
    }
    const int best = edgel_boundary_best(c);
    b->truth += c->truth;
    b->ois.matched_truth += c->matched_truth[best];
    b->ois.prediction += c->prediction[best];
    b->ois.matched_prediction += c->matched_prediction[best];
}

/* One point of a curve y over x. */
struct knot {
    double x, y;
    int k; /* threshold */
};

static int by_x(const void *a, const void *b)
{
    const struct knot *p = a, *q = b;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return p->k - q->k;
}

/* Sorts by x and keeps of equal x the first threshold; the number left. */
static int sort_unique(struct knot *v, int n)
{
    int m = 0;
    qsort(v, (size_t)n, sizeof *v, by_x);
    for (int i = 0; i < n; i++)
        if (m == 0 || v[i].x != v[m - 1].x)
            v[m++] = v[i];
    return m;
}

/* Linear interpolation in rising v[n] at x; NaN outside. */
static double interpolate(const struct knot *v, int n, double x)
{
    if (!(x >= v[0].x && x <= v[n - 1].x))
        return NAN;
    int lo = 0, hi = n - 1;
    while (lo + 1 < hi) {
        const int mid = (lo + hi) / 2;
        if (v[mid].x <= x)
            lo = mid;
        else
            hi = mid;
    }
    if (x == v[hi].x)
        return v[hi].y;
    return v[lo].y + (x - v[lo].x) / (v[hi].x - v[lo].x) * (v[hi].y - v[lo].y);
}

static double average_precision(struct knot *v, const struct edgel_operating_point *p, int n)
{
    double sum = 0;
    for (int k = 0; k < n; k++)
        v[k] = (struct knot){ p[k].recall, p[k].precision, k };
    const int m = sort_unique(v, n);
    for (int i = 0; i <= 100 && m > 1; i++) {
        const double y = interpolate(v, m, i / 100.0);
        sum += isnan(y) ? 0 : y;
    }
    return sum * 0.01;
}

static double recall_at_half(struct knot *v, const struct edgel_operating_point *p, int n)
{
    for (int k = 0; k < n; k++)
        v[k] = (struct knot){ p[k].precision, p[k].recall, k };
    const int m = sort_unique(v, n);
    return m > 1 ? interpolate(v, m, 0.5) : NAN;
}

bool edgel_boundary_sums_result(const struct edgel_boundary_sums *b, struct edgel_boundary_result *out)
{
    const struct edgel_operating_point none = { NAN, NAN, NAN, NAN };
    *out = (struct edgel_boundary_result){ .n = b->n, .ods = none, .ois = none, .ap = NAN, .r50 = NAN };
    if (b->n == 0)
        return true;
    struct knot *v = edgel_alloc((size_t)b->n, sizeof *v);
    out->points = edgel_alloc((size_t)b->n, sizeof *out->points);
    if (!v || !out->points) {
        edgel_free(v);
        return false;
    }
    const struct edgel_boundary_counts sums = { b->n,          b->listed,
                                                b->truth,      b->matched_truth,
                                                b->prediction, b->matched_prediction };
    for (int k = 0; k < b->n; k++)
        out->points[k] = edgel_boundary_point(&sums, k);
    if (b->truth > 0) {
        out->ods = edgel_curve_ods(out->points, b->n);
        out->ois = edgel_curve_point(NAN, ratio(b->ois.matched_truth, b->truth),
                                     ratio(b->ois.matched_prediction, b->ois.prediction));
        out->ap = average_precision(v, out->points, b->n);
        out->r50 = recall_at_half(v, out->points, b->n);
    }
    edgel_free(v);
    return true;
}

enum edgel_status edgel_boundary_best_point(const struct edgel_boundary_counts *c,
                                            struct edgel_operating_point *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(c);
    EDGEL_REQUIRE(out);
    if (c->n < 1)
        return edgel_fail(err, EDGEL_EINVAL, "boundaries were not measured");
    struct edgel_operating_point *v = edgel_alloc((size_t)c->n, sizeof *v);
    if (!v)
        return edgel_no_memory(err, "boundary");
    for (int k = 0; k < c->n; k++)
        v[k] = edgel_boundary_point(c, k);
    *out = edgel_curve_ods(v, c->n);
    edgel_free(v);
    return EDGEL_OK;
}

static bool begin(const struct edgel_reducer *r, void *sums)
{
    return edgel_boundary_sums_init(sums, r->measure->thresholds, r->measure->listed);
}

static void add(const struct edgel_adding *a, void *sums)
{
    edgel_boundary_sums_add(sums, edgel_row_boundary(a->row));
}

static bool result(const struct edgel_reducer *r, void *out)
{
    return edgel_boundary_sums_result(r->family[EDGEL_BOUNDARY].sums, out);
}

static void finish(void *sums)
{
    edgel_boundary_sums_finish(sums);
}

static void finish_result(void *out)
{
    struct edgel_boundary_result *b = out;
    edgel_free(b->points);
}

/* An image's boundaries at the first threshold of its largest F. */
static enum edgel_status classes(const struct edgel_reducer *r, const struct edgel_row *row,
                                 struct edgel_class_result **out, size_t *n, struct edgel_error *err)
{
    const struct edgel_boundary_counts *c = edgel_row_boundary(row);
    (void)r;
    if (c->n == 0)
        return EDGEL_OK;
    struct edgel_class_result *v = edgel_calloc(1, sizeof *v);
    if (!v || !(v->name = edgel_strdup("boundary"))) {
        edgel_free(v);
        return edgel_reduce_no_memory(err);
    }
    const int k = edgel_boundary_best(c);
    const struct edgel_operating_point p = edgel_boundary_point(c, k);
    v->id = 1;
    v->matched = true;
    v->tp_prediction = c->matched_prediction[k];
    v->tp_truth = c->matched_truth[k];
    v->fp = c->prediction[k] - v->tp_prediction;
    v->fn = c->truth - v->tp_truth;
    v->scores = edgel_scores_matched(p.precision, p.recall, p.f1);
    *out = v;
    *n = 1;
    return EDGEL_OK;
}

static double ods_of(const void *results)
{
    const struct edgel_boundary_result *r = results;
    return r->ods.f1;
}

static double ois_of(const void *results)
{
    const struct edgel_boundary_result *r = results;
    return r->ois.f1;
}

static double ap_of(const void *results)
{
    const struct edgel_boundary_result *r = results;
    return r->ap;
}

static double r50_of(const void *results)
{
    const struct edgel_boundary_result *r = results;
    return r->r50;
}

static const struct edgel_family_score scores[] = {
    { "ods", ods_of }, { "ois", ois_of }, { "ap", ap_of }, { "r50", r50_of }, { NULL, NULL }
};

const struct edgel_summing edgel_boundary_summing = {
    .sums_size = sizeof(struct edgel_boundary_sums),
    .result_size = sizeof(struct edgel_boundary_result),
    .begin = begin,
    .add = add,
    .result = result,
    .scores = scores,
    .classes = classes,
    .finish = finish,
    .finish_result = finish_result,
};
