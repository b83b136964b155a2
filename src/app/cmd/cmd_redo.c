/* Floor 7. redo: does again what undo took back. */
#include "app/cmd.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    return ox_undo_steps(s, a, true, err);
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
