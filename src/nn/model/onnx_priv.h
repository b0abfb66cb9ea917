/* onnx_priv.h: messages of the ONNX format, written without a library. */
#ifndef EDGEL_ONNX_PRIV_H
#define EDGEL_ONNX_PRIV_H

#include "nn/nn_priv.h"

/* Fields of a protobuf message, added to its bytes. */
void onnx_int(struct edgel_text *m, int field, int64_t v);
void onnx_string(struct edgel_text *m, int field, const char *s);
/* Adds a message and empties it. */
void onnx_message(struct edgel_text *m, int field, struct edgel_text *inner);

/* One node; attributes are added between begin and end. */
struct onnx_node {
    struct edgel_text bytes;
};
void onnx_node_begin(struct onnx_node *n, const char *op, const char *output);
void onnx_node_input(struct onnx_node *n, const char *name); /* "" leaves an optional one out */
void onnx_node_int(struct onnx_node *n, const char *name, int64_t v);
void onnx_node_ints(struct onnx_node *n, const char *name, const int64_t *v, size_t count);
void onnx_node_real(struct onnx_node *n, const char *name, float v);
void onnx_node_text(struct onnx_node *n, const char *name, const char *v);
/* Adds the node to a graph. */
void onnx_node_end(struct onnx_node *n, struct edgel_text *graph);

/* Constant tensors of a graph. */
void onnx_floats(struct edgel_text *graph, const char *name, const int64_t *dims, size_t ndims,
                 const float *v);
void onnx_ints(struct edgel_text *graph, const char *name, const int64_t *v, size_t count);
/* An input (field 11) or output (12) of a graph: float[N][channels][H][W]. */
void onnx_value(struct edgel_text *graph, int field, const char *name, int channels);

/* --- onnx_layer.c: layers as nodes, for the rows of operators --- */
enum { ONNX_NAME_MAX = NN_NAME_MAX + 20 };

struct onnx_graph {
    const struct nn_network *net;
    const float *params, *buffers;
    struct edgel_text bytes;
    char (*values)[ONNX_NAME_MAX]; /* name of the value that a layer makes */
    const struct nn_layer *layer;  /* that is being written */
    int at;                        /* its index */
    bool cuts;                     /* the constants that cutting needs are there */
};

const char *onnx_input_of(const struct onnx_graph *g, int k);
/* A node that makes the layer's value of all its inputs; the caller adds the rest and ends it. */
void onnx_begin(const struct onnx_graph *g, struct onnx_node *n, const char *op);
/* The whole layer as such a node. */
void onnx_plain(struct onnx_graph *g, const char *op);
/* The layer does nothing: its value is that of its input. */
void onnx_pass(struct onnx_graph *g);
/* Arrays of the layer as constants, and inputs of the node, in the order of names (NULL at the end); absent ones are
 * left out. */
void onnx_add_arrays(struct onnx_graph *g, struct onnx_node *n, const char *const *names);
void onnx_square(struct onnx_node *n, const char *name, int v); /* an attribute { v, v } */
void onnx_window(const struct nn_layer *l, struct onnx_node *n, int pad);
/* A node whose output is cut to the size of layer like, or is that of the layer when there is none. */
void onnx_begin_cut(const struct onnx_graph *g, struct onnx_node *n, const char *op,
                    char whole[ONNX_NAME_MAX]);
void onnx_end_cut(struct onnx_graph *g, struct onnx_node *n, const char *whole);
/* LAYER.PART, and a node that makes this value. */
void onnx_part_name(const struct onnx_graph *g, const char *part, char name[ONNX_NAME_MAX]);
void onnx_part_begin(const struct onnx_graph *g, struct onnx_node *n, const char *op, const char *part,
                     char name[ONNX_NAME_MAX]);
/* LAYER.PART = v, an input of the node. */
void onnx_part_scalar(struct onnx_graph *g, struct onnx_node *n, const char *part, float v);

#endif
