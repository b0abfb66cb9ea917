/*
 * Measures of how well two boxes agree. A box holds the points x0 <= x <= x1, y0 <= y <= y1; a box whose end lies
 * before its start has no extent in that direction. A, B: the boxes' areas, I: area of their intersection, U = A + B -
 * I, C: area of the smallest box that holds both, d: distance of their centres, c: diagonal of that smallest box.
 *
 *   IoU   I / U
 *   GIoU  IoU - (C - U) / C
 *   DIoU  IoU - d^2 / c^2
 *   CIoU  DIoU - a v,  v = (2 / pi (atan(wA / hA) - atan(wB / hB)))^2,  a = v / (1 - IoU + v)
 *
 * Boxes that are equal have 1 in all four, lines and points included. Else IoU is 0 where U is 0, the term of GIoU is 0
 * where C is 0 (both on one line), and v is 0 where a box is a point. Boxes that share no area have IoU 0 and differ by
 * their distance: GIoU goes to -1, DIoU to -1, CIoU to -1.5. All are symmetric; GIoU, DIoU and CIoU are at most IoU.
 *
 * The difference of the two arcs is one: atan2 of the cross and the dot product of (hA, wA) and (hB, wB). It is
 * computed here in plain arithmetic, so that no bit hangs on a mathematical library.
 * Sources: H. Rezatofighi et al., "Generalized intersection over union", 2019 (GIoU); Z. Zheng et al., "Distance-IoU
 * loss: faster and better learning for bounding box regression", 2020 (DIoU, CIoU).
 */
#include "edgel/eval.h"
#include <math.h>

#define HALF_PI 1.5707963267948966

struct agreement {
    double iou, joined, hull; /* hull: area of the box that holds both */
    bool equal;
};

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static double length(double from, double to)
{
    return to > from ? to - from : 0;
}

static double width(const struct edgel_box *b)
{
    return length(b->x0, b->x1);
}

static double height(const struct edgel_box *b)
{
    return length(b->y0, b->y1);
}

static double hull_width(const struct edgel_box *a, const struct edgel_box *b)
{
    return length(smaller(a->x0, b->x0), larger(a->x1, b->x1));
}

static double hull_height(const struct edgel_box *a, const struct edgel_box *b)
{
    return length(smaller(a->y0, b->y0), larger(a->y1, b->y1));
}

static struct agreement agree(const struct edgel_box *a, const struct edgel_box *b)
{
    const double both = length(larger(a->x0, b->x0), smaller(a->x1, b->x1)) *
                        length(larger(a->y0, b->y0), smaller(a->y1, b->y1));
    struct agreement g = { .joined = width(a) * height(a) + width(b) * height(b) - both };
    g.equal = a->x0 == b->x0 && a->y0 == b->y0 && a->x1 == b->x1 && a->y1 == b->y1;
    g.iou = g.equal ? 1 : g.joined > 0 ? both / g.joined : 0;
    g.hull = hull_width(a, b) * hull_height(a, b);
    return g;
}

double edgel_box_iou(const struct edgel_box *a, const struct edgel_box *b)
{
    return agree(a, b).iou;
}

double edgel_box_giou(const struct edgel_box *a, const struct edgel_box *b)
{
    const struct agreement g = agree(a, b);
    return g.equal || !(g.hull > g.joined) ? g.iou : g.iou - (g.hull - g.joined) / g.hull;
}

double edgel_box_diou(const struct edgel_box *a, const struct edgel_box *b)
{
    const struct agreement g = agree(a, b);
    const double dx = (a->x0 + a->x1 - b->x0 - b->x1) / 2, dy = (a->y0 + a->y1 - b->y0 - b->y1) / 2;
    const double w = hull_width(a, b), h = hull_height(a, b), diagonal2 = w * w + h * h;
    return g.equal || !(diagonal2 > 0) ? g.iou : g.iou - (dx * dx + dy * dy) / diagonal2;
}

/* atan(x) for 0 <= x <= 1: atan(k / 8) + atan((x - k / 8) / (1 + x k / 8)), the rest by its series to the 13th
 * power. */
static double arc_of_small(double x)
{
    static const double eighths[9] = {
        0,
        0.12435499454676144,
        0.24497866312686414,
        0.35877067027057225,
        0.46364760900080609,
        0.55859931534356244,
        0.64350110879328437,
        0.71882999962162453,
        0.78539816339744828,
    };
    const int k = (int)(x * 8 + 0.5);
    const double near = k / 8.0, t = (x - near) / (1 + x * near), t2 = t * t;
    double sum = 0;
    for (int n = 13; n >= 1; n -= 2)
        sum = 1.0 / n - t2 * sum;
    return eighths[k] + t * sum;
}

/* Angle of the point (x, y), both >= 0; 0 for the origin. */
static double angle(double y, double x)
{
    if (!(x + y > 0))
        return 0;
    return y <= x ? arc_of_small(y / x) : HALF_PI - arc_of_small(x / y);
}

double edgel_box_ciou(const struct edgel_box *a, const struct edgel_box *b)
{
    const double wa = width(a), ha = height(a), wb = width(b), hb = height(b);
    const double turn = angle(fabs(wa * hb - wb * ha), ha * hb + wa * wb) / HALF_PI;
    const double v = turn * turn, iou = edgel_box_iou(a, b), diou = edgel_box_diou(a, b);
    return v > 0 ? diou - v * v / (1 - iou + v) : diou;
}
