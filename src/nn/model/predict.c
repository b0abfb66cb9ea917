/*
 * Running a model on images of any size. An image whose memory would be over the limit is cut into tiles, which overlap
 * by what their outputs need (field.c): every output is the same bits as in a run on the whole image.
 *
 * All sums are those of the operators. Probabilities: sigmoid of the one logit; or, with x_k - max x, e_k = exp of it,
 * and s = e_0 + e_1 + ... in this order, e_k / s.
 */
#include "nn/nn_priv.h"
#include <float.h>
#include <string.h>

enum { PLANS = 2, CHUNK = 256 };

struct kept_plan {
    struct nn_plan *plan;
    int h, w;
    uint64_t used;
};

struct edgel_predictor {
    struct edgel_model *model; /* its network and weights are those of inference */
    struct edgel_pool *pool;
    struct edgel_numeric numeric;
    size_t max_bytes;
    struct kept_plan plans[PLANS];
    uint64_t uses;
    float *in, *out; /* planar, of a tile */
    size_t in_floats, out_floats;
    struct nn_shape *shapes; /* [layers] */
    struct nn_jump *jump;    /* [layers] */
    struct nn_reach *whole_h, *whole_w, *need;
    int *sizes; /* [layers] */
    int step;   /* of the network; 0: cannot be cut */
};

static enum edgel_status out_of_memory(struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "predictor: out of memory");
}

/* --- making --- */

/* A copy of the model whose network is that of inference. */
static enum edgel_status take_model(const struct edgel_model *model, struct edgel_predictor *p,
                                    struct edgel_error *err)
{
    struct nn_network net;
    float *params, *buffers;
    EDGEL_TRY(edgel_model_copy(model, &p->model, err));
    EDGEL_TRY(nn_fold(model, &net, &params, &buffers, err));
    nn_network_finish(&p->model->net);
    edgel_free(p->model->params);
    edgel_free(p->model->buffers);
    p->model->net = net;
    p->model->params = params;
    p->model->buffers = buffers;
    return EDGEL_OK;
}

static enum edgel_status fill(const struct edgel_model *model, const struct edgel_predictor_params *params,
                              struct edgel_predictor *p, struct edgel_error *err)
{
    p->max_bytes = params->max_bytes;
    p->pool = params->pool;
    edgel_numeric_init(&p->numeric, edgel_cpu_flags());
    EDGEL_TRY(take_model(model, p, err));
    const size_t n = (size_t)p->model->net.nlayers;
    p->shapes = edgel_alloc(n, sizeof *p->shapes);
    p->jump = edgel_alloc(n, sizeof *p->jump);
    p->whole_h = edgel_alloc(n, sizeof *p->whole_h);
    p->whole_w = edgel_alloc(n, sizeof *p->whole_w);
    p->need = edgel_alloc(n, sizeof *p->need);
    p->sizes = edgel_alloc(n, sizeof *p->sizes);
    if (!p->shapes || !p->jump || !p->whole_h || !p->whole_w || !p->need || !p->sizes)
        return out_of_memory(err);
    p->step = nn_network_step(&p->model->net, p->jump);
    return EDGEL_OK;
}

void edgel_predictor_params_init(struct edgel_predictor_params *params)
{
    *params = (struct edgel_predictor_params){ .max_bytes = (size_t)1 << 30 };
}

enum edgel_status edgel_predictor_create(const struct edgel_model *model,
                                         const struct edgel_predictor_params *params,
                                         struct edgel_predictor **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(model);
    EDGEL_REQUIRE(params);
    struct edgel_predictor *p = edgel_calloc(1, sizeof *p);
    if (!p)
        return out_of_memory(err);
    enum edgel_status s = fill(model, params, p, err);
    if (s == EDGEL_OK)
        *out = p;
    else
        edgel_predictor_destroy(&p);
    return s;
}

void edgel_predictor_destroy(struct edgel_predictor **predictor)
{
    if (!predictor || !*predictor)
        return;
    struct edgel_predictor *p = *predictor;
    for (int i = 0; i < PLANS; i++)
        nn_plan_destroy(&p->plans[i].plan);
    edgel_model_destroy(&p->model);
    edgel_free(p->in);
    edgel_free(p->out);
    edgel_free(p->shapes);
    edgel_free(p->jump);
    edgel_free(p->whole_h);
    edgel_free(p->whole_w);
    edgel_free(p->need);
    edgel_free(p->sizes);
    edgel_free(p);
    *predictor = NULL;
}

/* --- memory --- */

/* Bytes of a run on h x w, planar input and output with it. */
static enum edgel_status bytes_for(const struct edgel_predictor *p, int h, int w, size_t *bytes,
                                   struct edgel_error *err)
{
    const struct nn_network *net = &p->model->net;
    EDGEL_TRY(nn_plan_measure(net, 1, h, w, false, p->pool, bytes, err));
    *bytes += (size_t)(net->in_channels + net->classes) * (size_t)h * (size_t)w * sizeof(float);
    return EDGEL_OK;
}

