/* The summary of a reducer: the results of each family that was measured. */
#include "eval/eval_priv.h"

enum edgel_status edgel_reducer_summary(const struct edgel_reducer *r, struct edgel_summary *out,
                                        struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_summary){ 0 };
    EDGEL_REQUIRE(r);
    *out = (struct edgel_summary){ .prediction = edgel_strdup(r->prediction),
                                   .images = r->images,
                                   .missing = r->missing,
                                   .failed = r->failed,
                                   .measure = r->measure,
                                   .reduce = r->reduce };
    bool ok = out->prediction != NULL;
    for (int f = 0; f < EDGEL_FAMILIES && ok; f++) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        if (!edgel_family_asked(family, r->measure))
            continue;
        out->results[f] = edgel_calloc(1, family->sums->result_size);
        ok = out->results[f] && family->sums->result(r, out->results[f]);
    }
    if (ok)
        return EDGEL_OK;
    edgel_summary_finish(out);
    return edgel_reduce_no_memory(err);
}

void edgel_summary_finish(struct edgel_summary *s)
{
    if (!s)
        return;
    edgel_free(s->prediction);
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        if (s->results[f])
            edgel_family_of((enum edgel_family)f)->sums->finish_result(s->results[f]);
        edgel_free(s->results[f]);
    }
    *s = (struct edgel_summary){ 0 };
}

/* --- one image --- */

/*
 * The scores of one image by class.
 */
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
