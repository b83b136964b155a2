/* Floor 7. The session: opening, the Lua state, running lines. */
#include "app/session.h"

#include "app/cmd.h"
#include "app/debug.h"
#include "app/interrupt.h"
#include "app/session_file.h"

#include <onnxsh/journal.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

ox_status ox_words_add(ox_words *w, const char *word, ox_error *err)
{
    char **p = realloc(w->p, (w->n + 1) * sizeof *p);
    if (p) w->p = p;
    char *copy = p ? strdup(word) : NULL;
    if (!copy) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    w->p[w->n++] = copy;
    return OX_OK;
}

void ox_words_free(ox_words *w)
{
    for (size_t i = 0; i < w->n; i++) free(w->p[i]);
    free(w->p);
    memset(w, 0, sizeof *w);
}

/* ---- what Lua calls back for ---- */

static ox_status host_print(void *ud, const char *text, size_t n, ox_error *err)
{
    ox_session *s = ud;
    /* Lua text may hold names of the model: newline and tab stay, all else is made safe. */
    while (n) {
        size_t k = 0;
        while (k < n && text[k] != '\n' && text[k] != '\t') k++;
        ox_out_name(&s->out, text, k);
        if (k < n) {
            ox_status st = ox_out_write(&s->out, text + k, 1, err);
            if (st != OX_OK) return st;
            k++;
        }
        text += k;
        n -= k;
    }
    return OX_OK;
}

static ox_status host_types(void *ud, const ox_model *m, ox_error *err)
{
    ox_session *s = ud;
    if (m != s->model || s->asked_types) return OX_OK;
    s->asked_types = true; /* what a chunk changes while it asks is followed from its next line on */
    return ox_session_types(s, err);
}

static ox_model *host_model(void *ud)
{
    return ((ox_session *)ud)->model;
}

static ox_status host_command(void *ud, const char *line, ox_error *err)
{
    return ox_session_line(ud, line, NULL, err);
}

static ox_status host_define(void *ud, const char *name, const char *usage, const char *help, int run_id, ox_error *err)
{
    ox_session *s = ud;
    if (ox_command_find(name, strlen(name)))
        return ox_error_set(err, OX_E_INVALID, "'%s' is a command of onnxsh already", name);
    ox_lua_command c = {strdup(name), strdup(usage ? usage : ""), strdup(help ? help : ""), run_id};
    ox_lua_command *p = NULL;
    for (size_t i = 0; i < s->n_lua_commands && !p; i++)
        if (strcmp(s->lua_commands[i].name, name) == 0) p = &s->lua_commands[i];
    if (p) {
        free(p->name), free(p->usage), free(p->help);
    } else {
        ox_lua_command *grown = realloc(s->lua_commands, (s->n_lua_commands + 1) * sizeof *grown);
        if (grown) {
            s->lua_commands = grown;
            p = &grown[s->n_lua_commands++];
        }
    }
    if (p) *p = c;
    if (!p || !c.name || !c.usage || !c.help) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    return OX_OK;
}

ox_status ox_session_script(ox_session *s, ox_error *err)
{
    if (s->script) return OX_OK;
    ox_script_options opt = {
        .lua_dir = s->g.lua_dir,
        .symbolics = s->symbolics,
        .host = {s, host_print, host_model, host_command, host_define, host_types},
    };
    ox_status st = ox_script_create(&s->script, &opt, err);
    if (st != OX_OK) return st;
    ox_interrupt_script(s->script);
    if (!s->g.no_init) {
        char *init = ox_xdg_path("config", "init.lua", false);
        FILE *f = init ? fopen(init, "r") : NULL;
        if (f) {
            fclose(f);
            st = ox_session_lua_file(s, init, err);
        }
        free(init);
    }
    for (size_t i = 0; i < s->g.lua_files.n && st == OX_OK; i++) st = ox_session_lua_file(s, s->g.lua_files.p[i], err);
    return st;
}

ox_status ox_session_init(ox_session *s, ox_error *err)
{
    ox_out_init(&s->out, s->g.color);
    s->opset = OX_OPSET_DEFAULT;
    return ox_symbolics_create(&s->symbolics, err);
}

/* ---- types that follow the edits ---- */

void ox_session_follow(ox_session *s, ox_inference *inf)
{
    ox_inference_free(s->inference);
    s->inference = inf;
    s->inference_is_new = inf && ox_journal_is_open(s->model);
    s->inference_from = s->inference_is_new ? ox_journal_n_undo(s->model) + 1 : 0;
}

static void on_infer(void *session, const ox_infer_finding *f)
{
    ox_error w;
    ox_session *s = session;
    ox_error_set(&w, OX_OK, "%s", f->message);
    ox_node_scope_text(s->model, f->node, w.node, sizeof w.node);
    ox_session_warn(s, &w);
}

