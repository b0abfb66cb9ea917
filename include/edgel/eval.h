/* edgel/eval.h: measure predictions against truth (integers per image), and reduce those to scores. */
#ifndef EDGEL_EVAL_H
#define EDGEL_EVAL_H

#include "edgel/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- measuring --- */

/* The families of measures. Each has options, counts in a row and results of its own. */
enum edgel_family {
    EDGEL_PIXELS,    /* the confusion of ids */
    EDGEL_CURVE,     /* a sweep over thresholds, by pixels */
    EDGEL_TOLERANCE, /* pixels matched within a distance */
    EDGEL_DISTANCES, /* between surfaces */
    EDGEL_BOUNDARY,  /* boundaries matched one to one, at every threshold */
    EDGEL_REGIONS,   /* covering, Rand index, variation of information */
    EDGEL_BANDS,     /* Boundary IoU */
    EDGEL_DAVIS,     /* J and F along sequences */
    EDGEL_OBJECTS,   /* objects matched one to one */
    EDGEL_FAMILIES
};
enum { EDGEL_FAMILIES_MAX = 16 }; /* places that rows and summaries have for them */

/* What an object is. COMPONENTS: 8-connected pixels of one class. IDS: all pixels of one value. MIXED: as IDS in the
 * truth; in the prediction, 8-connected pixels that are not 0. 0 is background. */
enum edgel_objects { EDGEL_OBJECTS_NONE, EDGEL_OBJECTS_COMPONENTS, EDGEL_OBJECTS_IDS, EDGEL_OBJECTS_MIXED };

/*
 * An option of a family, set by its key. Of the first one of a family, any value but 0 (a real number: but NaN) asks
 * for the family; the others say how it measures.
 *
 *   tolerance   REAL  pixels, from 0 to 1e9, in precision, recall and F1, not in the sweep over thresholds
 *   distances   SWITCH  distances between the surfaces of each class
 *   boundary    WORD  none, bsds: boundaries are matched at each of the thresholds, and no pixels are counted: labels
 *                     BINARY, thresholds from 1, annotator NONE (all of them) or INDEX
 *   max_dist    REAL  farthest match, inclusive: share of the image's diagonal, above 0, at most 1
 *   thin        SWITCH  detections are thinned to lines at every threshold
 *   nms         SWITCH  soft maps are suppressed to their maxima first: smoothed by [1 2 1] / 4, a pixel is set to 0
 *                     where nms_ratio times its value is below a value at a distance of 1 to nms_radius on either side
 *                     across the boundary, the outer 5 pixels are faded, the result is rounded to 8 bits (P. Dollar,
 *                     C. L. Zitnick, PAMI 37, 2015)
 *   nms_ratio   REAL  from 1 to 10
 *   nms_radius  WHOLE  pixels, from 1 to 100
 *   regions     SWITCH  regions are measured in place of pixels, as boundaries and with the same rules (labels IDS
 *                     where no boundaries are matched)
 *   band        REAL  Boundary IoU: width of the band as share of the diagonal, above 0, at most 1
 *   davis       SWITCH  J and F of DAVIS
 *   objects     WORD  as enum edgel_objects. ids, mixed: objects are matched in place of pixels: labels IDS, no
 *                     thresholds, annotator NONE or INDEX. components: beside the pixels
 */
enum edgel_option_kind {
    EDGEL_OPTION_SWITCH, /* 0 or 1; the words "off" and "on" */
    EDGEL_OPTION_WORD,   /* index of a word */
    EDGEL_OPTION_WHOLE,
    EDGEL_OPTION_REAL /* NaN, "none": not asked for, where that is the default */
};
struct edgel_family_option {
    const char *key;
    const char *stored; /* its name in counts files */
    const char *inside; /* the switch it belongs to, by its name in counts files; NULL: none */
    enum edgel_option_kind kind;
    const char *const *words; /* SWITCH, WORD: by value, NULL at the end */
    double lo, hi;            /* WHOLE, REAL: range */
    bool above;               /* lo itself is not in it */
    double def;
};
enum { EDGEL_OPTIONS_MAX = 8 }; /* of a family */
/* The i-th option of a family; NULL: it has no more. */
EDGEL_API const struct edgel_family_option *edgel_family_option_at(enum edgel_family family, int i);
/* The parameter that asks for a family: the key of its first option, "thresholds" of the curve; NULL: EDGEL_PIXELS. */
EDGEL_API const char *edgel_family_key(enum edgel_family family);

