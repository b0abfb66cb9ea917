/* edgel/batch.h: the parts of a run over folders: inputs, outputs, pairs, parallel work, log, record for resuming. */
#ifndef EDGEL_BATCH_H
#define EDGEL_BATCH_H

#include "edgel/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- inputs --- */

/* One file to read. Strings live as long as the list. */
struct edgel_input {
    const char *path; /* to open: the argument itself, or FOLDER/rel */
    const char *rel;  /* below the folder argument ("a/b.jpg"), or the last component of a file argument */
    bool folder;      /* found in a folder (false: named by itself) */
    bool broken;      /* does not exist, or cannot be looked at, or is a folder that cannot be read */
    int error;        /* of a broken one: the system's error number, as errno has it; else 0 */
};

struct edgel_inputs_params {
    const char *const *paths; /* files and folders in any mix */
    size_t npaths;
    /* List of further paths, one per line, ended by LF or CR LF; "-" standard input; NULL none. */
    const char *files_from;
    bool nul; /* paths in the list end with NUL bytes, not newlines */
    /* Globs: fnmatch on rel, and on its last component if the glob has no '/'. */
    const char *const *include, *const *exclude;
    size_t ninclude, nexclude;
    bool mat;                /* MAT files are images too */
    const char *skip_folder; /* the output folder: not read when it lies in an input folder; NULL none */
};

/* No paths, no list, every file of a folder, no MAT files. */
EDGEL_API void edgel_inputs_params_init(struct edgel_inputs_params *params);

struct edgel_inputs;

/*
 * Collects the files that paths name.
 *
 *   folder            read recursively; its files come in byte order of rel. Symbolic links to files and folders are
 *                     followed; a link back to a folder above is not
 *   file in a folder  an input if its content or its name is that of an image. Else it is passed over and counted; so
 *                     are devices, pipes and sockets, which are never opened, and ".edgel-*", the unfinished outputs
 *                     of killed runs; the records of runs are left out. include and exclude select among these files
 *                     only; '*' matches '/' too
 *   file by itself    an input whatever it is
 *   missing path, dangling link named like an image, unreadable folder
 *                     an input that is broken
 *   empty line of files_from
 *                     left out
 *
 * Returns EDGEL_OK (also with no inputs at all), EDGEL_EIO (files_from cannot be read), EDGEL_EINVAL (a line of it
 * holds NUL bytes), EDGEL_ENOMEM. *out is NULL on failure; the caller destroys it.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_inputs_collect(const struct edgel_inputs_params *params,
                                                                 struct edgel_inputs **out,
                                                                 struct edgel_error *err);
/* Frees the list and its strings and sets *inputs to NULL; NULL is fine. */
EDGEL_API void edgel_inputs_destroy(struct edgel_inputs **inputs);
EDGEL_API size_t edgel_inputs_count(const struct edgel_inputs *inputs);
EDGEL_API const struct edgel_input *edgel_inputs_at(const struct edgel_inputs *inputs, size_t i);
EDGEL_API size_t edgel_inputs_passed_over(const struct edgel_inputs *inputs); /* not_images of the summary */

/* --- outputs --- */

enum edgel_existing { EDGEL_EXISTING_ERROR, EDGEL_EXISTING_SKIP, EDGEL_EXISTING_OVERWRITE };

struct edgel_plan_params {
    const struct edgel_inputs *inputs; /* must outlive the plan */
    /* A folder. With a single input file and a single method: the output file itself, if the name ends in an image
     * extension and is no folder. */
    const char *output;
    const char *name;           /* template; NULL: default_name */
    const char *default_name;   /* NULL: "{stem}.png" */
    const char *extension;      /* of outputs that are no images ("csv"); NULL: they are images */
    const char *const *methods; /* values of {op}, one per output of an input; repeats allowed */
    const char *const *classes; /* [nmethods] values of {class}; NULL: there is no {class} */
    size_t nmethods;            /* >= 1 */
    enum edgel_existing existing;
    /* The part of the run to plan for; NULL: the whole. Existing outputs of other parts are allowed, as these may be
     * running or done; all other checks cover the whole. */
    const struct edgel_shard *shard;
    bool
        follow_links; /* of links below the output folder, where they lead counts; else they are what exists */
};

/* No inputs, output or methods yet; names "{stem}.png"; images; an output that exists is an error; all parts; links are
 * not followed. */
EDGEL_API void edgel_plan_params_init(struct edgel_plan_params *params);

struct edgel_plan;

