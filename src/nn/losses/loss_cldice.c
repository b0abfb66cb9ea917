/*
 * clDice: whether thin structures are connected as the truth is. With the soft skeletons S of p and K of t,
 *
 *     precision = (sum S t + s) / (sum S + s)    sensitivity = (sum K p + s) / (sum K + s)
 *     clDice = 1 - 2 precision sensitivity / (precision + sensitivity)
 *
 * The soft skeleton of an image E_0 in [0, 1]: E_(j+1) is the erosion of E_j, the least of a pixel and its four
 * neighbours, O_j the dilation of E_(j+1), the most of 3x3 pixels; what erosion and dilation lose is skeleton,
 *
 *     d_j = max(E_j - O_j, 0),  S = 1 - product (1 - d_j) over j = 0 .. steps
 *
 * Pixels that do not count, and those outside, are neither least nor most. Sums run over the batch. The gradient goes
 * back through each least and most to the pixel that it is, the first of equals by rows.
 *
 * O(pixels steps) time and memory, one class on one thread.
 * Source: Shit et al. 2021, "clDice", arXiv:2003.07311.
 */
#include "nn/losses/losses.h"
#include <string.h>

struct plane { /* one class of one sample */
    int w, h, steps;
    size_t m;        /* pixels */
    float *valid;    /* 1, or 0 */
    float *target;   /* t, 0 where it does not count */
    float *thin;     /* skeleton of t */
    float *skeleton; /* of p */
    float *eroded;   /* [steps + 2][m]: E_j */
    float *opened;   /* [steps + 1][m]: O_j */
    float *up, *down, *after;
};
enum { PLANES = 7 }; /* of them without eroded and opened */

static int steps_of(const struct edgel_loss_params *p)
{
    return (int)p->cldice_steps;
}

static size_t cldice_bytes(const struct edgel_loss_batch *b, const struct edgel_loss_params *params)
{
    return (size_t)(PLANES + 2 * steps_of(params) + 3) * b->pixels * sizeof(float);
}

static struct plane place(const struct edgel_loss_batch *b, const struct edgel_loss_params *params,
                          float *memory)
{
    struct plane s = {
        .w = b->w, .h = (int)(b->pixels / (size_t)b->w), .steps = steps_of(params), .m = b->pixels
    };
    float **const fields[PLANES] = { &s.valid, &s.target, &s.thin, &s.skeleton, &s.up, &s.down, &s.after };
    for (int i = 0; i < PLANES; i++, memory += s.m)
        *fields[i] = memory;
    s.eroded = memory;
    s.opened = memory + (size_t)(s.steps + 2) * s.m;
    return s;
}

/* The pixel of the neighbourhood with the least value, or the most; offsets in the order of rows. */
static size_t extreme(const struct plane *s, const float *v, int x, int y, bool most)
{
    size_t best = (size_t)y * (size_t)s->w + (size_t)x;
    bool found = false;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++) {
            const int nx = x + dx, ny = y + dy;
            if ((!most && dx != 0 && dy != 0) || nx < 0 || ny < 0 || nx >= s->w || ny >= s->h)
                continue;
            const size_t at = (size_t)ny * (size_t)s->w + (size_t)nx;
            if (s->valid[at] != 0 && (!found || (most ? v[at] > v[best] : v[at] < v[best]))) {
                best = at;
                found = true;
            }
        }
    return best;
}

static void filter(const struct plane *s, const float *from, float *to, bool most)
{
    for (int y = 0; y < s->h; y++)
        for (int x = 0; x < s->w; x++) {
            const size_t at = (size_t)y * (size_t)s->w + (size_t)x;
            to[at] = s->valid[at] != 0 ? from[extreme(s, from, x, y, most)] : 0;
        }
}

static float lost(const struct plane *s, int j, size_t i)
{
    const float d = s->eroded[(size_t)j * s->m + i] - s->opened[(size_t)j * s->m + i];
    return d > 0 ? d : 0;
}

/* From eroded[0], which is 0 where pixels do not count. */
static void make_skeleton(const struct plane *s, float *skeleton)
{
    for (size_t i = 0; i < s->m; i++)
        skeleton[i] = 1; /* the product at first */
    for (int j = 0; j <= s->steps; j++) {
        float *next = s->eroded + (size_t)(j + 1) * s->m;
        filter(s, s->eroded + (size_t)j * s->m, next, false);
        filter(s, next, s->opened + (size_t)j * s->m, true);
        for (size_t i = 0; i < s->m; i++)
            skeleton[i] *= 1 - lost(s, j, i);
    }
    for (size_t i = 0; i < s->m; i++)
        skeleton[i] = 1 - skeleton[i];
}

