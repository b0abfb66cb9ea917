/* detect.h: the parts of `edgel detect`: methods and their parameters, one image, the command. */
#ifndef EDGEL_CLI_DETECT_H
#define EDGEL_CLI_DETECT_H

#include "edgel/filter.h"
#include "folder.h"

/* --- detect_methods.c --- */

/* Values of the method parameters, as plain options or as key=value of -m. */
struct detect_settings {
    double sigma;
    int64_t ksize;
    int aperture, norm, nms, emit, strength, depth, gray; /* index of the choice */
    struct edgel_threshold low, high;
};
extern const struct cli_option detect_setting_rows[];

/* What concerns TIFF alone. */
enum { DETECT_ALL_PAGES = -1 };
struct detect_tiff {
    int page; /* as edgel_read.page, or DETECT_ALL_PAGES: each becomes a page of the output */
    int tile; /* as edgel_write.tile */
};
extern const struct cli_option detect_tiff_rows[];

/* One -m: a method with its parameters resolved. */
struct detect_task {
    const struct edgel_method_info *info;
    struct edgel_method method;
};

/* Resolves the -m texts (none: canny) with the plain options over each. Returns 0 or CLI_EXIT_USAGE after telling
 * the reason; the caller frees *tasks. */
int detect_tasks(const struct cli_args *args, const struct cli_list *texts,
                 const struct detect_settings *settings, struct detect_task **tasks, size_t *ntasks);

/* Parameter k = 0, 1, ... of a task and its value, as the command line spells it; false after the last one. */
bool detect_setting_text(const struct detect_task *t, int k, const char **name, char *buf, size_t size);

/* Fits a task to the format that the output's name asks for: depth, and whether the two go together. EDGEL_EINVAL names
 * the path and the rule. */
enum edgel_status detect_fit(const struct detect_task *task, const char *path, const struct detect_tiff *tiff,
                             struct edgel_method *method, struct edgel_write *write, struct edgel_error *err);

/* --- detect_image.c --- */

/* What is the same for all images of a run. */
struct detect_job {
    const struct detect_task *tasks;
    size_t ntasks;
    const struct cli_read_options *read;
    const struct detect_tiff *tiff;
    uint64_t stream_over;          /* pixels: larger images go row by row where they can */
    struct detect_worker *workers; /* [threads] */
};

/* What one thread reuses from image to image. Zero-initialise; finish frees. */
struct detect_worker {
    struct edgel_bytes bytes;
    struct edgel_image gray, color, pixels;
    struct edgel_scratch *scratch;
    struct edgel_writer **writers; /* [ntasks] of outputs that are written row by row or page by page */
    int threads;                   /* that it may use itself, for one image */
    struct edgel_pool *pool;       /* of these; made for the first image that is worth it */
};
void detect_worker_init(struct detect_worker *w, int threads, size_t ntasks);
void detect_worker_finish(struct detect_worker *w);

/* Reads an image once, decodes it once per kind of pixels, runs all tasks and writes their outputs under temporary
 * names. */
enum edgel_status detect_image(const struct detect_job *job, struct detect_worker *w,
                               struct edgel_folder_image *image, struct edgel_error *err);

/* One image on its way. */
struct detect_work {
    const struct detect_job *job;
    struct detect_worker *w;
    struct edgel_folder_image *image;
    int page; /* that is worked on, as edgel_read.page and page_at */
    uint64_t page_at;
    bool loaded;         /* the file is in the worker's bytes */
    uint64_t file_bytes; /* of a file that is large and not loaded, else 0 */
    bool has_gray, has_color;
    bool large; /* its header says so many pixels that it should go row by row */
    bool whole; /* it cannot, or need not */
};

/* How the pixels of the page are read. */
struct edgel_read detect_read_params(const struct detect_work *k, bool color);
/* Begins output m, or its next page, and the writer of its rows. */
enum edgel_status detect_begin_rows(struct detect_work *k, size_t m, struct edgel_view shape,
                                    const struct edgel_write *write, struct edgel_error *err);

/* Puts "INPUT: METHOD: " before a text of the library that knows neither. */
enum edgel_status detect_name_failure(const struct detect_work *k, const struct detect_task *t,
                                      const struct edgel_error *from, struct edgel_error *err);
/* What detect_fit() leaves open until the pixels are known: the depth of float images. */
void detect_fit_type(enum edgel_type type, const struct edgel_write *write, struct edgel_method *method);

/* --- detect_stream.c --- */

/* Whether all tasks can go row by row into their outputs. */
bool detect_streams(const struct detect_work *k);
/* Runs all tasks while the file is read row by row, outputs under temporary names. *refused: this file does not hold
 * its rows in order, or has fewer pixels than --stream-over: nothing was done. */
enum edgel_status detect_stream(struct detect_work *k, bool *refused, struct edgel_error *err);

#endif
