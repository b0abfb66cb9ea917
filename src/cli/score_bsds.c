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
    s->bsds_folder = folder;
    return folder ? begin(s, "eval_bdry_img.txt", "", &s->bsds_images, err) : EDGEL_OK;
}

enum edgel_status score_bsds_add(struct score *s, const struct edgel_row *row, struct edgel_error *err)
{
    struct edgel_output *out = NULL;
    struct edgel_operating_point best;
    if (!s->bsds_folder || row->boundary.n == 0)
        return EDGEL_OK;
    if (row->kind == EDGEL_ROW_MISSING && s->reduce.missing != EDGEL_MISSING_WORST)
        return EDGEL_OK;
    enum edgel_status status = edgel_boundary_best_point(&row->boundary, &best, err);
    if (status == EDGEL_OK)
        status = edgel_report_bsds_best(s->bsds_images, ++s->bsds_number, &best, err);
    if (status == EDGEL_OK)
        status = begin(s, row->image, "_ev1.txt", &out, err);
    if (status == EDGEL_OK)
        status = edgel_report_bsds_image(out, &row->boundary, err);
    return end(status, &out, err);
}

enum edgel_status score_bsds_end(struct score *s, const struct edgel_boundary_result *b,
                                 struct edgel_error *err)
{
    struct edgel_output *out = NULL;
    if (!s->bsds_folder)
        return EDGEL_OK;
    enum edgel_status status = edgel_output_commit(&s->bsds_images, err);
    if (status == EDGEL_OK)
        status = begin(s, "eval_bdry_thr.txt", "", &out, err);
    if (status == EDGEL_OK)
        status = edgel_report_bsds_thresholds(out, b, err);
    status = end(status, &out, err);
    if (status == EDGEL_OK)
        status = begin(s, "eval_bdry.txt", "", &out, err);
    if (status == EDGEL_OK)
        status = edgel_report_bsds_summary(out, b, err);
    return end(status, &out, err);
}
