/*
 * Weights between the order of files, [coarse channel][fine channel of the group][ky][kx], and blocks of 16 x 16 for
 * row kernels. Blocks of channels without a group in common have no weights and are left out; lanes past the channels,
 * and pairs of channels in different groups, hold zeros.
 */
#include "nn/kernels/conv_priv.h"
#include <string.h>

enum { PAIR = NN_LANES * NN_LANES };

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

struct conv_span conv_span_of(const struct conv *g, bool up, int out_block)
{
    const int out = up ? g->fine.c : g->coarse.c, in = up ? g->coarse.c : g->fine.c;
    const int out_group = out / g->groups, in_group = in / g->groups;
    const int first = out_block * NN_LANES, last = min_int(first + NN_LANES, out) - 1;
    return (struct conv_span){ first / out_group * in_group / NN_LANES,
                               nn_blocks((last / out_group + 1) * in_group) };
}

static int widest_span(const struct conv *g, bool up)
{
    int widest = 0;
    for (int b = 0; b < nn_blocks(up ? g->fine.c : g->coarse.c); b++) {
        const struct conv_span s = conv_span_of(g, up, b);
        widest = s.hi - s.lo > widest ? s.hi - s.lo : widest;
    }
    return widest;
}

size_t conv_pack_block(const struct conv *g, bool up)
{
    const size_t taps = (size_t)g->k * (size_t)g->k;
    return conv_is_depthwise(g) ? taps * NN_LANES : taps * PAIR * (size_t)widest_span(g, up);
}

size_t conv_pack_floats(const struct conv *g, bool up)
{
    return conv_pack_block(g, up) * (size_t)nn_blocks(up ? g->fine.c : g->coarse.c);
}

struct packing {
    const struct conv *g;
    bool up;
    const float *weights; /* in the order of files */
    float *packed;
    const float *parts; /* what is summed up and unpacked to dw */
    size_t count;
    float *dw;
};

/* Where the weight of a coarse and a fine channel begins in the order of files; false: in different groups. */
static bool weight_at(const struct conv *g, int coarse, int fine, size_t *at)
{
    const int coarse_group = g->coarse.c / g->groups, fine_group = g->fine.c / g->groups;
    if (coarse >= g->coarse.c || fine >= g->fine.c || coarse / coarse_group != fine / fine_group)
        return false;
    *at = ((size_t)coarse * (size_t)fine_group + (size_t)(fine % fine_group)) * (size_t)(g->k * g->k);
    return true;
}

static void pack_depthwise(const struct packing *p, int block)
{
    const int taps = p->g->k * p->g->k;
    float *to = p->packed + (size_t)block * conv_pack_block(p->g, p->up);
    for (int t = 0; t < taps; t++)
        for (int l = 0; l < NN_LANES; l++) {
            const int c = block * NN_LANES + l;
            to[t * NN_LANES + l] = c < p->g->fine.c ? p->weights[c * taps + (p->up ? taps - 1 - t : t)] : 0;
        }
}

/* The weights of one pair of channels, one lane of each tap. */
static void pack_channels(const struct packing *p, int out, int in, float *to)
{
    const int taps = p->g->k * p->g->k;
    size_t at;
    const bool there = weight_at(p->g, p->up ? in : out, p->up ? out : in, &at);
    for (int t = 0; t < taps; t++)
        to[t * PAIR] = there ? p->weights[at + (size_t)(p->up ? taps - 1 - t : t)] : 0;
}

static void pack_out_block(void *user, int thread, size_t i)
{
    const struct packing *p = user;
    const int block = (int)i;
    (void)thread;
    if (conv_is_depthwise(p->g)) {
        pack_depthwise(p, block);
        return;
    }
    const struct conv_span s = conv_span_of(p->g, p->up, block);
    float *to = p->packed + i * conv_pack_block(p->g, p->up);
    for (int b = s.lo; b < s.hi; b++, to += p->g->k * p->g->k * PAIR)
        for (int in = 0; in < NN_LANES; in++)
            for (int out = 0; out < NN_LANES; out++)
                pack_channels(p, block * NN_LANES + out, b * NN_LANES + in, to + in * NN_LANES + out);
}

void conv_pack(const struct nn_call *c, const struct conv *g, bool up, const float *weights, float *packed)
{
    struct packing p = { .g = g, .up = up, .weights = weights, .packed = packed };
    edgel_pool_run(c->pool, (size_t)nn_blocks(up ? g->fine.c : g->coarse.c), pack_out_block, &p);
}

/* --- back, adding up --- */

/* n floats at `at` of all parts, summed in order. */
static void sum_parts(const struct packing *p, size_t at, size_t n, float *restrict sum)
{
    const size_t size = conv_pack_floats(p->g, false);
    memcpy(sum, p->parts + at, n * sizeof *sum);
    for (size_t s = 1; s < p->count; s++) {
        const float *restrict part = p->parts + s * size + at;
        for (size_t i = 0; i < n; i++)
            sum[i] += part[i];
    }
}

static void unpack_depthwise(const struct packing *p, int block)
{
    const int taps = p->g->k * p->g->k;
    float sum[NN_LANES];
    for (int t = 0; t < taps; t++) {
        sum_parts(p, (size_t)block * conv_pack_block(p->g, false) + (size_t)(t * NN_LANES), NN_LANES, sum);
        for (int l = 0; l < NN_LANES && block * NN_LANES + l < p->g->fine.c; l++)
            p->dw[(block * NN_LANES + l) * taps + t] = sum[l];
    }
}

static void unpack_out_block(void *user, int thread, size_t i)
{
    const struct packing *p = user;
    const int block = (int)i, taps = p->g->k * p->g->k;
    (void)thread;
    if (conv_is_depthwise(p->g)) {
        unpack_depthwise(p, block);
        return;
    }
    const struct conv_span s = conv_span_of(p->g, false, block);
    size_t from = i * conv_pack_block(p->g, false), at;
    float sum[PAIR];
    for (int b = s.lo; b < s.hi; b++)
        for (int t = 0; t < taps; t++, from += PAIR) {
            sum_parts(p, from, PAIR, sum);
            for (int j = 0; j < PAIR; j++)
                if (weight_at(p->g, block * NN_LANES + j % NN_LANES, b * NN_LANES + j / NN_LANES, &at))
                    p->dw[at + (size_t)t] = sum[j];
        }
}

void conv_unpack(const struct nn_call *c, const struct conv *g, const float *packed, size_t parts, float *dw)
{
    struct packing p = { .g = g, .parts = packed, .count = parts, .dw = dw };
    edgel_pool_run(c->pool, (size_t)nn_blocks(g->coarse.c), unpack_out_block, &p);
}
