/*
 * opcheck: every operator of a network must compute what the top of its file says.
 *
 *     opcheck [compare] [grad] [golden] [bits] [reads] [--golden FILE]     (no mode: all of these)
 *     opcheck rows | perf
 *     opcheck parts --golden FILE
 *
 * One table of operators, each in the variants that differ in code. Modes:
 *     compare  forward against a naive twin in double (op_twins.h)
 *     grad     backward against central differences of the twin along random directions
 *     golden   both against values that PyTorch computed in double (scripts/makers/make_torch_operators.py wrote FILE)
 *     bits     the same bits for 1, 2, 3 and 5 threads and every CPU level, of planar tensors, and where a tensor is
 *              added
 *     reads    outputs hang on no input outside the range that the operator states, and on its ends
 *     rows     prints the table for the script that makes the goldens
 *     perf     times the operators at sizes as they occur
 *     parts    takes each part from an operator that has all, and sees that it is missed
 * Every operator of the library must have each of: forward, backward, a form in ONNX, a twin, and rows here that
 * compare its gradient with differences and its values and gradients with PyTorch's. One without fails.
 * An error is |got - want| / (|want| + root mean square of want), the largest of all elements. Lanes past the channels
 * hold large numbers wherever an operator reads, everything it writes holds NaN before, and what its flags say it does
 * not read is not there. Exit 0 pass, 1 fail.
 */
#include "op_twins.h"
#include <stdio.h>
#include <stdlib.h>

enum row_flags {
    INFER = 1,   /* forward only, not training */
    FROZEN = 2,  /* no parameter gradients */
    TIES = 4,    /* inputs of few values: not differentiable */
    WIDE = 8,    /* inputs in -8..8 instead of -1..1 */
    SHIFTED = 16 /* inputs far from 0 */
};
struct row {
    const char *op, *attrs;
    int n, ninputs, c[3], h, w;
    int like_h, like_w;     /* like=, or 0 */
    const char *activation; /* absorbed, or NULL */
    unsigned flags;
};

