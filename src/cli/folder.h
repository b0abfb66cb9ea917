/* folder.h: a run of one operation over files and folders: what detect and segment share. A command embeds
 * struct folder_options, fills struct folder_run and calls folder_run_all(). */
#ifndef EDGEL_CLI_FOLDER_H
#define EDGEL_CLI_FOLDER_H

#include "cli.h"

/* The command's rows for -o and --name name these fields. */
struct folder_options {
    const char *output, *name;
    int existing; /* enum edgel_existing */
    bool dry_run, resume, durable;
    struct cli_input_options inputs;
    struct cli_shard_options part;
    struct cli_run_options run;
};
extern const struct cli_option folder_rows[]; /* --existing, --resume, --durable, --dry-run */

/* One image on its way. */
struct folder_image {
    size_t i; /* index of the input */
    const char *input;
    const struct edgel_plan *plan;
    char **paths;                  /* [noutputs] */
    struct edgel_output **outputs; /* [noutputs] being written; NULL: none */
    struct edgel_info info;
    int w, h;             /* of the decoded pixels; 0: as info says */
    enum edgel_type type; /* of the decoded pixels; 0: not decoded */
};

/* What became of one image. */
struct folder_result {
    enum edgel_outcome outcome;
    char error[1024];
    char remark[160], damage[160];
    int width, height;
    int pages; /* --page all: of the file; else 0 */
    enum edgel_type type;
    double seconds;
    bool marked; /* mark is that of the image */
    struct edgel_mark mark;
    struct edgel_output **outputs; /* --durable: [noutputs] written, to be committed; NULL: none */
};

/* Names and values on which the bytes of outputs or their names depend, the image aside. */
struct folder_settings {
    struct edgel_setting *v;
    size_t n;
};
void folder_setting(struct folder_settings *s, const char *name, const char *value); /* takes copies */
void folder_settings_finish(struct folder_settings *s);

struct folder_run {
    const struct folder_options *o;
    const char *label;          /* of the progress bar */
    size_t noutputs;            /* of an image */
    const char *const *methods; /* [noutputs] values of {op} */
    const char *const *classes; /* [noutputs] values of {class}; NULL: there is no {class} */
    const char *name;           /* template without --name */
    const char *extension;      /* outputs are files of this kind ("csv"); NULL: images */
    void *user;                 /* given to what follows */
    /* Makes what each thread works with; a thread may use `inner` threads itself. Returns an exit code, 0 to go on. */
    int (*begin)(void *user, int threads, int inner);
    void (*end)(void *user, int threads); /* after begin, also when that failed */
    /* Writes under temporary names (image->outputs) all outputs that the plan does not skip. */
    enum edgel_status (*write)(void *user, int thread, struct folder_image *image, struct edgel_error *err);
    /* Whether output m can be written under its name; asked of all before any work. NULL: yes. */
    enum edgel_status (*check)(void *user, size_t m, const char *path, struct edgel_error *err);
    void (*settings)(void *user, struct folder_settings *s);
    /* Scales [noutputs] for the log, to be freed; NULL: none. May be NULL. */
    struct edgel_scale *(*scales)(void *user, const struct folder_result *result);
};
/* Whether the options go together and there is something to read and to write. Returns 0 or CLI_EXIT_USAGE after
 * telling the reason. */
int folder_check_usage(const struct cli_args *args, const struct folder_options *o);
/* Plans, checks, runs, logs. Returns the exit code. */
int folder_run_all(const struct cli_args *args, const struct folder_run *run);

/* --- folder_image.c --- */

/* What is the same for all images of a run. */
struct folder_job {
    const struct folder_run *run;
    const struct edgel_inputs *inputs;
    const struct edgel_plan *plan;
    struct edgel_journal *journal; /* record of the run; NULL: none is kept */
    bool journal_failed;           /* it was told that it cannot be written */
};

/* What one thread reuses. */
struct folder_worker {
    char **paths;                  /* [noutputs] */
    struct edgel_output **outputs; /* [noutputs] */
};

/* Works on input i and makes its outputs appear together: an image that fails leaves none. */
void folder_image(const struct folder_job *job, struct folder_worker *w, int thread, size_t i,
                  struct folder_result *result);
/* Makes all outputs of image i appear; should one of them refuse, those that did appear are taken back. */
enum edgel_status folder_commit(const struct folder_job *job, size_t i, char *const *paths,
                                struct edgel_output **outputs, struct edgel_error *err);
/* Output path m of input i; to be freed. */
char *folder_path(const struct edgel_plan *plan, size_t i, size_t m);

/* --- folder_durable.c --- */

/* Images whose outputs are written and wait for their names. Zero-initialise. */
struct folder_group {
    struct folder_waiting {
        size_t k;
        struct folder_result result;
        char **paths;
    } * at;
    size_t count, cap, noutputs;
    struct edgel_sync *sync;
};
/* Takes the k-th image with its result and paths (both are the group's then). True when the group is full. */
bool folder_group_add(struct folder_group *g, const struct folder_job *job, size_t k,
                      const struct folder_result *result, char **paths);
/* Makes the outputs of all its images durable and gives them their names; what fails becomes the result of its images.
 * The caller reports the images, frees their paths and sets count to 0. shard: the part that k counts in. */
void folder_group_commit(struct folder_group *g, const struct folder_job *job,
                         const struct edgel_shard *shard);
void folder_group_finish(struct folder_group *g);

/* --- folder_resume.c --- */

/* What the results of a run depend on, the program's version included. Limits are not part of it: an image that was
 * over one is not finished. */
struct folder_settings folder_settings_of(const struct folder_run *run);
/* Looks for the record of an interrupted run in the output folder (--resume); job->journal stays NULL when there is
 * none. shard: the part. Returns 0 or CLI_EXIT_USAGE after telling the reason. */
int folder_resume_find(struct folder_job *job, const char *folder, const struct edgel_shard *shard);
/* True when the folder holds the record of a run that did not end. */
bool folder_resume_exists(const char *folder, const struct edgel_shard *shard);
/* Begins the record of this run, or goes on with the one found. A record that cannot be kept is told of; the run does
 * without. False: there is no output folder, and none can be made, which is told. */
bool folder_resume_begin(struct folder_job *job, const struct edgel_shard *shard);
/* Notes that image i is finished. */
void folder_resume_note(struct folder_job *job, const struct folder_result *result);
/* The run has ended: the record is removed if all was done, else kept. */
void folder_resume_end(struct folder_job *job, bool all);
/* True when a run that was interrupted finished input i, which has not changed since, and its outputs are there. mark
 * is set whenever the input can be asked for (then *marked). paths: of its outputs. */
bool folder_finished(const struct folder_job *job, size_t i, char *const *paths, struct edgel_mark *mark,
                     bool *marked);

#endif
