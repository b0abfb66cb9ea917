/*
 * MAT files of the Berkeley segmentation benchmark: its truth, lists of segmentations, and hierarchies. What each
 * variable must be stands in edgel/image.h. The file is read once: mat_elements.c checks it and hands out values, and
 * each value is put where it belongs. MATLAB stores columns one after the other, images are rows, so that every matrix
 * is transposed.
 *
 * Sides, and the pixels of all maps together, are compared with the limits before a map is allocated or unpacked. Rows
 * begin at multiples of 64 bytes, so that a map of few columns takes more memory than it has pixels. Therefore all maps
 * together may take 64 MB and, for each pixel of the limit, 8 bytes, which is what a hierarchy takes.
 */
#include "io/io_priv.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BYTES_PER_PIXEL = 8, BYTES_MORE = 1 << 26 };

static const char *const variables[] = { "", "groundTruth", "segs", "ucm2",
                                         NULL }; /* by enum edgel_mat_kind */

struct reader {
    struct edgel_mat_source source;
    struct edgel_mat_params params;
    struct edgel_mat *out;
    uint64_t pixels, bytes;      /* of the maps that were begun */
    struct edgel_mat_info *info; /* not NULL: for the size of the first map alone; no value is read */
    bool measured;
};

/* A matrix that is being read. */
struct map {
    const struct reader *r;
    char where[96];            /* groundTruth{2}.Boundaries */
    struct edgel_image *image; /* NULL: ucm2 */
    int w, h, x, y;            /* x, y: of the next value */
};

static enum edgel_status refuse(const struct reader *r, const char *where, const char *rule)
{
    return edgel_fail(r->source.err, EDGEL_EFORMAT, "%s: %s: %s", r->source.name, where, rule);
}

static enum edgel_status no_memory(const struct reader *r)
{
    return edgel_no_memory(r->source.err, r->source.name);
}

/* --- values --- */

static void step(struct map *m)
{
    if (++m->y == m->h) {
        m->y = 0;
        m->x++;
    }
}

static enum edgel_status put_labels(void *user, const double *v, size_t n)
{
    struct map *m = user;
    for (size_t i = 0; i < n; i++, step(m)) {
        if (!(v[i] >= 0 && v[i] <= UINT16_MAX) || v[i] != (double)(uint16_t)v[i])
            return refuse(m->r, m->where, "labels must be whole numbers from 0 to 65535");
        char *row = (char *)m->image->data + m->y * m->image->stride;
        ((uint16_t *)(void *)row)[m->x] = (uint16_t)v[i];
    }
    return EDGEL_OK;
}

static enum edgel_status put_boundaries(void *user, const double *v, size_t n)
{
    struct map *m = user;
    for (size_t i = 0; i < n; i++, step(m))
        ((uint8_t *)m->image->data)[m->y * m->image->stride + m->x] = v[i] != 0;
    return EDGEL_OK;
}

static enum edgel_status put_ucm2(void *user, const double *v, size_t n)
{
    struct map *m = user;
    for (size_t i = 0; i < n; i++, step(m)) {
        if (!isfinite(v[i]))
            return refuse(m->r, m->where, "has values that are not finite");
        m->r->out->ucm2[(size_t)m->y * (size_t)m->w + (size_t)m->x] = v[i];
    }
    return EDGEL_OK;
}

/* --- matrices --- */

/* sample: bytes of one value in memory. Nothing here overflows, because an element has less than 2^32 bytes. */
static enum edgel_status check_limits(struct reader *r, const struct edgel_mat_array *a, size_t sample)
{
    const struct edgel_limits *limits = &r->params.limits;
    for (int i = 0; i < 2; i++)
        if (a->dims[i] > (uint32_t)limits->max_side)
            return edgel_fail(r->source.err, EDGEL_ELIMIT,
                              "%s: MAT: %" PRIu32 ": side over the limit of %d (%s)", r->source.name,
                              a->dims[i], limits->max_side, edgel_source_limit_names(limits)->max_side);
    r->pixels += a->n <= UINT32_MAX ? a->n : UINT32_MAX;
    r->bytes += a->n <= UINT32_MAX ? a->dims[0] * ((a->dims[1] * (uint64_t)sample + 63) / 64 * 64) : 0;
    const uint64_t narrow = r->bytes > BYTES_MORE ? (r->bytes - BYTES_MORE) / BYTES_PER_PIXEL : 0;
    if (a->n > limits->max_pixels || r->pixels > limits->max_pixels || narrow > limits->max_pixels)
        return edgel_fail(r->source.err, EDGEL_ELIMIT,
                          "%s: MAT: its maps have more than %" PRIu64 " pixels together (%s)", r->source.name,
                          limits->max_pixels, edgel_source_limit_names(limits)->max_pixels);
    return EDGEL_OK;
}

