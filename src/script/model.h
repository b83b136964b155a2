/* Floor 6. Models and graphs in Lua; see model.c. */
#ifndef ONNXSH_SCRIPT_MODEL_H
#define ONNXSH_SCRIPT_MODEL_H

#include "script/state.h"

int ox__lua_model_graph(lua_State *L);
int ox__lua_model_functions(lua_State *L);
int ox__lua_model_kind(lua_State *L);
int ox__lua_model_path(lua_State *L);
int ox__lua_model_opset(lua_State *L);
int ox__lua_model_set_opset(lua_State *L);
int ox__lua_model_metadata(lua_State *L);
int ox__lua_model_set_metadata(lua_State *L);
/* These take a model too, for its main graph. */
int ox__lua_graph_nodes(lua_State *L);
int ox__lua_graph_inputs(lua_State *L);
int ox__lua_graph_outputs(lua_State *L);
int ox__lua_graph_initializers(lua_State *L);
int ox__lua_graph_name(lua_State *L);
int ox__lua_graph_set_name(lua_State *L);
int ox__lua_graph_value(lua_State *L);
int ox__lua_graph_node(lua_State *L);
int ox__lua_graph_find(lua_State *L);
int ox__lua_graph_add(lua_State *L);
int ox__lua_graph_add_output(lua_State *L);
int ox__lua_graph_remove_output(lua_State *L);
int ox__lua_graph_add_initializer(lua_State *L);
int ox__lua_node_insert(lua_State *L);
/* infer.c */
int ox__lua_model_infer(lua_State *L);
int ox__lua_type_reason(lua_State *L);

#endif
