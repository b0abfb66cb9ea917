#include "batch/batch_priv.h"

enum { WAITING_PER_THREAD = 8 };

size_t edgel_run_window(const struct edgel_run *run)
{
    if (run->window > 0)
        return run->window;
    return (run->threads > 1 ? (size_t)run->threads : 1) * WAITING_PER_THREAD;
}

enum edgel_status edgel_run_execute(const struct edgel_run *run, size_t *finished, struct edgel_error *err)
{
    EDGEL_REQUIRE(run);
    if (finished)
        *finished = 0;
    if (run->threads < 1)
        return edgel_fail(err, EDGEL_EINVAL, "threads %d: must be at least 1", run->threads);
    size_t window = edgel_run_window(run);
    const struct edgel_ordered o = {
        .n = run->count,
        .threads = (size_t)run->threads > window ? (int)window : run->threads,
        .window = window,
        .user = run->user,
        .work = run->work,
        .done = run->done,
        .stop = run->stop,
        .helpers = run->helpers,
    };
    return edgel_ordered_run(&o, finished, err);
}
