/* lanes_avx512.c: the loops of lanes.h for the CPU level avx512. */
#define LANES_INIT nn_lanes_avx512
#include "nn/kernels/lanes_text.h"
