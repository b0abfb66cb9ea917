/* Row kernels of whole operations on 8-bit images, in plain C: the Gaussian's two passes, and gradient magnitudes that
 * go from samples to the saturated result in one row. Loops are shaped so that the compiler vectorises them. */
#include "filter/filter_priv.h"
#include <math.h>

/* --- Gaussian --- */

enum { BLOCK = 256 }; /* samples summed at a time, so that sums stay in the nearest cache */

static void smooth_v_row(int16_t *restrict dst, const uint8_t *const *rows, int n, const uint16_t *tap,
                         int ntap)
{
    const int r = ntap / 2;
    for (int x = 0; x < n; x += BLOCK) {
        const int m = n - x < BLOCK ? n - x : BLOCK;
        const uint8_t *restrict mid = rows[r] + x;
        uint16_t sum[BLOCK];
        for (int i = 0; i < m; i++)
            sum[i] = (uint16_t)(tap[r] * mid[i]);
        for (int k = 0; k < r; k++) {
            const uint8_t *restrict a = rows[k] + x, *restrict b = rows[ntap - 1 - k] + x;
            const uint16_t t = tap[k];
            for (int i = 0; t && i < m; i++)
                sum[i] = (uint16_t)(sum[i] + t * (a[i] + b[i]));
        }
        for (int i = 0; i < m; i++)
            dst[x + i] = (int16_t)(sum[i] - 32768);
    }
}

void edgel_smooth_v_u8_c(int16_t *dst, int16_t *below, const uint8_t *const *rows, int n, const uint16_t *tap,
                         int ntap)
{
    smooth_v_row(dst, rows, n, tap, ntap);
    smooth_v_row(below, rows + 1, n, tap, ntap);
}

/* All in 16 bits, modulo 2^16. With src = s - 32768 = 256 h + l, h the byte above (signed) and l the one below, the
 * result is (sum tap h + 32768 + 128 + (sum tap l) / 256) / 256, both divisions rounded down: as taps are of sum 256
 * and s at most 255 * 256, neither sum tap l nor the bracket reaches 65536. r is a constant where this is called. */
enum { MAX_R = 4, MAX_STEP = 4 };
static inline void smooth_h_halves(uint8_t *restrict dst, const uint16_t *restrict high,
                                   const uint16_t *restrict low, int n, int step, const uint16_t *tap,
                                   const int r)
{
    for (int i = 0; i < n; i++) {
        uint16_t h = (uint16_t)(tap[r] * high[i + r * step]), l = (uint16_t)(tap[r] * low[i + r * step]);
        for (int k = 0; k < r; k++) {
            const int a = i + k * step, b = i + (2 * r - k) * step;
            h = (uint16_t)(h + tap[k] * (uint16_t)(high[a] + high[b]));
            l = (uint16_t)(l + tap[k] * (uint16_t)(low[a] + low[b]));
        }
        dst[i] = (uint8_t)((uint16_t)(h + 32768 + 128 + (l >> 8)) >> 8);
    }
}

static void smooth_h_short(uint8_t *dst, const int16_t *restrict src, int n, int step, const uint16_t *tap,
                           int r)
{
    uint16_t high[BLOCK + 2 * MAX_R * MAX_STEP], low[BLOCK + 2 * MAX_R * MAX_STEP], t[MAX_R + 1];
    memcpy(t, tap, (size_t)(r + 1) * sizeof *t);
    for (int x = 0; x < n; x += BLOCK) {
        const int m = n - x < BLOCK ? n - x : BLOCK;
        for (int i = 0; i < m + 2 * r * step; i++) {
            high[i] = (uint16_t)(src[x + i] >> 8);
            low[i] = (uint16_t)(src[x + i] & 255);
        }
        switch (r) {
        case 1: smooth_h_halves(dst + x, high, low, m, step, t, 1); break;
        case 2: smooth_h_halves(dst + x, high, low, m, step, t, 2); break;
        case 3: smooth_h_halves(dst + x, high, low, m, step, t, 3); break;
        default: smooth_h_halves(dst + x, high, low, m, step, t, 4);
        }
    }
}

/* With src = s - 32768 and taps of sum 256, sum tap s = sum tap src + 2^23. */
void edgel_smooth_h_u8_c(uint8_t *restrict dst, const int16_t *restrict src, int n, int step,
                         const uint16_t *tap, int ntap)
{
    if (ntap > 1 && ntap / 2 <= MAX_R && step <= MAX_STEP) {
        smooth_h_short(dst, src, n, step, tap, ntap / 2);
        return;
    }
    for (int x = 0; x < n; x += BLOCK) {
        const int m = n - x < BLOCK ? n - x : BLOCK;
        int32_t sum[BLOCK];
        for (int i = 0; i < m; i++)
            sum[i] = (1 << 23) + (1 << 15);
        for (int k = 0; k < ntap; k++) {
            const int16_t *restrict a = src + x + (ptrdiff_t)k * step;
            const int16_t t = (int16_t)tap[k];
            for (int i = 0; t && i < m; i++)
                sum[i] += a[i] * t;
        }
        for (int i = 0; i < m; i++)
            dst[x + i] = (uint8_t)(sum[i] >> 16);
    }
}

/* --- gradient magnitudes --- */

/* |v|, at most 255: a larger derivative saturates the sum in any case. */
static int16_t size_of(int16_t v)
{
    const int16_t a = (int16_t)(v < 0 ? -v : v);
    return (int16_t)(a < 255 ? a : 255);
}

