/* "WHAT NAME: must be a, b or c", the names taken from the rows of a table. */
#include "nn/training/train_priv.h"
#include <stdio.h>

enum edgel_status nn_refuse_name(const char *what, const char *name, const char *const *first, size_t stride,
                                 int n, struct edgel_error *err)
{
    char list[400] = "";
    int at = 0;
    for (int i = 0; i < n && at < (int)sizeof list; i++) {
        const char *row = *(const char *const *)(const void *)((const char *)first + (size_t)i * stride);
        at += snprintf(list + at, sizeof list - (size_t)at, "%s%s",
                       i == 0      ? ""
                       : i + 1 < n ? ", "
                                   : " or ",
                       row);
    }
    return edgel_fail(err, EDGEL_EINVAL, "%s %.100s: must be %s", what, name, list);
}
