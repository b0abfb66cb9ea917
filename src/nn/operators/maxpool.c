/* Maximum over windows of each channel.
 *
 *     y[o][q] = max of x[i][j] over the samples (i, j) that window (o, q) covers
 *
 * Sizes and windows: pooling.c. Samples outside the input are left out. Among equals the first in row order is the
 * maximum, and NaN is larger than all, so that it is not lost. Backward: the gradient of each output goes to its
 * maximum, which is looked up again; where windows overlap they are added in row order of the outputs.
 * Source: PyTorch's MaxPool2d. Complexity: k^2 comparisons an output; k = stride = 2 runs at the speed of memory. */
#include "nn/operators/pooling.h"
#include <string.h>

/* Outputs q0..q1-1 of a row, which all cover the columns that the first covers, `step` apart. x: the first row that
 * they cover. */
static void row_max(const struct nn_call *c, struct nn_span ys, int q0, int q1, const float *x, float *out)
{
    const struct nn_span xs = nn_window(c->layer, q0, c->in[0].w);
    const struct nn_windows w = {
        (ptrdiff_t)c->in[0].w * NN_LANES, ys.hi - ys.lo, xs.hi - xs.lo, c->layer->stride, 0, 0
    };
    c->kernels->lanes.max_windows(out + (size_t)q0 * NN_LANES, x + (size_t)xs.lo * NN_LANES, &w,
                                  (size_t)(q1 - q0));
}

/* The end of the outputs from q on whose windows are whole, or q + 1. */
static int alike(const struct nn_call *c, int q)
{
    const struct nn_layer *l = c->layer;
    const int last = (c->in[0].w - l->k + l->pad) / l->stride; /* whole window */
    if (q * l->stride < l->pad || q > last)
        return q + 1;
    return last + 1 < c->out.w ? last + 1 : c->out.w;
}

static void forward_band(const struct nn_call *c, int thread, int n, int b, int o0, int o1)
{
    (void)thread;
    for (int o = o0; o < o1; o++) {
        const struct nn_span ys = nn_window(c->layer, o, c->in[0].h);
        const float *x = nn_row(&c->in[0], n, b, ys.lo);
        for (int q = 0, end; q < c->out.w; q = end) {
            end = alike(c, q);
            row_max(c, ys, q, end, x, nn_row(&c->out, n, b, o));
        }
    }
}

static void forward(const struct nn_call *c)
{
    nn_row_bands(c, c->out, nn_blocks(c->out.c), forward_band);
}

/* Adds the gradient of outputs q0..q1-1, alike as in row_max, of row o to the rows of `own`. */
static void row_give(const struct nn_call *c, int n, int b, int o, int q0, int q1, struct nn_span own)
{
    const struct nn_span ys = nn_window(c->layer, o, c->in[0].h), xs = nn_window(c->layer, q0, c->in[0].w);
    const int first = own.lo > ys.lo ? own.lo - ys.lo : 0,
              end = own.hi < ys.hi ? own.hi - ys.lo : ys.hi - ys.lo;
    const struct nn_windows w = {
        (ptrdiff_t)c->in[0].w * NN_LANES, ys.hi - ys.lo, xs.hi - xs.lo, c->layer->stride, first, end
    };
    const size_t at = (size_t)xs.lo * NN_LANES;
    c->kernels->lanes.max_windows_grad(
        nn_row(&c->grad_in[0], n, b, ys.lo) + at, nn_row(&c->in[0], n, b, ys.lo) + at,
        nn_row(&c->grad_out, n, b, o) + (size_t)q0 * NN_LANES, &w, (size_t)(q1 - q0));
}

/* Outputs of row o whose gradients the halving loop writes, over two rows of the input. */
static int paired(const struct nn_call *c, int o)
{
    const bool whole = nn_pool_is_halving(c->layer) && o < c->out.h && 2 * o + 1 < c->in[0].h;
    return whole ? c->in[0].w / 2 : 0;
}

static void backward_band(const struct nn_call *c, int thread, int n, int b, int o0, int o1)
{
    (void)thread;
    const struct nn_tensor *in = &c->in[0], *gi = &c->grad_in[0];
    const struct nn_pool_share own = nn_pool_owned(c, o0, o1);
    for (int y = own.rows.lo; y < own.rows.hi; y++) {
        const int q = paired(c, y / 2);
        if (q > 0 && y % 2 == 0)
            c->kernels->lanes.max_pairs_grad(nn_row(gi, n, b, y), nn_row(in, n, b, y),
                                             nn_row(&c->grad_out, n, b, y / 2), (ptrdiff_t)in->w * NN_LANES,
                                             (size_t)q);
        memset(nn_row(gi, n, b, y) + (size_t)(2 * q) * NN_LANES, 0,
               (size_t)(in->w - 2 * q) * NN_LANES * sizeof(float));
    }
    for (int o = own.windows.lo; o < own.windows.hi; o++)
        for (int q = paired(c, o), end; q < c->out.w; q = end) {
            end = alike(c, q);
            row_give(c, n, b, o, q, end, own.rows);
        }
}

static void backward(const struct nn_call *c)
{
    if (c->grad_in[0].data)
        nn_row_bands(c, c->grad_out, nn_blocks(c->out.c), backward_band);
}

static void onnx(struct onnx_graph *g)
{
    struct onnx_node n;
    nn_pool_onnx(g, &n, "MaxPool");
    onnx_node_end(&n, &g->bytes);
}

const struct nn_op nn_op_maxpool = {
    .name = "maxpool",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = NN_BACKWARD_READS_INPUT,
    .attrs = nn_pool_attrs,
    .setup = nn_pool_setup,
    .shape = nn_pool_shape,
    .reads = nn_pool_reads,
    .step = nn_pool_step,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
