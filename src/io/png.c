/* PNG through libpng's row functions. libpng reports errors by longjmp; only fenced() calls setjmp, and everything
 * needed after the jump is in struct job. All memory comes from edgel_alloc().
 *
 * Reading: CRC and Adler errors are fatal, also in ancillary chunks, so that a flipped bit anywhere is found. Text
 * chunks are skipped, so that a small file cannot unpack a large text. Remarks of libpng about other ancillary chunks
 * become info->remark. gAMA, sRGB, iCCP and bKGD change no pixel. Lenient: sums are not checked after the header.
 *
 * Writing: settings_of() says which filter and compression. Files hold no time and no text: the same pixels give the
 * same bytes. */
#include "io/io_priv.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 1 << 14 }; /* packed bytes in one piece */

struct job {
    jmp_buf jump;
    png_structp png;
    png_infop info;
    char message[128]; /* of libpng, "" when the failure has an error of its own */
    bool no_memory;
    /* reading */
    const struct edgel_source *src;
    struct edgel_chunks chunks;
    uint64_t at;
    struct edgel_rows rows;
    int passes;
    int rows_done; /* in any pass */
    bool fault;    /* a warning that means damaged pixels */
    /* writing */
    struct edgel_view image;
    const struct edgel_write *params;
    struct edgel_output *out;
    struct edgel_error *err;
    enum edgel_status status; /* of the failed output */
    bool one_bit;
    uint8_t *packed;
    const void *row;
};

/* --- the fence --- */

static bool fenced(struct job *j, void (*body)(struct job *j))
{
    if (setjmp(j->jump))
        return false;
    body(j);
    return true;
}

static void on_error(png_structp png, png_const_charp text)
{
    struct job *j = png_get_error_ptr(png);
    snprintf(j->message, sizeof j->message, "%s", text);
    longjmp(j->jump, 1);
}

/* libpng only warns when the Adler sum turns out wrong after the last row; that is damage here. */
static void on_warning(png_structp png, png_const_charp text)
{
    struct job *j = png_get_error_ptr(png);
    if (!j->src)
        return;
    bool data = strncmp(text, "IDAT: ", 6) == 0;
    bool harmless = strstr(text, "Too much image data") || strstr(text, "Extra compressed data");
    if ((data && !harmless) || strstr(text, "CRC error")) {
        if (!j->fault)
            snprintf(j->message, sizeof j->message, "%s", text);
        j->fault = true;
    } else
        edgel_source_remark(j->src, text);
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t n)
{
    struct job *j = png_get_mem_ptr(png);
    void *p = edgel_alloc(1, n);
    if (!p)
        j->no_memory = true;
    return p;
}

static void on_free(png_structp png, png_voidp p)
{
    (void)png;
    edgel_free(p);
}

static bool little_endian(void)
{
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 1;
}

/* --- reading --- */

/* How much packed data libpng asks for next. libpng checks the Adler sum only if the sum is in the same piece as the
 * last row, so the end of the data is one piece. (A sum that is split between two IDAT chunks is not checked; their
 * CRCs are.) libpng drops a piece that has an error or is truncated. When lenient, the sum is therefore a piece of its
 * own, and the end of a truncated file is read byte by byte, so that every complete row decodes. */
static void choose_piece(const struct job *j)
{
    enum { SUM = 4 };
    size_t left = j->chunks.idat_end > j->at ? (size_t)(j->chunks.idat_end - j->at) : 0, piece = PIECE;
    bool lenient = j->src->params->lenient;
    if (!j->chunks.complete && j->src->size - j->at < 2 * PIECE)
        piece = 1;
    else if (left < 2 * PIECE)
        piece = lenient && left > SUM ? left - SUM : 2 * PIECE;
    png_set_compression_buffer_size(j->png, piece);
}

static void on_read(png_structp png, png_bytep to, size_t n)
{
    struct job *j = png_get_io_ptr(png);
    if (!edgel_source_copy(j->src, j->at, to, n))
        png_error(png, "the file is truncated");
    j->at += n;
    choose_piece(j);
}

