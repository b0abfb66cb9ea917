/* Linear models: weights that scikit-learn found (tests/golden/sklearn_learners.txt; what its records mean is said in
 * scripts/makers/make_sklearn_learners.py, which made it), the conditions that a minimum fulfils, kernels against plain
 * loops, threads and levels, failing memory, refusals. */
#include "ml/ml_priv.h"
#include "random.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t rng_state = 170;

static double uniform(void)
{
    return (double)random_bits(&rng_state) * 0x1p-64;
}

/* --- scikit-learn's weights --- */

enum { ROWS_MAX = 64, FEATURES_MAX = 16, OUTPUTS_MAX = 3 };

static FILE *goldens;
static char line[16384];

static bool next_line(void)
{
    do
        if (!fgets(line, sizeof line, goldens))
            return false;
    while (line[0] == '#');
    return true;
}

static void read_numbers(double *to, size_t n)
{
    assert_true(next_line());
    char *at = line;
    for (size_t i = 0; i < n; i++)
        to[i] = strtod(at, &at);
    assert_true(*at == '\n');
}

static void weights_are_those_of_scikit_learn(void **unused)
{
    (void)unused;
    char path[1024], kind[32];
    float x[ROWS_MAX * FEATURES_MAX], weights[ROWS_MAX];
    double y[ROWS_MAX], given[ROWS_MAX], w[OUTPUTS_MAX * FEATURES_MAX], b[OUTPUTS_MAX];
    int n = 0, d = 0, fits = 0;
    (void)snprintf(path, sizeof path, "%s/tests/golden/sklearn_learners.txt", getenv("EDGEL_SOURCE"));
    goldens = fopen(path, "r");
    assert_non_null(goldens);
    while (next_line()) {
        struct edgel_learner_params p;
        enum edgel_learner_kind which;
        int classes, squared;
        double l2, l1;
        if (sscanf(line, "rows %d %d", &n, &d) == 2) {
            assert_true(n <= ROWS_MAX && d <= FEATURES_MAX);
            for (int i = 0; i < n; i++) {
                read_numbers(given, (size_t)d);
                for (int j = 0; j < d; j++)
                    x[i * d + j] = (float)given[j];
            }
            continue;
        }
        assert_int_equal(sscanf(line, "fit %31s %d %lf %lf %d", kind, &classes, &l2, &l1, &squared), 5);
        assert_int_equal(edgel_learner_find(kind, &which, NULL), EDGEL_OK);
        edgel_learner_params_init(&p, which);
        p.classes = classes;
        p.l2 = l2;
        p.l1 = l1;
        p.squared = squared;
        p.standardise = false;
        p.tolerance = which == EDGEL_LEARNER_SVM ? 1e-7 : 1e-12;
        p.iterations = 200000;
        read_numbers(y, (size_t)n);
        assert_true(next_line());
        const bool weighted = line[0] != '-';
        char *at = line;
        for (int i = 0; weighted && i < n; i++)
            weights[i] = strtof(at, &at);
        const int outputs = classes > 2 ? classes : 1;
        read_numbers(w, (size_t)(outputs * d));
        read_numbers(b, (size_t)outputs);
        struct edgel_learner *l;
        struct edgel_fit fit;
        struct edgel_learner_info info;
        const struct edgel_learner_rows rows = { .x = x, .n = (size_t)n, .features = d, .stride = (size_t)d };
        assert_int_equal(edgel_learner_fit(&p, rows, y, weighted ? weights : NULL, NULL, &l, &fit, NULL),
                         EDGEL_OK);
        assert_true(fit.end != EDGEL_FIT_ITERATIONS);
        edgel_learner_describe(l, &info);
        double largest = 0, away = 0;
        for (int k = 0; k < outputs * d; k++) {
            largest = fmax(largest, fabs(w[k]));
            away = fmax(away, fabs(info.weights[k] - w[k]));
        }
        for (int k = 0; k < outputs; k++)
            away = fmax(away, fabs(info.bias[k] - b[k]));
        if (away > 1e-5 * largest)
            fail_msg("%s, %d classes, l2 %g, l1 %g: a weight is off by %g of the largest", kind, classes, l2,
                     l1, away / largest);
        if (which == EDGEL_LEARNER_SVM)
            assert_true(fit.gap >= 0 && fit.gap <= 1e-6 * fit.objective);
        else
            assert_true(isnan(fit.gap));
        edgel_learner_destroy(&l);
        fits++;
    }
    (void)fclose(goldens);
    assert_int_equal(fits, 24);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- kernels --- */

static void kernels_are_plain_loops(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        unsigned flags;
    } levels[] = { { "c", 0 }, { "avx2", EDGEL_CPU_AVX2 }, { "avx512", EDGEL_CPU_AVX2 | EDGEL_CPU_AVX512 } };
    for (size_t level = 0; level < sizeof levels / sizeof *levels; level++) {
        if ((edgel_cpu_flags() & levels[level].flags) != levels[level].flags)
            continue;
        struct ml_dsp dsp;
        ml_dsp_init(&dsp, levels[level].flags);
        for (size_t n = 0; n < 70; n++) {
            double a[72], b[72], lanes[ML_LANES] = { 0 }, lanes_d[ML_LANES] = { 0 };
            float x[72];
            for (size_t j = 0; j < n; j++) {
                a[j] = uniform() - 0.5;
                b[j] = uniform() - 0.5;
                x[j] = (float)(uniform() - 0.5);
                lanes[j % ML_LANES] += a[j] * (double)x[j];
                lanes_d[j % ML_LANES] += a[j] * b[j];
            }
            a[n] = b[n] = 7;
            x[n] = 7;
            const double *l = lanes, *m = lanes_d;
            assert_true(dsp.dot(a, x, n) ==
                        ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7])));
            assert_true(dsp.dot_d(a, b, n) ==
                        ((m[0] + m[4]) + (m[2] + m[6])) + ((m[1] + m[5]) + (m[3] + m[7])));
            double y[72], want;
            memcpy(y, b, sizeof y);
            dsp.add(y, 1.25, x, n);
            dsp.add_d(y, -0.75, a, n);
            for (size_t j = 0; j < n; j++) {
                want = b[j] + 1.25 * (double)x[j];
                want += -0.75 * a[j];
                assert_true(y[j] == want);
            }
            assert_true(y[n] == 7);
        }
        for (size_t d = 1; d < 8; d++) {
            static double p[8 * ML_GRAM_ROWS], q[8 * ML_GRAM_ROWS];
            double g[64];
            for (size_t k = 0; k < d * ML_GRAM_ROWS; k++) {
                p[k] = uniform();
                q[k] = uniform();
            }
            for (size_t k = 0; k < 64; k++)
                g[k] = 3;
            dsp.gram(g, p, q, d);
            for (size_t j = 0; j < d; j++)
                for (size_t k = 0; k < d; k++)
                    assert_true(g[j * d + k] == (k > j ? 3
                                                       : 3 + dsp.dot_d(p + j * ML_GRAM_ROWS,
                                                                       q + k * ML_GRAM_ROWS, ML_GRAM_ROWS)));
        }
    }
}

