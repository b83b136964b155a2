/* Floor 7. watch: the model's file is opened again when it changes. */
#include "app/cmd.h"

#include <string.h>

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    const char *word = a->n ? a->pos[0] : "";
    if (*word && strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
        return ox_error_set(err, OX_E_INVALID, "watch: on or off, not '%s'", word);
    if (strcmp(word, "on") == 0 && !s->journal.real)
        return ox_error_set(err, OX_E_INVALID, "watch: the model has no file of its own");
    if (*word) s->watch = (ox_watch){.on = word[1] == 'n'};
    if (s->g.json)
        ox_json_said(&s->out, "watch", s->watch.on ? "on" : "off", s->watch.on ? 2 : 3);
    else if (!*word)
        ox_out_f(&s->out, "%s\n", s->watch.on ? "on" : "off");
    return OX_OK;
}

const ox_cmd ox_cmd_watch = {
    .name = "watch",
    .usage = "[on|off]",
    .summary = "open the model's file again whenever it changes on disk",
    .help =
        "At the prompt that happens before the next line runs, in the full screen by itself. The place is kept: "
        "breakpoints,\n"
        "settings, the filter, what is folded, marks and the cursor, which are found again by the names of nodes and "
        "of what\n"
        "they make, else by operator and scope. Unsaved edits are never dropped: then a message says that the file has "
        "changed.\n"
        "A file that is being written is waited for, and one that cannot be read is tried again; the model that is "
        "open stays\n"
        "until then. `set watch` is about Lua files.",
    .example = "watch",
    .flags = OX_CMD_MODEL,
    .max_args = 1,
    .exec = exec,
};
