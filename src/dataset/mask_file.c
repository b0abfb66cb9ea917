/* A file of masks: an image, or a MAT file of the Berkeley benchmark, told apart by its first bytes. */
#include "dataset/dataset_priv.h"

enum edgel_status edgel_mask_file_read(const struct edgel_read *read, const char *path, bool mat,
                                       struct edgel_bytes *bytes, struct edgel_mask_file *f,
                                       struct edgel_error *err)
{
    struct edgel_read labels = *read;
    labels.decode = EDGEL_DECODE_LABELS;
    f->info = (struct edgel_info){ 0 };
    f->is_mat = false;
    edgel_mat_finish(&f->mat);
    EDGEL_TRY(edgel_bytes_read(path, bytes, err));
    f->is_mat = mat && (edgel_mat_of_bytes(bytes->data, bytes->size) || edgel_named_like_mat(path));
    if (f->is_mat) {
        struct edgel_mat_params params;
        edgel_mat_params_init(&params);
        params.limits = read->limits;
        return edgel_mat_decode(bytes->data, bytes->size, path, &params, &f->mat, err);
    }
    return edgel_image_decode(bytes->data, bytes->size, path, &labels, &f->image, &f->info, err);
}

void edgel_mask_file_finish(struct edgel_mask_file *f)
{
    edgel_image_finish(&f->image);
    edgel_mat_finish(&f->mat);
}

struct edgel_mask edgel_mask_of_file(const struct edgel_mask_file *f)
{
    return (struct edgel_mask){ edgel_image_view(&f->image), f->info.bits, f->info.indexed };
}

enum edgel_status edgel_mask_file_truth(const struct edgel_mask_file *f, const char *path,
                                        struct edgel_error *err)
{
    if (f->is_mat && f->mat.kind != EDGEL_MAT_TRUTH)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: holds segs or ucm2; truth is groundTruth", path);
    return EDGEL_OK;
}

const char *edgel_info_said(const struct edgel_info *info, const char **how)
{
    const char *said = info->damage[0] ? info->damage : info->remark;
    *how = info->damage[0] ? "damaged, taken as far as it decodes: " : "";
    return said[0] ? said : NULL;
}
