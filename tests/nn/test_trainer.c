/* Training: repeatability over threads, CPU levels and breaks; what it learns, keeps, freezes and refuses. */
#include "drop_hash.h"
#include "eval_defaults.h"
#include "nn/training/trainer_priv.h"
#include "nn_defaults.h"
#include "random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *self; /* path of this program */

/* --- data: a bright disc on a noisy ground, somewhere --- */

enum { W = 20, H = 16, CLASSES = 3 };

struct discs {
    size_t ignored_from; /* samples from this one on have no label at all */
    size_t fails_at;     /* this sample cannot be loaded */
    bool smaller;        /* every second sample is narrower */
    bool soft;
    int grow; /* samples are larger by this factor; 0: 1 */
};

static uint64_t noise(uint64_t *state)
{
    return random_bits(state) >> 40;
}

static enum edgel_status load_disc(void *user, bool validation, size_t index, struct edgel_sample *out,
                                   struct edgel_error *err)
{
    const struct discs *d = user;
    const int grow = d->grow ? d->grow : 1;
    const int w = grow * (d->smaller && index % 2 ? W - 3 : W), h = grow * H;
    uint64_t state = 2 + index * 1000 + (validation ? 500 : 0);
    if (index == d->fails_at)
        return edgel_fail(err, EDGEL_EIO, "disc %zu: cannot be read", index);
    EDGEL_TRY(edgel_sample_init(out, w, h, 3, !d->soft, d->soft, err));
    noise(&state);
    const int cx = 5 + (int)(noise(&state) % 8), cy = 5 + (int)(noise(&state) % 6),
              r = 3 + (int)(noise(&state) % 2);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int p = y * w + x, dx = x / grow - cx, dy = y / grow - cy;
            const bool in = dx * dx + dy * dy <= r * r;
            for (int c = 0; c < 3; c++)
                out->image[c * w * h + p] =
                    (float)(noise(&state) % 256) / 255 * 0.5f + (in ? 0.1f + 0.2f * (float)c : 0.2f);
            if (out->label)
                out->label[p] = index >= d->ignored_from ? EDGEL_LABEL_IGNORE : in;
            else
                out->soft[p] = in ? 0.8f : 0;
        }
    return EDGEL_OK;
}

static struct discs plain_discs = { .ignored_from = SIZE_MAX, .fails_at = SIZE_MAX };

/* --- a small network --- */

static const char network[] = "input channels=3\n"
                              "first: conv out=8 bias=0\n"
                              "batchnorm\n"
                              "relu\n"
                              "maxpool k=2 ceil=1\n"
                              "middle: conv out=8\n"
                              "relu\n"
                              "dropout p=0.2\n"
                              "upsample factor=2 like=input\n"
                              "last: conv out=classes k=1\n";

