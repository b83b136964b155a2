/* Floor 3. Evaluation of one node: the context that the rows of the families see, and its helpers.
 *
 * A row's function reads e->in, makes each output that the node has with ox__ev_out (or ox__ev_give), fills it, and
 * returns OX_OK. It holds for every version of the operator: e->opset tells which one the node means. Folding calls
 * the same functions with a small limit. Inputs were not checked against the schema: a function checks what it relies
 * on (ranks, dims, dtypes, number of inputs) and refuses the rest by ox__ev_fail (the inputs cannot go together) or
 * ox__ev_unsupported (legal, but not computed here). */
#ifndef ONNXSH_OPS_EVAL_H
#define ONNXSH_OPS_EVAL_H

#include "base/parallel.h"
#include "ir/data.h"

#include <onnxsh/graph.h>

typedef struct ox__op_row ox__op_row;
typedef struct ox__exec ox__exec; /* exec.h: a model that runs; NULL while constants are folded */

/* The call of a local function. */
typedef struct ox__frame {
    const struct ox__frame *outer;
    ox_node call;
    const ox_model *m;
    ox_function_info function;
} ox__frame;

/* A tensor as the functions see it. */
typedef struct ox__dense {
    ox_dtype dtype;
    uint32_t rank;
    const int64_t *dims;
    uint64_t n;       /* elements */
    const void *data; /* canonical layout (of STRING ox_bytes); NULL: the input is absent, or no tensor */
} ox__dense;

typedef struct ox__ev {
    const ox_model *m;
    ox_node node;
    const ox__op_row *row;
    int64_t opset; /* of the node's domain */
    size_t n_in, n_out;
    const ox__dense *in;
    ox_data *const *arg;    /* the inputs whole, for those that may be no tensors; NULL = absent */
    ox__dense *out;         /* of the results that are tensors */
    ox_data **res;          /* the results */
    uint64_t max_bytes;     /* of one result */
    ox__arena *mem;         /* scratch, gone when the node is done */
    ox__pool *pool;         /* for ox__parallel; NULL = this thread alone */
    ox__exec *exec;         /* NULL while folding: then no blocks, no random numbers */
    const ox__frame *frame; /* whose attributes references mean; may be NULL */
    bool oom;               /* what looked absent was not: what the function made of it does not count */
    ox_error *err;
} ox__ev;

typedef ox_status (*ox__eval_fn)(ox__ev *e);

/* OX_E_CHECK: "Op: text". */
ox_status ox__ev_fail(ox__ev *e, const char *fmt, ...) OX_PRINTF(2, 3);
/* OX_E_UNSUPPORTED: "Op: text". */
ox_status ox__ev_unsupported(ox__ev *e, const char *fmt, ...) OX_PRINTF(2, 3);
const char *ox__ev_op(const ox__ev *e); /* the operator's name */
/* Input i is a tensor that is there. */
bool ox__ev_has(const ox__ev *e, size_t i);
/* Output o is wanted: it exists and is not named "". */
bool ox__ev_wants(const ox__ev *e, size_t o);
/* Inputs from..to-1 are tensors that are there; else fails. */
ox_status ox__ev_need(ox__ev *e, size_t from, size_t to);

/* ---- results ---- */
/* Makes output o of that dtype and dims, cleared, and returns its bytes; NULL with the status in *s: OX_E_LIMIT when it
 * is too large, OX_E_NOMEM. An output that is not wanted is made too: the caller need not ask. Not for STRING. */
void *ox__ev_out(ox__ev *e, size_t o, ox_dtype dtype, uint32_t rank, const int64_t *dims, ox_status *s);
/* Output o of strings; texts are copied. */
ox_status ox__ev_out_strings(ox__ev *e, size_t o, uint32_t rank, const int64_t *dims, const ox_bytes *texts);
/* Output o is the elements of input i under those dims; nothing is copied. */
ox_status ox__ev_out_reshaped(ox__ev *e, size_t o, size_t i, uint32_t rank, const int64_t *dims);
/* Output o is d, whose reference is taken over (also on failure). */
ox_status ox__ev_give(ox__ev *e, size_t o, ox_data *d);

/* ---- attributes; references of a function's body are followed. A wrong kind counts as absent ---- */
const ox_attr *ox__ev_attr(const ox__ev *e, const char *name, ox_attr_kind kind);
int64_t ox__ev_int(const ox__ev *e, const char *name, int64_t def);
double ox__ev_float(const ox__ev *e, const char *name, double def);
const int64_t *ox__ev_ints(const ox__ev *e, const char *name, size_t *n);   /* NULL and *n 0 if absent */
const double *ox__ev_floats(const ox__ev *e, const char *name, size_t *n);  /* the same */
const ox_str *ox__ev_strings(const ox__ev *e, const char *name, size_t *n); /* the same */
/* The text, or def; *n (may be NULL) gets its length. */
const char *ox__ev_string(const ox__ev *e, const char *name, const char *def, size_t *n);
bool ox__ev_string_is(const ox__ev *e, const char *name, const char *def, const char *text);
/* axes and the like: attribute or input i. false: neither is there, or e->oom. The array lives in e->mem. */
bool ox__ev_list(ox__ev *e, const char *attr, size_t i, const int64_t **out, size_t *n);
/* Makes axis non-negative; fails outside [-rank, rank). */
ox_status ox__ev_axis(ox__ev *e, int64_t *axis, uint32_t rank);

/* ---- elements ---- */
int64_t ox__ev_i64(const ox__dense *a, uint64_t i);
double ox__ev_f64(const ox__dense *a, uint64_t i);
/* Elements of 1, 2, 4, 8 or 16 bytes (a string: of its ox_bytes); 0 for sub-byte types. */
unsigned ox__ev_item(ox_dtype dtype);
/* Row-major strides in elements. */
void ox__ev_strides(const int64_t *dims, uint32_t rank, int64_t *strides);
/* All elements of a float type as float or double, of an integer type as int64, in e->mem (or the tensor itself when it
 * is of that type). NULL when out of memory. */
const float *ox__ev_floats_of(ox__ev *e, const ox__dense *a);
const double *ox__ev_doubles_of(ox__ev *e, const ox__dense *a);
const int64_t *ox__ev_int64s_of(ox__ev *e, const ox__dense *a);

/* ---- work ---- */
/* Splits 0..n-1 among the threads of e->pool, in pieces of at least `grain`; fn works on bytes only. */
void ox__ev_parallel(ox__ev *e, uint64_t n, uint64_t grain, ox__parallel_fn fn, void *ud);
/* The same for what may take seconds (products, convolutions): Ctrl-C leaves it undone (see ox__parallel_long). */
void ox__ev_parallel_long(ox__ev *e, uint64_t n, uint64_t grain, ox__parallel_fn fn, void *ud);
/* Runs a block of the node (a GRAPH attribute) on n_in arguments, borrowed; res gets n_out references. */
ox_status ox__ev_block(ox__ev *e, const char *attr, size_t n_in, ox_data *const *in, size_t n_out, ox_data **res);
/* 64 random bits of the run; with the attribute `seed`, the n-th number of that seed's sequence. */
typedef struct ox__random {
    uint64_t state;
} ox__random;
ox_status ox__ev_random(ox__ev *e, ox__random *r); /* seeds r by the attribute or the run; fails while folding */
uint64_t ox__random_next(ox__random *r);
double ox__random_unit(ox__random *r);   /* in [0, 1), 53 bits */
double ox__random_normal(ox__random *r); /* mean 0, variance 1 */

#endif
