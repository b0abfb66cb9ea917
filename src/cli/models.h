/* models.h: model files and architectures, for the commands that take them. */
#ifndef EDGEL_CLI_MODELS_H
#define EDGEL_CLI_MODELS_H

#include "cli.h"
#include "edgel/nn.h"

/* Reads a model file. Texts of err begin with path. */
enum edgel_status cli_model_read(const char *path, struct edgel_model **out, struct edgel_error *err);

/* A model file, a preset or a file with the text of an architecture; the latter two get `outputs`, init and seed.
 * *trained: it was a model file. */
struct cli_start {
    int outputs;
    enum edgel_init init;
    uint64_t seed;
};
enum edgel_status cli_model_find(const char *name, const struct cli_start *start, struct edgel_model **out,
                                 bool *trained, struct edgel_error *err);

/* Writes bytes under path, complete or not at all. */
enum edgel_status cli_write_file(const char *path, const void *bytes, size_t size, struct edgel_error *err);
/* Writes a model file. */
enum edgel_status cli_model_write(const char *path, const struct edgel_model *model, struct edgel_error *err);

#endif
