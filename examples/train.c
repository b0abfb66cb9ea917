/* train.c: a training in memory, with the library's public headers alone: a set of images and truth is read, a network
 * is trained for ten steps, the gradients of its layers are read by name, it predicts the same images, the predictions
 * are measured against the truth, and the scores come out as JSON in a buffer. No file is written.
 *
 *     cc train.c $(pkg-config --cflags --libs edgel) -lm -o train && ./train IMAGES TRUTH
 *
 * train.cpp is the same in C++.
 */
#include <edgel/dataset.h>
#include <edgel/eval.h>
#include <edgel/nn.h>
#include <edgel/report.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the trainer calls for each sample it needs. The set keeps nothing of it, the sample takes its memory over. */
static enum edgel_status load(void *user, bool validation, size_t index, struct edgel_sample *out,
                              struct edgel_error *err)
{
    struct edgel_dataset_sample s;
    const enum edgel_status status = edgel_dataset_load(user, validation, index, &s, err);
    if (status == EDGEL_OK)
        *out = (struct edgel_sample){ s.w, s.h, s.channels, s.image, s.label, s.soft };
    return status;
}

static enum edgel_status open_set(const char *images, const char *truth, struct edgel_dataset **set,
                                  struct edgel_error *err)
{
    struct edgel_dataset_params params;
    struct edgel_dataset_seen seen;
    struct edgel_dataset_run run;
    edgel_dataset_run_init(&run);
    edgel_dataset_params_init(&params);
    params.images = images;
    params.truth = truth;
    enum edgel_status status = edgel_dataset_open(&params, set, err);
    if (status == EDGEL_OK)
        status = edgel_dataset_survey(*set, &run, &seen, err); /* labels and classes, from the masks */
    return status;
}

/* One output for foreground or not, else one for each class. */
static enum edgel_status make_model(const struct edgel_dataset *set, struct edgel_model **model,
                                    struct edgel_error *err)
{
    struct edgel_model_params params;
    edgel_model_params_init(&params);
    params.text = edgel_preset("linear");
    params.size = strlen(params.text);
    params.outputs =
        edgel_dataset_labels(set) == EDGEL_LABELS_BINARY ? 1 : (int)edgel_dataset_classes(set)->n;
    return edgel_model_create(&params, model, err);
}

/* The length of the gradient of each array of parameters. */
static enum edgel_status show_gradients(const struct edgel_trainer *trainer, const struct edgel_model *model,
                                        struct edgel_error *err)
{
    enum edgel_status status = EDGEL_OK;
    for (int k = 0; k < edgel_model_array_count(model) && status == EDGEL_OK; k++) {
        struct edgel_model_array array;
        status = edgel_model_array_at(model, k, &array, err);
        if (status != EDGEL_OK || array.estimate)
            continue;
        double sum = 0;
        float *gradient = malloc(array.values * sizeof *gradient);
        if (!gradient)
            return EDGEL_ENOMEM;
        status = edgel_trainer_gradient(trainer, array.name, gradient, array.values, err);
        for (size_t i = 0; i < array.values && status == EDGEL_OK; i++)
            sum += (double)gradient[i] * (double)gradient[i];
        if (status == EDGEL_OK)
            fprintf(stderr, "  |d loss / d %s| = %.4g over %zu values\n", array.name, sqrt(sum),
                    array.values);
        free(gradient);
    }
    return status;
}

static enum edgel_status train(struct edgel_model *model, struct edgel_dataset *set, struct edgel_error *err)
{
    struct edgel_train_params params;
    struct edgel_loss_term terms[EDGEL_LOSS_KINDS];
    struct edgel_train_data data;
    struct edgel_trainer *trainer = NULL;
    edgel_train_data_init(&data);
    data.user = set;
    data.ntrain = edgel_dataset_count(set, false);
    data.load = load;
    edgel_train_params_init(&params);
    params.terms = terms;
    params.crop_w = params.crop_h = 64;
    params.batch = 4;
    params.lr = 0.05;
    enum edgel_status status = edgel_loss_parse("ce:1,dice:0.5", terms, &params.nterms, err);
    if (status == EDGEL_OK)
        status = edgel_trainer_create(model, &params, &data, NULL, NULL, &trainer, err);
    for (int i = 0; i < 10 && status == EDGEL_OK; i++) {
        struct edgel_step step;
        status = edgel_trainer_step(trainer, NULL, &step, err);
        if (status != EDGEL_OK)
            break;
        fprintf(stderr, "step %d: loss %.6f\n", i + 1, step.loss);
        status = show_gradients(trainer, model, err);
    }
    edgel_trainer_destroy(&trainer);
    return status;
}

