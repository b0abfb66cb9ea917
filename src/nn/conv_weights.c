/*
 * Gradients of weights and bias.
 *
 * A task is one tile of weights (one or two coarse blocks with one fine block; depthwise: one block) over one part of the
 * rows of all samples. How many parts there are is a function of the shapes alone; each adds up in an array of its own,
 * and the arrays are summed in order. Within a part, sums run over stretches of columns, then rows, in calls of the row
 * kernel that cover CALL_PIXELS pixels or one row: three levels of sums, none of them long.
 *
 *     part:  for each sample, stretch, group of rows:  dw += (sum over y, x of fine * coarse)
 *     dw = part 0 + part 1 + ...
 *
 * The gradient of the bias is the sum over pixels, in four sums by pixel mod 4 over a sample, (s0 + s1) + (s2 + s3), and
 * then over samples.
 */
#include "nn/conv_priv.h"
#include <string.h>

enum { PARTS = 32, PART_PIXELS = 2048, CALL_PIXELS = 128, ROW_PIXELS = 512, PAIR = NN_LANES * NN_LANES };

struct gradient {
    const struct nn_call *call;
    const struct conv *g;
    bool depthwise;
    struct conv_axis y, x;
    const float *fine, *coarse;
    float *packed;                   /* [parts] */
    int parts, tiles, stretch, rows; /* rows: of one call */
};

struct tile {
    int coarse, blocks, fine; /* blocks coarse..coarse+blocks-1 with block fine */
    size_t at;                /* of their weights in a packed array */
};

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

/* Tile i, or blocks 0 after the last. */
static struct tile tile_at(const struct conv *g, int i)
{
    const int blocks = nn_blocks(g->coarse.c);
    const size_t taps = (size_t)(g->k * g->k);
    if (conv_is_depthwise(g))
        return (struct tile){ i, i < blocks, i, (size_t)i * conv_pack_block(g, false) };
    for (int b = 0; b < blocks;) {
        const struct conv_span s = conv_span_of(g, false, b);
        int together = 1;
        if (b + 1 < blocks) {
            const struct conv_span next = conv_span_of(g, false, b + 1);
            together += next.lo == s.lo && next.hi == s.hi;
        }
        if (i < s.hi - s.lo)
            return (struct tile){ b, together, s.lo + i,
                                  (size_t)b * conv_pack_block(g, false) + (size_t)i * taps * PAIR };
        i -= s.hi - s.lo;
        b += together;
    }
    return (struct tile){ 0 };
}

static struct gradient gradient_of(const struct conv *g)
{
    struct gradient p = { .g = g, .depthwise = conv_is_depthwise(g) };
    p.y = conv_axis_down(g, g->fine.h, g->coarse.h);
    p.x = conv_axis_down(g, g->fine.w, g->coarse.w);
    while (tile_at(g, p.tiles).blocks > 0)
        p.tiles++;
    const int64_t rows = (int64_t)g->n * g->coarse.h, worth = 1 + rows * g->coarse.w / PART_PIXELS;
    int64_t parts = p.tiles < PARTS ? PARTS / p.tiles : 1;
    parts = parts > worth ? worth : parts;
    p.parts = (int)(parts > rows ? rows : parts);
    p.stretch = ceil_div(g->coarse.w, ceil_div(g->coarse.w, ROW_PIXELS));
    p.rows = p.stretch >= CALL_PIXELS ? 1 : CALL_PIXELS / p.stretch;
    return p;
}

static struct conv_window window_of(const struct gradient *p)
{
    int lo, hi;
    conv_axis_reads(&p->x, 0, p->stretch - 1, &lo, &hi);
    return (struct conv_window){
        .size = p->g->fine, .blocks = 1, .phases = p->x.in_step, .pixels = ceil_div(hi - lo + 1, p->x.in_step)
    };
}

static int rows_at_once(const struct gradient *p)
{
    return (p->y.k - 1) * p->y.dilation + (p->rows - 1) * p->y.in_step + 1;
}

