/* Floor 7. Symbolic functions that the user begins to write: skeletons, and the editor. */
#ifndef ONNXSH_APP_CMD_SYMBOLIC_NEW_H
#define ONNXSH_APP_CMD_SYMBOLIC_NEW_H

#include "app/session.h"

/* A function for `name` ("aten::elu", "aten::add.Tensor", "^Warp") that refuses: the schema's parameters, each with its
 * type, default and what it is at the node ({0}: the first node of that operator in the model, if one is open). The
 * caller frees it. */
ox_status ox_symbolic_skeleton(ox_session *s, const char *name, ox_node at, char **text, ox_error *err) OX_MUST_USE;
/* Opens the editor at the function of `name` in a file of the user's, which begins as a copy of the built-in function
 * or as a skeleton; loads the file when the editor ends. `to` (NULL: the last file of -l, else symbolics.lua among the
 * user's data) is where a function that is not the user's yet is put. */
ox_status ox_symbolic_edit(ox_session *s, const char *name, ox_node at, const char *to, ox_error *err) OX_MUST_USE;
/* Runs $VISUAL, $EDITOR or vi on a file at a line (0: none), and waits. OX_E_IO if it cannot be run or fails. */
ox_status ox_editor_run(ox_session *s, const char *path, uint32_t line, ox_error *err) OX_MUST_USE;

#endif
