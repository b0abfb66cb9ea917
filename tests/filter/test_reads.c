/* Nothing is read or written beside what is there: images, and the rows of each kernel, end or begin where memory does,
 * so that a byte too far ends the test. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "filter/filter_priv.h"
#include "filter_twin.h"
#include "methods.h"
#include <sys/mman.h>
#include <unistd.h>

/* --- memory between pages that cannot be touched --- */

enum { AREAS = 40, AREA = 1 << 15 };
static char *areas[AREAS];
static int taken;
static bool at_start; /* of its area lies what is taken, or else at its end */

static int map_areas(void **state)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (AREA + page - 1) / page * page;
    (void)state;
    for (int i = 0; i < AREAS; i++) {
        char *p = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(p + page, size, PROT_READ | PROT_WRITE) != 0)
            return -1;
        areas[i] = p + page + size - AREA; /* begins with a page where these are no larger than it */
    }
    return 0;
}

/* Random bytes: before + n samples, of which the one at `before` is returned. */
static void *take(size_t size, int before, int n)
{
    const size_t bytes = size * (size_t)(before + n);
    assert_true(taken < AREAS && bytes <= AREA);
    char *p = areas[taken++] + (at_start ? 0 : AREA - bytes);
    for (size_t i = 0; i < bytes; i++)
        p[i] = (char)rnd();
    return p + size * (size_t)before;
}

/* --- operations --- */

/* The pixels of img in rows without a gap, the last sample at the end of memory or the first at its beginning; from the
 * last row to the first if upwards. */
static struct edgel_view tight(const struct edgel_image *img, bool upwards)
{
    const size_t row = edgel_type_size(img->type) * (size_t)(img->w * img->channels);
    struct edgel_view v = edgel_image_view(img);
    taken = 0;
    char *p = take(row, 0, img->h);
    v.stride = upwards ? -(ptrdiff_t)row : (ptrdiff_t)row;
    v.data = upwards ? p + row * (size_t)(img->h - 1) : p;
    for (int y = 0; y < img->h; y++)
        memcpy((char *)(uintptr_t)v.data + y * v.stride, (const char *)img->data + y * img->stride, row);
    return v;
}

static struct edgel_method any_method(int i, bool channels)
{
    static const double sigmas[] = { 0, 0.5, 0.8, 1.4, 2.5 };
    struct edgel_method m = method_at(i);
    ask_choice(&m, "gray", channels);
    ask_choice(&m, "aperture", rnd() % 3);
    ask_choice(&m, "norm", rnd() % 2);
    if (rnd() % 2 || is_method(&m, "gaussian"))
        ask_number(&m, "ksize", 1 + 2 * (int)(rnd() % 8));
    ask_number(&m, "sigma", sigmas[rnd() % 5]);
    return m;
}

static void check_view(const struct edgel_image *img, struct edgel_view in, struct edgel_scratch *scratch)
{
    struct edgel_image a[2] = { 0 }, b[2] = { 0 };
    const struct edgel_view roomy = edgel_image_view(img);
    for (int op = 0; op < 4; op++) {
        const int aperture = 3 + 2 * (int)(rnd() % 3);
        assert_int_equal(edgel_gradient(scratch, in, (enum edgel_operator)op, aperture, &a[0], &a[1], NULL),
                         EDGEL_OK);
        assert_int_equal(
            edgel_gradient(scratch, roomy, (enum edgel_operator)op, aperture, &b[0], &b[1], NULL), EDGEL_OK);
        assert_same_image(&a[0], &b[0]);
        assert_same_image(&a[1], &b[1]);
    }
    for (int i = 0; i < edgel_method_count(); i++) {
        const struct edgel_method m = any_method(i, img->channels > 1);
        int bits;
        if (!is_method(&m, "gaussian") && img->channels != 1 && img->channels != 3)
            continue;
        assert_int_equal(edgel_method_run(scratch, in, &m, &a[0], &bits, NULL), EDGEL_OK);
        assert_int_equal(edgel_method_run(scratch, roomy, &m, &b[0], &bits, NULL), EDGEL_OK);
        assert_same_image(&a[0], &b[0]);
    }
    for (int k = 0; k < 2; k++) {
        edgel_image_finish(&a[k]);
        edgel_image_finish(&b[k]);
    }
}

static void images_may_end_where_memory_does(void **state)
{
    static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U8, EDGEL_U8, EDGEL_U16, EDGEL_F32 };
    struct edgel_scratch *scratch = edgel_scratch_create();
    (void)state;
    for (int w = 1; w <= 132; w++)
        for (int k = 0; k < 16; k++) {
            const int h = 1 + (int)(rnd() % (rnd() % 4 ? 4 : 10));
            struct edgel_image img = random_image(w, h, 1 + k % 4, types[rnd() % 5], (int)(rnd() % PATTERNS));
            at_start = k & 4;
            check_view(&img, tight(&img, k & 8), scratch);
            edgel_image_finish(&img);
        }
    edgel_scratch_destroy(&scratch);
}

/* --- row kernels: what filter_priv.h lets them touch, for n samples that are step apart --- */

static const uint8_t *const *rows_of_bytes(int count, int before, int n)
{
    static const uint8_t *rows[AREAS];
    for (int k = 0; k < count; k++)
        rows[k] = take(1, before, n);
    return rows;
}

