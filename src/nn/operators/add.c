/* Sum of 2 to 8 tensors of one shape: the junction of residual blocks.
 *
 *     y = ((x_0 + x_1) + x_2) + ...
 *
 * in the order of the inputs. Backward: every input gets the gradient of y. Source: He et al. 2016,
 * arXiv:1512.03385. */
#include "nn/model/onnx_priv.h"
#include <string.h>

static enum edgel_status setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err)
{
    for (int i = 1; i < l->ninputs; i++)
        if (in_channels[i] != in_channels[0])
            return edgel_fail(err, EDGEL_EINVAL, "inputs of %d and %d channels: add takes equal ones",
                              in_channels[0], in_channels[i]);
    l->channels = in_channels[0];
    return EDGEL_OK;
}

static enum edgel_status shape(const struct nn_layer *l, const struct nn_shape *in,
                               const struct nn_shape *like, struct nn_shape *out, struct edgel_error *err)
{
    (void)like;
    for (int i = 1; i < l->ninputs; i++)
        if (in[i].h != in[0].h || in[i].w != in[0].w)
            return edgel_fail(err, EDGEL_EINVAL, "inputs of %dx%d and %dx%d: add takes equal sizes", in[0].w,
                              in[0].h, in[i].w, in[i].h);
    *out = in[0];
    return EDGEL_OK;
}

static size_t row_floats(const struct nn_call *c)
{
    return (size_t)c->out.w * NN_LANES;
}

static void forward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    (void)thread;
    const size_t floats = (size_t)(y1 - y0) * row_floats(c);
    float *restrict out = nn_row(&c->out, n, b, y0);
    const float *a = nn_row(&c->in[0], n, b, y0), *second = nn_row(&c->in[1], n, b, y0);
    for (size_t i = 0; i < floats; i++)
        out[i] = a[i] + second[i];
    for (int k = 2; k < c->ninputs; k++) {
        const float *next = nn_row(&c->in[k], n, b, y0);
        for (size_t i = 0; i < floats; i++)
            out[i] += next[i];
    }
    if (c->activation.kind)
        c->activation.kind->apply(c->kernels, out, floats, c->activation.slope);
}

static void forward(const struct nn_call *c)
{
    nn_row_bands(c, c->out, nn_blocks(c->out.c), forward_band);
}

static void backward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    (void)thread;
    const size_t bytes = (size_t)(y1 - y0) * row_floats(c) * sizeof(float);
    for (int k = 0; k < c->ninputs; k++)
        if (c->grad_in[k].data)
            memcpy(nn_row(&c->grad_in[k], n, b, y0), nn_row(&c->grad_out, n, b, y0), bytes);
}

static void backward(const struct nn_call *c)
{
    nn_row_bands(c, c->grad_out, nn_blocks(c->out.c), backward_band);
}

static void onnx(struct onnx_graph *g)
{
    onnx_plain(g, "Sum");
}

const struct nn_op nn_op_add = {
    .name = "add",
    .min_inputs = 2,
    .max_inputs = NN_INPUTS_MAX,
    .flags = NN_FUSES_INFERENCE | NN_SUMS,
    .setup = setup,
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
