/* dataset_priv.h: what the files of src/dataset share. */
#ifndef EDGEL_DATASET_PRIV_H
#define EDGEL_DATASET_PRIV_H

#include "core/core_priv.h"
#include "edgel/dataset.h"
#include <pthread.h>

/* A decoded image with its truth: label or soft. */
struct edgel_kept {
    struct edgel_image image;
    uint16_t *label;
    float *soft;
};
void edgel_kept_finish(struct edgel_kept *k);

/* Images with truth. */
struct edgel_dataset_part {
    const struct edgel_pairs *pairs;
    struct edgel_pairs *owned; /* the same, where it is to be destroyed */
    size_t *index;             /* [n] of the pairs */
    struct edgel_kept *kept;   /* [n]; image.data NULL: not kept */
    size_t n;
};

struct edgel_dataset {
    struct edgel_dataset_params p;
    struct edgel_dataset_part parts[2]; /* training, validation */
    struct edgel_classes classes;       /* what labels count */
    enum edgel_labels labels;
    bool soft, surveyed;
    uint16_t class_of[EDGEL_IDS]; /* EDGEL_LABEL_IGNORE: does not count */
    bool known[EDGEL_IDS], ignored[EDGEL_IDS];
    pthread_mutex_t lock; /* of kept and left_bytes */
    size_t left_bytes;    /* that may still be kept */
};

/* --- mask_file.c --- */

/* What a file of masks holds: an image, or (MAT) one of each annotator. Zero-initialise; memory is used again. */
struct edgel_mask_file {
    struct edgel_image image;
    struct edgel_info info;
    struct edgel_mat mat;
    bool is_mat;
};
/* What a file is for: masks of valid pixels are images, truth and predictions also MAT files of their kinds. */
enum edgel_mask_role { EDGEL_MASK_VALID, EDGEL_MASK_TRUTH, EDGEL_MASK_PREDICTION };
/* True where the file, which is no mask of valid pixels, is read as a MAT file. */
bool edgel_mask_file_is_mat(const char *path, const struct edgel_bytes *bytes);
/* Whether a MAT file is of a kind for the role, by its first bytes: nothing is unpacked. */
EDGEL_NODISCARD enum edgel_status edgel_mask_file_check(const struct edgel_read *read, const char *path,
                                                        const struct edgel_bytes *bytes,
                                                        enum edgel_mask_role role, struct edgel_error *err);
/* w, h: of the image, compared with the maps of a MAT file before they are unpacked; 0: not known. */
EDGEL_NODISCARD enum edgel_status edgel_mask_file_decode(const struct edgel_read *read, const char *path,
                                                         const struct edgel_bytes *bytes,
                                                         enum edgel_mask_role role, int w, int h,
                                                         struct edgel_mask_file *f, struct edgel_error *err);
/* The same of a file that is read. bytes: memory for it. */
EDGEL_NODISCARD enum edgel_status edgel_mask_file_read(const struct edgel_read *read, const char *path,
                                                       enum edgel_mask_role role, int w, int h,
                                                       struct edgel_bytes *bytes, struct edgel_mask_file *f,
                                                       struct edgel_error *err);
/* Under binary labels a truth in a JPEG file is cut at half of its range: what was drawn as 0 comes back as 1 to 3. */
void edgel_mask_file_cut(const struct edgel_dataset *d, struct edgel_mask_file *f);
void edgel_mask_file_finish(struct edgel_mask_file *f);
/* The image of a file. */
struct edgel_mask edgel_mask_of_file(const struct edgel_mask_file *f);
/* The decoder's remark or, of a damaged file that was read leniently, what was wrong; NULL: neither. *how is a text to
 * put before it. */
const char *edgel_info_said(const struct edgel_info *info, const char **how);

/* --- color_sets.c --- */

/* The lines of the list that is known by the name; NULL: none is. */
const char *edgel_color_set(const char *name);

/* --- mask_look.c --- */

/* Zero-initialise. */
struct edgel_look {
    struct edgel_ids_seen seen;
    uint64_t ids[EDGEL_IDS / 64];
    size_t masks; /* with ids */
    bool differ;  /* in the highest */
};
/* Adds a mask by a bit for each id that it holds. ignored: by id; NULL none. */
void edgel_look_add(struct edgel_look *l, const uint64_t *ids, const bool *ignored);

/* --- sample_truth.c --- */

/* Reads the truth of a pair into k->label or k->soft; it must have the size of k->image. */
EDGEL_NODISCARD enum edgel_status edgel_truth_read(const struct edgel_dataset *d, const struct edgel_pair *p,
                                                   struct edgel_kept *k, struct edgel_error *err);
/* The number of masks in a file of truth, and the k-th: the image, or the boundaries by an annotator of a MAT file. */
size_t edgel_truth_count(const struct edgel_mask_file *f);
struct edgel_mask edgel_truth_at(const struct edgel_mask_file *f, size_t k);
/* w, h: the size that the masks must have; 0: any. The caller finishes f, also after a failure. */
EDGEL_NODISCARD enum edgel_status edgel_truth_file_read(const struct edgel_dataset *d, const char *path,
                                                        int w, int h, struct edgel_mask_file *f,
                                                        struct edgel_error *err);

/* --- sample_load.c --- */

/* edgel_dataset_load(); info gets what the decoder says of the image, unless that came from the cache. */
EDGEL_NODISCARD enum edgel_status edgel_sample_load(struct edgel_dataset *d, bool validation, size_t i,
                                                    struct edgel_dataset_sample *out, struct edgel_info *info,
                                                    struct edgel_error *err);

/* --- dataset.c --- */

/* Decodes the file as `decode` says. */
EDGEL_NODISCARD enum edgel_status edgel_dataset_image(const struct edgel_dataset *d, const char *path,
                                                      enum edgel_decode decode, struct edgel_image *image,
                                                      struct edgel_info *info, struct edgel_error *err);

/* --- classes_decide.c --- */

/* Decides labels, classes and soft by what was seen; ids has a bit for each id that occurs. */
EDGEL_NODISCARD enum edgel_status edgel_dataset_decide(struct edgel_dataset *d,
                                                       const struct edgel_dataset_seen *seen,
                                                       const uint64_t *ids, struct edgel_error *err);

#endif
