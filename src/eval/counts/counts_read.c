/*
 * Counts files, read; the format stands at the top of counts_write.c.
 *
 * The file is hostile until checked: lines are at most 64 MB and must end, ids lie in 0..65535, counts are whole and
 * not negative, and what check of each family says must hold. Keys that are not known are passed over.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>
#include <string.h>

struct edgel_counts_reader {
    struct edgel_lines *lines;
    struct edgel_counts_header header;
    int32_t *measure_ignore, *reduce_ignore, *exclude;
    struct edgel_classes classes;
    struct edgel_colors colors;
    char **predictions;
    uint64_t rows; /* read so far */
    char *last;    /* image of the last of them, NULL none */
    int last_prediction;
};

static enum edgel_status string(const struct edgel_place *p, const struct edgel_json *v, const char *key,
                                char **out)
{
    if (!edgel_json_is_string(v))
        return edgel_place_refuse(p, key, "must be a string");
    *out = edgel_json_strdup(v);
    return *out ? EDGEL_OK : edgel_place_no_memory(p);
}

static enum edgel_status word(const struct edgel_place *p, const struct edgel_json *v, const char *key,
                              enum edgel_convention of, int *out)
{
    return edgel_place_word(p, v, key, edgel_convention_words(of), out);
}

static enum edgel_status id_list(const struct edgel_place *p, const struct edgel_json *object,
                                 const char *key, int32_t **out, size_t *n)
{
    const struct edgel_json *v = edgel_json_get(object, key);
    size_t count;
    EDGEL_TRY(edgel_place_array(p, v, key, EDGEL_IDS, &count));
    if (count == 0)
        return EDGEL_OK;
    if (!(*out = edgel_alloc(count, sizeof **out)))
        return edgel_place_no_memory(p);
    for (size_t i = 0; i < count; i++) {
        int64_t id;
        EDGEL_TRY(edgel_place_whole(p, edgel_json_at(v, i), key, 0, EDGEL_IDS - 1, &id));
        (*out)[i] = (int32_t)id;
    }
    *n = count;
    return EDGEL_OK;
}

/* --- first line --- */

static enum edgel_status read_colors(const struct edgel_place *p, const struct edgel_json *v,
                                     struct edgel_counts_reader *r)
{
    size_t n;
    if (edgel_json_is_null(v))
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_array(p, v, "colors", EDGEL_CLASSES_MAX, &n));
    if (n > 0 && !(r->colors.v = edgel_alloc(n, sizeof *r->colors.v)))
        return edgel_place_no_memory(p);
    for (size_t i = 0; i < n; i++) {
        int64_t c[4];
        EDGEL_TRY(edgel_place_tuple(p, edgel_json_at(v, i), "colors", 4, 0, EDGEL_IDS - 1, c));
        if (c[0] > 255 || c[1] > 255 || c[2] > 255)
            return edgel_place_refuse(p, "colors", "channels are 0 to 255");
        r->colors.v[i] = (struct edgel_color){ (uint8_t)c[0], (uint8_t)c[1], (uint8_t)c[2], (int32_t)c[3] };
    }
    r->colors.n = n;
    r->header.measure.colors = &r->colors;
    return EDGEL_OK;
}

static enum edgel_status read_annotator(const struct edgel_place *p, const struct edgel_json *v,
                                        struct edgel_measure *m)
{
    int64_t k;
    int i;
    if (edgel_json_int(v, &k)) {
        EDGEL_TRY(edgel_place_whole(p, v, "annotator", 1, INT16_MAX, &k));
        m->annotator = EDGEL_ANNOTATOR_INDEX;
        m->annotator_index = (int)k;
        return EDGEL_OK;
    }
    EDGEL_TRY(word(p, v, "annotator", EDGEL_CONVENTION_ANNOTATOR, &i));
    m->annotator = (enum edgel_annotator)i;
    return m->annotator == EDGEL_ANNOTATOR_INDEX ? edgel_place_refuse(p, "annotator", "must be its number")
                                                 : EDGEL_OK;
}

static enum edgel_status read_options(const struct edgel_place *p, const struct edgel_json *o,
                                      struct edgel_measure *m)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        EDGEL_TRY(edgel_options_read(p, edgel_family_of((enum edgel_family)f), o, m));
    return EDGEL_OK;
}

