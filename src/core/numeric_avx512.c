#define LEVEL(name) name##_avx512
#include "core/numeric_rows.h"