static void read_header(struct job *j)
{
    static const png_byte text[] = "tEXt\0zTXt\0iTXt"; /* names with their NUL, as libpng wants them */
    const struct edgel_limits *limits = &j->src->params->limits;
    bool lenient = j->src->params->lenient;
    j->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, j, on_error, on_warning, j, on_alloc, on_free);
    j->info = j->png ? png_create_info_struct(j->png) : NULL;
    if (!j->info) {
        j->no_memory = true;
        longjmp(j->jump, 1);
    }
    png_set_read_fn(j->png, j, on_read);
    png_set_user_limits(j->png, (png_uint_32)limits->max_side, (png_uint_32)limits->max_side);
    png_set_chunk_malloc_max(j->png, limits->max_chunk_bytes);
    png_set_keep_unknown_chunks(j->png, PNG_HANDLE_CHUNK_NEVER, text, 3);
    png_set_crc_action(j->png, PNG_CRC_ERROR_QUIT, lenient ? PNG_CRC_WARN_DISCARD : PNG_CRC_ERROR_QUIT);
    png_read_info(j->png, j->info);
    if (lenient)
        png_set_crc_action(j->png, PNG_CRC_WARN_USE, PNG_CRC_WARN_DISCARD);
}

static void describe_palette(struct job *j, struct edgel_raw *raw)
{
    png_colorp colors = NULL;
    png_bytep alpha = NULL;
    int n = 0, n_alpha = 0;
    png_get_PLTE(j->png, j->info, &colors, &n);
    png_get_tRNS(j->png, j->info, &alpha, &n_alpha, NULL);
    raw->indexed = true;
    raw->palette_alpha = n_alpha > 0;
    for (int i = 0; i < 256; i++) { /* indices past the end of the palette are black */
        uint8_t *p = raw->palette[i];
        p[0] = i < n ? colors[i].red : 0;
        p[1] = i < n ? colors[i].green : 0;
        p[2] = i < n ? colors[i].blue : 0;
        p[3] = i < n_alpha ? alpha[i] : 255;
    }
}

static void describe_key(struct job *j, struct edgel_raw *raw, int stored_bits)
{
    png_color_16p key = NULL;
    if (png_get_tRNS(j->png, j->info, NULL, NULL, &key) == 0 || !key)
        return;
    unsigned mask = (1u << stored_bits) - 1;
    raw->keyed = true;
    raw->key[0] = (uint16_t)((raw->samples == 1 ? key->gray : key->red) & mask);
    raw->key[1] = (uint16_t)(key->green & mask);
    raw->key[2] = (uint16_t)(key->blue & mask);
}

/* sBIT: how many bits of a sample mean something. */
static void describe_bits(struct job *j)
{
    png_color_8p sig = NULL;
    if (png_get_sBIT(j->png, j->info, &sig) == 0 || !sig)
        return;
    int most = sig->gray;
    if (j->src->info->channels > 2) {
        most = sig->red > sig->green ? sig->red : sig->green;
        most = sig->blue > most ? sig->blue : most;
    }
    j->src->info->largest_said = most >= 1 && most <= 16 ? (1 << most) - 1 : 0;
}

/* libpng unpacks samples to one a byte, or to native 16-bit numbers, and changes nothing else. */
static void describe(struct job *j)
{
    struct edgel_raw *raw = &j->rows.raw;
    struct edgel_info *info = j->src->info;
    int color = png_get_color_type(j->png, j->info), bits = png_get_bit_depth(j->png, j->info);
    raw->w = info->w;
    raw->h = info->h;
    raw->samples = png_get_channels(j->png, j->info);
    raw->type = bits == 16 ? EDGEL_U16 : EDGEL_U8;
    raw->bits = bits == 16 ? 8 : bits;
    raw->alpha = (color & PNG_COLOR_MASK_ALPHA) != 0;
    info->channels = raw->samples;
    info->bits = bits;
    info->indexed = color == PNG_COLOR_TYPE_PALETTE;
    describe_bits(j);
    if (info->indexed)
        describe_palette(j, raw);
    else if (!raw->alpha)
        describe_key(j, raw, bits);
    png_set_packing(j->png);
    if (bits == 16 && little_endian())
        png_set_swap(j->png);
    j->passes = png_set_interlace_handling(j->png);
    png_read_update_info(j->png, j->info);
}

