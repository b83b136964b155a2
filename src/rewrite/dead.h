/* Floor 4. Dead code: nodes whose results nobody reads. */
#ifndef ONNXSH_REWRITE_DEAD_H
#define ONNXSH_REWRITE_DEAD_H

#include "base/base.h"

#include <onnxsh/graph.h>

/* Deletes the nodes of g and of its blocks whose outputs are not used, last first, but those that `keep` (may be NULL)
 * says have an effect. *count is added to. */
ox_status ox__remove_dead(ox_model *m, ox_graph g, bool (*keep)(const ox_model *m, ox_node n), uint64_t *count,
                          ox_error *err) OX_MUST_USE;
/* Removes the initializers of the main graph that are not used and are no inputs. */
ox_status ox__remove_dead_initializers(ox_model *m, uint64_t *count, ox_error *err) OX_MUST_USE;
/* True if no output of the node is used. */
bool ox__node_is_unused(const ox_model *m, ox_node n);

#endif
