/* Floor 7. How many nodes and parameters each scope of a model holds: counted a piece at a time. */
#ifndef ONNXSH_APP_TALLY_H
#define ONNXSH_APP_TALLY_H

#include <onnxsh/graph.h>

typedef struct ox_tally_row {
    uint64_t nodes, params; /* with all below, once all are counted */
    uint32_t first;         /* the id of its first node, 0 = none */
} ox_tally_row;

typedef struct ox_tally {
    const ox_model *m;
    ox_tally_row *by_scope; /* by id; 0 is what has no scope */
    uint32_t n_scopes;
    bool *seen; /* by value: a shared weight counts where it is used first */
    uint32_t next;
    bool done;
    bool unread; /* the file's graph is not understood: there are no nodes, and names tell whose the weights are */
} ox_tally;

/* Begins to count. The model must not change until it is done. */
ox_status ox_tally_begin(ox_tally *t, const ox_model *m, ox_error *err) OX_MUST_USE;
/* Looks at n more nodes; true once all were looked at and the levels are summed. */
bool ox_tally_work(ox_tally *t, uint32_t n);
void ox_tally_free(ox_tally *t);

#endif
