/* The table of learners, and the fit: rows are copied, the learner's solver finds weights for the copy, and these are
 * turned into weights for the rows as they came. */
#include "ml/ml_priv.h"
#include <math.h>
#include <string.h>

static const struct learner_row {
    const char *name, *summary;
    double l2, tolerance; /* defaults */
    bool regression;      /* takes real numbers */
    bool lasso;           /* takes l1 */
    bool convex;          /* needs l2 > 0 */
    bool sigmoid;         /* its scores are logits */
    bool platt;           /* may have probabilities by Platt's method */
    ml_solve *solve;
} rows[EDGEL_LEARNERS] = {
    [EDGEL_LEARNER_LINEAR] = { .name = "linear",
                               .summary =
                                   "Linear regression (least squares, ridge, lasso): predicts a number.",
                               .tolerance = 1e-6,
                               .regression = true,
                               .lasso = true,
                               .solve = ml_linear_solve },
    [EDGEL_LEARNER_LOGISTIC] = { .name = "logistic",
                                 .summary = "Logistic regression: probabilities of two classes or more.",
                                 .l2 = 1,
                                 .tolerance = 1e-6,
                                 .lasso = true,
                                 .sigmoid = true,
                                 .solve = ml_logistic_solve },
    [EDGEL_LEARNER_SVM] = { .name = "svm",
                            .summary = "Linear support vector machine: the widest margin between classes.",
                            .l2 = 1,
                            .tolerance = 1e-3,
                            .convex = true,
                            .platt = true,
                            .solve = ml_svm_solve },
};

static const struct learner_row *row_of(enum edgel_learner_kind kind)
{
    return (int)kind >= 0 && (int)kind < EDGEL_LEARNERS ? &rows[kind] : NULL;
}

const char *edgel_learner_name(enum edgel_learner_kind kind)
{
    const struct learner_row *row = row_of(kind);
    return row ? row->name : NULL;
}

const char *edgel_learner_summary(enum edgel_learner_kind kind)
{
    const struct learner_row *row = row_of(kind);
    return row ? row->summary : NULL;
}

