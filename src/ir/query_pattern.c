/* Floor 1. Patterns on names: exact text, part of a text, globs, and regular expressions by PCRE2 under limits.
 *
 * Text and globs without capital letters match both cases; regular expressions only with the flag /re/i. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "ir/query.h"

#include <onnxsh/text.h>

#include <pcre2.h>

enum { MAX_PATTERN = 4096, MATCH_LIMIT = 200000, DEPTH_LIMIT = 2000, HEAP_LIMIT_KIB = 1024 };

typedef struct regex {
    pcre2_general_context *memory;
    pcre2_compile_context *compile;
    pcre2_match_context *limits;
    pcre2_code *code;
    pcre2_match_data *data;
} regex;

static void *take(PCRE2_SIZE n, void *ud)
{
    (void)ud;
    return ox__alloc(n);
}

static void give(void *p, void *ud)
{
    (void)ud;
    ox__free(p);
}

static void regex_free(regex *x)
{
    if (!x) return;
    pcre2_match_data_free(x->data);
    pcre2_code_free(x->code);
    pcre2_match_context_free(x->limits);
    pcre2_compile_context_free(x->compile);
    pcre2_general_context_free(x->memory);
    ox__free(x);
}

static bool is_ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 0x80) return false;
    return true;
}

static ox_status bad_regex(int code, size_t at, ox_error *err)
{
    PCRE2_UCHAR text[160];
    pcre2_get_error_message(code, text, sizeof text);
    ox_status s = ox__fail(err, OX_E_INVALID, "the regular expression is wrong: %s", (const char *)text);
    if (err) err->col = (uint32_t)OX__MIN(at + 1, (size_t)UINT32_MAX);
    ox_error_hint(err, "it is PCRE2's syntax between slashes; \\/ is a slash");
    return s;
}

static ox_status regex_make(ox__pattern *out, const ox__qword *w, ox_error *err)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    ox_status s = OX_OK;
    uint32_t flags = PCRE2_NEVER_BACKSLASH_C | (w->nocase ? PCRE2_CASELESS : 0);
    if (!is_ascii(w->p, w->n)) flags |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF; /* names may be no UTF-8 at all */
    regex *x = ox__calloc(1, sizeof *x);
    if (!x) return ox__nomem(err);
    if (!(x->memory = pcre2_general_context_create(take, give, NULL)) ||
        !(x->compile = pcre2_compile_context_create(x->memory)) || !(x->limits = pcre2_match_context_create(x->memory)))
        OX__TRY(ox__nomem(err));
    pcre2_set_match_limit(x->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(x->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(x->limits, HEAP_LIMIT_KIB);
    x->code = pcre2_compile((PCRE2_SPTR)w->p, w->n, flags, &code, &offset, x->compile);
    if (!x->code) OX__TRY(code == PCRE2_ERROR_HEAP_FAILED ? ox__nomem(err) : bad_regex(code, w->at + 1 + offset, err));
    pcre2_jit_compile(x->code, PCRE2_JIT_COMPLETE); /* without JIT it is slower, no more */
    if (!(x->data = pcre2_match_data_create(1, x->memory))) OX__TRY(ox__nomem(err));
    out->regex = x;
    x = NULL;
out:
    regex_free(x);
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
    regex_free(x->regex);
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
    const regex *r = x->regex;
    int found = pcre2_match(r->code, (PCRE2_SPTR)s, n, 0, 0, r->data, r->limits);
    return found >= 0 ? 1 : found == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
