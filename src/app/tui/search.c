/* Floor 7. Search in the pane that has the keys. It looks at items a few thousand at a time and lets the screen be
 * painted in between, so that typing never waits for it. */
#include "app/tui/tui.h"

#include <stdlib.h>

enum { PIECE = 4096 };

static size_t n_items(const ox_view *v)
{
    return v->ops->n_items ? v->ops->n_items((ox_view *)v) : v->list.n;
}

static size_t item(ox_view *v)
{
    return v->ops->item ? v->ops->item(v) : v->list.cursor;
}

static void go(ox_tui *t, ox_view *v, size_t i)
{
    if (v->ops->go)
        v->ops->go(v, i);
    else
        ox_list_go(&v->list, i);
    if (v->ops->moved) v->ops->moved(v);
    t->search.view = NULL;
}

static void start(ox_tui *t, ox_view *v, size_t first, int by)
{
    size_t n = n_items(v);
    t->search.view = n && t->needle.n && v->ops->matches ? v : NULL;
    t->search.next = first;
    t->search.left = n;
    t->search.by = by;
}

void ox_search_begin(ox_tui *t)
{
    t->search.view = NULL;
    t->search.from = item(t->views[t->focus]);
    ox_prompt_begin(t, OX_MODE_SEARCH, "");
}

void ox_search_typed(ox_tui *t)
{
    ox_view *v = t->views[t->focus];
    ox_needle_set(&t->needle, t->line.text, t->line.n);
    if (t->needle.n)
        start(t, v, t->search.from, 1);
    else if (v->list.n)
        go(t, v, t->search.from);
}

void ox_search_again(ox_tui *t, int by)
{
    ox_view *v = t->views[t->focus];
    size_t n = n_items(v), at = n ? item(v) : 0;
    if (!t->needle.n) {
        ox_tui_say(t, OX_ROLE_NOTE, "nothing is searched for: / begins a search");
        return;
    }
    if (n) start(t, v, by > 0 ? (at + 1 < n ? at + 1 : 0) : (at ? at - 1 : n - 1), by);
}

bool ox_search_work(ox_tui *t)
{
    ox_search *k = &t->search;
    if (!k->view) return false;
    size_t n = n_items(k->view);
    if (k->left > n) k->left = n;
    for (int i = 0; i < PIECE && k->left; i++, k->left--) {
        if (k->next >= n) k->next = k->by > 0 ? 0 : n - 1;
        if (k->view->ops->matches(k->view, k->next, &t->needle)) {
            go(t, k->view, k->next);
            return true;
        }
        k->next = k->by > 0 ? k->next + 1 : k->next ? k->next - 1 : n - 1;
    }
    if (k->left) return true;
    k->view = NULL;
    char safe[300];
    ox_text_sanitize(t->needle.text, t->needle.n, safe, sizeof safe);
    ox_tui_say(t, OX_ROLE_WARNING, "'%s' is not found", safe);
    return false;
}
