/* Floor 6. Stopping inside symbolic functions: the line hook, and expressions that see what is in sight at a stop. */
#include "script/prompt.h"
#include "script/symbolic.h"

#include <stdio.h>

/* Where the line hook has called its watcher from. */
typedef struct ox__lua_stop {
    lua_State *L;
    lua_Debug ar;
} ox__lua_stop;

void ox_script_watch_lines(ox_script *s, ox_script_line_fn fn, void *ud)
{
    s->on_line = fn;
    s->on_line_ud = ud;
}

/* Functions around this one since the symbolic function was called. */
static unsigned depth_of(lua_State *L, int base)
{
    lua_Debug ar;
    int level = 0;
    while (lua_getstack(L, level, &ar)) level++;
    return (unsigned)OX__MAX(level - base, 0);
}

static void on_line(lua_State *L, lua_Debug *ar)
{
    ox_script *s = ox__lua_script(L);
    ox__lua_stop stop = {.L = L};
    ox_error err;
    if (!s->on_line || s->stop || !lua_getinfo(L, "Sl", ar)) return; /* what a stop evaluates is not stepped through */
    if (strcmp(ar->what, "main") == 0) return; /* a file of the library that is loaded on first use */
    const char *file = ar->source[0] == '@' || ar->source[0] == '=' ? ar->source + 1 : ar->short_src;
    ox_script_line at = {file, (uint32_t)OX__MAX(ar->currentline, 0), depth_of(L, s->line_base)};
    if (!lua_getstack(L, 0, &stop.ar)) return;
    ox_error_clear(&err);
    s->stop = &stop;
    ox_status st = s->on_line(s->on_line_ud, &at, &err);
    s->stop = NULL;
    if (st != OX_OK) ox__lua_raise_host(L, &err);
}

void ox__lua_hook_lines(ox_script *s, lua_State *L, bool on)
{
    if (!s->on_line || s->interrupted) return;
    lua_Debug ar;
    s->line_base = 0;
    while (on && lua_getstack(L, s->line_base, &ar)) s->line_base++;
    s->line_base++;
    lua_sethook(L, on ? on_line : NULL, on ? LUA_MASKLINE : 0, 0);
}

/* ---- what is in sight ---- */
/* What a condition asks of any call: nil where there is no such argument, or it is no value. */
static const char helpers[] =
    "local function of(f) return function(x, ...) if type(x) == 'userdata' then return f(x:type(), ...) end end end\n"
    "return {rank = of(function(t) return t:rank() end), dtype = of(function(t) return t:dtype() end),\n"
    "sizes = of(function(t) return t:sizes() end), dim = of(function(t, i) return t:rank() and t:dim(i) end)}";

typedef struct asking {
    const ox_call_site *site;
    const char *text;
    bool test, yes;
    ox_script_local_fn fn;
    void *ud;
} asking;

/* Locals of the function that is stopped in, its upvalues before them: into the table at the top of L. */
static void take_locals(lua_State *L, const ox__lua_stop *stop)
{
    lua_Debug ar = stop->ar;
    lua_State *from = stop->L;
    lua_getinfo(from, "f", &ar);
    for (int i = 1;; i++) {
        const char *name = lua_getupvalue(from, -1, i);
        if (!name) break;
        if (from != L) lua_xmove(from, L, 1);
        if (*name && strcmp(name, "_ENV") != 0)
            lua_setfield(L, from == L ? -3 : -2, name);
        else
            lua_pop(L, 1);
    }
    lua_pop(from, 1);
    for (int i = 1;; i++) {
        ar = stop->ar;
        const char *name = lua_getlocal(from, &ar, i);
        if (!name) break;
        if (from != L) lua_xmove(from, L, 1);
        if (*name != '(')
            lua_setfield(L, -2, name);
        else
            lua_pop(L, 1);
    }
}

static void take_arguments(lua_State *L, const ox_call_site *site)
{
    for (size_t i = 0; site->call && i < site->n && site->def; i++) {
        char number[24];
        snprintf(number, sizeof number, "x%zu", i + 1);
        ox__lua_push_arg(L, ox_call_model(site->call), &site->args[i]);
        lua_setfield(L, -2, i < site->def->n_params && !site->def->positional ? site->def->params[i] : number);
    }
}

/* Pushes a table of the names in sight. */
static void push_sight(lua_State *L, const asking *a)
{
    ox_script *s = ox__lua_script(L);
    lua_newtable(L);
    if (s->stop)
        take_locals(L, s->stop);
    else
        take_arguments(L, a->site);
}

