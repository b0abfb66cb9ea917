/* Canny held against a twin that follows the page at the top of canny.c pixel by pixel; thresholds by sorting; and what
 * must hold between runs. */
#include "filter/filter_priv.h"
#include "filter_twin.h"
#include "methods.h"
#include <stdio.h>

#ifndef __SIZEOF_INT128__ /* for the twin, which is to be exact: a compiler for 32-bit machines has none */
int main(void)
{
    puts("1..0 # SKIP no 128-bit integers");
    return 0;
}
#else

__extension__ typedef __int128 wide_int;

/* Everything about an image that the twin needs, one value a pixel. */
struct field {
    int w, h;
    double *gx, *gy, *m;
    bool *kept;
};

static double at(const double *v, const struct field *f, int x, int y)
{
    return x < 0 || y < 0 || x >= f->w || y >= f->h ? 0 : v[y * f->w + x];
}

static bool sixteenths(const struct edgel_image *img, const struct edgel_canny_params *p)
{
    return img->type == EDGEL_U8 && p->aperture == 7 && p->nms == EDGEL_NMS_SECTOR;
}

static void derive(struct field *f, const struct edgel_image *img, const struct edgel_canny_params *p)
{
    for (int i = 0; i < f->w * f->h; i++) {
        f->m[i] = -1;
        for (int c = img->channels - 1; c >= 0; c--) {
            double a, b;
            twin_gradient(img, EDGEL_SOBEL, p->aperture, i % f->w, i / f->w, c, &a, &b);
            if (img->type == EDGEL_F32) {
                a = (double)(float)a;
                b = (double)(float)b;
            }
            if (sixteenths(img, p)) {
                a = rint(a / 16);
                b = rint(b / 16);
            }
            const double m = p->norm == EDGEL_NORM_L1 ? fabs(a) + fabs(b) : a * a + b * b;
            if (m > f->m[i]) {
                f->m[i] = m;
                f->gx[i] = a;
                f->gy[i] = b;
            }
        }
    }
}

static bool sector(const struct field *f, int x, int y)
{
    const double gx = f->gx[y * f->w + x], gy = f->gy[y * f->w + x], m = f->m[y * f->w + x];
    const double ax = fabs(gx), ay = fabs(gy) * 32768;
    if (ay < ax * 13573)
        return m > at(f->m, f, x - 1, y) && m >= at(f->m, f, x + 1, y);
    if (ay > ax * 13573 + ax * 65536)
        return m > at(f->m, f, x, y - 1) && m >= at(f->m, f, x, y + 1);
    const int s = gx * gy < 0 ? -1 : 1;
    return m > at(f->m, f, x - s, y - 1) && m > at(f->m, f, x + s, y + 1);
}

/* The magnitude one step along (sign = 1) or against the gradient, times max(|gx|, |gy|). Whole numbers: exactly. */
static wide_int step_whole(const struct field *f, int x, int y, int sign)
{
    const double gx = f->gx[y * f->w + x], gy = f->gy[y * f->w + x];
    const int dx = sign * (gx < 0 ? -1 : 1), dy = sign * (gy < 0 ? -1 : 1);
    const wide_int ax = (wide_int)fabs(gx), ay = (wide_int)fabs(gy);
    const wide_int corner = (wide_int)at(f->m, f, x + dx, y + dy);
    if (ax >= ay)
        return (ax - ay) * (wide_int)at(f->m, f, x + dx, y) + ay * corner;
    return (ay - ax) * (wide_int)at(f->m, f, x, y + dy) + ax * corner;
}

static double step_real(const struct field *f, int x, int y, int sign)
{
    const double gx = f->gx[y * f->w + x], gy = f->gy[y * f->w + x];
    const int dx = sign * (gx < 0 ? -1 : 1), dy = sign * (gy < 0 ? -1 : 1);
    const double ax = fabs(gx), ay = fabs(gy), corner = at(f->m, f, x + dx, y + dy);
    if (ax >= ay)
        return (ax - ay) * at(f->m, f, x + dx, y) + ay * corner;
    return (ay - ax) * at(f->m, f, x, y + dy) + ax * corner;
}

static void thin(struct field *f, enum edgel_nms nms, enum edgel_type type)
{
    for (int i = 0; i < f->w * f->h; i++) {
        const int x = i % f->w, y = i / f->w;
        const double major = fmax(fabs(f->gx[i]), fabs(f->gy[i]));
        if (nms == EDGEL_NMS_SECTOR)
            f->kept[i] = sector(f, x, y);
        else if (type == EDGEL_F32)
            f->kept[i] = f->m[i] * major >= step_real(f, x, y, -1) && f->m[i] * major > step_real(f, x, y, 1);
        else
            f->kept[i] = (wide_int)f->m[i] * (wide_int)major >= step_whole(f, x, y, -1) &&
                         (wide_int)f->m[i] * (wide_int)major > step_whole(f, x, y, 1);
    }
}

