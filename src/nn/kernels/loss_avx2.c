#define LEVEL(name) name##_avx2
#include "nn/kernels/loss_rows.h"
