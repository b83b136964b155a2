/* Floor 1. Patterns on names: exact text, part of a text, globs, and regular expressions by PCRE2 under limits.
 *
 * Text and globs without capital letters match both cases; regular expressions only with the flag /re/i. */
#include "ir/query.h"

#include <onnxsh/text.h>

enum { MAX_PATTERN = 4096 };
static const ox__regex_limits limits = {.steps = 200000, .depth = 2000, .heap_kib = 1024};

static bool is_ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 0x80) return false;
    return true;
}

static ox_status regex_make(ox__pattern *out, const ox__qword *w, ox_error *err)
{
    size_t at = 0;
    unsigned flags = OX__REGEX_JIT | (w->nocase ? OX__REGEX_NOCASE : 0) | (is_ascii(w->p, w->n) ? 0 : OX__REGEX_UTF);
    ox_status s = ox__regex_compile(&out->regex, w->p, w->n, flags, &limits, &at, err);
    if (s != OX_E_INVALID) return s;
    ox_error_context(err, "the regular expression is wrong");
    if (err) err->col = (uint32_t)OX__MIN(w->at + 2 + at, (size_t)UINT32_MAX);
    ox_error_hint(err, "it is PCRE2's syntax between slashes; \\/ is a slash");
    return s;
}

static bool has_capital(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] >= 'A' && s[i] <= 'Z') return true;
    return false;
}

ox_status ox__pattern_make(ox__pattern *out, const ox__qword *w, bool globs, ox__pattern_kind plain, ox_error *err)
{
    *out = (ox__pattern){.kind = w->regex ? OX__REGEX : plain};
    if (w->n > MAX_PATTERN) {
        ox_status s = ox__fail(err, OX_E_LIMIT, "a pattern is longer than %d bytes", MAX_PATTERN);
        if (err) err->col = (uint32_t)OX__MIN(w->at + 1, (size_t)UINT32_MAX);
        return s;
    }
    out->text = ox__alloc(w->n + 1);
    if (!out->text) return ox__nomem(err);
    memcpy(out->text, w->p, w->n);
    out->text[out->n = w->n] = '\0';
    if (w->regex) return regex_make(out, w, err);
    if (globs && !w->quoted && (memchr(w->p, '*', w->n) || memchr(w->p, '?', w->n))) out->kind = OX__GLOB;
    out->n = ox_text_unescape(w->p, w->n, out->text);
    out->text[out->n] = '\0';
    out->fold = !has_capital(out->text, out->n);
    return OX_OK;
}

void ox__pattern_free(ox__pattern *x)
{
    ox__free(x->text);
    ox__regex_free(x->regex);
    *x = (ox__pattern){0};
}

/* ---- matching ---- */

static inline char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same(const char *text, const char *s, size_t n, bool fold)
{
    if (!fold) return memcmp(text, s, n) == 0;
    for (size_t i = 0; i < n; i++)
        if (text[i] != lower(s[i])) return false;
    return true;
}

static bool contains(const ox__pattern *x, const char *s, size_t n)
{
    if (!x->n) return true;
    if (n < x->n) return false;
    if (!x->fold) return memmem(s, n, x->text, x->n) != NULL;
    char first = x->text[0];
    for (size_t i = 0; i <= n - x->n; i++)
        if (lower(s[i]) == first && same(x->text + 1, s + i + 1, x->n - 1, true)) return true;
    return false;
}

/* * any bytes, ? any one. Goes back to the last * only, which is enough, so it takes at most n * m steps. */
static bool glob(const ox__pattern *x, const char *s, size_t n)
{
    size_t i = 0, k = 0, star = SIZE_MAX, mark = 0;
    while (i < n) {
        if (k < x->n && x->text[k] == '*') {
            star = k++;
            mark = i;
        } else if (k < x->n && (x->text[k] == '?' || x->text[k] == (x->fold ? lower(s[i]) : s[i]))) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            k = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (k < x->n && x->text[k] == '*') k++;
    return k == x->n;
}

int ox__pattern_matches(const ox__pattern *x, const char *s, size_t n)
{
    switch (x->kind) {
    case OX__EXACT: return n == x->n && same(x->text, s, n, x->fold);
    case OX__SUBSTRING: return contains(x, s, n);
    case OX__GLOB: return glob(x, s, n);
    case OX__REGEX: break;
    }
    switch (ox__regex_match(x->regex, s, n)) {
    case OX__REGEX_YES: return 1;
    case OX__REGEX_NO: return 0;
    default: return -1;
    }
}
