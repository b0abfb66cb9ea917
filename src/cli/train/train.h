/* train.h: what the parts of `edgel train` share. */
#ifndef EDGEL_CLI_TRAIN_H
#define EDGEL_CLI_TRAIN_H

#include "cli/cli.h"
#include "edgel/eval.h"
#include "edgel/nn.h"
#include "edgel/train.h"

struct train_data;

/* --- train_options.c --- */

enum { TRAIN_LOSS_NUMBERS_MAX = 16 };
struct train_options {
    const char *output, *resume;
    int overwrite; /* 1: over a run that is there */
    /* truth */
    const char *truth, *valid, *val_images, *val_truth, *image_suffix, *truth_suffix;
    double val_split;
    int labels; /* enum edgel_labels */
    const char *classes, *ignore, *colors;
    bool boundaries;
    double soft_ignore;
    int64_t cache_mb;
    /* network */
    const char *arch, *init;
    struct cli_list freeze;
    int weights; /* enum edgel_init */
    int pretrain;
    int64_t pretrain_epochs;
    double dropout;
    /* loss */
    const char *loss, *class_weights;
    bool balance;
    double loss_numbers[TRAIN_LOSS_NUMBERS_MAX]; /* of edgel_loss_param_at() */
    /* steps */
    int optimizer, schedule; /* enum edgel_optimizer_kind, enum edgel_schedule_kind */
    double lr, momentum, weight_decay, warmup, schedule_epochs, every, gamma, power;
    double l1, l2, clip_norm, clip_value, ema;
    int64_t batch, crops, steps, epochs, seed;
    int crop_w, crop_h;
    const char *augment;
    /* end */
    int64_t patience;
    double min_delta, max_time;
    int monitor, recompute; /* enum edgel_monitor, enum edgel_recompute */
    int64_t worst;
    double checkpoint;
    struct cli_read_options read;
    struct cli_range_options range;
    struct cli_run_options run;
};
extern const struct cli_group train_groups[];
/* --- train_tables.c --- : what the tables of the library say */

/* Fills the rows and choices below, once. */
void train_make_rows(void);
extern struct cli_option train_number_rows[TRAIN_LOSS_NUMBERS_MAX + 1]; /* the numbers of losses */
extern const char *train_optimizers[EDGEL_OPTIMIZERS + 1], *train_schedules[EDGEL_SCHEDULES + 1],
    *train_monitors[EDGEL_MONITORS + 1];
/* Sentences for struct cli_option. */
void train_tell_losses(char *buf, size_t size);
void train_tell_weighted(char *buf, size_t size);
void train_tell_optimizers(char *buf, size_t size);
void train_tell_momentum(char *buf, size_t size);
void train_tell_schedules(char *buf, size_t size);
void train_tell_changes(char *buf, size_t size);

/* Appends "a, b and c" (`last` is "and"), the names for which has(i, number) says true. */
void train_list_names(char *buf, size_t size, const char *last, const char *(*name_at)(int i),
                      bool (*has)(int i, int number), int number);
bool train_loss_weighted(int kind, int unused); /* class weights and balance hold for it */
/* Option of the i-th number of losses: "smooth-beta". */
const char *train_loss_option(int i);
/* Whether a kind of optimizer or schedule uses an option, and the kinds that do, "a and b". */
enum { TRAIN_MOMENTUM, TRAIN_DECAY };
bool train_optimizer_has(int kind, int field);
void train_list_optimizers(char *buf, size_t size, int field);
enum { TRAIN_TOTAL, TRAIN_EVERY, TRAIN_POWER };
bool train_schedule_has(int kind, int field);
void train_list_schedules(char *buf, size_t size, int field);

/* --- train_plan.c --- */

/* What the options say of the steps; what they point to lives as long as they do. */
struct train_plan {
    struct edgel_loss_term terms[EDGEL_LOSS_KINDS];
    struct edgel_loss_params loss;
    struct edgel_augment augment;
    float *class_weights;
    const char **freeze; /* NULL at the end */
    struct edgel_train_params params;
};
/* Fills all but class weights, the covariance of colours and what depends on the data. EDGEL_EINVAL. */
enum edgel_status train_plan_make(struct train_plan *plan, const struct cli_args *args,
                                  struct edgel_error *err);