/* What holds only when all of measure is known. */
static enum edgel_status check_options(const struct edgel_place *p, const struct edgel_json *o,
                                       struct edgel_measure *m)
{
    struct edgel_error odd = { 0 };
    if (edgel_json_get(o, "listed"))
        EDGEL_TRY(edgel_place_bool(p, edgel_json_get(o, "listed"), "listed", &m->listed));
    if (m->listed && !edgel_of_maps(m))
        return edgel_place_refuse(p, "listed", "is of boundaries and regions");
    return edgel_options_check(m, &odd) == EDGEL_OK
               ? EDGEL_OK
               : edgel_fail(p->err, EDGEL_EFORMAT, "%s: %.400s", p->where, odd.msg);
}

/* Whether the rows of a sweep have levels, as they do since schema edgel.counts/2. */
static enum edgel_status read_levels(const struct edgel_place *p, const struct edgel_json *o,
                                     struct edgel_measure *m)
{
    const struct edgel_json *v = edgel_json_get(o, "levels");
    int64_t n;
    m->coarse = !v && edgel_curve_thresholds(m) > 0;
    return v ? edgel_place_whole(p, v, "levels", EDGEL_LEVEL_MAX + 1, EDGEL_LEVEL_MAX + 1, &n) : EDGEL_OK;
}

static enum edgel_status read_measure(const struct edgel_place *p, const struct edgel_json *o,
                                      struct edgel_counts_reader *r)
{
    struct edgel_measure *m = &r->header.measure;
    int64_t n;
    int i;
    edgel_measure_init(m);
    EDGEL_TRY(word(p, edgel_json_get(o, "labels"), "labels", EDGEL_CONVENTION_LABELS, &i));
    m->labels = (enum edgel_labels)i;
    if (m->labels == EDGEL_LABELS_AUTO)
        return edgel_place_refuse(p, "labels", "are decided before anything is measured");
    if (!edgel_json_real(edgel_json_get(o, "threshold"), &m->threshold) ||
        !(m->threshold >= 0 && m->threshold <= 1))
        return edgel_place_refuse(p, "threshold", "must be a number from 0 to 1");
    EDGEL_TRY(
        edgel_place_whole(p, edgel_json_get(o, "thresholds"), "thresholds", 0, EDGEL_THRESHOLDS_MAX, &n));
    m->thresholds = (int)n;
    EDGEL_TRY(read_options(p, o, m));
    EDGEL_TRY(read_levels(p, o, m));
    if (m->thresholds > 0 && m->labels != EDGEL_LABELS_BINARY && m->options[EDGEL_REGIONS][0] == 0)
        return edgel_place_refuse(p, "thresholds", "only binary masks can be swept");
    EDGEL_TRY(id_list(p, o, "ignore", &r->measure_ignore, &m->nignore));
    m->ignore = r->measure_ignore;
    EDGEL_TRY(edgel_place_bool(p, edgel_json_get(o, "valid"), "valid", &m->valid));
    EDGEL_TRY(read_annotator(p, edgel_json_get(o, "annotator"), m));
    EDGEL_TRY(read_colors(p, edgel_json_get(o, "colors"), r));
    return check_options(p, o, m);
}

static enum edgel_status read_classes(const struct edgel_place *p, const struct edgel_json *v,
                                      struct edgel_counts_reader *r)
{
    struct edgel_classes *c = &r->classes;
    size_t n;
    if (edgel_json_is_null(v))
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_array(p, v, "classes", EDGEL_CLASSES_MAX, &n));
    if (n > 0 && !(c->v = edgel_calloc(n, sizeof *c->v)))
        return edgel_place_no_memory(p);
    c->n = n;
    for (size_t i = 0; i < n; i++) {
        const struct edgel_json *o = edgel_json_at(v, i);
        int64_t id;
        EDGEL_TRY(edgel_place_whole(p, edgel_json_get(o, "id"), "classes", 0, EDGEL_IDS - 1, &id));
        c->v[i].id = (int32_t)id;
        if (i > 0 && c->v[i].id <= c->v[i - 1].id)
            return edgel_place_refuse(p, "classes", "ids must rise");
        EDGEL_TRY(string(p, edgel_json_get(o, "name"), "classes", &c->v[i].name));
    }
    r->header.reduce.classes = c;
    return EDGEL_OK;
}

