/* Floor 4. Conv followed by BatchNormalization is one Conv with other weights. */
#ifndef ONNXSH_REWRITE_CONVBN_H
#define ONNXSH_REWRITE_CONVBN_H

#include "ops/infer.h"

/* Folds the pairs of the main graph whose parameters are constant float32. New weights keep the names of the old; large
 * ones are written to an unlinked temporary file that the model maps, never onto the heap. *count is added to. */
ox_status ox__fold_batchnorm(ox__facts *f, uint64_t *count, const ox_task *task, ox_error *err) OX_MUST_USE;

#endif
