/* Elementary functions against libm, the row kernels of each CPU level against the scalar functions, random numbers
 * against known answers and against what their distributions must look like. */
#include "core/core_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static float float_of(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static uint32_t bits_of(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

/* --- floats --- */

static double exact_sigmoid(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static double exact_softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

static double exact_gelu(double x)
{
    return x == -INFINITY ? -0.0 : x * (0.5 * erfc(-x * sqrt(0.5)));
}

static double exact_gelu_slope(double x)
{
    return 0.5 * erfc(-x * sqrt(0.5)) + (isinf(x) ? 0 : x * exp(-0.5 * x * x) * 0.39894228040143267794);
}

typedef void row_function(const float *x, float *y, size_t n);

static row_function *row_of(const struct edgel_numeric *t, int k)
{
    row_function *const rows[] = { t->exp,  t->expm1,    t->log,  t->sigmoid,
                                   t->tanh, t->softplus, t->gelu, t->gelu_slope };
    return rows[k];
}

static const struct {
    const char *name;
    float (*f)(float);
    double (*exact)(double);
    double least; /* units in the last place are those of no less than this */
} functions[] = {
    { "exp", edgel_expf, exp, 0 },          { "expm1", edgel_expm1f, expm1, 0 },
    { "log", edgel_logf, log, 0 },          { "sigmoid", edgel_sigmoidf, exact_sigmoid, 0 },
    { "tanh", edgel_tanhf, tanh, 0 },       { "softplus", edgel_softplusf, exact_softplus, 0 },
    { "gelu", edgel_geluf, exact_gelu, 0 }, { "gelu_slope", edgel_gelu_slopef, exact_gelu_slope, 0.1 },
};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* |y - exact| in units of the last place of a float of exact's size; 0 if both are the same special value */
static double error_in_ulps(float y, double exact, double least)
{
    if (isnan(exact) || isnan(y))
        return isnan(exact) && isnan(y) ? 0 : INFINITY;
    if ((float)exact == y && (isinf(y) || y == 0))
        return 0;
    int e;
    frexp(fabs(exact) < least ? least : exact, &e);
    return fabs(y - exact) / ldexp(1, e - 24 > -149 ? e - 24 : -149);
}

/* Every 997-th float, both signs, subnormals, infinities and NaNs among them. */
static void floats_are_within_half_a_unit(void **state)
{
    (void)state;
    for (int k = 0; k < FUNCTIONS; k++) {
        double worst = 0;
        for (uint64_t u = 0; u <= UINT32_MAX; u += 997) {
            const float x = float_of((uint32_t)u);
            const double e = error_in_ulps(functions[k].f(x), functions[k].exact(x), functions[k].least);
            worst = e > worst ? e : worst;
        }
        printf("# %s: off by at most %.4f units in the last place\n", functions[k].name, worst);
        assert_true(worst < 0.51);
    }
}

static void special_floats(void **state)
{
    (void)state;
    assert_true(edgel_expf(0) == 1 && edgel_expf(-INFINITY) == 0 && edgel_expf(INFINITY) == INFINITY);
    assert_true(edgel_expf(88.73f) == INFINITY && edgel_expf(88.72f) < INFINITY);
    assert_true(edgel_expf(-103.9f) == 0x1p-149f && edgel_expf(-104) == 0);
    assert_true(edgel_expm1f(0) == 0 && edgel_expm1f(-INFINITY) == -1);
    assert_true(edgel_logf(1) == 0 && edgel_logf(0) == -INFINITY && edgel_logf(INFINITY) == INFINITY);
    assert_true(isnan(edgel_logf(-1)) && isnan(edgel_logf(-INFINITY)));
    assert_true(edgel_sigmoidf(0) == 0.5f && edgel_sigmoidf(-INFINITY) == 0 && edgel_sigmoidf(INFINITY) == 1);
    assert_true(edgel_tanhf(0) == 0 && edgel_tanhf(-INFINITY) == -1 && edgel_tanhf(INFINITY) == 1);
    assert_true(signbit(edgel_tanhf(-0.0f)));
    assert_true(edgel_softplusf(-INFINITY) == 0 && edgel_softplusf(INFINITY) == INFINITY);
    assert_true(edgel_geluf(0) == 0 && edgel_geluf(-INFINITY) == 0 && edgel_geluf(INFINITY) == INFINITY);
    assert_true(edgel_gelu_slopef(0) == 0.5f && edgel_gelu_slopef(INFINITY) == 1);
    assert_true(edgel_gelu_slopef(-INFINITY) == 0);
    for (int k = 0; k < FUNCTIONS; k++)
        assert_true(isnan(functions[k].f(NAN)));
}

enum { ROW = 1003 };

static void fill_row(float *x, int k, uint64_t seed)
{
    static const float special[] = { 0, -0.0f, INFINITY, -INFINITY, NAN, 1, -1, 0x1p-149f, 3e38f, -3e38f };
    struct edgel_rng r = edgel_rng_seed(seed, 0, 0, 0);
    for (int i = 0; i < ROW; i++)
        x[i] = i % 2 ? float_of((uint32_t)edgel_rng_next(&r)) : (float)(20 * edgel_rng_normal(&r));
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        x[(i * 97 + (size_t)k) % ROW] = special[i];
}

static bool same(float a, float b)
{
    return bits_of(a) == bits_of(b) || (isnan(a) && isnan(b));
}

/* All widths up to 70, odd addresses, in place and apart; what lies behind the row stays. */
static void rows_equal_scalars(void **state)
{
    (void)state;
    int count;
    const struct edgel_cpu_row *levels = edgel_cpu_levels(&count);
    for (int l = 0; l < count; l++) {
        if ((levels[l].flags & edgel_cpu_flags()) != levels[l].flags)
            continue;
        struct edgel_numeric t;
        edgel_numeric_init(&t, levels[l].flags);
        for (int k = 0; k < FUNCTIONS * 72; k++) {
            static float x[ROW], y[ROW];
            const size_t n = k / FUNCTIONS < 70 ? (size_t)(k / FUNCTIONS) : ROW - 4, at = (size_t)k % 3;
            fill_row(x, k, 7);
            memset(y, 0x55, sizeof y);
            row_of(&t, k % FUNCTIONS)(x + at, y + at, n);
            for (size_t i = 0; i < ROW; i++) {
                const bool inside = i >= at && i < at + n;
                assert_true(same(y[i], inside ? functions[k % FUNCTIONS].f(x[i]) : float_of(0x55555555)));
            }
            row_of(&t, k % FUNCTIONS)(x + at, x + at, n);
            for (size_t i = at; i < at + n; i++)
                assert_true(same(x[i], y[i]));
        }
    }
}

/* --- doubles --- */

static double error_of_double(double y, long double exact)
{
    int e;
    frexp((double)exact, &e);
    return (double)(fabsl(y - exact) / ldexpl(1, e - 53 > -1074 ? e - 53 : -1074));
}

/* Whether long double can tell how far a double is off: not everywhere, nor under valgrind. */
static bool long_double_is_wider(void)
{
    volatile long double sum = 1;
    sum += 0x1p-60L;
    return sum != 1;
}

static void doubles_are_within_their_bounds(void **state)
{
    (void)state;
    if (!long_double_is_wider())
        skip();
    struct edgel_rng r = edgel_rng_seed(1, 2, 3, 4);
    double of_exp = 0, of_log = 0, of_sin = 0, of_cos = 0, of_pow = 0, of_atan = 0;
    for (int i = 0; i < 300000; i++) {
        const double u = edgel_rng_uniform(&r) - 0.5, wide = edgel_rng_uniform(&r);
        const double x = u * (i % 2 ? 1490 : 2);
        of_exp = fmax(of_exp, x < 709.7 ? error_of_double(edgel_exp(x), expl(x)) : 0);
        const double p = i % 2 ? exp(1400 * u) : 1 + u;
        of_log = fmax(of_log, error_of_double(edgel_ln(p), logl(p)));
        const double a = u * (i % 3 ? 20 : 2e6);
        of_sin = fmax(of_sin, (double)fabsl(edgel_sin(a) - sinl(a)));
        of_cos = fmax(of_cos, (double)fabsl(edgel_cos(a) - cosl(a)));
        of_atan = fmax(of_atan, (double)fabsl(edgel_atan(a) - atanl(a)));
        const double y = 20 * wide, power = edgel_pow(p, i % 2 ? 0.5 * wide : y);
        const long double exact = powl(p, i % 2 ? 0.5 * wide : y);
        of_pow = fmax(of_pow, (double)(fabsl(power / exact - 1) / (1 + fabsl(logl(exact)))));
    }
    printf("# exp %.3f, log %.3f units; sin %.2g, cos %.2g, atan %.2g; pow %.2g\n", of_exp, of_log, of_sin,
           of_cos, of_atan, of_pow);
    assert_true(of_exp < 1 && of_log < 3 && of_sin < 0x1p-52 && of_cos < 0x1p-52);
    assert_true(of_atan < 0x1p-51 && of_pow < 0x1p-51);
}

static void special_doubles(void **state)
{
    (void)state;
    assert_true(edgel_exp(0) == 1 && edgel_exp(-INFINITY) == 0 && edgel_exp(1e9) == INFINITY);
    assert_true(edgel_exp(-745) == 0x1p-1074 && edgel_exp(-800) == 0 && edgel_exp(709.7) < INFINITY);
    assert_true(isnan(edgel_exp(NAN)) && isnan(edgel_ln(NAN)) && isnan(edgel_ln(-1)));
    assert_true(edgel_ln(0) == -INFINITY && edgel_ln(INFINITY) == INFINITY && edgel_ln(1) == 0);
    assert_true(error_of_double(edgel_ln(0x1p-1074), logl(0x1p-1074L)) < 3);
    assert_true(edgel_pow(0, 2) == 0 && edgel_pow(0, 0) == 1 && edgel_pow(5, 0) == 1 &&
                edgel_pow(1, 1e300) == 1);
    assert_true(edgel_pow(0, -1) == INFINITY && isnan(edgel_pow(-2, 2)) && isnan(edgel_pow(NAN, 1)));
    assert_true(edgel_sin(0) == 0 && edgel_cos(0) == 1 && isnan(edgel_sin(INFINITY)) &&
                isnan(edgel_cos(1.1e6)));
    assert_true(isnan(edgel_sin(NAN)) && isnan(edgel_atan(NAN)) && edgel_atan(0) == 0);
    assert_true(fabs(edgel_atan(INFINITY) - acos(0)) < 1e-15 && fabs(edgel_atan(-1e300) + acos(0)) < 1e-15);
}

/* --- random numbers --- */

/* SplitMix64 from 1234567 is a widely published test vector; the rest comes from a few lines of Python. */
static void known_answers(void **state)
{
    (void)state;
    struct edgel_rng r = { 1234567 };
    assert_true(edgel_rng_next(&r) == 6457827717110365317u);
    assert_true(edgel_rng_next(&r) == 3203168211198807973u);
    assert_true(edgel_rng_next(&r) == 9817491932198370423u);
    r = edgel_rng_seed(1, 2, 3, 4);
    assert_true(edgel_rng_next(&r) == 0x68055585a968b899u);
    assert_true(edgel_rng_next(&r) == 0x9a72e9c958bd6b24u);
    const uint64_t key = edgel_hash(1, 2, 3, 4);
    assert_true(key == 0xd55ccd4aeb3ccafbu);
    assert_true(edgel_hash_at(key, 0) == 0x1396bceau);
    assert_true(edgel_hash_at(key, 1) == 0x6da15cfeu);
    assert_true(edgel_hash_at(key, UINT32_MAX) == 0x9c96a213u);
}

enum { DRAWS = 400000 };

static void uniform_and_normal_moments(void **state)
{
    (void)state;
    double u1 = 0, u2 = 0, uu = 0, before = 0.5, n1 = 0, n2 = 0, n3 = 0, n4 = 0;
    int within1 = 0, within2 = 0;
    struct edgel_rng r = edgel_rng_seed(5, 0, 0, 0);
    for (int i = 0; i < DRAWS; i++) {
        const double u = edgel_rng_uniform(&r), z = edgel_rng_normal(&r);
        assert_true(u >= 0 && u < 1);
        u1 += u - 0.5;
        u2 += (u - 0.5) * (u - 0.5);
        uu += (u - 0.5) * (before - 0.5);
        before = u;
        n1 += z;
        n2 += z * z;
        n3 += z * z * z;
        n4 += z * z * z * z;
        within1 += fabs(z) < 1;
        within2 += fabs(z) < 2;
    }
    const double root = sqrt(DRAWS); /* all bounds are 4.5 standard deviations of the sum */
    assert_true(fabs(u1) < 4.5 * root * sqrt(1.0 / 12));
    assert_true(fabs(u2 - DRAWS / 12.0) < 4.5 * root * sqrt(1.0 / 80 - 1.0 / 144));
    assert_true(fabs(uu) < 4.5 * root / 12);
    assert_true(fabs(n1) < 4.5 * root);
    assert_true(fabs(n2 - DRAWS) < 4.5 * root * sqrt(2));
    assert_true(fabs(n3) < 4.5 * root * sqrt(15));
    assert_true(fabs(n4 - 3.0 * DRAWS) < 4.5 * root * sqrt(96));
    assert_true(fabs(within1 - 0.6826894921 * DRAWS) < 4.5 * root * 0.4655);
    assert_true(fabs(within2 - 0.9544997361 * DRAWS) < 4.5 * root * 0.2084);
}

/* chi^2 over the n values has mean n - 1 and variance 2 (n - 1) */
static double chi_square(const int *count, int n, int draws)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (count[i] - draws / (double)n) * (count[i] - draws / (double)n);
    return sum * n / draws;
}

