/* eval_priv.h: what the files of src/eval share. Ids are 0..65535 wherever pixels are read. */
#ifndef EDGEL_EVAL_PRIV_H
#define EDGEL_EVAL_PRIV_H

#include "core/core_priv.h"
#include "edgel/eval.h"
#include <math.h>

enum { EDGEL_THRESHOLDS_MAX = 65535 };

/* Above it every pair of pixels of the largest image is within reach. */
#define EDGEL_TOLERANCE_MAX 1e9

/* Of the counts and of the results of a family. */
enum { EDGEL_PART_SIZE_MAX = 4096 };

/* EDGEL_ENOMEM with "WHAT, WxH: out of memory". */
static inline enum edgel_status edgel_no_memory_for(struct edgel_error *err, const char *what, int w, int h)
{
    return edgel_fail(err, EDGEL_ENOMEM, "%s, %dx%d: out of memory", what, w, h);
}

struct edgel_mean {
    double sum;
    uint64_t n;
};

/* --- families.c: the table of families --- */

struct edgel_map_masks;
struct edgel_sweep;
/* What a family can be measured from, once the pixels of an image are read. */
struct edgel_measuring {
    const struct edgel_measure *params;
    int w, h;
    bool missing;
    const struct edgel_mask *prediction, *truth, *valid; /* prediction NULL: missing; valid NULL: all */
    uint64_t pixels;
    const struct edgel_confusion *confusion;
    struct edgel_sweep *sweep;          /* EDGEL_NEEDS_LEVELS: its pixels */
    int32_t *t_plane, *p_plane;         /* EDGEL_NEEDS_PLANES: [w * h] judged ids, else -1 */
    int32_t *whole;                     /* EDGEL_NEEDS_WHOLE: [w * h] predicted ids, judged or not */
    int32_t only;                       /* BINARY: the one id that is listed; else -1 */
    const struct edgel_map_masks *maps; /* EDGEL_NEEDS_MAPS */
    struct edgel_row *row;
    struct edgel_error *err;
};
/* The prediction and the truth of boundaries and regions, checked. */
struct edgel_map_masks {
    const struct edgel_prediction *prediction; /* NULL: missing */
    int full;                                  /* of its map */
    const struct edgel_mask *raw;              /* the map before its suppression; NULL: not suppressed */
    int raw_full;
    struct edgel_truth truth;
};
enum { EDGEL_NEEDS_LEVELS = 1, EDGEL_NEEDS_PLANES = 2, EDGEL_NEEDS_WHOLE = 4, EDGEL_NEEDS_MAPS = 8 };

struct edgel_place;
/* What has no use beside a family, from that value of its first option on: the key of a parameter. */
struct edgel_exclusion {
    const char *key;
    int from;
};

/* A family: all that the files of src/eval know of it. where: "FILE:LINE". */
struct edgel_id_totals;
struct edgel_family_row {
    enum edgel_family family;
    const char *name;
    const char *key;      /* of its counts in a line */
    const char *measures; /* what, in a few words */
    /* Its options: the first one asks for it. */
    const struct edgel_family_option *options;
    int noptions;
    const char *asks;                             /* the parameter that asks for it, in place of an option */
    bool (*asked)(const struct edgel_measure *m); /* whether that does; NULL: as its first option says */
    /* Where its options stand in "measure" of a counts file: after "thresholds", after "annotator", at the end. */
    enum { EDGEL_STORED_HEAD, EDGEL_STORED_BODY, EDGEL_STORED_TAIL } stored;
    /* Whether, asked for, it is measured in place of pixels; NULL: never. */
    bool (*in_place)(const struct edgel_measure *m);
    bool null_when_off; /* its key stands there also when it is not asked for */
    const struct edgel_exclusion
        *excludes;             /* what has no use beside it; ends with a zeroed one; NULL: nothing */
    const char *const *serves; /* keys of what has no use without it; ends with NULL; NULL: nothing */
    /* EDGEL_EINVAL when the parameters do not suit it, which is asked for; NULL: they do when they are in range. */
    enum edgel_status (*suits)(const struct edgel_measure *m, struct edgel_error *err);
    unsigned needs; /* EDGEL_NEEDS_ */
    /* What was counted when pixels were read, so that no other ids can be ignored later; NULL: nothing. */
    const char *settles;
    size_t counts_size; /* of its struct in a row */
    /* Fills its counts, which are zeroed. */
    enum edgel_status (*measure)(const struct edgel_measuring *k, void *counts);
    /* Its keys of a line of a counts file, from the comma on; nothing where it was not measured. */
    void (*write)(struct edgel_text *t, const void *counts);
    /* The same back into the counts, which are zeroed; types and bounds checked. line: the object of the row. */
    enum edgel_status (*read)(const struct edgel_place *p, const struct edgel_json *line,
                              const struct edgel_measure *m, void *counts);
    /* The rule that a row that was read does not keep; NULL: it keeps them all. All families have been read. */
    const char *(*check)(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of);
    /* What must hold of any row, whoever made it, before its numbers are used; NULL: it does. */
    const char *(*sound)(const struct edgel_measure *m, const struct edgel_row *row);
    void (*finish)(void *counts); /* frees what the counts hold, not themselves */
    const struct edgel_summing *sums;
};