/* What a line changed is inferred again, as part of its step. Once the step of `infer` is undone, nothing is. */
static ox_status update_types(ox_session *s, ox_error *err)
{
    if (!s->inference || s->inference_is_new) {
        s->inference_is_new = false;
        return OX_OK;
    }
    if (ox_journal_n_undo(s->model) < s->inference_from) {
        ox_session_follow(s, NULL);
        return OX_OK;
    }
    ox_status st = ox_inference_update(s->inference, on_infer, s, ox_progress_task(s->g.quiet), err);
    ox_progress_done();
    if (st != OX_E_CHECK) return st;
    ox_session_warn(s, err); /* strict, and a contradiction: the edit stands, the types are those of before */
    ox_error_clear(err);
    return OX_OK;
}

/* What was inferred of the model goes with it. */
static void drop_types(ox_session *s)
{
    ox_session_follow(s, NULL);
    ox_typing_free(s->typing);
    s->typing = NULL;
}

static void drop_result(ox_session *s)
{
    ox_report_free(s->report);
    ox_model_free(s->result);
    free(s->result_path);
    s->report = NULL;
    s->failure = 0; /* it was one of that report */
    s->result = NULL;
    s->result_path = NULL;
}

static void close_beside(ox_session *s)
{
    ox_typing_free(s->beside_typing);
    ox_model_free(s->beside);
    free(s->beside_path);
    s->beside_typing = NULL;
    s->beside = NULL;
    s->beside_path = NULL;
}

void ox_session_free(ox_session *s)
{
    ox_interrupt_script(NULL);
    ox_debug_end(s);
    ox_error none;
    if (ox_break_remove(s, 0, &none) == OX_OK) free(s->breakpoints);
    ox_script_free(s->script);
    ox_symbolics_free(s->symbolics);
    drop_result(s);
    drop_types(s);
    bool keep = s->model && ox_model_is_modified(s->model);
    ox_model_free(s->model);
    ox_journal_close(s, s->journal.hung_up && keep);
    close_beside(s);
    ox_words_free(&s->g.lua_files);
    ox_words_free(&s->g.inputs);
    ox_words_free(&s->g.weights);
    ox_words_free(&s->typed);
    ox_words_free(&s->chunks);
    for (size_t i = 0; i < s->n_lua_commands; i++) {
        free(s->lua_commands[i].name);
        free(s->lua_commands[i].usage);
        free(s->lua_commands[i].help);
    }
    free(s->lua_commands);
    ox_bounds_free(&s->bound);
    ox_bounds_free(&s->colors);
    for (size_t i = 0; i < s->n_lua_files; i++) free(s->lua_files[i].path);
    free(s->lua_files);
    free(s->g.lua_dir);
    free(s->path);
}

/* ---- opening ---- */

typedef struct bind_note {
    ox_session *s;
    bool trace;
    const char *path;
    size_t shown;
} bind_note;

enum { MAX_BIND_NOTES = 8 };

static void on_bind(void *ud, const char *kind, const char *name, const char *detail)
{
    bind_note *b = ud;
    ox_error w;
    if (!b->trace && strcmp(kind, "unused") == 0) return; /* an ONNX model has weights of its own */
    if (b->shown++ >= MAX_BIND_NOTES) return;
    ox_error_set(&w, OX_OK, "%s: %s%s%s", kind, name, detail && *detail ? ", " : "", detail ? detail : "");
    snprintf(w.file, sizeof w.file, "%s", b->path);
    ox_session_warn(b->s, &w);
}

static ox_status bind_weights(ox_session *s, ox_model *m, ox_error *err)
{
    size_t lifted; /* what an inlined graph reads from its modules is bound by the same names */
    ox_status lift = s->g.weights.n ? ox_lift_parameters(m, &lifted, err) : OX_OK;
    if (lift != OX_OK) return lift;
    for (size_t i = 0; i < s->g.weights.n; i++) {
        ox_bind_report r;
        bind_note b = {s, ox_model_get_kind(m) == OX_MODEL_TRACE, s->g.weights.p[i], 0};
        ox_open_options opt = {.follow_links = s->g.follow_links, .task = ox_progress_task(s->g.quiet)};
        ox_status st = ox_bind_weights_with(m, b.path, &opt, &r, on_bind, &b, err);
        if (st != OX_OK) return st;
        if (b.shown > MAX_BIND_NOTES && !s->g.quiet)
            fprintf(stderr, "onnxsh: %s: and %zu more like these\n", b.path, b.shown - MAX_BIND_NOTES);
        if (s->interactive && !s->g.quiet) ox_out_f(&s->out, "%zu parameters bound from %s\n", r.bound, b.path);
    }
    return OX_OK;
}

