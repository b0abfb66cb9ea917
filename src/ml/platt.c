/*
 * Probabilities for the scores of an SVM: P(class | f) = 1 / (1 + e^(A f + B)), A and B by maximum likelihood with the
 * targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2), by Newton's method with backtracking. The scores are those of rows that
 * the SVM was fitted without: rows are dealt to folds at random, class by class, and each fold is scored by an SVM of
 * the others.
 * Source: Lin, Lin, Weng, A note on Platt's probabilistic outputs for support vector machines, Machine Learning 68,
 * 2007.
 */
#include "ml/ml_priv.h"
#include <math.h>

/* The negative logarithm of the likelihood of one score: t (A f + B) + log(1 + e^-(A f + B)), without overflow. */
static double row_loss(double z, double target)
{
    return z >= 0 ? target * z + edgel_ln(1 + edgel_exp(-z)) : (target - 1) * z + edgel_ln(1 + edgel_exp(z));
}

static double loss_of(const double *f, const signed char *sign, size_t n, const double target[2], double a,
                      double b)
{
    double loss = 0;
    for (size_t i = 0; i < n; i++)
        loss += row_loss(f[i] * a + b, target[sign[i] > 0]);
    return loss;
}

void ml_platt_sigmoid(const double *f, const signed char *sign, size_t n, double out[2])
{
    double positive = 0;
    for (size_t i = 0; i < n; i++)
        positive += sign[i] > 0;
    const double negative = (double)n - positive;
    const double target[2] = { 1 / (negative + 2), (positive + 1) / (positive + 2) };
    double a = 0, b = edgel_ln((negative + 1) / (positive + 1)), loss = loss_of(f, sign, n, target, a, b);
    for (int k = 0; k < 100; k++) {
        double haa = 1e-12, hbb = 1e-12, hab = 0, ga = 0, gb = 0;
        for (size_t i = 0; i < n; i++) {
            const double z = f[i] * a + b, e = edgel_exp(-fabs(z));
            const double p = z >= 0 ? e / (1 + e) : 1 / (1 + e), v = p * (1 - p),
                         miss = target[sign[i] > 0] - p;
            haa += f[i] * f[i] * v;
            hbb += v;
            hab += f[i] * v;
            ga += f[i] * miss;
            gb += miss;
        }
        if (fabs(ga) < 1e-5 && fabs(gb) < 1e-5)
            break;
        const double det = haa * hbb - hab * hab, da = -(hbb * ga - hab * gb) / det,
                     db = -(haa * gb - hab * ga) / det;
        const double slope = ga * da + gb * db;
        double step = 1, to = INFINITY;
        for (; step >= 1e-10; step /= 2) {
            to = loss_of(f, sign, n, target, a + step * da, b + step * db);
            if (to < loss + 1e-4 * step * slope)
                break;
        }
        if (!(step >= 1e-10))
            break;
        a += step * da;
        b += step * db;
        loss = to;
    }
    out[0] = a;
    out[1] = b;
}

/* fold[i] of each row: rows of a class are shuffled and dealt in turn. */
static void deal(const struct ml_problem *p, size_t *rows, unsigned char *fold)
{
    struct edgel_rng rng = edgel_rng_seed(p->params->seed, 'f' << 8 | 'o', 0, 0);
    for (size_t i = 0; i < p->n; i++)
        rows[i] = i;
    for (size_t i = p->n; i > 1; i--) {
        const size_t j = (size_t)edgel_rng_below(&rng, i), t = rows[i - 1];
        rows[i - 1] = rows[j];
        rows[j] = t;
    }
    for (int class = 0; class < p->params->classes; class ++) {
        int next = 0;
        for (size_t i = 0; i < p->n; i++)
            if ((int)p->y[rows[i]] == class) {
                fold[rows[i]] = (unsigned char)next;
                next = (next + 1) % p->params->folds;
            }
    }
}

enum edgel_status ml_platt_fit(const struct ml_problem *p, int outputs, double *sigmoids,
                               struct edgel_error *err)
{
    const size_t d = (size_t)p->d, n = p->n;
    size_t *order = edgel_alloc(n, sizeof *order);
    unsigned char *fold = edgel_alloc(n, 1);
    double *scores = edgel_alloc((size_t)outputs * n, sizeof *scores); /* [outputs][n] */
    double *w = edgel_alloc((size_t)outputs * (d + 1), sizeof *w), *b = w ? w + (size_t)outputs * d : NULL;
    signed char *sign = edgel_alloc(n, 1);
    enum edgel_status s = EDGEL_OK;
    if (!order || !fold || !scores || !w || !sign) {
        s = edgel_no_memory(err, "probabilities of a support vector machine");
        goto out;
    }
    deal(p, order, fold);
    for (int k = 0; k < p->params->folds; k++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++)
            if (fold[i] != k && p->weights[i] > 0)
                order[count++] = i;
        struct edgel_fit fit;
        s = ml_svm_fit(p, order, count, w, b, &fit, err);
        if (s != EDGEL_OK)
            goto out;
        for (size_t i = 0; i < n; i++)
            for (size_t o = 0; fold[i] == k && o < (size_t)outputs; o++)
                scores[o * n + i] = p->dsp.dot(w + o * d, ml_row(p, i), d) + b[o];
    }
    for (int o = 0; o < outputs; o++) {
        for (size_t i = 0; i < n; i++)
            sign[i] = (int)p->y[i] == (outputs > 1 ? o : 1) ? 1 : -1;
        ml_platt_sigmoid(scores + (size_t)o * n, sign, n, sigmoids + 2 * o);
    }
out:
    edgel_free(sign);
    edgel_free(w);
    edgel_free(scores);
    edgel_free(fold);
    edgel_free(order);
    return s;
}
