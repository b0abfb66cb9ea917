/* Documents of files: memory is that of ids and names, not of the document; what was changed in between is refused. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "eval/objects/objects_priv.h"
#include "tree.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static size_t held, most; /* bytes of the library, now and at most */

static void *allocate(void *user, size_t bytes, size_t alignment)
{
    size_t *block = aligned_alloc(alignment, bytes + alignment);
    (void)user;
    if (!block)
        return NULL;
    *block = bytes;
    held += bytes;
    most = held > most ? held : most;
    return (char *)block + alignment;
}

static void release(void *user, void *memory)
{
    size_t *block = (size_t *)(void *)((char *)memory - 64);
    (void)user;
    held -= *block;
    free(block);
}

/* n annotations of 64 KB, each of an image of 200 x 100 pixels whose first column is an object. */
static void write_document(const char *path, int n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fprintf(f, "{\"info\":[\"%01000d\"],\"annotations\":[", 0);
    for (int i = 0; i < n; i++) {
        fprintf(f, "%s{\"id\":%d,\"image_id\":%d,\"category_id\":7,\"note\":\"", i ? "," : "", i + 1, n - i);
        for (int k = 0; k < 1 << 16; k++)
            fputc('a' + k % 26, f);
        fprintf(f, "\",\"segmentation\":{\"size\":[100,200],\"counts\":[0,100,19900]}}");
    }
    fputs("],\"images\":[", f);
    for (int i = 0; i < n; i++)
        fprintf(f, "%s{\"id\":%d,\"file_name\":\"folder/%d.jpg\",\"width\":200,\"height\":100}", i ? "," : "",
                i + 1, i);
    fputs("]}", f);
    assert_int_equal(fclose(f), 0);
}

static void memory_is_not_that_of_the_document(void **state)
{
    enum { N = 400 };
    struct edgel_coco *c;
    (void)state;
    write_document("d.json", N); /* 26 MB */
    const size_t before = held;
    most = held;
    assert_int_equal(edgel_coco_open("d.json", NULL, &c, NULL), EDGEL_OK);
    assert_int_equal(edgel_coco_count(c), N);
    for (size_t i = 0; i < N; i++) {
        struct edgel_object_set s = { 0 };
        char name[32];
        snprintf(name, sizeof name, "folder/%zu", i);
        assert_string_equal(edgel_coco_at(c, i)->name, name);
        assert_int_equal(edgel_coco_objects(c, i, 0, 0, &s, NULL), EDGEL_OK);
        assert_true(s.nobjects == 1 && s.objects[0].pixels == 100 && s.objects[0].id == (int64_t)(N - i));
        edgel_object_set_finish(&s);
    }
    assert_true(most - before < 1 << 20);
    edgel_coco_destroy(&c);
    assert_int_equal(held, before);
}

static void a_changed_file_is_refused(void **state)
{
    struct edgel_coco *c;
    struct edgel_object_set s = { 0 };
    struct edgel_error err = { 0 };
    (void)state;
    write_document("d.json", 3);
    assert_int_equal(edgel_coco_open("d.json", NULL, &c, NULL), EDGEL_OK);
    write_document("d.json", 2); /* the same file: other ids stand where the first annotation was */
    assert_int_equal(edgel_coco_objects(c, 2, 0, 0, &s, &err), EDGEL_EFORMAT);
    assert_string_equal(err.msg, "d.json: was changed while it was read");
    edgel_coco_destroy(&c);
}

static void documents_have_a_ceiling(void **state)
{
    struct edgel_coco *c;
    struct edgel_error err = { 0 };
    struct edgel_limits limits;
    (void)state;
    edgel_limits_init(&limits);
    tree_put("d.json", "[ ] ");
    limits.max_file_bytes = 4;
    assert_int_equal(edgel_coco_open("d.json", &limits, &c, NULL), EDGEL_OK);
    edgel_coco_destroy(&c);
    limits.max_file_bytes = 3;
    assert_int_equal(edgel_coco_open("d.json", &limits, &c, &err), EDGEL_ELIMIT);
    assert_string_equal(err.msg, "d.json: 4 bytes, over the limit of 3 for a document (max_file_bytes)");
    edgel_error_clear(&err);
    tree_put("s.json", "{\"images\":[");
    assert_int_equal(truncate("s.json", (off_t)20 << 30), 0);
    assert_int_equal(edgel_coco_open("s.json", NULL, &c, &err), EDGEL_ELIMIT);
    edgel_error_clear(&err);
    assert_int_equal(truncate("s.json", (off_t)1 << 30),
                     0); /* within the ceiling: read up to the first NUL byte */
    assert_int_equal(edgel_coco_open("s.json", NULL, &c, &err), EDGEL_EFORMAT);
    assert_string_equal(err.msg, "s.json: not valid JSON: no value at column 12");
    edgel_error_clear(&err);
    struct edgel_text t = { 0 };
    edgel_text_str(&t, "{\"annotations\":[]");
    for (int i = 0; i < 256; i++)
        edgel_text_printf(&t, ",\"%d\":%d", i, i);
    edgel_text_str(&t, "}");
    assert_int_equal(edgel_coco_parse(t.s, t.len, "t", &c, &err), EDGEL_ELIMIT);
    edgel_text_finish(&t);
    edgel_error_clear(&err);
    static const char twice[] = "{\"annotations\":[],\"a\":1,\"a\":2}";
    assert_int_equal(edgel_coco_parse(twice, strlen(twice), "t", &c, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "a key that stands twice"));
}

