/* Floor 6. Errors across the Lua border, interrupts, and the control functions that may not swallow them. See state.h.
 *
 * An interrupt sets a flag and a hook on the thread that runs. lua_sethook may be called from a signal handler; which
 * thread runs is kept in script->running, which coroutine.resume and coroutine.wrap (defined here for that) switch. */
#include "script/state.h"

#include <stdio.h>

static const char raised_key = 0; /* its address names the last raised message in the registry */

void ox__lua_raise_host(lua_State *L, const ox_error *err)
{
    ox_script *s = ox__lua_script(L);
    s->raised = *err;
    luaL_where(L, 1);
    lua_pushstring(L, err->msg);
    lua_concat(L, 2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &raised_key);
    lua_error(L);
    for (;;) {} /* lua_error does not return */
}

void ox__lua_raise(lua_State *L, const ox_error *err)
{
    ox_error e = *err;
    if (e.code != OX_E_NOMEM && e.code != OX_E_INTERRUPTED) e.code = OX_E_SCRIPT;
    ox__lua_raise_host(L, &e);
}

void ox__lua_fail(lua_State *L, const char *hint, const char *fmt, ...)
{
    ox_error err;
    ox_error_clear(&err);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err.msg, sizeof err.msg, fmt, ap);
    va_end(ap);
    err.code = OX_E_SCRIPT;
    if (hint) ox_error_hint(&err, "%s", hint);
    ox__lua_raise(L, &err);
}

bool ox__lua_must_unwind(const ox_script *s)
{
    return s->stopping || (s->frame && s->frame->refused);
}

/* ---- from a Lua error to an ox_error ---- */

/* Takes "place: " off the front of msg if it is the place of the frame ar. */
static bool strip_place(const char **msg, const lua_Debug *ar)
{
    char place[LUA_IDSIZE + 32];
    int n = snprintf(place, sizeof place, "%s:%d: ", ar->short_src, ar->currentline);
    if (n <= 0 || strncmp(*msg, place, (size_t)n) != 0) return false;
    *msg += n;
    return true;
}

static bool is_helper(const lua_Debug *ar)
{
    return strcmp(ar->source, "=onnxsh/sym.lua") == 0;
}

void ox__lua_set_place(ox_error *err, const lua_Debug *ar, int line)
{
    const char *file = ar->source[0] == '@' || ar->source[0] == '=' ? ar->source + 1 : ar->short_src;
    ox_error_at_line(err, file, (uint32_t)OX__MAX(line, 0), 0);
}

/* The place of an error is the frame whose line the message begins with, or the innermost Lua function that is not one
 * of the sym helpers (whose caller is the one to be told). */
static void find_place(lua_State *L, const char **msg, ox_error *f)
{
    lua_Debug ar;
    bool found = false, stripped = false;
    for (int level = 0; level < 64 && lua_getstack(L, level, &ar) && !(found && stripped); level++) {
        if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0) continue;
        bool helper = is_helper(&ar);
        bool here = !stripped && strip_place(msg, &ar);
        if (here) stripped = true;
        if ((here && !helper) || (!found && !helper)) {
            ox__lua_set_place(f, &ar, ar.currentline);
            found = true;
        }
    }
    if (!found && lua_getstack(L, 1, &ar) && lua_getinfo(L, "Sl", &ar) && ar.currentline > 0)
        ox__lua_set_place(f, &ar, ar.currentline);
}

/* A message of the compiler: "place:12: ..." without a frame. */
static void place_of_syntax_error(const char **msg, ox_error *f)
{
    const char *colon = strchr(*msg, ':');
    for (; colon; colon = strchr(colon + 1, ':')) {
        uint32_t line = 0;
        const char *p = colon + 1;
        for (; *p >= '0' && *p <= '9' && line < 100000000; p++) line = line * 10 + (uint32_t)(*p - '0');
        if (p == colon + 1 || *p != ':') continue;
        char file[sizeof f->file];
        snprintf(file, sizeof file, "%.*s", (int)(colon - *msg), *msg);
        ox_error_at_line(f, file, line, 0);
        *msg = p[1] == ' ' ? p + 2 : p + 1;
        return;
    }
}

/* The message handler: makes s->fault of the error value at index 1. */
static int on_error(lua_State *L)
{
    ox_script *s = ox__lua_script(L);
    ox_error *f = &s->fault;
    ox_status code = OX_E_SCRIPT;
    const char *hint = "";
    lua_rawgetp(L, LUA_REGISTRYINDEX, &raised_key);
    if (lua_type(L, 1) == LUA_TSTRING && lua_rawequal(L, 1, -1)) {
        code = s->raised.code;
        hint = s->raised.hint;
    }
    lua_pop(L, 1);
    const char *msg = luaL_tolstring(L, 1, NULL);
    ox_error_clear(f);
    find_place(L, &msg, f);
    if (!f->file[0]) place_of_syntax_error(&msg, f);
    f->code = code;
    snprintf(f->msg, sizeof f->msg, "%s", msg);
    snprintf(f->hint, sizeof f->hint, "%s", hint);
    lua_settop(L, 1);
    return 1;
}

