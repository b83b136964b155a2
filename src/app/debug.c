/* Floor 7. The debugger's conversion: the job, its callbacks, what it is asked while it rests. */
#include "app/debug.h"

#include "app/cmd.h"
#include "app/interrupt.h"

#include <onnxsh/job.h>
#include <onnxsh/query.h>

#include <stdlib.h>
#include <string.h>

struct ox_debug {
    ox_session *s;
    ox_job *job;
    const ox_task *task; /* of the job */
    int64_t opset;
    ox_query **queries; /* of the breakpoints, NULL = every node */
    size_t n_queries;
    ox_debug_move move;
    const char *again; /* the line that moved it last */
    bool first;        /* nothing was stopped at yet and there are no breakpoints: stop at once */
    bool stopped;
    ox_call_site site; /* the call under way */
    char file[512];    /* the Lua line that is stopped at; "" = before the function */
    uint32_t line;
    unsigned depth;
    /* what the callback does while it rests */
    ox_status (*ask)(ox_debug *d, ox_error *err);
    const char *text;
    ox_script_local_fn fn;
    void *fn_ud;
    ox_status answer;
    ox_error *answer_err;
    ox_model *result;
    ox_report *report;
};

/* ---- inside the job ---- */

/* Rests until the owner lets it go on; answers what it is asked meanwhile. */
static ox_status rest(ox_debug *d, ox_error *err)
{
    d->stopped = true;
    d->s->n_stops++;
    while (d->stopped) {
        if (d->ask) {
            d->answer = d->ask(d, d->answer_err);
            d->ask = NULL;
        }
        if (!d->task->step(d->task->ud, "stopped", 0, 0))
            return ox_error_set(err, OX_E_INTERRUPTED, "the debugger ended it");
    }
    return OX_OK;
}

/* Whether a breakpoint is met. One whose condition fails is met too, and says why. */
static bool meets(ox_debug *d, const ox_call_site *site)
{
    ox_session *s = d->s;
    for (size_t i = 0; i < s->n_breakpoints && i < d->n_queries; i++) {
        ox_breakpoint *b = &s->breakpoints[i];
        bool yes = true;
        if (d->queries[i] && !ox_query_matches(d->queries[i], s->model, site->node)) continue;
        if (b->condition) {
            ox_error e;
            ox_error_clear(&e);
            if (!site->call) continue; /* no function, no arguments */
            if (ox_script_stop_test(s->script, site, b->condition, &yes, &e) != OX_OK) {
                ox_error_context(&e, "condition of breakpoint %d", b->number);
                ox_session_report(s, &e);
                yes = true;
            }
        }
        if (!yes) continue;
        b->hits++;
        return true;
    }
    return false;
}

static ox_status before_call(void *ud, const ox_call_site *site, ox_error *err)
{
    ox_debug *d = ud;
    ox_status st = OX_OK;
    d->site = *site;
    d->file[0] = '\0';
    d->depth = 0;
    if (d->first || d->move != OX_DEBUG_CONTINUE || meets(d, site)) {
        d->first = false;
        d->move = OX_DEBUG_CONTINUE;
        st = rest(d, err);
    }
    return st;
}

static ox_status on_line(void *ud, const ox_script_line *at, ox_error *err)
{
    ox_debug *d = ud;
    bool begun = d->file[0];
    bool here = d->move == OX_DEBUG_STEP || (d->move == OX_DEBUG_NEXT && begun && at->depth <= d->depth);
    if (!here) return OX_OK;
    snprintf(d->file, sizeof d->file, "%s", at->file);
    d->line = at->line;
    d->depth = at->depth;
    return rest(d, err);
}

static ox_status work(void *ud, const ox_task *task, ox_error *err)
{
    ox_debug *d = ud;
    ox_convert_watch watch = {d, before_call};
    ox_convert_options opt = {.opset = d->opset, .strict = d->s->g.strict, .task = task, .watch = &watch};
    d->task = task;
    return ox_convert(&d->result, &d->report, d->s->model, d->s->symbolics, &opt, err);
}

/* ---- outside of it ---- */

