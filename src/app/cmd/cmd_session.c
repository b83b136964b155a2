/* Floor 7. session: unsaved edits that were left, and files that hold what a session has made. */
#include "app/cmd.h"
#include "app/session_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *state_of(const ox_leftover *l)
{
    if (l->fit == OX_LEFT_FOREIGN) return "of another version";
    if (l->in_use) return "in use";
    if (!l->edits) return "saved elsewhere";
    if (l->fit == OX_LEFT_GONE) return "the model is gone";
    if (l->fit == OX_LEFT_CHANGED) return "the model has changed";
    return l->torn ? "torn at the end" : "can be recovered";
}

static void date_of(const ox_leftover *l, char *buf, size_t size)
{
    struct tm tm;
    *buf = '\0';
    if (localtime_r(&l->when, &tm)) strftime(buf, size, "%Y-%m-%d %H:%M", &tm);
}

static void list_json(ox_session *s, const ox_leftovers *all)
{
    ox_json j;
    char date[64];
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '[');
    for (size_t i = 0; i < all->n; i++) {
        const ox_leftover *l = &all->p[i];
        date_of(l, date, sizeof date);
        ox_json_open(&j, NULL, '{');
        ox_json_int(&j, "number", (int64_t)i + 1);
        ox_json_strz(&j, "model", l->model);
        ox_json_int(&j, "edits", (int64_t)l->edits);
        ox_json_strz(&j, "when", date);
        ox_json_strz(&j, "state", state_of(l));
        ox_json_strz(&j, "journal", l->path);
        ox_json_close(&j, '}');
    }
    ox_json_close(&j, ']');
    ox_json_end(&j);
}

static ox_status list(ox_session *s, const ox_leftovers *all, ox_error *err)
{
    static const char *const titles[] = {">N", ">EDITS", "WHEN", "STATE", "MODEL", NULL};
    char date[64];
    if (s->g.json) {
        list_json(s, all);
        return OX_OK;
    }
    if (!all->n) {
        ox_out_f(&s->out, "no session left unsaved edits\n");
        return OX_OK;
    }
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; t && i < all->n; i++) {
        const ox_leftover *l = &all->p[i];
        date_of(l, date, sizeof date);
        ox_table_cellf(t, OX_INK_PLAIN, "%zu", i + 1);
        ox_table_cellf(t, OX_INK_PLAIN, "%zu", l->edits);
        ox_table_cellz(t, date, OX_INK_COMMENT);
        ox_table_cellz(t, state_of(l), OX_INK_PLAIN);
        ox_table_cellz(t, l->model, OX_INK_PLAIN);
    }
    return ox_table_end(t, err);
}

/* The number N of the list; without one the newest of the model that is open which nobody is at work on. */
static ox_status choose(ox_session *s, const char *number, const ox_leftovers *all, const ox_leftover **out,
                        ox_error *err)
{
    int64_t n = 0;
    *out = NULL;
    if (number) {
        ox_status st = ox_parse_int(number, "session", 1, 1000000, &n, err);
        if (st != OX_OK) return st;
        if ((uint64_t)n <= all->n) *out = &all->p[n - 1];
    }
    for (size_t i = 0; i < all->n && !number && !*out; i++)
        if (s->journal.real && strcmp(all->p[i].model, s->journal.real) == 0 && !all->p[i].in_use) *out = &all->p[i];
    if (*out) return OX_OK;
    if (number)
        ox_error_set(err, OX_E_NOT_FOUND, "there is no number %s", number);
    else
        ox_error_set(err, OX_E_NOT_FOUND, s->journal.real ? "no edits of this model were left" : "no model is open");
    ox_error_hint(err, "`session` lists what is there");
    return OX_E_NOT_FOUND;
}

static ox_status discard(ox_session *s, const ox_leftover *l, ox_error *err)
{
    if (l->in_use) return ox_error_set(err, OX_E_INVALID, "process %ld is at work on them", l->pid);
    if (unlink(l->path) != 0) return ox_error_set(err, OX_E_IO, "cannot remove the journal: %s", strerror(errno));
    if (s->g.json)
        ox_json_said(&s->out, "discarded", l->path, strlen(l->path));
    else if (s->interactive)
        ox_out_f(&s->out, "%zu edit%s dropped\n", l->edits, l->edits == 1 ? "" : "s");
    return OX_OK;
}

