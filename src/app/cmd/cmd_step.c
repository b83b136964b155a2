/* Floor 7. step: run to the next line of Lua, into functions that are called. */
#include "app/cmd.h"
#include "app/debug.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    (void)a;
    ox_status st = ox_debug_need(s, err);
    return st == OX_OK ? ox_debug_move_on(s, OX_DEBUG_STEP, err) : st;
}

const ox_cmd ox_cmd_step = {
    .name = "step",
    .usage = "",
    .summary = "run to the next line of Lua, into functions that are called",
    .help = "While a conversion is stopped by `debug`. Before a function it goes to its first line.",
    .example = "step",
    .flags = OX_CMD_MODEL,
    .max_args = 0,
    .exec = exec,
};
