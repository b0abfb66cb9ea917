/* edgel/detect.h: the methods that `edgel detect` runs, from a text like "canny:sigma=2" to the pixels of a result.
 *
 * Rules of every call: err may be NULL; scratch may be NULL, working memory is then of the call alone; other pointers
 * must point to something unless it says otherwise. Results are the same bytes for any number of threads and any
 * CPU level. */
#ifndef EDGEL_DETECT_H
#define EDGEL_DETECT_H

#include "edgel/filter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- parameters --- */

enum edgel_param_kind {
    EDGEL_PARAM_REAL = 1, /* a number, min..max */
    EDGEL_PARAM_INT,      /* a whole number, min..max */
    EDGEL_PARAM_CHOICE,   /* one of choices */
    EDGEL_PARAM_THRESHOLD /* a number 0..1e9, "P%", "auto" or "auto-matlab" */
};

/* One parameter of a method. Parameters of one key have one meaning; only the default differs from method to method. */
struct edgel_param {
    const char *key;
    enum edgel_param_kind kind;
    double min, max;
    const char *const *choices; /* ends with NULL */
    const char *def;            /* the default as text; NULL: not set, `unset` says what then */
    const char *unset;
    const char *metavar; /* stands for the value in a help; NULL: the choices do */
    const char *help;    /* a sentence or two */
};

/* The value of a parameter. A choice is the index of its name, or -1: not set. */
union edgel_param_value {
    double real;
    int64_t whole;
    int choice;
    struct edgel_threshold threshold;
};

/* EDGEL_OK if the text is a value of the parameter, which goes to *value (NULL: not wanted); EDGEL_EINVAL with a text
 * that begins with what. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_param_parse(const struct edgel_param *param,
                                                              const char *what, const char *text,
                                                              union edgel_param_value *value,
                                                              struct edgel_error *err);

/* --- methods --- */

/* What the samples of a result mean. */
enum edgel_result {
    EDGEL_RESULT_IMAGE = 1,    /* the image, changed: its channels, its range */
    EDGEL_RESULT_RESPONSE = 2, /* of an operator, in units of the input; integers saturate */
    EDGEL_RESULT_EDGES = 4,    /* edge or not */
    EDGEL_RESULT_STRENGTH = 8  /* 0..1: the share of the largest possible response, or its root */
};

/* One row of the table of methods. */
struct edgel_method_info {
    const char *name;
    const char *summary; /* what it computes or writes, no full stop; several methods may share it */
    const struct edgel_param *params; /* [nparams] */
    int nparams;
    unsigned results; /* enum edgel_result that it may give, joined by | */
    bool shares;      /* it spreads the rows of one image over the threads of its scratch */
};

/* How many methods there are; row i, 0 <= i < count, else NULL; the row of a name, NULL if it is unknown. */
EDGEL_API int edgel_method_count(void);
EDGEL_API const struct edgel_method_info *edgel_method_at(int i);
EDGEL_API const struct edgel_method_info *edgel_method_find(const char *name);

/* A method with its parameters. Copy it freely. */
enum { EDGEL_PARAMS_MAX = 16 };
struct edgel_method {
    const struct edgel_method_info *info;
    union edgel_param_value value[EDGEL_PARAMS_MAX]; /* [info->nparams] */
};

/* A method with its defaults. EDGEL_EINVAL: no such method; the text lists those there are. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_method_init(struct edgel_method *method, const char *name,
                                                              struct edgel_error *err);

/* Sets one parameter by its key, from text; "0" unsets a choice that has no default (depth).
 * EDGEL_EINVAL: the method has no such parameter, or this is no value of it. The method is then as before. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_method_set(struct edgel_method *method, const char *key,
                                                             const char *text, struct edgel_error *err);
/* The same from a number: of a choice its index from 0 on, of a threshold its value. Returns as edgel_method_set();
 * EDGEL_EINVAL also for a number that is not whole where it must be. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_method_set_number(struct edgel_method *method, const char *key, double value, struct edgel_error *err);
/* The value of parameter i, 0 <= i < info->nparams, as text that edgel_method_set() reads; "0" of a choice that is
 * not set. buf has size bytes, 32 are enough. */
EDGEL_API void edgel_method_text(const struct edgel_method *method, int i, char *buf, size_t size);
/* Whether a parameter has a meaning for the method as it is set up: thresholds have none when strength is asked for. */
EDGEL_API bool edgel_method_uses(const struct edgel_method *method, const char *key);

