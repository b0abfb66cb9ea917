/* MAT files of the segmentation benchmark: what is read, transposed and converted, and what is refused with which
 * words. Every file is made here byte by byte. */
#include "core/core_priv.h"
#include "edgel/image.h"
#include "mat_bytes.h"
#include "random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static struct edgel_limits defaults;
static char path[] = "/tmp/edgel-mat-XXXXXX";

static void save(const struct mat_bytes *m)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(m->v, 1, m->n, f), m->n);
    assert_int_equal(fclose(f), 0);
}

static int make_path(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static uint16_t label(const struct edgel_image *image, int x, int y)
{
    return ((const uint16_t *)(const void *)((const char *)image->data + y * image->stride))[x];
}

/* 2 rows, 3 columns:  1 3 5 / 2 4 60000 */
static const uint16_t labels[] = { 1, 2, 3, 4, 5, 60000 };
static const uint8_t edges[] = { 0, 1, 1, 0, 0, 1 };
static const double reals[] = { 0, 0.25, 0.5, 0.75, 1, 0.1 };

static struct mat_bytes truth_bytes(void)
{
    struct mat_bytes m = { 0 };
    mat_header(&m);
    const size_t cells = mat_begin(&m, 1, 1, 2, "groundTruth");
    for (int i = 0; i < 2; i++) {
        const size_t pair = mat_pair(&m, "Segmentation", "Boundaries");
        mat_u16(&m, "", 2, 3, labels);
        mat_u8(&m, "", 2, 3, edges);
        mat_end(&m, pair);
    }
    mat_end(&m, cells);
    return m;
}

static struct mat_bytes segs_bytes(void)
{
    struct mat_bytes m = { 0 };
    const double whole[] = { 7, 8, 9, 10 };
    mat_header(&m);
    const size_t cells = mat_begin(&m, 1, 1, 2, "segs");
    mat_u16(&m, "", 2, 3, labels);
    mat_real(&m, "", 2, 2, whole);
    mat_end(&m, cells);
    return m;
}

static struct mat_bytes ucm2_bytes(const char *name)
{
    struct mat_bytes m = { 0 };
    mat_header(&m);
    mat_real(&m, name, 2, 3, reals);
    return m;
}

static void check_truth(void)
{
    struct edgel_mat mat;
    struct edgel_error err = { 0 };
    if (edgel_mat_read(path, NULL, &mat, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(mat.kind, EDGEL_MAT_TRUTH);
    assert_int_equal(mat.n, 2);
    for (int i = 0; i < 2; i++) {
        const struct edgel_image *s = &mat.segmentations[i], *b = &mat.boundaries[i];
        assert_true(s->w == 3 && s->h == 2 && s->type == EDGEL_U16 && b->w == 3 && b->h == 2 &&
                    b->type == EDGEL_U8);
        for (int x = 0; x < 3; x++)
            for (int y = 0; y < 2; y++) {
                assert_int_equal(label(s, x, y), labels[2 * x + y]);
                assert_int_equal(((const uint8_t *)b->data)[y * b->stride + x], edges[2 * x + y]);
            }
    }
    edgel_mat_finish(&mat);
}

static void test_truth(void **state)
{
    (void)state;
    struct mat_bytes m = truth_bytes();
    save(&m);
    check_truth();
    mat_pack(&m);
    save(&m);
    check_truth();
    free(m.v);
}

static void test_segs_and_ucm2(void **state)
{
    (void)state;
    struct edgel_mat mat;
    struct edgel_error err = { 0 };
    struct mat_bytes m = segs_bytes();
    mat_pack(&m);
    save(&m);
    free(m.v);
    if (edgel_mat_read(path, NULL, &mat, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    assert_true(mat.kind == EDGEL_MAT_SEGS && mat.n == 2 && !mat.boundaries[0].data);
    assert_int_equal(label(&mat.segmentations[0], 2, 1), 60000);
    assert_int_equal(label(&mat.segmentations[1], 1, 0), 9); /* whole numbers of another class */
    edgel_mat_finish(&mat);
    m = ucm2_bytes("ucm2");
    save(&m);
    free(m.v);
    if (edgel_mat_read(path, NULL, &mat, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    assert_true(mat.kind == EDGEL_MAT_UCM2 && mat.w == 3 && mat.h == 2);
    for (int x = 0; x < 3; x++)
        for (int y = 0; y < 2; y++)
            assert_true(mat.ucm2[y * 3 + x] == reals[2 * x + y]);
    edgel_mat_finish(&mat);
    edgel_mat_finish(&mat);
}

/* The other byte order, by hand: a file of one matrix 1 x 1. */
static void test_big_endian(void **state)
{
    (void)state;
    static const unsigned char element[] = {
        0, 0, 0, 14, 0,   0,   0,   56,                                /* array */
        0, 0, 0, 6,  0,   0,   0,   8,   0,    0,    0, 6, 0, 0, 0, 0, /* double */
        0, 0, 0, 5,  0,   0,   0,   8,   0,    0,    0, 1, 0, 0, 0, 1, /* 1 x 1 */
        0, 4, 0, 1,  'u', 'c', 'm', '2',                               /* a small element */
        0, 0, 0, 9,  0,   0,   0,   8,   0x3F, 0xE0, 0, 0, 0, 0, 0, 0, /* 0.5 */
    };
    struct mat_bytes m = { 0 };
    struct edgel_mat mat;
    struct edgel_error err = { 0 };
    mat_header(&m);
    memcpy(m.v + 124, "\1\0MI", 4);
    mat_put(&m, element, sizeof element);
    save(&m);
    free(m.v);
    if (edgel_mat_read(path, NULL, &mat, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    assert_true(mat.w == 1 && mat.h == 1 && mat.ucm2[0] == 0.5);
    edgel_mat_finish(&mat);
}

/* --- what is refused --- */

static void refuses(const struct mat_bytes *m, const struct edgel_limits *limits, enum edgel_status want,
                    const char *words)
{
    struct edgel_mat mat;
    struct edgel_error err = { 0 };
    save(m);
    const struct edgel_mat_params params = { *limits, 0, 0 };
    const enum edgel_status st = edgel_mat_read(path, &params, &mat, &err);
    if (st != want || !strstr(err.msg, words) || !strstr(err.msg, path))
        fail_msg("status %d, not %d: '%s' should name the file and '%s'", st, want, err.msg, words);
    assert_true(!mat.segmentations && !mat.boundaries && !mat.ucm2 && mat.n == 0);
}

static void test_another_kind(void **state)
{
    (void)state;
    struct mat_bytes m = { 0 };
    mat_put(&m, "\x89PNG\r\n\x1a\n and what follows", 20);
    refuses(&m, &defaults, EDGEL_EFORMAT, "not a MAT file");
    m.n = 0;
    refuses(&m, &defaults, EDGEL_EFORMAT, "empty");
    mat_put(&m, "\x89HDF\r\n\x1a\n and what follows", 20);
    refuses(&m, &defaults, EDGEL_EUNSUPPORTED, "HDF5");
    free(m.v);
    m = ucm2_bytes("ucm2");
    m.v[125] = 2;
    memcpy(m.v, "MATLAB 7.3", 10);
    refuses(&m, &defaults, EDGEL_EUNSUPPORTED, "version 7.3 (HDF5) is not read: save it with -v7");
    m.v[125] = 3;
    refuses(&m, &defaults, EDGEL_EFORMAT, "no version 5");
    free(m.v);
    m = ucm2_bytes("ucm3");
    refuses(&m, &defaults, EDGEL_EFORMAT, "no variable groundTruth, segs or ucm2");
    mat_real(&m, "ucm2", 2, 3, reals);
    struct edgel_mat mat;
    save(&m);
    assert_int_equal(edgel_mat_read(path, NULL, &mat, NULL), EDGEL_OK); /* the others are passed over */
    edgel_mat_finish(&mat);
    mat_real(&m, "segs", 2, 3, reals);
    refuses(&m, &defaults, EDGEL_EFORMAT, "more than one of groundTruth, segs and ucm2");
    free(m.v);
}

static void test_wrong_class(void **state)
{
    (void)state;
    struct mat_bytes m = { 0 };
    mat_header(&m);
    mat_u16(&m, "ucm2", 2, 3, labels);
    refuses(&m, &defaults, EDGEL_EFORMAT, "ucm2: must be a double or single matrix");
    m.n = 128;
    mat_u16(&m, "segs", 2, 3, labels);
    refuses(&m, &defaults, EDGEL_EFORMAT, "segs: must be a cell array");
    m.n = 128;
    mat_end(&m, mat_begin(&m, 1, 1, 0, "segs"));
    refuses(&m, &defaults, EDGEL_EFORMAT, "segs: must be a cell array, not empty");
    m.n = 128;
    size_t at = mat_begin(&m, 1, 1, 1, "groundTruth");
    mat_u16(&m, "", 2, 3, labels);
    mat_end(&m, at);
    refuses(&m, &defaults, EDGEL_EFORMAT, "groundTruth{1}: must be a structure");
    m.n = 128;
    at = mat_begin(&m, 1, 1, 1, "segs");
    mat_real(&m, "", 2, 3, reals);
    mat_end(&m, at);
    refuses(&m, &defaults, EDGEL_EFORMAT, "segs{1}: labels must be whole numbers from 0 to 65535");
    m.n = 128;
    at = mat_begin(&m, 1, 1, 1, "groundTruth");
    const size_t pair = mat_pair(&m, "Segmentierung", "Grenzen");
    mat_u16(&m, "", 2, 3, labels);
    mat_u16(&m, "", 2, 3, labels);
    mat_end(&m, pair);
    mat_end(&m, at);
    refuses(&m, &defaults, EDGEL_EFORMAT, "groundTruth{1}: has neither Segmentation nor Boundaries");
    m.n = 128;
    mat_end(&m, mat_begin(&m, 16, 1, 1, "f"));
    refuses(&m, &defaults, EDGEL_EUNSUPPORTED, "class 16");
    m.n = 128;
    double odd[6];
    memcpy(odd, reals, sizeof odd);
    memset(&odd[3], 0xFF, sizeof odd[3]);
    mat_real(&m, "ucm2", 2, 3, odd);
    refuses(&m, &defaults, EDGEL_EFORMAT, "ucm2: has values that are not finite");
    free(m.v);
}

static void test_sizes(void **state)
{
    (void)state;
    struct edgel_limits tight;
    edgel_limits_init(&tight);
    struct mat_bytes m = { 0 };
    mat_header(&m);
    mat_end(&m, mat_begin(&m, 6, 1u << 30, 1u << 30, "ucm2"));
    refuses(&m, &defaults, EDGEL_ELIMIT, "1073741824: side over the limit of 1000000 (max_side)");
    m.n = 128;
    mat_end(&m, mat_begin(&m, 6, 100000, 100000, "ucm2"));
    refuses(&m, &defaults, EDGEL_ELIMIT, "more than 268435456 pixels together (max_pixels)");
    m.n = 128;
    mat_end(&m, mat_begin(&m, 1, 1u << 31, 2, "segs"));
    refuses(&m, &defaults, EDGEL_EFORMAT, "dimensions of an array are too large");
    m.n = 128;
    mat_end(&m, mat_begin(&m, 1, 1u << 20, 1u << 20, "segs"));
    refuses(&m, &defaults, EDGEL_ELIMIT, "1099511627776 cells or fields is over the limit of 16384");
    free(m.v);
    m = truth_bytes();
    tight.max_pixels = 23; /* four maps of six */
    refuses(&m, &tight, EDGEL_ELIMIT, "more than 23 pixels together");
    tight.max_pixels = 24;
    save(&m);
    check_truth();
    tight.max_side = 2;
    refuses(&m, &tight, EDGEL_ELIMIT, "3: side over the limit of 2");
    free(m.v);
    m = ucm2_bytes("ucm2");
    m.v[128 + 8 + 16 + 8] = 3; /* three rows, and values of two */
    refuses(&m, &defaults, EDGEL_EFORMAT, "not as many values as its dimensions say");
    free(m.v);
}

static void test_truncated(void **state)
{
    (void)state;
    for (int packed = 0; packed < 2; packed++) {
        struct mat_bytes m = truth_bytes();
        if (packed)
            mat_pack(&m);
        const size_t all = m.n;
        for (m.n = 16; m.n < all; m.n++)
            refuses(&m, &defaults, EDGEL_EFORMAT, m.n == 128 ? "no variable" : "cut short");
        free(m.v);
    }
}

/* Elements that end after the element around them, or before it. */
static void test_nesting(void **state)
{
    (void)state;
    struct mat_bytes m = segs_bytes();
    uint32_t n;
    memcpy(&n, m.v + 132, 4);
    n -= 8;
    memcpy(m.v + 132, &n, 4);
    refuses(&m, &defaults, EDGEL_EFORMAT, "longer than the one around it");
    m.n = 128;
    const size_t at = mat_begin(&m, 6, 1, 1, "ucm2");
    mat_element(&m, 9, reals, 8);
    mat_element(&m, 9, reals, 8);
    mat_end(&m, at);
    refuses(&m, &defaults, EDGEL_EFORMAT, "longer than what it holds");
    m.n = 128;
    size_t deep[6];
    for (int i = 0; i < 6; i++)
        deep[i] = mat_begin(&m, 1, 1, 1, i ? "" : "other");
    for (int i = 5; i >= 0; i--)
        mat_end(&m, deep[i]);
    refuses(&m, &defaults, EDGEL_EFORMAT, "more than 4 deep");
    m.n = 128;
    mat_real(&m, "ucm2", 2, 3, reals);
    mat_real(&m, "other", 2, 3, reals);
    mat_pack(&m);
    refuses(&m, &defaults, EDGEL_EFORMAT, "more than one array in it");
    m.n = 128;
    mat_real(&m, "ucm2", 2, 3, reals);
    mat_put(&m, "", 1); /* and one byte more */
    mat_pack(&m);
    refuses(&m, &defaults, EDGEL_EFORMAT, "more than one array in it");
    m.n = 128;
    mat_real(&m, "ucm2", 2, 3, reals);
    mat_pack(&m);
    m.v[132] = (unsigned char)(m.v[132] + 1);
    mat_put(&m, "", 1);
    refuses(&m, &defaults, EDGEL_EFORMAT, "damaged compressed data");
    free(m.v);
}

static void takes(const struct mat_bytes *m)
{
    struct edgel_mat mat;
    struct edgel_error err = { 0 };
    if (edgel_mat_decode(m->v, m->n, path, NULL, &mat, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    edgel_mat_finish(&mat);
}

/* What is copied to a place of fixed size: one byte more than that is refused, and all of it is taken. A variable that
 * is passed over has its flags (bytes), dimensions and name as given here. */
static struct mat_bytes odd_head(size_t flags, size_t dims, size_t name)
{
    static const uint32_t class_of[64] = { 6 };
    uint32_t ones[64];
    char letters[512];
    struct mat_bytes m = ucm2_bytes("ucm2");
    for (int i = 0; i < 64; i++)
        ones[i] = 1;
    memset(letters, 'n', sizeof letters);
    const size_t at = m.n;
    mat_u32(&m, 14);
    mat_u32(&m, 0);
    mat_element(&m, 6, class_of, flags);
    mat_element(&m, 5, ones, dims);
    mat_element(&m, 1, letters, name);
    mat_element(&m, 9, reals, 8);
    mat_end(&m, at);
    return m;
}

static void test_fixed_places(void **state)
{
    (void)state;
    static const struct {
        size_t flags, dims, name;
        const char *words; /* NULL: taken */
    } cases[] = {
        { 8, 8, 1, NULL },
        { 8, 32, 64, NULL },
        { 8, 8, 0, NULL },
        { 7, 8, 1, "does not begin with its flags" },
        { 9, 8, 1, "does not begin with its flags" },
        { 16, 8, 1, "does not begin with its flags" },
        { 256, 8, 1, "does not begin with its flags" },
        { 8, 4, 1, "2 to 8 dimensions" },
        { 8, 10, 1, "2 to 8 dimensions" },
        { 8, 33, 1, "2 to 8 dimensions" },
        { 8, 36, 1, "2 to 8 dimensions" },
        { 8, 256, 1, "2 to 8 dimensions" },
        { 8, 8, 65, "longer than 64 bytes" },
        { 8, 8, 512, "longer than 64 bytes" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int packed = 0; packed < 2; packed++) {
            struct mat_bytes m = odd_head(cases[i].flags, cases[i].dims, cases[i].name);
            if (packed) { /* the first variable alone is compressed, then the second */
                struct mat_bytes head = { 0 }, tail = { 0 };
                const size_t first = 128 + 8 + 16 + 16 + 8 + 8 + sizeof reals;
                mat_header(&head);
                mat_header(&tail);
                mat_put(&tail, m.v + first, m.n - first);
                mat_pack(&tail);
                mat_put(&head, m.v + 128, first - 128);
                mat_put(&head, tail.v + 128, tail.n - 128);
                free(m.v);
                free(tail.v);
                m = head;
            }
            if (cases[i].words)
                refuses(&m, &defaults, EDGEL_EFORMAT, cases[i].words);
            else
                takes(&m);
            free(m.v);
        }
    struct mat_bytes m = ucm2_bytes("ucm2");
    const size_t tag = 128 + 8 + 16 + 16; /* of the name, which stands in it */
    m.v[tag + 2] = 5;
    refuses(&m, &defaults, EDGEL_EFORMAT, "more than 4 bytes in a tag");
    m.v[tag + 2] = 255;
    m.v[tag + 3] = 255;
    refuses(&m, &defaults, EDGEL_EFORMAT, "more than 4 bytes in a tag");
    free(m.v);
}

/* A variable that is passed over, with an element of a type that does not belong there. */
static void test_types(void **state)
{
    (void)state;
    static const struct {
        uint32_t flags, dims, name, values;
        size_t bytes;
        const char *words; /* NULL: taken */
    } cases[] = {
        { 6, 5, 1, 9, 8, NULL },
        { 6, 5, 1, 13, 8, NULL },
        { 5, 5, 1, 9, 8, "does not begin with its flags" },
        { 6, 6, 1, 9, 8, "2 to 8 dimensions" },
        { 6, 5, 2, 9, 8, "longer than 64 bytes, or none" },
        { 6, 5, 1, 8, 8, "not as many values" },
        { 6, 5, 1, 14, 8, "not as many values" },
        { 6, 5, 1, 7, 8, "not as many values" }, /* twice as many */
        { 6, 5, 1, 9, 9, "not as many values" },
        { 6, 5, 1, 9, 7, "not as many values" },
        { 6, 5, 1, 300, 8, "not as many values" },
    };
    static const uint32_t class_of[2] = { 6 }, sides[2] = { 1, 1 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mat_bytes m = ucm2_bytes("ucm2");
        const size_t at = m.n;
        mat_u32(&m, 14);
        mat_u32(&m, 0);
        mat_element(&m, cases[i].flags, class_of, 8);
        mat_element(&m, cases[i].dims, sides, 8);
        mat_element(&m, cases[i].name, "other", 5);
        mat_element(&m, cases[i].values, reals, cases[i].bytes);
        mat_end(&m, at);
        if (cases[i].words)
            refuses(&m, &defaults, EDGEL_EFORMAT, cases[i].words);
        else
            takes(&m);
        free(m.v);
    }
}

/* Dimensions whose product is 0 in 64 bits, and 2^63. */
static void test_product_of_dims(void **state)
{
    (void)state;
    static const uint32_t dims[2][4] = { { 1 << 16, 1 << 16, 1 << 16, 1 << 16 }, { 1 << 30, 1 << 30, 8, 1 } };
    for (int i = 0; i < 2; i++) {
        static const uint32_t class_of[2] = { 6 };
        struct mat_bytes m = ucm2_bytes("ucm2");
        const size_t at = m.n;
        mat_u32(&m, 14);
        mat_u32(&m, 0);
        mat_element(&m, 6, class_of, 8);
        mat_element(&m, 5, dims[i], 16);
        mat_element(&m, 1, "other", 5);
        mat_element(&m, 9, reals, 0);
        mat_end(&m, at);
        refuses(&m, &defaults, EDGEL_EFORMAT, "dimensions of an array are too large");
        free(m.v);
    }
}

/* Field names: how long they are, and how many bytes there are of them. */
static void test_field_names(void **state)
{
    (void)state;
    static const struct {
        uint32_t type, bytes; /* of the length */
        int32_t length;
        uint32_t names_type, names;
        const char *words; /* NULL: taken */
    } cases[] = {
        { 5, 4, 32, 1, 64, NULL },
        { 5, 4, 64, 1, 128, NULL },
        { 5, 4, 1, 1, 2, NULL }, /* names in a tag */
        { 5, 4, 65, 1, 130, "no field names of 1 to 64 bytes" },
        { 5, 4, 256, 1, 512, "no field names of 1 to 64 bytes" },
        { 5, 4, -1, 1, 64, "no field names of 1 to 64 bytes" },
        { 5, 4, 0, 1, 64, "no field names of 1 to 64 bytes" },
        { 5, 4, 32, 1, 63, "no field names of 1 to 64 bytes" },
        { 5, 4, 32, 2, 64, "no field names of 1 to 64 bytes" },
        { 6, 4, 32, 1, 64, "no length of its field names" },
        { 5, 2, 32, 1, 64, "no length of its field names" },
        { 5, 8, 32, 1, 64, "no length of its field names" },
    };
    char names[512];
    memset(names, 'f', sizeof names); /* not ended: the longest name fills its place */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mat_bytes m = { 0 };
        const int32_t length[2] = { cases[i].length, 0 };
        mat_header(&m);
        const size_t cells = mat_begin(&m, 1, 1, 1, "groundTruth"), at = mat_begin(&m, 2, 1, 1, "");
        mat_element(&m, cases[i].type, length, cases[i].bytes);
        mat_element(&m, cases[i].names_type, names, cases[i].names);
        for (int k = 0; k < 2; k++)
            mat_u8(&m, "", 2, 3, edges);
        mat_end(&m, at);
        mat_end(&m, cells);
        refuses(&m, &defaults, EDGEL_EFORMAT, cases[i].words ? cases[i].words : "has neither");
        free(m.v);
    }
    struct mat_bytes m = { 0 };
    const int32_t length = 1;
    char *many = malloc(16385);
    assert_non_null(many);
    memset(many, 'f', 16385);
    mat_header(&m);
    const size_t at = mat_begin(&m, 2, 1, 1, "other");
    mat_element(&m, 5, &length, 4);
    mat_element(&m, 1, many, 16385);
    mat_end(&m, at);
    refuses(&m, &defaults, EDGEL_ELIMIT, "cells or fields is over the limit of 16384");
    free(many);
    free(m.v);
}

/* Fields and cells by number, each below the limit and over it together; cells that are no arrays. */
static void test_children(void **state)
{
    (void)state;
    static const uint32_t counts[3][3] = { { 128, 129, 1 },
                                           { 129, 1, 128 },
                                           { 16385, 1, 0 } }; /* h, w, fields */
    const int32_t length = 1;
    char names[128];
    memset(names, 'f', sizeof names);
    for (int i = 0; i < 3; i++) {
        struct mat_bytes m = { 0 };
        mat_header(&m);
        const size_t at = mat_begin(&m, 2, counts[i][0], counts[i][1], "other");
        mat_element(&m, 5, &length, 4);
        mat_element(&m, 1, names, counts[i][2]);
        for (uint32_t k = 0; k < counts[i][0] * counts[i][1] * counts[i][2]; k++)
            mat_element(&m, 14, NULL, 0);
        mat_end(&m, at);
        refuses(&m, &defaults, EDGEL_ELIMIT, "cells or fields is over the limit of 16384");
        free(m.v);
    }
    struct mat_bytes m = ucm2_bytes("ucm2");
    const size_t sound = m.n;
    size_t at = mat_begin(&m, 1, 1, 1, "other");
    mat_element(&m, 15, NULL, 0);
    mat_end(&m, at);
    refuses(&m, &defaults, EDGEL_EFORMAT, "a cell or field is no array");
    m.n = sound;
    at = mat_begin(&m, 1, 1, 1, "other");
    mat_u32(&m, 14 | 4 << 16);
    mat_u32(&m, 0);
    mat_end(&m, at);
    refuses(&m, &defaults, EDGEL_EFORMAT, "a cell or field is no array");
    m.n = sound; /* an array that ends within 8 bytes, the padding making up for it */
    at = mat_begin(&m, 1, 1, 1, "other");
    const size_t inner = mat_begin(&m, 6, 1, 1, "");
    mat_element(&m, 9, reals, 8);
    mat_end(&m, inner);
    const uint32_t less = (uint32_t)(m.n - inner - 8 - 1);
    memcpy(m.v + inner + 4, &less, 4);
    mat_end(&m, at);
    refuses(&m, &defaults, EDGEL_EFORMAT, "does not end at a multiple of 8 bytes");
    m.n = sound; /* the same of a variable */
    at = mat_begin(&m, 6, 1, 1, "other");
    mat_element(&m, 9, reals, 8);
    mat_end(&m, at);
    m.v[at + 4]--;
    refuses(&m, &defaults, EDGEL_EFORMAT, "an element of the file is no array");
    m.n = sound;
    mat_element(&m, 9, reals, 8);
    refuses(&m, &defaults, EDGEL_EFORMAT, "an element of the file is no array");
    m.n = sound;
    mat_put(&m, "1234567", 7);
    refuses(&m, &defaults, EDGEL_EFORMAT, "the file is cut short");
    free(m.v);
}

/* The first field of a name counts; others are passed over. */
static void test_doubled_field(void **state)
{
    (void)state;
    static const uint8_t none[6] = { 0 };
    struct mat_bytes m = { 0 };
    mat_header(&m);
    const size_t cells = mat_begin(&m, 1, 1, 1, "groundTruth"),
                 pair = mat_pair(&m, "Boundaries", "Boundaries");
    mat_u8(&m, "", 2, 3, edges);
    mat_u8(&m, "", 2, 3, none);
    mat_end(&m, pair);
    mat_end(&m, cells);
    struct edgel_mat mat;
    assert_int_equal(edgel_mat_decode(m.v, m.n, "m", NULL, &mat, NULL), EDGEL_OK);
    assert_true(mat.n == 1 && !mat.segmentations[0].data);
    assert_int_equal(((const uint8_t *)mat.boundaries[0].data)[1], edges[2]);
    edgel_mat_finish(&mat);
    free(m.v);
}

/* Matrices that are none: three dimensions, nothing in them, complex, text; structures that are several. */
static void test_no_matrix(void **state)
{
    (void)state;
    static const uint32_t cube[3] = { 1, 2, 3 }, flags[2] = { 6, 0 }, complex_flags[2] = { 6 | 1 << 11, 0 };
    for (int i = 0; i < 5; i++) {
        struct mat_bytes m = { 0 };
        mat_header(&m);
        const size_t cells = mat_begin(&m, 1, 1, 1, "segs"), at = m.n;
        mat_u32(&m, 14);
        mat_u32(&m, 0);
        if (i < 4) {
            mat_element(&m, 6, i == 1 ? complex_flags : flags, 8);
            mat_element(&m, 5,
                        i == 2   ? (const uint32_t[]){ 0, 3 }
                        : i == 3 ? (const uint32_t[]){ 3, 0 }
                                 : cube + 1,
                        i == 0 ? 4 : 8);
            if (i == 0) { /* three dimensions after all */
                m.n -= 8;
                mat_element(&m, 5, cube, 12);
            }
            mat_element(&m, 1, "", 0);
            mat_element(&m, 9, reals, i < 2 ? 48 : 0);
            if (i == 1)
                mat_element(&m, 9, reals, 48);
            mat_end(&m, at);
        }
        mat_end(&m, cells);
        refuses(&m, &defaults, EDGEL_EFORMAT, "segs{1}: must be a numeric matrix");
        free(m.v);
    }
    struct mat_bytes m = { 0 };
    mat_header(&m);
    size_t cells = mat_begin(&m, 1, 1, 1, "segs"), at = mat_begin(&m, 4, 1, 2, "");
    mat_element(&m, 4, labels, 4);
    mat_end(&m, at);
    mat_end(&m, cells);
    refuses(&m, &defaults, EDGEL_EFORMAT, "segs{1}: must be a numeric matrix");
    static const uint32_t sizes[3][2] = { { 2, 1 }, { 1, 2 }, { 0, 0 } };
    for (int i = 0; i < 3; i++) {
        const int32_t length = 32;
        char names[32] = "Boundaries";
        m.n = 128;
        cells = mat_begin(&m, 1, 1, 1, "groundTruth");
        at = mat_begin(&m, 2, sizes[i][0], sizes[i][1], "");
        mat_element(&m, 5, &length, 4);
        mat_element(&m, 1, names, 32);
        for (uint32_t k = 0; k < sizes[i][0] * sizes[i][1]; k++)
            mat_u8(&m, "", 2, 3, edges);
        mat_end(&m, at);
        mat_end(&m, cells);
        refuses(&m, &defaults, EDGEL_EFORMAT, "groundTruth{1}: must be a structure");
    }
    m.n = 128;
    mat_end(&m, mat_begin(&m, 1, 1, 16385, "segs"));
    refuses(&m, &defaults, EDGEL_ELIMIT, "16385 cells or fields is over the limit");
    free(m.v);
}

/* Values in another type than that of the class: of the class they must be all the same. */
static void test_stored_types(void **state)
{
    (void)state;
    static const struct {
        uint32_t class_of;
        double v;
        bool taken;
    } cases[] = {
        { 9, 255, true },         { 9, 256, false },     { 9, -1, false },      { 9, 1.5, false },
        { 8, 127, true },         { 8, 128, false },     { 8, -128, true },     { 8, -129, false },
        { 11, 65535, true },      { 11, 65536, false },  { 10, 32768, false },  { 12, 0x1p31, false },
        { 13, 0x1p32 - 1, true }, { 13, 0x1p32, false }, { 14, 0x1p62, true },  { 14, 0x1p63, false },
        { 15, 0x1p63, true },     { 15, 0x1p64, false }, { 14, -0x1p63, true }, { 15, -1, false },
        { 7, 0.1, true },         { 6, -0x1p100, true }, { 12, -0x1p31, true }, { 10, -32769, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mat_bytes m = { 0 };
        mat_header(&m);
        /* as boundaries, which may be any number */
        const size_t cells = mat_begin(&m, 1, 1, 1, "groundTruth"), pair = mat_pair(&m, "x", "Boundaries");
        mat_end(&m, mat_begin(&m, 1, 0, 0, ""));
        const size_t at = mat_begin(&m, cases[i].class_of, 1, 1, "");
        mat_element(&m, 9, &cases[i].v, 8);
        mat_end(&m, at);
        mat_end(&m, pair);
        mat_end(&m, cells);
        if (cases[i].taken)
            takes(&m);
        else
            refuses(&m, &defaults, EDGEL_EFORMAT, "values that are not of its class");
        free(m.v);
    }
    struct mat_bytes m = { 0 };
    struct edgel_mat mat;
    const double tenth = 0.1;
    mat_header(&m);
    const size_t at = mat_begin(&m, 7, 1, 1, "ucm2");
    mat_element(&m, 9, &tenth, 8);
    mat_end(&m, at);
    assert_int_equal(edgel_mat_decode(m.v, m.n, "m", NULL, &mat, NULL), EDGEL_OK);
    assert_true(mat.ucm2[0] == (double)0.1f);
    edgel_mat_finish(&mat);
    free(m.v);
}

/* Labels at and past the ends of their range. */
static void test_label_range(void **state)
{
    (void)state;
    static const double values[] = { 0, 65535, 65536, -1, 0.5, 65535.5, -0.5 };
    for (int i = 0; i < 7; i++) {
        struct mat_bytes m = { 0 };
        mat_header(&m);
        const size_t cells = mat_begin(&m, 1, 1, 1, "segs");
        mat_real(&m, "", 1, 1, &values[i]);
        mat_end(&m, cells);
        if (i < 2)
            takes(&m);
        else
            refuses(&m, &defaults, EDGEL_EFORMAT, "segs{1}: labels must be whole numbers from 0 to 65535");
        free(m.v);
    }
}

/* --- sizes that are compared before anything is unpacked --- */

static void check_size(const struct mat_bytes *m, int w, int h, const char *words)
{
    struct edgel_mat_params params;
    struct edgel_mat mat;
    struct edgel_error err = { 0 };
    edgel_mat_params_init(&params);
    params.w = w;
    params.h = h;
    const enum edgel_status st = edgel_mat_decode(m->v, m->n, "m", &params, &mat, &err);
    if (st != (words ? EDGEL_EFORMAT : EDGEL_OK) || (words && strcmp(err.msg, words) != 0))
        fail_msg("%d x %d: status %d, '%s'", w, h, st, err.msg);
    edgel_mat_finish(&mat);
}

static void test_size_asked_for(void **state)
{
    (void)state;
    struct mat_bytes m = truth_bytes();
    check_size(&m, 3, 2, NULL);
    check_size(&m, 0, 0, NULL);
    check_size(&m, 2, 3, "m: groundTruth{1}.Segmentation is 3x2, the image 2x3");
    check_size(&m, 3, 3, "m: groundTruth{1}.Segmentation is 3x2, the image 3x3");
    check_size(&m, 4, 2, "m: groundTruth{1}.Segmentation is 3x2, the image 4x2");
    free(m.v);
    m = segs_bytes();
    check_size(&m, 3, 2, "m: segs{2} is 2x2, the image 3x2");
    free(m.v);
    m = ucm2_bytes("ucm2"); /* 3 x 2 is no size of a hierarchy */
    check_size(&m, 1, 1, "m: ucm2 is 3x2, the image 1x1: must be twice as large and 1 more");
    m.n = 128;
    mat_real(&m, "ucm2", 1, 3, reals);
    check_size(&m, 1, 0, NULL);
    check_size(&m, 2, 0, "m: ucm2 is 3x1, the image 2x0: must be twice as large and 1 more");
    free(m.v);
}

/* Appends a variable of zeros that unpacks to far more than it takes, as its head says or not. */
static void add_bomb(struct mat_bytes *m, const char *name, uint32_t class_of, uint32_t type, size_t bytes,
                     uint32_t h, uint32_t w)
{
    struct mat_bytes head = { 0 };
    mat_u32(&head, 14);
    mat_u32(&head, 0);
    const uint32_t flags[2] = { class_of, 0 }, dims[2] = { h, w };
    mat_element(&head, 6, flags, 8);
    mat_element(&head, 5, dims, 8);
    mat_element(&head, 1, name, strlen(name));
    mat_u32(&head, type);
    mat_u32(&head, (uint32_t)bytes);
    mat_end(&head, 0);
    const uint32_t claim = (uint32_t)(head.n - 8 + bytes);
    memcpy(head.v + 4, &claim, 4);
    unsigned char *all = calloc(head.n + bytes, 1);
    uLongf n = compressBound((uLong)(head.n + bytes));
    unsigned char *packed = malloc(n);
    assert_true(all && packed);
    memcpy(all, head.v, head.n);
    assert_int_equal(compress2(packed, &n, all, (uLong)(head.n + bytes), 1), Z_OK);
    mat_u32(m, 15);
    mat_u32(m, (uint32_t)n);
    mat_put(m, packed, n);
    free(all);
    free(packed);
    free(head.v);
}

static void test_bombs(void **state)
{
    (void)state;
    struct mat_bytes m = { 0 };
    struct edgel_limits tight = defaults;
    mat_header(&m);
    add_bomb(&m, "ucm2", 6, 9, 8 << 20, 1 << 10, 1 << 10);
    takes(&m);
    check_size(&m, 500, 500, "m: ucm2 is 1024x1024, the image 500x500: must be twice as large and 1 more");
    tight.max_pixels = (1 << 20) - 1;
    refuses(&m, &tight, EDGEL_ELIMIT, "more than 1048575 pixels together");
    m.n = 128; /* five times 64 MB of what is not asked for */
    add_bomb(&m, "other", 9, 2, 1 << 26, 1 << 13, 1 << 13);
    const size_t one = m.n - 128;
    for (int i = 1; i < 5; i++) {
        unsigned char *again = malloc(one);
        assert_non_null(again);
        memcpy(again, m.v + 128, one);
        mat_put(&m, again, one);
        free(again);
    }
    add_bomb(&m, "ucm2", 6, 9, 8, 1, 1);
    refuses(&m, &defaults, EDGEL_ELIMIT, "holds more than 268435456 bytes besides the maps that are read");
    struct edgel_mat_info info;
    assert_int_equal(edgel_mat_probe(m.v, m.n, "m", NULL, &info, NULL),
                     EDGEL_OK); /* which unpacks none of it */
    assert_true(info.kind == EDGEL_MAT_UCM2 && info.w == 1 && info.h == 1 && info.n == 0);
    free(m.v); /* 1 GB is claimed, of a few bytes */
    m = ucm2_bytes("ucm2");
    const uint32_t all = 1u << 30, values = all - 8 * 7, sides[2] = { 1, values / 8 };
    memcpy(m.v + 132, &all, 4);
    memcpy(m.v + 128 + 8 + 16 + 8, sides, 8);
    memcpy(m.v + 128 + 8 + 16 + 16 + 8 + 4, &values, 4);
    mat_pack(&m);
    refuses(&m, &defaults, EDGEL_EFORMAT, "bytes of packed data cannot hold an array of 1073741824 bytes");
    free(m.v);
}

/* Narrow maps take 64 bytes a row: memory is bounded as well as pixels. */
static void test_narrow_maps(void **state)
{
    (void)state;
    struct mat_bytes m = { 0 };
    struct edgel_limits limits = defaults;
    static const uint8_t column[100000];
    mat_header(&m);
    const size_t cells = mat_begin(&m, 1, 1, 12, "segs");
    for (int i = 0; i < 12; i++)
        mat_u8(&m, "", 100000, 1, column);
    mat_end(&m, cells);
    limits.max_pixels = 1200000; /* of 64 bytes each: 76.8 MB, allowed are 9.6 and 67.1 */
    refuses(&m, &limits, EDGEL_ELIMIT, "more than 1200000 pixels together");
    limits.max_pixels = 1300000;
    struct edgel_mat_params params = { limits, 0, 0 };
    struct edgel_mat mat;
    assert_int_equal(edgel_mat_decode(m.v, m.n, "m", &params, &mat, NULL), EDGEL_OK);
    edgel_mat_finish(&mat);
    free(m.v);
}

static void test_probing(void **state)
{
    (void)state;
    struct edgel_mat_info info;
    struct edgel_error err = { 0 };
    struct mat_bytes m = truth_bytes();
    for (int packed = 0; packed < 2; packed++) {
        if (packed)
            mat_pack(&m);
        assert_int_equal(edgel_mat_probe(m.v, m.n, "m", NULL, &info, NULL), EDGEL_OK);
        assert_true(info.kind == EDGEL_MAT_TRUTH && info.n == 2 && info.w == 3 && info.h == 2);
    }
    struct edgel_limits tight = defaults;
    tight.max_side = 2;
    assert_int_equal(edgel_mat_probe(m.v, m.n, "m", &tight, &info, &err), EDGEL_ELIMIT);
    free(m.v);
    m = ucm2_bytes("ucm3");
    err = (struct edgel_error){ 0 };
    assert_int_equal(edgel_mat_probe(m.v, m.n, "m", NULL, &info, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "no variable groundTruth"));
    mat_real(&m, "ucm2", 2, 3, reals); /* what goes before is passed over */
    assert_int_equal(edgel_mat_probe(m.v, m.n, "m", NULL, &info, NULL), EDGEL_OK);
    assert_true(info.kind == EDGEL_MAT_UCM2 && info.w == 3 && info.h == 2);
    free(m.v);
}

/* A flipped bit in compressed data shows, or changes nothing (a copy from elsewhere of the same bytes). */
static void test_flipped_bits(void **state)
{
    (void)state;
    size_t taken = 0;
    struct mat_bytes m = truth_bytes();
    mat_pack(&m);
    for (size_t bit = 8 * 136; bit < 8 * m.n; bit++) {
        struct edgel_mat mat;
        m.v[bit / 8] ^= (unsigned char)(1u << bit % 8);
        save(&m);
        const enum edgel_status st = edgel_mat_read(path, NULL, &mat, NULL);
        edgel_mat_finish(&mat);
        if (st == EDGEL_OK)
            check_truth();
        taken += st == EDGEL_OK;
        m.v[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_true(taken < 8);
    free(m.v);
}

/* Files with bytes changed at random: read or refused, nothing else happens. */
static void test_mutated(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    size_t read = 0, refused = 0;
    for (int round = 0; round < 2400; round++) {
        struct mat_bytes m = round % 3 == 0   ? truth_bytes()
                             : round % 3 == 1 ? segs_bytes()
                                              : ucm2_bytes("ucm2");
        for (int i = 0; i <= round % 4; i++) {
            const uint64_t r = random_bits(&seed);
            m.v[r % 5 ? 128 + (r >> 8) % (m.n - 128) : (r >> 8) % m.n] =
                (unsigned char)(r % 3 ? r >> 40 : 1u << (r >> 40) % 8);
        }
        if (round % 8 == 7)
            mat_pack(&m);
        struct edgel_mat mat;
        struct edgel_error err = { 0 };
        save(&m);
        free(m.v);
        const enum edgel_status st = edgel_mat_read(path, NULL, &mat, &err);
        if (st != EDGEL_OK)
            assert_non_null(strstr(err.msg, path));
        read += st == EDGEL_OK;
        refused += st != EDGEL_OK;
        edgel_mat_finish(&mat);
    }
    print_message("# of 2400 changed files %zu were read and %zu refused\n", read, refused);
    assert_true(read > 100 && refused > 1000);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct mat_bytes m = kind == 0 ? truth_bytes() : kind == 1 ? segs_bytes() : ucm2_bytes("ucm2");
        enum edgel_status st = EDGEL_ENOMEM;
        save(&m);
        free(m.v);
        const long live = edgel_alloc_live();
        for (long n = 0; st == EDGEL_ENOMEM; n++) {
            struct edgel_mat mat;
            edgel_alloc_fail_after(n);
            st = edgel_mat_read(path, NULL, &mat, NULL);
            edgel_alloc_fail_after(-1);
            edgel_mat_finish(&mat);
            assert_int_equal(edgel_alloc_live(), live);
        }
        assert_int_equal(st, EDGEL_OK);
    }
}

static void test_probe(void **state)
{
    (void)state;
    struct mat_bytes m = ucm2_bytes("ucm2");
    assert_true(edgel_mat_of_bytes(m.v, 16));
    assert_false(edgel_mat_of_bytes(m.v, 15));
    assert_int_equal(edgel_format_of_bytes(m.v, 16), EDGEL_FORMAT_NONE);
    assert_true(edgel_named_like_mat("a/b.MAT"));
    assert_false(edgel_named_like_mat("a/.mat"));
    assert_false(edgel_named_like_mat("mat"));
    free(m.v);
}

int main(void)
{
    edgel_limits_init(&defaults);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truth),           cmocka_unit_test(test_segs_and_ucm2),
        cmocka_unit_test(test_big_endian),      cmocka_unit_test(test_another_kind),
        cmocka_unit_test(test_wrong_class),     cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_truncated),       cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_flipped_bits),    cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_out_of_memory),   cmocka_unit_test(test_probe),
        cmocka_unit_test(test_fixed_places),    cmocka_unit_test(test_types),
        cmocka_unit_test(test_product_of_dims), cmocka_unit_test(test_field_names),
        cmocka_unit_test(test_doubled_field),   cmocka_unit_test(test_children),
        cmocka_unit_test(test_no_matrix),       cmocka_unit_test(test_stored_types),
        cmocka_unit_test(test_label_range),     cmocka_unit_test(test_size_asked_for),
        cmocka_unit_test(test_bombs),           cmocka_unit_test(test_narrow_maps),
        cmocka_unit_test(test_probing),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
