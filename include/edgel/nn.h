/* edgel/nn.h: a small convolutional network, in parts that can each be included alone. A program that runs a model
 * needs nn_model.h and nn_predict.h; one that trains the rest as well. */
#ifndef EDGEL_NN_H
#define EDGEL_NN_H

#include "edgel/nn_loss.h"
#include "edgel/nn_model.h"
#include "edgel/nn_optimizer.h"
#include "edgel/nn_predict.h"
#include "edgel/nn_sample.h"
#include "edgel/nn_train.h"

#endif
