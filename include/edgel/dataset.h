/* edgel/dataset.h: pairs of images and truth, read under one set of conventions. */
#ifndef EDGEL_DATASET_H
#define EDGEL_DATASET_H

#include "edgel/batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- lists of classes and colours --- */

/* text: a number N (ids 0..N-1, names "0".."N-1"), or a file with lines "ID NAME" or, when no line starts with a
 * number, one NAME per line from id 0 on; "#" starts a comment. EDGEL_EIO, EDGEL_EFORMAT (file, line, rule),
 * EDGEL_EINVAL (N is not 1 to EDGEL_CLASSES_MAX), EDGEL_ENOMEM; *out is then empty. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_classes_read(const char *text, struct edgel_classes *out,
                                                               struct edgel_error *err);
/* A file with lines "R G B ID [NAME]"; names are for readers of the file and not kept.
 * EDGEL_EIO, EDGEL_EFORMAT, EDGEL_ENOMEM; *out is then empty. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_colors_read(const char *path, struct edgel_colors *out,
                                                              struct edgel_error *err);

/* --- values of masks --- */

/* The values seen in masks, to decide labels once per run. Start zeroed; merging is the bitwise or of the fields. */
struct edgel_mask_values {
    bool above_one; /* some value above 1 in a file that is not 1-bit */
    bool one;       /* some value 1 in a file that is not 1-bit */
    /* Some value at the full range: 255 in any file, 65535, 1.0 in float files, 3 and 15 in 2- and 4-bit gray files. */
    bool full;
    bool other; /* some value that is neither 0, 1 nor the full range */
};
/* Adds one mask's values. Ignored ids are passed over. */
EDGEL_API void edgel_mask_values_add(struct edgel_mask_values *values, const struct edgel_mask *mask,
                                     const int32_t *ignore, size_t nignore);
/* auto: BINARY if and only if all truth values lie in {0,1} or all in {0, full range}, or the files are 1-bit. */
EDGEL_API enum edgel_labels edgel_mask_values_labels(const struct edgel_mask_values *truth);
/* True when predictions hold 0 and 1 instead of shares of the full range: some 1 and nothing above. */
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

/* Where the pairs of a set are, and the conventions under which their files are read; what it points to must outlive
 * the set. edgel_dataset_params_init() sets all of it. */
struct edgel_dataset_params {
    /* As in struct edgel_pairs_params. The images of a training, or the predictions to be judged. */
    const char *images, *truth, *valid, *pairs_file, *image_suffix, *truth_suffix;
    const struct edgel_pairs *pairs; /* in place of all these; NULL: none */
    /* AUTO: decided by edgel_dataset_survey(). IDS when classes or colours are given; else by the values of the
     * truth, ignored ones left out, as edgel_mask_values_labels() says. */
    enum edgel_labels labels;
    /* IDS: an id of the truth that is neither a class nor ignored is a fault. NULL: the ids that occur. */
    const struct edgel_classes *classes;
    const struct edgel_colors *colors; /* RGB masks to ids, edgel_mask_ids(); NULL none */
    const int32_t *ignore;             /* ids of pixels that do not count */
    size_t nignore;
    /* Which truth of several samples have. NONE: the mean of all, which makes the truth of the set soft. */
    enum edgel_annotator annotator;
    int annotator_index; /* from 1 on */
    /* Soft truth is of boundaries: a pixel that some, but a share below soft_ignore of the annotators marked does not
     * count, one that more marked is a boundary. */
    bool boundaries;
    double soft_ignore;
    /* edgel_dataset_masks(): MAT files may be predictions; regions are judged, so that truth has segmentations. */
    bool maps, regions;
    struct edgel_read read; /* decode is of no use: it follows from what a file is for */
    int channels;           /* of the planes of samples: 1 gray, 3 colour */
    size_t cache_bytes;     /* of decoded samples that are kept, in the order they are first asked for */
};
/* No paths, labels AUTO, no lists, the mean of annotators, soft_ignore 0.3, edgel_read_init(), 3 channels, no cache. */
EDGEL_API void edgel_dataset_params_init(struct edgel_dataset_params *p);

