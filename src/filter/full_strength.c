/* The strength that counts as full: both derivatives of Sobel at their largest, which two of four quadrants, at white,
 * give at their corner: the sum of the smoothing taps times that of the positive derivative taps, times white. */
#include "filter/filter_priv.h"
#include <math.h>

double edgel_canny_full_strength(enum edgel_type type, const struct edgel_canny_params *params)
{
    const struct edgel_taps *t = edgel_operator_taps(EDGEL_SOBEL, params->aperture);
    int even = t->s[0], odd = 0;
    for (int k = 1; k <= t->radius; k++) {
        even += 2 * t->s[k];
        odd += t->d[k];
    }
    const double one = even * odd * edgel_type_range(type);
    return params->norm == EDGEL_NORM_L1 ? 2 * one : sqrt(2 * one * one);
}
