/* Floor 6. Lua at the prompt: a chunk is tried as an expression first and its values are printed; commands defined in
 * Lua; help. All output goes through the host. What needs no C (how a value is shown, how help reads) is in lua/onnxsh.
 */
#include "script/prompt.h"

#include "script/source.h"

#include <onnxsh/text.h>

static void host_print(lua_State *L, const char *text, size_t n)
{
    ox_script *s = ox__lua_script(L);
    ox_error err;
    ox_error_clear(&err);
    if (s->frame && ox_call_is_trial(s->frame->call)) return;
    if (s->host.print && s->host.print(s->host.ud, text, n, &err) != OX_OK) ox__lua_raise_host(L, &err);
}

/* Prints the string at the top of the stack. */
static void print_top(lua_State *L)
{
    size_t n = 0;
    const char *text = lua_tolstring(L, -1, &n);
    host_print(L, text, n);
}

int ox__lua_print(lua_State *L)
{
    int n = lua_gettop(L);
    luaL_Buffer b;
    ox__lua_looks(L);
    luaL_buffinit(L, &b);
    for (int i = 1; i <= n; i++) {
        if (i > 1) luaL_addchar(&b, '\t');
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&b);
    }
    luaL_addchar(&b, '\n');
    luaL_pushresult(&b);
    print_top(L);
    return 0;
}

/* ---- the Lua side ---- */

static int sanitize(lua_State *L)
{
    size_t n = 0;
    const char *s = luaL_checklstring(L, 1, &n);
    size_t need = ox_text_sanitize(s, n, NULL, 0) + 1;
    char *p = lua_newuserdatauv(L, need, 0);
    ox_text_sanitize(s, n, p, need);
    lua_pushstring(L, p);
    return 1;
}

/* The documented functions as {name =, usage =, doc =}. */
static int docs(lua_State *L)
{
    const ox_script_doc *rows = NULL;
    size_t n = ox_script_docs(&rows);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, rows[i].name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, rows[i].usage);
        lua_setfield(L, -2, "usage");
        lua_pushstring(L, rows[i].doc);
        lua_setfield(L, -2, "doc");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int source(lua_State *L);

/* Pushes a function of prompt.lua, which is loaded on first use: a table kept in the registry. */
static void push_prompt_function(lua_State *L, const char *name)
{
    static const char key = 0;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TTABLE) {
        lua_pop(L, 1);
        ox__lua_load_file(L, "prompt.lua");
        lua_createtable(L, 0, 3);
        lua_pushcfunction(L, sanitize);
        lua_setfield(L, -2, "sanitize");
        lua_pushcfunction(L, docs);
        lua_setfield(L, -2, "docs");
        lua_pushcfunction(L, source);
        lua_setfield(L, -2, "source");
        lua_call(L, 1, 1);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
    }
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

void ox__lua_push_shown(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    push_prompt_function(L, "shown");
    lua_pushvalue(L, idx);
    lua_call(L, 1, 1);
}

int ox__lua_help(lua_State *L)
{
    lua_settop(L, 1);
    ox__lua_looks(L);
    push_prompt_function(L, "help");
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) == LUA_TSTRING) print_top(L);
    return 0;
}

/* ---- chunks ---- */

static bool lacks_end(lua_State *L)
{
    static const char mark[] = "<eof>";
    size_t n = 0;
    const char *msg = lua_tolstring(L, -1, &n);
    return msg && n >= sizeof mark - 1 && memcmp(msg + n - (sizeof mark - 1), mark, sizeof mark - 1) == 0;
}

/* Compiles the chunk as an expression, else as statements; raises if it is neither. */
static void compile(lua_State *L, ox__lua_chunk *c)
{
    const char *name = lua_pushfstring(L, c->name[0] == '=' || c->name[0] == '@' ? "%s" : "=%s", c->name);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, "return ");
    luaL_addlstring(&b, c->text, c->n);
    luaL_pushresult(&b);
    size_t n = 0;
    const char *expr = lua_tolstring(L, -1, &n);
    if (luaL_loadbufferx(L, expr, n, name, "t") == LUA_OK) return;
    lua_pop(L, 1);
    if (luaL_loadbufferx(L, c->text, c->n, name, "t") == LUA_OK) return;
    c->incomplete = lacks_end(L);
    lua_error(L);
}

