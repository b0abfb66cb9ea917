/* edgel/eval_counts.h: files of counts, written, read and joined: JSON lines, schema edgel.counts/2; those of
 * edgel.counts/1 are read. */
#ifndef EDGEL_EVAL_COUNTS_H
#define EDGEL_EVAL_COUNTS_H

#include "edgel/eval_scores.h"

#ifdef __cplusplus
extern "C" {
#endif

/* EDGEL_OK when counts measured under a and b may be put together: equal in all fields (ignore as a set). EDGEL_EFORMAT
 * names the first field that differs. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_measure_agree(const struct edgel_measure *a, const struct edgel_measure *b, struct edgel_error *err);

/* How images were read, where that was not the default: all zero. What it changes is in the counts; this says why. */
struct edgel_counts_reading {
    bool lenient;    /* damaged files as far as they decode */
    bool unoriented; /* the EXIF orientation left alone */
    /* Limits, as in edgel_limits; 0: the default. */
    uint64_t max_pixels, max_side, max_scans, max_chunk_bytes, max_file_bytes;
};

/* First line: how pixels were measured, the convention asked for (defaults of a later report), the methods' names. */
struct edgel_counts_header {
    struct edgel_measure measure;
    struct edgel_reduce reduce;
    const char *const *predictions;
    size_t npredictions;
    struct edgel_shard shard; /* zeroed: the whole. items and digest: the names of all rows of the whole */
    uint64_t rows;            /* of this file: with fewer or more it is cut or altered; 0: unknown */
    struct edgel_counts_reading reading;
};

/* Writes the first line of a counts file; the labels of its measure must be resolved. EDGEL_EIO, EDGEL_ENOMEM,
 * EDGEL_ELIMIT (a line over 64 MB). */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_counts_write_header(struct edgel_output *out, const struct edgel_counts_header *header,
                          struct edgel_error *err);
/* Writes the line of one row, after the header; rows come in the order of the list. Returns as
 * edgel_counts_write_header(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_counts_write_row(struct edgel_output *out, const struct edgel_row *row, struct edgel_error *err);

/* Reads a counts file line by line; several may be put together when edgel_measure_agree() says so of their headers.
 * Hostile until checked: ids are bounded and counts not negative, a row's cells rise without repetition and sum to its
 * pixels, which are at most w * h; its sweep and tolerance counts agree with its cells. Keys that are not known are
 * passed over. */
struct edgel_counts_reader;
/* path "-" is standard input. EDGEL_EIO, EDGEL_EFORMAT (file, line, rule), EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_counts_open(const char *path, struct edgel_counts_reader **out, struct edgel_error *err);
/* The same from memory, which must stay until the reader is closed; name: for messages. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_counts_open_bytes(const void *bytes, size_t n,
                                                                    const char *name,
                                                                    struct edgel_counts_reader **out,
                                                                    struct edgel_error *err);
/* Valid until the reader is closed. */
EDGEL_API const struct edgel_counts_header *edgel_counts_header_of(const struct edgel_counts_reader *reader);
/* *more = false at the end; then row is empty. The caller finishes row. Rows are in the order of methods, and of each
 * in byte order of the names; EDGEL_EFORMAT when one stands twice or out of order. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_counts_next(struct edgel_counts_reader *reader,
                                                              struct edgel_row *row, bool *more,
                                                              struct edgel_error *err);
/* Ends reading, at the end of the file or before; the header is gone then, rows are the caller's and stay. Sets *reader
 * to NULL; NULL is fine. */
EDGEL_API void edgel_counts_close(struct edgel_counts_reader **reader);

/*
 * Joins the counts of all shards of one run, in any order, into the counts of the whole, byte for byte: rows in the
 * order of methods, and of each in byte order of the names.
 *
 * output  as edgel_output_begin(); appears only when all is well
 * stop    asked now and then with user; may be NULL
 * Returns EDGEL_OK; EDGEL_EINVAL: a shard is missing, given twice, of another list, no shard at all, or its first line
 * differs from the others' (the text says in what); EDGEL_EFORMAT: as edgel_counts_next(), a row out of order or in two
 * files, or rows that are missing; EDGEL_EIO; EDGEL_ENOMEM; EDGEL_EINTERRUPTED.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_counts_merge(const char *const *paths, size_t npaths,
                                                               const char *output, bool (*stop)(void *user),
                                                               void *user, struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
