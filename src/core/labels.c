/* The meaning of masks: ids, names of classes, and the value of the full range.
 *
 * The id of a pixel is its raw value in gray and palette masks, and the common value of three equal channels. Other
 * colours have ids only by a list (src/dataset/mask_ids.c). */
#include "core/core_priv.h"
#include "edgel/image.h"

bool edgel_id_in(const int32_t *ids, size_t n, int32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

char *edgel_class_name(const struct edgel_classes *given, int32_t id, const char *instead)
{
    for (size_t i = 0; given && i < given->n; i++)
        if (given->v[i].id == id)
            return edgel_strdup(given->v[i].name);
    if (instead)
        return edgel_strdup(instead);
    struct edgel_text t = { 0 };
    edgel_text_printf(&t, "%d", id);
    if (t.failed) {
        edgel_text_finish(&t);
        return NULL;
    }
    return t.s;
}

void edgel_classes_finish(struct edgel_classes *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        edgel_free(c->v[i].name);
    edgel_free(c->v);
    *c = (struct edgel_classes){ 0 };
}

void edgel_colors_finish(struct edgel_colors *c)
{
    if (!c)
        return;
    edgel_free(c->v);
    *c = (struct edgel_colors){ 0 };
}

int edgel_mask_largest(const struct edgel_mask *mask)
{
    if (mask->view.type == EDGEL_U16)
        return 65535;
    return mask->bits == 2 ? 3 : mask->bits == 4 ? 15 : 255;
}

static const void *row_of(const struct edgel_mask *mask, int y)
{
    return (const char *)mask->view.data + y * mask->view.stride;
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

enum edgel_status edgel_mask_row(const struct edgel_mask *mask, int y, uint16_t *ids, struct edgel_error *err)
{
    return mask->view.type == EDGEL_U16 ? row_u16(mask, y, ids, err) : row_u8(mask, y, ids, err);
}
