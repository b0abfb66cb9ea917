/* The channels of several tensors of one height and width, one after the other: the junction of skip connections.
 *
 *     y[c_0 + .. + c_(i-1) + k] = x_i[k]
 *
 * Backward: each input gets its channels of the gradient. Where a count of channels is no multiple of 16, what follows
 * lies in other lanes of the output than in its input: a block is then put together from runs of lanes. What lies in
 * its place already (network_plan.c) stays there. */
#include "nn/model/onnx_priv.h"
#include <string.h>

static enum edgel_status setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err)
{
    l->channels = 0;
    for (int i = 0; i < l->ninputs; i++)
        l->channels += in_channels[i];
    if (l->channels > NN_CHANNELS_MAX)
        return edgel_fail(err, EDGEL_ELIMIT, "%d channels: the limit is %d", l->channels, NN_CHANNELS_MAX);
    return EDGEL_OK;
}

static enum edgel_status shape(const struct nn_layer *l, const struct nn_shape *in,
                               const struct nn_shape *like, struct nn_shape *out, struct edgel_error *err)
{
    (void)like;
    for (int i = 1; i < l->ninputs; i++)
        if (in[i].h != in[0].h || in[i].w != in[0].w)
            return edgel_fail(err, EDGEL_EINVAL, "inputs of %dx%d and %dx%d: concat takes equal sizes",
                              in[0].w, in[0].h, in[i].w, in[i].h);
    *out = (struct nn_shape){ l->channels, in[0].h, in[0].w };
    return EDGEL_OK;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Rows y0..y1-1 of `count` channels of sample n: those of src from `from` on become those of dst from `to` on. */
static void copy_channels(const struct nn_tensor *dst, int to, const struct nn_tensor *src, int from,
                          int count, int n, int y0, int y1)
{
    const size_t pixels = (size_t)(y1 - y0) * (size_t)dst->w;
    for (int run; count > 0; to += run, from += run, count -= run) {
        const int at = to % NN_LANES, lane = from % NN_LANES;
        run = smaller(count, NN_LANES - (at > lane ? at : lane));
        float *restrict d = nn_row(dst, n, to / NN_LANES, y0) + at;
        const float *restrict s = nn_row(src, n, from / NN_LANES, y0) + lane;
        if (s == d)
            continue;
        if (run == NN_LANES)
            memcpy(d, s, pixels * NN_LANES * sizeof *d);
        else
            for (size_t i = 0; i < pixels; i++)
                for (int k = 0; k < run; k++)
                    d[i * NN_LANES + (size_t)k] = s[i * NN_LANES + (size_t)k];
    }
}

/* Zeroes the lanes of block b past the channels of t. */
static void clear_rest(const struct nn_tensor *t, int n, int b, int y0, int y1)
{
    const size_t used = (size_t)smaller(t->c - b * NN_LANES, NN_LANES);
    const size_t pixels = (size_t)(y1 - y0) * (size_t)t->w;
    float *row = nn_row(t, n, b, y0);
    if (used < NN_LANES)
        for (size_t i = 0; i < pixels; i++)
            memset(row + i * NN_LANES + used, 0, (NN_LANES - used) * sizeof *row);
}

static void forward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    (void)thread;
    const int lo = b * NN_LANES, hi = smaller(lo + NN_LANES, c->out.c);
    clear_rest(&c->out, n, b, y0, y1);
    for (int i = 0, base = 0; i < c->ninputs; base += c->in[i++].c) {
        const int first = lo > base ? lo : base, end = smaller(hi, base + c->in[i].c);
        copy_channels(&c->out, first, &c->in[i], first - base, end - first, n, y0, y1);
    }
}

static void forward(const struct nn_call *c)
{
    nn_row_bands(c, c->out, nn_blocks(c->out.c), forward_band);
}

/* b counts the blocks of all inputs. */
static void backward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    (void)thread;
    int i = 0, base = 0;
    for (; b >= nn_blocks(c->in[i].c); base += c->in[i++].c)
        b -= nn_blocks(c->in[i].c);
    const struct nn_tensor *grad = &c->grad_in[i];
    const int lo = b * NN_LANES;
    if (!grad->data)
        return;
    clear_rest(grad, n, b, y0, y1);
    copy_channels(grad, lo, &c->grad_out, base + lo, smaller(grad->c - lo, NN_LANES), n, y0, y1);
}

static void backward(const struct nn_call *c)
{
    int blocks = 0;
    for (int i = 0; i < c->ninputs; i++)
        blocks += nn_blocks(c->in[i].c);
    nn_row_bands(c, c->grad_out, blocks, backward_band);
}

static void onnx(struct onnx_graph *g)
{
    struct onnx_node n;
    onnx_begin(g, &n, "Concat");
    onnx_node_int(&n, "axis", 1);
    onnx_node_end(&n, &g->bytes);
}

const struct nn_op nn_op_concat = {
    .name = "concat",
    .min_inputs = 1,
    .max_inputs = NN_INPUTS_MAX,
    .flags = NN_CONCATENATES,
    .setup = setup,
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