/*
 * Images with their truth, in byte order of their keys; and beside them those of a validation, which stand under the
 * same conventions. After open, add and hold_out nothing of it changes but by survey: then any number of threads may
 * read at a time.
 */
struct edgel_dataset;
/* Returns EDGEL_OK, also without any pair; as edgel_pairs_collect(); EDGEL_EINVAL: no such number of channels, ids out
 * of range. The caller destroys *out, NULL after a failure. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_dataset_open(const struct edgel_dataset_params *p, struct edgel_dataset **out, struct edgel_error *err);
/* Sets *d to NULL; NULL is fine. */
EDGEL_API void edgel_dataset_destroy(struct edgel_dataset **d);
/* Images and truth for validation, from a place of their own. As edgel_dataset_open(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_add_validation(struct edgel_dataset *d,
                                                                         const char *images,
                                                                         const char *truth,
                                                                         struct edgel_error *err);
/* Makes the share of the images (of n: floor(share n + 1/2)) whose keys have the lowest hashes under the seed the
 * validation: the choice hangs on keys, share and seed alone. EDGEL_EINVAL: either side would be empty, or there is a
 * validation; EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_hold_out(struct edgel_dataset *d, double share,
                                                                   uint64_t seed, struct edgel_error *err);

/* All that was paired, also images without truth and truth without image. NULL: there is no validation. */
EDGEL_API const struct edgel_pairs *edgel_dataset_pairs(const struct edgel_dataset *d, bool validation);
/* The images with truth, and the i-th of them. */
EDGEL_API size_t edgel_dataset_count(const struct edgel_dataset *d, bool validation);
EDGEL_API const struct edgel_pair *edgel_dataset_pair(const struct edgel_dataset *d, bool validation,
                                                      size_t i);
/* How many images (truth: files of the truth) have a name that ends in the suffix, the extension aside, and how many
 * there are (files, may be NULL). A suffix that none has is a mistake. */
EDGEL_API size_t edgel_pairs_suffix(const struct edgel_pairs *pairs, const char *suffix, bool truth,
                                    size_t *files);

/* --- a look at all files --- */

/* How a look over all files runs, and where it tells what it sees. Calls come from one thread at a time, in the order
 * of the pairs; those that are NULL are left out. */
struct edgel_dataset_run {
    int threads; /* 1 or more */
    void *user;
    void (*begin)(void *user, const char *what, size_t n); /* "masks", "images": n steps are to come */
    void (*step)(void *user, bool failed);
    void (*end)(void *user);
    void (*remark)(void *user, const char *text); /* what a decoder said of a file that it took */
    void (*fault)(void *user, const char *text);  /* why a pair cannot be used; the text names the file */
    bool (*stop)(void *user);
};

/* What the files of a set hold. */
struct edgel_dataset_seen {
    struct edgel_mask_values values;
    bool several;                     /* annotators of an image */
    bool mat;                         /* truth in MAT files */
    bool colors;                      /* masks of several channels */
    bool lossy;                       /* JPEG files as masks */
    bool counted, counted_validation; /* edgel_dataset_check(): some pixel counts */
    size_t failed;                    /* pairs that cannot be used */
};

