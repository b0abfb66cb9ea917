/* edgel/dataset.h: pairs of images and truth, read under one set of conventions. */
#ifndef EDGEL_DATASET_H
#define EDGEL_DATASET_H

#include "edgel/batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- lists of classes and colours --- */

/* text: a number N (ids 0..N-1, names "0".."N-1"), the name of a built-in list (edgel_color_set_name()), or a file with
 * lines "ID NAME" or, when no line starts with a number, one NAME per line from id 0 on; "#" starts a comment.
 * EDGEL_EIO, EDGEL_EFORMAT (file, line, rule), EDGEL_EINVAL (N is not 1 to EDGEL_CLASSES_MAX), EDGEL_ENOMEM; *out is
 * then empty. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_classes_read(const char *text, struct edgel_classes *out,
                                                               struct edgel_error *err);
/* The name of a built-in list, or a file with lines "R G B ID [NAME]"; names are for readers of the file and not kept.
 * EDGEL_EIO, EDGEL_EFORMAT, EDGEL_ENOMEM; *out is then empty. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_colors_read(const char *path, struct edgel_colors *out,
                                                              struct edgel_error *err);
/* The built-in lists of colours and classes, 0 <= i: "voc" (PASCAL VOC: 21 classes; 224 224 192 is id 255, no class),
 * "cityscapes" (the ids of its label files; of labels of one colour the first). NULL after the last. */
EDGEL_API const char *edgel_color_set_name(int i);

/* --- values of masks --- */

/* The values seen in masks, to decide labels once per run. Start zeroed; merging is the bitwise or of the fields. */
struct edgel_mask_values {
    bool above_one; /* some value above 1 in a file that is not 1-bit */
    bool one;       /* some value 1 in a file that is not 1-bit */
    /* Some value at the full range: 255 in any file, 65535, 1.0 in float files, 3 and 15 in 2- and 4-bit gray files. */
    bool full;
    bool other; /* some value that is neither 0, 1 nor the full range */
};
/* Adds the values of one mask that are not ignored. */
EDGEL_API void edgel_mask_values_add(struct edgel_mask_values *values, const struct edgel_mask *mask,
                                     const int32_t *ignore, size_t nignore);
/* BINARY if and only if all values lie in {0, 1}, or all in {0, full range}, or all files are 1-bit; else IDS. */
EDGEL_API enum edgel_labels edgel_mask_values_labels(const struct edgel_mask_values *truth);
/* True when predictions hold 0 and 1 in place of 0 and the full range: a 1 occurs and nothing above it. */
EDGEL_API bool edgel_mask_values_zero_one(const struct edgel_mask_values *prediction);

/*
 * The id of each pixel of a mask, ids[h][w] without gaps. Gray and palette masks: the raw value. Colour masks: the id
 * of the colour in the list (8 bits, colors not NULL), else the value of three equal channels.
 * Returns EDGEL_OK; EDGEL_EFORMAT: float samples, a colour that is not in the list, channels that differ without one;
 * EDGEL_EINVAL: samples that no mask has.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_mask_ids(const struct edgel_mask *mask,
                                                           const struct edgel_colors *colors, uint16_t *ids,
                                                           struct edgel_error *err);

/* --- a data set --- */

/* Where the pairs of a set are, and the conventions by which their files are read. Call edgel_dataset_params_init()
 * first, then set fields. What the fields point to must outlive the set. */
