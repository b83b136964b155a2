/* Floor 3. What norm.c's rows evaluate. */
#ifndef ONNXSH_OPS_NORM_H
#define ONNXSH_OPS_NORM_H

#include "ops/eval.h"

ox_status ox__eval_batch_norm(ox__ev *e);
ox_status ox__eval_group_norm(ox__ev *e);
ox_status ox__eval_instance_norm(ox__ev *e);
ox_status ox__eval_layer_norm(ox__ev *e);
ox_status ox__eval_rms_norm(ox__ev *e);
ox_status ox__eval_lrn(ox__ev *e);
ox_status ox__eval_lp_norm(ox__ev *e);
ox_status ox__eval_mean_variance(ox__ev *e);
ox_status ox__eval_softmax(ox__ev *e);
ox_status ox__eval_log_softmax(ox__ev *e);
ox_status ox__eval_hardmax(ox__ev *e);

#endif
