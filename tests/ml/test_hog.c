/* Histograms of oriented gradients against scikit-image's (tests/golden/skimage_hog.txt;
 * scripts/makers/make_skimage_hog.py made it), against a twin pixel by pixel, and what holds for any image. */
#include "core/core_priv.h"
#include "edgel/ml_features.h"
#include "ml/ml_dsp.h"
#include "random.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t rng_state = 171;

enum { SIDE = 40, VALUES_MAX = 40000 };

static struct edgel_view view_of(const void *data, int w, int h, int channels, enum edgel_type type)
{
    return (struct edgel_view){ .data = data,
                                .w = w,
                                .h = h,
                                .channels = channels,
                                .type = type,
                                .stride = (ptrdiff_t)((size_t)(w * channels) * edgel_type_size(type)) };
}

static void descriptors_are_those_of_scikit_image(void **unused)
{
    (void)unused;
    static char line[VALUES_MAX];
    static uint8_t image[SIDE * SIDE * 3];
    static float values[4096];
    char path[1024];
    struct edgel_view view = { 0 };
    int cases = 0, w, h, channels;
    (void)snprintf(path, sizeof path, "%s/tests/golden/skimage_hog.txt", getenv("EDGEL_SOURCE"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        struct edgel_hog_params p;
        struct edgel_hog_shape shape;
        int norm;
        if (line[0] == '#')
            continue;
        if (sscanf(line, "image %d %d %d", &w, &h, &channels) == 3) {
            assert_non_null(fgets(line, sizeof line, f));
            char *at = line;
            for (int i = 0; i < w * h * channels; i++)
                image[i] = (uint8_t)strtol(at, &at, 10);
            view = view_of(image, w, h, channels, EDGEL_U8);
            continue;
        }
        edgel_hog_params_init(&p);
        p.rules = EDGEL_HOG_NEAREST;
        assert_int_equal(sscanf(line, "hog %d %d %d %d", &p.cell, &p.block, &p.bins, &norm), 4);
        p.norm = (enum edgel_hog_norm)norm;
        assert_int_equal(edgel_hog_shape_of(&p, w, h, &shape, NULL), EDGEL_OK);
        assert_int_equal(edgel_hog(view, &p, values, shape.values, NULL), EDGEL_OK);
        assert_non_null(fgets(line, sizeof line, f));
        char *at = line;
        for (size_t i = 0; i < shape.values; i++)
            assert_true(fabs(strtod(at, &at) - values[i]) < 1e-6);
        assert_true(*at == '\n');
        cases++;
    }
    (void)fclose(f);
    assert_int_equal(cases, 8);
}

/* --- pixel by pixel --- */

static double sample(const float *image, int w, int h, int channels, int x, int y, int c)
{
    x = x < 0 ? 0 : x >= w ? w - 1 : x;
    y = y < 0 ? 0 : y >= h ? h - 1 : y;
    return image[(y * w + x) * channels + c];
}

/* Votes of the rules TRILINEAR: each cell asks each pixel how near it is. */
static double cell_of_twin(const float *image, int w, int h, int channels, const struct edgel_hog_params *p,
                           int cx, int cy, int bin)
{
    const double turn = p->signed_bins ? 6.283185307179586 : 3.141592653589793;
    double sum = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double gx = 0, gy = 0;
            for (int c = 0; c < channels; c++) {
                const double a =
                    sample(image, w, h, channels, x + 1, y, c) - sample(image, w, h, channels, x - 1, y, c);
                const double b =
                    sample(image, w, h, channels, x, y + 1, c) - sample(image, w, h, channels, x, y - 1, c);
                if (a * a + b * b > gx * gx + gy * gy) {
                    gx = a;
                    gy = b;
                }
            }
            double angle = atan2(gy, gx) / turn * p->bins - 0.5 - bin; /* bins from the middle of this one */
            angle -= floor(angle / p->bins + 0.5) * p->bins;
            const double dx = fabs((x + 0.5) / p->cell - 0.5 - cx), dy = fabs((y + 0.5) / p->cell - 0.5 - cy);
            if (dx < 1 && dy < 1 && fabs(angle) < 1)
                sum += sqrt(gx * gx + gy * gy) * (1 - dx) * (1 - dy) * (1 - fabs(angle));
        }
    return sum;
}

