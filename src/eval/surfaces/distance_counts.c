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

static void write_counts(struct edgel_text *t, const struct edgel_row *row)
{
    const struct edgel_distance_list *list = edgel_row_distances(row);
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

static enum edgel_status refuse(const char *where, const char *rule, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EFORMAT, "%s: distances: %s", where, rule);
}

static bool count_at(const struct edgel_json *list, size_t i, uint64_t *out)
{
    int64_t v;
    if (!edgel_json_int(edgel_json_at(list, i), &v) || v < 0)
        return false;
    *out = (uint64_t)v;
    return true;
}

static enum edgel_status read_bins(const struct edgel_json *v, const char *where, struct edgel_surface *s,
                                   struct edgel_error *err)
{
    if (!edgel_json_is_array(v) || edgel_json_count(v) % 2 != 0)
        return refuse(where, "distances and pixels come in pairs", err);
    const size_t n = edgel_json_count(v) / 2;
    if (n == 0)
        return EDGEL_OK;
    if (!(s->bins = edgel_alloc(n, sizeof *s->bins)))
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    s->nbins = n;
    for (size_t i = 0; i < n; i++)
        if (!count_at(v, 2 * i, &s->bins[i].d2) || !count_at(v, 2 * i + 1, &s->bins[i].n))
            return refuse(where, "must be whole numbers that are not negative", err);
    return EDGEL_OK;
}

static enum edgel_status read_class(const struct edgel_json *v, const char *where,
                                    struct edgel_distance_counts *c, struct edgel_error *err)
{
    uint64_t id;
    if (!edgel_json_is_array(v) || edgel_json_count(v) != 5)
        return refuse(where, "an entry is an id, two numbers of pixels and two lists", err);
    if (!count_at(v, 0, &id) || id >= EDGEL_IDS)
        return refuse(where, "ids are 0 to 65535", err);
    c->id = (int32_t)id;
    if (!count_at(v, 1, &c->prediction.pixels) || !count_at(v, 2, &c->truth.pixels))
        return refuse(where, "must be whole numbers that are not negative", err);
    EDGEL_TRY(read_bins(edgel_json_at(v, 3), where, &c->prediction, err));
    return read_bins(edgel_json_at(v, 4), where, &c->truth, err);
}

static enum edgel_status read_counts(const struct edgel_json *line, const char *where,
                                     const struct edgel_measure *m, struct edgel_row *row,
                                     struct edgel_error *err)
{
    const struct edgel_json *v = edgel_json_get(line, "distances");
    struct edgel_distance_list *list = edgel_row_part(row, EDGEL_DISTANCES, sizeof *list);
    (void)m;
    if (!list)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    if (!v)
        return EDGEL_OK;
    if (!edgel_json_is_array(v) || edgel_json_count(v) > EDGEL_IDS)
        return refuse(where, "must be a list with at most one entry per id", err);
    const size_t n = edgel_json_count(v);
    if (n == 0)
        return EDGEL_OK;
    if (!(list->v = edgel_calloc(n, sizeof *list->v)))
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    list->n = n;
    for (size_t i = 0; i < n; i++)
        EDGEL_TRY(read_class(edgel_json_at(v, i), where, &list->v[i], err));
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
        return "distances: a surface must be some of the pixels of its id in the cells";
    for (size_t i = 0; i < s->nbins; i++)
        if (s->bins[i].d2 > farthest || (i > 0 && s->bins[i].d2 <= s->bins[i - 1].d2))
            return "distances: distances must rise and lie in the image";
    return sums(s, both)
               ? NULL
               : "distances: pixels must be above 0 and sum to the surface where both sides have one";
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

static const char *odd_class(const struct edgel_row *row, const struct edgel_distance_counts *c,
                             const struct edgel_id_totals *of)
{
    const uint64_t w = (uint64_t)row->w - 1, h = (uint64_t)row->h - 1;
    const bool both = c->truth.pixels > 0 && c->prediction.pixels > 0;
    const uint64_t predicted = row->kind == EDGEL_ROW_MISSING ? 0 : of->prediction;
    const char *odd = odd_side(&c->truth, of->truth, both, w * w + h * h);
    if (!odd)
        odd = odd_side(&c->prediction, predicted, both, w * w + h * h);
    if (!odd && at_zero(&c->truth) != at_zero(&c->prediction))
        odd = "distances: as many pixels must be at distance 0 from either side";
    return odd;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_distance_list *list = edgel_row_distances(row);
    size_t listed = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_distance_counts *c = &list->v[i];
        if (i > 0 && c->id <= c[-1].id)
            return "distances: ids must rise";
        const char *odd = odd_class(row, c, &of[c->id]);
        if (odd)
            return odd;
        listed += of[c->id].truth + of[c->id].prediction > 0;
    }
    if (m->labels == EDGEL_LABELS_BINARY)
        return list->n == 1 && list->v[0].id == 1 ? NULL : "distances: binary masks have id 1 alone";
    return listed == edgel_ids_there(of) ? NULL : "distances: every id of the cells must be listed";
}

static enum edgel_status measure(const struct edgel_measuring *k)
{
    struct edgel_distance_list *list = edgel_row_part(k->row, EDGEL_DISTANCES, sizeof *list);
    if (!list)
        return edgel_fail(k->err, EDGEL_ENOMEM, "distances, %dx%d: out of memory", k->w, k->h);
    return edgel_distances_measure(k->t_plane, k->missing ? NULL : k->p_plane, k->w, k->h, k->only, list,
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
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = edgel_distances_finish,
    .sums = &edgel_distances_summing,
};