static void read_pixels(struct job *j)
{
    int h = j->rows.raw.h;
    for (int pass = 0; pass < j->passes; pass++)
        for (int y = 0; y < h; y++) {
            png_read_row(j->png, edgel_rows_at(&j->rows, y), NULL);
            j->rows_done++;
            if (j->passes == 1 && !edgel_rows_put(&j->rows, y))
                longjmp(j->jump, 1);
        }
    png_read_end(j->png, NULL);
}

static enum edgel_status read_failure(struct job *j)
{
    if (j->rows.refused != EDGEL_OK)
        return j->rows.refused;
    if (j->no_memory)
        return edgel_no_memory(j->src->err, j->src->name);
    return edgel_fail(j->src->err, EDGEL_EFORMAT, "%s: PNG: %s", j->src->name, j->message);
}

/* Decodes the pixels. When lenient, a failure after the first row is a damage. */
static enum edgel_status take_pixels(struct job *j)
{
    bool lenient = j->src->params->lenient;
    bool ok = fenced(j, read_pixels) && !j->fault;
    if (j->no_memory || (!ok && (!lenient || j->rows_done == 0)))
        return read_failure(j);
    if (!ok)
        edgel_source_damage(j->src, j->message);
    for (int y = 0; j->passes > 1 && y < j->rows.raw.h; y++)
        edgel_rows_put(&j->rows, y);
    return EDGEL_OK;
}

enum edgel_status edgel_png_decode(const struct edgel_source *src, struct edgel_image *out)
{
    struct job j = { .src = src };
    EDGEL_TRY(edgel_chunks_scan(src, &j.chunks));
    src->info->orientation = j.chunks.orientation;
    enum edgel_status st = EDGEL_OK;
    if (!fenced(&j, read_header) || !fenced(&j, describe))
        st = read_failure(&j);
    if (st == EDGEL_OK)
        st = edgel_source_check_rows(src, j.passes == 1, "interlaced PNG");
    if (st == EDGEL_OK)
        st = edgel_rows_init(&j.rows, src, out, j.passes > 1);
    if (st == EDGEL_OK)
        st = take_pixels(&j);
    edgel_rows_finish(&j.rows);
    png_destroy_read_struct(&j.png, &j.info, NULL);
    return st;
}

/* --- writing --- */

enum { RLE = 3 }; /* Z_RLE of zlib */

struct settings {
    int level, strategy, filter;
};

/* Compression by run lengths (Z_RLE) with filter Up, or without a filter for palette indices and bits. Edge maps
 * consist of runs, and for other images Z_RLE is faster and smaller than zlib's level 1. Measured with zlib 1.2.13, ns
 * and bits per pixel: 1 bit 0.2-0.8; class ids, no filter 2.3/0.35 (level 1: 2.4/0.44); Sobel of a photograph, Up
 * 7.9/5.1, no filter 7.4/5.0, level 1 18.8/5.6; the photograph, blurred or not, Up 8.1/4.1, Sub 7.5/4.3, no filter
 * 8.0/6.9, level 1 11.8/4.7; 16 bits and RGB are similar. */
static struct settings settings_of(const struct job *j)
{
    bool plain = j->one_bit || j->params->palette;
    return (struct settings){ 1, RLE, plain ? PNG_FILTER_NONE : PNG_FILTER_UP };
}