/* A row that is being added to a reducer. */
struct edgel_adding {
    const struct edgel_reducer *reducer;
    const struct edgel_row *row;
    const struct edgel_pixel_counts *pixels; /* of this image, by class of the reducer */
    uint64_t all;                            /* judged pixels of this image */
};
/* A score of a summary from the results of a family. */
struct edgel_family_score {
    const char *key; /* NULL: the end of a list */
    double (*of)(const void *results);
};
/* How the counts of a family become its results. Sums start zeroed; false: memory is out. */
struct edgel_summing {
    size_t sums_size;   /* of what is kept over images; 0: nothing */
    size_t class_size;  /* of what is kept of each class of pixels, edgel_reducer_class(); 0: nothing */
    size_t result_size; /* of its struct in the summary */
    bool (*begin)(const struct edgel_reducer *r, void *sums); /* NULL: nothing to do, here and below */
    /* Makes room for a row; what cannot be added is refused here. */
    enum edgel_status (*prepare)(const struct edgel_reducer *r, void *sums, const struct edgel_row *row,
                                 struct edgel_error *err);
    void (*add)(const struct edgel_adding *a, void *sums); /* that was prepared for */
    bool (*result)(const struct edgel_reducer *r, void *result);
    /* The scores that are computed from its results, by their keys in the table of scores; NULL: none. */
    const struct edgel_family_score *scores;
    /* The scores of the one image that was added, by class, as rows of CSV; NULL: it has none of its own. Freed with
     * edgel_class_results_free(). */
    enum edgel_status (*classes)(const struct edgel_reducer *r, const struct edgel_row *row,
                                 struct edgel_class_result **out, size_t *n, struct edgel_error *err);
    void (*finish)(void *sums);
    void (*finish_result)(void *result);
};
const struct edgel_family_row *edgel_family_of(enum edgel_family family);
bool edgel_family_asked(const struct edgel_family_row *family, const struct edgel_measure *m);
/* What those that are asked for need, bits EDGEL_NEEDS_. */
unsigned edgel_families_needs(const struct edgel_measure *m);
/* Puts the counts of all that are asked for into the row. */
EDGEL_NODISCARD enum edgel_status edgel_families_measure(const struct edgel_measuring *k);
/* Reads its counts of a line, if it is asked for; EDGEL_EFORMAT also when they are there and it is not. */
EDGEL_NODISCARD enum edgel_status edgel_family_read(enum edgel_family family, const struct edgel_json *line,
                                                    const char *where, const struct edgel_measure *m,
                                                    struct edgel_row *row, struct edgel_error *err);
/* What a table of families lacks; NULL: nothing. */
const char *edgel_families_odd(const struct edgel_family_row *const *rows, size_t n);
extern const struct edgel_summing edgel_curve_summing, edgel_distances_summing, edgel_boundary_summing,
    edgel_regions_summing, edgel_objects_summing;
extern const struct edgel_family_row edgel_pixels_family, edgel_curve_family, edgel_tolerance_family,
    edgel_distances_family, edgel_boundary_family, edgel_regions_family, edgel_bands_family,
    edgel_davis_family, edgel_objects_family;

/* --- convention.c: options --- */
extern const char *const edgel_option_switch[]; /* the words of switches */
/* Whether a value asks for something. */
static inline bool edgel_option_on(const struct edgel_family_option *o, double value)
{
    return o->kind == EDGEL_OPTION_REAL ? !isnan(value) : value > 0;
}
const char *edgel_option_word(const struct edgel_family_option *o, double value);
/* EDGEL_EINVAL: out of its range. */
EDGEL_NODISCARD enum edgel_status edgel_option_check(const struct edgel_family_option *o, double value,
                                                     struct edgel_error *err);

/* --- measure_options.c --- */
/* The place of an option; NULL: there is none of that key. */
const struct edgel_family_option *edgel_option_find(const char *key, enum edgel_family *family, int *i);

/* EDGEL_EINVAL: an option is out of range; or, beyond that, parameters do not go together. */
EDGEL_NODISCARD enum edgel_status edgel_options_in_range(const struct edgel_measure *m,
                                                         struct edgel_error *err);
EDGEL_NODISCARD enum edgel_status edgel_options_check(const struct edgel_measure *m, struct edgel_error *err);

