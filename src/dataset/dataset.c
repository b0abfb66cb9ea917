/* A set of images with truth: opening it, and what it is. */
#include "dataset/dataset_priv.h"
#include <string.h>

void edgel_dataset_params_init(struct edgel_dataset_params *p)
{
    *p = (struct edgel_dataset_params){ .annotator_index = 1, .soft_ignore = 0.3, .channels = 3 };
    edgel_read_init(&p->read);
}

void edgel_kept_finish(struct edgel_kept *k)
{
    edgel_image_finish(&k->image);
    edgel_free(k->label);
    edgel_free(k->soft);
    *k = (struct edgel_kept){ 0 };
}

static void finish_part(struct edgel_dataset_part *part)
{
    for (size_t i = 0; i < part->n && part->kept; i++)
        edgel_kept_finish(&part->kept[i]);
    edgel_free(part->kept);
    edgel_free(part->index);
    edgel_pairs_destroy(&part->owned);
    *part = (struct edgel_dataset_part){ 0 };
}

/* Takes the pairs that are complete. */
static enum edgel_status take_pairs(struct edgel_dataset_part *part, struct edgel_error *err)
{
    const size_t all = edgel_pairs_count(part->pairs);
    part->index = edgel_alloc(all + 1, sizeof *part->index);
    part->kept = edgel_calloc(all + 1, sizeof *part->kept);
    if (!part->index || !part->kept)
        return edgel_fail(err, EDGEL_ENOMEM, "data set of %zu images: out of memory", all);
    for (size_t i = 0; i < all; i++) {
        const struct edgel_pair *p = edgel_pairs_at(part->pairs, i);
        if (p->prediction && p->ntruth)
            part->index[part->n++] = i;
    }
    return EDGEL_OK;
}

static enum edgel_status collect(const struct edgel_dataset_params *p, const char *images, const char *truth,
                                 struct edgel_dataset_part *part, struct edgel_error *err)
{
    const struct edgel_pairs_params params = { .prediction = images,
                                               .truth = truth,
                                               .valid = p->valid,
                                               .pairs_file = p->pairs_file,
                                               .prediction_suffix = p->image_suffix,
                                               .truth_suffix = p->truth_suffix };
    EDGEL_TRY(edgel_pairs_collect(&params, &part->owned, err));
    part->pairs = part->owned;
    return take_pairs(part, err);
}

static enum edgel_status check(const struct edgel_dataset_params *p, struct edgel_error *err)
{
    if (p->channels != 1 && p->channels != 3)
        return edgel_fail(err, EDGEL_EINVAL, "%d channels: images have 1 or 3", p->channels);
    for (size_t i = 0; i < p->nignore; i++)
        if (p->ignore[i] < 0 || p->ignore[i] >= EDGEL_IDS)
            return edgel_fail(err, EDGEL_EINVAL, "ignore %d: ids are 0 to %d", p->ignore[i], EDGEL_IDS - 1);
    for (size_t i = 0; p->classes && i < p->classes->n; i++)
        if (p->classes->v[i].id < 0 || p->classes->v[i].id >= EDGEL_IDS)
            return edgel_fail(err, EDGEL_EINVAL, "class %d: ids are 0 to %d", p->classes->v[i].id,
                              EDGEL_IDS - 1);
    if (p->annotator == EDGEL_ANNOTATOR_INDEX && p->annotator_index < 1)
        return edgel_fail(err, EDGEL_EINVAL, "annotator %d: counted from 1", p->annotator_index);
    return EDGEL_OK;
}

enum edgel_status edgel_dataset_open(const struct edgel_dataset_params *p, struct edgel_dataset **out,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(p);
    EDGEL_TRY(check(p, err));
    struct edgel_dataset *d = edgel_calloc(1, sizeof *d);
    if (!d)
        return edgel_fail(err, EDGEL_ENOMEM, "data set: out of memory");
    if (pthread_mutex_init(&d->lock, NULL) != 0) {
        edgel_free(d);
        return edgel_fail(err, EDGEL_ENOMEM, "data set: out of memory");
    }
    d->p = *p;
    d->labels = p->labels;
    d->left_bytes = p->cache_bytes;
    for (size_t i = 0; i < p->nignore; i++)
        d->ignored[p->ignore[i]] = true;
    for (size_t i = 0; i < EDGEL_IDS; i++)
        d->class_of[i] = EDGEL_LABEL_IGNORE;
    d->parts[0].pairs = p->pairs;
    enum edgel_status status =
        p->pairs ? take_pairs(&d->parts[0], err) : collect(p, p->images, p->truth, &d->parts[0], err);
    if (status == EDGEL_OK)
        *out = d;
    else
        edgel_dataset_destroy(&d);
    return status;
}

enum edgel_status edgel_dataset_add_validation(struct edgel_dataset *d, const char *images, const char *truth,
                                               struct edgel_error *err)
{
    EDGEL_REQUIRE(d);
    if (d->parts[1].pairs)
        return edgel_fail(err, EDGEL_EINVAL, "the set has a validation");
    const enum edgel_status status = collect(&d->p, images, truth, &d->parts[1], err);
    if (status != EDGEL_OK)
        finish_part(&d->parts[1]);
    return status;
}

void edgel_dataset_destroy(struct edgel_dataset **out)
{
    if (!out || !*out)
        return;
    struct edgel_dataset *d = *out;
    finish_part(&d->parts[1]);
    finish_part(&d->parts[0]);
    edgel_classes_finish(&d->classes);
    pthread_mutex_destroy(&d->lock);
    edgel_free(d);
    *out = NULL;
}

const struct edgel_pairs *edgel_dataset_pairs(const struct edgel_dataset *d, bool validation)
{
    return d->parts[validation].pairs;
}

size_t edgel_dataset_count(const struct edgel_dataset *d, bool validation)
{
    return d->parts[validation].n;
}

const struct edgel_pair *edgel_dataset_pair(const struct edgel_dataset *d, bool validation, size_t i)
{
    const struct edgel_dataset_part *part = &d->parts[validation];
    return edgel_pairs_at(part->pairs, part->index[i]);
}

enum edgel_labels edgel_dataset_labels(const struct edgel_dataset *d)
{
    return d->labels;
}

void edgel_dataset_set_labels(struct edgel_dataset *d, enum edgel_labels labels)
{
    d->labels = labels;
}

bool edgel_dataset_soft(const struct edgel_dataset *d)
{
    return d->soft;
}

const struct edgel_classes *edgel_dataset_classes(const struct edgel_dataset *d)
{
    return &d->classes;
}
