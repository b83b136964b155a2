/* Floor 7. Prompt lines in the full screen. A line runs as a job, so that the panes can be moved in while it works;
 * what it writes goes to the log. One runs at a time, for the model and Lua have one user. */
#include "app/tui/capture.h"
#include "app/tui/tui.h"

#include "app/interrupt.h"

#include <onnxsh/job.h>

#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MAX = 4 << 20, GRACE_MS = 50 };

struct ox_run {
    ox_job *job;
    ox_session *s;
    enum run_kind { LINE, OPEN, REOPEN, TYPES } kind;
    char *line; /* a prompt line, a path, what is done */
    ox_capture capture;
};

/* What init.lua binds and sets holds from the start; a mistake in it keeps nobody from looking at a file. */
static ox_status open_file(ox_session *s, const char *path, ox_error *err)
{
    if (ox_session_script(s, err) != OX_OK) ox_session_warn(s, err);
    ox_error_clear(err);
    return ox_session_open(s, path, 0, err);
}

static ox_status work(void *ud, const ox_task *task, ox_error *err)
{
    struct ox_run *r = ud;
    bool incomplete = false;
    ox_progress_watch(task);
    if (r->kind == LINE) ox_session_reload_changed(r->s);
    ox_status st = r->kind == OPEN     ? open_file(r->s, r->line, err)
                   : r->kind == REOPEN ? ox_session_reopen(r->s, err)
                   : r->kind == TYPES  ? ox_session_types(r->s, err)
                                       : ox_session_line(r->s, r->line, &incomplete, err);
    ox_progress_watch(NULL);
    if (incomplete) st = ox_error_set(err, OX_E_SCRIPT, "the Lua is not finished");
    return st;
}

/* Output is made for the log's width and never paged; colours are the screen's affair. */
static void set_output(ox_tui *t)
{
    ox_out *o = &t->s->out;
    o->width = (unsigned)(t->grid.cols > 1 ? t->grid.cols - 1 : 1);
    o->height = 0;
    o->color = false;
    o->tty = true;
}

static ox_status begin(ox_tui *t, const char *line, enum run_kind kind, ox_error *err)
{
    for (int i = 0; i < OX_N_VIEWS; i++)
        if (t->views[i]->ops->rest) t->views[i]->ops->rest(t->views[i]);
    struct ox_run *r = calloc(1, sizeof *r);
    ox_status st = OX_E_NOMEM;
    if (r) r->line = strdup(line);
    if (!r || !r->line)
        ox_error_set(err, OX_E_NOMEM, "out of memory");
    else
        st = ox_job_create(&r->job, work, r, err);
    if (st == OX_OK) {
        r->s = t->s;
        r->kind = kind;
        set_output(t);
        st = ox_capture_begin(&r->capture, err);
    }
    if (st == OX_OK) {
        t->run = r;
        return st;
    }
    if (r) {
        ox_job_free(r->job);
        free(r->line);
        free(r);
    }
    return st;
}

static void complain(ox_tui *t, const ox_error *err)
{
    char text[2048];
    ox_error_format(err, text, sizeof text);
    ox_log_text(t, OX_ROLE_ERROR, text, strlen(text));
    text[strcspn(text, "\n")] = '\0';
    ox_tui_say(t, OX_ROLE_ERROR, "%s", text);
}

void ox_run_grace(ox_tui *t)
{
    if (t->run && t->run->kind != TYPES) ox_run_work(t, GRACE_MS);
}

void ox_run_line(ox_tui *t, const char *line)
{
    ox_error err;
    line += strspn(line, " \t");
    if (!*line) return;
    ox_run_grace(t);
    if (t->run && t->run->kind == TYPES) ox_run_end(t); /* nobody asked for it */
    if (t->run) {
        ox_tui_say(t, OX_ROLE_WARNING, "'%.60s' is still at work; Ctrl-C stops it", t->run->line);
        return;
    }
    ox_error_clear(&err);
    ox_log_command(t, line);
    if (begin(t, line, LINE, &err) != OX_OK) complain(t, &err);
}

