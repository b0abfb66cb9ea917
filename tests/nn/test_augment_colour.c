/* The colour step of augmentation against its formulas, and the order of epochs. */
#include "samples.h"
#include <stdlib.h>

static struct edgel_augment amounts_of(const char *text)
{
    struct edgel_augment a;
    assert_int_equal(edgel_augment_parse(text, &a, NULL), EDGEL_OK);
    a.centred = true;
    return a;
}

static void run(const struct edgel_augment *a, uint64_t seed, const struct edgel_sample *in,
                struct edgel_sample *out)
{
    struct edgel_augment_scratch *scratch = edgel_augment_scratch_create();
    assert_int_equal(edgel_augment_sample(a, seed, in, out, scratch, NULL), EDGEL_OK);
    edgel_augment_scratch_destroy(&scratch);
}

/* Values lo..hi in even steps, all of them in each channel. */
static struct edgel_sample gray_steps(int w, int h, int channels, double lo, double hi)
{
    struct edgel_sample s;
    assert_int_equal(edgel_sample_init(&s, w, h, channels, false, false, NULL), EDGEL_OK);
    for (int i = 0; i < w * h * channels; i++)
        s.image[i] = (float)(lo + (hi - lo) * (i % (w * h)) / (w * h > 1 ? w * h - 1 : 1));
    return s;
}

enum { SEEDS = 4000 };

/* What was drawn, brought to 0..1, by seed. */
static struct {
    double brightness[SEEDS], contrast[SEEDS], gamma[SEEDS], blur[SEEDS], noise[SEEDS];
} drawn;

/* Values 0..1 with the mean 1/2 and the variance 1/12 of even ones, and all in reach. */
static void hold_even(const double *v)
{
    double sum = 0, squares = 0, least = 1, most = 0;
    for (int i = 0; i < SEEDS; i++) {
        sum += v[i];
        squares += (v[i] - 0.5) * (v[i] - 0.5);
        least = fmin(least, v[i]);
        most = fmax(most, v[i]);
    }
    assert_true(least >= -1e-4 && least < 0.01 && most <= 1 + 1e-4 && most > 0.99);
    assert_true(fabs(sum / SEEDS - 0.5) < 5 * sqrt(1.0 / 12 / SEEDS));
    assert_true(fabs(squares / SEEDS - 1.0 / 12) < 5 * sqrt(1.0 / 180 / SEEDS));
}

static void brightness_is_one_offset(void **state)
{
    (void)state;
    const struct edgel_augment a = amounts_of("brightness:0.25");
    struct edgel_sample in = gray_steps(5, 4, 3, 0.3, 0.7), out = empty_like(&in, 5, 4);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        run(&a, seed, &in, &out);
        const float by = out.image[0] - in.image[0];
        for (int i = 0; i < 60; i++)
            assert_true(fabsf(out.image[i] - in.image[i] - by) < 1e-6f);
        drawn.brightness[seed] = (double)by / 0.5 + 0.5;
    }
    hold_even(drawn.brightness);
    edgel_sample_finish(&in);
    edgel_sample_finish(&out);
}

static void contrast_turns_about_the_mean(void **state)
{
    (void)state;
    const struct edgel_augment a = amounts_of("contrast:0.4");
    struct edgel_sample in = gray_steps(5, 5, 2, 0.2, 0.6), out = empty_like(&in, 5, 5);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        run(&a, seed, &in, &out);
        const float factor = (out.image[24] - out.image[0]) / 0.4f;
        for (int i = 0; i < 50; i++)
            assert_true(fabsf(out.image[i] - 0.4f - (in.image[i] - 0.4f) * factor) < 1e-6f);
        drawn.contrast[seed] = ((double)factor - 0.6) / 0.8;
    }
    hold_even(drawn.contrast);
    edgel_sample_finish(&in);
    edgel_sample_finish(&out);
}

