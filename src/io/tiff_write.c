/* Writing TIFF and BigTIFF through libtiff: little-endian, strips of about 256 KB or square tiles, Deflate, with a
 * predictor for samples of 8 bits and more. The file is a BigTIFF if the pixels of all pages may reach 4 GB. Tiles at
 * the right and lower border are padded with zeros. */
#include "io/tiff_priv.h"
#include <fcntl.h>
#include <string.h>

/* The most bytes of a tile: libtiff allocates a tenth more, and both writer and reader limit it to 256 MB. */
enum { TILE_BYTES = 200 << 20 };

struct writer {
    struct edgel_tiff file;
    struct edgel_tiff_told told;
    struct edgel_view image;
    struct edgel_output *out;
    struct edgel_error *err;
    enum edgel_status status; /* of the failed output */
    uint64_t end;             /* bytes written so far */
    bool one_bit;
    bool ended; /* all is written */
    int side;   /* of tiles; 0: strips */
    size_t row_bytes, tile_row_bytes;
    uint8_t *rows; /* one, or as many as tiles are high; libtiff changes what it is given */
    uint8_t *tile;
};

static struct writer *writer_of(thandle_t user)
{
    return ((struct edgel_tiff *)user)->user;
}

/* libtiff reads the previous directory, to link the next one to it. */
static tmsize_t on_read(thandle_t user, void *to, tmsize_t n)
{
    struct edgel_tiff *t = user;
    struct writer *w = t->user;
    if (w->status == EDGEL_OK && (t->at > w->end || (uint64_t)n > w->end - t->at))
        return 0;
    if (w->status == EDGEL_OK)
        w->status = edgel_output_read(w->out, t->at, to, (size_t)n, w->err);
    t->at += (uint64_t)n;
    return w->status == EDGEL_OK ? n : 0;
}

static enum edgel_status append(struct writer *w, const void *bytes, uint64_t n)
{
    w->end += n;
    return edgel_output_write(w->out, bytes, (size_t)n, w->err);
}

/* libtiff writes the arrays of a directory before the directory, and then its offset into the header. */
static enum edgel_status put(struct writer *w, uint64_t at, const char *bytes, uint64_t n)
{
    static const char zeros[64];
    while (w->end < at)
        EDGEL_TRY(append(w, zeros, at - w->end < sizeof zeros ? at - w->end : sizeof zeros));
    const uint64_t written = w->end - at, over = written < n ? written : n;
    if (over > 0)
        EDGEL_TRY(edgel_output_patch(w->out, at, bytes, (size_t)over, w->err));
    return over < n ? append(w, bytes + over, n - over) : EDGEL_OK;
}

static tmsize_t on_write(thandle_t user, void *bytes, tmsize_t n)
{
    struct edgel_tiff *t = user;
    struct writer *w = t->user;
    if (w->status == EDGEL_OK)
        w->status = put(w, t->at, bytes, (uint64_t)n);
    t->at += (uint64_t)n;
    return w->status == EDGEL_OK ? n : 0;
}

static toff_t on_end(thandle_t user)
{
    return writer_of(user)->end;
}

static toff_t on_seek(thandle_t user, toff_t to, int whence)
{
    return edgel_tiff_seek(user, to, whence, on_end(user));
}

static bool set_blocks(const struct writer *w)
{
    enum { STRIP = 1 << 18 };
    TIFF *t = w->file.tiff;
    const size_t rows = w->row_bytes < STRIP ? STRIP / w->row_bytes : 1, h = (size_t)w->image.h;
    if (w->side == 0)
        return TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, (uint32_t)(rows < h ? rows : h));
    return TIFFSetField(t, TIFFTAG_TILEWIDTH, (uint32_t)w->side) &&
           TIFFSetField(t, TIFFTAG_TILELENGTH, (uint32_t)w->side);
}

static bool set_tags(const struct writer *w)
{
    TIFF *t = w->file.tiff;
    const struct edgel_view v = w->image;
    const int bits = w->one_bit ? 1 : 8 * (int)edgel_type_size(v.type);
    const bool real = v.type == EDGEL_F32;
    return TIFFSetField(t, TIFFTAG_IMAGEWIDTH, (uint32_t)v.w) &&
           TIFFSetField(t, TIFFTAG_IMAGELENGTH, (uint32_t)v.h) &&
           TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, bits) &&
           TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, v.channels) &&
           TIFFSetField(t, TIFFTAG_SAMPLEFORMAT, real ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT) &&
           TIFFSetField(t, TIFFTAG_PHOTOMETRIC, v.channels == 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK) &&
           TIFFSetField(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
           TIFFSetField(t, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT) && set_blocks(w) &&
           TIFFSetField(t, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE) &&
           TIFFSetField(t, TIFFTAG_ZIPQUALITY, 1) &&
           (bits == 1 ||
            TIFFSetField(t, TIFFTAG_PREDICTOR, real ? PREDICTOR_FLOATINGPOINT : PREDICTOR_HORIZONTAL));
}

static enum edgel_status write_failure(const struct writer *w, struct edgel_error *err)
{
    if (w->status != EDGEL_OK)
        return w->status;
    if (edgel_tiff_lacked_memory(&w->told))
        return edgel_no_memory(err, edgel_output_name(w->out));
    return edgel_fail(err, EDGEL_EINVAL, "%s: TIFF: %s", edgel_output_name(w->out),
                      w->told.message[0] ? w->told.message : "cannot be written");
}

