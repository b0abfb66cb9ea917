/*
 * Connected components over 8 neighbours. Each pixel points to an earlier pixel of its component, or to itself; a root
 * is the first pixel of its component in reading order. The second pass numbers components as it meets their roots;
 * every other pixel takes the number of the pixel that it points to. Near-linear (union by index, path halving).
 * Memory: the numbers alone, which hold the pointers until the second pass.
 */
#include "geometry/geometry_priv.h"

static uint32_t root_of(uint32_t *parent, uint32_t p)
{
    while (parent[p] != p) {
        parent[p] = parent[parent[p]];
        p = parent[p];
    }
    return p;
}

static void join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

static void join_neighbours(struct edgel_view labels, uint32_t *parent, int y)
{
    const int w = labels.w;
    const void *mid = edgel_view_row(labels, y), *up = edgel_view_row(labels, y > 0 ? y - 1 : 0);
    const uint32_t row = (uint32_t)y * (uint32_t)w;
    for (int x = 0; x < w; x++) {
        const uint32_t p = row + (uint32_t)x;
        const int label = edgel_label_at(mid, labels.type, x);
        parent[p] = p;
        if (x > 0 && edgel_label_at(mid, labels.type, x - 1) == label)
            join(parent, p, p - 1);
        for (int dx = -1; dx <= 1 && y > 0; dx++)
            if (x + dx >= 0 && x + dx < w && edgel_label_at(up, labels.type, x + dx) == label)
                join(parent, p, (uint32_t)((int64_t)p - w + dx));
    }
}

/* Pointers to numbers, in place; returns how many components there are. */
static uint32_t number(struct edgel_view labels, uint32_t *numbers, int background)
{
    uint32_t n = 0, p = 0;
    for (int y = 0; y < labels.h; y++)
        for (int x = 0; x < labels.w; x++, p++)
            if (edgel_label_at(edgel_view_row(labels, y), labels.type, x) == background)
                numbers[p] = 0;
            else
                numbers[p] = numbers[p] == p ? ++n : numbers[numbers[p]];
    return n;
}

enum edgel_status edgel_labels_check(const char *what, struct edgel_view v, struct edgel_error *err)
{
    if (v.type != EDGEL_U8 && v.type != EDGEL_U16)
        return edgel_fail(err, EDGEL_EINVAL, "%s: labels of type %d: must be U8 or U16", what, (int)v.type);
    return edgel_layout_check(what, v, 1, err);
}

enum edgel_status edgel_components_number(struct edgel_view labels, int background,
                                          struct edgel_image *numbers, int64_t *count,
                                          struct edgel_error *err)
{
    EDGEL_REQUIRE(numbers);
    enum edgel_status s = edgel_labels_check("components", labels, err);
    if (s == EDGEL_OK && (int64_t)labels.w * labels.h > INT32_MAX)
        s = edgel_fail(err, EDGEL_EINVAL, "components of %dx%d labels: must be at most 2^31 - 1", labels.w,
                       labels.h);
    if (s != EDGEL_OK) {
        edgel_image_finish(numbers);
        return s;
    }
    EDGEL_TRY(edgel_image_init(numbers, labels.w, labels.h, 1, EDGEL_I32, err));
    uint32_t *packed =
        numbers->data; /* rows without the gaps between those of the image, until all is known */
    for (int y = 0; y < labels.h; y++)
        join_neighbours(labels, packed, y);
    const uint32_t n = number(labels, packed, background);
    for (int y = labels.h - 1; y > 0; y--)
        memmove((char *)numbers->data + y * numbers->stride, packed + (size_t)y * (size_t)labels.w,
                (size_t)labels.w * sizeof *packed);
    if (count)
        *count = n;
    return EDGEL_OK;
}

enum edgel_status edgel_components_map(struct edgel_view numbers, struct edgel_image *out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    enum edgel_status s =
        numbers.type == EDGEL_I32
            ? edgel_layout_check("components", numbers, 1, err)
            : edgel_fail(err, EDGEL_EINVAL, "components: numbers of type %d: must be I32", (int)numbers.type);
    if (s == EDGEL_OK)
        s = edgel_image_init(out, numbers.w, numbers.h, 1, EDGEL_U16, err);
    int32_t least = 0, most = 0;
    for (int y = 0; y < numbers.h && s == EDGEL_OK; y++) {
        const int32_t *from = edgel_view_row(numbers, y);
        uint16_t *to = (uint16_t *)((char *)out->data + y * out->stride);
        for (int x = 0; x < numbers.w; x++) {
            to[x] = (uint16_t)from[x];
            least = from[x] < least ? from[x] : least;
            most = from[x] > most ? from[x] : most;
        }
    }
    if (s == EDGEL_OK && least < 0)
        s = edgel_fail(err, EDGEL_EINVAL, "component %d: must be >= 0", (int)least);
    if (s == EDGEL_OK && most > UINT16_MAX)
        s = edgel_fail(err, EDGEL_ELIMIT, "%d objects: a label map of 16 bits holds 65535", (int)most);
    if (s != EDGEL_OK)
        edgel_image_finish(out);
    return s;
}
