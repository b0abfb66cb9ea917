/* edgel/nn_optimizer.h: optimizers, penalties, clipping, the learning rate and its end. */
#ifndef EDGEL_NN_OPTIMIZER_H
#define EDGEL_NN_OPTIMIZER_H

#include "edgel/base.h"
#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- parameters, optimizers, penalties, clipping --- */

/* A part [begin, end) of a flat array of parameters. What is not trainable keeps its value: no step, no penalty, no
 * clipping, no share of the norm. Penalties and weight decay take the decayed parts alone (the weights of convolutions,
 * not biases, not batch normalisation). */
struct edgel_param_range {
    size_t begin, end;
    bool trainable, decayed;
};

/* n parameters and their parts, in increasing order, none overlapping; a parameter in no part is not trainable. */
struct edgel_param_ranges {
    size_t n;
    const struct edgel_param_range *ranges;
    size_t count;
};

/* EDGEL_OK, or EDGEL_EINVAL when the parts are out of order, overlap, or reach beyond n. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_param_ranges_check(const struct edgel_param_ranges *p,
                                                                     struct edgel_error *err);

enum edgel_optimizer_kind {
    EDGEL_OPTIMIZER_GD,
    EDGEL_OPTIMIZER_SGD,
    EDGEL_OPTIMIZER_MOMENTUM,
    EDGEL_OPTIMIZER_NESTEROV,
    EDGEL_OPTIMIZER_RMSPROP,
    EDGEL_OPTIMIZER_ADAM,
    EDGEL_OPTIMIZER_ADAMW
};
enum { EDGEL_OPTIMIZERS = EDGEL_OPTIMIZER_ADAMW + 1, EDGEL_OPTIMIZER_STATE_MAX = 2 };

/*
 * How parameters w follow their gradient g at learning rate lr; t = 1, 2, … is the number of the step. The formulas and
 * the defaults are PyTorch's:
 *
 *   gd, sgd   w -= lr g                             (gd is fed the gradient over the whole set, sgd that of a batch)
 *   momentum  b = momentum b + g;  w -= lr b
 *   nesterov  b = momentum b + g;  w -= lr (g + momentum b)
 *   rmsprop   v = alpha v + (1 - alpha) g^2;  w -= lr g / (sqrt(v) + epsilon)
 *   adam      m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g^2;
 *             w -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 *   adamw     w *= 1 - lr weight_decay (decayed parts), then adam
 *
 * State (b; v; m, then v) starts at 0.
 */
struct edgel_optimizer {
    enum edgel_optimizer_kind kind;
    double momentum;     /* 0..1, 1 excluded; momentum, nesterov; default 0.9 (PyTorch has none) */
    double alpha;        /* 0..1, 1 excluded; rmsprop; 0.99 */
    double beta1, beta2; /* 0..1, 1 excluded; adam, adamw; 0.9, 0.999 */
    double epsilon;      /* > 0; rmsprop, adam, adamw; 1e-8 */
    double weight_decay; /* >= 0, decoupled; adamw alone, 0 for the others; 0.01 */
};

/* The kind with the defaults named above; and its usual learning rate (0.01 for gd to rmsprop, 0.001 for adam and
 * adamw). */
EDGEL_API void edgel_optimizer_init(struct edgel_optimizer *o, enum edgel_optimizer_kind kind);
EDGEL_API double edgel_optimizer_default_lr(enum edgel_optimizer_kind kind);

/* What is known of each kind; name NULL past the last. */
struct edgel_optimizer_info {
    const char *name, *what; /* static strings */
    double lr, weight_decay; /* the usual ones */
    int state;               /* floats per parameter */
    bool whole_set;          /* fed the gradient over the whole set */
    bool momentum, decays;   /* it has momentum; it takes a weight decay */
};
EDGEL_API struct edgel_optimizer_info edgel_optimizer_at(int kind);

/* "gd", "sgd", …; a static string, NULL if there is no such kind. */
EDGEL_API const char *edgel_optimizer_name(enum edgel_optimizer_kind kind);
/* EDGEL_OK, or EDGEL_EINVAL with the list of names. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_optimizer_find(const char *name, enum edgel_optimizer_kind *out, struct edgel_error *err);

/* Floats of state per parameter: 0, 1 or 2 (EDGEL_OPTIMIZER_STATE_MAX). */
EDGEL_API int edgel_optimizer_state_floats(enum edgel_optimizer_kind kind);