ox_status ox_debug_waits(const ox_session *s, const char *what, ox_error *err)
{
    if (!s->debug) return OX_OK;
    ox_error_set(err, OX_E_INVALID, "%s waits while a conversion is stopped", what);
    ox_error_hint(err, "`continue` goes on, `debug stop` ends it");
    return OX_E_INVALID;
}

ox_status ox_debug_need(ox_session *s, ox_error *err)
{
    if (s->debug) return OX_OK;
    ox_error_set(err, OX_E_INVALID, "no conversion is stopped");
    ox_error_hint(err, "`debug` begins one; `break aten::view` says where it stops");
    return OX_E_INVALID;
}

static void free_queries(ox_debug *d)
{
    for (size_t i = 0; i < d->n_queries; i++) ox_query_free(d->queries[i]);
    free(d->queries);
    d->queries = NULL;
    d->n_queries = 0;
}

/* Anew for each move: breakpoints come and go while it is stopped. */
static ox_status compile_breakpoints(ox_debug *d, ox_error *err)
{
    ox_session *s = d->s;
    free_queries(d);
    d->queries = calloc(s->n_breakpoints + 1, sizeof *d->queries);
    if (!d->queries) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    for (size_t i = 0; i < s->n_breakpoints; i++) {
        const char *q = s->breakpoints[i].query;
        ox_status st = *q ? ox_query_parse(&d->queries[i], s->model, q, strlen(q), err) : OX_OK;
        if (st != OX_OK) {
            ox_error_context(err, "breakpoint %d", s->breakpoints[i].number);
            return st;
        }
        d->n_queries = i + 1;
    }
    return OX_OK;
}

void ox_debug_end(ox_session *s)
{
    ox_debug *d = s->debug;
    if (!d) return;
    d->stopped = false;
    ox_job_free(d->job);
    if (s->script) ox_script_watch_lines(s->script, NULL, NULL);
    free_queries(d);
    ox_model_free(d->result);
    ox_report_free(d->report);
    free(d);
    s->debug = NULL;
}

static ox_status ask(ox_debug *d, ox_status (*fn)(ox_debug *, ox_error *), const char *text, ox_error *err)
{
    d->text = text;
    d->answer_err = err;
    d->ask = fn;
    while (d->ask && ox_job_resume(d->job, 0) == OX_JOB_MORE) {}
    return d->answer;
}

/* The conversion is over: what it made is that of an export that wrote nothing. */
static ox_status finish(ox_session *s, ox_error *err)
{
    ox_debug *d = s->debug;
    ox_status st = ox_job_status(d->job, err);
    bool refused = st == OX_E_CHECK && d->report;
    if (st == OX_OK || refused) {
        size_t n = ox_report_n_failures(d->report);
        ox_report_free(s->report);
        ox_model_free(s->result);
        free(s->result_path);
        s->report = d->report;
        s->report_opset = d->opset;
        s->failure = 0;
        s->result = d->result;
        s->result_path = NULL;
        if (refused)
            ox_out_f(&s->out, "the conversion ended with %zu failure%s: `failure` lists them\n", n, n == 1 ? "" : "s");
        else
            ox_out_f(&s->out, "the conversion ended: %zu nodes; `show --result` prints them\n",
                     ox_model_n_nodes(d->result));
        d->report = NULL;
        d->result = NULL;
        ox_error_clear(err);
        st = OX_OK;
    }
    ox_debug_end(s);
    return st;
}

ox_status ox_debug_move_on(ox_session *s, ox_debug_move move, ox_error *err)
{
    enum { SLICE_MS = 20 };
    static const char *const lines[] = {
        [OX_DEBUG_CONTINUE] = "continue", [OX_DEBUG_NEXT] = "next", [OX_DEBUG_STEP] = "step"};
    ox_debug *d = s->debug;
    ox_job_state state;
    ox_status st = compile_breakpoints(d, err);
    if (st != OX_OK) return st;
    d->again = d->stopped ? lines[move] : NULL;
    d->move = move;
    d->stopped = false;
    do {
        state = ox_job_resume(d->job, SLICE_MS);
        if (ox_interrupt_pending()) ox_job_cancel(d->job);
    } while (state == OX_JOB_MORE && !d->stopped);
    if (state == OX_JOB_DONE) return finish(s, err);
    return ox_debug_where(s, err);
}

