/* Floor 6. Values and types in Lua; see value.c. Dims count from 1. */
#ifndef ONNXSH_SCRIPT_VALUE_H
#define ONNXSH_SCRIPT_VALUE_H

#include "script/state.h"

/* To be called before types of a model's values are told: the host may infer those of a trace now. May raise. */
void ox__lua_want_types(lua_State *L, const ox_model *m);
int ox__lua_value_type(lua_State *L);
int ox__lua_value_node(lua_State *L);
int ox__lua_value_name(lua_State *L);
int ox__lua_value_uses(lua_State *L);
int ox__lua_value_is_constant(lua_State *L);
int ox__lua_value_tensor(lua_State *L);
int ox__lua_value_is_input(lua_State *L);
int ox__lua_value_is_output(lua_State *L);
int ox__lua_value_rename(lua_State *L);
int ox__lua_value_replace_with(lua_State *L);
int ox__lua_value_set_tensor(lua_State *L);
int ox__lua_value_set_type(lua_State *L);
int ox__lua_type_sizes(lua_State *L);
int ox__lua_type_rank(lua_State *L);
int ox__lua_type_dim(lua_State *L);
int ox__lua_type_dtype(lua_State *L);
int ox__lua_type_kind(lua_State *L);
int ox__lua_type_item(lua_State *L);

#endif
