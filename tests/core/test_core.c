/* Errors, memory, numbers, text, JSON and the ordered loop. */
#include "core/core_priv.h"
#include "edgel/image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void first_failure_wins(void **state)
{
    (void)state;
    struct edgel_error e = { 0 };
    assert_int_equal(edgel_fail(&e, EDGEL_EINVAL, "sigma %d", 1), EDGEL_EINVAL);
    assert_int_equal(edgel_fail(&e, EDGEL_ENOMEM, "later"), EDGEL_ENOMEM);
    assert_int_equal(e.code, EDGEL_EINVAL);
    assert_string_equal(e.msg, "sigma 1");
    edgel_error_clear(&e);
    assert_int_equal(e.code, EDGEL_OK);
    assert_int_equal(edgel_fail(NULL, EDGEL_EIO, "no one listens"), EDGEL_EIO);
}

static void a_long_text_keeps_its_end(void **state)
{
    (void)state;
    char name[4097];
    memset(name, 'x', sizeof name - 1);
    for (size_t n = 480; n < sizeof name; n++) {
        struct edgel_error e = { 0 };
        name[n] = '\0';
        assert_int_equal(edgel_fail(&e, EDGEL_EIO, "a%s: cannot open", name), EDGEL_EIO);
        name[n] = 'x';
        size_t len = strlen(e.msg);
        assert_int_equal(len, n + 14 < sizeof e.msg ? n + 14 : sizeof e.msg - 1);
        assert_string_equal(e.msg + len - 14, "x: cannot open");
        assert_int_equal(e.msg[0], 'a');
        assert_true((n + 14 < sizeof e.msg) == !strstr(e.msg, " ... "));
    }
}

static void *any_allocate(void *user, size_t bytes, size_t alignment)
{
    (void)user, (void)bytes, (void)alignment;
    return NULL;
}

static void any_release(void *user, void *memory)
{
    (void)user, (void)memory;
}

static void alloc_refuses_overflow(void **state)
{
    (void)state;
    assert_null(edgel_alloc(SIZE_MAX / 2, 3));
    assert_null(edgel_alloc(0, 1));
    assert_null(edgel_alloc(1, SIZE_MAX - 10));
    assert_int_equal(edgel_alloc_live(), 0);
}

