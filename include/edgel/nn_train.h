/* edgel/nn_train.h: the training of a model. */
#ifndef EDGEL_NN_TRAIN_H
#define EDGEL_NN_TRAIN_H

#include "edgel/base.h"
#include "edgel/nn_loss.h"
#include "edgel/nn_model.h"
#include "edgel/nn_optimizer.h"
#include "edgel/nn_sample.h"
#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- the trainer --- */

/*
 * The data of a training. Samples are loaded by index whenever they are needed, from several threads at once, and
 * always with the same content. ntrain and load must be set.
 *
 * load    makes a sample (edgel_sample_init): image planes of 0..1, as many as the model takes, not normalised, and
 *         labels (below the number of outputs, 2 for one output; or EDGEL_LABEL_IGNORE) or soft targets (one output),
 *         the same for all samples. The trainer finishes it.
 */
struct edgel_train_data {
    void *user;
    size_t ntrain, nval; /* ntrain > 0; without validation samples the watched value is the training loss */
    enum edgel_status (*load)(void *user, bool validation, size_t index, struct edgel_sample *out,
                              struct edgel_error *err);
};
/* No samples, the caller's to set. */
EDGEL_API void edgel_train_data_init(struct edgel_train_data *data);

/* What is known of samples before the first step. */
struct edgel_survey {
    size_t n;
    int classes, channels;
    bool soft;                /* samples have soft targets; pixels of 0.5 and more are counted as class 1 */
    int *w, *h;               /* [n] */
    int64_t *pixels;          /* [n][classes]: pixels of each class */
    int64_t *ignored;         /* [n]: pixels that are not counted */
    int64_t *total;           /* [classes]: sums of pixels; 0: a class that never occurs */
    double *mean, *deviation; /* [channels] over the pixels of all images; deviation at least 1e-6 */
    double covariance[3][3];  /* of the first three channels; 0 for those that are not there */
};
/*
 * Loads every sample of training (or validation) once and counts. classes: labels are below it, >= 2.
 * Returns EDGEL_OK; what load returned, for the first bad sample; EDGEL_EINVAL, which names the sample, for a label or
 * a number of channels out of range, labels as well as soft targets; EDGEL_ENOMEM. *out is finished by the caller, also
 * after a failure. The same numbers for any number of threads.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_survey_make(const struct edgel_train_data *data, bool validation, int classes, int channels,
                  struct edgel_pool *pool, struct edgel_survey *out, struct edgel_error *err);
EDGEL_API void edgel_survey_finish(struct edgel_survey *s);

/* What is watched over the validation samples. */
enum edgel_monitor { EDGEL_MONITOR_IOU, EDGEL_MONITOR_F1, EDGEL_MONITOR_ACCURACY, EDGEL_MONITOR_LOSS };
enum { EDGEL_MONITORS = EDGEL_MONITOR_LOSS + 1 };
/* What is known of each; name NULL past the last. */
struct edgel_monitor_info {
    const char *name, *what; /* static strings */
    bool minimise;           /* smaller is better */
};
EDGEL_API struct edgel_monitor_info edgel_monitor_at(int kind);
/* "iou", "f1", "accuracy", "loss"; a static string, NULL if there is no such one. */
EDGEL_API const char *edgel_monitor_name(enum edgel_monitor m);
/* EDGEL_OK, or EDGEL_EINVAL with the list of names. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_monitor_find(const char *name, enum edgel_monitor *out,
                                                               struct edgel_error *err);

/* When running estimates of batch normalisation are made anew, as plain averages over one pass through the training
 * samples with the weights of that moment: never (they run along), once at the end for the best weights, or before each
 * validation. */
enum edgel_recompute { EDGEL_RECOMPUTE_NEVER, EDGEL_RECOMPUTE_END, EDGEL_RECOMPUTE_EPOCH };

enum { EDGEL_TRAIN_BATCH_MAX = 4096, EDGEL_TRAIN_CROPS_MAX = 10000, EDGEL_TRAIN_TERMS_MAX = 16 };

/*
 * How to train. An epoch is a number of batches of samples in an order drawn anew: all samples, `crops` times each, or
 * as many as `steps` batches hold. Only the last batch of an epoch without `steps` may be smaller; its loss and
 * gradient are means over its own valid pixels. With gd an epoch is one step along the gradient of all its batches,
 * each weighted by its valid pixels.
 */
