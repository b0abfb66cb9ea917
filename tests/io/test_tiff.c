/* TIFF: files are put together here tag by tag, in both byte orders, both sizes of offsets, strips and tiles, samples
 * together and in planes; what must come out is computed by formula. */
#include "core/core_priv.h"
#include "edgel/image.h"
#include "io/io_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { W = 37, H = 21 };

/* How a file of the tests is laid out. Zeros: little-endian, one strip, gray, 0 is black. */
struct layout {
    bool big_endian, big_tiff, apart, float_samples;
    int tile_w, tile_h, rows_per_strip;
    int bits, samples, photometric, extra, orientation, compression, pages;
    int page;                  /* 0, 1, ...: the one that is written, or to be read */
    uint32_t claim_w, claim_h; /* sides that the header says, when not W and H */
};

struct file {
    struct layout l;
    unsigned char b[1 << 16];
    size_t n;
    size_t link; /* where the directory after the last one would be named */
};

static void put(struct file *f, uint64_t v, size_t bytes)
{
    assert_true(f->n + bytes <= sizeof f->b);
    for (size_t i = 0; i < bytes; i++)
        f->b[f->n++] = (unsigned char)(v >> (8 * (f->l.big_endian ? bytes - 1 - i : i)));
}

static void put_at(struct file *f, size_t at, uint64_t v, size_t bytes)
{
    size_t end = f->n;
    f->n = at;
    put(f, v, bytes);
    f->n = end;
}

/* Sample c of pixel (x, y), any value of its bits. */
static uint32_t stored(const struct layout *l, int x, int y, int c)
{
    uint32_t v = (uint32_t)(x * 7919 + y * 104729 + c * 1299709 + x * y * 31 + l->page * 35317);
    if (l->float_samples) {
        float real = (float)(v % 1000) / 512 - 0.25f;
        memcpy(&v, &real, 4);
        return v;
    }
    return v % (1u << l->bits);
}

/* The bytes of the samples c0..c1-1 of a rectangle, rows filled up to whole bytes; outside the image 0. */
static void put_block(struct file *f, int x0, int y0, int w, int h, int c0, int c1)
{
    const struct layout *l = &f->l;
    for (int y = y0; y < y0 + h; y++) {
        unsigned acc = 0;
        int have = 0;
        for (int i = 0; i < w * (c1 - c0); i++) {
            int x = x0 + i / (c1 - c0), c = c0 + i % (c1 - c0);
            uint32_t v = x < W && y < H ? stored(l, x, y, c) : 0;
            if (l->bits >= 8)
                put(f, v, (size_t)l->bits / 8);
            else if (acc = acc << l->bits | v, (have += l->bits) == 8) {
                put(f, acc & 255, 1);
                have = 0;
            }
        }
        if (have)
            put(f, acc << (8 - have) & 255, 1);
    }
}

enum { MOST_BLOCKS = 256 };

struct blocks {
    size_t at[MOST_BLOCKS], n[MOST_BLOCKS];
    size_t count;
};

static void put_blocks(struct file *f, struct blocks *b)
{
    const struct layout *l = &f->l;
    const int w = l->tile_w ? l->tile_w : W, high = l->tile_w           ? l->tile_h
                                                    : l->rows_per_strip ? l->rows_per_strip
                                                                        : H;
    b->count = 0;
    for (int p = 0; p < (l->apart ? l->samples : 1); p++)
        for (int y = 0; y < H; y += high)
            for (int x = 0; x < W; x += w) {
                const int h = !l->tile_w && y + high > H ? H - y : high;
                assert_true(b->count < MOST_BLOCKS);
                b->at[b->count] = f->n;
                put_block(f, x, y, w, h, l->apart ? p : 0, l->apart ? p + 1 : l->samples);
                b->n[b->count] = f->n - b->at[b->count];
                b->count++;
            }
}

enum { SHORT = 3, LONG = 4, LONG8 = 16 };

/* One entry of the directory; its values, where they do not fit, were put before at `outside`. */
static void put_entry(struct file *f, int tag, int type, size_t count, uint64_t value, size_t outside)
{
    const size_t wide = f->l.big_tiff ? 8 : 4, size = type == SHORT ? 2 : type == LONG ? 4 : 8;
    put(f, (uint64_t)tag, 2);
    put(f, (uint64_t)type, 2);
    put(f, count, wide);
    size_t end = f->n + wide;
    if (outside)
        put(f, outside, wide);
    else
        for (size_t i = 0; i < count; i++) /* the same for each */
            put(f, value, size);
    while (f->n < end)
        put(f, 0, 1);
}

static size_t put_array(struct file *f, const size_t *v, size_t count, size_t each)
{
    size_t at = f->n;
    if (count * each <= (f->l.big_tiff ? 8u : 4u))
        return 0;
    for (size_t i = 0; i < count; i++)
        put(f, v[i], each);
    return at;
}

static size_t palette_entry(int i)
{
    return (size_t)(i * 4001 + 300) & 65535;
}

static size_t entries_of(const struct layout *l)
{
    return 9 + (l->tile_w ? 5 : 3) + (l->photometric == 3) + (l->extra > 0);
}

