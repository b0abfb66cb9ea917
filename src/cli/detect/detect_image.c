/* One image of `edgel detect`. The file is read once, and decoded at most once as gray and once in colour. Outputs are
 * written under temporary names, so that an image that fails leaves none. Large images go row by row from the file
 * through the methods into the outputs: memory does not grow with them, and the bytes are the same. */
#include "cli/detect/detect.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void detect_worker_init(struct detect_worker *w, int threads, size_t ntasks)
{
    *w = (struct detect_worker){ .writers = cli_alloc(ntasks, sizeof *w->writers),
                                 .maps = cli_alloc(ntasks, sizeof *w->maps),
                                 .methods = cli_alloc(ntasks, sizeof *w->methods),
                                 .writes = cli_alloc(ntasks, sizeof *w->writes) };
    if (edgel_detector_create(threads < EDGEL_POOL_MAX ? threads : EDGEL_POOL_MAX, &w->detector, NULL) !=
        EDGEL_OK)
        cli_out_of_memory();
}

void detect_worker_finish(struct detect_worker *w)
{
    edgel_bytes_finish(&w->bytes);
    edgel_image_finish(&w->gray);
    edgel_image_finish(&w->color);
    edgel_detector_destroy(&w->detector);
    free(w->maps);
    free(w->writers);
    free(w->methods);
    free(w->writes);
}

/* One image on its way. */
struct work {
    const struct detect_job *job;
    struct detect_worker *w;
    struct edgel_folder_image *image;
    int page; /* the current page, as edgel_read.page and page_at */
    uint64_t page_at;
    bool loaded;         /* the file is in the worker's bytes */
    uint64_t file_bytes; /* of a file that is large and not loaded, else 0 */
    bool large;          /* by its header it has too many pixels to be decoded whole */
    bool whole;          /* it cannot go row by row, or need not */
    const struct edgel_image *decoded;
    struct edgel_view rows; /* by rows: their shape */
    double largest;         /* value of the image */
    int passes;             /* by rows: how many were begun */
    bool begun, declined;   /* the current pass: gave rows; refused to */
};

static bool works_on_all(const struct detect_job *job)
{
    return job->tiff->page == DETECT_ALL_PAGES;
}

static struct edgel_read read_params(const struct work *k, bool color)
{
    struct edgel_read params = cli_read_params(k->job->read, color ? EDGEL_DECODE_COLOR : EDGEL_DECODE_GRAY);
    params.page = k->page;
    params.page_at = k->page_at;
    params.range = k->job->range.range;
    return params;
}

/* --- pixels --- */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static enum edgel_status decode(void *user, bool color, struct edgel_view *pixels, struct edgel_error *err)
{
    struct work *k = user;
    struct edgel_image *img = color ? &k->w->color : &k->w->gray;
    struct edgel_read params = read_params(k, color);
    const uint64_t most = params.limits.max_pixels;
    const bool lowered = !k->whole && k->job->stream_over < most;
    if (lowered)
        params.limits.max_pixels = k->job->stream_over;
    enum edgel_status s = edgel_image_decode(k->w->bytes.data, k->w->bytes.size, k->image->input, &params,
                                             img, &k->image->info, err);
    const uint64_t area = (uint64_t)k->image->info.w * (uint64_t)k->image->info.h;
    k->large = s == EDGEL_ELIMIT && lowered && area > k->job->stream_over && area <= most;
    if (s == EDGEL_ELIMIT && lowered && !k->large) { /* the limit of a tile, or another limit */
        params.limits.max_pixels = most;
        edgel_error_clear(err);
        s = edgel_image_decode(k->w->bytes.data, k->w->bytes.size, k->image->input, &params, img,
                               &k->image->info, err);
    }
    k->image->type = img->type;
    if (s == EDGEL_OK && (!k->decoded || !color))
        k->decoded = img;
    *pixels = edgel_image_view(img);
    if (s == EDGEL_OK)
        k->largest = larger(k->largest, edgel_view_largest(*pixels));
    return s;
}

/* The page is a small part of its file, which would take far more memory than the page. */
static bool is_small_part(const struct work *k, struct edgel_view shape)
{
    const uint64_t samples = (uint64_t)shape.w * (uint64_t)shape.h * (uint64_t)shape.channels;
    return k->file_bytes / 16 > samples * edgel_type_size(shape.type);
}

