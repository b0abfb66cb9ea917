/* edgel/batch.h: the spine of a run over folders: what to read, what to write, in parallel, in order. */
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
    bool broken; /* a folder that cannot be read, or a path that does not exist: opening fails and says why */
};

struct edgel_inputs_params {
    const char *const *paths; /* files and folders in any mix */
    size_t npaths;
    const char *files_from; /* list of further paths, one a line, "-" standard input; NULL none */
    bool nul;               /* the list is separated by NUL bytes, not newlines */
    /* Globs: fnmatch on rel, and on its last component if the glob has no '/'. */
    const char *const *include, *const *exclude;
    size_t ninclude, nexclude;
    bool mat;                /* MAT files are images too */
    const char *skip_folder; /* not walked when below an input folder (the output folder); NULL none */
};

/* No paths, no list, every file of a folder, no MAT files. */
EDGEL_API void edgel_inputs_params_init(struct edgel_inputs_params *params);

struct edgel_inputs;

/*
 * Collects what paths name. Folders are walked recursively, symbolic links to files and folders followed, loops cut;
 * each folder's files in byte order of rel. In a walked folder, files that are no image by content and not named like
 * one are passed over and counted; so are devices, pipes and sockets, which are never opened, and ".edgel-*", the
 * unfinished outputs of a run that was killed. include and exclude apply to walked files only, and '*' matches '/'.
 * A path that does not exist (also a link in a folder that is named like an image and leads nowhere), or a folder that
 * cannot be read, becomes an input that is broken. Empty lines of files_from are left out.
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
    /* Folder; or the output file itself for a single file input and a single method: when it ends in an image extension
     * and is no folder. */
    const char *output;
    const char *name;         /* template; NULL: default_name */
    const char *default_name; /* NULL: "{stem}.png" */
    const char *extension;    /* what outputs end in when they are no images ("csv"); NULL: they are images */
    const char *const *methods; /* values of {op}, one per output of an input; repeats allowed */
    const char *const *classes; /* [nmethods] values of {class}; NULL: there is no {class} */
    size_t nmethods;            /* >= 1 */
    enum edgel_existing existing;
    /* NULL: all. Else outputs that exist are looked for among those of this part alone, since other parts may have
     * written theirs; everything else is checked for all. */
    const struct edgel_shard *shard;
};

/* No inputs, output or methods yet; names "{stem}.png"; images; an output that exists is an error; all parts. */
EDGEL_API void edgel_plan_params_init(struct edgel_plan_params *params);

struct edgel_plan;

/*
 * Fixes where every output goes, before any work.
 *
 * Template: {stem} file name without extension, {dir} folder below the input folder, {ext} input extension without the
 * dot, {op} method, {class} class, {n} 1-based number of the
 * method. A template without '/' and {dir} names the file in its mirrored
 * folder OUT/[METHOD/]dir/ — METHOD/ only with several methods and when the template has none of {op}, {n} and {class};
 * one with '/' or {dir} is the whole path below OUT. Empty components and "." are dropped. A dot that begins a file
 * name begins no extension.
 *
 * Returns EDGEL_OK; EDGEL_EINVAL: unknown or unclosed {…}, a component ".." (of the template or of a path), an
 * extension that is no writable format (png pnm pbm pgm ppm pfm), a template although output is the file itself,
 * an output folder that is a file, two inputs or methods that map to one output or to one that would be a folder of
 * the other (both are named), an output that is an input (same device and inode), an output that exists under
 * EDGEL_EXISTING_ERROR (the first is named, the rest counted), an output that is a folder; EDGEL_ENOMEM. Broken
 * inputs take no part in the checks. Needs 16 bytes per output while it checks, and one bit to skip afterwards.
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

/* True when both paths lead to one file, or would once it is written to a folder that exists: a log, say, must be
 * neither what is read nor what is written elsewhere. */
EDGEL_API bool edgel_same_file(const char *a, const char *b);

/* --- pairs --- */

/* Predictions and their truth. Strings live as long as the list. */
struct edgel_pair {
    const char *key;          /* relative path without extension and suffix: how results name the image */
    const char *prediction;   /* path; NULL: missing */
    const char *const *truth; /* ntruth paths: one, or one per annotator */
    size_t ntruth;            /* 0: a prediction without truth */
    const char *valid; /* mask of pixels to judge; NULL: none asked for, or none found (see missing_valid) */
    bool missing_valid;
};

struct edgel_pairs_params {
    const char *prediction, *truth; /* file or folder each; a file pairs with a file whatever their names */
    const char *valid;              /* folder (or file) of validity masks; NULL none */
    /* Lines PREDICTION <tab> TRUTH [<tab> TRUTH]...; prediction and truth are then the folders that relative paths
     * start from, or NULL. NULL: no list. */
    const char *pairs_file;
    const char *prediction_suffix, *truth_suffix; /* stripped from the stem where present; NULL none */
};

