/* Augmentation: settings, and the geometric step against index formulas and ramps. */
#include "samples.h"

/* --- copies: one pixel at a time, one change after the other --- */

static struct edgel_sample naive_map(const struct edgel_sample *in, int w, int h,
                                     void (*where)(int w, int h, int x, int y, int *sx, int *sy))
{
    struct edgel_sample out = empty_like(in, w, h);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int sx, sy;
            where(in->w, in->h, x, y, &sx, &sy);
            for (int c = 0; c < in->channels; c++)
                out.image[(c * h + y) * w + x] = in->image[(c * in->h + sy) * in->w + sx];
            out.label[y * w + x] = in->label[sy * in->w + sx];
            out.soft[y * w + x] = in->soft[sy * in->w + sx];
        }
    return out;
}

static void where_flip(int w, int h, int x, int y, int *sx, int *sy)
{
    (void)h;
    *sx = w - 1 - x;
    *sy = y;
}

static void where_vflip(int w, int h, int x, int y, int *sx, int *sy)
{
    (void)w;
    *sx = x;
    *sy = h - 1 - y;
}

/* A quarter turn clockwise: the first column, read upwards, becomes the first row. */
static void where_turn(int w, int h, int x, int y, int *sx, int *sy)
{
    (void)w;
    *sx = y;
    *sy = h - 1 - x;
}

/* Walks from 0 to i, turning back at both ends. */
static int bounce(int i, int n)
{
    int at = 0, step = i < 0 ? -1 : 1;
    for (int k = 0; k < (i < 0 ? -i : i) && n > 1; k++) {
        if (at + step < 0 || at + step >= n)
            step = -step;
        at += step;
    }
    return at;
}

static struct edgel_sample naive_crop(const struct edgel_sample *in, int left, int top, int w, int h)
{
    struct edgel_sample out = empty_like(in, w, h);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int ix = left + x, iy = top + y, sx = bounce(ix, in->w), sy = bounce(iy, in->h);
            const bool inside = ix >= 0 && iy >= 0 && ix < in->w && iy < in->h;
            for (int c = 0; c < in->channels; c++)
                out.image[(c * h + y) * w + x] = in->image[(c * in->h + sy) * in->w + sx];
            out.label[y * w + x] = inside ? in->label[iy * in->w + ix] : EDGEL_LABEL_IGNORE;
            out.soft[y * w + x] = inside ? in->soft[iy * in->w + ix] : -1;
        }
    return out;
}

static void replace(struct edgel_sample *s, struct edgel_sample by)
{
    edgel_sample_finish(s);
    *s = by;
}

static struct edgel_sample naive_geometry(const struct nn_geometry *g, const struct edgel_sample *in, int w,
                                          int h)
{
    struct edgel_sample s = naive_crop(in, 0, 0, in->w, in->h);
    if (g->flip)
        replace(&s, naive_map(&s, s.w, s.h, where_flip));
    if (g->vflip)
        replace(&s, naive_map(&s, s.w, s.h, where_vflip));
    for (int k = 0; k < g->turns; k++)
        replace(&s, naive_map(&s, s.h, s.w, where_turn));
    replace(&s, naive_crop(&s, (int)g->left, (int)g->top, w, h));
    return s;
}

static void hold_copy(const struct nn_geometry *g, const struct edgel_sample *in, int w, int h)
{
    struct edgel_arena arena = { 0 };
    struct edgel_sample want = naive_geometry(g, in, w, h), got = empty_like(in, w, h);
    assert_int_equal(nn_geometry_apply(g, in, &got, &arena, NULL), EDGEL_OK);
    assert_same_sample(&got, &want);
    edgel_sample_finish(&got);
    edgel_sample_finish(&want);
    edgel_arena_finish(&arena);
}

static const int sizes[][2] = { { 1, 1 }, { 1, 6 }, { 5, 1 }, { 2, 2 }, { 7, 4 }, { 9, 13 } };
enum { SIZES = sizeof sizes / sizeof *sizes };

