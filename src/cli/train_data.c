/*
 * The data of `edgel train`: images and masks by the same rules of pairing and labels as `edgel eval`. Decoded images
 * are kept as they came, up to --cache megabytes in the order they were first asked for, and decoded again beyond that.
 */
#include "train_data.h"
#include "edgel/dataset.h"
#include "score.h"
#include <stdlib.h>
#include <string.h>

/* --- samples --- */

static void finish_kept(struct train_kept *k)
{
    edgel_image_finish(&k->image);
    free(k->label);
    free(k->soft);
    *k = (struct train_kept){ 0 };
}

static enum edgel_status read_sample(const struct train_data *d, const struct edgel_pair *p,
                                     struct train_kept *k, struct edgel_info *info, struct edgel_error *err)
{
    enum edgel_status status = train_read_image(
        d, p->prediction, d->channels == 1 ? EDGEL_DECODE_GRAY : EDGEL_DECODE_COLOR, &k->image, info, err);
    if (status == EDGEL_OK)
        status = train_read_truth(d, p, k, err);
    if (status != EDGEL_OK)
        finish_kept(k);
    return status;
}

static float sample_value(const unsigned char *row, enum edgel_type type, size_t i)
{
    switch (type) {
    case EDGEL_U8: return (float)row[i] / 255.0f;
    case EDGEL_U16: return (float)((const uint16_t *)(const void *)row)[i] / 65535.0f;
    default: return ((const float *)(const void *)row)[i];
    }
}

/* Planes of 0..1; a gray image stands for three equal channels where three are wanted. */
static void fill_planes(const struct edgel_image *image, int channels, float *planes)
{
    const size_t w = (size_t)image->w, pixels = w * (size_t)image->h, step = (size_t)image->channels;
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < image->h; y++) {
            const unsigned char *row = (const unsigned char *)image->data + (ptrdiff_t)y * image->stride;
            float *to = planes + (size_t)c * pixels + (size_t)y * w;
            const size_t at = c < image->channels ? (size_t)c : 0;
            for (size_t x = 0; x < w; x++)
                to[x] = sample_value(row, image->type, x * step + at);
        }
}

static enum edgel_status fill_sample(const struct train_data *d, const struct train_kept *k,
                                     struct edgel_sample *out, struct edgel_error *err)
{
    const size_t pixels = (size_t)k->image.w * (size_t)k->image.h;
    enum edgel_status status =
        edgel_sample_init(out, k->image.w, k->image.h, d->channels, !d->soft, d->soft, err);
    if (status != EDGEL_OK)
        return status;
    fill_planes(&k->image, d->channels, out->image);
    if (d->soft)
        memcpy(out->soft, k->soft, pixels * sizeof *k->soft);
    else
        memcpy(out->label, k->label, pixels * sizeof *k->label);
    return EDGEL_OK;
}

static size_t bytes_of(const struct train_data *d, const struct train_kept *k)
{
    const size_t pixels = (size_t)k->image.w * (size_t)k->image.h;
    return k->image.capacity_bytes + pixels * (d->soft ? sizeof *k->soft : sizeof *k->label);
}

/* Puts the sample where later calls find it, if there is room; else it stays the caller's. */
static bool keep(struct train_data *d, struct train_kept *slot, struct train_kept *k)
{
    const size_t bytes = bytes_of(d, k);
    bool kept = false;
    pthread_mutex_lock(&d->lock);
    if (!slot->image.data && bytes <= d->left) {
        d->left -= bytes;
        *slot = *k;
        kept = true;
    }
    pthread_mutex_unlock(&d->lock);
    return kept;
}

static bool is_kept(struct train_data *d, const struct train_kept *slot)
{
    pthread_mutex_lock(&d->lock);
    const bool kept = slot->image.data != NULL;
    pthread_mutex_unlock(&d->lock);
    return kept;
}

