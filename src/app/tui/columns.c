/* Floor 7. Columns that fit a pane. */
#include "app/tui/columns.h"

#include <string.h>

static int highest_rank(const ox_column *rows, int n, const bool *in)
{
    int best = -1;
    for (int i = 0; i < n; i++)
        if (in[i] && rows[i].rank > 0 && (best < 0 || rows[i].rank > rows[best].rank)) best = i;
    return best;
}

void ox_columns_fit(ox_columns *c, const ox_column *rows, int n, int width)
{
    bool in[OX_COLUMNS_MAX];
    int used = -1, last = 0, shown = n;
    c->n = n;
    for (int i = 0; i < n; i++) {
        in[i] = true;
        used += rows[i].min + 1;
    }
    for (int drop; used > width && (drop = highest_rank(rows, n, in)) >= 0; shown--) {
        in[drop] = false;
        used -= rows[drop].min + 1;
    }
    for (int i = 0; i < n; i++) {
        c->at[i].width = in[i] ? rows[i].min : 0;
        if (in[i]) last = i;
    }
    int spare = width - used;
    for (bool grew = true; spare > 0 && grew;) { /* in turn, so that no column starves another */
        grew = false;
        for (int i = 0; i < n && spare > 0; i++) {
            if (!in[i] || c->at[i].width >= rows[i].want) continue;
            c->at[i].width++;
            spare--;
            grew = true;
        }
    }
    c->at[last].width += spare > 0 ? spare : 0;
    for (int i = 0, col = 0; i < n; i++) {
        c->at[i].col = col;
        if (c->at[i].width) col += c->at[i].width + 1;
    }
}

void ox_columns_head(const ox_columns *c, const ox_column *rows, ox_grid *g, ox_rect line)
{
    for (int i = 0; i < c->n; i++) {
        int w = c->at[i].width, n = (int)strlen(rows[i].title), pad = rows[i].right && n < w ? w - n : 0;
        if (w) ox_grid_putz(g, line.row, line.col + c->at[i].col + pad, w - pad, OX_ROLE_TITLE, rows[i].title);
    }
}
