/* Run lengths and documents: decoding by hand and back, rules, hostile documents and counts, lack of memory. */
#include "eval/objects/objects_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 24, PIXELS = SIDE * SIDE };

/* --- run lengths --- */

/* The string form as its definition has it, for numbers of any sign. */
static void encode(const int64_t *counts, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++) {
        int64_t v = i > 2 ? counts[i] - counts[i - 2] : counts[i];
        for (bool more = true; more;) {
            int group = (int)(v & 31);
            v = (v - group) / 32;
            more = group & 16 ? v != -1 : v != 0;
            *out++ = (char)('0' + group + (more ? 32 : 0));
        }
    }
    *out = '\0';
}

static size_t runs_of(const uint8_t *mask, int n, int64_t *counts)
{
    size_t k = 0;
    uint8_t last = 0;
    counts[0] = 0;
    for (int i = 0; i < n; i++) {
        if (mask[i] != last)
            counts[++k] = 0;
        last = mask[i];
        counts[k]++;
    }
    return k + 1;
}

static void check_spans(const struct edgel_object_set *s, const uint8_t *mask)
{
    static uint8_t got[PIXELS];
    memset(got, 0, sizeof got);
    for (size_t i = 0; i < s->nspans; i++)
        for (uint32_t k = s->spans[i].start; k < s->spans[i].end; k++)
            got[k]++;
    assert_memory_equal(got, mask, (size_t)s->w * (size_t)s->h);
}

