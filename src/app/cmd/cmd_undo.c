/* Floor 7. undo: takes back what the last line changed. */
#include "app/cmd.h"

#include <onnxsh/journal.h>

#include <string.h>

static ox_status step(ox_session *s, bool redo, ox_json *j, ox_error *err)
{
    const char *label = "";
    ox_status st = redo ? ox_journal_redo(s->model, &label, err) : ox_journal_undo(s->model, &label, err);
    if (st == OX_OK && j) ox_json_strz(j, NULL, label);
    if (st != OX_OK || j || s->g.quiet) return st;
    ox_out_f(&s->out, redo ? "done again: " : "undone: ");
    ox_out_name(&s->out, label, strlen(label));
    ox_out_f(&s->out, "\n");
    return OX_OK;
}

ox_status ox_undo_steps(ox_session *s, const ox_args *a, bool redo, ox_error *err)
{
    int64_t n = 1;
    ox_json j;
    ox_status st = a->n ? ox_parse_int(a->pos[0], redo ? "redo" : "undo", 1, 1000000, &n, err) : OX_OK;
    if (st != OX_OK) return st;
    size_t have = redo ? ox_journal_n_redo(s->model) : ox_journal_n_undo(s->model);
    if ((uint64_t)n > have) { /* all of them or none */
        const char *verb = redo ? "redo" : "undo";
        return have ? ox_error_set(err, OX_E_INVALID, "there are only %zu changes to %s", have, verb)
                    : ox_error_set(err, OX_E_INVALID, "there is nothing to %s", verb);
    }
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        ox_json_open(&j, redo ? "redone" : "undone", '[');
    }
    while (st == OX_OK && n--) st = step(s, redo, s->g.json ? &j : NULL, err);
    ox_journal_log(s);
    if (s->g.json) {
        ox_json_close(&j, ']');
        ox_json_close(&j, '}');
        ox_json_end(&j);
    }
    return st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    return ox_undo_steps(s, a, false, err);
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
