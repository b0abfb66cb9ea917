/*
 * The geometric step of augmentation: one pass over the output, each pixel taken from where the inverse of the whole
 * change says.
 *
 * In pixels (the centre of the first one is 0), with the sample's size w x h and the size tw x th of the turned one:
 *   output p -> crop, turned about its centre:  q = corner + W/2 + R (p + 1/2 - W/2),  where
 *                                               R (x, y) = (c x + s y, -s x + c y)
 *            -> before scaling:                 t = q / scale - 1/2
 *            -> before the quarter turns:       1: (t_y, h - 1 - t_x)   2: (w - 1 - t_x, h - 1 - t_y)
 *                                               3: (w - 1 - t_y, t_x)
 *            -> before the flips:               x = w - 1 - x,  y = h - 1 - y
 * With scale 1 and no rotation, and a corner that is a whole number, all of it is whole numbers, and the source is
 * separable: one offset for each column and one for each row of the output.
 */
#include "nn/training/train_priv.h"
#include <math.h>
#include <stdlib.h>

int nn_reflect(int i, int n)
{
    if (n == 1)
        return 0;
    const int period = 2 * n - 2;
    i = abs(i) % period; /* symmetric about 0 */
    return i < n ? i : period - i;
}

/* --- what to do --- */

static double draw(uint64_t seed, enum nn_stream stream)
{
    struct edgel_rng r = edgel_rng_seed(seed, stream, 0, 0);
    return edgel_rng_uniform(&r);
}

/* Where a crop begins on an axis; less than 0 when it is the longer one. */
static double corner(const struct edgel_augment *a, bool sampled, double side, int crop, struct edgel_rng *r)
{
    const double room = side - crop;
    if (a->centred)
        return sampled ? room / 2 : floor(room / 2);
    if (sampled)
        return room * edgel_rng_uniform(r);
    const double at = (double)edgel_rng_below(r, (uint64_t)fabs(room) + 1);
    return room < 0 ? -at : at;
}

static void flip(double amount, uint64_t seed, struct nn_geometry *g)
{
    g->flip = draw(seed, NN_STREAM_FLIP) < amount;
}

static void vflip(double amount, uint64_t seed, struct nn_geometry *g)
{
    g->vflip = draw(seed, NN_STREAM_VFLIP) < amount;
}

static void turn(double amount, uint64_t seed, struct nn_geometry *g)
{
    struct edgel_rng r = edgel_rng_seed(seed, NN_STREAM_TURN, 0, 0);
    if (edgel_rng_uniform(&r) < amount)
        g->turns = 1 + (int)edgel_rng_below(&r, 3);
}

static void rotate(double amount, uint64_t seed, struct nn_geometry *g)
{
    g->degrees = amount * (2 * draw(seed, NN_STREAM_ROTATE) - 1);
    g->sampled = true;
}

static void scale(double amount, uint64_t seed, struct nn_geometry *g)
{
    g->scale = edgel_exp((2 * draw(seed, NN_STREAM_SCALE) - 1) * edgel_ln(1 + amount));
    g->sampled = true;
}

const struct nn_change nn_flip = {
    .info = { "flip", "mirror images, left-right", 0.5, 1, "probability" },
    .at = offsetof(struct edgel_augment, flip),
    .place = flip,
};
const struct nn_change nn_vflip = {
    .info = { "vflip", "mirror images, top-bottom", 0.5, 1, "probability" },
    .at = offsetof(struct edgel_augment, vflip),
    .place = vflip,
};
const struct nn_change nn_turn = {
    .info = { "turn", "quarter turns", 0.75, 1, "probability" },
    .at = offsetof(struct edgel_augment, turn),
    .place = turn,
};
const struct nn_change nn_rotate = {
    .info = { "rotate", "rotation about the centre", 15, 180, "degrees" },
    .at = offsetof(struct edgel_augment, rotate),
    .place = rotate,
};
const struct nn_change nn_scale = {
    .info = { "scale", "size, larger or smaller", 0.5, 3, "share" },
    .at = offsetof(struct edgel_augment, scale),
    .place = scale,
};

void nn_geometry_place(struct nn_geometry *g, const struct edgel_augment *a, uint64_t seed,
                       const struct edgel_sample *in, int w, int h)
{
    struct edgel_rng r = edgel_rng_seed(seed, NN_STREAM_CROP, 0, 0);
    const bool turned = g->turns % 2 == 1;
    g->left = corner(a, g->sampled, g->scale * (turned ? in->h : in->w), w, &r);
    g->top = corner(a, g->sampled, g->scale * (turned ? in->w : in->h), h, &r);
}

/* --- the inverse of it --- */

/* Source (x, y) = (xx px + xy py + x0, yx px + yy py + y0) of output (px, py). */
struct affine {
    double xx, xy, x0, yx, yy, y0;
};

