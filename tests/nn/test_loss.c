/* Losses: against a plain twin in double, finite differences of that twin, PyTorch's stored values
 * (tests/golden/torch_losses.txt; scripts/makers/make_torch_losses.py made it and says what its records mean), and what
 * must hold of any loss. */
#include "nn/losses/losses.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct edgel_error err;
static struct edgel_pool *pool;
static struct edgel_loss_params defaults; /* set by begin() */

/* --- a plain twin in double: one pixel list, formulas as written in the header --- */

struct twin {
    const struct edgel_loss_batch *b;
    const struct edgel_loss_params *p;
    size_t n;       /* pixels that count */
    size_t *at;     /* of pixel i: sample * classes * pixels + pixel */
    int *sample;    /* of pixel i */
    double *t, *pr; /* [n][classes] */
};

static double probability(const struct twin *w, const double *x, size_t i, int c)
{
    const size_t m = w->b->pixels;
    if (w->b->classes == 1)
        return 1 / (1 + exp(-x[w->at[i]]));
    double sum = 0;
    for (int k = 0; k < w->b->classes; k++)
        sum += exp(x[w->at[i] + (size_t)k * m] - x[w->at[i] + (size_t)c * m]);
    return 1 / sum;
}

static struct twin make_twin(const struct edgel_loss_batch *b, const struct edgel_loss_params *p,
                             const double *x)
{
    const size_t all = (size_t)b->n * b->pixels, classes = (size_t)b->classes;
    struct twin w = {
        .b = b, .p = p, .at = malloc(all * sizeof(size_t)), .sample = malloc(all * sizeof(int))
    };
    w.t = malloc(all * classes * sizeof(double));
    w.pr = malloc(all * classes * sizeof(double));
    for (size_t i = 0; i < all; i++) {
        const size_t s = i / b->pixels, at = s * classes * b->pixels + i % b->pixels;
        if (b->labels ? b->labels[i] == EDGEL_LABEL_IGNORE : b->soft[at] < 0)
            continue;
        w.at[w.n] = at;
        w.sample[w.n] = (int)s;
        for (size_t c = 0; c < classes; c++) {
            const int own = classes == 1 ? 1 : (int)c;
            w.t[w.n * classes + c] = b->labels ? b->labels[i] == own : (double)b->soft[at + c * b->pixels];
            w.pr[w.n * classes + c] = probability(&w, x, w.n, (int)c);
        }
        w.n++;
    }
    return w;
}

static void free_twin(struct twin *w)
{
    free(w->at);
    free(w->sample);
    free(w->t);
    free(w->pr);
}

static double given_weight(const struct twin *w, int c)
{
    return w->p->class_weights ? (double)w->p->class_weights[c] : 1;
}

/* w_1 t and w_0 (1 - t) of pixel i, class c */
static void weights(const struct twin *w, size_t i, int c, double *positive, double *negative)
{
    const int classes = w->b->classes;
    const double t = w->t[i * (size_t)classes + (size_t)c];
    double w0 = given_weight(w, c), w1 = classes == 1 ? given_weight(w, 1) : w0;
    if (w->p->balance) {
        double pos = 0, all = 0;
        for (size_t k = 0; k < w->n; k++) {
            pos += w->sample[k] == w->sample[i] ? w->t[k] : 0;
            all += w->sample[k] == w->sample[i];
        }
        w0 *= pos / all;
        w1 *= (all - pos) / all;
    }
    *positive = w1 * t;
    *negative = w0 * (1 - t);
}

/* Whether pixel i of sample n belongs to an object, and to one of which class. */
static int twin_class(const struct edgel_loss_batch *b, int n, int i)
{
    const size_t m = b->pixels;
    if (b->labels)
        return b->labels[(size_t)n * m + (size_t)i] == EDGEL_LABEL_IGNORE
                   ? 0
                   : b->labels[(size_t)n * m + (size_t)i];
    const float *t = b->soft + (size_t)n * (size_t)b->classes * m + (size_t)i;
    if (b->classes == 1)
        return t[0] >= 0.5f;
    for (int c = 1; c < b->classes && t[0] >= 0; c++)
        if (t[(size_t)c * m] >= 0.5f)
            return c;
    return 0;
}

/* The weight of a pixel by its definition: components by passing the least number on, all distances measured. */
static void twin_border(const struct edgel_loss_batch *b, const struct edgel_loss_params *p, int n,
                        double *map)
{
    const int w = b->w, m = (int)b->pixels;
    int *object = malloc((size_t)m * sizeof *object);
    for (int i = 0; i < m; i++)
        object[i] = twin_class(b, n, i) ? i + 1 : 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < m; i++)
            for (int k = 0; k < m; k++)
                if (object[i] && object[k] && object[k] < object[i] && abs(i % w - k % w) <= 1 &&
                    abs(i / w - k / w) <= 1 && twin_class(b, n, i) == twin_class(b, n, k)) {
                    object[i] = object[k];
                    moved = true;
                }
    }
    for (int i = 0; i < m; i++) {
        double near[2] = { INFINITY, INFINITY };
        for (int one = 1; one <= m; one++) {
            double d = INFINITY;
            for (int k = 0; k < m; k++)
                if (object[k] == one)
                    d = fmin(d, hypot(i % w - k % w, i / w - k / w));
            near[1] = fmin(near[1], fmax(near[0], d));
            near[0] = fmin(near[0], d);
        }
        const double sum = near[0] + near[1], sigma = p->border_sigma;
        map[i] = object[i] || near[1] > 4 * sigma
                     ? 1
                     : 1 + p->border_weight * exp(-sum * sum / (2 * sigma * sigma));
    }
    free(object);
}

static double twin_pixels(const struct twin *w, const double *x, enum edgel_loss kind)
{
    double *map = malloc((size_t)w->b->n * w->b->pixels * sizeof *map);
    for (int n = 0; n < w->b->n && kind == EDGEL_LOSS_BORDER; n++)
        twin_border(w->b, w->p, n, map + (size_t)n * w->b->pixels);
    const int classes = w->b->classes;
    double sum = 0, weight = 0;
    for (size_t i = 0; i < w->n; i++)
        for (int c = 0; c < classes; c++) {
            double pos, neg;
            weights(w, i, c, &pos, &neg);
            const double z = x[w->at[i] + (size_t)c * w->b->pixels],
                         p = w->pr[i * (size_t)classes + (size_t)c];
            const double d = p - w->t[i * (size_t)classes + (size_t)c], beta = w->p->smooth_beta;
            const bool several = classes > 1 && (kind == EDGEL_LOSS_FOCAL || kind == EDGEL_LOSS_BORDER);
            const bool targets = kind == EDGEL_LOSS_CE || several;
            const size_t pixel = (size_t)w->sample[i] * w->b->pixels + w->at[i] % w->b->pixels;
            const double g = w->p->focal_gamma;
            weight += targets ? pos : pos + neg;
            if (kind == EDGEL_LOSS_CE)
                sum -= pos * log(p);
            else if (kind == EDGEL_LOSS_BCE)
                sum += pos * log1p(exp(-z)) + neg * log1p(exp(z));
            else if (kind == EDGEL_LOSS_L1)
                sum += (pos + neg) * fabs(d);
            else if (kind == EDGEL_LOSS_L2)
                sum += (pos + neg) * d * d;
            else if (kind == EDGEL_LOSS_FOCAL && classes > 1)
                sum -= pos * pow(1 - p, g) * log(p);
            else if (kind == EDGEL_LOSS_FOCAL)
                sum += pos * pow(1 - p, g) * log1p(exp(-z)) + neg * pow(p, g) * log1p(exp(z));
            else if (kind == EDGEL_LOSS_BORDER && classes > 1)
                sum -= map[pixel] * pos * log(p);
            else if (kind == EDGEL_LOSS_BORDER)
                sum += map[pixel] * (pos * log1p(exp(-z)) + neg * log1p(exp(z)));
            else if (kind != EDGEL_LOSS_SMOOTHL1)
                fail_msg("%s has no twin", edgel_loss_name((int)kind));
            else
                sum += (pos + neg) * (fabs(d) < beta ? d * d / 2 / beta : fabs(d) - beta / 2);
        }
    free(map);
    return weight > 0 ? sum / weight : 0;
}