/*
 * Decides the path of every output, before any work.
 *
 * The template may hold
 *   {stem}   file name without extension; a leading dot begins no extension
 *   {dir}    folder below the input folder
 *   {ext}    extension of the input, without the dot
 *   {op}     method
 *   {class}  class
 *   {n}      number of the method, from 1
 * A template with '/' or {dir} is the path below OUT. Any other is a file name in the mirrored folder OUT/dir/, or
 * OUT/METHOD/dir/ if there are several methods and the template has none of {op}, {n} and {class}. Empty components
 * and "." are dropped.
 *
 * Returns EDGEL_OK; EDGEL_ENOMEM; EDGEL_EINVAL:
 *   - an unknown or unclosed {...}; a template that begins with '/'; a component ".." of the template or a path
 *   - an extension that is no format to write (png tif pnm pbm pgm ppm pfm), or not `extension`
 *   - a template although output is the file itself; an output folder that is a file
 *   - two outputs with one path, or one whose path is a folder of the other's (both are named)
 *   - an output that is an input (same device and inode), or a folder
 *   - an output in a folder below OUT that is a symbolic link, unless links are followed
 *   - an output that exists, under EDGEL_EXISTING_ERROR (the first is named, the others are counted)
 * Broken inputs take no part in the checks. Memory: 16 bytes per output during the checks; then one bit per output if
 * some are skipped.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_plan_create(const struct edgel_plan_params *params, struct edgel_plan **out, struct edgel_error *err);
/* Frees the plan and sets *plan to NULL; NULL is fine. */
EDGEL_API void edgel_plan_destroy(struct edgel_plan **plan);
/* Writes the output path of input i by method m into buf (at most size bytes with the NUL); its length, or 0 if it does
 * not fit. */
EDGEL_API size_t edgel_plan_output(const struct edgel_plan *plan, size_t i, size_t m, char *buf, size_t size);
/* The output folder, without slashes at its end; NULL when the output is the file itself. */
EDGEL_API const char *edgel_plan_folder(const struct edgel_plan *plan);
/* True when that output existed and is to be left alone. */
EDGEL_API bool edgel_plan_skips(const struct edgel_plan *plan, size_t i, size_t m);

/* True when both paths are one file; of files that do not exist yet: when they would be, their folders existing. For
 * checks such as that a log is neither an input nor an output. */
EDGEL_API bool edgel_same_file(const char *a, const char *b);

/* --- pairs --- */

/* Predictions and their truth. Strings live as long as the list. */
struct edgel_pair {
    const char *key;          /* relative path without extension and suffix; results name the image so */
    const char *prediction;   /* path; NULL: missing */
    const char *const *truth; /* ntruth paths: one, or one per annotator */
    size_t ntruth;            /* 0: a prediction without truth */
    const char
        *valid; /* mask of pixels to judge; NULL: none asked for, or none found (missing_valid says which) */
    bool missing_valid;
};

struct edgel_pairs_params {
    const char *prediction, *truth; /* file or folder each; a file pairs with a file whatever their names */
    const char *valid;              /* folder (or file) of validity masks; NULL none */
    /* A list with lines PREDICTION <tab> TRUTH [<tab> TRUTH]...; NULL none. With a list, prediction and truth are the
     * folders that its relative paths start from, or NULL. */
    const char *pairs_file;
    const char *prediction_suffix, *truth_suffix; /* stripped from the stem where present; NULL none */
};

/* No files, list or suffixes. */
EDGEL_API void edgel_pairs_params_init(struct edgel_pairs_params *params);

struct edgel_pairs;

/*
 * Finds the truth of each prediction. The key of a file is its relative path without extension and suffix; pairs come
 * in byte order of their keys. Files that are no images are passed over as in edgel_inputs_collect().
 *
 * The truth of key K is one of
 *   K.*             one file
 *   K_1.* K_2.* ... one file per annotator, up to the first missing number
 *   images in K/    one file per annotator, in byte order
 * A file whose own key is that of a prediction is the truth of that prediction only. Any other file counts as a
 * numbered one before it counts as one of a folder.
 *
 * Truth without a prediction is listed with prediction NULL. Its annotators are joined into one key T if other keys
 * have that form:
 *   T_1.* T_2.* ... if some prediction has numbered truth (or none has any truth), and no truth is named T
 *   images in T/    if some prediction has a folder of truth
 * Else each of the files is a key of its own.
 *
 * In a list, the key is PREDICTION as written, without extension and suffix; empty lines are left out. The mask of key
 * K is the file K.* in valid; if valid is a file, it is the mask of every pair.
 *
 * A file that cannot be opened (a dangling link) is paired like any other; only reading it fails.
 *
 * Returns EDGEL_OK; EDGEL_EIO: a folder or list cannot be read; EDGEL_EINVAL: two files for one key, more than one of
 * the three forms for one key, a malformed line of the list, a file against a folder, no truth or prediction and no
 * list; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_pairs_collect(const struct edgel_pairs_params *params,
                                                                struct edgel_pairs **out,
                                                                struct edgel_error *err);
/* A list of the n given pairs, in byte order of their keys; all strings are copied. valid: as above, NULL none. Returns
 * EDGEL_OK; EDGEL_EINVAL: two of them have one key, or it is that of nothing; EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_pairs_build(const struct edgel_pair *given, size_t n,
                                                              const char *valid, struct edgel_pairs **out,
                                                              struct edgel_error *err);
/* Frees the list and its strings and sets *pairs to NULL; NULL is fine. */
EDGEL_API void edgel_pairs_destroy(struct edgel_pairs **pairs);
EDGEL_API size_t edgel_pairs_count(const struct edgel_pairs *pairs);
EDGEL_API const struct edgel_pair *edgel_pairs_at(const struct edgel_pairs *pairs, size_t i);

