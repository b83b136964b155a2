/* Floor 0. Text for people: the one sanitiser, its inverse, widths, JSON strings. Numbers stand in number.c. */
#include <onnxsh/text.h>

#include "base/base.h"

#include <stdio.h>
#include <utf8proc.h>

static const char ellipsis[] = "\xe2\x80\xa6";

/* What a writer has made so far: like snprintf it counts on beyond the end, and it stops at whole units. */
typedef struct out {
    char *p;
    size_t size, n;
    bool full;
} out;

static void put(out *o, const char *s, size_t n)
{
    if (!o->full && n < o->size - o->n) {
        memcpy(o->p + o->n, s, n);
        o->p[o->n + n] = '\0';
    } else {
        o->full = true;
    }
    o->n += n;
}

static out out_make(char *buf, size_t size)
{
    out o = {buf, size, 0, size == 0};
    if (size) buf[0] = '\0';
    return o;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_escape(const char *s, size_t n)
{
    return n >= 4 && s[0] == '\\' && s[1] == 'x' && is_hex(s[2]) && is_hex(s[3]);
}

/* Characters that are invisible and change what stands around them, though they are no controls by category. */
static bool is_invisible(utf8proc_int32_t c)
{
    return c == 0x034F || c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 || (c >= 0x180B && c <= 0x180F) ||
           c == 0x2065 || c == 0x3164 || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFFA0 || (c >= 0xE0000 && c <= 0xE0FFF);
}

static bool is_printable(utf8proc_int32_t c)
{
    if (c < 0x80) return c >= 0x20 && c != 0x7F;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF: /* bidirectional and zero-width controls */
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    default: return !is_invisible(c);
    }
}

/* Reads one character of n > 0 bytes: its length and code point, or 1 and -1 for a byte that is not UTF-8. */
static size_t next_char(const char *s, size_t n, utf8proc_int32_t *c)
{
    if ((unsigned char)*s < 0x80) {
        *c = (unsigned char)*s;
        return 1;
    }
    utf8proc_ssize_t k = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)OX__MIN(n, (size_t)4), c);
    if (k > 0) return (size_t)k;
    *c = -1;
    return 1;
}

static void put_escape(out *o, unsigned char b)
{
    static const char digits[] = "0123456789abcdef";
    char e[4] = {'\\', 'x', digits[b >> 4], digits[b & 15]};
    put(o, e, 4);
}

size_t ox_text_sanitize(const char *s, size_t n, char *buf, size_t size)
{
    out o = out_make(buf, size);
    for (size_t i = 0, k; i < n; i += k) {
        size_t plain = 0; /* a run of plain ASCII goes in one piece, as far as it fits */
        while (i + plain < n && s[i + plain] >= 0x20 && s[i + plain] < 0x7F && s[i + plain] != '\\') plain++;
        if (plain) {
            size_t fits = o.full ? 0 : OX__MIN(plain, o.size - o.n - 1);
            put(&o, s + i, fits);
            o.full = o.full || fits < plain;
            o.n += plain - fits;
            k = plain;
            continue;
        }
        utf8proc_int32_t c;
        k = next_char(s + i, n - i, &c);
        if (c >= 0 && is_printable(c) && !is_escape(s + i, n - i))
            put(&o, s + i, k);
        else
            for (size_t j = 0; j < k; j++) put_escape(&o, (unsigned char)s[i + j]);
    }
    return o.n;
}

static unsigned hex_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

size_t ox_text_unescape(const char *s, size_t n, char *buf)
{
    size_t m = 0;
    for (size_t i = 0; i < n;) {
        if (is_escape(s + i, n - i)) {
            buf[m++] = (char)(hex_value(s[i + 2]) << 4 | hex_value(s[i + 3]));
            i += 4;
        } else {
            buf[m++] = s[i++];
        }
    }
    buf[m] = '\0';
    return m;
}

static size_t char_width(utf8proc_int32_t c)
{
    if (c < 0) return 1;
    int w = utf8proc_charwidth(c);
    return w > 0 ? (size_t)w : 0;
}