struct error_of_pixel {
    double e;
    bool own;
};

static int falling(const void *a, const void *b)
{
    const double x = ((const struct error_of_pixel *)a)->e, y = ((const struct error_of_pixel *)b)->e;
    return (x < y) - (x > y);
}

/* The Jaccard loss of growing sets of wrong pixels, by its definition. */
static double twin_lovasz_class(const struct twin *w, int c, bool *present)
{
    struct error_of_pixel *e = malloc((w->n + 1) * sizeof *e);
    double own = 0, value = 0, before = 0, found = 0, wrong = 0;
    for (size_t i = 0; i < w->n; i++) {
        const size_t at = i * (size_t)w->b->classes + (size_t)c;
        e[i].own = w->t[at] >= 0.5;
        e[i].e = e[i].own ? 1 - w->pr[at] : w->pr[at];
        own += e[i].own;
    }
    qsort(e, w->n, sizeof *e, falling);
    for (size_t i = 0; i < w->n && own > 0; i++) {
        found += e[i].own;
        wrong += !e[i].own;
        const double jaccard = 1 - (own - found) / (own + wrong);
        value += e[i].e * (jaccard - before);
        before = jaccard;
    }
    *present = own > 0;
    free(e);
    return value;
}

/* Of one class by the paper's steps, on images of doubles in which NaN is a pixel that does not count. */
static void twin_pool(const double *from, double *to, int w, int h, int rx, int ry, double sign)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double best = NAN;
            for (int v = y - ry; v <= y + ry; v++)
                for (int u = x - rx; u <= x + rx; u++)
                    if (u >= 0 && v >= 0 && u < w && v < h)
                        best = sign * fmax(sign * best, sign * from[v * w + u]);
            to[y * w + x] = isnan(from[y * w + x]) ? NAN : best;
        }
}

static void twin_skeleton(const double *image, int w, int h, int steps, double *skeleton)
{
    const size_t m = (size_t)w * (size_t)h;
    double *now = malloc(5 * m * sizeof *now), *across = now + m, *down = across + m, *open = down + m,
           *next = open + m;
    memcpy(now, image, m * sizeof *now);
    for (int j = 0; j <= steps; j++) {
        twin_pool(now, across, w, h, 1, 0, -1);
        twin_pool(now, down, w, h, 0, 1, -1);
        for (size_t i = 0; i < m; i++)
            next[i] = isnan(now[i]) ? NAN : fmin(across[i], down[i]);
        twin_pool(next, open, w, h, 1, 1, 1);
        for (size_t i = 0; i < m; i++) {
            const double lost = isnan(now[i]) ? 0 : fmax(now[i] - open[i], 0);
            skeleton[i] = j == 0 ? lost : skeleton[i] + fmax(lost - skeleton[i] * lost, 0);
        }
        memcpy(now, next, m * sizeof *now);
    }
    free(now);
}

static double twin_cldice(const struct twin *k, int c, bool *present)
{
    const struct edgel_loss_batch *b = k->b;
    const size_t m = b->pixels;
    const int w = b->w, h = (int)(m / (size_t)w), steps = (int)k->p->cldice_steps;
    double *p = malloc(4 * m * sizeof *p), *t = p + m, *thin = t + m, *skeleton = thin + m;
    double own = 0, both = k->p->smooth, all = both, found = both, lines = both;
    for (int n = 0; n < b->n; n++) {
        for (size_t i = 0; i < m; i++)
            p[i] = t[i] = NAN;
        for (size_t i = 0; i < k->n; i++)
            if (k->sample[i] == n) {
                const size_t at = k->at[i] % m, of = i * (size_t)b->classes + (size_t)c;
                p[at] = k->pr[of];
                t[at] = k->t[of];
                own += t[at];
            }
        twin_skeleton(p, w, h, steps, skeleton);
        twin_skeleton(t, w, h, steps, thin);
        for (size_t i = 0; i < m; i++)
            if (!isnan(t[i])) {
                both += skeleton[i] * t[i];
                all += skeleton[i];
                found += thin[i] * p[i];
                lines += thin[i];
            }
    }
    free(p);
    *present = own > 0 && (b->classes == 1 || c > 0);
    return 1 - 2 * (both / all) * (found / lines) / (both / all + found / lines);
}

static double twin_classes(const struct twin *w, enum edgel_loss kind)
{
    double sum = 0;
    int present = 0;
    for (int c = 0; c < w->b->classes; c++) {
        double i = 0, p = 0, t = 0;
        for (size_t k = 0; k < w->n; k++) {
            const size_t at = k * (size_t)w->b->classes + (size_t)c;
            i += w->pr[at] * w->t[at];
            p += w->pr[at];
            t += w->t[at];
        }
        bool occurs = t > 0;
        double v = 0;
        if (kind == EDGEL_LOSS_IOU)
            v = 1 - (i + w->p->smooth) / (p + t - i + w->p->smooth);
        else if (kind == EDGEL_LOSS_DICE)
            v = 1 - (2 * i + w->p->smooth) / (p + t + w->p->smooth);
        else if (kind == EDGEL_LOSS_TVERSKY)
            v = 1 - (i + w->p->smooth) /
                        (i + w->p->tversky_alpha * (p - i) + w->p->tversky_beta * (t - i) + w->p->smooth);
        else if (kind == EDGEL_LOSS_LOVASZ)
            v = twin_lovasz_class(w, c, &occurs);
        else if (kind == EDGEL_LOSS_CLDICE)
            v = twin_cldice(w, c, &occurs);
        else
            fail_msg("%s has no twin", edgel_loss_name((int)kind));
        sum += occurs ? v : 0;
        present += occurs;
    }
    return present ? sum / present : 0;
}

static double twin_loss(const struct edgel_loss_batch *b, const struct edgel_loss_params *p,
                        enum edgel_loss kind, const double *x)
{
    struct twin w = make_twin(b, p, x);
    if (b->classes == 1 && kind == EDGEL_LOSS_CE)
        kind = EDGEL_LOSS_BCE;
    const double v = nn_loss_row((int)kind)->pixels ? twin_pixels(&w, x, kind) : twin_classes(&w, kind);
    free_twin(&w);
    return v;
}

/* --- rows --- */

/* The first part that a row lacks, as text; NULL: none. */
static const char *missing_part(const struct nn_loss *row, int kind)
{
    if (!row)
        return "row";
    if ((int)row->kind != kind)
        return "its own kind";
    if (!row->name || !row->name[0] || !row->what || !row->what[0])
        return "name and what it is";
    if (!row->pixels + !row->sums + !row->planes != 2)
        return "one value";
    if ((row->planes && !row->planes_bytes) || !row->weigh != !row->weigh_bytes)
        return "memory";
    if (row->pixels && !row->by_probability && !row->by_logit && !(row->joins & NN_JOINS_SOFTMAX))
        return "gradient behind a softmax";
    if (row->pixels && !row->by_probability && !row->by_logit && !(row->joins & NN_JOINS_SIGMOID) &&
        !row->one_class)
        return "gradient behind a sigmoid";
    if (row->numbers >> NN_LOSS_PARAMS)
        return "numbers that are known";
    return NULL;
}

static void rows_are_whole(void **state)
{
    (void)state;
    for (int k = 0; k < EDGEL_LOSS_KINDS; k++) {
        if (missing_part(nn_loss_row(k), k))
            fail_msg("loss %d has no %s", k, missing_part(nn_loss_row(k), k));
        for (int other = 0; other < k; other++)
            assert_string_not_equal(edgel_loss_name(k), edgel_loss_name(other));
        assert_string_equal(edgel_loss_at(k).name, edgel_loss_name(k));
        assert_string_equal(edgel_loss_at(k).what, nn_loss_row(k)->what);
    }
    assert_null(edgel_loss_at(-1).name);
    assert_null(edgel_loss_at(EDGEL_LOSS_KINDS).name);
    assert_false(edgel_loss_takes(EDGEL_LOSS_KINDS, 0) || edgel_loss_takes(0, -1) ||
                 edgel_loss_takes(0, NN_LOSS_PARAMS));
}

