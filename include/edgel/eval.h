/* edgel/eval.h: measure predictions against truth (integers per image), and reduce those to scores, in parts that can
 * each be included alone. */
#ifndef EDGEL_EVAL_H
#define EDGEL_EVAL_H

#include "edgel/eval_counts.h"
#include "edgel/eval_measure.h"
#include "edgel/eval_objects.h"
#include "edgel/eval_scores.h"

#endif
