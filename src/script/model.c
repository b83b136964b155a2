/* Floor 6. Models and graphs in Lua: reading, finding, adding. Every change goes through the journalled primitives. */
#include "script/model.h"
#include "script/value.h"

#include <onnxsh/query.h>

/* Pushes the model of a graph or model at idx and gives its graph. */
static ox_graph graph_at(lua_State *L, int idx, ox_model **m)
{
    if (ox__lua_test(L, idx, OX__LUA_MODEL)) {
        *m = ox__lua_check_model(L, idx);
        return ox_model_main(*m);
    }
    return ox__lua_check_graph(L, idx, m);
}

static void set_n(lua_State *L, size_t n)
{
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, "n");
}

/* ---- model ---- */

int ox__lua_model_graph(lua_State *L)
{
    const ox_model *m = ox__lua_check_model(L, 1);
    ox__lua_push_graph(L, m, ox_model_main(m));
    return 1;
}

int ox__lua_model_functions(lua_State *L)
{
    const ox_model *m = ox__lua_check_model(L, 1);
    size_t n = ox_model_n_functions(m);
    lua_createtable(L, 0, 1);
    for (size_t i = 0; i < n; i++) {
        ox__lua_push_graph(L, m, ox_model_function(m, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    set_n(L, n);
    return 1;
}

int ox__lua_model_kind(lua_State *L)
{
    const ox_model *m = ox__lua_check_model(L, 1);
    lua_pushstring(L, ox_model_get_kind(m) == OX_MODEL_TRACE ? "trace" : "onnx");
    return 1;
}

int ox__lua_model_path(lua_State *L)
{
    const ox_model *m = ox__lua_check_model(L, 1);
    ox__lua_push_str(L, m, ox_model_text(m, OX_MODEL_PATH));
    return 1;
}

int ox__lua_model_opset(lua_State *L)
{
    const ox_model *m = ox__lua_check_model(L, 1);
    lua_pushinteger(L, ox_model_opset(m, luaL_optstring(L, 2, "")));
    return 1;
}

int ox__lua_model_set_opset(lua_State *L)
{
    ox_error err;
    ox_model *m = ox__lua_check_model(L, 1);
    lua_Integer version = luaL_checkinteger(L, 2);
    const char *domain = luaL_optstring(L, 3, "");
    ox_error_clear(&err);
    if (ox_model_set_opset(m, ox_str_addz(m, domain), version, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_model_metadata(lua_State *L)
{
    const ox_model *m = ox__lua_check_model(L, 1);
    const ox_pair *rows = NULL;
    size_t n = ox_model_metadata(m, &rows);
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        ox__lua_push_str(L, m, rows[i].key);
        ox__lua_push_str(L, m, rows[i].value);
        lua_rawset(L, -3);
    }
    return 1;
}

int ox__lua_model_set_metadata(lua_State *L)
{
    ox_error err;
    ox_model *m = ox__lua_check_model(L, 1);
    size_t n_key = 0, n_value = 0;
    const char *key = luaL_checklstring(L, 2, &n_key);
    const char *value = luaL_optlstring(L, 3, NULL, &n_value);
    ox_error_clear(&err);
    ox_str v = value ? ox_str_add(m, value, n_value) : (ox_str){0};
    if (ox_model_set_metadata(m, ox_str_add(m, key, n_key), v, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

/* ---- graph ---- */

int ox__lua_graph_nodes(lua_State *L)
{
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    size_t i = 0;
    lua_createtable(L, (int)OX__MIN(ox_graph_n_nodes(m, g), (size_t)10000000), 1);
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n)) {
        ox__lua_push_node(L, m, n);
        lua_rawseti(L, -2, (lua_Integer)++i);
    }
    set_n(L, i);
    return 1;
}

static int push_values(lua_State *L, const ox_model *m, ox_graph g, size_t n,
                       ox_value (*get)(const ox_model *, ox_graph, size_t))
{
    lua_createtable(L, (int)OX__MIN(n, (size_t)10000000), 1);
    for (size_t i = 0; i < n; i++) {
        ox__lua_push_value(L, m, get(m, g, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    set_n(L, n);
    return 1;
}

int ox__lua_graph_inputs(lua_State *L)
{
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    return push_values(L, m, g, ox_graph_n_inputs(m, g), ox_graph_input);
}

int ox__lua_graph_outputs(lua_State *L)
{
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    return push_values(L, m, g, ox_graph_n_outputs(m, g), ox_graph_output);
}

int ox__lua_graph_initializers(lua_State *L)
{
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    return push_values(L, m, g, ox_graph_n_initializers(m, g), ox_graph_initializer);
}

int ox__lua_graph_name(lua_State *L)
{
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    ox__lua_push_str(L, m, ox_graph_name(m, g));
    return 1;
}

int ox__lua_graph_set_name(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    size_t n = 0;
    const char *s = luaL_checklstring(L, 2, &n);
    ox_error_clear(&err);
    if (ox_graph_set_name(m, g, ox_str_add(m, s, n), &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

/* The name at idx without the `%` that prints of values carry. */
static ox_str name_at(lua_State *L, int idx, const ox_model *m)
{
    size_t n = 0;
    const char *s = luaL_checklstring(L, idx, &n);
    size_t skip = n > 1 && s[0] == '%';
    return ox_str_find(m, s + skip, n - skip);
}

int ox__lua_graph_value(lua_State *L)
{
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    ox_str name = name_at(L, 2, m);
    ox__lua_push_value(L, m, name.id ? ox_graph_find_value(m, g, name) : (ox_value){0, 0});
    return 1;
}

int ox__lua_graph_node(lua_State *L)
{
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    ox_str name = name_at(L, 2, m);
    ox__lua_push_node(L, m, name.id ? ox_graph_find_node(m, g, name) : (ox_node){0, 0});
    return 1;
}

/* ---- find ---- */

/* The nodes that a query found: in a userdata with a finalizer, since what pushes them to Lua may raise. */
typedef struct found {
    OX__VEC(ox_node) nodes;
    const ox_model *m;
    ox_graph within; /* or {0}: the whole model */
    ox_script *s;
    bool nomem;
} found;

/* True if n stands in g or in a block inside it. */
static bool is_within(const ox_model *m, ox_node n, ox_graph g)
{
    ox_graph at = ox_node_graph(m, n);
    for (; at.id; at = ox_graph_parent(m, at))
        if (at.id == g.id) return true;
    return false;
}

static bool collect(void *ud, ox_node n)
{
    found *f = ud;
    if (f->within.id && !is_within(f->m, n, f->within)) return true;
    if (!ox__vec_push(&f->nodes, n)) f->nomem = true;
    return !f->nomem;
}

static bool go_on(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)done, (void)total;
    return !((ox_script *)ud)->interrupted;
}

static ox_status run_query(found *f, const char *text, size_t n, ox_error *err)
{
    ox_query *q = NULL;
    ox_task task = {go_on, f->s};
    ox_status st = ox_query_parse(&q, f->m, text, n, err);
    if (st == OX_OK) st = ox_query_run(q, f->m, collect, f, &task, err);
    if (st == OX_OK && f->nomem) st = ox__nomem(err);
    ox_query_free(q);
    return st;
}

static int free_found(lua_State *L)
{
    found *f = lua_touserdata(L, 1);
    ox__vec_free(&f->nodes);
    return 0;
}

static found *new_found(lua_State *L)
{
    found *f = lua_newuserdatauv(L, sizeof *f, 0);
    memset(f, 0, sizeof *f);
    if (luaL_newmetatable(L, "onnxsh.found")) {
        lua_pushcfunction(L, free_found);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return f;
}

int ox__lua_graph_find(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    size_t n_text = 0;
    const char *text = luaL_checklstring(L, 2, &n_text);
    ox__lua_want_types(L, m);
    found *f = new_found(L);
    f->m = m;
    f->s = ox__lua_script(L);
    if (!ox__lua_test(L, 1, OX__LUA_MODEL)) f->within = g;
    ox_error_clear(&err);
    if (run_query(f, text, n_text, &err) != OX_OK) ox__lua_raise(L, &err);
    lua_createtable(L, (int)OX__MIN(f->nodes.n, (size_t)10000000), 1);
    for (size_t i = 0; i < f->nodes.n; i++) {
        ox__lua_push_node(L, m, f->nodes.p[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    set_n(L, f->nodes.n);
    ox__vec_free(&f->nodes);
    return 1;
}

/* ---- adding ---- */

/* Where a new node goes. */
typedef struct place {
    ox_model *m;
    ox_graph g;
    ox_node before;
} place;

static ox_status add_constant(void *ud, ox_tensor t, ox_value *out, ox_error *err)
{
    const place *p = ud;
    ox_node n;
    ox_tensor_info info = ox_tensor_get(p->m, t);
    ox_attr a = {.name = ox_str_addz(p->m, "value"), .kind = OX_ATTR_TENSOR, .u.t = t};
    ox_status s = ox_node_create(p->m, &n, p->g, p->before, ox_str_addz(p->m, ""), ox_str_addz(p->m, "Constant"), 0,
                                 NULL, 1, err);
    if (s != OX_OK) return s;
    *out = ox_node_output(p->m, n, 0);
    ox_dim dims[64];
    uint32_t rank = OX__MIN(info.rank, OX__COUNT(dims));
    for (uint32_t i = 0; i < rank; i++) dims[i] = ox_dim_const(p->m, info.dims[i]);
    s = ox_node_set_attr(p->m, n, &a, err);
    if (s == OX_OK && rank == info.rank)
        s = ox_value_set_type(p->m, *out, ox_type_tensor(p->m, info.dtype, (int32_t)rank, dims), err);
    return s;
}

static ox_status add_node(const place *p, const ox__lua_op *op, const ox_value *in, ox_node *out, ox_error *err)
{
    const char *sep = strstr(op->name, "::");
    size_t n = sep ? (size_t)(sep - op->name) : 0;
    if ((n == 4 && memcmp(op->name, "onnx", 4) == 0) || (n == 7 && memcmp(op->name, "ai.onnx", 7) == 0)) n = 0;
    ox_str domain = ox_str_add(p->m, op->name, n);
    ox_str name = ox_str_addz(p->m, sep ? sep + 2 : op->name);
    ox_status s = ox_node_create(p->m, out, p->g, p->before, domain, name, op->n_in, in, op->n_out, err);
    for (size_t i = 0; s == OX_OK && i < op->n_attrs; i++) s = ox_node_set_attr(p->m, *out, &op->attrs[i], err);
    return s;
}

/* Adds the node that arguments from index 2 describe and pushes its values. */
static int add_at(lua_State *L, place *p)
{
    _Alignas(8) char block[2048];
    ox_error err;
    ox__scratch x = {L, block, block + sizeof block};
    ox__lua_target to = {p->m, add_constant, p};
    ox__lua_op op;
    ox__lua_read_op(L, 2, &to, &x, &op);
    ox_value *in = ox__scratch_alloc(&x, op.n_in ? op.n_in : 1, sizeof *in);
    ox_error_clear(&err);
    for (size_t i = 0; i < op.n_in; i++) {
        in[i] = op.in[i].v;
        if (op.in[i].kind != OX_ARG_VALUE && op.in[i].kind != OX_ARG_NONE)
            ox__lua_fail(L, "sym.tensor(3, \"int64\")", "input %zu: a number needs its dtype here", i + 1);
    }
    ox_node n;
    if (add_node(p, &op, in, &n, &err) != OX_OK) ox__lua_raise(L, &err);
    luaL_checkstack(L, (int)op.n_out + 4, NULL);
    for (size_t i = 0; i < op.n_out; i++) ox__lua_push_value(L, p->m, ox_node_output(p->m, n, i));
    return (int)op.n_out;
}

int ox__lua_graph_add(lua_State *L)
{
    place p = {0};
    p.g = graph_at(L, 1, &p.m);
    return add_at(L, &p);
}

int ox__lua_node_insert(lua_State *L)
{
    place p = {0};
    p.before = ox__lua_check_node(L, 1, &p.m);
    p.g = ox_node_graph(p.m, p.before);
    return add_at(L, &p);
}

int ox__lua_graph_add_output(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    ox_value v = ox__lua_check_value_in(L, 2, m, "the value");
    ox_error_clear(&err);
    if (ox_graph_add_output(m, g, SIZE_MAX, v, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_graph_remove_output(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    lua_Integer i = luaL_checkinteger(L, 2);
    luaL_argcheck(L, i >= 1 && (size_t)i <= ox_graph_n_outputs(m, g), 2, "no such output");
    ox_error_clear(&err);
    if (ox_graph_remove_output(m, g, (size_t)i - 1, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

int ox__lua_graph_add_initializer(lua_State *L)
{
    ox_error err;
    ox_model *m = NULL;
    ox_graph g = graph_at(L, 1, &m);
    size_t n = 0;
    const char *name = luaL_checklstring(L, 2, &n);
    ox_tensor t = ox__lua_tensor_in(L, 3, m);
    ox_value v = {0, 0};
    ox_error_clear(&err);
    if (ox_graph_add_initializer(m, &v, g, ox_str_add(m, name, n), t, &err) != OX_OK) ox__lua_raise(L, &err);
    ox__lua_push_value(L, m, v);
    return 1;
}
