/* What a mask can be read as. Float masks have no ids: they are soft predictions only. */
#include "eval/eval_priv.h"

static const void *row_of(const struct edgel_mask *mask, int y)
{
    return (const char *)mask->view.data + y * mask->view.stride;
}

static bool colored(const struct edgel_mask *mask)
{
    return mask->view.channels >= 3;
}

bool edgel_mask_is_float(const struct edgel_mask *mask)
{
    return mask->view.type == EDGEL_F32;
}

enum edgel_status edgel_mask_check(const struct edgel_mask *mask, const char *role, bool soft,
                                   struct edgel_error *err)
{
    const struct edgel_view *v = &mask->view;
    if (!v->data || v->w < 1 || v->h < 1 || v->channels < 1 || v->channels > 4)
        return edgel_fail(err, EDGEL_EINVAL, "%s: not a mask (%dx%d, %d channels)", role, v->w, v->h,
                          v->channels);
    if (v->type == EDGEL_F32 && !soft)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: a float image has no ids", role);
    if (v->type == EDGEL_F32 && colored(mask))
        return edgel_fail(err, EDGEL_EFORMAT, "%s: a float image with colours is no soft mask", role);
    if (v->type != EDGEL_U8 && v->type != EDGEL_U16 && v->type != EDGEL_F32)
        return edgel_fail(err, EDGEL_EINVAL, "%s: signed samples are no mask", role);
    return EDGEL_OK;
}

enum edgel_status edgel_mask_check_size(const struct edgel_mask *mask, const char *role, int w, int h,
                                        struct edgel_error *err)
{
    if (mask->view.w == w && mask->view.h == h)
        return EDGEL_OK;
    const bool swapped = mask->view.w == h && mask->view.h == w;
    return edgel_fail(err, EDGEL_EFORMAT, "%s is %dx%d, truth is %dx%d: sizes differ%s", role, mask->view.w,
                      mask->view.h, w, h, swapped ? ", width and height are swapped" : "");
}

int edgel_mask_full(const struct edgel_mask *mask, bool zero_one)
{
    return zero_one || mask->bits == 1 || mask->indexed || edgel_mask_is_float(mask)
               ? 1
               : edgel_mask_largest(mask);
}

bool edgel_mask_set(const struct edgel_mask *mask, int x, int y)
{
    size_t i = (size_t)x * (size_t)mask->view.channels;
    if (mask->view.type == EDGEL_U8)
        return ((const uint8_t *)row_of(mask, y))[i] != 0;
    return ((const uint16_t *)row_of(mask, y))[i] != 0;
}
