/* Floor 7. continue: run to the next breakpoint, or to the end. */
#include "app/cmd.h"
#include "app/debug.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    (void)a;
    ox_status st = ox_debug_need(s, err);
    return st == OX_OK ? ox_debug_move_on(s, OX_DEBUG_CONTINUE, err) : st;
}

const ox_cmd ox_cmd_continue = {
    .name = "continue",
    .usage = "",
    .summary = "run to the next breakpoint, or to the end",
    .help = "While a conversion is stopped by `debug`.",
    .example = "continue",
    .flags = OX_CMD_MODEL,
    .max_args = 0,
    .exec = exec,
};
