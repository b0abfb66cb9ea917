/* One image of `edgel segment`: decoded once, run through the network part by part, and what was asked for made of the
 * probabilities as they come, so that memory holds the image, its labels and one part. */
#include "cli/segment/segment.h"
#include "edgel/geometry.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- workers --- */

static enum edgel_status make_worker(const struct segment_job *job, struct segment_worker *w, int threads,
                                     int inner, struct edgel_error *err)
{
    enum edgel_status s = edgel_pool_create(inner < EDGEL_POOL_MAX ? inner : EDGEL_POOL_MAX, &w->pool, err);
    struct edgel_predictor_params params;
    edgel_predictor_params_init(&params);
    params.pool = w->pool;
    params.max_bytes = job->memory_bytes / (size_t)threads;
    if (s == EDGEL_OK)
        s = edgel_predictor_create(job->model, &params, &w->predictor, err);
    w->planes = cli_alloc(job->noutputs, sizeof *w->planes);
    return s;
}

enum edgel_status segment_begin(void *user, int threads, int inner, struct edgel_error *err)
{
    struct segment_job *job = user;
    enum edgel_status s = EDGEL_OK;
    job->workers = cli_alloc((size_t)threads, sizeof *job->workers);
    job->threads = threads;
    job->inner = inner;
    for (int t = 0; t < threads && s == EDGEL_OK; t++)
        s = make_worker(job, &job->workers[t], threads, inner, err);
    return s;
}

void segment_end(void *user, int threads)
{
    struct segment_job *job = user;
    for (int t = 0; t < threads; t++) {
        struct segment_worker *w = &job->workers[t];
        edgel_predictor_destroy(&w->predictor);
        edgel_pool_destroy(&w->pool);
        edgel_bytes_finish(&w->bytes);
        edgel_image_finish(&w->image);
        edgel_image_finish(&w->pixels);
        for (size_t m = 0; w->planes && m < job->noutputs; m++)
            edgel_image_finish(&w->planes[m]);
        free(w->planes);
        edgel_image_finish(&w->labels);
        edgel_image_finish(&w->numbers);
    }
    free(job->workers);
}

/* --- the network --- */

struct segmenting {
    const struct segment_job *job;
    struct segment_worker *w;
};

static void *row_of(const struct edgel_image *image, int y)
{
    return (char *)image->data + y * image->stride;
}

static enum edgel_status read_part(void *user, int x, int y, int w, int h, float *planar,
                                   struct edgel_error *err)
{
    struct segmenting *g = user;
    return edgel_image_planes(edgel_image_view(&g->w->image), g->job->info.in_channels, x, y, w, h, planar,
                              err);
}

/* The id of the class of each pixel; background is 0. */
static enum edgel_status take_labels(void *user, int x, int y, int w, int h, const float *planar,
                                     struct edgel_error *err)
{
    struct segmenting *g = user;
    const struct edgel_model_info *info = &g->job->info;
    const size_t plane = (size_t)w * (size_t)h;
    const bool binary = info->outputs == 1;
    (void)err;
    for (int r = 0; r < h; r++) {
        uint16_t *to = (uint16_t *)row_of(&g->w->labels, y + r) + x;
        edgel_logit_classes(planar + (size_t)r * (size_t)w, plane, info->outputs, g->job->threshold,
                            (size_t)w, to);
        for (int i = 0; i < w; i++)
            to[i] = (uint16_t)(!binary ? info->classes[to[i]].id : to[i] ? info->classes[0].id : 0);
    }
    return EDGEL_OK;
}

static void put_probabilities(struct edgel_image *plane, int x, int y, int w, const float *from)
{
    void *row = row_of(plane, y);
    for (int i = 0; i < w; i++) {
        const size_t at = (size_t)(x + i);
        if (plane->type == EDGEL_F32)
            ((float *)row)[at] = from[i];
        else if (plane->type == EDGEL_U16)
            ((uint16_t *)row)[at] = (uint16_t)(from[i] * 65535.0f + 0.5f);
        else
            ((uint8_t *)row)[at] = (uint8_t)(from[i] * 255.0f + 0.5f);
    }
}

