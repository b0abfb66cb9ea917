/*
 * Models as ONNX graphs, operator set 13, IR version 8. Input "image", float [N][C][H][W], values 0..1, sides free; the
 * normalisation is part of the graph. Output "probabilities" (or "logits") [N][K][H][W]. Values are named like the
 * layers that make them, layer.NAME where the graph has that name itself, constants LAYER.ARRAY; names of layers have
 * no dot.
 *
 * Operators: conv Conv, conv_transpose ConvTranspose, batchnorm BatchNormalization, maxpool MaxPool, avgpool
 * AveragePool, upsample Resize (linear, half pixels), concat Concat, add Sum, softmax and activations those of their
 * names (silu: x Sigmoid(x)); dropout is left out. What has the size of another layer (like=) is made larger and cut
 * with Slice.
 * Source: https://onnx.ai/onnx/operators/
 */
#include "nn/kernels/conv_priv.h"
#include "nn/model/onnx_priv.h"
#include <stdio.h>
#include <string.h>

enum { OPSET = 13, IR_VERSION = 8, VALUE_NAME_MAX = NN_NAME_MAX + 20 };

struct onnx_graph {
    const struct nn_network *net;
    const float *params, *buffers;
    struct edgel_text bytes;
    char (*values)[VALUE_NAME_MAX]; /* name of the value that a layer makes */
    const struct nn_layer *layer;   /* that is being written */
    int at;                         /* its index */
    bool cuts;                      /* the constants of cut() are there */
};

static const char *input_of(const struct onnx_graph *g, int k)
{
    return g->values[g->layer->input[k]];
}

static void begin(const struct onnx_graph *g, struct onnx_node *n, const char *op)
{
    onnx_node_begin(n, op, g->values[g->at]);
    for (int k = 0; k < g->layer->ninputs; k++)
        onnx_node_input(n, input_of(g, k));
}

/* The arrays of the layer as constants, and inputs of the node, in the order of names; absent ones are left out. */
static void add_arrays(struct onnx_graph *g, struct onnx_node *n, const char *const *names)
{
    struct nn_array a[NN_ARRAYS_MAX];
    const int count = g->layer->op->arrays ? g->layer->op->arrays(g->layer, a) : 0;
    for (; *names; names++)
        for (int i = 0; i < count; i++) {
            char name[2 * NN_NAME_MAX];
            int64_t dims[4];
            if (strcmp(a[i].name, *names) != 0)
                continue;
            for (int d = 0; d < a[i].ndims; d++)
                dims[d] = a[i].dims[d];
            snprintf(name, sizeof name, "%s.%s", g->layer->name, a[i].name);
            onnx_floats(&g->bytes, name, dims, (size_t)a[i].ndims,
                        (a[i].buffer ? g->buffers + g->layer->buffers_at : g->params + g->layer->params_at) +
                            a[i].at);
            onnx_node_input(n, name);
        }
}

static void square(struct onnx_node *n, const char *name, int v)
{
    const int64_t pair[] = { v, v };
    onnx_node_ints(n, name, pair, 2);
}

static void pads(struct onnx_node *n, int pad)
{
    const int64_t v[] = { pad, pad, pad, pad };
    onnx_node_ints(n, "pads", v, 4);
}

/* Cuts value `from` to the height and width of layer `like`: the value of the layer. */
static void cut(struct onnx_graph *g, const char *from, int like)
{
    static const int64_t none[] = { 0, 0 }, sides[] = { 2, 3 }, two[] = { 2 }, four[] = { 4 }, zero[] = { 0 };
    char shape[VALUE_NAME_MAX], size[VALUE_NAME_MAX];
    struct onnx_node n;
    if (!g->cuts) {
        g->cuts = true;
        onnx_ints(&g->bytes, "edgel.none", none, 2);
        onnx_ints(&g->bytes, "edgel.sides", sides, 2);
        onnx_ints(&g->bytes, "edgel.two", two, 1);
        onnx_ints(&g->bytes, "edgel.four", four, 1);
        onnx_ints(&g->bytes, "edgel.zero", zero, 1);
    }
    snprintf(shape, sizeof shape, "%s.shape", g->layer->name);
    snprintf(size, sizeof size, "%s.size", g->layer->name);
    onnx_node_begin(&n, "Shape", shape);
    onnx_node_input(&n, g->values[like]);
    onnx_node_end(&n, &g->bytes);
    onnx_node_begin(&n, "Slice", size);
    onnx_node_input(&n, shape);
    onnx_node_input(&n, "edgel.two");
    onnx_node_input(&n, "edgel.four");
    onnx_node_input(&n, "edgel.zero");
    onnx_node_end(&n, &g->bytes);
    onnx_node_begin(&n, "Slice", g->values[g->at]);
    onnx_node_input(&n, from);
    onnx_node_input(&n, "edgel.none");
    onnx_node_input(&n, size);
    onnx_node_input(&n, "edgel.sides");
    onnx_node_end(&n, &g->bytes);
}

