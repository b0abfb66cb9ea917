/*
 * Gradient magnitude: |gx| + |gy| (L1) or sqrt(gx^2 + gy^2) (L2); of several channels the strongest. Channels are
 * compared from the last to the first (B, G, R of an RGB image); of equals the first one found wins.
 */
#include "filter/filter_priv.h"
#include <math.h>

/* v / 16, halves to even. */
static double sixteenth(double v)
{
    return rint(v / 16);
}

static double magnitude(double x, double y, enum edgel_norm norm)
{
    return norm == EDGEL_NORM_L1 ? fabs(x) + fabs(y) : x * x + y * y;
}

double edgel_magnitude_unit(double m, enum edgel_norm norm)
{
    return norm == EDGEL_NORM_L1 ? m : sqrt(m);
}

void edgel_strongest(const struct edgel_derive *d, enum edgel_norm norm, bool sixteenths, double *gx,
                     double *gy, double *m)
{
    const int c = d->in.channels;
    const bool real = d->in.type == EDGEL_F32;
    for (int x = 0; x < d->in.w; x++) {
        m[x] = -1;
        for (int i = x * c + c - 1; i >= x * c; i--) {
            double a = real ? (double)((const float *)d->gx)[i] : (double)((const int32_t *)d->gx)[i];
            double b = real ? (double)((const float *)d->gy)[i] : (double)((const int32_t *)d->gy)[i];
            a = sixteenths ? sixteenth(a) : a;
            b = sixteenths ? sixteenth(b) : b;
            double v = magnitude(a, b, norm);
            if (v > m[x] || i == x * c + c - 1) {
                m[x] = v;
                gx[x] = a;
                gy[x] = b;
            }
        }
    }
}

/* --- public: whole planes --- */

double edgel_gradient_sample(const void *row, enum edgel_type type, int i)
{
    switch (type) {
    case EDGEL_I32: return ((const int32_t *)row)[i];
    case EDGEL_I16: return ((const int16_t *)row)[i];
    default: return ((const float *)row)[i];
    }
}

enum edgel_status edgel_gradient_check(const char *what, struct edgel_view gx, struct edgel_view gy,
                                       struct edgel_error *err)
{
    if (gx.type != EDGEL_I32 && gx.type != EDGEL_I16 && gx.type != EDGEL_F32)
        return edgel_fail(err, EDGEL_EINVAL, "%s: gradient type %d: must be I16, I32 or F32", what,
                          (int)gx.type);
    EDGEL_TRY(edgel_layout_check(what, gx, 4, err));
    if (gx.w != gy.w || gx.h != gy.h || gx.channels != gy.channels || gx.type != gy.type)
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s: gx is %dx%d, gy %dx%d: must agree in size, channels and type", what, gx.w,
                          gx.h, gy.w, gy.h);
    return edgel_layout_check(what, gy, 4, err);
}

static enum edgel_status begin_magnitude(struct edgel_view gx, struct edgel_view gy, enum edgel_norm norm,
                                         struct edgel_image *out, struct edgel_error *err)
{
    EDGEL_TRY(edgel_gradient_check("magnitude", gx, gy, err));
    if (norm != EDGEL_NORM_L1 && norm != EDGEL_NORM_L2)
        return edgel_fail(err, EDGEL_EINVAL, "norm %d: must be L1 or L2", (int)norm);
    return edgel_image_init(out, gx.w, gx.h, 1, EDGEL_F32, err);
}

enum edgel_status edgel_magnitude(struct edgel_view gx, struct edgel_view gy, enum edgel_norm norm,
                                  struct edgel_image *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    const enum edgel_status st = begin_magnitude(gx, gy, norm, out, err);
    if (st != EDGEL_OK) {
        edgel_image_finish(out);
        return st;
    }
    const int c = gx.channels;
    for (int y = 0; y < gx.h; y++) {
        const void *rx = (const char *)gx.data + y * gx.stride, *ry = (const char *)gy.data + y * gy.stride;
        float *o = (float *)((char *)out->data + y * out->stride);
        for (int x = 0; x < gx.w; x++) {
            double best = 0;
            for (int i = x * c; i < x * c + c; i++)
                best = fmax(best, magnitude(edgel_gradient_sample(rx, gx.type, i),
                                            edgel_gradient_sample(ry, gx.type, i), norm));
            o[x] = (float)edgel_magnitude_unit(best, norm);
        }
    }
    return EDGEL_OK;
}
