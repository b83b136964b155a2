/* Floor 7. The user's Lua files: loaded, and loaded again when they were changed on disk. */
#include "app/debug.h"

#include <stdlib.h>
#include <string.h>

static bool has_changed(const ox_lua_file *f)
{
    ox_stamp now;
    return ox_stamp_of(f->path, &now) && !ox_stamp_same(&now, &f->stamp);
}

static ox_lua_file *known(ox_session *s, const char *path)
{
    for (size_t i = 0; i < s->n_lua_files; i++)
        if (strcmp(s->lua_files[i].path, path) == 0) return &s->lua_files[i];
    return NULL;
}

static ox_lua_file *remember(ox_session *s, const char *path)
{
    ox_lua_file *p = realloc(s->lua_files, (s->n_lua_files + 1) * sizeof *p);
    if (!p) return NULL;
    s->lua_files = p;
    char *copy = strdup(path);
    if (!copy) return NULL;
    p[s->n_lua_files] = (ox_lua_file){.path = copy};
    return &p[s->n_lua_files++];
}

ox_status ox_session_lua_file(ox_session *s, const char *path, ox_error *err)
{
    ox_lua_file *f = known(s, path);
    if (!f) f = remember(s, path);
    if (!f) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    if (s->debug) { /* which is in the functions that would be replaced */
        f->stamp.size = -1;
        return ox_debug_waits(s, "Lua", err);
    }
    ox_stamp_of(f->path, &f->stamp); /* before it is read: what is written meanwhile is a change */
    return ox_script_file(s->script, path, err);
}

ox_status ox_session_reload(ox_session *s, bool all, size_t *n, ox_error *err)
{
    ox_status st = OX_OK;
    *n = 0;
    for (size_t i = 0; st == OX_OK && s->script && i < s->n_lua_files; i++) {
        if (!all && !has_changed(&s->lua_files[i])) continue;
        st = ox_session_lua_file(s, s->lua_files[i].path, err); /* which may load others: the list may move */
        *n += st == OX_OK;
    }
    return st;
}

void ox_session_reload_changed(ox_session *s)
{
    ox_error err;
    size_t n;
    ox_error_clear(&err);
    if (s->unwatched || s->debug) return; /* a conversion that is stopped goes on as it began */
    ox_status st = ox_session_reload(s, false, &n, &err);
    if (n && !s->g.quiet) fprintf(stderr, "onnxsh: %zu Lua file%s loaded again\n", n, n == 1 ? "" : "s");
    if (st != OX_OK) ox_session_report(s, &err);
}
