/* batch_priv.h: what the files of src/batch share. */
#ifndef EDGEL_BATCH_PRIV_H
#define EDGEL_BATCH_PRIV_H

#include "core/core_priv.h"
#include "edgel/batch.h"
#include <sys/types.h>
#include <time.h>

/* --- strings.c --- : many strings in few blocks; they stay where they are until finish. Zero-initialise. */
struct edgel_strings {
    struct edgel_strings_block *head;
};
/* The concatenation of two pieces, with a NUL; NULL on OOM. */
char *edgel_strings_add(struct edgel_strings *s, const char *a, size_t na, const char *b, size_t nb);
/* Gives back the string that was added last. */
void edgel_strings_drop(struct edgel_strings *s, const char *last);
void edgel_strings_finish(struct edgel_strings *s);

/* Offset of the last component of a path; trailing slashes belong to it. */
size_t edgel_path_base(const char *path);
/* Length of a path without trailing slashes ("/" keeps its own). */
size_t edgel_path_trim(const char *path);
/* Length of path[0..n) without the extension of its last component; a dot that begins the name is none. */
size_t edgel_path_bare(const char *path, size_t n);

/* Calls fn for each record of a file ("-": standard input) that is not empty; stops at the first failure.
 * separator is '\n' (CR LF counts as one) or '\0'. EDGEL_EIO, EDGEL_ENOMEM, EDGEL_EINVAL (NUL bytes in a list of
 * lines). */
enum edgel_status edgel_lines_read(const char *path, char separator,
                                   enum edgel_status (*fn)(void *user, char *line, size_t n, size_t number,
                                                           struct edgel_error *err),
                                   void *user, struct edgel_error *err);

/* --- input_list.c --- */
struct edgel_inputs {
    struct edgel_strings strings;
    struct edgel_input *at;
    size_t count, cap;
    size_t passed_over;
};
/* Adds the path prefix + name; its rel begins at offset rel. error: why it is broken, 0 where it is not. */
enum edgel_status edgel_inputs_add(struct edgel_inputs *in, const char *prefix, const char *name, size_t rel,
                                   bool folder, int error, struct edgel_error *err);

void edgel_inputs_drop(struct edgel_inputs *in); /* the one added last */

/* --- walk.c --- */
struct edgel_walk {
    const struct edgel_inputs_params *params;
    struct edgel_inputs *inputs;
    bool skips; /* skip_folder exists and is this one: */
    dev_t skip_dev;
    ino_t skip_ino;
};
/* Adds the files below a folder, in byte order of rel. EDGEL_EIO, without a text: the folder itself cannot be read, and
 * *error is the system's reason. */
enum edgel_status edgel_walk_folder(const struct edgel_walk *w, const char *folder, int *error,
                                    struct edgel_error *err);

/* --- template.c --- */
enum edgel_placeholder {
    EDGEL_PART_TEXT,
    EDGEL_PART_STEM,
    EDGEL_PART_DIR,
    EDGEL_PART_EXT,
    EDGEL_PART_OP,
    EDGEL_PART_N,
    EDGEL_PART_CLASS
};
struct edgel_template {
    struct edgel_piece {
        enum edgel_placeholder part;
        size_t at, n; /* text only: source[at .. at+n) */
    } * piece;
    size_t count;
    char *source;
    bool whole;  /* names the whole path below OUT: holds '/' or {dir} */
    bool counts; /* tells methods apart: holds {op}, {n} or {class} */
};
/* classes: {class} is a word of it. */
enum edgel_status edgel_template_parse(struct edgel_template *t, const char *source, bool classes,
                                       struct edgel_error *err);
void edgel_template_finish(struct edgel_template *t);

/* What a template is filled with. */
struct edgel_naming {
    const char *prefix; /* taken as it is: "OUT/" */
    const char *rel;
    const char *method, *class_name;
    size_t n;        /* 1-based */
    bool method_dir; /* METHOD/ before the mirrored folder */
};
/* Writes the NUL-terminated path into buf as far as size allows; returns its length. *climbs (may be NULL) is set
 * when a component is "..". Empty components and "." are dropped. */
size_t edgel_template_fill(const struct edgel_template *t, const struct edgel_naming *v, char *buf,
                           size_t size, bool *climbs);

