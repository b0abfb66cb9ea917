/* objects_priv.h: the objects of one side of an image, and how two sides are matched. */
#ifndef EDGEL_OBJECTS_PRIV_H
#define EDGEL_OBJECTS_PRIV_H

#include "eval/eval_priv.h"

/* Pixels start..end-1 of an object; positions count along rows, or along columns where the set says so. */
struct edgel_span {
    uint32_t start, end, object;
};

struct edgel_object {
    int64_t id;
    int32_t class_id;
    bool crowd; /* truth: a group that is no object of its own; what lies in it is no mistake */
    int box[4]; /* x0, y0, x1, y1: first, and one past the last; zeros without pixels */
    uint64_t pixels;
};

/* The objects of one side, in rising order of their ids. Zero-initialise. */
struct edgel_object_set {
    int w, h;
    bool columns;
    struct edgel_object *objects;
    size_t nobjects;
    struct edgel_span *spans; /* rising start; those of one object do not overlap */
    size_t nspans;
    struct edgel_span *voids; /* pixels that are not judged, rising, disjoint */
    size_t nvoids;
};
void edgel_object_set_finish(struct edgel_object_set *s);

/* --- object_sets.c --- : from planes of w * h values, 0 background, negative void */
/* An object is all pixels of one value, of class 1. */
EDGEL_NODISCARD enum edgel_status edgel_objects_of_ids(const int32_t *plane, int w, int h, bool columns,
                                                       struct edgel_object_set *out, struct edgel_error *err);
/* An object is a component of pixels of one value, joined by sides or corners; the value is its class. */
EDGEL_NODISCARD enum edgel_status edgel_objects_of_components(const int32_t *plane, int w, int h,
                                                              bool columns, struct edgel_object_set *out,
                                                              struct edgel_error *err);
/* Puts spans that were appended object by object in the order of their starts. */
void edgel_objects_sort(struct edgel_object_set *s);
/* Sets areas and boxes from the spans. */
void edgel_objects_extents(struct edgel_object_set *s);
/* EDGEL_ELIMIT when an image is too large for spans. */
EDGEL_NODISCARD enum edgel_status edgel_objects_limit(int w, int h, struct edgel_error *err);

/* --- object_match.c --- */
/* Sets of equal size and direction; prediction NULL: nothing is predicted. EDGEL_ELIMIT, EDGEL_ENOMEM. */
EDGEL_NODISCARD enum edgel_status edgel_objects_match(const struct edgel_object_set *truth,
                                                      const struct edgel_object_set *prediction,
                                                      struct edgel_object_counts **out, size_t *n,
                                                      struct edgel_error *err);

/* --- coco.c --- */
/* An annotation of a document, which is read again where it stands. */
struct edgel_coco_entry {
    int64_t image;
    uint64_t at;
    uint32_t n;       /* bytes */
    uint32_t order;   /* in the document */
    const char *mask; /* panoptic: file_name */
};

struct edgel_coco {
    struct edgel_document document;
    char *name, *text; /* text: NULL for a file */
    struct edgel_names names;
    bool panoptic;
    struct edgel_coco_entry *entries;
    size_t nentries;
    struct edgel_coco_image *images; /* rising id; strings owned */
    size_t nimages;
    struct edgel_classes categories;
};
enum { EDGEL_COCO_SIDE_MAX = 1000000 };
enum edgel_status edgel_coco_no_memory(const struct edgel_coco *c, struct edgel_error *err);
/* The annotation once more; it lives until the next call with the scratch. EDGEL_EFORMAT: the file was changed. */
EDGEL_NODISCARD enum edgel_status edgel_coco_again(const struct edgel_coco *c,
                                                   const struct edgel_coco_entry *e,
                                                   struct edgel_json_scratch *s,
                                                   const struct edgel_json **out, struct edgel_error *err);
/* A whole number from 0 to hi. */
bool edgel_coco_whole(const struct edgel_json *object, const char *key, int64_t hi, int64_t *out);

/* --- coco_objects.c --- */
/* Run-length objects of an image (SIZE_MAX: none); w, h: 0 takes what the document tells, which may stay 0. */
EDGEL_NODISCARD enum edgel_status edgel_coco_objects(const struct edgel_coco *coco, size_t image, int w,
                                                     int h, struct edgel_object_set *out,
                                                     struct edgel_error *err);
/* Gives the objects of a mask their classes. */
EDGEL_NODISCARD enum edgel_status edgel_coco_segments(const struct edgel_coco *coco, size_t image,
                                                      struct edgel_object_set *s, struct edgel_error *err);

/* --- rle.c --- */
/* Both append the spans of one object to s, whose w and h are set. EDGEL_EFORMAT: what does not sum to w * h or is no
 * run length; EDGEL_ENOMEM. *room: spans that s has memory for. */
EDGEL_NODISCARD enum edgel_status edgel_rle_counts(const int64_t *counts, size_t n, uint32_t object,
                                                   struct edgel_object_set *s, size_t *room,
                                                   struct edgel_error *err);
EDGEL_NODISCARD enum edgel_status edgel_rle_string(const char *text, uint32_t object,
                                                   struct edgel_object_set *s, size_t *room,
                                                   struct edgel_error *err);

/* --- measure_objects.c --- */
/* Matches the objects of two sources, which are checked, into the list; the row gets their size. prediction NULL:
 * missing. */
EDGEL_NODISCARD enum edgel_status
edgel_objects_match_sources(const struct edgel_measure *params, bool by_class,
                            const struct edgel_object_source *prediction,
                            const struct edgel_object_source *truth, const struct edgel_mask *valid,
                            struct edgel_row *row, struct edgel_object_list *list, struct edgel_error *err);

#endif