/* From the turned and flipped sample to the sample. */
static struct affine unturn(const struct nn_geometry *g, int w, int h)
{
    static const struct affine turns[] = {
        { 1, 0, 0, 0, 1, 0 }, { 0, 1, 0, -1, 0, 1 }, { -1, 0, 1, 0, -1, 1 }, { 0, -1, 1, 1, 0, 0 }
    };
    struct affine t = turns[g->turns];
    t.x0 *= w - 1;
    t.y0 *= h - 1;
    if (g->flip)
        t = (struct affine){ -t.xx, -t.xy, w - 1 - t.x0, t.yx, t.yy, t.y0 };
    if (g->vflip)
        t = (struct affine){ t.xx, t.xy, t.x0, -t.yx, -t.yy, h - 1 - t.y0 };
    return t;
}

/* The part from the output to the turned sample. */
static struct affine uncrop(const struct nn_geometry *g, int w, int h)
{
    if (!g->sampled)
        return (struct affine){ 1, 0, g->left, 0, 1, g->top };
    const double angle = g->degrees * (3.141592653589793 / 180);
    const double c = edgel_cos(angle) / g->scale, s = edgel_sin(angle) / g->scale;
    const double mid_x = w / 2.0, mid_y = h / 2.0, from_x = 0.5 - mid_x, from_y = 0.5 - mid_y;
    return (struct affine){ .xx = c,
                            .xy = s,
                            .x0 = (g->left + mid_x) / g->scale - 0.5 + (c * from_x + s * from_y),
                            .yx = -s,
                            .yy = c,
                            .y0 = (g->top + mid_y) / g->scale - 0.5 + (c * from_y - s * from_x) };
}

static struct affine inverse(const struct nn_geometry *g, const struct edgel_sample *in, int w, int h)
{
    const struct affine a = unturn(g, in->w, in->h), b = uncrop(g, w, h);
    return (struct affine){ .xx = a.xx * b.xx + a.xy * b.yx,
                            .xy = a.xx * b.xy + a.xy * b.yy,
                            .x0 = a.xx * b.x0 + a.xy * b.y0 + a.x0,
                            .yx = a.yx * b.xx + a.yy * b.yx,
                            .yy = a.yx * b.xy + a.yy * b.yy,
                            .y0 = a.yx * b.x0 + a.yy * b.y0 + a.y0 };
}

/* --- copies --- */

/* Of one column or row of the output: what it adds to the index of the source pixel, and whether that is in the
 * sample. */
struct offset {
    size_t at;
    bool inside;
};

/* The source moves by `step` along x (along_x) or y from `from` on, as the output moves along one axis. */
static void make_offsets(struct offset *o, int n, bool along_x, double step, double from,
                         const struct edgel_sample *in)
{
    const int side = along_x ? in->w : in->h;
    for (int i = 0; i < n; i++) {
        const int at = (int)(step * i + from);
        o[i] = (struct offset){ (size_t)nn_reflect(at, side) * (along_x ? 1 : (size_t)in->w),
                                at >= 0 && at < side };
    }
}

static void copy_row(const struct offset *columns, struct offset row, int y, const struct edgel_sample *in,
                     struct edgel_sample *out)
{
    const size_t w = (size_t)out->w, plane = (size_t)in->w * (size_t)in->h;
    const size_t to = (size_t)y * w;
    for (int c = 0; c < in->channels; c++) {
        const float *from = in->image + (size_t)c * plane + row.at;
        float *image = out->image + (size_t)c * w * (size_t)out->h + to;
        for (size_t x = 0; x < w; x++)
            image[x] = from[columns[x].at];
    }
    for (size_t x = 0; out->label && x < w; x++)
        out->label[to + x] =
            row.inside && columns[x].inside ? in->label[row.at + columns[x].at] : EDGEL_LABEL_IGNORE;
    for (size_t x = 0; out->soft && x < w; x++)
        out->soft[to + x] = row.inside && columns[x].inside ? in->soft[row.at + columns[x].at] : -1;
}

static enum edgel_status copy(const struct affine *m, const struct edgel_sample *in, struct edgel_sample *out,
                              struct edgel_arena *arena, struct edgel_error *err)
{
    struct offset *columns = edgel_arena_alloc(arena, (size_t)out->w + (size_t)out->h, sizeof *columns);
    if (!columns)
        return edgel_fail(err, EDGEL_ENOMEM, "augment: out of memory");
    struct offset *rows = columns + out->w;
    const bool upright = m->xx != 0; /* columns of the output are columns of the sample */
    make_offsets(columns, out->w, upright, upright ? m->xx : m->yx, upright ? m->x0 : m->y0, in);
    make_offsets(rows, out->h, !upright, upright ? m->yy : m->xy, upright ? m->y0 : m->x0, in);
    for (int y = 0; y < out->h; y++)
        copy_row(columns, rows[y], y, in, out);
    return EDGEL_OK;
}