static struct edgel_model *make_model(const char *text, int outputs, uint64_t seed)
{
    const struct edgel_model_params p = { text, strlen(text), "test", outputs, EDGEL_INIT_HE, seed };
    struct edgel_model *m = NULL;
    struct edgel_error err = { 0 };
    if (edgel_model_create(&p, &m, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    return m;
}

static struct edgel_pool *make_pool(int threads)
{
    struct edgel_pool *pool = NULL;
    assert_int_equal(edgel_pool_create(threads, &pool, NULL), EDGEL_OK);
    return pool;
}

static const struct edgel_loss_term ce_iou[] = { { EDGEL_LOSS_CE, 1 }, { EDGEL_LOSS_IOU, 0.5 } };

static struct edgel_train_params defaults(void)
{
    struct edgel_train_params p = train_params();
    p.terms = ce_iou;
    p.nterms = 2;
    p.batch = 3;
    p.epochs = 3;
    p.seed = 5;
    p.lr = 0.01;
    p.first_scored = 1;
    return p;
}

/* Everything at once: augmentation, drawing by rarity, clipping, penalties. */
static const struct edgel_augment changes = {
    .flip = 0.5, .turn = 0.5, .rotate = 10, .noise = 0.05, .resample = 0.5
};

static struct edgel_train_params busy(void)
{
    struct edgel_train_params p = defaults();
    p.augment = &changes;
    p.l1 = 1e-4;
    p.l2 = 1e-3;
    p.clip_value = 0.5;
    p.clip_norm = 1;
    p.crop_w = 13;
    p.crop_h = 11;
    p.crops = 2;
    return p;
}

/* --- what a run tells --- */

enum { ROWS_MAX = 64 };

struct record {
    struct edgel_epoch rows[ROWS_MAX];
    int nrows, steps, stop_after; /* stop after so many steps; 0: never */
    double losses[1000], lrs[1000];
    unsigned char *best, *last;
    size_t best_size, last_size;
    int bests, lasts;
};

static void keep_step(void *user, const struct edgel_step *s)
{
    struct record *r = user;
    if (r->steps < 1000) {
        r->losses[r->steps] = s->loss;
        r->lrs[r->steps] = s->lr;
    }
    r->steps++;
}

static void keep_row(void *user, const struct edgel_epoch *row)
{
    assert_true(isnan(row->images_per_second) ||
                row->images_per_second > 0); /* not 0 where none was trained */
    struct record *r = user;
    assert_in_range(r->nrows, 0, ROWS_MAX - 1);
    r->rows[r->nrows] = *row;
    r->rows[r->nrows].confusion = NULL;
    r->rows[r->nrows].seconds = r->rows[r->nrows].val_seconds = r->rows[r->nrows].images_per_second = 0;
    r->nrows++;
}

static bool stop_there(void *user)
{
    const struct record *r = user;
    return r->stop_after > 0 && r->steps >= r->stop_after;
}

static enum edgel_status keep_bytes(void *user, enum edgel_save kind, const void *bytes, size_t size,
                                    struct edgel_error *err)
{
    struct record *r = user;
    (void)err;
    unsigned char **to = kind == EDGEL_SAVE_BEST ? &r->best : &r->last;
    free(*to);
    *to = malloc(size);
    memcpy(*to, bytes, size);
    *(kind == EDGEL_SAVE_BEST ? &r->best_size : &r->last_size) = size;
    ++*(kind == EDGEL_SAVE_BEST ? &r->bests : &r->lasts);
    return EDGEL_OK;
}

static struct edgel_train_events listen_to(struct record *r)
{
    return (struct edgel_train_events){ r, keep_step, keep_row, stop_there, keep_bytes };
}

static void forget(struct record *r)
{
    free(r->best);
    free(r->last);
    *r = (struct record){ 0 };
}

static struct edgel_train_data data_of(struct discs *d, size_t ntrain, size_t nval)
{
    return (struct edgel_train_data){ d, ntrain, nval, load_disc };
}

/* Trains a new model (of another seed, if it is to be overwritten by a resume) and returns what the run returned. */
static enum edgel_status train(const struct edgel_train_params *p, const struct edgel_train_data *data,
                               int threads, const unsigned char *resume, size_t size, struct record *r,
                               struct edgel_model **out, struct edgel_error *err)
{
    struct edgel_pool *pool = make_pool(threads);
    struct edgel_model *m = make_model(network, 2, resume ? 99 : 1);
    struct edgel_trainer *t = NULL;
    const struct edgel_train_events e = listen_to(r);
    enum edgel_status status = edgel_trainer_create(m, p, data, NULL, pool, &t, err);
    if (status == EDGEL_OK && resume)
        status = edgel_trainer_resume(t, resume, size, "state", err);
    if (status == EDGEL_OK)
        status = edgel_trainer_run(t, &e, NULL, err);
    edgel_trainer_destroy(&t);
    edgel_pool_destroy(&pool);
    if (out)
        *out = m;
    else
        edgel_model_destroy(&m);
    return status;
}

static void assert_trains(const struct edgel_train_params *p, const struct edgel_train_data *data,
                          int threads, const unsigned char *resume, size_t size, struct record *r)
{
    struct edgel_error err = { 0 };
    if (train(p, data, threads, resume, size, r, NULL, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
}

/* --- the same for any number of threads and CPU level --- */

static uint64_t digest_of(const unsigned char *bytes, size_t n)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 0x100000001b3;
    return h;
}

/* Prints the digest of 20 steps; what the program does when it is called with "--digest THREADS". */
static int print_digest(int threads)
{
    struct record r = { 0 };
    struct edgel_train_params p = busy();
    struct edgel_train_data d = data_of(&plain_discs, 10, 3);
    struct edgel_error err = { 0 };
    p.steps = 5;
    p.epochs = 4;
    if (train(&p, &d, threads, NULL, 0, &r, NULL, &err) != EDGEL_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    printf("%d %016llx %016llx\n", r.steps, (unsigned long long)digest_of(r.last, r.last_size),
           (unsigned long long)digest_of(r.best, r.best_size));
    forget(&r);
    return 0;
}

static void same_weights_for_any_threads_and_cpu_level(void **state)
{
    (void)state;
    int levels = 0;
    const struct edgel_cpu_row *level = edgel_cpu_levels(&levels);
    char first[100] = "";
    for (int l = 0; l < levels; l++)
        for (int threads = 1; threads <= 4; threads++) {
            char command[600], line[100] = "";
            snprintf(command, sizeof command, "EDGEL_CPU=%s '%s' --digest %d", level[l].name, self, threads);
            FILE *f = popen(command, "r");
            assert_non_null(f);
            assert_non_null(fgets(line, sizeof line, f));
            assert_int_equal(pclose(f), 0);
            assert_memory_equal(line, "20 ", 3);
            if (!first[0])
                memcpy(first, line, sizeof first);
            assert_string_equal(line, first);
        }
}

/* --- breaks --- */

/* The settings under which a training is broken and goes on. */
static struct edgel_train_params way(int k)
{
    struct edgel_train_params p = k == 1 ? busy() : defaults();
    p.optimizer = an_optimizer((enum edgel_optimizer_kind)(k % EDGEL_OPTIMIZERS));
    p.recompute = (enum edgel_recompute)(k % 3);
    p.ema = k % 2 ? 0.9 : 0;
    if (k % 4 == 2)
        p.schedule = a_schedule(EDGEL_SCHEDULE_STEP, 10);
    p.schedule.every = 2;
    return p;
}

static void assert_same_rows(const struct record *a, int first_of_a, const struct record *b)
{
    for (int i = 0; i < b->nrows; i++)
        assert_memory_equal(&a->rows[first_of_a + i], &b->rows[i], sizeof a->rows[0]);
}

static void a_stopped_run_goes_on_as_if_unbroken(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 10, 2);
    for (int k = 0; k < EDGEL_OPTIMIZERS; k++) {
        struct record whole = { 0 };
        const struct edgel_train_params p = way(k);
        assert_trains(&p, &d, 2, NULL, 0, &whole);
        for (int stop = 1 + k % 3; stop < whole.steps; stop += 3) {
            struct record first = { .stop_after = stop }, second = { 0 };
            struct edgel_error err = { 0 };
            assert_int_equal(train(&p, &d, 1, NULL, 0, &first, NULL, &err), EDGEL_EINTERRUPTED);
            assert_int_equal(first.steps, stop);
            assert_non_null(strstr(err.msg, "stopped in epoch"));
            assert_trains(&p, &d, 3, first.last, first.last_size, &second);
            assert_int_equal(first.steps + second.steps, whole.steps);
            assert_int_equal(first.nrows + second.nrows, whole.nrows);
            assert_same_rows(&whole, first.nrows, &second);
            assert_int_equal(second.last_size, whole.last_size);
            assert_memory_equal(second.last, whole.last, whole.last_size);
            if (second.best)
                assert_memory_equal(second.best, whole.best, whole.best_size);
            forget(&first);
            forget(&second);
        }
        forget(&whole);
    }
}

/* Asked again and again, it says stop at one call: within epochs, validations and running estimates alike. */
static int asked, stop_at;

static bool stop_at_one_call(void *user)
{
    (void)user;
    return ++asked == stop_at;
}

/* One run, stopped at the k-th question (0: never); resumed where first is not NULL. */
static enum edgel_status run_stopped(const struct edgel_train_params *p, const struct edgel_train_data *d,
                                     int k, const struct record *first, struct record *r)
{
    struct edgel_pool *pool = make_pool(2);
    struct edgel_model *m = make_model(network, 2, first ? 99 : 1);
    struct edgel_trainer *t = NULL;
    struct edgel_train_events e = listen_to(r);
    e.stop = stop_at_one_call;
    asked = 0;
    stop_at = k;
    assert_int_equal(edgel_trainer_create(m, p, d, NULL, pool, &t, NULL), EDGEL_OK);
    if (first)
        assert_int_equal(edgel_trainer_resume(t, first->last, first->last_size, "state", NULL), EDGEL_OK);
    const enum edgel_status status = edgel_trainer_run(t, &e, NULL, NULL);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_pool_destroy(&pool);
    return status;
}

static void any_pass_can_be_stopped_and_goes_on_as_if_unbroken(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 10, 2);
    for (int how = EDGEL_RECOMPUTE_END; how <= EDGEL_RECOMPUTE_EPOCH; how++) {
        struct record whole = { 0 };
        struct edgel_train_params p = defaults();
        p.recompute = (enum edgel_recompute)how;
        p.ema = 0.9;
        assert_int_equal(run_stopped(&p, &d, 0, NULL, &whole), EDGEL_OK);
        const int passes =
            how == EDGEL_RECOMPUTE_END ? 1 : 3; /* of 4 batches; 3 epochs of as many, 2 samples each */
        assert_int_equal(asked, 3 * (4 + 2) + 4 * passes);
        for (int k = asked; k > 0; k--) {
            struct record first = { 0 }, second = { 0 };
            assert_int_equal(run_stopped(&p, &d, k, NULL, &first), EDGEL_EINTERRUPTED);
            assert_int_equal(run_stopped(&p, &d, 0, &first, &second), EDGEL_OK);
            assert_int_equal(first.nrows + second.nrows, whole.nrows);
            assert_same_rows(&whole, first.nrows, &second);
            assert_int_equal(second.last_size, whole.last_size);
            assert_memory_equal(second.last, whole.last, whole.last_size);
            assert_memory_equal(second.best ? second.best : first.best, whole.best, whole.best_size);
            forget(&first);
            forget(&second);
        }
        forget(&whole);
    }
}

/* Samples of validation that take long once an epoch is done. */
struct slow {
    struct record *record;
    bool any;
};

static enum edgel_status load_slowly(void *user, bool validation, size_t i, struct edgel_sample *out,
                                     struct edgel_error *err)
{
    const struct slow *s = user;
    const struct timespec t = { 0, 500000000 };
    if (validation && s->record->nrows > 0 && s->any)
        nanosleep(&t, NULL);
    return load_disc(&plain_discs, validation, i, out, err);
}

static void a_validation_without_end_is_left_to_the_next_run(void **state)
{
    (void)state;
    struct record first = { 0 }, second = { 0 }, whole = { 0 };
    struct slow slow = { &first, true };
    const struct edgel_train_data d = { &slow, 9, 12, load_slowly };
    struct edgel_pool *pool = make_pool(1);
    struct edgel_model *m = make_model(network, 2, 1);
    struct edgel_train_params p = defaults();
    const struct edgel_train_events e = listen_to(&first);
    struct edgel_trainer *t = NULL;
    enum edgel_train_end end;
    int64_t epochs, steps;
    p.max_seconds = 4;
    assert_int_equal(edgel_trainer_create(m, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, &e, &end, NULL), EDGEL_OK);
    assert_int_equal(end, EDGEL_TRAIN_TIME);
    edgel_trainer_position(t, &epochs, &steps);
    assert_int_equal(epochs, 1);
    assert_int_equal(first.nrows, 1);
    assert_int_equal(steps, 3);
    slow.any = false;
    p.max_seconds = 1000;
    assert_trains(&p, &d, 2, first.last, first.last_size, &second);
    assert_trains(&p, &d, 2, NULL, 0, &whole);
    assert_same_rows(&whole, 1, &second);
    assert_memory_equal(second.last, whole.last, whole.last_size);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_pool_destroy(&pool);
    forget(&first);
    forget(&second);
    forget(&whole);
}

static void a_longer_run_begins_as_a_shorter_one(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 7, 2);
    for (int k = 0; k < EDGEL_OPTIMIZERS; k++) {
        struct record whole = { 0 }, first = { 0 }, second = { 0 };
        struct edgel_train_params p = way(k);
        p.epochs = 2;
        assert_trains(&p, &d, 2, NULL, 0, &first);
        p.epochs = 7;
        assert_trains(&p, &d, 2, first.last, first.last_size, &second);
        assert_trains(&p, &d, 2, NULL, 0, &whole);
        assert_int_equal(second.nrows, 5);
        assert_same_rows(&whole, 2, &second);
        assert_memory_equal(second.last, whole.last, whole.last_size);
        forget(&first);
        forget(&second);
        forget(&whole);
    }
}

struct change {
    bool image, label; /* one pixel of the second validation sample is another */
};

static enum edgel_status load_changed(void *user, bool validation, size_t i, struct edgel_sample *out,
                                      struct edgel_error *err)
{
    const struct change *c = user;
    EDGEL_TRY(load_disc(&plain_discs, validation, i, out, err));
    if (validation && i == 1 && c->image)
        out->image[40] += 0.125f;
    if (validation && i == 1 && c->label)
        out->label[40] = !out->label[40];
    return EDGEL_OK;
}

static void a_resume_knows_the_validation_samples(void **state)
{
    static const struct {
        struct change change;
        const char *text;
    } cases[] = {
        { { .image = true }, "state: the validation images are not those it began with" },
        { { .label = true }, "state: the truth of the validation images is not what it began with" },
    };
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 6, 3);
    struct record first = { 0 }, other = { 0 }, second = { 0 };
    struct edgel_train_params p = defaults();
    p.epochs = 1;
    assert_trains(&p, &d, 1, NULL, 0, &first);
    p.epochs = 2;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct change change = cases[k].change;
        const struct edgel_train_data changed = { &change, 6, 3, load_changed };
        struct edgel_error err = { 0 };
        assert_int_equal(train(&p, &changed, 1, first.last, first.last_size, &other, NULL, &err),
                         EDGEL_EINVAL);
        assert_ptr_equal(strstr(err.msg, cases[k].text), err.msg);
    }
    assert_trains(&p, &d, 3, first.last, first.last_size, &second);
    forget(&first);
    forget(&other);
    forget(&second);
}

