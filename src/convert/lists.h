/* Floor 5. Lists that stay lists: those of numbers are vectors of ONNX, those of tensors sequences. */
#ifndef ONNXSH_CONVERT_LISTS_H
#define ONNXSH_CONVERT_LISTS_H

#include "convert/internal.h"

/* int64, float32, bool for the kind of a number; UNDEFINED for all others. */
ox_dtype ox__number_dtype(ox_type_kind kind);
/* The dtype of a list's tensors, from its type or from what is put into it anywhere; of a tensor, its own or that of
 * what branches and loops may set it to. UNDEFINED if that is not known. */
ox_dtype ox__list_dtype(ox__conv *c, ox_value list);
/* The ONNX type of a value of the trace that is a list of numbers or tensors; {0} for all others. */
ox_type ox__list_type(ox__conv *c, ox_value v);

#endif
