#define LEVEL(name) name##_avx512
#include "nn/kernels/loss_rows.h"
