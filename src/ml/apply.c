/* Scores of rows, and probabilities from scores. Rows are independent, so any thread may take any of them. */
#include "ml/ml_priv.h"
#include <math.h>

struct application {
    const struct edgel_learner *l;
    struct edgel_learner_rows rows;
    struct ml_dsp dsp;
    double *scores, *probabilities;
    double *own;    /* [threads][outputs]: scores when nobody wants them */
    float *scratch; /* [threads][features + inputs]: Fourier features, or NULL */
};

static double sigmoid(double z)
{
    const double e = edgel_exp(-fabs(z));
    return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

static void make_probabilities(const struct edgel_learner *l, const double *f, double *p)
{
    double sum = 0, top = f[0];
    if (l->outputs == 1) {
        p[1] = sigmoid(l->sigmoids ? -(l->sigmoids[0] * f[0] + l->sigmoids[1]) : f[0]);
        p[0] = 1 - p[1];
        return;
    }
    for (int k = 1; k < l->outputs; k++)
        top = f[k] > top ? f[k] : top;
    for (int k = 0; k < l->outputs; k++)
        sum += p[k] = l->sigmoids ? sigmoid(-(l->sigmoids[2 * k] * f[k] + l->sigmoids[2 * k + 1]))
                                  : edgel_exp(f[k] - top);
    for (int k = 0; k < l->outputs; k++)
        p[k] = sum > 0 ? p[k] / sum : 1.0 / l->outputs;
}

static void apply_part(void *user, int thread, size_t part)
{
    const struct application *a = user;
    const struct edgel_learner *l = a->l;
    const size_t outputs = (size_t)l->outputs, inputs = (size_t)l->inputs, features = (size_t)l->features;
    for (size_t i = ml_part_begin(a->rows.n, part); i < ml_part_begin(a->rows.n, part + 1); i++) {
        const float *x = a->rows.x + i * a->rows.stride;
        double *f = a->scores ? a->scores + i * outputs : a->own + (size_t)thread * outputs;
        if (a->scratch) {
            float *u = a->scratch + (size_t)thread * (features + inputs);
            ml_fourier_row(&l->fourier, &a->dsp, l->features, x, u, u + features);
            x = u + features;
        }
        for (size_t k = 0; k < outputs; k++)
            f[k] = a->dsp.dot(l->w + k * inputs, x, inputs) + l->b[k];
        if (a->probabilities)
            make_probabilities(l, f, a->probabilities + i * (size_t)l->classes);
    }
}

enum edgel_status edgel_learner_apply(const struct edgel_learner *learner, struct edgel_learner_rows rows,
                                      struct edgel_pool *pool, double *scores, double *probabilities,
                                      struct edgel_error *err)
{
    EDGEL_REQUIRE(learner);
    EDGEL_TRY(ml_rows_check(rows, err));
    struct edgel_learner_info info;
    edgel_learner_describe(learner, &info);
    if (rows.features != info.features)
        return edgel_fail(err, EDGEL_EINVAL, "rows of %d features: the learner takes %d", rows.features,
                          info.features);
    if (probabilities && !info.probability)
        return edgel_fail(err, EDGEL_EINVAL, "%s: it was not fitted with probabilities",
                          edgel_learner_name(info.kind));
    const size_t threads = (size_t)edgel_pool_threads(pool);
    struct application a = { .l = learner, .rows = rows, .scores = scores, .probabilities = probabilities };
    ml_dsp_init(&a.dsp, edgel_cpu_flags());
    a.own = edgel_alloc(threads * (size_t)info.outputs, sizeof *a.own);
    if (learner->fourier.count > 0)
        a.scratch = edgel_alloc(threads * (size_t)(info.features + info.inputs), sizeof *a.scratch);
    enum edgel_status s = EDGEL_OK;
    if (!a.own || (learner->fourier.count > 0 && !a.scratch))
        s = edgel_no_memory(err, "scores");
    else
        edgel_pool_run(pool, ml_parts(rows.n), apply_part, &a);
    edgel_free(a.scratch);
    edgel_free(a.own);
    return s;
}
