/* Writing: files that appear whole or not at all, and images that come back as they were. */
#define _XOPEN_SOURCE 700 /* symlink, dup2, setrlimit */
#include "core/core_priv.h"
#include "edgel/image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a folder of our own --- */

static char folder[] = "/tmp/edgel-output-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int files_in(const char *path)
{
    int n = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

static void holds(const char *path, const char *text)
{
    struct edgel_bytes b = { 0 };
    assert_int_equal(edgel_bytes_read(path, &b, NULL), EDGEL_OK);
    assert_int_equal(b.size, strlen(text));
    assert_memory_equal(b.data, text, b.size);
    edgel_bytes_finish(&b);
}

static void write_text(const char *path, const char *text)
{
    struct edgel_output *o;
    struct edgel_error e = { 0 };
    if (edgel_output_begin(path, &o, &e) != EDGEL_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(edgel_output_write(o, text, strlen(text), NULL), EDGEL_OK);
    assert_int_equal(edgel_output_commit(&o, NULL), EDGEL_OK);
    assert_null(o);
}

/* --- atomic output --- */

static void a_file_appears_with_commit(void **state)
{
    (void)state;
    struct edgel_output *o;
    const char *path = in_folder("a");
    assert_int_equal(edgel_output_begin(path, &o, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_write(o, "abc", 3, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_flush(o, NULL), EDGEL_OK);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(edgel_output_commit(&o, NULL), EDGEL_OK);
    holds(path, "abc");
    assert_int_equal(files_in(folder), 1);

    assert_int_equal(edgel_output_begin(path, &o, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_write(o, "new", 3, NULL), EDGEL_OK);
    edgel_output_discard(&o);
    assert_null(o);
    edgel_output_discard(&o);
    holds(path, "abc");
    assert_int_equal(files_in(folder), 1);
    write_text(path, "overwritten");
    holds(path, "overwritten");
    unlink(path);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void large_outputs_arrive_whole(void **state)
{
    (void)state;
    enum { SIZE = 1000003 };
    struct edgel_output *o;
    struct edgel_bytes b = { 0 };
    const char *path = in_folder("large");
    char *data = malloc(SIZE);
    assert_non_null(data);
    for (int i = 0; i < SIZE; i++)
        data[i] = (char)(i * 7 + i / 1000);
    assert_int_equal(edgel_output_begin(path, &o, NULL), EDGEL_OK);
    for (size_t at = 0, n = 0; at < SIZE; at += n) {
        n = (at * 31 + 1) % 150000;
        n = n < SIZE - at ? n : SIZE - at;
        assert_int_equal(edgel_output_write(o, data + at, n, NULL), EDGEL_OK);
        n = n ? n : (assert_int_equal(edgel_output_write(o, data + at, 1, NULL), EDGEL_OK), 1);
    }
    assert_int_equal(edgel_output_commit(&o, NULL), EDGEL_OK);
    assert_int_equal(edgel_bytes_read(path, &b, NULL), EDGEL_OK);
    assert_int_equal(b.size, SIZE);
    assert_memory_equal(b.data, data, SIZE);
    edgel_bytes_finish(&b);
    free(data);
    unlink(path);
}

static void folders_are_made_and_modes_kept(void **state)
{
    (void)state;
    struct stat s;
    mode_t old = umask(027);
    write_text(in_folder("x/y//z/file"), "1");
    umask(old);
    assert_int_equal(stat(in_folder("x/y/z/file"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0640);
    assert_int_equal(stat(in_folder("x/y"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0750);
    unlink(in_folder("x/y/z/file"));
    rmdir(in_folder("x/y/z"));
    rmdir(in_folder("x/y"));
    rmdir(in_folder("x"));
}

static void the_longest_name_works(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    write_text(in_folder(name), "long");
    holds(in_folder(name), "long");
    unlink(in_folder(name));
}

static void a_link_means_its_target(void **state)
{
    (void)state;
    struct stat s;
    write_text(in_folder("target"), "old");
    assert_int_equal(symlink("target", in_folder("link")), 0);
    write_text(in_folder("link"), "new");
    assert_int_equal(lstat(in_folder("link"), &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    holds(in_folder("target"), "new");
    unlink(in_folder("link"));
    unlink(in_folder("target"));
    assert_int_equal(files_in(folder), 0);
}

static void devices_are_written_not_replaced(void **state)
{
    (void)state;
    struct stat s;
    struct edgel_output *o;
    struct edgel_error e = { 0 };
    write_text("/dev/null", "gone");
    assert_int_equal(stat("/dev/null", &s), 0);
    assert_true(S_ISCHR(s.st_mode));
    assert_int_equal(edgel_output_begin("/dev/full", &o, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_write(o, "a", 1, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_commit(&o, &e), EDGEL_EIO);
    assert_null(o);
    assert_string_equal(e.msg, "/dev/full: cannot write: No space left on device");
    assert_int_equal(edgel_alloc_live(), 0);
}

/* A file size limit stands for a full disk. */
/* In a process of its own: nothing can be begun in it afterwards. */
static void a_program_that_ends_at_once_leaves_nothing(void **state)
{
    (void)state;
    int status;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct edgel_output *a, *b, *c;
        const bool begun = edgel_output_begin(in_folder("a"), &a, NULL) == EDGEL_OK &&
                           edgel_output_begin(in_folder("sub/b"), &b, NULL) == EDGEL_OK;
        edgel_outputs_abandon();
        const bool refused = edgel_output_begin(in_folder("c"), &c, NULL) == EDGEL_EIO && !c;
        _exit(begun && refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(files_in(in_folder("sub")), 0);
    assert_int_equal(rmdir(in_folder("sub")), 0);
    assert_int_equal(files_in(folder), 0);
}

static void a_failed_write_leaves_nothing(void **state)
{
    (void)state;
    struct rlimit old, small;
    static uint8_t pixels[400][400];
    struct edgel_view v = { pixels, 400, 400, 1, EDGEL_U8, 400 };
    struct edgel_write p = { .format = EDGEL_FORMAT_PNM };
    struct edgel_error e = { 0 };
    write_text(in_folder("out.pgm"), "old");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 70000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum edgel_status st = edgel_image_write(in_folder("out.pgm"), v, &p, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(st, EDGEL_EIO);
    assert_non_null(strstr(e.msg, "out.pgm: cannot write: File too large"));
    assert_int_equal(files_in(folder), 1);
    holds(in_folder("out.pgm"), "old");
    unlink(in_folder("out.pgm"));
    assert_int_equal(edgel_alloc_live(), 0);
}

static void places_that_cannot_be_written_are_told(void **state)
{
    (void)state;
    struct edgel_output *o;
    struct edgel_error e = { 0 };
    assert_int_equal(edgel_output_begin(folder, &o, &e), EDGEL_EIO);
    assert_null(o);
    assert_non_null(strstr(e.msg, "is a folder"));
    assert_int_equal(edgel_output_begin("/proc/none/x.png", &o, NULL), EDGEL_EIO);
    assert_int_equal(edgel_output_begin("/dev/null/x.png", &o, NULL), EDGEL_EIO);
    assert_int_equal(edgel_output_begin("", &o, NULL), EDGEL_EIO);
    assert_int_equal(edgel_output_begin(in_folder("new/"), &o, NULL), EDGEL_EIO);
    assert_int_equal(files_in(folder), 0);
    assert_null(o);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void minus_is_standard_output(void **state)
{
    (void)state;
    int saved, fd = open(in_folder("stdout"), O_WRONLY | O_CREAT, 0600);
    fflush(stdout);
    saved = dup(1);
    assert_true(fd >= 0 && saved >= 0);
    dup2(fd, 1);
    struct edgel_output *o;
    enum edgel_status begun = edgel_output_begin("-", &o, NULL);
    enum edgel_status written = edgel_output_write(o, "abc", 3, NULL), flushed = edgel_output_flush(o, NULL);
    off_t after_flush = lseek(fd, 0, SEEK_CUR);
    enum edgel_status more = edgel_output_write(o, "def", 3, NULL), done = edgel_output_commit(&o, NULL);
    dup2(saved, 1); /* still open: commit does not close it */
    close(saved);
    close(fd);
    assert_int_equal(begun | written | flushed | more | done, EDGEL_OK);
    assert_int_equal(after_flush, 3);
    holds(in_folder("stdout"), "abcdef");
    unlink(in_folder("stdout"));
    assert_int_equal(files_in(folder), 0);
}

/* --- images --- */

struct kind {
    enum edgel_format format;
    enum edgel_type type;
    int channels, bits;
    bool palette;
    const char *name;
};

static const struct kind kinds[] = {
    { EDGEL_FORMAT_PNG, EDGEL_U8, 1, 1, false, "1.png" },
    { EDGEL_FORMAT_PNG, EDGEL_U8, 1, 8, false, "g.png" },
    { EDGEL_FORMAT_PNG, EDGEL_U16, 1, 0, false, "w.png" },
    { EDGEL_FORMAT_PNG, EDGEL_U8, 3, 0, false, "c.png" },
    { EDGEL_FORMAT_PNG, EDGEL_U16, 3, 16, false, "v.png" },
    { EDGEL_FORMAT_PNG, EDGEL_U8, 1, 0, true, "p.png" },
    { EDGEL_FORMAT_PNM, EDGEL_U8, 1, 1, false, "1.pbm" },
    { EDGEL_FORMAT_PNG, EDGEL_U1, 1, 0, false, "p1.png" },
    { EDGEL_FORMAT_PNM, EDGEL_U1, 1, 1, false, "p1.pbm" },
    { EDGEL_FORMAT_PNM, EDGEL_U8, 1, 0, false, "g.pgm" },
    { EDGEL_FORMAT_PNM, EDGEL_U16, 1, 16, false, "w.pgm" },
    { EDGEL_FORMAT_PNM, EDGEL_U8, 3, 8, false, "c.ppm" },
    { EDGEL_FORMAT_PNM, EDGEL_U16, 3, 0, false, "v.ppm" },
    { EDGEL_FORMAT_PFM, EDGEL_F32, 1, 0, false, "g.pfm" },
    { EDGEL_FORMAT_PFM, EDGEL_F32, 3, 32, false, "c.pfm" },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static unsigned value(int x, int y, int c)
{
    unsigned v = (unsigned)(x * 40503 + y * 30011 + c * 777) * 2654435761u;
    return y % 3 == 0 ? 0 : v >> 16; /* rows of zeros too */
}

static void fill(struct edgel_image *img)
{
    if (img->type == EDGEL_U1) {
        memset(img->data, 0, (size_t)img->stride * (size_t)img->h);
        for (int y = 0; y < img->h; y++)
            for (int x = 0; x < img->w; x++)
                if (value(x, y, 0) & 1)
                    ((uint8_t *)img->data + y * img->stride)[x / 8] |= (uint8_t)(128 >> x % 8);
        return;
    }
    for (int y = 0; y < img->h; y++)
        for (int i = 0; i < img->w * img->channels; i++) {
            char *row = (char *)img->data + y * img->stride;
            unsigned v = value(i / img->channels, y, i % img->channels);
            if (img->type == EDGEL_U8)
                ((uint8_t *)row)[i] = (uint8_t)v;
            else if (img->type == EDGEL_U16)
                ((uint16_t *)(void *)row)[i] = (uint16_t)v;
            else
                ((float *)(void *)row)[i] = (float)v / 7 - 1000;
        }
}

static void same_rows(const struct edgel_image *a, const struct edgel_image *b, bool one_bit)
{
    assert_int_equal(a->w, b->w);
    assert_int_equal(a->h, b->h);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->type == EDGEL_U1 ? EDGEL_U8 : a->type, b->type);
    for (int y = 0; a->type == EDGEL_U1 && y < a->h; y++)
        for (int x = 0; x < a->w; x++)
            assert_int_equal(((uint8_t *)b->data + y * b->stride)[x], value(x, y, 0) & 1);
    size_t n = (size_t)a->w * (size_t)a->channels * edgel_type_size(a->type);
    for (int y = 0; y < a->h; y++) {
        const uint8_t *p = (uint8_t *)a->data + y * a->stride, *q = (uint8_t *)b->data + y * b->stride;
        for (size_t i = 0; i < n; i++)
            assert_int_equal(one_bit ? p[i] != 0 : p[i], q[i]);
    }
}

static void check_round_trip(const struct kind *k, int w, int h)
{
    struct edgel_image img = { 0 }, back = { 0 };
    struct edgel_palette palette;
    struct edgel_info info;
    struct edgel_error e = { 0 };
    struct edgel_read r;
    edgel_read_init(&r);
    struct edgel_write p = { .format = k->format, .bits = k->bits, .palette = k->palette ? &palette : NULL };
    const char *path = in_folder(k->name);
    edgel_palette_voc(&palette);
    r.decode = EDGEL_DECODE_LABELS;
    assert_int_equal(edgel_image_init(&img, w, h, k->channels, k->type, NULL), EDGEL_OK);
    fill(&img);
    if (edgel_image_write(path, edgel_image_view(&img), &p, &e) != EDGEL_OK ||
        edgel_image_read(path, &r, &back, &info, &e) != EDGEL_OK)
        fail_msg("%s: %s", k->name, e.msg);
    same_rows(&img, &back, k->bits == 1);
    assert_int_equal(info.format, edgel_format_of_name(path));
    assert_int_equal(info.bits, k->bits               ? k->bits
                                : k->type == EDGEL_U1 ? 1
                                                      : 8 * (int)edgel_type_size(k->type));
    assert_int_equal(info.indexed, k->palette);
    assert_string_equal(info.remark, "");
    r.decode = EDGEL_DECODE_COLOR;
    assert_int_equal(edgel_image_read(path, &r, &back, &info, NULL), EDGEL_OK);
    assert_int_equal(back.channels, k->palette ? 3 : k->channels);
    for (int x = 0; k->palette && x < w; x++)
        assert_memory_equal((uint8_t *)back.data + (h - 1) * back.stride + 3 * x,
                            palette.rgb[((uint8_t *)img.data)[(h - 1) * img.stride + x]], 3);
    unlink(path);
    edgel_image_finish(&img);
    edgel_image_finish(&back);
}

static void images_come_back_as_they_were(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        for (int w = 1; w <= 18; w++)
            check_round_trip(&kinds[k], w, 1 + w % 5);
        check_round_trip(&kinds[k], 701, 97);
    }
    assert_int_equal(files_in(folder), 0);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void bitmaps_have_the_bits_of_the_format(void **state)
{
    (void)state;
    const uint8_t pixels[2][10] = { { 0, 1, 255, 0, 0, 0, 0, 9, 0, 1 }, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } };
    struct edgel_view v = { pixels, 10, 2, 1, EDGEL_U8, 10 };
    struct edgel_write p = { .format = EDGEL_FORMAT_PNM, .bits = 1 };
    assert_int_equal(edgel_image_write(in_folder("a.pbm"), v, &p, NULL), EDGEL_OK);
    /* 1 is black: ~01100001 = 9e, ~01 and no more = 80; then none */
    struct edgel_bytes b = { 0 };
    assert_int_equal(edgel_bytes_read(in_folder("a.pbm"), &b, NULL), EDGEL_OK);
    assert_int_equal(b.size, 12);
    assert_memory_equal(b.data, "P4\n10 2\n\x9e\x80\0\0", 12);
    edgel_bytes_finish(&b);
    unlink(in_folder("a.pbm"));
}

static void same_pixels_same_bytes(void **state)
{
    (void)state;
    struct edgel_image img = { 0 };
    struct edgel_write p = { .format = EDGEL_FORMAT_PNG, .bits = 1 };
    struct edgel_bytes a = { 0 }, b = { 0 };
    assert_int_equal(edgel_image_init(&img, 333, 200, 1, EDGEL_U8, NULL), EDGEL_OK);
    fill(&img);
    assert_int_equal(edgel_image_write(in_folder("a.png"), edgel_image_view(&img), &p, NULL), EDGEL_OK);
    assert_int_equal(edgel_bytes_read(in_folder("a.png"), &a, NULL), EDGEL_OK);
    assert_int_equal(edgel_image_write(in_folder("a.png"), edgel_image_view(&img), &p, NULL), EDGEL_OK);
    assert_int_equal(edgel_bytes_read(in_folder("a.png"), &b, NULL), EDGEL_OK);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    edgel_bytes_finish(&a);
    edgel_bytes_finish(&b);
    edgel_image_finish(&img);
    unlink(in_folder("a.png"));
}

static void impossible_combinations_are_refused(void **state)
{
    (void)state;
    static const float pixels[64];
    struct edgel_palette palette;
    edgel_palette_voc(&palette);
    const struct {
        enum edgel_type type;
        int channels;
        struct edgel_write p;
    } bad[] = {
        { EDGEL_F32, 1, { .format = EDGEL_FORMAT_PNG } },
        { EDGEL_U8, 2, { .format = EDGEL_FORMAT_PNG } },
        { EDGEL_U8, 4, { .format = EDGEL_FORMAT_PNM } },
        { EDGEL_U16, 1, { .format = EDGEL_FORMAT_PNG, .bits = 8 } },
        { EDGEL_U16, 1, { .format = EDGEL_FORMAT_PNG, .bits = 1 } },
        { EDGEL_U8, 3, { .format = EDGEL_FORMAT_PNM, .bits = 1 } },
        { EDGEL_U1, 1, { .format = EDGEL_FORMAT_PNG, .bits = 8 } },
        { EDGEL_U1, 1, { .format = EDGEL_FORMAT_PFM } },
        { EDGEL_U1, 1, { .format = EDGEL_FORMAT_PNG, .palette = &palette } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_PFM } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_JPEG } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_NONE } },
        { EDGEL_U8, 3, { .format = EDGEL_FORMAT_PNG, .palette = &palette } },
        { EDGEL_U16, 1, { .format = EDGEL_FORMAT_PNG, .palette = &palette } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_PNG, .bits = 1, .palette = &palette } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_PNM, .palette = &palette } },
        { EDGEL_I32, 1, { .format = EDGEL_FORMAT_PNG } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_PNG, .tile = 16 } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_PNM, .bytes = 2 } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_TIFF, .tile = 24 } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_TIFF, .tile = -16 } },
        { EDGEL_U8, 1, { .format = EDGEL_FORMAT_TIFF, .tile = EDGEL_TILE_MAX + 16 } },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct edgel_view v = { pixels, 2, 2, bad[i].channels, bad[i].type, 64 };
        struct edgel_error e = { 0 };
        assert_int_equal(edgel_image_write(in_folder("bad"), v, &bad[i].p, &e), EDGEL_EINVAL);
        assert_string_not_equal(e.msg, "");
    }
    assert_int_equal(files_in(folder), 0);
}

static void failed_allocations_leave_nothing(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct edgel_image img = { 0 };
        struct edgel_palette palette;
        struct edgel_write p = { .format = kinds[k].format, .bits = kinds[k].bits };
        p.palette = kinds[k].palette ? &palette : NULL;
        enum edgel_status st = EDGEL_ENOMEM;
        edgel_palette_voc(&palette);
        assert_int_equal(edgel_image_init(&img, 20, 10, kinds[k].channels, kinds[k].type, NULL), EDGEL_OK);
        fill(&img);
        for (long fails = 0; st != EDGEL_OK; fails++) {
            struct edgel_error e = { 0 };
            assert_int_equal(files_in(folder), 0);
            edgel_alloc_fail_after(fails);
            st = edgel_image_write(in_folder(kinds[k].name), edgel_image_view(&img), &p, &e);
            edgel_alloc_fail_after(-1);
            assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
            if (st != EDGEL_OK) /* of a thousand files the reader must know which */
                assert_ptr_equal(strstr(e.msg, in_folder(kinds[k].name)), e.msg);
            assert_int_equal(edgel_alloc_live(), 1);
            assert_true(fails < 1000);
        }
        unlink(in_folder(kinds[k].name));
        edgel_image_finish(&img);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void voc_colours_are_the_known_ones(void **state)
{
    (void)state;
    static const uint8_t known[][4] = { { 0, 0, 0, 0 },        { 1, 128, 0, 0 },   { 2, 0, 128, 0 },
                                        { 3, 128, 128, 0 },    { 4, 0, 0, 128 },   { 8, 64, 0, 0 },
                                        { 15, 192, 128, 128 }, { 20, 0, 64, 128 }, { 255, 224, 224, 192 } };
    struct edgel_palette p;
    edgel_palette_voc(&p);
    assert_int_equal(p.count, 256);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_memory_equal(p.rgb[known[i][0]], known[i] + 1, 3);
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static enum edgel_status sync_three(struct edgel_sync **sync, struct edgel_output **out)
{
    static const char *const names[] = { "sync/a/1", "sync/b/2", "sync/a/3" };
    enum edgel_status s = edgel_sync_create(sync, NULL);
    for (int i = 0; i < 3 && s == EDGEL_OK; i++) {
        s = edgel_output_begin(in_folder(names[i]), &out[i], NULL);
        if (s == EDGEL_OK)
            s = edgel_output_write(out[i], names[i], strlen(names[i]), NULL);
        if (s == EDGEL_OK)
            s = edgel_sync_add(*sync, out[i], NULL);
    }
    if (s == EDGEL_OK)
        s = edgel_sync_bytes(*sync, NULL);
    for (int i = 0; i < 3 && s == EDGEL_OK; i++) {
        assert_int_not_equal(access(in_folder(names[i]), F_OK), 0); /* only with commit */
        s = edgel_output_commit(&out[i], NULL);
    }
    return s == EDGEL_OK ? edgel_sync_names(*sync, NULL) : s;
}

static void groups_are_synced_or_nothing_is_left(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        struct edgel_sync *sync = NULL;
        struct edgel_output *out[3] = { NULL };
        edgel_alloc_fail_after(n);
        enum edgel_status s = sync_three(&sync, out);
        edgel_alloc_fail_after(-1);
        for (int i = 0; i < 3; i++)
            edgel_output_discard(&out[i]);
        edgel_sync_destroy(&sync);
        assert_null(sync);
        assert_int_equal(edgel_alloc_live(), 0);
        assert_int_equal(access(in_folder("sync/a/3"), F_OK) == 0, s == EDGEL_OK);
        if (s == EDGEL_OK)
            break;
        assert_int_equal(s, EDGEL_ENOMEM);
    }
    assert_int_equal(files_in(in_folder("sync/a")), 2);
    unlink(in_folder("sync/a/1"));
    unlink(in_folder("sync/b/2"));
    unlink(in_folder("sync/a/3"));
    rmdir(in_folder("sync/a"));
    rmdir(in_folder("sync/b"));
    rmdir(in_folder("sync"));
}

/* --- an output folder that is held --- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void remove_tree(const char *name)
{
    assert_int_equal(nftw(in_folder(name), remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static enum edgel_status begin_below(struct edgel_output_folder *f, const char *below, const char *text)
{
    struct edgel_output *o;
    struct edgel_error e = { 0 };
    enum edgel_status s = edgel_output_folder_begin(f, below, &o, &e);
    if (s == EDGEL_OK) {
        assert_int_equal(edgel_output_write(o, text, strlen(text), NULL), EDGEL_OK);
        s = edgel_output_commit(&o, NULL);
    } else {
        assert_null(o);
        assert_int_equal(e.code, s);
    }
    return s;
}

static void nothing_leaves_an_output_folder(void **state)
{
    (void)state;
    struct edgel_output_folder *f;
    struct edgel_output *late;
    mkdir(in_folder("outside"), 0777);
    write_text(in_folder("outside/keep"), "keep");
    mkdir(in_folder("real"), 0777);
    assert_int_equal(symlink("real", in_folder("held")), 0); /* of itself a link: resolved once */
    assert_int_equal(symlink("../outside/keep", in_folder("real/a")), 0);
    assert_int_equal(symlink("../outside", in_folder("real/sub")), 0);
    assert_int_equal(symlink("nowhere", in_folder("real/dangling")), 0);
    assert_int_equal(edgel_output_folder_open(in_folder("held"), false, &f, NULL), EDGEL_OK);
    assert_int_equal(begin_below(f, "a", "1"), EDGEL_OK);
    assert_int_equal(begin_below(f, "dangling", "2"), EDGEL_OK);
    assert_int_equal(begin_below(f, "sub/b", "3"), EDGEL_EIO);
    assert_int_equal(begin_below(f, "x/y/z", "4"), EDGEL_OK);
    const char *bad[] = { "", "/x", "..", "x/../../y", "x//y", "./x", "x/", "x/.", NULL };
    for (int k = 0; bad[k]; k++)
        assert_int_equal(begin_below(f, bad[k], "5"), EDGEL_EINVAL);
    /* The folder's name, and that of one below it, are given away while an output is being written. */
    assert_int_equal(edgel_output_folder_begin(f, "x/y/late", &late, NULL), EDGEL_OK);
    assert_int_equal(rename(in_folder("real"), in_folder("moved")), 0);
    assert_int_equal(symlink("outside", in_folder("real")), 0);
    assert_int_equal(rename(in_folder("moved/x/y"), in_folder("moved/x/yy")), 0);
    assert_int_equal(symlink("../../outside", in_folder("moved/x/y")), 0);
    assert_int_equal(edgel_output_write(late, "late", 4, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_commit(&late, NULL), EDGEL_OK);
    assert_int_equal(begin_below(f, "more/z", "6"), EDGEL_OK);
    edgel_output_folder_close(&f);
    assert_null(f);
    assert_int_equal(files_in(in_folder("outside")), 1);
    holds(in_folder("outside/keep"), "keep");
    holds(in_folder("moved/a"), "1");
    holds(in_folder("moved/dangling"), "2");
    holds(in_folder("moved/x/yy/z"), "4");
    holds(in_folder("moved/x/yy/late"), "late");
    holds(in_folder("moved/more/z"), "6");
    assert_int_equal(edgel_alloc_live(), 0);
    /* Links are followed when that is asked for. */
    assert_int_equal(edgel_output_folder_open(in_folder("moved"), true, &f, NULL), EDGEL_OK);
    assert_int_equal(begin_below(f, "sub/b", "7"), EDGEL_OK);
    edgel_output_folder_close(&f);
    holds(in_folder("outside/b"), "7");
    /* What was made for nothing goes. */
    assert_int_equal(edgel_output_folder_open(in_folder("new/er"), false, &f, NULL), EDGEL_OK);
    edgel_output_folder_close(&f);
    assert_int_not_equal(access(in_folder("new"), F_OK), 0);
    assert_int_equal(edgel_output_folder_open(in_folder("moved/a"), false, &f, NULL), EDGEL_EIO);
    assert_null(f);
    remove_tree("moved");
    remove_tree("outside");
    remove_tree("held");
    remove_tree("real");
}

/* More folders than are kept open, by turns: each output is in its own. */
static void many_folders_by_turns(void **state)
{
    (void)state;
    struct edgel_output_folder *f;
    char below[64], path[128];
    assert_int_equal(edgel_output_folder_open(in_folder("turns"), false, &f, NULL), EDGEL_OK);
    for (int k = 0; k < 200; k++) {
        snprintf(below, sizeof below, "d%d/e%d/f%d", k * 7 % 40, k % 3, k);
        assert_int_equal(begin_below(f, below, below), EDGEL_OK);
    }
    edgel_output_folder_close(&f);
    for (int k = 0; k < 200; k++) {
        snprintf(below, sizeof below, "d%d/e%d/f%d", k * 7 % 40, k % 3, k);
        snprintf(path, sizeof path, "turns/%s", below);
        holds(in_folder(path), below);
    }
    remove_tree("turns");
    assert_int_equal(edgel_alloc_live(), 0);
}

static void an_output_folder_survives_failed_allocations(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        struct edgel_output_folder *f = NULL;
        edgel_alloc_fail_after(n);
        enum edgel_status s = edgel_output_folder_open(in_folder("few/a"), false, &f, NULL);
        if (s == EDGEL_OK)
            s = begin_below(f, "b/c", "c");
        edgel_output_folder_close(&f);
        edgel_alloc_fail_after(-1);
        assert_int_equal(edgel_alloc_live(), 0);
        if (s == EDGEL_OK)
            break;
        assert_int_equal(s, EDGEL_ENOMEM);
        assert_int_not_equal(access(in_folder("few/a/b/c"), F_OK), 0);
    }
    holds(in_folder("few/a/b/c"), "c");
    remove_tree("few");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_appears_with_commit),
        cmocka_unit_test(large_outputs_arrive_whole),
        cmocka_unit_test(folders_are_made_and_modes_kept),
        cmocka_unit_test(the_longest_name_works),
        cmocka_unit_test(a_link_means_its_target),
        cmocka_unit_test(devices_are_written_not_replaced),
        cmocka_unit_test(a_program_that_ends_at_once_leaves_nothing),
        cmocka_unit_test(a_failed_write_leaves_nothing),
        cmocka_unit_test(places_that_cannot_be_written_are_told),
        cmocka_unit_test(minus_is_standard_output),
        cmocka_unit_test(images_come_back_as_they_were),
        cmocka_unit_test(bitmaps_have_the_bits_of_the_format),
        cmocka_unit_test(same_pixels_same_bytes),
        cmocka_unit_test(impossible_combinations_are_refused),
        cmocka_unit_test(failed_allocations_leave_nothing),
        cmocka_unit_test(groups_are_synced_or_nothing_is_left),
        cmocka_unit_test(nothing_leaves_an_output_folder),
        cmocka_unit_test(many_folders_by_turns),
        cmocka_unit_test(an_output_folder_survives_failed_allocations),
        cmocka_unit_test(voc_colours_are_the_known_ones),
    };
    return cmocka_run_group_tests_name("output", tests, make_folder, remove_folder);
}
