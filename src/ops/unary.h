/* Floor 3. What the rows of elementwise.c compute with: functions of one number (unary_eval.c), casts (cast_eval.c),
 * and what goes along axes (along_eval.c). */
#ifndef ONNXSH_OPS_UNARY_H
#define ONNXSH_OPS_UNARY_H

#include "ops/blocks.h"

ox_status ox__eval_unary(ox__ev *e);
ox_status ox__eval_clip(ox__ev *e);
ox_status ox__eval_float_test(ox__ev *e); /* IsNaN, IsInf */
ox_status ox__eval_swiglu(ox__ev *e);

ox_status ox__eval_cast(ox__ev *e);
ox_status ox__eval_cast_like(ox__ev *e);
ox_status ox__eval_bit_cast(ox__ev *e);
/* The element type that `to` of a Cast means, a name before opset 6; OX_UNDEFINED if it is none. */
ox_dtype ox__cast_target(const ox_model *m, const ox_attr *to);

ox_status ox__eval_cumulate(ox__ev *e); /* CumSum, CumProd */
ox_status ox__eval_reverse_sequence(ox__ev *e);
ox_status ox__eval_trilu(ox__ev *e);
ox_status ox__eval_dropout(ox__ev *e);

#endif
