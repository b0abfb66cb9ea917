/* lanes_text.h: the loops of lanes.h. Included once by each lanes_LEVEL.c, which defines LANES_INIT.
 *
 * Vectors of the compiler stand for 16 lanes: one instruction where the level has such registers, several elsewhere. */
#include "core/core_priv.h"
#include "nn/kernels/lanes.h"
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

/* --- windows --- */

typedef int32_t i16 __attribute__((vector_size(64), aligned(4)));
typedef uint32_t u16 __attribute__((vector_size(64), aligned(4)));

/* Macros: a function that takes or gives wide vectors has another ABI at each level. */
#define AT(p)                 (*(const f16 *)(const void *)(p))
#define IS_LARGER(v, than)    (((v) > (than)) | ((v) != (v)))
#define PICK(mask, yes, no)   (((mask) & (yes)) | (~(mask) & (no)))
#define PICK_F(mask, yes, no) ((f16)PICK(mask, (i16)(yes), (i16)(no)))

static void max_windows(float *restrict y, const float *restrict x, const struct nn_windows *w, size_t n)
{
    for (size_t p = 0; p < n; p++, x += 16 * w->step) {
        f16 top = AT(x);
        for (int r = 0; r < w->rows; r++)
            for (int j = 0; j < w->cols; j++) {
                const f16 v = AT(x + r * w->row + 16 * j);
                const i16 take = IS_LARGER(v, top);
                top = PICK_F(take, v, top);
            }
        *(f16 *)(void *)(y + 16 * p) = top;
    }
}

static void max_windows_grad(float *restrict gx, const float *restrict x, const float *restrict g,
                             const struct nn_windows *w, size_t n)
{
    for (size_t p = 0; p < n; p++, x += 16 * w->step, gx += 16 * w->step) {
        f16 top = AT(x);
        i16 at = { 0 };
        for (int r = 0; r < w->rows; r++)
            for (int j = 0; j < w->cols; j++) {
                const f16 v = AT(x + r * w->row + 16 * j);
                const i16 take = IS_LARGER(v, top), here = (i16){ 0 } + (r * w->cols + j);
                top = PICK_F(take, v, top);
                at = PICK(take, here, at);
            }
        for (int r = w->first; r < w->end; r++)
            for (int j = 0; j < w->cols; j++)
                *(f16 *)(void *)(gx + r * w->row + 16 * j) +=
                    (f16)((i16)AT(g + 16 * p) & (at == r * w->cols + j));
    }
}

static void max_pairs_grad(float *restrict gx, const float *restrict x, const float *restrict g,
                           ptrdiff_t row, size_t n)
{
    for (size_t p = 0; p < n; p++, x += 32, gx += 32) {
        const f16 a = AT(x), b = AT(x + 16), c = AT(x + row), d = AT(x + row + 16);
        const i16 right = IS_LARGER(b, a);
        const f16 top = PICK_F(right, b, a);
        const i16 low = IS_LARGER(c, top);
        const f16 top3 = PICK_F(low, c, top);
        const i16 last = IS_LARGER(d, top3), given = (i16)AT(g + 16 * p);
        *(f16 *)(void *)gx = (f16)(given & ~(right | low | last));
        *(f16 *)(void *)(gx + 16) = (f16)(given & right & ~(low | last));
        *(f16 *)(void *)(gx + row) = (f16)(given & low & ~last);
        *(f16 *)(void *)(gx + row + 16) = (f16)(given & last);
    }
}

/* --- dropout --- */

static void drop(float *restrict y, const float *restrict x, size_t n, uint64_t key, uint32_t threshold,
                 float scale)
{
    for (size_t i = 0; i < n; i += 16) {
        uint32_t h[16];
        for (uint32_t l = 0; l < 16; l++)
            h[l] = edgel_hash_at(key, (uint32_t)i + l);
        const i16 keep = *(const u16 *)(const void *)h >= threshold;
        *(f16 *)(void *)(y + i) = (f16)((i16)(AT(x + i) * scale) & keep);
    }
}

/* --- enlargement by 2 --- */

static void enlarge_halves(float *restrict y, const float *restrict a, const float *restrict b, float u,
                           size_t n)
{
    f16 left = AT(a) + u * (AT(b) - AT(a));
    for (size_t p = 0; p < n; p++) {
        const f16 above = AT(a + 16 * p + 16), right = above + u * (AT(b + 16 * p + 16) - above);
        const f16 rise = right - left;
        *(f16 *)(void *)(y + 32 * p) = left + 0.25f * rise;
        *(f16 *)(void *)(y + 32 * p + 16) = left + 0.75f * rise;
        left = right;
    }
}

static void weigh_rows(float *restrict y, const float *restrict rows, ptrdiff_t row, const float w[4],
                       size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        const float *r = rows + i;
        *(f16 *)(void *)(y + i) =
            ((w[0] * AT(r) + w[1] * AT(r + row)) + w[2] * AT(r + 2 * row)) + w[3] * AT(r + 3 * row);
    }
}

static void gather_halves(float *restrict y, const float *restrict s, size_t n)
{
    for (size_t p = 0; p < n; p++, s += 32)
        *(f16 *)(void *)(y + 16 * p) =
            ((0.25f * AT(s) + 0.75f * AT(s + 16)) + 0.75f * AT(s + 32)) + 0.25f * AT(s + 48);
}

void LANES_INIT(struct nn_lanes *t)
{
    *t = (struct nn_lanes){ moments,          normalize,      norm_sums, norm_grad,
                            rectify,          rectify_grad,   add,       max_windows,
                            max_windows_grad, max_pairs_grad, drop,      enlarge_halves,
                            weigh_rows,       gather_halves };
}
