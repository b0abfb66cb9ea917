/*
 * Batch normalisation, per channel c over the M = N H W values of a batch:
 *
 *     mean = sum x / M,  var = sum x^2 / M - mean^2                    (double)
 *     xhat = (x - mean) / sqrt(var + eps),  y = weight xhat + bias     (float)
 *
 * In training the running estimates move by running = (1 - momentum) running + momentum batch, the variance unbiased
 * (times M / (M - 1); M = 1: as it is). Otherwise, and where the layer is frozen, they stand for mean and var.
 *
 * Backward, with g the gradient of y (after that of an absorbed activation):
 *     dbias = sum g,  dweight = sum g xhat
 *     dx = weight / sqrt(var + eps) (g - dbias / M - xhat dweight / M)
 * and dx = weight / sqrt(running_var + eps) g where the running estimates were used.
 *
 * Sums run over fixed bands of PIXELS pixels of one sample and block, ascending and in double, and then over the bands
 * in ascending order: they do not depend on the number of threads.
 * Source: Ioffe and Szegedy 2015, arXiv:1502.03167.
 */
#include "nn/model/onnx_priv.h"
#include <math.h>
#include <string.h>

enum { PIXELS = 4096 };

static const struct nn_attr attrs[] = {
    { "eps", NN_REAL, offsetof(struct nn_layer, eps), 1e-12, 1, 1e-5, false },
    { "momentum", NN_REAL, offsetof(struct nn_layer, momentum), 0, 1, 0.1, false },
    { 0 },
};

static enum edgel_status setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err)
{
    (void)err;
    l->channels = in_channels[0];
    l->nparams = l->nbuffers = 2 * (size_t)l->channels;
    return EDGEL_OK;
}

static int arrays(const struct nn_layer *l, struct nn_array out[NN_ARRAYS_MAX])
{
    const size_t c = (size_t)l->channels;
    out[0] = (struct nn_array){ "weight", 1, { l->channels }, 0, false, false };
    out[1] = (struct nn_array){ "bias", 1, { l->channels }, c, false, false };
    out[2] = (struct nn_array){ "running_mean", 1, { l->channels }, 0, true, false };
    out[3] = (struct nn_array){ "running_var", 1, { l->channels }, c, true, false };
    return 4;
}

static void init(const struct nn_layer *l, enum edgel_init how, uint64_t seed, float *params, float *buffers)
{
    (void)how;
    (void)seed;
    for (int c = 0; c < l->channels; c++) {
        params[c] = 1;
        params[l->channels + c] = 0;
        buffers[c] = 0;
        buffers[l->channels + c] = 1;
    }
}

/* --- the work in bands --- */

/* Per block of 16 channels: what the loops over its lanes need. */
struct lane_constants {
    float mean[NN_LANES], inv[NN_LANES]; /* 1 / sqrt(var + eps) */
};

static size_t pixels_of(const struct nn_call *c)
{
    return (size_t)c->out.h * (size_t)c->out.w;
}

static size_t bands_of(const struct nn_call *c)
{
    return (pixels_of(c) + PIXELS - 1) / PIXELS;
}

static void memory(const struct nn_call *c, int threads, struct nn_memory *m)
{
    (void)threads;
    const size_t blocks = (size_t)nn_blocks(c->out.c);
    if (c->training) /* a double takes two floats */
        m->shared = (size_t)c->out.n * blocks * bands_of(c) * 64 + blocks * 64;
    m->saved = blocks * 2 * NN_LANES;
    m->shared += blocks * 64;
}

/* Band i of the batch: its sample, block, first float and number of pixels. Bands count up within a block of a
 * sample. */
struct band {
    int block;
    size_t at, pixels;
};

static struct band band_at(const struct nn_call *c, size_t i)
{
    const size_t bands = bands_of(c), plane = i / bands, first = i % bands * PIXELS;
    const size_t left = pixels_of(c) - first;
    return (struct band){ (int)(plane % (size_t)nn_blocks(c->out.c)),
                          (plane * pixels_of(c) + first) * NN_LANES, left < PIXELS ? left : PIXELS };
}

static size_t band_count(const struct nn_call *c)
{
    return (size_t)c->out.n * (size_t)nn_blocks(c->out.c) * bands_of(c);
}

/* Shared memory: [bands][32] sums in double, then [blocks][64] constants of the second pass. */
static double *sums_at(const struct nn_call *c, size_t i)
{
    return (double *)(void *)c->shared + i * 32;
}