/* A node whose output is cut to `like`, or is that of the layer when there is none. */
static void begin_cut(const struct onnx_graph *g, struct onnx_node *n, const char *op,
                      char whole[VALUE_NAME_MAX])
{
    if (g->layer->like >= 0)
        snprintf(whole, VALUE_NAME_MAX, "%s.whole", g->layer->name);
    else
        memcpy(whole, g->values[g->at], VALUE_NAME_MAX);
    onnx_node_begin(n, op, whole);
    onnx_node_input(n, input_of(g, 0));
}

static void end_cut(struct onnx_graph *g, struct onnx_node *n, const char *whole)
{
    onnx_node_end(n, &g->bytes);
    if (g->layer->like >= 0)
        cut(g, whole, g->layer->like);
}

/* --- operators --- */

static const char *const conv_arrays[] = { "weight", "bias", NULL };
static const char *const norm_arrays[] = { "weight", "bias", "running_mean", "running_var", NULL };

/* What makes the one size of a transposed convolution that its layer names: there is one size of input that leads to
 * it. */
static int output_padding(const struct nn_layer *l, int size)
{
    const int pad = conv_pad(l), in = edgel_conv_out_size(size, l->k, l->stride, pad, l->dilation);
    return size - edgel_conv_transpose_out_size(in, l->k, l->stride, pad, l->dilation, 0);
}

static void window(const struct nn_layer *l, struct onnx_node *n, int pad)
{
    square(n, "kernel_shape", l->k);
    square(n, "strides", l->stride);
    pads(n, pad);
}

static void write_conv(struct onnx_graph *g)
{
    struct onnx_node n;
    begin(g, &n, "Conv");
    add_arrays(g, &n, conv_arrays);
    window(g->layer, &n, conv_pad(g->layer));
    square(&n, "dilations", g->layer->dilation);
    onnx_node_int(&n, "group", g->layer->groups);
    onnx_node_end(&n, &g->bytes);
}

static void write_conv_transpose(struct onnx_graph *g)
{
    struct onnx_node n;
    char whole[VALUE_NAME_MAX];
    const struct nn_layer *l = g->layer;
    begin_cut(g, &n, "ConvTranspose", whole);
    add_arrays(g, &n, conv_arrays);
    window(l, &n, conv_pad(l));
    square(&n, "dilations", l->dilation);
    onnx_node_int(&n, "group", l->groups);
    if (l->size_h > 0) {
        const int64_t more[] = { output_padding(l, l->size_h), output_padding(l, l->size_w) };
        onnx_node_ints(&n, "output_padding", more, 2);
    } else {
        square(&n, "output_padding", l->like >= 0 ? l->stride - 1 : l->output_pad);
    }
    end_cut(g, &n, whole);
}

static void write_norm(struct onnx_graph *g)
{
    struct onnx_node n;
    begin(g, &n, "BatchNormalization");
    add_arrays(g, &n, norm_arrays);
    onnx_node_real(&n, "epsilon", (float)g->layer->eps);
    onnx_node_end(&n, &g->bytes);
}

static void write_pool(struct onnx_graph *g)
{
    const bool mean = g->layer->op == &nn_op_avgpool;
    struct onnx_node n;
    begin(g, &n, mean ? "AveragePool" : "MaxPool");
    window(g->layer, &n, g->layer->pad);
    onnx_node_int(&n, "ceil_mode", g->layer->ceil);
    if (mean)
        onnx_node_int(&n, "count_include_pad", 1);
    onnx_node_end(&n, &g->bytes);
}

static void write_upsample(struct onnx_graph *g)
{
    const float f = (float)g->layer->factor, scales[] = { 1, 1, f, f };
    const int64_t four[] = { 4 };
    char whole[VALUE_NAME_MAX], name[VALUE_NAME_MAX];
    struct onnx_node n;
    snprintf(name, sizeof name, "%s.scales", g->layer->name);
    onnx_floats(&g->bytes, name, four, 1, scales);
    begin_cut(g, &n, "Resize", whole);
    onnx_node_input(&n, "");
    onnx_node_input(&n, name);
    onnx_node_text(&n, "mode", "linear");
    onnx_node_text(&n, "coordinate_transformation_mode", "half_pixel");
    end_cut(g, &n, whole);
}