/* --- the run --- */

struct edgel_run {
    size_t count; /* indices 0..count-1 */
    int threads;  /* 0: one for each core; work gets a thread number below it */
    /* How many results may wait for an earlier one to be done; 0: 8 per thread. The result of index i may be kept in
     * slot i % window of an array. */
    size_t window;
    void *user;
    void (*work)(void *user, int thread, size_t i); /* in parallel */
    void (*done)(void *user, size_t i);             /* in order of i, one at a time; may be NULL */
    bool (*stop)(void *user);                       /* asked before each start; may be NULL */
    struct edgel_helpers *helpers; /* idle threads help items that are still running; may be NULL */
};

/* No items; one thread; the default window; no callbacks. */
EDGEL_API void edgel_run_init(struct edgel_run *run);
/* The window that edgel_run_execute() uses: run->window, or 8 per thread. */
EDGEL_API size_t edgel_run_window(const struct edgel_run *run);
/* Calls work and done for all indices; *finished (may be NULL) is the number of done ones. Returns EDGEL_OK;
 * EDGEL_ENOMEM; EDGEL_EINVAL: threads; EDGEL_EINTERRUPTED: stop said true. Indices that had started are then finished
 * and done, no others are. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_run_execute(const struct edgel_run *run, size_t *finished,
                                                              struct edgel_error *err);

/* --- the range of samples of a whole list --- */

struct edgel_range_survey {
    size_t count;
    void *user;                                /* of the callbacks */
    const char *(*path)(void *user, size_t i); /* of image i, 0 <= i < count; NULL: it is passed over */
    struct edgel_read read;                    /* limits, lenient and page; the rest is not used */
    bool all_pages;                            /* of TIFF files */
    int threads;                               /* 0: one for each core */
    bool (*stop)(void *user);                  /* asked before each image; may be NULL */
};
/* No images, one page of each, edgel_read_init(). */
EDGEL_API void edgel_range_survey_init(struct edgel_range_survey *survey);
/* What was found in images of 16 bits and of floats; 8-bit ones are not looked at. */
struct edgel_range_found {
    double largest_whole, largest_real; /* values; 0: there are none above */
    size_t whole, real;                 /* images, pages counted */
    size_t failed;                      /* could not be read */
};
/*
 * Decides an automatic range: edgel_range_for() of the largest values of all images, each the larger of what the file
 * says (edgel_info.largest_said) and what its samples have. It depends on the list alone, not on its order or the
 * number of threads: parts of a run that are given the whole list agree. All pixels of 16-bit and float images are read
 * once.
 *
 * found  may be NULL
 * Returns EDGEL_OK, also when files could not be read; EDGEL_EINVAL, EDGEL_ENOMEM, EDGEL_EINTERRUPTED (stop said true);
 * *range is then as it was.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_range_decide(const struct edgel_range_survey *survey,
                                                               struct edgel_range *range,
                                                               struct edgel_range_found *found,
                                                               struct edgel_error *err);

/* Text of a progress bar, at most `columns` wide: label, bar, done/total, percent, rate and time left; the least needed
 * parts are left out until the rest fits. done: with the failed and the skipped, which cost no time: rate and time left
 * leave these out. seconds: since the start. Writes at most size bytes to buf, with the NUL. */
EDGEL_API void edgel_progress_text(char *buf, size_t size, int columns, const char *label, size_t done,
                                   size_t total, size_t failed, size_t skipped, double seconds);

/* --- resuming: a record of what a run has finished, kept in its output folder --- */

/* Identifies a finished image: a hash of its path and its outputs' paths, and size and time of change of its file. With
 * outputs' paths below the output folder, equal runs into other folders have equal marks. */