static ox_status recover(ox_session *s, const ox_leftover *l, bool changed, ox_error *err)
{
    ox_model *m;
    size_t n = 0;
    ox_status st = ox_session_model(s, &m, err);
    if (st == OX_OK && l->fit != OX_LEFT_FOREIGN && (!s->journal.real || strcmp(l->model, s->journal.real) != 0)) {
        ox_error_set(err, OX_E_INVALID, "these are edits of another model");
        ox_error_hint(err, "open it first: open %s", l->model);
        return OX_E_INVALID;
    }
    if (st == OX_OK) st = ox_recover(s, l, changed, &n, err);
    if (st == OX_OK && s->g.json) {
        ox_json j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        ox_json_int(&j, "recovered", (int64_t)n);
        ox_json_close(&j, '}');
        ox_json_end(&j);
    }
    return st;
}

static ox_status with_file(ox_session *s, bool save, const char *path, ox_error *err)
{
    char *own = path ? NULL : ox_session_default(s, save);
    if (!path && !own) {
        ox_error_set(err, OX_E_INVALID, "session: which FILE? the model has no file of its own");
        return OX_E_INVALID;
    }
    if (!path) path = own;
    ox_status st = save ? ox_session_store(s, path, err) : ox_session_fetch(s, path, err);
    if (st == OX_OK && s->g.json)
        ox_json_said(&s->out, save ? "saved" : "loaded", path, strlen(path));
    else if (st == OX_OK && s->interactive) {
        ox_out_f(&s->out, save ? "session saved to " : "session of ");
        ox_out_name(&s->out, path, strlen(path));
        ox_out_f(&s->out, save ? "\n" : " loaded\n");
    }
    free(own);
    return st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    const char *verb = a->n ? a->pos[0] : "list", *arg = a->n > 1 ? a->pos[1] : NULL;
    bool is_list = strcmp(verb, "list") == 0, is_recover = strcmp(verb, "recover") == 0;
    if (strcmp(verb, "save") == 0 || strcmp(verb, "load") == 0) return with_file(s, *verb == 's', arg, err);
    if (!is_list && !is_recover && strcmp(verb, "discard") != 0) {
        ox_error_set(err, OX_E_INVALID, "session does not know '%s'", verb);
        ox_error_hint(err, "usage: session %s", ox_cmd_session.usage);
        return OX_E_INVALID;
    }
    ox_leftovers all;
    const ox_leftover *l;
    ox_status st = ox_leftovers_find(&all, NULL, err);
    if (st != OX_OK) return st;
    if (is_list) {
        st = list(s, &all, err);
    } else {
        st = choose(s, arg, &all, &l, err);
        if (st == OX_OK) st = is_recover ? recover(s, l, ox_args_get(a, "--changed") != NULL, err) : discard(s, l, err);
    }
    ox_leftovers_free(&all);
    return st;
}

static const ox_opt opts[] = {
    {"--changed", NULL, "recover although the model's file was written since, if its structure is the same",
     OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_session = {
    .name = "session",
    .usage = "[list] | recover [--changed] [N] | discard [N] | save [FILE] | load [FILE]",
    .summary = "recover unsaved edits of a session that ended badly; save and load sessions",
    .help =
        "At the prompt and in the full screen every line that edits a model is written to a journal before it is\n"
        "answered. It goes when the model is saved over its file, or when the program is left in order; after a crash\n"
        "or a closed terminal the next start on that file asks whether to recover. `list` shows what was left, also "
        "of\n"
        "other models; `recover` does the edits again on the model that is open, with the steps that `undo` takes\n"
        "back; `discard` drops them. N is a number of the list. What is saved under another name is noted, and the\n"
        "edits after that count as unsaved. If the file has changed, edits are refused and kept.\n"
        "`save` writes what the session has made: the edits since the file was opened or saved, with undo and redo,\n"
        "breakpoints, marks, settings, keys, `watch`, the model beside, the Lua files and definitions; `load` opens "
        "the\n"
        "model and does all of it again. The Lua in it is run, as with -l. Without FILE it goes beside the journals,\n"
        "one for each model.",
    .example = "session list",
    .flags = OX_CMD_EDITS | OX_CMD_CUT,
    .opts = opts,
    .hint = OX_HINT_FILE,
    .max_args = 2,
    .exec = exec,
};