ox_status ox_run_open(ox_tui *t, const char *path, ox_error *err)
{
    return begin(t, path, OPEN, err);
}

void ox_run_watch(ox_tui *t)
{
    ox_error err;
    if (t->run && t->run->kind != TYPES) return;
    ox_watch_answer answer = ox_watch_look(t->s);
    if (answer == OX_WATCH_EDITED) ox_tui_say(t, OX_ROLE_WARNING, OX_WATCH_EDITED_TEXT);
    if (answer != OX_WATCH_CHANGED) return;
    ox_run_end(t);
    t->s->cursor = t->node;
    ox_error_clear(&err);
    if (begin(t, "opening it again", REOPEN, &err) != OX_OK) complain(t, &err);
}

void ox_run_lend(ox_tui *t, bool away)
{
    if (t->run) ox_capture_pause(&t->run->capture, away);
}

ox_status ox_run_later(ox_tui *t, const char *command, const char *file, ox_error *err)
{
    size_t size = strlen(command) + 2 * strlen(file) + 4, n;
    char *line = malloc(size);
    if (!line) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    n = (size_t)snprintf(line, size, "%s \"", command);
    for (; *file; file++) {
        if (*file == '"' || *file == '\\') line[n++] = '\\';
        line[n++] = *file;
    }
    line[n++] = '"';
    line[n] = '\0';
    free(t->then);
    t->then = line;
    return OX_OK;
}

void ox_run_then(ox_tui *t)
{
    char *line = t->then;
    t->then = NULL;
    if (line) ox_run_line(t, line);
    free(line);
}

bool ox_run_progress(const ox_tui *t, char *buf, size_t size)
{
    const char *what;
    uint64_t done, total;
    if (!t->run) return false;
    ox_job_progress(t->run->job, &what, &done, &total);
    if (!*what)
        snprintf(buf, size, "%s ...", t->run->kind == OPEN || t->run->kind == REOPEN ? "opening" : "working");
    else if (total)
        snprintf(buf, size, "%s %u%%", what, (unsigned)((double)done * 100 / (double)total));
    else
        snprintf(buf, size, "%s %llu", what, (unsigned long long)done);
    return true;
}

void ox_run_cancel(ox_tui *t)
{
    if (t->run) ox_job_cancel(t->run->job);
}

/* The output of a short answer is shown at once; a longer one opens the log. */
static void show_output(ox_tui *t, const char *text, size_t n, bool whole)
{
    while (n && text[n - 1] == '\n') n--;
    if (!n) return;
    ox_log_text(t, OX_ROLE_PLAIN, text, n);
    if (!whole) ox_log_text(t, OX_ROLE_NOTE, "(more was written; the prompt shows all of it)", 46);
    bool line = !memchr(text, '\n', n) && whole;
    const char *last = ox_log_last(t, &n);
    if (ox_stops_new(t)) return; /* its pane tells the same */
    if (line && ox_text_width(last, n) < (size_t)t->grid.cols)
        ox_tui_say(t, OX_ROLE_PLAIN, "%.*s", (int)n, last);
    else
        ox_log_open(t);
}

static void show_report(ox_tui *t)
{
    size_t all = ox_report_n(t->report), n = ox_report_n_failures(t->report);
    if (all) ox_tui_put(t, OX_VIEW_failures);
    if (n)
        ox_tui_say(t, OX_ROLE_ERROR, "%zu failure%s; f goes to the first", n, n == 1 ? "" : "s");
    else
        ox_tui_say(t, OX_ROLE_GOOD, "the export succeeds");
}

/* The first input of a trace whose dtype nobody stated. */
static ox_value open_input(const ox_model *m)
{
    ox_graph g = ox_model_main(m);
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) {
        ox_value v = ox_graph_input(m, g, i);
        ox_type_info t = ox_type_get(m, ox_value_type(m, v));
        if (t.kind == OX_TYPE_TENSOR && !t.dtype) return v;
    }
    return (ox_value){0, 0};
}