static size_t put_page(struct file *f)
{
    const struct layout *l = &f->l;
    struct blocks b;
    size_t bits[8], colors[768], link, next = 0;
    put_blocks(f, &b);
    for (int i = 0; i < 8; i++)
        bits[i] = (size_t)l->bits;
    for (int i = 0; i < 768; i++)
        colors[i] = palette_entry(i);
    const int word = l->big_tiff ? LONG8 : LONG;
    const size_t each = l->big_tiff ? 8 : 4, entries = entries_of(l);
    size_t at_bits = put_array(f, bits, (size_t)l->samples, 2), at_starts = put_array(f, b.at, b.count, each),
           at_sizes = put_array(f, b.n, b.count, each), at_colors = 0;
    if (l->photometric == 3)
        at_colors = put_array(f, colors, 3u << l->bits, 2);
    link = f->n;
    put(f, entries, l->big_tiff ? 8 : 2);
    put_entry(f, 256, LONG, 1, l->claim_w ? l->claim_w : W, 0);
    put_entry(f, 257, LONG, 1, l->claim_h ? l->claim_h : H, 0);
    put_entry(f, 258, SHORT, (size_t)l->samples, (uint64_t)l->bits, at_bits);
    put_entry(f, 259, SHORT, 1, l->compression ? (uint64_t)l->compression : 1, 0);
    put_entry(f, 262, SHORT, 1, (uint64_t)l->photometric, 0);
    if (!l->tile_w)
        put_entry(f, 273, word, b.count, b.at[0], at_starts);
    put_entry(f, 274, SHORT, 1, l->orientation ? (uint64_t)l->orientation : 1, 0);
    put_entry(f, 277, SHORT, 1, (uint64_t)l->samples, 0);
    if (!l->tile_w) {
        put_entry(f, 278, LONG, 1, l->rows_per_strip ? (uint64_t)l->rows_per_strip : H, 0);
        put_entry(f, 279, word, b.count, b.n[0], at_sizes);
    }
    put_entry(f, 284, SHORT, 1, l->apart ? 2 : 1, 0);
    if (at_colors)
        put_entry(f, 320, SHORT, 3u << l->bits, 0, at_colors);
    if (l->tile_w) {
        put_entry(f, 322, LONG, 1, (uint64_t)l->tile_w, 0);
        put_entry(f, 323, LONG, 1, (uint64_t)l->tile_h, 0);
        put_entry(f, 324, word, b.count, b.at[0], at_starts);
        put_entry(f, 325, word, b.count, b.n[0], at_sizes);
    }
    if (l->extra)
        put_entry(f, 338, SHORT, (size_t)l->extra, 2, 0);
    put_entry(f, 339, SHORT, 1, l->float_samples ? 3 : 1, 0);
    if (l->tile_w)
        put_entry(f, 33550, SHORT, 1, 7, 0); /* some tag that nobody knows */
    next = f->n;
    put(f, 0, each);
    f->n = f->n + (f->n & 1);
    put_at(f, next, 0, each);
    return link;
}

static void make_file(struct file *f, struct layout l)
{
    memset(f, 0, sizeof *f);
    f->l = l;
    f->l.samples = l.samples ? l.samples : 1;
    put(f, l.big_endian ? 0x4D4D : 0x4949, 2);
    put(f, l.big_tiff ? 43 : 42, 2);
    if (l.big_tiff) {
        put(f, 8, 2);
        put(f, 0, 2);
    }
    const size_t wide = l.big_tiff ? 8 : 4;
    size_t link = f->n;
    put(f, 0, wide);
    for (int page = 0; page < (l.pages ? l.pages : 1); page++) {
        f->l.page = page;
        size_t dir = put_page(f);
        put_at(f, link, dir, wide);
        link = dir + (l.big_tiff ? 8 : 2) + (l.big_tiff ? 20 : 12) * entries_of(&f->l);
    }
    f->l.page = 0;
    f->link = link;
}

static enum edgel_status decode(const struct file *f, enum edgel_decode how, struct edgel_image *img,
                                struct edgel_info *info)
{
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_error err = { 0 };
    p.decode = how;
    p.page = f->l.page > 0 ? f->l.page + 1 : 0;
    return edgel_image_decode(f->b, f->n, "t", &p, img, info, &err);
}

static uint32_t sample(const struct edgel_image *img, int x, int y, int c)
{
    const char *row = (const char *)img->data + y * img->stride;
    const size_t size = edgel_type_size(img->type);
    uint32_t v = 0;
    uint16_t v16;
    memcpy(size == 4 ? (void *)&v : (void *)&v16, row + (size_t)(x * img->channels + c) * size,
           size == 1 ? 1 : size);
    if (size == 1)
        return (unsigned char)row[x * img->channels + c];
    return size == 2 ? v16 : v;
}

/* Pixels with all samples, as stored (few bits: scaled). */
static void check_full(const struct file *f, const char *what)
{
    struct edgel_image img = { 0 };
    struct edgel_info info;
    const struct layout *l = &f->l;
    if (decode(f, EDGEL_DECODE_FULL, &img, &info) != EDGEL_OK)
        fail_msg("%s: not decoded", what);
    assert_int_equal(img.channels, l->samples);
    assert_int_equal(info.bits, l->bits);
    const uint32_t top = l->bits >= 8 ? 0 : (1u << l->bits) - 1;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            for (int c = 0; c < l->samples; c++) {
                uint32_t v = stored(l, x, y, c);
                if (l->photometric == 0 && c == 0)
                    v = (1u << l->bits) - 1 - v;
                if (top)
                    v = v * 255 / top;
                if (sample(&img, x, y, c) != v)
                    fail_msg("%s: (%d, %d) sample %d is %u, not %u", what, x, y, c, sample(&img, x, y, c), v);
            }
    edgel_image_finish(&img);
}

static const struct layout kinds[] = {
    { .bits = 1, .photometric = 1 },
    { .bits = 1, .photometric = 0 },
    { .bits = 2, .photometric = 1 },
    { .bits = 4, .photometric = 0 },
    { .bits = 8, .photometric = 1 },
    { .bits = 8, .photometric = 0 },
    { .bits = 16, .photometric = 1 },
    { .bits = 16, .photometric = 0 },
    { .bits = 32, .photometric = 1, .float_samples = true },
    { .bits = 8, .photometric = 1, .samples = 2, .extra = 1 },
    { .bits = 8, .photometric = 2, .samples = 3 },
    { .bits = 16, .photometric = 2, .samples = 3 },
    { .bits = 32, .photometric = 2, .samples = 3, .float_samples = true },
    { .bits = 8, .photometric = 2, .samples = 4, .extra = 1 },
    { .bits = 16, .photometric = 2, .samples = 4, .extra = 1 },
    { .bits = 32, .photometric = 2, .samples = 4, .extra = 1, .float_samples = true },
};

static void every_kind_and_layout_decodes(void **state)
{
    static struct file f;
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int variant = 0; variant < 24; variant++) {
            struct layout l = kinds[k];
            l.big_endian = variant & 1;
            l.big_tiff = variant & 2;
            l.apart = (variant & 4) && l.samples > 1;
            l.rows_per_strip = variant / 8 == 1 ? 5 : 0;
            l.tile_w = variant / 8 == 2 ? 16 : 0;
            l.tile_h = variant / 8 == 2 ? 32 - 16 * (variant & 1) : 0;
            make_file(&f, l);
            char what[64];
            snprintf(what, sizeof what, "kind %zu variant %d", k, variant);
            check_full(&f, what);
        }
}

