/* Floor 7. reload: Lua files that changed are loaded again. */
#include "app/cmd.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    size_t n = 0;
    ox_json j;
    bool fresh = !s->script;
    ox_status st = ox_session_script(s, err);
    if (st == OX_OK && !fresh) st = ox_session_reload(s, ox_args_get(a, "--all") != NULL, &n, err);
    if (st != OX_OK) return st;
    if (fresh) n = s->n_lua_files;
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        ox_json_int(&j, "loaded", (int64_t)n);
        ox_json_close(&j, '}');
        ox_json_end(&j);
    } else if (n) {
        ox_out_count(&s->out, n, "file", "files");
        ox_out_f(&s->out, " loaded\n");
    } else {
        ox_out_f(&s->out, "no Lua file changed\n");
    }
    return OX_OK;
}

static const ox_opt opts[] = {
    {"--all", NULL, "also those that did not change", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_reload = {
    .name = "reload",
    .usage = "[--all]",
    .summary = "load the Lua files again that changed since they were loaded",
    .help =
        "init.lua, the files of -l and those that `lua --file` or `symbolics --edit` loaded. A function that is "
        "defined\n"
        "again takes the place of the earlier one; one that its file has no longer stays until `symbolics --remove`.\n"
        "At the prompt this happens by itself before a line is run, unless `set watch off`.",
    .example = "reload",
    .flags = OX_CMD_EDITS,
    .opts = opts,
    .exec = exec,
};
