/* Floor 6. Inference in Lua. */
#include "script/model.h"
#include "script/value.h"

#include <onnxsh/infer.h>

/* True if the table at idx has that key set to something true, or `def` if it is not there. */
static bool flag(lua_State *L, int idx, const char *key, bool def)
{
    if (lua_getfield(L, idx, key) != LUA_TNIL) def = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return def;
}

static void check_keys(lua_State *L, int idx)
{
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (strcmp(key, "strict") != 0 && strcmp(key, "declare") != 0 && strcmp(key, "data") != 0)
            ox__lua_fail(L, "strict, declare, data", "model:infer has no option '%.60s'", key);
    }
}

/* What inference found: kept in C until it is done, as making Lua tables may raise. */
typedef struct note {
    ox_node node;
    char *message;
} note;

typedef struct notes {
    OX__VEC(note) all;
    bool failed;
} notes;

static void on_finding(void *ud, const ox_infer_finding *f)
{
    notes *n = ud;
    note k = {f->node, ox__strndup(f->message, strlen(f->message))};
    if (k.message && ox__vec_push(&n->all, k)) return;
    ox__free(k.message);
    n->failed = true;
}

static void notes_free(notes *n)
{
    for (size_t i = 0; i < n->all.n; i++) ox__free(n->all.p[i].message);
    ox__vec_free(&n->all);
}

typedef struct push {
    const ox_model *m;
    const notes *n;
} push;

/* Pushes the list; called protected. */
static int push_notes(lua_State *L)
{
    const push *p = lua_touserdata(L, 1);
    lua_createtable(L, (int)OX__MIN(p->n->all.n, (size_t)1000000), 1);
    for (size_t i = 0; i < p->n->all.n; i++) {
        lua_createtable(L, 0, 2);
        ox__lua_push_node(L, p->m, p->n->all.p[i].node);
        lua_setfield(L, -2, "node");
        lua_pushstring(L, p->n->all.p[i].message);
        lua_setfield(L, -2, "message");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, (lua_Integer)p->n->all.n);
    lua_setfield(L, -2, "n");
    return 1;
}

/* The inference of m that goes on from the last call, if that had the same options; else a new one. */
static ox_status inference_of(ox_script *s, ox_model *m, const ox_infer_options *opt, ox_error *err)
{
    uint64_t serial = ox_model_serial(m);
    bool same = s->inference && s->inference_serial == serial && memcmp(&s->inference_options, opt, sizeof *opt) == 0;
    if (same) return OX_OK;
    ox_inference_free(s->inference);
    s->inference = NULL;
    s->inference_serial = serial;
    s->inference_options = *opt;
    return ox_inference_create(&s->inference, m, opt, err);
}

/* Of a trace, by converting a copy. */
static ox_status infer_trace(ox_script *s, ox_model *m, const ox_infer_options *opt, notes *found, ox_error *err)
{
    ox_status st = OX_OK;
    if (!s->typing || s->typing_serial != ox_model_serial(m)) {
        ox_typing_free(s->typing);
        s->typing = NULL;
        s->typing_serial = ox_model_serial(m);
        st = ox_typing_create(&s->typing, m, s->symbolics, err);
    }
    return st == OX_OK ? ox_typing_update(s->typing, opt, NULL, on_finding, found, err) : st;
}

static ox_status infer(ox_script *s, ox_model *m, const ox_infer_options *opt, notes *found, ox_error *err)
{
    if (ox_typing_is_for(m)) return infer_trace(s, m, opt, found, err);
    ox_status st = inference_of(s, m, opt, err);
    return st == OX_OK ? ox_inference_update(s->inference, on_finding, found, NULL, err) : st;
}

int ox__lua_model_infer(lua_State *L)
{
    ox_error err;
    ox_script *s = ox__lua_script(L);
    ox_model *m = ox__lua_check_model(L, 1);
    ox_infer_options opt = {0};
    notes found = {0};
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        check_keys(L, 2);
        opt.strict = flag(L, 2, "strict", false);
        opt.keep = flag(L, 2, "declare", false);
        opt.no_data = !flag(L, 2, "data", true);
    }
    ox_error_clear(&err);
    ox_status st = infer(s, m, &opt, &found, &err);
    if (st == OX_OK && found.failed) st = ox__nomem(&err);
    if (st == OX_OK) {
        push p = {m, &found};
        lua_pushcfunction(L, push_notes);
        lua_pushlightuserdata(L, &p);
        int lua = lua_pcall(L, 1, 1, 0);
        notes_free(&found);
        return lua == LUA_OK ? 1 : lua_error(L);
    }
    notes_free(&found);
    ox__lua_raise(L, &err);
}

int ox__lua_type_reason(lua_State *L)
{
    char text[1024];
    ox_model *m = NULL;
    ox_type t = ox__lua_check_type(L, 1, &m, NULL);
    ox__lua_looks(L);
    ox_type_info info = ox_type_get(m, t);
    if (info.kind == OX_TYPE_OPTIONAL && info.n_items == 1) info = ox_type_get(m, info.items[0]);
    if (info.kind != OX_TYPE_TENSOR && info.kind != OX_TYPE_SPARSE) return 0;
    lua_Integer i = luaL_checkinteger(L, 2);
    if (info.rank < 0) return 0;
    if (i < 0) i += info.rank + 1;
    if (i < 1 || i > info.rank)
        ox__lua_fail(L, "dims count from 1, from the end with -1", "dim %lld of rank %d", (long long)i, (int)info.rank);
    size_t n = ox_dim_reason(m, info.dims[i - 1], text, sizeof text);
    if (!n) return 0;
    lua_pushlstring(L, text, n);
    return 1;
}