/* EDGEL_OK, or EDGEL_EINVAL when a setting is out of its range. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_optimizer_check(const struct edgel_optimizer *o,
                                                                  struct edgel_error *err);

/*
 * One step over all trainable parts.
 *
 * t           number of the step, from 1
 * lr          >= 0, finite
 * gradient    [params->n]
 * weights     [params->n], changed
 * state       [edgel_optimizer_state_floats() * params->n], changed: zeros before the first step; the first state of
 *             all parameters, then the second. With t it is all there is to store. NULL where there is none.
 * Returns EDGEL_OK or EDGEL_EINVAL (then nothing is changed). Single precision, each operation rounded, in the order
 * written above, the factors made in double precision; the same bits on every machine and for any number of threads.
 * Source: Kingma, Ba: Adam (2015); Loshchilov, Hutter: Decoupled weight decay (2019); Sutskever et al. (2013);
 * Tieleman, Hinton: RMSProp (2012).
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_optimizer_step(const struct edgel_optimizer *o, const struct edgel_param_ranges *params, uint64_t t,
                     double lr, const float *gradient, float *weights, float *state, struct edgel_pool *pool,
                     struct edgel_error *err);

/*
 * Adds the penalties  l1 sum |w|  +  l2 / 2 sum w^2  of the trainable decayed parts to the loss: their gradient
 * l1 sign(w) + l2 w (sign(0) = 0) is added to gradient[params->n], and their value is returned in *value (may be NULL).
 * So l2 is what PyTorch calls weight_decay; it is added there after clipping. l1, l2: >= 0, finite.
 * Returns EDGEL_OK or EDGEL_EINVAL. Values are summed in double precision; the same bits for any number of threads.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_penalty_add(double l1, double l2, const struct edgel_param_ranges *params, const float *weights,
                  float *gradient, double *value, struct edgel_pool *pool, struct edgel_error *err);

/* Limits each component of the trainable parts of gradient[params->n] to -limit..limit; NaN stays. limit: > 0, finite.
 * Returns EDGEL_OK or EDGEL_EINVAL. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_clip_value(double limit,
                                                             const struct edgel_param_ranges *params,
                                                             float *gradient, struct edgel_pool *pool,
                                                             struct edgel_error *err);

/*
 * Euclidean norm of the trainable parts of gradient[params->n] into *norm, summed in double precision; a norm over
 * limit scales the gradient by limit / (norm + 1e-6), as PyTorch. limit: > 0; INFINITY only measures.
 * A gradient with a value that is not finite has the norm inf or NaN and stays as it is: the caller looks at *norm.
 * Returns EDGEL_OK or EDGEL_EINVAL. The same bits for any number of threads.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_clip_norm(double limit,
                                                            const struct edgel_param_ranges *params,
                                                            float *gradient, double *norm,
                                                            struct edgel_pool *pool, struct edgel_error *err);

/* --- learning rate and its end --- */

enum edgel_schedule_kind {
    EDGEL_SCHEDULE_CONSTANT,
    EDGEL_SCHEDULE_STEP,
    EDGEL_SCHEDULE_COSINE,
    EDGEL_SCHEDULE_POLY
};
enum { EDGEL_SCHEDULES = EDGEL_SCHEDULE_POLY + 1 };

/*
 * The learning rate as a factor of the given one, at time t in epochs (a fraction within an epoch):
 *
 *   t < warmup   start + (1 - start) t / warmup; after it, with u = t - warmup and U = total - warmup, u at most U:
 *   constant     1
 *   step         gamma^floor(u / every)
 *   cosine       end + (1 - end) (1 + cos(pi u / U)) / 2
 *   poly         end + (1 - end) (1 - u / U)^power
 *
 * Constant and step do not depend on total, so that a longer run begins as a shorter one does.
 */
struct edgel_schedule {
    enum edgel_schedule_kind kind;
    double total;  /* planned epochs, > warmup; cosine, poly */
    double warmup; /* epochs, >= 0; default 0 */
    double start;  /* 0..1, 0 excluded; 0.01 */
    double every;  /* epochs, > 0; step; 30 */
    double gamma;  /* 0..1, 0 excluded; step; 0.1 */
    double power;  /* 0..10, 0 excluded; poly; 0.9 */
    double end;    /* 0..1; cosine, poly; 0 */
};
/* The kind with the defaults named above. */
EDGEL_API void edgel_schedule_init(struct edgel_schedule *s, enum edgel_schedule_kind kind, double total);

/* What is known of each kind, and which fields of struct edgel_schedule it uses besides those of the warm-up; name NULL
 * past the last. */
struct edgel_schedule_info {
    const char *name, *what; /* static strings */
    bool total;              /* total and end */
    bool every;              /* every and gamma */
    bool power;
};
EDGEL_API struct edgel_schedule_info edgel_schedule_at(int kind);

/* "constant", "step", "cosine", "poly"; a static string, NULL if there is no such kind. */
EDGEL_API const char *edgel_schedule_name(enum edgel_schedule_kind kind);
/* EDGEL_OK, or EDGEL_EINVAL with the list of names. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_schedule_find(const char *name, enum edgel_schedule_kind *out, struct edgel_error *err);
/* Whether the learning rate depends on the planned length. */
EDGEL_API bool edgel_schedule_uses_total(enum edgel_schedule_kind kind);

/* EDGEL_OK, or EDGEL_EINVAL when a setting that the kind uses is out of its range. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_schedule_check(const struct edgel_schedule *s,
                                                                 struct edgel_error *err);
/* lr times the factor at t >= 0 of a schedule that was checked. The same bits on every machine. */
EDGEL_API double edgel_schedule_lr(const struct edgel_schedule *s, double lr, double t);

/*
 * Early stopping on a watched value. Zero-initialise, then set the first three; what follows is the state, to be stored
 * with a checkpoint.
 */
struct edgel_early_stop {
    int64_t patience; /* epochs without a better value until the end; 0: never */
    double min_delta; /* >= 0: a value is better when it is so by more than this */
    bool minimise;    /* better is smaller (a loss), not larger (a score) */
    int64_t seen;     /* values so far */
    int64_t best_at;  /* which of them was the best, from 1; 0: none yet */
    double best;
};
/* Takes the value of the next epoch; true: stop now. NaN is never the best. */
EDGEL_API bool edgel_early_stop_update(struct edgel_early_stop *s, double value);

#ifdef __cplusplus
}
#endif

#endif
