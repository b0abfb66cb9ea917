/* Which inputs the outputs of a convolution read, along one axis. */
#include "nn/kernels/conv_priv.h"

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
