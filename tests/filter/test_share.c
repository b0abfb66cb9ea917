/* One image on several threads: the same bytes as on one, for every operation, wherever the image is cut; and what
 * holds for the memory of it. One thread is held against formulas and peers elsewhere (test_filter.c, test_canny.c). */
#include "filter/filter_priv.h"
#include "filter_twin.h"
#include "methods.h"
#include <stdatomic.h>
#include <unistd.h>

static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };
static const int thread_counts[] = { 1, 2, 3, 7 };

/* A scratch whose calls run on so many threads, in parts of so many rows (0: as many as suit). */
struct threaded {
    struct edgel_pool *pool;
    struct edgel_scratch *scratch;
};

static struct threaded threaded(int threads, int rows)
{
    struct threaded t;
    assert_int_equal(edgel_pool_create(threads, &t.pool, NULL), EDGEL_OK);
    t.scratch = edgel_scratch_create();
    assert_non_null(t.scratch);
    assert_int_equal(edgel_scratch_use_pool(t.scratch, t.pool, NULL), EDGEL_OK);
    t.scratch->rows = rows;
    return t;
}

static void threaded_finish(struct threaded *t)
{
    edgel_scratch_destroy(&t->scratch);
    edgel_pool_destroy(&t->pool);
}

static bool same(const struct edgel_image *a, const struct edgel_image *b)
{
    const size_t n = (size_t)a->w * (size_t)a->channels;
    const size_t row = a->type == EDGEL_U1 ? (n + 7) / 8 : n * edgel_type_size(a->type);
    if (a->w != b->w || a->h != b->h || a->channels != b->channels || a->type != b->type)
        return false;
    for (int y = 0; y < a->h; y++)
        if (memcmp((const char *)a->data + y * a->stride, (const char *)b->data + y * b->stride, row) != 0)
            return false;
    return true;
}

/* Blocks with noise on them, across which edges run for long. */
static struct edgel_image blocks(int w, int h, int channels, enum edgel_type type)
{
    struct edgel_image img = make(w, h, channels, type);
    const double range = type == EDGEL_U8 ? 255 : type == EDGEL_U16 ? 65535 : 1;
    for (int y = 0; y < h; y++)
        for (int i = 0; i < w * channels; i++) {
            const int x = i / channels;
            const double v = (x / 9 + y / 13) % 2 * 0.45 + (x * y / 7 % 50 + rnd() % 60) / 255.0;
            set(&img, x, y, i % channels, type == EDGEL_F32 ? v : floor(v * range));
        }
    return img;
}

/* A weak line of one pixel that goes down and up, or to and fro, through the whole image, and is strong at its end:
 * bright over dark with a step of 40, at the end of 100. */
static struct edgel_image serpentine(int w, int h, bool upright)
{
    enum { TURN = 8 };
    struct edgel_image img = make(w, h, 1, EDGEL_U8);
    const int across = upright ? w : h, along = upright ? h : w, lines = across / TURN;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int a = upright ? x : y, b = upright ? y : x, line = a / TURN,
                      far = line % 2 ? 0 : along - 1;
            const bool corridor = a % TURN < TURN / 2;
            const bool turn = line + 1 < lines && abs(b - far) < TURN / 2;
            const bool end = line == lines - 1 && abs(b - far) < 2 * TURN;
            set(&img, x, y, 0, line < lines && (corridor || turn) ? (end ? 160 : 70) : 30);
        }
    return img;
}

/* --- methods --- */

