/*
 * Histograms of oriented gradients: derivatives row by row, votes into the cells of the whole image, then blocks of
 * cells normalised. Memory: some rows, and the cells. Sums are in double, in the order of the pixels.
 */
#include "core/core_priv.h"
#include "edgel/ml_features.h"
#include "filter/filter_priv.h"
#include "ml/ml_dsp.h"
#include <math.h>
#include <string.h>

void edgel_hog_params_init(struct edgel_hog_params *params)
{
    *params = (struct edgel_hog_params){
        .cell = 8, .block = 2, .step = 1, .bins = 9, .norm = EDGEL_HOG_L2_HYS, .rules = EDGEL_HOG_TRILINEAR
    };
}

enum edgel_status edgel_hog_shape_of(const struct edgel_hog_params *p, int w, int h,
                                     struct edgel_hog_shape *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(p);
    EDGEL_REQUIRE(out);
    *out = (struct edgel_hog_shape){ 0 };
    const struct {
        const char *what;
        int value, low, high;
    } ranges[] = { { "cell", p->cell, 2, 256 },
                   { "block", p->block, 1, 16 },
                   { "step", p->step, 1, p->block },
                   { "bins", p->bins, 2, 36 },
                   { "norm", (int)p->norm, EDGEL_HOG_L1, EDGEL_HOG_L2_HYS },
                   { "rules", (int)p->rules, EDGEL_HOG_TRILINEAR, EDGEL_HOG_NEAREST } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (ranges[i].value < ranges[i].low || ranges[i].value > ranges[i].high)
            return edgel_fail(err, EDGEL_EINVAL, "HOG: %s %d: must be %d..%d", ranges[i].what,
                              ranges[i].value, ranges[i].low, ranges[i].high);
    const int cells_x = w / p->cell, cells_y = h / p->cell;
    if (w < 1 || h < 1 || cells_x < p->block || cells_y < p->block)
        return edgel_fail(err, EDGEL_EINVAL, "HOG of %dx%d pixels: must have a block of %dx%d pixels", w, h,
                          p->cell * p->block, p->cell * p->block);
    out->cells_x = cells_x;
    out->cells_y = cells_y;
    out->blocks_x = (cells_x - p->block) / p->step + 1;
    out->blocks_y = (cells_y - p->block) / p->step + 1;
    out->values = (size_t)out->blocks_x * (size_t)out->blocks_y * (size_t)(p->block * p->block * p->bins);
    return EDGEL_OK;
}

struct votes {
    const struct edgel_hog_params *p;
    struct edgel_hog_shape shape;
    struct edgel_view image;
    struct ml_dsp dsp;
    double *cells;         /* [cells_y][cells_x][bins] */
    double *memory;        /* of the rows */
    double *rows[3];       /* [w * channels]: above, at and below the pixel */
    double *gx, *gy;       /* [w]: of the strongest channel */
    double *length, *turn; /* [w] */
};

/* Row y in double, or the nearest row that there is. */
static void load(const struct votes *v, int y, double *to)
{
    y = y < 0 ? 0 : y >= v->image.h ? v->image.h - 1 : y;
    const char *row = (const char *)v->image.data + y * v->image.stride;
    const int n = v->image.w * v->image.channels;
    for (int i = 0; i < n; i++)
        to[i] = v->image.type == EDGEL_U8    ? ((const uint8_t *)row)[i]
                : v->image.type == EDGEL_U16 ? ((const uint16_t *)row)[i]
                                             : ((const float *)row)[i];
    for (int i = 0; v->p->root && i < n; i++)
        to[i] = sqrt(to[i]);
}

/* gx and gy of row y, of the channel whose gradient is the longest. */
static void derive(struct votes *v, int y)
{
    const int w = v->image.w, channels = v->image.channels;
    const double *above = v->rows[0], *at = v->rows[1], *below = v->rows[2];
    const bool nearest = v->p->rules == EDGEL_HOG_NEAREST,
               flat_y = nearest && (y == 0 || y == v->image.h - 1);
    for (int x = 0; x < w; x++) {
        const int left = (x > 0 ? x - 1 : 0) * channels, right = (x < w - 1 ? x + 1 : x) * channels;
        const bool flat_x = nearest && (x == 0 || x == w - 1);
        double longest = -1;
        for (int c = 0; c < channels; c++) {
            const double gx = flat_x ? 0 : at[right + c] - at[left + c];
            const double gy = flat_y ? 0 : below[x * channels + c] - above[x * channels + c];
            const double square = gx * gx + gy * gy;
            if (square > longest) {
                longest = square;
                v->gx[x] = gx;
                v->gy[x] = gy;
            }
        }
    }
}

/* The two places that a vote at `at` is shared by, places being at whole numbers, and the part of the second. */
static double share(double at, int *first)
{
    const double floor_at = floor(at);
    *first = (int)floor_at;
    return at - floor_at;
}

static void vote_row(struct votes *v, int y)
{
    const struct edgel_hog_params *p = v->p;
    const int bins = p->bins, cells_x = v->shape.cells_x, cells_y = v->shape.cells_y;
    const double scale = p->signed_bins ? bins / 2.0 : bins;
    if (p->rules == EDGEL_HOG_NEAREST) {
        for (int x = 0; x < cells_x * p->cell && y < cells_y * p->cell; x++) {
            const int bin = (int)(v->turn[x] * scale);
            v->cells[((y / p->cell) * cells_x + x / p->cell) * bins + (bin < bins ? bin : 0)] += v->length[x];
        }
        return;
    }
    int cy, cx, bin;
    const double down = share((y + 0.5) / p->cell - 0.5, &cy), over_cell = 1.0 / p->cell;
    for (int x = 0; x < v->image.w; x++) {
        if (v->length[x] == 0)
            continue;
        const double right = share((x + 0.5) * over_cell - 0.5, &cx);
        const double further = share(v->turn[x] * scale - 0.5, &bin);
        const int low = bin < 0 ? bins - 1 : bin, high = bin + 1 < bins ? bin + 1 : 0;
        for (int dy = 0; dy < 2; dy++)
            for (int dx = 0; dx < 2; dx++) {
                if (cy + dy < 0 || cy + dy >= cells_y || cx + dx < 0 || cx + dx >= cells_x)
                    continue;
                double *cell = v->cells + ((cy + dy) * cells_x + cx + dx) * bins;
                const double vote = v->length[x] * (dy ? down : 1 - down) * (dx ? right : 1 - right);
                cell[low] += vote * (1 - further);
                cell[high] += vote * further;
            }
    }
}

static void vote(struct votes *v)
{
    load(v, -1, v->rows[1]);
    load(v, 0, v->rows[2]);
    for (int y = 0; y < v->image.h; y++) {
        double *spare = v->rows[0];
        v->rows[0] = v->rows[1];
        v->rows[1] = v->rows[2];
        v->rows[2] = spare;
        load(v, y + 1, spare);
        derive(v, y);
        v->dsp.polar(v->length, v->turn, v->gx, v->gy, (size_t)v->image.w, v->p->signed_bins);
        vote_row(v, y);
    }
    const size_t n = (size_t)v->shape.cells_x * (size_t)v->shape.cells_y * (size_t)v->p->bins;
    for (size_t i = 0; v->p->rules == EDGEL_HOG_NEAREST && i < n; i++)
        v->cells[i] /= (double)v->p->cell * v->p->cell;
}

static void finish(struct votes *v)
{
    edgel_free(v->cells);
    edgel_free(v->memory);
    edgel_free(v->length);
}

/* Makes the cells of an image. finish() frees them. */
static enum edgel_status count_votes(struct votes *v, struct edgel_view image,
                                     const struct edgel_hog_params *params, struct edgel_error *err)
{
    *v = (struct votes){ .p = params, .image = image };
    EDGEL_TRY(edgel_layout_check("HOG", image, 3, err));
    if (image.type != EDGEL_U8 && image.type != EDGEL_U16 && image.type != EDGEL_F32)
        return edgel_fail(err, EDGEL_EINVAL, "HOG: samples of type %d: must be U8, U16 or F32",
                          (int)image.type);
    if (image.channels == 2)
        return edgel_fail(err, EDGEL_EINVAL, "HOG: 2 channels: must be 1 or 3");
    EDGEL_TRY(edgel_hog_shape_of(params, image.w, image.h, &v->shape, err));
    const size_t w = (size_t)image.w, row = w * (size_t)image.channels;
    v->cells = edgel_calloc((size_t)v->shape.cells_x * (size_t)v->shape.cells_y,
                            (size_t)params->bins * sizeof(double));
    v->memory = edgel_alloc(3 * row + 2 * w, sizeof *v->memory);
    v->length = edgel_alloc(2 * w, sizeof(double));
    if (!v->cells || !v->memory || !v->length) {
        finish(v);
        return edgel_no_memory(err, "HOG");
    }
    for (int i = 0; i < 3; i++)
        v->rows[i] = v->memory + (size_t)i * row;
    v->gx = v->memory + 3 * row;
    v->gy = v->gx + w;
    v->turn = v->length + w;
    ml_dsp_init(&v->dsp, edgel_cpu_flags());
    vote(v);
    return EDGEL_OK;
}

static void normalise(const double *block, size_t n, enum edgel_hog_norm norm, float *to)
{
    const double e = 1e-5;
    double sum = 0;
    if (norm == EDGEL_HOG_L1 || norm == EDGEL_HOG_L1_SQRT) {
        for (size_t i = 0; i < n; i++)
            sum += block[i]; /* votes are not below 0 */
        for (size_t i = 0; i < n; i++)
            to[i] = (float)(norm == EDGEL_HOG_L1 ? block[i] / (sum + e) : sqrt(block[i] / (sum + e)));
        return;
    }
    for (size_t i = 0; i < n; i++)
        sum += block[i] * block[i];
    const double scale = 1 / sqrt(sum + e * e);
    double again = 0;
    for (size_t i = 0; norm == EDGEL_HOG_L2_HYS && i < n; i++) {
        const double cut = block[i] * scale < 0.2 ? block[i] * scale : 0.2;
        again += cut * cut;
    }
    const double last = 1 / sqrt(again + e * e);
    for (size_t i = 0; i < n; i++) {
        const double v = block[i] * scale;
        to[i] = (float)(norm == EDGEL_HOG_L2 ? v : (v < 0.2 ? v : 0.2) * last);
    }
}

enum edgel_status edgel_hog(struct edgel_view image, const struct edgel_hog_params *params, float *values,
                            size_t n, struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(values);
    struct votes v;
    EDGEL_TRY(count_votes(&v, image, params, err));
    const size_t row = (size_t)(params->block * params->bins), size = row * (size_t)params->block;
    double *block = edgel_alloc(size, sizeof *block);
    enum edgel_status s = EDGEL_OK;
    if (n != v.shape.values)
        s = edgel_fail(err, EDGEL_EINVAL, "HOG: room for %zu values: the descriptor has %zu", n,
                       v.shape.values);
    else if (!block)
        s = edgel_no_memory(err, "HOG");
    for (int by = 0; s == EDGEL_OK && by < v.shape.blocks_y; by++)
        for (int bx = 0; bx < v.shape.blocks_x; bx++, values += size) {
            for (int cy = 0; cy < params->block; cy++)
                memcpy(block + (size_t)cy * row,
                       v.cells + (size_t)((by * params->step + cy) * v.shape.cells_x + bx * params->step) *
                                     (size_t)params->bins,
                       row * sizeof *block);
            normalise(block, size, params->norm, values);
        }
    edgel_free(block);
    finish(&v);
    return s;
}

/* A stroke through the middle of a cell; the gradient of the bin points across it. */
static void draw_stroke(struct edgel_image *out, const struct edgel_hog_params *p, int cell_x, int cell_y,
                        int bin, uint8_t value)
{
    const double half_turn = 3.141592653589793, radius = p->cell / 2.0 - 0.5;
    const double angle = half_turn * (bin + 0.5) * (p->signed_bins ? 2.0 : 1.0) / p->bins;
    const double along_x = -edgel_sin(angle), along_y = edgel_cos(angle), middle = (p->cell - 1) / 2.0;
    for (double t = -radius; t <= radius; t += 0.5) {
        const int x = cell_x * p->cell + (int)floor(middle + t * along_x + 0.5);
        const int y = cell_y * p->cell + (int)floor(middle + t * along_y + 0.5);
        uint8_t *at = (uint8_t *)out->data + y * out->stride + x;
        *at = *at > value ? *at : value;
    }
}

enum edgel_status edgel_hog_picture(struct edgel_view image, const struct edgel_hog_params *params,
                                    struct edgel_image *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct votes v = { 0 };
    enum edgel_status s = EDGEL_EINVAL;
    if (!params)
        (void)edgel_fail(err, s, "%s: params must not be NULL", __func__);
    else
        s = count_votes(&v, image, params, err);
    if (s == EDGEL_OK) {
        s = edgel_image_init(out, image.w, image.h, 1, EDGEL_U8, err);
        if (s != EDGEL_OK)
            finish(&v);
    }
    if (s != EDGEL_OK) {
        edgel_image_finish(out);
        return s;
    }
    double top = 0;
    const size_t n = (size_t)v.shape.cells_x * (size_t)v.shape.cells_y * (size_t)params->bins;
    for (int y = 0; y < image.h; y++)
        memset((char *)out->data + y * out->stride, 0, (size_t)image.w);
    for (size_t i = 0; i < n; i++)
        top = v.cells[i] > top ? v.cells[i] : top;
    for (size_t i = 0; top > 0 && i < n; i++) {
        const int cell = (int)(i / (size_t)params->bins), bin = (int)(i % (size_t)params->bins);
        draw_stroke(out, params, cell % v.shape.cells_x, cell / v.shape.cells_x, bin,
                    (uint8_t)(255 * v.cells[i] / top + 0.5));
    }
    finish(&v);
    return EDGEL_OK;
}