static void write_concat(struct onnx_graph *g)
{
    struct onnx_node n;
    begin(g, &n, "Concat");
    onnx_node_int(&n, "axis", 1);
    onnx_node_end(&n, &g->bytes);
}

static void write_add(struct onnx_graph *g)
{
    struct onnx_node n;
    begin(g, &n, "Sum");
    onnx_node_end(&n, &g->bytes);
}

static void write_softmax(struct onnx_graph *g)
{
    struct onnx_node n;
    begin(g, &n, "Softmax");
    onnx_node_int(&n, "axis", 1);
    onnx_node_end(&n, &g->bytes);
}

static void write_silu(struct onnx_graph *g)
{
    char gate[VALUE_NAME_MAX];
    struct onnx_node n;
    snprintf(gate, sizeof gate, "%s.gate", g->layer->name);
    onnx_node_begin(&n, "Sigmoid", gate);
    onnx_node_input(&n, input_of(g, 0));
    onnx_node_end(&n, &g->bytes);
    begin(g, &n, "Mul");
    onnx_node_input(&n, gate);
    onnx_node_end(&n, &g->bytes);
}

/* Sigmoid, Tanh, Relu, and those with a slope. */
static void write_activation(struct onnx_graph *g)
{
    const struct nn_op *op = g->layer->op;
    struct onnx_node n;
    begin(g, &n,
          op == &nn_op_sigmoid      ? "Sigmoid"
          : op == &nn_op_tanh       ? "Tanh"
          : op == &nn_op_relu       ? "Relu"
          : op == &nn_op_leaky_relu ? "LeakyRelu"
                                    : "Elu");
    if (op == &nn_op_leaky_relu || op == &nn_op_elu)
        onnx_node_real(&n, "alpha", (float)g->layer->slope);
    onnx_node_end(&n, &g->bytes);
}

/* The value of its input under its own name. */
static void write_nothing(struct onnx_graph *g)
{
    memcpy(g->values[g->at], input_of(g, 0), VALUE_NAME_MAX);
}

static const struct {
    const struct nn_op *op;
    void (*write)(struct onnx_graph *g);
} writers[] = {
    { &nn_op_conv, write_conv },          { &nn_op_conv_transpose, write_conv_transpose },
    { &nn_op_batchnorm, write_norm },     { &nn_op_maxpool, write_pool },
    { &nn_op_avgpool, write_pool },       { &nn_op_upsample, write_upsample },
    { &nn_op_concat, write_concat },      { &nn_op_add, write_add },
    { &nn_op_dropout, write_nothing },    { &nn_op_softmax, write_softmax },
    { &nn_op_sigmoid, write_activation }, { &nn_op_tanh, write_activation },
    { &nn_op_relu, write_activation },    { &nn_op_leaky_relu, write_activation },
    { &nn_op_elu, write_activation },     { &nn_op_silu, write_silu },
};

static enum edgel_status write_layer(struct onnx_graph *g, int at, struct edgel_error *err)
{
    g->at = at;
    g->layer = &g->net->layers[at];
    const bool taken = strcmp(g->layer->name, "image") == 0 || strcmp(g->layer->name, "logits") == 0 ||
                       strcmp(g->layer->name, "probabilities") == 0;
    snprintf(g->values[at], VALUE_NAME_MAX, "%s%s", taken ? "layer." : "", g->layer->name);
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        if (writers[i].op == g->layer->op) {
            writers[i].write(g);
            return EDGEL_OK;
        }
    return edgel_fail(err, EDGEL_EUNSUPPORTED, "layer %s: %s has no form in ONNX", g->layer->name,
                      g->layer->op->name);
}

/* --- the model --- */

/* (image - mean) / deviation under the name of the input layer. */
static void write_normalisation(struct onnx_graph *g, const struct edgel_model *m, float *v)
{
    const int n = m->net.in_channels;
    const int64_t dims[] = { n, 1, 1 };
    struct onnx_node node;
    for (int c = 0; c < n; c++)
        v[c] = (float)m->mean[c];
    onnx_floats(&g->bytes, "edgel.mean", dims, 3, v);
    for (int c = 0; c < n; c++)
        v[c] = (float)m->deviation[c];
    onnx_floats(&g->bytes, "edgel.deviation", dims, 3, v);
    onnx_node_begin(&node, "Sub", "edgel.centred");
    onnx_node_input(&node, "image");
    onnx_node_input(&node, "edgel.mean");
    onnx_node_end(&node, &g->bytes);
    onnx_node_begin(&node, "Div", "input");
    onnx_node_input(&node, "edgel.centred");
    onnx_node_input(&node, "edgel.deviation");
    onnx_node_end(&node, &g->bytes);
    snprintf(g->values[0], VALUE_NAME_MAX, "input");
}

