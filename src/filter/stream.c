/*
 * Methods over images that are never whole in memory. Rows are gathered in a band; once it is full, the rows in its
 * middle are worked on as an image of their own, with enough rows above and below (context) that nothing of what the
 * method looks at is missing:
 *
 *     band          context | rows to be done | context
 *     next band                      context | rows ... | context      its first 2 context rows are the last ones here
 *
 * At the top and the bottom of the image the band ends where the image ends, so that borders are treated as ever; what
 * comes out of the context rows is thrown away. Hence the rows are those of edgel_method_run().
 *
 * Canny's edges: each band writes its classes into one map of two bits a pixel of the whole image; hysteresis follows
 * when all of it is there, and then the rows come out. Memory: the map, a byte of work list for each of its words and
 * what is used of 4 more, and a band.
 */
#include "filter/filter_priv.h"
#include <string.h>

struct edgel_stream {
    struct edgel_method method;
    struct edgel_view in, out; /* shapes */
    struct edgel_row_sink sink;
    struct edgel_scratch *scratch;
    int context;
    size_t row_bytes;
    struct edgel_image band;
    int first, filled;         /* the band holds rows first..first+filled-1 */
    int done;                  /* rows 0..done-1 are worked on */
    struct edgel_image result; /* of a band */
    bool edges;
    struct edgel_arena kept;
    struct edgel_bit_map map;
};

static enum edgel_status give(struct edgel_stream *s, const void *row, struct edgel_error *err)
{
    return s->sink.row(s->sink.user, row, err);
}

/* Rows from..to-1 of the band. */
static enum edgel_status run_rows(struct edgel_stream *s, struct edgel_view band, int from, int to,
                                  struct edgel_error *err)
{
    int bits;
    EDGEL_TRY(edgel_method_run(s->scratch, band, &s->method, &s->result, &bits, err));
    for (int y = from; y < to; y++)
        EDGEL_TRY(give(s, (const char *)s->result.data + y * s->result.stride, err));
    return EDGEL_OK;
}

static enum edgel_status run_edges(struct edgel_stream *s, struct edgel_view band, int from, int to,
                                   struct edgel_error *err)
{
    const struct edgel_smoothing smoothing = { s->method.sigma, s->method.ksize };
    const bool smooths = s->method.sigma != 0 || s->method.ksize != 0;
    edgel_arena_reset(&s->scratch->arena);
    return edgel_canny_band(s->scratch, band, smooths ? &smoothing : NULL, &s->method.canny,
                            (struct edgel_band){ from, to, s->done, false }, &s->map, err);
}

/* Works on all rows whose context is there, and keeps what the next ones need. */
static enum edgel_status run_band(struct edgel_stream *s, struct edgel_error *err)
{
    const int end = s->first + s->filled, to = end == s->in.h ? end : end - s->context;
    struct edgel_view band = edgel_image_view(&s->band);
    band.h = s->filled;
    EDGEL_TRY((s->edges ? run_edges : run_rows)(s, band, s->done - s->first, to - s->first, err));
    s->done = to;
    const int keep = to - s->context > s->first ? to - s->context : s->first; /* the first row needed again */
    for (int y = keep; y < end; y++)
        memmove((char *)s->band.data + (y - keep) * s->band.stride,
                (const char *)s->band.data + (y - s->first) * s->band.stride, s->row_bytes);
    s->filled = end - keep;
    s->first = keep;
    return EDGEL_OK;
}

static enum edgel_status finish_edges(struct edgel_stream *s, struct edgel_error *err)
{
    struct edgel_worklist list;
    edgel_image_finish(&s->band);
    edgel_arena_finish(&s->scratch->arena);
    EDGEL_TRY(edgel_worklist_init(&list, &s->scratch->arena, &s->map, err));
    edgel_hysteresis_part(&s->map, &list, 0, s->in.h);
    EDGEL_TRY(edgel_image_init(&s->result, s->out.w, 1, 1, s->out.type, err));
    for (int y = 0; y < s->in.h; y++) {
        edgel_bit_map_edges(&s->map, y, s->out.type, s->result.data, false);
        EDGEL_TRY(give(s, s->result.data, err));
    }
    return EDGEL_OK;
}

/* Rows to work on at once: 2^24 samples, and enough that those around them cost little. */
static int rows_of_band(const struct edgel_stream *s)
{
    const int rows = (int)(((int64_t)1 << 24) / ((int64_t)s->in.w * s->in.channels)) + 16;
    return rows > 4 * s->context ? rows : 4 * s->context;
}

static enum edgel_status prepare(struct edgel_stream *s, int rows, struct edgel_error *err)
{
    const int64_t need = (int64_t)(rows ? rows : rows_of_band(s)) + 2 * (int64_t)s->context;
    s->scratch = edgel_scratch_create();
    if (!s->scratch)
        return edgel_fail(err, EDGEL_ENOMEM, "image %dx%d: out of memory", s->in.w, s->in.h);
    EDGEL_TRY(edgel_image_init(&s->band, s->in.w, need < s->in.h ? (int)need : s->in.h, s->in.channels,
                               s->in.type, err));
    if (s->edges)
        EDGEL_TRY(edgel_bit_map_init(&s->map, &s->kept, s->in.w, s->in.h, err));
    return s->sink.begin(s->sink.user, s->out, err);
}

enum edgel_status edgel_stream_create_in_bands(struct edgel_view shape, const struct edgel_method *method,
                                               const struct edgel_row_sink *sink, int rows,
                                               struct edgel_stream **stream, struct edgel_error *err)
{
    static const double any = 0; /* stands for pixels, which a shape does not have */
    struct edgel_view out;
    *stream = NULL;
    shape.data = &any;
    shape.stride = (ptrdiff_t)edgel_type_size(shape.type) * shape.channels * shape.w;
    EDGEL_TRY(edgel_method_shape(method, shape, &out, err));
    if (!edgel_method_streams(method))
        return edgel_fail(err, EDGEL_EUNSUPPORTED,
                          "canny: thresholds that are counted over the image need all of it");
    struct edgel_stream *s = edgel_calloc(1, sizeof *s);
    if (!s)
        return edgel_fail(err, EDGEL_ENOMEM, "image %dx%d: out of memory", shape.w, shape.h);
    *s = (struct edgel_stream){ .method = *method, .in = shape, .out = out, .sink = *sink };
    s->edges = method->id == EDGEL_METHOD_CANNY && method->emit == EDGEL_EMIT_BINARY;
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
    return edgel_stream_create_in_bands(shape, method, sink, 0, stream, err);
}

enum edgel_status edgel_stream_row(struct edgel_stream *s, const void *row, struct edgel_error *err)
{
    if (s->done == s->in.h)
        return edgel_fail(err, EDGEL_EINVAL, "a row more than the %d of the image", s->in.h);
    memcpy((char *)s->band.data + s->filled * s->band.stride, row, s->row_bytes);
    s->filled++;
    const bool last = s->first + s->filled == s->in.h;
    if (last || s->filled == s->band.h)
        EDGEL_TRY(run_band(s, err));
    return last && s->edges ? finish_edges(s, err) : EDGEL_OK;
}

void edgel_stream_destroy(struct edgel_stream **stream)
{
    struct edgel_stream *s = *stream;
    *stream = NULL;
    if (!s)
        return;
    edgel_scratch_destroy(&s->scratch);
    edgel_image_finish(&s->band);
    edgel_image_finish(&s->result);
    edgel_arena_finish(&s->kept);
    edgel_free(s);
}