/* The methods' table, each with some parameters of its own. */
static int variants(struct edgel_method *list)
{
    int n = 0;
    for (int i = 0; i < edgel_method_count(); i++) {
        list[n++] = method_at(i);
        list[n] = method_at(i);
        ask(&list[n], "sigma", "2.5");
        ask(&list[n], "depth", "16");
        ask(&list[n], "aperture", "7");
        ask(&list[n++], "norm", "l2");
    }
    for (int i = 0; i < 5; i++)
        list[n + i] = method_of("canny");
    ask(&list[n++], "nms", "interp");
    ask(&list[n], "aperture", "5");
    ask(&list[n++], "emit", "strength");
    ask(&list[n], "sigma", "0");
    ask(&list[n], "low", "5"); /* long weak paths */
    ask(&list[n++], "high", "700");
    ask(&list[n], "high", "auto");
    ask(&list[n++], "low", "auto");
    ask(&list[n], "norm", "l2");
    ask(&list[n], "high", "90%");
    ask(&list[n++], "low", "40%");
    return n;
}

static void check_method(const struct edgel_method *m, const struct edgel_image *in, int threads, int rows)
{
    struct edgel_image one = { 0 }, many = { 0 };
    struct threaded t = threaded(threads, rows);
    int bits;
    assert_int_equal(edgel_method_run(NULL, edgel_image_view(in), m, &one, &bits, NULL), EDGEL_OK);
    assert_int_equal(edgel_image_init(&many, in->w, in->h, 4, EDGEL_F32, NULL), EDGEL_OK);
    memset(many.data, 0xA5, many.capacity_bytes); /* so that rows left out are seen */
    assert_int_equal(edgel_method_run(t.scratch, edgel_image_view(in), m, &many, &bits, NULL), EDGEL_OK);
    if (!same(&one, &many))
        fail_msg(
            "%s of %dx%d, %d channels of type %d, %d threads, parts of %d rows: other bytes than one thread",
            m->info->name, in->w, in->h, in->channels, (int)in->type, threads, rows);
    threaded_finish(&t);
    edgel_image_finish(&one);
    edgel_image_finish(&many);
}

static void every_method_gives_the_same_bytes(void **state)
{
    static const int heights[] = { 1, 2, 5, 31, 143 }, part_rows[] = { 1, 2, 5, 33 };
    struct edgel_method list[32];
    const int n = variants(list);
    (void)state;
    for (int i = 0; i < n; i++)
        for (int c = 0; c < 5 * 3 * 2; c++) {
            const int h = heights[c % 5], channels = c / 15 ? 3 : 1;
            const enum edgel_type type = types[c / 5 % 3];
            struct edgel_method m = list[i];
            struct edgel_image in = c % 4 ? blocks(1 + (int)(rnd() % 150), h, channels, type)
                                          : random_image(67, h, channels, type, (int)(rnd() % PATTERNS));
            ask_choice(&m, "gray", channels == 3);
            check_method(&m, &in, thread_counts[rnd() % 4], part_rows[rnd() % 4]);
            edgel_image_finish(&in);
        }
}

/* What threads count apart is added up; often, because a thread that is late counts nothing. */
static void counts_of_all_threads_are_added(void **state)
{
    static const struct edgel_threshold kinds[] = { { EDGEL_THRESHOLD_QUANTILE, 70 },
                                                    { EDGEL_THRESHOLD_AUTO, 0 } };
    struct edgel_image in = blocks(1501, 1100, 1, EDGEL_U8), out = { 0 };
    struct threaded t = threaded(2, 50);
    struct edgel_canny_used one[2], used;
    (void)state;
    for (int i = 0; i < 12; i++) {
        const struct edgel_canny_params p = { 3, EDGEL_NORM_L1, kinds[1], kinds[i % 2], EDGEL_NMS_SECTOR };
        if (i < 2)
            assert_int_equal(edgel_canny(NULL, edgel_image_view(&in), &p, &out, &one[i], NULL), EDGEL_OK);
        assert_int_equal(edgel_canny(t.scratch, edgel_image_view(&in), &p, &out, &used, NULL), EDGEL_OK);
        assert_memory_equal(&used, &one[i % 2], sizeof used);
    }
    threaded_finish(&t);
    edgel_image_finish(&in);
    edgel_image_finish(&out);
}

