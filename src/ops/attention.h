/* Floor 3. What attention.c's rows evaluate. */
#ifndef ONNXSH_OPS_ATTENTION_H
#define ONNXSH_OPS_ATTENTION_H

#include "ops/eval.h"

ox_status ox__eval_attention(ox__ev *e);
ox_status ox__eval_flex_attention(ox__ev *e);
ox_status ox__eval_linear_attention(ox__ev *e);
ox_status ox__eval_rotary_embedding(ox__ev *e);
ox_status ox__eval_causal_conv(ox__ev *e);

#endif
