/*
 * Scores of a soft map over all thresholds, from the pixels at each level.
 *
 * With the levels l from the highest down, and TP, FP the positives and negatives at l and above:
 *
 *   R = TP / all positives,  P = TP / (TP + FP),  FPR = FP / all negatives
 *   AP   sum over l of (R(l) - R(l before)) P(l): steps, nothing is interpolated, equal values are one step
 *   AUC  area under R over FPR by trapezoids from (0, 0) on, so that equal values of both kinds count by half
 *   best the threshold above 0 with the largest F1 = 2 TP / (TP + FP + all positives); of equal ones the highest. None
 *        when no threshold finds a positive: then nothing is predicted, TP = FP = 0.
 *
 * These are average_precision_score and roc_auc_score of scikit-learn, where a pixel's score is its value. Undefined
 * (NaN) without positives, the AUC also without negatives.
 *
 * Where the values of a level may differ among themselves (float maps), their order is lost. With p positives and n
 * negatives at a level, TP and FP above it:
 *   AUC  the p n pairs count by half; truly each counts 0 to 1: the error is at most sum p n / 2, over all positives
 *        times all negatives
 *   AP   truly the level adds at most p (TP + p) / (TP + p + FP), when all its positives come first and are equal, and
 *        at least the sum over j = 1..p of (TP + j) / (TP + j + FP + n), when all its negatives come first; that sum is
 *        bounded from below by STEPS steps
 *
 * O(levels). Sums are compensated (A. Neumaier, 1974), so that 65,536 steps lose nothing.
 */
#include "eval/eval_priv.h"
#include <math.h>

enum { STEPS = 64 };

struct total {
    double sum, lost;
};

static void add(struct total *t, double v)
{
    const double sum = t->sum + v;
    t->lost += fabs(t->sum) >= fabs(v) ? (t->sum - sum) + v : (v - sum) + t->sum;
    t->sum = sum;
}

static double value(const struct total *t)
{
    return t->sum + t->lost;
}

struct sides {
    uint64_t positives, negatives;
};

static struct sides count(const struct edgel_curve_level *v, size_t n)
{
    struct sides s = { 0, 0 };
    for (size_t i = 0; i < n; i++) {
        s.positives += v[i].positives;
        s.negatives += v[i].negatives;
    }
    return s;
}

double edgel_curve_ap(const struct edgel_curve_level *v, size_t n)
{
    const struct sides all = count(v, n);
    struct total t = { 0, 0 };
    uint64_t tp = 0, fp = 0;
    for (size_t i = n; i-- > 0;) {
        tp += v[i].positives;
        fp += v[i].negatives;
        if (v[i].positives > 0)
            add(&t, (double)v[i].positives * ((double)tp / (double)(tp + fp)));
    }
    return all.positives ? value(&t) / (double)all.positives : NAN;
}

double edgel_curve_auc(const struct edgel_curve_level *v, size_t n)
{
    const struct sides all = count(v, n);
    struct total t = { 0, 0 };
    uint64_t tp = 0;
    for (size_t i = n; i-- > 0; tp += v[i].positives)
        add(&t, (double)v[i].negatives * ((double)tp + (double)v[i].positives / 2));
    return all.positives && all.negatives ? value(&t) / (double)all.positives / (double)all.negatives : NAN;
}

/* From below, the sum over j = 1..p of (tp + j) / (tp + j + fp): rising terms, STEPS runs of them by their first. */
static double lowest(double tp, uint64_t p, double fp)
{
    double sum = 0;
    uint64_t from = 0;
    for (uint64_t k = 1; k <= STEPS && from < p; k++) {
        const uint64_t to = k == STEPS ? p : p / STEPS * k + p % STEPS * k / STEPS;
        if (to > from)
            sum += (double)(to - from) * ((tp + (double)from + 1) / (tp + (double)from + 1 + fp));
        from = to;
    }
    return sum;
}

void edgel_curve_errors(const struct edgel_curve_level *v, size_t n, double *ap, double *auc)
{
    const struct sides all = count(v, n);
    struct total pairs = { 0, 0 }, above = { 0, 0 }, below = { 0, 0 };
    uint64_t tp = 0, fp = 0;
    for (size_t i = n; i-- > 0;) {
        const double p = (double)v[i].positives, m = (double)v[i].negatives, t = (double)tp, f = (double)fp;
        if (v[i].positives > 0) {
            const double here = p * ((t + p) / (t + p + f + m));
            add(&above, p * ((t + p) / (t + p + f)) - here);
            add(&below, here - lowest(t, v[i].positives, f + m));
            add(&pairs, p * m / 2);
        }
        tp += v[i].positives;
        fp += v[i].negatives;
    }
    *ap = all.positives ? fmax(value(&above), value(&below)) / (double)all.positives : NAN;
    *auc =
        all.positives && all.negatives ? value(&pairs) / (double)all.positives / (double)all.negatives : NAN;
}

struct edgel_curve_best edgel_curve_find_best(const struct edgel_curve_level *v, size_t n)
{
    const uint64_t positives = count(v, n).positives;
    struct edgel_curve_best best = { -1, 0, 0 };
    uint64_t tp = 0, fp = 0;
    double best_f = 0;
    for (size_t i = n; i-- > 0 && v[i].level > 0;) {
        tp += v[i].positives;
        fp += v[i].negatives;
        const double f = 2 * (double)tp / (double)(tp + fp + positives); /* equal fractions, equal doubles */
        if (f > best_f) {
            best_f = f;
            best = (struct edgel_curve_best){ v[i].level, tp, fp };
        }
    }
    return best;
}
