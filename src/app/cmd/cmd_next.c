/* Floor 7. next: run to the next line of this function, or to the next call. */
#include "app/cmd.h"
#include "app/debug.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    (void)a;
    ox_status st = ox_debug_need(s, err);
    return st == OX_OK ? ox_debug_move_on(s, OX_DEBUG_NEXT, err) : st;
}

const ox_cmd ox_cmd_next = {
    .name = "next",
    .usage = "",
    .summary = "run to the next line of this function, or to the next call",
    .help = "While a conversion is stopped by `debug`. Before a function, or at its end, it goes to the next call.",
    .example = "next",
    .flags = OX_CMD_MODEL,
    .max_args = 0,
    .exec = exec,
};
