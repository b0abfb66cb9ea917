/*
 * Transposed convolution: the gradient of data of a convolution as a layer of its own, which makes maps larger. With I
 * input and O output channels in G groups and weights w[i][o][ky][kx], o within the group of i:
 *
 *     out[o][v][u] = bias[o] + sum over i, y, x, ky, kx with s y - p + d ky = v, s x - p + d kx = u of
 *                    w[i][o][ky][kx] in[i][y][x]
 *     out side = (side - 1) s - 2 p + d (k - 1) + 1 + output_pad,  0 <= output_pad < s
 *
 * With stride s, s different sides have convolutions of the same side; which one is meant is said by output_pad, by
 * size=HxW, or by like=LAYER (the size of that layer's output). A size that no convolution leads back from is refused.
 */
#include "nn/kernels/conv_priv.h"
#include "nn/model/onnx_priv.h"

static const struct nn_attr attrs[] = {
    { "out", NN_INT, offsetof(struct nn_layer, out), 1, NN_CHANNELS_MAX, 0, true },
    { "k", NN_INT, offsetof(struct nn_layer, k), 1, CONV_KERNEL_MAX, 3, false },
    { "stride", NN_INT, offsetof(struct nn_layer, stride), 1, CONV_STRIDE_MAX, 1, false },
    { "pad", NN_INT, offsetof(struct nn_layer, pad), -1, CONV_PAD_MAX, -1, false },
    { "dilation", NN_INT, offsetof(struct nn_layer, dilation), 1, CONV_DILATION_MAX, 1, false },
    { "groups", NN_INT, offsetof(struct nn_layer, groups), 1, NN_CHANNELS_MAX, 1, false },
    { "bias", NN_INT, offsetof(struct nn_layer, bias), 0, 1, 1, false },
    { "output_pad", NN_INT, offsetof(struct nn_layer, output_pad), 0, CONV_STRIDE_MAX - 1, 0, false },
    { "size", NN_SIZE, offsetof(struct nn_layer, size_h), 1, NN_SIDE_MAX, 0, false },
    { 0 },
};

static enum edgel_status setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err)
{
    if (l->output_pad >= l->stride)
        return edgel_fail(err, EDGEL_EINVAL, "output_pad=%d: must be less than stride=%d", l->output_pad,
                          l->stride);
    if ((l->output_pad > 0) + (l->size_h > 0) + (l->like >= 0) > 1)
        return edgel_fail(err, EDGEL_EINVAL, "output_pad, size and like say the same: only one of them");
    return conv_setup(l, in_channels, err);
}

static enum edgel_status side_of(const struct nn_layer *l, int in, int asked, int *out,
                                 struct edgel_error *err)
{
    if (asked > 0) {
        *out = asked;
        return edgel_conv_transpose_check(asked, in, l->k, l->stride, conv_pad(l), l->dilation, err);
    }
    *out = edgel_conv_transpose_out_size(in, l->k, l->stride, conv_pad(l), l->dilation, l->output_pad);
    if (*out < 1)
        return edgel_fail(err, EDGEL_EINVAL, "side of %d: pad=%d leaves nothing of it", in, conv_pad(l));
    return EDGEL_OK;
}

static enum edgel_status shape(const struct nn_layer *l, const struct nn_shape *in,
                               const struct nn_shape *like, struct nn_shape *out, struct edgel_error *err)
{
    EDGEL_TRY(side_of(l, in->h, like ? like->h : l->size_h, &out->h, err));
    return side_of(l, in->w, like ? like->w : l->size_w, &out->w, err);
}

/* s y = v + p - d ky: from the lowest v with the last tap to the highest v with the first. */
static void reads(const struct nn_layer *l, int *lo, int *hi)
{
    const int first = *lo + conv_pad(l) - l->dilation * (l->k - 1), last = *hi + conv_pad(l), s = l->stride;
    *lo = first >= 0 ? (first + s - 1) / s : -(-first / s);
    *hi = last >= 0 ? last / s : -((s - 1 - last) / s);
}

static double step(const struct nn_layer *l)
{
    return 1.0 / l->stride;
}

