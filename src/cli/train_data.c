/*
 * The data of `edgel train`: images and masks by the same rules of pairing and labels as `edgel eval`.
 *
 * Decoded images are kept as they came, up to --cache megabytes in the order they were first asked for, and decoded
 * again beyond that. With several annotators a pixel's truth is the mean of their marks; under --boundaries a pixel that
 * some, but fewer than --soft-ignore of them marked is left out, and one that more marked is a boundary.
 */
#include "edgel/image.h"
#include "score.h"
#include "train.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDS = 65536 };

struct kept {
    struct edgel_image image;
    uint16_t *label;
    float *soft;
};

struct train_set {
    struct edgel_pairs *pairs;
    size_t *index;     /* [n] of the pairs */
    struct kept *kept; /* [n]; image.data NULL: not kept */
    size_t n;
};

struct train_data {
    struct train_data_params p;
    struct train_set sets[2];          /* training, validation */
    struct edgel_model_class *classes; /* [IDS] */
    int nclasses;
    char (*digits)[8];          /* names of classes without one */
    struct edgel_classes given; /* --classes */
    struct edgel_colors colors;
    enum edgel_labels labels;
    uint16_t class_of[IDS]; /* EDGEL_LABEL_IGNORE: not counted */
    bool known[IDS], ignored[IDS];
    bool soft;
    int channels;
    pthread_mutex_t lock; /* of kept and left */
    size_t left;          /* bytes that may still be kept */
};

static const struct edgel_pair *pair_at(const struct train_set *s, size_t i)
{
    return edgel_pairs_at(s->pairs, s->index[i]);
}

/* --- masks --- */

static enum edgel_status read_image(const struct train_data *d, const char *path, enum edgel_decode decode,
                                    struct edgel_image *image, struct edgel_info *info,
                                    struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    struct edgel_read read = d->p.read;
    read.decode = decode;
    enum edgel_status status = edgel_bytes_read(path, &bytes, err);
    if (status == EDGEL_OK)
        status = edgel_image_decode(bytes.data, bytes.size, path, &read, image, info, err);
    edgel_bytes_finish(&bytes);
    return status;
}

static int32_t id_of_colour(const struct train_data *d, const uint8_t *rgb)
{
    for (size_t k = 0; k < d->colors.n; k++)
        if (d->colors.v[k].r == rgb[0] && d->colors.v[k].g == rgb[1] && d->colors.v[k].b == rgb[2])
            return d->colors.v[k].id;
    return -1;
}

/* The id of every pixel; -1 where no id can be had. */
static enum edgel_status read_ids(const struct train_data *d, const char *path, int w, int h, int32_t **out,
                                  struct edgel_mask *kind, struct edgel_image *image, struct edgel_error *err)
{
    struct edgel_info info = { 0 };
    enum edgel_status status = read_image(d, path, EDGEL_DECODE_LABELS, image, &info, err);
    if (status != EDGEL_OK)
        return status;
    *kind = (struct edgel_mask){ edgel_image_view(image), info.bits, info.indexed };
    if (w > 0 && (image->w != w || image->h != h)) {
        (void)cli_fail(err, "%s: the truth is %dx%d, the image %dx%d", path, image->w, image->h, w, h);
        return EDGEL_EFORMAT;
    }
    if (image->type == EDGEL_F32 || (image->channels > 1 && (d->colors.n == 0 || image->type != EDGEL_U8))) {
        (void)cli_fail(err, "%s: a mask with %s needs %s", path,
                       image->type == EDGEL_F32 ? "float values" : "colours",
                       image->type == EDGEL_F32 ? "whole numbers" : "--colors FILE and 8 bits");
        return EDGEL_EFORMAT;
    }
    int32_t *ids = *out = cli_alloc((size_t)image->w * (size_t)image->h, sizeof *ids);
    for (int y = 0; y < image->h; y++) {
        const unsigned char *row = (const unsigned char *)image->data + (ptrdiff_t)y * image->stride;
        for (int x = 0; x < image->w; x++)
            ids[(size_t)y * (size_t)image->w + (size_t)x] =
                image->channels > 1        ? id_of_colour(d, row + 3 * (size_t)x)
                : image->type == EDGEL_U16 ? ((const uint16_t *)(const void *)row)[x]
                                           : row[x];
    }
    return EDGEL_OK;
}

/* Class of an id; -1: unknown. */
static int class_of(const struct train_data *d, int32_t id)
{
    if (id < 0)
        return -1;
    if (d->labels == EDGEL_LABELS_BINARY)
        return d->ignored[id] ? EDGEL_LABEL_IGNORE : id != 0;
    return d->known[id] || d->ignored[id] ? d->class_of[id] : -1;
}

