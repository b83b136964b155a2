/* Floor 7. emit: print the ONNX nodes that the call made so far. */
#include "app/cmd.h"
#include "app/debug.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    (void)a;
    ox_status st = ox_debug_need(s, err);
    return st == OX_OK ? ox_debug_emit(s, err) : st;
}

const ox_cmd ox_cmd_emit = {
    .name = "emit",
    .usage = "",
    .summary = "print the ONNX nodes that the call made so far",
    .help = "While a conversion is stopped by `debug`.",
    .example = "emit",
    .flags = OX_CMD_MODEL,
    .max_args = 0,
    .exec = exec,
};
