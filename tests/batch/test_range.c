/* The range of samples: texts, how samples change, and how it is decided for a whole list. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "core/core_priv.h"
#include "edgel/batch.h"
#include "io/io_priv.h"
#include "random.h"
#include "tree.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct edgel_range range_of(const char *text)
{
    struct edgel_range r;
    struct edgel_error err = { 0 };
    if (edgel_range_parse("--range", text, &r, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    return r;
}

static void texts_come_back(void **state)
{
    static const struct {
        const char *text, *again;
    } some[] = { { "full", "full" },
                 { "auto", "auto" },
                 { "8bit", "8bit" },
                 { "0,4095", "12bit" },
                 { "12bit/full", "12bit/full" },
                 { "16bit/16bit", "16bit" },
                 { "-1.5,2e3", "-1.5,2000" },
                 { "10bit/-1,1", "10bit/-1,1" } };
    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        char text[128];
        const struct edgel_range r = range_of(some[i].text);
        edgel_range_text(&r, text, sizeof text);
        assert_string_equal(text, some[i].again);
    }
    static const char *const bad[] = {
        "",
        "12",
        "12 bit",
        "4095",
        "1,1",
        "2,1",
        "1,2,3",
        "1,nan",
        "auto/full",
        "full/auto",
        "/",
        "12bit/",
        "1,inf",
        "0x1p3,",
        "11111111111111111111111111111111111111111,1111111111111111111111111111111111111"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct edgel_range r = { .whole.max = 7 };
        struct edgel_error err = { 0 };
        assert_int_equal(edgel_range_parse("--range", bad[i], &r, &err), EDGEL_EINVAL);
        assert_true(r.whole.max == 7 && strncmp(err.msg, "--range", 7) == 0);
    }
}

static struct edgel_image make(int w, int h, int channels, enum edgel_type type)
{
    struct edgel_image img = { 0 };
    assert_int_equal(edgel_image_init(&img, w, h, channels, type, NULL), EDGEL_OK);
    return img;
}

static void write_file(const char *path, const struct edgel_image *img)
{
    struct edgel_write write;
    struct edgel_error err = { 0 };
    edgel_write_init(&write);
    write.format = edgel_format_of_name(path);
    if (edgel_image_write(path, edgel_image_view(img), &write, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
}

static struct edgel_image read_file(const char *path, enum edgel_decode decode, const char *range)
{
    struct edgel_image img = { 0 };
    struct edgel_read read;
    struct edgel_error err = { 0 };
    edgel_read_init(&read);
    read.decode = decode;
    read.range = range_of(range);
    if (edgel_image_read(path, &read, &img, NULL, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    return img;
}

/* (v - min) W / (max - min) to the nearest whole number, halves to even, by whole numbers alone. */
static int64_t scaled(int64_t v, int64_t min, int64_t max, int64_t white)
{
    if (v <= min || v >= max)
        return v <= min ? 0 : white;
    const int64_t a = (v - min) * white, b = max - min, down = a / b, twice = 2 * (a % b);
    return down + (twice > b || (twice == b && down % 2 == 1));
}

static void whole_numbers_are_scaled_and_cut(void **state)
{
    static const struct {
        const char *text;
        int64_t min, max;
    } some[] = { { "12bit", 0, 4095 },
                 { "8bit", 0, 255 },
                 { "100,30000", 100, 30000 },
                 { "-50,200", -50, 200 },
                 { "0,2", 0, 2 } };
    (void)state;
    struct edgel_image all = make(256, 256, 1, EDGEL_U16), small = make(256, 1, 1, EDGEL_U8);
    for (int i = 0; i < 65536; i++)
        ((uint16_t *)((char *)all.data + i / 256 * all.stride))[i % 256] = (uint16_t)i;
    for (int i = 0; i < 256; i++)
        ((uint8_t *)small.data)[i] = (uint8_t)i;
    write_file("all.png", &all);
    write_file("small.png", &small);
    for (size_t k = 0; k < sizeof some / sizeof *some; k++) {
        struct edgel_image a = read_file("all.png", EDGEL_DECODE_GRAY, some[k].text);
        struct edgel_image b = read_file("small.png", EDGEL_DECODE_GRAY, some[k].text);
        for (int i = 0; i < 65536; i++)
            assert_int_equal(((uint16_t *)((char *)a.data + i / 256 * a.stride))[i % 256],
                             scaled(i, some[k].min, some[k].max, 65535));
        for (int i = 0; i < 256; i++) /* an 8-bit image does not hold 4095 */
            assert_int_equal(((uint8_t *)b.data)[i],
                             some[k].max > 255 ? i : scaled(i, some[k].min, some[k].max, 255));
        edgel_image_finish(&a);
        edgel_image_finish(&b);
    }
    struct edgel_image labels = read_file("all.png", EDGEL_DECODE_LABELS, "12bit");
    assert_int_equal(((uint16_t *)labels.data)[7], 7);
    edgel_image_finish(&labels);
    edgel_image_finish(&all);
    edgel_image_finish(&small);
}

