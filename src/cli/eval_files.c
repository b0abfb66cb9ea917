/*
 * What `edgel eval` reads of one image: its prediction, truth of all annotators, validity mask; image files, and MAT
 * files of the Berkeley benchmark. Memory is used again from image to image.
 */
#include "score.h"
#include <stdio.h>
#include <stdlib.h>

struct source {
    const struct edgel_read *read;
    struct eval_files *files;
    const char *prediction;   /* whose remarks need no name */
    char *remark;             /* [EVAL_REMARK] first remark of a decoder */
    bool boundaries, regions; /* what is wanted of truth in MAT files */
    struct edgel_error *err;
};

/* Reads an image, or a MAT file into mat; *is_mat tells which. */
static enum edgel_status read_file(const struct source *s, const char *path, struct edgel_image *image,
                                   struct edgel_mat *mat, struct edgel_mask *mask, bool *is_mat)
{
    struct edgel_bytes *bytes = &s->files->bytes;
    struct edgel_info info = { 0 };
    enum edgel_status status = edgel_bytes_read(path, bytes, s->err);
    if (status != EDGEL_OK)
        return status;
    *is_mat = mat && (edgel_mat_of_bytes(bytes->data, bytes->size) || edgel_named_like_mat(path));
    if (*is_mat)
        return edgel_mat_decode(bytes->data, bytes->size, path,
                                &(struct edgel_mat_params){ s->read->limits, 0, 0 }, mat, s->err);
    status = edgel_image_decode(bytes->data, bytes->size, path, s->read, image, &info, s->err);
    *mask = (struct edgel_mask){ edgel_image_view(image), info.bits, info.indexed };
    const char *said = info.damage[0] ? info.damage : info.remark;
    if (status == EDGEL_OK && said[0] && !s->remark[0])
        snprintf(s->remark, EVAL_REMARK, "%s%s%s%s", path == s->prediction ? "" : path,
                 path == s->prediction ? "" : ": ", info.damage[0] ? "damaged, taken as it decodes: " : "",
                 said);
    return status;
}

/* --- prediction --- */

static enum edgel_status take_segmentations(const struct source *s)
{
    struct eval_files *f = s->files;
    f->segmentations = cli_realloc(f->segmentations, f->mat.n, sizeof *f->segmentations);
    for (size_t i = 0; i < f->mat.n; i++)
        f->segmentations[i] =
            (struct edgel_mask){ .view = edgel_image_view(&f->mat.segmentations[i]), .bits = 16 };
    f->prediction = (struct edgel_prediction){ .segmentations = f->segmentations, .n = f->mat.n };
    return EDGEL_OK;
}

/* Where regions are asked for, an image is a segmentation, unless it is a hierarchy by its size. */
static void take_image_of_regions(struct eval_files *f)
{
    const struct edgel_view *p = &f->map.view, *t = f->ntruth > 0 ? &f->truth_regions[0].view : NULL;
    if (t && p->w == 2 * (int64_t)t->w + 1 && p->h == 2 * (int64_t)t->h + 1)
        return;
    f->prediction = (struct edgel_prediction){ .segmentations = &f->map, .n = 1 };
}

static enum edgel_status read_prediction(const struct source *s, const char *path, bool maps)
{
    struct eval_files *f = s->files;
    bool is_mat;
    edgel_mat_finish(&f->mat);
    f->prediction = (struct edgel_prediction){ 0 };
    enum edgel_status status = read_file(s, path, &f->image, &f->mat, &f->map, &is_mat);
    if (status != EDGEL_OK)
        return status;
    if (!is_mat)
        f->prediction.map = &f->map;
    else if (f->mat.kind == EDGEL_MAT_TRUTH)
        return cli_fail(s->err, "%s: holds groundTruth; a prediction is segs or ucm2", path);
    else if (!maps)
        return cli_fail(s->err, "%s: holds segs or ucm2, which are judged with --boundary bsds or --regions",
                        path);
    else if (f->mat.kind == EDGEL_MAT_SEGS)
        return take_segmentations(s);
    else
        f->prediction = (struct edgel_prediction){ .ucm2 = f->mat.ucm2, .w = f->mat.w, .h = f->mat.h };
    return EDGEL_OK;
}

/* --- truth --- */

static void room_for_files(struct eval_files *f, size_t n)
{
    if (n <= f->nfiles)
        return;
    f->truth_images = cli_realloc(f->truth_images, n, sizeof *f->truth_images);
    f->truth_mats = cli_realloc(f->truth_mats, n, sizeof *f->truth_mats);
    for (; f->nfiles < n; f->nfiles++) {
        f->truth_images[f->nfiles] = (struct edgel_image){ 0 };
        f->truth_mats[f->nfiles] = (struct edgel_mat){ 0 };
    }
}

static void add_truth(struct eval_files *f, struct edgel_mask mask, struct edgel_mask regions)
{
    f->truth = cli_realloc(f->truth, f->ntruth + 1, sizeof *f->truth);
    f->truth_regions = cli_realloc(f->truth_regions, f->ntruth + 1, sizeof *f->truth_regions);
    f->truth[f->ntruth] = mask;
    f->truth_regions[f->ntruth++] = regions;
}