static float real_of(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Gray of (x, y) by the formula, as its bits. */
static uint32_t gray_of(const struct layout *l, int x, int y)
{
    const uint32_t r = stored(l, x, y, 0), g = stored(l, x, y, 1), b = stored(l, x, y, 2);
    if (!l->float_samples)
        return (9797 * r + 19234 * g + 3737 * b + (l->bits == 16 ? 16384 : 0)) >> 15;
    const float v = (float)((9797.0 * real_of(r) + 19234.0 * real_of(g) + 3737.0 * real_of(b)) / 32768);
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static void gray_leaves_alpha_out(void **state)
{
    static struct file f;
    (void)state;
    for (int k = 0; k < 12; k++) {
        const bool alpha = k & 1;
        const struct layout l = { .bits = 8 << k / 4,
                                  .photometric = 2,
                                  .samples = 3 + alpha,
                                  .extra = alpha,
                                  .apart = k & 2,
                                  .float_samples = k / 4 == 2 };
        struct edgel_image img = { 0 };
        make_file(&f, l);
        assert_int_equal(decode(&f, EDGEL_DECODE_GRAY, &img, NULL), EDGEL_OK);
        assert_int_equal(img.channels, 1);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                assert_int_equal(sample(&img, x, y, 0), gray_of(&l, x, y));
        edgel_image_finish(&img);
    }
}

static void palettes_are_looked_up_and_are_labels(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    (void)state;
    for (int bits = 1; bits <= 8; bits *= 2) {
        make_file(&f, (struct layout){ .bits = bits, .photometric = 3 });
        assert_int_equal(decode(&f, EDGEL_DECODE_COLOR, &img, NULL), EDGEL_OK);
        assert_int_equal(img.channels, 3);
        for (int c = 0; c < 3; c++)
            assert_int_equal(sample(&img, 5, 3, c),
                             palette_entry((int)stored(&f.l, 5, 3, 0) + (c << bits)) >> 8);
        assert_int_equal(decode(&f, EDGEL_DECODE_LABELS, &img, NULL), EDGEL_OK);
        assert_int_equal(img.channels, 1);
        for (int x = 0; x < W; x++)
            assert_int_equal(sample(&img, x, 7, 0), stored(&f.l, x, 7, 0));
    }
    edgel_image_finish(&img);
}

static void the_orientation_tag_is_applied(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    struct edgel_info info;
    (void)state;
    make_file(&f,
              (struct layout){ .bits = 8, .photometric = 1, .orientation = 6, .tile_w = 16, .tile_h = 16 });
    assert_int_equal(decode(&f, EDGEL_DECODE_GRAY, &img, &info), EDGEL_OK);
    assert_int_equal(info.orientation, 6);
    assert_int_equal(info.w, W);
    assert_int_equal(img.w, H);
    assert_int_equal(img.h, W);
    for (int y = 0; y < W; y++)
        for (int x = 0; x < H; x++)
            assert_int_equal(sample(&img, x, y, 0), stored(&f.l, y, H - 1 - x, 0));
    edgel_image_finish(&img);
}

static void the_first_of_several_pages_is_read_and_said(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    struct edgel_info info;
    (void)state;
    make_file(&f, (struct layout){ .bits = 8, .photometric = 1, .pages = 3 });
    check_full(&f, "three pages");
    assert_int_equal(decode(&f, EDGEL_DECODE_GRAY, &img, &info), EDGEL_OK);
    assert_string_equal(info.remark, "only the first page is read");
    make_file(&f, (struct layout){ .bits = 8, .photometric = 1, .tile_w = 16, .tile_h = 16 });
    assert_int_equal(decode(&f, EDGEL_DECODE_GRAY, &img, &info), EDGEL_OK);
    assert_string_equal(info.remark, ""); /* nor is a tag that nobody knows worth a remark */
    edgel_image_finish(&img);
}

static const struct layout stacks[] = {
    { .bits = 8, .photometric = 1, .pages = 3 },
    { .bits = 8, .photometric = 2, .samples = 3, .apart = true, .rows_per_strip = 4, .pages = 3 },
    { .bits = 16, .photometric = 1, .tile_w = 16, .tile_h = 16, .big_endian = true, .pages = 3 },
    { .bits = 32, .photometric = 1, .float_samples = true, .big_tiff = true, .pages = 3 },
};

static void any_page_is_read(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    struct edgel_info info;
    struct edgel_error err = { 0 };
    struct edgel_read p;
    edgel_read_init(&p);
    (void)state;
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        make_file(&f, stacks[i]);
        for (f.l.page = 0; f.l.page < 3; f.l.page++)
            check_full(&f, "a page");
        p.page = 1;
        assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
        assert_int_equal(info.pages, 3);
        assert_string_equal(info.remark, "");
        p.page = 4;
        assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, &err), EDGEL_EINVAL);
        assert_string_equal(err.msg, "t: TIFF: has no page 4");
        edgel_error_clear(&err);
    }
    assert_int_equal(edgel_image_decode("P2\n1 1\n255\n7", 12, "t", &p, &img, NULL, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "t: has one page, not page 4");
    p.page = 1;
    assert_int_equal(edgel_image_decode("P2\n1 1\n255\n7", 12, "t", &p, &img, &info, NULL), EDGEL_OK);
    assert_int_equal(info.pages, 1);
    edgel_image_finish(&img);
}

static void pages_in_a_circle_are_counted_once(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    struct edgel_info info = { 0 };
    struct edgel_read p;
    edgel_read_init(&p);
    uint32_t first;
    (void)state;
    make_file(&f, stacks[0]);
    memcpy(&first, f.b + 4, 4);
    put_at(&f, f.link, first, 4);
    p.page = 1;
    assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
    assert_int_equal(info.pages, 3);
    assert_non_null(strstr(info.remark, "loop"));
    p.page = 4;
    assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, NULL, NULL), EDGEL_EINVAL);
    edgel_image_finish(&img);
}

/* From page to page without looking for them, by bytes in the order of the file, four or eight. */
static void pages_are_found_from_page_to_page(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    struct edgel_info info = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        struct edgel_read p;
        edgel_read_init(&p);
        make_file(&f, stacks[i]);
        for (p.page = 1; p.page <= 3; p.page++, p.page_at = info.next_page) {
            f.l.page = p.page - 1;
            p.decode = EDGEL_DECODE_FULL;
            assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
            assert_int_equal(sample(&img, 5, 7, 0), stored(&f.l, 5, 7, 0));
            assert_int_equal(info.next_page != 0, p.page < 3);
        }
        p.page_at = f.n - 1; /* where it is counts, not its number */
        assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, NULL, NULL), EDGEL_EFORMAT);
    }
    edgel_image_finish(&img);
}

