/* filter_twin.h: random images, and pixel-by-pixel twins of the filters written from the formulas alone. For tests. */
#ifndef EDGEL_FILTER_TWIN_H
#define EDGEL_FILTER_TWIN_H

#include "core/core_priv.h"
#include "edgel/filter.h"
#include "random.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t rng_state = 42;
static inline uint32_t rnd(void)
{
    return random_word(&rng_state);
}

static inline double get(const struct edgel_image *img, int x, int y, int c)
{
    const char *row = (const char *)img->data + y * img->stride;
    const int i = x * img->channels + c;
    switch (img->type) {
    case EDGEL_U8: return ((const uint8_t *)row)[i];
    case EDGEL_U16: return ((const uint16_t *)row)[i];
    case EDGEL_I16: return ((const int16_t *)row)[i];
    case EDGEL_I32: return ((const int32_t *)row)[i];
    case EDGEL_U1: return ((const uint8_t *)row)[i / 8] << i % 8 & 128 ? 255 : 0;
    case EDGEL_F32: break;
    }
    return (double)((const float *)row)[i];
}

static inline void set(struct edgel_image *img, int x, int y, int c, double v)
{
    char *row = (char *)img->data + y * img->stride;
    const int i = x * img->channels + c;
    switch (img->type) {
    case EDGEL_U8: ((uint8_t *)row)[i] = (uint8_t)v; break;
    case EDGEL_U16: ((uint16_t *)row)[i] = (uint16_t)v; break;
    case EDGEL_I16: ((int16_t *)row)[i] = (int16_t)v; break;
    case EDGEL_I32: ((int32_t *)row)[i] = (int32_t)v; break;
    case EDGEL_U1: /* pixels are set once, from 0 */
        if (v > 0)
            ((uint8_t *)row)[i / 8] |= (uint8_t)(128 >> i % 8);
        break;
    case EDGEL_F32: ((float *)row)[i] = (float)v; break;
    }
}

static inline struct edgel_image make(int w, int h, int c, enum edgel_type type)
{
    struct edgel_image img = { 0 };
    assert_int_equal(edgel_image_init(&img, w, h, c, type, NULL), EDGEL_OK);
    memset(img.data, 0, (size_t)img.stride * (size_t)h);
    return img;
}

/* pattern: 0 noise over the full range, 1 three levels, 2 slanted ramp, 3 disk with noise, 4 constant */
enum { PATTERNS = 5 };
static inline struct edgel_image random_image(int w, int h, int c, enum edgel_type type, int pattern)
{
    struct edgel_image img = make(w, h, c, type);
    const double range = type == EDGEL_U8 ? 255 : type == EDGEL_U16 ? 65535 : 1;
    const int level = (int)(rnd() % 256);
    for (int y = 0; y < h; y++)
        for (int i = 0; i < w * c; i++) {
            const int x = i / c;
            const bool inside = (x - w / 2) * (x - w / 2) + (y - h / 2) * (y - h / 2) < w * h / 9;
            double v = rnd() % 65536 / 65536.0;
            if (pattern == 1)
                v = rnd() % 3 * 0.4;
            else if (pattern == 2)
                v = fmod((3 * x + 5 * y) / 255.0, 1);
            else if (pattern == 3)
                v = (inside ? 0.7 : 0.2) + v * 0.05;
            else if (pattern == 4)
                v = level / 255.0;
            set(&img, x, y, i % c, type == EDGEL_F32 ? v : floor(v * range));
        }
    return img;
}

/* 1x1, one row, one column, and small odd shapes. */
static inline void random_size(int *w, int *h)
{
    const uint32_t kind = rnd() % 6;
    *w = kind == 0 || kind == 1 ? 1 : 1 + (int)(rnd() % 40);
    *h = kind == 0 || kind == 2 ? 1 : 1 + (int)(rnd() % 30);
}

static inline int clamp_to(int v, int n)
{
    return v < 0 ? 0 : v >= n ? n - 1 : v;
}

/* --- derivatives: plain two-dimensional correlation --- */

struct kernel {
    int r;
    int s[7], d[7]; /* from -r to r */
};

static inline struct kernel kernel_of(enum edgel_operator op, int aperture)
{
    if (op == EDGEL_PREWITT)
        return (struct kernel){ 1, { 1, 1, 1 }, { -1, 0, 1 } };
    if (op == EDGEL_SCHARR)
        return (struct kernel){ 1, { 3, 10, 3 }, { -1, 0, 1 } };
    if (aperture == 5)
        return (struct kernel){ 2, { 1, 4, 6, 4, 1 }, { -1, -2, 0, 2, 1 } };
    if (aperture == 7)
        return (struct kernel){ 3, { 1, 6, 15, 20, 15, 6, 1 }, { -1, -4, -5, 0, 5, 4, 1 } };
    return (struct kernel){ 1, { 1, 2, 1 }, { -1, 0, 1 } };
}

static inline void twin_gradient(const struct edgel_image *img, enum edgel_operator op, int aperture, int x,
                                 int y, int c, double *gx, double *gy)
{
    const int w = img->w, h = img->h;
    if (op == EDGEL_ROBERTS) {
        const int right = clamp_to(x + 1, w), below = clamp_to(y + 1, h);
        *gx = get(img, x, y, c) - get(img, right, below, c);
        *gy = get(img, right, y, c) - get(img, x, below, c);
        return;
    }
    const struct kernel k = kernel_of(op, aperture);
    *gx = *gy = 0;
    for (int j = -k.r; j <= k.r; j++)
        for (int i = -k.r; i <= k.r; i++) {
            const double p = get(img, clamp_to(x + i, w), clamp_to(y + j, h), c);
            *gx += k.d[i + k.r] * k.s[j + k.r] * p;
            *gy += k.s[i + k.r] * k.d[j + k.r] * p;
        }
}

static inline void assert_same_image(const struct edgel_image *a, const struct edgel_image *b)
{
    assert_int_equal(a->w, b->w);
    assert_int_equal(a->h, b->h);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->type, b->type);
    for (int y = 0; y < a->h; y++)
        for (int i = 0; i < a->w * a->channels; i++)
            if (get(a, i / a->channels, y, i % a->channels) != get(b, i / a->channels, y, i % a->channels))
                fail_msg("%dx%d: sample %d of row %d: %.9g, expected %.9g", a->w, a->h, i, y,
                         get(a, i / a->channels, y, i % a->channels),
                         get(b, i / b->channels, y, i % b->channels));
}

#endif