/* What is fixed when pixels are read; the first line of a counts file. */
struct edgel_measure {
    enum edgel_labels labels; /* BINARY or IDS once resolved */
    /* BINARY: fraction of the full range, prediction where value >= T * full; float samples are compared with T rounded
     * to float. */
    double threshold;
    int thresholds; /* BINARY: sweep over k / (N + 1), k = 1..N <= 65535; 0 none */
    /* Truth ids whose pixels are left out; BINARY: raw values above 1, and 0 and 1 for background and foreground. */
    const int32_t *ignore;
    size_t nignore;
    bool valid; /* only pixels of a validity mask were judged */
    enum edgel_annotator annotator;
    int annotator_index;               /* 1-based, with EDGEL_ANNOTATOR_INDEX */
    const struct edgel_colors *colors; /* by which RGB masks were made ids before: recorded; NULL none */
    bool
        listed; /* boundaries, regions: predictions are lists of segmentations; threshold k is the k-th of them */
    double options[EDGEL_FAMILIES_MAX][EDGEL_OPTIONS_MAX]; /* of the families: edgel_measure_set() */
    struct edgel_helpers
        *helpers; /* boundaries: match annotators side by side; NULL: one by one, with the same result */
    /* Boundaries, regions: asked again and again, by several threads at once with helpers; once it says true, measuring
     * the image ends with EDGEL_EINTERRUPTED. NULL: never. */
    bool (*stop)(void *user);
    void *stop_user;
    /* The counts of the sweep have no levels: counts files of schema edgel.counts/1. Measuring takes no note of it. */
    bool coarse;
};
/* Labels AUTO, threshold 0.5, no sweep, nothing but pixels, one annotator, all pixels; max_dist 0.0075, thinned,
 * without suppression (ratio 1.01, radius 1). */
EDGEL_API void edgel_measure_init(struct edgel_measure *measure);
/* Sets an option of a family by its key, from a text ("on", "bsds", "0.02") or a number (the index of a word).
 * EDGEL_EINVAL: no such key, or not in its range. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_measure_set(struct edgel_measure *measure, const char *key,
                                                              const char *text, struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_measure_set_number(struct edgel_measure *measure,
                                                                     const char *key, double value,
                                                                     struct edgel_error *err);
/* The value of an option; NaN: none, or no such option. Its word; "" when it has none. */
EDGEL_API double edgel_measure_value(const struct edgel_measure *measure, const char *key);
EDGEL_API const char *edgel_measure_word(const struct edgel_measure *measure, const char *key);
/* Whether a family is measured. EDGEL_PIXELS always is, and is empty where boundaries, regions or objects are measured
 * in place of pixels; whether pixels are counted. */
EDGEL_API bool edgel_measure_asks(const struct edgel_measure *measure, enum edgel_family family);
EDGEL_API bool edgel_measure_counts_pixels(const struct edgel_measure *measure);

/* Two parameters that do not go together: key has no use with other, or needs it, or needs one of the families. */
struct edgel_clash {
    const char *key, *other;
    bool needs;
    unsigned families; /* bits 1 << enum edgel_family; then other is NULL */
};
/*
 * Looks for parameters that somebody named and that have no use beside the families that are asked for.
 *
 * given  says whether a parameter was named. Asked for the options of families and for labels, colors, threshold,
 *        thresholds, valid, ignore, votes (an annotator that is any or majority), reduce, empty, classes,
 *        exclude_from_mean, nsd_tolerance, pairs_csv and bsds_files; other is the key by which a family or a switch is
 *        asked for
 * Returns whether there is one, the first in *out.
 */
EDGEL_API bool edgel_measure_clash(const struct edgel_measure *measure,
                                   bool (*given)(void *user, const char *key), void *user,
                                   struct edgel_clash *out);

