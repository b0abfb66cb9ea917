/* A row of a table by its name. */
#include "nn/training/train_priv.h"
#include <string.h>

enum { MOST = 64 }; /* names that a message lists */

enum edgel_status nn_find_name(const char *what, const char *name, const char *(*name_at)(int i), int *out,
                               struct edgel_error *err)
{
    const char *names[MOST + 1] = { NULL };
    for (int i = 0; name_at(i); i++) {
        if (strcmp(name_at(i), name) == 0) {
            *out = i;
            return EDGEL_OK;
        }
        if (i < MOST)
            names[i] = name_at(i);
    }
    return edgel_error_choice(err, what, name, names);
}
