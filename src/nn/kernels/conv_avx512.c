/*
 * Row kernels in 512-bit registers: one holds the 16 output lanes of one pixel.
 *
 * A tile of sums stays in registers over all taps. A fused multiply-add that takes one operand from memory is held up
 * by the two loads a cycle, so every source value that is spread over a register is used twice or more: for two output
 * blocks at once, or, where there is one block, for the three positions of a 3-wide kernel. Rows are cut into tiles of
 * nearly equal width, none of which has too few sums to hide the latency of the multiply-add.
 */
#include "nn/kernels/nn_dsp.h"
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
/* Loops over registers: each must be unrolled in full. (Sanitizers keep clang from it, which costs speed alone.) */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

enum { LANES = 16, ONE_MAX = 24, TWO_MAX = 14, TRIPLE_LANES = 8, PAIR_LANES = 8, POSITIONS = 9 };

/* Three neighbouring pixels, as a 3-wide kernel without stride and dilation has them. */
static bool is_triple(const struct nn_tap *t)
{
    return t->count == 3 && t->step == LANES;
}

/* Prefetches the cache lines of n pixels. */
INLINE void fetch(const float *p, int n)
{
    for (int i = 0; i < n; i++)
        _mm_prefetch((const char *)(p + i * LANES), _MM_HINT_T0);
}

/* --- convolution --- */

/* P pixels of one block. Pixel q of the source is position 0 of sum q, 1 of sum q - 1 and 2 of sum q - 2. Source pixels
 * lie `pixel` floats apart, their lanes `lane`. */
INLINE void add_triple(__m512 *acc, const float *src, const float *w, const struct nn_tap *t, ptrdiff_t lane,
                       const int P, const int pixel)
{
    for (int i = 0; i < t->lanes; i++, src += lane, w += LANES) {
        const __m512 w0 = _mm512_loadu_ps(w), w1 = _mm512_loadu_ps(w + t->w_step);
        const __m512 w2 = _mm512_loadu_ps(w + 2 * t->w_step);
        UNROLL
        for (int q = 0; q < P + 2; q++) {
            const __m512 s = _mm512_set1_ps(src[q * pixel]);
            if (q < P)
                acc[q] = _mm512_fmadd_ps(s, w0, acc[q]);
            if (q >= 1 && q < P + 1)
                acc[q - 1] = _mm512_fmadd_ps(s, w1, acc[q - 1]);
            if (q >= 2)
                acc[q - 2] = _mm512_fmadd_ps(s, w2, acc[q - 2]);
        }
    }
}

/* P pixels of B blocks; sum p of block b is acc[b P + p]. */
INLINE void add_tap(__m512 *acc, const float *src, const float *w, size_t w_block, const struct nn_tap *t,
                    ptrdiff_t lane, const int P, const int B, const int pixel)
{
    for (int i = 0; i < t->lanes; i++, src += lane, w += LANES) {
        const float *s = src, *v = w;
        for (int k = 0; k < t->count; k++, s += t->step, v += t->w_step) {
            const __m512 w0 = _mm512_loadu_ps(v), w1 = _mm512_loadu_ps(v + (B > 1 ? w_block : 0));
            UNROLL
            for (int p = 0; p < P; p++) {
                const __m512 x = _mm512_set1_ps(s[p * pixel]);
                acc[p] = _mm512_fmadd_ps(x, w0, acc[p]);
                if (B > 1)
                    acc[P + p] = _mm512_fmadd_ps(x, w1, acc[P + p]);
            }
        }
    }
}

/* Pixels x..x+P-1 of the B blocks that dst, start and w begin with. */
INLINE void tile(const struct nn_conv_row *r, float *dst, const float *start, const float *w, int x,
                 const int P, const int B, const int pixel)
{
    const ptrdiff_t lane = pixel == 1 ? r->plane : 1;
    __m512 acc[2 * TWO_MAX];
    UNROLL
    for (int a = 0; a < P * B; a++)
        acc[a] =
            _mm512_loadu_ps(start ? start + a / P * LANES : dst + a / P * r->dst_block + (x + a % P) * LANES);
    for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++) {
        const float *src = t->src + x * pixel;
        if (t->ahead != 0)
            fetch(src + t->ahead, P);
        if (B == 1 && t->count == 3 && t->step == pixel)
            add_triple(acc, src, w + t->w, t, lane, P, pixel);
        else
            add_tap(acc, src, w + t->w, r->w_block, t, lane, P, B, pixel);
    }
    UNROLL
    for (int a = 0; a < P * B; a++)
        _mm512_storeu_ps(dst + a / P * r->dst_block + (x + a % P) * LANES, acc[a]);
}