/* --- counts_options.c --- */
/* From the comma on; nothing where it is not asked for. */
void edgel_options_write(struct edgel_text *t, const struct edgel_family_row *f,
                         const struct edgel_measure *m);
EDGEL_NODISCARD enum edgel_status edgel_options_read(const struct edgel_place *p,
                                                     const struct edgel_family_row *f,
                                                     const struct edgel_json *measure,
                                                     struct edgel_measure *m);
/* The key of the first option that differs; NULL: none. */
const char *edgel_options_differ(const struct edgel_family_row *f, const struct edgel_measure *a,
                                 const struct edgel_measure *b);

/* --- convention.c --- */
/* EDGEL_EINVAL: a value that has no word. name: for the message. */
EDGEL_NODISCARD enum edgel_status edgel_convention_check(enum edgel_convention key, const char *name,
                                                         int value, struct edgel_error *err);

/* --- families.c --- */
/* The family's counts of a row, zeroed when they are new; NULL: memory is out. */
void *edgel_row_part(struct edgel_row *row, enum edgel_family family);

/* --- cell_totals.c --- */
/* The judged pixels of an id in the cells; both: those that have it on either side, which are at distance 0. */
struct edgel_id_totals {
    uint64_t truth, prediction, both;
};
/* of[EDGEL_IDS], zeroed */
size_t edgel_ids_there(const struct edgel_id_totals *of); /* ids that occur on either side */
void edgel_totals_by_id(const struct edgel_measure *m, const struct edgel_row *row,
                        struct edgel_id_totals *of);
/* Over all ids; predicted: judged pixels that have a prediction. */
struct edgel_cell_totals {
    uint64_t judged, positives, predicted;
};
struct edgel_cell_totals edgel_totals_of_cells(const struct edgel_measure *m, const struct edgel_row *row);

/* --- counts_json.c: values of a line, with errors that say where --- */
struct edgel_place {
    const char *where;
    struct edgel_error *err;
};
enum edgel_status edgel_place_refuse(const struct edgel_place *p, const char *key, const char *rule);
enum edgel_status edgel_place_no_memory(const struct edgel_place *p);
EDGEL_NODISCARD enum edgel_status edgel_place_bool(const struct edgel_place *p, const struct edgel_json *v,
                                                   const char *key, bool *out);
/* The index of the string v among the words, which end with NULL. */
EDGEL_NODISCARD enum edgel_status edgel_place_word(const struct edgel_place *p, const struct edgel_json *v,
                                                   const char *key, const char *const *words, int *out);
EDGEL_NODISCARD enum edgel_status edgel_place_whole(const struct edgel_place *p, const struct edgel_json *v,
                                                    const char *key, int64_t lo, int64_t hi, int64_t *out);
/* *n entries of a list, at most max. */
EDGEL_NODISCARD enum edgel_status edgel_place_array(const struct edgel_place *p, const struct edgel_json *v,
                                                    const char *key, size_t max, size_t *n);
/* v[n] from a list of n whole numbers in lo..hi. */
EDGEL_NODISCARD enum edgel_status edgel_place_tuple(const struct edgel_place *p, const struct edgel_json *a,
                                                    const char *key, size_t n, int64_t lo, int64_t hi,
                                                    int64_t *v);
/* One count for each of n thresholds, to be freed. */
EDGEL_NODISCARD enum edgel_status edgel_place_counts(const struct edgel_place *p, const struct edgel_json *v,
                                                     const char *key, int n, uint64_t **out);
/* ,"KEY":[v...] */
void edgel_counts_list(struct edgel_text *t, const char *key, const uint64_t *v, size_t n);
/* One number for each of n thresholds, to be freed; ,"KEY":[v...] */
EDGEL_NODISCARD enum edgel_status edgel_place_reals(const struct edgel_place *p, const struct edgel_json *v,
                                                    const char *key, int n, double **out);
void edgel_counts_reals(struct edgel_text *t, const char *key, const double *v, int n);

enum { EDGEL_ENTRY_FIELDS_MAX = 8 };
/* --- entries.c: lists with an entry an id, struct { int32_t id; uint64_t counts[fields]; } --- */
/* ,"KEY":[[id,count...]...]; nothing when there is none. */
void edgel_entries_write(struct edgel_text *t, const char *key, const void *v, size_t n, size_t fields);
/* *n entries, to be freed, of the list of that key in a line; ids in range, none where there is no list. */
EDGEL_NODISCARD enum edgel_status edgel_entries_read(const struct edgel_place *p,
                                                     const struct edgel_json *line, const char *key,
                                                     size_t fields, void **out, size_t *n);
/* The rule that they do not keep, NULL: ids rise and are those of the cells (BINARY: 1 alone), and nothing is odd of
 * any. size: of an entry, which begins with its id. */