/* From dL/dS to dL/dE_0, which is left in up. after: the product of 1 - d of the steps after j. */
static void back_through(const struct plane *s, const float *by_skeleton)
{
    memset(s->up, 0, s->m * sizeof *s->up);
    for (size_t i = 0; i < s->m; i++)
        s->after[i] = 1;
    for (int j = s->steps; j >= 0; j--) {
        const float *now = s->eroded + (size_t)j * s->m, *next = now + s->m;
        memset(s->down, 0, s->m * sizeof *s->down);
        for (int y = 0; y < s->h; y++)
            for (int x = 0; x < s->w; x++) {
                const size_t i = (size_t)y * (size_t)s->w + (size_t)x;
                const float d = lost(s, j, i);
                float by = by_skeleton[i] * s->after[i];
                for (int before = 0; before < j; before++)
                    by *= 1 - lost(s, before, i);
                s->after[i] *= 1 - d;
                if (d > 0) {
                    s->down[i] += by;
                    s->up[extreme(s, next, x, y, true)] -= by;
                }
            }
        for (int y = 0; y < s->h; y++)
            for (int x = 0; x < s->w; x++) {
                const size_t i = (size_t)y * (size_t)s->w + (size_t)x;
                if (s->valid[i] != 0)
                    s->down[extreme(s, now, x, y, false)] += s->up[i];
            }
        memcpy(s->up, s->down, s->m * sizeof *s->up);
    }
}

/* Targets and skeletons of sample n, class c; returns the sum of t. */
static double take_sample(const struct edgel_loss_batch *b, int n, int c, const float *p, struct plane *s)
{
    const size_t planes = (size_t)n * (size_t)b->classes * s->m;
    const uint16_t *labels = b->labels ? b->labels + (size_t)n * s->m : NULL;
    const float *soft = b->soft ? b->soft + planes : NULL;
    double sum = 0;
    for (size_t i = 0; i < s->m; i++) {
        const bool valid = labels ? labels[i] != EDGEL_LABEL_IGNORE : soft[i] >= 0;
        const float t = labels ? labels[i] == (b->classes == 1 ? 1 : c) : soft[(size_t)c * s->m + i];
        s->valid[i] = valid;
        s->target[i] = valid ? t : 0;
        sum += (double)s->target[i];
    }
    memcpy(s->eroded, s->target, s->m * sizeof *s->eroded);
    make_skeleton(s, s->thin);
    for (size_t i = 0; i < s->m; i++)
        s->eroded[i] = s->valid[i] != 0 ? p[planes + (size_t)c * s->m + i] : 0;
    make_skeleton(s, s->skeleton);
    return sum;
}

struct sums {
    double own, both, skeleton, found, thin; /* sum t; S t; S; K p; K */
};

static bool cldice(const struct edgel_loss_batch *b, const struct edgel_loss_params *params, int c,
                   const float *p, float *gradient, void *memory, double *value)
{
    struct plane s = place(b, params, memory);
    struct sums a = { 0 };
    const bool background = b->classes > 1 && c == 0;
    for (int n = 0; n < b->n && !background; n++) {
        a.own += take_sample(b, n, c, p, &s);
        for (size_t i = 0; i < s.m; i++) {
            a.both += (double)s.skeleton[i] * (double)s.target[i];
            a.skeleton += (double)s.skeleton[i];
            a.found += (double)s.thin[i] * (double)s.eroded[i];
            a.thin += (double)s.thin[i];
        }
    }
    const double precision = (a.both + params->smooth) / (a.skeleton + params->smooth);
    const double sensitivity = (a.found + params->smooth) / (a.thin + params->smooth);
    const double both = precision + sensitivity;
    const bool empty = a.skeleton + params->smooth <= 0 || a.thin + params->smooth <= 0 || both <= 0;
    const bool defined = a.own > 0 && !empty; /* NaN goes on */
    *value = defined ? 1 - 2 * precision * sensitivity / both : 1;
    for (int n = 0; n < b->n && gradient; n++) {
        float *to = gradient + ((size_t)n * (size_t)b->classes + (size_t)c) * s.m;
        memset(to, 0, s.m * sizeof *to);
        if (!defined)
            continue;
        const double by_precision =
            -2 * sensitivity * sensitivity / (both * both) / (a.skeleton + params->smooth);
        const double by_sensitivity = -2 * precision * precision / (both * both) / (a.thin + params->smooth);
        (void)take_sample(b, n, c, p, &s);
        for (size_t i = 0; i < s.m; i++)
            s.skeleton[i] = (float)(by_precision * ((double)s.target[i] - precision));
        back_through(&s, s.skeleton);
        for (size_t i = 0; i < s.m; i++)
            to[i] = s.valid[i] != 0 ? s.up[i] + (float)(by_sensitivity * (double)s.thin[i]) : 0;
    }
    return a.own > 0;
}

static enum edgel_status cldice_check(const struct edgel_loss_batch *b, struct edgel_error *err)
{
    return nn_loss_check_width("cldice", b, err);
}

const struct nn_loss nn_loss_cldice = {
    .kind = EDGEL_LOSS_CLDICE,
    .name = "cldice",
    .what = "whether thin structures are connected, by soft skeletons",
    .numbers = 1u << NN_LOSS_SMOOTH | 1u << NN_LOSS_CLDICE_STEPS,
    .planes = cldice,
    .planes_bytes = cldice_bytes,
    .check = cldice_check,
};
