/* Floor 3. Type and shape inference of one node, and evaluation of small constant results: the contexts that the rows
 * of the families see, and their helpers. A row's function reads the inputs, sets what it knows of the outputs, and
 * leaves the rest unknown; it never guesses. */
#ifndef ONNXSH_OPS_INFER_H
#define ONNXSH_OPS_INFER_H

#include "ops/facts.h"

typedef struct ox__infer_options {
    int64_t opset; /* of ai.onnx */
    bool lenient;  /* inputs of different dtypes are promoted rather than refused */
    bool evaluate; /* compute small constant results */
    bool blocks;   /* infer the blocks of If, Loop and Scan too; else they have been */
} ox__infer_options;

/* ---- inference ---- */
typedef struct ox__inf {
    ox__facts *facts;
    ox_model *m;
    ox_node node;
    int64_t opset; /* of ai.onnx where the node stands */
    size_t n_in, n_out;
    const ox_type_info *in; /* n_in */
    ox_type *out;           /* n_out, {0} = nothing known */
    ox__arena *mem;         /* lives until the node is done */
    const ox__infer_options *opt;
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
/* Attributes with their default. A wrong kind counts as absent: the schema check reports it. */
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
ox_dim ox__inf_unknown(ox__inf *c, const char *reason);

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

/* ---- evaluation of constants ---- */
typedef struct ox__dense {
    ox_dtype dtype;
    uint32_t rank;
    const int64_t *dims;
    uint64_t n;       /* elements */
    const void *data; /* canonical layout; NULL: the input is absent */
} ox__dense;

typedef struct ox__ev {
    ox_model *m;
    ox_node node;
    int64_t opset;
    size_t n_in, n_out;
    const ox__dense *in;
    ox__dense *out;
    uint64_t max_bytes; /* of one result */
    ox__arena *mem;     /* holds the results until they are stored */
    ox_error *err;
} ox__ev;

/* OX_E_UNSUPPORTED (no message needed): it cannot be computed here, which is no error. */
typedef ox_status (*ox__eval_fn)(ox__ev *e);

bool ox__ev_has(const ox__ev *e, size_t i);
/* Makes output o of that dtype and dims, cleared, and returns its bytes; NULL: too large, or out of memory (then with
 * the status in *s). */
void *ox__ev_out(ox__ev *e, size_t o, ox_dtype dtype, uint32_t rank, const int64_t *dims, ox_status *s);
int64_t ox__ev_int(const ox__ev *e, const char *name, int64_t def);
double ox__ev_float(const ox__ev *e, const char *name, double def);
const int64_t *ox__ev_ints(const ox__ev *e, const char *name, size_t *n);
/* axes and the like: attribute or input i. false: neither is there. The array lives with the results. */
bool ox__ev_list(const ox__ev *e, const char *attr, size_t i, const int64_t **out, size_t *n);
int64_t ox__ev_i64(const ox__dense *a, uint64_t i);
double ox__ev_f64(const ox__dense *a, uint64_t i);
/* Elements of 1, 2, 4, 8 or 16 bytes; 0 for sub-byte types and strings, which the movers do not handle. */
unsigned ox__ev_item(ox_dtype dtype);
/* Row-major strides in elements. */
void ox__ev_strides(const int64_t *dims, uint32_t rank, int64_t *strides);

/* ---- the operators ---- */
enum {
    OX__OP_PROMOTES = 1, /* torch promotes the dtypes of its tensor inputs before it computes */
    OX__OP_RANDOM = 2,   /* not a function of its inputs: never folded */
    OX__OP_MOVES = 4     /* eval only moves bytes: cheap on large constants */
};

typedef struct ox__op_row {
    const char *name;
    ox__infer_fn infer;
    ox__eval_fn eval; /* may be NULL */
    uint32_t flags;
} ox__op_row;

typedef struct ox__op_family {
    const ox__op_row *rows;
    size_t n;
} ox__op_family;

/* Infers the outputs of a node of ai.onnx and keeps what is known of their values. A node of another domain, or of an
 * operator without a row, is left alone (OX_OK). Output types are merged with what they had; a contradiction keeps the
 * inferred type and sets *clash (may be NULL) to the index of the output + 1. OX_E_CHECK: the inputs do not fit. */
ox_status ox__infer_node(ox__facts *f, ox_node n, const ox__infer_options *opt, size_t *clash,
                         ox_error *err) OX_MUST_USE;
/* Every node of g in order; those of the blocks inside as opt says. OX_E_LIMIT beyond a depth of 100. */
ox_status ox__infer_graph(ox__facts *f, ox_graph g, const ox__infer_options *opt, const ox_task *task,
                          ox_error *err) OX_MUST_USE;
/* Computes a node whose inputs are all constants, results of at most max_bytes each; outs (n_out of them) get tensors.
 * OX_E_UNSUPPORTED without a message if it cannot be done. */
ox_status ox__eval_node(ox__facts *f, ox_node n, int64_t opset, uint64_t max_bytes, ox_tensor *outs,
                        ox_error *err) OX_MUST_USE;

/* What two types say together: unknown parts of one are filled from the other, a stands where they differ, and *clash
 * (may be NULL) says that they differ. */
ox_type ox__type_merge(ox_model *m, ox_type a, ox_type b, bool *clash);
/* What holds of both: where they differ, nothing is known (`reason`). */
ox_type ox__type_join(ox_model *m, ox_type a, ox_type b, const char *reason);
/* The dtype in which torch computes on two: the higher category (bool, integer, float, complex), the wider of one. */
ox_dtype ox__dtype_promote(ox_dtype a, ox_dtype b);

#endif
