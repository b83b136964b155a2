/* Floor 6. Lua values to operator arguments and attributes, and back. What these functions allocate is scratch: the
 * caller's stack first, then userdata on the Lua stack, so that raising frees it. */
#include "script/state.h"

#include <stdlib.h>

void *ox__scratch_alloc(ox__scratch *x, size_t count, size_t size)
{
    if (count > SIZE_MAX / 16 / size) luaL_error(x->L, "too many elements");
    size_t n = (count * size + 7) & ~(size_t)7;
    if (n <= (size_t)(x->end - x->p)) {
        void *p = x->p;
        x->p += n;
        return p;
    }
    luaL_checkstack(x->L, 2, NULL);
    return lua_newuserdatauv(x->L, n, 0);
}

size_t ox__lua_list_n(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    lua_pushliteral(L, "n");
    if (lua_rawget(L, idx) == LUA_TNIL) {
        lua_pop(L, 1);
        return lua_rawlen(L, idx);
    }
    int ok = 0;
    lua_Integer n = lua_tointegerx(L, -1, &ok);
    lua_pop(L, 1);
    if (!ok || n < 0 || n > INT32_MAX) ox__lua_fail(L, NULL, "the field n of a list is not its length");
    return (size_t)n;
}

/* ---- attributes ---- */

static const struct {
    const char *suffix;
    ox_attr_kind one, list;
    const char *what;
} suffixes[] = {
    {"f", OX_ATTR_FLOAT, OX_ATTR_FLOATS, "a number"},   {"i", OX_ATTR_INT, OX_ATTR_INTS, "an integer"},
    {"s", OX_ATTR_STRING, OX_ATTR_STRINGS, "a string"}, {"t", OX_ATTR_TENSOR, OX_ATTR_TENSORS, "a tensor"},
    {"g", OX_ATTR_GRAPH, OX_ATTR_GRAPHS, "a graph"},    {"ty", OX_ATTR_TYPE, OX_ATTR_TYPES, "a type"},
};

/* What one read of an attribute needs. `at` is the element of a list, 0 for a single value. */
typedef struct attr_reader {
    lua_State *L;
    ox_model *m;
    const char *key;
    size_t row;
} attr_reader;

_Noreturn static void bad_element(const attr_reader *r, size_t at, int idx)
{
    const char *got = ox__lua_what(r->L, idx);
    if (at) ox__lua_fail(r->L, NULL, "element %zu of %s must be %s, got %s", at, r->key, suffixes[r->row].what, got);
    ox__lua_fail(r->L, NULL, "%s must be %s, got %s", r->key, suffixes[r->row].what, got);
}

static int64_t read_int(const attr_reader *r, size_t at, int idx)
{
    if (lua_type(r->L, idx) == LUA_TBOOLEAN) return lua_toboolean(r->L, idx);
    int ok = 0;
    lua_Integer v = lua_type(r->L, idx) == LUA_TNUMBER ? lua_tointegerx(r->L, idx, &ok) : 0;
    if (!ok) bad_element(r, at, idx);
    return v;
}

static double read_float(const attr_reader *r, size_t at, int idx)
{
    if (lua_type(r->L, idx) != LUA_TNUMBER) bad_element(r, at, idx);
    return lua_tonumber(r->L, idx);
}

static ox_str read_str(const attr_reader *r, size_t at, int idx)
{
    size_t n = 0;
    if (lua_type(r->L, idx) != LUA_TSTRING) bad_element(r, at, idx);
    const char *s = lua_tolstring(r->L, idx, &n);
    return ox_str_add(r->m, s, n);
}

static ox_graph read_graph(const attr_reader *r, size_t at, int idx)
{
    ox_model *of = NULL;
    if (!ox__lua_test(r->L, idx, OX__LUA_GRAPH)) bad_element(r, at, idx);
    ox_graph g = ox__lua_check_graph(r->L, idx, &of);
    if (of != r->m) ox__lua_fail(r->L, NULL, "the graph of %s belongs to another model", r->key);
    return g;
}

static ox_type read_type(const attr_reader *r, size_t at, int idx)
{
    ox_model *of = NULL;
    if (!ox__lua_test(r->L, idx, OX__LUA_TYPE)) bad_element(r, at, idx);
    ox_type t = ox__lua_check_type(r->L, idx, &of, NULL);
    if (of != r->m) ox__lua_fail(r->L, NULL, "the type of %s belongs to another model", r->key);
    return t;
}

