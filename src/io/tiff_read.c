/* Reading TIFF and BigTIFF through libtiff, which gets copies of the bytes of the source, never past its end.
 *
 * One page is read (tiff_pages.c): 1, 2, 4, 8 and 16 bits, 32-bit float; gray (0 is white or black), RGB, palette,
 * 8-bit CMYK and YCbCr (JPEG only); one more sample is alpha; strips and tiles, samples together or in planes. Strips
 * are read line by line, each plane through a handle of its own, because going back in a strip decodes it again;
 * libtiff keeps all bytes of a packed strip. Tiles are read by rows of tiles.
 *
 * Sides, tiles, and whether the file is long enough for its pixels are checked before memory is allocated. Messages of
 * libtiff during pixels are errors, because its codecs continue with wrong pixels; messages about the header are
 * remarks, except those about unknown tags. Palette entries have 16 bits, of which the upper 8 are used; in old files,
 * where all are below 256, the lower 8.
 *
 * Source: TIFF 6.0; Adobe's supplements 1 and 2. */
#include "io/tiff_priv.h"
#include <math.h>
#include <string.h>

enum { PLANES = 4 };

struct job {
    struct edgel_tiff handles[PLANES];
    struct edgel_tiff_told told;
    const struct edgel_source *src;
    struct edgel_rows rows;
    int bits, planes;
    bool white_is_zero, tiled;
    uint32_t tile_w, tile_h;
    size_t line_bytes; /* of a row of one plane */
    uint8_t *lines;    /* planes rows; tiled: planes x as many rows as tiles are high */
    uint8_t *tile;
};

/* --- the file --- */

static tmsize_t on_read(thandle_t user, void *to, tmsize_t n)
{
    struct edgel_tiff *t = user;
    const struct edgel_source *src = t->told->src;
    if (n < 0 || t->at >= src->size)
        return 0;
    size_t left = (size_t)(src->size - t->at), count = (size_t)n < left ? (size_t)n : left;
    if (!edgel_source_copy(src, t->at, to, count))
        return 0;
    edgel_tiff_lead_to_page(src, t->at, to, count);
    t->at += count;
    return (tmsize_t)count;
}

static tmsize_t no_write(thandle_t user, void *from, tmsize_t n)
{
    (void)user, (void)from, (void)n;
    return 0;
}

static toff_t on_size(thandle_t user)
{
    return ((struct edgel_tiff *)user)->told->src->size;
}

static toff_t on_seek(thandle_t user, toff_t to, int whence)
{
    return edgel_tiff_seek(user, to, whence, on_size(user));
}

/* --- header --- */

static enum edgel_status malformed(const struct job *j, const char *what)
{
    if (edgel_tiff_lacked_memory(&j->told))
        return edgel_no_memory(j->src->err, j->src->name);
    return edgel_fail(j->src->err, EDGEL_EFORMAT, "%s: TIFF: %s", j->src->name, what);
}

static enum edgel_status unsupported(const struct job *j, const char *what, int value, const char *read)
{
    return edgel_fail(j->src->err, EDGEL_EUNSUPPORTED, "%s: TIFF of %s %d; read are %s", j->src->name, what,
                      value, read);
}

static unsigned tag16(const struct job *j, uint32_t tag)
{
    uint16_t v = 0;
    return TIFFGetFieldDefaulted(j->handles[0].tiff, tag, &v) ? v : 0;
}

static uint32_t tag32(const struct job *j, uint32_t tag)
{
    uint32_t v = 0;
    return TIFFGetField(j->handles[0].tiff, tag, &v) ? v : 0;
}

/* Tags that hold the largest value of samples. MaxSampleValue of files without it would be that of the type. */
static double largest_said(const struct job *j)
{
    uint16_t whole = 0;
    double real = 0;
    if (TIFFGetField(j->handles[0].tiff, TIFFTAG_SMAXSAMPLEVALUE, &real) && real > 0 && isfinite(real))
        return real;
    return TIFFGetField(j->handles[0].tiff, TIFFTAG_MAXSAMPLEVALUE, &whole) ? whole : 0;
}

