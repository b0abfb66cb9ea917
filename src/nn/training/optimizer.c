/*
 * Optimizers: one row of the table each, with its step over one part of the parameters.
 *
 * The formulas are in edgel/nn_optimizer.h. Factors that are the same for all parameters (1 - beta1, lr / (1 -
 * beta1^t)) are made in double precision and rounded once; beta^t by repeated squaring. The rest is single precision in
 * the order of the formula, as PyTorch computes it: m + (1 - beta1) (g - m), beta2 v + ((1 - beta2) g) g, w + (-s m) /
 * d.
 */
#include "nn/training/train_priv.h"
#include <math.h>
#include <string.h>

/* What a step over one part needs: arrays at the part's first parameter, factors rounded to float. */
struct step {
    const float *g;
    float *w, *state[EDGEL_OPTIMIZER_STATE_MAX];
    float lr;                /* rmsprop, sgd, momentum: lr; adam: lr / (1 - beta1^t) */
    float momentum;          /* momentum, nesterov */
    float keep, gain, gain1; /* of v: alpha or beta2, and 1 - it; of m: 1 - beta1 */
    float root;              /* sqrt(1 - beta2^t) */
    float epsilon, decay;    /* decay: 1 - lr weight_decay */
};

static void step_sgd(const struct step *s, size_t n)
{
    const float *restrict g = s->g;
    float *restrict w = s->w;
    for (size_t i = 0; i < n; i++)
        w[i] -= s->lr * g[i];
}

static void step_momentum(const struct step *s, size_t n)
{
    const float *restrict g = s->g;
    float *restrict w = s->w, *restrict b = s->state[0];
    for (size_t i = 0; i < n; i++) {
        b[i] = s->momentum * b[i] + g[i];
        w[i] -= s->lr * b[i];
    }
}

static void step_nesterov(const struct step *s, size_t n)
{
    const float *restrict g = s->g;
    float *restrict w = s->w, *restrict b = s->state[0];
    for (size_t i = 0; i < n; i++) {
        b[i] = s->momentum * b[i] + g[i];
        w[i] -= s->lr * (g[i] + s->momentum * b[i]);
    }
}

static void step_rmsprop(const struct step *s, size_t n)
{
    const float *restrict g = s->g;
    float *restrict w = s->w, *restrict v = s->state[0];
    for (size_t i = 0; i < n; i++) {
        v[i] = s->keep * v[i] + s->gain * g[i] * g[i];
        w[i] -= s->lr * g[i] / (sqrtf(v[i]) + s->epsilon);
    }
}

static void step_adam(const struct step *s, size_t n)
{
    const float *restrict g = s->g;
    float *restrict w = s->w, *restrict m = s->state[0], *restrict v = s->state[1];
    for (size_t i = 0; i < n; i++) {
        m[i] += s->gain1 * (g[i] - m[i]);
        v[i] = s->keep * v[i] + s->gain * g[i] * g[i];
        w[i] = w[i] * s->decay - s->lr * m[i] / (sqrtf(v[i]) / s->root + s->epsilon);
    }
}

static const struct optimizer_row {
    const char *name;
    double lr, weight_decay;
    int state;
    void (*step)(const struct step *s, size_t n);
} rows[EDGEL_OPTIMIZERS] = {
    [EDGEL_OPTIMIZER_GD] = { "gd", 0.01, 0, 0, step_sgd },
    [EDGEL_OPTIMIZER_SGD] = { "sgd", 0.01, 0, 0, step_sgd },
    [EDGEL_OPTIMIZER_MOMENTUM] = { "momentum", 0.01, 0, 1, step_momentum },
    [EDGEL_OPTIMIZER_NESTEROV] = { "nesterov", 0.01, 0, 1, step_nesterov },
    [EDGEL_OPTIMIZER_RMSPROP] = { "rmsprop", 0.01, 0, 1, step_rmsprop },
    [EDGEL_OPTIMIZER_ADAM] = { "adam", 0.001, 0, 2, step_adam },
    [EDGEL_OPTIMIZER_ADAMW] = { "adamw", 0.001, 0.01, 2, step_adam },
};

static const struct optimizer_row *row_of(enum edgel_optimizer_kind kind)
{
    return (int)kind >= 0 && (int)kind < EDGEL_OPTIMIZERS ? &rows[kind] : NULL;
}

const char *edgel_optimizer_name(enum edgel_optimizer_kind kind)
{
    const struct optimizer_row *row = row_of(kind);
    return row ? row->name : NULL;
}

enum edgel_status edgel_optimizer_find(const char *name, enum edgel_optimizer_kind *out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(name);
    for (int i = 0; i < EDGEL_OPTIMIZERS; i++)
        if (strcmp(rows[i].name, name) == 0) {
            *out = (enum edgel_optimizer_kind)i;
            return EDGEL_OK;
        }
    return nn_refuse_name("optimizer", name, &rows->name, sizeof *rows, EDGEL_OPTIMIZERS, err);
}

