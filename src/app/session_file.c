/* Floor 7. Session files: writing one, and doing again what it holds. */
#include "app/session_file.h"

#include "app/anchor.h"
#include "app/cmd.h"
#include "app/debug.h"
#include "app/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *ox_session_default(const ox_session *s, bool make)
{
    char name[32], *path = NULL;
    if (!s->journal.real) return NULL;
    char *dir = ox_journal_place(s->journal.real, make, name, sizeof name);
    if (dir && asprintf(&path, "%.*ssession-%s", (int)(strlen(dir) - strlen("journal/")), dir, name) < 0) path = NULL;
    free(dir);
    return path;
}

/* ---- what is kept ---- */

/* A definition is an assignment, a function, or a call of what registers something. */
static bool defines(const char *text)
{
    static const char *const words[] = {"symbolic", "command", "function", "require", "dofile"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(text, words[i])) return true;
    for (const char *p = text; (p = strchr(p, '=')); p++) {
        if (p > text && !strchr("=~<>", p[-1]) && p[1] != '=') return true;
        if (p[1] == '=') p++;
    }
    return false;
}

ox_status ox_session_keep_chunk(ox_session *s, const char *text, ox_error *err)
{
    return s->interactive && defines(text) ? ox_words_add(&s->chunks, text, err) : OX_OK;
}

static ox_status add_line(ox_log *log, ox_error *err, const char *fmt, ...) OX_PRINTF(3, 4);
static ox_status add_line(ox_log *log, ox_error *err, const char *fmt, ...)
{
    char *line = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&line, fmt, ap);
    va_end(ap);
    if (n < 0) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    ox_status st = ox_log_append(log, 'C', line, (size_t)n, err);
    free(line);
    return st;
}

static ox_status add_settings(ox_session *s, ox_log *log, ox_error *err)
{
    const ox_setting *rows;
    char value[64];
    ox_status st = OX_OK;
    for (size_t i = 0, n = ox_settings(&rows); i < n && st == OX_OK; i++) {
        if (strcmp(rows[i].name, "color") == 0 || strcmp(rows[i].name, "json") == 0) continue; /* of the terminal */
        rows[i].get(s, value, sizeof value);
        st = add_line(log, err, "set %s %s", rows[i].name, value);
    }
    for (size_t i = 0; i < s->bound.n && st == OX_OK; i++)
        st = add_line(log, err, "bind %s %s", s->bound.p[i].key, s->bound.p[i].line);
    for (size_t i = 0; i < s->colors.n && st == OX_OK; i++)
        st = add_line(log, err, "color %s %s", s->colors.p[i].key, s->colors.p[i].line);
    for (size_t i = 0; i < s->n_breakpoints && st == OX_OK; i++) {
        const ox_breakpoint *b = &s->breakpoints[i];
        st = add_line(log, err, "break %s%s%s", b->query, b->condition ? " if " : "", b->condition ? b->condition : "");
    }
    if (s->watch.on && st == OX_OK) st = add_line(log, err, "watch on");
    return st;
}

static ox_status add_lua(ox_session *s, ox_log *log, ox_error *err)
{
    ox_status st = OX_OK;
    char real[PATH_MAX];
    for (size_t i = 0; i < s->n_lua_files && st == OX_OK; i++) {
        const char *path = realpath(s->lua_files[i].path, real) ? real : s->lua_files[i].path;
        st = ox_log_append(log, 'F', path, strlen(path), err);
    }
    for (size_t i = 0; i < s->chunks.n && st == OX_OK; i++)
        st = ox_log_append(log, 'L', s->chunks.p[i], strlen(s->chunks.p[i]), err);
    return st;
}

static ox_status add_beside(ox_session *s, ox_log *log, ox_error *err)
{
    char real[PATH_MAX];
    if (!s->beside) return OX_OK;
    const char *path = realpath(s->beside_path, real) ? real : s->beside_path;
    return ox_log_append(log, 'B', path, strlen(path), err);
}

/* A mark is its letter, and its anchor as it lies in memory: a program that has other anchors leaves marks out. */
static ox_status add_marks(ox_session *s, ox_log *log, ox_error *err)
{
    char mark[1 + sizeof(ox_anchor)];
    ox_anchor at;
    ox_status st = OX_OK;
    for (int i = 0; i < 26 && st == OX_OK; i++) {
        if (!s->model || !ox_node_is_alive(s->model, s->marks[i])) continue;
        ox_anchor_take(s->model, s->marks[i], &at);
        mark[0] = (char)('a' + i);
        memcpy(mark + 1, &at, sizeof at);
        st = ox_log_append(log, 'M', mark, sizeof mark, err);
    }
    return st;
}

/* All edits since the file was opened or saved; they are read back from the journal. */
static ox_status add_edits(ox_session *s, ox_log *log, ox_error *err)
{
    ox_log_data *d;
    size_t n;
    ox_journal_log(s);
    if (s->model && ox_model_is_modified(s->model) && (!s->journal.log || s->journal.failed)) {
        ox_error_set(err, OX_E_INVALID, "the edits of this session are in no journal");
        ox_error_hint(err, "there is one at a prompt, for a file that was opened; `save` writes the model itself");
        return OX_E_INVALID;
    }
    if (!s->journal.log) return OX_OK;
    ox_status st = ox_log_read(&d, ox_log_path(s->journal.log), err);
    if (st != OX_OK) return st;
    char *bytes = ox_journal_edits(d, &n);
    ox_log_free(d);
    if (!bytes) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    if (n) st = ox_log_append(log, 'E', bytes, n, err);
    free(bytes);
    return st;
}