static void floats_are_scaled_and_not_cut(void **state)
{
    static const float values[] = { -3, 0, 0.25f, 100, 255, 4000, 1e30f };
    (void)state;
    struct edgel_image img = make(7, 1, 1, EDGEL_F32);
    memcpy(img.data, values, sizeof values);
    write_file("f.pfm", &img);
    struct edgel_image got = read_file("f.pfm", EDGEL_DECODE_GRAY, "full/-5,250");
    for (int i = 0; i < 7; i++)
        assert_true(((float *)got.data)[i] == (float)(((double)values[i] + 5) / 255));
    edgel_image_finish(&got);
    got = read_file("f.pfm", EDGEL_DECODE_GRAY, "12bit/full");
    assert_memory_equal(got.data, values, sizeof values);
    edgel_image_finish(&got);
    edgel_image_finish(&img);
    struct edgel_read read;
    struct edgel_error err = { 0 };
    edgel_read_init(&read);
    read.range.automatic = true;
    assert_int_equal(edgel_image_read("f.pfm", &read, &got, NULL, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "range auto: must be decided before images are read");
}

static void alpha_stays(void **state)
{
    (void)state;
    const struct edgel_range r = range_of("12bit");
    uint16_t two[] = { 4095, 4095, 0, 7 }, four[] = { 4095, 0, 4096, 4095, 1, 2, 3, 4 };
    edgel_range_row(&r, EDGEL_U16, 2, two, 2);
    edgel_range_row(&r, EDGEL_U16, 4, four, 2);
    const uint16_t want2[] = { 65535, 4095, 0, 7 }, want4[] = { 65535, 0, 65535, 4095, 16, 32, 48, 4 };
    assert_memory_equal(two, want2, sizeof two);
    assert_memory_equal(four, want4, sizeof four);
    const struct edgel_view v = { four, 2, 1, 4, EDGEL_U16, sizeof four };
    assert_true(edgel_view_largest(v) == 65535);
}

/* Rows that come one by one. */
struct rows {
    struct edgel_image img;
    int y;
};
static enum edgel_status begin(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct rows *r = user;
    return edgel_image_init(&r->img, shape.w, shape.h, shape.channels, shape.type, err);
}
static enum edgel_status put(void *user, const void *row, struct edgel_error *err)
{
    struct rows *r = user;
    (void)err;
    memcpy((char *)r->img.data + r->y++ * r->img.stride, row,
           (size_t)r->img.w * (size_t)r->img.channels * edgel_type_size(r->img.type));
    return EDGEL_OK;
}

static void rows_are_those_of_the_whole(void **state)
{
    static const enum edgel_decode decodes[] = { EDGEL_DECODE_GRAY, EDGEL_DECODE_COLOR, EDGEL_DECODE_FULL };
    (void)state;
    uint64_t seed = 15;
    struct edgel_image img = make(31, 17, 3, EDGEL_U16);
    for (int y = 0; y < 17; y++)
        for (int i = 0; i < 93; i++)
            ((uint16_t *)((char *)img.data + y * img.stride))[i] = (uint16_t)random_below(&seed, 5000);
    write_file("c.png", &img);
    for (int k = 0; k < 3; k++) {
        struct edgel_image whole = read_file("c.png", decodes[k], "12bit");
        struct rows r = { 0 };
        const struct edgel_row_sink sink = { &r, begin, put };
        struct edgel_read read;
        edgel_read_init(&read);
        read.decode = decodes[k];
        read.range = range_of("12bit");
        assert_int_equal(edgel_image_stream("c.png", &read, &sink, NULL, NULL), EDGEL_OK);
        assert_int_equal(r.y, 17);
        for (int y = 0; y < 17; y++)
            assert_memory_equal((char *)r.img.data + y * r.img.stride, (char *)whole.data + y * whole.stride,
                                (size_t)whole.w * (size_t)whole.channels * 2);
        edgel_image_finish(&whole);
        edgel_image_finish(&r.img);
    }
    edgel_image_finish(&img);
}

static void the_smallest_that_holds_is_chosen(void **state)
{
    static const struct {
        double whole, real;
        const char *text;
    } some[] = { { 0, 0, "full" },
                 { 200, 1, "8bit/full" },
                 { 256, 1.5, "10bit/8bit" },
                 { 4095, 0, "12bit/full" },
                 { 4096, 5000, "14bit" },
                 { 16384, 0, "full" },
                 { 65535, 1e6, "full/0,1000000" } };
    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        char text[128];
        const struct edgel_range r = edgel_range_for(some[i].whole, some[i].real);
        edgel_range_text(&r, text, sizeof text);
        assert_string_equal(text, some[i].text);
    }
}

