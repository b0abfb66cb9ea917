/* Boundary IoU over images: of the bands summed over them, or the mean of the images'. */
#include "eval/eval_priv.h"
#include <math.h>

struct class_sums {
    struct edgel_band_counts pooled;
    struct edgel_mean iou; /* IMAGE */
};

static void add(const struct edgel_adding *a, void *sums)
{
    static const struct edgel_band_counts none;
    const struct edgel_reducer *r = a->reducer;
    const struct edgel_band_list *list = edgel_row_bands(a->row);
    size_t k = 0;
    (void)sums;
    for (size_t i = 0; i <= r->nclasses; i++) {
        while (i < r->nclasses && k < list->n && list->v[k].id < r->ids[i])
            k++;
        const bool here = i < r->nclasses && k < list->n && list->v[k].id == r->ids[i];
        const struct edgel_band_counts *c = here ? &list->v[k] : &none;
        struct class_sums *s = edgel_reducer_class(r, EDGEL_BANDS, i);
        s->pooled.truth += c->truth;
        s->pooled.prediction += c->prediction;
        s->pooled.both += c->both;
        edgel_mean_add(&s->iou, edgel_band_iou(c, r->reduce->empty));
    }
}

static bool result(const struct edgel_reducer *r, void *out)
{
    const size_t first = edgel_reducer_first(r);
    struct edgel_bands_result *to = out;
    struct edgel_mean mean = { 0 };
    to->mean = NAN;
    if (r->nclasses <= first)
        return true;
    if (!(to->classes = edgel_calloc(r->nclasses - first, sizeof *to->classes)))
        return false;
    to->n = r->nclasses - first;
    for (size_t i = 0; i < to->n; i++) {
        const struct class_sums *s = edgel_reducer_class(r, EDGEL_BANDS, first + i);
        to->classes[i].counts = s->pooled;
        to->classes[i].counts.id = r->ids[first + i];
        to->classes[i].iou = r->reduce->reduce == EDGEL_REDUCE_IMAGE
                                 ? edgel_mean_value(&s->iou)
                                 : edgel_band_iou(&s->pooled, r->reduce->empty);
        if (edgel_reducer_in_mean(r, r->ids[first + i]))
            edgel_mean_add(&mean, to->classes[i].iou);
    }
    to->mean = edgel_mean_value(&mean);
    return true;
}

static void finish_result(void *out)
{
    struct edgel_bands_result *r = out;
    edgel_free(r->classes);
}

const struct edgel_summing edgel_bands_summing = {
    .class_size = sizeof(struct class_sums),
    .result_size = sizeof(struct edgel_bands_result),
    .add = add,
    .result = result,
    .finish_result = finish_result,
};
