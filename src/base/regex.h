/* Floor 0. Regular expressions of PCRE2 under limits, with memory of ours: names are searched and strings are matched
 * through it. */
#ifndef ONNXSH_BASE_REGEX_H
#define ONNXSH_BASE_REGEX_H

#include "base/base.h"

typedef struct ox__regex ox__regex;

/* What a match may cost: steps, depth of going back, memory. */
typedef struct ox__regex_limits {
    uint32_t steps, depth, heap_kib;
} ox__regex_limits;

enum {
    OX__REGEX_NOCASE = 1,
    OX__REGEX_UTF = 2,   /* the text may be broken UTF-8 all the same */
    OX__REGEX_WHOLE = 4, /* a match is of the whole text */
    OX__REGEX_JIT = 8    /* for many short texts; the machine stack of a match is small then */
};

/* OX_E_INVALID: the pattern is wrong; err's message is PCRE2's sentence, *at (may be NULL) the place in the pattern. */
ox_status ox__regex_compile(ox__regex **out, const char *pattern, size_t n, unsigned flags,
                            const ox__regex_limits *limits, size_t *at, ox_error *err) OX_MUST_USE;
void ox__regex_free(ox__regex *x); /* NULL is fine */

typedef enum ox__regex_answer {
    OX__REGEX_NO,
    OX__REGEX_YES,
    OX__REGEX_GAVE_UP, /* a limit was met */
    OX__REGEX_NOMEM
} ox__regex_answer;
ox__regex_answer ox__regex_match(const ox__regex *x, const char *text, size_t n);

/* A part of a text; begin == SIZE_MAX: a group that took no part in the match. */
typedef struct ox__span {
    size_t begin, end;
} ox__span;
/* The first match at or behind `from`: spans[0] is the whole, spans[i] group i; groups beyond n_spans are left out,
 * spans beyond the groups are absent. */
ox__regex_answer ox__regex_find(const ox__regex *x, const char *text, size_t n, size_t from, ox__span *spans,
                                size_t n_spans);

#endif
