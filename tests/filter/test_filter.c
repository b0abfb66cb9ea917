/* Gaussian, gradients and the method table: twins, properties, depths, errors, allocation failure. */
#include "filter_twin.h"
#include "methods.h"

static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };

/* --- Gaussian --- */

static int mirrored(int i, int n)
{
    while (n > 1 && (i < 0 || i >= n))
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return n == 1 ? 0 : i;
}

/* Taps by the formula of filter.h with the C library's exponential. */
static int twin_taps(double *tap, int length, double sigma, int ksize, enum edgel_type type)
{
    int n = ksize ? ksize : (int)rint((type == EDGEL_U8 ? 6 : 8) * sigma + 1) | 1;
    if (length == 1)
        n = 1;
    static const double fixed[5][5] = { { 1 },
                                        { .5, .25 },
                                        { .375, .25, .0625 },
                                        { .28125, .21875, .109375, .03125 },
                                        { 60. / 256, 51. / 256, 30. / 256, 13. / 256, 4. / 256 } };
    const double s = sigma > 0 ? sigma : 0.15 * n + 0.35;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const int x = i - n / 2;
        tap[i] = sigma == 0 && n <= 9 ? fixed[n / 2][abs(x)] : exp(-x * x / (2 * s * s));
        sum += tap[i];
    }
    const double scale = type == EDGEL_U8 ? 256 : 65536;
    double rest = scale, carried = 0;
    for (int i = 0; i < n; i++)
        tap[i] /= sum;
    for (int i = 0; i < n / 2 && type != EDGEL_F32; i++) {
        const double wanted = tap[i] * scale + carried;
        tap[i] = tap[n - 1 - i] = rint(wanted);
        carried = wanted - tap[i];
        rest -= 2 * tap[i];
    }
    if (type != EDGEL_F32)
        tap[n / 2] = rest;
    return n;
}

static double twin_gaussian(const struct edgel_image *img, const double *h, int nh, const double *v, int nv,
                            int x, int y, int c)
{
    uint64_t whole = 0;
    float real = 0;
    for (int j = 0; j < nv; j++) {
        float row = 0;
        uint64_t row_whole = 0;
        for (int i = 0; i < nh; i++) {
            const double p = get(img, mirrored(x + i - nh / 2, img->w), mirrored(y + j - nv / 2, img->h), c);
            row += (float)h[i] * (float)p;
            row_whole += (uint64_t)(h[i] * p);
        }
        real += (float)v[j] * row;
        whole += (uint64_t)v[j] * row_whole;
    }
    if (img->type == EDGEL_F32)
        return (double)real;
    return img->type == EDGEL_U8 ? (double)((whole + (1u << 15)) >> 16)
                                 : (double)((whole + (1u << 31)) >> 32);
}

static void gaussian_equals_its_formula(void **state)
{
    (void)state;
    static double h[64], v[64];
    struct edgel_image got = { 0 };
    for (int i = 0; i < 400; i++) {
        int w, rows;
        random_size(&w, &rows);
        w += i % 4 ? 0 : 100; /* longer than any register */
        struct edgel_image img =
            random_image(w, rows, 1 + (int)(rnd() % 4), types[rnd() % 3], (int)(rnd() % PATTERNS));
        const int ksize = rnd() % 2 ? 1 + 2 * (int)(rnd() % 12) : 0;
        const double sigma = ksize && rnd() % 2 ? 0 : 0.2 + rnd() % 1000 / 200.0;
        assert_int_equal(edgel_gaussian(NULL, edgel_image_view(&img), &got, sigma, ksize, NULL), EDGEL_OK);
        const int nh = twin_taps(h, w, sigma, ksize, img.type),
                  nv = twin_taps(v, rows, sigma, ksize, img.type);
        struct edgel_image want = make(w, rows, img.channels, img.type);
        for (int y = 0; y < rows; y++)
            for (int k = 0; k < w * img.channels; k++)
                set(&want, k / img.channels, y, k % img.channels,
                    twin_gaussian(&img, h, nh, v, nv, k / img.channels, y, k % img.channels));
        assert_same_image(&got, &want);
        edgel_image_finish(&want);
        edgel_image_finish(&img);
    }
    edgel_image_finish(&got);
}

