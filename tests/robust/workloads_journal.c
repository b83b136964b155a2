/* Pieces of work of test_alloc.c: edits that go to a log on disk, and are done again from there on the same model read
 * anew, as after a crash. */
#include "workloads.h"

#include "files.h"

#include <onnxsh/journal.h>
#include <onnxsh/log.h>

#include <stdio.h>
#include <unistd.h>

static ox_model *again;
static ox_log *log_file;
static size_t n_logged;

static void open_again(const workload *w)
{
    ox_error err;
    if (ox_open(&again, files_test(w->arg), NULL, NULL, NULL, &err) != OX_OK) files_stop(w->arg, &err);
}

void before_journal(const workload *w)
{
    open_model(w);
    open_again(w);
    snprintf(hand.path, sizeof hand.path, "%s", files_scratch("journal.log"));
    unlink(hand.path);
    n_logged = 0;
}

static ox_status step(ox_error *err)
{
    ox_mark mark = ox_journal_mark(hand.m);
    ox_status s = files_edit(hand.m, err);
    if (s == OX_OK) s = ox_journal_commit(hand.m, "edit", err);
    if (s != OX_OK) ox_journal_rollback(hand.m, mark);
    return s;
}

/* What could not be taken or written the first time is there the second time. */
static ox_status append(ox_error *err)
{
    const char *bytes;
    size_t n;
    ox_status s = ox_journal_take(hand.m, &bytes, &n, err);
    if (s == OX_E_NOMEM) s = ox_journal_take(hand.m, &bytes, &n, err);
    if (s == OX_OK && n) {
        s = ox_log_append(log_file, 'E', bytes, n, err);
        if (s == OX_E_NOMEM) s = ox_log_append(log_file, 'E', bytes, n, err);
    }
    if (s == OX_OK) n_logged++;
    return s;
}

static ox_status write_log(ox_error *err)
{
    ox_status s = ox_log_create(&log_file, hand.path, err);
    if (s == OX_OK) s = ox_journal_record(hand.m, err);
    if (s == OX_OK) s = step(err);
    if (s == OX_OK) s = append(err);
    if (s == OX_OK) s = step(err);
    if (s == OX_OK) s = ox_journal_undo(hand.m, NULL, err);
    if (s == OX_OK) s = append(err);
    return s;
}

/* The edits of the log on `again`; *n says how many records there were. */
static ox_status play_log(size_t *n, ox_error *err)
{
    ox_log_data *d;
    const ox_log_record *r;
    ox_status s = ox_log_read(&d, hand.path, err);
    if (s != OX_OK) return s;
    *n = ox_log_records(d, &r);
    for (size_t i = 0; i < *n && s == OX_OK; i++) s = ox_journal_play(again, r[i].p, r[i].n, NULL, err);
    ox_log_free(d);
    return s;
}

ox_status run_journal(const workload *w, ox_error *err)
{
    size_t n;
    uint64_t a, b;
    (void)w;
    ox_status s = write_log(err);
    if (s == OX_OK) s = play_log(&n, err);
    if (s == OX_OK) s = ox_model_hash(hand.m, &a, err);
    if (s == OX_OK) s = ox_model_hash(again, &b, err);
    return s == OX_OK && a != b ? ox_error_set(err, OX_E_INVALID, "the edits made another model") : s;
}

/* All that was logged can be done again on a fresh model, whatever failed in between, and taken back. */
bool after_journal(const workload *w, ox_status s)
{
    ox_error err;
    size_t n = 0;
    bool whole = true;
    ox_error_clear(&err);
    while (ox_journal_n_undo(again) && whole) whole = ox_journal_undo(again, NULL, &err) == OX_OK;
    whole = whole && ox_model_status(again, &err) == OX_OK && !ox_model_is_modified(again);
    ox_model_free(again);
    open_again(w);
    if (whole && log_file) whole = play_log(&n, &err) == OX_OK && n == n_logged;
    if (!whole) fprintf(stderr, "%s: %zu of %zu records: %s\n", w->name, n, n_logged, err.msg);
    ox_model_free(again);
    ox_log_close(log_file, true);
    again = NULL;
    log_file = NULL;
    return after_edit(w, s) && whole;
}
