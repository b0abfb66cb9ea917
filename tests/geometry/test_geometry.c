/* Objects of label maps against a flood fill, their tables, and pictures against the formulas of edgel/geometry.h. */
#include "edgel/geometry.h"
#include "filter_twin.h"

/* --- components --- */

static enum edgel_status keep(void *user, const struct edgel_component *c, struct edgel_error *err)
{
    struct edgel_component *all = user;
    (void)err;
    all[c->number - 1] = *c;
    return EDGEL_OK;
}

static struct edgel_image map_of(const uint16_t *labels, int w, int h)
{
    struct edgel_image img = { 0 };
    assert_int_equal(edgel_image_init(&img, w, h, 1, EDGEL_U16, NULL), EDGEL_OK);
    for (int y = 0; y < h; y++)
        memcpy((char *)img.data + y * img.stride, labels + y * w, (size_t)w * sizeof *labels);
    return img;
}

static void components_are_numbered_as_they_are_read(void **unused)
{
    (void)unused;
    static const uint16_t labels[] = { 0, 2, 0, 5, 5, /* */
                                       2, 0, 0, 5, 0, /* */
                                       0, 2, 0, 0, 2, /* */
                                       5, 5, 2, 2, 0 };
    static const int want[] = { 0, 1, 0, 2, 2, 1, 0, 0, 2, 0, 0, 1, 0, 0, 1, 3, 3, 1, 1, 0 };
    struct edgel_image map = map_of(labels, 5, 4), numbers = { 0 };
    struct edgel_component c[4];
    int64_t n;
    const struct edgel_view v = edgel_image_view(&map);
    assert_int_equal(edgel_components_number(v, 0, &numbers, &n, NULL), EDGEL_OK);
    assert_int_equal(n, 3);
    for (int i = 0; i < 20; i++)
        assert_true(get(&numbers, i % 5, i / 5, 0) == want[i]);
    assert_int_equal(edgel_components_list(v, edgel_image_view(&numbers), n, keep, c, NULL), EDGEL_OK);
    assert_true(c[0].number == 1 && c[0].label == 2 && c[0].area == 6);
    assert_true(c[0].x == 0 && c[0].y == 0 && c[0].w == 5 && c[0].h == 4);
    assert_true(c[0].cx == (1 + 0 + 1 + 4 + 2 + 3) / 6.0 && c[0].cy == (0 + 1 + 2 + 2 + 3 + 3) / 6.0);
    assert_true(c[1].label == 5 && c[1].x == 3 && c[1].y == 0 && c[1].w == 2 && c[1].h == 2);
    assert_true(c[2].label == 5 && c[2].area == 2 && c[2].cx == 0.5 && c[2].cy == 3);
    assert_int_equal(edgel_components_number(v, -1, &numbers, &n, NULL), EDGEL_OK);
    assert_int_equal(n, 4); /* the zeros touch at their corners */
    edgel_image_finish(&map);
    edgel_image_finish(&numbers);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Gives the number n to the pixels that are 8-connected with (x, y). */
static void flood(const struct edgel_image *map, int *numbers, int x, int y, int n)
{
    if (x < 0 || y < 0 || x >= map->w || y >= map->h || numbers[y * map->w + x] != 0)
        return;
    numbers[y * map->w + x] = n;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            if (x + dx >= 0 && y + dy >= 0 && x + dx < map->w && y + dy < map->h &&
                get(map, x + dx, y + dy, 0) == get(map, x, y, 0))
                flood(map, numbers, x + dx, y + dy, n);
}

static void components_are_those_of_a_flood_fill(void **unused)
{
    (void)unused;
    for (int i = 0; i < 300; i++) {
        const enum edgel_type type = i % 2 ? EDGEL_U8 : EDGEL_U16;
        const int w = 1 + (int)(rnd() % 40), h = 1 + (int)(rnd() % 30), labels = 2 + (int)(rnd() % 3);
        struct edgel_image map = make(w, h, 1, type), numbers = { 0 };
        int want[40 * 30] = { 0 }, count = 0;
        int64_t n;
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                set(&map, x, y, 0, (int)(rnd() % (unsigned)labels) * 85);
        for (int p = 0; p < w * h; p++)
            if (want[p] == 0 && get(&map, p % w, p / w, 0) != 0)
                flood(&map, want, p % w, p / w, ++count);
        assert_int_equal(edgel_components_number(edgel_image_view(&map), 0, &numbers, &n, NULL), EDGEL_OK);
        assert_int_equal(n, count);
        for (int p = 0; p < w * h; p++)
            assert_true(get(&numbers, p % w, p / w, 0) == want[p]);
        edgel_image_finish(&map);
        edgel_image_finish(&numbers);
    }
}

static void what_is_no_label_map_is_refused(void **unused)
{
    (void)unused;
    static const uint16_t labels[] = { 1, 0, 0, 2 };
    struct edgel_image map = map_of(labels, 2, 2), numbers = { 0 }, out = { 0 },
                       gray = make(2, 2, 1, EDGEL_F32);
    struct edgel_error err = { 0 };
    struct edgel_component c[2];
    struct edgel_view v = edgel_image_view(&map), none = v;
    int64_t n;
    none.data = NULL;
    assert_int_equal(edgel_components_number(none, 0, &numbers, &n, &err), EDGEL_EINVAL);
    assert_int_equal(edgel_components_number(edgel_image_view(&gray), 0, &numbers, &n, NULL), EDGEL_EINVAL);
    assert_null(numbers.data);
    assert_int_equal(edgel_components_number(v, 0, &numbers, NULL, NULL), EDGEL_OK);
    edgel_error_clear(&err);
    assert_int_equal(edgel_components_list(v, edgel_image_view(&numbers), 1, keep, c, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "component 2: must be 0 to 1");
    assert_int_equal(edgel_components_list(v, v, 2, keep, c, NULL), EDGEL_EINVAL);
    set(&numbers, 1, 1, 0, 65536);
    edgel_error_clear(&err);
    assert_int_equal(edgel_components_map(edgel_image_view(&numbers), &out, &err), EDGEL_ELIMIT);
    assert_string_equal(err.msg, "65536 objects: a label map of 16 bits holds 65535");
    set(&numbers, 1, 1, 0, -1);
    assert_int_equal(edgel_components_map(edgel_image_view(&numbers), &out, NULL), EDGEL_EINVAL);
    set(&numbers, 1, 1, 0, 65535);
    assert_int_equal(edgel_components_map(edgel_image_view(&numbers), &out, NULL), EDGEL_OK);
    assert_true(out.type == EDGEL_U16 && get(&out, 1, 1, 0) == 65535 && get(&out, 0, 0, 0) == 1);
    edgel_image_finish(&map);
    edgel_image_finish(&numbers);
    edgel_image_finish(&out);
    edgel_image_finish(&gray);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- tables --- */

struct page {
    char text[512];
    size_t n;
    int calls, refuse;
};

static const char *name_of(void *user, int label)
{
    (void)user;
    return label == 2 ? "say \"two\", please" : "five";
}

static enum edgel_status add(void *user, const void *bytes, size_t n, struct edgel_error *err)
{
    struct page *p = user;
    if (p->calls++ == p->refuse)
        return edgel_fail(err, EDGEL_EIO, "refused");
    memcpy(p->text + p->n, bytes, n);
    p->n += n;
    return EDGEL_OK;
}

static void a_table_has_a_line_for_each_object(void **unused)
{
    (void)unused;
    static const uint16_t labels[] = { 0, 2, 0, 5, 5, /* */
                                       2, 0, 0, 5, 0, /* */
                                       2, 2, 0, 0, 0 };
    struct edgel_image map = map_of(labels, 5, 3), numbers = { 0 };
    struct page page = { .refuse = -1 };
    struct edgel_component_table table = { name_of, add, &page };
    int64_t n;
    const struct edgel_view v = edgel_image_view(&map);
    assert_int_equal(edgel_components_number(v, 0, &numbers, &n, NULL), EDGEL_OK);
    for (long k = 0;; k++) {
        page.n = 0;
        edgel_alloc_fail_after(k);
        enum edgel_status s = edgel_components_table(v, edgel_image_view(&numbers), n, &table, NULL);
        edgel_alloc_fail_after(-1);
        if (s == EDGEL_OK)
            break;
        assert_int_equal(s, EDGEL_ENOMEM);
        assert_true(k < 20);
    }
    page.text[page.n] = '\0';
    assert_string_equal(page.text, "id,class,name,area,x,y,w,h,cx,cy\n"
                                   "1,2,\"say \"\"two\"\", please\",4,0,0,2,3,0.50,1.25\n"
                                   "2,5,five,3,3,0,2,2,3.33,0.33\n");
    for (int refuse = 0; refuse < 3; refuse++) {
        page = (struct page){ .refuse = refuse };
        assert_int_equal(edgel_components_table(v, edgel_image_view(&numbers), n, &table, NULL), EDGEL_EIO);
        assert_int_equal(page.calls, refuse + 1);
    }
    page = (struct page){ .refuse = -1 };
    table.name = NULL;
    assert_int_equal(edgel_components_table(v, edgel_image_view(&numbers), n, &table, NULL), EDGEL_OK);
    assert_non_null(strstr(page.text, "\n2,5,,3,3,"));
    edgel_image_finish(&map);
    edgel_image_finish(&numbers);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- pictures --- */

static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };

/* An image with values beyond the range where the type has them. */
static struct edgel_image random_pixels(int i, int w, int h)
{
    struct edgel_image img = make(w, h, (const int[]){ 1, 3, 4 }[i / 3 % 3], types[i % 3]);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < img.channels; c++)
                set(&img, x, y, c,
                    img.type == EDGEL_U8    ? rnd() % 256
                    : img.type == EDGEL_U16 ? rnd() % 65536
                                            : (double)(rnd() % 1000) / 700 - 0.2);
    return img;
}

static struct edgel_image random_labels(int w, int h, enum edgel_type type, int n)
{
    struct edgel_image map = make(w, h, 1, type);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            set(&map, x, y, 0, rnd() % (unsigned)n);
    return map;
}

static void overlays_are_half_the_image_and_half_the_colour(void **unused)
{
    (void)unused;
    struct edgel_palette palette;
    edgel_palette_voc(&palette);
    for (int i = 0; i < 90; i++) {
        const int w = 1 + (int)(rnd() % 20), h = 1 + (int)(rnd() % 20);
        struct edgel_image img = random_pixels(i, w, h), out = { 0 };
        struct edgel_image map = random_labels(w, h, i % 2 ? EDGEL_U8 : EDGEL_U16, i % 2 ? 3 : 400);
        assert_int_equal(
            edgel_overlay_labels(edgel_image_view(&img), edgel_image_view(&map), &palette, &out, NULL),
            EDGEL_OK);
        assert_true(out.type == EDGEL_U8 && out.channels == 3);
        for (int k = 0; k < w * h * 3; k++) {
            const int x = k / 3 % w, y = k / 3 / w, c = k % 3, id = (int)get(&map, x, y, 0);
            const double raw = get(&img, x, y, img.channels == 1 ? 0 : c);
            const double v = img.type == EDGEL_U8 ? raw
                             : img.type == EDGEL_U16
                                 ? floor(raw / 256)
                                 : fmin(255, fmax(0, floor((double)((float)raw * 255.0f + 0.5f))));
            const double want = id ? floor((v + palette.rgb[id % 256][c] + 1) / 2) : v;
            assert_true(get(&out, x, y, c) == want);
        }
        edgel_image_finish(&img);
        edgel_image_finish(&map);
        edgel_image_finish(&out);
    }
}

static void judged_pictures_are_green_blue_and_red(void **unused)
{
    (void)unused;
    for (int i = 0; i < 90; i++) {
        const int w = 1 + (int)(rnd() % 20), h = 1 + (int)(rnd() % 20), ignore = i % 5 ? 3 : -1;
        struct edgel_image img = random_pixels(i, w, h), out = { 0 };
        struct edgel_image truth = random_labels(w, h, EDGEL_U16, 4), seen = random_labels(w, h, EDGEL_U8, 4);
        assert_int_equal(edgel_overlay_judged(edgel_image_view(&img), edgel_image_view(&truth),
                                              edgel_image_view(&seen), ignore, &out, NULL),
                         EDGEL_OK);
        for (int k = 0; k < w * h * 3; k++) {
            const int x = k / 3 % w, y = k / 3 / w, c = k % 3;
            const int t = (int)get(&truth, x, y, 0), s = (int)get(&seen, x, y, 0);
            const bool gray = t == ignore || (t == 0 && s == 0);
            const bool red = !gray && t != s && s != 0, green = !gray && t == s,
                       blue = !gray && t != s && s == 0;
            const float raw = (float)get(&img, x, y, img.channels == 1 ? 0 : c);
            const float v = img.type == EDGEL_U8    ? raw / 255.0f
                            : img.type == EDGEL_U16 ? raw / 65535.0f
                                                    : fminf(1, fmaxf(0, raw));
            const bool lit = c == 0 ? red : c == 1 ? green : blue;
            assert_true(get(&out, x, y, c) == floor((double)(127.0f * v + (lit ? 128 : 0))));
        }
        edgel_image_finish(&img);
        edgel_image_finish(&truth);
        edgel_image_finish(&seen);
        edgel_image_finish(&out);
    }
}

static void pictures_of_what_does_not_fit_are_refused(void **unused)
{
    (void)unused;
    struct edgel_palette palette;
    struct edgel_image img = random_pixels(0, 4, 4), two = make(4, 4, 2, EDGEL_U8), out = { 0 };
    struct edgel_image map = random_labels(4, 4, EDGEL_U8, 3), small = random_labels(3, 4, EDGEL_U8, 3);
    const struct edgel_view v = edgel_image_view(&img), m = edgel_image_view(&map);
    edgel_palette_voc(&palette);
    assert_int_equal(edgel_overlay_labels(edgel_image_view(&two), m, &palette, &out, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_overlay_labels(v, edgel_image_view(&small), &palette, &out, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_overlay_labels((struct edgel_view){ 0 }, m, &palette, &out, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_overlay_judged(v, m, edgel_image_view(&small), 3, &out, NULL), EDGEL_EINVAL);
    edgel_alloc_fail_after(0);
    assert_int_equal(edgel_overlay_judged(v, m, m, 3, &out, NULL), EDGEL_ENOMEM);
    edgel_alloc_fail_after(0);
    assert_int_equal(edgel_components_number(m, 0, &out, NULL, NULL), EDGEL_ENOMEM);
    edgel_alloc_fail_after(-1);
    assert_null(out.data);
    edgel_image_finish(&img);
    edgel_image_finish(&two);
    edgel_image_finish(&map);
    edgel_image_finish(&small);
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_are_numbered_as_they_are_read),
        cmocka_unit_test(components_are_those_of_a_flood_fill),
        cmocka_unit_test(what_is_no_label_map_is_refused),
        cmocka_unit_test(a_table_has_a_line_for_each_object),
        cmocka_unit_test(overlays_are_half_the_image_and_half_the_colour),
        cmocka_unit_test(judged_pictures_are_green_blue_and_red),
        cmocka_unit_test(pictures_of_what_does_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
