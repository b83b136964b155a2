/* Floor 7. A node on one line of a pane. */
#ifndef ONNXSH_APP_TUI_NODES_LINE_H
#define ONNXSH_APP_TUI_NODES_LINE_H

#include "app/tui/grid.h"

#include <onnxsh/graph.h>

/* The titles of the columns; without a model all of them. */
void ox_node_line_head(const ox_model *m, ox_grid *g, ox_rect line);
/* The node, behind a sign of one column. */
void ox_node_line_draw(const ox_model *m, ox_node n, ox_role role, const char *sign, ox_grid *g, ox_rect line);

#endif