static void run_smoothing(const struct edgel_filter_dsp *d, int n, int step)
{
    uint16_t tap[31];
    const int r = (int)(rnd() % 15), ntap = 2 * r + 1;
    uint32_t left = 128;
    for (int k = 0; k < r; k++) {
        tap[k] = tap[2 * r - k] = (uint16_t)(rnd() % (left / 2 + 1));
        left -= tap[k];
    }
    tap[r] = (uint16_t)(2 * left);
    taken = 0;
    const uint8_t *const *rows = rows_of_bytes(ntap + 1, 0, n);
    int16_t *sums = take(2, 0, n), *below = take(2, 0, n);
    d->smooth_v_u8(sums, below, rows, n, tap, ntap);
    taken = 0;
    d->smooth_h_u8(take(1, 0, n), take(2, 0, n + ntap * step), n, step, tap, ntap);
}

static void run_edges(const struct edgel_filter_dsp *d, int n, int step)
{
    for (int op = 0; op < 5; op++) {
        const struct edgel_taps *t = edgel_operator_taps(op < 3    ? EDGEL_SOBEL
                                                         : op == 3 ? EDGEL_PREWITT
                                                                   : EDGEL_SCHARR,
                                                         3 + 2 * op);
        const int side = t->radius * step;
        taken = 0;
        const uint8_t *const *rows = rows_of_bytes(2 * t->radius + 1, side, n + side);
        int16_t *vs = take(2, side, n + side), *vd = take(2, side, n + side);
        d->edge_l1_u8(take(1, 0, n), rows, n, step, t, vs, vd);
        d->edge_l2_u8(take(1, 0, n), rows, n, step, t, vs, vd);
        int16_t *gx = take(2, 0, n), *gy = take(2, 0, n);
        d->derive_u8(gx, gy, rows, n, step, t, vs, vd);
    }
    taken = 0;
    const uint8_t *r0 = take(1, 0, n + step), *r1 = take(1, 0, n + step);
    d->edge_roberts_l1_u8(take(1, 0, n), r0, r1, n, step);
    d->edge_roberts_l2_u8(take(1, 0, n), r0, r1, n, step);
}

static int16_t *row_of_l1(int before, int n)
{
    int16_t *m = take(2, before, n);
    for (int i = -before; i < n; i++)
        m[i] = (int16_t)(m[i] & 16383);
    return m;
}

static int32_t *row_of_l2(int n)
{
    int32_t *m = take(4, 1, n);
    for (int i = -1; i < n; i++)
        m[i] &= 0xFFFFFFF;
    return m;
}

static void run_sectors(const struct edgel_filter_dsp *d, int n)
{
    const int whole = (n + 63) / 64 * 64, low = (int)(rnd() % 8000);
    taken = 0;
    struct edgel_sector_rows rows = { .a = take(1, 1, whole + 1),
                                      .b = take(1, 1, whole + 1),
                                      .c = take(1, 1, whole + 1) };
    d->sobel_l1(take(2, 0, whole), rows.a, rows.b, rows.c, n);
    rows.up = row_of_l1(1, whole + 1);
    rows.mid = row_of_l1(1, whole + 1);
    rows.down = row_of_l1(1, whole + 1);
    uint64_t *weak = take(8, 0, whole / 64), *strong = take(8, 0, whole / 64);
    d->sector_l1(weak, strong, &rows, n, low, low + 1000);
    const int16_t *gx = row_of_l1(0, whole), *gy = row_of_l1(0, whole);
    d->magnitude_l1(take(2, 0, whole), gx, gy, n);
    d->magnitude_l2(take(4, 0, whole), gx, gy, n);
    rows.gx = gx;
    rows.gy = gy;
    d->sector_l1(weak, strong, &rows, n, low, low + 1000);
    rows.up = row_of_l2(whole + 1);
    rows.mid = row_of_l2(whole + 1);
    rows.down = row_of_l2(whole + 1);
    d->sector_l2(weak, strong, &rows, n, low << 14, low << 14);
    d->expand_u8(take(1, 0, n), weak, n, false);
    d->expand_u8(take(1, 0, n), weak, n, true);
}

static void run_words(const struct edgel_filter_dsp *d, int words)
{
    taken = 0;
    uint64_t *s = take(8, 1, words + 1), *weak = take(8, 1, words + 1), *from = take(8, 1, words + 1);
    for (int i = -1; i <= words; i++) {
        weak[i] = i < 0 || i == words ? 0 : weak[i] & (rnd() % 2 ? ~(uint64_t)0 : rnd());
        s[i] &= weak[i];
    }
    (void)d->next_crossing(s, weak, (int)(rnd() % (unsigned)words), words);
    (void)d->grow_words(s, weak, from, words);
    (void)d->next_crossing(s, weak, 0, words);
}

static void rows_may_end_where_memory_does(void **state)
{
    int count;
    const struct edgel_cpu_row *levels = edgel_cpu_levels(&count);
    (void)state;
    for (int l = 0; l < count; l++) {
        struct edgel_filter_dsp d;
        if ((edgel_cpu_flags() & levels[l].flags) != levels[l].flags)
            continue;
        edgel_filter_dsp_init(&d, levels[l].flags);
        for (int w = 1; w <= 132; w++)
            for (int k = 0; k < 8; k++) {
                at_start = k & 1;
                run_smoothing(&d, w * (1 + k / 2), 1 + k / 2);
                run_edges(&d, w * (1 + k / 2), 1 + k / 2);
                run_sectors(&d, w * (1 + k / 2));
                run_words(&d, w);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_may_end_where_memory_does),
        cmocka_unit_test(rows_may_end_where_memory_does),
    };
    return cmocka_run_group_tests(tests, map_areas, NULL);
}