static enum edgel_status read_nsd(const struct edgel_place *p, const struct edgel_json *v,
                                  struct edgel_reduce *d)
{
    if (!v)
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_array(p, v, "nsd_tolerance", EDGEL_NSD_MAX, &d->nnsd));
    for (size_t i = 0; i < d->nnsd; i++)
        if (!edgel_json_real(edgel_json_at(v, i), &d->nsd_tolerance[i]) ||
            !(d->nsd_tolerance[i] >= 0 && d->nsd_tolerance[i] <= EDGEL_TOLERANCE_MAX))
            return edgel_place_refuse(p, "nsd_tolerance", "must be numbers from 0 to 1e9");
    return EDGEL_OK;
}

static enum edgel_status read_reduce(const struct edgel_place *p, const struct edgel_json *o,
                                     struct edgel_counts_reader *r)
{
    struct edgel_reduce *d = &r->header.reduce;
    int i;
    edgel_reduce_init(d);
    EDGEL_TRY(word(p, edgel_json_get(o, "reduce"), "reduce", EDGEL_CONVENTION_REDUCE, &i));
    d->reduce = (enum edgel_reduce_kind)i;
    EDGEL_TRY(word(p, edgel_json_get(o, "empty"), "empty", EDGEL_CONVENTION_EMPTY, &i));
    d->empty = (enum edgel_empty)i;
    EDGEL_TRY(word(p, edgel_json_get(o, "missing"), "missing", EDGEL_CONVENTION_MISSING, &i));
    d->missing = (enum edgel_missing)i;
    EDGEL_TRY(read_nsd(p, edgel_json_get(o, "nsd_tolerance"), d));
    EDGEL_TRY(id_list(p, o, "ignore", &r->reduce_ignore, &d->nignore));
    d->ignore = r->reduce_ignore;
    EDGEL_TRY(id_list(p, o, "exclude_from_mean", &r->exclude, &d->nexclude));
    d->exclude_from_mean = r->exclude;
    return read_classes(p, edgel_json_get(o, "classes"), r);
}

static enum edgel_status read_predictions(const struct edgel_place *p, const struct edgel_json *v,
                                          struct edgel_counts_reader *r)
{
    size_t n;
    EDGEL_TRY(edgel_place_array(p, v, "predictions", EDGEL_IDS, &n));
    if (n == 0)
        return edgel_place_refuse(p, "predictions", "at least one is needed");
    if (!(r->predictions = edgel_calloc(n, sizeof *r->predictions)))
        return edgel_place_no_memory(p);
    r->header.predictions = (const char *const *)r->predictions;
    r->header.npredictions = n;
    for (size_t i = 0; i < n; i++)
        EDGEL_TRY(string(p, edgel_json_at(v, i), "predictions", &r->predictions[i]));
    return EDGEL_OK;
}

/* v NULL: there is none, all was as by default. */
static enum edgel_status read_reading(const struct edgel_place *p, const struct edgel_json *v,
                                      struct edgel_counts_reading *r)
{
    (void)edgel_json_bool(edgel_json_get(v, "lenient"), &r->lenient);
    (void)edgel_json_bool(edgel_json_get(v, "no_orient"), &r->unoriented);
    for (int k = 0; k < EDGEL_READING_LIMITS; k++) {
        const struct edgel_json *limit = edgel_json_get(v, edgel_reading_limits[k].key);
        int64_t value = 0;
        if (limit)
            EDGEL_TRY(edgel_place_whole(p, limit, edgel_reading_limits[k].key, 1, INT64_MAX, &value));
        memcpy((char *)r + edgel_reading_limits[k].at, &value, sizeof value);
    }
    return EDGEL_OK;
}

/* The next line as JSON; *doc = NULL at the end of the file. */
static enum edgel_status next_line(struct edgel_counts_reader *r, struct edgel_json **doc,
                                   struct edgel_error *err)
{
    char *line;
    size_t n;
    bool ended;
    *doc = NULL;
    EDGEL_TRY(edgel_lines_next(r->lines, &line, &n, &ended, err));
    if (!line)
        return EDGEL_OK;
    if (!ended)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: the line is cut off", edgel_lines_where(r->lines));
    return edgel_json_parse(line, n, edgel_lines_where(r->lines), doc, err);
}

