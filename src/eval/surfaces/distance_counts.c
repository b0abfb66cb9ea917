/*
 * Counts of distances in a counts file: written, read and checked.
 *
 *   "distances":[[id,prediction pixels,truth pixels,[d2,n,d2,n...],[d2,n,d2,n...]]...]
 * with the surfaces' pixels and the squared distances from prediction and from truth, rising, each with its pixels.
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone); a side has a surface if and only if it has pixels of
 * the id, never more than those, and a missing prediction has none; distances are there when both sides are, rise, are
 * at most (w - 1)^2 + (h - 1)^2 and sum to the surface; as many pixels are at distance 0 from either side.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

static void write_bins(struct edgel_text *t, const struct edgel_surface *s)
{
    edgel_text_str(t, ",[");
    for (size_t i = 0; i < s->nbins; i++)
        edgel_text_printf(t, "%s%" PRIu64 ",%" PRIu64, i ? "," : "", s->bins[i].d2, s->bins[i].n);
    edgel_text_str(t, "]");
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_distance_list *list = counts;
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_distance_counts *c = &list->v[i];
        edgel_text_printf(t, "%s[%d,%" PRIu64 ",%" PRIu64, i ? "," : ",\"distances\":[", c->id,
                          c->prediction.pixels, c->truth.pixels);
        write_bins(t, &c->prediction);
        write_bins(t, &c->truth);
        edgel_text_str(t, "]");
    }
    if (list->n > 0)
        edgel_text_str(t, "]");
}

/* --- reading --- */

static bool count_at(const struct edgel_json *list, size_t i, uint64_t *out)
{
    int64_t v;
    if (!edgel_json_int(edgel_json_at(list, i), &v) || v < 0)
        return false;
    *out = (uint64_t)v;
    return true;
}

static enum edgel_status refuse(const struct edgel_place *p, const char *rule)
{
    return edgel_place_refuse(p, "distances", rule);
}

static enum edgel_status read_bins(const struct edgel_place *p, const struct edgel_json *v,
                                   struct edgel_surface *s)
{
    if (!edgel_json_is_array(v) || edgel_json_count(v) % 2 != 0)
        return refuse(p, "distances and pixels come in pairs");
    const size_t n = edgel_json_count(v) / 2;
    if (n == 0)
        return EDGEL_OK;
    if (!(s->bins = edgel_alloc(n, sizeof *s->bins)))
        return edgel_place_no_memory(p);
    s->nbins = n;
    for (size_t i = 0; i < n; i++)
        if (!count_at(v, 2 * i, &s->bins[i].d2) || !count_at(v, 2 * i + 1, &s->bins[i].n))
            return refuse(p, "must be whole numbers that are not negative");
    return EDGEL_OK;
}

static enum edgel_status read_class(const struct edgel_place *p, const struct edgel_json *v,
                                    struct edgel_distance_counts *c)
{
    uint64_t id;
    if (!edgel_json_is_array(v) || edgel_json_count(v) != 5)
        return refuse(p, "an entry is an id, two numbers of pixels and two lists");
    if (!count_at(v, 0, &id) || id >= EDGEL_IDS)
        return refuse(p, "ids are 0 to 65535");
    c->id = (int32_t)id;
    if (!count_at(v, 1, &c->prediction.pixels) || !count_at(v, 2, &c->truth.pixels))
        return refuse(p, "must be whole numbers that are not negative");
    EDGEL_TRY(read_bins(p, edgel_json_at(v, 3), &c->prediction));
    return read_bins(p, edgel_json_at(v, 4), &c->truth);
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    const struct edgel_json *v = edgel_json_get(line, "distances");
    struct edgel_distance_list *list = counts;
    size_t n;
    (void)m;
    if (!v)
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_array(p, v, "distances", EDGEL_IDS, &n));
    if (n > 0 && !(list->v = edgel_calloc(n, sizeof *list->v)))
        return edgel_place_no_memory(p);
    list->n = n;
    for (size_t i = 0; i < n; i++)
        EDGEL_TRY(read_class(p, edgel_json_at(v, i), &list->v[i]));
    return EDGEL_OK;
}

/* --- checking --- */

static bool sums(const struct edgel_surface *s, bool both)
{
    uint64_t left = s->pixels;
    for (size_t i = 0; i < s->nbins; i++) {
        if (s->bins[i].n == 0 || s->bins[i].n > left)
            return false;
        left -= s->bins[i].n;
    }
    return both ? left == 0 : s->nbins == 0;
}

static const char *odd_side(const struct edgel_surface *s, uint64_t pixels, bool both, uint64_t farthest)
{
    if (s->pixels > pixels || (s->pixels == 0) != (pixels == 0))
        return "a surface must be some of the pixels of its id in the cells";
    for (size_t i = 0; i < s->nbins; i++)
        if (s->bins[i].d2 > farthest || (i > 0 && s->bins[i].d2 <= s->bins[i - 1].d2))
            return "distances must rise and lie in the image";
    return sums(s, both) ? NULL : "pixels must be above 0 and sum to the surface where both sides have one";
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_distance_list *list = edgel_row_distances(row);
    (void)m;
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_distance_counts *c = &list->v[i];
        const bool both = c->prediction.pixels > 0 && c->truth.pixels > 0;
        if (c->id < 0 || c->id >= EDGEL_IDS || (i > 0 && c->id <= c[-1].id) || !sums(&c->prediction, both) ||
            !sums(&c->truth, both))
            return "its distances do not sum to its surfaces";
    }
    return NULL;
}

static uint64_t at_zero(const struct edgel_surface *s)
{
    return s->nbins > 0 && s->bins[0].d2 == 0 ? s->bins[0].n : 0;
}

static const char *odd_class(const struct edgel_row *row, const void *entry, const struct edgel_id_totals *of)
{
    const struct edgel_distance_counts *c = entry;
    const uint64_t w = (uint64_t)row->w - 1, h = (uint64_t)row->h - 1;
    const bool both = c->truth.pixels > 0 && c->prediction.pixels > 0;
    const uint64_t predicted = row->kind == EDGEL_ROW_MISSING ? 0 : of->prediction;
    const char *odd = odd_side(&c->truth, of->truth, both, w * w + h * h);
    if (!odd)
        odd = odd_side(&c->prediction, predicted, both, w * w + h * h);
    if (!odd && at_zero(&c->truth) != at_zero(&c->prediction))
        odd = "as many pixels must be at distance 0 from either side";
    return odd;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_distance_list *list = edgel_row_distances(row);
    return edgel_entries_odd(m, row, of, list->v, list->n, sizeof *list->v, odd_class);
}

static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    return edgel_distances_measure(k->t_plane, k->missing ? NULL : k->p_plane, k->w, k->h, k->only, counts,
                                   k->err);
}

static const char *const serves[] = { "nsd_tolerance", NULL };

static const struct edgel_family_option options[] = {
    { .key = "distances", .stored = "distances", .kind = EDGEL_OPTION_SWITCH, .words = edgel_option_switch },
};

const struct edgel_family_row edgel_distances_family = {
    .family = EDGEL_DISTANCES,
    .name = "distances",
    .key = "distances",
    .measures = "distances between the surfaces of each class",
    .options = options,
    .noptions = 1,
    .stored = EDGEL_STORED_BODY,
    .serves = serves,
    .settles = "the distances",
    .needs = EDGEL_NEEDS_PLANES,
    .counts_size = sizeof(struct edgel_distance_list),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = edgel_distances_finish,
    .sums = &edgel_distances_summing,
};
