/*
 * Lines over the epochs of a training as SVG: one panel below the other, each with its own scale.
 *
 * The scale of a panel goes from the lowest to the highest value, widened to steps of 1, 2 or 5 times a power of ten,
 * five at most. Undefined values leave a gap. No script, no style sheet, no font of its own.
 */
#include "report/report_priv.h"
#include <math.h>

enum { WIDTH = 760, HEIGHT = 240, LEFT = 64, RIGHT = 130, TOP = 28, BOTTOM = 28 };
static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00" };
enum { COLOURS = sizeof colours / sizeof *colours };

struct scale {
    double lo, hi, step;
    int decimals;
};

/* 1, 2 or 5 times a power of ten, not below v > 0. */
static double round_step(double v, int *decimals)
{
    static const double shape[] = { 1, 2, 5, 10 };
    double power = 1;
    *decimals = 0;
    for (; power > v && *decimals < 12; ++*decimals)
        power /= 10;
    for (; power * 10 <= v; --*decimals)
        power *= 10;
    for (int i = 0; i < 4; i++)
        if (shape[i] * power >= v * (1 - 1e-9))
            return shape[i] * power;
    return 10 * power;
}

static struct scale scale_of(const struct edgel_curve_panel *p, size_t n)
{
    double lo = HUGE_VAL, hi = -HUGE_VAL;
    struct scale s = { 0, 1, 0.2, 1 };
    for (size_t k = 0; k < p->nlines; k++)
        for (size_t i = 0; i < n; i++)
            if (isfinite(p->lines[k].y[i])) {
                lo = p->lines[k].y[i] < lo ? p->lines[k].y[i] : lo;
                hi = p->lines[k].y[i] > hi ? p->lines[k].y[i] : hi;
            }
    if (!(lo <= hi))
        return s;
    const double largest = fmax(fabs(lo), fabs(hi));
    double span = hi > lo ? hi - lo : largest > 0 ? largest : 1;
    span = fmax(span, 1e-9 * largest); /* a step must be seen beside the values */
    s.step = round_step(span / 4, &s.decimals);
    s.decimals = s.decimals < 0 ? 0 : s.decimals;
    s.lo = floor(lo / s.step) * s.step;
    s.hi = ceil(hi / s.step) * s.step;
    if (!(s.hi > s.lo))
        s.hi = s.lo + s.step;
    return s;
}

static double x_at(size_t i, size_t n)
{
    const double wide = WIDTH - LEFT - RIGHT;
    return n > 1 ? LEFT + wide * (double)i / (double)(n - 1) : LEFT + wide / 2;
}

static double y_at(double v, struct scale s, double top)
{
    return top + TOP + (HEIGHT - TOP - BOTTOM) * (s.hi - v) / (s.hi - s.lo);
}

static void add_xy(struct edgel_text *t, double x, double y)
{
    edgel_text_fixed(t, x, 1);
    edgel_text_str(t, ",");
    edgel_text_fixed(t, y, 1);
}

static void add_escaped(struct edgel_text *t, const char *s)
{
    for (; *s; s++)
        if (*s == '<' || *s == '&')
            edgel_text_str(t, *s == '<' ? "&lt;" : "&amp;");
        else
            edgel_text_add(t, s, 1);
}

static void add_label(struct edgel_text *t, double x, double y, const char *attributes)
{
    edgel_text_str(t, "<text x=\"");
    edgel_text_fixed(t, x, 1);
    edgel_text_str(t, "\" y=\"");
    edgel_text_fixed(t, y, 1);
    edgel_text_printf(t, "\"%s>", attributes);
}

static void draw_grid(struct edgel_text *t, const struct edgel_curve_panel *p, struct scale s, double top,
                      size_t n)
{
    const int steps = (int)((s.hi - s.lo) / s.step + 0.5);
    for (int i = 0; i <= steps; i++) {
        const double v = s.lo + i * s.step, y = y_at(v, s, top);
        edgel_text_printf(t, "<path d=\"M%d ", LEFT);
        edgel_text_fixed(t, y, 1);
        edgel_text_printf(t, "H%d\" stroke=\"#ddd\"/>", WIDTH - RIGHT);
        add_label(t, LEFT - 6, y + 4, " text-anchor=\"end\"");
        edgel_text_fixed(t, v, s.decimals);
        edgel_text_str(t, "</text>\n");
    }
    add_label(t, LEFT, top + TOP - 10, " font-weight=\"bold\"");
    add_escaped(t, p->title);
    edgel_text_str(t, "</text>\n");
    add_label(t, LEFT, top + HEIGHT - 8, "");
    edgel_text_str(t, "1</text>");
    add_label(t, WIDTH - RIGHT, top + HEIGHT - 8, " text-anchor=\"end\"");
    edgel_text_printf(t, "epoch %zu</text>\n", n);
}

static void draw_line(struct edgel_text *t, const struct edgel_curve *line, size_t k, struct scale s,
                      double top, size_t n)
{
    const char *colour = colours[k % COLOURS];
    bool pen = false;
    edgel_text_printf(t, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"", colour);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(line->y[i])) {
            pen = false;
            continue;
        }
        edgel_text_str(t, pen ? "L" : "M");
        add_xy(t, x_at(i, n), y_at(line->y[i], s, top));
        if (!pen && (i + 1 == n || !isfinite(line->y[i + 1])))
            edgel_text_str(t, "h2"); /* a value alone still shows */
        pen = true;
    }
    edgel_text_str(t, "\"/>\n");
    add_label(t, WIDTH - RIGHT + 10, top + TOP + 6 + 16 * (double)k, "");
    edgel_text_printf(t, "<tspan fill=\"%s\">", colour);
    add_escaped(t, line->name);
    edgel_text_str(t, "</tspan></text>\n");
}

enum edgel_status edgel_report_curves(struct edgel_output *out, const struct edgel_curve_panel *panels,
                                      size_t npanels, size_t n, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    if (npanels)
        EDGEL_REQUIRE(panels);
    struct edgel_text t = { 0 };
    const int height = HEIGHT * (int)npanels;
    edgel_text_printf(
        &t,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
        WIDTH, height, WIDTH, height, WIDTH, height);
    for (size_t i = 0; i < npanels; i++) {
        const struct scale s = scale_of(&panels[i], n);
        const double top = (double)(HEIGHT * (int)i);
        draw_grid(&t, &panels[i], s, top, n);
        for (size_t k = 0; k < panels[i].nlines; k++)
            draw_line(&t, &panels[i].lines[k], k, s, top, n);
    }
    edgel_text_str(&t, "</svg>\n");
    enum edgel_status status = edgel_text_deliver(&t, out, err);
    edgel_text_finish(&t);
    return status;
}
