/*
 * Models as ONNX graphs, operator set 13, IR version 8. Input "image", float [N][C][H][W], values 0..1, sides free; the
 * normalisation is part of the graph. Output "probabilities" (or "logits") [N][K][H][W]. Values are named like the
 * layers that make them, layer.NAME where the graph has that name itself, constants LAYER.ARRAY; names of layers have
 * no dot.
 *
 * What a layer becomes is in the row of its operator (onnx); dropout is left out. What has the size of another layer
 * (like=) is made larger and cut with Slice.
 * Source: https://onnx.ai/onnx/operators/
 */
#include "nn/model/onnx_priv.h"
#include <stdio.h>
#include <string.h>

enum { OPSET = 13, IR_VERSION = 8 };

static enum edgel_status write_layer(struct onnx_graph *g, int at, struct edgel_error *err)
{
    g->at = at;
    g->layer = &g->net->layers[at];
    const bool taken = strcmp(g->layer->name, "image") == 0 || strcmp(g->layer->name, "logits") == 0 ||
                       strcmp(g->layer->name, "probabilities") == 0;
    snprintf(g->values[at], ONNX_NAME_MAX, "%s%s", taken ? "layer." : "", g->layer->name);
    if (!g->layer->op->onnx)
        return edgel_fail(err, EDGEL_EUNSUPPORTED, "layer %s: %s has no form in ONNX", g->layer->name,
                          g->layer->op->name);
    g->layer->op->onnx(g);
    return EDGEL_OK;
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
    snprintf(g->values[0], ONNX_NAME_MAX, "input");
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

void edgel_onnx_params_init(struct edgel_onnx_params *params)
{
    *params = (struct edgel_onnx_params){ 0 };
}

enum edgel_status edgel_model_onnx(const struct edgel_model *m, const struct edgel_onnx_params *params,
                                   unsigned char **bytes, size_t *size, struct edgel_error *err)
{
    EDGEL_REQUIRE(bytes);
    EDGEL_REQUIRE(size);
    *bytes = NULL;
    *size = 0;
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(params);
    struct edgel_text out = { 0 };
    enum edgel_status s = write_all(m, params, &out, err);
    if (s != EDGEL_OK) {
        edgel_text_finish(&out);
        return s;
    }
    *bytes = (unsigned char *)out.s;
    *size = out.len;
    return EDGEL_OK;
}
