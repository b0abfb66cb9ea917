/* Which inputs the outputs of a convolution read, along one axis. */
#include "nn/conv_priv.h"

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
