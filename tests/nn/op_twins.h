/* op_twins.h: every operator of a network once more, in double and planar, straight from the formula at the top of its
 * file and with no thought of speed. */
#ifndef EDGEL_OP_TWINS_H
#define EDGEL_OP_TWINS_H

#include "nn/nn_priv.h"
#include <math.h>
#include <string.h>

struct planar {
    int n, c, h, w;
    double *v;
};

struct twin_call {
    const struct nn_layer *l;
    int ninputs;
    struct planar in[NN_INPUTS_MAX], out;
    const double *params;
    double *buffers;
    bool training;
    uint64_t seed;
};

static double *at(const struct planar *t, int n, int c, int y, int x)
{
    return t->v + (((size_t)n * (size_t)t->c + (size_t)c) * (size_t)t->h + (size_t)y) * (size_t)t->w +
           (size_t)x;
}

static bool inside(const struct planar *t, int y, int x)
{
    return y >= 0 && x >= 0 && y < t->h && x < t->w;
}

#define EACH_OUTPUT(t)                           \
    for (int n = 0; n < (t)->out.n; n++)         \
        for (int c = 0; c < (t)->out.c; c++)     \
            for (int y = 0; y < (t)->out.h; y++) \
                for (int x = 0; x < (t)->out.w; x++)

static int pad_of(const struct nn_layer *l)
{
    return l->pad < 0 ? l->dilation * (l->k - 1) / 2 : l->pad;
}

static void twin_conv(const struct twin_call *t)
{
    const struct nn_layer *l = t->l;
    const struct planar *in = &t->in[0];
    const int per = in->c / l->groups, k = l->k, outs = t->out.c / l->groups;
    const double *bias = t->params + (size_t)t->out.c * (size_t)(per * k * k);
    EACH_OUTPUT(t)
    {
        double sum = l->bias ? bias[c] : 0;
        for (int i = 0; i < per; i++)
            for (int ky = 0; ky < k; ky++)
                for (int kx = 0; kx < k; kx++) {
                    const int sy = y * l->stride - pad_of(l) + ky * l->dilation;
                    const int sx = x * l->stride - pad_of(l) + kx * l->dilation;
                    if (inside(in, sy, sx))
                        sum += t->params[((c * per + i) * k + ky) * k + kx] *
                               *at(in, n, c / outs * per + i, sy, sx);
                }
        *at(&t->out, n, c, y, x) = sum;
    }
}

static void twin_conv_transpose(const struct twin_call *t)
{
    const struct nn_layer *l = t->l;
    const struct planar *in = &t->in[0];
    const int outs = t->out.c / l->groups, per = in->c / l->groups, k = l->k;
    const double *bias = t->params + (size_t)in->c * (size_t)(outs * k * k);
    EACH_OUTPUT(t) * at(&t->out, n, c, y, x) = l->bias ? bias[c] : 0;
    for (int n = 0; n < in->n; n++)
        for (int i = 0; i < in->c; i++)
            for (int y = 0; y < in->h; y++)
                for (int x = 0; x < in->w; x++)
                    for (int o = 0; o < outs; o++)
                        for (int ky = 0; ky < k; ky++)
                            for (int kx = 0; kx < k; kx++) {
                                const int dy = y * l->stride - pad_of(l) + ky * l->dilation;
                                const int dx = x * l->stride - pad_of(l) + kx * l->dilation;
                                if (inside(&t->out, dy, dx))
                                    *at(&t->out, n, i / per * outs + o, dy, dx) +=
                                        *at(in, n, i, y, x) * t->params[((i * outs + o) * k + ky) * k + kx];
                            }
}

static void twin_maxpool(const struct twin_call *t)
{
    const struct nn_layer *l = t->l;
    EACH_OUTPUT(t)
    {
        double top = -INFINITY;
        for (int ky = 0; ky < l->k; ky++)
            for (int kx = 0; kx < l->k; kx++) {
                const int sy = y * l->stride - l->pad + ky, sx = x * l->stride - l->pad + kx;
                if (inside(&t->in[0], sy, sx))
                    top = fmax(top, *at(&t->in[0], n, c, sy, sx));
            }
        *at(&t->out, n, c, y, x) = top;
    }
}

static void twin_avgpool(const struct twin_call *t)
{
    const struct nn_layer *l = t->l;
    const struct planar *in = &t->in[0];
    EACH_OUTPUT(t)
    {
        double sum = 0, area = 0;
        for (int ky = 0; ky < l->k; ky++)
            for (int kx = 0; kx < l->k; kx++) {
                const int sy = y * l->stride - l->pad + ky, sx = x * l->stride - l->pad + kx;
                area += sy < in->h + l->pad && sx < in->w + l->pad;
                sum += inside(in, sy, sx) ? *at(in, n, c, sy, sx) : 0;
            }
        *at(&t->out, n, c, y, x) = sum / area;
    }
}

static double clamped(double v, double top)
{
    return v < 0 ? 0 : v > top ? top : v;
}

static void twin_upsample(const struct twin_call *t)
{
    const struct planar *in = &t->in[0];
    const double f = t->l->factor;
    EACH_OUTPUT(t)
    {
        const double sy = clamped((y + 0.5) / f - 0.5, in->h - 1),
                     sx = clamped((x + 0.5) / f - 0.5, in->w - 1);
        const int y0 = (int)sy, x0 = (int)sx, y1 = y0 + (y0 + 1 < in->h), x1 = x0 + (x0 + 1 < in->w);
        const double v = sy - y0, u = sx - x0;
        *at(&t->out, n, c, y, x) = (1 - v) * ((1 - u) * *at(in, n, c, y0, x0) + u * *at(in, n, c, y0, x1)) +
                                   v * ((1 - u) * *at(in, n, c, y1, x0) + u * *at(in, n, c, y1, x1));
    }
}

