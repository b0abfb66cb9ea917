/*
 * The structure of a MAT file of version 5, checked before matio sees a byte of it: matio takes sizes from the file and
 * passes over some damage in silence.
 *
 * Header of 128 bytes: text, at 124 the version 0x0100 (0x0200: 7.3, which is HDF5) and "IM" or "MI", the byte order.
 * Then elements: a tag (type, bytes; up to 4 bytes may stand in the tag itself), the bytes, and zeros up to a multiple
 * of 8, but for compressed ones, which hold one element as a zlib stream. An array is an element of elements: flags
 * with the class, dimensions, name, and then values, or the cells, or field names and fields, arrays again.
 *
 * Checked: every element lies within the one around it and is of the type that stands there; streams decode to their
 * end with the right sum and hold nothing else; arrays have as many values as their dimensions say. Bounded: depth,
 * cells and fields of an array, and in the variable that is read sides and the number of values. Nothing is allocated.
 * Source: "MAT-File Format", The MathWorks.
 */
#include "io/io_priv.h"
#include <inttypes.h>
#include <string.h>

#include <zlib.h>

enum { HEADER = 128, DEPTH = 4, CHILDREN = 16384, DIMS = 8, NAME = 64, SCRATCH = 4096 };
enum { INT8 = 1, INT32 = 5, UINT32 = 6, MATRIX = 14, COMPRESSED = 15 };      /* types of elements */
enum { CELL = 1, STRUCT = 2, CHAR = 4, FIRST_NUMBER = 6, LAST_NUMBER = 15 }; /* classes of arrays */

const char *const edgel_mat_variables[] = { "", "groundTruth", "segs", "ucm2", NULL };

struct walk {
    const char *name;
    const struct edgel_limits *limits;
    struct edgel_error *err;
    const unsigned char *at, *end;
    z_stream z;
    bool packed, big_endian;
    enum edgel_mat_kind kind; /* found so far */
    bool wanted;              /* inside the variable that is read */
    uint64_t values;          /* in it */
};

struct tag {
    uint32_t type, n, padding;
    bool small;
    unsigned char data[4]; /* of a small one */
};

static enum edgel_status refuse(const struct walk *k, const char *rule)
{
    return edgel_fail(k->err, EDGEL_EFORMAT, "%s: MAT: %s", k->name, rule);
}

/* --- bytes --- */

static enum edgel_status inflate_some(struct walk *k, unsigned char *to, size_t n)
{
    k->z.next_out = to;
    k->z.avail_out = (uInt)n;
    while (k->z.avail_out > 0) {
        const int r = inflate(&k->z, Z_SYNC_FLUSH);
        if (r != Z_OK && !(r == Z_STREAM_END && k->z.avail_out == 0))
            return refuse(k, r == Z_MEM_ERROR    ? "out of memory"
                             : r == Z_BUF_ERROR  ? "a compressed element is cut short"
                             : r == Z_STREAM_END ? "an element is longer than the compressed one around it"
                                                 : "damaged compressed data");
    }
    return EDGEL_OK;
}

/* The next n bytes; to NULL: passed over. */
static enum edgel_status take(struct walk *k, unsigned char *to, uint64_t n)
{
    unsigned char scratch[SCRATCH];
    if (!k->packed) {
        if (n > (uint64_t)(k->end - k->at))
            return refuse(k, "the file is cut short");
        if (to)
            memcpy(to, k->at, (size_t)n);
        k->at += n;
        return EDGEL_OK;
    }
    if (to)
        return inflate_some(k, to, (size_t)n);
    for (; n > 0; n -= n < SCRATCH ? n : SCRATCH)
        EDGEL_TRY(inflate_some(k, scratch, n < SCRATCH ? (size_t)n : SCRATCH));
    return EDGEL_OK;
}