struct edgel_train_params {
    const struct edgel_loss_term *terms; /* the loss: their weighted sum */
    int nterms;                          /* 1..EDGEL_TRAIN_TERMS_MAX */
    const struct edgel_loss_params
        *loss; /* class weights and smoothing; NULL: those of edgel_loss_params_init() */
    struct edgel_optimizer optimizer;
    double lr;                      /* >= 0 */
    struct edgel_schedule schedule; /* over epochs; the lr of a step is that at its begin */
    double l1, l2;                  /* >= 0; see edgel_penalty_add */
    double clip_value, clip_norm;   /* > 0, INFINITY: none; in this order, before penalties */
    double dropout;                 /* 0..0.95: of all dropout layers; negative: what the architecture says */
    const struct edgel_augment *augment; /* NULL: none; its resample chooses the samples of an epoch */
    int batch; /* 1..EDGEL_TRAIN_BATCH_MAX; memory is taken for no more than an epoch has */
    /* Sides of what is trained on; 0 and 0: whole images, those smaller than the largest width and height filled up
     * with pixels that are not counted. */
    int crop_w, crop_h;
    int crops;      /* of each sample in an epoch without steps, 1..EDGEL_TRAIN_CROPS_MAX */
    int64_t steps;  /* of an epoch; 0: as many as all samples need */
    int64_t epochs; /* in all, those before a resume counted; >= 0 */
    /* > 0, of one run; INFINITY: no limit. An epoch starts only if it would end in time, judged by the epoch before. A
     * running epoch is cut short so that its validation ends in time. A validation that still takes longer is given up
     * once there is a best model; a resume then does it. The pass of EDGEL_RECOMPUTE_END is not counted. */
    double max_seconds;
    int64_t patience; /* epochs without improvement before the training stops; 0: it does not stop early */
    double min_delta; /* >= 0: a value is better when it is so by more than this */
    enum edgel_monitor monitor;
    int first_scored; /* classes before it are not in the means of IoU and F1: 1 leaves out the background */
    enum edgel_recompute recompute; /* other than NEVER: some batch normalisation is not frozen */
    /* 0..1, 1 excluded: what is validated and kept as best are not the weights but their average a = ema a + (1 - ema)
     * w after each step; 0: the weights. */
    double ema;
    /* NULL-terminated list of name prefixes of frozen layers. NULL: none. Each is that of a layer with parameters. */
    const char *const *freeze;
    uint64_t seed;             /* of order, augmentation and dropout */
    double checkpoint_seconds; /* > 0, between checkpoints within an epoch; INFINITY: only at its end */
};
/* Adam with lr 0.001, constant; batches of 8 whole images, 100 epochs, no augmentation, no penalty, no clipping, the
 * architecture's dropout, the best by IoU, a checkpoint each minute. terms and nterms are the caller's. */
EDGEL_API void edgel_train_params_init(struct edgel_train_params *params);

/* One row of the record of a training. What does not exist is NaN. */
struct edgel_epoch {
    int64_t epoch;                       /* from 1 */
    int64_t steps;                       /* batches of it that were done */
    double lr;                           /* of its last step */
    double train_loss;                   /* mean over its batches; penalties are not in it */
    double terms[EDGEL_TRAIN_TERMS_MAX]; /* the terms of train_loss, not weighted */
    double penalty;                      /* of l1 and l2, mean over its steps */
    double gradient_norm;                /* the largest before clipping */
    double val_loss;                     /* mean over the validation samples with valid pixels */
    int classes;                         /* at least 2 */
    const uint64_t *confusion; /* [truth][prediction] of validation, valid until the call returns, or NULL */
    double accuracy, iou,
        f1; /* of validation: over all pixels; means over the classes that occur in truth or prediction */
    double watched;              /* the monitor's value */
    bool best;                   /* better than all before */
    int64_t since_best;          /* epochs */
    double seconds, val_seconds; /* spent on training, on validation */
    double images_per_second;    /* of training */
};

struct edgel_step {
    int64_t epoch, step; /* just done, from 1 */
    int64_t epochs, steps;
    double loss, lr;
    double images_per_second; /* of this epoch in this run */
    double seconds;           /* of this run */
};

enum edgel_save { EDGEL_SAVE_BEST, EDGEL_SAVE_LAST };
enum edgel_train_end { EDGEL_TRAIN_EPOCHS, EDGEL_TRAIN_PATIENCE, EDGEL_TRAIN_TIME, EDGEL_TRAIN_STOPPED };

/* What a trainer tells, on the thread that runs it. Each may be NULL. */
struct edgel_train_events {
    void *user;
    void (*step_done)(void *user, const struct edgel_step *step);
    void (*epoch_done)(void *user, const struct edgel_epoch *row);
    /* Asked after each step, validation sample and batch of running estimates; true: write a checkpoint and return. */
    bool (*stop)(void *user);
    /* BEST: the model file of the best weights, whenever there are better ones, before epoch_done. LAST: the model file
     * of the last weights with all that a resume needs, after epoch_done, now and then within an epoch, and after stop.
     * A failure ends the run. */
    enum edgel_status (*save)(void *user, enum edgel_save kind, const void *bytes, size_t size,
                              struct edgel_error *err);
};
/* All NULL: nothing is told and nothing saved. */
EDGEL_API void edgel_train_events_init(struct edgel_train_events *events);

struct edgel_trainer;

