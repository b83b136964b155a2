/* Floor 6. Userdata that name things of a model: made once for each thing that Lua holds, checked at each use. */
#include "script/state.h"

#include <onnxsh/print.h>

static const char *const kind_names[OX__LUA_N_KINDS] = {"a model", "a graph", "a node",   "a value",
                                                        "a scope", "a type",  "a tensor", "g"};

void ox__lua_push_meta(lua_State *L, ox__lua_kind kind)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, ox__lua_script(L)->mt_ref[kind]);
}

void *ox__lua_test(lua_State *L, int idx, ox__lua_kind kind)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || !lua_getmetatable(L, idx)) return NULL;
    const void *mt = lua_topointer(L, -1);
    lua_pop(L, 1);
    return mt == ox__lua_script(L)->mt[kind] ? lua_touserdata(L, idx) : NULL;
}

const char *ox__lua_what(lua_State *L, int idx)
{
    for (int k = 0; k < OX__LUA_N_KINDS; k++)
        if (ox__lua_test(L, idx, (ox__lua_kind)k)) return kind_names[k];
    int t = lua_type(L, idx);
    if (t == LUA_TNIL || t == LUA_TNONE) return "nil";
    if (t == LUA_TTABLE) return "a table";
    return lua_pushfstring(L, "a %s", lua_typename(L, t));
}

/* ---- from serials to models ---- */

ox_model *ox__lua_model_of(ox_script *s, uint64_t serial)
{
    for (const ox__lua_frame *f = s->frame; f; f = f->up)
        if (f->serial == serial) return f->model;
    ox_model *m = s->host.model ? s->host.model(s->host.ud) : NULL;
    return m && ox_model_serial(m) == serial ? m : NULL;
}

void ox__lua_looks(lua_State *L)
{
    const ox_script *s = ox__lua_script(L);
    if (s->frame) ox_call_looks(s->frame->call);
}

static ox__lua_handle *check_handle(lua_State *L, int idx, ox__lua_kind kind, ox_model **m)
{
    ox__lua_handle *h = ox__lua_test(L, idx, kind);
    if (!h) {
        const char *msg = lua_pushfstring(L, "%s expected, got %s", kind_names[kind], ox__lua_what(L, idx));
        luaL_argerror(L, idx, msg);
        return NULL;
    }
    *m = ox__lua_model_of(ox__lua_script(L), h->serial);
    if (!*m)
        ox__lua_fail(L, "it is not the current model, nor the one being made", "%s of a model that is closed",
                     kind_names[kind]);
    if (kind != OX__LUA_VALUE && kind != OX__LUA_TYPE) ox__lua_looks(L);
    return h;
}

_Noreturn static void dead(lua_State *L, ox__lua_kind kind)
{
    ox__lua_fail(L, "it was deleted, or made by an attempt that was rolled back", "%s that is no longer there",
                 kind_names[kind]);
}

ox_graph ox__lua_check_graph(lua_State *L, int idx, ox_model **m)
{
    const ox__lua_handle *h = check_handle(L, idx, OX__LUA_GRAPH, m);
    ox_graph g = {h->id, h->gen};
    if (!ox_graph_is_alive(*m, g)) dead(L, OX__LUA_GRAPH);
    return g;
}

ox_node ox__lua_check_node(lua_State *L, int idx, ox_model **m)
{
    const ox__lua_handle *h = check_handle(L, idx, OX__LUA_NODE, m);
    ox_node n = {h->id, h->gen};
    if (!ox_node_is_alive(*m, n)) dead(L, OX__LUA_NODE);
    return n;
}

ox_value ox__lua_check_value(lua_State *L, int idx, ox_model **m)
{
    ox__lua_looks(L);
    return ox__lua_given_value(L, idx, m);
}

ox_value ox__lua_given_value(lua_State *L, int idx, ox_model **m)
{
    const ox__lua_handle *h = check_handle(L, idx, OX__LUA_VALUE, m);
    ox_value v = {h->id, h->gen};
    if (!ox_value_is_alive(*m, v)) dead(L, OX__LUA_VALUE);
    return v;
}

ox_scope ox__lua_check_scope(lua_State *L, int idx, ox_model **m)
{
    const ox__lua_handle *h = check_handle(L, idx, OX__LUA_SCOPE, m);
    return (ox_scope){h->id, h->gen};
}

