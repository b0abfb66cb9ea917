/* The kernels of rows_c.c in NEON's 128-bit registers. NEON widens while it adds and multiplies, so the sums are those
 * of plain C, 16 samples at a time. A row ends with one vector that overlaps the one before; rows
 * shorter than a vector go to plain C. */
#include "filter/filter_priv.h"
#include <arm_neon.h>

enum { VEC = 16 };

/* 16 samples of 16 bits. */
struct wide {
    int16x8_t lo, hi;
};

/* Where the vector after x begins: the last one ends with the row. */
static inline int next(int x, int n)
{
    return x + VEC < n && x + 2 * VEC > n ? n - VEC : x + VEC;
}

/* --- Gaussian --- */

/* Called with a constant ntap where sizes are common, which keeps the taps in registers. The sum fits 16 unsigned bits,
 * and less 32768 it is the same but for its highest bit. */
static inline void smooth_v_row(int16_t *dst, const uint8_t *const *rows, int n, const uint16_t *tap,
                                const int ntap)
{
    const uint16x8_t top = vdupq_n_u16(0x8000);
    for (int x = 0; x < n; x = next(x, n)) {
        uint16x8_t lo = top, hi = top;
        for (int k = 0; k < ntap; k++) {
            const uint8x16_t v = vld1q_u8(rows[k] + x), t = vdupq_n_u8((uint8_t)tap[k]);
            lo = vmlal_u8(lo, vget_low_u8(v), vget_low_u8(t));
            hi = vmlal_high_u8(hi, v, t);
        }
        vst1q_s16(dst + x, vreinterpretq_s16_u16(lo));
        vst1q_s16(dst + x + 8, vreinterpretq_s16_u16(hi));
    }
}

/* Eight outputs in 16 bits. */
static inline int16x8_t smooth_eight(const int16_t *src, int step, const uint16_t *tap, const int ntap)
{
    const int32x4_t start = vdupq_n_s32((1 << 23) + (1 << 15));
    int32x4_t lo = start, hi = start;
    for (int k = 0; k < ntap; k++) {
        const int16x8_t v = vld1q_s16(src + (ptrdiff_t)k * step);
        lo = vmlal_n_s16(lo, vget_low_s16(v), (int16_t)tap[k]);
        hi = vmlal_high_n_s16(hi, v, (int16_t)tap[k]);
    }
    return vshrn_high_n_s32(vshrn_n_s32(lo, 16), hi, 16);
}

static inline void smooth_h_row(uint8_t *dst, const int16_t *src, int n, int step, const uint16_t *tap,
                                const int ntap)
{
    for (int x = 0; x < n; x = next(x, n)) {
        const int16x8_t lo = smooth_eight(src + x, step, tap, ntap);
        const int16x8_t hi = smooth_eight(src + x + 8, step, tap, ntap);
        vst1q_u8(dst + x, vqmovun_high_s16(vqmovun_s16(lo), hi));
    }
}

static void smooth_v_u8(int16_t *dst, int16_t *below, const uint8_t *const *rows, int n, const uint16_t *tap,
                        int ntap)
{
    if (n < VEC || tap[ntap / 2] > 255) {
        edgel_smooth_v_u8_c(dst, below, rows, n, tap, ntap);
        return;
    }
    for (int k = 0; k < 2; k++) {
        int16_t *out = k == 0 ? dst : below;
        switch (ntap) {
        case 3: smooth_v_row(out, rows + k, n, tap, 3); break;
        case 5: smooth_v_row(out, rows + k, n, tap, 5); break;
        case 7: smooth_v_row(out, rows + k, n, tap, 7); break;
        case 9: smooth_v_row(out, rows + k, n, tap, 9); break;
        case 13: smooth_v_row(out, rows + k, n, tap, 13); break;
        default: smooth_v_row(out, rows + k, n, tap, ntap);
        }
    }
}

static void smooth_h_u8(uint8_t *dst, const int16_t *src, int n, int step, const uint16_t *tap, int ntap)
{
    if (n < VEC) {
        edgel_smooth_h_u8_c(dst, src, n, step, tap, ntap);
        return;
    }
    switch (ntap) {
    case 3: smooth_h_row(dst, src, n, step, tap, 3); break;
    case 5: smooth_h_row(dst, src, n, step, tap, 5); break;
    case 7: smooth_h_row(dst, src, n, step, tap, 7); break;
    case 9: smooth_h_row(dst, src, n, step, tap, 9); break;
    case 13: smooth_h_row(dst, src, n, step, tap, 13); break;
    default: smooth_h_row(dst, src, n, step, tap, ntap);
    }
}

/* --- gradient magnitudes --- */

/* The root of x2 + y2, rounded half to even, saturated to 16 bits. Squares below 2^24 are floats, and the root of those
 * below 255.5^2 is at least 1e-4 away from any half, far more than its rounding error; the rest saturates 8 bits. */
