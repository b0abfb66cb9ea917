/*
 * nncheck: every row kernel of the network must compute what its comment in nn_dsp.h says.
 *
 *     nncheck [--seed N] [--bench]
 *
 * The kernels of every CPU level are held, bit for bit, against per-sample formulas written here: every width to 60 (so
 * every tile and tail), random taps, steps, lanes, blocks and rows, over ordinary, tiny, huge and special values, with
 * guards around what is written and NaN in every lane that does not count. The seed is printed. --bench prints GFLOP/s
 * of 3x3 convolutions and their fraction of the multiply-adds that one core does when nothing holds it up. Exit 0 pass,
 * 1 fail.
 */
#include "core/core_priv.h"
#include "nn/kernels/nn_dsp.h"
#include "random.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 16, MAXW = 60, BLOCKS = 3, TAPS = 5, COUNT = 4, ROWS = 3, STEPS = 4, GUARD = 32 };
enum { PATTERNS = 4, ROUNDS = 3 };
enum { SRC_ROW = (MAXW + STEPS * COUNT + 2) * LANES, SRC = TAPS * ROWS * SRC_ROW };
enum { TAP_W = COUNT * 2 * LANES * LANES, W_BLOCK = TAPS * TAP_W, W = BLOCKS * W_BLOCK };
enum { OUT_ROW = (MAXW + 3) * LANES, OUT_BLOCK = ROWS * OUT_ROW, OUT = BLOCKS * OUT_BLOCK };

static int failures, compared;
static uint64_t rng_state = 1;
static uint32_t rnd(void)
{
    return random_word(&rng_state);
}

static float value(int pattern)
{
    static const float special[] = { 0, -0.0f, INFINITY, -INFINITY, NAN, 1e-45f, -3e38f, 1 };
    const float v = (float)rnd() / 2147483648.0f - 1;
    if (pattern == 1)
        return ldexpf(v, (int)(rnd() % 40) - 80); /* products fall below the smallest number */
    if (pattern == 2)
        return ldexpf(v, (int)(rnd() % 120) - 50);
    if (pattern == 3 && rnd() % 200 == 0)
        return special[rnd() % 8];
    return pattern == 3 ? (float)((int)(rnd() % 5) - 2) : v;
}