ox_type ox__lua_check_type(lua_State *L, int idx, ox_model **m, ox_layout *layout)
{
    const ox__lua_handle *h = check_handle(L, idx, OX__LUA_TYPE, m);
    if (layout) *layout = (ox_layout){h->gen};
    return (ox_type){h->id};
}

ox_model *ox__lua_check_model(lua_State *L, int idx)
{
    ox_model *m = NULL;
    check_handle(L, idx, OX__LUA_MODEL, &m);
    return m;
}

ox_value ox__lua_check_value_in(lua_State *L, int idx, const ox_model *m, const char *what)
{
    ox_model *of = NULL;
    ox_value v = ox__lua_check_value(L, idx, &of);
    if (of != m)
        ox__lua_fail(L, "the model being made and the trace are two models", "%s belongs to another model", what);
    return v;
}

/* ---- making them ---- */

/* The cache of a model on the stack; the one unused for longest makes room for a new model's. */
static void push_cache(lua_State *L, ox_script *s, uint64_t serial)
{
    ox__lua_cache *oldest = &s->cache[0];
    for (size_t i = 0; i < OX__LUA_CACHES; i++) {
        ox__lua_cache *c = &s->cache[i];
        if (c->serial == serial) {
            c->used = ++s->clock;
            lua_rawgeti(L, LUA_REGISTRYINDEX, c->ref);
            return;
        }
        if (c->used < oldest->used) oldest = c;
    }
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    if (oldest->serial) luaL_unref(L, LUA_REGISTRYINDEX, oldest->ref);
    *oldest = (ox__lua_cache){serial, ++s->clock, ref};
}

static void push_handle(lua_State *L, const ox_model *m, ox__lua_kind kind, uint32_t id, uint32_t gen)
{
    if (!id) {
        lua_pushnil(L);
        return;
    }
    ox_script *s = ox__lua_script(L);
    uint64_t serial = ox_model_serial(m);
    luaL_checkstack(L, 4, NULL);
    push_cache(L, s, serial);
    lua_Integer key = (lua_Integer)((uint64_t)id * 8 + (uint64_t)kind);
    if (lua_rawgeti(L, -1, key) == LUA_TUSERDATA) {
        const ox__lua_handle *old = lua_touserdata(L, -1);
        if (old->gen == gen) {
            lua_remove(L, -2);
            return;
        }
    }
    lua_pop(L, 1);
    ox__lua_handle *h = lua_newuserdatauv(L, sizeof *h, 0);
    *h = (ox__lua_handle){serial, id, gen};
    ox__lua_push_meta(L, kind);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, key);
    lua_remove(L, -2);
}

void ox__lua_push_model(lua_State *L, const ox_model *m)
{
    push_handle(L, m, OX__LUA_MODEL, 1, 0);
}

void ox__lua_push_graph(lua_State *L, const ox_model *m, ox_graph g)
{
    push_handle(L, m, OX__LUA_GRAPH, g.id, g.gen);
}

void ox__lua_push_node(lua_State *L, const ox_model *m, ox_node n)
{
    push_handle(L, m, OX__LUA_NODE, n.id, n.gen);
}

void ox__lua_push_value(lua_State *L, const ox_model *m, ox_value v)
{
    push_handle(L, m, OX__LUA_VALUE, v.id, v.gen);
}

void ox__lua_push_scope(lua_State *L, const ox_model *m, ox_scope s)
{
    push_handle(L, m, OX__LUA_SCOPE, s.id, s.gen);
}

/* Types are immutable: one of unknown type is still a Type, so that v:type():dtype() needs no test. */
void ox__lua_push_type(lua_State *L, const ox_model *m, ox_type t, ox_layout l)
{
    ox__lua_handle *h = lua_newuserdatauv(L, sizeof *h, 0);
    *h = (ox__lua_handle){ox_model_serial(m), t.id, l.id};
    ox__lua_push_meta(L, OX__LUA_TYPE);
    lua_setmetatable(L, -2);
}

void ox__lua_push_str(lua_State *L, const ox_model *m, ox_str s)
{
    size_t n = 0;
    const char *p = ox_str_text(m, s, &n);
    lua_pushlstring(L, p, n);
}

/* ---- metamethods ---- */

static int handle_eq(lua_State *L)
{
    const ox__lua_handle *a = lua_touserdata(L, 1), *b = lua_touserdata(L, 2);
    bool same_kind = false;
    if (a && b && lua_getmetatable(L, 1) && lua_getmetatable(L, 2)) same_kind = lua_rawequal(L, -1, -2);
    lua_pushboolean(L, same_kind && a->serial == b->serial && a->id == b->id && a->gen == b->gen);
    return 1;
}