int ox__lua_run_chunk(lua_State *L)
{
    ox__lua_chunk *c = lua_touserdata(L, 1);
    compile(L, c);
    int base = lua_gettop(L) - 1;
    lua_call(L, 0, LUA_MULTRET);
    int n = lua_gettop(L) - base;
    if (n == 0) return 0;
    luaL_checkstack(L, n + 4, "too many values to print");
    push_prompt_function(L, "echo");
    lua_insert(L, base + 1);
    lua_call(L, n, 1);
    if (lua_type(L, -1) == LUA_TSTRING) print_top(L);
    return 0;
}

/* ---- commands ---- */

/* command("line") runs a command of the prompt; command{name=, usage=, help=, run=} adds one. */
static void define_command(lua_State *L)
{
    ox_script *s = ox__lua_script(L);
    ox_error err;
    static const char *const fields[] = {"name", "usage", "help"};
    const char *text[3];
    lua_settop(L, 1);
    for (int i = 0; i < 3; i++) {
        if (lua_getfield(L, 1, fields[i]) != LUA_TSTRING || !*lua_tostring(L, -1))
            ox__lua_fail(L, "command{name = \"x\", usage = \"x [FILE]\", help = \"...\", run = function(...) end}",
                         "a command needs a text '%s'", fields[i]);
        text[i] = lua_tostring(L, -1);
    }
    if (lua_getfield(L, 1, "run") != LUA_TFUNCTION) ox__lua_fail(L, NULL, "a command needs a function 'run'");
    if (!s->host.define) ox__lua_fail(L, NULL, "there is no prompt to add commands to");
    int id = luaL_ref(L, LUA_REGISTRYINDEX);
    ox_error_clear(&err);
    if (s->host.define(s->host.ud, text[0], text[1], text[2], id, &err) == OX_OK) return;
    luaL_unref(L, LUA_REGISTRYINDEX, id);
    ox__lua_raise(L, &err);
}

int ox__lua_command(lua_State *L)
{
    ox_script *s = ox__lua_script(L);
    ox_error err;
    ox__lua_looks(L);
    if (lua_type(L, 1) == LUA_TTABLE) {
        define_command(L);
        return 0;
    }
    const char *line = luaL_checkstring(L, 1);
    if (s->frame) ox__lua_fail(L, NULL, "commands cannot run inside a symbolic function");
    if (!s->host.command) ox__lua_fail(L, NULL, "there is no prompt to run commands");
    ox_error_clear(&err);
    ox_status st = s->host.command(s->host.ud, line, &err);
    ox__lua_retake_mark(s);
    if (st == OX_OK) return 0;
    if (st == OX_E_INTERRUPTED) s->stopping = true;
    ox__lua_raise_host(L, &err);
}

int ox__lua_run_command(lua_State *L)
{
    const ox__lua_words *w = lua_touserdata(L, 1);
    if (w->n > 200) return luaL_error(L, "too many words");
    luaL_checkstack(L, (int)w->n + 4, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, w->run_id);
    for (size_t i = 0; i < w->n; i++) lua_pushstring(L, w->words[i]);
    lua_call(L, (int)w->n, 0);
    return 0;
}

/* source(name) -> text, place; nil if there is none. */
static int source(lua_State *L)
{
    ox__lua_served q = {.name = luaL_checkstring(L, 1), .opset = luaL_optinteger(L, 2, 0)};
    ox_error err;
    if (ox__lua_find_served(ox__lua_script(L), &q, &err) != OX_OK) return 0;
    ox__lua_push_source(L, q.best);
    return 2;
}
