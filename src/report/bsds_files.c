/*
 * The text files of the boundary benchmark, as its community's scripts read them: numbers as printf("%10g"), single
 * spaces between them, NaN where there is none.
 *
 *   ID_ev1.txt        a line per threshold: threshold, matched truth, truth, matched detections, detections
 *   eval_bdry_img.txt a line per image: number from 1, T R P F of its best point, between thresholds as well
 *   eval_bdry_thr.txt a line per threshold: T R P F
 *   eval_bdry.txt     T R P F of ODS, R P F of OIS, AP
 *   eval_cover_img.txt a line per image: number from 1, T, covering of the truth and of the prediction at its best
 *                     threshold
 *   eval_cover_th.txt a line per threshold: T, covering
 *   eval_cover.txt    T, covering of ODS and of OIS, covering of the best regions
 *   eval_RI_VOI_thr.txt a line per threshold: T, PRI, VoI
 *   eval_RI_VOI.txt   T, PRI of ODS and of OIS, T, VoI of ODS and of OIS
 */
#include "report/report_priv.h"

static void line(struct edgel_text *t, const double *v, int n)
{
    for (int i = 0; i < n; i++) {
        edgel_text_str(t, i ? " " : "");
        edgel_text_general(t, v[i], 10);
    }
    edgel_text_str(t, "\n");
}

static enum edgel_status deliver(struct edgel_text *t, struct edgel_output *out, struct edgel_error *err)
{
    enum edgel_status st = edgel_text_deliver(t, out, err);
    edgel_text_finish(t);
    return st;
}

enum edgel_status edgel_report_bsds_image(struct edgel_output *out, const struct edgel_boundary_counts *c,
                                          struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(c);
    struct edgel_text t = { 0 };
    for (int k = 0; k < c->n; k++) {
        const double v[] = { c->listed ? k + 1 : (k + 1) / ((double)c->n + 1), (double)c->matched_truth[k],
                             (double)c->truth, (double)c->matched_prediction[k], (double)c->prediction[k] };
        line(&t, v, 5);
    }
    return deliver(&t, out, err);
}

enum edgel_status edgel_report_bsds_best(struct edgel_output *out, size_t number,
                                         const struct edgel_operating_point *best, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(best);
    struct edgel_text t = { 0 };
    const double v[] = { (double)number, best->threshold, best->recall, best->precision, best->f1 };
    line(&t, v, 5);
    return deliver(&t, out, err);
}

enum edgel_status edgel_report_bsds_thresholds(struct edgel_output *out,
                                               const struct edgel_boundary_result *b, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(b);
    struct edgel_text t = { 0 };
    for (int k = 0; k < b->n; k++) {
        const double v[] = { b->points[k].threshold, b->points[k].recall, b->points[k].precision,
                             b->points[k].f1 };
        line(&t, v, 4);
    }
    return deliver(&t, out, err);
}

enum edgel_status edgel_report_bsds_summary(struct edgel_output *out, const struct edgel_boundary_result *b,
                                            struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(b);
    struct edgel_text t = { 0 };
    const double v[] = { b->ods.threshold, b->ods.recall,    b->ods.precision, b->ods.f1,
                         b->ois.recall,    b->ois.precision, b->ois.f1,        b->ap };
    line(&t, v, 8);
    return deliver(&t, out, err);
}

enum edgel_status edgel_report_bsds_cover(struct edgel_output *out, size_t number,
                                          const struct edgel_region_best *best, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(best);
    struct edgel_text t = { 0 };
    const double v[] = { (double)number, best->threshold, best->covering, best->reverse };
    line(&t, v, 4);
    return deliver(&t, out, err);
}

enum edgel_status edgel_report_bsds_regions(struct edgel_output *out, const struct edgel_region_result *r,
                                            enum edgel_bsds_regions file, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(r);
    struct edgel_text t = { 0 };
    const double cover[] = { r->covering.threshold, r->covering.ods, r->covering.ois, r->best };
    const double indices[] = { r->pri.threshold, r->pri.ods, r->pri.ois,
                               r->voi.threshold, r->voi.ods, r->voi.ois };
    if (file == EDGEL_BSDS_COVER)
        line(&t, cover, 4);
    else if (file == EDGEL_BSDS_RI_VOI)
        line(&t, indices, 6);
    for (int k = 0; k < r->n; k++) {
        const double v[] = { r->points[k].threshold, r->points[k].covering };
        const double w[] = { r->points[k].threshold, r->points[k].pri, r->points[k].voi };
        if (file == EDGEL_BSDS_COVER_THRESHOLDS)
            line(&t, v, 2);
        else if (file == EDGEL_BSDS_RI_VOI_THRESHOLDS)
            line(&t, w, 3);
    }
    return deliver(&t, out, err);
}
