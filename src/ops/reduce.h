/* Floor 3. What the rows of reduce.c compute with: reductions (reduce_eval.c), places of extremes and losses
 * (loss_eval.c). */
#ifndef ONNXSH_OPS_REDUCE_H
#define ONNXSH_OPS_REDUCE_H

#include "ops/blocks.h"

ox_status ox__eval_reduce(ox__ev *e);
ox_status ox__eval_arg(ox__ev *e);
ox_status ox__eval_nll_loss(ox__ev *e);
ox_status ox__eval_cross_entropy(ox__ev *e);

#endif
