/* The rows as solvers see them: checked, centred and scaled, or turned into Fourier features; their weights. */
#include "ml/ml_priv.h"
#include <math.h>

enum edgel_status ml_rows_check(struct edgel_learner_rows rows, struct edgel_error *err)
{
    if (!rows.x || rows.n < 1)
        return edgel_fail(err, EDGEL_EINVAL, "rows: there must be at least one");
    if (rows.n > UINT32_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "%zu rows: must be fewer than 2^32", rows.n);
    if (rows.features < 1 || rows.features > EDGEL_LEARNER_FEATURES_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "rows of %d features: must be 1..%d", rows.features,
                          (int)EDGEL_LEARNER_FEATURES_MAX);
    if (rows.stride < (size_t)rows.features)
        return edgel_fail(err, EDGEL_EINVAL, "rows %zu floats apart: must be at least the %d features",
                          rows.stride, rows.features);
    return EDGEL_OK;
}

/* mean[features] and scale[features] = 1 / deviation of each feature, 1 of one that is constant. Sums of a part are
 * those of its rows in order. */
struct moments {
    struct edgel_learner_rows rows;
    double *sums, *mean; /* [parts][features] */
    bool squares;
};

static void add_part(void *user, int thread, size_t part)
{
    (void)thread;
    const struct moments *m = user;
    const size_t d = (size_t)m->rows.features;
    double *sums = m->sums + part * d;
    for (size_t j = 0; j < d; j++)
        sums[j] = 0;
    for (size_t i = ml_part_begin(m->rows.n, part); i < ml_part_begin(m->rows.n, part + 1); i++) {
        const float *x = m->rows.x + i * m->rows.stride;
        for (size_t j = 0; j < d; j++) {
            const double v = x[j] - m->mean[j];
            sums[j] += m->squares ? v * v : v;
        }
    }
}

static void average(struct moments *m, struct edgel_pool *pool, double *out)
{
    const size_t parts = ml_parts(m->rows.n), d = (size_t)m->rows.features;
    edgel_pool_run(pool, parts, add_part, m);
    for (size_t j = 0; j < d; j++) {
        out[j] = 0;
        for (size_t part = 0; part < parts; part++)
            out[j] += m->sums[part * d + j];
        out[j] /= (double)m->rows.n;
    }
}

static enum edgel_status standardise(struct edgel_learner_rows rows, struct edgel_pool *pool, double *mean,
                                     double *scale, struct edgel_error *err)
{
    const size_t d = (size_t)rows.features;
    struct moments m = { .rows = rows, .mean = mean };
    m.sums = edgel_alloc(ml_parts(rows.n) * d, sizeof *m.sums);
    double *average_of = edgel_calloc(d, sizeof *average_of);
    if (!m.sums || !average_of) {
        edgel_free(average_of);
        edgel_free(m.sums);
        return edgel_no_memory(err, "standardising");
    }
    for (size_t j = 0; j < d; j++)
        mean[j] = 0;
    average(&m, pool, average_of);
    for (size_t j = 0; j < d; j++)
        mean[j] = average_of[j];
    m.squares = true;
    average(&m, pool, scale);
    for (size_t j = 0; j < d; j++) {
        const double deviation = sqrt(scale[j]);
        scale[j] = deviation > 1e-12 * fabs(mean[j]) ? 1 / deviation : 1;
    }
    edgel_free(average_of);
    edgel_free(m.sums);
    return EDGEL_OK;
}

/* The copy, one row after the other. */
struct copy {
    struct ml_problem *p;
    struct edgel_learner_rows rows;
    const struct ml_fourier *fourier; /* NULL: none */
    float *scratch;                   /* [threads][features] */
};

static void copy_part(void *user, int thread, size_t part)
{
    const struct copy *c = user;
    struct ml_problem *p = c->p;
    const int features = c->rows.features;
    for (size_t i = ml_part_begin(p->n, part); i < ml_part_begin(p->n, part + 1); i++) {
        const float *x = c->rows.x + i * c->rows.stride;
        float *to = p->x + i * p->stride;
        if (c->fourier)
            ml_fourier_row(c->fourier, &p->dsp, features, x, c->scratch + (size_t)thread * (size_t)features,
                           to);
        for (int j = 0; !c->fourier && j < features; j++)
            to[j] = (float)((x[j] - p->mean[j]) * p->scale[j]);
        for (size_t j = (size_t)p->d; j < p->stride; j++)
            to[j] = 0;
    }
}

