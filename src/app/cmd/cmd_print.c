/* Floor 7. print: print a Lua expression that sees the variables at a stop. */
#include "app/cmd.h"
#include "app/debug.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_status st = ox_debug_need(s, err);
    return st == OX_OK ? ox_debug_print(s, a->pos[0], err) : st;
}

const ox_cmd ox_cmd_print = {
    .name = "print",
    .usage = "EXPRESSION",
    .summary = "print a Lua expression that sees the variables at a stop",
    .help = "rank(x), dtype(x), sizes(x) and dim(x, i) ask for the type of a value.",
    .example = "print self",
    .flags = OX_CMD_MODEL | OX_CMD_RAW,
    .min_args = 1,
    .max_args = 1,
    .exec = exec,
};
