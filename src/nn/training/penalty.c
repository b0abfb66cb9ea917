/*
 * L1 and L2 penalties: value l1 sum |w| + l2 / 2 sum w^2, gradient l1 sign(w) + l2 w, of the decayed trainable parts.
 * First l2 w, then l1 sign(w) is added to the gradient, in single precision.
 */
#include "nn/training/train_priv.h"
#include <math.h>

struct penalty {
    double l1, l2;
    const float *weights;
    float *gradient;
    double values[NN_CHUNKS]; /* of each chunk */
};

static void add_l2(float l2, const float *restrict w, float *restrict g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g[i] += l2 * w[i];
}

static void add_l1(float l1, const float *restrict w, float *restrict g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g[i] += l1 * (float)((w[i] > 0) - (w[i] < 0));
}

static void add_part(void *user, size_t chunk, const struct edgel_param_range *part)
{
    struct penalty *p = user;
    if (!part->decayed)
        return;
    const float *w = p->weights + part->begin;
    float *g = p->gradient + part->begin;
    const size_t n = part->end - part->begin;
    double absolute = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        absolute += fabs((double)w[i]);
        square += (double)w[i] * (double)w[i];
    }
    p->values[chunk] += p->l1 * absolute + p->l2 / 2 * square;
    if (p->l2 > 0)
        add_l2((float)p->l2, w, g, n);
    if (p->l1 > 0)
        add_l1((float)p->l1, w, g, n);
}

static enum edgel_status check_factor(const char *what, double v, struct edgel_error *err)
{
    if (!(v >= 0 && isfinite(v)))
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be at least 0 and finite", what, v);
    return EDGEL_OK;
}

enum edgel_status edgel_penalty_add(double l1, double l2, const struct edgel_param_ranges *params,
                                    const float *weights, float *gradient, double *value,
                                    struct edgel_pool *pool, struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(weights);
    EDGEL_REQUIRE(gradient);
    EDGEL_TRY(check_factor("l1", l1, err));
    EDGEL_TRY(check_factor("l2", l2, err));
    EDGEL_TRY(edgel_param_ranges_check(params, err));
    struct penalty p = { .l1 = l1, .l2 = l2, .weights = weights, .gradient = gradient };
    if (l1 > 0 || l2 > 0)
        nn_each_chunk(params, pool, add_part, &p);
    double sum = 0;
    for (int i = 0; i < NN_CHUNKS; i++)
        sum += p.values[i];
    if (value)
        *value = sum;
    return EDGEL_OK;
}
