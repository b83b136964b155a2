/* Floor 7. The editor at a symbolic function: the user's own where there is one, else a copy in a file of the user's.
 */
#include "app/cmd.h"
#include "app/cmd/symbolic_new.h"
#include "app/debug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the editor ---- */

static const char *editor(void)
{
    const char *e = getenv("VISUAL");
    if (!e || !*e) e = getenv("EDITOR");
    return e && *e ? e : "vi";
}

ox_status ox_editor_run(ox_session *s, const char *path, uint32_t line, ox_error *err)
{
    char at[16], command[4096];
    int state = 0;
    snprintf(at, sizeof at, "+%u", line);
    /* the variable may hold arguments: the shell splits it, the path stays one word */
    snprintf(command, sizeof command, "exec %s %s\"$0\"", editor(), line ? at : "");
    if (line) snprintf(command, sizeof command, "exec %s \"$1\" \"$0\"", editor());
    if (s->out.f) fflush(s->out.f);
    if (s->lend) s->lend(s->lend_ud, true);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, path, at, (char *)NULL);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &state, 0) < 0 && errno == EINTR) {}
    if (s->lend) s->lend(s->lend_ud, false);
    if (pid > 0 && WIFEXITED(state) && WEXITSTATUS(state) == 0) return OX_OK;
    if (pid > 0 && WIFEXITED(state) && WEXITSTATUS(state) != 127)
        ox_error_set(err, OX_E_IO, "the editor '%s' ended with status %d", editor(), WEXITSTATUS(state));
    else
        ox_error_set(err, OX_E_IO, "the editor '%s' cannot be run", editor());
    ox_error_hint(err, "the variables VISUAL and EDITOR name it");
    return OX_E_IO;
}

/* ---- where the function stands ---- */

typedef struct own {
    char *path;
    uint32_t line;
    ox_status st;
} own;

static bool on_def(void *ud, const ox_symbolic_def *d)
{
    own *o = ud;
    if (d->builtin || !d->file || access(d->file, F_OK) != 0) return true;
    o->path = strdup(d->file);
    o->line = d->line;
    return false;
}

/* The lines of a file; 0 if there is none. */
static uint32_t count_lines(const char *path)
{
    uint32_t n = 0;
    FILE *f = fopen(path, "r");
    for (int c; f && (c = getc(f)) != EOF;) n += c == '\n';
    if (f) fclose(f);
    return n;
}

static ox_status append(const char *path, const char *text, uint32_t *line, ox_error *err)
{
    *line = count_lines(path) + 1;
    FILE *f = fopen(path, "a");
    bool fresh = *line == 1, ok = f && fprintf(f, "%s%s", fresh ? "" : "\n", text) > 0;
    if (f && fclose(f) != 0) ok = false;
    if (!fresh) ++*line;
    if (ok) return OX_OK;
    ox_error_set(err, OX_E_IO, "%s", strerror(errno));
    snprintf(err->file, sizeof err->file, "%s", path);
    return OX_E_IO;
}

/* A built-in function that leans on the rest of its file is shown as a comment, above the skeleton of one. */
static ox_status commented(ox_session *s, const char *name, ox_node at, const char *source, const char *where,
                           char **text, ox_error *err)
{
    char *skeleton, *out = NULL;
    size_t n = 0;
    ox_status st = ox_symbolic_skeleton(s, name, at, &skeleton, err);
    if (st != OX_OK) return st;
    FILE *f = open_memstream(&out, &n);
    if (f) fprintf(f, "-- %s has it so; it uses locals of that file:\n", where);
    for (const char *p = source; f && *p;) {
        size_t k = strcspn(p, "\n");
        fprintf(f, "--   %.*s\n", (int)k, p);
        p += k + (p[k] == '\n');
    }
    if (f) fputs(skeleton, f);
    bool ok = f && fclose(f) == 0 && out;
    free(skeleton);
    *text = out;
    return ok ? OX_OK : ox_error_set(err, OX_E_NOMEM, "out of memory");
}

/* What a function that is not the user's begins as. */
static ox_status first_text(ox_session *s, const char *name, ox_node at, char **text, ox_error *err)
{
    int64_t opset;
    char *source, where[512];
    ox_status st = ox_target_opset(s, NULL, &opset, err);
    if (st != OX_OK) return st;
    ox_error none;
    st = ox_script_source(s->script, name, opset, &source, where, sizeof where, &none);
    if (st == OX_E_NOT_FOUND) return ox_symbolic_skeleton(s, name, at, text, err);
    if (st != OX_OK) {
        *err = none;
        return st;
    }
    bool alone;
    st = ox_script_source_is_alone(s->script, name, opset, &alone, err);
    if (st == OX_OK && !alone) st = commented(s, name, at, source, where, text, err);
    if (st != OX_OK || !alone) {
        ox_script_free_text(source);
        return st;
    }
    size_t n = strlen(source);
    int k = asprintf(text, "-- a copy of %s\n%s%s", where, source, n && source[n - 1] == '\n' ? "" : "\n");
    ox_script_free_text(source);
    return k < 0 ? ox_error_set(err, OX_E_NOMEM, "out of memory") : OX_OK;
}

static char *default_file(const ox_session *s)
{
    if (s->g.lua_files.n) return strdup(s->g.lua_files.p[s->g.lua_files.n - 1]);
    return ox_xdg_path("data", "symbolics.lua", true);
}

ox_status ox_symbolic_edit(ox_session *s, const char *name, ox_node at, const char *to, ox_error *err)
{
    own o = {0};
    char *text = NULL;
    ox_status st = ox_session_script(s, err);
    if (st == OX_OK) st = ox_symbolics_each(s->symbolics, name, on_def, &o, err);
    if (st == OX_OK && !o.path) {
        o.path = to ? strdup(to) : default_file(s);
        if (!o.path) st = ox_error_set(err, OX_E_INVALID, "there is no place for a file: --to FILE names one");
        if (st == OX_OK) st = first_text(s, name, at, &text, err);
        if (st == OX_OK) st = append(o.path, text, &o.line, err);
    }
    if (st == OX_OK) st = ox_editor_run(s, o.path, o.line, err);
    if (st == OX_OK) st = ox_session_lua_file(s, o.path, err);
    if (st == OX_E_INVALID && s->debug) ox_error_hint(err, "it is loaded by itself when the conversion has ended");
    if (st == OX_OK && !s->g.json) {
        ox_out_name(&s->out, o.path, strlen(o.path));
        ox_out_f(&s->out, " is loaded; -l loads it in other sessions\n");
    } else if (st == OX_OK) {
        ox_json_said(&s->out, "loaded", o.path, strlen(o.path));
    }
    free(text);
    free(o.path);
    return st;
}