/* Passes rows of the file to the methods. */
struct reading {
    struct work *k;
    const struct edgel_row_sink *sink;
};

static enum edgel_status begin_rows(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct reading *r = user;
    if ((uint64_t)shape.w * (uint64_t)shape.h <= r->k->job->stream_over && !is_small_part(r->k, shape)) {
        r->k->declined = true;
        return EDGEL_EINTERRUPTED;
    }
    r->k->begun = true;
    r->k->image->type = shape.type;
    r->k->rows = shape;
    r->k->rows.h = 1;
    return r->sink->begin(r->sink->user, shape, err);
}

static enum edgel_status put_row(void *user, const void *row, struct edgel_error *err)
{
    const struct reading *r = user;
    struct edgel_view v = r->k->rows;
    v.data = row;
    r->k->largest = larger(r->k->largest, edgel_view_largest(v));
    return r->sink->row(r->sink->user, row, err);
}

static enum edgel_status read_rows(void *user, bool color, const struct edgel_row_sink *sink,
                                   struct edgel_error *err)
{
    struct work *k = user;
    struct reading r = { k, sink };
    const struct edgel_row_sink here = { &r, begin_rows, put_row };
    const struct edgel_read params = read_params(k, color);
    k->passes++;
    k->begun = k->declined = false;
    return edgel_image_stream(k->image->input, &params, &here, &k->image->info, err);
}

/* --- results --- */

/* Float images are written with 16 bits where no depth was asked for and the format is not TIFF; detect_fit() does not
 * know the type yet. */
static void fit_type(void *user, size_t m, enum edgel_type type, struct edgel_method *method)
{
    const struct work *k = user;
    const enum edgel_result result = edgel_method_result(method);
    const bool own =
        result == EDGEL_RESULT_IMAGE || result == EDGEL_RESULT_RESPONSE; /* the depth of the input */
    if (type == EDGEL_F32 && own && edgel_method_depth(method) == 0 &&
        k->w->writes[m].format != EDGEL_FORMAT_TIFF)
        (void)!edgel_method_set(method, "depth", "16", NULL);
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
        return edgel_error_set(err, EDGEL_EINVAL,
                               "%s: PGM holds gray, the image has %d channels; use .ppm or .pnm", path,
                               channels);
    if ((letter == 'p' || letter == 'P') && channels != 3)
        return edgel_error_set(err, EDGEL_EINVAL, "%s: PPM holds colour, the image is gray; use .pgm or .pnm",
                               path);
    return EDGEL_OK;
}

static enum edgel_status begin_output(struct work *k, size_t m, int channels, const struct edgel_write *write,
                                      struct edgel_error *err)
{
    const char *path = k->image->paths[m];
    enum edgel_status s = fit_channels(path, channels, write, err);
    return s == EDGEL_OK ? edgel_folder_image_begin(k->image, m, err) : s;
}

/* An upper bound for the pixels of all pages. Where pages differ, any of them may have 3 float channels. */
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

/* Begins output m, or its next page, and the writer of its rows. */
static enum edgel_status begin_result(void *user, size_t m, struct edgel_view shape, int bits,
                                      struct edgel_error *err)
{
    struct work *k = user;
    struct edgel_writer **writer = &k->w->writers[m];
    if (*writer)
        return edgel_writer_page(*writer, shape, err);
    struct edgel_write params = k->w->writes[m];
    params.bits = bits == 1 ? 1 : 0;
    params.bytes = works_on_all(k->job) ? bytes_of_pages(&k->image->info, shape, &params) : 0;
    enum edgel_status s = begin_output(k, m, shape.channels, &params, err);
    return s == EDGEL_OK ? edgel_writer_begin(shape, &params, k->image->outputs[m], writer, err) : s;
}

static enum edgel_status put_result_row(void *user, size_t m, const void *row, struct edgel_error *err)
{
    const struct work *k = user;
    return edgel_writer_row(k->w->writers[m], row, err);
}

