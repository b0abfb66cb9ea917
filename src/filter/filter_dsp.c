/* Row kernels in plain C: the reference for every other variant. Loops are written so that the compiler vectorises them
 * for the baseline machine. */
#include "filter/filter_priv.h"
#include <string.h>

/* --- Gaussian --- */

static void blur_h_u16_c(uint32_t *restrict dst, const uint16_t *restrict src, int n, int step,
                         const uint32_t *tap, int ntap)
{
    memset(dst, 0, (size_t)n * sizeof *dst);
    for (int k = 0; k < ntap; k++) {
        const uint16_t *a = src + (ptrdiff_t)k * step;
        const uint32_t t = tap[k];
        for (int i = 0; t && i < n; i++)
            dst[i] += t * a[i];
    }
}

static void blur_h_f32_c(float *restrict dst, const float *restrict src, int n, int step, const float *tap,
                         int ntap)
{
    for (int i = 0; i < n; i++)
        dst[i] = 0;
    for (int k = 0; k < ntap; k++) {
        const float *a = src + (ptrdiff_t)k * step;
        const float t = tap[k];
        for (int i = 0; i < n; i++)
            dst[i] = dst[i] + t * a[i];
    }
}

enum { BLOCK = 256 }; /* samples summed at a time, so that sums stay in the nearest cache */

static void blur_v_u16_c(uint16_t *restrict dst, const uint32_t *const *rows, int n, const uint32_t *tap,
                         int ntap)
{
    for (int x = 0; x < n; x += BLOCK) {
        const int m = n - x < BLOCK ? n - x : BLOCK;
        uint64_t sum[BLOCK];
        for (int i = 0; i < m; i++)
            sum[i] = 1u << 31;
        for (int k = 0; k < ntap; k++) {
            const uint32_t *restrict a = rows[k] + x;
            const uint32_t t = tap[k];
            for (int i = 0; t && i < m; i++)
                sum[i] += (uint64_t)a[i] * t;
        }
        for (int i = 0; i < m; i++)
            dst[x + i] = (uint16_t)(sum[i] >> 32);
    }
}

static void blur_v_f32_c(float *restrict dst, const float *const *rows, int n, const float *tap, int ntap)
{
    for (int i = 0; i < n; i++)
        dst[i] = 0;
    for (int k = 0; k < ntap; k++) {
        const float *restrict a = rows[k];
        const float t = tap[k];
        for (int i = 0; i < n; i++)
            dst[i] = dst[i] + t * a[i];
    }
}

/* --- derivatives --- */

/* One derivative of one sample type. All are the same text: columns first (vs smoothed, vd differenced), then rows.
 * FINISH brings a sum of type SUM to the result. The radius is an argument of its own, so that each has its own
 * loops. */
#define DEFINE_DERIVE(name, IN, WORK, SUM, OUT, FINISH)                                                      \
    static inline void name##_of(OUT *restrict gx, OUT *restrict gy, const IN *const *rows, int n, int step, \
                                 const struct edgel_taps *t, WORK *restrict vs, WORK *restrict vd,           \
                                 const int r)                                                                \
    {                                                                                                        \
        const int side = r * step;                                                                           \
        const IN *restrict c = rows[r];                                                                      \
        for (int i = -side; i < n + side; i++) {                                                             \
            vs[i] = (WORK)((WORK)t->s[0] * (WORK)c[i]);                                                      \
            vd[i] = 0;                                                                                       \
        }                                                                                                    \
        for (int k = 1; k <= r; k++) {                                                                       \
            const IN *restrict a = rows[r - k], *restrict b = rows[r + k];                                   \
            const WORK s = (WORK)t->s[k], d = (WORK)t->d[k];                                                 \
            for (int i = -side; i < n + side; i++) {                                                         \
                vs[i] = (WORK)(vs[i] + s * ((WORK)a[i] + (WORK)b[i]));                                       \
                vd[i] = (WORK)(vd[i] + d * ((WORK)b[i] - (WORK)a[i]));                                       \
            }                                                                                                \
        }                                                                                                    \
        for (int i = 0; i < n; i++) {                                                                        \
            SUM x = 0, y = (SUM)t->s[0] * (SUM)vd[i];                                                        \
            for (int k = 1; k <= r; k++) {                                                                   \
                x = (SUM)(x + (SUM)t->d[k] * ((SUM)vs[i + k * step] - (SUM)vs[i - k * step]));               \
                y = (SUM)(y + (SUM)t->s[k] * ((SUM)vd[i + k * step] + (SUM)vd[i - k * step]));               \
            }                                                                                                \
            gx[i] = (OUT)FINISH(x);                                                                          \
            gy[i] = (OUT)FINISH(y);                                                                          \
        }                                                                                                    \
    }                                                                                                        \
    static void name(OUT *gx, OUT *gy, const IN *const *rows, int n, int step, const struct edgel_taps *t,   \
                     WORK *vs, WORK *vd)                                                                     \
    {                                                                                                        \
        if (t->radius == 1)                                                                                  \
            name##_of(gx, gy, rows, n, step, t, vs, vd, 1);                                                  \
        else if (t->radius == 2)                                                                             \
            name##_of(gx, gy, rows, n, step, t, vs, vd, 2);                                                  \
        else                                                                                                 \
            name##_of(gx, gy, rows, n, step, t, vs, vd, 3);                                                  \
    }
