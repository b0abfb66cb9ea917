/* TIFF and BigTIFF through libtiff: writing. Little-endian, strips of about 256 KB, Deflate, differences of neighbours
 * for samples of 8 bits and more; BigTIFF when the pixels might reach 4 GB. */
#include "io/tiff_priv.h"
#include <string.h>

struct writer {
    struct edgel_tiff file;
    struct edgel_tiff_told told;
    struct edgel_view image;
    struct edgel_output *out;
    struct edgel_error *err;
    enum edgel_status status; /* of the failed output */
    uint64_t end;             /* bytes written so far */
    bool one_bit;
    size_t row_bytes;
    uint8_t *row; /* libtiff changes the rows it is given */
};

static struct writer *writer_of(thandle_t user)
{
    return ((struct edgel_tiff *)user)->user;
}

static tmsize_t no_read(thandle_t user, void *to, tmsize_t n)
{
    (void)user, (void)to, (void)n;
    return 0;
}

/* What lies before the end is the header's offset of the directory, known only when all else is written. */
static tmsize_t on_write(thandle_t user, void *bytes, tmsize_t n)
{
    struct edgel_tiff *t = user;
    struct writer *w = t->user;
    if (w->status == EDGEL_OK && t->at == w->end) {
        w->status = edgel_output_write(w->out, bytes, (size_t)n, w->err);
        w->end += (uint64_t)n;
    } else if (w->status == EDGEL_OK)
        w->status = edgel_output_patch(w->out, t->at, bytes, (size_t)n, w->err);
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

static bool set_tags(const struct writer *w)
{
    enum { STRIP = 1 << 18 };
    TIFF *t = w->file.tiff;
    const struct edgel_view v = w->image;
    const int bits = w->one_bit ? 1 : 8 * (int)edgel_type_size(v.type);
    const size_t rows = w->row_bytes < STRIP ? STRIP / w->row_bytes : 1;
    const bool real = v.type == EDGEL_F32;
    return TIFFSetField(t, TIFFTAG_IMAGEWIDTH, (uint32_t)v.w) &&
           TIFFSetField(t, TIFFTAG_IMAGELENGTH, (uint32_t)v.h) &&
           TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, bits) &&
           TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, v.channels) &&
           TIFFSetField(t, TIFFTAG_SAMPLEFORMAT, real ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT) &&
           TIFFSetField(t, TIFFTAG_PHOTOMETRIC, v.channels == 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK) &&
           TIFFSetField(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
           TIFFSetField(t, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT) &&
           TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, (uint32_t)(rows < (size_t)v.h ? rows : (size_t)v.h)) &&
           TIFFSetField(t, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE) &&
           TIFFSetField(t, TIFFTAG_ZIPQUALITY, 1) &&
           (bits == 1 ||
            TIFFSetField(t, TIFFTAG_PREDICTOR, real ? PREDICTOR_FLOATINGPOINT : PREDICTOR_HORIZONTAL));
}

static enum edgel_status write_failure(const struct writer *w, struct edgel_error *err)
{
    if (w->status != EDGEL_OK)
        return w->status;
    return edgel_fail(err, EDGEL_EINVAL, "TIFF: %s",
                      w->told.message[0] ? w->told.message : "cannot be written");
}

static enum edgel_status writer_begin(struct edgel_writer *to, struct edgel_error *err)
{
    static const struct edgel_tiff_access to_output = { no_read, on_write, on_seek, on_end };
    const size_t samples = (size_t)to->image.w * (size_t)to->image.channels;
    struct writer *w = to->job = edgel_calloc(1, sizeof *w);
    if (!w)
        return edgel_fail(err, EDGEL_ENOMEM, "TIFF: out of memory");
    w->image = to->image;
    w->one_bit = to->one_bit;
    w->out = to->out;
    w->err = err;
    w->file = (struct edgel_tiff){ .told = &w->told, .user = w };
    w->row_bytes = w->one_bit ? (samples + 7) / 8 : samples * edgel_type_size(w->image.type);
    w->row = edgel_alloc(w->row_bytes, 1);
    if (!w->row)
        return edgel_fail(err, EDGEL_ENOMEM, "TIFF: out of memory");
    const bool big = (uint64_t)w->row_bytes * (uint64_t)w->image.h > 0xF0000000u;
    const bool ok = edgel_tiff_open(&w->file, big ? "wl8" : "wl", &to_output) && set_tags(w);
    return ok ? EDGEL_OK : write_failure(w, err);
}

static enum edgel_status writer_row(struct edgel_writer *to, const void *row, struct edgel_error *err)
{
    struct writer *w = to->job;
    w->err = err;
    w->image.data = row;
    if (w->one_bit)
        edgel_bits_pack(w->image, 0, false, w->row);
    else
        memcpy(w->row, row, w->row_bytes);
    return TIFFWriteScanline(w->file.tiff, w->row, (uint32_t)to->rows, 0) == 1 ? EDGEL_OK
                                                                               : write_failure(w, err);
}

static enum edgel_status writer_end(struct edgel_writer *to, struct edgel_error *err)
{
    struct writer *w = to->job;
    w->err = err;
    const bool ok = TIFFFlush(w->file.tiff) == 1 && w->status == EDGEL_OK && w->told.message[0] == '\0';
    return ok ? EDGEL_OK : write_failure(w, err);
}

static void writer_finish(struct edgel_writer *to)
{
    struct writer *w = to->job;
    w->err = NULL;
    if (w->status == EDGEL_OK && to->rows < to->image.h)
        w->status = EDGEL_EINTERRUPTED; /* closing writes what is there, which nobody wants any more */
    edgel_tiff_close(&w->file);
    edgel_free(w->row);
    edgel_free(w);
}

const struct edgel_writer_kind edgel_tiff_writer = { writer_begin, writer_row, writer_end, writer_finish };