const char *edgel_entries_odd(const struct edgel_measure *m, const struct edgel_row *row,
                              const struct edgel_id_totals *of, const void *v, size_t n, size_t size,
                              const char *(*odd)(const struct edgel_row *row, const void *entry,
                                                 const struct edgel_id_totals *of));

/* --- mask.c --- */
/* Checks that a mask's type can be read as ids (or, soft, as shares of the full range). role: "truth", as messages say
 * it before the mask's file. */
EDGEL_NODISCARD enum edgel_status edgel_mask_check(const struct edgel_mask *mask, const char *role, bool soft,
                                                   struct edgel_error *err);
/* The value that stands for "all": 1 for 1-bit and palette masks and where zero_one says so, else the largest of the
 * stored depth; float 1. */
int edgel_mask_full(const struct edgel_mask *mask, bool zero_one);
bool edgel_mask_is_float(const struct edgel_mask *mask);
EDGEL_NODISCARD enum edgel_status edgel_mask_check_size(const struct edgel_mask *mask, const char *role,
                                                        const struct edgel_mask *truth,
                                                        struct edgel_error *err);
/* Row y as ids; EDGEL_EFORMAT (a colour mask whose channels differ) names role and file. */
EDGEL_NODISCARD enum edgel_status edgel_mask_read(const struct edgel_mask *mask, const char *role, int y,
                                                  uint16_t *ids, struct edgel_error *err);
/* True for pixel x of row y that is not 0 in its first channel. */
bool edgel_mask_set(const struct edgel_mask *mask, int x, int y);

/* --- confusion.c --- */
struct edgel_confusion {
    uint64_t *dense; /* [256 * 256], truth major: ids below 256 */
    uint32_t *keys;  /* open addressing for the others: truth << 16 | prediction */
    uint64_t *counts;
    size_t slots, used; /* slots: 0 or a power of two; a slot is free when its count is 0 */
};
EDGEL_NODISCARD bool edgel_confusion_init(struct edgel_confusion *c); /* false: out of memory */
EDGEL_NODISCARD bool edgel_confusion_add(struct edgel_confusion *c, const uint16_t *truth,
                                         const uint16_t *prediction, size_t n);
EDGEL_NODISCARD bool edgel_confusion_cells(const struct edgel_confusion *c, struct edgel_cell **cells,
                                           size_t *ncells);
void edgel_confusion_finish(struct edgel_confusion *c);

/* --- curve.c --- */
/* Number of k in 1..n with v * (n + 1) >= k * full. */
int edgel_curve_passed(uint32_t v, int n, int full);
/* The same for float samples: number of k with v >= (float)(k / (n + 1)); NaN passes none. */
int edgel_curve_passed_float(float v, int n);
/* hist[0..n]: pixels by level. out[k - 1] = pixels of level k and above. */
void edgel_curve_suffix(const uint64_t *hist, int n, uint64_t *out);
/* The judged pixels of a soft map, by level and truth. A slot is an integer sample (at most full), or the level of a
 * float one. */
struct edgel_sweep {
    const struct edgel_mask *map; /* NULL: missing */
    int full, n;                  /* the last slot; thresholds */
    uint16_t *slots, *steps;      /* [w] of a row: slots; of floats also thresholds passed */
    const float *row;             /* of floats: the row, and from one pixel to the next */
    int step;
    uint64_t *hist[2],
        *passed[2]; /* negatives, positives: [full + 1] by slot; [n + 1] by thresholds passed */
    bool binned;    /* some float sample is not equal to its level */
};
/* False: out of memory; finish all the same. full: of the map's integer samples. */
EDGEL_NODISCARD bool edgel_sweep_init(struct edgel_sweep *s, const struct edgel_mask *map, int full, int n,
                                      int w);
void edgel_sweep_finish(struct edgel_sweep *s);
/* The next row of the map: integer samples; or floats, step apart. */
void edgel_sweep_ids(struct edgel_sweep *s, const uint16_t *ids, int w);
void edgel_sweep_floats(struct edgel_sweep *s, const float *v, int step, int w);
/* Counts its pixels. side[w]: 0 negative, 1 positive, -1 not judged. */
void edgel_sweep_add(struct edgel_sweep *s, const int8_t *side, int w);
/* The counts of all rows, c zeroed; once. False: out of memory; the caller frees what is in c. */
EDGEL_NODISCARD bool edgel_sweep_counts(struct edgel_sweep *s, struct edgel_curve_counts *c);

/* --- curve_scores.c: of levels, rising --- */
double edgel_curve_ap(const struct edgel_curve_level *v, size_t n);
double edgel_curve_auc(const struct edgel_curve_level *v, size_t n);
/* How far both can be from the values of pixels whose order within a level is not known. */
void edgel_curve_errors(const struct edgel_curve_level *v, size_t n, double *ap, double *auc);
/* The threshold of the largest F1, with what it counts. */
struct edgel_curve_best {
    int level; /* -1: none finds a positive */
    uint64_t tp, fp;
};
struct edgel_curve_best edgel_curve_find_best(const struct edgel_curve_level *v, size_t n);