static void flips_turns_and_crops_are_copies(void **state)
{
    (void)state;
    for (int k = 0; k < SIZES * SIZES; k++) {
        struct edgel_sample in =
            random_sample(sizes[k / SIZES][0], sizes[k / SIZES][1], 1 + k % 4, (uint64_t)k);
        for (int d = 0; d < 16 * 3; d++) {
            const struct nn_geometry g = { .flip = d & 1,
                                           .vflip = d & 2,
                                           .turns = d / 4 % 4,
                                           .scale = 1,
                                           .left = d / 16 * 7 - 9,
                                           .top = 4 - d / 16 * 5 };
            hold_copy(&g, &in, sizes[k % SIZES][0] + k % 3, sizes[k % SIZES][1] + k % 5);
        }
        edgel_sample_finish(&in);
    }
}

static void drawn_copies_follow_the_draw(void **state)
{
    (void)state;
    struct edgel_augment a;
    struct edgel_augment_scratch *scratch = edgel_augment_scratch_create();
    assert_int_equal(edgel_augment_parse("flip,vflip:0.3,turn", &a, NULL), EDGEL_OK);
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct edgel_sample in = random_sample(9, 6, 3, seed), out = empty_like(&in, 7, 8);
        a.centred = seed % 2;
        const struct nn_geometry g = nn_geometry_draw(&a, seed, &in, 7, 8);
        struct edgel_sample want = naive_geometry(&g, &in, 7, 8);
        assert_int_equal(edgel_augment_sample(&a, seed, &in, &out, scratch, NULL), EDGEL_OK);
        assert_same_sample(&out, &want);
        edgel_sample_finish(&in);
        edgel_sample_finish(&out);
        edgel_sample_finish(&want);
    }
    edgel_augment_scratch_destroy(&scratch);
}

static void what_is_undone_is_as_before(void **state)
{
    (void)state;
    struct edgel_arena arena = { 0 };
    struct edgel_sample in = random_sample(9, 5, 2, 1), once = empty_like(&in, 9, 5),
                        twice = empty_like(&in, 9, 5);
    for (int i = 0; i < 2; i++) {
        const char *text = i ? "vflip:1" : "flip:1";
        assert_int_equal(run_text(text, 5, &in, &once), EDGEL_OK);
        assert_int_equal(run_text(text, 6, &once, &twice), EDGEL_OK);
        assert_same_sample(&in, &twice);
        assert_memory_not_equal(in.label, once.label, 45 * sizeof *in.label);
    }
    for (int turns = 1; turns < 4; turns++) {
        const struct nn_geometry there = { .turns = turns, .scale = 1 },
                                 back = { .turns = 4 - turns, .scale = 1 };
        struct edgel_sample turned = empty_like(&in, turns == 2 ? 9 : 5, turns == 2 ? 5 : 9);
        assert_int_equal(nn_geometry_apply(&there, &in, &turned, &arena, NULL), EDGEL_OK);
        assert_int_equal(nn_geometry_apply(&back, &turned, &twice, &arena, NULL), EDGEL_OK);
        assert_same_sample(&in, &twice);
        edgel_sample_finish(&turned);
    }
    edgel_sample_finish(&in);
    edgel_sample_finish(&once);
    edgel_sample_finish(&twice);
    edgel_arena_finish(&arena);
}

/* --- bilinear sampling --- */

/* Image c is a ramp, ramps[c] = {value at (0, 0), per x, per y}; labels number the pixels; soft is the first ramp. */
static const double ramps[3][3] = { { 0.2, 0.006, 0.003 }, { 0.9, -0.004, -0.007 }, { 0.5, 0.005, -0.002 } };

static struct edgel_sample ramp_sample(int w, int h)
{
    struct edgel_sample s;
    assert_int_equal(edgel_sample_init(&s, w, h, 3, true, true, NULL), EDGEL_OK);
    for (int i = 0; i < w * h; i++) {
        for (int c = 0; c < 3; c++)
            s.image[c * w * h + i] = (float)(ramps[c][0] + ramps[c][1] * (i % w) + ramps[c][2] * (i / w));
        s.label[i] = (uint16_t)i;
        s.soft[i] = s.image[i];
    }
    return s;
}