struct edgel_cell {
    int32_t truth, prediction; /* raw ids; EDGEL_ID_NONE as prediction: none at all */
    uint64_t n;
};
enum { EDGEL_ID_NONE = -1 };

/* EDGEL_PIXELS. */
struct edgel_pixels_counts {
    uint64_t pixels;          /* valid ones, ignored truth included: the sum of the cells */
    struct edgel_cell *cells; /* sparse confusion of them, rising (truth, prediction); no zero counts */
    size_t n;
};

/* A level of a soft map: the share level / 65535 of the full range. */
enum { EDGEL_LEVEL_MAX = 65535 };
struct edgel_curve_level {
    int level;                     /* 0 to EDGEL_LEVEL_MAX */
    uint64_t negatives, positives; /* judged pixels of that level, by their truth */
};

/* EDGEL_CURVE: pixels at or above each threshold, and of each level; those with an ignored truth are left out. Integer
 * samples lie on levels exactly; a float sample v is of the highest level with v >= (float)(level / 65535), NaN of
 * level 0. */
struct edgel_curve_counts {
    int n;                            /* thresholds; 0: not measured */
    uint64_t *tp, *fp;                /* [n] */
    uint64_t positives, negatives;    /* of the truth */
    struct edgel_curve_level *levels; /* [nlevels] those that occur, rising */
    size_t nlevels;
    bool binned; /* some float sample is not equal to its level */
};

/* EDGEL_TOLERANCE and, of the pixels of boundaries, EDGEL_DAVIS: rising id, ignored truth left out; BINARY: id 1
 * alone. */
struct edgel_tolerance_counts {
    int32_t id;
    uint64_t matched_prediction, prediction; /* predicted pixels with truth within reach; all */
    uint64_t matched_truth, truth;           /* truth pixels with a prediction within reach; all */
};
struct edgel_tolerance_list {
    struct edgel_tolerance_counts *v;
    size_t n;
};

/* EDGEL_DISTANCES: between the surfaces of one class. Ids as of a tolerance; a missing prediction has no surface. */
struct edgel_distance_bin {
    uint64_t d2, n; /* squared distance between pixel centres, pixels that have it */
};
struct edgel_surface {
    uint64_t pixels;
    struct edgel_distance_bin
        *bins; /* to the other side's surface, rising d2; none when either side is empty */
    size_t nbins;
};
struct edgel_distance_counts {
    int32_t id;
    struct edgel_surface prediction, truth;
};
struct edgel_distance_list {
    struct edgel_distance_counts *v;
    size_t n;
};

/* EDGEL_BOUNDARY: boundary pixels at each threshold, of one image; several annotators are matched one by one. */
struct edgel_boundary_counts {
    int n;                        /* thresholds; 0: not measured */
    bool listed;                  /* they are numbers of segmentations, 1..n, not shares k / (n + 1) */
    uint64_t truth;               /* pixels of all annotators */
    uint64_t *matched_truth;      /* [n] of them */
    uint64_t *prediction;         /* [n] detections */
    uint64_t *matched_prediction; /* [n] detections that some annotator has a match for */
};

/* EDGEL_REGIONS: regions at each threshold, of one image. With n_u pixels in region u of the prediction, n_v in region
 * v of a truth, n_uv in both: the IoU of two regions is n_uv / (n_u + n_v - n_uv). Source: P. Arbelaez et al., PAMI 33
 * (2011). */
struct edgel_region_counts {
    int n;               /* thresholds; 0: not measured */
    bool listed;         /* as of boundaries */
    uint64_t annotators; /* each has all the image's pixels */
    double *covered;     /* [n] pixels of truth, times the IoU of their region */
    double best;         /* the same with the best IoU over all thresholds */
    double *reverse; /* [n] pixels of prediction, times the best IoU of their region with any annotator's */
    uint64_t *apart; /* [n] pairs of pixels that one side has together, summed over annotators */
    double *voi;     /* [n] bits, mean over annotators */
};

