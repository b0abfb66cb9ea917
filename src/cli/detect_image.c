/* One image of `edgel detect`: bytes read once, decoded once per kind of pixels, every method run and encoded, and only
 * then do the outputs appear, so that an image that fails leaves none of them. */
#include "detect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void detect_worker_init(struct detect_worker *w, size_t ntasks)
{
    *w = (struct detect_worker){ 0 };
    w->scratch = edgel_scratch_create();
    if (!w->scratch)
        cli_out_of_memory();
    w->paths = cli_alloc(ntasks, sizeof *w->paths);
    w->outputs = cli_alloc(ntasks, sizeof *w->outputs);
}

void detect_worker_finish(struct detect_worker *w)
{
    edgel_bytes_finish(&w->bytes);
    edgel_image_finish(&w->gray);
    edgel_image_finish(&w->color);
    edgel_image_finish(&w->pixels);
    edgel_scratch_destroy(&w->scratch);
    free(w->paths);
    free(w->outputs);
}

char *detect_path(const struct edgel_plan *plan, size_t i, size_t m)
{
    for (size_t size = 512;; size *= 2) {
        char *path = cli_alloc(size, 1);
        if (edgel_plan_output(plan, i, m, path, size) > 0)
            return path;
        free(path);
    }
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
    enum edgel_status s =
        edgel_image_decode(k->w->bytes.data, k->w->bytes.size, k->input, &params, img, &k->info, err);
    const uint64_t area = (uint64_t)k->info.w * (uint64_t)k->info.h;
    k->large = s == EDGEL_ELIMIT && !k->whole && area > k->job->stream_over && area <= most;
    k->type = img->type;
    *has = s == EDGEL_OK;
    return s;
}

enum edgel_status detect_name_failure(const struct detect_work *k, const struct detect_task *t,
                                      const struct edgel_error *from, struct edgel_error *err)
{
    err->code = from->code;
    snprintf(err->msg, sizeof err->msg, "%.200s: %s: %.280s", k->input, t->info->name, from->msg);
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
    const char *path = k->w->paths[m];
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
    if (edgel_method_run(k->w->scratch, edgel_image_view(in), &method, &k->w->pixels, &bits, &detail) !=
        EDGEL_OK)
        return detect_name_failure(k, t, &detail, err);
    s = detect_fit_channels(path, k->w->pixels.channels, &write, err);
    if (s == EDGEL_OK)
        s = edgel_output_begin(path, &k->w->outputs[m], err);
    write.bits = bits == 1 ? 1 : 0;
    if (s == EDGEL_OK)
        s = edgel_image_encode(edgel_image_view(&k->w->pixels), &write, k->w->outputs[m], err);
    return s;
}

enum edgel_status detect_commit(const struct detect_job *job, size_t i, char *const *paths,
                                struct edgel_output **outputs, struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    size_t m = 0;
    for (; m < job->ntasks && s == EDGEL_OK; m++)
        if (outputs[m])
            s = edgel_output_commit(&outputs[m], err);
    for (size_t done = 0; s != EDGEL_OK && done + 1 < m; done++)
        if (!edgel_plan_skips(job->plan, i, done))
            remove(paths[done]);
    return s;
}

/* Hands the written outputs over to who makes them appear: with --durable that is done for many images at once. */
static enum edgel_status hand_over(struct detect_work *k, struct detect_result *result,
                                   struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    for (size_t m = 0; m < k->job->ntasks && s == EDGEL_OK; m++)
        if (k->w->outputs[m])
            s = edgel_output_flush(k->w->outputs[m], err);
    if (s != EDGEL_OK)
        return s;
    result->outputs = k->w->outputs;
    k->w->outputs = cli_alloc(k->job->ntasks, sizeof *k->w->outputs);
    return EDGEL_OK;
}

static void discard_all(struct detect_work *k)
{
    for (size_t m = 0; m < k->job->ntasks; m++)
        edgel_output_discard(&k->w->outputs[m]);
}

