/*
 * Row kernels in 256-bit registers: the 16 output lanes of one pixel are two of them, and every source value that is
 * spread over a register is used for both. A tile is 6 pixels of one block: 12 sums, 2 weights, 1 source value.
 */
#include "nn/kernels/nn_dsp.h"
#include <immintrin.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
/* Loops over registers: each must be unrolled in full. (Sanitizers keep clang from it, which costs speed alone.) */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { LANES = 16, HALF = 8, TILE = 6 };

typedef void tile_fn(const struct nn_conv_row *r, float *dst, const float *start, const float *w, int x);
typedef void lanes_fn(float *dw, const float *src, const float *grad, const struct nn_weight_rows *r,
                      ptrdiff_t ahead);
#define EACH_6(X) X(1) X(2) X(3) X(4) X(5) X(6)

/* Prefetches the cache lines of n pixels. */
INLINE void fetch(const float *p, int n)
{
    for (int i = 0; i < n; i++)
        _mm_prefetch((const char *)(p + i * LANES), _MM_HINT_T0);
}

/* --- convolution --- */

/* Pixels x..x+P-1 of one block, from source pixels `pixel` floats apart. */
INLINE void tile(const struct nn_conv_row *r, float *dst, const float *start, const float *w, int x,
                 const int P, const int pixel)
{
    const ptrdiff_t lane = pixel == 1 ? r->plane : 1;
    __m256 lo[TILE], hi[TILE];
    UNROLL
    for (int p = 0; p < P; p++) {
        const float *from = start ? start : dst + (x + p) * LANES;
        lo[p] = _mm256_loadu_ps(from);
        hi[p] = _mm256_loadu_ps(from + HALF);
    }
    for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++) {
        if (t->ahead != 0)
            fetch(t->src + x * LANES + t->ahead, P);
        for (int i = 0; i < t->lanes; i++) {
            const float *s = t->src + x * pixel + i * lane, *v = w + t->w + i * LANES;
            for (int k = 0; k < t->count; k++, s += t->step, v += t->w_step) {
                const __m256 w0 = _mm256_loadu_ps(v), w1 = _mm256_loadu_ps(v + HALF);
                UNROLL
                for (int p = 0; p < P; p++) {
                    const __m256 a = _mm256_broadcast_ss(s + p * pixel);
                    lo[p] = _mm256_fmadd_ps(a, w0, lo[p]);
                    hi[p] = _mm256_fmadd_ps(a, w1, hi[p]);
                }
            }
        }
    }
    UNROLL
    for (int p = 0; p < P; p++) {
        _mm256_storeu_ps(dst + (x + p) * LANES, lo[p]);
        _mm256_storeu_ps(dst + (x + p) * LANES + HALF, hi[p]);
    }
}

#define DEFINE_TILE(P)                                                                                       \
    static void tile_##P(const struct nn_conv_row *r, float *dst, const float *start, const float *w, int x) \
    {                                                                                                        \
        if (r->plane)                                                                                        \
            tile(r, dst, start, w, x, P, 1);                                                                 \
        else                                                                                                 \
            tile(r, dst, start, w, x, P, LANES);                                                             \
    }
#define ROW_TILE(P) tile_##P,
EACH_6(DEFINE_TILE)
static tile_fn *const tile_of[TILE + 1] = { NULL, EACH_6(ROW_TILE) };

static void conv_row_avx2(const struct nn_conv_row *r)
{
    const int tiles = (r->n + TILE - 1) / TILE;
    for (int b = 0; b < r->blocks; b++)
        for (int i = 0, x = 0; i < tiles; i++) {
            const int end = (int)((int64_t)r->n * (i + 1) / tiles);
            tile_of[end - x](r, r->dst + b * r->dst_block, r->start ? r->start + b * LANES : NULL,
                             r->w + (size_t)b * r->w_block, x);
            x = end;
        }
}

/* --- gradient of weights --- */

INLINE void add_to(float *p, __m256 lo, __m256 hi)
{
    _mm256_storeu_ps(p, _mm256_add_ps(_mm256_loadu_ps(p), lo));
    _mm256_storeu_ps(p + HALF, _mm256_add_ps(_mm256_loadu_ps(p + HALF), hi));
}

/* L input lanes at one position against one block of gradients. */
INLINE void weight_lanes(float *dw, const float *src, const float *grad, const struct nn_weight_rows *r,
                         ptrdiff_t ahead, const int L)
{
    __m256 lo[TILE], hi[TILE];
    UNROLL
    for (int l = 0; l < L; l++)
        lo[l] = hi[l] = _mm256_setzero_ps();
    for (int y = 0; y < r->rows; y++) {
        const float *s = src + y * r->src_row, *g = grad + y * r->grad_row;
        for (int x = 0; x < r->n; x++, s += LANES, g += LANES) {
            const __m256 g0 = _mm256_loadu_ps(g), g1 = _mm256_loadu_ps(g + HALF);
            if (ahead != 0) {
                fetch(s + ahead, 1);
                fetch(g + r->rows * r->grad_row, 1);
            }
            UNROLL
            for (int l = 0; l < L; l++) {
                const __m256 v = _mm256_broadcast_ss(s + l);
                lo[l] = _mm256_fmadd_ps(v, g0, lo[l]);
                hi[l] = _mm256_fmadd_ps(v, g1, hi[l]);
            }
        }
    }
    UNROLL
    for (int l = 0; l < L; l++)
        add_to(dw + l * LANES, lo[l], hi[l]);
}

