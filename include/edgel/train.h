/* edgel/train.h: models as files, and the folder that a training keeps: its record, best model and checkpoint. */
#ifndef EDGEL_TRAIN_H
#define EDGEL_TRAIN_H

#include "edgel/base.h"
#include "edgel/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- model files --- */

/* Reads or writes the file of a model; texts of err begin with path. A file that is written is complete or not there.
 * EDGEL_EIO besides what edgel_model_decode() and edgel_model_encode() return. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_read(const char *path, struct edgel_model **out,
                                                             struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_write(const char *path, const struct edgel_model *model, struct edgel_error *err);
/* Writes the graph of edgel_model_onnx(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_write_onnx(const char *path,
                                                                   const struct edgel_model *model,
                                                                   const struct edgel_onnx_params *params,
                                                                   struct edgel_error *err);
/*
 * name is a model file, a preset (edgel_preset()), or a file with the text of an architecture; a preset stands before a
 * file of its name. A model made of an architecture has starting weights by outputs, init and seed of `fresh`, whose
 * text, size and name are not read.
 *
 * *trained  (may be NULL) it was a model file
 * Returns what edgel_model_read() and edgel_model_create() do; EDGEL_EFORMAT for a large file that is neither.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_open(const char *name,
                                                             const struct edgel_model_params *fresh,
                                                             struct edgel_model **out, bool *trained,
                                                             struct edgel_error *err);

/* --- the folder of a training --- */

/*
 * Files of the folder, each complete whenever somebody looks:
 *
 *   results.csv       one row for each epoch: the columns below, then a column for each term of the loss
 *   curves.svg        losses, scores and learning rate over the epochs
 *   confusion.csv     of the best epoch: rows truth, columns prediction, pixels
 *   best.safetensors  the best model (edgel_model_read())
 *   last.safetensors  the last weights with all that going on needs (edgel_train_record_resume())
 *   args.json         the caller's: see edgel_arguments_write()
 */
struct edgel_train_record;

/* Columns of results.csv. What does not exist is NaN, an empty field. */
enum edgel_train_column {
    EDGEL_COLUMN_EPOCH,
    EDGEL_COLUMN_STEPS,
    EDGEL_COLUMN_LR,
    EDGEL_COLUMN_LOSS,
    EDGEL_COLUMN_PENALTY,
    EDGEL_COLUMN_NORM,
    EDGEL_COLUMN_VAL_LOSS,
    EDGEL_COLUMN_VAL_ACCURACY,
    EDGEL_COLUMN_VAL_IOU,
    EDGEL_COLUMN_VAL_F1,
    EDGEL_COLUMN_MONITOR, /* the value that is watched */
    EDGEL_COLUMN_BEST,    /* 1: better than all before */
    EDGEL_COLUMN_SECONDS,
    EDGEL_COLUMN_VAL_SECONDS,
    EDGEL_COLUMN_SPEED, /* images per second */
    EDGEL_COLUMNS
};
/* "epoch", "steps", ...; NULL past the last. */
EDGEL_API const char *edgel_train_column_name(int column);

struct edgel_train_record_params {
    const char *folder;                  /* made if it is missing; links in it are replaced, not followed */
    const struct edgel_loss_term *terms; /* of the loss: columns of their own */
    int nterms;                          /* 1..EDGEL_TRAIN_TERMS_MAX */
    const struct edgel_model_class
        *classes; /* of labels, as many as edgel_epoch.classes; alive as long as it is */
    /* The caller's, after the record's own work for each; save is not called. */
    struct edgel_train_events events;
};
EDGEL_API void edgel_train_record_params_init(struct edgel_train_record_params *params);

/*
 * Opens the record of a training. epochs: how many a checkpoint has done; their rows are read, later ones (epochs whose
 * checkpoint was not written) are dropped. 0: a new record; nothing is read.
 *
 * *lost  (may be NULL) results.csv is not there: the record goes on after `epochs`
 * Returns EDGEL_OK; EDGEL_EINVAL: results.csv is damaged, with line and rule; EDGEL_EIO; EDGEL_ENOMEM. *out is
 * NULL then. Nothing is written, but the folder made.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_train_record_open(const struct edgel_train_record_params *params, int64_t epochs,
                        struct edgel_train_record **out, bool *lost, struct edgel_error *err);
EDGEL_API void edgel_train_record_close(struct edgel_train_record **record);

/* Writes results.csv and curves.svg as they are now. EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_train_record_write(const struct edgel_train_record *record,
                                                                     struct edgel_error *err);
/* Events for edgel_trainer_run() that keep the folder up to date and call the caller's. A file that cannot be written
 * stops the training; edgel_train_record_status() then says why, else EDGEL_OK. */
EDGEL_API struct edgel_train_events edgel_train_record_events(struct edgel_train_record *record);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_train_record_status(const struct edgel_train_record *record,
                                                                      struct edgel_error *err);
/* Rows so far; and a value of row k, NaN outside the table. */
EDGEL_API size_t edgel_train_record_rows(const struct edgel_train_record *record);
EDGEL_API double edgel_train_record_value(const struct edgel_train_record *record, size_t k,
                                          enum edgel_train_column column);

/* Goes on from last.safetensors of a folder, as edgel_trainer_resume(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_train_record_resume(const char *folder, struct edgel_trainer *trainer, struct edgel_error *err);
/* What became of best.safetensors in the folder of a training that goes on. */
enum edgel_train_best { EDGEL_TRAIN_BEST_INTACT, EDGEL_TRAIN_BEST_LOST, EDGEL_TRAIN_BEST_DAMAGED };
/* Writes best.safetensors anew out of a trainer that was resumed, if it is not there or not what the checkpoint says.
 * model: the trainer's. *found (may be NULL) tells what was there. EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_train_record_restore(const char *folder,
                                                                       const struct edgel_trainer *trainer,
                                                                       const struct edgel_model *model,
                                                                       enum edgel_train_best *found,
                                                                       struct edgel_error *err);
/* Epochs that results.csv of a folder tells of; 0 when there is none. */
EDGEL_API size_t edgel_train_record_epochs(const char *folder);
/* Removes the files of a training from a folder; what cannot be removed stays and is written over. EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_train_record_clear(const char *folder,
                                                                     struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
