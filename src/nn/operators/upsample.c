/* Bilinear enlargement by a whole factor f, or the upper left part of it that has the size of another layer
 * (like=NAME).
 *
 * Output sample X of an axis lies at input coordinate (X + 0.5) / f - 0.5, clamped to 0..n-1, and is
 *     y = a + u (b - a),  u = coordinate - floor(coordinate)
 * of the two samples around it; a plane is interpolated between its rows first and then along the row. So the f outputs
 *     X = f i + floor(f / 2) + j,  u_j = (j + floor(f / 2) + 0.5) / f - 0.5,  j = 0..f-1
 * lie in the gap between samples i and i + 1, and the gaps before the first and behind the last sample repeat these. No
 * weight hangs on where the image ends: a tile gives the numbers of the whole.
 * Backward is the transpose: an input row gets the output rows of the two gaps it bounds, weighted (1 - u) and u, the
 * outer gaps 1; added in increasing order, rows first.
 * Source: PyTorch's Upsample with align_corners=False. Complexity: 4 operations an output; f = 2 runs at the speed of
 * memory. */
#include "nn/model/onnx_priv.h"
#include <string.h>

enum { FACTOR_MAX = 32 };

static const struct nn_attr attrs[] = {
    { "factor", NN_INT, offsetof(struct nn_layer, factor), 1, FACTOR_MAX, 2, false },
    { 0 },
};

static enum edgel_status shape(const struct nn_layer *l, const struct nn_shape *in,
                               const struct nn_shape *like, struct nn_shape *out, struct edgel_error *err)
{
    const int f = l->factor;
    *out = (struct nn_shape){ in->c, in->h * f, in->w * f };
    if (out->h > NN_SIDE_MAX || out->w > NN_SIDE_MAX)
        return edgel_fail(err, EDGEL_ELIMIT, "%dx%d enlarged by %d: sides are limited to %d", in->w, in->h, f,
                          NN_SIDE_MAX);
    if (!like)
        return EDGEL_OK;
    if (like->h > out->h || like->w > out->w)
        return edgel_fail(err, EDGEL_EINVAL, "%dx%d enlarged by %d is smaller than the %dx%d of `like`",
                          in->w, in->h, f, like->w, like->h);
    out->h = like->h;
    out->w = like->w;
    return EDGEL_OK;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* The gap that output x lies in: floor((x + 0.5) / f - 0.5). */
static int gap_of(int x, int f)
{
    const int v = x + f - f / 2; /* f (gap + 1) + j */
    return (v >= 0 ? v / f : -((f - 1 - v) / f)) - 1;
}

static float weight_in_gap(int x, int f)
{
    const int j = x - f / 2 - f * gap_of(x, f);
    return (float)((j + f / 2 + 0.5) / f - 0.5);
}

static void reads(const struct nn_layer *l, int *lo, int *hi)
{
    const bool on_sample = weight_in_gap(*hi, l->factor) == 0;
    *lo = gap_of(*lo, l->factor);
    *hi = gap_of(*hi, l->factor) + (on_sample ? 0 : 1);
}

static double step(const struct nn_layer *l)
{
    return 1.0 / l->factor;
}

/* --- forward --- */

struct blend {
    const float *above, *below; /* the input rows around the output row */
    float row_weight;
    float weights[FACTOR_MAX]; /* u_j */
    int in_w, out_w, f;
};

/* Outputs j0..j1-1 of the gap between samples a and b; j = 0 lies at x. */
static void blend_gap(const struct blend *s, int a, int b, int j0, int j1, float *restrict row, int x)
{
    const float *above = s->above + (size_t)a * NN_LANES, *below = s->below + (size_t)a * NN_LANES;
    const float *above2 = s->above + (size_t)b * NN_LANES, *below2 = s->below + (size_t)b * NN_LANES;
    float left[NN_LANES], rise[NN_LANES];
    for (int k = 0; k < NN_LANES; k++) {
        left[k] = above[k] + s->row_weight * (below[k] - above[k]);
        rise[k] = above2[k] + s->row_weight * (below2[k] - above2[k]) - left[k];
    }
    for (int j = j0; j < j1; j++)
        for (int k = 0; k < NN_LANES; k++)
            row[(ptrdiff_t)(x + j) * NN_LANES + k] = left[k] + s->weights[j] * rise[k];
}

/* What of gap i lies in the row. */
static void blend_clipped(const struct blend *s, int i, float *restrict row)
{
    const int x = s->f * i + s->f / 2, left = s->out_w - x;
    blend_gap(s, i < 0 ? 0 : i, i + 1 < s->in_w ? i + 1 : i, x < 0 ? -x : 0, left < s->f ? left : s->f, row,
              x);
}

static void blend_row(const struct nn_call *c, const struct blend *s, float *restrict row)
{
    int i = 0;
    blend_clipped(s, -1, row);
    if (s->f == 2) {
        i = smaller((s->out_w - 1) / 2, s->in_w - 1);
        c->kernels->lanes.enlarge_halves(row + NN_LANES, s->above, s->below, s->row_weight, (size_t)i);
    }
    for (; i < s->in_w && s->f * i + s->f / 2 < s->out_w; i++)
        blend_clipped(s, i, row);
}

static void forward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    (void)thread;
    const struct nn_tensor *in = &c->in[0];
    struct blend s = { .in_w = in->w, .out_w = c->out.w, .f = c->layer->factor };
    for (int j = 0; j < s.f; j++)
        s.weights[j] = weight_in_gap(j + s.f / 2, s.f);
    for (int y = y0; y < y1; y++) {
        const int gap = gap_of(y, s.f);
        s.above = nn_row(in, n, b, gap < 0 ? 0 : gap);
        s.below = nn_row(in, n, b, gap + 1 < in->h ? gap + 1 : gap);
        s.row_weight = weight_in_gap(y, s.f);
        blend_row(c, &s, nn_row(&c->out, n, b, y));
    }
}

