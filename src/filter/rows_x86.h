/*
 * The kernels of rows_c.c in vector registers, one text for AVX2 and AVX-512. Included by rows_avx2.c,
 * rows_avx512.c and rows_avx512vnni.c alone, each compiled with its level's flags.
 *
 * Bytes that were widened by interleaving are packed again the same way, which restores their order. A row ends
 * with one vector that overlaps the one before; rows shorter than a vector go to plain C.
 */
#ifndef EDGEL_ROWS_X86_H
#define EDGEL_ROWS_X86_H

#include "filter/vec_x86.h"

enum { MAX_PAIRS = 4096 };

/* HALF bytes, widened to 16 bits in order. */
static inline vec load_wide(const uint8_t *p)
{
#if EDGEL_VEC == 64
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)p));
#else
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)p));
#endif
}

/* Two vectors of 16-bit samples in order as bytes in order, saturated. */
static inline vec pack(vec a, vec b)
{
    const vec v = V(packus_epi16)(a, b);
#if EDGEL_VEC == 64
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), v);
#else
    return _mm256_permute4x64_epi64(v, 0xD8);
#endif
}

/* sum + a0 b0 + a1 b1 of pairs of 16-bit samples, in 32 bits. */
static inline vec add_products(vec sum, vec a, vec b)
{
#ifdef __AVX512VNNI__
    return _mm512_dpwssd_epi32(sum, a, b);
#else
    return V(add_epi32)(sum, V(madd_epi16)(a, b));
#endif
}

/* Where the vector after x begins: the last one ends with the row. */
static inline int next(int x, int n, int step)
{
    return x + step < n && x + 2 * step > n ? n - step : x + step;
}

/* --- Gaussian --- */

/* Taps of two neighbours at even positions: for an output there from the first tap on, for the next one a place
 * later, so that both take the same samples. */
struct pairs {
    int32_t even[MAX_PAIRS], odd[MAX_PAIRS];
};

/* shift: bits of a tap. */
static void pair_taps(struct pairs *pairs, const uint16_t *tap, int ntap, int shift)
{
    for (int k = 0; k <= ntap; k += 2) {
        const int before = k > 0 ? tap[k - 1] : 0, here = k < ntap ? tap[k] : 0,
                  after = k + 1 < ntap ? tap[k + 1] : 0;
        pairs->even[k / 2] = here | after << shift;
        pairs->odd[k / 2] = before | here << shift;
    }
}

/* Two rows of sums, one from the first row on and one from the second: ntap + 1 rows, an even number. Samples as s
 * - 128 times unsigned taps: a pair of products fits 16 signed bits, for two taps are at most 256, and so does the
 * whole sum, s0 t0 + ... - 32768. */
static inline void smooth_v_at(int16_t *restrict dst, int16_t *restrict below,
                               const uint8_t *const *restrict rows, int x, const struct pairs *restrict pairs,
                               int npair)
{
    const vec sign = V(set1_epi8)((char)-128);
    vec lo = V_(setzero)(), hi = lo, lo2 = lo, hi2 = lo;
    for (int k = 0; k < npair; k++) {
        const vec t = V(set1_epi16)((short)pairs->even[k]), u = V(set1_epi16)((short)pairs->odd[k]);
        const vec a = V_(xor)(load(rows[2 * k] + x), sign), b = V_(xor)(load(rows[2 * k + 1] + x), sign);
        const vec l = V(unpacklo_epi8)(a, b), h = V(unpackhi_epi8)(a, b);
        lo = V(add_epi16)(lo, V(maddubs_epi16)(t, l));
        hi = V(add_epi16)(hi, V(maddubs_epi16)(t, h));
        lo2 = V(add_epi16)(lo2, V(maddubs_epi16)(u, l));
        hi2 = V(add_epi16)(hi2, V(maddubs_epi16)(u, h));
    }
    store_lanes(dst + x, lo, hi);
    store_lanes(below + x, lo2, hi2);
}

/* VEC outputs. */
static inline void smooth_near(uint8_t *restrict dst, const int16_t *src, const struct pairs *pairs,
                               int npair)
{
    const vec start = V(set1_epi32)((1 << 23) + (1 << 15)), upper = V(set1_epi32)((int)0xFFFF0000);
    vec even = start, odd = start, even2 = start, odd2 = start;
    for (int k = 0; k < npair; k++) {
        const vec t = V(set1_epi32)(pairs->even[k]), u = V(set1_epi32)(pairs->odd[k]);
        const vec a = load(src + 2 * k), b = load(src + 2 * k + HALF);
        even = add_products(even, a, t);
        odd = add_products(odd, a, u);
        even2 = add_products(even2, b, t);
        odd2 = add_products(odd2, b, u);
    }
    store(dst, pack(V_(or)(V(srli_epi32)(even, 16), V_(and)(odd, upper)),
                    V_(or)(V(srli_epi32)(even2, 16), V_(and)(odd2, upper))));
}

