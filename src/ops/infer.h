/* Floor 3. Type and shape inference of one node: the context that the rows of the families see, and its helpers; the
 * rows themselves. A row's function reads the inputs, sets what it knows of the outputs, and
 * leaves the rest unknown; it never guesses. */
#ifndef ONNXSH_OPS_INFER_H
#define ONNXSH_OPS_INFER_H

#include "ops/eval.h"
#include "ops/facts.h"

#include <onnxsh/infer.h>

/* Something that inference met and went on after. */
typedef struct ox__infer_note {
    ox_infer_problem problem;
    ox_node node;
    ox_value value;       /* DECLARED: the output concerned */
    const ox_error *what; /* INPUTS: why, borrowed; else NULL */
} ox__infer_note;

typedef struct ox__infer_options {
    int64_t opset;       /* of ai.onnx */
    bool lenient;        /* inputs of different dtypes are promoted rather than refused */
    bool certain;        /* what is promoted with an unknown dtype is unknown: ONNX would want equal ones */
    bool evaluate;       /* compute small constant results */
    bool blocks;         /* infer the blocks of If, Loop and Scan too; else they have been */
    bool no_data;        /* what is known of values beside initializers and Constants is not followed */
    const ox_task *task; /* of what blocks and functions hold; may be NULL */
    bool keep;           /* what is found is saved with the model */
    bool forget;         /* what the model says of values that nodes make is not believed where something is found */
    /* Of ox__infer_graph: gets what is wrong with a node, which otherwise ends the work. An error of its own ends it
     * too. NULL: none of that. */
    ox_status (*note)(void *ud, const ox__infer_note *note, ox_error *err);
    void *ud;
} ox__infer_options;

/* ---- inference ---- */
typedef struct ox__inf {
    ox__facts *facts;
    ox_model *m;
    ox_node node;
    int64_t opset; /* of the node's domain, where the node stands */
    size_t n_in, n_out;
    const ox_type_info *in; /* n_in */
    ox_type *out;           /* n_out, {0} = nothing known */
    ox__arena *mem;         /* lives until the node is done */
    const ox__infer_options *opt;
    const ox__frame *frame; /* the call whose function the node stands in; NULL = none */
    ox_error *err;
} ox__inf;

typedef ox_status (*ox__infer_fn)(ox__inf *c);

/* Fails with OX_E_CHECK: the inputs cannot go together. */
ox_status ox__inf_fail(ox__inf *c, const char *fmt, ...) OX_PRINTF(2, 3);
ox_value ox__inf_value(const ox__inf *c, size_t i);
/* Input i is there. */
bool ox__inf_has(const ox__inf *c, size_t i);
/* Input i is a tensor of known rank. */
bool ox__inf_ranked(const ox__inf *c, size_t i);
int32_t ox__inf_rank(const ox__inf *c, size_t i);             /* OX_RANK_UNKNOWN if it is not known */
ox_dtype ox__inf_dtype(const ox__inf *c, size_t i);           /* OX_UNDEFINED if it is not known */
ox_dim ox__inf_dim(const ox__inf *c, size_t i, int64_t axis); /* of a ranked input */
/* Attributes with their default; references of a function's body are followed. A wrong kind counts as absent: the
 * schema check reports it. */
const ox_attr *ox__inf_attr(const ox__inf *c, const char *name); /* whatever its kind; NULL if absent */
int64_t ox__inf_int(const ox__inf *c, const char *name, int64_t def);
double ox__inf_float(const ox__inf *c, const char *name, double def);
const int64_t *ox__inf_ints(const ox__inf *c, const char *name, size_t *n); /* NULL and *n 0 if absent */
bool ox__inf_string_is(const ox__inf *c, const char *name, const char *text);
/* axes and the like: an attribute in older opsets, input i in newer ones. false: not a constant (yet). *n 0 and true:
 * absent. */
bool ox__inf_list(ox__inf *c, const char *attr, size_t i, const int64_t **out, size_t *n);
/* The dims that the elements of input i are. */
bool ox__inf_vec(ox__inf *c, size_t i, ox__vec_fact *out);
/* Makes axis non-negative; fails outside [-rank, rank). */
ox_status ox__inf_axis(ox__inf *c, int64_t *axis, int32_t rank);

ox_dim *ox__inf_dims(ox__inf *c, size_t n); /* room for n dims; NULL when out of memory */
ox_dim *ox__inf_copy(ox__inf *c, size_t i); /* the dims of a ranked input, to be changed; NULL when out of memory */
ox_dim ox__inf_const(ox__inf *c, int64_t v);
ox_dim ox__inf_unknown(ox__inf *c, const char *reason); /* the node of c is its origin */