static struct field field_of(const struct edgel_image *img, const struct edgel_canny_params *p)
{
    const size_t n = (size_t)img->w * (size_t)img->h;
    struct field f = { img->w, img->h, calloc(n, 8), calloc(n, 8), calloc(n, 8), calloc(n, 1) };
    derive(&f, img, p);
    thin(&f, p->nms, img->type);
    return f;
}

static void field_finish(struct field *f)
{
    free(f->gx);
    free(f->gy);
    free(f->m);
    free(f->kept);
}

static int ascending(const void *a, const void *b)
{
    const double d = *(const double *)a - *(const double *)b;
    return (d > 0) - (d < 0);
}

/* Of the values above 0, sorted: the one below or at which percent of them lie. */
static double sorted_quantile(const double *m, int n, double percent)
{
    double *v = malloc((size_t)n * sizeof *v);
    int count = 0;
    for (int i = 0; i < n; i++)
        if (m[i] > 0)
            v[count++] = m[i];
    qsort(v, (size_t)count, sizeof *v, ascending);
    double found = 0;
    for (int i = count - 1; i >= 0 && (double)(i + 1) * 100 >= percent * count; i--)
        found = v[i];
    free(v);
    return found;
}

static double automatic(const double *m, int n, enum edgel_norm norm)
{
    double max = 0;
    for (int i = 0; i < n; i++)
        max = fmax(max, m[i]);
    for (int b = 0; max > 0; b++) {
        int below = 0;
        for (int i = 0; i < n; i++) {
            const double share = norm == EDGEL_NORM_L1 ? m[i] / max : sqrt(m[i] / max);
            below += floor(63 * share + 0.5) <= b;
        }
        const double k = b + 1;
        if (below > 0.7 * n)
            return norm == EDGEL_NORM_L1 ? k / 64 * max : k / 64 * (k / 64) * max;
    }
    return 0;
}

/* The median of all, zeros included: half of them, or one more, are not above it. */
static double sorted_median(const double *m, int n)
{
    double *v = malloc((size_t)n * sizeof *v);
    memcpy(v, m, (size_t)n * sizeof *v);
    qsort(v, (size_t)n, sizeof *v, ascending);
    const double found = v[(n + 1) / 2 - 1];
    free(v);
    return found;
}

/* The magnitude that noise with this median exceeds at one pixel in 10,000, by bisection of the distribution; L2: its
 * square. */
static double noise_of(double median, enum edgel_norm norm)
{
    double unit[2]; /* where half, and all but one in 10,000, are below, for noise of deviation 1 */
    for (int i = 0; i < 2; i++) {
        double from = 0, to = 20;
        for (int k = 0; k < 200; k++) {
            const double t = (from + to) / 2, side = erf(t / 2);
            const double above = norm == EDGEL_NORM_L1 ? 1 - side * side : exp(-t * t / 2);
            *(above > (i ? 1e-4 : 0.5) ? &from : &to) = t;
        }
        unit[i] = from;
    }
    const double ratio = unit[1] / unit[0];
    return median * (norm == EDGEL_NORM_L1 ? ratio : ratio * ratio);
}

/* The largest response to one of 255 levels: a corner of four quadrants, as whole numbers give it. */
static double one_level(const struct edgel_image *img, const struct edgel_canny_params *p)
{
    static const double taps[] = { 4, 48, 640 }; /* of one derivative, Sobel 3, 5, 7 */
    const double one = taps[p->aperture / 2 - 1] * (img->type == EDGEL_U16   ? 257
                                                    : img->type == EDGEL_F32 ? 1.0 / 255
                                                                             : 1);
    const double used = sixteenths(img, p) ? one / 16 : one;
    return p->norm == EDGEL_NORM_L1 ? 2 * used : 2 * used * used;
}

