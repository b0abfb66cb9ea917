/* The scores of one image by class. */
#include "eval/eval_priv.h"

/* An image's boundaries at the first threshold of its largest F. */
static enum edgel_status boundary_result(const struct edgel_boundary_counts *c,
                                         struct edgel_class_result **out, size_t *n, struct edgel_error *err)
{
    struct edgel_class_result *v = edgel_calloc(1, sizeof *v);
    if (!v || !(v->name = edgel_strdup("boundary"))) {
        edgel_free(v);
        return edgel_reduce_no_memory(err);
    }
    const int k = edgel_boundary_best(c);
    const struct edgel_operating_point p = edgel_boundary_point(c, k);
    v->id = 1;
    v->tp = c->matched_prediction[k];
    v->fp = c->prediction[k] - v->tp;
    v->fn = c->truth - c->matched_truth[k];
    v->scores = edgel_scores_matched(p.precision, p.recall, p.f1);
    *out = v;
    *n = 1;
    return EDGEL_OK;
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
    uint64_t touched = 0;
    one.reduce = EDGEL_REDUCE_POOLED;
    EDGEL_TRY(edgel_reducer_create(measure, &one, "", &r, err));
    enum edgel_status st = edgel_reducer_add(r, row, err);
    if (st == EDGEL_OK && r->images > 0 && edgel_row_boundary(row)->n > 0)
        st = boundary_result(edgel_row_boundary(row), out, n, err);
    else if (st == EDGEL_OK && r->images > 0 && edgel_objects_alone(measure))
        st = edgel_objects_row_results(r, out, n) ? EDGEL_OK : edgel_reduce_no_memory(err);
    else if (st == EDGEL_OK && r->images > 0)
        st = edgel_class_results(r, out, n, &touched, err);
    edgel_reducer_destroy(&r);
    return st;
}
