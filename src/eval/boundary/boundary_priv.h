/* boundary_priv.h: bit planes, thinning and the matching of boundary pixels, shared by the files of the boundary
 * benchmark. */
#ifndef EDGEL_BOUNDARY_PRIV_H
#define EDGEL_BOUNDARY_PRIV_H

#include "eval/eval_priv.h"

/* --- bit_plane.c --- */

/* One bit a pixel. Every row has an empty word before and after it, and the plane an empty row above and below. */
struct edgel_bits {
    int w, h;
    size_t row; /* words from one row to the next */
    uint64_t *words;
};
EDGEL_NODISCARD bool edgel_bits_init(struct edgel_bits *b, int w,
                                     int h); /* all clear; false: out of memory */
void edgel_bits_finish(struct edgel_bits *b);
void edgel_bits_copy(struct edgel_bits *to, const struct edgel_bits *from); /* of equal size */
uint64_t edgel_bits_count(const struct edgel_bits *b);

/* Row y from -1 to h; word 0 holds pixels 0..63, words -1 and the one after the last are empty. */
static inline uint64_t *edgel_bits_row(const struct edgel_bits *b, int y)
{
    return b->words + ((size_t)(y + 1) * b->row + 1);
}
static inline void edgel_bits_set(const struct edgel_bits *b, int x, int y)
{
    edgel_bits_row(b, y)[x >> 6] |= (uint64_t)1 << (x & 63);
}
static inline bool edgel_bits_get(const struct edgel_bits *b, int x, int y)
{
    return edgel_bits_row(b, y)[x >> 6] >> (x & 63) & 1;
}
static inline int edgel_bits_lowest(uint64_t v) /* v is not 0 */
{
    return __builtin_ctzll(v);
}

/* --- thin.c --- */
/* Thins b to the fixpoint. gone: scratch of the same size; stamps: scratch of h + 2. */
void edgel_thin(struct edgel_bits *b, struct edgel_bits *gone, uint32_t *stamps);

/* --- assignment.c --- */

/* Pairs of pixels that may be matched; of one truth pixel after the other. */
struct edgel_reach {
    int32_t ntruth, ndetections;
    size_t *first;      /* [ntruth + 1] */
    int32_t *detection; /* [first[ntruth]] */
    uint32_t *d2;       /* squared distance */
};

/* A matching that follows detections as they come and go. */
struct edgel_assignment;
/* No detection is present at first. tie: [ndetections], what a matched detection adds to the sum that decides between
 * matchings of equal number and distance. Of params the stop counts alone. EDGEL_ELIMIT: too many pixels for exact
 * sums; EDGEL_ENOMEM; EDGEL_EINTERRUPTED. */
EDGEL_NODISCARD enum edgel_status edgel_assignment_create(const struct edgel_measure *params,
                                                          const struct edgel_reach *reach,
                                                          const uint32_t *tie, struct edgel_assignment **out,
                                                          struct edgel_error *err);
void edgel_assignment_destroy(struct edgel_assignment **a);
void edgel_assignment_insert(struct edgel_assignment *a, int32_t detection); /* that is absent */
void edgel_assignment_remove(struct edgel_assignment *a, int32_t detection); /* that is present */
int32_t edgel_assignment_size(const struct edgel_assignment *a);             /* matched pairs */
/* One bit a detection: matched. */
const uint64_t *edgel_assignment_matched(const struct edgel_assignment *a);
/* The detection of a truth pixel, -1 none. */
int32_t edgel_assignment_mate(const struct edgel_assignment *a, int32_t truth);

/* Matching that is best among equals: see assignment.c. A number below 2^31 that depends on x and y alone. */
uint32_t edgel_assignment_tie(int x, int y);

/* --- boundary_match.c --- */

/* What is detected in an image: thinned maps of all thresholds 1..k. */
struct edgel_detections {
    int w, h, k;
    struct edgel_bits all; /* at any threshold */
    int32_t n;             /* pixels of it */
    int32_t *index;        /* [w * h] number of such a pixel */
    uint32_t *tie;         /* [n] */
    /* Changes from the map of threshold l + 1 to that of l: pixels y * w + x that come, changes[come[l]..go[l]), then
     * those that go, changes[go[l]..come[l - 1]). */
    uint32_t *changes;
    size_t *come, *go; /* [k + 2] */
};
/* Fills matched_truth, matched_prediction and truth of out, which hold zeros, and adds remarks on the truth.
 * EDGEL_EFORMAT, EDGEL_ELIMIT, EDGEL_ENOMEM, EDGEL_EINTERRUPTED as edgel_boundary_measure(). */
EDGEL_NODISCARD enum edgel_status edgel_boundary_match(const struct edgel_measure *params,
                                                       const struct edgel_detections *found,
                                                       const struct edgel_mask *truth, size_t ntruth,
                                                       struct edgel_boundary_counts *out, unsigned *remarks,
                                                       struct edgel_error *err);

#endif
