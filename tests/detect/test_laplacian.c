/* The method laplacian against its kernels written out, pixel by pixel. */
#include "filter_twin.h"
#include "methods.h"

static double twin(const struct edgel_image *img, int x, int y, int c, bool corners)
{
    static const int four[3][3] = { { 0, 1, 0 }, { 1, -4, 1 }, { 0, 1, 0 } };
    static const int eight[3][3] = { { 1, 1, 1 }, { 1, -8, 1 }, { 1, 1, 1 } };
    double sum = 0;
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++)
            sum += (corners ? eight : four)[j][i] *
                   get(img, clamp_to(x + i - 1, img->w), clamp_to(y + j - 1, img->h), c);
    return sum;
}

/* The channel of the largest response, the last of equals. */
static double strongest(const struct edgel_image *img, int x, int y, bool corners)
{
    double best = twin(img, x, y, img->channels - 1, corners);
    for (int c = img->channels - 2; c >= 0; c--)
        if (fabs(twin(img, x, y, c, corners)) > fabs(best))
            best = twin(img, x, y, c, corners);
    return best;
}

static void laplacian_equals_its_kernels(void **state)
{
    static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };
    static const int depths[] = { 0, 8, 16, 32 };
    (void)state;
    for (int i = 0; i < 480; i++) {
        int w, h, bits;
        random_size(&w, &h);
        struct edgel_image img = random_image(w, h, i / 3 % 2 ? 3 : 1, types[i % 3], (int)(rnd() % PATTERNS));
        struct edgel_image smooth = { 0 }, out = { 0 };
        struct edgel_method m = method_of("laplacian");
        const bool corners = i / 6 % 2, blurred = i / 12 % 2;
        const int depth = depths[i / 24 % 4], own = img.type == EDGEL_U8    ? 8
                                                    : img.type == EDGEL_U16 ? 16
                                                                            : 32;
        ask(&m, "gray", "channels");
        ask(&m, "neighbours", corners ? "8" : "4");
        ask(&m, "sigma", blurred ? "1.3" : "0");
        ask_depth(&m, depth);
        assert_int_equal(edgel_method_run(NULL, edgel_image_view(&img), &m, &out, &bits, NULL), EDGEL_OK);
        assert_int_equal(bits, depth ? depth : own);
        assert_int_equal(out.channels, 1);
        if (blurred)
            assert_int_equal(edgel_gaussian(NULL, edgel_image_view(&img), &smooth, 1.3, 0, NULL), EDGEL_OK);
        const double white = own == 32 ? 1 : own == 16 ? 65535 : 255, range = bits == 8 ? 255 : 65535;
        for (int k = 0; k < w * h; k++) {
            const double v = strongest(blurred ? &smooth : &img, k % w, k / w, corners);
            const double got = get(&out, k % w, k / w, 0);
            const double want =
                bits == 32 ? (double)(float)(v / white) : fmin(range, rint(fabs(v) * range / white));
            /* sums of floats are exact in neither order */
            assert_true(own == 32 ? fabs(got - want) <= (bits == 32 ? 1e-6 : 1) : got == want);
        }
        edgel_image_finish(&img);
        edgel_image_finish(&smooth);
        edgel_image_finish(&out);
    }
}

/* A bright spot on dark ground has a negative response, which float samples show. */
static void float_samples_keep_the_sign(void **state)
{
    (void)state;
    struct edgel_image img = make(5, 5, 1, EDGEL_F32), out = { 0 };
    struct edgel_method m = method_of("laplacian");
    set(&img, 2, 2, 0, 0.25);
    for (int eight = 0; eight < 2; eight++) {
        ask_choice(&m, "neighbours", eight);
        assert_int_equal(edgel_method_run(NULL, edgel_image_view(&img), &m, &out, NULL, NULL), EDGEL_OK);
        assert_true(get(&out, 2, 2, 0) == (eight ? -2 : -1) && get(&out, 1, 2, 0) == 0.25);
        assert_true(get(&out, 1, 1, 0) == (eight ? 0.25 : 0) && get(&out, 0, 0, 0) == 0);
    }
    edgel_image_finish(&img);
    edgel_image_finish(&out);
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(laplacian_equals_its_kernels),
        cmocka_unit_test(float_samples_keep_the_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
