/* Decodes one file and writes what a reader sees of it: "key value" lines, an empty line, then the samples of the
 * image without gaps (16 bits: the high byte first). For scripts that compare with other decoders.
 *
 *     decode_file [lenient] [gray|color|full|labels] FILE
 *
 * The EXIF orientation is left alone. Exit code 0 whether it decodes or not, 2 for wrong arguments. */
#include "edgel/image.h"
#include <stdio.h>
#include <string.h>

/* Largest resident memory of this process in KiB, or 0 where /proc does not tell. */
static long peak_memory_kib(void)
{
    long kib = 0;
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib;
}

static void write_row(struct edgel_view v, int y)
{
    const unsigned char *row = (const unsigned char *)v.data + y * v.stride;
    size_t n = (size_t)v.w * (size_t)v.channels;
    if (v.type != EDGEL_U16) {
        fwrite(row, edgel_type_size(v.type), n, stdout);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t s;
        memcpy(&s, row + 2 * i, 2);
        putchar(s >> 8);
        putchar(s & 255);
    }
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = { "gray", "color", "full", "labels" };
    struct edgel_read params;
    edgel_read_init(&params);
    struct edgel_image img = { 0 };
    struct edgel_info info = { 0 };
    struct edgel_error err = { 0 };
    int i = 1;
    params.orient = false;
    if (i < argc - 1 && strcmp(argv[i], "lenient") == 0) {
        params.lenient = true;
        i++;
    }
    for (int k = 0; i < argc - 1 && k < 4; k++)
        if (strcmp(argv[i], kinds[k]) == 0) {
            params.decode = (enum edgel_decode)k;
            i++;
            break;
        }
    if (i != argc - 1)
        return 2;
    enum edgel_status st = edgel_image_read(argv[i], &params, &img, &info, &err);
    printf("status %d\nformat %d\nstored %dx%d\nstored_channels %d\nbits %d\nindexed %d\norientation %d\n",
           st, info.format, info.w, info.h, info.channels, info.bits, info.indexed, info.orientation);
    printf("w %d\nh %d\nchannels %d\ntype %d\nremark %s\ndamage %s\nerror %s\npeak_kib %ld\n\n", img.w, img.h,
           img.channels, img.type, info.remark, info.damage, err.msg, peak_memory_kib());
    for (int y = 0; y < img.h; y++)
        write_row(edgel_image_view(&img), y);
    edgel_image_finish(&img);
    return fflush(stdout) != 0;
}
