/* Measures of boxes: cases by hand, the formulas with the mathematical library, and properties. */
#include "edgel/nn.h"
#include "eval_masks.h"
#include <math.h>

#define PI 3.14159265358979323846

static double real(double span)
{
    return ((double)rnd(1u << 30) / (1u << 30) - 0.5) * span;
}

static struct edgel_box random_box(void)
{
    const double x = real(20), y = real(20);
    if (rnd(3) == 0) /* whole numbers, so that boxes touch, nest and have no area */
        return (struct edgel_box){ (int)x, (int)y, (int)x + (int)rnd(6), (int)y + (int)rnd(6) };
    return (struct edgel_box){ x, y, x + (double)rnd(1000) * 0.01, y + (double)rnd(1000) * 0.01 };
}

static void near(double got, double want)
{
    if (!(fabs(got - want) < 1e-12))
        fail_msg("%.17g instead of %.17g", got, want);
}

static void cases_by_hand(void **state)
{
    (void)state;
    const struct edgel_box a = { 0, 0, 2, 2 }, b = { 1, 1, 3, 3 }, apart = { 4, 0, 6, 2 },
                           wide = { 0, 0, 4, 1 };
    near(edgel_box_iou(&a, &b), 1. / 7);
    near(edgel_box_giou(&a, &b), 1. / 7 - 2. / 9);
    near(edgel_box_diou(&a, &b), 1. / 7 - 2. / 18);
    near(edgel_box_ciou(&a, &b), 1. / 7 - 2. / 18); /* both are square */
    near(edgel_box_iou(&a, &apart), 0);
    near(edgel_box_giou(&a, &apart), -4. / 12);
    near(edgel_box_diou(&a, &apart), -16. / 40);
    /* a and wide: both 2, either 6, around 4 x 2, centres (1, 1) and (2, 0.5) */
    const double v = 4 / (PI * PI) * pow(atan(4) - atan(1), 2);
    near(edgel_box_iou(&a, &wide), 1. / 3);
    near(edgel_box_giou(&a, &wide), 1. / 3 - 2. / 8);
    near(edgel_box_diou(&a, &wide), 1. / 3 - 1.25 / 20);
    near(edgel_box_ciou(&a, &wide), 1. / 3 - 1.25 / 20 - v * v / (2. / 3 + v));
}

static void boxes_without_area(void **state)
{
    (void)state;
    const struct edgel_box point = { 1, 1, 1, 1 }, other = { 4, 5, 4, 5 }, line = { 0, 1, 8, 1 },
                           turned = { 1, 0, 1, 8 }, square = { 0, 0, 2, 2 }, back = { 3, 3, 1, 1 };
    const struct edgel_box *same[] = { &point, &line, &back };
    for (int i = 0; i < 3; i++) {
        near(edgel_box_iou(same[i], same[i]), 1);
        near(edgel_box_giou(same[i], same[i]), 1);
        near(edgel_box_diou(same[i], same[i]), 1);
        near(edgel_box_ciou(same[i], same[i]), 1);
    }
    near(edgel_box_iou(&point, &square), 0);
    near(edgel_box_giou(&point, &square), 0); /* inside: nothing around that is not in the square */
    near(edgel_box_diou(&point, &square), 0); /* one centre */
    near(edgel_box_ciou(&point, &square), 0); /* a point has no proportions */
    near(edgel_box_diou(&point, &other), -1); /* corners of the box around both */
    near(edgel_box_giou(&point, &other), -1);
    near(edgel_box_giou(&point, &line), 0);                 /* on one line */
    near(edgel_box_ciou(&line, &turned), -18. / 128 - 0.5); /* v = 1, a = 1 / 2; centres (4, 1) and (1, 4) */
}

static double area(const struct edgel_box *b)
{
    return fmax(0, b->x1 - b->x0) * fmax(0, b->y1 - b->y0);
}

