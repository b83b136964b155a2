/* Floor 7. Where panes stand. A screen that is too small for two shows the one that has the keys. */
#include "app/tui/tui.h"

enum { MIN_COLS = 60, MIN_ROWS = 12, LEFT_MAX = 48, MIN_SIDE = 40 };

static void place(ox_tui *t, int view, int row, int col, int rows, int cols)
{
    if (view < 0) return;
    ox_view *v = t->views[view];
    v->at = (ox_rect){row, col, rows, cols};
    int titles = 1 + (v->ops->head != NULL);
    ox_list_set_height(&v->list, rows - titles);
}

static int part(int whole, int percent, int least)
{
    int n = whole * percent / 100;
    return n < least ? least : n;
}

bool ox_tui_is_single(const ox_tui *t)
{
    return t->zoom || t->grid.cols < MIN_COLS || t->grid.rows - 1 < MIN_ROWS;
}

static void place_all(ox_tui *t)
{
    int rows = t->grid.rows - 1, cols = t->grid.cols;
    for (int i = 0; i < OX_N_VIEWS; i++) t->views[i]->at = (ox_rect){0, 0, 0, 0};
    if (rows < 1) rows = 1;
    if (t->at[OX_PLACE_WHOLE] >= 0) {
        place(t, t->at[OX_PLACE_WHOLE], 0, 0, rows, cols);
        return;
    }
    if (ox_tui_is_single(t)) {
        place(t, t->focus, 0, 0, rows, cols);
        return;
    }
    if (t->at[OX_PLACE_BOTTOM] >= 0) {
        int n = part(rows, 30, 5);
        rows -= n;
        place(t, t->at[OX_PLACE_BOTTOM], rows, 0, n, cols);
    }
    bool split = t->at[OX_PLACE_BESIDE] >= 0;
    int left = t->at[OX_PLACE_LEFT] < 0 ? 0 : part(cols, 30, 20);
    if (left > LEFT_MAX) left = LEFT_MAX;
    bool sides = split && t->at[OX_PLACE_BESIDE] != OX_VIEW_tensor && cols - left <= 2 * MIN_SIDE;
    bool bare = t->s->model && ox_model_scope_limit(t->s->model) <= 1; /* the tree is empty */
    if ((sides || bare) && t->focus != t->at[OX_PLACE_LEFT]) left = 0; /* they need it more than the tree */
    if (left) place(t, t->at[OX_PLACE_LEFT], 0, 0, rows, left);
    if (left) left++; /* the line between them */
    int below = t->at[OX_PLACE_BELOW] < 0 ? 0 : part(rows, 42, 4);
    if (below) place(t, t->at[OX_PLACE_BELOW], rows - below, left, below, cols - left);
    rows -= below;
    cols -= left;
    bool wide = cols >= 2 * MIN_SIDE;
    int beside = split && wide ? cols / 2 : 0, under = split && !wide ? rows / 2 : 0;
    place(t, t->at[OX_PLACE_MAIN], 0, left, rows - under, cols - beside);
    if (under) place(t, t->at[OX_PLACE_BESIDE], rows - under, left, under, cols);
    if (beside) place(t, t->at[OX_PLACE_BESIDE], 0, left + cols - beside + 1, rows, beside - 1);
}

void ox_tui_layout(ox_tui *t)
{
    place_all(t);
    ox_side_settle(t);
}

/* In the order of places, so that the two sides follow on each other. */
int ox_tui_next_shown(const ox_tui *t, int view, int by)
{
    if (t->at[OX_PLACE_WHOLE] >= 0) return t->at[OX_PLACE_WHOLE];
    for (int i = 1, n = OX_N_PLACES; i <= n; i++) {
        int place = ((int)t->views[view]->ops->place + by * i + i * n) % n;
        if (t->at[place] >= 0) return t->at[place];
    }
    return view;
}
