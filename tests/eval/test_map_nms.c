/* Suppression of soft maps against a twin that is written from the recipe alone, with atan, sine and cosine. */
#include "eval/eval_priv.h"
#include "eval_defaults.h"
#include "random.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 40 };

static uint64_t seed = 7;

static uint32_t rnd(uint32_t n)
{
    return random_below(&seed, n);
}

struct plane {
    int w, h;
    double v[SIDE][SIDE];
};

/* Mirrored by walking back and forth. */
static double at(const struct plane *p, int x, int y)
{
    while (x < 0 || x >= p->w)
        x = x < 0 ? -x - 1 : 2 * p->w - 1 - x;
    while (y < 0 || y >= p->h)
        y = y < 0 ? -y - 1 : 2 * p->h - 1 - y;
    return p->v[y][x];
}

static void blur(const struct plane *from, struct plane *to, const int *taps, int reach)
{
    *to = *from;
    for (int y = 0; y < from->h; y++)
        for (int x = 0; x < from->w; x++) {
            double sum = 0, total = 0;
            for (int j = -reach; j <= reach; j++)
                for (int i = -reach; i <= reach; i++) {
                    const double tap = (double)taps[i + reach] * taps[j + reach];
                    sum += tap * at(from, x + i, y + j);
                    total += tap;
                }
            to->v[y][x] = sum / total;
        }
}

static void gradient(const struct plane *p, bool along_x, struct plane *to)
{
    *to = *p;
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++) {
            const int i = along_x ? x : y, n = along_x ? p->w : p->h, lo = i > 0 ? i - 1 : i,
                      hi = i < n - 1 ? i + 1 : i;
            const double a = along_x ? p->v[y][lo] : p->v[lo][x], b = along_x ? p->v[y][hi] : p->v[hi][x];
            to->v[y][x] = hi > lo ? (b - a) / (hi - lo) : 0;
        }
}

static double clamp(double v, int n)
{
    return v < 0 || n < 2 ? 0 : v > n - 1.001 ? n - 1.001 : v;
}

static double bilinear(const struct plane *p, double x, double y)
{
    x = clamp(x, p->w);
    y = clamp(y, p->h);
    const int i = (int)x, j = (int)y;
    const double u = x - i, v = y - j;
    return at(p, i, j) * (1 - u) * (1 - v) + at(p, i + 1, j) * u * (1 - v) + at(p, i, j + 1) * (1 - u) * v +
           at(p, i + 1, j + 1) * u * v;
}

static double faded(double v, int i, int n)
{
    const int s = n / 2 < 5 ? n / 2 : 5;
    if (i < s)
        v *= (double)i / s;
    if (n - 1 - i < s)
        v *= (double)(n - 1 - i) / s;
    return v;
}

/* *close counts pixels whose decision hangs on the last digits. */
static void naive(const struct plane *map, double ratio, int radius, uint8_t out[SIDE][SIDE],
                  bool close[SIDE][SIDE])
{
    static const int narrow[] = { 1, 2, 1 }, wide[] = { 1, 2, 3, 4, 5, 4, 3, 2, 1 };
    static struct plane e, s, sx, sy, xx, xy, yy;
    blur(map, &e, narrow, 1);
    blur(&e, &s, wide, 4);
    gradient(&s, true, &sx);
    gradient(&s, false, &sy);
    gradient(&sx, true, &xx);
    gradient(&sy, true, &xy);
    gradient(&sy, false, &yy);
    for (int y = 0; y < map->h; y++)
        for (int x = 0; x < map->w; x++) {
            const double sign = xy.v[y][x] > 0 ? -1 : xy.v[y][x] < 0 ? 1 : 0;
            const double angle = atan(yy.v[y][x] * sign / (xx.v[y][x] + 1e-5));
            double v = e.v[y][x];
            close[y][x] = fabs(xy.v[y][x]) < 1e-12;
            for (int d = -radius; d <= radius; d++) {
                const double other = bilinear(&e, x + d * cos(angle), y + d * sin(angle));
                if (d != 0 && e.v[y][x] * ratio < other)
                    v = 0;
                close[y][x] |= d != 0 && fabs(e.v[y][x] * ratio - other) < 1e-9;
            }
            v = faded(faded(v, x, map->w), y, map->h) * 255;
            close[y][x] |= fabs(v - floor(v) - 0.5) < 1e-9;
            out[y][x] = (uint8_t)floor(v + 0.5);
        }
}

