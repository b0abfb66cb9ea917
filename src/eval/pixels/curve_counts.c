/*
 * A sweep over thresholds of one image in a counts file.
 *
 *   "curve":{"positives":n,"negatives":n,"tp":[...],"fp":[...],      by rising threshold
 *            "levels":[[level,negatives,positives]...],"binned":true}  those that occur, rising; binned where it holds
 *
 * "levels":65536 in the first line; without it (schema edgel.counts/1) the rows have none.
 * Checked: positives and negatives are the cells' judged truth, the counts never rise with the threshold, the levels
 * sum to positives and negatives, and the counts at a threshold lie between those of the levels above it and of the
 * levels above the one below it.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

static bool asked(const struct edgel_measure *m)
{
    return edgel_curve_thresholds(m) > 0;
}

static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    return edgel_sweep_counts(k->sweep, counts) ? EDGEL_OK
                                                : edgel_no_memory_for(k->err, "measure", k->w, k->h);
}

static char *put_whole(char *to, uint64_t v)
{
    char digits[20];
    int n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while (v /= 10);
    while (n > 0)
        *to++ = digits[--n];
    return to;
}

/* There may be 65,536 of them: five times as fast as by printf. */
static void write_levels(struct edgel_text *t, const struct edgel_curve_level *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char entry[72], *to = entry;
        *to++ = ',';
        *to++ = '[';
        to = put_whole(to, (uint64_t)v[i].level);
        *to++ = ',';
        to = put_whole(to, v[i].negatives);
        *to++ = ',';
        to = put_whole(to, v[i].positives);
        *to++ = ']';
        if (i == 0)
            edgel_text_str(t, ",\"levels\":[");
        edgel_text_add(t, i ? entry : entry + 1, (size_t)(to - entry) - (i == 0));
    }
    edgel_text_str(t, n ? "]" : "");
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_curve_counts *c = counts;
    if (c->n == 0)
        return;
    edgel_text_printf(t, ",\"curve\":{\"positives\":%" PRIu64 ",\"negatives\":%" PRIu64, c->positives,
                      c->negatives);
    edgel_counts_list(t, "tp", c->tp, (size_t)c->n);
    edgel_counts_list(t, "fp", c->fp, (size_t)c->n);
    write_levels(t, c->levels, c->nlevels);
    edgel_text_str(t, c->binned ? ",\"binned\":true}" : "}");
}

static enum edgel_status read_levels(const struct edgel_place *p, const struct edgel_json *o,
                                     struct edgel_curve_counts *c)
{
    const struct edgel_json *v = edgel_json_get(o, "levels"), *binned = edgel_json_get(o, "binned");
    size_t n;
    if (c->positives + c->negatives == 0)
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_array(p, v, "levels", EDGEL_LEVEL_MAX + 1, &n));
    if (!(c->levels = edgel_alloc(n + 1, sizeof *c->levels)))
        return edgel_place_no_memory(p);
    for (; c->nlevels < n; c->nlevels++) {
        int64_t l[3];
        EDGEL_TRY(edgel_place_tuple(p, edgel_json_at(v, c->nlevels), "levels", 3, 0, INT64_MAX, l));
        if (l[0] > EDGEL_LEVEL_MAX)
            return edgel_place_refuse(p, "levels", "are 0 to 65535");
        c->levels[c->nlevels] = (struct edgel_curve_level){ (int)l[0], (uint64_t)l[1], (uint64_t)l[2] };
    }
    return binned ? edgel_place_bool(p, binned, "binned", &c->binned) : EDGEL_OK;
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    const struct edgel_json *o = edgel_json_get(line, "curve");
    struct edgel_curve_counts *c = counts;
    int64_t positives, negatives;
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(o, "positives"), "positives", 0, INT64_MAX, &positives));
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(o, "negatives"), "negatives", 0, INT64_MAX, &negatives));
    c->positives = (uint64_t)positives;
    c->negatives = (uint64_t)negatives;
    EDGEL_TRY(edgel_place_counts(p, edgel_json_get(o, "tp"), "tp", m->thresholds, &c->tp));
    EDGEL_TRY(edgel_place_counts(p, edgel_json_get(o, "fp"), "fp", m->thresholds, &c->fp));
    c->n = m->thresholds;
    return m->coarse ? EDGEL_OK : read_levels(p, o, c);
}