/* What looks like a mistake in boundary maps, as bits; only rows fresh from edgel_measure_image() have them. */
enum {
    EDGEL_REMARK_INVERTED = 1, /* most of the prediction is at or above half of the full range */
    EDGEL_REMARK_TWO_VALUED =
        2, /* the prediction is the same at every one of several thresholds, and not empty */
    EDGEL_REMARK_TRUTH_THICK = 4, /* thinning would delete more than a quarter of a truth mask */
    EDGEL_REMARK_TRUTH_VALUES = 8 /* a truth mask has several values that are not 0 */
};

/* EDGEL_BANDS: pixels along the inside of the boundaries of one class, for Boundary IoU. Ids as of a tolerance; a
 * missing prediction has none. */
struct edgel_band_counts {
    int32_t id;
    uint64_t truth, prediction, both;
};
struct edgel_band_list {
    struct edgel_band_counts *v;
    size_t n;
};

/* An object of the truth and the one of the prediction that it was matched with. */
struct edgel_object_pair {
    int64_t truth, prediction; /* ids: the value, the number of the component, the id in a document */
    uint64_t both, either;     /* pixels of their intersection and union, void left out of the latter */
    int truth_box[4], prediction_box[4]; /* x0, y0, x1, y1: first pixel, and one past the last */
    bool
        excused; /* more than half of the prediction lies in void or a crowd: below its IoU it is no mistake */
};
/* Objects of one class. Pairs are one to one: those with IoU >= 0.5 in falling IoU, of equal ones first that of the
 * lower truth, then of the lower prediction. A crowd is no object; a prediction in no pair that has more than half of
 * its pixels in void or crowds of its class is passed over. Source: A. Kirillov et al., "Panoptic segmentation",
 * 2019. */
struct edgel_object_counts {
    int32_t id;
    uint64_t truth, prediction;      /* objects; crowds are none */
    uint64_t passed;                 /* predictions in no pair, passed over as mostly void or crowd */
    struct edgel_object_pair *pairs; /* IoU at least 0.5, rising id of the truth */
    size_t npairs;
};
/* EDGEL_OBJECTS: rising id, classes that have objects. */
struct edgel_object_list {
    struct edgel_object_counts *v;
    size_t n;
};

enum edgel_row_kind { EDGEL_ROW_MEASURED, EDGEL_ROW_MISSING, EDGEL_ROW_FAILED };

/*
 * The counts of one image. Zero-initialise; finish frees what is in it.
 * MEASURED rows have counts. MISSING rows have them (and w > 0) when edgel_measure_image() made them with prediction
 * NULL; else, as FAILED rows always, they have nothing but a name.
 */
struct edgel_row {
    enum edgel_row_kind kind;
    int prediction; /* index of the method */
    char *image;    /* key of the pair */
    int w, h;
    unsigned remarks; /* EDGEL_REMARK_ */
    /* By enum edgel_family, each a struct of its own; NULL: not measured. The functions below give them by type. */
    void *counts[EDGEL_FAMILIES_MAX];
};
/* The counts of a family, the row's; with n = 0 (pixels 0) where it was not measured. Never NULL. */
EDGEL_API const void *edgel_row_counts(const struct edgel_row *row, enum edgel_family family);
static inline const struct edgel_pixels_counts *edgel_row_pixels(const struct edgel_row *row)
{
    return (const struct edgel_pixels_counts *)edgel_row_counts(row, EDGEL_PIXELS);
}
static inline const struct edgel_curve_counts *edgel_row_curve(const struct edgel_row *row)
{
    return (const struct edgel_curve_counts *)edgel_row_counts(row, EDGEL_CURVE);
}
static inline const struct edgel_tolerance_list *edgel_row_tolerance(const struct edgel_row *row)
{
    return (const struct edgel_tolerance_list *)edgel_row_counts(row, EDGEL_TOLERANCE);
}
static inline const struct edgel_distance_list *edgel_row_distances(const struct edgel_row *row)
{
    return (const struct edgel_distance_list *)edgel_row_counts(row, EDGEL_DISTANCES);
}
static inline const struct edgel_boundary_counts *edgel_row_boundary(const struct edgel_row *row)
{
    return (const struct edgel_boundary_counts *)edgel_row_counts(row, EDGEL_BOUNDARY);
}
static inline const struct edgel_region_counts *edgel_row_regions(const struct edgel_row *row)
{
    return (const struct edgel_region_counts *)edgel_row_counts(row, EDGEL_REGIONS);
}
static inline const struct edgel_band_list *edgel_row_bands(const struct edgel_row *row)
{
    return (const struct edgel_band_list *)edgel_row_counts(row, EDGEL_BANDS);
}
static inline const struct edgel_tolerance_list *edgel_row_davis(const struct edgel_row *row)
{
    return (const struct edgel_tolerance_list *)edgel_row_counts(row, EDGEL_DAVIS);
}
static inline const struct edgel_object_list *edgel_row_objects(const struct edgel_row *row)
{
    return (const struct edgel_object_list *)edgel_row_counts(row, EDGEL_OBJECTS);
}
/* Frees what the row holds, its image name as well, and zeroes it; a zeroed row is fine. */
EDGEL_API void edgel_row_finish(struct edgel_row *row);

