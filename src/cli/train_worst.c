/*
 * Pictures of the images that a model does worst on: the image at half strength; pixels where model and truth agree on
 * a class other than the first are green, those where the model sees another class than the truth are red, and blue
 * where it sees the first class (background) instead of the truth. What does not count stays gray.
 */
#include "edgel/image.h"
#include "train.h"
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rank {
    double iou;
    size_t index;
};

struct judge {
    struct train_data *data;
    struct edgel_predictor *predictor;
    struct edgel_model_info info;
    bool validation;
    int classes;
};

/* -1: the pixel does not count. */
static int true_class(const struct edgel_sample *s, size_t i)
{
    if (s->soft)
        return s->soft[i] < 0 ? -1 : s->soft[i] >= 0.5f;
    return s->label[i] == EDGEL_LABEL_IGNORE ? -1 : s->label[i];
}

/* Sample and predicted class of each pixel, both the caller's. */
static enum edgel_status look(const struct judge *j, size_t index, struct edgel_sample *s, uint16_t **seen,
                              struct edgel_error *err)
{
    *s = (struct edgel_sample){ 0 };
    *seen = NULL;
    enum edgel_status status = train_data_load(j->data, j->validation, index, s, err);
    if (status != EDGEL_OK)
        return status;
    const size_t pixels = (size_t)s->w * (size_t)s->h;
    float *p = cli_alloc(pixels * (size_t)j->info.outputs, sizeof *p);
    status = edgel_predict(j->predictor, s->image, s->w, s->h, true, p, err);
    *seen = cli_alloc(pixels, sizeof **seen);
    if (status == EDGEL_OK)
        edgel_logit_classes(p, pixels, j->info.outputs, j->info.threshold, pixels, *seen);
    free(p);
    return status;
}

/* Mean over the classes that occur in truth or prediction, the background of binary labels left out; 1 if there is
 * none. */
static double iou_of(const struct judge *j, const struct edgel_sample *s, const uint16_t *seen)
{
    uint64_t(*n)[3] = cli_alloc((size_t)j->classes, sizeof *n); /* truth, prediction, both */
    double sum = 0;
    int occur = 0;
    for (size_t i = 0; i < (size_t)s->w * (size_t)s->h; i++) {
        const int t = true_class(s, i);
        if (t < 0)
            continue;
        n[t][0]++;
        n[seen[i]][1]++;
        n[t][2] += t == seen[i];
    }
    for (int c = j->info.sigmoid; c < j->classes; c++)
        if (n[c][0] + n[c][1] > 0) {
            sum += (double)n[c][2] / (double)(n[c][0] + n[c][1] - n[c][2]);
            occur++;
        }
    free(n);
    return occur ? sum / occur : 1;
}

static void paint(const struct edgel_sample *s, const uint16_t *seen, struct edgel_image *out)
{
    const size_t pixels = (size_t)s->w * (size_t)s->h;
    for (size_t i = 0; i < pixels; i++) {
        uint8_t *to =
            (uint8_t *)out->data + (ptrdiff_t)(i / (size_t)s->w) * out->stride + 3 * (i % (size_t)s->w);
        const int t = true_class(s, i);
        const int tint = t < 0 || (t == 0 && seen[i] == 0) ? -1 : t == seen[i] ? 1 : seen[i] == 0 ? 2 : 0;
        for (int c = 0; c < 3; c++) {
            const float v = s->image[(size_t)(c < s->channels ? c : 0) * pixels + i];
            const float half = 127.0f * (v < 0 ? 0 : v > 1 ? 1 : v);
            to[c] = (uint8_t)(half + (tint == c ? 128.0f : 0));
        }
    }
}

static char *picture_path(const struct judge *j, const char *folder, size_t place, const struct rank *r)
{
    const char *key = train_data_key(j->data, j->validation, r->index);
    const size_t n = strlen(folder) + strlen(key) + 64;
    char *path = cli_alloc(n, 1);
    const int at = snprintf(path, n, "%s/worst/%02zu_iou%.3f_", folder, place + 1, r->iou);
    for (size_t i = 0; key[i]; i++)
        path[(size_t)at + i] = key[i] == '/' ? '_' : key[i];
    strcat(path, ".png");
    return path;
}

static enum edgel_status write_picture(const struct judge *j, const char *folder, size_t place,
                                       const struct rank *r, struct edgel_error *err)
{
    struct edgel_sample s;
    struct edgel_image picture = { 0 };
    const struct edgel_write write = { .format = EDGEL_FORMAT_PNG };
    uint16_t *seen;
    char *path = picture_path(j, folder, place, r);
    enum edgel_status status = look(j, r->index, &s, &seen, err);
    if (status == EDGEL_OK)
        status = edgel_image_init(&picture, s.w, s.h, 3, EDGEL_U8, err);
    if (status == EDGEL_OK) {
        paint(&s, seen, &picture);
        status = edgel_image_write(path, edgel_image_view(&picture), &write, err);
    }
    edgel_image_finish(&picture);
    edgel_sample_finish(&s);
    free(seen);
    free(path);
    return status;
}

static int lowest_first(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    return x->iou != y->iou ? (x->iou < y->iou ? -1 : 1) : x->index < y->index ? -1 : x->index > y->index;
}

static enum edgel_status rank_all(const struct judge *j, struct rank *ranks, size_t n,
                                  struct edgel_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct edgel_sample s;
        uint16_t *seen;
        if (cli_stop(NULL))
            return EDGEL_EINTERRUPTED;
        enum edgel_status status = look(j, i, &s, &seen, err);
        if (status == EDGEL_OK)
            ranks[i] = (struct rank){ iou_of(j, &s, seen), i };
        edgel_sample_finish(&s);
        free(seen);
        if (status != EDGEL_OK)
            return status;
    }
    qsort(ranks, n, sizeof *ranks, lowest_first);
    return EDGEL_OK;
}

/* A picture's name begins with a number and its IoU; other files are not ours. */
static bool is_picture(const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    return digits >= 2 && strncmp(name + digits, "_iou", 4) == 0;
}

void train_worst_clear(const char *folder)
{
    char *path = train_path(folder, "worst");
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        if (!is_picture(e->d_name))
            continue;
        char *picture = train_path(path, e->d_name);
        (void)remove(picture);
        free(picture);
    }
    if (dir)
        closedir(dir);
    free(path);
}

enum edgel_status train_worst(struct train_data *data, const struct edgel_model *model,
                              struct edgel_pool *pool, const char *folder, size_t count,
                              struct edgel_error *err)
{
    struct judge j = { .data = data, .validation = train_data_count(data, true) > 0 };
    struct edgel_predictor_params params = EDGEL_PREDICTOR_DEFAULTS;
    const size_t n = train_data_count(data, j.validation);
    struct rank *ranks = cli_alloc(n, sizeof *ranks);
    params.pool = pool;
    (void)train_data_classes(data, &j.classes);
    edgel_model_describe(model, &j.info);
    enum edgel_status status = edgel_predictor_create(model, &params, &j.predictor, err);
    if (status == EDGEL_OK)
        status = rank_all(&j, ranks, n, err);
    if (status == EDGEL_OK)
        train_worst_clear(folder);
    for (size_t i = 0; i < count && i < n && status == EDGEL_OK; i++)
        status = write_picture(&j, folder, i, &ranks[i], err);
    edgel_predictor_destroy(&j.predictor);
    free(ranks);
    return status;
}
