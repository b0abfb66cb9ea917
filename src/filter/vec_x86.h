/*
 * What the row kernels for AVX2 and AVX-512 share, one text for both: V(op) names the intrinsic, EDGEL_VEC (32 or
 * 64) is the width in bytes. Included where that is defined, each time compiled with its level's flags.
 *
 * Bytes are widened by interleaving within 128-bit lanes: a vector of bytes gives two of 16-bit samples, from the
 * lower and the upper half of every lane, that are brought into order where they are stored.
 */
#ifndef EDGEL_VEC_X86_H
#define EDGEL_VEC_X86_H

#include "filter/filter_priv.h"
#include <immintrin.h>

#if EDGEL_VEC == 64
typedef __m512i vec;
#define V(op)  _mm512_##op
#define V_(op) _mm512_##op##_si512
#else
typedef __m256i vec;
#define V(op)  _mm256_##op
#define V_(op) _mm256_##op##_si256
#endif
enum { VEC = EDGEL_VEC, HALF = VEC / 2 };

static inline vec load(const void *p)
{
    return V_(loadu)((const void *)p);
}

static inline void store(void *p, vec v)
{
    V_(storeu)((void *)p, v);
}

/* Of 16-bit samples, lo and hi of every lane, the first half in order, and the second. */
static inline vec first_half(vec lo, vec hi)
{
#if EDGEL_VEC == 64
    return _mm512_permutex2var_epi64(lo, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), hi);
#else
    return _mm256_permute2x128_si256(lo, hi, 0x20);
#endif
}

static inline vec second_half(vec lo, vec hi)
{
#if EDGEL_VEC == 64
    return _mm512_permutex2var_epi64(lo, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), hi);
#else
    return _mm256_permute2x128_si256(lo, hi, 0x31);
#endif
}

static inline void store_lanes(int16_t *p, vec lo, vec hi)
{
    store(p, first_half(lo, hi));
    store(p + HALF, second_half(lo, hi));
}

/* Weights of interleaved bytes, in turn. */
static inline vec weights(int positive, int negative)
{
    return V(set1_epi16)((short)((positive & 255) | (negative & 255) << 8));
}

/* Derivatives of VEC samples, lo and hi of every lane. */
struct derivatives {
    vec x[2], y[2];
};

/* One half from interleaved bytes: those below right and above left, above right and below left, right and left,
 * below and above. */
static inline void combine_3x3(struct derivatives *d, int half, vec falling, vec rising, vec across, vec down,
                               vec outer, vec inner)
{
    const vec f = V(maddubs_epi16)(falling, outer), r = V(maddubs_epi16)(rising, outer);
    d->x[half] = V(add_epi16)(V(add_epi16)(f, r), V(maddubs_epi16)(across, inner));
    d->y[half] = V(add_epi16)(V(sub_epi16)(f, r), V(maddubs_epi16)(down, inner));
}

/* With the differences along the diagonals, falling = c[step] - a[-step] and rising = a[step] - c[-step], outer
 * and inner the weights of the corners and of the others, as weights(w, -w):
 * gx = outer (falling + rising) + inner (b[step] - b[-step]), gy = outer (falling - rising) + inner (c[0] - a[0]). */
static inline struct derivatives derive_3x3(const uint8_t *a, const uint8_t *b, const uint8_t *c, int step,
                                            vec outer, vec inner)
{
    const vec al = load(a - step), am = load(a), ar = load(a + step), bl = load(b - step),
              br = load(b + step);
    const vec cl = load(c - step), cm = load(c), cr = load(c + step);
    struct derivatives d;
    combine_3x3(&d, 0, V(unpacklo_epi8)(cr, al), V(unpacklo_epi8)(ar, cl), V(unpacklo_epi8)(br, bl),
                V(unpacklo_epi8)(cm, am), outer, inner);
    combine_3x3(&d, 1, V(unpackhi_epi8)(cr, al), V(unpackhi_epi8)(ar, cl), V(unpackhi_epi8)(br, bl),
                V(unpackhi_epi8)(cm, am), outer, inner);
    return d;
}

#endif
