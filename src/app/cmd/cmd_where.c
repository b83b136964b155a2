/* Floor 7. where: tell where the conversion is stopped. */
#include "app/cmd.h"
#include "app/debug.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    (void)a;
    ox_status st = ox_debug_need(s, err);
    return st == OX_OK ? ox_debug_where(s, err) : st;
}

const ox_cmd ox_cmd_where = {
    .name = "where",
    .usage = "",
    .summary = "tell where the conversion is stopped",
    .help = "The node with its scope and source line, and the line of Lua.",
    .example = "where",
    .flags = OX_CMD_MODEL,
    .max_args = 0,
    .exec = exec,
};