static void twin_concat(const struct twin_call *t)
{
    EACH_OUTPUT(t)
    {
        int i = 0, channel = c;
        while (channel >= t->in[i].c)
            channel -= t->in[i++].c;
        *at(&t->out, n, c, y, x) = *at(&t->in[i], n, channel, y, x);
    }
}

static void twin_add(const struct twin_call *t)
{
    EACH_OUTPUT(t)
    {
        double sum = 0;
        for (int i = 0; i < t->ninputs; i++)
            sum += *at(&t->in[i], n, c, y, x);
        *at(&t->out, n, c, y, x) = sum;
    }
}

static void twin_dropout(const struct twin_call *t)
{
    EACH_OUTPUT(t)
    {
        const uint64_t key = edgel_hash(t->seed, (uint64_t)n, (uint64_t)(c / 16), (uint64_t)y);
        const double h = edgel_hash_at(key, (uint32_t)(x * 16 + c % 16));
        const double p = t->training ? t->l->p : 0;
        *at(&t->out, n, c, y, x) = h < p * 4294967296.0 ? 0 : *at(&t->in[0], n, c, y, x) / (1 - p);
    }
}

static void twin_softmax(const struct twin_call *t)
{
    EACH_OUTPUT(t)
    {
        double top = -INFINITY, sum = 0;
        for (int i = 0; i < t->out.c; i++)
            top = fmax(top, *at(&t->in[0], n, i, y, x));
        for (int i = 0; i < t->out.c; i++)
            sum += exp(*at(&t->in[0], n, i, y, x) - top);
        *at(&t->out, n, c, y, x) = exp(*at(&t->in[0], n, c, y, x) - top) / sum;
    }
}

static void twin_batchnorm(const struct twin_call *t)
{
    const struct nn_layer *l = t->l;
    const struct planar *in = &t->in[0];
    const double count = (double)in->n * in->h * in->w;
    for (int c = 0; c < in->c; c++) {
        double mean = t->buffers[c], var = t->buffers[in->c + c];
        if (t->training && !l->frozen) {
            double sum = 0, squares = 0;
            for (int pass = 0; pass < 2; pass++)
                for (int n = 0; n < in->n; n++)
                    for (int y = 0; y < in->h; y++)
                        for (int x = 0; x < in->w; x++)
                            if (pass == 0)
                                sum += *at(in, n, c, y, x) / count;
                            else
                                squares += pow(*at(in, n, c, y, x) - sum, 2);
            mean = sum;
            var = squares / count;
            const double unbiased = count > 1 ? squares / (count - 1) : var;
            t->buffers[c] += l->momentum * (mean - t->buffers[c]);
            t->buffers[in->c + c] += l->momentum * (unbiased - t->buffers[in->c + c]);
        }
        for (int n = 0; n < in->n; n++)
            for (int y = 0; y < in->h; y++)
                for (int x = 0; x < in->w; x++)
                    *at(&t->out, n, c, y, x) =
                        (*at(in, n, c, y, x) - mean) / sqrt(var + l->eps) * t->params[c] +
                        t->params[in->c + c];
    }
}

static double activate(const char *name, double z, double slope)
{
    if (strcmp(name, "sigmoid") == 0)
        return 1 / (1 + exp(-z));
    if (strcmp(name, "tanh") == 0)
        return tanh(z);
    if (strcmp(name, "silu") == 0)
        return z / (1 + exp(-z));
    if (strcmp(name, "gelu") == 0)
        return z * erfc(-z / sqrt(2)) / 2;
    if (z > 0)
        return z;
    return strcmp(name, "elu") == 0 ? slope * expm1(z) : strcmp(name, "leaky_relu") == 0 ? slope * z : 0;
}

static void twin_activation(const struct twin_call *t)
{
    EACH_OUTPUT(t) * at(&t->out, n, c, y, x) =
        activate(t->l->op->name, *at(&t->in[0], n, c, y, x), t->l->slope);
}

static void twin_prelu(const struct twin_call *t)
{
    EACH_OUTPUT(t)
    {
        const double z = *at(&t->in[0], n, c, y, x);
        *at(&t->out, n, c, y, x) = z > 0 ? z : t->params[c] * z;
    }
}

static const struct {
    const char *op;
    void (*run)(const struct twin_call *t);
} twins[] = {
    { "conv", twin_conv },           { "conv_transpose", twin_conv_transpose },
    { "batchnorm", twin_batchnorm }, { "maxpool", twin_maxpool },
    { "avgpool", twin_avgpool },     { "upsample", twin_upsample },
    { "concat", twin_concat },       { "add", twin_add },
    { "dropout", twin_dropout },     { "softmax", twin_softmax },
    { "sigmoid", twin_activation },  { "tanh", twin_activation },
    { "relu", twin_activation },     { "leaky_relu", twin_activation },
    { "elu", twin_activation },      { "silu", twin_activation },
    { "gelu", twin_activation },     { "prelu", twin_prelu },
};

typedef void (*twin_run)(const struct twin_call *t);

/* NULL: the operator has no twin. */
static twin_run twin_of(const char *op)
{
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
        if (strcmp(twins[i].op, op) == 0)
            return twins[i].run;
    return NULL;
}

#endif
