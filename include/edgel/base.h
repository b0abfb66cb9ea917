/*
 * edgel/base.h: what every other header needs. Includes no other edgel header.
 *
 * Rules that hold for every function of the library:
 *
 * NULL             err may be NULL: no text is wanted. Where a function takes them, pool and helpers may be NULL (the
 *                  calling thread does all the work) and so may scratch (memory is taken and freed within the call).
 *                  destroy and close functions take NULL and a pointer to NULL, finish functions NULL and a zeroed
 *                  struct, and do nothing then. Any other pointer may be NULL only where its comment says so; functions
 *                  that return a status refuse it with EDGEL_EINVAL.
 * failures         After a failure nothing needs to be freed: objects are NULL, structs zeroed or finished, plain
 *                  numbers as they were.
 * callbacks        Each has a `user` pointer, which the library hands on and never reads.
 * threads          Functions may be called from any thread; one object is used by one thread at a time, unless its
 *                  comment says more. A number of threads that a caller asks for counts the caller's own: 1 to
 *                  EDGEL_POOL_MAX, and 0 stands for one for each core (edgel_threads_resolve()). Another number is
 *                  EDGEL_EINVAL. Results do not depend on it.
 * parameters       A struct of parameters that has a function edgel_x_init() is filled by it first and then changed
 *                  field by field:
 *                      struct edgel_read read;
 *                      edgel_read_init(&read);
 *                      read.decode = EDGEL_DECODE_COLOR;
 *                  init sets every field to its default. Programs written so still compile, and do the same, when a
 *                  release adds fields. New fields come at the end of a struct. Their release has a new soname, because
 *                  the struct's size changes: within one soname no struct changes. Zero is a default only where init
 *                  sets zero.
 */
#ifndef EDGEL_BASE_H
#define EDGEL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define EDGEL_API          __attribute__((visibility("default")))
#define EDGEL_NODISCARD    __attribute__((warn_unused_result))
#define EDGEL_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define EDGEL_API
#define EDGEL_NODISCARD
#define EDGEL_PRINTF(f, a)
#endif

/* Version of this header; that of the library which runs: edgel_version_number(). */
#define EDGEL_VERSION_MAJOR 0
#define EDGEL_VERSION_MINOR 2
#define EDGEL_VERSION_PATCH 0
#define EDGEL_VERSION_NUMBER \
    (1000000 * EDGEL_VERSION_MAJOR + 1000 * EDGEL_VERSION_MINOR + EDGEL_VERSION_PATCH)

/* Result of every call that can fail. Zero is success; values never change meaning. */
enum edgel_status {
    EDGEL_OK = 0,
    EDGEL_EINVAL = 1,       /* caller passed a value the function's comment forbids */
    EDGEL_ENOMEM = 2,       /* allocation failed or a size would overflow */
    EDGEL_EIO = 3,          /* read, write, open, rename or close failed */
    EDGEL_EFORMAT = 4,      /* file content is not what its format requires */
    EDGEL_ELIMIT = 5,       /* valid, but over a limit the caller set */
    EDGEL_EUNSUPPORTED = 6, /* valid, but this build or version does not do it */
    EDGEL_EINTERRUPTED = 7  /* the caller asked for a stop before the work was done */
};

/* What went wrong. The caller owns it, so threads do not share it and nobody frees it. Zero-initialise. It keeps the
 * first failure: later ones are ignored until edgel_error_clear(). */
struct edgel_error {
    enum edgel_status code;
    /* NUL-terminated, no trailing newline; "" when code is EDGEL_OK. A longer text is cut in its middle. */
    char msg[512];
};

/* Short English name of a status ("ok", "out of memory"); a static string, never NULL. */
EDGEL_API const char *edgel_status_name(enum edgel_status s);

/* Label of a pixel that is ignored, in truth and in samples. */
enum { EDGEL_LABEL_IGNORE = 65535 };

/* Forgets the failure. e may be NULL. */
EDGEL_API void edgel_error_clear(struct edgel_error *e);
/* Records a failure in e unless it holds one, and returns code; callbacks fail by it. e may be NULL. */
EDGEL_API enum edgel_status edgel_error_set(struct edgel_error *e, enum edgel_status code, const char *fmt,
                                            ...) EDGEL_PRINTF(3, 4);

/* Version of the library, "MAJOR.MINOR.PATCH"; a static string. */
EDGEL_API const char *edgel_version(void);
/* The same as a number, to compare with EDGEL_VERSION_NUMBER: 1000000 MAJOR + 1000 MINOR + PATCH. */
EDGEL_API int edgel_version_number(void);

/* --- memory --- */

/* Functions that the library takes its memory from. */
struct edgel_allocator {
    /* bytes (> 0, a multiple of alignment) at a multiple of alignment (a power of two), or NULL when there are none.
     * Called from any thread, several at once. */
    void *(*allocate)(void *user, size_t bytes, size_t alignment);
    /* Takes back what allocate returned; never NULL. Called from any thread, several at once. */
    void (*release)(void *user, void *memory);
    void *user;
};

