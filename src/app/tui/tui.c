/* Floor 7. The full screen without its terminal: what keys do, and what goes on between them. */
#include "app/tui/tui.h"

#include <onnxsh/journal.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const ox_view_ops *const kinds[OX_N_VIEWS] = {
#define OX_VIEW(name) &ox_view_##name,
#include "app/tui/views.def"
#undef OX_VIEW
};

void ox_tui_say(ox_tui *t, ox_role role, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t->message, sizeof t->message, fmt, ap);
    va_end(ap);
    t->message_role = role;
}

/* ---- beginning and end ---- */

ox_status ox_tui_create(ox_tui **out, ox_session *s, int rows, int cols, ox_error *err)
{
    *out = NULL;
    ox_tui *t = calloc(1, sizeof *t);
    if (!t) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    t->s = s;
    for (int i = 0; i < OX_N_PLACES; i++) t->at[i] = -1;
    ox_status st = OX_OK;
    for (int i = 0; i < OX_N_VIEWS && st == OX_OK; i++) {
        st = kinds[i]->create(&t->views[i], t, err);
        if (st != OX_OK) break;
        t->views[i]->ops = kinds[i];
        t->views[i]->t = t;
        if (kinds[i]->open) t->at[kinds[i]->place] = i;
    }
    t->focus = t->side = OX_VIEW_nodes;
    t->over = -1;
    if (st == OX_OK) st = ox_tui_resize(t, rows, cols, err);
    if (st != OX_OK) {
        ox_tui_free(t);
        return st;
    }
    ox_tui_sync(t);
    *out = t;
    return OX_OK;
}

void ox_tui_free(ox_tui *t)
{
    if (!t) return;
    ox_run_end(t);
    for (int i = 0; i < OX_N_VIEWS; i++)
        if (t->views[i]) kinds[i]->destroy(t->views[i]);
    ox_typed_free(&t->searches);
    ox_typed_free(&t->commands);
    ox_typed_free(&t->filters);
    ox_typed_free(&t->files);
    ox_typed_free(&t->slices);
    ox_grid_free(&t->grid);
    ox_became_free(&t->became);
    ox_kin_free(&t->kin);
    ox_kin_free(&t->other_kin);
    ox_stops_free(t);
    free(t->copied);
    free(t->failed);
    free(t->then);
    free(t);
}

ox_status ox_tui_resize(ox_tui *t, int rows, int cols, ox_error *err)
{
    if (!ox_grid_resize(&t->grid, rows, cols)) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    ox_tui_layout(t);
    return OX_OK;
}

/* ---- what the panes show ---- */

/* Without memory for the marks there are none: the list of failures tells the same. */
static void mark_failed(ox_tui *t)
{
    const ox_model *m = t->s->model;
    const ox_report *r = t->s->report;
    free(t->failed);
    t->failed = NULL;
    t->n_failed = m ? ox_model_node_limit(m) : 0;
    if (!m || !r || !ox_report_n_failures(r) || !(t->failed = calloc(t->n_failed, 1))) return;
    for (size_t i = 0; i < ox_report_n(r); i++) {
        const ox_failure *f = ox_report_at(r, i);
        if (f->kind != OX_FAILURE_WARNING && ox_node_is_alive(m, f->node)) t->failed[f->node.id] = 1;
    }
}

/* Another model stands beside, or none: it is shown at once. */
static void sync_beside(ox_tui *t)
{
    uint64_t beside = t->s->beside ? ox_model_serial(t->s->beside) : 0;
    if (beside == t->beside) return;
    ox_view *v = t->views[OX_VIEW_beside];
    t->beside = beside;
    t->other = (ox_node){0, 0};
    t->other_trails.back.n = t->other_trails.forth.n = 0;
    v->list.cursor = v->list.top = 0;
    if (t->search.view == v) t->search.view = NULL;
    v->ops->reset(v);
    ox_side_told(t);
    if (beside)
        ox_tui_put(t, OX_VIEW_beside);
    else
        ox_tui_hide(t, OX_VIEW_beside);
}