static enum edgel_status check_size(const struct reader *r, const struct map *m)
{
    const int w = r->params.w, h = r->params.h;
    const int64_t factor = m->image ? 1 : 2, more = m->image ? 0 : 1;
    if ((w == 0 && h == 0) || (m->w == factor * w + more && m->h == factor * h + more))
        return EDGEL_OK;
    return edgel_fail(r->source.err, EDGEL_EFORMAT, "%s: %s is %dx%d, the image %dx%d%s", r->source.name,
                      m->where, m->w, m->h, w, h, m->image ? "" : ": must be twice as large and 1 more");
}

/* Checks limits and size before memory for the matrix is allocated. */
static enum edgel_status measure(struct reader *r, const struct edgel_mat_array *a, struct map *m,
                                 size_t sample)
{
    if (!edgel_mat_is_number(a) || a->complex || a->rank != 2 || a->n == 0)
        return refuse(r, m->where, "must be a numeric matrix");
    EDGEL_TRY(check_limits(r, a, sample));
    m->r = r;
    m->w = (int)a->dims[1];
    m->h = (int)a->dims[0];
    if (!r->info)
        return check_size(r, m);
    r->info->w = m->w;
    r->info->h = m->h;
    r->measured = true;
    return EDGEL_EINTERRUPTED;
}

static enum edgel_status take_matrix(struct reader *r, struct edgel_mat_array *a, struct map *m,
                                     edgel_mat_run *put)
{
    EDGEL_TRY(edgel_mat_values(&r->source, a, put, m));
    return edgel_mat_end(&r->source, a);
}

static enum edgel_status take_image(struct reader *r, struct edgel_mat_array *a, struct map *m,
                                    enum edgel_type type, edgel_mat_run *put)
{
    EDGEL_TRY(measure(r, a, m, edgel_type_size(type)));
    EDGEL_TRY(edgel_image_init(m->image, m->w, m->h, 1, type, r->source.err));
    return take_matrix(r, a, m, put);
}

static enum edgel_status take_ucm2(struct reader *r, struct edgel_mat_array *a)
{
    struct edgel_mat *out = r->out;
    struct map m = { .where = "ucm2" };
    if (a->class_of != EDGEL_MAT_DOUBLE && a->class_of != EDGEL_MAT_SINGLE)
        return refuse(r, m.where, "must be a double or single matrix");
    EDGEL_TRY(measure(r, a, &m, sizeof *out->ucm2));
    out->w = m.w;
    out->h = m.h;
    if (!(out->ucm2 = edgel_alloc((size_t)a->n, sizeof *out->ucm2)))
        return no_memory(r);
    return take_matrix(r, a, &m, put_ucm2);
}

/* --- cells --- */

/* NAME{1}FIELD */
static struct map cell_map(const struct reader *r, size_t i, const char *field, struct edgel_image *image)
{
    struct map m = { .image = image };
    snprintf(m.where, sizeof m.where, "%s{%zu}%s", variables[r->out->kind], i + 1, field);
    return m;
}

static enum edgel_status take_annotator(struct reader *r, struct edgel_mat_array *cell, size_t i)
{
    static const char *const names[] = { "Segmentation", "Boundaries" };
    uint64_t places[2], fields;
    struct map labels = cell_map(r, i, ".Segmentation", &r->out->segmentations[i]);
    struct map boundaries = cell_map(r, i, ".Boundaries", &r->out->boundaries[i]);
    const struct map whole = cell_map(r, i, "", NULL);
    if (cell->class_of != EDGEL_MAT_STRUCT || cell->rank != 2 || cell->dims[0] != 1 || cell->dims[1] != 1)
        return refuse(r, whole.where, "must be a structure with Segmentation and Boundaries");
    EDGEL_TRY(edgel_mat_fields(&r->source, cell, &fields, names, 2, places));
    if (places[0] == fields && places[1] == fields)
        return refuse(r, whole.where, "has neither Segmentation nor Boundaries");
    for (uint64_t k = 0; k < fields; k++) {
        struct edgel_mat_array a;
        EDGEL_TRY(edgel_mat_child(&r->source, cell, &a));
        if (k == places[0])
            EDGEL_TRY(take_image(r, &a, &labels, EDGEL_U16, put_labels));
        else if (k == places[1])
            EDGEL_TRY(take_image(r, &a, &boundaries, EDGEL_U8, put_boundaries));
        else if (a.class_of != 0)
            EDGEL_TRY(edgel_mat_pass(&r->source, &a));
    }
    return edgel_mat_end(&r->source, cell);
}