static enum edgel_status grow(float **v, size_t *have, size_t want, struct edgel_error *err)
{
    if (want <= *have)
        return EDGEL_OK;
    edgel_free(*v);
    *v = edgel_alloc(want, sizeof **v);
    *have = *v ? want : 0;
    return *v ? EDGEL_OK : out_of_memory(err);
}

/* The plan for h x w: one that is kept, or a new one in place of the one not used for longest. Plans are kept as far as
 * the limit goes. */
static enum edgel_status plan_for(struct edgel_predictor *p, int h, int w, struct nn_plan **out,
                                  struct edgel_error *err)
{
    struct kept_plan *oldest = &p->plans[0];
    size_t bytes;
    p->uses++;
    for (int i = 0; i < PLANS; i++) {
        struct kept_plan *k = &p->plans[i];
        if (k->plan && k->h == h && k->w == w) {
            k->used = p->uses;
            *out = k->plan;
            return EDGEL_OK;
        }
        if (k->used < oldest->used)
            oldest = k;
    }
    nn_plan_destroy(&oldest->plan);
    EDGEL_TRY(nn_plan_measure(&p->model->net, 1, h, w, false, p->pool, &bytes, err));
    for (int i = 0; i < PLANS; i++)
        if (p->plans[i].plan && nn_plan_bytes(p->plans[i].plan) + bytes > p->max_bytes)
            nn_plan_destroy(&p->plans[i].plan);
    EDGEL_TRY(nn_plan_create(&p->model->net, 1, h, w, false, p->pool, &oldest->plan, err));
    oldest->h = h;
    oldest->w = w;
    oldest->used = p->uses;
    *out = oldest->plan;
    return EDGEL_OK;
}

enum edgel_status edgel_model_memory(const struct edgel_model *model, int w, int h, size_t *bytes,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(bytes);
    *bytes = 0;
    EDGEL_REQUIRE(model);
    struct edgel_predictor_params params;
    edgel_predictor_params_init(&params);
    struct edgel_predictor *p;
    EDGEL_TRY(edgel_predictor_create(model, &params, &p, err));
    enum edgel_status s = bytes_for(p, h, w, bytes, err);
    edgel_predictor_destroy(&p);
    return s;
}

/* --- one tile --- */

struct head {
    struct edgel_predictor *p;
    const struct edgel_predict_io *q;
    int tile_h, tile_w;
    struct nn_segment y, x; /* the core within the image */
};

static void copy_row_of_core(struct head *t, int k, int y)
{
    const size_t from =
        ((size_t)k * (size_t)t->tile_h + (size_t)(t->y.core - t->y.at + y)) * (size_t)t->tile_w +
        (size_t)(t->x.core - t->x.at);
    const size_t to = ((size_t)k * (size_t)t->y.core_size + (size_t)y) * (size_t)t->x.core_size;
    memmove(t->p->out + to, t->p->out + from, (size_t)t->x.core_size * sizeof *t->p->out);
}

/* n <= CHUNK pixels of all planes, plane k at v + k plane. */
static void softmax(const struct edgel_numeric *f, float *v, size_t plane, int classes, size_t n)
{
    float most[CHUNK], sum[CHUNK] = { 0 };
    memcpy(most, v, n * sizeof *v);
    for (int k = 1; k < classes; k++)
        for (size_t i = 0; i < n; i++)
            most[i] = v[(size_t)k * plane + i] > most[i] ? v[(size_t)k * plane + i] : most[i];
    for (int k = 0; k < classes; k++) {
        float *row = v + (size_t)k * plane;
        for (size_t i = 0; i < n; i++)
            row[i] = row[i] - most[i];
        f->exp(row, row, n);
        for (size_t i = 0; i < n; i++)
            sum[i] = sum[i] + row[i];
    }
    for (int k = 0; k < classes; k++)
        for (size_t i = 0; i < n; i++)
            v[(size_t)k * plane + i] = v[(size_t)k * plane + i] / sum[i];
}

static void make_probabilities(void *user, int thread, size_t i)
{
    const struct head *t = user;
    const size_t plane = (size_t)t->y.core_size * (size_t)t->x.core_size, at = i * CHUNK;
    const size_t n = plane - at < CHUNK ? plane - at : CHUNK;
    float *v = t->p->out + at;
    (void)thread;
    if (t->p->model->net.classes == 1)
        t->p->numeric.sigmoid(v, v, n);
    else
        softmax(&t->p->numeric, v, plane, t->p->model->net.classes, n);
}

