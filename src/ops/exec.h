/* Floor 3. Running a model with the evaluation functions of the families.
 *
 * A value is dropped after the last node that reads it. Initializers are read from the file when first needed. Local
 * functions come before operators of the same name; their bodies run with the attributes of the call. Every limit ends
 * the run with OX_E_LIMIT; errors name the node and its scope. */
#ifndef ONNXSH_OPS_EXEC_H
#define ONNXSH_OPS_EXEC_H

#include "ops/eval.h"

typedef struct ox__exec_options {
    uint64_t seed;      /* of random operators */
    unsigned threads;   /* 0 = as many as there are processors */
    uint64_t max_bytes; /* that values may take at one time; 0 = no limit */
    uint64_t max_nodes; /* that may run in all, those of every iteration counted; 0 = no limit */
    const ox_task *task;
    const bool *needed; /* by node id, of the main graph: the others do not run, and no outputs are given; NULL = all */
    /* Called for every value that a node of the main graph or of a block makes, with borrowed data. May be NULL. An
     * error ends the run. */
    ox_status (*on_value)(void *ud, ox_value v, ox_data *d, ox_error *err);
    void *ud;
} ox__exec_options;

/* Runs the main graph. in: one for each graph input, borrowed; NULL where an initializer is the default. out gets a
 * reference for each graph output, and is untouched when this fails. */
ox_status ox__exec_run(const ox_model *m, const ox__exec_options *opt, size_t n_in, ox_data *const *in, size_t n_out,
                       ox_data **out, ox_error *err) OX_MUST_USE;

/* ---- for eval.c and operators with blocks ---- */
/* Calls e->row->eval with in and out made from arg; res holds what was made, also after a failure. */
ox_status ox__eval_call(ox__ev *e) OX_MUST_USE;
/* Counts bytes that an operator holds while its block runs; x NULL is fine. */
void ox__exec_hold(ox__exec *x, uint64_t bytes);
void ox__exec_let_go(ox__exec *x, uint64_t bytes);
/* What the attribute `name` of the function that f runs is in this call; NULL if it is absent. */
const ox_attr *ox__frame_attr(const ox__frame *f, ox_str name);

#endif
