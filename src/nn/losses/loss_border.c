/*
 * Cross-entropy in which the gaps between objects count for more, as U-Net weighs them. A pixel of no object has the
 * weight
 *
 *     m = 1 + border_weight exp(-(d_1 + d_2)^2 / (2 border_sigma^2))
 *
 * d_1 and d_2 the distances to the nearest pixel of the nearest object and of the second nearest; where one of them is
 * over REACH border_sigma, and in objects, m is 1. Objects are the components (8 neighbours) of pixels of one class
 * other than the first; with one class, of its own pixels. Soft truth belongs to the class that has half of it.
 *
 * Distances are exact: for each pixel the two nearest objects of its column, then the best two of the columns in reach.
 * O(pixels sigma) time, a sample on one thread.
 * Source: Ronneberger et al. 2015, arXiv:1505.04597.
 */
#include "nn/losses/losses.h"
#include <math.h>
#include <string.h>

enum { REACH = 4 };

struct near { /* the two nearest objects of a column: number, 0 for none, and distance along it */
    int32_t object[2], distance[2];
};

struct scene {
    int w, h;
    size_t m;
    int32_t *object;     /* [m]: 0, or a number from 1 */
    int32_t *stack;      /* [m] */
    struct near *column; /* [m] */
};

static size_t border_bytes(const struct edgel_loss_batch *b)
{
    return b->pixels * (2 * sizeof(int32_t) + sizeof(struct near));
}

/* Class of pixel i of sample n; 0: no object. */
static int class_of(const struct edgel_loss_batch *b, int n, size_t i)
{
    if (b->labels) {
        const uint16_t label = b->labels[(size_t)n * b->pixels + i];
        return label == EDGEL_LABEL_IGNORE ? 0 : label;
    }
    const float *soft = b->soft + (size_t)n * (size_t)b->classes * b->pixels + i;
    for (int c = b->classes > 1; soft[0] >= 0 && c < b->classes; c++)
        if (soft[(size_t)c * b->pixels] >= 0.5f)
            return b->classes > 1 ? c : 1;
    return 0;
}

/* Numbers the component of pixel `from`, whose pixels are -class as yet. */
static void fill(const struct scene *s, int32_t from, int32_t number)
{
    const int32_t wanted = s->object[from];
    size_t n = 0;
    s->object[from] = number;
    for (s->stack[n++] = from; n > 0;) {
        const int32_t at = s->stack[--n];
        const int x = at % s->w, y = at / s->w;
        for (int dy = y > 0 ? -1 : 0; dy <= (y + 1 < s->h); dy++)
            for (int dx = x > 0 ? -1 : 0; dx <= (x + 1 < s->w); dx++) {
                const int32_t next = at + dy * s->w + dx;
                if (s->object[next] == wanted) {
                    s->object[next] = number;
                    s->stack[n++] = next;
                }
            }
    }
}

/* Takes an object at a distance (any measure) among the two nearest. */
static void take(int32_t object[2], int32_t distance[2], int32_t candidate, int32_t at)
{
    if (candidate == 0)
        return;
    if (object[0] == candidate || object[0] == 0 || at < distance[0]) {
        if (object[0] == candidate && at >= distance[0])
            return;
        if (object[0] != candidate && object[0] != 0) {
            object[1] = object[0];
            distance[1] = distance[0];
        }
        object[0] = candidate;
        distance[0] = at;
    } else if (object[1] == 0 || at < distance[1]) {
        object[1] = candidate;
        distance[1] = at;
    }
}

/* One way along a column: objects behind a pixel are those behind the one before, one further, and its own. */
static void look_along(const struct scene *s, int x, int y, int step)
{
    struct near behind = { { 0 }, { 0 } };
    for (; y >= 0 && y < s->h; y += step) {
        const size_t at = (size_t)y * (size_t)s->w + (size_t)x;
        struct near *here = &s->column[at];
        behind.distance[0]++;
        behind.distance[1]++;
        take(behind.object, behind.distance, s->object[at], 0);
        for (int k = 0; k < 2; k++)
            take(here->object, here->distance, behind.object[k], behind.distance[k]);
    }
}

static float weight_of(const struct scene *s, const struct edgel_loss_params *p, int x, int y)
{
    const int reach = (int)ceil(REACH * p->border_sigma);
    int32_t object[2] = { 0 }, square[2] = { 0 };
    const struct near *row = s->column + (size_t)y * (size_t)s->w;
    for (int u = x > reach ? x - reach : 0; u < s->w && u <= x + reach; u++)
        for (int k = 0; k < 2; k++)
            if (row[u].object[k] && row[u].distance[k] <= reach)
                take(object, square, row[u].object[k],
                     (u - x) * (u - x) + row[u].distance[k] * row[u].distance[k]);
    const double most = REACH * p->border_sigma;
    if (object[1] == 0 || square[1] > most * most)
        return 1;
    const double d = sqrt(square[0]) + sqrt(square[1]);
    return (float)(1 + p->border_weight * edgel_exp(-d * d / (2 * p->border_sigma * p->border_sigma)));
}

