/* score.h: what the commands eval and report share: the options of reducing, and the way from rows to
 * scores; and what the files of eval share. */
#ifndef EDGEL_SCORE_H
#define EDGEL_SCORE_H

#include "cli/cli.h"
#include "edgel/dataset.h"
#include "edgel/report.h"

/* --- score_options.c --- */

struct score_options {          /* score_rows, "Scores"; score_output_rows, "Outputs" */
    int reduce, empty, missing; /* enum edgel_reduce_kind, edgel_empty, edgel_missing */
    const char *ignore, *exclude, *classes;
    struct cli_list bars, nsd;
    const char *json, *csv, *confusion, *pairs_csv, *bsds_files;
};
extern const struct cli_option score_rows[];
extern const struct cli_option score_output_rows[];
extern const struct cli_hint score_hints[];
extern const struct cli_exit score_exits[];

/* A file that a command writes; path NULL: not asked for. */
struct score_output {
    const char *option, *path;
};

/* Reads "1,2,255" into *out (freed by the caller). */
enum edgel_status score_parse_ids(const char *what, const char *text, int32_t **out, size_t *n,
                                  struct edgel_error *err);
enum edgel_status score_parse_bars(const struct cli_list *list, struct edgel_bar **out,
                                   struct edgel_error *err);
/* Reads the tolerances of --nsd-tolerance into reduce; none: it stays. */
enum edgel_status score_parse_nsd(const struct cli_list *list, struct edgel_reduce *reduce,
                                  struct edgel_error *err);
/* Refuses two outputs of one name and outputs that are one of the inputs. */
enum edgel_status score_check_outputs(const struct score_output *outputs, size_t noutputs,
                                      const char *const *inputs, size_t ninputs, struct edgel_error *err);

/* --- score_run.c --- */

/* From rows to scores, the same for fresh and for stored rows. Zero-initialise; score_finish frees. */
struct score {
    struct edgel_measure measure; /* set before score_begin; ids and classes are borrowed */
    struct edgel_reduce reduce;
    const char *const *methods;
    size_t nmethods;
    int32_t *ignore, *exclude; /* owned: what measure and reduce point to when options name ids */
    struct edgel_classes classes;
    struct edgel_bar *bars;
    size_t nbars;
    struct edgel_scoring *scoring; /* to which rows are added */
    struct edgel_output *csv, *pairs_csv, *confusion,
        *json; /* opened before the first row: a file that cannot be written is reported early */
};

/* --- score_run.c --- */

/* What came of it, over all methods. */
struct score_result {
    uint64_t images, missing, failed;
    bool bar_missed;
};

/* Reads ids, classes and bars of the options into s; reduce keeps what the command line does not name. Returns 0 or
 * CLI_EXIT_USAGE after telling the reason. */
int score_prepare(struct score *s, const struct cli_args *args, const struct score_options *o);
/* Refuses options that make no sense for the labels and the sweep. Returns as score_prepare. */
int score_check(const struct score *s, const struct cli_args *args);
/* Refuses options that have no use beside what is measured, or need what is not. Returns as score_prepare. */
int score_clash(const struct edgel_measure *m, const struct cli_args *args);
/* Sets options of families by their keys. Returns as score_prepare. */
struct score_value {
    const char *key;
    double value;
};
int score_set(struct edgel_measure *m, const struct cli_args *args, const struct score_value *values,
              size_t n);
/* Whether boundaries or regions are measured in place of pixels. */
/* Whether the colours are a built-in list, which names the classes as well. */
bool score_built_in(const char *colors);
/* Ids that do not look like classes (edgel_dataset_look()). */
bool score_odd_ids(const struct edgel_ids_seen *seen);
static inline bool score_of_maps(const struct edgel_measure *m)
{
    return edgel_measure_asks(m, EDGEL_BOUNDARY) || edgel_measure_asks(m, EDGEL_REGIONS);
}
enum edgel_status score_begin(struct score *s, const struct score_options *o, struct edgel_error *err);
/* Writes CSV, JSON and, with table, the table; says which bars are missed. partial: the run was interrupted; the table
 * says so and no JSON is written. */
enum edgel_status score_end(struct score *s, const struct score_options *o, bool table, const char *partial,
                            struct score_result *result, struct edgel_error *err);
void score_finish(struct score *s);

/* --- eval_options.c --- */

struct eval_options {
    const char *truth, *pairs, *pred_suffix, *truth_suffix, *valid;
    enum edgel_annotator annotator;
    int annotator_index;
    int labels;
    const char *colors;
    double threshold, tolerance;
    int64_t thresholds;
    bool distances;
    int objects;        /* enum edgel_objects */
    int boundary, thin; /* index of the choice */
    bool regions, nms;
    double nms_ratio;
    int64_t nms_radius;
    double max_dist, boundary_width;
    struct score_options score;
    const char *counts;
    struct cli_read_options read;
    struct cli_shard_options part;
    struct cli_run_options run;
};
const char *const *score_labels_words(void); /* of --labels, also of train */
/* "Pairs", "Masks", "Boundaries and regions", "Counts"; offsets in struct eval_options */
extern const struct cli_option eval_pair_rows[], eval_mask_rows[], eval_boundary_rows[], eval_counts_rows[];