struct edgel_dataset_params {
    /* As in struct edgel_pairs_params. The images of a training, or the predictions to be judged. */
    const char *images, *truth, *valid, *pairs_file, *image_suffix, *truth_suffix;
    const struct edgel_pairs *pairs; /* pairs made before, in place of these six; NULL: none */
    /* AUTO: edgel_dataset_survey() decides. It takes IDS when classes or colours are given. Otherwise it applies
     * edgel_mask_values_labels() to the values of the truth that are not ignored. */
    enum edgel_labels labels;
    /* Labels IDS: the classes; a mask with an id that is neither a class nor ignored is refused. NULL: the ids that
     * occur are the classes. */
    const struct edgel_classes *classes;
    const struct edgel_colors *colors; /* RGB masks to ids, edgel_mask_ids(); NULL none */
    const int32_t *ignore;             /* ids of pixels that do not count */
    size_t nignore;
    /* The truth of a sample that several annotators drew. NONE: their mean, which makes the truth of the set soft. */
    enum edgel_annotator annotator;
    int annotator_index; /* from 1 on */
    /* true: soft truth is made 0 or 1. mean 0: no boundary; 0 < mean < soft_ignore: the pixel does not count; mean >=
     * soft_ignore: boundary. */
    bool boundaries;
    double soft_ignore;
    /* For edgel_dataset_masks_read(). maps: predictions may be MAT files. regions: truth_regions is wanted. */
    bool maps, regions;
    struct edgel_read read; /* the set chooses decode for each file itself */
    int channels;           /* of a sample's image: 1 gray, 3 colour */
    size_t cache_bytes;     /* memory for decoded samples; those loaded first are kept */
};
/* Sets every field: no paths, labels AUTO, no lists, the mean of annotators, soft_ignore 0.3, edgel_read_init(), 3
 * channels, no cache. */
EDGEL_API void edgel_dataset_params_init(struct edgel_dataset_params *p);

/*
 * Images with their truth, in byte order of their keys. A set has one or two parts: training, and validation under the
 * same conventions. Threads: open, add_validation, hold_out, decide_range, survey and set_labels change the set, and no
 * other call may run beside them. Any number of threads may make the other calls at the same time.
 */
struct edgel_dataset;
/* Pairs the files; reads none of them. The caller destroys *out, which is NULL after a failure.
 * Returns EDGEL_OK, also when there is no pair; the failures of edgel_pairs_collect(); EDGEL_EINVAL: channels that are
 * neither 1 nor 3, ids out of range. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_dataset_open(const struct edgel_dataset_params *p, struct edgel_dataset **out, struct edgel_error *err);
/* Frees the set and sets *d to NULL; *d may be NULL. */
EDGEL_API void edgel_dataset_destroy(struct edgel_dataset **d);
/* Adds a validation part from other folders. Returns as edgel_dataset_open(), and EDGEL_EINVAL when there is one. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_add_validation(struct edgel_dataset *d,
                                                                         const char *images,
                                                                         const char *truth,
                                                                         struct edgel_error *err);
/* Moves a share of the training images to validation: floor(share n + 1/2) of n, those whose keys have the lowest
 * hashes under the seed. The choice depends on keys, share and seed only. EDGEL_EINVAL: a part would be empty, or there
 * is a validation already; EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_hold_out(struct edgel_dataset *d, double share,
                                                                   uint64_t seed, struct edgel_error *err);

/* All pairs, also images without truth and truth without image. NULL: there is no validation. */
EDGEL_API const struct edgel_pairs *edgel_dataset_pairs(const struct edgel_dataset *d, bool validation);
/* The number of images that have truth, and the i-th of them, i < count. */
EDGEL_API size_t edgel_dataset_count(const struct edgel_dataset *d, bool validation);
EDGEL_API const struct edgel_pair *edgel_dataset_pair(const struct edgel_dataset *d, bool validation,
                                                      size_t i);
/* Counts the images (truth: the files of the truth) whose names without extension end in the suffix; *files gets the
 * number of all of them, and may be NULL. A suffix that no file has is most likely a mistake. */
EDGEL_API size_t edgel_pairs_suffix(const struct edgel_pairs *pairs, const char *suffix, bool truth,
                                    size_t *files);

/* --- what ids look like --- */

/* More ids than this are classes only where --classes or a list says so. */
enum { EDGEL_LOOK_IDS = 64 };
/* The ids of masks, but 0 and those that are ignored. */
struct edgel_ids_seen {
    size_t files; /* that were looked at */
    size_t ids;   /* different ones */
    int highest;  /* id */
    int largest;  /* value that a mask of these files can hold: 255, 65535, ... */
    bool gaps;    /* in some mask they do not run from 1 to the highest */
    bool
        numbered; /* they run from 1 without a gap in every mask, up to another number: objects of an image */
    bool lossy;   /* JPEG files */
};
/* Looks at the first masks of the truth, or at the first predictions, that can be read, of pairs that have both: at
 * most `files`, and no further one after 2^26 pixels. Masks of MAT files and of float samples, and masks with colours
 * that are not in the list, are passed over. EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_look(const struct edgel_dataset *d, bool truth,
                                                               size_t files, struct edgel_ids_seen *out,
                                                               struct edgel_error *err);

/* --- a look at all files --- */

