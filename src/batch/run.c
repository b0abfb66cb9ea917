#include "batch/batch_priv.h"

enum { WAITING_PER_THREAD = 8 };

size_t edgel_run_window(const struct edgel_run *run)
{
    int threads = 1;
    if (run->window > 0)
        return run->window;
    return edgel_threads_resolve(run->threads, &threads, NULL) == EDGEL_OK
               ? (size_t)threads * WAITING_PER_THREAD
               : WAITING_PER_THREAD;
}

enum edgel_status edgel_run_execute(const struct edgel_run *run, size_t *finished, struct edgel_error *err)
{
    EDGEL_REQUIRE(run);
    if (finished)
        *finished = 0;
    int threads;
    EDGEL_TRY(edgel_threads_resolve(run->threads, &threads, err));
    size_t window = edgel_run_window(run);
    const struct edgel_ordered o = {
        .n = run->count,
        .threads = (size_t)threads > window ? (int)window : threads,
        .window = window,
        .user = run->user,
        .work = run->work,
        .done = run->done,
        .stop = run->stop,
        .helpers = run->helpers,
    };
    return edgel_ordered_run(&o, finished, err);
}