static float *constants_at(const struct nn_call *c, int block)
{
    const size_t bands = c->training ? (size_t)c->out.n * (size_t)nn_blocks(c->out.c) * bands_of(c) : 0;
    return c->shared + bands * 64 + (size_t)block * 64;
}

static struct lane_constants *saved_at(const struct nn_call *c, int block)
{
    return (struct lane_constants *)(void *)c->saved + block;
}

/* The sums of one block over all samples and bands, in order. */
static void add_up(const struct nn_call *c, int block, double total[32])
{
    const size_t n = band_count(c);
    memset(total, 0, 32 * sizeof *total);
    for (size_t i = 0; i < n; i++)
        for (int l = 0; band_at(c, i).block == block && l < 32; l++)
            total[l] += sums_at(c, i)[l];
}

static bool uses_batch(const struct nn_call *c)
{
    return c->training && !c->layer->frozen;
}

/* --- forward --- */

static void moments_band(void *user, int thread, size_t i)
{
    const struct nn_call *c = user;
    const struct band b = band_at(c, i);
    (void)thread;
    memset(sums_at(c, i), 0, 32 * sizeof(double));
    c->kernels->lanes.moments(sums_at(c, i), c->in[0].data + b.at, b.pixels);
}

static void normalize_band(void *user, int thread, size_t i)
{
    const struct nn_call *c = user;
    const struct band b = band_at(c, i);
    (void)thread;
    float *y = c->out.data + b.at;
    c->kernels->lanes.normalize(y, c->in[0].data + b.at, b.pixels, constants_at(c, b.block));
    if (c->activation.kind)
        c->activation.kind->apply(c->kernels, y, b.pixels * NN_LANES, c->activation.slope);
}

static void move_running(const struct nn_call *c, int channel, double mean, double var)
{
    const double m = c->layer->momentum, count = (double)c->out.n * (double)pixels_of(c);
    float *running_mean = &c->buffers[channel], *running_var = &c->buffers[c->layer->channels + channel];
    const double unbiased = count > 1 ? var * (count / (count - 1)) : var;
    *running_mean = (float)((1 - m) * (double)*running_mean + m * mean);
    *running_var = (float)((1 - m) * (double)*running_var + m * unbiased);
}

/* Mean and 1 / sqrt(var + eps) of a channel, from the sums or the running estimates. */
static void estimate(const struct nn_call *c, int channel, const double *sums, float *mean, float *inv)
{
    const int lane = channel % NN_LANES;
    double mu = c->buffers[channel], var = c->buffers[c->layer->channels + channel];
    if (uses_batch(c)) {
        const double count = (double)c->out.n * (double)pixels_of(c);
        mu = sums[lane] / count;
        var = sums[NN_LANES + lane] / count - mu * mu;
        var = var < 0 ? 0 : var;
        move_running(c, channel, mu, var);
    }
    *mean = (float)mu;
    *inv = (float)(1 / sqrt(var + c->layer->eps));
}

static void set_block(const struct nn_call *c, int block)
{
    double sums[32] = { 0 };
    float *k = constants_at(c, block);
    memset(k, 0, 64 * sizeof *k);
    if (uses_batch(c))
        add_up(c, block, sums);
    for (int l = 0; l < NN_LANES; l++) {
        const int channel = block * NN_LANES + l;
        float mean = 0, inv = 0;
        if (channel < c->layer->channels) {
            estimate(c, channel, sums, &mean, &inv);
            k[NN_LANES + l] = c->params[channel] * inv;
            k[2 * NN_LANES + l] = c->params[c->layer->channels + channel];
        }
        k[l] = mean;
        if (c->training) {
            saved_at(c, block)->mean[l] = mean;
            saved_at(c, block)->inv[l] = inv;
        }
    }
}

static void forward(const struct nn_call *c)
{
    if (uses_batch(c))
        edgel_pool_run(c->pool, band_count(c), moments_band, (void *)(uintptr_t)c);
    for (int b = 0; b < nn_blocks(c->out.c); b++)
        set_block(c, b);
    edgel_pool_run(c->pool, band_count(c), normalize_band, (void *)(uintptr_t)c);
}

/* --- backward --- */