/* A key with its value, as text. */
struct edgel_param_text {
    const char *key, *text;
};
/*
 * Reads "NAME" or "NAME:key=value,key=value": defaults, then `plain`, then what the text says, then
 * edgel_method_check().
 *
 * plain, n  values for methods of any kind; keys that this one does not have are passed over. plain may be NULL with
 *           n 0
 * Returns EDGEL_OK; EDGEL_EINVAL: an unknown name or key, no value of its parameter, a key of the text that is
 * given twice or has no meaning here, values that do not go together; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_method_parse(struct edgel_method *method, const char *text,
                                                               const struct edgel_param_text *plain, size_t n,
                                                               struct edgel_error *err);

/* The methods that one text stands for. Zero-initialise; finish frees, and zeroes. */
enum { EDGEL_SWEEP_MAX = 1000 };
struct edgel_method_sweep {
    char **texts;  /* [n] for edgel_method_parse() */
    char **labels; /* [n] names that differ: "canny-low=20,high=80"; without a range the name of the method */
    size_t n;      /* 1..EDGEL_SWEEP_MAX */
};
/*
 * Reads a text as edgel_method_parse() takes it, in which values may be ranges of numbers, FROM..TO/STEP or in percent
 * FROM%..TO%/STEP%: each of FROM, FROM + STEP, ... up to TO. Several ranges are a grid, the last changing fastest.
 * "canny:low=20..60/10" is five methods.
 *
 * out  finished by the caller; zeroed after a failure
 * Returns EDGEL_OK, also for texts that edgel_method_parse() refuses; EDGEL_EINVAL: no range, or too many methods;
 * EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_method_sweep_parse(const char *text, struct edgel_method_sweep *out, struct edgel_error *err);
/* Frees the texts and zeroes the struct; a zeroed one is fine. */
EDGEL_API void edgel_method_sweep_finish(struct edgel_method_sweep *sweep);

/* Checks all that does not depend on the image. EDGEL_OK or EDGEL_EINVAL. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_method_check(const struct edgel_method *method,
                                                               struct edgel_error *err);

/* --- results of a method that edgel_method_check() accepts --- */

/* What its samples will mean. */
EDGEL_API enum edgel_result edgel_method_result(const struct edgel_method *method);
/* The depth that was asked for, 1, 8, 16 or 32; 0: none was. */
EDGEL_API int edgel_method_depth(const struct edgel_method *method);
/* Whether it takes colour where there is some: its parameter gray is "channels". */
EDGEL_API bool edgel_method_takes_color(const struct edgel_method *method);
/* What the samples of EDGEL_RESULT_STRENGTH are: the response that stands for full range, and whether they are the
 * share of it rather than the root of that. */
struct edgel_method_scale {
    double full; /* 0: another result */
    bool linear;
};
/* The scale of a method's result for an input type; full is 0 unless the result is EDGEL_RESULT_STRENGTH. */
EDGEL_API struct edgel_method_scale edgel_method_scale_of(const struct edgel_method *method,
                                                          enum edgel_type type);

/*
 * Runs one method: smoothing, operator, conversion to what is written.
 *
 *   IMAGE     the result, channels kept
 *   RESPONSE  m, saturated to the depth; float samples keep its sign where it has one
 *   EDGES     0 or the full range of the depth
 *   STRENGTH  sqrt(min(1, m / M)), or m / M with strength linear, M as edgel_method_scale_of() says
 *
 * STRENGTH is then multiplied by the full range of the depth, halves to even. The depth is 1 for EDGES, 16 for
 * STRENGTH, else that of the input. Where another one was asked for, integers are multiplied by 257 or divided by it,
 * halves to even; float input counts 1.0 as full range. Depth 32: F32 samples, full range of integer input = 1.0,
 * nothing saturated.
 *
 * in      U8, U16 or F32; 1 channel, or 3 if the method takes colour (IMAGE: 1 to 4); not the memory of out
 * out     zeroed or an earlier image; U1 (depth 1), U8, U16 or F32; empty after a failure
 * bits    the depth of out: 1, 8, 16, 32; NULL: not wanted
 * Returns EDGEL_OK, EDGEL_EINVAL (names the parameter, the value and the rule), EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_method_run(struct edgel_scratch *scratch, struct edgel_view in, const struct edgel_method *method,
                 struct edgel_image *out, int *bits, struct edgel_error *err);

/* --- methods row by row --- */

/* Whether a method can be run row by row: all but canny's edges with thresholds that are counted over the image. */
EDGEL_API bool edgel_method_streams(const struct edgel_method *method);