/* --- gradients --- */

static void gradients_equal_correlation(void **state)
{
    (void)state;
    struct edgel_scratch *scratch = edgel_scratch_create();
    struct edgel_image gx = { 0 }, gy = { 0 };
    for (int i = 0; i < 300; i++) {
        int w, h;
        random_size(&w, &h);
        struct edgel_image img =
            random_image(w, h, 1 + (int)(rnd() % 4), types[rnd() % 3], (int)(rnd() % PATTERNS));
        const enum edgel_operator op = (enum edgel_operator)(rnd() % 4);
        const int aperture = 3 + 2 * (int)(rnd() % 3);
        assert_int_equal(edgel_gradient(scratch, edgel_image_view(&img), op, aperture, &gx, &gy, NULL),
                         EDGEL_OK);
        assert_int_equal(gx.type, img.type == EDGEL_F32 ? EDGEL_F32 : EDGEL_I32);
        for (int y = 0; y < h; y++)
            for (int k = 0; k < w * img.channels; k++) {
                const int x = k / img.channels, c = k % img.channels;
                double a, b;
                twin_gradient(&img, op, aperture, x, y, c, &a, &b);
                assert_true(get(&gx, x, y, c) == (gx.type == EDGEL_F32 ? (double)(float)a : a));
                assert_true(get(&gy, x, y, c) == (gx.type == EDGEL_F32 ? (double)(float)b : b));
            }
        edgel_image_finish(&img);
    }
    edgel_image_finish(&gx);
    edgel_image_finish(&gy);
    edgel_scratch_destroy(&scratch);
}

static void magnitude_takes_the_strongest_channel(void **state)
{
    (void)state;
    struct edgel_image img = random_image(23, 11, 3, EDGEL_U16, 0), gx = { 0 }, gy = { 0 }, m = { 0 };
    assert_int_equal(edgel_gradient(NULL, edgel_image_view(&img), EDGEL_SOBEL, 7, &gx, &gy, NULL), EDGEL_OK);
    for (int norm = 0; norm < 2; norm++) {
        assert_int_equal(
            edgel_magnitude(edgel_image_view(&gx), edgel_image_view(&gy), (enum edgel_norm)norm, &m, NULL),
            EDGEL_OK);
        assert_int_equal(m.channels, 1);
        for (int y = 0; y < m.h; y++)
            for (int x = 0; x < m.w; x++) {
                double best = 0;
                for (int c = 0; c < 3; c++) {
                    const double a = get(&gx, x, y, c), b = get(&gy, x, y, c);
                    best = fmax(best, norm ? sqrt(a * a + b * b) : fabs(a) + fabs(b));
                }
                assert_true(get(&m, x, y, 0) == (double)(float)best);
            }
    }
    gy.w--;
    assert_int_equal(edgel_magnitude(edgel_image_view(&gx), edgel_image_view(&gy), EDGEL_NORM_L1, &m, NULL),
                     EDGEL_EINVAL);
    edgel_image_finish(&img);
    edgel_image_finish(&gx);
    edgel_image_finish(&gy);
    edgel_image_finish(&m);
}