/* Each part taken out of each row that has it is seen. */
static void a_planted_row_is_seen(void **state)
{
    (void)state;
    int seen = 0;
    for (int k = 0; k < EDGEL_LOSS_KINDS; k++) {
        const struct nn_loss *row = nn_loss_row(k);
        for (int part = 0; part < 9; part++) {
            struct nn_loss planted = *row;
            bool had = true;
            switch (part) {
            case 0: planted.name = NULL; break;
            case 1: planted.what = ""; break;
            case 2: planted.kind = (enum edgel_loss)(k + 1); break;
            case 3: planted.numbers = 1u << NN_LOSS_PARAMS; break;
            case 4: planted.pixels = row->pixels ? NULL : nn_loss_ce.pixels; break;
            case 5: planted.sums = row->sums ? NULL : nn_loss_iou.sums; break;
            case 6: planted.planes = row->planes ? NULL : nn_loss_lovasz.planes; break;
            case 7:
                had = planted.planes_bytes;
                planted.planes_bytes = NULL;
                break;
            default:
                had = row->pixels;
                planted.by_probability = NULL;
                planted.by_logit = NULL;
                planted.joins &= ~(unsigned)NN_JOINS_SOFTMAX;
            }
            assert_true(!had == !missing_part(&planted, k));
            seen += had;
        }
        assert_non_null(missing_part(NULL, k));
    }
    assert_int_equal(seen, 7 * EDGEL_LOSS_KINDS + 2 + 7); /* two of planes, seven of pixels */
}

/* --- batches --- */

struct case_of_loss {
    struct edgel_loss_batch b;
    struct edgel_loss_params p;
    float *logits, *soft, weights[16];
    uint16_t *labels;
    size_t cells;
};

struct shape {
    int n, classes;
    size_t pixels;
    bool soft, weighted, balance;
};

/* Logits around 0, targets at random; every tenth pixel is ignored, of five classes and more the last never occurs. */
static struct case_of_loss make_case(struct shape s, uint64_t seed)
{
    struct edgel_rng r = edgel_rng_seed(seed, (uint64_t)s.classes, s.pixels, 0);
    struct case_of_loss k = { .p = defaults, .cells = (size_t)s.n * (size_t)s.classes * s.pixels };
    k.logits = malloc(k.cells * sizeof(float));
    k.soft = malloc(k.cells * sizeof(float));
    k.labels = malloc((size_t)s.n * s.pixels * sizeof(uint16_t));
    const int values = s.classes > 4 ? s.classes - 1 : s.classes > 1 ? s.classes : 2;
    for (size_t i = 0; i < k.cells; i++) {
        k.logits[i] = (float)(2 * edgel_rng_normal(&r));
        k.soft[i] = (float)edgel_rng_uniform(&r);
    }
    for (size_t i = 0; i < (size_t)s.n * s.pixels; i++) {
        const size_t at = i / s.pixels * (size_t)s.classes * s.pixels + i % s.pixels;
        const bool ignored = edgel_rng_below(&r, 10) == 0 && i > 0;
        k.labels[i] = ignored ? EDGEL_LABEL_IGNORE : (uint16_t)edgel_rng_below(&r, (uint64_t)values);
        k.soft[at] = ignored ? -1 : k.soft[at];
    }
    for (int c = 0; c < 16; c++)
        k.weights[c] = (float)(0.25 + edgel_rng_uniform(&r));
    k.p.balance = s.balance;
    k.b = (struct edgel_loss_batch){ s.n, s.classes, s.pixels, k.logits, k.labels, NULL, 1 };
    for (int w = 2; (size_t)w * (size_t)w <= s.pixels; w++)
        k.b.w = s.pixels % (size_t)w == 0 ? w : k.b.w;
    if (s.soft) {
        k.b.labels = NULL;
        k.b.soft = k.soft;
    }
    return k;
}

static void point_case(struct case_of_loss *k, bool weighted)
{
    k->p.class_weights = weighted ? k->weights : NULL;
}

static void free_case(struct case_of_loss *k)
{
    free(k->logits);
    free(k->soft);
    free(k->labels);
}

static double eval_one(enum edgel_loss kind, const struct case_of_loss *k, float *grad)
{
    struct edgel_loss_scratch scratch = { 0 };
    const struct edgel_loss_term term = { kind, 1 };
    double v = -1, total = -1;
    assert_int_equal(edgel_loss_eval(&term, 1, &k->p, &k->b, pool, &scratch, &v, &total, grad, &err),
                     EDGEL_OK);
    assert_true(total == v || (isnan(total) && isnan(v)));
    edgel_loss_scratch_finish(&scratch);
    return v;
}

static double *widen(const float *x, size_t n)
{
    double *y = malloc(n * sizeof *y);
    for (size_t i = 0; i < n; i++)
        y[i] = (double)x[i];
    return y;
}

static const struct shape shapes[] = {
    { 1, 1, 1, false, false, false }, { 2, 1, 40, false, false, false }, { 2, 1, 40, true, true, false },
    { 3, 1, 40, false, true, true },  { 3, 1, 40, true, false, true },   { 2, 2, 30, false, false, false },
    { 2, 3, 25, false, true, false }, { 2, 3, 25, true, false, false },  { 2, 5, 17, true, true, false },
    { 2, 5, 17, false, true, false }, { 1, 11, 30, false, true, false },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };
static const struct shape large_shapes[] = {
    { 2, 1, LOSS_ROW + 5, false, true, false },
    { 1, 1, 2 * LOSS_CHUNK + 3 * LOSS_ROW + 1, false, false, true },
    { 2, 3, LOSS_CHUNK + 700, false, true, false },
    { 2, 3, LOSS_CHUNK + 700, true, true, false },
    { 3, 4, LOSS_ROW, false, false, false },
};
enum { LARGE_SHAPES = sizeof large_shapes / sizeof *large_shapes };

/* Each number has a range with its default, is what init sets, is refused beyond its range, and some loss takes it. A
 * loss depends on the numbers that it takes and on no others. */
static void numbers_are_those_of_the_rows(void **state)
{
    (void)state;
    struct edgel_loss_params p;
    edgel_loss_params_init(&p);
    for (int i = 0; i < NN_LOSS_PARAMS; i++) {
        const struct edgel_loss_param info = edgel_loss_param_at(i);
        int takers = 0;
        assert_true(info.name && info.what && info.min <= info.def && info.def <= info.max);
        assert_true(nn_loss_number_of(&p, i) == info.def);
        assert_int_equal(edgel_loss_param_set(&p, i, info.max * 1.01, &err), EDGEL_EINVAL);
        assert_int_equal(edgel_loss_param_set(&p, i, NAN, &err), EDGEL_EINVAL);
        assert_true(nn_loss_number_of(&p, i) == info.def);
        for (int k = 0; k < EDGEL_LOSS_KINDS; k++) {
            struct case_of_loss c = make_case((struct shape){ 2, 3, 25, true, false, false }, 10);
            const double before = eval_one((enum edgel_loss)k, &c, NULL);
            assert_int_equal(edgel_loss_param_set(&c.p, i, 0.5 * info.def, &err), EDGEL_OK);
            assert_true((eval_one((enum edgel_loss)k, &c, NULL) != before) == edgel_loss_takes(k, i));
            takers += edgel_loss_takes(k, i);
            free_case(&c);
        }
        assert_true(takers > 0);
    }
    assert_null(edgel_loss_param_at(-1).name);
    assert_null(edgel_loss_param_at(NN_LOSS_PARAMS).name);
    assert_int_equal(edgel_loss_param_set(&p, NN_LOSS_PARAMS, 1, &err), EDGEL_EINVAL);
}

static void values_equal_the_twin(void **state)
{
    (void)state;
    for (int kind = 0; kind < EDGEL_LOSS_KINDS; kind++) {
        double worst = 0;
        for (int i = 0; i < SHAPES + LARGE_SHAPES; i++) {
            const struct shape s = i < SHAPES ? shapes[i] : large_shapes[i - SHAPES];
            if ((s.balance || kind == EDGEL_LOSS_BORDER) && s.pixels > 1000)
                continue; /* the twin's balance and its maps are quadratic */
            struct case_of_loss k = make_case(s, 11);
            point_case(&k, s.weighted);
            double *x = widen(k.logits, k.cells);
            const double exact = twin_loss(&k.b, &k.p, (enum edgel_loss)kind, x);
            const double v = eval_one((enum edgel_loss)kind, &k, NULL);
            worst = fmax(worst, fabs(v - exact) / exact);
            free(x);
            free_case(&k);
        }
        printf("# %s: value within %.2g of the twin\n", edgel_loss_name(kind), worst);
        assert_true(worst < 1e-6);
    }
}

