/* Floor 6. Values and types in Lua. */
#include "script/value.h"

#include <onnxsh/print.h>

void ox__lua_want_types(lua_State *L, const ox_model *m)
{
    const ox_script *s = ox__lua_script(L);
    ox_error err;
    if (s->frame || !s->host.types) return; /* what a call converts is typed as it is made */
    ox_error_clear(&err);
    if (s->host.types(s->host.ud, m, &err) != OX_OK) ox__lua_raise_host(L, &err);
}

/* ---- value ---- */

int ox__lua_value_type(lua_State *L)
{
    ox_model *m = NULL;
    ox_value v = ox__lua_given_value(L, 1, &m);
    const ox__lua_frame *f = ox__lua_script(L)->frame;
    if (f && f->model == m) ox_call_looks_at_type(f->call, v);
    if (f && f->model != m) ox_call_looks(f->call);
    ox__lua_want_types(L, m);
    ox__lua_push_type(L, m, ox_value_type(m, v), ox_value_layout(m, v));
    return 1;
}

int ox__lua_value_node(lua_State *L)
{
    ox_model *m = NULL;
    ox_value v = ox__lua_check_value(L, 1, &m);
    ox__lua_push_node(L, m, ox_value_node(m, v));
    return 1;
}

int ox__lua_value_name(lua_State *L)
{
    ox_model *m = NULL;
    ox_value v = ox__lua_check_value(L, 1, &m);
    ox__lua_push_str(L, m, ox_value_name(m, v));
    return 1;
}

int ox__lua_value_uses(lua_State *L)
{
    ox_model *m = NULL;
    ox_value v = ox__lua_check_value(L, 1, &m);
    lua_Integer i = 0;
    lua_createtable(L, (int)OX__MIN(ox_value_n_uses(m, v), (size_t)1000000), 1);
    for (ox_use u = ox_value_first_use(m, v); u.node.id; u = ox_value_next_use(m, u)) {
        if (ox_node_is_return(m, u.node)) continue;
        lua_createtable(L, 0, 2);
        ox__lua_push_node(L, m, u.node);
        lua_setfield(L, -2, "node");
        lua_pushinteger(L, (lua_Integer)u.index + 1);
        lua_setfield(L, -2, "index");
        lua_rawseti(L, -2, ++i);
    }
    lua_pushinteger(L, i);
    lua_setfield(L, -2, "n");
    return 1;
}

/* The constant behind a value: in a call, what the conversion knows; else an initializer or a Constant node. */
static ox_tensor tensor_of(lua_State *L, const ox_model *m, ox_value v)
{
    const ox__lua_frame *f = ox__lua_script(L)->frame;
    if (f && f->model == m) return ox_call_value_tensor(f->call, v);
    ox__lua_looks(L);
    ox_tensor t = ox_value_tensor(m, v);
    ox_node n = ox_value_node(m, v);
    if (t.id || !n.id || !ox_node_is(m, n, "", "Constant")) return t;
    const ox_attr *a = ox_node_attr(m, n, "value");
    return a && a->kind == OX_ATTR_TENSOR && !a->lost ? a->u.t : (ox_tensor){0};
}

int ox__lua_value_is_constant(lua_State *L)
{
    ox_model *m = NULL;
    ox_value v = ox__lua_given_value(L, 1, &m);
    lua_pushboolean(L, tensor_of(L, m, v).id != 0);
    return 1;
}

int ox__lua_value_tensor(lua_State *L)
{
    ox_model *m = NULL;
    ox_value v = ox__lua_given_value(L, 1, &m);
    ox__lua_push_tensor(L, m, tensor_of(L, m, v));
    return 1;
}

int ox__lua_value_is_input(lua_State *L)
{
    ox_model *m = NULL;
    ox_value v = ox__lua_check_value(L, 1, &m);
    lua_pushboolean(L, ox_value_is_input(m, v));
    return 1;
}