/* Magnitudes of few digits but for those of some rows, which one thread sees: it is often not the one that adds up. */
static void digits_that_one_thread_sees_are_found(void **state)
{
    const struct edgel_canny_params p = { 3,
                                          EDGEL_NORM_L1,
                                          { EDGEL_THRESHOLD_QUANTILE, 20 },
                                          { EDGEL_THRESHOLD_QUANTILE, 99.5 },
                                          EDGEL_NMS_SECTOR };
    struct edgel_image in = make(401, 1100, 1, EDGEL_F32), out = { 0 };
    struct threaded t = threaded(2, 50);
    struct edgel_canny_used one, used;
    (void)state;
    for (int y = 0; y < in.h; y++)
        for (int x = 0; x < in.w; x++)
            set(&in, x, y, 0, y / 10 == 2 ? (x * 31 + y * 17) % 101 / 100.0 : (x / 9 + y / 13) % 2 * 0.5);
    assert_int_equal(edgel_canny(NULL, edgel_image_view(&in), &p, &out, &one, NULL), EDGEL_OK);
    assert_true(one.low == 2 && one.high * 1024 != floor(one.high * 1024)); /* it is one of those rows */
    for (int i = 0; i < 60; i++) {
        assert_int_equal(edgel_canny(t.scratch, edgel_image_view(&in), &p, &out, &used, NULL), EDGEL_OK);
        assert_memory_equal(&used, &one, sizeof used);
    }
    threaded_finish(&t);
    edgel_image_finish(&in);
    edgel_image_finish(&out);
}

/* Large enough to be cut without being told. */
static void large_images_give_the_same_bytes(void **state)
{
    struct edgel_method list[32];
    const int n = variants(list);
    (void)state;
    for (int i = 0; i < n; i++) {
        const int channels = i % 3 ? 1 : 3;
        struct edgel_method m = list[i];
        struct edgel_image in = blocks(631, 523, channels, types[i % 4 ? 0 : 1]);
        struct threaded t = threaded(2, 0);
        ask_choice(&m, "gray", channels == 3);
        assert_true(edgel_share_rows(t.scratch, in.h, in.w * channels, 8) < in.h);
        threaded_finish(&t);
        check_method(&m, &in, 2 + i % 2, 0);
        edgel_image_finish(&in);
    }
}

static int edges_of(const struct edgel_image *img)
{
    int n = 0;
    for (int i = 0; i < img->w * img->h; i++)
        n += get(img, i % img->w, i / img->w, 0) > 0;
    return n;
}

/* At 50/200 all of the outline is weak and hangs on one end, through every seam many times. */
static void edges_grow_through_all_parts(void **state)
{
    static const int part_rows[] = { 1, 3, 8, 64 };
    (void)state;
    for (int c = 0; c < 2 * 4; c++) {
        struct edgel_image in = serpentine(301, 277, c % 2), one = { 0 }, all = { 0 }, many = { 0 };
        struct edgel_canny_params p;
        edgel_canny_params_init(&p);
        struct edgel_view view = edgel_image_view(&in);
        p.high.value = 50; /* what is weak below */
        assert_int_equal(edgel_canny(NULL, view, &p, &all, NULL, NULL), EDGEL_OK);
        p.high.value = 200;
        assert_int_equal(edgel_canny(NULL, view, &p, &one, NULL, NULL), EDGEL_OK);
        assert_true(edges_of(&one) > 10000 && edges_of(&one) > edges_of(&all) / 2);
        for (int k = 0; k < 4; k++) {
            struct threaded t = threaded(thread_counts[k], part_rows[c / 2]);
            assert_int_equal(edgel_canny(t.scratch, view, &p, &many, NULL, NULL), EDGEL_OK);
            assert_int_equal(edges_of(&many), edges_of(&one));
            assert_true(same(&one, &many));
            threaded_finish(&t);
        }
        edgel_image_finish(&in);
        edgel_image_finish(&one);
        edgel_image_finish(&all);
        edgel_image_finish(&many);
    }
}