/* Error of grad against central differences of the twin, relative to the largest component. */
static double difference_error(const struct case_of_loss *k, enum edgel_loss kind, const float *grad)
{
    double *x = widen(k->logits, k->cells), worst = 0, largest = 1e-12;
    for (size_t i = 0; i < k->cells; i++) {
        const double at = x[i], h = 1e-6;
        x[i] = at + h;
        const double up = twin_loss(&k->b, &k->p, kind, x);
        x[i] = at - h;
        const double slope = (up - twin_loss(&k->b, &k->p, kind, x)) / (2 * h);
        x[i] = at;
        worst = fmax(worst, fabs(slope - (double)grad[i]));
        largest = fmax(largest, fabs(slope));
    }
    free(x);
    return worst / largest;
}

static void gradients_equal_differences(void **state)
{
    (void)state;
    for (int kind = 0; kind < EDGEL_LOSS_KINDS; kind++) {
        double worst = 0;
        for (int i = 0; i < SHAPES; i++) {
            struct case_of_loss k = make_case(shapes[i], 12);
            point_case(&k, shapes[i].weighted);
            float *grad = malloc(k.cells * sizeof *grad);
            const double v = eval_one((enum edgel_loss)kind, &k, grad);
            assert_true(v == eval_one((enum edgel_loss)kind, &k, NULL));
            worst = fmax(worst, difference_error(&k, (enum edgel_loss)kind, grad));
            free(grad);
            free_case(&k);
        }
        printf("# %s: gradient within %.2g of differences\n", edgel_loss_name(kind), worst);
        assert_true(worst < 1e-5);
    }
}

/* --- PyTorch --- */

static FILE *goldens;
static char line[1 << 16];

static bool next_line(void)
{
    do
        if (!fgets(line, sizeof line, goldens))
            return false;
    while (line[0] == '#');
    return true;
}

static size_t read_numbers(double *out, size_t max)
{
    size_t n = 0;
    assert_true(next_line());
    char *at = line, *end;
    for (; n < max; n++, at = end) {
        out[n] = strtod(at, &end);
        if (end == at)
            break;
    }
    return n;
}

enum { GOLDEN_MAX = 2000 };

static struct case_of_loss read_batch(void)
{
    struct case_of_loss k = { .p = defaults };
    static double v[GOLDEN_MAX];
    char targets[16];
    assert_int_equal(
        sscanf(line, "batch %d %d %zu %15s %d", &k.b.n, &k.b.classes, &k.b.pixels, targets, &k.b.w), 5);
    k.cells = (size_t)k.b.n * (size_t)k.b.classes * k.b.pixels;
    const size_t pixels = (size_t)k.b.n * k.b.pixels;
    k.b.logits = k.logits = malloc(k.cells * sizeof(float));
    assert_int_equal(read_numbers(v, GOLDEN_MAX), k.cells);
    for (size_t i = 0; i < k.cells; i++)
        k.logits[i] = (float)v[i];
    const size_t ntargets = read_numbers(v, GOLDEN_MAX);
    if (strcmp(targets, "soft") == 0) {
        assert_int_equal(ntargets, k.cells);
        k.b.soft = k.soft = malloc(k.cells * sizeof(float));
        for (size_t i = 0; i < k.cells; i++)
            k.soft[i] = (float)v[i];
    } else {
        assert_int_equal(ntargets, pixels);
        k.b.labels = k.labels = malloc(pixels * sizeof(uint16_t));
        for (size_t i = 0; i < pixels; i++)
            k.labels[i] = (uint16_t)v[i];
    }
    const size_t nweights = read_numbers(v, 16);
    for (size_t i = 0; i < nweights; i++)
        k.weights[i] = (float)v[i];
    k.p.class_weights = nweights > 0 ? k.weights : NULL;
    return k;
}

struct largest {
    double value[EDGEL_LOSS_KINDS], gradient[EDGEL_LOSS_KINDS], box_value[4], box_gradient[4];
    int of_kind[EDGEL_LOSS_KINDS], boxes;
};

static void check_loss_record(struct case_of_loss *k, struct largest *l)
{
    static double exact[GOLDEN_MAX];
    static float grad[GOLDEN_MAX];
    char name[16];
    int balance, kind = 0;
    double value, worst = 0, top = 0;
    assert_int_equal(sscanf(line, "loss %15s %d %lf", name, &balance, &value), 3);
    while (kind < EDGEL_LOSS_KINDS && strcmp(edgel_loss_name(kind), name) != 0)
        kind++;
    assert_true(kind < EDGEL_LOSS_KINDS);
    k->p.balance = balance;
    k->p.class_weights = k->p.class_weights ? k->weights : NULL;
    assert_int_equal(read_numbers(exact, GOLDEN_MAX), k->cells);
    const double v = eval_one((enum edgel_loss)kind, k, grad);
    for (size_t i = 0; i < k->cells; i++) {
        worst = fmax(worst, fabs(exact[i] - (double)grad[i]));
        top = fmax(top, fabs(exact[i]));
    }
    l->value[kind] = fmax(l->value[kind], fabs(v - value) / value);
    l->gradient[kind] = fmax(l->gradient[kind], worst / top);
    l->of_kind[kind]++;
}

static const char *const box_names[] = { "iou", "giou", "diou", "ciou" };

static void check_box_record(struct largest *l)
{
    char name[16];
    int kind = 0;
    double value, v, n[12], grad[4], top = 1e-3;
    assert_int_equal(sscanf(line, "box %15s %lf", name, &value), 2);
    while (strcmp(box_names[kind], name) != 0)
        kind++;
    assert_int_equal(read_numbers(n, 12), 12);
    assert_int_equal(edgel_box_loss_value((enum edgel_box_loss)kind, n, n + 4, &v, grad, &err), EDGEL_OK);
    for (int k = 0; k < 4; k++)
        top = fmax(top, fabs(n[8 + k]));
    for (int k = 0; k < 4; k++)
        l->box_gradient[kind] = fmax(l->box_gradient[kind], fabs(grad[k] - n[8 + k]) / top);
    l->box_value[kind] = fmax(l->box_value[kind], fabs(v - value) / value);
    l->boxes++;
}

static void results_equal_pytorch(void **state)
{
    (void)state;
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/golden/torch_losses.txt", getenv("EDGEL_SOURCE"));
    goldens = fopen(path, "r");
    assert_non_null(goldens);
    struct largest l = { .boxes = 0 };
    struct case_of_loss k = { .cells = 0 };
    while (next_line()) {
        if (strncmp(line, "batch", 5) == 0) {
            free_case(&k);
            k = read_batch();
        } else if (strncmp(line, "loss", 4) == 0) {
            check_loss_record(&k, &l);
        } else {
            check_box_record(&l);
        }
    }
    free_case(&k);
    (void)fclose(goldens);
    for (int i = 0; i < EDGEL_LOSS_KINDS; i++) {
        printf("# %s: value within %.2g, gradient within %.2g of PyTorch\n", edgel_loss_name(i), l.value[i],
               l.gradient[i]);
        assert_int_equal(l.of_kind[i], 14); /* a loss without stored values is seen */
        assert_true(l.value[i] < 1e-6 && l.gradient[i] < 1e-6);
    }
    for (int i = 0; i < 4; i++) {
        printf("# box %s: value within %.2g, gradient within %.2g of PyTorch\n", box_names[i], l.box_value[i],
               l.box_gradient[i]);
        assert_true(l.box_value[i] < 1e-10 && l.box_gradient[i] < 1e-10);
    }
    assert_int_equal(l.boxes, 160);
}

/* --- what must hold --- */

