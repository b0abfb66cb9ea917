/* One image of `edgel detect`: bytes read once, decoded once per kind of pixels, every method run and encoded, and only
 * then do the outputs appear, so that an image that fails leaves none of them. */
#include "detect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void detect_worker_init(struct detect_worker *w, int threads, size_t ntasks)
{
    *w = (struct detect_worker){ .threads = threads < EDGEL_POOL_MAX ? threads : EDGEL_POOL_MAX,
                                 .writers = cli_alloc(ntasks, sizeof *w->writers) };
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
    free(w->writers);
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

static bool works_on_all(const struct detect_job *job)
{
    return job->tiff->page == DETECT_ALL_PAGES;
}

struct edgel_read detect_read_params(const struct detect_work *k, bool color)
{
    struct edgel_read params = cli_read_params(k->job->read, color ? EDGEL_DECODE_COLOR : EDGEL_DECODE_GRAY);
    params.page = k->page;
    params.page_at = k->page_at;
    return params;
}

static enum edgel_status decode(struct detect_work *k, bool color, const struct edgel_image **pixels,
                                struct edgel_error *err)
{
    struct edgel_image *img = color ? &k->w->color : &k->w->gray;
    bool *has = color ? &k->has_color : &k->has_gray;
    *pixels = img;
    if (*has)
        return EDGEL_OK;
    struct edgel_read params = detect_read_params(k, color);
    const uint64_t most = params.limits.max_pixels;
    const bool lowered = !k->whole && k->job->stream_over < most;
    if (lowered)
        params.limits.max_pixels = k->job->stream_over;
    enum edgel_status s = edgel_image_decode(k->w->bytes.data, k->w->bytes.size, k->image->input, &params,
                                             img, &k->image->info, err);
    const uint64_t area = (uint64_t)k->image->info.w * (uint64_t)k->image->info.h;
    k->large = s == EDGEL_ELIMIT && lowered && area > k->job->stream_over && area <= most;
    if (s == EDGEL_ELIMIT && lowered && !k->large) { /* of a tile, or told with another limit */
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

/* Whether PGM and PPM hold as many channels. */
static enum edgel_status fit_channels(const char *path, int channels, const struct edgel_write *write,
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

static enum edgel_status begin_output(struct detect_work *k, size_t m, int channels,
                                      const struct edgel_write *write, struct edgel_error *err)
{
    const char *path = k->image->paths[m];
    enum edgel_status s = fit_channels(path, channels, write, err);
    return s == EDGEL_OK ? edgel_output_begin(path, &k->image->outputs[m], err) : s;
}

/* The most that the pixels of all pages can take. Those after the first are written as deep and with as many channels,
 * where pages do not differ. */
static uint64_t bytes_of_pages(const struct edgel_info *info, struct edgel_view shape,
                               const struct edgel_write *write)
{
    const size_t most = 3 * sizeof(float);
    const bool differ = info->pages_differ && write->bits != 1;
    const size_t bytes = differ             ? most
                         : write->bits == 1 ? 1
                                            : edgel_type_size(shape.type) * (size_t)shape.channels;
    return info->pages_pixels * bytes / (write->bits == 1 ? 8 : 1);
}

enum edgel_status detect_begin_rows(struct detect_work *k, size_t m, struct edgel_view shape,
                                    const struct edgel_write *write, struct edgel_error *err)
{
    struct edgel_writer **writer = &k->w->writers[m];
    if (*writer)
        return edgel_writer_page(*writer, shape, err);
    struct edgel_write params = *write;
    params.bytes = works_on_all(k->job) ? bytes_of_pages(&k->image->info, shape, write) : 0;
    enum edgel_status s = begin_output(k, m, shape.channels, write, err);
    return s == EDGEL_OK ? edgel_writer_begin(shape, &params, k->image->outputs[m], writer, err) : s;
}

/* The result of task m, as a whole or as a page. */
static enum edgel_status put_output(struct detect_work *k, size_t m, const struct edgel_write *write,
                                    struct edgel_error *err)
{
    const struct edgel_view v = edgel_image_view(&k->w->pixels);
    enum edgel_status s;
    if (!works_on_all(k->job)) {
        s = begin_output(k, m, v.channels, write, err);
        return s == EDGEL_OK ? edgel_image_encode(v, write, k->image->outputs[m], err) : s;
    }
    s = detect_begin_rows(k, m, v, write, err);
    for (int y = 0; y < v.h && s == EDGEL_OK; y++)
        s = edgel_writer_row(k->w->writers[m], (const char *)v.data + y * v.stride, err);
    return s;
}

/* Runs task m and writes its output under a temporary name. */
static enum edgel_status run_task(struct detect_work *k, size_t m, struct edgel_error *err)
{
    const struct detect_task *t = &k->job->tasks[m];
    struct edgel_method method;
    struct edgel_write write;
    struct edgel_error detail = { 0 };
    const struct edgel_image *in;
    enum edgel_status s = detect_fit(t, k->image->paths[m], k->job->tiff, &method, &write, err);
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
    write.bits = bits == 1 ? 1 : 0;
    return put_output(k, m, &write, err);
}

static enum edgel_status run_whole(struct detect_work *k, struct edgel_error *err)
{
    enum edgel_status s = k->loaded ? EDGEL_OK : edgel_bytes_read(k->image->input, &k->w->bytes, err);
    k->loaded = s == EDGEL_OK;
    for (size_t m = 0; m < k->job->ntasks && s == EDGEL_OK; m++)
        if (!edgel_plan_skips(k->image->plan, k->image->i, m))
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
static uint64_t large_file(const char *path)
{
    enum { LARGE = 1 << 26 };
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode) && s.st_size >= LARGE ? (uint64_t)s.st_size : 0;
}

/* The page, or the image of a file that has but one. */
static enum edgel_status run_page(struct detect_work *k, struct edgel_error *err)
{
    enum edgel_status s;
    k->has_gray = k->has_color = k->large = false;
    k->whole = k->job->read->lenient || !detect_streams(k);
    k->file_bytes = k->loaded ? 0 : large_file(k->image->input);
    if (!k->whole && k->file_bytes > 0)
        return run_rows(k, err);
    s = run_whole(k, err);
    if (k->large) { /* told before anything of it was written */
        edgel_error_clear(err);
        edgel_bytes_finish(&k->w->bytes);
        k->loaded = false;
        s = run_rows(k, err);
    }
    return s;
}

/* "INPUT: ..." becomes "INPUT, page N: ...". */
static void name_page(const struct detect_work *k, struct edgel_error *err)
{
    const size_t n = strlen(k->image->input);
    char rest[sizeof err->msg];
    if (strncmp(err->msg, k->image->input, n) != 0)
        return;
    snprintf(rest, sizeof rest, "%s", err->msg + n);
    snprintf(err->msg, sizeof err->msg, "%.200s, page %d%.280s", k->image->input, k->page, rest);
}

/* The pages after the first. What is told of the file is told of its first page, the first remark apart. */
static enum edgel_status run_further(struct detect_work *k, struct edgel_error *err)
{
    struct edgel_info *info = &k->image->info, first = *info;
    const enum edgel_type type = k->image->type;
    enum edgel_status s = EDGEL_OK;
    while (s == EDGEL_OK && k->page < first.pages) {
        k->page++;
        k->page_at = info->next_page;
        s = run_page(k, err);
        if (first.remark[0] == '\0')
            memcpy(first.remark, info->remark, sizeof first.remark);
        if (first.damage[0] == '\0')
            memcpy(first.damage, info->damage, sizeof first.damage);
    }
    if (s != EDGEL_OK)
        name_page(k, err);
    *info = first;
    k->image->type = type;
    return s;
}

/* The sides of the decoded pixels; of rows they are those of the file. */
static void note_sides(const struct detect_work *k)
{
    const struct edgel_image *decoded = k->has_gray ? &k->w->gray : k->has_color ? &k->w->color : NULL;
    k->image->w = decoded ? decoded->w : 0;
    k->image->h = decoded ? decoded->h : 0;
}

static enum edgel_status end_writers(struct detect_work *k, enum edgel_status s, struct edgel_error *err)
{
    for (size_t m = 0; m < k->job->ntasks; m++) {
        if (s == EDGEL_OK && k->w->writers[m])
            s = edgel_writer_end(&k->w->writers[m], err);
        edgel_writer_discard(&k->w->writers[m]);
    }
    return s;
}

enum edgel_status detect_image(const struct detect_job *job, struct detect_worker *w,
                               struct edgel_folder_image *image, struct edgel_error *err)
{
    const bool all = works_on_all(job);
    struct detect_work k = { .job = job, .w = w, .image = image, .page = all ? 1 : job->tiff->page };
    enum edgel_status s = run_page(&k, err);
    note_sides(&k);
    if (s == EDGEL_OK && all)
        s = run_further(&k, err);
    if (!all)
        image->info.pages = 0;
    return end_writers(&k, s, err);
}