/* A threshold in the scale of m; high is only for an automatic low. */
static double limit(const struct edgel_image *img, const struct field *f, const struct edgel_canny_params *p,
                    const struct edgel_threshold *t, double high)
{
    const bool l2 = p->norm == EDGEL_NORM_L2;
    if (t->kind == EDGEL_THRESHOLD_QUANTILE)
        return sorted_quantile(f->m, f->w * f->h, t->value);
    if (t->kind == EDGEL_THRESHOLD_AUTO || t->kind == EDGEL_THRESHOLD_AUTO_MATLAB) {
        const bool low = t == &p->low;
        const double part = !low ? 1 : l2 ? 4.0 / 25 : 2.0 / 5;
        const double v = !low ? automatic(f->m, f->w * f->h, p->norm) : high > 0 ? high * part : high * 2 / 5;
        const double noise = noise_of(sorted_median(f->m, f->w * f->h), p->norm) * part;
        return t->kind == EDGEL_THRESHOLD_AUTO ? fmax(fmax(v, noise), one_level(img, p)) : v;
    }
    double v = img->type == EDGEL_U16 ? t->value * 257 : img->type == EDGEL_F32 ? t->value / 255 : t->value;
    v = sixteenths(img, p) ? v / 16 : v;
    return l2 && v > 0 ? v * v : v;
}

/* Grows the strong pixels over the weak ones until nothing changes. */
static struct edgel_image twin_canny(const struct edgel_image *img, const struct edgel_canny_params *p)
{
    struct field f = field_of(img, p);
    double high = limit(img, &f, p, &p->high, 0), low = limit(img, &f, p, &p->low, high);
    if (low > high) {
        const double t = low;
        low = high;
        high = t;
    }
    struct edgel_image out = make(f.w, f.h, 1, EDGEL_U8);
    for (bool grown = true, first = true; grown; first = false) {
        grown = false;
        for (int i = 0; i < f.w * f.h; i++) {
            const int x = i % f.w, y = i / f.w;
            bool edge = f.kept[i] && f.m[i] > high;
            for (int k = 0; k < 9 && !first && f.kept[i] && f.m[i] > low; k++) {
                const int nx = x + k % 3 - 1, ny = y + k / 3 - 1;
                if (nx >= 0 && ny >= 0 && nx < f.w && ny < f.h)
                    edge = edge || get(&out, nx, ny, 0) > 0;
            }
            if (edge && get(&out, x, y, 0) == 0) {
                set(&out, x, y, 0, 255);
                grown = true;
            }
        }
    }
    field_finish(&f);
    return out;
}

static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };

static struct edgel_threshold random_threshold(void)
{
    switch (rnd() % 6) {
    case 0: return (struct edgel_threshold){ EDGEL_THRESHOLD_QUANTILE, rnd() % 101 };
    case 5: return (struct edgel_threshold){ EDGEL_THRESHOLD_AUTO_MATLAB, 0 };
    case 1: return (struct edgel_threshold){ EDGEL_THRESHOLD_AUTO, 0 };
    case 2: return (struct edgel_threshold){ EDGEL_THRESHOLD_VALUE, (int)(rnd() % 4000) / 7.0 - 20 };
    default: return (struct edgel_threshold){ EDGEL_THRESHOLD_VALUE, (int)(rnd() % 300) };
    }
}

static struct edgel_canny_params random_params(void)
{
    return (struct edgel_canny_params){ 3 + 2 * (int)(rnd() % 3), (enum edgel_norm)(rnd() % 2),
                                        random_threshold(), random_threshold(), (enum edgel_nms)(rnd() % 2) };
}