static void sums_are_linear(void **state)
{
    (void)state;
    static const struct edgel_loss_term terms[] = { { EDGEL_LOSS_CE, 1 },        { EDGEL_LOSS_IOU, 0.5 },
                                                    { EDGEL_LOSS_DICE, 0.25 },   { EDGEL_LOSS_LOVASZ, 0.75 },
                                                    { EDGEL_LOSS_L1, 2 },        { EDGEL_LOSS_L2, 1.5 },
                                                    { EDGEL_LOSS_SMOOTHL1, 3 },  { EDGEL_LOSS_BCE, 1.25 },
                                                    { EDGEL_LOSS_IOU, 0.125 },   { EDGEL_LOSS_FOCAL, 0.5 },
                                                    { EDGEL_LOSS_TVERSKY, 0.25 } };
    enum { TERMS = sizeof terms / sizeof *terms };
    for (int i = 0; i < SHAPES; i++) {
        struct case_of_loss k = make_case(shapes[i], 13);
        point_case(&k, shapes[i].weighted);
        float *grad = malloc(k.cells * sizeof *grad), *one = malloc(k.cells * sizeof *one);
        double *sum = calloc(k.cells, sizeof *sum), value[TERMS], total, expected = 0;
        struct edgel_loss_scratch scratch = { 0 };
        assert_int_equal(edgel_loss_eval(terms, TERMS, &k.p, &k.b, pool, &scratch, value, &total, grad, &err),
                         EDGEL_OK);
        edgel_loss_scratch_finish(&scratch);
        for (int t = 0; t < TERMS; t++) {
            assert_true(value[t] == eval_one(terms[t].kind, &k, one));
            expected += terms[t].weight * value[t];
            for (size_t c = 0; c < k.cells; c++)
                sum[c] += terms[t].weight * (double)one[c];
        }
        assert_true(fabs(total - expected) < 1e-12);
        double top = 0;
        for (size_t c = 0; c < k.cells; c++)
            top = fmax(top, fabs(sum[c]));
        for (size_t c = 0; c < k.cells; c++)
            assert_true(fabs(sum[c] - (double)grad[c]) < 2e-6 * top);
        free(sum);
        free(grad);
        free(one);
        free_case(&k);
    }
}

static void fill_all_terms(struct edgel_loss_term *terms)
{
    for (int i = 0; i < EDGEL_LOSS_KINDS; i++)
        terms[i] = (struct edgel_loss_term){ (enum edgel_loss)i, 1 + 0.1 * i };
}

/* Logits of ignored pixels may be anything; their gradient is 0. */
static void ignored_pixels_change_nothing(void **state)
{
    (void)state;
    struct edgel_loss_term terms[EDGEL_LOSS_KINDS];
    fill_all_terms(terms);
    for (int i = 1; i < SHAPES; i++) {
        struct case_of_loss k = make_case(shapes[i], 14);
        point_case(&k, shapes[i].weighted);
        float *grad[2];
        double value[2][EDGEL_LOSS_KINDS];
        struct edgel_loss_scratch scratch = { 0 };
        for (int poisoned = 0; poisoned < 2; poisoned++) {
            grad[poisoned] = malloc(k.cells * sizeof(float));
            assert_int_equal(edgel_loss_eval(terms, EDGEL_LOSS_KINDS, &k.p, &k.b, pool, &scratch,
                                             value[poisoned], NULL, grad[poisoned], &err),
                             EDGEL_OK);
            for (size_t at = 0, p = k.b.pixels, c = (size_t)k.b.classes; at < k.cells; at++)
                if (k.labels[at / (c * p) * p + at % p] == EDGEL_LABEL_IGNORE) {
                    k.logits[at] = at % 3 == 0 ? NAN : at % 3 == 1 ? INFINITY : -1e30f;
                    assert_true(grad[poisoned][at] == 0);
                }
        }
        assert_memory_equal(value[0], value[1], sizeof value[0]);
        for (size_t at = 0; at < k.cells; at++)
            assert_true(grad[0][at] == grad[1][at]);
        free(grad[0]);
        free(grad[1]);
        edgel_loss_scratch_finish(&scratch);
        free_case(&k);
    }
}

/* Cross-entropies, which grow without bound with the logits. */
static bool of_logits(int kind)
{
    return nn_loss_row(kind)->by_logit || nn_loss_row(kind)->joins;
}

static void perfect_and_worst_predictions(void **state)
{
    (void)state;
    for (int i = 1; i < SHAPES; i++) {
        struct case_of_loss k = make_case(shapes[i], 15);
        point_case(&k, shapes[i].weighted);
        k.b.soft = NULL;
        k.b.labels = k.labels;
        for (int right = 0; right < 2; right++) {
            for (size_t at = 0, p = k.b.pixels, c = (size_t)k.b.classes; at < k.cells; at++) {
                const int own = c == 1 ? 1 : (int)(at / p % c);
                const bool is = k.labels[at / (c * p) * p + at % p] == own;
                k.logits[at] = is == (right == 1) ? 60 : -60;
            }
            for (int kind = 0; kind < EDGEL_LOSS_KINDS; kind++) {
                const double v = eval_one((enum edgel_loss)kind, &k, NULL);
                const bool bounded = !of_logits(kind);
                assert_true(right ? fabs(v) < 1e-6 : v > 0.1);
                assert_true(!bounded || (v >= -1e-6 && v <= 1 + 1e-6));
            }
        }
        free_case(&k);
    }
}

/* With hard predictions Lovasz is the plain Jaccard loss, and iou is it with the smoothing. */
static void hard_predictions_give_the_jaccard_loss(void **state)
{
    (void)state;
    struct case_of_loss k = make_case((struct shape){ 2, 1, 1000, false, false, false }, 16);
    double both = 0, either = 0;
    for (size_t i = 0; i < k.cells; i++) {
        const bool guess = k.logits[i] > 0;
        k.logits[i] = guess ? 200 : -200;
        both += guess && k.labels[i] == 1;
        either += k.labels[i] == 1 || (guess && k.labels[i] == 0);
    }
    assert_true(fabs(eval_one(EDGEL_LOSS_LOVASZ, &k, NULL) - (1 - both / either)) < 1e-9);
    assert_true(fabs(eval_one(EDGEL_LOSS_IOU, &k, NULL) - (1 - (both + 1) / (either + 1))) < 1e-9);
    k.p.smooth = 0;
    assert_true(fabs(eval_one(EDGEL_LOSS_IOU, &k, NULL) - (1 - both / either)) < 1e-9);
    free_case(&k);
}

static void nothing_to_count_gives_zero(void **state)
{
    (void)state;
    for (int classes = 1; classes < 4; classes += 2)
        for (int empty = 0; empty < 2; empty++) {
            struct case_of_loss k =
                make_case((struct shape){ 2, classes, 600, false, false, classes == 1 }, 17);
            for (size_t i = 0; i < 1200; i++)
                k.labels[i] = empty ? EDGEL_LABEL_IGNORE : 0;
            float *grad = malloc(k.cells * sizeof *grad);
            for (int kind = 0; kind < EDGEL_LOSS_KINDS; kind++) {
                memset(grad, 0xff, k.cells * sizeof *grad);
                const double v = eval_one((enum edgel_loss)kind, &k, grad);
                /* balanced: no positives, no weight; background alone has no thin structure */
                assert_true(empty || classes == 1 || kind == EDGEL_LOSS_CLDICE ? v == 0 : v > 0);
                for (size_t c = 0; c < k.cells; c++)
                    assert_true(empty || classes == 1 ? grad[c] == 0 : isfinite(grad[c]));
            }
            free(grad);
            free_case(&k);
        }
}

static void broken_logits_show_in_the_value(void **state)
{
    (void)state;
    const float broken[] = { NAN, INFINITY };
    for (int i = 0; i < 2; i++)
        for (int classes = 1; classes < 4; classes += 2) {
            struct case_of_loss k = make_case((struct shape){ 1, classes, 700, false, false, false }, 18);
            float *grad = malloc(k.cells * sizeof *grad);
            k.labels[650] = 0;
            k.logits[650] = broken[i];
            for (int kind = 0; kind < EDGEL_LOSS_KINDS; kind++) {
                const double v = eval_one((enum edgel_loss)kind, &k, grad);
                assert_true(isfinite(v) == (i == 1 && classes == 1 && !of_logits(kind)));
            }
            free(grad);
            free_case(&k);
        }
}