static enum edgel_status take_probabilities(void *user, int x, int y, int w, int h, const float *planar,
                                            struct edgel_error *err)
{
    struct segmenting *g = user;
    (void)err;
    for (size_t m = 0; m < g->job->noutputs; m++)
        for (int r = 0; r < h && g->w->planes[m].data; r++)
            put_probabilities(&g->w->planes[m], x, y + r, w,
                              planar + ((size_t)g->job->planes[m] * (size_t)h + (size_t)r) * (size_t)w);
    return EDGEL_OK;
}

/* A --memory in MiB that is enough for an image: for tiles of twice what an output depends on, or for the whole image
 * where that is no larger, or no such tile can be had. 0: unknown. */
static size_t enough_memory(const struct segment_job *job, int w, int h)
{
    struct edgel_layer *layers = cli_alloc((size_t)job->info.layers + 1, sizeof *layers);
    size_t whole = 0, tile = 0;
    if (edgel_model_memory(job->model, w, h, &whole, NULL) == EDGEL_OK &&
        edgel_model_layers(job->model, w, h, layers, NULL) == EDGEL_OK) {
        const int field = layers[job->info.layers].field, side = field ? 2 * field : h > w ? h : w;
        if (edgel_model_memory(job->model, side < w ? side : w, side < h ? side : h, &tile, NULL) !=
                EDGEL_OK ||
            tile * (size_t)job->inner * (size_t)job->threads <= job->memory_bytes)
            tile = whole;
    }
    free(layers);
    return (tile * (size_t)job->inner * (size_t)job->threads + ((size_t)1 << 20) - 1) >> 20;
}

static enum edgel_status run_network(struct segmenting *g, const char *input, struct edgel_error *err)
{
    const bool soft = g->job->emit == EMIT_PROBABILITY;
    struct edgel_predict_io io;
    edgel_predict_io_init(&io);
    io.w = g->w->image.w;
    io.h = g->w->image.h;
    io.logits = !soft;
    io.user = g;
    io.read = read_part;
    io.write = soft ? take_probabilities : take_labels;
    struct edgel_error detail = { 0 };
    enum edgel_status s = edgel_predictor_run(g->w->predictor, &io, &detail);
    const size_t enough = s == EDGEL_ELIMIT ? enough_memory(g->job, io.w, io.h) : 0;
    if (enough)
        (void)edgel_error_set(err, s,
                              "%s: --memory %zu MiB is not enough to run the network, whole or on tiles; "
                              "--memory %zu is enough",
                              input, g->job->memory_bytes >> 20, enough);
    else if (s != EDGEL_OK)
        (void)edgel_error_set(err, s, "%s: %s", input, detail.msg);
    return s;
}

/* --- outputs --- */

bool segment_is_binary(const struct segment_job *job)
{
    return job->info.labels != EDGEL_MODEL_IDS;
}

static int largest_id(const struct segment_job *job)
{
    int most = 0;
    for (int k = 0; k < job->info.outputs; k++)
        most = job->info.classes[k].id > most ? job->info.classes[k].id : most;
    return most;
}

enum edgel_status segment_fit(const struct segment_job *job, const char *path, int *depth,
                              struct edgel_write *write, struct edgel_error *err)
{
    const char pnm = cli_pnm_letter(path);
    *depth = job->emit == EMIT_PROBABILITY ? job->depth : 0;
    enum edgel_status s = cli_format_fit(path, depth, write, err);
    if (s != EDGEL_OK || job->emit == EMIT_OBJECTS)
        return s;
    const bool floats = *depth == 32;
    if (*depth == 0)
        *depth = 8;
    if (job->emit == EMIT_PROBABILITY)
        return pnm == 'p' || pnm == 'b'
                   ? edgel_error_set(err, EDGEL_EINVAL, "%s: probabilities are gray; use .pgm", path)
                   : EDGEL_OK;
    if (floats)
        return edgel_error_set(err, EDGEL_EINVAL, "%s: %s holds float samples, for --emit probability", path,
                               edgel_format_name(write->format));
    const bool color = job->emit == EMIT_OVERLAY;
    const bool one_bit = job->emit == EMIT_MASK && segment_is_binary(job);
    if (pnm && (pnm == 'p') != color && pnm != 'n')
        return edgel_error_set(err, EDGEL_EINVAL, "%s: %s", path,
                               color ? "an overlay is colour; use .ppm" : "PPM holds colour; use .pgm");
    if (pnm == 'b' && !one_bit)
        return edgel_error_set(err, EDGEL_EINVAL, "%s: PBM holds 1-bit masks only", path);
    if (job->emit == EMIT_INSTANCES || (job->emit == EMIT_MASK && largest_id(job) > 255))
        *depth = 16;
    if (one_bit) {
        *depth = 8;
        write->bits = pnm && pnm != 'b' ? 0 : 1;
    } else if (job->emit == EMIT_MASK && *depth == 8 &&
               (edgel_format_find(write->format)->holds & EDGEL_HOLDS_PALETTE)) {
        write->palette = &job->palette;
    }
    return EDGEL_OK;
}

