/* Floor 6. The functions that Lua sees, from one table: their names for the state, their usage and doc for help. */
#include "script/model.h"
#include "script/node.h"
#include "script/prompt.h"
#include "script/symbolic.h"
#include "script/tensor.h"
#include "script/value.h"

static const ox__lua_row rows[] = {
#define OX_LUA(owner, separator, name, fn, usage, doc) {owner, name, fn},
#include "script/api.def"
#undef OX_LUA
};

static const ox_script_doc docs[] = {
#define OX_LUA(owner, separator, name, fn, usage, doc) {owner separator name, usage, doc},
#include "script/api.def"
#undef OX_LUA
#include "lua_docs.inc" /* made at build time from the `---` comments of lua/onnxsh */
};

void ox__lua_set_functions(lua_State *L, const char *owner)
{
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        if (strcmp(rows[i].owner, owner) != 0) continue;
        lua_pushcfunction(L, rows[i].fn);
        lua_setfield(L, -2, rows[i].name);
    }
}

size_t ox_script_docs(const ox_script_doc **out)
{
    *out = docs;
    return OX__COUNT(docs);
}
