/* Floor 7. Cursor and window of a list. */
#include "app/tui/list.h"

static size_t height(const ox_list *l)
{
    return l->height > 0 ? (size_t)l->height : 1;
}

/* The window never begins so late that it shows less than it could. */
static void hold_window(ox_list *l)
{
    size_t last = l->n > height(l) ? l->n - height(l) : 0;
    if (l->top > last) l->top = last;
}

static void show_cursor(ox_list *l)
{
    if (l->cursor < l->top) l->top = l->cursor;
    if (l->cursor >= l->top + height(l)) l->top = l->cursor - height(l) + 1;
    hold_window(l);
}

static size_t add(size_t at, ptrdiff_t by, size_t n)
{
    size_t far = by < 0 ? (size_t) - (by + 1) + 1 : (size_t)by;
    if (n == 0) return 0;
    if (by < 0) return at > far ? at - far : 0;
    return far < n - 1 - at ? at + far : n - 1;
}

void ox_list_set_n(ox_list *l, size_t n)
{
    l->n = n;
    if (l->cursor >= n) l->cursor = n ? n - 1 : 0;
    show_cursor(l);
}

void ox_list_set_height(ox_list *l, int h)
{
    l->height = h > 0 ? h : 1;
    show_cursor(l);
}

void ox_list_move(ox_list *l, ptrdiff_t by)
{
    l->cursor = add(l->cursor, by, l->n);
    show_cursor(l);
}

void ox_list_go(ox_list *l, size_t line)
{
    if (line >= l->n) line = l->n ? l->n - 1 : 0;
    bool near = line + 1 >= l->top && line <= l->top + height(l);
    l->cursor = line;
    if (near)
        show_cursor(l);
    else
        ox_list_place(l, 0);
}

void ox_list_scroll(ox_list *l, ptrdiff_t by)
{
    l->top = add(l->top, by, l->n);
    hold_window(l);
    if (l->cursor < l->top) l->cursor = l->top;
    if (l->cursor >= l->top + height(l)) l->cursor = l->top + height(l) - 1;
    if (l->cursor >= l->n) l->cursor = l->n ? l->n - 1 : 0;
}

void ox_list_page(ox_list *l, int by, int part)
{
    size_t step = height(l) / (size_t)part;
    if (part == 1 && step > 1) step--; /* one line stays in sight */
    ptrdiff_t lines = (ptrdiff_t)(step ? step : 1) * by;
    l->top = add(l->top, lines, l->n);
    hold_window(l);
    l->cursor = add(l->cursor, lines, l->n);
    show_cursor(l);
}

void ox_list_place(ox_list *l, int where)
{
    size_t above = where < 0 ? 0 : where > 0 ? height(l) - 1 : height(l) / 2;
    l->top = l->cursor > above ? l->cursor - above : 0;
    hold_window(l);
}
