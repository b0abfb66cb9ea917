/* Pixels of masks to ids: the one place where colours become ids. */
#include "core/core_priv.h"
#include "edgel/dataset.h"
#include <string.h>

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

static enum edgel_status color_row(const struct edgel_view *v, const struct edgel_colors *colors, int y,
                                   uint16_t *ids, struct edgel_error *err)
{
    const uint8_t *p = (const uint8_t *)v->data + (ptrdiff_t)y * v->stride;
    for (int x = 0; x < v->w; x++, p += v->channels) {
        if (x > 0 && memcmp(p, p - v->channels, 3) == 0)
            ids[x] = ids[x - 1];
        else
            EDGEL_TRY(color_id(colors, p, x, y, &ids[x], err));
    }
    return EDGEL_OK;
}

enum edgel_status edgel_mask_ids(const struct edgel_mask *mask, const struct edgel_colors *colors,
                                 uint16_t *ids, struct edgel_error *err)
{
    EDGEL_REQUIRE(mask);
    EDGEL_REQUIRE(ids);
    const struct edgel_view *v = &mask->view;
    const bool by_color = colors && colors->n > 0 && v->channels >= 3 && v->type == EDGEL_U8;
    if (v->type == EDGEL_F32)
        return edgel_fail(err, EDGEL_EFORMAT, "a float image has no ids");
    if (!v->data || (v->type != EDGEL_U8 && v->type != EDGEL_U16))
        return edgel_fail(err, EDGEL_EINVAL, "no mask: samples of 8 or 16 bits are");
    for (int y = 0; y < v->h; y++, ids += v->w)
        EDGEL_TRY(by_color ? color_row(v, colors, y, ids, err) : edgel_mask_row(mask, y, ids, err));
    return EDGEL_OK;
}
