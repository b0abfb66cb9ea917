/*
 * Counts of bands and contours in a counts file: written, read and checked.
 *
 *   "bands":[[id,truth,prediction,both]...]                                             as bands.c measures them
 *   "contours":[[id,matched_prediction,prediction,matched_truth,truth]...]              as contours.c does
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone). Bands: a side has one if and only if it has pixels of
 * the id, never more than those, and a missing prediction has none; both is at most either, and at least what more
 * cannot lie apart. Contours: matched at most all, at most as many as the image has pixels, and none where the other
 * side has none.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

void edgel_bands_write(struct edgel_text *t, const struct edgel_row *row)
{
    for (size_t i = 0; i < row->nbands; i++) {
        const struct edgel_band_counts *c = &row->bands[i];
        edgel_text_printf(t, "%s[%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", i ? "," : ",\"bands\":[", c->id,
                          c->truth, c->prediction, c->both);
    }
    edgel_text_str(t, row->nbands > 0 ? "]" : "");
    for (size_t i = 0; i < row->ncontours; i++) {
        const struct edgel_tolerance_counts *c = &row->contours[i];
        edgel_text_printf(t, "%s[%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
                          i ? "," : ",\"contours\":[", c->id, c->matched_prediction, c->prediction,
                          c->matched_truth, c->truth);
    }
    edgel_text_str(t, row->ncontours > 0 ? "]" : "");
}

/* --- reading --- */

static enum edgel_status refuse(const char *where, const char *rule, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EFORMAT, "%s: %s", where, rule);
}

/* Entry i of a list of tuples: an id and n - 1 counts. */
static bool tuple(const struct edgel_json *list, size_t i, size_t n, int64_t *v)
{
    const struct edgel_json *entry = edgel_json_at(list, i);
    if (!edgel_json_is_array(entry) || edgel_json_count(entry) != n)
        return false;
    for (size_t k = 0; k < n; k++)
        if (!edgel_json_int(edgel_json_at(entry, k), &v[k]) || v[k] < 0 || (k == 0 && v[k] >= EDGEL_IDS))
            return false;
    return true;
}

static bool fits(const struct edgel_json *v)
{
    return edgel_json_is_array(v) && edgel_json_count(v) <= EDGEL_IDS;
}

static enum edgel_status read_bands(const struct edgel_json *v, const char *where, struct edgel_row *row,
                                    struct edgel_error *err)
{
    static const char rule[] = "bands: must be a list of an id from 0 to 65535 and three counts each";
    if (!fits(v))
        return refuse(where, rule, err);
    const size_t n = edgel_json_count(v);
    if (n > 0 && !(row->bands = edgel_alloc(n, sizeof *row->bands)))
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    for (size_t i = 0; i < n; i++) {
        int64_t c[4];
        if (!tuple(v, i, 4, c))
            return refuse(where, rule, err);
        row->bands[i] =
            (struct edgel_band_counts){ (int32_t)c[0], (uint64_t)c[1], (uint64_t)c[2], (uint64_t)c[3] };
    }
    row->nbands = n;
    return EDGEL_OK;
}

static enum edgel_status read_contours(const struct edgel_json *v, const char *where, struct edgel_row *row,
                                       struct edgel_error *err)
{
    static const char rule[] = "contours: must be a list of an id from 0 to 65535 and four counts each";
    if (!fits(v))
        return refuse(where, rule, err);
    const size_t n = edgel_json_count(v);
    if (n > 0 && !(row->contours = edgel_alloc(n, sizeof *row->contours)))
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    for (size_t i = 0; i < n; i++) {
        int64_t c[5];
        if (!tuple(v, i, 5, c))
            return refuse(where, rule, err);
        row->contours[i] = (struct edgel_tolerance_counts){ .id = (int32_t)c[0],
                                                            .matched_prediction = (uint64_t)c[1],
                                                            .prediction = (uint64_t)c[2],
                                                            .matched_truth = (uint64_t)c[3],
                                                            .truth = (uint64_t)c[4] };
    }
    row->ncontours = n;
    return EDGEL_OK;
}

enum edgel_status edgel_bands_read(const struct edgel_json *object, const char *where, struct edgel_row *row,
                                   struct edgel_error *err)
{
    const struct edgel_json *bands = edgel_json_get(object, "bands");
    const struct edgel_json *contours = edgel_json_get(object, "contours");
    if (bands)
        EDGEL_TRY(read_bands(bands, where, row, err));
    return contours ? read_contours(contours, where, row, err) : EDGEL_OK;
}

/* --- checking --- */

static bool there(const struct edgel_id_totals *of)
{
    return of->truth + of->prediction > 0;
}

