/*
 * Gradients of weights and bias.
 *
 * A task is one tile of weights (one or two coarse blocks with one fine block; depthwise: one block) over one part of
 * the rows of all samples. How many parts there are is a function of the shapes alone; each adds up in an array of its
 * own, and the arrays are summed in order. Within a part, sums run over stretches of columns, then rows, in calls of
 * the row kernel that cover CALL_PIXELS pixels or one row: three levels of sums, none of them long.
 *
 *     part:  for each sample, stretch, group of rows:  dw += (sum over y, x of fine * coarse)
 *     dw = part 0 + part 1 + ...
 *
 * The gradient of the bias is the sum over pixels, in four sums by pixel mod 4 over a sample, (s0 + s1) + (s2 + s3),
 * and then over samples.
 */
#include "nn/kernels/conv_priv.h"
#include <string.h>

enum {
    PARTS = 32,
    PART_PIXELS = 2048,
    CALL_PIXELS = 128,
    STRETCH = 512,
    BAND = 16, /* rows that stretches are worked on in turns */
    PAIR = NN_LANES * NN_LANES
};

struct gradient {
    const struct nn_call *call;
    const struct conv *g;
    bool depthwise;
    struct conv_axis y, x;
    const float *fine, *coarse;
    float *packed; /* [parts] */
    struct conv_cut cut;
    int parts, tiles;
    size_t w_block;
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
    p.cut = conv_axis_cut(&p.x, STRETCH);
    p.w_block = conv_pack_block(g, false);
    return p;
}

static int rows_of_call(int columns)
{
    const int rows = columns >= CALL_PIXELS ? 1 : CALL_PIXELS / columns;
    return rows > BAND ? BAND : rows;
}

/* Of coarse columns from..to-1; capacity 0 if they need none. */
static struct conv_window window_of(const struct gradient *p, int from, int to)
{
    struct conv_window w = { .size = p->g->fine, .blocks = 1, .phases = p->x.in_step };
    int last;
    conv_axis_reads(&p->x, from, to - 1, &w.x0, &last);
    w.pixels = ceil_div(last - w.x0 + 1, w.phases);
    if (!conv_axis_direct(&p->x, from, to))
        w.capacity =
            conv_window_capacity(conv_window_row(&w), (p->y.k - 1) * p->y.dilation +
                                                          (rows_of_call(to - from) - 1) * p->y.in_step + 1);
    return w;
}

static size_t window_floats(const struct gradient *p)
{
    size_t most = 0;
    for (int i = 0; i < p->cut.count; i++) {
        int from, to;
        conv_cut_at(&p->cut, i, &from, &to);
        const struct conv_window w = window_of(p, from, to);
        const size_t floats = conv_window_row(&w) * (size_t)w.capacity;
        most = floats > most ? floats : most;
    }
    return most;
}

void conv_weights_memory(const struct conv *g, struct nn_memory *m)
{
    const struct gradient p = gradient_of(g);
    const size_t scratch = 2 * window_floats(&p);
    const size_t shared = conv_pack_floats(g, false) * (size_t)p.parts;
    m->per_thread = scratch > m->per_thread ? scratch : m->per_thread;
    m->shared = shared > m->shared ? shared : m->shared;
}

/* --- one call of the row kernel --- */

struct stretch {
    int x0, x1, rows;          /* rows: of one call */
    struct conv_window window; /* capacity 0: taps read the map itself */
};

struct task {
    const struct gradient *p;
    struct tile tile;
    struct conv_run runs[CONV_KERNEL_MAX];
    int nruns;
    float *dw, *windows;        /* dw: of the tile, ky = kx = 0 */
    const float *fine, *coarse; /* block 0 of the tile in this sample */
};

/* Kernel rows that read the map for the same rows from..to-1: one call of the row kernel. */
struct taps {
    struct nn_tap tap[CONV_KERNEL_MAX];
    int n, from, to;
};

static void add_taps(const struct task *t, const struct stretch *s, struct taps *taps)
{
    const struct conv *g = t->p->g;
    const ptrdiff_t coarse_row = (ptrdiff_t)g->coarse.w * NN_LANES;
    const struct nn_weight_rows r = {
        .dw = t->dw,
        .w_block = t->p->w_block,
        .tap = taps->tap,
        .taps = taps->n,
        .src_row = g->stride * (s->window.capacity > 0 ? (ptrdiff_t)conv_window_row(&s->window)
                                                       : (ptrdiff_t)g->fine.w * NN_LANES),
        .grad = t->coarse + taps->from * coarse_row + s->x0 * NN_LANES,
        .grad_row = coarse_row,
        .grad_block = coarse_row * g->coarse.h,
        .blocks = t->tile.blocks,
        .rows = taps->to - taps->from,
        .n = s->x1 - s->x0,
    };
    const struct nn_dsp *dsp = &t->p->call->kernels->dsp;
    if (taps->n > 0)
        (t->p->depthwise ? dsp->depthwise_weight_rows : dsp->weight_rows)(&r);
    taps->n = 0;
}

