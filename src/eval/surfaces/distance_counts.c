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

void edgel_distances_write(struct edgel_text *t, const struct edgel_row *row)
{
    for (size_t i = 0; i < row->ndistances; i++) {
        const struct edgel_distance_counts *c = &row->distances[i];
        edgel_text_printf(t, "%s[%d,%" PRIu64 ",%" PRIu64, i ? "," : ",\"distances\":[", c->id,
                          c->prediction.pixels, c->truth.pixels);
        write_bins(t, &c->prediction);
        write_bins(t, &c->truth);
        edgel_text_str(t, "]");
    }
    if (row->ndistances > 0)
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

enum edgel_status edgel_distances_read(const struct edgel_json *v, const char *where, struct edgel_row *row,
                                       struct edgel_error *err)
{
    if (!v)
        return EDGEL_OK;
    if (!edgel_json_is_array(v) || edgel_json_count(v) > EDGEL_IDS)
        return refuse(where, "must be a list with at most one entry per id", err);
    const size_t n = edgel_json_count(v);
    if (n == 0)
        return EDGEL_OK;
    if (!(row->distances = edgel_calloc(n, sizeof *row->distances)))
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    row->ndistances = n;
    for (size_t i = 0; i < n; i++)
        EDGEL_TRY(read_class(edgel_json_at(v, i), where, &row->distances[i], err));
    return EDGEL_OK;
}

/* --- checking --- */

static bool sound(const struct edgel_surface *s, bool both)
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
    return sound(s, both) ? NULL : "pixels must be above 0 and sum to the surface where both sides have one";
}

bool edgel_distances_sound(const struct edgel_row *row)
{
    for (size_t i = 0; i < row->ndistances; i++) {
        const struct edgel_distance_counts *c = &row->distances[i];
        const bool both = c->prediction.pixels > 0 && c->truth.pixels > 0;
        if (c->id < 0 || c->id >= EDGEL_IDS || (i > 0 && c->id <= c[-1].id) || !sound(&c->prediction, both) ||
            !sound(&c->truth, both))
            return false;
    }
    return true;
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
        odd = "as many pixels must be at distance 0 from either side";
    return odd;
}

static const char *odd_row(const struct edgel_measure *m, const struct edgel_row *row,
                           const struct edgel_id_totals *of)
{
    size_t listed = 0, there = 0;
    for (size_t i = 0; i < row->ndistances; i++) {
        const struct edgel_distance_counts *c = &row->distances[i];
        if (i > 0 && c->id <= c[-1].id)
            return "ids must rise";
        const char *odd = odd_class(row, c, &of[c->id]);
        if (odd)
            return odd;
        listed += of[c->id].truth + of[c->id].prediction > 0;
    }
    if (m->labels == EDGEL_LABELS_BINARY)
        return row->ndistances == 1 && row->distances[0].id == 1 ? NULL : "binary masks have id 1 alone";
    for (int32_t id = 0; id < EDGEL_IDS; id++)
        there += of[id].truth + of[id].prediction > 0;
    return listed == there ? NULL : "every id of the cells must be listed";
}

enum edgel_status edgel_distances_check(const struct edgel_measure *m, const struct edgel_row *row,
                                        const char *where, struct edgel_error *err)
{
    if (!m->distances)
        return row->ndistances == 0 ? EDGEL_OK : refuse(where, "the first line has none", err);
    struct edgel_id_totals *of = edgel_calloc(EDGEL_IDS, sizeof *of);
    if (!of)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    edgel_id_totals(m, row, of);
    const char *odd = odd_row(m, row, of);
    edgel_free(of);
    return odd ? refuse(where, odd, err) : EDGEL_OK;
}
