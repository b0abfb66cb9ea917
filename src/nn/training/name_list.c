/* A row of a table by its name. */
#include "nn/training/train_priv.h"
#include <stdio.h>
#include <string.h>

enum edgel_status nn_find_name(const char *what, const char *name, const char *(*name_at)(int i), int *out,
                               struct edgel_error *err)
{
    char list[400] = "";
    int at = 0;
    for (int i = 0; name_at(i); i++) {
        if (strcmp(name_at(i), name) == 0) {
            *out = i;
            return EDGEL_OK;
        }
        const char *before = i == 0 ? "" : name_at(i + 1) ? ", " : " or ";
        if (at < (int)sizeof list)
            at += snprintf(list + at, sizeof list - (size_t)at, "%s%s", before, name_at(i));
    }
    return edgel_fail(err, EDGEL_EINVAL, "%s %.100s: must be %s", what, name, list);
}