static ox_status check_target(const char *path, ox_error *err)
{
    ox_log_data *d;
    struct stat st;
    if (stat(path, &st) != 0) return OX_OK;
    ox_status s = ox_log_read(&d, path, err);
    if (s == OX_OK) ox_log_free(d);
    if (s == OX_E_FORMAT || s == OX_E_UNSUPPORTED) ox_error_hint(err, "it is not written over");
    return s;
}

ox_status ox_session_store(ox_session *s, const char *path, ox_error *err)
{
    char *beside = NULL;
    ox_log *log = NULL;
    ox_status st = check_target(path, err);
    if (st == OX_OK) st = ox_journal_hash(s, err);
    if (st != OX_OK) return st;
    if (asprintf(&beside, "%s.%ld.new", path, (long)getpid()) < 0)
        return ox_error_set(err, OX_E_NOMEM, "out of memory");
    st = ox_log_create(&log, beside, err);
    if (st == OX_OK) st = ox_journal_head(s, log, err);
    if (st == OX_OK) st = add_settings(s, log, err);
    if (st == OX_OK) st = add_lua(s, log, err);
    if (st == OX_OK) st = add_edits(s, log, err);
    if (st == OX_OK) st = add_marks(s, log, err);
    if (st == OX_OK) st = add_beside(s, log, err);
    if (st == OX_OK && rename(beside, path) != 0) {
        st = ox_error_set(err, OX_E_IO, "cannot rename over it: %s", strerror(errno));
        snprintf(err->file, sizeof err->file, "%s", path);
    }
    ox_log_close(log, false);
    if (st != OX_OK) unlink(beside);
    free(beside);
    return st;
}

/* ---- doing it again ---- */

static ox_status run_record(ox_session *s, const ox_log_record *r, ox_error *err)
{
    ox_status st = ox_session_script(s, err);
    size_t n;
    if (st != OX_OK) return st;
    switch (r->kind) {
    case 'C': return strlen(r->p) == r->n ? ox_session_line(s, r->p, NULL, err) : OX_OK;
    case 'F':
        for (size_t i = 0; i < s->n_lua_files; i++)
            if (strcmp(s->lua_files[i].path, r->p) == 0) return OX_OK;
        return ox_session_lua_file(s, r->p, err);
    case 'L':
        st = ox_script_chunk(s->script, r->p, r->n, "=session", NULL, err);
        return st == OX_OK ? ox_session_keep_chunk(s, r->p, err) : st;
    case 'B': /* it was looked at only: without it the rest is worth as much */
        st = ox_session_beside(s, r->p, 0, err);
        if (st == OX_OK || st == OX_E_NOMEM || st == OX_E_INTERRUPTED) return st;
        ox_session_warn(s, err);
        ox_error_clear(err);
        return OX_OK;
    case 'E':
        st = ox_journal_ready(s, err);
        if (st == OX_OK) st = ox_journal_play(s->model, r->p, r->n, &n, err);
        ox_journal_log(s);
        return st;
    case 'M': {
        ox_anchor a;
        if (r->n != sizeof a + 1 || *r->p < 'a' || *r->p > 'z') return OX_OK;
        memcpy(&a, r->p + 1, sizeof a);
        a.name[sizeof a.name - 1] = a.op[sizeof a.op - 1] = a.output[sizeof a.output - 1] = '\0';
        a.scope[sizeof a.scope - 1] = '\0';
        s->marks[*r->p - 'a'] = ox_anchor_find(s->model, &a);
        return OX_OK;
    }
    default: return OX_OK;
    }
}

/* Opens the model if it is another one, and holds it against what the file says. */
static ox_status open_model(ox_session *s, const ox_leftover *l, int graph, ox_error *err)
{
    uint64_t hash;
    bool open = s->model && s->journal.real && strcmp(s->journal.real, l->model) == 0;
    if (s->model && ox_model_is_modified(s->model)) {
        ox_error_set(err, OX_E_INVALID, "the model has unsaved edits");
        ox_error_hint(err, "`save` or `undo` them first");
        return OX_E_INVALID;
    }
    s->journal.asked = true;
    ox_status st = open ? OX_OK : ox_session_open(s, l->model, graph, err);
    if (st == OX_OK) st = ox_model_hash(s->model, &hash, err);
    if (st != OX_OK || hash == l->hash) return st;
    ox_error_set(err, OX_E_INVALID, "the session does not fit: the model has changed since, or was opened otherwise");
    snprintf(err->file, sizeof err->file, "%s", l->model);
    return OX_E_INVALID;
}

ox_status ox_session_fetch(ox_session *s, const char *path, ox_error *err)
{
    ox_log_data *d;
    const ox_log_record *r;
    ox_leftover l = {0};
    ox_status st = ox_log_read(&d, path, err);
    if (st != OX_OK) return st;
    size_t n = ox_log_records(d, &r);
    if (!ox_leftover_read(&l, d)) {
        st = ox_error_set(err, OX_E_FORMAT, "this is not a session");
        snprintf(err->file, sizeof err->file, "%s", path);
    }
    for (size_t i = 1; i < n && st == OX_OK; i++) /* symbolic functions first, as with -l */
        if (r[i].kind == 'F' || r[i].kind == 'L') st = run_record(s, &r[i], err);
    if (st == OX_OK && *l.model) st = open_model(s, &l, l.graph, err);
    for (size_t i = 1; i < n && st == OX_OK; i++)
        if (r[i].kind != 'F' && r[i].kind != 'L') st = run_record(s, &r[i], err);
    if (st == OX_OK && l.torn) {
        ox_error w;
        ox_error_set(&w, OX_OK, "%s holds no more than this: %s", path, l.torn);
        ox_session_warn(s, &w);
    }
    free(l.model);
    ox_log_free(d);
    return st;
}
