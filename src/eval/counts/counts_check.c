/*
 * What must hold of the counts of one image, beyond their types: a counts file is somebody else's text. Each family
 * says it of its own (check of its row), held against the totals of the cells.
 */
#include "eval/eval_priv.h"

enum edgel_status edgel_counts_check_row(const struct edgel_measure *m, const struct edgel_row *row,
                                         const char *where, struct edgel_error *err)
{
    struct edgel_id_totals *of = NULL;
    const char *odd = edgel_family_of(EDGEL_PIXELS)->check(m, row, NULL);
    if (!odd && edgel_families_needs(m) & EDGEL_NEEDS_PLANES) {
        if (!(of = edgel_calloc(EDGEL_IDS, sizeof *of)))
            return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
        edgel_totals_by_id(m, row, of);
    }
    for (int f = EDGEL_PIXELS + 1; f < EDGEL_FAMILIES && !odd; f++) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        if (edgel_family_asked(family, m))
            odd = family->check(m, row, of);
    }
    edgel_free(of);
    return odd ? edgel_fail(err, EDGEL_EFORMAT, "%s: %s", where, odd) : EDGEL_OK;
}
