/*
 * The pixels of a soft prediction by level, positives and negatives apart, and by them the counts at the thresholds
 * k / (N + 1), k = 1..N.
 *
 * Levels are the shares l / 65535 of the full range, l = 0..65535. Integer samples of any depth lie on them exactly,
 * since 1, 3, 15 and 255 divide 65535. A float sample is of the highest level with v >= (float)(l / 65535), so that
 * `--threshold` with a level as its value splits the pixels as the level does; NaN and what is below 0 is of level 0,
 * what is above 1 of the last one. A sample that is not equal to its level is binned.
 *
 * Passing thresholds is monotone in k, so one histogram over the number of thresholds that a pixel passes, summed from
 * the top, gives the counts at each: O(pixels + levels + N). Integer samples are compared exactly, v / full >=
 * k / (N + 1) as v * (N + 1) >= k * full; float samples with the threshold rounded to float.
 */
#include "eval/eval_priv.h"

int edgel_curve_passed(uint32_t v, int n, int full)
{
    uint64_t k = (uint64_t)v * ((uint64_t)n + 1) / (uint64_t)full;
    return k > (uint64_t)n ? n : (int)k;
}

static float threshold(int k, int n)
{
    return (float)((double)k / ((double)n + 1));
}

int edgel_curve_passed_float(float v, int n)
{
    if (!(v > 0.0f))
        return 0;
    if (v >= 1.0f)
        return n;
    int k = (int)((double)v * ((double)n + 1)); /* within one of the answer: the product is rounded */
    while (k < n && v >= threshold(k + 1, n))
        k++;
    while (k > 0 && (k > n || v < threshold(k, n)))
        k--;
    return k;
}

void edgel_curve_suffix(const uint64_t *hist, int n, uint64_t *out)
{
    uint64_t sum = 0;
    for (int k = n; k >= 1; k--) {
        sum += hist[k];
        out[k - 1] = sum;
    }
}

/* --- the pixels of an image --- */

static bool is_soft(const struct edgel_sweep *s)
{
    return s->map && edgel_mask_is_float(s->map);
}

bool edgel_sweep_init(struct edgel_sweep *s, const struct edgel_mask *map, int full, int n, int w)
{
    *s = (struct edgel_sweep){ .map = map, .n = n };
    s->full = is_soft(s) ? EDGEL_LEVEL_MAX : full;
    const size_t slots = (size_t)s->full + 1;
    if (!(s->slots = edgel_alloc((size_t)w, sizeof *s->slots)))
        return false;
    for (int i = 0; i < 2; i++) {
        s->hist[i] = edgel_calloc(slots, sizeof *s->hist[i]);
        s->passed[i] = edgel_calloc((size_t)n + 1, sizeof *s->passed[i]);
        if (!s->hist[i] || !s->passed[i])
            return false;
    }
    return !is_soft(s) || (s->steps = edgel_alloc((size_t)w, sizeof *s->steps)) != NULL;
}

void edgel_sweep_finish(struct edgel_sweep *s)
{
    edgel_free(s->slots);
    edgel_free(s->steps);
    for (int i = 0; i < 2; i++) {
        edgel_free(s->hist[i]);
        edgel_free(s->passed[i]);
    }
    *s = (struct edgel_sweep){ 0 };
}

void edgel_sweep_ids(struct edgel_sweep *s, const uint16_t *ids, int w)
{
    for (int x = 0; x < w; x++)
        s->slots[x] = ids[x] < s->full ? ids[x] : (uint16_t)s->full;
}

static float level_value(int level)
{
    return threshold(level, EDGEL_LEVEL_MAX - 1);
}

void edgel_sweep_floats(struct edgel_sweep *s, const float *v, int step, int w)
{
    s->row = v;
    s->step = step;
    for (int x = 0; x < w; x++, v += step) {
        s->slots[x] =
            *v >= 1.0f ? EDGEL_LEVEL_MAX : (uint16_t)edgel_curve_passed_float(*v, EDGEL_LEVEL_MAX - 1);
        s->steps[x] = (uint16_t)edgel_curve_passed_float(*v, s->n);
    }
}

void edgel_sweep_add(struct edgel_sweep *s, const int8_t *side, int w)
{
    for (int x = 0; x < w; x++)
        if (side[x] >= 0)
            s->hist[side[x]][s->slots[x]]++;
    for (int x = 0; s->steps && x < w; x++)
        if (side[x] >= 0) {
            s->passed[side[x]][s->steps[x]]++;
            s->binned |= s->row[(ptrdiff_t)x * s->step] != level_value(s->slots[x]);
        }
}

/* Integer samples pass as many thresholds as their slot says. */
static void count_passed(struct edgel_sweep *s)
{
    for (int i = 0; i < 2 && !s->steps; i++)
        for (int v = 0; v <= s->full; v++)
            s->passed[i][edgel_curve_passed((uint32_t)v, s->n, s->full)] += s->hist[i][v];
}

bool edgel_sweep_counts(struct edgel_sweep *s, struct edgel_curve_counts *c)
{
    size_t used = 0;
    c->tp = edgel_alloc((size_t)s->n, sizeof *c->tp);
    c->fp = edgel_alloc((size_t)s->n, sizeof *c->fp);
    for (int v = 0; v <= s->full; v++)
        used += s->hist[0][v] + s->hist[1][v] > 0;
    c->levels = edgel_alloc(used + 1, sizeof *c->levels);
    if (!c->tp || !c->fp || !c->levels)
        return false;
    for (int v = 0; v <= s->full; v++) {
        if (s->hist[0][v] + s->hist[1][v] == 0)
            continue;
        c->levels[c->nlevels++] =
            (struct edgel_curve_level){ v * (EDGEL_LEVEL_MAX / s->full), s->hist[0][v], s->hist[1][v] };
        c->negatives += s->hist[0][v];
        c->positives += s->hist[1][v];
    }
    count_passed(s);
    edgel_curve_suffix(s->passed[1], s->n, c->tp);
    edgel_curve_suffix(s->passed[0], s->n, c->fp);
    c->n = s->n;
    c->binned = s->binned;
    return true;
}