static struct edgel_image edges(const struct edgel_image *img, const struct edgel_canny_params *p)
{
    struct edgel_image out = { 0 };
    struct edgel_error err = { 0 };
    if (edgel_canny(NULL, edgel_image_view(img), p, &out, NULL, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    return out;
}

static struct edgel_image random_input(enum edgel_type type)
{
    int w, h;
    random_size(&w, &h);
    return random_image(w, h, rnd() % 3 ? 1 : 3, type, (int)(rnd() % PATTERNS));
}

static void canny_equals_its_page(void **state)
{
    (void)state;
    int set_pixels = 0;
    for (int i = 0; i < 1500; i++) {
        struct edgel_image img = random_input(types[i % 3]);
        const struct edgel_canny_params p = random_params();
        struct edgel_image got = edges(&img, &p), want = twin_canny(&img, &p);
        assert_same_image(&got, &want);
        set_pixels += get(&got, got.w / 2, got.h / 2, 0) > 0;
        edgel_image_finish(&img);
        edgel_image_finish(&got);
        edgel_image_finish(&want);
    }
    assert_in_range(set_pixels, 50, 1400); /* neither empty nor full throughout */
}

static void strength_is_what_survives(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct edgel_image img = random_input(types[i % 3]), got = { 0 };
        const struct edgel_canny_params p = random_params();
        assert_int_equal(edgel_canny_strength(NULL, edgel_image_view(&img), &p, &got, NULL), EDGEL_OK);
        struct field f = field_of(&img, &p);
        for (int k = 0; k < f.w * f.h; k++) {
            const double m =
                (p.norm == EDGEL_NORM_L2 ? sqrt(f.m[k]) : f.m[k]) * (sixteenths(&img, &p) ? 16 : 1);
            assert_true(get(&got, k % f.w, k / f.w, 0) == (f.kept[k] ? (double)(float)m : 0));
        }
        field_finish(&f);
        edgel_image_finish(&img);
        edgel_image_finish(&got);
    }
}

/* Full range for the strongest response, its square root or itself below. */
static void strength_method_scales_to_the_depth(void **state)
{
    (void)state;
    for (int i = 0; i < 48; i++) {
        struct edgel_image img = random_image(21, 15, 1, types[i % 3], 3), thin_map = { 0 }, out = { 0 };
        struct edgel_method m = method_of("canny");
        const bool linear = i / 3 % 2;
        const int depth = i / 6 % 2 ? 0 : i / 6 % 4 == 0 ? 8 : 32;
        ask(&m, "sigma", "0");
        ask(&m, "emit", "strength");
        ask_choice(&m, "strength", linear);
        ask_depth(&m, depth);
        ask_choice(&m, "norm", (unsigned)i / 24);
        const struct edgel_canny_params p = canny_of_method(&m);
        for (int k = 0; k < 21 * 15 && img.type == EDGEL_F32 && i % 2; k++) /* brighter than white */
            set(&img, k % 21, k / 21, 0, 9 * get(&img, k % 21, k / 21, 0));
        int bits;
        assert_int_equal(edgel_method_run(NULL, edgel_image_view(&img), &m, &out, &bits, NULL), EDGEL_OK);
        assert_int_equal(bits, depth ? depth : 16);
        assert_int_equal(edgel_canny_strength(NULL, edgel_image_view(&img), &p, &thin_map, NULL), EDGEL_OK);
        const double white = img.type == EDGEL_U8 ? 255 : img.type == EDGEL_U16 ? 65535 : 1;
        const double full = p.norm == EDGEL_NORM_L1 ? 8 * white : sqrt(32 * white * white);
        for (int k = 0; k < 21 * 15; k++) {
            double v = fmin(1, get(&thin_map, k % 21, k / 21, 0) / full);
            v = linear ? v : sqrt(v);
            v = bits == 32 ? (double)(float)v : rint(v * (bits == 8 ? 255 : 65535));
            assert_true(get(&out, k % 21, k / 21, 0) == v);
        }
        edgel_image_finish(&img);
        edgel_image_finish(&thin_map);
        edgel_image_finish(&out);
    }
}

/* Half the image white, half black, across and down: the largest derivative there is, twice. */
static void full_strength_is_the_largest_response(void **state)
{
    (void)state;
    for (int i = 0; i < 18; i++) {
        struct edgel_canny_params p;
        edgel_canny_params_init(&p);
        p.aperture = 3 + 2 * (i % 3);
        p.norm = (enum edgel_norm)(i / 9);
        struct edgel_image img = make(12, 12, 1, types[i / 3 % 3]), gx = { 0 }, gy = { 0 };
        const double white = img.type == EDGEL_U8 ? 255 : img.type == EDGEL_U16 ? 65535 : 1;
        for (int k = 0; k < 12 * 12; k++)
            set(&img, k % 12, k / 12, 0, k % 12 > 5 ? white : 0);
        assert_int_equal(
            edgel_gradient(NULL, edgel_image_view(&img), EDGEL_SOBEL, p.aperture, &gx, &gy, NULL), EDGEL_OK);
        const double largest = fmax(get(&gx, 5, 5, 0), get(&gx, 6, 5, 0));
        const double full = edgel_canny_full_strength(img.type, &p);
        assert_true(full == (p.norm == EDGEL_NORM_L1 ? 2 * largest : sqrt(2 * largest * largest)));
        edgel_image_finish(&img);
        edgel_image_finish(&gx);
        edgel_image_finish(&gy);
    }
    struct edgel_canny_params defaults;
    edgel_canny_params_init(&defaults);
    assert_true(edgel_canny_full_strength(EDGEL_U8, &defaults) == 2040);
}

static void edges_are_white_at_every_depth(void **state)
{
    (void)state;
    struct edgel_image img = random_image(30, 20, 1, EDGEL_U8, 3);
    struct edgel_method m = method_of("canny");
    struct edgel_image one = { 0 }, other = { 0 };
    int bits;
    assert_int_equal(edgel_method_run(NULL, edgel_image_view(&img), &m, &one, &bits, NULL), EDGEL_OK);
    assert_int_equal(bits, 1);
    static const int depths[] = { 1, 8, 16, 32 };
    static const double white[] = { 255, 255, 65535, 1 };
    for (int i = 0; i < 4; i++) {
        ask_depth(&m, depths[i]);
        assert_int_equal(edgel_method_run(NULL, edgel_image_view(&img), &m, &other, &bits, NULL), EDGEL_OK);
        assert_int_equal(bits, depths[i]);
        for (int k = 0; k < 600; k++)
            assert_true(get(&other, k % 30, k / 30, 0) == (get(&one, k % 30, k / 30, 0) > 0 ? white[i] : 0));
    }
    edgel_image_finish(&img);
    edgel_image_finish(&one);
    edgel_image_finish(&other);
}

static void higher_thresholds_never_add_edges(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct edgel_image img = random_input(types[i % 3]);
        struct edgel_canny_params p = random_params();
        p.low = (struct edgel_threshold){ EDGEL_THRESHOLD_VALUE, (int)(rnd() % 200) };
        p.high = (struct edgel_threshold){ EDGEL_THRESHOLD_VALUE, p.low.value + (int)(rnd() % 200) };
        struct edgel_image more = edges(&img, &p);
        (i % 2 ? &p.high : &p.low)->value += i % 2 ? (int)(rnd() % 200) : (p.high.value - p.low.value) / 2;
        struct edgel_image fewer = edges(&img, &p);
        for (int k = 0; k < img.w * img.h; k++)
            assert_true(get(&fewer, k % img.w, k / img.w, 0) <= get(&more, k % img.w, k / img.w, 0));
        edgel_image_finish(&img);
        edgel_image_finish(&more);
        edgel_image_finish(&fewer);
    }
}