/* The mask of one image, in memory: 0 and 1, or the id of each pixel's class. */
static enum edgel_status predict(struct edgel_predictor *predictor, const struct edgel_dataset *set,
                                 const struct edgel_dataset_sample *sample, int outputs,
                                 struct edgel_image *mask, struct edgel_error *err)
{
    const size_t n = (size_t)sample->w * (size_t)sample->h;
    const struct edgel_classes *classes = edgel_dataset_classes(set);
    float *logits = malloc(n * (size_t)outputs * sizeof *logits);
    uint16_t *class_of = malloc(n * sizeof *class_of);
    enum edgel_status status = logits && class_of ? EDGEL_OK : EDGEL_ENOMEM;
    if (status == EDGEL_OK)
        status = edgel_predict(predictor, sample->image, sample->w, sample->h, true, logits, err);
    if (status == EDGEL_OK)
        status = edgel_image_init(mask, sample->w, sample->h, 1, EDGEL_U16, err);
    if (status == EDGEL_OK)
        edgel_logit_classes(logits, n, outputs, 0.5, n, class_of);
    for (int y = 0; y < sample->h && status == EDGEL_OK; y++) {
        uint16_t *row = (uint16_t *)(void *)((char *)mask->data + y * mask->stride);
        for (int x = 0; x < sample->w; x++) {
            const uint16_t k = class_of[(size_t)y * (size_t)sample->w + (size_t)x];
            row[x] = outputs == 1 ? k : (uint16_t)classes->v[k].id;
        }
    }
    free(logits);
    free(class_of);
    return status;
}

/* Predicts the i-th image and adds what it is worth to the scores. */
static enum edgel_status judge(struct edgel_dataset *set, size_t i, struct edgel_predictor *predictor,
                               int outputs, const struct edgel_measure *measure,
                               struct edgel_reducer *reducer, struct edgel_error *err)
{
    struct edgel_dataset_sample sample = { 0 };
    struct edgel_dataset_masks masks = { 0 };
    struct edgel_image mask = { 0 };
    struct edgel_row row = { 0 };
    struct edgel_pair pair = *edgel_dataset_pair(set, false, i);
    pair.prediction = NULL; /* which would be the image itself */
    enum edgel_status status = edgel_dataset_load(set, false, i, &sample, err);
    if (status == EDGEL_OK)
        status = predict(predictor, set, &sample, outputs, &mask, err);
    if (status == EDGEL_OK)
        status = edgel_dataset_masks_read(set, &pair, &masks, err);
    if (status == EDGEL_OK) {
        const struct edgel_mask prediction = { .view = edgel_image_view(&mask), .bits = 16 };
        status = edgel_measure_image(measure, &prediction, true, masks.truth, masks.ntruth, NULL, &row, err);
    }
    if (status == EDGEL_OK)
        status = edgel_reducer_add(reducer, &row, err);
    edgel_row_finish(&row);
    edgel_image_finish(&mask);
    edgel_dataset_masks_finish(&masks);
    edgel_dataset_sample_finish(&sample);
    return status;
}

/* JSON into a buffer. */
static enum edgel_status write_json(const struct edgel_summary *summary, struct edgel_bytes *json,
                                    struct edgel_error *err)
{
    struct edgel_output *out = NULL;
    enum edgel_status status = edgel_output_begin_bytes(json, "scores", &out, err);
    if (status == EDGEL_OK)
        status = edgel_report_json(out, summary, 1, err);
    if (status == EDGEL_OK)
        status = edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    return status;
}

static enum edgel_status evaluate(const struct edgel_model *model, struct edgel_dataset *set,
                                  struct edgel_bytes *json, struct edgel_error *err)
{
    struct edgel_predictor *predictor = NULL;
    struct edgel_reducer *reducer = NULL;
    struct edgel_measure measure;
    struct edgel_reduce reduce;
    struct edgel_summary summary = { 0 };
    struct edgel_model_info info;
    struct edgel_predictor_params params;
    edgel_predictor_params_init(&params);
    edgel_model_describe(model, &info);
    edgel_measure_init(&measure);
    edgel_reduce_init(&reduce);
    measure.labels = edgel_dataset_labels(set);
    enum edgel_status status = edgel_predictor_create(model, &params, &predictor, err);
    if (status == EDGEL_OK)
        status = edgel_reducer_create(&measure, &reduce, "ten steps", &reducer, err);
    for (size_t i = 0; i < edgel_dataset_count(set, false) && status == EDGEL_OK; i++)
        status = judge(set, i, predictor, info.outputs, &measure, reducer, err);
    if (status == EDGEL_OK)
        status = edgel_reducer_summary(reducer, &summary, err);
    if (status == EDGEL_OK)
        status = write_json(&summary, json, err);
    edgel_summary_finish(&summary);
    edgel_reducer_destroy(&reducer);
    edgel_predictor_destroy(&predictor);
    return status;
}

int main(int argc, char **argv)
{
    struct edgel_dataset *set = NULL;
    struct edgel_model *model = NULL;
    struct edgel_bytes json = { 0 };
    struct edgel_error err = { 0 };
    if (argc != 3) {
        fprintf(stderr, "usage: train IMAGES TRUTH\n");
        return 2;
    }
    enum edgel_status status = open_set(argv[1], argv[2], &set, &err);
    if (status == EDGEL_OK)
        status = make_model(set, &model, &err);
    if (status == EDGEL_OK)
        status = train(model, set, &err);
    if (status == EDGEL_OK)
        status = evaluate(model, set, &json, &err);
    if (status == EDGEL_OK && (fwrite(json.data, 1, json.size, stdout) != json.size || fflush(stdout) != 0))
        status = EDGEL_EIO;
    if (status != EDGEL_OK)
        fprintf(stderr, "train: %s\n", err.msg[0] ? err.msg : edgel_status_name(status));
    edgel_bytes_finish(&json);
    edgel_model_destroy(&model);
    edgel_dataset_destroy(&set);
    return status == EDGEL_OK ? 0 : 1;
}
