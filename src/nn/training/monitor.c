/* Names of what a training watches. */
#include "nn/training/trainer_priv.h"
#include <string.h>

static const char *const names[] = { "iou", "f1", "accuracy", "loss" };
enum { MONITORS = sizeof names / sizeof *names };

const char *edgel_monitor_name(enum edgel_monitor m)
{
    return (unsigned)m < MONITORS ? names[m] : NULL;
}

enum edgel_status edgel_monitor_find(const char *name, enum edgel_monitor *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(name);
    for (unsigned i = 0; i < MONITORS; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (enum edgel_monitor)i;
            return EDGEL_OK;
        }
    return edgel_fail(err, EDGEL_EINVAL, "monitor %s: must be one of iou, f1, accuracy, loss", name);
}
