/* Floor 0. Regular expressions: the one place that knows PCRE2. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/regex.h"

#include <pcre2.h>

struct ox__regex {
    pcre2_general_context *memory;
    pcre2_compile_context *compile;
    pcre2_match_context *limits;
    pcre2_code *code;
    pcre2_match_data *data;
};

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

void ox__regex_free(ox__regex *x)
{
    if (!x) return;
    pcre2_match_data_free(x->data);
    pcre2_code_free(x->code);
    pcre2_match_context_free(x->limits);
    pcre2_compile_context_free(x->compile);
    pcre2_general_context_free(x->memory);
    ox__free(x);
}

static uint32_t options_of(unsigned flags)
{
    uint32_t o = PCRE2_NEVER_BACKSLASH_C; /* it splits characters */
    if (flags & OX__REGEX_NOCASE) o |= PCRE2_CASELESS;
    if (flags & OX__REGEX_UTF) o |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
    if (flags & OX__REGEX_WHOLE) o |= PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE;
    return o;
}

static ox_status wrong(int code, ox_error *err)
{
    PCRE2_UCHAR text[160];
    if (code == PCRE2_ERROR_HEAP_FAILED) return ox__nomem(err);
    pcre2_get_error_message(code, text, sizeof text);
    return ox__fail(err, OX_E_INVALID, "%s", (const char *)text);
}

ox_status ox__regex_compile(ox__regex **out, const char *pattern, size_t n, unsigned flags,
                            const ox__regex_limits *limits, size_t *at, ox_error *err)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    ox_status s = OX_OK;
    ox__regex *x = ox__calloc(1, sizeof *x);
    if (!x) return ox__nomem(err);
    if (!(x->memory = pcre2_general_context_create(take, give, NULL)) ||
        !(x->compile = pcre2_compile_context_create(x->memory)) || !(x->limits = pcre2_match_context_create(x->memory)))
        OX__TRY(ox__nomem(err));
    pcre2_set_match_limit(x->limits, limits->steps);
    pcre2_set_depth_limit(x->limits, limits->depth);
    pcre2_set_heap_limit(x->limits, limits->heap_kib);
    x->code = pcre2_compile((PCRE2_SPTR)(n ? pattern : ""), n, options_of(flags), &code, &offset, x->compile);
    if (at) *at = offset;
    if (!x->code) OX__TRY(wrong(code, err));
    if (flags & OX__REGEX_JIT) pcre2_jit_compile(x->code, PCRE2_JIT_COMPLETE); /* without it: slower, no more */
    if (!(x->data = pcre2_match_data_create_from_pattern(x->code, x->memory))) OX__TRY(ox__nomem(err));
    *out = x;
    x = NULL;
out:
    ox__regex_free(x);
    return s;
}

static ox__regex_answer match(const ox__regex *x, const char *text, size_t n, size_t from)
{
    int found = pcre2_match(x->code, (PCRE2_SPTR)(n ? text : ""), n, from, 0, x->data, x->limits);
    if (found >= 0) return OX__REGEX_YES;
    return found == PCRE2_ERROR_NOMATCH    ? OX__REGEX_NO
           : found == PCRE2_ERROR_NOMEMORY ? OX__REGEX_NOMEM
                                           : OX__REGEX_GAVE_UP;
}

ox__regex_answer ox__regex_match(const ox__regex *x, const char *text, size_t n)
{
    return match(x, text, n, 0);
}

ox__regex_answer ox__regex_find(const ox__regex *x, const char *text, size_t n, size_t from, ox__span *spans,
                                size_t n_spans)
{
    ox__regex_answer a = match(x, text, n, from);
    if (a != OX__REGEX_YES) return a;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(x->data);
    size_t n_groups = pcre2_get_ovector_count(x->data);
    for (size_t i = 0; i < n_spans; i++) {
        bool there = i < n_groups && at[2 * i] != PCRE2_UNSET;
        spans[i] = there ? (ox__span){at[2 * i], at[2 * i + 1]} : (ox__span){SIZE_MAX, SIZE_MAX};
    }
    return a;
}
