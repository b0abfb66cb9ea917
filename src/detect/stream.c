/*
 * Methods over images that are never whole in memory. Rows are collected in a band. Once it is full, the method runs on
 * it as an image of its own; the rows in its middle, which have all the rows above and below that the method reads
 * (context), are given out:
 *
 *     band          context | rows to be done | context
 *     next band                      context | rows ... | context      its first 2 context rows are the last ones here
 *
 * At the top and the bottom of the image the band ends where the image ends, so borders are treated as usual. Results
 * of context rows are discarded. So the rows are those of edgel_method_run().
 *
 * A method may have steps of its own instead. Canny's edges: each band writes its classes into one map of two bits a
 * pixel of the whole image; the rows come out at the end. Memory: the map, a byte of work list for each of its words,
 * what is used of 4 more, and a band.
 */
#include "detect/detect_priv.h"

struct edgel_stream {
    struct edgel_band_run run;
    const struct edgel_band_steps *steps; /* NULL: each band by itself */
    int context;
    size_t row_bytes;
    struct edgel_image band;
    int first, filled; /* the band holds rows first..first+filled-1 */
    int done;          /* rows 0..done-1 are worked on */
};

/* Rows from..to-1 of the band. */
static enum edgel_status run_apart(struct edgel_band_run *r, struct edgel_view band, int from, int to,
                                   struct edgel_error *err)
{
    EDGEL_TRY(edgel_method_run(r->scratch, band, &r->method, &r->result, NULL, err));
    for (int y = from; y < to; y++)
        EDGEL_TRY(r->sink.row(r->sink.user, (const char *)r->result.data + y * r->result.stride, err));
    return EDGEL_OK;
}

/* Gives out all rows whose context is complete, and keeps the rows that the next ones need. */
static enum edgel_status run_band(struct edgel_stream *s, struct edgel_error *err)
{
    const int end = s->first + s->filled, h = s->run.in.h, to = end == h ? end : end - s->context;
    struct edgel_view band = edgel_image_view(&s->band);
    band.h = s->filled;
    const int from = s->done - s->first, till = to - s->first;
    EDGEL_TRY(s->steps ? s->steps->band(&s->run, band, from, till, s->done, err)
                       : run_apart(&s->run, band, from, till, err));
    s->done = to;
    const int keep = to - s->context > s->first ? to - s->context : s->first; /* the first row needed again */
    for (int y = keep; y < end; y++)
        memmove((char *)s->band.data + (y - keep) * s->band.stride,
                (const char *)s->band.data + (y - s->first) * s->band.stride, s->row_bytes);
    s->filled = end - keep;
    s->first = keep;
    return EDGEL_OK;
}

/* Rows to work on at once: 2^24 samples, and enough that those around them cost little. */
static int rows_of_band(const struct edgel_stream *s)
{
    const int rows = (int)(((int64_t)1 << 24) / ((int64_t)s->run.in.w * s->run.in.channels)) + 16;
    return rows > 4 * s->context ? rows : 4 * s->context;
}

static enum edgel_status prepare(struct edgel_stream *s, int rows, struct edgel_error *err)
{
    const int64_t need = (int64_t)(rows ? rows : rows_of_band(s)) + 2 * (int64_t)s->context;
    struct edgel_band_run *r = &s->run;
    r->scratch = edgel_scratch_create();
    if (!r->scratch)
        return edgel_fail(err, EDGEL_ENOMEM, "image %dx%d: out of memory", r->in.w, r->in.h);
    EDGEL_TRY(edgel_image_init(&s->band, r->in.w, need < r->in.h ? (int)need : r->in.h, r->in.channels,
                               r->in.type, err));
    if (s->steps)
        EDGEL_TRY(s->steps->begin(r, err));
    return r->sink.begin(r->sink.user, r->out, err);
}

enum edgel_status edgel_stream_create_in_bands(struct edgel_view shape, const struct edgel_method *method,
                                               const struct edgel_row_sink *sink, int rows,
                                               struct edgel_stream **stream, struct edgel_error *err)
{
    static const double any = 0; /* a shape has no pixels, but its check wants some */
    struct edgel_view out;
    *stream = NULL;
    EDGEL_REQUIRE(sink);
    EDGEL_REQUIRE(sink->begin);
    EDGEL_REQUIRE(sink->row);
    shape.data = &any;
    shape.stride = (ptrdiff_t)edgel_type_size(shape.type) * shape.channels * shape.w;
    EDGEL_TRY(edgel_method_shape(method, shape, &out, err));
    if (!edgel_method_streams(method))
        return edgel_fail(err, EDGEL_EUNSUPPORTED,
                          "%s: thresholds that are counted over the image need all of it",
                          method->info->name);
    struct edgel_stream *s = edgel_calloc(1, sizeof *s);
    if (!s)
        return edgel_fail(err, EDGEL_ENOMEM, "image %dx%d: out of memory", shape.w, shape.h);
    s->run = (struct edgel_band_run){ .method = *method, .in = shape, .out = out, .sink = *sink };
    s->steps = edgel_method_row_of(method)->steps(method);
    s->context = edgel_method_context(method, shape.type);
    s->row_bytes = (size_t)shape.w * (size_t)shape.channels * edgel_type_size(shape.type);
    enum edgel_status st = prepare(s, rows, err);
    if (st != EDGEL_OK)
        edgel_stream_destroy(&s);
    *stream = s;
    return st;
}

enum edgel_status edgel_stream_create(struct edgel_view shape, const struct edgel_method *method,
                                      const struct edgel_row_sink *sink, struct edgel_stream **stream,
                                      struct edgel_error *err)
{
    EDGEL_REQUIRE(stream);
    return edgel_stream_create_in_bands(shape, method, sink, 0, stream, err);
}

enum edgel_status edgel_stream_row(struct edgel_stream *s, const void *row, struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    EDGEL_REQUIRE(row);
    const int h = s->run.in.h;
    if (s->done == h)
        return edgel_fail(err, EDGEL_EINVAL, "a row more than the %d of the image", h);
    memcpy((char *)s->band.data + s->filled * s->band.stride, row, s->row_bytes);
    s->filled++;
    const bool last = s->first + s->filled == h;
    if (last || s->filled == s->band.h)
        EDGEL_TRY(run_band(s, err));
    if (!last || !s->steps)
        return EDGEL_OK;
    edgel_image_finish(&s->band);
    return s->steps->end(&s->run, err);
}

void edgel_stream_destroy(struct edgel_stream **stream)
{
    struct edgel_stream *s = stream ? *stream : NULL;
    if (!s)
        return;
    *stream = NULL;
    edgel_scratch_destroy(&s->run.scratch);
    edgel_image_finish(&s->band);
    edgel_image_finish(&s->run.result);
    edgel_arena_finish(&s->run.kept);
    edgel_free(s);
}

struct edgel_edge_map edgel_stream_map(const struct edgel_stream *s)
{
    return s->run.map;
}
