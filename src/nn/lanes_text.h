/* lanes_text.h: the loops of lanes.h. Included once by each lanes_LEVEL.c, which defines LANES_INIT.
 *
 * Vectors of the compiler stand for 16 lanes: one instruction where the level has such registers, several elsewhere. */
#include "nn/lanes.h"
#include <string.h>

typedef float f16 __attribute__((vector_size(64), aligned(4)));
typedef double d16 __attribute__((vector_size(128), aligned(8)));

static void moments(double sums[32], const float *x, size_t pixels)
{
    d16 *out = (d16 *)(void *)sums, s = out[0], q = out[1];
    for (size_t p = 0; p < pixels; p++) {
        d16 v = __builtin_convertvector(*(const f16 *)(const void *)(x + 16 * p), d16);
        s += v;
        q += v * v;
    }
    out[0] = s;
    out[1] = q;
}

static void normalize(float *restrict y, const float *restrict x, size_t pixels, const float k[48])
{
    const f16 *c = (const f16 *)(const void *)k;
    const f16 mean = c[0], scale = c[1], shift = c[2];
    for (size_t p = 0; p < pixels; p++)
        *(f16 *)(void *)(y + 16 * p) = (*(const f16 *)(const void *)(x + 16 * p) - mean) * scale + shift;
}

static void norm_sums(double sums[32], const float *restrict g, const float *restrict x, size_t pixels,
                      const float k[32])
{
    const f16 *c = (const f16 *)(const void *)k;
    const f16 mean = c[0], scale = c[1];
    d16 *out = (d16 *)(void *)sums, s = out[0], q = out[1];
    for (size_t p = 0; p < pixels; p++) {
        f16 v = *(const f16 *)(const void *)(g + 16 * p);
        f16 w = v * ((*(const f16 *)(const void *)(x + 16 * p) - mean) * scale);
        s += __builtin_convertvector(v, d16);
        q += __builtin_convertvector(w, d16);
    }
    out[0] = s;
    out[1] = q;
}

static void norm_grad(float *restrict d, const float *restrict g, const float *restrict x, size_t pixels,
                      const float k[64])
{
    const f16 *c = (const f16 *)(const void *)k;
    const f16 mean = c[0], slope = c[1], shift = c[2], scale = c[3];
    for (size_t p = 0; p < pixels; p++) {
        f16 v = *(const f16 *)(const void *)(g + 16 * p) - shift;
        *(f16 *)(void *)(d + 16 * p) =
            (v - (*(const f16 *)(const void *)(x + 16 * p) - mean) * slope) * scale;
    }
}

static void rectify(float *z, size_t n, float slope)
{
    if (slope == 0)
        for (size_t i = 0; i < n; i++)
            z[i] = z[i] > 0 ? z[i] : 0;
    else
        for (size_t i = 0; i < n; i++)
            z[i] = z[i] > 0 ? z[i] : slope * z[i];
}

static void rectify_grad(float *restrict g, const float *restrict y, size_t n, float slope)
{
    for (size_t i = 0; i < n; i++)
        g[i] = y[i] > 0 ? g[i] : slope * g[i];
}

static void add(float *restrict to, const float *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = to[i] + from[i];
}

void LANES_INIT(struct nn_lanes *t)
{
    *t = (struct nn_lanes){ moments, normalize, norm_sums, norm_grad, rectify, rectify_grad, add };
}
