/* Floor 7. quit. */
#include "app/cmd.h"

#include <onnxsh/journal.h>

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    bool force = ox_args_get(a, "--force") != NULL;
    if (s->interactive && s->model && ox_model_is_modified(s->model) && !force) {
        ox_error_set(err, OX_E_INVALID, "the model has unsaved edits");
        ox_error_hint(err, "`save FILE` keeps them, `quit --force` drops them");
        return OX_E_INVALID;
    }
    s->quit = true;
    if (s->g.json) ox_json_said(&s->out, NULL, NULL, 0);
    return OX_OK;
}

static const ox_opt opts[] = {
    {"--force", NULL, "also with unsaved edits", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_quit = {
    .name = "quit",
    .usage = "[--force]",
    .summary = "leave (Ctrl-D too)",
    .help = "",
    .example = "quit",
    .opts = opts,
    .exec = exec,
};