/*
 * model    trained in place, from the weights it has when the first run begins; must outlive the trainer, as params,
 *          data and what they point to must
 * survey   of the training samples, or NULL: made here when it is needed. Validation samples are all loaded once, for
 *          a resume to know them again
 * Returns EDGEL_OK; EDGEL_EINVAL with the value and the rule; EDGEL_ENOMEM; what loading returned.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_trainer_create(struct edgel_model *model, const struct edgel_train_params *params,
                     const struct edgel_train_data *data, const struct edgel_survey *survey,
                     struct edgel_pool *pool, struct edgel_trainer **out, struct edgel_error *err);
EDGEL_API void edgel_trainer_destroy(struct edgel_trainer **t);

/*
 * Trains until params->epochs are done, `patience` epochs brought no improvement, the time limit is reached, or stop
 * returns true: *end tells which (may be NULL). model then holds the last weights. A stopped trainer may run on.
 * Returns EDGEL_OK; EDGEL_EINTERRUPTED after stop; EDGEL_EINVAL with epoch and step when loss or gradient are not
 * finite: model then holds the weights at the end of the epoch before; what load and save returned; EDGEL_ENOMEM.
 * Weights, rows and saved bytes are the same for any number of threads and any CPU level, seconds aside.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_trainer_run(struct edgel_trainer *t,
                                                              const struct edgel_train_events *events,
                                                              enum edgel_train_end *end,
                                                              struct edgel_error *err);
/*
 * Trains one batch and returns; validation and checkpoint come with the call after the last batch of an epoch. *step
 * (may be NULL) tells what was done; its `step` is 0 when nothing was: all epochs are done, or `patience` epochs
 * brought no improvement. events (may be NULL) as for edgel_trainer_run(), whose statuses these are; its `stop` is not
 * asked.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_trainer_step(struct edgel_trainer *t,
                                                               const struct edgel_train_events *events,
                                                               struct edgel_step *step,
                                                               struct edgel_error *err);
/*
 * The gradient of the last batch by the n values of an array of the model (edgel_model_array_at(); "conv1.weight"), as
 * the optimizer took it: clipped, penalties added; with gd it is that of this batch alone, except for the batch that
 * completes a step. 0 for a layer that is frozen. After edgel_trainer_step(), or within step_done.
 * Returns EDGEL_OK; EDGEL_EINVAL: no such array, a running estimate, another number of values, or no batch yet.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_trainer_gradient(const struct edgel_trainer *t,
                                                                   const char *name, float *values, size_t n,
                                                                   struct edgel_error *err);
/* Puts the best weights so far into model, the trainer's own or a copy of it; false if there are none yet. */
EDGEL_API bool edgel_trainer_best(const struct edgel_trainer *t, struct edgel_model *model);
/* Epochs that are done, and steps of the one that is not. */
EDGEL_API void edgel_trainer_position(const struct edgel_trainer *t, int64_t *epochs, int64_t *steps);

/*
 * The bytes of EDGEL_SAVE_LAST as of now, to be freed with edgel_model_free(): a model file (edgel_model_decode) with
 * the trainer's state as tensors "train.*" and what shaped its steps as the note "training". EDGEL_OK or EDGEL_ENOMEM;
 * EDGEL_EINVAL when weights are not finite.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_trainer_encode(const struct edgel_trainer *t,
                                                                 unsigned char **bytes, size_t *size,
                                                                 struct edgel_error *err);
/*
 * Goes on from such bytes as if there had been no break, weights included. Epochs, patience and time limits may change;
 * settings that affect a step may not, nor the pixels of each class in a survey, nor the sizes, colours and truth of
 * the validation samples: the text names the first that differs.
 * The bytes are not trusted; name is for messages. Returns EDGEL_OK; EDGEL_EFORMAT for no model file, one without a
 * state, or one of another network; EDGEL_EINVAL for other params, ids of classes or labels; EDGEL_ENOMEM. The trainer
 * is as new after a failure.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_trainer_resume(struct edgel_trainer *t, const void *bytes,
                                                                 size_t size, const char *name,
                                                                 struct edgel_error *err);

/*
 * Layer-wise pre-training. Stage k begins with the k-th convolution (transposed ones included) in the order of the
 * network that does not follow another one directly, so that a separable convolution is one stage, and ends before the
 * next; the last, which makes the classes, is left out. Each stage is trained for `epochs` under a 1x1 convolution to
 * the classes, enlarged to the size of the image, all stages before it frozen; this convolution is then thrown away. In
 * the end model holds the weights of all stages; train it as usual then.
 *
 * params        the schedule, freeze, patience, recompute and ema are not used; max_seconds is for all stages together.
 *               Validation samples are not looked at. An interrupted pre-training starts anew
 * events        save is not called
 * stage_begins  may be NULL; stage counts from 1, layer is the name of its convolution; user is that of events
 * end           may be NULL: EDGEL_TRAIN_EPOCHS, or EDGEL_TRAIN_TIME when the time was too short for all stages
 * Returns what edgel_trainer_run() does.
 * Source: Bengio et al. 2007, "Greedy layer-wise training of deep networks".
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_pretrain_layerwise(struct edgel_model *model, const struct edgel_train_params *params, int64_t epochs,
                         const struct edgel_train_data *data, const struct edgel_survey *survey,
                         struct edgel_pool *pool, const struct edgel_train_events *events,
                         void (*stage_begins)(void *user, int stage, int stages, const char *layer),
                         enum edgel_train_end *end, struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