static enum edgel_status take_map(const struct source *s, const char *path, size_t i,
                                  const struct edgel_image *image, bool ids, struct edgel_mask *mask)
{
    *mask = (struct edgel_mask){ .view = edgel_image_view(image), .bits = ids ? 16 : 1 };
    if (!image->data)
        return cli_fail(s->err, "%s: groundTruth{%zu} has no %s", path, i + 1,
                        ids ? "Segmentation" : "Boundaries");
    return EDGEL_OK;
}

static enum edgel_status add_annotators(const struct source *s, const char *path, const struct edgel_mat *mat)
{
    struct eval_files *f = s->files;
    if (mat->kind != EDGEL_MAT_TRUTH)
        return cli_fail(s->err, "%s: holds segs or ucm2; truth is groundTruth", path);
    for (size_t i = 0; i < mat->n; i++) {
        struct edgel_mask boundaries = { 0 }, regions = { 0 };
        enum edgel_status status = EDGEL_OK;
        if (s->boundaries)
            status = take_map(s, path, i, &mat->boundaries[i], false, &boundaries);
        if (status == EDGEL_OK && s->regions)
            status = take_map(s, path, i, &mat->segmentations[i], true, &regions);
        if (status != EDGEL_OK)
            return status;
        add_truth(f, s->boundaries ? boundaries : regions, regions);
    }
    return EDGEL_OK;
}

/* The annotators of an image must agree on its size; those from `from` on are of the file path. */
static enum edgel_status check_sizes(const struct source *s, const char *path, size_t from)
{
    const struct eval_files *f = s->files;
    for (size_t i = from; i < f->ntruth; i++) {
        const struct edgel_view *v = &f->truth[i].view, *first = &f->truth[0].view;
        if (v->w == first->w && v->h == first->h)
            continue;
        const bool swapped = v->w == first->h && v->h == first->w;
        return cli_fail(s->err, "%s: annotator %zu is %dx%d, the first is %dx%d: sizes differ%s", path, i + 1,
                        v->w, v->h, first->w, first->h, swapped ? ", width and height are swapped" : "");
    }
    return EDGEL_OK;
}

static enum edgel_status read_truth(const struct source *s, const struct edgel_pair *p)
{
    struct eval_files *f = s->files;
    enum edgel_status status = EDGEL_OK;
    room_for_files(f, p->ntruth);
    f->ntruth = 0;
    for (size_t k = 0; k < p->ntruth && status == EDGEL_OK; k++) {
        struct edgel_mask mask;
        bool is_mat;
        const size_t from = f->ntruth;
        edgel_mat_finish(&f->truth_mats[k]);
        status = read_file(s, p->truth[k], &f->truth_images[k], &f->truth_mats[k], &mask, &is_mat);
        if (status == EDGEL_OK && is_mat)
            status = add_annotators(s, p->truth[k], &f->truth_mats[k]);
        else if (status == EDGEL_OK && s->boundaries && s->regions)
            status = cli_fail(s->err,
                              "%s: an image holds labels or boundaries; for --regions beside --boundary bsds "
                              "truth is MAT files, which hold both",
                              p->truth[k]);
        else if (status == EDGEL_OK)
            add_truth(f, mask, mask);
        if (status == EDGEL_OK)
            status = check_sizes(s, p->truth[k], from);
    }
    return status;
}

enum edgel_status eval_files_read(struct eval_files *f, const struct edgel_read *read,
                                  const struct edgel_pair *p, const struct edgel_measure *m, char *remark,
                                  struct edgel_error *err)
{
    const bool maps = m->boundary != EDGEL_BOUNDARY_NONE || m->regions;
    const struct source s = { .read = read,
                              .files = f,
                              .prediction = p->prediction,
                              .remark = remark,
                              .err = err,
                              .boundaries = m->labels != EDGEL_LABELS_IDS,
                              .regions = m->labels == EDGEL_LABELS_IDS || m->regions };
    bool is_mat;
    enum edgel_status status = EDGEL_OK;
    if (p->prediction)
        status = read_prediction(&s, p->prediction, maps);
    if (status == EDGEL_OK)
        status = read_truth(&s, p);
    if (status == EDGEL_OK && m->regions && f->prediction.map)
        take_image_of_regions(f);
    if (status == EDGEL_OK && p->valid)
        status = read_file(&s, p->valid, &f->valid_image, NULL, &f->valid, &is_mat);
    return status;
}

void eval_files_finish(struct eval_files *f)
{
    edgel_bytes_finish(&f->bytes);
    edgel_image_finish(&f->image);
    edgel_image_finish(&f->valid_image);
    edgel_mat_finish(&f->mat);
    for (size_t k = 0; k < f->nfiles; k++) {
        edgel_image_finish(&f->truth_images[k]);
        edgel_mat_finish(&f->truth_mats[k]);
    }
    free(f->truth_images);
    free(f->truth_mats);
    free(f->truth);
    free(f->truth_regions);
    free(f->segmentations);
    *f = (struct eval_files){ 0 };
}
