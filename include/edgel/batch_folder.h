/* edgel/batch_folder.h: one operation over files and folders, as `edgel detect` runs it. */
#ifndef EDGEL_BATCH_FOLDER_H
#define EDGEL_BATCH_FOLDER_H

#include "edgel/batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One image on its way: what write() gets, and what it fills in. */
struct edgel_folder_image {
    size_t i;                      /* index of the input */
    const char *input;             /* path to read */
    const struct edgel_plan *plan; /* edgel_plan_skips(plan, i, m): output m exists and is left alone */
    const char *const *paths;      /* [noutputs] names that the outputs are to have */
    /* [noutputs] to be filled in: begun by edgel_folder_image_begin(image, m) and written, not committed. NULL: none.
     * Also after a failure: the run discards them. */
    struct edgel_output **outputs;
    struct edgel_info info;             /* to be filled in: what the decoder said */
    int w, h;                           /* to be filled in: of the decoded pixels; 0: as info says */
    enum edgel_type type;               /* to be filled in: of the decoded pixels; 0: not decoded */
    struct edgel_output_folder *folder; /* where the outputs go; NULL: the output is a file of its own */
    struct edgel_edges
        *edges;     /* [noutputs] may be filled in, for the log; given with a negative share: no edge map */
    char note[200]; /* may be filled in: on the result or the pixels */
};
/* Begins output m of an image, in its place below the output folder. Returns as edgel_output_folder_begin(), of a file
 * of its own as edgel_output_begin(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_folder_image_begin(struct edgel_folder_image *image,
                                                                     size_t m, struct edgel_error *err);

/* What became of one image; strings live during the call. */
struct edgel_folder_report {
    size_t i; /* index of the input */
    const char *input;
    const struct edgel_plan *plan;
    const char *const *paths; /* [noutputs]; after an error none of them was written */
    enum edgel_outcome outcome;
    const char *error;           /* NULL unless outcome is EDGEL_OUTCOME_ERROR */
    const char *remark, *damage; /* of the decoder; "": none */
    int width, height;           /* 0: unknown */
    int pages;                   /* of a file whose pages were all worked on, else 0 */
    enum edgel_type type;        /* of the decoded pixels */
    double seconds;
    const char *note; /* of write(); "": none */
};

/* Problems that do not stop the run (except a lost log), reported at once. */
enum edgel_folder_warning {
    EDGEL_FOLDER_NO_RECORD,   /* no record can be kept: this run cannot be resumed */
    EDGEL_FOLDER_RECORD_LOST, /* the record cannot be written any more: it can be resumed from here */
    EDGEL_FOLDER_LOG_LOST,    /* the log cannot be written: the run stops */
    EDGEL_FOLDER_MOVED /* the output folder's name has become that of another one: the run fails at its end */
};

/* The parts of a run in their order. */
enum edgel_folder_stage {
    EDGEL_FOLDER_INPUTS, /* the inputs are collected, and survey() looks at them */
    EDGEL_FOLDER_RECORD, /* the record of an interrupted run is looked for */
    EDGEL_FOLDER_PLAN,   /* the outputs are planned */
    EDGEL_FOLDER_NAMES,  /* check() is asked about each output */
    EDGEL_FOLDER_LOG,    /* the log is neither an input nor an output */
    EDGEL_FOLDER_BEGIN,  /* begin() */
    EDGEL_FOLDER_START,  /* the log is begun, the output folder made */
    EDGEL_FOLDER_WORK    /* the images; the log is ended */
};

