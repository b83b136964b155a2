/* Floor 7. locals: list the variables in sight at a stop. */
#include "app/cmd.h"
#include "app/debug.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    (void)a;
    ox_status st = ox_debug_need(s, err);
    return st == OX_OK ? ox_debug_locals(s, err) : st;
}

const ox_cmd ox_cmd_locals = {
    .name = "locals",
    .usage = "",
    .summary = "list the variables in sight at a stop",
    .help = "Before a function they are the arguments of the call.",
    .example = "locals",
    .flags = OX_CMD_MODEL,
    .max_args = 0,
    .exec = exec,
};
