/* Floor 5. Types that hold for the traced sizes alone. */
#ifndef ONNXSH_CONVERT_FORGET_H
#define ONNXSH_CONVERT_FORGET_H

#include "base/base.h"

#include <onnxsh/graph.h>

/* *any: an input has a dim that is no number. Then the dims that the file gives for values which depend on such inputs
 * become unknown, in blocks too; *changed is added to. */
ox_status ox__forget_sizes(ox_model *m, bool *any, uint64_t *changed, const ox_task *task, ox_error *err) OX_MUST_USE;

#endif
