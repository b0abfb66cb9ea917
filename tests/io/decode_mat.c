/* Reads MAT files of the Berkeley benchmark and writes what a reader sees, for scripts that compare with other readers:
 *
 *     decode_mat FILE...
 *
 * For each file a line "kind n", then for each map a line "w h bytes" (bytes of a value; 0 0 0: there is none) and its
 * values in rows, as they are in this machine's memory: Segmentation (2 bytes) and Boundaries (1) of each annotator,
 * labels (2) of each segmentation and no boundaries, or ucm2 (8). A file that is refused: "refused TEXT". */
#include "edgel/image.h"
#include <stdio.h>

static void write_image(const struct edgel_image *image)
{
    const size_t size = image->data ? edgel_type_size(image->type) : 0;
    printf("%d %d %zu\n", image->w, image->h, size);
    for (int y = 0; y < image->h; y++)
        fwrite((const char *)image->data + y * image->stride, size, (size_t)image->w, stdout);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct edgel_mat mat;
        struct edgel_error err = { 0 };
        if (edgel_mat_read(argv[i], NULL, &mat, &err) != EDGEL_OK) {
            printf("refused %s\n", err.msg);
            continue;
        }
        printf("%d %zu\n", mat.kind, mat.n);
        for (size_t k = 0; k < mat.n; k++) {
            write_image(&mat.segmentations[k]);
            write_image(&mat.boundaries[k]);
        }
        if (mat.ucm2) {
            printf("%d %d 8\n", mat.w, mat.h);
            fwrite(mat.ucm2, sizeof *mat.ucm2, (size_t)mat.w * (size_t)mat.h, stdout);
        }
        edgel_mat_finish(&mat);
    }
    return fflush(stdout) != 0;
}
