/*
 * Descent by limited-memory BFGS: the step is d = -H g, where H stands for the inverse of the second derivatives as the
 * last 10 steps and their changes of the gradient show it. With l1 its orthant-wise form (OWL-QN): g is the
 * pseudo-gradient, d keeps to the half-spaces where it descends, and a step ends where a value would change its sign.
 *
 * The length of a step fulfils the weak conditions of Wolfe; close to the minimum, where values of the function differ
 * by rounding alone, the slope stands for the decrease (Hager and Zhang).
 * Source: Nocedal and Wright, Numerical Optimization, 2nd ed., alg. 7.4 and 7.5; Andrew and Gao, Scalable training of
 * L1-regularized log-linear models, ICML 2007; Hager and Zhang, A new conjugate gradient method with guaranteed
 * descent, SIAM J. Optim. 16, 2005, eq. 4.1.
 */
#include "ml/ml_priv.h"
#include <math.h>
#include <string.h>

enum { PAIRS = 10, LOOKS = 60, STILL = 20 }; /* STILL: steps that change the value by rounding alone */

struct descent {
    const struct ml_objective *o;
    size_t n;
    double *x, *g, *direction, *at, *g_at, *pseudo; /* the point, the place along the step, gradients */
    double *s[PAIRS], *y[PAIRS], rho[PAIRS];
    int pairs, newest;
    struct ml_dsp dsp;
};

/* The derivative of the whole in the direction in which it descends most: of |x| at 0 it is what g leaves beyond l1. */
static void pseudo_gradient(const struct descent *d, const double *x, const double *g, double *out)
{
    for (size_t i = 0; i < d->n; i++) {
        const double c = d->o->l1 ? d->o->l1[i] : 0;
        if (x[i] != 0 || c == 0)
            out[i] = g[i] + (x[i] > 0 ? c : x[i] < 0 ? -c : 0);
        else
            out[i] = g[i] < -c ? g[i] + c : g[i] > c ? g[i] - c : 0;
    }
}

static double whole(const struct descent *d, const double *x, double *g)
{
    double f = d->o->value(d->o->user, x, g), l1 = 0;
    for (size_t i = 0; d->o->l1 && i < d->n; i++)
        l1 += d->o->l1[i] * fabs(x[i]);
    return f + l1;
}

/* direction = -H pseudo, by the two loops over the pairs. */
static void choose_direction(struct descent *d)
{
    double a[PAIRS];
    for (size_t i = 0; i < d->n; i++)
        d->direction[i] = -d->pseudo[i];
    for (int k = 0; k < d->pairs; k++) {
        const int j = (d->newest - k + PAIRS) % PAIRS;
        a[j] = d->rho[j] * d->dsp.dot_d(d->s[j], d->direction, d->n);
        d->dsp.add_d(d->direction, -a[j], d->y[j], d->n);
    }
    if (d->pairs > 0) {
        const double *y = d->y[d->newest], scale = 1 / (d->rho[d->newest] * d->dsp.dot_d(y, y, d->n));
        for (size_t i = 0; i < d->n; i++)
            d->direction[i] *= scale;
    }
    for (int k = d->pairs - 1; k >= 0; k--) {
        const int j = (d->newest - k + PAIRS) % PAIRS;
        const double b = d->rho[j] * d->dsp.dot_d(d->y[j], d->direction, d->n);
        d->dsp.add_d(d->direction, a[j] - b, d->s[j], d->n);
    }
    for (size_t i = 0; d->o->l1 && i < d->n; i++)
        if (d->direction[i] * d->pseudo[i] >= 0 && d->o->l1[i] > 0)
            d->direction[i] = 0;
}

/* at = x + step * direction, with l1 cut at 0 where a value would leave its orthant. */
static void step_to(struct descent *d, double step)
{
    for (size_t i = 0; i < d->n; i++) {
        double to = d->x[i] + step * d->direction[i];
        if (d->o->l1 && d->o->l1[i] > 0) {
            const double orthant = d->x[i] != 0 ? d->x[i] : -d->pseudo[i];
            if (to * orthant <= 0)
                to = 0;
        }
        d->at[i] = to;
    }
}

