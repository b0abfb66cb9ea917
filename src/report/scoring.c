/*
 * From rows to scores of one or several methods: a reducer for each, the rows of CSV as they come, the text files of
 * the boundary benchmark. Fresh and stored rows take the same way, so that what is written is the same to the last
 * byte.
 */
#include "report/report_priv.h"
#include <string.h>

struct edgel_scoring {
    struct edgel_scoring_params params;
    struct edgel_reducer **reducers;     /* [nmethods] */
    struct edgel_output_folder *folder;  /* of the benchmark's files, held open; NULL: none */
    struct edgel_output *images, *cover; /* of the benchmark, begun with the first row to come */
    size_t number;                       /* of the images in these */
};

/* --- the benchmark's files --- */

/* Begins FOLDER/NAME END. Names of images come from lists and counts files, so they may hold anything: empty components
 * and "." are dropped, and ".." is refused. */
static enum edgel_status begin_file(const struct edgel_scoring *s, const char *name, const char *end,
                                    struct edgel_output **out, struct edgel_error *err)
{
    struct edgel_text path = { 0 };
    for (const char *p = name; *p; p += strcspn(p, "/"), p += *p == '/') {
        const size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && *p == '.'))
            continue;
        edgel_text_str(&path, path.len > 0 ? "/" : "");
        edgel_text_add(&path, p, n);
    }
    edgel_text_str(&path, end);
    enum edgel_status st =
        path.failed ? edgel_no_memory(err, "scores") : edgel_output_folder_begin(s->folder, path.s, out, err);
    edgel_text_finish(&path);
    return st;
}

/* Commits what was written, or takes it away. */
static enum edgel_status end_file(enum edgel_status st, struct edgel_output **out, struct edgel_error *err)
{
    if (st == EDGEL_OK)
        return edgel_output_commit(out, err);
    edgel_output_discard(out);
    return st;
}

static enum edgel_status begin_files(struct edgel_scoring *s, struct edgel_error *err)
{
    EDGEL_TRY(edgel_output_folder_open(s->params.bsds_folder, false, &s->folder, err));
    if (edgel_measure_asks(s->params.measure, EDGEL_BOUNDARY))
        EDGEL_TRY(begin_file(s, "eval_bdry_img.txt", "", &s->images, err));
    return edgel_measure_asks(s->params.measure, EDGEL_REGIONS)
               ? begin_file(s, "eval_cover_img.txt", "", &s->cover, err)
               : EDGEL_OK;
}

static enum edgel_status add_boundary(struct edgel_scoring *s, const struct edgel_row *row,
                                      struct edgel_error *err)
{
    const struct edgel_boundary_counts *c = edgel_row_boundary(row);
    struct edgel_output *out = NULL;
    struct edgel_operating_point best;
    enum edgel_status st = edgel_boundary_best_point(c, &best, err);
    if (st == EDGEL_OK)
        st = edgel_report_bsds_best(s->images, s->number, &best, err);
    if (st == EDGEL_OK)
        st = begin_file(s, row->image, "_ev1.txt", &out, err);
    if (st == EDGEL_OK)
        st = edgel_report_bsds_image(out, c, err);
    return end_file(st, &out, err);
}

static enum edgel_status add_regions(struct edgel_scoring *s, const struct edgel_row *row,
                                     struct edgel_error *err)
{
    struct edgel_region_best best;
    EDGEL_TRY(edgel_region_best_point(edgel_row_regions(row), row->w, row->h, &best, err));
    return edgel_report_bsds_cover(s->cover, s->number, &best, err);
}

static enum edgel_status add_to_files(struct edgel_scoring *s, const struct edgel_row *row,
                                      struct edgel_error *err)
{
    const bool boundary = edgel_row_boundary(row)->n > 0, regions = edgel_row_regions(row)->n > 0;
    if (!boundary && !regions)
        return EDGEL_OK;
    if (row->kind == EDGEL_ROW_MISSING && s->params.reduce->missing != EDGEL_MISSING_WORST)
        return EDGEL_OK;
    s->number++;
    if (boundary)
        EDGEL_TRY(add_boundary(s, row, err));
    return regions ? add_regions(s, row, err) : EDGEL_OK;
}