int ox__lua_value_is_output(lua_State *L)
{
    ox_model *m = NULL;
    ox_value v = ox__lua_check_value(L, 1, &m);
    lua_pushboolean(L, ox_value_is_output(m, v));
    return 1;
}

int ox__lua_value_rename(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_value v = ox__lua_check_value(L, 1, &m);
    size_t n = 0;
    const char *s = luaL_checklstring(L, 2, &n);
    size_t skip = n > 1 && s[0] == '%';
    ox_error_clear(&err);
    if (ox_value_set_name(m, v, ox_str_add(m, s + skip, n - skip), &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_value_replace_with(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_value v = ox__lua_check_value(L, 1, &m), by = ox__lua_check_value_in(L, 2, m, "the value");
    ox_error_clear(&err);
    if (ox_value_replace_uses(m, v, by, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_value_set_tensor(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_value v = ox__lua_check_value(L, 1, &m);
    luaL_checkany(L, 2);
    ox_tensor t = ox__lua_tensor_in(L, 2, m);
    ox_error_clear(&err);
    if (ox_value_set_tensor(m, v, t, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

/* A dim of a type to be set: an integer, a text ("2*seq+1"), or false. */
static ox_dim dim_at(lua_State *L, ox_model *m, size_t at)
{
    ox_error err;
    ox_dim d = {0};
    size_t n = 0;
    if (lua_isinteger(L, -1)) {
        if (lua_tointeger(L, -1) < 0) ox__lua_fail(L, NULL, "dim %zu is negative", at);
        return ox_dim_const(m, lua_tointeger(L, -1));
    }
    if (lua_type(L, -1) != LUA_TSTRING) return ox_dim_unknown(m, NULL);
    const char *s = lua_tolstring(L, -1, &n);
    ox_error_clear(&err);
    if (ox_dim_parse(m, s, n, &d, &err) != OX_OK) ox__lua_raise(L, &err);
    return d;
}

/* v:set_type(type) or v:set_type(dtype, sizes). */
int ox__lua_value_set_type(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_value v = ox__lua_check_value(L, 1, &m);
    ox_type t;
    if (ox__lua_test(L, 2, OX__LUA_TYPE)) {
        ox_model *of = NULL;
        t = ox__lua_check_type(L, 2, &of, NULL);
        if (of != m) ox__lua_fail(L, NULL, "the type belongs to another model");
    } else {
        ox_dtype dtype = ox__lua_check_dtype(L, 2);
        ox_dim dims[64];
        int32_t rank = OX_RANK_UNKNOWN;
        if (!lua_isnoneornil(L, 3)) {
            luaL_checktype(L, 3, LUA_TTABLE);
            size_t n = ox__lua_list_n(L, 3);
            if (n > OX__COUNT(dims)) ox__lua_fail(L, NULL, "a rank of %zu is beyond 64", n);
            for (size_t i = 0; i < n; i++) {
                lua_rawgeti(L, 3, (lua_Integer)i + 1);
                dims[i] = dim_at(L, m, i + 1);
                lua_pop(L, 1);
            }
            rank = (int32_t)n;
        }
        t = ox_type_tensor(m, dtype, rank, dims);
    }
    ox_error_clear(&err);
    if (ox_value_set_type(m, v, t, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

/* ---- type ---- */

/* The tensor's part of a type: an optional tensor counts as its tensor. */
static ox_type_info tensor_info(const ox_model *m, ox_type t)
{
    ox_type_info info = ox_type_get(m, t);
    if (info.kind == OX_TYPE_OPTIONAL && info.n_items == 1) info = ox_type_get(m, info.items[0]);
    if (info.kind != OX_TYPE_TENSOR && info.kind != OX_TYPE_SPARSE) info.rank = OX_RANK_UNKNOWN;
    return info;
}

static void push_dim(lua_State *L, const ox_model *m, ox_dim d)
{
    int64_t v = 0;
    if (ox_dim_is_const(m, d, &v)) {
        lua_pushinteger(L, v);
    } else if (ox_dim_get_kind(m, d) == OX_DIM_NONE || ox_dim_get_kind(m, d) == OX_DIM_UNKNOWN) {
        lua_pushboolean(L, 0);
    } else if (ox_dim_get_kind(m, d) == OX_DIM_SYMBOL) {
        ox__lua_push_str(L, m, ox_dim_name(m, d));
    } else {
        char buf[512];
        ox_dim_text(m, d, buf, sizeof buf);
        lua_pushstring(L, buf);
    }
}

int ox__lua_type_sizes(lua_State *L)
{
    ox_model *m = NULL;
    ox_type t = ox__lua_check_type(L, 1, &m, NULL);
    ox_type_info info = tensor_info(m, t);
    if (info.rank < 0) return 0;
    lua_createtable(L, info.rank, 1);
    for (int32_t i = 0; i < info.rank; i++) {
        push_dim(L, m, info.dims[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushinteger(L, info.rank);
    lua_setfield(L, -2, "n");
    return 1;
}

int ox__lua_type_rank(lua_State *L)
{
    ox_model *m = NULL;
    ox_type t = ox__lua_check_type(L, 1, &m, NULL);
    ox_type_info info = tensor_info(m, t);
    if (info.rank < 0) return 0;
    lua_pushinteger(L, info.rank);
    return 1;
}

int ox__lua_type_dim(lua_State *L)
{
    ox_model *m = NULL;
    ox_type t = ox__lua_check_type(L, 1, &m, NULL);
    ox_type_info info = tensor_info(m, t);
    lua_Integer i = luaL_checkinteger(L, 2);
    if (info.rank < 0) return 0;
    if (i < 0) i += info.rank + 1;
    if (i < 1 || i > info.rank)
        ox__lua_fail(L, "dims count from 1, from the end with -1", "dim %lld of rank %d", (long long)i, (int)info.rank);
    push_dim(L, m, info.dims[i - 1]);
    return 1;
}

int ox__lua_type_dtype(lua_State *L)
{
    ox_model *m = NULL;
    ox_type t = ox__lua_check_type(L, 1, &m, NULL);
    ox_type_info info = tensor_info(m, t);
    ox_dtype d = info.dtype;
    if (info.kind == OX_TYPE_INT) d = OX_INT64;
    if (info.kind == OX_TYPE_FLOAT_SCALAR) d = OX_FLOAT;
    if (info.kind == OX_TYPE_BOOL_SCALAR) d = OX_BOOL;
    if (d == OX_UNDEFINED) return 0;
    lua_pushstring(L, ox_dtype_name(d, OX_DTYPE_NUMPY));
    return 1;
}

static const char *const kind_names[OX_N_TYPE_KINDS] = {
    "unknown", "tensor", "sparse", "sequence", "optional", "map",  "opaque", "int",  "float", "bool",
    "complex", "number", "str",    "device",   "none",     "list", "tuple",  "dict", "union", "class",
};

int ox__lua_type_kind(lua_State *L)
{
    ox_model *m = NULL;
    ox_type t = ox__lua_check_type(L, 1, &m, NULL);
    ox_type_kind k = ox_type_get(m, t).kind;
    lua_pushstring(L, (size_t)k < OX__COUNT(kind_names) ? kind_names[k] : "unknown");
    return 1;
}

/* The type of a list's, sequence's or optional's element. */
int ox__lua_type_item(lua_State *L)
{
    ox_model *m = NULL;
    ox_type t = ox__lua_check_type(L, 1, &m, NULL);
    ox_type_info info = ox_type_get(m, t);
    lua_Integer i = luaL_optinteger(L, 2, 1);
    if (i < 1 || (uint64_t)i > info.n_items) return 0;
    ox__lua_push_type(L, m, info.items[i - 1], (ox_layout){0});
    return 1;
}
