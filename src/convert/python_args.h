/* Floor 5. The argument text of a Python operator of a trace: `^Fn(0.5, True, (1, 2), None)(%x)`. */
#ifndef ONNXSH_CONVERT_PYTHON_ARGS_H
#define ONNXSH_CONVERT_PYTHON_ARGS_H

#include "base/base.h"

#include <onnxsh/convert.h>

/* Reads "0.5, True, (1, 2)", what stands between the parentheses, as a LIST in mem. What is no literal stays as its
 * text (STR). OX_E_UNSUPPORTED when brackets do not match. */
ox_status ox__python_args(ox__arena *mem, const char *text, size_t n, ox_arg *out, ox_error *err) OX_MUST_USE;

#endif
