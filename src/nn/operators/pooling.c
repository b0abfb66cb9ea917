/* The rules of windows, for maximum and average pooling.
 *
 * Windows of k x k start every `stride` samples (the default is k), the first at -pad on both axes. Sizes:
 *     m = floor((n + 2 pad - k) / stride) + 1
 * with ceil=1 rounded up, so that the last samples are not lost; a window that would start behind the input and its
 * left border is then left out again. pad is at most k / 2, so every window covers a sample.
 * Source: the rule of PyTorch's MaxPool2d and AvgPool2d. */
#include "nn/operators/pooling.h"

#define AT(field) offsetof(struct nn_layer, field)
const struct nn_attr nn_pool_attrs[] = {
    { "k", NN_INT, AT(k), 1, 64, 2, false },     { "stride", NN_INT, AT(stride), 0, 64, 0, false }, /* 0: k */
    { "pad", NN_INT, AT(pad), 0, 32, 0, false }, { "ceil", NN_INT, AT(ceil), 0, 1, 0, false },      { 0 },
};

enum edgel_status nn_pool_setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err)
{
    if (2 * l->pad > l->k)
        return edgel_fail(err, EDGEL_EINVAL, "pad %d: must be at most half of k, which is %d", l->pad, l->k);
    if (l->stride == 0)
        l->stride = l->k;
    l->channels = in_channels[0];
    return EDGEL_OK;
}

static int windows(const struct nn_layer *l, int n)
{
    const int room = n + 2 * l->pad - l->k + (l->ceil ? l->stride - 1 : 0);
    if (room < 0)
        return 0;
    const int m = room / l->stride + 1;
    return l->ceil && (m - 1) * l->stride >= n + l->pad ? m - 1 : m;
}

enum edgel_status nn_pool_shape(const struct nn_layer *l, const struct nn_shape *in,
                                const struct nn_shape *like, struct nn_shape *out, struct edgel_error *err)
{
    (void)like;
    *out = (struct nn_shape){ l->channels, windows(l, in->h), windows(l, in->w) };
    if (out->h < 1 || out->w < 1)
        return edgel_fail(err, EDGEL_EINVAL, "input of %dx%d: no window of k=%d pad=%d fits", in->w, in->h,
                          l->k, l->pad);
    return EDGEL_OK;
}

void nn_pool_reads(const struct nn_layer *l, int *lo, int *hi)
{
    *lo = *lo * l->stride - l->pad;
    *hi = *hi * l->stride - l->pad + l->k - 1;
}

double nn_pool_step(const struct nn_layer *l)
{
    return l->stride;
}

struct nn_pool_share nn_pool_owned(const struct nn_call *c, int o0, int o1)
{
    const struct nn_layer *l = c->layer;
    const int h = c->grad_in[0].h, outs = c->grad_out.h;
    struct nn_pool_share s = { { o0 * l->stride - l->pad, o1 * l->stride - l->pad }, { o0, o1 } };
    if (o0 == 0 || s.rows.lo < 0)
        s.rows.lo = 0;
    if (o1 == outs || s.rows.hi > h)
        s.rows.hi = h;
    while (s.windows.lo > 0 && nn_window(l, s.windows.lo - 1, h).hi > s.rows.lo)
        s.windows.lo--;
    return s;
}

void nn_pool_onnx(struct onnx_graph *g, struct onnx_node *n, const char *op)
{
    onnx_begin(g, n, op);
    onnx_window(g->layer, n, g->layer->pad);
    onnx_node_int(n, "ceil_mode", g->layer->ceil);
}
