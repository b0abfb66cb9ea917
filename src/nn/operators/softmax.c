/* Softmax over the channels of each pixel.
 *
 *     e_c = exp(x_c - max x),  y_c = e_c / (sum of e)          backward: dx_c = y_c (g_c - sum of g y)
 *
 * Subtracting the maximum leaves y as it is and keeps exp from overflowing. Sums run over the blocks of each of the 16
 * lanes, then over the lanes as a tree: l + (l + 8), + 4, + 2, + 1. Lanes past the channels count as exp = 0 and are 0
 * in y. */
#include "nn/model/onnx_priv.h"
#include <math.h>

enum { CHUNK = 64 }; /* pixels whose sums are held at once */

struct chunk {
    float lanes[CHUNK * NN_LANES]; /* maximum or sum over the blocks */
    float pixel[CHUNK];            /* over the lanes as well */
};

static float *pixel_at(const struct nn_tensor *t, int n, int b, int y, int x)
{
    return nn_row(t, n, b, y) + (size_t)x * NN_LANES;
}

/* Lanes of block b that are channels. */
static int lanes_used(const struct nn_tensor *t, int b)
{
    const int left = t->c - b * NN_LANES;
    return left < NN_LANES ? left : NN_LANES;
}

static void take_maximum(struct chunk *s, const struct nn_tensor *in, int n, int y, int x, int pixels)
{
    for (int i = 0; i < pixels * NN_LANES; i++)
        s->lanes[i] = -INFINITY;
    for (int b = 0; b < nn_blocks(in->c); b++) {
        const float *row = pixel_at(in, n, b, y, x);
        const int used = lanes_used(in, b);
        for (int i = 0; i < pixels; i++)
            for (int k = 0; k < used; k++)
                s->lanes[i * NN_LANES + k] = row[i * NN_LANES + k] > s->lanes[i * NN_LANES + k]
                                                 ? row[i * NN_LANES + k]
                                                 : s->lanes[i * NN_LANES + k];
    }
    for (int i = 0; i < pixels; i++) {
        float top = s->lanes[i * NN_LANES];
        for (int k = 1; k < NN_LANES; k++)
            top = s->lanes[i * NN_LANES + k] > top ? s->lanes[i * NN_LANES + k] : top;
        s->pixel[i] = top;
    }
}

static void add_lanes(struct chunk *s, int pixels)
{
    for (int i = 0; i < pixels; i++) {
        float *v = s->lanes + i * NN_LANES;
        for (int half = NN_LANES / 2; half > 0; half /= 2)
            for (int k = 0; k < half; k++)
                v[k] += v[k + half];
        s->pixel[i] = v[0];
    }
}

static void clear_lanes(struct chunk *s, int pixels)
{
    for (int i = 0; i < pixels * NN_LANES; i++)
        s->lanes[i] = 0;
}

static void forward_chunk(const struct nn_call *c, int n, int y, int x, int pixels)
{
    struct chunk s;
    take_maximum(&s, &c->in[0], n, y, x, pixels);
    float top[CHUNK];
    for (int i = 0; i < pixels; i++)
        top[i] = s.pixel[i];
    clear_lanes(&s, pixels);
    for (int b = 0; b < nn_blocks(c->out.c); b++) {
        const float *in = pixel_at(&c->in[0], n, b, y, x);
        float *restrict out = pixel_at(&c->out, n, b, y, x);
        const int used = lanes_used(&c->out, b);
        for (int i = 0; i < pixels; i++)
            for (int k = 0; k < NN_LANES; k++)
                out[i * NN_LANES + k] = k < used ? in[i * NN_LANES + k] - top[i] : -INFINITY;
        c->kernels->numeric.exp(out, out, (size_t)pixels * NN_LANES);
        for (int i = 0; i < pixels * NN_LANES; i++)
            s.lanes[i] += out[i];
    }
    add_lanes(&s, pixels);
    for (int b = 0; b < nn_blocks(c->out.c); b++) {
        float *restrict out = pixel_at(&c->out, n, b, y, x);
        for (int i = 0; i < pixels; i++)
            for (int k = 0; k < NN_LANES; k++)
                out[i * NN_LANES + k] /= s.pixel[i];
    }
}

static void backward_chunk(const struct nn_call *c, int n, int y, int x, int pixels)
{
    struct chunk s;
    clear_lanes(&s, pixels);
    for (int b = 0; b < nn_blocks(c->out.c); b++) {
        const float *out = pixel_at(&c->out, n, b, y, x), *g = pixel_at(&c->grad_out, n, b, y, x);
        for (int i = 0; i < pixels * NN_LANES; i++)
            s.lanes[i] += g[i] * out[i];
    }
    add_lanes(&s, pixels);
    for (int b = 0; b < nn_blocks(c->out.c); b++) {
        const float *out = pixel_at(&c->out, n, b, y, x), *g = pixel_at(&c->grad_out, n, b, y, x);
        float *restrict grad = pixel_at(&c->grad_in[0], n, b, y, x);
        for (int i = 0; i < pixels; i++)
            for (int k = 0; k < NN_LANES; k++)
                grad[i * NN_LANES + k] = out[i * NN_LANES + k] * (g[i * NN_LANES + k] - s.pixel[i]);
    }
}

/* All blocks of a pixel belong together: the bands are those of one block. */
static void forward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    (void)thread;
    (void)b;
    for (int y = y0; y < y1; y++)
        for (int x = 0; x < c->out.w; x += CHUNK)
            forward_chunk(c, n, y, x, c->out.w - x < CHUNK ? c->out.w - x : CHUNK);
}

static void forward(const struct nn_call *c)
{
    nn_row_bands(c, c->out, 1, forward_band);
}

static void backward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    (void)thread;
    (void)b;
    for (int y = y0; y < y1; y++)
        for (int x = 0; x < c->out.w; x += CHUNK)
            backward_chunk(c, n, y, x, c->out.w - x < CHUNK ? c->out.w - x : CHUNK);
}

static void backward(const struct nn_call *c)
{
    if (c->grad_in[0].data)
        nn_row_bands(c, c->grad_out, 1, backward_band);
}

static void onnx(struct onnx_graph *g)
{
    struct onnx_node n;
    onnx_begin(g, &n, "Softmax");
    onnx_node_int(&n, "axis", 1);
    onnx_node_end(&n, &g->bytes);
}

const struct nn_op nn_op_softmax = {
    .name = "softmax",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = NN_BACKWARD_READS_OUTPUT | NN_PROBABILITIES,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