void ox_tui_sync(ox_tui *t)
{
    sync_beside(t);
    const ox_model *m = t->s->model;
    uint64_t serial = m ? ox_model_serial(m) : 0, result = t->s->result ? ox_model_serial(t->s->result) : 0;
    size_t n_undo = m ? ox_journal_n_undo(m) : 0, n_redo = m ? ox_journal_n_redo(m) : 0;
    if (serial == t->serial && n_undo == t->n_undo && n_redo == t->n_redo && t->report == t->s->report &&
        t->result == result)
        return;
    if (serial != t->serial) {  /* no place of one model is one of another */
        t->node = t->s->cursor; /* none, unless it is the same file again */
        t->weight = (ox_value){0, 0};
        t->trails.back.n = t->trails.forth.n = 0;
    }
    t->report = t->s->report;
    t->result = result;
    t->serial = serial;
    t->n_undo = n_undo;
    t->n_redo = n_redo;
    t->search.view = NULL;
    ox_tui_layout(t);
    mark_failed(t);
    if (m && !ox_node_is_alive(m, t->node)) t->node = (ox_node){0, 0};
    if (m && !ox_value_is_alive(m, t->weight)) t->weight = (ox_value){0, 0};
    for (int i = 0; i < OX_N_VIEWS; i++)
        if (i != OX_VIEW_beside && t->views[i]->ops->reset) t->views[i]->ops->reset(t->views[i]);
}

void ox_tui_set_node(ox_tui *t, ox_node n, const ox_view *from)
{
    if (n.id == t->node.id && n.gen == t->node.gen) return;
    t->node = n;
    for (int i = 0; i < OX_N_VIEWS; i++)
        if (t->views[i] != from && t->views[i]->ops->follow) t->views[i]->ops->follow(t->views[i]);
    ox_side_moved(t, false);
}

static int64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* A line of the prompt has the model for itself. Else panes that are shown come first, the search last: it waits for
 * what it looks through. */
bool ox_tui_work(ox_tui *t, unsigned ms)
{
    if (t->run) {
        ox_run_work(t, ms);
        return true;
    }
    int64_t end = now_us() + (int64_t)ms * 1000;
    for (;;) {
        bool more = false;
        for (int hidden = 0; hidden < 2 && !more; hidden++)
            for (int i = 0; i < OX_N_VIEWS && !more; i++) {
                ox_view *v = t->views[i];
                if ((v->at.rows == 0) == hidden && v->ops->work) more = v->ops->work(v);
            }
        if (!more) more = ox_search_work(t);
        for (int i = 0; i < OX_N_VIEWS && !more; i++)
            if (t->views[i]->ops->idle) more = t->views[i]->ops->idle(t->views[i]);
        if (!more || now_us() >= end) return more;
    }
}

void ox_tui_show(ox_tui *t, int view)
{
    t->at[t->views[view]->ops->place] = view;
    t->focus = view;
    t->over = -1;
    ox_tui_layout(t);
}

void ox_tui_put(ox_tui *t, int view)
{
    int *at = &t->at[t->views[view]->ops->place];
    if (t->focus == *at) t->focus = view; /* it takes the place of the one that has them */
    *at = view;
    ox_tui_layout(t);
}

void ox_tui_hide(ox_tui *t, int view)
{
    ox_place p = t->views[view]->ops->place;
    if (t->at[p] == view) t->at[p] = -1;
    if (t->focus == view) t->focus = OX_VIEW_nodes;
    ox_tui_layout(t);
}

/* ---- keys ---- */

static void focus(ox_tui *t, int view)
{
    t->focus = view;
    t->over = -1;
    ox_tui_layout(t);
}

/* Motions are those of the list; true if it was one. */
static bool move(ox_view *v, ox_action a)
{
    ox_list *l = &v->list;
    switch (a) {
    case OX_DO_DOWN: ox_list_move(l, 1); break;
    case OX_DO_UP: ox_list_move(l, -1); break;
    case OX_DO_PAGE_DOWN: ox_list_page(l, 1, 1); break;
    case OX_DO_PAGE_UP: ox_list_page(l, -1, 1); break;
    case OX_DO_HALF_DOWN: ox_list_page(l, 1, 2); break;
    case OX_DO_HALF_UP: ox_list_page(l, -1, 2); break;
    case OX_DO_FIRST: ox_list_go(l, 0); break;
    case OX_DO_LAST: ox_list_go(l, SIZE_MAX); break;
    default: return false;
    }
    if (v->ops->moved) v->ops->moved(v);
    return true;
}

static void centre(ox_list *l)
{
    size_t h = (size_t)l->height, at = l->cursor - l->top;
    ox_list_place(l, at == h / 2 ? -1 : at == 0 ? 1 : 0);
}

