/* Floor 6. The Lua side: files embedded in the library, or those of a directory that overrides them. A family of
 * symbolic functions is loaded when one of its names is dispatched first: an index made at build time says which. */
#include "script/state.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const ox__lua_file *find_file(const char *name)
{
    for (size_t i = 0; i < ox__lua_n_files; i++)
        if (strcmp(ox__lua_files[i].name, name) == 0) return &ox__lua_files[i];
    return NULL;
}

const ox__lua_file *ox__lua_embedded(const ox_script *s, const char *name)
{
    static const char prefix[] = "onnxsh/";
    if (s->lua_dir || strncmp(name, prefix, sizeof prefix - 1) != 0) return NULL;
    return find_file(name + sizeof prefix - 1);
}

void ox__lua_load_file(lua_State *L, const char *name)
{
    const ox_script *s = ox__lua_script(L);
    int r;
    if (s->lua_dir) {
        r = luaL_loadfilex(L, lua_pushfstring(L, "%s/%s", s->lua_dir, name), "t");
    } else {
        const ox__lua_file *f = find_file(name);
        if (!f) luaL_error(L, "there is no %s in the library", name);
        r = luaL_loadbufferx(L, f->text, f->n, lua_pushfstring(L, "=onnxsh/%s", name), "t");
    }
    if (r != LUA_OK) lua_error(L);
    lua_remove(L, -2);
}

/* ---- families ---- */

static int compare_name(const void *key, const void *row)
{
    return strcmp(key, ((const ox__lua_index_row *)row)->name);
}

/* The file of a name's family, or -1. The overload does not matter, nor the `_` of an in-place form. */
static int family_of(const char *name)
{
    char base[128];
    const char *colon = strstr(name, "::"), *dot = colon ? strchr(colon, '.') : NULL;
    int n = snprintf(base, sizeof base, "%.*s", dot ? (int)(dot - name) : (int)sizeof base, name);
    if (n <= 0 || (size_t)n >= sizeof base) return -1;
    for (int pass = 0; pass < 2; pass++) {
        const ox__lua_index_row *row = bsearch(base, ox__lua_index, ox__lua_n_index, sizeof *row, compare_name);
        if (row) return row->family;
        if (base[n - 1] != '_') break;
        base[n - 1] = 0;
    }
    return -1;
}

typedef struct load {
    ox_script *s;
    const char *name; /* of the file */
} load;

static int load_protected(lua_State *L)
{
    const load *l = lua_touserdata(L, 1);
    ox__lua_load_file(L, l->name);
    lua_call(L, 0, 0);
    return 0;
}

static ox_status load_family(ox_script *s, const char *file, ox_error *err)
{
    load l = {s, file};
    bool was = s->loading;
    s->loading = true;
    ox_status st = ox__lua_protect(s, load_protected, &l, err);
    s->loading = was;
    if (st != OX_OK) ox_error_context(err, "built-in functions of %s", file);
    return st;
}

/* The families of a directory that the embedded index does not know: loaded once, when a name is in none of the others.
 */
static ox_status load_unknown(ox_script *s, ox_error *err)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/symbolic", s->lua_dir) >= sizeof path) return OX_OK;
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort);
    ox_status st = OX_OK;
    for (int i = 0; i < n; i++) {
        size_t len = strlen(names[i]->d_name);
        if (st == OX_OK && len > 4 && strcmp(names[i]->d_name + len - 4, ".lua") == 0) {
            char file[300];
            snprintf(file, sizeof file, "symbolic/%s", names[i]->d_name);
            if (!find_file(file)) st = load_family(s, file, err);
        }
        free(names[i]);
    }
    free(names);
    return st;
}

ox_status ox__lua_load_family(void *ud, const char *name, ox_error *err)
{
    ox_script *s = ud;
    int family = family_of(name);
    if (family >= 0) {
        if (s->loaded[family]) return OX_OK;
        s->loaded[family] = 1;
        ox_status st = load_family(s, ox__lua_files[family].name, err);
        if (st == OX_E_NOMEM || st == OX_E_INTERRUPTED) s->loaded[family] = 0;
        return st;
    }
    if (!s->lua_dir || s->loaded[ox__lua_n_files]) return OX_OK;
    s->loaded[ox__lua_n_files] = 1;
    return load_unknown(s, err);
}

ox_status ox_script_load_all(ox_script *s, ox_error *err)
{
    ox_status st = OX_OK;
    for (size_t i = 0; st == OX_OK && i < ox__lua_n_index; i++) st = ox__lua_load_family(s, ox__lua_index[i].name, err);
    return st == OX_OK ? ox__lua_load_family(s, "", err) : st;
}