/* --- what holds for any rows --- */

struct set {
    float x[700 * 20];
    double y[700];
    struct edgel_learner_rows rows;
};

/* Rows of two or three overlapping classes; classes 0: a noisy sum. */
static void make_set(struct set *s, size_t n, int d, int classes)
{
    s->rows = (struct edgel_learner_rows){ .x = s->x, .n = n, .features = d, .stride = (size_t)d + 1 };
    for (size_t i = 0; i < n; i++) {
        double f = 0;
        s->y[i] = classes > 0 ? (double)random_below(&rng_state, (uint32_t)classes) : 0;
        for (int j = 0; j < d; j++) {
            const double v = uniform() + uniform() + 0.4 * s->y[i] * (j % 3 - 1) + j;
            s->x[i * s->rows.stride + (size_t)j] = (float)v;
            f += v * (j - 3);
        }
        if (classes == 0)
            s->y[i] = f + uniform();
    }
}

static void bits_do_not_depend_on_threads(void **unused)
{
    (void)unused;
    static struct set s;
    for (int kind = 0; kind < EDGEL_LEARNERS; kind++)
        for (int classes = 2; classes <= 3; classes++) {
            double first[3 * 40], scores[700 * 3], again[700 * 3];
            struct edgel_learner_params p;
            edgel_learner_params_init(&p, (enum edgel_learner_kind)kind);
            p.classes = kind == EDGEL_LEARNER_LINEAR ? 0 : classes;
            p.fourier = kind == EDGEL_LEARNER_LINEAR ? 0 : 40;
            p.gamma = 0.1;
            p.probability = kind != EDGEL_LEARNER_LINEAR;
            make_set(&s, 700, 20 - classes, p.classes);
            for (int threads = 1; threads <= 7; threads += 3) {
                struct edgel_pool *pool;
                struct edgel_learner *l;
                struct edgel_learner_info info;
                assert_int_equal(edgel_pool_create(threads, &pool, NULL), EDGEL_OK);
                assert_int_equal(edgel_learner_fit(&p, s.rows, s.y, NULL, pool, &l, NULL, NULL), EDGEL_OK);
                edgel_learner_describe(l, &info);
                const size_t size = (size_t)(info.outputs * info.inputs) * sizeof *first;
                assert_int_equal(info.inputs, p.fourier > 0 ? 40 : s.rows.features);
                assert_int_equal(
                    edgel_learner_apply(l, s.rows, pool, threads == 1 ? scores : again, NULL, NULL),
                    EDGEL_OK);
                if (threads == 1)
                    memcpy(first, info.weights, size);
                else
                    assert_memory_equal(scores, again, 700 * (size_t)info.outputs * sizeof *scores);
                assert_memory_equal(first, info.weights, size);
                edgel_learner_destroy(&l);
                edgel_pool_destroy(&pool);
            }
        }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* The weights that are returned are for the rows as they came, and a row of weight 2 is two rows. */
static void scaling_and_weights_mean_what_they_say(void **unused)
{
    (void)unused;
    static struct set s, twice;
    for (int kind = 0; kind < EDGEL_LEARNERS; kind++) {
        struct edgel_learner_params p;
        float weights[700];
        struct edgel_learner *l, *m;
        struct edgel_learner_info a, b;
        edgel_learner_params_init(&p, (enum edgel_learner_kind)kind);
        p.tolerance = kind == EDGEL_LEARNER_SVM ? 1e-6 : 1e-11;
        p.iterations = 100000;
        make_set(&s, 200, 6, p.classes);
        twice = s;
        twice.rows.x = twice.x;
        for (size_t i = 0; i < 200; i++)
            weights[i] = i < 50 ? 2 : 1;
        for (size_t i = 0; i < 50; i++) {
            memcpy(twice.x + (200 + i) * s.rows.stride, s.x + i * s.rows.stride, 6 * sizeof(float));
            twice.y[200 + i] = s.y[i];
        }
        twice.rows.n = 250;
        p.standardise = false;
        assert_int_equal(edgel_learner_fit(&p, s.rows, s.y, weights, NULL, &l, NULL, NULL), EDGEL_OK);
        assert_int_equal(edgel_learner_fit(&p, twice.rows, twice.y, NULL, NULL, &m, NULL, NULL), EDGEL_OK);
        edgel_learner_describe(l, &a);
        edgel_learner_describe(m, &b);
        for (int j = 0; j < 6; j++)
            assert_true(fabs(a.weights[j] - b.weights[j]) < 1e-4 * (1 + fabs(b.weights[j])));
        edgel_learner_destroy(&l);
        edgel_learner_destroy(&m);

        /* Standardising by hand and by the parameter. */
        double mean[6] = { 0 }, square[6] = { 0 }, f[200], g[200];
        for (size_t i = 0; i < 200; i++)
            for (size_t j = 0; j < 6; j++)
                mean[j] += s.x[i * 7 + j] / 200.0;
        for (size_t i = 0; i < 200; i++)
            for (size_t j = 0; j < 6; j++)
                square[j] += (s.x[i * 7 + j] - mean[j]) * (s.x[i * 7 + j] - mean[j]) / 200.0;
        for (size_t i = 0; i < 200; i++)
            for (size_t j = 0; j < 6; j++)
                twice.x[i * 7 + j] = (float)((s.x[i * 7 + j] - mean[j]) / sqrt(square[j]));
        twice.rows.n = 200;
        assert_int_equal(edgel_learner_fit(&p, twice.rows, s.y, NULL, NULL, &m, NULL, NULL), EDGEL_OK);
        p.standardise = true;
        assert_int_equal(edgel_learner_fit(&p, s.rows, s.y, NULL, NULL, &l, NULL, NULL), EDGEL_OK);
        assert_int_equal(edgel_learner_apply(l, s.rows, NULL, f, NULL, NULL), EDGEL_OK);
        assert_int_equal(edgel_learner_apply(m, twice.rows, NULL, g, NULL, NULL), EDGEL_OK);
        for (int i = 0; i < 200; i++)
            assert_true(fabs(f[i] - g[i]) < 1e-4 * (1 + fabs(g[i])));
        edgel_learner_destroy(&l);
        edgel_learner_destroy(&m);
    }
}

/* Columns that others span: the fit is as good, and nothing is infinite. */
static void dependent_columns_get_no_weight(void **unused)
{
    (void)unused;
    static struct set s;
    struct edgel_learner_params p;
    struct edgel_learner *l;
    struct edgel_learner_info info;
    struct edgel_fit fit, plain;
    edgel_learner_params_init(&p, EDGEL_LEARNER_LINEAR);
    p.standardise = false;
    make_set(&s, 300, 8, 0);
    for (size_t i = 0; i < 300; i++) {
        s.x[i * 9 + 2] = 5;                                   /* the bias has it */
        s.x[i * 9 + 6] = 2 * s.x[i * 9] - 4 * s.x[i * 9 + 1]; /* exact in float but for rounding */
    }
    s.rows.features = 6;
    assert_int_equal(edgel_learner_fit(&p, s.rows, s.y, NULL, NULL, &l, &plain, NULL), EDGEL_OK);
    edgel_learner_describe(l, &info);
    assert_true(plain.orthogonal && info.weights[2] == 0);
    edgel_learner_destroy(&l);
    s.rows.features = 7;
    assert_int_equal(edgel_learner_fit(&p, s.rows, s.y, NULL, NULL, &l, &fit, NULL), EDGEL_OK);
    edgel_learner_describe(l, &info);
    assert_true(fit.orthogonal && fit.objective <= plain.objective * (1 + 1e-9));
    for (int j = 0; j < 7; j++)
        assert_true(isfinite(info.weights[j]));
    edgel_learner_destroy(&l);
}

/* The best A and B are where the derivatives of the likelihood are 0: a step to any side makes it worse. */
static double platt_loss(const double *f, const signed char *sign, int n, double a, double b)
{
    double positive = 0, loss = 0;
    for (int i = 0; i < n; i++)
        positive += sign[i] > 0;
    for (int i = 0; i < n; i++) {
        const double t = sign[i] > 0 ? (positive + 1) / (positive + 2) : 1 / (n - positive + 2);
        const double p = 1 / (1 + exp(a * f[i] + b));
        loss -= t * log(p) + (1 - t) * log(1 - p);
    }
    return loss;
}

static void probabilities_are_the_likeliest(void **unused)
{
    (void)unused;
    double f[80], ab[2];
    signed char sign[80];
    for (int i = 0; i < 80; i++) {
        sign[i] = random_below(&rng_state, 3) ? 1 : -1;
        f[i] = sign[i] + 3 * (uniform() - 0.5);
    }
    ml_platt_sigmoid(f, sign, 80, ab);
    const double best = platt_loss(f, sign, 80, ab[0], ab[1]);
    for (int k = 0; k < 8; k++)
        assert_true(platt_loss(f, sign, 80, ab[0] + 1e-3 * (k % 3 - 1), ab[1] + 1e-3 * (k / 3 - 1)) >=
                    best - 1e-9);
    assert_true(ab[0] < 0); /* the higher the score, the likelier the class */

    static struct set s;
    for (int kind = EDGEL_LEARNER_LOGISTIC; kind <= EDGEL_LEARNER_SVM; kind++)
        for (int classes = 2; classes <= 3; classes++) {
            struct edgel_learner_params p;
            struct edgel_learner *l;
            double probabilities[300 * 3], scores[300 * 3];
            int right = 0;
            edgel_learner_params_init(&p, (enum edgel_learner_kind)kind);
            p.classes = classes;
            p.probability = true;
            make_set(&s, 300, 9, classes);
            assert_int_equal(edgel_learner_fit(&p, s.rows, s.y, NULL, NULL, &l, NULL, NULL), EDGEL_OK);
            assert_int_equal(edgel_learner_apply(l, s.rows, NULL, scores, probabilities, NULL), EDGEL_OK);
            for (int i = 0; i < 300; i++) {
                const double *q = probabilities + i * classes;
                double sum = 0;
                int best_class = 0;
                for (int k = 0; k < classes; k++) {
                    assert_true(q[k] >= 0 && q[k] <= 1);
                    sum += q[k];
                    best_class = q[k] > q[best_class] ? k : best_class;
                }
                assert_true(fabs(sum - 1) < 1e-12);
                right += best_class == (int)s.y[i];
                if (classes == 2 && kind == EDGEL_LEARNER_LOGISTIC)
                    assert_true(fabs(q[1] - 1 / (1 + exp(-scores[i]))) < 1e-12);
            }
            assert_true(right > 300 * 7 / 10);
            edgel_learner_destroy(&l);
        }
}

/* z(u) z(v) is near the kernel. */
static void fourier_features_stand_for_the_kernel(void **unused)
{
    (void)unused;
    struct ml_fourier f;
    struct ml_dsp dsp;
    float u[5], v[5], scratch[5];
    static float zu[20000], zv[20000];
    double worst = 0;
    ml_dsp_init(&dsp, 0);
    assert_int_equal(ml_fourier_init(&f, 5, 20000, 0.3, 9, NULL), EDGEL_OK);
    for (int k = 0; k < 30; k++) {
        double distance = 0, product = 0;
        for (int j = 0; j < 5; j++) {
            u[j] = (float)(uniform() * 2);
            v[j] = (float)(uniform() * 2);
            distance += (u[j] - v[j]) * (double)(u[j] - v[j]);
        }
        ml_fourier_row(&f, &dsp, 5, u, scratch, zu);
        ml_fourier_row(&f, &dsp, 5, v, scratch, zv);
        for (int i = 0; i < 20000; i++)
            product += zu[i] * (double)zv[i];
        worst = fmax(worst, fabs(product - exp(-0.3 * distance)));
    }
    assert_true(worst < 4 / sqrt(20000)); /* four deviations */
    ml_fourier_finish(&f);
}

static void failing_memory_is_a_status(void **unused)
{
    (void)unused;
    static struct set s;
    for (int kind = 0; kind < EDGEL_LEARNERS; kind++) {
        struct edgel_learner_params p;
        struct edgel_learner *l = NULL;
        double scores[60];
        edgel_learner_params_init(&p, (enum edgel_learner_kind)kind);
        p.fourier = 8;
        p.probability = kind != EDGEL_LEARNER_LINEAR;
        make_set(&s, 60, 5, p.classes);
        enum edgel_status status = EDGEL_ENOMEM;
        for (long n = 0; status != EDGEL_OK; n++) {
            struct edgel_error err = { 0 };
            assert_true(n < 500);
            edgel_alloc_fail_after(n);
            status = edgel_learner_fit(&p, s.rows, s.y, NULL, NULL, &l, NULL, &err);
            edgel_alloc_fail_after(-1);
            if (status != EDGEL_OK) {
                assert_int_equal(status, EDGEL_ENOMEM);
                assert_true(l == NULL && err.msg[0]);
                assert_int_equal(edgel_alloc_live(), 0);
            }
        }
        for (long n = 0; n < 2; n++) {
            edgel_alloc_fail_after(n);
            assert_int_equal(edgel_learner_apply(l, s.rows, NULL, scores, NULL, NULL), EDGEL_ENOMEM);
            edgel_alloc_fail_after(-1);
        }
        edgel_learner_destroy(&l);
        assert_int_equal(edgel_alloc_live(), 0);
    }
}

static void refuse(struct edgel_learner_params p, struct set *s, const char *text)
{
    struct edgel_learner *l;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_learner_fit(&p, s->rows, s->y, NULL, NULL, &l, NULL, &err), EDGEL_EINVAL);
    assert_null(l);
    if (!strstr(err.msg, text))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, text);
}

