/* Data sets: lists of classes and colours, what the values of masks say. */
#include "edgel/dataset.h"
#include "eval_masks.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- values of masks --- */

static enum edgel_labels labels_of(enum edgel_type type, int bits, bool indexed, const int *v, int n,
                                   bool *zero_one)
{
    struct edgel_mask_values s = { 0 };
    struct edgel_image img;
    init_image(&img, n, 1, 1, type);
    for (int i = 0; i < n; i++)
        if (type == EDGEL_F32)
            ((float *)img.data)[i] = (float)v[i] / 100.0f;
        else
            put(&img, i, 0, v[i]);
    struct edgel_mask m = mask_of(&img, bits);
    m.indexed = indexed;
    edgel_mask_values_add(&s, &m, (const int32_t[]){ 77 }, 1);
    edgel_image_finish(&img);
    *zero_one = edgel_mask_values_zero_one(&s);
    return edgel_mask_values_labels(&s);
}

static void values_decide_labels(void **state)
{
    (void)state;
    const enum edgel_labels bin = EDGEL_LABELS_BINARY, ids = EDGEL_LABELS_IDS;
    static const struct {
        enum edgel_type type;
        int bits, v[4];
        bool indexed, binary, zero_one;
    } t[] = {
        { EDGEL_U8, 8, { 0, 1, 0, 1 }, false, true, true },
        { EDGEL_U8, 8, { 0, 255, 0, 0 }, false, true, false },
        { EDGEL_U8, 8, { 0, 0, 0, 0 }, false, true, false },
        { EDGEL_U8, 8, { 0, 1, 255, 0 }, false, false, false },
        { EDGEL_U8, 8, { 0, 2, 0, 0 }, false, false, false },
        { EDGEL_U8, 8, { 0, 1, 77, 0 }, false, true, true }, /* 77 is ignored */
        { EDGEL_U8, 1, { 0, 1, 1, 0 }, false, true, false },
        { EDGEL_U8, 4, { 0, 15, 0, 0 }, false, true, false },
        { EDGEL_U8, 4, { 0, 15, 0, 0 }, true, false, false },
        { EDGEL_U8, 8, { 0, 1, 2, 0 }, true, false, false },
        { EDGEL_U16, 16, { 0, 65535, 0, 0 }, false, true, false },
        { EDGEL_U16, 16, { 0, 255, 0, 0 }, false, true, false },
        { EDGEL_U16, 16, { 0, 256, 0, 0 }, false, false, false },
        { EDGEL_F32, 32, { 0, 100, 0, 0 }, false, true, false },
        { EDGEL_F32, 32, { 0, 50, 0, 0 }, false, false, false },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        bool zero_one;
        assert_int_equal(labels_of(t[i].type, t[i].bits, t[i].indexed, t[i].v, 4, &zero_one),
                         t[i].binary ? bin : ids);
        assert_int_equal(zero_one, t[i].zero_one);
    }
}

/* --- lists --- */

static const char *write_text(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "test_dataset.%ld.txt", (long)getpid());
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    return path;
}

static void class_lists_are_read(void **state)
{
    (void)state;
    struct edgel_classes c;
    assert_int_equal(edgel_classes_read("3", &c, NULL), EDGEL_OK);
    assert_true(c.n == 3 && c.v[2].id == 2);
    assert_string_equal(c.v[2].name, "2");
    edgel_classes_finish(&c);
    assert_int_equal(edgel_classes_read(write_text("# seven\n7 road works # note\r\n\n 3\tsky\n9"), &c, NULL),
                     EDGEL_OK);
    assert_true(c.n == 3 && c.v[0].id == 3 && c.v[1].id == 7 && c.v[2].id == 9);
    assert_string_equal(c.v[0].name, "sky");
    assert_string_equal(c.v[1].name, "road works");
    assert_string_equal(c.v[2].name, "9");
    edgel_classes_finish(&c);
    assert_int_equal(edgel_classes_read(write_text("sky\n2nd class\nC#\n"), &c, NULL), EDGEL_OK);
    assert_true(c.n == 3 && c.v[2].id == 2);
    assert_string_equal(c.v[2].name, "C#");
    edgel_classes_finish(&c);
    static const char *const bad[] = {
        "", "# nothing\n", "1 a\n1 b\n", "1 a\nb\n", "65536 a\n", "-1 a\n1 b\n"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct edgel_error err = { 0 };
        const char *path = write_text(bad[i]);
        assert_int_equal(edgel_classes_read(path, &c, &err), EDGEL_EFORMAT);
        assert_non_null(strstr(err.msg, path));
        assert_int_equal(c.n, 0);
    }
    assert_int_equal(edgel_classes_read("0", &c, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_classes_read("5000", &c, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_classes_read("no/such/file", &c, NULL), EDGEL_EIO);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void color_lists_are_read(void **state)
{
    (void)state;
    struct edgel_colors c;
    assert_int_equal(edgel_colors_read(write_text("0 0 0 0 void\n255 128 7 12\n"), &c, NULL), EDGEL_OK);
    assert_true(c.n == 2 && c.v[1].r == 255 && c.v[1].g == 128 && c.v[1].b == 7 && c.v[1].id == 12);
    edgel_colors_finish(&c);
    static const char *const bad[] = { "", "0 0 0\n", "0 0 256 1\n", "0 0 0 1\n0 0 0 2\n", "0 0 0 x\n" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(edgel_colors_read(write_text(bad[i]), &c, NULL), EDGEL_EFORMAT);
    assert_int_equal(unlink(write_text("")), 0);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void allocation_failures_are_reported(void **state)
{
    (void)state;
    const char *path = write_text("1 a\n2 b\n3 c\n");
    long n = 0;
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; n++) {
        struct edgel_classes c;
        struct edgel_error err = { 0 };
        edgel_alloc_fail_after(n);
        st = edgel_classes_read(path, &c, &err);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && err.msg[0]));
        edgel_classes_finish(&c);
        assert_int_equal(edgel_alloc_live(), 0);
    }
    assert_true(n > 5);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_decide_labels),
        cmocka_unit_test(class_lists_are_read),
        cmocka_unit_test(color_lists_are_read),
        cmocka_unit_test(allocation_failures_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