static uint32_t number(const struct walk *k, const unsigned char *b)
{
    return k->big_endian ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]
                         : (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

/* --- elements --- */

/* left: bytes of the element around this one, of which it is taken. */
static enum edgel_status take_tag(struct walk *k, uint64_t *left, struct tag *t)
{
    unsigned char b[8];
    *t = (struct tag){ 0 };
    if (*left < 8)
        return refuse(k, "an element is longer than the one around it");
    EDGEL_TRY(take(k, b, 8));
    *left -= 8;
    const uint32_t first = number(k, b);
    *t = (struct tag){ .type = first, .n = number(k, b + 4) };
    if (first >> 16) {
        *t = (struct tag){ .type = first & 0xFFFF, .n = first >> 16, .small = true };
        memcpy(t->data, b + 4, 4);
        return t->n <= 4 ? EDGEL_OK : refuse(k, "more than 4 bytes in a tag");
    }
    t->padding = (8 - t->n % 8) % 8;
    if ((uint64_t)t->n + t->padding > *left)
        return refuse(k, "an element is longer than the one around it");
    *left -= (uint64_t)t->n + t->padding;
    return EDGEL_OK;
}

static enum edgel_status take_data(struct walk *k, const struct tag *t, unsigned char *to)
{
    if (t->small) {
        for (uint32_t i = 0; i < t->n && i < sizeof t->data; i++)
            to[i] = t->data[i];
        return EDGEL_OK;
    }
    EDGEL_TRY(take(k, to, t->n));
    return take(k, NULL, t->padding);
}

static enum edgel_status pass(struct walk *k, const struct tag *t)
{
    return t->small ? EDGEL_OK : take(k, NULL, (uint64_t)t->n + t->padding);
}

static uint32_t size_of_type(uint32_t type)
{
    static const uint8_t sizes[] = { 0, 1, 1, 2, 2, 4, 4, 4, 0, 8, 0, 0, 8, 8 };
    return type < sizeof sizes ? sizes[type] : 0;
}

/* --- arrays --- */

struct array {
    uint32_t class_of;
    bool complex;
    int rank;
    uint32_t dims[DIMS];
    uint64_t n; /* elements */
    char name[NAME + 1];
};

static enum edgel_status take_flags(struct walk *k, uint64_t *left, struct array *a)
{
    struct tag t;
    unsigned char b[8];
    EDGEL_TRY(take_tag(k, left, &t));
    if (t.type != UINT32 || t.n != 8)
        return refuse(k, "an array does not begin with its flags");
    EDGEL_TRY(take_data(k, &t, b));
    a->class_of = number(k, b) & 0xFF;
    a->complex = number(k, b) >> 11 & 1;
    return EDGEL_OK;
}

static enum edgel_status take_dims(struct walk *k, uint64_t *left, struct array *a)
{
    struct tag t;
    unsigned char b[4 * DIMS];
    EDGEL_TRY(take_tag(k, left, &t));
    if (t.type != INT32 || t.n % 4 != 0 || t.n < 8 || t.n > sizeof b)
        return refuse(k, "an array does not have 2 to 8 dimensions");
    EDGEL_TRY(take_data(k, &t, b));
    a->rank = (int)(t.n / 4);
    a->n = 1;
    for (int i = 0; i < a->rank; i++) {
        a->dims[i] = number(k, b + 4 * i);
        if (a->dims[i] > INT32_MAX || (a->dims[i] > 0 && a->n > INT64_MAX / a->dims[i]))
            return refuse(k, "the dimensions of an array are too large");
        a->n *= a->dims[i];
    }
    return EDGEL_OK;
}

static enum edgel_status take_name(struct walk *k, uint64_t *left, struct array *a)
{
    struct tag t;
    EDGEL_TRY(take_tag(k, left, &t));
    if (t.type != INT8 || t.n > NAME)
        return refuse(k, "the name of an array is longer than 64 bytes, or none");
    EDGEL_TRY(take_data(k, &t, (unsigned char *)a->name));
    a->name[t.n] = '\0';
    return EDGEL_OK;
}

static enum edgel_status check_limits(struct walk *k, const struct array *a)
{
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] > (uint32_t)k->limits->max_side)
            return edgel_fail(k->err, EDGEL_ELIMIT,
                              "%s: MAT: %" PRIu32 ": side over the limit of %d (--max-side)", k->name,
                              a->dims[i], k->limits->max_side);
    if (a->n > k->limits->max_pixels - k->values)
        return edgel_fail(k->err, EDGEL_ELIMIT,
                          "%s: MAT: its maps have more than %" PRIu64 " pixels together (--max-pixels)",
                          k->name, k->limits->max_pixels);
    k->values += a->n;
    return EDGEL_OK;
}