struct edgel_mark {
    uint64_t hash, size_bytes;
    int64_t seconds, nanoseconds;
};
/* False when the file's size and time cannot be had. */
EDGEL_API bool edgel_mark_input(struct edgel_mark *mark, const char *path);
EDGEL_API void edgel_mark_output(struct edgel_mark *mark,
                                 const char *path); /* each output, in a fixed order */

/* Something that results depend on, as text. Only a run with equal settings may be resumed, or joined as a part. */
struct edgel_setting {
    const char *name, *value;
};

struct edgel_journal_params {
    const char *folder;              /* output folder */
    const struct edgel_shard *shard; /* each part keeps a record of its own; NULL or zeroed: the whole */
    const struct edgel_setting *settings;
    size_t nsettings;
    struct edgel_output_folder
        *held; /* the folder, if the caller holds it open; NULL: it is opened by its path */
};

/* No folder, the whole run, no settings. */
EDGEL_API void edgel_journal_params_init(struct edgel_journal_params *params);

struct edgel_journal;

/*
 * Looks for the record of an interrupted run in params->folder: the file ".edgel-journal", or ".edgel-journal-i-of-N".
 * The record is readable whenever the run was killed: an incomplete last line counts as not written.
 *
 * *out  NULL when there is none, or one of a run that ended and had other settings; else to be closed, ended or
 *       removed. It holds a lock, so that no two runs write one record.
 * Returns EDGEL_OK; EDGEL_EINVAL: a setting differs (the first is named with both values), or the run that writes the
 * record is still running; EDGEL_EFORMAT: the file is no record; EDGEL_EIO; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_journal_find(const struct edgel_journal_params *params,
                                                               struct edgel_journal **out,
                                                               struct edgel_error *err);
/*
 * Begins to write a record.
 *   *journal was found   continues it, and removes the unfinished files of its runs below the folder (".edgel-*.tmp" of
 *                        these runs only)
 *   *journal is NULL     makes the folder and a new record, in place of any older one
 * Returns as edgel_journal_find(), except for settings; *journal is NULL after a failure.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_journal_begin(const struct edgel_journal_params *params,
                                                                struct edgel_journal **journal,
                                                                struct edgel_error *err);
/* Removes the unfinished files that the runs of a found record left in the folder of `path`, a file that is not below
 * the output folder, such as a log. To be called before begin. What cannot be removed stays. */
EDGEL_API void edgel_journal_clean(const struct edgel_journal *journal, const char *path);
/* True when the image was finished before, by an equal mark. Thread-safe. */
EDGEL_API bool edgel_journal_has(const struct edgel_journal *journal, const struct edgel_mark *mark);
/* True when the run whose record was found has ended. */
EDGEL_API bool edgel_journal_finished(const struct edgel_journal *journal);
/* Number of images that were finished before. */
EDGEL_API size_t edgel_journal_count(const struct edgel_journal *journal);
/* Adds a finished image: one line, written at once. EDGEL_EIO. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_journal_add(struct edgel_journal *journal, const struct edgel_mark *mark, struct edgel_error *err);
/* The run has ended: its record stays, as a file that is the same after equal runs and of which
 * edgel_journal_finished() is true; without an image it is removed. params: as to begin. durable: also after a power
 * failure. *journal is then NULL, and NULL is fine. EDGEL_EIO, EDGEL_ENOMEM: the record stays as that of an interrupted
 * run, which is no harm. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_journal_end(const struct edgel_journal_params *params,
                                                              struct edgel_journal **journal, bool durable,
                                                              struct edgel_error *err);
/* The run has ended: removes the record, and the folders made for it when they are empty. NULL is fine. */
EDGEL_API void edgel_journal_remove(struct edgel_journal **journal);
EDGEL_API void edgel_journal_close(struct edgel_journal **journal); /* leaves the record; NULL is fine */

/* --- arguments of a run, kept beside its results --- */

struct edgel_arguments { /* zero-initialise; finish frees */
    char **words;
    size_t n;
    struct edgel_setting *options; /* the value of each option, given or default */
    size_t noptions;
};
/*
 * Writes a JSON file: schema, version, command, words[n] as "arguments", settings as "options" (the value of each). A
 * link of that name is replaced.
 * EDGEL_EIO, EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_arguments_write(const char *path, const char *command,
                                                                  const char *const *words, size_t n,
                                                                  const struct edgel_setting *settings,
                                                                  size_t nsettings, struct edgel_error *err);
/* Reads words and options back. EDGEL_EIO; EDGEL_EFORMAT: no such file, or of another command; EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_arguments_read(const char *path, const char *command,
                                                                 struct edgel_arguments *out,
                                                                 struct edgel_error *err);
/* Frees words and options and zeroes the struct; a zeroed one is fine. */
EDGEL_API void edgel_arguments_finish(struct edgel_arguments *arguments);

