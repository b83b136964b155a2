/* Floor 6. Tensors in Lua; see tensor.c. */
#ifndef ONNXSH_SCRIPT_TENSOR_H
#define ONNXSH_SCRIPT_TENSOR_H

#include "script/state.h"

/* Methods of a tensor, and sym.tensor. */
int ox__lua_tensor_totable(lua_State *L);
int ox__lua_tensor_dtype(lua_State *L);
int ox__lua_tensor_rank(lua_State *L);
int ox__lua_tensor_sizes(lua_State *L);
int ox__lua_sym_tensor(lua_State *L);
/* Gives the metatable of tensors its t[i], #t and text. */
void ox__lua_open_tensor(ox_script *s, lua_State *L);

#endif