static void what_is_wrong_is_refused(void **unused)
{
    (void)unused;
    static struct set s;
    struct edgel_learner_params logistic, linear, svm, p;
    enum edgel_learner_kind kind;
    struct edgel_error err = { 0 };
    make_set(&s, 50, 4, 2);
    edgel_learner_params_init(&logistic, EDGEL_LEARNER_LOGISTIC);
    edgel_learner_params_init(&linear, EDGEL_LEARNER_LINEAR);
    edgel_learner_params_init(&svm, EDGEL_LEARNER_SVM);
#define REFUSE(base, change, text) (p = (base), p.change, refuse(p, &s, text))
    REFUSE(logistic, classes = 1, "1 classes: must be 2..1024");
    REFUSE(linear, classes = 2, "classes must be 0");
    REFUSE(logistic, l2 = -1, "l2 -1: must be finite and not below 0");
    REFUSE(svm, l2 = 0, "l2 0: must be finite and above 0");
    REFUSE(svm, l1 = 1, "this learner has none");
    REFUSE(logistic, l1 = NAN, "l1 nan: must be finite");
    REFUSE(linear, probability = true, "linear: has no probabilities");
    REFUSE(svm, folds = 1, "1 folds: must be 2..20");
    REFUSE(svm, fourier = -1, "-1 Fourier features");
    REFUSE(svm, gamma = 0, "gamma 0: must");
    REFUSE(svm, tolerance = 0, "tolerance 0: must");
    REFUSE(svm, iterations = 0, "0 iterations: must");
    REFUSE(svm, kind = EDGEL_LEARNERS, "there is none");
    REFUSE(logistic, classes = 3, "class 2 of 3 has no row");
    s.x[2 * 5 + 3] = NAN;
    refuse(logistic, &s, "row 2, feature 3: must be finite");
    s.x[2 * 5 + 3] = 1;
    s.y[7] = 2;
    refuse(logistic, &s, "row 7: its class must be one of 0..1");
    s.y[7] = 1;
    s.rows.stride = 3;
    refuse(logistic, &s, "3 floats apart");
    s.rows.stride = 5;
    s.rows.n = 0;
    refuse(logistic, &s, "at least one");
    assert_int_equal(edgel_learner_find("logistik", &kind, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "did you mean logistic?"));
    for (int k = 0; k < EDGEL_LEARNERS; k++) { /* a row without a part */
        const char *name = edgel_learner_name((enum edgel_learner_kind)k);
        assert_true(name && edgel_learner_summary((enum edgel_learner_kind)k));
        assert_int_equal(edgel_learner_find(name, &kind, NULL), EDGEL_OK);
        assert_int_equal((int)kind, k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_those_of_scikit_learn),
        cmocka_unit_test(kernels_are_plain_loops),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(scaling_and_weights_mean_what_they_say),
        cmocka_unit_test(dependent_columns_get_no_weight),
        cmocka_unit_test(probabilities_are_the_likeliest),
        cmocka_unit_test(fourier_features_stand_for_the_kernel),
        cmocka_unit_test(failing_memory_is_a_status),
        cmocka_unit_test(what_is_wrong_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