static enum edgel_status check_values(struct walk *k, uint64_t *left, const struct array *a)
{
    if (k->wanted)
        EDGEL_TRY(check_limits(k, a));
    for (int part = 0; part <= a->complex; part++) {
        struct tag t;
        EDGEL_TRY(take_tag(k, left, &t));
        const uint32_t size = size_of_type(t.type);
        if (a->class_of != CHAR && (size == 0 || t.n % size != 0 || t.n / size != a->n))
            return refuse(k, "an array has not as many values as its dimensions say");
        EDGEL_TRY(pass(k, &t));
    }
    return EDGEL_OK;
}

static enum edgel_status check_array(struct walk *k, uint64_t left, int depth);

static enum edgel_status check_children(struct walk *k, uint64_t *left, uint64_t n, int depth)
{
    if (depth >= DEPTH)
        return refuse(k, "arrays of arrays more than 4 deep");
    for (uint64_t i = 0; i < n; i++) {
        struct tag t;
        EDGEL_TRY(take_tag(k, left, &t));
        if (t.type != MATRIX || t.small)
            return refuse(k, "a cell or field is no array");
        if (t.n == 0)
            continue;
        if (t.padding != 0)
            return refuse(k, "an array does not end at a multiple of 8 bytes");
        EDGEL_TRY(check_array(k, t.n, depth + 1));
    }
    return EDGEL_OK;
}

static enum edgel_status too_many(const struct walk *k, const struct array *a)
{
    return edgel_fail(k->err, EDGEL_ELIMIT,
                      "%s: MAT: an array of %" PRIu64 " cells or fields is over the limit of %d", k->name,
                      a->n, CHILDREN);
}

static enum edgel_status check_struct(struct walk *k, uint64_t *left, const struct array *a, int depth)
{
    struct tag t;
    unsigned char b[8];
    EDGEL_TRY(take_tag(k, left, &t));
    if (t.type != INT32 || t.n != 4 || !t.small)
        return refuse(k, "a structure has no length of its field names");
    EDGEL_TRY(take_data(k, &t, b));
    const uint32_t length = number(k, b);
    EDGEL_TRY(take_tag(k, left, &t));
    if (t.type != INT8 || length < 1 || length > NAME || t.n % length != 0)
        return refuse(k, "a structure has no field names of 1 to 64 bytes");
    EDGEL_TRY(pass(k, &t));
    const uint64_t fields = t.n / length;
    if (fields > CHILDREN || a->n > CHILDREN || fields * a->n > CHILDREN)
        return too_many(k, a);
    return check_children(k, left, fields * a->n, depth);
}

static enum edgel_status check_contents(struct walk *k, uint64_t *left, const struct array *a, int depth)
{
    if (a->class_of == CELL && a->n > CHILDREN)
        return too_many(k, a);
    if (a->class_of == CELL)
        return check_children(k, left, a->n, depth);
    if (a->class_of == STRUCT)
        return check_struct(k, left, a, depth);
    if (a->class_of == CHAR || (a->class_of >= FIRST_NUMBER && a->class_of <= LAST_NUMBER))
        return check_values(k, left, a);
    return edgel_fail(k->err, EDGEL_EUNSUPPORTED,
                      "%s: MAT: a variable of class %" PRIu32 " (object, sparse, function, ...) is not read",
                      k->name, a->class_of);
}

static enum edgel_status find_kind(struct walk *k, const struct array *a)
{
    k->wanted = false;
    for (int i = 1; edgel_mat_variables[i]; i++)
        if (strcmp(a->name, edgel_mat_variables[i]) == 0) {
            if (k->kind != EDGEL_MAT_NONE)
                return refuse(k, "more than one of groundTruth, segs and ucm2");
            k->kind = (enum edgel_mat_kind)i;
            k->wanted = true;
        }
    return EDGEL_OK;
}

static enum edgel_status check_array(struct walk *k, uint64_t left, int depth)
{
    struct array a = { 0 };
    EDGEL_TRY(take_flags(k, &left, &a));
    EDGEL_TRY(take_dims(k, &left, &a));
    EDGEL_TRY(take_name(k, &left, &a));
    if (depth == 0)
        EDGEL_TRY(find_kind(k, &a));
    EDGEL_TRY(check_contents(k, &left, &a, depth));
    return left == 0 ? EDGEL_OK : refuse(k, "an array is longer than what it holds");
}

