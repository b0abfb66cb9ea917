/*
 * Precision and recall over thresholds t_k = k / (N + 1), pooled over images.
 *
 * P = tp / (tp + fp), R = tp / positives, 0 / 0 = 0; F = 2PR / (P + R).
 * ODS  counts summed per threshold; between neighbouring thresholds t, R and P are interpolated linearly at 100 points,
 *      both ends included; of all points the first with the largest F.
 * OIS  per image the first threshold of the largest F = 2tp / (tp + fp + positives), its counts summed, then R, P, F.
 * AP   the unique R in rising order, each with the P of its first (lowest) threshold, linear interpolation at R = 0,
 *      .01, ..., 1, 0 outside; sum times .01. 0 when there is one R only.
 * AUC  area under the ROC curve by trapezoids through (0, 0), the points and (1, 1).
 * Without positives all are undefined, AUC also without negatives.
 * Source of ODS, OIS, AP: the boundary benchmark of the Berkeley segmentation data set, here over pixels.
 */
#include "eval/eval_priv.h"
#include <math.h>

bool edgel_curve_sums_init(struct edgel_curve_sums *c, int n)
{
    *c = (struct edgel_curve_sums){ .n = n };
    if (n == 0)
        return true;
    c->tp = edgel_calloc((size_t)n, sizeof *c->tp);
    c->fp = edgel_calloc((size_t)n, sizeof *c->fp);
    return c->tp && c->fp;
}

void edgel_curve_sums_finish(struct edgel_curve_sums *c)
{
    edgel_free(c->tp);
    edgel_free(c->fp);
    *c = (struct edgel_curve_sums){ 0 };
}

static double ratio(double num, double den)
{
    return den != 0 ? num / den : 0;
}

static double harmonic(double p, double r)
{
    return ratio(2 * p * r, p + r);
}

void edgel_curve_sums_add(struct edgel_curve_sums *c, const struct edgel_row *row)
{
    const struct edgel_curve_counts *of = edgel_row_curve(row);
    int best = 0;
    double best_f = -1;
    for (int k = 0; k < c->n; k++) {
        const uint64_t tp = of->tp[k], fp = of->fp[k];
        c->tp[k] += tp;
        c->fp[k] += fp;
        double f =
            ratio(2 * (double)tp, (double)(tp + fp + of->positives)); /* equal fractions, equal doubles */
        if (f > best_f) {
            best_f = f;
            best = k;
        }
    }
    if (c->n == 0)
        return;
    c->positives += of->positives;
    c->negatives += of->negatives;
    c->ois_tp += of->tp[best];
    c->ois_fp += of->fp[best];
}

struct edgel_operating_point edgel_curve_point(double threshold, double r, double p)
{
    return (struct edgel_operating_point){ threshold, r, p, harmonic(p, r) };
}

static struct edgel_operating_point from_counts(double threshold, uint64_t tp, uint64_t fp,
                                                uint64_t positives)
{
    return edgel_curve_point(threshold, ratio((double)tp, (double)positives),
                             ratio((double)tp, (double)(tp + fp)));
}

/* Exactly a where a = b, so that equal neighbours hold no better point than either. */
static double between(double a, double b, double share)
{
    return a + share * (b - a);
}

struct edgel_operating_point edgel_curve_ods(const struct edgel_operating_point *p, int n)
{
    struct edgel_operating_point best = p[0];
    for (int k = 1; k < n; k++)
        for (int j = 0; j < 100; j++) {
            const double d = j / 99.0;
            struct edgel_operating_point q = edgel_curve_point(
                between(p[k - 1].threshold, p[k].threshold, d), between(p[k - 1].recall, p[k].recall, d),
                between(p[k - 1].precision, p[k].precision, d));
            if (q.f1 > best.f1)
                best = q;
        }
    return best;
}

