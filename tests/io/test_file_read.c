/* Files that are larger than their kind can be: sparse ones, which take no room on the disk. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "io/io_priv.h"
#include "tree.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define GB ((off_t)1 << 30)
#define MB ((off_t)1 << 20)

/* A file that begins with the text and has so many bytes. */
static void put(const char *path, const char *head, size_t n, off_t size)
{
    const int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
    assert_true(fd >= 0 && write(fd, head, n) == (ssize_t)n && ftruncate(fd, size) == 0);
    close(fd);
}

/* What is read of it: the status, the bytes, and a text that the message holds. */
static void check(const char *path, enum edgel_file_kind kind, uint64_t most, enum edgel_status wanted,
                  size_t n, const char *text)
{
    struct edgel_bytes bytes = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_limits limits;
    edgel_limits_init(&limits);
    limits.max_file_bytes = most;
    assert_int_equal(edgel_file_read(path, kind, &limits, &bytes, &err), wanted);
    assert_int_equal(bytes.size, n);
    assert_true(bytes.capacity <= n + 1);
    if (text && !strstr(err.msg, text))
        fail_msg("%s\nlacks\n%s", err.msg, text);
    edgel_bytes_finish(&bytes);
}

static void a_ceiling_for_each_kind(void **state)
{
    static const char pgm[] = "P5 16 16 255\n", huge[] = "P5 90000 90000 255\n";
    static const char mat[128] = "MATLAB 5.0 MAT-file";
    static const char model[] = "\x60\0\0\0\0\0\0\0{";
    char version5[128];
    (void)state;
    memcpy(version5, mat, sizeof mat);
    memcpy(version5 + 124, "\0\1IM", 4);
    put("zeros", "", 0, 20 * GB);
    check("zeros", EDGEL_FILE_IMAGE, 0, EDGEL_OK, 65536, NULL); /* enough to be refused */
    check("zeros", EDGEL_FILE_MODEL, 0, EDGEL_OK, 1 << 24, NULL);
    check("zeros", EDGEL_FILE_TRAINING, 0, EDGEL_OK, 1 << 24, NULL);
    check("zeros", EDGEL_FILE_TEXT, 0, EDGEL_ELIMIT, 0,
          "zeros: 21474836480 bytes, over the limit of 16777216 for a text (max_file_bytes)");
    put("a.pgm", pgm, strlen(pgm), 3 * GB);
    check(
        "a.pgm", EDGEL_FILE_IMAGE, 0, EDGEL_ELIMIT, 0,
        "a.pgm: 3221225472 bytes, over the limit of 67112960 for an image of 16x16 pixels (max_file_bytes)");
    put("h.pgm", huge, strlen(huge), 9 * GB);
    check("h.pgm", EDGEL_FILE_IMAGE, 0, EDGEL_ELIMIT, 0,
          "8100000000 pixels, over the limit of 268435456 (max_pixels)");
    put("a.mat", version5, sizeof version5, 3 * GB);
    check("a.mat", EDGEL_FILE_IMAGE, 0, EDGEL_ELIMIT, 0, "over the limit of 2214592512 for a MAT file");
    put("a.safetensors", model, sizeof model - 1, 3 * GB);
    check("a.safetensors", EDGEL_FILE_MODEL, 0, EDGEL_ELIMIT, 0, "over the limit of 1140850688 for a model");
    put("a.safetensors", model, sizeof model - 1, 20 * GB);
    check("a.safetensors", EDGEL_FILE_TRAINING, 0, EDGEL_ELIMIT, 0, "for the state of a training");
}

static void another_ceiling_stands_for_all(void **state)
{
    static const char pgm[] = "P5 16 16 255\n";
    (void)state;
    put("a.pgm", pgm, strlen(pgm), 70 * MB);
    check("a.pgm", EDGEL_FILE_IMAGE, 0, EDGEL_ELIMIT, 0, "over the limit of 67112960");
    check("a.pgm", EDGEL_FILE_IMAGE, (uint64_t)(70 * MB), EDGEL_OK, (size_t)(70 * MB), NULL);
    put("a.pgm", pgm, strlen(pgm), 1000);
    check("a.pgm", EDGEL_FILE_IMAGE, 1000, EDGEL_OK, 1000, NULL);
    check("a.pgm", EDGEL_FILE_IMAGE, 999, EDGEL_ELIMIT, 0, "1000 bytes, over the limit of 999 for an image");
    check("a.pgm", EDGEL_FILE_TEXT, 999, EDGEL_ELIMIT, 0, "for a text");
    check("a.pgm", EDGEL_FILE_TEXT + 1, 0, EDGEL_EINVAL, 0, "kind of file 4: unknown");
}

/* The header of a large file is read by the limits that were given, and its damage is an error at once. */
static void the_header_of_a_large_file_is_checked(void **state)
{
    static const char odd[] = "P5 16 0 255\n";
    struct edgel_image image = { 0 };
    struct edgel_read params;
    struct edgel_error err = { 0 };
    (void)state;
    edgel_read_init(&params);
    tree_put("a.pgm", odd);
    assert_int_equal(truncate("a.pgm", 3 * GB), 0);
    assert_int_equal(edgel_image_read("a.pgm", &params, &image, NULL, &err), EDGEL_EFORMAT);
    edgel_error_clear(&err);
    put("zeros.png", "", 0, 3 * GB);
    assert_int_equal(edgel_image_read("zeros.png", &params, &image, NULL, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "zeros.png: not a PNG"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { TREE_TEST(a_ceiling_for_each_kind),
                                        TREE_TEST(another_ceiling_stands_for_all),
                                        TREE_TEST(the_header_of_a_large_file_is_checked) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
