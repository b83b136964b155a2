/* Floor 0. Byte buffers: they grow, and remember when they could not. The owner frees them. */
#include "base/base.h"

#include <stdio.h>

bool ox__buf_reserve(ox__buf *b, size_t extra)
{
    if (b->failed) return false;
    if (extra < b->cap - b->n) return true; /* one byte more for the NUL */
    size_t need = b->n + extra + 1;
    if (need <= extra) {
        b->failed = true;
        return false;
    }
    size_t cap = OX__MAX(OX__MAX(need, b->cap + b->cap / 2), (size_t)64);
    char *p = ox__realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void ox__buf_add(ox__buf *b, const void *p, size_t n)
{
    if (!ox__buf_reserve(b, n)) return;
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void ox__buf_addz(ox__buf *b, const char *s)
{
    ox__buf_add(b, s, strlen(s));
}

void ox__buf_addc(ox__buf *b, char c)
{
    ox__buf_add(b, &c, 1);
}

void ox__buf_addf(ox__buf *b, const char *fmt, ...)
{
    va_list ap, again;
    if (!ox__buf_reserve(b, 32)) return;
    va_start(ap, fmt);
    va_copy(again, ap);
    size_t room = b->cap - b->n;
    int n = vsnprintf(b->p + b->n, room, fmt, ap);
    if (n >= 0 && (size_t)n >= room) {
        b->p[b->n] = '\0';
        if (ox__buf_reserve(b, (size_t)n)) vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    }
    if (n < 0) b->failed = true;
    if (!b->failed) b->n += (size_t)n;
    va_end(again);
    va_end(ap);
}

void ox__buf_clear(ox__buf *b)
{
    b->n = 0;
    b->failed = false;
    if (b->p) b->p[0] = '\0';
}

void ox__buf_free(ox__buf *b)
{
    ox__free(b->p);
    memset(b, 0, sizeof *b);
}
