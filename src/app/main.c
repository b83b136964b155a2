/* Floor 7. The program: one-shot commands, -e and -f, or the prompt. Only main exits. */
#include "app/globals.h"
#include "app/interrupt.h"
#include "app/repl/repl.h"
#include "app/tui.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    if (v->cmd) return ox_one_shot(s, v, err);
    /* Symbolic functions come before the file, so that what `ops` says of it is right from the start. */
    if (s->g.lua_files.n && (st = ox_session_script(s, err)) != OX_OK) return st;
    const char *file = v->file ? v->file : v->model;
    s->journal.keeps = v->full_screen;
    if (v->n_lines) {
        if (file) st = ox_session_open(s, file, 0, err);
        if (st == OX_OK) st = run_lines(s, v, err);
        return st == OX_OK && v->full_screen && !s->quit ? ox_tui_run(s, NULL, NULL, err) : st;
    }
    if (v->full_screen) return ox_tui_run(s, file, NULL, err);
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