/* Large logits neither overflow nor lose the loss: log-sum-exp. */
static void large_logits_are_stable(void **state)
{
    (void)state;
    struct case_of_loss k = make_case((struct shape){ 1, 2, 1, false, false, false }, 19);
    float grad[2];
    k.labels[0] = 0;
    k.logits[0] = 1e4f;
    k.logits[1] = 3e4f;
    assert_true(eval_one(EDGEL_LOSS_CE, &k, grad) == 2e4 && grad[0] == -1 && grad[1] == 1);
    k.logits[0] = -FLT_MAX;
    assert_true(eval_one(EDGEL_LOSS_CE, &k, grad) > 1e38);
    free_case(&k);
    k = make_case((struct shape){ 1, 1, 1, false, false, false }, 19);
    k.labels[0] = 1;
    k.logits[0] = -1e30f;
    assert_true(fabs(eval_one(EDGEL_LOSS_BCE, &k, grad) / 1e30 - 1) < 1e-6 && grad[0] == -1);
    k.logits[0] = 80;
    assert_true(fabs(eval_one(EDGEL_LOSS_BCE, &k, grad) / exp(-80) - 1) < 1e-6);
    k.logits[0] = -300; /* p is 0 as a float, and yet it pulls */
    assert_true(fabs(eval_one(EDGEL_LOSS_FOCAL, &k, grad) - 300) < 1e-4 && grad[0] == -1);
    free_case(&k);
    k = make_case((struct shape){ 1, 2, 1, false, false, false }, 19);
    k.labels[0] = 0;
    k.logits[0] = -300;
    k.logits[1] = 10;
    assert_true(fabs(eval_one(EDGEL_LOSS_FOCAL, &k, grad) - 310) < 1e-4 && grad[0] == -1 && grad[1] == 1);
    k.logits[0] = 300; /* and a certain one has no pull, but no NaN either */
    assert_true(eval_one(EDGEL_LOSS_FOCAL, &k, grad) == 0 && grad[0] == 0 && grad[1] == 0);
    free_case(&k);
}

/* Without its power, or without weight of gaps, focal and border are cross-entropy; with equal weights of 1/2 and no
 * smoothing Tversky's is Dice's. */
static void losses_become_others(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        struct case_of_loss k = make_case(shapes[i], 16);
        point_case(&k, shapes[i].weighted);
        float *one = malloc(k.cells * sizeof *one), *other = malloc(k.cells * sizeof *other);
        k.p.focal_gamma = 0;
        k.p.tversky_alpha = k.p.tversky_beta = 0.5;
        k.p.smooth = 0;
        k.p.border_weight = 0;
        const int pairs[][2] = { { EDGEL_LOSS_BORDER, EDGEL_LOSS_CE },
                                 { EDGEL_LOSS_FOCAL, EDGEL_LOSS_CE },
                                 { EDGEL_LOSS_TVERSKY, EDGEL_LOSS_DICE } };
        for (int pair = 0; pair < 3; pair++) {
            const double a = eval_one((enum edgel_loss)pairs[pair][0], &k, one),
                         b = eval_one((enum edgel_loss)pairs[pair][1], &k, other);
            assert_true(fabs(a - b) <= 1e-6 * fabs(b));
            for (size_t c = 0; c < k.cells; c++)
                assert_true(fabs((double)one[c] - (double)other[c]) < 2e-7);
        }
        free(one);
        free(other);
        free_case(&k);
    }
}

/* A row of two objects with a gap of three: its middle is 2 from both. */
static void gaps_have_the_weights_said(void **state)
{
    (void)state;
    uint16_t labels[12] = { 1, 1, 0, 0, 0, 1, 1, EDGEL_LABEL_IGNORE, 0, 0, 0, 0 };
    float map[12];
    struct edgel_loss_batch b;
    struct edgel_loss_params p = defaults;
    edgel_loss_batch_init(&b);
    b.pixels = 12;
    b.w = 12;
    b.labels = labels;
    p.border_sigma = 1;
    void *memory = malloc(nn_loss_border.weigh_bytes(&b));
    nn_loss_border.weigh(&b, &p, 0, memory, map);
    for (int i = 0; i < 12; i++) { /* at 10 and 11 one is over 4 away */
        const double sum = i < 5 ? 4 : (i - 6) + (i - 1), gap = 1 + 10 * exp(-sum * sum / 2);
        const bool counts = (i >= 2 && i <= 4);
        assert_true(fabs((double)map[i] - (counts ? gap : 1)) < 1e-6);
    }
    free(memory);
}

/* --- same bits --- */

static void threads_change_nothing(void **state)
{
    (void)state;
    struct edgel_loss_term terms[EDGEL_LOSS_KINDS];
    fill_all_terms(terms);
    for (int i = 0; i < LARGE_SHAPES; i++) {
        struct case_of_loss k = make_case(large_shapes[i], 20);
        point_case(&k, large_shapes[i].weighted);
        float *first = malloc(k.cells * sizeof(float)), *grad = malloc(k.cells * sizeof(float));
        double value[2][EDGEL_LOSS_KINDS], total[2];
        for (int threads = 1; threads <= 4; threads++) {
            struct edgel_pool *p;
            struct edgel_loss_scratch scratch = { 0 };
            const int at = threads > 1;
            assert_int_equal(edgel_pool_create(threads, &p, &err), EDGEL_OK);
            assert_int_equal(edgel_loss_eval(terms, EDGEL_LOSS_KINDS, &k.p, &k.b, p, &scratch, value[at],
                                             &total[at], at ? grad : first, &err),
                             EDGEL_OK);
            edgel_loss_scratch_finish(&scratch);
            edgel_pool_destroy(&p);
            if (threads == 1)
                continue;
            assert_memory_equal(value[0], value[1], sizeof value[0]);
            assert_memory_equal(first, grad, k.cells * sizeof *grad);
            assert_true(total[0] == total[1]);
        }
        free(first);
        free(grad);
        free_case(&k);
    }
}

enum { KC = 5, KSUMS = 6 + 2 * KC }; /* classes, sums of one run of all kernels */

/* Runs all kernels of a level over one row; everything they write is in the result. */
struct kernel_run {
    float p[KC][LOSS_ROW], t[KC][LOSS_ROW], q[KC][LOSS_ROW], rows[5][LOSS_ROW], again[KC][LOSS_ROW],
        direct[KC][LOSS_ROW];
    double sums[KSUMS];
};

static void run_kernels(const struct loss_kernels *k, const struct case_of_loss *c, int n,
                        struct kernel_run *o)
{
    static const float w0[KC] = { 0.5f, 1, 2, 0.1f, 0.7f }, w1[KC] = { 1.5f, 1, 0.3f, 0, 2.5f };
    memset(o, 0, sizeof *o);
    struct loss_row r = { .n = n, .classes = c->b.classes, .x = c->logits, .x_stride = c->b.pixels };
    r.p = o->p[0];
    r.p_stride = LOSS_ROW;
    r.w0 = w0;
    r.w1 = w1;
    r.t = o->t[0];
    r.q = o->q[0];
    r.direct = o->direct[0];
    r.valid = o->rows[0];
    r.max = o->rows[1];
    r.logsum = o->rows[2];
    r.temp = o->rows[3];
    r.temp2 = o->rows[4];
    if (c->b.labels)
        k->labels(&r, c->b.labels);
    else
        k->soft(&r, c->b.soft);
    (r.classes == 1 ? k->sigmoid : k->softmax)(&r, &k->numeric);
    o->sums[0] = r.classes > 1 ? k->ce(&r) : 0;
    o->sums[1] = k->bce(&r, &k->numeric);
    o->sums[2] = k->l1.forward(&r, 0.1f);
    o->sums[3] = k->l2.forward(&r, 0.1f);
    o->sums[4] = k->smoothl1.forward(&r, 0.1f);
    k->overlap(&r, o->sums + 6, o->sums + 6 + KC);
    k->linear(&r, w1, w0);
    k->l1.backward(&r, 0.1f, 0.3f);
    k->l2.backward(&r, 0.1f, 0.4f);
    k->smoothl1.backward(&r, 0.1f, 0.5f);
    k->add_plane(&r, c->logits, 0.01f);
    for (int with_q = 0; with_q < 2; with_q++) {
        if (r.classes == 1)
            k->sigmoid_gradient(&r, 0.7f, with_q);
        else
            k->softmax_gradient(&r, 0.7f, with_q);
        k->add_bce(&r, &k->numeric, 0.2f);
        k->add_direct(&r);
        if (!with_q)
            memcpy(o->again, o->p, sizeof o->p);
    }
}

