/*
 * Direction: atan2(gy, gx). The smaller of |gx|, |gy| over the larger is t in [0, 1]; above tan(pi/8) it is turned by
 * -pi/4, t' = (t - 1) / (t + 1), so that |t'| <= 0.4143, where the odd series of atan to t^21 is within 1e-10.
 */
#include "filter/filter_priv.h"
#include <math.h>

static double atan_of_ratio(double t)
{
    const double quarter_pi = 0x1.921fb54442d18p-1;
    double base = 0, power = t;
    if (t > 0x1.a827999fcef32p-2) {
        base = quarter_pi;
        power = (t - 1) / (t + 1);
    }
    const double square = power * power;
    double sum = 1.0 / 21;
    for (int k = 19; k >= 1; k -= 2)
        sum = 1.0 / k - square * sum;
    return base + power * sum;
}

static double direction(double x, double y)
{
    const double half_pi = 0x1.921fb54442d18p+0;
    const double ax = fabs(x), ay = fabs(y);
    if (ax == 0 && ay == 0)
        return 0;
    double a = ay <= ax ? atan_of_ratio(ay / ax) : half_pi - atan_of_ratio(ax / ay);
    if (x < 0)
        a = 2 * half_pi - a;
    return y < 0 ? -a : a;
}

static enum edgel_status begin(struct edgel_view gx, struct edgel_view gy, struct edgel_image *out,
                               struct edgel_error *err)
{
    EDGEL_TRY(edgel_gradient_check("orientation", gx, gy, err));
    if (gx.channels != 1)
        return edgel_fail(err, EDGEL_EINVAL, "orientation: gradient with %d channels: must have 1",
                          gx.channels);
    return edgel_image_init(out, gx.w, gx.h, 1, EDGEL_F32, err);
}

enum edgel_status edgel_orientation(struct edgel_view gx, struct edgel_view gy, struct edgel_image *out,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    const enum edgel_status st = begin(gx, gy, out, err);
    if (st != EDGEL_OK) {
        edgel_image_finish(out);
        return st;
    }
    for (int y = 0; y < gx.h; y++) {
        const void *rx = (const char *)gx.data + y * gx.stride, *ry = (const char *)gy.data + y * gy.stride;
        float *o = (float *)((char *)out->data + y * out->stride);
        for (int x = 0; x < gx.w; x++)
            o[x] = (float)direction(edgel_gradient_sample(rx, gx.type, x),
                                    edgel_gradient_sample(ry, gx.type, x));
    }
    return EDGEL_OK;
}
