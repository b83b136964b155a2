/* Floor 7. tui: the full screen. */
#include "app/cmd.h"
#include "app/tui.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    return ox_tui_run(s, a->n ? a->pos[0] : NULL, err);
}

const ox_cmd ox_cmd_tui = {
    .name = "tui",
    .usage = "[FILE]",
    .summary = "the full screen: panes, keys, mouse",
    .help = "Shows what is open, or opens FILE while the screen is there already. `?` lists the keys, `:` runs any "
            "line of\n"
            "the prompt, `q` leaves. It needs a terminal that can place the cursor; NO_COLOR is honoured.",
    .example = "tui FILE",
    .hint = OX_HINT_FILE,
    .max_args = 1,
    .exec = exec,
};