/* What is odd about the levels; NULL: nothing. */
static const char *odd_levels(const struct edgel_curve_counts *c)
{
    uint64_t negatives = c->negatives, positives = c->positives;
    for (size_t i = 0; i < c->nlevels; i++) {
        const struct edgel_curve_level *l = &c->levels[i];
        if (l->level < 0 || l->level > EDGEL_LEVEL_MAX || (i > 0 && l->level <= l[-1].level))
            return "levels must rise from 0 to 65535";
        if (l->negatives > negatives || l->positives > positives)
            return "levels must sum to positives and negatives";
        negatives -= l->negatives;
        positives -= l->positives;
    }
    return negatives || positives ? "levels must sum to positives and negatives" : NULL;
}

/* Takes the levels below `from` off the sums; *i: the first that is not taken off. */
static void skip_below(const struct edgel_curve_counts *c, int from, size_t *i, uint64_t *tp, uint64_t *fp)
{
    for (; *i < c->nlevels && c->levels[*i].level < from; ++*i) {
        *tp -= c->levels[*i].positives;
        *fp -= c->levels[*i].negatives;
    }
}

static bool thresholds_fit(const struct edgel_curve_counts *c)
{
    uint64_t most_tp = c->positives, most_fp = c->negatives, least_tp = most_tp, least_fp = most_fp;
    size_t most = 0, least = 0;
    for (int k = 1; k <= c->n; k++) {
        const int64_t at = (int64_t)k * EDGEL_LEVEL_MAX, floor = at / (c->n + 1);
        skip_below(c, (int)floor, &most, &most_tp, &most_fp);
        skip_below(c, (int)(floor + (at % (c->n + 1) > 0)), &least, &least_tp, &least_fp);
        if (c->tp[k - 1] > most_tp || c->tp[k - 1] < least_tp || c->fp[k - 1] > most_fp ||
            c->fp[k - 1] < least_fp)
            return false;
    }
    return true;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_curve_counts *c = edgel_row_curve(row);
    const struct edgel_cell_totals t = edgel_totals_of_cells(m, row);
    uint64_t tp = c->positives, fp = c->negatives;
    (void)of;
    if (c->positives != t.positives || c->negatives != t.judged - t.positives)
        return "positives and negatives must be those of the cells";
    for (int i = 0; i < c->n; i++) {
        if (c->tp[i] > tp || c->fp[i] > fp)
            return "tp and fp must not rise with the threshold";
        tp = c->tp[i];
        fp = c->fp[i];
    }
    if (m->coarse)
        return NULL;
    const char *odd = odd_levels(c);
    return odd || thresholds_fit(c) ? odd : "tp and fp must be those of the levels";
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_curve_counts *c = edgel_row_curve(row);
    if (c->n != m->thresholds)
        return "it has counts at another number of thresholds";
    return m->coarse ? NULL : odd_levels(c);
}

static void finish(void *counts)
{
    struct edgel_curve_counts *c = counts;
    edgel_free(c->tp);
    edgel_free(c->fp);
    edgel_free(c->levels);
}

const struct edgel_family_row edgel_curve_family = {
    .family = EDGEL_CURVE,
    .name = "curve",
    .key = "curve",
    .measures = "pixels at every threshold of a sweep",
    .asks = "thresholds",
    .asked = asked,
    .settles = "the sweep over thresholds",
    .needs = EDGEL_NEEDS_LEVELS,
    .counts_size = sizeof(struct edgel_curve_counts),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_curve_summing,
};
