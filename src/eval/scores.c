/* Scores from the counts of one class, or of all; the formulas stand at the top of reduce.c. */
#include "eval/eval_priv.h"
#include <math.h>

double edgel_ratio(double num, double den, enum edgel_empty empty)
{
    if (den != 0)
        return num / den;
    return empty == EDGEL_EMPTY_NAN ? NAN : empty == EDGEL_EMPTY_ONE ? 1 : 0;
}

void edgel_scores_pixels(const struct edgel_pixel_counts *c, uint64_t all, enum edgel_empty empty,
                         struct edgel_scores *out, uint64_t *touched)
{
    const double tp = (double)c->tp, fp = (double)(c->prediction - c->tp), fn = (double)(c->truth - c->tp);
    const double tn = (double)(all - c->truth - c->prediction + c->tp);
    out->accuracy = edgel_ratio(tp + tn, (double)all, empty);
    out->precision = edgel_ratio(tp, tp + fp, empty);
    out->recall = edgel_ratio(tp, tp + fn, empty);
    out->f1 = edgel_ratio(2 * tp, 2 * tp + fp + fn, empty);
    out->iou = edgel_ratio(tp, tp + fp + fn, empty);
    out->specificity = edgel_ratio(tn, tn + fp, empty);
    out->mcc =
        edgel_ratio(tp * tn - fp * fn, sqrt((tp + fp) * (tp + fn)) * sqrt((tn + fp) * (tn + fn)), empty);
    *touched += c->prediction == 0 || c->truth == 0;
}

void edgel_scores_tolerance(const struct edgel_tolerance_counts *t, enum edgel_empty empty,
                            struct edgel_scores *out, uint64_t *touched)
{
    const double p = edgel_ratio((double)t->matched_prediction, (double)t->prediction, EDGEL_EMPTY_ZERO);
    const double r = edgel_ratio((double)t->matched_truth, (double)t->truth, EDGEL_EMPTY_ZERO);
    *out = (struct edgel_scores){ .accuracy = NAN, .iou = NAN, .specificity = NAN, .mcc = NAN };
    out->precision = t->prediction ? p : edgel_ratio(0, 0, empty);
    out->recall = t->truth ? r : edgel_ratio(0, 0, empty);
    if (t->prediction == 0 && t->truth == 0)
        out->f1 = edgel_ratio(0, 0, empty);
    else
        out->f1 = edgel_ratio(2 * p * r, p + r, EDGEL_EMPTY_ZERO);
    *touched += t->prediction == 0 || t->truth == 0;
}

struct edgel_overall edgel_scores_overall(const struct edgel_pixel_counts *c, size_t n, uint64_t all,
                                          enum edgel_empty empty)
{
    double correct = 0, chance = 0, weighted = 0;
    const double total = (double)all;
    for (size_t i = 0; i < n; i++) {
        const double t = (double)c[i].truth, p = (double)c[i].prediction, tp = (double)c[i].tp;
        correct += tp;
        chance += t * p;
        if (c[i].truth > 0)
            weighted += t * (tp / (t + p - tp));
    }
    struct edgel_overall o;
    o.accuracy = edgel_ratio(correct, total, empty);
    o.kappa = edgel_ratio(total * correct - chance, total * total - chance, empty);
    o.fwiou = edgel_ratio(weighted, total, empty);
    return o;
}

double *edgel_scores_at(struct edgel_scores *s, int i)
{
    switch (i) {
    case 0: return &s->accuracy;
    case 1: return &s->precision;
    case 2: return &s->recall;
    case 3: return &s->f1;
    case 4: return &s->iou;
    case 5: return &s->specificity;
    default: return &s->mcc;
    }
}

void edgel_mean_add(struct edgel_mean *m, double v)
{
    if (isnan(v))
        return;
    m->sum += v;
    m->n++;
}

double edgel_mean_value(const struct edgel_mean *m)
{
    return m->n ? m->sum / (double)m->n : NAN;
}
