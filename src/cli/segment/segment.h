/* segment.h: the parts of `edgel segment`: one image, the command. */
#ifndef EDGEL_CLI_SEGMENT_H
#define EDGEL_CLI_SEGMENT_H

#include "cli/cli.h"
#include "cli/run/folder.h"
#include "edgel/nn.h"

enum segment_emit { EMIT_MASK, EMIT_PROBABILITY, EMIT_OVERLAY, EMIT_INSTANCES, EMIT_OBJECTS };

/* What is the same for all images of a run. */
struct segment_job {
    const struct edgel_model *model;
    struct edgel_model_info info;
    enum segment_emit emit;
    double threshold;    /* one output: foreground from this probability on */
    int depth;           /* of probabilities: 8, 16, 32; 0: 8, or what the format holds */
    const int *planes;   /* probability: the output whose probabilities each file holds */
    size_t noutputs;     /* files of an image */
    uint64_t model_hash; /* of the model file */
    const struct cli_read_options *read;
    const struct folder_options *folder;
    struct edgel_range asked; /* --range, else the model's */
    struct folder_range range;
    size_t memory_bytes; /* for running the network, all threads together */
    int threads, inner;  /* at work on images, and each of them within one */
    struct edgel_palette palette;
    struct segment_worker *workers; /* [threads] */
};

/* What one thread reuses from image to image. */
struct segment_worker {
    struct edgel_bytes bytes;
    struct edgel_image image, pixels;
    struct edgel_pool *pool;
    struct edgel_predictor *predictor;
    struct edgel_image labels, numbers; /* U16 ids of classes, I32 numbers of components */
    struct edgel_image *planes;         /* [noutputs] probabilities */
};

enum edgel_status segment_begin(void *job, int threads, int inner, struct edgel_error *err);
void segment_end(void *job, int threads);
enum edgel_status segment_image(void *job, int thread, struct edgel_folder_image *image,
                                struct edgel_error *err);
/* Depth and format of an output by its name; whether the two go together. */
enum edgel_status segment_fit(const struct segment_job *job, const char *path, int *depth,
                              struct edgel_write *write, struct edgel_error *err);
/* Masks of models with one output are 1-bit. */
bool segment_is_binary(const struct segment_job *job);

#endif