/* --- edt.c --- */
enum { EDGEL_EDT_FAR = INT32_MAX };
void edgel_edt_columns(const uint8_t *set, int w, int h, int32_t *g);
void edgel_edt_row(const int32_t *g, int w, int64_t *d2, int32_t *s, int32_t *t);
/* Working memory for distances between two sets of up to w x h pixels. Finish also after init said false (no
 * memory). */
struct edgel_edt_pair {
    uint8_t *set[2];
    int32_t *g, *s, *t; /* columns; scratch of a row */
    int64_t *d2;        /* a row */
};
bool edgel_edt_pair_init(struct edgel_edt_pair *e, int w, int h);
void edgel_edt_pair_finish(struct edgel_edt_pair *e);

/* --- id_boxes.c --- */
struct edgel_id_box {
    int32_t id;
    int x0, y0, x1, y1; /* holds the pixels of both sides, last ones included */
    uint64_t truth, prediction;
};
/* The n ids that have counts, rising: those that occur, and a single one always; to be freed with edgel_free(). truth,
 * prediction: w * h ids, negative where nothing is; prediction NULL: nothing at all. only: a single id, or -1: all.
 * NULL: memory is out, and n is 0. */
struct edgel_id_box *edgel_id_boxes(const int32_t *truth, const int32_t *prediction, int w, int h,
                                    int32_t only, size_t *n);

/* --- distances.c --- */
/* The n classes of two planes of w * h ids, rising: those that occur, and a single one (only, not negative) always;
 * prediction NULL: a missing one. */
EDGEL_NODISCARD enum edgel_status edgel_distances_measure(const int32_t *truth, const int32_t *prediction,
                                                          int w, int h, int32_t only,
                                                          struct edgel_distance_list *out,
                                                          struct edgel_error *err);
void edgel_distances_finish(void *list);

/* --- bands.c --- */
/* The width in pixels of a band whose width is that share of the diagonal. */
int edgel_band_width(double share, int w, int h);
/* As edgel_distances_measure(). */
EDGEL_NODISCARD enum edgel_status edgel_bands_measure(const int32_t *truth, const int32_t *prediction, int w,
                                                      int h, double width, int32_t only,
                                                      struct edgel_band_list *out, struct edgel_error *err);

double edgel_band_iou(const struct edgel_band_counts *c, enum edgel_empty empty);

/* --- contours.c --- */
/* As edgel_distances_measure(). */
EDGEL_NODISCARD enum edgel_status edgel_contours_measure(const int32_t *truth, const int32_t *prediction,
                                                         int w, int h, int32_t only,
                                                         struct edgel_tolerance_list *out,
                                                         struct edgel_error *err);

/* --- measure_objects.c --- */
static inline enum edgel_objects edgel_objects_kind(const struct edgel_measure *m)
{
    return (enum edgel_objects)m->options[EDGEL_OBJECTS][0];
}
/* True where objects are matched in place of pixels. */
static inline bool edgel_objects_alone(const struct edgel_measure *m)
{
    return m->options[EDGEL_OBJECTS][0] >= EDGEL_OBJECTS_IDS;
}
enum edgel_status edgel_objects_family_measure(const struct edgel_measuring *k,
                                               void *counts); /* of the table of families */

/* --- object_match.c --- */
void edgel_objects_free(struct edgel_object_counts *v, size_t n);

/* --- distance_scores.c --- */
enum { EDGEL_NDISTANCES = 3 + EDGEL_NSD_MAX };
struct edgel_distance_sums {
    struct edgel_mean values[EDGEL_NDISTANCES];
    uint64_t both, missed, invented, empty;
};
double *edgel_distance_at(struct edgel_distance_scores *s, int i); /* hd, hd95, assd, nsd... */
/* Adds one image; c NULL: neither side has the class. */
void edgel_distance_sums_add(struct edgel_distance_sums *sums, const struct edgel_distance_counts *c, int w,
                             int h, const struct edgel_reduce *reduce);
void edgel_distance_sums_result(const struct edgel_distance_sums *sums, struct edgel_distance_result *out);

/* --- tolerance.c --- */
/* truth, prediction: w * h ids, negative where nothing is. only: a single id that is always listed, or -1: all ids. */
EDGEL_NODISCARD enum edgel_status edgel_tolerance_measure(const int32_t *truth, const int32_t *prediction,
                                                          int w, int h, double tolerance, int32_t only,
                                                          struct edgel_tolerance_list *out,
                                                          struct edgel_error *err);