static void gamma_is_one_exponent(void **state)
{
    (void)state;
    const struct edgel_augment a = amounts_of("gamma:0.5");
    struct edgel_sample in = gray_steps(5, 5, 2, 0, 1), out = empty_like(&in, 5, 5);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        run(&a, seed, &in, &out);
        const double exponent = log((double)out.image[12]) / log(0.5);
        for (int i = 0; i < 50; i++)
            assert_true(fabs((double)out.image[i] - pow((double)in.image[i], exponent)) < 1e-6);
        assert_true(out.image[0] == 0 && out.image[24] == 1);
        drawn.gamma[seed] = (log(exponent) / log(1.5) + 1) / 2;
    }
    hold_even(drawn.gamma);
    edgel_sample_finish(&in);
    edgel_sample_finish(&out);
}

/* A point of light becomes the Gaussian; sigma follows from the share of the next pixel. */
static void blur_is_gaussian(void **state)
{
    (void)state;
    enum { SIDE = 41, MID = SIDE / 2 };
    const struct edgel_augment a = amounts_of("blur:3");
    struct edgel_sample in = gray_steps(SIDE, SIDE, 2, 0, 0), out = empty_like(&in, SIDE, SIDE);
    in.image[MID * SIDE + MID] = in.image[(SIDE + MID) * SIDE + MID] = 1;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        run(&a, seed, &in, &out);
        const float *row = out.image + MID * SIDE;
        const double ratio = (double)row[MID + 1] / (double)row[MID];
        const double sigma = ratio > 1e-12 ? sqrt(-1 / (2 * log(ratio))) : 0;
        const int radius = (int)ceil(3 * sigma - 1e-6);
        double sum = 0;
        for (int k = -radius; k <= radius; k++)
            sum += sigma > 0 ? exp(-k * k / (2 * sigma * sigma)) : k == 0;
        for (int c = 0; c < 2; c++)
            for (int i = 0; i < SIDE * SIDE; i++) {
                const int x = i % SIDE - MID, y = i / SIDE - MID;
                const bool near = abs(x) <= radius && abs(y) <= radius;
                const double want = !near       ? 0
                                    : sigma > 0 ? exp(-(x * x + y * y) / (2 * sigma * sigma)) / sum / sum
                                                : 1;
                assert_true(fabs((double)out.image[c * SIDE * SIDE + i] - want) < 1e-5);
            }
        /* Below 0.2 the next pixel has too little to tell sigma by. */
        struct edgel_rng r = edgel_rng_seed(seed, NN_STREAM_BLUR, 0, 0);
        drawn.blur[seed] = sigma > 0.2 ? sigma / 3 : edgel_rng_uniform(&r);
    }
    hold_even(drawn.blur);
    edgel_sample_finish(&in);
    edgel_sample_finish(&out);
}

/* What is the same everywhere stays; an image goes on beyond its border as its mirror image does. */
static void blur_reflects_at_the_border(void **state)
{
    (void)state;
    const struct edgel_augment a = amounts_of("blur:2");
    struct edgel_sample flat = gray_steps(6, 3, 1, 0.3, 0.3), out = empty_like(&flat, 6, 3);
    struct edgel_sample small = random_sample(9, 9, 1, 3), large, blurred = empty_like(&small, 9, 9), all;
    assert_int_equal(edgel_sample_init(&large, 41, 41, 1, true, true, NULL), EDGEL_OK);
    for (int i = 0; i < 41 * 41; i++) {
        large.image[i] = small.image[nn_reflect(i / 41 - 16, 9) * 9 + nn_reflect(i % 41 - 16, 9)];
        large.label[i] = 0;
        large.soft[i] = 0;
    }
    all = empty_like(&large, 41, 41);
    for (uint64_t seed = 0; seed < 50; seed++) {
        run(&a, seed, &flat, &out);
        for (int i = 0; i < 18; i++)
            assert_true(fabsf(out.image[i] - 0.3f) < 1e-6f);
        run(&a, seed, &small, &blurred);
        run(&a, seed, &large, &all);
        for (int i = 0; i < 81; i++)
            assert_true(fabsf(blurred.image[i] - all.image[(i / 9 + 16) * 41 + i % 9 + 16]) < 1e-6f);
    }
    edgel_sample_finish(&flat);
    edgel_sample_finish(&out);
    edgel_sample_finish(&small);
    edgel_sample_finish(&large);
    edgel_sample_finish(&blurred);
    edgel_sample_finish(&all);
}

