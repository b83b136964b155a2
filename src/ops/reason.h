/* Floor 3. Places and reasons as sentences. */
#ifndef ONNXSH_OPS_REASON_H
#define ONNXSH_OPS_REASON_H

#include <onnxsh/graph.h>

/* "onnx::Reshape 'name' at Net/Linear[fc] (net.py:12)", sanitised and cut to size; returns the length. */
size_t ox__node_place(const ox_model *m, ox_node n, char *buf, size_t size);

#endif
