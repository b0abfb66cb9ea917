/* Maximum over windows of each channel.
 *
 *     y[o][q] = max of x[i][j] over the samples (i, j) that window (o, q) covers
 *
 * Sizes and windows: pooling.c. Samples outside the input take no part. Among equals the first in row order is the
 * maximum, and NaN is larger than all, so that it is not lost. Backward: the gradient of each output goes to its maximum,
 * which is looked up again; where windows overlap they are added in row order of the outputs.
 * Source: PyTorch's MaxPool2d. Complexity: k^2 comparisons an output; k = stride = 2 runs at the speed of memory. */
#include "nn/pooling.h"
#include <string.h>

static inline int is_larger(float v, float than)
{
    return (v > than) | (v != v);
}

static inline float larger(float a, float b)
{
    return is_larger(b, a) ? b : a;
}

static void window_max(const struct nn_call *c, const float *plane, struct nn_span ys, struct nn_span xs,
                       float *restrict out)
{
    float best[NN_LANES];
    for (int y = ys.lo; y < ys.hi; y++)
        for (int x = xs.lo; x < xs.hi; x++) {
            const float *in = plane + ((size_t)y * (size_t)c->in[0].w + (size_t)x) * NN_LANES;
            if (y == ys.lo && x == xs.lo)
                memcpy(best, in, sizeof best);
            for (int k = 0; k < NN_LANES; k++)
                best[k] = larger(best[k], in[k]);
        }
    memcpy(out, best, sizeof best);
}

/* n windows of 2 x 2 over rows a and b. */
static void pairs_max(const float *restrict a, const float *restrict b, int n, float *restrict out)
{
    for (int i = 0; i < n; i++, a += 2 * NN_LANES, b += 2 * NN_LANES, out += NN_LANES)
        for (int k = 0; k < NN_LANES; k++)
            out[k] = larger(larger(larger(a[k], a[k + NN_LANES]), b[k]), b[k + NN_LANES]);
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
            pairs_max(nn_row(in, n, b, ys.lo), nn_row(in, n, b, ys.lo + 1), q, out);
        for (; q < c->out.w; q++)
            window_max(c, nn_row(in, n, b, 0), ys, nn_window(l, q, in->w), out + (size_t)q * NN_LANES);
    }
}

static void forward(const struct nn_call *c)
{
    nn_row_bands(c, c->out, nn_blocks(c->out.c), forward_band);
}

/* Adds g to the maximum of the window, if its row is one of `rows`. */
static void window_give(const struct nn_call *c, const float *plane, float *grad_plane, struct nn_span ys,
                        struct nn_span xs, struct nn_span rows, const float *restrict g)
{
    float best[NN_LANES];
    int32_t at[NN_LANES] = { 0 }; /* counting the positions of the window */
    const int width = xs.hi - xs.lo;
    for (int y = ys.lo; y < ys.hi; y++)
        for (int x = xs.lo; x < xs.hi; x++) {
            const int32_t here = (y - ys.lo) * width + (x - xs.lo);
            const float *in = plane + ((size_t)y * (size_t)c->in[0].w + (size_t)x) * NN_LANES;
            if (here == 0)
                memcpy(best, in, sizeof best);
            for (int k = 0; k < NN_LANES; k++) {
                const int take = is_larger(in[k], best[k]);
                best[k] = take ? in[k] : best[k];
                at[k] = take ? here : at[k];
            }
        }
    for (int y = ys.lo > rows.lo ? ys.lo : rows.lo; y < ys.hi && y < rows.hi; y++)
        for (int x = xs.lo; x < xs.hi; x++) {
            const int32_t here = (y - ys.lo) * width + (x - xs.lo);
            float *grad = grad_plane + ((size_t)y * (size_t)c->in[0].w + (size_t)x) * NN_LANES;
            for (int k = 0; k < NN_LANES; k++)
                grad[k] += at[k] == here ? g[k] : 0;
        }
}

static inline float given(int winner, int position, float g)
{
    return winner == position ? g : 0;
}

/* Writes what n windows of 2 x 2 over rows a and b give to rows ga and gb. */
static void pairs_give(const float *restrict a, const float *restrict b, const float *restrict g, int n,
                       float *restrict ga, float *restrict gb)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < NN_LANES; k++) {
            const float v0 = a[k], v1 = a[k + NN_LANES], v2 = b[k], v3 = b[k + NN_LANES];
            const int right0 = is_larger(v1, v0);
            const float top = right0 ? v1 : v0;
            const int low0 = is_larger(v2, top);
            const float top2 = low0 ? v2 : top;
            const int winner = is_larger(v3, top2) ? 3 : low0 ? 2 : right0;
            ga[k] = given(winner, 0, g[k]);
            ga[k + NN_LANES] = given(winner, 1, g[k]);
            gb[k] = given(winner, 2, g[k]);
            gb[k + NN_LANES] = given(winner, 3, g[k]);
        }
        a += 2 * NN_LANES, b += 2 * NN_LANES, g += NN_LANES, ga += 2 * NN_LANES, gb += 2 * NN_LANES;
    }
}

static void backward_band(const struct nn_call *c, int thread, int n, int b, int o0, int o1)
{
    (void)thread;
    const struct nn_layer *l = c->layer;
    const struct nn_tensor *in = &c->in[0], *gi = &c->grad_in[0];
    const struct nn_pool_share own = nn_pool_owned(c, o0, o1);
    for (int y = own.rows.lo; y < own.rows.hi; y++) {
        const bool paired = nn_pool_is_halving(l) && (y ^ 1) < in->h && y / 2 < c->out.h;
        const int q = paired ? in->w / 2 : 0;
        if (paired && y % 2 == 0)
            pairs_give(nn_row(in, n, b, y), nn_row(in, n, b, y + 1), nn_row(&c->grad_out, n, b, y / 2), q,
                       nn_row(gi, n, b, y), nn_row(gi, n, b, y + 1));
        memset(nn_row(gi, n, b, y) + (size_t)(2 * q) * NN_LANES, 0,
               (size_t)(in->w - 2 * q) * NN_LANES * sizeof(float));
    }
    for (int o = own.windows.lo; o < own.windows.hi; o++) {
        const struct nn_span ys = nn_window(l, o, in->h);
        for (int q = nn_pool_is_halving(l) && ys.hi - ys.lo == 2 ? in->w / 2 : 0; q < c->out.w; q++)
            window_give(c, nn_row(in, n, b, 0), nn_row(gi, n, b, 0), ys, nn_window(l, q, in->w), own.rows,
                        nn_row(&c->grad_out, n, b, o) + (size_t)q * NN_LANES);
    }
}

static void backward(const struct nn_call *c)
{
    if (c->grad_in[0].data)
        nn_row_bands(c, c->grad_out, nn_blocks(c->out.c), backward_band);
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
};
