/*
 * Convolution (cross-correlation, as networks have it), per sample, with O output and I input channels in G groups:
 *
 *     out[o][y][x] = bias[o] + sum over i in the group of o, ky, kx of
 *                    w[o][i][ky][kx] in[i][s y - p + d ky][s x - p + d kx]           0 outside the input
 *     out side = (side + 2 p - d (k - 1) - 1) / s + 1, rounded down
 *
 * pad=same (the default) is p = d (k - 1) / 2: with odd k and stride 1 the side stays. groups = I = O is a depthwise
 * convolution, lane by lane; in other groups blocks of channels without a weight are passed over.
 *
 * Backward: the gradient of data is the product with the transposed weights (conv_priv.h, up), those of the weights and
 * the bias are conv_weights.c's. All products are fused and all orders of sums fixed; cost O I k^2 / G multiply-adds an
 * output pixel, three times that for a step of training.
 */
#include "nn/kernels/conv_priv.h"
#include "nn/model/onnx_priv.h"
#include <math.h>

enum { JOINED = 512 }; /* pixels of a row, at most */

/* --- shared with transposed convolution --- */

/* A 1x1 kernel works on pixels alone: the map is treated as a wider and lower one, the same floats in longer rows. */
static void join_rows(struct conv *g)
{
    int rows = 1;
    for (int r = 2; r <= g->fine.h && (int64_t)g->fine.w * r <= JOINED; r++)
        if (g->fine.h % r == 0)
            rows = r;
    g->fine.h /= rows;
    g->fine.w *= rows;
    g->coarse.h = g->fine.h;
    g->coarse.w = g->fine.w;
}

static struct conv_map map_of(const struct nn_tensor *t)
{
    return (struct conv_map){ t->c, t->h, t->w, t->planar ? 1 : NN_LANES };
}

struct conv conv_of(const struct nn_layer *l, const struct nn_tensor *fine, const struct nn_tensor *coarse)
{
    struct conv g = { .n = fine->n,
                      .fine = map_of(fine),
                      .coarse = map_of(coarse),
                      .k = l->k,
                      .stride = l->stride,
                      .pad = conv_pad(l),
                      .dilation = l->dilation,
                      .groups = l->groups };
    if (g.k == 1 && g.stride == 1 && g.pad == 0)
        join_rows(&g);
    return g;
}

int conv_pad(const struct nn_layer *l)
{
    return l->pad >= 0 ? l->pad : l->dilation * (l->k - 1) / 2;
}

size_t conv_weight_count(const struct nn_layer *l)
{
    return l->nparams - (l->bias ? (size_t)l->out : 0);
}

int conv_in_channels(const struct nn_layer *l)
{
    return (int)(conv_weight_count(l) * (size_t)l->groups / ((size_t)l->out * (size_t)(l->k * l->k)));
}

enum edgel_status conv_setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err)
{
    const int in = in_channels[0];
    if (in % l->groups != 0 || l->out % l->groups != 0)
        return edgel_fail(err, EDGEL_EINVAL, "groups=%d: must divide the channels, %d in and %d out",
                          l->groups, in, l->out);
    l->channels = l->out;
    l->nparams =
        (size_t)in * (size_t)(l->out / l->groups) * (size_t)(l->k * l->k) + (l->bias ? (size_t)l->out : 0);
    return EDGEL_OK;
}

void conv_init(const struct nn_layer *l, enum edgel_init init, uint64_t seed, double fan_in, double fan_out,
               float *params)
{
    struct edgel_rng rng = edgel_rng_seed(seed, 0, 0, 0);
    const double deviation = sqrt(2 / fan_in), limit = sqrt(6 / (fan_in + fan_out));
    for (size_t i = 0; i < conv_weight_count(l); i++)
        params[i] = (float)(init == EDGEL_INIT_HE ? deviation * edgel_rng_normal(&rng)
                                                  : limit * (2 * edgel_rng_uniform(&rng) - 1));
    for (size_t i = conv_weight_count(l); i < l->nparams; i++)
        params[i] = 0;
}

/* --- convolution --- */

static const struct nn_attr attrs[] = {
    { "out", NN_INT, offsetof(struct nn_layer, out), 1, NN_CHANNELS_MAX, 0, true },
    { "k", NN_INT, offsetof(struct nn_layer, k), 1, CONV_KERNEL_MAX, 3, false },
    { "stride", NN_INT, offsetof(struct nn_layer, stride), 1, CONV_STRIDE_MAX, 1, false },
    { "pad", NN_INT, offsetof(struct nn_layer, pad), -1, CONV_PAD_MAX, -1, false },
    { "dilation", NN_INT, offsetof(struct nn_layer, dilation), 1, CONV_DILATION_MAX, 1, false },
    { "groups", NN_INT, offsetof(struct nn_layer, groups), 1, NN_CHANNELS_MAX, 1, false },
    { "bias", NN_INT, offsetof(struct nn_layer, bias), 0, 1, 1, false },
    { 0 },
};

