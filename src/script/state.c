/* Floor 6. Making and freeing the Lua state, its globals, and the parts of the public interface that run things. */
#include "script/state.h"

#include "script/symbolic.h"
#include "script/prompt.h"
#include "script/tensor.h"

#include <lualib.h>

/* Lua's memory comes from the same place as ours, so that a test can fail it. Shrinking never fails: Lua relies on it.
 */
static void *allocate(void *ud, void *p, size_t old, size_t n)
{
    (void)ud;
    if (n == 0) {
        ox__free(p);
        return NULL;
    }
    void *q = ox__realloc(p, n);
    return !q && p && n <= old ? p : q;
}

/* `model`, `graph` and the parts that are loaded when first named. */
static int global_index(lua_State *L)
{
    ox_script *s = ox__lua_script(L);
    size_t n = 0;
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &n) : "";
    bool is_model = strcmp(name, "model") == 0;
    if (is_model || strcmp(name, "graph") == 0) {
        const ox_model *m = s->frame ? s->frame->model : NULL;
        if (!m && s->host.model) m = s->host.model(s->host.ud);
        if (!m) return 0;
        if (is_model)
            ox__lua_push_model(L, m);
        else
            ox__lua_push_graph(L, m, ox_model_main(m));
        return 1;
    }
    if (strcmp(name, "sym") != 0) return 0;
    lua_newtable(L);
    ox__lua_set_functions(L, "sym");
    lua_pushvalue(L, -1);
    lua_setglobal(L, "sym");
    ox__lua_load_file(L, "sym.lua");
    lua_call(L, 0, 0);
    ox__lua_remember(L, -1);
    return 1;
}

/* The locale is the program's: a number must read the same everywhere. */
static int no_setlocale(lua_State *L)
{
    return luaL_error(L, "os.setlocale is not available: numbers always use a point");
}

static int open_state(lua_State *L)
{
    ox_script *s = ox__lua_script(L);
    luaL_openlibs(L);
    lua_getglobal(L, "os");
    lua_pushcfunction(L, no_setlocale);
    lua_setfield(L, -2, "setlocale");
    lua_pop(L, 1);
    ox__lua_open_control(L);
    ox__lua_open_handles(s, L);
    ox__lua_open_tensor(s, L);
    lua_pushglobaltable(L);
    ox__lua_set_functions(L, "");
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, global_index);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    ox__lua_remember_globals(L);
    return 0;
}

ox_status ox_script_create(ox_script **out, const ox_script_options *opt, ox_error *err)
{
    *out = NULL;
    ox_script *s = ox__calloc(1, sizeof *s);
    if (!s) return ox__nomem(err);
    ox_status st = OX_E_NOMEM;
    s->symbolics = opt->symbolics;
    s->host = opt->host;
    s->loaded = ox__calloc(ox__lua_n_files + 1, 1);
    if (opt->lua_dir) s->lua_dir = ox__strndup(opt->lua_dir, strlen(opt->lua_dir));
    if (s->loaded && (s->lua_dir || !opt->lua_dir)) s->L = lua_newstate(allocate, NULL);
    if (!s->L) {
        ox__nomem(err);
        goto out;
    }
    *(ox_script **)lua_getextraspace(s->L) = s;
    if ((st = ox__lua_protect(s, open_state, NULL, err)) != OX_OK) goto out;
    if (s->symbolics) {
        ox_symbolics_set_loader(s->symbolics, ox__lua_load_family, s);
        ox_symbolics_set_guard(s->symbolics, ox__lua_is_pristine, s);
    }
    *out = s;
    s = NULL;
out:
    ox_script_free(s);
    return st;
}

void ox_script_free(ox_script *s)
{
    if (!s) return;
    if (s->symbolics) {
        ox_symbolics_set_loader(s->symbolics, NULL, NULL);
        ox_symbolics_set_guard(s->symbolics, NULL, NULL);
    }
    for (ox__lua_fn *f = s->fns; f; f = f->next) f->script = NULL;
    if (s->L) {
        s->running = s->L;
        lua_close(s->L);
    }
    ox_inference_free(s->inference);
    ox_typing_free(s->typing);
    ox__free(s->loaded);
    ox__free(s->lua_dir);
    ox__free(s);
}

/* ---- running ---- */

/* Runs fn; if it fails, what it changed in the host's model is rolled back. A command run by the script commits, and
 * then only what came after it can go (ox__lua_retake_mark). */
static ox_status run_edit(ox_script *s, lua_CFunction fn, void *ctx, ox_error *err)
{
    ox_mark saved = s->mark;
    uint64_t saved_serial = s->mark_serial;
    ox__lua_retake_mark(s);
    ox_status st = ox__lua_protect(s, fn, ctx, err);
    if (st != OX_OK && s->mark_serial) {
        ox_model *m = s->host.model ? s->host.model(s->host.ud) : NULL;
        if (m && ox_model_serial(m) == s->mark_serial) ox_journal_rollback(m, s->mark);
    }
    s->mark = saved;
    s->mark_serial = saved_serial;
    return st;
}

void ox__lua_retake_mark(ox_script *s)
{
    const ox_model *m = s->host.model ? s->host.model(s->host.ud) : NULL;
    s->mark_serial = m ? ox_model_serial(m) : 0;
    if (m) s->mark = ox_journal_mark(m);
}

static int file_protected(lua_State *L)
{
    const char *path = lua_touserdata(L, 1);
    int r = luaL_loadfilex(L, path, "t");
    if (r == LUA_ERRFILE) {
        ox_error err;
        ox_error_set(&err, OX_E_IO, "%s", lua_tostring(L, -1));
        ox__lua_raise_host(L, &err);
    }
    if (r != LUA_OK) return lua_error(L);
    lua_call(L, 0, 0);
    return 0;
}

ox_status ox_script_file(ox_script *s, const char *path, ox_error *err)
{
    ox_status st = run_edit(s, file_protected, (void *)(uintptr_t)path, err);
    if (st != OX_OK && err && !err->file[0]) ox_error_at_line(err, path, 0, 0);
    return st;
}

ox_status ox_script_chunk(ox_script *s, const char *text, size_t n, const char *chunk_name, bool *incomplete,
                          ox_error *err)
{
    ox__lua_chunk c = {text, n, chunk_name ? chunk_name : "line", false};
    ox_status st = run_edit(s, ox__lua_run_chunk, &c, err);
    if (incomplete) *incomplete = c.incomplete && st != OX_OK;
    return st;
}

ox_status ox_script_run(ox_script *s, int run_id, size_t n_words, const char *const *words, ox_error *err)
{
    ox__lua_words w = {run_id, n_words, words};
    return run_edit(s, ox__lua_run_command, &w, err);
}
