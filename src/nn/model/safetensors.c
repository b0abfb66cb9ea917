/*
 * The safetensors format: a little-endian u64 with the length of the header, the header (a JSON object, padded with
 * spaces), and one buffer. A member of the header is a tensor:
 *
 *     "conv1.weight": {"dtype": "F32", "shape": [16, 3, 3, 3], "data_offsets": [0, 1728]}
 *
 * with offsets into the buffer; "__metadata__" maps strings to strings.
 *
 * A file is refused unless every byte of it has one meaning: the header has at most NN_HEADER_MAX_BYTES, no key comes
 * twice, a tensor has these three members and no others, its dtype is known, end - begin is the product of the shape
 * times the size of the type (no overflow), and the tensors in order of begin lie end to end and fill the buffer.
 * The writer pads the header so that the buffer starts at a multiple of 64, and puts a hash of the contents at the end
 * of the metadata.
 *
 * Source: https://github.com/huggingface/safetensors
 */
#include "nn/nn_priv.h"
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, ALIGNMENT = 64 };

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    { "F32", 4 },     { "BOOL", 1 }, { "U8", 1 },  { "I8", 1 },  { "F8_E4M3", 1 },
    { "F8_E5M2", 1 }, { "I16", 2 },  { "U16", 2 }, { "F16", 2 }, { "BF16", 2 },
    { "I32", 4 },     { "U32", 4 },  { "I64", 8 }, { "U64", 8 }, { "F64", 8 },
};

static uint64_t read_u64(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

/* --- reading --- */

struct reading {
    const unsigned char *buffer; /* what offsets are relative to */
    size_t size;
    const char *file; /* its name */
    struct edgel_error *err;
};

/* A whole number 0..max. */
static bool whole(const struct edgel_json *v, size_t max, size_t *out)
{
    int64_t i;
    if (!edgel_json_int(v, &i) || i < 0 || (uint64_t)i > max)
        return false;
    *out = (size_t)i;
    return true;
}

static enum edgel_status read_type(const struct reading *r, const struct edgel_json *v, struct nn_stored *t,
                                   size_t *type_bytes)
{
    char *name = edgel_json_strdup(v);
    *type_bytes = 0;
    if (!name && edgel_json_is_string(v))
        return edgel_fail(r->err, EDGEL_ENOMEM, "%s: out of memory", r->file);
    for (size_t i = 0; name && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            *type_bytes = types[i].bytes;
    t->f32 = name && strcmp(name, "F32") == 0;
    edgel_free(name);
    if (*type_bytes == 0)
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: tensor %.100s: no known dtype", r->file, t->name);
    return EDGEL_OK;
}

/* Reads the shape; *bytes = product of the sides times the bytes of a value. */
static enum edgel_status read_shape(const struct reading *r, const struct edgel_json *shape,
                                    struct nn_stored *t, size_t *bytes)
{
    const size_t n = edgel_json_count(shape);
    if (!edgel_json_is_array(shape) || n > NN_TENSOR_DIMS_MAX)
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: tensor %.100s: shape must have at most %d sides",
                          r->file, t->name, NN_TENSOR_DIMS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!whole(edgel_json_at(shape, i), SIZE_MAX / 2, &t->dims[i]) ||
            (t->dims[i] && *bytes > SIZE_MAX / t->dims[i]))
            return edgel_fail(r->err, EDGEL_EFORMAT, "%s: tensor %.100s: a shape that no file can hold",
                              r->file, t->name);
        *bytes *= t->dims[i];
    }
    t->ndims = (int)n;
    return EDGEL_OK;
}

