/*
 * What must hold of the counts of one image, beyond their types: a counts file is somebody else's text. Each family
 * says it of its own (check of its row), held against the totals of the cells.
 */
#include "eval/eval_priv.h"

enum edgel_status edgel_counts_check_row(const struct edgel_measure *m, const struct edgel_row *row,
                                         const char *where, struct edgel_error *err)
{
    struct edgel_id_totals *of = NULL;
    enum edgel_status st = EDGEL_OK;
    for (int f = EDGEL_PIXELS; f < EDGEL_FAMILIES && st == EDGEL_OK; f++) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        const char *rule = edgel_family_asked(family, m) ? family->check(m, row, of) : NULL;
        if (rule)
            st = edgel_fail(err, EDGEL_EFORMAT, "%s: %s: %s", where, family->key, rule);
        if (f > EDGEL_PIXELS || st != EDGEL_OK || !(edgel_families_needs(m) & EDGEL_NEEDS_PLANES))
            continue;
        if ((of = edgel_calloc(EDGEL_IDS, sizeof *of)) != NULL) /* the cells are in order */
            edgel_totals_by_id(m, row, of);
        else
            st = edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", where);
    }
    edgel_free(of);
    return st;
}