/* --- operations --- */

struct results {
    struct edgel_image smooth, gx, gy, edges, strength;
    struct edgel_canny_used used;
};

static enum edgel_status run_operations(struct edgel_scratch *s, const struct edgel_image *in,
                                        const struct edgel_canny_params *p, struct results *r)
{
    const struct edgel_view v = edgel_image_view(in);
    EDGEL_TRY(edgel_gaussian(s, v, &r->smooth, 2, 0, NULL));
    EDGEL_TRY(edgel_gradient(s, v, EDGEL_SOBEL, p->aperture, &r->gx, &r->gy, NULL));
    EDGEL_TRY(edgel_canny(s, v, p, &r->edges, &r->used, NULL));
    return edgel_canny_strength(s, v, p, &r->strength, NULL);
}

static void results_finish(struct results *r)
{
    edgel_image_finish(&r->smooth);
    edgel_image_finish(&r->gx);
    edgel_image_finish(&r->gy);
    edgel_image_finish(&r->edges);
    edgel_image_finish(&r->strength);
}

static void operations_give_the_same_bytes(void **state)
{
    (void)state;
    for (int c = 0; c < 60; c++) {
        static const struct edgel_threshold counted[] = { { EDGEL_THRESHOLD_QUANTILE, 80 },
                                                          { EDGEL_THRESHOLD_AUTO, 0 },
                                                          { EDGEL_THRESHOLD_VALUE, 90 } };
        struct edgel_canny_params p = { 3 + 2 * (int)(rnd() % 3), (enum edgel_norm)(c % 2),
                                        counted[rnd() % 3], counted[c / 2 % 3], (enum edgel_nms)(rnd() % 2) };
        struct results one = { 0 }, many = { 0 };
        int w, h;
        random_size(&w, &h);
        struct edgel_image in = blocks(w, h, c % 5 ? 1 : 3, types[c % 3]);
        struct threaded t = threaded(thread_counts[c % 4], 1 + (int)(rnd() % 9));
        assert_int_equal(run_operations(NULL, &in, &p, &one), EDGEL_OK);
        assert_int_equal(run_operations(t.scratch, &in, &p, &many), EDGEL_OK);
        assert_true(same(&one.smooth, &many.smooth));
        assert_true(same(&one.gx, &many.gx) && same(&one.gy, &many.gy));
        assert_true(same(&one.edges, &many.edges) && same(&one.strength, &many.strength));
        assert_memory_equal(&one.used, &many.used, sizeof one.used);
        threaded_finish(&t);
        results_finish(&one);
        results_finish(&many);
        edgel_image_finish(&in);
    }
}

/* --- sharing --- */

struct visits {
    atomic_int rows[500];
    int fail_at;
};

static enum edgel_status visit(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    struct visits *v = user;
    if (part->from <= v->fail_at && v->fail_at < part->to)
        return edgel_fail(err, EDGEL_ENOMEM, "row %d: out of memory", v->fail_at);
    for (int y = part->from; y < part->to; y++)
        atomic_fetch_add(&v->rows[y], 1);
    return EDGEL_OK;
}

static void each_row_is_in_one_part(void **state)
{
    (void)state;
    for (int c = 0; c < 100; c++) {
        struct threaded t = threaded(thread_counts[c % 4], (int)(rnd() % 20));
        const int h = 1 + (int)(rnd() % 500), n = 1 << rnd() % 20;
        const int rows = edgel_share_rows(t.scratch, h, n, (int)(rnd() % 12));
        struct visits v = { .fail_at = -1 };
        assert_int_equal(edgel_share(t.scratch, h, rows, visit, &v, NULL), EDGEL_OK);
        for (int y = 0; y < 500; y++)
            assert_int_equal(atomic_load(&v.rows[y]), y < h);
        struct edgel_error err = { 0 };
        char text[64];
        v.fail_at = (int)(rnd() % (uint32_t)h);
        snprintf(text, sizeof text, "row %d: out of memory", v.fail_at);
        assert_int_equal(edgel_share(t.scratch, h, rows, visit, &v, &err), EDGEL_ENOMEM);
        assert_string_equal(err.msg, text);
        threaded_finish(&t);
    }
}