/* The same picture in 8 bits, in 16 (times 257) and in float (over 256, thresholds to match) has the same edges. */
static void types_agree_on_interpolated_edges(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct edgel_image img = random_input(EDGEL_U8), b = make(img.w, img.h, img.channels, EDGEL_U16);
        struct edgel_image c = make(img.w, img.h, img.channels, EDGEL_F32);
        for (int k = 0; k < img.w * img.h * img.channels; k++) {
            const int x = k / img.channels % img.w, y = k / img.channels / img.w, ch = k % img.channels;
            set(&b, x, y, ch, 257 * get(&img, x, y, ch));
            set(&c, x, y, ch, get(&img, x, y, ch) / 256);
        }
        struct edgel_canny_params p = random_params();
        p.nms = EDGEL_NMS_INTERP;
        p.low = (struct edgel_threshold){ EDGEL_THRESHOLD_VALUE, rnd() % 200 + 0.5 };
        if (p.high.kind == EDGEL_THRESHOLD_VALUE)
            p.high.value = floor(p.high.value) + 0.5;
        struct edgel_image ea = edges(&img, &p), eb = edges(&b, &p);
        p.low.value *= 255.0 / 256;
        p.high.value *= p.high.kind == EDGEL_THRESHOLD_VALUE ? 255.0 / 256 : 1;
        struct edgel_image ec = edges(&c, &p);
        assert_same_image(&eb, &ea);
        assert_same_image(&ec, &ea);
        struct edgel_image *all[] = { &img, &b, &c, &ea, &eb, &ec };
        for (size_t k = 0; k < 6; k++)
            edgel_image_finish(all[k]);
    }
}

static void used_thresholds_are_told_and_do_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct edgel_image img = random_input(EDGEL_U8), a = { 0 };
        struct edgel_canny_params p = random_params();
        struct edgel_canny_used used;
        assert_int_equal(edgel_canny(NULL, edgel_image_view(&img), &p, &a, &used, NULL), EDGEL_OK);
        assert_true(used.low <= used.high);
        if (p.high.kind == EDGEL_THRESHOLD_VALUE && p.low.kind == EDGEL_THRESHOLD_VALUE) {
            assert_true(used.low == fmin(p.low.value, p.high.value));
            assert_true(used.high == fmax(p.low.value, p.high.value));
        }
        if (p.high.kind < EDGEL_THRESHOLD_AUTO && p.low.kind < EDGEL_THRESHOLD_AUTO) {
            p.low = (struct edgel_threshold){ EDGEL_THRESHOLD_VALUE, used.low };
            p.high = (struct edgel_threshold){ EDGEL_THRESHOLD_VALUE, used.high };
            struct edgel_image b = edges(&img, &p);
            assert_same_image(&b, &a);
            edgel_image_finish(&b);
        }
        edgel_image_finish(&img);
        edgel_image_finish(&a);
    }
    struct edgel_image img = random_image(20, 20, 1, EDGEL_U16, 0), out = { 0 };
    struct edgel_canny_params p;
    edgel_canny_params_init(&p);
    struct edgel_canny_used used;
    assert_int_equal(edgel_canny(NULL, edgel_image_view(&img), &p, &out, &used, NULL), EDGEL_OK);
    assert_true(used.low == 30 * 257 && used.high == 60 * 257);
    edgel_image_finish(&img);
    edgel_image_finish(&out);
}

