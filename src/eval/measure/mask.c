/* What a mask can be read as. Float masks have no ids: they are soft predictions only. */
#include "eval/eval_priv.h"

static const void *row_of(const struct edgel_mask *mask, int y)
{
    return (const char *)mask->view.data + y * mask->view.stride;
}

/* What follows the role in a message: a space and the file, or nothing. */
#define NAME_OF(mask) (mask)->name ? " " : "", (mask)->name ? (mask)->name : ""

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
        return edgel_fail(err, EDGEL_EINVAL, "%s%s%s: not a mask (%dx%d, %d channels)", role, NAME_OF(mask),
                          v->w, v->h, v->channels);
    if (v->type == EDGEL_F32 && !soft)
        return edgel_fail(err, EDGEL_EFORMAT, "%s%s%s: a float image has no ids", role, NAME_OF(mask));
    if (v->type == EDGEL_F32 && colored(mask))
        return edgel_fail(err, EDGEL_EFORMAT, "%s%s%s: a float image with colours is no soft mask", role,
                          NAME_OF(mask));
    if (v->type != EDGEL_U8 && v->type != EDGEL_U16 && v->type != EDGEL_F32)
        return edgel_fail(err, EDGEL_EINVAL, "%s%s%s: signed samples are no mask", role, NAME_OF(mask));
    return EDGEL_OK;
}

enum edgel_status edgel_mask_check_size(const struct edgel_mask *mask, const char *role,
                                        const struct edgel_mask *truth, struct edgel_error *err)
{
    const struct edgel_view *m = &mask->view, *t = &truth->view;
    if (m->w == t->w && m->h == t->h)
        return EDGEL_OK;
    const bool swapped = m->w == t->h && m->h == t->w;
    return edgel_fail(err, EDGEL_EFORMAT, "%s%s%s is %dx%d, truth%s%s is %dx%d: sizes differ%s", role,
                      NAME_OF(mask), m->w, m->h, NAME_OF(truth), t->w, t->h,
                      swapped ? ", width and height are swapped" : "");
}

enum edgel_status edgel_mask_read(const struct edgel_mask *mask, const char *role, int y, uint16_t *ids,
                                  struct edgel_error *err)
{
    struct edgel_error cause = { 0 };
    const enum edgel_status st = edgel_mask_row(mask, y, ids, &cause);
    return st == EDGEL_OK ? st : edgel_fail(err, st, "%s%s%s: %s", role, NAME_OF(mask), cause.msg);
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
