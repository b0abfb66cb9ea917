/*
 * kernelcheck: every row kernel must compute what its comment in filter_priv.h says.
 *
 *     kernelcheck [--seed N] [--bench]
 *
 * The kernels of every CPU level are held, bit for bit, against per-sample formulas written here: over random, lowest,
 * highest and alternating samples, every width to 130 (so every tail), 1 to 4 channels, at odd addresses, with guard
 * bytes around what is written (test_reads.c: what is read). A kernel that a level takes over from the one below is not
 * run twice. The seed is printed; --bench times the kernels of 8-bit images and every method. Exit 0 pass, 1 fail.
 */
#include "edgel/detect.h"
#include "filter/filter_priv.h"
#include "random.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAXW = 130, SIDE = 64, GUARD = 64, CANARY = 0xA5, PATTERNS = 4 };
enum { ROOM = 3 * MAXW + 2 * SIDE + 16 };
static int failures, compared;

static uint64_t rng_state = 1;
static uint32_t rnd(void)
{
    return random_word(&rng_state);
}

static uint32_t level_of(int pattern, int i, uint32_t max)
{
    const uint32_t bit = rnd() & 1;
    return pattern == 0 ? rnd() % (max + 1) : pattern == 1 ? bit : pattern == 2 ? max - bit : i & 1 ? max : 0;
}

/* A written row between guards, at an odd multiple of its sample size. */
struct target {
    _Alignas(64) unsigned char bytes[2 * GUARD + 8 * (3 * MAXW + 8)];
};

static void *target_row(struct target *t, size_t size)
{
    memset(t->bytes, CANARY, sizeof t->bytes);
    return t->bytes + GUARD + size;
}

/* Whether nothing but `bytes` bytes from `begin` on was written. */
static bool nothing_beside(const struct target *t, size_t begin, size_t bytes)
{
    for (size_t i = 0; i < sizeof t->bytes; i++)
        if ((i < begin || i >= begin + bytes) && t->bytes[i] != CANARY)
            return false;
    return true;
}

static bool guards_hold(const struct target *t, size_t size, int n)
{
    return nothing_beside(t, GUARD + size, size * (size_t)n);
}

static void judge(const char *level, const char *kernel, int n, bool same, bool guarded)
{
    compared++;
    if (same && guarded)
        return;
    if (failures++ < 20)
        fprintf(stderr, "FAIL %s %s, %d samples: %s\n", level, kernel, n,
                same ? "wrote outside the row" : "wrong result");
}

/* Rows that kernels read, SIDE samples free on either side. */
static uint8_t u8[7][ROOM], calm8[7][ROOM]; /* calm: so close together that magnitudes below 255 occur */
static uint16_t u16[7][ROOM];
static uint32_t u32[7][ROOM];
static int32_t i32[7][ROOM];
static float f32[7][ROOM];
static int16_t gx16[ROOM], gy16[ROOM], m16[3][ROOM];
static int32_t m32[3][ROOM];
static uint32_t tap16[7];
static float tapf[7];
static int at; /* where rows begin this time */

static void fill(int pattern)
{
    at = SIDE + (int)(rnd() % 8);
    for (int k = 0; k < 7; k++)
        for (int i = 0; i < ROOM; i++) {
            u8[k][i] = (uint8_t)level_of(pattern, i, 255);
            calm8[k][i] = (uint8_t)(255 - (u8[k][i] >> 4));
            u16[k][i] = (uint16_t)level_of(pattern, i, 65535);
            u32[k][i] = level_of(pattern, i, 65535) << 16;
            i32[k][i] = (int32_t)level_of(pattern, i, 65535);
            f32[k][i] = (float)level_of(pattern, i, 65535) / 65535.0f;
        }
    for (int i = 0; i < ROOM; i++) {
        gx16[i] = (int16_t)((int)level_of(pattern, i, 24480) - 12240);
        gy16[i] = (int16_t)((int)level_of(pattern, i / 2, 24480) - 12240);
        if (rnd() % 2) { /* near the borders of the sectors */
            gx16[i] = (int16_t)((int)(rnd() % 41) - 20);
            gy16[i] = (int16_t)((int)(rnd() % 41) - 20);
        }
        for (int k = 0; k < 3; k++) {
            const bool own = k == 1 || rnd() % 2;
            m16[k][i] = own ? (int16_t)(abs(gx16[i]) + abs(gy16[i])) : (int16_t)level_of(pattern, i, 24480);
            m32[k][i] =
                own ? gx16[i] * gx16[i] + gy16[i] * gy16[i] : (int32_t)level_of(pattern, i, 299635200);
        }
    }
    /* Even taps of sum 65536. */
    uint32_t left16 = 32768;
    for (int k = 0; k < 3; k++) {
        const uint32_t b = rnd() % (left16 / 2);
        tap16[k] = tap16[6 - k] = b;
        tapf[k] = tapf[6 - k] = (float)rnd() / 4294967296.0f;
        left16 -= b;
    }
    tap16[3] = 2 * left16;
    tapf[3] = 0.25f;
}

