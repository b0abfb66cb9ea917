/* pooling.h: what maximum and average pooling share: attributes, sizes and windows (pooling.c). */
#ifndef EDGEL_NN_POOLING_H
#define EDGEL_NN_POOLING_H

#include "nn/model/onnx_priv.h"

extern const struct nn_attr nn_pool_attrs[];
enum edgel_status nn_pool_setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err);
enum edgel_status nn_pool_shape(const struct nn_layer *l, const struct nn_shape *in,
                                const struct nn_shape *like, struct nn_shape *out, struct edgel_error *err);
void nn_pool_reads(const struct nn_layer *l, int *lo, int *hi);
double nn_pool_step(const struct nn_layer *l);
void nn_pool_onnx(struct onnx_graph *g, struct onnx_node *n, const char *op); /* begins the node */

/* Positions lo..hi-1 of an axis of n samples that window o covers. Never empty for a window of the output. */
struct nn_span {
    int lo, hi;
};
static inline struct nn_span nn_window(const struct nn_layer *l, int o, int n)
{
    const int lo = o * l->stride - l->pad, hi = lo + l->k;
    return (struct nn_span){ lo > 0 ? lo : 0, hi < n ? hi : n };
}
/* Windows of 2 x 2 side by side, with loops of their own. */
static inline bool nn_pool_is_halving(const struct nn_layer *l)
{
    return l->k == 2 && l->stride == 2 && l->pad == 0;
}

/* Backward sums over windows that may overlap, so a task owns rows of the input gradient: those from the first row of
 * its first window to the first row of the next task's, the border given to the first and last task. windows: those
 * that reach into these rows. What a row gets is added window by window in order, whoever owns it. */
struct nn_pool_share {
    struct nn_span rows, windows;
};
struct nn_pool_share nn_pool_owned(const struct nn_call *c, int o0, int o1);

#endif
