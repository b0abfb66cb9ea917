/* Reading: formats, decoding kinds, limits, damage. PNG files are put together here chunk by chunk, PNM files are text,
 * JPEG files are samples; what must come out is computed by formula. */
#include "core/core_priv.h"
#include "edgel/image.h"
#include "io/io_priv.h"
#include "sample_jpeg.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- files made in memory --- */

struct file {
    unsigned char b[1 << 16];
    size_t n;
};

static void put(struct file *f, const void *bytes, size_t n)
{
    assert_true(n <= sizeof f->b - f->n);
    memcpy(f->b + f->n, bytes, n);
    f->n += n;
}

static void put32(struct file *f, uint32_t v)
{
    unsigned char b[4] = { (unsigned char)(v >> 24), (unsigned char)(v >> 16), (unsigned char)(v >> 8),
                           (unsigned char)v };
    put(f, b, 4);
}

static uint32_t crc_of(const unsigned char *p, size_t n)
{
    uint32_t c = 0xFFFFFFFF;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0xEDB88320 : c >> 1;
    }
    return ~c;
}

static void put_chunk(struct file *f, const char *type, const void *data, size_t n)
{
    put32(f, (uint32_t)n);
    size_t start = f->n;
    put(f, type, 4);
    put(f, data, n);
    put32(f, crc_of(f->b + start, f->n - start));
}