void conv_weights_memory(const struct conv *g, struct nn_memory *m)
{
    const struct gradient p = gradient_of(g);
    const struct conv_window w = window_of(&p);
    const size_t scratch =
        conv_window_row(&w) * (size_t)conv_window_capacity(conv_window_row(&w), rows_at_once(&p));
    const size_t shared = conv_pack_floats(g, false) * (size_t)p.parts;
    m->per_thread = scratch > m->per_thread ? scratch : m->per_thread;
    m->shared = shared > m->shared ? shared : m->shared;
}

/* --- one call of the row kernel --- */

struct task {
    const struct gradient *p;
    struct tile tile;
    struct conv_window window;
    struct conv_run runs[CONV_KERNEL_MAX];
    int nruns, x0, x1;
    float *dw;           /* of the tile, ky = kx = 0 */
    const float *coarse; /* block 0 of the tile in this sample */
};

/* Rows y..y+rows-1. */
static void add_rows(struct task *t, int y, int rows)
{
    const struct gradient *p = t->p;
    const struct conv *g = p->g;
    const struct nn_dsp *dsp = &p->call->kernels->dsp;
    const int size = p->depthwise ? NN_LANES : PAIR, left = g->fine.c - t->tile.fine * NN_LANES;
    const ptrdiff_t coarse_row = (ptrdiff_t)g->coarse.w * NN_LANES;
    struct nn_tap taps[CONV_KERNEL_MAX];
    struct nn_weight_rows r = { .dw = t->dw,
                                .w_block = conv_pack_block(g, false),
                                .tap = taps,
                                .taps = t->nruns,
                                .src_row = (ptrdiff_t)conv_window_row(&t->window) * p->y.in_step,
                                .grad = t->coarse + y * coarse_row + t->x0 * NN_LANES,
                                .grad_row = coarse_row,
                                .grad_block = coarse_row * g->coarse.h,
                                .blocks = t->tile.blocks,
                                .rows = rows,
                                .n = t->x1 - t->x0 };
    const int first = y * p->y.in_step + p->y.at;
    conv_window_need(&t->window, first, first + (rows - 1) * p->y.in_step + (g->k - 1) * g->dilation);
    for (int ky = 0; ky < g->k; ky++) {
        for (int i = 0; i < t->nruns; i++) {
            const struct conv_run *run = &t->runs[i];
            taps[i] =
                (struct nn_tap){ .src = conv_window_at(&t->window, first + ky * g->dilation, 0, run->phase) +
                                        run->index * NN_LANES,
                                 .step = run->move * NN_LANES,
                                 .w = (size_t)((ky * g->k + run->first) * size),
                                 .w_step = (size_t)(run->step * size),
                                 .count = run->count,
                                 .lanes = left < NN_LANES ? left : NN_LANES };
        }
        (p->depthwise ? dsp->depthwise_weight_rows : dsp->weight_rows)(&r);
    }
}

/* Rows y0..y1-1 of one sample. */
static void add_sample(struct task *t, int sample, int y0, int y1)
{
    const struct gradient *p = t->p;
    const struct conv *g = p->g;
    const size_t fine_plane = (size_t)g->fine.h * (size_t)g->fine.w * NN_LANES;
    const size_t coarse_plane = (size_t)g->coarse.h * (size_t)g->coarse.w * NN_LANES;
    t->window.map = p->fine + (size_t)sample * (size_t)nn_blocks(g->fine.c) * fine_plane;
    t->window.first_block = t->tile.fine;
    t->coarse =
        p->coarse + ((size_t)sample * (size_t)nn_blocks(g->coarse.c) + (size_t)t->tile.coarse) * coarse_plane;
    for (t->x0 = 0; t->x0 < g->coarse.w; t->x0 = t->x1) {
        int last;
        t->x1 = t->x0 + p->stretch < g->coarse.w ? t->x0 + p->stretch : g->coarse.w;
        conv_axis_reads(&p->x, t->x0, t->x1 - 1, &t->window.x0, &last);
        t->window.count = 0;
        for (int y = y0; y < y1; y += p->rows)
            add_rows(t, y, y1 - y < p->rows ? y1 - y : p->rows);
    }
}