static ox_status status_of(ox_script *s, int r, ox_error *err)
{
    if (r == LUA_OK) return OX_OK;
    if (s->stopping) {
        ox_error_set(err, OX_E_INTERRUPTED, "interrupted");
        if (err) ox_error_at_line(err, s->fault.file, s->fault.line, 0);
        return OX_E_INTERRUPTED;
    }
    if (r == LUA_ERRMEM) return ox__nomem(err);
    if (r == LUA_ERRERR && !s->fault.code) return ox__fail(err, OX_E_SCRIPT, "error while handling an error");
    if (err) *err = s->fault;
    return s->fault.code;
}

ox_status ox__lua_protect(ox_script *s, lua_CFunction fn, void *ctx, ox_error *err)
{
    lua_State *outer = s->running, *L = outer ? outer : s->L;
    if (s->depth >= OX__LUA_MAX_DEPTH) return ox__fail(err, OX_E_LIMIT, "Lua and commands call each other too deeply");
    if (!lua_checkstack(L, 8)) return ox__nomem(err);
    if (!outer) {
        s->interrupted = 0;
        s->stopping = false;
    }
    s->fault.code = OX_OK;
    s->depth++;
    lua_pushcfunction(L, on_error);
    int base = lua_gettop(L);
    lua_pushcfunction(L, fn);
    lua_pushlightuserdata(L, ctx);
    s->running = L;
    int r = lua_pcall(L, 1, 0, base);
    ox_status st = status_of(s, r, err);
    lua_settop(L, base - 1);
    s->running = outer;
    s->depth--;
    if (!outer && (s->interrupted || s->stopping)) {
        lua_sethook(L, NULL, 0, 0);
        s->interrupted = 0;
        s->stopping = false;
    }
    return st;
}

/* ---- interrupts ---- */

/* Raises, and fires again a little later: a finalizer swallows errors. The call mask goes, or the message handler would
 * be hit. A hook left on a coroutine from an interrupt that is over takes itself away. */
static void on_interrupt(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    ox_script *s = ox__lua_script(L);
    if (!s->interrupted && !s->stopping) {
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    lua_sethook(L, on_interrupt, LUA_MASKCOUNT, 1000);
    s->stopping = true;
    luaL_error(L, "interrupted");
}

void ox_script_interrupt(ox_script *s)
{
    s->interrupted = 1;
    lua_State *L = s->running;
    if (L) lua_sethook(L, on_interrupt, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* After a switch of threads: an interrupt that fell between the signal's look at `running` and the switch. */
static void recheck_interrupt(ox_script *s)
{
    if (s->interrupted) ox_script_interrupt(s);
}

/* ---- pcall, xpcall, resume, wrap ---- */

static int finish_pcall(lua_State *L, int status, lua_KContext extra)
{
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)extra;
    if (ox__lua_must_unwind(ox__lua_script(L))) return lua_error(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

static int l_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return finish_pcall(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall), 0);
}

static int l_xpcall(lua_State *L)
{
    int n = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* f, handler, true, f, arguments */
    return finish_pcall(L, lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, finish_pcall), 2);
}

/* Resumes co with the n values on top of L. Returns the number of results, or -1 with the error on top. */
static int resume(lua_State *L, lua_State *co, int n)
{
    ox_script *s = ox__lua_script(L);
    if (!lua_checkstack(co, n)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, n);
    int n_results = 0;
    s->running = co;
    recheck_interrupt(s);
    int r = lua_resume(co, L, n, &n_results);
    s->running = L;
    recheck_interrupt(s);
    if (r != LUA_OK && r != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, n_results + 1)) {
        lua_pop(co, n_results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, n_results);
    return n_results;
}

static int l_resume(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    int n = resume(L, co, lua_gettop(L) - 1);
    if (n < 0 && ox__lua_must_unwind(ox__lua_script(L))) return lua_error(L);
    lua_pushboolean(L, n >= 0);
    int n_values = n < 0 ? 1 : n;
    lua_insert(L, -(n_values + 1));
    return n_values + 1;
}

static int l_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int n = resume(L, co, lua_gettop(L));
    if (n >= 0) return n;
    if (!ox__lua_must_unwind(ox__lua_script(L))) {
        lua_resetthread(co);
        if (lua_type(L, -1) == LUA_TSTRING) {
            luaL_where(L, 1);
            lua_insert(L, -2);
            lua_concat(L, 2);
        }
    }
    return lua_error(L);
}

static int l_wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, l_wrapped, 1);
    return 1;
}

void ox__lua_open_control(lua_State *L)
{
    lua_register(L, "pcall", l_pcall);
    lua_register(L, "xpcall", l_xpcall);
    lua_getglobal(L, "coroutine");
    lua_pushcfunction(L, l_resume);
    lua_setfield(L, -2, "resume");
    lua_pushcfunction(L, l_wrap);
    lua_setfield(L, -2, "wrap");
    lua_pop(L, 1);
}
