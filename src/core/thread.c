/* A parallel loop whose results are taken in order. Workers take the next index under a lock. A finished index waits
 * until all indices before it are finished; the worker that finishes the oldest one calls done() for it and for the
 * finished ones that follow. `window` limits how far workers run ahead, and with it the memory of waiting results. */
#include "core/core_priv.h"
#include <pthread.h>
#include <time.h>

struct loop {
    const struct edgel_ordered *o;
    pthread_mutex_t lock;
    pthread_cond_t moved; /* next_done grew, or the loop stopped */
    bool *ready;          /* [window] index i has been worked on, at i % window */
    size_t next_work, next_done;
    bool draining; /* some thread is calling done() */
    bool stopped;
};

struct worker {
    struct loop *loop;
    int thread;
    pthread_t id;
};

/* Calls done() for every ready index in order. Lock held on entry and exit, released around the calls. */
static void drain(struct loop *l)
{
    if (l->draining)
        return;
    l->draining = true;
    while (l->next_done < l->next_work && l->ready[l->next_done % l->o->window]) {
        size_t i = l->next_done;
        pthread_mutex_unlock(&l->lock);
        if (l->o->done)
            l->o->done(l->o->user, i);
        pthread_mutex_lock(&l->lock);
        l->ready[i % l->o->window] = false;
        l->next_done++;
        pthread_cond_broadcast(&l->moved);
    }
    l->draining = false;
}

static void *run(void *arg)
{
    struct worker *w = arg;
    struct loop *l = w->loop;
    const struct edgel_ordered *o = l->o;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->stopped && l->next_work < o->n && l->next_work - l->next_done >= o->window)
            pthread_cond_wait(&l->moved, &l->lock);
        if (!l->stopped && l->next_work < o->n && o->stop && o->stop(o->user)) {
            l->stopped = true;
            pthread_cond_broadcast(&l->moved);
        }
        if (l->stopped || l->next_work >= o->n)
            break;
        size_t i = l->next_work++;
        pthread_mutex_unlock(&l->lock);
        o->work(o->user, w->thread, i);
        pthread_mutex_lock(&l->lock);
        l->ready[i % o->window] = true;
        drain(l);
    }
    pthread_mutex_unlock(&l->lock);
    if (o->helpers) {
        edgel_helpers_leave(o->helpers);
        edgel_helpers_help(o->helpers);
    }
    return NULL;
}

/* Starts the other threads and returns the number of all. If the system refuses one, fewer do the work; the result is
 * the same. */
static int start(struct loop *l, struct worker *w)
{
    const struct edgel_ordered *o = l->o;
    int n = 1;
    if (o->helpers)
        edgel_helpers_enter(o->helpers);
    for (; n < o->threads && (o->helpers || (size_t)n < o->n); n++) {
        w[n] = (struct worker){ .loop = l, .thread = n };
        if (o->helpers)
            edgel_helpers_enter(o->helpers);
        if (pthread_create(&w[n].id, NULL, run, &w[n]) == 0)
            continue;
        if (o->helpers)
            edgel_helpers_leave(o->helpers);
        break;
    }
    return n;
}

enum edgel_status edgel_ordered_run(const struct edgel_ordered *o, size_t *finished, struct edgel_error *err)
{
    if (finished)
        *finished = 0;
    struct loop l = { .o = o };
    struct worker *w = edgel_calloc((size_t)o->threads, sizeof *w);
    l.ready = edgel_calloc(o->window, sizeof *l.ready);
    if (!w || !l.ready) {
        edgel_free(w);
        edgel_free(l.ready);
        return edgel_fail(err, EDGEL_ENOMEM, "thread pool of %d: out of memory", o->threads);
    }
    pthread_mutex_init(&l.lock, NULL);
    pthread_cond_init(&l.moved, NULL);
    const int started = start(&l, w);
    w[0] = (struct worker){ .loop = &l };
    run(&w[0]);
    for (int t = 1; t < started; t++)
        pthread_join(w[t].id, NULL);
    pthread_cond_destroy(&l.moved);
    pthread_mutex_destroy(&l.lock);
    edgel_free(l.ready);
    edgel_free(w);
    if (finished)
        *finished = l.next_done;
    if (l.next_done < o->n)
        return edgel_fail(err, EDGEL_EINTERRUPTED, "interrupted");
    return EDGEL_OK;
}

double edgel_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
