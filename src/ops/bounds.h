/* Floor 3. What is certain of dims as sizes, of which none is negative: signs, order, lengths of slices. */
#ifndef ONNXSH_OPS_BOUNDS_H
#define ONNXSH_OPS_BOUNDS_H

#include <onnxsh/type.h>

/* True if d cannot be negative, whatever sizes its symbols are. */
bool ox__dim_is_size(const ox_model *m, ox_dim d);
/* True if a cannot be more than b. */
bool ox__dim_at_most(ox_model *m, ox_dim a, ox_dim b);
/* How many elements start:end:step has of a size, as Slice counts; unknown (with a reason, of the node `at`) where that
 * hangs on signs that are not certain. */
ox_dim ox__dim_slice(ox_model *m, ox_dim size, ox_dim start, ox_dim end, int64_t step, ox_node at);

#endif
