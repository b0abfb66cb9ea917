/* Labels and classes of a set, by what its masks hold: the one place where labels are decided. */
#include "dataset/dataset_priv.h"

static enum edgel_status add_class(struct edgel_dataset *d, int32_t id, const char *name,
                                   struct edgel_error *err)
{
    struct edgel_classes *c = &d->classes;
    if ((c->n & (c->n - 1)) == 0) { /* full at 0, 1, 2, 4, ... */
        struct edgel_class *v = edgel_realloc(c->v, c->n * sizeof *v, c->n ? 2 * c->n : 1, sizeof *v);
        if (!v)
            return edgel_fail(err, EDGEL_ENOMEM, "classes: out of memory");
        c->v = v;
    }
    char *copy = edgel_class_name(NULL, id, name);
    if (!copy)
        return edgel_fail(err, EDGEL_ENOMEM, "classes: out of memory");
    d->class_of[id] = (uint16_t)c->n;
    d->known[id] = true;
    c->v[c->n++] = (struct edgel_class){ id, copy };
    return EDGEL_OK;
}

/* Binary: two; else the given ones, or the ids that occur, called by their digits; ignored ones left out. */
static enum edgel_status set_classes(struct edgel_dataset *d, const uint64_t *ids, struct edgel_error *err)
{
    const struct edgel_classes *given = d->p.classes;
    edgel_classes_finish(&d->classes);
    for (int32_t id = 0; id < EDGEL_IDS; id++) {
        d->class_of[id] = EDGEL_LABEL_IGNORE;
        d->known[id] = false;
    }
    if (d->labels == EDGEL_LABELS_BINARY) {
        EDGEL_TRY(add_class(d, 0, "background", err));
        return add_class(d, 1, "foreground", err);
    }
    for (size_t k = 0; given && k < given->n; k++)
        if (!d->ignored[given->v[k].id])
            EDGEL_TRY(add_class(d, given->v[k].id, given->v[k].name, err));
    for (int32_t id = 0; !given && id < EDGEL_IDS; id++)
        if ((ids[id / 64] >> (id % 64) & 1) && !d->ignored[id])
            EDGEL_TRY(add_class(d, id, NULL, err));
    return EDGEL_OK;
}

/* Ids that do not look like classes, where no list says that they are. */
static enum edgel_status check_ids(const struct edgel_dataset *d, const struct edgel_ids_seen *ids,
                                   const char *name, struct edgel_error *err)
{
    if (d->labels != EDGEL_LABELS_IDS || d->p.classes || d->p.colors)
        return EDGEL_OK;
    if (ids->lossy)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "%s: JPEG files with %zu ids: JPEG changes values, so that they are no classes",
                          name, ids->ids);
    if (ids->numbered)
        return edgel_fail(
            err, EDGEL_EFORMAT,
            "%s: the ids run from 1 without a gap in every mask, up to %d: they look like numbers of "
            "objects, not like classes",
            name, ids->highest);
    if (ids->ids > EDGEL_LOOK_IDS)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: %zu ids, up to %d: more than %d do not look like classes",
                          name, ids->ids, ids->highest, EDGEL_LOOK_IDS);
    return EDGEL_OK;
}

enum edgel_status edgel_dataset_decide(struct edgel_dataset *d, const struct edgel_dataset_seen *seen,
                                       const uint64_t *ids, struct edgel_error *err)
{
    const char *name = d->p.truth ? d->p.truth : "the truth";
    if (d->p.labels == EDGEL_LABELS_AUTO)
        d->labels = d->p.colors || d->p.classes ? EDGEL_LABELS_IDS : edgel_mask_values_labels(&seen->values);
    EDGEL_TRY(check_ids(d, &seen->ids, name, err));
    EDGEL_TRY(set_classes(d, ids, err));
    const bool binary = d->labels == EDGEL_LABELS_BINARY;
    d->soft = seen->several && d->p.annotator == EDGEL_ANNOTATOR_NONE;
    if (d->classes.n < 2)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "%s: %zu class in the masks that is not ignored: two or more are needed", name,
                          d->classes.n);
    if (seen->mat && !binary)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "%s: the truth of MAT files is boundaries, which are binary labels", name);
    if (d->soft && !binary)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "%s: several annotators of an image: their mean is for binary labels", name);
    if (d->p.boundaries && !binary)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: boundaries are for binary labels", name);
    if ((d->p.annotator == EDGEL_ANNOTATOR_ANY || d->p.annotator == EDGEL_ANNOTATOR_MAJORITY) && !binary)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: votes of annotators are for binary labels", name);
    d->surveyed = true;
    return EDGEL_OK;
}