/* Sets an output's type; o beyond the outputs is ignored. */
ox_status ox__inf_out(ox__inf *c, size_t o, ox_dtype dtype, int32_t rank, const ox_dim *dims);
/* The dims of input i with another dtype. */
ox_status ox__inf_out_like(ox__inf *c, size_t o, size_t i, ox_dtype dtype);
/* rank dims, each unknown for that reason. */
ox_status ox__inf_out_unknown(ox__inf *c, size_t o, ox_dtype dtype, int32_t rank, const char *reason);
ox_status ox__inf_out_type(ox__inf *c, size_t o, ox_type t);
ox_status ox__inf_out_vec(ox__inf *c, size_t o, const ox_dim *dims, size_t n, bool scalar);
/* The broadcast of two dims; fails when they are known not to go together. */
ox_status ox__inf_broadcast_dim(ox__inf *c, ox_dim a, ox_dim b, ox_dim *out);
/* The broadcast of inputs from..to-1 into output o. */
ox_status ox__inf_broadcast(ox__inf *c, size_t o, size_t from, size_t to, ox_dtype dtype);

/* ---- the operators ---- */
enum {
    OX__OP_PROMOTES = 1, /* torch promotes the dtypes of its tensor inputs before it computes */
    OX__OP_RANDOM = 2,   /* not a function of its inputs: never folded */
    OX__OP_MOVES = 4     /* eval only moves bytes: cheap on large constants */
};

struct ox__op_row {
    const char *name;
    ox__infer_fn infer; /* may be NULL: nothing is inferred */
    ox__eval_fn eval;   /* may be NULL: it cannot be computed here */
    uint32_t flags;
};

typedef struct ox__op_family {
    const ox__op_row *rows;
    size_t n;
    const char *domain; /* NULL is ai.onnx */
} ox__op_family;

/* Infers the outputs of a node and keeps what is known of their values. A local function comes before a row; a node of
 * an operator that has neither is left alone (OX_OK). Types found are merged with those that the outputs were given; a
 * contradiction keeps the found one (with opt->note, of a result of the model, the given one) and sets *clash (may be
 * NULL) to the index of the output + 1. OX_E_CHECK: the inputs do not fit; OX_E_INVALID: a call does not fit its
 * function. */
ox_status ox__infer_node(ox__facts *f, ox_node n, const ox__infer_options *opt, size_t *clash,
                         ox_error *err) OX_MUST_USE;
/* The same with opt->note: what is wrong goes there. */
ox_status ox__infer_step(ox__facts *f, ox_node n, const ox__infer_options *opt, ox_error *err) OX_MUST_USE;
/* A rule or a function says what the outputs are. */
bool ox__infer_knows(ox__facts *f, ox_node n);
/* Every node of g in order; those of the blocks inside as opt says. OX_E_LIMIT beyond a depth of 100. */
ox_status ox__infer_graph(ox__facts *f, ox_graph g, const ox__infer_options *opt, const ox_task *task,
                          ox_error *err) OX_MUST_USE;
/* Adds the model's values, typed values and dims to the counts. */
void ox__infer_count(const ox_model *m, ox_infer_counts *out);
/* The opset under which a node stands: the given one for a node of ai.onnx, else that of its domain in the model. */
int64_t ox__opset_for(const ox_model *m, ox_node n, int64_t opset);
/* Computes a node whose inputs are all constants, results of at most max_bytes each; outs (n_out of them) get tensors,
 * {0} for results that are none. OX_E_UNSUPPORTED, OX_E_CHECK or OX_E_LIMIT if it cannot be done. */
ox_status ox__eval_node(ox__facts *f, ox_node n, int64_t opset, uint64_t max_bytes, ox_tensor *outs,
                        ox_error *err) OX_MUST_USE;

/* These statuses of ox__eval_node are no errors of the work around it. */
static inline bool ox__eval_declined(ox_status s)
{
    return s == OX_E_UNSUPPORTED || s == OX_E_CHECK || s == OX_E_LIMIT;
}

/* What two types say together: unknown parts of one are filled from the other, a stands where they differ, and *clash
 * (may be NULL) says that they differ. */
ox_type ox__type_merge(ox_model *m, ox_type a, ox_type b, bool *clash);
/* What holds of both: where they differ, nothing is known, for `reason` at the node `at`. */
ox_type ox__type_join(ox_model *m, ox_type a, ox_type b, const char *reason, ox_node at);
/* The dtype in which torch computes on two: the higher category (bool, integer, float, complex), the wider of one. */
ox_dtype ox__dtype_promote(ox_dtype a, ox_dtype b);

#endif
