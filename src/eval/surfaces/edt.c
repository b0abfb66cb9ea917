/*
 * Exact squared Euclidean distance to the nearest set pixel, in linear time, integers only.
 *
 * First g(x, y), the distance to the nearest set pixel of the same column, by one sweep down and one up. Then along
 * each row d2(x) = min over i of (x - i)^2 + g(i)^2, the lower envelope of parabolas of equal shape: a new parabola u
 * takes over from the last one s at the first whole x beyond
 *     sep(s, u) = floor((u^2 - s^2 + g(u)^2 - g(s)^2) / (2 (u - s))),
 * so a stack of (parabola, first x) built left to right and read right to left needs no fractions.
 * Columns without a set pixel have no parabola. Distances go between pixel centres; there is no border.
 * O(w h) time. Source: A. Meijster, J. Roerdink, W. Hesselink, "A general algorithm for computing distance transforms
 * in linear time", 2000; the envelope as in P. Felzenszwalb, D. Huttenlocher, "Distance transforms of sampled
 * functions", 2012.
 */
#include "eval/eval_priv.h"

/* g = column distances, EDGEL_EDT_FAR where the column is empty. */
void edgel_edt_columns(const uint8_t *set, int w, int h, int32_t *g)
{
    for (int x = 0; x < w; x++)
        g[x] = set[x] ? 0 : EDGEL_EDT_FAR;
    for (size_t i = (size_t)w; i < (size_t)w * (size_t)h; i++) {
        int32_t up = g[i - (size_t)w];
        g[i] = set[i] ? 0 : up == EDGEL_EDT_FAR ? up : up + 1;
    }
    for (size_t i = (size_t)w * (size_t)(h - 1); i-- > 0;) {
        int32_t down = g[i + (size_t)w];
        if (down < g[i])
            g[i] = down + 1 < g[i] ? down + 1 : g[i];
    }
}

static int64_t parabola(const int32_t *g, int64_t x, int64_t i)
{
    return (x - i) * (x - i) + (int64_t)g[i] * g[i];
}

static int64_t separation(const int32_t *g, int64_t s, int64_t u)
{
    return (u * u - s * s + (int64_t)g[u] * g[u] - (int64_t)g[s] * g[s]) / (2 * (u - s));
}

/* One row: g, d2 [w]; s, t scratch [w]. d2 = INT64_MAX where nothing is set at all. */
void edgel_edt_row(const int32_t *g, int w, int64_t *d2, int32_t *s, int32_t *t)
{
    int q = -1;
    for (int u = 0; u < w; u++) {
        if (g[u] == EDGEL_EDT_FAR)
            continue;
        while (q >= 0 && parabola(g, t[q], s[q]) > parabola(g, t[q], u))
            q--;
        /* Here s[q] is no worse than u at t[q] >= 0, so the separation is not negative. */
        int64_t first = q < 0 ? 0 : 1 + separation(g, s[q], u);
        if (first < w) {
            q++;
            s[q] = u;
            t[q] = (int32_t)first;
        }
    }
    for (int x = w - 1; x >= 0; x--) {
        d2[x] = q < 0 ? INT64_MAX : parabola(g, x, s[q]);
        if (q >= 0 && x == t[q])
            q--;
    }
}

bool edgel_edt_pair_init(struct edgel_edt_pair *e, int w, int h)
{
    const size_t n = (size_t)w * (size_t)h, row = (size_t)w;
    e->set[0] = edgel_alloc(n, 1);
    e->set[1] = edgel_alloc(n, 1);
    e->g = edgel_alloc(n, sizeof *e->g);
    e->s = edgel_alloc(row, sizeof *e->s);
    e->t = edgel_alloc(row, sizeof *e->t);
    e->d2 = edgel_alloc(row, sizeof *e->d2);
    return e->set[0] && e->set[1] && e->g && e->s && e->t && e->d2;
}

void edgel_edt_pair_finish(struct edgel_edt_pair *e)
{
    edgel_free(e->set[0]);
    edgel_free(e->set[1]);
    edgel_free(e->g);
    edgel_free(e->s);
    edgel_free(e->t);
    edgel_free(e->d2);
}
