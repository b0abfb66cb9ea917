/* edgel/eval_measure.h: what is measured of an image: families and their options, the counts of a row. */
#ifndef EDGEL_EVAL_MEASURE_H
#define EDGEL_EVAL_MEASURE_H

#include "edgel/image.h"

#ifdef __cplusplus
extern "C" {
#endif

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
/* Sets an option of a family by its key, from a text ("on", "bsds", "0.02"). EDGEL_EINVAL: no such key, or a value out
 * of its range; measure is then as it was. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_measure_set(struct edgel_measure *measure, const char *key,
                                                              const char *text, struct edgel_error *err);
/* The same from a number: that of the option, or the index of its word, from 0. */
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

#ifdef __cplusplus
}
#endif

#endif
