/* One image through several methods. Its pixels are asked for once a kind, gray or colour, and each method gets those
 * it takes: of an image in memory one method after the other, of an image that comes by rows all methods of a kind side
 * by side. Results leave through callbacks. */
#include "detect/detect_priv.h"

struct edgel_detector {
    struct edgel_scratch *scratch;
    struct edgel_image result;
    int threads;
    struct edgel_pool *pool; /* of these; made for the first image that is worth it */
};

void edgel_detect_io_init(struct edgel_detect_io *io)
{
    *io = (struct edgel_detect_io){ .name = "image" };
}

enum edgel_status edgel_detector_create(int threads, struct edgel_detector **detector,
                                        struct edgel_error *err)
{
    EDGEL_REQUIRE(detector);
    *detector = NULL;
    EDGEL_TRY(edgel_threads_resolve(threads, &threads, err));
    struct edgel_detector *d = edgel_calloc(1, sizeof *d);
    if (d)
        d->scratch = edgel_scratch_create();
    if (!d || !d->scratch) {
        edgel_free(d);
        return edgel_fail(err, EDGEL_ENOMEM, "detector: out of memory");
    }
    d->threads = threads;
    *detector = d;
    return EDGEL_OK;
}

void edgel_detector_destroy(struct edgel_detector **detector)
{
    struct edgel_detector *d = detector ? *detector : NULL;
    if (!d)
        return;
    *detector = NULL;
    edgel_image_finish(&d->result);
    edgel_scratch_destroy(&d->scratch);
    edgel_pool_destroy(&d->pool);
    edgel_free(d);
}

/* "NAME: METHOD: text" of a failure in a method. */
static enum edgel_status name_failure(const struct edgel_detect_io *io, const struct edgel_method *m,
                                      const struct edgel_error *from, struct edgel_error *err)
{
    return edgel_fail(err, from->code, "%.200s: %s: %.280s", io->name, m->info->name, from->msg);
}

static void tell_edges(const struct edgel_detect_io *io, size_t m, const struct edgel_edge_map *map)
{
    if (io->edges && map->pixels > 0)
        io->edges(io->user, m, map);
}

/* --- images in memory --- */

/* Threads for one image, where there are some to spare and it is not so small that starting them costs more. */
static enum edgel_status take_threads(struct edgel_detector *d, struct edgel_view in, struct edgel_error *err)
{
    enum { WORTH_IT = 1 << 18 }; /* pixels */
    if (d->threads < 2 || d->pool || (uint64_t)in.w * (uint64_t)in.h < WORTH_IT)
        return EDGEL_OK;
    EDGEL_TRY(edgel_pool_create(d->threads, &d->pool, err));
    return edgel_scratch_use_pool(d->scratch, d->pool, err);
}

enum edgel_status edgel_detector_run(struct edgel_detector *d, const struct edgel_method *methods, size_t n,
                                     const struct edgel_detect_io *io, struct edgel_error *err)
{
    EDGEL_REQUIRE(d);
    EDGEL_REQUIRE(io);
    EDGEL_REQUIRE(io->pixels);
    EDGEL_REQUIRE(io->result);
    if (n)
        EDGEL_REQUIRE(methods);
    struct edgel_view kinds[2];
    bool has[2] = { false, false };
    for (size_t m = 0; m < n; m++) {
        if (!methods[m].info)
            continue;
        struct edgel_method method = methods[m];
        const bool color = edgel_method_takes_color(&method);
        struct edgel_view *in = &kinds[color];
        struct edgel_error detail = { 0 };
        struct edgel_edge_map map;
        int bits = 0;
        if (!has[color])
            EDGEL_TRY(io->pixels(io->user, color, in, err));
        has[color] = true;
        if (io->fit)
            io->fit(io->user, m, in->type, &method);
        enum edgel_status s = take_threads(d, *in, &detail);
        if (s == EDGEL_OK)
            s = edgel_method_run_map(d->scratch, *in, &method, &d->result, &bits, &map, &detail);
        if (s != EDGEL_OK)
            return name_failure(io, &method, &detail, err);
        EDGEL_TRY(io->result(io->user, m, edgel_image_view(&d->result), bits, err));
        tell_edges(io, m, &map);
    }
    return EDGEL_OK;
}

/* --- images by rows --- */

