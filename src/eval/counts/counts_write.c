/*
 * Counts files, written: JSON lines, schema edgel.counts/2.
 *
 * First line  {"schema":"edgel.counts/2","measure":{...},"reduce":{...},"predictions":["..."]}
 *   measure   labels "binary"|"ids", threshold, thresholds, with a sweep "levels":65536, tolerance (null: none),
 *             ignore [ids], valid, annotator "none"| "any"|"majority"|K, colors null|[[r,g,b,id]...], where boundaries
 *             are matched "boundary":{"protocol":"bsds", "max_dist":..,"thin":true|false,"nms":{"ratio":..,
 *             "radius":..}}, "regions":true, of lists of segmentations "listed":true
 *   reduce    reduce "pooled"|"image", empty "nan"|"zero"|"one", missing "error"|"skip"|"worst", ignore,
 *             exclude_from_mean, nsd_tolerance [px...], classes null|[{"id":..,"name":..}]
 * and of a part also "shard":{"index":i,"count":N,"items":rows of the whole,"list":"hash of their names"}.
 * Then a line for each image and method, in the order of the images:
 *   {"prediction":INDEX,"image":"...","kind":"measured"|"missing"|"failed"}, and where there are counts "width",
 *   "height" and the keys of each family, in the order of their table: its files say what stands in each.
 * Schema edgel.counts/1 is the same without the levels of sweeps.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

static enum edgel_status send(struct edgel_output *out, struct edgel_text *t, struct edgel_error *err)
{
    enum edgel_status st;
    edgel_text_str(t, "\n");
    if (t->failed)
        st = edgel_no_memory(err, "counts");
    else if (t->len > EDGEL_COUNTS_LINE_MAX)
        st = edgel_fail(err, EDGEL_ELIMIT, "counts: the line of one image is longer than %d bytes",
                        EDGEL_COUNTS_LINE_MAX);
    else
        st = edgel_output_write(out, t->s, t->len, err);
    edgel_text_finish(t);
    return st;
}

static void ids(struct edgel_text *t, const char *key, const int32_t *v, size_t n)
{
    edgel_text_printf(t, "\"%s\":[", key);
    for (size_t i = 0; i < n; i++)
        edgel_text_printf(t, "%s%d", i ? "," : "", v[i]);
    edgel_text_str(t, "]");
}

static void colors_json(struct edgel_text *t, const struct edgel_colors *c)
{
    if (!c) {
        edgel_text_str(t, "null");
        return;
    }
    edgel_text_str(t, "[");
    for (size_t i = 0; i < c->n; i++)
        edgel_text_printf(t, "%s[%d,%d,%d,%d]", i ? "," : "", c->v[i].r, c->v[i].g, c->v[i].b, c->v[i].id);
    edgel_text_str(t, "]");
}

static void family_options(struct edgel_text *t, const struct edgel_measure *m, int at)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        if ((int)family->stored == at)
            edgel_options_write(t, family, m);
    }
}

static void measure_json(struct edgel_text *t, const struct edgel_measure *m)
{
    char annotator[16];
    edgel_text_printf(t, "{\"labels\":\"%s\",\"threshold\":",
                      edgel_convention_word(EDGEL_CONVENTION_LABELS, (int)m->labels));
    edgel_text_real(t, m->threshold);
    edgel_text_printf(t, ",\"thresholds\":%d", m->thresholds);
    if (edgel_curve_thresholds(m) > 0 && !m->coarse)
        edgel_text_printf(t, ",\"levels\":%d", EDGEL_LEVEL_MAX + 1);
    family_options(t, m, EDGEL_STORED_HEAD);
    edgel_text_str(t, ",");
    ids(t, "ignore", m->ignore, m->nignore);
    edgel_text_printf(t, ",\"valid\":%s,\"annotator\":", m->valid ? "true" : "false");
    edgel_annotator_text(m, annotator, sizeof annotator);
    edgel_text_printf(t, m->annotator == EDGEL_ANNOTATOR_INDEX ? "%s" : "\"%s\"", annotator);
    family_options(t, m, EDGEL_STORED_BODY);
    if (m->listed)
        edgel_text_str(t, ",\"listed\":true");
    edgel_text_str(t, ",\"colors\":");
    colors_json(t, m->colors);
    family_options(t, m, EDGEL_STORED_TAIL);
    edgel_text_str(t, "}");
}

void edgel_counts_reduce_json(struct edgel_text *t, const struct edgel_reduce *r)
{
    edgel_text_printf(t, "{\"reduce\":\"%s\",\"empty\":\"%s\",\"missing\":\"%s\",",
                      edgel_convention_word(EDGEL_CONVENTION_REDUCE, (int)r->reduce),
                      edgel_convention_word(EDGEL_CONVENTION_EMPTY, (int)r->empty),
                      edgel_convention_word(EDGEL_CONVENTION_MISSING, (int)r->missing));
    ids(t, "ignore", r->ignore, r->nignore);
    edgel_text_str(t, ",");
    ids(t, "exclude_from_mean", r->exclude_from_mean, r->nexclude);
    edgel_text_str(t, ",\"nsd_tolerance\":[");
    for (size_t i = 0; i < r->nnsd; i++) {
        edgel_text_str(t, i ? "," : "");
        edgel_text_real(t, r->nsd_tolerance[i]);
    }
    edgel_text_str(t, "],\"classes\":");
    for (size_t i = 0; r->classes && i < r->classes->n; i++) {
        edgel_text_printf(t, "%s{\"id\":%d,\"name\":", i ? "," : "[", r->classes->v[i].id);
        edgel_text_json(t, r->classes->v[i].name);
        edgel_text_str(t, "}");
    }
    edgel_text_str(t, !r->classes ? "null}" : r->classes->n ? "]}" : "[]}");
}

/* ,"reading":{"NAME":value,...} of what is not the default; nothing if all is. */
static void reading_json(struct edgel_text *t, const struct edgel_counts_reading *r)
{
    const char *before = ",\"reading\":{";
    if (r->lenient) {
        edgel_text_printf(t, "%s\"lenient\":true", before);
        before = ",";
    }
    if (r->unoriented) {
        edgel_text_printf(t, "%s\"no_orient\":true", before);
        before = ",";
    }
    for (int k = 0; k < EDGEL_READING_LIMITS; k++) {
        const uint64_t v = edgel_counts_reading_limit(r, k);
        if (v > 0) {
            edgel_text_printf(t, "%s\"%s\":%" PRIu64, before, edgel_reading_limits[k].key, v);
            before = ",";
        }
    }
    edgel_text_str(t, *before == ',' && before[1] == '\0' ? "}" : "");
}