static inline int16x4_t root(uint32x4_t x2, uint32x4_t y2)
{
    return vqmovn_s32(vcvtnq_s32_f32(vsqrtq_f32(vcvtq_f32_u32(vaddq_u32(x2, y2)))));
}

static inline uint32x4_t square(int16x4_t v)
{
    return vreinterpretq_u32_s32(vmull_s16(v, v));
}

/* |gx| + |gy|, or the root of the squares rounded, saturated to 8 bits. */
static inline uint8x8_t magnitude(int16x8_t gx, int16x8_t gy, const bool l2)
{
    if (!l2)
        return vqmovun_s16(vqaddq_s16(vqabsq_s16(gx), vqabsq_s16(gy)));
    return vqmovun_s16(vcombine_s16(root(square(vget_low_s16(gx)), square(vget_low_s16(gy))),
                                    root(square(vget_high_s16(gx)), square(vget_high_s16(gy)))));
}

static inline int16x8_t difference(uint8x8_t a, uint8x8_t b)
{
    return vreinterpretq_s16_u16(vsubl_u8(a, b));
}

static inline uint8x8_t edge_eight(const uint8_t *a, const uint8_t *b, const uint8_t *c, int step, int16_t s0,
                                   int16_t s1, const bool l2)
{
    const int16x8_t falling = difference(vld1_u8(c + step), vld1_u8(a - step));
    const int16x8_t rising = difference(vld1_u8(a + step), vld1_u8(c - step));
    const int16x8_t across = difference(vld1_u8(b + step), vld1_u8(b - step));
    const int16x8_t down = difference(vld1_u8(c), vld1_u8(a));
    const int16x8_t gx = vmlaq_n_s16(vmulq_n_s16(vaddq_s16(falling, rising), s1), across, s0);
    const int16x8_t gy = vmlaq_n_s16(vmulq_n_s16(vsubq_s16(falling, rising), s1), down, s0);
    return magnitude(gx, gy, l2);
}

static inline void edge_3x3(uint8_t *dst, const uint8_t *const *rows, int n, int step,
                            const struct edgel_taps *t, const bool l2)
{
    const int16_t s0 = (int16_t)t->s[0], s1 = (int16_t)t->s[1];
    for (int x = 0; x < n; x = next(x, n)) {
        const uint8_t *a = rows[0] + x, *b = rows[1] + x, *c = rows[2] + x;
        vst1q_u8(dst + x, vcombine_u8(edge_eight(a, b, c, step, s0, s1, l2),
                                      edge_eight(a + 8, b + 8, c + 8, step, s0, s1, l2)));
    }
}

/* vs smoothed and vd differenced down the columns. */
static inline void columns(int16_t *vs, int16_t *vd, const uint8_t *const *rows, int from, int to,
                           const struct edgel_taps *t, const int r)
{
    for (int x = from; x < to; x = from + next(x - from, to - from)) {
        struct wide s, d = { vdupq_n_s16(0), vdupq_n_s16(0) };
        const uint8x16_t mid = vld1q_u8(rows[r] + x);
        s.lo = vmulq_n_s16(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(mid))), (int16_t)t->s[0]);
        s.hi = vmulq_n_s16(vreinterpretq_s16_u16(vmovl_high_u8(mid)), (int16_t)t->s[0]);
        for (int k = 1; k <= r; k++) {
            const uint8x16_t a = vld1q_u8(rows[r - k] + x), b = vld1q_u8(rows[r + k] + x);
            const int16_t ts = (int16_t)t->s[k], td = (int16_t)t->d[k];
            s.lo = vmlaq_n_s16(s.lo, vreinterpretq_s16_u16(vaddl_u8(vget_low_u8(a), vget_low_u8(b))), ts);
            s.hi = vmlaq_n_s16(s.hi, vreinterpretq_s16_u16(vaddl_high_u8(a, b)), ts);
            d.lo = vmlaq_n_s16(d.lo, difference(vget_low_u8(b), vget_low_u8(a)), td);
            d.hi = vmlaq_n_s16(d.hi, vreinterpretq_s16_u16(vsubl_high_u8(b, a)), td);
        }
        vst1q_s16(vs + x, s.lo);
        vst1q_s16(vs + x + 8, s.hi);
        vst1q_s16(vd + x, d.lo);
        vst1q_s16(vd + x + 8, d.hi);
    }
}

