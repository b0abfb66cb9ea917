/* A data set: what is opened, seen and loaded, against the values that were written into its files. */
#define _XOPEN_SOURCE 700
#include "edgel/dataset.h"
#include "eval_masks.h"
#include "tree.h"
#include <stdatomic.h>

enum { W = 5, H = 4, N = W * H };

/* A gray file of w x h values below 256 (P2), or with channels 3 a colour file (P3). */
static void put_picture(const char *path, int w, int h, int channels, const int *v)
{
    struct edgel_text t = { 0 };
    edgel_text_printf(&t, "P%d %d %d 255\n", channels == 3 ? 3 : 2, w, h);
    for (int i = 0; i < w * h * channels; i++)
        edgel_text_printf(&t, "%d\n", v[i]);
    tree_put(path, t.s);
    edgel_text_finish(&t);
}

static void random_values(int *v, int n, const int *of, int nof)
{
    for (int i = 0; i < n; i++)
        v[i] = of[rnd((uint32_t)nof)];
}

static void put_random_image(const char *path, int channels)
{
    int v[3 * N];
    for (int i = 0; i < N * channels; i++)
        v[i] = (int)rnd(256);
    put_picture(path, W, H, channels, v);
}

/* Texts that a look told, one a line. */
struct told {
    struct edgel_text faults, remarks;
    size_t steps, failed;
    int open; /* begin without end */
};

static void on_begin(void *user, const char *what, size_t n)
{
    struct told *t = user;
    assert_true(strcmp(what, "masks") == 0 || strcmp(what, "images") == 0 || strcmp(what, "survey") == 0);
    assert_true(n > 0);
    t->open++;
}

static void on_step(void *user, bool failed)
{
    struct told *t = user;
    t->steps++;
    t->failed += failed;
}

static void on_end(void *user)
{
    ((struct told *)user)->open--;
}

static void on_fault(void *user, const char *text)
{
    edgel_text_printf(&((struct told *)user)->faults, "%s\n", text);
}

static struct edgel_dataset_run telling(struct told *t, int threads)
{
    struct edgel_dataset_run run;
    *t = (struct told){ 0 };
    edgel_dataset_run_init(&run);
    run.threads = threads;
    run.user = t;
    run.begin = on_begin;
    run.step = on_step;
    run.end = on_end;
    run.fault = on_fault;
    return run;
}

static const struct edgel_dataset_run quiet = { .threads = 2 };

static struct edgel_dataset_params params_of(const char *images, const char *truth)
{
    struct edgel_dataset_params p;
    edgel_dataset_params_init(&p);
    p.images = images;
    p.truth = truth;
    return p;
}