size_t ox_text_width(const char *s, size_t n)
{
    size_t w = 0;
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t c;
        i += next_char(s + i, n - i, &c);
        w += char_width(c);
    }
    return w;
}

size_t ox_text_next(const char *s, size_t n, size_t *width)
{
    utf8proc_int32_t c;
    size_t k = n ? next_char(s, n, &c) : 0;
    *width = n ? char_width(c) : 0;
    while (k < n) {
        size_t more = next_char(s + k, n - k, &c);
        if (c < 0 || char_width(c) != 0) break;
        k += more;
    }
    return k;
}

/* The bytes and columns of what must not be cut apart: an escape, or a character with the marks that combine with it.
 */
static size_t unit(const char *s, size_t n, size_t *width)
{
    if (!is_escape(s, n)) return ox_text_next(s, n, width);
    *width = 4;
    return 4;
}

/* The longest front of s, in whole units, that takes at most `width` columns and `room` bytes. */
static size_t front(const char *s, size_t n, size_t width, size_t room)
{
    size_t i = 0, w;
    while (i < n) {
        size_t k = unit(s + i, n - i, &w);
        if (w > width || k > room - i) break;
        width -= w;
        i += k;
    }
    return i;
}

/* Where the longest tail begins that takes at most `width` columns and `room` bytes. */
static size_t tail(const char *s, size_t n, size_t width, size_t room)
{
    size_t all = ox_text_width(s, n), i = 0, w;
    while (i < n && (all > width || n - i > room)) {
        i += unit(s + i, n - i, &w);
        all -= w;
    }
    return i;
}

size_t ox_text_fit(const char *s, size_t n, size_t width, char *buf, size_t size)
{
    if (size == 0) return 0;
    out o = out_make(buf, size);
    if (n < size && ox_text_width(s, n) <= width) {
        put(&o, s, n);
        return o.n;
    }
    if (width == 0 || size < sizeof ellipsis) return 0;
    size_t room = size - sizeof ellipsis;
    size_t head = front(s, n, width / 2, room / 2);
    size_t left = width - 1 - ox_text_width(s, head);
    size_t rest = head + tail(s + head, n - head, left, room - head);
    put(&o, s, head);
    put(&o, ellipsis, 3);
    put(&o, s + rest, n - rest);
    return o.n;
}

static void put_json_char(out *o, const char *s, size_t k, utf8proc_int32_t c)
{
    char e[16];
    if (c < 0) {
        put(o, "\\ufffd", 6);
    } else if (c == '"' || c == '\\') {
        e[0] = '\\';
        e[1] = (char)c;
        put(o, e, 2);
    } else if (c == '\n' || c == '\t' || c == '\r') {
        put(o, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r", 2);
    } else if (is_printable(c)) {
        put(o, s, k);
    } else if (c < 0x10000) {
        put(o, e, (size_t)snprintf(e, sizeof e, "\\u%04x", (unsigned)c));
    } else {
        unsigned x = (unsigned)c - 0x10000;
        put(o, e, (size_t)snprintf(e, sizeof e, "\\u%04x\\u%04x", 0xD800 | x >> 10, 0xDC00 | (x & 0x3FF)));
    }
}

size_t ox_text_json(const char *s, size_t n, char *buf, size_t size)
{
    out o = out_make(buf, size);
    put(&o, "\"", 1);
    for (size_t i = 0, k; i < n; i += k) {
        utf8proc_int32_t c;
        k = next_char(s + i, n - i, &c);
        put_json_char(&o, s + i, k, c);
    }
    put(&o, "\"", 1);
    return o.n;
}

void ox__buf_add_cased(ox__buf *b, const char *s, size_t n, bool upper)
{
    for (size_t i = 0, k; i < n; i += k) {
        utf8proc_int32_t c;
        utf8proc_uint8_t text[4];
        k = next_char(s + i, n - i, &c);
        utf8proc_ssize_t len =
            c < 0 ? 0 : utf8proc_encode_char(upper ? utf8proc_toupper(c) : utf8proc_tolower(c), text);
        if (len > 0)
            ox__buf_add(b, text, (size_t)len);
        else
            ox__buf_add(b, s + i, k);
    }
}