/* The result of task m, as a whole or as a page. */
static enum edgel_status put_result(void *user, size_t m, struct edgel_view v, int bits,
                                    struct edgel_error *err)
{
    struct work *k = user;
    struct edgel_write write = k->w->writes[m];
    enum edgel_status s;
    write.bits = bits == 1 ? 1 : 0;
    if (!works_on_all(k->job)) {
        s = begin_output(k, m, v.channels, &write, err);
        return s == EDGEL_OK ? edgel_image_encode(v, &write, k->image->outputs[m], err) : s;
    }
    s = begin_result(k, m, v, bits, err);
    for (int y = 0; y < v.h && s == EDGEL_OK; y++)
        s = put_result_row(k, m, (const char *)v.data + y * v.stride, err);
    return s;
}

/* --- what is said of the result --- */

static void take_edges(void *user, size_t m, const struct edgel_edge_map *map)
{
    const struct work *k = user;
    struct edgel_edge_map *sum = &k->w->maps[m];
    if (sum->pixels == 0) {
        sum->low = map->low; /* of the first page */
        sum->high = map->high;
    }
    sum->edges += map->edges;
    sum->pixels += map->pixels;
}

static void note(struct edgel_folder_image *image, const char *fmt, ...) EDGEL_PRINTF(2, 3);
static void note(struct edgel_folder_image *image, const char *fmt, ...)
{
    const size_t at = strlen(image->note);
    va_list list;
    va_start(list, fmt);
    if (at + 3 < sizeof image->note) {
        snprintf(image->note + at, sizeof image->note - at, "%s", at ? "; " : "");
        vsnprintf(image->note + strlen(image->note), sizeof image->note - strlen(image->note), fmt, list);
    }
    va_end(list);
}

/* Values that leave most of the range unused, or go beyond it, are rarely meant to. */
static void note_range(const struct work *k)
{
    enum { SMALL_PART = 4 };
    const enum edgel_type type = k->image->type;
    const double white = type == EDGEL_U8 ? 255 : type == EDGEL_U16 ? 65535 : 1, most = k->largest;
    const struct edgel_range *r = &k->job->range.range;
    const bool given = r->whole.min != 0 || r->whole.max != 0 || r->real.min != 0 || r->real.max != 0;
    const double levels = type == EDGEL_F32 ? white : white + 1;
    if (type == EDGEL_F32 && most > 1)
        note(k->image, "float values up to %g, where white is 1", most);
    else if (most > 0 && most * SMALL_PART <= levels)
        note(k->image, "values up to %g of %g", most, white);
    else
        return;
    if (given) {
        note(k->image, "--range is %s", k->job->range.text);
        return;
    }
    if (type == EDGEL_U8 || most <= 1) {
        note(k->image, "see --range 0,%g", most);
        return;
    }
    char text[128];
    struct edgel_range fits = edgel_range_for(most, most);
    fits.whole = fits.real = type == EDGEL_F32 ? fits.real : fits.whole;
    edgel_range_text(&fits, text, sizeof text);
    note(k->image, "see --range auto or %s", text);
}

static void tell_of_result(struct work *k)
{
    static const double nearly_all = 0.25; /* of thin edges more does not fit well */
    for (size_t m = 0; m < k->job->ntasks; m++) {
        const struct edgel_edge_map *map = &k->w->maps[m];
        const char *name = k->job->labels[m];
        if (map->pixels == 0)
            continue;
        const double share = (double)map->edges / (double)map->pixels;
        k->image->edges[m] = (struct edgel_edges){ map->low, map->high, share };
        if (map->edges == 0)
            note(k->image, "%s found no edges", name);
        else if (share >= nearly_all)
            note(k->image, "%s took %.0f %% of the pixels for edges", name, 100 * share);
    }
    note_range(k);
}

/* --- the image --- */

static struct edgel_detect_io io_of(struct work *k)
{
    struct edgel_detect_io io;
    edgel_detect_io_init(&io);
    io.user = k;
    io.name = k->image->input;
    io.pixels = decode;
    io.rows = read_rows;
    io.fit = fit_type;
    io.result = put_result;
    io.begin = begin_result;
    io.row = put_result_row;
    io.edges = take_edges;
    return io;
}

/* Fits each method to the name of its output; leaves out the methods whose outputs the plan skips. */
static enum edgel_status fit_methods(struct work *k, struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    for (size_t m = 0; m < k->job->ntasks && s == EDGEL_OK; m++) {
        k->w->methods[m] = k->job->tasks[m];
        if (edgel_plan_skips(k->image->plan, k->image->i, m))
            k->w->methods[m].info = NULL;
        else
            s = detect_fit(k->image->paths[m], k->job->tiff, &k->w->methods[m], &k->w->writes[m], err);
    }
    return s;
}

