/* The bank of pixel features against its formulas pixel by pixel, and what holds for any image. The oracle
 * scripts/oracles/check_features_scipy.py compares with SciPy on photographs. */
#include "edgel/ml_features.h"
#include "filter_twin.h"

enum { W = 23, H = 19, VALUES = 3 + 6 * 9 };

static struct edgel_bank_params all;

static struct edgel_image image_of_noise(int w, int h, int channels, enum edgel_type type)
{
    struct edgel_image img = make(w, h, channels, type);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < channels; c++)
                set(&img, x, y, c, type == EDGEL_F32 ? (double)(rnd() % 1000) / 1000 : (double)(rnd() % 256));
    return img;
}

/* --- the formulas, in double, a pixel at a time --- */

static double plane[H][W];

static int mirrored(int i, int n)
{
    while (n > 1 && (i < 0 || i >= n))
        i = i < 0 ? -i : 2 * n - 2 - i;
    return n > 1 ? i : 0;
}

static void smooth(double from[H][W], double to[H][W], double sigma)
{
    const int radius = ((int)nearbyint(8 * sigma + 1) | 1) / 2;
    static double between[H][W];
    double sum = 0;
    for (int k = -radius; k <= radius; k++)
        sum += exp(-k * k / (2 * sigma * sigma));
    for (int pass = 0; pass < 2; pass++)
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                double v = 0;
                for (int k = -radius; k <= radius; k++)
                    v += exp(-k * k / (2 * sigma * sigma)) / sum *
                         (pass == 0 ? from[y][mirrored(x + k, W)] : between[mirrored(y + k, H)][x]);
                (pass == 0 ? between : to)[y][x] = v;
            }
}

static double at(double v[H][W], int x, int y)
{
    return v[y < 0 ? 0 : y >= H ? H - 1 : y][x < 0 ? 0 : x >= W ? W - 1 : x];
}

static void slopes(double v[H][W], double gx[H][W], double gy[H][W])
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            gx[y][x] = (at(v, x + 1, y) - at(v, x - 1, y)) / 2;
            gy[y][x] = (at(v, x, y + 1) - at(v, x, y - 1)) / 2;
        }
}

/* The values of one scale at (x, y), in the order of the table without colour. */
static void values_of_twin(double sigma, int x, int y, double *to)
{
    static double g[H][W], gx[H][W], gy[H][W], xx[H][W], xy[H][W], yx[H][W], yy[H][W], narrow[H][W],
        p[3][H][W], square[H][W];
    static double of = -1;
    if (of != sigma) {
        of = sigma;
        smooth(plane, g, sigma);
        slopes(g, gx, gy);
        slopes(gx, xx, xy);
        slopes(gy, yx, yy);
        for (int v = 0; v < H; v++)
            for (int u = 0; u < W; u++) {
                p[0][v][u] = gx[v][u] * gx[v][u];
                p[1][v][u] = gx[v][u] * gy[v][u];
                p[2][v][u] = gy[v][u] * gy[v][u];
                square[v][u] = plane[v][u] * plane[v][u];
            }
        for (int k = 0; k < 3; k++)
            smooth(p[k], p[k], sigma);
        smooth(square, square, sigma);
        smooth(plane, narrow, 0.66 * sigma);
    }
    const double h = (xx[y][x] - yy[y][x]) / 2, s = (p[0][y][x] - p[2][y][x]) / 2;
    const double bent = sqrt(h * h + xy[y][x] * xy[y][x]), turned = sqrt(s * s + p[1][y][x] * p[1][y][x]);
    const double variance = square[y][x] - g[y][x] * g[y][x];
    const double values[] = { g[y][x],
                              hypot(gx[y][x], gy[y][x]),
                              xx[y][x] + yy[y][x],
                              (xx[y][x] + yy[y][x]) / 2 + bent,
                              (xx[y][x] + yy[y][x]) / 2 - bent,
                              (p[0][y][x] + p[2][y][x]) / 2 + turned,
                              (p[0][y][x] + p[2][y][x]) / 2 - turned,
                              sqrt(fmax(0, variance)),
                              g[y][x] - narrow[y][x] };
    memcpy(to, values, sizeof values);
}