/* Where pixel (x, y) of the output comes from: the change undone step by step on points, (0, 0) the corner of the
 * image. */
static void source_of(const struct nn_geometry *g, const struct edgel_sample *in, int w, int h, int x, int y,
                      double *sx, double *sy)
{
    const double turned = g->degrees * acos(-1) / 180, dx = x + 0.5 - w / 2.0, dy = y + 0.5 - h / 2.0;
    double px = (g->left + w / 2.0 + cos(turned) * dx + sin(turned) * dy) / g->scale;
    double py = (g->top + h / 2.0 - sin(turned) * dx + cos(turned) * dy) / g->scale;
    for (int k = g->turns; k > 0; k--) {
        const double side = k % 2 ? in->h : in->w, old = px; /* height before this turn */
        px = py;
        py = side - old;
    }
    *sx = g->flip ? in->w - px : px;
    *sy = g->vflip ? in->h - py : py;
}

static void hold_ramp(const struct nn_geometry *g, const struct edgel_sample *in, int w, int h)
{
    struct edgel_arena arena = { 0 };
    struct edgel_sample out = empty_like(in, w, h);
    assert_int_equal(nn_geometry_apply(g, in, &out, &arena, NULL), EDGEL_OK);
    for (int i = 0; i < w * h; i++) {
        double x, y;
        source_of(g, in, w, h, i % w, i / w, &x, &y);
        const double in_x = fmin(x, in->w - x), in_y = fmin(y, in->h - y), depth = fmin(in_x, in_y);
        if (depth < -1e-6) {
            assert_int_equal(out.label[i], EDGEL_LABEL_IGNORE);
            assert_true(out.soft[i] == -1);
        }
        if (depth > 1e-6) {
            const int id = out.label[i];
            assert_true(id < in->w * in->h);
            assert_true(fabs(id % in->w + 0.5 - x) < 0.5 + 1e-6 && fabs(id / in->w + 0.5 - y) < 0.5 + 1e-6);
            assert_true(out.soft[i] >= 0);
        }
        if (depth > 0.5) { /* all four neighbours are there */
            for (int c = 0; c < 3; c++) {
                const double want = ramps[c][0] + ramps[c][1] * (x - 0.5) + ramps[c][2] * (y - 0.5);
                assert_true(fabs((double)out.image[c * w * h + i] - want) < 1e-6);
            }
            assert_true(fabsf(out.soft[i] - out.image[i]) < 1e-6f);
        }
        assert_true(out.image[i] >= 0.2f - 1e-6f && out.image[i] < 0.8f); /* reflected, not extrapolated */
    }
    edgel_sample_finish(&out);
    edgel_arena_finish(&arena);
}

static void rotation_and_scale_follow_the_formula(void **state)
{
    (void)state;
    struct edgel_sample in = ramp_sample(60, 47);
    struct edgel_rng r = edgel_rng_seed(3, 0, 0, 0);
    for (int k = 0; k < 150; k++) {
        const struct nn_geometry g = { .flip = k & 1,
                                       .vflip = k & 2,
                                       .sampled = true,
                                       .turns = k / 4 % 4,
                                       .scale = 0.4 + 2 * edgel_rng_uniform(&r),
                                       .degrees = 360 * edgel_rng_uniform(&r) - 180,
                                       .left = 40 * edgel_rng_uniform(&r) - 20,
                                       .top = 40 * edgel_rng_uniform(&r) - 20 };
        hold_ramp(&g, &in, 30 + k % 7, 20 + k % 11);
    }
    edgel_sample_finish(&in);
}