/* Edits that were not saved stay in the journal of the model that is closed, for `session recover`. */
static void close_model(ox_session *s)
{
    bool keep = s->model && ox_model_is_modified(s->model);
    ox_debug_end(s); /* it reads the model */
    drop_result(s);
    drop_types(s);
    ox_model_free(s->model);
    ox_journal_close(s, keep);
    free(s->path);
    memset(s->marks, 0, sizeof s->marks);
    s->cursor = (ox_node){0, 0};
}

ox_status ox_session_open(ox_session *s, const char *path, int graph, ox_error *err)
{
    ox_model *m = NULL;
    ox_open_options opt = {.graph = graph, .follow_links = s->g.follow_links, .task = ox_progress_task(s->g.quiet)};
    char *copy = strdup(path);
    if (!copy) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    ox_status st = ox_open(&m, path, &opt, ox_session_warn, s, err);
    ox_progress_done();
    if (st == OX_OK) st = ox_input_apply(m, &s->g.inputs, err);
    if (st == OX_OK) st = bind_weights(s, m, err);
    if (st == OX_OK) st = ox_journal_commit(m, "open", err);
    if (st != OX_OK) {
        free(copy);
        ox_model_free(m);
        return st;
    }
    ox_model_set_saved(m);
    close_model(s);
    s->model = m;
    s->path = copy;
    s->graph = graph;
    ox_journal_opened(s);
    ox_recover_opened(s);
    return OX_OK;
}

ox_status ox_session_open_result(ox_session *s, ox_error *err)
{
    if (!s->result) return ox_error_set(err, OX_E_INVALID, "there is no result: `export` makes one");
    ox_model *m = s->result;
    char *path = s->result_path;
    s->result = NULL;
    s->result_path = NULL;
    close_model(s);
    s->model = m;
    s->path = path;
    s->graph = 0;
    return OX_OK;
}

ox_status ox_session_beside(ox_session *s, const char *path, int graph, ox_error *err)
{
    ox_model *m = NULL;
    ox_open_options opt = {.graph = graph, .follow_links = s->g.follow_links, .task = ox_progress_task(s->g.quiet)};
    char *copy = path ? strdup(path) : NULL;
    if (path && !copy) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    ox_status st = path ? ox_open(&m, path, &opt, ox_session_warn, s, err) : OX_OK;
    ox_progress_done();
    if (st != OX_OK) {
        free(copy);
        return st;
    }
    close_beside(s);
    s->beside = m;
    s->beside_path = copy;
    return OX_OK;
}

ox_status ox_session_model(ox_session *s, ox_model **m, ox_error *err)
{
    *m = s->model;
    if (s->model) return OX_OK;
    ox_error_set(err, OX_E_INVALID, "no model is open");
    ox_error_hint(err, "open one: open FILE");
    return OX_E_INVALID;
}

/* ---- lines ---- */

static const ox_lua_command *find_lua_command(const ox_session *s, const char *name, size_t n)
{
    for (size_t i = 0; i < s->n_lua_commands; i++)
        if (strlen(s->lua_commands[i].name) == n && memcmp(s->lua_commands[i].name, name, n) == 0)
            return &s->lua_commands[i];
    return NULL;
}

bool ox_session_is_command(const ox_session *s, const char *line)
{
    line += strspn(line, " \t");
    if (*line == ':') return true;
    size_t n = strcspn(line, " \t");
    const char *after = line + n + strspn(line + n, " \t");
    if (*after == '=') return false;
    return ox_command_find(line, n) || find_lua_command(s, line, n);
}

static ox_status run_lua_command(ox_session *s, const ox_lua_command *c, const char *rest, const char *line,
                                 ox_error *err)
{
    char *store = NULL;
    const char *words[OX_ARGS_MAX];
    size_t n;
    ox_status st = ox_debug_waits(s, c->name, err);
    if (st == OX_OK) st = ox_line_split(rest, &store, words, OX_ARGS_MAX, &n, err);
    ox_interrupt_clear();
    if (st == OX_OK) st = ox_journal_ready(s, err);
    if (st == OX_OK) st = ox_script_run(s->script, c->run_id, n, words, err);
    if (st == OX_OK) st = ox_session_commit(s, line, err);
    free(store);
    ox_status e = ox_out_end(&s->out, st == OX_OK ? err : NULL);
    return st != OX_OK ? st : e;
}

