/* numeric_rows.h: the rows of struct edgel_numeric as plain loops. Included once per CPU level with LEVEL(name)
 * defined; what differs between the levels is only how wide the compiler makes the vectors. */
#include "core/core_priv.h"
#include "core/numeric_core.h"

/* x and y are the same or apart, so no element depends on another. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a sanitizer may keep a loop as it is */
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define ROW(name)                                                     \
    static void LEVEL(name##_row)(const float *x, float *y, size_t n) \
    {                                                                 \
        INDEPENDENT                                                   \
        for (size_t i = 0; i < n; i++)                                \
            y[i] = (float)name##_core(x[i]);                          \
    }

ROW(exp)
ROW(expm1)
ROW(log)
ROW(sigmoid)
ROW(tanh)
ROW(softplus)
ROW(gelu)
ROW(gelu_slope)

void LEVEL(edgel_numeric_rows)(struct edgel_numeric *t)
{
    *t = (struct edgel_numeric){
        .exp = LEVEL(exp_row),
        .expm1 = LEVEL(expm1_row),
        .log = LEVEL(log_row),
        .sigmoid = LEVEL(sigmoid_row),
        .tanh = LEVEL(tanh_row),
        .softplus = LEVEL(softplus_row),
        .gelu = LEVEL(gelu_row),
        .gelu_slope = LEVEL(gelu_slope_row),
    };
}