/* BitsPerSample of the last page. */
static void change_last_bits(struct file *f, int from, int to)
{
    const unsigned char entry[] = { 2, 1, SHORT, 0, 1, 0, 0, 0, (unsigned char)from };
    size_t at = f->n - sizeof entry;
    while (at > 0 && memcmp(f->b + at, entry, sizeof entry) != 0)
        at--;
    assert_true(at > 0);
    f->b[at + sizeof entry - 1] = (unsigned char)to;
}

static void pages_are_added_up(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    struct edgel_info info = { 0 };
    struct edgel_read p;
    edgel_read_init(&p);
    (void)state;
    p.page = 1;
    for (size_t i = 0; i <= sizeof stacks / sizeof *stacks; i++) {
        const bool differ = i == sizeof stacks / sizeof *stacks;
        make_file(&f, stacks[differ ? 0 : i]);
        if (differ)
            change_last_bits(&f, 8, 16);
        assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
        assert_int_equal(info.pages, 3);
        assert_int_equal(info.pages_pixels, 3 * W * H);
        assert_int_equal(info.pages_differ, differ);
        assert_string_equal(info.remark, "");
    }
    edgel_image_finish(&img);
}

/* The page that cannot be found is missed by those alone who ask for it. */
static void a_broken_list_of_pages_is_an_error_of_its_last(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    struct edgel_info info = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_read p;
    edgel_read_init(&p);
    (void)state;
    make_file(&f, stacks[0]);
    put_at(&f, f.link, 0x00FFFFFF, 4);
    p.page = 1;
    assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
    assert_int_equal(info.pages, 4);
    p.page = 4;
    assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, NULL, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "t: TIFF: "));
    p.page = 1;
    p.lenient = true;
    assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
    assert_int_equal(info.pages, 3);
    assert_string_not_equal(info.damage, "");
    edgel_image_finish(&img);
}

/* Every prefix of two pages: a file is read when all of it is there; of a page that is asked for it is enough that the
 * page is there, and a remark says which one is not. */
static void a_cut_page_is_seen_or_said(void **state)
{
    static const struct layout layouts[] = {
        { .bits = 8, .photometric = 1, .pages = 2 },
        { .bits = 8, .photometric = 1, .pages = 2, .rows_per_strip = 4, .big_endian = true },
        { .bits = 16, .photometric = 1, .tile_w = 16, .tile_h = 16, .pages = 2, .big_tiff = true },
    };
    static struct file f;
    (void)state;
    for (size_t k = 0; k < sizeof layouts / sizeof *layouts; k++) {
        make_file(&f, layouts[k]);
        size_t read[4] = { 0 };
        for (size_t n = 0; n <= f.n; n++)
            for (int how = 0; how < 4;
                 how++) { /* no page, the first one, the second one; no page and lenient */
                struct edgel_image img = { 0 };
                struct edgel_info info = { 0 };
                struct edgel_error err = { 0 };
                struct edgel_read p;
                edgel_read_init(&p);
                p.page = how % 3;
                p.lenient = how == 3;
                const enum edgel_status st = edgel_image_decode(f.b, n, "t", &p, &img, &info, &err);
                read[how] += st == EDGEL_OK;
                if (n + 1 >= f.n) /* the last byte may be padding */
                    assert_true(st == EDGEL_OK || n < f.n);
                else if ((how == 0 || how == 2) && st == EDGEL_OK)
                    fail_msg("layout %zu, way %d: %zu of %zu bytes are read", k, how, n, f.n);
                else if (how == 1 && st == EDGEL_OK)
                    assert_string_equal(info.remark, "page 2 is cut off: it does not lie within the file");
                else if (how == 3 && st == EDGEL_OK)
                    assert_string_not_equal(info.damage, "");
                edgel_image_finish(&img);
            }
        assert_true(read[0] >= 1 && read[2] >= 1 && read[1] > 2 && read[3] >= read[1]);
    }
}

/* What comes row by row. */
struct rows {
    const struct file *f;
    struct edgel_view shape;
    int y;
};

static enum edgel_status begin_rows(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct rows *r = user;
    (void)err;
    r->shape = shape;
    return EDGEL_OK;
}

static enum edgel_status check_row(void *user, const void *row, struct edgel_error *err)
{
    struct rows *r = user;
    (void)err;
    for (int x = 0; x < r->shape.w; x++)
        assert_int_equal(((const uint8_t *)row)[x], stored(&r->f->l, x, r->y, 0));
    r->y++;
    return EDGEL_OK;
}

static void any_page_comes_row_by_row(void **state)
{
    static struct file f;
    char path[] = "/tmp/edgel-tiff-XXXXXX";
    struct edgel_read p;
    edgel_read_init(&p);
    (void)state;
    make_file(&f, stacks[0]);
    int fd = mkstemp(path);
    assert_int_equal(write(fd, f.b, f.n), f.n);
    close(fd);
    for (p.page = 1; p.page <= 3; p.page++) {
        f.l.page = p.page - 1;
        struct rows r = { .f = &f };
        const struct edgel_row_sink sink = { &r, begin_rows, check_row };
        assert_int_equal(edgel_image_stream(path, &p, &sink, NULL, NULL), EDGEL_OK);
        assert_int_equal(r.y, H);
    }
    unlink(path);
}