static const struct row rows[] = {
    { "conv", "out=16", 2, 1, { 16 }, 9, 11, 0, 0, NULL, 0 },
    { "conv", "out=5", 2, 1, { 3 }, 13, 30, 0, 0, NULL, 0 },
    { "conv", "out=33 bias=0", 2, 1, { 40 }, 10, 17, 0, 0, NULL, 0 },
    { "conv", "out=16 bias=0", 1, 1, { 16 }, 40, 1100, 0, 0, NULL, TIES },
    { "conv", "out=16 bias=0", 3, 1, { 5 }, 50, 70, 0, 0, NULL, 0 },
    { "conv", "out=4 stride=2", 2, 1, { 17 }, 70, 600, 0, 0, NULL, 0 },
    { "conv", "out=20 k=1", 2, 1, { 35 }, 10, 17, 0, 0, NULL, 0 },
    { "conv", "out=20 k=1 stride=2", 2, 1, { 35 }, 10, 17, 0, 0, NULL, 0 },
    { "conv", "out=20 k=5", 1, 1, { 4 }, 7, 8, 0, 0, NULL, 0 },
    { "conv", "out=7 k=5 pad=0", 1, 1, { 4 }, 7, 8, 0, 0, NULL, 0 },
    { "conv", "out=7 k=2 pad=3", 1, 1, { 4 }, 7, 8, 0, 0, NULL, 0 },
    { "conv", "out=18 stride=2", 2, 1, { 20 }, 12, 15, 0, 0, NULL, 0 },
    { "conv", "out=18 stride=3 pad=0", 2, 1, { 20 }, 13, 15, 0, 0, NULL, 0 },
    { "conv", "out=18 k=4 stride=3 dilation=2", 2, 1, { 7 }, 17, 15, 0, 0, NULL, 0 },
    { "conv", "out=18 k=2 stride=4 pad=0", 2, 1, { 7 }, 17, 15, 0, 0, NULL, 0 },
    { "conv", "out=16 dilation=4", 2, 1, { 16 }, 19, 23, 0, 0, NULL, 0 },
    { "conv", "out=16 dilation=9", 1, 1, { 8 }, 10, 12, 0, 0, NULL, 0 },
    { "conv", "out=24 groups=3", 2, 1, { 12 }, 9, 10, 0, 0, NULL, 0 },
    { "conv", "out=64 groups=2", 1, 1, { 96 }, 6, 7, 0, 0, NULL, 0 },
    { "conv", "out=80 groups=5 stride=2", 1, 1, { 40 }, 6, 7, 0, 0, NULL, 0 },
    { "conv", "out=20 groups=20", 2, 1, { 20 }, 9, 20, 0, 0, NULL, 0 },
    { "conv", "out=20 groups=20 stride=2 dilation=2", 2, 1, { 20 }, 15, 20, 0, 0, NULL, 0 },
    { "conv", "out=20 groups=20 k=5", 2, 1, { 20 }, 15, 20, 0, 0, NULL, 0 },
    { "conv", "out=40 groups=20", 2, 1, { 20 }, 9, 9, 0, 0, NULL, 0 },
    { "conv", "out=20", 2, 1, { 20 }, 9, 9, 0, 0, "silu", INFER },
    { "conv_transpose", "out=16", 2, 1, { 16 }, 9, 11, 0, 0, NULL, 0 },
    { "conv_transpose", "out=20 k=2 stride=2", 2, 1, { 35 }, 9, 11, 0, 0, NULL, 0 },
    { "conv_transpose", "out=20 k=3 stride=2", 2, 1, { 5 }, 9, 11, 0, 0, NULL, 0 },
    { "conv_transpose", "out=20 k=3 stride=2 output_pad=1", 2, 1, { 5 }, 9, 11, 0, 0, NULL, 0 },
    { "conv_transpose", "out=20 k=3 stride=2 size=6x5 bias=0", 2, 1, { 5 }, 3, 3, 0, 0, NULL, 0 },
    { "conv_transpose", "out=5 k=4 stride=3 dilation=2 like=input", 2, 1, { 5 }, 5, 5, 15, 13, NULL, 0 },
    { "conv_transpose", "out=24 k=3 stride=2 groups=4", 2, 1, { 36 }, 5, 5, 0, 0, NULL, 0 },
    { "conv_transpose", "out=36 k=4 stride=2 groups=36", 2, 1, { 36 }, 5, 5, 0, 0, NULL, 0 },
    { "conv_transpose", "out=9 k=1 stride=3 output_pad=2", 2, 1, { 6 }, 5, 5, 0, 0, NULL, 0 },
    { "conv_transpose", "out=9 k=4 stride=2 pad=0", 1, 1, { 6 }, 1, 1, 0, 0, NULL, 0 },
    { "conv_transpose", "out=16 k=2 stride=2", 1, 1, { 16 }, 20, 700, 0, 0, "relu", INFER },
    { "conv", "out=12 pad=4", 2, 1, { 20 }, 5, 6, 0, 0, NULL, 0 },
    { "conv", "out=12 dilation=16", 1, 1, { 4 }, 20, 19, 0, 0, NULL, 0 },
    { "conv", "out=20", 2, 1, { 19 }, 9, 11, 0, 0, NULL, FROZEN },
    { "conv", "out=20", 2, 1, { 19 }, 9, 11, 0, 0, "relu", INFER },
    { "conv_transpose", "out=12 k=2 stride=2 pad=0", 2, 1, { 20 }, 7, 9, 0, 0, "elu", INFER },
    { "batchnorm", "", 3, 1, { 20 }, 9, 11, 0, 0, NULL, 0 },
    { "batchnorm", "eps=0.001 momentum=0.3", 2, 1, { 5 }, 70, 67, 0, 0, NULL, SHIFTED },
    { "batchnorm", "", 2, 1, { 35 }, 13, 8, 0, 0, "relu", 0 },
    { "batchnorm", "", 2, 1, { 16 }, 9, 8, 0, 0, "elu", WIDE },
    { "batchnorm", "", 2, 1, { 7 }, 12, 9, 0, 0, "silu", WIDE },
    { "batchnorm", "", 2, 1, { 18 }, 9, 7, 0, 0, NULL, FROZEN },
    { "batchnorm", "", 2, 1, { 18 }, 9, 7, 0, 0, "sigmoid", INFER },
    { "maxpool", "k=2", 2, 1, { 19 }, 12, 14, 0, 0, NULL, 0 },
    { "maxpool", "k=2", 2, 1, { 3 }, 13, 15, 0, 0, NULL, 0 },
    { "maxpool", "k=2 ceil=1", 2, 1, { 33 }, 13, 15, 0, 0, NULL, 0 },
    { "maxpool", "k=2 ceil=1", 1, 1, { 16 }, 1, 7, 0, 0, NULL, 0 },
    { "maxpool", "k=2", 1, 1, { 5 }, 40, 700, 0, 0, NULL, TIES },
    { "maxpool", "k=3 stride=2 pad=1", 2, 1, { 17 }, 15, 12, 0, 0, NULL, 0 },
    { "maxpool", "k=3 stride=2 pad=1 ceil=1", 2, 1, { 8 }, 12, 14, 0, 0, NULL, TIES },
    { "maxpool", "k=5 stride=1 pad=2", 1, 1, { 6 }, 61, 300, 0, 0, NULL, 0 },
    { "maxpool", "k=2 stride=3", 2, 1, { 6 }, 12, 13, 0, 0, NULL, 0 },
    { "avgpool", "k=2", 2, 1, { 19 }, 12, 14, 0, 0, NULL, 0 },
    { "avgpool", "k=2", 2, 1, { 3 }, 13, 15, 0, 0, NULL, 0 },
    { "avgpool", "k=2 ceil=1", 2, 1, { 33 }, 13, 15, 0, 0, NULL, 0 },
    { "avgpool", "k=3 stride=2 pad=1", 2, 1, { 17 }, 14, 12, 0, 0, NULL, 0 },
    { "avgpool", "k=3 stride=2 pad=1 ceil=1", 2, 1, { 8 }, 14, 12, 0, 0, NULL, 0 },
    { "avgpool", "k=4 stride=3 pad=1 ceil=1", 2, 1, { 8 }, 12, 15, 0, 0, NULL, 0 },
    { "avgpool", "k=5 stride=1 pad=2", 1, 1, { 6 }, 61, 300, 0, 0, NULL, 0 },
    { "upsample", "factor=2", 2, 1, { 19 }, 9, 11, 0, 0, NULL, 0 },
    { "upsample", "factor=2", 1, 1, { 3 }, 1, 1, 0, 0, NULL, 0 },
    { "upsample", "factor=2", 1, 1, { 16 }, 70, 150, 0, 0, NULL, 0 },
    { "upsample", "factor=2 like=input", 2, 1, { 21 }, 7, 9, 13, 17, NULL, 0 },
    { "upsample", "factor=2 like=input", 2, 1, { 4 }, 8, 9, 11, 6, NULL, 0 },
    { "upsample", "factor=3", 2, 1, { 5 }, 5, 7, 0, 0, NULL, 0 },
    { "upsample", "factor=4 like=input", 2, 1, { 18 }, 5, 6, 18, 23, NULL, 0 },
    { "upsample", "factor=8", 1, 1, { 2 }, 4, 3, 0, 0, NULL, 0 },
    { "upsample", "factor=1", 1, 1, { 2 }, 4, 3, 0, 0, NULL, 0 },
    { "concat", "", 2, 2, { 32, 16 }, 6, 7, 0, 0, NULL, 0 },
    { "concat", "", 2, 3, { 5, 20, 18 }, 6, 7, 0, 0, NULL, 0 },
    { "concat", "", 2, 3, { 1, 3, 2 }, 5, 4, 0, 0, NULL, 0 },
    { "concat", "", 1, 2, { 30, 33 }, 40, 90, 0, 0, NULL, 0 },
    { "add", "", 2, 2, { 20, 20 }, 9, 8, 0, 0, NULL, 0 },
    { "add", "", 1, 3, { 16, 16, 16 }, 40, 90, 0, 0, NULL, 0 },
    { "add", "", 2, 2, { 20, 20 }, 9, 8, 0, 0, "relu", INFER },
    { "dropout", "p=0.3", 3, 1, { 20 }, 9, 8, 0, 0, NULL, 0 },
    { "dropout", "p=0", 2, 1, { 4 }, 9, 8, 0, 0, NULL, 0 },
    { "dropout", "", 2, 1, { 20 }, 9, 8, 0, 0, NULL, INFER },
    { "softmax", "", 2, 1, { 11 }, 7, 9, 0, 0, NULL, WIDE },
    { "softmax", "", 1, 1, { 40 }, 5, 150, 0, 0, NULL, WIDE },
    { "softmax", "", 2, 1, { 2 }, 6, 5, 0, 0, NULL, 0 },
    { "softmax", "", 2, 1, { 19 }, 6, 5, 0, 0, NULL, SHIFTED },
    { "sigmoid", "", 2, 1, { 19 }, 6, 7, 0, 0, NULL, WIDE },
    { "tanh", "", 2, 1, { 19 }, 6, 7, 0, 0, NULL, WIDE },
    { "relu", "", 2, 1, { 19 }, 6, 7, 0, 0, NULL, 0 },
    { "leaky_relu", "slope=0.2", 2, 1, { 19 }, 6, 7, 0, 0, NULL, 0 },
    { "elu", "alpha=1.5", 2, 1, { 19 }, 6, 7, 0, 0, NULL, WIDE },
    { "silu", "", 2, 1, { 19 }, 60, 70, 0, 0, NULL, WIDE },
    { "gelu", "", 2, 1, { 19 }, 60, 70, 0, 0, NULL, WIDE },
    { "prelu", "", 2, 1, { 35 }, 60, 70, 0, 0, NULL, 0 },
    { "prelu", "", 3, 1, { 16 }, 6, 7, 0, 0, NULL, FROZEN },
    { "prelu", "", 1, 1, { 3 }, 9, 8, 0, 0, NULL, INFER },
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Bounds of the errors. The differences cost half the digits of a double, backward sums up to some 10^4 floats. */
#define FORWARD_BOUND 2e-6
#define GRAD_BOUND    1e-5

/* --- memory of a row --- */

static struct block {
    struct block *next;
    void *p;
} * taken;

/* Exactly n elements, so that a sanitizer sees what reaches beyond. */
static void *take(size_t n, size_t size)
{
    struct block *b = malloc(sizeof *b);
    void *p = edgel_calloc(n ? n : 1, size);
    if (!b || !p) {
        fprintf(stderr, "opcheck: out of memory\n");
        exit(1);
    }
    *b = (struct block){ taken, p };
    taken = b;
    return p;
}

static float *floats(size_t n)
{
    return take(n, sizeof(float));
}

static double *doubles(const float *from, size_t n)
{
    double *d = take(n, sizeof *d);
    for (size_t i = 0; from && i < n; i++)
        d[i] = from[i];
    return d;
}

static void drop_all(void)
{
    for (struct block *b = taken, *next; b; b = next) {
        next = b->next;
        edgel_free(b->p);
        free(b);
    }
    taken = NULL;
}

static void spoil(float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = NAN;
}

static void spoil_doubles(double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = NAN;
}

/* --- numbers that the script draws as well --- */

static uint32_t mix(uint32_t i, uint32_t salt)
{
    uint32_t h = i * 0x9E3779B1u + salt * 0x85EBCA6Bu;
    h = (h ^ h >> 15) * 0x2C1B3C6Du;
    h = (h ^ h >> 12) * 0x297A2D39u;
    return h ^ h >> 15;
}

/* A multiple of 2^-23 in [-1, 1). */
static float drawn(size_t i, uint32_t salt)
{
    return (float)((int32_t)(mix((uint32_t)i, salt) >> 8) - (1 << 23)) / (1 << 23);
}
enum { SALT_INPUT = 1, SALT_GRAD = 20, SALT_ARRAY = 30, SALT_PLACE = 40, SALT_DIRECTION = 50 };

/* --- a row at work --- */

struct work {
    const struct row *row;
    char text[200];
    struct nn_layer layer;
    struct nn_activation activation;
    struct nn_shape in[NN_INPUTS_MAX], out;
    struct nn_array arrays[NN_ARRAYS_MAX];
    int narrays;
    float *x[NN_INPUTS_MAX], *grad_out, *params, *buffers; /* planar */
};

struct results {
    float *y, *grad_x[NN_INPUTS_MAX], *grads, *buffers; /* planar */
};

static size_t planar_floats(struct nn_shape s)
{
    return (size_t)s.c * (size_t)s.h * (size_t)s.w;
}

static size_t batch_of(const struct work *k, struct nn_shape s)
{
    return (size_t)k->row->n * planar_floats(s);
}

static bool trains(const struct row *r)
{
    return !(r->flags & INFER);
}

static int elements(const struct nn_array *a)
{
    int n = 1;
    for (int d = 0; d < a->ndims; d++)
        n *= a->dims[d];
    return n;
}

/* The layer as the text format makes it, for inputs of the row's channels. */
static void make_layer(struct work *k, const char *op, int ninputs, const char *attrs, struct nn_layer *out)
{
    struct edgel_error err = { .code = EDGEL_OK };
    struct nn_network net;
    char text[300];
    int at = snprintf(text, sizeof text, "input channels=%d\n%s", k->row->c[0], op);
    for (int i = 0; i < ninputs; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, " input");
    snprintf(text + at, sizeof text - (size_t)at, " %s\n", attrs);
    if (nn_network_parse(text, strlen(text), op, 5, &net, &err) != EDGEL_OK) {
        fprintf(stderr, "opcheck: %s\n", err.msg);
        exit(1);
    }
    *out = net.layers[1];
    if (out->op->setup && out->op->setup(out, k->row->c, &err) != EDGEL_OK) {
        fprintf(stderr, "opcheck: %s: %s\n", op, err.msg);
        exit(1);
    }
    nn_network_finish(&net);
}

static void draw_inputs(struct work *k)
{
    const unsigned flags = k->row->flags;
    for (int i = 0; i < k->row->ninputs; i++) {
        const size_t n = batch_of(k, k->in[i]);
        k->x[i] = floats(n);
        for (size_t j = 0; j < n; j++) {
            const float v = drawn(j, SALT_INPUT + (uint32_t)i);
            k->x[i][j] = flags & TIES      ? floorf(2 * v) / 2
                         : flags & WIDE    ? 8 * v
                         : flags & SHIFTED ? 50 + v
                                           : v;
        }
    }
    const size_t n = batch_of(k, k->out);
    k->grad_out = floats(n);
    for (size_t j = 0; j < n; j++)
        k->grad_out[j] = drawn(j, SALT_GRAD);
}

static void draw_arrays(struct work *k)
{
    k->params = floats(k->layer.nparams);
    k->buffers = floats(k->layer.nbuffers);
    k->narrays = k->layer.op->arrays ? k->layer.op->arrays(&k->layer, k->arrays) : 0;
    for (int a = 0; a < k->narrays; a++) {
        const struct nn_array *array = &k->arrays[a];
        float *v = (array->buffer ? k->buffers : k->params) + array->at;
        const bool positive = strcmp(array->name, "running_var") == 0;
        for (int j = 0; j < elements(array); j++)
            v[j] = positive ? 1 + drawn((size_t)j, SALT_ARRAY + (uint32_t)a) / 2
                            : drawn((size_t)j, SALT_ARRAY + (uint32_t)a);
    }
}

static void prepare(struct work *k, const struct row *r)
{
    struct edgel_error err = { .code = EDGEL_OK };
    *k = (struct work){ .row = r };
    snprintf(k->text, sizeof k->text, "%s|%s|%d|%d,%d,%d|%d|%d|%d|%d|%s|%u", r->op, r->attrs, r->n, r->c[0],
             r->c[1], r->c[2], r->h, r->w, r->like_h, r->like_w, r->activation ? r->activation : "",
             r->flags);
    make_layer(k, r->op, r->ninputs, r->attrs, &k->layer);
    k->layer.frozen = r->flags & FROZEN;
    if (r->activation) {
        struct nn_layer a;
        make_layer(k, r->activation, 1, "", &a);
        k->activation = nn_activation_of(&a);
    }
    for (int i = 0; i < r->ninputs; i++)
        k->in[i] = (struct nn_shape){ r->c[i], r->h, r->w };
    const struct nn_shape like = { 1, r->like_h, r->like_w };
    k->out = k->in[0];
    if (k->layer.op->shape &&
        k->layer.op->shape(&k->layer, k->in, r->like_h ? &like : NULL, &k->out, &err) != EDGEL_OK) {
        fprintf(stderr, "opcheck: %s: %s\n", k->text, err.msg);
        exit(1);
    }
    k->out.c = k->layer.channels;
    draw_inputs(k);
    draw_arrays(k);
}

/* --- the operator --- */

/* Blocked, with large numbers in the lanes past the channels; without values: all NaN. */
static struct nn_tensor blocked(const struct work *k, struct nn_shape s, const float *planar)
{
    struct nn_tensor t = { NULL, k->row->n, s.c, s.h, s.w, false };
    const size_t sample = nn_sample_floats(s), plane = (size_t)s.h * (size_t)s.w;
    t.data = floats((size_t)t.n * sample);
    if (!planar) {
        spoil(t.data, (size_t)t.n * sample);
        return t;
    }
    for (int n = 0; n < t.n; n++) {
        nn_pack(planar + (size_t)n * planar_floats(s), s, t.data + (size_t)n * sample);
        float *last = nn_row(&t, n, nn_blocks(s.c) - 1, 0);
        for (size_t i = 0; i < plane * NN_LANES; i++)
            if ((int)(i % NN_LANES) >= s.c - (nn_blocks(s.c) - 1) * NN_LANES)
                last[i] = 1e6f * drawn(i, 99);
    }
    return t;
}

static int unclean; /* tensors with lanes that are not finite */

static float *unblocked(const struct nn_tensor *t)
{
    const struct nn_shape s = { t->c, t->h, t->w };
    float *planar = floats((size_t)t->n * planar_floats(s));
    bool finite = true;
    for (int n = 0; n < t->n; n++)
        nn_unpack(t->data + (size_t)n * nn_sample_floats(s), s, planar + (size_t)n * planar_floats(s));
    for (size_t i = 0; i < (size_t)t->n * nn_sample_floats(s); i++)
        finite = finite && isfinite(t->data[i]);
    unclean += !finite;
    return planar;
}

static void give_memory(struct nn_call *c, int threads)
{
    struct nn_memory m = { 0, 0, 0 };
    if (c->layer->op->memory)
        c->layer->op->memory(c, threads, &m);
    c->per_thread = (m.per_thread + NN_LANES - 1) / NN_LANES * NN_LANES;
    c->saved = floats(m.saved);
    c->shared = floats(m.shared);
    c->scratch = floats((size_t)threads * c->per_thread);
    spoil(c->saved, m.saved);
    spoil(c->shared, m.shared);
    spoil(c->scratch, (size_t)threads * c->per_thread);
}

static struct nn_call call_of(const struct work *k, const struct nn_kernels *kernels, struct edgel_pool *pool)
{
    struct nn_call c = { .layer = &k->layer,
                         .kernels = kernels,
                         .pool = pool,
                         .training = trains(k->row),
                         .seed = 1234567,
                         .ninputs = k->row->ninputs,
                         .params = k->params,
                         .activation = k->activation };
    for (int i = 0; i < c.ninputs; i++)
        c.in[i] = blocked(k, k->in[i], k->x[i]);
    c.out = blocked(k, k->out, NULL);
    c.buffers = floats(k->layer.nbuffers);
    memcpy(c.buffers, k->buffers, k->layer.nbuffers * sizeof(float));
    give_memory(&c, edgel_pool_threads(pool));
    return c;
}

/* Backward, without what the operator says it does not read. */
static void run_backward(const struct work *k, struct nn_call *c, struct results *r)
{
    const unsigned flags = c->layer->op->flags;
    for (int i = 0; i < c->ninputs; i++) {
        c->grad_in[i] = blocked(k, k->in[i], NULL);
        if (!(flags & NN_BACKWARD_READS_INPUT))
            c->in[i].data = NULL;
    }
    if (!(flags & NN_BACKWARD_READS_OUTPUT) && !(k->activation.kind && k->activation.kind->from_output))
        c->out.data = NULL;
    c->grad_out = blocked(k, k->out, k->grad_out);
    r->grads = floats(k->layer.nparams);
    spoil(r->grads, k->layer.nparams);
    c->grads = k->layer.frozen ? NULL : r->grads;
    c->layer->op->backward(c);
    for (int i = 0; i < c->ninputs; i++)
        r->grad_x[i] = unblocked(&c->grad_in[i]);
}

static struct results run(const struct work *k, const struct nn_kernels *kernels, struct edgel_pool *pool)
{
    struct nn_call c = call_of(k, kernels, pool);
    struct results r = { .buffers = c.buffers };
    c.layer->op->forward(&c);
    r.y = unblocked(&c.out);
    if (trains(k->row))
        run_backward(k, &c, &r);
    return r;
}

/* --- errors --- */

/* NaN counts as infinite. */
static double error_between(const float *got, const double *want, size_t n)
{
    double squares = 0, worst = 0;
    for (size_t i = 0; i < n; i++)
        squares += want[i] * want[i];
    const double typical = n ? sqrt(squares / (double)n) : 0;
    for (size_t i = 0; i < n; i++) {
        const double off = fabs((double)got[i] - want[i]), scale = fabs(want[i]) + typical;
        const double e = off == 0 ? 0 : off / scale;
        worst = e <= worst ? worst : e == e ? e : INFINITY;
    }
    return worst;
}

static double larger_of(double a, double b)
{
    return a > b ? a : b;
}

/* --- compare, grad --- */

/* The twin's output for inputs x and params p; buffers may be NULL. */
static double *run_twin(const struct work *k, double *const *x, const double *p, double *buffers)
{
    struct twin_call t = { .l = &k->layer,
                           .ninputs = k->row->ninputs,
                           .params = p,
                           .buffers = buffers ? buffers : doubles(k->buffers, k->layer.nbuffers),
                           .training = trains(k->row),
                           .seed = 1234567 };
    for (int i = 0; i < t.ninputs; i++)
        t.in[i] = (struct planar){ k->row->n, k->in[i].c, k->in[i].h, k->in[i].w, x[i] };
    t.out = (struct planar){ k->row->n, k->out.c, k->out.h, k->out.w, doubles(NULL, batch_of(k, k->out)) };
    const twin_run twin = twin_of(k->row->op);
    if (!twin) {
        printf("opcheck: %s has no twin\n", k->row->op);
        spoil_doubles(t.out.v, batch_of(k, k->out));
        return t.out.v;
    }
    twin(&t);
    for (size_t i = 0; k->row->activation && i < batch_of(k, k->out); i++)
        t.out.v[i] = activate(k->row->activation, t.out.v[i], k->activation.slope);
    return t.out.v;
}

struct twin_point {
    double *x[NN_INPUTS_MAX], *params;
};

static struct twin_point point_of(const struct work *k)
{
    struct twin_point p = { .params = doubles(k->params, k->layer.nparams) };
    for (int i = 0; i < k->row->ninputs; i++)
        p.x[i] = doubles(k->x[i], batch_of(k, k->in[i]));
    return p;
}

static double compare(const struct work *k, const struct results *r)
{
    const struct twin_point p = point_of(k);
    double *buffers = doubles(k->buffers, k->layer.nbuffers);
    const double *y = run_twin(k, p.x, p.params, buffers);
    return larger_of(error_between(r->y, y, batch_of(k, k->out)),
                     error_between(r->buffers, buffers, k->layer.nbuffers));
}

/* The sum that backward takes the gradient of. */
static double objective(const struct work *k, const struct twin_point *p)
{
    const double *y = run_twin(k, p->x, p->params, NULL);
    double sum = 0;
    for (size_t i = 0; i < batch_of(k, k->out); i++)
        sum += k->grad_out[i] * y[i];
    return sum;
}

/* One direction through n of the point's numbers; relative to what the terms of the derivative add up to. */
static double check_direction(const struct work *k, const struct twin_point *p, double *numbers, size_t n,
                              const float *grad, uint32_t salt)
{
    const double eps = 1e-6;
    double *kept = take(n, sizeof *kept), got = 0, squares = 0, sides[2];
    memcpy(kept, numbers, n * sizeof *kept);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            numbers[i] = kept[i] + (side ? -eps : eps) * (double)drawn(i, salt);
        sides[side] = objective(k, p);
    }
    memcpy(numbers, kept, n * sizeof *kept);
    for (size_t i = 0; i < n; i++) {
        const double term = (double)grad[i] * (double)drawn(i, salt);
        got += term;
        squares += term * term;
    }
    const double want = (sides[0] - sides[1]) / (2 * eps), off = fabs(got - want);
    return off == 0 ? 0 : off == off ? off / (fabs(want) + sqrt(squares)) : INFINITY;
}

