/* Floor 7. What earlier sessions left in their journals: finding it, telling of it, doing it again. */
#include "app/journal.h"

#include "app/session.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- finding ---- */

static void free_leftover(ox_leftover *l)
{
    free(l->path);
    free(l->model);
}

void ox_leftovers_free(ox_leftovers *x)
{
    for (size_t i = 0; i < x->n; i++) free_leftover(&x->p[i]);
    free(x->p);
    *x = (ox_leftovers){0};
}

static ox_left_state fit_of(const ox_leftover *l)
{
    ox_stamp now;
    if (!ox_stamp_of(l->model, &now)) return OX_LEFT_GONE;
    return ox_stamp_same(&now, &l->stamp) ? OX_LEFT_FITS : OX_LEFT_CHANGED;
}

/* One that says something of this model (NULL: of any). */
static bool look_at(ox_leftover *l, const char *path, const char *real)
{
    ox_log_data *d;
    ox_error err;
    struct stat st;
    *l = (ox_leftover){.path = strdup(path)};
    if (!l->path || stat(path, &st) != 0) return false;
    ox_status s = ox_log_read(&d, path, &err);
    if (s == OX_E_UNSUPPORTED) {
        l->when = st.st_mtime;
        l->fit = OX_LEFT_FOREIGN;
        return (l->model = strdup(real ? real : "")) != NULL;
    }
    if (s != OX_OK) return false;
    bool ok = ox_leftover_read(l, d) && (l->records || l->in_use) && (!real || strcmp(real, l->model) == 0);
    if (ok) {
        l->when = st.st_mtime;
        l->fit = fit_of(l);
    }
    ox_log_free(d);
    return ok;
}

static int newest_first(const void *a, const void *b)
{
    time_t x = ((const ox_leftover *)a)->when, y = ((const ox_leftover *)b)->when;
    return (x < y) - (x > y);
}

static ox_status add_leftover(ox_leftovers *out, const char *dir, const char *leaf, const char *real, ox_error *err)
{
    char *path = NULL;
    ox_leftover l = {0};
    if (asprintf(&path, "%s%s", dir, leaf) < 0) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    bool ok = look_at(&l, path, real);
    free(path);
    ox_leftover *p = ok ? realloc(out->p, (out->n + 1) * sizeof *p) : NULL;
    if (p) {
        out->p = p;
        out->p[out->n++] = l;
        return OX_OK;
    }
    free_leftover(&l);
    return ok ? ox_error_set(err, OX_E_NOMEM, "out of memory") : OX_OK;
}

ox_status ox_leftovers_find(ox_leftovers *out, const char *model, ox_error *err)
{
    char real[PATH_MAX], name[32] = "";
    *out = (ox_leftovers){0};
    if (model && !realpath(model, real)) return OX_OK;
    char *dir = ox_journal_place(model ? real : NULL, false, name, sizeof name);
    DIR *d = dir ? opendir(dir) : NULL;
    ox_status st = OX_OK;
    for (struct dirent *e; d && st == OX_OK && (e = readdir(d));)
        if (*e->d_name != '.' && strncmp(e->d_name, name, strlen(name)) == 0)
            st = add_leftover(out, dir, e->d_name, model ? real : NULL, err);
    if (d) closedir(d);
    free(dir);
    if (out->n) qsort(out->p, out->n, sizeof *out->p, newest_first);
    if (st != OX_OK) ox_leftovers_free(out);
    return st;
}

void ox_leftover_text(const ox_leftover *l, char *buf, size_t size)
{
    char date[64] = "";
    struct tm tm;
    if (localtime_r(&l->when, &tm)) strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm);
    snprintf(buf, size, "%zu unsaved edit%s of %s", l->edits, l->edits == 1 ? "" : "s", date);
}

/* ---- telling ---- */

static char ask(const char *question)
{
    char line[64];
    for (int i = 0; i < 5; i++) {
        fprintf(stderr, "onnxsh: %s: recover, discard, keep for later? [r/d/k] ", question);
        fflush(stderr);
        if (!fgets(line, sizeof line, stdin)) break;
        char c = line[strspn(line, " \t")];
        if (c == 'r' || c == 'd' || c == 'k') return c;
    }
    clearerr(stdin);
    fputs("kept\n", stderr);
    return 'k';
}

/* The newest that can be had now; NULL if there is none. */
static const ox_leftover *wanted(const ox_leftovers *x)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->p[i].edits && !x->p[i].in_use && x->p[i].fit == OX_LEFT_FITS) return &x->p[i];
    return NULL;
}

void ox_recover_ask(ox_session *s, const char *path)
{
    ox_leftovers all;
    ox_error err;
    char text[128];
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) return;
    if (ox_leftovers_find(&all, path, &err) != OX_OK) return;
    const ox_leftover *l = wanted(&all);
    if (l) {
        ox_leftover_text(l, text, sizeof text);
        strncat(text, " found", sizeof text - strlen(text) - 1);
        char answer = ask(text);
        s->journal.asked = true;
        s->journal.recover = answer == 'r';
        if (answer == 'd') unlink(l->path);
    }
    ox_leftovers_free(&all);
}

