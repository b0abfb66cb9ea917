/* Idle threads of a run help the busy ones. A busy thread offers a loop, and idle threads take indices of it, so that a
 * run over images uses all threads up to its last image, and on a single one.
 *
 * Offered loops are in a list under one lock. Indices are handed out one by one, so each should take 10 us or more. The
 * thread that offers a loop works on it too, and finishes it even without help. Only the members of the run offer
 * loops, so help() returns when no member is working any more. */
#include "core/core_priv.h"
#include <pthread.h>

struct offer {
    struct offer *next;
    size_t n, taken, done;
    void (*work)(void *user, size_t i);
    void *user;
};

struct edgel_helpers {
    pthread_mutex_t lock;
    pthread_cond_t posted;   /* a loop was offered, or the last member has finished */
    pthread_cond_t finished; /* the last index of a loop is done */
    struct offer *offers;    /* that have indices left to take */
    int working;             /* members */
};

enum edgel_status edgel_helpers_create(struct edgel_helpers **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct edgel_helpers *h = edgel_calloc(1, sizeof *h);
    *out = h;
    if (!h)
        return edgel_no_memory(err, "threads");
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->posted, NULL);
    pthread_cond_init(&h->finished, NULL);
    return EDGEL_OK;
}

void edgel_helpers_destroy(struct edgel_helpers **helpers)
{
    struct edgel_helpers *h = helpers ? *helpers : NULL;
    if (!h)
        return;
    pthread_cond_destroy(&h->finished);
    pthread_cond_destroy(&h->posted);
    pthread_mutex_destroy(&h->lock);
    edgel_free(h);
    *helpers = NULL;
}

static void unlink_offer(struct edgel_helpers *h, const struct offer *o)
{
    struct offer **at = &h->offers;
    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
}

/* Takes the next index of a loop that has some left. The lock is held on entry and exit, and released during the
 * work. */
static void take_one(struct edgel_helpers *h, struct offer *o)
{
    const size_t i = o->taken++;
    if (o->taken == o->n)
        unlink_offer(h, o);
    pthread_mutex_unlock(&h->lock);
    o->work(o->user, i);
    pthread_mutex_lock(&h->lock);
    if (++o->done == o->n) /* the loop may be gone once the lock is released */
        pthread_cond_broadcast(&h->finished);
}

void edgel_helpers_run(struct edgel_helpers *h, size_t n, void (*work)(void *user, size_t i), void *user)
{
    if (!h || n < 2) {
        for (size_t i = 0; i < n; i++)
            work(user, i);
        return;
    }
    struct offer o = { .n = n, .work = work, .user = user };
    pthread_mutex_lock(&h->lock);
    o.next = h->offers;
    h->offers = &o;
    pthread_cond_broadcast(&h->posted);
    while (o.taken < n)
        take_one(h, &o);
    while (o.done < n)
        pthread_cond_wait(&h->finished, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

void edgel_helpers_enter(struct edgel_helpers *h)
{
    pthread_mutex_lock(&h->lock);
    h->working++;
    pthread_mutex_unlock(&h->lock);
}

void edgel_helpers_leave(struct edgel_helpers *h)
{
    pthread_mutex_lock(&h->lock);
    if (--h->working == 0)
        pthread_cond_broadcast(&h->posted);
    pthread_mutex_unlock(&h->lock);
}

void edgel_helpers_help(struct edgel_helpers *h)
{
    pthread_mutex_lock(&h->lock);
    while (h->working > 0)
        if (h->offers)
            take_one(h, h->offers);
        else
            pthread_cond_wait(&h->posted, &h->lock);
    pthread_mutex_unlock(&h->lock);
}
