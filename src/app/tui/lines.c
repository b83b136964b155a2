/* Floor 7. Styled lines in three arrays: the text, its pieces, the lines. */
#include "app/tui/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 8192 };

void ox_lines_free(ox_lines *l)
{
    free(l->text);
    free(l->pieces);
    free(l->rows);
    memset(l, 0, sizeof *l);
}

void ox_lines_clear(ox_lines *l)
{
    l->n_text = l->n_pieces = l->n = 0;
}

static bool grow(void **p, size_t *cap, size_t need, size_t item)
{
    if (need <= *cap) return true;
    size_t to = need < 64 ? 64 : 2 * need;
    void *q = to < UINT32_MAX ? realloc(*p, to * item) : NULL;
    if (!q) return false;
    *p = q;
    *cap = to;
    return true;
}

void ox_lines_new(ox_lines *l)
{
    if (!grow((void **)&l->rows, &l->cap, l->n + 1, sizeof *l->rows)) return;
    l->rows[l->n++] = (struct ox_line_row){(uint32_t)l->n_pieces, {0, 0}, {0, 0}};
}

void ox_lines_add(ox_lines *l, ox_role role, const char *s, size_t n)
{
    if (l->n == 0 || n == 0) return;
    if (!grow((void **)&l->text, &l->cap_text, l->n_text + n, 1) ||
        !grow((void **)&l->pieces, &l->cap_pieces, l->n_pieces + 1, sizeof *l->pieces))
        return;
    memcpy(l->text + l->n_text, s, n);
    l->pieces[l->n_pieces++] = (ox_line_piece){(uint32_t)l->n_text, (uint32_t)n, (uint8_t)role};
    l->n_text += n;
}

void ox_lines_addf(ox_lines *l, ox_role role, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n > 0) ox_lines_add(l, role, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void ox_lines_name(ox_lines *l, ox_role role, const char *s, size_t n)
{
    char safe[LONGEST];
    size_t k = ox_text_sanitize(s, n > LONGEST / 4 - 1 ? LONGEST / 4 - 1 : n, safe, sizeof safe);
    ox_lines_add(l, role, safe, k);
}

void ox_lines_link(ox_lines *l, ox_node n)
{
    if (l->n) l->rows[l->n - 1].link = n;
}

void ox_lines_link_weight(ox_lines *l, ox_value v)
{
    if (l->n) l->rows[l->n - 1].weight = v;
}

ox_value ox_lines_linked_weight(const ox_lines *l, size_t i)
{
    return i < l->n ? l->rows[i].weight : (ox_value){0, 0};
}

ox_node ox_lines_linked(const ox_lines *l, size_t i)
{
    return i < l->n ? l->rows[i].link : (ox_node){0, 0};
}

static size_t pieces_end(const ox_lines *l, size_t i)
{
    return i + 1 < l->n ? l->rows[i + 1].piece : l->n_pieces;
}

/* Pieces of one line stand side by side in the text. */
const char *ox_lines_text(const ox_lines *l, size_t i, size_t *n)
{
    *n = 0;
    if (i >= l->n || l->rows[i].piece == pieces_end(l, i)) return "";
    size_t first = l->pieces[l->rows[i].piece].at;
    const ox_line_piece *last = &l->pieces[pieces_end(l, i) - 1];
    *n = last->at + last->n - first;
    return l->text + first;
}

size_t ox_lines_width(const ox_lines *l)
{
    size_t n;
    const char *s = l->n ? ox_lines_text(l, l->n - 1, &n) : NULL;
    return s ? ox_text_width(s, n) : 0;
}

void ox_lines_tab(ox_lines *l, size_t col)
{
    static const char blanks[] = "                                        ";
    size_t w = ox_lines_width(l), n = w < col ? col - w : 1;
    ox_lines_add(l, OX_ROLE_PLAIN, blanks, n < sizeof blanks ? n : sizeof blanks - 1);
}

void ox_lines_draw(const ox_lines *l, size_t i, ox_grid *g, ox_rect line, size_t left)
{
    int used = 0;
    for (size_t p = i < l->n ? l->rows[i].piece : 0; i < l->n && p < pieces_end(l, i) && used < line.cols; p++) {
        const ox_line_piece *k = &l->pieces[p];
        const char *s = l->text + k->at;
        size_t n = k->n, w;
        for (size_t step; left > 0 && n > 0; s += step, n -= step) {
            step = ox_text_next(s, n, &w);
            left = left > w ? left - w : 0;
        }
        used += ox_grid_put(g, line.row, line.col + used, line.cols - used, (ox_role)k->role, s, n);
    }
}

ox_role ox_lines_role(const ox_lines *l, size_t i)
{
    bool some = i < l->n && l->rows[i].piece < pieces_end(l, i);
    return some ? (ox_role)l->pieces[l->rows[i].piece].role : OX_ROLE_PLAIN;
}

size_t ox_lines_copy(const ox_lines *l, size_t i, char *buf, size_t size)
{
    size_t n;
    const char *s = ox_lines_text(l, i, &n);
    return (size_t)snprintf(buf, size, "%.*s", (int)n, s);
}

bool ox_lines_match(const ox_lines *l, size_t i, const ox_needle *k)
{
    size_t n;
    const char *s = ox_lines_text(l, i, &n);
    return ox_needle_find(k, s, n) != SIZE_MAX;
}
