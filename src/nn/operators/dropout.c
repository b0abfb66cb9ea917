/* Dropout, inverted: in training each element is set to 0 with probability p and the others are divided by 1 - p, so
 * that the expected value stays; otherwise nothing is done.
 *
 *     y = x m / (1 - p),  m = 1 if h >= p 2^32 else 0
 *
 * h is a hash of (seed of the call, sample, block of channels, row, column and lane): the mask is a pure function of
 * its place, made again in backward and never stored. Source: Srivastava et al. 2014, JMLR 15. */
#include "nn/model/onnx_priv.h"
#include <math.h>
#include <string.h>

static const struct nn_attr attrs[] = {
    { "p", NN_REAL, offsetof(struct nn_layer, p), 0, 0.99, 0.5, false },
    { 0 },
};

static void mask_band(const struct nn_call *c, const struct nn_tensor *in, const struct nn_tensor *out, int n,
                      int b, int y0, int y1)
{
    const double p = c->layer->p;
    const uint32_t threshold = (uint32_t)rint(p * 0x1p32);
    const float scale = (float)(1 / (1 - p));
    const size_t floats = (size_t)in->w * NN_LANES;
    if (!c->training || threshold == 0)
        memcpy(nn_row(out, n, b, y0), nn_row(in, n, b, y0), (size_t)(y1 - y0) * floats * sizeof(float));
    else
        for (int y = y0; y < y1; y++)
            c->kernels->lanes.drop(nn_row(out, n, b, y), nn_row(in, n, b, y), floats,
                                   edgel_hash(c->seed, (uint64_t)n, (uint64_t)b, (uint64_t)y), threshold,
                                   scale);
}

static void forward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    (void)thread;
    mask_band(c, &c->in[0], &c->out, n, b, y0, y1);
}

static void forward(const struct nn_call *c)
{
    nn_row_bands(c, c->out, nn_blocks(c->out.c), forward_band);
}

static void backward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    (void)thread;
    mask_band(c, &c->grad_out, &c->grad_in[0], n, b, y0, y1);
}

static void backward(const struct nn_call *c)
{
    if (c->grad_in[0].data)
        nn_row_bands(c, c->grad_out, nn_blocks(c->out.c), backward_band);
}

const struct nn_op nn_op_dropout = {
    .name = "dropout",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = NN_DROPS,
    .attrs = attrs,
    .forward = forward,
    .backward = backward,
    .onnx = onnx_pass,
};
