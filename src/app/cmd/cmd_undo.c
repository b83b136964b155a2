/* Floor 7. undo: takes back what the last line changed. */
#include "app/cmd.h"

#include <onnxsh/journal.h>

#include <string.h>

ox_status ox_undo_step(ox_session *s, bool redo, ox_error *err)
{
    const char *label = "";
    ox_status st = redo ? ox_journal_redo(s->model, &label, err) : ox_journal_undo(s->model, &label, err);
    if (st == OX_OK && s->path && s->interactive)
        st = ox_edit_log_append(&s->log, s->path, redo ? "redo" : "undo", err);
    if (st != OX_OK || s->g.quiet) return st;
    ox_out_f(&s->out, redo ? "done again: " : "undone: ");
    ox_out_name(&s->out, label, strlen(label));
    ox_out_f(&s->out, "\n");
    return OX_OK;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    int64_t n = 1;
    ox_status st = a->n ? ox_parse_int(a->pos[0], "undo", 1, 1000000, &n, err) : OX_OK;
    while (st == OX_OK && n--) st = ox_undo_step(s, false, err);
    return st;
}

const ox_cmd ox_cmd_undo = {
    .name = "undo",
    .usage = "[N]",
    .summary = "take back what the last line, or the last N, changed",
    .help = "",
    .example = "undo",
    .flags = OX_CMD_MODEL | OX_CMD_EDITS,
    .max_args = 1,
    .exec = exec,
};
