/* edgel/eval_scores.h: rows of counts reduced to scores under a convention. */
#ifndef EDGEL_EVAL_SCORES_H
#define EDGEL_EVAL_SCORES_H

#include "edgel/eval_measure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- reducing --- */

enum edgel_reduce_kind { EDGEL_REDUCE_POOLED, EDGEL_REDUCE_IMAGE };
enum edgel_empty { EDGEL_EMPTY_NAN, EDGEL_EMPTY_ZERO, EDGEL_EMPTY_ONE };
enum edgel_missing { EDGEL_MISSING_ERROR, EDGEL_MISSING_SKIP, EDGEL_MISSING_WORST };

enum { EDGEL_NSD_MAX = 8 }; /* tolerances of the normalised surface distance */

/* The convention of a number. */
struct edgel_reduce {
    enum edgel_reduce_kind reduce;
    enum edgel_empty empty;
    enum edgel_missing missing;
    const int32_t *ignore;
    size_t nignore;
    const int32_t *exclude_from_mean;
    size_t nexclude;
    const struct edgel_classes
        *classes; /* NULL: the ids that occur in truth or prediction, ignored ones left out */
    double nsd_tolerance[EDGEL_NSD_MAX]; /* pixels, not negative */
    size_t nnsd;
};
/* POOLED, empty ones NAN, a missing prediction is an error, nothing ignored, all classes, one nsd tolerance of 1
 * pixel. */
EDGEL_API void edgel_reduce_init(struct edgel_reduce *reduce);

/* The words of conventions, as options, counts files and documents have them. */
enum edgel_convention {
    EDGEL_CONVENTION_LABELS,    /* of enum edgel_labels */
    EDGEL_CONVENTION_ANNOTATOR, /* of enum edgel_annotator; "K" stands for the number of INDEX */
    EDGEL_CONVENTION_REDUCE,    /* of enum edgel_reduce_kind */
    EDGEL_CONVENTION_EMPTY,     /* of enum edgel_empty */
    EDGEL_CONVENTION_MISSING,   /* of enum edgel_missing */
    EDGEL_CONVENTION_ROW        /* of enum edgel_row_kind */
};
/* All words of a key, by the values of its enum, NULL at the end. */
EDGEL_API const char *const *edgel_convention_words(enum edgel_convention key);
/* The word of a value; "unknown" when there is no such value. */
EDGEL_API const char *edgel_convention_word(enum edgel_convention key, int value);
/* The word of the annotator, or the digits of its number, into buf[size]; 16 bytes are enough. */
EDGEL_API void edgel_annotator_text(const struct edgel_measure *measure, char *buf, size_t size);
/* Reads "any", "majority" or the number of an annotator, 1 to 10000, which is 1 with the words. what names the text in
 * messages. EDGEL_EINVAL. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_annotator_parse(const char *what, const char *text,
                                                                  enum edgel_annotator *annotator,
                                                                  int *number, struct edgel_error *err);

/*
 * Checks that counts measured under `measure` can be reduced under `reduce`. Counts hold raw ids, so other ids may be
 * ignored later, except where something was settled when pixels were read: a sweep, a tolerance and votes of annotators
 * need the same set of ignored ids; BINARY counts can leave out 0, 1 and values that were ignored when measuring.
 * EDGEL_EINVAL.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_reduce_check(const struct edgel_measure *measure,
                                                               const struct edgel_reduce *reduce,
                                                               struct edgel_error *err);

/* --- scores --- */

/*
 * A score: a number made from counts. The table has all of them; table, documents, CSV and bars read it. Those of a
 * class stand first: the i-th of them is v[i] of struct edgel_scores.
 */
struct edgel_score {
    const char *key;     /* in documents, CSV and bars */
    const char *formula; /* of TP, FP, FN, TN, or the place of its rule */
    double lo, hi;       /* range */
    unsigned families;   /* bits 1 << enum edgel_family: one of them must have been measured */
    bool of_class;       /* a class has it */
    bool overall;        /* the summary has it over all pixels, of all classes */
    bool wide;           /* left out of printed tables that have no room for it */
};
enum { EDGEL_SCORES_MAX = 32 };
/* The i-th row of the table; NULL at its end. */
EDGEL_API const struct edgel_score *edgel_score_at(size_t i);
/* The row of a key; NULL: none. */
EDGEL_API const struct edgel_score *edgel_score_find(const char *key);

/* Places of some scores of a class in struct edgel_scores; those of the others are found by edgel_score_at(). */
enum { EDGEL_ACCURACY, EDGEL_PRECISION, EDGEL_RECALL, EDGEL_F1, EDGEL_IOU, EDGEL_SPECIFICITY, EDGEL_MCC };
/* The scores of a class. Undefined ones are NaN, shown as null or "-". */
struct edgel_scores {
    double v[EDGEL_SCORES_MAX];
};

