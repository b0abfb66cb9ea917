/* A pool of threads that runs one loop after the other. The layers of a network are short loops (10 us to 10 ms), so a
 * worker polls for the next loop for a while before it sleeps, and one atomic counter hands out the indices.
 *
 * The upper half of the counter is the number of the loop, the lower half the number of indices left to take. A worker
 * that is late for a loop therefore cannot take an index of the next one, and a worker that has an index may read the
 * loop, which does not change until its last index is done. */
#include "core/core_priv.h"
#include <pthread.h>
#include <stdatomic.h>

enum { LOOKS = 4000 }; /* polls before sleeping; about 10 us */

struct pool_worker {
    struct edgel_pool *pool;
    int thread;
    pthread_t id;
};

struct edgel_pool {
    int threads;
    pthread_mutex_t lock;
    pthread_cond_t posted;    /* a loop was posted, or the pool ends */
    pthread_cond_t all_done;  /* the last index of a loop is done */
    _Atomic uint64_t left;    /* loop number << 32 | indices not taken */
    _Atomic uint32_t pending; /* indices of the loop that are not finished */
    uint32_t n;
    void (*work)(void *user, int thread, size_t i);
    void *user;
    bool ending;
    struct pool_worker *workers; /* [threads - 1] */
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Works on indices of the loop `number` until none is left. */
static void take_part(struct edgel_pool *p, int thread, uint32_t number)
{
    for (;;) {
        uint64_t at = atomic_load(&p->left);
        if ((uint32_t)(at >> 32) != number || (uint32_t)at == 0)
            return;
        if (!atomic_compare_exchange_weak(&p->left, &at, at - 1))
            continue;
        p->work(p->user, thread, p->n - (uint32_t)at);
        if (atomic_fetch_sub(&p->pending, 1) == 1) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_broadcast(&p->all_done);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

/* Waits for a loop other than `seen`; returns its number, or `seen` when the pool ends. */
static uint32_t wait_for_loop(struct edgel_pool *p, uint32_t seen)
{
    for (int i = 0; i < LOOKS; i++) {
        uint32_t number = (uint32_t)(atomic_load(&p->left) >> 32);
        if (number != seen)
            return number;
        relax();
    }
    pthread_mutex_lock(&p->lock);
    while (!p->ending && (uint32_t)(atomic_load(&p->left) >> 32) == seen)
        pthread_cond_wait(&p->posted, &p->lock);
    uint32_t number = p->ending ? seen : (uint32_t)(atomic_load(&p->left) >> 32);
    pthread_mutex_unlock(&p->lock);
    return number;
}

static void *serve(void *arg)
{
    struct pool_worker *w = arg;
    struct edgel_pool *p = w->pool;
    for (uint32_t seen = 0;;) {
        uint32_t number = wait_for_loop(p, seen);
        if (number == seen)
            return NULL;
        seen = number;
        take_part(p, w->thread, number);
    }
}

enum edgel_status edgel_threads_resolve(int threads, int *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    if (threads < 0 || threads > EDGEL_POOL_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "threads %d: must be 0 to %d; 0 is one for each core", threads,
                          EDGEL_POOL_MAX);
    const int cores = edgel_cpu_count();
    *out = threads > 0 ? threads : cores < EDGEL_POOL_MAX ? cores : EDGEL_POOL_MAX;
    return EDGEL_OK;
}

enum edgel_status edgel_pool_create(int threads, struct edgel_pool **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_TRY(edgel_threads_resolve(threads, &threads, err));
    struct edgel_pool *p = edgel_calloc(1, sizeof *p);
    struct pool_worker *w = edgel_calloc((size_t)threads, sizeof *w);
    if (!p || !w) {
        edgel_free(p);
        edgel_free(w);
        return edgel_fail(err, EDGEL_ENOMEM, "pool of %d threads: out of memory", threads);
    }
    p->workers = w;
    p->threads =
        1; /* if the system refuses a thread, the pool has fewer: results do not depend on their number */
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->posted, NULL);
    pthread_cond_init(&p->all_done, NULL);
    for (; p->threads < threads; p->threads++) {
        struct pool_worker *next = &w[p->threads - 1];
        *next = (struct pool_worker){ .pool = p, .thread = p->threads };
        if (pthread_create(&next->id, NULL, serve, next) != 0)
            break;
    }
    *out = p;
    return EDGEL_OK;
}

void edgel_pool_destroy(struct edgel_pool **pool)
{
    struct edgel_pool *p = pool ? *pool : NULL;
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->posted);
    pthread_mutex_unlock(&p->lock);
    for (int t = 0; t < p->threads - 1; t++)
        pthread_join(p->workers[t].id, NULL);
    pthread_cond_destroy(&p->posted);
    pthread_cond_destroy(&p->all_done);
    pthread_mutex_destroy(&p->lock);
    edgel_free(p->workers);
    edgel_free(p);
    *pool = NULL;
}

int edgel_pool_threads(const struct edgel_pool *p)
{
    return p ? p->threads : 1;
}

static void post(struct edgel_pool *p, uint32_t n, void (*work)(void *, int, size_t), void *user)
{
    p->n = n;
    p->work = work;
    p->user = user;
    atomic_store(&p->pending, n);
    pthread_mutex_lock(&p->lock);
    uint32_t number = (uint32_t)(atomic_load(&p->left) >> 32) + 1;
    atomic_store(&p->left, (uint64_t)number << 32 | n);
    pthread_cond_broadcast(&p->posted);
    pthread_mutex_unlock(&p->lock);
}

static void wait_until_done(struct edgel_pool *p)
{
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load(&p->pending) == 0)
            return;
        relax();
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->pending) != 0)
        pthread_cond_wait(&p->all_done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void edgel_pool_run(struct edgel_pool *p, size_t n, void (*work)(void *user, int thread, size_t i),
                    void *user)
{
    if (!p || p->threads == 1 || n < 2) {
        for (size_t i = 0; i < n; i++)
            work(user, 0, i);
        return;
    }
    post(p, (uint32_t)n, work, user);
    take_part(p, 0, (uint32_t)(atomic_load(&p->left) >> 32));
    wait_until_done(p);
}
