/* Floor 4. Small local rewrites that change no result: identities, casts to the same dtype, transposes that cancel or
 * go into Gemm, reshapes of reshapes. */
#ifndef ONNXSH_REWRITE_PEEPHOLE_H
#define ONNXSH_REWRITE_PEEPHOLE_H

#include "ops/infer.h"

/* Rewrites g and its blocks, in order. *count is added to. */
ox_status ox__peephole(ox__facts *f, ox_graph g, uint64_t *count, ox_error *err) OX_MUST_USE;

#endif
