/*
 * The products that make a map, row by row. A task is a band of rows of one sample (depthwise: of one block), in
 * stretches of columns. A stretch that reads nothing beyond the map reads the map itself; one at the border, or with a
 * stride, holds the input rows it works on in a window that moves down. Where the output steps over the input's pixels
 * (up, stride > 1) its columns are made phase by phase and put together at the end. Planar maps are the ends of a
 * network at inference: reading and writing them here saves blocked ones, most of whose lanes would be empty.
 *
 * Every output pixel is one sum in the order of the row kernels, taps in the order (input block, ky, run of kx); rows
 * of the kernel outside the map are left out. So neither tasks nor stretches show in the result.
 */
#include "nn/kernels/conv_priv.h"
#include <string.h>

enum { ROW_FLOATS = 1 << 14, STRETCH_MIN = 64, BAND_MIN = 8, TASKS_A_THREAD = 4, PAIR = NN_LANES * NN_LANES };

struct product {
    const struct nn_call *call;
    const struct conv *g;
    bool up, depthwise, forward; /* forward: not a gradient */
    struct conv_axis y, x;
    struct conv_map in_map, out_map;
    const float *in;
    float *out;
    const float *packed, *start; /* [16 blocks of the output] */
    size_t w_block;              /* of packed */
    size_t pixels;               /* of the output map */
    struct conv_cut cut;
    int widest, bands;         /* widest: columns of a stretch */
    int in_blocks, out_blocks; /* of one task */
    int in_planes, out_planes; /* of one task: conv_planes() */
};

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static struct product product_of(const struct conv *g, bool up)
{
    struct product p = { .g = g, .up = up, .depthwise = conv_is_depthwise(g) };
    p.in_map = up ? g->coarse : g->fine;
    p.out_map = up ? g->fine : g->coarse;
    p.y = up ? conv_axis_up(g, g->fine.h, g->coarse.h) : conv_axis_down(g, g->fine.h, g->coarse.h);
    p.x = up ? conv_axis_up(g, g->fine.w, g->coarse.w) : conv_axis_down(g, g->fine.w, g->coarse.w);
    p.in_blocks = p.depthwise ? 1 : nn_blocks(p.in_map.c);
    p.out_blocks = p.depthwise ? 1 : nn_blocks(p.out_map.c);
    p.in_planes = p.depthwise ? 1 : conv_planes(p.in_map);
    p.out_planes = p.depthwise ? 1 : conv_planes(p.out_map);
    const int64_t most = ROW_FLOATS / NN_LANES * (int64_t)p.x.out_step / (p.in_blocks * p.x.in_step);
    p.cut = conv_axis_cut(&p.x, most < STRETCH_MIN ? STRETCH_MIN : (int)most);
    p.widest = conv_cut_widest(&p.cut);
    p.w_block = conv_pack_block(g, up);
    p.pixels = (size_t)p.out_map.h * (size_t)p.out_map.w;
    return p;
}

/* --- memory of a thread: taps, windows, one row of one phase --- */

/* Of outputs from..to-1; capacity 0 if they need none. */
static struct conv_window window_of(const struct product *p, int from, int to)
{
    struct conv_window w = { .size = p->in_map, .blocks = p->in_planes, .phases = p->x.in_step };
    int last;
    conv_axis_reads(&p->x, from, to - 1, &w.x0, &last);
    w.pixels = ceil_div(last - w.x0 + 1, w.phases);
    if (!conv_axis_direct(&p->x, from, to))
        w.capacity =
            conv_window_capacity(conv_window_row(&w), (p->y.k - 1) * p->y.dilation / p->y.out_step + 2);
    return w;
}

static size_t tap_floats(const struct product *p)
{
    const size_t taps = (size_t)p->in_blocks * (size_t)p->g->k * (size_t)p->g->k;
    return (taps * sizeof(struct nn_tap) / sizeof(float) + NN_LANES - 1) / NN_LANES * NN_LANES;
}

static size_t window_floats(const struct product *p)
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

