/* train_data.h: what the parts of the data of `edgel train` share. */
#ifndef EDGEL_TRAIN_DATA_H
#define EDGEL_TRAIN_DATA_H

#include "edgel/image.h"
#include "train.h"
#include <pthread.h>

enum { TRAIN_IDS = 65536 };

/* A decoded image with its truth: label or soft. */
struct train_kept {
    struct edgel_image image;
    uint16_t *label;
    float *soft;
};

struct train_set {
    struct edgel_pairs *pairs;
    size_t *index;           /* [n] of the pairs */
    struct train_kept *kept; /* [n]; image.data NULL: not kept */
    size_t n;
};

struct train_data {
    struct train_data_params p;
    struct train_set sets[2];          /* training, validation */
    struct edgel_model_class *classes; /* [TRAIN_IDS] */
    int nclasses;
    char (*digits)[8];          /* names of classes without one */
    struct edgel_classes given; /* --classes */
    struct edgel_colors colors;
    enum edgel_labels labels;
    uint16_t class_of[TRAIN_IDS]; /* EDGEL_LABEL_IGNORE: not counted */
    bool known[TRAIN_IDS], ignored[TRAIN_IDS];
    bool soft;
    int channels;
    pthread_mutex_t lock; /* of kept and left */
    size_t left;          /* bytes that may still be kept */
};

static inline const struct edgel_pair *train_pair_at(const struct train_set *s, size_t i)
{
    return edgel_pairs_at(s->pairs, s->index[i]);
}

/* train_data_load(), and what the decoder says of the image, unless it is kept. */
enum edgel_status train_data_read(struct train_data *d, bool validation, size_t i, struct edgel_sample *out,
                                  struct edgel_info *info, struct edgel_error *err);

/* --- train_truth.c --- */

/* What a file of truth holds: a mask, or in a MAT file one of each annotator. */
struct train_masks {
    struct edgel_image image;
    struct edgel_info info;
    struct edgel_mat mat;
    bool is_mat;
    size_t n;
};
/* w, h: of the image, 0: any. The caller finishes *m, after a failure as well. */
enum edgel_status train_masks_read(const struct train_data *d, const char *path, int w, int h,
                                   struct train_masks *m, struct edgel_error *err);
void train_masks_finish(struct train_masks *m);
const struct edgel_image *train_masks_at(const struct train_masks *m, size_t k);
/* The id of every pixel of the k-th mask, to be freed; -1 where a colour has none. */
enum edgel_status train_masks_ids(const struct train_data *d, const struct train_masks *m, const char *path,
                                  size_t k, int32_t **out, struct edgel_error *err);
/* Decodes the file as `decode` says. */
enum edgel_status train_read_image(const struct train_data *d, const char *path, enum edgel_decode decode,
                                   struct edgel_image *image, struct edgel_info *info,
                                   struct edgel_error *err);
/* The truth of the pair as labels or soft targets of k->image's size, pixels that are not valid left out. */
enum edgel_status train_read_truth(const struct train_data *d, const struct edgel_pair *p,
                                   struct train_kept *k, struct edgel_error *err);

/* --- train_pairs.c --- : return 0 or the exit code */

int train_collect(struct train_data *d, struct train_set *s, const char *images, const char *truth);
/* Refuses a suffix that no file has. */
int train_check_suffixes(const struct train_data *d);
/* Holds out a share of the training images for validation. */
int train_split(struct train_data *d);

/* --- train_look.c --- */

/* Decides labels, classes and whether annotators are several by what the masks hold. */
int train_decide(struct train_data *d);
/* Loads every sample once; those that cannot be used are reported one by one. */
int train_check_all(struct train_data *d);

#endif
