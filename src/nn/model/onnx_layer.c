/* The parts that nodes of layers are made of. Values are named like the layers that make them, constants LAYER.ARRAY,
 * and what a layer makes on the way LAYER.PART. */
#include "nn/model/onnx_priv.h"
#include <stdio.h>
#include <string.h>

const char *onnx_input_of(const struct onnx_graph *g, int k)
{
    return g->values[g->layer->input[k]];
}

void onnx_begin(const struct onnx_graph *g, struct onnx_node *n, const char *op)
{
    onnx_node_begin(n, op, g->values[g->at]);
    for (int k = 0; k < g->layer->ninputs; k++)
        onnx_node_input(n, onnx_input_of(g, k));
}

/* The arrays of the layer as constants, and inputs of the node, in the order of names; absent ones are left out. */
void onnx_add_arrays(struct onnx_graph *g, struct onnx_node *n, const char *const *names)
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

void onnx_square(struct onnx_node *n, const char *name, int v)
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
    char shape[ONNX_NAME_MAX], size[ONNX_NAME_MAX];
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
void onnx_begin_cut(const struct onnx_graph *g, struct onnx_node *n, const char *op,
                    char whole[ONNX_NAME_MAX])
{
    if (g->layer->like >= 0)
        snprintf(whole, ONNX_NAME_MAX, "%s.whole", g->layer->name);
    else
        memcpy(whole, g->values[g->at], ONNX_NAME_MAX);
    onnx_node_begin(n, op, whole);
    onnx_node_input(n, onnx_input_of(g, 0));
}

void onnx_end_cut(struct onnx_graph *g, struct onnx_node *n, const char *whole)
{
    onnx_node_end(n, &g->bytes);
    if (g->layer->like >= 0)
        cut(g, whole, g->layer->like);
}

void onnx_window(const struct nn_layer *l, struct onnx_node *n, int pad)
{
    onnx_square(n, "kernel_shape", l->k);
    onnx_square(n, "strides", l->stride);
    pads(n, pad);
}

void onnx_plain(struct onnx_graph *g, const char *op)
{
    struct onnx_node n;
    onnx_begin(g, &n, op);
    onnx_node_end(&n, &g->bytes);
}

void onnx_pass(struct onnx_graph *g)
{
    memcpy(g->values[g->at], onnx_input_of(g, 0), ONNX_NAME_MAX);
}

void onnx_part_name(const struct onnx_graph *g, const char *part, char name[ONNX_NAME_MAX])
{
    snprintf(name, ONNX_NAME_MAX, "%s.%s", g->layer->name, part);
}

void onnx_part_begin(const struct onnx_graph *g, struct onnx_node *n, const char *op, const char *part,
                     char name[ONNX_NAME_MAX])
{
    onnx_part_name(g, part, name);
    onnx_node_begin(n, op, name);
}

void onnx_part_scalar(struct onnx_graph *g, struct onnx_node *n, const char *part, float v)
{
    char name[ONNX_NAME_MAX];
    onnx_part_name(g, part, name);
    onnx_floats(&g->bytes, name, NULL, 0, &v);
    onnx_node_input(n, name);
}