static enum edgel_status read_tensor(const struct reading *r, const struct edgel_json *v, struct nn_stored *t)
{
    const struct edgel_json *type = edgel_json_get(v, "dtype"), *shape = edgel_json_get(v, "shape");
    const struct edgel_json *offsets = edgel_json_get(v, "data_offsets");
    size_t bytes, end = 0;
    if (!type || !shape || !offsets || edgel_json_members(v) != 3)
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: tensor %.100s: must have dtype, shape and data_offsets",
                          r->file, t->name);
    EDGEL_TRY(read_type(r, type, t, &bytes));
    EDGEL_TRY(read_shape(r, shape, t, &bytes));
    if (edgel_json_count(offsets) != 2 || !whole(edgel_json_at(offsets, 0), r->size, &t->begin) ||
        !whole(edgel_json_at(offsets, 1), r->size, &end) || end < t->begin || end - t->begin != bytes)
        return edgel_fail(
            r->err, EDGEL_EFORMAT,
            "%s: tensor %.100s: data_offsets must be [begin, end] within the %zu data bytes, and "
            "end - begin must be %zu",
            r->file, t->name, r->size, bytes);
    t->data = r->buffer + t->begin;
    t->bytes = bytes;
    return EDGEL_OK;
}

static enum edgel_status read_meta(const struct reading *r, const struct edgel_json *v,
                                   struct nn_stored_file *f)
{
    const size_t n = edgel_json_members(v);
    if (!edgel_json_is_object(v))
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: __metadata__ must map strings to strings", r->file);
    f->meta = n ? edgel_calloc(n, sizeof *f->meta) : NULL;
    if (n && !f->meta)
        return edgel_fail(r->err, EDGEL_ENOMEM, "%s: out of memory", r->file);
    const struct edgel_json *value;
    const char *key;
    for (size_t i = 0; (value = edgel_json_member(v, i, &key)) != NULL; i++) {
        struct nn_note *note = &f->meta[f->nmeta++];
        note->key = edgel_strdup(key);
        note->value = edgel_json_strdup(value);
        if (!edgel_json_is_string(value))
            return edgel_fail(r->err, EDGEL_EFORMAT, "%s: __metadata__: %.100s is no string", r->file, key);
        if (!note->key || !note->value)
            return edgel_fail(r->err, EDGEL_ENOMEM, "%s: out of memory", r->file);
    }
    return EDGEL_OK;
}

static enum edgel_status read_members(const struct reading *r, struct nn_stored_file *f)
{
    const size_t n = edgel_json_members(f->header);
    const char *key;
    const struct edgel_json *v;
    if (n > NN_TENSORS_MAX)
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: %zu tensors: at most %d", r->file, n, NN_TENSORS_MAX);
    f->tensors = edgel_calloc(n + 1, sizeof *f->tensors);
    if (!f->tensors)
        return edgel_fail(r->err, EDGEL_ENOMEM, "%s: out of memory", r->file);
    for (size_t i = 0; (v = edgel_json_member(f->header, i, &key)) != NULL; i++) {
        if (strcmp(key, "__metadata__") == 0) {
            EDGEL_TRY(read_meta(r, v, f));
            continue;
        }
        struct nn_stored *t = &f->tensors[f->ntensors++];
        t->name = key;
        EDGEL_TRY(read_tensor(r, v, t));
    }
    return EDGEL_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct nn_stored *x = a, *y = b;
    const size_t xe = x->begin + x->bytes, ye = y->begin + y->bytes;
    return x->begin != y->begin ? (x->begin > y->begin ? 1 : -1) : (xe > ye) - (xe < ye);
}

static int by_name(const void *a, const void *b)
{
    const struct nn_stored *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Tensors lie end to end and fill the buffer. Leaves them sorted by name. */
static enum edgel_status check_places(const struct reading *r, struct nn_stored_file *f)
{
    size_t at = 0;
    qsort(f->tensors, f->ntensors, sizeof *f->tensors, by_place);
    for (size_t i = 0; i < f->ntensors; i++) {
        const struct nn_stored *t = &f->tensors[i];
        if (t->begin != at)
            return edgel_fail(r->err, EDGEL_EFORMAT, "%s: tensor %.100s: %s what lies before it", r->file,
                              t->name, t->begin < at ? "overlaps" : "leaves a hole after");
        at += t->bytes;
    }
    if (at != r->size)
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: %zu bytes follow the last tensor", r->file,
                          r->size - at);
    qsort(f->tensors, f->ntensors, sizeof *f->tensors, by_name);
    return EDGEL_OK;
}