static double check_gradients(const struct work *k, const struct results *r)
{
    struct twin_point p = point_of(k);
    double worst = 0;
    uint32_t salt = SALT_DIRECTION;
    for (int i = 0; i < k->row->ninputs; i++)
        for (int d = 0; d < 2; d++)
            worst =
                larger_of(worst, check_direction(k, &p, p.x[i], batch_of(k, k->in[i]), r->grad_x[i], salt++));
    for (int a = 0; a < k->narrays && !k->layer.frozen; a++)
        for (int d = 0; d < 2 && !k->arrays[a].buffer; d++)
            worst = larger_of(worst, check_direction(k, &p, p.params + k->arrays[a].at,
                                                     (size_t)elements(&k->arrays[a]),
                                                     r->grads + k->arrays[a].at, salt++));
    return worst;
}

/* --- golden --- */

/* The file has for each row: "row TEXT", then lines "NAME SIZE VALUE ..." of tensors, each with PLACES values of a
 * larger tensor at drawn places, and "end". A row without lines is one that PyTorch has no counterpart of. */
enum { PLACES = 24, LINE_BYTES = 4096 };

static double check_tensor(char *values, const float *got, size_t n, const char *what)
{
    double want[PLACES];
    float taken_values[PLACES];
    const size_t count = n < PLACES ? n : PLACES;
    if (strtoull(values, &values, 10) != n) {
        printf("opcheck: %s: the golden has another size\n", what);
        return INFINITY;
    }
    for (size_t i = 0; i < count; i++) {
        want[i] = strtod(values, &values);
        taken_values[i] = got[n <= PLACES ? i : mix((uint32_t)i, SALT_PLACE) % n];
    }
    return error_between(taken_values, want, count);
}

