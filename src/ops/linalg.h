/* Floor 3. What linalg.c's rows evaluate. */
#ifndef ONNXSH_OPS_LINALG_H
#define ONNXSH_OPS_LINALG_H

#include "ops/eval.h"

ox_status ox__eval_det(ox__ev *e);
ox_status ox__eval_einsum(ox__ev *e);
ox_status ox__eval_gemm(ox__ev *e);
ox_status ox__eval_matmul(ox__ev *e);
ox_status ox__eval_matmul_integer(ox__ev *e);
ox_status ox__eval_qlinear_matmul(ox__ev *e);

#endif