static void what_is_not_read_is_named(void **state)
{
    static const struct {
        struct layout l;
        enum edgel_status status;
        const char *part;
    } cases[] = {
        { { .bits = 8, .photometric = 8, .samples = 3 },
          EDGEL_EUNSUPPORTED,
          "t: TIFF of photometric interpretation 8; read are gray, palettes, RGB, CMYK of 8 bits, and YCbCr in JPEG" },
        { { .bits = 8, .photometric = 6, .samples = 3 }, EDGEL_EUNSUPPORTED, "photometric interpretation 6" },
        { { .bits = 16, .photometric = 1, .float_samples = true },
          EDGEL_EUNSUPPORTED,
          "bits per float sample: 16; read are 32" },
        { { .bits = 8, .photometric = 1, .samples = 5 },
          EDGEL_EUNSUPPORTED,
          "samples per pixel: 5; read are those of the colours, and one more for alpha" },
        { { .bits = 24, .photometric = 1 },
          EDGEL_EUNSUPPORTED,
          "bits per sample: 24; read are 1, 2, 4, 8 and 16" },
        { { .bits = 4, .photometric = 2, .samples = 3 },
          EDGEL_EUNSUPPORTED,
          "bits per sample: 4; read are 8 and 16" },
        { { .bits = 8, .photometric = 1, .compression = 6 }, EDGEL_EUNSUPPORTED, "compression 6" },
        { { .bits = 8, .photometric = 1, .compression = 4711 }, EDGEL_EUNSUPPORTED, "compression 4711" },
        { { .bits = 16, .samples = 3, .photometric = 32845, .compression = 34676 },
          EDGEL_EUNSUPPORTED,
          "t: TIFF of compression 34676 (SGILog)" },
        { { .bits = 16, .photometric = 32844, .compression = 34677 },
          EDGEL_EUNSUPPORTED,
          "compression 34677 (SGILog24)" },
        { { .bits = 8, .photometric = 1, .claim_w = 1000001 }, EDGEL_ELIMIT, "(max_side)" },
        { { .bits = 8, .photometric = 1, .claim_w = 100000, .claim_h = 100000 },
          EDGEL_ELIMIT,
          "(max_pixels)" },
        { { .bits = 8, .photometric = 1, .claim_w = 10000, .claim_h = 10000 }, EDGEL_EFORMAT, "truncated" },
        { { .bits = 8, .photometric = 1, .claim_h = 0x90000000u }, EDGEL_EFORMAT, "t: TIFF: " },
    };
    static struct file f;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct edgel_read p;
        edgel_read_init(&p);
        struct edgel_error err = { 0 };
        struct edgel_image img = { 0 };
        make_file(&f, cases[i].l);
        if (edgel_image_decode(f.b, f.n, "t", &p, &img, NULL, &err) != cases[i].status ||
            !strstr(err.msg, cases[i].part))
            fail_msg("case %zu: %s: %s", i, edgel_status_name(err.code), err.msg);
        assert_null(img.data);
    }
}

/* Moves the one strip or tile to where its last byte would lie past the end. */
static void cut_pixels(struct file *f, int tag, size_t bytes)
{
    for (size_t at = 8; at + 12 <= f->n; at++)
        if (f->b[at] == (tag & 255) && f->b[at + 1] == tag >> 8 && f->b[at + 2] == LONG &&
            f->b[at + 4] == 1) {
            put_at(f, at + 8, f->n + 1 - bytes, 4);
            return;
        }
    fail_msg("no tag %d", tag);
}

/* What libtiff says, without the name that it was not given and the rows that it does not count. */
static void cut_files_are_told_in_plain_words(void **state)
{
    static const struct layout strip = { .bits = 8, .photometric = 1 },
                               tile = { .bits = 8, .photometric = 1, .tile_w = 48, .tile_h = 32 };
    static struct file f[3];
    static const char *const messages[] = { "t: TIFF: pixels are cut off: got 776 bytes, expected 777",
                                            "t: TIFF: pixels are cut off: got 1535 bytes, expected 1536",
                                            "t: TIFF: Can not read TIFF directory count" };
    (void)state;
    make_file(&f[0], strip);
    cut_pixels(&f[0], 273, W * H);
    make_file(&f[1], tile);
    cut_pixels(&f[1], 324, 48 * 32);
    make_file(&f[2], strip);
    f[2].n = 400;
    for (int i = 0; i < 3; i++) {
        struct edgel_error err = { 0 };
        struct edgel_image img = { 0 };
        struct edgel_read p;
        edgel_read_init(&p);
        assert_int_equal(edgel_image_decode(f[i].b, f[i].n, "t", &p, &img, NULL, &err), EDGEL_EFORMAT);
        assert_string_equal(err.msg, messages[i]);
        assert_null(img.data);
    }
}

/* Nothing may be printed, whatever the file. */
static long stderr_size(void)
{
    fflush(stderr);
    return (long)lseek(STDERR_FILENO, 0, SEEK_CUR);
}

static void damaged_files_are_errors_without_a_word(void **state)
{
    static const struct layout layouts[] = {
        { .bits = 8, .photometric = 2, .samples = 3, .apart = true, .rows_per_strip = 4 },
        { .bits = 1, .photometric = 0, .big_tiff = true, .tile_w = 16, .tile_h = 16, .big_endian = true },
        { .bits = 8, .photometric = 3, .pages = 2 },
        { .bits = 8, .photometric = 1, .compression = 5 },
        { .bits = 8, .photometric = 1, .compression = 8, .rows_per_strip = 3 },
        { .bits = 8, .photometric = 1, .compression = 7 },
        { .bits = 1, .photometric = 1, .compression = 4 },
    };
    static struct file f;
    (void)state;
    FILE *quiet = tmpfile();
    assert_non_null(quiet);
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fileno(quiet), STDERR_FILENO) >= 0);
    long printed = stderr_size();
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        make_file(&f, layouts[i]);
        const size_t whole = f.n;
        for (size_t at = 0; at < whole; at++)
            for (int how = 0; how < 4; how++) { /* cut, or one byte changed; strict and lenient */
                struct edgel_read p;
                edgel_read_init(&p);
                struct edgel_image img = { 0 };
                const unsigned char was = f.b[at];
                p.limits.max_pixels = 1 << 20;
                p.lenient = how >= 2;
                f.n = how % 2 == 0 ? at : whole;
                f.b[at] = how % 2 == 0 ? was : (unsigned char)~was;
                enum edgel_status st = edgel_image_decode(f.b, f.n, "t", &p, &img, NULL, NULL);
                wrong += (st == EDGEL_OK) != (img.data != NULL);
                f.b[at] = was;
                edgel_image_finish(&img);
            }
    }
    bool silent = stderr_size() == printed;
    dup2(kept, STDERR_FILENO);
    close(kept);
    fclose(quiet);
    assert_int_equal(wrong, 0);
    assert_true(silent);
}