/* --- a whole list --- */

static const char *const *list;

static const char *path_of(void *user, size_t i)
{
    (void)user;
    return list[i];
}

static struct edgel_range_survey survey_of(size_t n, int threads)
{
    struct edgel_range_survey s;
    edgel_range_survey_init(&s);
    s.count = n;
    s.path = path_of;
    s.threads = threads;
    return s;
}

static void put_value(const char *path, enum edgel_type type, double value)
{
    struct edgel_image img = make(9, 5, 1, type);
    memset(img.data, 0, (size_t)img.stride * 5);
    void *at = (char *)img.data + 3 * img.stride;
    if (type == EDGEL_F32)
        ((float *)at)[4] = (float)value;
    else if (type == EDGEL_U16)
        ((uint16_t *)at)[4] = (uint16_t)value;
    else
        ((uint8_t *)at)[4] = (uint8_t)value;
    write_file(path, &img);
    edgel_image_finish(&img);
}

static void decided_is(size_t n, int threads, const char *want, size_t failed)
{
    char text[128];
    struct edgel_range r;
    struct edgel_range_found found;
    const struct edgel_range_survey s = survey_of(n, threads);
    assert_int_equal(edgel_range_decide(&s, &r, &found, NULL), EDGEL_OK);
    edgel_range_text(&r, text, sizeof text);
    assert_string_equal(text, want);
    assert_int_equal(found.failed, failed);
}

static void a_list_has_one_range(void **state)
{
    static const char *const files[] = { "a.png", "b.png", "broken.png", "8.png", "f.pfm", NULL, "none.png" };
    (void)state;
    put_value("a.png", EDGEL_U16, 900);
    put_value("b.png", EDGEL_U16, 3000);
    put_value("8.png", EDGEL_U8, 255);
    put_value("f.pfm", EDGEL_F32, 300);
    tree_put("broken.png", "\x89PNG\r\n\x1a\n");
    list = files;
    for (int threads = 0; threads < 4; threads++) {
        decided_is(1, threads, "10bit/full", 0);
        decided_is(4, threads, "12bit/full", 1);
        decided_is(7, threads, "12bit/10bit", 2);
    }
    list = files + 3;
    decided_is(1, 1, "full", 0);
    decided_is(0, 1, "full", 0);
}

static uint32_t crc_of(const unsigned char *p, size_t n)
{
    uint32_t c = 0xFFFFFFFF;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xEDB88320 ^ c >> 1 : c >> 1;
    }
    return ~c;
}

/* Puts sBIT after IHDR, which ends at byte 33. */
static void say_bits(const char *path, unsigned char bits)
{
    unsigned char chunk[13] = { 0, 0, 0, 1, 's', 'B', 'I', 'T', bits };
    const uint32_t crc = crc_of(chunk + 4, 5);
    struct edgel_bytes b = { 0 };
    for (int i = 0; i < 4; i++)
        chunk[9 + i] = (unsigned char)(crc >> (24 - 8 * i));
    assert_int_equal(edgel_bytes_read(path, &b, NULL), EDGEL_OK);
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(b.data, 1, 33, f) == 33 && fwrite(chunk, 1, 13, f) == 13 &&
                fwrite(b.data + 33, 1, b.size - 33, f) == b.size - 33 && fclose(f) == 0);
    edgel_bytes_finish(&b);
}