enum { BOUNDARY_THRESHOLDS = -2, BOUNDARY = -1 }; /* beside enum edgel_bsds_regions */

static enum edgel_status write_file(struct edgel_output *out, const struct edgel_summary *s, int file,
                                    struct edgel_error *err)
{
    if (file == BOUNDARY_THRESHOLDS)
        return edgel_report_bsds_thresholds(out, edgel_summary_boundary(s), err);
    if (file == BOUNDARY)
        return edgel_report_bsds_summary(out, edgel_summary_boundary(s), err);
    return edgel_report_bsds_regions(out, edgel_summary_regions_rounded(s), (enum edgel_bsds_regions)file,
                                     err);
}

enum edgel_status edgel_scoring_bsds(struct edgel_scoring *s, const struct edgel_summary *summary,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    EDGEL_REQUIRE(summary);
    static const struct {
        const char *name;
        int file;
    } files[] = {
        { "eval_bdry_thr.txt", BOUNDARY_THRESHOLDS }, { "eval_bdry.txt", BOUNDARY },
        { "eval_cover.txt", EDGEL_BSDS_COVER },       { "eval_cover_th.txt", EDGEL_BSDS_COVER_THRESHOLDS },
        { "eval_RI_VOI.txt", EDGEL_BSDS_RI_VOI },     { "eval_RI_VOI_thr.txt", EDGEL_BSDS_RI_VOI_THRESHOLDS }
    };
    if (s->images)
        EDGEL_TRY(edgel_output_commit(&s->images, err));
    if (s->cover)
        EDGEL_TRY(edgel_output_commit(&s->cover, err));
    for (size_t i = 0; s->params.bsds_folder && i < sizeof files / sizeof *files; i++) {
        struct edgel_output *out = NULL;
        if ((files[i].file < 0 ? edgel_summary_boundary(summary)->n : edgel_summary_regions(summary)->n) == 0)
            continue;
        enum edgel_status st = begin_file(s, files[i].name, "", &out, err);
        if (st == EDGEL_OK)
            st = write_file(out, summary, files[i].file, err);
        EDGEL_TRY(end_file(st, &out, err));
    }
    return EDGEL_OK;
}

/* --- rows --- */

static enum edgel_status create(struct edgel_scoring *s, struct edgel_error *err)
{
    const struct edgel_scoring_params *p = &s->params;
    if (!(s->reducers = edgel_calloc(p->nmethods, sizeof(struct edgel_reducer *))))
        return edgel_no_memory(err, "scores");
    for (size_t i = 0; i < p->nmethods; i++)
        EDGEL_TRY(edgel_reducer_create(p->measure, p->reduce, p->methods[i], &s->reducers[i], err));
    if (p->csv)
        EDGEL_TRY(edgel_report_csv_header(p->csv, err));
    if (p->pairs_csv)
        EDGEL_TRY(edgel_report_pairs_header(p->pairs_csv, err));
    return p->bsds_folder ? begin_files(s, err) : EDGEL_OK;
}

void edgel_scoring_params_init(struct edgel_scoring_params *params)
{
    *params = (struct edgel_scoring_params){ 0 };
}

enum edgel_status edgel_scoring_create(const struct edgel_scoring_params *params, struct edgel_scoring **out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(params);
    if (!params->measure || !params->reduce || params->nmethods == 0)
        return edgel_fail(err, EDGEL_EINVAL, "scores: need a convention and a method at least");
    EDGEL_REQUIRE(params->methods);
    if (params->bsds_folder && params->nmethods > 1)
        return edgel_fail(err, EDGEL_EINVAL,
                          "scores: files of the benchmark are of one method, and there are %zu",
                          params->nmethods);
    struct edgel_scoring *s = edgel_calloc(1, sizeof *s);
    if (!s)
        return edgel_no_memory(err, "scores");
    s->params = *params;
    const enum edgel_status st = create(s, err);
    if (st != EDGEL_OK)
        edgel_scoring_destroy(&s);
    *out = s;
    return st;
}

