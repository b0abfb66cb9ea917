/*
 * The values seen in masks, by which labels are decided once per run: binary if and only if all truth values lie in
 * {0, 1}, or all in {0, full range}, or the files are 1-bit. 255 counts as the full range of 16-bit files and palettes
 * as well, since masks of 0 and 255 are written in every kind of file.
 */
#include "core/core_priv.h"
#include "edgel/dataset.h"

struct sight {
    struct edgel_mask_values *values;
    const int32_t *ignore;
    size_t nignore;
    int full;
};

static void see(struct sight *s, int v)
{
    if (v == 0 || edgel_id_in(s->ignore, s->nignore, v))
        return;
    if (v == 1) {
        s->values->one = true;
        return;
    }
    s->values->above_one = true;
    if (v == s->full || v == 255)
        s->values->full = true;
    else
        s->values->other = true;
}

static void see_colors(struct sight *s)
{
    s->values->above_one = true;
    s->values->other = true;
}

static void look_u8(struct sight *s, const struct edgel_view *v)
{
    bool seen[256] = { false };
    for (int y = 0; y < v->h; y++) {
        const uint8_t *p = (const uint8_t *)v->data + y * v->stride;
        for (int x = 0; x < v->w; x++, p += v->channels) {
            if (v->channels >= 3 && (p[0] != p[1] || p[0] != p[2])) {
                see_colors(s);
                return;
            }
            seen[p[0]] = true;
        }
    }
    for (int i = 0; i < 256; i++)
        if (seen[i])
            see(s, i);
}

static void look_u16(struct sight *s, const struct edgel_view *v)
{
    int last = 0;
    for (int y = 0; y < v->h; y++) {
        const uint16_t *p = (const uint16_t *)(const void *)((const char *)v->data + y * v->stride);
        for (int x = 0; x < v->w; x++, p += v->channels) {
            if (v->channels >= 3 && (p[0] != p[1] || p[0] != p[2])) {
                see_colors(s);
                return;
            }
            if (p[0] != last)
                see(s, last = p[0]);
        }
    }
}

/* Float samples are shares: 1.0 is the full range, never the id 1. */
static void look_f32(struct sight *s, const struct edgel_view *v)
{
    for (int y = 0; y < v->h; y++) {
        const float *p = (const float *)(const void *)((const char *)v->data + y * v->stride);
        for (int x = 0; x < v->w; x++, p += v->channels) {
            if (p[0] == 0.0f)
                continue;
            s->values->above_one = true;
            if (p[0] == 1.0f)
                s->values->full = true;
            else
                s->values->other = true;
        }
    }
}

void edgel_mask_values_add(struct edgel_mask_values *values, const struct edgel_mask *mask,
                           const int32_t *ignore, size_t nignore)
{
    if (mask->bits == 1 && !mask->indexed)
        return;
    struct sight s = { values, ignore, nignore, mask->indexed ? 255 : edgel_mask_largest(mask) };
    if (mask->view.type == EDGEL_U8)
        look_u8(&s, &mask->view);
    else if (mask->view.type == EDGEL_U16)
        look_u16(&s, &mask->view);
    else if (mask->view.type == EDGEL_F32)
        look_f32(&s, &mask->view);
}

enum edgel_labels edgel_mask_values_labels(const struct edgel_mask_values *truth)
{
    bool zero_one = !truth->above_one;
    bool zero_full = !truth->one && !truth->other;
    return zero_one || zero_full ? EDGEL_LABELS_BINARY : EDGEL_LABELS_IDS;
}

bool edgel_mask_values_zero_one(const struct edgel_mask_values *prediction)
{
    return prediction->one && !prediction->above_one;
}