static int16_t clamped(int v)
{
    return (int16_t)(v < -255 ? -255 : v > 255 ? 255 : v);
}

static uint8_t l1_u8(int16_t gx, int16_t gy)
{
    const int16_t m = (int16_t)(size_of(gx) + size_of(gy));
    return (uint8_t)(m < 255 ? m : 255);
}

/* min(255, rint(sqrt(gx^2 + gy^2))): the sum is below 2^24 and so a float, and its root is at least 3e-4 away from any
 * half, far more than the rounding errors of root and addition. */
static uint8_t l2_u8(int16_t gx, int16_t gy)
{
    const int x = size_of(gx), y = size_of(gy);
    const int root = (int)(sqrtf((float)(x * x + y * y)) + 0.5f);
    return (uint8_t)(root < 255 ? root : 255);
}

/* The radius is an argument of its own, so that each has its own loops; the sums of radius 3 need 32 bits. */
#define DEFINE_EDGE(name, COMBINE)                                                                       \
    static inline void name##_3x3(uint8_t *restrict dst, const uint8_t *const *rows, int n, int step,    \
                                  int s0, int s1)                                                        \
    {                                                                                                    \
        const uint8_t *a = rows[0], *b = rows[1], *c = rows[2];                                          \
        for (int i = 0; i < n; i++) {                                                                    \
            const int16_t falling = (int16_t)(c[i + step] - a[i - step]);                                \
            const int16_t rising = (int16_t)(a[i + step] - c[i - step]);                                 \
            const int16_t gx = (int16_t)(s1 * (falling + rising) + s0 * (b[i + step] - b[i - step]));    \
            const int16_t gy = (int16_t)(s1 * (falling - rising) + s0 * (c[i] - a[i]));                  \
            dst[i] = COMBINE(gx, gy);                                                                    \
        }                                                                                                \
    }                                                                                                    \
    static inline void name##_of(uint8_t *restrict dst, const uint8_t *const *rows, int n, int step,     \
                                 const struct edgel_taps *t, int16_t *restrict vs, int16_t *restrict vd, \
                                 const int r)                                                            \
    {                                                                                                    \
        const int side = r * step;                                                                       \
        const uint8_t *restrict c = rows[r];                                                             \
        for (int i = -side; i < n + side; i++) {                                                         \
            vs[i] = (int16_t)(t->s[0] * c[i]);                                                           \
            vd[i] = 0;                                                                                   \
        }                                                                                                \
        for (int k = 1; k <= r; k++) {                                                                   \
            const uint8_t *restrict a = rows[r - k], *restrict b = rows[r + k];                          \
            const int16_t s = (int16_t)t->s[k], d = (int16_t)t->d[k];                                    \
            for (int i = -side; i < n + side; i++) {                                                     \
                vs[i] = (int16_t)(vs[i] + s * (a[i] + b[i]));                                            \
                vd[i] = (int16_t)(vd[i] + d * (b[i] - a[i]));                                            \
            }                                                                                            \
        }                                                                                                \
        for (int i = 0; i < n; i++) {                                                                    \
            int gx = 0, gy = t->s[0] * vd[i];                                                            \
            for (int k = 1; k <= r; k++) {                                                               \
                gx += t->d[k] * (vs[i + k * step] - vs[i - k * step]);                                   \
                gy += t->s[k] * (vd[i + k * step] + vd[i - k * step]);                                   \
            }                                                                                            \
            dst[i] = COMBINE(clamped(gx), clamped(gy));                                                  \
        }                                                                                                \
    }                                                                                                    \
    void edgel_##name##_c(uint8_t *dst, const uint8_t *const *rows, int n, int step,                     \
                          const struct edgel_taps *t, int16_t *vs, int16_t *vd)                          \
    {                                                                                                    \
        if (t->radius == 1)                                                                              \
            name##_3x3(dst, rows, n, step, t->s[0], t->s[1]);                                            \
        else if (t->radius == 2)                                                                         \
            name##_of(dst, rows, n, step, t, vs, vd, 2);                                                 \
        else                                                                                             \
            name##_of(dst, rows, n, step, t, vs, vd, 3);                                                 \
    }
DEFINE_EDGE(edge_l1_u8, l1_u8)
DEFINE_EDGE(edge_l2_u8, l2_u8)

#define DEFINE_ROBERTS(name, COMBINE)                                                                   \
    void edgel_##name##_c(uint8_t *restrict dst, const uint8_t *r0, const uint8_t *r1, int n, int step) \
    {                                                                                                   \
        for (int i = 0; i < n; i++)                                                                     \
            dst[i] = COMBINE((int16_t)(r0[i] - r1[i + step]), (int16_t)(r0[i + step] - r1[i]));         \
    }
DEFINE_ROBERTS(edge_roberts_l1_u8, l1_u8)
DEFINE_ROBERTS(edge_roberts_l2_u8, l2_u8)

void edgel_rows_dsp_init(struct edgel_filter_dsp *dsp)
{
    dsp->smooth_v_u8 = edgel_smooth_v_u8_c;
    dsp->smooth_h_u8 = edgel_smooth_h_u8_c;
    dsp->edge_l1_u8 = edgel_edge_l1_u8_c;
    dsp->edge_l2_u8 = edgel_edge_l2_u8_c;
    dsp->edge_roberts_l1_u8 = edgel_edge_roberts_l1_u8_c;
    dsp->edge_roberts_l2_u8 = edgel_edge_roberts_l2_u8_c;
}