enum { WINDOWS = 2 }; /* the two borders are worked on side by side */

/* Whether rows are made beside the map and then put there. */
static bool apart(const struct product *p)
{
    return p->x.out_step > 1 || p->out_map.lanes == 1;
}

void conv_product_memory(const struct conv *g, bool up, struct nn_memory *m)
{
    const struct product p = product_of(g, up);
    const size_t phase_row = apart(&p) ? (size_t)p.widest * (size_t)p.out_blocks * NN_LANES : 0;
    const size_t scratch = tap_floats(&p) + WINDOWS * window_floats(&p) + phase_row;
    const size_t shared = conv_pack_floats(g, up) + (size_t)nn_blocks(p.out_map.c) * NN_LANES;
    m->per_thread = scratch > m->per_thread ? scratch : m->per_thread;
    m->shared = shared > m->shared ? shared : m->shared;
}

/* --- one row of one stretch --- */

struct stretch {
    int x0, x1;
    struct conv_window window; /* capacity 0: taps read the map itself */
};

struct task {
    const struct product *p;
    const struct stretch *stretch; /* at work */
    struct nn_tap *taps;
    float *phase_row, *out; /* out: block 0 of the task's output */
    const float *in;
    const float *plus; /* block 0 of what is added, or NULL */
    int block;         /* depthwise: which */
    struct conv_run runs[CONV_KERNEL_MAX];
    int nruns;
};

/* Pixel 0 of a run in input row `row`. */
static const float *source(const struct task *t, int row, int block, const struct conv_run *r)
{
    const struct conv_window *w = &t->stretch->window;
    const int lanes = w->size.lanes, plane = block * (NN_LANES / lanes);
    if (w->capacity > 0)
        return conv_window_at(w, row, plane, r->phase) + r->index * lanes;
    return t->in + (size_t)plane * conv_plane(w->size) +
           ((size_t)row * (size_t)w->size.w + (size_t)(w->x0 + r->index)) * (size_t)lanes;
}

/* Floats between the lanes of planar source rows. */
static ptrdiff_t source_plane(const struct conv_window *w)
{
    if (w->size.lanes > 1)
        return 0;
    return w->capacity > 0 ? (ptrdiff_t)w->phases * w->pixels : (ptrdiff_t)conv_plane(w->size);
}

/* Taps of output row y, input blocks lo..hi-1. */
static int list_taps(const struct task *t, int y, int lo, int hi)
{
    const struct product *p = t->p;
    const int size = p->depthwise ? NN_LANES : PAIR, k = p->g->k;
    const bool far = t->stretch->window.capacity == 0 && p->in_map.lanes > 1;
    int n = 0;
    for (int b = lo; b < hi; b++)
        for (int ky = 0; ky < k; ky++) {
            const int at = y * p->y.in_step + p->y.at + ky * p->y.dilation, row = at / p->y.out_step;
            if (at < 0 || at % p->y.out_step != 0 || row >= p->y.in)
                continue;
            for (const struct conv_run *r = t->runs; r < t->runs + t->nruns; r++)
                t->taps[n++] = (struct nn_tap){
                    .src = source(t, row, b, r),
                    .step = r->move * p->in_map.lanes,
                    .w = (size_t)(((b - lo) * k + ky) * k + r->first) * (size_t)size,
                    .w_step = (size_t)(r->step * size),
                    .count = r->count,
                    .ahead =
                        far && ky == k - 1 && row + 1 < p->y.in && r == t->runs ? p->in_map.w * NN_LANES : 0,
                    .lanes = p->in_map.c - b * NN_LANES < NN_LANES ? p->in_map.c - b * NN_LANES : NN_LANES,
                };
        }
    return n;
}

