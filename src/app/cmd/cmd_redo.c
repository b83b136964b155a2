/* Floor 7. redo: does again what undo took back. */
#include "app/cmd.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    int64_t n = 1;
    ox_status st = a->n ? ox_parse_int(a->pos[0], "redo", 1, 1000000, &n, err) : OX_OK;
    while (st == OX_OK && n--) st = ox_undo_step(s, true, err);
    return st;
}

const ox_cmd ox_cmd_redo = {
    .name = "redo",
    .usage = "[N]",
    .summary = "do again what undo took back",
    .help = "",
    .example = "redo",
    .flags = OX_CMD_MODEL | OX_CMD_EDITS,
    .max_args = 1,
    .exec = exec,
};