static void levels_change_nothing(void **state)
{
    (void)state;
    int count;
    const struct edgel_cpu_row *levels = edgel_cpu_levels(&count);
    static struct kernel_run plain, wide;
    struct loss_kernels c_kernels, kernels;
    loss_kernels_init(&c_kernels, 0);
    for (int l = 1; l < count; l++) {
        if ((levels[l].flags & edgel_cpu_flags()) != levels[l].flags)
            continue;
        loss_kernels_init(&kernels, levels[l].flags);
        for (int n = 1; n <= LOSS_ROW; n += n < 70 ? 1 : 41)
            for (int kind = 0; kind < 4; kind++) {
                struct case_of_loss k =
                    make_case((struct shape){ 1, kind & 1 ? KC : 1, (size_t)n, kind & 2, false, false }, 21);
                run_kernels(&c_kernels, &k, n, &plain);
                run_kernels(&kernels, &k, n, &wide);
                assert_memory_equal(&plain, &wide, sizeof plain);
                free_case(&k);
            }
    }
}

/* --- refusals, memory, text --- */

static void bad_calls_are_refused(void **state)
{
    (void)state;
    struct case_of_loss k = make_case((struct shape){ 2, 3, 600, false, false, false }, 22);
    struct case_of_loss one = make_case((struct shape){ 2, 1, 600, true, false, false }, 22);
    struct edgel_loss_scratch scratch = { 0 };
    struct edgel_loss_term term = { EDGEL_LOSS_CE, 1 };
#define REFUSED(batch, params, text)                                                                       \
    do {                                                                                                   \
        edgel_error_clear(&err);                                                                           \
        assert_int_equal(edgel_loss_eval(&term, 1, params, batch, pool, &scratch, NULL, NULL, NULL, &err), \
                         EDGEL_EINVAL);                                                                    \
        assert_non_null(strstr(err.msg, text));                                                            \
    } while (0)
    k.labels[600 + 517] = 3;
    REFUSED(&k.b, &k.p, "label 3 of sample 1, pixel 517: must be below 3 or 65535");
    k.labels[600 + 517] = 2;
    one.soft[601] = 1.5f;
    REFUSED(&one.b, &one.p, "soft target of sample 1, pixel 1");
    one.soft[601] = NAN;
    REFUSED(&one.b, &one.p, "soft target of sample 1, pixel 1");
    struct edgel_loss_batch b = k.b;
    b.soft = k.soft;
    REFUSED(&b, &k.p, "one of labels and soft");
    b.labels = NULL;
    b.soft = NULL;
    REFUSED(&b, &k.p, "one of labels and soft");
    b = k.b;
    b.n = 0;
    REFUSED(&b, &k.p, "0 samples");
    b.n = 2;
    b.classes = 65535;
    REFUSED(&b, &k.p, "65535 classes");
    struct edgel_loss_params p = k.p;
    p.balance = true;
    REFUSED(&k.b, &p, "balance with 3 classes");
    p = k.p;
    p.smooth = -1;
    REFUSED(&k.b, &p, "smooth -1");
    p = k.p;
    p.smooth_beta = 0;
    REFUSED(&k.b, &p, "smooth_beta 0");
    p = k.p;
    k.weights[2] = NAN;
    p.class_weights = k.weights;
    REFUSED(&k.b, &p, "of class 2");
    term.weight = INFINITY;
    REFUSED(&k.b, &k.p, "weight inf of ce");
    term = (struct edgel_loss_term){ (enum edgel_loss)EDGEL_LOSS_KINDS, 1 };
    REFUSED(&k.b, &k.p, "not known");
#undef REFUSED
    assert_int_equal(edgel_loss_eval(&term, 0, &k.p, &k.b, pool, &scratch, NULL, NULL, NULL, NULL),
                     EDGEL_EINVAL);
    b = k.b;
    b.pixels = SIZE_MAX / 8;
    term.kind = EDGEL_LOSS_CE;
    assert_int_equal(edgel_loss_eval(&term, 1, &k.p, &b, pool, &scratch, NULL, NULL, NULL, NULL),
                     EDGEL_ENOMEM);
    b.pixels = (size_t)1 << 31;
    term.kind = EDGEL_LOSS_LOVASZ;
    assert_int_equal(edgel_loss_eval(&term, 1, &k.p, &b, pool, &scratch, NULL, NULL, NULL, NULL),
                     EDGEL_ELIMIT);
    term.kind = EDGEL_LOSS_CLDICE;
    b = k.b;
    for (b.w = 0; b.w < 602; b.w += b.w ? 599 : 2) { /* 0, 2 and 601: no divisors of 600 but 2 */
        edgel_error_clear(&err);
        assert_int_equal(edgel_loss_eval(&term, 1, &k.p, &b, pool, &scratch, NULL, NULL, NULL, &err),
                         b.w == 2 ? EDGEL_OK : EDGEL_EINVAL);
        assert_true(b.w == 2 || strstr(err.msg, "cldice needs the pixels of a row"));
    }
    edgel_loss_scratch_finish(&scratch);
    free_case(&k);
    free_case(&one);
}

static void memory_is_taken_once(void **state)
{
    (void)state;
    struct edgel_loss_term terms[EDGEL_LOSS_KINDS];
    struct edgel_loss_scratch scratch = { 0 };
    struct case_of_loss k = make_case((struct shape){ 2, 3, 600, false, false, false }, 23);
    const long live = edgel_alloc_live();
    float *grad = malloc(k.cells * sizeof *grad);
    double value[EDGEL_LOSS_KINDS] = { 7 };
    fill_all_terms(terms);
    edgel_alloc_fail_after(0);
    assert_int_equal(
        edgel_loss_eval(terms, EDGEL_LOSS_KINDS, &k.p, &k.b, pool, &scratch, value, NULL, grad, &err),
        EDGEL_ENOMEM);
    assert_true(value[0] == 7 && edgel_alloc_live() == live);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            edgel_loss_eval(terms, EDGEL_LOSS_KINDS, &k.p, &k.b, pool, &scratch, value, NULL, grad, NULL),
            EDGEL_OK);
        assert_int_equal(edgel_alloc_live(), live + 1);
        edgel_alloc_fail_after(0); /* the steady state allocates nothing */
    }
    edgel_alloc_fail_after(-1);
    edgel_loss_scratch_finish(&scratch);
    assert_int_equal(edgel_alloc_live(), live);
    edgel_loss_scratch_finish(&scratch);
    free(grad);
    free_case(&k);
}