typedef void tile_fn(const struct nn_conv_row *r, float *dst, const float *start, const float *w, int x);
#define EACH_14(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define EACH_24(X) EACH_14(X) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24)
#define DEFINE_TILE(P, B)                                                                                   \
    static void tile_##P##x##B(const struct nn_conv_row *r, float *dst, const float *start, const float *w, \
                               int x)                                                                       \
    {                                                                                                       \
        if (r->plane)                                                                                       \
            tile(r, dst, start, w, x, P, B, 1);                                                             \
        else                                                                                                \
            tile(r, dst, start, w, x, P, B, LANES);                                                         \
    }
#define DEFINE_ONE(P) DEFINE_TILE(P, 1)
#define DEFINE_TWO(P) DEFINE_TILE(P, 2)
#define ROW_ONE(P)    tile_##P##x1,
#define ROW_TWO(P)    tile_##P##x2,
EACH_24(DEFINE_ONE)
EACH_14(DEFINE_TWO)
static tile_fn *const tile_one[ONE_MAX + 1] = { NULL, EACH_24(ROW_ONE) };
static tile_fn *const tile_two[TWO_MAX + 1] = { NULL, EACH_14(ROW_TWO) };

static void conv_row_avx512(const struct nn_conv_row *r)
{
    for (int b = 0; b < r->blocks;) {
        const int together = b + 1 < r->blocks ? 2 : 1, max = together == 2 ? TWO_MAX : ONE_MAX;
        tile_fn *const *const by_width = together == 2 ? tile_two : tile_one;
        const int tiles = (r->n + max - 1) / max;
        for (int i = 0, x = 0; i < tiles; i++) {
            const int end = (int)((int64_t)r->n * (i + 1) / tiles);
            by_width[end - x](r, r->dst + b * r->dst_block, r->start ? r->start + b * LANES : NULL,
                              r->w + (size_t)b * r->w_block, x);
            x = end;
        }
        b += together;
    }
}

/* --- gradient of weights --- */

INLINE void add_to(float *p, __m512 v)
{
    _mm512_storeu_ps(p, _mm512_add_ps(_mm512_loadu_ps(p), v));
}

/* L input lanes at one position against B blocks of gradients; sum l of block b is acc[b L + l]. */
INLINE void weight_lanes(float *dw, const float *src, const float *grad, const struct nn_weight_rows *r,
                         ptrdiff_t ahead, const int L, const int B)
{
    __m512 acc[LANES];
    UNROLL
    for (int a = 0; a < L * B; a++)
        acc[a] = _mm512_setzero_ps();
    for (int y = 0; y < r->rows; y++) {
        const float *s = src + y * r->src_row, *g = grad + y * r->grad_row;
        for (int x = 0; x < r->n; x++, s += LANES, g += LANES) {
            const __m512 g0 = _mm512_loadu_ps(g), g1 = _mm512_loadu_ps(g + (B > 1 ? r->grad_block : 0));
            if (ahead != 0) {
                fetch(s + ahead, 1);
                fetch(g + r->rows * r->grad_row, 1);
                if (B > 1)
                    fetch(g + r->grad_block + r->rows * r->grad_row, 1);
            }
            UNROLL
            for (int l = 0; l < L; l++) {
                const __m512 v = _mm512_set1_ps(s[l]);
                acc[l] = _mm512_fmadd_ps(v, g0, acc[l]);
                if (B > 1)
                    acc[L + l] = _mm512_fmadd_ps(v, g1, acc[L + l]);
            }
        }
    }
    UNROLL
    for (int a = 0; a < L * B; a++)
        add_to(dw + (size_t)(a / L) * r->w_block + a % L * LANES, acc[a]);
}

/* Source pixel s[L lanes] at the positions whose bits are set in `at`, against the gradients of the three output pixels
 * it belongs to. */
INLINE void triple_step(__m512 *acc, const float *s, const __m512 *g, const int at, const int L)
{
    UNROLL
    for (int l = 0; l < L; l++) {
        const __m512 v = _mm512_set1_ps(s[l]);
        UNROLL
        for (int k = 0; k < 3; k++)
            if (at >> k & 1)
                acc[k * L + l] = _mm512_fmadd_ps(v, g[k], acc[k * L + l]);
    }
}