static void below_is_even(void **state)
{
    (void)state;
    for (int n = 1; n < 130; n += n < 8 ? 1 : 11) {
        int count[130] = { 0 };
        struct edgel_rng r = edgel_rng_seed(6, (uint64_t)n, 0, 0);
        for (int i = 0; i < 40000; i++)
            count[edgel_rng_below(
                &r, (uint64_t)n)]++; /* a value of 130 or more would crash the sanitizer's run */
        for (int i = n; i < 130; i++)
            assert_int_equal(count[i], 0);
        assert_true(fabs(chi_square(count, n, 40000) - (n - 1)) < 4.5 * sqrt(2.0 * n));
    }
    struct edgel_rng r = edgel_rng_seed(6, 0, 0, 0);
    const uint64_t large = (UINT64_C(1) << 63) + 12345;
    int upper = 0;
    for (int i = 0; i < 20000; i++) {
        const uint64_t v = edgel_rng_below(&r, large);
        assert_true(v < large);
        upper += v >= large / 2;
    }
    assert_true(fabs(upper - 10000.0) < 4.5 * sqrt(5000));
}

/* Streams that differ in one place or have their places exchanged have nothing in common. */
static void streams_are_apart(void **state)
{
    (void)state;
    uint64_t first[625];
    for (unsigned i = 0; i < 625; i++) {
        struct edgel_rng r = edgel_rng_seed(i % 5, i / 5 % 5, i / 25 % 5, i / 125);
        first[i] = edgel_rng_next(&r);
        for (unsigned k = 0; k < i; k++)
            assert_true(first[k] != first[i]);
    }
    for (int bit = 0; bit < 64; bit++) {
        int ones = 0;
        for (int i = 0; i < 625; i++)
            ones += (int)(first[i] >> bit & 1);
        assert_true(fabs(ones - 312.5) < 4.5 * 12.5);
    }
}

