/*
 * Activations, element by element, with z the input and y the output:
 *
 *     sigmoid      y = 1 / (1 + e^-z)                        dy/dz = y (1 - y)
 *     tanh         y = tanh z                                dy/dz = 1 - y^2
 *     relu         y = max(z, 0)                             dy/dz = 1 where y > 0, else 0
 *     leaky_relu   y = z where z > 0, else slope z           dy/dz = 1 where y > 0, else slope
 *     elu          y = z where z > 0, else alpha (e^z - 1)   dy/dz = 1 where y > 0, else y + alpha
 *     silu         y = z / (1 + e^-z)                        dy/dz = s (1 + z (1 - s)), s = 1 / (1 + e^-z)
 *     gelu         y = z P, P = (1 + erf(z / sqrt 2)) / 2    dy/dz = P + z e^(-z^2 / 2) / sqrt(2 pi)
 *
 * At z = 0 the rectifiers take the derivative from the left. NaN stays NaN, but relu and leaky_relu of NaN: 0 and NaN.
 * Sources: Maas et al. 2013 (leaky), Clevert et al. 2015 arXiv:1511.07289 (elu), Elfwing et al. 2017 arXiv:1702.03118;
 * Hendrycks and Gimpel 2016 arXiv:1606.08415 (gelu, the form with erf).
 */
#include "nn/model/onnx_priv.h"
#include <string.h>

enum { PART = 256, CHUNK = 1 << 13 };

static void sigmoid_apply(const struct nn_kernels *k, float *z, size_t n, float slope)
{
    (void)slope;
    k->numeric.sigmoid(z, z, n);
}

static void sigmoid_derive(const struct nn_kernels *k, float *restrict g, const float *restrict y, size_t n,
                           float slope)
{
    (void)k;
    (void)slope;
    for (size_t i = 0; i < n; i++)
        g[i] = g[i] * (y[i] * (1 - y[i]));
}

static void tanh_apply(const struct nn_kernels *k, float *z, size_t n, float slope)
{
    (void)slope;
    k->numeric.tanh(z, z, n);
}

static void tanh_derive(const struct nn_kernels *k, float *restrict g, const float *restrict y, size_t n,
                        float slope)
{
    (void)k;
    (void)slope;
    for (size_t i = 0; i < n; i++)
        g[i] = g[i] * (1 - y[i] * y[i]);
}

static void relu_apply(const struct nn_kernels *k, float *z, size_t n, float slope)
{
    (void)slope;
    k->lanes.rectify(z, n, 0);
}

static void relu_derive(const struct nn_kernels *k, float *g, const float *y, size_t n, float slope)
{
    (void)slope;
    k->lanes.rectify_grad(g, y, n, 0);
}

static void leaky_apply(const struct nn_kernels *k, float *z, size_t n, float slope)
{
    k->lanes.rectify(z, n, slope);
}

static void leaky_derive(const struct nn_kernels *k, float *g, const float *y, size_t n, float slope)
{
    k->lanes.rectify_grad(g, y, n, slope);
}

static void elu_apply(const struct nn_kernels *k, float *z, size_t n, float alpha)
{
    float e[PART];
    for (size_t at = 0; at < n; at += PART) {
        const size_t m = n - at < PART ? n - at : PART;
        float *restrict v = z + at;
        k->numeric.expm1(v, e, m);
        for (size_t i = 0; i < m; i++)
            v[i] = v[i] > 0 ? v[i] : alpha * e[i];
    }
}

static void elu_derive(const struct nn_kernels *k, float *restrict g, const float *restrict y, size_t n,
                       float alpha)
{
    (void)k;
    for (size_t i = 0; i < n; i++)
        g[i] = y[i] > 0 ? g[i] : g[i] * (y[i] + alpha);
}

