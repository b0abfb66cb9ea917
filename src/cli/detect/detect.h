/* detect.h: the parts of `edgel detect`: methods as options, one image, the command. */
#ifndef EDGEL_CLI_DETECT_H
#define EDGEL_CLI_DETECT_H

#include "cli/run/folder.h"
#include "edgel/detect.h"

/* --- detect_methods.c --- */

/* Rows of the library's table of methods: -m, and the parameters of all methods as options; their values are read again
 * by detect_tasks(). */
enum { DETECT_ROWS_MAX = 64 };
extern struct cli_option detect_method_rows[2], detect_param_rows[DETECT_ROWS_MAX];
void detect_make_rows(void);
void detect_describe(char *buf, size_t size); /* a sentence for each method */

/* Options for TIFF only. */
enum { DETECT_ALL_PAGES = -1 };
struct detect_tiff {
    int page; /* as edgel_read.page, or DETECT_ALL_PAGES: each becomes a page of the output */
    int tile; /* as edgel_write.tile */
};
extern const struct cli_option detect_tiff_rows[];

/* The methods of a run, and what stands for each in {op} and messages. */
struct detect_tasks {
    struct edgel_method *v; /* [n] */
    char **labels;          /* [n] */
    size_t n;
};
/* Resolves the -m texts (none: canny) with the plain options over each. Returns 0 or CLI_EXIT_USAGE after telling
 * the reason; the caller frees tasks in both cases. */
int detect_tasks_make(const struct cli_args *args, const struct cli_list *texts, struct detect_tasks *tasks);
void detect_tasks_free(struct detect_tasks *tasks);

/* Fits a method to the format that the output's name asks for: depth, and whether the two go together. EDGEL_EINVAL
 * names the path and the rule. */
enum edgel_status detect_fit(const char *path, const struct detect_tiff *tiff, struct edgel_method *method,
                             struct edgel_write *write, struct edgel_error *err);

/* --- detect_image.c --- */

/* What is the same for all images of a run. */
struct detect_job {
    const struct edgel_method *tasks;
    const char *const *labels; /* [ntasks] */
    size_t ntasks;
    const struct cli_read_options *read;
    const struct detect_tiff *tiff;
    const struct folder_options *folder;
    const struct edgel_range *asked; /* --range */
    struct folder_range range;
    uint64_t stream_over;          /* pixels: larger images go row by row where they can */
    struct detect_worker *workers; /* [threads] */
};

/* What one thread reuses from image to image. Zero-initialise; finish frees. */
struct detect_worker {
    struct edgel_detector *detector;
    struct edgel_bytes bytes;
    struct edgel_image gray, color;
    struct edgel_method *methods;  /* [ntasks] fitted to the outputs of the image */
    struct edgel_write *writes;    /* [ntasks] */
    struct edgel_writer **writers; /* [ntasks] of outputs that are written row by row or page by page */
    struct edgel_edge_map *maps;   /* [ntasks] what edge maps of the image hold, all pages together */
};
void detect_worker_init(struct detect_worker *w, int threads, size_t ntasks);
void detect_worker_finish(struct detect_worker *w);

/* Reads an image once, decodes it once per kind of pixels, runs all tasks and writes their outputs under temporary
 * names. */
enum edgel_status detect_image(const struct detect_job *job, struct detect_worker *w,
                               struct edgel_folder_image *image, struct edgel_error *err);

#endif