static void write_head(struct onnx_graph *g, bool logits)
{
    const int classes = g->net->classes;
    struct onnx_node n;
    onnx_node_begin(&n,
                    logits         ? "Identity"
                    : classes == 1 ? "Sigmoid"
                                   : "Softmax",
                    logits ? "logits" : "probabilities");
    onnx_node_input(&n, g->values[g->net->nlayers - 1]);
    if (!logits && classes > 1)
        onnx_node_int(&n, "axis", 1);
    onnx_node_end(&n, &g->bytes);
    onnx_value(&g->bytes, 11, "image", g->net->in_channels);
    onnx_value(&g->bytes, 12, logits ? "logits" : "probabilities", classes);
}

static void add_note(struct edgel_text *model, const char *key, const char *value)
{
    struct edgel_text entry = { 0 };
    onnx_string(&entry, 1, key);
    onnx_string(&entry, 2, value);
    onnx_message(model, 14, &entry);
}

/* Classes as lines "ID NAME", and what the labels are: metadata_props. */
static void add_notes(struct edgel_text *model, const struct edgel_model *m)
{
    struct edgel_text classes = { 0 }, threshold = { 0 };
    for (int k = 0; k < m->net.classes; k++)
        edgel_text_printf(&classes, "%d %s\n", m->classes[k].id, m->classes[k].name);
    edgel_text_real(&threshold, m->threshold);
    model->failed |= classes.failed || threshold.failed;
    add_note(model, "classes", classes.failed ? "" : classes.s);
    add_note(model, "labels", edgel_model_labels_name(m->labels));
    add_note(model, "threshold", threshold.failed ? "" : threshold.s);
    edgel_text_finish(&classes);
    edgel_text_finish(&threshold);
}

static void write_model(const struct edgel_model *m, struct edgel_text *graph, struct edgel_text *out)
{
    struct edgel_text opset = { 0 };
    onnx_int(out, 1, IR_VERSION);
    onnx_string(out, 2, "edgel");
    onnx_string(out, 3, edgel_version());
    onnx_message(out, 7, graph);
    onnx_string(&opset, 1, "");
    onnx_int(&opset, 2, OPSET);
    onnx_message(out, 8, &opset);
    add_notes(out, m);
}

static enum edgel_status write_graph(struct onnx_graph *g, const struct edgel_model *m, bool logits,
                                     struct edgel_error *err)
{
    g->values = edgel_calloc((size_t)g->net->nlayers, sizeof *g->values);
    float *v = edgel_alloc((size_t)m->net.in_channels, sizeof *v);
    enum edgel_status s = g->values && v ? EDGEL_OK : edgel_fail(err, EDGEL_ENOMEM, "ONNX: out of memory");
    if (s == EDGEL_OK) {
        onnx_string(&g->bytes, 2, "edgel");
        write_normalisation(g, m, v);
    }
    for (int l = 1; l < g->net->nlayers && s == EDGEL_OK; l++)
        s = write_layer(g, l, err);
    if (s == EDGEL_OK)
        write_head(g, logits);
    edgel_free(g->values);
    edgel_free(v);
    return s;
}

static enum edgel_status write_all(const struct edgel_model *m, const struct edgel_onnx_params *params,
                                   struct edgel_text *out, struct edgel_error *err)
{
    struct nn_network folded = { 0 };
    float *p = NULL, *b = NULL;
    if (!params->unfolded)
        EDGEL_TRY(nn_fold(m, &folded, &p, &b, err));
    struct onnx_graph g = { .net = params->unfolded ? &m->net : &folded,
                            .params = params->unfolded ? m->params : p,
                            .buffers = params->unfolded ? m->buffers : b };
    enum edgel_status s = write_graph(&g, m, params->logits, err);
    if (s == EDGEL_OK)
        write_model(m, &g.bytes, out);
    edgel_text_finish(&g.bytes);
    nn_network_finish(&folded);
    edgel_free(p);
    edgel_free(b);
    if (s == EDGEL_OK && out->failed)
        s = edgel_fail(err, EDGEL_ENOMEM, "ONNX: out of memory");
    return s;
}

enum edgel_status edgel_model_onnx(const struct edgel_model *m, const struct edgel_onnx_params *params,
                                   unsigned char **bytes, size_t *size, struct edgel_error *err)
{
    struct edgel_text out = { 0 };
    *bytes = NULL;
    *size = 0;
    enum edgel_status s = write_all(m, params, &out, err);
    if (s != EDGEL_OK) {
        edgel_text_finish(&out);
        return s;
    }
    *bytes = (unsigned char *)out.s;
    *size = out.len;
    return EDGEL_OK;
}
