/* Turning and mirroring. With W x H the stored sides, the upright pixel (x, y) is the stored pixel
 *     1: (x, y)      2: (W-1-x, y)    3: (W-1-x, H-1-y)    4: (x, H-1-y)
 *     5: (y, x)      6: (y, H-1-x)    7: (W-1-y, H-1-x)    8: (W-1-y, x)
 * so that going one step right or down in the result is a fixed step in the stored bytes. Source: TIFF 6.0, tag 274. */
#include "io/io_priv.h"
#include <string.h>

struct walk {
    const char *start;     /* stored pixel of (0, 0) */
    ptrdiff_t right, down; /* in bytes */
};

static struct walk walk_of(const struct edgel_image *img, int orientation)
{
    ptrdiff_t px = (ptrdiff_t)edgel_type_size(img->type) * img->channels;
    bool turned = orientation >= 5;
    bool left = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool up = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    ptrdiff_t step_x = left ? -px : px, step_y = up ? -img->stride : img->stride;
    const char *start = img->data;
    if (left)
        start += (img->w - 1) * px;
    if (up)
        start += (img->h - 1) * img->stride;
    return (struct walk){ start, turned ? step_y : step_x, turned ? step_x : step_y };
}

/* n is a constant at each call, so that memcpy becomes a move. */
static inline void copy_block(const char *src, ptrdiff_t right, char *dst, size_t n, int count)
{
    for (int x = 0; x < count; x++, src += right, dst += n)
        memcpy(dst, src, n);
}

static void copy_pixels(const char *src, ptrdiff_t right, char *dst, size_t n, int count)
{
    switch (n) {
    case 1: copy_block(src, right, dst, 1, count); return;
    case 2: copy_block(src, right, dst, 2, count); return;
    case 3: copy_block(src, right, dst, 3, count); return;
    case 4: copy_block(src, right, dst, 4, count); return;
    case 6: copy_block(src, right, dst, 6, count); return;
    default: copy_block(src, right, dst, n, count); return;
    }
}

enum edgel_status edgel_image_orient(struct edgel_image *img, int orientation, struct edgel_error *err)
{
    enum { TILE = 64 }; /* pixels: the stored rows that a tile needs stay in the cache */
    if (orientation < 2 || orientation > 8)
        return EDGEL_OK;
    bool turned = orientation >= 5;
    size_t px = edgel_type_size(img->type) * (size_t)img->channels;
    struct edgel_image out = { 0 };
    EDGEL_TRY(edgel_image_init(&out, turned ? img->h : img->w, turned ? img->w : img->h, img->channels,
                               img->type, err));
    struct walk from = walk_of(img, orientation);
    for (int x = 0; x < out.w; x += TILE)
        for (int y = 0; y < out.h; y++)
            copy_pixels(from.start + x * from.right + y * from.down, from.right,
                        (char *)out.data + y * out.stride + (ptrdiff_t)px * x, px,
                        out.w - x < TILE ? out.w - x : TILE);
    edgel_image_finish(img);
    *img = out;
    return EDGEL_OK;
}
