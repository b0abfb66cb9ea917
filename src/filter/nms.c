/*
 * Non-maximum suppression of one row, on magnitudes m and derivatives gx, gy held in double. Outside the image m is
 * 0, so that border pixels can be maxima.
 *
 * Sector (OpenCV's Canny): with x = |gx|, y = |gy|, tan(22.5 deg) ~ 13573 / 2^15, tan(67.5 deg) ~ that + 2,
 *     2^15 y < 13573 x             level:   m > left and m >= right
 *     2^15 y > 13573 x + 2^16 x    upright: m > up and m >= down
 *     else                         slanted: m > up[x - s] and m > down[x + s], s = -1 where gx and gy differ in
 *                                  sign, else 1
 *
 * Interpolated: the line along (gx, gy) leaves the 3x3 neighbourhood between two pixels on either side. Where
 * x >= y these are a = (sign gx, 0) and b = (sign gx, sign gy); else a = (0, sign gy). On that edge
 *     m(ahead) = ((1 - q) m(a) + q m(b)), q = min(x, y) / max(x, y),
 * and m(behind) the same mirrored at the pixel. Kept: m >= m(behind) and m > m(ahead). Of two equals across an edge
 * the one on the brighter side stays, so that flips and transposes of an image commute with it. For the L2 norm m is
 * the squared magnitude. Both sides are multiplied by max(x, y) instead of a division; integers are compared exactly.
 *
 * Source: J. Canny, A Computational Approach to Edge Detection (1986).
 */
#include "filter/filter_priv.h"
#include <math.h>

/* Products of 16-bit images' squared magnitudes with a derivative have up to 78 bits: a number below 2^32 and the
 * multiple of 2^32 that goes with it. */
struct wide {
    uint64_t high, low;
};

/* p a + q b, for whole numbers p, q below 2^31 and a, b below 2^56 */
static struct wide weigh(double p, double a, double q, double b)
{
    const uint64_t wp = (uint64_t)p, wq = (uint64_t)q, wa = (uint64_t)a, wb = (uint64_t)b;
    const uint64_t low = wp * (wa & UINT32_MAX) + wq * (wb & UINT32_MAX);
    return (struct wide){ wp * (wa >> 32) + wq * (wb >> 32) + (low >> 32), low & UINT32_MAX };
}

static bool above(struct wide a, struct wide b)
{
    return a.high != b.high ? a.high > b.high : a.low > b.low;
}

static bool keep_sector(double gx, double gy, const double *up, const double *mid, const double *down)
{
    const double x = fabs(gx), y = fabs(gy) * 32768, m = *mid;
    const double flat = x * 13573, steep = flat + x * 65536;
    if (y < flat)
        return m > mid[-1] && m >= mid[1];
    if (y > steep)
        return m > up[0] && m >= down[0];
    const int s = (gx < 0) != (gy < 0) ? -1 : 1;
    return m > up[-s] && m > down[s];
}

static bool keep_interp(double gx, double gy, const double *up, const double *mid, const double *down,
                        bool wide)
{
    const double x = fabs(gx), y = fabs(gy);
    const int right = gx < 0 ? -1 : 1;
    const double *ahead = gy < 0 ? up : down, *behind = gy < 0 ? down : up;
    const bool level = x >= y;
    const double major = level ? x : y, q = level ? y : x, p = major - q;
    const double a = level ? mid[right] : ahead[0], b = ahead[right];
    const double c = level ? mid[-right] : behind[0], d = behind[-right];
    if (!wide)
        return *mid * major >= p * c + q * d && *mid * major > p * a + q * b;
    const struct wide centre = weigh(major, *mid, 0, 0);
    return !above(weigh(p, c, q, d), centre) && above(centre, weigh(p, a, q, b));
}

void edgel_nms_row(double *kept, const double *gx, const double *gy, const double *up, const double *mid,
                   const double *down, int n, enum edgel_nms nms, bool wide)
{
    for (int x = 0; x < n; x++) {
        bool keep = nms == EDGEL_NMS_SECTOR ? keep_sector(gx[x], gy[x], up + x, mid + x, down + x)
                                            : keep_interp(gx[x], gy[x], up + x, mid + x, down + x, wide);
        kept[x] = keep ? mid[x] : 0;
    }
}