/* Adds the runs of kernel row ky, for output rows from..to-1. */
static void list_taps(const struct task *t, const struct stretch *s, int ky, struct taps *taps)
{
    const struct conv *g = t->p->g;
    const int size = t->p->depthwise ? NN_LANES : PAIR, left = g->fine.c - t->tile.fine * NN_LANES;
    const int row = taps->from * g->stride - g->pad + ky * g->dilation;
    const ptrdiff_t fine_row = (ptrdiff_t)g->fine.w * NN_LANES;
    for (const struct conv_run *run = t->runs; run < t->runs + t->nruns; run++) {
        const bool window = s->window.capacity > 0, last = ky == g->k - 1 && run == t->runs;
        const float *src = window ? conv_window_at(&s->window, row, 0, run->phase)
                                  : t->fine + row * fine_row + s->window.x0 * NN_LANES;
        taps->tap[taps->n++] = (struct nn_tap){
            .src = src + run->index * NN_LANES,
            .step = run->move * NN_LANES,
            .w = (size_t)((ky * g->k + run->first) * size),
            .w_step = (size_t)(run->step * size),
            .count = run->count,
            .lanes = left < NN_LANES ? left : NN_LANES,
            .ahead = last && !window ? (taps->to - taps->from) * g->stride * fine_row : 0,
        };
    }
}

/* Rows y0..y1-1, for each kernel row as far as it reads the map: outside it is all zeros. */
static void add_rows(const struct task *t, const struct stretch *s, int y0, int y1)
{
    const struct conv *g = t->p->g;
    struct taps taps = { .n = 0 };
    for (int ky = 0; ky < g->k; ky++) {
        const int at = ky * g->dilation - g->pad, last = g->fine.h - 1 - at;
        const int from = at < 0 && -at > y0 * g->stride ? ceil_div(-at, g->stride) : y0;
        const int to = last < 0 ? y0 : last / g->stride + 1 < y1 ? last / g->stride + 1 : y1;
        if (from >= to)
            continue;
        if (from != taps.from || to != taps.to || taps.n + t->nruns > CONV_KERNEL_MAX)
            add_taps(t, s, &taps);
        taps.from = from;
        taps.to = to;
        list_taps(t, s, ky, &taps);
    }
    add_taps(t, s, &taps);
}

static void add_stretch(const struct task *t, struct stretch *s, int y0, int y1)
{
    const struct conv *g = t->p->g;
    for (int y = y0, end; y < y1; y = end) {
        end = y1 - y < s->rows ? y1 : y + s->rows;
        if (s->window.capacity > 0)
            conv_window_need(&s->window, y * g->stride - g->pad,
                             (end - 1) * g->stride - g->pad + (g->k - 1) * g->dilation);
        add_rows(t, s, y, end);
    }
}

/* Rows y0..y1-1 of stretches first..last-1. */
static void add_bands(const struct task *t, int first, int last, int y0, int y1)
{
    const struct gradient *p = t->p;
    struct stretch s[3]; /* first, between, last */
    for (int y = y0; y < y1; y += BAND)
        for (int i = first; i < last; i++) {
            struct stretch *now = &s[i == first ? 0 : i < last - 1 ? 1 : 2];
            if (y == y0 || (now == &s[1] && p->cut.middles > 1)) {
                conv_cut_at(&p->cut, i, &now->x0, &now->x1);
                now->rows = rows_of_call(now->x1 - now->x0);
                now->window = window_of(p, now->x0, now->x1);
                now->window.map = t->fine;
                now->window.rows = t->windows + (now == &s[2] ? window_floats(p) : 0);
            }
            add_stretch(t, now, y, y1 - y < BAND ? y1 : y + BAND);
        }
}

/* Rows y0..y1-1 of one sample. */
static void add_sample(struct task *t, int sample, int y0, int y1)
{
    const struct gradient *p = t->p;
    const struct conv *g = p->g;
    const size_t fine_plane = (size_t)g->fine.h * (size_t)g->fine.w * NN_LANES;
    const size_t coarse_plane = (size_t)g->coarse.h * (size_t)g->coarse.w * NN_LANES;
    t->fine = p->fine + ((size_t)sample * (size_t)nn_blocks(g->fine.c) + (size_t)t->tile.fine) * fine_plane;
    t->coarse =
        p->coarse + ((size_t)sample * (size_t)nn_blocks(g->coarse.c) + (size_t)t->tile.coarse) * coarse_plane;
    if (p->cut.left > 0 || p->cut.right > 0)
        add_bands(t, 0, p->cut.count, y0, y1);
    else
        for (int i = 0; i < p->cut.count; i++)
            add_bands(t, i, i + 1, y0, y1);
}

static void run_task(void *user, int thread, size_t i)
{
    const struct gradient *p = user;
    const int part = (int)(i % (size_t)p->parts), h = p->g->coarse.h;
    struct task t = { .p = p, .tile = tile_at(p->g, (int)(i / (size_t)p->parts)) };
    const int64_t rows = (int64_t)p->g->n * h;
    const size_t block = p->w_block, taps = (size_t)(p->g->k * p->g->k);
    t.dw = p->packed + (size_t)part * conv_pack_floats(p->g, false) + t.tile.at;
    for (int b = 0; b < t.tile.blocks; b++)
        memset(t.dw + (size_t)b * block, 0, taps * (p->depthwise ? NN_LANES : PAIR) * sizeof *t.dw);
    t.windows = nn_thread_scratch(p->call, thread);
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