/*
 * Measures one image.
 *
 * params      labels resolved
 * prediction  NULL: missing, every pixel is wrong (BINARY: scored as the inverse of the truth at every threshold; no
 *             pixel is within the tolerance. IDS: EDGEL_ID_NONE); the row's kind is then EDGEL_ROW_MISSING
 * zero_one    BINARY: the method's masks hold 0 and 1 (edgel_mask_values_zero_one); 1-bit and palette masks always do
 * truth       ntruth masks of equal size; more than one needs params->annotator (ANY, MAJORITY: BINARY only; majority
 *             is more than half; who marked a pixel with an ignored value has no vote on it)
 * valid       NULL: all pixels; else non-zero pixels are judged
 * row         kind, w, h, pixels, counts are set (what was in them is not freed: finish before using a row again);
 *             prediction and image are the caller's. After a failure only these two are left.
 *
 * BINARY: truth is 0 or not 0, so ids are 0 and 1, but for ignored values above 1, which stay. IDS: raw values. RGB
 * masks have three equal channels, or were made ids before (edgel/dataset.h). The full range of a prediction is 255,
 * 65535, 1.0 (float), 3 and 15 (2- and 4-bit gray), and 1 with zero_one. Boundaries: any truth but 0; at each threshold
 * the thinned pixels at or above it are matched one to one with those of each annotator, as many and then as near as
 * possible. Tolerance: Euclidean distance <= tolerance between pixel centres, judged pixels only.
 * Returns EDGEL_OK; EDGEL_EFORMAT: sizes differ (both are named), channels that differ, a
 * float truth, a prediction that IDS cannot read, an annotator the image does not have; EDGEL_EINVAL: params;
 * EDGEL_ENOMEM. Exact integers.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_measure_image(const struct edgel_measure *params, const struct edgel_mask *prediction, bool zero_one,
                    const struct edgel_mask *truth, size_t ntruth, const struct edgel_mask *valid,
                    struct edgel_row *row, struct edgel_error *err);

/* A prediction of boundaries or regions in one of three forms; the others are NULL. */
struct edgel_prediction {
    const struct edgel_mask *map; /* soft, of no use for regions. A map of (2w+1) x (2h+1) is read as ucm2. */
    const struct edgel_mask *segmentations; /* [n] labels, one a threshold */
    size_t n;
    const double
        *ucm2; /* [h * w] contours of a hierarchy between the pixels, twice the truth's sides and one */
    int w, h;
};

/* The truth of n annotators; NULL for what is not measured. */
struct edgel_truth {
    const struct edgel_mask *boundaries, *segmentations; /* [n] */
    size_t n;
};

/*
 * Measures boundaries (EDGEL_BOUNDARY_BSDS), regions, or both of one image in whatever form they are predicted.
 *
 * params      with listed: a prediction is segmentations, as many as thresholds; else a map or a hierarchy
 * prediction  NULL: missing, nothing is detected
 * zero_one    as edgel_measure_image()
 * row         as there
 * Returns as edgel_measure_image(); EDGEL_EFORMAT also: a prediction of the other form, or of another number;
 * EDGEL_EINTERRUPTED by params->stop, with the row as after any failure.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_measure_maps(const struct edgel_measure *params,
                                                               const struct edgel_prediction *prediction,
                                                               bool zero_one, const struct edgel_truth *truth,
                                                               struct edgel_row *row,
                                                               struct edgel_error *err);

/* --- objects of COCO documents --- */