struct golden_errors {
    double forward, backward; /* negative: no values */
};

static void check_line(const struct work *k, const struct results *r, char *line, struct golden_errors *e)
{
    char *values = strchr(line, ' ');
    if (!values)
        return;
    *values++ = '\0';
    if (strcmp(line, "out") == 0)
        e->forward = larger_of(e->forward, check_tensor(values, r->y, batch_of(k, k->out), "out"));
    for (int i = 0; i < k->row->ninputs; i++)
        if (line[0] == 'x' && atoi(line + 1) == i && trains(k->row))
            e->backward =
                larger_of(e->backward, check_tensor(values, r->grad_x[i], batch_of(k, k->in[i]), line));
    for (int a = 0; a < k->narrays; a++) {
        const struct nn_array *array = &k->arrays[a];
        double *error = array->buffer ? &e->forward : &e->backward;
        if (strcmp(array->name, line) == 0 && trains(k->row))
            *error =
                larger_of(*error, check_tensor(values, (array->buffer ? r->buffers : r->grads) + array->at,
                                               (size_t)elements(array), line));
    }
}

static struct golden_errors check_golden(const struct work *k, const struct results *r, FILE *f)
{
    static char line[LINE_BYTES];
    struct golden_errors e = { -1, -1 };
    bool found = false;
    rewind(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "row ", 4) == 0)
            found = strcmp(line + 4, k->text) == 0;
        else if (found && strcmp(line, "end") == 0)
            return e;
        else if (found)
            check_line(k, r, line, &e);
    }
    printf("opcheck: no golden of %s\n", k->text);
    return (struct golden_errors){ INFINITY, INFINITY };
}

