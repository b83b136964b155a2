/* Floor 3. What the rows of quant.c compute with. */
#ifndef ONNXSH_OPS_QUANT_H
#define ONNXSH_OPS_QUANT_H

#include "ops/blocks.h"

ox_status ox__eval_quantize(ox__ev *e);
ox_status ox__eval_dequantize(ox__ev *e);
ox_status ox__eval_dynamic_quantize(ox__ev *e);

#endif
