/* Floor 7. The cell grid. A wide character owns two cells: whoever overwrites one half blanks the other, so that a row
 * always takes as many columns as it has cells. */
#include "app/tui/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIDE = 4096, MAX_TEXT = 4096 };

bool ox_grid_resize(ox_grid *g, int rows, int cols)
{
    rows = rows < 1 ? 1 : rows > MAX_SIDE ? MAX_SIDE : rows;
    cols = cols < 1 ? 1 : cols > MAX_SIDE ? MAX_SIDE : cols;
    ox_cell *cells = calloc((size_t)rows * (size_t)cols, sizeof *cells);
    if (!cells) return false;
    free(g->cells);
    g->cells = cells;
    g->rows = rows;
    g->cols = cols;
    ox_grid_clear(g);
    return true;
}

void ox_grid_free(ox_grid *g)
{
    free(g->cells);
    memset(g, 0, sizeof *g);
}

static void blank(ox_cell *c)
{
    memset(c, 0, sizeof *c);
    c->width = 1;
}

void ox_grid_clear(ox_grid *g)
{
    for (size_t i = 0, n = (size_t)g->rows * (size_t)g->cols; i < n; i++) blank(&g->cells[i]);
    g->cursor_row = g->cursor_col = -1;
}

static ox_cell *cell(const ox_grid *g, int row, int col)
{
    return &g->cells[(size_t)row * (size_t)g->cols + (size_t)col];
}

const ox_cell *ox_grid_at(const ox_grid *g, int row, int col)
{
    return row >= 0 && row < g->rows && col >= 0 && col < g->cols ? cell(g, row, col) : NULL;
}

/* Makes room for a character: halves of wide ones that lose their other half become blanks. */
static void clear_around(ox_grid *g, int row, int col, int width)
{
    if (cell(g, row, col)->width == 0) blank(cell(g, row, col - 1));
    int end = col + width;
    if (end < g->cols && cell(g, row, end)->width == 0) blank(cell(g, row, end));
    for (int i = col; i < end; i++) blank(cell(g, row, i));
}

static void set(ox_grid *g, int row, int col, int width, ox_role role, const char *s, size_t n)
{
    clear_around(g, row, col, width);
    ox_cell *c = cell(g, row, col);
    if (n > OX_CELL_BYTES) { /* more marks than any script has: the first few stay */
        n = OX_CELL_BYTES;
        while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80) n--;
    }
    if (!(n == 1 && *s == ' ')) {
        memcpy(c->text, s, n);
        c->n = (uint8_t)n;
    }
    c->width = (uint8_t)width;
    c->role = (uint8_t)role;
    if (width == 2) {
        cell(g, row, col + 1)->width = 0;
        cell(g, row, col + 1)->role = (uint8_t)role;
    }
}

int ox_grid_put(ox_grid *g, int row, int col, int width, ox_role role, const char *s, size_t n)
{
    if (row < 0 || row >= g->rows || col < 0 || col >= g->cols) return 0;
    if (width > g->cols - col) width = g->cols - col;
    int used = 0;
    for (size_t i = 0, w; i < n;) {
        size_t k = ox_text_next(s + i, n - i, &w);
        if (w > 2) w = 2;
        if ((int)w > width - used) break;
        if (w) set(g, row, col + used, (int)w, role, s + i, k);
        used += (int)w;
        i += k;
    }
    return used;
}

int ox_grid_putz(ox_grid *g, int row, int col, int width, ox_role role, const char *s)
{
    return ox_grid_put(g, row, col, width, role, s, strlen(s));
}

int ox_grid_putf(ox_grid *g, int row, int col, int width, ox_role role, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return n < 0 ? 0 : ox_grid_putz(g, row, col, width, role, text);
}

int ox_grid_fit(ox_grid *g, int row, int col, int width, ox_role role, const char *s, size_t n)
{
    char text[MAX_TEXT];
    if (width <= 0) return 0;
    if (n <= (size_t)width)
        return ox_grid_put(g, row, col, width, role, s, n); /* no character takes more than its bytes */
    size_t k = ox_text_fit(s, n, (size_t)width, text, sizeof text);
    return ox_grid_put(g, row, col, width, role, text, k);
}

/* Of a very long name the front and the back are taken: its middle is left out on any screen. */
int ox_grid_name(ox_grid *g, int row, int col, int width, ox_role role, const char *s, size_t n)
{
    enum { PART = MAX_TEXT / 4 / 2 - 8 }; /* a byte takes four columns at most */
    char safe[MAX_TEXT];
    size_t k = ox_text_sanitize(s, n > 2 * PART ? PART : n, safe, sizeof safe);
    if (n > 2 * PART) {
        memcpy(safe + k, "\xe2\x80\xa6", 3);
        k += 3;
        k += ox_text_sanitize(s + n - PART, PART, safe + k, sizeof safe - k);
    }
    return ox_grid_fit(g, row, col, width, role, safe, k);
}

void ox_grid_line(ox_grid *g, int row, int col, int width, ox_role role, const char *ch)
{
    size_t n = strlen(ch);
    for (int i = 0; i < width; i++) ox_grid_put(g, row, col + i, 1, role, ch, n);
}

void ox_grid_flag(ox_grid *g, int row, int col, int width, unsigned flags)
{
    if (row < 0 || row >= g->rows) return;
    for (int i = col < 0 ? 0 : col; i < col + width && i < g->cols; i++) cell(g, row, i)->flags |= (uint8_t)flags;
}

size_t ox_grid_row_text(const ox_grid *g, int row, char *buf, size_t size)
{
    size_t n = 0, end = 0;
    if (size) buf[0] = '\0';
    for (int col = 0; row >= 0 && row < g->rows && col < g->cols; col++) {
        const ox_cell *c = cell(g, row, col);
        if (c->width == 0) continue;
        const char *s = c->n ? c->text : " ";
        size_t k = c->n ? c->n : 1;
        if (n + k < size) memcpy(buf + n, s, k);
        n += k;
        if (c->n) end = n;
    }
    if (size) buf[end < size ? end : size - 1] = '\0';
    return end;
}