static void truncated_pixels_are_errors_or_damage(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    struct edgel_info info;
    struct edgel_read p;
    edgel_read_init(&p);
    (void)state;
    make_file(&f, (struct layout){ .bits = 8, .photometric = 1, .rows_per_strip = 5 });
    const uint32_t fifth = 8 + 4 * 5 * W; /* where the fifth strip starts, as the list of strips says */
    for (size_t at = fifth; at + 4 < f.n; at++)
        if (memcmp(f.b + at, &fifth, 4) == 0) {
            put_at(&f, at, 0x00FFFFFF, 4);
            break;
        }
    assert_int_equal(decode(&f, EDGEL_DECODE_GRAY, &img, NULL), EDGEL_EFORMAT);
    p.lenient = true;
    assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
    assert_true(info.damage[0] != '\0');
    assert_int_equal(sample(&img, 3, 19, 0), stored(&f.l, 3, 19, 0));
    assert_int_equal(sample(&img, 3, 20, 0), 0);
    edgel_image_finish(&img);
}

static void samples_must_be_finite(void **state)
{
    static struct file f;
    struct edgel_image img = { 0 };
    (void)state;
    make_file(&f, (struct layout){ .bits = 32, .photometric = 1, .float_samples = true });
    put_at(&f, 8 + 4 * 40, 0x7FC00000, 4);
    assert_int_equal(decode(&f, EDGEL_DECODE_GRAY, &img, NULL), EDGEL_EFORMAT);
}

/* --- writing --- */

static void fill(struct edgel_image *img, const struct layout *l)
{
    for (int y = 0; y < img->h; y++)
        for (int i = 0; i < img->w * img->channels; i++) {
            char *row = (char *)img->data + y * img->stride;
            uint32_t v = stored(l, i / img->channels, y, i % img->channels);
            uint16_t v16 = (uint16_t)v;
            if (img->type == EDGEL_U8)
                ((uint8_t *)row)[i] = (uint8_t)v;
            else
                memcpy(row + (size_t)i * edgel_type_size(img->type),
                       img->type == EDGEL_U16 ? (void *)&v16 : (void *)&v, edgel_type_size(img->type));
        }
}