/* edgel_method_run() for images that are not whole in memory: the same rows. About 64 MB of them are held at a time;
 * canny's edges take two bits a pixel of the whole image more and come out after the last row. */
struct edgel_stream;
/*
 * Begins a stream.
 *
 * shape   of the input, data NULL
 * sink    takes the result: begin is called here, row as rows are ready, the last by the last row of the input
 * stream  edgel_stream_destroy() frees it
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_EUNSUPPORTED (edgel_method_streams() is false), EDGEL_ENOMEM, what the sink
 * says.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_stream_create(struct edgel_view shape, const struct edgel_method *method,
                    const struct edgel_row_sink *sink, struct edgel_stream **stream, struct edgel_error *err);
/* Takes one row of the input, from the first to the last; it is not kept. EDGEL_OK; EDGEL_EINVAL: a row too many;
 * EDGEL_ENOMEM; what the sink says. After a failure only destroy may follow. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_stream_row(struct edgel_stream *stream, const void *row,
                                                             struct edgel_error *err);
/* Ends it, also before the last row, and sets *stream to NULL; NULL in *stream is fine. */
EDGEL_API void edgel_stream_destroy(struct edgel_stream **stream);

/* --- one image, several methods --- */

/* What an edge map holds: EDGEL_RESULT_EDGES. */
struct edgel_edge_map {
    double low, high;       /* the thresholds that were used, in gradient units of 8-bit images */
    uint64_t edges, pixels; /* how many of the pixels are edges */
};

/* Where the pixels of one image come from, and where results go. Methods are numbered as in the list that runs. A
 * status other than EDGEL_OK ends the run and is what it returns, with the text of the callback. */
struct edgel_detect_io {
    void *user;
    const char *name; /* of the image, in messages of the methods */
    /* The pixels, as gray (1 channel) or in colour where there is some. Asked for once a kind, when a method needs it;
     * they stay until the run ends. NULL for runs by rows. */
    enum edgel_status (*pixels)(void *user, bool color, struct edgel_view *out, struct edgel_error *err);
    /* The same row by row, all of them into the sink. NULL for runs of whole images. */
    enum edgel_status (*rows)(void *user, bool color, const struct edgel_row_sink *sink,
                              struct edgel_error *err);
    /* May change method m once the type of the pixels is known. NULL: none is changed. */
    void (*fit)(void *user, size_t m, enum edgel_type type, struct edgel_method *method);
    /* The result of method m. Of a whole image: pixels. By rows: begin, with a shape without data, and then each row;
     * rows of several methods alternate. bits: its depth. */
    enum edgel_status (*result)(void *user, size_t m, struct edgel_view pixels, int bits,
                                struct edgel_error *err);
    enum edgel_status (*begin)(void *user, size_t m, struct edgel_view shape, int bits,
                               struct edgel_error *err);
    enum edgel_status (*row)(void *user, size_t m, const void *row, struct edgel_error *err);
    /* What an edge map holds, after its result or last row; not called for other results. NULL: not wanted. */
    void (*edges)(void *user, size_t m, const struct edgel_edge_map *map);
};

/* The name "image", no callbacks. */
EDGEL_API void edgel_detect_io_init(struct edgel_detect_io *io);

/* What one thread reuses from image to image: working memory, the result, threads for large images. */
struct edgel_detector;
/* threads: that one image may use, 0 all cores; they are started by the first image that is large enough.
 * EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_detector_create(int threads, struct edgel_detector **detector, struct edgel_error *err);
/* Ends its threads, frees its memory and sets *detector to NULL; NULL in *detector is fine. */
EDGEL_API void edgel_detector_destroy(struct edgel_detector **detector);

/*
 * Runs n methods over an image in memory, one after the other.
 *
 * methods  [n]; those with info NULL are left out
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM ("NAME: METHOD: text"), what a callback returned.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_detector_run(struct edgel_detector *detector,
                                                               const struct edgel_method *methods, size_t n,
                                                               const struct edgel_detect_io *io,
                                                               struct edgel_error *err);

/* Whether all of the methods can run by rows. */
EDGEL_API bool edgel_methods_stream(const struct edgel_method *methods, size_t n);
/*
 * The same while the image comes row by row: once for the methods that take gray, once for those that take colour. The
 * bytes of the results are the same.
 *
 * Returns as edgel_detector_run(), and EDGEL_EUNSUPPORTED where edgel_methods_stream() is false.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_detect_rows(const struct edgel_method *methods, size_t n,
                                                              const struct edgel_detect_io *io,
                                                              struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