/*
 * A document in one of the JSON forms of the COCO data set:
 *   instances  {"images":[{id, file_name, width, height}], "annotations":[{image_id, category_id, id, iscrowd,
 *              segmentation}], "categories":[{id, name}]}; images and categories may be absent
 *   results    [{image_id, category_id, segmentation}]
 *   panoptic   as instances, an annotation being {image_id, file_name, segments_info:[{id, category_id, iscrowd}]}: the
 *              objects are those of the mask file_name, whose values are R + 256 G + 65536 B and the segments' ids
 * segmentation is {"size":[height, width], "counts":[...] or "..."}: run lengths column by column, runs of 0 and 1 by
 * turns, the first of 0; polygons are
 * EDGEL_EUNSUPPORTED when their image is measured. Ids are whole and not negative, categories at most 65535. Keys that
 * are not named here are passed over, scores among them.
 */
struct edgel_coco;
struct edgel_coco_image {
    int64_t id;
    const char *name; /* file_name without its extension; the id in digits when there is none */
    bool named;       /* by file_name */
    const char *mask; /* panoptic: file_name of the annotation; NULL: the annotation is missing */
    int w, h;         /* 0: unknown */
    size_t first, n;  /* its annotations */
};
/* Of a text, which is copied. name: for messages. EDGEL_EFORMAT (annotation, rule); EDGEL_ELIMIT: over 2^31 bytes, an
 * element of more than 2^23; EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_coco_parse(const char *text, size_t n, const char *name,
                                                             struct edgel_coco **out,
                                                             struct edgel_error *err);
/*
 * Of a file, element by element: ids and names stay in memory, and annotations are read once more with their image.
 * limits: max_file_bytes alone, 0: 2^31; NULL: the defaults. As edgel_coco_parse(), and EDGEL_EIO. Measuring then says
 * EDGEL_EFORMAT of a file that was changed in between.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_coco_open(const char *path,
                                                            const struct edgel_limits *limits,
                                                            struct edgel_coco **out, struct edgel_error *err);
/* Frees the document, with all that edgel_coco_at() and what follows gave of it, and sets *coco to NULL. NULL is
 * fine. */
EDGEL_API void edgel_coco_destroy(struct edgel_coco **coco);
/* The images, rising id: those listed and those of the annotations. */
EDGEL_API size_t edgel_coco_count(const struct edgel_coco *coco);
EDGEL_API const struct edgel_coco_image *edgel_coco_at(const struct edgel_coco *coco, size_t i);
EDGEL_API bool edgel_coco_panoptic(const struct edgel_coco *coco);
EDGEL_API const struct edgel_classes *edgel_coco_categories(const struct edgel_coco *coco); /* NULL: none */

/* One side of pairs: a document, or masks in files. */
struct edgel_coco_side {
    const struct edgel_coco *document;      /* NULL: masks */
    const char *path;                       /* of the document, or of the folder of the masks */
    const char *const *keys, *const *paths; /* [n] of the masks: relative path without extension, the file */
    size_t n;
};
/* No document, no path, no masks. */
EDGEL_API void edgel_coco_side_init(struct edgel_coco_side *side);
/* An image of either side or of both. */
struct edgel_coco_pair {
    const char *key;
    /* The mask's file, or (not panoptic) what messages call the image of a document; NULL: missing. */
    const char *truth, *prediction;
    size_t truth_image, image; /* in the documents of truth and prediction; SIZE_MAX none */
};
struct edgel_coco_pairs;
/*
 * Pairs the images of two sides, of which one at least is a document, in byte order of the keys.
 *
 * Two documents are paired by the ids of their images, a document and masks by name: file_name without extension, or
 * the image's id in digits, before which a mask may have zeros. The masks of a panoptic document FOLDER/NAME.json are
 * FOLDER/NAME/file_name; images for which it names none are no part of it. An image that a list of results does not
 * name has a prediction without objects.
 *
 * Documents must outlive the pairs; the strings are theirs. The caller destroys *out, which is NULL after a failure.
 * Returns EDGEL_OK or EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_coco_pairs_make(const struct edgel_coco_side *truth,
                                                                  const struct edgel_coco_side *prediction,
                                                                  struct edgel_coco_pairs **out,
                                                                  struct edgel_error *err);
EDGEL_API void edgel_coco_pairs_destroy(struct edgel_coco_pairs **pairs); /* NULL is fine */
EDGEL_API size_t edgel_coco_pairs_count(const struct edgel_coco_pairs *pairs);
EDGEL_API const struct edgel_coco_pair *edgel_coco_pairs_at(const struct edgel_coco_pairs *pairs, size_t i);