static enum edgel_status take_shape(struct writer *w, const struct edgel_writer *to, struct edgel_error *err)
{
    const size_t bits = to->one_bit ? 1 : 8 * edgel_type_size(to->image.type);
    const size_t pixel_bits = bits * (size_t)to->image.channels, side = (size_t)to->params.tile;
    w->image = to->image;
    w->one_bit = to->one_bit;
    w->side = to->params.tile;
    w->row_bytes = ((size_t)to->image.w * pixel_bits + 7) / 8;
    w->tile_row_bytes = side * pixel_bits / 8;
    edgel_free(w->rows);
    edgel_free(w->tile);
    w->rows = NULL;
    w->tile = NULL;
    if (side * w->tile_row_bytes > TILE_BYTES)
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s: TIFF: tiles of %zu x %zu of these pixels have more than %d bytes",
                          edgel_output_name(w->out), side, side, TILE_BYTES);
    w->rows = edgel_alloc(side ? side : 1, w->row_bytes);
    w->tile = side ? edgel_alloc(side, w->tile_row_bytes) : NULL;
    return w->rows && (w->tile || !side) ? EDGEL_OK : edgel_no_memory(err, edgel_output_name(w->out));
}

static enum edgel_status writer_begin(struct edgel_writer *to, struct edgel_error *err)
{
    static const struct edgel_tiff_access to_output = { on_read, on_write, on_seek, on_end };
    struct writer *w = to->job = edgel_calloc(1, sizeof *w);
    if (!w)
        return edgel_no_memory(err, edgel_output_name(to->out));
    w->out = to->out;
    w->err = err;
    edgel_output_hold(w->out); /* the offset of a directory is written after the directory */
    w->file = (struct edgel_tiff){ .told = &w->told, .user = w };
    EDGEL_TRY(take_shape(w, to, err));
    const uint64_t most = 0xF0000000u;
    edgel_tiff_forget_memory();
    const bool big = w->row_bytes * (uint64_t)w->image.h > most || to->params.bytes > most;
    const bool ok = edgel_tiff_open(&w->file, big ? "wl8" : "wl", &to_output) && set_tags(w);
    return ok ? EDGEL_OK : write_failure(w, err);
}

static enum edgel_status writer_page(struct edgel_writer *to, struct edgel_error *err)
{
    struct writer *w = to->job;
    w->err = err;
    edgel_tiff_forget_memory();
    if (TIFFWriteDirectory(w->file.tiff) != 1)
        return write_failure(w, err);
    EDGEL_TRY(take_shape(w, to, err));
    return set_tags(w) ? EDGEL_OK : write_failure(w, err);
}

/* The row of tiles that begins with row y: `high` rows of it are in the image. */
static bool put_tiles(struct writer *w, int y, size_t high)
{
    const size_t side = (size_t)w->side, size = side * w->tile_row_bytes;
    uint32_t x = 0;
    for (size_t at = 0; at < w->row_bytes; at += w->tile_row_bytes, x += (uint32_t)w->side) {
        const size_t left = w->row_bytes - at, n = left < w->tile_row_bytes ? left : w->tile_row_bytes;
        memset(w->tile, 0, size);
        for (size_t i = 0; i < high; i++)
            memcpy(w->tile + i * w->tile_row_bytes, w->rows + i * w->row_bytes + at, n);
        if (TIFFWriteEncodedTile(w->file.tiff, TIFFComputeTile(w->file.tiff, x, (uint32_t)y, 0, 0), w->tile,
                                 (tmsize_t)size) < 0)
            return false;
    }
    return true;
}

static enum edgel_status writer_row(struct edgel_writer *to, const void *row, struct edgel_error *err)
{
    struct writer *w = to->job;
    const int y = to->rows, within = w->side ? y % w->side : 0;
    uint8_t *line = w->rows + (size_t)within * w->row_bytes;
    w->err = err;
    w->image.data = row;
    edgel_tiff_forget_memory();
    if (w->one_bit)
        edgel_bits_pack(w->image, 0, false, line);
    else
        memcpy(line, row, w->row_bytes);
    bool ok = true;
    if (w->side == 0)
        ok = TIFFWriteScanline(w->file.tiff, line, (uint32_t)y, 0) == 1;
    else if (within == w->side - 1 || y == w->image.h - 1)
        ok = put_tiles(w, y - within, (size_t)within + 1);
    return ok ? EDGEL_OK : write_failure(w, err);
}

static enum edgel_status writer_end(struct edgel_writer *to, struct edgel_error *err)
{
    struct writer *w = to->job;
    w->err = err;
    edgel_tiff_forget_memory();
    w->ended = TIFFFlush(w->file.tiff) == 1 && w->status == EDGEL_OK && w->told.message[0] == '\0';
    return w->ended ? EDGEL_OK : write_failure(w, err);
}

static void writer_finish(struct edgel_writer *to)
{
    struct writer *w = to->job;
    w->err = NULL;
    if (w->file.tiff && !w->ended) /* closing would write the rest, which may not be there */
        TIFFSetMode(w->file.tiff, O_RDONLY);
    edgel_tiff_close(&w->file);
    edgel_free(w->rows);
    edgel_free(w->tile);
    edgel_free(w);
}

const struct edgel_writer_kind edgel_tiff_writer = {
    .begin = writer_begin, .row = writer_row, .page = writer_page, .end = writer_end, .finish = writer_finish
};
