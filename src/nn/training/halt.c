/* Looks for a request to stop and at the time limit, within passes over many samples. */
#include "nn/training/trainer_priv.h"

enum edgel_status nn_halt_check(struct nn_halt *h, const char *what, int64_t epoch, struct edgel_error *err)
{
    if (h->events->stop && h->events->stop(h->events->user))
        return edgel_fail(err, EDGEL_EINTERRUPTED, "stopped in the %s of epoch %lld", what, (long long)epoch);
    h->late = edgel_clock() > h->ends;
    if (h->late)
        return edgel_fail(err, EDGEL_EINTERRUPTED, "out of time in the %s of epoch %lld", what,
                          (long long)epoch);
    return EDGEL_OK;
}
