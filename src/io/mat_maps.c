/* The memory of what a MAT file holds. */
#include "io/io_priv.h"

void edgel_mat_finish(struct edgel_mat *mat)
{
    for (size_t i = 0; i < mat->n; i++) {
        edgel_image_finish(&mat->segmentations[i]);
        edgel_image_finish(&mat->boundaries[i]);
    }
    edgel_free(mat->segmentations);
    edgel_free(mat->boundaries);
    edgel_free(mat->ucm2);
    *mat = (struct edgel_mat){ 0 };
}