static void cancel(ox_tui *t)
{
    if (t->run)
        ox_run_cancel(t);
    else if (t->at[OX_PLACE_WHOLE] >= 0)
        ox_tui_hide(t, t->at[OX_PLACE_WHOLE]);
    else if (t->over >= 0)
        focus(t, t->over);
    else if (t->needle.n || t->search.view)
        ox_needle_set(&t->needle, "", 0), t->search.view = NULL;
    else if (*ox_nodes_filtered(t))
        ox_tui_filter(t, "");
    else if (t->zoom)
        t->zoom = false;
    ox_tui_layout(t);
}

/* Unsaved edits are asked about once, where leaving would lose them. */
static void quit(ox_tui *t)
{
    if (t->at[OX_PLACE_WHOLE] >= 0 || t->over >= 0) {
        cancel(t);
    } else if (t->alone && t->s->model && ox_model_is_modified(t->s->model)) {
        t->warned = true;
        ox_tui_say(t, OX_ROLE_WARNING, "the model has unsaved edits: `:save FILE` keeps them, q again drops them");
    } else {
        t->quit = true;
    }
}

/* The key after the warning: the same again leaves. */
static bool leave(ox_tui *t, uint32_t key)
{
    if (ox_action_for(key, t->views[t->focus]->ops->name) != OX_DO_QUIT) return false;
    return t->quit = true;
}

static void toggle(ox_tui *t, int view)
{
    if (t->at[t->views[view]->ops->place] == view)
        ox_tui_hide(t, view);
    else
        ox_tui_show(t, view);
}

static void pick(ox_tui *t, uint32_t key)
{
    int view = key == '0' ? 9 : (int)key - '1';
    if (view >= 0 && view < OX_N_VIEWS) ox_tui_show(t, view);
}

static void act(ox_tui *t, ox_action a, uint32_t key)
{
    ox_view *v = t->views[t->focus];
    if ((v->ops->act && v->ops->act(v, a)) || move(v, a)) return;
    switch (a) {
    case OX_DO_FILTER: ox_prompt_begin(t, OX_MODE_FILTER, ox_nodes_filtered(t)); break;
    case OX_DO_PRODUCER: ox_tui_up(t); break;
    case OX_DO_CONSUMER: ox_tui_down(t); break;
    case OX_DO_BACK: ox_tui_back(t); break;
    case OX_DO_FORTH: ox_tui_forth(t); break;
    case OX_DO_MARK: ox_prompt_begin(t, OX_MODE_MARK, ""); break;
    case OX_DO_TO_MARK: ox_prompt_begin(t, OX_MODE_TO_MARK, ""); break;
    case OX_DO_NEXT_FAILURE: ox_run_line(t, "failure next"); break;
    case OX_DO_PREV_FAILURE: ox_run_line(t, "failure prev"); break;
    case OX_DO_EXPORT: ox_run_line(t, "export --dry-run"); break;
    case OX_DO_INFO: ox_run_line(t, "info"); break;
    case OX_DO_INFER: ox_run_line(t, t->side == OX_VIEW_beside ? "beside --infer" : "infer"); break;
    case OX_DO_BREAK: ox_stops_toggle(t); break;
    case OX_DO_DEBUG:
        if (t->stop)
            ox_tui_show(t, OX_VIEW_stop);
        else
            ox_run_line(t, "debug export");
        break;
    case OX_DO_WHY: ox_tui_run_at(t, "why"); break;
    case OX_DO_EDIT: ox_tui_run_at(t, "edit"); break;
    case OX_DO_EDIT_SYMBOLIC: ox_tui_run_at(t, "edit --symbolic"); break;
    case OX_DO_COPY: ox_tui_copy(t); break;
    case OX_DO_VIEW: pick(t, key); break;
    case OX_DO_CENTRE: centre(&v->list); break;
    case OX_DO_NEXT_PANE: focus(t, ox_tui_next_shown(t, t->focus, 1)); break;
    case OX_DO_PREV_PANE: focus(t, ox_tui_next_shown(t, t->focus, -1)); break;
    case OX_DO_ZOOM:
        t->zoom = !t->zoom;
        ox_tui_layout(t);
        break;
    case OX_DO_SEARCH: ox_search_begin(t); break;
    case OX_DO_SEARCH_NEXT: ox_search_again(t, 1); break;
    case OX_DO_SEARCH_PREV: ox_search_again(t, -1); break;
    case OX_DO_HELP: ox_tui_show(t, OX_VIEW_help); break;
    case OX_DO_REDRAW: t->redraw = true; break;
    case OX_DO_CANCEL: cancel(t); break;
    case OX_DO_QUIT: quit(t); break;
    case OX_DO_COMMAND: ox_prompt_begin(t, OX_MODE_COMMAND, ""); break;
    case OX_DO_LOG: toggle(t, OX_VIEW_log); break;
    case OX_DO_RESULT: toggle(t, OX_VIEW_result); break;
    case OX_DO_BESIDE: ox_side_show(t); break;
    case OX_DO_MEET: ox_side_meet(t); break;
    case OX_DO_TOGETHER: ox_side_together(t); break;
    case OX_DO_RIGHT: v->left += 8; break;
    case OX_DO_LEFT: v->left = v->left > 8 ? v->left - 8 : 0; break;
    default: break;
    }
}