/* --- plan.c, plan_path.c, plan_check.c --- */
struct edgel_plan {
    const struct edgel_inputs *inputs;
    struct edgel_template name;
    char *prefix; /* "OUT/", or the whole output path when single */
    char *folder; /* OUT */
    bool single;
    struct edgel_strings strings;
    const char **methods, **classes; /* classes: NULL: none */
    size_t nmethods;
    const char *extension; /* NULL: an image's */
    unsigned char *skip;   /* bit i * nmethods + m; NULL: none */
    size_t longest;        /* output path, without its NUL */
    uint64_t hash_mask;    /* of the collision check; all ones but in tests */
};
/* The part of edgel_plan_create() that looks at names alone. hash_mask: all ones but in tests. */
enum edgel_status edgel_plan_names(const struct edgel_plan_params *params, uint64_t hash_mask,
                                   struct edgel_plan **out, struct edgel_error *err);
/* Length of the output path; buf as in edgel_template_fill(). */
size_t edgel_plan_fill(const struct edgel_plan *plan, size_t i, size_t m, char *buf, size_t size,
                       bool *climbs);
/* No two outputs alike, and none a folder of another. */
enum edgel_status edgel_plan_check_alike(const struct edgel_plan *plan, struct edgel_error *err);
/* The other part: what exists already. */
struct edgel_plan_rule {
    const struct edgel_output_folder
        *folder; /* the output folder; NULL: there is none yet, so nothing is in it */
    enum edgel_existing existing;
    const struct edgel_shard *shard;
    bool (*owns)(void *user, size_t i); /* the outputs of input i may be replaced in any case; NULL: none */
    void *user;
};
/* Refuses what the rule and edgel_plan_create() say, and sets the skip bits. */
enum edgel_status edgel_plan_check_existing(struct edgel_plan *plan, const struct edgel_plan_rule *rule,
                                            struct edgel_error *err);
/* The path below the output folder, of a path that the plan made. */
const char *edgel_plan_below(const struct edgel_plan *plan, const char *path);

/* --- log.c --- */
/* {"NAME":"VALUE",...} */
void edgel_settings_text(struct edgel_text *t, const struct edgel_setting *settings, size_t n);
/* Writes a line unchanged, and "\n". */
enum edgel_status edgel_log_line(struct edgel_log *log, const char *line, size_t n, struct edgel_error *err);

/* --- journal.c --- */
/* Whether the image was finished before, though it may have changed since: only its hash is looked at. */
bool edgel_journal_knows(const struct edgel_journal *j, const struct edgel_mark *mark);
/* Whether the record that was found was last written to before that time. */
bool edgel_journal_is_older(const struct edgel_journal *j, const struct timespec *time);

/* --- pair.c, pair_set.c, pair_match.c, pair_list.c --- */
struct edgel_pairs {
    struct edgel_strings strings;
    struct edgel_inputs *prediction, *truth, *valid; /* hold the paths of pairs made from folders */
    struct edgel_pair *at;
    size_t count, cap;
    const char **truths; /* all pairs' truth[] end to end */
    size_t ntruths, truths_cap;
};
/* One file of a folder under its key. */
enum edgel_claim { EDGEL_CLAIM_NONE, EDGEL_CLAIM_FILE, EDGEL_CLAIM_NUMBER, EDGEL_CLAIM_FOLDER };
struct edgel_keyed {
    const char *key, *path;
    enum edgel_claim claim; /* in which form it is the truth of a pair */
};
struct edgel_keyed_list {
    struct edgel_keyed *at; /* in byte order of key, no key twice */
    size_t count;
};
/* Appends a pair without truth; edgel_pairs_truth() adds to the last one. truth is set by edgel_pairs_seal(). */
enum edgel_status edgel_pairs_add(struct edgel_pairs *p, const char *key, const char *prediction,
                                  struct edgel_error *err);
enum edgel_status edgel_pairs_truth(struct edgel_pairs *p, const char *path, struct edgel_error *err);
/* Sorts by key; a key twice is EDGEL_EINVAL. */
enum edgel_status edgel_pairs_seal(struct edgel_pairs *p, struct edgel_error *err);
/* A copy of a relative path without extension and suffix; NULL on OOM. */
const char *edgel_pairs_key(struct edgel_pairs *p, const char *rel, const char *suffix);
/* Pairs of two folders. */
enum edgel_status edgel_pairs_match(struct edgel_pairs *p, const struct edgel_keyed_list *prediction,
                                    struct edgel_keyed_list *truth, struct edgel_error *err);
/* Pairs of params->pairs_file. */
enum edgel_status edgel_pairs_list(struct edgel_pairs *p, const struct edgel_pairs_params *params,
                                   struct edgel_error *err);
/* The entry of a key, or NULL. */
struct edgel_keyed *edgel_keyed_find(const struct edgel_keyed_list *list, const char *key);
/* Index of the first entry whose key is not below key. */
size_t edgel_keyed_from(const struct edgel_keyed_list *list, const char *key);

#endif
