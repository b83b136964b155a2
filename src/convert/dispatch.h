/* Floor 5. Dispatch: every node of the trace becomes ONNX nodes, or a failure. */
#ifndef ONNXSH_CONVERT_DISPATCH_H
#define ONNXSH_CONVERT_DISPATCH_H

#include "convert/bind.h"
#include "convert/call.h"

/* Converts the nodes of a graph in order, those of its blocks too. A failure of a node goes into the report; what is
 * returned stops the conversion. */
ox_status ox__dispatch_graph(ox__conv *c, ox_graph g) OX_MUST_USE;

/* A failure of a node: its outputs are placeholders of the traced type from now on. */
ox_status ox__dispatch_failed(ox__conv *c, ox_node n, ox_failure_kind kind, const ox_error *why,
                              const ox_aten_schema *schema) OX_MUST_USE;
/* The failure that an input of the node stems from, SIZE_MAX = none. */
size_t ox__dispatch_cause(const ox__conv *c, ox_node n);
/* Carries the failure of an input over to values whose type is not wholly known. */
ox_status ox__dispatch_taint(ox__conv *c, size_t failure, ox_value v) OX_MUST_USE;
/* A value that stems from a failure, whatever is known of its type. */
ox_status ox__dispatch_fail_value(ox__conv *c, size_t failure, ox_value v) OX_MUST_USE;
/* True for what stops the conversion rather than being the failure of a node: *s becomes OX_E_NOMEM when memory ran out
 * on the way, whatever it was taken for. */
bool ox__is_fatal(const ox__conv *c, ox_status *s);

/* ---- results.c ---- */
/* The list-unpacking node that takes a list result apart; {0} if there is none. */
ox_node ox__unpack_of(const ox__conv *c, ox_node n);
/* Puts the results of a call in the place of the node's outputs and deletes the node. OX_E_INVALID: they do not fit. */
ox_status ox__results_apply(ox_call *k, ox_node unpack, ox_error *err) OX_MUST_USE;
/* Makes `by` what all readers of `out` read; the traced type of out is merged onto it. */
ox_status ox__results_replace(ox__conv *c, ox_node n, ox_value out, ox_value by, ox_error *err) OX_MUST_USE;

/* ---- numbers.c ---- */
/* Conversions between tensors and numbers of the trace (NumToTensor, Int, Bool, ...). *done says that n was one. */
ox_status ox__convert_number(ox__conv *c, ox_node n, bool *done, ox_error *err) OX_MUST_USE;
/* Gives a value of a number type the tensor type that stands for it. */
ox_status ox__erase_number(ox__conv *c, ox_value v, ox_error *err) OX_MUST_USE;

/* ---- control.c ---- */
ox_status ox__convert_control(ox__conv *c, ox_node n, bool *done, ox_error *err) OX_MUST_USE;

/* ---- onnx_check.c ---- */
/* A node of ai.onnx that was there before: OX_E_UNSUPPORTED if it does not mean the same at the target opset. */
ox_status ox__check_onnx(ox__conv *c, ox_node n, ox_error *err) OX_MUST_USE;

/* ---- stand.c ---- */
/* What --unsupported fallthrough and aten make of a node without a symbolic function. */
ox_status ox__convert_standing(ox__conv *c, ox_node n, const ox_aten_schema *schema, ox_error *err) OX_MUST_USE;

#endif