/* Weights are finite, but what they make of an image may overflow. */
static bool all_finite(const float *v, size_t n)
{
    bool bad = false;
    for (size_t i = 0; i < n; i++)
        bad |= !(v[i] >= -FLT_MAX && v[i] <= FLT_MAX);
    return !bad;
}

static enum edgel_status run_tile(struct edgel_predictor *p, const struct edgel_predict_io *q,
                                  struct nn_segment y, struct nn_segment x, struct edgel_error *err)
{
    const struct edgel_model *m = p->model;
    const size_t pixels = (size_t)y.size * (size_t)x.size;
    struct nn_plan *plan;
    EDGEL_TRY(plan_for(p, y.size, x.size, &plan, err));
    EDGEL_TRY(grow(&p->in, &p->in_floats, (size_t)m->net.in_channels * pixels, err));
    EDGEL_TRY(grow(&p->out, &p->out_floats, (size_t)m->net.classes * pixels, err));
    EDGEL_TRY(q->read(q->user, x.at, y.at, x.size, y.size, p->in, err));
    nn_model_normalise(m, p->in, pixels);
    nn_plan_forward(plan, 1, p->in, m->params, m->buffers, 0, p->out);
    struct head t = { .p = p, .q = q, .tile_h = y.size, .tile_w = x.size, .y = y, .x = x };
    if (y.core_size != y.size || x.core_size != x.size)
        for (int k = 0; k < m->net.classes; k++)
            for (int row = 0; row < y.core_size; row++)
                copy_row_of_core(&t, k, row);
    const size_t core = (size_t)y.core_size * (size_t)x.core_size;
    if (!all_finite(p->out, (size_t)m->net.classes * core))
        return edgel_fail(err, EDGEL_EINVAL, "the model makes values of this image that are not finite");
    if (!q->logits)
        edgel_pool_run(p->pool, (core + CHUNK - 1) / CHUNK, make_probabilities, &t);
    return q->write(q->user, x.core, y.core, x.core_size, y.core_size, p->out, err);
}

/* --- the cut --- */

static struct nn_cut cut_of(const struct edgel_predictor *p, bool vertical)
{
    return (struct nn_cut){ .net = &p->model->net,
                            .jump = p->jump,
                            .step = p->step,
                            .whole = vertical ? p->whole_h : p->whole_w,
                            .need = p->need };
}

static enum edgel_status check_tile(struct edgel_predictor *p, struct nn_segment y, struct nn_segment x,
                                    struct edgel_error *err)
{
    const struct nn_network *net = &p->model->net;
    const struct nn_cut cy = cut_of(p, true), cx = cut_of(p, false);
    EDGEL_TRY(nn_network_shapes(net, y.size, x.size, p->shapes, err));
    for (int l = 0; l < net->nlayers; l++)
        p->sizes[l] = p->shapes[l].h;
    bool fits = nn_cut_fits(&cy, y, p->sizes);
    for (int l = 0; l < net->nlayers; l++)
        p->sizes[l] = p->shapes[l].w;
    fits = fits && nn_cut_fits(&cx, x, p->sizes);
    if (!fits)
        return edgel_fail(err, EDGEL_EUNSUPPORTED, "this architecture cannot be run on tiles of an image");
    return EDGEL_OK;
}

/* The largest side of tiles within memory, a multiple of the step; 0: none. tall, wide: that side of the tile is the
 * image's. */
static enum edgel_status largest_side(struct edgel_predictor *p, int h, int w, bool tall, bool wide,
                                      int *side, struct edgel_error *err)
{
    int lo = 0, hi = (h > w ? h : w) / p->step + 1;
    while (lo < hi) {
        const int middle = lo + (hi - lo + 1) / 2;
        const int64_t t = (int64_t)middle * p->step;
        size_t bytes;
        EDGEL_TRY(bytes_for(p, tall || t > h ? h : (int)t, wide || t > w ? w : (int)t, &bytes, err));
        if (bytes <= p->max_bytes)
            lo = middle;
        else
            hi = middle - 1;
    }
    *side = lo * p->step;
    return EDGEL_OK;
}

/* Tiles by rows of equal height and columns of equal width; q->write gets all of them. */
static enum edgel_status run_tiles(struct edgel_predictor *p, const struct edgel_predict_io *q, int tile_h,
                                   int tile_w, struct edgel_error *err)
{
    const struct nn_cut cy = cut_of(p, true), cx = cut_of(p, false);
    for (int right = 0; right < 2; right++) /* the last column has a width of its own, and so a plan */
        for (int y = 0; y < q->h;) {
            const struct nn_segment sy = nn_cut_next(&cy, y, tile_h);
            for (int x = 0; x < q->w;) {
                const struct nn_segment sx = nn_cut_next(&cx, x, tile_w);
                const bool last = sx.core + sx.core_size == q->w;
                if (sy.core_size < 1 || sx.core_size < 1)
                    return edgel_fail(err, EDGEL_ELIMIT,
                                      "%zu bytes are not enough for a tile with what its pixels depend on",
                                      p->max_bytes);
                if (last == (right == 1)) {
                    EDGEL_TRY(check_tile(p, sy, sx, err));
                    EDGEL_TRY(run_tile(p, q, sy, sx, err));
                }
                x = sx.core + sx.core_size;
            }
            y = sy.core + sy.core_size;
        }
    return EDGEL_OK;
}

