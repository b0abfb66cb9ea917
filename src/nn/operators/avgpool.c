/* Mean over windows of each channel.
 *
 *     y[o][q] = (sum of x[i][j] over the samples (i, j) that window (o, q) covers) / area
 *
 * Sizes and windows: pooling.c. area counts the zeros of the padding (PyTorch's count_include_pad) but not what a
 * window rounded up by ceil=1 has beyond it. Sums run in row order. Backward: every sample of a window gets gradient /
 * area.
 * Source: PyTorch's AvgPool2d. Complexity: k^2 additions an output; k = stride = 2 runs at the speed of memory. */
#include "nn/operators/pooling.h"
#include <string.h>

/* Positions of window o on an axis of n samples and its padding. */
static int counted(const struct nn_layer *l, int o, int n)
{
    const int lo = o * l->stride - l->pad, hi = lo + l->k;
    return (hi < n + l->pad ? hi : n + l->pad) - lo;
}

static void window_mean(const struct nn_call *c, const float *plane, struct nn_span ys, struct nn_span xs,
                        float area, float *restrict out)
{
    float sum[NN_LANES] = { 0 };
    for (int y = ys.lo; y < ys.hi; y++)
        for (int x = xs.lo; x < xs.hi; x++) {
            const float *in = plane + ((size_t)y * (size_t)c->in[0].w + (size_t)x) * NN_LANES;
            for (int k = 0; k < NN_LANES; k++)
                sum[k] += in[k];
        }
    for (int k = 0; k < NN_LANES; k++)
        out[k] = sum[k] / area;
}

/* n windows of 2 x 2 over rows a and b. */
static void pairs_mean(const float *restrict a, const float *restrict b, int n, float *restrict out)
{
    for (int i = 0; i < n; i++, a += 2 * NN_LANES, b += 2 * NN_LANES, out += NN_LANES)
        for (int k = 0; k < NN_LANES; k++)
            out[k] = (((a[k] + a[k + NN_LANES]) + b[k]) + b[k + NN_LANES]) * 0.25f;
}

static void forward_band(const struct nn_call *c, int thread, int n, int b, int o0, int o1)
{
    (void)thread;
    const struct nn_layer *l = c->layer;
    const struct nn_tensor *in = &c->in[0];
    for (int o = o0; o < o1; o++) {
        const struct nn_span ys = nn_window(l, o, in->h);
        float *out = nn_row(&c->out, n, b, o);
        int q = nn_pool_is_halving(l) && ys.hi - ys.lo == 2 ? in->w / 2 : 0;
        if (q > 0)
            pairs_mean(nn_row(in, n, b, ys.lo), nn_row(in, n, b, ys.lo + 1), q, out);
        for (; q < c->out.w; q++)
            window_mean(c, nn_row(in, n, b, 0), ys, nn_window(l, q, in->w),
                        (float)(counted(l, o, in->h) * counted(l, q, in->w)), out + (size_t)q * NN_LANES);
    }
}

static void forward(const struct nn_call *c)
{
    nn_row_bands(c, c->out, nn_blocks(c->out.c), forward_band);
}

/* Adds g / area to the samples of the window in rows ys. */
static void window_give(const struct nn_call *c, float *grad_plane, struct nn_span ys, struct nn_span xs,
                        float area, const float *restrict g)
{
    float part[NN_LANES];
    for (int k = 0; k < NN_LANES; k++)
        part[k] = g[k] / area;
    for (int y = ys.lo; y < ys.hi; y++)
        for (int x = xs.lo; x < xs.hi; x++) {
            float *grad = grad_plane + ((size_t)y * (size_t)c->grad_in[0].w + (size_t)x) * NN_LANES;
            for (int k = 0; k < NN_LANES; k++)
                grad[k] += part[k];
        }
}

/* Writes a row of what n windows of 2 x 2 give. */
static void pairs_give(const float *restrict g, int n, float *restrict grad)
{
    for (int i = 0; i < n; i++, g += NN_LANES, grad += 2 * NN_LANES)
        for (int k = 0; k < NN_LANES; k++)
            grad[k] = grad[k + NN_LANES] = g[k] * 0.25f;
}

static void backward_band(const struct nn_call *c, int thread, int n, int b, int o0, int o1)
{
    (void)thread;
    const struct nn_layer *l = c->layer;
    const struct nn_tensor *gi = &c->grad_in[0];
    const struct nn_pool_share own = nn_pool_owned(c, o0, o1);
    for (int y = own.rows.lo; y < own.rows.hi; y++) {
        const bool paired = nn_pool_is_halving(l) && (y ^ 1) < gi->h && y / 2 < c->out.h;
        const int q = paired ? gi->w / 2 : 0;
        float *grad = nn_row(gi, n, b, y);
        if (paired)
            pairs_give(nn_row(&c->grad_out, n, b, y / 2), q, grad);
        memset(grad + (size_t)(2 * q) * NN_LANES, 0, (size_t)(gi->w - 2 * q) * NN_LANES * sizeof *grad);
    }
    for (int o = own.windows.lo; o < own.windows.hi; o++) {
        struct nn_span ys = nn_window(l, o, gi->h);
        int q = nn_pool_is_halving(l) && ys.hi - ys.lo == 2 ? gi->w / 2 : 0;
        ys.lo = ys.lo > own.rows.lo ? ys.lo : own.rows.lo;
        ys.hi = ys.hi < own.rows.hi ? ys.hi : own.rows.hi;
        for (; q < c->out.w; q++)
            window_give(c, nn_row(gi, n, b, 0), ys, nn_window(l, q, gi->w),
                        (float)(counted(l, o, gi->h) * counted(l, q, gi->w)),
                        nn_row(&c->grad_out, n, b, o) + (size_t)q * NN_LANES);
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
    nn_pool_onnx(g, &n, "AveragePool");
    onnx_node_int(&n, "count_include_pad", 1);
    onnx_node_end(&n, &g->bytes);
}

const struct nn_op nn_op_avgpool = {
    .name = "avgpool",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs = nn_pool_attrs,
    .setup = nn_pool_setup,
    .shape = nn_pool_shape,
    .reads = nn_pool_reads,
    .step = nn_pool_step,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