static void make_map(struct plane *p, uint8_t *bytes)
{
    p->w = 1 + (int)rnd(SIDE);
    p->h = 1 + (int)rnd(SIDE);
    const double cx = rnd(40), cy = rnd(40), r = 4 + rnd(20);
    const uint32_t noise = 1 + rnd(120);
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++) {
            const double ring = 130 * exp(-pow((hypot(x - cx, y - cy) - r) / 3, 2));
            const int v = (int)ring + (int)rnd(noise);
            bytes[y * p->w + x] = (uint8_t)(rnd(30) == 0 ? 0 : v);
            p->v[y][x] = bytes[y * p->w + x] / 255.0;
        }
}

static void test_against_twin(void **state)
{
    (void)state;
    size_t kept = 0, all = 0, unsure = 0;
    for (int round = 0; round < 60; round++) {
        static struct plane p;
        static uint8_t bytes[SIDE * SIDE], out[SIDE * SIDE], want[SIDE][SIDE];
        static bool close[SIDE][SIDE];
        const double ratio = round % 3 ? 1.01 : 1.04;
        const int radius = 1 + round % 2;
        make_map(&p, bytes);
        const struct edgel_mask map = { .view = { bytes, p.w, p.h, 1, EDGEL_U8, p.w }, .bits = 8 };
        assert_int_equal(edgel_map_nms(&map, 255, ratio, radius, out, NULL), EDGEL_OK);
        naive(&p, ratio, radius, want, close);
        for (int y = 0; y < p.h; y++)
            for (int x = 0; x < p.w; x++) {
                if (out[y * p.w + x] != want[y][x] && !close[y][x])
                    fail_msg("round %d, %dx%d at %d, %d: %d, not %d", round, p.w, p.h, x, y, out[y * p.w + x],
                             want[y][x]);
                kept += out[y * p.w + x] > 0;
                all++;
                unsure += close[y][x];
            }
    }
    assert_true(kept > all / 20 && kept < all / 2 && unsure < all / 50);
}

/* A thick line becomes one pixel wide; its middle stays. */
static void test_line(void **state)
{
    (void)state;
    enum { W = 30, H = 24 };
    static uint8_t bytes[W * H], out[W * H];
    static float reals[W * H];
    for (int i = 0; i < W * H; i++) {
        bytes[i] = (uint8_t)(250 - 40 * abs(i % W - 14) > 0 ? 250 - 40 * abs(i % W - 14) : 0);
        reals[i] = (float)bytes[i] / 255;
    }
    const struct edgel_mask map = { .view = { bytes, W, H, 1, EDGEL_U8, W }, .bits = 8 };
    assert_int_equal(edgel_map_nms(&map, 255, 1.01, 1, out, NULL), EDGEL_OK);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            assert_true((out[y * W + x] > 0) == (x == 14 && y > 0 && y < H - 1));
    assert_int_equal(out[10 * W + 14], 230); /* (210 + 2 * 250 + 210) / 4 */
    assert_int_equal(out[2 * W + 14], 92);   /* two fifths of it */
    const struct edgel_mask real = { .view = { reals, W, H, 1, EDGEL_F32, W * (ptrdiff_t)sizeof *reals },
                                     .bits = 32 };
    static uint8_t same[W * H];
    assert_int_equal(edgel_map_nms(&real, 1, 1.01, 1, same, NULL), EDGEL_OK);
    assert_memory_equal(out, same, sizeof out);
    reals[5] = NAN;
    reals[6] = INFINITY;
    assert_int_equal(edgel_map_nms(&real, 1, 1.01, 1, same, NULL), EDGEL_OK);
}

static struct edgel_measure measure_of(void)
{
    struct edgel_measure m = measure_defaults();
    m.labels = EDGEL_LABELS_BINARY;
    ask(&m, "boundary", 1);
    m.thresholds = 9;
    ask(&m, "nms", true);
    return m;
}