/* --- bilinear sampling --- */

/* Where one output pixel comes from: four pixels around the point, reflected and (clamped) within the sample. */
struct point {
    size_t image[4]; /* (x0, y0), (x1, y0), (x0, y1), (x1, y1) */
    float fx, fy;    /* how far from the first to the second */
    bool inside;
    int x0, y0;
};

static void locate_row(const struct affine *m, int y, int w, const struct edgel_sample *in,
                       struct point *points)
{
    const double from_x = m->xy * y + m->x0, from_y = m->yy * y + m->y0;
    for (int x = 0; x < w; x++) {
        const double sx = m->xx * x + from_x, sy = m->yx * x + from_y;
        const double fx = floor(sx), fy = floor(sy);
        const int x0 = (int)fx, y0 = (int)fy;
        const size_t left = (size_t)nn_reflect(x0, in->w), right = (size_t)nn_reflect(x0 + 1, in->w);
        const size_t up = (size_t)nn_reflect(y0, in->h) * (size_t)in->w;
        const size_t down = (size_t)nn_reflect(y0 + 1, in->h) * (size_t)in->w;
        points[x] =
            (struct point){ .image = { up + left, up + right, down + left, down + right },
                            .fx = (float)(sx - fx),
                            .fy = (float)(sy - fy),
                            .inside = sx >= -0.5 && sy >= -0.5 && sx < in->w - 0.5 && sy < in->h - 0.5,
                            .x0 = x0,
                            .y0 = y0 };
    }
}

static float blend(const float v[4], float fx, float fy)
{
    const float up = v[0] * (1 - fx) + v[1] * fx, down = v[2] * (1 - fx) + v[3] * fx;
    return up * (1 - fy) + down * fy;
}

static int clamp(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static uint16_t nearest_label(const struct point *p, const struct edgel_sample *in)
{
    if (!p->inside)
        return EDGEL_LABEL_IGNORE;
    const int x = clamp(p->x0 + (p->fx >= 0.5f), in->w), y = clamp(p->y0 + (p->fy >= 0.5f), in->h);
    return in->label[(size_t)y * (size_t)in->w + (size_t)x];
}

/* Neighbours beyond the border (by less than half a pixel) are those at the border. */
static float soft_truth(const struct point *p, const struct edgel_sample *in)
{
    if (!p->inside)
        return -1;
    float v[4];
    for (int k = 0; k < 4; k++) {
        const int x = clamp(p->x0 + k % 2, in->w), y = clamp(p->y0 + k / 2, in->h);
        const float share = (k % 2 ? p->fx : 1 - p->fx) * (k / 2 ? p->fy : 1 - p->fy);
        v[k] = in->soft[(size_t)y * (size_t)in->w + (size_t)x];
        if (v[k] < 0 && share > 0)
            return -1;
    }
    return blend(v, p->fx, p->fy);
}

static void sample_row(const struct point *points, int y, const struct edgel_sample *in,
                       struct edgel_sample *out)
{
    const size_t w = (size_t)out->w, to = (size_t)y * w;
    for (int c = 0; c < in->channels; c++) {
        const float *from = in->image + (size_t)c * (size_t)in->w * (size_t)in->h;
        float *image = out->image + (size_t)c * w * (size_t)out->h + to;
        for (size_t x = 0; x < w; x++) {
            const struct point *p = &points[x];
            const float v[4] = { from[p->image[0]], from[p->image[1]], from[p->image[2]], from[p->image[3]] };
            image[x] = blend(v, p->fx, p->fy);
        }
    }
    for (size_t x = 0; out->label && x < w; x++)
        out->label[to + x] = nearest_label(&points[x], in);
    for (size_t x = 0; out->soft && x < w; x++)
        out->soft[to + x] = soft_truth(&points[x], in);
}

enum edgel_status nn_geometry_apply(const struct nn_geometry *g, const struct edgel_sample *in,
                                    struct edgel_sample *out, struct edgel_arena *arena,
                                    struct edgel_error *err)
{
    const struct affine m = inverse(g, in, out->w, out->h);
    if (!g->sampled)
        return copy(&m, in, out, arena, err);
    struct point *points = edgel_arena_alloc(arena, (size_t)out->w, sizeof *points);
    if (!points)
        return edgel_fail(err, EDGEL_ENOMEM, "augment: out of memory");
    for (int y = 0; y < out->h; y++) {
        locate_row(&m, y, out->w, in, points);
        sample_row(points, y, in, out);
    }
    return EDGEL_OK;
}
