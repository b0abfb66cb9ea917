/* Images row by row: what comes out is what comes out of images in memory, for every method and format, whatever the
 * height of the bands; and faults on the way are told. */
#include "methods.h"
#include "random.h"
#include "sample_jpeg.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A sink that keeps the rows; refuses the row `refuse` (-1: none). */
struct keeper {
    struct edgel_image img;
    int rows, refuse;
};

static enum edgel_status keep_begin(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct keeper *k = user;
    assert_null(shape.data);
    k->rows = 0;
    return edgel_image_init(&k->img, shape.w, shape.h, shape.channels, shape.type, err);
}

static size_t row_bytes(const struct edgel_image *img)
{
    const size_t n = (size_t)img->w * (size_t)img->channels;
    return img->type == EDGEL_U1 ? (n + 7) / 8 : n * edgel_type_size(img->type);
}

static enum edgel_status keep_row(void *user, const void *row, struct edgel_error *err)
{
    struct keeper *k = user;
    if (k->rows == k->refuse)
        return edgel_fail(err, EDGEL_EIO, "refused");
    assert_true(k->rows < k->img.h);
    memcpy((char *)k->img.data + k->rows * k->img.stride, row, row_bytes(&k->img));
    k->rows++;
    return EDGEL_OK;
}

static bool same(const struct edgel_image *a, const struct edgel_image *b)
{
    if (a->w != b->w || a->h != b->h || a->channels != b->channels || a->type != b->type)
        return false;
    for (int y = 0; y < a->h; y++)
        if (memcmp((const char *)a->data + y * a->stride, (const char *)b->data + y * b->stride,
                   row_bytes(a)) != 0)
            return false;
    return true;
}

/* Blobs and noise, so that edges run across bands. */
static void fill(struct edgel_image *img, uint64_t seed)
{
    const int n = img->w * img->channels;
    for (int y = 0; y < img->h; y++)
        for (int i = 0; i < n; i++) {
            const int x = i / img->channels;
            const uint32_t v =
                (uint32_t)((x / 9 + y / 13) % 2 * 120 + (x * y / 7 % 50)) + random_word(&seed) % 60;
            char *row = (char *)img->data + y * img->stride;
            if (img->type == EDGEL_U8)
                ((uint8_t *)row)[i] = (uint8_t)v;
            else if (img->type == EDGEL_U16)
                ((uint16_t *)(void *)row)[i] = (uint16_t)(v * 257 + random_word(&seed) % 200);
            else
                ((float *)(void *)row)[i] = (float)v / 255;
        }
}

static enum edgel_status stream(const struct edgel_image *in, const struct edgel_method *m, int rows,
                                struct keeper *k, struct edgel_error *err)
{
    const struct edgel_row_sink sink = { k, keep_begin, keep_row };
    const struct edgel_view shape = { NULL, in->w, in->h, in->channels, in->type, 0 };
    struct edgel_stream *s;
    enum edgel_status st = edgel_stream_create_in_bands(shape, m, &sink, rows, &s, err);
    for (int y = 0; y < in->h && st == EDGEL_OK; y++)
        st = edgel_stream_row(s, (const char *)in->data + y * in->stride, err);
    edgel_stream_destroy(&s);
    assert_null(s);
    return st;
}

/* The methods' table with some parameters of their own. */
static int variants(struct edgel_method *list)
{
    int n = 0;
    for (int i = 0; i < edgel_method_count(); i++) {
        list[n++] = method_at(i);
        list[n] = method_at(i);
        ask(&list[n], "sigma", "2.5");
        ask(&list[n], "aperture", "7");
        ask(&list[n++], "norm", "l2");
    }
    for (int i = 0; i < 3; i++)
        list[n + i] = method_of("canny");
    ask(&list[n++], "nms", "interp");
    ask(&list[n++], "emit", "strength");
    ask(&list[n], "sigma", "0");
    ask(&list[n], "depth", "16");
    ask(&list[n], "low", "5"); /* long weak paths */
    ask(&list[n++], "high", "700");
    return n;
}