/* No files, list or suffixes. */
EDGEL_API void edgel_pairs_params_init(struct edgel_pairs_params *params);

struct edgel_pairs;

/*
 * Pairs by relative path without extension, in byte order of the key. The truth of key K is the one file K.*, or the
 * images in a folder K/ (annotators, byte order), or K_1.*, K_2.*, ... (annotators, up to the first gap). A file whose
 * own key is that of a prediction belongs to that prediction alone; of the rest, numbers go before folders. Files that
 * are no images are passed over as in edgel_inputs_collect().
 *
 * Truth without a prediction is listed with prediction NULL. Its annotators are one key, in the forms that the truth
 * of other keys has: T_1, T_2, ... are T if some prediction has numbered truth (or none has any truth) and no truth
 * is named T; the files of a folder T/ are T if some prediction has a folder. Else each file is a key by itself.
 *
 * In a list, the key is PREDICTION as written, without extension and suffix; empty lines are left out. The mask of K
 * is the file K.* in valid; a valid that is a file holds for every pair.
 *
 * A file in a folder that cannot be opened (a dangling link) is paired like any other: reading it fails, alone.
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
    size_t count;
    int threads; /* >= 1; work gets a thread number below it */
    /* Results that may wait for an earlier one; 0: 8 per thread. Index i may use slot i % window. */
    size_t window;
    void *user;
    void (*work)(void *user, int thread, size_t i); /* in parallel */
    void (*done)(void *user, size_t i);             /* in order of i, one at a time; may be NULL */
    bool (*stop)(void *user);                       /* asked before each start; may be NULL */
    struct edgel_helpers *helpers; /* threads that find no index left serve it; may be NULL */
};

/* No items; one thread; the window that belongs to it; no callbacks. */
EDGEL_API void edgel_run_init(struct edgel_run *run);
/* The window that edgel_run_execute() uses: run->window, or 8 per thread. */
EDGEL_API size_t edgel_run_window(const struct edgel_run *run);
/* Runs all indices; *finished (may be NULL) = number of done ones. Returns EDGEL_OK, EDGEL_ENOMEM, EDGEL_EINVAL (no
 * thread), or EDGEL_EINTERRUPTED when stop said true: what had started is finished and done, nothing else is. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_run_execute(const struct edgel_run *run, size_t *finished,
                                                              struct edgel_error *err);

/* Text of a progress bar, at most `columns` wide: label, bar, done/total, percent, rate and time left. seconds = since
 * the start; parts are left out until the rest fits. Writes into buf (NUL-terminated, at most size bytes). */
EDGEL_API void edgel_progress_text(char *buf, size_t size, int columns, const char *label, size_t done,
                                   size_t total, size_t failed, double seconds);

/* --- resuming: a record of what a run has finished, kept in its output folder until it ends --- */

/* What tells a finished image again: its path and outputs by a hash, its file by size and time of change. */
struct edgel_mark {
    uint64_t hash, size_bytes;
    int64_t seconds, nanoseconds;
};
/* False when the file cannot be asked for. */
EDGEL_API bool edgel_mark_input(struct edgel_mark *mark, const char *path);
EDGEL_API void edgel_mark_output(struct edgel_mark *mark,
                                 const char *path); /* each output, in a fixed order */

/* What results depend on, as text: a run with other values is not the same run. */
struct edgel_setting {
    const char *name, *value;
};

struct edgel_journal_params {
    const char *folder;              /* output folder */
    const struct edgel_shard *shard; /* each part keeps a record of its own; NULL or zeroed: the whole */
    const struct edgel_setting *settings;
    size_t nsettings;
};

/* No folder, the whole run, no settings. */
EDGEL_API void edgel_journal_params_init(struct edgel_journal_params *params);

struct edgel_journal;

/*
 * Looks for the record of an interrupted run in params->folder: the file ".edgel-journal", or ".edgel-journal-i-of-N".
 * Whatever moment the run was killed at, the record is readable: a last line that is cut off counts as not written.
 *
 * *out  NULL when there is none; else to be closed or removed. Holds a lock, so that no two runs write the same record.
 * Returns EDGEL_OK; EDGEL_EINVAL: a setting differs (the first is named with both values), or a run that has the record
 * is still at work; EDGEL_EFORMAT: no journal; EDGEL_EIO; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_journal_find(const struct edgel_journal_params *params,
                                                               struct edgel_journal **out,
                                                               struct edgel_error *err);
/*
 * Begins to write: goes on with *journal when that was found, removing what its runs left unfinished (".edgel-*.tmp"
 * below the folder, of these runs alone); else makes the folder and a new record in place of any older one.
 * As edgel_journal_find(), but for settings; *journal is NULL on failure.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_journal_begin(const struct edgel_journal_params *params,
                                                                struct edgel_journal **journal,
                                                                struct edgel_error *err);
/* Removes the unfinished files that the runs of a record left beside `path`, a file that is no output, such as a log
 * (below the folder of the record begin does so). For a record that was found, before begin; what cannot be removed
 * stays. */
