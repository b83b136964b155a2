/* A part of a model as a model of its own: what `repro` cuts out of a trace. */
#ifndef ONNXSH_EXTRACT_H
#define ONNXSH_EXTRACT_H

#include <onnxsh/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a model of those nodes of the main graph (of a node in a block: the node of the main graph around it), of the
 * constants that they read and of the lists and tuples that gather their inputs. What else they read becomes an input
 * of the same name and type, weights stay weights, and all their results that nothing else of the part reads, and those
 * of each node of `nodes`, are outputs. The source is not changed; the caller frees *out. */
OX_API OX_MUST_USE ox_status ox_extract(ox_model **out, const ox_model *source, size_t n, const ox_node *nodes,
                                        const ox_task *task, ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
