/* lanes.h: loops over rows of 16 lanes without fused arithmetic.
 *
 * One text (lanes_text.h) is compiled for each CPU level; as every operation is an IEEE operation of its own and sums
 * keep to their lane, all levels give the same bits. */
#ifndef EDGEL_NN_LANES_H
#define EDGEL_NN_LANES_H

#include <stddef.h>
#include <stdint.h>

/* Windows of rows x cols pixels, `step` pixels from one to the next; rows lie `row` floats apart. */
struct nn_windows {
    ptrdiff_t row;
    int rows, cols, step;
    int first, end; /* rows that a gradient is added to */
};

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

    /* y[p][l] = the largest of x[r row + 16 (p step + j) + l], r < rows, j < cols, where NaN is larger than all. */
    void (*max_windows)(float *restrict y, const float *restrict x, const struct nn_windows *w, size_t n);
    /* Adds g[p][l] to the place in gx of the first of these, unless it lies outside rows first..end-1. */
    void (*max_windows_grad)(float *restrict gx, const float *restrict x, const float *restrict g,
                             const struct nn_windows *w, size_t n);
    /* The same written, not added, for 2 x 2 windows side by side over two whole rows. */
    void (*max_pairs_grad)(float *restrict gx, const float *restrict x, const float *restrict g,
                           ptrdiff_t row, size_t n);
    /* y[i] = edgel_hash_at(key, i) >= threshold ? x[i] * scale : 0 over n floats, a multiple of 16 */
    void (*drop)(float *restrict y, const float *restrict x, size_t n, uint64_t key, uint32_t threshold,
                 float scale);
    /* v[p] = a[p] + u (b[p] - a[p]); y[2 p], y[2 p + 1] = v[p] + 1/4, 3/4 (v[p + 1] - v[p]). */
    void (*enlarge_halves)(float *restrict y, const float *restrict a, const float *restrict b, float u,
                           size_t n);
    /* y = ((w[0] r0 + w[1] r1) + w[2] r2) + w[3] r3 over n floats, a multiple of 16, of rows that lie `row` apart. */
    void (*weigh_rows)(float *restrict y, const float *restrict rows, ptrdiff_t row, const float w[4],
                       size_t n);
    /* y[p] = ((1/4 s[2 p] + 3/4 s[2 p + 1]) + 3/4 s[2 p + 2]) + 1/4 s[2 p + 3] */
    void (*gather_halves)(float *restrict y, const float *restrict s, size_t n);
};

void nn_lanes_c(struct nn_lanes *t);
void nn_lanes_avx2(struct nn_lanes *t);
void nn_lanes_avx512(struct nn_lanes *t);
/* The table of the CPU level given by flags (EDGEL_CPU_AVX2, ...). */
void nn_lanes_init(struct nn_lanes *t, unsigned flags);

#endif
