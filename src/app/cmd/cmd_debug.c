/* Floor 7. debug: begins a conversion that stops at breakpoints. */
#include "app/cmd.h"
#include "app/debug.h"

#include <string.h>

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    int64_t opset;
    const char *what = a->n ? a->pos[0] : "export";
    if (strcmp(what, "stop") == 0) {
        ox_status st = ox_debug_need(s, err);
        if (st == OX_OK) ox_debug_end(s);
        return st;
    }
    if (strcmp(what, "export") != 0) {
        ox_error_set(err, OX_E_INVALID, "debug: '%s' is neither export nor stop", what);
        return OX_E_INVALID;
    }
    ox_status st = ox_target_opset(s, ox_args_get(a, "--opset"), &opset, err);
    return st == OX_OK ? ox_debug_start(s, opset, err) : st;
}

static const ox_opt opts[] = {
    {"--opset", "N", "the ONNX opset to aim at", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_debug = {
    .name = "debug",
    .usage = "[--opset N] [export | stop]",
    .summary = "step through an export, into the Lua of symbolic functions",
    .help =
        "The conversion stops at the first breakpoint (`break`), or before the first call if there are none. While it "
        "is\n"
        "stopped `step`, `next` and `continue` go on; `where`, `list`, `locals`, `print EXPRESSION` and `emit` tell "
        "where\n"
        "it stands; all that only looks works too, edits and other Lua wait until it ended. Nothing is written: its\n"
        "result and its failures are those of `export --dry-run`. `debug stop` ends it. An empty line at the prompt "
        "does the\n"
        "last move again.",
    .example = "debug",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH,
    .opts = opts,
    .max_args = 1,
    .exec = exec,
};