/* --- the Gaussian's rows --- */

#define CHECK_BLUR_H(name, OUT, rows, taps, SUM)                                                   \
    static void check_##name(const char *level, const struct edgel_filter_dsp *d, int n, int step) \
    {                                                                                              \
        static struct target t;                                                                    \
        OUT *out = target_row(&t, sizeof *out);                                                    \
        d->name(out, rows[0] + at, n, step, taps, 7);                                              \
        bool same = true;                                                                          \
        for (int i = 0; i < n; i++) {                                                              \
            SUM sum = 0;                                                                           \
            for (int k = 0; k < 7; k++)                                                            \
                sum = sum + (SUM)taps[k] * (SUM)rows[0][at + i + k * step];                        \
            same = same && out[i] == (OUT)sum;                                                     \
        }                                                                                          \
        judge(level, #name, n, same, guards_hold(&t, sizeof *out, n));                             \
    }
CHECK_BLUR_H(blur_h_u16, uint32_t, u16, tap16, uint64_t)
CHECK_BLUR_H(blur_h_f32, float, f32, tapf, float)

#define CHECK_BLUR_V(name, OUT, IN, rows, taps, SUM, FINISH)                                       \
    static void check_##name(const char *level, const struct edgel_filter_dsp *d, int n, int step) \
    {                                                                                              \
        static struct target t;                                                                    \
        OUT *out = target_row(&t, sizeof *out);                                                    \
        const IN *const in[7] = { rows[0] + at, rows[1] + at, rows[2] + at, rows[3] + at,          \
                                  rows[4] + at, rows[5] + at, rows[6] + at };                      \
        (void)step;                                                                                \
        d->name(out, in, n, taps, 7);                                                              \
        bool same = true;                                                                          \
        for (int i = 0; i < n; i++) {                                                              \
            SUM sum = 0;                                                                           \
            for (int k = 0; k < 7; k++)                                                            \
                sum = sum + (SUM)taps[k] * (SUM)in[k][i];                                          \
            same = same && out[i] == (OUT)(FINISH);                                                \
        }                                                                                          \
        judge(level, #name, n, same, guards_hold(&t, sizeof *out, n));                             \
    }
CHECK_BLUR_V(blur_v_u16, uint16_t, uint32_t, u32, tap16, uint64_t, (sum + 2147483648u) / 4294967296u)
CHECK_BLUR_V(blur_v_f32, float, float, f32, tapf, float, sum)

/* Every number of taps that has code of its own, and taps up to those of an identity. */
static int random_taps(uint16_t *tap)
{
    const int r = (int)(rnd() % 12);
    uint32_t left = rnd() % 4 ? 128 : 0;
    for (int k = 0; k < r; k++) {
        tap[k] = tap[2 * r - k] = (uint16_t)(left ? rnd() % (k + 1 < r ? left / 2 + 1 : left + 1) : 0);
        left -= tap[k];
    }
    uint32_t sum = 0;
    for (int k = 0; k < r; k++)
        sum += 2u * tap[k];
    tap[r] = (uint16_t)(256 - sum);
    return 2 * r + 1;
}

static void check_smooth_v_u8(const char *level, const struct edgel_filter_dsp *d, int n, int step)
{
    static struct target t[2];
    int16_t *out[2] = { target_row(&t[0], sizeof **out), target_row(&t[1], sizeof **out) };
    uint16_t tap[23];
    const uint8_t *in[24];
    const int ntap = random_taps(tap);
    for (int k = 0; k <= ntap; k++)
        in[k] = u8[k % 7] + at - SIDE + k;
    (void)step;
    d->smooth_v_u8(out[0], out[1], in, n, tap, ntap);
    for (int row = 0; row < 2; row++) {
        bool same = true;
        for (int i = 0; i < n; i++) {
            int sum = -32768;
            for (int k = 0; k < ntap; k++)
                sum += tap[k] * in[row + k][i];
            same = same && out[row][i] == sum;
        }
        judge(level, row ? "smooth_v_u8, below" : "smooth_v_u8", n, same,
              guards_hold(&t[row], sizeof **out, n));
    }
}

static void check_smooth_h_u8(const char *level, const struct edgel_filter_dsp *d, int n, int step)
{
    static struct target t;
    static int16_t src[3 * MAXW + 24 * 4];
    uint8_t *out = target_row(&t, 1);
    uint16_t tap[23];
    const int ntap = random_taps(tap);
    for (int i = 0; i < n + ntap * step; i++) /* what smooth_v_u8 writes: at most 255 * 256 - 32768 */
        src[i] = (int16_t)(u8[0][i] * 255 + u8[1][i] - 32768);
    d->smooth_h_u8(out, src, n, step, tap, ntap);
    bool same = true;
    for (int i = 0; i < n; i++) {
        int64_t sum = 32768;
        for (int k = 0; k < ntap; k++)
            sum += tap[k] * (src[i + k * step] + 32768);
        same = same && out[i] == sum / 65536;
    }
    judge(level, "smooth_h_u8", n, same, guards_hold(&t, 1, n));
}

/* --- derivatives --- */

static const struct edgel_taps *taps_of(int i)
{
    static const enum edgel_operator ops[] = { EDGEL_SOBEL, EDGEL_SOBEL, EDGEL_SOBEL, EDGEL_PREWITT,
                                               EDGEL_SCHARR };
    return edgel_operator_taps(ops[i], 3 + 2 * (i % 3));
}

/* The two-dimensional sum; vertical: smoothed along the row, differenced across rows. */
static double derivative(double (*sample)(int row, int i), const struct edgel_taps *t, int i, int step,
                         bool vertical)
{
    double sum = 0;
    for (int dy = -t->radius; dy <= t->radius; dy++)
        for (int dx = -t->radius; dx <= t->radius; dx++) {
            const int along = vertical ? dy : dx, across = vertical ? dx : dy;
            sum += (along < 0 ? -1 : 1) * t->d[abs(along)] * t->s[abs(across)] *
                   sample(t->radius + dy, at + i + dx * step);
        }
    return sum;
}

static double sample_u8(int row, int i)
{
    return u8[row][i];
}
static double sample_calm8(int row, int i)
{
    return calm8[row][i];
}
static double sample_i32(int row, int i)
{
    return i32[row][i];
}
static double sample_f32(int row, int i)
{
    return (double)f32[row][i];
}

#define CHECK_DERIVE(name, OUT, IN, WORK, rows, sample, FINISH)                                    \
    static void check_##name(const char *level, const struct edgel_filter_dsp *d, int n, int step) \
    {                                                                                              \
        static struct target tx, ty;                                                               \
        static WORK vs[ROOM], vd[ROOM];                                                            \
        const IN *const in[7] = { rows[0] + at, rows[1] + at, rows[2] + at, rows[3] + at,          \
                                  rows[4] + at, rows[5] + at, rows[6] + at };                      \
        for (int op = 0; op < 5; op++) {                                                           \
            const struct edgel_taps *t = taps_of(op);                                              \
            OUT *gx = target_row(&tx, sizeof *gx), *gy = target_row(&ty, sizeof *gy);              \
            d->name(gx, gy, in, n, step, t, vs + SIDE, vd + SIDE);                                 \
            bool same = true;                                                                      \
            for (int i = 0; i < n; i++) {                                                          \
                const double x = derivative(sample, t, i, step, false);                            \
                const double y = derivative(sample, t, i, step, true);                             \
                same = same && gx[i] == (OUT)FINISH(x) && gy[i] == (OUT)FINISH(y);                 \
            }                                                                                      \
            judge(level, #name, n, same,                                                           \
                  guards_hold(&tx, sizeof *gx, n) && guards_hold(&ty, sizeof *gy, n));             \
        }                                                                                          \
    }
#define WHOLE(v)      (v)
#define SIXTEENTHS(v) (t->radius == 3 ? rint((v) / 16) : (v))
CHECK_DERIVE(derive_u8, int16_t, uint8_t, int16_t, u8, sample_u8, SIXTEENTHS)
CHECK_DERIVE(derive_i32, int32_t, int32_t, int32_t, i32, sample_i32, WHOLE)
CHECK_DERIVE(derive_f32, float, float, double, f32, sample_f32, WHOLE)

#define CHECK_ROBERTS(name, T, rows)                                                                      \
    static void check_##name(const char *level, const struct edgel_filter_dsp *d, int n, int step)        \
    {                                                                                                     \
        static struct target tx, ty;                                                                      \
        T *gx = target_row(&tx, sizeof *gx), *gy = target_row(&ty, sizeof *gy);                           \
        const T *a = rows[0] + at, *b = rows[1] + at;                                                     \
        d->name(gx, gy, a, b, n, step);                                                                   \
        bool same = true;                                                                                 \
        for (int i = 0; i < n; i++)                                                                       \
            same = same && gx[i] == a[i] - b[i + step] && gy[i] == a[i + step] - b[i];                    \
        judge(level, #name, n, same, guards_hold(&tx, sizeof *gx, n) && guards_hold(&ty, sizeof *gy, n)); \
    }
CHECK_ROBERTS(roberts_i32, int32_t, i32)
CHECK_ROBERTS(roberts_f32, float, f32)

/* --- gradient magnitudes of 8-bit rows --- */

static int saturated(double x, double y, bool l2)
{
    return (int)fmin(255, l2 ? rint(sqrt(x * x + y * y)) : fabs(x) + fabs(y));
}

#define CHECK_EDGE(name, L2)                                                                       \
    static void check_##name(const char *level, const struct edgel_filter_dsp *d, int n, int step) \
    {                                                                                              \
        static struct target t8;                                                                   \
        static int16_t vs[ROOM], vd[ROOM];                                                         \
        for (int op = 0; op < 10; op++) {                                                          \
            const struct edgel_taps *t = taps_of(op % 5);                                          \
            double (*const sample)(int, int) = op < 5 ? sample_u8 : sample_calm8;                  \
            const uint8_t *in[7];                                                                  \
            for (int k = 0; k < 7; k++)                                                            \
                in[k] = (op < 5 ? u8[k] : calm8[k]) + at;                                          \
            uint8_t *out = target_row(&t8, 1);                                                     \
            d->name(out, in, n, step, t, vs + SIDE, vd + SIDE);                                    \
            bool same = true;                                                                      \
            for (int i = 0; i < n; i++)                                                            \
                same = same && out[i] == saturated(derivative(sample, t, i, step, false),          \
                                                   derivative(sample, t, i, step, true), L2);      \
            judge(level, #name, n, same, guards_hold(&t8, 1, n));                                  \
        }                                                                                          \
    }
CHECK_EDGE(edge_l1_u8, false)
CHECK_EDGE(edge_l2_u8, true)

#define CHECK_EDGE_ROBERTS(name, L2)                                                               \
    static void check_##name(const char *level, const struct edgel_filter_dsp *d, int n, int step) \
    {                                                                                              \
        static struct target t;                                                                    \
        uint8_t *out = target_row(&t, 1);                                                          \
        const uint8_t *a = u8[0] + at, *b = u8[1] + at;                                            \
        d->name(out, a, b, n, step);                                                               \
        bool same = true;                                                                          \
        for (int i = 0; i < n; i++)                                                                \
            same = same && out[i] == saturated(a[i] - b[i + step], a[i + step] - b[i], L2);        \
        judge(level, #name, n, same, guards_hold(&t, 1, n));                                       \
    }
CHECK_EDGE_ROBERTS(edge_roberts_l1_u8, false)
CHECK_EDGE_ROBERTS(edge_roberts_l2_u8, true)

/* Every pair of derivatives up to 255, above which the result is 255: the root against the one in double. */
static void check_every_root(const char *level, const struct edgel_filter_dsp *d)
{
    enum { N = 256 };
    static uint8_t r0[2 * N], r1[2 * N], out[N];
    for (int x = 0; x < N; x++) {
        for (int i = 0; i < N; i++) {
            r0[i] = (uint8_t)i;
            r0[N + i] = (uint8_t)x;
        }
        d->edge_roberts_l2_u8(out, r0, r1, N, N);
        bool same = true;
        for (int i = 0; i < N; i++)
            same = same && out[i] == saturated(i, x, true);
        judge(level, "edge_roberts_l2_u8, every pair", N, same, true);
    }
}

/* --- magnitudes and sectors of 8-bit images --- */

/* Some kernels may write up to a multiple of 64. */
static int whole_words(int n)
{
    return (n + 63) / 64 * 64;
}

/* gx or, if down, gy of u8[1][at + i] with Sobel 3: from the nine samples, one by one. */
static int sobel_at(int i, bool down)
{
    int sum = 0;
    for (int k = 0; k < 9; k++) {
        const int dx = k % 3 - 1, dy = k / 3 - 1, v = u8[k / 3][at + i + dx];
        sum += (down ? dy * (2 - abs(dx)) : dx * (2 - abs(dy))) * v;
    }
    return sum;
}

static void check_sobel_l1(const char *level, const struct edgel_filter_dsp *d, int n, int step)
{
    static struct target tm;
    int16_t *m = target_row(&tm, 2);
    (void)step;
    d->sobel_l1(m, u8[0] + at, u8[1] + at, u8[2] + at, n);
    bool same = true;
    for (int i = 0; i < n; i++)
        same = same && m[i] == abs(sobel_at(i, false)) + abs(sobel_at(i, true));
    judge(level, "sobel_l1", n, same, guards_hold(&tm, 2, whole_words(n)));
}

#define CHECK_MAGNITUDE(name, T, FORMULA)                                                          \
    static void check_##name(const char *level, const struct edgel_filter_dsp *d, int n, int step) \
    {                                                                                              \
        static struct target t;                                                                    \
        T *m = target_row(&t, sizeof *m);                                                          \
        (void)step;                                                                                \
        d->name(m, gx16 + at, gy16 + at, n);                                                       \
        bool same = true;                                                                          \
        for (int i = 0; i < n; i++) {                                                              \
            const int x = gx16[at + i], y = gy16[at + i];                                          \
            same = same && m[i] == (FORMULA);                                                      \
        }                                                                                          \
        judge(level, #name, n, same, guards_hold(&t, sizeof *m, whole_words(n)));                  \
    }
CHECK_MAGNITUDE(magnitude_l1, int16_t, abs(x) + abs(y))
CHECK_MAGNITUDE(magnitude_l2, int32_t, x *x + y * y)

static bool bit_of(const uint64_t *words, int i)
{
    return (words[i / 64] >> (i % 64) & 1) != 0;
}

/* The rule as canny.c's page has it, in 64 bits. */
static int class_of(int gx, int gy, int64_t m[3][3], int low, int high)
{
    const int64_t x = abs(gx), y = (int64_t)abs(gy) * 32768, flat = x * 13573, steep = flat + x * 65536;
    const int64_t c = m[1][1];
    const int s = (gx < 0) != (gy < 0) ? -1 : 1;
    bool kept = c > m[0][1 - s] && c > m[2][1 + s];
    if (y < flat)
        kept = c > m[1][0] && c >= m[1][2];
    else if (y > steep)
        kept = c > m[0][1] && c >= m[2][1];
    return kept ? (c > low) + (c > high) : 0;
}

/* With derivatives that are given, or with those of Sobel 3. */
static int derivative_at(int i, bool down, bool given)
{
    return given ? (down ? gy16 : gx16)[at + i] : sobel_at(i, down);
}

#define CHECK_SECTOR(name, m, T, FORMULA)                                                                    \
    static void check_##name##_of(const char *level, const struct edgel_filter_dsp *d, int n, bool given)    \
    {                                                                                                        \
        static struct target tw, ts;                                                                         \
        static T mid[ROOM];                                                                                  \
        uint64_t *weak = target_row(&tw, sizeof *weak), *strong = target_row(&ts, sizeof *strong);           \
        int top = 0;                                                                                         \
        for (int i = -1; i <= n; i++) {                                                                      \
            const int x = derivative_at(i, false, given), y = derivative_at(i, true, given);                 \
            mid[at + i] = (FORMULA);                                                                         \
            top = mid[at + i] > top ? mid[at + i] : top;                                                     \
        }                                                                                                    \
        const int words = (n + 63) / 64;                                                                     \
        const int low =                                                                                      \
            rnd() % 4 ? (int)(rnd() % 60) - 1 : top - (int)(rnd() % 2); /* or just below the highest */      \
        const int high = low + (int)(rnd() % 8000);                                                          \
        struct edgel_sector_rows rows = { .up = m[0] + at, .mid = mid + at, .down = m[2] + at };             \
        if (given) {                                                                                         \
            rows.gx = gx16 + at;                                                                             \
            rows.gy = gy16 + at;                                                                             \
        } else {                                                                                             \
            rows.a = u8[0] + at;                                                                             \
            rows.b = u8[1] + at;                                                                             \
            rows.c = u8[2] + at;                                                                             \
        }                                                                                                    \
        d->name(weak, strong, &rows, n, low, high);                                                          \
        bool same = true;                                                                                    \
        for (int i = 0; i < 64 * words; i++) {                                                               \
            int64_t around[3][3];                                                                            \
            for (int k = 0; i < n && k < 9; k++)                                                             \
                around[k / 3][k % 3] = (k / 3 == 1 ? mid : m[k / 3])[at + i + k % 3 - 1];                    \
            const int want = i < n ? class_of(derivative_at(i, false, given), derivative_at(i, true, given), \
                                              around, low, high)                                             \
                                   : 0;                                                                      \
            same = same && bit_of(weak, i) == (want > 0) && bit_of(strong, i) == (want > 1);                 \
        }                                                                                                    \
        judge(level, given ? #name : #name ", Sobel 3", n, same,                                             \
              guards_hold(&tw, 8, words) && guards_hold(&ts, 8, words));                                     \
    }                                                                                                        \
    static void check_##name(const char *level, const struct edgel_filter_dsp *d, int n, int step)           \
    {                                                                                                        \
        (void)step;                                                                                          \
        check_##name##_of(level, d, n, true);                                                                \
        check_##name##_of(level, d, n, false);                                                               \
    }
CHECK_SECTOR(sector_l1, m16, int16_t, (int16_t)(abs(x) + abs(y)))
CHECK_SECTOR(sector_l2, m32, int32_t, x *x + y * y)

/* Rows of more words than are looked at together, against plain C. */
static void check_wide_sector(const char *level, const struct edgel_filter_dsp *d)
{
    enum { W = 8200, ALL = W + 2 * SIDE + 64 };
    static uint8_t rows8[3][ALL];
    static int16_t m[3][ALL];
    static uint64_t bits[2][2][W / 64 + 1];
    struct edgel_filter_dsp plain;
    edgel_filter_dsp_init(&plain, 0);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < ALL; i++) {
            rows8[k][i] = (uint8_t)rnd();
            m[k][i] = rnd() % 100 ? 0 : (int16_t)(1 + rnd() % 500);
        }
    const struct edgel_sector_rows rows = { .up = m[0] + SIDE,
                                            .mid = m[1] + SIDE,
                                            .down = m[2] + SIDE,
                                            .a = rows8[0] + SIDE,
                                            .b = rows8[1] + SIDE,
                                            .c = rows8[2] + SIDE };
    for (int n = 4095; n <= W; n += n < 4098 ? 1 : n < 8190 ? 4092 : 1) {
        memset(bits, 0xA5, sizeof bits);
        plain.sector_l1(bits[0][0], bits[0][1], &rows, n, 50, 300);
        d->sector_l1(bits[1][0], bits[1][1], &rows, n, 50, 300);
        judge(level, "sector_l1, wide", n, memcmp(bits[0], bits[1], sizeof bits[0]) == 0, true);
    }
}

/* Derivatives at both borders of the slanted sector, of every size but 0. Along the row all are equal, so that nothing
 * level is kept; above and below, and the other time only there and not beside it, all are smaller. */
static void check_sector_borders(const char *level, const struct edgel_filter_dsp *d)
{
    enum { N = 128, MOST = 12240, SIZES = N / 8, LOW = 0, HIGH = 500 };
    static int16_t gx[N], gy[N], m[3][N + 2];
    const struct edgel_sector_rows rows = { m[0] + 1, m[1] + 1, m[2] + 1, gx, gy, NULL, NULL, NULL };
    uint64_t weak[N / 64], strong[N / 64];
    for (int k = 0; k < 2 * (MOST / SIZES); k++) {
        for (int i = 0; i < N + 2; i++) {
            m[1][i] = 1000;
            m[0][i] = m[2][i] = k % 2 && i % 2 == 0 ? 2000 : 0;
        }
        for (int i = 0; i < N; i++) {
            const int x = k / 2 * SIZES + i / 8 + 1, flat = x * 13573 / 32768,
                      border = i / 4 % 2 ? flat : 2 * x + flat;
            const int y = border + i / 2 % 2 < MOST ? border + i / 2 % 2 : MOST;
            gx[i] = (int16_t)(rnd() % 2 ? x : -x);
            gy[i] = (int16_t)(rnd() % 2 ? y : -y);
        }
        d->sector_l1(weak, strong, &rows, N, LOW, HIGH);
        bool same = true;
        for (int i = 0; i < N; i++) {
            int64_t around[3][3];
            for (int n = 0; n < 9; n++)
                around[n / 3][n % 3] = m[n / 3][i + n % 3];
            const int want = class_of(gx[i], gy[i], around, LOW, HIGH);
            same = same && bit_of(weak, i) == (want > 0) && bit_of(strong, i) == (want > 1);
        }
        judge(level, "sector_l1, at borders", N, same, true);
    }
}

/* Bit by bit until nothing changes; words do not reach into each other. */
static void check_grow_words(const char *level, const struct edgel_filter_dsp *d, int n, int step)
{
    static struct target t;
    enum { WORDS = (3 * MAXW + 63) / 64 };
    uint64_t *s = target_row(&t, sizeof *s), weak[WORDS], from[WORDS + 2] = { 0 }, want[WORDS];
    const int words = (n + 63) / 64;
    bool grew = false;
    (void)step;
    for (int i = 0; i < words; i++) {
        weak[i] = (uint64_t)u32[0][2 * i] << 16 | u16[0][i] | (uint64_t)u32[0][2 * i + 1] >> 16;
        weak[i] |= rnd() % 2 ? ~(uint64_t)0 >> rnd() % 64 : 0;
        weak[i] |= (uint64_t)(rnd() % 8) << 61 | rnd() % 8; /* where words meet: each bit alone, too */
        weak[i] &= rnd() % 2 ? ~(uint64_t)0 : ~((uint64_t)(rnd() % 8) << 61 | rnd() % 8);
        from[i + 1] = rnd() % 2 ? (uint64_t)u32[1][2 * i] << 20 | 1 : (uint64_t)(rnd() % 8) << 61 | rnd() % 8;
        s[i] = want[i] = weak[i] & (uint64_t)1 << rnd() % 64;
    }
    for (int i = 0; i < 64 * words; i++)
        if (bit_of(weak, i) && (bit_of(from, i + 63) || bit_of(from, i + 64) || bit_of(from, i + 65)))
            want[i / 64] |= (uint64_t)1 << i % 64;
    for (int i = 0; i < words; i++)
        for (uint64_t more = 1; more;) {
            more = (want[i] << 1 | want[i] >> 1) & weak[i] & ~want[i];
            want[i] |= more;
        }
    for (int i = 0; i < words; i++)
        grew = grew || want[i] != s[i];
    const bool told = d->grow_words(s, weak, from + 1, words);
    judge(level, "grow_words", n, told == grew && memcmp(s, want, (size_t)words * sizeof *s) == 0,
          guards_hold(&t, sizeof *s, words));
}

static void check_next_crossing(const char *level, const struct edgel_filter_dsp *d, int n, int step)
{
    enum { WORDS = (3 * MAXW + 63) / 64 };
    uint64_t s[WORDS + 1] = { 0 }, weak[WORDS + 1] = { 0 };
    const int words = (n + 63) / 64, from = (int)(rnd() % (unsigned)words);
    (void)step;
    for (int i = 0; i < words; i++) {
        weak[i] = rnd() % 4 ? ~(uint64_t)0 >> 1 : (uint64_t)u32[0][i] << 32 | 1;
        s[i] = weak[i] & ((uint64_t)(rnd() % 2) << 63 | rnd() % 2);
    }
    int want = from;
    for (; want < words; want++) {
        const bool own = bit_of(s, 64 * want + 63), next = bit_of(s, 64 * want + 64);
        if (own != next && bit_of(weak, 64 * want + 63) && bit_of(weak, 64 * want + 64))
            break;
    }
    judge(level, "next_crossing", n, d->next_crossing(s, weak, from, words) == want, true);
}

static void check_expand_u8(const char *level, const struct edgel_filter_dsp *d, int n, int step)
{
    static struct target t;
    uint64_t bits[(3 * MAXW + 63) / 64];
    (void)step;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        bits[i] = (uint64_t)u32[0][2 * i] << 16 | u16[0][i];
    for (int how = 0; how < 4; how++) { /* aligned and not, past the caches and not */
        uint8_t *out = target_row(&t, how % 2 ? 1 : 0);
        d->expand_u8(out, bits, n, how / 2);
        bool same = true;
        for (int i = 0; i < n; i++)
            same = same && out[i] == (bit_of(bits, i) ? 255 : 0);
        judge(level, "expand_u8", n, same, nothing_beside(&t, (size_t)(out - t.bytes), (size_t)n));
    }
}

/* One row a kernel: its check, and where it lies in the table (to see whether a level changes it). */
#define KERNEL(name)                                                 \
    {                                                                \
#name, check_##name, offsetof(struct edgel_filter_dsp, name) \
    }
static const struct kernel {
    const char *name;
    void (*check)(const char *level, const struct edgel_filter_dsp *d, int n, int step);
    size_t slot;
} kernels[] = {
    KERNEL(smooth_v_u8),        KERNEL(smooth_h_u8),  KERNEL(blur_h_u16),    KERNEL(blur_h_f32),
    KERNEL(blur_v_u16),         KERNEL(blur_v_f32),   KERNEL(derive_u8),     KERNEL(derive_i32),
    KERNEL(derive_f32),         KERNEL(roberts_i32),  KERNEL(roberts_f32),   KERNEL(edge_roberts_l1_u8),
    KERNEL(edge_roberts_l2_u8), KERNEL(magnitude_l1), KERNEL(magnitude_l2),  KERNEL(sector_l1),
    KERNEL(sector_l2),          KERNEL(edge_l1_u8),   KERNEL(edge_l2_u8),    KERNEL(expand_u8),
    KERNEL(sobel_l1),           KERNEL(grow_words),   KERNEL(next_crossing),
};
enum { KERNELS = sizeof kernels / sizeof *kernels };
_Static_assert(KERNELS * sizeof(void (*)(void)) == sizeof(struct edgel_filter_dsp),
               "a kernel without a check");

static bool changed(const struct kernel *k, const struct edgel_filter_dsp *a,
                    const struct edgel_filter_dsp *b)
{
    return memcmp((const char *)a + k->slot, (const char *)b + k->slot, sizeof(void (*)(void))) != 0;
}

static void check_level(const char *name, const struct edgel_filter_dsp *d,
                        const struct edgel_filter_dsp *below)
{
    check_every_root(name, d);
    check_wide_sector(name, d);
    check_sector_borders(name, d);
    for (int pattern = 0; pattern < PATTERNS; pattern++)
        for (int w = 1; w <= MAXW; w++) {
            fill(pattern);
            for (int k = 0; k < KERNELS; k++)
                if (!below || changed(&kernels[k], d, below))
                    for (int step = 1; step <= 4 && w * step <= 3 * MAXW; step++)
                        kernels[k].check(name, d, w * step, step);
        }
}

/* The kernels of 8-bit images over a row of samples, on what fill() left; best of 200. */
enum { BENCH_W = 3 * MAXW, BENCHED = 10 };
static void bench_level(const char *name, const struct edgel_filter_dsp *d)
{
    static const char *const names[BENCHED] = { "smooth_v_u8",  "smooth_h_u8",        "edge_l1_u8",
                                                "edge_l2_u8",   "edge_roberts_l1_u8", "derive_u8",
                                                "magnitude_l1", "sector_l1",          "sobel_l1",
                                                "expand_u8" };
    static const uint16_t tap[9] = { 4, 13, 30, 51, 60, 51, 30, 13, 4 };
    static int16_t out16[3][ROOM];
    static uint8_t out8[ROOM];
    static uint64_t words[2][ROOM / 64];
    const uint8_t *const r8[10] = { u8[0] + at, u8[1] + at, u8[2] + at, u8[3] + at, u8[4] + at,
                                    u8[5] + at, u8[6] + at, u8[0] + at, u8[1] + at, u8[2] + at };
    const struct edgel_sector_rows rows = {
        .up = m16[0] + at, .mid = m16[1] + at, .down = m16[2] + at, .gx = gx16 + at, .gy = gy16 + at
    };
    double best[BENCHED];
    for (int rep = 0; rep < 200; rep++)
        for (int k = 0; k < BENCHED; k++) {
            const double start = edgel_clock();
            for (int i = 0; i < 100; i++)
                switch (k) {
                case 0: d->smooth_v_u8(out16[0], out16[1], r8, BENCH_W, tap, 9); break;
                case 1: d->smooth_h_u8(out8, gx16, BENCH_W, 1, tap, 9); break;
                case 2: d->edge_l1_u8(out8, r8, BENCH_W, 1, taps_of(0), NULL, NULL); break;
                case 3: d->edge_l2_u8(out8, r8, BENCH_W, 1, taps_of(0), NULL, NULL); break;
                case 4: d->edge_roberts_l1_u8(out8, r8[0], r8[1], BENCH_W, 1); break;
                case 5: d->derive_u8(out16[0], out16[1], r8, BENCH_W, 1, taps_of(0), NULL, NULL); break;
                case 6: d->magnitude_l1(out16[0], gx16, gy16, BENCH_W); break;
                case 7: d->sector_l1(words[0], words[1], &rows, BENCH_W, 50, 100); break;
                case 8: d->sobel_l1(out16[0], r8[0], r8[1], r8[2], BENCH_W); break;
                default: d->expand_u8(out8, words[0], BENCH_W, false);
                }
            const double ns = (edgel_clock() - start) * 1e9 / 100 / BENCH_W;
            best[k] = rep == 0 || ns < best[k] ? ns : best[k];
        }
    printf("%-10s ns a sample:", name);
    for (int k = 0; k < BENCHED; k++)
        printf("  %s %.3f", names[k], best[k]);
    putchar('\n');
}

/* Every method of the table with its defaults, on one thread. */
static void bench_methods(void)
{
    enum { W = 1024, H = 768 };
    static uint8_t pixels[W * H];
    const struct edgel_view in = { pixels, W, H, 1, EDGEL_U8, W };
    struct edgel_scratch *scratch = edgel_scratch_create();
    struct edgel_image out = { 0 };
    for (int i = 0; i < W * H; i++)
        pixels[i] = (uint8_t)(i % W / 9 * 40 + i / W / 7 * 60 + i % 5);
    for (int i = 0; scratch && i < edgel_method_count(); i++) {
        struct edgel_method m;
        double best = 1e30;
        if (edgel_method_init(&m, edgel_method_at(i)->name, NULL) != EDGEL_OK)
            continue;
        for (int rep = 0; rep < 20; rep++) {
            const double start = edgel_clock();
            if (edgel_method_run(scratch, in, &m, &out, NULL, NULL) != EDGEL_OK)
                break;
            const double ns = (edgel_clock() - start) * 1e9 / W / H;
            best = ns < best ? ns : best;
        }
        printf("%-10s %-10s %.3f ns a pixel\n", "method", m.info->name, best);
    }
    edgel_image_finish(&out);
    edgel_scratch_destroy(&scratch);
}

int main(int argc, char **argv)
{
    bool bench = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--bench") == 0)
            bench = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            rng_state = strtoull(argv[++i], NULL, 0);
        else
            return fprintf(stderr, "usage: kernelcheck [--seed N] [--bench]\n"), 2;
    }
    printf("kernelcheck: seed %llu\n", (unsigned long long)rng_state);
    struct edgel_filter_dsp below, d;
    int count;
    const struct edgel_cpu_row *levels = edgel_cpu_levels(&count);
    for (int i = 0; i < count; i++) {
        if ((edgel_cpu_flags() & levels[i].flags) != levels[i].flags) {
            printf("kernelcheck: %s is above the level of this run\n", levels[i].name);
            continue;
        }
        memset(&d, 0, sizeof d);
        edgel_filter_dsp_init(&d, levels[i].flags);
        check_level(levels[i].name, &d, i ? &below : NULL);
        if (bench)
            bench_level(levels[i].name, &d);
        below = d;
    }
    if (bench)
        bench_methods();
    printf("kernelcheck: %d comparisons, %d failures\n", compared, failures);
    return failures ? 1 : 0;
}
