/* Pixels in memory. They are in core because every module uses them. */
#include "edgel/image.h"
#include "core/core_priv.h"

size_t edgel_type_size(enum edgel_type type)
{
    switch (type) {
    case EDGEL_U8: return 1;
    case EDGEL_U16:
    case EDGEL_I16: return 2;
    case EDGEL_F32:
    case EDGEL_I32: return 4;
    case EDGEL_U1: return 0;
    }
    return 0;
}

enum edgel_status edgel_image_init(struct edgel_image *img, int w, int h, int channels, enum edgel_type type,
                                   struct edgel_error *err)
{
    EDGEL_REQUIRE(img);
    const size_t size = edgel_type_size(type);
    const bool packed = type == EDGEL_U1;
    enum edgel_status st = EDGEL_OK;
    if (w < 1 || h < 1 || channels < 1 || channels > (packed ? 1 : 4) || (size == 0 && !packed)) {
        st = edgel_fail(err, EDGEL_EINVAL, "image %dx%d, %d channels: sides must be >= 1, channels 1 to 4", w,
                        h, channels);
        goto fail;
    }
    const size_t bytes = packed ? ((size_t)w + 7) / 8 : (size_t)w * (size_t)channels * size;
    const size_t row = (bytes + 63) & ~(size_t)63;
    if (row > PTRDIFF_MAX || (size_t)h > SIZE_MAX / row || row * (size_t)h > img->capacity_bytes) {
        edgel_image_finish(img);
        img->data = edgel_alloc((size_t)h, row);
        if (!img->data) {
            st = edgel_fail(err, EDGEL_ENOMEM, "image %dx%d: out of memory", w, h);
            goto fail;
        }
        img->capacity_bytes = row * (size_t)h;
    }
    img->w = w;
    img->h = h;
    img->channels = channels;
    img->type = type;
    img->stride = (ptrdiff_t)row;
    return EDGEL_OK;
fail:
    edgel_image_finish(img);
    return st;
}

void edgel_image_finish(struct edgel_image *img)
{
    if (!img)
        return;
    edgel_free(img->data);
    *img = (struct edgel_image){ 0 };
}

struct edgel_view edgel_image_view(const struct edgel_image *img)
{
    return (struct edgel_view){ img->data, img->w, img->h, img->channels, img->type, img->stride };
}