static ox_tensor read_tensor(const attr_reader *r, size_t at, int idx)
{
    int t = lua_type(r->L, idx);
    if (t != LUA_TNUMBER && t != LUA_TBOOLEAN && t != LUA_TTABLE && !ox__lua_test(r->L, idx, OX__LUA_TENSOR))
        bad_element(r, at, idx);
    return ox__lua_tensor_in(r->L, idx, r->m);
}

static void read_one(const attr_reader *r, int idx, ox_attr *out)
{
    switch (suffixes[r->row].one) {
    case OX_ATTR_FLOAT: out->u.f = read_float(r, 0, idx); break;
    case OX_ATTR_INT: out->u.i = read_int(r, 0, idx); break;
    case OX_ATTR_STRING: out->u.s = read_str(r, 0, idx); break;
    case OX_ATTR_TENSOR: out->u.t = read_tensor(r, 0, idx); break;
    case OX_ATTR_GRAPH: out->u.g = read_graph(r, 0, idx); break;
    default: out->u.type = read_type(r, 0, idx); break;
    }
}

/* The list at idx. The array is taken before its elements are read, which may leave userdata on the stack. */
static void read_list(const attr_reader *r, int idx, ox__scratch *x, ox_attr *out)
{
    lua_State *L = r->L;
    size_t n = ox__lua_list_n(L, idx);
    void *items = ox__scratch_alloc(x, n ? n : 1, sizeof(uint64_t));
    out->n = (uint32_t)n;
    out->u.ints = items;
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i + 1);
        int top = lua_gettop(L);
        switch (suffixes[r->row].one) {
        case OX_ATTR_FLOAT: ((double *)items)[i] = read_float(r, i + 1, top); break;
        case OX_ATTR_INT: ((int64_t *)items)[i] = read_int(r, i + 1, top); break;
        case OX_ATTR_STRING: ((ox_str *)items)[i] = read_str(r, i + 1, top); break;
        case OX_ATTR_TENSOR: ((ox_tensor *)items)[i] = read_tensor(r, i + 1, top); break;
        case OX_ATTR_GRAPH: ((ox_graph *)items)[i] = read_graph(r, i + 1, top); break;
        default: ((ox_type *)items)[i] = read_type(r, i + 1, top); break;
        }
        lua_settop(L, top - 1);
    }
}

/* A table under `_t` is one tensor's data, unless its first element is a tensor. */
static bool is_list(lua_State *L, int idx, size_t row)
{
    if (lua_type(L, idx) != LUA_TTABLE) return false;
    if (suffixes[row].one != OX_ATTR_TENSOR) return true;
    lua_rawgeti(L, idx, 1);
    bool tensors = ox__lua_test(L, -1, OX__LUA_TENSOR) != NULL;
    lua_pop(L, 1);
    return tensors;
}

void ox__lua_read_attr(lua_State *L, const char *key, size_t n_key, int idx, ox_model *m, ox__scratch *x, ox_attr *out)
{
    size_t at = n_key;
    while (at > 0 && key[at - 1] != '_') at--;
    size_t row = 0, n_rows = OX__COUNT(suffixes);
    while (row < n_rows && (at < 2 || strcmp(key + at, suffixes[row].suffix) != 0)) row++;
    if (row == n_rows)
        ox__lua_fail(L, "_f float, _i int, _s string, _t tensor, _g graph, _ty type: alpha_f, axes_i",
                     "the attribute '%s' has no type suffix", key);
    attr_reader r = {L, m, key, row};
    memset(out, 0, sizeof *out);
    idx = lua_absindex(L, idx);
    bool list = is_list(L, idx, row);
    out->kind = (uint8_t)(list ? suffixes[row].list : suffixes[row].one);
    if (list)
        read_list(&r, idx, x, out);
    else
        read_one(&r, idx, out);
    out->name = ox_str_add(m, key, at - 1);
}

/* ---- the arguments of g:op ---- */

static bool is_expansion(lua_State *L, int idx)
{
    lua_pushliteral(L, "n");
    bool has_n = lua_rawget(L, idx) != LUA_TNIL;
    lua_pop(L, 1);
    return has_n || lua_rawlen(L, idx) > 0;
}

/* True if the table at idx has keys beside 1..n and `n`. */
static bool has_other_keys(lua_State *L, int idx, const char **key)
{
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TNUMBER) continue;
        *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        if (strcmp(*key, "n") == 0) continue;
        lua_pop(L, 2);
        return true;
    }
    return false;
}

/* A tensor as input becomes a Constant. */
static void read_constant(lua_State *L, int idx, const ox__lua_target *to, ox_arg *out)
{
    ox_error err;
    ox_error_clear(&err);
    ox_tensor t = ox__lua_tensor_in(L, idx, to->m);
    out->kind = OX_ARG_VALUE;
    if (to->constant(to->ud, t, &out->v, &err) != OX_OK) ox__lua_raise(L, &err);
}