/* Of an image, with d the distances of the surface pixels of either side to the nearest one of the other: hd the
 * largest; hd95 the larger of the two directions' 95th percentiles (linear interpolation); assd the mean over both; nsd
 * the share with d <= tolerance. One side empty: the image's diagonal, and nsd 0; both: by the rule for empty ones. A
 * class has the means over images. */
struct edgel_distance_scores {
    double hd, hd95, assd, nsd[EDGEL_NSD_MAX]; /* pixels; nsd: shares */
};
struct edgel_distance_result {
    struct edgel_distance_scores scores; /* means over images */
    /* Images with both surfaces; with that of the truth alone, of the prediction alone, of neither. */
    uint64_t both, missed, invented, empty;
};

struct edgel_class_result {
    int32_t id;
    char *name;
    bool in_mean;
    uint64_t tp, fp, fn, tn; /* summed over images, also with IMAGE */
    struct edgel_scores scores;
    /* Pixels are matched within a distance, and each side has its own: precision = tp_prediction / (tp_prediction +
     * fp), recall = tp_truth / (tp_truth + fn); tp and tn have no meaning and are 0. */
    bool matched;
    uint64_t tp_prediction, tp_truth; /* predicted pixels that have a partner, truth pixels that have one */
};

/* EDGEL_PIXELS; always there, and empty where boundaries, regions or objects are measured instead of pixels. */
struct edgel_pixels_result {
    uint64_t pixels;                    /* judged: valid and not ignored */
    struct edgel_class_result *classes; /* rising id; BINARY: id 1 "foreground" alone */
    size_t nclasses;
    struct edgel_scores mean;      /* over classes in the mean */
    double accuracy, kappa, fwiou; /* over all ids of the matrix, without tolerance */
    int32_t *matrix_ids;           /* [nmatrix] ids of rows and columns: the classes; BINARY: 0 and 1 */
    uint64_t *matrix;              /* [nmatrix * nmatrix], row = truth, column = prediction */
    uint64_t *matrix_other;        /* [nmatrix] truth pixels predicted as no class */
    size_t nmatrix;
    /* How many classes (IMAGE: classes of images) have no pixel in the truth or none in the prediction, so that some of
     * their scores are what the rule for empty ones says. */
    uint64_t empty_touched;
    uint64_t ignored_predicted; /* pixels predicted as an ignored id where the truth is not ignored */
    bool has_tolerance;         /* then accuracy, iou, specificity and mcc of classes are undefined */
};

/* EDGEL_TOLERANCE: pooled over images, by class of the pixels. */
struct edgel_tolerance_result {
    struct edgel_tolerance_counts *classes;
    size_t n;
};

/* EDGEL_DISTANCES: by class of the pixels; mean: over classes in the mean, sums of their images. */
struct edgel_distances_result {
    struct edgel_distance_result *classes;
    size_t n;
    struct edgel_distance_result mean;
};

/* EDGEL_BANDS: by class of the pixels; counts are summed over images, also with IMAGE. */
struct edgel_band_result {
    struct edgel_band_counts counts;
    double iou;
};
struct edgel_bands_result {
    struct edgel_band_result *classes;
    size_t n;
    double mean; /* over classes in the mean */
};

struct edgel_operating_point {
    double threshold, recall, precision, f1;
};

/* Over all levels: AP = sum of (R - R before) P by falling threshold, AUC by trapezoids, equal values as one step; as
 * average_precision_score and roc_auc_score of scikit-learn. ODS: the threshold above 0 of the largest F1, the highest
 * of equal ones, of the pixels of all images; OIS: the counts at each image's own best threshold, summed. NaN without
 * positives, AUC also without negatives. */
struct edgel_curve_result {
    int n; /* thresholds; 0: no sweep was measured */
    /* ois.threshold is NaN: each image has its own; ods.threshold is NaN where no threshold finds a positive. */
    struct edgel_operating_point ods, ois;
    double ap, auc;
    struct edgel_operating_point *points; /* [n], rising threshold */
    /* All of these are from the n thresholds alone, AP and AUC interpolated and too low for confident maps: the counts
     * have no levels. */
    bool coarse;
    /* How far ap and auc can be from the values of the samples before they were given levels: 0 where all samples lie
     * on levels. NaN: coarse, or undefined. */
    double ap_error, auc_error;
};

/* Covering, probabilistic Rand index and variation of information; ods: best threshold of the set, ois: of each
 * image. */
struct edgel_region_point {
    double threshold, covering, pri, voi;
};
struct edgel_region_score {
    double threshold, ods, ois;
};
struct edgel_region_result {
    int n; /* thresholds; 0: not measured */
    struct edgel_region_score covering, pri, voi;
    double best;                       /* covering by the best region of any threshold */
    struct edgel_region_point *points; /* [n], rising threshold */
};
/* EDGEL_REGIONS. */
struct edgel_regions_result {
    struct edgel_region_result exact;
    /* The same from the values of each image rounded to six digits, as the benchmark's files have them. */
    struct edgel_region_result rounded;
};