static void masks_come_back(void **state)
{
    (void)state;
    for (int round = 0; round < 2000; round++) {
        static uint8_t mask[PIXELS];
        int64_t counts[PIXELS + 1];
        char text[8 * PIXELS];
        struct edgel_object_set s = { .w = 1 + (int)rnd(SIDE), .h = 1 + (int)rnd(SIDE) },
                                u = { .w = s.w, .h = s.h };
        size_t room = 0;
        const uint32_t often = 1 + rnd(40);
        for (int i = 0; i < s.w * s.h; i++)
            mask[i] = i > 0 && rnd(often) ? mask[i - 1] : (uint8_t)rnd(2);
        const size_t n = runs_of(mask, s.w * s.h, counts);
        assert_int_equal(edgel_rle_counts(counts, n, 0, &s, &room, NULL), EDGEL_OK);
        check_spans(&s, mask);
        encode(counts, n, text);
        room = 0;
        assert_int_equal(edgel_rle_string(text, 0, &u, &room, NULL), EDGEL_OK);
        check_spans(&u, mask);
        edgel_object_set_finish(&s);
        edgel_object_set_finish(&u);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void runs_say(const char *text, const int64_t *counts, size_t n, const char *rule)
{
    struct edgel_object_set s = { .w = 4, .h = 3 };
    struct edgel_error err = { 0 };
    size_t room = 0;
    enum edgel_status st =
        text ? edgel_rle_string(text, 0, &s, &room, &err) : edgel_rle_counts(counts, n, 0, &s, &room, &err);
    if (rule ? st != EDGEL_EFORMAT || !strstr(err.msg, rule) : st != EDGEL_OK)
        fail_msg("%s: '%s' instead of '%s'", text ? text : "counts", err.msg, rule ? rule : "");
    edgel_object_set_finish(&s);
}

static void runs_must_be_runs(void **state)
{
    (void)state;
    static const int64_t fine[] = { 0, 5, 3, 4 }, less[] = { 3, 5, 3 }, more[] = { 3, 5, 5 },
                         back[] = { 3, -1, 10 }, far[] = { 3, INT64_MAX, INT64_MAX }, none[] = { 12 };
    runs_say(NULL, fine, 4, NULL);
    runs_say(NULL, none, 1, NULL);
    runs_say(NULL, none, 0, "sum to 0");
    runs_say(NULL, less, 3, "sum to 11");
    runs_say(NULL, more, 3, "more than the 4x3");
    runs_say(NULL, back, 3, "negative");
    runs_say(NULL, far, 3, "more than the 4x3");
    runs_say("<", NULL, 0, NULL);    /* 12 */
    runs_say("053O", NULL, 0, NULL); /* 0 5 3 and 5 - 1 */
    runs_say("053", NULL, 0, "sum to 8");
    runs_say("0530", NULL, 0, "more than");
    runs_say("O", NULL, 0, "negative"); /* -1 */
    runs_say("0\n", NULL, 0, "number 2");
    runs_say("\x7f", NULL, 0, "number 1");
    runs_say("3P", NULL, 0, "number 2");
    runs_say("oooooooo", NULL, 0, "number 1");
    runs_say("", NULL, 0, "sum to 0");
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- documents --- */

#define RUNS(size, counts) "\"segmentation\":{\"size\":" size ",\"counts\":" counts "}"

static const char instances[] =
    "{\"images\":[{\"id\":7,\"file_name\":\"val/b.jpg\",\"width\":4,\"height\":3},{\"id\":3,\"file_name\":\"a.png\"}],"
    "\"annotations\":["
    "{\"id\":9,\"image_id\":7,\"category_id\":2,\"iscrowd\":0," RUNS(
        "[3,4]", "[0,3,9]") "},"
                            "{\"id\":4,\"image_id\":7,\"category_id\":1,\"iscrowd\":1," RUNS(
                                "[3,4]",
                                "\"363\"") "},"
                                           "{\"id\":5,\"image_id\":3,\"category_id\":2," RUNS(
                                               "[2,2]",
                                               "[1,2,1]") "}],"
                                                          "\"categories\":[{\"id\":2,\"name\":\"two\"},"
                                                          "{\"id\":1,\"name\":\"one\"}]}";

static struct edgel_coco *parse(const char *text)
{
    struct edgel_coco *c;
    struct edgel_error err = { 0 };
    if (edgel_coco_parse(text, strlen(text), "doc", &c, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    return c;
}

static void documents_are_read(void **state)
{
    (void)state;
    struct edgel_coco *c = parse(instances);
    struct edgel_object_set s;
    assert_int_equal(edgel_coco_count(c), 2);
    const struct edgel_coco_image *a = edgel_coco_at(c, 0), *b = edgel_coco_at(c, 1);
    assert_true(a->id == 3 && a->n == 1 && a->w == 0 && !a->mask);
    assert_string_equal(a->name, "a");
    assert_true(b->id == 7 && b->n == 2 && b->w == 4 && b->h == 3 && b->named);
    assert_string_equal(b->name, "val/b");
    assert_false(edgel_coco_panoptic(c));
    assert_int_equal(edgel_coco_categories(c)->n, 2);
    assert_string_equal(edgel_coco_categories(c)->v[0].name, "one");
    assert_int_equal(edgel_coco_objects(c, 1, 0, 0, &s, NULL), EDGEL_OK);
    assert_true(s.nobjects == 2 && s.w == 4 && s.h == 3);
    assert_true(s.objects[0].id == 4 && s.objects[0].crowd && s.objects[0].class_id == 1 &&
                s.objects[0].pixels == 6);
    assert_true(s.objects[1].id == 9 && !s.objects[1].crowd && s.objects[1].pixels == 3);
    const int column[] = { 0, 0, 1, 3 }, two[] = { 1, 0, 3, 3 };
    assert_memory_equal(s.objects[1].box, column, sizeof column);
    assert_memory_equal(s.objects[0].box, two, sizeof two);
    edgel_object_set_finish(&s);
    assert_int_equal(edgel_coco_objects(c, 0, 0, 0, &s, NULL), EDGEL_OK);
    const int all[] = { 0, 0, 2, 2 };
    assert_memory_equal(s.objects[0].box, all, sizeof all);
    edgel_object_set_finish(&s);
    edgel_coco_destroy(&c);
    c = parse("[{\"image_id\":5,\"category_id\":1,\"score\":0.5," RUNS("[1,2]", "[2]") "}]");
    assert_string_equal(edgel_coco_at(c, 0)->name, "5");
    assert_true(!edgel_coco_at(c, 0)->named && !edgel_coco_categories(c));
    edgel_coco_destroy(&c);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Parses, and decodes every image. */
static enum edgel_status take_all(const char *text, size_t n, struct edgel_error *err)
{
    struct edgel_coco *c;
    enum edgel_status st = edgel_coco_parse(text, n, "doc", &c, err);
    if (st != EDGEL_OK) {
        assert_null(c);
        return st;
    }
    for (size_t i = 0; i < edgel_coco_count(c); i++) {
        struct edgel_object_set s = { 0 };
        enum edgel_status one = edgel_coco_panoptic(c) ? edgel_coco_segments(c, i, &s, err)
                                                       : edgel_coco_objects(c, i, 0, 0, &s, err);
        st = st == EDGEL_OK ? one : st;
        edgel_object_set_finish(&s);
    }
    edgel_coco_destroy(&c);
    return st;
}

static void each_rule_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rule;
        enum edgel_status status;
    } cases[] = {
        { "7", "neither a list of results", EDGEL_EFORMAT },
        { "{}", "neither a list", EDGEL_EFORMAT },
        { "{\"annotations\":7}", "neither a list", EDGEL_EFORMAT },
        { "[7]", "image_id", EDGEL_EFORMAT },
        { "[{\"image_id\":\"7\",\"category_id\":1}]", "image_id", EDGEL_EFORMAT },
        { "[{\"image_id\":-7,\"category_id\":1}]", "image_id", EDGEL_EFORMAT },
        { "[{\"image_id\":7}]", "category_id", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":65536}]", "category_id", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1}]", "must have size and counts", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1,\"segmentation\":[[1,2,3,4,5,6]]}]", "polygon",
          EDGEL_EUNSUPPORTED },
        { "[{\"image_id\":7,\"category_id\":1,\"id\":-1," RUNS("[1,1]", "[1]") "}]", "id must",
          EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1,\"iscrowd\":2," RUNS("[1,1]", "[1]") "}]", "iscrowd",
          EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS("[1]", "[1]") "}]", "size must be", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS("[0,1]", "[1]") "}]", "size must be", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS("[1,1000001]", "[1]") "}]", "size must be",
          EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS("[1000000,1000000]", "[1]") "}]", "2^31", EDGEL_ELIMIT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS("[1,1]", "7") "}]", "size and counts", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS("[1,1]", "[0.5]") "}]",
          "annotation 0: run lengths: must be whole", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS("[1,1]", "[2]") "}]", "sum to more", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS("[2,2]", "[2,1]") "}]", "sum to 3", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS("[2,2]", "\"21\"") "}]", "sum to 3", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1," RUNS(
              "[1,1]", "[1]") "},{\"image_id\":7,\"category_id\":1," RUNS("[1,2]", "[2]") "}]",
          "annotation 1: its mask is 2x1, the image 1x1", EDGEL_EFORMAT },
        { "[{\"image_id\":7,\"category_id\":1,\"id\":2," RUNS("[1,1]",
                                                              "[1]") "},{\"image_id\":7,\"category_id\":1,"
                                                                     "\"id\":2," RUNS("[1,1]", "[1]") "}]",
          "the id 2", EDGEL_EFORMAT },
        { "{\"annotations\":[],\"images\":[{\"file_name\":\"a\"}]}", "id must be", EDGEL_EFORMAT },
        { "{\"annotations\":[],\"images\":[{\"id\":1,\"file_name\":7}]}", "file_name must be a string",
          EDGEL_EFORMAT },
        { "{\"annotations\":[],\"images\":[{\"id\":1,\"file_name\":\"../a\"}]}", "below its folder",
          EDGEL_EFORMAT },
        { "{\"annotations\":[],\"images\":[{\"id\":1,\"file_name\":\"/a\"}]}", "below its folder",
          EDGEL_EFORMAT },
        { "{\"annotations\":[],\"images\":[{\"id\":1,\"width\":0,\"height\":4}]}", "width and height",
          EDGEL_EFORMAT },
        { "{\"annotations\":[],\"images\":[{\"id\":1,\"width\":4,\"height\":1000001}]}", "width and height",
          EDGEL_EFORMAT },
        { "{\"annotations\":[],\"images\":[{\"id\":1},{\"id\":1}]}", "image id 1 is there twice",
          EDGEL_EFORMAT },
        { "{\"annotations\":[],\"categories\":[{\"id\":1}]}", "category 0", EDGEL_EFORMAT },
        { "{\"annotations\":[],\"categories\":[{\"id\":65536,\"name\":\"a\"}]}", "category 0",
          EDGEL_EFORMAT },
        { "{\"annotations\":[],\"categories\":[{\"id\":1,\"name\":\"a\"},{\"id\":1,\"name\":\"b\"}]}",
          "category id 1 is there twice", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":7,\"file_name\":\"a.png\"}]}",
          "must be a list", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":[]}]}", "file_name", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":[],\"file_name\":\"x/../../a\"}]}",
          "below its folder", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":[],\"file_name\":\"a\"},{\"image_id\":1,"
          "\"category_id\":1}]}",
          "some have segments_info", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":[],\"file_name\":\"a\"},{\"image_id\":1,"
          "\"segments_info\":[],\"file_name\":\"b\"}]}",
          "has another one", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":[{\"id\":0,\"category_id\":1}],\"file_name\":\"a\"}]}",
          "a segment's id", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":[{\"id\":16777216,\"category_id\":1}],"
          "\"file_name\":\"a\"}]}",
          "a segment's id", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":[{\"id\":1}],\"file_name\":\"a\"}]}",
          "category_id", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":[{\"id\":1,\"category_id\":1},{\"id\":1,"
          "\"category_id\":1}],\"file_name\":\"a\"}]}",
          "one id", EDGEL_EFORMAT },
        { "{\"annotations\":[{\"image_id\":1,\"segments_info\":[{\"id\":5,\"category_id\":1}],\"file_name\":\"a\"}]}",
          "segment 5 is not in the mask", EDGEL_EFORMAT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct edgel_error err = { 0 };
        const enum edgel_status st = take_all(cases[i].text, strlen(cases[i].text), &err);
        if (st != cases[i].status || !strstr(err.msg, cases[i].rule))
            fail_msg("%s: '%s' instead of '%s'", cases[i].text, err.msg, cases[i].rule);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- sources --- */

static void fill(struct edgel_image *img, int w, int h, const char *text)
{
    init_image(img, w, h, 1, EDGEL_U8);
    for (int i = 0; i < w * h; i++)
        put(img, i % w, i / w, text[i] - '0');
}

static void masks_and_documents_meet(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    struct edgel_image mask, other;
    struct edgel_row row = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_coco *c = parse(instances);
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "objects", EDGEL_OBJECTS_IDS);
    fill(&mask, 4, 3, "522052205220"); /* 5: as 9 of the document, 2: as 4, a crowd */
    fill(&other, 3, 3, "522522522");
    const struct edgel_mask view = mask_of(&mask, 8), wrong = mask_of(&other, 8);
    const struct edgel_object_source of_mask = { .mask = &view }, of_doc = { c, 1, NULL },
                                     of_other = { .mask = &wrong }, absent = { c, SIZE_MAX, NULL };
    assert_int_equal(edgel_measure_objects(&m, false, &of_mask, &of_doc, NULL, &row, &err), EDGEL_OK);
    assert_true(row.w == 4 && row.h == 3 && edgel_row_objects(&row)->n == 1 &&
                edgel_row_objects(&row)->v[0].id == 1);
    assert_true(edgel_row_objects(&row)->v[0].truth == 1 && edgel_row_objects(&row)->v[0].prediction == 2 &&
                edgel_row_objects(&row)->v[0].passed == 1);
    assert_true(edgel_row_objects(&row)->v[0].npairs == 1 &&
                edgel_row_objects(&row)->v[0].pairs[0].truth == 9);
    assert_true(edgel_row_objects(&row)->v[0].pairs[0].both == 3 &&
                edgel_row_objects(&row)->v[0].pairs[0].either == 3);
    edgel_row_finish(&row);
    assert_int_equal(edgel_measure_objects(&m, false, &of_doc, &of_mask, NULL, &row, &err), EDGEL_OK);
    assert_true(edgel_row_objects(&row)->v[0].truth == 2 && edgel_row_objects(&row)->v[0].prediction == 2 &&
                edgel_row_objects(&row)->v[0].npairs == 2);
    edgel_row_finish(&row);
    assert_int_equal(edgel_measure_objects(&m, false, &absent, &of_mask, NULL, &row, &err), EDGEL_OK);
    assert_true(row.kind == EDGEL_ROW_MEASURED && edgel_row_objects(&row)->v[0].truth == 2 &&
                edgel_row_objects(&row)->v[0].prediction == 0);
    edgel_row_finish(&row);
    assert_int_equal(edgel_measure_objects(&m, true, NULL, &of_doc, NULL, &row, &err), EDGEL_OK);
    assert_true(row.kind == EDGEL_ROW_MISSING && edgel_row_objects(&row)->n == 1 &&
                edgel_row_objects(&row)->v[0].id == 2);
    edgel_row_finish(&row);
    assert_int_equal(edgel_measure_objects(&m, false, &of_other, &of_doc, NULL, &row, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "prediction is 3x3, truth is 4x3"));
    assert_int_equal(edgel_measure_objects(&m, true, &of_doc, &of_doc, &view, &row, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_measure_objects(&m, true, &of_mask, &of_doc, NULL, &row, NULL), EDGEL_EINVAL);
    ask(&m, "objects", EDGEL_OBJECTS_COMPONENTS);
    assert_int_equal(edgel_measure_objects(&m, true, &of_doc, &of_doc, NULL, &row, NULL), EDGEL_EINVAL);
    edgel_coco_destroy(&c);
    edgel_image_finish(&mask);
    edgel_image_finish(&other);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void panoptic_masks_have_classes_and_void(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    struct edgel_image t, p;
    struct edgel_row row = { 0 };
    struct edgel_coco *c =
        parse("{\"annotations\":[{\"image_id\":1,\"file_name\":\"a.png\",\"segments_info\":["
              "{\"id\":3,\"category_id\":40},{\"id\":5,\"category_id\":41,\"iscrowd\":1}]},{\"image_id\":2,"
              "\"file_name\":\"b.png\",\"segments_info\":[{\"id\":1,\"category_id\":40},{\"id\":2,"
              "\"category_id\":40}]}]}");
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "objects", EDGEL_OBJECTS_IDS);
    fill(&t, 8, 1, "33305500");
    fill(&p, 8, 1, "11110222"); /* 1: three of 40 and one of void; 2: mostly void */
    const struct edgel_mask truth = mask_of(&t, 8), prediction = mask_of(&p, 8);
    const struct edgel_object_source a = { c, 0, &truth }, b = { c, 1, &prediction },
                                     no_mask = { c, 0, NULL };
    assert_true(edgel_coco_panoptic(c));
    assert_string_equal(edgel_coco_at(c, 0)->mask, "a.png");
    assert_int_equal(edgel_measure_objects(&m, true, &b, &a, NULL, &row, NULL), EDGEL_OK);
    assert_true(edgel_row_objects(&row)->n == 1 && edgel_row_objects(&row)->v[0].id == 40 &&
                edgel_row_objects(&row)->v[0].npairs == 1);
    assert_true(edgel_row_objects(&row)->v[0].pairs[0].both == 3 &&
                edgel_row_objects(&row)->v[0].pairs[0].either == 3 &&
                edgel_row_objects(&row)->v[0].passed == 1);
    edgel_row_finish(&row);
    assert_int_equal(edgel_measure_objects(&m, true, &a, &b, NULL, &row, NULL), EDGEL_OK);
    assert_true(edgel_row_objects(&row)->v[0].pairs[0].either == 4); /* 0 is void of the truth alone */
    edgel_row_finish(&row);
    assert_int_equal(edgel_measure_objects(&m, true, &no_mask, &b, NULL, &row, NULL), EDGEL_EINVAL);
    edgel_coco_destroy(&c);
    edgel_image_finish(&t);
    edgel_image_finish(&p);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- hostile input --- */

static size_t mutate(char *text, size_t n, size_t room)
{
    static const char *const pieces[] = { "-",          "0",     "9",    "99999999999999999999",
                                          "1e99",       "null",  "[",    "]",
                                          "{",          "}",     ",",    "\"",
                                          "2147483648", "65536", "true", "\\u0000",
                                          "[]",         "\"O\"", "-1" };
    for (uint32_t k = 0, changes = 1 + rnd(3); k < changes; k++) {
        const size_t at = rnd((uint32_t)n);
        const char *piece = pieces[rnd(sizeof pieces / sizeof *pieces)];
        const size_t length = strlen(piece);
        switch (rnd(4)) {
        case 0: text[at] = (char)rnd(256); break;
        case 1: n = at + 1 < n && rnd(4) == 0 ? at + 1 : n; break;
        case 2:
            memmove(text + at, text + at + 1, n - at - 1);
            n -= n > 1;
            break;
        default:
            if (n + length < room) {
                memmove(text + at + length, text + at, n - at);
                memcpy(text + at, piece, length);
                n += length;
            }
        }
    }
    return n;
}

static void mutated_documents_do_no_harm(void **state)
{
    (void)state;
    static const char panoptic[] =
        "{\"annotations\":[{\"image_id\":1,\"file_name\":\"a.png\",\"segments_info\":[{\"id\":3,\"category_id\":40,"
        "\"iscrowd\":0},{\"id\":5,\"category_id\":41}]}],\"images\":[{\"id\":1,\"file_name\":\"a.jpg\",\"width\":4,"
        "\"height\":3}],\"categories\":[{\"id\":40,\"name\":\"x\"}]}";
    int refused = 0, taken = 0;
    for (int round = 0; round < 4000; round++) {
        char text[2048];
        const char *from = round % 4 == 0 ? panoptic : instances;
        struct edgel_error err = { 0 };
        memcpy(text, from, strlen(from));
        const size_t n = mutate(text, strlen(from), sizeof text);
        char *exact = malloc(n + 1);
        memcpy(exact, text, n);
        const enum edgel_status st = take_all(exact, n, &err);
        assert_true(st == EDGEL_OK || st == EDGEL_EFORMAT || st == EDGEL_ELIMIT || st == EDGEL_EUNSUPPORTED);
        assert_true((st == EDGEL_OK) == (err.msg[0] == '\0'));
        refused += st != EDGEL_OK;
        taken += st == EDGEL_OK;
        free(exact);
    }
    assert_true(refused > 1000 && taken > 100);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void mutated_strings_do_no_harm(void **state)
{
    (void)state;
    int taken = 0;
    for (int round = 0; round < 20000; round++) {
        struct edgel_object_set s = { .w = 1 + (int)rnd(9), .h = 1 + (int)rnd(9) };
        char text[24];
        size_t n = rnd(20), room = 0;
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(rnd(20) ? '0' + rnd(34) : 1 + rnd(255));
        text[n] = '\0';
        const enum edgel_status st = edgel_rle_string(text, 0, &s, &room, NULL);
        assert_true(st == EDGEL_OK || st == EDGEL_EFORMAT);
        for (size_t i = 0; i < s.nspans; i++)
            assert_true(s.spans[i].start < s.spans[i].end && s.spans[i].end <= (uint32_t)(s.w * s.h));
        taken += st == EDGEL_OK;
        edgel_object_set_finish(&s);
    }
    assert_true(taken > 10);
    assert_int_equal(edgel_alloc_live(), 0);
}

static char path[] = "/tmp/edgel-coco-XXXXXX";

/* Reads and reduces what stands in the file. */
static enum edgel_status reduce_file(void)
{
    struct edgel_counts_reader *r;
    struct edgel_reducer *reducer = NULL;
    struct edgel_row row = { 0 };
    struct edgel_summary s = { 0 };
    bool more = true;
    enum edgel_status st = edgel_counts_open(path, &r, NULL);
    if (st != EDGEL_OK)
        return st;
    const struct edgel_counts_header *h = edgel_counts_header_of(r);
    st = edgel_reducer_create(&h->measure, &h->reduce, "p", &reducer, NULL);
    while (st == EDGEL_OK && more) {
        st = edgel_counts_next(r, &row, &more, NULL);
        if (st == EDGEL_OK && more)
            st = edgel_reducer_add(reducer, &row, NULL);
        edgel_row_finish(&row);
    }
    if (st == EDGEL_OK)
        st = edgel_reducer_summary(reducer, &s, NULL);
    for (size_t i = 0; i < edgel_summary_objects(&s)->nclasses; i++) {
        const struct edgel_object_result *c = &edgel_summary_objects(&s)->classes[i];
        assert_true(c->tp <= c->truth && c->fp <= c->prediction && c->fn <= c->truth);
        assert_true(!(c->scores.pq < 0 || c->scores.pq > 1) && !(c->scores.box_ciou > 1));
    }
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&reducer);
    edgel_counts_close(&r);
    return st;
}

static void mutated_counts_do_no_harm(void **state)
{
    (void)state;
    static const char counts[] =
        "{\"schema\":\"edgel.counts/1\",\"measure\":{\"labels\":\"ids\",\"threshold\":0.5,\"thresholds\":0,"
        "\"tolerance\":null,\"ignore\":[],\"valid\":false,\"annotator\":\"none\",\"objects\":\"ids\",\"colors\":null},"
        "\"reduce\":{\"reduce\":\"pooled\",\"empty\":\"nan\",\"missing\":\"error\",\"ignore\":[],"
        "\"exclude_from_mean\":[],\"nsd_tolerance\":[1],\"classes\":null},\"predictions\":[\"p\"]}\n"
        "{\"prediction\":0,\"image\":\"a\",\"kind\":\"measured\",\"width\":17,\"height\":1,\"pixels\":0,\"cells\":[],"
        "\"objects\":[[1,3,4,1,[[1,4,4,5,0,0,5,1,0,0,4,1,0],[2,5,2,4,6,0,10,1,6,0,8,1,1]]],[7,0,2,1,[]]]}\n";
    const size_t whole = strlen(counts), body = (size_t)(strstr(counts, "\"objects\":[[") - counts);
    int taken = 0, refused = 0;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (int round = 0; round <= 2500; round++) {
        char text[2048];
        memcpy(text, counts, whole);
        size_t n = whole;
        if (round > 0)
            n = body + mutate(text + body, whole - body, sizeof text - body);
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fwrite(text, 1, n, f);
        assert_int_equal(fclose(f), 0);
        const enum edgel_status st = reduce_file();
        if (round == 0)
            assert_int_equal(st, EDGEL_OK);
        taken += st == EDGEL_OK;
        refused += st != EDGEL_OK;
    }
    unlink(path);
    assert_true(taken > 50 && refused > 1000);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    struct edgel_image mask;
    long k = 0;
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "objects", EDGEL_OBJECTS_IDS);
    fill(&mask, 4, 3, "522052205220");
    const struct edgel_mask view = mask_of(&mask, 8);
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; k++) {
        struct edgel_coco *c = NULL;
        struct edgel_row row = { 0 };
        edgel_alloc_fail_after(k);
        st = edgel_coco_parse(instances, strlen(instances), "doc", &c, NULL);
        if (st == EDGEL_OK) {
            const struct edgel_object_source doc = { c, 1, NULL }, other = { .mask = &view };
            st = edgel_measure_objects(&m, false, &other, &doc, NULL, &row, NULL);
        }
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
        edgel_row_finish(&row);
        edgel_coco_destroy(&c);
    }
    assert_true(k > 30);
    edgel_image_finish(&mask);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- pairs --- */

static struct edgel_coco *parsed(const char *text)
{
    struct edgel_coco *c;
    struct edgel_error err = { 0 };
    if (edgel_coco_parse(text, strlen(text), "doc", &c, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    return c;
}

/* "KEY TRUTH:IMAGE PREDICTION:IMAGE", - for what is missing, one pair a line. */
static void check_pairs(const struct edgel_coco_side *truth, const struct edgel_coco_side *prediction,
                        const char *expected)
{
    struct edgel_coco_pairs *p;
    struct edgel_text t = { 0 };
    assert_int_equal(edgel_coco_pairs_make(truth, prediction, &p, NULL), EDGEL_OK);
    for (size_t i = 0; i < edgel_coco_pairs_count(p); i++) {
        const struct edgel_coco_pair *at = edgel_coco_pairs_at(p, i);
        edgel_text_printf(&t, "%s %s:%d %s:%d\n", at->key, at->truth ? at->truth : "-", (int)at->truth_image,
                          at->prediction ? at->prediction : "-", (int)at->image);
    }
    assert_string_equal(t.s, expected);
    edgel_text_finish(&t);
    edgel_coco_pairs_destroy(&p);
}

static void sides_are_paired(void **state)
{
    (void)state;
    struct edgel_coco *named =
        parsed("{\"images\":[{\"id\":7,\"file_name\":\"b/x.jpg\",\"width\":2,\"height\":2},"
               "{\"id\":9,\"file_name\":\"a.jpg\",\"width\":2,\"height\":2}],"
               "\"annotations\":[],\"categories\":[]}");
    struct edgel_coco *results =
        parsed("[{\"image_id\":9,\"category_id\":1,\"segmentation\":{\"size\":[2,2],\"counts\":[4]}},"
               "{\"image_id\":12,\"category_id\":1,\"segmentation\":{\"size\":[2,2],\"counts\":[4]}}]");
    static const char *const keys[] = { "a", "c" }, *const files[] = { "m/a.png", "m/c.png" };
    static const char *const digits[] = { "d/0009", "d/012", "d/5" }, *const numbers[] = { "9", "12", "5" };
    const struct edgel_coco_side t = { .document = named, .path = "t.json" },
                                 r = { .document = results, .path = "r.json" },
                                 m = { NULL, "m", keys, files, 2 }, d = { NULL, "d", digits, numbers, 3 };
    check_pairs(&t, &r,
                "12 -:-1 r.json#12:1\n"
                "a t.json#a:1 r.json#9:0\n"
                "b/x t.json#b/x:0 r.json:-1\n");
    check_pairs(&t, &m,
                "a t.json#a:1 m/a.png:-1\n"
                "b/x t.json#b/x:0 -:-1\n"
                "c -:-1 m/c.png:-1\n");
    check_pairs(&d, &r,
                "d/0009 9:-1 r.json#9:0\n"
                "d/012 12:-1 r.json#12:1\n"
                "d/5 5:-1 r.json:-1\n");
    const long live = edgel_alloc_live();
    long n = 0;
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; n++) {
        struct edgel_coco_pairs *p;
        struct edgel_error err = { 0 };
        edgel_alloc_fail_after(n);
        st = edgel_coco_pairs_make(&t, &m, &p, &err);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK ? p != NULL : st == EDGEL_ENOMEM && err.msg[0] && !p);
        edgel_coco_pairs_destroy(&p);
        assert_int_equal(edgel_alloc_live(), live);
    }
    assert_true(n > 6);
    edgel_coco_destroy(&named);
    edgel_coco_destroy(&results);
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_come_back),
        cmocka_unit_test(runs_must_be_runs),
        cmocka_unit_test(documents_are_read),
        cmocka_unit_test(each_rule_refuses),
        cmocka_unit_test(masks_and_documents_meet),
        cmocka_unit_test(panoptic_masks_have_classes_and_void),
        cmocka_unit_test(mutated_documents_do_no_harm),
        cmocka_unit_test(mutated_strings_do_no_harm),
        cmocka_unit_test(mutated_counts_do_no_harm),
        cmocka_unit_test(no_memory_is_an_error),
        cmocka_unit_test(sides_are_paired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