static void what_is_written_reads_back(void **state)
{
    char folder[] = "/tmp/edgel-tiff-XXXXXX", path[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.tif", folder);
    for (int k = 0; k < 8; k++) {
        struct layout l = { .bits = k / 2 == 3   ? 1
                                    : k / 2 == 2 ? 32
                                                 : 8 << k / 2,
                            .float_samples = k / 2 == 2 };
        const int channels = l.bits == 1 || k % 2 == 0 ? 1 : 3;
        const enum edgel_type type = l.bits == 32 ? EDGEL_F32 : l.bits == 16 ? EDGEL_U16 : EDGEL_U8;
        struct edgel_image a = { 0 }, b = { 0 };
        struct edgel_info info;
        struct edgel_read p;
        edgel_read_init(&p);
        struct edgel_write write = { .format = EDGEL_FORMAT_TIFF, .bits = l.bits == 1 };
        p.decode = EDGEL_DECODE_FULL;
        assert_int_equal(edgel_image_init(&a, 1031, 301, channels, type, NULL),
                         EDGEL_OK); /* several strips */
        fill(&a, &l);
        assert_int_equal(edgel_image_write(path, edgel_image_view(&a), &write, NULL), EDGEL_OK);
        assert_int_equal(edgel_image_read(path, &p, &b, &info, NULL), EDGEL_OK);
        assert_int_equal(info.bits, l.bits);
        assert_int_equal(b.channels, channels);
        for (int y = 0; y < a.h; y++)
            for (int x = 0; x < a.w * channels; x++)
                assert_int_equal(sample(&b, x / channels, y, x % channels),
                                 sample(&a, x / channels, y, x % channels) * (l.bits == 1 ? 255 : 1));
        edgel_image_finish(&a);
        edgel_image_finish(&b);
    }
    unlink(path);
    rmdir(folder);
}

/* Of a little-endian file: where directory k is, 0 if there is none. */
static size_t directory(const struct edgel_bytes *f, int k)
{
    uint32_t at;
    uint16_t n;
    memcpy(&at, f->data + 4, 4);
    for (; at && k > 0; k--) {
        memcpy(&n, f->data + at, 2);
        memcpy(&at, f->data + at + 2 + 12 * n, 4);
    }
    return at;
}

/* The first value of a tag, 0 if it is not there. */
static uint32_t value_of(const struct edgel_bytes *f, size_t dir, int tag)
{
    uint16_t n, t, type, v16;
    uint32_t v;
    memcpy(&n, f->data + dir, 2);
    for (size_t at = dir + 2; n > 0; n--, at += 12) {
        memcpy(&t, f->data + at, 2);
        memcpy(&type, f->data + at + 2, 2);
        memcpy(&v, f->data + at + 8, 4);
        memcpy(&v16, f->data + at + 8, 2);
        if (t == tag)
            return type == SHORT ? v16 : v;
    }
    return 0;
}

/* The pages of the writing tests: sides and kinds that differ. */
static const struct {
    int w, h, channels;
    enum edgel_type type;
} pages[] = {
    { 1031, 301, 1, EDGEL_U8 }, { 7, 5, 3, EDGEL_U16 }, { 64, 33, 1, EDGEL_F32 }, { 48, 80, 3, EDGEL_U8 }
};
enum { PAGES = sizeof pages / sizeof *pages };

static void make_pages(struct edgel_image *img)
{
    for (int k = 0; k < PAGES; k++) {
        const enum edgel_type type = pages[k].type;
        const struct layout l = { .bits = 8 * (int)edgel_type_size(type),
                                  .float_samples = type == EDGEL_F32,
                                  .page = k };
        assert_int_equal(edgel_image_init(&img[k], pages[k].w, pages[k].h, pages[k].channels, type, NULL),
                         EDGEL_OK);
        fill(&img[k], &l);
    }
}

static void finish_pages(struct edgel_image *img)
{
    for (int k = 0; k < PAGES; k++)
        edgel_image_finish(&img[k]);
}

static enum edgel_status put_rows(struct edgel_writer *w, const struct edgel_image *img)
{
    enum edgel_status st = EDGEL_OK;
    for (int y = 0; y < img->h && st == EDGEL_OK; y++)
        st = edgel_writer_row(w, (const char *)img->data + y * img->stride, NULL);
    return st;
}

static enum edgel_status write_stack(const char *path, const struct edgel_write *params,
                                     const struct edgel_image *img)
{
    struct edgel_output *out = NULL;
    struct edgel_writer *w = NULL;
    enum edgel_status st = edgel_output_begin(path, &out, NULL);
    for (int k = 0; k < PAGES && st == EDGEL_OK; k++) {
        st = k == 0 ? edgel_writer_begin(edgel_image_view(img), params, out, &w, NULL)
                    : edgel_writer_page(w, edgel_image_view(&img[k]), NULL);
        if (st == EDGEL_OK)
            st = put_rows(w, &img[k]);
    }
    if (st == EDGEL_OK)
        st = edgel_writer_end(&w, NULL);
    edgel_writer_discard(&w);
    if (st == EDGEL_OK)
        st = edgel_output_commit(&out, NULL);
    edgel_output_discard(&out);
    return st;
}

static void check_page(const struct edgel_bytes *file, int k, int tile, const struct edgel_image *a)
{
    struct edgel_image b = { 0 };
    struct edgel_read p;
    edgel_read_init(&p);
    const size_t dir = directory(file, k);
    assert_int_equal(value_of(file, dir, 256), a->w);
    assert_int_equal(value_of(file, dir, 322), tile);
    assert_int_equal(value_of(file, dir, 323), tile);
    p.decode = EDGEL_DECODE_FULL;
    p.page = k + 1;
    assert_int_equal(edgel_image_decode(file->data, file->size, "t", &p, &b, NULL, NULL), EDGEL_OK);
    assert_int_equal(b.channels, a->channels);
    for (int y = 0; y < a->h; y++)
        assert_memory_equal((char *)a->data + y * a->stride, (char *)b.data + y * b.stride,
                            (size_t)a->w * (size_t)a->channels * edgel_type_size(a->type));
    edgel_image_finish(&b);
}

static void pages_and_tiles_read_back(void **state)
{
    char folder[] = "/tmp/edgel-tiff-XXXXXX", path[64];
    struct edgel_image img[PAGES] = { 0 };
    struct edgel_bytes bytes = { 0 };
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.tif", folder);
    make_pages(img);
    for (int tile = 0; tile <= 48; tile += 16) {
        const struct edgel_write write = { .format = EDGEL_FORMAT_TIFF, .tile = tile };
        assert_int_equal(write_stack(path, &write, img), EDGEL_OK);
        assert_int_equal(edgel_bytes_read(path, &bytes, NULL), EDGEL_OK);
        for (int k = 0; k < PAGES; k++)
            check_page(&bytes, k, tile, &img[k]);
        assert_int_equal(directory(&bytes, PAGES), 0);
    }
    finish_pages(img);
    edgel_bytes_finish(&bytes);
    unlink(path);
    rmdir(folder);
}

static void many_pages_are_big_tiff_from_the_start(void **state)
{
    char path[] = "/tmp/edgel-tiff-XXXXXX";
    struct edgel_image img = { 0 };
    struct edgel_bytes bytes = { 0 };
    (void)state;
    close(mkstemp(path));
    assert_int_equal(edgel_image_init(&img, 64, 64, 1, EDGEL_U8, NULL), EDGEL_OK);
    memset(img.data, 7, (size_t)img.stride * 64);
    for (unsigned big = 0; big < 2; big++) {
        const struct edgel_write write = { .format = EDGEL_FORMAT_TIFF, .bytes = 0xF0000000u + big };
        assert_int_equal(edgel_image_write(path, edgel_image_view(&img), &write, NULL), EDGEL_OK);
        assert_int_equal(edgel_bytes_read(path, &bytes, NULL), EDGEL_OK);
        assert_int_equal(bytes.data[2], big ? 43 : 42);
    }
    edgel_bytes_finish(&bytes);
    edgel_image_finish(&img);
    unlink(path);
}

static void a_page_needs_the_rows_of_the_one_before(void **state)
{
    const uint8_t row[4] = { 0 };
    char folder[] = "/tmp/edgel-tiff-XXXXXX", path[64];
    const struct edgel_view shape = { NULL, 4, 2, 1, EDGEL_U8, 4 };
    struct edgel_output *out;
    struct edgel_writer *w;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.tif", folder);
    for (int k = 0; k < 2; k++) {
        const struct edgel_write write = { .format = k ? EDGEL_FORMAT_PNG : EDGEL_FORMAT_TIFF };
        assert_int_equal(edgel_output_begin(path, &out, NULL), EDGEL_OK);
        assert_int_equal(edgel_writer_begin(shape, &write, out, &w, NULL), EDGEL_OK);
        assert_int_equal(edgel_writer_row(w, row, NULL), EDGEL_OK);
        assert_int_equal(edgel_writer_page(w, shape, NULL), k ? EDGEL_EUNSUPPORTED : EDGEL_EINVAL);
        edgel_writer_discard(&w);
        edgel_output_discard(&out);
    }
    rmdir(folder);
}

static void tiles_that_nobody_could_read_are_refused(void **state)
{
    static const struct {
        int channels;
        enum edgel_type type;
        enum edgel_status status;
    } cases[] = { { 1, EDGEL_U16, EDGEL_OK },
                  { 1, EDGEL_F32, EDGEL_EINVAL },
                  { 3, EDGEL_U16, EDGEL_EINVAL } };
    const struct edgel_write write = { .format = EDGEL_FORMAT_TIFF, .tile = EDGEL_TILE_MAX };
    const uint8_t row[16 * 12] = { 1, 2, 3 };
    char folder[] = "/tmp/edgel-tiff-XXXXXX", path[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.tif", folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct edgel_error err = { 0 };
        const struct edgel_view image = { row, 16, 1, cases[i].channels, cases[i].type, 16 * 12 };
        assert_int_equal(edgel_image_write(path, image, &write, &err), cases[i].status);
        assert_int_equal(strstr(err.msg, "x.tif: TIFF: tiles of 8192 x 8192") != NULL,
                         cases[i].status == EDGEL_EINVAL);
    }
    unlink(path);
    rmdir(folder);
}

/* The first bytes of the file that an output is being written to, in a folder of its own. */
static void first_bytes(struct edgel_output *out, const char *folder, unsigned char *to, size_t n)
{
    char path[400] = "";
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    assert_int_equal(edgel_output_flush(out, NULL), EDGEL_OK);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (strncmp(e->d_name, ".edgel-", 7) == 0)
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    closedir(dir);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(to, 1, n, f), n);
    fclose(f);
}

