/* --bsds-files: the text files of the boundary benchmark, an image's as its row comes, those of the set at the end. */
#include "edgel/report.h"
#include "score.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* DIR/NAME + end, to be freed. */
static char *path_of(const struct score *s, const char *name, const char *end)
{
    const size_t size = strlen(s->bsds_folder) + strlen(name) + strlen(end) + 2;
    char *path = cli_alloc(size, 1);
    snprintf(path, size, "%s/%s%s", s->bsds_folder, name, end);
    return path;
}

static enum edgel_status begin(const struct score *s, const char *name, const char *end,
                               struct edgel_output **out, struct edgel_error *err)
{
    char *path = path_of(s, name, end);
    enum edgel_status status = edgel_output_begin(path, out, err);
    free(path);
    return status;
}

/* Commits what was written, or takes it away. */
static enum edgel_status end(enum edgel_status status, struct edgel_output **out, struct edgel_error *err)
{
    if (status == EDGEL_OK)
        return edgel_output_commit(out, err);
    edgel_output_discard(out);
    return status;
}

enum edgel_status score_bsds_begin(struct score *s, const char *folder, struct edgel_error *err)
{
    enum edgel_status status = EDGEL_OK;
    s->bsds_folder = folder;
    if (folder && s->measure.boundary != EDGEL_BOUNDARY_NONE)
        status = begin(s, "eval_bdry_img.txt", "", &s->bsds_images, err);
    if (folder && status == EDGEL_OK && s->measure.regions)
        status = begin(s, "eval_cover_img.txt", "", &s->bsds_cover, err);
    return status;
}

static enum edgel_status add_boundary(struct score *s, const struct edgel_row *row, struct edgel_error *err)
{
    struct edgel_output *out = NULL;
    struct edgel_operating_point best;
    enum edgel_status status = edgel_boundary_best_point(edgel_row_boundary(row), &best, err);
    if (status == EDGEL_OK)
        status = edgel_report_bsds_best(s->bsds_images, s->bsds_number, &best, err);
    if (status == EDGEL_OK)
        status = begin(s, row->image, "_ev1.txt", &out, err);
    if (status == EDGEL_OK)
        status = edgel_report_bsds_image(out, edgel_row_boundary(row), err);
    return end(status, &out, err);
}

static enum edgel_status add_regions(struct score *s, const struct edgel_row *row, struct edgel_error *err)
{
    struct edgel_region_best best;
    enum edgel_status status = edgel_region_best_point(edgel_row_regions(row), row->w, row->h, &best, err);
    return status == EDGEL_OK ? edgel_report_bsds_cover(s->bsds_cover, s->bsds_number, &best, err) : status;
}

enum edgel_status score_bsds_add(struct score *s, const struct edgel_row *row, struct edgel_error *err)
{
    enum edgel_status status = EDGEL_OK;
    if (!s->bsds_folder || (edgel_row_boundary(row)->n == 0 && edgel_row_regions(row)->n == 0))
        return EDGEL_OK;
    if (row->kind == EDGEL_ROW_MISSING && s->reduce.missing != EDGEL_MISSING_WORST)
        return EDGEL_OK;
    s->bsds_number++;
    if (edgel_row_boundary(row)->n > 0)
        status = add_boundary(s, row, err);
    return status == EDGEL_OK && edgel_row_regions(row)->n > 0 ? add_regions(s, row, err) : status;
}

/* --- the set --- */

enum { BOUNDARY_THRESHOLDS = -2, BOUNDARY = -1 }; /* beside enum edgel_bsds_regions */

static enum edgel_status report(struct edgel_output *out, const struct edgel_summary *s, int file,
                                struct edgel_error *err)
{
    if (file == BOUNDARY_THRESHOLDS)
        return edgel_report_bsds_thresholds(out, edgel_summary_boundary(s), err);
    if (file == BOUNDARY)
        return edgel_report_bsds_summary(out, edgel_summary_boundary(s), err);
    return edgel_report_bsds_regions(out, edgel_summary_regions_rounded(s), (enum edgel_bsds_regions)file,
                                     err);
}

enum edgel_status score_bsds_end(struct score *s, const struct edgel_summary *summary,
                                 struct edgel_error *err)
{
    static const struct {
        const char *name;
        int file;
    } files[] = {
        { "eval_bdry_thr.txt", BOUNDARY_THRESHOLDS }, { "eval_bdry.txt", BOUNDARY },
        { "eval_cover.txt", EDGEL_BSDS_COVER },       { "eval_cover_th.txt", EDGEL_BSDS_COVER_THRESHOLDS },
        { "eval_RI_VOI.txt", EDGEL_BSDS_RI_VOI },     { "eval_RI_VOI_thr.txt", EDGEL_BSDS_RI_VOI_THRESHOLDS }
    };
    enum edgel_status status = EDGEL_OK;
    if (s->bsds_images)
        status = edgel_output_commit(&s->bsds_images, err);
    if (s->bsds_cover && status == EDGEL_OK)
        status = edgel_output_commit(&s->bsds_cover, err);
    for (size_t i = 0; s->bsds_folder && i < sizeof files / sizeof *files && status == EDGEL_OK; i++) {
        struct edgel_output *out = NULL;
        if ((files[i].file < 0 ? edgel_summary_boundary(summary)->n : edgel_summary_regions(summary)->n) == 0)
            continue;
        status = begin(s, files[i].name, "", &out, err);
        if (status == EDGEL_OK)
            status = report(out, summary, files[i].file, err);
        status = end(status, &out, err);
    }
    return status;
}