static enum edgel_status read_header(struct edgel_counts_reader *r, struct edgel_error *err)
{
    static const char *const schema[] = { "edgel.counts/1", "edgel.counts/2", NULL };
    struct edgel_json *doc;
    int i;
    EDGEL_TRY(next_line(r, &doc, err));
    const struct edgel_place p = { edgel_lines_where(r->lines), err };
    if (!doc)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: empty: no counts file", p.where);
    enum edgel_status st = edgel_place_word(&p, edgel_json_get(doc, "schema"), "schema", schema, &i);
    if (st == EDGEL_OK)
        st = read_measure(&p, edgel_json_get(doc, "measure"), r);
    if (st == EDGEL_OK)
        st = read_reduce(&p, edgel_json_get(doc, "reduce"), r);
    if (st == EDGEL_OK)
        st = read_predictions(&p, edgel_json_get(doc, "predictions"), r);
    if (st == EDGEL_OK && edgel_json_get(doc, "reading"))
        st = read_reading(&p, edgel_json_get(doc, "reading"), &r->header.reading);
    int64_t rows = 0;
    if (st == EDGEL_OK && edgel_json_get(doc, "rows"))
        st = edgel_place_whole(&p, edgel_json_get(doc, "rows"), "rows", 1, INT64_MAX, &rows);
    r->header.rows = (uint64_t)rows;
    if (st == EDGEL_OK && edgel_json_get(doc, "shard"))
        st = edgel_shard_read(edgel_json_get(doc, "shard"), p.where, &r->header.shard, err);
    edgel_json_finish(doc);
    return st;
}

/* lines: taken over, also in case of failure. */
static enum edgel_status begin(struct edgel_lines *lines, struct edgel_counts_reader **out,
                               struct edgel_error *err)
{
    struct edgel_counts_reader *r = edgel_calloc(1, sizeof *r);
    if (!r) {
        edgel_lines_close(&lines);
        return edgel_no_memory(err, "counts");
    }
    r->lines = lines;
    enum edgel_status st = read_header(r, err);
    if (st != EDGEL_OK)
        edgel_counts_close(&r);
    *out = r;
    return st;
}

enum edgel_status edgel_counts_open(const char *path, struct edgel_counts_reader **out,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct edgel_lines *lines;
    *out = NULL;
    EDGEL_REQUIRE(path);
    EDGEL_TRY(edgel_lines_open(path, EDGEL_COUNTS_LINE_MAX, &lines, err));
    return begin(lines, out, err);
}

enum edgel_status edgel_counts_open_bytes(const void *bytes, size_t n, const char *name,
                                          struct edgel_counts_reader **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct edgel_lines *lines;
    *out = NULL;
    if (n)
        EDGEL_REQUIRE(bytes);
    EDGEL_REQUIRE(name);
    EDGEL_TRY(edgel_lines_of(bytes, n, name, EDGEL_COUNTS_LINE_MAX, &lines, err));
    return begin(lines, out, err);
}

const struct edgel_counts_header *edgel_counts_header_of(const struct edgel_counts_reader *reader)
{
    return &reader->header;
}

void edgel_counts_close(struct edgel_counts_reader **reader)
{
    struct edgel_counts_reader *r = reader ? *reader : NULL;
    if (!r)
        return;
    edgel_lines_close(&r->lines);
    edgel_free(r->measure_ignore);
    edgel_free(r->reduce_ignore);
    edgel_free(r->exclude);
    edgel_classes_finish(&r->classes);
    edgel_colors_finish(&r->colors);
    for (size_t i = 0; r->predictions && i < r->header.npredictions; i++)
        edgel_free(r->predictions[i]);
    edgel_free(r->predictions);
    edgel_free(r->last);
    edgel_free(r);
    *reader = NULL;
}

/* --- rows --- */

/* What must hold of the counts of one image, beyond their types: a counts file is somebody else's text. Each family
 * says it of its own (check of its row), held against the totals of the cells. */