/* The table at the top sees the helpers and the globals behind its own names. */
static void add_globals(lua_State *L)
{
    lua_newtable(L);
    if (luaL_loadbufferx(L, helpers, sizeof helpers - 1, "=helpers", "t") != LUA_OK) lua_error(L);
    lua_call(L, 0, 1);
    lua_newtable(L);
    lua_pushglobaltable(L);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

static void print_result(lua_State *L)
{
    ox_script *s = ox__lua_script(L);
    ox_error err;
    size_t n;
    ox__lua_push_shown(L, -1);
    const char *text = lua_tolstring(L, -1, &n);
    lua_pushfstring(L, "%s\n", text);
    text = lua_tolstring(L, -1, &n);
    ox_error_clear(&err);
    if (s->host.print && s->host.print(s->host.ud, text, n, &err) != OX_OK) ox__lua_raise_host(L, &err);
}

static int eval_protected(lua_State *L)
{
    asking *a = lua_touserdata(L, 1);
    luaL_checkstack(L, 32, NULL);
    const char *code = lua_pushfstring(L, "return %s", a->text);
    if (luaL_loadbufferx(L, code, strlen(code), "=print", "t") != LUA_OK) return lua_error(L);
    push_sight(L, a);
    add_globals(L);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, a->test ? 1 : LUA_MULTRET);
    if (a->test) {
        a->yes = lua_toboolean(L, -1);
        return 0;
    }
    int n = lua_gettop(L);
    for (int i = 3; i <= n; i++) {
        lua_pushvalue(L, i);
        print_result(L);
        lua_settop(L, n);
    }
    return 0;
}

static int locals_protected(lua_State *L)
{
    asking *a = lua_touserdata(L, 1);
    luaL_checkstack(L, 32, NULL);
    push_sight(L, a);
    int t = lua_gettop(L);
    lua_newtable(L); /* the names, to be told in order */
    int n = 0;
    for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) continue;
        lua_pushvalue(L, -2);
        lua_rawseti(L, t + 1, ++n);
    }
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, t + 1);
    lua_call(L, 1, 0);
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(L, t + 1, i);
        const char *name = lua_tostring(L, -1);
        lua_pushvalue(L, -1);
        lua_rawget(L, t);
        if (lua_type(L, -1) != LUA_TFUNCTION) {
            ox__lua_push_shown(L, -1);
            a->fn(a->ud, name, lua_tostring(L, -1));
        }
        lua_settop(L, t + 1);
    }
    return 0;
}

/* At a call that has not begun its handles need a frame. */
static ox_status ask(ox_script *s, lua_CFunction fn, asking *a, ox_error *err)
{
    ox__lua_frame frame = {.up = s->frame};
    bool own = !s->stop && a->site->call;
    if (own) {
        frame.number = ++s->n_frames;
        frame.call = a->site->call;
        frame.model = ox_call_model(a->site->call);
        frame.serial = ox_model_serial(frame.model);
        s->frame = &frame;
    }
    ox__lua_stop *stop = s->stop;
    ox_status st = ox__lua_protect(s, fn, a, err);
    s->stop = stop;
    s->frame = own ? frame.up : s->frame;
    return st;
}

ox_status ox_script_stop_eval(ox_script *s, const ox_call_site *site, const char *text, ox_error *err)
{
    asking a = {.site = site, .text = text};
    return ask(s, eval_protected, &a, err);
}

ox_status ox_script_stop_test(ox_script *s, const ox_call_site *site, const char *text, bool *yes, ox_error *err)
{
    asking a = {.site = site, .text = text, .test = true};
    ox_status st = ask(s, eval_protected, &a, err);
    *yes = a.yes;
    return st;
}

ox_status ox_script_stop_locals(ox_script *s, const ox_call_site *site, ox_script_local_fn fn, void *ud, ox_error *err)
{
    asking a = {.site = site, .fn = fn, .ud = ud};
    return ask(s, locals_protected, &a, err);
}

const char *ox_script_embedded_line(const ox_script *s, const char *file, uint32_t line, size_t *n)
{
    const ox__lua_file *f = ox__lua_embedded(s, file);
    const char *p = f ? f->text : NULL, *end = f ? f->text + f->n : NULL;
    for (uint32_t i = 1; p && i < line; i++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (p) p++;
    }
    if (!p || p >= end) return NULL;
    const char *eol = memchr(p, '\n', (size_t)(end - p));
    *n = (size_t)((eol ? eol : end) - p);
    return p;
}