static enum edgel_status label_pixels(const struct train_data *d, const char *path, const int32_t *ids,
                                      size_t n, uint16_t *label, struct edgel_error *err)
{
    size_t unknown = 0;
    int32_t first = 0;
    for (size_t i = 0; i < n; i++) {
        const int c = class_of(d, ids[i]);
        if (c < 0 && unknown++ == 0)
            first = ids[i];
        label[i] = (uint16_t)(c < 0 ? EDGEL_LABEL_IGNORE : c);
    }
    if (unknown == 0)
        return EDGEL_OK;
    if (first < 0)
        (void)cli_fail(err, "%s: %zu pixels have a colour that --colors does not name", path, unknown);
    else
        (void)cli_fail(err, "%s: %zu pixels have an id that is no class and not ignored, the first is %d",
                       path, unknown, (int)first);
    return EDGEL_EFORMAT;
}

/* The truth of several annotators: mean of their marks over those who have an opinion. */
static enum edgel_status add_annotator(const struct train_data *d, const char *path, const int32_t *ids,
                                       size_t n, float *marks, float *votes, struct edgel_error *err)
{
    uint16_t *label = cli_alloc(n, sizeof *label);
    enum edgel_status status = label_pixels(d, path, ids, n, label, err);
    for (size_t i = 0; i < n && status == EDGEL_OK; i++) {
        votes[i] += label[i] != EDGEL_LABEL_IGNORE;
        marks[i] += label[i] == 1;
    }
    free(label);
    return status;
}

static void finish_soft(const struct train_data *d, struct kept *k, const float *votes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float mean = votes[i] > 0 ? k->soft[i] / votes[i] : -1;
        if (d->p.boundaries && mean > 0)
            mean = (double)mean < d->p.soft_ignore ? -1 : 1;
        k->soft[i] = mean;
    }
}

static enum edgel_status read_truth(const struct train_data *d, const struct edgel_pair *p, struct kept *k,
                                    struct edgel_error *err)
{
    const size_t n = (size_t)k->image.w * (size_t)k->image.h;
    enum edgel_status status = EDGEL_OK;
    float *votes = NULL;
    if (d->soft) {
        k->soft = cli_alloc(n, sizeof *k->soft);
        votes = cli_alloc(n, sizeof *votes);
    } else {
        k->label = cli_alloc(n, sizeof *k->label);
    }
    for (size_t a = 0; a < p->ntruth && status == EDGEL_OK; a++) {
        struct edgel_mask kind;
        struct edgel_image image = { 0 };
        int32_t *ids = NULL;
        status = read_ids(d, p->truth[a], k->image.w, k->image.h, &ids, &kind, &image, err);
        if (status == EDGEL_OK)
            status = d->soft ? add_annotator(d, p->truth[a], ids, n, k->soft, votes, err)
                             : label_pixels(d, p->truth[a], ids, n, k->label, err);
        free(ids);
        edgel_image_finish(&image);
    }
    if (d->soft && status == EDGEL_OK)
        finish_soft(d, k, votes, n);
    free(votes);
    return status;
}

/* Pixels that the validity mask leaves out are not counted. */
static enum edgel_status apply_valid(const struct train_data *d, const struct edgel_pair *p, struct kept *k,
                                     struct edgel_error *err)
{
    struct edgel_image image = { 0 };
    struct edgel_mask kind;
    int32_t *ids = NULL;
    if (p->missing_valid)
        return cli_fail(err, "%s: has no file in the folder of --valid", p->key);
    if (!p->valid)
        return EDGEL_OK;
    enum edgel_status status = read_ids(d, p->valid, k->image.w, k->image.h, &ids, &kind, &image, err);
    for (size_t i = 0; status == EDGEL_OK && i < (size_t)image.w * (size_t)image.h; i++) {
        if (ids[i] != 0)
            continue;
        if (k->soft)
            k->soft[i] = -1;
        else
            k->label[i] = EDGEL_LABEL_IGNORE;
    }
    free(ids);
    edgel_image_finish(&image);
    return status;
}

/* --- samples --- */

static void finish_kept(struct kept *k)
{
    edgel_image_finish(&k->image);
    free(k->label);
    free(k->soft);
    *k = (struct kept){ 0 };
}