static void a_schedule_over_a_planned_length_goes_on(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 6, 0);
    struct record whole = { 0 }, first = { 0 }, second = { 0 }, other = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_train_params p = defaults();
    p.schedule = a_schedule(EDGEL_SCHEDULE_COSINE, 6);
    p.epochs = 2;
    assert_trains(&p, &d, 1, NULL, 0, &first);
    p.epochs = 6;
    assert_trains(&p, &d, 1, first.last, first.last_size, &second);
    assert_trains(&p, &d, 1, NULL, 0, &whole);
    assert_memory_equal(second.last, whole.last, whole.last_size);
    p.schedule.total = 8;
    assert_int_equal(train(&p, &d, 1, first.last, first.last_size, &other, NULL, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg,
                        "state: was trained with schedule epochs=6, which cannot become schedule epochs=8");
    forget(&first);
    forget(&second);
    forget(&whole);
    forget(&other);
}

/* --- states that are refused --- */

static void other_settings_are_refused(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 6, 2), less = data_of(&plain_discs, 5, 2);
    struct record r = { 0 };
    struct edgel_train_params p = defaults();
    const char *const freeze[] = { "first", NULL };
    p.epochs = 1;
    assert_trains(&p, &d, 1, NULL, 0, &r);
    for (int k = 0; k < 9; k++) {
        struct edgel_train_params other = p;
        struct edgel_error err = { 0 };
        struct record none = { 0 };
        static const char *const named[] = { "lr=0.01,",
                                             "loss=ce:1,iou:0.5,",
                                             "batch=3,",
                                             "seed=5,",
                                             "ema=0,",
                                             "l2=0,",
                                             "optimizer=adam,",
                                             "",
                                             "on 6 images, and now there are 5" };
        other.lr = k == 0 ? 0.02 : p.lr;
        other.nterms = k == 1 ? 1 : p.nterms;
        other.batch = k == 2 ? 2 : p.batch;
        other.seed = k == 3 ? 6 : p.seed;
        other.ema = k == 4 ? 0.5 : p.ema;
        other.l2 = k == 5 ? 0.5 : p.l2;
        if (k == 6)
            other.optimizer = an_optimizer(EDGEL_OPTIMIZER_SGD);
        other.freeze = k == 7 ? freeze : NULL;
        assert_int_equal(train(&other, k == 8 ? &less : &d, 1, r.last, r.last_size, &none, NULL, &err),
                         EDGEL_EINVAL);
        assert_non_null(strstr(err.msg, "state: was trained "));
        assert_non_null(strstr(err.msg, named[k]));
        assert_int_equal(none.steps, 0);
    }
    forget(&r);
}

static void what_is_no_state_is_refused(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 6, 0);
    struct record r = { 0 }, none = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_train_params p = defaults();
    p.epochs = 1;
    assert_trains(&p, &d, 1, NULL, 0, &r);
    assert_int_equal(train(&p, &d, 1, r.best, r.best_size, &none, NULL, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "train.position"));
    for (size_t cut = 0; cut < r.last_size; cut += 97)
        assert_int_not_equal(train(&p, &d, 1, r.last, cut, &none, NULL, NULL), EDGEL_OK);
    assert_int_equal(none.steps, 0);
    forget(&r);
}

/* Bytes changed at random: refused, or a state that trains on with finite weights or a clear end. */
static void changed_states_do_no_harm(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 4, 0);
    struct record r = { 0 };
    struct edgel_train_params p = defaults();
    uint64_t rng = 3;
    p.epochs = 1;
    assert_trains(&p, &d, 1, NULL, 0, &r);
    p.epochs = 2;
    for (int i = 0; i < 300; i++) {
        struct record after = { .stop_after = 3 };
        unsigned char *bytes = malloc(r.last_size);
        struct edgel_model *m = NULL;
        memcpy(bytes, r.last, r.last_size);
        assert_true(drop_hash(bytes, r.last_size));
        for (int k = 0; k < 1 + i % 4; k++)
            bytes[noise(&rng) % (i % 2 ? r.last_size : 4000)] = (unsigned char)noise(&rng);
        (void)train(&p, &d, 1, bytes, r.last_size, &after, &m, NULL);
        assert_true(nn_first_not_finite(m->params, m->net.nparams) == m->net.nparams);
        edgel_model_destroy(&m);
        free(bytes);
        forget(&after);
    }
    forget(&r);
}

