/* Floor 7. Lines that are wider than the terminal: cut in the middle, behind two thirds of it, so that both the
 * operator and, at the end, its place are seen; or wrapped at blanks. Colours take no room. */
#include "app/output.h"

#include <stdlib.h>
#include <string.h>

static const char ellipsis[] = "\xe2\x80\xa6";

/* The length of the escape sequence that begins here, 0 if none does. The only ones in text are inks. */
static size_t ink_at(const char *s, size_t n)
{
    if (n < 3 || s[0] != '\033' || s[1] != '[') return 0;
    for (size_t i = 2; i < n; i++)
        if (s[i] == 'm') return i + 1;
    return 0;
}

/* The length of the character or ink that begins here, and its columns. */
static size_t unit_at(const char *s, size_t n, size_t *width)
{
    size_t k = ink_at(s, n);
    *width = 0;
    if (k) return k;
    for (k = 1; k < n && ((unsigned char)s[k] & 0xC0) == 0x80;) k++;
    *width = ox_text_width(s, k);
    return k;
}

static size_t width_of(const char *s, size_t n)
{
    size_t total = 0, w;
    for (size_t i = 0; i < n; total += w) i += unit_at(s + i, n - i, &w);
    return total;
}

/* The bytes at the front that take at most so many columns; *seen gets how many they take. */
static size_t front(const char *s, size_t n, size_t columns, size_t *seen)
{
    size_t i = 0, k, w;
    for (*seen = 0; i < n; i += k, *seen += w) {
        k = unit_at(s + i, n - i, &w);
        if (*seen + w > columns) break;
    }
    return i;
}

/* The inks of a part that is left out, from the last that ends those before it. */
static ox_status put_inks(ox_out *o, const char *s, size_t n, ox_error *err)
{
    ox_status st = OX_OK;
    size_t w, k, from = 0;
    for (size_t i = 0; i < n; i += k) {
        k = unit_at(s + i, n - i, &w);
        if (k == 4 && memcmp(s + i, "\033[0m", 4) == 0) from = i;
    }
    for (size_t i = from; i < n && st == OX_OK; i += k) {
        k = unit_at(s + i, n - i, &w);
        if (s[i] == '\033') st = ox_out_pass(o, s + i, k, err);
    }
    return st;
}

static ox_status cut(ox_out *o, const char *s, size_t n, size_t width, ox_error *err)
{
    size_t seen, w, head = front(s, n, o->width * 2 / 3, &seen), room = o->width - 1 - seen, tail = head;
    for (size_t left = width - seen; tail < n && left > room; left -= w) tail += unit_at(s + tail, n - tail, &w);
    ox_status st = ox_out_pass(o, s, head, err);
    if (st == OX_OK) st = ox_out_pass(o, ellipsis, sizeof ellipsis - 1, err);
    if (st == OX_OK) st = put_inks(o, s + head, tail - head, err);
    return st == OX_OK ? ox_out_pass(o, s + tail, n - tail, err) : st;
}

/* Further lines stand four columns behind the first; a word that is wider than a line is broken. */
static ox_status wrap(ox_out *o, const char *s, size_t n, ox_error *err)
{
    char blanks[64];
    size_t indent = strspn(s, " ") + 4, seen;
    if (indent > o->width / 2 || indent >= sizeof blanks) indent = 4;
    memset(blanks, ' ', sizeof blanks);
    for (size_t room = o->width;; room = o->width - indent) {
        size_t k = front(s, n, room, &seen), at = k;
        if (k == n) return ox_out_pass(o, s, n, err);
        while (at > 0 && s[at] != ' ') at--;
        if (at == 0 || strspn(s, " ") >= at) at = k;
        ox_status st = ox_out_pass(o, s, at, err);
        if (st == OX_OK) st = ox_out_pass(o, "\n", 1, err);
        if (st == OX_OK) st = ox_out_pass(o, blanks, indent, err);
        if (st != OX_OK) return st;
        while (at < n && s[at] == ' ') at++;
        s += at;
        n -= at;
    }
}

static ox_status keep(ox_out *o, const char *s, size_t n, ox_error *err)
{
    if (o->n_line + n + 1 > o->cap_line) {
        size_t cap = (o->n_line + n) * 2 + 1;
        char *p = realloc(o->line, cap);
        if (!p) return ox_error_set(err, OX_E_NOMEM, "out of memory");
        o->line = p;
        o->cap_line = cap;
    }
    memcpy(o->line + o->n_line, s, n);
    o->n_line += n;
    o->line[o->n_line] = '\0';
    return OX_OK;
}

ox_status ox_out_fit_write(ox_out *o, const char *s, size_t n, ox_error *err)
{
    ox_status st = OX_OK;
    while (n && st == OX_OK) {
        const char *end = memchr(s, '\n', n);
        size_t k = end ? (size_t)(end - s) : n;
        st = keep(o, s, k, err);
        if (st == OX_OK && end) st = ox_out_fit_end(o, err);
        if (st == OX_OK && end) st = ox_out_pass(o, "\n", 1, err);
        s += k + (end != NULL);
        n -= k + (end != NULL);
    }
    return st;
}

ox_status ox_out_fit_end(ox_out *o, ox_error *err)
{
    size_t n = o->n_line, width = n ? width_of(o->line, n) : 0;
    o->n_line = 0;
    if (width <= o->width || o->width < 8) return ox_out_pass(o, o->line, n, err);
    return o->fit == OX_FIT_WRAP ? wrap(o, o->line, n, err) : cut(o, o->line, n, width, err);
}