static enum edgel_status run_whole(struct detect_work *k, struct edgel_error *err)
{
    enum edgel_status s = edgel_bytes_read(k->input, &k->w->bytes, err);
    for (size_t m = 0; m < k->job->ntasks && s == EDGEL_OK; m++)
        if (!edgel_plan_skips(k->job->plan, k->i, m))
            s = run_task(k, m, err);
    return s;
}

/* Row by row. A file that turns out not to be for that is read as a whole. */
static enum edgel_status run_rows(struct detect_work *k, struct edgel_error *err)
{
    bool refused;
    enum edgel_status s = detect_stream(k, &refused, err);
    k->whole = refused;
    if (!refused)
        return s;
    edgel_error_clear(err);
    return run_whole(k, err);
}

/* Files of this size are looked at before they are read; of smaller ones the header tells once they are in memory. */
static bool is_large_file(const char *path)
{
    enum { LARGE = 1 << 26 };
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode) && s.st_size >= LARGE;
}

static enum edgel_status run_all(struct detect_work *k, struct detect_result *result, struct edgel_error *err)
{
    enum edgel_status s;
    k->whole = k->job->read->lenient || !detect_streams(k);
    if (!k->whole && is_large_file(k->input))
        s = run_rows(k, err);
    else {
        s = run_whole(k, err);
        if (k->large) {
            edgel_error_clear(err);
            discard_all(k);
            edgel_bytes_finish(&k->w->bytes);
            s = run_rows(k, err);
        }
    }
    if (s == EDGEL_OK)
        s = k->job->durable ? hand_over(k, result, err)
                            : detect_commit(k->job, k->i, k->w->paths, k->w->outputs, err);
    discard_all(k);
    return s;
}

/* Fails with the reason why an input of the list cannot be opened. */
static enum edgel_status why_broken(struct detect_work *k, struct edgel_error *err)
{
    if (edgel_bytes_read(k->input, &k->w->bytes, err) == EDGEL_OK)
        return cli_fail(err, "%s: could not be opened at first", k->input);
    return err->code;
}

static bool skips_all(const struct detect_job *job, size_t i)
{
    for (size_t m = 0; m < job->ntasks; m++)
        if (!edgel_plan_skips(job->plan, i, m))
            return false;
    return true;
}

void detect_image(const struct detect_job *job, struct detect_worker *w, size_t i,
                  struct detect_result *result)
{
    double start = cli_clock();
    const struct edgel_input *in = edgel_inputs_at(job->inputs, i);
    struct detect_work k = { .job = job, .w = w, .i = i, .input = in->path };
    struct edgel_error err = { 0 };
    *result = (struct detect_result){ .outcome = EDGEL_OUTCOME_OK };
    if (!in->broken && skips_all(job, i)) {
        result->outcome = EDGEL_OUTCOME_SKIPPED;
        return;
    }
    for (size_t m = 0; m < job->ntasks && !in->broken; m++)
        w->paths[m] = detect_path(job->plan, i, m);
    if (!in->broken && detect_finished(job, i, w->paths, &result->mark, &result->marked)) {
        result->outcome = EDGEL_OUTCOME_SKIPPED;
    } else if ((in->broken ? why_broken(&k, &err) : run_all(&k, result, &err)) != EDGEL_OK) {
        result->outcome = EDGEL_OUTCOME_ERROR;
        snprintf(result->error, sizeof result->error, "%s", err.msg);
    }
    for (size_t m = 0; m < job->ntasks && !in->broken; m++) {
        free(w->paths[m]);
        w->paths[m] = NULL;
    }
    memcpy(result->remark, k.info.remark, sizeof result->remark);
    memcpy(result->damage, k.info.damage, sizeof result->damage);
    const struct edgel_image *decoded = k.has_gray ? &w->gray : k.has_color ? &w->color : NULL;
    result->width = decoded ? decoded->w : k.info.w;
    result->height = decoded ? decoded->h : k.info.h;
    result->type = k.type ? k.type : EDGEL_U8;
    result->seconds = cli_clock() - start;
}
