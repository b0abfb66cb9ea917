/* lanes_c.c: the loops of lanes.h for the baseline of the machine. */
#define LANES_INIT nn_lanes_c
#include "nn/kernels/lanes_text.h"