static void silu_apply(const struct nn_kernels *k, float *z, size_t n, float slope)
{
    float s[PART];
    (void)slope;
    for (size_t at = 0; at < n; at += PART) {
        const size_t m = n - at < PART ? n - at : PART;
        float *restrict v = z + at;
        k->numeric.sigmoid(v, s, m);
        for (size_t i = 0; i < m; i++)
            v[i] = v[i] * s[i];
    }
}

static void silu_derive(const struct nn_kernels *k, float *restrict g, const float *restrict z, size_t n,
                        float slope)
{
    float s[PART];
    (void)slope;
    for (size_t at = 0; at < n; at += PART) {
        const size_t m = n - at < PART ? n - at : PART;
        k->numeric.sigmoid(z + at, s, m);
        for (size_t i = 0; i < m; i++)
            g[at + i] = g[at + i] * (s[i] * (1 + z[at + i] * (1 - s[i])));
    }
}

static void gelu_apply(const struct nn_kernels *k, float *z, size_t n, float slope)
{
    (void)slope;
    k->numeric.gelu(z, z, n);
}

static void gelu_derive(const struct nn_kernels *k, float *restrict g, const float *restrict z, size_t n,
                        float slope)
{
    float d[PART];
    (void)slope;
    for (size_t at = 0; at < n; at += PART) {
        const size_t m = n - at < PART ? n - at : PART;
        k->numeric.gelu_slope(z + at, d, m);
        for (size_t i = 0; i < m; i++)
            g[at + i] *= d[i];
    }
}

/* --- as layers of their own --- */

struct part {
    const struct nn_call *call;
    struct nn_activation activation;
    size_t floats;
};

static size_t floats_of(const struct nn_tensor *t)
{
    return (size_t)t->n * nn_sample_floats((struct nn_shape){ t->c, t->h, t->w });
}

static void forward_part(void *user, int thread, size_t i)
{
    const struct part *p = user;
    (void)thread;
    const size_t at = i * CHUNK, n = p->floats - at < CHUNK ? p->floats - at : CHUNK;
    memcpy(p->call->out.data + at, p->call->in[0].data + at, n * sizeof(float));
    p->activation.kind->apply(p->call->kernels, p->call->out.data + at, n, p->activation.slope);
}

static void backward_part(void *user, int thread, size_t i)
{
    const struct part *p = user;
    const struct nn_activation_kind *kind = p->activation.kind;
    (void)thread;
    const size_t at = i * CHUNK, n = p->floats - at < CHUNK ? p->floats - at : CHUNK;
    const float *given = kind->from_output ? p->call->out.data : p->call->in[0].data;
    memcpy(p->call->grad_in[0].data + at, p->call->grad_out.data + at, n * sizeof(float));
    kind->derive(p->call->kernels, p->call->grad_in[0].data + at, given + at, n, p->activation.slope);
}

static void run(const struct nn_call *c, void (*work)(void *, int, size_t))
{
    struct part p = { c, nn_activation_of(c->layer), floats_of(&c->out) };
    edgel_pool_run(c->pool, (p.floats + CHUNK - 1) / CHUNK, work, &p);
}

static void forward(const struct nn_call *c)
{
    run(c, forward_part);
}

static void backward(const struct nn_call *c)
{
    run(c, backward_part);
}

static void onnx_sigmoid(struct onnx_graph *g)
{
    onnx_plain(g, "Sigmoid");
}

static void onnx_tanh(struct onnx_graph *g)
{
    onnx_plain(g, "Tanh");
}

static void onnx_relu(struct onnx_graph *g)
{
    onnx_plain(g, "Relu");
}

static void onnx_sloped(struct onnx_graph *g, const char *op)
{
    struct onnx_node n;
    onnx_begin(g, &n, op);
    onnx_node_real(&n, "alpha", (float)g->layer->slope);
    onnx_node_end(&n, &g->bytes);
}

static void onnx_leaky(struct onnx_graph *g)
{
    onnx_sloped(g, "LeakyRelu");
}

static void onnx_elu(struct onnx_graph *g)
{
    onnx_sloped(g, "Elu");
}