static const char *odd_band(const struct edgel_row *row, const struct edgel_band_counts *c,
                            const struct edgel_id_totals *of)
{
    const uint64_t predicted = row->kind == EDGEL_ROW_MISSING ? 0 : of->prediction;
    const uint64_t less = c->truth < c->prediction ? c->truth : c->prediction;
    if (c->truth > of->truth || c->prediction > predicted || (c->truth == 0) != (of->truth == 0) ||
        (c->prediction == 0) != (predicted == 0))
        return "bands: a band must be some of the pixels of its id in the cells";
    return c->both > less || c->both > of->both ? "bands: both must be at most either side and what agrees"
                                                : NULL;
}

static const char *odd_contour(const struct edgel_row *row, const struct edgel_tolerance_counts *c,
                               const struct edgel_id_totals *of)
{
    const uint64_t all = (uint64_t)row->w * (uint64_t)row->h;
    const bool predicted = row->kind != EDGEL_ROW_MISSING && of->prediction > 0;
    if (c->truth > all || c->prediction > all || (c->truth > 0 && of->truth == 0) ||
        (c->prediction > 0 && !predicted))
        return "contours: must be pixels of the image, of an id in the cells";
    if (c->matched_truth > c->truth || c->matched_prediction > c->prediction ||
        (c->matched_truth > 0) != (c->matched_prediction > 0))
        return "contours: matched pixels must not exceed all, and be there on both sides or none";
    return NULL;
}

static const char *odd_bands(const struct edgel_row *row, const struct edgel_id_totals *of, size_t *listed)
{
    for (size_t i = 0; i < row->nbands; i++) {
        const struct edgel_band_counts *c = &row->bands[i];
        if (i > 0 && c->id <= c[-1].id)
            return "bands: ids must rise";
        const char *odd = odd_band(row, c, &of[c->id]);
        if (odd)
            return odd;
        *listed += there(&of[c->id]);
    }
    return NULL;
}

static const char *odd_contours(const struct edgel_row *row, const struct edgel_id_totals *of, size_t *listed)
{
    for (size_t i = 0; i < row->ncontours; i++) {
        const struct edgel_tolerance_counts *c = &row->contours[i];
        if (i > 0 && c->id <= c[-1].id)
            return "contours: ids must rise";
        const char *odd = odd_contour(row, c, &of[c->id]);
        if (odd)
            return odd;
        *listed += there(&of[c->id]);
    }
    return NULL;
}

static const char *odd_row(const struct edgel_measure *m, const struct edgel_row *row,
                           const struct edgel_id_totals *of)
{
    const bool binary = m->labels == EDGEL_LABELS_BINARY;
    size_t bands = 0, contours = 0, all = 0;
    const char *odd = odd_bands(row, of, &bands);
    if (!odd)
        odd = odd_contours(row, of, &contours);
    for (int32_t id = 0; id < EDGEL_IDS; id++)
        all += there(&of[id]);
    if (!odd && binary && m->band > 0 && (row->nbands != 1 || row->bands[0].id != 1))
        odd = "bands: binary masks have id 1 alone";
    if (!odd && binary && m->davis && (row->ncontours != 1 || row->contours[0].id != 1))
        odd = "contours: binary masks have id 1 alone";
    if (!odd && !binary && ((m->band > 0 && bands != all) || (m->davis && contours != all)))
        odd = "bands, contours: every id of the cells must be listed";
    return odd;
}

enum edgel_status edgel_bands_check(const struct edgel_measure *m, const struct edgel_row *row,
                                    const char *where, struct edgel_error *err)
{
    if ((!(m->band > 0) && row->nbands > 0) || (!m->davis && row->ncontours > 0))
        return refuse(where, "bands, contours: the first line has none", err);
    if (!(m->band > 0) && !m->davis)
        return EDGEL_OK;
    struct edgel_id_totals *of = edgel_calloc(EDGEL_IDS, sizeof *of);
    if (!of)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    edgel_id_totals(m, row, of);
    const char *odd = odd_row(m, row, of);
    edgel_free(of);
    return odd ? refuse(where, odd, err) : EDGEL_OK;
}

bool edgel_bands_sound(const struct edgel_row *row)
{
    for (size_t i = 0; i < row->nbands; i++) {
        const struct edgel_band_counts *c = &row->bands[i];
        if (c->id < 0 || c->id >= EDGEL_IDS || c->both > c->truth || c->both > c->prediction)
            return false;
    }
    for (size_t i = 0; i < row->ncontours; i++) {
        const struct edgel_tolerance_counts *c = &row->contours[i];
        if (c->id < 0 || c->id >= EDGEL_IDS || c->matched_truth > c->truth ||
            c->matched_prediction > c->prediction)
            return false;
    }
    return true;
}
