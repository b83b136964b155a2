/* Floor 5. The passes, in the order of passes.def. Each changes the copy and counts what it changed; what is wrong with
 * a node goes into the report, what it returns stops the conversion. */
#ifndef ONNXSH_CONVERT_PASS_H
#define ONNXSH_CONVERT_PASS_H

#include "convert/internal.h"

typedef ox_status (*ox__pass_fn)(ox__conv *c, uint64_t *changed);

#define OX_PASS(name, help, fn) ox_status fn(ox__conv *c, uint64_t *changed) OX_MUST_USE;
#include "convert/passes.def"
#undef OX_PASS

/* Runs all of them. */
ox_status ox__passes_run(ox__conv *c) OX_MUST_USE;

/* The pass "constants" has a rule for the operator: it goes where its inputs are known. */
bool ox__constants_fold(const char *domain, const char *op);

/* ---- helpers of the passes ---- */
/* A prim::Constant of a number before `before`; the type is that of the kind, or `type` if it is not {0}. */
ox_status ox__pass_constant(ox__conv *c, ox_node before, const ox_arg *a, ox_type type, ox_value *out) OX_MUST_USE;
/* Makes the readers of out read v, which takes over its name if the main graph returns it. */
ox_status ox__pass_stand_in(ox__conv *c, ox_value out, ox_value v) OX_MUST_USE;
/* Makes the readers of output i of n read v; n is deleted when nobody reads it any more. */
ox_status ox__pass_replace(ox__conv *c, ox_node n, size_t i, ox_value v) OX_MUST_USE;
/* Moves the nodes of a block before `before` of the graph around it, and gives its results. */
ox_status ox__pass_inline_block(ox__conv *c, ox_graph block, ox_node before, ox_value *results) OX_MUST_USE;
/* Tuples inside the graph: what branches return is taken apart, and what is built and read again. */
ox_status ox__tuples_inside(ox__conv *c, uint64_t *changed) OX_MUST_USE;
/* A node that writes to a list, a tensor or an attribute, by itself or in its blocks. */
bool ox__writes(const ox_model *m, ox_node n);
/* Deletes nodes that nobody reads and that write to nothing. */
ox_status ox__drop_dead(ox__conv *c, uint64_t *changed) OX_MUST_USE;
/* The dotted path of what a GetAttr reads or a SetAttr sets, in path, which may be short of memory, and the object that
 * it begins at: a module that the graph takes, or one that it makes. False if it begins elsewhere. */
bool ox__attribute_path(const ox_model *m, ox_node n, ox__buf *path, ox_value *root);
/* Takes module objects that nobody reads off the inputs of the graph. */
ox_status ox__drop_modules(ox_model *m, ox_error *err) OX_MUST_USE;
bool ox__is_prim(const ox__conv *c, ox_node n, const char *op);
bool ox__is_aten(const ox__conv *c, ox_node n, const char *op);

#endif
