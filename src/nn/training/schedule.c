/* Schedules of the learning rate: one row of the table each. The formulas are in edgel/nn_optimizer.h; double
 * precision, with the project's own cosine and power. */
#include "nn/training/train_priv.h"
#include <math.h>
#include <string.h>

static const char *const names[EDGEL_SCHEDULES] = {
    [EDGEL_SCHEDULE_CONSTANT] = "constant",
    [EDGEL_SCHEDULE_STEP] = "step",
    [EDGEL_SCHEDULE_COSINE] = "cosine",
    [EDGEL_SCHEDULE_POLY] = "poly",
};

const char *edgel_schedule_name(enum edgel_schedule_kind kind)
{
    return (int)kind >= 0 && (int)kind < EDGEL_SCHEDULES ? names[kind] : NULL;
}

enum edgel_status edgel_schedule_find(const char *name, enum edgel_schedule_kind *out,
                                      struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(name);
    for (int i = 0; i < EDGEL_SCHEDULES; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (enum edgel_schedule_kind)i;
            return EDGEL_OK;
        }
    return nn_refuse_name("schedule", name, names, sizeof *names, EDGEL_SCHEDULES, err);
}

bool edgel_schedule_uses_total(enum edgel_schedule_kind kind)
{
    return kind == EDGEL_SCHEDULE_COSINE || kind == EDGEL_SCHEDULE_POLY;
}

void edgel_schedule_init(struct edgel_schedule *s, enum edgel_schedule_kind kind, double total)
{
    *s = (struct edgel_schedule){
        .kind = kind, .total = total, .start = 0.01, .every = 30, .gamma = 0.1, .power = 0.9
    };
}

static enum edgel_status check_factor(const char *what, double v, double most, struct edgel_error *err)
{
    if (!(v > 0 && v <= most))
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be > 0 and at most %g", what, v, most);
    return EDGEL_OK;
}

enum edgel_status edgel_schedule_check(const struct edgel_schedule *s, struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    if (!edgel_schedule_name(s->kind))
        return edgel_fail(err, EDGEL_EINVAL, "schedule %d: must be one of the table", (int)s->kind);
    if (!(s->warmup >= 0 && isfinite(s->warmup)))
        return edgel_fail(err, EDGEL_EINVAL, "warm-up %g: must be at least 0 and finite", s->warmup);
    EDGEL_TRY(check_factor("start of the warm-up", s->start, 1, err));
    if (s->kind == EDGEL_SCHEDULE_STEP) {
        EDGEL_TRY(check_factor("epochs between steps", s->every, 1e9, err));
        EDGEL_TRY(check_factor("gamma", s->gamma, 1, err));
    }
    if (s->kind == EDGEL_SCHEDULE_POLY)
        EDGEL_TRY(check_factor("power", s->power, 10, err));
    if (!edgel_schedule_uses_total(s->kind))
        return EDGEL_OK;
    if (!(s->total > s->warmup && isfinite(s->total)))
        return edgel_fail(err, EDGEL_EINVAL, "%g planned epochs: must be more than the warm-up of %g",
                          s->total, s->warmup);
    if (!(s->end >= 0 && s->end <= 1))
        return edgel_fail(err, EDGEL_EINVAL, "end %g: must be 0..1", s->end);
    return EDGEL_OK;
}

/* The factor without warm-up; u: epochs since its end, done: their share of all of them, 0..1. */
static double factor(const struct edgel_schedule *s, double u, double done)
{
    const double pi = 3.141592653589793;
    switch (s->kind) {
    case EDGEL_SCHEDULE_CONSTANT: return 1;
    case EDGEL_SCHEDULE_STEP: return edgel_pow(s->gamma, floor(u / s->every));
    case EDGEL_SCHEDULE_COSINE: return s->end + (1 - s->end) * (1 + edgel_cos(pi * done)) / 2;
    case EDGEL_SCHEDULE_POLY: return s->end + (1 - s->end) * edgel_pow(1 - done, s->power);
    }
    return 1;
}

double edgel_schedule_lr(const struct edgel_schedule *s, double lr, double t)
{
    if (t < s->warmup)
        return lr * (s->start + (1 - s->start) * t / s->warmup);
    const double u = t - s->warmup, planned = s->total - s->warmup;
    return lr * factor(s, u, u < planned ? u / planned : 1);
}