/* The n-th allocation fails, for every n. */
static void no_memory_is_an_error(void **state)
{
    (void)state;
    write_document("d.json", 2);
    long n = 0;
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; n++) {
        struct edgel_coco *c;
        struct edgel_object_set s = { 0 };
        edgel_alloc_fail_after(n);
        st = edgel_coco_open("d.json", NULL, &c, NULL);
        if (st == EDGEL_OK)
            st = edgel_coco_objects(c, 1, 0, 0, &s, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
        edgel_object_set_finish(&s);
        edgel_coco_destroy(&c);
    }
    assert_true(n > 10);
}

/* n objects of all pixels on both sides, of the classes 0, of one each, or of stripes. */
static enum edgel_status match(int n, int w, int h, bool classes, int stripes, struct edgel_error *err)
{
    struct edgel_object_set sets[2] = { { 0 }, { 0 } };
    struct edgel_object_counts *counts;
    size_t ncounts, room = 0;
    enum edgel_status st = EDGEL_OK;
    for (int side = 0; side < 2 && st == EDGEL_OK; side++) {
        struct edgel_object_set *s = &sets[side];
        int64_t *runs = malloc((size_t)stripes * sizeof *runs);
        *s = (struct edgel_object_set){ .w = w, .h = h, .columns = true };
        s->objects = edgel_calloc((size_t)n, sizeof *s->objects);
        s->nobjects = (size_t)n;
        room = 0;
        for (int k = 0; k < stripes; k++)
            runs[k] = stripes == 2 ? (k ? (int64_t)w * h : 0) : 1;
        for (int i = 0; i < n && st == EDGEL_OK; i++) {
            s->objects[i] = (struct edgel_object){ .id = i + 1, .class_id = classes ? i : 0 };
            st = edgel_rle_counts(runs, (size_t)stripes, (uint32_t)i, s, &room, err);
        }
        free(runs);
        edgel_objects_sort(s);
        edgel_objects_extents(s);
    }
    if (st == EDGEL_OK) {
        st = edgel_objects_match(&sets[0], &sets[1], &counts, &ncounts, err);
        edgel_objects_free(counts, ncounts);
    }
    for (int side = 0; side < 2; side++)
        edgel_object_set_finish(&sets[side]);
    return st;
}

static void work_on_one_image_is_bounded(void **state)
{
    struct edgel_error err = { 0 };
    (void)state;
    assert_int_equal(match(1000, 50, 40, false, 2, &err), EDGEL_OK);
    most = held;
    assert_int_equal(match(3000, 4000, 4000, false, 2, &err), EDGEL_ELIMIT);
    assert_string_equal(err.msg, "objects: more than 1048576 pairs of objects of one class overlap");
    assert_true(most - held < 64 << 20);
    edgel_error_clear(&err);
    most = held;
    assert_int_equal(match(9000, 50, 40, true, 2, &err), EDGEL_ELIMIT); /* of no class in common: only met */
    assert_string_equal(err.msg, "objects: they overlap more than 2^27 times");
    edgel_error_clear(&err);
    assert_int_equal(match(3000, 80, 40, false, 3200, &err), EDGEL_ELIMIT);
    assert_string_equal(err.msg, "run lengths: more than 2097152 runs of objects in one image");
    assert_true(most - held < 64 << 20);
}

int main(void)
{
    const struct edgel_allocator counting = { allocate, release, NULL };
    if (edgel_allocator_set(&counting, NULL) != EDGEL_OK)
        return 1;
    const struct CMUnitTest tests[] = { TREE_TEST(memory_is_not_that_of_the_document),
                                        TREE_TEST(a_changed_file_is_refused),
                                        TREE_TEST(documents_have_a_ceiling), TREE_TEST(no_memory_is_an_error),
                                        cmocka_unit_test(work_on_one_image_is_bounded) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
