/* One image of `edgel detect`: bytes read once, decoded once per kind of pixels, every method run and encoded, and only
 * then do the outputs appear, so that an image that fails leaves none of them. */
#include "detect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void detect_worker_init(struct detect_worker *w, int threads)
{
    *w = (struct detect_worker){ .threads = threads < EDGEL_POOL_MAX ? threads : EDGEL_POOL_MAX };
    w->scratch = edgel_scratch_create();
    if (!w->scratch)
        cli_out_of_memory();
}

void detect_worker_finish(struct detect_worker *w)
{
    edgel_bytes_finish(&w->bytes);
    edgel_image_finish(&w->gray);
    edgel_image_finish(&w->color);
    edgel_image_finish(&w->pixels);
    edgel_scratch_destroy(&w->scratch);
    edgel_pool_destroy(&w->pool);
}

/* Threads for one image, where there are some to spare and it is not so small that starting them costs more. */
static enum edgel_status take_threads(struct detect_worker *w, const struct edgel_image *in,
                                      struct edgel_error *err)
{
    enum { WORTH_IT = 1 << 18 }; /* pixels */
    if (w->threads < 2 || w->pool || (uint64_t)in->w * (uint64_t)in->h < WORTH_IT)
        return EDGEL_OK;
    enum edgel_status s = edgel_pool_create(w->threads, &w->pool, err);
    return s == EDGEL_OK ? edgel_scratch_use_pool(w->scratch, w->pool, err) : s;
}

static enum edgel_status decode(struct detect_work *k, bool color, const struct edgel_image **pixels,
                                struct edgel_error *err)
{
    struct edgel_image *img = color ? &k->w->color : &k->w->gray;
    bool *has = color ? &k->has_color : &k->has_gray;
    *pixels = img;
    if (*has)
        return EDGEL_OK;
    struct edgel_read params = cli_read_params(k->job->read, color ? EDGEL_DECODE_COLOR : EDGEL_DECODE_GRAY);
    const uint64_t most = params.limits.max_pixels;
    if (!k->whole && k->job->stream_over < most)
        params.limits.max_pixels = k->job->stream_over;
    enum edgel_status s = edgel_image_decode(k->w->bytes.data, k->w->bytes.size, k->image->input, &params,
                                             img, &k->image->info, err);
    const uint64_t area = (uint64_t)k->image->info.w * (uint64_t)k->image->info.h;
    k->large = s == EDGEL_ELIMIT && !k->whole && area > k->job->stream_over && area <= most;
    if (s == EDGEL_ELIMIT && area > most) { /* told with the limit that was asked for */
        params.limits.max_pixels = most;
        edgel_error_clear(err);
        s = edgel_image_decode(k->w->bytes.data, k->w->bytes.size, k->image->input, &params, img,
                               &k->image->info, err);
    }
    k->image->type = img->type;
    *has = s == EDGEL_OK;
    return s;
}

enum edgel_status detect_name_failure(const struct detect_work *k, const struct detect_task *t,
                                      const struct edgel_error *from, struct edgel_error *err)
{
    err->code = from->code;
    snprintf(err->msg, sizeof err->msg, "%.200s: %s: %.280s", k->image->input, t->info->name, from->msg);
    return from->code;
}

void detect_fit_type(enum edgel_type type, const struct edgel_write *write, struct edgel_method *method)
{
    if (type == EDGEL_F32 && method->depth == 0 && method->id != EDGEL_METHOD_CANNY &&
        write->format != EDGEL_FORMAT_TIFF)
        method->depth = 16;
}

enum edgel_status detect_fit_channels(const char *path, int channels, const struct edgel_write *write,
                                      struct edgel_error *err)
{
    size_t n = strlen(path);
    if (write->format != EDGEL_FORMAT_PNM || n < 4)
        return EDGEL_OK;
    char letter = path[n - 2]; /* of .pgm, .ppm, .pbm, .pnm */
    if ((letter == 'g' || letter == 'G') && channels != 1)
        return cli_fail(err, "%s: PGM holds gray, the image has %d channels; use .ppm or .pnm", path,
                        channels);
    if ((letter == 'p' || letter == 'P') && channels != 3)
        return cli_fail(err, "%s: PPM holds colour, the image is gray; use .pgm or .pnm", path);
    return EDGEL_OK;
}