static void orientation_is_atan2(void **state)
{
    (void)state;
    struct edgel_image gx = make(200, 50, 1, EDGEL_F32), gy = make(200, 50, 1, EDGEL_F32), o = { 0 };
    static const double edge[] = { 0, 1, -1, 1e-30, -1e30 };
    for (int y = 0; y < 50; y++)
        for (int x = 0; x < 200; x++) {
            const bool special = y == 0 && x < 25;
            set(&gx, x, y, 0, special ? edge[x % 5] : (int)(rnd() % 2041) - 1020);
            set(&gy, x, y, 0, special ? edge[x / 5] : (int)(rnd() % 2041) - 1020);
        }
    assert_int_equal(edgel_orientation(edgel_image_view(&gx), edgel_image_view(&gy), &o, NULL), EDGEL_OK);
    for (int y = 0; y < 50; y++)
        for (int x = 0; x < 200; x++) {
            const double a = get(&gx, x, y, 0), b = get(&gy, x, y, 0);
            assert_true(fabs(get(&o, x, y, 0) - (a == 0 && b == 0 ? 0 : atan2(b, a))) < 2e-6);
        }
    edgel_image_finish(&gx);
    edgel_image_finish(&gy);
    edgel_image_finish(&o);
}

/* --- the method table --- */