/* Finds a step length along the direction; at, g_at and the value there are set. False: there is none. */
static bool search_step(struct descent *d, double f, double slope, double *f_at, double step)
{
    double low = 0, high = INFINITY;
    for (int look = 0; look < LOOKS; look++) {
        step_to(d, step);
        *f_at = whole(d, d->at, d->g_at);
        bool short_enough, long_enough = true;
        if (d->o->l1) { /* the decrease along the bent way */
            double bent = 0;
            for (size_t i = 0; i < d->n; i++)
                bent += d->pseudo[i] * (d->at[i] - d->x[i]);
            short_enough = *f_at <= f + 1e-4 * bent;
        } else {
            const double slope_at = d->dsp.dot_d(d->g_at, d->direction, d->n);
            short_enough = *f_at <= f + 1e-4 * step * slope ||
                           (*f_at <= f + 1e-13 * fabs(f) && slope_at <= (2e-4 - 1) * slope);
            long_enough = slope_at >= 0.9 * slope;
        }
        if (!short_enough) /* also of a value that is not finite */
            high = step;
        else if (!long_enough)
            low = step;
        else
            return true;
        step = high < INFINITY ? (low + high) / 2 : 2 * low;
    }
    return false;
}

/* Takes the step from x to at into the pairs, unless the function is flat or bent downwards along it. */
static void remember(struct descent *d)
{
    const int j = d->pairs > 0 ? (d->newest + 1) % PAIRS : 0;
    for (size_t i = 0; i < d->n; i++) {
        d->s[j][i] = d->at[i] - d->x[i];
        d->y[j][i] = d->g_at[i] - d->g[i];
    }
    const double sy = d->dsp.dot_d(d->s[j], d->y[j], d->n), yy = d->dsp.dot_d(d->y[j], d->y[j], d->n);
    if (!(sy > 1e-16 * yy))
        return;
    d->rho[j] = 1 / sy;
    d->newest = j;
    d->pairs += d->pairs < PAIRS;
}

static void swap(double **a, double **b)
{
    double *t = *a;
    *a = *b;
    *b = t;
}

static void descend(struct descent *d, struct edgel_fit *fit)
{
    double f = whole(d, d->x, d->g);
    int still = 0;
    fit->end = EDGEL_FIT_ITERATIONS;
    for (fit->iterations = 0;; fit->iterations++) {
        double largest = 0;
        pseudo_gradient(d, d->x, d->g, d->pseudo);
        for (size_t i = 0; i < d->n; i++)
            largest = fabs(d->pseudo[i]) > largest ? fabs(d->pseudo[i]) : largest;
        if (largest <= d->o->tolerance)
            fit->end = EDGEL_FIT_TOLERANCE;
        if (largest <= d->o->tolerance || fit->iterations >= d->o->iterations)
            break;
        choose_direction(d);
        double slope = d->dsp.dot_d(d->pseudo, d->direction, d->n), f_at = f;
        if (!(slope < 0)) { /* the pairs have lost their meaning to rounding: begin anew */
            d->pairs = 0;
            choose_direction(d);
            slope = d->dsp.dot_d(d->pseudo, d->direction, d->n);
        }
        const double first = 1 / sqrt(-slope);
        if (!search_step(d, f, slope, &f_at, d->pairs > 0 || first > 1 ? 1 : first)) {
            if (d->pairs == 0) {
                fit->end = EDGEL_FIT_PRECISION;
                break;
            }
            d->pairs = 0; /* once more along the gradient itself */
            continue;
        }
        still = f - f_at > 1e-15 * fabs(f) ? 0 : still + 1;
        remember(d);
        swap(&d->x, &d->at);
        swap(&d->g, &d->g_at);
        f = f_at;
        if (still == STILL) {
            fit->end = EDGEL_FIT_PRECISION;
            break;
        }
    }
    fit->objective = f;
}

enum edgel_status ml_descend(const struct ml_objective *o, double *x, struct edgel_fit *fit,
                             struct edgel_error *err)
{
    struct descent d = { .o = o, .n = o->n };
    double *memory = edgel_calloc(o->n, (6 + 2 * PAIRS) * sizeof *memory);
    if (!memory)
        return edgel_no_memory(err, "descent");
    double **const parts[] = { &d.x, &d.g, &d.direction, &d.at, &d.g_at, &d.pseudo };
    for (size_t i = 0; i < 6; i++)
        *parts[i] = memory + i * o->n;
    for (size_t i = 0; i < PAIRS; i++) {
        d.s[i] = memory + (6 + 2 * i) * o->n;
        d.y[i] = memory + (7 + 2 * i) * o->n;
    }
    ml_dsp_init(&d.dsp, edgel_cpu_flags());
    memcpy(d.x, x, o->n * sizeof *x);
    descend(&d, fit);
    memcpy(x, d.x, o->n * sizeof *x);
    edgel_free(memory);
    return EDGEL_OK;
}