/* The map of sample n. */
static void weigh(const struct edgel_loss_batch *b, const struct edgel_loss_params *p, int n, void *memory,
                  float *map)
{
    struct scene s = { .w = b->w, .h = (int)(b->pixels / (size_t)b->w), .m = b->pixels, .column = memory };
    s.object = (int32_t *)(void *)(s.column + s.m);
    s.stack = s.object + s.m;
    int32_t count = 0;
    for (size_t i = 0; i < s.m; i++)
        s.object[i] = -class_of(b, n, i);
    for (size_t i = 0; i < s.m; i++)
        if (s.object[i] < 0)
            fill(&s, (int32_t)i, ++count);
    memset(s.column, 0, s.m * sizeof *s.column);
    for (int x = 0; x < s.w; x++) {
        look_along(&s, x, 0, 1);
        look_along(&s, x, s.h - 1, -1);
    }
    for (int y = 0; y < s.h; y++)
        for (int x = 0; x < s.w; x++) {
            const size_t i = (size_t)y * (size_t)s.w + (size_t)x;
            map[i] = s.object[i] == 0 ? weight_of(&s, p, x, y) : 1;
        }
}

/* --- cross-entropy times the map --- */

/* Of one class: softplus(-x) and softplus(x), or sigmoid(-x) and sigmoid(x). */
static void both_sides(void (*f)(const float *x, float *y, size_t n), const struct loss_row *r, float *own,
                       float *rest)
{
    for (int i = 0; i < r->n; i++) {
        rest[i] = r->valid[i] != 0 ? r->x[i] : 0;
        own[i] = -rest[i];
    }
    f(own, own, (size_t)r->n);
    f(rest, rest, (size_t)r->n);
}

static double one_class(const struct loss_kernels *k, const struct loss_row *r,
                        const struct edgel_loss_params *p)
{
    double sum = 0;
    (void)p;
    both_sides(k->numeric.softplus, r, r->temp, r->temp2);
    for (int i = 0; i < r->n; i++)
        sum += (double)(r->valid[i] * r->map[i] *
                        (r->w1[0] * r->t[i] * r->temp[i] + r->w0[0] * (1 - r->t[i]) * r->temp2[i]));
    return sum;
}

static void one_class_gradient(const struct loss_kernels *k, const struct loss_row *r,
                               const struct edgel_loss_params *p, float scale)
{
    (void)p;
    both_sides(k->numeric.sigmoid, r, r->temp, r->temp2);
    for (int i = 0; i < r->n; i++)
        r->direct[i] += scale * r->valid[i] * r->map[i] *
                        (r->w0[0] * (1 - r->t[i]) * r->temp2[i] - r->w1[0] * r->t[i] * r->temp[i]);
}

static double several_classes(const struct loss_kernels *k, const struct loss_row *r,
                              const struct edgel_loss_params *p)
{
    double sum = 0;
    (void)k;
    (void)p;
    for (int c = 0; c < r->classes; c++) {
        const float *x = r->x + (size_t)c * r->x_stride, *t = r->t + (size_t)c * LOSS_ROW;
        for (int i = 0; i < r->n; i++)
            if (r->valid[i] != 0)
                sum += (double)(r->map[i] * r->w1[c] * t[i] * (r->logsum[i] - (x[i] - r->max[i])));
    }
    return sum;
}

static void several_classes_gradient(const struct loss_kernels *k, const struct loss_row *r,
                                     const struct edgel_loss_params *p, float scale)
{
    float *all = r->temp; /* sum w t m */
    (void)k;
    (void)p;
    memset(all, 0, (size_t)r->n * sizeof *all);
    for (int c = 0; c < r->classes; c++) {
        const float *t = r->t + (size_t)c * LOSS_ROW;
        float *d = r->direct + (size_t)c * LOSS_ROW;
        for (int i = 0; i < r->n; i++) {
            const float a = scale * r->valid[i] * r->map[i] * r->w1[c] * t[i];
            all[i] += a;
            d[i] -= a;
        }
    }
    for (int c = 0; c < r->classes; c++) {
        const float *own = r->p + (size_t)c * r->p_stride;
        float *d = r->direct + (size_t)c * LOSS_ROW;
        for (int i = 0; i < r->n; i++)
            d[i] += own[i] * all[i];
    }
}

static enum edgel_status border_check(const struct edgel_loss_batch *b, struct edgel_error *err)
{
    return nn_loss_check_width("border", b, err);
}

enum { NUMBERS = 1 << NN_LOSS_BORDER_WEIGHT | 1 << NN_LOSS_BORDER_SIGMA };

static const struct nn_loss of_one_class = {
    .kind = EDGEL_LOSS_BORDER,
    .name = "border",
    .what = "border loss of one class",
    .weighted = true,
    .numbers = NUMBERS,
    .pixels = one_class,
    .by_logit = one_class_gradient,
    .weigh = weigh,
    .weigh_bytes = border_bytes,
    .check = border_check,
};
const struct nn_loss nn_loss_border = {
    .kind = EDGEL_LOSS_BORDER,
    .name = "border",
    .what = "cross-entropy in which gaps between objects count for more, as in U-Net",
    .one_class = &of_one_class,
    .weighted = true,
    .numbers = NUMBERS,
    .pixels = several_classes,
    .over = NN_OVER_TARGETS,
    .by_logit = several_classes_gradient,
    .weigh = weigh,
    .weigh_bytes = border_bytes,
    .check = border_check,
};
