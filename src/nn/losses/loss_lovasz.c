/* Lovasz-softmax: the piecewise linear, convex-closed extension of 1 - Jaccard index from sets of wrong pixels to
 * errors in [0, 1].
 *
 * For one class: errors e_i = 1 - p_i on its pixels (F of them) and p_i elsewhere, sorted from the largest down. The
 * loss is sum e_i g_i, g_i = J_i - J_(i-1), where J_i = 1 - (F - f_i) / (F + b_i) is the Jaccard loss if the first i
 * pixels are wrong, f_i of them of the class and b_i not. So g_i = 1 / (F + b_i) on a pixel of the class, and
 * (F - f_i) / ((F + b_i - 1) (F + b_i)) elsewhere: no difference is taken. Equal errors stand in the order of their
 * pixels.
 *
 * Sorting is a radix sort by the bits of the float, DIGIT at a time, O(pixels): those of 0..1 are 30.
 * Source: Berman, Triki, Blaschko 2018, arXiv:1705.08790. */
#include "nn/losses/losses.h"
#include <string.h>

enum { DIGIT = 10, BUCKETS = 1 << DIGIT, PASSES = 3 };

struct item {
    uint32_t key;   /* rises as the error falls */
    uint32_t pixel; /* of the batch, times 2; odd: of the class */
};

static size_t lovasz_bytes(const struct edgel_loss_batch *b, const struct edgel_loss_params *params)
{
    (void)params;
    return 2 * (size_t)b->n * b->pixels * sizeof(struct item);
}

static enum edgel_status lovasz_check(const struct edgel_loss_batch *b, struct edgel_error *err)
{
    const size_t pixels = (size_t)b->n * b->pixels;
    if (pixels >= (size_t)1 << 31) /* struct item */
        return edgel_fail(err, EDGEL_ELIMIT, "lovasz on %zu pixels: must be below 2^31", pixels);
    return EDGEL_OK;
}

static uint32_t key_of(float error)
{
    uint32_t u;
    memcpy(&u, &error, sizeof u);
    return ~u;
}

static float error_of(uint32_t key)
{
    float e;
    key = ~key;
    memcpy(&e, &key, sizeof e);
    return e;
}

static size_t gather(const struct edgel_loss_batch *b, int c, const float *p, struct item *items, size_t *own)
{
    size_t count = 0;
    *own = 0;
    for (int s = 0; s < b->n; s++) {
        const size_t sample = (size_t)s * b->pixels, planes = sample * (size_t)b->classes;
        const float *ps = p + planes + (size_t)c * b->pixels;
        const float *soft = b->soft ? b->soft + planes : NULL;
        const uint16_t *labels = b->labels ? b->labels + sample : NULL;
        const int wanted = b->classes == 1 ? 1 : c;
        for (size_t i = 0; i < b->pixels; i++) {
            const bool valid = labels ? labels[i] != EDGEL_LABEL_IGNORE : soft[i] >= 0;
            const bool in = labels ? labels[i] == wanted : soft[(size_t)c * b->pixels + i] >= 0.5f;
            items[count] = (struct item){ key_of(in ? 1 - ps[i] : ps[i]), (uint32_t)(sample + i) << 1 | in };
            count += valid;
            *own += valid && in;
        }
    }
    return count;
}

/* By rising key; returns which of the two arrays holds the result. */
static struct item *sort_items(struct item *from, struct item *to, size_t n)
{
    size_t at[PASSES][BUCKETS] = { 0 };
    for (size_t i = 0; i < n; i++)
        for (int pass = 0; pass < PASSES; pass++)
            at[pass][from[i].key >> (pass * DIGIT) & (BUCKETS - 1)]++;
    for (int pass = 0; pass < PASSES; pass++) {
        size_t start = 0;
        for (int k = 0; k < BUCKETS; k++) {
            const size_t count = at[pass][k];
            at[pass][k] = start;
            start += count;
        }
        for (size_t i = 0; i < n; i++)
            to[at[pass][from[i].key >> (pass * DIGIT) & (BUCKETS - 1)]++] = from[i];
        struct item *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static void clear_class(const struct edgel_loss_batch *b, int c, float *gradient)
{
    for (int s = 0; s < b->n; s++)
        memset(gradient + ((size_t)s * (size_t)b->classes + (size_t)c) * b->pixels, 0,
               b->pixels * sizeof(float));
}

static bool lovasz(const struct edgel_loss_batch *b, const struct edgel_loss_params *params, int c,
                   const float *p, float *gradient, void *memory, double *value)
{
    (void)params;
    const size_t pixels = (size_t)b->n * b->pixels;
    struct item *items = memory;
    size_t own;
    const size_t n = gather(b, c, p, items, &own);
    items = sort_items(items, items + pixels, n);
    if (gradient)
        clear_class(b, c, gradient);
    *value = 0;
    double inside = (double)own, all = (double)own; /* F - f_i, F + b_i */
    for (size_t i = 0; own > 0 && i < n; i++) {
        const bool in = items[i].pixel & 1;
        double g = 1 / all;
        if (in) {
            inside--;
        } else {
            all++;
            g *= inside / all;
        }
        *value += g * (double)error_of(items[i].key);
        const size_t pixel = items[i].pixel >> 1, s = pixel / b->pixels;
        if (gradient)
            gradient[(s * (size_t)b->classes + (size_t)c) * b->pixels + pixel % b->pixels] =
                (float)(in ? -g : g);
    }
    return own > 0;
}

const struct nn_loss nn_loss_lovasz = {
    .kind = EDGEL_LOSS_LOVASZ,
    .name = "lovasz",
    .what = "Lovasz-softmax, a convex form of 1 - IoU",
    .planes = lovasz,
    .planes_bytes = lovasz_bytes,
    .check = lovasz_check,
};
