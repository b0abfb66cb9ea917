/* MAT files of the segmentation benchmark: what is read, transposed and converted, and what is refused with which
 * words. Every file is made here byte by byte. */
#include "core/core_priv.h"
#include "edgel/image.h"
#include "mat_bytes.h"
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
    refuses(&m, &defaults, EDGEL_ELIMIT, "1073741824: side over the limit of 1000000 (--max-side)");
    m.n = 128;
    mat_end(&m, mat_begin(&m, 6, 100000, 100000, "ucm2"));
    refuses(&m, &defaults, EDGEL_ELIMIT, "more than 268435456 pixels together (--max-pixels)");
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
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            m.v[seed % 5 ? 128 + (seed >> 8) % (m.n - 128) : (seed >> 8) % m.n] =
                (unsigned char)(seed % 3 ? seed >> 40 : 1u << (seed >> 40) % 8);
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
        cmocka_unit_test(test_truth),         cmocka_unit_test(test_segs_and_ucm2),
        cmocka_unit_test(test_big_endian),    cmocka_unit_test(test_another_kind),
        cmocka_unit_test(test_wrong_class),   cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_truncated),     cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_flipped_bits),  cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_probe),
        cmocka_unit_test(test_fixed_places),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