static enum edgel_status take_cells(struct reader *r, struct edgel_mat_array *a)
{
    struct edgel_mat *out = r->out;
    if (a->class_of != EDGEL_MAT_CELL || a->rank != 2 || a->n == 0)
        return refuse(r, variables[out->kind], "must be a cell array, not empty");
    EDGEL_TRY(edgel_mat_cells(&r->source, a));
    if (r->info)
        r->info->n = (size_t)a->n;
    out->segmentations = edgel_calloc((size_t)a->n, sizeof *out->segmentations);
    out->boundaries = edgel_calloc((size_t)a->n, sizeof *out->boundaries);
    if (!out->segmentations || !out->boundaries)
        return no_memory(r);
    out->n = (size_t)a->n;
    for (size_t i = 0; i < out->n; i++) {
        struct edgel_mat_array cell;
        struct map labels = cell_map(r, i, "", &out->segmentations[i]);
        EDGEL_TRY(edgel_mat_child(&r->source, a, &cell));
        EDGEL_TRY(out->kind == EDGEL_MAT_TRUTH ? take_annotator(r, &cell, i)
                                               : take_image(r, &cell, &labels, EDGEL_U16, put_labels));
    }
    return edgel_mat_end(&r->source, a);
}

/* --- the file --- */

static enum edgel_status take_variable(struct reader *r, struct edgel_mat_array *a)
{
    int kind = EDGEL_MAT_UCM2;
    while (kind > EDGEL_MAT_NONE && strcmp(a->name, variables[kind]) != 0)
        kind--;
    if (kind == EDGEL_MAT_NONE)
        return r->info ? edgel_mat_variable_skip(&r->source, a) : edgel_mat_pass(&r->source, a);
    if (r->out->kind != EDGEL_MAT_NONE)
        return refuse(r, "MAT", "more than one of groundTruth, segs and ucm2");
    r->out->kind = (enum edgel_mat_kind)kind;
    return kind == EDGEL_MAT_UCM2 ? take_ucm2(r, a) : take_cells(r, a);
}

static enum edgel_status take_file(struct reader *r)
{
    struct edgel_mat_source *s = &r->source;
    EDGEL_TRY(edgel_mat_header(s));
    while (s->at < s->end) {
        struct edgel_mat_array a;
        EDGEL_TRY(edgel_mat_variable(s, &a));
        EDGEL_TRY(take_variable(r, &a));
        EDGEL_TRY(edgel_mat_variable_end(s));
    }
    return r->out->kind != EDGEL_MAT_NONE ? EDGEL_OK
                                          : refuse(r, "MAT", "no variable groundTruth, segs or ucm2");
}

void edgel_mat_params_init(struct edgel_mat_params *params)
{
    *params = (struct edgel_mat_params){ 0 };
    edgel_limits_init(&params->limits);
}

enum edgel_status edgel_mat_probe(const void *bytes, size_t size, const char *name,
                                  const struct edgel_limits *limits, struct edgel_mat_info *info,
                                  struct edgel_error *err)
{
    EDGEL_REQUIRE(bytes || size == 0);
    EDGEL_REQUIRE(name);
    EDGEL_REQUIRE(info);
    struct edgel_mat holds = { 0 };
    struct reader r = { .source = { .name = name, .err = err, .at = bytes }, .out = &holds, .info = info };
    r.source.end = r.source.at + size;
    edgel_mat_params_init(&r.params);
    if (limits)
        r.params.limits = *limits;
    *info = (struct edgel_mat_info){ 0 };
    const enum edgel_status st = take_file(&r);
    info->kind = holds.kind;
    edgel_mat_source_finish(&r.source);
    edgel_mat_finish(&holds);
    return r.measured ? EDGEL_OK : st;
}

enum edgel_status edgel_mat_decode(const void *bytes, size_t size, const char *name,
                                   const struct edgel_mat_params *params, struct edgel_mat *out,
                                   struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_mat){ 0 };
    EDGEL_REQUIRE(bytes || size == 0);
    EDGEL_REQUIRE(name);
    struct reader r = { .source = { .name = name, .err = err, .at = bytes }, .out = out };
    r.source.end = r.source.at + size;
    edgel_mat_params_init(&r.params);
    if (params)
        r.params = *params;
    const enum edgel_status st = take_file(&r);
    edgel_mat_source_finish(&r.source);
    if (st != EDGEL_OK)
        edgel_mat_finish(out);
    return st;
}

enum edgel_status edgel_mat_read(const char *path, const struct edgel_mat_params *params,
                                 struct edgel_mat *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct edgel_bytes bytes = { 0 };
    *out = (struct edgel_mat){ 0 };
    EDGEL_REQUIRE(path);
    enum edgel_status st =
        edgel_file_read(path, EDGEL_FILE_IMAGE, params ? &params->limits : NULL, &bytes, err);
    if (st == EDGEL_OK)
        st = edgel_mat_decode(bytes.data, bytes.size, path, params, out, err);
    edgel_bytes_finish(&bytes);
    return st;
}

void edgel_mat_finish(struct edgel_mat *mat)
{
    if (!mat)
        return;
    for (size_t i = 0; i < mat->n; i++) {
        edgel_image_finish(&mat->segmentations[i]);
        edgel_image_finish(&mat->boundaries[i]);
    }
    edgel_free(mat->segmentations);
    edgel_free(mat->boundaries);
    edgel_free(mat->ucm2);
    *mat = (struct edgel_mat){ 0 };
}