static struct edgel_image run(const struct edgel_image *img, const struct edgel_method *m, int *bits)
{
    struct edgel_image out = { 0 };
    int ignored;
    struct edgel_error err = { 0 };
    if (edgel_method_run(NULL, edgel_image_view(img), m, &out, bits ? bits : &ignored, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    return out;
}

static void constant_images_have_no_gradient(void **state)
{
    (void)state;
    for (int i = 0; i < edgel_method_count() * 6; i++) {
        struct edgel_image img = random_image(19, 14, i % 2 ? 3 : 1, types[i % 3], 4);
        struct edgel_method m = method_at(i / 6);
        ask(&m, "gray", "channels");
        if (i % 2)
            ask(&m, "sigma", "1.7");
        ask_choice(&m, "emit", i % 2);
        struct edgel_image out = run(&img, &m, NULL);
        for (int y = 0; y < out.h; y++)
            for (int x = 0; x < out.w; x++) {
                const double want = edgel_method_result(&m) == EDGEL_RESULT_IMAGE ? get(&img, x, y, 0) : 0;
                assert_true(fabs(get(&out, x, y, 0) - want) <= (img.type == EDGEL_F32 ? 1e-6 : 0));
            }
        edgel_image_finish(&img);
        edgel_image_finish(&out);
    }
}

enum { FLIP_X, FLIP_Y, TRANSPOSE, TURNS };

static struct edgel_image turned(const struct edgel_image *a, int turn)
{
    struct edgel_image b =
        turn == TRANSPOSE ? make(a->h, a->w, a->channels, a->type) : make(a->w, a->h, a->channels, a->type);
    for (int y = 0; y < b.h; y++)
        for (int x = 0; x < b.w; x++)
            for (int c = 0; c < b.channels; c++)
                set(&b, x, y, c,
                    turn == TRANSPOSE ? get(a, y, x, c)
                    : turn == FLIP_X  ? get(a, a->w - 1 - x, y, c)
                                      : get(a, x, a->h - 1 - y, c));
    return b;
}

/* Not so Roberts (its taps are not symmetric), sector Canny (its ties are not) and the float Gaussian (whose sums are
 * rounded in order). */
static void turned_images_have_turned_results(void **state)
{
    (void)state;
    for (int i = 0; i < edgel_method_count() * 60; i++) {
        struct edgel_method m = method_at(i / 60);
        int w, h;
        random_size(&w, &h);
        struct edgel_image img = random_image(w, h, rnd() % 2 ? 3 : 1, types[i % 3], (int)(rnd() % PATTERNS));
        const bool smooth = img.type != EDGEL_F32;
        ask(&m, "nms", "interp");
        ask_choice(&m, "norm", rnd() % 2);
        ask_choice(&m, "aperture", rnd() % 3);
        ask(&m, "high", "60%");
        ask_choice(&m, "emit", rnd() % 2);
        ask_number(&m, "sigma", smooth);
        ask(&m, "gray", "channels");
        if (!is_method(&m, "roberts") && (smooth || !is_method(&m, "gaussian")))
            for (int turn = 0; turn < TURNS; turn++) {
                struct edgel_image there = turned(&img, turn), a = run(&there, &m, NULL);
                struct edgel_image plain = run(&img, &m, NULL), b = turned(&plain, turn);
                assert_same_image(&a, &b);
                edgel_image_finish(&there);
                edgel_image_finish(&plain);
                edgel_image_finish(&a);
                edgel_image_finish(&b);
            }
        edgel_image_finish(&img);
    }
}

/* What put on paper a sample of a method is: smooth with the public call, differentiate with the twin. */
static void gradient_methods_saturate_to_the_depth(void **state)
{
    (void)state;
    static const int depths[] = { 0, 8, 16, 32 };
    for (int i = 0; i < 240; i++) {
        static const char *const names[] = { "sobel", "roberts", "prewitt", "scharr" };
        static const enum edgel_operator ops[] = { EDGEL_SOBEL, EDGEL_ROBERTS, EDGEL_PREWITT, EDGEL_SCHARR };
        const int w = i % 3 ? 17 : 131; /* shorter and longer than any register */
        struct edgel_image img = random_image(w, 9, i % 2 ? 3 : 1, types[rnd() % 3], (int)(rnd() % PATTERNS)),
                           smooth = { 0 };
        struct edgel_method m = method_of(names[i % 4]);
        const int depth = depths[i / 4 % 4], aperture = 3 + 2 * (int)(rnd() % 3), ksize = i % 5 ? 0 : 5;
        const bool l2 = i / 2 % 2;
        ask(&m, "gray", "channels");
        ask_depth(&m, depth);
        ask_choice(&m, "norm", l2);
        ask_choice(&m, "aperture", (unsigned)(aperture - 3) / 2);
        ask_number(&m, "ksize", ksize);
        int bits;
        struct edgel_image out = run(&img, &m, &bits);
        const int own = img.type == EDGEL_U8 ? 8 : img.type == EDGEL_U16 ? 16 : 32;
        assert_int_equal(bits, depth ? depth : own);
        if (ksize)
            assert_int_equal(edgel_gaussian(NULL, edgel_image_view(&img), &smooth, 0, 5, NULL), EDGEL_OK);
        const double full = own == 32 ? 1 : own == 16 ? 65535 : 255;
        for (int y = 0; y < out.h; y++)
            for (int x = 0; x < out.w; x++) {
                double best = 0;
                for (int c = 0; c < img.channels; c++) {
                    double a, b;
                    twin_gradient(ksize ? &smooth : &img, ops[i % 4], aperture, x, y, c, &a, &b);
                    a = own == 32 ? (double)(float)a : a;
                    b = own == 32 ? (double)(float)b : b;
                    best = fmax(best, l2 ? sqrt(a * a + b * b) : fabs(a) + fabs(b));
                }
                const double range = bits == 8 ? 255 : 65535;
                const double want =
                    bits == 32 ? (double)(float)(best / full) : fmin(range, rint(best * range / full));
                assert_true(get(&out, x, y, 0) == want);
            }
        edgel_image_finish(&img);
        edgel_image_finish(&smooth);
        edgel_image_finish(&out);
    }
}

static void gaussian_method_changes_depth(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        struct edgel_image img = random_image(13, 8, 3, types[i % 3], 0), smooth = { 0 };
        static const int depths[] = { 8, 16, 32 };
        struct edgel_method m = method_of("gaussian");
        const int depth = depths[i / 3];
        ask_depth(&m, depth);
        int bits;
        struct edgel_image out = run(&img, &m, &bits);
        assert_int_equal(bits, depth);
        assert_int_equal(edgel_gaussian(NULL, edgel_image_view(&img), &smooth, 1.4, 0, NULL), EDGEL_OK);
        for (int y = 0; y < 8; y++)
            for (int k = 0; k < 39; k++) {
                double v = get(&smooth, k / 3, y, k % 3);
                if (depth == 8)
                    v = img.type == EDGEL_U16 ? rint(v / 257) : img.type == EDGEL_F32 ? rint(v * 255) : v;
                else if (depth == 16)
                    v = img.type == EDGEL_U8 ? v * 257 : img.type == EDGEL_F32 ? rint(v * 65535) : v;
                else
                    v = (double)(float)(v / (img.type == EDGEL_U8 ? 255 : img.type == EDGEL_U16 ? 65535 : 1));
                assert_true(get(&out, k / 3, y, k % 3) == v);
            }
        edgel_image_finish(&img);
        edgel_image_finish(&smooth);
        edgel_image_finish(&out);
    }
}

static void any_float_is_survived(void **state)
{
    (void)state;
    static const float hostile[] = { NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f, -0.0f, 0.5f };
    for (int i = 0; i < edgel_method_count() * 24; i++) {
        static const char *const highs[] = { "100", "100%", "auto" };
        struct edgel_method m = method_at(i / 24);
        struct edgel_image img = make(9, 7, 1, EDGEL_F32);
        for (int k = 0; k < 63; k++)
            set(&img, k % 9, k / 9, 0, (double)hostile[rnd() % 8]);
        ask_choice(&m, "nms", i % 2);
        ask_choice(&m, "norm", i / 2 % 2);
        ask(&m, "high", highs[i / 4 % 3]);
        ask_choice(&m, "emit", i / 12 % 2);
        ask_depth(&m, i % 3 ? 16 : 8);
        struct edgel_image out = run(&img, &m, NULL);
        edgel_image_finish(&out);
        edgel_image_finish(&img);
    }
}

/* --- failure --- */

static void errors_name_parameter_value_and_rule(void **state)
{
    (void)state;
    const struct edgel_method canny = method_of("canny"), gaussian = method_of("gaussian");
    struct {
        const struct edgel_method *m;
        const char *key;
        union edgel_param_value value;
        const char *text;
    } bad[] = {
        { &canny, "sigma", { .real = -1 }, "sigma -1: must be >= 0 and at most 1000" },
        { &canny, "sigma", { .real = NAN }, "sigma nan: must be >= 0 and at most 1000" },
        { &canny, "sigma", { .real = 1001 }, "sigma 1001: must be >= 0 and at most 1000" },
        { &canny, "ksize", { .whole = 4 }, "ksize 4: must be 0, or odd and at most 8191" },
        { &canny, "ksize", { .whole = 8193 }, "ksize 8193: must be 0, or odd and at most 8191" },
        { &gaussian, "sigma", { .real = 0 }, "sigma 0: must be > 0 when ksize is 0" },
        { &canny, "aperture", { .choice = 3 }, "aperture: choice 3 of 3" },
        { &canny, "norm", { .choice = -1 }, "norm: choice -1 of 2" },
        { &canny,
          "low",
          { .threshold = { EDGEL_THRESHOLD_VALUE, INFINITY } },
          "low inf: must be a number from -1e9 to 1e9" },
        { &canny,
          "high",
          { .threshold = { EDGEL_THRESHOLD_QUANTILE, 101 } },
          "high 101%: must be 0% to 100%" },
        { &canny, "nms", { .choice = 5 }, "nms: choice 5 of 2" },
        { &canny, "emit", { .choice = 7 }, "emit: choice 7 of 2" },
        { &canny, "depth", { .choice = -2 }, "depth: choice -2 of 4" },
        { &gaussian,
          "depth",
          { .choice = 0 },
          "depth 1: too little for gaussian; only edge maps fit one bit" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct edgel_error err = { 0 };
        struct edgel_method m = *bad[i].m;
        m.value[edgel_param_index(m.info, bad[i].key)] = bad[i].value;
        assert_int_equal(edgel_method_check(&m, &err), EDGEL_EINVAL);
        assert_string_equal(err.msg, bad[i].text);
    }
    struct edgel_method most = gaussian; /* the largest that are allowed */
    ask(&most, "sigma", "1000");
    ask(&most, "ksize", "8191");
    assert_int_equal(edgel_method_check(&most, NULL), EDGEL_OK);
    struct edgel_image img = make(4, 4, 3, EDGEL_U8), out = { 0 };
    struct edgel_error err = { 0 };
    int bits;
    struct edgel_method gray = canny;
    ask(&gray, "gray", "luma");
    assert_int_equal(edgel_method_run(NULL, edgel_image_view(&img), &gray, &out, &bits, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "canny: input with 3 channels: must have 1, or 3 with channels asked for");
    struct edgel_view narrow = edgel_image_view(&img);
    narrow.stride = 11;
    edgel_error_clear(&err);
    assert_int_equal(edgel_gaussian(NULL, narrow, &out, 1, 0, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "stride 11"));
    struct edgel_view high = edgel_image_view(&img);
    high.h = INT32_MAX; /* rows below the last one would be no int */
    edgel_error_clear(&err);
    assert_int_equal(edgel_gaussian(NULL, high, &out, 1, 0, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "gaussian: input 2147483647 high: must be at most 2147467263");
    edgel_image_finish(&img);
}

static void gradients_must_be_two_planes_of_one(void **state)
{
    (void)state;
    struct edgel_image x = make(4, 3, 2, EDGEL_I32), y = make(4, 3, 2, EDGEL_I32), out = { 0 };
    const struct edgel_view gx = edgel_image_view(&x), gy = edgel_image_view(&y);
    struct {
        struct edgel_view gx, gy;
        const char *text;
    } bad[] = {
        { gx, gy, "magnitude: gradient type 1: must be I16, I32 or F32" },
        { gx, gy, "magnitude: gx is 4x3, gy 5x3: must agree in size, channels and type" },
        { gx, gy, "magnitude: gx is 4x3, gy 4x3: must agree in size, channels and type" },
        { gx, gy, "magnitude: input 4x0: sides must be >= 1 and pixels present" },
        { gx, gy, "magnitude: input 4x3: sides must be >= 1 and pixels present" },
        { gx, gy, "magnitude: input with 5 channels: must have 1 to 4" },
        { gx, gy, "magnitude: input 536870913 wide: must be at most 536870912" },
        { gx, gy, "magnitude: input stride 28: must hold a row, with samples at multiples of their size" },
        { gx, gy, "magnitude: input stride 66: must hold a row, with samples at multiples of their size" },
    };
    bad[0].gx.type = EDGEL_U8;
    bad[1].gy.w = 5;
    bad[2].gy.type = EDGEL_F32;
    bad[3].gx.h = 0;
    bad[4].gy.data = NULL;
    bad[5].gx.channels = bad[5].gy.channels = 5;
    bad[6].gx.w = bad[6].gy.w = 536870913;
    bad[7].gx.stride = 28;
    bad[8].gy.stride = 66;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct edgel_error err = { 0 };
        assert_int_equal(edgel_magnitude(bad[i].gx, bad[i].gy, EDGEL_NORM_L1, &out, &err), EDGEL_EINVAL);
        assert_string_equal(err.msg, bad[i].text);
    }
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_magnitude(gx, gy, (enum edgel_norm)2, &out, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "norm 2: must be L1 or L2");
    edgel_error_clear(&err);
    assert_int_equal(edgel_orientation(gx, gy, &out, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "orientation: gradient with 2 channels: must have 1");
    edgel_image_finish(&x);
    edgel_image_finish(&y);
}

/* An image of an earlier call, which a failure must take away. */
static struct edgel_image *full(struct edgel_image *out)
{
    edgel_image_finish(out);
    *out = make(5, 5, 1, EDGEL_U8);
    return out;
}

static void outputs_are_empty_after_a_refusal(void **state)
{
    (void)state;
    struct edgel_image img = make(4, 3, 1, EDGEL_U8), a = { 0 }, b = { 0 };
    const struct edgel_view in = edgel_image_view(&img), none = { 0 };
    const struct edgel_method canny = method_of("canny");
    struct edgel_canny_params p;
    edgel_canny_params_init(&p);
    const long before = edgel_alloc_live();
#define REFUSED(call)                                 \
    do {                                              \
        full(&a);                                     \
        full(&b);                                     \
        assert_int_equal(call, EDGEL_EINVAL);         \
        assert_null(a.data);                          \
        edgel_image_finish(&b);                       \
        assert_int_equal(edgel_alloc_live(), before); \
    } while (0)
    REFUSED(edgel_gaussian(NULL, none, &a, 1, 0, NULL));
    REFUSED(edgel_gaussian(NULL, in, &a, -1, 0, NULL));
    REFUSED(edgel_gradient(NULL, none, EDGEL_SOBEL, 3, &a, &b, NULL));
    REFUSED(edgel_gradient(NULL, none, EDGEL_SOBEL, 3, &b, &a, NULL));
    REFUSED(edgel_gradient(NULL, in, EDGEL_SOBEL, 4, &a, &b, NULL));
    REFUSED(edgel_magnitude(none, none, EDGEL_NORM_L1, &a, NULL));
    REFUSED(edgel_orientation(none, none, &a, NULL));
    REFUSED(edgel_canny(NULL, none, &p, &a, NULL, NULL));
    REFUSED(edgel_canny(NULL, in, NULL, &a, NULL, NULL));
    REFUSED(edgel_canny_strength(NULL, none, &p, &a, NULL));
    REFUSED(edgel_canny_strength(NULL, in, NULL, &a, NULL));
    REFUSED(edgel_method_run(NULL, none, &canny, &a, NULL, NULL));
    p.aperture = 4;
    REFUSED(edgel_canny(NULL, in, &p, &a, NULL, NULL));
    REFUSED(edgel_canny_strength(NULL, in, &p, &a, NULL));
#undef REFUSED
    edgel_image_finish(&img);
}

static void every_method_survives_lack_of_memory(void **state)
{
    (void)state;
    for (int i = 0; i < edgel_method_count() * 8; i++) {
        const bool wide = i % 8 >= 4; /* so that each row takes memory of its own */
        struct edgel_image img =
            random_image(wide ? 70000 : 40, wide ? 2 : 30, 3, wide ? EDGEL_U8 : EDGEL_U16, 3);
        struct edgel_method m = method_at(i / 8);
        ask(&m, "gray", "channels");
        ask(&m, "sigma", "1");
        ask_choice(&m, "emit", i % 2);
        ask_depth(&m, i % 4 == 2 ? 8 : 16);
        ask(&m, "aperture", i % 8 == 6 ? "5" : "3");
        ask(&m, "high", i % 8 == 4 ? "100" : "auto");
        const long before = edgel_alloc_live();
        enum edgel_status st = EDGEL_ENOMEM;
        long n = 0;
        for (; st != EDGEL_OK && n < 1000; n++) {
            struct edgel_image out = { 0 };
            struct edgel_error err = { 0 };
            int bits;
            edgel_alloc_fail_after(n);
            st = edgel_method_run(NULL, edgel_image_view(&img), &m, &out, &bits, &err);
            edgel_alloc_fail_after(-1);
            assert_int_equal(st, st == EDGEL_OK ? EDGEL_OK : EDGEL_ENOMEM);
            assert_true((st == EDGEL_OK) == (err.msg[0] == 0));
            assert_true(st == EDGEL_OK || !out.data);
            edgel_image_finish(&out);
            assert_int_equal(edgel_alloc_live(), before);
        }
        assert_true(n > 2 && st == EDGEL_OK);
        edgel_image_finish(&img);
    }
}

static void gradient_survives_lack_of_memory(void **state)
{
    (void)state;
    struct edgel_image img = random_image(40, 30, 1, EDGEL_F32, 3), gx = { 0 }, gy = { 0 };
    enum edgel_status st = EDGEL_ENOMEM;
    for (long n = 0; st != EDGEL_OK && n < 100; n++) {
        edgel_alloc_fail_after(n);
        st = edgel_gradient(NULL, edgel_image_view(&img), EDGEL_SOBEL, 5, &gx, &gy, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK ||
                    (st == EDGEL_ENOMEM && !gx.data && !gy.data && edgel_alloc_live() == 1));
    }
    assert_int_equal(st, EDGEL_OK);
    edgel_image_finish(&img);
    edgel_image_finish(&gx);
    edgel_image_finish(&gy);
}

/* Images of falling sizes, so that the first is the largest; from its second round on nothing is allocated. */
static void a_run_over_many_images_stops_allocating(void **state)
{
    (void)state;
    for (int i = 0; i < edgel_method_count() * 12; i++) {
        struct edgel_method m = method_at(i / 12);
        ask(&m, "gray", "channels");
        if (i % 4)
            ask(&m, "sigma", "1.4");
        ask_choice(&m, "emit", i / 3 % 2);
        ask_depth(&m, i % 12 == 11 ? 16 : 0);
        ask_choice(&m, "norm", i / 6 % 2);
        ask(&m, "high", i % 12 == 5 ? "auto" : "100");
        struct edgel_scratch *scratch = edgel_scratch_create();
        struct edgel_image out = { 0 };
        for (int round = 0; round < 5; round++) {
            struct edgel_image img =
                random_image(150 - 9 * (round / 2), 100 - round / 2, i % 2 ? 3 : 1, types[i % 3], 3);
            int bits;
            edgel_alloc_fail_after(round >= 2 ? 0 : -1);
            assert_int_equal(edgel_method_run(scratch, edgel_image_view(&img), &m, &out, &bits, NULL),
                             EDGEL_OK);
            edgel_alloc_fail_after(-1);
            edgel_image_finish(&img);
        }
        edgel_image_finish(&out);
        edgel_scratch_destroy(&scratch);
        edgel_scratch_destroy(&scratch);
        assert_int_equal(edgel_alloc_live(), 0);
    }
}

static void methods_are_found_by_name(void **state)
{
    (void)state;
    for (int i = 0; i < edgel_method_count(); i++) {
        const struct edgel_method_info *info = edgel_method_at(i);
        assert_ptr_equal(edgel_method_find(info->name), info);
        const struct edgel_method m = method_of(info->name);
        assert_int_equal(edgel_method_check(&m, NULL), EDGEL_OK);
    }
    assert_null(edgel_method_find("Canny"));
    assert_null(edgel_method_at(edgel_method_count()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaussian_equals_its_formula),
        cmocka_unit_test(gradients_equal_correlation),
        cmocka_unit_test(magnitude_takes_the_strongest_channel),
        cmocka_unit_test(orientation_is_atan2),
        cmocka_unit_test(constant_images_have_no_gradient),
        cmocka_unit_test(turned_images_have_turned_results),
        cmocka_unit_test(gradient_methods_saturate_to_the_depth),
        cmocka_unit_test(gaussian_method_changes_depth),
        cmocka_unit_test(any_float_is_survived),
        cmocka_unit_test(errors_name_parameter_value_and_rule),
        cmocka_unit_test(gradients_must_be_two_planes_of_one),
        cmocka_unit_test(outputs_are_empty_after_a_refusal),
        cmocka_unit_test(every_method_survives_lack_of_memory),
        cmocka_unit_test(gradient_survives_lack_of_memory),
        cmocka_unit_test(a_run_over_many_images_stops_allocating),
        cmocka_unit_test(methods_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