/* Recall falls with the threshold, so the unique values in rising order are met from the last point on. */
static double average_precision(const struct edgel_operating_point *p, int n)
{
    double sum = 0;
    int k = n - 1, unique = 1;
    for (int i = 1; i < n; i++)
        unique += p[i].recall != p[i - 1].recall;
    if (unique == 1)
        return 0;
    for (int i = 0; i <= 100; i++) {
        const double r = i / 100.0;
        if (r < p[n - 1].recall || r > p[0].recall)
            continue;
        while (k > 0 && p[k - 1].recall <= r)
            k--; /* the lowest threshold whose recall does not exceed r */
        if (k == 0 || p[k].recall == r) {
            sum += p[k].precision;
            continue;
        }
        int next = k - 1; /* of the next recall, its lowest threshold */
        while (next > 0 && p[next - 1].recall == p[next].recall)
            next--;
        const double share = (r - p[k].recall) / (p[next].recall - p[k].recall);
        sum += between(p[k].precision, p[next].precision, share);
    }
    return sum * 0.01;
}

static double area_under_roc(const struct edgel_curve_sums *c)
{
    double area = 0, tp = 0, fp = 0;
    for (int k = c->n; k >= 0; k--) {
        const double tp1 = (double)(k > 0 ? c->tp[k - 1] : c->positives);
        const double fp1 = (double)(k > 0 ? c->fp[k - 1] : c->negatives);
        area += (fp1 - fp) * (tp1 + tp) / 2;
        tp = tp1;
        fp = fp1;
    }
    return c->negatives && c->positives ? area / ((double)c->positives * (double)c->negatives) : NAN;
}

bool edgel_curve_sums_result(const struct edgel_curve_sums *c, struct edgel_curve_result *out)
{
    const struct edgel_operating_point none = { NAN, NAN, NAN, NAN };
    *out = (struct edgel_curve_result){ .n = c->n, .ods = none, .ois = none, .ap = NAN, .auc = NAN };
    if (c->n == 0)
        return true;
    out->points = edgel_alloc((size_t)c->n, sizeof *out->points);
    if (!out->points)
        return false;
    for (int k = 0; k < c->n; k++)
        out->points[k] = from_counts((double)(k + 1) / ((double)c->n + 1), c->tp[k], c->fp[k], c->positives);
    if (c->positives == 0)
        return true;
    out->ods = edgel_curve_ods(out->points, c->n);
    out->ois = from_counts(NAN, c->ois_tp, c->ois_fp, c->positives);
    out->ap = average_precision(out->points, c->n);
    out->auc = area_under_roc(c);
    return true;
}

static bool begin(const struct edgel_reducer *r, void *sums)
{
    return edgel_curve_sums_init(sums, r->measure->thresholds);
}

static void add(const struct edgel_adding *a, void *sums)
{
    edgel_curve_sums_add(sums, a->row);
}

static bool result(const struct edgel_reducer *r, void *out)
{
    return edgel_curve_sums_result(r->family[EDGEL_CURVE].sums, out);
}

static void finish(void *sums)
{
    edgel_curve_sums_finish(sums);
}

static void finish_result(void *out)
{
    struct edgel_curve_result *c = out;
    edgel_free(c->points);
}

static double ods_of(const void *results)
{
    const struct edgel_curve_result *r = results;
    return r->ods.f1;
}

static double ois_of(const void *results)
{
    const struct edgel_curve_result *r = results;
    return r->ois.f1;
}

static double ap_of(const void *results)
{
    const struct edgel_curve_result *r = results;
    return r->ap;
}

static double auc_of(const void *results)
{
    const struct edgel_curve_result *r = results;
    return r->auc;
}

static const struct edgel_family_score scores[] = {
    { "ods", ods_of }, { "ois", ois_of }, { "ap", ap_of }, { "auc", auc_of }, { NULL, NULL }
};

const struct edgel_summing edgel_curve_summing = {
    .sums_size = sizeof(struct edgel_curve_sums),
    .result_size = sizeof(struct edgel_curve_result),
    .begin = begin,
    .add = add,
    .result = result,
    .scores = scores,
    .finish = finish,
    .finish_result = finish_result,
};