/* How the files are looked through, and the calls by which progress and faults are reported. The calls come one at a
 * time, in the order of the pairs, but for stop, which any thread may ask. A NULL is not called. */
struct edgel_dataset_run {
    int threads; /* 0: one for each core */
    void *user;
    void (*begin)(void *user, const char *what,
                  size_t n); /* n steps follow; what: "masks", "images", "survey" */
    void (*step)(void *user, bool failed);
    void (*end)(void *user);
    void (*remark)(void *user, const char *text); /* a decoder's remark about a file that can be used */
    void (*fault)(void *user, const char *text);  /* why a pair cannot be used; the text names the file */
    bool (*stop)(void *user);                     /* true: stop, the call returns EDGEL_EINTERRUPTED */
};

/* One thread for each core, nothing called. */
EDGEL_API void edgel_dataset_run_init(struct edgel_dataset_run *run);

/* What the files of a set hold. */
struct edgel_dataset_seen {
    struct edgel_mask_values values;
    bool several;                     /* annotators of an image */
    bool mat;                         /* truth in MAT files */
    bool colors;                      /* masks of several channels */
    bool lossy;                       /* JPEG files as masks */
    bool counted, counted_validation; /* edgel_dataset_check(): some pixel counts */
    size_t failed;                    /* pairs that cannot be used */
    struct edgel_ids_seen ids;        /* edgel_dataset_survey(): of all masks */
};

/*
 * Reads all masks and decides labels, classes and whether truth is soft. If a mask cannot be used, it reads the images
 * as well, so that one call reports all faults.
 *
 * seen  what was found; set after a failure too
 * Returns EDGEL_OK; EDGEL_EFORMAT: seen->failed pairs cannot be used (run->fault got each), fewer than two classes, or
 * labels IDS with MAT files, several annotators or boundaries; labels IDS without classes and colours, and ids that do
 * not look like classes (seen->ids: more than EDGEL_LOOK_IDS, numbered, lossy); EDGEL_EINVAL: threads;
 * EDGEL_EINTERRUPTED; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_survey(struct edgel_dataset *d,
                                                                 const struct edgel_dataset_run *run,
                                                                 struct edgel_dataset_seen *seen,
                                                                 struct edgel_error *err);
/* Loads each sample once with edgel_dataset_load() and reports those that cannot be used. Returns as survey;
 * EDGEL_EINVAL also before survey. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_check(struct edgel_dataset *d,
                                                                const struct edgel_dataset_run *run,
                                                                struct edgel_dataset_seen *seen,
                                                                struct edgel_error *err);
/*
 * Collects the values of masks, and stops as soon as no further file can change the answer: whether labels are BINARY
 * (truth), or whether predictions hold 0 and 1 (not truth: the images of pairs with truth). Skips files that cannot be
 * read.
 *
 * read_any  true when at least one file could be read; may be NULL
 * Returns EDGEL_OK, EDGEL_EINVAL (threads), EDGEL_EINTERRUPTED, EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_values(const struct edgel_dataset *d, bool truth,
                                                                 const struct edgel_dataset_run *run,
                                                                 struct edgel_mask_values *values,
                                                                 bool *read_any, struct edgel_error *err);

/*
 * Decides params.read.range where it is automatic: edgel_range_decide() of the images of both parts. To be called when
 * they are all there, and before the first is read, which fails otherwise. Of run it asks threads and stop.
 *
 * found  what the images hold; may be NULL; zeroed where the range was given
 * Returns EDGEL_OK, EDGEL_EINVAL (threads), EDGEL_EINTERRUPTED, EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_decide_range(struct edgel_dataset *d,
                                                                       const struct edgel_dataset_run *run,
                                                                       struct edgel_range_found *found,
                                                                       struct edgel_error *err);
/* The range given to open, or decided since. */
EDGEL_API struct edgel_range edgel_dataset_range(const struct edgel_dataset *d);