/* --- bits --- */

static bool same(const float *a, const float *b, size_t n)
{
    return n == 0 || memcmp(a, b, n * sizeof *a) == 0;
}

static bool same_results(const struct work *k, const struct results *a, const struct results *b)
{
    bool equal = same(a->y, b->y, batch_of(k, k->out)) && same(a->buffers, b->buffers, k->layer.nbuffers);
    if (!trains(k->row))
        return equal;
    for (int i = 0; i < k->row->ninputs; i++)
        equal = equal && same(a->grad_x[i], b->grad_x[i], batch_of(k, k->in[i]));
    return equal && (k->layer.frozen || same(a->grads, b->grads, k->layer.nparams));
}

enum { POOLS = 4 };
static const int pool_threads[POOLS] = { 1, 2, 3, 5 };
static struct edgel_pool *pools[POOLS];

enum { PLANAR_IN = 1, PLANAR_OUT = 2, ADDED = 4 };

/* A call of inference, with planar ends and a tensor to add as wanted. */
static struct nn_call varied(const struct work *k, const struct nn_kernels *kernels, struct edgel_pool *pool,
                             unsigned variant)
{
    struct nn_call c = call_of(k, kernels, pool);
    c.training = false;
    c.in[0].planar = variant & PLANAR_IN;
    c.out.planar = variant & PLANAR_OUT;
    if (c.in[0].planar)
        c.in[0].data = k->x[0];
    if (c.out.planar) {
        c.out.data = floats(batch_of(k, k->out));
        spoil(c.out.data, batch_of(k, k->out));
    }
    if (variant & ADDED)
        c.plus = blocked(k, k->out, k->grad_out);
    give_memory(&c, edgel_pool_threads(pool));
    return c;
}

/* Whether the variants of inference that the operator has agree with the results. */
static bool same_variants(const struct work *k, const struct results *r, const struct nn_kernels *kernels,
                          struct edgel_pool *pool)
{
    const unsigned flags = k->layer.op->flags;
    const bool planar = flags & NN_TAKES_PLANAR && k->layer.groups == 1;
    const bool adds = flags & NN_ADDS_INFERENCE && !k->activation.kind;
    const size_t n = batch_of(k, k->out);
    bool equal = true;
    for (unsigned v = 1; v <= (PLANAR_IN | PLANAR_OUT | ADDED); v++) {
        if ((v & (PLANAR_IN | PLANAR_OUT) && !planar) || (v & ADDED && !adds))
            continue;
        const struct nn_call c = varied(k, kernels, pool, v);
        float *want = floats(n);
        for (size_t i = 0; i < n; i++)
            want[i] = v & ADDED ? r->y[i] + k->grad_out[i] : r->y[i];
        c.layer->op->forward(&c);
        equal = equal && same(want, c.out.planar ? c.out.data : unblocked(&c.out), n);
    }
    return equal;
}

