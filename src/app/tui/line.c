/* Floor 7. A line editor with the keys that shells have: C-a C-e C-b C-f C-w C-u C-k, arrows, and the lines typed
 * before. */
#include "app/tui/line.h"

#include <stdlib.h>
#include <string.h>

void ox_typed_add(ox_typed *h, const char *line)
{
    if (!*line || (h->n && strcmp(h->p[h->n - 1], line) == 0)) return;
    char *copy = strdup(line), **p = realloc(h->p, (h->n + 1) * sizeof *p);
    if (p) h->p = p;
    if (p && copy)
        h->p[h->n++] = copy;
    else
        free(copy);
}

void ox_typed_free(ox_typed *h)
{
    for (size_t i = 0; i < h->n; i++) free(h->p[i]);
    free(h->p);
    memset(h, 0, sizeof *h);
}

static void set(ox_line *l, const char *text)
{
    size_t n = strlen(text);
    l->n = n < OX_LINE_MAX ? n : OX_LINE_MAX - 1;
    memcpy(l->text, text, l->n);
    l->text[l->n] = '\0';
    l->at = l->n;
}

void ox_line_begin(ox_line *l, const char *text, const ox_typed *typed)
{
    set(l, text);
    l->typed = typed;
    l->back = 0;
}

/* The start of the character before `at`, marks that combine included. */
static size_t before(const ox_line *l, size_t at)
{
    size_t i = 0, last = 0, w;
    while (i < at) {
        last = i;
        i += ox_text_next(l->text + i, l->n - i, &w);
    }
    return last;
}

static size_t after(const ox_line *l, size_t at)
{
    size_t w;
    return at + ox_text_next(l->text + at, l->n - at, &w);
}

static size_t word_before(const ox_line *l, size_t at)
{
    while (at > 0 && l->text[at - 1] == ' ') at--;
    while (at > 0 && l->text[at - 1] != ' ') at--;
    return at;
}

static ox_line_result cut(ox_line *l, size_t from, size_t to)
{
    if (from >= to) return OX_LINE_SAME;
    memmove(l->text + from, l->text + to, l->n - to + 1);
    l->n -= to - from;
    l->at = from;
    return OX_LINE_CHANGED;
}

void ox_line_replace(ox_line *l, size_t start, const char *by)
{
    size_t k = strlen(by);
    cut(l, start, l->at);
    if (l->n + k >= OX_LINE_MAX) return;
    memmove(l->text + start + k, l->text + start, l->n - start + 1);
    memcpy(l->text + start, by, k);
    l->n += k;
    l->at = start + k;
}

static ox_line_result recall(ox_line *l, bool older)
{
    size_t n = l->typed ? l->typed->n : 0;
    if (older ? l->back >= n : l->back == 0) return OX_LINE_SAME;
    if (l->back == 0) memcpy(l->own, l->text, sizeof l->own);
    l->back = older ? l->back + 1 : l->back - 1;
    set(l, l->back ? l->typed->p[n - l->back] : l->own);
    return OX_LINE_CHANGED;
}

static ox_line_result insert(ox_line *l, uint32_t key)
{
    char name[16];
    if (key < ' ' || key == 127 || key >= 0x110000) return OX_LINE_OTHER;
    if (key == ' ')
        strcpy(name, " ");
    else
        ox_key_name(key, name);
    size_t n = strlen(name);
    if (ox_text_sanitize(name, n, NULL, 0) != n) return OX_LINE_OTHER; /* nothing invisible, also not from a paste */
    ox_line_replace(l, l->at, name);
    return OX_LINE_CHANGED;
}

ox_line_result ox_line_key(ox_line *l, uint32_t key)
{
    switch (key) {
    case OX_KEY_ENTER:
    case '\n': return OX_LINE_DONE;
    case OX_KEY_ESC:
    case 'C' & 31:
    case 'G' & 31: return OX_LINE_LEFT;
    case OX_KEY_BACKSPACE:
    case 'H' & 31: return l->n ? cut(l, before(l, l->at), l->at) : OX_LINE_LEFT;
    case OX_KEY_DELETE:
    case 'D' & 31: return cut(l, l->at, after(l, l->at));
    case 'W' & 31: return cut(l, word_before(l, l->at), l->at);
    case 'U' & 31: return cut(l, 0, l->at);
    case 'K' & 31: return cut(l, l->at, l->n);
    case OX_KEY_UP:
    case 'P' & 31: return recall(l, true);
    case OX_KEY_DOWN:
    case 'N' & 31: return recall(l, false);
    case OX_KEY_LEFT:
    case 'B' & 31: l->at = before(l, l->at); return OX_LINE_SAME;
    case OX_KEY_RIGHT:
    case 'F' & 31: l->at = after(l, l->at); return OX_LINE_SAME;
    case OX_KEY_HOME:
    case 'A' & 31: l->at = 0; return OX_LINE_SAME;
    case OX_KEY_END:
    case 'E' & 31: l->at = l->n; return OX_LINE_SAME;
    default: return insert(l, key);
    }
}

void ox_line_draw(const ox_line *l, ox_grid *g, ox_rect line, const char *lead)
{
    int lead_width = ox_grid_putz(g, line.row, line.col, line.cols, OX_ROLE_KEY, lead);
    size_t room = line.cols > lead_width + 1 ? (size_t)(line.cols - lead_width - 1) : 1, start = 0, w;
    while (start < l->at && ox_text_width(l->text + start, l->at - start) > room)
        start += ox_text_next(l->text + start, l->n - start, &w);
    ox_grid_put(g, line.row, line.col + lead_width, line.cols - lead_width, OX_ROLE_PLAIN, l->text + start,
                l->n - start);
    g->cursor_row = line.row;
    g->cursor_col = line.col + lead_width + (int)ox_text_width(l->text + start, l->at - start);
    if (g->cursor_col >= g->cols) g->cursor_col = g->cols - 1;
}