/* The labels given to open, or set since by survey or set_labels. */
EDGEL_API enum edgel_labels edgel_dataset_labels(const struct edgel_dataset *d);
/* Sets the labels without a survey, for edgel_dataset_masks_read(). */
EDGEL_API void edgel_dataset_set_labels(struct edgel_dataset *d, enum edgel_labels labels);
/* After survey: truth is the mean of several annotators. */
EDGEL_API bool edgel_dataset_soft(const struct edgel_dataset *d);
/* After survey: the classes, rising id; labels of samples are indices of it. BINARY: 0 background, 1 foreground. */
EDGEL_API const struct edgel_classes *edgel_dataset_classes(const struct edgel_dataset *d);

/* --- samples --- */

/* An image with its truth; rows without gaps. The three arrays may be moved to a struct edgel_sample
 * (edgel/nn_sample.h), whose edgel_sample_finish() then frees them. */
struct edgel_dataset_sample {
    int w, h, channels;
    float *image;    /* [channels][h][w], edgel_image_planes() */
    uint16_t *label; /* [h][w], index of the class or EDGEL_LABEL_IGNORE; NULL: soft */
    float *soft;     /* [h][w], share of the foreground 0..1, negative: does not count; NULL: label */
};
/*
 * Loads an image with its truth, from the cache where possible. Call survey first.
 *
 * out  finished by the caller with edgel_dataset_sample_finish(); zeroed after a failure
 * Returns EDGEL_OK; EDGEL_EIO, EDGEL_EFORMAT, EDGEL_EUNSUPPORTED, EDGEL_ELIMIT as the files are read; EDGEL_EFORMAT:
 * sizes differ, ids that are no class, an annotator that the image does not have, no mask of valid pixels;
 * EDGEL_EINVAL: no such image, no survey; EDGEL_ENOMEM. The text names the file. The same values for any number of
 * threads.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_load(struct edgel_dataset *d, bool validation,
                                                               size_t i, struct edgel_dataset_sample *out,
                                                               struct edgel_error *err);
/* Frees the blocks of s and zeroes it; a zeroed s is fine. */
EDGEL_API void edgel_dataset_sample_finish(struct edgel_dataset_sample *s);

/* --- masks as they are judged --- */

/* The masks of a pair. Zero-initialise; one for each thread. Reading the next pair uses its memory again. */
struct edgel_dataset_masks {
    bool predicted;                   /* false: no prediction. The prediction has one of three forms: */
    struct edgel_mask map;            /* data NULL: it has another form */
    struct edgel_mask *segmentations; /* [nsegmentations] labels */
    size_t nsegmentations;
    const double *ucm2; /* [ucm2_h * ucm2_w] */
    int ucm2_w, ucm2_h;
    struct edgel_mask *truth;         /* [ntruth] annotators */
    struct edgel_mask *truth_regions; /* [ntruth] their segmentations; of an image the mask itself */
    size_t ntruth;
    struct edgel_mask valid; /* data NULL: none */
    char remark[1000];       /* the first remark of a decoder, or "" */
    struct edgel_dataset_memory *memory;
};
/*
 * Reads the files of a pair: prediction, truth of all annotators, validity mask. The pair is one of the set, or made by
 * the caller. Where the set has colours, RGB masks of 8 bits become masks of ids (U16, indexed). A MAT file with
 * groundTruth gives its boundaries as truth, or its segmentations with labels IDS; with p->regions, truth_regions gets
 * the segmentations.
 * Returns EDGEL_OK; the failures of reading files; EDGEL_EFORMAT: a MAT file of another kind, annotators whose sizes
 * differ; EDGEL_ENOMEM. The text names the file. The caller finishes m, also after a failure.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_masks_read(const struct edgel_dataset *d,
                                                                     const struct edgel_pair *pair,
                                                                     struct edgel_dataset_masks *m,
                                                                     struct edgel_error *err);
/* Frees what m holds and zeroes it; a zeroed m is fine. */
EDGEL_API void edgel_dataset_masks_finish(struct edgel_dataset_masks *m);

#ifdef __cplusplus
}
#endif

#endif
