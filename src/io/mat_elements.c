/*
 * MAT files of version 5, element by element. Nothing is handed out before it is checked.
 *
 * Header of 128 bytes: text, at 124 the version 0x0100 (0x0200: 7.3, which is HDF5) and "IM" or "MI", the byte order.
 * Then elements: a tag (type, bytes; up to 4 bytes may stand in the tag itself), the bytes, and zeros up to a multiple
 * of 8, but for compressed ones, which hold one element as a zlib stream. An array is an element of elements: flags
 * with the class, dimensions, name, and then values, or the cells, or field names and fields, arrays again. MATLAB
 * stores the values of an array in the smallest type that holds them, whatever the class: doubles as bytes, say.
 *
 * Checked: every element lies within the one around it and is of the type that stands there; streams decode to their
 * end with the right sum, hold nothing else, and do not claim more than their bytes can hold; arrays have as many
 * values as their dimensions say, and of their class. Bounded: depth, dimensions, length of names, cells and fields of
 * an array, bytes that are unpacked to be passed over. Memory is that of one stream; values go by in runs.
 * Source: "MAT-File Format", The MathWorks.
 */
#include "io/io_priv.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { HEADER = 128, DEPTH = 4, CHILDREN = 16384, SCRATCH = 4096, RUN = 512, MOST_PER_BYTE = 1032 };
enum {
    PASSED = 1 << 28
}; /* bytes unpacked without being read, for each file: they take less than a second */
enum {
    INT8 = 1,
    UINT8,
    INT16,
    UINT16,
    INT32,
    UINT32,
    SINGLE,
    DOUBLE = 9,
    INT64 = 12,
    UINT64,
    MATRIX,
    COMPRESSED
};

struct tag {
    uint32_t type, n, padding;
    bool small;
    unsigned char data[4]; /* of a small one */
};

static enum edgel_status refuse(const struct edgel_mat_source *s, const char *rule)
{
    return edgel_fail(s->err, EDGEL_EFORMAT, "%s: MAT: %s", s->name, rule);
}

/* --- bytes --- */

static enum edgel_status charge(struct edgel_mat_source *s, uint64_t n)
{
    if (n > s->budget)
        return edgel_fail(s->err, EDGEL_ELIMIT,
                          "%s: MAT: holds more than %d bytes besides the maps that are read", s->name,
                          PASSED);
    s->budget -= n;
    return EDGEL_OK;
}

/* The next n bytes, of a stream or of the file. */
static enum edgel_status take(struct edgel_mat_source *s, unsigned char *to, size_t n)
{
    if (s->stream) {
        EDGEL_TRY(charge(s, n));
        return edgel_mat_stream_take(s->stream, to, n, s->err);
    }
    if (n > (size_t)(s->end - s->at))
        return refuse(s, "the file is cut short");
    memcpy(to, s->at, n);
    s->at += n;
    return EDGEL_OK;
}

static enum edgel_status pass(struct edgel_mat_source *s, uint64_t n)
{
    unsigned char scratch[SCRATCH];
    if (!s->stream) {
        if (n > (uint64_t)(s->end - s->at))
            return refuse(s, "the file is cut short");
        s->at += n;
        return EDGEL_OK;
    }
    if (n > s->budget)
        return charge(s, n);
    for (; n > 0; n -= n < SCRATCH ? n : SCRATCH)
        EDGEL_TRY(take(s, scratch, n < SCRATCH ? (size_t)n : SCRATCH));
    return EDGEL_OK;
}