static enum edgel_status read_sides(struct job *j)
{
    struct edgel_info *info = j->src->info;
    uint32_t w = tag32(j, TIFFTAG_IMAGEWIDTH), h = tag32(j, TIFFTAG_IMAGELENGTH);
    if (w == 0 || h == 0 || w > INT32_MAX || h > INT32_MAX)
        return malformed(j, "width and height must be numbers from 1 to 2147483647");
    info->w = j->rows.raw.w = (int)w;
    info->h = j->rows.raw.h = (int)h;
    info->channels = j->rows.raw.samples = (int)tag16(j, TIFFTAG_SAMPLESPERPIXEL);
    info->bits = j->bits = (int)tag16(j, TIFFTAG_BITSPERSAMPLE);
    unsigned orientation = tag16(j, TIFFTAG_ORIENTATION);
    info->orientation = orientation >= 1 && orientation <= 8 ? (int)orientation : 1;
    info->largest_said = largest_said(j);
    return edgel_source_check_size(j->src, w, h);
}

static enum edgel_status read_palette(struct job *j)
{
    struct edgel_raw *raw = &j->rows.raw;
    uint16_t *table[3] = { NULL, NULL, NULL };
    if (!TIFFGetField(j->handles[0].tiff, TIFFTAG_COLORMAP, &table[0], &table[1], &table[2]))
        return malformed(j, "a palette image without its palette");
    int n = 1 << j->bits, shift = 0;
    for (int i = 0; i < 3 * n; i++)
        shift = table[i / n][i % n] > 255 ? 8 : shift;
    raw->indexed = j->src->info->indexed = true;
    for (int i = 0; i < 256; i++) {
        for (int c = 0; c < 3; c++)
            raw->palette[i][c] = (uint8_t)(i < n ? table[c][i] >> shift : 0);
        raw->palette[i][3] = 255;
    }
    return EDGEL_OK;
}

/* Number of samples of the colours; 0: colours that are not supported. */
static int samples_of_colors(struct job *j)
{
    bool jpeg = tag16(j, TIFFTAG_COMPRESSION) == COMPRESSION_JPEG;
    unsigned photometric = tag16(j, TIFFTAG_PHOTOMETRIC);
    switch (photometric) {
    case PHOTOMETRIC_MINISWHITE: j->white_is_zero = true; return j->bits <= 16 ? 1 : 0;
    case PHOTOMETRIC_MINISBLACK: return 1;
    case PHOTOMETRIC_PALETTE: return j->bits <= 8 && j->rows.raw.samples == 1 ? 1 : 0;
    case PHOTOMETRIC_RGB: return 3;
    case PHOTOMETRIC_YCBCR:
        return jpeg && TIFFSetField(j->handles[0].tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB) ? 3 : 0;
    case PHOTOMETRIC_SEPARATED: j->rows.raw.cmyk = true; return j->bits == 8 ? 4 : 0;
    default: return 0;
    }
}

/* LogLuv and LogL store logarithms, which libtiff would convert to floats. */
static bool read_compression(unsigned compression)
{
    return TIFFIsCODECConfigured((uint16_t)compression) && compression != COMPRESSION_OJPEG &&
           compression != COMPRESSION_SGILOG && compression != COMPRESSION_SGILOG24;
}

static enum edgel_status not_read(const struct job *j, unsigned compression)
{
    const TIFFCodec *codec = TIFFFindCODEC((uint16_t)compression);
    return edgel_fail(j->src->err, EDGEL_EUNSUPPORTED, "%s: TIFF of compression %u%s%s%s", j->src->name,
                      compression, codec ? " (" : "", codec ? codec->name : "", codec ? ")" : "");
}

