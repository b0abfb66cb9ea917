/* ml_priv.h: what the files of src/ml share. */
#ifndef EDGEL_ML_PRIV_H
#define EDGEL_ML_PRIV_H

#include "core/core_priv.h"
#include "edgel/ml.h"
#include "ml/ml_dsp.h"

/* Random Fourier features: z_k = sqrt(2 / count) cos(frequency_k u + phase_k) of u = (x - mean) / deviation. */
struct ml_fourier {
    int count; /* 0: none */
    double gamma;
    uint64_t seed;
    double *mean, *scale;         /* [features]; scale is 1 / deviation */
    double *frequencies, *phases; /* [count][features], [count] */
};

struct edgel_learner {
    enum edgel_learner_kind kind;
    int features, classes, outputs, inputs;
    double *w, *b;    /* [outputs][inputs], [outputs] */
    double *sigmoids; /* [outputs][2]: A and B of Platt's method, or NULL */
    struct ml_fourier fourier;
};

/* What a solver works on: a copy of the rows as they are learned. */
struct ml_problem {
    float *x; /* row i at x + i * stride */
    size_t n, stride;
    int d;                /* inputs */
    double *mean, *scale; /* [features]: the copy is (row - mean) * scale */
    const double *y;      /* [n] */
    double *weights;      /* [n]: s_i */
    double total;         /* their sum */
    struct ml_dsp dsp;
    struct edgel_pool *pool;
    const struct edgel_learner_params *params;
};

static inline const float *ml_row(const struct ml_problem *p, size_t i)
{
    return p->x + i * p->stride;
}

/* Rows are cut into at most 64 parts that do not depend on the number of threads; sums over rows are sums of each part
 * in order, added in the order of the parts. */
enum { ML_PARTS = 64, ML_PART_ROWS = 512 };
static inline size_t ml_parts(size_t n)
{
    size_t parts = (n + ML_PART_ROWS - 1) / ML_PART_ROWS;
    return parts < ML_PARTS ? parts : ML_PARTS;
}
static inline size_t ml_part_begin(size_t n, size_t part)
{
    size_t parts = ml_parts(n), each = n / parts, more = n % parts;
    return part * each + (part < more ? part : more);
}

/* --- solvers: fill w[outputs][d] and b[outputs] of the copied rows --- */
typedef enum edgel_status ml_solve(const struct ml_problem *p, double *w, double *b, struct edgel_fit *fit,
                                   struct edgel_error *err);
ml_solve ml_linear_solve, ml_logistic_solve, ml_svm_solve;
/* The same for SVM on the rows order[n], whose weights are not 0. */
enum edgel_status ml_svm_fit(const struct ml_problem *p, const size_t *order, size_t n, double *w, double *b,
                             struct edgel_fit *fit, struct edgel_error *err);
/* A and B of Platt's sigmoid for scores f[n] of rows of sign[n]. */
void ml_platt_sigmoid(const double *f, const signed char *sign, size_t n, double out[2]);
/* A and B of each output of an SVM, by scores of rows that were left out of the fit. */
enum edgel_status ml_platt_fit(const struct ml_problem *p, int outputs, double *sigmoids,
                               struct edgel_error *err);

/* --- descent.c: minimises value(x) + sum_j l1[j] |x[j]| --- */
struct ml_objective {
    size_t n;
    double (*value)(void *user, const double *x, double *gradient);
    void *user;
    const double *l1; /* [n], or NULL */
    double tolerance; /* the largest component of the gradient at the end */
    int iterations;
};
enum edgel_status ml_descend(const struct ml_objective *o, double *x, struct edgel_fit *fit,
                             struct edgel_error *err);

/* --- fourier.c --- */
enum edgel_status ml_fourier_init(struct ml_fourier *f, int features, int count, double gamma, uint64_t seed,
                                  struct edgel_error *err);
void ml_fourier_finish(struct ml_fourier *f);
/* z[count] of one row of features; u[features] is scratch. */
void ml_fourier_row(const struct ml_fourier *f, const struct ml_dsp *dsp, int features, const float *x,
                    float *u, float *z);

/* --- learner_rows.c: the copy of the rows --- */
enum edgel_status ml_problem_init(struct ml_problem *p, const struct edgel_learner_params *params,
                                  struct edgel_learner_rows rows, const double *y, const float *weights,
                                  struct ml_fourier *fourier, struct edgel_pool *pool,
                                  struct edgel_error *err);
void ml_problem_finish(struct ml_problem *p);
/* EDGEL_EINVAL: no rows, or features or stride out of range. */
enum edgel_status ml_rows_check(struct edgel_learner_rows rows, struct edgel_error *err);

#endif
