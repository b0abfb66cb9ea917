/* trainer_priv.h: the parts of a trainer. */
#ifndef EDGEL_NN_TRAINER_PRIV_H
#define EDGEL_NN_TRAINER_PRIV_H

#include "nn/nn_priv.h"
#include "nn/training/train_priv.h"

/* Purposes of random numbers: first argument after the seed. */
enum nn_random { NN_RANDOM_ORDER = 1, NN_RANDOM_CHANGE, NN_RANDOM_DROPOUT, NN_RANDOM_PLAIN, NN_RANDOM_STAGE };

/* --- monitor.c --- */
struct nn_monitor {
    struct edgel_monitor_info info;
    size_t at; /* of the value in struct edgel_epoch */
};
const struct nn_monitor *nn_monitor_at(int kind); /* NULL: there is none */

/* --- train_batch.c --- */
struct nn_failure {
    bool failed;
    size_t index;
    struct edgel_error error;
};
/* Calls work(user, thread, i, err) for i < n on the pool; fails with what the failing call of the smallest i said. */
EDGEL_NODISCARD enum edgel_status nn_try_each(struct edgel_pool *pool, size_t n,
                                              enum edgel_status (*work)(void *user, int thread, size_t i,
                                                                        struct edgel_error *err),
                                              void *user, struct edgel_error *err);

/* Loads a sample and checks all but its labels; EDGEL_EINVAL names it. *out is to be finished, also after a failure. */
EDGEL_NODISCARD enum edgel_status nn_sample_load(const struct edgel_train_data *data, bool validation,
                                                 size_t index, int channels, struct edgel_sample *out,
                                                 struct edgel_error *err);

/* Samples, loaded and changed, as one array. */
struct nn_loader {
    const struct edgel_train_data *data;
    const struct edgel_model *model;
    struct edgel_pool *pool;
    struct edgel_augment_scratch **scratch; /* [threads] */
};
struct nn_draw { /* which sample, and the seed of its changes */
    size_t index;
    uint64_t seed;
};
struct nn_batch {
    int n, count; /* room for samples; samples in it */
    int channels, h, w;
    float *image;    /* [n][channels][h][w], normalised */
    uint16_t *label; /* [n][h][w], or NULL */
    float *soft;     /* [n][h][w], or NULL */
    uint64_t *valid; /* [n] pixels that count */
};
EDGEL_NODISCARD bool nn_loader_init(struct nn_loader *l, const struct edgel_train_data *data,
                                    const struct edgel_model *model, struct edgel_pool *pool);
void nn_loader_finish(struct nn_loader *l);
/* n, channels, h, w are set by the caller. */
EDGEL_NODISCARD bool nn_batch_init(struct nn_batch *b, bool soft);
void nn_batch_finish(struct nn_batch *b);
EDGEL_NODISCARD enum edgel_status nn_batch_fill(const struct nn_loader *l,
                                                const struct edgel_augment *augment,
                                                const struct nn_draw *draws, int count, struct nn_batch *b,
                                                struct edgel_error *err);
uint64_t nn_valid_pixels(const uint16_t *label, const float *soft, size_t pixels); /* one of them is NULL */

/* --- validate.c --- : requests to stop and the time limit */
struct nn_halt {
    const struct edgel_train_events *events;
    double ends; /* on the clock; INFINITY: never */
    bool late;   /* it was the time */
};
/* EDGEL_EINTERRUPTED when stop says true or the time is over; what: "validation". */
EDGEL_NODISCARD enum edgel_status nn_halt_check(struct nn_halt *h, const char *what, int64_t epoch,
                                                struct edgel_error *err);

/* Plans of the network for the last few image sizes, kept for reuse; all but the newest within most_bytes. */
enum { NN_PLANS_KEPT = 4, NN_PLANS_BYTES = 1 << 28 };
struct nn_sizes {
    struct nn_plan *plans[NN_PLANS_KEPT];
    int h[NN_PLANS_KEPT], w[NN_PLANS_KEPT], next;
    size_t most_bytes;
    float *logits;
    size_t floats;
};
void nn_sizes_finish(struct nn_sizes *s);