static enum edgel_status find_weights(struct ml_problem *p, const float *weights, struct edgel_error *err)
{
    const struct edgel_learner_params *params = p->params;
    const size_t classes = (size_t)params->classes;
    double *of_class = edgel_calloc(classes + 1, sizeof *of_class); /* row counts, then weights */
    if (!of_class)
        return edgel_no_memory(err, "weights");
    enum edgel_status s = EDGEL_OK;
    for (size_t i = 0; classes && i < p->n; i++)
        of_class[(size_t)p->y[i]]++;
    for (size_t k = 0; s == EDGEL_OK && k < classes; k++) {
        if (of_class[k] == 0)
            s = edgel_fail(err, EDGEL_EINVAL, "class %zu of %zu has no row", k, classes);
        of_class[k] = params->balanced ? (double)p->n / ((double)classes * of_class[k]) : 1;
        of_class[k] *= params->class_weights ? params->class_weights[k] : 1;
    }
    for (size_t i = 0; s == EDGEL_OK && i < p->n; i++) {
        const double own = weights ? weights[i] : 1;
        if (!(own >= 0 && own < INFINITY))
            s = edgel_fail(err, EDGEL_EINVAL, "weight of row %zu: must be finite and not negative", i);
        p->weights[i] = own * (classes ? of_class[(size_t)p->y[i]] : 1);
        p->total += p->weights[i];
    }
    if (s == EDGEL_OK && !(p->total > 0))
        s = edgel_fail(err, EDGEL_EINVAL, "all rows have the weight 0");
    edgel_free(of_class);
    return s;
}

static enum edgel_status check_values(struct edgel_learner_rows rows, const double *y, int classes,
                                      struct edgel_error *err)
{
    for (size_t i = 0; i < rows.n; i++) {
        const float *x = rows.x + i * rows.stride;
        float nothing = 0; /* 0 times a number that is not finite is NaN */
        for (int j = 0; j < rows.features; j++)
            nothing += x[j] * 0;
        for (int j = 0; nothing != 0 && j < rows.features; j++)
            if (!isfinite(x[j]))
                return edgel_fail(err, EDGEL_EINVAL, "row %zu, feature %d: must be finite", i, j);
        if (classes == 0 && !isfinite(y[i]))
            return edgel_fail(err, EDGEL_EINVAL, "row %zu: its target must be finite", i);
        if (classes > 0 && !(y[i] >= 0 && y[i] < classes && y[i] == (int)y[i]))
            return edgel_fail(err, EDGEL_EINVAL, "row %zu: its class must be one of 0..%d", i, classes - 1);
    }
    return EDGEL_OK;
}

void ml_problem_finish(struct ml_problem *p)
{
    edgel_free(p->x);
    edgel_free(p->weights);
    edgel_free(p->mean);
    edgel_free(p->scale);
    *p = (struct ml_problem){ 0 };
}

enum edgel_status ml_problem_init(struct ml_problem *p, const struct edgel_learner_params *params,
                                  struct edgel_learner_rows rows, const double *y, const float *weights,
                                  struct ml_fourier *fourier, struct edgel_pool *pool,
                                  struct edgel_error *err)
{
    const size_t d = (size_t)rows.features, inputs = fourier ? (size_t)fourier->count : d;
    *p = (struct ml_problem){ .n = rows.n, .d = (int)inputs, .y = y, .pool = pool, .params = params };
    p->stride = (inputs + 15) / 16 * 16;
    ml_dsp_init(&p->dsp, edgel_cpu_flags());
    EDGEL_TRY(check_values(rows, y, params->classes, err));
    struct copy c = { .p = p, .rows = rows, .fourier = fourier };
    p->mean = edgel_calloc(d, sizeof *p->mean);
    p->scale = edgel_alloc(d, sizeof *p->scale);
    p->weights = edgel_alloc(rows.n, sizeof *p->weights);
    p->x = edgel_alloc(rows.n * p->stride, sizeof *p->x); /* fewer than 2^49 */
    c.scratch = edgel_alloc((size_t)edgel_pool_threads(pool) * d, sizeof *c.scratch);
    enum edgel_status s = EDGEL_OK;
    if (!p->mean || !p->scale || !p->weights || !p->x || !c.scratch)
        s = edgel_no_memory(err, "a copy of the rows");
    for (size_t j = 0; s == EDGEL_OK && j < d; j++)
        p->scale[j] = 1;
    if (s == EDGEL_OK && params->standardise)
        s = standardise(rows, pool, p->mean, p->scale, err);
    for (size_t j = 0; s == EDGEL_OK && fourier && j < d; j++) {
        fourier->mean[j] = p->mean[j];
        fourier->scale[j] = p->scale[j];
    }
    if (s == EDGEL_OK)
        s = find_weights(p, weights, err);
    if (s == EDGEL_OK)
        edgel_pool_run(pool, ml_parts(rows.n), copy_part, &c);
    edgel_free(c.scratch);
    if (s != EDGEL_OK)
        ml_problem_finish(p);
    return s;
}