static bool check_bits(const struct work *k, const struct results *r)
{
    bool equal = true;
    int levels;
    const struct edgel_cpu_row *level = edgel_cpu_levels(&levels);
    for (int i = 0; i < levels; i++) {
        if ((edgel_cpu_flags() & level[i].flags) != level[i].flags)
            continue;
        struct nn_kernels kernels;
        nn_kernels_init(&kernels, level[i].flags);
        for (int p = 0; p < POOLS; p++) {
            const struct results other = run(k, &kernels, pools[p]);
            if (!same_results(k, r, &other) || !same_variants(k, r, &kernels, pools[p])) {
                printf("opcheck: %s: other bits at level %s with %d threads\n", k->text, level[i].name,
                       pool_threads[p]);
                equal = false;
            }
        }
    }
    return equal;
}

/* --- reads --- */

/* Whether column x of the output differs between a and b. */
static bool column_differs(const struct work *k, const double *a, const double *b, int x)
{
    const size_t w = (size_t)k->out.w, lines = batch_of(k, k->out) / w;
    for (size_t i = 0; i < lines; i++)
        if (a[i * w + (size_t)x] != b[i * w + (size_t)x])
            return true;
    return false;
}

static void range_of(const struct work *k, int x, int *lo, int *hi)
{
    *lo = *hi = x;
    if (k->layer.op->reads)
        k->layer.op->reads(&k->layer, lo, hi);
}

/* follows[column * out.w + x]: whether output column x changes when input column `column` is moved. */
static bool *who_follows(const struct work *k)
{
    const struct twin_point p = point_of(k);
    const double *before = run_twin(k, p.x, p.params, NULL);
    const int h = k->in[0].h, w = k->in[0].w;
    bool *follows = take((size_t)w * (size_t)k->out.w, sizeof *follows);
    for (int column = 0; column < w; column++) {
        for (int y = 0; y < h; y++)
            p.x[0][y * w + column] += 10;
        const double *after = run_twin(k, p.x, p.params, NULL);
        for (int y = 0; y < h; y++)
            p.x[0][y * w + column] -= 10;
        for (int x = 0; x < k->out.w; x++)
            follows[column * k->out.w + x] = column_differs(k, before, after, x);
    }
    return follows;
}

/* Whether output x follows no input outside the range that is stated for it, and its ends that are inside; the holes of
 * a dilated kernel leave outputs that follow none at all. */
static bool check_range(const struct work *k, const bool *follows, int x)
{
    int lo, hi, first = -1, last = -1;
    range_of(k, x, &lo, &hi);
    for (int column = 0; column < k->in[0].w; column++)
        if (follows[column * k->out.w + x]) {
            first = first < 0 ? column : first;
            last = column;
        }
    const bool begins = lo < 0 ? first >= lo : first == lo;
    const bool ends = hi >= k->in[0].w ? last <= hi : last == hi;
    if (first < 0 || (begins && ends))
        return true;
    printf("opcheck: %s: output %d is said to read %d..%d and reads %d..%d\n", k->text, x, lo, hi, first,
           last);
    return false;
}

static bool check_reads(const struct work *k)
{
    const bool *follows = who_follows(k);
    bool right = true;
    for (int x = 0; x < k->out.w; x++)
        right = check_range(k, follows, x) && right;
    int lo, hi, far_lo, far_hi;
    range_of(k, 1000, &lo, &hi);
    range_of(k, 1840, &far_lo, &far_hi);
    const double step = k->layer.op->step ? k->layer.op->step(&k->layer) : 1;
    if (far_lo - lo != 840 * step || far_hi - hi != 840 * step) {
        printf("opcheck: %s: step %g, but 840 outputs are %d inputs\n", k->text, step, far_lo - lo);
        right = false;
    }
    return right;
}

/* Twins are slow, and a batch norm in training reads everything. Transposed convolutions whose taps leave gaps read
 * less than the range they state. */
static bool has_range(const struct work *k)
{
    if (strcmp(k->row->op, "conv_transpose") == 0 && (k->layer.dilation > 1 || k->layer.k < k->layer.stride))
        return false;
    return !k->row->activation && k->in[0].h * k->in[0].w < 500 &&
           (strcmp(k->row->op, "batchnorm") != 0 || k->layer.frozen);
}

/* --- perf --- */

static const struct row perf_rows[] = {
    { "conv", "out=16 bias=0", 8, 1, { 16 }, 128, 128, 0, 0, NULL, 0 },
    { "conv", "out=32 bias=0", 8, 1, { 32 }, 128, 128, 0, 0, NULL, 0 },
    { "conv", "out=64 bias=0", 8, 1, { 64 }, 128, 128, 0, 0, NULL, 0 },
    { "conv", "out=16 bias=0", 8, 1, { 16 }, 256, 256, 0, 0, NULL, 0 },
    { "conv", "out=32 bias=0", 8, 1, { 32 }, 256, 256, 0, 0, NULL, 0 },
    { "conv", "out=64 bias=0", 8, 1, { 64 }, 256, 256, 0, 0, NULL, 0 },
    { "conv", "out=64 bias=0", 8, 1, { 64 }, 32, 32, 0, 0, NULL, 0 },
    { "conv", "out=64 bias=0", 8, 1, { 64 }, 16, 16, 0, 0, NULL, 0 },
    { "conv", "out=16 bias=0", 8, 1, { 3 }, 256, 256, 0, 0, NULL, 0 },
    { "conv", "out=2 k=1", 8, 1, { 16 }, 256, 256, 0, 0, NULL, 0 },
    { "conv", "out=32 k=1 bias=0", 8, 1, { 32 }, 128, 128, 0, 0, NULL, 0 },
    { "conv", "out=64 k=1 bias=0", 8, 1, { 128 }, 64, 64, 0, 0, NULL, 0 },
    { "conv", "out=32 groups=32 bias=0", 8, 1, { 32 }, 128, 128, 0, 0, NULL, 0 },
    { "conv", "out=64 groups=64 bias=0", 8, 1, { 64 }, 32, 32, 0, 0, NULL, 0 },
    { "conv", "out=32 stride=2 bias=0", 8, 1, { 32 }, 128, 128, 0, 0, NULL, 0 },
    { "conv", "out=16 dilation=8 bias=0", 8, 1, { 16 }, 128, 128, 0, 0, NULL, 0 },
    { "conv_transpose", "out=32 k=2 stride=2", 8, 1, { 64 }, 64, 64, 0, 0, NULL, 0 },
    { "batchnorm", "", 8, 1, { 32 }, 160, 160, 0, 0, "relu", 0 },
    { "maxpool", "k=2", 8, 1, { 32 }, 160, 160, 0, 0, NULL, 0 },
    { "maxpool", "k=3 stride=2 pad=1", 8, 1, { 32 }, 160, 160, 0, 0, NULL, 0 },
    { "avgpool", "k=2", 8, 1, { 32 }, 160, 160, 0, 0, NULL, 0 },
    { "avgpool", "k=3 stride=2 pad=1", 8, 1, { 32 }, 160, 160, 0, 0, NULL, 0 },
    { "upsample", "factor=2", 8, 1, { 32 }, 80, 80, 0, 0, NULL, 0 },
    { "upsample", "factor=4", 8, 1, { 32 }, 40, 40, 0, 0, NULL, 0 },
    { "concat", "", 8, 2, { 32, 32 }, 160, 160, 0, 0, NULL, 0 },
    { "concat", "", 8, 2, { 24, 24 }, 160, 160, 0, 0, NULL, 0 },
    { "add", "", 8, 2, { 32, 32 }, 160, 160, 0, 0, NULL, 0 },
    { "dropout", "p=0.3", 8, 1, { 32 }, 160, 160, 0, 0, NULL, 0 },
    { "softmax", "", 8, 1, { 12 }, 160, 160, 0, 0, NULL, WIDE },
    { "relu", "", 8, 1, { 32 }, 160, 160, 0, 0, NULL, 0 },
    { "elu", "", 8, 1, { 32 }, 160, 160, 0, 0, NULL, WIDE },
    { "silu", "", 8, 1, { 32 }, 160, 160, 0, 0, NULL, WIDE },
    { "sigmoid", "", 8, 1, { 32 }, 160, 160, 0, 0, NULL, WIDE },
    { "tanh", "", 8, 1, { 32 }, 160, 160, 0, 0, NULL, WIDE },
};