/* The objects of one side: of an image of a document, of a mask, or (panoptic) of both. */
struct edgel_object_source {
    const struct edgel_coco *document; /* NULL: the values of the mask */
    size_t image;                      /* index in the document; SIZE_MAX: it tells of no object there */
    const struct edgel_mask *mask;     /* NULL: run lengths */
};
/* Neither document nor mask, image SIZE_MAX. */
EDGEL_API void edgel_object_source_init(struct edgel_object_source *source);
/*
 * Measures one image as edgel_measure_image() does for params->objects IDS, from any two sources. Value 0 of a panoptic
 * truth is void.
 *
 * by_class    objects have the categories of their documents, and both sides must have one; else all are of class 1
 * prediction  NULL: missing, nothing is predicted
 * valid       NULL: all pixels; else non-zero pixels are judged, for a truth without a document
 * Returns EDGEL_OK; EDGEL_EFORMAT: sizes differ, run lengths that do not sum to the pixels, a segment that the document
 * or the mask does not have; EDGEL_EUNSUPPORTED: polygons; EDGEL_EINVAL: params, valid or ignored values with a
 * document; EDGEL_ELIMIT: more than 2^31 pixels, or objects of one class that overlap in more than 2^20 pairs,
 * objects that overlap more than 2^27 times, more than 2^21 runs on one side; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_measure_objects(const struct edgel_measure *params, bool by_class,
                      const struct edgel_object_source *prediction, const struct edgel_object_source *truth,
                      const struct edgel_mask *valid, struct edgel_row *row, struct edgel_error *err);

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

/* --- counts files: JSON lines, schema edgel.counts/2; edgel.counts/1 is read --- */

/* EDGEL_OK when counts measured under a and b may be put together: equal in all fields (ignore as a set). EDGEL_EFORMAT
 * names the first field that differs. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_measure_agree(const struct edgel_measure *a, const struct edgel_measure *b, struct edgel_error *err);

/* First line: how pixels were measured, the convention asked for (defaults of a later report), the methods' names. */
struct edgel_counts_header {
    struct edgel_measure measure;
    struct edgel_reduce reduce;
    const char *const *predictions;
    size_t npredictions;
    struct edgel_shard shard; /* zeroed: the whole. items and digest: the names of all rows of the whole */
    uint64_t rows;            /* of this file: with fewer or more it is cut or altered; 0: unknown */
};