/* Beyond the border the image is that of the copies, and soft truth counts if all that have a share in it do. */
static void sampling_at_whole_pixels_is_copying(void **state)
{
    (void)state;
    struct edgel_arena arena = { 0 };
    for (int k = 0; k < SIZES; k++)
        for (int d = 0; d < 16; d++) {
            struct edgel_sample in = random_sample(sizes[k][0], sizes[k][1], 2, (uint64_t)d);
            struct edgel_sample want = empty_like(&in, 11, 8), got = empty_like(&in, 11, 8);
            struct nn_geometry g = {
                .flip = d & 1, .vflip = d & 2, .turns = d / 4, .scale = 1, .left = -4, .top = 1
            };
            assert_int_equal(nn_geometry_apply(&g, &in, &want, &arena, NULL), EDGEL_OK);
            g.sampled = true;
            assert_int_equal(nn_geometry_apply(&g, &in, &got, &arena, NULL), EDGEL_OK);
            assert_same_sample(&got, &want);
            edgel_sample_finish(&in);
            edgel_sample_finish(&want);
            edgel_sample_finish(&got);
        }
    edgel_arena_finish(&arena);
}

static void a_quarter_turn_by_degrees_is_one(void **state)
{
    (void)state;
    struct edgel_arena arena = { 0 };
    struct edgel_sample in = random_sample(8, 8, 3, 4), want = empty_like(&in, 8, 8),
                        got = empty_like(&in, 8, 8);
    for (int turns = 0; turns < 4; turns++) {
        const struct nn_geometry quarter = { .turns = turns, .scale = 1 };
        const struct nn_geometry degrees = { .sampled = true, .degrees = 90 * turns, .scale = 1 };
        assert_int_equal(nn_geometry_apply(&quarter, &in, &want, &arena, NULL), EDGEL_OK);
        assert_int_equal(nn_geometry_apply(&degrees, &in, &got, &arena, NULL), EDGEL_OK);
        for (int i = 0; i < 3 * 64; i++)
            assert_true(fabsf(got.image[i] - want.image[i]) < 1e-5f);
        assert_memory_equal(got.label, want.label, 64 * sizeof *got.label);
    }
    edgel_sample_finish(&in);
    edgel_sample_finish(&want);
    edgel_sample_finish(&got);
    edgel_arena_finish(&arena);
}

static void one_ignored_neighbour_is_enough(void **state)
{
    (void)state;
    struct edgel_arena arena = { 0 };
    struct edgel_sample in = ramp_sample(9, 9), out = empty_like(&in, 8, 8);
    in.soft[4 * 9 + 4] = -1;
    const struct nn_geometry half = { .sampled = true, .scale = 1, .left = 0.5, .top = 0.25 };
    assert_int_equal(nn_geometry_apply(&half, &in, &out, &arena, NULL), EDGEL_OK);
    for (int i = 0; i < 64; i++) {
        const bool near = (i % 8 == 3 || i % 8 == 4) && (i / 8 == 3 || i / 8 == 4);
        assert_true(near ? out.soft[i] == -1 : fabsf(out.soft[i] - out.image[i]) < 1e-6f);
    }
    edgel_sample_finish(&in);
    edgel_sample_finish(&out);
    edgel_arena_finish(&arena);
}

/* --- what is drawn --- */

/* Values 0..1: even? Counts in ten parts within 5 deviations. */
static void hold_even(const double *v, int n)
{
    int counts[10] = { 0 };
    for (int i = 0; i < n; i++) {
        assert_true(v[i] >= 0 && v[i] <= 1);
        counts[v[i] < 1 ? (int)(10 * v[i]) : 9]++;
    }
    for (int k = 0; k < 10; k++)
        assert_true(fabs(counts[k] - n / 10.0) < 5 * sqrt(n * 0.09));
}

