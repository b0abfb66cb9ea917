/*
 * Linear regression. The rows are centred, so that the bias follows from the means.
 *
 * Closed form: G = X'SX + l2 I of the centred rows, scaled to a diagonal of ones, by Cholesky: w = G^-1 X'Sy. When a
 * pivot falls below 1e-9 the squares have lost too many digits: then R of sqrt(S) X itself by Householder reflections,
 * 256 rows at a time below the R so far, begun with sqrt(l2) I. A column that the earlier ones span (what is left of it
 * is below 1e-12 of its length) gets the weight 0.
 *
 * With l1: coordinate descent on G, w_j = shrink(c_j - sum_{k != j} G_jk w_k, l1) / G_jj.
 *
 * Sources: Golub and Van Loan, Matrix Computations, 4.2 and 5.2; Friedman, Hastie, Tibshirani, Regularization paths for
 * generalized linear models via coordinate descent, J. Stat. Softw. 33, 2010.
 */
#include "ml/ml_priv.h"
#include <math.h>
#include <string.h>

/* What the rows add up to. */
struct sums {
    const struct ml_problem *p;
    size_t d;
    double y_mean;
    double *means;   /* [d]: weighted, of the copied rows */
    double *gram;    /* [parts][d * d]: lower triangle; the first becomes the whole */
    double *product; /* [parts][d]: X'Sy */
    double *columns; /* [threads][2][d][ML_GRAM_ROWS]: rows of a block, centred, and times their weight */
};

static void add_part(void *user, int thread, size_t part)
{
    struct sums *s = user;
    const struct ml_problem *p = s->p;
    const size_t d = s->d, end = ml_part_begin(p->n, part + 1);
    double *plain = s->columns + (size_t)thread * 2 * d * ML_GRAM_ROWS, *weighted = plain + d * ML_GRAM_ROWS;
    double *gram = s->gram + part * d * d, *product = s->product + part * d;
    for (size_t i = ml_part_begin(p->n, part); i < end; i += ML_GRAM_ROWS) {
        const size_t rows = end - i < ML_GRAM_ROWS ? end - i : ML_GRAM_ROWS;
        double target[ML_GRAM_ROWS] = { 0 };
        if (rows < ML_GRAM_ROWS)
            memset(plain, 0, 2 * d * ML_GRAM_ROWS * sizeof *plain);
        for (size_t r = 0; r < rows; r++) {
            const float *row = ml_row(p, i + r);
            target[r] = p->y[i + r] - s->y_mean;
            for (size_t j = 0; j < d; j++) {
                const double x = row[j] - s->means[j];
                plain[j * ML_GRAM_ROWS + r] = x;
                weighted[j * ML_GRAM_ROWS + r] = p->weights[i + r] * x;
            }
        }
        p->dsp.gram(gram, weighted, plain, d);
        for (size_t j = 0; j < d; j++)
            product[j] += p->dsp.dot_d(weighted + j * ML_GRAM_ROWS, target, ML_GRAM_ROWS);
    }
}

/* Weighted sums of the features and of y; `product` has room for the sums of each part. */
static void add_means(void *user, int thread, size_t part)
{
    (void)thread;
    struct sums *s = user;
    const struct ml_problem *p = s->p;
    double *sums = s->product + part * s->d;
    for (size_t i = ml_part_begin(p->n, part); i < ml_part_begin(p->n, part + 1); i++)
        p->dsp.add(sums, p->weights[i], ml_row(p, i), s->d);
}

static void find_means(struct sums *s)
{
    const struct ml_problem *p = s->p;
    const size_t parts = ml_parts(p->n);
    edgel_pool_run(p->pool, parts, add_means, s);
    for (size_t part = 0; part < parts; part++)
        p->dsp.add_d(s->means, 1 / p->total, s->product + part * s->d, s->d);
    memset(s->product, 0, parts * s->d * sizeof *s->product);
    for (size_t i = 0; i < p->n; i++)
        s->y_mean += p->weights[i] * p->y[i];
    s->y_mean /= p->total;
}

