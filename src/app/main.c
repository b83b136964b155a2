/* Floor 7. The program: one-shot commands, -e and -f, or the prompt. Only main exits. */
#include "app/globals.h"
#include "app/interrupt.h"
#include "app/repl/repl.h"

#include <onnxsh/journal.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Saves what a one-shot command changed; without a target the change would be lost, which is wrong usage. */
static ox_status keep_edits(ox_session *s, const ox_invocation *v, ox_error *err)
{
    const char *path = v->out ? v->out : v->in_place ? s->path : NULL;
    if (!s->model || !ox_model_is_modified(s->model)) return OX_OK;
    if (!path) {
        ox_error_set(err, OX_E_INVALID, "the model was changed and the change would be lost");
        ox_error_hint(err, "give -o OUT, or --in-place");
        return OX_E_INVALID;
    }
    const char *words[] = {path};
    ox_args a;
    ox_status st = ox_args_parse(&ox_cmd_save, 1, words, &a, err);
    if (st == OX_OK) st = ox_command_run(s, &ox_cmd_save, &a, "save", err);
    return st;
}

static ox_status one_shot(ox_session *s, const ox_invocation *v, ox_error *err)
{
    const ox_cmd *cmd = v->cmd;
    ox_args a;
    s->one_shot = true;
    if (cmd->flags & OX_CMD_MODEL && !v->file && !v->model) {
        ox_error_set(err, OX_E_INVALID, "%s: no FILE is given", cmd->name);
        ox_error_hint(err, "usage: onnxsh %s FILE %s", cmd->name, cmd->usage);
        return OX_E_INVALID;
    }
    char *joined = NULL;
    const char *const *words = v->rest;
    size_t n = v->n_rest;
    const char *raw[OX_ARGS_MAX + 2];
    if (cmd->flags & OX_CMD_RAW) { /* the arguments are one text, as they would stand on a line */
        size_t k = 0, len = 1;
        for (n = 0; n < v->n_rest && v->rest[n][0] == '-' && v->rest[n][1] == '-'; n++) raw[k++] = v->rest[n];
        for (size_t i = n; i < v->n_rest; i++) len += strlen(v->rest[i]) + 1;
        if (!(joined = calloc(1, len))) return ox_error_set(err, OX_E_NOMEM, "out of memory");
        for (size_t i = n; i < v->n_rest; i++) {
            if (i > n) strcat(joined, " ");
            strcat(joined, v->rest[i]);
        }
        if (n < v->n_rest) raw[k++] = "--", raw[k++] = joined;
        words = raw;
        n = k;
    }
    ox_status st = ox_args_parse(cmd, n, words, &a, err);
    const char *file = v->model ? v->model : v->file;
    if (st == OX_OK && cmd == &ox_cmd_open) {
        a.pos[0] = file;
        a.n = 1;
    } else if (st == OX_OK && file) {
        const char *graph = ox_args_get(&a, "--graph");
        st = ox_session_open(s, file, graph ? atoi(graph) : 0, err);
    }
    if (st == OX_OK && s->g.lua_files.n) st = ox_session_script(s, err);
    if (st == OX_OK) st = ox_command_run(s, cmd, &a, cmd->name, err);
    if (st == OX_OK && cmd->flags & OX_CMD_EDITS) st = keep_edits(s, v, err);
    free(joined);
    return st;
}

static ox_status run_lines(ox_session *s, const ox_invocation *v, ox_error *err)
{
    for (size_t i = 0; i < v->n_lines && !s->quit; i++) {
        bool incomplete = false;
        ox_status st = v->lines[i].script ? ox_session_file(s, v->lines[i].text, err)
                                          : ox_session_line(s, v->lines[i].text, &incomplete, err);
        if (st == OX_OK && incomplete) st = ox_error_set(err, OX_E_SCRIPT, "the Lua of -e is not finished");
        if (st != OX_OK) return st;
    }
    return OX_OK;
}

static ox_status run(ox_session *s, const ox_invocation *v, ox_error *err)
{
    ox_status st = ox_session_init(s, err);
    const char *const none[] = {NULL};
    ox_args a;
    if (st != OX_OK) return st;
    if (v->version || v->help) {
        const ox_cmd *cmd = v->version ? &ox_cmd_version : &ox_cmd_help;
        const char *topic[] = {v->cmd ? v->cmd->name : NULL};
        bool about = v->help && v->cmd;
        st = ox_args_parse(cmd, about ? 1 : 0, about ? topic : none, &a, err);
        return st == OX_OK ? ox_command_run(s, cmd, &a, cmd->name, err) : st;
    }
    if (v->cmd) return one_shot(s, v, err);
    /* Symbolic functions come before the file, so that what `ops` says of it is right from the start. */
    if (s->g.lua_files.n && (st = ox_session_script(s, err)) != OX_OK) return st;
    const char *file = v->file ? v->file : v->model;
    if (v->n_lines) {
        if (file) st = ox_session_open(s, file, 0, err);
        return st == OX_OK ? run_lines(s, v, err) : st;
    }
    return ox_repl_run(s, file, err);
}

int main(int argc, char **argv)
{
    static ox_session session;
    ox_invocation v;
    ox_error err;
    setlocale(LC_CTYPE, "");
    ox_interrupt_install();
    ox_error_clear(&err);
    ox_status st = ox_invocation_parse(&v, &session.g, argc, argv, &err);
    if (st == OX_OK) st = run(&session, &v, &err);
    ox_status e = session.out.f ? ox_out_end(&session.out, NULL) : OX_OK;
    if (st == OX_OK && e != OX_OK) st = ox_error_set(&err, e, "standard output cannot be written");
    if (st == OX_E_INTERRUPTED && !err.msg[0]) ox_error_set(&err, st, "interrupted");
    if (st != OX_OK && err.msg[0]) ox_session_report(&session, &err);
    ox_session_free(&session);
    return ox_status_exit(st);
}
