/*
 * nn_dsp.h: row kernels of the network's convolutions.
 *
 * A convolution is a list of taps: places in source rows whose pixels are multiplied by a block of weights. Rows are
 * blocked: a pixel is 16 floats, one for each channel of its block; conv_row also reads planar rows. Kernels know no
 * border, no stride and no dilation: whoever calls them lays the source rows out so that neighbouring output pixels
 * read neighbouring source pixels.
 *
 * The order of every sum is part of what a kernel computes, and all products are fused (fmaf), so that every CPU level
 * gives the same bits (of NaNs: some NaN).
 */
#ifndef EDGEL_NN_DSP_H
#define EDGEL_NN_DSP_H

#include <stddef.h>

/* `count` positions along one source row, and their weights: position k of output pixel x is the source pixel at
 * src + k step + 16 x (planar: + x). Weights are [16 input lanes][16 output lanes] (depthwise: [16 lanes]) for each
 * position. */
struct nn_tap {
    const float *src;
    ptrdiff_t step;  /* floats between the source pixels of neighbouring positions */
    size_t w;        /* where the weights of position 0 begin */
    size_t w_step;   /* floats between the weights of neighbouring positions */
    int count;       /* >= 1 */
    int lanes;       /* 1..16 input lanes that count; depthwise: all 16 do */
    ptrdiff_t ahead; /* floats from src to what the next call reads first; 0: nothing. Changes no result. */
};

/* One row of n output pixels, `blocks` blocks of output channels. */
struct nn_conv_row {
    float *dst; /* pixel x of block b at dst + b dst_block + 16 x */
    ptrdiff_t dst_block;
    int blocks, n;      /* both >= 1 */
    const float *start; /* [16 blocks] where sums start (the bias); NULL: at what dst holds */
    const struct nn_tap *tap;
    int taps;
    const float *w; /* of block b at w + b w_block */
    size_t w_block;
    ptrdiff_t
        plane; /* 0: source rows are blocked; else conv_row reads planar ones, lanes `plane` floats apart */
};

/* The gradient of weights over `rows` rows of n output pixels. */
struct nn_weight_rows {
    float *dw; /* as w in nn_conv_row; added to */
    size_t w_block;
    const struct nn_tap *tap;
    int taps;
    ptrdiff_t src_row; /* floats from a source row to the one of the next output row */
    const float
        *grad; /* of the output: pixel x of row y of block b at grad + b grad_block + y grad_row + 16 x */
    ptrdiff_t grad_row, grad_block;
    int blocks, rows, n;
};

struct nn_dsp {
    /* For each x and output lane o: acc = start; for each tap in order, each input lane i, each position k:
     *     acc = fmaf(src[k step + 16 x + i], w[k w_step + 16 i + o], acc)
     * where planar rows have src[k step + x + i plane]. */
    void (*conv_row)(const struct nn_conv_row *r);
    /* For each tap, position k, input lane i and output lane o: s = 0; for each row y, each x:
     *     s = fmaf(src[y src_row + k step + 16 x + i], grad[y grad_row + 16 x + o], s);
     * then dw[k w_step + 16 i + o] += s. */
    void (*weight_rows)(const struct nn_weight_rows *r);
    /* The same two lane by lane, o = i; one block. */
    void (*depthwise_row)(const struct nn_conv_row *r);
    void (*depthwise_weight_rows)(const struct nn_weight_rows *r);
};

/* cpu_flags: EDGEL_CPU_*. */
void nn_dsp_init(struct nn_dsp *dsp, unsigned cpu_flags);
void nn_dsp_init_avx2(struct nn_dsp *dsp);
void nn_dsp_init_avx512(struct nn_dsp *dsp);

#endif