static void noise_is_normal(void **state)
{
    (void)state;
    const struct edgel_augment a = amounts_of("noise:0.1");
    struct edgel_sample in = gray_steps(25, 19, 3, 0.5, 0.5), out = empty_like(&in, 25, 19);
    const int n = 25 * 19 * 3;
    double second = 0, third = 0, fourth = 0, lags[5] = { 0 };
    const int lag[5] = { 1, 2, 3, 256, 512 };
    double all = 0;
    int beyond = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        double mean = 0, squares = 0;
        run(&a, seed, &in, &out);
        for (int i = 0; i < n; i++)
            mean += ((double)out.image[i] - 0.5) / n;
        for (int i = 0; i < n; i++)
            squares += pow((double)out.image[i] - 0.5, 2);
        struct edgel_rng r = edgel_rng_seed(seed, NN_STREAM_NOISE, 0, 0);
        const double deviation = 0.1 * edgel_rng_uniform(&r);
        assert_true(fabs(mean) < 6 * deviation / sqrt(n) + 1e-7);
        drawn.noise[seed] = deviation / 0.1;
        if (deviation < 1e-4) /* the rounding of 0.5 + noise shows */
            continue;
        second += squares / deviation / deviation;
        all += n;
        for (int i = 0; i < n; i++) {
            const double z = ((double)out.image[i] - 0.5) / deviation;
            third += z * z * z;
            fourth += z * z * z * z;
            beyond += fabs(z) > 3;
            for (int k = 0; k < 5; k++)
                lags[k] += i >= lag[k] ? z * ((double)out.image[i - lag[k]] - 0.5) / deviation : 0;
        }
    }
    hold_even(drawn.noise);
    assert_true(fabs(second / all - 1) < 5 * sqrt(2 / all));
    assert_true(fabs(third / all) < 5 * sqrt(15 / all));
    assert_true(fabs(fourth / all - 3) < 5 * sqrt(96 / all));
    for (int k = 0; k < 5; k++)
        assert_true(fabs(lags[k] / all) < 5 / sqrt(all));
    assert_true(fabs(beyond / all - 0.0027) < 5e-5);
    edgel_sample_finish(&in);
    edgel_sample_finish(&out);
}

/* After those tests: no change is drawn from another one's stream. */
static void changes_do_not_hang_together(void **state)
{
    (void)state;
    const double *const all[] = { drawn.brightness, drawn.contrast, drawn.gamma, drawn.blur, drawn.noise };
    for (int a = 0; a < 5; a++)
        for (int b = 0; b < a; b++) {
            double sum = 0;
            for (int i = 0; i < SEEDS; i++)
                sum += 12 * (all[a][i] - 0.5) * (all[b][i] - 0.5);
            assert_true(fabs(sum) < 5 * sqrt(SEEDS));
        }
}

static void colour_noise_has_the_covariance(void **state)
{
    (void)state;
    const double want[3][3] = { { 0.04, 0.03, 0.01 }, { 0.03, 0.05, -0.01 }, { 0.01, -0.01, 0.02 } };
    struct edgel_augment a = amounts_of("colour:0.2");
    memcpy(a.covariance, want, sizeof want);
    struct edgel_sample in = gray_steps(2, 2, 3, 0.5, 0.5), out = empty_like(&in, 2, 2);
    double sums[3] = { 0 }, products[3][3] = { { 0 } };
    enum { DRAWS = 40000 };
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        run(&a, seed, &in, &out);
        for (int c = 0; c < 3; c++) {
            for (int i = 1; i < 4; i++)
                assert_true(out.image[4 * c + i] == out.image[4 * c]);
            sums[c] += (double)out.image[4 * c] - 0.5;
            for (int k = 0; k < 3; k++)
                products[c][k] += ((double)out.image[4 * c] - 0.5) * ((double)out.image[4 * k] - 0.5);
        }
    }
    for (int c = 0; c < 3; c++) {
        assert_true(fabs(sums[c] / DRAWS) < 5 * 0.2 * sqrt(want[c][c] / DRAWS));
        for (int k = 0; k < 3; k++)
            assert_true(fabs(products[c][k] / DRAWS / 0.04 - want[c][k]) < 5 * 1.5 * 0.05 / sqrt(DRAWS));
    }
    edgel_sample_finish(&in);
    edgel_sample_finish(&out);
}