/* L input lanes at three neighbouring positions against one block of gradients, n >= 2. */
INLINE void weight_triple(float *dw, size_t w_step, const float *src, const float *grad,
                          const struct nn_weight_rows *r, ptrdiff_t ahead, const int L)
{
    __m512 acc[3 * TRIPLE_LANES], g[3];
    UNROLL
    for (int a = 0; a < 3 * L; a++)
        acc[a] = _mm512_setzero_ps();
    for (int y = 0; y < r->rows; y++) {
        const float *s = src + y * r->src_row, *next = grad + y * r->grad_row;
        g[0] = _mm512_loadu_ps(next);
        triple_step(acc, s, g, 1, L);
        g[1] = g[0], g[0] = _mm512_loadu_ps(next + LANES);
        triple_step(acc, s + LANES, g, 3, L);
        s += 2 * LANES, next += 2 * LANES;
        for (int x = 2; x < r->n; x++, s += LANES, next += LANES) {
            g[2] = g[1], g[1] = g[0], g[0] = _mm512_loadu_ps(next);
            if (ahead != 0) {
                fetch(s + ahead, 1);
                fetch(next + r->rows * r->grad_row, 1);
            }
            triple_step(acc, s, g, 7, L);
        }
        g[2] = g[1], g[1] = g[0];
        triple_step(acc, s, g, 6, L);
        g[2] = g[1];
        triple_step(acc, s + LANES, g, 4, L);
    }
    UNROLL
    for (int a = 0; a < 3 * L; a++)
        add_to(dw + (size_t)(a / L) * w_step + a % L * LANES, acc[a]);
}

typedef void triple_fn(float *dw, size_t w_step, const float *src, const float *grad,
                       const struct nn_weight_rows *r, ptrdiff_t ahead);
typedef void lanes_fn(float *dw, const float *src, const float *grad, const struct nn_weight_rows *r,
                      ptrdiff_t ahead);
#define EACH_8(X)  X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#define EACH_16(X) EACH_14(X) X(15) X(16)
#define DEFINE_TRIPLE(L)                                                                  \
    static void triple_##L(float *dw, size_t w_step, const float *src, const float *grad, \
                           const struct nn_weight_rows *r, ptrdiff_t ahead)               \
    {                                                                                     \
        weight_triple(dw, w_step, src, grad, r, ahead, L);                                \
    }
#define DEFINE_LANES(L, B)                                                       \
    static void lanes_##L##x##B(float *dw, const float *src, const float *grad,  \
                                const struct nn_weight_rows *r, ptrdiff_t ahead) \
    {                                                                            \
        weight_lanes(dw, src, grad, r, ahead, L, B);                             \
    }
#define DEFINE_LANES_ONE(L) DEFINE_LANES(L, 1)
#define DEFINE_LANES_TWO(L) DEFINE_LANES(L, 2)
#define ROW_TRIPLE(L)       triple_##L,
#define ROW_LANES_ONE(L)    lanes_##L##x1,
#define ROW_LANES_TWO(L)    lanes_##L##x2,
EACH_8(DEFINE_TRIPLE)
EACH_16(DEFINE_LANES_ONE)
EACH_8(DEFINE_LANES_TWO)
static triple_fn *const triples[TRIPLE_LANES + 1] = { NULL, EACH_8(ROW_TRIPLE) };
static lanes_fn *const lanes_one[LANES + 1] = { NULL, EACH_16(ROW_LANES_ONE) };
static lanes_fn *const lanes_two[PAIR_LANES + 1] = { NULL, EACH_8(ROW_LANES_TWO) };

/* One tap against blocks b.. of gradients, one block or two. */
static void weight_tap(const struct nn_weight_rows *r, const struct nn_tap *t, int b, int together)
{
    const bool triple = is_triple(t) && r->n >= 2;
    const int max = triple ? TRIPLE_LANES : together == 2 ? PAIR_LANES : LANES;
    const int parts = (t->lanes + max - 1) / max;
    float *dw = r->dw + (size_t)b * r->w_block + t->w;
    const float *grad = r->grad + b * r->grad_block;
    for (int p = 0, i = 0; p < parts; p++) {
        const int end = t->lanes * (p + 1) / parts, L = end - i;
        if (triple)
            triples[L](dw + i * LANES, t->w_step, t->src + i, grad, r, p == 0 ? t->ahead : 0);
        else
            for (int k = 0; k < t->count; k++)
                (together == 2 ? lanes_two : lanes_one)[L](dw + (size_t)k * t->w_step + i * LANES,
                                                           t->src + k * t->step + i, grad, r,
                                                           p == 0 && k == 0 ? t->ahead : 0);
        i = end;
    }
}