static void run_task(void *user, int thread, size_t i)
{
    const struct gradient *p = user;
    const int part = (int)(i % (size_t)p->parts), h = p->g->coarse.h;
    struct task t = { .p = p, .tile = tile_at(p->g, (int)(i / (size_t)p->parts)), .window = window_of(p) };
    const int64_t rows = (int64_t)p->g->n * h;
    const size_t block = conv_pack_block(p->g, false), taps = (size_t)(p->g->k * p->g->k);
    t.dw = p->packed + (size_t)part * conv_pack_floats(p->g, false) + t.tile.at;
    for (int b = 0; b < t.tile.blocks; b++)
        memset(t.dw + (size_t)b * block, 0, taps * (p->depthwise ? NN_LANES : PAIR) * sizeof *t.dw);
    t.window.rows = nn_thread_scratch(p->call, thread);
    t.window.capacity = conv_window_capacity(conv_window_row(&t.window), rows_at_once(p));
    t.nruns = conv_axis_runs(&p->x, 0, t.runs);
    const int64_t end = rows * (part + 1) / p->parts;
    for (int64_t at = rows * part / p->parts; at < end;) {
        const int sample = (int)(at / h), y0 = (int)(at % h);
        const int y1 = end - at < h - y0 ? y0 + (int)(end - at) : h;
        add_sample(&t, sample, y0, y1);
        at += y1 - y0;
    }
}

void conv_weights(const struct nn_call *c, const struct conv *g, const float *fine, const float *coarse,
                  float *dw)
{
    struct gradient p = gradient_of(g);
    p.call = c;
    p.fine = fine;
    p.coarse = coarse;
    p.packed = c->shared;
    edgel_pool_run(c->pool, (size_t)p.tiles * (size_t)p.parts, run_task, &p);
    conv_unpack(c, g, p.packed, (size_t)p.parts, dw);
}

/* --- bias --- */

struct bias_sums {
    const struct nn_tensor *grad;
    float *sums; /* [sample][channel of all blocks] */
};

static void sum_plane(void *user, int thread, size_t i)
{
    const struct bias_sums *b = user;
    const size_t pixels = (size_t)b->grad->h * (size_t)b->grad->w;
    const float *restrict from = b->grad->data + i * pixels * NN_LANES;
    float s[4 * NN_LANES] = { 0 };
    size_t at = 0;
    (void)thread;
    for (; at + 4 <= pixels; at += 4, from += 4 * NN_LANES)
        for (int l = 0; l < 4 * NN_LANES; l++)
            s[l] += from[l];
    for (int l = 0; l < (int)(pixels - at) * NN_LANES; l++)
        s[l] += from[l];
    for (int l = 0; l < NN_LANES; l++)
        b->sums[i * NN_LANES + (size_t)l] =
            (s[l] + s[NN_LANES + l]) + (s[2 * NN_LANES + l] + s[3 * NN_LANES + l]);
}

void conv_bias_memory(const struct nn_tensor *grad, struct nn_memory *m)
{
    const size_t sums = (size_t)grad->n * (size_t)nn_blocks(grad->c) * NN_LANES;
    m->shared = sums > m->shared ? sums : m->shared;
}

void conv_bias(const struct nn_call *c, const struct nn_tensor *grad, float *db)
{
    struct bias_sums b = { grad, c->shared };
    const size_t blocks = (size_t)nn_blocks(grad->c);
    edgel_pool_run(c->pool, (size_t)grad->n * blocks, sum_plane, &b);
    for (int ch = 0; ch < grad->c; ch++) {
        float sum = 0;
        for (int n = 0; n < grad->n; n++)
            sum += b.sums[(size_t)n * blocks * NN_LANES + (size_t)ch];
        db[ch] = sum;
    }
}