static void small_images_stay_on_one_thread(void **state)
{
    struct threaded t = threaded(2, 0);
    (void)state;
    assert_int_equal(edgel_share_rows(t.scratch, 90, 100, 4), 90);
    assert_true(edgel_share_rows(t.scratch, 3000, 6000, 4) <= 1500);
    assert_true(edgel_share_rows(t.scratch, 3000, 6000, 1000) <=
                1500); /* in as many parts as there are threads */
    assert_int_equal(edgel_scratch_use_pool(t.scratch, NULL, NULL), EDGEL_OK);
    assert_int_equal(edgel_share_rows(t.scratch, 3000, 6000, 4), 3000);
    threaded_finish(&t);
}

/* --- memory --- */

static void the_second_image_of_a_size_takes_no_memory(void **state)
{
    (void)state;
    struct edgel_method list[32];
    const int n = variants(list);
    for (int i = 0; i < n; i++) {
        struct threaded t = threaded(3, 7);
        struct edgel_image in = blocks(90, 80, 1, types[i % 3]), out = { 0 };
        for (int round = 0; round < 6; round++) {
            int bits;
            edgel_alloc_fail_after(round >= 2 ? 0 : -1);
            assert_int_equal(edgel_method_run(t.scratch, edgel_image_view(&in), &list[i], &out, &bits, NULL),
                             EDGEL_OK);
            edgel_alloc_fail_after(-1);
            for (int k = 1; k < t.scratch->threads; k++) /* also of one that did nothing this time */
                assert_int_equal(t.scratch->parts[k].total, t.scratch->parts[0].total);
        }
        edgel_image_finish(&in);
        edgel_image_finish(&out);
        threaded_finish(&t);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct edgel_image in = blocks(60, 50, 1, types[i % 3]);
        struct edgel_canny_params p;
        edgel_canny_params_init(&p);
        struct results r = { 0 };
        enum edgel_status st = EDGEL_ENOMEM;
        p.high.kind = i < 3 ? EDGEL_THRESHOLD_QUANTILE : EDGEL_THRESHOLD_VALUE;
        for (long n = 0; st != EDGEL_OK; n++) {
            struct edgel_pool *pool;
            assert_true(n < 400);
            assert_int_equal(edgel_pool_create(2, &pool, NULL), EDGEL_OK);
            struct edgel_scratch *s = edgel_scratch_create();
            edgel_alloc_fail_after(n);
            st = edgel_scratch_use_pool(s, pool, NULL);
            s->rows = 11;
            if (st == EDGEL_OK)
                st = run_operations(s, &in, &p, &r);
            edgel_alloc_fail_after(-1);
            assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
            edgel_scratch_destroy(&s);
            edgel_pool_destroy(&pool);
            results_finish(&r);
            assert_int_equal(edgel_alloc_live(), 1);
        }
        edgel_image_finish(&in);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_gives_the_same_bytes),
        cmocka_unit_test(counts_of_all_threads_are_added),
        cmocka_unit_test(digits_that_one_thread_sees_are_found),
        cmocka_unit_test(large_images_give_the_same_bytes),
        cmocka_unit_test(edges_grow_through_all_parts),
        cmocka_unit_test(operations_give_the_same_bytes),
        cmocka_unit_test(each_row_is_in_one_part),
        cmocka_unit_test(small_images_stay_on_one_thread),
        cmocka_unit_test(the_second_image_of_a_size_takes_no_memory),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    alarm(280); /* a thread that never ends is a failure, not a wait */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
