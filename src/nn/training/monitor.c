/* What a training watches, one row each. */
#include "nn/training/trainer_priv.h"
#include <stddef.h>

static const struct nn_monitor rows[EDGEL_MONITORS] = {
    [EDGEL_MONITOR_IOU] = { { "iou", "mean IoU", false }, offsetof(struct edgel_epoch, iou) },
    [EDGEL_MONITOR_F1] = { { "f1", "mean F1", false }, offsetof(struct edgel_epoch, f1) },
    [EDGEL_MONITOR_ACCURACY] = { { "accuracy", "accuracy", false }, offsetof(struct edgel_epoch, accuracy) },
    [EDGEL_MONITOR_LOSS] = { { "loss", "loss", true }, offsetof(struct edgel_epoch, val_loss) },
};

const struct nn_monitor *nn_monitor_at(int kind)
{
    return kind >= 0 && kind < EDGEL_MONITORS ? &rows[kind] : NULL;
}

struct edgel_monitor_info edgel_monitor_at(int kind)
{
    return nn_monitor_at(kind) ? rows[kind].info : (struct edgel_monitor_info){ 0 };
}

static const char *name_at(int i)
{
    return edgel_monitor_at(i).name;
}

const char *edgel_monitor_name(enum edgel_monitor m)
{
    return name_at((int)m);
}

enum edgel_status edgel_monitor_find(const char *name, enum edgel_monitor *out, struct edgel_error *err)
{
    int i;
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(name);
    EDGEL_TRY(nn_find_name("monitor", name, name_at, &i, err));
    *out = (enum edgel_monitor)i;
    return EDGEL_OK;
}
