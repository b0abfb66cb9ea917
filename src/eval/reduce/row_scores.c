/* The scores of one image by class. */
#include "eval/eval_priv.h"

/* The family that is measured in place of pixels and has scores by class; else the pixels. */
static const struct edgel_summing *by_class(const struct edgel_measure *m)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        if (edgel_family_asked(family, m) && family->in_place && family->in_place(m) && family->sums->classes)
            return family->sums;
    }
    return edgel_family_of(EDGEL_PIXELS)->sums;
}

enum edgel_status edgel_row_scores(const struct edgel_row *row, const struct edgel_measure *measure,
                                   const struct edgel_reduce *reduce, struct edgel_class_result **out,
                                   size_t *n, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(n);
    *out = NULL;
    *n = 0;
    EDGEL_REQUIRE(row);
    EDGEL_REQUIRE(measure);
    EDGEL_REQUIRE(reduce);
    struct edgel_reduce one = *reduce;
    struct edgel_reducer *r;
    one.reduce = EDGEL_REDUCE_POOLED;
    EDGEL_TRY(edgel_reducer_create(measure, &one, "", &r, err));
    enum edgel_status st = edgel_reducer_add(r, row, err);
    if (st == EDGEL_OK && r->images > 0)
        st = by_class(measure)->classes(r, row, out, n, err);
    edgel_reducer_destroy(&r);
    return st;
}