/* One bit turned over, anywhere: refused, and the trainer is as new; or a letter of an escape, which means the same. */
static void a_flipped_bit_of_a_state_is_refused(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 4, 0);
    struct edgel_pool *pool = make_pool(1);
    struct edgel_model *m = make_model(network, 2, 1);
    struct edgel_trainer *t = NULL;
    struct edgel_train_params p = defaults();
    struct record r = { 0 };
    size_t taken = 0, tried = 0;
    int64_t epochs, steps;
    p.epochs = 1;
    assert_trains(&p, &d, 1, NULL, 0, &r);
    p.epochs = 2;
    assert_int_equal(edgel_trainer_create(m, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    for (size_t bit = 0; bit < 8 * r.last_size; bit += 11, tried++) {
        unsigned char *at = (unsigned char *)r.last + bit / 8;
        *at ^= (unsigned char)(1 << bit % 8);
        if (edgel_trainer_resume(t, r.last, r.last_size, "state", NULL) == EDGEL_OK) {
            assert_true(at[-4] == 'u' && at[-5] == '\\');
            taken++;
        } else {
            edgel_trainer_position(t, &epochs, &steps);
            assert_true(taken > 0 || (epochs == 0 && steps == 0));
        }
        *at ^= (unsigned char)(1 << bit % 8);
    }
    print_message("# of %zu bits turned over, %zu were taken\n", tried, taken);
    assert_true(taken < tried / 1000);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_pool_destroy(&pool);
    forget(&r);
}

/* --- what ends a run --- */

static void no_gain_ends_early(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 4, 2);
    struct edgel_pool *pool = make_pool(1);
    struct edgel_model *m = make_model(network, 2, 1);
    struct edgel_train_params p = defaults();
    struct record r = { 0 };
    const struct edgel_train_events e = listen_to(&r);
    struct edgel_trainer *t = NULL;
    enum edgel_train_end end;
    p.lr = 0;
    p.patience = 3;
    p.epochs = 20;
    p.dropout = 0;
    p.recompute = EDGEL_RECOMPUTE_EPOCH; /* else the running estimates move on */
    assert_int_equal(edgel_trainer_create(m, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, &e, &end, NULL), EDGEL_OK);
    assert_int_equal(end, EDGEL_TRAIN_PATIENCE);
    assert_int_equal(r.nrows, 4);
    assert_true(r.rows[0].best && !r.rows[3].best);
    assert_int_equal(r.rows[3].since_best, 3);
    assert_int_equal(r.bests, 1);
    assert_int_equal(edgel_trainer_run(t, &e, &end, NULL), EDGEL_OK); /* over is over */
    assert_int_equal(end, EDGEL_TRAIN_PATIENCE);
    assert_int_equal(r.nrows, 4);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_pool_destroy(&pool);
    forget(&r);
}

static void time_ends_a_run(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 9, 2);
    struct edgel_pool *pool = make_pool(1);
    struct edgel_model *m = make_model(network, 2, 1);
    struct edgel_train_params p = defaults();
    struct record r = { 0 };
    const struct edgel_train_events e = listen_to(&r);
    struct edgel_trainer *t = NULL;
    enum edgel_train_end end;
    int64_t epochs, steps;
    p.max_seconds = 1e-9;
    assert_int_equal(edgel_trainer_create(m, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, &e, &end, NULL), EDGEL_OK);
    assert_int_equal(end, EDGEL_TRAIN_TIME);
    assert_true(r.steps <= 1);
    edgel_trainer_position(t, &epochs, &steps);
    assert_int_equal(epochs, r.nrows);
    assert_int_equal(steps, 0);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_pool_destroy(&pool);
    forget(&r);
}

static void sleep_a_little(void *user, const struct edgel_step *s)
{
    const struct timespec t = { 0, 30000000 };
    keep_step(user, s);
    nanosleep(&t, NULL);
}

static void an_epoch_without_end_is_cut(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 9, 2);
    struct edgel_pool *pool = make_pool(1);
    struct edgel_model *m = make_model(network, 2, 1);
    struct edgel_train_params p = defaults();
    struct record r = { 0 };
    struct edgel_train_events e = listen_to(&r);
    struct edgel_trainer *t = NULL;
    enum edgel_train_end end;
    e.step_done = sleep_a_little;
    p.max_seconds = 0.1;
    p.steps = 100;
    assert_int_equal(edgel_trainer_create(m, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, &e, &end, NULL), EDGEL_OK);
    assert_int_equal(end, EDGEL_TRAIN_TIME);
    assert_int_equal(r.nrows, 1);
    assert_int_equal(r.rows[0].steps, r.steps);
    assert_in_range(r.steps, 1, 99);
    assert_true(r.rows[0].best);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_pool_destroy(&pool);
    forget(&r);
}

static void a_loss_that_is_not_finite_keeps_the_weights(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 9, 2);
    struct record r = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_model *m = NULL, *start = make_model(network, 2, 1);
    struct edgel_train_params p = defaults();
    p.lr = 1e30;
    p.optimizer = an_optimizer(EDGEL_OPTIMIZER_SGD);
    assert_int_equal(train(&p, &d, 2, NULL, 0, &r, &m, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "epoch 1, step 2: the "));
    assert_non_null(strstr(err.msg, "is not finite"));
    assert_memory_equal(m->params, start->params, m->net.nparams * sizeof(float));
    assert_memory_equal(m->buffers, start->buffers, m->net.nbuffers * sizeof(float));
    assert_int_equal(r.lasts, 0);
    edgel_model_destroy(&m);
    edgel_model_destroy(&start);
    forget(&r);
}

static void a_sample_that_cannot_be_loaded_ends_the_run(void **state)
{
    (void)state;
    struct discs bad = { .ignored_from = SIZE_MAX, .fails_at = 5 };
    const struct edgel_train_data d = data_of(&bad, 9, 2);
    struct record r = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_train_params p = defaults();
    p.crop_w = 8;
    p.crop_h = 8;
    assert_int_equal(train(&p, &d, 2, NULL, 0, &r, NULL, &err), EDGEL_EIO);
    assert_string_equal(err.msg, "disc 5: cannot be read");
    forget(&r);
}

/* --- learning --- */

static void a_tiny_set_is_learned_by_heart(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 6, 0);
    struct discs narrow = plain_discs;
    narrow.smaller = true;
    const struct edgel_train_data two_sizes = data_of(&narrow, 6, 6);
    struct record r = { 0 };
    struct edgel_train_params p = defaults();
    p.epochs = 60;
    p.dropout = 0;
    assert_trains(&p, &d, 2, NULL, 0, &r);
    assert_true(r.rows[59].train_loss < 0.1 * r.rows[0].train_loss);
    assert_true(isnan(r.rows[59].iou) && isnan(r.rows[59].val_loss));
    assert_true(r.rows[59].watched == r.rows[59].train_loss);
    forget(&r);
    assert_trains(&p, &two_sizes, 2, NULL, 0, &r);
    assert_true(r.rows[59].iou > 0.8 && r.rows[59].f1 > r.rows[59].iou && r.rows[59].accuracy > 0.95);
    forget(&r);
}

static void soft_targets_of_one_output_are_learned(void **state)
{
    (void)state;
    static const struct edgel_loss_term bce[] = { { EDGEL_LOSS_BCE, 1 } };
    struct discs soft = plain_discs;
    soft.soft = true;
    const struct edgel_train_data d = data_of(&soft, 16, 4);
    struct edgel_pool *pool = make_pool(2);
    struct edgel_model *one = make_model(network, 1, 1), *two = make_model(network, 2, 1);
    struct edgel_train_params p = defaults();
    struct record r = { 0 };
    const struct edgel_train_events e = listen_to(&r);
    struct edgel_trainer *t = NULL;
    struct edgel_error err = { 0 };
    p.terms = bce;
    p.nterms = 1;
    p.epochs = 60;
    assert_int_equal(edgel_trainer_create(two, &p, &d, NULL, pool, &t, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "one output"));
    assert_int_equal(edgel_trainer_create(one, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, &e, NULL, NULL), EDGEL_OK);
    assert_true(r.rows[59].iou > 0.7);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&one);
    edgel_model_destroy(&two);
    edgel_pool_destroy(&pool);
    forget(&r);
}

/* Share of the parameters from..to that differ; some may never get a gradient. */
static double changed(const struct edgel_model *a, const struct edgel_model *b, size_t from, size_t to)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++)
        n += a->params[i] != b->params[i];
    return (double)n / (double)(to - from);
}

