/* train_files.h: files of a training, whole or not there. */
#ifndef EDGEL_TRAIN_FILES_H
#define EDGEL_TRAIN_FILES_H

#include "core/core_priv.h"
#include "edgel/image.h"
#include "edgel/train.h"

/* Writes bytes under path. */
EDGEL_NODISCARD enum edgel_status train_file_write(const char *path, const void *bytes, size_t size,
                                                   struct edgel_error *err);
/* Writes bytes as a file of that name in the folder. */
EDGEL_NODISCARD enum edgel_status train_folder_write(struct edgel_output_folder *folder, const char *name,
                                                     const void *bytes, size_t size, struct edgel_error *err);
/* "FOLDER/name", to be freed with edgel_free(); NULL: out of memory. */
EDGEL_NODISCARD char *train_path(const char *folder, const char *name);

#endif
