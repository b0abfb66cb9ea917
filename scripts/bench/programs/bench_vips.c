/* libvips for scripts/bench/bench.py:
 *     bench_vips                             answers lines (see loop.h)
 *     bench_vips files THREADS OUT IMAGE...  OUT/STEM.png: gray decode, vips_canny of sigma 1.4, PNG
 * Its operators are others (no thresholds, no hysteresis): times can be compared, pixels cannot. */
#include "loop.h"
#include <vips/vips.h>

/* Into memory; the result of the last run is kept until the next. */
static void *held;

static int operate(const char *op, double sigma, VipsImage *in, VipsImage **out)
{
    if (strcmp(op, "canny") == 0)
        return vips_canny(in, out, "sigma", sigma, "precision", VIPS_PRECISION_INTEGER, NULL);
    if (strcmp(op, "gaussian") == 0)
        return vips_gaussblur(in, out, sigma, NULL);
    if (strcmp(op, "sobel") == 0)
        return vips_sobel(in, out, NULL);
    return 1;
}

static int run(const struct bench_case *c, struct bench_result *result)
{
    VipsImage *out = NULL;
    size_t size;
    VipsImage *in =
        vips_image_new_from_memory(c->pixels, (size_t)c->w * (size_t)c->h, c->w, c->h, 1, VIPS_FORMAT_UCHAR);
    g_free(held);
    held = NULL;
    vips_concurrency_set(c->threads);
    if (operate(c->operation, c->sigma, in, &out) == 0)
        held = vips_image_write_to_memory(out, &size);
    *result = (struct bench_result){ held, c->w };
    if (out)
        g_object_unref(out);
    g_object_unref(in);
    return held ? 0 : 1;
}

static int file(const char *from, const char *to)
{
    VipsImage *in = vips_image_new_from_file(from, "access", VIPS_ACCESS_SEQUENTIAL, NULL), *gray = NULL,
              *out = NULL;
    char path[4096];
    const char *slash = strrchr(from, '/'), *stem = slash ? slash + 1 : from;
    snprintf(path, sizeof path, "%s/%.*s.png", to, (int)strcspn(stem, "."), stem);
    const int bad = !in || vips_colourspace(in, &gray, VIPS_INTERPRETATION_B_W, NULL) ||
                    operate("canny", 1.4, gray, &out) || vips_image_write_to_file(out, path, NULL);
    if (out)
        g_object_unref(out);
    if (gray)
        g_object_unref(gray);
    if (in)
        g_object_unref(in);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = 0;
    if (VIPS_INIT(argv[0]))
        return 1;
    vips_cache_set_max(0);
    if (argc < 5 || strcmp(argv[1], "files") != 0)
        bad = bench_serve("libvips", vips_version_string(), run);
    else
        vips_concurrency_set(atoi(argv[2]));
    for (int i = 4; i < argc; i++)
        bad |= file(argv[i], argv[3]);
    vips_shutdown();
    return bad;
}
