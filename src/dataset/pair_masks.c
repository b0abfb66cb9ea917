/*
 * The masks of one pair as they are judged: its prediction, truth of all annotators, validity mask; image files, and
 * MAT files of the Berkeley benchmark. Memory is used again from pair to pair.
 */
#include "dataset/dataset_priv.h"
#include <stdio.h>
#include <string.h>

struct edgel_dataset_memory {
    struct edgel_bytes bytes, prediction_bytes;
    struct edgel_mask_file prediction, valid, *truth; /* truth: [nfiles] */
    size_t nfiles, truth_room, segmentations_room;
};

struct source {
    const struct edgel_dataset *d;
    struct edgel_dataset_masks *m;
    const char *prediction;   /* whose remarks need no name */
    bool boundaries, regions; /* what is wanted of truth in MAT files */
    struct edgel_error *err;
};

static enum edgel_status no_memory(const struct source *s)
{
    return edgel_fail(s->err, EDGEL_ENOMEM, "masks: out of memory");
}

/* Ids in place of colours. */
static enum edgel_status take_colors(const struct source *s, const char *path, struct edgel_mask_file *f)
{
    const struct edgel_mask mask = edgel_mask_of_file(f);
    struct edgel_image ids = { 0 };
    struct edgel_error cause = { 0 };
    if (!s->d->p.colors || mask.view.channels < 3 || mask.view.type != EDGEL_U8)
        return EDGEL_OK;
    EDGEL_TRY(edgel_image_init(&ids, mask.view.w, mask.view.h, 1, EDGEL_U16, s->err));
    uint16_t *plane = edgel_alloc((size_t)ids.w * (size_t)ids.h, sizeof *plane);
    enum edgel_status status = plane ? edgel_mask_ids(&mask, s->d->p.colors, plane, &cause) : no_memory(s);
    if (status != EDGEL_OK) {
        edgel_free(plane);
        edgel_image_finish(&ids);
        return cause.msg[0] ? edgel_fail(s->err, status, "%s: %s", path, cause.msg) : status;
    }
    for (int y = 0; y < ids.h; y++)
        memcpy((char *)ids.data + (ptrdiff_t)y * ids.stride, plane + (size_t)y * (size_t)ids.w,
               (size_t)ids.w * sizeof *plane);
    edgel_free(plane);
    edgel_image_finish(&f->image);
    f->image = ids;
    f->info.bits = 16;
    f->info.indexed = true;
    return EDGEL_OK;
}

static void note_remark(const struct source *s, const char *path, const struct edgel_info *info)
{
    const bool own = path == s->prediction;
    const char *said = info->damage[0] ? info->damage : info->remark;
    if (said[0] && !s->m->remark[0])
        snprintf(s->m->remark, sizeof s->m->remark, "%s%s%s%s", own ? "" : path, own ? "" : ": ",
                 info->damage[0] ? "damaged, taken as it decodes: " : "", said);
}

/* Of a file that was read: remarks, colours. */
static enum edgel_status take_file(const struct source *s, const char *path, struct edgel_mask_file *f)
{
    if (f->is_mat)
        return EDGEL_OK;
    note_remark(s, path, &f->info);
    return take_colors(s, path, f);
}

/* --- prediction --- */

static enum edgel_status take_segmentations(const struct source *s, const struct edgel_mat *mat)
{
    struct edgel_dataset_memory *memory = s->m->memory;
    if (mat->n > memory->segmentations_room) {
        struct edgel_mask *v = edgel_alloc(mat->n, sizeof *v);
        if (!v)
            return no_memory(s);
        edgel_free(s->m->segmentations);
        s->m->segmentations = v;
        memory->segmentations_room = mat->n;
    }
    for (size_t i = 0; i < mat->n; i++)
        s->m->segmentations[i] =
            (struct edgel_mask){ .view = edgel_image_view(&mat->segmentations[i]), .bits = 16 };
    s->m->nsegmentations = mat->n;
    return EDGEL_OK;
}

/* Decodes what is in memory->prediction_bytes; w, h: of the truth, 0 where it is not known. */
static enum edgel_status take_prediction(const struct source *s, const char *path, int w, int h)
{
    struct edgel_dataset_masks *m = s->m;
    struct edgel_mask_file *f = &m->memory->prediction;
    const struct edgel_mat *mat = &f->mat;
    EDGEL_TRY(edgel_mask_file_decode(&s->d->p.read, path, &m->memory->prediction_bytes, EDGEL_MASK_PREDICTION,
                                     w, h, f, s->err));
    EDGEL_TRY(take_file(s, path, f));
    m->predicted = true;
    if (!f->is_mat) {
        m->map = edgel_mask_of_file(f);
        return EDGEL_OK;
    }
    if (mat->kind == EDGEL_MAT_SEGS)
        return take_segmentations(s, mat);
    m->ucm2 = mat->ucm2;
    m->ucm2_w = mat->w;
    m->ucm2_h = mat->h;
    return EDGEL_OK;
}

