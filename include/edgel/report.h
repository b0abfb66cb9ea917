/* edgel/report.h: show reduced scores as a table, JSON and CSV, and trainings as curves. */
#ifndef EDGEL_REPORT_H
#define EDGEL_REPORT_H

#include "edgel/eval.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Aligned text: one block per class table and one line per method when there are several; names the convention.
 * All: EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_table(struct edgel_output *out,
                                                               const struct edgel_summary *s, size_t n,
                                                               struct edgel_error *err);

/* The summary document, schema edgel.eval/1; with n > 1 {"schema":…,"results":[…]}. Undefined values are null. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_report_json(struct edgel_output *out, const struct edgel_summary *s, size_t n, struct edgel_error *err);

/* CSV (RFC 4180), one row per image x class: header line, then the rows of one image at a time. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_csv_header(struct edgel_output *out,
                                                                    struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_report_csv_row(struct edgel_output *out, const char *prediction, const struct edgel_row *row,
                     const struct edgel_class_result *results, size_t n, struct edgel_error *err);

/* CSV, one row per matched pair of objects: header line, then one pair at a time. agreement: IoU, GIoU, DIoU, CIoU of
 * their boxes. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_report_pairs_header(struct edgel_output *out,
                                                                      struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_report_pair(struct edgel_output *out, const char *prediction, const char *image, int32_t class_id,
                  const struct edgel_object_pair *pair, const double agreement[4], struct edgel_error *err);

/* The text files of the boundary benchmark, numbers as printf("%10g"). image: IMAGE_ev1.txt, a line per threshold:
 * threshold, matched truth, truth, matched detections, detections. best: a line of eval_bdry_img.txt: number of the
 * image from 1, T R P F. thresholds: eval_bdry_thr.txt, T R P F. summary: eval_bdry.txt, T R P F of ODS, R P F of OIS, AP. */
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