/* The class weights that --class-weights names, for `classes` classes seen `count` times each. */
enum edgel_status train_plan_weigh(struct train_plan *plan, const struct train_options *o,
                                   const int64_t *count, int classes, struct edgel_error *err);
void train_plan_finish(struct train_plan *plan);

/* --- train_usage.c --- */

/* 0 or CLI_EXIT_USAGE, told: options that are missing, exclude each other or have no use, a place for the run that is
 * none. */
int train_check_usage(const struct cli_args *args);
/* Tells what can be meant, and is more often not. */
void train_tell_doubts(const struct cli_args *args);

/* --- train_resume.c --- */

/* Goes on with the run of --resume: `run` gets the joined command line. Returns the exit code. */
int train_resume(const struct cli_args *args, int (*run)(const struct cli_args *all));

/* --- train_run.c --- : what is said while it trains */

struct train_progress {
    struct edgel_train_record *record; /* of the folder; NULL: not open yet */
    const struct train_options *o;
    bool live; /* a line that is drawn over */
    double drawn;
};
/* Opens the record of the run. It reports through p, which must outlive it. Warns when results.csv is lost. */
enum edgel_status train_progress_open(struct train_progress *p, const struct train_plan *plan,
                                      const struct train_options *o, const struct edgel_model_class *classes,
                                      int64_t epochs, struct edgel_error *err);
/* Lines on standard error about how it ended. */
void train_progress_summary(const struct train_progress *p, const struct train_plan *plan,
                            enum edgel_train_end end);
void train_progress_close(struct train_progress *p);
/* "FOLDER/name", to be freed. */
char *train_path(const char *folder, const char *name);

/* --- train_worst.c --- */

/* Removes the pictures of an earlier run or epoch. */
void train_worst_clear(const char *folder);
/* Pictures of the `count` images with the lowest IoU into folder/worst: validation images, or training images if there
 * are none. EDGEL_EINTERRUPTED when a stop was asked for. */
enum edgel_status train_worst(struct train_data *data, const struct edgel_model *model,
                              struct edgel_pool *pool, const char *folder, size_t count,
                              struct edgel_error *err);

/* --- train_data.c --- : images and truth as samples */

struct train_data_params {
    const char *images, *truth, *valid, *val_images, *val_truth;
    const char *image_suffix, *truth_suffix;
    double val_split;                      /* share of the images that are held out; 0 none */
    const char *classes, *ignore, *colors; /* as for eval; NULL */
    enum edgel_labels labels;
    bool boundaries;
    double soft_ignore;
    int channels; /* 1: gray, 3: colour */
    int64_t cache_mb;
    uint64_t seed;
    struct edgel_read read;
    struct edgel_range range; /* of the images */
    const struct cli_run_options *run;
};

struct train_data;
/* Pairs images and truth, decides labels and classes, and looks at every file: what is wrong with each is reported.
 * Returns 0 or the exit code. */
int train_data_open(struct train_data **out, const struct train_data_params *params);
void train_data_close(struct train_data **d);

size_t train_data_count(const struct train_data *d, bool validation);
/* Relative path of the image without extension. */
const char *train_data_key(const struct train_data *d, bool validation, size_t i);
enum edgel_labels train_data_labels(const struct train_data *d);
bool train_data_soft(const struct train_data *d); /* truth is a probability: several annotators */
struct edgel_range train_data_range(const struct train_data *d);
/* Index: the label of samples; binary: background, foreground. They live as long as the data. */
const struct edgel_model_class *train_data_classes(const struct train_data *d, int *n);
/* load of struct edgel_train_data; user is the struct train_data. */
enum edgel_status train_data_load(void *user, bool validation, size_t i, struct edgel_sample *out,
                                  struct edgel_error *err);

#endif