/* HALF outputs in 16 bits from neighbours that are step apart. */
static inline vec smooth_apart(const int16_t *src, int step, const struct pairs *pairs, int npair)
{
    const vec start = V(set1_epi32)((1 << 23) + (1 << 15));
    vec lo = start, hi = start;
    for (int k = 0; k < npair; k++) {
        const vec t = V(set1_epi32)(pairs->even[k]);
        const vec a = load(src + (ptrdiff_t)(2 * k) * step);
        const vec b = k + 1 < npair ? load(src + (ptrdiff_t)(2 * k + 1) * step) : a;
        lo = add_products(lo, V(unpacklo_epi16)(a, b), t);
        hi = add_products(hi, V(unpackhi_epi16)(a, b), t);
    }
    return V(packs_epi32)(V(srli_epi32)(lo, 16), V(srli_epi32)(hi, 16));
}

/* A whole row. Called with a constant npair where sizes are common, which keeps the taps in registers. */
static inline void smooth_v_row(int16_t *restrict dst, int16_t *restrict below,
                                const uint8_t *const *restrict rows, int n,
                                const struct pairs *restrict pairs, const int npair)
{
    for (int x = 0; x < n; x = next(x, n, VEC))
        smooth_v_at(dst, below, rows, x, pairs, npair);
}

static inline void smooth_h_row(uint8_t *restrict dst, const int16_t *restrict src, int n,
                                const struct pairs *restrict pairs, const int npair)
{
    for (int x = 0; x < n; x = next(x, n, VEC))
        smooth_near(dst + x, src + x, pairs, npair);
}

static void smooth_v_u8(int16_t *dst, int16_t *below, const uint8_t *const *rows, int n, const uint16_t *tap,
                        int ntap)
{
    struct pairs pairs;
    const int npair = (ntap + 1) / 2;
    if (n < VEC || npair > MAX_PAIRS || tap[ntap / 2] > 255) {
        edgel_smooth_v_u8_c(dst, below, rows, n, tap, ntap);
        return;
    }
    pair_taps(&pairs, tap, ntap, 8);
    switch (npair) {
    case 2: smooth_v_row(dst, below, rows, n, &pairs, 2); break;
    case 3: smooth_v_row(dst, below, rows, n, &pairs, 3); break;
    case 4: smooth_v_row(dst, below, rows, n, &pairs, 4); break;
    case 5: smooth_v_row(dst, below, rows, n, &pairs, 5); break;
    case 7: smooth_v_row(dst, below, rows, n, &pairs, 7); break;
    default: smooth_v_row(dst, below, rows, n, &pairs, npair);
    }
}

static void smooth_h_u8(uint8_t *dst, const int16_t *src, int n, int step, const uint16_t *tap, int ntap)
{
    struct pairs pairs;
    const int npair = (ntap + 1) / 2;
    if (n < VEC || npair > MAX_PAIRS) {
        edgel_smooth_h_u8_c(dst, src, n, step, tap, ntap);
        return;
    }
    pair_taps(&pairs, tap, ntap, 16);
    if (step != 1) {
        for (int x = 0; x < n; x = next(x, n, VEC))
            store(dst + x, pack(smooth_apart(src + x, step, &pairs, npair),
                                smooth_apart(src + x + HALF, step, &pairs, npair)));
        return;
    }
    switch (npair) {
    case 2: smooth_h_row(dst, src, n, &pairs, 2); break;
    case 3: smooth_h_row(dst, src, n, &pairs, 3); break;
    case 4: smooth_h_row(dst, src, n, &pairs, 4); break;
    case 5: smooth_h_row(dst, src, n, &pairs, 5); break;
    case 7: smooth_h_row(dst, src, n, &pairs, 7); break;
    default: smooth_h_row(dst, src, n, &pairs, npair);
    }
}

/* --- gradient magnitudes --- */