static void every_method_is_the_same_in_bands(void **state)
{
    static const int heights[] = { 1, 2, 7, 64, 143 }, bands[] = { 1, 3, 16, 200 };
    static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };
    struct edgel_method list[32];
    const int n = variants(list);
    struct edgel_image in = { 0 }, whole = { 0 };
    struct keeper k = { .refuse = -1 };
    (void)state;
    for (int i = 0; i < n; i++)
        for (int c = 0; c < 30 * 4; c++) {
            struct edgel_method m = list[i];
            const int h = heights[c / 4 % 5], channels = c / 60 ? 3 : 1, rows = bands[c % 4];
            int bits;
            ask_choice(&m, "gray", channels == 3);
            assert_int_equal(edgel_image_init(&in, 131, h, channels, types[c / 20 % 3], NULL), EDGEL_OK);
            fill(&in, (uint32_t)c);
            assert_int_equal(edgel_method_run(NULL, edgel_image_view(&in), &m, &whole, &bits, NULL),
                             EDGEL_OK);
            assert_int_equal(stream(&in, &m, rows, &k, NULL), EDGEL_OK);
            assert_int_equal(k.rows, h);
            if (!same(&k.img, &whole))
                fail_msg("method %d, %d channels of type %d, height %d, bands of %d rows", i, channels,
                         (int)in.type, h, rows);
        }
    edgel_image_finish(&in);
    edgel_image_finish(&whole);
    edgel_image_finish(&k.img);
}

static void counted_thresholds_are_refused(void **state)
{
    struct edgel_method m = method_of("canny");
    struct edgel_image in = { 0 };
    struct edgel_error err = { 0 };
    struct keeper k = { .refuse = -1 };
    (void)state;
    assert_int_equal(edgel_image_init(&in, 9, 9, 1, EDGEL_U8, NULL), EDGEL_OK);
    assert_true(edgel_method_streams(&m));
    ask(&m, "high", "auto");
    assert_false(edgel_method_streams(&m));
    assert_int_equal(stream(&in, &m, 4, &k, &err), EDGEL_EUNSUPPORTED);
    ask(&m, "emit", "strength"); /* thresholds play no part */
    assert_true(edgel_method_streams(&m));
    edgel_image_finish(&in);
}

static void what_the_sink_says_ends_it(void **state)
{
    struct edgel_image in = { 0 };
    struct edgel_error err = { 0 };
    struct keeper k = { .refuse = 5 };
    (void)state;
    assert_int_equal(edgel_image_init(&in, 9, 40, 1, EDGEL_U8, NULL), EDGEL_OK);
    fill(&in, 1);
    const struct edgel_method canny = method_of("canny"), sobel = method_of("sobel");
    assert_int_equal(stream(&in, &canny, 4, &k, &err), EDGEL_EIO);
    assert_string_equal(err.msg, "refused");
    assert_int_equal(k.rows, 5);
    k.rows = 0;
    assert_int_equal(stream(&in, &sobel, 4, &k, NULL), EDGEL_EIO);
    assert_int_equal(k.rows, 5);
    edgel_image_finish(&in);
    edgel_image_finish(&k.img);
}

/* --- files --- */

static char folder[] = "/tmp/edgel-stream-XXXXXX", path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/x", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_bytes(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static enum edgel_status read_rows(const struct edgel_read *p, struct keeper *k, struct edgel_error *err)
{
    const struct edgel_row_sink sink = { k, keep_begin, keep_row };
    k->rows = -1;
    return edgel_image_stream(path, p, &sink, NULL, err);
}