/*
 * Makes the library take all its memory from these functions instead of from aligned_alloc() and free(). Call it before
 * any other function of the library, once. libjpeg and libtiff go on using malloc() for themselves.
 *
 * Returns EDGEL_OK, or EDGEL_EINVAL: a function is NULL, or the library has taken memory or an allocator before.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_allocator_set(const struct edgel_allocator *allocator,
                                                                struct edgel_error *err);

/* CPU level of the kernels: "c", "avx2", "avx512", "avx512vnni" or "neon"; a static string. It is decided once: the
 * best level of the processor, or a lower one that the environment variable EDGEL_CPU names. An unknown name there
 * changes nothing; edgel_cpu_check() reports it. */
EDGEL_API const char *edgel_cpu_level(void);

/* EDGEL_OK, or EDGEL_EINVAL when EDGEL_CPU names an unknown level; the text lists the known ones. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_cpu_check(struct edgel_error *err);

/* Number of processors this process may run on, at least 1. */
EDGEL_API int edgel_cpu_count(void);

/*
 * Reads one decimal number from the whole of text: no space, no suffix, "." as the decimal point
 * whatever the locale, finite, lo <= value <= hi. This is the one number parser of the project.
 *
 * what   names the value in the message ("sigma")
 * Returns EDGEL_OK, or EDGEL_EINVAL with a message of what, text and range; *out is then as before.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_parse_real(const char *what, const char *text, double lo,
                                                             double hi, double *out, struct edgel_error *err);

/* The same for whole numbers in base 10 with an optional sign; lo <= value <= hi. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_parse_int(const char *what, const char *text, int64_t lo,
                                                            int64_t hi, int64_t *out,
                                                            struct edgel_error *err);

/* Of several names (NULL at the end) the one nearest to a mistyped one, by Levenshtein's distance; NULL if none is
 * nearer than a third of the typed length plus 2. */
EDGEL_API const char *edgel_nearest(const char *typed, const char *const *names);
/* Records that a word is none of several (NULL at the end): "WHAT TYPED: must be one of a, b; did you mean b?", the
 * question where a name is near and the word has three letters or more. Returns EDGEL_EINVAL. */
EDGEL_API enum edgel_status edgel_error_choice(struct edgel_error *err, const char *what, const char *typed,
                                               const char *const *names);

/* The FNV-1a hash of no bytes. */
#define EDGEL_HASH_START UINT64_C(0xcbf29ce484222325)
/* The 64-bit FNV-1a hash of n bytes. hash is EDGEL_HASH_START, or the hash of the bytes before. It tells contents
 * apart; it does not withstand attacks. Source: Fowler, Noll, Vo, draft-eastlake-fnv. */
EDGEL_API uint64_t edgel_hash_bytes(uint64_t hash, const void *bytes, size_t n);

/* --- threads for work within one call --- */

/* Threads that one call at a time spreads its loops over. Results never depend on their number. A pool must not be used
 * after fork(). */
struct edgel_pool;
enum { EDGEL_POOL_MAX = 1024 };

/* The number of threads that `threads` stands for: itself, or for 0 edgel_cpu_count(), at most EDGEL_POOL_MAX.
 * EDGEL_OK; EDGEL_EINVAL: below 0 or above EDGEL_POOL_MAX; *out is then as before. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_threads_resolve(int threads, int *out,
                                                                  struct edgel_error *err);
/* threads: as above. If the system refuses a thread, the pool has fewer.
 * Returns EDGEL_OK, EDGEL_EINVAL or EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_pool_create(int threads, struct edgel_pool **out,
                                                              struct edgel_error *err);
/* Ends its threads and sets *pool to NULL; no call may be using it. */
EDGEL_API void edgel_pool_destroy(struct edgel_pool **pool);
/* Its number of threads, including the caller's own; 1 for NULL. */
EDGEL_API int edgel_pool_threads(const struct edgel_pool *pool);

/* Lets idle threads of a run (edgel/batch.h) help items that are still running, where the item's operation supports it.
 * Results never depend on it. */
struct edgel_helpers;
/* EDGEL_OK or EDGEL_ENOMEM. One run at a time uses them. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_helpers_create(struct edgel_helpers **out,
                                                                 struct edgel_error *err);
/* Frees them and sets *helpers to NULL; NULL is fine. No run may be using them. */
EDGEL_API void edgel_helpers_destroy(struct edgel_helpers **helpers);

/* --- shards: parts of a list of files that run on their own, and whose results are joined --- */

/* Part `index` of `count`; a zeroed struct is the whole list. items and digest identify the list: the number of its
 * names, and the FNV-1a hash of all names in order, each with its NUL. */
struct edgel_shard {
    int64_t index, count; /* 1 <= index <= count <= 1000000; count 0: the whole */
    uint64_t items, digest;
};

/* Reads "i/N"; the list has no names yet. Returns EDGEL_OK, or EDGEL_EINVAL with a message that begins with what. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_shard_parse(const char *what, const char *text, struct edgel_shard *out, struct edgel_error *err);
/* Adds the next name of the whole list, also one that another part takes. */
EDGEL_API void edgel_shard_add(struct edgel_shard *shard, const char *name);
/* How many of n items belong to the part, and the index in the list of its k-th item. A part takes every count-th item,
 * so that neighbours (a folder of large images) are spread over all parts. */
EDGEL_API size_t edgel_shard_size(const struct edgel_shard *shard, size_t n);
EDGEL_API size_t edgel_shard_at(const struct edgel_shard *shard, size_t k);

#ifdef __cplusplus
}
#endif

#endif
