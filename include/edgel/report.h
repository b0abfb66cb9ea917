/* edgel/report.h: show reduced scores as a table, JSON and CSV, and trainings as curves. */
#ifndef EDGEL_REPORT_H
#define EDGEL_REPORT_H

#include "edgel/eval.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Aligned text: one block per class table and one line per method when there are several; names the convention.
 * width: columns of the screen: tables that are wider are folded, their first columns again in each part, and scores
 * that are left out otherwise are shown where there is room; 0: neither. All: EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_table(struct edgel_output *out,
                                                               const struct edgel_summary *s, size_t n,
                                                               size_t width, struct edgel_error *err);

/* The summary document, schema edgel.eval/2; with n > 1 {"schema":…,"results":[…]}. Undefined values are null. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_report_json(struct edgel_output *out, const struct edgel_summary *s, size_t n, struct edgel_error *err);

/* CSV (RFC 4180), one row per image x class: header line, then the rows of one image at a time. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_csv_header(struct edgel_output *out,
                                                                    struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_report_csv_row(struct edgel_output *out, const char *prediction, const struct edgel_row *row,
                     const struct edgel_class_result *results, size_t n, struct edgel_error *err);

/*
 * A confusion matrix as CSV, with the names of its classes: rows truth, columns prediction, in pixels.
 *
 * names   [n] of the classes
 * matrix  [n * n], row = truth
 * other   [n] pixels of the truth that were predicted as no class, a last column "none" where there are any; NULL: none
 * EDGEL_EIO, EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_report_confusion(struct edgel_output *out, const char *const *names, size_t n, const uint64_t *matrix,
                       const uint64_t *other, struct edgel_error *err);
/* The same of a summary's pixels; s->measure must still be there. BINARY: "background" and "foreground". */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_summary_confusion(struct edgel_output *out,
                                                                           const struct edgel_summary *s,
                                                                           struct edgel_error *err);

/* CSV, one row per matched pair of objects: header line, then one pair at a time. agreement: IoU, GIoU, DIoU, CIoU of
 * their boxes. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_pairs_header(struct edgel_output *out,
                                                                      struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_report_pair(struct edgel_output *out, const char *prediction, const char *image, int32_t class_id,
                  const struct edgel_object_pair *pair, const double agreement[4], struct edgel_error *err);

/* The text files of the boundary benchmark, numbers as printf("%10g"). image: IMAGE_ev1.txt, a line per threshold:
 * threshold, matched truth, truth, matched detections, detections. best: a line of eval_bdry_img.txt: number of the
 * image from 1, T R P F. thresholds: eval_bdry_thr.txt, T R P F. summary: eval_bdry.txt, T R P F of ODS, R P F of OIS,
 * AP. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_bsds_image(struct edgel_output *out,
                                                                    const struct edgel_boundary_counts *c,
                                                                    struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_bsds_best(struct edgel_output *out, size_t number,
                                                                   const struct edgel_operating_point *best,
                                                                   struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_report_bsds_thresholds(struct edgel_output *out, const struct edgel_boundary_result *b,
                             struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_bsds_summary(struct edgel_output *out,
                                                                      const struct edgel_boundary_result *b,
                                                                      struct edgel_error *err);

/* --- from rows to scores --- */

/* What is scored and what is written on the way. All of it must outlive the scoring. */
struct edgel_scoring_params {
    const struct edgel_measure *measure;
    const struct edgel_reduce *reduce;
    const char *const *methods; /* [nmethods] names; a row's prediction is its index */
    size_t nmethods;
    struct edgel_output *csv;       /* a row per image and class; NULL: not wanted; committed by the caller */
    struct edgel_output *pairs_csv; /* a row per pair of objects; as csv */
    const char
        *bsds_folder; /* where the text files of the boundary benchmark go, of one method; NULL: none */
};
/* No convention and no method yet, and nothing written. */
EDGEL_API void edgel_scoring_params_init(struct edgel_scoring_params *params);
/* The rows of one or several methods on their way to scores. */
struct edgel_scoring;
/* Writes the first lines of csv and pairs_csv. EDGEL_EINVAL: no method, a convention that does not fit the counts
 * (edgel_reduce_check()), files of the benchmark of several methods; EDGEL_EIO; EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_scoring_create(const struct edgel_scoring_params *params,
                                                                 struct edgel_scoring **out,
                                                                 struct edgel_error *err);
/* Discards files of the benchmark that edgel_scoring_bsds() has not completed. NULL is fine. */
EDGEL_API void edgel_scoring_destroy(struct edgel_scoring **scoring);
/* Adds a row, in the order of the images, and writes its lines. EDGEL_EFORMAT: it cannot be scored (as
 * edgel_reducer_add()) and counts as failed, more may be added; EDGEL_EINVAL, EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_scoring_add(struct edgel_scoring *scoring, const struct edgel_row *row, struct edgel_error *err);
/* out[nmethods]: the scores of the rows so far, each finished by the caller; zeroed after a failure. EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_scoring_summaries(const struct edgel_scoring *scoring,
                                                                    struct edgel_summary *out,
                                                                    struct edgel_error *err);
/* Completes the files of the benchmark from the method's summary; nothing without a folder. EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_scoring_bsds(struct edgel_scoring *scoring,
                                                               const struct edgel_summary *summary,
                                                               struct edgel_error *err);

/* --- curves of a training --- */

struct edgel_curve {
    const char *name;
    const double *y; /* one value an epoch; NaN and infinity leave a gap */
};
struct edgel_curve_panel {
    const char *title;
    const struct edgel_curve *lines;
    size_t nlines;
};
/* An SVG picture of the panels, one below the other, over epochs 1..n. EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_curves(struct edgel_output *out,
                                                                const struct edgel_curve_panel *panels,
                                                                size_t npanels, size_t n,
                                                                struct edgel_error *err);

/* The same for regions, of the rounded values: a line of eval_cover_img.txt, and the files of the set. */
enum edgel_bsds_regions {
    EDGEL_BSDS_COVER,
    EDGEL_BSDS_COVER_THRESHOLDS,
    EDGEL_BSDS_RI_VOI,
    EDGEL_BSDS_RI_VOI_THRESHOLDS
};
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_bsds_cover(struct edgel_output *out, size_t number,
                                                                    const struct edgel_region_best *best,
                                                                    struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_bsds_regions(struct edgel_output *out,
                                                                      const struct edgel_region_result *r,
                                                                      enum edgel_bsds_regions file,
                                                                      struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
