/* Floor 7. list: print the Lua around the place of the stop. */
#include "app/cmd.h"
#include "app/debug.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    (void)a;
    ox_status st = ox_debug_need(s, err);
    return st == OX_OK ? ox_debug_list(s, err) : st;
}

const ox_cmd ox_cmd_list = {
    .name = "list",
    .usage = "",
    .summary = "print the Lua around the place of the stop",
    .help = "While a conversion is stopped by `debug`.",
    .example = "list",
    .flags = OX_CMD_MODEL,
    .max_args = 0,
    .exec = exec,
};
