/* Floor 7. The types of a trace: inferred when something shows them, by converting a copy. */
#include "app/session.h"

#include "app/cmd.h"
#include "app/interrupt.h"

#include <onnxsh/journal.h>

static void on_finding(void *session, const ox_infer_finding *f)
{
    ox_error w;
    ox_session *s = session;
    if (f->problem != OX_INFER_DECLARED) return; /* `infer` tells the others */
    char scope[192];
    ox_node_scope_text(s->model, f->node, scope, sizeof scope);
    ox_error_set(&w, OX_OK, "%s%s%s", f->message, *scope ? ", at " : "", scope);
    ox_session_warn(s, &w);
}

ox_status ox_session_infer(ox_session *s, const ox_infer_options *how, ox_infer_fn fn, void *ud, ox_error *err)
{
    ox_status st = s->typing ? OX_OK : ox_typing_create(&s->typing, s->model, s->symbolics, err);
    if (st != OX_OK || (!how && !ox_typing_has_work(s->typing))) return st;
    st = ox_session_script(s, err); /* the built-in functions are Lua's */
    if (st != OX_OK) return st;
    ox_convert_options opt = {.task = ox_progress_task(s->g.quiet)};
    s->typing_now = true;
    st = ox_typing_update(s->typing, how, &opt, fn, ud, err);
    s->typing_now = false;
    ox_progress_done();
    return st;
}

ox_status ox_session_types(ox_session *s, ox_error *err)
{
    if (!s->model || s->as_given || s->typing_now || !ox_typing_is_for(s->model)) return OX_OK;
    ox_status st = ox_session_infer(s, NULL, on_finding, s, err);
    if (st == OX_OK || st == OX_E_INTERRUPTED || st == OX_E_NOMEM) return st;
    ox_error_context(err, "types are not inferred");
    ox_session_warn(s, err);
    ox_error_clear(err);
    return OX_OK;
}

ox_status ox_session_infer_beside(ox_session *s, ox_infer_counts *k, ox_error *err)
{
    ox_model *m = s->beside;
    const ox_infer_options how = {0};
    const ox_task *task = ox_progress_task(s->g.quiet);
    *k = (ox_infer_counts){0};
    ox_status st = OX_OK;
    if (ox_typing_is_for(m)) {
        if (!s->beside_typing) st = ox_typing_create(&s->beside_typing, m, s->symbolics, err);
        if (st == OX_OK) st = ox_session_script(s, err);
        ox_convert_options opt = {.task = task};
        if (st == OX_OK) st = ox_typing_update(s->beside_typing, &how, &opt, NULL, NULL, err);
        if (st == OX_OK) ox_typing_count(s->beside_typing, k);
    } else {
        ox_mark mark = ox_journal_mark(m);
        st = ox_infer(m, &how, NULL, NULL, k, task, err);
        if (st == OX_OK) st = ox_journal_commit(m, "infer", err);
        if (st != OX_OK) ox_journal_rollback(m, mark);
    }
    ox_progress_done();
    return st;
}