/* --- measure_options.c --- */
EDGEL_NODISCARD enum edgel_status edgel_measure_check(const struct edgel_measure *params, size_t ntruth,
                                                      struct edgel_error *err);

/* --- boundary.c --- */
/* Whether boundaries or regions are measured in place of pixels. */
static inline bool edgel_of_maps(const struct edgel_measure *m)
{
    return m->options[EDGEL_BOUNDARY][0] > 0 || m->options[EDGEL_REGIONS][0] > 0;
}
enum { EDGEL_MAX_DIST = 1, EDGEL_THIN, EDGEL_NMS, EDGEL_NMS_RATIO, EDGEL_NMS_RADIUS, EDGEL_BOUNDARY_OPTIONS };
static inline double edgel_boundary_option(const struct edgel_measure *m, int i)
{
    return m->options[EDGEL_BOUNDARY][i];
}
/* Thresholds of the sweep over pixels: none where boundaries are matched instead. */
static inline int edgel_curve_thresholds(const struct edgel_measure *m)
{
    return edgel_of_maps(m) ? 0 : m->thresholds;
}
/* EDGEL_EINTERRUPTED once the caller asks for a stop. */
EDGEL_NODISCARD static inline enum edgel_status edgel_measure_go_on(const struct edgel_measure *params,
                                                                    struct edgel_error *err)
{
    if (params->stop && params->stop(params->stop_user))
        return edgel_fail(err, EDGEL_EINTERRUPTED, "interrupted");
    return EDGEL_OK;
}
/* EDGEL_EINVAL when params do not suit boundaries and regions; suits of their rows. */
EDGEL_NODISCARD enum edgel_status edgel_maps_suit(const struct edgel_measure *params,
                                                  struct edgel_error *err);
/* What has no use beside either. */
extern const struct edgel_exclusion edgel_maps_exclude[];
/* Threshold k of n, from 1, as the benchmark computes it. */
double edgel_boundary_threshold(int k, int n);
/* Fills the counts, which are zeroed, and adds remarks. EDGEL_EFORMAT (a colour mask whose channels differ),
 * EDGEL_ELIMIT, EDGEL_ENOMEM, EDGEL_EINTERRUPTED. */
EDGEL_NODISCARD enum edgel_status edgel_boundary_measure(const struct edgel_measure *params,
                                                         const struct edgel_map_masks *maps,
                                                         struct edgel_boundary_counts *out, unsigned *remarks,
                                                         struct edgel_error *err);

/* --- map_nms.c --- */
/* out[w * h]: 8 bits. full: of the map. EDGEL_EFORMAT (a colour mask whose channels differ), EDGEL_ENOMEM. */
EDGEL_NODISCARD enum edgel_status edgel_map_nms(const struct edgel_mask *map, int full, double ratio,
                                                int radius, uint8_t *out, struct edgel_error *err);

/* --- hierarchy.c --- */
struct edgel_hierarchy {
    int w, grid_w, grid_h;   /* of the image, of the points */
    uint16_t *levels;        /* [grid] number of thresholds that a point is above */
    uint32_t *parent, *name; /* [grid] union-find; region of a root */
    uint32_t *points, *at;   /* points by level; at[level] the first */
    uint32_t *base;          /* [nbase] a point of each region that is told apart */
    uint32_t *map;           /* [nbase] its region at the threshold that was numbered last */
    uint32_t nbase;
};
/* False: out of memory; finish all the same. */
EDGEL_NODISCARD bool edgel_hierarchy_init(struct edgel_hierarchy *h, const struct edgel_prediction *p, int w,
                                          int thresholds);
void edgel_hierarchy_finish(struct edgel_hierarchy *h);
/* Joins the points that threshold k + 1 is the first to include with their neighbours that it includes; k from 0 on. */
void edgel_hierarchy_grow(const struct edgel_hierarchy *h, int k);
/* After grow(0): the regions of the pixels into region_of and base; a pixel above the threshold is one by itself, whose
 * point may join others later. False when there are such. */
bool edgel_hierarchy_base(struct edgel_hierarchy *h, size_t pixels, uint32_t *region_of);
/* Fills map for threshold k + 1, numbers rising as the regions come; their number. Unless whole, 0 is the region of the
 * points above the threshold. */
uint32_t edgel_hierarchy_number(const struct edgel_hierarchy *h, int k, bool whole);
/* From now on only the regions of map are told apart. */
void edgel_hierarchy_merge(struct edgel_hierarchy *h);

/* --- regions.c --- */
/* Fills the counts, which are zeroed. Sizes checked; prediction NULL: missing; else segmentations or ucm2, as
 * params->listed says. EDGEL_EFORMAT (a colour mask whose channels differ), EDGEL_ELIMIT, EDGEL_ENOMEM,
 * EDGEL_EINTERRUPTED. */
