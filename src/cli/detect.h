/* detect.h: the parts of `edgel detect`: methods and their parameters, one image, the command. */
#ifndef EDGEL_CLI_DETECT_H
#define EDGEL_CLI_DETECT_H

#include "cli.h"
#include "edgel/filter.h"

/* --- detect_methods.c --- */

/* Values of the method parameters, as plain options or as key=value of -m. */
struct detect_settings {
    double sigma;
    int64_t ksize;
    int aperture, norm, nms, emit, strength, depth, gray; /* index of the choice */
    struct edgel_threshold low, high;
};
extern const struct cli_option detect_setting_rows[];

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
enum edgel_status detect_fit(const struct detect_task *task, const char *path, struct edgel_method *method,
                             struct edgel_write *write, struct edgel_error *err);

/* --- detect_image.c --- */

/* What is the same for all images of a run. */
struct detect_job {
    const struct edgel_inputs *inputs;
    const struct edgel_plan *plan;
    const struct detect_task *tasks;
    size_t ntasks;
    const struct cli_read_options *read;
    const char *name;              /* template of --name, NULL: none */
    bool durable;                  /* outputs appear group by group, not by detect_image() */
    struct edgel_journal *journal; /* record of the run; NULL: none is kept */
    bool journal_failed;           /* it was told that it cannot be written */
    uint64_t stream_over;          /* pixels: larger images go row by row where they can */
};

/* What one thread reuses from image to image. Zero-initialise; finish frees. */
struct detect_worker {
    struct edgel_bytes bytes;
    struct edgel_image gray, color, pixels;
    struct edgel_scratch *scratch;
    char **paths;                  /* [ntasks] */
    struct edgel_output **outputs; /* [ntasks] being written; NULL: none */
};
void detect_worker_init(struct detect_worker *w, size_t ntasks);
void detect_worker_finish(struct detect_worker *w);

/* What became of one image. */
struct detect_result {
    enum edgel_outcome outcome;
    char error[1024];
    char remark[160], damage[160];
    int width, height;
    enum edgel_type type; /* of the decoded pixels */
    double seconds;
    bool marked; /* mark is that of the image */
    struct edgel_mark mark;
    struct edgel_output **outputs; /* --durable: [ntasks] written, to be committed; NULL: none */
};

/* Reads input i once, decodes it once per kind of pixels, runs all tasks and makes their outputs appear together: an
 * image that fails leaves none. */
void detect_image(const struct detect_job *job, struct detect_worker *w, size_t i,
                  struct detect_result *result);

/* Makes all outputs of image i appear; should one of them refuse, those that did appear are taken back. */
enum edgel_status detect_commit(const struct detect_job *job, size_t i, char *const *paths,
                                struct edgel_output **outputs, struct edgel_error *err);

/* One image on its way. */
struct detect_work {
    const struct detect_job *job;
    struct detect_worker *w;
    size_t i;
    const char *input;
    bool has_gray, has_color;
    bool large;           /* its header says so many pixels that it should go row by row */
    bool whole;           /* it cannot, or need not */
    enum edgel_type type; /* of the decoded pixels */
    struct edgel_info info;
};

/* Puts "INPUT: METHOD: " before a text of the library that knows neither. */
enum edgel_status detect_name_failure(const struct detect_work *k, const struct detect_task *t,
                                      const struct edgel_error *from, struct edgel_error *err);
/* What detect_fit() leaves open until the pixels are known: depth of float images, channels of PGM and PPM. */
void detect_fit_type(enum edgel_type type, const struct edgel_write *write, struct edgel_method *method);
enum edgel_status detect_fit_channels(const char *path, int channels, const struct edgel_write *write,
                                      struct edgel_error *err);

/* --- detect_stream.c --- */

/* Whether all tasks can go row by row into their outputs. */
bool detect_streams(const struct detect_work *k);
/* Runs all tasks while the file is read row by row, outputs under temporary names. *refused: this file does not hold its
 * rows in order, or has fewer pixels than --stream-over: nothing was done. */
enum edgel_status detect_stream(struct detect_work *k, bool *refused, struct edgel_error *err);

/* Output path of input i by task m; to be freed. */
char *detect_path(const struct edgel_plan *plan, size_t i, size_t m);

/* True when a run that was interrupted finished input i, which has not changed since, and its outputs are there. mark is
 * set whenever the input can be asked for (then *marked). paths: of its outputs. */
bool detect_finished(const struct detect_job *job, size_t i, char *const *paths, struct edgel_mark *mark,
                     bool *marked);

/* --- detect_durable.c --- */

/* Images whose outputs are written and wait for their names. Zero-initialise. */
struct detect_group {
    struct detect_waiting {
        size_t k;
        struct detect_result result;
        char **paths;
    } * at;
    size_t count, cap, noutputs;
    struct edgel_sync *sync;
};
/* Takes the k-th image with its result and paths (both are the group's then). True when the group is full. */
bool detect_group_add(struct detect_group *g, const struct detect_job *job, size_t k,
                      const struct detect_result *result, char **paths);
/* Makes the outputs of all its images durable and gives them their names; what fails becomes the result of its images. The
 * caller reports the images, frees their paths and sets count to 0. shard: the part that k counts in. */
void detect_group_commit(struct detect_group *g, const struct detect_job *job,
                         const struct edgel_shard *shard);
void detect_group_finish(struct detect_group *g);

/* --- detect_resume.c --- */

/* Looks for the record of an interrupted run in the output folder (--resume); job->journal stays NULL when there is none.
 * shard: the part. Returns 0 or CLI_EXIT_USAGE after telling the reason. */
int detect_resume_find(struct detect_job *job, const char *folder, const struct edgel_shard *shard);
/* True when the folder holds the record of a run that did not end. */
bool detect_resume_exists(const char *folder, const struct edgel_shard *shard);
/* Begins the record of this run, or goes on with the one found. A record that cannot be kept is told of; the run does
 * without. */
void detect_resume_begin(struct detect_job *job, const struct edgel_shard *shard);
/* Notes that image i is finished. */
void detect_resume_note(struct detect_job *job, const struct detect_result *result);
/* The run has ended: the record is removed if all was done, else kept. */
void detect_resume_end(struct detect_job *job, bool all);

#endif