/* Where regions are judged, an image is a segmentation, unless it is a hierarchy by its size. */
static enum edgel_status take_image_of_regions(const struct source *s)
{
    struct edgel_dataset_masks *m = s->m;
    const struct edgel_view *p = &m->map.view, *t = m->ntruth > 0 ? &m->truth_regions[0].view : NULL;
    if (!p->data || (t && p->w == 2 * (int64_t)t->w + 1 && p->h == 2 * (int64_t)t->h + 1))
        return EDGEL_OK;
    if (m->memory->segmentations_room == 0) {
        if (!(m->segmentations = edgel_alloc(1, sizeof *m->segmentations)))
            return no_memory(s);
        m->memory->segmentations_room = 1;
    }
    m->segmentations[0] = m->map;
    m->nsegmentations = 1;
    m->map = (struct edgel_mask){ 0 };
    return EDGEL_OK;
}

/* --- truth --- */

static enum edgel_status room_for_files(const struct source *s, size_t n)
{
    struct edgel_dataset_memory *memory = s->m->memory;
    if (n <= memory->nfiles)
        return EDGEL_OK;
    struct edgel_mask_file *v = edgel_realloc(memory->truth, memory->nfiles * sizeof *v, n, sizeof *v);
    if (!v)
        return no_memory(s);
    memset(v + memory->nfiles, 0, (n - memory->nfiles) * sizeof *v);
    memory->truth = v;
    memory->nfiles = n;
    return EDGEL_OK;
}

/* path: its file, for messages. */
static enum edgel_status add_truth(const struct source *s, const char *path, struct edgel_mask mask,
                                   struct edgel_mask regions)
{
    struct edgel_dataset_masks *m = s->m;
    const size_t had = m->memory->truth_room, room = m->ntruth < had ? had : had ? 2 * had : 4;
    if (room > had) {
        struct edgel_mask *t = edgel_realloc(m->truth, had * sizeof *t, room, sizeof *t);
        if (!t)
            return no_memory(s);
        m->truth = t;
        struct edgel_mask *r = edgel_realloc(m->truth_regions, had * sizeof *r, room, sizeof *r);
        if (!r)
            return no_memory(s);
        m->truth_regions = r;
        m->memory->truth_room = room;
    }
    mask.name = regions.name = path;
    m->truth[m->ntruth] = mask;
    m->truth_regions[m->ntruth++] = regions;
    return EDGEL_OK;
}

static enum edgel_status take_map(const struct source *s, const char *path, size_t i,
                                  const struct edgel_image *image, bool ids, struct edgel_mask *mask)
{
    *mask = (struct edgel_mask){ .view = edgel_image_view(image), .bits = ids ? 16 : 1 };
    if (!image->data)
        return edgel_fail(s->err, EDGEL_EFORMAT, "%s: groundTruth{%zu} has no %s", path, i + 1,
                          ids ? "Segmentation" : "Boundaries");
    return EDGEL_OK;
}

static enum edgel_status add_annotators(const struct source *s, const char *path,
                                        const struct edgel_mask_file *f)
{
    for (size_t i = 0; i < f->mat.n; i++) {
        struct edgel_mask boundaries = { 0 }, regions = { 0 };
        if (s->boundaries)
            EDGEL_TRY(take_map(s, path, i, &f->mat.boundaries[i], false, &boundaries));
        if (s->regions)
            EDGEL_TRY(take_map(s, path, i, &f->mat.segmentations[i], true, &regions));
        EDGEL_TRY(add_truth(s, path, s->boundaries ? boundaries : regions, regions));
    }
    return EDGEL_OK;
}

/* The annotators of an image must agree on its size; those from `from` on are of the file path. */
static enum edgel_status check_sizes(const struct source *s, const char *path, size_t from)
{
    for (size_t i = from; i < s->m->ntruth; i++) {
        const struct edgel_view *v = &s->m->truth[i].view, *first = &s->m->truth[0].view;
        if (v->w == first->w && v->h == first->h)
            continue;
        const bool swapped = v->w == first->h && v->h == first->w;
        return edgel_fail(s->err, EDGEL_EFORMAT,
                          "%s: annotator %zu is %dx%d, the first is %dx%d: sizes differ%s", path, i + 1, v->w,
                          v->h, first->w, first->h, swapped ? ", width and height are swapped" : "");
    }
    return EDGEL_OK;
}

static enum edgel_status read_truth_file(const struct source *s, const char *path, struct edgel_mask_file *f)
{
    const size_t from = s->m->ntruth;
    EDGEL_TRY(
        edgel_mask_file_read(&s->d->p.read, path, EDGEL_MASK_TRUTH, 0, 0, &s->m->memory->bytes, f, s->err));
    EDGEL_TRY(take_file(s, path, f));
    edgel_mask_file_cut(s->d, f);
    if (f->is_mat)
        EDGEL_TRY(add_annotators(s, path, f));
    else if (s->boundaries && s->regions)
        return edgel_fail(s->err, EDGEL_EFORMAT,
                          "%s: an image holds labels or boundaries; where regions are judged beside "
                          "boundaries truth is MAT files, which hold both",
                          path);
    else
        EDGEL_TRY(add_truth(s, path, edgel_mask_of_file(f), edgel_mask_of_file(f)));
    return check_sizes(s, path, from);
}

