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

#endif
