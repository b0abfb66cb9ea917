/* Random masks for the tests of src/eval. */
#ifndef EVAL_MASKS_H
#define EVAL_MASKS_H

#include "core/core_priv.h"
#include "edgel/eval.h"
#include "random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t rng_state = 20;
static inline uint32_t rnd(uint32_t n) /* 0..n-1 */
{
    return random_below(&rng_state, n);
}

static inline void init_image(struct edgel_image *img, int w, int h, int channels, enum edgel_type type)
{
    *img = (struct edgel_image){ 0 };
    assert_int_equal(edgel_image_init(img, w, h, channels, type, NULL), EDGEL_OK);
}

static inline void *row_at(const struct edgel_image *img, int y)
{
    return (char *)img->data + y * img->stride;
}

static inline int get(const struct edgel_image *img, int x, int y)
{
    if (img->type == EDGEL_U8)
        return ((const uint8_t *)row_at(img, y))[x * img->channels];
    return ((const uint16_t *)row_at(img, y))[x * img->channels];
}

static inline void put(struct edgel_image *img, int x, int y, int v)
{
    for (int c = 0; c < img->channels; c++)
        if (img->type == EDGEL_U8)
            ((uint8_t *)row_at(img, y))[x * img->channels + c] = (uint8_t)v;
        else
            ((uint16_t *)row_at(img, y))[x * img->channels + c] = (uint16_t)v;
}

/* Blocks of random values, so that flat runs and changes both occur. */
static inline void fill_blocks(struct edgel_image *img, const int *values, int n)
{
    for (int y = 0; y < img->h; y++)
        for (int x = 0; x < img->w; x++)
            put(img, x, y, values[rnd((uint32_t)n)]);
    for (int k = 0; k < 6; k++) {
        int x0 = (int)rnd((uint32_t)img->w), y0 = (int)rnd((uint32_t)img->h), v = values[rnd((uint32_t)n)];
        int x1 = x0 + (int)rnd((uint32_t)img->w), y1 = y0 + (int)rnd((uint32_t)img->h);
        for (int y = y0; y < y1 && y < img->h; y++)
            for (int x = x0; x < x1 && x < img->w; x++)
                put(img, x, y, v);
    }
}

static inline struct edgel_mask mask_of(const struct edgel_image *img, int bits)
{
    return (struct edgel_mask){ .view = edgel_image_view(img), .bits = bits };
}

static inline uint64_t cell_of(const struct edgel_row *row, int truth, int prediction)
{
    for (size_t i = 0; i < edgel_row_pixels(row)->n; i++)
        if (edgel_row_pixels(row)->cells[i].truth == truth &&
            edgel_row_pixels(row)->cells[i].prediction == prediction)
            return edgel_row_pixels(row)->cells[i].n;
    return 0;
}

#endif
