/* One image of `edgel detect`: bytes read once, decoded once per kind of pixels, every method run and encoded, and only
 * then do the outputs appear, so that an image that fails leaves none of them. */
#include "detect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* One image on its way. */
struct work {
    const struct detect_job *job;
    struct detect_worker *w;
    size_t i;
    const char *input;
    bool has_gray, has_color;
    struct edgel_info info;
};

static enum edgel_status decode(struct work *k, bool color, const struct edgel_image **pixels,
                                struct edgel_error *err)
{
    struct edgel_image *img = color ? &k->w->color : &k->w->gray;
    bool *has = color ? &k->has_color : &k->has_gray;
    *pixels = img;
    if (*has)
        return EDGEL_OK;
    struct edgel_read params = cli_read_params(k->job->read, color ? EDGEL_DECODE_COLOR : EDGEL_DECODE_GRAY);
    enum edgel_status s =
        edgel_image_decode(k->w->bytes.data, k->w->bytes.size, k->input, &params, img, &k->info, err);
    *has = s == EDGEL_OK;
    return s;
}

/* Puts "INPUT: METHOD: " before a text of the library that knows neither. */
static enum edgel_status name_failure(const struct work *k, const struct detect_task *t,
                                      const struct edgel_error *from, struct edgel_error *err)
{
    err->code = from->code;
    snprintf(err->msg, sizeof err->msg, "%.200s: %s: %.280s", k->input, t->info->name, from->msg);
    return from->code;
}

static enum edgel_status check_channels(const char *path, const struct edgel_image *img,
                                        const struct edgel_write *write, struct edgel_error *err)
{
    size_t n = strlen(path);
    if (write->format != EDGEL_FORMAT_PNM || n < 4)
        return EDGEL_OK;
    char letter = path[n - 2]; /* of .pgm, .ppm, .pbm, .pnm */
    if ((letter == 'g' || letter == 'G') && img->channels != 1)
        return cli_fail(err, "%s: PGM holds gray, the image has %d channels; use .ppm or .pnm", path,
                        img->channels);
    if ((letter == 'p' || letter == 'P') && img->channels != 3)
        return cli_fail(err, "%s: PPM holds colour, the image is gray; use .pgm or .pnm", path);
    return EDGEL_OK;
}

/* Runs task m and writes its output under a temporary name. */
static enum edgel_status run_task(struct work *k, size_t m, struct edgel_error *err)
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
    if (in->type == EDGEL_F32 && method.depth == 0 && method.id != EDGEL_METHOD_CANNY &&
        write.format != EDGEL_FORMAT_TIFF)
        method.depth = 16;
    int bits = 0;
    if (edgel_method_run(k->w->scratch, edgel_image_view(in), &method, &k->w->pixels, &bits, &detail) !=
        EDGEL_OK)
        return name_failure(k, t, &detail, err);
    s = check_channels(path, &k->w->pixels, &write, err);
    if (s == EDGEL_OK)
        s = edgel_output_begin(path, &k->w->outputs[m], err);
    write.bits = bits == 1 ? 1 : 0;
    if (s == EDGEL_OK)
        s = edgel_image_encode(edgel_image_view(&k->w->pixels), &write, k->w->outputs[m], err);
    return s;
}

/* Makes all outputs appear; should one of them refuse, those that did appear are taken back. */
static enum edgel_status commit_all(struct work *k, struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    size_t m = 0;
    for (; m < k->job->ntasks && s == EDGEL_OK; m++)
        if (k->w->outputs[m])
            s = edgel_output_commit(&k->w->outputs[m], err);
    for (size_t done = 0; s != EDGEL_OK && done + 1 < m; done++)
        if (!edgel_plan_skips(k->job->plan, k->i, done))
            remove(k->w->paths[done]);
    return s;
}

static enum edgel_status run_all(struct work *k, struct edgel_error *err)
{
    enum edgel_status s = edgel_bytes_read(k->input, &k->w->bytes, err);
    for (size_t m = 0; m < k->job->ntasks && s == EDGEL_OK; m++)
        if (!edgel_plan_skips(k->job->plan, k->i, m))
            s = run_task(k, m, err);
    if (s == EDGEL_OK)
        s = commit_all(k, err);
    for (size_t m = 0; m < k->job->ntasks; m++)
        edgel_output_discard(&k->w->outputs[m]);
    return s;
}

/* Fails with the reason why an input of the list cannot be opened. */
static enum edgel_status why_broken(struct work *k, struct edgel_error *err)
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
    struct work k = { .job = job, .w = w, .i = i, .input = in->path };
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
    } else if ((in->broken ? why_broken(&k, &err) : run_all(&k, &err)) != EDGEL_OK) {
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
    result->type = decoded ? decoded->type : EDGEL_U8;
    result->seconds = cli_clock() - start;
}
