/* From an image to the bytes of a file. */
#include "io/io_priv.h"
#include <string.h>

const void *edgel_view_row(struct edgel_view v, int y)
{
    return (const char *)v.data + y * v.stride;
}

void edgel_write_init(struct edgel_write *params)
{
    *params = (struct edgel_write){ .format = EDGEL_FORMAT_PNG };
}

static void invert_packed(const uint8_t *from, int w, uint8_t *bits)
{
    for (int x = 0; x < w; x += 8)
        bits[x / 8] = (uint8_t)~from[x / 8];
    if (w % 8)
        bits[w / 8] &= (uint8_t)(0xFF00 >> w % 8);
}

void edgel_bits_pack(struct edgel_view v, int y, bool invert, uint8_t *bits)
{
    const uint8_t *samples = edgel_view_row(v, y);
    const int w = v.w;
    if (v.type == EDGEL_U1) {
        if (invert)
            invert_packed(samples, w, bits);
        else
            memcpy(bits, samples, ((size_t)w + 7) / 8);
        return;
    }
    unsigned flip = invert ? 0xFF : 0;
    int x = 0;
    for (; x + 8 <= w; x += 8) {
        unsigned b = 0;
        for (int i = 0; i < 8; i++)
            b = b << 1 | (samples[x + i] != 0);
        *bits++ = (uint8_t)(b ^ flip);
    }
    if (x == w)
        return;
    unsigned b = 0, mask = 0;
    for (int i = 0; i < 8; i++) {
        bool inside = x + i < w;
        b = b << 1 | (inside && samples[x + i] != 0);
        mask = mask << 1 | inside;
    }
    *bits = (uint8_t)((b ^ flip) & mask);
}

static bool allowed(struct edgel_view v, const struct edgel_write *p)
{
    bool one_or_three = v.channels == 1 || v.channels == 3;
    if (v.w < 1 || v.h < 1 || (p->palette && p->format != EDGEL_FORMAT_PNG))
        return false;
    if ((p->tile != 0 || p->bytes != 0) && p->format != EDGEL_FORMAT_TIFF)
        return false;
    if (p->tile < 0 || p->tile > EDGEL_TILE_MAX || p->tile % 16 != 0)
        return false;
    if (p->palette && (p->bits == 1 || v.type != EDGEL_U8 || v.channels != 1 || p->palette->count < 1 ||
                       p->palette->count > 256))
        return false;
    if (v.type == EDGEL_U1)
        return v.channels == 1 && p->bits <= 1 && p->bits >= 0 && !p->palette &&
               (p->format == EDGEL_FORMAT_PNG || p->format == EDGEL_FORMAT_PNM ||
                p->format == EDGEL_FORMAT_TIFF);
    if (p->bits != 0 && p->bits != 1 && p->bits != 8 * (int)edgel_type_size(v.type))
        return false;
    if (p->bits == 1 && (v.type != EDGEL_U8 || v.channels != 1))
        return false;
    switch (p->format) {
    case EDGEL_FORMAT_PNG:
    case EDGEL_FORMAT_PNM: return one_or_three && (v.type == EDGEL_U8 || v.type == EDGEL_U16);
    case EDGEL_FORMAT_PFM: return one_or_three && v.type == EDGEL_F32;
    case EDGEL_FORMAT_TIFF:
        return one_or_three && (v.type == EDGEL_U8 || v.type == EDGEL_U16 || v.type == EDGEL_F32);
    default: return false;
    }
}

static const struct edgel_writer_kind *kind_of(enum edgel_format format)
{
    switch (format) {
    case EDGEL_FORMAT_PNG: return &edgel_png_writer;
    case EDGEL_FORMAT_TIFF: return &edgel_tiff_writer;
    case EDGEL_FORMAT_PNM: return &edgel_pnm_writer;
    default: return &edgel_pfm_writer;
    }
}

static enum edgel_status check(struct edgel_view v, const struct edgel_write *p, struct edgel_error *err)
{
    if (allowed(v, p))
        return EDGEL_OK;
    return edgel_fail(
        err, EDGEL_EINVAL, "cannot write %d channels of type %d with %d bits%s in tiles of %d as format %d",
        v.channels, (int)v.type, p->bits, p->palette ? " and a palette" : "", p->tile, (int)p->format);
}

