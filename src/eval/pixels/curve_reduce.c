/*
 * Precision and recall of a soft map, pooled over images.
 *
 * P = tp / (tp + fp), R = tp / positives, 0 / 0 = 0; F = 2PR / (P + R).
 * The points stand at the thresholds k / (N + 1). All other numbers are over all levels, whatever N is:
 * ODS       levels summed over images, their threshold of the largest F (curve_scores.c)
 * OIS       per image the threshold of its largest F, the counts summed, then R, P, F; an image without a positive adds
 *           nothing
 * AP, AUC   of the summed levels (curve_scores.c)
 * Without positives all are undefined, AUC also without negatives. Memory: a count for each of 65,536 levels and kind.
 *
 * Counts of schema edgel.counts/1 have no levels. Then AP and AUC are those of curve_coarse.c, and by the rules of the
 * boundary benchmark of the Berkeley segmentation data set:
 * ODS       counts summed per threshold; between neighbouring thresholds t, R and P are interpolated linearly at 100
 *           points, both ends included; of all points the first with the largest F
 * OIS       as above, over the N thresholds, the first of the largest F
 */
#include "eval/eval_priv.h"
#include <math.h>

bool edgel_curve_sums_init(struct edgel_curve_sums *c, int n, bool coarse)
{
    *c = (struct edgel_curve_sums){ .n = n, .coarse = coarse };
    if (n == 0)
        return true;
    if (!coarse && !(c->levels = edgel_calloc(EDGEL_LEVEL_MAX + 1, sizeof *c->levels)))
        return false;
    c->tp = edgel_calloc((size_t)n, sizeof *c->tp);
    c->fp = edgel_calloc((size_t)n, sizeof *c->fp);
    return c->tp && c->fp;
}

void edgel_curve_sums_finish(struct edgel_curve_sums *c)
{
    edgel_free(c->tp);
    edgel_free(c->fp);
    edgel_free(c->levels);
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

/* The first of the thresholds k / (N + 1) with the largest F. */
static struct edgel_curve_best coarse_best(const struct edgel_curve_counts *of)
{
    struct edgel_curve_best best = { -1, 0, 0 };
    double best_f = -1;
    for (int k = 0; k < of->n; k++) {
        const uint64_t tp = of->tp[k], fp = of->fp[k];
        double f =
            ratio(2 * (double)tp, (double)(tp + fp + of->positives)); /* equal fractions, equal doubles */
        if (f > best_f) {
            best_f = f;
            best = (struct edgel_curve_best){ k, tp, fp };
        }
    }
    return best;
}

void edgel_curve_sums_add(struct edgel_curve_sums *c, const struct edgel_row *row)
{
    const struct edgel_curve_counts *of = edgel_row_curve(row);
    if (c->n == 0)
        return;
    const struct edgel_curve_best best =
        c->coarse ? coarse_best(of) : edgel_curve_find_best(of->levels, of->nlevels);
    for (int k = 0; k < c->n; k++) {
        c->tp[k] += of->tp[k];
        c->fp[k] += of->fp[k];
    }
    for (size_t i = 0; !c->coarse && i < of->nlevels; i++) {
        struct edgel_curve_level *to = &c->levels[of->levels[i].level];
        to->negatives += of->levels[i].negatives;
        to->positives += of->levels[i].positives;
    }
    c->binned |= of->binned;
    c->positives += of->positives;
    c->negatives += of->negatives;
    c->ois_tp += best.tp;
    c->ois_fp += best.fp;
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

static void over_thresholds(const struct edgel_curve_sums *c, struct edgel_curve_result *out)
{
    out->ods = edgel_curve_ods(out->points, c->n);
    out->ap = edgel_curve_coarse_ap(out->points, c->n);
    out->auc = edgel_curve_coarse_auc(c);
}

static void over_levels(const struct edgel_curve_sums *c, struct edgel_curve_result *out)
{
    const size_t n = EDGEL_LEVEL_MAX + 1;
    for (size_t l = 0; l < n; l++)
        c->levels[l].level = (int)l;
    const struct edgel_curve_best best = edgel_curve_find_best(c->levels, n);
    out->ods = from_counts(best.level < 0 ? NAN : best.level / (double)EDGEL_LEVEL_MAX, best.tp, best.fp,
                           c->positives);
    out->ap = edgel_curve_ap(c->levels, n);
    out->auc = edgel_curve_auc(c->levels, n);
    out->ap_error = out->auc_error = 0;
    if (c->binned)
        edgel_curve_errors(c->levels, n, &out->ap_error, &out->auc_error);
}

bool edgel_curve_sums_result(const struct edgel_curve_sums *c, struct edgel_curve_result *out)
{
    const struct edgel_operating_point none = { NAN, NAN, NAN, NAN };
    *out = (struct edgel_curve_result){ .n = c->n,
                                        .ods = none,
                                        .ois = none,
                                        .ap = NAN,
                                        .auc = NAN,
                                        .coarse = c->coarse,
                                        .ap_error = NAN,
                                        .auc_error = NAN };
    if (c->n == 0)
        return true;
    out->points = edgel_alloc((size_t)c->n, sizeof *out->points);
    if (!out->points)
        return false;
    for (int k = 0; k < c->n; k++)
        out->points[k] = from_counts((double)(k + 1) / ((double)c->n + 1), c->tp[k], c->fp[k], c->positives);
    if (c->positives == 0)
        return true;
    out->ois = from_counts(NAN, c->ois_tp, c->ois_fp, c->positives);
    (c->coarse ? over_thresholds : over_levels)(c, out);
    return true;
}

static bool begin(const struct edgel_reducer *r, void *sums)
{
    return edgel_curve_sums_init(sums, r->measure->thresholds, r->measure->coarse);
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