static void draws_have_the_distribution_said(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    static double degrees[DRAWS], scale[DRAWS], left[DRAWS], top[DRAWS];
    int flips = 0, vflips = 0, both = 0, turns[4] = { 0 }, corners[12] = { 0 };
    struct edgel_augment a, copies;
    const struct edgel_sample in = { .w = 40, .h = 20 };
    assert_int_equal(edgel_augment_parse("flip:0.3,vflip:0.8,turn:0.6,rotate:25,scale:1", &a, NULL),
                     EDGEL_OK);
    assert_int_equal(edgel_augment_parse("flip:0.3,vflip:0.8,turn:0.6", &copies, NULL), EDGEL_OK);
    for (uint64_t i = 0; i < DRAWS; i++) {
        const struct nn_geometry g = nn_geometry_draw(&a, i, &in, 16, 100);
        const struct nn_geometry c = nn_geometry_draw(&copies, i, &in, 29, 20);
        const double w = g.turns % 2 ? 20 : 40, h = 60 - w;
        flips += g.flip;
        vflips += g.vflip;
        both += g.flip && g.vflip;
        turns[g.turns]++;
        degrees[i] = (g.degrees + 25) / 50;
        scale[i] = (log(g.scale) / log(2) + 1) / 2;
        left[i] = g.left / (w * g.scale - 16);
        top[i] = g.top / (h * g.scale - 100);
        assert_true(c.flip == g.flip && c.vflip == g.vflip && c.turns == g.turns && !c.sampled && g.sampled);
        assert_true(c.left == floor(c.left) && c.top == floor(c.top) && c.scale == 1 && c.degrees == 0);
        if (c.turns % 2 == 0) {
            assert_true(c.left >= 0 && c.left <= 11 && c.top == 0);
            corners[(int)c.left]++;
        } else
            assert_true(c.left >= -9 && c.left <= 0 && c.top >= 0 && c.top <= 20);
    }
    assert_true(fabs(flips - 0.3 * DRAWS) < 5 * sqrt(DRAWS * 0.21));
    assert_true(fabs(vflips - 0.8 * DRAWS) < 5 * sqrt(DRAWS * 0.16));
    assert_true(fabs(both - 0.24 * DRAWS) < 5 * sqrt(DRAWS * 0.18));
    assert_true(fabs(turns[0] - 0.4 * DRAWS) < 5 * sqrt(DRAWS * 0.24));
    for (int k = 1; k < 4; k++)
        assert_true(fabs(turns[k] - 0.2 * DRAWS) < 5 * sqrt(DRAWS * 0.16));
    for (int k = 0; k < 12; k++)
        assert_true(fabs(corners[k] - 0.6 * DRAWS / 12) < 5 * sqrt(0.6 * DRAWS / 12));
    hold_even(degrees, DRAWS);
    hold_even(scale, DRAWS);
    hold_even(left, DRAWS);
    hold_even(top, DRAWS);
}

static void centred_crops_lie_in_the_middle(void **state)
{
    (void)state;
    struct edgel_augment a = { .centred = true };
    const struct edgel_sample in = { .w = 40, .h = 21 };
    const struct nn_geometry g = nn_geometry_draw(&a, 9, &in, 30, 24);
    assert_true(g.left == 5 && g.top == -2 && !g.flip && !g.vflip && g.turns == 0);
    a.rotate = 10;
    const struct nn_geometry s = nn_geometry_draw(&a, 9, &in, 30, 24);
    assert_true(s.left == 5 && s.top == -1.5);
}

/* --- settings --- */