const char *ox_debug_again(const ox_session *s)
{
    return s->debug ? s->debug->again : NULL;
}

ox_status ox_debug_start(ox_session *s, int64_t opset, ox_error *err)
{
    ox_debug_end(s);
    ox_status st = ox_session_script(s, err);
    if (st != OX_OK) return st;
    ox_debug *d = calloc(1, sizeof *d);
    if (!d) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    *d = (ox_debug){.s = s, .opset = opset, .first = s->n_breakpoints == 0};
    s->debug = d;
    st = compile_breakpoints(d, err); /* a mistake in one begins nothing */
    if (st == OX_OK) st = ox_job_create(&d->job, work, d, err);
    if (st != OX_OK) {
        ox_debug_end(s);
        return st;
    }
    ox_script_watch_lines(s->script, on_line, d);
    return ox_debug_move_on(s, OX_DEBUG_CONTINUE, err);
}

/* ---- what is told of a stop ---- */

bool ox_debug_at(const ox_session *s, ox_debug_place *out)
{
    const ox_debug *d = s->debug;
    if (!d || !d->stopped) return false;
    const ox_symbolic_def *def = d->site.call ? d->site.def : NULL;
    *out = (ox_debug_place){s->n_stops, d->site.node, d->file, d->line, !d->file[0]};
    if (out->before) out->file = def && def->file ? def->file : "";
    if (out->before) out->line = def ? def->line : 0;
    return true;
}

bool ox_debug_source(const ox_session *s, const char *file, uint32_t line, char *buf, size_t size)
{
    size_t n;
    const char *text = ox_script_embedded_line(s->script, file, line, &n);
    if (text) {
        snprintf(buf, size, "%.*s", (int)n, text);
        return true;
    }
    FILE *f = fopen(file, "r");
    bool found = false;
    for (uint32_t i = 1; f && fgets(buf, (int)size, f); i++) {
        size_t k = strlen(buf);
        if (k && buf[k - 1] == '\n') buf[k - 1] = '\0';
        if (i == line) {
            found = true;
            break;
        }
    }
    if (f) fclose(f);
    return found;
}

static void put_line(ox_debug *d, uint32_t line)
{
    char text[512];
    ox_out *o = &d->s->out;
    if (!line || !ox_debug_source(d->s, d->file, line, text, sizeof text)) return;
    ox_out_f(o, "%s%5u  ", line == d->line ? ">" : " ", line);
    ox_out_name(o, text, strlen(text));
    ox_out_f(o, "\n");
}

ox_status ox_debug_where(ox_session *s, ox_error *err)
{
    char text[1024];
    (void)err;
    ox_debug *d = s->debug;
    ox_out *o = &s->out;
    const ox_call_site *site = &d->site;
    ox_node_op_text(s->model, site->node, text, sizeof text);
    ox_out_f(o, "%s%s%s  #%u", ox_out_bold(o), text, ox_out_reset(o), site->node.id);
    ox_node_scope_text(s->model, site->node, text, sizeof text);
    if (*text) ox_out_f(o, "  %s", ox_out_ink(o, OX_INK_SCOPE));
    ox_out_name(o, text, strlen(text));
    ox_out_f(o, "%s", ox_out_reset(o));
    ox_node_loc_text(s->model, site->node, text, sizeof text);
    if (*text) {
        ox_out_f(o, "  (");
        ox_out_name(o, text, strlen(text));
        ox_out_f(o, ")");
    }
    ox_out_f(o, "\n");
    if (d->file[0]) {
        ox_out_f(o, "in ");
        ox_out_name(o, d->file, strlen(d->file));
        ox_out_f(o, ":%u\n", d->line);
        put_line(d, d->line);
    } else if (!site->call) {
        ox_out_f(o, "no symbolic function serves it\n");
    } else {
        ox_out_f(o, "before its function, ");
        ox_out_name(o, site->def->file ? site->def->file : "C", site->def->file ? strlen(site->def->file) : 1);
        ox_out_f(o, ":%u\n", site->def->line);
    }
    return OX_OK;
}

