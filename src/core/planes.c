/* Pixels as planes of floats, one channel after the other. */
#include "core/core_priv.h"
#include "edgel/image.h"

static void fill_row(const struct edgel_view *v, int channel, int x, int y, int w, float *to)
{
    const size_t step = (size_t)v->channels;
    const size_t at = (size_t)x * step + (size_t)(channel < v->channels ? channel : 0);
    const void *row = (const char *)v->data + (ptrdiff_t)y * v->stride;
    for (int i = 0; i < w; i++) {
        const size_t k = at + (size_t)i * step;
        to[i] = v->type == EDGEL_U8    ? (float)((const uint8_t *)row)[k] / 255.0f
                : v->type == EDGEL_U16 ? (float)((const uint16_t *)row)[k] / 65535.0f
                                       : ((const float *)row)[k];
    }
}

enum edgel_status edgel_image_planes(struct edgel_view image, int channels, int x, int y, int w, int h,
                                     float *planes, struct edgel_error *err)
{
    EDGEL_REQUIRE(planes);
    if (image.type != EDGEL_U8 && image.type != EDGEL_U16 && image.type != EDGEL_F32)
        return edgel_fail(err, EDGEL_EINVAL, "planes: of samples of 8 or 16 bits, or floats");
    if (!image.data || channels < 1 || x < 0 || y < 0 || w < 1 || h < 1 || w > image.w - x || h > image.h - y)
        return edgel_fail(err, EDGEL_EINVAL, "planes: %dx%d at %d, %d of an image of %dx%d, %d channels", w,
                          h, x, y, image.w, image.h, channels);
    for (int c = 0; c < channels; c++)
        for (int r = 0; r < h; r++, planes += w)
            fill_row(&image, c, x, y + r, w, planes);
    return EDGEL_OK;
}