static void check_file(const char *what)
{
    struct keeper k = { .refuse = -1 };
    struct edgel_image whole = { 0 };
    for (int how = EDGEL_DECODE_GRAY; how <= EDGEL_DECODE_LABELS; how++) {
        struct edgel_read p;
        edgel_read_init(&p);
        struct edgel_error err = { 0 };
        p.decode = (enum edgel_decode)how;
        if (edgel_image_read(path, &p, &whole, NULL, &err) != EDGEL_OK || read_rows(&p, &k, &err) != EDGEL_OK)
            fail_msg("%s: %s", what, err.msg);
        if (k.rows != whole.h || !same(&k.img, &whole))
            fail_msg("%s: other pixels", what);
    }
    edgel_image_finish(&whole);
    edgel_image_finish(&k.img);
}

static size_t find_marker(const unsigned char *jpeg, unsigned char marker)
{
    size_t at = 2;
    while (jpeg[at + 1] != marker)
        at += 2 + (size_t)jpeg[at + 2] * 256 + jpeg[at + 3];
    return at;
}

static void append(unsigned char *to, size_t *n, const void *from, size_t count)
{
    memcpy(to + *n, from, count);
    *n += count;
}

/* More bytes than two windows hold of comments, and as many of pixels: the six blocks of the gray sample between
 * restart markers, over and over. */
static void write_long_jpeg(void)
{
    enum { COMMENTS = 5, COMMENT = 0xFFFF, TIMES = 30000, W = 480, H = TIMES * 6 * 64 / W };
    static const unsigned char comment[COMMENT + 2] = { 0xFF, 0xFE, COMMENT >> 8, COMMENT & 255 },
                                                 restart[] = { 0xFF, 0xDD, 0, 4, 0, 6 },
                                                 end[] = { 0xFF, 0xD9 };
    const size_t frame = find_marker(jpeg_gray, 0xC0), scan = find_marker(jpeg_gray, 0xDA),
                 pixels = scan + 10;
    unsigned char *jpeg = malloc(COMMENTS * sizeof comment + TIMES * sizeof jpeg_gray);
    size_t n = 0;
    assert_non_null(jpeg);
    append(jpeg, &n, jpeg_gray, 2);
    for (int i = 0; i < COMMENTS; i++)
        append(jpeg, &n, comment, sizeof comment);
    append(jpeg, &n, jpeg_gray + 2, scan - 2);
    unsigned char *sides = jpeg + n - scan + frame + 5;
    sides[0] = H >> 8;
    sides[1] = H & 255;
    sides[2] = W >> 8;
    sides[3] = W & 255;
    append(jpeg, &n, restart, sizeof restart);
    append(jpeg, &n, jpeg_gray + scan, pixels - scan);
    for (int i = 0; i < TIMES; i++) {
        const unsigned char marker[] = { 0xFF, (unsigned char)(0xD0 + i % 8) };
        append(jpeg, &n, jpeg_gray + pixels, sizeof jpeg_gray - 2 - pixels);
        append(jpeg, &n, i + 1 < TIMES ? marker : end, 2);
    }
    write_bytes(jpeg, n);
    free(jpeg);
}

static void every_format_reads_the_same_in_rows(void **state)
{
    static const enum edgel_format formats[] = { EDGEL_FORMAT_PNG, EDGEL_FORMAT_PNM, EDGEL_FORMAT_TIFF };
    (void)state;
    for (int c = 0; c < 3 * 2 * 2; c++) {
        const struct edgel_write write = { .format = formats[c / 4] };
        struct edgel_image img = { 0 };
        char what[64];
        if (!edgel_format_built(write.format))
            continue;
        assert_int_equal(
            edgel_image_init(&img, 1500, 300, c % 2 ? 3 : 1, c / 2 % 2 ? EDGEL_U16 : EDGEL_U8, NULL),
            EDGEL_OK);
        fill(&img, (uint32_t)c); /* more bytes than the window holds */
        assert_int_equal(edgel_image_write(path, edgel_image_view(&img), &write, NULL), EDGEL_OK);
        snprintf(what, sizeof what, "format %d, %d channels, type %d", (int)write.format, img.channels,
                 (int)img.type);
        check_file(what);
        edgel_image_finish(&img);
    }
    write_bytes(jpeg_gray, sizeof jpeg_gray);
    check_file("JPEG");
    write_long_jpeg();
    check_file("JPEG of many windows");
}