EDGEL_NODISCARD enum edgel_status edgel_regions_measure(const struct edgel_measure *params,
                                                        const struct edgel_prediction *prediction,
                                                        const struct edgel_mask *truth, size_t ntruth,
                                                        struct edgel_region_counts *out,
                                                        struct edgel_error *err);

/* --- region_scores.c --- */
struct edgel_region_sums {
    int n;
    bool listed, rounded;
    uint64_t images;
    double area, *covered, ois, best; /* covering */
    double *pri, *voi, pri_ois, voi_ois;
};
EDGEL_NODISCARD bool edgel_region_sums_init(struct edgel_region_sums *s, int n, bool listed, bool rounded);
void edgel_region_sums_add(struct edgel_region_sums *s, const struct edgel_row *row);
EDGEL_NODISCARD bool edgel_region_sums_result(const struct edgel_region_sums *s,
                                              struct edgel_region_result *out);
void edgel_region_sums_finish(struct edgel_region_sums *s);

/* --- scores.c --- */
struct edgel_pixel_counts {
    uint64_t tp, truth, prediction; /* of one class */
};
/* num / den; 0 / 0 by the rule. */
double edgel_ratio(double num, double den, enum edgel_empty empty);
/* *touched grows by one when one side has no pixel, so that the rule for empty classes gives some of the scores. */
void edgel_scores_pixels(const struct edgel_pixel_counts *c, uint64_t all, enum edgel_empty empty,
                         struct edgel_scores *out, uint64_t *touched);
void edgel_scores_tolerance(const struct edgel_tolerance_counts *t, enum edgel_empty empty,
                            struct edgel_scores *out, uint64_t *touched);
struct edgel_overall {
    double accuracy, kappa, fwiou;
};
struct edgel_overall edgel_scores_overall(const struct edgel_pixel_counts *c, size_t n, uint64_t all,
                                          enum edgel_empty empty);
/* Of one class: pixels, and what 0 / 0 is. */
struct edgel_score_counts {
    double tp, fp, fn, tn, all;
    enum edgel_empty empty;
};
/* Which number a score is where matches alone are counted: within a tolerance, of boundaries, of objects. */
enum edgel_score_match { EDGEL_NO_MATCH, EDGEL_MATCHED_PRECISION, EDGEL_MATCHED_RECALL, EDGEL_MATCHED_F1 };
struct edgel_score_row {
    struct edgel_score score;
    enum edgel_score_match match;
    double (*of_counts)(const struct edgel_score_counts *c); /* of a class; others are computed by a family */
};
const struct edgel_score_row *edgel_score_rows(size_t *n);
/* What a table of scores lacks; NULL: nothing. */
const char *edgel_scores_odd(const struct edgel_score_row *rows, size_t n);
size_t edgel_scores_count(void); /* scores of a class */
/* The scores where matches alone are counted; all others are undefined. */
struct edgel_scores edgel_scores_matched(double precision, double recall, double f1);

/* --- curve_reduce.c --- */
struct edgel_curve_sums {
    int n;
    uint64_t *tp, *fp; /* [n] */
    uint64_t positives, negatives;
    uint64_t ois_tp, ois_fp;
    bool coarse, binned;
    struct edgel_curve_level *levels; /* [EDGEL_LEVEL_MAX + 1]; coarse: NULL */
};
EDGEL_NODISCARD bool edgel_curve_sums_init(struct edgel_curve_sums *c, int n, bool coarse);
void edgel_curve_sums_add(struct edgel_curve_sums *c, const struct edgel_row *row);
EDGEL_NODISCARD bool edgel_curve_sums_result(const struct edgel_curve_sums *c,
                                             struct edgel_curve_result *out);
void edgel_curve_sums_finish(struct edgel_curve_sums *c);
/* The first of the largest F, also between neighbouring points. */
struct edgel_operating_point edgel_curve_ods(const struct edgel_operating_point *p, int n);
struct edgel_operating_point edgel_curve_point(double threshold, double recall, double precision);

/* --- curve_coarse.c: of thresholds alone --- */
double edgel_curve_coarse_ap(const struct edgel_operating_point *p, int n);
double edgel_curve_coarse_auc(const struct edgel_curve_sums *c);

/* --- boundary_reduce.c --- */
struct edgel_boundary_sums {
    int n;
    bool listed;
    uint64_t truth, *matched_truth, *prediction, *matched_prediction; /* [n] */
    struct {
        uint64_t matched_truth, prediction, matched_prediction;
    } ois; /* of each image's best threshold */
};
EDGEL_NODISCARD bool edgel_boundary_sums_init(struct edgel_boundary_sums *b, int n, bool listed);
void edgel_boundary_sums_add(struct edgel_boundary_sums *b, const struct edgel_boundary_counts *c);
EDGEL_NODISCARD bool edgel_boundary_sums_result(const struct edgel_boundary_sums *b,
                                                struct edgel_boundary_result *out);