static struct edgel_dataset *open_surveyed(const struct edgel_dataset_params *p)
{
    struct edgel_dataset *d;
    struct edgel_dataset_seen seen;
    struct edgel_error err = { 0 };
    if (edgel_dataset_open(p, &d, &err) != EDGEL_OK ||
        edgel_dataset_survey(d, &quiet, &seen, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    return d;
}

/* --- samples --- */

static void samples_are_the_files(void **state)
{
    (void)state;
    int image[3 * N], mask[N];
    for (int channels = 1; channels <= 3; channels += 2)
        for (int of = 1; of <= 3; of += 2) {
            for (int i = 0; i < N * of; i++)
                image[i] = (int)rnd(256);
            random_values(mask, N, (const int[]){ 0, 255 }, 2);
            put_picture("i/a.ppm", W, H, of, image);
            put_picture("t/a.pgm", W, H, 1, mask);
            struct edgel_dataset_params p = params_of("i", "t");
            struct edgel_dataset_sample s;
            p.channels = channels;
            struct edgel_dataset *d = open_surveyed(&p);
            assert_int_equal(edgel_dataset_labels(d), EDGEL_LABELS_BINARY);
            assert_int_equal(edgel_dataset_load(d, false, 0, &s, NULL), EDGEL_OK);
            assert_true(s.w == W && s.h == H && s.channels == channels && s.label && !s.soft);
            for (int i = 0; i < N; i++) {
                const int *v = image + i * of;
                const int gray = of == 1 ? v[0] : (9797 * v[0] + 19234 * v[1] + 3737 * v[2]) >> 15;
                for (int c = 0; c < channels; c++) {
                    const int expected = channels == 1 ? gray : v[of == 1 ? 0 : c];
                    assert_true(s.image[c * N + i] == (float)expected / 255.0f);
                }
                assert_int_equal(s.label[i], mask[i] != 0);
            }
            edgel_dataset_sample_finish(&s);
            edgel_dataset_destroy(&d);
        }
}

static void ids_are_indices_of_classes(void **state)
{
    (void)state;
    static const int values[] = { 0, 3, 7, 255 };
    static const int32_t ignore[] = { 255 };
    int mask[N];
    put_random_image("i/a.ppm", 3);
    random_values(mask, N, values, 4);
    memcpy(mask, values, sizeof values); /* each occurs */
    put_picture("t/a.pgm", W, H, 1, mask);
    struct edgel_dataset_params p = params_of("i", "t");
    struct edgel_dataset_sample s;
    p.ignore = ignore;
    p.nignore = 1;
    struct edgel_dataset *d = open_surveyed(&p);
    const struct edgel_classes *c = edgel_dataset_classes(d);
    assert_true(edgel_dataset_labels(d) == EDGEL_LABELS_IDS && c->n == 3);
    for (size_t k = 0; k < 3; k++)
        assert_int_equal(c->v[k].id, values[k]);
    assert_string_equal(c->v[2].name, "7");
    assert_int_equal(edgel_dataset_load(d, false, 0, &s, NULL), EDGEL_OK);
    for (int i = 0; i < N; i++)
        assert_int_equal(s.label[i], mask[i] == 0   ? 0
                                     : mask[i] == 3 ? 1
                                     : mask[i] == 7 ? 2
                                                    : EDGEL_LABEL_IGNORE);
    edgel_dataset_sample_finish(&s);
    edgel_dataset_destroy(&d);
    /* a list that lacks an id that occurs */
    struct edgel_class given[] = { { 0, (char *)"sky" }, { 3, (char *)"sea" }, { 9, (char *)"ship" } };
    const struct edgel_classes classes = { given, 3 };
    struct told told;
    struct edgel_dataset_seen seen;
    struct edgel_error err = { 0 };
    const struct edgel_dataset_run run = telling(&told, 1);
    p.classes = &classes;
    d = open_surveyed(&p);
    assert_string_equal(edgel_dataset_classes(d)->v[2].name, "ship");
    assert_int_equal(edgel_dataset_check(d, &run, &seen, &err), EDGEL_EFORMAT);
    assert_int_equal(seen.failed, 1);
    assert_non_null(strstr(told.faults.s, "t/a.pgm: "));
    assert_non_null(strstr(told.faults.s, "no class and not ignored, the first is 7"));
    edgel_text_finish(&told.faults);
    edgel_dataset_destroy(&d);
}

/* The set decides labels as its values do, whatever is ignored: eval asks for the one, a training for the other. */
static void labels_are_decided_alike(void **state)
{
    (void)state;
    static const int of[] = { 0, 1, 2, 254, 255 };
    int mask[N], binary = 0;
    put_random_image("i/a.ppm", 3);
    for (int round = 0; round < 100; round++) {
        const int32_t ignore[] = { of[rnd(5)], of[rnd(5)] };
        struct edgel_mask_values values;
        struct edgel_dataset_seen seen;
        struct edgel_dataset *d;
        bool any;
        random_values(mask, N, of + rnd(3), 1 + (int)rnd(3));
        put_picture("t/a.pgm", W, H, 1, mask);
        struct edgel_dataset_params p = params_of("i", "t");
        p.ignore = ignore;
        p.nignore = rnd(3);
        assert_int_equal(edgel_dataset_open(&p, &d, NULL), EDGEL_OK);
        assert_int_equal(edgel_dataset_values(d, true, &quiet, &values, &any, NULL), EDGEL_OK);
        const enum edgel_status st = edgel_dataset_survey(d, &quiet, &seen, NULL); /* one class: EFORMAT */
        assert_true(st == EDGEL_OK || (st == EDGEL_EFORMAT && seen.failed == 0));
        bool ones = false, full = false, other = false;
        for (int i = 0; i < N; i++) {
            bool left_out = mask[i] == 0;
            for (size_t k = 0; k < p.nignore; k++)
                left_out |= mask[i] == ignore[k];
            ones |= !left_out && mask[i] == 1;
            full |= !left_out && mask[i] == 255;
            other |= !left_out && mask[i] != 1 && mask[i] != 255;
        }
        const enum edgel_labels expected = other || (ones && full) ? EDGEL_LABELS_IDS : EDGEL_LABELS_BINARY;
        assert_true(any);
        assert_int_equal(edgel_mask_values_labels(&values), expected);
        assert_int_equal(edgel_dataset_labels(d), expected);
        binary += expected == EDGEL_LABELS_BINARY;
        edgel_dataset_destroy(&d);
    }
    assert_true(binary > 10 && binary < 90);
}

static void annotators_vote(void **state)
{
    (void)state;
    enum { K = 4 };
    static const int32_t ignore[] = { 9 };
    int mask[K][N];
    char path[32];
    for (int round = 0; round < 20; round++) {
        put_random_image("i/a.ppm", 3);
        for (int k = 0; k < K; k++) {
            random_values(mask[k], N, (const int[]){ 0, 255, 9 }, 3);
            snprintf(path, sizeof path, "t/a_%d.pgm", k + 1);
            put_picture(path, W, H, 1, mask[k]);
        }
        for (int how = EDGEL_ANNOTATOR_NONE; how <= EDGEL_ANNOTATOR_MAJORITY + 1; how++) {
            struct edgel_dataset_params p = params_of("i", "t");
            struct edgel_dataset_sample s;
            p.ignore = ignore;
            p.nignore = 1;
            p.labels = EDGEL_LABELS_BINARY;
            p.boundaries = how > EDGEL_ANNOTATOR_MAJORITY;
            p.annotator = p.boundaries ? EDGEL_ANNOTATOR_NONE : (enum edgel_annotator)how;
            p.annotator_index = 1 + (int)rnd(K);
            struct edgel_dataset *d = open_surveyed(&p);
            assert_int_equal(edgel_dataset_load(d, false, 0, &s, NULL), EDGEL_OK);
            assert_true(edgel_dataset_soft(d) == (p.annotator == EDGEL_ANNOTATOR_NONE) &&
                        !s.soft == !!s.label);
            for (int i = 0; i < N; i++) {
                int votes = 0, marks = 0;
                for (int k = 0; k < K; k++) {
                    votes += mask[k][i] != 9;
                    marks += mask[k][i] == 255;
                }
                const int one = mask[p.annotator_index - 1][i];
                const float mean = votes ? (float)marks / (float)votes : -1;
                if (p.boundaries)
                    assert_true(s.soft[i] == (mean <= 0 ? mean : (double)mean < 0.3 ? -1 : 1));
                else if (how == EDGEL_ANNOTATOR_NONE)
                    assert_true(s.soft[i] == mean);
                else if (how == EDGEL_ANNOTATOR_INDEX)
                    assert_int_equal(s.label[i], one == 9 ? EDGEL_LABEL_IGNORE : one != 0);
                else if (how == EDGEL_ANNOTATOR_ANY)
                    assert_int_equal(s.label[i], !votes ? EDGEL_LABEL_IGNORE : marks > 0);
                else
                    assert_int_equal(s.label[i], !votes ? EDGEL_LABEL_IGNORE : 2 * marks > votes);
            }
            edgel_dataset_sample_finish(&s);
            edgel_dataset_destroy(&d);
        }
    }
    struct edgel_dataset_params p = params_of("i", "t");
    struct edgel_dataset_sample s;
    struct edgel_error err = { 0 };
    p.labels = EDGEL_LABELS_BINARY;
    p.annotator = EDGEL_ANNOTATOR_INDEX;
    p.annotator_index = K + 1;
    struct edgel_dataset *d = open_surveyed(&p);
    assert_int_equal(edgel_dataset_load(d, false, 0, &s, &err), EDGEL_EFORMAT);
    assert_string_equal(err.msg, "a: annotator 5: the image has 4");
    edgel_dataset_destroy(&d);
}

static void only_valid_pixels_count(void **state)
{
    (void)state;
    int mask[N], valid[N];
    put_random_image("i/a.ppm", 3);
    random_values(mask, N, (const int[]){ 0, 255 }, 2);
    random_values(valid, N, (const int[]){ 0, 7 }, 2);
    put_picture("t/a.pgm", W, H, 1, mask);
    put_picture("v/a.pgm", W, H, 1, valid);
    struct edgel_dataset_params p = params_of("i", "t");
    struct edgel_dataset_sample s;
    p.valid = "v";
    struct edgel_dataset *d = open_surveyed(&p);
    assert_int_equal(edgel_dataset_load(d, false, 0, &s, NULL), EDGEL_OK);
    for (int i = 0; i < N; i++)
        assert_int_equal(s.label[i], valid[i] ? mask[i] != 0 : EDGEL_LABEL_IGNORE);
    edgel_dataset_sample_finish(&s);
    edgel_dataset_destroy(&d);
}

/* --- faults --- */

static void put_many(int n)
{
    char path[32];
    int mask[N];
    for (int k = 0; k < n; k++) {
        snprintf(path, sizeof path, "i/%03d.ppm", k);
        put_random_image(path, 3);
        random_values(mask, N, (const int[]){ 0, 255 }, 2);
        snprintf(path, sizeof path, "t/%03d.pgm", k);
        put_picture(path, W, H, 1, mask);
    }
}

static void faults_are_told_in_order(void **state)
{
    (void)state;
    struct told one, many;
    struct edgel_dataset_seen seen;
    put_many(40);
    tree_put("t/003.pgm", "P2 5 4 255 1");
    tree_put("t/020.pgm", "no mask");
    put_picture("t/009.pgm", 2, 1, 1, (const int[]){ 0, 255 });
    tree_put("i/030.ppm", "P3 5 4 255 1");
    const struct edgel_dataset_params p = params_of("i", "t");
    for (int threads = 1; threads <= 4; threads += 3) {
        struct told *told = threads == 1 ? &one : &many;
        const struct edgel_dataset_run run = telling(told, threads);
        struct edgel_dataset *d;
        struct edgel_error err = { 0 };
        assert_int_equal(edgel_dataset_open(&p, &d, NULL), EDGEL_OK);
        assert_int_equal(edgel_dataset_survey(d, &run, &seen, &err), EDGEL_EFORMAT);
        assert_string_equal(err.msg, "4 of 40 images cannot be used");
        assert_int_equal(seen.failed, 4);
        assert_true(told->steps == 80 && told->open == 0); /* masks, and images beside them */
        struct edgel_dataset_sample s;
        assert_int_equal(edgel_dataset_load(d, false, 0, &s, NULL),
                         EDGEL_EINVAL); /* labels are not decided */
        edgel_dataset_destroy(&d);
    }
    assert_string_equal(one.faults.s, many.faults.s);
    const char *at = one.faults.s;
    static const char *const expected[] = { "t/003.pgm: ", "t/020.pgm: ",
                                            "t/009.pgm: the truth is 2x1, the image 5x4", "i/030.ppm: " };
    for (size_t i = 0; i < 4; i++)
        assert_non_null(at = strstr(at, expected[i]));
    edgel_text_finish(&one.faults);
    edgel_text_finish(&many.faults);
}

/* --- validation --- */

static void a_share_is_held_out(void **state)
{
    (void)state;
    put_many(20);
    const struct edgel_dataset_params p = params_of("i", "t");
    char first[2][20][16];
    bool differ = false;
    for (int round = 0; round < 3; round++) {
        struct edgel_dataset *d;
        char seen[20] = "";
        assert_int_equal(edgel_dataset_open(&p, &d, NULL), EDGEL_OK);
        assert_int_equal(edgel_dataset_hold_out(d, round == 2 ? 0.01 : 1, 1, NULL), EDGEL_EINVAL);
        assert_int_equal(edgel_dataset_hold_out(d, 0.3, round == 2 ? 8 : 7, NULL), EDGEL_OK);
        assert_int_equal(edgel_dataset_hold_out(d, 0.3, 7, NULL), EDGEL_EINVAL);
        assert_int_equal(edgel_dataset_count(d, true), 6);
        assert_int_equal(edgel_dataset_count(d, false), 14);
        for (int validation = 0; validation < 2; validation++)
            for (size_t i = 0; i < edgel_dataset_count(d, validation); i++) {
                const char *key = edgel_dataset_pair(d, validation, i)->key;
                assert_true(i == 0 || strcmp(edgel_dataset_pair(d, validation, i - 1)->key, key) < 0);
                assert_int_equal(seen[atoi(key)]++, 0);
                if (round == 0)
                    strcpy(first[validation][i], key);
                else if (round == 1)
                    assert_string_equal(first[validation][i], key);
                else
                    differ |= strcmp(first[validation][i], key) != 0;
            }
        edgel_dataset_destroy(&d);
    }
    assert_true(differ);
}

/* --- threads and the cache --- */

struct loading {
    struct edgel_dataset *d;
    const struct edgel_dataset_sample *expected;
    size_t n;
    atomic_int wrong;
};

static void load_one(void *user, int thread, size_t i)
{
    struct loading *l = user;
    struct edgel_dataset_sample s;
    const struct edgel_dataset_sample *e = &l->expected[i % l->n];
    (void)thread;
    if (edgel_dataset_load(l->d, false, i % l->n, &s, NULL) != EDGEL_OK ||
        memcmp(s.image, e->image, 3 * N * sizeof *s.image) != 0 ||
        memcmp(s.label, e->label, N * sizeof *s.label) != 0)
        atomic_fetch_add(&l->wrong, 1);
    edgel_dataset_sample_finish(&s);
}

static void threads_and_cache_change_nothing(void **state)
{
    (void)state;
    enum { MANY = 12 };
    struct edgel_dataset_sample expected[MANY];
    put_many(MANY);
    struct edgel_dataset_params p = params_of("i", "t");
    struct edgel_dataset *d = open_surveyed(&p);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(edgel_dataset_load(d, false, i, &expected[i], NULL), EDGEL_OK);
    edgel_dataset_destroy(&d);
    for (size_t cache = 0; cache <= 1 << 20; cache = cache ? cache << 8 : 1 << 12) {
        p.cache_bytes = cache;
        struct loading l = { .d = open_surveyed(&p), .expected = expected, .n = MANY };
        const struct edgel_run run = { .count = 20 * MANY, .threads = 4, .user = &l, .work = load_one };
        assert_int_equal(edgel_run_execute(&run, NULL, NULL), EDGEL_OK);
        assert_int_equal(atomic_load(&l.wrong), 0);
        tree_put("i/000.ppm", "gone"); /* what is kept needs no file */
        struct edgel_dataset_sample s;
        const enum edgel_status st = edgel_dataset_load(l.d, false, 0, &s, NULL);
        assert_true(cache == 0 ? st == EDGEL_EFORMAT : cache < 1 << 20 || st == EDGEL_OK);
        edgel_dataset_sample_finish(&s);
        edgel_dataset_destroy(&l.d);
        int v[3 * N];
        for (int i = 0; i < 3 * N; i++)
            v[i] = (int)(expected[0].image[(i % 3) * N + i / 3] * 255.0f + 0.5f);
        put_picture("i/000.ppm", W, H, 3, v);
    }
    for (size_t i = 0; i < MANY; i++)
        edgel_dataset_sample_finish(&expected[i]);
}

/* --- masks as they are judged --- */

static void colors_become_ids(void **state)
{
    (void)state;
    struct edgel_color list[] = { { 0, 0, 0, 0 }, { 128, 0, 0, 7 }, { 0, 128, 0, 300 } };
    struct edgel_colors colors = { list, 3 };
    static const int pixels[] = { 128, 0, 0, 0, 128, 0, 0, 128, 0, 0, 0, 0 };
    static const uint16_t expected[] = { 7, 300, 300, 0 };
    put_picture("p/a.ppm", 4, 1, 3, pixels);
    put_picture("t/a.ppm", 4, 1, 3, pixels);
    put_picture("v/a.ppm", 4, 1, 3, pixels);
    struct edgel_dataset_params p = params_of("p", "t");
    struct edgel_dataset_masks m = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_dataset *d;
    p.valid = "v";
    p.colors = &colors;
    assert_int_equal(edgel_dataset_open(&p, &d, NULL), EDGEL_OK);
    for (int round = 0; round < 2; round++) { /* memory is used again */
        assert_int_equal(edgel_dataset_masks_read(d, edgel_dataset_pair(d, false, 0), &m, NULL), EDGEL_OK);
        assert_true(m.predicted && m.ntruth == 1 && m.map.indexed && m.valid.view.channels == 3);
        assert_memory_equal(m.map.view.data, expected, sizeof expected);
        assert_memory_equal(m.truth[0].view.data, expected, sizeof expected);
    }
    colors.n = 2;
    assert_int_equal(edgel_dataset_masks_read(d, edgel_dataset_pair(d, false, 0), &m, &err), EDGEL_EFORMAT);
    assert_string_equal(err.msg,
                        "prediction p/a.ppm: colour 0 128 0 at x 1, y 0 is not in the list of colours");
    edgel_dataset_masks_finish(&m);
    edgel_dataset_destroy(&d);
    struct edgel_image image;
    uint16_t ids[2];
    init_image(&image, 2, 1, 3, EDGEL_U8);
    memcpy(image.data, (const uint8_t[]){ 5, 5, 5, 5, 5, 6 }, 6);
    struct edgel_mask mask = mask_of(&image, 8);
    assert_int_equal(edgel_mask_ids(&mask, NULL, ids, NULL), EDGEL_EFORMAT);
    memcpy(image.data, (const uint8_t[]){ 5, 5, 5, 6, 6, 6 }, 6);
    assert_int_equal(edgel_mask_ids(&mask, NULL, ids, NULL), EDGEL_OK);
    assert_true(ids[0] == 5 && ids[1] == 6);
    edgel_image_finish(&image);
}

static void suffixes_are_counted(void **state)
{
    (void)state;
    put_random_image("i/a_img.ppm", 3);
    put_random_image("i/b.ppm", 3);
    put_random_image("t/a.pgm", 1);
    put_random_image("t/b.pgm", 1);
    struct edgel_dataset_params p = params_of("i", "t");
    struct edgel_dataset *d;
    size_t files;
    p.image_suffix = "_img";
    assert_int_equal(edgel_dataset_open(&p, &d, NULL), EDGEL_OK);
    assert_int_equal(edgel_dataset_count(d, false), 2);
    assert_int_equal(edgel_pairs_suffix(edgel_dataset_pairs(d, false), "_img", false, &files), 1);
    assert_int_equal(files, 2);
    assert_int_equal(edgel_pairs_suffix(edgel_dataset_pairs(d, false), "_img", true, NULL), 0);
    edgel_dataset_destroy(&d);
}

/* --- parameters and memory --- */

static void parameters_are_checked(void **state)
{
    (void)state;
    static const int32_t ignore[] = { EDGEL_IDS };
    put_many(1);
    struct edgel_dataset *d;
    struct edgel_dataset_params p = params_of("i", "t");
    p.channels = 2;
    assert_int_equal(edgel_dataset_open(&p, &d, NULL), EDGEL_EINVAL);
    assert_null(d);
    p = params_of("i", "t");
    p.ignore = ignore;
    p.nignore = 1;
    assert_int_equal(edgel_dataset_open(&p, &d, NULL), EDGEL_EINVAL);
    p = params_of("none", "t");
    assert_int_equal(edgel_dataset_open(&p, &d, NULL), EDGEL_EIO);
    p = params_of("i", "t");
    assert_int_equal(edgel_dataset_open(&p, &d, NULL), EDGEL_OK);
    assert_int_equal(edgel_dataset_add_validation(d, "none", "t", NULL), EDGEL_EIO);
    assert_null(edgel_dataset_pairs(d, true));
    assert_int_equal(edgel_dataset_add_validation(d, "i", "t", NULL), EDGEL_OK);
    assert_int_equal(edgel_dataset_count(d, true), 1);
    struct edgel_dataset_run run;
    struct edgel_dataset_seen seen;
    struct edgel_mask_values values;
    edgel_dataset_run_init(&run); /* a thread for each core */
    assert_int_equal(edgel_dataset_values(d, true, &run, &values, NULL, NULL), EDGEL_OK);
    assert_int_equal(edgel_dataset_survey(d, &run, &seen, NULL), EDGEL_OK);
    run.threads = -1;
    assert_int_equal(edgel_dataset_values(d, true, &run, &values, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_dataset_survey(d, &run, &seen, NULL), EDGEL_EINVAL);
    edgel_dataset_destroy(&d);
    edgel_dataset_destroy(&d);
}

static enum edgel_status use_all(const struct edgel_dataset_params *p, struct edgel_error *err)
{
    const struct edgel_dataset_run run = { .threads = 1 };
    struct edgel_dataset *d;
    struct edgel_dataset_seen seen;
    struct edgel_mask_values values;
    struct edgel_dataset_sample s = { 0 };
    struct edgel_dataset_masks m = { 0 };
    enum edgel_status st = edgel_dataset_open(p, &d, err);
    if (st == EDGEL_OK)
        st = edgel_dataset_hold_out(d, 0.5, 1, err);
    if (st == EDGEL_OK)
        st = edgel_dataset_values(d, true, &run, &values, NULL, err);
    if (st == EDGEL_OK)
        st = edgel_dataset_survey(d, &run, &seen, err);
    if (st == EDGEL_OK)
        st = edgel_dataset_check(d, &run, &seen, err);
    if (st == EDGEL_OK)
        st = edgel_dataset_load(d, true, 0, &s, err);
    if (st == EDGEL_OK) {
        struct edgel_pair pair = *edgel_dataset_pair(d, false, 0);
        pair.prediction = pair.truth[1];
        st = edgel_dataset_masks_read(d, &pair, &m, err);
    }
    edgel_dataset_masks_finish(&m);
    edgel_dataset_sample_finish(&s);
    edgel_dataset_destroy(&d);
    return st;
}

static void failures_to_allocate_are_reported(void **state)
{
    (void)state;
    struct edgel_color list[] = { { 0, 0, 0, 0 }, { 255, 0, 0, 1 } };
    const struct edgel_colors colors = { list, 2 };
    int mask[3 * N];
    char path[32];
    for (int k = 0; k < 2; k++) {
        snprintf(path, sizeof path, "i/%d.ppm", k);
        put_random_image(path, 3);
        for (int a = 1; a <= 2; a++) {
            for (int i = 0; i < 3 * N; i++)
                mask[i] = i % 3 == 0 && rnd(2) ? 255 : 0;
            snprintf(path, sizeof path, "t/%d_%d.ppm", k, a);
            put_picture(path, W, H, 3, mask);
        }
    }
    struct edgel_dataset_params p = params_of("i", "t");
    p.labels = EDGEL_LABELS_BINARY;
    p.colors = &colors;
    p.cache_bytes = 1 << 20;
    const long before = edgel_alloc_live();
    long n = 0;
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; n++) {
        struct edgel_error err = { 0 };
        edgel_alloc_fail_after(n);
        st = use_all(&p, &err);
        edgel_alloc_fail_after(-1);
        if (st != EDGEL_OK && (st != EDGEL_ENOMEM || !err.msg[0]))
            fail_msg("allocation %ld: %s: %s", n, edgel_status_name(st), err.msg);
        assert_int_equal(edgel_alloc_live(), before);
    }
    assert_true(n > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(samples_are_the_files),    TREE_TEST(ids_are_indices_of_classes),
        TREE_TEST(labels_are_decided_alike), TREE_TEST(annotators_vote),
        TREE_TEST(only_valid_pixels_count),  TREE_TEST(faults_are_told_in_order),
        TREE_TEST(a_share_is_held_out),      TREE_TEST(threads_and_cache_change_nothing),
        TREE_TEST(colors_become_ids),        TREE_TEST(suffixes_are_counted),
        TREE_TEST(parameters_are_checked),   TREE_TEST(failures_to_allocate_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