/* --- JSON lines --- */

enum edgel_outcome { EDGEL_OUTCOME_OK, EDGEL_OUTCOME_ERROR, EDGEL_OUTCOME_SKIPPED };

/* How a strength map stores a gradient magnitude m: as m / full of the sample range, or the square root of that. */
struct edgel_scale {
    double
        full; /* the magnitude that the largest sample stands for, in units of the input's type; 0: no strength map */
    bool linear;
};

/* What an edge map holds. */
struct edgel_edges {
    double low,
        high; /* the thresholds that were used, in gradient units of 8-bit images, as --low and --high take them */
    double share; /* of the pixels are edges, 0..1; negative: no edge map */
};

struct edgel_record {
    const char *input;
    const char *const *outputs; /* one: "output" is a string; several: an array of strings; none: null */
    size_t noutputs;
    const struct edgel_scale *scales; /* [noutputs], written as "scale" like "output"; NULL: left out */
    enum edgel_outcome outcome;
    const char *error;  /* NULL: null */
    const char *remark; /* what the decoder remarked, NULL or "": left out */
    int width, height;  /* 0: null */
    int pages;          /* number of pages worked on, of a file of several; 0: left out */
    double seconds;
    const struct edgel_edges *edges; /* [noutputs], written as "edges" like "scale"; NULL: left out */
    const char *range;               /* of the samples, as edgel_range_text() says it; NULL: left out */
    const char *note;                /* on the result or the pixels; NULL or "": left out */
};

/* An image that went well, without names, sides or remarks. */
EDGEL_API void edgel_record_init(struct edgel_record *record);

struct edgel_totals {
    size_t ok, failed, skipped, not_images;
    bool interrupted;
    double seconds;
};

/* A writer of JSON lines. */
struct edgel_log;
/* Begins a log. path: "-" is standard output; NULL: a log that writes nothing. The file appears when edgel_log_finish()
 * has written the summary line; edgel_log_finish() or edgel_log_discard() frees the log. EDGEL_OK; EDGEL_EIO,
 * EDGEL_ENOMEM, as edgel_output_begin(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_log_create(const char *path, struct edgel_log **out,
                                                             struct edgel_error *err);
/* Adds the line of one image. To be called in the order of the inputs, from one thread at a time. Names that are no
 * UTF-8 are escaped without loss. EDGEL_EIO, EDGEL_ENOMEM: the log can then only be discarded. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_log_image(struct edgel_log *log, const struct edgel_record *record, struct edgel_error *err);
/* Writes the summary line, gives the file its name and sets *log to NULL, also after a failure: EDGEL_EIO,
 * EDGEL_ENOMEM; no file appears then. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_log_finish(struct edgel_log **log, const struct edgel_totals *totals, struct edgel_error *err);
/* Drops the log, so that its file does not appear, and sets *log to NULL; NULL is fine. */
EDGEL_API void edgel_log_discard(struct edgel_log **log);

/* Adds the first line of a part's log: which part of which list it is, and the settings, which must be equal in all
 * parts. shard->items and shard->digest are of the "input" names of the whole list. Writes nothing if shard is the
 * whole. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_log_shard(struct edgel_log *log,
                                                            const struct edgel_shard *shard,
                                                            const struct edgel_setting *settings,
                                                            size_t nsettings, struct edgel_error *err);

/*
 * Joins the logs of all parts of one run, in any order, into the log of the whole: the image lines unchanged, in the
 * order of the whole list, and one summary with counts and seconds added up (of not_images, which each part counts for
 * the whole list, the largest). Logs are not trusted: each line must be JSON of a known type, the names must be those
 * of the list, and each summary must agree with its lines.
 *
 * output  as edgel_log_create(); appears only on success
 * stop    asked now and then, with user; may be NULL
 * totals  may be NULL
 * Returns EDGEL_OK; EDGEL_EINVAL: a part is missing, given twice, from another list, made with other settings (the
 * first is named with both values), or a file is no part; EDGEL_EFORMAT (names file, line and rule): a file is damaged,
 * or its run did not end; EDGEL_EIO; EDGEL_ENOMEM; EDGEL_EINTERRUPTED.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_log_merge(const char *const *paths, size_t npaths,
                                                            const char *output, bool (*stop)(void *user),
                                                            void *user, struct edgel_totals *totals,
                                                            struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