static void frozen_layers_keep_their_parameters(void **state)
{
    (void)state;
    static const char *const freeze[] = { "first", "batchnorm", NULL }, *const wrong[] = { "firzt", NULL },
                             *const all[] = { "first", "batchnorm", "middle", "last", NULL };
    const struct edgel_train_data d = data_of(&plain_discs, 6, 0);
    struct record r = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_model *m = NULL, *start = make_model(network, 2, 1);
    struct edgel_train_params p = defaults();
    p.freeze = freeze;
    p.optimizer = an_optimizer(EDGEL_OPTIMIZER_ADAMW); /* its decay must leave them alone too */
    p.l2 = 0.1;
    assert_int_equal(train(&p, &d, 2, NULL, 0, &r, &m, NULL), EDGEL_OK);
    const size_t kept = m->net.layers[5].params_at; /* of the middle convolution */
    assert_memory_equal(m->params, start->params, kept * sizeof(float));
    assert_memory_equal(m->buffers, start->buffers, m->net.nbuffers * sizeof(float));
    assert_true(changed(m, start, kept, m->net.nparams) > 0.9);
    edgel_model_destroy(&m);
    p.freeze = wrong;
    assert_int_equal(train(&p, &d, 2, NULL, 0, &r, NULL, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "freeze firzt: no layer with parameters has a name that begins so");
    p.freeze = all;
    edgel_error_clear(&err);
    assert_int_equal(train(&p, &d, 2, NULL, 0, &r, NULL, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "no parameters are left to train");
    edgel_model_destroy(&start);
    forget(&r);
}

static void pixels_without_label_teach_nothing(void **state)
{
    (void)state;
    struct discs none = { .ignored_from = 0, .fails_at = SIZE_MAX };
    const struct edgel_train_data d = data_of(&none, 4, 2);
    struct record r = { 0 };
    struct edgel_model *m = NULL, *start = make_model(network, 2, 1);
    struct edgel_train_params p = defaults();
    assert_int_equal(train(&p, &d, 2, NULL, 0, &r, &m, NULL), EDGEL_OK);
    assert_memory_equal(m->params, start->params, m->net.nparams * sizeof(float));
    assert_true(r.rows[0].train_loss == 0 && r.rows[0].gradient_norm == 0);
    assert_true(isnan(r.rows[0].val_loss) && isnan(r.rows[0].iou) && isnan(r.rows[0].accuracy));
    assert_int_equal(r.bests, 0);
    edgel_model_destroy(&m);
    edgel_model_destroy(&start);
    forget(&r);
}

static void a_class_that_never_occurs_is_no_harm(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 4, 2);
    struct edgel_pool *pool = make_pool(2);
    struct edgel_model *m = make_model(network, CLASSES, 1);
    struct edgel_survey s;
    float weights[CLASSES];
    assert_int_equal(edgel_survey_make(&d, false, CLASSES, 3, pool, &s, NULL), EDGEL_OK);
    assert_int_equal(s.total[2], 0);
    assert_int_equal(edgel_class_weights(s.total, CLASSES, weights, NULL), EDGEL_OK);
    assert_true(weights[2] == 0 && weights[1] > weights[0]);
    struct edgel_loss_params loss;
    edgel_loss_params_init(&loss);
    loss.class_weights = weights;
    struct edgel_train_params p = defaults();
    p.loss = &loss;
    struct edgel_trainer *t = NULL;
    assert_int_equal(edgel_trainer_create(m, &p, &d, &s, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, NULL, NULL, NULL), EDGEL_OK);
    assert_true(nn_first_not_finite(m->params, m->net.nparams) == m->net.nparams);
    edgel_trainer_destroy(&t);
    edgel_survey_finish(&s);
    struct record with = { 0 }, without = { 0 };
    assert_trains(&p, &d, 1, NULL, 0, &with);
    p.loss = NULL;
    assert_trains(&p, &d, 1, NULL, 0, &without);
    assert_true(with.losses[0] != without.losses[0]);
    forget(&with);
    forget(&without);
    edgel_model_destroy(&m);
    edgel_pool_destroy(&pool);
}

/* Without labels there is no other gradient than that of the penalties, and they hold for weights alone. */
static void penalties_draw_weights_to_zero(void **state)
{
    (void)state;
    struct discs none = { .ignored_from = 0, .fails_at = SIZE_MAX };
    const struct edgel_train_data d = data_of(&none, 3, 0);
    struct record r = { 0 };
    struct edgel_model *m = NULL, *start = make_model(network, 2, 1);
    struct edgel_train_params p = defaults();
    p.optimizer = an_optimizer(EDGEL_OPTIMIZER_SGD);
    p.epochs = 1;
    p.lr = 0.5;
    p.l1 = 0.01;
    p.l2 = 0.1;
    p.clip_norm = 1e-9; /* does not touch them */
    assert_int_equal(train(&p, &d, 2, NULL, 0, &r, &m, NULL), EDGEL_OK);
    const struct nn_layer *first = &m->net.layers[1], *middle = &m->net.layers[5];
    for (size_t i = 0; i < first->nparams + middle->nparams - 8; i++) {
        const size_t at = i < first->nparams ? first->params_at + i : middle->params_at + i - first->nparams;
        const double w = (double)start->params[at], sign = w > 0 ? 1 : -1;
        assert_true(fabs((double)m->params[at] - (w - 0.5 * (0.1 * w + 0.01 * sign))) < 1e-6);
    }
    for (size_t i = first->params_at + first->nparams; i < middle->params_at; i++)
        assert_true(m->params[i] == start->params[i]); /* batch norm */
    assert_true(r.rows[0].penalty > 0 && r.rows[0].train_loss == 0);
    edgel_model_destroy(&m);
    edgel_model_destroy(&start);
    forget(&r);
}

static double moved_by(const struct edgel_model *a, const struct edgel_model *b, double *largest)
{
    double sum = 0;
    *largest = 0;
    for (size_t i = 0; i < a->net.nparams; i++) {
        const double by = fabs((double)a->params[i] - (double)b->params[i]);
        sum += by * by;
        *largest = by > *largest ? by : *largest;
    }
    return sqrt(sum);
}

static void clipping_bounds_a_step(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 3, 0);
    struct edgel_model *start = make_model(network, 2, 1);
    double norm[3], largest[3];
    for (int k = 0; k < 3; k++) {
        struct record r = { 0 };
        struct edgel_model *m = NULL;
        struct edgel_train_params p = defaults();
        p.optimizer = an_optimizer(EDGEL_OPTIMIZER_SGD);
        p.epochs = 1;
        p.lr = 1;
        p.clip_norm = k == 1 ? 0.01 : p.clip_norm;
        p.clip_value = k == 2 ? 0.002 : p.clip_value;
        assert_int_equal(train(&p, &d, 2, NULL, 0, &r, &m, NULL), EDGEL_OK);
        norm[k] = moved_by(m, start, &largest[k]);
        assert_true(fabs(r.rows[0].gradient_norm - norm[0]) < 1e-4 * norm[0]); /* before clipping */
        edgel_model_destroy(&m);
        forget(&r);
    }
    assert_true(norm[0] > 0.02 && largest[0] > 0.004);
    assert_true(fabs(norm[1] - 0.01) < 1e-5);
    assert_true(fabs(largest[2] - 0.002) < 1e-6);
    edgel_model_destroy(&start);
}

static void steps_follow_the_schedule(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 9, 0);
    struct edgel_train_params p = defaults();
    struct record r = { 0 };
    p.schedule = a_schedule(EDGEL_SCHEDULE_COSINE, 3);
    p.schedule.warmup = 0.7;
    assert_trains(&p, &d, 1, NULL, 0, &r);
    assert_int_equal(r.steps, 9);
    for (int i = 0; i < 9; i++)
        assert_true(fabs(r.lrs[i] - edgel_schedule_lr(&p.schedule, p.lr, i / 3.0)) < 1e-12);
    assert_true(r.lrs[8] < r.lrs[4] && r.lrs[0] < r.lrs[2]);
    forget(&r);
}