/* The smallest and the largest magnitude among them; a root is told so that its square is not below what it is of. */
static void quantiles_are_magnitudes(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct edgel_image img = random_input(EDGEL_U8), out = { 0 };
        const double percent = i % 4 == 0 ? 0 : i % 4 == 1 ? 100 : rnd() % 10000 / 100.0;
        const struct edgel_threshold t = { EDGEL_THRESHOLD_QUANTILE, percent };
        const struct edgel_canny_params p = { 3 + 2 * (i % 2), (enum edgel_norm)(i / 4 % 2), t, t,
                                              EDGEL_NMS_SECTOR };
        struct edgel_canny_used used;
        struct field f = field_of(&img, &p);
        const double want = sorted_quantile(f.m, f.w * f.h, percent);
        assert_int_equal(edgel_canny(NULL, edgel_image_view(&img), &p, &out, &used, NULL), EDGEL_OK);
        assert_true(used.low == used.high);
        assert_true(want == (p.norm == EDGEL_NORM_L1 ? used.low : floor(used.low * used.low)));
        field_finish(&f);
        edgel_image_finish(&img);
        edgel_image_finish(&out);
    }
}

/* The sum of four numbers of 0..1, which is nearly normal, at deviation 1. */
static double nearly_normal(void)
{
    double sum = 0;
    for (int k = 0; k < 4; k++)
        sum += rnd() % 65536 / 65535.0;
    return (sum - 2) * sqrt(3);
}

/* Share of edge pixels, smoothed with sigma 1.4. */
static double edge_share(const struct edgel_image *img, const char *thresholds, const char *norm)
{
    struct edgel_method m = method_of("canny");
    struct edgel_image out = { 0 };
    size_t edges = 0;
    ask(&m, "sigma", "1.4");
    ask(&m, "low", thresholds);
    ask(&m, "high", thresholds);
    ask(&m, "norm", norm);
    ask_depth(&m, 8);
    assert_int_equal(edgel_method_run(NULL, edgel_image_view(img), &m, &out, NULL, NULL), EDGEL_OK);
    for (int y = 0; y < out.h; y++)
        for (int x = 0; x < out.w; x++)
            edges += get(&out, x, y, 0) > 0;
    edgel_image_finish(&out);
    return (double)edges / ((double)img->w * img->h);
}

/* A smooth ramp of a few levels with noise of some deviation, both in levels of 8 bits, and a square on it. */
static struct edgel_image plain_scene(enum edgel_type type, double deviation, double square)
{
    enum { W = 400, H = 300 };
    struct edgel_image img = make(W, H, 1, type);
    const double unit = type == EDGEL_U16 ? 257 : type == EDGEL_F32 ? 1.0 / 255 : 1;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const double inside = x >= 100 && x < 200 && y >= 100 && y < 200 ? square : 0;
            set(&img, x, y, 0, rint(100 + x / 40.0 + y / 30.0 + deviation * nearly_normal() + inside) * unit);
        }
    return img;
}

static void automatic_thresholds_stay_above_noise(void **state)
{
    static const double deviations[] = { 0, 0.3, 1, 4, 16 };
    static const char *const norms[] = { "l1", "l2" };
    (void)state;
    for (int i = 0; i < 30; i++) {
        const double deviation = deviations[i % 5];
        const char *norm = norms[i / 5 % 2];
        struct edgel_image plain = plain_scene(types[i / 10], deviation, 0);
        struct edgel_image square = plain_scene(types[i / 10], deviation, 12 + 6 * deviation);
        assert_true(edge_share(&plain, "auto", norm) < 0.004);
        assert_true(edge_share(&plain, "auto-matlab", norm) > 0.04);
        const double found = edge_share(&square, "auto", norm) * 400 * 300;
        if (!(found > 360 && found < 1500)) /* its outline is 400 pixels */
            fail_msg("deviation %g, type %d, %s: %g edge pixels", deviation, (int)types[i / 10], norm, found);
        edgel_image_finish(&plain);
        edgel_image_finish(&square);
    }
}

