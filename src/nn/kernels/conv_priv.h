/*
 * conv_priv.h: the products that convolution and transposed convolution are made of.
 *
 * A convolution ties two maps together: the fine one, which it reads, and the coarse one, which it makes. With weights
 * w[c][f][ky][kx], c a channel of the coarse and f one of the fine map (within its group):
 *
 *     down:    coarse[c][y][x] = sum of fine[f][s y - p + d ky][s x - p + d kx] w[c][f][ky][kx]
 *     up:      fine[f][v][u]   = sum of coarse[c][y][x] w[c][f][ky][kx] where s y - p + d ky = v, s x - p + d kx = u
 *     weights: dw[c][f][ky][kx] = sum of coarse[c][y][x] fine[f][s y - p + d ky][s x - p + d kx]
 *
 * with 0 outside the maps. A convolution goes down, its gradient of data up; a transposed convolution goes up, its
 * gradient of data down.
 */
#ifndef EDGEL_CONV_PRIV_H
#define EDGEL_CONV_PRIV_H

#include "nn/nn_priv.h"

enum { CONV_KERNEL_MAX = 31, CONV_STRIDE_MAX = 16, CONV_DILATION_MAX = 256, CONV_PAD_MAX = 4096 };

struct conv_map {
    int c, h, w;
    int lanes; /* channels of a pixel that lie side by side: 16 (blocked), or 1 (planar; inference without groups) */
};
/* Floats of a block, or of a channel of a planar map; and how many there are. */
static inline size_t conv_plane(struct conv_map m)
{
    return (size_t)m.h * (size_t)m.w * (size_t)m.lanes;
}
static inline int conv_planes(struct conv_map m)
{
    return m.lanes == 1 ? m.c : nn_blocks(m.c);
}

struct conv {
    int n; /* samples */
    struct conv_map fine, coarse;
    int k, stride, pad, dilation, groups;
};
struct conv conv_of(const struct nn_layer *l, const struct nn_tensor *fine, const struct nn_tensor *coarse);
/* groups = channels on both sides: each channel on its own. */
static inline bool conv_is_depthwise(const struct conv *g)
{
    return g->groups > 1 && g->groups == g->fine.c && g->groups == g->coarse.c;
}

/* --- conv_window.c --- */
/* One axis of a product: output z, with tap t, reads input (z in_step + at + t dilation) / out_step if that is
 * whole. */
struct conv_axis {
    int in, out, in_step, out_step, at, dilation, k;
};
struct conv_axis conv_axis_down(const struct conv *g, int fine, int coarse);
struct conv_axis conv_axis_up(const struct conv *g, int fine, int coarse);
/* First and last input that outputs from..to (inclusive) may read, inside the map or not. */
void conv_axis_reads(const struct conv_axis *a, int from, int to, int *lo, int *hi);

/* Neighbouring taps of outputs of one phase (z mod out_step) that read inputs of one phase (u mod in_step). */
struct conv_run {
    int first, step, count; /* taps first, first + step, ... */
    int phase, index, move; /* read phase, index + output / out_step, and `move` more for each next tap */
};
/* The runs of output phase `phase` where inputs are counted from what output 0 reads first; returns how many. */
int conv_axis_runs(const struct conv_axis *a, int phase, struct conv_run runs[CONV_KERNEL_MAX]);

/* Outputs cut into stretches of about `most` at most, each a multiple of out_step but the last. Where inputs are read
 * one by one, the outputs that reach over the border are stretches of their own: only they need a copy with the
 * border. */
struct conv_cut {
    int count, left, right, middles; /* left, right: outputs of the border stretches, or 0 */
    int out, out_step;
};
struct conv_cut conv_axis_cut(const struct conv_axis *a, int most);
void conv_cut_at(const struct conv_cut *c, int i, int *from, int *to);
int conv_cut_widest(const struct conv_cut *c);
/* Whether outputs from..to-1 read only samples inside the map, and neighbouring outputs neighbouring samples. */
bool conv_axis_direct(const struct conv_axis *a, int from, int to);

/* Rows of some blocks (planar: channels) of a map, with the border of zeros around them, as row kernels want them:
 * [row][block][phase][pixel],
 * a stretch of `pixels` pixels of every phase (input x = x0 + phase + pixel in_step). Rows come in increasing order. */
struct conv_window {
    const float *map; /* block 0 of one sample */
    struct conv_map size;
    int first_block, blocks;
    int x0, pixels, phases;
    float *rows;
    int capacity, first, count; /* rows first..first+count-1 are there */
};
size_t conv_window_row(const struct conv_window *w); /* floats of one row */
/* How many rows a window holds, at least `span`; a function of the sizes alone. */
int conv_window_capacity(size_t row_floats, int span);
void conv_window_need(struct conv_window *w, int lo, int hi);
/* First pixel of a phase; block counts from first_block. */
static inline const float *conv_window_at(const struct conv_window *w, int row, int block, int phase)
{
    return w->rows + (((size_t)(row - w->first) * (size_t)w->blocks + (size_t)block) * (size_t)w->phases +
                      (size_t)phase) *
                         (size_t)(w->pixels * w->size.lanes);
}

/* --- conv_pack.c --- */
/* Weights as row kernels want them: [out block][span of connected input blocks][k][k][16 in][16 out], and depthwise
 * [block][k][k][16]. down: coarse out, fine in. up: fine out, coarse in, both axes of the kernel flipped. */
struct conv_span {
    int lo, hi; /* input blocks lo..hi-1 have weights with the output block */
};
struct conv_span conv_span_of(const struct conv *g, bool up, int out_block);
size_t conv_pack_block(const struct conv *g, bool up); /* floats of one output block */
size_t conv_pack_floats(const struct conv *g, bool up);
void conv_pack(const struct nn_call *c, const struct conv *g, bool up, const float *weights, float *packed);
/* dw = the sum of `parts` arrays packed downwards, in order. */
void conv_unpack(const struct nn_call *c, const struct conv *g, const float *packed, size_t parts, float *dw);

/* --- conv_rows.c --- */
void conv_product_memory(const struct conv *g, bool up, struct nn_memory *m); /* raises m to what it needs */
/* out = the product of `in` and weights, plus bias (NULL: none); if `forward` then what the call adds and applies. */
void conv_product(const struct nn_call *c, const struct conv *g, bool up, const float *in,
                  const float *weights, const float *bias, float *out, bool forward);

/* --- conv_weights.c --- */
void conv_weights_memory(const struct conv *g, struct nn_memory *m);
void conv_weights(const struct nn_call *c, const struct conv *g, const float *fine, const float *coarse,
                  float *dw);
void conv_bias_memory(const struct nn_tensor *grad, struct nn_memory *m);
void conv_bias(const struct nn_call *c, const struct nn_tensor *grad, float *db);

/* --- conv.c --- : what both operators share */
int conv_pad(const struct nn_layer *l);
size_t conv_weight_count(const struct nn_layer *l); /* the bias follows them */
int conv_in_channels(const struct nn_layer *l);
enum edgel_status conv_setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err);
/* fan_in, fan_out: products that one output is the sum of, and that one input is part of. */
void conv_init(const struct nn_layer *l, enum edgel_init init, uint64_t seed, double fan_in, double fan_out,
               float *params);
#endif