/* Without batch norm a mean over pixels of all batches is the gradient of one batch that holds everything. */
static void gd_is_one_step_along_the_whole_gradient(void **state)
{
    (void)state;
    static const char text[] = "input channels=3\nconv out=4\nrelu\nconv out=classes k=1\n";
    const struct edgel_train_data d = data_of(&plain_discs, 7, 0);
    struct edgel_pool *pool = make_pool(2);
    struct edgel_model *a = make_model(text, 2, 1), *b = make_model(text, 2, 1);
    struct edgel_train_params p = defaults();
    struct edgel_trainer *t = NULL;
    p.nterms = 1;
    p.epochs = 4;
    p.lr = 0.1;
    p.optimizer = an_optimizer(EDGEL_OPTIMIZER_GD);
    assert_int_equal(edgel_trainer_create(a, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, NULL, NULL, NULL), EDGEL_OK);
    assert_int_equal(t->updates, 4);
    edgel_trainer_destroy(&t);
    p.optimizer = an_optimizer(EDGEL_OPTIMIZER_SGD);
    p.batch = 7;
    assert_int_equal(edgel_trainer_create(b, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, NULL, NULL, NULL), EDGEL_OK);
    edgel_trainer_destroy(&t);
    for (size_t i = 0; i < a->net.nparams; i++)
        assert_true(fabsf(a->params[i] - b->params[i]) < 1e-6f);
    edgel_model_destroy(&a);
    edgel_model_destroy(&b);
    edgel_pool_destroy(&pool);
}

struct following {
    struct edgel_model *model;
    double *average;
    double decay;
};

static void follow(void *user, const struct edgel_step *s)
{
    struct following *f = user;
    (void)s;
    for (size_t i = 0; i < f->model->net.nparams; i++)
        f->average[i] = f->decay * f->average[i] + (1 - f->decay) * (double)f->model->params[i];
}

