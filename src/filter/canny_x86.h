/* Canny's row kernels that are one text for AVX2 and AVX-512: what filter_dsp.c computes, VEC samples at a time.
 * Included by canny_avx2.c and canny_avx512.c alone. */
#ifndef EDGEL_CANNY_X86_H
#define EDGEL_CANNY_X86_H

#include "filter/vec_x86.h"

static inline vec sum_of_sides(vec x, vec y)
{
    return V(add_epi16)(V(abs_epi16)(x), V(abs_epi16)(y));
}

static void magnitude_l1(int16_t *m, const int16_t *gx, const int16_t *gy, int n)
{
    for (int i = 0; i < n; i += HALF)
        store(m + i, sum_of_sides(load(gx + i), load(gy + i)));
}

static inline struct derivatives sobel(const uint8_t *a, const uint8_t *b, const uint8_t *c)
{
    return derive_3x3(a, b, c, 1, weights(1, -1), weights(2, -2));
}

static void sobel_l1(int16_t *m, const uint8_t *a, const uint8_t *b, const uint8_t *c, int n)
{
    for (int i = 0; i < n; i += VEC) {
        const struct derivatives d = sobel(a + i, b + i, c + i);
        store_lanes(m + i, sum_of_sides(d.x[0], d.y[0]), sum_of_sides(d.x[1], d.y[1]));
    }
}

/* Derivatives of VEC samples in order. */
static inline struct derivatives derivatives_at(const struct edgel_sector_rows *r, int i)
{
    if (r->gx)
        return (struct derivatives){ { load(r->gx + i), load(r->gx + i + HALF) },
                                     { load(r->gy + i), load(r->gy + i + HALF) } };
    const struct derivatives d = sobel(r->a + i, r->b + i, r->c + i);
    return (struct derivatives){ { first_half(d.x[0], d.x[1]), second_half(d.x[0], d.x[1]) },
                                 { first_half(d.y[0], d.y[1]), second_half(d.y[0], d.y[1]) } };
}

#endif
