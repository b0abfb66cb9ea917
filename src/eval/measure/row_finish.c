/* Frees the counts of one image. */
#include "eval/eval_priv.h"

void edgel_row_finish(struct edgel_row *row)
{
    if (!row)
        return;
    edgel_free(row->image);
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        if (row->counts[f])
            edgel_family_of((enum edgel_family)f)->finish(row->counts[f]);
        edgel_free(row->counts[f]);
    }
    *row = (struct edgel_row){ 0 };
}
