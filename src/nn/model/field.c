/*
 * What outputs of a network depend on, along one axis, and how an image is cut so that tiles give what the whole gives.
 *
 * The samples of layer l that outputs lo..hi need follow from those of its readers by nn_op.reads; what lies outside
 * the image is padding, made the same for a tile that ends there. Neighbouring samples of a layer are jump(l) image
 * samples apart, the product of the operators' steps. A tile that starts at a multiple of the step of the network (the
 * smallest number that all jumps divide) has all its layers on the samples of the whole; it is right wherever it covers
 * what is needed, or ends with the image.
 */
#include "nn/nn_priv.h"
#include <math.h>

enum { STEP_MAX = 1 << 16 };

static int clip(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

void nn_field(const struct nn_network *net, const struct nn_reach *within, int lo, int hi,
              struct nn_reach *need)
{
    const int last = net->nlayers - 1;
    for (int l = 0; l < last; l++)
        need[l] = (struct nn_reach){ 1, 0 };
    need[last] = (struct nn_reach){ lo, hi };
    for (int l = last; l > 0; l--) {
        const struct nn_layer *layer = &net->layers[l];
        if (need[l].lo > need[l].hi)
            continue;
        need[l].lo = clip(need[l].lo, within[l].lo, within[l].hi);
        need[l].hi = clip(need[l].hi, within[l].lo, within[l].hi);
        struct nn_reach r = need[l];
        if (layer->op->reads)
            layer->op->reads(layer, &r.lo, &r.hi);
        for (int k = 0; k < layer->ninputs; k++) {
            struct nn_reach *in = &need[layer->input[k]];
            const bool first = in->lo > in->hi;
            in->lo = first || r.lo < in->lo ? r.lo : in->lo;
            in->hi = first || r.hi > in->hi ? r.hi : in->hi;
        }
    }
    need[0].lo = clip(need[0].lo, within[0].lo, within[0].hi);
    need[0].hi = clip(need[0].hi, within[0].lo, within[0].hi);
}

/* The whole number n of v = 1 / n or n; the other of num and den is 1. False for other values. */
static bool as_ratio(double v, int *num, int *den)
{
    *num = v >= 1 ? (int)rint(v) : 1;
    *den = v >= 1 ? 1 : (int)rint(1 / v);
    return v > 0 && v < STEP_MAX && *den < STEP_MAX && fabs(v * *den - *num) < 1e-9;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        const int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* jump[l] of all layers; false when two inputs of a layer differ in it, or one is beyond STEP_MAX. */
static bool find_jumps(const struct nn_network *net, struct nn_jump *jump)
{
    jump[0] = (struct nn_jump){ 1, 1 };
    for (int l = 1; l < net->nlayers; l++) {
        const struct nn_layer *layer = &net->layers[l];
        const struct nn_jump in = jump[layer->input[0]];
        int num = 1, den = 1;
        if (layer->op->step && !as_ratio(layer->op->step(layer), &num, &den))
            return false;
        for (int k = 1; k < layer->ninputs; k++)
            if (jump[layer->input[k]].num != in.num || jump[layer->input[k]].den != in.den)
                return false;
        const int64_t a = in.num * num, b = in.den * den, common = gcd(a, b);
        jump[l] = (struct nn_jump){ a / common, b / common };
        if (jump[l].num > STEP_MAX || jump[l].den > STEP_MAX)
            return false;
    }
    return true;
}

int nn_network_step(const struct nn_network *net, struct nn_jump *jump)
{
    int64_t step = 1;
    if (!find_jumps(net, jump))
        return 0;
    for (int l = 0; l < net->nlayers; l++) { /* step / jump must be whole: num / gcd(num, den) divides step */
        step = step / gcd(step, jump[l].num) * jump[l].num;
        if (step > STEP_MAX)
            return 0;
    }
    return (int)step;
}

/* A tile of `size` samples at `at` is, in each layer, part of the whole and covers what outputs of its core need. */
static bool covers(const struct nn_cut *c, struct nn_segment s, const int *sizes)
{
    nn_field(c->net, c->whole, s.core, s.core + s.core_size - 1, c->need);
    for (int l = 0; l < c->net->nlayers; l++) {
        const int64_t scaled = s.at * c->jump[l].den;
        const int64_t off = scaled / c->jump[l].num, end = off + sizes[l] - 1;
        const struct nn_reach need = c->need[l], whole = c->whole[l];
        if (scaled % c->jump[l].num || end > whole.hi)
            return false;
        if (need.lo <= need.hi && (need.lo < off || need.hi > end))
            return false;
    }
    return true;
}

bool nn_cut_fits(const struct nn_cut *c, struct nn_segment s, const int *sizes)
{
    return (s.at == 0 && s.size == c->whole[0].hi + 1) || covers(c, s, sizes);
}

static int need_end(const struct nn_cut *c, int output)
{
    nn_field(c->net, c->whole, output, output, c->need);
    return c->need[0].hi;
}

struct nn_segment nn_cut_next(const struct nn_cut *c, int from, int size)
{
    const int whole = c->whole[0].hi + 1;
    if (size >= whole)
        return (struct nn_segment){ 0, whole, from, whole - from };
    nn_field(c->net, c->whole, from, from, c->need);
    struct nn_segment s = { .at = c->need[0].lo / c->step * c->step, .core = from };
    s.size = s.at + size < whole ? size : whole - s.at;
    if (s.at + s.size == whole) {
        s.core_size = whole - from;
        return s;
    }
    int lo = from - 1, hi = whole - 1; /* the last output whose needs end within the tile */
    while (lo < hi) {
        const int middle = lo + (hi - lo + 1) / 2;
        if (need_end(c, middle) < s.at + s.size)
            lo = middle;
        else
            hi = middle - 1;
    }
    s.core_size = lo - from + 1;
    return s;
}
