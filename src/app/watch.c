/* Floor 7. Watching the model's file. A file that changed is left alone until nothing was written for a while; one that
 * cannot be read then is tried a few times more, and again when it changes. */
#include "app/watch.h"

#include "app/anchor.h"
#include "app/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SETTLE_MS = 150, PAUSE_MS = 20, PATIENCE_MS = 3000, TRIES = 5, N_MARKS = 26 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool same_file(const ox_stamp *a, const ox_stamp *b)
{
    return ox_stamp_same(a, b) && a->ino == b->ino && a->dev == b->dev;
}

ox_watch_answer ox_watch_look(ox_session *s)
{
    ox_watch *w = &s->watch;
    ox_stamp now;
    if (!w->on || s->debug || !s->model || !s->journal.real || !ox_stamp_of(s->journal.real, &now))
        return OX_WATCH_SAME;
    if (same_file(&now, &s->journal.stamp)) return OX_WATCH_SAME;
    if (!same_file(&now, &w->seen)) {
        w->seen = now;
        w->since = now_ms();
        w->tries = 0;
        w->told = false;
    }
    if (w->tries >= TRIES) return OX_WATCH_SAME;
    if (now_ms() - w->since < SETTLE_MS * (int64_t)(1 + w->tries)) return OX_WATCH_WRITTEN;
    if (!ox_model_is_modified(s->model)) return OX_WATCH_CHANGED;
    if (w->told) return OX_WATCH_SAME;
    w->told = true;
    return OX_WATCH_EDITED;
}

/* Where the marks and the cursor are; NULL when out of memory: they are lost then, the rest goes on. */
static ox_anchor *take_places(const ox_session *s)
{
    ox_anchor *at = calloc(N_MARKS + 1, sizeof *at);
    for (int i = 0; at && i < N_MARKS; i++) ox_anchor_take(s->model, s->marks[i], &at[i]);
    if (at) ox_anchor_take(s->model, s->cursor, &at[N_MARKS]);
    return at;
}

static void find_places(ox_session *s, const ox_anchor *at)
{
    for (int i = 0; at && i < N_MARKS; i++) s->marks[i] = ox_anchor_find(s->model, &at[i]);
    s->cursor = at ? ox_anchor_find(s->model, &at[N_MARKS]) : (ox_node){0, 0};
}

ox_status ox_session_reopen(ox_session *s, ox_error *err)
{
    char *path = strdup(s->path);
    if (!path) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    ox_anchor *at = take_places(s);
    s->journal.asked = true; /* what was left is no news */
    ox_status st = ox_session_open(s, path, s->graph, err);
    if (st == OX_OK) {
        find_places(s, at);
    } else {
        s->watch.tries++;
        s->watch.since = now_ms();
        s->journal.asked = false;
        ox_error_context(err, "the model's file has changed and cannot be opened again");
    }
    free(at);
    free(path);
    return st;
}

void ox_watch_prompt(ox_session *s)
{
    ox_error err;
    ox_watch_answer answer;
    int64_t end = now_ms() + PATIENCE_MS;
    const struct timespec pause = {0, PAUSE_MS * 1000000L};
    while ((answer = ox_watch_look(s)) == OX_WATCH_WRITTEN && now_ms() < end) nanosleep(&pause, NULL);
    ox_error_clear(&err);
    if (answer == OX_WATCH_EDITED) {
        ox_error_set(&err, OX_OK, OX_WATCH_EDITED_TEXT);
        ox_error_hint(&err, "`save OTHER` keeps them, `open` it to drop them");
        ox_session_warn(s, &err);
    } else if (answer == OX_WATCH_CHANGED && ox_session_reopen(s, &err) != OX_OK) {
        ox_session_warn(s, &err);
    } else if (answer == OX_WATCH_CHANGED && !s->g.quiet) {
        fprintf(stderr, "onnxsh: the model's file has changed and was opened again\n");
    }
}
