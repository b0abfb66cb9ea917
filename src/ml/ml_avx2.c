#define LEVEL(name) name##_avx2
#include "ml/ml_rows.h"
