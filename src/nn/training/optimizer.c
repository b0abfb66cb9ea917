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
    struct edgel_optimizer_info info;
    bool adam; /* its factors of lr and v */
    void (*step)(const struct step *s, size_t n);
} rows[EDGEL_OPTIMIZERS] = {
    [EDGEL_OPTIMIZER_GD] = { { .name = "gd",
                               .what = "one step an epoch along the gradient over all images",
                               .lr = 0.01,
                               .whole_set = true },
                             .step = step_sgd },
    [EDGEL_OPTIMIZER_SGD] = { { .name = "sgd", .what = "a step along the gradient", .lr = 0.01 },
                              .step = step_sgd },
    [EDGEL_OPTIMIZER_MOMENTUM] = { { .name = "momentum",
                                     .what = "sgd with a velocity",
                                     .lr = 0.01,
                                     .state = 1,
                                     .momentum = true },
                                   .step = step_momentum },
    [EDGEL_OPTIMIZER_NESTEROV] = { { .name = "nesterov",
                                     .what = "momentum that looks ahead",
                                     .lr = 0.01,
                                     .state = 1,
                                     .momentum = true },
                                   .step = step_nesterov },
    [EDGEL_OPTIMIZER_RMSPROP] = { { .name = "rmsprop",
                                    .what = "steps divided by the gradient's mean size",
                                    .lr = 0.01,
                                    .state = 1 },
                                  .step = step_rmsprop },
    [EDGEL_OPTIMIZER_ADAM] = { { .name = "adam", .what = "rmsprop with momentum", .lr = 0.001, .state = 2 },
                               .adam = true,
                               .step = step_adam },
    [EDGEL_OPTIMIZER_ADAMW] = { { .name = "adamw",
                                  .what = "adam with decoupled weight decay",
                                  .lr = 0.001,
                                  .weight_decay = 0.01,
                                  .state = 2,
                                  .decays = true },
                                .adam = true,
                                .step = step_adam },
};

static const struct optimizer_row *row_of(enum edgel_optimizer_kind kind)
{
    return (int)kind >= 0 && (int)kind < EDGEL_OPTIMIZERS ? &rows[kind] : NULL;
}

struct edgel_optimizer_info edgel_optimizer_at(int kind)
{
    const struct optimizer_row *row = row_of((enum edgel_optimizer_kind)kind);
    return row ? row->info : (struct edgel_optimizer_info){ 0 };
}

static const char *name_at(int i)
{
    return edgel_optimizer_at(i).name;
}

const char *edgel_optimizer_name(enum edgel_optimizer_kind kind)
{
    return name_at((int)kind);
}

enum edgel_status edgel_optimizer_find(const char *name, enum edgel_optimizer_kind *out,
                                       struct edgel_error *err)
{
    int i;
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(name);
    EDGEL_TRY(nn_find_name("optimizer", name, name_at, &i, err));
    *out = (enum edgel_optimizer_kind)i;
    return EDGEL_OK;
}

void edgel_optimizer_init(struct edgel_optimizer *o, enum edgel_optimizer_kind kind)
{
    *o = (struct edgel_optimizer){ .kind = kind,
                                   .momentum = 0.9,
                                   .alpha = 0.99,
                                   .beta1 = 0.9,
                                   .beta2 = 0.999,
                                   .epsilon = 1e-8,
                                   .weight_decay = edgel_optimizer_at((int)kind).weight_decay };
}

double edgel_optimizer_default_lr(enum edgel_optimizer_kind kind)
{
    return edgel_optimizer_at((int)kind).lr;
}

int edgel_optimizer_state_floats(enum edgel_optimizer_kind kind)
{
    return edgel_optimizer_at((int)kind).state;
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
    if (o->weight_decay > 0 && !rows[o->kind].info.decays)
        return edgel_fail(err, EDGEL_EINVAL, "weight decay %g: %s has none; use adamw, or l2 as a penalty",
                          o->weight_decay, rows[o->kind].info.name);
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
    const bool adam = rows[o->kind].adam;
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
    for (int k = 0; k < r->row->info.state; k++)
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
    if (rows[o->kind].info.state > 0)
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
