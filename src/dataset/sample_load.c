/* Samples: images as planes with their truth. Decoded images are kept, in the order they are first loaded, until the
 * cache is full; the others are decoded each time. */
#include "dataset/dataset_priv.h"
#include <string.h>

enum edgel_status edgel_dataset_image(const struct edgel_dataset *d, const char *path,
                                      enum edgel_decode decode, struct edgel_image *image,
                                      struct edgel_info *info, struct edgel_error *err)
{
    struct edgel_read read = d->p.read;
    read.decode = decode;
    return edgel_image_read(path, &read, image, info, err);
}

void edgel_dataset_sample_finish(struct edgel_dataset_sample *s)
{
    if (!s)
        return;
    edgel_free(s->image);
    edgel_free(s->label);
    edgel_free(s->soft);
    *s = (struct edgel_dataset_sample){ 0 };
}

static enum edgel_status fill(const struct edgel_dataset *d, const struct edgel_kept *k,
                              struct edgel_dataset_sample *out, struct edgel_error *err)
{
    const int w = k->image.w, h = k->image.h;
    const size_t pixels = (size_t)w * (size_t)h;
    *out = (struct edgel_dataset_sample){ .w = w, .h = h, .channels = d->p.channels };
    out->image = edgel_alloc(pixels, (size_t)out->channels * sizeof *out->image);
    out->label = k->label ? edgel_alloc(pixels, sizeof *out->label) : NULL;
    out->soft = k->soft ? edgel_alloc(pixels, sizeof *out->soft) : NULL;
    enum edgel_status status = EDGEL_OK;
    if (!out->image || !out->label != !k->label || !out->soft != !k->soft)
        status = edgel_fail(err, EDGEL_ENOMEM, "sample %dx%d with %d channels: out of memory", w, h,
                            out->channels);
    if (status == EDGEL_OK)
        status = edgel_image_planes(edgel_image_view(&k->image), out->channels, 0, 0, w, h, out->image, err);
    if (status != EDGEL_OK) {
        edgel_dataset_sample_finish(out);
        return status;
    }
    if (out->label)
        memcpy(out->label, k->label, pixels * sizeof *k->label);
    if (out->soft)
        memcpy(out->soft, k->soft, pixels * sizeof *k->soft);
    return EDGEL_OK;
}

static size_t bytes_of(const struct edgel_kept *k)
{
    const size_t pixels = (size_t)k->image.w * (size_t)k->image.h;
    return k->image.capacity_bytes + pixels * (k->soft ? sizeof *k->soft : sizeof *k->label);
}

/* Moves the sample into the cache. False: there is no room, and the caller keeps it. */
static bool keep(struct edgel_dataset *d, struct edgel_kept *slot, const struct edgel_kept *k)
{
    const size_t bytes = bytes_of(k);
    bool kept = false;
    pthread_mutex_lock(&d->lock);
    if (!slot->image.data && bytes <= d->left_bytes) {
        d->left_bytes -= bytes;
        *slot = *k;
        kept = true;
    }
    pthread_mutex_unlock(&d->lock);
    return kept;
}

static bool is_kept(struct edgel_dataset *d, const struct edgel_kept *slot)
{
    pthread_mutex_lock(&d->lock);
    const bool kept = slot->image.data != NULL;
    pthread_mutex_unlock(&d->lock);
    return kept;
}

enum edgel_status edgel_sample_load(struct edgel_dataset *d, bool validation, size_t i,
                                    struct edgel_dataset_sample *out, struct edgel_info *info,
                                    struct edgel_error *err)
{
    struct edgel_dataset_part *part = &d->parts[validation];
    *out = (struct edgel_dataset_sample){ 0 };
    if (i >= part->n)
        return edgel_fail(err, EDGEL_EINVAL, "image %zu of %zu", i, part->n);
    if (!d->surveyed)
        return edgel_fail(err, EDGEL_EINVAL, "samples: the set has not been surveyed");
    struct edgel_kept *slot = &part->kept[i], k = { 0 };
    if (is_kept(d, slot)) /* never changed again, so no lock is needed to read it */
        return fill(d, slot, out, err);
    const struct edgel_pair *p = edgel_dataset_pair(d, validation, i);
    enum edgel_status status = edgel_dataset_image(
        d, p->prediction, d->p.channels == 1 ? EDGEL_DECODE_GRAY : EDGEL_DECODE_COLOR, &k.image, info, err);
    if (status == EDGEL_OK)
        status = edgel_truth_read(d, p, &k, err);
    if (status == EDGEL_OK)
        status = fill(d, &k, out, err);
    if (status != EDGEL_OK || !keep(d, slot, &k))
        edgel_kept_finish(&k);
    return status;
}

enum edgel_status edgel_dataset_load(struct edgel_dataset *d, bool validation, size_t i,
                                     struct edgel_dataset_sample *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(d);
    return edgel_sample_load(d, validation, i, out, NULL, err);
}