/* n pixels of output blocks from..to-1, which share the input blocks s. */
static void make_blocks(const struct task *t, int y, int from, int to, struct conv_span s, float *dst,
                        size_t dst_block, int n)
{
    const struct product *p = t->p;
    const struct nn_dsp *dsp = &p->call->kernels->dsp;
    const struct nn_conv_row row = {
        .dst = dst + (size_t)from * dst_block,
        .dst_block = (ptrdiff_t)dst_block,
        .blocks = to - from,
        .n = n,
        .start = p->start + (t->block + from) * NN_LANES,
        .tap = t->taps,
        .taps = list_taps(t, y, s.lo, s.hi),
        .w = p->packed + (size_t)(t->block + from) * p->w_block,
        .w_block = p->w_block,
        .plane = source_plane(&t->stretch->window),
    };
    (p->depthwise ? dsp->depthwise_row : dsp->conv_row)(&row);
}

static void make_pixels(const struct task *t, int y, float *dst, size_t dst_block, int n)
{
    const struct product *p = t->p;
    if (p->g->groups == 1 || p->depthwise) {
        make_blocks(t, y, 0, p->out_blocks, (struct conv_span){ 0, p->in_blocks }, dst, dst_block, n);
        return;
    }
    for (int from = 0, to; from < p->out_blocks; from = to) {
        const struct conv_span s = conv_span_of(p->g, p->up, from);
        for (to = from + 1; to < p->out_blocks; to++) {
            const struct conv_span next = conv_span_of(p->g, p->up, to);
            if (next.lo != s.lo || next.hi != s.hi)
                break;
        }
        make_blocks(t, y, from, to, s, dst, dst_block, n);
    }
}

/* n pixels made apart, as every out_step-th of row y from x on. */
static void put_pixels(const struct task *t, int y, int x, int n)
{
    const struct product *p = t->p;
    const struct conv_map m = p->out_map;
    const int step = p->x.out_step;
    float *out = t->out + ((size_t)y * (size_t)m.w + (size_t)x) * (size_t)m.lanes;
    for (int c = 0; c < m.c && c < p->out_blocks * NN_LANES; c += m.lanes) {
        const float *from = t->phase_row + (size_t)(c / NN_LANES * p->widest) * NN_LANES + c % NN_LANES;
        float *to = out + (size_t)(c / m.lanes) * conv_plane(m);
        if (m.lanes == 1)
            for (int i = 0; i < n; i++)
                to[i * step] = from[i * NN_LANES];
        else
            for (int i = 0; i < n; i++)
                memcpy(to + i * step * NN_LANES, from + i * NN_LANES, NN_LANES * sizeof *to);
    }
}

/* Adds what the call has to add (out_step is 1 then) to n pixels from x on, and applies its activation. */
static void finish_pixels(const struct task *t, int y, int x, float *dst, size_t dst_block, int n)
{
    const struct product *p = t->p;
    const struct nn_kernels *k = p->call->kernels;
    const struct nn_activation *a = &p->call->activation;
    const size_t floats = (size_t)n * NN_LANES, at = (size_t)y * (size_t)p->out_map.w + (size_t)x;
    for (int b = 0; b < p->out_blocks; b++, dst += dst_block) {
        if (t->plus)
            k->lanes.add(dst, t->plus + ((size_t)b * p->pixels + at) * NN_LANES, floats);
        if (a->kind)
            a->kind->apply(k, dst, floats, a->slope);
    }
}

/* Pixels x, x + out_step, ... of row y, n of them. */
static void make_phase(const struct task *t, int y, int x, int n)
{
    const struct product *p = t->p;
    const bool aside = apart(p);
    float *dst = aside ? t->phase_row : t->out + ((size_t)y * (size_t)p->out_map.w + (size_t)x) * NN_LANES;
    const size_t dst_block = aside ? (size_t)p->widest * NN_LANES : conv_plane(p->out_map);
    make_pixels(t, y, dst, dst_block, n);
    if (p->forward)
        finish_pixels(t, y, x, dst, dst_block, n);
    if (aside)
        put_pixels(t, y, x, n);
}