struct nn_scores {
    double loss; /* mean over samples with valid pixels; NaN: none */
    double accuracy, iou, f1;
};

/* --- trainer_create.c, trainer.c --- */
/* What an epoch has summed up so far. */
struct nn_totals {
    int64_t batches, steps;
    double loss, terms[EDGEL_TRAIN_TERMS_MAX], penalty, norm, lr;
    double valid; /* gd: pixels behind the sum of gradients */
};

struct edgel_trainer {
    struct edgel_model *model;
    struct edgel_train_params params;
    struct edgel_loss_params loss;
    struct edgel_augment augment, plain; /* as wanted; without changes but the crop */
    const struct edgel_train_data *data;
    struct edgel_pool *pool;
    struct edgel_survey survey; /* of its own, or empty */
    double *draw_weights;       /* [ntrain], or NULL: all alike */
    struct nn_network net;      /* the model's, with layers of its own: dropout and frozen as wanted */
    struct edgel_param_range *ranges;
    struct edgel_param_ranges parts;
    bool gd;
    int classes, scored;  /* outputs of the model; classes of labels, >= 2 */
    int64_t items, steps; /* samples and batches of an epoch */

    struct nn_loader loader;
    struct nn_draw *draws; /* [batch.n] */
    size_t *order;         /* [ntrain] of round `round` of an epoch */
    int64_t order_epoch, order_round;
    struct nn_batch batch;
    struct nn_plan *plan;
    struct nn_sizes sizes;
    struct edgel_loss_scratch scratch;
    float *logits, *grad_logits; /* of a batch */
    float *grads;                /* [nparams] */
    float *state;                /* of the optimizer, or NULL */
    float *average;              /* [nparams], or NULL */
    float *gradient_sum;         /* [nparams] of gd, or NULL */
    float *scored_buffers;       /* [nbuffers] that validation uses, recomputed, or NULL */
    float *best, *good;          /* [nparams + nbuffers]: the best; those at the end of the epoch before */
    uint64_t *confusion, *thread_counts; /* [scored][scored]; [threads] of them */

    /* what a checkpoint holds besides arrays */
    int64_t epoch, step; /* done: epochs, batches of the next one */
    int64_t updates;     /* steps of the optimizer */
    struct nn_totals totals;
    struct edgel_early_stop early;
    bool has_best;
    bool has_gradient; /* grads are those of the last batch */
};

/* Weights and running estimates that are validated and kept as best. */
const float *nn_scored_params(const struct edgel_trainer *t);
float *nn_scored_buffers(const struct edgel_trainer *t);
/* Runs the validation samples: confusion and *out. EDGEL_EINTERRUPTED by halt. */
EDGEL_NODISCARD enum edgel_status nn_validate(struct edgel_trainer *t, struct nn_halt *halt,
                                              struct nn_scores *out, struct edgel_error *err);

/* --- recompute.c --- */
/* Running estimates as averages over the training samples, with these weights, into buffers[nbuffers].
 * EDGEL_EINTERRUPTED by halt: the trainer is as before, buffers are not to be used. */
EDGEL_NODISCARD enum edgel_status nn_recompute(struct edgel_trainer *t, struct nn_halt *halt,
                                               const float *params, float *buffers, struct edgel_error *err);

/* --- checkpoint.c --- */
/* All settings that change the steps of a training, one "key=value" a line. */
void nn_settings_text(const struct edgel_trainer *t, struct edgel_text *out);
/* Puts it into the model, as the note "training", and notes of what the surveys (NULL: none) counted and measured. */
EDGEL_NODISCARD enum edgel_status nn_note_settings(struct edgel_trainer *t,
                                                   const struct edgel_survey *training,
                                                   const struct edgel_survey *validation,
                                                   struct edgel_error *err);

#endif
