/* Results stored from OpenCV (tests/golden/opencv_canny.txt; scripts/makers/make_goldens.py made it and says what its
 * records mean), held against edgel's: every sample has to agree. */
#include "core/core_priv.h"
#include "edgel/filter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct edgel_error err;
static char line[1 << 14];
static FILE *goldens;

static const char *next_line(void)
{
    do {
        if (!fgets(line, sizeof line, goldens))
            return NULL;
    } while (line[0] == '#' && line[1] == ' ');
    line[strcspn(line, "\n")] = 0;
    return line;
}

static int hex_byte(const char *s)
{
    char two[3] = { s[0], s[1], 0 };
    return (int)strtol(two, NULL, 16);
}

static struct edgel_image read_image(int w, int h, int c)
{
    struct edgel_image img = { 0 };
    assert_int_equal(edgel_image_init(&img, w, h, c, EDGEL_U8, &err), EDGEL_OK);
    for (int y = 0; y < h; y++) {
        const char *s = next_line();
        assert_int_equal(strlen(s), 2 * w * c);
        for (int i = 0; i < w * c; i++)
            ((uint8_t *)img.data)[y * img.stride + i] = (uint8_t)hex_byte(s + 2 * i);
    }
    return img;
}

static int wrong_samples(const struct edgel_image *a, const struct edgel_image *b)
{
    int wrong = 0;
    for (int y = 0; y < a->h; y++)
        for (int i = 0; i < a->w * a->channels; i++)
            wrong += ((uint8_t *)a->data)[y * a->stride + i] != ((uint8_t *)b->data)[y * b->stride + i];
    return wrong;
}

static void check_gaussian(const struct edgel_image *img, double sigma, int ksize)
{
    struct edgel_image want = read_image(img->w, img->h, img->channels), got = { 0 };
    assert_int_equal(edgel_gaussian(NULL, edgel_image_view(img), &got, sigma, ksize, &err), EDGEL_OK);
    assert_int_equal(wrong_samples(&want, &got), 0);
    edgel_image_finish(&want);
    edgel_image_finish(&got);
}

static int wrong_numbers(const struct edgel_image *img)
{
    int wrong = 0;
    for (int y = 0; y < img->h; y++) {
        char *s = (char *)next_line();
        const int32_t *row = (const int32_t *)((const char *)img->data + y * img->stride);
        for (int i = 0; i < img->w * img->channels; i++)
            wrong += strtol(s, &s, 10) != row[i];
    }
    return wrong;
}

static void check_gradient(const struct edgel_image *img, enum edgel_operator op, int aperture)
{
    struct edgel_image gx = { 0 }, gy = { 0 };
    assert_int_equal(edgel_gradient(NULL, edgel_image_view(img), op, aperture, &gx, &gy, &err), EDGEL_OK);
    assert_int_equal(wrong_numbers(&gx), 0);
    assert_int_equal(wrong_numbers(&gy), 0);
    edgel_image_finish(&gx);
    edgel_image_finish(&gy);
}

static void check_canny(const struct edgel_image *img, const struct edgel_canny_params *params)
{
    struct edgel_image got = { 0 };
    assert_int_equal(edgel_canny(NULL, edgel_image_view(img), params, &got, NULL, &err), EDGEL_OK);
    int wrong = 0;
    for (int y = 0; y < img->h; y++) {
        const char *s = next_line();
        assert_int_equal(strlen(s), img->w);
        for (int x = 0; x < img->w; x++)
            wrong += ((uint8_t *)got.data)[y * got.stride + x] != (s[x] == '#' ? 255 : 0);
    }
    assert_int_equal(wrong, 0);
    edgel_image_finish(&got);
}

static void stored_results_agree(void **state)
{
    (void)state;
    int images = 0, gaussians = 0, gradients = 0, cannies = 0;
    struct edgel_image img = { 0 };
    while (next_line()) {
        char head[64];
        snprintf(head, sizeof head, "%.63s", line);
        int w, h, c, aperture, norm, ksize;
        double low, high, sigma;
        if (sscanf(head, "image %d %d %d", &w, &h, &c) == 3) {
            edgel_image_finish(&img);
            img = read_image(w, h, c);
            images++;
        } else if (sscanf(head, "gaussian %lf %d", &sigma, &ksize) == 2) {
            check_gaussian(&img, sigma, ksize);
            gaussians++;
        } else if (sscanf(head, "sobel %d", &aperture) == 1) {
            check_gradient(&img, EDGEL_SOBEL, aperture);
            gradients++;
        } else if (strcmp(head, "scharr") == 0) {
            check_gradient(&img, EDGEL_SCHARR, 3);
            gradients++;
        } else if (sscanf(head, "canny %lf %lf %d %d", &low, &high, &aperture, &norm) == 4) {
            check_canny(&img, &(struct edgel_canny_params){ aperture,
                                                            norm == 2 ? EDGEL_NORM_L2 : EDGEL_NORM_L1,
                                                            { EDGEL_THRESHOLD_VALUE, low },
                                                            { EDGEL_THRESHOLD_VALUE, high },
                                                            EDGEL_NMS_SECTOR });
            cannies++;
        } else {
            fail_msg("unknown record: %s", head);
        }
    }
    edgel_image_finish(&img);
    assert_int_equal(images, 8);
    assert_int_equal(gaussians, 8 * 8);
    assert_int_equal(gradients, 4 * 7);
    assert_int_equal(cannies, 9 * 8);
}

int main(void)
{
    const char *source = getenv("EDGEL_SOURCE");
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/golden/opencv_canny.txt", source ? source : ".");
    goldens = fopen(path, "r");
    if (!goldens) {
        fprintf(stderr, "cannot open %s; EDGEL_SOURCE names the root of the project\n", path);
        return 1;
    }
    const struct CMUnitTest tests[] = { cmocka_unit_test(stored_results_agree) };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fclose(goldens);
    return failed;
}
