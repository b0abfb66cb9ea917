/* lanes_avx2.c: the loops of lanes.h for the CPU level avx2. */
#define LANES_INIT nn_lanes_avx2
#include "nn/kernels/lanes_text.h"
