/*
 * MAT files of the Berkeley segmentation benchmark through matio: its truth, lists of segmentations, and hierarchies.
 * The file's structure was checked before (mat_check.c); here the variable must be what its name says:
 *   groundTruth  cell of structures 1 x 1 with the fields Segmentation (labels) and Boundaries (0 or not), either may
 *                lack
 *   segs         cell of labels
 *   ucm2         double or single matrix, finite
 * Labels are whole numbers from 0 to 65535 of any numeric class. MATLAB stores columns one after the other, so every
 * matrix is transposed.
 */
#include "io/io_priv.h"
#include <math.h>

#include <matio.h>

struct job {
    const char *path;
    struct edgel_mat *out;
    struct edgel_error *err;
};

/* "FILE: WHERE: rule"; cell from 0. */
static enum edgel_status refuse(const struct job *j, size_t cell, const char *field, const char *rule)
{
    return edgel_fail(j->err, EDGEL_EFORMAT, "%s: %s{%zu}%s: %s", j->path, edgel_mat_variables[j->out->kind],
                      cell + 1, field, rule);
}

static enum edgel_status no_memory(const struct job *j)
{
    return edgel_fail(j->err, EDGEL_ENOMEM, "%s: out of memory", j->path);
}

/* --- matrices --- */

static bool is_matrix(const matvar_t *v)
{
    return v && v->class_type >= MAT_C_DOUBLE && v->class_type <= MAT_C_UINT64 && v->rank == 2 && v->data &&
           !v->isComplex && v->dims[0] > 0 && v->dims[1] > 0 &&
           v->nbytes / Mat_SizeOfClass((int)v->class_type) >= v->dims[0] * v->dims[1];
}

static double value(const matvar_t *v, size_t i)
{
    switch (v->class_type) {
    case MAT_C_DOUBLE: return ((const double *)v->data)[i];
    case MAT_C_SINGLE: return (double)((const float *)v->data)[i];
    case MAT_C_INT8: return ((const int8_t *)v->data)[i];
    case MAT_C_UINT8: return ((const uint8_t *)v->data)[i];
    case MAT_C_INT16: return ((const int16_t *)v->data)[i];
    case MAT_C_UINT16: return ((const uint16_t *)v->data)[i];
    case MAT_C_INT32: return ((const int32_t *)v->data)[i];
    case MAT_C_UINT32: return ((const uint32_t *)v->data)[i];
    case MAT_C_INT64: return (double)((const int64_t *)v->data)[i];
    default: return (double)((const uint64_t *)v->data)[i];
    }
}

static enum edgel_status take_labels(const struct job *j, const matvar_t *v, size_t cell, const char *field,
                                     struct edgel_image *image)
{
    if (!is_matrix(v))
        return refuse(j, cell, field, "must be a numeric matrix");
    const int w = (int)v->dims[1], h = (int)v->dims[0];
    EDGEL_TRY(edgel_image_init(image, w, h, 1, EDGEL_U16, j->err));
    for (int y = 0; y < h; y++) {
        uint16_t *row = (uint16_t *)(void *)((char *)image->data + y * image->stride);
        for (int x = 0; x < w; x++) {
            const double label = value(v, (size_t)x * (size_t)h + (size_t)y);
            if (!(label >= 0 && label <= UINT16_MAX && floor(label) == label))
                return refuse(j, cell, field, "labels must be whole numbers from 0 to 65535");
            row[x] = (uint16_t)label;
        }
    }
    return EDGEL_OK;
}

static enum edgel_status take_boundaries(const struct job *j, const matvar_t *v, size_t cell,
                                         struct edgel_image *image)
{
    if (!is_matrix(v))
        return refuse(j, cell, ".Boundaries", "must be a numeric matrix");
    const int w = (int)v->dims[1], h = (int)v->dims[0];
    EDGEL_TRY(edgel_image_init(image, w, h, 1, EDGEL_U8, j->err));
    for (int y = 0; y < h; y++) {
        uint8_t *row = (uint8_t *)image->data + y * image->stride;
        for (int x = 0; x < w; x++)
            row[x] = value(v, (size_t)x * (size_t)h + (size_t)y) != 0;
    }
    return EDGEL_OK;
}