static void the_text_form_is_read(void **state)
{
    (void)state;
    struct edgel_augment a;
    memset(&a, 0x55, sizeof a);
    assert_int_equal(edgel_augment_parse("", &a, NULL), EDGEL_OK);
    const struct edgel_augment none = { 0 };
    assert_memory_equal(&a, &none, sizeof a);
    assert_int_equal(
        edgel_augment_parse("flip,turn,rotate:10,scale:0.25,brightness:0.1,contrast,gamma,noise,blur,"
                            "colour,resample,vflip:0",
                            &a, NULL),
        EDGEL_OK);
    assert_true(a.flip == 0.5 && a.turn == 0.75 && a.rotate == 10 && a.scale == 0.25 && a.brightness == 0.1);
    assert_true(a.contrast == 0.2 && a.gamma == 0.2 && a.noise == 0.05 && a.blur == 1 && a.colour == 0.1);
    assert_true(a.resample == 0.5 && a.vflip == 0);
    assert_int_equal(edgel_augment_check(&a, NULL), EDGEL_EINVAL); /* no covariance */
    a.covariance[1][1] = 0.1;
    assert_int_equal(edgel_augment_check(&a, NULL), EDGEL_OK);
    a.covariance[0][1] = 0.1;
    assert_int_equal(edgel_augment_check(&a, NULL), EDGEL_EINVAL); /* not symmetric */
    a.covariance[1][0] = 0.1;
    assert_int_equal(edgel_augment_check(&a, NULL), EDGEL_OK);
    a.covariance[2][2] = NAN;
    assert_int_equal(edgel_augment_check(&a, NULL), EDGEL_EINVAL);
    static const char *const bad[] = { "flips",      "flip,",   ",flip",    "flip,,turn", "flip:",
                                       "flip:1.1",   "flip:-1", "flip:nan", "rotate:181", "flip,flip",
                                       "flip:0.5:1", "Flip",    "blur:5.1", "scale: 1",   "noise:1x" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(edgel_augment_parse(bad[i], &a, NULL), EDGEL_EINVAL);
    char longer[300];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    for (size_t n = sizeof longer; n-- > 0;) {
        longer[n] = '\0';
        assert_int_equal(edgel_augment_parse(longer, &a, NULL), n ? EDGEL_EINVAL : EDGEL_OK);
    }
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_augment_parse("zoom", &a, &err), EDGEL_EINVAL);
    for (int i = 0; edgel_augment_at(i).name; i++)
        assert_non_null(strstr(err.msg, edgel_augment_at(i).name));
}

static void defaults_and_limits_are_those_told(void **state)
{
    (void)state;
    struct edgel_augment a;
    char text[64];
    int n = 0;
    for (; edgel_augment_at(n).name; n++) {
        const struct edgel_augment_info info = edgel_augment_at(n);
        assert_true(info.amount > 0 && info.amount <= info.most && strlen(info.what) > 8);
        snprintf(text, sizeof text, "%s:%g", info.name, info.most);
        assert_int_equal(edgel_augment_parse(text, &a, NULL), EDGEL_OK);
        double *amounts = &a.flip;
        int set = 0;
        for (int i = 0; i < 12; i++)
            if (amounts[i] > 0) {
                assert_true(amounts[i] == info.most && edgel_augment_amount(&a, n) == info.most);
                a.covariance[0][0] = 1;
                assert_int_equal(edgel_augment_check(&a, NULL), EDGEL_OK);
                amounts[i] *= 1.001;
                assert_int_equal(edgel_augment_check(&a, NULL), EDGEL_EINVAL);
                amounts[i] = NAN;
                assert_int_equal(edgel_augment_check(&a, NULL), EDGEL_EINVAL);
                amounts[i] = info.most;
                set++;
            }
        assert_int_equal(set, 1);
        snprintf(text, sizeof text, "%s:%g", info.name, info.most * 1.001);
        assert_int_equal(edgel_augment_parse(text, &a, NULL), EDGEL_EINVAL);
    }
    assert_int_equal(n, 12);
    assert_null(edgel_augment_at(-1).name);
}

/* The first part that a row lacks, as text; NULL: none. */
static const char *missing_part(const struct nn_change *c)
{
    if (!c->info.name || !c->info.name[0] || !c->info.what || !c->info.what[0] || !c->info.unit)
        return "name, what and unit";
    if (!(c->info.amount > 0 && c->info.amount <= c->info.most))
        return "amount and range";
    if (c->at % sizeof(double) || c->at > offsetof(struct edgel_augment, resample))
        return "place of the amount";
    if (!c->place + !c->light + !c->image + !c->draws != 3)
        return "one thing to do";
    if (!c->image != (c->turn == 0))
        return "turn";
    return NULL;
}