/* |gx| + |gy|, or the root of the squares rounded, in 16 bits, exact below 256 and above 255 where it is more. The
 * root: squares below 2^24 are floats, and the root of those below 255.5^2 is at least 1e-4 away from any half,
 * far more than its rounding error. gx, gy at most 16383. */
static inline vec magnitude(vec gx, vec gy, const bool l2)
{
    if (!l2)
        return V(add_epi16)(V(abs_epi16)(gx), V(abs_epi16)(gy));
    const vec xl = V(unpacklo_epi16)(gx, gy), xh = V(unpackhi_epi16)(gx, gy);
    const vec lo = V(cvtps_epi32)(V(sqrt_ps)(V(cvtepi32_ps)(V(madd_epi16)(xl, xl))));
    const vec hi = V(cvtps_epi32)(V(sqrt_ps)(V(cvtepi32_ps)(V(madd_epi16)(xh, xh))));
    return V(packs_epi32)(lo, hi);
}

static inline void edge_3x3(uint8_t *restrict dst, const uint8_t *const *restrict rows, int n, int step,
                            const struct edgel_taps *t, const bool l2)
{
    const vec outer = weights(t->s[1], -t->s[1]), inner = weights(t->s[0], -t->s[0]);
    for (int x = 0; x < n; x = next(x, n, VEC)) {
        const struct derivatives d = derive_3x3(rows[0] + x, rows[1] + x, rows[2] + x, step, outer, inner);
        store(dst + x, V(packus_epi16)(magnitude(d.x[0], d.y[0], l2), magnitude(d.x[1], d.y[1], l2)));
    }
}

/* vs smoothed and vd differenced down the columns. */
static inline void columns(int16_t *vs, int16_t *vd, const uint8_t *const *rows, int from, int to,
                           const struct edgel_taps *t, const int r)
{
    for (int x = from; x < to; x = from + next(x - from, to - from, HALF)) {
        vec s = V(mullo_epi16)(load_wide(rows[r] + x), V(set1_epi16)((short)t->s[0])), d = V_(setzero)();
        for (int k = 1; k <= r; k++) {
            const vec a = load_wide(rows[r - k] + x), b = load_wide(rows[r + k] + x);
            s = V(add_epi16)(s, V(mullo_epi16)(V(add_epi16)(a, b), V(set1_epi16)((short)t->s[k])));
            d = V(add_epi16)(d, V(mullo_epi16)(V(sub_epi16)(b, a), V(set1_epi16)((short)t->d[k])));
        }
        store(vs + x, s);
        store(vd + x, d);
    }
}

static inline vec combine_5x5(const int16_t *vs, const int16_t *vd, int step, const struct edgel_taps *t,
                              const bool l2)
{
    vec gx = V_(setzero)(), gy = V(mullo_epi16)(load(vd), V(set1_epi16)((short)t->s[0]));
    for (int k = 1; k <= 2; k++) {
        const vec x = V(sub_epi16)(load(vs + k * step), load(vs - k * step));
        const vec y = V(add_epi16)(load(vd + k * step), load(vd - k * step));
        gx = V(add_epi16)(gx, V(mullo_epi16)(x, V(set1_epi16)((short)t->d[k])));
        gy = V(add_epi16)(gy, V(mullo_epi16)(y, V(set1_epi16)((short)t->s[k])));
    }
    return magnitude(gx, gy, l2);
}

/* a ta + b tb + c tc + d td of 16-bit samples in 32 bits, then clamped to where one derivative alone saturates. */
static inline vec four(vec a, vec b, vec c, vec d, int ta, int tb, int tc, int td)
{
    const vec ab = V(set1_epi32)((ta & 0xFFFF) | tb << 16), cd = V(set1_epi32)((tc & 0xFFFF) | td << 16);
    const vec lo =
        V(add_epi32)(V(madd_epi16)(V(unpacklo_epi16)(a, b), ab), V(madd_epi16)(V(unpacklo_epi16)(c, d), cd));
    const vec hi =
        V(add_epi32)(V(madd_epi16)(V(unpackhi_epi16)(a, b), ab), V(madd_epi16)(V(unpackhi_epi16)(c, d), cd));
    const vec limit = V(set1_epi16)(1024);
    return V(max_epi16)(V(min_epi16)(V(packs_epi32)(lo, hi), limit), V(sub_epi16)(V_(setzero)(), limit));
}