/* One method of a pass. */
struct lane {
    const struct edgel_detect_io *io;
    size_t m;
    struct edgel_method method;
    struct edgel_stream *stream;
    bool sink_failed; /* the error is the callback's */
};

/* One pass over the image: for the methods that take gray, or for those that take colour. */
struct pass {
    const struct edgel_detect_io *io;
    struct lane *lanes;
    size_t nlanes;
};

static enum edgel_status begin_result(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct lane *l = user;
    const int bits = shape.type == EDGEL_U1 ? 1 : 8 * (int)edgel_type_size(shape.type);
    const enum edgel_status s = l->io->begin(l->io->user, l->m, shape, bits, err);
    l->sink_failed = s != EDGEL_OK;
    return s;
}

static enum edgel_status put_result(void *user, const void *row, struct edgel_error *err)
{
    struct lane *l = user;
    const enum edgel_status s = l->io->row(l->io->user, l->m, row, err);
    l->sink_failed = s != EDGEL_OK;
    return s;
}

static enum edgel_status told(const struct lane *l, enum edgel_status s, const struct edgel_error *detail,
                              struct edgel_error *err)
{
    if (s == EDGEL_OK)
        return s;
    return l->sink_failed ? edgel_fail(err, s, "%s", detail->msg)
                          : name_failure(l->io, &l->method, detail, err);
}

static enum edgel_status begin_rows(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct pass *p = user;
    for (size_t i = 0; i < p->nlanes; i++) {
        struct lane *l = &p->lanes[i];
        const struct edgel_row_sink sink = { l, begin_result, put_result };
        struct edgel_error detail = { 0 };
        if (p->io->fit)
            p->io->fit(p->io->user, l->m, shape.type, &l->method);
        EDGEL_TRY(told(l, edgel_stream_create(shape, &l->method, &sink, &l->stream, &detail), &detail, err));
    }
    return EDGEL_OK;
}

static enum edgel_status put_row(void *user, const void *row, struct edgel_error *err)
{
    struct pass *p = user;
    for (size_t i = 0; i < p->nlanes; i++) {
        struct edgel_error detail = { 0 };
        EDGEL_TRY(told(&p->lanes[i], edgel_stream_row(p->lanes[i].stream, row, &detail), &detail, err));
    }
    return EDGEL_OK;
}

static enum edgel_status run_pass(const struct edgel_method *methods, size_t n, bool color,
                                  struct lane *lanes, const struct edgel_detect_io *io,
                                  struct edgel_error *err)
{
    struct pass p = { .io = io, .lanes = lanes };
    const struct edgel_row_sink sink = { &p, begin_rows, put_row };
    for (size_t m = 0; m < n; m++)
        if (methods[m].info && edgel_method_takes_color(&methods[m]) == color)
            lanes[p.nlanes++] = (struct lane){ .io = io, .m = m, .method = methods[m] };
    const enum edgel_status s = p.nlanes ? io->rows(io->user, color, &sink, err) : EDGEL_OK;
    for (size_t i = 0; i < p.nlanes; i++) {
        if (s == EDGEL_OK && lanes[i].stream) {
            const struct edgel_edge_map map = edgel_stream_map(lanes[i].stream);
            tell_edges(io, lanes[i].m, &map);
        }
        edgel_stream_destroy(&lanes[i].stream);
    }
    return s;
}

bool edgel_methods_stream(const struct edgel_method *methods, size_t n)
{
    for (size_t m = 0; m < n; m++)
        if (methods[m].info && !edgel_method_streams(&methods[m]))
            return false;
    return true;
}

enum edgel_status edgel_detect_rows(const struct edgel_method *methods, size_t n,
                                    const struct edgel_detect_io *io, struct edgel_error *err)
{
    EDGEL_REQUIRE(io);
    EDGEL_REQUIRE(io->rows);
    EDGEL_REQUIRE(io->begin);
    EDGEL_REQUIRE(io->row);
    if (n)
        EDGEL_REQUIRE(methods);
    if (!edgel_methods_stream(methods, n))
        return edgel_fail(err, EDGEL_EUNSUPPORTED, "%s: a method needs all of the image", io->name);
    struct lane *lanes = edgel_calloc(n + 1, sizeof *lanes);
    if (!lanes)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", io->name);
    enum edgel_status s = run_pass(methods, n, false, lanes, io, err);
    if (s == EDGEL_OK)
        s = run_pass(methods, n, true, lanes, io, err);
    edgel_free(lanes);
    return s;
}