/* Eight results from columns; 32-bit sums, which saturate 16 bits only where the result saturates 8. */
static inline uint8x8_t combine(const int16_t *vs, const int16_t *vd, int step, const struct edgel_taps *t,
                                const int r, const bool l2)
{
    const int16x8_t mid = vld1q_s16(vd);
    int32x4_t xl = vdupq_n_s32(0), xh = xl;
    int32x4_t yl = vmull_n_s16(vget_low_s16(mid), (int16_t)t->s[0]);
    int32x4_t yh = vmull_high_n_s16(mid, (int16_t)t->s[0]);
    for (int k = 1; k <= r; k++) {
        const int16x8_t x = vsubq_s16(vld1q_s16(vs + k * step), vld1q_s16(vs - k * step));
        const int16x8_t y = vaddq_s16(vld1q_s16(vd + k * step), vld1q_s16(vd - k * step));
        xl = vmlal_n_s16(xl, vget_low_s16(x), (int16_t)t->d[k]);
        xh = vmlal_high_n_s16(xh, x, (int16_t)t->d[k]);
        yl = vmlal_n_s16(yl, vget_low_s16(y), (int16_t)t->s[k]);
        yh = vmlal_high_n_s16(yh, y, (int16_t)t->s[k]);
    }
    return magnitude(vqmovn_high_s32(vqmovn_s32(xl), xh), vqmovn_high_s32(vqmovn_s32(yl), yh), l2);
}

static inline void edge_wide(uint8_t *dst, const uint8_t *const *rows, int n, int step,
                             const struct edgel_taps *t, int16_t *vs, int16_t *vd, const int r, const bool l2)
{
    const int side = r * step;
    columns(vs, vd, rows, -side, n + side, t, r);
    for (int x = 0; x < n; x = next(x, n))
        vst1q_u8(dst + x, vcombine_u8(combine(vs + x, vd + x, step, t, r, l2),
                                      combine(vs + x + 8, vd + x + 8, step, t, r, l2)));
}

static inline void edge(uint8_t *dst, const uint8_t *const *rows, int n, int step, const struct edgel_taps *t,
                        int16_t *vs, int16_t *vd, const bool l2)
{
    if (t->radius == 1)
        edge_3x3(dst, rows, n, step, t, l2);
    else if (t->radius == 2)
        edge_wide(dst, rows, n, step, t, vs, vd, 2, l2);
    else
        edge_wide(dst, rows, n, step, t, vs, vd, 3, l2);
}

static void edge_l1_u8(uint8_t *dst, const uint8_t *const *rows, int n, int step, const struct edgel_taps *t,
                       int16_t *vs, int16_t *vd)
{
    if (n < VEC)
        edgel_edge_l1_u8_c(dst, rows, n, step, t, vs, vd);
    else
        edge(dst, rows, n, step, t, vs, vd, false);
}

static void edge_l2_u8(uint8_t *dst, const uint8_t *const *rows, int n, int step, const struct edgel_taps *t,
                       int16_t *vs, int16_t *vd)
{
    if (n < VEC)
        edgel_edge_l2_u8_c(dst, rows, n, step, t, vs, vd);
    else
        edge(dst, rows, n, step, t, vs, vd, true);
}

static void edge_roberts_l1_u8(uint8_t *dst, const uint8_t *r0, const uint8_t *r1, int n, int step)
{
    if (n < VEC) {
        edgel_edge_roberts_l1_u8_c(dst, r0, r1, n, step);
        return;
    }
    for (int x = 0; x < n; x = next(x, n))
        vst1q_u8(dst + x, vqaddq_u8(vabdq_u8(vld1q_u8(r0 + x), vld1q_u8(r1 + x + step)),
                                    vabdq_u8(vld1q_u8(r0 + x + step), vld1q_u8(r1 + x))));
}

static inline uint8x8_t roberts_root(uint8x8_t gx, uint8x8_t gy)
{
    return magnitude(vreinterpretq_s16_u16(vmovl_u8(gx)), vreinterpretq_s16_u16(vmovl_u8(gy)), true);
}

static void edge_roberts_l2_u8(uint8_t *dst, const uint8_t *r0, const uint8_t *r1, int n, int step)
{
    if (n < VEC) {
        edgel_edge_roberts_l2_u8_c(dst, r0, r1, n, step);
        return;
    }
    for (int x = 0; x < n; x = next(x, n)) {
        const uint8x16_t gx = vabdq_u8(vld1q_u8(r0 + x), vld1q_u8(r1 + x + step));
        const uint8x16_t gy = vabdq_u8(vld1q_u8(r0 + x + step), vld1q_u8(r1 + x));
        vst1q_u8(dst + x, vcombine_u8(roberts_root(vget_low_u8(gx), vget_low_u8(gy)),
                                      roberts_root(vget_high_u8(gx), vget_high_u8(gy))));
    }
}

void edgel_rows_dsp_init_neon(struct edgel_filter_dsp *dsp)
{
    dsp->smooth_v_u8 = smooth_v_u8;
    dsp->smooth_h_u8 = smooth_h_u8;
    dsp->edge_l1_u8 = edge_l1_u8;
    dsp->edge_l2_u8 = edge_l2_u8;
    dsp->edge_roberts_l1_u8 = edge_roberts_l1_u8;
    dsp->edge_roberts_l2_u8 = edge_roberts_l2_u8;
}