struct edgel_boundary_result {
    int n;                                 /* thresholds; 0: not measured */
    struct edgel_operating_point ods, ois; /* ois.threshold is NaN: each image has its own */
    double ap, r50;                        /* r50: recall where precision is 0.5 */
    struct edgel_operating_point *points;  /* [n], rising threshold */
};

enum { EDGEL_OBJECT_IOUS = 10 }; /* IoU thresholds 0.5, 0.55, ... 0.95 */

/* Of a class, over all images, TP = pairs with IoU >= T, FP and FN what is left of predictions (those passed over and
 * excused ones aside) and truth: precision TP / (TP + FP), recall TP / (TP + FN). Of the pairs of IoU > 0.5: SQ = mean
 * IoU, RQ = TP / (TP + FP / 2 + FN / 2), PQ = SQ RQ. NaN where undefined. */
struct edgel_object_scores {
    double pq, sq, rq;                                              /* panoptic quality and its factors */
    double precision[EDGEL_OBJECT_IOUS], recall[EDGEL_OBJECT_IOUS]; /* by IoU threshold */
    double mean_precision, mean_recall;                             /* over the thresholds */
    double box_iou, box_giou, box_diou, box_ciou;                   /* means over pairs */
};
struct edgel_object_result {
    int32_t id;
    char *name;
    bool in_mean;
    uint64_t truth, prediction, passed; /* objects of all images */
    uint64_t tp, fp, fn, pairs;         /* at IoU > 0.5; at IoU >= 0.5 */
    struct edgel_object_scores scores;
};
struct edgel_objects_result {
    struct edgel_object_result *classes; /* rising id */
    size_t nclasses;
    struct edgel_object_scores mean; /* over classes in the mean */
};

/* Of an object in a sequence: mean over frames, share of frames above 0.5, mean of the first quarter less that of the
 * last one; of J = IoU of its pixels, of F of its boundary pixels matched within 0.008 of the diagonal. */
struct edgel_davis_scores {
    double mean, recall, decay;
};
struct edgel_davis_object {
    char *sequence; /* folder of its images */
    int32_t id;
    uint64_t frames;
    struct edgel_davis_scores j, f;
};
struct edgel_davis_result {
    struct edgel_davis_scores j, f; /* means over objects */
    struct edgel_davis_object *objects;
    size_t nobjects, sequences;
};

struct edgel_summary {
    char *prediction;
    uint64_t images, missing, failed;    /* images: measured ones (worst-counted missing ones included) */
    const struct edgel_measure *measure; /* the convention, for those who print it */
    const struct edgel_reduce *reduce;
    /* By enum edgel_family, each a struct of its own; NULL: not measured. The functions below give them by type. */
    void *results[EDGEL_FAMILIES_MAX];
};
/* The results of a family, the summary's; zeroed (n = 0) where it was not measured. Never NULL. */
EDGEL_API const void *edgel_summary_results(const struct edgel_summary *s, enum edgel_family family);
static inline const struct edgel_pixels_result *edgel_summary_pixels(const struct edgel_summary *s)
{
    return (const struct edgel_pixels_result *)edgel_summary_results(s, EDGEL_PIXELS);
}
static inline const struct edgel_curve_result *edgel_summary_curve(const struct edgel_summary *s)
{
    return (const struct edgel_curve_result *)edgel_summary_results(s, EDGEL_CURVE);
}
static inline const struct edgel_tolerance_result *edgel_summary_tolerance(const struct edgel_summary *s)
{
    return (const struct edgel_tolerance_result *)edgel_summary_results(s, EDGEL_TOLERANCE);
}
static inline const struct edgel_distances_result *edgel_summary_distances(const struct edgel_summary *s)
{
    return (const struct edgel_distances_result *)edgel_summary_results(s, EDGEL_DISTANCES);
}
static inline const struct edgel_boundary_result *edgel_summary_boundary(const struct edgel_summary *s)
{
    return (const struct edgel_boundary_result *)edgel_summary_results(s, EDGEL_BOUNDARY);
}
static inline const struct edgel_region_result *edgel_summary_regions(const struct edgel_summary *s)
{
    return &((const struct edgel_regions_result *)edgel_summary_results(s, EDGEL_REGIONS))->exact;
}
static inline const struct edgel_region_result *edgel_summary_regions_rounded(const struct edgel_summary *s)
{
    return &((const struct edgel_regions_result *)edgel_summary_results(s, EDGEL_REGIONS))->rounded;
}
static inline const struct edgel_bands_result *edgel_summary_bands(const struct edgel_summary *s)
{
    return (const struct edgel_bands_result *)edgel_summary_results(s, EDGEL_BANDS);
}
static inline const struct edgel_davis_result *edgel_summary_davis(const struct edgel_summary *s)
{
    return (const struct edgel_davis_result *)edgel_summary_results(s, EDGEL_DAVIS);
}
static inline const struct edgel_objects_result *edgel_summary_objects(const struct edgel_summary *s)
{
    return (const struct edgel_objects_result *)edgel_summary_results(s, EDGEL_OBJECTS);
}
/* Frees what the summary owns and zeroes it; measure and reduce stay the caller's. A zeroed summary is fine. */
EDGEL_API void edgel_summary_finish(struct edgel_summary *s);

