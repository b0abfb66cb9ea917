/*
 * What is done with a gradient before the step: clipped by value and by Euclidean norm, penalties added; and the chunks
 * of a flat array of parameters in which threads do it.
 *
 * The squares of a part are summed in double precision in LANES sums, component i into sum i mod LANES, so that the
 * compiler can use vectors; then the lanes, the parts of a chunk and the chunks are added in their order.
 *
 * Penalties: value l1 sum |w| + l2 / 2 sum w^2, gradient l1 sign(w) + l2 w, of the decayed trainable parts. First l2 w,
 * then l1 sign(w) is added to the gradient, in single precision.
 */
#include "nn/training/train_priv.h"
#include <math.h>

/* --- chunks --- */

enum { CHUNK_MIN = 4096, CHUNK_UNIT = 16 }; /* floats: below the first, threads cost more than they gain */

enum edgel_status edgel_param_ranges_check(const struct edgel_param_ranges *p, struct edgel_error *err)
{
    EDGEL_REQUIRE(p);
    size_t at = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct edgel_param_range *r = &p->ranges[i];
        if (r->begin < at || r->end < r->begin || r->end > p->n)
            return edgel_fail(err, EDGEL_EINVAL,
                              "parameters %zu..%zu: must begin at %zu or later and end by %zu", r->begin,
                              r->end, at, p->n);
        at = r->end;
    }
    return EDGEL_OK;
}

static size_t chunk_size(size_t n)
{
    const size_t size = (n / NN_CHUNKS / CHUNK_UNIT + 1) * CHUNK_UNIT;
    return size < CHUNK_MIN ? CHUNK_MIN : size;
}

struct walk {
    const struct edgel_param_ranges *params;
    void (*work)(void *user, size_t chunk, const struct edgel_param_range *part);
    void *user;
};

static void run_chunk(void *user, int thread, size_t chunk)
{
    (void)thread;
    const struct walk *w = user;
    const size_t size = chunk_size(w->params->n), begin = chunk * size, end = begin + size;
    for (size_t i = 0; i < w->params->count; i++) {
        struct edgel_param_range part = w->params->ranges[i];
        part.begin = part.begin < begin ? begin : part.begin;
        part.end = part.end > end ? end : part.end;
        if (part.trainable && part.begin < part.end)
            w->work(w->user, chunk, &part);
    }
}

void nn_each_chunk(const struct edgel_param_ranges *params, struct edgel_pool *pool,
                   void (*work)(void *user, size_t chunk, const struct edgel_param_range *part), void *user)
{
    struct walk w = { params, work, user };
    const size_t size = chunk_size(params->n);
    edgel_pool_run(pool, params->n / size + (params->n % size > 0), run_chunk, &w);
}

/* --- clipping --- */

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

/* --- penalties --- */

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
