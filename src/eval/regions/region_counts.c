/*
 * Counts of regions in a counts file: written, read and checked.
 *
 *   "regions":{"annotators":A,"covered":[...],"best":..,"reverse":[...],"apart":[...],"voi":[...]}
 *
 * by threshold, as regions.c has them.
 *
 * Reals are written with the digits that read back the same. Checked: covered from 0 to best, best at most A w h;
 * reverse at most w h; apart at most the pairs of pixels of all annotators; voi not negative, at most 128 bits.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>
#include <limits.h>
#include <math.h>

static void reals(struct edgel_text *t, const char *key, const double *v, int n)
{
    edgel_text_printf(t, ",\"%s\":[", key);
    for (int i = 0; i < n; i++) {
        edgel_text_str(t, i ? "," : "");
        edgel_text_real(t, v[i]);
    }
    edgel_text_str(t, "]");
}

static void write_counts(struct edgel_text *t, const struct edgel_row *row)
{
    const struct edgel_region_counts *c = edgel_row_regions(row);
    if (c->n == 0)
        return;
    edgel_text_printf(t, ",\"regions\":{\"annotators\":%" PRIu64, c->annotators);
    reals(t, "covered", c->covered, c->n);
    edgel_text_str(t, ",\"best\":");
    edgel_text_real(t, c->best);
    reals(t, "reverse", c->reverse, c->n);
    edgel_text_str(t, ",\"apart\":[");
    for (int i = 0; i < c->n; i++)
        edgel_text_printf(t, "%s%" PRIu64, i ? "," : "", c->apart[i]);
    edgel_text_str(t, "]");
    reals(t, "voi", c->voi, c->n);
    edgel_text_str(t, "}");
}

static enum edgel_status refuse(const char *where, const char *rule, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EFORMAT, "%s: regions: %s", where, rule);
}

static enum edgel_status read_reals(const struct edgel_json *v, const char *where, int n, double **out,
                                    struct edgel_error *err)
{
    if (!edgel_json_is_array(v) || edgel_json_count(v) != (size_t)n)
        return refuse(where, "must have one entry per threshold", err);
    if (!(*out = edgel_alloc((size_t)n, sizeof **out)))
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    for (int i = 0; i < n; i++)
        if (!edgel_json_real(edgel_json_at(v, (size_t)i), &(*out)[i]))
            return refuse(where, "covered, reverse and voi must be numbers", err);
    return EDGEL_OK;
}

static enum edgel_status read_apart(const struct edgel_json *v, const char *where, int n, uint64_t **out,
                                    struct edgel_error *err)
{
    if (!edgel_json_is_array(v) || edgel_json_count(v) != (size_t)n)
        return refuse(where, "must have one entry per threshold", err);
    if (!(*out = edgel_alloc((size_t)n, sizeof **out)))
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    for (int i = 0; i < n; i++) {
        int64_t pairs;
        if (!edgel_json_int(edgel_json_at(v, (size_t)i), &pairs) || pairs < 0)
            return refuse(where, "apart must be whole numbers, not negative", err);
        (*out)[i] = (uint64_t)pairs;
    }
    return EDGEL_OK;
}

static bool is_sound(const struct edgel_row *row)
{
    const struct edgel_region_counts *c = edgel_row_regions(row);
    const double pixels = (double)row->w * row->h, annotators = (double)c->annotators;
    if (c->n == 0)
        return true;
    if (c->annotators < 1 || !(c->best >= 0 && c->best <= annotators * pixels))
        return false;
    for (int k = 0; k < c->n; k++)
        if (!(c->covered[k] >= 0 && c->covered[k] <= c->best && c->reverse[k] >= 0 &&
              c->reverse[k] <= pixels && c->voi[k] >= 0 && c->voi[k] <= 128) ||
            (double)c->apart[k] > annotators * pixels * ((pixels - 1) / 2) * (1 + 1e-15))
            return false;
    return true;
}

static enum edgel_status read_counts(const struct edgel_json *line, const char *where,
                                     const struct edgel_measure *m, struct edgel_row *row,
                                     struct edgel_error *err)
{
    const struct edgel_json *v = edgel_json_get(line, "regions");
    struct edgel_region_counts *c = edgel_row_part(row, EDGEL_REGIONS, sizeof *c);
    int64_t annotators;
    if (!c)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    if (!edgel_json_int(edgel_json_get(v, "annotators"), &annotators) || annotators < 1 ||
        annotators > INT16_MAX)
        return refuse(where, "annotators must be a whole number from 1 on", err);
    if (!edgel_json_real(edgel_json_get(v, "best"), &c->best))
        return refuse(where, "best must be a number", err);
    c->annotators = (uint64_t)annotators;
    EDGEL_TRY(read_reals(edgel_json_get(v, "covered"), where, m->thresholds, &c->covered, err));
    EDGEL_TRY(read_reals(edgel_json_get(v, "reverse"), where, m->thresholds, &c->reverse, err));
    EDGEL_TRY(read_reals(edgel_json_get(v, "voi"), where, m->thresholds, &c->voi, err));
    EDGEL_TRY(read_apart(edgel_json_get(v, "apart"), where, m->thresholds, &c->apart, err));
    c->n = m->thresholds;
    c->listed = m->listed;
    return EDGEL_OK;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    (void)m;
    (void)of;
    return is_sound(row) ? NULL : "regions: is more than its pixels can have";
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    return edgel_row_regions(row)->n == m->thresholds && is_sound(row)
               ? NULL
               : "its regions are not those of the thresholds";
}

static enum edgel_status measure(const struct edgel_measuring *k)
{
    const struct edgel_map_masks *maps = k->maps;
    if (!edgel_row_part(k->row, EDGEL_REGIONS, sizeof(struct edgel_region_counts)))
        return edgel_fail(k->err, EDGEL_ENOMEM, "regions, %dx%d: out of memory", k->w, k->h);
    return edgel_regions_measure(k->params, maps->prediction, maps->truth.segmentations, maps->truth.n,
                                 k->row, k->err);
}

static void finish(void *counts)
{
    struct edgel_region_counts *c = counts;
    edgel_free(c->covered);
    edgel_free(c->reverse);
    edgel_free(c->apart);
    edgel_free(c->voi);
}

static const char *const serves[] = { "bsds_files", NULL };

static const struct edgel_family_option options[] = {
    { .key = "regions", .stored = "regions", .kind = EDGEL_OPTION_SWITCH, .words = edgel_option_switch },
};

const struct edgel_family_row edgel_regions_family = {
    .family = EDGEL_REGIONS,
    .name = "regions",
    .key = "regions",
    .measures = "covering, probabilistic Rand index and variation of information of regions",
    .options = options,
    .noptions = 1,
    .stored = EDGEL_STORED_BODY,
    .excludes = edgel_maps_exclude,
    .serves = serves,
    .suits = edgel_maps_suit,
    .settles = "the sweep over thresholds",
    .needs = EDGEL_NEEDS_MAPS,
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_regions_summing,
};