static enum edgel_status run_whole(struct work *k, struct edgel_error *err)
{
    const struct edgel_detect_io io = io_of(k);
    const struct edgel_limits limits = read_params(k, false).limits;
    enum edgel_status s =
        k->loaded ? EDGEL_OK : edgel_file_read(k->image->input, EDGEL_FILE_IMAGE, &limits, &k->w->bytes, err);
    k->loaded = s == EDGEL_OK;
    return s == EDGEL_OK ? edgel_detector_run(k->w->detector, k->w->methods, k->job->ntasks, &io, err) : s;
}

/* Row by row. A file that does not hold its rows in order, or has few pixels, is then read as a whole; nothing was
 * written of it yet. */
static enum edgel_status run_rows(struct work *k, struct edgel_error *err)
{
    const struct edgel_detect_io io = io_of(k);
    k->passes = 0;
    k->begun = k->declined = false;
    enum edgel_status s = edgel_detect_rows(k->w->methods, k->job->ntasks, &io, err);
    const bool refused = k->declined || (s == EDGEL_EUNSUPPORTED && !k->begun);
    if (!refused)
        return s;
    edgel_error_clear(err);
    if (k->passes > 1) /* the first kind of pixels is written already */
        return edgel_error_set(err, EDGEL_EIO, "%s: was replaced while it was read", k->image->input);
    k->whole = true;
    return run_whole(k, err);
}

/* The size of a file whose header should be read before the rest; 0 for smaller ones, which are read whole at once. */
static uint64_t large_file(const char *path)
{
    enum { LARGE = 1 << 26 };
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode) && s.st_size >= LARGE ? (uint64_t)s.st_size : 0;
}

/* Whether all methods can go row by row into their outputs. */
static bool can_stream(const struct work *k)
{
    for (size_t m = 0; m < k->job->ntasks; m++)
        if (k->w->methods[m].info && k->w->writes[m].format == EDGEL_FORMAT_PFM)
            return false;
    return edgel_methods_stream(k->w->methods, k->job->ntasks);
}

/* The current page, or the one image of the file. */
static enum edgel_status run_page(struct work *k, struct edgel_error *err)
{
    enum edgel_status s = fit_methods(k, err);
    if (s != EDGEL_OK)
        return s;
    k->large = false;
    k->decoded = NULL;
    k->whole = k->job->read->lenient || !can_stream(k);
    k->file_bytes = k->loaded ? 0 : large_file(k->image->input);
    if (!k->whole && k->file_bytes > 0)
        return run_rows(k, err);
    s = run_whole(k, err);
    if (k->large) { /* found before anything was written */
        edgel_error_clear(err);
        edgel_bytes_finish(&k->w->bytes);
        k->loaded = false;
        s = run_rows(k, err);
    }
    return s;
}

/* "INPUT: ..." becomes "INPUT, page N: ...". */
static void name_page(const struct work *k, struct edgel_error *err)
{
    const size_t n = strlen(k->image->input);
    char rest[sizeof err->msg];
    if (strncmp(err->msg, k->image->input, n) != 0)
        return;
    snprintf(rest, sizeof rest, "%s", err->msg + n);
    snprintf(err->msg, sizeof err->msg, "%.200s, page %d%.280s", k->image->input, k->page, rest);
}

/* The pages after the first. The log describes the first page, with the first remark and damage of any. */
static enum edgel_status run_further(struct work *k, struct edgel_error *err)
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

static enum edgel_status end_writers(struct work *k, enum edgel_status s, struct edgel_error *err)
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
    struct work k = { .job = job, .w = w, .image = image, .page = all ? 1 : job->tiff->page };
    memset(w->maps, 0, job->ntasks * sizeof *w->maps);
    enum edgel_status s = run_page(&k, err);
    image->w = k.decoded ? k.decoded->w : 0; /* by rows: those of the file */
    image->h = k.decoded ? k.decoded->h : 0;
    if (s == EDGEL_OK && all)
        s = run_further(&k, err);
    if (!all)
        image->info.pages = 0;
    if (s == EDGEL_OK)
        tell_of_result(&k);
    return end_writers(&k, s, err);
}