void edgel_scoring_destroy(struct edgel_scoring **scoring)
{
    struct edgel_scoring *s = scoring ? *scoring : NULL;
    if (!s)
        return;
    for (size_t i = 0; s->reducers && i < s->params.nmethods; i++)
        edgel_reducer_destroy(&s->reducers[i]);
    edgel_free(s->reducers);
    edgel_output_discard(&s->images);
    edgel_output_discard(&s->cover);
    edgel_output_folder_close(&s->folder);
    edgel_free(s);
    *scoring = NULL;
}

static enum edgel_status write_csv(struct edgel_scoring *s, const struct edgel_row *row,
                                   struct edgel_error *err)
{
    const struct edgel_scoring_params *p = &s->params;
    struct edgel_class_result *results = NULL;
    size_t n = 0;
    enum edgel_status st = edgel_row_scores(row, p->measure, p->reduce, &results, &n, err);
    if (st == EDGEL_OK)
        st = edgel_report_csv_row(p->csv, p->methods[row->prediction], row, results, n, err);
    edgel_class_results_free(results, n);
    return st;
}

static struct edgel_box box_of(const int b[4])
{
    return (struct edgel_box){ b[0], b[1], b[2], b[3] };
}

static enum edgel_status write_pairs(struct edgel_scoring *s, const struct edgel_row *row,
                                     struct edgel_error *err)
{
    const struct edgel_object_list *list = edgel_row_objects(row);
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->v[i].npairs; k++) {
            const struct edgel_object_pair *p = &list->v[i].pairs[k];
            const struct edgel_box t = box_of(p->truth_box), q = box_of(p->prediction_box);
            const double agreement[] = { edgel_box_iou(&t, &q), edgel_box_giou(&t, &q),
                                         edgel_box_diou(&t, &q), edgel_box_ciou(&t, &q) };
            EDGEL_TRY(edgel_report_pair(s->params.pairs_csv, s->params.methods[row->prediction], row->image,
                                        list->v[i].id, p, agreement, err));
        }
    return EDGEL_OK;
}

enum edgel_status edgel_scoring_add(struct edgel_scoring *s, const struct edgel_row *row,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    EDGEL_REQUIRE(row);
    if (row->prediction < 0 || (size_t)row->prediction >= s->params.nmethods)
        return edgel_fail(err, EDGEL_EINVAL, "row: of method %d, and there are %zu", row->prediction,
                          s->params.nmethods);
    struct edgel_reducer *reducer = s->reducers[row->prediction];
    const enum edgel_status st = edgel_reducer_add(reducer, row, err);
    if (st == EDGEL_EFORMAT) {
        const struct edgel_row failed = { .kind = EDGEL_ROW_FAILED,
                                          .prediction = row->prediction,
                                          .image = row->image };
        const enum edgel_status counted = edgel_reducer_add(reducer, &failed, NULL);
        return counted == EDGEL_OK ? st : counted;
    }
    if (st != EDGEL_OK)
        return st;
    if (s->params.csv)
        EDGEL_TRY(write_csv(s, row, err));
    if (s->params.pairs_csv)
        EDGEL_TRY(write_pairs(s, row, err));
    return s->params.bsds_folder ? add_to_files(s, row, err) : EDGEL_OK;
}

enum edgel_status edgel_scoring_summaries(const struct edgel_scoring *s, struct edgel_summary *out,
                                          struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    EDGEL_REQUIRE(out);
    memset(out, 0, s->params.nmethods * sizeof *out);
    for (size_t i = 0; i < s->params.nmethods; i++) {
        const enum edgel_status st = edgel_reducer_summary(s->reducers[i], &out[i], err);
        for (size_t k = 0; st != EDGEL_OK && k < i; k++)
            edgel_summary_finish(&out[k]);
        if (st != EDGEL_OK)
            return st;
    }
    return EDGEL_OK;
}
