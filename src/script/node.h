/* Floor 6. Nodes and scopes in Lua; see node.c. Inputs, outputs and elements count from 1. */
#ifndef ONNXSH_SCRIPT_NODE_H
#define ONNXSH_SCRIPT_NODE_H

#include "script/state.h"

int ox__lua_node_inputs(lua_State *L);
int ox__lua_node_outputs(lua_State *L);
int ox__lua_node_input(lua_State *L);
int ox__lua_node_output(lua_State *L);
int ox__lua_node_attrs(lua_State *L);
int ox__lua_node_attr(lua_State *L);
int ox__lua_node_name(lua_State *L);
int ox__lua_node_op(lua_State *L);
int ox__lua_node_domain(lua_State *L);
int ox__lua_node_scope(lua_State *L);
int ox__lua_node_loc(lua_State *L);
int ox__lua_node_graph(lua_State *L);
int ox__lua_node_blocks(lua_State *L);
int ox__lua_node_next(lua_State *L);
int ox__lua_node_prev(lua_State *L);
int ox__lua_node_set_input(lua_State *L);
int ox__lua_node_set_attr(lua_State *L);
int ox__lua_node_remove_attr(lua_State *L);
int ox__lua_node_set_name(lua_State *L);
int ox__lua_node_set_op(lua_State *L);
int ox__lua_node_delete(lua_State *L);
int ox__lua_node_replace_with(lua_State *L);
int ox__lua_scope_path(lua_State *L);
int ox__lua_scope_parent(lua_State *L);
int ox__lua_scope_class(lua_State *L);
int ox__lua_scope_matches(lua_State *L);

#endif
