/*
 * Masks as truth: ids or colours to classes; of MAT files of the Berkeley benchmark the boundaries of all annotators.
 * With several annotators a pixel's truth is the mean of their marks; under --boundaries a pixel that some, but fewer
 * than --soft-ignore of them marked is left out, and one that more marked is a boundary.
 */
#include "train_data.h"
#include <stdlib.h>

enum edgel_status train_read_image(const struct train_data *d, const char *path, enum edgel_decode decode,
                                   struct edgel_image *image, struct edgel_info *info,
                                   struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    struct edgel_read read = d->p.read;
    read.decode = decode;
    enum edgel_status status = edgel_bytes_read(path, &bytes, err);
    if (status == EDGEL_OK)
        status = edgel_image_decode(bytes.data, bytes.size, path, &read, image, info, err);
    edgel_bytes_finish(&bytes);
    return status;
}

static int32_t id_of_colour(const struct train_data *d, const uint8_t *rgb)
{
    for (size_t k = 0; k < d->colors.n; k++)
        if (d->colors.v[k].r == rgb[0] && d->colors.v[k].g == rgb[1] && d->colors.v[k].b == rgb[2])
            return d->colors.v[k].id;
    return -1;
}

static enum edgel_status read_mat(const struct train_data *d, const char *path,
                                  const struct edgel_bytes *bytes, struct train_masks *m,
                                  struct edgel_error *err)
{
    const struct edgel_mat_params params = { d->p.read.limits, 0, 0 };
    enum edgel_status status = edgel_mat_decode(bytes->data, bytes->size, path, &params, &m->mat, err);
    if (status != EDGEL_OK)
        return status;
    if (m->mat.kind != EDGEL_MAT_TRUTH)
        return cli_fail(err, "%s: holds segs or ucm2; truth is groundTruth", path);
    for (size_t k = 0; k < m->mat.n; k++)
        if (!m->mat.boundaries[k].data)
            return cli_fail(err, "%s: groundTruth{%zu} has no Boundaries", path, k + 1);
    m->n = m->mat.n;
    return EDGEL_OK;
}

/* Masks have the size of their image, where it is known. */
static enum edgel_status check_sizes(const struct train_masks *m, const char *path, int w, int h,
                                     struct edgel_error *err)
{
    for (size_t k = 0; w > 0 && k < m->n; k++) {
        const struct edgel_image *image = train_masks_at(m, k);
        if (image->w != w || image->h != h) {
            (void)cli_fail(err, "%s: the truth is %dx%d, the image %dx%d", path, image->w, image->h, w, h);
            return EDGEL_EFORMAT;
        }
    }
    return EDGEL_OK;
}

enum edgel_status train_masks_read(const struct train_data *d, const char *path, int w, int h,
                                   struct train_masks *m, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    struct edgel_read read = d->p.read;
    read.decode = EDGEL_DECODE_LABELS;
    *m = (struct train_masks){ .n = 1 };
    enum edgel_status status = edgel_bytes_read(path, &bytes, err);
    m->is_mat =
        status == EDGEL_OK && (edgel_mat_of_bytes(bytes.data, bytes.size) || edgel_named_like_mat(path));
    if (m->is_mat)
        status = read_mat(d, path, &bytes, m, err);
    else if (status == EDGEL_OK)
        status = edgel_image_decode(bytes.data, bytes.size, path, &read, &m->image, &m->info, err);
    edgel_bytes_finish(&bytes);
    return status == EDGEL_OK ? check_sizes(m, path, w, h, err) : status;
}

void train_masks_finish(struct train_masks *m)
{
    edgel_image_finish(&m->image);
    edgel_mat_finish(&m->mat);
}

const struct edgel_image *train_masks_at(const struct train_masks *m, size_t k)
{
    return m->is_mat ? &m->mat.boundaries[k] : &m->image;
}

enum edgel_status train_masks_ids(const struct train_data *d, const struct train_masks *m, const char *path,
                                  size_t k, int32_t **out, struct edgel_error *err)
{
    const struct edgel_image *image = train_masks_at(m, k);
    if (image->type == EDGEL_F32 || (image->channels > 1 && (d->colors.n == 0 || image->type != EDGEL_U8))) {
        (void)cli_fail(err, "%s: a mask with %s needs %s", path,
                       image->type == EDGEL_F32 ? "float values" : "colours",
                       image->type == EDGEL_F32 ? "whole numbers" : "--colors FILE and 8 bits");
        return EDGEL_EFORMAT;
    }
    int32_t *ids = *out = cli_alloc((size_t)image->w * (size_t)image->h, sizeof *ids);
    for (int y = 0; y < image->h; y++) {
        const unsigned char *row = (const unsigned char *)image->data + (ptrdiff_t)y * image->stride;
        for (int x = 0; x < image->w; x++)
            ids[(size_t)y * (size_t)image->w + (size_t)x] =
                image->channels > 1        ? id_of_colour(d, row + 3 * (size_t)x)
                : image->type == EDGEL_U16 ? ((const uint16_t *)(const void *)row)[x]
                                           : row[x];
    }
    return EDGEL_OK;
}

