/* Pictures of labels over the image that they belong to; the formulas stand in edgel/geometry.h. */
#include "geometry/geometry_priv.h"

/* The image and one or two maps of its size; then out is made. */
static enum edgel_status begin(const char *what, struct edgel_view image, const struct edgel_view *maps,
                               int nmaps, struct edgel_image *out, struct edgel_error *err)
{
    enum edgel_status s = edgel_view_check(what, image, 4, err);
    if (s == EDGEL_OK && image.channels == 2)
        s = edgel_fail(err, EDGEL_EINVAL, "%s: image with 2 channels: must have 1, 3 or 4", what);
    for (int i = 0; i < nmaps && s == EDGEL_OK; i++) {
        s = edgel_labels_check(what, maps[i], err);
        if (s == EDGEL_OK && (maps[i].w != image.w || maps[i].h != image.h))
            s = edgel_fail(err, EDGEL_EINVAL, "%s: image of %dx%d, labels of %dx%d: must agree", what,
                           image.w, image.h, maps[i].w, maps[i].h);
    }
    if (s == EDGEL_OK)
        return edgel_image_init(out, image.w, image.h, 3, EDGEL_U8, err);
    edgel_image_finish(out);
    return s;
}

/* Channel c of pixel x, c below 3; gray has one for all. */
static size_t sample_at(struct edgel_view image, int x, int c)
{
    return (size_t)x * (size_t)image.channels + (size_t)(image.channels == 1 ? 0 : c);
}

static int as_byte(enum edgel_type type, const void *row, size_t i)
{
    if (type == EDGEL_U8)
        return ((const uint8_t *)row)[i];
    if (type == EDGEL_U16)
        return ((const uint16_t *)row)[i] >> 8;
    const float v = ((const float *)row)[i];
    return v >= 1 ? 255 : v > 0 ? (int)(v * 255.0f + 0.5f) : 0;
}

static float as_fraction(enum edgel_type type, const void *row, size_t i)
{
    if (type == EDGEL_U8)
        return (float)((const uint8_t *)row)[i] / 255.0f;
    if (type == EDGEL_U16)
        return (float)((const uint16_t *)row)[i] / 65535.0f;
    const float v = ((const float *)row)[i];
    return v >= 1 ? 1 : v > 0 ? v : 0;
}

enum edgel_status edgel_overlay_labels(struct edgel_view image, struct edgel_view labels,
                                       const struct edgel_palette *palette, struct edgel_image *out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    if (!palette)
        edgel_image_finish(out);
    EDGEL_REQUIRE(palette);
    EDGEL_TRY(begin("overlay", image, &labels, 1, out, err));
    for (int y = 0; y < image.h; y++) {
        const void *ids = edgel_view_row(labels, y), *from = edgel_view_row(image, y);
        uint8_t *to = (uint8_t *)out->data + y * out->stride;
        for (int x = 0; x < image.w; x++) {
            const int id = edgel_label_at(ids, labels.type, x);
            for (int c = 0; c < 3; c++, to++) {
                const int v = as_byte(image.type, from, sample_at(image, x, c));
                *to = (uint8_t)(id ? (v + palette->rgb[id & 255][c] + 1) / 2 : v);
            }
        }
    }
    return EDGEL_OK;
}

enum { RED, GREEN, BLUE, NONE };

static int tint_of(int truth, int seen, int ignore)
{
    if (truth == ignore || (truth == 0 && seen == 0))
        return NONE;
    return truth == seen ? GREEN : seen == 0 ? BLUE : RED;
}

enum edgel_status edgel_overlay_judged(struct edgel_view image, struct edgel_view truth,
                                       struct edgel_view prediction, int ignore, struct edgel_image *out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_TRY(begin("overlay", image, (const struct edgel_view[]){ truth, prediction }, 2, out, err));
    for (int y = 0; y < image.h; y++) {
        const void *t = edgel_view_row(truth, y), *p = edgel_view_row(prediction, y);
        const void *from = edgel_view_row(image, y);
        uint8_t *to = (uint8_t *)out->data + y * out->stride;
        for (int x = 0; x < image.w; x++) {
            const int tint =
                tint_of(edgel_label_at(t, truth.type, x), edgel_label_at(p, prediction.type, x), ignore);
            for (int c = 0; c < 3; c++, to++)
                *to = (uint8_t)(127.0f * as_fraction(image.type, from, sample_at(image, x, c)) +
                                (tint == c ? 128.0f : 0));
        }
    }
    return EDGEL_OK;
}