/* Any NaN is a NaN; everything else by its bits. */
static bool same_float(float a, float b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static float src[SRC], weights[W + 2 * GUARD], grads[OUT], out[OUT + 2 * GUARD], starts[BLOCKS * LANES];
static float want_out[OUT + 2 * GUARD], want_w[W + 2 * GUARD], before[W + 2 * GUARD];
static struct nn_tap taps[TAPS];

static void fill(float *p, size_t n, int pattern)
{
    for (size_t i = 0; i < n; i++)
        p[i] = value(pattern);
}

/* One random list of taps; lanes that do not count are NaN in the source. plane: as in struct nn_conv_row. */
static int random_taps(int pattern, bool depthwise, int plane)
{
    const int n = 1 + (int)(rnd() % TAPS), pixel = plane ? 1 : LANES,
              size = depthwise ? LANES : LANES * LANES;
    fill(src, SRC, pattern);
    for (int t = 0; t < n; t++) {
        const bool plain = rnd() % 2; /* a 3-wide kernel, which has code of its own */
        struct nn_tap *tap = &taps[t];
        tap->count = plain ? 3 : 1 + (int)(rnd() % COUNT);
        tap->step = pixel * (plain ? 1 : (ptrdiff_t)(rnd() % (STEPS + 1)));
        tap->lanes = depthwise || rnd() % 2 ? LANES : 1 + (int)(rnd() % LANES);
        tap->ahead = (ptrdiff_t)(rnd() % 3) * SRC_ROW;
        tap->w = (size_t)(t * TAP_W);
        tap->w_step = (size_t)(size * (1 + (int)(rnd() % 2)));
        tap->src = src + t * ROWS * SRC_ROW + pixel * (int)(rnd() % 3);
        if (rnd() % 4 == 0 && !plain) { /* backwards */
            tap->src += tap->step * (tap->count - 1);
            tap->step = -tap->step;
        }
        for (int i = 0; i < ROWS * SRC_ROW; i++)
            if ((plane ? i % SRC_ROW / plane : i % LANES) >= tap->lanes)
                src[t * ROWS * SRC_ROW + i] = NAN;
    }
    return n;
}

static void judge(const char *level, const char *kernel, int n, const float *got, const float *want,
                  size_t count)
{
    compared++;
    for (size_t i = 0; i < count; i++)
        if (!same_float(got[i], want[i])) {
            if (failures++ < 20)
                fprintf(stderr, "FAIL %s %s, %d pixels: float %zu is %a, must be %a\n", level, kernel, n, i,
                        (double)got[i], (double)want[i]);
            return;
        }
}

/* --- the formulas --- */

static float formula_row(const struct nn_conv_row *r, int b, int x, int o, bool depthwise)
{
    float acc = r->start ? r->start[b * LANES + o] : r->dst[b * r->dst_block + x * LANES + o];
    for (int t = 0; t < r->taps; t++) {
        const struct nn_tap *tap = &r->tap[t];
        for (int i = depthwise ? o : 0; i < (depthwise ? o + 1 : tap->lanes); i++)
            for (int k = 0; k < tap->count; k++) {
                const size_t at = tap->w + (size_t)k * tap->w_step + (size_t)(depthwise ? o : LANES * i + o);
                const ptrdiff_t s = r->plane ? x + i * r->plane : x * LANES + i;
                acc = fmaf(tap->src[k * tap->step + s], r->w[(size_t)b * r->w_block + at], acc);
            }
    }
    return acc;
}

static float formula_weight(const struct nn_weight_rows *r, int b, const float *s, int o)
{
    float sum = 0;
    for (int y = 0; y < r->rows; y++)
        for (int x = 0; x < r->n; x++)
            sum = fmaf(s[y * r->src_row + x * LANES],
                       r->grad[b * r->grad_block + y * r->grad_row + x * LANES + o], sum);
    return sum;
}

static void check_row(const char *level, const char *name, void (*kernel)(const struct nn_conv_row *), int n,
                      int pattern, bool depthwise)
{
    const int blocks = depthwise ? 1 : 1 + (int)(rnd() % BLOCKS);
    const int plane = depthwise || rnd() % 2 ? 0 : SRC_ROW / LANES;
    const int count = random_taps(pattern, depthwise, plane);
    fill(weights, W, pattern);
    fill(starts, BLOCKS * LANES, pattern);
    fill(out, OUT + 2 * GUARD, 0);
    memcpy(want_out, out, sizeof out);
    struct nn_conv_row r = { .dst = out + GUARD,
                             .dst_block = OUT_BLOCK,
                             .blocks = blocks,
                             .n = n,
                             .tap = taps,
                             .taps = count,
                             .w = weights,
                             .w_block = W_BLOCK,
                             .plane = plane };
    r.start = rnd() % 2 ? starts : NULL;
    for (int b = 0; b < blocks; b++)
        for (int i = 0; i < n * LANES; i++)
            want_out[GUARD + b * OUT_BLOCK + i] = formula_row(&r, b, i / LANES, i % LANES, depthwise);
    kernel(&r);
    judge(level, name, n, out, want_out, OUT + 2 * GUARD);
}

static void check_weight_rows(const char *level, const char *name,
                              void (*kernel)(const struct nn_weight_rows *), int n, int pattern,
                              bool depthwise)
{
    const int blocks = depthwise ? 1 : 1 + (int)(rnd() % BLOCKS), count = random_taps(pattern, depthwise, 0);
    fill(grads, OUT, pattern);
    fill(before, W + 2 * GUARD, 0);
    memcpy(weights, before, sizeof before);
    memcpy(want_w, before, sizeof before);
    const struct nn_weight_rows r = { .dw = weights + GUARD,
                                      .w_block = W_BLOCK,
                                      .tap = taps,
                                      .taps = count,
                                      .src_row = SRC_ROW,
                                      .grad = grads,
                                      .grad_row = OUT_ROW,
                                      .grad_block = OUT_BLOCK,
                                      .blocks = blocks,
                                      .rows = 1 + (int)(rnd() % ROWS),
                                      .n = n };
    for (int b = 0; b < blocks; b++)
        for (const struct nn_tap *t = taps; t < taps + count; t++)
            for (int k = 0; k < t->count; k++)
                for (int j = 0; j < (depthwise ? LANES : t->lanes * LANES); j++) {
                    const size_t at = (size_t)(GUARD + b * W_BLOCK + j) + t->w + (size_t)k * t->w_step;
                    const float *s = t->src + k * t->step + (depthwise ? j : j / LANES);
                    want_w[at] += formula_weight(&r, b, s, j % LANES);
                }
    kernel(&r);
    judge(level, name, n, weights, want_w, W + 2 * GUARD);
}

static void check_level(const char *level, const struct nn_dsp *d)
{
    for (int round = 0; round < ROUNDS; round++)
        for (int pattern = 0; pattern < PATTERNS; pattern++)
            for (int n = 1; n <= MAXW; n++) {
                check_row(level, "conv_row", d->conv_row, n, pattern, false);
                check_row(level, "depthwise_row", d->depthwise_row, n, pattern, true);
                check_weight_rows(level, "weight_rows", d->weight_rows, n, pattern, false);
                check_weight_rows(level, "depthwise_weight_rows", d->depthwise_weight_rows, n, pattern, true);
            }
}

/* --- speed --- */

/* GFLOP/s of independent multiply-adds in registers of the level. */
#ifdef __x86_64__
#define DEFINE_PEAK(name, isa, BYTES)                                                                    \
    __attribute__((target(isa))) static double name(void)                                                \
    {                                                                                                    \
        typedef float vec __attribute__((vector_size(BYTES)));                                           \
        enum { LOOPS = 100000 };                                                                         \
        vec s0 = { 0 }, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0; \
        const vec a = s0, b = s0;                                                                        \
        double best = 0;                                                                                 \
        for (int rep = 0; rep < 20; rep++) {                                                             \
            const double start = edgel_clock();                                                          \
            for (int i = 0; i < LOOPS; i++)                                                              \
                __asm__ volatile("vfmadd231ps %10, %11, %0\n vfmadd231ps %10, %11, %1\n"                 \
                                 "vfmadd231ps %10, %11, %2\n vfmadd231ps %10, %11, %3\n"                 \
                                 "vfmadd231ps %10, %11, %4\n vfmadd231ps %10, %11, %5\n"                 \
                                 "vfmadd231ps %10, %11, %6\n vfmadd231ps %10, %11, %7\n"                 \
                                 "vfmadd231ps %10, %11, %8\n vfmadd231ps %10, %11, %9\n"                 \
                                 : "+x"(s0), "+x"(s1), "+x"(s2), "+x"(s3), "+x"(s4), "+x"(s5), "+x"(s6), \
                                   "+x"(s7), "+x"(s8), "+x"(s9)                                          \
                                 : "x"(a), "x"(b));                                                      \
            const double rate = LOOPS * 10.0 * 2 * (BYTES / 4) / (edgel_clock() - start) * 1e-9;         \
            best = rate > best ? rate : best;                                                            \
        }                                                                                                \
        return best;                                                                                     \
    }
DEFINE_PEAK(peak_avx2, "avx2,fma", 32)
DEFINE_PEAK(peak_avx512, "avx512f", 64)
#endif

static double peak_of(unsigned flags)
{
#ifdef __x86_64__
    if (flags & EDGEL_CPU_AVX512)
        return peak_avx512();
    if (flags & EDGEL_CPU_AVX2)
        return peak_avx2();
#endif
    (void)flags;
    return 0;
}

enum { BENCH_W = 128, BENCH_H = 8, BENCH_C = 64, BENCH_ROW = (BENCH_W + 2) * LANES };
static float bench_src[BENCH_C / LANES][BENCH_H + 2][BENCH_ROW],
    bench_dst[BENCH_C / LANES][BENCH_H][BENCH_W * LANES];
static float bench_w[9 * BENCH_C * BENCH_C], bench_start[BENCH_C];

/* The taps of output row y of a 3x3 kernel over `blocks` blocks. */
static void bench_taps(struct nn_tap *t, int blocks, int y)
{
    for (int k = 0; k < 3 * blocks; k++)
        t[k] = (struct nn_tap){ .src = bench_src[k / 3][y + k % 3],
                                .step = LANES,
                                .w_step = LANES * LANES,
                                .w = (size_t)(k * 3 * LANES * LANES),
                                .count = 3,
                                .lanes = LANES };
}

static void bench_run(const struct nn_dsp *d, int blocks, bool gradient)
{
    struct nn_tap t[3 * BENCH_C / LANES];
    const size_t w_block = (size_t)(blocks * 9 * LANES * LANES);
    for (int y = 0; y < BENCH_H; y++) {
        bench_taps(t, blocks, y);
        if (gradient)
            d->weight_rows(&(struct nn_weight_rows){ .dw = bench_w,
                                                     .w_block = w_block,
                                                     .tap = t,
                                                     .taps = 3 * blocks,
                                                     .grad = bench_dst[0][y],
                                                     .grad_block = BENCH_H * BENCH_W * LANES,
                                                     .blocks = blocks,
                                                     .rows = 1,
                                                     .n = BENCH_W });
        else
            d->conv_row(&(struct nn_conv_row){ .dst = bench_dst[0][y],
                                               .dst_block = BENCH_H * BENCH_W * LANES,
                                               .blocks = blocks,
                                               .n = BENCH_W,
                                               .start = bench_start,
                                               .tap = t,
                                               .taps = 3 * blocks,
                                               .w = bench_w,
                                               .w_block = w_block });
    }
}

static void bench_level(const char *level, const struct nn_dsp *d, unsigned flags)
{
    const double peak = peak_of(flags);
    printf("%-6s peak %.1f GFLOP/s\n", level, peak);
    for (int blocks = 1; blocks <= BENCH_C / LANES; blocks *= 2)
        for (int gradient = 0; gradient < 2; gradient++) {
            const double flop = 2.0 * 9 * BENCH_W * BENCH_H * blocks * blocks * LANES * LANES;
            double best = 1e9;
            for (int rep = 0; rep < (flags ? 100 : 2); rep++) {
                const double begin = edgel_clock();
                bench_run(d, blocks, gradient);
                const double seconds = edgel_clock() - begin;
                best = seconds < best ? seconds : best;
            }
            printf("%-6s 3x3, %2d channels, %s: %6.1f GFLOP/s", level, blocks * LANES,
                   gradient ? "gradient of weights     " : "forward, gradient of data", flop / best * 1e-9);
            if (peak > 0)
                printf(", %.2f of the peak", flop / best * 1e-9 / peak);
            putchar('\n');
        }
}

int main(int argc, char **argv)
{
    bool bench = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--bench") == 0)
            bench = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            rng_state = strtoull(argv[++i], NULL, 0);
        else
            return fprintf(stderr, "usage: nncheck [--seed N] [--bench]\n"), 2;
    }
    printf("nncheck: seed %llu\n", (unsigned long long)rng_state);
    int count;
    const struct edgel_cpu_row *levels = edgel_cpu_levels(&count);
    for (int i = 0; i < count; i++) {
        if ((edgel_cpu_flags() & levels[i].flags) != levels[i].flags) {
            printf("nncheck: %s is above the level of this run\n", levels[i].name);
            continue;
        }
        struct nn_dsp d;
        nn_dsp_init(&d, levels[i].flags);
        check_level(levels[i].name, &d);
        if (bench)
            bench_level(levels[i].name, &d, levels[i].flags);
    }
    printf("nncheck: %d comparisons, %d failures\n", compared, failures);
    return failures ? 1 : 0;
}
