/* The objects of one image from masks and documents, checked and then matched by measure_objects.c. */
#include "eval/objects/objects_priv.h"

static enum edgel_status check_source(const struct edgel_measure *params, const struct edgel_object_source *s,
                                      bool truth, bool valid, struct edgel_error *err)
{
    const char *role = truth ? "truth" : "prediction";
    if (!s->mask && !s->document)
        return edgel_fail(err, EDGEL_EINVAL, "%s: neither a mask nor a document", role);
    if (!s->mask && edgel_coco_panoptic(s->document))
        return edgel_fail(err, EDGEL_EINVAL, "%s: a panoptic document needs its mask", role);
    if (s->mask && s->document && !edgel_coco_panoptic(s->document))
        return edgel_fail(err, EDGEL_EINVAL, "%s: run lengths have no mask beside them", role);
    if (s->document && truth && (valid || params->nignore > 0))
        return edgel_fail(err, EDGEL_EINVAL, "truth: a document has no ignored values and no valid pixels");
    return s->mask ? edgel_mask_check(s->mask, role, false, err) : EDGEL_OK;
}

void edgel_object_source_init(struct edgel_object_source *source)
{
    *source = (struct edgel_object_source){ .image = SIZE_MAX };
}

enum edgel_status edgel_measure_objects(const struct edgel_measure *params, bool by_class,
                                        const struct edgel_object_source *prediction,
                                        const struct edgel_object_source *truth,
                                        const struct edgel_mask *valid, struct edgel_row *row,
                                        struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(truth);
    EDGEL_REQUIRE(row);
    char *image = row->image;
    *row = (struct edgel_row){ .prediction = row->prediction, .image = image };
    if (!edgel_objects_alone(params))
        return edgel_fail(err, EDGEL_EINVAL, "objects: by ids or mixed alone");
    EDGEL_TRY(edgel_options_check(params, err));
    EDGEL_TRY(check_source(params, truth, true, valid != NULL, err));
    if (prediction)
        EDGEL_TRY(check_source(params, prediction, false, false, err));
    if (valid)
        EDGEL_TRY(edgel_mask_check(valid, "validity mask", false, err));
    if (by_class && (!truth->document || (prediction && !prediction->document)))
        return edgel_fail(err, EDGEL_EINVAL, "objects: masks without a document have no classes");
    row->kind = prediction ? EDGEL_ROW_MEASURED : EDGEL_ROW_MISSING;
    struct edgel_object_list *list = edgel_row_part(row, EDGEL_OBJECTS);
    enum edgel_status st =
        list ? edgel_objects_match_sources(params, by_class, prediction, truth, valid, row, list, err)
             : edgel_no_memory(err, "objects");
    if (st != EDGEL_OK) {
        row->image = NULL;
        edgel_row_finish(row);
        row->image = image;
    }
    return st;
}