struct edgel_folder_run {
    /* What is read. skip_folder is set by the run: outputs are no inputs. */
    struct edgel_inputs_params inputs;
    /* What is written, as in edgel_plan_params. */
    const char *output, *name, *default_name, *extension;
    const char *const *methods, *const *classes;
    size_t noutputs; /* of an image, >= 1 */
    enum edgel_existing existing;
    struct edgel_shard shard; /* the part to do; zeroed: all */
    bool resume;              /* skip what an interrupted run with the same settings finished */
    bool durable; /* outputs are flushed to the disk before they get their names, and the names after that */
    bool dry_run; /* only report() what would be done */
    int threads;  /* 0: one for each core */
    const char *log; /* file of JSON lines, "-" standard output; NULL none */
    /* All that the bytes of outputs depend on, the images aside. The version of the library is added. */
    const struct edgel_setting *settings;
    size_t nsettings;
    /* The operation: what is done with an image. All but write may be NULL. */
    void *user; /* given to its functions */
    /* Makes what each thread works with: `threads` work on images, and each may use `inner` threads itself. */
    enum edgel_status (*begin)(void *user, int threads, int inner, struct edgel_error *err);
    void (*end)(void *user, int threads); /* after begin, also when that failed */
    /* Reads one image and writes all outputs that the plan does not skip. Called from several threads. */
    enum edgel_status (*write)(void *user, int thread, struct edgel_folder_image *image,
                               struct edgel_error *err);
    /* Whether output m can be written under this name; asked of all before any work. */
    enum edgel_status (*check)(void *user, size_t m, const char *path, struct edgel_error *err);
    /* Fills in scales[noutputs], given zeroed, of an image of that type: for the log. */
    void (*scales)(void *user, enum edgel_type type, struct edgel_scale *scales);
    /* Callbacks that report progress; all may be NULL. Called one at a time, in the order of the inputs. */
    void *listener; /* given to its four functions, as their user */
    void (*report)(void *user, const struct edgel_folder_report *report);
    /* Before the first image and after each: what is done so far, of how many. */
    void (*progress)(void *user, const struct edgel_totals *so_far, size_t count);
    void (*warn)(void *user, enum edgel_folder_warning warning, const char *text);
    bool (*stop)(void *user); /* asked before each image, by any thread; true: start no further one */
    bool
        follow_links; /* of links below the output folder; else none is, and one of an output's name is replaced */
    /* One more function of the operation: looks at the whole list, that of all parts together, before anything else.
     * What it finds out and outputs depend on goes to *range, text that lives as long as the run: the setting --range,
     * and "range" in the log. NULL: nothing is looked at. */
    enum edgel_status (*survey)(void *user, const struct edgel_inputs *inputs, const char **range,
                                struct edgel_error *err);
};
/* One output an image, named "{stem}.png"; outputs that exist are an error; links below the output folder are not
 * followed; a thread for each core; no callbacks. */
EDGEL_API void edgel_folder_run_init(struct edgel_folder_run *run);

struct edgel_folder_result {
    enum edgel_folder_stage stage; /* the one that failed, or the last */
    struct edgel_totals totals;    /* dry_run: ok are those that would be done */
    size_t inputs;                 /* of the whole list, all parts together */
    bool resumable;                /* there is a record from which an equal run with `resume` goes on */
};

/*
 * Reads images, has write() make their outputs, and gives these their names: an output that has its name is complete,
 * and an image that fails leaves none. Plans and checks everything before any work: two inputs with one output, an
 * output that is an input or exists are refused, and so is a run while another one is at work in the output folder with
 * other settings or some of the same outputs (a lock in ".edgel-active" there, which ends with its process). While it
 * is at work the output folder holds a record, from which an equal run with `resume` goes on should this one be
 * interrupted or killed; of a run that ended it says so and stays. The log holds a line for each image in the order of
 * the inputs, whatever the number of threads.
 *
 * result  may be NULL
 * Returns EDGEL_OK, also when images failed (result->totals.failed); EDGEL_EINTERRUPTED: stop said true, what had
 * started is finished, or survey() was interrupted; EDGEL_EINVAL: refused before any work; EDGEL_EIO: a list cannot be
 * read, the log or the output folder cannot be made, or the log not be written; EDGEL_EFORMAT: a damaged record;
 * EDGEL_ENOMEM; or what begin(), check() and survey() return. Memory that runs out within write() is the error of an
 * image.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_folder_run_execute(const struct edgel_folder_run *run,
                                                                     struct edgel_folder_result *result,
                                                                     struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