static void make_row(struct task *t, int y)
{
    const struct product *p = t->p;
    const int step = p->x.out_step, n = t->stretch->x1 - t->stretch->x0;
    for (int phase = 0; phase < step && phase < n; phase++) {
        if (step > 1)
            t->nruns = conv_axis_runs(&p->x, phase, t->runs);
        make_phase(t, y, t->stretch->x0 + phase, ceil_div(n - phase, step));
    }
}

/* --- tasks --- */

/* Rows y0..y1-1 of stretches first..last-1, row by row. */
static void make_rows(struct task *t, float *rows, int first, int last, int y0, int y1)
{
    const struct product *p = t->p;
    struct stretch s[WINDOWS + 1] = { { 0, 0, { 0 } } }; /* first, between, last */
    for (int y = y0; y < y1; y++) {
        int lo, hi;
        conv_axis_reads(&p->y, y, y, &lo, &hi);
        for (int i = first; i < last; i++) {
            struct stretch *now = &s[i == first ? 0 : i < last - 1 ? 1 : 2];
            if (y == y0 || (now == &s[1] && p->cut.middles > 1)) {
                conv_cut_at(&p->cut, i, &now->x0, &now->x1);
                now->window = window_of(p, now->x0, now->x1);
                now->window.map = t->in;
                now->window.rows = rows + (now == &s[2] ? window_floats(p) : 0);
            }
            if (now->window.capacity > 0)
                conv_window_need(&now->window, lo, hi);
            t->stretch = now;
            make_row(t, y);
        }
    }
}

static void run_task(void *user, int thread, size_t i)
{
    const struct product *p = user;
    const int band = (int)(i % (size_t)p->bands);
    float *scratch = nn_thread_scratch(p->call, thread);
    const int y0 = (int)((int64_t)p->out_map.h * band / p->bands);
    const int y1 = (int)((int64_t)p->out_map.h * (band + 1) / p->bands);
    i /= (size_t)p->bands; /* now sample, and for depthwise its block */
    struct task t = { .p = p, .taps = (struct nn_tap *)(void *)scratch };
    float *rows = scratch + tap_floats(p);
    t.block = p->depthwise ? (int)(i % (size_t)nn_blocks(p->in_map.c)) : 0;
    t.out = p->out + i * (size_t)p->out_planes * conv_plane(p->out_map);
    if (p->forward && p->call->plus.data)
        t.plus = p->call->plus.data + i * (size_t)p->out_blocks * p->pixels * NN_LANES;
    t.in = p->in + i * (size_t)p->in_planes * conv_plane(p->in_map);
    t.phase_row = rows + WINDOWS * window_floats(p);
    t.nruns = conv_axis_runs(&p->x, 0, t.runs); /* of a single phase: the same for every row */
    if (p->cut.left > 0 || p->cut.right > 0)
        make_rows(&t, rows, 0, p->cut.count, y0, y1);
    else
        for (int k = 0; k < p->cut.count; k++)
            make_rows(&t, rows, k, k + 1, y0, y1);
}

void conv_product(const struct nn_call *c, const struct conv *g, bool up, const float *in,
                  const float *weights, const float *bias, float *out, bool forward)
{
    struct product p = product_of(g, up);
    float *packed = c->shared, *start = packed + conv_pack_floats(g, up);
    conv_pack(c, g, up, weights, packed);
    memset(start, 0, (size_t)nn_blocks(p.out_map.c) * NN_LANES * sizeof *start);
    if (bias)
        memcpy(start, bias, (size_t)p.out_map.c * sizeof *start);
    p.call = c;
    p.in = in;
    p.out = out;
    p.packed = packed;
    p.start = start;
    p.forward = forward;
    const size_t maps = (size_t)g->n * (size_t)(p.depthwise ? nn_blocks(p.in_map.c) : 1);
    const size_t wanted = (size_t)edgel_pool_threads(c->pool) * TASKS_A_THREAD;
    const int most = ceil_div(p.out_map.h, BAND_MIN);
    p.bands = (wanted + maps - 1) / maps < (size_t)most ? (int)((wanted + maps - 1) / maps) : most;
    edgel_pool_run(c->pool, maps * (size_t)p.bands, run_task, &p);
}