enum edgel_status edgel_counts_check_row(const struct edgel_measure *m, const struct edgel_row *row,
                                         const char *where, struct edgel_error *err)
{
    struct edgel_id_totals *of = NULL;
    enum edgel_status st = EDGEL_OK;
    for (int f = EDGEL_PIXELS; f < EDGEL_FAMILIES && st == EDGEL_OK; f++) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        const char *rule = edgel_family_asked(family, m) ? family->check(m, row, of) : NULL;
        if (rule)
            st = edgel_fail(err, EDGEL_EFORMAT, "%s: %s: %s", where, family->key, rule);
        if (f > EDGEL_PIXELS || st != EDGEL_OK || !(edgel_families_needs(m) & EDGEL_NEEDS_PLANES))
            continue;
        if ((of = edgel_calloc(EDGEL_IDS, sizeof *of)) != NULL) /* the cells are in order */
            edgel_totals_by_id(m, row, of);
        else
            st = edgel_no_memory(err, where);
    }
    edgel_free(of);
    return st;
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *o,
                                     const struct edgel_measure *m, struct edgel_row *row)
{
    int64_t w, h;
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(o, "width"), "width", 1, INT32_MAX, &w));
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(o, "height"), "height", 1, INT32_MAX, &h));
    row->w = (int)w;
    row->h = (int)h;
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        EDGEL_TRY(edgel_family_read((enum edgel_family)f, o, p->where, m, row, p->err));
    return edgel_counts_check_row(m, row, p->where, p->err);
}

static enum edgel_status read_row(const struct edgel_place *p, const struct edgel_json *o,
                                  const struct edgel_counts_header *header, struct edgel_row *row)
{
    int64_t prediction;
    int kind;
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(o, "prediction"), "prediction", 0,
                                (int64_t)header->npredictions - 1, &prediction));
    EDGEL_TRY(word(p, edgel_json_get(o, "kind"), "kind", EDGEL_CONVENTION_ROW, &kind));
    EDGEL_TRY(string(p, edgel_json_get(o, "image"), "image", &row->image));
    row->prediction = (int)prediction;
    row->kind = (enum edgel_row_kind)kind;
    const bool counts = edgel_json_get(o, "cells") != NULL;
    if (row->kind == EDGEL_ROW_FAILED && counts)
        return edgel_place_refuse(p, "kind", "what failed has no counts");
    if (row->kind == EDGEL_ROW_MEASURED || counts)
        return read_counts(p, o, &header->measure, row);
    return EDGEL_OK;
}

/* Rows are in the order of methods, and of each in byte order of the images: none can stand twice. */
static enum edgel_status check_order(struct edgel_counts_reader *r, const struct edgel_place *p,
                                     const struct edgel_row *row)
{
    const int order = !r->last || row->prediction > r->last_prediction ? 1
                      : row->prediction < r->last_prediction           ? -1
                                                                       : strcmp(row->image, r->last);
    if (order <= 0)
        return edgel_fail(p->err, EDGEL_EFORMAT, "%s: the row of %.300s %s", p->where, row->image,
                          order < 0 ? "is out of order" : "stands twice");
    edgel_free(r->last);
    r->last_prediction = row->prediction;
    return (r->last = edgel_strdup(row->image)) ? EDGEL_OK : edgel_place_no_memory(p);
}

enum edgel_status edgel_counts_next(struct edgel_counts_reader *reader, struct edgel_row *row, bool *more,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(row);
    EDGEL_REQUIRE(more);
    struct edgel_json *doc;
    *row = (struct edgel_row){ 0 };
    *more = false;
    EDGEL_REQUIRE(reader);
    EDGEL_TRY(next_line(reader, &doc, err));
    const uint64_t rows = reader->header.rows;
    reader->rows += doc != NULL;
    const struct edgel_place p = { edgel_lines_where(reader->lines), err };
    enum edgel_status st = EDGEL_OK;
    if (rows > 0 && (doc ? reader->rows > rows : reader->rows < rows))
        st = edgel_fail(err, EDGEL_EFORMAT, "%s: %s rows than the %" PRIu64 " its first line tells of",
                        p.where, doc ? "more" : "fewer", rows);
    if (!doc)
        return st;
    if (st == EDGEL_OK)
        st = read_row(&p, doc, &reader->header, row);
    if (st == EDGEL_OK)
        st = check_order(reader, &p, row);
    edgel_json_finish(doc);
    *more = st == EDGEL_OK;
    if (st != EDGEL_OK)
        edgel_row_finish(row);
    return st;
}