/* w = G^-1 product; false when G is too ill-conditioned. factor[d * d] is scratch. */
static bool cholesky(const struct sums *s, double *factor, double *w)
{
    const size_t d = s->d;
    const double l2 = s->p->params->l2;
    for (size_t j = 0; j < d; j++)
        if (!(s->gram[j * d + j] + l2 > 0))
            return false;
    for (size_t j = 0; j < d; j++) {
        const double scale_j = 1 / sqrt(s->gram[j * d + j] + l2);
        double *row = factor + j * d;
        for (size_t k = 0; k <= j; k++) {
            const double scale_k = 1 / sqrt(s->gram[k * d + k] + l2);
            const double g = k == j ? 1 : s->gram[j * d + k] * scale_j * scale_k;
            const double left = g - s->p->dsp.dot_d(row, factor + k * d, k);
            if (k < j)
                row[k] = left / factor[k * d + k];
            else if (left > 1e-9)
                row[j] = sqrt(left);
            else
                return false;
        }
        w[j] = (s->product[j] * scale_j - s->p->dsp.dot_d(row, w, j)) / row[j];
    }
    for (size_t j = d; j-- > 0;) {
        w[j] /= factor[j * d + j];
        s->p->dsp.add_d(w, -w[j], factor + j * d, j);
    }
    for (size_t j = 0; j < d; j++)
        w[j] /= sqrt(s->gram[j * d + j] + l2);
    return true;
}

/* Reflects the columns a[d + 1][rows] to a triangle; the last of them is y. With pivot, a column that the earlier ones
 * span takes no row of the triangle: pivot[j] is the row of column j, or SIZE_MAX. */
static void reflect(const struct ml_dsp *dsp, double *a, size_t rows, size_t d, size_t *pivot)
{
    size_t top = 0;
    for (size_t j = 0; j < d; j++) {
        double *c = a + j * rows;
        const double all = sqrt(dsp->dot_d(c, c, rows)),
                     left = sqrt(dsp->dot_d(c + top, c + top, rows - top));
        if (pivot && !(left > 1e-12 * all)) {
            pivot[j] = SIZE_MAX;
            continue;
        }
        if (left > 0) {
            const double r = c[top] > 0 ? -left : left, v0 = c[top] - r,
                         scale = 1 / (left * left - c[top] * r);
            c[top] = v0; /* the column holds the vector of the reflection until it is done */
            for (size_t k = j + 1; k <= d; k++) {
                double *other = a + k * rows;
                dsp->add_d(other + top, -scale * dsp->dot_d(c + top, other + top, rows - top), c + top,
                           rows - top);
            }
            c[top] = r;
            memset(c + top + 1, 0, (rows - top - 1) * sizeof *c);
        }
        if (pivot)
            pivot[j] = top;
        top++;
    }
}

static enum edgel_status solve_orthogonal(const struct sums *s, double *w, struct edgel_error *err)
{
    const struct ml_problem *p = s->p;
    const size_t d = s->d, rows = d + 1 + ML_GRAM_ROWS;
    double *a = edgel_calloc((d + 1) * rows, sizeof *a), *r = edgel_alloc((d + 1) * (d + 1), sizeof *r);
    size_t *pivot = edgel_alloc(d, sizeof *pivot);
    enum edgel_status status = EDGEL_OK;
    if (!a || !r || !pivot) {
        status = edgel_no_memory(err, "linear regression");
        goto out;
    }
    for (size_t j = 0; j < d; j++)
        a[j * rows + j] = sqrt(p->params->l2);
    for (size_t i = 0; i < p->n; i += ML_GRAM_ROWS) {
        for (size_t q = 0; q < ML_GRAM_ROWS; q++) {
            const bool there = i + q < p->n;
            const double root = there ? sqrt(p->weights[i + q]) : 0;
            const float *row = there ? ml_row(p, i + q) : NULL;
            for (size_t j = 0; j < d; j++)
                a[j * rows + d + 1 + q] = there ? root * (row[j] - s->means[j]) : 0;
            a[d * rows + d + 1 + q] = there ? root * (p->y[i + q] - s->y_mean) : 0;
        }
        reflect(&p->dsp, a, rows, d, NULL);
        for (size_t q = d; q < rows; q++) /* what the columns leave of y is not needed */
            a[d * rows + q] = 0;
    }
    for (size_t j = 0; j <= d; j++)
        memcpy(r + j * (d + 1), a + j * rows, (d + 1) * sizeof *r);
    reflect(&p->dsp, r, d + 1, d, pivot);
    for (size_t j = d; j-- > 0;) {
        w[j] = 0;
        if (pivot[j] == SIZE_MAX)
            continue;
        w[j] = r[d * (d + 1) + pivot[j]] / r[j * (d + 1) + pivot[j]];
        p->dsp.add_d(r + d * (d + 1), -w[j], r + j * (d + 1), pivot[j]);
    }
out:
    edgel_free(pivot);
    edgel_free(r);
    edgel_free(a);
    return status;
}

