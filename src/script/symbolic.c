/* Floor 6. symbolic(name, [options], fn), the call of such a function, and the methods of its g. */
#include "script/symbolic.h"

#include <stdio.h>

/* ---- registering ---- */

/* What symbolic{} reads from its arguments; arrays are scratch. */
typedef struct reading {
    lua_State *L;
    ox__scratch x;
    ox_symbolic_def def;
    int fn, options; /* stack indices; options 0 if there are none */
    bool vararg;
} reading;

static const char **read_names(reading *r, const char *key, size_t *n)
{
    lua_State *L = r->L;
    *n = 0;
    if (!r->options || lua_getfield(L, r->options, key) == LUA_TNIL) return NULL;
    int at = lua_gettop(L);
    if (lua_type(L, at) != LUA_TTABLE) ox__lua_fail(L, NULL, "'%s' must be a list of names", key);
    *n = ox__lua_list_n(L, at);
    const char **names = ox__scratch_alloc(&r->x, *n ? *n : 1, sizeof *names);
    for (size_t i = 0; i < *n; i++) {
        if (lua_rawgeti(L, at, (lua_Integer)i + 1) != LUA_TSTRING)
            ox__lua_fail(L, NULL, "'%s' must be a list of names", key);
        names[i] = lua_tostring(L, -1); /* alive in the table, which stays on the stack */
        lua_pop(L, 1);
    }
    return names;
}

/* The names of fn's parameters after g. A function that is not active gives its parameters alone. */
static void read_params(reading *r)
{
    lua_State *L = r->L;
    lua_Debug ar;
    size_t n_given = 0;
    const char **given = read_names(r, "params", &n_given);
    lua_pushvalue(L, r->fn);
    lua_getinfo(L, ">Su", &ar);
    if (strcmp(ar.what, "C") == 0) ox__lua_fail(L, NULL, "a symbolic function must be written in Lua");
    r->vararg = ar.isvararg;
    r->def.line = (uint32_t)OX__MAX(ar.linedefined, 0);
    lua_pushstring(L, ar.source[0] == '@' || ar.source[0] == '=' ? ar.source + 1 : ar.short_src);
    r->def.file = lua_tostring(L, -1);
    if (ar.nparams == 0 && !ar.isvararg) ox__lua_fail(L, "function(g, x) ... end", "the function takes no g");
    size_t n_own = ar.nparams ? (size_t)ar.nparams - 1 : 0;
    if (given && (ar.isvararg ? n_own > n_given : n_own != n_given))
        ox__lua_fail(L, NULL, "params names %zu arguments, the function takes %zu after g", n_given, n_own);
    if (given) {
        r->def.params = given;
        r->def.n_params = n_given;
        return;
    }
    const char **own = ox__scratch_alloc(&r->x, n_own ? n_own : 1, sizeof *own);
    for (size_t i = 0; i < n_own; i++) {
        lua_pushvalue(L, r->fn);
        own[i] = lua_getlocal(L, NULL, (int)i + 2); /* lives as long as the function; NULL if stripped */
        lua_pop(L, 1);
        if (!own[i]) ox__lua_fail(L, "give the names: {params = {...}}", "the function was compiled without names");
    }
    r->def.params = own;
    r->def.n_params = n_own;
}

/* opset = 12, or {["com.microsoft"] = 1}. */
static void read_opset(reading *r)
{
    lua_State *L = r->L;
    int t = r->options ? lua_getfield(L, r->options, "opset") : LUA_TNIL;
    if (t == LUA_TNIL) return;
    if (t == LUA_TTABLE) {
        lua_pushnil(L);
        if (!lua_next(L, -2) || lua_type(L, -2) != LUA_TSTRING)
            ox__lua_fail(L, "opset = 12, or opset = {[\"com.microsoft\"] = 1}", "'opset' names no domain");
        const char *domain = lua_tostring(L, -2);
        if (*domain && strcmp(domain, "ai.onnx") != 0 && strcmp(domain, "onnx") != 0) r->def.domain = domain;
        lua_pushvalue(L, -2);
        if (lua_next(L, -4)) ox__lua_fail(L, NULL, "'opset' names more than one domain");
    }
    if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0) ox__lua_fail(L, NULL, "'opset' must be a version number");
    r->def.min_opset = lua_tointeger(L, -1);
}