/* What is said of a file begins with its role. */
static enum edgel_status of_role(const struct source *s, const char *role, const char *path,
                                 enum edgel_status status)
{
    if (status == EDGEL_OK || !s->err || strncmp(s->err->msg, path, strlen(path)) != 0)
        return status;
    const struct edgel_error cause = *s->err;
    edgel_error_clear(s->err);
    return edgel_fail(s->err, status, "%s %s", role, cause.msg);
}

static enum edgel_status read_truth(const struct source *s, const struct edgel_pair *p)
{
    EDGEL_TRY(room_for_files(s, p->ntruth));
    for (size_t k = 0; k < p->ntruth; k++)
        EDGEL_TRY(of_role(s, "truth", p->truth[k], read_truth_file(s, p->truth[k], &s->m->memory->truth[k])));
    return EDGEL_OK;
}

/* The prediction comes first, but for a MAT file: its maps are compared with the truth before they are unpacked. */
static enum edgel_status read_prediction_and_truth(const struct source *s, const struct edgel_pair *p)
{
    struct edgel_bytes *bytes = &s->m->memory->prediction_bytes;
    if (!p->prediction)
        return read_truth(s, p);
    EDGEL_TRY(edgel_file_read(p->prediction, EDGEL_FILE_IMAGE, &s->d->p.read.limits, bytes, s->err));
    if (!edgel_mask_file_is_mat(p->prediction, bytes)) {
        EDGEL_TRY(take_prediction(s, p->prediction, 0, 0));
        return read_truth(s, p);
    }
    EDGEL_TRY(edgel_mask_file_check(&s->d->p.read, p->prediction, bytes, EDGEL_MASK_PREDICTION, s->err));
    if (!s->d->p.maps)
        return edgel_fail(s->err, EDGEL_EFORMAT,
                          "%s: holds segs or ucm2, which are judged where boundaries or regions are",
                          p->prediction);
    EDGEL_TRY(read_truth(s, p));
    const struct edgel_view *truth = s->m->ntruth > 0 ? &s->m->truth[0].view : NULL;
    return take_prediction(s, p->prediction, truth ? truth->w : 0, truth ? truth->h : 0);
}

enum edgel_status edgel_dataset_masks_read(const struct edgel_dataset *d, const struct edgel_pair *p,
                                           struct edgel_dataset_masks *m, struct edgel_error *err)
{
    EDGEL_REQUIRE(d);
    EDGEL_REQUIRE(p);
    EDGEL_REQUIRE(m);
    const struct source s = { .d = d,
                              .m = m,
                              .prediction = p->prediction,
                              .err = err,
                              .boundaries = d->labels != EDGEL_LABELS_IDS,
                              .regions = d->labels == EDGEL_LABELS_IDS || d->p.regions };
    if (!m->memory && !(m->memory = edgel_calloc(1, sizeof *m->memory)))
        return no_memory(&s);
    m->predicted = false;
    m->map = m->valid = (struct edgel_mask){ 0 };
    m->nsegmentations = m->ntruth = 0;
    m->ucm2 = NULL;
    m->remark[0] = '\0';
    const enum edgel_status status = read_prediction_and_truth(&s, p);
    if (status != EDGEL_OK)
        return p->prediction ? of_role(&s, "prediction", p->prediction, status) : status;
    if (d->p.regions)
        EDGEL_TRY(take_image_of_regions(&s));
    if (p->valid) {
        EDGEL_TRY(of_role(&s, "validity mask", p->valid,
                          edgel_mask_file_read(&d->p.read, p->valid, EDGEL_MASK_VALID, 0, 0,
                                               &m->memory->bytes, &m->memory->valid, err)));
        note_remark(&s, p->valid, &m->memory->valid.info);
        m->valid = edgel_mask_of_file(&m->memory->valid);
        m->valid.name = p->valid;
    }
    return EDGEL_OK;
}

void edgel_dataset_masks_finish(struct edgel_dataset_masks *m)
{
    if (!m)
        return;
    struct edgel_dataset_memory *memory = m->memory;
    if (memory) {
        edgel_bytes_finish(&memory->bytes);
        edgel_bytes_finish(&memory->prediction_bytes);
        edgel_mask_file_finish(&memory->prediction);
        edgel_mask_file_finish(&memory->valid);
        for (size_t k = 0; k < memory->nfiles; k++)
            edgel_mask_file_finish(&memory->truth[k]);
        edgel_free(memory->truth);
        edgel_free(memory);
    }
    edgel_free(m->segmentations);
    edgel_free(m->truth);
    edgel_free(m->truth_regions);
    *m = (struct edgel_dataset_masks){ 0 };
}