void edgel_optimizer_init(struct edgel_optimizer *o, enum edgel_optimizer_kind kind)
{
    const struct optimizer_row *row = row_of(kind);
    *o = (struct edgel_optimizer){ .kind = kind,
                                   .momentum = 0.9,
                                   .alpha = 0.99,
                                   .beta1 = 0.9,
                                   .beta2 = 0.999,
                                   .epsilon = 1e-8,
                                   .weight_decay = row ? row->weight_decay : 0 };
}

double edgel_optimizer_default_lr(enum edgel_optimizer_kind kind)
{
    const struct optimizer_row *row = row_of(kind);
    return row ? row->lr : 0;
}

int edgel_optimizer_state_floats(enum edgel_optimizer_kind kind)
{
    const struct optimizer_row *row = row_of(kind);
    return row ? row->state : 0;
}

static enum edgel_status check_fraction(const char *what, double v, struct edgel_error *err)
{
    if (!(v >= 0 && v < 1))
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be at least 0 and below 1", what, v);
    return EDGEL_OK;
}

enum edgel_status edgel_optimizer_check(const struct edgel_optimizer *o, struct edgel_error *err)
{
    EDGEL_REQUIRE(o);
    if (!row_of(o->kind))
        return edgel_fail(err, EDGEL_EINVAL, "optimizer %d: must be one of the table", (int)o->kind);
    EDGEL_TRY(check_fraction("momentum", o->momentum, err));
    EDGEL_TRY(check_fraction("alpha", o->alpha, err));
    EDGEL_TRY(check_fraction("beta1", o->beta1, err));
    EDGEL_TRY(check_fraction("beta2", o->beta2, err));
    /* As a float, so that it cannot vanish. */
    if (!(isfinite(o->epsilon) && (float)o->epsilon > 0))
        return edgel_fail(err, EDGEL_EINVAL, "epsilon %g: must be > 0 and finite", o->epsilon);
    if (!(o->weight_decay >= 0 && isfinite(o->weight_decay)))
        return edgel_fail(err, EDGEL_EINVAL, "weight decay %g: must be at least 0 and finite",
                          o->weight_decay);
    if (o->weight_decay > 0 && o->kind != EDGEL_OPTIMIZER_ADAMW)
        return edgel_fail(err, EDGEL_EINVAL, "weight decay %g: %s has none; use adamw, or l2 as a penalty",
                          o->weight_decay, rows[o->kind].name);
    return EDGEL_OK;
}

static double power(double x, uint64_t n)
{
    double p = 1;
    for (; n > 0; n /= 2, x *= x)
        if (n % 2)
            p *= x;
    return p;
}

static struct step factors(const struct edgel_optimizer *o, uint64_t t, double lr)
{
    const bool adam = o->kind == EDGEL_OPTIMIZER_ADAM || o->kind == EDGEL_OPTIMIZER_ADAMW;
    const double keep = adam ? o->beta2 : o->alpha;
    return (struct step){ .lr = (float)(adam ? lr / (1 - power(o->beta1, t)) : lr),
                          .momentum = (float)o->momentum,
                          .keep = (float)keep,
                          .gain = (float)(1 - keep),
                          .gain1 = (float)(1 - o->beta1),
                          .root = (float)sqrt(1 - power(o->beta2, t)),
                          .epsilon = (float)o->epsilon,
                          .decay = (float)(1 - lr * o->weight_decay) };
}

struct run {
    const struct optimizer_row *row;
    const float *gradient;
    float *weights, *state;
    size_t n;
    struct step factors;
};

static void step_part(void *user, size_t chunk, const struct edgel_param_range *part)
{
    (void)chunk;
    const struct run *r = user;
    struct step s = r->factors;
    s.g = r->gradient + part->begin;
    s.w = r->weights + part->begin;
    for (int k = 0; k < r->row->state; k++)
        s.state[k] = r->state + (size_t)k * r->n + part->begin;
    if (!part->decayed)
        s.decay = 1;
    r->row->step(&s, part->end - part->begin);
}

enum edgel_status edgel_optimizer_step(const struct edgel_optimizer *o,
                                       const struct edgel_param_ranges *params, uint64_t t, double lr,
                                       const float *gradient, float *weights, float *state,
                                       struct edgel_pool *pool, struct edgel_error *err)
{
    EDGEL_REQUIRE(o);
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(gradient);
    EDGEL_REQUIRE(weights);
    EDGEL_TRY(edgel_optimizer_check(o, err));
    EDGEL_TRY(edgel_param_ranges_check(params, err));
    if (t < 1)
        return edgel_fail(err, EDGEL_EINVAL, "step 0: the first one is 1");
    if (!(lr >= 0 && isfinite(lr)))
        return edgel_fail(err, EDGEL_EINVAL, "learning rate %g: must be at least 0 and finite", lr);
    if (rows[o->kind].state > 0)
        EDGEL_REQUIRE(state);
    struct run run = { .row = &rows[o->kind],
                       .gradient = gradient,
                       .weights = weights,
                       .state = state,
                       .n = params->n,
                       .factors = factors(o, t, lr) };
    nn_each_chunk(params, pool, step_part, &run);
    return EDGEL_OK;
}