enum edgel_status edgel_learner_find(const char *name, enum edgel_learner_kind *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(name);
    EDGEL_REQUIRE(out);
    const char *names[EDGEL_LEARNERS + 1] = { 0 };
    for (int i = 0; i < EDGEL_LEARNERS; i++) {
        names[i] = rows[i].name;
        if (strcmp(rows[i].name, name) == 0) {
            *out = (enum edgel_learner_kind)i;
            return EDGEL_OK;
        }
    }
    const char *nearest = edgel_nearest(name, names);
    return edgel_fail(err, EDGEL_EINVAL, "learner %s: there is none of this name%s%s%s", name,
                      nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

const char *edgel_fit_end_name(enum edgel_fit_end end)
{
    static const char *const names[] = { [EDGEL_FIT_CLOSED] = "closed form",
                                         [EDGEL_FIT_TOLERANCE] = "converged",
                                         [EDGEL_FIT_ITERATIONS] = "iterations used up",
                                         [EDGEL_FIT_PRECISION] = "precision reached" };
    return (int)end >= 0 && (size_t)end < sizeof names / sizeof *names ? names[end] : NULL;
}

void edgel_learner_params_init(struct edgel_learner_params *params, enum edgel_learner_kind kind)
{
    const struct learner_row *row = row_of(kind);
    *params = (struct edgel_learner_params){ .kind = kind,
                                             .classes = row && row->regression ? 0 : 2,
                                             .l2 = row ? row->l2 : 0,
                                             .standardise = true,
                                             .folds = 5,
                                             .gamma = 1,
                                             .tolerance = row ? row->tolerance : 0,
                                             .iterations = 1000 };
}

static enum edgel_status check_params(const struct edgel_learner_params *p, struct edgel_error *err)
{
    const struct learner_row *row = row_of(p->kind);
    if (!row)
        return edgel_fail(err, EDGEL_EINVAL, "learner of kind %d: there is none", (int)p->kind);
    if (row->regression && p->classes != 0)
        return edgel_fail(err, EDGEL_EINVAL, "%s: learns numbers: classes must be 0", row->name);
    if (!row->regression && !(p->classes >= 2 && p->classes <= EDGEL_LEARNER_CLASSES_MAX))
        return edgel_fail(err, EDGEL_EINVAL, "%s: %d classes: must be 2..%d", row->name, p->classes,
                          (int)EDGEL_LEARNER_CLASSES_MAX);
    if (!(p->l2 >= (row->convex ? 1e-300 : 0) && p->l2 < INFINITY))
        return edgel_fail(err, EDGEL_EINVAL, "%s: l2 %g: must be finite and %s 0", row->name, p->l2,
                          row->convex ? "above" : "not below");
    if (!(p->l1 >= 0 && p->l1 < INFINITY) || (p->l1 > 0 && !row->lasso))
        return edgel_fail(err, EDGEL_EINVAL, "%s: l1 %g: must be %s", row->name, p->l1,
                          row->lasso ? "finite and not below 0" : "0: this learner has none");
    if (p->probability && !row->platt && !row->sigmoid)
        return edgel_fail(err, EDGEL_EINVAL, "%s: has no probabilities", row->name);
    if (p->folds < 2 || p->folds > 20)
        return edgel_fail(err, EDGEL_EINVAL, "%d folds: must be 2..20", p->folds);
    if (p->fourier < 0 || p->fourier > EDGEL_LEARNER_FEATURES_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "%d Fourier features: must be 0..%d", p->fourier,
                          (int)EDGEL_LEARNER_FEATURES_MAX);
    if (!(p->gamma > 0 && p->gamma < INFINITY))
        return edgel_fail(err, EDGEL_EINVAL, "gamma %g: must be finite and above 0", p->gamma);
    if (!(p->tolerance > 0 && p->tolerance < INFINITY))
        return edgel_fail(err, EDGEL_EINVAL, "tolerance %g: must be finite and above 0", p->tolerance);
    if (p->iterations < 1)
        return edgel_fail(err, EDGEL_EINVAL, "%d iterations: must be above 0", p->iterations);
    for (int k = 0; p->class_weights && k < p->classes; k++)
        if (!(p->class_weights[k] >= 0 && p->class_weights[k] < INFINITY))
            return edgel_fail(err, EDGEL_EINVAL, "weight %g of class %d: must be finite and not negative",
                              p->class_weights[k], k);
    return EDGEL_OK;
}

static enum edgel_status create(const struct edgel_learner_params *params, int features,
                                struct edgel_learner **out, struct edgel_error *err)
{
    const struct learner_row *row = row_of(params->kind);
    struct edgel_learner *l = edgel_calloc(1, sizeof *l);
    if (!l)
        return edgel_no_memory(err, row->name);
    l->kind = params->kind;
    l->features = features;
    l->classes = params->classes;
    l->outputs = params->classes > 2 ? params->classes : 1;
    l->inputs = params->fourier > 0 ? params->fourier : features;
    l->w = edgel_calloc((size_t)l->outputs * (size_t)l->inputs, sizeof *l->w);
    l->b = edgel_calloc((size_t)l->outputs, sizeof *l->b);
    const bool platt = row->platt && params->probability;
    l->sigmoids = platt ? edgel_calloc((size_t)l->outputs * 2, sizeof *l->sigmoids) : NULL;
    enum edgel_status s = EDGEL_OK;
    if (!l->w || !l->b || (platt && !l->sigmoids))
        s = edgel_no_memory(err, row->name);
    if (s == EDGEL_OK && params->fourier > 0)
        s = ml_fourier_init(&l->fourier, features, params->fourier, params->gamma, params->seed, err);
    if (s != EDGEL_OK)
        edgel_learner_destroy(&l);
    *out = l;
    return s;
}

/* w (x - mean) scale + b = (w scale) x + (b - (w scale) mean) */
static void undo_scaling(struct edgel_learner *l, const struct ml_problem *p)
{
    const size_t d = (size_t)l->inputs;
    for (size_t k = 0; k < (size_t)l->outputs; k++)
        for (size_t j = 0; j < d; j++) {
            l->w[k * d + j] *= p->scale[j];
            l->b[k] -= l->w[k * d + j] * p->mean[j];
        }
}

enum edgel_status edgel_learner_fit(const struct edgel_learner_params *params, struct edgel_learner_rows x,
                                    const double *y, const float *weights, struct edgel_pool *pool,
                                    struct edgel_learner **out, struct edgel_fit *fit,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(y);
    EDGEL_TRY(check_params(params, err));
    EDGEL_TRY(ml_rows_check(x, err));
    struct edgel_learner *l = NULL;
    struct ml_problem p = { 0 };
    struct edgel_fit result = { .gap = NAN };
    EDGEL_TRY(create(params, x.features, &l, err));
    enum edgel_status s =
        ml_problem_init(&p, params, x, y, weights, params->fourier > 0 ? &l->fourier : NULL, pool, err);
    if (s == EDGEL_OK)
        s = row_of(params->kind)->solve(&p, l->w, l->b, &result, err);
    if (s == EDGEL_OK && l->sigmoids)
        s = ml_platt_fit(&p, l->outputs, l->sigmoids, err);
    if (s == EDGEL_OK && params->fourier == 0)
        undo_scaling(l, &p);
    ml_problem_finish(&p);
    if (s != EDGEL_OK) {
        edgel_learner_destroy(&l);
        return s;
    }
    if (fit)
        *fit = result;
    *out = l;
    return EDGEL_OK;
}

void edgel_learner_destroy(struct edgel_learner **learner)
{
    if (!learner || !*learner)
        return;
    struct edgel_learner *l = *learner;
    ml_fourier_finish(&l->fourier);
    edgel_free(l->sigmoids);
    edgel_free(l->b);
    edgel_free(l->w);
    edgel_free(l);
    *learner = NULL;
}

void edgel_learner_describe(const struct edgel_learner *l, struct edgel_learner_info *out)
{
    *out = (struct edgel_learner_info){ .kind = l->kind,
                                        .features = l->features,
                                        .classes = l->classes,
                                        .outputs = l->outputs,
                                        .inputs = l->inputs,
                                        .probability = row_of(l->kind)->sigmoid || l->sigmoids,
                                        .weights = l->w,
                                        .bias = l->b };
}
