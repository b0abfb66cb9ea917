/* What a row and a summary hold of each family; zeros stand for what was not measured. */
#include "eval/eval_priv.h"
#include <stddef.h>

static const union {
    max_align_t aligned;
    char bytes[EDGEL_PART_SIZE_MAX];
} none;

const void *edgel_row_counts(const struct edgel_row *row, enum edgel_family family)
{
    const void *counts = (unsigned)family < EDGEL_FAMILIES ? row->counts[family] : NULL;
    return counts ? counts : &none;
}

const void *edgel_summary_results(const struct edgel_summary *s, enum edgel_family family)
{
    const void *results = (unsigned)family < EDGEL_FAMILIES ? s->results[family] : NULL;
    return results ? results : &none;
}
