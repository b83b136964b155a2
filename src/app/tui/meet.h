/* Floor 7. From a node to the one of another model that is most like it. */
#ifndef ONNXSH_APP_TUI_MEET_H
#define ONNXSH_APP_TUI_MEET_H

#include <onnxsh/graph.h>

/* The nodes of a model by scope, and what its scopes are in the other model: made once for both as they are. */
typedef struct ox_kin {
    uint32_t *first; /* by id of a scope: its first node, 0 = none */
    uint32_t *next;  /* by id of a node: the next of its scope */
    uint32_t *scope; /* by id of a scope: that of the other model; 0 = not asked yet */
    uint32_t n_nodes, n_scopes;
    uint64_t serial, other; /* of the two models */
} ox_kin;
void ox_kin_free(ox_kin *k);

/* The node of model `in` that is most like node n of m, constants left out; *how says by what. {0}: none is like it, or
 * there is no memory. It costs what the nodes of one scope cost. */
ox_node ox_meet(ox_kin *of_in, const ox_model *in, ox_kin *of_m, const ox_model *m, ox_node n, const char **how);

#endif
