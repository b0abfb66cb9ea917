/* Large images of `edgel detect`: rows go from the file through the methods into the outputs as they come, so that
 * memory does not grow with the image (canny's edges: by two bits a pixel). What comes out is what comes out of images
 * that are decoded as a whole. */
#include "detect.h"
#include <stdlib.h>
#include <string.h>

/* One task of the image. */
struct lane {
    struct reading *reading;
    size_t m;
    struct edgel_method method;
    struct edgel_write write;
    struct edgel_stream *stream;
    bool sink_failed; /* the error is the output's */
};

/* One pass over the file: for the tasks that take gray, or for those that take colour. */
struct reading {
    struct detect_work *k;
    struct lane *lanes;
    size_t nlanes;
    bool begun, declined;
};

bool detect_streams(const struct detect_work *k)
{
    for (size_t m = 0; m < k->job->ntasks; m++)
        if (!edgel_plan_skips(k->image->plan, k->image->i, m) &&
            (!edgel_method_streams(&k->job->tasks[m].method) ||
             edgel_format_of_name(k->image->paths[m]) == EDGEL_FORMAT_PFM))
            return false;
    return true;
}

/* --- results into outputs --- */

static enum edgel_status begin_output(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct lane *l = user;
    l->write.bits = shape.type == EDGEL_U1 ? 1 : 0;
    enum edgel_status s = detect_begin_rows(l->reading->k, l->m, shape, &l->write, err);
    l->sink_failed = s != EDGEL_OK;
    return s;
}

static enum edgel_status put_output(void *user, const void *row, struct edgel_error *err)
{
    struct lane *l = user;
    enum edgel_status s = edgel_writer_row(l->reading->k->w->writers[l->m], row, err);
    l->sink_failed = s != EDGEL_OK;
    return s;
}

/* --- rows of the file into methods --- */

static enum edgel_status told(const struct lane *l, enum edgel_status s, const struct edgel_error *detail,
                              struct edgel_error *err)
{
    if (s == EDGEL_OK)
        return s;
    if (!l->sink_failed)
        return detect_name_failure(l->reading->k, &l->reading->k->job->tasks[l->m], detail, err);
    *err = *detail;
    return s;
}

/* A page of many: the file as a whole would take far more memory than the page. */
static bool is_small_part(const struct detect_work *k, struct edgel_view shape)
{
    const uint64_t samples = (uint64_t)shape.w * (uint64_t)shape.h * (uint64_t)shape.channels;
    return k->file_bytes / 16 > samples * edgel_type_size(shape.type);
}

static enum edgel_status begin_rows(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct reading *r = user;
    enum edgel_status s = EDGEL_OK;
    if ((uint64_t)shape.w * (uint64_t)shape.h <= r->k->job->stream_over && !is_small_part(r->k, shape)) {
        r->declined = true;
        return EDGEL_EINTERRUPTED;
    }
    r->begun = true;
    r->k->image->type = shape.type;
    for (size_t i = 0; i < r->nlanes && s == EDGEL_OK; i++) {
        struct lane *l = &r->lanes[i];
        const struct edgel_row_sink sink = { l, begin_output, put_output };
        struct edgel_error detail = { 0 };
        detect_fit_type(shape.type, &l->write, &l->method);
        s = told(l, edgel_stream_create(shape, &l->method, &sink, &l->stream, &detail), &detail, err);
    }
    return s;
}

static enum edgel_status put_row(void *user, const void *row, struct edgel_error *err)
{
    struct reading *r = user;
    enum edgel_status s = EDGEL_OK;
    for (size_t i = 0; i < r->nlanes && s == EDGEL_OK; i++) {
        struct edgel_error detail = { 0 };
        s = told(&r->lanes[i], edgel_stream_row(r->lanes[i].stream, row, &detail), &detail, err);
    }
    return s;
}

/* The tasks that take this kind of pixels. */
static enum edgel_status fill_lanes(struct reading *r, bool color, struct edgel_error *err)
{
    struct detect_work *k = r->k;
    enum edgel_status s = EDGEL_OK;
    for (size_t m = 0; m < k->job->ntasks && s == EDGEL_OK; m++) {
        struct lane *l = &r->lanes[r->nlanes];
        if (k->job->tasks[m].method.channels != color || edgel_plan_skips(k->image->plan, k->image->i, m))
            continue;
        *l = (struct lane){ .reading = r, .m = m };
        s = detect_fit(&k->job->tasks[m], k->image->paths[m], k->job->tiff, &l->method, &l->write, err);
        r->nlanes++;
    }
    return s;
}

static enum edgel_status read_kind(struct detect_work *k, bool color, bool *refused, struct edgel_error *err)
{
    struct reading r = { .k = k, .lanes = cli_alloc(k->job->ntasks, sizeof *r.lanes) };
    const struct edgel_row_sink sink = { &r, begin_rows, put_row };
    const struct edgel_read params = detect_read_params(k, color);
    enum edgel_status s = fill_lanes(&r, color, err);
    *refused = false;
    if (s == EDGEL_OK && r.nlanes > 0) {
        s = edgel_image_stream(k->image->input, &params, &sink, &k->image->info, err);
        *refused = r.declined || (s == EDGEL_EUNSUPPORTED && !r.begun);
    }
    for (size_t i = 0; i < r.nlanes; i++)
        edgel_stream_destroy(&r.lanes[i].stream);
    free(r.lanes);
    return s;
}

static bool takes_gray(const struct detect_work *k)
{
    for (size_t m = 0; m < k->job->ntasks; m++)
        if (!k->job->tasks[m].method.channels && !edgel_plan_skips(k->image->plan, k->image->i, m))
            return true;
    return false;
}

enum edgel_status detect_stream(struct detect_work *k, bool *refused, struct edgel_error *err)
{
    enum edgel_status s = read_kind(k, false, refused, err);
    if (s != EDGEL_OK)
        return s;
    s = read_kind(k, true, refused, err);
    if (!*refused || !takes_gray(k))
        return s;
    *refused = false; /* it was not for gray, which is written already */
    edgel_error_clear(err);
    return cli_fail(err, "%s: was replaced while it was read", k->image->input);
}