static void the_best_weights_can_be_averages(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 6, 0);
    struct edgel_pool *pool = make_pool(1);
    struct edgel_model *m = make_model(network, 2, 1), *best = make_model(network, 2, 7);
    struct following f = { m, calloc(m->net.nparams, sizeof(double)), 0.8 };
    const struct edgel_train_events e = { .user = &f, .step_done = follow };
    struct edgel_train_params p = defaults();
    struct edgel_trainer *t = NULL;
    p.epochs = 1;
    p.ema = 0.8;
    for (size_t i = 0; i < m->net.nparams; i++)
        f.average[i] = (double)m->params[i];
    assert_int_equal(edgel_trainer_create(m, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    assert_false(edgel_trainer_best(t, best));
    assert_int_equal(edgel_trainer_run(t, &e, NULL, NULL), EDGEL_OK);
    assert_true(edgel_trainer_best(t, best));
    bool moved = false;
    for (size_t i = 0; i < m->net.nparams; i++) {
        assert_true(fabs((double)best->params[i] - f.average[i]) < 1e-5);
        moved |= best->params[i] != m->params[i];
    }
    assert_true(moved);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_model_destroy(&best);
    edgel_pool_destroy(&pool);
    free(f.average);
}

/* Pre-training changes the weights after the trainer was made. */
static void a_run_begins_with_the_weights_of_its_begin(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 6, 2);
    struct edgel_pool *pool = make_pool(1);
    struct edgel_model *m = make_model(network, 2, 1), *other = make_model(network, 2, 2),
                       *best = make_model(network, 2, 3);
    struct edgel_train_params p = defaults();
    struct edgel_trainer *t = NULL;
    p.epochs = 1;
    p.ema = 0.5;
    p.lr = 0;
    assert_int_equal(edgel_trainer_create(m, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
    memcpy(m->params, other->params, m->net.nparams * sizeof(float));
    assert_int_equal(edgel_trainer_run(t, NULL, NULL, NULL), EDGEL_OK);
    assert_true(edgel_trainer_best(t, best));
    assert_memory_equal(best->params, other->params, m->net.nparams * sizeof(float));
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_model_destroy(&other);
    edgel_model_destroy(&best);
    edgel_pool_destroy(&pool);
}

/* A batch norm right behind the image: its estimates over the set are the moments of the normalised images. */
static void running_estimates_are_averages_over_the_set(void **state)
{
    (void)state;
    static const char text[] = "input channels=3\nbatchnorm\nconv out=classes k=1\n";
    const struct edgel_train_data d = data_of(&plain_discs, 8, 0);
    struct edgel_pool *pool = make_pool(2);
    struct edgel_model *m = make_model(text, 2, 1);
    struct edgel_survey s;
    struct edgel_train_params p = defaults();
    struct edgel_trainer *t = NULL;
    p.batch = 2;
    p.epochs = 1;
    p.recompute = EDGEL_RECOMPUTE_EPOCH;
    assert_int_equal(edgel_survey_make(&d, false, 2, 3, pool, &s, NULL), EDGEL_OK);
    assert_int_equal(edgel_model_set_normalisation(m, s.mean, s.deviation, 3, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_create(m, &p, &d, &s, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, NULL, NULL, NULL), EDGEL_OK);
    for (int c = 0; c < 3; c++) {
        assert_true(fabsf(t->scored_buffers[c]) < 1e-5f);
        assert_true(fabsf(t->scored_buffers[3 + c] - 1) < 0.02f); /* within batches, unbiased */
        assert_true(m->buffers[c] != t->scored_buffers[c]);
    }
    assert_true(t->net.layers[1].momentum == 0.1);
    edgel_trainer_destroy(&t);
    edgel_survey_finish(&s);
    edgel_model_destroy(&m);
    edgel_pool_destroy(&pool);
}

static void dropout_can_be_set(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 4, 0);
    struct edgel_train_params p = defaults();
    double first[3];
    for (int k = 0; k < 3; k++) {
        struct record r = { 0 };
        p.dropout = k == 0 ? -1 : k == 1 ? 0.2 : 0.7;
        assert_trains(&p, &d, 1, NULL, 0, &r);
        first[k] = r.losses[0];
        forget(&r);
    }
    assert_true(first[0] == first[1] && first[1] != first[2]);
}

/* --- validation --- */

struct judged {
    uint64_t confusion[2][2];
    struct edgel_epoch row;
};

static void keep_confusion(void *user, const struct edgel_epoch *row)
{
    struct judged *j = user;
    assert_int_equal(row->classes, 2);
    memcpy(j->confusion, row->confusion, sizeof j->confusion);
    j->row = *row;
}

/* The same counts by the public way to run a model. */
static void count_by_predictor(const struct edgel_model *m, struct discs *d, size_t n, uint64_t out[2][2])
{
    struct edgel_predictor *predictor = NULL;
    const struct edgel_predictor_params p = predictor_params();
    assert_int_equal(edgel_predictor_create(m, &p, &predictor, NULL), EDGEL_OK);
    for (size_t i = 0; i < n; i++) {
        struct edgel_sample s;
        assert_int_equal(load_disc(d, true, i, &s, NULL), EDGEL_OK);
        const int pixels = s.w * s.h;
        float *logits = malloc(2 * (size_t)pixels * sizeof *logits);
        assert_int_equal(edgel_predict(predictor, s.image, s.w, s.h, true, logits, NULL), EDGEL_OK);
        for (int k = 0; k < pixels; k++)
            if (s.label[k] != EDGEL_LABEL_IGNORE)
                out[s.label[k]][logits[pixels + k] > logits[k]]++;
        free(logits);
        edgel_sample_finish(&s);
    }
    edgel_predictor_destroy(&predictor);
}

static void validation_counts_pixels(void **state)
{
    (void)state;
    struct discs large = { .ignored_from = 3, .fails_at = SIZE_MAX, .smaller = true, .grow = 16 };
    const struct edgel_train_data d = data_of(&large, 2, 4);
    struct edgel_pool *pool = make_pool(4);
    for (int first = 0; first < 2; first++) {
        struct edgel_model *m = make_model(network, 2, 1);
        struct edgel_train_params p = defaults();
        struct judged j = { .confusion = { { 0 } } };
        const struct edgel_train_events e = { .user = &j, .epoch_done = keep_confusion };
        struct edgel_trainer *t = NULL;
        uint64_t naive[2][2] = { { 0 } };
        p.epochs = 1;
        p.first_scored = first;
        assert_int_equal(edgel_trainer_create(m, &p, &d, NULL, pool, &t, NULL), EDGEL_OK);
        t->sizes.most_bytes = first ? 1 : t->sizes.most_bytes; /* of two sizes, one stays or both */
        assert_int_equal(edgel_trainer_run(t, &e, NULL, NULL), EDGEL_OK);
        int plans = 0;
        for (int k = 0; k < NN_PLANS_KEPT; k++)
            plans += t->sizes.plans[k] != NULL;
        assert_int_equal(plans, 2 - first);
        count_by_predictor(m, &large, 4, naive);
        double iou = 0, f1 = 0, all = 0;
        for (int c = 0; c < 2; c++) {
            const double tp = (double)naive[c][c], wrong = (double)naive[c][1 - c] + (double)naive[1 - c][c];
            all += tp + (double)naive[c][1 - c];
            for (int k = 0; k < 2; k++) /* rounding may turn a pixel */
                assert_true(llabs((long long)naive[c][k] - (long long)j.confusion[c][k]) <= 2);
            if (c >= first) {
                iou += tp / (tp + wrong) / (2 - first);
                f1 += 2 * tp / (2 * tp + wrong) / (2 - first);
            }
        }
        assert_true(fabs(j.row.iou - iou) < 1e-4 && fabs(j.row.f1 - f1) < 1e-4);
        assert_true(fabs(j.row.accuracy - (double)(naive[0][0] + naive[1][1]) / all) < 1e-4);
        assert_true(j.row.watched == j.row.iou);
        edgel_trainer_destroy(&t);
        edgel_model_destroy(&m);
    }
    edgel_pool_destroy(&pool);
}

/* --- the survey --- */

static enum edgel_status fail_from_30(void *user, int thread, size_t i, struct edgel_error *err)
{
    (void)user;
    (void)thread;
    const struct timespec t = { 0, i == 30 ? 20000000 : 0 };
    nanosleep(&t, NULL); /* the first failure comes last */
    return i < 30 ? EDGEL_OK : edgel_fail(err, EDGEL_EIO, "number %zu", i);
}

static void the_first_of_several_failures_is_told(void **state)
{
    (void)state;
    struct edgel_pool *pool = make_pool(4);
    struct edgel_error err = { 0 };
    assert_int_equal(nn_try_each(pool, 100, fail_from_30, NULL, &err), EDGEL_EIO);
    assert_string_equal(err.msg, "number 30");
    edgel_pool_destroy(&pool);
}

static void a_survey_counts_and_measures(void **state)
{
    (void)state;
    struct discs some = { .ignored_from = 3, .fails_at = SIZE_MAX, .smaller = true };
    const struct edgel_train_data d = data_of(&some, 5, 0);
    struct edgel_pool *pool = make_pool(3);
    struct edgel_survey s;
    double n = 0, sum[3] = { 0 }, product[3][3] = { { 0 } };
    int64_t total[2] = { 0 };
    assert_int_equal(edgel_survey_make(&d, false, 2, 3, pool, &s, NULL), EDGEL_OK);
    for (size_t i = 0; i < 5; i++) {
        struct edgel_sample x;
        assert_int_equal(load_disc(&some, false, i, &x, NULL), EDGEL_OK);
        assert_true(s.w[i] == x.w && s.h[i] == x.h);
        int64_t ones = 0, ignored = 0;
        for (int p = 0; p < x.w * x.h; p++) {
            n++;
            ones += x.label[p] == 1;
            ignored += x.label[p] == EDGEL_LABEL_IGNORE;
            for (int a = 0; a < 3; a++) {
                const double v = (double)x.image[a * x.w * x.h + p];
                sum[a] += v;
                for (int b = 0; b < 3; b++)
                    product[a][b] += v * (double)x.image[b * x.w * x.h + p];
            }
        }
        assert_int_equal(s.pixels[i * 2 + 1], ones);
        assert_int_equal(s.pixels[i * 2], x.w * x.h - ones - ignored);
        assert_int_equal(s.ignored[i], ignored);
        total[0] += s.pixels[i * 2];
        total[1] += s.pixels[i * 2 + 1];
        edgel_sample_finish(&x);
    }
    assert_true(s.total[0] == total[0] && s.total[1] == total[1]);
    for (int a = 0; a < 3; a++) {
        assert_true(fabs(s.mean[a] - sum[a] / n) < 1e-12);
        for (int b = 0; b < 3; b++)
            assert_true(fabs(s.covariance[a][b] - (product[a][b] / n - sum[a] / n * (sum[b] / n))) < 1e-12);
        assert_true(fabs(s.deviation[a] - sqrt(s.covariance[a][a])) < 1e-12);
    }
    edgel_survey_finish(&s);
    edgel_pool_destroy(&pool);
}

static enum edgel_status load_bad_label(void *user, bool validation, size_t index, struct edgel_sample *out,
                                        struct edgel_error *err)
{
    EDGEL_TRY(load_disc(&plain_discs, validation, index, out, err));
    if (index == 2)
        out->label[W + 3] = *(uint16_t *)user;
    return EDGEL_OK;
}

static void a_survey_refuses_bad_samples(void **state)
{
    (void)state;
    uint16_t label = 2;
    const struct edgel_train_data d = { &label, 4, 0, load_bad_label };
    struct edgel_pool *pool = make_pool(2);
    struct edgel_survey s;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_survey_make(&d, false, 2, 3, pool, &s, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "training sample 2: label 2 at 3, 1: must be below 2");
    edgel_survey_finish(&s);
    edgel_error_clear(&err);
    assert_int_equal(edgel_survey_make(&d, false, 3, 1, pool, &s, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "training sample 0 has 3 channels, the model takes 1");
    edgel_survey_finish(&s);
    edgel_pool_destroy(&pool);
}

/* --- layer-wise pre-training --- */

struct stages_seen {
    int stages, steps;
    char names[200];
    const struct edgel_model *model;
    float *second; /* parameters when the second stage begins */
};

static void see_stage(void *user, int stage, int stages, const char *layer)
{
    struct stages_seen *s = user;
    assert_int_equal(stage, ++s->stages);
    assert_int_equal(stages, 2);
    strcat(s->names, layer);
    strcat(s->names, " ");
    const size_t bytes = s->model->net.nparams * sizeof(float);
    if (stage == 2)
        s->second = memcpy(malloc(bytes), s->model->params, bytes);
}

static void see_step(void *user, const struct edgel_step *step)
{
    (void)step;
    ((struct stages_seen *)user)->steps++;
}

static void stages_are_trained_one_after_the_other(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 6, 2);
    struct edgel_model *start = make_model(network, 2, 1), *kept = NULL;
    struct edgel_train_params p = defaults();
    for (int threads = 1; threads <= 3; threads += 2) {
        struct edgel_pool *pool = make_pool(threads);
        struct edgel_model *m = make_model(network, 2, 1);
        struct stages_seen seen = { .model = m };
        const struct edgel_train_events e = { .user = &seen, .step_done = see_step };
        assert_int_equal(edgel_pretrain_layerwise(m, &p, 2, &d, NULL, pool, &e, see_stage, NULL, NULL),
                         EDGEL_OK);
        assert_string_equal(seen.names, "first middle ");
        assert_int_equal(seen.steps, 2 * 2 * 2);
        const size_t head = m->net.layers[m->net.nlayers - 1].params_at;
        assert_true(changed(m, start, 0, m->net.layers[5].params_at) > 0.9);
        assert_true(changed(m, start, m->net.layers[5].params_at, head) > 0.6);
        assert_true(changed(m, start, head, m->net.nparams) == 0);
        assert_memory_equal(m->params, seen.second, m->net.layers[5].params_at * sizeof(float)); /* frozen */
        assert_memory_equal(seen.second + m->net.layers[5].params_at,
                            start->params + m->net.layers[5].params_at,
                            (m->net.nparams - m->net.layers[5].params_at) * sizeof(float));
        free(seen.second);
        if (!kept)
            kept = m;
        else {
            assert_memory_equal(m->params, kept->params, m->net.nparams * sizeof(float));
            assert_memory_equal(m->buffers, kept->buffers, m->net.nbuffers * sizeof(float));
            edgel_model_destroy(&m);
        }
        edgel_pool_destroy(&pool);
    }
    edgel_model_destroy(&start);
    edgel_model_destroy(&kept);
}

static void count_stages(void *user, int stage, int stages, const char *layer)
{
    (void)stage;
    (void)layer;
    *(int *)user = stages;
}

static void every_preset_has_stages(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 2, 0);
    struct edgel_pool *pool = make_pool(2);
    struct edgel_train_params p = defaults();
    int stages = 0;
    const struct edgel_train_events e = { .user = &stages };
    for (int k = 0; edgel_preset_name(k); k++) {
        struct edgel_model *m = make_model(edgel_preset(edgel_preset_name(k)), 2, 1);
        struct edgel_error err = { 0 };
        enum edgel_train_end end = EDGEL_TRAIN_TIME;
        stages = 0;
        if (edgel_pretrain_layerwise(m, &p, 1, &d, NULL, pool, &e, count_stages, &end, &err) != EDGEL_OK)
            fail_msg("%s: %s", edgel_preset_name(k), err.msg);
        int convs = 0, separable = 0; /* those with groups are followed by a 1x1 one */
        for (int i = 0; i < m->net.nlayers; i++) {
            convs += strcmp(m->net.layers[i].op->name, "conv") == 0;
            separable += strcmp(m->net.layers[i].op->name, "conv") == 0 && m->net.layers[i].groups > 1;
        }
        assert_int_equal(stages, convs - separable - 1);
        struct edgel_model_info info;
        edgel_model_describe(m, &info);
        assert_int_equal(stages, info.stages);
        assert_int_equal(end, EDGEL_TRAIN_EPOCHS);
        edgel_model_destroy(&m);
    }
    edgel_pool_destroy(&pool);
}

/* --- the rest --- */

static void bad_params_are_refused(void **state)
{
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 4, 2);
    for (int k = 0; k < 18; k++) {
        struct edgel_train_params p = defaults();
        struct record r = { 0 };
        struct edgel_error err = { 0 };
        p.nterms = k == 0 ? 0 : p.nterms;
        p.lr = k == 1 ? NAN : p.lr;
        p.lr = k == 2 ? -1 : p.lr;
        p.l1 = k == 3 ? -1 : 0;
        p.l2 = k == 4 ? NAN : 0;
        p.clip_norm = k == 5 ? 0 : p.clip_norm;
        p.clip_value = k == 6 ? NAN : p.clip_value;
        p.dropout = k == 7 ? 1 : p.dropout;
        p.batch = k == 8 ? 0 : p.batch;
        p.crop_w = k == 9 ? 5 : 0;
        p.crops = k == 10 ? 0 : p.crops;
        p.steps = k == 11 ? -1 : 0;
        p.epochs = k == 12 ? -1 : p.epochs;
        p.max_seconds = k == 13 ? 0 : p.max_seconds;
        p.patience = k == 14 ? -1 : 0;
        p.first_scored = k == 15 ? 2 : 0;
        p.ema = k == 16 ? 1 : 0;
        p.optimizer.beta1 = k == 17 ? 1 : 0.9;
        assert_int_equal(train(&p, &d, 1, NULL, 0, &r, NULL, &err), EDGEL_EINVAL);
        assert_true(err.msg[0] != '\0');
        assert_int_equal(r.steps, 0);
    }
}