static enum edgel_status read_kind(struct job *j)
{
    struct edgel_raw *raw = &j->rows.raw;
    const int bits = j->bits, samples = raw->samples;
    const unsigned format = tag16(j, TIFFTAG_SAMPLEFORMAT), compression = tag16(j, TIFFTAG_COMPRESSION);
    const bool real = format == SAMPLEFORMAT_IEEEFP,
               whole = format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID;
    const bool small = bits == 1 || bits == 2 || bits == 4;
    if (!read_compression(compression))
        return not_read(j, compression);
    if (!whole && !real)
        return unsupported(j, "sample format", (int)format, "1 (whole numbers from 0) and 3 (floats)");
    if (real && bits != 32)
        return unsupported(j, "bits per float sample:", bits, "32");
    if (whole && bits != 8 && bits != 16 && !(small && samples == 1))
        return unsupported(j, "bits per sample:", bits, samples == 1 ? "1, 2, 4, 8 and 16" : "8 and 16");
    const int colors = samples_of_colors(j);
    if (colors == 0)
        return unsupported(j, "photometric interpretation", (int)tag16(j, TIFFTAG_PHOTOMETRIC),
                           "gray, palettes, RGB, CMYK of 8 bits, and YCbCr in JPEG");
    raw->alpha = samples == colors + 1;
    if (samples > PLANES || (samples != colors && !raw->alpha))
        return unsupported(j, "samples per pixel:", samples, "those of the colours, and one more for alpha");
    raw->type = real ? EDGEL_F32 : bits == 16 ? EDGEL_U16 : EDGEL_U8;
    raw->bits = bits < 8 ? bits : 8;
    return tag16(j, TIFFTAG_PHOTOMETRIC) == PHOTOMETRIC_PALETTE ? read_palette(j) : EDGEL_OK;
}