static void the_allocator_is_set_before_memory_is_taken(void **state)
{
    (void)state;
    struct edgel_error err = { 0 };
    const struct edgel_allocator any = { any_allocate, any_release, NULL };
    edgel_free(edgel_alloc(1, 1));
    assert_int_equal(edgel_allocator_set(&any, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "the allocator must be set once, before the library takes memory");
}

static void null_is_refused_or_allowed(void **state)
{
    (void)state;
    struct edgel_error err = { 0 };
    double real;
    int64_t whole;
    struct edgel_shard shard;
    assert_int_equal(edgel_parse_real("sigma", NULL, 0, 1, &real, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "edgel_parse_real: text must not be NULL");
    assert_int_equal(edgel_parse_real(NULL, "1", 0, 1, &real, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_parse_real("sigma", "1", 0, 1, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_parse_int("n", NULL, 0, 1, &whole, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_parse_int("n", "1", 0, 1, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_shard_parse("shard", NULL, &shard, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_shard_parse("shard", "1/2", NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_pool_create(1, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_helpers_create(NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_image_init(NULL, 1, 1, 1, EDGEL_U8, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_pool_threads(NULL), 1);
    edgel_pool_destroy(NULL);
    edgel_helpers_destroy(NULL);
    edgel_error_clear(NULL);
}

static void add_index(void *user, int thread, size_t i)
{
    assert_int_equal(thread, 0);
    *(size_t *)user = *(size_t *)user * 10 + i;
}

static void no_pool_is_the_calling_thread(void **state)
{
    (void)state;
    size_t order = 0;
    edgel_pool_run(NULL, 4, add_index, &order);
    assert_int_equal(order, 123);
}

static void the_version_is_one(void **state)
{
    (void)state;
    char text[32];
    const int number = edgel_version_number();
    snprintf(text, sizeof text, "%d.%d.%d", number / 1000000, number / 1000 % 1000, number % 1000);
    assert_string_equal(edgel_version(), text);
    assert_int_equal(number, EDGEL_VERSION_NUMBER);
}

static void arena_settles_on_one_block(void **state)
{
    (void)state;
    struct edgel_arena a = { 0 };
    for (int image = 0; image < 3; image++) {
        for (int i = 0; i < 5; i++) {
            char *p = edgel_arena_alloc(&a, 50000, 1);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 64, 0);
            memset(p, i, 50000);
        }
        edgel_arena_reset(&a);
        assert_int_equal(edgel_alloc_live(), 1);
    }
    edgel_alloc_fail_after(0); /* the steady state allocates nothing */
    for (int i = 0; i < 5; i++)
        assert_non_null(edgel_arena_alloc(&a, 50000, 1));
    edgel_alloc_fail_after(-1);
    edgel_arena_finish(&a);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void numbers_are_read_whole(void **state)
{
    (void)state;
    static const char *const bad[] = { "",     " 1",   "1 ",    "1x",  "nan", "inf",
                                       "-inf", "0x10", "1e999", "--1", "1,5", "." };
    double v = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(edgel_parse_real("v", bad[i], -1e300, 1e300, &v, NULL), EDGEL_EINVAL);
    assert_true(v == 7);
    assert_int_equal(edgel_parse_real("v", "1.25e1", 0, 100, &v, NULL), EDGEL_OK);
    assert_true(v == 12.5);
    struct edgel_error e = { 0 };
    assert_int_equal(edgel_parse_real("sigma", "-1", 0, INFINITY, &v, &e), EDGEL_EINVAL);
    assert_string_equal(e.msg, "sigma -1: must be at least 0");
    int64_t n;
    assert_int_equal(edgel_parse_int("n", "12", 1, 12, &n, NULL), EDGEL_OK);
    assert_int_equal(n, 12);
    assert_int_equal(edgel_parse_int("n", "13", 1, 12, &n, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_parse_int("n", "99999999999999999999", 1, INT64_MAX, &n, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_parse_int("n", "1.5", 1, 12, &n, NULL), EDGEL_EINVAL);
}

static void reals_read_back(void **state)
{
    (void)state;
    static const double v[] = { 0, 0.1, 1.0 / 3, 1e300, -2.5, 123456789, 5e-324, 0.30000000000000004 };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct edgel_text t = { 0 };
        edgel_text_real(&t, v[i]);
        assert_true(strtod(t.s, NULL) == v[i]);
        edgel_text_finish(&t);
    }
    struct edgel_text t = { 0 };
    edgel_text_real(&t, 0.1);
    edgel_text_str(&t, " ");
    edgel_text_real(&t, NAN);
    edgel_text_str(&t, " ");
    edgel_text_fixed(&t, 2.0 / 3, 4);
    edgel_text_str(&t, " ");
    edgel_text_real(&t, 2040);
    edgel_text_str(&t, " ");
    edgel_text_real(&t, -9007199254740991.0);
    edgel_text_str(&t, " ");
    edgel_text_real(&t, 1e300);
    assert_string_equal(t.s, "0.1 null 0.6667 2040 -9007199254740991 1e+300");
    edgel_text_finish(&t);
}

static void names_survive_json(void **state)
{
    (void)state;
    static const char *const names[] = {
        "plain.png",
        "quote\" back\\slash\n",
        "gr\xc3\xbc\xc3\x9f",
        "latin\xfc\xff",
        "\xed\xa0\x80 surrogate",
        "\xc0\xaf",
        "\xf0\x9f\x98\x80",
        "\xf4\x8f\xbe\x80 private",
        "back\\udcff",
        "\xf4\x90\x80\x80",
        "cut\xe2\x82",
        "\x7f",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct edgel_text t = { 0 };
        edgel_text_json(&t, names[i]);
        for (size_t k = 0; k < t.len; k++)
            assert_true((unsigned char)t.s[k] >= 0x20);
        edgel_text_str(&t, "");
        struct edgel_text doc = { 0 };
        edgel_text_printf(&doc, "{\"n\":%s}", t.s);
        struct edgel_json *j;
        assert_int_equal(edgel_json_parse(doc.s, doc.len, "t", &j, NULL), EDGEL_OK);
        char *back = edgel_json_strdup(edgel_json_get(j, "n"));
        assert_string_equal(back, names[i]);
        edgel_free(back);
        edgel_json_finish(j);
        edgel_text_finish(&t);
        edgel_text_finish(&doc);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void image_memory_is_used_again(void **state)
{
    (void)state;
    struct edgel_image img = { 0 };
    assert_int_equal(edgel_image_init(&img, 100, 50, 3, EDGEL_U16, NULL), EDGEL_OK);
    assert_int_equal(img.stride, 640);
    void *p = img.data;
    assert_int_equal(edgel_image_init(&img, 10, 10, 1, EDGEL_F32, NULL), EDGEL_OK);
    assert_ptr_equal(img.data, p);
    assert_int_equal(edgel_image_init(&img, 0, 10, 1, EDGEL_U8, NULL), EDGEL_EINVAL);
    assert_null(img.data);
    assert_int_equal(edgel_alloc_live(), 0);
}

enum { N = 2000, WINDOW = 11 };

struct ordered_probe {
    int slot[WINDOW];
    size_t next, stop_at;
    bool in_done, wrong;
    int worked;
    pthread_mutex_t lock;
};

static void probe_work(void *user, int thread, size_t i)
{
    struct ordered_probe *p = user;
    p->slot[i % WINDOW] = (int)i * 3 + (thread < 0);
    pthread_mutex_lock(&p->lock);
    p->worked++;
    pthread_mutex_unlock(&p->lock);
}

static void probe_done(void *user, size_t i)
{
    struct ordered_probe *p = user;
    if (p->in_done || i != p->next || p->slot[i % WINDOW] != (int)i * 3)
        p->wrong = true;
    p->in_done = true;
    p->next++;
    p->in_done = false;
}

static bool probe_stop(void *user)
{
    struct ordered_probe *p = user;
    pthread_mutex_lock(&p->lock);
    bool stop = (size_t)p->worked >= p->stop_at;
    pthread_mutex_unlock(&p->lock);
    return stop;
}

static void ordered_run_keeps_order(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 7; threads += 2)
        for (int stops = 0; stops < 2; stops++) {
            struct ordered_probe p = { .stop_at = stops ? 500 : SIZE_MAX, .lock = PTHREAD_MUTEX_INITIALIZER };
            struct edgel_ordered o = { .n = N,
                                       .threads = threads,
                                       .window = WINDOW,
                                       .user = &p,
                                       .work = probe_work,
                                       .done = probe_done,
                                       .stop = probe_stop };
            size_t finished;
            assert_int_equal(edgel_ordered_run(&o, &finished, NULL), stops ? EDGEL_EINTERRUPTED : EDGEL_OK);
            assert_false(p.wrong);
            assert_int_equal(finished, p.next);
            assert_int_equal(finished, (size_t)p.worked);
            assert_true(stops ? finished >= 500 && finished < 520 : finished == N);
        }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Indices that end only when all three of a loop have begun: nobody helping, they would wait in vain. */
struct helped_probe {
    struct edgel_helpers *helpers;
    size_t inner;
    pthread_mutex_t lock;
    pthread_cond_t began;
    int begun;
    bool together, alone;
    int times[N];
};

static void helped_inner(void *user, size_t i)
{
    struct helped_probe *p = user;
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 60;
    pthread_mutex_lock(&p->lock);
    p->times[i]++;
    p->begun++;
    pthread_cond_broadcast(&p->began);
    while (p->together && p->begun < 3 && !p->alone)
        p->alone |= pthread_cond_timedwait(&p->began, &p->lock, &end) != 0;
    pthread_mutex_unlock(&p->lock);
}

static void helped_work(void *user, int thread, size_t i)
{
    (void)thread;
    (void)i;
    struct helped_probe *p = user;
    edgel_helpers_run(p->helpers, p->inner, helped_inner, p);
}

static void idle_threads_help(void **state)
{
    (void)state;
    struct helped_probe p = {
        .inner = 3, .together = true, .lock = PTHREAD_MUTEX_INITIALIZER, .began = PTHREAD_COND_INITIALIZER
    };
    struct edgel_ordered o = { .n = 1, .threads = 3, .window = WINDOW, .user = &p, .work = helped_work };
    assert_int_equal(edgel_helpers_create(&p.helpers, NULL), EDGEL_OK);
    o.helpers = p.helpers;
    assert_int_equal(edgel_ordered_run(&o, NULL, NULL), EDGEL_OK);
    assert_false(p.alone);
    p.together = false;
    int times = 1; /* of the indices below the smallest loop so far */
    for (o.threads = 1; o.threads <= 7; o.threads += 2)
        for (o.n = 0; o.n < 60; o.n += 7, p.inner = o.n % 5 + 3) {
            assert_int_equal(edgel_ordered_run(&o, NULL, NULL), EDGEL_OK);
            times += (int)o.n;
            for (size_t i = 0; i < 3; i++)
                assert_int_equal(p.times[i], times);
        }
    edgel_helpers_destroy(&p.helpers);
    edgel_helpers_destroy(&p.helpers);
    edgel_alloc_fail_after(0);
    assert_int_equal(edgel_helpers_create(&p.helpers, NULL), EDGEL_ENOMEM);
    edgel_alloc_fail_after(-1);
    assert_null(p.helpers);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Counts how often each index was worked on, and whether a thread was in two of them at once. */
struct pool_probe {
    unsigned char times[N];
    int inside[8];
    atomic_bool wrong;
};

static void pool_work(void *user, int thread, size_t i)
{
    struct pool_probe *p = user;
    if (thread < 0 || thread >= 8 || p->inside[thread]++ != 0)
        p->wrong = true;
    p->times[i]++;
    p->inside[thread]--;
}

static void pool_does_every_index_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 7; threads += 2) {
        struct edgel_pool *pool;
        assert_int_equal(edgel_pool_create(threads, &pool, NULL), EDGEL_OK);
        assert_int_equal(edgel_pool_threads(pool), threads);
        for (size_t loop = 0; loop < 2000; loop++) {
            struct pool_probe p = { .wrong = false };
            size_t n = loop * 7 % 50;
            edgel_pool_run(pool, n, pool_work, &p);
            for (size_t i = 0; i < N; i++)
                assert_int_equal(p.times[i], i < n);
            assert_false(p.wrong);
        }
        edgel_pool_destroy(&pool);
    }
    struct edgel_pool *pool;
    int threads = 7;
    assert_int_equal(edgel_pool_create(-1, &pool, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_pool_create(EDGEL_POOL_MAX + 1, &pool, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_threads_resolve(-1, &threads, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_threads_resolve(EDGEL_POOL_MAX + 1, &threads, NULL), EDGEL_EINVAL);
    assert_int_equal(threads, 7);
    assert_int_equal(edgel_threads_resolve(EDGEL_POOL_MAX, &threads, NULL), EDGEL_OK);
    assert_int_equal(threads, EDGEL_POOL_MAX);
    assert_int_equal(edgel_threads_resolve(0, &threads, NULL), EDGEL_OK);
    assert_int_equal(threads, edgel_cpu_count() < EDGEL_POOL_MAX ? edgel_cpu_count() : EDGEL_POOL_MAX);
    assert_int_equal(edgel_pool_create(0, &pool, NULL), EDGEL_OK);
    assert_true(edgel_pool_threads(pool) >= 1 && edgel_pool_threads(pool) <= threads);
    edgel_pool_destroy(&pool);
    edgel_alloc_fail_after(1);
    assert_int_equal(edgel_pool_create(2, &pool, NULL), EDGEL_ENOMEM);
    edgel_alloc_fail_after(-1);
    assert_null(pool);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* A line is as long as the limit at most, its end apart, wherever the pieces that it is read by end. */
static void a_part_names_itself_in_full(void **state)
{
    static const struct {
        const char *text;
        bool right;
    } t[] = {
        { "{\"index\":1,\"count\":2,\"items\":3,\"list\":\"0123456789abcdef\"}", true },
        { "{\"index\":1,\"count\":2,\"items\":3,\"list\":\"0123456789abcdeg\"}", false },
        { "{\"index\":1,\"count\":2,\"items\":3,\"list\":\"0123456789abcdef0\"}", false },
        { "{\"index\":1,\"count\":2,\"items\":3,\"list\":\"0123456789ABCDEF\"}", false },
        { "{\"index\":1,\"count\":2,\"items\":3,\"list\":7}", false },
        { "{\"index\":1,\"count\":2,\"items\":3}", false },
        { "{\"index\":3,\"count\":2,\"items\":3,\"list\":\"0123456789abcdef\"}", false },
        { "{\"index\":0,\"count\":2,\"items\":3,\"list\":\"0123456789abcdef\"}", false },
        { "{\"index\":1,\"count\":2,\"items\":-1,\"list\":\"0123456789abcdef\"}", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct edgel_json *doc;
        struct edgel_shard shard;
        assert_int_equal(edgel_json_parse(t[i].text, strlen(t[i].text), "t", &doc, NULL), EDGEL_OK);
        assert_int_equal(edgel_shard_read(doc, "t:1", &shard, NULL), t[i].right ? EDGEL_OK : EDGEL_EFORMAT);
        if (t[i].right)
            assert_true(shard.digest == 0x0123456789abcdefu && shard.items == 3);
        edgel_json_finish(doc);
    }
}

static void lines_have_a_limit(void **state)
{
    (void)state;
    static const size_t limits[] = { 4, 4095, 4096, 5000, 8192 };
    char path[] = "/tmp/edgel-lines-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (int k = 0; k < 5 * 2 * 2; k++) {
        const size_t limit = limits[k % 5];
        const bool over = k / 5 % 2, ended = k / 10;
        struct edgel_lines *l;
        struct edgel_error err = { 0 };
        char *line;
        size_t n;
        bool end;
        FILE *f = fopen(path, "wb");
        for (size_t i = 0; i < limit + over; i++)
            putc('a', f);
        if (ended)
            fputs("\nb\n", f);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(edgel_lines_open(path, limit, &l, NULL), EDGEL_OK);
        const enum edgel_status st = edgel_lines_next(l, &line, &n, &end, &err);
        assert_int_equal(st, over ? EDGEL_EFORMAT : EDGEL_OK);
        assert_true(over ? strstr(err.msg, ":1: a line is longer than") != NULL : n == limit && end == ended);
        edgel_lines_close(&l);
    }
    remove(path);
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_failure_wins),
        cmocka_unit_test(a_long_text_keeps_its_end),
        cmocka_unit_test(alloc_refuses_overflow),
        cmocka_unit_test(the_allocator_is_set_before_memory_is_taken),
        cmocka_unit_test(null_is_refused_or_allowed),
        cmocka_unit_test(no_pool_is_the_calling_thread),
        cmocka_unit_test(the_version_is_one),
        cmocka_unit_test(arena_settles_on_one_block),
        cmocka_unit_test(numbers_are_read_whole),
        cmocka_unit_test(reals_read_back),
        cmocka_unit_test(names_survive_json),
        cmocka_unit_test(image_memory_is_used_again),
        cmocka_unit_test(ordered_run_keeps_order),
        cmocka_unit_test(idle_threads_help),
        cmocka_unit_test(pool_does_every_index_once),
        cmocka_unit_test(a_part_names_itself_in_full),
        cmocka_unit_test(lines_have_a_limit),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