/* For each bit of the index and of the key: flipping it flips every bit of the mask's hash in half of all cases. */
static void masks_are_random(void **state)
{
    (void)state;
    enum { TRIALS = 4000 };
    for (int in = 0; in < 96; in++) {
        int flips[32] = { 0 };
        struct edgel_rng r = edgel_rng_seed(8, 0, 0, 0);
        for (int i = 0; i < TRIALS; i++) {
            const uint64_t key = edgel_rng_next(&r);
            const uint32_t index = (uint32_t)i; /* as masks use it: small and in order */
            const uint64_t key2 = in < 32 ? key : key ^ UINT64_C(1) << (in - 32);
            const uint32_t index2 = in < 32 ? index ^ UINT32_C(1) << in : index;
            const uint32_t d = edgel_hash_at(key, index) ^ edgel_hash_at(key2, index2);
            for (int out = 0; out < 32; out++)
                flips[out] += (int)(d >> out & 1);
        }
        for (int out = 0; out < 32; out++)
            assert_true(fabs(flips[out] - TRIALS / 2.0) < 0.08 * TRIALS);
    }
}

/* One mask: runs of neighbours, and the next sample's mask at the same place, are independent. */
static void masks_have_no_pattern(void **state)
{
    (void)state;
    enum { N = 1 << 18 };
    for (uint64_t step = 0; step < 4; step++) {
        const uint64_t a = edgel_hash(1, 2, step, 0), b = edgel_hash(1, 2, step, 1);
        int pairs[256] = { 0 }, both[256] = { 0 }, low[256] = { 0 };
        for (uint32_t i = 0; i < N; i++) {
            const uint32_t v = edgel_hash_at(a, i);
            pairs[(v >> 28) << 4 | edgel_hash_at(a, i + 1) >> 28]++;
            both[(v >> 28) << 4 | edgel_hash_at(b, i) >> 28]++;
            low[v & 255]++;
        }
        assert_true(fabs(chi_square(pairs, 256, N) - 255) < 4.5 * sqrt(510));
        assert_true(fabs(chi_square(both, 256, N) - 255) < 4.5 * sqrt(510));
        assert_true(fabs(chi_square(low, 256, N) - 255) < 4.5 * sqrt(510));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_within_half_a_unit),
        cmocka_unit_test(special_floats),
        cmocka_unit_test(rows_equal_scalars),
        cmocka_unit_test(doubles_are_within_their_bounds),
        cmocka_unit_test(special_doubles),
        cmocka_unit_test(known_answers),
        cmocka_unit_test(uniform_and_normal_moments),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(streams_are_apart),
        cmocka_unit_test(masks_are_random),
        cmocka_unit_test(masks_have_no_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
