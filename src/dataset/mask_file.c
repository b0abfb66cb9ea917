/* A file of masks: an image, or a MAT file of the Berkeley benchmark, told apart by its first bytes. */
#include "dataset/dataset_priv.h"

enum edgel_status edgel_mask_file_check(const struct edgel_read *read, const char *path,
                                        const struct edgel_bytes *bytes, enum edgel_mask_role role,
                                        struct edgel_error *err)
{
    struct edgel_mat_info info;
    EDGEL_TRY(edgel_mat_probe(bytes->data, bytes->size, path, &read->limits, &info, err));
    if (role == EDGEL_MASK_TRUTH && info.kind != EDGEL_MAT_TRUTH)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: holds segs or ucm2; truth is groundTruth", path);
    if (role == EDGEL_MASK_PREDICTION && info.kind == EDGEL_MAT_TRUTH)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: holds groundTruth; a prediction is segs or ucm2", path);
    return EDGEL_OK;
}

static enum edgel_status read_mat(const char *path, const struct edgel_bytes *bytes,
                                  const struct edgel_read *read, enum edgel_mask_role role, int w, int h,
                                  struct edgel_mat *mat, struct edgel_error *err)
{
    struct edgel_mat_params params;
    edgel_mat_params_init(&params);
    params.limits = read->limits;
    params.w = w;
    params.h = h;
    EDGEL_TRY(edgel_mask_file_check(read, path, bytes, role, err));
    return edgel_mat_decode(bytes->data, bytes->size, path, &params, mat, err);
}

bool edgel_mask_file_is_mat(const char *path, const struct edgel_bytes *bytes)
{
    return edgel_mat_of_bytes(bytes->data, bytes->size) || edgel_named_like_mat(path);
}

enum edgel_status edgel_mask_file_decode(const struct edgel_read *read, const char *path,
                                         const struct edgel_bytes *bytes, enum edgel_mask_role role, int w,
                                         int h, struct edgel_mask_file *f, struct edgel_error *err)
{
    struct edgel_read labels = *read;
    labels.decode = EDGEL_DECODE_LABELS;
    f->info = (struct edgel_info){ 0 };
    edgel_mat_finish(&f->mat);
    f->is_mat = role != EDGEL_MASK_VALID && edgel_mask_file_is_mat(path, bytes);
    return f->is_mat ? read_mat(path, bytes, read, role, w, h, &f->mat, err)
                     : edgel_image_decode(bytes->data, bytes->size, path, &labels, &f->image, &f->info, err);
}

enum edgel_status edgel_mask_file_read(const struct edgel_read *read, const char *path,
                                       enum edgel_mask_role role, int w, int h, struct edgel_bytes *bytes,
                                       struct edgel_mask_file *f, struct edgel_error *err)
{
    f->is_mat = false;
    EDGEL_TRY(edgel_file_read(path, EDGEL_FILE_IMAGE, &read->limits, bytes, err));
    return edgel_mask_file_decode(read, path, bytes, role, w, h, f, err);
}

void edgel_mask_file_cut(const struct edgel_dataset *d, struct edgel_mask_file *f)
{
    if (f->is_mat || f->info.format != EDGEL_FORMAT_JPEG || d->labels != EDGEL_LABELS_BINARY)
        return;
    for (int y = 0; y < f->image.h; y++) {
        uint8_t *row = (uint8_t *)f->image.data + y * f->image.stride;
        for (int i = 0; i < f->image.w * f->image.channels; i++)
            row[i] = row[i] >= 128 ? 255 : 0;
    }
}

void edgel_mask_file_finish(struct edgel_mask_file *f)
{
    edgel_image_finish(&f->image);
    edgel_mat_finish(&f->mat);
}

struct edgel_mask edgel_mask_of_file(const struct edgel_mask_file *f)
{
    return (struct edgel_mask){ .view = edgel_image_view(&f->image),
                                .bits = f->info.bits,
                                .indexed = f->info.indexed };
}

const char *edgel_info_said(const struct edgel_info *info, const char **how)
{
    const char *said = info->damage[0] ? info->damage : info->remark;
    *how = info->damage[0] ? "damaged, taken as far as it decodes: " : "";
    return said[0] ? said : NULL;
}
