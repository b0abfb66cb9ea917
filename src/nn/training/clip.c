/*
 * Gradient clipping by value and by Euclidean norm.
 *
 * The squares of a part are summed in double precision in LANES sums, component i into sum i mod LANES, so that the
 * compiler can use vectors; then the lanes, the parts of a chunk and the chunks are added in their order.
 */
#include "nn/training/train_priv.h"
#include <math.h>

enum { LANES = 8 };

struct clip {
    float *gradient;
    float limit;               /* by value */
    float factor;              /* by norm */
    double squares[NN_CHUNKS]; /* of each chunk */
};

static double sum_of_squares(const float *g, size_t n)
{
    double lanes[LANES] = { 0 }, sum = 0;
    const size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lanes[k] += (double)g[i + k] * (double)g[i + k];
    for (size_t i = whole; i < n; i++)
        lanes[i - whole] += (double)g[i] * (double)g[i];
    for (int k = 0; k < LANES; k++)
        sum += lanes[k];
    return sum;
}

static void limit_part(void *user, size_t chunk, const struct edgel_param_range *part)
{
    (void)chunk;
    const struct clip *c = user;
    for (size_t i = part->begin; i < part->end; i++) {
        const float g = c->gradient[i];
        c->gradient[i] = g > c->limit ? c->limit : g < -c->limit ? -c->limit : g;
    }
}

static void measure_part(void *user, size_t chunk, const struct edgel_param_range *part)
{
    struct clip *c = user;
    c->squares[chunk] += sum_of_squares(c->gradient + part->begin, part->end - part->begin);
}

static void scale_part(void *user, size_t chunk, const struct edgel_param_range *part)
{
    (void)chunk;
    const struct clip *c = user;
    for (size_t i = part->begin; i < part->end; i++)
        c->gradient[i] *= c->factor;
}

enum edgel_status edgel_clip_value(double limit, const struct edgel_param_ranges *params, float *gradient,
                                   struct edgel_pool *pool, struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(gradient);
    if (!(limit > 0 && isfinite(limit)))
        return edgel_fail(err, EDGEL_EINVAL, "clip value %g: must be > 0 and finite", limit);
    EDGEL_TRY(edgel_param_ranges_check(params, err));
    struct clip c = { .gradient = gradient, .limit = (float)limit };
    nn_each_chunk(params, pool, limit_part, &c);
    return EDGEL_OK;
}

enum edgel_status edgel_clip_norm(double limit, const struct edgel_param_ranges *params, float *gradient,
                                  double *norm, struct edgel_pool *pool, struct edgel_error *err)
{
    EDGEL_REQUIRE(norm);
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(gradient);
    if (!(limit > 0))
        return edgel_fail(err, EDGEL_EINVAL, "clip norm %g: must be > 0", limit);
    EDGEL_TRY(edgel_param_ranges_check(params, err));
    struct clip c = { .gradient = gradient };
    nn_each_chunk(params, pool, measure_part, &c);
    double sum = 0;
    for (int i = 0; i < NN_CHUNKS; i++)
        sum += c.squares[i];
    *norm = sqrt(sum);
    const double factor = limit / (*norm + 1e-6);
    if (isfinite(*norm) && factor < 1) {
        c.factor = (float)factor;
        nn_each_chunk(params, pool, scale_part, &c);
    }
    return EDGEL_OK;
}