/* A gray TIFF of 2 x 1 pixels of 16 bits with a tag MaxSampleValue. */
static void put_tiff(const char *path, int value, int said)
{
    const uint16_t tags[][2] = { { 256, 2 },   { 257, 1 }, { 258, 16 }, { 259, 1 }, { 262, 1 },
                                 { 273, 146 }, { 277, 1 }, { 278, 1 },  { 279, 4 }, { 281, (uint16_t)said } };
    unsigned char b[150] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 10, 0 };
    for (int i = 0; i < 10; i++) {
        unsigned char *e = b + 10 + 12 * i;
        e[0] = (unsigned char)tags[i][0];
        e[1] = (unsigned char)(tags[i][0] >> 8);
        e[2] = 3; /* SHORT */
        e[4] = 1;
        e[8] = (unsigned char)tags[i][1];
        e[9] = (unsigned char)(tags[i][1] >> 8);
    }
    b[146] = (unsigned char)value;
    b[147] = (unsigned char)(value >> 8);
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(b, 1, sizeof b, f) == sizeof b && fclose(f) == 0);
}

/* More than it has is believed, less is not. */
static void what_files_say_counts(void **state)
{
    static const char *const png[] = { "p.png" }, *const tiff[] = { "t.tif" };
    struct edgel_info info;
    (void)state;
    list = png;
    put_value("p.png", EDGEL_U16, 300);
    decided_is(1, 1, "10bit/full", 0);
    say_bits("p.png", 12);
    assert_int_equal(edgel_info_read("p.png", &info, NULL), EDGEL_OK);
    assert_true(info.largest_said == 4095);
    decided_is(1, 1, "12bit/full", 0);
    put_value("p.png", EDGEL_U16, 60000); /* scaled up, as the standard asks for */
    say_bits("p.png", 12);
    decided_is(1, 1, "full", 0);
    if (!edgel_format_built(EDGEL_FORMAT_TIFF))
        return;
    list = tiff;
    put_tiff("t.tif", 700, 4095);
    assert_int_equal(edgel_info_read("t.tif", &info, NULL), EDGEL_OK);
    assert_true(info.largest_said == 4095);
    decided_is(1, 1, "12bit/full", 0);
    put_tiff("t.tif", 700, 255);
    decided_is(1, 1, "10bit/full", 0);
}

static bool at_once(void *user)
{
    (void)user;
    return true;
}

static void it_can_be_stopped_and_memory_may_run_out(void **state)
{
    static const char *const files[] = { "a.png", "b.png" };
    struct edgel_range r = { .whole.max = 7 };
    (void)state;
    list = files;
    put_value("a.png", EDGEL_U16, 900);
    put_value("b.png", EDGEL_U16, 3000);
    struct edgel_range_survey s = survey_of(2, 1);
    s.stop = at_once;
    assert_int_equal(edgel_range_decide(&s, &r, NULL, NULL), EDGEL_EINTERRUPTED);
    assert_true(r.whole.max == 7);
    s.stop = NULL;
    enum edgel_status st = EDGEL_ENOMEM;
    const long before = edgel_alloc_live();
    long n = 0;
    for (; st != EDGEL_OK && n < 1000; n++) {
        struct edgel_error err = { 0 };
        edgel_alloc_fail_after(n);
        st = edgel_range_decide(&s, &r, NULL, &err);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && r.whole.max == 7 && err.msg[0]));
        assert_int_equal(edgel_alloc_live(), before);
    }
    assert_true(n > 3 && st == EDGEL_OK && r.whole.max == 4095);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_back),
        TREE_TEST(whole_numbers_are_scaled_and_cut),
        TREE_TEST(floats_are_scaled_and_not_cut),
        cmocka_unit_test(alpha_stays),
        TREE_TEST(rows_are_those_of_the_whole),
        cmocka_unit_test(the_smallest_that_holds_is_chosen),
        TREE_TEST(a_list_has_one_range),
        TREE_TEST(what_files_say_counts),
        TREE_TEST(it_can_be_stopped_and_memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
