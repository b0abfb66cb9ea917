/* detect_priv.h: the row of a method, and what rows are made of. */
#ifndef EDGEL_DETECT_PRIV_H
#define EDGEL_DETECT_PRIV_H

#include "edgel/detect.h"
#include "filter/filter_priv.h"
#include <math.h>

/* --- the table: one row a method, listed in method_table.c --- */

/* A stream that works on bands of rows, as a method's own steps see it. */
struct edgel_band_run {
    struct edgel_method method;
    struct edgel_view in, out; /* shapes of the whole images */
    struct edgel_row_sink sink;
    struct edgel_scratch *scratch;
    struct edgel_image result; /* rows on their way to the sink */
    struct edgel_arena kept;   /* what lives from band to band */
    void *state;               /* the steps' own, in kept */
    struct edgel_edge_map map; /* to be filled in by the steps, of edges */
};
struct edgel_band_steps {
    enum edgel_status (*begin)(struct edgel_band_run *run, struct edgel_error *err);
    /* Rows from..to-1 of the band are rows at, at + 1, ... of the image; the others are what surrounds them. */
    enum edgel_status (*band)(struct edgel_band_run *run, struct edgel_view band, int from, int to, int at,
                              struct edgel_error *err);
    enum edgel_status (*end)(struct edgel_band_run *run, struct edgel_error *err); /* after the last band */
};

/* All that a method is. No part may be NULL but those that say so; edgel_method_row_fault() holds that. */
struct edgel_method_row {
    struct edgel_method_info info; /* first: a public row is the beginning of this one */
    /* Whether the values go together. Each lies in the range of its parameter already. */
    enum edgel_status (*check)(const struct edgel_method *m, struct edgel_error *err);
    enum edgel_result (*result)(const struct edgel_method *m);
    bool (*uses)(const struct edgel_method *m, const char *key); /* of its own keys */
    /* Rows above and below a row that it looks at once the image is smoothed. */
    int (*context)(const struct edgel_method *m);
    bool (*streams)(const struct edgel_method *m);
    /* NULL result: each band is run by itself. */
    const struct edgel_band_steps *(*steps)(const struct edgel_method *m);
    struct edgel_method_scale (*scale)(const struct edgel_method *m, enum edgel_type type);
    /* The result of in, which has been checked, into out, which has the shape of the result. map, zeroed: to be filled
     * in, of edges. */
    enum edgel_status (*run)(struct edgel_scratch *scratch, struct edgel_view in,
                             const struct edgel_method *m, const struct edgel_image *out,
                             struct edgel_edge_map *map, struct edgel_error *err);
};
static inline const struct edgel_method_row *edgel_method_row_of(const struct edgel_method *m)
{
    return (const struct edgel_method_row *)m->info;
}

/* NULL, or what is wrong with a row: a part or a parameter's text that is missing, a default that is none. The tests
 * hold all rows to it. */
const char *edgel_method_row_fault(const struct edgel_method_row *row);

/* Parts that many rows share: any values go together; every key has a meaning; the method goes row by row, each band by
 * itself; it has no scale; its result is a response. */
enum edgel_status edgel_row_check_nothing(const struct edgel_method *m, struct edgel_error *err);
bool edgel_row_uses_all(const struct edgel_method *m, const char *key);
bool edgel_row_streams(const struct edgel_method *m);
const struct edgel_band_steps *edgel_row_bands_apart(const struct edgel_method *m);
struct edgel_method_scale edgel_row_no_scale(const struct edgel_method *m, enum edgel_type type);
enum edgel_result edgel_row_response(const struct edgel_method *m);

/* --- param.c --- */

/* Rows of parameters; those of one key are written once. */
extern const char *const edgel_choices_gray[],
    *const edgel_choices_depth[], *const edgel_choices_norm[], *const edgel_choices_aperture[];
#define EDGEL_PARAM_SIGMA(value)                                                                            \
    {                                                                                                       \
        .key = "sigma", .kind = EDGEL_PARAM_REAL, .min = 0, .max = 1000, .def = value, .metavar = "S",      \
        .help = "Gaussian smoothing before the operator, in pixels; 0: none, or with ksize the sigma that " \
                "OpenCV takes for that size."                                                               \
    }
#define EDGEL_PARAM_KSIZE                                                                           \
    {                                                                                               \
        .key = "ksize", .kind = EDGEL_PARAM_INT, .min = 0, .max = 8191, .def = "0", .metavar = "N", \
        .help = "Taps of the Gaussian, an odd number; 0: from sigma."                               \
    }
#define EDGEL_PARAM_APERTURE                                                                          \
    {                                                                                                 \
        .key = "aperture", .kind = EDGEL_PARAM_CHOICE, .choices = edgel_choices_aperture, .def = "3", \
        .help = "Size of the Sobel operator."                                                         \
    }
#define EDGEL_PARAM_NORM                                                                       \
    {                                                                                          \
        .key = "norm", .kind = EDGEL_PARAM_CHOICE, .choices = edgel_choices_norm, .def = "l1", \
        .help = "Gradient magnitude: |gx| + |gy|, or the square root of gx^2 + gy^2."          \
    }