static void counted_thresholds_are_of_the_smoothed_image(void **state)
{
    static const char *const kinds[] = { "80%", "auto" };
    (void)state;
    for (int i = 0; i < 24; i++) {
        struct edgel_image img = random_image(40, 31, 1, types[i % 3], i % 2), smooth = { 0 }, got = { 0 };
        struct edgel_method m = method_of("canny");
        int bits;
        ask_depth(&m, 8);
        ask(&m, "sigma", "1.4");
        ask(&m, "high", kinds[i / 3 % 2]);
        ask(&m, "low", i / 6 % 2 ? kinds[1] : "50%");
        ask_choice(&m, "nms", (unsigned)i / 12);
        const struct edgel_canny_params p = canny_of_method(&m);
        assert_int_equal(edgel_method_run(NULL, edgel_image_view(&img), &m, &got, &bits, NULL), EDGEL_OK);
        assert_int_equal(edgel_gaussian(NULL, edgel_image_view(&img), &smooth, 1.4, 0, NULL), EDGEL_OK);
        struct edgel_image want = edges(&smooth, &p);
        assert_same_image(&got, &want);
        edgel_image_finish(&img);
        edgel_image_finish(&smooth);
        edgel_image_finish(&got);
        edgel_image_finish(&want);
    }
}

/* A chain of weak pixels as long as the image winds, and more strong pixels than a small stack would hold. */
static void hysteresis_follows_a_spiral(void **state)
{
    (void)state;
    enum { SIDE = 161 };
    struct edgel_image img = make(SIDE, SIDE, 1, EDGEL_U8);
    int x = 0, y = 0, dx = 1, dy = 0, left = SIDE - 1, turns = 0;
    for (int length = SIDE; length > 8;) {
        for (int i = 0; i < left; i++, x += dx, y += dy)
            set(&img, x, y, 0, turns == 0 && i < 40 && i > 20 ? 200 : 20);
        const int t = dx;
        dx = -dy;
        dy = t;
        left = ++turns % 2 ? length - 1 : (length -= 8) - 1;
    }
    const struct edgel_canny_params p = {
        3, EDGEL_NORM_L1, { EDGEL_THRESHOLD_VALUE, 20 }, { EDGEL_THRESHOLD_VALUE, 300 }, EDGEL_NMS_SECTOR
    };
    struct edgel_image got = edges(&img, &p), want = twin_canny(&img, &p);
    assert_same_image(&got, &want);
    int count = 0;
    for (int k = 0; k < SIDE * SIDE; k++)
        count += get(&got, k % SIDE, k / SIDE, 0) > 0;
    assert_true(count > 1500);
    edgel_image_finish(&img);
    edgel_image_finish(&got);
    edgel_image_finish(&want);
}

/* 0 none, 1 weak, 2 strong: noise of some density, or corridors between walls whose gaps alternate. */
static void random_classes(uint8_t *classes, int w, int h)
{
    const uint32_t density = rnd() % 100, seeds = 1 + rnd() % 400;
    const int kind = (int)(rnd() % 4);
    for (int i = 0; i < w * h; i++) {
        const int x = i % w, y = i / w, along = kind == 1 ? x : y, across = kind == 1 ? y : x;
        const bool wall = kind == 1 || kind == 2
                              ? across % 2 && along != (across % 4 == 1 ? 0 : (kind == 1 ? w : h) - 1)
                              : rnd() % 100 >= density;
        classes[i] = wall ? 0 : rnd() % seeds == 0 ? 2 : 1;
    }
}

/* One pass after the other until nothing changes. */
static void reach(uint8_t *classes, int w, int h)
{
    for (bool grew = true; grew;) {
        grew = false;
        for (int i = 0; i < w * h; i++)
            for (int k = 0; k < 9 && classes[i] == 1; k++) {
                const int x = i % w + k % 3 - 1, y = i / w + k / 3 - 1;
                if (x >= 0 && x < w && y >= 0 && y < h && classes[y * w + x] == 2) {
                    classes[i] = 2;
                    grew = true;
                }
            }
    }
}