static enum edgel_status read_sample(const struct train_data *d, const struct edgel_pair *p, struct kept *k,
                                     struct edgel_error *err)
{
    struct edgel_info info = { 0 };
    enum edgel_status status = read_image(
        d, p->prediction, d->channels == 1 ? EDGEL_DECODE_GRAY : EDGEL_DECODE_COLOR, &k->image, &info, err);
    if (status == EDGEL_OK)
        status = read_truth(d, p, k, err);
    if (status == EDGEL_OK)
        status = apply_valid(d, p, k, err);
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

static enum edgel_status fill_sample(const struct train_data *d, const struct kept *k,
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

static size_t bytes_of(const struct train_data *d, const struct kept *k)
{
    const size_t pixels = (size_t)k->image.w * (size_t)k->image.h;
    return k->image.capacity_bytes + pixels * (d->soft ? sizeof *k->soft : sizeof *k->label);
}

/* Puts the sample where later calls find it, if there is room; else it stays the caller's. */
static bool keep(struct train_data *d, struct kept *slot, struct kept *k)
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

static bool is_kept(struct train_data *d, const struct kept *slot)
{
    pthread_mutex_lock(&d->lock);
    const bool kept = slot->image.data != NULL;
    pthread_mutex_unlock(&d->lock);
    return kept;
}

enum edgel_status train_data_load(void *user, bool validation, size_t i, struct edgel_sample *out,
                                  struct edgel_error *err)
{
    struct train_data *d = user;
    struct train_set *s = &d->sets[validation];
    struct kept *slot = &s->kept[i], k = { 0 };
    if (is_kept(d, slot)) /* what is kept stays as it is */
        return fill_sample(d, slot, out, err);
    enum edgel_status status = read_sample(d, pair_at(s, i), &k, err);
    if (status == EDGEL_OK)
        status = fill_sample(d, &k, out, err);
    if (status == EDGEL_OK && keep(d, slot, &k))
        return status;
    finish_kept(&k);
    return status;
}

/* --- pairing --- */

static int collect(struct train_data *d, struct train_set *s, const char *images, const char *truth)
{
    struct edgel_error err = { 0 };
    struct edgel_pairs_params params = { .prediction = images,
                                         .truth = truth,
                                         .valid = d->p.valid,
                                         .prediction_suffix = d->p.image_suffix,
                                         .truth_suffix = d->p.truth_suffix };
    if (edgel_pairs_collect(&params, &s->pairs, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    const size_t all = edgel_pairs_count(s->pairs);
    s->index = cli_alloc(all + 1, sizeof *s->index);
    size_t unpaired = 0, lonely = 0;
    for (size_t i = 0; i < all; i++) {
        const struct edgel_pair *p = edgel_pairs_at(s->pairs, i);
        if (p->prediction && p->ntruth)
            s->index[s->n++] = i;
        else if (p->prediction && unpaired++ == 0)
            cli_message("%s: no truth for this image", p->prediction);
        lonely += !p->prediction;
    }
    if (unpaired) {
        cli_message("%s: %zu of %zu images have no truth in %s", images, unpaired, unpaired + s->n, truth);
        return CLI_EXIT_USAGE;
    }
    if (lonely && !d->p.run->quiet)
        cli_message("%s: %zu masks have no image in %s and are passed over", truth, lonely, images);
    if (s->n == 0) {
        cli_message("%s: no images with truth in %s", images, truth);
        return CLI_EXIT_NOTHING;
    }
    s->kept = cli_alloc(s->n, sizeof *s->kept);
    return 0;
}

struct drawn {
    uint64_t key;
    size_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->index < y->index ? -1 : x->index > y->index;
}

static int by_index(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* Holds out a share of the training images: those whose names have the lowest hashes under the seed, so that the choice
 * hangs on nothing but names, share and seed. */
static int split(struct train_data *d)
{
    struct train_set *train = &d->sets[0], *val = &d->sets[1];
    const size_t n = train->n, held = (size_t)floor(d->p.val_split * (double)n + 0.5);
    if (held == 0 || held == n) {
        cli_message("--val-split %g of %zu images leaves %s empty", d->p.val_split, n,
                    held ? "training" : "validation");
        return CLI_EXIT_USAGE;
    }
    struct drawn *drawn = cli_alloc(n, sizeof *drawn);
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = 0xcbf29ce484222325u ^ d->p.seed * 0x9E3779B97F4A7C15u; /* FNV-1a */
        for (const char *c = pair_at(train, i)->key; *c; c++)
            hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
        drawn[i] = (struct drawn){ hash ^ hash >> 29, train->index[i] };
    }
    qsort(drawn, n, sizeof *drawn, by_key);
    val->pairs = train->pairs;
    val->index = cli_alloc(held, sizeof *val->index);
    val->kept = cli_alloc(held, sizeof *val->kept);
    val->n = held;
    train->n = n - held;
    for (size_t i = 0; i < n; i++)
        *(i < held ? &val->index[i] : &train->index[i - held]) = drawn[i].index;
    qsort(val->index, val->n, sizeof *val->index, by_index);
    qsort(train->index, train->n, sizeof *train->index, by_index);
    free(drawn);
    return 0;
}

/* --- what the files hold --- */

/* What one image and its masks hold; a bit of ids for each id seen. */
struct look {
    struct edgel_value_survey values;
    uint64_t ids[IDS / 64];
    bool several; /* annotators */
    char error[512];
};

struct looking {
    struct train_data *d;
    struct look *slots; /* [window] */
    struct look all;
    size_t window, failed;
    bool checks; /* load whole samples, labels being decided */
};

static struct train_set *set_of(struct train_data *d, size_t *i)
{
    struct train_set *s = &d->sets[*i >= d->sets[0].n];
    *i -= s == &d->sets[1] ? d->sets[0].n : 0;
    return s;
}

static void look_at_truth(struct train_data *d, const char *path, struct look *l, struct edgel_error *err)
{
    struct edgel_image image = { 0 };
    struct edgel_mask mask;
    int32_t *ids = NULL;
    if (read_ids(d, path, 0, 0, &ids, &mask, &image, err) == EDGEL_OK) {
        if (image.channels == 1)
            edgel_survey_add(&l->values, &mask, NULL, 0);
        for (size_t i = 0; i < (size_t)image.w * (size_t)image.h; i++)
            if (ids[i] >= 0)
                l->ids[ids[i] / 64] |= (uint64_t)1 << (ids[i] % 64);
    }
    free(ids);
    edgel_image_finish(&image);
}

static void look_work(void *user, int thread, size_t i)
{
    struct looking *job = user;
    struct look *l = &job->slots[i % job->window];
    struct train_set *s = set_of(job->d, &i);
    const struct edgel_pair *p = pair_at(s, i);
    struct edgel_error err = { 0 };
    (void)thread;
    memset(l, 0, sizeof *l);
    l->several = p->ntruth > 1;
    if (job->checks) {
        struct edgel_sample sample = { 0 };
        if (train_data_load(job->d, s == &job->d->sets[1], i, &sample, &err) == EDGEL_OK)
            edgel_sample_finish(&sample);
    }
    for (size_t a = 0; !job->checks && a < p->ntruth && err.code == EDGEL_OK; a++)
        look_at_truth(job->d, p->truth[a], l, &err);
    memcpy(l->error, err.msg, sizeof l->error);
}

static void look_done(void *user, size_t i)
{
    struct looking *job = user;
    const struct look *l = &job->slots[i % job->window];
    struct look *all = &job->all;
    all->several |= l->several;
    all->values.above_one |= l->values.above_one;
    all->values.one |= l->values.one;
    all->values.full |= l->values.full;
    all->values.other |= l->values.other;
    for (size_t k = 0; k < IDS / 64; k++)
        all->ids[k] |= l->ids[k];
    job->failed += l->error[0] != '\0';
    if (l->error[0])
        cli_message("%s", l->error);
    cli_run_step(l->error[0] ? EDGEL_OUTCOME_ERROR : EDGEL_OUTCOME_OK);
}

/* Looks at all files; those that cannot be used are reported one by one. */
static int look_at_all(struct train_data *d, const char *label, bool checks, struct look *all)
{
    struct looking job = { .d = d, .checks = checks };
    struct edgel_totals totals;
    const size_t n = d->sets[0].n + d->sets[1].n;
    struct edgel_run run = { .count = n,
                             .threads = cli_jobs(d->p.run),
                             .user = &job,
                             .work = look_work,
                             .done = look_done,
                             .stop = cli_stop };
    job.window = edgel_run_window(&run);
    job.slots = cli_alloc(job.window, sizeof *job.slots);
    cli_run_begin(label, d->p.run, n);
    enum edgel_status status = edgel_run_execute(&run, NULL, NULL);
    cli_run_end(&totals);
    free(job.slots);
    *all = job.all;
    if (status == EDGEL_EINTERRUPTED)
        return CLI_EXIT_INTERRUPTED;
    if (status != EDGEL_OK)
        cli_out_of_memory();
    if (job.failed)
        cli_message("%zu of %zu images cannot be trained on: nothing was done", job.failed, n);
    return job.failed ? CLI_EXIT_USAGE : 0;
}

/* --- labels and classes --- */

static void add_class(struct train_data *d, int32_t id, const char *name)
{
    d->class_of[id] = (uint16_t)d->nclasses;
    d->known[id] = true;
    d->classes[d->nclasses++] = (struct edgel_model_class){ (int)id, name };
}

/* Ids that occur and are not ignored, called by their digits. */
static void take_seen_ids(struct train_data *d, const struct look *seen)
{
    for (int32_t id = 0; id < IDS; id++) {
        if (!(seen->ids[id / 64] >> (id % 64) & 1) || d->ignored[id])
            continue;
        snprintf(d->digits[d->nclasses], sizeof d->digits[0], "%d", (int)id);
        add_class(d, id, d->digits[d->nclasses]);
    }
}

static enum edgel_status set_classes(struct train_data *d, const struct look *seen, struct edgel_error *err)
{
    enum edgel_status status = EDGEL_OK;
    d->classes = cli_alloc(IDS, sizeof *d->classes);
    d->digits = cli_alloc(IDS, sizeof *d->digits);
    if (d->labels == EDGEL_LABELS_BINARY) {
        add_class(d, 0, "background");
        add_class(d, 1, "foreground");
    } else if (d->p.classes) {
        status = edgel_classes_read(d->p.classes, &d->given, err);
    } else {
        take_seen_ids(d, seen);
    }
    for (size_t k = 0; k < d->given.n; k++)
        if (d->given.v[k].id >= 0 && d->given.v[k].id < IDS && !d->ignored[d->given.v[k].id])
            add_class(d, d->given.v[k].id, d->given.v[k].name);
    if (status == EDGEL_OK && d->nclasses < 2)
        status = cli_fail(err, "%s: %d class in the masks that is not ignored: two or more are needed",
                          d->p.truth, d->nclasses);
    return status;
}

static enum edgel_status set_ignored(struct train_data *d, struct edgel_error *err)
{
    int32_t *ids = NULL;
    size_t n = 0;
    enum edgel_status status = EDGEL_OK;
    for (size_t i = 0; i < IDS; i++)
        d->class_of[i] = EDGEL_LABEL_IGNORE;
    if (d->p.ignore)
        status = score_parse_ids("--ignore", d->p.ignore, &ids, &n, err);
    for (size_t i = 0; i < n && status == EDGEL_OK; i++)
        if (ids[i] < IDS)
            d->ignored[ids[i]] = true;
    free(ids);
    if (status == EDGEL_OK && d->p.colors)
        status = edgel_colors_read(d->p.colors, &d->colors, err);
    return status;
}

static void decide_labels(struct train_data *d, const struct look *seen)
{
    d->labels = d->p.labels;
    if (d->labels == EDGEL_LABELS_AUTO)
        d->labels = d->colors.n || d->p.classes ? EDGEL_LABELS_IDS : edgel_survey_labels(&seen->values);
    if (d->p.labels == EDGEL_LABELS_AUTO && !d->p.run->quiet)
        cli_message("labels: %s",
                    d->labels == EDGEL_LABELS_BINARY
                        ? "binary (the truth holds nothing but 0 and 1, or 0 and the full value)"
                        : "ids");
}

/* Classes, and whether annotators are several. */
static int decide(struct train_data *d)
{
    struct edgel_error err = { 0 };
    struct look seen;
    int code = look_at_all(d, "masks", false, &seen);
    if (code)
        return code;
    decide_labels(d, &seen);
    d->soft = seen.several;
    enum edgel_status status = set_classes(d, &seen, &err);
    if (status == EDGEL_OK && d->soft && d->labels != EDGEL_LABELS_BINARY)
        status =
            cli_fail(&err, "%s: several annotators of an image: their mean is for binary labels", d->p.truth);
    if (status == EDGEL_OK && d->p.boundaries && d->labels != EDGEL_LABELS_BINARY)
        status = cli_fail(&err, "%s: --boundaries needs binary labels", d->p.truth);
    if (status != EDGEL_OK)
        cli_message("%s", err.msg);
    return status == EDGEL_OK ? 0 : CLI_EXIT_USAGE;
}

static int open_all(struct train_data *d)
{
    struct edgel_error err = { 0 };
    struct look seen;
    if (set_ignored(d, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    int code = collect(d, &d->sets[0], d->p.images, d->p.truth);
    if (code == 0 && d->p.val_images)
        code = collect(d, &d->sets[1], d->p.val_images, d->p.val_truth);
    else if (code == 0 && d->p.val_split > 0)
        code = split(d);
    if (code == 0)
        code = decide(d);
    return code ? code : look_at_all(d, "images", true, &seen);
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
    return pair_at(&d->sets[validation], i)->key;
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
