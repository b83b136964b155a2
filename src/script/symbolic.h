/* Floor 6. Symbolic functions in Lua; see symbolic.c. */
#ifndef ONNXSH_SCRIPT_SYMBOLIC_H
#define ONNXSH_SCRIPT_SYMBOLIC_H

#include "script/state.h"
#include "script/tensor.h"

#include <onnxsh/aten.h>

/* The ox_symbolic_fn of all functions written in Lua; ud is an ox__lua_fn. */
ox_status ox__lua_call_symbolic(ox_call *call, size_t n, const ox_arg *args, void *ud, ox_error *err);
/* Methods of g. */
int ox__lua_g_op(lua_State *L);
int ox__lua_g_constant(lua_State *L);
int ox__lua_g_opset(lua_State *L);
int ox__lua_g_training(lua_State *L);
int ox__lua_g_n_outputs(lua_State *L);
int ox__lua_g_traced_type(lua_State *L);
int ox__lua_g_node(lua_State *L);
int ox__lua_g_unsupported(lua_State *L);

/* ---- debug.c ---- */
/* Around the call of a symbolic function on L: the line hook, where somebody watches lines. */
void ox__lua_hook_lines(ox_script *s, lua_State *L, bool on);

#endif