static void values_are_those_of_the_formulas(void **unused)
{
    (void)unused;
    static const double kinds[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };
    static float values[H * W * VALUES];
    for (int channels = 1; channels <= 3; channels += 2)
        for (int k = 0; k < 3; k++) {
            const enum edgel_type type = (enum edgel_type)kinds[k];
            const double white = type == EDGEL_U8 ? 255 : type == EDGEL_U16 ? 65535 : 1;
            struct edgel_image img = image_of_noise(W, H, channels, type);
            const int n = edgel_bank_values(&all, channels);
            assert_int_equal(n, channels + 54);
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++) {
                    const double r = get(&img, x, y, 0), b = channels == 3 ? get(&img, x, y, 2) : r;
                    const double g = channels == 3 ? get(&img, x, y, 1) : r;
                    plane[y][x] = (9797 * r + 19234 * g + 3737 * b) / 32768 / white;
                }
            assert_int_equal(edgel_bank(NULL, edgel_image_view(&img), &all, 0, H, values, NULL), EDGEL_OK);
            for (int s = 0; s < all.scales; s++)
                for (int y = 0; y < H; y++)
                    for (int x = 0; x < W; x++) {
                        double want[9];
                        const float *v = values + (y * W + x) * n;
                        for (int c = 0; c < channels; c++)
                            assert_true(fabs(v[c] - get(&img, x, y, c) / white) < 1e-7);
                        values_of_twin(all.sigma[s] + (k + channels) * 1e-12, x, y, want);
                        for (int i = 0; i < 9; i++)
                            assert_true(fabs(v[channels + 9 * s + i] - want[i]) < (i == 7 ? 1e-3 : 2e-6));
                    }
            edgel_image_finish(&img);
        }
}