static void on_write(png_structp png, png_bytep bytes, size_t n)
{
    struct job *j = png_get_io_ptr(png);
    j->status = edgel_output_write(j->out, bytes, n, j->err);
    if (j->status != EDGEL_OK)
        longjmp(j->jump, 1);
}

static void on_flush(png_structp png)
{
    (void)png;
}

static void write_header(struct job *j)
{
    struct edgel_view v = j->image;
    const struct edgel_palette *palette = j->params->palette;
    int bits = j->one_bit ? 1 : v.type == EDGEL_U16 ? 16 : 8;
    int color = palette ? PNG_COLOR_TYPE_PALETTE : v.channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY;
    struct settings s = settings_of(j);
    png_set_write_fn(j->png, j, on_write, on_flush);
    png_set_user_limits(j->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_level(j->png, s.level);
    png_set_compression_strategy(j->png, s.strategy);
    png_set_compression_buffer_size(j->png, PIECE);
    png_set_filter(j->png, PNG_FILTER_TYPE_BASE, s.filter);
    png_set_IHDR(j->png, j->info, (png_uint_32)v.w, (png_uint_32)v.h, bits, color, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
    if (palette) {
        png_color colors[256];
        for (int i = 0; i < palette->count; i++)
            colors[i] = (png_color){ palette->rgb[i][0], palette->rgb[i][1], palette->rgb[i][2] };
        png_set_PLTE(j->png, j->info, colors, palette->count);
    }
    png_write_info(j->png, j->info);
    if (bits == 16 && little_endian())
        png_set_swap(j->png);
}

static void start_image(struct job *j)
{
    j->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, j, on_error, on_warning, j, on_alloc, on_free);
    j->info = j->png ? png_create_info_struct(j->png) : NULL;
    if (!j->info) {
        j->no_memory = true;
        longjmp(j->jump, 1);
    }
    write_header(j);
}

static void write_row(struct job *j)
{
    png_write_row(j->png, j->row);
}

static void end_image(struct job *j)
{
    png_write_end(j->png, NULL);
}

static enum edgel_status write_step(struct job *j, void (*step)(struct job *j), struct edgel_error *err)
{
    j->err = err;
    if (fenced(j, step))
        return EDGEL_OK;
    if (j->no_memory)
        return edgel_no_memory(err, edgel_output_name(j->out));
    return j->status != EDGEL_OK
               ? j->status
               : edgel_fail(err, EDGEL_EINVAL, "%s: PNG: %s", edgel_output_name(j->out), j->message);
}

static enum edgel_status writer_begin(struct edgel_writer *w, struct edgel_error *err)
{
    struct job *j = w->job = edgel_calloc(1, sizeof *j);
    if (!j)
        return edgel_no_memory(err, edgel_output_name(w->out));
    j->image = w->image;
    j->params = &w->params;
    j->out = w->out;
    j->one_bit = w->one_bit;
    if (j->one_bit && j->image.type != EDGEL_U1) { /* otherwise rows are written unchanged */
        j->packed = edgel_alloc(((size_t)j->image.w + 7) / 8, 1);
        if (!j->packed)
            return edgel_no_memory(err, edgel_output_name(w->out));
    }
    return write_step(j, start_image, err);
}

static enum edgel_status writer_row(struct edgel_writer *w, const void *row, struct edgel_error *err)
{
    struct job *j = w->job;
    j->row = row;
    if (j->packed) {
        j->image.data = row;
        edgel_bits_pack(j->image, 0, false, j->packed);
        j->row = j->packed;
    }
    return write_step(j, write_row, err);
}

static enum edgel_status writer_end(struct edgel_writer *w, struct edgel_error *err)
{
    return write_step(w->job, end_image, err);
}

static void writer_finish(struct edgel_writer *w)
{
    struct job *j = w->job;
    png_destroy_write_struct(&j->png, &j->info);
    edgel_free(j->packed);
    edgel_free(j);
}

const struct edgel_writer_kind edgel_png_writer = {
    .begin = writer_begin, .row = writer_row, .end = writer_end, .finish = writer_finish
};