#define DEFINE_LANES(L)                                                                                   \
    static void lanes_##L(float *dw, const float *src, const float *grad, const struct nn_weight_rows *r, \
                          ptrdiff_t ahead)                                                                \
    {                                                                                                     \
        weight_lanes(dw, src, grad, r, ahead, L);                                                         \
    }
#define ROW_LANES(L) lanes_##L,
EACH_6(DEFINE_LANES)
static lanes_fn *const lanes_of[TILE + 1] = { NULL, EACH_6(ROW_LANES) };

static void weight_tap(const struct nn_weight_rows *r, const struct nn_tap *t, float *dw, const float *grad)
{
    const int parts = (t->lanes + TILE - 1) / TILE;
    for (int k = 0; k < t->count; k++)
        for (int p = 0, i = 0; p < parts; p++) {
            const int end = t->lanes * (p + 1) / parts;
            lanes_of[end - i](dw + (size_t)k * t->w_step + i * LANES, t->src + k * t->step + i, grad, r,
                              k == 0 && p == 0 ? t->ahead : 0);
            i = end;
        }
}

static void weight_rows_avx2(const struct nn_weight_rows *r)
{
    for (int b = 0; b < r->blocks; b++)
        for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++)
            weight_tap(r, t, r->dw + (size_t)b * r->w_block + t->w, r->grad + b * r->grad_block);
}

/* --- depthwise --- */

INLINE void depthwise_tile(const struct nn_conv_row *r, int x, const int P)
{
    __m256 acc[2 * TILE];
    float *dst = r->dst + x * LANES;
    UNROLL
    for (int p = 0; p < 2 * P; p++)
        acc[p] = _mm256_loadu_ps(r->start ? r->start + p % 2 * HALF : dst + p * HALF);
    for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++) {
        const float *src = t->src + x * LANES, *w = r->w + t->w;
        if (t->ahead != 0)
            fetch(src + t->ahead, P);
        for (int k = 0; k < t->count; k++, src += t->step, w += t->w_step) {
            const __m256 w0 = _mm256_loadu_ps(w), w1 = _mm256_loadu_ps(w + HALF);
            UNROLL
            for (int p = 0; p < 2 * P; p++)
                acc[p] = _mm256_fmadd_ps(_mm256_loadu_ps(src + p * HALF), p % 2 ? w1 : w0, acc[p]);
        }
    }
    UNROLL
    for (int p = 0; p < 2 * P; p++)
        _mm256_storeu_ps(dst + p * HALF, acc[p]);
}

static void depthwise_row_avx2(const struct nn_conv_row *r)
{
    int x = 0;
    for (; x + TILE <= r->n; x += TILE)
        depthwise_tile(r, x, TILE);
    for (; x < r->n; x++)
        depthwise_tile(r, x, 1);
}

/* N positions along one source row. */
INLINE void depthwise_positions(const struct nn_weight_rows *r, const struct nn_tap *t, int k, const int N)
{
    __m256 lo[TILE], hi[TILE];
    float *dw = r->dw + t->w + (size_t)k * t->w_step;
    UNROLL
    for (int j = 0; j < N; j++)
        lo[j] = hi[j] = _mm256_setzero_ps();
    for (int y = 0; y < r->rows; y++) {
        const float *s = t->src + k * t->step + y * r->src_row, *g = r->grad + y * r->grad_row;
        for (int x = 0; x < r->n; x++, s += LANES, g += LANES) {
            const __m256 g0 = _mm256_loadu_ps(g), g1 = _mm256_loadu_ps(g + HALF);
            UNROLL
            for (int j = 0; j < N; j++) {
                lo[j] = _mm256_fmadd_ps(_mm256_loadu_ps(s + j * t->step), g0, lo[j]);
                hi[j] = _mm256_fmadd_ps(_mm256_loadu_ps(s + j * t->step + HALF), g1, hi[j]);
            }
        }
    }
    UNROLL
    for (int j = 0; j < N; j++)
        add_to(dw + (size_t)j * t->w_step, lo[j], hi[j]);
}

static void depthwise_weight_rows_avx2(const struct nn_weight_rows *r)
{
    for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++) {
        int k = 0;
        for (; k + 3 <= t->count; k += 3)
            depthwise_positions(r, t, k, 3);
        for (; k < t->count; k++)
            depthwise_positions(r, t, k, 1);
    }
}

void nn_dsp_init_avx2(struct nn_dsp *dsp)
{
    dsp->conv_row = conv_row_avx2;
    dsp->weight_rows = weight_rows_avx2;
    dsp->depthwise_row = depthwise_row_avx2;
    dsp->depthwise_weight_rows = depthwise_weight_rows_avx2;
}