/* Rows have all parts, and share neither name nor amount nor turn; a part taken out of any of them is seen. */
static void rows_are_whole(void **state)
{
    (void)state;
    const struct nn_change *c, *other;
    int places = 0, lights = 0, images = 0, draws = 0;
    for (int i = 0; (c = nn_change_at(i)) != NULL; i++) {
        if (missing_part(c))
            fail_msg("change %d has no %s", i, missing_part(c));
        for (int k = 0; k < i; k++) {
            other = nn_change_at(k);
            assert_string_not_equal(c->info.name, other->info.name);
            assert_true(c->at != other->at && (c->turn == 0 || c->turn != other->turn));
        }
        places += c->place != NULL;
        lights += c->light != NULL;
        images += c->image != NULL;
        draws += c->draws;
        for (int part = 0; part < 7; part++) {
            struct nn_change planted = *c;
            switch (part) {
            case 0: planted.info.name = NULL; break;
            case 1: planted.info.what = ""; break;
            case 2: planted.info.unit = NULL; break;
            case 3: planted.info.amount = 2 * c->info.most; break;
            case 4: planted.at = sizeof(struct edgel_augment); break;
            case 5: planted.turn = c->turn ? 0 : 1; break;
            default:
                planted.place = NULL;
                planted.light = NULL;
                planted.image = NULL;
                planted.draws = false;
            }
            assert_non_null(missing_part(&planted));
        }
    }
    assert_true(places == 5 && lights == 2 && images == 4 && draws == 1);
}

/* --- the whole --- */

static const char everything[] =
    "flip,vflip,turn,rotate:180,scale:3,brightness:1,contrast:1,gamma:3,noise:1,blur:5,colour:4";

static void hostile_sizes_and_amounts(void **state)
{
    (void)state;
    for (int k = 0; k < 20 * SIZES; k++) {
        struct edgel_sample in =
            random_sample(sizes[k % SIZES][0], sizes[k % SIZES][1], 1 + k % 3, (uint64_t)k);
        struct edgel_sample out = empty_like(&in, 1 + k * 7 % 40, 1 + k * 11 % 33);
        assert_int_equal(run_text(everything, (uint64_t)k, &in, &out), EDGEL_OK);
        const int n = out.w * out.h;
        for (int i = 0; i < n * out.channels; i++)
            assert_true(out.image[i] >= 0 && out.image[i] <= 1);
        for (int i = 0; i < n; i++) {
            assert_true(out.label[i] < 1000 || out.label[i] == EDGEL_LABEL_IGNORE);
            assert_true(out.soft[i] == -1 || (out.soft[i] >= 0 && out.soft[i] <= 1));
        }
        edgel_sample_finish(&in);
        edgel_sample_finish(&out);
    }
}

static void the_seed_decides(void **state)
{
    (void)state;
    struct edgel_sample in = random_sample(20, 14, 3, 1);
    struct edgel_sample a = empty_like(&in, 16, 16), b = empty_like(&in, 16, 16);
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_int_equal(run_text(everything, seed, &in, &a), EDGEL_OK);
        assert_int_equal(run_text(everything, seed, &in, &b), EDGEL_OK);
        assert_same_sample(&a, &b);
        assert_int_equal(run_text(everything, seed + 20, &in, &b), EDGEL_OK);
        assert_memory_not_equal(a.image, b.image, 256 * sizeof *a.image);
        /* One change more leaves the others as they are. */
        assert_int_equal(run_text("flip,turn,rotate,scale", seed, &in, &a), EDGEL_OK);
        assert_int_equal(run_text("flip,turn,rotate,scale,blur,noise", seed, &in, &b), EDGEL_OK);
        assert_memory_equal(a.label, b.label, 256 * sizeof *a.label);
        assert_memory_not_equal(a.image, b.image, 256 * sizeof *a.image);
    }
    edgel_sample_finish(&in);
    edgel_sample_finish(&a);
    edgel_sample_finish(&b);
}

