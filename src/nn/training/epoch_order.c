/*
 * The order in which an epoch takes its samples: a permutation (Fisher and Yates), or a draw by weights.
 *
 * The draw is systematic: with total weights scaled to n, sample i is taken for every whole number k with sum_(j < i)
 * w_j <= k + u < sum_(j <= i) w_j, u uniform in 0..1; the result is then permuted. So a sample of weight 2.5 comes up
 * two or three times, never five.
 */
#include "nn/training/train_priv.h"
#include <math.h>

enum { STREAM_PERMUTATION = 101, STREAM_DRAW };

/* sum_c p_c factor_c of one image; 0 without pixels. */
static double weight_of(const int64_t *histogram, int classes, const double *factors)
{
    double sum = 0, all = 0;
    for (int c = 0; c < classes; c++) {
        all += (double)histogram[c];
        sum += (double)histogram[c] * factors[c];
    }
    return all > 0 ? sum / all : 0;
}

/* Counts of pixels stand for shares: their common divisor cancels when the mean is made 1. */
enum edgel_status edgel_resample_weights(const int64_t *histograms, size_t n, int classes, double amount,
                                         double *weights, struct edgel_error *err)
{
    EDGEL_REQUIRE(histograms);
    EDGEL_REQUIRE(weights);
    if (!(amount >= 0 && amount <= 1))
        return edgel_fail(err, EDGEL_EINVAL, "augment resample %g: must be 0..1", amount);
    if (classes < 1)
        return edgel_fail(err, EDGEL_EINVAL, "augment resample: %d classes: must be at least 1", classes);
    double *factors = edgel_calloc((size_t)classes, sizeof *factors);
    if (!factors)
        return edgel_fail(err, EDGEL_ENOMEM, "augment resample: out of memory");
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < classes; c++)
            factors[c] += (double)histograms[i * (size_t)classes + (size_t)c];
    for (int c = 0; c < classes; c++)
        factors[c] = factors[c] > 0 ? edgel_pow(factors[c], -amount) : 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i] = weight_of(histograms + i * (size_t)classes, classes, factors);
    edgel_free(factors);
    if (!(sum > 0))
        return edgel_fail(err, EDGEL_EINVAL, "augment resample: no image has pixels that count");
    for (size_t i = 0; i < n; i++)
        weights[i] *= (double)n / sum;
    return EDGEL_OK;
}

static enum edgel_status sum_of_weights(size_t n, const double *weights, double *sum, struct edgel_error *err)
{
    *sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(weights[i] >= 0 && isfinite(weights[i])))
            return edgel_fail(err, EDGEL_EINVAL, "weight %g of sample %zu: must be at least 0 and finite",
                              weights[i], i);
        *sum += weights[i];
    }
    if (!(*sum > 0 && isfinite(*sum)))
        return edgel_fail(err, EDGEL_EINVAL, "weights of %zu samples: must not all be 0, nor overflow", n);
    return EDGEL_OK;
}

/* The sums are those of sum_of_weights(), so the last one is `total` exactly and all n are drawn. */
static void draw_by_weight(size_t n, const double *weights, double total, uint64_t seed, size_t *order)
{
    struct edgel_rng r = edgel_rng_seed(seed, STREAM_DRAW, 0, 0);
    const double u = edgel_rng_uniform(&r);
    size_t drawn = 0, last = 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += weights[i];
        last = weights[i] > 0 ? i : last;
        while (drawn < n && ((double)drawn + u) / (double)n < sum / total)
            order[drawn++] = i;
    }
    while (drawn < n) /* (n - 1 + u) / n rounded up to 1 */
        order[drawn++] = last;
}

enum edgel_status edgel_epoch_order(size_t n, const double *weights, uint64_t seed, size_t *order,
                                    struct edgel_error *err)
{
    if (n > 0)
        EDGEL_REQUIRE(order);
    struct edgel_rng r = edgel_rng_seed(seed, STREAM_PERMUTATION, 0, 0);
    double total;
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    if (weights && n > 0) {
        EDGEL_TRY(sum_of_weights(n, weights, &total, err));
        draw_by_weight(n, weights, total, seed, order);
    }
    for (size_t i = n; i > 1; i--) {
        const size_t k = (size_t)edgel_rng_below(&r, i), swapped = order[k];
        order[k] = order[i - 1];
        order[i - 1] = swapped;
    }
    return EDGEL_OK;
}