/* Runs task m and writes its output under a temporary name. */
static enum edgel_status run_task(struct detect_work *k, size_t m, struct edgel_error *err)
{
    const struct detect_task *t = &k->job->tasks[m];
    const char *path = k->image->paths[m];
    struct edgel_method method;
    struct edgel_write write;
    struct edgel_error detail = { 0 };
    const struct edgel_image *in;
    enum edgel_status s = detect_fit(t, path, &method, &write, err);
    if (s == EDGEL_OK)
        s = decode(k, method.channels, &in, err);
    if (s != EDGEL_OK)
        return s;
    detect_fit_type(in->type, &write, &method);
    int bits = 0;
    s = take_threads(k->w, in, &detail);
    if (s == EDGEL_OK)
        s = edgel_method_run(k->w->scratch, edgel_image_view(in), &method, &k->w->pixels, &bits, &detail);
    if (s != EDGEL_OK)
        return detect_name_failure(k, t, &detail, err);
    s = detect_fit_channels(path, k->w->pixels.channels, &write, err);
    if (s == EDGEL_OK)
        s = edgel_output_begin(path, &k->image->outputs[m], err);
    write.bits = bits == 1 ? 1 : 0;
    if (s == EDGEL_OK)
        s = edgel_image_encode(edgel_image_view(&k->w->pixels), &write, k->image->outputs[m], err);
    return s;
}

static enum edgel_status run_whole(struct detect_work *k, struct edgel_error *err)
{
    enum edgel_status s = edgel_bytes_read(k->image->input, &k->w->bytes, err);
    for (size_t m = 0; m < k->job->ntasks && s == EDGEL_OK; m++)
        if (!edgel_plan_skips(k->image->plan, k->image->i, m))
            s = run_task(k, m, err);
    return s;
}

static void discard_all(struct detect_work *k)
{
    for (size_t m = 0; m < k->job->ntasks; m++)
        edgel_output_discard(&k->image->outputs[m]);
}

/* Row by row. A file that turns out not to be for that is read as a whole; so is one that was replaced by such a file
 * between the readings for gray and for colour, of which the first has written outputs. */
static enum edgel_status run_rows(struct detect_work *k, struct edgel_error *err)
{
    bool refused;
    enum edgel_status s = detect_stream(k, &refused, err);
    k->whole = refused;
    if (!refused)
        return s;
    edgel_error_clear(err);
    discard_all(k);
    return run_whole(k, err);
}

/* Files of this size are looked at before they are read; of smaller ones the header tells once they are in memory. */
static bool is_large_file(const char *path)
{
    enum { LARGE = 1 << 26 };
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode) && s.st_size >= LARGE;
}

static enum edgel_status run_all(struct detect_work *k, struct edgel_error *err)
{
    enum edgel_status s;
    k->whole = k->job->read->lenient || !detect_streams(k);
    if (!k->whole && is_large_file(k->image->input))
        return run_rows(k, err);
    s = run_whole(k, err);
    if (k->large) {
        edgel_error_clear(err);
        discard_all(k);
        edgel_bytes_finish(&k->w->bytes);
        s = run_rows(k, err);
    }
    return s;
}

enum edgel_status detect_image(const struct detect_job *job, struct detect_worker *w,
                               struct folder_image *image, struct edgel_error *err)
{
    struct detect_work k = { .job = job, .w = w, .image = image };
    enum edgel_status s = run_all(&k, err);
    const struct edgel_image *decoded = k.has_gray ? &w->gray : k.has_color ? &w->color : NULL;
    image->w = decoded ? decoded->w : 0;
    image->h = decoded ? decoded->h : 0;
    return s;
}
