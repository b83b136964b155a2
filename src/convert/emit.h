/* Floor 5. Adding ONNX nodes to the model being made: their provenance, their types. */
#ifndef ONNXSH_CONVERT_EMIT_H
#define ONNXSH_CONVERT_EMIT_H

#include "convert/internal.h"

/* What is added and where. */
typedef struct ox__emit {
    ox_node at; /* the trace node that it comes from: scope, source line, origin */
    ox_graph graph;
    ox_node before; /* {0}: at the end of graph */
    ox_str domain;  /* {0}: ai.onnx */
    const char *op;
    size_t n_in;
    const ox_value *in;
    size_t n_attrs;
    const ox_attr *attrs;
    size_t n_out;
} ox__emit;

/* Adds a node and infers its outputs. OX_E_CHECK: its inputs do not go together. */
ox_status ox__emit_node(ox__conv *c, const ox__emit *e, ox_node *out, ox_error *err) OX_MUST_USE;
/* A node of one output before the trace node. */
ox_status ox__emit_one(ox__conv *c, ox_node at, const char *op, size_t n_in, const ox_value *in, const ox_attr *attr,
                       ox_value *out, ox_error *err) OX_MUST_USE;
/* A Constant before `before` of g, at the place of `at`. */
ox_status ox__emit_constant(ox__conv *c, ox_node at, ox_graph g, ox_node before, ox_tensor t, ox_value *out,
                            ox_error *err) OX_MUST_USE;
/* A 0-dim tensor of a number. OX_E_INVALID when it does not fit the dtype. */
ox_status ox__number_tensor(ox__conv *c, const ox_arg *a, ox_dtype dtype, ox_tensor *out, ox_error *err) OX_MUST_USE;
ox_status ox__emit_cast(ox__conv *c, ox_node at, ox_graph g, ox_node before, ox_value v, ox_dtype to, ox_value *out,
                        ox_error *err) OX_MUST_USE;
/* v as an ONNX value that may be an input of a node in front of `before`: numbers and constants of the trace become
 * Constants; all else stays. OX_E_UNSUPPORTED for what ONNX has no value for (strings, devices, None). */
ox_status ox__emit_tensor(ox__conv *c, ox_node at, ox_graph g, ox_node before, ox_value v, ox_value *out,
                          ox_error *err) OX_MUST_USE;
/* Something of a type that stands for a value which nobody reads: zeros, an empty list. */
ox_status ox__emit_dummy(ox__conv *c, ox_node at, ox_graph g, ox_node before, ox_type type, ox_value *out,
                         ox_error *err) OX_MUST_USE;
ox_attr ox__attr_int(ox__conv *c, const char *name, int64_t i);

#endif