/* --- eval_run.c, eval_survey.c --- */

enum { EVAL_REMARKS = 4 }; /* bits of EDGEL_REMARK_ */

struct eval_method {
    const char *name;
    struct edgel_pairs *pairs;
    struct edgel_dataset *data;   /* of these pairs */
    size_t first;                 /* index of its first pair in the run over all methods */
    bool zero_one;                /* BINARY: its masks hold 0 and 1 */
    size_t remarks[EVAL_REMARKS]; /* images that have each */
    struct edgel_coco *document;  /* of its objects; NULL: masks */
    /* With a document on either side: by pair, the image in that of the truth and in its own; SIZE_MAX none. */
    size_t *truth_images, *images;
};

struct eval_run {
    struct score *score;
    const char *truth_name; /* for messages */
    bool objects_alone;     /* in place of pixels */
    struct eval_method *methods;
    size_t nmethods;
    size_t total;             /* pairs of all methods */
    struct edgel_shard shard; /* the part of them to measure */
    struct edgel_read read;
    const struct cli_run_options *options;
    struct edgel_output *counts; /* NULL: none */
    struct edgel_log *log;
    struct edgel_coco *truth; /* document of the objects; NULL: masks */
};

/* How the log names a pair: its prediction, or the first file of the truth when there is none. */
const char *eval_input(const struct edgel_pair *p);
/* Rows of counts that the part to measure will have: its pairs with truth. */
uint64_t eval_rows(const struct eval_run *run);
/* Decides by the first prediction that can be read whether boundaries and regions are of lists of segmentations (their
 * number becomes that of the thresholds); else labels by the truth when measure says AUTO, and zero_one of the methods
 * for BINARY. Looks at all pairs, whatever the part to measure, so that all parts decide alike. Files that cannot be
 * read are passed over. EDGEL_EINTERRUPTED when a stop was asked for. */
enum edgel_status eval_survey(struct eval_run *run, struct edgel_error *err);
/* Measures all pairs and delivers the rows in order. totals has what was done. Failures of images are reported and
 * counted; a status other than OK and INTERRUPTED is a result that could not be written. */
enum edgel_status eval_execute(struct eval_run *run, struct edgel_totals *totals, struct edgel_error *err);

/* --- eval_objects.c --- */

extern const struct cli_option eval_object_rows[]; /* "Objects" */
/* Whether objects are matched in place of pixels. */
static inline bool eval_objects_alone(const struct eval_options *o)
{
    return o->objects >= EDGEL_OBJECTS_IDS;
}
/* What the options say of objects. Returns 0 or CLI_EXIT_USAGE. */
int eval_objects_fill(const struct cli_args *args, struct edgel_measure *m);

/* --- eval_documents.c --- : objects of COCO documents */

/* Reads the document of the truth, if it is one. Returns 0 or CLI_EXIT_USAGE. */
int eval_documents_open(const struct cli_args *args, struct eval_run *run);
/* Pairs a prediction with the truth when one of them is a document; the pairs stay NULL otherwise. */
enum edgel_status eval_documents_pair(const struct cli_args *args, const struct eval_run *run,
                                      const char *prediction, struct eval_method *method,
                                      struct edgel_error *err);
/* Takes the names of the classes from the truth when all methods have documents and no others are given. */
void eval_documents_name(struct eval_run *run);
/* The files of a pair that are masks to be read, of a method with documents. */
struct edgel_pair eval_documents_masks(const struct eval_run *run, const struct eval_method *method,
                                       const struct edgel_pair *p);
/* Measures pair i of a method with the masks it has. */
enum edgel_status eval_documents_measure(const struct eval_run *run, const struct eval_method *method,
                                         size_t i, const struct edgel_mask *prediction,
                                         const struct edgel_mask *truth, const struct edgel_mask *valid,
                                         struct edgel_row *row, struct edgel_error *err);
void eval_documents_finish(struct eval_run *run);

/* --- eval_boundary.c --- */

/* Refuses what only the command line knows to make no sense with boundaries or regions. Returns 0 or
 * CLI_EXIT_USAGE. */
int eval_boundary_check(const struct cli_args *args);
/* The same when it is known what the predictions are. */
int eval_boundary_check_form(const struct cli_args *args, const struct edgel_measure *m);
/* What the options say of boundaries; thresholds become 99 when they are not named. Returns 0 or CLI_EXIT_USAGE. */
int eval_boundary_fill(const struct cli_args *args, struct edgel_measure *m);

#endif