static void forward(const struct nn_call *c)
{
    nn_row_bands(c, c->out, nn_blocks(c->out.c), forward_band);
}

/* --- backward --- */

/* Of the m outputs of an axis lo..hi-1 read input sample i. */
static void readers(int i, int f, int m, int *lo, int *hi)
{
    *lo = f * (i - 1) + f / 2;
    *hi = f * (i + 1) + f / 2;
    *lo = *lo < 0 ? 0 : *lo;
    *hi = smaller(*hi, m);
}

/* How much output x takes of input sample i of n. */
static float share(int x, int f, int i, int n)
{
    const int gap = gap_of(x, f);
    if (gap < 0 || gap == n - 1)
        return 1;
    return gap == i ? 1 - weight_in_gap(x, f) : weight_in_gap(x, f);
}

/* sum = weighted sum of output gradient rows lo..hi-1, in this order; zero if there are none. */
static void gather_rows(const struct nn_call *c, int n, int b, int y, int lo, int hi, float *restrict sum)
{
    const struct nn_tensor *g = &c->grad_out;
    const int f = c->layer->factor, h = c->grad_in[0].h;
    const size_t floats = (size_t)g->w * NN_LANES;
    if (hi - lo == 4) {
        const float w[4] = { share(lo, f, y, h), share(lo + 1, f, y, h), share(lo + 2, f, y, h),
                             share(lo + 3, f, y, h) };
        c->kernels->lanes.weigh_rows(sum, nn_row(g, n, b, lo), (ptrdiff_t)floats, w, floats);
        return;
    }
    memset(sum, 0, floats * sizeof *sum);
    for (int r = lo; r < hi; r++) {
        const float *row = nn_row(g, n, b, r), w = share(r, f, y, h);
        for (size_t i = 0; i < floats; i++)
            sum[i] += w * row[i];
    }
}

static void gather_column(const float *restrict sum, int x, int f, int in_w, int out_w, float *restrict row)
{
    int lo, hi;
    readers(x, f, out_w, &lo, &hi);
    float total[NN_LANES] = { 0 };
    for (int i = lo; i < hi; i++) {
        const float w = share(i, f, x, in_w);
        for (int k = 0; k < NN_LANES; k++)
            total[k] += w * sum[(size_t)i * NN_LANES + (size_t)k];
    }
    memcpy(row + (size_t)x * NN_LANES, total, sizeof total);
}

static void backward_band(const struct nn_call *c, int thread, int n, int b, int y0, int y1)
{
    const struct nn_tensor *gi = &c->grad_in[0];
    const int f = c->layer->factor, out_w = c->grad_out.w;
    float *sum = nn_thread_scratch(c, thread);
    for (int y = y0; y < y1; y++) {
        int lo, hi, x = 1;
        readers(y, f, c->grad_out.h, &lo, &hi);
        gather_rows(c, n, b, y, lo, hi, sum);
        float *grad = nn_row(gi, n, b, y);
        gather_column(sum, 0, f, gi->w, out_w, grad);
        const int end = smaller((out_w - 1) / 2, gi->w - 1); /* with four outputs, all between samples */
        if (f == 2 && end > 1) {
            c->kernels->lanes.gather_halves(grad + NN_LANES, sum + NN_LANES, (size_t)(end - 1));
            x = end;
        }
        for (; x < gi->w; x++)
            gather_column(sum, x, f, gi->w, out_w, grad);
    }
}

static void backward(const struct nn_call *c)
{
    if (c->grad_in[0].data)
        nn_row_bands(c, c->grad_in[0], nn_blocks(c->out.c), backward_band);
}

static void memory(const struct nn_call *c, int threads, struct nn_memory *m)
{
    (void)threads;
    if (c->training)
        m->per_thread = (size_t)c->out.w * NN_LANES; /* a weighted sum of output rows */
}

static void onnx(struct onnx_graph *g)
{
    const float f = (float)g->layer->factor, scales[] = { 1, 1, f, f };
    const int64_t four[] = { 4 };
    char whole[ONNX_NAME_MAX], name[ONNX_NAME_MAX];
    struct onnx_node n;
    onnx_part_name(g, "scales", name);
    onnx_floats(&g->bytes, name, four, 1, scales);
    onnx_begin_cut(g, &n, "Resize", whole);
    onnx_node_input(&n, "");
    onnx_node_input(&n, name);
    onnx_node_text(&n, "mode", "linear");
    onnx_node_text(&n, "coordinate_transformation_mode", "half_pixel");
    onnx_end_cut(g, &n, whole);
}

const struct nn_op nn_op_upsample = {
    .name = "upsample",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = NN_TAKES_LIKE,
    .attrs = attrs,
    .shape = shape,
    .reads = reads,
    .step = step,
    .memory = memory,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