/* Writes the header line, whose labels must be resolved, and after it the line of each row. EDGEL_EIO, EDGEL_ENOMEM,
 * EDGEL_ELIMIT (a line over 64 MB). */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_counts_write_header(struct edgel_output *out, const struct edgel_counts_header *header,
                          struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_counts_write_row(struct edgel_output *out, const struct edgel_row *row, struct edgel_error *err);

/* Reads a counts file line by line; several may be put together when edgel_measure_agree() says so of their headers.
 * Hostile until checked: ids are bounded and counts not negative, a row's cells rise without repetition and sum to its
 * pixels, which are at most w * h; its sweep and tolerance counts agree with its cells. Keys that are not known are
 * passed over. */
struct edgel_counts_reader;
/* path "-" is standard input. EDGEL_EIO, EDGEL_EFORMAT (file, line, rule), EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_counts_open(const char *path, struct edgel_counts_reader **out, struct edgel_error *err);
/* The same from memory, which must stay until the reader is closed; name: for messages. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_counts_open_bytes(const void *bytes, size_t n,
                                                                    const char *name,
                                                                    struct edgel_counts_reader **out,
                                                                    struct edgel_error *err);
/* Valid until the reader is closed. */
EDGEL_API const struct edgel_counts_header *edgel_counts_header_of(const struct edgel_counts_reader *reader);
/* *more = false at the end; then row is empty. The caller finishes row. Rows are in the order of methods, and of each
 * in byte order of the names; EDGEL_EFORMAT when one stands twice or out of order. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_counts_next(struct edgel_counts_reader *reader,
                                                              struct edgel_row *row, bool *more,
                                                              struct edgel_error *err);
/* Ends reading, at the end of the file or before; the header is gone then, rows are the caller's and stay. Sets *reader
 * to NULL; NULL is fine. */
EDGEL_API void edgel_counts_close(struct edgel_counts_reader **reader);

/*
 * Joins the counts of all shards of one run, in any order, into the counts of the whole, byte for byte: rows in the
 * order of methods, and of each in byte order of the names.
 *
 * output  as edgel_output_begin(); appears only when all is well
 * stop    asked now and then with user; may be NULL
 * Returns EDGEL_OK; EDGEL_EINVAL: a shard is missing, given twice, of another list, no shard at all, or its first line
 * differs from the others' (the text says in what); EDGEL_EFORMAT: as edgel_counts_next(), a row out of order or in two
 * files, or rows that are missing; EDGEL_EIO; EDGEL_ENOMEM; EDGEL_EINTERRUPTED.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_counts_merge(const char *const *paths, size_t npaths,
                                                               const char *output, bool (*stop)(void *user),
                                                               void *user, struct edgel_error *err);

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
EDGEL_API void edgel_reducer_destroy(struct edgel_reducer **reducer); /* NULL is fine */

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
EDGEL_API void edgel_class_results_free(struct edgel_class_result *results, size_t n);

/* The best point of one image's boundaries, the first of the largest F, between neighbouring thresholds as well (as ODS
 * of that image alone). EDGEL_EINVAL (not measured), EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_boundary_best_point(const struct edgel_boundary_counts *c,
                                                                      struct edgel_operating_point *out,
                                                                      struct edgel_error *err);

/* --- boxes --- */

/* The points x0 <= x <= x1, y0 <= y <= y1, of a magnitude below 1e75; pixels x..x+1 of an image have x1 = x + 1. */
struct edgel_box {
    double x0, y0, x1, y1;
};
/* Intersection over union, 0 to 1, and its generalised (-1 to 1), distance (-1 to 1) and complete (-1.5 to 1) forms.
 * I: area of the intersection, U: of the union, C: of the smallest box that holds both, d: distance of the centres, c:
 * diagonal of that box. IoU = I / U; GIoU = IoU - (C - U) / C; DIoU = IoU - d^2 / c^2; CIoU = DIoU - a v with
 * v = (2 / pi (atan(wA / hA) - atan(wB / hB)))^2, a = v / (1 - IoU + v). Equal boxes have 1 in all four.
 * The same bits everywhere. */
EDGEL_API double edgel_box_iou(const struct edgel_box *a, const struct edgel_box *b);
EDGEL_API double edgel_box_giou(const struct edgel_box *a, const struct edgel_box *b);
EDGEL_API double edgel_box_diou(const struct edgel_box *a, const struct edgel_box *b);
EDGEL_API double edgel_box_ciou(const struct edgel_box *a, const struct edgel_box *b);

/* The threshold that covers one image's truth best, the first of equals; values are rounded as in regions_rounded.
 * EDGEL_EINVAL: not measured. */
struct edgel_region_best {
    double threshold, covering, reverse; /* reverse: covering of the prediction by the truth */
};
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_region_best_point(const struct edgel_region_counts *c,
                                                                    int w, int h,
                                                                    struct edgel_region_best *out,
                                                                    struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