enum edgel_status edgel_counts_write_header(struct edgel_output *out,
                                            const struct edgel_counts_header *header, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(header);
    struct edgel_text t = { 0 };
    edgel_text_str(&t, "{\"schema\":\"edgel.counts/2\",\"measure\":");
    measure_json(&t, &header->measure);
    edgel_text_str(&t, ",\"reduce\":");
    edgel_counts_reduce_json(&t, &header->reduce);
    edgel_text_str(&t, ",\"predictions\":[");
    for (size_t i = 0; i < header->npredictions; i++) {
        edgel_text_str(&t, i ? "," : "");
        edgel_text_json(&t, header->predictions[i]);
    }
    edgel_text_str(&t, "]");
    reading_json(&t, &header->reading);
    if (header->rows > 0)
        edgel_text_printf(&t, ",\"rows\":%" PRIu64, header->rows);
    if (header->shard.count > 0) {
        edgel_text_str(&t, ",\"shard\":");
        edgel_shard_text(&t, &header->shard);
    }
    edgel_text_str(&t, "}");
    return send(out, &t, err);
}

static void counts_json(struct edgel_text *t, const struct edgel_row *row)
{
    edgel_text_printf(t, ",\"width\":%d,\"height\":%d", row->w, row->h);
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        edgel_family_of((enum edgel_family)f)->write(t, edgel_row_counts(row, (enum edgel_family)f));
}

enum edgel_status edgel_counts_write_row(struct edgel_output *out, const struct edgel_row *row,
                                         struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(row);
    struct edgel_text t = { 0 };
    edgel_text_printf(&t, "{\"prediction\":%d,\"image\":", row->prediction);
    edgel_text_json(&t, row->image ? row->image : "");
    edgel_text_printf(&t, ",\"kind\":\"%s\"", edgel_convention_word(EDGEL_CONVENTION_ROW, (int)row->kind));
    if (row->kind != EDGEL_ROW_FAILED && row->w > 0)
        counts_json(&t, row);
    edgel_text_str(&t, "}");
    return send(out, &t, err);
}