static void check_options(reading *r)
{
    static const char *const known[] = {"opset", "schema", "params", "ignore"};
    lua_State *L = r->L;
    for (lua_pushnil(L); lua_next(L, r->options); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        size_t i = 0;
        while (i < OX__COUNT(known) && strcmp(key, known[i]) != 0) i++;
        if (i == OX__COUNT(known)) ox__lua_fail(L, "opset, schema, params, ignore", "unknown option '%s'", key);
    }
}

/* A function with `...` and no params takes what comes, which a schema's names cannot be matched with. */
static void read_vararg(reading *r)
{
    size_t n = 0;
    if (!r->vararg || (r->options && lua_getfield(r->L, r->options, "params") != LUA_TNIL)) return;
    const char *dot = strchr(r->def.name, ':') ? strchr(r->def.name, '.') : NULL;
    size_t len = dot ? (size_t)(dot - r->def.name) : strlen(r->def.name);
    if (r->def.schema || (ox_aten_find_n(r->def.name, len, &n) && n > 0))
        ox__lua_fail(r->L, "name them: {params = {...}}", "%s has a schema, so `...` needs the names of its parameters",
                     r->def.name);
    r->def.positional = true;
    r->def.n_params = 0;
}

static void free_fn(void *ud)
{
    ox__lua_fn *f = ud;
    if (f->script) {
        *f->link = f->next;
        if (f->next) f->next->link = f->link;
        luaL_unref(f->script->L, LUA_REGISTRYINDEX, f->ref);
    }
    ox__free(f);
}

/* Hands the function over to the registry. Nothing between the allocation and the last statement raises but the two
 * calls to Lua before it. */
static ox_status add_fn(ox_script *s, reading *r, ox_error *err)
{
    lua_State *L = r->L;
    lua_pushvalue(L, r->fn);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    ox__lua_fn *f = ox__alloc(sizeof *f);
    if (!f) {
        luaL_unref(L, LUA_REGISTRYINDEX, ref);
        return ox__nomem(err);
    }
    *f = (ox__lua_fn){s->fns, &s->fns, s, ref};
    if (s->fns) s->fns->link = &f->next;
    s->fns = f;
    r->def.builtin = s->loading;
    r->def.repeats = s->loading && !s->lua_dir; /* the library's own, which read nothing that changes */
    r->def.fn = ox__lua_call_symbolic;
    r->def.ud = f;
    r->def.free_ud = free_fn;
    ox_status st = ox_symbolics_add(s->symbolics, &r->def, err);
    if (st != OX_OK) free_fn(f);
    return st;
}

int ox__lua_symbolic(lua_State *L)
{
    _Alignas(8) char block[1024];
    ox_script *s = ox__lua_script(L);
    ox_error err;
    ox_error_clear(&err);
    reading r = {L, {L, block, block + sizeof block}, {0}, lua_gettop(L), 0, false};
    r.def.name = luaL_checkstring(L, 1);
    luaL_checkstack(L, 24, NULL);
    if (r.fn > 3) ox__lua_fail(L, "symbolic(name, [options], function(g, ...) ... end)", "too many arguments");
    luaL_checktype(L, r.fn, LUA_TFUNCTION);
    if (r.fn == 3 && !lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        r.options = 2;
        check_options(&r);
        if (lua_getfield(L, 2, "schema") != LUA_TNIL) r.def.schema = luaL_checkstring(L, -1);
    }
    read_params(&r);
    read_vararg(&r);
    read_opset(&r);
    r.def.ignore = read_names(&r, "ignore", &r.def.n_ignore);
    if (add_fn(s, &r, &err) != OX_OK) {
        err.code = err.code == OX_E_NOMEM ? err.code : OX_E_SCRIPT;
        ox__lua_raise(L, &err);
    }
    return 0;
}

/* ---- calling ---- */

/* What the protected part gets. */
typedef struct calling {
    const ox__lua_fn *f;
    ox__lua_frame *frame;
    size_t n;
    const ox_arg *args;
} calling;