#define WHOLE(v)      (v)
#define SIXTEENTHS(v) (((v) + 7 + (((v) >> 4) & 1)) >> 4) /* v / 16, halves to even */

DEFINE_DERIVE(derive_any_u8, uint8_t, int16_t, int16_t, int16_t, WHOLE)
DEFINE_DERIVE(derive_7_u8, uint8_t, int16_t, int32_t, int16_t, SIXTEENTHS)
DEFINE_DERIVE(derive_i32_c, int32_t, int32_t, int32_t, int32_t, WHOLE)
DEFINE_DERIVE(derive_f32_c, float, double, double, float, WHOLE)

static void derive_3_u8(int16_t *restrict gx, int16_t *restrict gy, const uint8_t *const *rows, int n,
                        int step, int s0, int s1)
{
    const uint8_t *a = rows[0], *b = rows[1], *c = rows[2];
    for (int i = 0; i < n; i++) {
        int left = s1 * (a[i - step] + c[i - step]) + s0 * b[i - step];
        int right = s1 * (a[i + step] + c[i + step]) + s0 * b[i + step];
        int top = s1 * (a[i - step] + a[i + step]) + s0 * a[i];
        int bottom = s1 * (c[i - step] + c[i + step]) + s0 * c[i];
        gx[i] = (int16_t)(right - left);
        gy[i] = (int16_t)(bottom - top);
    }
}

static void derive_u8_c(int16_t *gx, int16_t *gy, const uint8_t *const *rows, int n, int step,
                        const struct edgel_taps *t, int16_t *vs, int16_t *vd)
{
    if (t->radius == 1)
        derive_3_u8(gx, gy, rows, n, step, t->s[0], t->s[1]);
    else if (t->radius == 3)
        derive_7_u8(gx, gy, rows, n, step, t, vs, vd);
    else
        derive_any_u8(gx, gy, rows, n, step, t, vs, vd);
}

static void roberts_i32_c(int32_t *restrict gx, int32_t *restrict gy, const int32_t *r0, const int32_t *r1,
                          int n, int step)
{
    for (int i = 0; i < n; i++) {
        gx[i] = r0[i] - r1[i + step];
        gy[i] = r0[i + step] - r1[i];
    }
}

static void roberts_f32_c(float *restrict gx, float *restrict gy, const float *r0, const float *r1, int n,
                          int step)
{
    for (int i = 0; i < n; i++) {
        gx[i] = r0[i] - r1[i + step];
        gy[i] = r0[i + step] - r1[i];
    }
}

/* --- magnitudes of 8-bit images --- */

static void magnitude_l1_c(int16_t *restrict m, const int16_t *restrict gx, const int16_t *restrict gy, int n)
{
    for (int i = 0; i < n; i++) {
        int16_t x = (int16_t)(gx[i] < 0 ? -gx[i] : gx[i]), y = (int16_t)(gy[i] < 0 ? -gy[i] : gy[i]);
        m[i] = (int16_t)(x + y);
    }
}

static void magnitude_l2_c(int32_t *restrict m, const int16_t *restrict gx, const int16_t *restrict gy, int n)
{
    for (int i = 0; i < n; i++)
        m[i] = gx[i] * gx[i] + gy[i] * gy[i];
}