#define EDGEL_PARAM_DEPTH                                                                       \
    {                                                                                           \
        .key = "depth", .kind = EDGEL_PARAM_CHOICE, .choices = edgel_choices_depth,             \
        .unset = "1 for edge maps, 16 for strength, else the input's",                          \
        .help = "Bits per sample of the result; values saturate. 32: float, 1.0 is full range." \
    }
#define EDGEL_PARAM_GRAY(value)                                                                            \
    {                                                                                                      \
        .key = "gray", .kind = EDGEL_PARAM_CHOICE, .choices = edgel_choices_gray, .def = value,            \
        .help =                                                                                            \
            "Convert colour images to gray first, or take the strongest channel of each pixel (gaussian: " \
            "keep the channels)."                                                                          \
    }

/* The value of a parameter by its key; of a method without it 0, and -1 for a choice. */
double edgel_param_real(const struct edgel_method *m, const char *key);
int edgel_param_int(const struct edgel_method *m, const char *key);
int edgel_param_choice(const struct edgel_method *m, const char *key);
int edgel_param_number(const struct edgel_method *m,
                       const char *key); /* that a choice's text is; 0: not set */
struct edgel_threshold edgel_param_threshold(const struct edgel_method *m, const char *key);
/* sigma and ksize; whether they smooth at all. */
struct edgel_smoothing edgel_param_smoothing(const struct edgel_method *m);
static inline bool edgel_smooths(struct edgel_smoothing s)
{
    return s.sigma != 0 || s.ksize != 0;
}
int edgel_param_index(const struct edgel_method_info *info, const char *key); /* -1: none */
enum edgel_status edgel_params_check(const struct edgel_method *m, struct edgel_error *err);
void edgel_params_reset(struct edgel_method *m); /* to the defaults */

/* --- method_table.c --- */
/* Row i of the table; NULL after the last. */
const struct edgel_method_row *edgel_method_row_at(int i);

/* --- method.c --- */
/* Rows above and below a row that the method looks at. */
int edgel_method_context(const struct edgel_method *m, enum edgel_type type);
/* The result of a method for an input of this shape, without data. EDGEL_EINVAL if it does not take it. */
enum edgel_status edgel_method_shape(const struct edgel_method *m, struct edgel_view in,
                                     struct edgel_view *out, struct edgel_error *err);

/* edgel_method_run(), and what an edge map holds; of other results map is zeroed. */
enum edgel_status edgel_method_run_map(struct edgel_scratch *scratch, struct edgel_view in,
                                       const struct edgel_method *m, struct edgel_image *out, int *bits,
                                       struct edgel_edge_map *map, struct edgel_error *err);

/* What rows run with. */

/* The smoothed image in the arena where the method smooths; else *smooth is in itself. */
enum edgel_status edgel_method_smooth(struct edgel_scratch *scratch, struct edgel_view in,
                                      const struct edgel_method *m, struct edgel_view *smooth,
                                      struct edgel_error *err);
/* Rows of a method, smoothed already, into those of its result. */
struct edgel_method_job {
    struct edgel_view in;
    const struct edgel_method *method;
    const struct edgel_image *out;
};
/* Shares the rows among threads; around: rows of its neighbours that a part looks at. */
enum edgel_status edgel_method_share(struct edgel_scratch *scratch, struct edgel_method_job *job, int around,
                                     edgel_share_work *work, struct edgel_error *err);

/* v, where `white` stands for the full range, as sample i of a row: integers round halves to even and saturate (a
 * value that is no number is 0), floats are divided by white. */
static inline void edgel_put_sample(void *row, enum edgel_type type, int i, double v, double white)
{
    if (type == EDGEL_F32) {
        ((float *)row)[i] = (float)(v / white);
        return;
    }
    const double range = edgel_type_range(type), scaled = v * range / white;
    const double kept = scaled >= range ? range : scaled > 0 ? rint(scaled) : 0;
    if (type == EDGEL_U16)
        ((uint16_t *)row)[i] = (uint16_t)kept;
    else
        ((uint8_t *)row)[i] = (uint8_t)kept;
}
static inline double edgel_get_sample(const void *row, enum edgel_type type, int i)
{
    return type == EDGEL_U8    ? ((const uint8_t *)row)[i]
           : type == EDGEL_U16 ? ((const uint16_t *)row)[i]
                               : (double)((const float *)row)[i];
}
static inline const void *edgel_in_row(struct edgel_view v, int y)
{
    return (const char *)v.data + y * v.stride;
}
static inline void *edgel_out_row(const struct edgel_image *img, int y)
{
    return (char *)img->data + y * img->stride;
}

/* --- stream.c --- */
/* What the edge map holds, once all rows are done; zeroed for other results. */
struct edgel_edge_map edgel_stream_map(const struct edgel_stream *stream);
/* edgel_stream_create() with a number of rows that are worked on at once, not counting those around them (0: as many as
 * suit). */
enum edgel_status edgel_stream_create_in_bands(struct edgel_view shape, const struct edgel_method *method,
                                               const struct edgel_row_sink *sink, int rows,
                                               struct edgel_stream **stream, struct edgel_error *err);

#endif
