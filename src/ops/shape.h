/* Floor 3. Operators about shapes: how they are computed (shape_eval.c), for their rows (shape.c). */
#ifndef ONNXSH_OPS_SHAPE_H
#define ONNXSH_OPS_SHAPE_H

#include "ops/infer.h"

ox_status ox__eval_expand(ox__ev *e);
ox_status ox__eval_flatten(ox__ev *e);
ox_status ox__eval_reshape(ox__ev *e);
ox_status ox__eval_shape(ox__ev *e);
ox_status ox__eval_size(ox__ev *e);
ox_status ox__eval_squeeze(ox__ev *e);
ox_status ox__eval_tile(ox__ev *e);
ox_status ox__eval_unsqueeze(ox__ev *e);

#endif