static void factors_give_the_covariance_back(void **state)
{
    (void)state;
    struct edgel_rng r = edgel_rng_seed(1, 2, 3, 4);
    for (int trial = 0; trial < 300; trial++) {
        const int n = 1 + trial % 3, rank = 1 + trial / 3 % 3; /* below n: semi-definite */
        double b[3][3] = { { 0 } }, l[3][3];
        struct edgel_augment a = { 0 };
        const struct edgel_augment *given = &a;
        for (int i = 0; i < 9; i++)
            b[i / 3][i % 3] = i % 3 < rank && trial % 7 ? edgel_rng_normal(&r) : 0;
        for (int i = 0; i < 27; i++)
            a.covariance[i / 9][i / 3 % 3] += b[i / 9][i % 3] * b[i / 3 % 3][i % 3];
        nn_cholesky(n, given->covariance, l);
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++) {
                double sum = 0;
                for (int j = 0; j < 3; j++)
                    sum += l[i][j] * l[k][j];
                assert_true(k <= i || l[i][k] == 0);
                assert_true(fabs(sum - a.covariance[i][k]) < 1e-6);
            }
    }
}

/* The order: noise of light before contrast and gamma, blur before noise; each with its own draw whatever else is
 * on. */
static void changes_come_one_after_the_other(void **state)
{
    (void)state;
    static const char *const steps[] = { "brightness:0.1", "contrast:0.4", "gamma:0.5", "blur:1",
                                         "noise:0.02" };
    struct edgel_sample in = gray_steps(9, 7, 3, 0.35, 0.65), a = empty_like(&in, 9, 7),
                        b = empty_like(&in, 9, 7);
    const struct edgel_augment all = amounts_of("noise:0.02,gamma:0.5,brightness:0.1,blur:1,contrast:0.4");
    for (uint64_t seed = 0; seed < 100; seed++) {
        memcpy(a.image, in.image, 189 * sizeof(float));
        for (int k = 0; k < 5; k++) {
            const struct edgel_augment one = amounts_of(steps[k]);
            run(&one, seed, &a, &b);
            memcpy(a.image, b.image, 189 * sizeof(float));
        }
        run(&all, seed, &in, &b);
        assert_same_sample(&a, &b);
    }
    edgel_sample_finish(&in);
    edgel_sample_finish(&a);
    edgel_sample_finish(&b);
}

/* --- the order of epochs --- */

enum { MANY = 50 };

static void orders_are_permutations(void **state)
{
    (void)state;
    static int places[MANY][MANY];
    size_t order[MANY], again[MANY];
    for (uint64_t seed = 0; seed < 20000; seed++) {
        bool seen[MANY] = { false };
        assert_int_equal(edgel_epoch_order(MANY, NULL, seed, order, NULL), EDGEL_OK);
        for (int i = 0; i < MANY; i++) {
            assert_true(order[i] < MANY && !seen[order[i]]);
            seen[order[i]] = true;
            places[order[i]][i]++;
        }
    }
    for (int i = 0; i < MANY * MANY; i++)
        assert_true(fabs(places[i / MANY][i % MANY] - 400.0) < 6 * 20);
    assert_int_equal(edgel_epoch_order(MANY, NULL, 19999, again, NULL), EDGEL_OK);
    assert_memory_equal(order, again, sizeof order);
    assert_int_equal(edgel_epoch_order(0, NULL, 1, NULL, NULL), EDGEL_OK);
    assert_int_equal(edgel_epoch_order(1, NULL, 1, order, NULL), EDGEL_OK);
    assert_int_equal(order[0], 0);
}

