/* From the bytes of a file to an image: format, limits, decoder, orientation. */
#include "io/io_priv.h"
#include <inttypes.h>
#include <stdio.h>

enum edgel_status edgel_source_check_size(const struct edgel_source *src, uint32_t w, uint32_t h)
{
    const struct edgel_limits *l = &src->params->limits;
    uint32_t side = w > h ? w : h;
    if (l->max_side < 0 || side > (uint32_t)l->max_side)
        return edgel_fail(src->err, EDGEL_ELIMIT,
                          "%s: %" PRIu32 "x%" PRIu32 ": side over the limit of %d (--max-side)", src->name, w,
                          h, l->max_side);
    if ((uint64_t)w * h > l->max_pixels)
        return edgel_fail(src->err, EDGEL_ELIMIT,
                          "%s: %" PRIu32 "x%" PRIu32 ": %" PRIu64 " pixels, over the limit of %" PRIu64
                          " (--max-pixels)",
                          src->name, w, h, (uint64_t)w * h, l->max_pixels);
    return EDGEL_OK;
}

static void note(char *to, size_t size, const char *text)
{
    if (to[0] == '\0')
        snprintf(to, size, "%s", text);
}

void edgel_source_remark(const struct edgel_source *src, const char *text)
{
    note(src->info->remark, sizeof src->info->remark, text);
}

void edgel_source_damage(const struct edgel_source *src, const char *text)
{
    note(src->info->damage, sizeof src->info->damage, text);
}

enum edgel_status edgel_source_check_rows(const struct edgel_source *src, bool in_order, const char *what)
{
    if (!src->sink ||
        (in_order && !src->params->lenient && (!src->params->orient || src->info->orientation == 1)))
        return EDGEL_OK;
    if (!in_order)
        return edgel_fail(src->err, EDGEL_EUNSUPPORTED, "%s: %s is not read row by row", src->name, what);
    return edgel_fail(src->err, EDGEL_EUNSUPPORTED, "%s: a %s image is not read row by row", src->name,
                      src->params->lenient ? "damaged" : "turned");
}

/* Of a format whose files hold one image. */
static enum edgel_status check_page(const struct edgel_source *src)
{
    const int page = src->params->page;
    if (page == 1)
        src->info->pages = 1;
    if (page <= 1)
        return EDGEL_OK;
    return edgel_fail(src->err, EDGEL_EINVAL, "%s: has one page, not page %d", src->name, page);
}

static enum edgel_status decode_by_format(const struct edgel_source *src, struct edgel_image *out)
{
    const size_t n = src->size < 16 ? src->size : 16;
    const unsigned char *head = edgel_source_at(src, 0, n);
    src->info->format = head ? edgel_format_of_bytes(head, n) : EDGEL_FORMAT_NONE;
    if (src->info->format != EDGEL_FORMAT_TIFF && src->info->format != EDGEL_FORMAT_NONE)
        EDGEL_TRY(check_page(src));
    switch (src->info->format) {
    case EDGEL_FORMAT_PNG: return edgel_png_decode(src, out);
    case EDGEL_FORMAT_JPEG: return edgel_jpeg_decode(src, out);
    case EDGEL_FORMAT_TIFF: return edgel_tiff_decode(src, out);
    case EDGEL_FORMAT_PNM: return edgel_pnm_decode(src, out);
    case EDGEL_FORMAT_PFM: return edgel_pfm_decode(src, out);
    case EDGEL_FORMAT_NONE: break;
    }
    const char *foreign = head ? edgel_foreign_format(head, n) : NULL;
    if (foreign)
        return edgel_fail(src->err, EDGEL_EFORMAT, "%s: %s image; read are PNG, JPEG, TIFF, PNM and PFM",
                          src->name, foreign);
    return edgel_fail(src->err, EDGEL_EFORMAT, "%s: %s", src->name,
                      src->size ? "not a PNG, JPEG, TIFF, PNM or PFM image" : "the file is empty");
}

void edgel_limits_init(struct edgel_limits *limits)
{
    *limits = (struct edgel_limits){
        .max_pixels = (uint64_t)1 << 28, .max_side = 1000000, .max_scans = 100, .max_chunk_bytes = 8000000
    };
}

void edgel_read_init(struct edgel_read *params)
{
    *params = (struct edgel_read){ .decode = EDGEL_DECODE_GRAY, .orient = true };
    edgel_limits_init(&params->limits);
}

enum edgel_status edgel_image_decode(const void *bytes, size_t size, const char *name,
                                     const struct edgel_read *params, struct edgel_image *out,
                                     struct edgel_info *info, struct edgel_error *err)
{
    struct edgel_info unused;
    struct edgel_source src = { bytes, size, name, params, info ? info : &unused, err, NULL, NULL };
    *src.info = (struct edgel_info){ .orientation = 1 };
    enum edgel_status st = decode_by_format(&src, out);
    if (st == EDGEL_OK && params->orient)
        st = edgel_image_orient(out, src.info->orientation, err);
    if (st != EDGEL_OK)
        edgel_image_finish(out);
    return st;
}

enum edgel_status edgel_image_read(const char *path, const struct edgel_read *params, struct edgel_image *out,
                                   struct edgel_info *info, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    enum edgel_status st = edgel_bytes_read(path, &bytes, err);
    if (st == EDGEL_OK)
        st = edgel_image_decode(bytes.data, bytes.size, path, params, out, info, err);
    else
        edgel_image_finish(out);
    edgel_bytes_finish(&bytes);
    return st;
}

enum edgel_status edgel_image_stream(const char *path, const struct edgel_read *params,
                                     const struct edgel_row_sink *sink, struct edgel_info *info,
                                     struct edgel_error *err)
{
    struct edgel_info unused;
    struct edgel_window window = { .fd = -1 };
    struct edgel_source src = { NULL, 0, path, params, info ? info : &unused, err, &window, sink };
    struct edgel_image ring = { 0 };
    *src.info = (struct edgel_info){ .orientation = 1 };
    enum edgel_status st = edgel_file_open(path, &window.fd, &src.size, err);
    if (st != EDGEL_OK)
        return st;
    window.bytes = edgel_alloc(EDGEL_WINDOW, 1);
    if (!window.bytes)
        st = edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", path);
    if (st == EDGEL_OK)
        st = decode_by_format(&src, &ring);
    if (st != EDGEL_OK && window.failed)
        st = EDGEL_EIO;
    edgel_image_finish(&ring);
    edgel_free(window.bytes);
    edgel_file_close(window.fd);
    return st;
}
