/* Floor 5. One call of a symbolic function. */
#ifndef ONNXSH_CONVERT_CALL_H
#define ONNXSH_CONVERT_CALL_H

#include "convert/emit.h"

struct ox_call {
    ox__conv *c;
    ox_node node;
    size_t n_outputs; /* of the list result, 1 if it is not unpacked */
    bool returned;
    size_t n_results;
    ox_arg *results;           /* in c->call */
    struct ox__recording *rec; /* NULL: it is not recorded */
};

/* The inputs of a new node as values: numbers get the type that the operator's type variables have, tensors of other
 * dtypes are cast where torch promotes. in has room for n. */
ox_status ox__type_inputs(ox_call *k, const ox_op_schema *schema, const char *op, size_t n, const ox_arg *args,
                          ox_value *in, ox_error *err) OX_MUST_USE;
/* Arity and attributes against the schema. *attrs may be replaced by a corrected copy in c->call. */
ox_status ox__check_shape_of_call(ox__conv *c, const ox_op_schema *schema, const char *op, size_t n_in,
                                  const ox_arg *in, size_t n_attrs, const ox_attr *attrs, size_t n_out,
                                  ox_error *err) OX_MUST_USE;

#endif