/* Class of an id; -1: unknown. */
static int class_of(const struct train_data *d, int32_t id)
{
    if (id < 0)
        return -1;
    if (d->labels == EDGEL_LABELS_BINARY)
        return d->ignored[id] ? EDGEL_LABEL_IGNORE : id != 0;
    return d->known[id] || d->ignored[id] ? d->class_of[id] : -1;
}

static enum edgel_status label_pixels(const struct train_data *d, const char *path, const int32_t *ids,
                                      size_t n, uint16_t *label, struct edgel_error *err)
{
    size_t unknown = 0;
    int32_t first = 0;
    for (size_t i = 0; i < n; i++) {
        const int c = class_of(d, ids[i]);
        if (c < 0 && unknown++ == 0)
            first = ids[i];
        label[i] = (uint16_t)(c < 0 ? EDGEL_LABEL_IGNORE : c);
    }
    if (unknown == 0)
        return EDGEL_OK;
    if (first < 0)
        (void)cli_fail(err, "%s: %zu pixels have a colour that --colors does not name", path, unknown);
    else
        (void)cli_fail(err, "%s: %zu pixels have an id that is no class and not ignored, the first is %d",
                       path, unknown, (int)first);
    return EDGEL_EFORMAT;
}

/* The truth of several annotators: mean of their marks over those who have an opinion. */
static enum edgel_status add_annotator(const struct train_data *d, const char *path, const int32_t *ids,
                                       size_t n, float *marks, float *votes, struct edgel_error *err)
{
    uint16_t *label = cli_alloc(n, sizeof *label);
    enum edgel_status status = label_pixels(d, path, ids, n, label, err);
    for (size_t i = 0; i < n && status == EDGEL_OK; i++) {
        votes[i] += label[i] != EDGEL_LABEL_IGNORE;
        marks[i] += label[i] == 1;
    }
    free(label);
    return status;
}

static void finish_soft(const struct train_data *d, struct train_kept *k, const float *votes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float mean = votes[i] > 0 ? k->soft[i] / votes[i] : -1;
        if (d->p.boundaries && mean > 0)
            mean = (double)mean < d->p.soft_ignore ? -1 : 1;
        k->soft[i] = mean;
    }
}

/* The marks of all annotators of one file. */
static enum edgel_status mark_by_file(const struct train_data *d, const char *path, struct train_kept *k,
                                      float *votes, struct edgel_error *err)
{
    const size_t n = (size_t)k->image.w * (size_t)k->image.h;
    struct train_masks m;
    enum edgel_status status = train_masks_read(d, path, k->image.w, k->image.h, &m, err);
    for (size_t a = 0; a < m.n && status == EDGEL_OK; a++) {
        int32_t *ids = NULL;
        status = train_masks_ids(d, &m, path, a, &ids, err);
        if (status == EDGEL_OK)
            status = d->soft ? add_annotator(d, path, ids, n, k->soft, votes, err)
                             : label_pixels(d, path, ids, n, k->label, err);
        free(ids);
    }
    train_masks_finish(&m);
    return status;
}

static enum edgel_status mark_pixels(const struct train_data *d, const struct edgel_pair *p,
                                     struct train_kept *k, struct edgel_error *err)
{
    const size_t n = (size_t)k->image.w * (size_t)k->image.h;
    enum edgel_status status = EDGEL_OK;
    float *votes = NULL;
    if (d->soft) {
        k->soft = cli_alloc(n, sizeof *k->soft);
        votes = cli_alloc(n, sizeof *votes);
    } else {
        k->label = cli_alloc(n, sizeof *k->label);
    }
    for (size_t i = 0; i < p->ntruth && status == EDGEL_OK; i++)
        status = mark_by_file(d, p->truth[i], k, votes, err);
    if (d->soft && status == EDGEL_OK)
        finish_soft(d, k, votes, n);
    free(votes);
    return status;
}

/* Pixels that the validity mask leaves out are not counted. */
static enum edgel_status apply_valid(const struct train_data *d, const struct edgel_pair *p,
                                     struct train_kept *k, struct edgel_error *err)
{
    struct train_masks m;
    int32_t *ids = NULL;
    if (p->missing_valid)
        return cli_fail(err, "%s: has no file in the folder of --valid", p->key);
    if (!p->valid)
        return EDGEL_OK;
    const size_t n = (size_t)k->image.w * (size_t)k->image.h;
    enum edgel_status status = train_masks_read(d, p->valid, k->image.w, k->image.h, &m, err);
    if (status == EDGEL_OK)
        status = train_masks_ids(d, &m, p->valid, 0, &ids, err);
    for (size_t i = 0; i < n && status == EDGEL_OK; i++) {
        if (ids[i] != 0)
            continue;
        if (k->soft)
            k->soft[i] = -1;
        else
            k->label[i] = EDGEL_LABEL_IGNORE;
    }
    free(ids);
    train_masks_finish(&m);
    return status;
}

enum edgel_status train_read_truth(const struct train_data *d, const struct edgel_pair *p,
                                   struct train_kept *k, struct edgel_error *err)
{
    enum edgel_status status = mark_pixels(d, p, k, err);
    return status == EDGEL_OK ? apply_valid(d, p, k, err) : status;
}
