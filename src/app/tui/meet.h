/* Floor 7. From a node to the one of another model that is most like it. */
#ifndef ONNXSH_APP_TUI_MEET_H
#define ONNXSH_APP_TUI_MEET_H

#include <onnxsh/graph.h>

/* The node of model `in` that is most like node n of m, constants left out; *how says by what. {0}: none is like it. */
ox_node ox_meet(const ox_model *in, const ox_model *m, ox_node n, const char **how);

#endif