static void hysteresis_is_reachability(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++) {
        const int w = 1 + (int)(rnd() % 200), h = 1 + (int)(rnd() % 40);
        uint8_t classes[200 * 40];
        struct edgel_arena arena = { 0 };
        struct edgel_bit_map map;
        struct edgel_worklist list;
        const int rows = i % 3 ? 1 + (int)(rnd() % 12) : h; /* of a part */
        random_classes(classes, w, h);
        assert_int_equal(edgel_bit_map_init(&map, &arena, w, h, NULL), EDGEL_OK);
        for (int y = 0; y < h; y++) {
            uint64_t *weak = edgel_bit_map_weak(&map, y), *strong = edgel_bit_map_strong(&map, y);
            memset(weak, 0, (size_t)map.words * 8);
            memset(strong, 0, (size_t)map.words * 8);
            for (int x = 0; x < w; x++) {
                weak[x / 64] |= (uint64_t)(classes[y * w + x] > 0) << x % 64;
                strong[x / 64] |= (uint64_t)(classes[y * w + x] > 1) << x % 64;
            }
            edgel_hysteresis_row(&map, y, y % rows == 0);
        }
        assert_int_equal(edgel_worklist_init(&list, &arena, &map, NULL), EDGEL_OK);
        for (int y = 0; y < h; y += rows)
            edgel_hysteresis_part(&map, &list, y, y + rows < h ? y + rows : h);
        edgel_hysteresis_join(&map, &list, rows);
        reach(classes, w, h);
        for (int k = 0; k < w * h; k++)
            assert_int_equal(edgel_bit_map_strong(&map, k / w)[k % w / 64] >> (k % w % 64) & 1,
                             classes[k] == 2);
        edgel_arena_finish(&arena);
    }
}

/* Ahead of the pixel lies (p (m + k) + q (m - 1)) / (p + q) with p = 3, q = 3 k + 1: one part in 10^22 below m. The
 * pixel is a maximum, and with m + k + 1 it is none; double alone cannot tell. */
static void wide_products_are_exact(void **state)
{
    (void)state;
    const double k = 5000000, q = 3 * k + 1, major = q + 3, m = 0x1p51 + 12345;
    for (int more = 0; more < 2; more++) {
        const double up[3] = { 0 }, mid[3] = { 0, m, m + k + more }, down[3] = { 0, 0, m - 1 };
        double kept;
        edgel_nms_row(&kept, &major, &q, up + 1, mid + 1, down + 1, 1, EDGEL_NMS_INTERP, true);
        assert_true(kept == (more ? 0 : m));
    }
}

/* In the middle of an image that is its own mirror in both directions four pixels have one magnitude, so that the
 * brighter side is as strong as the pixel: no maximum, while double would round many of those ties to one. */
static void sixteen_bit_ties_are_exact(void **state)
{
    (void)state;
    enum { HALF = 5 };
    const struct edgel_canny_params p = {
        7, EDGEL_NORM_L2, { EDGEL_THRESHOLD_VALUE, 0 }, { EDGEL_THRESHOLD_VALUE, 0 }, EDGEL_NMS_INTERP
    };
    int rounded = 0;
    for (int i = 0; i < 1000; i++) {
        struct edgel_image img = make(2 * HALF, 2 * HALF, 1, EDGEL_U16);
        for (int k = 0; k < HALF * HALF; k++) {
            const int x = k % HALF, y = k / HALF;
            const double v = rnd() % 2 * 50000 + rnd() % 9000;
            for (int turn = 0; turn < 4; turn++)
                set(&img, turn & 1 ? 2 * HALF - 1 - x : x, turn & 2 ? 2 * HALF - 1 - y : y, 0, v);
        }
        struct edgel_image got = edges(&img, &p), want = twin_canny(&img, &p);
        assert_same_image(&got, &want);
        struct field f = field_of(&img, &p);
        thin(&f, EDGEL_NMS_INTERP, EDGEL_F32);
        rounded += f.kept[(HALF - 1) * (2 * HALF + 1)] != (get(&got, HALF - 1, HALF - 1, 0) > 0);
        field_finish(&f);
        edgel_image_finish(&img);
        edgel_image_finish(&got);
        edgel_image_finish(&want);
    }
    assert_true(rounded > 0); /* the images do what the comment says */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_products_are_exact),
        cmocka_unit_test(sixteen_bit_ties_are_exact),
        cmocka_unit_test(canny_equals_its_page),
        cmocka_unit_test(strength_is_what_survives),
        cmocka_unit_test(strength_method_scales_to_the_depth),
        cmocka_unit_test(full_strength_is_the_largest_response),
        cmocka_unit_test(edges_are_white_at_every_depth),
        cmocka_unit_test(higher_thresholds_never_add_edges),
        cmocka_unit_test(types_agree_on_interpolated_edges),
        cmocka_unit_test(used_thresholds_are_told_and_do_the_same),
        cmocka_unit_test(quantiles_are_magnitudes),
        cmocka_unit_test(automatic_thresholds_stay_above_noise),
        cmocka_unit_test(counted_thresholds_are_of_the_smoothed_image),
        cmocka_unit_test(hysteresis_follows_a_spiral),
        cmocka_unit_test(hysteresis_is_reachability),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