ox_status ox_debug_list(ox_session *s, ox_error *err)
{
    enum { AROUND = 5 };
    ox_debug *d = s->debug;
    if (!d->file[0] && (!d->site.def || !d->site.def->file))
        return ox_error_set(err, OX_E_INVALID, "there is no Lua here to list");
    uint32_t line = d->line;
    if (!d->file[0]) {
        snprintf(d->file, sizeof d->file, "%s", d->site.def->file);
        d->line = d->site.def->line;
        for (uint32_t i = d->line; i < d->line + 2 * AROUND; i++) put_line(d, i);
        d->file[0] = '\0';
        d->line = line;
        return OX_OK;
    }
    for (uint32_t i = d->line > AROUND ? d->line - AROUND : 1; i <= d->line + AROUND; i++) put_line(d, i);
    return OX_OK;
}

static void put_local(void *ud, const char *name, const char *value)
{
    ox_out *o = &((ox_session *)ud)->out;
    ox_out_name(o, name, strlen(name));
    ox_out_f(o, " = ");
    ox_out_name(o, value, strlen(value));
    ox_out_f(o, "\n");
}

/* What has an address only tells nothing: g, and tables of functions, which are modules. */
static void tell_local(void *ud, const char *name, const char *value)
{
    static const char *const kinds[] = {"g: 0x", "function: 0x", "table: 0x", "userdata: 0x", "thread: 0x"};
    ox_debug *d = ud;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(value, kinds[i], strlen(kinds[i])) == 0) return;
    if (*value != '{' || !strstr(value, "= function: 0x")) d->fn(d->fn_ud, name, value);
}

static ox_status do_locals(ox_debug *d, ox_error *err)
{
    return ox_script_stop_locals(d->s->script, &d->site, tell_local, d, err);
}

static ox_status do_print(ox_debug *d, ox_error *err)
{
    return ox_script_stop_eval(d->s->script, &d->site, d->text, err);
}

ox_status ox_debug_locals(ox_session *s, ox_error *err)
{
    return ox_debug_each_local(s, put_local, s, err);
}

ox_status ox_debug_each_local(ox_session *s, ox_script_local_fn fn, void *ud, ox_error *err)
{
    s->debug->fn = fn;
    s->debug->fn_ud = ud;
    return ask(s->debug, do_locals, NULL, err);
}

ox_status ox_debug_print(ox_session *s, const char *text, ox_error *err)
{
    return ask(s->debug, do_print, text, err);
}

/* The new nodes stand in front of the node that is being converted, and come from it. */
size_t ox_debug_each_made(const ox_session *s, void (*fn)(void *ud, const ox_model *m, ox_node n), void *ud)
{
    const ox_call_site *site = &s->debug->site;
    const ox_model *m = site->made;
    uint32_t from = ox_node_origin(m, site->at);
    ox_node first = {0};
    size_t count = 0;
    for (ox_node n = ox_node_prev(m, site->at); n.id && ox_node_origin(m, n) == from; n = ox_node_prev(m, n)) first = n;
    for (ox_node n = first; n.id && n.id != site->at.id; n = ox_node_next(m, n), count++) fn(ud, m, n);
    return count;
}

typedef struct emitting {
    ox_out *out;
    ox_status status;
    ox_error *err;
} emitting;

static void put_made(void *ud, const ox_model *m, ox_node n)
{
    emitting *e = ud;
    ox_print_options opt = {.style = OX_STYLE_SEED, .ink = ox_out_inks(e->out)};
    ox_sink sink = ox_out_sink(e->out);
    if (e->status == OX_OK) e->status = ox_node_print(m, n, &opt, &sink, e->err);
    if (e->status == OX_OK) ox_out_f(e->out, "\n");
}

ox_status ox_debug_emit(ox_session *s, ox_error *err)
{
    emitting e = {&s->out, OX_OK, err};
    if (!ox_debug_each_made(s, put_made, &e)) ox_out_f(&s->out, "nothing yet\n");
    return e.status;
}