static void terms_are_read(void **state)
{
    (void)state;
    static const char *const bad[] = { "",       "ce,",    "ce,,iou", "CE",        "ce:",   "ce:x", "ce:-1",
                                       "ce:nan", "ce:1:2", " ce",     "ce:1,ce:2", "cross", "c" };
    struct edgel_loss_term t[EDGEL_LOSS_KINDS];
    int n;
    assert_int_equal(edgel_loss_parse("ce:1.5,iou", t, &n, &err), EDGEL_OK);
    assert_int_equal(n, 2);
    assert_true(t[0].kind == EDGEL_LOSS_CE && t[0].weight == 1.5 && t[1].kind == EDGEL_LOSS_IOU &&
                t[1].weight == 1);
    assert_int_equal(
        edgel_loss_parse("border,cldice,tversky,focal,smoothl1,l2,l1,lovasz,dice,iou,bce,ce", t, &n, &err),
        EDGEL_OK);
    for (int i = 0; i < EDGEL_LOSS_KINDS; i++)
        assert_int_equal(t[i].kind, EDGEL_LOSS_KINDS - 1 - i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        edgel_error_clear(&err);
        assert_int_equal(edgel_loss_parse(bad[i], t, &n, &err), EDGEL_EINVAL);
        assert_true(err.msg[0] != '\0');
    }
    edgel_error_clear(&err);
    assert_int_equal(edgel_loss_parse("bce,giou", t, &n, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "loss giou: compares boxes, and heads make masks; iou is that of masks");
    edgel_error_clear(&err);
    char longer[300];
    memset(longer, '1', sizeof longer);
    memcpy(longer, "ce:", 3);
    longer[299] = '\0';
    assert_int_equal(edgel_loss_parse(longer, t, &n, &err), EDGEL_EINVAL);
    assert_null(edgel_loss_name(-1));
    assert_null(edgel_loss_name(EDGEL_LOSS_KINDS));
    assert_string_equal(edgel_loss_name(EDGEL_LOSS_SMOOTHL1), "smoothl1");
}

static void class_weights_balance_the_median(void **state)
{
    (void)state;
    const int64_t count[] = { 400, 100, 0, 50, 25 }, odd[] = { 8, 2, 4 }, equal[] = { 3, 3 },
                  none[] = { 0, 0 };
    const int64_t negative[] = { 1, -1 };
    float w[5];
    assert_int_equal(edgel_class_weights(count, 5, w, &err), EDGEL_OK);
    assert_true(w[0] == 75 / 400.0f && w[1] == 0.75f && w[2] == 0 && w[3] == 1.5f && w[4] == 3);
    assert_int_equal(edgel_class_weights(odd, 3, w, &err), EDGEL_OK);
    assert_true(w[0] == 0.5f && w[1] == 2 && w[2] == 1);
    assert_int_equal(edgel_class_weights(equal, 2, w, &err), EDGEL_OK);
    assert_true(w[0] == 1 && w[1] == 1);
    assert_int_equal(edgel_class_weights(none, 2, w, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_class_weights(negative, 2, w, NULL), EDGEL_EINVAL);
}

/* --- boxes --- */

static double box(int kind, const double *p, const double *t, double *grad)
{
    double v = -1;
    assert_int_equal(edgel_box_loss_value((enum edgel_box_loss)kind, p, t, &v, grad, &err), EDGEL_OK);
    return v;
}

static void random_box(struct edgel_rng *r, double *b)
{
    for (int k = 0; k < 2; k++) {
        b[k] = 10 * edgel_rng_uniform(r);
        b[k + 2] = b[k] + 0.5 + 10 * edgel_rng_uniform(r);
    }
}

/* iou, giou and diou; ciou is not the derivative of its value, as alpha stands still: PyTorch's values hold it. */
static void box_gradients_equal_differences(void **state)
{
    (void)state;
    struct edgel_rng r = edgel_rng_seed(30, 0, 0, 0);
    double worst = 0;
    for (int i = 0; i < 3000; i++) {
        double p[4], t[4], grad[4];
        random_box(&r, p);
        random_box(&r, t);
        (void)box(i % 3, p, t, grad);
        for (int k = 0; k < 4; k++) {
            const double at = p[k], h = 1e-6;
            p[k] = at + h;
            const double up = box(i % 3, p, t, NULL);
            p[k] = at - h;
            worst = fmax(worst, fabs((up - box(i % 3, p, t, NULL)) / (2 * h) - grad[k]));
            p[k] = at;
        }
    }
    printf("# boxes: gradients within %.2g of differences\n", worst);
    assert_true(worst < 1e-7);
}

static void boxes_keep_their_ranges(void **state)
{
    (void)state;
    static const double top[] = { 1, 2, 2, 3 };
    struct edgel_rng r = edgel_rng_seed(31, 0, 0, 0);
    for (int i = 0; i < 20000; i++) {
        double p[4], t[4], far[4], grad[4];
        random_box(&r, p);
        random_box(&r, t);
        for (int kind = 0; kind < 4; kind++) {
            const double v = box(kind, p, t, grad);
            assert_true(v >= 0 && v < top[kind] + (kind == 0));
            assert_true(v >= box(0, p, t, NULL) - 1e-12 && fabs(box(kind, t, t, grad)) < 1e-12);
            if (kind < 3)
                assert_true(fabs(v - box(kind, t, p, NULL)) < 1e-12);
            for (int k = 0; k < 4; k++)
                far[k] = p[k] + 1000;
            assert_true(box(kind, far, t, grad) >= 1);
            assert_true(kind == 0 ? grad[0] == 0 && grad[2] == 0
                                  : grad[0] + grad[2] > 0); /* downhill is back */
        }
    }
}

static void degenerate_boxes_are_defined(void **state)
{
    (void)state;
    const double t[4] = { 0, 0, 4, 2 }, big[4] = { 0, 0, 1e10, 1 }, nan[4] = { 0, 0, NAN, 1 };
    const double bad[][4] = { { 0, 0, 0, 1 }, { 0, 1, 1, 0 }, { 0, 0, INFINITY, 1 } };
    const double flat[][4] = {
        { 1, 1, 1, 1 }, { 1, 1, 3, 1 }, { 3, 1, 1, 2 }, { 3, 2, 1, 1 }, { 9, 9, 8, 8 }
    };
    double grad[4], v;
    for (int kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < sizeof flat / sizeof *flat; i++) {
            v = box(kind, flat[i], t, grad);
            assert_true(isfinite(v) && v >= 1 && v < 4);
            for (int k = 0; k < 4; k++)
                assert_true(isfinite(grad[k]) && (kind > 0 || grad[k] == 0));
        }
        for (int i = 0; i < 3; i++)
            assert_int_equal(edgel_box_loss_value((enum edgel_box_loss)kind, t, bad[i], &v, grad, NULL),
                             EDGEL_EINVAL);
        assert_int_equal(edgel_box_loss_value((enum edgel_box_loss)kind, nan, t, &v, grad, NULL),
                         EDGEL_EINVAL);
        assert_int_equal(edgel_box_loss_value((enum edgel_box_loss)kind, big, t, &v, grad, NULL),
                         EDGEL_EINVAL);
    }
    /* worked by hand: a point at the centre of the truth has no area, no distance, the enclosing box of the truth */
    const double point[4] = { 2, 1, 2, 1 };
    assert_true(box(0, point, t, grad) == 1 && box(1, point, t, grad) == 1 && box(2, point, t, grad) == 1);
    /* turned inside out: its corners span 6 x 2 with the truth's 8 */
    const double inverted[4] = { 1, 1, -2, 1.5 };
    assert_true(fabs(box(1, inverted, t, grad) - (1 + (12 - 8) / 12.0)) < 1e-15);
    assert_int_equal(edgel_box_loss_value((enum edgel_box_loss)4, t, t, &v, grad, NULL), EDGEL_EINVAL);
}

static int begin(void **state)
{
    edgel_loss_params_init(&defaults);
    (void)state;
    return edgel_pool_create(2, &pool, &err) == EDGEL_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    edgel_pool_destroy(&pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(a_planted_row_is_seen),
        cmocka_unit_test(numbers_are_those_of_the_rows),
        cmocka_unit_test(values_equal_the_twin),
        cmocka_unit_test(gradients_equal_differences),
        cmocka_unit_test(results_equal_pytorch),
        cmocka_unit_test(sums_are_linear),
        cmocka_unit_test(ignored_pixels_change_nothing),
        cmocka_unit_test(perfect_and_worst_predictions),
        cmocka_unit_test(hard_predictions_give_the_jaccard_loss),
        cmocka_unit_test(nothing_to_count_gives_zero),
        cmocka_unit_test(broken_logits_show_in_the_value),
        cmocka_unit_test(large_logits_are_stable),
        cmocka_unit_test(losses_become_others),
        cmocka_unit_test(gaps_have_the_weights_said),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(levels_change_nothing),
        cmocka_unit_test(bad_calls_are_refused),
        cmocka_unit_test(memory_is_taken_once),
        cmocka_unit_test(terms_are_read),
        cmocka_unit_test(class_weights_balance_the_median),
        cmocka_unit_test(box_gradients_equal_differences),
        cmocka_unit_test(boxes_keep_their_ranges),
        cmocka_unit_test(degenerate_boxes_are_defined),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