/*
 * Reduces rows to scores, one reducer per method. edgel_score_at() has the formulas.
 * measure and reduce must outlive the reducer and its summary.
 */
struct edgel_reducer;
/* EDGEL_EINVAL as edgel_reduce_check(); EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_reducer_create(const struct edgel_measure *measure, const struct edgel_reduce *reduce,
                     const char *prediction, struct edgel_reducer **out, struct edgel_error *err);
/* Adds a row, in the order of the images. Rows of kind MISSING and FAILED are counted as such; a MISSING row with
 * counts is measured as well when reduce->missing is EDGEL_MISSING_WORST, one without them is then EDGEL_EFORMAT.
 * EDGEL_EFORMAT also: the row has ids that are neither classes nor ignored (the text counts the pixels of each, truth
 * and prediction apart); EDGEL_EINVAL: its counts contradict each other. Nothing is added then. EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_reducer_add(struct edgel_reducer *reducer, const struct edgel_row *row, struct edgel_error *err);
/* The scores of the rows so far; more may be added after it. Those that are undefined are NaN.
 *
 * out  finished by the caller with edgel_summary_finish(); zeroed after a failure. Its measure and reduce are those
 *      that the reducer was made with, which must outlive it.
 * Returns EDGEL_OK or EDGEL_ENOMEM. The same bits on every machine, whatever the threads that measured the rows. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_reducer_summary(const struct edgel_reducer *reducer,
                                                                  struct edgel_summary *out,
                                                                  struct edgel_error *err);
/* Frees the reducer and sets *reducer to NULL; NULL is fine. */
EDGEL_API void edgel_reducer_destroy(struct edgel_reducer **reducer);

/* The summary's value of a score: of those of a class the mean over the classes in the mean, but of accuracy that over
 * all pixels; ods, ois and ap of the boundaries where these were matched. NaN when undefined or not measured. */
EDGEL_API double edgel_score_value(const struct edgel_score *score, const struct edgel_summary *summary);

/* A bar that a score has to reach. */
struct edgel_bar {
    const struct edgel_score *score;
    double value;
    const char *text; /* as given; the caller's */
};
/* Reads "KEY=V". what names the text in messages. EDGEL_EINVAL: no such key, or V is no number in the score's range (of
 * a range below 0, from there on). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_bar_parse(const char *what, const char *text,
                                                            struct edgel_bar *out, struct edgel_error *err);
/* True when the summary's value is at least the bar's; an undefined one is not. value may be NULL. */
EDGEL_API bool edgel_bar_reached(const struct edgel_bar *bar, const struct edgel_summary *summary,
                                 double *value);

/* Scores of one image by class, for a table of image x class: the classes of reduce->classes, or those that occur in
 * the row (none for a row that is not to be measured); boundaries: one result "boundary", counts and scores of the
 * first threshold of the image's largest F. *n results in *out, to be freed with edgel_class_results_free(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_row_scores(const struct edgel_row *row,
                                                             const struct edgel_measure *measure,
                                                             const struct edgel_reduce *reduce,
                                                             struct edgel_class_result **out, size_t *n,
                                                             struct edgel_error *err);
/* Frees n results with their names; NULL is fine. */
EDGEL_API void edgel_class_results_free(struct edgel_class_result *results, size_t n);

/* The best point of one image's boundaries, the first of the largest F, between neighbouring thresholds as well (as ODS
 * of that image alone). EDGEL_EINVAL (not measured), EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_boundary_best_point(const struct edgel_boundary_counts *c,
                                                                      struct edgel_operating_point *out,
                                                                      struct edgel_error *err);

/* The threshold that covers one image's truth best. */
struct edgel_region_best {
    double threshold, covering, reverse; /* reverse: covering of the prediction by the truth */
};
/* Finds it, the first of equals, for an image of w x h pixels; values are rounded as in regions_rounded. EDGEL_EINVAL:
 * not measured. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_region_best_point(const struct edgel_region_counts *c,
                                                                    int w, int h,
                                                                    struct edgel_region_best *out,
                                                                    struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