static void weight_rows_avx512(const struct nn_weight_rows *r)
{
    for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++)
        for (int b = 0, together; b < r->blocks; b += together) {
            together = b + 1 < r->blocks && !(is_triple(t) && r->n >= 2) ? 2 : 1;
            weight_tap(r, t, b, together);
        }
}

/* --- depthwise --- */

INLINE void depthwise_tile(const struct nn_conv_row *r, int x, const int P)
{
    __m512 acc[ONE_MAX];
    float *dst = r->dst + x * LANES;
    UNROLL
    for (int p = 0; p < P; p++)
        acc[p] = _mm512_loadu_ps(r->start ? r->start : dst + p * LANES);
    for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++) {
        const float *src = t->src + x * LANES, *w = r->w + t->w;
        if (t->ahead != 0)
            fetch(src + t->ahead, P);
        for (int k = 0; k < t->count; k++, src += t->step, w += t->w_step) {
            const __m512 v = _mm512_loadu_ps(w);
            UNROLL
            for (int p = 0; p < P; p++)
                acc[p] = _mm512_fmadd_ps(_mm512_loadu_ps(src + p * LANES), v, acc[p]);
        }
    }
    UNROLL
    for (int p = 0; p < P; p++)
        _mm512_storeu_ps(dst + p * LANES, acc[p]);
}

static void depthwise_row_avx512(const struct nn_conv_row *r)
{
    int x = 0;
    for (; x + 16 <= r->n; x += 16)
        depthwise_tile(r, x, 16);
    for (; x + 4 <= r->n; x += 4)
        depthwise_tile(r, x, 4);
    for (; x < r->n; x++)
        depthwise_tile(r, x, 1);
}

struct positions { /* of all taps, one after the other */
    const float *src[POSITIONS];
    size_t w[POSITIONS];
    ptrdiff_t ahead[POSITIONS];
    int n;
};

/* Positions from..from+N-1 at once. */
INLINE void depthwise_positions(const struct nn_weight_rows *r, const struct positions *p, int from,
                                const int N)
{
    __m512 acc[POSITIONS];
    const float *const *src = p->src + from;
    const ptrdiff_t ahead = p->ahead[from + N - 1];
    UNROLL
    for (int k = 0; k < N; k++)
        acc[k] = _mm512_setzero_ps();
    for (int y = 0; y < r->rows; y++)
        for (int x = 0; x < r->n; x++) {
            const float *grad = r->grad + y * r->grad_row + x * LANES;
            const ptrdiff_t at = y * r->src_row + x * LANES;
            const __m512 g = _mm512_loadu_ps(grad);
            if (ahead != 0) {
                fetch(src[N - 1] + at + ahead, 1);
                fetch(grad + r->rows * r->grad_row, 1);
            }
            UNROLL
            for (int k = 0; k < N; k++)
                acc[k] = _mm512_fmadd_ps(_mm512_loadu_ps(src[k] + at), g, acc[k]);
        }
    UNROLL
    for (int k = 0; k < N; k++)
        add_to(r->dw + p->w[from + k], acc[k]);
}

static void depthwise_some(const struct nn_weight_rows *r, struct positions *p)
{
    int k = 0;
    if (p->n == POSITIONS) {
        depthwise_positions(r, p, 0, POSITIONS);
        k = POSITIONS;
    }
    for (; k + 3 <= p->n; k += 3)
        depthwise_positions(r, p, k, 3);
    for (; k < p->n; k++)
        depthwise_positions(r, p, k, 1);
    p->n = 0;
}

static void depthwise_weight_rows_avx512(const struct nn_weight_rows *r)
{
    struct positions p = { .n = 0 };
    for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++)
        for (int k = 0; k < t->count; k++) {
            p.src[p.n] = t->src + k * t->step;
            p.ahead[p.n] = t->ahead;
            p.w[p.n++] = t->w + (size_t)k * t->w_step;
            if (p.n == POSITIONS)
                depthwise_some(r, &p);
        }
    depthwise_some(r, &p);
}

void nn_dsp_init_avx512(struct nn_dsp *dsp)
{
    dsp->conv_row = conv_row_avx512;
    dsp->weight_rows = weight_rows_avx512;
    dsp->depthwise_row = depthwise_row_avx512;
    dsp->depthwise_weight_rows = depthwise_weight_rows_avx512;
}