static enum edgel_status read_all(const unsigned char *bytes, size_t size, struct reading *r,
                                  struct nn_stored_file *f)
{
    const char *header = (const char *)bytes + LENGTH_BYTES;
    const uint64_t length = size < LENGTH_BYTES ? 0 : read_u64(bytes);
    if (size < LENGTH_BYTES + 2 || length < 2 || length > size - LENGTH_BYTES || header[0] != '{')
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: no safetensors file", r->file);
    if (length > NN_HEADER_MAX_BYTES)
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: a header of %llu bytes: at most %d", r->file,
                          (unsigned long long)length, NN_HEADER_MAX_BYTES);
    EDGEL_TRY(edgel_json_parse(header, (size_t)length, r->file, &f->header, r->err));
    r->buffer = bytes + LENGTH_BYTES + length;
    r->size = size - LENGTH_BYTES - (size_t)length;
    EDGEL_TRY(read_members(r, f));
    return check_places(r, f);
}

enum edgel_status nn_stored_read(const void *bytes, size_t size, const char *name, struct nn_stored_file *out,
                                 struct edgel_error *err)
{
    struct reading r = { .file = name, .err = err };
    *out = (struct nn_stored_file){ 0 };
    enum edgel_status s = read_all(bytes, size, &r, out);
    if (s != EDGEL_OK)
        nn_stored_finish(out);
    return s;
}

void nn_stored_finish(struct nn_stored_file *f)
{
    for (size_t i = 0; i < f->nmeta; i++) {
        edgel_free(f->meta[i].key);
        edgel_free(f->meta[i].value);
    }
    edgel_free(f->meta);
    edgel_free(f->tensors);
    edgel_json_finish(f->header);
    *f = (struct nn_stored_file){ 0 };
}

const struct nn_stored *nn_stored_find(const struct nn_stored_file *f, const char *name)
{
    struct nn_stored key = { .name = name };
    return f->ntensors ? bsearch(&key, f->tensors, f->ntensors, sizeof key, by_name) : NULL;
}

const char *nn_stored_meta(const struct nn_stored_file *f, const char *key)
{
    for (size_t i = 0; i < f->nmeta; i++)
        if (strcmp(f->meta[i].key, key) == 0)
            return f->meta[i].value;
    return NULL;
}

void nn_stored_floats(const struct nn_stored *t, float *to, size_t floats)
{
    for (size_t i = 0; i < floats; i++) {
        const unsigned char *p = t->data + 4 * i;
        const uint32_t bits =
            (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        memcpy(&to[i], &bits, sizeof bits);
    }
}

/* --- the hash of the contents --- */

static uint64_t hash_number(uint64_t hash, uint64_t v)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(v >> 8 * i);
    return edgel_hash_bytes(hash, bytes, sizeof bytes);
}

static uint64_t hash_text(uint64_t hash, const char *s)
{
    const size_t n = strlen(s);
    return edgel_hash_bytes(hash_number(hash, n), s, n);
}

static uint64_t hash_note(const struct nn_note *note)
{
    return hash_text(hash_text(hash_text(EDGEL_HASH_START, "note"), note->key), note->value);
}

/* data: little endian, as in the file. */
static uint64_t hash_tensor(const char *name, bool f32, int ndims, const size_t *dims,
                            const unsigned char *data, size_t bytes)
{
    uint64_t hash = hash_text(hash_text(EDGEL_HASH_START, f32 ? "F32" : "other"), name);
    hash = hash_number(hash, (uint64_t)ndims);
    for (int i = 0; i < ndims; i++)
        hash = hash_number(hash, dims[i]);
    return edgel_hash_bytes(hash_number(hash, bytes), data, bytes);
}

uint64_t nn_stored_hash(const struct nn_stored_file *f)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < f->nmeta; i++)
        if (strcmp(f->meta[i].key, NN_KEY_HASH) != 0)
            sum += hash_note(&f->meta[i]);
    for (size_t i = 0; i < f->ntensors; i++) {
        const struct nn_stored *t = &f->tensors[i];
        sum += hash_tensor(t->name, t->f32, t->ndims, t->dims, t->data, t->bytes);
    }
    return sum;
}

/* --- writing --- */