/* How the samples lie in the file; libtiff must count the same bytes. */
static enum edgel_status read_layout(struct job *j)
{
    const struct edgel_raw *raw = &j->rows.raw;
    TIFF *t = j->handles[0].tiff;
    const bool apart = raw->samples > 1 && tag16(j, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE;
    const uint64_t pixel_bits = (uint64_t)j->bits * (apart ? 1 : (uint64_t)raw->samples);
    j->planes = apart ? raw->samples : 1;
    j->line_bytes = (size_t)(((uint64_t)raw->w * pixel_bits + 7) / 8);
    j->tiled = TIFFIsTiled(t) != 0;
    if (!j->tiled)
        return TIFFScanlineSize64(t) == j->line_bytes ? EDGEL_OK : malformed(j, "rows of another length");
    j->tile_w = tag32(j, TIFFTAG_TILEWIDTH);
    j->tile_h = tag32(j, TIFFTAG_TILELENGTH);
    EDGEL_TRY(edgel_source_check_size(j->src, j->tile_w, j->tile_h));
    const uint64_t tile_row = j->tile_w * pixel_bits;
    if (tile_row == 0 || tile_row % 8 != 0 || TIFFTileSize64(t) != tile_row / 8 * j->tile_h)
        return malformed(j, "tiles of another size");
    return EDGEL_OK;
}

/* The most bytes that one packed byte can stand for; 0: no limit is known. */
static unsigned most_per_byte(unsigned compression)
{
    switch (compression) {
    case COMPRESSION_NONE: return 1;
    case COMPRESSION_PACKBITS: return 64;
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE: return 1032;
    case COMPRESSION_LZW: return 4096;
    default: return 0;
    }
}

static enum edgel_status check_claim(const struct job *j)
{
    const unsigned most = most_per_byte(tag16(j, TIFFTAG_COMPRESSION));
    const uint64_t need = (uint64_t)j->line_bytes * (uint64_t)j->rows.raw.h * (uint64_t)j->planes;
    if (most == 0 || j->src->params->lenient || need / most <= j->src->size)
        return EDGEL_OK;
    return malformed(j, "the file is truncated: too short for its pixels");
}

/* Opens the file at the page of params. */
static enum edgel_status open_handle(struct job *j, struct edgel_tiff *t)
{
    static const struct edgel_tiff_access from_source = { on_read, no_write, on_seek, on_size };
    const int page = j->src->params->page > 1 ? j->src->params->page : 1;
    const bool known = j->src->params->page_at != 0;
    t->told = &j->told;
    if (!edgel_tiff_open(t, "rh", &from_source))
        return malformed(j, j->told.message[0] ? j->told.message : "cannot be opened");
    if (TIFFSetDirectory(t->tiff, known ? 0 : (tdir_t)(page - 1)) == 1)
        return EDGEL_OK;
    if (j->told.message[0] || edgel_tiff_lacked_memory(&j->told))
        return malformed(j, j->told.message);
    return edgel_fail(j->src->err, page > 1 ? EDGEL_EINVAL : EDGEL_EFORMAT, "%s: TIFF: has no page %d",
                      j->src->name, page);
}

static enum edgel_status open_file(struct job *j)
{
    for (int p = 0; p < (j->planes ? j->planes : 1); p++)
        if (!j->handles[p].tiff)
            EDGEL_TRY(open_handle(j, &j->handles[p]));
    return EDGEL_OK;
}

static enum edgel_status read_header(struct job *j)
{
    EDGEL_TRY(open_file(j));
    EDGEL_TRY(edgel_tiff_look_for_pages(&j->handles[0]));
    EDGEL_TRY(read_sides(j));
    EDGEL_TRY(read_kind(j));
    EDGEL_TRY(read_layout(j));
    EDGEL_TRY(check_claim(j));
    if (j->told.message[0])
        return malformed(j, j->told.message);
    return j->tiled ? EDGEL_OK : open_file(j);
}

/* --- pixels --- */

static enum edgel_status take_memory(struct job *j)
{
    const size_t h = (size_t)j->rows.raw.h, high = j->tiled ? (j->tile_h < h ? j->tile_h : h) : 1;
    EDGEL_TRY(edgel_rows_init(&j->rows, j->src, j->rows.out, false));
    j->lines = edgel_calloc((size_t)j->planes * high, j->line_bytes);
    if (j->tiled)
        j->tile = edgel_calloc(1, (size_t)TIFFTileSize64(j->handles[0].tiff));
    if (!j->lines || (j->tiled && !j->tile))
        return edgel_no_memory(j->src->err, j->src->name);
    return EDGEL_OK;
}

/* The row of tiles that begins with row y, as rows of each plane. */
static bool read_tiles(struct job *j, uint32_t y)
{
    const size_t h = (size_t)j->rows.raw.h, high = j->tile_h < h ? j->tile_h : h;
    TIFF *t = j->handles[0].tiff;
    const size_t size = (size_t)TIFFTileSize64(t), row = size / j->tile_h;
    for (int p = 0; p < j->planes; p++) {
        size_t at = 0;
        for (uint32_t x = 0; x < (uint32_t)j->rows.raw.w; x += j->tile_w, at += row) {
            if (TIFFReadEncodedTile(t, TIFFComputeTile(t, x, y, 0, (uint16_t)p), j->tile, (tmsize_t)size) < 0)
                return false;
            const size_t n = j->line_bytes - at < row ? j->line_bytes - at : row;
            for (size_t i = 0; i < high; i++)
                memcpy(j->lines + ((size_t)p * high + i) * j->line_bytes + at, j->tile + i * row, n);
        }
    }
    return true;
}

/* Row y of plane p, or NULL. */
static const uint8_t *line_of(struct job *j, int y, int p)
{
    if (j->tiled) {
        const size_t h = (size_t)j->rows.raw.h, high = j->tile_h < h ? j->tile_h : h;
        if (p == 0 && (uint32_t)y % j->tile_h == 0 && !read_tiles(j, (uint32_t)y))
            return NULL;
        return j->lines + ((size_t)p * high + (uint32_t)y % j->tile_h) * j->line_bytes;
    }
    uint8_t *line = j->lines + (size_t)p * j->line_bytes;
    return TIFFReadScanline(j->handles[p].tiff, line, (uint32_t)y, (uint16_t)p) == 1 ? line : NULL;
}

static void unpack(const uint8_t *line, uint8_t *row, int n, int bits)
{
    const int per_byte = 8 / bits, top = (1 << bits) - 1;
    for (int i = 0; i < n; i++)
        row[i] = (uint8_t)(line[i / per_byte] >> (8 - bits - i % per_byte * bits) & top);
}

static void invert(const struct job *j, void *row)
{
    const size_t n = (size_t)j->rows.raw.w, step = (size_t)j->rows.raw.samples;
    for (size_t i = 0; i < n * step; i += step)
        if (j->bits == 16)
            ((uint16_t *)row)[i] ^= 65535;
        else
            ((uint8_t *)row)[i] ^= (uint8_t)((1 << j->bits) - 1);
}

static bool all_finite(const float *row, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(row[i]))
            return false;
    return true;
}