static void weighted_orders_have_their_shares(void **state)
{
    (void)state;
    double weights[MANY], sum = 0;
    int times[MANY] = { 0 };
    size_t order[MANY];
    enum { DRAWS = 20000 };
    for (int i = 0; i < MANY; i++)
        sum += weights[i] = i % 5 == 0 ? 0 : (double)(i * i);
    bool sorted = true;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        int counts[MANY] = { 0 };
        assert_int_equal(edgel_epoch_order(MANY, weights, seed, order, NULL), EDGEL_OK);
        for (int i = 0; i < MANY; i++) {
            counts[order[i]]++;
            sorted &= i == 0 || order[i] >= order[i - 1];
        }
        for (int i = 0; i < MANY; i++) {
            const double share = MANY * weights[i] / sum;
            assert_true(counts[i] >= floor(share - 1e-9) && counts[i] <= ceil(share + 1e-9));
            times[i] += counts[i];
        }
    }
    assert_false(sorted);
    for (int i = 0; i < MANY; i++)
        assert_true(fabs(times[i] - DRAWS * MANY * weights[i] / sum) < 5 * sqrt(DRAWS / 4.0));
    const double bad[][2] = { { 0, 0 }, { -1, 2 }, { 1, NAN }, { INFINITY, 1 }, { 1e308, 1e308 } };
    for (int i = 0; i < 5; i++)
        assert_int_equal(edgel_epoch_order(2, bad[i], 1, order, NULL), EDGEL_EINVAL);
    const double one[] = { 0, 3, 0 };
    assert_int_equal(edgel_epoch_order(3, one, 1, order, NULL), EDGEL_OK);
    assert_true(order[0] == 1 && order[1] == 1 && order[2] == 1);
}

static void rare_classes_weigh_more(void **state)
{
    (void)state;
    /* Shares of all pixels: 90/160, 60/160, 10/160, none. */
    const int64_t pixels[4][4] = { { 40, 0, 0, 0 }, { 0, 0, 0, 0 }, { 40, 40, 0, 0 }, { 10, 20, 10, 0 } };
    double w[4];
    for (int k = 0; k <= 4; k++) {
        const double amount = k / 4.0, rare[3] = { pow(90 / 160.0, -amount), pow(60 / 160.0, -amount),
                                                   pow(10 / 160.0, -amount) };
        const double want[4] = { rare[0], 0, (rare[0] + rare[1]) / 2,
                                 rare[0] / 4 + rare[1] / 2 + rare[2] / 4 };
        const double mean = (want[0] + want[2] + want[3]) / 4;
        assert_int_equal(edgel_resample_weights(&pixels[0][0], 4, 4, amount, w, NULL), EDGEL_OK);
        for (int i = 0; i < 4; i++)
            assert_true(fabs(w[i] - want[i] / mean) < 1e-12);
    }
    assert_int_equal(edgel_resample_weights(&pixels[0][0], 4, 4, 1.1, w, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_resample_weights(&pixels[0][0], 4, 4, NAN, w, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_resample_weights(&pixels[0][0], 4, 0, 1, w, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_resample_weights(&pixels[1][0], 1, 4, 1, w, NULL), EDGEL_EINVAL);
    edgel_alloc_fail_after(0);
    assert_int_equal(edgel_resample_weights(&pixels[0][0], 4, 4, 1, w, NULL), EDGEL_ENOMEM);
    edgel_alloc_fail_after(-1);
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brightness_is_one_offset),
        cmocka_unit_test(contrast_turns_about_the_mean),
        cmocka_unit_test(gamma_is_one_exponent),
        cmocka_unit_test(blur_is_gaussian),
        cmocka_unit_test(blur_reflects_at_the_border),
        cmocka_unit_test(noise_is_normal),
        cmocka_unit_test(changes_do_not_hang_together),
        cmocka_unit_test(colour_noise_has_the_covariance),
        cmocka_unit_test(factors_give_the_covariance_back),
        cmocka_unit_test(changes_come_one_after_the_other),
        cmocka_unit_test(orders_are_permutations),
        cmocka_unit_test(weighted_orders_have_their_shares),
        cmocka_unit_test(rare_classes_weigh_more),
    };
    return cmocka_run_group_tests_name("augment_colour", tests, NULL, NULL);
}
