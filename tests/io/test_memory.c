/* Images to memory and from memory: the same bytes and pixels as through files, and headers without pixels. */
#include "io/io_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/edgel-memory-XXXXXX";

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

/* What the writers take. */
static const struct {
    enum edgel_format format;
    enum edgel_type type;
    int channels, bits, tile;
} kinds[] = {
    { EDGEL_FORMAT_PNG, EDGEL_U8, 1, 0, 0 },   { EDGEL_FORMAT_PNG, EDGEL_U16, 3, 0, 0 },
    { EDGEL_FORMAT_PNG, EDGEL_U8, 1, 1, 0 },   { EDGEL_FORMAT_PNM, EDGEL_U8, 3, 0, 0 },
    { EDGEL_FORMAT_PNM, EDGEL_U16, 1, 0, 0 },  { EDGEL_FORMAT_PNM, EDGEL_U8, 1, 1, 0 },
    { EDGEL_FORMAT_PFM, EDGEL_F32, 1, 0, 0 },  { EDGEL_FORMAT_PFM, EDGEL_F32, 3, 0, 0 },
    { EDGEL_FORMAT_TIFF, EDGEL_U8, 1, 0, 0 },  { EDGEL_FORMAT_TIFF, EDGEL_U16, 3, 0, 16 },
    { EDGEL_FORMAT_TIFF, EDGEL_F32, 1, 0, 0 }, { EDGEL_FORMAT_TIFF, EDGEL_U8, 1, 1, 0 },
};
enum { KINDS = sizeof kinds / sizeof *kinds, W = 37, H = 301 };

static bool built(int k)
{
    return edgel_format_built(kinds[k].format);
}

static void make_image(int k, struct edgel_image *image)
{
    uint32_t v = 1;
    assert_int_equal(edgel_image_init(image, W, H, kinds[k].channels, kinds[k].type, NULL), EDGEL_OK);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W * kinds[k].channels; x++) {
            unsigned char *row = (unsigned char *)image->data + y * image->stride;
            v = v * 1664525u + 1013904223u;
            if (kinds[k].type == EDGEL_F32)
                ((float *)(void *)row)[x] = (float)(v >> 8) / (1 << 24);
            else if (kinds[k].type == EDGEL_U16)
                ((uint16_t *)(void *)row)[x] = (uint16_t)(v >> 16);
            else
                row[x] = kinds[k].bits == 1 ? (v >> 31 ? 255 : 0) : (unsigned char)(v >> 24);
        }
}

static struct edgel_write write_of(int k)
{
    struct edgel_write p;
    edgel_write_init(&p);
    p.format = kinds[k].format;
    p.bits = kinds[k].bits;
    p.tile = kinds[k].tile;
    return p;
}

static void read_file(struct edgel_bytes *bytes)
{
    assert_int_equal(edgel_bytes_read(path, bytes, NULL), EDGEL_OK);
}