/* Seconds of one call: the best of many within a fraction of a second. */
static double time_of(void (*pass)(const struct nn_call *), const struct nn_call *c)
{
    const double start = edgel_clock();
    double best = INFINITY;
    for (int i = 0; i < 5 || (i < 1000 && edgel_clock() - start < 0.3); i++) {
        const double before = edgel_clock();
        pass(c);
        const double took = edgel_clock() - before;
        best = took < best ? took : best;
    }
    return best;
}

static double gigabytes(const struct work *k, bool backward)
{
    const unsigned flags = k->layer.op->flags;
    double total = 0;
    for (int i = 0; i < k->row->ninputs; i++)
        total += (double)nn_sample_floats(k->in[i]) * (backward && flags & NN_BACKWARD_READS_INPUT ? 2 : 1);
    total += (double)nn_sample_floats(k->out) * (backward && flags & NN_BACKWARD_READS_OUTPUT ? 2 : 1);
    return total * k->row->n * sizeof(float) / 1e9;
}

static void time_row(const struct row *r, const struct nn_kernels *kernels, struct edgel_pool *pool)
{
    struct work k;
    struct results unused;
    prepare(&k, r);
    struct nn_call c = call_of(&k, kernels, pool);
    const double forward = time_of(c.layer->op->forward, &c);
    printf("%-14s %-22s n=%d c=%-3d %4dx%-4d", r->op, r->attrs, r->n, r->c[0], r->w, r->h);
    printf(" %8.3f ms %6.1f GB/s", forward * 1e3, gigabytes(&k, false) / forward);
    const double work = c.layer->op->macs ? 2e-9 * r->n * c.layer->op->macs(&k.layer, k.in, k.out) : 0;
    if (trains(r)) {
        run_backward(&k, &c, &unused);
        const double backward = time_of(c.layer->op->backward, &c);
        printf(" | backward %8.3f ms %6.1f GB/s", backward * 1e3, gigabytes(&k, true) / backward);
        if (work > 0)
            printf(" | %5.1f, %5.1f GFLOP/s", work / forward, 2 * work / backward);
    } else if (work > 0)
        printf(" | %5.1f GFLOP/s", work / forward);
    putchar('\n');
    drop_all();
}

static void copy_part(void *user, int thread, size_t i)
{
    float *const *arrays = user;
    (void)thread;
    memcpy(arrays[0] + (i << 14), arrays[1] + (i << 14), sizeof(float) << 14);
}

static int perf(void)
{
    struct edgel_pool *pool;
    struct nn_kernels kernels;
    const size_t n = 8 * 32 * 160 * 160;
    if (edgel_pool_create(edgel_cpu_count(), &pool, NULL) != EDGEL_OK)
        return 1;
    nn_kernels_init(&kernels, edgel_cpu_flags());
    float *arrays[2] = { floats(n), floats(n) };
    double best = INFINITY;
    for (int i = 0; i < 30; i++) {
        const double before = edgel_clock();
        edgel_pool_run(pool, n >> 14, copy_part, arrays);
        const double took = edgel_clock() - before;
        best = took < best ? took : best;
    }
    printf("%d threads, level %s; a copy of 26 MB: %.1f GB/s, read and written\n", edgel_pool_threads(pool),
           edgel_cpu_level(), 2e-9 * (double)n * sizeof(float) / best);
    drop_all();
    for (size_t i = 0; i < sizeof perf_rows / sizeof *perf_rows; i++)
        time_row(&perf_rows[i], &kernels, pool);
    edgel_pool_destroy(&pool);
    return 0;
}

/* --- the table --- */

enum { COMPARE = 1, GRAD = 2, GOLDEN = 4, BITS = 8, READS = 16, NEEDED = COMPARE | GRAD | GOLDEN };
static const struct {
    const char *name;
    unsigned mode;
} modes[] = {
    { "compare", COMPARE }, { "grad", GRAD }, { "golden", GOLDEN }, { "bits", BITS }, { "reads", READS }
};

static bool failed(double error, double bound)
{
    return !(error <= bound);
}

static void print_error(double e, double bound, double *worst)
{
    if (e < 0)
        printf("  %10s ", "-");
    else
        printf("  %10.1e%c", e, failed(e, bound) ? '!' : ' ');
    *worst = larger_of(*worst, e);
}

static void print_said(bool asked, bool right)
{
    printf("  %-5s", !asked ? "-" : right ? "same" : "NO");
}

static void name_of(const struct row *r, char *out, size_t size)
{
    int at =
        snprintf(out, size, "%s%s%s%s%s%s%s, %dx%d", r->op, r->attrs[0] ? " " : "", r->attrs,
                 r->activation ? " + " : "", r->activation ? r->activation : "",
                 r->flags & INFER ? ", inference" : "", r->flags & FROZEN ? ", frozen" : "", r->n, r->c[0]);
    for (int i = 1; i < r->ninputs; i++)
        at += snprintf(out + at, size - (size_t)at, "+%d", r->c[i]);
    snprintf(out + at, size - (size_t)at, "x%dx%d", r->h, r->w);
}

/* --- what every operator must have --- */

enum part { FORWARD, BACKWARD, ONNX, TWIN, DIFFERENCES, TORCH, PARTS };
static const char *const part_names[PARTS] = { "forward",
                                               "backward",
                                               "form in ONNX",
                                               "twin",
                                               "row that compares its gradient with differences",
                                               "row with values and gradients of PyTorch" };
enum { ALL_PARTS = (1 << PARTS) - 1 };

/* The parts (bits) that the operator itself has. */
static unsigned own_parts(const struct nn_op *op)
{
    return (op->forward ? 1u << FORWARD : 0) | (op->backward ? 1u << BACKWARD : 0) |
           (op->onnx ? 1u << ONNX : 0) | (twin_of(op->name) ? 1u << TWIN : 0);
}

/* Names what is missing; false if anything is. */
static bool is_complete(const char *op, unsigned parts)
{
    for (int i = 0; i < PARTS; i++)
        if (!(parts >> i & 1))
            printf("opcheck: %s has no %s\n", op, part_names[i]);
    return parts == ALL_PARTS;
}