/*
 * Looks at all masks and decides labels, classes and whether truth is soft. Where masks fail images are looked at as
 * well, so that all faults are told.
 *
 * seen  what there is, also after a failure
 * Returns EDGEL_OK; EDGEL_EFORMAT: seen->failed pairs cannot be used (each was told), fewer than two classes, MAT
 * files, several annotators or boundaries with other labels than BINARY; EDGEL_EINTERRUPTED; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_survey(struct edgel_dataset *d,
                                                                 const struct edgel_dataset_run *run,
                                                                 struct edgel_dataset_seen *seen,
                                                                 struct edgel_error *err);
/* Loads each sample once, as edgel_dataset_load() does, and tells of those that cannot be used. Returns as survey. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_check(struct edgel_dataset *d,
                                                                const struct edgel_dataset_run *run,
                                                                struct edgel_dataset_seen *seen,
                                                                struct edgel_error *err);
/*
 * Looks at the values of masks alone, and at no more files than it takes to know: of the truth, or of the images
 * (which are predictions) that have truth. Files that cannot be read are passed over.
 *
 * read_any  whether there was a file that could be read; may be NULL
 * Returns EDGEL_OK, EDGEL_EINTERRUPTED, EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_values(const struct edgel_dataset *d, bool truth,
                                                                 const struct edgel_dataset_run *run,
                                                                 struct edgel_mask_values *values,
                                                                 bool *read_any, struct edgel_error *err);

/* As given, or as survey decided. */
EDGEL_API enum edgel_labels edgel_dataset_labels(const struct edgel_dataset *d);
/* Decides what was AUTO, or is to be read otherwise; classes are those of survey. */
EDGEL_API void edgel_dataset_set_labels(struct edgel_dataset *d, enum edgel_labels labels);
/* Survey: truth is a share of the annotators. */
EDGEL_API bool edgel_dataset_soft(const struct edgel_dataset *d);
/* Survey: the classes, rising id; the label of samples is their index. BINARY: 0 background, 1 foreground. */
EDGEL_API const struct edgel_classes *edgel_dataset_classes(const struct edgel_dataset *d);

/* --- samples --- */

/* An image with its truth; rows without gaps. The three blocks are such as edgel_sample_finish() frees, so that they
 * may be handed over to a struct edgel_sample (edgel/nn_sample.h). */
struct edgel_dataset_sample {
    int w, h, channels;
    float *image;    /* [channels][h][w], edgel_image_planes() */
    uint16_t *label; /* [h][w], index of the class or EDGEL_LABEL_IGNORE; NULL: soft */
    float *soft;     /* [h][w], share of the foreground 0..1, negative: does not count; NULL: label */
};
/*
 * Loads an image with truth, from the cache if it is kept there. survey must have been called.
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
EDGEL_API void edgel_dataset_sample_finish(struct edgel_dataset_sample *s);

/* --- masks as they are judged --- */

/* The masks of a pair. Zero-initialise; one a thread, whose memory is used again from pair to pair. */
struct edgel_dataset_masks {
    /* The prediction in one of three forms, or none: */
    bool predicted;
    struct edgel_mask map;            /* data NULL: one of the others */
    struct edgel_mask *segmentations; /* [nsegmentations] labels */
    size_t nsegmentations;
    const double *ucm2; /* [ucm2_h * ucm2_w] */
    int ucm2_w, ucm2_h;
    struct edgel_mask *truth;         /* [ntruth] annotators */
    struct edgel_mask *truth_regions; /* [ntruth] their segmentations; of an image the mask itself */
    size_t ntruth;
    struct edgel_mask valid; /* data NULL: none */
    char remark[1000];       /* what a decoder said first, or "" */
    struct edgel_dataset_memory *memory;
};
/*
 * Reads the files of a pair, of this set or made by the caller: prediction, truth of all annotators, validity mask;
 * RGB masks made ids where the set has colours (palette files then, with values as they are). Of MAT files with
 * groundTruth the boundaries, where labels are IDS or regions are judged the segmentations.
 * Returns EDGEL_OK; as the files are read; EDGEL_EFORMAT: a MAT file of another kind, annotators whose sizes differ;
 * EDGEL_ENOMEM. The text names the file; m is to be finished after a failure as well.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_dataset_masks_read(const struct edgel_dataset *d,
                                                                     const struct edgel_pair *pair,
                                                                     struct edgel_dataset_masks *m,
                                                                     struct edgel_error *err);
EDGEL_API void edgel_dataset_masks_finish(struct edgel_dataset_masks *m);

#ifdef __cplusplus
}
#endif

#endif