static enum edgel_status begin(struct edgel_view shape, const struct edgel_write *params,
                               struct edgel_output *out, struct edgel_writer *w, struct edgel_error *err)
{
    *w = (struct edgel_writer){ .image = shape, .params = *params, .out = out };
    EDGEL_TRY(check(shape, params, err));
    w->one_bit = params->bits == 1 || shape.type == EDGEL_U1;
    w->kind = kind_of(params->format);
    return w->kind->begin(w, err);
}

static void finish(struct edgel_writer *w)
{
    if (w->job)
        w->kind->finish(w);
}

enum edgel_status edgel_writer_begin(struct edgel_view shape, const struct edgel_write *params,
                                     struct edgel_output *out, struct edgel_writer **writer,
                                     struct edgel_error *err)
{
    *writer = NULL;
    if (params->format == EDGEL_FORMAT_PFM)
        return edgel_fail(err, EDGEL_EUNSUPPORTED,
                          "PFM begins with the last row: it cannot be written from the first on");
    struct edgel_writer *w = edgel_alloc(1, sizeof *w);
    if (!w)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", edgel_output_name(out));
    enum edgel_status st = begin(shape, params, out, w, err);
    *writer = w;
    if (st != EDGEL_OK)
        edgel_writer_discard(writer);
    return st;
}

enum edgel_status edgel_writer_row(struct edgel_writer *w, const void *row, struct edgel_error *err)
{
    if (w->rows >= w->image.h)
        return edgel_fail(err, EDGEL_EINVAL, "row %d of an image of %d rows", w->rows, w->image.h);
    EDGEL_TRY(w->kind->row(w, row, err));
    w->rows++;
    return EDGEL_OK;
}

static enum edgel_status check_rows(const struct edgel_writer *w, struct edgel_error *err)
{
    if (w->rows == w->image.h)
        return EDGEL_OK;
    return edgel_fail(err, EDGEL_EINVAL, "%d rows of an image of %d rows", w->rows, w->image.h);
}

enum edgel_status edgel_writer_page(struct edgel_writer *w, struct edgel_view shape, struct edgel_error *err)
{
    if (!w->kind->page)
        return edgel_fail(err, EDGEL_EUNSUPPORTED, "only TIFF holds several pages");
    EDGEL_TRY(check_rows(w, err));
    EDGEL_TRY(check(shape, &w->params, err));
    w->image = shape;
    w->one_bit = w->params.bits == 1 || shape.type == EDGEL_U1;
    w->rows = 0;
    return w->kind->page(w, err);
}

enum edgel_status edgel_writer_end(struct edgel_writer **writer, struct edgel_error *err)
{
    struct edgel_writer *w = *writer;
    enum edgel_status st = check_rows(w, err);
    if (st == EDGEL_OK)
        st = w->kind->end(w, err);
    edgel_writer_discard(writer);
    return st;
}

void edgel_writer_discard(struct edgel_writer **writer)
{
    if (*writer)
        finish(*writer);
    edgel_free(*writer);
    *writer = NULL;
}

enum edgel_status edgel_image_encode(struct edgel_view image, const struct edgel_write *params,
                                     struct edgel_output *out, struct edgel_error *err)
{
    struct edgel_writer w;
    const bool upwards = params->format == EDGEL_FORMAT_PFM;
    enum edgel_status st;
    if (!image.data)
        return edgel_fail(err, EDGEL_EINVAL, "cannot write an image without pixels");
    st = begin(image, params, out, &w, err);
    for (; st == EDGEL_OK && w.rows < image.h; w.rows++)
        st = w.kind->row(&w, edgel_view_row(image, upwards ? image.h - 1 - w.rows : w.rows), err);
    if (st == EDGEL_OK)
        st = w.kind->end(&w, err);
    finish(&w);
    return st;
}

enum edgel_status edgel_image_write(const char *path, struct edgel_view image,
                                    const struct edgel_write *params, struct edgel_error *err)
{
    struct edgel_output *out;
    EDGEL_TRY(edgel_output_begin(path, &out, err));
    enum edgel_status st = edgel_image_encode(image, params, out, err);
    if (st == EDGEL_OK)
        return edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    return st;
}