void edgel_boundary_sums_finish(struct edgel_boundary_sums *b);
/* The point of threshold k (from 0) of one image, and the first threshold of its largest F. */
struct edgel_operating_point edgel_boundary_point(const struct edgel_boundary_counts *c, int k);
int edgel_boundary_best(const struct edgel_boundary_counts *c);

/* --- davis.c --- */
struct edgel_davis_value {
    uint64_t frame;
    int32_t id;
    bool truth; /* has it there */
    double j, f;
};
struct edgel_davis_sequence {
    char *name;
    uint64_t frames;
    struct edgel_davis_value *values;
    size_t nvalues;
};
struct edgel_davis_sums {
    struct edgel_davis_sequence *sequences; /* as they came */
    size_t nsequences;
};

/* --- object_reduce.c --- */
struct edgel_object_sums {
    int32_t id;
    uint64_t truth, prediction, passed, pairs, tp;
    uint64_t excused_half; /* excused ones among the pairs of IoU 0.5, which are no TP */
    uint64_t tp_at[EDGEL_OBJECT_IOUS], excused_below[EDGEL_OBJECT_IOUS];
    double iou, box[4]; /* of the TP; of the pairs */
};
struct edgel_objects_sums {
    struct edgel_object_sums *v; /* rising id */
    size_t n;
    bool fixed; /* classes do not come from the rows */
};

enum { EDGEL_IS_CLASS = 1, EDGEL_IS_IGNORED = 2 };

struct edgel_reducer {
    const struct edgel_measure *measure;
    const struct edgel_reduce *reduce;
    char *prediction;
    int32_t *ids; /* of the classes of pixels, rising; BINARY: 0 and 1 */
    size_t nclasses;
    uint8_t *known;           /* [EDGEL_IDS]: EDGEL_IS_CLASS, EDGEL_IS_IGNORED */
    bool fixed;               /* classes do not come from the rows */
    struct edgel_cell *cells; /* judged, summed over images, rising */
    size_t ncells;
    uint64_t images, missing, failed, all, ignored_predicted;
    struct {
        void *sums;
        size_t class_size;
        char *classes; /* [nclasses + 1] of class_size; the last one is what a class not yet seen has */
    } family[EDGEL_FAMILIES];
};

/* --- reducer_state.c --- */
bool edgel_reducer_binary(const struct edgel_reducer *r);
bool edgel_reducer_ignores(const struct edgel_reducer *r, int32_t id);
size_t edgel_reducer_index(const struct edgel_reducer *r, int32_t id); /* of a class */
/* Id under which a cell's truth is judged, or EDGEL_ID_NONE if it is ignored. */
int32_t edgel_reducer_judged(const struct edgel_reducer *r, const struct edgel_cell *c);
/* What a family keeps of class i; i = nclasses: of one that has not been seen. */
void *edgel_reducer_class(const struct edgel_reducer *r, enum edgel_family family, size_t i);
/* The first class that has a result: BINARY has none of the background. */
size_t edgel_reducer_first(const struct edgel_reducer *r);
bool edgel_reducer_in_mean(const struct edgel_reducer *r, int32_t id);
/* --- reducer.c --- */
/* Makes room for the ids of a row as classes; those seen for the first time start as absent ones. */
EDGEL_NODISCARD enum edgel_status edgel_reducer_learn(struct edgel_reducer *r, const struct edgel_row *row,
                                                      struct edgel_error *err);

/* --- reducer_state.c: means --- */
void edgel_mean_add(struct edgel_mean *m, double v); /* NaN leaves the mean */
double edgel_mean_value(const struct edgel_mean *m); /* NaN if nothing was added */

/* --- reducer_state.c --- */
enum edgel_status edgel_reduce_no_memory(struct edgel_error *err);

/* --- counts_read.c --- */
/* What must hold of a row's counts, beyond their types; where: "FILE:LINE". */
EDGEL_NODISCARD enum edgel_status edgel_counts_check_row(const struct edgel_measure *m,
                                                         const struct edgel_row *row, const char *where,
                                                         struct edgel_error *err);

enum { EDGEL_COUNTS_LINE_MAX = 1 << 26 };

/* --- counts_write.c --- */
void edgel_counts_reduce_json(struct edgel_text *t, const struct edgel_reduce *r);

/* --- counts/counts_json.c: the limits of edgel_counts_reading by their keys --- */
enum { EDGEL_READING_LIMITS = 5 };
extern const struct edgel_reading_limit {
    const char *key;
    size_t at; /* of a uint64_t */
} edgel_reading_limits[EDGEL_READING_LIMITS];
uint64_t edgel_counts_reading_limit(const struct edgel_counts_reading *r, int k);

#endif
