/* edgel/ml.h: learners that are trained in seconds: linear regression, logistic regression, support vector machines. */
#ifndef EDGEL_ML_H
#define EDGEL_ML_H

#include "edgel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- rows to learn from --- */

/* n rows of features, which somebody else owns: row i starts at x + i * stride. */
struct edgel_learner_rows {
    const float *x;
    size_t n;
    int features;  /* 1..EDGEL_LEARNER_FEATURES_MAX */
    size_t stride; /* floats from row to row, at least features */
};
enum { EDGEL_LEARNER_FEATURES_MAX = 65536, EDGEL_LEARNER_CLASSES_MAX = 1024 };

/* --- what learns --- */

/*
 * Every learner minimises
 *
 *     sum_i s_i loss(y_i, f(x_i)) + l2 / 2 |w|^2 + l1 |w|_1,     f(x) = w x + b
 *
 * s_i is the weight of the row times that of its class. b is not penalised, except by SVM, where it is the weight of a
 * feature that is 1 everywhere, as in liblinear. scikit-learn's C is 1 / l2; its Ridge has alpha = l2.
 *
 * LINEAR    loss (y - f)^2 / 2. Without l1 in closed form: Cholesky of the centred normal equations, or QR of the rows
 *           when these are ill-conditioned; with l1 by coordinate descent.
 * LOGISTIC  two classes: loss log(1 + exp(-y f)), y = -1, 1. More: one f of each class, loss -log softmax(f)_y.
 *           L-BFGS; with l1 its orthant-wise form (Andrew and Gao 2007).
 * SVM       loss max(0, 1 - y f), or its square; more than two classes: each against the rest. Dual coordinate descent
 *           with shrinking (Hsieh et al. 2008). It has no l1.
 */
enum edgel_learner_kind { EDGEL_LEARNER_LINEAR, EDGEL_LEARNER_LOGISTIC, EDGEL_LEARNER_SVM, EDGEL_LEARNERS };

/* "linear", "logistic", "svm"; NULL for other values. A static string. */
EDGEL_API const char *edgel_learner_name(enum edgel_learner_kind kind);
/* One sentence: what it is and when to use it. NULL for other values. */
EDGEL_API const char *edgel_learner_summary(enum edgel_learner_kind kind);
/* EDGEL_OK, or EDGEL_EINVAL: there is no such learner; the text names the nearest. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_learner_find(const char *name, enum edgel_learner_kind *out,
                                                               struct edgel_error *err);

struct edgel_learner_params {
    enum edgel_learner_kind kind;
    int classes; /* 0: y is a real number (LINEAR alone); else y is a class number, 0..classes-1, at least 2 */
    double l2, l1; /* >= 0; SVM: l2 > 0 */
    bool squared;  /* SVM: the squared hinge */
    bool
        standardise; /* learn on (x - mean) / deviation of each feature; the weights returned are those for x */
    bool probability; /* SVM: fit probabilities to the scores, by Platt's method over `folds` folds */
    int folds;        /* 2..20 */
    int fourier;      /* > 0: learn on so many random Fourier features of x in place of x, at most 65536 */
    double gamma;     /* of the kernel exp(-gamma |x - x'|^2) that they stand for, > 0 */
    const double *class_weights; /* [classes], >= 0, or NULL: 1 each */
    bool balanced;               /* class weight n / (classes n_c), times class_weights */
    double tolerance;            /* > 0; see enum edgel_fit_end */
    int iterations;              /* >= 1 */
    uint64_t seed;               /* of the order of rows (SVM), the folds and the Fourier features */
};
/* Of a kind: l2 1 (LINEAR: 0), l1 0, hinge, standardised, no probabilities, 5 folds, no Fourier features, gamma 1, no
 * class weights, tolerance 1e-6 (SVM: 1e-3), at most 1000 iterations, seed 0, classes 2 (LINEAR: 0). */