static enum edgel_status take_ucm2(const struct job *j, const matvar_t *v)
{
    struct edgel_mat *out = j->out;
    if (!is_matrix(v) || (v->class_type != MAT_C_DOUBLE && v->class_type != MAT_C_SINGLE))
        return edgel_fail(j->err, EDGEL_EFORMAT, "%s: ucm2: must be a double or single matrix", j->path);
    out->w = (int)v->dims[1];
    out->h = (int)v->dims[0];
    if (!(out->ucm2 = edgel_alloc(v->dims[0] * v->dims[1], sizeof *out->ucm2)))
        return no_memory(j);
    for (size_t x = 0; x < v->dims[1]; x++)
        for (size_t y = 0; y < v->dims[0]; y++) {
            const double d = value(v, x * v->dims[0] + y);
            if (!isfinite(d))
                return edgel_fail(j->err, EDGEL_EFORMAT, "%s: ucm2: has values that are not finite", j->path);
            out->ucm2[y * v->dims[1] + x] = d;
        }
    return EDGEL_OK;
}

/* --- variables --- */

static enum edgel_status take_annotator(const struct job *j, matvar_t *cell, size_t i)
{
    if (!cell || cell->class_type != MAT_C_STRUCT || cell->rank != 2 || cell->dims[0] != 1 ||
        cell->dims[1] != 1)
        return refuse(j, i, "", "must be a structure with Segmentation and Boundaries");
    const matvar_t *labels = Mat_VarGetStructFieldByName(cell, "Segmentation", 0);
    const matvar_t *boundaries = Mat_VarGetStructFieldByName(cell, "Boundaries", 0);
    if (!labels && !boundaries)
        return refuse(j, i, "", "has neither Segmentation nor Boundaries");
    if (labels)
        EDGEL_TRY(take_labels(j, labels, i, ".Segmentation", &j->out->segmentations[i]));
    return boundaries ? take_boundaries(j, boundaries, i, &j->out->boundaries[i]) : EDGEL_OK;
}

static enum edgel_status take_cells(const struct job *j, matvar_t *v)
{
    struct edgel_mat *out = j->out;
    const char *name = edgel_mat_variables[out->kind];
    if (v->class_type != MAT_C_CELL || v->rank != 2 || !v->data || v->dims[0] * v->dims[1] == 0)
        return edgel_fail(j->err, EDGEL_EFORMAT, "%s: %s: must be a cell array, not empty", j->path, name);
    const size_t n = v->dims[0] * v->dims[1];
    out->segmentations = edgel_calloc(n, sizeof *out->segmentations);
    out->boundaries = edgel_calloc(n, sizeof *out->boundaries);
    if (!out->segmentations || !out->boundaries)
        return no_memory(j);
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        matvar_t *cell = Mat_VarGetCell(v, (int)i);
        EDGEL_TRY(out->kind == EDGEL_MAT_TRUTH ? take_annotator(j, cell, i)
                                               : take_labels(j, cell, i, "", &out->segmentations[i]));
    }
    return EDGEL_OK;
}

static enum edgel_status read_variable(const struct job *j)
{
    mat_t *file = Mat_Open(j->path, MAT_ACC_RDONLY);
    matvar_t *v = file ? Mat_VarRead(file, edgel_mat_variables[j->out->kind]) : NULL;
    enum edgel_status st;
    if (!v)
        st = edgel_fail(j->err, EDGEL_EFORMAT, "%s: MAT: matio cannot read it", j->path);
    else
        st = j->out->kind == EDGEL_MAT_UCM2 ? take_ucm2(j, v) : take_cells(j, v);
    Mat_VarFree(v);
    if (file)
        Mat_Close(file);
    return st;
}

enum edgel_status edgel_mat_read(const char *path, const struct edgel_limits *limits, struct edgel_mat *out,
                                 struct edgel_error *err)
{
    const struct job j = { path, out, err };
    struct edgel_bytes bytes = { 0 };
    *out = (struct edgel_mat){ 0 };
    enum edgel_status st = edgel_bytes_read(path, &bytes, err);
    if (st == EDGEL_OK)
        st = edgel_mat_check(&bytes, path, limits, &out->kind, err);
    edgel_bytes_finish(&bytes);
    if (st == EDGEL_OK)
        st = read_variable(&j);
    if (st != EDGEL_OK)
        edgel_mat_finish(out);
    return st;
}
