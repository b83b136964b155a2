/* Floor 3. What inference knows of values beside their types: small constant tensors, and integer vectors whose
 * elements are dims (the result of Shape and of the arithmetic on it). The facts stand beside the model in a table of
 * their own; a fact belongs to one generation of a value, so a rollback needs no bookkeeping here. */
#ifndef ONNXSH_OPS_FACTS_H
#define ONNXSH_OPS_FACTS_H

#include "base/base.h"

#include <onnxsh/graph.h>

enum {
    OX__FACT_MAX_DIMS = 256,       /* elements of an integer value that is followed as dims */
    OX__FACT_MAX_BYTES = 64 * 1024 /* bytes of a result that inference computes by itself */
};

typedef struct ox__facts ox__facts;
struct ox__op_row;

ox_status ox__facts_create(ox__facts **out, ox_model *m, ox_error *err) OX_MUST_USE;
void ox__facts_free(ox__facts *f);
ox_model *ox__facts_model(const ox__facts *f);
/* OX_E_NOMEM if something is not known because memory ran out (it stays so), or the model says the same. */
ox_status ox__facts_status(const ox__facts *f, ox_error *err) OX_MUST_USE;

/* The elements of an integer (or bool) value of rank 0 or 1 as dims; false if they are not known. The array lives as
 * long as f. */
typedef struct ox__vec_fact {
    const ox_dim *dims;
    size_t n;
    bool scalar; /* rank 0 */
} ox__vec_fact;
bool ox__facts_vec(ox__facts *f, ox_value v, ox__vec_fact *out);
/* The same where every element is a constant; *out lives as long as f. */
bool ox__facts_ints(ox__facts *f, ox_value v, const int64_t **out, size_t *n);
/* The constant behind a value: an initializer (from IR 4 on: one that is no input), the tensor of a Constant node, what
 * evaluation gave; {0} if there is none. */
ox_tensor ox__facts_tensor(ox__facts *f, ox_value v);
/* The constant behind a value, made from its dims if need be. */
ox_status ox__facts_materialize(ox__facts *f, ox_value v, ox_tensor *out, ox_error *err) OX_MUST_USE;
ox_status ox__facts_set_vec(ox__facts *f, ox_value v, const ox_dim *dims, size_t n, bool scalar,
                            ox_error *err) OX_MUST_USE;
ox_status ox__facts_set_tensor(ox__facts *f, ox_value v, ox_tensor t, ox_error *err) OX_MUST_USE;

/* ---- what is known changes ---- */
/* What was known of a value, to be held against what is known now. */
typedef struct ox__fact_was {
    bool known;
    bool scalar;
    size_t n;
    const ox_dim *dims;
    ox_tensor tensor;
} ox__fact_was;
/* Forgets what is known of v, and says what it was (was may be NULL). */
void ox__facts_forget(ox__facts *f, ox_value v, ox__fact_was *was);
bool ox__facts_differ(ox__facts *f, ox_value v, const ox__fact_was *was);
/* Forgets all of the values that belong to g and to the blocks in it. */
void ox__facts_forget_graph(ox__facts *f, ox_graph g);

/* ---- the call whose function is looked at; NULL = none ---- */
const struct ox__frame *ox__facts_frame(const ox__facts *f);
void ox__facts_set_frame(ox__facts *f, const struct ox__frame *frame);
/* What calls of local functions gave (infer_call.c). */
struct ox__calls *ox__facts_calls(ox__facts *f);
/* An error for whoever is at work, cleared by its last user. */
ox_error *ox__facts_error(ox__facts *f);

/* A scratch arena for the work on one node; nested calls get their own. NULL beyond a depth of 100. Give it back by
 * ox__facts_leave. */
ox__arena *ox__facts_enter(ox__facts *f);
void ox__facts_leave(ox__facts *f);

/* The row of a node's operator (infer.h), or of one of ai.onnx by name; NULL if there is none. */
const struct ox__op_row *ox__facts_op(ox__facts *f, ox_node n);
const struct ox__op_row *ox__facts_op_named(const ox__facts *f, const char *op);

/* The tensor that a Constant node's attribute holds; {0} for another node, for a reference, or if it is lost. Typed
 * attributes (value_int, value_floats, ...) are made into a tensor. */
ox_tensor ox__constant_tensor(ox_model *m, ox_node n);

#endif