static enum edgel_status write_image(struct edgel_folder_image *image, size_t m,
                                     const struct edgel_image *pixels, const struct edgel_write *write,
                                     struct edgel_error *err)
{
    enum edgel_status s = edgel_folder_image_begin(image, m, err);
    return s == EDGEL_OK ? edgel_image_encode(edgel_image_view(pixels), write, image->outputs[m], err) : s;
}

static enum edgel_status write_mask(struct segmenting *g, struct edgel_folder_image *image,
                                    struct edgel_error *err)
{
    struct segment_worker *w = g->w;
    const bool binary = segment_is_binary(g->job);
    struct edgel_write write;
    int depth;
    enum edgel_status s = segment_fit(g->job, image->paths[0], &depth, &write, err);
    if (s == EDGEL_OK)
        s = edgel_image_init(&w->pixels, w->image.w, w->image.h, 1, depth == 16 ? EDGEL_U16 : EDGEL_U8, err);
    for (int y = 0; y < w->image.h && s == EDGEL_OK; y++) {
        const uint16_t *from = row_of(&w->labels, y);
        uint8_t *to = row_of(&w->pixels, y);
        if (depth == 16)
            memcpy(to, from, (size_t)w->image.w * sizeof *from);
        else
            for (int x = 0; x < w->image.w; x++)
                to[x] = (uint8_t)(binary ? (from[x] ? 255 : 0) : from[x]);
    }
    return s == EDGEL_OK ? write_image(image, 0, &w->pixels, &write, err) : s;
}

/* A picture or map that the library makes of the labels, as the one output. */
static enum edgel_status write_made(struct segmenting *g, struct edgel_folder_image *image,
                                    enum edgel_status made, struct edgel_error *err)
{
    struct edgel_write write;
    int depth;
    if (made != EDGEL_OK)
        return made;
    enum edgel_status s = segment_fit(g->job, image->paths[0], &depth, &write, err);
    return s == EDGEL_OK ? write_image(image, 0, &g->w->pixels, &write, err) : s;
}

static enum edgel_status write_overlay(struct segmenting *g, struct edgel_folder_image *image,
                                       struct edgel_error *err)
{
    struct segment_worker *w = g->w;
    const struct edgel_view labels = edgel_image_view(&w->labels);
    return write_made(
        g, image,
        edgel_overlay_labels(edgel_image_view(&w->image), labels, &g->job->palette, &w->pixels, err), err);
}

static enum edgel_status write_instances(struct segmenting *g, struct edgel_folder_image *image,
                                         struct edgel_error *err)
{
    struct edgel_error detail = { 0 };
    const enum edgel_status s =
        edgel_components_map(edgel_image_view(&g->w->numbers), &g->w->pixels, &detail);
    if (s != EDGEL_OK)
        return edgel_error_set(err, s, "%s: %s", image->input, detail.msg);
    return write_made(g, image, s, err);
}

struct table {
    const struct edgel_model_info *info;
    struct edgel_output *output;
};

static const char *name_of(void *user, int id)
{
    const struct edgel_model_info *info = ((const struct table *)user)->info;
    for (int k = 0; k < info->outputs; k++)
        if (info->classes[k].id == id)
            return info->classes[k].name;
    return "";
}