/* Row y; what is wrong with it, or NULL. */
static const char *read_row(struct job *j, int y, uint8_t *row)
{
    const struct edgel_raw *raw = &j->rows.raw;
    const size_t w = (size_t)raw->w, samples = (size_t)raw->samples, size = edgel_type_size(raw->type);
    for (int p = 0; p < j->planes; p++) {
        const uint8_t *line = line_of(j, y, p);
        if (!line)
            return j->told.message[0] ? j->told.message : "pixels cannot be read";
        if (j->bits < 8)
            unpack(line, row, raw->w, j->bits);
        else if (j->planes == 1)
            memcpy(row, line, j->line_bytes);
        else
            for (size_t x = 0; x < w; x++)
                memcpy(row + (x * samples + (size_t)p) * size, line + x * size, size);
    }
    if (j->white_is_zero)
        invert(j, row);
    if (raw->type == EDGEL_F32 && !all_finite((const float *)(const void *)row, w * samples))
        return "a sample is not finite";
    return j->told.message[0] && !j->src->params->lenient ? j->told.message : NULL;
}

static enum edgel_status read_pixels(struct job *j)
{
    j->told.in_pixels = true;
    for (int y = 0; y < j->rows.raw.h; y++) {
        uint8_t *row = edgel_rows_at(&j->rows, y);
        const char *wrong = read_row(j, y, row);
        if (wrong && (!j->src->params->lenient || y == 0))
            return malformed(j, wrong);
        if (wrong) {
            edgel_source_damage(j->src, wrong);
            memset(row, 0, j->rows.raw_bytes);
            return EDGEL_OK;
        }
        if (!edgel_rows_put(&j->rows, y))
            return j->rows.refused;
    }
    if (j->told.message[0])
        edgel_source_damage(j->src, j->told.message);
    return EDGEL_OK;
}

enum edgel_status edgel_tiff_decode(const struct edgel_source *src, struct edgel_image *out)
{
    struct job j = { .src = src, .told.src = src, .rows.out = out };
    edgel_tiff_forget_memory();
    enum edgel_status st = read_header(&j);
    if (st == EDGEL_OK)
        st = edgel_source_check_rows(src, true, "TIFF");
    if (st == EDGEL_OK && !src->header_only && src->params->page_at == 0)
        st = edgel_tiff_check_chain(src);
    if (st == EDGEL_OK)
        st = take_memory(&j);
    if (st == EDGEL_OK)
        st = read_pixels(&j);
    for (int p = 0; p < PLANES; p++)
        edgel_tiff_close(&j.handles[p]);
    edgel_rows_finish(&j.rows);
    edgel_free(j.lines);
    edgel_free(j.tile);
    return st;
}