static void sums_band(void *user, int thread, size_t i)
{
    const struct nn_call *c = user;
    const struct band b = band_at(c, i);
    float *g = c->grad_out.data + b.at;
    const float *x = c->in[0].data + b.at;
    float z[16 * NN_LANES];
    (void)thread;
    const struct nn_activation *a = &c->activation;
    if (a->kind && a->kind->from_output)
        a->kind->derive(c->kernels, g, c->out.data + b.at, b.pixels * NN_LANES, a->slope);
    else if (a->kind)
        for (size_t p = 0; p < b.pixels; p += 16) {
            const size_t n = b.pixels - p < 16 ? b.pixels - p : 16;
            c->kernels->lanes.normalize(z, x + p * NN_LANES, n, constants_at(c, b.block));
            a->kind->derive(c->kernels, g + p * NN_LANES, z, n * NN_LANES, a->slope);
        }
    memset(sums_at(c, i), 0, 32 * sizeof(double));
    c->kernels->lanes.norm_sums(sums_at(c, i), g, x, b.pixels, saved_at(c, b.block)->mean);
}

static void grad_band(void *user, int thread, size_t i)
{
    const struct nn_call *c = user;
    const struct band b = band_at(c, i);
    (void)thread;
    c->kernels->lanes.norm_grad(c->grad_in[0].data + b.at, c->grad_out.data + b.at, c->in[0].data + b.at,
                                b.pixels, constants_at(c, b.block));
}

/* Constants that give z again from x, for activations whose derivative needs it. */
static void set_input_constants(const struct nn_call *c, int block)
{
    float *k = constants_at(c, block);
    memset(k, 0, 64 * sizeof *k);
    for (int l = 0; l < NN_LANES && block * NN_LANES + l < c->layer->channels; l++) {
        const int channel = block * NN_LANES + l;
        k[l] = saved_at(c, block)->mean[l];
        k[NN_LANES + l] = c->params[channel] * saved_at(c, block)->inv[l];
        k[2 * NN_LANES + l] = c->params[c->layer->channels + channel];
    }
}

static void set_grad_constants(const struct nn_call *c, int block)
{
    const double count = (double)c->out.n * (double)pixels_of(c);
    double sums[32];
    float *k = constants_at(c, block);
    memset(k, 0, 64 * sizeof *k);
    add_up(c, block, sums);
    for (int l = 0; l < NN_LANES && block * NN_LANES + l < c->layer->channels; l++) {
        const int channel = block * NN_LANES + l;
        const float inv = saved_at(c, block)->inv[l];
        if (c->grads) {
            c->grads[channel] = (float)sums[NN_LANES + l];
            c->grads[c->layer->channels + channel] = (float)sums[l];
        }
        k[l] = saved_at(c, block)->mean[l];
        if (uses_batch(c)) {
            k[NN_LANES + l] = (float)(sums[NN_LANES + l] / count * (double)inv);
            k[2 * NN_LANES + l] = (float)(sums[l] / count);
        }
        k[3 * NN_LANES + l] = c->params[channel] * inv;
    }
}

static void backward(const struct nn_call *c)
{
    for (int b = 0; b < nn_blocks(c->out.c); b++)
        set_input_constants(c, b);
    edgel_pool_run(c->pool, band_count(c), sums_band, (void *)(uintptr_t)c);
    for (int b = 0; b < nn_blocks(c->out.c); b++)
        set_grad_constants(c, b);
    if (c->grad_in[0].data)
        edgel_pool_run(c->pool, band_count(c), grad_band, (void *)(uintptr_t)c);
}

/* The running estimates as a scale and a shift. */
static void affine(const struct nn_layer *l, const float *params, const float *buffers, int c, double *mean,
                   double *scale, double *shift)
{
    *mean = buffers[c];
    *scale = (double)params[c] / sqrt((double)buffers[l->channels + c] + l->eps);
    *shift = params[l->channels + c];
}

static void onnx(struct onnx_graph *g)
{
    static const char *const names[] = { "weight", "bias", "running_mean", "running_var", NULL };
    struct onnx_node n;
    onnx_begin(g, &n, "BatchNormalization");
    onnx_add_arrays(g, &n, names);
    onnx_node_real(&n, "epsilon", (float)g->layer->eps);
    onnx_node_end(&n, &g->bytes);
}

const struct nn_op nn_op_batchnorm = {
    .name = "batchnorm",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = NN_BACKWARD_READS_INPUT | NN_FUSES_INFERENCE | NN_FUSES_TRAINING | NN_NORMALISES,
    .attrs = attrs,
    .setup = setup,
    .arrays = arrays,
    .init = init,
    .memory = memory,
    .forward = forward,
    .backward = backward,
    .affine = affine,
    .onnx = onnx,
};
