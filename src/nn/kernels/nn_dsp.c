/* The table of row kernels, and each of them in plain C. */
#include "nn/kernels/nn_dsp.h"
#include "core/core_priv.h"
#include <math.h>
#include <string.h>

enum { LANES = 16 };

static void conv_pixel(float acc[LANES], const struct nn_tap *t, const float *src, ptrdiff_t lane,
                       const float *w)
{
    for (int i = 0; i < t->lanes; i++)
        for (int k = 0; k < t->count; k++) {
            const float s = src[k * t->step + i * lane], *v = w + (size_t)k * t->w_step + i * LANES;
            for (int o = 0; o < LANES; o++)
                acc[o] = fmaf(s, v[o], acc[o]);
        }
}

static void conv_row_c(const struct nn_conv_row *r)
{
    const ptrdiff_t pixel = r->plane ? 1 : LANES, lane = r->plane ? r->plane : 1;
    for (int b = 0; b < r->blocks; b++)
        for (int x = 0; x < r->n; x++) {
            float *dst = r->dst + b * r->dst_block + x * LANES, acc[LANES];
            memcpy(acc, r->start ? r->start + b * LANES : dst, sizeof acc);
            for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++)
                conv_pixel(acc, t, t->src + x * pixel, lane, r->w + (size_t)b * r->w_block + t->w);
            memcpy(dst, acc, sizeof acc);
        }
}

/* Sums of one input lane at one position against all lanes of one block of gradients. */
static void weight_lane(float *dw, const float *src, const float *grad, const struct nn_weight_rows *r)
{
    float s[LANES] = { 0 };
    for (int y = 0; y < r->rows; y++)
        for (int x = 0; x < r->n; x++) {
            const float v = src[y * r->src_row + x * LANES], *g = grad + y * r->grad_row + x * LANES;
            for (int o = 0; o < LANES; o++)
                s[o] = fmaf(v, g[o], s[o]);
        }
    for (int o = 0; o < LANES; o++)
        dw[o] += s[o];
}

static void weight_rows_c(const struct nn_weight_rows *r)
{
    for (int b = 0; b < r->blocks; b++)
        for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++)
            for (int k = 0; k < t->count; k++)
                for (int i = 0; i < t->lanes; i++)
                    weight_lane(r->dw + (size_t)b * r->w_block + t->w + (size_t)k * t->w_step + i * LANES,
                                t->src + k * t->step + i, r->grad + b * r->grad_block, r);
}

static void depthwise_row_c(const struct nn_conv_row *r)
{
    for (int x = 0; x < r->n; x++)
        for (int o = 0; o < LANES; o++) {
            float acc = r->start ? r->start[o] : r->dst[x * LANES + o];
            for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++)
                for (int k = 0; k < t->count; k++)
                    acc = fmaf(t->src[k * t->step + x * LANES + o],
                               r->w[t->w + (size_t)k * t->w_step + (size_t)o], acc);
            r->dst[x * LANES + o] = acc;
        }
}

static void depthwise_weight_rows_c(const struct nn_weight_rows *r)
{
    for (const struct nn_tap *t = r->tap; t < r->tap + r->taps; t++)
        for (int k = 0; k < t->count; k++)
            for (int o = 0; o < LANES; o++) {
                const float *src = t->src + k * t->step + o, *grad = r->grad + o;
                float s = 0;
                for (int y = 0; y < r->rows; y++)
                    for (int x = 0; x < r->n; x++)
                        s = fmaf(src[y * r->src_row + x * LANES], grad[y * r->grad_row + x * LANES], s);
                r->dw[t->w + (size_t)k * t->w_step + (size_t)o] += s;
            }
}

void nn_dsp_init(struct nn_dsp *dsp, unsigned cpu_flags)
{
    *dsp = (struct nn_dsp){
        .conv_row = conv_row_c,
        .weight_rows = weight_rows_c,
        .depthwise_row = depthwise_row_c,
        .depthwise_weight_rows = depthwise_weight_rows_c,
    };
    (void)cpu_flags; /* unused where no other level is built */
#ifdef EDGEL_HAVE_AVX2
    if (cpu_flags & EDGEL_CPU_AVX2)
        nn_dsp_init_avx2(dsp);
#endif
#ifdef EDGEL_HAVE_AVX512
    if (cpu_flags & EDGEL_CPU_AVX512)
        nn_dsp_init_avx512(dsp);
#endif
}
