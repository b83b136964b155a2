/* Floor 5. Arguments of trace nodes: what is constant about a value, in the form that a symbolic function gets. */
#ifndef ONNXSH_CONVERT_ARGS_H
#define ONNXSH_CONVERT_ARGS_H

#include "convert/internal.h"

#include <onnxsh/aten.h>

/* Reads a value: constants and lists of the trace as what they are (items that are not constant as VALUE), all else as
 * VALUE, {0} as NONE. Arrays stand in c->call. */
ox_status ox__arg_read(ox__conv *c, ox_value v, ox_arg *out, ox_error *err) OX_MUST_USE;
/* The same, brought into the form of a formal type: numbers behind 0-dim tensors, dtypes, one int for int[2], ... */
ox_status ox__arg_read_as(ox__conv *c, ox_value v, const ox_aten_type *formal, ox_arg *out, ox_error *err) OX_MUST_USE;
/* A schema's default. */
ox_status ox__arg_default(ox__conv *c, const ox_aten_arg *a, ox_arg *out, ox_error *err) OX_MUST_USE;
/* An argument stands at the default of its schema. */
bool ox__arg_is_default(const ox_arg *a, const ox_aten_const *def);
/* The type of an actual argument, a number where the trace had one. */
ox_aten_type ox__arg_type(const ox__conv *c, ox_value v);
/* "alpha = 1.0", "self : Float(2, 3) = %5" into b. */
void ox__arg_print(const ox__conv *c, ox__buf *b, const ox_arg *a);

/* torch's number of an element type, and back: OX_UNDEFINED / -1 if there is none. */
ox_dtype ox__dtype_of_torch(int64_t code);
int64_t ox__torch_of_dtype(ox_dtype d);

#endif
