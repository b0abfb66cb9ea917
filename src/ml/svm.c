/*
 * Support vector machines by dual coordinate descent: with C_i = s_i / l2 the dual problem of a binary one is
 *
 *     min over 0 <= a_i <= U_i of  |sum_i a_i y_i x_i|^2 / 2 + sum_i D_i a_i^2 / 2 - sum_i a_i
 *
 *     hinge:          U_i = C_i, D_i = 0            squared hinge:  U_i = infinity, D_i = 1 / (2 C_i)
 *
 * where x_i has one feature more, which is 1: its weight is the bias. One a_i at a time moves to its minimum; the order
 * is drawn anew for each pass. A variable that is at a bound and pushes outwards is left out of later passes, until the
 * rest has converged and all are looked at again. At the end the gap between the two problems is found over all rows.
 * Source: Hsieh, Chang, Lin, Keerthi, Sundararajan, ICML 2008, algorithm 3.
 */
#include "ml/ml_priv.h"
#include <math.h>
#include <string.h>

struct binary {
    const struct ml_problem *p;
    const size_t *order; /* rows */
    size_t n;
    const signed char *sign;
    double *w, *b;
    double *alpha, *square; /* [n]: by place in order; |x_i|^2 + 1 + D_i */
    uint32_t *left;         /* [n]: places that passes still look at */
};

static double weight_of(const struct binary *s, size_t place)
{
    return s->p->weights[s->order[place]] / s->p->params->l2;
}

static double margin(const struct binary *s, size_t row)
{
    return s->sign[row] * (s->p->dsp.dot(s->w, ml_row(s->p, row), (size_t)s->p->d) + *s->b);
}

/* What the bounds of the projected gradient were in the pass before, and are in this one. */
struct range {
    double most, least;
};

static void exchange(uint32_t *places, size_t i, size_t j)
{
    const uint32_t t = places[i];
    places[i] = places[j];
    places[j] = t;
}

/* One pass over the places left; one that is dropped goes behind those that stay. */
static struct range pass(struct binary *s, struct edgel_rng *rng, size_t *left, struct range before)
{
    const struct ml_problem *p = s->p;
    const size_t d = (size_t)p->d;
    const bool squared = p->params->squared;
    struct range now = { -INFINITY, INFINITY };
    for (size_t i = 0; i < *left; i++)
        exchange(s->left, i, i + (size_t)edgel_rng_below(rng, *left - i));
    for (size_t i = 0; i < *left; i++) {
        const uint32_t place = s->left[i];
        const size_t row = s->order[place];
        const double weight = weight_of(s, place), upper = squared ? INFINITY : weight;
        const double diagonal = squared ? 0.5 / weight : 0, a = s->alpha[place];
        const double g = margin(s, row) - 1 + diagonal * a;
        double projected = g;
        if (a == 0) {
            if (g > before.most) {
                exchange(s->left, i--, --*left);
                continue;
            }
            projected = g < 0 ? g : 0;
        } else if (a == upper) {
            if (g < before.least) {
                exchange(s->left, i--, --*left);
                continue;
            }
            projected = g > 0 ? g : 0;
        }
        now.most = projected > now.most ? projected : now.most;
        now.least = projected < now.least ? projected : now.least;
        if (fabs(projected) > 1e-12) {
            double to = a - g / s->square[place];
            to = to < 0 ? 0 : to > upper ? upper : to;
            const double step = (to - a) * s->sign[row];
            s->alpha[place] = to;
            p->dsp.add(s->w, step, ml_row(p, row), d);
            *s->b += step;
        }
    }
    return now;
}

static void descend(struct binary *s, uint64_t stream, struct edgel_fit *fit)
{
    const struct edgel_learner_params *params = s->p->params;
    struct edgel_rng rng = edgel_rng_seed(params->seed, 's' << 8 | 'v', stream, 0);
    const struct range none = { INFINITY, -INFINITY };
    struct range before = none;
    size_t left = s->n;
    fit->end = EDGEL_FIT_ITERATIONS;
    for (fit->iterations = 0; fit->iterations < params->iterations;) {
        const struct range now = pass(s, &rng, &left, before);
        fit->iterations++;
        if (now.most - now.least <= params->tolerance || left == 0) {
            if (left == s->n) {
                fit->end = EDGEL_FIT_TOLERANCE;
                break;
            }
            left = s->n;
            before = none;
            continue;
        }
        before.most = now.most > 0 ? now.most : INFINITY;
        before.least = now.least < 0 ? now.least : -INFINITY;
    }
}

/* The objective with its sums over weights w and bias, and its distance to the dual one, both times l2. */
static void find_gap(const struct binary *s, struct edgel_fit *fit)
{
    const bool squared = s->p->params->squared;
    double loss = 0, dual = 0;
    for (size_t place = 0; place < s->n; place++) {
        const double weight = weight_of(s, place), miss = 1 - margin(s, s->order[place]), a = s->alpha[place];
        loss += miss > 0 ? weight * (squared ? miss * miss : miss) : 0;
        dual += a - (squared && weight > 0 ? a * a * 0.25 / weight : 0);
    }
    const double norm = (s->p->dsp.dot_d(s->w, s->w, (size_t)s->p->d) + *s->b * *s->b) / 2;
    fit->objective = s->p->params->l2 * (norm + loss);
    fit->gap = s->p->params->l2 * ((norm + loss) - (dual - norm));
    fit->gap = fit->gap > 0 ? fit->gap : 0; /* below 0 by rounding alone */
}