/* A key that the user bound. `{}` in its line is the node that is spoken of. */
static bool run_bound(ox_tui *t, uint32_t key)
{
    char name[16], line[OX_LINE_MAX], node[16];
    ox_key_name(key, name);
    const char *bound = ox_bounds_get(&t->s->bound, name);
    if (!bound) return false;
    if (*bound == '@') {
        act(t, ox_action_named(bound + 1), key);
        return true;
    }
    snprintf(node, sizeof node, "#%u", t->node.id);
    size_t n = 0;
    for (const char *p = bound; *p && n + sizeof node < sizeof line;) {
        bool here = p[0] == '{' && p[1] == '}';
        n += (size_t)snprintf(line + n, sizeof line - n, "%.*s", here ? 16 : 1, here ? node : p);
        p += here ? 2 : 1;
    }
    ox_run_line(t, line);
    return true;
}

/* What is pasted is text and no keys, lines that end included: for the line that is typed, else for one that looks for
 * the node that it speaks of. */
static bool paste(ox_tui *t, uint32_t key)
{
    if (key == OX_KEY_PASTE) {
        t->pasting = true;
        if (t->mode == OX_MODE_PANES || t->mode == OX_MODE_MARK || t->mode == OX_MODE_TO_MARK)
            ox_prompt_begin(t, OX_MODE_COMMAND, "locate ");
        return true;
    }
    if (!t->pasting) return key == OX_KEY_PASTED;
    if (key == OX_KEY_PASTED)
        t->pasting = false;
    else if (key == OX_KEY_ENTER || key == '\n' || key == OX_KEY_TAB)
        ox_prompt_key(t, ' ');
    else if (key >= ' ' && key != OX_KEY_BACKSPACE && key < OX_KEY_UP)
        ox_prompt_key(t, key);
    return true;
}

void ox_tui_key(ox_tui *t, uint32_t key)
{
    if (paste(t, key)) return;
    bool warned = t->warned;
    t->message[0] = '\0';
    t->warned = false;
    if (t->mode != OX_MODE_PANES)
        ox_prompt_key(t, key);
    else if (run_bound(t, key))
        return;
    else if (!warned || !leave(t, key))
        act(t, ox_action_for(key, t->views[t->focus]->ops->name), key);
}

/* ---- the mouse ---- */

static int view_at(const ox_tui *t, int row, int col)
{
    for (int i = 0; i < OX_N_VIEWS; i++) {
        ox_rect r = t->views[i]->at;
        if (row >= r.row && row < r.row + r.rows && col >= r.col && col < r.col + r.cols) return i;
    }
    return -1;
}

/* A click on the cursor's line is Enter; in the tree it folds. */
static void click_again(ox_tui *t, const ox_view *v)
{
    act(t, v == t->views[OX_VIEW_tree] ? OX_DO_TOGGLE : ox_action_for(OX_KEY_ENTER, v->ops->name), OX_KEY_ENTER);
}

void ox_tui_click(ox_tui *t, int row, int col)
{
    int i = t->mode == OX_MODE_PANES ? view_at(t, row, col) : -1;
    if (i < 0) return;
    ox_view *v = t->views[i];
    bool had = t->focus == i;
    t->message[0] = '\0';
    focus(t, i);
    int line = row - v->at.row - 1 - (v->ops->head != NULL);
    if (line < 0 || v->list.top + (size_t)line >= v->list.n) return;
    if (had && v->list.cursor == v->list.top + (size_t)line) {
        click_again(t, v);
        return;
    }
    ox_list_go(&v->list, v->list.top + (size_t)line);
    if (v->ops->moved) v->ops->moved(v);
}

void ox_tui_wheel(ox_tui *t, int row, int col, int lines)
{
    int i = view_at(t, row, col);
    if (i < 0) return;
    ox_view *v = t->views[i];
    size_t cursor = v->list.cursor;
    ox_list_scroll(&v->list, lines);
    if (v->list.cursor != cursor && v->ops->moved) v->ops->moved(v); /* the edge of the window took it along */
}
