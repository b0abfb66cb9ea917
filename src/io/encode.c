/* From an image to the bytes of a file. */
#include "io/io_priv.h"

void edgel_write_init(struct edgel_write *params)
{
    *params = (struct edgel_write){ .format = EDGEL_FORMAT_PNG };
}

/* Whether the format's row of the table takes such pixels with such parameters. */
static bool allowed(const struct edgel_format_row *row, struct edgel_view v, const struct edgel_write *p)
{
    const unsigned holds = row->info.holds;
    const bool gray = v.channels == 1, whole = v.type == EDGEL_U8 && gray;
    if (v.w < 1 || v.h < 1 || (!gray && v.channels != 3))
        return false;
    if ((p->tile != 0 || p->bytes != 0) && !(holds & EDGEL_HOLDS_TILES))
        return false;
    if (p->tile < 0 || p->tile > EDGEL_TILE_MAX || p->tile % 16 != 0)
        return false;
    if (p->palette)
        return (holds & EDGEL_HOLDS_PALETTE) && whole && (p->bits == 0 || p->bits == 8) &&
               p->palette->count >= 1 && p->palette->count <= 256;
    if (v.type == EDGEL_U1)
        return (holds & EDGEL_HOLDS_ONE_BIT) && gray && (p->bits == 0 || p->bits == 1);
    if (p->bits == 1)
        return (holds & EDGEL_HOLDS_ONE_BIT) && whole;
    if (p->bits != 0 && p->bits != 8 * (int)edgel_type_size(v.type))
        return false;
    switch (v.type) {
    case EDGEL_U8: return holds & EDGEL_HOLDS_U8;
    case EDGEL_U16: return holds & EDGEL_HOLDS_U16;
    case EDGEL_F32: return holds & EDGEL_HOLDS_F32;
    case EDGEL_U1:
    case EDGEL_I16:
    case EDGEL_I32: return false;
    }
    return false;
}

static enum edgel_status check(const struct edgel_format_row *row, struct edgel_view v,
                               const struct edgel_write *p, struct edgel_error *err)
{
    if (allowed(row, v, p))
        return EDGEL_OK;
    return edgel_fail(err, EDGEL_EINVAL,
                      "cannot write %d channels of type %d with %d bits%s in tiles of %d as %s", v.channels,
                      (int)v.type, p->bits, p->palette ? " and a palette" : "", p->tile, row->info.name);
}

static enum edgel_status find_row(enum edgel_format format, const struct edgel_format_row **row,
                                  struct edgel_error *err)
{
    const struct edgel_format_row *found = *row = edgel_format_row_of(format);
    if (!found)
        return edgel_fail(err, EDGEL_EINVAL, "format %d: no image format", (int)format);
    if (found->info.lacks)
        return edgel_fail(err, EDGEL_EUNSUPPORTED, "cannot write %s: this build of edgel was made without %s",
                          found->info.name, found->info.lacks);
    return found->writer ? EDGEL_OK
                         : edgel_fail(err, EDGEL_EINVAL, "%s is read, not written", found->info.name);
}

static enum edgel_status begin(struct edgel_view shape, const struct edgel_write *params,
                               struct edgel_output *out, struct edgel_writer *w, struct edgel_error *err)
{
    *w = (struct edgel_writer){ .image = shape, .params = *params, .out = out };
    EDGEL_TRY(find_row(params->format, &w->format, err));
    EDGEL_TRY(check(w->format, shape, params, err));
    w->one_bit = params->bits == 1 || shape.type == EDGEL_U1;
    w->kind = w->format->writer;
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
    EDGEL_REQUIRE(writer);
    *writer = NULL;
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(out);
    const struct edgel_format_row *format = edgel_format_row_of(params->format);
    if (format && format->last_row_first)
        return edgel_fail(err, EDGEL_EUNSUPPORTED,
                          "%s begins with the last row: it cannot be written from the first on",
                          format->info.name);
    struct edgel_writer *w = edgel_alloc(1, sizeof *w);
    if (!w)
        return edgel_no_memory(err, edgel_output_name(out));
    enum edgel_status st = begin(shape, params, out, w, err);
    *writer = w;
    if (st != EDGEL_OK)
        edgel_writer_discard(writer);
    return st;
}

enum edgel_status edgel_writer_row(struct edgel_writer *w, const void *row, struct edgel_error *err)
{
    EDGEL_REQUIRE(w);
    EDGEL_REQUIRE(row);
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
    EDGEL_REQUIRE(w);
    if (!w->kind->page)
        return edgel_fail(err, EDGEL_EUNSUPPORTED, "a %s file holds one image", w->format->info.name);
    EDGEL_TRY(check_rows(w, err));
    EDGEL_TRY(check(w->format, shape, &w->params, err));
    w->image = shape;
    w->one_bit = w->params.bits == 1 || shape.type == EDGEL_U1;
    w->rows = 0;
    return w->kind->page(w, err);
}

enum edgel_status edgel_writer_end(struct edgel_writer **writer, struct edgel_error *err)
{
    EDGEL_REQUIRE(writer && *writer);
    struct edgel_writer *w = *writer;
    enum edgel_status st = check_rows(w, err);
    if (st == EDGEL_OK)
        st = w->kind->end(w, err);
    edgel_writer_discard(writer);
    return st;
}

void edgel_writer_discard(struct edgel_writer **writer)
{
    if (!writer || !*writer)
        return;
    finish(*writer);
    edgel_free(*writer);
    *writer = NULL;
}

enum edgel_status edgel_image_encode(struct edgel_view image, const struct edgel_write *params,
                                     struct edgel_output *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(out);
    struct edgel_writer w;
    enum edgel_status st;
    if (!image.data)
        return edgel_fail(err, EDGEL_EINVAL, "cannot write an image without pixels");
    st = begin(image, params, out, &w, err);
    for (; st == EDGEL_OK && w.rows < image.h; w.rows++)
        st = w.kind->row(&w, edgel_view_row(image, w.format->last_row_first ? image.h - 1 - w.rows : w.rows),
                         err);
    if (st == EDGEL_OK)
        st = w.kind->end(&w, err);
    finish(&w);
    return st;
}

static enum edgel_status encode_and_commit(struct edgel_view image, const struct edgel_write *params,
                                           struct edgel_output *out, struct edgel_error *err)
{
    enum edgel_status st = edgel_image_encode(image, params, out, err);
    if (st == EDGEL_OK)
        return edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    return st;
}

enum edgel_status edgel_image_write(const char *path, struct edgel_view image,
                                    const struct edgel_write *params, struct edgel_error *err)
{
    struct edgel_output *out;
    EDGEL_TRY(edgel_output_begin(path, &out, err));
    return encode_and_commit(image, params, out, err);
}

enum edgel_status edgel_image_write_bytes(struct edgel_view image, const struct edgel_write *params,
                                          struct edgel_bytes *bytes, struct edgel_error *err)
{
    struct edgel_output *out;
    EDGEL_TRY(edgel_output_begin_bytes(bytes, "image", &out, err));
    return encode_and_commit(image, params, out, err);
}