static void votes_are_those_of_each_pixel(void **unused)
{
    (void)unused;
    static float image[SIDE * SIDE * 3], values[VALUES_MAX];
    for (int k = 0; k < 12; k++) {
        const int w = 12 + (int)random_below(&rng_state, 12), h = 12 + (int)random_below(&rng_state, 12);
        const int channels = k % 2 ? 3 : 1;
        struct edgel_hog_params p;
        struct edgel_hog_shape s;
        edgel_hog_params_init(&p);
        p.cell = 3 + k % 4;
        p.block = 1; /* a block that is a cell, normalised by its sum: shares of bins */
        p.step = 1;
        p.bins = 4 + k % 6;
        p.signed_bins = k % 3 == 0;
        p.norm = EDGEL_HOG_L1;
        for (int i = 0; i < w * h * channels; i++)
            image[i] = (float)random_below(&rng_state, 1000) / 10;
        assert_int_equal(edgel_hog_shape_of(&p, w, h, &s, NULL), EDGEL_OK);
        assert_int_equal(edgel_hog(view_of(image, w, h, channels, EDGEL_F32), &p, values, s.values, NULL),
                         EDGEL_OK);
        for (int cy = 0; cy < s.cells_y; cy++)
            for (int cx = 0; cx < s.cells_x; cx++) {
                double want[36], sum = 1e-5;
                for (int b = 0; b < p.bins; b++)
                    sum += want[b] = cell_of_twin(image, w, h, channels, &p, cx, cy, b);
                for (int b = 0; b < p.bins; b++)
                    assert_true(fabs(want[b] / sum - values[(cy * s.cells_x + cx) * p.bins + b]) < 1e-6);
            }
    }
}

/* The types of samples give the same descriptor, root is that of the samples, and blocks overlap as they should. */
static void types_roots_and_steps_agree(void **unused)
{
    (void)unused;
    static uint8_t bytes[SIDE * SIDE];
    static uint16_t words[SIDE * SIDE];
    static float floats[SIDE * SIDE], roots[SIDE * SIDE], a[VALUES_MAX], b[VALUES_MAX];
    struct edgel_hog_params p;
    struct edgel_hog_shape s;
    edgel_hog_params_init(&p);
    for (int i = 0; i < SIDE * SIDE; i++) {
        bytes[i] = (uint8_t)random_below(&rng_state, 256);
        words[i] = bytes[i];
        floats[i] = bytes[i];
        roots[i] = sqrtf(bytes[i]);
    }
    p.cell = 4;
    assert_int_equal(edgel_hog_shape_of(&p, SIDE, SIDE, &s, NULL), EDGEL_OK);
    assert_true(s.cells_x == 10 && s.blocks_x == 9 && s.values == 9 * 9 * 4 * 9);
    assert_int_equal(edgel_hog(view_of(bytes, SIDE, SIDE, 1, EDGEL_U8), &p, a, s.values, NULL), EDGEL_OK);
    assert_int_equal(edgel_hog(view_of(words, SIDE, SIDE, 1, EDGEL_U16), &p, b, s.values, NULL), EDGEL_OK);
    assert_memory_equal(a, b, s.values * sizeof *a);
    assert_int_equal(edgel_hog(view_of(floats, SIDE, SIDE, 1, EDGEL_F32), &p, b, s.values, NULL), EDGEL_OK);
    assert_memory_equal(a, b, s.values * sizeof *a);

    p.step = 2; /* every other block, in both directions */
    struct edgel_hog_shape half;
    assert_int_equal(edgel_hog_shape_of(&p, SIDE, SIDE, &half, NULL), EDGEL_OK);
    assert_int_equal(edgel_hog(view_of(bytes, SIDE, SIDE, 1, EDGEL_U8), &p, b, half.values, NULL), EDGEL_OK);
    assert_true(half.blocks_x == 5 && half.blocks_y == 5);
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 5; x++)
            assert_memory_equal(b + (y * 5 + x) * 36, a + (2 * y * 9 + 2 * x) * 36, 36 * sizeof *a);

    assert_int_equal(edgel_hog(view_of(roots, SIDE, SIDE, 1, EDGEL_F32), &p, a, half.values, NULL), EDGEL_OK);
    p.root = true;
    assert_int_equal(edgel_hog(view_of(bytes, SIDE, SIDE, 1, EDGEL_U8), &p, b, half.values, NULL), EDGEL_OK);
    for (size_t i = 0; i < half.values; i++)
        assert_true(fabsf(a[i] - b[i]) < 1e-5F);

    memset(bytes, 77, sizeof bytes); /* nothing to see: 0, not NaN */
    assert_int_equal(edgel_hog(view_of(bytes, SIDE, SIDE, 1, EDGEL_U8), &p, b, half.values, NULL), EDGEL_OK);
    for (size_t i = 0; i < half.values; i++)
        assert_true(b[i] == 0);
}