/* BigTIFF from 0xF0000000 bytes of pixels on: by the header, for nobody wants to wait for the pixels. */
static void large_files_are_big_tiff(void **state)
{
    static const struct {
        int w, h, channels;
        enum edgel_type type;
        bool big;
    } cases[] = {
        { 60000, 67108, 1, EDGEL_U8, false }, { 60000, 67109, 1, EDGEL_U8, true },
        { 30000, 67109, 1, EDGEL_U16, true }, { 15000, 67108, 1, EDGEL_F32, false },
        { 15000, 67109, 1, EDGEL_F32, true }, { 20000, 67109, 3, EDGEL_U8, true },
        { 60000, 67109, 1, EDGEL_U1, false },
    };
    char folder[] = "/tmp/edgel-tiff-XXXXXX", path[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.tif", folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct edgel_write params = { .format = EDGEL_FORMAT_TIFF };
        const struct edgel_view shape = {
            .w = cases[i].w, .h = cases[i].h, .channels = cases[i].channels, .type = cases[i].type
        };
        struct edgel_output *out;
        struct edgel_writer *writer;
        unsigned char head[4];
        assert_int_equal(edgel_output_begin(path, &out, NULL), EDGEL_OK);
        assert_int_equal(edgel_writer_begin(shape, &params, out, &writer, NULL), EDGEL_OK);
        first_bytes(out, folder, head, sizeof head);
        assert_memory_equal(head, cases[i].big ? "II+" : "II*", 4);
        edgel_writer_discard(&writer);
        edgel_output_discard(&out);
    }
    rmdir(folder);
}

static void memory_may_run_out_anywhere(void **state)
{
    static struct file f;
    char folder[] = "/tmp/edgel-tiff-XXXXXX", path[64];
    struct edgel_image img = { 0 }, stack[PAGES] = { 0 };
    const struct edgel_write write = { .format = EDGEL_FORMAT_TIFF },
                             tiled = { .format = EDGEL_FORMAT_TIFF, .tile = 16 };
    enum edgel_status st = EDGEL_ENOMEM;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.tif", folder);
    make_file(&f, (struct layout){ .bits = 8, .photometric = 2, .samples = 3, .tile_w = 16, .tile_h = 16 });
    for (long n = 0; st != EDGEL_OK; n++) {
        long live = edgel_alloc_live();
        edgel_alloc_fail_after(n);
        st = decode(&f, EDGEL_DECODE_GRAY, &img, NULL);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && edgel_alloc_live() == live));
    }
    st = EDGEL_ENOMEM;
    for (long n = 0; st != EDGEL_OK; n++) {
        struct edgel_error err = { 0 };
        edgel_alloc_fail_after(n);
        st = edgel_image_write(path, edgel_image_view(&img), &write, &err);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && access(path, F_OK) != 0));
        assert_true(st == EDGEL_OK || strncmp(err.msg, path, strlen(path)) == 0);
    }
    unlink(path);
    edgel_alloc_fail_after(-1);
    make_pages(stack);
    st = EDGEL_ENOMEM;
    for (long n = 0; st != EDGEL_OK; n++) {
        edgel_alloc_fail_after(n);
        st = write_stack(path, &tiled, stack);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && access(path, F_OK) != 0));
    }
    edgel_alloc_fail_after(-1);
    finish_pages(stack);
    edgel_image_finish(&img);
    unlink(path);
    rmdir(folder);
}

static void a_full_disk_is_an_error(void **state)
{
    struct edgel_image img = { 0 };
    struct edgel_write write = { .format = EDGEL_FORMAT_TIFF };
    struct edgel_error err = { 0 };
    struct edgel_output *out;
    (void)state;
    assert_int_equal(edgel_image_init(&img, 64, 64, 1, EDGEL_U8, NULL), EDGEL_OK);
    memset(img.data, 7, (size_t)img.stride * 64);
    assert_int_equal(edgel_output_begin("/dev/full", &out, NULL), EDGEL_OK);
    assert_int_equal(edgel_image_encode(edgel_image_view(&img), &write, out, &err), EDGEL_EUNSUPPORTED);
    assert_non_null(strstr(err.msg, "regular file"));
    edgel_output_discard(&out);
    edgel_image_finish(&img);
}

static void a_build_without_it_says_so(void **state)
{
    struct edgel_image img = { 0 };
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_error err = { 0 };
    (void)state;
    if (edgel_format_built(EDGEL_FORMAT_TIFF))
        skip();
    assert_int_equal(edgel_image_decode("II*\0\0\0\0\0", 8, "t", &p, &img, NULL, &err), EDGEL_EUNSUPPORTED);
    assert_string_equal(err.msg, "t: TIFF: this build of edgel was made without libtiff");
}

int main(void)
{
    static const struct CMUnitTest with[] = {
        cmocka_unit_test(every_kind_and_layout_decodes),
        cmocka_unit_test(gray_leaves_alpha_out),
        cmocka_unit_test(palettes_are_looked_up_and_are_labels),
        cmocka_unit_test(the_orientation_tag_is_applied),
        cmocka_unit_test(the_first_of_several_pages_is_read_and_said),
        cmocka_unit_test(any_page_is_read),
        cmocka_unit_test(pages_in_a_circle_are_counted_once),
        cmocka_unit_test(pages_are_found_from_page_to_page),
        cmocka_unit_test(pages_are_added_up),
        cmocka_unit_test(a_broken_list_of_pages_is_an_error_of_its_last),
        cmocka_unit_test(a_cut_page_is_seen_or_said),
        cmocka_unit_test(any_page_comes_row_by_row),
        cmocka_unit_test(what_is_not_read_is_named),
        cmocka_unit_test(cut_files_are_told_in_plain_words),
        cmocka_unit_test(damaged_files_are_errors_without_a_word),
        cmocka_unit_test(truncated_pixels_are_errors_or_damage),
        cmocka_unit_test(samples_must_be_finite),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(pages_and_tiles_read_back),
        cmocka_unit_test(many_pages_are_big_tiff_from_the_start),
        cmocka_unit_test(a_page_needs_the_rows_of_the_one_before),
        cmocka_unit_test(tiles_that_nobody_could_read_are_refused),
        cmocka_unit_test(large_files_are_big_tiff),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(a_full_disk_is_an_error),
    };
    static const struct CMUnitTest without[] = { cmocka_unit_test(a_build_without_it_says_so) };
    if (edgel_format_built(EDGEL_FORMAT_TIFF))
        return cmocka_run_group_tests(with, NULL, NULL);
    return cmocka_run_group_tests(without, NULL, NULL);
}
