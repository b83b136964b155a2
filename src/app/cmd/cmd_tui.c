/* Floor 7. tui: the full screen. */
#include "app/cmd.h"
#include "app/tui.h"

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    return ox_tui_run(s, a->n ? a->pos[0] : NULL, a->n > 1 ? a->pos[1] : NULL, err);
}

const ox_cmd ox_cmd_tui = {
    .name = "tui",
    .usage = "[FILE [OTHER]]",
    .summary = "the full screen: panes, keys, mouse",
    .help = "Shows what is open, or opens FILE while the screen is there already. `?` lists the keys, `:` runs any "
            "line of\n"
            "the prompt, `q` leaves. OTHER is a second model, to stand beside the first. It needs a terminal that can "
            "place\n"
            "the cursor; NO_COLOR is honoured.",
    .example = "tui FILE",
    .hint = OX_HINT_FILE,
    .max_args = 2,
    .exec = exec,
};