static inline vec combine_7x7(const int16_t *vs, const int16_t *vd, int step, const struct edgel_taps *t,
                              const bool l2)
{
    vec x[4] = { V_(setzero)() }, y[4] = { load(vd) };
    for (int k = 1; k <= 3; k++) {
        x[k] = V(sub_epi16)(load(vs + k * step), load(vs - k * step));
        y[k] = V(add_epi16)(load(vd + k * step), load(vd - k * step));
    }
    const vec gx = four(x[0], x[1], x[2], x[3], 0, t->d[1], t->d[2], t->d[3]);
    const vec gy = four(y[0], y[1], y[2], y[3], t->s[0], t->s[1], t->s[2], t->s[3]);
    return magnitude(gx, gy, l2);
}

static inline void edge_wide(uint8_t *restrict dst, const uint8_t *const *rows, int n, int step,
                             const struct edgel_taps *t, int16_t *vs, int16_t *vd, const bool l2)
{
    const int side = t->radius * step;
    if (t->radius == 2) {
        columns(vs, vd, rows, -side, n + side, t, 2);
        for (int x = 0; x < n; x = next(x, n, VEC))
            store(dst + x, pack(combine_5x5(vs + x, vd + x, step, t, l2),
                                combine_5x5(vs + x + HALF, vd + x + HALF, step, t, l2)));
        return;
    }
    columns(vs, vd, rows, -side, n + side, t, 3);
    for (int x = 0; x < n; x = next(x, n, VEC))
        store(dst + x, pack(combine_7x7(vs + x, vd + x, step, t, l2),
                            combine_7x7(vs + x + HALF, vd + x + HALF, step, t, l2)));
}

static void edge_l1_u8(uint8_t *dst, const uint8_t *const *rows, int n, int step, const struct edgel_taps *t,
                       int16_t *vs, int16_t *vd)
{
    if (n < VEC)
        edgel_edge_l1_u8_c(dst, rows, n, step, t, vs, vd);
    else if (t->radius == 1)
        edge_3x3(dst, rows, n, step, t, false);
    else
        edge_wide(dst, rows, n, step, t, vs, vd, false);
}

static void edge_l2_u8(uint8_t *dst, const uint8_t *const *rows, int n, int step, const struct edgel_taps *t,
                       int16_t *vs, int16_t *vd)
{
    if (n < VEC)
        edgel_edge_l2_u8_c(dst, rows, n, step, t, vs, vd);
    else if (t->radius == 1)
        edge_3x3(dst, rows, n, step, t, true);
    else
        edge_wide(dst, rows, n, step, t, vs, vd, true);
}

static inline vec distance(vec a, vec b)
{
    return V_(or)(V(subs_epu8)(a, b), V(subs_epu8)(b, a));
}

static void edge_roberts_l1_u8(uint8_t *dst, const uint8_t *r0, const uint8_t *r1, int n, int step)
{
    if (n < VEC) {
        edgel_edge_roberts_l1_u8_c(dst, r0, r1, n, step);
        return;
    }
    for (int x = 0; x < n; x = next(x, n, VEC))
        store(dst + x, V(adds_epu8)(distance(load(r0 + x), load(r1 + x + step)),
                                    distance(load(r0 + x + step), load(r1 + x))));
}

static void edge_roberts_l2_u8(uint8_t *dst, const uint8_t *r0, const uint8_t *r1, int n, int step)
{
    if (n < VEC) {
        edgel_edge_roberts_l2_u8_c(dst, r0, r1, n, step);
        return;
    }
    const vec zero = V_(setzero)();
    for (int x = 0; x < n; x = next(x, n, VEC)) {
        const vec gx = distance(load(r0 + x), load(r1 + x + step));
        const vec gy = distance(load(r0 + x + step), load(r1 + x));
        const vec lo = magnitude(V(unpacklo_epi8)(gx, zero), V(unpacklo_epi8)(gy, zero), true);
        const vec hi = magnitude(V(unpackhi_epi8)(gx, zero), V(unpackhi_epi8)(gy, zero), true);
        store(dst + x, V(packus_epi16)(lo, hi));
    }
}

static void upgrade(struct edgel_filter_dsp *dsp)
{
    dsp->smooth_v_u8 = smooth_v_u8;
    dsp->smooth_h_u8 = smooth_h_u8;
    dsp->edge_l1_u8 = edge_l1_u8;
    dsp->edge_l2_u8 = edge_l2_u8;
    dsp->edge_roberts_l1_u8 = edge_roberts_l1_u8;
    dsp->edge_roberts_l2_u8 = edge_roberts_l2_u8;
}

#endif