static enum edgel_status cut_and_run(struct edgel_predictor *p, const struct edgel_predict_io *q,
                                     size_t bytes, struct edgel_error *err)
{
    const struct nn_network *net = &p->model->net;
    int side, tile_h, tile_w;
    if (p->step == 0)
        return edgel_fail(
            err, EDGEL_ELIMIT,
            "image of %dx%d needs %zu bytes, %zu are allowed, and this architecture cannot be run on "
            "tiles",
            q->w, q->h, bytes, p->max_bytes);
    for (int l = 0; l < net->nlayers; l++) {
        p->whole_h[l] = (struct nn_reach){ 0, p->shapes[l].h - 1 };
        p->whole_w[l] = (struct nn_reach){ 0, p->shapes[l].w - 1 };
    }
    EDGEL_TRY(largest_side(p, q->h, q->w, false, false, &side, err));
    if (side == 0)
        return edgel_fail(err, EDGEL_ELIMIT, "%zu bytes are not enough for a tile of %dx%d", p->max_bytes,
                          p->step, p->step);
    tile_h = tile_w = side;
    if (side >= q->h) /* a long image is cut one way only */
        EDGEL_TRY(largest_side(p, q->h, q->w, true, false, &tile_w, err));
    else if (side >= q->w)
        EDGEL_TRY(largest_side(p, q->h, q->w, false, true, &tile_h, err));
    return run_tiles(p, q, tile_h, tile_w, err);
}

void edgel_predict_io_init(struct edgel_predict_io *io)
{
    *io = (struct edgel_predict_io){ 0 };
}

enum edgel_status edgel_predictor_run(struct edgel_predictor *p, const struct edgel_predict_io *q,
                                      struct edgel_error *err)
{
    EDGEL_REQUIRE(p);
    EDGEL_REQUIRE(q);
    EDGEL_REQUIRE(q->read);
    EDGEL_REQUIRE(q->write);
    size_t bytes;
    EDGEL_TRY(nn_network_shapes(&p->model->net, q->h, q->w, p->shapes, err));
    const struct nn_shape out = p->shapes[p->model->net.nlayers - 1];
    if (out.h != q->h || out.w != q->w)
        return edgel_fail(err, EDGEL_EINVAL, "image of %dx%d: the network makes %dx%d of it", q->w, q->h,
                          out.w, out.h);
    EDGEL_TRY(bytes_for(p, q->h, q->w, &bytes, err));
    if (bytes > p->max_bytes)
        return cut_and_run(p, q, bytes, err);
    const struct nn_segment y = { 0, q->h, 0, q->h }, x = { 0, q->w, 0, q->w };
    return run_tile(p, q, y, x, err);
}

/* --- planar arrays --- */

struct arrays {
    const float *in;
    float *out;
    int channels, classes, h, w;
};

static enum edgel_status read_planar(void *user, int x, int y, int w, int h, float *planar,
                                     struct edgel_error *err)
{
    const struct arrays *a = user;
    (void)err;
    for (int c = 0; c < a->channels; c++)
        for (int r = 0; r < h; r++, planar += w)
            memcpy(planar, a->in + ((size_t)c * (size_t)a->h + (size_t)(y + r)) * (size_t)a->w + (size_t)x,
                   (size_t)w * sizeof *planar);
    return EDGEL_OK;
}

static enum edgel_status write_planar(void *user, int x, int y, int w, int h, const float *planar,
                                      struct edgel_error *err)
{
    const struct arrays *a = user;
    (void)err;
    for (int c = 0; c < a->classes; c++)
        for (int r = 0; r < h; r++, planar += w)
            memcpy(a->out + ((size_t)c * (size_t)a->h + (size_t)(y + r)) * (size_t)a->w + (size_t)x, planar,
                   (size_t)w * sizeof *planar);
    return EDGEL_OK;
}

enum edgel_status edgel_predict(struct edgel_predictor *p, const float *image, int w, int h, bool logits,
                                float *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(p);
    EDGEL_REQUIRE(image);
    EDGEL_REQUIRE(out);
    struct arrays a = { image, out, p->model->net.in_channels, p->model->net.classes, h, w };
    struct edgel_predict_io q;
    edgel_predict_io_init(&q);
    q.w = w;
    q.h = h;
    q.logits = logits;
    q.user = &a;
    q.read = read_planar;
    q.write = write_planar;
    return edgel_predictor_run(p, &q, err);
}
