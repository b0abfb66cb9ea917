/*
 * Parametric rectifier, with one slope a_c per channel that is learned:
 *
 *     y = z where z > 0, else a_c z
 *     dz = g where z > 0, else a_c g,   da_c = sum of g z over z <= 0
 *
 * The slopes start at `init` and take no penalty and no weight decay. Sums run in double over fixed bands of PIXELS
 * pixels of one sample and block, ascending, and then over samples and bands in ascending order: they do not depend on
 * the number of threads.
 * Source: He et al. 2015, arXiv:1502.01852.
 */
#include "nn/model/onnx_priv.h"
#include <string.h>

enum { PIXELS = 4096 };

static const struct nn_attr attrs[] = {
    { "init", NN_REAL, offsetof(struct nn_layer, slope), 0, 1, 0.25, false },
    { 0 },
};

static enum edgel_status setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err)
{
    (void)err;
    l->channels = in_channels[0];
    l->nparams = (size_t)l->channels;
    return EDGEL_OK;
}

static int arrays(const struct nn_layer *l, struct nn_array out[NN_ARRAYS_MAX])
{
    out[0] = (struct nn_array){ "weight", 1, { l->channels }, 0, false, false };
    return 1;
}

static void init(const struct nn_layer *l, enum edgel_init how, uint64_t seed, float *params, float *buffers)
{
    (void)how;
    (void)seed;
    (void)buffers;
    for (int c = 0; c < l->channels; c++)
        params[c] = (float)l->slope;
}

/* --- the work in bands --- */

static size_t pixels_of(const struct nn_call *c)
{
    return (size_t)c->out.h * (size_t)c->out.w;
}

/* Band i of the batch: bands count up within a block of a sample, blocks within a sample. */
struct band {
    int block;
    size_t at, pixels; /* its first float; pixels */
    float slope[NN_LANES];
};

static size_t bands_of(const struct nn_call *c) /* of a block of a sample */
{
    return (pixels_of(c) + PIXELS - 1) / PIXELS;
}

static size_t band_count(const struct nn_call *c)
{
    return (size_t)c->out.n * (size_t)nn_blocks(c->out.c) * bands_of(c);
}

static struct band band_at(const struct nn_call *c, size_t i)
{
    const size_t plane = i / bands_of(c), first = i % bands_of(c) * PIXELS, left = pixels_of(c) - first;
    struct band b = { .block = (int)(plane % (size_t)nn_blocks(c->out.c)),
                      .at = (plane * pixels_of(c) + first) * NN_LANES,
                      .pixels = left < PIXELS ? left : PIXELS };
    for (int l = 0; l < NN_LANES && b.block * NN_LANES + l < c->layer->channels; l++)
        b.slope[l] = c->params[b.block * NN_LANES + l];
    return b;
}

static void memory(const struct nn_call *c, int threads, struct nn_memory *m)
{
    (void)threads;
    if (c->training) /* a double takes two floats */
        m->shared = band_count(c) * 2 * NN_LANES;
}

static double *sums_at(const struct nn_call *c, size_t i)
{
    return (double *)(void *)c->shared + i * NN_LANES;
}

static void forward_band(void *user, int thread, size_t i)
{
    const struct nn_call *c = user;
    const struct band b = band_at(c, i);
    const float *restrict z = c->in[0].data + b.at;
    float *restrict y = c->out.data + b.at;
    (void)thread;
    for (size_t p = 0; p < b.pixels; p++)
        for (int l = 0; l < NN_LANES; l++) {
            const float v = z[p * NN_LANES + (size_t)l];
            y[p * NN_LANES + (size_t)l] = v > 0 ? v : b.slope[l] * v;
        }
}

static void forward(const struct nn_call *c)
{
    edgel_pool_run(c->pool, band_count(c), forward_band, (void *)(uintptr_t)c);
}

static void sums_band(void *user, int thread, size_t i)
{
    const struct nn_call *c = user;
    const struct band b = band_at(c, i);
    const float *restrict z = c->in[0].data + b.at, *restrict g = c->grad_out.data + b.at;
    double sums[NN_LANES] = { 0 };
    (void)thread;
    for (size_t p = 0; p < b.pixels; p++)
        for (int l = 0; l < NN_LANES; l++) {
            const float v = z[p * NN_LANES + (size_t)l];
            sums[l] += v > 0 ? 0.0 : (double)(g[p * NN_LANES + (size_t)l] * v);
        }
    memcpy(sums_at(c, i), sums, sizeof sums);
}

static void grad_band(void *user, int thread, size_t i)
{
    const struct nn_call *c = user;
    const struct band b = band_at(c, i);
    const float *restrict z = c->in[0].data + b.at, *restrict g = c->grad_out.data + b.at;
    float *restrict d = c->grad_in[0].data + b.at;
    (void)thread;
    for (size_t p = 0; p < b.pixels; p++)
        for (int l = 0; l < NN_LANES; l++) {
            const size_t k = p * NN_LANES + (size_t)l;
            d[k] = z[k] > 0 ? g[k] : b.slope[l] * g[k];
        }
}

static void add_up(const struct nn_call *c)
{
    const size_t n = band_count(c), blocks = (size_t)nn_blocks(c->out.c);
    for (int channel = 0; channel < c->layer->channels; channel++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            if (i / bands_of(c) % blocks == (size_t)(channel / NN_LANES))
                sum += sums_at(c, i)[channel % NN_LANES];
        c->grads[channel] = (float)sum;
    }
}

static void backward(const struct nn_call *c)
{
    if (c->grads) {
        edgel_pool_run(c->pool, band_count(c), sums_band, (void *)(uintptr_t)c);
        add_up(c);
    }
    if (c->grad_in[0].data)
        edgel_pool_run(c->pool, band_count(c), grad_band, (void *)(uintptr_t)c);
}

/* PRelu, its slope as [C][1][1]: one for each channel. */
static void onnx(struct onnx_graph *g)
{
    const int64_t dims[] = { g->layer->channels, 1, 1 };
    char name[ONNX_NAME_MAX];
    struct onnx_node n;
    onnx_part_name(g, "weight", name);
    onnx_floats(&g->bytes, name, dims, 3, g->params + g->layer->params_at);
    onnx_begin(g, &n, "PRelu");
    onnx_node_input(&n, name);
    onnx_node_end(&n, &g->bytes);
}

const struct nn_op nn_op_prelu = {
    .name = "prelu",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = NN_BACKWARD_READS_INPUT,
    .attrs = attrs,
    .setup = setup,
    .arrays = arrays,
    .init = init,
    .memory = memory,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
