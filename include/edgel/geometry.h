/* edgel/geometry.h: objects of label maps, their tables and pictures.
 *
 * Rules of every call: views must have pixels, else EDGEL_EINVAL; out images are zeroed or earlier images, whose memory
 * is used again, they are empty after a failure, and the caller finishes them; err may be NULL. Every result is exact
 * and the same everywhere. */
#ifndef EDGEL_GEOMETRY_H
#define EDGEL_GEOMETRY_H

#include "edgel/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- objects of a label map --- */

/*
 * Connected components: pixels of one label that are joined by sides or corners, numbered 1, 2, ... by their first
 * pixel in reading order.
 *
 * labels      U8 or U16, 1 channel, at most 2^31 - 1 pixels
 * background  pixels of this label belong to no component; -1: all labels count
 * numbers     out; I32, 1 channel, size of labels: the number of each pixel's component, 0 for background
 * count       how many there are; NULL: not wanted
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM.
 * Source: union-find with path halving.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_components_number(struct edgel_view labels, int background,
                                                                    struct edgel_image *numbers,
                                                                    int64_t *count, struct edgel_error *err);

/* One component. */
struct edgel_component {
    int64_t number; /* 1, 2, ... */
    int label;
    int64_t area;   /* pixels */
    int x, y, w, h; /* the box around it */
    double cx, cy;  /* centroid: mean of its pixels' coordinates, which are whole numbers in their centres */
};

/*
 * Describes each component, in the order of the numbers.
 *
 * labels, numbers, count  as edgel_components_number() took and made them
 * each                    gets user and one component, valid during the call; a status other than EDGEL_OK ends the
 *                         list and is what it returns
 * Returns EDGEL_OK; EDGEL_EINVAL: sizes or types differ, or a number is above count or negative; EDGEL_ENOMEM; what
 * each returned. numbers 1..count without pixels are left out.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_components_list(
    struct edgel_view labels, struct edgel_view numbers, int64_t count,
    enum edgel_status (*each)(void *user, const struct edgel_component *component, struct edgel_error *err),
    void *user, struct edgel_error *err);

/*
 * The components as a 16-bit map.
 *
 * numbers  I32, 1 channel
 * out      U16, 1 channel: the same numbers
 * Returns EDGEL_OK; EDGEL_EINVAL: a negative number, another type; EDGEL_ELIMIT: a number above 65535; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_components_map(struct edgel_view numbers, struct edgel_image *out, struct edgel_error *err);

/* Where a table goes: name returns the name of a label's class (NULL: names are empty), write takes the next bytes of
 * the table; a failure of it ends the table. */
struct edgel_component_table {
    const char *(*name)(void *user, int label);
    enum edgel_status (*write)(void *user, const void *bytes, size_t n, struct edgel_error *err);
    void *user;
};
/*
 * The components as a table, CSV as RFC 4180 has it but for lines that end in LF:
 *
 *     id,class,name,area,x,y,w,h,cx,cy
 *
 * with centroids to hundredths, halves up.
 *
 * labels, numbers, count  as of edgel_components_list()
 * Returns as edgel_components_list(), or what table->write returned.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_components_table(struct edgel_view labels,
                                                                   struct edgel_view numbers, int64_t count,
                                                                   const struct edgel_component_table *table,
                                                                   struct edgel_error *err);

/* --- pictures --- */

/*
 * The image with classes in colour over it. Where the label is 0 a pixel stays as it is; elsewhere it is
 * (v + c + 1) / 2, rounded down, c the colour of label mod 256.
 *
 * image    U8, U16 or F32; 1 channel or 3 and more, of which the first three count. v: U16 divided by 256 rounded down;
 *          F32 times 255, halves up, saturated
 * labels   U8 or U16, 1 channel, size of image
 * palette  256 colours (edgel_palette_voc())
 * out      U8, 3 channels
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_overlay_labels(struct edgel_view image, struct edgel_view labels, const struct edgel_palette *palette,
                     struct edgel_image *out, struct edgel_error *err);

/*
 * The image at half strength with a prediction judged in colour: green where it is the truth and not class 0; blue
 * where it is 0 and the truth is not; red where it is another class than the truth. Gray stays where both are 0 and
 * where the truth is `ignore`. Channels are 127 v, rounded down, v in 0..1; 128 is added to that of the colour.
 *
 * image              U8, U16 or F32; 1 channel or 3 and more, of which the first three count; F32 is clamped to 0..1
 * truth, prediction  U8 or U16, 1 channel, size of image
 * ignore             value of truth that does not count; -1: none
 * out                U8, 3 channels
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_overlay_judged(struct edgel_view image, struct edgel_view truth, struct edgel_view prediction,
                     int ignore, struct edgel_image *out, struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