/* A zlib stream of one stored block. */
static void put_stored(struct file *f, const unsigned char *p, size_t n)
{
    uint32_t a = 1, b = 0;
    const unsigned char head[7] = {
        0x78, 1, 1, (unsigned char)n, (unsigned char)(n >> 8), (unsigned char)~n, (unsigned char)(~n >> 8)
    };
    for (size_t i = 0; i < n; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    put(f, head, 7);
    put(f, p, n);
    put32(f, b << 16 | a);
}

enum { W = 11, H = 7 };

/* What a PNG of the tests holds: sample c of pixel (x, y), any value of its bits. */
static unsigned stored(int bits, int x, int y, int c)
{
    return (unsigned)(x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % (1u << bits);
}

struct kind {
    int color, bits, samples;
};

static const struct kind kinds[] = { { 0, 1, 1 }, { 0, 2, 1 },  { 0, 4, 1 },  { 0, 8, 1 }, { 0, 16, 1 },
                                     { 2, 8, 3 }, { 2, 16, 3 }, { 3, 1, 1 },  { 3, 2, 1 }, { 3, 4, 1 },
                                     { 3, 8, 1 }, { 4, 8, 2 },  { 4, 16, 2 }, { 6, 8, 4 }, { 6, 16, 4 } };
enum { KINDS = sizeof kinds / sizeof *kinds };

static unsigned palette_entry(int i, int c)
{
    return (unsigned)(i * 37 + c * 91) & 255;
}

static void put_header(struct file *f, struct kind k, bool keyed)
{
    unsigned char ihdr[13] = {
        0, 0, 0, W, 0, 0, 0, H, (unsigned char)k.bits, (unsigned char)k.color, 0, 0, 0
    };
    unsigned char plte[768], trns[6];
    put(f, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(f, "IHDR", ihdr, 13);
    for (int i = 0; i < 768; i++)
        plte[i] = (unsigned char)palette_entry(i / 3, i % 3);
    if (k.color == 3)
        put_chunk(f, "PLTE", plte, 3u << k.bits);
    for (int c = 0; c < 3; c++) { /* the stored colour of pixel (2, 1) */
        trns[2 * c] = (unsigned char)(stored(k.bits, 2, 1, c) >> 8);
        trns[2 * c + 1] = (unsigned char)stored(k.bits, 2, 1, c);
    }
    if (keyed && k.color == 3)
        put_chunk(f, "tRNS", "\x80", 1); /* entry 0 is half transparent */
    else if (keyed)
        put_chunk(f, "tRNS", trns, 2 * (size_t)k.samples);
}

static size_t png_rows(struct kind k, unsigned char *raw)
{
    size_t n = 0;
    for (int y = 0; y < H; y++) {
        unsigned acc = 0;
        int have = 0;
        raw[n++] = 0;
        for (int i = 0; i < W * k.samples; i++) {
            unsigned v = stored(k.bits, i / k.samples, y, i % k.samples);
            if (k.bits == 16)
                raw[n++] = (unsigned char)(v >> 8);
            acc = acc << k.bits | v;
            have += k.bits;
            if (have >= 8) {
                raw[n++] = (unsigned char)acc;
                have = 0;
            }
        }
        if (have)
            raw[n++] = (unsigned char)(acc << (8 - have));
    }
    return n;
}

/* A whole file; the extra chunk, if any, stands before IDAT. */
static void make_png(struct file *f, struct kind k, bool keyed, const char *extra, const void *data, size_t n)
{
    unsigned char raw[2048];
    struct file z = { .n = 0 };
    f->n = 0;
    put_header(f, k, keyed);
    if (extra)
        put_chunk(f, extra, data, n);
    put_stored(&z, raw, png_rows(k, raw));
    put_chunk(f, "IDAT", z.b, z.n);
    put_chunk(f, "IEND", "", 0);
}

static enum edgel_status decode(const struct file *f, enum edgel_decode how, struct edgel_image *img)
{
    struct edgel_read p;
    edgel_read_init(&p);
    p.decode = how;
    return edgel_image_decode(f->b, f->n, "t", &p, img, NULL, NULL);
}

static unsigned sample(const struct edgel_image *img, int x, int y, int c)
{
    const char *row = (const char *)img->data + y * img->stride;
    if (img->type == EDGEL_U16)
        return ((const uint16_t *)(const void *)row)[x * img->channels + c];
    return ((const uint8_t *)row)[x * img->channels + c];
}

/* --- formats --- */

static void formats_are_told_by_bytes(void **state)
{
    (void)state;
    assert_int_equal(edgel_format_of_bytes("\x89PNG\r\n\x1a\n", 8), EDGEL_FORMAT_PNG);
    assert_int_equal(edgel_format_of_bytes("\x89PNG\r\n\x1a", 7), EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_format_of_bytes("\xff\xd8\xff\xe0", 4), EDGEL_FORMAT_JPEG);
    assert_int_equal(edgel_format_of_bytes("II*\0", 4), EDGEL_FORMAT_TIFF);
    assert_int_equal(edgel_format_of_bytes("MM\0*", 4), EDGEL_FORMAT_TIFF);
    assert_int_equal(edgel_format_of_bytes("II+\0", 4), EDGEL_FORMAT_TIFF);
    assert_int_equal(edgel_format_of_bytes("MM\0+", 4), EDGEL_FORMAT_TIFF);
    assert_int_equal(edgel_format_of_bytes("MM*\0", 4), EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_format_of_bytes("P1\n", 3), EDGEL_FORMAT_PNM);
    assert_int_equal(edgel_format_of_bytes("P6#c", 4), EDGEL_FORMAT_PNM);
    assert_int_equal(edgel_format_of_bytes("P7\n", 3), EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_format_of_bytes("P5x", 3), EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_format_of_bytes("P5", 3), EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_format_of_bytes("Pf\n", 3), EDGEL_FORMAT_PFM);
    assert_int_equal(edgel_format_of_bytes("PF\n", 3), EDGEL_FORMAT_PFM);
    assert_int_equal(edgel_format_of_bytes("", 0), EDGEL_FORMAT_NONE);
}

static void formats_are_told_by_name(void **state)
{
    (void)state;
    assert_int_equal(edgel_format_of_name("a/b.PNG"), EDGEL_FORMAT_PNG);
    assert_int_equal(edgel_format_of_name("a.b/x.JpEg"), EDGEL_FORMAT_JPEG);
    assert_int_equal(edgel_format_of_name("x.pgm"), EDGEL_FORMAT_PNM);
    assert_int_equal(edgel_format_of_name("x.pfm"), EDGEL_FORMAT_PFM);
    assert_int_equal(edgel_format_of_name("x.tif"), EDGEL_FORMAT_TIFF);
    assert_int_equal(edgel_format_of_name("x.TIFF"), EDGEL_FORMAT_TIFF);
    assert_int_equal(edgel_format_of_name("x.png/y"), EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_format_of_name(".png"), EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_format_of_name("png"), EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_format_of_name("x.pngx"), EDGEL_FORMAT_NONE);
    assert_int_equal(edgel_format_of_name("x.gif"), EDGEL_FORMAT_NONE);
    assert_true(edgel_named_like_image("x.TIF"));
    assert_true(edgel_named_like_image("x.jpe"));
    assert_false(edgel_named_like_image("x.txt"));
}

/* --- PNG --- */

/* Samples R G B A of a pixel on the scale of the image, by the words of the specification. */
static void meant(struct kind k, bool keyed, int x, int y, unsigned rgba[4])
{
    unsigned full = k.bits == 16 ? 65535 : 255, top = (1u << k.bits) - 1;
    bool key = true;
    for (int c = 0; c < 3; c++) {
        unsigned v = stored(k.bits, x, y, k.samples >= 3 ? c : 0);
        key = key && v == stored(k.bits, 2, 1, k.samples >= 3 ? c : 0);
        rgba[c] = k.color == 3 ? palette_entry((int)v, c) : v * (full / top);
    }
    rgba[3] = full;
    if (k.color == 3)
        rgba[3] = keyed && stored(k.bits, x, y, 0) == 0 ? 128 : 255;
    else if (k.color >= 4)
        rgba[3] = stored(k.bits, x, y, k.samples - 1);
    else if (keyed && key)
        rgba[3] = 0;
}

static void check_png(struct kind k, bool keyed, const struct file *f, enum edgel_decode how)
{
    struct edgel_image img = { 0 };
    bool color = k.color == 2 || k.color == 3 || k.color == 6, alpha = keyed || k.color >= 4;
    bool raw = how == EDGEL_DECODE_LABELS && k.color == 3, gray = how == EDGEL_DECODE_GRAY;
    int colors = gray || raw || !color ? 1 : 3;
    assert_int_equal(decode(f, how, &img), EDGEL_OK);
    assert_int_equal(img.channels, colors + (how == EDGEL_DECODE_FULL && alpha));
    assert_int_equal(img.type, k.bits == 16 ? EDGEL_U16 : EDGEL_U8);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            unsigned v[4];
            meant(k, keyed, x, y, v);
            if (gray && color)
                v[0] = (9797 * v[0] + 19234 * v[1] + 3737 * v[2] + (k.bits == 16 ? 16384 : 0)) >> 15;
            if (how == EDGEL_DECODE_LABELS && k.samples == 1)
                v[0] = stored(k.bits, x, y, 0);
            for (int c = 0; c < img.channels; c++)
                assert_int_equal(sample(&img, x, y, c), v[c == colors ? 3 : c]);
        }
    edgel_image_finish(&img);
}

static void every_png_kind_decodes(void **state)
{
    (void)state;
    static struct file f;
    for (int k = 0; k < KINDS; k++)
        for (int keyed = 0; keyed <= (kinds[k].color < 4); keyed++) {
            make_png(&f, kinds[k], keyed, NULL, NULL, 0);
            for (int how = EDGEL_DECODE_GRAY; how <= EDGEL_DECODE_LABELS; how++)
                check_png(kinds[k], keyed, &f, (enum edgel_decode)how);
        }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* A profile of an RGB display with no tags but an empty text, as a chunk; its gamma and colours are not those of
 * sRGB. */
static size_t make_profile(unsigned char *chunk, size_t room)
{
    unsigned char p[200] = { 0 };
    struct file z = { .n = 0 };
    memcpy(p + 3, "\xc8", 1); /* its size */
    memcpy(p + 8, "\2\20\0\0mntrRGB XYZ ", 16);
    memcpy(p + 36, "acsp", 4);
    memcpy(p + 68, "\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d", 12); /* D50 */
    memcpy(p + 128, "\0\0\0\1desc\0\0\0\x90\0\0\0\x38", 16);
    put_stored(&z, p, sizeof p);
    assert_true(z.n + 3 <= room);
    memcpy(chunk, "p\0", 3); /* a name, then the method */
    memcpy(chunk + 3, z.b, z.n);
    return z.n + 3;
}

/* What files say of the light that their samples stand for. */
static void chunks_of_colour_change_no_pixel(void **state)
{
    (void)state;
    static struct file f;
    unsigned char profile[300];
    const struct {
        const char *type;
        const void *data;
        size_t n;
    } chunks[] = { { "gAMA", "\0\0\xb1\x8f", 4 }, /* 1 / 2.2 */
                   { "sRGB", "", 1 },
                   { "cHRM", "\0\0z&\0\0\x80\x84\0\0\xfa\0\0\0\x80\xe8\0\0u0\0\0\xea`\0\0:\x98\0\0\27p", 32 },
                   { "iCCP", profile, make_profile(profile, sizeof profile) } };
    for (int k = 0; k < KINDS; k++)
        for (size_t i = 0; i < sizeof chunks / sizeof *chunks && kinds[k].color != 3; i++) {
            make_png(&f, kinds[k], false, chunks[i].type, chunks[i].data, chunks[i].n);
            for (int how = EDGEL_DECODE_GRAY; how <= EDGEL_DECODE_LABELS; how++)
                check_png(kinds[k], false, &f, (enum edgel_decode)how);
        }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void info_tells_what_is_stored(void **state)
{
    (void)state;
    static struct file f;
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_image img = { 0 };
    struct edgel_info info;
    make_png(&f, (struct kind){ 3, 4, 1 }, true, "iCCP", "x", 1);
    assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
    assert_int_equal(info.format, EDGEL_FORMAT_PNG);
    assert_int_equal(info.w, W);
    assert_int_equal(info.h, H);
    assert_int_equal(info.channels, 1);
    assert_int_equal(info.bits, 4);
    assert_true(info.indexed);
    assert_int_equal(info.orientation, 1);
    assert_non_null(strstr(info.remark, "iCCP"));
    assert_string_equal(info.damage, "");
    edgel_image_finish(&img);
}

/* Whatever bit of a PNG file is flipped, its pixels are not taken for good: CRC, Adler sum and structure see it. */
static void no_flipped_bit_of_a_png_passes(void **state)
{
    (void)state;
    static struct file f;
    struct edgel_read lenient;
    edgel_read_init(&lenient);
    struct edgel_image img = { 0 };
    lenient.lenient = true;
    make_png(&f, (struct kind){ 2, 8, 3 }, true, "tEXt", "a\0b", 3);
    for (size_t bit = 0; bit < 8 * f.n; bit++) {
        f.b[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_int_not_equal(decode(&f, EDGEL_DECODE_GRAY, &img), EDGEL_OK);
        assert_null(img.data);
        (void)!edgel_image_decode(f.b, f.n, "t", &lenient, &img, NULL, NULL);
        f.b[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    edgel_image_finish(&img);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- truncation, lenient --- */

static void check_truncations(const unsigned char *b, size_t n, size_t valid)
{
    struct edgel_image img = { 0 };
    for (int lenient = 0; lenient < 2; lenient++)
        for (size_t cut = 0; cut <= n; cut++) {
            struct edgel_read p;
            edgel_read_init(&p);
            struct edgel_info info;
            struct edgel_error e = { 0 };
            unsigned char *copy = malloc(cut ? cut : 1); /* so that a sanitizer sees a read past the end */
            memcpy(copy, b, cut);
            p.lenient = lenient;
            enum edgel_status st = edgel_image_decode(copy, cut, "name.x", &p, &img, &info, &e);
            free(copy);
            if (cut >= valid)
                assert_int_equal(st, EDGEL_OK);
            else if (!lenient)
                assert_int_equal(st, EDGEL_EFORMAT);
            if (st == EDGEL_OK && cut < valid)
                assert_int_not_equal(info.damage[0], '\0');
            assert_true((st == EDGEL_OK) == (img.data != NULL));
            assert_true(st == EDGEL_OK || strncmp(e.msg, "name.x: ", 8) == 0);
        }
    edgel_image_finish(&img);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void every_truncation_is_an_error(void **state)
{
    (void)state;
    static struct file f;
    make_png(&f, (struct kind){ 6, 8, 4 }, false, NULL, NULL, 0);
    check_truncations(f.b, f.n, f.n);
    make_png(&f, (struct kind){ 3, 2, 1 }, true, "eXIf", "MM\0*\0\0\0\x8", 8);
    check_truncations(f.b, f.n, f.n);
    check_truncations(jpeg_gray, sizeof jpeg_gray, sizeof jpeg_gray);
    check_truncations(jpeg_color, sizeof jpeg_color, sizeof jpeg_color);
    check_truncations(jpeg_progressive, sizeof jpeg_progressive, sizeof jpeg_progressive);
    check_truncations(jpeg_cmyk, sizeof jpeg_cmyk, sizeof jpeg_cmyk);
}

static void truncated_pnm_is_an_error(void **state)
{
    (void)state;
    static const char p5[] = "P5 3 2 255\nabcdef", p3[] = "P3 # c\n1 2 99 1 2 3 4 5 6 ",
                      p4[] = "P4 9 2\nabcd";
    check_truncations((const unsigned char *)p5, sizeof p5 - 1, sizeof p5 - 1);
    check_truncations((const unsigned char *)p3, sizeof p3 - 1,
                      sizeof p3 - 2); /* without the last space: whole */
    check_truncations((const unsigned char *)p4, sizeof p4 - 1, sizeof p4 - 1);
    check_truncations((const unsigned char *)"Pf 2 1 -1\nabcdABCD", 18, 18);
}

static void lenient_keeps_the_rows_that_decode(void **state)
{
    (void)state;
    static struct file f;
    struct kind k = { 2, 8, 3 };
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_image img = { 0 };
    struct edgel_info info;
    p.lenient = true;
    p.decode = EDGEL_DECODE_COLOR;
    make_png(&f, k, false, NULL, NULL, 0);
    size_t cut = f.n - 12 - 4 - 4 - 2 * (1 + 3 * W); /* IEND, CRC, Adler, two rows */
    assert_int_equal(edgel_image_decode(f.b, cut, "t", &p, &img, &info, NULL), EDGEL_OK);
    assert_non_null(strstr(info.damage, "truncated"));
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            for (int c = 0; c < 3; c++) {
                unsigned v = sample(&img, x, y, c);
                assert_int_equal(v, y < H - 2 ? stored(8, x, y, c) : 0);
            }
    f.b[f.n - 20] ^= 1; /* the Adler sum */
    assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
    assert_string_not_equal(info.damage, "");
    assert_int_equal(sample(&img, W - 1, H - 1, 2), stored(8, W - 1, H - 1, 2));
    edgel_image_finish(&img);
}

/* --- JPEG --- */

struct sample_jpeg {
    const unsigned char *b;
    size_t n;
    int channels;
};

static const struct sample_jpeg samples[] = { { jpeg_gray, sizeof jpeg_gray, 1 },
                                              { jpeg_color, sizeof jpeg_color, 3 },
                                              { jpeg_progressive, sizeof jpeg_progressive, 3 },
                                              { jpeg_cmyk, sizeof jpeg_cmyk, 3 } };

static void near(unsigned value, double wanted)
{
    if (fabs(value - wanted) > 3)
        assert_int_equal(value, (int)wanted);
}

static void jpeg_samples_decode(void **state)
{
    (void)state;
    static const double rgb[3][3] = { { 200, 40, 40 }, { 40, 200, 40 }, { 40, 40, 200 } };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (int how = EDGEL_DECODE_GRAY; how <= EDGEL_DECODE_LABELS; how++) {
            struct edgel_read p;
            edgel_read_init(&p);
            struct edgel_image img = { 0 };
            p.decode = (enum edgel_decode)how;
            assert_int_equal(edgel_image_decode(samples[i].b, samples[i].n, "t", &p, &img, NULL, NULL),
                             EDGEL_OK);
            assert_int_equal(img.w, 24);
            assert_int_equal(img.h, 16);
            assert_int_equal(img.channels, how == EDGEL_DECODE_GRAY ? 1 : samples[i].channels);
            for (int x = 0; x < 24; x++)
                for (int c = 0; c < img.channels; c++) {
                    const double *q = rgb[x / 8];
                    double y = 0.299 * q[0] + 0.587 * q[1] + 0.114 * q[2];
                    double gray = x < 8 ? 50 : x < 16 ? 200 : 120;
                    near(sample(&img, x, 12, c), samples[i].channels == 1 ? gray
                                                 : img.channels == 1      ? y
                                                                          : q[c]);
                }
            edgel_image_finish(&img);
        }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void flipped_jpeg_bits_never_crash(void **state)
{
    (void)state;
    struct edgel_image img = { 0 };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (size_t bit = 0; bit < 8 * samples[i].n; bit++) {
            unsigned char copy[1024];
            struct edgel_read p;
            edgel_read_init(&p);
            p.lenient = bit % 2;
            p.limits.max_pixels = 1 << 20;
            memcpy(copy, samples[i].b, samples[i].n);
            copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
            (void)!edgel_image_decode(copy, samples[i].n, "t", &p, &img, NULL, NULL);
        }
    edgel_image_finish(&img);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void stray_bytes_in_a_jpeg_are_an_error(void **state)
{
    (void)state;
    unsigned char b[1024];
    size_t n = sizeof jpeg_color;
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_image img = { 0 };
    struct edgel_info info;
    memcpy(b, jpeg_color, n - 2);
    memset(b + n - 2, 0x12, 20); /* a few bytes would stay unseen in libjpeg's bit buffer */
    memcpy(b + n + 18, "\xff\xd9", 2);
    n += 20;
    assert_int_equal(edgel_image_decode(b, n, "t", &p, &img, &info, NULL), EDGEL_EFORMAT);
    p.lenient = true;
    assert_int_equal(edgel_image_decode(b, n, "t", &p, &img, &info, NULL), EDGEL_OK);
    assert_non_null(strstr(info.damage, "extraneous"));
    edgel_image_finish(&img);
}

/* --- limits --- */

static void refused(const void *b, size_t n, struct edgel_limits limits, enum edgel_status wanted,
                    const char *text)
{
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_image img = { 0 };
    struct edgel_error e = { 0 };
    p.limits = limits;
    assert_int_equal(edgel_image_decode(b, n, "t", &p, &img, NULL, &e), wanted);
    if (wanted != EDGEL_OK)
        assert_non_null(strstr(e.msg, text));
    edgel_image_finish(&img);
}

/* A name is no format: many a .jpg is another one, and the message says which. */
static void images_that_are_not_read_are_named(void **state)
{
    static const struct {
        const char *bytes, *name;
    } cases[] = {
        { "BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00", "BMP" },
        { "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00", "GIF" },
        { "RIFF\x24\x00\x00\x00WEBPVP8 ", "WebP" },
        { "P7\nWIDTH 3\nHEIG", "PAM" },
        { "\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a\x00\x00\x00\x14", "JPEG 2000" },
        { "\xff\x4f\xff\x51\x00\x2f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "JPEG 2000" },
        { "\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a\x00\x00\x00\x14", "JPEG XL" },
        { "\xff\x0a\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "JPEG XL" },
        { "\x00\x00\x00\x1c"
          "ftypavif\x00\x00\x00\x00",
          "AVIF" },
        { "\x00\x00\x00\x18"
          "ftypheic\x00\x00\x00\x00",
          "HEIF" },
        { "8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00", "Photoshop" },
        { "v/1\x01\x02\x00\x00\x00channels", "OpenEXR" },
    };
    static const char *const others[] = { "BM is how this te", "RIFF----WAVEfmt ", "a text of a line" };
    struct edgel_limits l;
    edgel_limits_init(&l);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char want[80];
        snprintf(want, sizeof want, "t: %s image; read are PNG, JPEG, TIFF, PNM and PFM", cases[i].name);
        refused(cases[i].bytes, 16, l, EDGEL_EFORMAT, want);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        refused(others[i], 16, l, EDGEL_EFORMAT, "t: not a PNG, JPEG, TIFF, PNM or PFM image");
    refused("GI", 2, l, EDGEL_EFORMAT, "t: not a PNG, JPEG, TIFF, PNM or PFM image");
}

static void limits_hold(void **state)
{
    (void)state;
    static struct file f;
    static char text[100];
    struct edgel_limits l, some;
    edgel_limits_init(&l);
    some = l;
    make_png(&f, (struct kind){ 0, 8, 1 }, false, "teST", text, sizeof text);
    some.max_pixels = W * H - 1;
    refused(f.b, f.n, some, EDGEL_ELIMIT, "(max_pixels)");
    some.max_pixels++;
    refused(f.b, f.n, some, EDGEL_OK, "");
    some = l;
    some.max_side = W - 1;
    refused(f.b, f.n, some, EDGEL_ELIMIT, "(max_side)");
    some = l;
    some.max_chunk_bytes = 99;
    refused(f.b, f.n, some, EDGEL_ELIMIT, "(max_chunk_bytes)");
    some = l;
    some.max_scans = 2;
    refused(jpeg_progressive, sizeof jpeg_progressive, some, EDGEL_ELIMIT, "(max_scans)");
    refused(jpeg_color, sizeof jpeg_color, some, EDGEL_OK, "");
    some.max_pixels = 24 * 16 - 1;
    refused(jpeg_color, sizeof jpeg_color, some, EDGEL_ELIMIT, "(max_pixels)");
    refused("P5 100000 100000 255\n", 21, l, EDGEL_ELIMIT, "(max_pixels)");
    refused("P5 1000001 1 255\n", 17, l, EDGEL_ELIMIT, "(max_side)");
    refused("P5 1 2147483648 255\n", 20, l, EDGEL_EFORMAT,
            "width and height must be numbers from 1 to 2147483647");
    refused("PF 100000 100000 -1\n", 20, l, EDGEL_ELIMIT, "(max_pixels)");
}

/* A file over the limit still tells what its header says. */
static void headers_are_told(void **state)
{
    (void)state;
    static struct file f;
    static const struct {
        struct kind kind;
        int channels, bits;
        bool indexed;
    } t[] = { { { 0, 1, 1 }, 1, 1, false },  { { 0, 16, 1 }, 1, 16, false }, { { 3, 1, 1 }, 1, 1, true },
              { { 3, 8, 1 }, 1, 8, true },   { { 2, 8, 3 }, 3, 8, false },   { { 4, 8, 2 }, 2, 8, false },
              { { 6, 16, 4 }, 4, 16, false } };
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_image img = { 0 };
    struct edgel_info info;
    p.limits.max_pixels = 0;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        make_png(&f, t[i].kind, false, NULL, NULL, 0);
        assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_ELIMIT);
        assert_int_equal(info.w, W);
        assert_int_equal(info.h, H);
        assert_int_equal(info.channels, t[i].channels);
        assert_int_equal(info.bits, t[i].bits);
        assert_int_equal(info.indexed, t[i].indexed);
    }
    assert_int_equal(edgel_image_decode("P4 9 9 ", 7, "t", &p, &img, &info, NULL), EDGEL_ELIMIT);
    assert_int_equal(info.bits, 1);
    assert_int_equal(edgel_image_decode(jpeg_color, sizeof jpeg_color, "t", &p, &img, &info, NULL),
                     EDGEL_ELIMIT);
    assert_int_equal(info.bits, 8);
    assert_int_equal(info.channels, 3);
}

/* A claim of many pixels within the limit is refused before anything is allocated for it. */
static void empty_claims_are_refused(void **state)
{
    (void)state;
    static struct file f;
    struct edgel_limits l;
    edgel_limits_init(&l);
    unsigned char b[1024];
    make_png(&f, (struct kind){ 2, 8, 3 }, false, NULL, NULL, 0);
    f.b[18] = f.b[22] = 0x40; /* 16384 and a little more */
    f.b[19] = f.b[23] = 0;
    f.b[29] = f.b[30] = 0;
    refused(f.b, f.n, l, EDGEL_EFORMAT, "cannot hold");
    memcpy(b, jpeg_progressive, sizeof jpeg_progressive);
    for (size_t i = 0; i < sizeof jpeg_progressive - 8; i++)
        if (b[i] == 0xFF && b[i + 1] == 0xC2)
            b[i + 5] = b[i + 7] = 0x3F;
    refused(b, sizeof jpeg_progressive, l, EDGEL_EFORMAT, "cannot hold");
    refused("P3 10000 10000 255\n1", 20, l, EDGEL_EFORMAT, "truncated");
}

/* --- PNM, PFM --- */

static void read_text(const char *text, size_t n, enum edgel_decode how, struct edgel_image *img)
{
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_error e = { 0 };
    p.decode = how;
    if (edgel_image_decode(text, n, "t", &p, img, NULL, &e) != EDGEL_OK)
        fail_msg("%s", e.msg);
}

static void pnm_kinds_decode(void **state)
{
    (void)state;
    static const char *const bits[] = { "P1 3 2 101\n0 1#c\n0", "P1#\n3#\n2\n1 0 1 0 1 0", "P4 3 2\n\xa0\x40",
                                        "P4\r\n3\t2 \xbf\x5f" };
    struct edgel_image img = { 0 };
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        for (int how = EDGEL_DECODE_GRAY; how <= EDGEL_DECODE_LABELS; how++) {
            read_text(bits[i], strlen(bits[i]), (enum edgel_decode)how, &img);
            for (int k = 0; k < 6; k++) /* 1 is black: 101 010 */
                assert_int_equal(sample(&img, k % 3, k / 3, 0), k % 2 == 0                   ? 0
                                                                : how == EDGEL_DECODE_LABELS ? 1
                                                                                             : 255);
        }
    read_text("P3 1 2 255 10 20 30 40 50 60", 28, EDGEL_DECODE_COLOR, &img);
    for (int k = 0; k < 6; k++)
        assert_int_equal(sample(&img, 0, k / 3, k % 3), 10 * (k + 1));
    read_text("P6 1 2 255\nabcdef", 17, EDGEL_DECODE_FULL, &img);
    for (int k = 0; k < 6; k++)
        assert_int_equal(sample(&img, 0, k / 3, k % 3), 'a' + k);
    read_text("P6 1 1 65535\nabcdef", 19, EDGEL_DECODE_GRAY, &img);
    assert_int_equal(img.type, EDGEL_U16);
    assert_int_equal(sample(&img, 0, 0, 0),
                     (9797u * 0x6162 + 19234u * 0x6364 + 3737u * 0x6566 + 16384u) >> 15);
    edgel_image_finish(&img);
}

static void gray_follows_its_formula(void **state)
{
    (void)state;
    enum { STEPS = 16 }; /* 0, 17, ..., 255 of each colour */
    static char text[32 + 3 * STEPS * STEPS * STEPS];
    struct edgel_image img = { 0 };
    size_t n = (size_t)snprintf(text, sizeof text, "P6 %d %d 255\n", STEPS, STEPS * STEPS);
    for (int i = 0; i < STEPS * STEPS * STEPS; i++) {
        text[n++] = (char)(17 * (i % STEPS));
        text[n++] = (char)(17 * (i / STEPS % STEPS));
        text[n++] = (char)(17 * (i / STEPS / STEPS));
    }
    read_text(text, n, EDGEL_DECODE_GRAY, &img);
    for (int i = 0; i < STEPS * STEPS * STEPS; i++) {
        int r = 17 * (i % STEPS), g = 17 * (i / STEPS % STEPS), b = 17 * (i / STEPS / STEPS);
        assert_int_equal(sample(&img, i % STEPS, i / STEPS, 0), (9797 * r + 19234 * g + 3737 * b) / 32768);
    }
    edgel_image_finish(&img);
}

static void maxval_is_scaled_to_the_full_range(void **state)
{
    (void)state;
    static const int maxvals[] = { 1, 2, 3, 7, 15, 100, 254, 255, 256, 1000, 4095, 65534, 65535 };
    struct edgel_image img = { 0 };
    for (size_t m = 0; m < sizeof maxvals / sizeof *maxvals; m++)
        for (int step = 0; step <= 20; step++)
            for (int plain = 0; plain < 2; plain++) {
                char text[64];
                int maxval = maxvals[m], v = (int)((int64_t)maxval * step / 20),
                    full = maxval > 255 ? 65535 : 255;
                int n = snprintf(text, sizeof text, "P%c 1 1 %d\n", plain ? '2' : '5', maxval);
                if (plain)
                    n += snprintf(text + n, sizeof text - (size_t)n, "%d", v);
                else {
                    if (maxval > 255)
                        text[n++] = (char)(v >> 8);
                    text[n++] = (char)v;
                }
                read_text(text, (size_t)n, EDGEL_DECODE_GRAY, &img);
                assert_int_equal(img.type, maxval > 255 ? EDGEL_U16 : EDGEL_U8);
                assert_int_equal(sample(&img, 0, 0, 0), (int)floor((double)v * full / maxval + 0.5));
                read_text(text, (size_t)n, EDGEL_DECODE_LABELS, &img);
                assert_int_equal(sample(&img, 0, 0, 0), v);
            }
    edgel_image_finish(&img);
}

static void malformed_pnm_is_an_error(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "P5 0 1 255\na",
        "P5 1 0 255\na",
        "P5 1 1 0\na",
        "P5 1 1 65536\naa",
        "P5 -1 1 255\na",
        "P5 1",
        "P5 1 1",
        "P5 1 1 255",
        "P5 1 1 255a",
        "P5 x 1 255\na",
        "P5 1 1 99\nz",
        "P2 1 1 99 100",
        "P2 1 1 99 -1",
        "P2 1 1 99 1.5x x",
        "P2 2 1 99 1.5",
        "P1 1 1 2",
        "P1 2 1 1",
        "P5 2147483648 1 1",
        "P5 99999999999999 1 1\na",
        "P6 1 1 255\nab",
        "P5 1 1 1000\n\xff\xff",
        "P5 # no end of the comment",
        "Pf 1 1 0\nabcd",
        "Pf 1 1 nan\nabcd",
        "Pf 1 1 x\nabcd",
        "Pf 1 1 -1\nabc",
        "Pf 1 1\nabcd",
    };
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_image img = { 0 };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (edgel_image_decode(bad[i], strlen(bad[i]), "t", &p, &img, NULL, NULL) == EDGEL_OK)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void pfm_reads_both_byte_orders(void **state)
{
    (void)state;
    /* rows bottom-up: 1.5 below -2 */
    static const char little[] = "Pf\n1 2\n-3.5\n\0\0\xc0\x3f\0\0\0\xc0",
                      big[] = "Pf 1 2 1\n\x3f\xc0\0\0\xc0\0\0";
    static const char nan[] = "Pf 1 1 -1\n\0\0\xc0\x7f", inf[] = "Pf 1 1 -1\n\0\0\x80\xff";
    static const char color[] = "PF 1 1 -1\n\0\0\x80\x3f\0\0\x80\x3f\0\0\x80\x3f";
    struct edgel_read p;
    edgel_read_init(&p);
    struct edgel_image img = { 0 };
    for (int k = 0; k < 2; k++) {
        read_text(k ? big : little, k ? sizeof big : sizeof little - 1, EDGEL_DECODE_GRAY, &img);
        assert_int_equal(img.type, EDGEL_F32);
        assert_true(((float *)img.data)[0] == -2);
        assert_true(*(float *)((char *)img.data + img.stride) == 1.5f);
    }
    read_text(color, sizeof color - 1, EDGEL_DECODE_GRAY, &img);
    assert_int_equal(img.channels, 1);
    assert_true(((float *)img.data)[0] == 1);
    assert_int_equal(edgel_image_decode(nan, sizeof nan - 1, "t", &p, &img, NULL, NULL), EDGEL_EFORMAT);
    assert_int_equal(edgel_image_decode(inf, sizeof inf - 1, "t", &p, &img, NULL, NULL), EDGEL_EFORMAT);
    edgel_image_finish(&img);
}

/* --- orientation --- */

static void stored_place(int o, int w, int h, int x, int y, int *sx, int *sy)
{
    const int at[8][2] = { { x, y }, { w - 1 - x, y }, { w - 1 - x, h - 1 - y }, { x, h - 1 - y },
                           { y, x }, { y, h - 1 - x }, { w - 1 - y, h - 1 - x }, { w - 1 - y, x } };
    *sx = at[o - 1][0];
    *sy = at[o - 1][1];
}

static void orientation_is_applied(void **state)
{
    (void)state;
    static struct file f;
    static const struct kind some[] = { { 0, 8, 1 }, { 2, 8, 3 },  { 2, 16, 3 },
                                        { 6, 8, 4 }, { 6, 16, 4 }, { 4, 8, 2 } };
    for (size_t k = 0; k < sizeof some / sizeof *some; k++)
        for (int o = 1; o <= 8; o++)
            for (int on = 0; on < 2; on++) {
                unsigned char exif[26] = "MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0\0\0\0\0\0\0\0";
                struct edgel_read p;
                edgel_read_init(&p);
                struct edgel_image img = { 0 };
                struct edgel_info info;
                exif[19] = (unsigned char)o;
                p.decode = EDGEL_DECODE_FULL;
                p.orient = on;
                make_png(&f, some[k], false, "eXIf", exif, sizeof exif);
                assert_int_equal(edgel_image_decode(f.b, f.n, "t", &p, &img, &info, NULL), EDGEL_OK);
                assert_int_equal(info.orientation, o);
                assert_int_equal(info.w, W);
                assert_int_equal(img.w, on && o >= 5 ? H : W);
                assert_int_equal(img.h, on && o >= 5 ? W : H);
                for (int y = 0; y < img.h; y++)
                    for (int x = 0; x < img.w; x++)
                        for (int c = 0; c < img.channels; c++) {
                            int sx, sy;
                            stored_place(on ? o : 1, W, H, x, y, &sx, &sy);
                            assert_int_equal(sample(&img, x, y, c), stored(some[k].bits, sx, sy, c));
                        }
                edgel_image_finish(&img);
            }
}

static int turn_of_jpeg(const unsigned char *bytes, size_t n)
{
    const struct edgel_source src = { .bytes = bytes, .size = n };
    return edgel_exif_orientation_of_jpeg(&src);
}

static void malformed_exif_counts_as_absent(void **state)
{
    (void)state;
    static const unsigned char good[] = "II*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0";
    size_t n = sizeof good - 1;
    assert_int_equal(edgel_exif_orientation(good, n), 6);
    for (size_t cut = 0; cut < n; cut++) {
        unsigned char *copy = malloc(cut ? cut : 1);
        memcpy(copy, good, cut);
        assert_int_equal(edgel_exif_orientation(copy, cut), 1);
        free(copy);
    }
    for (size_t i = 0; i < 8 * n; i++) {
        unsigned char copy[sizeof good];
        memcpy(copy, good, n);
        copy[i / 8] ^= (unsigned char)(1 << i % 8);
        int o = edgel_exif_orientation(copy, n);
        assert_in_range(o, 1, 8);
    }
    unsigned char jpeg[sizeof jpeg_gray + 64];
    size_t at = 2;
    memcpy(jpeg, jpeg_gray, 2);
    memcpy(jpeg + at,
           "\xff\xff\xe1\0\x1e"
           "Exif\0\0",
           11);
    memcpy(jpeg + at + 11, good, n);
    at += 11 + n;
    memcpy(jpeg + at, jpeg_gray + 2, sizeof jpeg_gray - 2);
    assert_int_equal(turn_of_jpeg(jpeg, at + sizeof jpeg_gray - 2), 6);
    assert_int_equal(turn_of_jpeg(jpeg_gray, sizeof jpeg_gray), 1);
    assert_int_equal(turn_of_jpeg(jpeg, at - 1), 1);
}

/* --- files --- */

static void only_regular_files_are_read(void **state)
{
    (void)state;
    char name[] = "/tmp/edgel-test-XXXXXX";
    int fd = mkstemp(name);
    struct edgel_bytes b = { 0 };
    struct edgel_error e = { 0 };
    assert_true(fd >= 0 && write(fd, "hello", 5) == 5);
    assert_int_equal(edgel_bytes_read(name, &b, NULL), EDGEL_OK);
    assert_int_equal(b.size, 5);
    assert_memory_equal(b.data, "hello", 5);
    const unsigned char *memory = b.data;
    assert_int_equal(edgel_bytes_read(name, &b, NULL), EDGEL_OK);
    assert_ptr_equal(b.data, memory); /* used again */
    assert_int_equal(edgel_bytes_read("/tmp", &b, &e), EDGEL_EIO);
    assert_string_equal(e.msg, "/tmp: is a folder, not a file");
    assert_int_equal(edgel_bytes_read("/dev/zero", &b, NULL), EDGEL_EIO);
    unlink(name);
    assert_int_equal(mkfifo(name, 0600), 0);
    assert_int_equal(edgel_bytes_read(name, &b, NULL), EDGEL_EIO); /* and does not wait for a writer */
    unlink(name);
    edgel_error_clear(&e);
    assert_int_equal(edgel_bytes_read(name, &b, &e), EDGEL_EIO);
    assert_non_null(strstr(e.msg, "No such file"));
    edgel_bytes_finish(&b);
    close(fd);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- memory --- */

static void decode_until_it_succeeds(const unsigned char *b, size_t n, enum edgel_decode how)
{
    struct edgel_read p;
    edgel_read_init(&p);
    p.decode = how;
    for (long fails = 0;; fails++) {
        struct edgel_image img = { 0 };
        struct edgel_error e = { 0 };
        edgel_alloc_fail_after(fails);
        enum edgel_status st = edgel_image_decode(b, n, "t", &p, &img, NULL, &e);
        edgel_alloc_fail_after(-1);
        if (st != EDGEL_OK) {
            assert_int_equal(st, EDGEL_ENOMEM);
            assert_int_equal(e.code, EDGEL_ENOMEM);
            assert_null(img.data);
        }
        edgel_image_finish(&img);
        assert_int_equal(edgel_alloc_live(), 0);
        if (st == EDGEL_OK)
            return;
        assert_true(fails < 1000);
    }
}

static void failed_allocations_are_told(void **state)
{
    (void)state;
    static struct file f;
    make_png(&f, (struct kind){ 6, 16, 4 }, false, "eXIf",
             "MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 26);
    decode_until_it_succeeds(f.b, f.n, EDGEL_DECODE_GRAY);
    make_png(&f, (struct kind){ 3, 8, 1 }, true, "iCCP", "x", 1);
    decode_until_it_succeeds(f.b, f.n, EDGEL_DECODE_FULL);
    decode_until_it_succeeds(jpeg_color, sizeof jpeg_color, EDGEL_DECODE_GRAY);
    decode_until_it_succeeds(jpeg_cmyk, sizeof jpeg_cmyk, EDGEL_DECODE_COLOR);
    decode_until_it_succeeds((const unsigned char *)"P3 1 1 9 1 2 3", 14, EDGEL_DECODE_GRAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_told_by_bytes),
        cmocka_unit_test(formats_are_told_by_name),
        cmocka_unit_test(images_that_are_not_read_are_named),
        cmocka_unit_test(every_png_kind_decodes),
        cmocka_unit_test(chunks_of_colour_change_no_pixel),
        cmocka_unit_test(info_tells_what_is_stored),
        cmocka_unit_test(no_flipped_bit_of_a_png_passes),
        cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(truncated_pnm_is_an_error),
        cmocka_unit_test(lenient_keeps_the_rows_that_decode),
        cmocka_unit_test(jpeg_samples_decode),
        cmocka_unit_test(flipped_jpeg_bits_never_crash),
        cmocka_unit_test(stray_bytes_in_a_jpeg_are_an_error),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(headers_are_told),
        cmocka_unit_test(empty_claims_are_refused),
        cmocka_unit_test(pnm_kinds_decode),
        cmocka_unit_test(gray_follows_its_formula),
        cmocka_unit_test(maxval_is_scaled_to_the_full_range),
        cmocka_unit_test(malformed_pnm_is_an_error),
        cmocka_unit_test(pfm_reads_both_byte_orders),
        cmocka_unit_test(orientation_is_applied),
        cmocka_unit_test(malformed_exif_counts_as_absent),
        cmocka_unit_test(only_regular_files_are_read),
        cmocka_unit_test(failed_allocations_are_told),
    };
    return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
