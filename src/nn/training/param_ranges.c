/* Trainable parts of a flat array of parameters, and the chunks in which threads work on them. */
#include "nn/training/train_priv.h"

enum { CHUNK_MIN = 4096, CHUNK_UNIT = 16 }; /* floats: below the first, threads cost more than they gain */

enum edgel_status edgel_param_ranges_check(const struct edgel_param_ranges *p, struct edgel_error *err)
{
    EDGEL_REQUIRE(p);
    size_t at = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct edgel_param_range *r = &p->ranges[i];
        if (r->begin < at || r->end < r->begin || r->end > p->n)
            return edgel_fail(err, EDGEL_EINVAL,
                              "parameters %zu..%zu: must begin at %zu or later and end by %zu", r->begin,
                              r->end, at, p->n);
        at = r->end;
    }
    return EDGEL_OK;
}

static size_t chunk_size(size_t n)
{
    const size_t size = (n / NN_CHUNKS / CHUNK_UNIT + 1) * CHUNK_UNIT;
    return size < CHUNK_MIN ? CHUNK_MIN : size;
}

struct walk {
    const struct edgel_param_ranges *params;
    void (*work)(void *user, size_t chunk, const struct edgel_param_range *part);
    void *user;
};

static void run_chunk(void *user, int thread, size_t chunk)
{
    (void)thread;
    const struct walk *w = user;
    const size_t size = chunk_size(w->params->n), begin = chunk * size, end = begin + size;
    for (size_t i = 0; i < w->params->count; i++) {
        struct edgel_param_range part = w->params->ranges[i];
        part.begin = part.begin < begin ? begin : part.begin;
        part.end = part.end > end ? end : part.end;
        if (part.trainable && part.begin < part.end)
            w->work(w->user, chunk, &part);
    }
}

void nn_each_chunk(const struct edgel_param_ranges *params, struct edgel_pool *pool,
                   void (*work)(void *user, size_t chunk, const struct edgel_param_range *part), void *user)
{
    struct walk w = { params, work, user };
    const size_t size = chunk_size(params->n);
    edgel_pool_run(pool, params->n / size + (params->n % size > 0), run_chunk, &w);
}