EDGEL_API void edgel_learner_params_init(struct edgel_learner_params *params, enum edgel_learner_kind kind);

/* Why a fit ended. */
enum edgel_fit_end {
    EDGEL_FIT_CLOSED, /* solved in closed form */
    /* LOGISTIC: no component of the gradient exceeds tolerance sum_i s_i; LINEAR with l1: no weight moves by more than
     * tolerance times the largest; SVM: projected gradients differ by at most tolerance. */
    EDGEL_FIT_TOLERANCE,
    EDGEL_FIT_ITERATIONS, /* iterations were used up: not converged */
    EDGEL_FIT_PRECISION   /* rounding allows no further descent */
};
/* "closed form", "converged", "iterations used up", "precision reached"; a static string. */
EDGEL_API const char *edgel_fit_end_name(enum edgel_fit_end end);

struct edgel_fit {
    enum edgel_fit_end end;
    int iterations;   /* of the slowest of several problems */
    double objective; /* the sum above, with b where SVM penalises it; of several problems their sum */
    double gap;       /* SVM: objective minus that of the dual problem, >= 0; else NaN */
    bool orthogonal;  /* LINEAR: solved by QR, because the normal equations are ill-conditioned */
};

/* A fitted learner. It is not changed by what predicts with it: several threads may use it at once. */
struct edgel_learner;

/*
 * Fits a learner to rows.
 *
 * y        [n]: finite numbers, or class numbers
 * weights  [n], >= 0 and finite, or NULL: 1 each
 * fit      may be NULL
 * *out     NULL on failure; the caller destroys it
 * Returns EDGEL_OK, also when iterations were used up (fit tells); EDGEL_EINVAL with value and rule: a parameter, a
 * feature that is not finite, a class without a row; EDGEL_ENOMEM. Memory: a copy of the rows, and of the Fourier
 * features if there are any. The same bits for any number of threads and any CPU level.
 * Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, ch. 3 and 4; Nocedal and Wright,
 * Numerical Optimization, ch. 7; Hsieh et al., A dual coordinate descent method for large-scale linear SVM, ICML 2008.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_learner_fit(const struct edgel_learner_params *params,
                                                              struct edgel_learner_rows rows, const double *y,
                                                              const float *weights, struct edgel_pool *pool,
                                                              struct edgel_learner **out,
                                                              struct edgel_fit *fit, struct edgel_error *err);
EDGEL_API void edgel_learner_destroy(struct edgel_learner **learner);

/* What a learner is. Pointers live as long as it does. */
struct edgel_learner_info {
    enum edgel_learner_kind kind;
    int features, classes; /* classes 0: a regression */
    int outputs;           /* scores of a row: 1 for a regression and for two classes, else one a class */
    int inputs;            /* weights of an output: features, or Fourier features */
    bool probability;      /* has probabilities: LOGISTIC, and SVM that was asked for them */
    const double *weights; /* [outputs][inputs] */
    const double *bias;    /* [outputs] */
};
EDGEL_API void edgel_learner_describe(const struct edgel_learner *learner, struct edgel_learner_info *out);

/*
 * Applies a learner to rows.
 *
 * scores         [n][outputs] f(x), or NULL
 * probabilities  [n][classes], which sum to 1, or NULL. Two classes: sigmoid of f (SVM: of A f + B); more: softmax of f
 *                (SVM: sigmoids over their sum)
 * Returns EDGEL_OK; EDGEL_EINVAL: other features than the learner's, or probabilities of one that has none;
 * EDGEL_ENOMEM. A feature that is not finite gives scores that are not. The same bits for any number of threads and any
 * CPU level.
 * Source: Lin, Lin, Weng, A note on Platt's probabilistic outputs for support vector machines, 2007; Rahimi and Recht,
 * Random features for large-scale kernel machines, 2007.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_learner_apply(const struct edgel_learner *learner, struct edgel_learner_rows rows,
                    struct edgel_pool *pool, double *scores, double *probabilities, struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
