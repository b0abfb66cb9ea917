/* Optimizers, penalties, clipping, schedules and early stopping: against trajectories of PyTorch and closed forms. */
#include "core/core_priv.h"
#include "edgel/nn.h"
#include "nn_defaults.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct edgel_pool *pool_of(int threads)
{
    struct edgel_pool *pool = NULL;
    assert_int_equal(edgel_pool_create(threads, &pool, NULL), EDGEL_OK);
    return pool;
}

/* --- trajectories of scripts/makers/make_torch_optimizers.py --- */

enum { N = 8, STEPS = 20 };

/* The function and its gradient, as that script defines it, in double precision. */
static double objective(const float *weights, float *gradient)
{
    double w[N], g[N], sum = 0;
    for (int i = 0; i < N; i++) {
        w[i] = (double)weights[i];
        const double a = 1 + i / 4.0, off = w[i] - (i - 3) / 2.0, well = w[i] * w[i] - 1;
        sum += a / 2 * off * off + well * well / 4;
        g[i] = a * off + well * w[i];
    }
    for (int i = 0; i + 1 < N; i++) {
        const double bend = w[i + 1] - w[i] * w[i];
        sum += bend * bend / 2;
        g[i + 1] += bend;
        g[i] -= 2 * bend * w[i];
    }
    for (int i = 0; i < N; i++)
        gradient[i] = (float)g[i];
    return sum;
}

static const struct edgel_param_range torch_parts[] = { { 0, 5, true, true },
                                                        { 5, 7, true, false },
                                                        { 7, 8, false, true } };
static const struct edgel_param_ranges torch_params = { N, torch_parts, 3 };

struct trajectory {
    struct edgel_optimizer optimizer;
    struct edgel_schedule schedule;
    double lr, l1, l2, clip_norm, clip_value;
};

static struct trajectory parse_run(char *line)
{
    enum edgel_optimizer_kind kind;
    struct trajectory t = { .schedule = a_schedule(EDGEL_SCHEDULE_CONSTANT, STEPS) };
    t.schedule.every = 6;
    t.schedule.gamma = 0.3;
    assert_string_equal(strtok(line, " \n"), "run");
    assert_int_equal(edgel_optimizer_find(strtok(NULL, " \n"), &kind, NULL), EDGEL_OK);
    t.optimizer = an_optimizer(kind);
    for (char *word; (word = strtok(NULL, " \n"));) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        if (strcmp(word, "schedule") == 0) {
            assert_int_equal(edgel_schedule_find(value, &t.schedule.kind, NULL), EDGEL_OK);
            continue;
        }
        double *into = strcmp(word, "lr") == 0           ? &t.lr
                       : strcmp(word, "l1") == 0         ? &t.l1
                       : strcmp(word, "l2") == 0         ? &t.l2
                       : strcmp(word, "decay") == 0      ? &t.optimizer.weight_decay
                       : strcmp(word, "clip_norm") == 0  ? &t.clip_norm
                       : strcmp(word, "clip_value") == 0 ? &t.clip_value
                       : strcmp(word, "warmup") == 0     ? &t.schedule.warmup
                                                         : NULL;
        assert_non_null(into);
        *into = strtod(value, NULL);
    }
    return t;
}

/* One step; out: loss with penalties, norm, learning rate. */
static void do_step(const struct trajectory *t, int step, float *w, float *state, struct edgel_pool *pool,
                    double out[3])
{
    float g[N];
    double value;
    out[0] = objective(w, g);
    out[1] = 0;
    /* PyTorch's order: l1 is part of the loss, then gradients are clipped, then comes weight_decay. */
    assert_int_equal(edgel_penalty_add(t->l1, 0, &torch_params, w, g, &value, pool, NULL), EDGEL_OK);
    out[0] += value;
    if (t->clip_norm > 0)
        assert_int_equal(edgel_clip_norm(t->clip_norm, &torch_params, g, &out[1], pool, NULL), EDGEL_OK);
    if (t->clip_value > 0)
        assert_int_equal(edgel_clip_value(t->clip_value, &torch_params, g, pool, NULL), EDGEL_OK);
    assert_int_equal(edgel_penalty_add(0, t->l2, &torch_params, w, g, &value, pool, NULL), EDGEL_OK);
    out[0] += value;
    out[2] = edgel_schedule_lr(&t->schedule, t->lr, step);
    assert_int_equal(edgel_optimizer_step(&t->optimizer, &torch_params, (uint64_t)step + 1, out[2], g, w,
                                          state, pool, NULL),
                     EDGEL_OK);
}