static void wrong_samples_are_refused(void **state)
{
    (void)state;
    struct edgel_sample good = random_sample(4, 4, 3, 1), out = empty_like(&good, 4, 4), s;
    struct edgel_sample bad[7] = { good, good, good, good, good, good, good };
    bad[0].w = 0;
    bad[1].h = -3;
    bad[2].w = (1 << 20) + 1;
    bad[3].channels = 0;
    bad[4].channels = 2;
    bad[5].label = NULL;
    bad[6].soft = NULL;
    for (int i = 0; i < 7; i++)
        assert_int_equal(run_text("flip", 1, &bad[i], &out), EDGEL_EINVAL);
    out.h = 0;
    assert_int_equal(run_text("flip", 1, &good, &out), EDGEL_EINVAL);
    out.h = 4;
    assert_int_equal(run_text("colour", 1, &good, &out), EDGEL_OK);
    struct edgel_augment wrong_amount = { .flip = 2 };
    struct edgel_augment_scratch *scratch = edgel_augment_scratch_create();
    assert_int_equal(edgel_augment_sample(&wrong_amount, 1, &good, &out, scratch, NULL), EDGEL_EINVAL);
    edgel_augment_scratch_destroy(&scratch);
    edgel_augment_scratch_destroy(&scratch);
    struct edgel_sample four = random_sample(4, 4, 4, 1), four_out = empty_like(&four, 4, 4);
    assert_int_equal(run_text("flip,blur", 1, &four, &four_out), EDGEL_OK);
    assert_int_equal(run_text("colour", 1, &four, &four_out), EDGEL_EINVAL);
    const int wrong[][3] = { { 0, 1, 1 }, { 1, 0, 1 }, { 1, 1, 0 }, { 1 << 21, 1, 1 }, { 1, 1, 4097 } };
    for (int i = 0; i < 5; i++) {
        memset(&s, 0x55, sizeof s);
        assert_int_equal(edgel_sample_init(&s, wrong[i][0], wrong[i][1], wrong[i][2], true, true, NULL),
                         EDGEL_EINVAL);
        assert_true(!s.image && !s.label && !s.soft && s.w == 0);
    }
    edgel_sample_finish(&good);
    edgel_sample_finish(&out);
    edgel_sample_finish(&four);
    edgel_sample_finish(&four_out);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    const long before = edgel_alloc_live();
    struct edgel_sample in = random_sample(300, 200, 3, 1), out = empty_like(&in, 300, 200);
    struct edgel_augment a;
    static const char *const texts[] = { "flip", "rotate", "rotate,blur" };
    for (int k = 0; k < 3; k++) {
        assert_int_equal(edgel_augment_parse(texts[k], &a, NULL), EDGEL_OK);
        long n = 0;
        enum edgel_status st = EDGEL_ENOMEM;
        for (; st == EDGEL_ENOMEM; n++) {
            struct edgel_augment_scratch *scratch = edgel_augment_scratch_create();
            edgel_alloc_fail_after(n);
            st = edgel_augment_sample(&a, 1, &in, &out, scratch, NULL);
            edgel_alloc_fail_after(-1);
            edgel_augment_scratch_destroy(&scratch);
        }
        assert_int_equal(st, EDGEL_OK);
        assert_int_equal(n, k == 2 ? 3 : 2);
    }
    for (long n = 0; n < 3; n++) {
        struct edgel_sample s;
        edgel_alloc_fail_after(n);
        assert_int_equal(edgel_sample_init(&s, 5, 5, 3, true, true, NULL), EDGEL_ENOMEM);
        edgel_alloc_fail_after(-1);
        assert_null(s.image);
    }
    edgel_alloc_fail_after(0);
    assert_null(edgel_augment_scratch_create());
    edgel_alloc_fail_after(-1);
    edgel_sample_finish(&in);
    edgel_sample_finish(&out);
    assert_int_equal(edgel_alloc_live(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flips_turns_and_crops_are_copies),
        cmocka_unit_test(drawn_copies_follow_the_draw),
        cmocka_unit_test(what_is_undone_is_as_before),
        cmocka_unit_test(rotation_and_scale_follow_the_formula),
        cmocka_unit_test(sampling_at_whole_pixels_is_copying),
        cmocka_unit_test(a_quarter_turn_by_degrees_is_one),
        cmocka_unit_test(one_ignored_neighbour_is_enough),
        cmocka_unit_test(draws_have_the_distribution_said),
        cmocka_unit_test(centred_crops_lie_in_the_middle),
        cmocka_unit_test(the_text_form_is_read),
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(defaults_and_limits_are_those_told),
        cmocka_unit_test(hostile_sizes_and_amounts),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(wrong_samples_are_refused),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