/* The value at idx (input `at` of the operator, 1-based) as an argument. */
static void read_input(lua_State *L, int idx, size_t at, const ox__lua_target *to, ox_arg *out)
{
    memset(out, 0, sizeof *out);
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
    case LUA_TNONE: return;
    case LUA_TBOOLEAN:
        if (!lua_toboolean(L, idx)) return;
        out->kind = OX_ARG_BOOL;
        out->i = 1;
        return;
    case LUA_TNUMBER:
        out->kind = lua_isinteger(L, idx) ? OX_ARG_INT : OX_ARG_FLOAT;
        if (out->kind == OX_ARG_INT)
            out->i = lua_tointeger(L, idx);
        else
            out->f = lua_tonumber(L, idx);
        return;
    default: break;
    }
    if (ox__lua_test(L, idx, OX__LUA_TENSOR)) {
        read_constant(L, idx, to, out);
        return;
    }
    if (!ox__lua_test(L, idx, OX__LUA_VALUE))
        ox__lua_fail(L,
                     lua_type(L, idx) == LUA_TSTRING ? "a string goes into the attributes: {mode_s = \"...\"}" : NULL,
                     "input %zu: a value, a number, a tensor or nil expected, got %s", at, ox__lua_what(L, idx));
    ox_model *of = NULL;
    out->kind = OX_ARG_VALUE;
    out->v = ox__lua_given_value(L, idx, &of);
    if (of != to->m)
        ox__lua_fail(L, "the model being made and the trace are two models", "input %zu belongs to another model", at);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Reads the table of attributes at idx, in the order of their names: a table's own order changes from run to run. */
static void read_attrs(lua_State *L, int idx, ox_model *m, ox__scratch *x, ox__lua_op *out)
{
    size_t n = 0, i = 0;
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) ox__lua_fail(L, NULL, "an attribute's name must be a string");
        n++;
    }
    const char **keys = ox__scratch_alloc(x, n, sizeof *keys);
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) keys[i++] = lua_tostring(L, -2); /* alive in the table */
    if (n > 1) qsort(keys, n, sizeof *keys, by_name);
    out->attrs = ox__scratch_alloc(x, n, sizeof *out->attrs);
    for (i = 0; i < n; i++) {
        lua_getfield(L, idx, keys[i]);
        int top = lua_gettop(L);
        if (strcmp(keys[i], "outputs") == 0) {
            lua_Integer k = lua_tointeger(L, top);
            if (lua_type(L, top) != LUA_TNUMBER || k < 1 || k > 1000)
                ox__lua_fail(L, NULL, "outputs must be a number from 1 to 1000");
            out->n_out = (size_t)k;
        } else {
            ox__lua_read_attr(L, keys[i], strlen(keys[i]), top, m, x, &out->attrs[out->n_attrs++]);
        }
        lua_remove(L, top);
    }
}

/* Counts the inputs of arguments first..last and checks the tables among them. *attrs gets the index of the table of
 * attributes, 0 if there is none. */
static size_t count_inputs(lua_State *L, int first, int last, int *attrs)
{
    size_t n = 0;
    *attrs = 0;
    for (int i = first; i <= last; i++) {
        if (lua_type(L, i) != LUA_TTABLE) {
            n++;
            continue;
        }
        const char *key = "?";
        if (is_expansion(L, i)) {
            if (has_other_keys(L, i, &key))
                ox__lua_fail(L, "give inputs and attributes as two tables",
                             "a table mixes inputs with the attribute '%s'", key);
            n += ox__lua_list_n(L, i);
        } else if (i == last) {
            *attrs = i;
        } else if (has_other_keys(L, i, &key)) {
            ox__lua_fail(L, NULL, "the table of attributes ('%s') must be the last argument, and the only one", key);
        }
    }
    return n;
}