static void read_result(lua_State *L, int idx, const ox__lua_frame *f, ox__scratch *x, size_t at, ox_arg *out)
{
    memset(out, 0, sizeof *out);
    if (lua_isnoneornil(L, idx)) return;
    if (lua_type(L, idx) == LUA_TTABLE) {
        out->kind = OX_ARG_LIST;
        out->n = ox__lua_list_n(L, idx);
        ox_arg *items = ox__scratch_alloc(x, out->n ? out->n : 1, sizeof *items);
        for (size_t i = 0; i < out->n; i++) {
            lua_rawgeti(L, idx, (lua_Integer)i + 1);
            if (lua_type(L, -1) == LUA_TTABLE) ox__lua_fail(L, NULL, "result %zu holds a table in a table", at);
            read_result(L, lua_gettop(L), f, x, at, &items[i]);
            lua_pop(L, 1);
        }
        out->items = items;
        return;
    }
    ox_model *of = NULL;
    if (!ox__lua_test(L, idx, OX__LUA_VALUE))
        ox__lua_fail(L, "sym.constant(g, x) makes a value of a number", "result %zu is %s, not a value", at,
                     ox__lua_what(L, idx));
    out->kind = OX_ARG_VALUE;
    out->v = ox__lua_given_value(L, idx, &of);
    if (of != f->model) ox__lua_fail(L, NULL, "result %zu belongs to another model", at);
}

/* The protected part: pushes g and the arguments, calls, and hands the results over. */
static int call_protected(lua_State *L)
{
    _Alignas(8) char block[1024];
    const calling *c = lua_touserdata(L, 1);
    ox_error err;
    if (c->n > 250) ox__lua_fail(L, NULL, "%zu arguments are too many", c->n);
    luaL_checkstack(L, (int)c->n + 24, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->f->ref);
    ox__lua_g *g = lua_newuserdatauv(L, sizeof *g, 0);
    g->number = c->frame->number;
    ox__lua_push_meta(L, OX__LUA_CALL);
    lua_setmetatable(L, -2);
    for (size_t i = 0; i < c->n; i++) ox__lua_push_arg(L, c->frame->model, &c->args[i]);
    ox__lua_hook_lines(ox__lua_script(L), L, true);
    lua_call(L, (int)c->n + 1, LUA_MULTRET);
    ox__lua_hook_lines(ox__lua_script(L), L, false);
    if (c->frame->refused) return 0;
    int n = lua_gettop(L) - 1;
    ox__scratch x = {L, block, block + sizeof block};
    ox_arg *results = ox__scratch_alloc(&x, (size_t)n + 1, sizeof *results);
    for (int i = 0; i < n; i++) read_result(L, i + 2, c->frame, &x, (size_t)i + 1, &results[i]);
    ox_error_clear(&err);
    if (ox_call_return(c->frame->call, (size_t)n, results, &err) != OX_OK) ox__lua_raise(L, &err);
    return 0;
}

/* A tail call leaves no line of the function behind: then the place is where it begins. */
static void place_at_function(const ox__lua_fn *f, ox_error *err)
{
    lua_State *L = f->script->L;
    lua_Debug ar;
    if (!err || (err->file[0] && strncmp(err->file, "onnxsh/sym.lua", sizeof err->file) != 0) || !lua_checkstack(L, 1))
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, f->ref);
    lua_getinfo(L, ">S", &ar);
    ox__lua_set_place(err, &ar, ar.linedefined);
}

ox_status ox__lua_call_symbolic(ox_call *call, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    const ox__lua_fn *f = ud;
    ox_script *s = f->script;
    if (!s) return ox__fail(err, OX_E_INVALID, "the Lua state of this function was closed");
    ox_model *m = ox_call_model(call);
    ox__lua_frame frame;
    frame.up = s->frame;
    frame.number = ++s->n_frames;
    frame.call = call;
    frame.model = m;
    frame.serial = ox_model_serial(m);
    frame.refused = false;
    calling c = {f, &frame, n, args};
    s->frame = &frame;
    ox_status st = ox__lua_protect(s, call_protected, &c, err);
    if (st != OX_OK) ox__lua_hook_lines(s, s->running ? s->running : s->L, false);
    s->frame = frame.up;
    if (frame.refused && st != OX_E_INTERRUPTED) {
        if (err) *err = frame.why;
        place_at_function(f, err);
        return frame.why.code;
    }
    if (st != OX_OK && st != OX_E_NOMEM && st != OX_E_INTERRUPTED) {
        if (err) err->code = OX_E_SCRIPT;
        place_at_function(f, err);
        return OX_E_SCRIPT;
    }
    return st;
}

/* ---- g ---- */

