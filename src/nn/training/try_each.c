/* A loop on the pool whose calls can fail. The failure of the smallest index is reported, whatever the threads. */
#include "nn/training/trainer_priv.h"

struct loop {
    enum edgel_status (*work)(void *user, int thread, size_t i, struct edgel_error *err);
    void *user;
    struct nn_failure *failures; /* [threads] */
};

static void try_one(void *user, int thread, size_t i)
{
    const struct loop *l = user;
    struct nn_failure *f = &l->failures[thread];
    if (f->failed) /* indices of a thread increase */
        return;
    edgel_error_clear(&f->error);
    f->failed = l->work(l->user, thread, i, &f->error) != EDGEL_OK;
    f->index = i;
}

enum edgel_status nn_try_each(struct edgel_pool *pool, size_t n,
                              enum edgel_status (*work)(void *user, int thread, size_t i,
                                                        struct edgel_error *err),
                              void *user, struct edgel_error *err)
{
    const int threads = edgel_pool_threads(pool);
    struct loop l = { work, user, edgel_calloc((size_t)threads, sizeof *l.failures) };
    if (!l.failures)
        return edgel_fail(err, EDGEL_ENOMEM, "loop of %d threads: out of memory", threads);
    edgel_pool_run(pool, n, try_one, &l);
    const struct nn_failure *first = NULL;
    for (int t = 0; t < threads; t++)
        if (l.failures[t].failed && (!first || l.failures[t].index < first->index))
            first = &l.failures[t];
    enum edgel_status status = EDGEL_OK;
    if (first)
        status = edgel_fail(err, first->error.code ? first->error.code : EDGEL_EIO, "%s", first->error.msg);
    edgel_free(l.failures);
    return status;
}
