/*
 * Pixels of masks to ids.
 *
 * Gray and palette masks: the raw value. Colour masks: the id of the colour if there is a list, else the value of three
 * equal channels. Alpha is left out. Float masks have no ids: they are soft predictions only.
 */
#include "eval/eval_priv.h"
#include <string.h>

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

int edgel_mask_full(const struct edgel_mask *mask, bool zero_one, const struct edgel_colors *colors)
{
    bool by_color = colors && colored(mask) && mask->view.type == EDGEL_U8;
    if (zero_one || mask->bits == 1 || mask->indexed || by_color || edgel_mask_is_float(mask))
        return 1;
    return edgel_mask_largest(mask);
}

bool edgel_mask_set(const struct edgel_mask *mask, int x, int y)
{
    size_t i = (size_t)x * (size_t)mask->view.channels;
    if (mask->view.type == EDGEL_U8)
        return ((const uint8_t *)row_of(mask, y))[i] != 0;
    return ((const uint16_t *)row_of(mask, y))[i] != 0;
}

static enum edgel_status color_id(const struct edgel_colors *colors, const uint8_t *p, int x, int y,
                                  uint16_t *id, struct edgel_error *err)
{
    for (size_t i = 0; i < colors->n; i++) {
        const struct edgel_color *c = &colors->v[i];
        if (c->r == p[0] && c->g == p[1] && c->b == p[2]) {
            *id = (uint16_t)c->id;
            return EDGEL_OK;
        }
    }
    return edgel_fail(err, EDGEL_EFORMAT, "colour %d %d %d at x %d, y %d is not in the list of colours", p[0],
                      p[1], p[2], x, y);
}

static enum edgel_status color_row(const struct edgel_mask *mask, const struct edgel_colors *colors, int y,
                                   uint16_t *ids, struct edgel_error *err)
{
    const int step = mask->view.channels;
    const uint8_t *p = row_of(mask, y);
    for (int x = 0; x < mask->view.w; x++, p += step) {
        if (x > 0 && memcmp(p, p - step, 3) == 0)
            ids[x] = ids[x - 1];
        else
            EDGEL_TRY(color_id(colors, p, x, y, &ids[x], err));
    }
    return EDGEL_OK;
}

static enum edgel_status not_gray(int x, int y, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EFORMAT,
                      "a colour mask whose channels differ (at x %d, y %d) needs a list of colours", x, y);
}

static enum edgel_status row_u8(const struct edgel_mask *mask, int y, uint16_t *ids, struct edgel_error *err)
{
    const int step = mask->view.channels, w = mask->view.w;
    const uint8_t *p = row_of(mask, y);
    if (step == 1) {
        for (int x = 0; x < w; x++)
            ids[x] = p[x];
        return EDGEL_OK;
    }
    for (int x = 0; x < w; x++, p += step) {
        if (step >= 3 && (p[0] != p[1] || p[0] != p[2]))
            return not_gray(x, y, err);
        ids[x] = p[0];
    }
    return EDGEL_OK;
}

static enum edgel_status row_u16(const struct edgel_mask *mask, int y, uint16_t *ids, struct edgel_error *err)
{
    const int step = mask->view.channels, w = mask->view.w;
    const uint16_t *p = row_of(mask, y);
    for (int x = 0; x < w; x++, p += step) {
        if (step >= 3 && (p[0] != p[1] || p[0] != p[2]))
            return not_gray(x, y, err);
        ids[x] = p[0];
    }
    return EDGEL_OK;
}

enum edgel_status edgel_mask_row(const struct edgel_mask *mask, const struct edgel_colors *colors, int y,
                                 uint16_t *ids, struct edgel_error *err)
{
    if (mask->view.type == EDGEL_U16)
        return row_u16(mask, y, ids, err);
    if (colors && colored(mask))
        return color_row(mask, colors, y, ids, err);
    return row_u8(mask, y, ids, err);
}