void ox__lua_read_op(lua_State *L, int first, const ox__lua_target *to, ox__scratch *x, ox__lua_op *out)
{
    int last = lua_gettop(L), attrs = 0;
    luaL_checkstack(L, 24, NULL);
    memset(out, 0, sizeof *out);
    size_t n_name = 0;
    out->name = luaL_checklstring(L, first, &n_name);
    if (strlen(out->name) != n_name) ox__lua_fail(L, NULL, "the operator's name holds a NUL");
    out->n_out = 1;
    size_t n = count_inputs(L, first + 1, last, &attrs);
    out->in = ox__scratch_alloc(x, n, sizeof *out->in);
    for (int i = first + 1; i <= last; i++) {
        if (i == attrs) continue;
        if (lua_type(L, i) != LUA_TTABLE) {
            read_input(L, i, out->n_in + 1, to, &out->in[out->n_in]);
            out->n_in++;
            continue;
        }
        size_t k = is_expansion(L, i) ? ox__lua_list_n(L, i) : 0;
        for (size_t j = 1; j <= k && out->n_in < n; j++) {
            lua_rawgeti(L, i, (lua_Integer)j);
            read_input(L, lua_gettop(L), out->n_in + 1, to, &out->in[out->n_in]);
            out->n_in++;
            lua_pop(L, 1);
        }
    }
    while (out->n_in > 0 && out->in[out->n_in - 1].kind == OX_ARG_NONE) out->n_in--;
    if (attrs) read_attrs(L, attrs, to->m, x, out);
}

/* ---- to Lua ---- */

void ox__lua_push_arg(lua_State *L, const ox_model *m, const ox_arg *a)
{
    switch (a->kind) {
    case OX_ARG_NONE: lua_pushnil(L); break;
    case OX_ARG_VALUE: ox__lua_push_value(L, m, a->v); break;
    case OX_ARG_INT: lua_pushinteger(L, a->i); break;
    case OX_ARG_FLOAT: lua_pushnumber(L, a->f); break;
    case OX_ARG_BOOL: lua_pushboolean(L, a->i != 0); break;
    case OX_ARG_STR: lua_pushlstring(L, a->s, a->s_n); break;
    case OX_ARG_DTYPE: lua_pushstring(L, ox_dtype_name(a->dtype, OX_DTYPE_NUMPY)); break;
    case OX_ARG_LIST:
        luaL_checkstack(L, 4, NULL);
        lua_createtable(L, (int)OX__MIN(a->n, (size_t)1000000), 1);
        for (size_t i = 0; i < a->n; i++) {
            if (a->items[i].kind == OX_ARG_NONE)
                lua_pushboolean(L, 0);
            else
                ox__lua_push_arg(L, m, &a->items[i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        lua_pushinteger(L, (lua_Integer)a->n);
        lua_setfield(L, -2, "n");
        break;
    }
}

static void push_element(lua_State *L, const ox_model *m, const ox_attr *a, size_t i)
{
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOATS:
    case OX_ATTR_COMPLEX: lua_pushnumber(L, a->u.floats[i]); break;
    case OX_ATTR_INTS: lua_pushinteger(L, a->u.ints[i]); break;
    case OX_ATTR_BOOLS: lua_pushboolean(L, a->u.ints[i] != 0); break;
    case OX_ATTR_STRINGS: ox__lua_push_str(L, m, a->u.strings[i]); break;
    case OX_ATTR_TENSORS:
    case OX_ATTR_SPARSES: ox__lua_push_tensor(L, m, a->u.tensors[i]); break;
    case OX_ATTR_GRAPHS: ox__lua_push_graph(L, m, a->u.graphs[i]); break;
    case OX_ATTR_TYPES: ox__lua_push_type(L, m, a->u.types[i], (ox_layout){0}); break;
    default: lua_pushnil(L); break;
    }
}

void ox__lua_push_attr(lua_State *L, const ox_model *m, const ox_attr *a)
{
    if (a->lost) {
        lua_pushnil(L);
        return;
    }
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOAT: lua_pushnumber(L, a->u.f); return;
    case OX_ATTR_INT: lua_pushinteger(L, a->u.i); return;
    case OX_ATTR_BOOL: lua_pushboolean(L, a->u.i != 0); return;
    case OX_ATTR_STRING:
    case OX_ATTR_DEVICE:
    case OX_ATTR_RAW: ox__lua_push_str(L, m, a->u.s); return;
    case OX_ATTR_TENSOR:
    case OX_ATTR_SPARSE: ox__lua_push_tensor(L, m, a->u.t); return;
    case OX_ATTR_GRAPH: ox__lua_push_graph(L, m, a->u.g); return;
    case OX_ATTR_TYPE: ox__lua_push_type(L, m, a->u.type, (ox_layout){0}); return;
    case OX_ATTR_NONE: lua_pushnil(L); return;
    default: break;
    }
    size_t n = a->kind == OX_ATTR_COMPLEX ? 2 : a->n;
    lua_createtable(L, (int)OX__MIN(n, (size_t)1000000), 1);
    for (size_t i = 0; i < n; i++) {
        push_element(L, m, a, i);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, "n");
}
