/* Floor 7. The full screen on a terminal: events in, grids out, and work in between. */
#include "app/tui.h"
#include "app/tui/paint.h"
#include "app/tui/tui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is left to do goes on for so long between two looks at the keys; once one has come, only for what its answer may
 * need, so that it is painted soon. */
enum { PIECE_MS = 6, ANSWER_MS = 2, BURST = 64 };
enum { LOOK_MS = 200 }; /* between two looks at a file that is watched */

static ox_status take(ox_tui *t, const ox_event *e, ox_error *err)
{
    int rows, cols;
    switch (e->kind) {
    case OX_EVENT_KEY: ox_tui_key(t, e->key); break;
    case OX_EVENT_CLICK: ox_tui_click(t, e->row, e->col); break;
    case OX_EVENT_WHEEL: ox_tui_wheel(t, e->row, e->col, e->by); break;
    case OX_EVENT_INTERRUPT:
        t->pasting = false;
        if (!t->run && strcmp(t->message, "interrupted") == 0) break; /* the work has seen it first, and said so */
        ox_tui_key(t, OX_KEY_ESC);
        break;
    case OX_EVENT_CLOSED: t->quit = t->s->journal.hung_up = true; break;
    case OX_EVENT_RESIZE: ox_paint_size(&rows, &cols); return ox_tui_resize(t, rows, cols, err);
    case OX_EVENT_NONE: break;
    }
    return OX_OK;
}

/* Keys that have come already are all taken before the screen is painted again, so that a held key never lags. */
static ox_status take_all(ox_tui *t, ox_event e, ox_error *err)
{
    ox_status st = take(t, &e, err);
    for (int i = 0; i < BURST && st == OX_OK && !t->quit; i++) {
        e = ox_paint_wait(0);
        if (e.kind == OX_EVENT_NONE) break;
        st = take(t, &e, err);
    }
    return st;
}

/* A file that was named on the command line and cannot be opened ends it. */
static bool open_failed(ox_tui *t, ox_error *err)
{
    if (t->open_status == OX_OK || t->s->model) return false;
    *err = t->open_error;
    return true;
}

/* The theme with what the user changed of it. */
static const ox_theme *theme_for(const ox_session *s, bool colour, ox_theme *own)
{
    *own = *ox_theme_find(s->theme ? s->theme : colour ? "dark" : "none");
    for (size_t i = 0; i < s->colors.n; i++) {
        ox_look look;
        if (ox_look_parse(&look, s->colors.p[i].line)) ox_theme_set(own, s->colors.p[i].key, look);
    }
    return own;
}

static ox_status loop(ox_tui *t, bool color, ox_theme *own, ox_error *err)
{
    ox_status st = OX_OK;
    const char *theme = t->s->theme;
    uint64_t colors = t->s->colors.revision;
    bool busy = true;
    while (st == OX_OK && !t->quit) {
        if (theme != t->s->theme || colors != t->s->colors.revision) ox_paint_theme(theme_for(t->s, color, own));
        theme = t->s->theme;
        colors = t->s->colors.revision;
        ox_tui_draw(t);
        ox_paint_show(&t->grid, t->redraw);
        t->redraw = false;
        if (t->copied) ox_paint_copy(t->copied, strlen(t->copied));
        free(t->copied);
        t->copied = NULL;
        ox_event e = ox_paint_wait(busy ? 0 : t->s->watch.on ? LOOK_MS : -1);
        if (e.kind != OX_EVENT_NONE) st = take_all(t, e, err);
        if (t->s->watch.on) ox_run_watch(t);
        busy = ox_tui_work(t, e.kind == OX_EVENT_NONE ? PIECE_MS : ANSWER_MS);
        if (open_failed(t, err)) st = t->open_status;
    }
    return st;
}

/* A file on standard input is read first: keys come from the terminal then. */
static ox_status open_input(ox_session *s, ox_error *err)
{
    ox_status st = ox_session_open(s, "-", 0, err);
    if (st == OX_OK && !freopen("/dev/tty", "r", stdin))
        st =
            ox_error_set(err, OX_E_INVALID, "the full screen needs a terminal, and there is none: %s", strerror(errno));
    return st;
}

static void lend(void *tui, bool away)
{
    if (away) {
        ox_paint_lend(true);
        ox_run_lend(tui, true);
    } else {
        ox_run_lend(tui, false);
        ox_paint_lend(false);
    }
}

ox_status ox_tui_run(ox_session *s, const char *file, const char *other, ox_error *err)
{
    ox_tui *t;
    ox_theme own;
    int rows, cols;
    bool interactive = s->interactive, color = s->out.color;
    if (s->full_screen) return ox_error_set(err, OX_E_INVALID, "this is the full screen");
    bool named = file && strcmp(file, "-") != 0;
    s->journal.keeps = true;
    if (named) ox_recover_ask(s, file);
    ox_status st = file && !named ? open_input(s, err) : OX_OK;
    if (st == OX_OK && !file) st = ox_session_script(s, err); /* what init.lua binds and sets */
    if (st == OX_OK) st = ox_paint_open(theme_for(s, color, &own), err);
    if (st != OX_OK) return st;
    if (s->model && strcmp(s->path, "-") == 0) file = NULL;
    s->interactive = s->full_screen = true;
    ox_paint_size(&rows, &cols);
    st = ox_tui_create(&t, s, rows, cols, err);
    if (st == OX_OK) {
        t->alone = !interactive;
        s->lend = lend;
        s->lend_ud = t;
        ox_prompt_load(t);
        if (other) st = ox_run_later(t, "beside", other, err);
        if (file && st == OX_OK) st = ox_run_open(t, file, err);
        if (!file) ox_run_then(t);
        ox_run_types(t);
        if (st == OX_OK) st = loop(t, color, &own, err);
        ox_run_end(t);
        ox_prompt_save(t);
    }
    ox_tui_free(t);
    ox_paint_close();
    s->interactive = interactive;
    s->full_screen = false;
    s->lend = NULL;
    s->out.color = color;
    ox_out_resize(&s->out);
    return st;
}
