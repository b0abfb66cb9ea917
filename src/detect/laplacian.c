/*
 * The method laplacian: the sum of second derivatives, unnormalised, border replicated.
 *
 *     neighbours 4    0  1  0      neighbours 8    1  1  1
 *                     1 -4  1                      1 -8  1
 *                     0  1  0                      1  1  1
 *
 * With sigma the image is smoothed first: the Laplacian of Gaussian. Integer results are |m|, saturated; float results
 * keep the sign of m. Of several channels the one of the largest |m| counts, the first of equals from the last channel
 * to the first. Integer input: exact in 32 bits. Float input: sums in double, opposite neighbours first, rounded once,
 * so that turned images have turned results. Memory: three rows.
 *
 * Source: D. Marr, E. Hildreth, Theory of Edge Detection (1980).
 */
#include "detect/detect_priv.h"
#include <stdlib.h>

static const char *const neighbour_names[] = { "4", "8", NULL };

static const struct edgel_param params[] = {
    EDGEL_PARAM_SIGMA("0"),
    EDGEL_PARAM_KSIZE,
    { .key = "neighbours",
      .kind = EDGEL_PARAM_CHOICE,
      .choices = neighbour_names,
      .def = "4",
      .help = "Neighbours in the kernel: those at the sides of a pixel, or those at its corners as well." },
    EDGEL_PARAM_DEPTH,
    EDGEL_PARAM_GRAY("luma"),
};

enum { ROWS = 3 };

/* Rows of int32_t, or of double for float input, with one pixel repeated on either side. */
struct rows {
    struct edgel_view in;
    int n, step, loaded; /* samples of a row, channels, the next row to come into the ring */
    bool real;
    void *ring[ROWS], *m; /* at their first pixel; the responses of a row */
};

static enum edgel_status rows_init(struct rows *r, const struct edgel_part *part, struct edgel_view in,
                                   struct edgel_error *err)
{
    const int step = in.channels;
    const size_t samples = ((size_t)in.w + 2) * (size_t)step;
    *r = (struct rows){ .in = in,
                        .n = in.w * step,
                        .step = step,
                        .loaded = part->from > 0 ? part->from - 1 : 0,
                        .real = in.type == EDGEL_F32 };
    const size_t size = r->real ? sizeof(double) : sizeof(int32_t);
    char *block = edgel_arena_alloc(part->arena, (ROWS + 1) * samples, size);
    if (!block)
        return edgel_fail(err, EDGEL_ENOMEM, "laplacian: image %dx%d: out of memory", in.w, in.h);
    for (size_t i = 0; i < ROWS; i++)
        r->ring[i] = block + (i * samples + (size_t)step) * size;
    r->m = block + ROWS * samples * size;
    return EDGEL_OK;
}

static void load(struct rows *r, int y)
{
    const void *src = edgel_in_row(r->in, y);
    const int n = r->n, c = r->step;
    if (r->real) {
        double *dst = r->ring[y % ROWS];
        for (int i = 0; i < n; i++)
            dst[i] = (double)((const float *)src)[i];
        for (int i = 0; i < c; i++) {
            dst[i - c] = dst[i];
            dst[n + i] = dst[n - c + i];
        }
        return;
    }
    int32_t *dst = r->ring[y % ROWS];
    for (int i = 0; i < n; i++)
        dst[i] = r->in.type == EDGEL_U8 ? ((const uint8_t *)src)[i] : ((const uint16_t *)src)[i];
    for (int i = 0; i < c; i++) {
        dst[i - c] = dst[i];
        dst[n + i] = dst[n - c + i];
    }
}

/* The responses of a row; a is the row above, b the row, c the row below. */
#define RESPOND(name, type)                                                            \
    static void name(type *restrict m, const type *restrict a, const type *restrict b, \
                     const type *restrict c, int n, int step, bool corners)            \
    {                                                                                  \
        for (int i = 0; i < n; i++)                                                    \
            m[i] = (b[i - step] + b[i + step]) + (a[i] + c[i]);                        \
        for (int i = 0; corners && i < n; i++)                                         \
            m[i] += (a[i - step] + c[i + step]) + (a[i + step] + c[i - step]);         \
        for (int i = 0; i < n; i++)                                                    \
            m[i] -= (corners ? 8 : 4) * b[i];                                          \
    }
RESPOND(respond_whole, int32_t)
RESPOND(respond_real, double)

static void respond(struct rows *r, int y, bool corners)
{
    const int h = r->in.h;
    for (; r->loaded < h && r->loaded <= y + 1; r->loaded++)
        load(r, r->loaded);
    const void *a = r->ring[(y > 0 ? y - 1 : 0) % ROWS], *b = r->ring[y % ROWS];
    const void *c = r->ring[(y + 1 < h ? y + 1 : h - 1) % ROWS];
    if (r->real)
        respond_real(r->m, a, b, c, r->n, r->step, corners);
    else
        respond_whole(r->m, a, b, c, r->n, r->step, corners);
}

/* The response of pixel x: of several channels the strongest. */
static double strongest(const struct rows *r, int x)
{
    double best = 0;
    for (int i = (x + 1) * r->step - 1; i >= x * r->step; i--) {
        const double m = r->real ? ((const double *)r->m)[i] : ((const int32_t *)r->m)[i];
        if (i == (x + 1) * r->step - 1 || fabs(m) > fabs(best))
            best = m;
    }
    return best;
}

static enum edgel_status laplacian_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct edgel_method_job *j = user;
    const enum edgel_type type = j->out->type;
    const bool corners = edgel_param_choice(j->method, "neighbours") == 1;
    struct rows r;
    EDGEL_TRY(rows_init(&r, part, j->in, err));
    for (int y = part->from; y < part->to; y++) {
        void *to = edgel_out_row(j->out, y);
        respond(&r, y, corners);
        if (type == EDGEL_U8 && j->in.type == EDGEL_U8 && r.step == 1)
            for (int x = 0; x < r.n; x++) {
                const int32_t m = abs(((const int32_t *)r.m)[x]);
                ((uint8_t *)to)[x] = (uint8_t)(m < 255 ? m : 255);
            }
        else
            for (int x = 0; x < j->in.w; x++) {
                const double m = strongest(&r, x);
                edgel_put_sample(to, type, x, type == EDGEL_F32 ? m : fabs(m), edgel_type_range(j->in.type));
            }
    }
    return EDGEL_OK;
}

static int context(const struct edgel_method *m)
{
    (void)m;
    return 1;
}

static enum edgel_status run(struct edgel_scratch *scratch, struct edgel_view in,
                             const struct edgel_method *m, const struct edgel_image *out,
                             struct edgel_edge_map *map, struct edgel_error *err)
{
    (void)map;
    struct edgel_method_job job = { in, m, out };
    EDGEL_TRY(edgel_method_smooth(scratch, in, m, &job.in, err));
    return edgel_method_share(scratch, &job, 2, laplacian_rows, err);
}

extern const struct edgel_method_row edgel_laplacian_row;
const struct edgel_method_row edgel_laplacian_row = {
    .info = { .name = "laplacian",
              .summary =
                  "the absolute response, or in float samples the response with its sign; with sigma it is the "
                  "Laplacian of Gaussian",
              .params = params,
              .nparams = sizeof params / sizeof *params,
              .results = EDGEL_RESULT_RESPONSE,
              .shares = true },
    .check = edgel_row_check_nothing,
    .result = edgel_row_response,
    .uses = edgel_row_uses_all,
    .context = context,
    .streams = edgel_row_streams,
    .steps = edgel_row_bands_apart,
    .scale = edgel_row_no_scale,
    .run = run,
};