/* Boundaries of the suppressed map are those that are matched; every allocation fails in turn. */
static void test_measured(void **state)
{
    (void)state;
    static struct plane p;
    static uint8_t bytes[SIDE * SIDE], out[SIDE * SIDE];
    do
        make_map(&p, bytes);
    while (p.w < 20 || p.h < 20);
    const struct edgel_mask map = { .view = { bytes, p.w, p.h, 1, EDGEL_U8, p.w }, .bits = 8 };
    const struct edgel_mask maxima = { .view = { out, p.w, p.h, 1, EDGEL_U8, p.w }, .bits = 8 };
    struct edgel_measure m = measure_of(), plain = m;
    struct edgel_row a = { 0 }, b = { 0 };
    assert_int_equal(edgel_map_nms(&map, 255, 1.03, 2, out, NULL), EDGEL_OK);
    ask(&plain, "nms", false);
    ask(&m, "nms_ratio", 1.03);
    ask(&m, "nms_radius", 2);
    assert_int_equal(edgel_measure_image(&plain, &maxima, false, &map, 1, NULL, &a, NULL), EDGEL_OK);
    enum edgel_status st = EDGEL_ENOMEM;
    for (long n = 0; st == EDGEL_ENOMEM; n++) {
        const long live = edgel_alloc_live();
        edgel_alloc_fail_after(n);
        st = edgel_measure_image(&m, &map, false, &map, 1, NULL, &b, NULL);
        edgel_alloc_fail_after(-1);
        if (st != EDGEL_OK)
            assert_int_equal(edgel_alloc_live(), live);
    }
    assert_int_equal(st, EDGEL_OK);
    assert_memory_equal(edgel_row_boundary(&a)->prediction, edgel_row_boundary(&b)->prediction,
                        9 * sizeof *edgel_row_boundary(&a)->prediction);
    assert_true(edgel_row_boundary(&a)->prediction[0] > 0);
    edgel_row_finish(&a);
    edgel_row_finish(&b);
}

static void test_refused(void **state)
{
    (void)state;
    static uint8_t bytes[15 * 15];
    static double grid[15 * 15];
    const struct edgel_mask small = { .view = { bytes, 7, 7, 1, EDGEL_U8, 7 }, .bits = 8 };
    const struct edgel_truth truth = { .boundaries = &small, .segmentations = &small, .n = 1 };
    struct edgel_prediction p = { .ucm2 = grid, .w = 15, .h = 15 };
    struct edgel_measure m = measure_of();
    struct edgel_row row = { 0 };
    assert_int_equal(edgel_measure_maps(&m, &p, false, &truth, &row, NULL), EDGEL_EFORMAT);
    p = (struct edgel_prediction){ .map = &small };
    for (int i = 0; i < 6; i++) {
        m = measure_of();
        ask(&m, "nms_ratio", i == 0 ? 0.99 : i == 1 ? NAN : 1.01);
        ask(&m, "nms_radius", i == 2 ? 0 : i == 3 ? 101 : 1);
        m.listed = i == 4;
        ask(&m, "regions", i == 5);
        assert_int_equal(edgel_measure_maps(&m, &p, false, &truth, &row, NULL), EDGEL_EINVAL);
    }
}

/* What is no soft map is refused before its values are looked at. */
static void test_maps_are_checked(void **state)
{
    (void)state;
    static float bytes[3 * 15 * 15];
    const struct edgel_mask truths = { .view = { bytes, 7, 7, 1, EDGEL_U8, 7 }, .bits = 8 };
    const struct edgel_truth truth = { .boundaries = &truths, .segmentations = &truths, .n = 1 };
    const struct edgel_view odd[] = { { NULL, 7, 7, 1, EDGEL_U8, 7 },
                                      { bytes, 7, 7, 5, EDGEL_U8, 35 },
                                      { bytes, 7, 7, 1, EDGEL_I16, 14 },
                                      { bytes, 7, 7, 1, EDGEL_I32, 28 },
                                      { bytes, 7, 7, 3, EDGEL_F32, 84 } };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        for (int nms = 0; nms < 2; nms++) {
            const struct edgel_mask map = { .view = odd[i], .bits = 8 };
            const struct edgel_prediction p = { .map = &map };
            struct edgel_measure m = measure_of();
            struct edgel_row row = { 0 };
            ask(&m, "nms", nms);
            assert_int_equal(edgel_measure_maps(&m, &p, false, &truth, &row, NULL),
                             odd[i].type == EDGEL_F32 ? EDGEL_EFORMAT : EDGEL_EINVAL);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_twin), cmocka_unit_test(test_line),
                                        cmocka_unit_test(test_measured), cmocka_unit_test(test_refused),
                                        cmocka_unit_test(test_maps_are_checked) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