static void tell(ox_session *s, const ox_leftover *l)
{
    char text[128];
    ox_error w;
    ox_leftover_text(l, text, sizeof text);
    if (l->fit == OX_LEFT_FOREIGN) {
        ox_error_set(&w, OX_OK, "another version of onnxsh left a journal of this file");
        ox_error_hint(&w, "that version can recover its edits; `session` lists it");
    } else if (l->in_use && s->journal.keeps) {
        ox_error_set(&w, OX_OK, "process %ld has this file open, with %zu unsaved edit%s", l->pid, l->edits,
                     l->edits == 1 ? "" : "s");
        ox_error_hint(&w, "what is saved last is what stays");
    } else if (!l->in_use && l->edits && l->fit == OX_LEFT_FITS) {
        ox_error_set(&w, OX_OK, "%s were left by an earlier session", text);
        ox_error_hint(&w, "`session recover` does them again, `session discard` drops them");
    } else if (!l->in_use && l->edits) {
        ox_error_set(&w, OX_OK, "%s are for this file as it was then: it has changed since", text);
        ox_error_hint(&w, "`session` lists them, `session discard` drops them");
    } else {
        if (!l->in_use && !l->edits) unlink(l->path); /* all of it was saved elsewhere */
        return;
    }
    ox_session_warn(s, &w);
}

void ox_recover_opened(ox_session *s)
{
    ox_leftovers all;
    ox_error err;
    size_t n;
    bool recover = s->journal.recover, asked = s->journal.asked;
    s->journal.recover = s->journal.asked = false;
    ox_error_clear(&err);
    if (!s->journal.real || ox_leftovers_find(&all, s->path, &err) != OX_OK) return;
    const ox_leftover *l = recover ? wanted(&all) : NULL;
    for (size_t i = 0; i < all.n && !l; i++)
        if (!asked || all.p[i].in_use || all.p[i].fit != OX_LEFT_FITS) tell(s, &all.p[i]);
    if (l && ox_recover(s, l, false, &n, &err) != OX_OK) ox_session_warn(s, &err);
    ox_leftovers_free(&all);
}

/* ---- doing it again ---- */

static ox_status check_fit(ox_session *s, const ox_leftover *l, bool changed, ox_error *err)
{
    char text[128];
    ox_leftover_text(l, text, sizeof text);
    if (l->fit == OX_LEFT_FOREIGN)
        return ox_error_set(err, OX_E_UNSUPPORTED, "the journal is of another version of onnxsh, which can recover it");
    if (l->in_use) return ox_error_set(err, OX_E_INVALID, "process %ld is at work on them", l->pid);
    if (ox_model_is_modified(s->model)) {
        ox_error_set(err, OX_E_INVALID, "the model has edits of its own");
        ox_error_hint(err, "`undo` them, or `open` the file again");
        return OX_E_INVALID;
    }
    if (!ox_stamp_same(&l->stamp, &s->journal.stamp) && !changed) {
        ox_error_set(err, OX_E_INVALID, "%s are for the file as it was then: it has changed since", text);
        ox_error_hint(err, "they are kept; --changed tries them all the same if its structure is what it was");
        return OX_E_INVALID;
    }
    uint64_t hash;
    ox_status st = ox_model_hash(s->model, &hash, err);
    if (st != OX_OK || hash == l->hash) return st;
    ox_error_set(err, OX_E_INVALID, "%s do not fit: the graph is not the one that was edited", text);
    ox_error_hint(err, "they are kept; was it opened with another --graph, --input or --weights?");
    return OX_E_INVALID;
}

ox_status ox_recover(ox_session *s, const ox_leftover *l, bool changed, size_t *n, ox_error *err)
{
    ox_log_data *d = NULL;
    size_t size = 0;
    *n = 0;
    ox_status st = check_fit(s, l, changed, err);
    if (st == OX_OK) st = ox_journal_ready(s, err);
    if (st == OX_OK) st = ox_log_read(&d, l->path, err);
    char *bytes = d ? ox_journal_edits(d, &size) : NULL;
    if (st == OX_OK && !bytes) st = ox_error_set(err, OX_E_NOMEM, "out of memory");
    if (st != OX_OK) {
        ox_log_free(d);
        return st;
    }
    st = ox_journal_play(s->model, bytes, size, n, err);
    free(bytes);
    ox_journal_log(s);
    bool whole = st == OX_OK && !ox_log_torn(d);
    if (st == OX_OK) *n = l->records;
    if (st == OX_OK && !whole) {
        ox_error w;
        ox_error_set(&w, OX_OK, "the journal holds no more than these edits: %s", ox_log_torn(d));
        ox_session_warn(s, &w);
    }
    if (st != OX_OK) ox_error_context(err, "%zu edits were done again, then", *n);
    ox_log_free(d);
    /* They are in our own journal now. */
    if (whole && s->journal.log && !s->journal.failed) unlink(l->path);
    if (st == OX_OK && !s->g.json && !s->g.quiet) ox_out_f(&s->out, "%zu edit%s recovered\n", *n, *n == 1 ? "" : "s");
    return st;
}