static int out_side(const struct nn_layer *l, int side)
{
    return edgel_conv_out_size(side, l->k, l->stride, conv_pad(l), l->dilation);
}

static enum edgel_status shape(const struct nn_layer *l, const struct nn_shape *in,
                               const struct nn_shape *like, struct nn_shape *out, struct edgel_error *err)
{
    (void)like;
    out->h = out_side(l, in->h);
    out->w = out_side(l, in->w);
    if (out->h < 1 || out->w < 1)
        return edgel_fail(err, EDGEL_EINVAL, "input of %dx%d: too small for k=%d dilation=%d pad=%d", in->w,
                          in->h, l->k, l->dilation, conv_pad(l));
    return EDGEL_OK;
}

static void reads(const struct nn_layer *l, int *lo, int *hi)
{
    *lo = *lo * l->stride - conv_pad(l);
    *hi = *hi * l->stride - conv_pad(l) + l->dilation * (l->k - 1);
}

static double step(const struct nn_layer *l)
{
    return l->stride;
}

static int arrays(const struct nn_layer *l, struct nn_array out[NN_ARRAYS_MAX])
{
    out[0] = (struct nn_array){ "weight", 4,     { l->out, conv_in_channels(l) / l->groups, l->k, l->k },
                                0,        false, true };
    out[1] = (struct nn_array){ "bias", 1, { l->out }, conv_weight_count(l), false, false };
    return l->bias ? 2 : 1;
}

static void init(const struct nn_layer *l, enum edgel_init how, uint64_t seed, float *params, float *buffers)
{
    const double area = l->k * l->k;
    (void)buffers;
    conv_init(l, how, seed, area * (conv_in_channels(l) / l->groups), area * (l->out / l->groups), params);
}

static double macs(const struct nn_layer *l, const struct nn_shape *in, struct nn_shape out)
{
    (void)in;
    return (double)conv_weight_count(l) * out.h * out.w;
}

static void memory(const struct nn_call *c, int threads, struct nn_memory *m)
{
    const struct conv g = conv_of(c->layer, &c->in[0], &c->out);
    (void)threads;
    conv_product_memory(&g, false, m);
    if (c->training) {
        conv_product_memory(&g, true, m);
        conv_weights_memory(&g, m);
        conv_bias_memory(&c->out, m);
    }
}

static void forward(const struct nn_call *c)
{
    const struct conv g = conv_of(c->layer, &c->in[0], &c->out);
    const float *bias = c->layer->bias ? c->params + conv_weight_count(c->layer) : NULL;
    conv_product(c, &g, false, c->in[0].data, c->params, bias, c->out.data, true);
}

static void backward(const struct nn_call *c)
{
    const struct conv g = conv_of(c->layer, &c->in[0], &c->grad_out);
    if (c->grads)
        conv_weights(c, &g, c->in[0].data, c->grad_out.data, c->grads);
    if (c->grads && c->layer->bias)
        conv_bias(c, &c->grad_out, c->grads + conv_weight_count(c->layer));
    if (c->grad_in[0].data)
        conv_product(c, &g, true, c->grad_out.data, c->params, NULL, c->grad_in[0].data, false);
}

/* Weights are [O][I / groups][k][k]. */
static int weight_channel(const struct nn_layer *l, const struct nn_array *w, size_t element)
{
    (void)l;
    return (int)(element / ((size_t)w->dims[1] * (size_t)w->dims[2] * (size_t)w->dims[3]));
}

static void onnx(struct onnx_graph *g)
{
    struct onnx_node n;
    onnx_begin(g, &n, "Conv");
    onnx_add_arrays(g, &n, (const char *const[]){ "weight", "bias", NULL });
    onnx_window(g->layer, &n, conv_pad(g->layer));
    onnx_square(&n, "dilations", g->layer->dilation);
    onnx_node_int(&n, "group", g->layer->groups);
    onnx_node_end(&n, &g->bytes);
}

const struct nn_op nn_op_conv = {
    .name = "conv",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags =
        NN_BACKWARD_READS_INPUT | NN_FUSES_INFERENCE | NN_ADDS_INFERENCE | NN_TAKES_PLANAR | NN_CONVOLVES,
    .attrs = attrs,
    .setup = conv_setup,
    .shape = shape,
    .reads = reads,
    .step = step,
    .arrays = arrays,
    .init = init,
    .macs = macs,
    .memory = memory,
    .forward = forward,
    .backward = backward,
    .weight_channel = weight_channel,
    .onnx = onnx,
};
