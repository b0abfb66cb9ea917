/* Canny's row kernels in NEON's 128-bit registers: what filter_dsp.c computes, 8 samples at a time. Magnitudes
 * and hysteresis stay in plain C: the compiler vectorises the former, and NEON has no registers wider than the words of
 * the latter would use. */
#include "filter/filter_priv.h"
#include <arm_neon.h>

static int16x8_t difference(const uint8_t *a, const uint8_t *b)
{
    return vreinterpretq_s16_u16(vsubl_u8(vld1_u8(a), vld1_u8(b)));
}

struct derivatives {
    int16x8_t x, y;
};

/* With the diagonals falling = c[1] - a[-1] and rising = a[1] - c[-1]:
 * gx = falling + rising + 2 (b[1] - b[-1]), gy = falling - rising + 2 (c[0] - a[0]). */
static inline struct derivatives sobel(const uint8_t *a, const uint8_t *b, const uint8_t *c)
{
    const int16x8_t falling = difference(c + 1, a - 1), rising = difference(a + 1, c - 1);
    const int16x8_t across = difference(b + 1, b - 1), down = difference(c, a);
    return (struct derivatives){ vaddq_s16(vaddq_s16(falling, rising), vshlq_n_s16(across, 1)),
                                 vaddq_s16(vsubq_s16(falling, rising), vshlq_n_s16(down, 1)) };
}

static void sobel_l1_neon(int16_t *m, const uint8_t *a, const uint8_t *b, const uint8_t *c, int n)
{
    for (int i = 0; i < n; i += 8) {
        const struct derivatives d = sobel(a + i, b + i, c + i);
        vst1q_s16(m + i, vaddq_s16(vabsq_s16(d.x), vabsq_s16(d.y)));
    }
}

static inline struct derivatives derivatives_at(const struct edgel_sector_rows *r, int i)
{
    if (r->gx)
        return (struct derivatives){ vld1q_s16(r->gx + i), vld1q_s16(r->gy + i) };
    return sobel(r->a + i, r->b + i, r->c + i);
}

/* Mask of the maxima: eight lanes of 0 or all ones. */
static uint16x8_t kept_l1(int16x8_t m, struct derivatives d, const int16_t *up, const int16_t *mid,
                          const int16_t *down)
{
    const int16x8_t x = vabsq_s16(d.x), y = vabsq_s16(d.y);
    const int16x8_t t = vqdmulhq_n_s16(x, 13573); /* 2 x 13573 / 65536 */
    const uint16x8_t steep = vcgtq_s16(y, t);
    const uint16x8_t upright = vcgtq_s16(y, vaddq_s16(vshlq_n_s16(x, 1), t));
    const uint16x8_t falling = vcltzq_s16(veorq_s16(d.x, d.y));
    int16x8_t before = vbslq_s16(falling, vld1q_s16(up + 1), vld1q_s16(up - 1));
    int16x8_t after = vbslq_s16(falling, vld1q_s16(down - 1), vld1q_s16(down + 1));
    before = vbslq_s16(upright, vld1q_s16(up), before);
    after = vbslq_s16(upright, vld1q_s16(down), after);
    before = vbslq_s16(steep, before, vld1q_s16(mid - 1));
    after = vbslq_s16(steep, after, vld1q_s16(mid + 1));
    after = vsubq_s16(after,
                      vreinterpretq_s16_u16(vbicq_u16(steep, upright))); /* slanted: strict on both sides */
    return vandq_u16(vcgtq_s16(m, before), vcgeq_s16(m, after));
}

/* 64 lanes of 0 or all ones as bits: each keeps its own bit of a byte, and neighbours are added up. */
static uint64_t bits_of(const uint16x8_t lanes[8])
{
    const uint8x16_t own = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    uint8x16_t byte[4];
    for (int k = 0; k < 4; k++)
        byte[k] = vandq_u8(
            own, vuzp1q_u8(vreinterpretq_u8_u16(lanes[2 * k]), vreinterpretq_u8_u16(lanes[2 * k + 1])));
    const uint8x16_t all = vpaddq_u8(vpaddq_u8(byte[0], byte[1]), vpaddq_u8(byte[2], byte[3]));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static bool any(const uint16x8_t lanes[8])
{
    const uint16x8_t first = vorrq_u16(vorrq_u16(lanes[0], lanes[1]), vorrq_u16(lanes[2], lanes[3]));
    const uint16x8_t last = vorrq_u16(vorrq_u16(lanes[4], lanes[5]), vorrq_u16(lanes[6], lanes[7]));
    return vmaxvq_u16(vorrq_u16(first, last)) != 0;
}

static void sector_l1_neon(uint64_t *weak, uint64_t *strong, const struct edgel_sector_rows *r, int n,
                           int low, int high)
{
    const int16_t *up = r->up, *mid = r->mid, *down = r->down;
    const int16x8_t lo = vdupq_n_s16((int16_t)low), hi = vdupq_n_s16((int16_t)high);
    for (int i = 0; i < n; i += 64) {
        const uint64_t inside = n - i < 64 ? ((uint64_t)1 << (n - i)) - 1 : ~(uint64_t)0;
        uint16x8_t kept[8], high_too[8];
        for (int k = 0; k < 8; k++)
            kept[k] = vcgtq_s16(vld1q_s16(mid + i + 8 * k), lo);
        weak[i / 64] = strong[i / 64] = 0;
        if (!any(kept))
            continue;
        for (int k = 0; k < 8; k++) {
            const int at = i + 8 * k;
            const int16x8_t m = vld1q_s16(mid + at);
            kept[k] = vandq_u16(kept[k], kept_l1(m, derivatives_at(r, at), up + at, mid + at, down + at));
            high_too[k] = vandq_u16(kept[k], vcgtq_s16(m, hi));
        }
        weak[i / 64] = bits_of(kept) & inside;
        strong[i / 64] = bits_of(high_too) & inside;
    }
}

static void expand_u8_neon(uint8_t *dst, const uint64_t *bits, int n, bool past_caches)
{
    (void)past_caches;
    const uint8x16_t own = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    int i = 0;
    for (; i + 16 <= n; i += 16) {
        const uint64_t word = bits[i / 64] >> i % 64;
        const uint8x16_t byte = vcombine_u8(vdup_n_u8((uint8_t)word), vdup_n_u8((uint8_t)(word >> 8)));
        vst1q_u8(dst + i, vtstq_u8(byte, own));
    }
    for (; i < n; i++)
        dst[i] = bits[i / 64] >> i % 64 & 1 ? 255 : 0;
}

void edgel_canny_dsp_init_neon(struct edgel_filter_dsp *dsp)
{
    dsp->sobel_l1 = sobel_l1_neon;
    dsp->sector_l1 = sector_l1_neon;
    dsp->expand_u8 = expand_u8_neon;
}