static void same_bytes(const struct edgel_bytes *a, const struct edgel_bytes *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

/* A callback that collects, and refuses from a number of bytes on. */
struct collector {
    struct edgel_bytes bytes;
    size_t most;
    int calls;
};

static enum edgel_status collect(void *user, const void *bytes, size_t n, struct edgel_error *err)
{
    struct collector *c = user;
    (void)err;
    assert_true(n > 0);
    c->calls++;
    if (c->bytes.size + n > c->most)
        return EDGEL_ELIMIT;
    c->bytes.data = realloc(c->bytes.data, c->bytes.size + n);
    memcpy(c->bytes.data + c->bytes.size, bytes, n);
    c->bytes.size += n;
    return EDGEL_OK;
}

static void every_format_is_encoded_to_memory(void **state)
{
    (void)state;
    struct edgel_bytes file = { 0 }, memory = { 0 };
    for (int k = 0; k < KINDS; k++) {
        if (!built(k))
            continue;
        struct edgel_image image = { 0 };
        struct collector c = { .most = SIZE_MAX };
        struct edgel_output *out;
        const struct edgel_byte_sink sink = { collect, &c };
        const struct edgel_write p = write_of(k);
        make_image(k, &image);
        assert_int_equal(edgel_image_write(path, edgel_image_view(&image), &p, NULL), EDGEL_OK);
        read_file(&file);
        assert_int_equal(edgel_image_write_bytes(edgel_image_view(&image), &p, &memory, NULL), EDGEL_OK);
        same_bytes(&file, &memory);
        assert_int_equal(edgel_output_begin_callback(&sink, "c", &out, NULL), EDGEL_OK);
        assert_int_equal(edgel_image_encode(edgel_image_view(&image), &p, out, NULL), EDGEL_OK);
        assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
        same_bytes(&file, &c.bytes);
        free(c.bytes.data);
        edgel_image_finish(&image);
    }
    edgel_bytes_finish(&file);
    edgel_bytes_finish(&memory);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void text_goes_to_memory(void **state)
{
    (void)state;
    struct edgel_bytes memory = { 0 };
    struct edgel_output *out;
    assert_int_equal(edgel_output_begin_bytes(&memory, "m", &out, NULL), EDGEL_OK);
    for (int i = 0; i < 30000; i++)
        assert_int_equal(edgel_output_write(out, "0123456789", 10, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_flush(out, NULL), EDGEL_OK);
    assert_int_equal(memory.size, 300000);
    assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
    assert_null(out);
    for (size_t i = 0; i < memory.size; i++)
        assert_int_equal(memory.data[i], '0' + i % 10);
    assert_int_equal(edgel_output_begin_bytes(&memory, "m", &out, NULL), EDGEL_OK); /* the memory again */
    assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
    assert_int_equal(memory.size, 0);
    assert_int_equal(edgel_output_begin_bytes(&memory, "m", &out, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_write(out, "lost", 4, NULL), EDGEL_OK);
    edgel_output_discard(&out);
    assert_null(memory.data);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void a_callback_may_refuse(void **state)
{
    (void)state;
    struct collector c = { .most = 100 };
    const struct edgel_byte_sink sink = { collect, &c };
    for (int k = 0; k < KINDS; k++) {
        if (!built(k))
            continue;
        struct edgel_image image = { 0 };
        struct edgel_error err = { 0 };
        struct edgel_output *out;
        const struct edgel_write p = write_of(k);
        make_image(k, &image);
        assert_int_equal(edgel_output_begin_callback(&sink, "c", &out, NULL), EDGEL_OK);
        enum edgel_status st = edgel_image_encode(edgel_image_view(&image), &p, out, &err);
        if (st == EDGEL_OK)
            st = edgel_output_commit(&out, &err);
        else
            edgel_output_discard(&out);
        assert_int_equal(st, EDGEL_ELIMIT);
        assert_string_equal(err.msg, "c: the callback refused the bytes");
        assert_null(out);
        edgel_image_finish(&image);
    }
    free(c.bytes.data);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void pages_go_to_memory(void **state)
{
    (void)state;
    if (!edgel_format_built(EDGEL_FORMAT_TIFF))
        skip();
    const int k = 8;
    struct edgel_image image = { 0 }, page = { 0 };
    struct edgel_bytes memory = { 0 };
    struct edgel_output *out;
    struct edgel_writer *writer;
    struct edgel_read read;
    struct edgel_info info;
    const struct edgel_write p = write_of(k);
    make_image(k, &image);
    struct edgel_view view = edgel_image_view(&image), shape = view;
    shape.data = NULL;
    assert_int_equal(edgel_output_begin_bytes(&memory, "m", &out, NULL), EDGEL_OK);
    assert_int_equal(edgel_writer_begin(shape, &p, out, &writer, NULL), EDGEL_OK);
    for (int n = 0; n < 3; n++) {
        if (n > 0) {
            shape.h--;
            assert_int_equal(edgel_writer_page(writer, shape, NULL), EDGEL_OK);
        }
        for (int y = 0; y < shape.h; y++)
            assert_int_equal(edgel_writer_row(writer, (char *)image.data + y * image.stride, NULL), EDGEL_OK);
    }
    assert_int_equal(edgel_writer_end(&writer, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
    assert_int_equal(edgel_info_decode(memory.data, memory.size, "m", &info, NULL), EDGEL_OK);
    assert_int_equal(info.pages, 3);
    assert_int_equal(info.h, H);
    edgel_read_init(&read);
    for (int n = 1; n <= 3; n++) {
        read.page = n;
        assert_int_equal(edgel_image_decode(memory.data, memory.size, "m", &read, &page, NULL, NULL),
                         EDGEL_OK);
        assert_int_equal(page.h, H + 1 - n);
        for (int y = 0; y < page.h; y++)
            assert_memory_equal((char *)page.data + y * page.stride, (char *)image.data + y * image.stride,
                                W);
    }
    edgel_image_finish(&image);
    edgel_image_finish(&page);
    edgel_bytes_finish(&memory);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void headers_tell_without_pixels(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        if (!built(k))
            continue;
        struct edgel_image image = { 0 };
        struct edgel_bytes memory = { 0 };
        struct edgel_info info, of_file;
        const struct edgel_write p = write_of(k);
        make_image(k, &image);
        assert_int_equal(edgel_image_write_bytes(edgel_image_view(&image), &p, &memory, NULL), EDGEL_OK);
        assert_int_equal(edgel_image_write(path, edgel_image_view(&image), &p, NULL), EDGEL_OK);
        assert_int_equal(edgel_info_decode(memory.data, memory.size, "m", &info, NULL), EDGEL_OK);
        assert_int_equal(edgel_info_read(path, &of_file, NULL), EDGEL_OK);
        const int bits = kinds[k].bits ? kinds[k].bits : 8 * (int)edgel_type_size(kinds[k].type);
        assert_int_equal(info.format, kinds[k].format);
        assert_int_equal(info.w, W);
        assert_int_equal(info.h, H);
        assert_int_equal(info.channels, kinds[k].channels);
        assert_int_equal(info.bits, bits);
        assert_int_equal(info.type, kinds[k].type);
        assert_int_equal(info.pages, 1);
        assert_string_equal(info.damage, "");
        assert_int_equal(of_file.format, info.format);
        assert_int_equal(of_file.w, W);
        assert_int_equal(of_file.type, info.type);
        assert_int_equal(of_file.pages, 1);
        edgel_bytes_finish(&memory);
        edgel_image_finish(&image);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void headers_of_no_image_are_no_failure(void **state)
{
    (void)state;
    struct edgel_info info;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_info_decode("GIF89a", 6, "m", &info, &err), EDGEL_OK);
    assert_int_equal(info.format, EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_info_decode("", 0, "m", &info, &err), EDGEL_OK);
    assert_int_equal(edgel_info_decode(NULL, 0, "m", &info, &err), EDGEL_OK);
    assert_int_equal(info.format, EDGEL_FORMAT_NONE);
    assert_int_equal(err.code, EDGEL_OK);
    assert_int_equal(edgel_info_decode("P5\n7 ", 5, "m", &info, &err), EDGEL_EFORMAT);
    assert_int_equal(edgel_info_read("/nowhere/x.png", &info, NULL), EDGEL_EIO);
}

/* A header that claims more than is there, and more than the limits. */
static void headers_may_be_large_and_alone(void **state)
{
    (void)state;
    static const char pgm[] = "P5\n2000000 1000000\n65535\n";
    struct edgel_info info;
    assert_int_equal(edgel_info_decode(pgm, sizeof pgm - 1, "m", &info, NULL), EDGEL_OK);
    assert_int_equal(info.format, EDGEL_FORMAT_PNM);
    assert_int_equal(info.w, 2000000);
    assert_int_equal(info.h, 1000000);
    assert_int_equal(info.bits, 16);
    assert_int_equal(info.type, EDGEL_U16);
    assert_string_equal(edgel_format_name(info.format), "PNM");
    assert_string_equal(edgel_format_name(EDGEL_FORMAT_NONE), "no image");
}

/* --- rows --- */

struct rows {
    const struct edgel_image *image;
    int y;
};

static enum edgel_status begin_rows(void *user, struct edgel_view shape, struct edgel_error *err)
{
    const struct rows *r = user;
    (void)err;
    assert_int_equal(shape.w, r->image->w);
    assert_int_equal(shape.h, r->image->h);
    return EDGEL_OK;
}

static enum edgel_status compare_row(void *user, const void *row, struct edgel_error *err)
{
    struct rows *r = user;
    (void)err;
    assert_memory_equal(row, (char *)r->image->data + r->y++ * r->image->stride,
                        (size_t)r->image->w * (size_t)r->image->channels * edgel_type_size(r->image->type));
    return EDGEL_OK;
}

static void rows_come_from_memory(void **state)
{
    (void)state;
    struct edgel_read read;
    edgel_read_init(&read);
    read.decode = EDGEL_DECODE_FULL;
    for (int k = 0; k < KINDS; k++) {
        if (!built(k) || kinds[k].bits == 1)
            continue;
        struct edgel_image image = { 0 };
        struct edgel_bytes memory = { 0 };
        struct edgel_info info;
        const struct edgel_write p = write_of(k);
        make_image(k, &image);
        struct rows rows = { &image, 0 };
        const struct edgel_row_sink sink = { &rows, begin_rows, compare_row };
        assert_int_equal(edgel_image_write_bytes(edgel_image_view(&image), &p, &memory, NULL), EDGEL_OK);
        const bool in_order = kinds[k].format != EDGEL_FORMAT_PFM;
        assert_int_equal(edgel_image_stream_bytes(memory.data, memory.size, "m", &read, &sink, &info, NULL),
                         in_order ? EDGEL_OK : EDGEL_EUNSUPPORTED);
        assert_int_equal(rows.y, in_order ? H : 0);
        edgel_bytes_finish(&memory);
        edgel_image_finish(&image);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void null_is_refused(void **state)
{
    (void)state;
    struct edgel_output *out = NULL;
    struct edgel_writer *writer = NULL;
    struct edgel_image image = { 0 };
    struct edgel_bytes bytes = { 0 };
    struct edgel_info info;
    struct edgel_read read;
    const struct edgel_byte_sink sink = { NULL, NULL };
    const struct edgel_view view = { 0 };
    edgel_read_init(&read);
    assert_int_equal(edgel_output_begin(NULL, &out, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_output_begin("x", NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_output_begin_bytes(NULL, "m", &out, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_output_begin_callback(&sink, "m", &out, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_output_begin_callback(NULL, "m", &out, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_output_write(NULL, "x", 1, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_output_flush(NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_output_commit(NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_EINVAL);
    edgel_output_discard(NULL);
    edgel_output_discard(&out);
    assert_int_equal(edgel_image_decode(NULL, 5, "m", &read, &image, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_image_decode("x", 1, "m", NULL, &image, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_image_decode("x", 1, "m", &read, NULL, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_image_read(NULL, &read, &image, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_image_stream(NULL, &read, NULL, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_image_stream_bytes("x", 1, "m", &read, NULL, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_info_decode("x", 1, "m", NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_info_read(NULL, &info, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_bytes_read(NULL, &bytes, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_bytes_read("x", NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_image_encode(view, NULL, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_image_write(NULL, view, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_image_write_bytes(view, NULL, &bytes, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_writer_begin(view, NULL, NULL, &writer, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_writer_row(NULL, "x", NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_writer_page(NULL, view, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_writer_end(NULL, NULL), EDGEL_EINVAL);
    edgel_writer_discard(NULL);
}

static void memory_may_end(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        if (!built(k))
            continue;
        struct edgel_image image = { 0 };
        struct edgel_bytes memory = { 0 };
        struct edgel_info info;
        const struct edgel_write p = write_of(k);
        enum edgel_status st = EDGEL_ENOMEM;
        make_image(k, &image);
        const long before = edgel_alloc_live();
        for (long n = 0; st != EDGEL_OK; n++) {
            edgel_alloc_fail_after(n);
            st = edgel_image_write_bytes(edgel_image_view(&image), &p, &memory, NULL);
            edgel_alloc_fail_after(-1);
            assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
            assert_int_equal(edgel_alloc_live(), before + (st == EDGEL_OK));
            assert_true(n < 100);
        }
        st = EDGEL_ENOMEM;
        for (long n = 0; st != EDGEL_OK; n++) {
            edgel_alloc_fail_after(n);
            st = edgel_info_decode(memory.data, memory.size, "m", &info, NULL);
            edgel_alloc_fail_after(-1);
            assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
            assert_int_equal(edgel_alloc_live(), before + 1);
            assert_true(n < 100);
        }
        edgel_bytes_finish(&memory);
        edgel_image_finish(&image);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- the table of formats --- */

/* What a row lacks, or NULL. */
static const char *missing(const struct edgel_format_row *row)
{
    const struct edgel_writer_kind *w = row->writer;
    if (row->info.format == EDGEL_FORMAT_NONE)
        return "format";
    if (!row->info.name || !row->info.name[0])
        return "name";
    if (!row->info.extensions || !row->info.extensions[0])
        return "extensions";
    if (!row->probe)
        return "probe";
    if (!row->decode == !row->info.lacks)
        return "decode, or what it lacks";
    if (w && !(w->begin && w->row && w->end && w->finish))
        return "a function of its writer";
    if (w && !w->page != !(row->info.holds & EDGEL_HOLDS_PAGES))
        return "pages";
    const unsigned samples = EDGEL_HOLDS_U8 | EDGEL_HOLDS_U16 | EDGEL_HOLDS_F32 | EDGEL_HOLDS_ONE_BIT;
    if (!row->info.lacks && !w != !(row->info.holds & samples))
        return "what it holds";
    return NULL;
}

static void every_row_is_whole(void **state)
{
    (void)state;
    int n;
    const struct edgel_format_row *rows = edgel_format_rows(&n);
    for (int i = 0; i < n; i++) {
        char name[16];
        assert_null(missing(&rows[i]));
        assert_ptr_equal(edgel_format_row_of(rows[i].info.format), &rows[i]);
        snprintf(name, sizeof name, "a.%.*s", (int)strcspn(rows[i].info.extensions, " "),
                 rows[i].info.extensions);
        assert_int_equal(edgel_format_of_name(name), rows[i].info.format);
        assert_string_equal(edgel_format_name(rows[i].info.format), rows[i].info.name);
    }
    assert_null(edgel_format_row_of(EDGEL_FORMAT_NONE));
    assert_null(edgel_format_find(EDGEL_FORMAT_NONE));
    assert_null(edgel_format_at(-1));
    assert_null(edgel_format_at(n));
    assert_ptr_equal(edgel_format_at(n - 1), &rows[n - 1].info);
}

static void extensions_are_listed_by_what_files_hold(void **state)
{
    (void)state;
    char list[64], cut[9];
    edgel_format_extensions(0, list, sizeof list);
    assert_string_equal(list, "png, tif, tiff, pnm, pbm, pgm, ppm or pfm");
    edgel_format_extensions(EDGEL_HOLDS_F32, list, sizeof list);
    assert_string_equal(list, "tif, tiff or pfm");
    edgel_format_extensions(EDGEL_HOLDS_U8 | EDGEL_HOLDS_PALETTE, list, sizeof list);
    assert_string_equal(list, "png");
    edgel_format_extensions(EDGEL_HOLDS_F32 | EDGEL_HOLDS_PALETTE, list, sizeof list);
    assert_string_equal(list, "");
    edgel_format_extensions(0, cut, sizeof cut);
    assert_string_equal(cut, "png, tif");
}

static void a_row_without_a_part_is_seen(void **state)
{
    (void)state;
    const struct edgel_format_row whole = *edgel_format_row_of(EDGEL_FORMAT_PNG);
    const struct edgel_writer_kind no_end = { whole.writer->begin, whole.writer->row, NULL, NULL,
                                              whole.writer->finish };
    struct edgel_format_row row = whole;
    row.info.format = EDGEL_FORMAT_NONE;
    assert_string_equal(missing(&row), "format");
    row = whole;
    row.info.name = NULL;
    assert_string_equal(missing(&row), "name");
    row = whole;
    row.info.extensions = "";
    assert_string_equal(missing(&row), "extensions");
    row = whole;
    row.probe = NULL;
    assert_string_equal(missing(&row), "probe");
    row = whole;
    row.decode = NULL;
    assert_string_equal(missing(&row), "decode, or what it lacks");
    row = whole;
    row.writer = &no_end;
    assert_string_equal(missing(&row), "a function of its writer");
    row = whole;
    row.info.holds |= EDGEL_HOLDS_PAGES;
    assert_string_equal(missing(&row), "pages");
    row = whole;
    row.info.holds = 0;
    assert_string_equal(missing(&row), "what it holds");
    row = *edgel_format_row_of(EDGEL_FORMAT_JPEG);
    row.info.holds = EDGEL_HOLDS_U8;
    assert_string_equal(missing(&row), "what it holds");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(a_row_without_a_part_is_seen),
        cmocka_unit_test(extensions_are_listed_by_what_files_hold),
        cmocka_unit_test(every_format_is_encoded_to_memory),
        cmocka_unit_test(text_goes_to_memory),
        cmocka_unit_test(a_callback_may_refuse),
        cmocka_unit_test(pages_go_to_memory),
        cmocka_unit_test(headers_tell_without_pixels),
        cmocka_unit_test(headers_of_no_image_are_no_failure),
        cmocka_unit_test(headers_may_be_large_and_alone),
        cmocka_unit_test(rows_come_from_memory),
        cmocka_unit_test(null_is_refused),
        cmocka_unit_test(memory_may_end),
    };
    return cmocka_run_group_tests_name("memory", tests, make_path, remove_path);
}
