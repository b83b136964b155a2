/* Floor 6. Nodes, values, types and scopes in Lua. */
#include "script/node.h"

#include <onnxsh/print.h>

static void set_n(lua_State *L, size_t n)
{
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, "n");
}

/* The string at idx, interned; nil is the empty string. */
static ox_str str_at(lua_State *L, int idx, ox_model *m)
{
    size_t n = 0;
    const char *s = luaL_optlstring(L, idx, "", &n);
    return ox_str_add(m, s, n);
}

/* The 1-based number at idx as an index below n (or n itself if `end`). */
static size_t index_at(lua_State *L, int idx, size_t n, bool end, const char *what)
{
    lua_Integer i = luaL_checkinteger(L, idx);
    if (i < 1 || (size_t)i > n + (end ? 1 : 0)) ox__lua_fail(L, NULL, "%s %lld of %zu", what, (long long)i, n);
    return (size_t)i - 1;
}

/* ---- node: reading ---- */

static int push_values(lua_State *L, const ox_model *m, ox_node n, size_t count,
                       ox_value (*get)(const ox_model *, ox_node, size_t))
{
    lua_createtable(L, (int)OX__MIN(count, (size_t)1000000), 1);
    for (size_t i = 0; i < count; i++) {
        ox_value v = get(m, n, i);
        if (v.id)
            ox__lua_push_value(L, m, v);
        else
            lua_pushboolean(L, 0);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    set_n(L, count);
    return 1;
}

int ox__lua_node_inputs(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    return push_values(L, m, n, ox_node_n_inputs(m, n), ox_node_input);
}

int ox__lua_node_outputs(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    return push_values(L, m, n, ox_node_n_outputs(m, n), ox_node_output);
}

int ox__lua_node_input(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    lua_Integer i = luaL_checkinteger(L, 2);
    ox__lua_push_value(L, m, i < 1 ? (ox_value){0, 0} : ox_node_input(m, n, (size_t)i - 1));
    return 1;
}

int ox__lua_node_output(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    lua_Integer i = luaL_optinteger(L, 2, 1);
    ox__lua_push_value(L, m, i < 1 ? (ox_value){0, 0} : ox_node_output(m, n, (size_t)i - 1));
    return 1;
}

int ox__lua_node_attrs(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    const ox_attr *rows = NULL;
    size_t count = ox_node_attrs(m, n, &rows);
    lua_createtable(L, 0, (int)OX__MIN(count, (size_t)1000));
    for (size_t i = 0; i < count; i++) {
        ox__lua_push_str(L, m, rows[i].name);
        ox__lua_push_attr(L, m, &rows[i]);
        lua_rawset(L, -3);
    }
    return 1;
}

int ox__lua_node_attr(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    const ox_attr *a = ox_node_attr(m, n, luaL_checkstring(L, 2));
    if (a)
        ox__lua_push_attr(L, m, a);
    else
        lua_pushnil(L);
    return 1;
}

int ox__lua_node_name(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox__lua_push_str(L, m, ox_node_name(m, n));
    return 1;
}

int ox__lua_node_op(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    char buf[512];
    ox_node_op_text(m, n, buf, sizeof buf);
    lua_pushstring(L, buf);
    return 1;
}

int ox__lua_node_domain(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox__lua_push_str(L, m, ox_node_domain(m, n));
    return 1;
}

int ox__lua_node_scope(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox__lua_push_scope(L, m, ox_node_scope(m, n));
    return 1;
}

int ox__lua_node_loc(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox_loc_info loc = ox_loc_get(m, ox_node_loc(m, n));
    if (!loc.file.id) return 0;
    ox__lua_push_str(L, m, loc.file);
    lua_pushinteger(L, loc.line);
    return 2;
}

int ox__lua_node_graph(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox__lua_push_graph(L, m, ox_node_graph(m, n));
    return 1;
}

int ox__lua_node_blocks(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    size_t count = ox_node_n_blocks(m, n);
    lua_createtable(L, 0, 1);
    for (size_t i = 0; i < count; i++) {
        ox__lua_push_graph(L, m, ox_node_block(m, n, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    set_n(L, count);
    return 1;
}

int ox__lua_node_next(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox__lua_push_node(L, m, ox_node_next(m, n));
    return 1;
}

int ox__lua_node_prev(lua_State *L)
{
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox__lua_push_node(L, m, ox_node_prev(m, n));
    return 1;
}

/* ---- node: changing ---- */

int ox__lua_node_set_input(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    size_t count = ox_node_n_inputs(m, n), i = index_at(L, 2, count, true, "input");
    ox_value v = lua_isnoneornil(L, 3) ? (ox_value){0, 0} : ox__lua_check_value_in(L, 3, m, "the value");
    ox_error_clear(&err);
    ox_status s;
    if (i < count) {
        s = ox_node_set_input(m, n, i, v, &err);
    } else {
        ox_value *all = lua_newuserdatauv(L, (count + 1) * sizeof *all, 0);
        for (size_t k = 0; k < count; k++) all[k] = ox_node_input(m, n, k);
        all[count] = v;
        s = ox_node_set_inputs(m, n, count + 1, all, &err);
    }
    if (s != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_node_set_attr(lua_State *L)
{
    _Alignas(8) char block[512];
    ox_error err;
    ox_attr a;
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    size_t n_key = 0;
    const char *key = luaL_checklstring(L, 2, &n_key);
    luaL_checkany(L, 3);
    ox__scratch x = {L, block, block + sizeof block};
    ox__lua_read_attr(L, key, n_key, 3, m, &x, &a);
    ox_error_clear(&err);
    if (ox_node_set_attr(m, n, &a, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_node_remove_attr(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox_error_clear(&err);
    if (ox_node_remove_attr(m, n, luaL_checkstring(L, 2), &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_node_set_name(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox_error_clear(&err);
    if (ox_node_set_name(m, n, str_at(L, 2, m), &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_node_set_op(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    const char *name = luaL_checkstring(L, 2), *sep = strstr(name, "::");
    size_t n_domain = sep ? (size_t)(sep - name) : 0;
    if (n_domain == 4 && memcmp(name, "onnx", 4) == 0) n_domain = 0;
    ox_str domain = ox_str_add(m, name, n_domain), op = ox_str_addz(m, sep ? sep + 2 : name);
    ox_error_clear(&err);
    if (ox_node_set_op(m, n, domain, op, ox_str_addz(m, ""), &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_node_delete(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    ox_error_clear(&err);
    if (ox_node_delete(m, n, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

/* The i-th argument's value takes the place of the node's i-th output; then the node goes. A value that the node itself
 * reads is fine; one that comes after the uses of the node is the caller's mistake and check finds it. */
int ox__lua_node_replace_with(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_node n = ox__lua_check_node(L, 1, &m);
    size_t n_out = ox_node_n_outputs(m, n), n_given = (size_t)lua_gettop(L) - 1;
    if (n_given != n_out) ox__lua_fail(L, NULL, "the node has %zu outputs, got %zu values", n_out, n_given);
    for (size_t i = 0; i < n_out; i++) ox__lua_check_value_in(L, (int)i + 2, m, "the value");
    ox_error_clear(&err);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        ox_model *of = NULL;
        ox_value v = ox_node_output(m, n, i), by = ox__lua_check_value(L, (int)i + 2, &of);
        if (v.id) s = ox_value_replace_uses(m, v, by, &err);
    }
    if (s == OX_OK) s = ox_node_delete(m, n, &err);
    if (s != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

/* ---- scope ---- */

int ox__lua_scope_path(lua_State *L)
{
    ox_model *m = NULL;
    ox_scope s = ox__lua_check_scope(L, 1, &m);
    luaL_Buffer b;
    char *p = luaL_buffinitsize(L, &b, 4096);
    luaL_pushresultsize(&b, OX__MIN(ox_scope_path(m, s, p, 4096), (size_t)4095));
    return 1;
}

int ox__lua_scope_parent(lua_State *L)
{
    ox_model *m = NULL;
    ox_scope s = ox__lua_check_scope(L, 1, &m);
    ox__lua_push_scope(L, m, ox_scope_parent(m, s));
    return 1;
}

int ox__lua_scope_class(lua_State *L)
{
    ox_model *m = NULL;
    ox_scope s = ox__lua_check_scope(L, 1, &m);
    ox__lua_push_str(L, m, ox_scope_class(m, s));
    return 1;
}

int ox__lua_scope_matches(lua_State *L)
{
    ox_model *m = NULL;
    ox_scope s = ox__lua_check_scope(L, 1, &m);
    lua_pushboolean(L, ox_scope_matches(m, s, luaL_checkstring(L, 2)));
    return 1;
}