/* Runs row r and prints its line; worst: of the four columns of numbers; adds what the row shows to *parts. */
static bool check_row(const struct row *r, unsigned chosen, FILE *golden, const struct nn_kernels *kernels,
                      double worst[4], unsigned *parts)
{
    struct work k;
    prepare(&k, r);
    unclean = 0;
    const struct results got = run(&k, kernels, pools[0]);
    const double forward = chosen & COMPARE ? compare(&k, &got) : -1;
    const double grad = chosen & GRAD && trains(r) && !(r->flags & TIES) ? check_gradients(&k, &got) : -1;
    struct golden_errors torch = { -1, -1 };
    if (chosen & GOLDEN && golden)
        torch = check_golden(&k, &got, golden);
    const bool bits = !(chosen & BITS) || check_bits(&k, &got);
    const bool range = !(chosen & READS) || !has_range(&k) || check_reads(&k);
    char what[120];
    name_of(r, what, sizeof what);
    printf("%-62s", what);
    print_error(forward, FORWARD_BOUND, &worst[0]);
    print_error(grad, GRAD_BOUND, &worst[1]);
    print_error(torch.forward, FORWARD_BOUND, &worst[2]);
    print_error(torch.backward, GRAD_BOUND, &worst[3]);
    print_said(chosen & BITS, bits);
    print_said(chosen & READS && has_range(&k), range);
    puts(unclean ? "  lanes past the channels are not finite" : "");
    drop_all();
    *parts |= grad >= 0 ? 1u << DIFFERENCES : 0;
    *parts |= torch.forward >= 0 && torch.backward >= 0 && isfinite(torch.forward) ? 1u << TORCH : 0;
    return bits && range && !unclean && !failed(forward, FORWARD_BOUND) && !failed(grad, GRAD_BOUND) &&
           !failed(torch.forward, FORWARD_BOUND) && !failed(torch.backward, GRAD_BOUND);
}

/* Checks the rows of an operator (with `flags` besides their own), adds to *failures, and returns its parts. */
static unsigned check_operator(const struct nn_op *op, unsigned flags, unsigned chosen, FILE *golden,
                               double worst[4], int *failures)
{
    struct nn_kernels kernels;
    unsigned parts = own_parts(op);
    nn_kernels_init(&kernels, edgel_cpu_flags());
    for (int i = 0; i < ROWS; i++) {
        struct row r = rows[i];
        r.flags |= flags;
        if (strcmp(r.op, op->name) == 0)
            *failures += !check_row(&r, chosen, golden, &kernels, worst, &parts);
    }
    return parts;
}

static bool make_pools(void)
{
    for (int p = 0; p < POOLS; p++)
        if (edgel_pool_create(pool_threads[p], &pools[p], NULL) != EDGEL_OK)
            return false;
    return true;
}

/* Each part is taken from relu, which has all of them. */
static int check_parts(FILE *golden)
{
    const struct nn_op whole = *nn_operator("relu");
    FILE *empty = tmpfile();
    double worst[4];
    int failures = 0, row_failures = 0;
    if (!empty || !make_pools())
        return fprintf(stderr, "opcheck: out of memory\n"), 1;
    for (int i = 0; i <= PARTS; i++) { /* the last takes nothing */
        struct nn_op op = whole;
        if (i == FORWARD)
            op.forward = NULL;
        if (i == BACKWARD)
            op.backward = NULL;
        if (i == ONNX)
            op.onnx = NULL;
        if (i == TWIN)
            op.name = "planted";
        const unsigned parts = check_operator(&op, i == DIFFERENCES ? INFER : 0, COMPARE | GRAD | GOLDEN,
                                              i == TORCH ? empty : golden, worst, &row_failures);
        const bool complete = is_complete(i < PARTS ? "planted" : op.name, parts);
        if (i < PARTS ? complete || parts >> i & 1 : !complete) {
            printf("opcheck: %s: not missed\n", i < PARTS ? part_names[i] : "relu is said to miss something");
            failures++;
        }
    }
    for (int p = 0; p < POOLS; p++)
        edgel_pool_destroy(&pools[p]);
    fclose(empty);
    printf("%d parts taken, %d not missed\n", PARTS, failures);
    return failures ? 1 : 0;
}

static int check_all(unsigned chosen, FILE *golden)
{
    double worst[4] = { -1, -1, -1, -1 };
    int failures = 0;
    if (!make_pools())
        return 1;
    printf("largest relative error%22s  %11s  %10s  %11s  %10s  %-5s  %s\n%-44s  %11s  %10s  %11s  %10s\n",
           "", "forward", "gradient", "forward", "gradient", "bits", "reads", "operator", "vs naive",
           "vs differ.", "vs PyTorch", "vs PyTorch");
    for (const struct nn_op *const *op = nn_operators(); *op; op++) {
        const unsigned parts = check_operator(*op, 0, chosen, golden, worst, &failures);
        if (!((*op)->flags & NN_IMAGE) && (chosen & NEEDED) == NEEDED)
            failures += !is_complete((*op)->name, parts);
    }
    for (int p = 0; p < POOLS; p++)
        edgel_pool_destroy(&pools[p]);
    printf("%-62s", "largest of all");
    for (int i = 0; i < 4; i++)
        print_error(worst[i], i % 2 ? GRAD_BOUND : FORWARD_BOUND, &worst[i]);
    printf("\n%d rows, %d fail; bounds %.0e forward, %.0e gradient\n", ROWS, failures, FORWARD_BOUND,
           GRAD_BOUND);
    return failures ? 1 : 0;
}

static int print_rows(void)
{
    for (int i = 0; i < ROWS; i++) {
        struct work k;
        prepare(&k, &rows[i]);
        puts(k.text);
        drop_all();
    }
    return 0;
}

int main(int argc, char **argv)
{
    unsigned chosen = 0;
    bool parts = false;
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        unsigned mode = 0;
        for (size_t m = 0; m < sizeof modes / sizeof *modes; m++)
            mode |= strcmp(argv[i], modes[m].name) == 0 ? modes[m].mode : 0;
        if (strcmp(argv[i], "rows") == 0 && argc == 2)
            return print_rows();
        if (strcmp(argv[i], "perf") == 0 && argc == 2)
            return perf();
        if (strcmp(argv[i], "--golden") == 0 && i + 1 < argc)
            path = argv[++i];
        else if (strcmp(argv[i], "parts") == 0)
            parts = true;
        else if (!mode)
            return fprintf(stderr, "usage: opcheck [compare] [grad] [golden] [bits] [reads] [--golden FILE]\n"
                                   "       opcheck rows | perf | parts --golden FILE\n"),
                   2;
        chosen |= mode;
    }
    chosen = chosen ? chosen : COMPARE | GRAD | GOLDEN | BITS | READS;
    FILE *golden = path ? fopen(path, "r") : NULL;
    if ((chosen & GOLDEN || parts) && !golden)
        return fprintf(stderr, "opcheck: goldens %s: cannot be read\n", path ? path : "(--golden FILE)"), 1;
    const int status = parts ? check_parts(golden) : check_all(chosen, golden);
    if (golden)
        fclose(golden);
    return status;
}