static void what_has_no_order_is_refused_before_it_begins(void **state)
{
    static const struct {
        const char *bytes, *part;
        bool lenient;
    } cases[] = {
        { "P2 2 2 255 1 2 3 4", "plain text", false },
        { "Pf 1 1 -1.0\n\0\0\0\0", "PFM", false },
        { "P5 2 2 255\nabcd", "damaged", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct edgel_read p;
        edgel_read_init(&p);
        struct edgel_error err = { 0 };
        struct keeper k = { .refuse = -1 };
        p.lenient = cases[i].lenient;
        write_bytes(cases[i].bytes, i == 1 ? 16 : strlen(cases[i].bytes));
        if (read_rows(&p, &k, &err) != EDGEL_EUNSUPPORTED || !strstr(err.msg, cases[i].part) || k.rows != -1)
            fail_msg("case %zu: %s", i, err.msg);
    }
}

static void faults_on_the_way_are_told(void **state)
{
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_error err = { 0 };
    struct keeper k = { .refuse = -1 };
    (void)state;
    write_bytes(jpeg_gray, sizeof jpeg_gray - 20);
    assert_int_equal(read_rows(&p, &k, NULL), EDGEL_EFORMAT);
    write_bytes("P5 3 4 255\n123456789012", 23);
    assert_int_equal(read_rows(&p, &k, NULL), EDGEL_OK);
    k.refuse = 2;
    assert_int_equal(read_rows(&p, &k, &err), EDGEL_EIO);
    assert_int_equal(k.rows, 2);
    assert_string_equal(err.msg, "refused");
    k.refuse = -1;
    write_bytes("P5 3 5 255\n123456789012", 23);
    assert_int_equal(read_rows(&p, &k, NULL), EDGEL_EFORMAT);
    p.limits.max_pixels = 14;
    assert_int_equal(read_rows(&p, &k, NULL), EDGEL_ELIMIT);
    unlink(path);
    assert_int_equal(read_rows(&p, &k, NULL), EDGEL_EIO);
    write_bytes("", 0);
    assert_int_equal(read_rows(&p, &k, NULL), EDGEL_EFORMAT);
    edgel_image_finish(&k.img);
}

/* The bytes of path. */
static struct edgel_bytes slurp(void)
{
    struct edgel_bytes b = { 0 };
    assert_int_equal(edgel_bytes_read(path, &b, NULL), EDGEL_OK);
    return b;
}

static void rows_write_the_same_bytes(void **state)
{
    static const enum edgel_format formats[] = { EDGEL_FORMAT_PNG, EDGEL_FORMAT_PNM, EDGEL_FORMAT_TIFF };
    (void)state;
    for (int c = 0; c < 6; c++) {
        const struct edgel_write write = { .format = formats[c / 2], .bits = c % 2 };
        struct edgel_image img = { 0 };
        struct edgel_writer *w;
        struct edgel_output *out;
        if (!edgel_format_built(write.format))
            continue;
        assert_int_equal(edgel_image_init(&img, 333, 77, 1, EDGEL_U8, NULL), EDGEL_OK);
        fill(&img, 3);
        assert_int_equal(edgel_image_write(path, edgel_image_view(&img), &write, NULL), EDGEL_OK);
        struct edgel_bytes a = slurp();
        struct edgel_view shape = edgel_image_view(&img);
        shape.data = NULL;
        assert_int_equal(edgel_output_begin(path, &out, NULL), EDGEL_OK);
        assert_int_equal(edgel_writer_begin(shape, &write, out, &w, NULL), EDGEL_OK);
        for (int y = 0; y < img.h; y++)
            assert_int_equal(edgel_writer_row(w, (char *)img.data + y * img.stride, NULL), EDGEL_OK);
        assert_int_equal(edgel_writer_row(w, img.data, NULL), EDGEL_EINVAL);
        assert_int_equal(edgel_writer_end(&w, NULL), EDGEL_OK);
        assert_null(w);
        assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
        struct edgel_bytes b = slurp();
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        edgel_bytes_finish(&a);
        edgel_bytes_finish(&b);
        assert_int_equal(edgel_output_begin(path, &out, NULL), EDGEL_OK); /* rows that are missing */
        assert_int_equal(edgel_writer_begin(shape, &write, out, &w, NULL), EDGEL_OK);
        assert_int_equal(edgel_writer_row(w, img.data, NULL), EDGEL_OK);
        assert_int_equal(edgel_writer_end(&w, NULL), EDGEL_EINVAL);
        edgel_output_discard(&out);
        edgel_image_finish(&img);
    }
}

/* From the third band on: rows, however many, take no more. */
static void bands_take_no_memory_once_they_are_there(void **state)
{
    enum { ROWS = 8, H = 20 * ROWS };
    static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };
    struct edgel_method list[32];
    const int n = variants(list);
    struct keeper k = { .refuse = -1 };
    const struct edgel_row_sink sink = { &k, keep_begin, keep_row };
    (void)state;
    for (int i = 0; i < 3 * n; i++) {
        struct edgel_image in = { 0 };
        struct edgel_stream *s;
        assert_int_equal(edgel_image_init(&in, 70, H, 1, types[i % 3], NULL), EDGEL_OK);
        fill(&in, (uint32_t)i);
        const struct edgel_view shape = { NULL, in.w, in.h, 1, in.type, 0 };
        assert_int_equal(edgel_stream_create_in_bands(shape, &list[i / 3], &sink, ROWS, &s, NULL), EDGEL_OK);
        for (int y = 0; y < H; y++) {
            edgel_alloc_fail_after(y > H / 2 && y < H - 1 ? 0 : -1);
            assert_int_equal(edgel_stream_row(s, (const char *)in.data + y * in.stride, NULL), EDGEL_OK);
        }
        edgel_alloc_fail_after(-1);
        edgel_stream_destroy(&s);
        edgel_image_finish(&in);
    }
    edgel_image_finish(&k.img);
}