static int arrays(const struct nn_layer *l, struct nn_array out[NN_ARRAYS_MAX])
{
    out[0] = (struct nn_array){ "weight", 4,     { conv_in_channels(l), l->out / l->groups, l->k, l->k },
                                0,        false, true };
    out[1] = (struct nn_array){ "bias", 1, { l->out }, conv_weight_count(l), false, false };
    return l->bias ? 2 : 1;
}

/* An output is the sum of every s-th tap along each axis. */
static void init(const struct nn_layer *l, enum edgel_init how, uint64_t seed, float *params, float *buffers)
{
    const double area = (double)(l->k * l->k), step_area = (double)(l->stride * l->stride);
    (void)buffers;
    conv_init(l, how, seed, area / step_area * (conv_in_channels(l) / l->groups), area * (l->out / l->groups),
              params);
}

static double macs(const struct nn_layer *l, const struct nn_shape *in, struct nn_shape out)
{
    (void)out;
    return (double)conv_weight_count(l) * in->h * in->w;
}

static void memory(const struct nn_call *c, int threads, struct nn_memory *m)
{
    const struct conv g = conv_of(c->layer, &c->out, &c->in[0]);
    (void)threads;
    conv_product_memory(&g, true, m);
    if (c->training) {
        conv_product_memory(&g, false, m);
        conv_weights_memory(&g, m);
        conv_bias_memory(&c->out, m);
    }
}

static void forward(const struct nn_call *c)
{
    const struct conv g = conv_of(c->layer, &c->out, &c->in[0]);
    const float *bias = c->layer->bias ? c->params + conv_weight_count(c->layer) : NULL;
    conv_product(c, &g, true, c->in[0].data, c->params, bias, c->out.data, true);
}

static void backward(const struct nn_call *c)
{
    const struct conv g = conv_of(c->layer, &c->grad_out, &c->in[0]);
    if (c->grads)
        conv_weights(c, &g, c->grad_out.data, c->in[0].data, c->grads);
    if (c->grads && c->layer->bias)
        conv_bias(c, &c->grad_out, c->grads + conv_weight_count(c->layer));
    if (c->grad_in[0].data)
        conv_product(c, &g, false, c->grad_out.data, c->params, NULL, c->grad_in[0].data, false);
}

/* Weights are [I][O / groups][k][k]. */
static int weight_channel(const struct nn_layer *l, const struct nn_array *w, size_t element)
{
    const size_t row = element / ((size_t)w->dims[2] * (size_t)w->dims[3]);
    const int i = (int)(row / (size_t)w->dims[1]), o = (int)(row % (size_t)w->dims[1]);
    return i / (w->dims[0] / l->groups) * w->dims[1] + o;
}

/* The output padding for the size that the layer names; only one input size leads to it. */
static int padding_for(const struct nn_layer *l, int size)
{
    const int pad = conv_pad(l), in = edgel_conv_out_size(size, l->k, l->stride, pad, l->dilation);
    return size - edgel_conv_transpose_out_size(in, l->k, l->stride, pad, l->dilation, 0);
}

static void onnx(struct onnx_graph *g)
{
    struct onnx_node n;
    char whole[ONNX_NAME_MAX];
    const struct nn_layer *l = g->layer;
    onnx_begin_cut(g, &n, "ConvTranspose", whole);
    onnx_add_arrays(g, &n, (const char *const[]){ "weight", "bias", NULL });
    onnx_window(l, &n, conv_pad(l));
    onnx_square(&n, "dilations", l->dilation);
    onnx_node_int(&n, "group", l->groups);
    if (l->size_h > 0) {
        const int64_t more[] = { padding_for(l, l->size_h), padding_for(l, l->size_w) };
        onnx_node_ints(&n, "output_padding", more, 2);
    } else {
        onnx_square(&n, "output_padding", l->like >= 0 ? l->stride - 1 : l->output_pad);
    }
    onnx_end_cut(g, &n, whole);
}

const struct nn_op nn_op_conv_transpose = {
    .name = "conv_transpose",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = NN_BACKWARD_READS_INPUT | NN_FUSES_INFERENCE | NN_TAKES_PLANAR | NN_TAKES_LIKE | NN_CONVOLVES,
    .attrs = attrs,
    .setup = setup,
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
