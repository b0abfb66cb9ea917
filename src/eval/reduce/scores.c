/* Scores from the counts of one class, or of all; the formulas stand at the top of reduce.c. */
#include "eval/eval_priv.h"
#include <math.h>
#include <string.h>

/* --- one class --- */

static double accuracy(const struct edgel_score_counts *c)
{
    return edgel_ratio(c->tp + c->tn, c->all, c->empty);
}

static double precision(const struct edgel_score_counts *c)
{
    return edgel_ratio(c->tp, c->tp + c->fp, c->empty);
}

static double recall(const struct edgel_score_counts *c)
{
    return edgel_ratio(c->tp, c->tp + c->fn, c->empty);
}

static double f1(const struct edgel_score_counts *c)
{
    return edgel_ratio(2 * c->tp, 2 * c->tp + c->fp + c->fn, c->empty);
}

static double iou(const struct edgel_score_counts *c)
{
    return edgel_ratio(c->tp, c->tp + c->fp + c->fn, c->empty);
}

static double specificity(const struct edgel_score_counts *c)
{
    return edgel_ratio(c->tn, c->tn + c->fp, c->empty);
}

static double mcc(const struct edgel_score_counts *c)
{
    const double sides = sqrt((c->tp + c->fp) * (c->tp + c->fn)) * sqrt((c->tn + c->fp) * (c->tn + c->fn));
    return edgel_ratio(c->tp * c->tn - c->fp * c->fn, sides, c->empty);
}

/* K. H. Brodersen et al., "The balanced accuracy and its posterior distribution", ICPR 2010. */
static double balanced_accuracy(const struct edgel_score_counts *c)
{
    return (recall(c) + specificity(c)) / 2;
}

/* --- the table --- */

enum {
    PIXELS = 1 << EDGEL_PIXELS,
    CURVE = 1 << EDGEL_CURVE,
    MAPS = 1 << EDGEL_BOUNDARY,
    OBJECTS = 1 << EDGEL_OBJECTS
};

static const struct edgel_score_row rows[] = {
    { { "accuracy", "(TP + TN) / (TP + FP + FN + TN)", 0, 1, PIXELS, true, true, false },
      EDGEL_NO_MATCH,
      accuracy },
    { { "precision", "TP / (TP + FP)", 0, 1, PIXELS, true, false, false },
      EDGEL_MATCHED_PRECISION,
      precision },
    { { "recall", "TP / (TP + FN)", 0, 1, PIXELS, true, false, false }, EDGEL_MATCHED_RECALL, recall },
    { { "f1", "2TP / (2TP + FP + FN)", 0, 1, PIXELS, true, false, false }, EDGEL_MATCHED_F1, f1 },
    { { "iou", "TP / (TP + FP + FN)", 0, 1, PIXELS, true, false, false }, EDGEL_NO_MATCH, iou },
    { { "specificity", "TN / (TN + FP)", 0, 1, PIXELS, true, false, false }, EDGEL_NO_MATCH, specificity },
    { { "mcc", "(TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN))", -1, 1, PIXELS, true, false,
        false },
      EDGEL_NO_MATCH,
      mcc },
    { { "dice", "2TP / (2TP + FP + FN)", 0, 1, PIXELS, true, false, true }, EDGEL_MATCHED_F1, f1 },
    { { "balanced_accuracy", "(recall + specificity) / 2", 0, 1, PIXELS, true, false, true },
      EDGEL_NO_MATCH,
      balanced_accuracy },
    { { "kappa", "(all sum TP - sum T P) / (all^2 - sum T P)", -1, 1, PIXELS, false, true, false },
      EDGEL_NO_MATCH,
      NULL },
    { { "fwiou", "sum (T / all) iou over the classes of the truth", 0, 1, PIXELS, false, true, false },
      EDGEL_NO_MATCH,
      NULL },
    { { "ods", "F at the best threshold of the set", 0, 1, CURVE | MAPS, false, false, false },
      EDGEL_NO_MATCH,
      NULL },
    { { "ois", "F at the best threshold of each image", 0, 1, CURVE | MAPS, false, false, false },
      EDGEL_NO_MATCH,
      NULL },
    { { "ap",
        "pixels: sum of (R - R before) P over all levels; boundaries: mean precision over recall 0, 0.01, ... 1",
        0, 1.01, CURVE | MAPS, false, false, false },
      EDGEL_NO_MATCH,
      NULL },
    { { "auc", "area under TP rate over FP rate", 0, 1, CURVE, false, false, false }, EDGEL_NO_MATCH, NULL },
    { { "r50", "recall where precision is 0.5", 0, 1, MAPS, false, false, false }, EDGEL_NO_MATCH, NULL },
    { { "pq", "SQ RQ", 0, 1, OBJECTS, false, false, false }, EDGEL_NO_MATCH, NULL },
    { { "sq", "sum of IoU / TP, of pairs of objects", 0, 1, OBJECTS, false, false, false },
      EDGEL_NO_MATCH,
      NULL },
    { { "rq", "TP / (TP + FP / 2 + FN / 2), of objects", 0, 1, OBJECTS, false, false, false },
      EDGEL_NO_MATCH,
      NULL },
};
enum { ROWS = sizeof rows / sizeof *rows };