/* Turning an image by 90 degrees turns unsigned orientations by half their number. */
static void a_turned_image_has_turned_orientations(void **unused)
{
    (void)unused;
    static uint8_t image[24 * 24], turned[24 * 24];
    static float a[VALUES_MAX], b[VALUES_MAX];
    struct edgel_hog_params p;
    struct edgel_hog_shape s;
    edgel_hog_params_init(&p);
    p.bins = 8;
    p.cell = 6;
    p.block = 1;
    for (int i = 0; i < 24 * 24; i++)
        image[i] = (uint8_t)random_below(&rng_state, 256);
    for (int y = 0; y < 24; y++)
        for (int x = 0; x < 24; x++)
            turned[x * 24 + 23 - y] = image[y * 24 + x];
    assert_int_equal(edgel_hog_shape_of(&p, 24, 24, &s, NULL), EDGEL_OK);
    assert_int_equal(edgel_hog(view_of(image, 24, 24, 1, EDGEL_U8), &p, a, s.values, NULL), EDGEL_OK);
    assert_int_equal(edgel_hog(view_of(turned, 24, 24, 1, EDGEL_U8), &p, b, s.values, NULL), EDGEL_OK);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++)
            for (int k = 0; k < 8; k++)
                assert_true(fabsf(a[(y * 4 + x) * 8 + k] - b[(x * 4 + 3 - y) * 8 + (k + 4) % 8]) < 1e-6F);
}

static void levels_have_the_same_bits(void **unused)
{
    (void)unused;
    static const unsigned levels[] = { EDGEL_CPU_AVX2, EDGEL_CPU_AVX2 | EDGEL_CPU_AVX512 };
    struct ml_dsp plain, dsp;
    double x[67], y[67], length[2][67], turn[2][67];
    ml_dsp_init(&plain, 0);
    for (int k = 0; k < 400; k++) {
        const size_t n = 1 + random_below(&rng_state, 66);
        for (size_t i = 0; i < n; i++) {
            x[i] = (double)random_below(&rng_state, 7) - 3 +
                   (k % 2 ? (double)random_bits(&rng_state) * 0x1p-64 : 0);
            y[i] = (double)random_below(&rng_state, 7) - 3;
        }
        plain.polar(length[0], turn[0], x, y, n, k % 3 == 0);
        for (size_t i = 0; i < n; i++) {
            const double period = k % 3 == 0 ? 2 : 1;
            double want = atan2(y[i], x[i]) / 3.141592653589793, away;
            away = fabs(turn[0][i] - want);
            away = fabs(away - period * floor(away / period + 0.5));
            assert_true(turn[0][i] >= 0 && turn[0][i] < period && away < 1e-10);
            assert_true(fabs(length[0][i] - hypot(x[i], y[i])) < 1e-14);
        }
        for (size_t level = 0; level < 2; level++) {
            if ((edgel_cpu_flags() & levels[level]) != levels[level])
                continue;
            ml_dsp_init(&dsp, levels[level]);
            dsp.polar(length[1], turn[1], x, y, n, k % 3 == 0);
            assert_memory_equal(length[0], length[1], n * sizeof *x);
            assert_memory_equal(turn[0], turn[1], n * sizeof *x);
        }
    }
}