static ox_status run_lua(ox_session *s, const char *text, const char *line, bool *incomplete, ox_error *err)
{
    if (s->debug) {
        ox_error_set(err, OX_E_INVALID, "Lua waits while a conversion is stopped");
        ox_error_hint(err, "`print EXPRESSION` evaluates at the stop; `continue` or `debug stop` ends it");
        return OX_E_INVALID;
    }
    ox_status st = ox_session_script(s, err);
    if (st == OX_OK) st = ox_journal_ready(s, err);
    if (st != OX_OK) return st;
    ox_mark mark;
    if (s->model) mark = ox_journal_mark(s->model);
    const ox_model *before = s->model;
    ox_interrupt_clear();
    st = ox_script_chunk(s->script, text, strlen(text), "=prompt", incomplete, err);
    bool edits = s->model && ox_journal_is_open(s->model);
    if (st == OX_OK && !edits) st = ox_session_keep_chunk(s, text, err);
    if (st == OX_OK)
        st = ox_session_commit(s, line, err);
    else if (before && s->model == before) /* also without a change: memory may have run out */
        ox_journal_rollback(s->model, mark);
    ox_status e = ox_out_end(&s->out, st == OX_OK ? err : NULL);
    return st != OX_OK ? st : e;
}

ox_status ox_session_line(ox_session *s, const char *line, bool *incomplete, ox_error *err)
{
    const char *p = line + strspn(line, " \t");
    s->asked_types = false;
    if (incomplete) *incomplete = false;
    if (!*p) return OX_OK;
    if (*p == '=') return run_lua(s, p + 1, line, incomplete, err);
    if (!ox_session_is_command(s, p)) return run_lua(s, p, line, incomplete, err);
    if (*p == ':') p += 1 + strspn(p + 1, " \t");
    size_t n = strcspn(p, " \t");
    const ox_cmd *cmd = ox_command_find(p, n);
    if (cmd) return ox_command_line(s, cmd, p + n, line, err);
    const ox_lua_command *lua = find_lua_command(s, p, n);
    if (lua) return run_lua_command(s, lua, p + n, line, err);
    ox_error_set(err, OX_E_INVALID, "there is no command '%.*s'", (int)(n < 100 ? n : 100), p);
    ox_error_hint(err, "`help` lists the commands");
    return OX_E_INVALID;
}

ox_status ox_session_commit(ox_session *s, const char *line, ox_error *err)
{
    if (!s->model || !ox_journal_is_open(s->model)) return OX_OK;
    ox_status st = update_types(s, err);
    if (st == OX_OK) st = ox_journal_commit(s->model, line, err);
    if (st == OX_OK) ox_journal_log(s);
    return st;
}

/* Lines of a script: '#' begins a comment unless a Lua chunk is unfinished; a chunk may take several lines. */
ox_status ox_session_file(ox_session *s, const char *path, ox_error *err)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (!f) {
        ox_error_set(err, OX_E_IO, "cannot open the script: %s", strerror(errno));
        snprintf(err->file, sizeof err->file, "%s", path);
        return OX_E_IO;
    }
    char *line = NULL, *chunk = NULL;
    size_t cap = 0, n_chunk = 0;
    uint32_t number = 0, first = 0;
    bool incomplete = false;
    ox_status st = OX_OK;
    for (ssize_t n; st == OX_OK && !s->quit && (n = getline(&line, &cap, f)) >= 0;) {
        number++;
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) line[--n] = '\0';
        const char *p = line + strspn(line, " \t");
        if (!incomplete && (*p == '#' || *p == '\0')) continue;
        if (!incomplete) first = number, n_chunk = 0;
        char *grown = realloc(chunk, n_chunk + (size_t)n + 2);
        if (!grown) {
            st = ox_error_set(err, OX_E_NOMEM, "out of memory");
            break;
        }
        chunk = grown;
        if (n_chunk) chunk[n_chunk++] = '\n';
        memcpy(chunk + n_chunk, line, (size_t)n + 1);
        n_chunk += (size_t)n;
        st = ox_session_line(s, chunk, &incomplete, err);
        if (incomplete) st = OX_OK;
    }
    if (st == OX_OK && incomplete) st = ox_error_set(err, OX_E_SCRIPT, "the Lua that begins here is not finished");
    if (st != OX_OK && !err->file[0])
        ox_error_at_line(err, path, first, 0);
    else if (st != OX_OK)
        ox_error_context(err, "%s:%u", path, first);
    free(line);
    free(chunk);
    if (f != stdin) fclose(f);
    return st;
}

/* ---- messages ---- */

void ox_session_report(ox_session *s, const ox_error *err)
{
    char text[2048];
    ox_progress_done();
    if (s->out.f) fflush(s->out.f);
    ox_error_format(err, text, sizeof text);
    fprintf(stderr, "onnxsh: %s\n", text);
    fflush(stderr);
}

void ox_session_warn(void *session, const ox_error *warning)
{
    ox_session *s = session;
    char text[2048];
    if (s->g.quiet) return;
    ox_progress_done();
    if (s->out.f) fflush(s->out.f);
    ox_error_format(warning, text, sizeof text);
    fprintf(stderr, "onnxsh: warning: %s\n", text);
}