/* --- the file --- */

static enum edgel_status check_matrix(struct walk *k, const struct tag *t)
{
    if (t->type != MATRIX || t->small || t->padding != 0)
        return refuse(k, "something that is no array");
    return check_array(k, t->n, 0);
}

/* The stream in the n bytes to come holds one element and ends there. */
static enum edgel_status check_stream(struct walk *k, uint32_t n)
{
    struct tag t;
    uint64_t left = UINT32_MAX;
    unsigned char rest;
    k->z = (z_stream){ 0 };
    if (inflateInit(&k->z) != Z_OK)
        return edgel_fail(k->err, EDGEL_ENOMEM, "%s: out of memory", k->name);
    k->z.next_in = (z_const Bytef *)k->at;
    k->z.avail_in = n;
    k->packed = true;
    enum edgel_status st = take_tag(k, &left, &t);
    if (st == EDGEL_OK)
        st = check_matrix(k, &t);
    k->z.next_out = &rest;
    k->z.avail_out = 1;
    if (st == EDGEL_OK &&
        (inflate(&k->z, Z_FINISH) != Z_STREAM_END || k->z.avail_out == 0 || k->z.avail_in != 0))
        st = refuse(k, "damaged compressed data, or more than one array in it");
    inflateEnd(&k->z);
    k->packed = false;
    k->at += n;
    return st;
}

static enum edgel_status check_element(struct walk *k)
{
    struct tag t;
    uint64_t left = (uint64_t)(k->end - k->at);
    if (left < 8)
        return refuse(k, "the file is cut short");
    const bool packed = number(k, k->at) == COMPRESSED;
    const uint32_t n = number(k, k->at + 4);
    if (!packed) {
        if (number(k, k->at) >> 16 == 0 && (uint64_t)n > left - 8)
            return refuse(k, "the file is cut short");
        EDGEL_TRY(take_tag(k, &left, &t));
        return check_matrix(k, &t);
    }
    if (n > left - 8)
        return refuse(k, "the file is cut short");
    k->at += 8;
    return check_stream(k, n);
}

static enum edgel_status check_header(struct walk *k)
{
    const unsigned char *b = k->at;
    const size_t size = (size_t)(k->end - b);
    if (size >= 8 && memcmp(b, "\x89HDF\r\n\x1a\n", 8) == 0)
        return edgel_fail(k->err, EDGEL_EUNSUPPORTED, "%s: HDF5: not a MAT file of version 5", k->name);
    if (!edgel_mat_of_bytes(b, size))
        return edgel_fail(k->err, EDGEL_EFORMAT, "%s: %s", k->name,
                          size ? "not a MAT file" : "the file is empty");
    if (size < HEADER)
        return refuse(k, "the file is cut short");
    const bool little = b[126] == 'I' && b[127] == 'M';
    k->big_endian = b[126] == 'M' && b[127] == 'I';
    const int version = k->big_endian ? b[124] << 8 | b[125] : b[125] << 8 | b[124];
    if ((little || k->big_endian) && version == 0x0200)
        return edgel_fail(k->err, EDGEL_EUNSUPPORTED,
                          "%s: MAT: version 7.3 (HDF5) is not read: save it with -v7 or -v6", k->name);
    if ((!little && !k->big_endian) || version != 0x0100)
        return refuse(k, "the header names no version 5");
    k->at += HEADER;
    return EDGEL_OK;
}

enum edgel_status edgel_mat_check(const struct edgel_bytes *bytes, const char *name,
                                  const struct edgel_limits *limits, enum edgel_mat_kind *kind,
                                  struct edgel_error *err)
{
    struct walk k = { .name = name, .limits = limits, .err = err, .at = bytes->data };
    k.end = k.at + bytes->size;
    EDGEL_TRY(check_header(&k));
    while (k.at < k.end)
        EDGEL_TRY(check_element(&k));
    *kind = k.kind;
    return k.kind != EDGEL_MAT_NONE ? EDGEL_OK : refuse(&k, "no variable groundTruth, segs or ucm2");
}