static void monitors_have_names(void **state)
{
    (void)state;
    enum edgel_monitor m;
    for (int k = 0; k < 4; k++) {
        assert_int_equal(edgel_monitor_find(edgel_monitor_name((enum edgel_monitor)k), &m, NULL), EDGEL_OK);
        assert_int_equal(m, k);
    }
    assert_null(edgel_monitor_name((enum edgel_monitor)4));
    assert_int_equal(edgel_monitor_find("loos", &m, NULL), EDGEL_EINVAL);
}

static void running_out_of_memory_leaves_nothing(void **state)
{
    static const char *const notes[] = { "training", "training truth", "validation truth",
                                         "validation images" };
    (void)state;
    const struct edgel_train_data d = data_of(&plain_discs, 4, 1);
    struct edgel_train_params p = busy();
    p.optimizer = an_optimizer(EDGEL_OPTIMIZER_GD);
    p.ema = 0.5;
    p.epochs = 1;
    p.crops = 1;
    p.recompute = EDGEL_RECOMPUTE_END;
    enum edgel_status status = EDGEL_ENOMEM;
    for (long n = 0; status != EDGEL_OK; n++) {
        struct edgel_pool *pool = make_pool(1);
        struct edgel_model *m = make_model(network, 2, 1);
        struct record r = { 0 };
        const struct edgel_train_events e = listen_to(&r);
        struct edgel_trainer *t = NULL;
        const long live = edgel_alloc_live();
        edgel_alloc_fail_after(n);
        status = edgel_trainer_create(m, &p, &d, NULL, pool, &t, NULL);
        if (status == EDGEL_OK)
            status = edgel_trainer_run(t, &e, NULL, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(status == EDGEL_OK || status == EDGEL_ENOMEM);
        edgel_trainer_destroy(&t);
        assert_null(t);
        for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
            assert_int_equal(edgel_model_set_note(m, notes[i], NULL, NULL), EDGEL_OK);
        assert_true(edgel_alloc_live() <= live + 1); /* the list of notes */
        edgel_model_destroy(&m);
        edgel_pool_destroy(&pool);
        forget(&r);
        assert_int_equal(edgel_alloc_live(), 0);
    }
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 3 && strcmp(argv[1], "--digest") == 0)
        return print_digest(atoi(argv[2]));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_weights_for_any_threads_and_cpu_level),
        cmocka_unit_test(a_stopped_run_goes_on_as_if_unbroken),
        cmocka_unit_test(any_pass_can_be_stopped_and_goes_on_as_if_unbroken),
        cmocka_unit_test(a_validation_without_end_is_left_to_the_next_run),
        cmocka_unit_test(a_longer_run_begins_as_a_shorter_one),
        cmocka_unit_test(a_resume_knows_the_validation_samples),
        cmocka_unit_test(a_schedule_over_a_planned_length_goes_on),
        cmocka_unit_test(other_settings_are_refused),
        cmocka_unit_test(what_is_no_state_is_refused),
        cmocka_unit_test(a_flipped_bit_of_a_state_is_refused),
        cmocka_unit_test(changed_states_do_no_harm),
        cmocka_unit_test(no_gain_ends_early),
        cmocka_unit_test(time_ends_a_run),
        cmocka_unit_test(an_epoch_without_end_is_cut),
        cmocka_unit_test(a_loss_that_is_not_finite_keeps_the_weights),
        cmocka_unit_test(a_sample_that_cannot_be_loaded_ends_the_run),
        cmocka_unit_test(a_tiny_set_is_learned_by_heart),
        cmocka_unit_test(soft_targets_of_one_output_are_learned),
        cmocka_unit_test(frozen_layers_keep_their_parameters),
        cmocka_unit_test(pixels_without_label_teach_nothing),
        cmocka_unit_test(a_class_that_never_occurs_is_no_harm),
        cmocka_unit_test(penalties_draw_weights_to_zero),
        cmocka_unit_test(clipping_bounds_a_step),
        cmocka_unit_test(steps_follow_the_schedule),
        cmocka_unit_test(gd_is_one_step_along_the_whole_gradient),
        cmocka_unit_test(the_best_weights_can_be_averages),
        cmocka_unit_test(a_run_begins_with_the_weights_of_its_begin),
        cmocka_unit_test(running_estimates_are_averages_over_the_set),
        cmocka_unit_test(dropout_can_be_set),
        cmocka_unit_test(validation_counts_pixels),
        cmocka_unit_test(the_first_of_several_failures_is_told),
        cmocka_unit_test(a_survey_counts_and_measures),
        cmocka_unit_test(a_survey_refuses_bad_samples),
        cmocka_unit_test(stages_are_trained_one_after_the_other),
        cmocka_unit_test(every_preset_has_stages),
        cmocka_unit_test(bad_params_are_refused),
        cmocka_unit_test(monitors_have_names),
        cmocka_unit_test(running_out_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
