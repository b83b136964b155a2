/* Floor 4. Constant folding: nodes on constants become constants. */
#ifndef ONNXSH_REWRITE_FOLD_H
#define ONNXSH_REWRITE_FOLD_H

#include "ops/infer.h"

typedef struct ox__fold_options {
    int64_t opset;
    uint64_t max_moved; /* bytes of one result that is only moved (Transpose, Reshape, Concat, ...) */
    uint64_t max_total; /* of all results together that are larger than a Constant */
    const ox_task *task;
} ox__fold_options;

/* Folds the nodes of g and of its blocks. What comes from weights becomes an initializer of the main graph under the
 * weight's name ("fc.weight^T"), all else a Constant node in the place of the one that was computed. *count is added
 * to. */
ox_status ox__fold_constants(ox__facts *f, ox_graph g, const ox__fold_options *opt, uint64_t *count,
                             ox_error *err) OX_MUST_USE;

#endif
