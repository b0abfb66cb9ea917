/* core_priv.h: errors, memory, text, numbers, random numbers, JSON and threads for every other folder. */
#ifndef EDGEL_CORE_PRIV_H
#define EDGEL_CORE_PRIV_H

#include "edgel/base.h"
#include <stdarg.h>

/* --- status.c --- */
/* Records code and message in err (if not NULL and still clear) and returns code, so that
 *     return edgel_fail(err, EDGEL_EINVAL, "sigma %g: must be > 0", sigma);
 * is the only way a function reports failure. */
enum edgel_status edgel_fail(struct edgel_error *err, enum edgel_status code, const char *fmt, ...)
    EDGEL_PRINTF(3, 4);

/* Only where the function holds nothing to release; otherwise goto out. */
#define EDGEL_TRY(call)                        \
    do {                                       \
        enum edgel_status edgel_try_ = (call); \
        if (edgel_try_ != EDGEL_OK)            \
            return edgel_try_;                 \
    } while (0)

/* EDGEL_ENOMEM with "WHAT: out of memory"; what may be NULL. */
enum edgel_status edgel_no_memory(struct edgel_error *err, const char *what);

/* Refuses a pointer that must not be NULL; the text names the function and the argument. Needs an `err` in reach. */
#define EDGEL_REQUIRE(pointer)                                                                   \
    do {                                                                                         \
        if (!(pointer))                                                                          \
            return edgel_fail(err, EDGEL_EINVAL, "%s: %s must not be NULL", __func__, #pointer); \
    } while (0)

/* --- alloc.c --- : all heap memory of the library comes from here */
/* n*size bytes, 64-aligned; NULL on overflow, OOM, 0 */
EDGEL_NODISCARD void *edgel_alloc(size_t n, size_t size);
EDGEL_NODISCARD void *edgel_calloc(size_t n, size_t size); /* the same, zeroed */
/* Grows a block that holds `used` bytes to n*size bytes; the old block stays valid on NULL. */
EDGEL_NODISCARD void *edgel_realloc(void *p, size_t used, size_t n, size_t size);
void edgel_free(void *p);                          /* NULL is allowed */
EDGEL_NODISCARD char *edgel_strdup(const char *s); /* NULL on OOM */
void edgel_alloc_fail_after(long n);               /* tests: the n-th call from now fails once; -1 = never */
long edgel_alloc_live(void);                       /* tests: blocks not yet freed */

/* A bump allocator for the scratch of one image. Reset keeps one block of the largest size needed so far, so that
 * images of the same size allocate nothing. Zero-initialise. */
struct edgel_arena {
    struct edgel_arena_block *head;
    size_t total;
};
/* 64-aligned or NULL */
EDGEL_NODISCARD void *edgel_arena_alloc(struct edgel_arena *a, size_t n, size_t size);
void edgel_arena_reset(struct edgel_arena *a);
void edgel_arena_finish(struct edgel_arena *a);

/* --- cpu.c --- */
/* Instruction sets that kernels are written for; AVX2 stands for FMA as well, AVX512 for F, BW, DQ and VL,
 * AVX512VNNI for VNNI alone. */
enum { EDGEL_CPU_AVX2 = 1, EDGEL_CPU_AVX512 = 2, EDGEL_CPU_NEON = 4, EDGEL_CPU_AVX512VNNI = 8 };
struct edgel_cpu_row {
    const char *name;
    unsigned flags;
};
const struct edgel_cpu_row *edgel_cpu_levels(int *count); /* of this build, plain C first */
unsigned edgel_cpu_flags(void); /* of the level that kernels run at: detected, lowered by $EDGEL_CPU */

/* --- labels.c --- */
struct edgel_classes;
struct edgel_mask;
bool edgel_id_in(const int32_t *ids, size_t n, int32_t id);
/* The name of class id: the given one (given may be NULL), else `instead` (NULL: the id), to be freed; NULL: memory is
 * out. */
char *edgel_class_name(const struct edgel_classes *given, int32_t id, const char *instead);
/* The largest value of an integer mask's stored depth: 65535, 255, 15 (4 bits) or 3 (2 bits). */
int edgel_mask_largest(const struct edgel_mask *mask);
/* The ids of row y of an integer mask into ids[w]. EDGEL_EFORMAT: channels that differ. */
EDGEL_NODISCARD enum edgel_status edgel_mask_row(const struct edgel_mask *mask, int y, uint16_t *ids,
                                                 struct edgel_error *err);

/* --- text.c --- : growable text. Zero-initialise; on OOM `failed` is set and later calls do nothing. */
struct edgel_text {
    char *s; /* NUL-terminated once anything was added */
    size_t len, cap;
    bool failed;
};
void edgel_text_add(struct edgel_text *t, const char *bytes, size_t n);
void edgel_text_str(struct edgel_text *t, const char *s);
/* No %f, %g: they follow the locale. */
void edgel_text_printf(struct edgel_text *t, const char *fmt, ...) EDGEL_PRINTF(2, 3);
/* The fewest digits that read back the same; "." always; NaN, inf: null. */
void edgel_text_real(struct edgel_text *t, double v);
/* The double nearest to a number in decimal ("." in every locale); false when it is beyond the range. s is a number by
 * JSON's grammar. */
bool edgel_real_of_text(const char *s, double *out);
/* printf %*g with "." always; NaN as NaN */
void edgel_text_general(struct edgel_text *t, double v, int width);
void edgel_text_fixed(struct edgel_text *t, double v, int decimals); /* printf %.*f with "." always */
void edgel_text_clear(struct edgel_text *t);                         /* keeps the memory */
void edgel_text_finish(struct edgel_text *t);
/* A JSON string with its quotes. Bytes that are not UTF-8 become \udc80..\udcff, one each (the convention of
 * Python's surrogateescape); edgel_json_parse() turns them back. */
void edgel_text_json(struct edgel_text *t, const char *s);
/* A field of CSV as RFC 4180 has it: in quotes when it holds a comma, a quote or a line break, quotes doubled. */
void edgel_csv_field(struct edgel_text *t, const char *s);
void edgel_csv_quoted(struct edgel_text *t, const char *s); /* in quotes whatever it holds */

/* --- json.c --- : strict reading of JSON, RFC 8259. Values live as long as their document. */
struct edgel_json;               /* a value */
enum { EDGEL_JSON_DEPTH = 512 }; /* containers inside each other */
/* Reads a text that is one value. EDGEL_EFORMAT names the line, the column and the rule; EDGEL_ENOMEM. */
enum edgel_status edgel_json_parse(const char *text, size_t n, const char *name, struct edgel_json **out,
                                   struct edgel_error *err);
void edgel_json_finish(struct edgel_json *doc); /* the value parse returned; NULL is fine */

/* A place in a text, and the first failure. Start it with text, at and end. */
struct edgel_json_cursor {
    const char *text, *at, *end;
    enum edgel_status status;
    const char *why;       /* EDGEL_EFORMAT: the rule */
    size_t lines, columns; /* before text: whole lines, and bytes of the line that has begun */
};
/* Memory for one value at a time. Zero-initialise. */
struct edgel_json_block {
    struct edgel_json *v, *stack;
    size_t used, cap, depth, stack_cap;
};
/* Reads the value at the cursor; it lives in the block until the next call. NULL after a failure. */
const struct edgel_json *edgel_json_take(struct edgel_json_cursor *c, struct edgel_json_block *b);
void edgel_json_block_finish(struct edgel_json_block *b);
void edgel_json_skip_space(struct edgel_json_cursor *c);
/* Skips white space and then the character `which`; false if another character is there. */
bool edgel_json_take_char(struct edgel_json_cursor *c, char which);
/* Sets the first failure, EDGEL_EFORMAT; false. */
bool edgel_json_refuse(struct edgel_json_cursor *c, const char *why);
/* The failure in words: name, rule, place. */
enum edgel_status edgel_json_cursor_status(const struct edgel_json_cursor *c, const char *name,
                                           struct edgel_error *err);

/* NULL if absent. */
const struct edgel_json *edgel_json_get(const struct edgel_json *object, const char *key);
size_t edgel_json_count(const struct edgel_json *array);                          /* 0 if no array */
const struct edgel_json *edgel_json_at(const struct edgel_json *array, size_t i); /* NULL if absent */
/* How many members there are; the i-th in the order of the text, its key in *key (may be NULL). NULL after the last,
 * and when it is no object. */
size_t edgel_json_members(const struct edgel_json *object); /* 0 if no object */
const struct edgel_json *edgel_json_member(const struct edgel_json *object, size_t i, const char **key);
bool edgel_json_is_object(const struct edgel_json *v);
bool edgel_json_is_array(const struct edgel_json *v);
bool edgel_json_is_string(const struct edgel_json *v);
bool edgel_json_is_null(const struct edgel_json *v);           /* a JSON null; false for NULL */
bool edgel_json_int(const struct edgel_json *v, int64_t *out); /* false if no integer (NULL is fine) */
bool edgel_json_real(const struct edgel_json *v, double *out); /* integer or real */
bool edgel_json_bool(const struct edgel_json *v, bool *out);
/* The bytes of a string with \udcXX undone, and without U+0000; NULL if it is none. */
const char *edgel_json_string(const struct edgel_json *v);
/* A copy of them, to be freed with edgel_free; NULL if no string or OOM. */
char *edgel_json_strdup(const struct edgel_json *v);

/* --- json_stream.c --- : a large document, element by element */
/* The bytes of a document; name and text must stay. */
struct edgel_document {
    const char *name, *text; /* text: of size bytes; NULL: the file */
    int fd;
    uint64_t size;
};
/* Opens a regular file, EDGEL_EIO; d is closed after a failure. Closing a document of a text does nothing. */
EDGEL_NODISCARD enum edgel_status edgel_document_open(const char *path, struct edgel_document *d,
                                                      struct edgel_error *err);
void edgel_document_close(struct edgel_document *d);

struct edgel_json_stream {
    const struct edgel_document *d;
    struct edgel_error *err;
    struct edgel_json_cursor c;
    struct edgel_json_block b;
    char *window;
    size_t cap;
    uint64_t base; /* where the text of the cursor begins */
    bool ended;    /* it reaches to the end of the document */
    enum edgel_status failed;
};
struct edgel_json_place {
    uint64_t at;
    size_t n;
};
void edgel_json_stream_begin(struct edgel_json_stream *s, const struct edgel_document *d,
                             struct edgel_error *err);
void edgel_json_stream_finish(struct edgel_json_stream *s);
/* Skips white space and then the character `which`; false if another character is there, and after a failure. */
bool edgel_json_stream_char(struct edgel_json_stream *s, char which);
/* The next value and where it stands; it lives until the next call. NULL after a failure, EDGEL_ELIMIT for one of more
 * than 2^23 bytes among them. */
const struct edgel_json *edgel_json_stream_take(struct edgel_json_stream *s, struct edgel_json_place *place);
/* A key and its colon; it lives until the next call. NULL after a failure. */
const char *edgel_json_stream_key(struct edgel_json_stream *s);
/* After an element or a member: true at a comma; else the end must stand there. */
bool edgel_json_stream_more(struct edgel_json_stream *s, char end);
/* Nothing may follow. */
EDGEL_NODISCARD enum edgel_status edgel_json_stream_end(struct edgel_json_stream *s);
enum edgel_status edgel_json_stream_status(const struct edgel_json_stream *s);
/* Memory for one reader of places. Zero-initialise. */
struct edgel_json_scratch {
    char *text;
    size_t cap;
    struct edgel_json_block b;
};
/* The value at a place, once more; it lives until the next call with the scratch. EDGEL_EFORMAT: another document. */
EDGEL_NODISCARD enum edgel_status edgel_json_again(const struct edgel_document *d,
                                                   struct edgel_json_place place,
                                                   struct edgel_json_scratch *s,
                                                   const struct edgel_json **out, struct edgel_error *err);
void edgel_json_scratch_finish(struct edgel_json_scratch *s);

/* --- names.c --- : many short strings that stay where they are. Zero-initialise. */
struct edgel_names {
    struct edgel_names_block *head;
};
/* A copy of s[n] with a NUL, or room for n bytes; NULL: out of memory. */
const char *edgel_names_add(struct edgel_names *names, const char *s, size_t n);
char *edgel_names_room(struct edgel_names *names, size_t n);
void edgel_names_finish(struct edgel_names *names);

/* --- line_reader.c --- : text files line by line, memory bounded */
struct edgel_lines;
/* path "-" is standard input; a line over max_bytes is EDGEL_EFORMAT. */
EDGEL_NODISCARD enum edgel_status edgel_lines_open(const char *path, size_t max_bytes,
                                                   struct edgel_lines **out, struct edgel_error *err);
/* The same from memory, which must stay until the reader is closed; name: for messages. */
EDGEL_NODISCARD enum edgel_status edgel_lines_of(const void *bytes, size_t n, const char *name,
                                                 size_t max_bytes, struct edgel_lines **out,
                                                 struct edgel_error *err);
/* The next line without its end ("\n" or "\r\n"), NUL-terminated, valid until the next call; NULL at the end.
 * *ended (may be NULL) is false when the file stops before the line does. */
EDGEL_NODISCARD enum edgel_status edgel_lines_next(struct edgel_lines *l, char **line, size_t *n, bool *ended,
                                                   struct edgel_error *err);
const char *edgel_lines_where(struct edgel_lines *l); /* "FILE:LINE", valid until the next call */
void edgel_lines_close(struct edgel_lines **l);

/* --- numeric.c --- : elementary functions with the same bits on every machine; nothing here calls libm for them.
 * NaN in, NaN out; overflow gives inf, log(0) -inf, log of a negative number NaN. */
/* Off by less than 0.51 units in the last place of the float; softplus is log(1 + e^x), sigmoid 1 / (1 + e^-x), gelu
 * x (1 + erf(x / sqrt 2)) / 2. gelu_slope is the derivative of gelu; beside its zero the unit is that of 0.1. */
float edgel_expf(float x);
float edgel_expm1f(float x);
float edgel_logf(float x);
float edgel_sigmoidf(float x);
float edgel_tanhf(float x);
float edgel_softplusf(float x);
float edgel_geluf(float x);
float edgel_gelu_slopef(float x);
/* The same bits for y[i] = f(x[i]), i < n; y == x is fine, any other overlap is not. */
struct edgel_numeric {
    void (*exp)(const float *x, float *y, size_t n);
    void (*expm1)(const float *x, float *y, size_t n);
    void (*log)(const float *x, float *y, size_t n);
    void (*sigmoid)(const float *x, float *y, size_t n);
    void (*tanh)(const float *x, float *y, size_t n);
    void (*softplus)(const float *x, float *y, size_t n);
    void (*gelu)(const float *x, float *y, size_t n);
    void (*gelu_slope)(const float *x, float *y, size_t n);
};
void edgel_numeric_init(struct edgel_numeric *t, unsigned flags); /* flags of edgel_cpu_flags() */
void edgel_numeric_rows_c(struct edgel_numeric *t);
void edgel_numeric_rows_avx2(struct edgel_numeric *t);
void edgel_numeric_rows_avx512(struct edgel_numeric *t);
/* In double: exp off by less than 1 unit in the last place, log by less than 3, sin and cos by less than 2^-52 for
 * |x| <= 1e6 (NaN beyond), pow (x >= 0) by a relative error below 2^-51 (1 + |y log x|). */
double edgel_exp(double x);
double edgel_ln(double x);
double edgel_pow(double x, double y);
double edgel_sin(double x);
double edgel_cos(double x);
double edgel_atan(double x); /* off by less than 2^-51 */

/* --- rng.c --- : random numbers that depend only on their purpose */
/* Each (seed, a, b, c), for example (seed, purpose, step, sample), has its own stream. Not for secrets. */
struct edgel_rng {
    uint64_t state;
};
struct edgel_rng edgel_rng_seed(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);
uint64_t edgel_rng_next(struct edgel_rng *r);              /* all 64 bits */
double edgel_rng_uniform(struct edgel_rng *r);             /* a multiple of 2^-53 in [0, 1) */
uint64_t edgel_rng_below(struct edgel_rng *r, uint64_t n); /* 0..n-1, each as likely; n > 0 */
double edgel_rng_normal(struct edgel_rng *r);              /* mean 0, deviation 1 */

/* edgel_hash() makes a 64-bit key of (seed, a, b, c), edgel_hash_at() 32 bits for each index of a key:
 * edgel_hash_at(edgel_hash(seed, layer, step, sample), i) decides whether dropout drops element i. Shifts and
 * multiplications with the constants of Wellons' triple32. */
uint64_t edgel_hash(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);
static inline uint32_t edgel_hash_at(uint64_t key, uint32_t index)
{
    uint32_t h = index ^ (uint32_t)key;
    h = ((h ^ (h >> 17)) * 0xed5ad4bbu) ^ (uint32_t)(key >> 32);
    h = (h ^ (h >> 11)) * 0xac4c1b51u;
    h = (h ^ (h >> 15)) * 0x31848babu;
    return h ^ (h >> 14);
}

/* --- shard.c --- */
/* The JSON object of a shard, and back. where names the place of an error: EDGEL_EFORMAT. */
void edgel_shard_text(struct edgel_text *t, const struct edgel_shard *shard);
EDGEL_NODISCARD enum edgel_status edgel_shard_read(const struct edgel_json *v, const char *where,
                                                   struct edgel_shard *out, struct edgel_error *err);
/* Checks that shards[n], from the files paths[n], are all parts of one list; order[part - 1] becomes the index of that
 * part. EDGEL_EINVAL names a part that is missing, that is there twice, or that belongs to another list. */
EDGEL_NODISCARD enum edgel_status edgel_shard_order(const struct edgel_shard *shards, size_t n,
                                                    const char *const *paths, size_t *order,
                                                    struct edgel_error *err);

/* --- thread.c --- */
/* Runs work(user, thread, i) for i = 0..n-1 on `threads` threads, including the caller's, with thread in 0..threads-1,
 * and done(user, i) for the same i in increasing order, one at a time. At most `window` indices are in work or wait for
 * done. stop (may be NULL) is called before each index; once it returns true, no further index starts, and those that
 * have started are finished. *finished (may be NULL) is the number of done calls. Returns EDGEL_OK, EDGEL_ENOMEM, or
 * EDGEL_EINTERRUPTED if stop returned true before all had started. */
struct edgel_ordered {
    size_t n;
    int threads;
    size_t window; /* >= threads */
    void *user;
    void (*work)(void *user, int thread, size_t i);
    void (*done)(void *user, size_t i);
    bool (*stop)(void *user);
    struct edgel_helpers *helpers; /* may be NULL */
};
enum edgel_status edgel_ordered_run(const struct edgel_ordered *o, size_t *finished, struct edgel_error *err);

/* --- helpers.c --- */
/* Runs work(user, i) for i = 0..n-1 on this thread and on idle ones, and returns when all are done. Indices start in
 * increasing order. helpers NULL: on this thread alone. */
void edgel_helpers_run(struct edgel_helpers *helpers, size_t n, void (*work)(void *user, size_t i),
                       void *user);
/* A thread that may offer loops enters before any thread helps, and leaves when it will offer no more. */
void edgel_helpers_enter(struct edgel_helpers *helpers);
void edgel_helpers_leave(struct edgel_helpers *helpers);
/* Helps with loops until all threads that entered have left. */
void edgel_helpers_help(struct edgel_helpers *helpers);

/* --- pool.c --- */
/* Runs work(user, thread, i) for i = 0..n-1 < 2^32, thread in 0..threads-1, and returns when all are done. Indices
 * start in increasing order but end in any: what a result is made of may not depend on the thread. pool NULL: on the
 * calling thread. */
void edgel_pool_run(struct edgel_pool *pool, size_t n, void (*work)(void *user, int thread, size_t i),
                    void *user);

/* Seconds since an arbitrary start, monotonic. */
double edgel_clock(void);

#endif