static double follow(FILE *f, const struct trajectory *t, struct edgel_pool *pool)
{
    char line[1024];
    float w[N], state[EDGEL_OPTIMIZER_STATE_MAX * N] = { 0 };
    double worst = 0;
    for (int i = 0; i < N; i++)
        w[i] = 1.5f - 0.375f * (float)i;
    for (int step = 0; step < STEPS; step++) {
        double out[3 + N];
        do_step(t, step, w, state, pool, out);
        for (int i = 0; i < N; i++)
            out[3 + i] = (double)w[i];
        assert_non_null(fgets(line, sizeof line, f));
        char *at = line;
        for (int i = 0; i < 3 + N; i++) {
            const double want = strtod(at, &at), off = fabs(out[i] - want) / fmax(1, fabs(want));
            worst = off > worst ? off : worst;
        }
    }
    return worst;
}

static void steps_follow_pytorch(void **state)
{
    (void)state;
    char path[4096], line[1024];
    snprintf(path, sizeof path, "%s/tests/golden/torch_optimizers.txt", getenv("EDGEL_SOURCE"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    struct edgel_pool *pool = pool_of(1);
    int runs = 0;
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#')
            continue;
        char head[1024];
        strcpy(head, line);
        const struct trajectory t = parse_run(line);
        const double worst = follow(f, &t, pool);
        print_message("off by at most %.1e: %s", worst, head);
        if (!(worst < 1e-6))
            fail_msg("off by %g: %s", worst, head);
        runs++;
    }
    assert_int_equal(runs, 25);
    fclose(f);
    edgel_pool_destroy(&pool);
}

/* --- many parameters --- */

enum { MANY = 300007 };

static const struct edgel_param_range many_parts[] = {
    { 0, 10, true, true },           { 10, 11, false, false },       { 20, 100000, true, true },
    { 100000, 100003, true, false }, { 100003, 100003, true, true }, { 150001, MANY, true, false }
};
static const struct edgel_param_ranges many = { MANY, many_parts, 6 };

/* In -1..1, the same every time. */
static float some(size_t i)
{
    uint32_t h = (uint32_t)i * 2654435761u;
    h = (h ^ (h >> 15)) * 2246822519u;
    return (float)((h ^ (h >> 13)) >> 8) * 0x1p-23f - 1;
}

struct arrays {
    float *w, *g, *state, *keep;
    double value, norm;
};

static struct arrays arrays_init(void)
{
    struct arrays a = { .w = calloc(MANY, sizeof(float)),
                        .g = calloc(MANY, sizeof(float)),
                        .state = calloc(2 * MANY, sizeof(float)) };
    for (size_t i = 0; i < MANY; i++) {
        a.w[i] = some(i);
        a.g[i] = some(i + MANY);
    }
    return a;
}

static void arrays_finish(struct arrays *a)
{
    free(a->w);
    free(a->g);
    free(a->state);
}

static void do_all(struct arrays *a, enum edgel_optimizer_kind kind, int threads)
{
    struct edgel_pool *pool = pool_of(threads);
    struct edgel_optimizer o = an_optimizer(kind);
    float *state = edgel_optimizer_state_floats(kind) ? a->state : NULL;
    for (uint64_t t = 1; t <= 3; t++) {
        assert_int_equal(edgel_penalty_add(0.01, 0.02, &many, a->w, a->g, &a->value, pool, NULL), EDGEL_OK);
        assert_int_equal(edgel_clip_norm(50, &many, a->g, &a->norm, pool, NULL), EDGEL_OK);
        assert_int_equal(edgel_clip_value(0.9, &many, a->g, pool, NULL), EDGEL_OK);
        assert_int_equal(edgel_optimizer_step(&o, &many, t, 0.1, a->g, a->w, state, pool, NULL), EDGEL_OK);
    }
    edgel_pool_destroy(&pool);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    for (int kind = 0; kind < EDGEL_OPTIMIZERS; kind++) {
        struct arrays one = arrays_init();
        do_all(&one, (enum edgel_optimizer_kind)kind, 1);
        for (int threads = 2; threads <= 4; threads++) {
            struct arrays a = arrays_init();
            do_all(&a, (enum edgel_optimizer_kind)kind, threads);
            assert_memory_equal(a.w, one.w, MANY * sizeof(float));
            assert_memory_equal(a.g, one.g, MANY * sizeof(float));
            assert_memory_equal(a.state, one.state, 2 * MANY * sizeof(float));
            assert_true(a.value == one.value && a.norm == one.norm);
            arrays_finish(&a);
        }
        arrays_finish(&one);
    }
}

static const struct edgel_param_range *part_at(size_t i)
{
    for (size_t k = 0; k < many.count; k++)
        if (i >= many_parts[k].begin && i < many_parts[k].end)
            return &many_parts[k];
    return NULL;
}

static void only_the_parts_meant_change(void **state)
{
    (void)state;
    struct edgel_pool *pool = pool_of(2);
    struct edgel_optimizer o = an_optimizer(EDGEL_OPTIMIZER_ADAMW);
    struct arrays a = arrays_init();
    double squares = 0, value = 0, norm, got;
    for (size_t i = 0; i < MANY; i++) {
        const struct edgel_param_range *r = part_at(i);
        squares += r && r->trainable ? (double)a.g[i] * (double)a.g[i] : 0;
        if (r && r->trainable && r->decayed)
            value += 0.25 * fabs((double)a.w[i]) + 0.75 / 2 * (double)a.w[i] * (double)a.w[i];
    }
    assert_int_equal(edgel_clip_norm(INFINITY, &many, a.g, &norm, pool, NULL), EDGEL_OK);
    assert_true(fabs(norm - sqrt(squares)) < 1e-9 * norm);
    assert_int_equal(edgel_penalty_add(0.25, 0.75, &many, a.w, a.g, &got, pool, NULL), EDGEL_OK);
    assert_true(fabs(got - value) < 1e-9 * value);
    for (size_t i = 0; i < MANY; i++) {
        const struct edgel_param_range *r = part_at(i);
        const float w = some(i), g = some(i + MANY), sign = w > 0 ? 0.25f : w < 0 ? -0.25f : 0;
        const float want = r && r->trainable && r->decayed ? g + 0.75f * w + sign : g;
        assert_true(fabsf(a.g[i] - want) < 1e-6f);
    }
    assert_int_equal(edgel_clip_norm(1, &many, a.g, &norm, pool, NULL), EDGEL_OK);
    assert_int_equal(edgel_clip_norm(INFINITY, &many, a.g, &got, pool, NULL), EDGEL_OK);
    assert_true(norm > 100 && fabs(got - 1) < 1e-5);
    assert_int_equal(edgel_clip_value(1e-3, &many, a.g, pool, NULL), EDGEL_OK);
    assert_int_equal(edgel_optimizer_step(&o, &many, 1, 0.1, a.g, a.w, a.state, pool, NULL), EDGEL_OK);
    for (size_t i = 0; i < MANY; i++) {
        const struct edgel_param_range *r = part_at(i);
        if (!r || !r->trainable) {
            assert_true(a.w[i] == some(i) && a.g[i] == some(i + MANY) && a.state[i] == 0);
            continue;
        }
        assert_true(fabsf(a.g[i]) <= 1e-3f);
        /* The first step of adam is lr sign(g), but for epsilon. */
        const float kept = r->decayed ? some(i) * 0.999f : some(i);
        if (fabsf(a.g[i]) > 1e-5f)
            assert_true(fabsf(kept - a.w[i] - (a.g[i] > 0 ? 0.1f : -0.1f)) < 2e-4f);
    }
    arrays_finish(&a);
    edgel_pool_destroy(&pool);
}

static void zeros_and_what_is_no_number(void **state)
{
    (void)state;
    struct edgel_pool *pool = pool_of(1);
    const struct edgel_param_range parts[] = { { 0, 3, true, true } };
    const struct edgel_param_ranges p = { 4, parts, 1 };
    float g[4] = { 3, NAN, 4, 1 };
    double norm;
    assert_int_equal(edgel_clip_norm(1, &p, g, &norm, pool, NULL), EDGEL_OK);
    assert_true(isnan(norm) && g[0] == 3 && g[2] == 4);
    g[1] = INFINITY;
    assert_int_equal(edgel_clip_norm(1, &p, g, &norm, pool, NULL), EDGEL_OK);
    assert_true(isinf(norm) && g[0] == 3 && g[2] == 4);
    g[1] = 3e38f;
    assert_int_equal(edgel_clip_norm(1, &p, g, &norm, pool, NULL), EDGEL_OK);
    assert_true(fabs(norm - 3e38) < 1e32 && fabsf(g[1] - 1) < 1e-6f && g[3] == 1);
    const float w[4] = { 0, -2, 2, 5 };
    float sign[4] = { 0 };
    assert_int_equal(edgel_penalty_add(0.5, 0, &p, w, sign, &norm, pool, NULL), EDGEL_OK);
    assert_true(sign[0] == 0 && sign[1] == -0.5f && sign[2] == 0.5f && sign[3] == 0 && norm == 2);
    float v[4] = { -3, NAN, 0.5f, 9 };
    assert_int_equal(edgel_clip_value(2, &p, v, pool, NULL), EDGEL_OK);
    assert_true(v[0] == -2 && isnan(v[1]) && v[2] == 0.5f && v[3] == 9);
    edgel_pool_destroy(&pool);
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    struct edgel_pool *pool = pool_of(1);
    const struct edgel_optimizer good = an_optimizer(EDGEL_OPTIMIZER_ADAM);
    const double bad[] = { -0.1, 1, NAN, INFINITY };
    for (int i = 0; i < 4; i++) {
        struct edgel_optimizer o[6] = { good, good, good, good, good, good };
        o[0].momentum = o[1].alpha = o[2].beta1 = o[3].beta2 = bad[i];
        o[4].weight_decay = bad[i]; /* 1: only adamw has any */
        o[5].epsilon = i == 1 ? 1e-60 : bad[i];
        for (int k = 0; k < 6; k++)
            assert_int_equal(edgel_optimizer_check(&o[k], NULL), EDGEL_EINVAL);
    }
    struct edgel_optimizer unknown = good;
    unknown.kind = (enum edgel_optimizer_kind)EDGEL_OPTIMIZERS;
    assert_int_equal(edgel_optimizer_check(&unknown, NULL), EDGEL_EINVAL);
    assert_null(edgel_optimizer_name(unknown.kind));
    struct edgel_error err = { 0 };
    enum edgel_optimizer_kind kind;
    assert_int_equal(edgel_optimizer_find("adams", &kind, &err), EDGEL_EINVAL);
    for (int i = 0; i < EDGEL_OPTIMIZERS; i++) {
        assert_non_null(strstr(err.msg, edgel_optimizer_name((enum edgel_optimizer_kind)i)));
        assert_int_equal(
            edgel_optimizer_find(edgel_optimizer_name((enum edgel_optimizer_kind)i), &kind, NULL), EDGEL_OK);
        assert_int_equal(kind, i);
        const struct edgel_optimizer o = an_optimizer(kind);
        assert_int_equal(edgel_optimizer_check(&o, NULL), EDGEL_OK);
        assert_true(edgel_optimizer_default_lr(kind) == (i < EDGEL_OPTIMIZER_ADAM ? 0.01 : 0.001));
    }
    float w[4] = { 1, 2, 3, 4 }, g[4] = { 1, 1, 1, 1 }, s[8] = { 0 };
    double norm;
    const struct edgel_param_range overlap[] = { { 0, 2, true, true }, { 1, 4, true, true } };
    const struct edgel_param_range beyond[] = { { 2, 5, true, true } }, turned[] = { { 2, 1, true, true } };
    const struct edgel_param_range all[] = { { 0, 4, true, true } };
    const struct edgel_param_ranges p[] = {
        { 4, overlap, 2 }, { 4, beyond, 1 }, { 4, turned, 1 }, { 4, all, 1 }
    };
    for (int i = 0; i < 3; i++) {
        assert_int_equal(edgel_param_ranges_check(&p[i], NULL), EDGEL_EINVAL);
        assert_int_equal(edgel_optimizer_step(&good, &p[i], 1, 1, g, w, s, pool, NULL), EDGEL_EINVAL);
        assert_int_equal(edgel_penalty_add(1, 1, &p[i], w, g, NULL, pool, NULL), EDGEL_EINVAL);
        assert_int_equal(edgel_clip_norm(1, &p[i], g, &norm, pool, NULL), EDGEL_EINVAL);
        assert_int_equal(edgel_clip_value(1, &p[i], g, pool, NULL), EDGEL_EINVAL);
    }
    assert_int_equal(edgel_optimizer_step(&good, &p[3], 0, 1, g, w, s, pool, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_optimizer_step(&good, &p[3], 1, NAN, g, w, s, pool, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_optimizer_step(&good, &p[3], 1, -1, g, w, s, pool, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_penalty_add(-1, 0, &p[3], w, g, NULL, pool, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_penalty_add(0, NAN, &p[3], w, g, NULL, pool, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_clip_norm(0, &p[3], g, &norm, pool, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_clip_norm(NAN, &p[3], g, &norm, pool, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_clip_value(INFINITY, &p[3], g, pool, NULL), EDGEL_EINVAL);
    assert_true(w[0] == 1 && g[0] == 1 && s[0] == 0);
    edgel_pool_destroy(&pool);
}

/* --- schedules --- */

static void schedules_follow_their_formulas(void **state)
{
    (void)state;
    for (int kind = 0; kind < EDGEL_SCHEDULES; kind++)
        for (int i = 0; i <= 130; i++) {
            struct edgel_schedule s = a_schedule((enum edgel_schedule_kind)kind, 40);
            s.warmup = 2.5;
            s.end = 0.1;
            s.every = 7;
            s.gamma = 0.5;
            s.power = 2;
            assert_int_equal(edgel_schedule_check(&s, NULL), EDGEL_OK);
            const double t = i / 3.0, u = t - 2.5, done = fmin(1, u / 37.5);
            const double want = t < 2.5                           ? 0.01 + 0.99 * t / 2.5
                                : kind == EDGEL_SCHEDULE_CONSTANT ? 1
                                : kind == EDGEL_SCHEDULE_STEP     ? pow(0.5, floor(u / 7))
                                : kind == EDGEL_SCHEDULE_COSINE   ? 0.1 + 0.9 * (1 + cos(acos(-1) * done)) / 2
                                                                  : 0.1 + 0.9 * pow(1 - done, 2);
            assert_true(fabs(edgel_schedule_lr(&s, 3, t) - 3 * want) < 1e-12);
        }
}

static void a_longer_plan_begins_as_a_shorter_one(void **state)
{
    (void)state;
    for (int kind = 0; kind < EDGEL_SCHEDULES; kind++) {
        struct edgel_schedule a = a_schedule((enum edgel_schedule_kind)kind, 20), b = a;
        b.total = 25;
        bool same = true;
        for (int i = 0; i < 200; i++)
            same &= edgel_schedule_lr(&a, 1, i / 10.0) == edgel_schedule_lr(&b, 1, i / 10.0);
        assert_int_equal(same, !edgel_schedule_uses_total((enum edgel_schedule_kind)kind));
    }
}

static void wrong_schedules_are_refused(void **state)
{
    (void)state;
    enum edgel_schedule_kind kind;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_schedule_find("linear", &kind, &err), EDGEL_EINVAL);
    for (int i = 0; i < EDGEL_SCHEDULES; i++) {
        const char *name = edgel_schedule_name((enum edgel_schedule_kind)i);
        assert_non_null(strstr(err.msg, name));
        assert_int_equal(edgel_schedule_find(name, &kind, NULL), EDGEL_OK);
        assert_int_equal(kind, i);
        const double bad[] = { -1, NAN, INFINITY };
        for (int k = 0; k < 3; k++) {
            struct edgel_schedule s[7];
            for (int j = 0; j < 7; j++)
                s[j] = a_schedule(kind, 10);
            s[0].warmup = s[1].start = s[2].every = s[3].gamma = s[4].power = s[5].end = s[6].total = bad[k];
            const bool used[] = {
                true, true, i == 1, i == 1, i == 3, edgel_schedule_uses_total(kind), i >= 2
            };
            for (int j = 0; j < 7; j++)
                assert_int_equal(edgel_schedule_check(&s[j], NULL), used[j] ? EDGEL_EINVAL : EDGEL_OK);
        }
    }
    struct edgel_schedule s = a_schedule(EDGEL_SCHEDULE_COSINE, 10);
    s.warmup = 10;
    assert_int_equal(edgel_schedule_check(&s, NULL), EDGEL_EINVAL);
    assert_null(edgel_schedule_name((enum edgel_schedule_kind)EDGEL_SCHEDULES));
}

/* --- rows: what they say of a kind is what it does --- */

static void optimizer_rows_say_what_they_do(void **state)
{
    (void)state;
    struct edgel_pool *pool = pool_of(1);
    const struct edgel_param_range all = { 0, 2, true, true };
    const struct edgel_param_ranges one = { .n = 2, .ranges = &all, .count = 1 };
    for (int k = 0; k < EDGEL_OPTIMIZERS; k++) {
        const struct edgel_optimizer_info info = edgel_optimizer_at(k);
        float w[2][2] = { { 1, 2 }, { 1, 2 } };
        assert_true(strlen(info.name) > 1 && strlen(info.what) > 10 && info.lr > 0);
        assert_true(info.state >= 0 && info.state <= EDGEL_OPTIMIZER_STATE_MAX);
        for (int other = 0; other < k; other++)
            assert_string_not_equal(info.name, edgel_optimizer_at(other).name);
        struct edgel_optimizer o = an_optimizer((enum edgel_optimizer_kind)k);
        assert_true(o.weight_decay == info.weight_decay);
        for (int i = 0; i < 2; i++) {
            float state_of[EDGEL_OPTIMIZER_STATE_MAX * 2] = { 0 };
            const float g[2] = { 0.5f, -1 };
            o.momentum = i ? 0.5 : 0.9;
            for (uint64_t t = 1; t <= 2; t++)
                assert_int_equal(edgel_optimizer_step(&o, &one, t, info.lr, g, w[i],
                                                      info.state ? state_of : NULL, pool, NULL),
                                 EDGEL_OK);
        }
        assert_true((memcmp(w[0], w[1], sizeof w[0]) != 0) == info.momentum);
        assert_true(w[0][0] < 1 && w[0][1] > (info.decays ? 1.99f : 2));
        o.weight_decay = 0.5;
        assert_true((edgel_optimizer_check(&o, NULL) == EDGEL_OK) == info.decays);
    }
    assert_null(edgel_optimizer_at(-1).name);
    assert_null(edgel_optimizer_at(EDGEL_OPTIMIZERS).name);
    edgel_pool_destroy(&pool);
}

static void schedule_rows_say_what_they_use(void **state)
{
    (void)state;
    for (int k = 0; k < EDGEL_SCHEDULES; k++) {
        const struct edgel_schedule_info info = edgel_schedule_at(k);
        const bool uses[] = { info.total, info.total, info.every, info.every, info.power };
        assert_true(strlen(info.name) > 1 && strlen(info.what) > 10);
        for (int field = 0; field < 5; field++) {
            const struct edgel_schedule plain = a_schedule((enum edgel_schedule_kind)k, 40);
            struct edgel_schedule s = plain;
            double *fields[] = { &s.total, &s.end, &s.every, &s.gamma, &s.power };
            *fields[field] = *fields[field] * 0.75 + 0.01;
            bool changes = false;
            for (int t = 0; t < 60; t++)
                changes |= edgel_schedule_lr(&s, 1, t) != edgel_schedule_lr(&plain, 1, t);
            assert_true(changes == uses[field]);
        }
    }
    assert_null(edgel_schedule_at(-1).name);
    assert_null(edgel_schedule_at(EDGEL_SCHEDULES).name);
}

static void monitor_rows_are_whole(void **state)
{
    (void)state;
    for (int k = 0; k < EDGEL_MONITORS; k++) {
        const struct edgel_monitor_info info = edgel_monitor_at(k);
        enum edgel_monitor found;
        assert_true(strlen(info.name) > 1 && strlen(info.what) > 1);
        assert_true(info.minimise == (k == EDGEL_MONITOR_LOSS));
        assert_int_equal(edgel_monitor_find(info.name, &found, NULL), EDGEL_OK);
        assert_int_equal(found, k);
    }
    assert_null(edgel_monitor_at(-1).name);
    assert_null(edgel_monitor_at(EDGEL_MONITORS).name);
}

/* --- early stopping --- */

static void patience_runs_out(void **state)
{
    (void)state;
    const double scores[] = { NAN, 0.1, 0.3, 0.3, 0.35, 0.29, NAN, 0.36, 0.37 };
    struct edgel_early_stop s = { .patience = 3, .min_delta = 0.1 };
    for (int i = 0; i < 9; i++) {
        assert_int_equal(edgel_early_stop_update(&s, scores[i]), i == 5 || i == 6 || i == 7 || i == 8);
        assert_int_equal(s.best_at, i == 0 ? 0 : i == 1 ? 2 : 3);
    }
    assert_true(s.best == 0.3 && s.seen == 9);
    struct edgel_early_stop loss = { .patience = 2, .minimise = true };
    assert_false(edgel_early_stop_update(&loss, 5));
    assert_false(edgel_early_stop_update(&loss, 6));
    assert_false(edgel_early_stop_update(&loss, 4));
    assert_false(edgel_early_stop_update(&loss, 4));
    assert_true(edgel_early_stop_update(&loss, 4.5));
    assert_int_equal(loss.best_at, 3);
    struct edgel_early_stop never = { 0 };
    for (int i = 0; i < 100; i++)
        assert_false(edgel_early_stop_update(&never, -i));
    struct edgel_early_stop lost = { .patience = 2 };
    assert_false(edgel_early_stop_update(&lost, NAN));
    assert_true(edgel_early_stop_update(&lost, NAN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_pytorch),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(only_the_parts_meant_change),
        cmocka_unit_test(zeros_and_what_is_no_number),
        cmocka_unit_test(wrong_settings_are_refused),
        cmocka_unit_test(schedules_follow_their_formulas),
        cmocka_unit_test(a_longer_plan_begins_as_a_shorter_one),
        cmocka_unit_test(optimizer_rows_say_what_they_do),
        cmocka_unit_test(schedule_rows_say_what_they_use),
        cmocka_unit_test(monitor_rows_are_whole),
        cmocka_unit_test(wrong_schedules_are_refused),
        cmocka_unit_test(patience_runs_out),
    };
    return cmocka_run_group_tests_name("optimizer", tests, NULL, NULL);
}
