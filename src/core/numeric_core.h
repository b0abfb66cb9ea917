/* numeric_core.h: exp, log and what follows from them for one float, as branch-free double arithmetic that compilers
 * turn into vector code. Included by numeric.c and, once per CPU level, by numeric_rows.h.
 *
 * The argument is widened to double, the function is computed with a relative error below 2^-30, and the result is
 * rounded once to float: the float is off by less than 0.51 units in its last place, subnormals included. There is no
 * multiply-add, no table and no call of the C library, so every compiler and every vector width gives the same bits.
 *
 * exp x = 2^k e^r with k = rint(x / ln 2), |r| <= ln 2 / 2; e^r - 1 = r + r^2 G(r).
 * log x = k ln 2 + 2 atanh s with x = 2^k m, m in [sqrt 1/2, sqrt 2), s = (m - 1) / (m + 1); atanh s = s + s^3 H(s^2).
 * G and H are Chebyshev fits in 200-bit arithmetic: G on |r| <= ln 2 / 2 (relative error of e^r - 1 below 2^-30.8), H
 * on s^2 <= 1/9 (of atanh below 2^-36.5). */
#ifndef EDGEL_NUMERIC_CORE_H
#define EDGEL_NUMERIC_CORE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t double_bits(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline double double_of(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* take ? a : b without a branch: a comparison that is not turned into a mask keeps loops from being vectorised */
static inline double choose(int take, double a, double b)
{
    const uint64_t mask = -(uint64_t)take;
    return double_of((double_bits(a) & mask) | (double_bits(b) & ~mask));
}

/* 2^k and e^r - 1 with 2^k e^r = e^x. Beyond 110 e^x is no float any more, but its double still is finite. */
static inline double exp_parts(double x, double *scale)
{
    const double shift = 0x1.8p52; /* adding it leaves rint() of a small number in the last bits */
    x = choose(x > 110, 110, x);
    x = choose(x < -110, -110, x);
    double shifted = x * 0x1.71547652b82fep+0 + shift;
    double r = x - (shifted - shift) * 0x1.62e42fefa39efp-1;
    *scale = double_of((double_bits(shifted) << 52) + 0x3ff0000000000000);
    double g = 0x1.a124f19fe89acp-13;
    g = g * r + 0x1.6d43246b523b4p-10;
    g = g * r + 0x1.1110e0f238322p-7;
    g = g * r + 0x1.5554e9063586ep-5;
    g = g * r + 0x1.5555555a78ed4p-3;
    g = g * r + 0x1.0000000b9129bp-1;
    return r + r * r * g;
}

/* e^x */
static inline double exp_core(double x)
{
    double scale, p = exp_parts(x, &scale);
    return scale + scale * p;
}

/* e^x - 1; where scale is 1 nothing cancels */
static inline double expm1_core(double x)
{
    double scale, p = exp_parts(x, &scale);
    return scale * p + (scale - 1);
}

/* 2 atanh s for |s| <= 1/3 */
static inline double atanh2_core(double s)
{
    double z = s * s, h = 0x1.a9be66c90c8d0p-4;
    h = h * z + 0x1.65ac7c899ba06p-4;
    h = h * z + 0x1.c7fb48548cd81p-4;
    h = h * z + 0x1.248f5749503a4p-3;
    h = h * z + 0x1.9999a0d4d8f45p-3;
    h = h * z + 0x1.55555553e71e1p-2;
    s += s;
    return s + s * z * h;
}

/* k and m with x = 2^k m, sqrt 1/2 <= m < sqrt 2, of a normal x > 0 */
static inline double log_parts(double x, double *k)
{
    const uint64_t low = 0x3fe6a09e667f3bcd; /* sqrt 1/2 */
    uint64_t u = double_bits(x) + (0x3ff0000000000000 - low), biased = u >> 52;
    *k = double_of(0x4330000000000000 | biased) - (0x1p52 + 1023);
    return double_of((u & 0x000fffffffffffff) + low);
}

/* log x; -inf at 0, NaN below */
static inline double log_core(double x)
{
    double k, m = log_parts(x, &k);
    double y = k * 0x1.62e42fefa39efp-1 + atanh2_core((m - 1) / (m + 1));
    y = choose(x < INFINITY, y, x); /* infinity and NaN are their own logarithms */
    y = choose(x == 0, -INFINITY, y);
    return choose(x < 0, NAN, y);
}

/* 1 / (1 + e^-x) */
static inline double sigmoid_core(double x)
{
    return 1 / (1 + exp_core(-x));
}

/* (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x */
static inline double tanh_core(double x)
{
    double q = expm1_core(-2 * fabs(x));
    return copysign(-q / (2 + q), x);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), log(1 + e) = 2 atanh(e / (2 + e)) */
static inline double softplus_core(double x)
{
    double e = exp_core(-fabs(x));
    return choose(x < 0, 0, x) + atanh2_core(e / (2 + e));
}

/* Q(x) = (1 - erf(|x| / sqrt 2)) / 2, the upper tail of the normal distribution: e^-x^2/2 erfcx(|x| / sqrt 2) / 2.
 * erfcx(t) = e^t^2 (1 - erf t) is E(u) / (1 + 2 t), u = (t - 3) / (t + 3), E a Chebyshev fit on 0 <= t <= 10.7
 * (relative error below 2^-39.7); beyond, Q is no float. *density: e^-x^2/2. */
static inline double normal_tail(double x, double *density)
{
    double t = fabs(x) * 0x1.6a09e667f3bcdp-1;
    t = choose(t > 10.7, 10.7, t);
    double u = (t - 3) / (t + 3);
    double e = -0x1.4cb0a2fc56222p-18;
    e = e * u - 0x1.4d6d84bd86f68p-16;
    e = e * u + 0x1.22a0031dd15b9p-17;
    e = e * u + 0x1.0a014c4257a3bp-13;
    e = e * u - 0x1.bd509b6768ddcp-14;
    e = e * u - 0x1.9953ef9ec4a15p-11;
    e = e * u + 0x1.ef1f368260783p-10;
    e = e * u + 0x1.4b8e703cde788p-9;
    e = e * u - 0x1.8574afc046c0bp-6;
    e = e * u + 0x1.17ca23f2abe56p-4;
    e = e * u - 0x1.e88b80f70f4e7p-4;
    e = e * u + 0x1.098366bb9be20p-3;
    e = e * u - 0x1.85a15c4a668bbp-5;
    e = e * u - 0x1.15c084bbd97e1p-3;
    e = e * u + 0x1.40c522d7e3f5cp+0;
    *density = exp_core(-0.5 * x * x);
    return 0.5 * *density * e / (1 + 2 * t);
}

/* x (1 + erf(x / sqrt 2)) / 2; -0 at -infinity */
static inline double gelu_core(double x)
{
    double density, q = normal_tail(x, &density);
    return choose(x < -40, -40, x) * choose(x > 0, 1 - q, q);
}

/* Its derivative, (1 + erf(x / sqrt 2)) / 2 + x e^-x^2/2 / sqrt(2 pi). */
static inline double gelu_slope_core(double x)
{
    double density, q = normal_tail(x, &density);
    double near = choose(x > 40, 40, choose(x < -40, -40, x));
    return choose(x > 0, 1 - q, q) + near * density * 0x1.9884533d43651p-2;
}

#endif
