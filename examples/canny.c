/* canny.c: the library in one page: IMAGE in, Canny's edges out as a PNG.
 *
 *     cc canny.c $(pkg-config --cflags --libs edgel) -o canny && ./canny photo.jpg edges.png
 */
#include <edgel/filter.h>
#include <edgel/image.h>
#include <stdio.h>

static enum edgel_status find_edges(struct edgel_scratch *scratch, const char *from, const char *to,
                                    struct edgel_error *err)
{
    struct edgel_image image = { 0 }, smooth = { 0 }, edges = { 0 };
    struct edgel_read read;
    struct edgel_canny_params canny;
    struct edgel_write write;
    edgel_read_init(&read); /* EXIF orientation applied */
    read.decode = EDGEL_DECODE_COLOR;
    edgel_canny_params_init(&canny);
    edgel_write_init(&write); /* PNG */
    write.bits = 1;

    enum edgel_status s = edgel_image_read(from, &read, &image, NULL, err);
    if (s == EDGEL_OK)
        s = edgel_gaussian(scratch, edgel_image_view(&image), &smooth, 3, 0, err);
    if (s == EDGEL_OK)
        s = edgel_canny(scratch, edgel_image_view(&smooth), &canny, &edges, NULL, err);
    if (s == EDGEL_OK)
        s = edgel_image_write(to, edgel_image_view(&edges), &write, err);
    edgel_image_finish(&image);
    edgel_image_finish(&smooth);
    edgel_image_finish(&edges);
    return s;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: canny IMAGE EDGES.png\n");
        return 2;
    }
    struct edgel_error err = { 0 };
    struct edgel_scratch *scratch = edgel_scratch_create();
    if (scratch == NULL) {
        fprintf(stderr, "canny: out of memory\n");
        return 1;
    }
    enum edgel_status s = find_edges(scratch, argv[1], argv[2], &err);
    if (s != EDGEL_OK)
        fprintf(stderr, "canny: %s\n", err.msg);
    edgel_scratch_destroy(&scratch);
    return s == EDGEL_OK ? 0 : 1;
}
