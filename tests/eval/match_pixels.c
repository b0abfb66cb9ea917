/* Matches two lists of pixels, for scripts/oracles/check_matching.py: reads problems "NT ND LIMIT" and then NT + ND
 * lines "x y" (truth, detections) from standard input, prints "pairs distance" of each, distance in units of 2^-32 px.
 * The detections come in the order given; every third is taken out and put back. */
#include "eval/boundary/boundary_priv.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { MOST = 4096 };

struct pixel {
    int x, y;
};
static struct pixel truth[MOST], detection[MOST];
static size_t first[MOST + 1];
static int32_t near[MOST * MOST];
static uint32_t d2[MOST * MOST], tie[MOST];

static bool read_pixels(struct pixel *v, int n)
{
    for (int i = 0; i < n; i++)
        if (scanf("%d %d", &v[i].x, &v[i].y) != 2)
            return false;
    return true;
}

static uint32_t square(int t, int d)
{
    const int u = truth[t].x - detection[d].x, v = truth[t].y - detection[d].y;
    return (uint32_t)(u * u + v * v);
}

static bool solve(int nt, int nd, uint32_t limit)
{
    size_t n = 0;
    for (int t = 0; t < nt; t++) {
        for (int d = 0; d < nd; d++)
            if (square(t, d) <= limit) {
                near[n] = d;
                d2[n++] = square(t, d);
            }
        first[t + 1] = n;
    }
    for (int d = 0; d < nd; d++)
        tie[d] = edgel_assignment_tie(detection[d].x, detection[d].y);
    const struct edgel_reach reach = { nt, nd, first, near, d2 };
    struct edgel_assignment *a;
    if (edgel_assignment_create(&(struct edgel_measure){ 0 }, &reach, tie, &a, NULL) != EDGEL_OK)
        return false;
    for (int d = 0; d < nd; d++)
        edgel_assignment_insert(a, d);
    for (int d = 0; d < nd; d += 3)
        edgel_assignment_remove(a, d);
    for (int d = 0; d < nd; d += 3)
        edgel_assignment_insert(a, d);
    int64_t sum = 0;
    for (int t = 0; t < nt; t++)
        if (edgel_assignment_mate(a, t) >= 0)
            sum += llround(ldexp(sqrt(square(t, edgel_assignment_mate(a, t))), 32));
    printf("%" PRId32 " %" PRId64 "\n", edgel_assignment_size(a), sum);
    edgel_assignment_destroy(&a);
    return true;
}

int main(void)
{
    int nt, nd;
    unsigned limit;
    while (scanf("%d %d %u", &nt, &nd, &limit) == 3)
        if (nt < 0 || nd < 0 || nt > MOST || nd > MOST || !read_pixels(truth, nt) ||
            !read_pixels(detection, nd) || !solve(nt, nd, limit))
            return 1;
    return 0;
}
