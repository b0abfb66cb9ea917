/* exp, log, pow, sin and cos in double, exp and its relatives for one float, and the choice of the row kernels. See
 * numeric_core.h for the float functions.
 *
 * exp: k = rint(x / ln 2), r = x - k ln 2 with ln 2 in two parts, e^r by its Taylor sum to r^13; off by less than 1
 * unit in the last place.
 * log: as in numeric_core.h with atanh summed to s^21 and ln 2 in two parts; off by less than 3 units.
 * pow: e^(y log x); the relative error is below 2^-51 (1 + |y log x|).
 * atan: atan x = pi/2 - atan 1/x, atan x = 2 atan(x / (1 + sqrt(1 + x^2))) twice, then its Taylor sum to x^25.
 * sin, cos: k = rint(x / (pi/2)), r = x - k pi/2 with pi/2 in three parts, Taylor sums to r^17 and r^16; off by less
 * than 2^-52. */
#include "core/core_priv.h"
#include "core/numeric_core.h"

#define LEVEL(name) name##_c
#include "core/numeric_rows.h"

void edgel_numeric_init(struct edgel_numeric *t, unsigned flags)
{
    (void)flags;
    edgel_numeric_rows_c(t);
#ifdef EDGEL_HAVE_AVX2
    if (flags & EDGEL_CPU_AVX2)
        edgel_numeric_rows_avx2(t);
#endif
#ifdef EDGEL_HAVE_AVX512
    if (flags & EDGEL_CPU_AVX512)
        edgel_numeric_rows_avx512(t);
#endif
}

float edgel_expf(float x)
{
    return (float)exp_core(x);
}

float edgel_expm1f(float x)
{
    return (float)expm1_core(x);
}

float edgel_logf(float x)
{
    return (float)log_core(x);
}

float edgel_sigmoidf(float x)
{
    return (float)sigmoid_core(x);
}

float edgel_tanhf(float x)
{
    return (float)tanh_core(x);
}

float edgel_softplusf(float x)
{
    return (float)softplus_core(x);
}

float edgel_geluf(float x)
{
    return (float)gelu_core(x);
}

float edgel_gelu_slopef(float x)
{
    return (float)gelu_slope_core(x);
}

static const double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;

/* rint() for |x| < 2^51, without a call of the C library */
static double nearest(double x)
{
    return (x + 0x1.8p52) - 0x1.8p52;
}

static double power_of_two(int k) /* -1022 <= k <= 1023 */
{
    return double_of((uint64_t)(1023 + k) << 52);
}

double edgel_exp(double x)
{
    static const double term[] = { 1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                                   1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                   1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800 };
    if (!(x < 710))
        return x >= 710 ? INFINITY : x;
    if (x < -746)
        return 0;
    const double k = nearest(x * 0x1.71547652b82fep+0);
    const double r = (x - k * ln2_high) - k * ln2_low;
    double sum = 0;
    for (int n = 11; n >= 0; n--)
        sum = sum * r + term[n];
    const int half = (int)k / 2; /* 2^k itself may be no double */
    return (1 + (r + r * r * sum)) * power_of_two(half) * power_of_two((int)k - half);
}

double edgel_ln(double x)
{
    if (!(x > 0) || x == INFINITY)
        return x == 0 ? -INFINITY : x < 0 ? NAN : x;
    const bool subnormal = x < 0x1p-1022;
    double k, m = log_parts(subnormal ? x * 0x1p54 : x, &k);
    k -= subnormal ? 54 : 0;
    const double s = (m - 1) / (m + 1), z = s * s;
    double sum = 0;
    for (int n = 21; n >= 3; n -= 2)
        sum = (sum + 1.0 / n) * z;
    return k * ln2_high + (2 * s + (2 * s * sum + k * ln2_low));
}

double edgel_pow(double x, double y)
{
    if (y == 0 || x == 1)
        return 1;
    return edgel_exp(y * edgel_ln(x));
}

/* x - q pi/2 for the q in 0..3 (modulo 4) that makes it smallest */
static double reduce_angle(double x, int *quarter)
{
    const double k = nearest(x * 0x1.45f306dc9c883p-1);
    *quarter = (int)k & 3;
    return ((x - k * 0x1.921fb54400000p+0) - k * 0x1.0b4611a600000p-34) - k * 0x1.3198a2e037073p-69;
}

static double sin_or_cos(double x, int add)
{
    static const double terms[2][8] = {
        { -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800,
          -1.0 / 1307674368000, 1.0 / 355687428096000 },
        { -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200,
          1.0 / 20922789888000 },
    };
    if (!(fabs(x) <= 1e6))
        return NAN;
    int quarter;
    const double r = reduce_angle(x, &quarter), z = r * r;
    quarter += add;
    const double *const term = terms[quarter & 1];
    double sum = 0;
    for (int k = 7; k >= 0; k--)
        sum = (sum + term[k]) * z;
    const double one_or_r[] = { r, 1 }, sign[] = { 1, -1 }; /* no branches: quarters come in any order */
    const double y = one_or_r[quarter & 1] * sign[quarter >> 1 & 1];
    return y + y * sum;
}

double edgel_sin(double x)
{
    return sin_or_cos(x, 0);
}

double edgel_cos(double x)
{
    return sin_or_cos(x, 1);
}

double edgel_atan(double x)
{
    const double a = fabs(x), y = a > 1 ? 1 / a : a;
    const double half = y / (1 + sqrt(1 + y * y)), s = half / (1 + sqrt(1 + half * half)), z = s * s;
    double sum = 0;
    for (int n = 25; n >= 3; n -= 2)
        sum = (1.0 / n - sum) * z;
    const double angle = 4 * (s - s * sum);
    return copysign(a > 1 ? 0x1.921fb54442d18p+0 - angle : angle, x);
}