static bool most_are_open(const ox_model *m)
{
    enum { LOOK = 200 };
    size_t seen = 0, open = 0;
    for (ox_node n = ox_graph_first(m, ox_model_main(m)); n.id && seen < LOOK; n = ox_node_next(m, n), seen++) {
        ox_value v = ox_node_n_outputs(m, n) ? ox_node_output(m, n, 0) : (ox_value){0, 0};
        open += v.id && ox_type_get(m, ox_value_type(m, v)).kind == OX_TYPE_NONE_KNOWN;
    }
    return 2 * open > seen;
}

/* Exporters often leave types to whoever reads the file: it is said how to have them. A file without a graph has its
 * weights; why there is none stands in the log. */
static void tell_of_opened(ox_tui *t)
{
    char label[128];
    const ox_model *m = t->s->model;
    if (m && !ox_graph_first(m, ox_model_main(m)).id && ox_weights_n(t)) {
        ox_tui_show(t, OX_VIEW_weights);
        ox_tui_say(t, OX_ROLE_NOTE, "no graph was read, only weights");
        return;
    }
    bool trace = m && ox_model_get_kind(m) == OX_MODEL_TRACE;
    ox_value in = trace ? open_input(m) : (ox_value){0, 0};
    if (in.id) {
        ox_value_label(m, in, label, sizeof label);
        ox_tui_say(t, OX_ROLE_NOTE, "the file has no shape for %s: state it, as `:input %s=float32[2,3]`", label,
                   label + (*label == '%'));
    } else if (m && !trace && most_are_open(m)) {
        ox_tui_say(t, OX_ROLE_NOTE, "the file does not give the types of most values: I infers them");
    }
}

static void finish(ox_tui *t)
{
    struct ox_run *r = t->run;
    ox_error err;
    size_t n;
    bool whole;
    ox_error_clear(&err);
    t->run = NULL;
    ox_status st = ox_job_status(r->job, &err);
    ox_job_free(r->job);
    ox_progress_watch(NULL);
    char *text = ox_capture_end(&r->capture, OUTPUT_MAX, &n, &whole);
    if (st == OX_E_INTERRUPTED && !err.msg[0]) ox_error_set(&err, st, "interrupted");
    if (text && r->kind == TYPES)
        ox_log_text(t, OX_ROLE_PLAIN, text, n);
    else if (text)
        show_output(t, text, n, whole);
    if (st != OX_OK && err.msg[0] && !(r->kind == TYPES && st == OX_E_INTERRUPTED)) complain(t, &err);
    if (r->kind == OPEN) {
        t->open_status = st;
        t->open_error = err;
    }
    if (r->kind == REOPEN && st == OX_OK)
        ox_tui_say(t, OX_ROLE_NOTE, "the model's file has changed and was opened again");
    bool opened = r->kind == OPEN && st == OX_OK;
    if (t->s->quit) t->quit = true;
    bool asked = r->kind != TYPES;
    free(text);
    free(r->line);
    free(r);
    const ox_report *before = t->report;
    ox_tui_sync(t);
    if (t->report != before && t->report) show_report(t);
    ox_tui_to_told(t);
    ox_stops_sync(t);
    ox_side_told(t);
    if (opened) tell_of_opened(t);
    if (asked) ox_run_then(t);
    if (asked) ox_run_types(t);
}

void ox_run_types(ox_tui *t)
{
    const ox_session *s = t->s;
    ox_error err;
    if (t->run || t->quit || !s->model || s->as_given || !ox_typing_is_for(s->model)) return;
    if (s->typing && !ox_typing_has_work(s->typing)) return;
    if (begin(t, "types", TYPES, &err) != OX_OK) complain(t, &err);
}

bool ox_run_work(ox_tui *t, unsigned ms)
{
    if (!t->run) return false;
    bool done = ox_job_resume(t->run->job, ms) == OX_JOB_DONE;
    if (done)
        finish(t);
    else
        ox_tui_sync(t); /* a line may open another model on its way */
    return !done;
}

void ox_run_end(ox_tui *t)
{
    while (t->run) {
        ox_job_cancel(t->run->job);
        ox_run_work(t, OX_JOB_NO_BUDGET);
    }
}
