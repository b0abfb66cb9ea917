/* Losses of a predicted box against a true one, with their gradients; formulas and borders in edgel/nn_loss.h. Every
 * length is a difference of corners, so each carries its derivatives by the four numbers of the prediction along. */
#include "core/core_priv.h"
#include "edgel/nn.h"
#include <math.h>

struct dual { /* a value and its derivatives by x0, y0, x1, y1 of the prediction */
    double v, d[4];
};

static struct dual constant(double v)
{
    return (struct dual){ .v = v };
}

static struct dual variable(double v, int k)
{
    struct dual r = constant(v);
    r.d[k] = 1;
    return r;
}

/* a f(v)' = fa a' + fb b' */
static struct dual chain(double v, struct dual a, double fa, struct dual b, double fb)
{
    struct dual r = { .v = v };
    for (int k = 0; k < 4; k++)
        r.d[k] = fa * a.d[k] + fb * b.d[k];
    return r;
}

static struct dual add(struct dual a, struct dual b)
{
    return chain(a.v + b.v, a, 1, b, 1);
}

static struct dual subtract(struct dual a, struct dual b)
{
    return chain(a.v - b.v, a, 1, b, -1);
}

static struct dual multiply(struct dual a, struct dual b)
{
    return chain(a.v * b.v, a, b.v, b, a.v);
}

static struct dual divide(struct dual a, struct dual b)
{
    return chain(a.v / b.v, a, 1 / b.v, b, -a.v / (b.v * b.v));
}

static struct dual smaller(struct dual a, struct dual b)
{
    return a.v < b.v ? a : b;
}

static struct dual larger(struct dual a, struct dual b)
{
    return a.v > b.v ? a : b;
}

/* max(a, 0), with no derivative at 0 and below */
static struct dual positive(struct dual a)
{
    return a.v > 0 ? a : constant(0);
}

struct boxes {
    struct dual p[4], t[4]; /* corners of prediction and truth */
    struct dual w, h;       /* sides of the prediction, none below 0 */
    struct dual iou, both;  /* both: area of the union */
};

static struct boxes measure(const double *pred, const double *truth)
{
    struct boxes b;
    for (int k = 0; k < 4; k++) {
        b.p[k] = variable(pred[k], k);
        b.t[k] = constant(truth[k]);
    }
    b.w = positive(subtract(b.p[2], b.p[0]));
    b.h = positive(subtract(b.p[3], b.p[1]));
    const struct dual w = positive(subtract(smaller(b.p[2], b.t[2]), larger(b.p[0], b.t[0])));
    const struct dual h = positive(subtract(smaller(b.p[3], b.t[3]), larger(b.p[1], b.t[1])));
    const bool empty = b.w.v == 0 || b.h.v == 0 || w.v == 0 || h.v == 0;
    const struct dual common = empty ? constant(0) : multiply(w, h);
    const struct dual area = b.w.v == 0 || b.h.v == 0 ? constant(0) : multiply(b.w, b.h);
    const struct dual own = constant((truth[2] - truth[0]) * (truth[3] - truth[1]));
    b.both = subtract(add(area, own), common);
    b.iou = divide(common, b.both);
    return b;
}

/* Side k (0 width, 1 height) of the smallest box around all corners. */
static struct dual enclosing(const struct boxes *b, int k)
{
    const struct dual low = smaller(smaller(b->p[k], b->p[k + 2]), b->t[k]);
    const struct dual high = larger(larger(b->p[k], b->p[k + 2]), b->t[k + 2]);
    return subtract(high, low);
}

static struct dual giou_penalty(const struct boxes *b)
{
    const struct dual c = multiply(enclosing(b, 0), enclosing(b, 1));
    return divide(subtract(c, b->both), c);
}

static struct dual squared_lengths(struct dual x, struct dual y)
{
    return add(multiply(x, x), multiply(y, y));
}

static struct dual diou_penalty(const struct boxes *b)
{
    const struct dual x = subtract(add(b->p[0], b->p[2]), add(b->t[0], b->t[2]));
    const struct dual y = subtract(add(b->p[1], b->p[3]), add(b->t[1], b->t[3]));
    const struct dual diagonal = squared_lengths(enclosing(b, 0), enclosing(b, 1));
    return divide(multiply(constant(0.25), squared_lengths(x, y)), diagonal);
}

/* atan(w / h), pi/2 for h = 0 < w, 0 for w = 0; no derivative when a side is 0 */
static struct dual aspect(struct dual w, struct dual h)
{
    const double angle = w.v > 0 ? edgel_atan(w.v / h.v) : 0, square = w.v * w.v + h.v * h.v;
    return w.v > 0 && h.v > 0 ? chain(angle, w, h.v / square, h, -w.v / square) : constant(angle);
}

static struct dual ciou_penalty(const struct boxes *b)
{
    const double four_over_pi2 = 0x1.9f02f6222c720p-2;
    const struct dual w = subtract(b->t[2], b->t[0]), h = subtract(b->t[3], b->t[1]);
    const struct dual d = subtract(aspect(w, h), aspect(b->w, b->h));
    const struct dual v = multiply(constant(four_over_pi2), multiply(d, d));
    const double rest = 1 - b->iou.v + v.v;
    return multiply(constant(rest > 0 ? v.v / rest : 0), v);
}

enum edgel_status edgel_box_loss_value(enum edgel_box_loss kind, const double pred[4], const double truth[4],
                                       double *value, double *grad, struct edgel_error *err)
{
    EDGEL_REQUIRE(value);
    EDGEL_REQUIRE(pred);
    EDGEL_REQUIRE(truth);
    const double limit = 1e9;
    for (int k = 0; k < 4; k++)
        if (!(fabs(pred[k]) <= limit && fabs(truth[k]) <= limit))
            return edgel_fail(err, EDGEL_EINVAL, "box corners %g and %g: must be finite, at most 1e9",
                              pred[k], truth[k]);
    if (!(truth[2] - truth[0] >= 1 / limit && truth[3] - truth[1] >= 1 / limit))
        return edgel_fail(err, EDGEL_EINVAL, "true box %g %g %g %g: sides must be at least 1e-9", truth[0],
                          truth[1], truth[2], truth[3]);
    if ((int)kind < EDGEL_BOX_IOU || kind > EDGEL_BOX_CIOU)
        return edgel_fail(err, EDGEL_EINVAL, "box loss %d: not known", (int)kind);
    const struct boxes b = measure(pred, truth);
    struct dual loss = subtract(constant(1), b.iou);
    if (kind == EDGEL_BOX_GIOU)
        loss = add(loss, giou_penalty(&b));
    if (kind == EDGEL_BOX_DIOU || kind == EDGEL_BOX_CIOU)
        loss = add(loss, diou_penalty(&b));
    if (kind == EDGEL_BOX_CIOU)
        loss = add(loss, ciou_penalty(&b));
    *value = loss.v;
    for (int k = 0; grad && k < 4; k++)
        grad[k] = loss.d[k];
    return EDGEL_OK;
}