/* All in 16 bits, so that the compiler vectorises it. */
static void sobel_l1_c(int16_t *restrict m, const uint8_t *restrict a, const uint8_t *restrict b,
                       const uint8_t *restrict c, int n)
{
    for (int i = 0; i < n; i++) {
        const int16_t falling = (int16_t)(c[i + 1] - a[i - 1]), rising = (int16_t)(a[i + 1] - c[i - 1]);
        const int16_t across = (int16_t)(2 * (b[i + 1] - b[i - 1])), down = (int16_t)(2 * (c[i] - a[i]));
        const int16_t x = (int16_t)(falling + rising + across), y = (int16_t)(falling - rising + down);
        const int16_t far_x = (int16_t)(x < 0 ? -x : x), far_y = (int16_t)(y < 0 ? -y : y);
        m[i] = (int16_t)(far_x + far_y);
    }
}

/* --- sector suppression of 8-bit images --- */

/* Eight samples of 0 or 1 as bits, the first one lowest. */
static uint64_t eight_bits(const uint8_t *flag)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)flag[i] << (8 * i);
    return v * 0x0102040810204080u >> 56;
}

static uint64_t word_of(const uint8_t *flag)
{
    uint64_t word = 0;
    for (int i = 0; i < 64; i += 8)
        word |= eight_bits(flag + i) << i;
    return word;
}

/* With t = floor(13573 x / 32768) the sector tests y 2^15 < 13573 x and y 2^15 > 13573 x + x 2^16 are y <= t and
 * y > 2x + t: 13573 is odd, so that 13573 x is no multiple of 2^15 for 0 < x < 2^15; and where x = y = 0 the
 * magnitude is 0 and never a maximum. All values fit 16 signed bits. LANE is the type of a magnitude and of the
 * masks (0 or -1) that go with it. */
#define DEFINE_SECTOR(name, LANE)                                                                           \
    static bool name##_any(const LANE *restrict m, int n, LANE low)                                         \
    {                                                                                                       \
        LANE any = 0;                                                                                       \
        for (int i = 0; i < n; i++)                                                                         \
            any = (LANE)(any | (LANE) - (m[i] > low));                                                      \
        return any != 0;                                                                                    \
    }                                                                                                       \
    static void name##_64(uint8_t *restrict weak, uint8_t *restrict strong, const int16_t *restrict gx,     \
                          const int16_t *restrict gy, const LANE *restrict up, const LANE *restrict mid,    \
                          const LANE *restrict down, int n, LANE low, LANE high)                            \
    {                                                                                                       \
        for (int i = 0; i < n; i++) {                                                                       \
            const int16_t x2 = (int16_t)((gx[i] < 0 ? -gx[i] : gx[i]) * 2);                                 \
            const int16_t y = (int16_t)(gy[i] < 0 ? -gy[i] : gy[i]);                                        \
            const int16_t t = (int16_t)((x2 * 13573) >> 16);                                                \
            const LANE level = (LANE) - (y <= t), upright = (LANE) - (y > (int16_t)(x2 + t));               \
            const LANE falling = (LANE) - ((int16_t)(gx[i] ^ gy[i]) < 0);                                   \
            const LANE slanted = (LANE) ~(level | upright), m = mid[i];                                     \
            const LANE before = (LANE)((level & mid[i - 1]) | (upright & up[i]) |                           \
                                       (slanted & falling & up[i + 1]) | (slanted & ~falling & up[i - 1])); \
            const LANE after =                                                                              \
                (LANE)((level & mid[i + 1]) | (upright & down[i]) | (slanted & falling & down[i - 1]) |     \
                       (slanted & ~falling & down[i + 1]));                                                 \
            const LANE kept = (LANE)((LANE) - (m > before) & (LANE) - (m >= (LANE)(after - slanted)));      \
            weak[i] = (uint8_t)(kept & (LANE) - (m > low) & 1);                                             \
            strong[i] = (uint8_t)(kept & (LANE) - (m > high) & 1);                                          \
        }                                                                                                   \
    }                                                                                                       \
    static void name(uint64_t *weak, uint64_t *strong, const struct edgel_sector_rows *r, int n, int low,   \
                     int high)                                                                              \
    {                                                                                                       \
        const LANE *up = r->up, *mid = r->mid, *down = r->down;                                             \
        uint8_t flags[2][64] = { { 0 } };                                                                   \
        int16_t gx[64], gy[64];                                                                             \
        for (int i = 0; i < n; i += 64) {                                                                   \
            const int k = n - i < 64 ? n - i : 64;                                                          \
            weak[i / 64] = strong[i / 64] = 0;                                                              \
            if (!name##_any(mid + i, k, (LANE)low))                                                         \
                continue;                                                                                   \
            if (k < 64)                                                                                     \
                memset(flags, 0, sizeof flags);                                                             \
            if (!r->gx)                                                                                     \
                derive_3_u8(gx, gy, (const uint8_t *const[]){ r->a + i, r->b + i, r->c + i }, k, 1, 2, 1);  \
            name##_64(flags[0], flags[1], r->gx ? r->gx + i : gx, r->gx ? r->gy + i : gy, up + i, mid + i,  \
                      down + i, k, (LANE)low, (LANE)high);                                                  \
            weak[i / 64] = word_of(flags[0]);                                                               \
            strong[i / 64] = word_of(flags[1]);                                                             \
        }                                                                                                   \
    }
