/* Floor 0. Numbers as text and back, with a point whatever locale the embedding program has set: all conversions run
 * under the C locale, which glibc and musl hold ready without allocating. */
#include <onnxsh/text.h>

#include "base/base.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static size_t copy_out(char *buf, size_t size, const char *s)
{
    size_t n = strlen(s);
    if (size) {
        size_t fits = OX__MIN(n, size - 1);
        memcpy(buf, s, fits);
        buf[fits] = '\0';
    }
    return n;
}

static locale_t enter_c(locale_t *old)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    *old = c ? uselocale(c) : (locale_t)0;
    return c;
}

static void leave_c(locale_t c, locale_t old)
{
    if (!c) return;
    uselocale(old);
    freelocale(c);
}

/* NaN and infinity; true if v was one. The sign of a NaN means nothing. */
static bool special(double v, const char **text)
{
    *text = isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
    return !isfinite(v);
}

/* If any text of `sure` digits or less reads back, rounding to `sure` digits finds it: %g drops the zeros. That does
 * not hold for subnormals, which have fewer digits. */
static void shortest(double v, bool single, char *text, size_t size)
{
    int sure = single ? 6 : 15, most = single ? 9 : 17;
    double tiny = single ? 0x1p-126 : 0x1p-1022;
    for (int digits = fabs(v) < tiny ? 1 : sure; digits <= most; digits++) {
        snprintf(text, size, "%.*g", digits, v);
        if (single ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v) return;
    }
}

static size_t print(double v, bool single, char *buf, size_t size)
{
    char text[64];
    const char *word;
    if (special(v, &word)) return copy_out(buf, size, word);
    locale_t old, c = enter_c(&old);
    shortest(v, single, text, sizeof text);
    leave_c(c, old);
    return copy_out(buf, size, text);
}

size_t ox_text_f64(double v, char *buf, size_t size)
{
    return print(v, false, buf, size);
}

size_t ox_text_f32(float v, char *buf, size_t size)
{
    return print((double)v, true, buf, size);
}

size_t ox_text_torch_f64(double v, char *buf, size_t size)
{
    char text[64];
    const char *word;
    if (special(v, &word)) return copy_out(buf, size, word);
    if (fabs(v) < 1e10 && v == trunc(v) && (v == 0 || fabs(v) >= 1)) {
        snprintf(text, sizeof text, "%s%" PRId64 ".", signbit(v) ? "-" : "", (int64_t)fabs(v));
        return copy_out(buf, size, text);
    }
    locale_t old, c = enter_c(&old);
    snprintf(text, sizeof text, "%.17g", v);
    leave_c(c, old);
    return copy_out(buf, size, text);
}

static bool digits_of(const char *s, size_t n, size_t *i)
{
    size_t from = *i;
    while (*i < n && s[*i] >= '0' && s[*i] <= '9') (*i)++;
    return *i > from;
}

/* sign? (digits [. digits*] | . digits) ([eE] sign? digits)?  Hexadecimal forms, which strtod takes, are no numbers. */
static bool is_decimal(const char *s, size_t n)
{
    size_t i = 0;
    if (i < n && (s[i] == '+' || s[i] == '-')) i++;
    bool whole = digits_of(s, n, &i), part = false;
    if (i < n && s[i] == '.') {
        i++;
        part = digits_of(s, n, &i);
    }
    if (!whole && !part) return false;
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        if (i < n && (s[i] == '+' || s[i] == '-')) i++;
        if (!digits_of(s, n, &i)) return false;
    }
    return i == n;
}

static bool word(const char *s, size_t n, double *v)
{
    bool minus = n && s[0] == '-';
    if (n && (s[0] == '-' || s[0] == '+')) s++, n--;
    if (n == 3 && memcmp(s, "nan", 3) == 0)
        *v = (double)NAN;
    else if (n == 3 && memcmp(s, "inf", 3) == 0)
        *v = minus ? -(double)INFINITY : (double)INFINITY;
    else
        return false;
    return true;
}

bool ox_text_parse_f64(const char *s, size_t n, double *v)
{
    enum { MOST = 2048 }; /* no double needs more than 800 digits */
    char text[MOST];
    if (word(s, n, v)) return true;
    if (n >= MOST || !is_decimal(s, n)) return false;
    memcpy(text, s, n);
    text[n] = '\0';
    locale_t old, c = enter_c(&old);
    *v = strtod(text, NULL);
    leave_c(c, old);
    return true;
}

bool ox_text_parse_i64(const char *s, size_t n, int64_t *v)
{
    size_t i = 0;
    bool minus = n && s[0] == '-';
    if (n && (s[0] == '-' || s[0] == '+')) i++;
    if (i == n) return false;
    int64_t x = 0; /* counted down: the negative range is the wider */
    for (; i < n; i++) {
        if (s[i] < '0' || s[i] > '9' || __builtin_mul_overflow(x, 10, &x) || __builtin_sub_overflow(x, s[i] - '0', &x))
            return false;
    }
    if (!minus && x == INT64_MIN) return false;
    *v = minus ? x : -x;
    return true;
}