/* An upright edge is drawn upright. */
static void strokes_lie_along_edges(void **unused)
{
    (void)unused;
    uint8_t image[16 * 16];
    struct edgel_hog_params p;
    struct edgel_image out = { 0 };
    edgel_hog_params_init(&p);
    p.bins = 8;
    for (int upright = 0; upright < 2; upright++) {
        for (int i = 0; i < 16 * 16; i++)
            image[i] = (upright ? i % 16 : i / 16) < 4 ? 0 : 200;
        assert_int_equal(edgel_hog_picture(view_of(image, 16, 16, 1, EDGEL_U8), &p, &out, NULL), EDGEL_OK);
        int column = 0, row = 0; /* lit pixels within a pixel of the middle lines of the first cell */
        for (int i = 1; i < 7; i++) {
            const uint8_t *data = out.data;
            column += data[i * out.stride + 3] > 0 || data[i * out.stride + 4] > 0;
            row += data[3 * out.stride + i] > 0 || data[4 * out.stride + i] > 0;
        }
        assert_true(upright ? column == 6 && row < 6 : row == 6 && column < 6);
    }
    edgel_image_finish(&out);
}

static void failing_memory_and_bad_values_are_refused(void **unused)
{
    (void)unused;
    uint8_t image[32 * 32] = { 0 };
    static float values[VALUES_MAX];
    struct edgel_hog_params good, p;
    struct edgel_hog_shape s;
    struct edgel_image out = { 0 };
    edgel_hog_params_init(&good);
    const struct edgel_view view = view_of(image, 32, 32, 1, EDGEL_U8);
    assert_int_equal(edgel_hog_shape_of(&good, 32, 32, &s, NULL), EDGEL_OK);
    for (long n = 0; n < 4; n++) {
        edgel_alloc_fail_after(n);
        assert_int_equal(edgel_hog(view, &good, values, s.values, NULL), EDGEL_ENOMEM);
        edgel_alloc_fail_after(n);
        assert_int_equal(edgel_hog_picture(view, &good, &out, NULL), EDGEL_ENOMEM);
        edgel_alloc_fail_after(-1);
        assert_int_equal(edgel_alloc_live(), 0);
    }
#define REFUSE(change, text)                                                         \
    do {                                                                             \
        struct edgel_error err = { 0 };                                              \
        p = good;                                                                    \
        p.change;                                                                    \
        assert_int_equal(edgel_hog(view, &p, values, s.values, &err), EDGEL_EINVAL); \
        assert_non_null(strstr(err.msg, text));                                      \
        assert_int_equal(edgel_hog_picture(view, &p, &out, NULL), EDGEL_EINVAL);     \
    } while (0)
    REFUSE(cell = 1, "cell 1: must be 2..256");
    REFUSE(block = 17, "block 17: must be 1..16");
    REFUSE(step = 3, "step 3: must be 1..2");
    REFUSE(bins = 1, "bins 1: must be 2..36");
    REFUSE(norm = (enum edgel_hog_norm)4, "norm 4");
    REFUSE(rules = (enum edgel_hog_rules)2, "rules 2");
    REFUSE(cell = 17, "must have a block of 34x34 pixels");
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_hog(view, &good, values, s.values - 1, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "the descriptor has 324"));
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_those_of_scikit_image),
        cmocka_unit_test(votes_are_those_of_each_pixel),
        cmocka_unit_test(types_roots_and_steps_agree),
        cmocka_unit_test(a_turned_image_has_turned_orientations),
        cmocka_unit_test(levels_have_the_same_bits),
        cmocka_unit_test(strokes_lie_along_edges),
        cmocka_unit_test(failing_memory_and_bad_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