EDGEL_API void edgel_journal_clean(const struct edgel_journal *journal, const char *path);
/* True when the image was finished before, by an equal mark. Thread-safe. */
EDGEL_API bool edgel_journal_has(const struct edgel_journal *journal, const struct edgel_mark *mark);
/* Number of images that were finished before. */
EDGEL_API size_t edgel_journal_count(const struct edgel_journal *journal);
/* One line, handed to the system at once. EDGEL_EIO. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_journal_add(struct edgel_journal *journal, const struct edgel_mark *mark, struct edgel_error *err);
/* The run has ended: removes the record, and the folders made for it when they are empty. NULL is fine. */
EDGEL_API void edgel_journal_remove(struct edgel_journal **journal);
EDGEL_API void edgel_journal_close(struct edgel_journal **journal); /* leaves the record; NULL is fine */

/* --- arguments of a run, kept beside its results --- */

struct edgel_arguments { /* zero-initialise; finish frees */
    char **words;
    size_t n;
    struct edgel_setting *options; /* what each option came to */
    size_t noptions;
};
/*
 * Writes a JSON file: schema, version, command, words[n] as "arguments" and settings as "options" (what each came to).
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

/* How samples of a strength map stand for gradients: share = m / full, or its square root. */
struct edgel_scale {
    double full; /* gradient units of the input's type at the full range of the output; 0: no strength map */
    bool linear;
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
    int pages;          /* that were worked on of a file of several; 0: left out */
    double seconds;
};

/* An image that went well, without names, sides or remarks. */
EDGEL_API void edgel_record_init(struct edgel_record *record);

struct edgel_totals {
    size_t ok, failed, skipped, not_images;
    bool interrupted;
    double seconds;
};

/* A writer of JSON lines; path "-" is standard output. create NULL path: a log that drops everything. The file appears
 * with finish, which writes the summary line. EDGEL_EIO, EDGEL_ENOMEM as edgel_output. */
struct edgel_log;
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_log_create(const char *path, struct edgel_log **out,
                                                             struct edgel_error *err);
/* Adds the line of one image; calls come in the order of the inputs, from one thread at a time. Names that are no UTF-8
 * are escaped without loss. EDGEL_EIO, EDGEL_ENOMEM: the log is then to be discarded. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_log_image(struct edgel_log *log, const struct edgel_record *record, struct edgel_error *err);
/* Writes the summary line, gives the file its name and sets *log to NULL, also after a failure: EDGEL_EIO,
 * EDGEL_ENOMEM; no file appears then. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_log_finish(struct edgel_log **log, const struct edgel_totals *totals, struct edgel_error *err);
/* Drops the log, so that its file does not appear, and sets *log to NULL; NULL is fine. */
EDGEL_API void edgel_log_discard(struct edgel_log **log);

/* The first line of the log of a shard: which part it is, of which list, and the settings, with which the other parts
 * must have been made. items and digest of shard: the "input" names of the whole list. Nothing for the whole. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_log_shard(struct edgel_log *log,
                                                            const struct edgel_shard *shard,
                                                            const struct edgel_setting *settings,
                                                            size_t nsettings, struct edgel_error *err);

/*
 * Joins the logs of all shards of one run, in any order, into the log of the whole: the image lines as they are, in the
 * order of the whole list, and one summary with the counts and seconds added up (not_images, which each part counts in
 * full: the largest). Logs are hostile until checked: every line is JSON of a known type, the names are those of the
 * list, and each summary counts its own lines.
 *
 * output  as edgel_log_create(); appears only when all is well
 * stop    asked now and then, with user; may be NULL
 * totals  may be NULL
 * Returns EDGEL_OK; EDGEL_EINVAL: a shard is missing, given twice, of another list, made with other settings (the first
 * is named with both values), or no shard at all; EDGEL_EFORMAT (file, line, rule): damaged, or of a run that did not
 * end; EDGEL_EIO; EDGEL_ENOMEM; EDGEL_EINTERRUPTED.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_log_merge(const char *const *paths, size_t npaths,
                                                            const char *output, bool (*stop)(void *user),
                                                            void *user, struct edgel_totals *totals,
                                                            struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
