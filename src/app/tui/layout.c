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

void ox_tui_layout(ox_tui *t)
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
    int left = t->at[OX_PLACE_LEFT] < 0 ? 0 : part(cols, 30, 20);
    if (left > LEFT_MAX) left = LEFT_MAX;
    place(t, t->at[OX_PLACE_LEFT], 0, 0, rows, left);
    if (left) left++; /* the line between them */
    int below = t->at[OX_PLACE_BELOW] < 0 ? 0 : part(rows, 42, 4);
    if (below) place(t, t->at[OX_PLACE_BELOW], rows - below, left, below, cols - left);
    rows -= below;
    cols -= left;
    bool split = t->at[OX_PLACE_BESIDE] >= 0, wide = cols >= 2 * MIN_SIDE;
    int beside = split && wide ? cols / 2 : 0, under = split && !wide ? rows / 2 : 0;
    place(t, t->at[OX_PLACE_MAIN], 0, left, rows - under, cols - beside);
    if (under) place(t, t->at[OX_PLACE_BESIDE], rows - under, left, under, cols);
    if (beside) place(t, t->at[OX_PLACE_BESIDE], 0, left + cols - beside + 1, rows, beside - 1);
}

int ox_tui_next_shown(const ox_tui *t, int view, int by)
{
    if (t->at[OX_PLACE_WHOLE] >= 0) return t->at[OX_PLACE_WHOLE];
    for (int i = 1; i <= OX_N_VIEWS; i++) {
        int k = (view + by * i + i * OX_N_VIEWS) % OX_N_VIEWS;
        if (t->at[t->views[k]->ops->place] == k) return k;
    }
    return view;
}