static void solve_coordinates(const struct sums *s, double *w, struct edgel_fit *fit)
{
    const struct edgel_learner_params *params = s->p->params;
    const size_t d = s->d;
    double *left = s->product; /* c - G w */
    memset(w, 0, d * sizeof *w);
    fit->end = EDGEL_FIT_ITERATIONS;
    for (fit->iterations = 0; fit->iterations < params->iterations; fit->iterations++) {
        double moved = 0, largest = 0;
        for (size_t j = 0; j < d; j++) {
            const double g = s->gram[j * d + j], old = w[j], c = left[j] + g * old;
            const double shrunk = c > params->l1 ? c - params->l1 : c < -params->l1 ? c + params->l1 : 0;
            w[j] = g + params->l2 > 0 ? shrunk / (g + params->l2) : 0;
            const double step = w[j] - old;
            if (step != 0) {
                s->p->dsp.add_d(left, -step, s->gram + j * d, j + 1);
                for (size_t k = j + 1; k < d; k++)
                    left[k] -= step * s->gram[k * d + j];
            }
            moved = fabs(step) > moved ? fabs(step) : moved;
            largest = fabs(w[j]) > largest ? fabs(w[j]) : largest;
        }
        if (moved <= params->tolerance * largest) {
            fit->end = EDGEL_FIT_TOLERANCE;
            break;
        }
    }
}

/* The loss of the rows of each part. */
struct losses {
    const struct ml_problem *p;
    const double *w;
    double b, loss[ML_PARTS];
};

static void add_loss(void *user, int thread, size_t part)
{
    (void)thread;
    struct losses *l = user;
    const struct ml_problem *p = l->p;
    for (size_t i = ml_part_begin(p->n, part); i < ml_part_begin(p->n, part + 1); i++) {
        const double miss = p->dsp.dot(l->w, ml_row(p, i), (size_t)p->d) + l->b - p->y[i];
        l->loss[part] += p->weights[i] * miss * miss / 2;
    }
}

static double objective(const struct ml_problem *p, const double *w, double b)
{
    const size_t d = (size_t)p->d;
    struct losses losses = { .p = p, .w = w, .b = b };
    double loss = 0, l1 = 0;
    edgel_pool_run(p->pool, ml_parts(p->n), add_loss, &losses);
    for (size_t part = 0; part < ml_parts(p->n); part++)
        loss += losses.loss[part];
    for (size_t j = 0; j < d; j++)
        l1 += fabs(w[j]);
    return loss + p->params->l2 / 2 * p->dsp.dot_d(w, w, d) + p->params->l1 * l1;
}

enum edgel_status ml_linear_solve(const struct ml_problem *p, double *w, double *b, struct edgel_fit *fit,
                                  struct edgel_error *err)
{
    const size_t d = (size_t)p->d, parts = ml_parts(p->n);
    struct sums s = { .p = p, .d = d };
    s.means = edgel_calloc(d, sizeof *s.means);
    s.gram = edgel_calloc(parts * d, d * sizeof *s.gram);
    s.product = edgel_calloc(parts * d, sizeof *s.product);
    s.columns = edgel_alloc((size_t)edgel_pool_threads(p->pool) * 2 * d, ML_GRAM_ROWS * sizeof *s.columns);
    double *factor = edgel_alloc(d, d * sizeof *factor);
    enum edgel_status status = EDGEL_OK;
    if (!s.means || !s.gram || !s.product || !s.columns || !factor) {
        status = edgel_no_memory(err, "linear regression");
        goto out;
    }
    find_means(&s);
    edgel_pool_run(p->pool, parts, add_part, &s);
    for (size_t part = 1; part < parts; part++) {
        p->dsp.add_d(s.gram, 1, s.gram + part * d * d, d * d);
        p->dsp.add_d(s.product, 1, s.product + part * d, d);
    }
    if (p->params->l1 > 0) {
        solve_coordinates(&s, w, fit);
    } else {
        fit->end = EDGEL_FIT_CLOSED;
        fit->orthogonal = !cholesky(&s, factor, w);
        if (fit->orthogonal)
            status = solve_orthogonal(&s, w, err);
    }
    *b = s.y_mean - p->dsp.dot_d(w, s.means, d);
    if (status == EDGEL_OK)
        fit->objective = objective(p, w, *b);
out:
    edgel_free(factor);
    edgel_free(s.columns);
    edgel_free(s.product);
    edgel_free(s.gram);
    edgel_free(s.means);
    return status;
}
