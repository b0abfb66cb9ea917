/* Pictures of the images that a model does worst on, judged in colour as edgel_overlay_judged() has it. */
#include "cli/train/train.h"
#include "edgel/geometry.h"
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static struct edgel_view rows_of(const void *data, int w, int h, int channels, enum edgel_type type)
{
    return (struct edgel_view){ data, w, h, channels, type, (ptrdiff_t)edgel_type_size(type) * channels * w };
}

static enum edgel_status paint(const struct edgel_sample *s, const uint16_t *seen, struct edgel_image *out,
                               struct edgel_error *err)
{
    const size_t pixels = (size_t)s->w * (size_t)s->h, channels = s->channels < 3 ? 1 : 3;
    uint16_t *truth = cli_alloc(pixels, sizeof *truth);
    float *image = cli_alloc(pixels * channels, sizeof *image);
    for (size_t i = 0; i < pixels; i++) {
        const int t = true_class(s, i);
        truth[i] = t < 0 ? EDGEL_LABEL_IGNORE : (uint16_t)t;
        for (size_t c = 0; c < channels; c++)
            image[i * channels + c] = s->image[c * pixels + i];
    }
    enum edgel_status status = edgel_overlay_judged(
        rows_of(image, s->w, s->h, (int)channels, EDGEL_F32), rows_of(truth, s->w, s->h, 1, EDGEL_U16),
        rows_of(seen, s->w, s->h, 1, EDGEL_U16), EDGEL_LABEL_IGNORE, out, err);
    free(image);
    free(truth);
    return status;
}

/* Below the folder of the run. */
static char *picture_path(const struct judge *j, size_t place, const struct rank *r)
{
    const char *key = train_data_key(j->data, j->validation, r->index);
    const size_t n = strlen(key) + 64;
    char *path = cli_alloc(n, 1);
    const int at = snprintf(path, n, "worst/%02zu_iou%.3f_", place + 1, r->iou);
    for (size_t i = 0; key[i]; i++)
        path[(size_t)at + i] = key[i] == '/' ? '_' : key[i];
    strcat(path, ".png");
    return path;
}

static enum edgel_status write_picture(const struct judge *j, struct edgel_output_folder *folder,
                                       size_t place, const struct rank *r, struct edgel_error *err)
{
    struct edgel_sample s;
    struct edgel_image picture = { 0 };
    const struct edgel_write write = { .format = EDGEL_FORMAT_PNG };
    uint16_t *seen;
    char *path = picture_path(j, place, r);
    struct edgel_output *out = NULL;
    enum edgel_status status = look(j, r->index, &s, &seen, err);
    if (status == EDGEL_OK)
        status = paint(&s, seen, &picture, err);
    if (status == EDGEL_OK)
        status = edgel_output_folder_begin(folder, path, &out, err);
    if (status == EDGEL_OK)
        status = edgel_image_encode(edgel_image_view(&picture), &write, out, err);
    if (status == EDGEL_OK)
        status = edgel_output_commit(&out, err);
    edgel_output_discard(&out);
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
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
        if (is_picture(e->d_name))
            (void)unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    free(path);
}

enum edgel_status train_worst(struct train_data *data, const struct edgel_model *model,
                              struct edgel_pool *pool, const char *folder, size_t count,
                              struct edgel_error *err)
{
    struct judge j = { .data = data, .validation = train_data_count(data, true) > 0 };
    struct edgel_predictor_params params;
    const size_t n = train_data_count(data, j.validation);
    struct rank *ranks = cli_alloc(n, sizeof *ranks);
    edgel_predictor_params_init(&params);
    params.pool = pool;
    (void)train_data_classes(data, &j.classes);
    edgel_model_describe(model, &j.info);
    enum edgel_status status = edgel_predictor_create(model, &params, &j.predictor, err);
    if (status == EDGEL_OK)
        status = rank_all(&j, ranks, n, err);
    if (status == EDGEL_OK)
        train_worst_clear(folder);
    struct edgel_output_folder *out = NULL;
    if (status == EDGEL_OK)
        status = edgel_output_folder_open(folder, false, &out, err);
    for (size_t i = 0; i < count && i < n && status == EDGEL_OK; i++)
        status = write_picture(&j, out, i, &ranks[i], err);
    edgel_output_folder_close(&out);
    edgel_predictor_destroy(&j.predictor);
    free(ranks);
    return status;
}