enum edgel_status train_data_read(struct train_data *d, bool validation, size_t i, struct edgel_sample *out,
                                  struct edgel_info *info, struct edgel_error *err)
{
    struct train_set *s = &d->sets[validation];
    struct train_kept *slot = &s->kept[i], k = { 0 };
    if (is_kept(d, slot)) /* what is kept stays as it is */
        return fill_sample(d, slot, out, err);
    enum edgel_status status = read_sample(d, train_pair_at(s, i), &k, info, err);
    if (status == EDGEL_OK)
        status = fill_sample(d, &k, out, err);
    if (status == EDGEL_OK && keep(d, slot, &k))
        return status;
    finish_kept(&k);
    return status;
}

enum edgel_status train_data_load(void *user, bool validation, size_t i, struct edgel_sample *out,
                                  struct edgel_error *err)
{
    struct edgel_info info = { 0 };
    return train_data_read(user, validation, i, out, &info, err);
}

/* --- opening --- */

static enum edgel_status set_ignored(struct train_data *d, struct edgel_error *err)
{
    int32_t *ids = NULL;
    size_t n = 0;
    enum edgel_status status = EDGEL_OK;
    for (size_t i = 0; i < TRAIN_IDS; i++)
        d->class_of[i] = EDGEL_LABEL_IGNORE;
    if (d->p.ignore)
        status = score_parse_ids("--ignore", d->p.ignore, &ids, &n, err);
    for (size_t i = 0; i < n && status == EDGEL_OK; i++)
        if (ids[i] < TRAIN_IDS)
            d->ignored[ids[i]] = true;
    free(ids);
    if (status == EDGEL_OK && d->p.colors)
        status = edgel_colors_read(d->p.colors, &d->colors, err);
    return status;
}

static int open_all(struct train_data *d)
{
    struct edgel_error err = { 0 };
    if (set_ignored(d, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    int code = train_collect(d, &d->sets[0], d->p.images, d->p.truth);
    if (code == 0 && d->p.val_images)
        code = train_collect(d, &d->sets[1], d->p.val_images, d->p.val_truth) ? CLI_EXIT_USAGE : 0;
    if (train_check_suffixes(d) != 0) /* when files found no partner as well: it is why */
        code = CLI_EXIT_USAGE;
    if (code == 0 && !d->p.val_images && d->p.val_split > 0)
        code = train_split(d);
    if (code == 0)
        code = train_decide(d);
    return code ? code : train_check_all(d);
}

int train_data_open(struct train_data **out, const struct train_data_params *params)
{
    struct train_data *d = *out = cli_alloc(1, sizeof *d);
    d->p = *params;
    d->channels = params->channels;
    d->left = (size_t)params->cache_mb << 20;
    pthread_mutex_init(&d->lock, NULL);
    const int code = open_all(d);
    if (code)
        train_data_close(out);
    return code;
}

static void finish_set(struct train_set *s)
{
    for (size_t i = 0; i < s->n && s->kept; i++)
        finish_kept(&s->kept[i]);
    free(s->kept);
    free(s->index);
}

void train_data_close(struct train_data **out)
{
    struct train_data *d = *out;
    if (!d)
        return;
    finish_set(&d->sets[0]);
    finish_set(&d->sets[1]);
    if (d->sets[1].pairs != d->sets[0].pairs)
        edgel_pairs_destroy(&d->sets[1].pairs);
    edgel_pairs_destroy(&d->sets[0].pairs);
    edgel_classes_finish(&d->given);
    edgel_colors_finish(&d->colors);
    free(d->classes);
    free(d->digits);
    pthread_mutex_destroy(&d->lock);
    free(d);
    *out = NULL;
}

/* --- what it is --- */

size_t train_data_count(const struct train_data *d, bool validation)
{
    return d->sets[validation].n;
}

const char *train_data_key(const struct train_data *d, bool validation, size_t i)
{
    return train_pair_at(&d->sets[validation], i)->key;
}

enum edgel_labels train_data_labels(const struct train_data *d)
{
    return d->labels;
}

bool train_data_soft(const struct train_data *d)
{
    return d->soft;
}

const struct edgel_model_class *train_data_classes(const struct train_data *d, int *n)
{
    *n = d->nclasses;
    return d->classes;
}
