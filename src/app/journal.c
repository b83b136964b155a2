/* Floor 7. The journal of a session: when it begins, what goes into it, when it ends. */
#include "app/journal.h"

#include "app/session.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_JOURNALS = 100 };
static const char NO_JOURNAL[] = "no journal is kept of this model: a crash would lose its edits";

void ox_journal_opened(ox_session *s)
{
    ox_journal *j = &s->journal;
    ox_error err;
    char real[PATH_MAX];
    j->on = j->has_hash = j->failed = j->lost = false;
    j->real = s->path && strcmp(s->path, "-") != 0 && realpath(s->path, real) ? strdup(real) : NULL;
    ox_stamp_of(s->path, &j->stamp);
    if (!j->keeps || !j->real) return;
    ox_error_clear(&err);
    j->on = ox_journal_record(s->model, &err) == OX_OK;
    if (j->on) return;
    ox_error_context(&err, NO_JOURNAL);
    ox_session_warn(s, &err);
}

ox_status ox_journal_hash(ox_session *s, ox_error *err)
{
    ox_journal *j = &s->journal;
    if (j->has_hash) return OX_OK;
    j->hash = 0;
    ox_status st = s->model ? ox_model_hash(s->model, &j->hash, err) : OX_OK;
    j->has_hash = st == OX_OK && s->model;
    return st;
}

ox_status ox_journal_ready(ox_session *s, ox_error *err)
{
    return s->journal.on && s->model ? ox_journal_hash(s, err) : OX_OK;
}

/* ---- writing ---- */

/* A journal of its own: one that is there already, of another session, is not written to. */
static ox_status make_log(ox_session *s, ox_error *err)
{
    ox_journal *j = &s->journal;
    char name[32];
    char *dir = ox_journal_place(j->real, true, name, sizeof name);
    if (!dir) {
        ox_error_set(err, OX_E_IO, "there is no place for the journal");
        ox_error_hint(err, "it goes to $XDG_STATE_HOME, or to .local/state in $HOME");
        return OX_E_IO;
    }
    ox_status st = OX_E_INVALID;
    for (int i = 1; i <= MOST_JOURNALS && st == OX_E_INVALID; i++) {
        char *path = NULL;
        if ((i == 1 ? asprintf(&path, "%s%s.log", dir, name) : asprintf(&path, "%s%s-%d.log", dir, name, i)) < 0)
            st = ox_error_set(err, OX_E_NOMEM, "out of memory");
        else
            st = ox_log_create(&j->log, path, err);
        free(path);
    }
    free(dir);
    if (st == OX_OK) st = ox_journal_head(s, j->log, err);
    if (st != OX_OK && j->log) {
        ox_log_close(j->log, true);
        j->log = NULL;
    }
    return st;
}

static ox_status add_pending(ox_journal *j, const char *bytes, size_t n, ox_error *err)
{
    if (!n) return OX_OK;
    char *p = realloc(j->pending, j->n_pending + n);
    if (!p) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    memcpy(p + j->n_pending, bytes, n);
    j->pending = p;
    j->n_pending += n;
    return OX_OK;
}

static void drop_pending(ox_journal *j)
{
    free(j->pending);
    j->pending = NULL;
    j->n_pending = 0;
}

/* What cannot be written now is tried again with the next line. */
static ox_status write_edits(ox_session *s, ox_error *err)
{
    ox_journal *j = &s->journal;
    const char *bytes;
    size_t n;
    if (j->lost) return ox_error_set(err, OX_E_NOMEM, "edits before it are in no journal; `save` begins a new one");
    ox_status st = ox_journal_take(s->model, &bytes, &n, err);
    if (st != OX_OK || (!n && !j->n_pending)) return st;
    bool late = j->n_pending;
    if (late && add_pending(j, bytes, n, err) != OX_OK) {
        j->lost = true;
        return OX_E_NOMEM;
    }
    if (!j->log) st = make_log(s, err);
    if (st == OX_OK) st = ox_log_append(j->log, 'E', late ? j->pending : bytes, late ? j->n_pending : n, err);
    if (st == OX_OK) {
        drop_pending(j);
    } else if (!late) {
        ox_error later;
        j->lost = add_pending(j, bytes, n, &later) != OX_OK;
    }
    return st;
}

void ox_journal_log(ox_session *s)
{
    ox_journal *j = &s->journal;
    ox_error err;
    if (!j->on || !s->model) return;
    ox_error_clear(&err);
    ox_status st = write_edits(s, &err);
    if (st == OX_OK && j->failed && !s->g.quiet) fprintf(stderr, "onnxsh: edits are in the journal again\n");
    if (st != OX_OK && !j->failed) {
        ox_error_context(&err, "the edit is made, but a crash would lose it");
        ox_session_warn(s, &err);
    }
    j->failed = st != OX_OK;
}

/* ---- ends ---- */

void ox_journal_close(ox_session *s, bool keep)
{
    ox_journal *j = &s->journal;
    ox_log_close(j->log, !keep);
    free(j->real);
    drop_pending(j);
    j->log = NULL;
    j->real = NULL;
    j->on = false;
}

static bool is_same_file(const ox_journal *j, const char *path)
{
    char real[PATH_MAX];
    return j->real && realpath(path, real) && strcmp(real, j->real) == 0;
}

ox_status ox_journal_may_save(const ox_session *s, const char *path, ox_error *err)
{
    const ox_journal *j = &s->journal;
    ox_stamp now;
    if (!is_same_file(j, path) || !ox_stamp_of(path, &now) || ox_stamp_same(&now, &j->stamp)) return OX_OK;
    ox_error_set(err, OX_E_IO, "the file has changed since it was opened: it is not saved over");
    ox_error_hint(err, "`save OTHER` keeps both, `save --force` drops what is there, `open` it to drop what is here");
    snprintf(err->file, sizeof err->file, "%s", path);
    return OX_E_IO;
}

void ox_journal_saved(ox_session *s, const char *path)
{
    ox_journal *j = &s->journal;
    ox_error err;
    ox_error_clear(&err);
    if (!is_same_file(j, path)) {
        if (j->log && ox_log_append(j->log, 'S', path, strlen(path), &err) != OX_OK) ox_session_warn(s, &err);
        return;
    }
    ox_stamp_of(path, &j->stamp);
    if (!j->on) return;
    ox_log_close(j->log, true);
    drop_pending(j);
    j->log = NULL;
    j->failed = j->has_hash = j->lost = false;
    j->on = ox_journal_rebase(s->model, &err) == OX_OK;
    if (j->on) return;
    ox_error_context(&err, NO_JOURNAL);
    ox_session_warn(s, &err);
}
