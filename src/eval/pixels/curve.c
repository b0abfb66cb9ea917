/*
 * Threshold sweep of a soft prediction over k / (N + 1), k = 1..N.
 *
 * A pixel's level is the number of thresholds it passes. Passing is monotone in k, so one histogram of levels for the
 * positives and one for the negatives, summed from the top, give the counts at every threshold: O(pixels + N).
 * Integer samples are compared exactly, v / full >= k / (N + 1) as v * (N + 1) >= k * full; float samples with the
 * threshold rounded to float.
 */
#include "eval/eval_priv.h"

int edgel_curve_level(uint32_t v, int n, int full)
{
    uint64_t k = (uint64_t)v * ((uint64_t)n + 1) / (uint64_t)full;
    return k > (uint64_t)n ? n : (int)k;
}

static float threshold(int k, int n)
{
    return (float)((double)k / ((double)n + 1));
}

int edgel_curve_level_float(float v, int n)
{
    if (!(v > 0.0f))
        return 0;
    if (v >= 1.0f)
        return n;
    int k = (int)((double)v * ((double)n + 1)); /* within one of the answer: the product is rounded */
    while (k < n && v >= threshold(k + 1, n))
        k++;
    while (k > 0 && (k > n || v < threshold(k, n)))
        k--;
    return k;
}

void edgel_curve_suffix(const uint64_t *hist, int n, uint64_t *out)
{
    uint64_t sum = 0;
    for (int k = n; k >= 1; k--) {
        sum += hist[k];
        out[k - 1] = sum;
    }
}
