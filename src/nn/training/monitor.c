/* Names of what a training watches. */
#include "nn/training/train_priv.h"
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
    return nn_refuse_name("monitor", name, names, sizeof *names, MONITORS, err);
}
