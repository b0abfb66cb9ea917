#define LEVEL(name) name##_avx512
#include "nn/loss_rows.h"
