/* Floor 3. The plan of a graph that runs: its nodes in order, each with what serves it and what it drops. */
#ifndef ONNXSH_OPS_EXEC_PLAN_H
#define ONNXSH_OPS_EXEC_PLAN_H

#include "ops/rows.h"

typedef struct ox__exec_step {
    ox_node node;
    const ox__op_row *row; /* NULL: `function` serves the node, or nothing does */
    ox_graph function;
    int64_t opset;
    size_t drop, n_drop; /* in the plan's `drops`: values that nothing reads after this node */
} ox__exec_step;

typedef struct ox__exec_steps {
    bool active; /* runs now: a graph that calls itself is refused */
    size_t n_steps, n_drops;
    ox__exec_step *steps;
    ox_value *drops;
} ox__exec_steps;

/* Makes the plan of g; its arrays lie in mem. step_of is a table by node id that the plans of a model share; needed (by
 * node id, NULL = all) says which nodes it has. */
ox_status ox__exec_plan(ox__exec_steps *p, const ox_model *m, ox_graph g, ox__rows *rows, uint32_t *step_of,
                        const bool *needed, ox__arena *mem, ox_error *err) OX_MUST_USE;

#endif
