/* lanes.h: loops over rows of 16 lanes without fused arithmetic.
 *
 * One text (lanes_text.h) is compiled for each CPU level; as every operation is an IEEE operation of its own and sums
 * keep to their lane, all levels give the same bits. */
#ifndef EDGEL_NN_LANES_H
#define EDGEL_NN_LANES_H

#include <stddef.h>

struct nn_lanes {
    /* sums[l] += sum of x[p][l], sums[16 + l] += sum of x[p][l]^2 over pixels in ascending order, in double. */
    void (*moments)(double sums[32], const float *x, size_t pixels);
    /* y[p][l] = (x[p][l] - k[l]) * k[16 + l] + k[32 + l] */
    void (*normalize)(float *restrict y, const float *restrict x, size_t pixels, const float k[48]);
    /* sums[l] += sum of g[p][l], sums[16 + l] += sum of g[p][l] * ((x[p][l] - k[l]) * k[16 + l]), in double, the
     * products of floats in float. */
    void (*norm_sums)(double sums[32], const float *restrict g, const float *restrict x, size_t pixels,
                      const float k[32]);
    /* d[p][l] = (g[p][l] - k[32 + l] - (x[p][l] - k[l]) * k[16 + l]) * k[48 + l] */
    void (*norm_grad)(float *restrict d, const float *restrict g, const float *restrict x, size_t pixels,
                      const float k[64]);
    /* z = z > 0 ? z : slope * z over n floats; slope 0 gives +0 for all z <= 0. */
    void (*rectify)(float *z, size_t n, float slope);
    /* g = y > 0 ? g : slope * g */
    void (*rectify_grad)(float *restrict g, const float *restrict y, size_t n, float slope);
    /* to = to + from */
    void (*add)(float *restrict to, const float *restrict from, size_t n);
};

void nn_lanes_c(struct nn_lanes *t);
void nn_lanes_avx2(struct nn_lanes *t);
void nn_lanes_avx512(struct nn_lanes *t);
/* The table of the CPU level given by flags (EDGEL_CPU_AVX2, ...). */
void nn_lanes_init(struct nn_lanes *t, unsigned flags);

#endif
