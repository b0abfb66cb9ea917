/* edgel/eval_objects.h: objects of COCO documents, and how much boxes agree. */
#ifndef EDGEL_EVAL_OBJECTS_H
#define EDGEL_EVAL_OBJECTS_H

#include "edgel/eval_measure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- objects of COCO documents --- */

/*
 * A document in one of the JSON forms of the COCO data set:
 *   instances  {"images":[{id, file_name, width, height}], "annotations":[{image_id, category_id, id, iscrowd,
 *              segmentation}], "categories":[{id, name}]}; images and categories may be absent
 *   results    [{image_id, category_id, segmentation}]
 *   panoptic   as instances, an annotation being {image_id, file_name, segments_info:[{id, category_id, iscrowd}]}: the
 *              objects are those of the mask file_name, whose values are R + 256 G + 65536 B and the segments' ids
 * segmentation is {"size":[height, width], "counts":[...] or "..."}: run lengths column by column, runs of 0 and 1 by
 * turns, the first of 0; polygons are
 * EDGEL_EUNSUPPORTED when their image is measured. Ids are whole and not negative, categories at most 65535. Keys that
 * are not named here are passed over, scores among them.
 */
struct edgel_coco;
struct edgel_coco_image {
    int64_t id;
    const char *name; /* file_name without its extension; the id in digits when there is none */
    bool named;       /* by file_name */
    const char *mask; /* panoptic: file_name of the annotation; NULL: the annotation is missing */
    int w, h;         /* 0: unknown */
    size_t first, n;  /* its annotations */
};
/* Of a text, which is copied. name: for messages. EDGEL_EFORMAT (annotation, rule); EDGEL_ELIMIT: over 2^31 bytes, an
 * element of more than 2^23; EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_coco_parse(const char *text, size_t n, const char *name,
                                                             struct edgel_coco **out,
                                                             struct edgel_error *err);
/*
 * Of a file, element by element: ids and names stay in memory, and annotations are read once more with their image.
 * limits: max_file_bytes alone, 0: 2^31; NULL: the defaults. As edgel_coco_parse(), and EDGEL_EIO. Measuring then says
 * EDGEL_EFORMAT of a file that was changed in between.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_coco_open(const char *path,
                                                            const struct edgel_limits *limits,
                                                            struct edgel_coco **out, struct edgel_error *err);
/* Frees the document, with all that edgel_coco_at() and what follows gave of it, and sets *coco to NULL. NULL is
 * fine. */
EDGEL_API void edgel_coco_destroy(struct edgel_coco **coco);
/* The images, rising id: those listed and those of the annotations. */
EDGEL_API size_t edgel_coco_count(const struct edgel_coco *coco);
EDGEL_API const struct edgel_coco_image *edgel_coco_at(const struct edgel_coco *coco, size_t i);
EDGEL_API bool edgel_coco_panoptic(const struct edgel_coco *coco);
EDGEL_API const struct edgel_classes *edgel_coco_categories(const struct edgel_coco *coco); /* NULL: none */

