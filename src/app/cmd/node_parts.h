/* Floor 7. Parts of what is told of a node: `node` and `why` print them alike. */
#ifndef ONNXSH_APP_CMD_NODE_PARTS_H
#define ONNXSH_APP_CMD_NODE_PARTS_H

#include "app/cmd.h"

/* The first column of a line: a word, or "" to go on under the last one. */
void ox_node_title(ox_out *o, const char *text);
void ox_node_put_attr(const ox_model *m, const ox_attr *a, ox_style style, ox_out *o);
/* "%5 : Float(2, 3)" */
void ox_node_put_value(const ox_model *m, ox_value v, ox_out *o);
/* What a constant input holds, the items of a list that is built, or who makes it. */
void ox_node_put_origin(const ox_model *m, ox_value v, ox_out *o);
/* The Python frames that the node was made in, innermost first: what an archive with code keeps of them. */
void ox_node_put_stack(const ox_model *m, ox_node n, ox_out *o);

#endif