ox__lua_frame *ox__lua_check_g(lua_State *L, int idx)
{
    const ox__lua_g *g = ox__lua_test(L, idx, OX__LUA_CALL);
    luaL_argexpected(L, g, idx, "g");
    ox__lua_frame *f = ox__lua_script(L)->frame;
    if (!f || f->number != g->number)
        ox__lua_fail(L, "use the g of the call under way",
                     "g is used after the symbolic function it was given to returned");
    if (f->refused) luaL_error(L, "%s", f->why.msg);
    return f;
}

static ox_status make_constant(void *ud, ox_tensor t, ox_value *out, ox_error *err)
{
    return ox_call_constant(ud, t, out, err);
}

int ox__lua_g_op(lua_State *L)
{
    _Alignas(8) char block[2048];
    ox_error err;
    ox__lua_frame *f = ox__lua_check_g(L, 1);
    ox__scratch x = {L, block, block + sizeof block};
    ox__lua_target to = {f->model, make_constant, f->call};
    ox__lua_op op;
    ox__lua_read_op(L, 2, &to, &x, &op);
    ox_value *outs = ox__scratch_alloc(&x, op.n_out, sizeof *outs);
    luaL_checkstack(L, (int)op.n_out + 4, NULL);
    ox_error_clear(&err);
    if (ox_call_op(f->call, op.name, op.n_in, op.in, op.n_attrs, op.attrs, op.n_out, outs, &err) != OX_OK)
        ox__lua_raise(L, &err);
    for (size_t i = 0; i < op.n_out; i++) ox__lua_push_value(L, f->model, outs[i]);
    return (int)op.n_out;
}

int ox__lua_g_constant(lua_State *L)
{
    ox__lua_frame *f = ox__lua_check_g(L, 1);
    ox_error err;
    ox_value v = {0, 0};
    luaL_checkany(L, 2);
    lua_settop(L, 4);
    if (!ox__lua_test(L, 2, OX__LUA_TENSOR) || !lua_isnil(L, 3) || !lua_isnil(L, 4)) {
        lua_pushcfunction(L, ox__lua_sym_tensor);
        lua_insert(L, 2);
        lua_call(L, 3, 1);
    }
    ox_tensor t = ox__lua_tensor_in(L, 2, f->model);
    ox_error_clear(&err);
    if (ox_call_constant(f->call, t, &v, &err) != OX_OK) ox__lua_raise(L, &err);
    ox__lua_push_value(L, f->model, v);
    return 1;
}

int ox__lua_g_opset(lua_State *L)
{
    const ox__lua_frame *f = ox__lua_check_g(L, 1);
    lua_pushinteger(L, ox_call_opset(f->call, luaL_optstring(L, 2, "")));
    return 1;
}

int ox__lua_g_training(lua_State *L)
{
    lua_pushboolean(L, ox_call_training(ox__lua_check_g(L, 1)->call));
    return 1;
}

int ox__lua_g_n_outputs(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)ox_call_n_outputs(ox__lua_check_g(L, 1)->call));
    return 1;
}

int ox__lua_g_traced_type(lua_State *L)
{
    const ox__lua_frame *f = ox__lua_check_g(L, 1);
    lua_Integer i = luaL_optinteger(L, 2, 1);
    ox_type t = i > 0 ? ox_call_traced_type(f->call, (size_t)i - 1) : (ox_type){0};
    if (!t.id) return 0;
    ox__lua_push_type(L, f->model, t, (ox_layout){0});
    return 1;
}

int ox__lua_g_node(lua_State *L)
{
    const ox__lua_frame *f = ox__lua_check_g(L, 1);
    ox__lua_push_node(L, f->model, ox_call_node(f->call));
    return 1;
}

/* Does not return: what is raised passes every pcall and coroutine (error.c), and were it swallowed all the same, the
 * frame remembers. The place is that of the caller that is not a sym helper. */
int ox__lua_g_unsupported(lua_State *L)
{
    ox__lua_frame *f = ox__lua_check_g(L, 1);
    const char *why = luaL_checkstring(L, 2);
    lua_Debug ar;
    ox_error_clear(&f->why);
    f->why.code = ox_call_unsupported(f->call, why, &f->why);
    for (int level = 1; level < 64 && lua_getstack(L, level, &ar); level++) {
        if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0 || strcmp(ar.source, "=onnxsh/sym.lua") == 0) continue;
        ox__lua_set_place(&f->why, &ar, ar.currentline);
        break;
    }
    f->refused = true;
    return luaL_error(L, "%s", why);
}