/* As the papers write them, for boxes with area. */
static void formulas(const struct edgel_box *a, const struct edgel_box *b, double v[4])
{
    const struct edgel_box in = { fmax(a->x0, b->x0), fmax(a->y0, b->y0), fmin(a->x1, b->x1),
                                  fmin(a->y1, b->y1) };
    const struct edgel_box out = { fmin(a->x0, b->x0), fmin(a->y0, b->y0), fmax(a->x1, b->x1),
                                   fmax(a->y1, b->y1) };
    const double either = area(a) + area(b) - area(&in), iou = area(&in) / either;
    const double dx = (a->x0 + a->x1) / 2 - (b->x0 + b->x1) / 2,
                 dy = (a->y0 + a->y1) / 2 - (b->y0 + b->y1) / 2;
    const double w = out.x1 - out.x0, h = out.y1 - out.y0;
    const double turn = atan((a->x1 - a->x0) / (a->y1 - a->y0)) - atan((b->x1 - b->x0) / (b->y1 - b->y0));
    const double shape = 4 / (PI * PI) * turn * turn;
    v[0] = iou;
    v[1] = iou - (area(&out) - either) / area(&out);
    v[2] = iou - (dx * dx + dy * dy) / (w * w + h * h);
    v[3] = v[2] - (shape > 0 ? shape / (1 - iou + shape) * shape : 0);
}

static void formulas_and_properties(void **state)
{
    (void)state;
    for (int round = 0; round < 200000; round++) {
        const struct edgel_box a = random_box(), b = rnd(50) ? random_box() : a;
        const double v[] = { edgel_box_iou(&a, &b), edgel_box_giou(&a, &b), edgel_box_diou(&a, &b),
                             edgel_box_ciou(&a, &b) };
        const double turned[] = { edgel_box_iou(&b, &a), edgel_box_giou(&b, &a), edgel_box_diou(&b, &a),
                                  edgel_box_ciou(&b, &a) };
        double want[4];
        for (int i = 0; i < 4; i++) {
            near(v[i], turned[i]);
            assert_true(v[i] <= v[0] && v[i] <= 1 && v[i] >= (i == 0 ? 0 : i == 3 ? -1.5 : -1));
        }
        assert_true(v[3] <= v[2]);
        formulas(&a, &b, want);
        for (int i = 0; i < 4 && area(&a) > 0 && area(&b) > 0; i++)
            near(v[i], want[i]);
    }
}

/* The losses of the network are 1 - measure, written by others. */
static void losses_are_one_minus_measures(void **state)
{
    (void)state;
    double (*const measures[])(const struct edgel_box *,
                               const struct edgel_box *) = { edgel_box_iou, edgel_box_giou, edgel_box_diou,
                                                             edgel_box_ciou };
    static const enum edgel_box_loss losses[] = { EDGEL_BOX_IOU, EDGEL_BOX_GIOU, EDGEL_BOX_DIOU,
                                                  EDGEL_BOX_CIOU };
    int compared = 0;
    for (int round = 0; round < 50000; round++) {
        const struct edgel_box a = random_box(), b = random_box();
        const double p[] = { a.x0, a.y0, a.x1, a.y1 }, t[] = { b.x0, b.y0, b.x1, b.y1 };
        for (int i = 0; i < 4 && area(&a) > 0 && area(&b) > 0; i++, compared++) {
            double value;
            assert_int_equal(edgel_box_loss_value(losses[i], p, t, &value, NULL, NULL), EDGEL_OK);
            if (!(fabs(1 - value - measures[i](&a, &b)) < 1e-9))
                fail_msg("measure %d: %.17g, of the loss %.17g", i, measures[i](&a, &b), 1 - value);
        }
    }
    assert_true(compared > 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_by_hand),
        cmocka_unit_test(boxes_without_area),
        cmocka_unit_test(formulas_and_properties),
        cmocka_unit_test(losses_are_one_minus_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