static uint32_t number(const struct edgel_mat_source *s, const unsigned char *b)
{
    return s->big_endian ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]
                         : (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

/* --- elements --- */

/* left: bytes left in the enclosing element, from which this one is subtracted. */
static enum edgel_status take_tag(struct edgel_mat_source *s, uint64_t *left, struct tag *t)
{
    unsigned char b[8];
    *t = (struct tag){ 0 };
    if (*left < 8)
        return refuse(s, "an element is longer than the one around it");
    EDGEL_TRY(take(s, b, 8));
    *left -= 8;
    const uint32_t first = number(s, b);
    *t = (struct tag){ .type = first, .n = number(s, b + 4) };
    if (first >> 16) {
        *t = (struct tag){ .type = first & 0xFFFF, .n = first >> 16, .small = true };
        memcpy(t->data, b + 4, 4);
        return t->n <= 4 ? EDGEL_OK : refuse(s, "more than 4 bytes in a tag");
    }
    t->padding = (8 - t->n % 8) % 8;
    if ((uint64_t)t->n + t->padding > *left)
        return refuse(s, "an element is longer than the one around it");
    *left -= (uint64_t)t->n + t->padding;
    return EDGEL_OK;
}

/* n bytes of an element's data from `at` on; callers ask for them in order. */
static enum edgel_status take_data(struct edgel_mat_source *s, const struct tag *t, uint32_t at,
                                   unsigned char *to, uint32_t n)
{
    if (!t->small)
        return take(s, to, n);
    for (uint32_t i = 0; i < n && at + i < sizeof t->data; i++)
        to[i] = t->data[at + i];
    return EDGEL_OK;
}

static enum edgel_status end_data(struct edgel_mat_source *s, const struct tag *t)
{
    return t->small ? EDGEL_OK : pass(s, t->padding);
}

static enum edgel_status pass_data(struct edgel_mat_source *s, const struct tag *t)
{
    return t->small ? EDGEL_OK : pass(s, (uint64_t)t->n + t->padding);
}

/* Copies a whole element of the type, of at most `most` bytes; *n is their number. */
static enum edgel_status take_element(struct edgel_mat_source *s, uint64_t *left, uint32_t type,
                                      unsigned char *to, size_t most, uint32_t *n, const char *rule)
{
    struct tag t;
    EDGEL_TRY(take_tag(s, left, &t));
    if (t.type != type || t.n > most)
        return refuse(s, rule);
    *n = t.n;
    EDGEL_TRY(take_data(s, &t, 0, to, t.n));
    return end_data(s, &t);
}

/* --- the head of an array --- */

static enum edgel_status take_flags(struct edgel_mat_source *s, struct edgel_mat_array *a)
{
    static const char rule[] = "an array does not begin with its flags";
    unsigned char b[8] = { 0 };
    uint32_t n;
    EDGEL_TRY(take_element(s, &a->left, UINT32, b, sizeof b, &n, rule));
    if (n != sizeof b)
        return refuse(s, rule);
    a->class_of = number(s, b) & 0xFF;
    a->complex = number(s, b) >> 11 & 1;
    return EDGEL_OK;
}

static enum edgel_status take_dims(struct edgel_mat_source *s, struct edgel_mat_array *a)
{
    static const char rule[] = "an array does not have 2 to 8 dimensions";
    unsigned char b[4 * EDGEL_MAT_DIMS] = { 0 };
    uint32_t n;
    EDGEL_TRY(take_element(s, &a->left, INT32, b, sizeof b, &n, rule));
    if (n % 4 != 0 || n < 8)
        return refuse(s, rule);
    a->rank = (int)(n / 4);
    a->n = 1;
    for (int i = 0; i < a->rank; i++) {
        a->dims[i] = number(s, b + 4 * i);
        if (a->dims[i] > INT32_MAX || (a->dims[i] > 0 && a->n > INT64_MAX / a->dims[i]))
            return refuse(s, "the dimensions of an array are too large");
        a->n *= a->dims[i];
    }
    return EDGEL_OK;
}

static enum edgel_status take_name(struct edgel_mat_source *s, struct edgel_mat_array *a)
{
    uint32_t n;
    EDGEL_TRY(take_element(s, &a->left, INT8, (unsigned char *)a->name, EDGEL_MAT_NAME, &n,
                           "the name of an array is longer than 64 bytes, or none"));
    a->name[n] = '\0';
    return EDGEL_OK;
}

static enum edgel_status check_class(struct edgel_mat_source *s, const struct edgel_mat_array *a)
{
    if (a->class_of == EDGEL_MAT_CELL || a->class_of == EDGEL_MAT_STRUCT || a->class_of == EDGEL_MAT_CHAR ||
        edgel_mat_is_number(a))
        return EDGEL_OK;
    return edgel_fail(s->err, EDGEL_EUNSUPPORTED,
                      "%s: MAT: a variable of class %" PRIu32 " (object, sparse, function, ...) is not read",
                      s->name, a->class_of);
}

static enum edgel_status take_head(struct edgel_mat_source *s, uint64_t left, int depth,
                                   struct edgel_mat_array *a)
{
    *a = (struct edgel_mat_array){ .left = left, .depth = depth };
    EDGEL_TRY(take_flags(s, a));
    EDGEL_TRY(take_dims(s, a));
    EDGEL_TRY(take_name(s, a));
    return check_class(s, a);
}

static enum edgel_status too_many(const struct edgel_mat_source *s, const struct edgel_mat_array *a)
{
    return edgel_fail(s->err, EDGEL_ELIMIT,
                      "%s: MAT: an array of %" PRIu64 " cells or fields is over the limit of %d", s->name,
                      a->n, CHILDREN);
}

bool edgel_mat_is_number(const struct edgel_mat_array *a)
{
    return a->class_of >= EDGEL_MAT_DOUBLE && a->class_of <= EDGEL_MAT_UINT64;
}

/* --- what an array holds --- */

enum edgel_status edgel_mat_cells(struct edgel_mat_source *s, const struct edgel_mat_array *a)
{
    return a->n <= CHILDREN ? EDGEL_OK : too_many(s, a);
}

enum edgel_status edgel_mat_fields(struct edgel_mat_source *s, struct edgel_mat_array *a, uint64_t *fields,
                                   const char *const *wanted, int nwanted, uint64_t *places)
{
    struct tag t;
    unsigned char b[4];
    EDGEL_TRY(take_tag(s, &a->left, &t));
    if (t.type != INT32 || t.n != 4 || !t.small)
        return refuse(s, "a structure has no length of its field names");
    EDGEL_TRY(take_data(s, &t, 0, b, sizeof b));
    const uint32_t length = number(s, b);
    EDGEL_TRY(take_tag(s, &a->left, &t));
    if (t.type != INT8 || length < 1 || length > EDGEL_MAT_NAME || t.n % length != 0)
        return refuse(s, "a structure has no field names of 1 to 64 bytes");
    *fields = t.n / length;
    if (*fields > CHILDREN || a->n > CHILDREN || *fields * a->n > CHILDREN)
        return too_many(s, a);
    for (int k = 0; k < nwanted; k++)
        places[k] = *fields;
    for (uint32_t i = 0; i < *fields; i++) {
        char name[EDGEL_MAT_NAME + 1] = { 0 };
        EDGEL_TRY(take_data(s, &t, i * length, (unsigned char *)name, length));
        for (int k = 0; k < nwanted; k++)
            if (places[k] == *fields && strcmp(name, wanted[k]) == 0)
                places[k] = i;
    }
    return end_data(s, &t);
}

enum edgel_status edgel_mat_child(struct edgel_mat_source *s, struct edgel_mat_array *a,
                                  struct edgel_mat_array *child)
{
    struct tag t;
    if (a->depth >= DEPTH)
        return refuse(s, "arrays of arrays more than 4 deep");
    EDGEL_TRY(take_tag(s, &a->left, &t));
    if (t.type != MATRIX || t.small)
        return refuse(s, "a cell or field is no array");
    *child = (struct edgel_mat_array){ 0 };
    if (t.n == 0)
        return EDGEL_OK;
    if (t.padding != 0)
        return refuse(s, "an array does not end at a multiple of 8 bytes");
    return take_head(s, t.n, a->depth + 1, child);
}

enum edgel_status edgel_mat_end(struct edgel_mat_source *s, const struct edgel_mat_array *a)
{
    return a->left == 0 ? EDGEL_OK : refuse(s, "an array is longer than what it holds");
}

/* --- values --- */

static uint32_t size_of_type(uint32_t type)
{
    static const uint8_t sizes[] = { 0, 1, 1, 2, 2, 4, 4, 4, 0, 8, 0, 0, 8, 8 };
    return type < sizeof sizes ? sizes[type] : 0;
}

/* Reads the tag of the values of a numeric array; each has *size bytes. */
static enum edgel_status take_values_tag(struct edgel_mat_source *s, struct edgel_mat_array *a, struct tag *t,
                                         uint32_t *size)
{
    EDGEL_TRY(take_tag(s, &a->left, t));
    *size = size_of_type(t->type);
    if (*size == 0 || t->n % *size != 0 || t->n / *size != a->n)
        return refuse(s, "an array has not as many values as its dimensions say");
    return EDGEL_OK;
}

static bool machine_is_big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

static void swap_bytes(unsigned char *b, size_t n, uint32_t size)
{
    for (unsigned char *end = b + n * size; b < end; b += size)
        for (uint32_t i = 0; i < size / 2; i++) {
            const unsigned char c = b[i];
            b[i] = b[size - 1 - i];
            b[size - 1 - i] = c;
        }
}

#define CONVERT(type)                                          \
    for (size_t i = 0; i < n; i++) {                           \
        type stored;                                           \
        memcpy(&stored, b + i * sizeof stored, sizeof stored); \
        v[i] = (double)stored;                                 \
    }                                                          \
    break
static void convert(uint32_t type, const unsigned char *b, double *v, size_t n)
{
    switch (type) {
    case INT8: CONVERT(int8_t);
    case UINT8: CONVERT(uint8_t);
    case INT16: CONVERT(int16_t);
    case UINT16: CONVERT(uint16_t);
    case INT32: CONVERT(int32_t);
    case UINT32: CONVERT(uint32_t);
    case SINGLE: CONVERT(float);
    case INT64: CONVERT(int64_t);
    case UINT64: CONVERT(uint64_t);
    default: CONVERT(double);
    }
}
#undef CONVERT

/* Converts values that are stored in another type than that of their class. Values of an integer class must fit it;
 * those of single are rounded. */
static bool fit_class(uint32_t class_of, uint32_t type, double *v, size_t n)
{
    static const struct {
        uint32_t type;
        double first, past; /* first <= value < past */
    } classes[] = {
        { DOUBLE, 0, 0 },           { SINGLE, 0, 0 },      { INT8, -0x1p7, 0x1p7 },    { UINT8, 0, 0x1p8 },
        { INT16, -0x1p15, 0x1p15 }, { UINT16, 0, 0x1p16 }, { INT32, -0x1p31, 0x1p31 }, { UINT32, 0, 0x1p32 },
        { INT64, -0x1p63, 0x1p63 }, { UINT64, 0, 0x1p64 },
    };
    const uint32_t c = class_of - EDGEL_MAT_DOUBLE;
    if (class_of == EDGEL_MAT_DOUBLE || classes[c].type == type)
        return true;
    for (size_t i = 0; i < n; i++)
        if (class_of == EDGEL_MAT_SINGLE)
            v[i] = (double)(float)v[i];
        else if (!(v[i] >= classes[c].first && v[i] < classes[c].past && floor(v[i]) == v[i]))
            return false;
    return true;
}

enum edgel_status edgel_mat_values(struct edgel_mat_source *s, struct edgel_mat_array *a, edgel_mat_run *run,
                                   void *user)
{
    unsigned char b[8 * RUN];
    double v[RUN];
    struct tag t;
    uint32_t size;
    EDGEL_TRY(take_values_tag(s, a, &t, &size));
    s->budget += t.n; /* the caller has them bounded */
    const bool swap = s->big_endian != machine_is_big_endian();
    for (uint64_t at = 0; at < a->n; at += RUN) {
        const uint32_t n = a->n - at < RUN ? (uint32_t)(a->n - at) : RUN;
        EDGEL_TRY(take_data(s, &t, (uint32_t)at * size, b, n * size));
        if (swap)
            swap_bytes(b, n, size);
        convert(t.type, b, v, n);
        if (!fit_class(a->class_of, t.type, v, n))
            return refuse(s, "an array has values that are not of its class");
        EDGEL_TRY(run(user, v, n));
    }
    return end_data(s, &t);
}

static enum edgel_status pass_values(struct edgel_mat_source *s, struct edgel_mat_array *a)
{
    for (int part = 0; part <= a->complex; part++) {
        struct tag t;
        uint32_t size;
        EDGEL_TRY(a->class_of == EDGEL_MAT_CHAR ? take_tag(s, &a->left, &t)
                                                : take_values_tag(s, a, &t, &size));
        EDGEL_TRY(pass_data(s, &t));
    }
    return EDGEL_OK;
}

enum edgel_status edgel_mat_pass(struct edgel_mat_source *s, struct edgel_mat_array *a)
{
    uint64_t fields = 1;
    if (a->class_of != EDGEL_MAT_CELL && a->class_of != EDGEL_MAT_STRUCT) {
        EDGEL_TRY(pass_values(s, a));
        return edgel_mat_end(s, a);
    }
    EDGEL_TRY(a->class_of == EDGEL_MAT_CELL ? edgel_mat_cells(s, a)
                                            : edgel_mat_fields(s, a, &fields, NULL, 0, NULL));
    for (uint64_t i = 0; i < fields * a->n; i++) {
        struct edgel_mat_array child;
        EDGEL_TRY(edgel_mat_child(s, a, &child));
        if (child.class_of != 0)
            EDGEL_TRY(edgel_mat_pass(s, &child));
    }
    return edgel_mat_end(s, a);
}

/* --- variables --- */

/* Opens the stream in the next n bytes, and reads the tag of the element it holds. */
static enum edgel_status enter_stream(struct edgel_mat_source *s, uint32_t n, struct tag *t)
{
    uint64_t left = UINT32_MAX;
    EDGEL_TRY(edgel_mat_stream_create(&s->stream, s->at, n, s->name, s->err));
    s->at += n;
    EDGEL_TRY(take_tag(s, &left, t));
    if (t->n / MOST_PER_BYTE > n)
        return edgel_fail(s->err, EDGEL_EFORMAT,
                          "%s: MAT: %" PRIu32 " bytes of packed data cannot hold an array of %" PRIu32
                          " bytes",
                          s->name, n, t->n);
    return EDGEL_OK;
}

enum edgel_status edgel_mat_variable(struct edgel_mat_source *s, struct edgel_mat_array *a)
{
    struct tag t;
    uint64_t left = (uint64_t)(s->end - s->at);
    if (left < 8)
        return refuse(s, "the file is cut short");
    const uint32_t type = number(s, s->at), n = number(s, s->at + 4);
    if (type >> 16 == 0 && n > left - 8)
        return refuse(s, "the file is cut short");
    if (type == COMPRESSED) {
        s->at += 8;
        EDGEL_TRY(enter_stream(s, n, &t));
    } else {
        EDGEL_TRY(take_tag(s, &left, &t));
    }
    if (t.type != MATRIX || t.small || t.padding != 0)
        return refuse(s, "an element of the file is no array");
    return take_head(s, t.n, 0, a);
}

enum edgel_status edgel_mat_variable_skip(struct edgel_mat_source *s, const struct edgel_mat_array *a)
{
    if (!s->stream)
        return pass(s, a->left);
    edgel_mat_stream_destroy(&s->stream);
    return EDGEL_OK;
}

enum edgel_status edgel_mat_variable_end(struct edgel_mat_source *s)
{
    if (s->stream)
        EDGEL_TRY(edgel_mat_stream_end(s->stream, s->err));
    edgel_mat_stream_destroy(&s->stream);
    return EDGEL_OK;
}

/* --- the file --- */

enum edgel_status edgel_mat_header(struct edgel_mat_source *s)
{
    const unsigned char *b = s->at;
    const size_t size = (size_t)(s->end - b);
    if (size >= 8 && memcmp(b, "\x89HDF\r\n\x1a\n", 8) == 0)
        return edgel_fail(s->err, EDGEL_EUNSUPPORTED, "%s: HDF5: not a MAT file of version 5", s->name);
    if (!edgel_mat_of_bytes(b, size))
        return edgel_fail(s->err, EDGEL_EFORMAT, "%s: %s", s->name,
                          size ? "not a MAT file" : "the file is empty");
    if (size < HEADER)
        return refuse(s, "the file is cut short");
    const bool little = b[126] == 'I' && b[127] == 'M';
    s->big_endian = b[126] == 'M' && b[127] == 'I';
    const int version = s->big_endian ? b[124] << 8 | b[125] : b[125] << 8 | b[124];
    if ((little || s->big_endian) && version == 0x0200)
        return edgel_fail(s->err, EDGEL_EUNSUPPORTED,
                          "%s: MAT: version 7.3 (HDF5) is not read: save it with -v7 or -v6", s->name);
    if ((!little && !s->big_endian) || version != 0x0100)
        return refuse(s, "the header names no version 5");
    s->at += HEADER;
    s->budget = PASSED;
    return EDGEL_OK;
}

void edgel_mat_source_finish(struct edgel_mat_source *s)
{
    edgel_mat_stream_destroy(&s->stream);
}
