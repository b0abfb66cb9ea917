/*
 * Which inputs the outputs of a convolution read, along one axis; and the rows that it is working on, copied from the
 * map into the first-level cache, with zeros outside the map. With a stride, pixels of one phase lie together. The next
 * row of the map is prefetched meanwhile.
 */
#include "nn/kernels/conv_priv.h"
#include <string.h>

/* --- one axis --- */

static int floor_div(int a, int b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

struct conv_axis conv_axis_down(const struct conv *g, int fine, int coarse)
{
    return (struct conv_axis){ .in = fine,
                               .out = coarse,
                               .in_step = g->stride,
                               .out_step = 1,
                               .at = -g->pad,
                               .dilation = g->dilation,
                               .k = g->k };
}

/* With taps counted backwards, s y = v + p - d (k - 1) + d t. */
struct conv_axis conv_axis_up(const struct conv *g, int fine, int coarse)
{
    return (struct conv_axis){ .in = coarse,
                               .out = fine,
                               .in_step = 1,
                               .out_step = g->stride,
                               .at = g->pad - g->dilation * (g->k - 1),
                               .dilation = g->dilation,
                               .k = g->k };
}

void conv_axis_reads(const struct conv_axis *a, int from, int to, int *lo, int *hi)
{
    *lo = floor_div(from * a->in_step + a->at, a->out_step);
    *hi = floor_div(to * a->in_step + a->at + (a->k - 1) * a->dilation, a->out_step);
}

/* The input that tap t of output `phase` reads, counted from what output 0 reads first; -1: none. */
static int input_of(const struct conv_axis *a, int phase, int t)
{
    const int z = phase * a->in_step + a->at + t * a->dilation, q = floor_div(z, a->out_step);
    return q * a->out_step == z ? q - floor_div(a->at, a->out_step) : -1;
}

int conv_axis_runs(const struct conv_axis *a, int phase, struct conv_run runs[CONV_KERNEL_MAX])
{
    bool taken[CONV_KERNEL_MAX] = { false };
    int n = 0;
    for (int t = 0; t < a->k; t++) {
        const int u = input_of(a, phase, t);
        if (taken[t] || u < 0)
            continue;
        struct conv_run r = { .first = t, .step = 1, .phase = u % a->in_step, .index = u / a->in_step };
        for (int next = t; next < a->k; next++) {
            const int v = input_of(a, phase, next);
            if (v < 0 || v % a->in_step != r.phase)
                continue;
            if (r.count == 1) {
                r.step = next - t;
                r.move = v / a->in_step - r.index;
            }
            taken[next] = true;
            r.count++;
        }
        runs[n++] = r;
    }
    return n;
}

bool conv_axis_direct(const struct conv_axis *a, int from, int to)
{
    int lo, hi;
    conv_axis_reads(a, from, to - 1, &lo, &hi);
    return a->in_step == 1 && lo >= 0 && hi < a->in;
}

/* --- stretches --- */

/* EDGE: outputs of a border stretch, a tile of the row kernels. MIDDLE_MIN: below that copying everything costs
 * less. */
enum { EDGE = 14, MIDDLE_MIN = 64 };

static int round_up(int v, int step)
{
    return (v + step - 1) / step * step;
}

struct conv_cut conv_axis_cut(const struct conv_axis *a, int most)
{
    struct conv_cut c = { .out = a->out, .out_step = a->out_step };
    int left = 0, right = 0, lo, hi;
    for (conv_axis_reads(a, 0, 0, &lo, &hi); left < a->out && lo < 0; left++)
        conv_axis_reads(a, left + 1, left + 1, &lo, &hi);
    for (conv_axis_reads(a, a->out - 1, a->out - 1, &lo, &hi); right < a->out && hi >= a->in; right++)
        conv_axis_reads(a, a->out - 2 - right, a->out - 2 - right, &lo, &hi);
    left = left ? round_up(left > EDGE ? left : EDGE, a->out_step) : 0;
    right = right > EDGE || !right ? right : EDGE;
    const int middle = (a->out - left - right) / a->out_step * a->out_step;
    if (a->in_step == 1 && middle > MIDDLE_MIN) {
        c.left = left;
        c.right = right ? a->out - left - middle : 0;
    }
    c.middles = (a->out - c.left - c.right + most - 1) / most;
    c.count = c.middles + (c.left > 0) + (c.right > 0);
    return c;
}

void conv_cut_at(const struct conv_cut *c, int i, int *from, int *to)
{
    const int middle = c->out - c->left - c->right, first = c->left > 0;
    *from = 0;
    *to = c->left;
    if (i >= first) {
        const int k = i - first;
        *from = c->left + (int)((int64_t)middle * k / c->middles) / c->out_step * c->out_step;
        *to = c->left + (int)((int64_t)middle * (k + 1) / c->middles) / c->out_step * c->out_step;
        if (k + 1 == c->middles)
            *to = c->left + middle;
    }
    if (i == first + c->middles) {
        *from = c->left + middle;
        *to = c->out;
    }
}

int conv_cut_widest(const struct conv_cut *c)
{
    int widest = 0;
    for (int i = 0; i < c->count; i++) {
        int from, to;
        conv_cut_at(c, i, &from, &to);
        widest = to - from > widest ? to - from : widest;
    }
    return widest;
}

/* --- rows --- */

enum { AHEAD = 16, TARGET_FLOATS = 1 << 16 };

size_t conv_window_row(const struct conv_window *w)
{
    return (size_t)w->blocks * (size_t)w->phases * (size_t)(w->pixels * w->size.lanes);
}

int conv_window_capacity(size_t row_floats, int span)
{
    const size_t fit = TARGET_FLOATS / row_floats, least = (size_t)span + 1, most = (size_t)span + AHEAD;
    return (int)(fit < least ? least : fit > most ? most : fit);
}

/* The stretch of one block's row. */
static void load_block(const struct conv_window *w, const float *row, float *to)
{
    const int end = w->pixels * w->phases, lanes = w->size.lanes;
    int from = w->x0 < 0 ? -w->x0 : 0, stop = w->size.w - w->x0;
    stop = stop > end ? end : stop;
    if (from >= stop) {
        memset(to, 0, (size_t)(end * lanes) * sizeof *to);
        return;
    }
    if (w->phases == 1) {
        memset(to, 0, (size_t)(from * lanes) * sizeof *to);
        memcpy(to + from * lanes, row + (w->x0 + from) * lanes, (size_t)((stop - from) * lanes) * sizeof *to);
        memset(to + stop * lanes, 0, (size_t)((end - stop) * lanes) * sizeof *to);
        return;
    }
    for (int phase = 0; phase < w->phases; phase++)
        for (int i = 0; i < w->pixels; i++, to += lanes) {
            const int u = phase + i * w->phases;
            if (lanes == 1)
                *to = u >= from && u < stop ? row[w->x0 + u] : 0;
            else if (u >= from && u < stop)
                memcpy(to, row + (w->x0 + u) * NN_LANES, NN_LANES * sizeof *to);
            else
                memset(to, 0, NN_LANES * sizeof *to);
        }
}

static void load_row(struct conv_window *w, int y, float *to)
{
    if (y < 0 || y >= w->size.h) {
        memset(to, 0, conv_window_row(w) * sizeof *to);
        return;
    }
    const size_t row_floats = (size_t)(w->size.w * w->size.lanes), plane = row_floats * (size_t)w->size.h;
    const int begin = w->x0 < 0 ? 0 : w->x0, end = w->x0 + w->pixels * w->phases;
    for (int b = 0; b < w->blocks; b++) {
        const float *row = w->map + (size_t)(w->first_block + b) * plane + (size_t)y * row_floats;
        load_block(w, row, to);
        to += w->phases * w->pixels * w->size.lanes;
        for (int x = begin; y + 1 < w->size.h && x < w->size.w && x < end; x += NN_LANES / w->size.lanes)
            __builtin_prefetch(row + row_floats + x * w->size.lanes, 0, 2);
    }
}

void conv_window_need(struct conv_window *w, int lo, int hi)
{
    const size_t floats = conv_window_row(w);
    if (w->count == 0 || lo >= w->first + w->count) {
        w->first = lo;
        w->count = 0;
    }
    if (hi >= w->first + w->capacity) {
        const int keep = w->first + w->count - lo;
        memmove(w->rows, w->rows + (size_t)(lo - w->first) * floats, (size_t)keep * floats * sizeof *w->rows);
        w->first = lo;
        w->count = keep;
    }
    for (; w->first + w->count <= hi; w->count++)
        load_row(w, w->first + w->count, w->rows + (size_t)w->count * floats);
}
