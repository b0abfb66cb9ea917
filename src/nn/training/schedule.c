/* Schedules of the learning rate: one row of the table each. The formulas are in edgel/nn_optimizer.h; double
 * precision, with the project's own cosine and power. And early stopping, after
 * `patience` values in a row that are no better than the best before them. */
#include "nn/training/train_priv.h"
#include <math.h>

/* factor: without warm-up; u: epochs since its end, done: their share of all of them, 0..1. */
static double constant(const struct edgel_schedule *s, double u, double done)
{
    (void)s;
    (void)u;
    (void)done;
    return 1;
}

static double step(const struct edgel_schedule *s, double u, double done)
{
    (void)done;
    return edgel_pow(s->gamma, floor(u / s->every));
}

static double cosine(const struct edgel_schedule *s, double u, double done)
{
    const double pi = 3.141592653589793;
    (void)u;
    return s->end + (1 - s->end) * (1 + edgel_cos(pi * done)) / 2;
}

static double poly(const struct edgel_schedule *s, double u, double done)
{
    (void)u;
    return s->end + (1 - s->end) * edgel_pow(1 - done, s->power);
}

static const struct schedule_row {
    struct edgel_schedule_info info;
    double (*factor)(const struct edgel_schedule *s, double u, double done);
} rows[EDGEL_SCHEDULES] = {
    [EDGEL_SCHEDULE_CONSTANT] = { { .name = "constant", .what = "stays as it is" }, constant },
    [EDGEL_SCHEDULE_STEP] = { { .name = "step",
                                .what = "times a factor every so many epochs",
                                .every = true },
                              step },
    [EDGEL_SCHEDULE_COSINE] = { { .name = "cosine", .what = "falls to 0 as half a cosine", .total = true },
                                cosine },
    [EDGEL_SCHEDULE_POLY] = { { .name = "poly",
                                .what = "falls to 0 as a power of what is left",
                                .total = true,
                                .power = true },
                              poly },
};

struct edgel_schedule_info edgel_schedule_at(int kind)
{
    return kind >= 0 && kind < EDGEL_SCHEDULES ? rows[kind].info : (struct edgel_schedule_info){ 0 };
}

static const char *name_at(int i)
{
    return edgel_schedule_at(i).name;
}

const char *edgel_schedule_name(enum edgel_schedule_kind kind)
{
    return name_at((int)kind);
}

enum edgel_status edgel_schedule_find(const char *name, enum edgel_schedule_kind *out,
                                      struct edgel_error *err)
{
    int i;
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(name);
    EDGEL_TRY(nn_find_name("schedule", name, name_at, &i, err));
    *out = (enum edgel_schedule_kind)i;
    return EDGEL_OK;
}

bool edgel_schedule_uses_total(enum edgel_schedule_kind kind)
{
    return edgel_schedule_at((int)kind).total;
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
    const struct edgel_schedule_info info = edgel_schedule_at((int)s->kind);
    if (!info.name)
        return edgel_fail(err, EDGEL_EINVAL, "schedule %d: must be one of the table", (int)s->kind);
    if (!(s->warmup >= 0 && isfinite(s->warmup)))
        return edgel_fail(err, EDGEL_EINVAL, "warm-up %g: must be at least 0 and finite", s->warmup);
    EDGEL_TRY(check_factor("start of the warm-up", s->start, 1, err));
    if (info.every) {
        EDGEL_TRY(check_factor("epochs between steps", s->every, 1e9, err));
        EDGEL_TRY(check_factor("gamma", s->gamma, 1, err));
    }
    if (info.power)
        EDGEL_TRY(check_factor("power", s->power, 10, err));
    if (!info.total)
        return EDGEL_OK;
    if (!(s->total > s->warmup && isfinite(s->total)))
        return edgel_fail(err, EDGEL_EINVAL, "%g planned epochs: must be more than the warm-up of %g",
                          s->total, s->warmup);
    if (!(s->end >= 0 && s->end <= 1))
        return edgel_fail(err, EDGEL_EINVAL, "end %g: must be 0..1", s->end);
    return EDGEL_OK;
}

double edgel_schedule_lr(const struct edgel_schedule *s, double lr, double t)
{
    if (t < s->warmup)
        return lr * (s->start + (1 - s->start) * t / s->warmup);
    const double u = t - s->warmup, planned = s->total - s->warmup;
    return lr * rows[s->kind].factor(s, u, u < planned ? u / planned : 1);
}

/* --- early stopping --- */

bool edgel_early_stop_update(struct edgel_early_stop *s, double value)
{
    const double gain = s->minimise ? s->best - value : value - s->best;
    s->seen++;
    if (!isnan(value) && (s->best_at == 0 || gain > s->min_delta)) {
        s->best = value;
        s->best_at = s->seen;
    }
    return s->patience > 0 && s->seen - s->best_at >= s->patience;
}