/* One side of pairs: a document, or masks in files. */
struct edgel_coco_side {
    const struct edgel_coco *document;      /* NULL: masks */
    const char *path;                       /* of the document, or of the folder of the masks */
    const char *const *keys, *const *paths; /* [n] of the masks: relative path without extension, the file */
    size_t n;
};
/* No document, no path, no masks. */
EDGEL_API void edgel_coco_side_init(struct edgel_coco_side *side);
/* An image of either side or of both. */
struct edgel_coco_pair {
    const char *key;
    /* The mask's file, or (not panoptic) what messages call the image of a document; NULL: missing. */
    const char *truth, *prediction;
    size_t truth_image, image; /* in the documents of truth and prediction; SIZE_MAX none */
};
struct edgel_coco_pairs;
/*
 * Pairs the images of two sides, of which one at least is a document, in byte order of the keys.
 *
 * Two documents are paired by the ids of their images, a document and masks by name: file_name without extension, or
 * the image's id in digits, before which a mask may have zeros. The masks of a panoptic document FOLDER/NAME.json are
 * FOLDER/NAME/file_name; images for which it names none are no part of it. An image that a list of results does not
 * name has a prediction without objects.
 *
 * Documents must outlive the pairs; the strings are theirs. The caller destroys *out, which is NULL after a failure.
 * Returns EDGEL_OK or EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_coco_pairs_make(const struct edgel_coco_side *truth,
                                                                  const struct edgel_coco_side *prediction,
                                                                  struct edgel_coco_pairs **out,
                                                                  struct edgel_error *err);
/* Frees the pairs and sets *pairs to NULL; NULL is fine. */
EDGEL_API void edgel_coco_pairs_destroy(struct edgel_coco_pairs **pairs);
/* How many pairs there are. */
EDGEL_API size_t edgel_coco_pairs_count(const struct edgel_coco_pairs *pairs);
/* The i-th, i below their number. */
EDGEL_API const struct edgel_coco_pair *edgel_coco_pairs_at(const struct edgel_coco_pairs *pairs, size_t i);

/* The objects of one side: of an image of a document, of a mask, or (panoptic) of both. */
struct edgel_object_source {
    const struct edgel_coco *document; /* NULL: the values of the mask */
    size_t image;                      /* index in the document; SIZE_MAX: it tells of no object there */
    const struct edgel_mask *mask;     /* NULL: run lengths */
};
/* Neither document nor mask, image SIZE_MAX. */
EDGEL_API void edgel_object_source_init(struct edgel_object_source *source);
/*
 * Measures one image as edgel_measure_image() does for params->objects IDS, from any two sources. Value 0 of a panoptic
 * truth is void.
 *
 * by_class    objects have the categories of their documents, and both sides must have one; else all are of class 1
 * prediction  NULL: missing, nothing is predicted
 * valid       NULL: all pixels; else non-zero pixels are judged, for a truth without a document
 * Returns EDGEL_OK; EDGEL_EFORMAT: sizes differ, run lengths that do not sum to the pixels, a segment that the document
 * or the mask does not have; EDGEL_EUNSUPPORTED: polygons; EDGEL_EINVAL: params, valid or ignored values with a
 * document; EDGEL_ELIMIT: more than 2^31 pixels, or objects of one class that overlap in more than 2^20 pairs,
 * objects that overlap more than 2^27 times, more than 2^21 runs on one side; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_measure_objects(const struct edgel_measure *params, bool by_class,
                      const struct edgel_object_source *prediction, const struct edgel_object_source *truth,
                      const struct edgel_mask *valid, struct edgel_row *row, struct edgel_error *err);

/* --- boxes --- */

/* The points x0 <= x <= x1, y0 <= y <= y1, of a magnitude below 1e75; pixels x..x+1 of an image have x1 = x + 1. */
struct edgel_box {
    double x0, y0, x1, y1;
};
/* Intersection over union, 0 to 1, and its generalised (-1 to 1), distance (-1 to 1) and complete (-1.5 to 1) forms.
 * I: area of the intersection, U: of the union, C: of the smallest box that holds both, d: distance of the centres, c:
 * diagonal of that box. IoU = I / U; GIoU = IoU - (C - U) / C; DIoU = IoU - d^2 / c^2; CIoU = DIoU - a v with
 * v = (2 / pi (atan(wA / hA) - atan(wB / hB)))^2, a = v / (1 - IoU + v). Equal boxes have 1 in all four.
 * The same bits everywhere. */
EDGEL_API double edgel_box_iou(const struct edgel_box *a, const struct edgel_box *b);
EDGEL_API double edgel_box_giou(const struct edgel_box *a, const struct edgel_box *b);
EDGEL_API double edgel_box_diou(const struct edgel_box *a, const struct edgel_box *b);
EDGEL_API double edgel_box_ciou(const struct edgel_box *a, const struct edgel_box *b);

#ifdef __cplusplus
}
#endif

#endif
