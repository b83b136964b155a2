/* What may reach a terminal: whole UTF-8 of printable characters, and newlines of ours. Written apart from the
 * sanitiser of the library, which is what it holds to account. */
#ifndef OX_SAFE_H
#define OX_SAFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool safe_code(uint32_t c)
{
    if (c < 0x20) return c == '\n';
    if (c >= 0x7f && c <= 0x9f) return false;
    if (c == 0x00ad || c == 0x061c || c == 0x180e || c == 0xfeff) return false;
    if (c >= 0x200b && c <= 0x200f) return false; /* zero width, marks of direction */
    if (c >= 0x2028 && c <= 0x202e) return false; /* separators, embeddings, overrides */
    if (c >= 0x2060 && c <= 0x206f) return false; /* invisible operators, isolates */
    if (c >= 0xfff9 && c <= 0xfffb) return false;
    return !(c >= 0xe0000 && c <= 0xe0fff); /* tags */
}

/* Offset of the first byte that must not be printed, n if there is none. */
static inline size_t safe_text(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < n;) {
        size_t len = s[i] < 0x80 ? 1 : s[i] < 0xc2 ? 0 : s[i] < 0xe0 ? 2 : s[i] < 0xf0 ? 3 : s[i] < 0xf5 ? 4 : 0;
        if (len == 0 || len > n - i) return i;
        uint32_t c = len == 1 ? s[i] : s[i] & (0x7fU >> len);
        for (size_t k = 1; k < len; k++) {
            if ((s[i + k] & 0xc0) != 0x80) return i;
            c = c << 6 | (s[i + k] & 0x3f);
        }
        if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || !safe_code(c)) return i;
        i += len;
    }
    return n;
}

#endif
