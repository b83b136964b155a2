/* Floor 6. Whether the library's own Lua is as it was loaded: what a built-in function did is only repeated then
 * (convert/recipe.h). Built-in functions read their arguments, the standard library and `sym`, and keep nothing between
 * calls; so the fields of the globals, of the tables among them and of `sym` are remembered as they were made, and
 * compared before each conversion. New globals change nothing. Not seen is what the debug library can do to a function
 * from inside, and what a user's symbolic function does to those tables while a conversion runs: that counts from the
 * next one on. */
#include "script/state.h"

static const char key = 0; /* in the registry: {table = {field = value}} */

/* Remembers the fields of the table at idx. */
static void remember(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
    lua_pushvalue(L, idx);
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, idx);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4); /* pops a copy of the key and the value, leaves the key */
    }
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

void ox__lua_remember(lua_State *L, int idx)
{
    luaL_checkstack(L, 8, NULL);
    remember(L, idx);
}

void ox__lua_remember_globals(lua_State *L)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
    lua_pushglobaltable(L);
    int globals = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, globals); lua_pop(L, 1))
        if (lua_type(L, -1) == LUA_TTABLE && !lua_rawequal(L, -1, globals)) remember(L, -1);
    remember(L, globals);
    lua_pop(L, 1);
}

/* The fields of the table at idx are those of the one at the top. */
static bool is_as_remembered(lua_State *L, int idx)
{
    int was = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, was); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_rawget(L, idx);
        bool same = lua_rawequal(L, -1, -2);
        lua_pop(L, 1);
        if (!same) return false;
    }
    return true;
}

static int compare(lua_State *L)
{
    bool *same = lua_touserdata(L, 1);
    luaL_checkstack(L, 12, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
    int all = lua_gettop(L);
    *same = true;
    for (lua_pushnil(L); *same && lua_next(L, all); lua_settop(L, all + 1)) *same = is_as_remembered(L, all + 1);
    /* `sym` is loaded when it is first named: until then it must not be there */
    lua_settop(L, all);
    lua_pushglobaltable(L);
    lua_pushliteral(L, "sym");
    if (lua_rawget(L, -2) == LUA_TNIL || !*same) return 0;
    lua_rawget(L, all);
    *same = lua_type(L, -1) == LUA_TTABLE;
    return 0;
}

bool ox__lua_is_pristine(void *script)
{
    bool same = false;
    ox_error err;
    ox_error_clear(&err);
    return ox__lua_protect(script, compare, &same, &err) == OX_OK && same;
}
