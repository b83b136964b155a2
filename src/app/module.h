/* Floor 7. What the code of an archive reads from its modules: chains of prim::GetAttr that begin at the model's own
 * object, and the weights that they end in. */
#ifndef ONNXSH_APP_MODULE_H
#define ONNXSH_APP_MODULE_H

#include <onnxsh/graph.h>

/* The path that a node reads, "layer1.0.conv1.weight"; as snprintf, 0 if it reads none. */
size_t ox_module_path(const ox_model *m, ox_node n, char *buf, size_t size);
/* The weight of that path; {0}: it is a module, or something else than a weight. */
ox_value ox_module_weight(const ox_model *m, ox_node n);
/* The next value that stands for a weight in the code, among those that nodes from number *id up to `end` make;
 * {0} when there is none, *id is `end` then. */
ox_value ox_module_next_read(const ox_model *m, ox_value weight, uint32_t *id, uint32_t end);

#endif
