/*
 * Average precision and area under ROC from the counts at N thresholds alone, as counts files of schema edgel.counts/1
 * have them. What lies left of the first recall counts as 0, so that both are coarse: too low for maps that are sure of
 * themselves. curve_scores.c computes them over all levels.
 *
 * AP   the unique R in rising order, each with the P of its first (lowest) threshold, linear interpolation at R = 0,
 *      .01, ..., 1, 0 outside; sum times .01. 0 when there is one R only.
 * AUC  area under the ROC curve by trapezoids through (0, 0), the points and (1, 1).
 */
#include "eval/eval_priv.h"
#include <math.h>

/* Recall falls with the threshold, so the unique values in rising order are met from the last point on. */
double edgel_curve_coarse_ap(const struct edgel_operating_point *p, int n)
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
        sum += p[k].precision + share * (p[next].precision - p[k].precision);
    }
    return sum * 0.01;
}

double edgel_curve_coarse_auc(const struct edgel_curve_sums *c)
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