static enum edgel_status write_text(void *user, const void *bytes, size_t n, struct edgel_error *err)
{
    return edgel_output_write(((const struct table *)user)->output, bytes, n, err);
}

static enum edgel_status write_objects(struct segmenting *g, struct edgel_folder_image *image, int64_t n,
                                       struct edgel_error *err)
{
    struct table t = { .info = &g->job->info };
    const struct edgel_component_table table = { name_of, write_text, &t };
    enum edgel_status s = edgel_folder_image_begin(image, 0, err);
    t.output = image->outputs[0];
    return s == EDGEL_OK ? edgel_components_table(edgel_image_view(&g->w->labels),
                                                  edgel_image_view(&g->w->numbers), n, &table, err)
                         : s;
}

static enum edgel_status write_components(struct segmenting *g, struct edgel_folder_image *image,
                                          struct edgel_error *err)
{
    struct segment_worker *w = g->w;
    int64_t n;
    enum edgel_status s = edgel_components_number(edgel_image_view(&w->labels), 0, &w->numbers, &n, err);
    if (s != EDGEL_OK)
        return s;
    return g->job->emit == EMIT_OBJECTS ? write_objects(g, image, n, err) : write_instances(g, image, err);
}

static enum edgel_status make_planes(struct segmenting *g, struct edgel_folder_image *image,
                                     struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    for (size_t m = 0; m < g->job->noutputs && s == EDGEL_OK; m++) {
        struct edgel_image *plane = &g->w->planes[m];
        struct edgel_write write;
        int depth;
        if (edgel_plan_skips(image->plan, image->i, m)) {
            edgel_image_finish(plane);
            continue;
        }
        s = segment_fit(g->job, image->paths[m], &depth, &write, err);
        if (s == EDGEL_OK)
            s = edgel_image_init(plane, g->w->image.w, g->w->image.h, 1,
                                 depth == 32   ? EDGEL_F32
                                 : depth == 16 ? EDGEL_U16
                                               : EDGEL_U8,
                                 err);
    }
    return s;
}

static enum edgel_status write_planes(struct segmenting *g, struct edgel_folder_image *image,
                                      struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    for (size_t m = 0; m < g->job->noutputs && s == EDGEL_OK; m++) {
        struct edgel_write write;
        int depth;
        if (!g->w->planes[m].data)
            continue;
        s = segment_fit(g->job, image->paths[m], &depth, &write, err);
        if (s == EDGEL_OK)
            s = write_image(image, m, &g->w->planes[m], &write, err);
    }
    return s;
}

enum edgel_status segment_image(void *user, int thread, struct edgel_folder_image *image,
                                struct edgel_error *err)
{
    const struct segment_job *job = user;
    struct segmenting g = { .job = job, .w = &job->workers[thread] };
    struct edgel_read params =
        cli_read_params(job->read, job->info.in_channels == 1 ? EDGEL_DECODE_GRAY : EDGEL_DECODE_COLOR);
    params.range = job->range.range;
    enum edgel_status s = edgel_file_read(image->input, EDGEL_FILE_IMAGE, &params.limits, &g.w->bytes, err);
    if (s == EDGEL_OK)
        s = edgel_image_decode(g.w->bytes.data, g.w->bytes.size, image->input, &params, &g.w->image,
                               &image->info, err);
    if (s != EDGEL_OK)
        return s;
    image->w = g.w->image.w;
    image->h = g.w->image.h;
    image->type = g.w->image.type;
    s = job->emit == EMIT_PROBABILITY ? make_planes(&g, image, err)
                                      : edgel_image_init(&g.w->labels, image->w, image->h, 1, EDGEL_U16, err);
    if (s == EDGEL_OK)
        s = run_network(&g, image->input, err);
    if (s != EDGEL_OK)
        return s;
    switch (job->emit) {
    case EMIT_MASK: return write_mask(&g, image, err);
    case EMIT_PROBABILITY: return write_planes(&g, image, err);
    case EMIT_OVERLAY: return write_overlay(&g, image, err);
    case EMIT_INSTANCES:
    case EMIT_OBJECTS: return write_components(&g, image, err);
    }
    return edgel_error_set(err, EDGEL_EINVAL, "%s: output of kind %d", image->input, (int)job->emit);
}
