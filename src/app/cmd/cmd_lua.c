/* Floor 7. lua: runs Lua code or a file, for the one-shot form and for scripts. */
#include "app/cmd.h"

#include <stdlib.h>
#include <string.h>

static ox_status run(ox_session *s, const ox_args *a, ox_error *err)
{
    const char *file = ox_args_get(a, "--file");
    ox_status st = ox_session_script(s, err);
    if (st == OX_OK && file) st = ox_session_lua_file(s, file, err);
    if (st != OX_OK || !a->n) {
        if (st == OX_OK && !file) {
            ox_error_set(err, OX_E_INVALID, "lua: there is no code");
            ox_error_hint(err, "usage: lua %s", ox_cmd_lua.usage);
            return OX_E_INVALID;
        }
        return st;
    }
    return ox_script_chunk(s->script, a->pos[0], strlen(a->pos[0]), "=lua", NULL, err);
}

/* With --json what Lua prints is one text of one document; in a command that Lua runs the document is part of it. */
static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    size_t n;
    if (!s->g.json || s->out.outer) return run(s, a, err);
    if (!ox_out_catch(&s->out)) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    ox_status st = run(s, a, err);
    char *text = ox_out_caught(&s->out, &n);
    if (st == OX_OK && !text) st = ox_error_set(err, OX_E_NOMEM, "out of memory");
    if (st == OX_OK) ox_json_said(&s->out, "output", text, n);
    free(text);
    return st;
}

static const ox_opt opts[] = {
    {"--file", "FILE.lua", "run a file first", OX_HINT_FILE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_lua = {
    .name = "lua",
    .usage = "[--file FILE.lua] [CODE]",
    .summary = "run Lua code; the values of an expression are printed",
    .help = "At the prompt Lua can be typed as it is. `help lua` lists the functions; `help g:op` explains one.",
    .example = "lua 1 + 1",
    .flags = OX_CMD_EDITS | OX_CMD_RAW | OX_CMD_PAGE,
    .opts = opts,
    .max_args = 1,
    .exec = exec,
};
