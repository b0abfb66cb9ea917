/* From an image to the bytes of a file. */
#include "io/io_priv.h"
#include <string.h>

const void *edgel_view_row(struct edgel_view v, int y)
{
    return (const char *)v.data + y * v.stride;
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
    if (!v.data || v.w < 1 || v.h < 1 || (p->palette && p->format != EDGEL_FORMAT_PNG))
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

enum edgel_status edgel_image_encode(struct edgel_view image, const struct edgel_write *params,
                                     struct edgel_output *out, struct edgel_error *err)
{
    if (!allowed(image, params))
        return edgel_fail(err, EDGEL_EINVAL,
                          "cannot write %d channels of type %d with %d bits%s as format %d", image.channels,
                          (int)image.type, params->bits, params->palette ? " and a palette" : "",
                          (int)params->format);
    switch (params->format) {
    case EDGEL_FORMAT_PNG: return edgel_png_encode(image, params, out, err);
    case EDGEL_FORMAT_TIFF: return edgel_tiff_encode(image, params, out, err);
    case EDGEL_FORMAT_PNM: return edgel_pnm_encode(image, params, out, err);
    default: return edgel_pfm_encode(image, out, err);
    }
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