static size_t count_of(const struct nn_to_store *t)
{
    size_t n = 1;
    for (int i = 0; i < t->ndims; i++)
        n *= t->dims[i];
    return n;
}

static void add_tensor(struct edgel_text *header, const struct nn_to_store *t, size_t begin)
{
    edgel_text_json(header, t->name);
    edgel_text_str(header, ":{\"dtype\":\"F32\",\"shape\":[");
    for (int i = 0; i < t->ndims; i++)
        edgel_text_printf(header, "%s%zu", i ? "," : "", t->dims[i]);
    edgel_text_printf(header, "],\"data_offsets\":[%zu,%zu]}", begin, begin + 4 * count_of(t));
}

/* Returns where the digits of the hash are, which are 0 as yet. */
static size_t make_header(struct edgel_text *header, const struct nn_note *meta, size_t nmeta,
                          const struct nn_to_store *tensors, size_t ntensors)
{
    size_t begin = 0;
    edgel_text_str(header, "{\"__metadata__\":{");
    for (size_t i = 0; i < nmeta; i++) {
        edgel_text_json(header, meta[i].key);
        edgel_text_str(header, ":");
        edgel_text_json(header, meta[i].value);
        edgel_text_str(header, ",");
    }
    edgel_text_str(header, "\"" NN_KEY_HASH "\":\"" NN_HASH_BEGINS);
    const size_t digits = header->len;
    edgel_text_printf(header, "%016d\"}", 0);
    for (size_t i = 0; i < ntensors; i++) {
        edgel_text_str(header, ",");
        add_tensor(header, &tensors[i], begin);
        begin += 4 * count_of(&tensors[i]);
    }
    edgel_text_str(header, "}");
    while (!header->failed && (LENGTH_BYTES + header->len) % ALIGNMENT)
        edgel_text_str(header, " ");
    return digits;
}

static unsigned char *put_floats(unsigned char *p, const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++, p += 4) {
        uint32_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        for (int k = 0; k < 4; k++)
            p[k] = (unsigned char)(bits >> 8 * k);
    }
    return p;
}

enum edgel_status nn_stored_write(const struct nn_note *meta, size_t nmeta, const struct nn_to_store *tensors,
                                  size_t ntensors, unsigned char **bytes, size_t *size,
                                  struct edgel_error *err)
{
    struct edgel_text header = { 0 };
    size_t data = 0;
    *bytes = NULL;
    *size = 0;
    uint64_t hash = 0;
    const size_t digits = make_header(&header, meta, nmeta, tensors, ntensors);
    for (size_t i = 0; i < ntensors; i++)
        data += 4 * count_of(&tensors[i]);
    unsigned char *p = header.failed ? NULL : edgel_alloc(LENGTH_BYTES + header.len + data, 1);
    if (!p) {
        edgel_text_finish(&header);
        return edgel_fail(err, EDGEL_ENOMEM, "model file: out of memory");
    }
    if (header.len > NN_HEADER_MAX_BYTES) {
        edgel_free(p);
        edgel_text_finish(&header);
        return edgel_fail(err, EDGEL_EINVAL, "model file: architecture and notes need more than %d bytes",
                          NN_HEADER_MAX_BYTES);
    }
    *bytes = p;
    *size = LENGTH_BYTES + header.len + data;
    for (int i = 0; i < LENGTH_BYTES; i++)
        *p++ = (unsigned char)((uint64_t)header.len >> 8 * i);
    memcpy(p, header.s, header.len);
    p += header.len;
    for (size_t i = 0; i < nmeta; i++)
        hash += hash_note(&meta[i]);
    for (size_t i = 0; i < ntensors; i++) {
        const struct nn_to_store *t = &tensors[i];
        const unsigned char *at = p;
        p = put_floats(p, t->data, count_of(t));
        hash += hash_tensor(t->name, true, t->ndims, t->dims, at, (size_t)(p - at));
    }
    for (int i = 0; i < 16; i++)
        (*bytes)[LENGTH_BYTES + digits + (size_t)i] =
            (unsigned char)"0123456789abcdef"[hash >> (60 - 4 * i) & 15];
    edgel_text_finish(&header);
    return EDGEL_OK;
}
