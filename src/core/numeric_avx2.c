#define LEVEL(name) name##_avx2
#include "core/numeric_rows.h"