const struct edgel_score_row *edgel_score_rows(size_t *n)
{
    *n = ROWS;
    return rows;
}

static const char *odd_score(const struct edgel_score_row *v, size_t i)
{
    const struct edgel_score *s = &v[i].score;
    if (!s->key || !*s->key || !s->formula || !*s->formula)
        return "a score needs a key and a formula";
    if (!(s->lo < s->hi) || s->families == 0)
        return "a score needs a range and a family that it is computed from";
    if (s->of_class != (v[i].of_counts != NULL))
        return "a score of a class needs the function that computes it, others are computed by a family";
    if (s->of_class && i > 0 && !v[i - 1].score.of_class)
        return "scores of a class stand first";
    for (size_t k = 0; k < i; k++)
        if (strcmp(v[k].score.key, s->key) == 0)
            return "a key stands twice";
    return NULL;
}

const char *edgel_scores_odd(const struct edgel_score_row *v, size_t n)
{
    size_t classes = 0;
    for (size_t i = 0; i < n; i++) {
        const char *odd = odd_score(v, i);
        if (odd)
            return odd;
        classes += v[i].score.of_class;
    }
    return classes > EDGEL_SCORES_MAX ? "more scores of a class than struct edgel_scores holds" : NULL;
}

const struct edgel_score *edgel_score_at(size_t i)
{
    return i < ROWS ? &rows[i].score : NULL;
}

const struct edgel_score *edgel_score_find(const char *key)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].score.key, key) == 0)
            return &rows[i].score;
    return NULL;
}

size_t edgel_scores_count(void)
{
    size_t n = 0;
    while (n < ROWS && rows[n].score.of_class)
        n++;
    return n;
}

struct edgel_scores edgel_scores_matched(double p, double r, double f)
{
    const double v[] = { [EDGEL_NO_MATCH] = NAN,
                         [EDGEL_MATCHED_PRECISION] = p,
                         [EDGEL_MATCHED_RECALL] = r,
                         [EDGEL_MATCHED_F1] = f };
    struct edgel_scores s = { 0 };
    for (size_t i = 0; i < edgel_scores_count(); i++)
        s.v[i] = v[rows[i].match];
    return s;
}

void edgel_scores_pixels(const struct edgel_pixel_counts *c, uint64_t all, enum edgel_empty empty,
                         struct edgel_scores *out, uint64_t *touched)
{
    const struct edgel_score_counts k = { .tp = (double)c->tp,
                                          .fp = (double)(c->prediction - c->tp),
                                          .fn = (double)(c->truth - c->tp),
                                          .tn = (double)(all - c->truth - c->prediction + c->tp),
                                          .all = (double)all,
                                          .empty = empty };
    *out = (struct edgel_scores){ 0 };
    for (size_t i = 0; i < edgel_scores_count(); i++)
        out->v[i] = rows[i].of_counts(&k);
    *touched += c->prediction == 0 || c->truth == 0;
}

void edgel_scores_tolerance(const struct edgel_tolerance_counts *t, enum edgel_empty empty,
                            struct edgel_scores *out, uint64_t *touched)
{
    const double undefined = edgel_ratio(0, 0, empty);
    const double p = edgel_ratio((double)t->matched_prediction, (double)t->prediction, EDGEL_EMPTY_ZERO);
    const double r = edgel_ratio((double)t->matched_truth, (double)t->truth, EDGEL_EMPTY_ZERO);
    const bool none = t->prediction == 0 && t->truth == 0;
    const double f = none ? undefined : edgel_ratio(2 * p * r, p + r, EDGEL_EMPTY_ZERO);
    *out = edgel_scores_matched(t->prediction ? p : undefined, t->truth ? r : undefined, f);
    *touched += t->prediction == 0 || t->truth == 0;
}

/* --- all classes --- */

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