/* x Sigmoid(x) */
static void onnx_silu(struct onnx_graph *g)
{
    char gate[ONNX_NAME_MAX];
    struct onnx_node n;
    onnx_part_begin(g, &n, "Sigmoid", "gate", gate);
    onnx_node_input(&n, onnx_input_of(g, 0));
    onnx_node_end(&n, &g->bytes);
    onnx_begin(g, &n, "Mul");
    onnx_node_input(&n, gate);
    onnx_node_end(&n, &g->bytes);
}

/* Operator set 13 has no Gelu: x 0.5 (1 + Erf(x / sqrt 2)). */
static void onnx_gelu(struct onnx_graph *g)
{
    static const float root = 0x1.6a09e6p+0f, one = 1, half = 0.5f;
    char scaled[ONNX_NAME_MAX], erf[ONNX_NAME_MAX], sum[ONNX_NAME_MAX], share[ONNX_NAME_MAX];
    struct onnx_node n;
    onnx_part_begin(g, &n, "Div", "scaled", scaled);
    onnx_node_input(&n, onnx_input_of(g, 0));
    onnx_part_scalar(g, &n, "root", root);
    onnx_node_end(&n, &g->bytes);
    onnx_part_begin(g, &n, "Erf", "erf", erf);
    onnx_node_input(&n, scaled);
    onnx_node_end(&n, &g->bytes);
    onnx_part_begin(g, &n, "Add", "sum", sum);
    onnx_node_input(&n, erf);
    onnx_part_scalar(g, &n, "one", one);
    onnx_node_end(&n, &g->bytes);
    onnx_part_begin(g, &n, "Mul", "share", share);
    onnx_node_input(&n, sum);
    onnx_part_scalar(g, &n, "half", half);
    onnx_node_end(&n, &g->bytes);
    onnx_begin(g, &n, "Mul");
    onnx_node_input(&n, share);
    onnx_node_end(&n, &g->bytes);
}

static const struct nn_attr leaky_attrs[] = {
    { "slope", NN_REAL, offsetof(struct nn_layer, slope), 0, 1, 0.01, false },
    { 0 },
};
static const struct nn_attr elu_attrs[] = {
    { "alpha", NN_REAL, offsetof(struct nn_layer, slope), 0, 100, 1, false },
    { 0 },
};

#define ACTIVATION(NAME, FROM_OUTPUT, APPLY, DERIVE, ATTRS, FLAGS, ONNX)                         \
    const struct nn_op nn_op_##NAME = {                                                          \
        .name = #NAME,                                                                           \
        .min_inputs = 1,                                                                         \
        .max_inputs = 1,                                                                         \
        .flags = ((FROM_OUTPUT) ? NN_BACKWARD_READS_OUTPUT : NN_BACKWARD_READS_INPUT) | (FLAGS), \
        .attrs = (ATTRS),                                                                        \
        .forward = forward,                                                                      \
        .backward = backward,                                                                    \
        .activation = &(const struct nn_activation_kind){ (FROM_OUTPUT), (APPLY), (DERIVE) },    \
        .onnx = (ONNX),                                                                          \
    }
ACTIVATION(sigmoid, true, sigmoid_apply, sigmoid_derive, NULL, NN_PROBABILITIES, onnx_sigmoid);
ACTIVATION(tanh, true, tanh_apply, tanh_derive, NULL, 0, onnx_tanh);
ACTIVATION(relu, true, relu_apply, relu_derive, NULL, 0, onnx_relu);
ACTIVATION(leaky_relu, true, leaky_apply, leaky_derive, leaky_attrs, 0, onnx_leaky);
ACTIVATION(elu, true, elu_apply, elu_derive, elu_attrs, 0, onnx_elu);
ACTIVATION(silu, false, silu_apply, silu_derive, NULL, 0, onnx_silu);
ACTIVATION(gelu, false, gelu_apply, gelu_derive, NULL, 0, onnx_gelu);