static void memory_may_run_out_anywhere(void **state)
{
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_image in = { 0 };
    struct keeper k = { .refuse = -1 };
    enum edgel_status st = EDGEL_ENOMEM;
    const long live = edgel_alloc_live();
    (void)state;
    write_bytes("P5 3 4 255\n123456789012", 23);
    for (long n = 0; st != EDGEL_OK; n++) {
        edgel_alloc_fail_after(n);
        st = read_rows(&p, &k, NULL);
        assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
    }
    edgel_alloc_fail_after(-1);
    assert_int_equal(edgel_image_init(&in, 90, 40, 1, EDGEL_U8, NULL), EDGEL_OK);
    fill(&in, 1);
    st = EDGEL_ENOMEM;
    const struct edgel_method canny = method_of("canny");
    for (long n = 0; st != EDGEL_OK; n++) {
        edgel_alloc_fail_after(n);
        st = stream(&in, &canny, 4, &k, NULL);
        assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
    }
    edgel_alloc_fail_after(-1);
    edgel_image_finish(&in);
    edgel_image_finish(&k.img);
    assert_int_equal(edgel_alloc_live(), live);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_is_the_same_in_bands),
        cmocka_unit_test(counted_thresholds_are_refused),
        cmocka_unit_test(what_the_sink_says_ends_it),
        cmocka_unit_test(every_format_reads_the_same_in_rows),
        cmocka_unit_test(what_has_no_order_is_refused_before_it_begins),
        cmocka_unit_test(faults_on_the_way_are_told),
        cmocka_unit_test(rows_write_the_same_bytes),
        cmocka_unit_test(bands_take_no_memory_once_they_are_there),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
