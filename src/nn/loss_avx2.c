#define LEVEL(name) name##_avx2
#include "nn/loss_rows.h"
