/* Floor 7. Looking for text. */
#include "app/tui/needle.h"

#include <stdint.h>
#include <string.h>

static unsigned char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : (unsigned char)c;
}

void ox_needle_set(ox_needle *k, const char *text, size_t n)
{
    k->fold = true;
    k->n = n < sizeof k->text ? n : sizeof k->text;
    memcpy(k->text, text, k->n);
    for (size_t i = 0; i < k->n; i++)
        if (text[i] >= 'A' && text[i] <= 'Z') k->fold = false;
    k->revision++;
}

static bool same(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

size_t ox_needle_find(const ox_needle *k, const char *s, size_t n)
{
    if (k->n == 0 || n < k->n) return SIZE_MAX;
    if (!k->fold) {
        const char *p = memmem(s, n, k->text, k->n);
        return p ? (size_t)(p - s) : SIZE_MAX;
    }
    for (size_t i = 0; i + k->n <= n; i++)
        if (lower(s[i]) == (unsigned char)k->text[0] && same(s + i, k->text, k->n)) return i;
    return SIZE_MAX;
}
