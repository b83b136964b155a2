/* Floor 5. Arithmetic on the numbers of a trace, as Python computes it. */
#ifndef ONNXSH_CONVERT_FOLD_NUMBER_H
#define ONNXSH_CONVERT_FOLD_NUMBER_H

#include "base/base.h"

#include <onnxsh/convert.h>

/* op ("add", "floordiv", "lt", ...) on n numbers. false: not defined, or it overflows. */
bool ox__fold_number(const char *op, size_t n, const ox_arg *in, ox_arg *out);
/* Int, Float, Bool, NumToTensor, ... on a number. */
bool ox__fold_conversion(const char *op, const ox_arg *in, ox_arg *out);
/* The number in a constant tensor without dims (or of one element). */
bool ox__number_of_tensor(const ox_model *m, ox_tensor t, ox_arg *out);

#endif
