#define LEVEL(name) name##_avx512
#include "ml/ml_rows.h"