static enum edgel_status solve_binary(const struct ml_problem *p, const size_t *order, size_t n,
                                      const signed char *sign, uint64_t stream, double *w, double *b,
                                      struct edgel_fit *fit, struct edgel_error *err)
{
    struct binary s = { .p = p, .order = order, .n = n, .sign = sign, .w = w, .b = b };
    s.alpha = edgel_calloc(n, sizeof *s.alpha);
    s.square = edgel_alloc(n, sizeof *s.square);
    s.left = edgel_alloc(n, sizeof *s.left);
    if (!s.alpha || !s.square || !s.left) {
        edgel_free(s.left);
        edgel_free(s.square);
        edgel_free(s.alpha);
        return edgel_no_memory(err, "support vector machine");
    }
    memset(w, 0, (size_t)p->d * sizeof *w);
    *b = 0;
    for (size_t place = 0; place < n; place++) {
        const float *x = ml_row(p, order[place]);
        double sum = 1;
        for (size_t j = 0; j < (size_t)p->d; j++)
            sum += (double)x[j] * x[j];
        s.square[place] = sum + (p->params->squared ? 0.5 / weight_of(&s, place) : 0);
        s.left[place] = (uint32_t)place;
    }
    descend(&s, stream, fit);
    find_gap(&s, fit);
    edgel_free(s.left);
    edgel_free(s.square);
    edgel_free(s.alpha);
    return EDGEL_OK;
}

/* --- each class against the rest --- */

struct against {
    const struct ml_problem *p;
    const size_t *order;
    size_t n;
    double *w, *b;
    struct edgel_fit *fits;
    enum edgel_status *status;
    struct edgel_error *errors;
};

static void solve_one(void *user, int thread, size_t k)
{
    (void)thread;
    const struct against *a = user;
    const int truth = a->p->params->classes > 2 ? (int)k : 1;
    signed char *sign = edgel_alloc(a->p->n, sizeof *sign);
    if (!sign) {
        a->status[k] = edgel_no_memory(&a->errors[k], "support vector machine");
        return;
    }
    for (size_t i = 0; i < a->p->n; i++)
        sign[i] = (int)a->p->y[i] == truth ? 1 : -1;
    a->status[k] = solve_binary(a->p, a->order, a->n, sign, k, a->w + k * (size_t)a->p->d, a->b + k,
                                &a->fits[k], &a->errors[k]);
    edgel_free(sign);
}

enum edgel_status ml_svm_fit(const struct ml_problem *p, const size_t *order, size_t n, double *w, double *b,
                             struct edgel_fit *fit, struct edgel_error *err)
{
    const size_t outputs = p->params->classes > 2 ? (size_t)p->params->classes : 1;
    struct against a = { .p = p, .order = order, .n = n, .w = w, .b = b };
    a.fits = edgel_calloc(outputs, sizeof *a.fits);
    a.status = edgel_calloc(outputs, sizeof *a.status);
    a.errors = edgel_calloc(outputs, sizeof *a.errors);
    enum edgel_status s = EDGEL_OK;
    if (a.fits && a.status && a.errors)
        edgel_pool_run(p->pool, outputs, solve_one, &a);
    else
        s = edgel_no_memory(err, "support vector machine");
    *fit = (struct edgel_fit){ .end = EDGEL_FIT_TOLERANCE };
    for (size_t k = 0; s == EDGEL_OK && k < outputs; k++) {
        s = a.status[k];
        if (s != EDGEL_OK && err)
            *err = a.errors[k];
        fit->objective += a.fits[k].objective;
        fit->gap += a.fits[k].gap;
        if (a.fits[k].iterations >= fit->iterations) {
            fit->iterations = a.fits[k].iterations;
            fit->end = a.fits[k].end == EDGEL_FIT_ITERATIONS ? EDGEL_FIT_ITERATIONS : fit->end;
        }
    }
    edgel_free(a.errors);
    edgel_free(a.status);
    edgel_free(a.fits);
    return s;
}

enum edgel_status ml_svm_solve(const struct ml_problem *p, double *w, double *b, struct edgel_fit *fit,
                               struct edgel_error *err)
{
    size_t n = 0, *order = edgel_alloc(p->n, sizeof *order);
    if (!order)
        return edgel_no_memory(err, "support vector machine");
    for (size_t i = 0; i < p->n; i++)
        if (p->weights[i] > 0) /* C of 0 would bind its variable to 0 */
            order[n++] = i;
    enum edgel_status s = ml_svm_fit(p, order, n, w, b, fit, err);
    edgel_free(order);
    return s;
}