/* Rows asked for together and one at a time; any number of threads. */
static void rows_do_not_depend_on_their_company(void **unused)
{
    (void)unused;
    enum { TALL = 150, NARROW = 6 };
    static float whole[TALL * NARROW * VALUES], part[TALL * NARROW * VALUES];
    struct edgel_image img = image_of_noise(NARROW, TALL, 3, EDGEL_U8);
    struct edgel_bank_params p = all;
    struct edgel_pool *pool;
    struct edgel_scratch *scratch = edgel_scratch_create();
    p.scales = 3;
    p.sigma[2] = 2.3;
    const int n = edgel_bank_values(&p, 3);
    const size_t row = (size_t)(NARROW * n);
    assert_int_equal(edgel_pool_create(5, &pool, NULL), EDGEL_OK);
    assert_int_equal(edgel_scratch_use_pool(scratch, pool, NULL), EDGEL_OK);
    assert_int_equal(edgel_bank(scratch, edgel_image_view(&img), &p, 0, TALL, whole, NULL), EDGEL_OK);
    for (int first = 0, count = 1; first < TALL; first += count, count = 1 + (int)(rnd() % 9)) {
        count = count < TALL - first ? count : TALL - first;
        assert_int_equal(edgel_bank(NULL, edgel_image_view(&img), &p, first, count, part, NULL), EDGEL_OK);
        assert_memory_equal(part, whole + (size_t)first * row, (size_t)count * row * sizeof *part);
    }
    edgel_scratch_destroy(&scratch);
    edgel_pool_destroy(&pool);
    edgel_image_finish(&img);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Each feature alone is a part of all of them, under its own name. */
static void features_can_be_chosen(void **unused)
{
    (void)unused;
    static float together[H * W * VALUES], alone[H * W * VALUES];
    struct edgel_image img = image_of_noise(W, H, 3, EDGEL_U8);
    const int n = edgel_bank_values(&all, 3);
    int found = 0;
    assert_int_equal(edgel_bank(NULL, edgel_image_view(&img), &all, 0, H, together, NULL), EDGEL_OK);
    for (int f = 0; f < EDGEL_BANK_FEATURES; f++) {
        struct edgel_bank_params p = all;
        char name[EDGEL_BANK_FEATURE_NAME_MAX], other[EDGEL_BANK_FEATURE_NAME_MAX];
        p.features = 1U << f;
        assert_non_null(edgel_bank_feature_name((enum edgel_bank_feature)f));
        assert_non_null(edgel_bank_feature_summary((enum edgel_bank_feature)f));
        assert_int_equal(edgel_bank(NULL, edgel_image_view(&img), &p, 0, H, alone, NULL), EDGEL_OK);
        const int m = edgel_bank_values(&p, 3);
        for (int i = 0; i < m; i++) {
            assert_int_equal(edgel_bank_value_name(&p, 3, i, name, NULL), EDGEL_OK);
            int k = 0;
            do
                assert_int_equal(edgel_bank_value_name(&all, 3, k++, other, NULL), EDGEL_OK);
            while (strcmp(name, other) != 0);
            for (int pixel = 0; pixel < W * H; pixel++)
                assert_true(alone[pixel * m + i] == together[pixel * n + k - 1]);
            found++;
        }
        assert_int_equal(edgel_bank_value_name(&p, 3, m, name, NULL), EDGEL_EINVAL);
    }
    assert_int_equal(found, n);
    assert_null(edgel_bank_feature_name(EDGEL_BANK_FEATURES));
    edgel_image_finish(&img);
}

static void failing_memory_and_bad_values_are_refused(void **unused)
{
    (void)unused;
    static float values[H * W * VALUES];
    struct edgel_image img = image_of_noise(W, H, 1, EDGEL_U8);
    const struct edgel_view v = edgel_image_view(&img);
    enum edgel_status status = EDGEL_ENOMEM;
    for (long n = 0; status != EDGEL_OK; n++) {
        const long live = edgel_alloc_live();
        assert_true(n < 2000);
        edgel_alloc_fail_after(n);
        status = edgel_bank(NULL, v, &all, 0, H, values, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(status == EDGEL_OK || status == EDGEL_ENOMEM);
        assert_int_equal(edgel_alloc_live(), live);
    }
    const struct {
        struct edgel_bank_params p;
        int first, count;
        const char *text;
    } bad[] = {
        { { .sigma = { 1 }, .scales = 0, .features = 1 }, 0, 1, "0 scales: must be 1..16" },
        { { .sigma = { 1 }, .scales = 1, .features = 0 }, 0, 1, "at least one" },
        { { .sigma = { 1 }, .scales = 1, .features = 1U << EDGEL_BANK_FEATURES }, 0, 1, "not known" },
        { { .sigma = { 0.2 }, .scales = 1, .features = 1 }, 0, 1, "sigma 0.2" },
        { { .sigma = { 2, 2 }, .scales = 2, .features = 1 }, 0, 1, "above the one before" },
        { all, -1, 1, "rows -1" },
        { all, H - 1, 2, "rows 18 to 19 of an image of 19 rows" },
        { all, 0, 0, "rows" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct edgel_error err = { 0 };
        assert_int_equal(edgel_bank(NULL, v, &bad[i].p, bad[i].first, bad[i].count, values, &err),
                         EDGEL_EINVAL);
        assert_non_null(strstr(err.msg, bad[i].text));
    }
    assert_int_equal(edgel_bank_values(&all, 2), 0);
    assert_int_equal(edgel_bank_values(&bad[0].p, 1), 0);
    edgel_image_finish(&img);
    assert_int_equal(edgel_alloc_live(), 0);
}

static int begin(void **unused)
{
    (void)unused;
    edgel_bank_params_init(&all);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_the_formulas),
        cmocka_unit_test(rows_do_not_depend_on_their_company),
        cmocka_unit_test(features_can_be_chosen),
        cmocka_unit_test(failing_memory_and_bad_values_are_refused),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
