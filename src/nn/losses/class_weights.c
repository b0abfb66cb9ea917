/* Class weights by median frequency balancing. */
#include "core/core_priv.h"
#include "edgel/nn.h"

/* The k-th smallest (k from 0) of the counts above 0. */
static int64_t ranked_count(const int64_t *count, int classes, int k)
{
    for (int c = 0; c < classes; c++) {
        int below = 0, equal = 0;
        for (int i = 0; i < classes; i++) {
            below += count[i] > 0 && count[i] < count[c];
            equal += count[i] > 0 && count[i] == count[c];
        }
        if (count[c] > 0 && below <= k && k < below + equal)
            return count[c];
    }
    return 0;
}

enum edgel_status edgel_class_weights(const int64_t *count, int classes, float *weight,
                                      struct edgel_error *err)
{
    EDGEL_REQUIRE(count);
    EDGEL_REQUIRE(weight);
    int occur = 0;
    for (int c = 0; c < classes; c++) {
        if (count[c] < 0)
            return edgel_fail(err, EDGEL_EINVAL, "count %lld of class %d: must be >= 0", (long long)count[c],
                              c);
        occur += count[c] > 0;
    }
    if (occur == 0)
        return edgel_fail(err, EDGEL_EINVAL, "class weights: no class occurs");
    const double median = ((double)ranked_count(count, classes, (occur - 1) / 2) +
                           (double)ranked_count(count, classes, occur / 2)) /
                          2;
    for (int c = 0; c < classes; c++)
        weight[c] = count[c] > 0 ? (float)(median / (double)count[c]) : 0;
    return EDGEL_OK;
}
