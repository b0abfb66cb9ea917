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

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_region_counts *c = counts;
    if (c->n == 0)
        return;
    edgel_text_printf(t, ",\"regions\":{\"annotators\":%" PRIu64, c->annotators);
    edgel_counts_reals(t, "covered", c->covered, c->n);
    edgel_text_str(t, ",\"best\":");
    edgel_text_real(t, c->best);
    edgel_counts_reals(t, "reverse", c->reverse, c->n);
    edgel_counts_list(t, "apart", c->apart, (size_t)c->n);
    edgel_counts_reals(t, "voi", c->voi, c->n);
    edgel_text_str(t, "}");
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

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    const struct edgel_json *v = edgel_json_get(line, "regions");
    struct edgel_region_counts *c = counts;
    const int n = m->thresholds;
    int64_t annotators;
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(v, "annotators"), "annotators", 1, INT16_MAX, &annotators));
    if (!edgel_json_real(edgel_json_get(v, "best"), &c->best))
        return edgel_place_refuse(p, "best", "must be a number");
    c->annotators = (uint64_t)annotators;
    EDGEL_TRY(edgel_place_reals(p, edgel_json_get(v, "covered"), "covered", n, &c->covered));
    EDGEL_TRY(edgel_place_reals(p, edgel_json_get(v, "reverse"), "reverse", n, &c->reverse));
    EDGEL_TRY(edgel_place_reals(p, edgel_json_get(v, "voi"), "voi", n, &c->voi));
    EDGEL_TRY(edgel_place_counts(p, edgel_json_get(v, "apart"), "apart", n, &c->apart));
    c->n = n;
    c->listed = m->listed;
    return EDGEL_OK;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    (void)m;
    (void)of;
    return is_sound(row) ? NULL : "is more than its pixels can have";
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    return edgel_row_regions(row)->n == m->thresholds && is_sound(row)
               ? NULL
               : "its regions are not those of the thresholds";
}

static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    const struct edgel_map_masks *maps = k->maps;
    return edgel_regions_measure(k->params, maps->prediction, maps->truth.segmentations, maps->truth.n,
                                 counts, k->err);
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
    .in_place = edgel_of_maps,
    .settles = "the sweep over thresholds",
    .needs = EDGEL_NEEDS_MAPS,
    .counts_size = sizeof(struct edgel_region_counts),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_regions_summing,
};
