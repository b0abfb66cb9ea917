/* edgel/edgel.h: the whole library. Each of its headers can be included alone. */
#ifndef EDGEL_EDGEL_H
#define EDGEL_EDGEL_H

#include "edgel/base.h"
#include "edgel/batch.h"
#include "edgel/batch_folder.h"
#include "edgel/dataset.h"
#include "edgel/detect.h"
#include "edgel/eval.h"
#include "edgel/filter.h"
#include "edgel/geometry.h"
#include "edgel/image.h"
#include "edgel/ml.h"
#include "edgel/ml_crf.h"
#include "edgel/ml_features.h"
#include "edgel/nn.h"
#include "edgel/report.h"
#include "edgel/train.h"

#endif