DEFINE_SECTOR(sector_l1_c, int16_t)
DEFINE_SECTOR(sector_l2_c, int32_t)

static bool grow_words_c(uint64_t *restrict s, const uint64_t *restrict weak, const uint64_t *restrict from,
                         int words)
{
    uint64_t grown = 0;
    for (int i = 0; i < words; i++) {
        if ((weak[i] & ~s[i]) == 0)
            continue; /* nothing is open */
        const uint64_t spread = edgel_spread(s[i] | (edgel_widened(from + i) & weak[i]), weak[i]);
        grown |= s[i] ^ spread;
        s[i] = spread;
    }
    return grown != 0;
}

static int next_crossing_c(const uint64_t *s, const uint64_t *weak, int from, int words)
{
    for (int i = from; i < words; i++)
        if (edgel_crosses(s, weak, i))
            return i;
    return words;
}

/* 255 in byte k where bit k is set: isolates each bit in its byte and moves it to the top by one addition. */
static uint64_t eight_bytes(uint64_t bits)
{
    const uint64_t alone = (bits & 255) * 0x0101010101010101u & 0x8040201008040201u;
    return ((alone + 0x7F7F7F7F7F7F7F7Fu) >> 7 & 0x0101010101010101u) * 255;
}

static void expand_u8_c(uint8_t *dst, const uint64_t *bits, int n, bool past_caches)
{
    (void)past_caches;
    int i = 0;
    for (; i + 64 <= n; i += 64)
        for (int k = 0; k < 64; k += 8)
            edgel_store_bytes(dst + i + k, eight_bytes(bits[i / 64] >> k));
    for (; i < n; i++)
        dst[i] = bits[i / 64] >> i % 64 & 1 ? 255 : 0;
}

void edgel_filter_dsp_init(struct edgel_filter_dsp *dsp, unsigned cpu_flags)
{
    *dsp = (struct edgel_filter_dsp){
        .blur_h_u16 = blur_h_u16_c,
        .blur_h_f32 = blur_h_f32_c,
        .blur_v_u16 = blur_v_u16_c,
        .blur_v_f32 = blur_v_f32_c,
        .derive_u8 = derive_u8_c,
        .derive_i32 = derive_i32_c,
        .derive_f32 = derive_f32_c,
        .roberts_i32 = roberts_i32_c,
        .roberts_f32 = roberts_f32_c,
        .sobel_l1 = sobel_l1_c,
        .magnitude_l1 = magnitude_l1_c,
        .magnitude_l2 = magnitude_l2_c,
        .sector_l1 = sector_l1_c,
        .sector_l2 = sector_l2_c,
        .grow_words = grow_words_c,
        .next_crossing = next_crossing_c,
        .expand_u8 = expand_u8_c,
    };
    edgel_rows_dsp_init(dsp);
    (void)cpu_flags; /* unused where no other level is built */
#ifdef EDGEL_HAVE_AVX2
    if (cpu_flags & EDGEL_CPU_AVX2) {
        edgel_canny_dsp_init_avx2(dsp);
        edgel_rows_dsp_init_avx2(dsp);
    }
#endif
#ifdef EDGEL_HAVE_AVX512
    if (cpu_flags & EDGEL_CPU_AVX512) {
        edgel_canny_dsp_init_avx512(dsp);
        edgel_rows_dsp_init_avx512(dsp);
    }
#endif
#ifdef EDGEL_HAVE_AVX512VNNI
    if (cpu_flags & EDGEL_CPU_AVX512VNNI)
        edgel_rows_dsp_init_avx512vnni(dsp);
#endif
#ifdef EDGEL_HAVE_NEON
    if (cpu_flags & EDGEL_CPU_NEON) {
        edgel_canny_dsp_init_neon(dsp);
        edgel_rows_dsp_init_neon(dsp);
    }
#endif
}