/* The text of a live handle. Printing never changes the model and holds no memory across the sink but its own small
 * buffers, so the sink collects into a fixed one: raising inside it would leak. */
typedef struct text_sink {
    char *p;
    size_t n, cap;
} text_sink;

static ox_status to_text(void *ud, const char *s, size_t n, ox_error *err)
{
    text_sink *t = ud;
    (void)err;
    size_t k = OX__MIN(n, t->cap - t->n);
    memcpy(t->p + t->n, s, k);
    t->n += k;
    return OX_OK;
}

static size_t print_thing(const ox_model *m, ox__lua_kind kind, const ox__lua_handle *h, char *buf, size_t size)
{
    text_sink t = {buf, 0, size};
    ox_sink sink = {to_text, &t};
    ox_print_options opt = {.style = OX_STYLE_SEED};
    ox_status st = OX_OK;
    switch (kind) {
    case OX__LUA_NODE: st = ox_node_print(m, (ox_node){h->id, h->gen}, &opt, &sink, NULL); break;
    case OX__LUA_VALUE: st = ox_value_print(m, (ox_value){h->id, h->gen}, &opt, &sink, NULL); break;
    case OX__LUA_TYPE: return OX__MIN(ox_type_text(m, (ox_type){h->id}, buf, size), size - 1);
    case OX__LUA_SCOPE: return OX__MIN(ox_scope_print(m, (ox_scope){h->id, h->gen}, buf, size), size - 1);
    default: break;
    }
    return st == OX_OK ? t.n : 0;
}

static bool is_alive(const ox_model *m, ox__lua_kind kind, const ox__lua_handle *h)
{
    switch (kind) {
    case OX__LUA_GRAPH: return ox_graph_is_alive(m, (ox_graph){h->id, h->gen});
    case OX__LUA_NODE: return ox_node_is_alive(m, (ox_node){h->id, h->gen});
    case OX__LUA_VALUE: return ox_value_is_alive(m, (ox_value){h->id, h->gen});
    default: return true;
    }
}

static int handle_tostring(lua_State *L)
{
    ox__lua_kind kind = (ox__lua_kind)lua_tointeger(L, lua_upvalueindex(1));
    const ox__lua_handle *h = ox__lua_test(L, 1, kind);
    luaL_argcheck(L, h, 1, "not a handle");
    ox__lua_looks(L);
    const ox_model *m = ox__lua_model_of(ox__lua_script(L), h->serial);
    if (!m || !is_alive(m, kind, h)) {
        lua_pushfstring(L, "(%s %s)", m ? "deleted" : "closed model's", strchr(kind_names[kind], ' ') + 1);
        return 1;
    }
    if (kind == OX__LUA_MODEL || kind == OX__LUA_GRAPH) {
        ox_graph g = kind == OX__LUA_GRAPH ? (ox_graph){h->id, h->gen} : ox_model_main(m);
        lua_pushfstring(L, "(%s of %I nodes)", kind == OX__LUA_GRAPH ? "graph" : "model",
                        (lua_Integer)ox_graph_n_nodes(m, g));
        return 1;
    }
    luaL_Buffer b;
    size_t size = 4096;
    char *p = luaL_buffinitsize(L, &b, size);
    luaL_pushresultsize(&b, print_thing(m, kind, h, p, size));
    return 1;
}

static const char *const owners[OX__LUA_N_KINDS] = {"model", "graph", "node", "value", "scope", "type", "tensor", "g"};

void ox__lua_open_handles(ox_script *s, lua_State *L)
{
    for (int k = 0; k < OX__LUA_N_KINDS; k++) {
        lua_createtable(L, 0, 8);
        lua_pushstring(L, owners[k]);
        lua_setfield(L, -2, "__name");
        lua_newtable(L);
        ox__lua_set_functions(L, owners[k]);
        lua_setfield(L, -2, "__index");
        if (k != OX__LUA_TENSOR && k != OX__LUA_CALL) {
            lua_pushcfunction(L, handle_eq);
            lua_setfield(L, -2, "__eq");
            lua_pushinteger(L, k);
            lua_pushcclosure(L, handle_tostring, 1);
            lua_setfield(L, -2, "__tostring");
        }
        s->mt[k] = lua_topointer(L, -1);
        s->mt_ref[k] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
}
