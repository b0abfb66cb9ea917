/* Whether measuring an image is to go on. */
#include "eval/eval_priv.h"

enum edgel_status edgel_measure_go_on(const struct edgel_measure *params, struct edgel_error *err)
{
    if (params->stop && params->stop(params->stop_user))
        return edgel_fail(err, EDGEL_EINTERRUPTED, "interrupted");
    return EDGEL_OK;
}
