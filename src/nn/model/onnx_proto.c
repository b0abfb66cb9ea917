/*
 * Bytes of ONNX messages. A protobuf field is a varint (number << 3 | type) and its value: type 0 a varint, 2 a length
 * and bytes, 5 four bytes. Numbers of the fields used here, by message:
 *     Node input=1 output=2 name=3 op_type=4 attribute=5; Attribute name=1 f=2 i=3 s=4 floats=7 ints=8 type=20;
 *     Tensor dims=1 data_type=2 name=8 raw_data=9; Graph node=1 name=2 initializer=5 input=11 output=12;
 *     ValueInfo name=1 type=2; Type tensor_type=1; TensorType elem_type=1 shape=2; Shape dim=1; Dim value=1 param=2.
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
#include "nn/model/onnx_priv.h"
#include <string.h>

enum { VARINT = 0, BYTES = 2, FOUR = 5 };
enum { ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT = 2, ATTRIBUTE_STRING = 3, ATTRIBUTE_INTS = 7 };
enum { TENSOR_FLOAT = 1, TENSOR_INT64 = 7 };

static void add_varint(struct edgel_text *m, uint64_t v)
{
    char bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (char)(v | 0x80);
    bytes[n++] = (char)v;
    edgel_text_add(m, bytes, n);
}

static void add_bytes(struct edgel_text *m, int field, const char *bytes, size_t n)
{
    add_varint(m, (uint64_t)field << 3 | BYTES);
    add_varint(m, n);
    edgel_text_add(m, bytes, n);
}

void onnx_int(struct edgel_text *m, int field, int64_t v)
{
    add_varint(m, (uint64_t)field << 3 | VARINT);
    add_varint(m, (uint64_t)v);
}

void onnx_string(struct edgel_text *m, int field, const char *s)
{
    add_bytes(m, field, s, strlen(s));
}

void onnx_message(struct edgel_text *m, int field, struct edgel_text *inner)
{
    m->failed |= inner->failed;
    add_bytes(m, field, inner->s ? inner->s : "", inner->len);
    edgel_text_finish(inner);
}

static void little_endian(char *to, uint64_t v, int bytes)
{
    for (int k = 0; k < bytes; k++)
        to[k] = (char)(v >> 8 * k);
}

static void add_float(struct edgel_text *m, float v)
{
    uint32_t bits;
    char bytes[4];
    memcpy(&bits, &v, sizeof bits);
    little_endian(bytes, bits, 4);
    edgel_text_add(m, bytes, 4);
}

/* --- nodes --- */

void onnx_node_begin(struct onnx_node *n, const char *op, const char *output)
{
    *n = (struct onnx_node){ { 0 } };
    onnx_string(&n->bytes, 2, output);
    onnx_string(&n->bytes, 3, output);
    onnx_string(&n->bytes, 4, op);
}

void onnx_node_input(struct onnx_node *n, const char *name)
{
    onnx_string(&n->bytes, 1, name);
}

static void end_attribute(struct onnx_node *n, struct edgel_text *a, const char *name, int type)
{
    onnx_string(a, 1, name);
    onnx_int(a, 20, type);
    onnx_message(&n->bytes, 5, a);
}

void onnx_node_int(struct onnx_node *n, const char *name, int64_t v)
{
    struct edgel_text a = { 0 };
    onnx_int(&a, 3, v);
    end_attribute(n, &a, name, ATTRIBUTE_INT);
}

void onnx_node_ints(struct onnx_node *n, const char *name, const int64_t *v, size_t count)
{
    struct edgel_text a = { 0 };
    for (size_t i = 0; i < count; i++)
        onnx_int(&a, 8, v[i]);
    end_attribute(n, &a, name, ATTRIBUTE_INTS);
}

void onnx_node_real(struct onnx_node *n, const char *name, float v)
{
    struct edgel_text a = { 0 };
    add_varint(&a, 2 << 3 | FOUR);
    add_float(&a, v);
    end_attribute(n, &a, name, ATTRIBUTE_FLOAT);
}

void onnx_node_text(struct onnx_node *n, const char *name, const char *v)
{
    struct edgel_text a = { 0 };
    onnx_string(&a, 4, v);
    end_attribute(n, &a, name, ATTRIBUTE_STRING);
}

void onnx_node_end(struct onnx_node *n, struct edgel_text *graph)
{
    onnx_message(graph, 1, &n->bytes);
}

/* --- tensors --- */

void onnx_floats(struct edgel_text *graph, const char *name, const int64_t *dims, size_t ndims,
                 const float *v)
{
    struct edgel_text t = { 0 };
    size_t n = 1;
    for (size_t i = 0; i < ndims; i++) {
        onnx_int(&t, 1, dims[i]);
        n *= (size_t)dims[i];
    }
    onnx_int(&t, 2, TENSOR_FLOAT);
    onnx_string(&t, 8, name);
    add_varint(&t, 9 << 3 | BYTES);
    add_varint(&t, 4 * n);
    for (size_t i = 0; i < n; i++)
        add_float(&t, v[i]);
    onnx_message(graph, 5, &t);
}

void onnx_ints(struct edgel_text *graph, const char *name, const int64_t *v, size_t count)
{
    struct edgel_text t = { 0 };
    onnx_int(&t, 1, (int64_t)count);
    onnx_int(&t, 2, TENSOR_INT64);
    onnx_string(&t, 8, name);
    add_varint(&t, 9 << 3 | BYTES);
    add_varint(&t, 8 * count);
    for (size_t i = 0; i < count; i++) {
        char bytes[8];
        little_endian(bytes, (uint64_t)v[i], 8);
        edgel_text_add(&t, bytes, 8);
    }
    onnx_message(graph, 5, &t);
}

void onnx_value(struct edgel_text *graph, int field, const char *name, int channels)
{
    static const char *const sides[] = { "N", NULL, "H", "W" };
    struct edgel_text shape = { 0 }, tensor = { 0 }, type = { 0 }, value = { 0 };
    for (int i = 0; i < 4; i++) {
        struct edgel_text dim = { 0 };
        if (sides[i])
            onnx_string(&dim, 2, sides[i]);
        else
            onnx_int(&dim, 1, channels);
        onnx_message(&shape, 1, &dim);
    }
    onnx_int(&tensor, 1, TENSOR_FLOAT);
    onnx_message(&tensor, 2, &shape);
    onnx_message(&type, 1, &tensor);
    onnx_string(&value, 1, name);
    onnx_message(&value, 2, &type);
    onnx_message(graph, field, &value);
}
