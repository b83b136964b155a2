/* Floor 3. Computing RegexFullMatch by PCRE2. The operator's patterns are RE2's: what PCRE2 reads otherwise is
 * rewritten, and what RE2 does not know (look-around, references, possessive repeats, verbs) is refused. */
#include "ops/text.h"

#include "base/regex.h"

enum { MAX_PATTERN = 65536 };
static const ox__regex_limits limits = {.steps = 10000000, .depth = 10000, .heap_kib = 16384};

/* ---- from RE2 to PCRE2 ---- */
typedef struct rewriter {
    const char *p, *end;
    ox__buf out;
    bool in_class;
    const char *wrong; /* what is no RE2; NULL so far */
} rewriter;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* \Q...\E: all as it stands. */
static void quoted(rewriter *r)
{
    while (r->p < r->end && !(r->p[0] == '\\' && r->p + 1 < r->end && r->p[1] == 'E')) {
        if (!is_word(*r->p) && (unsigned char)*r->p < 0x80) ox__buf_addc(&r->out, '\\');
        ox__buf_addc(&r->out, *r->p++);
    }
    r->p += r->p < r->end ? 2 : 0;
}

/* White space has no vertical tab, and \v is that alone. */
static void escape(rewriter *r)
{
    if (r->end - r->p < 2) {
        r->wrong = "a \\ at the end";
        return;
    }
    char c = r->p[1], next = r->end - r->p > 2 ? r->p[2] : '\0';
    r->p += 2;
    if (c == 'Q') {
        quoted(r);
    } else if (c == 's') {
        ox__buf_addz(&r->out, r->in_class ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]");
    } else if (c == 'S') {
        ox__buf_addz(&r->out, r->in_class ? "\\S\\x0b" : "[^\\t\\n\\f\\r ]");
    } else if (c == 'v') {
        ox__buf_addz(&r->out, "\\x0b");
    } else if (c >= '1' && c <= '7' && is_octal(next)) {
        unsigned v = (unsigned)(c - '0') * 8 + (unsigned)(next - '0');
        if (++r->p < r->end && is_octal(*r->p)) v = v * 8 + (unsigned)(*r->p++ - '0');
        ox__buf_addf(&r->out, "\\x{%x}", v);
    } else if (is_word(c) && !strchr(r->in_class ? "0aDdfnPprtWwx" : "0AaBbDdfnPprtWwxz", c)) {
        r->wrong = "an escape that RE2 does not know";
    } else {
        ox__buf_addc(&r->out, '\\');
        ox__buf_addc(&r->out, c);
    }
}

/* After "(?": flags of i, m, s, U; or a name. */
static void group(rewriter *r)
{
    const char *p = r->p + 2;
    if (p < r->end && (*p == '<' || (*p == 'P' && p + 1 < r->end && p[1] == '<'))) {
        p += *p == 'P';
        if (p + 1 < r->end && (p[1] == '=' || p[1] == '!')) r->wrong = "a look-behind";
    } else {
        while (p < r->end && is_one_of(*p, "imsU-")) p++;
        if (p == r->end || (*p != ':' && *p != ')')) r->wrong = "a group that RE2 does not know";
    }
    ox__buf_add(&r->out, r->p, 2);
    r->p += 2;
}

/* {n}, {n,} or {n,m}; its length, or 0: the brace is a character. */
static size_t repeat(const char *p, const char *end)
{
    const char *q = p + 1;
    if (q == end || !is_digit(*q)) return 0;
    while (q < end && is_digit(*q)) q++;
    if (q < end && *q == ',')
        for (q++; q < end && is_digit(*q);) q++;
    return q < end && *q == '}' ? (size_t)(q + 1 - p) : 0;
}

/* A repeat with its `?`; one more makes it possessive or repeats the repeat. */
static void repeated(rewriter *r, size_t n)
{
    ox__buf_add(&r->out, r->p, n);
    r->p += n;
    if (r->p < r->end && *r->p == '?') ox__buf_addc(&r->out, *r->p++);
    if (r->p < r->end && (is_one_of(*r->p, "*+?") || (*r->p == '{' && repeat(r->p, r->end))))
        r->wrong = "a repeat of a repeat";
}

static void class_begin(rewriter *r)
{
    r->in_class = true;
    ox__buf_addc(&r->out, *r->p++);
    if (r->p < r->end && *r->p == '^') ox__buf_addc(&r->out, *r->p++);
    if (r->p < r->end && *r->p == ']') {
        ox__buf_addz(&r->out, "\\]");
        r->p++;
    }
}

static void in_class(rewriter *r)
{
    if (*r->p == '[' && r->p + 1 < r->end && r->p[1] == ':') {
        const char *close = r->p + 2;
        while (close < r->end && ((*close >= 'a' && *close <= 'z') || *close == '^')) close++;
        if (r->end - close >= 2 && close[0] == ':' && close[1] == ']') {
            ox__buf_add(&r->out, r->p, (size_t)(close + 2 - r->p));
            r->p = close + 2;
            return;
        }
    }
    if (*r->p == '[') ox__buf_addc(&r->out, '\\');
    if (*r->p == ']') r->in_class = false;
    ox__buf_addc(&r->out, *r->p++);
}

static void rewrite(rewriter *r)
{
    while (r->p < r->end && !r->wrong) {
        size_t n = *r->p == '{' ? repeat(r->p, r->end) : 0;
        if (*r->p == '\\')
            escape(r);
        else if (r->in_class)
            in_class(r);
        else if (*r->p == '[')
            class_begin(r);
        else if (*r->p == '(' && r->p + 1 < r->end && r->p[1] == '?')
            group(r);
        else if (*r->p == '(' && r->p + 1 < r->end && r->p[1] == '*')
            r->wrong = "a repeat of nothing";
        else if (is_one_of(*r->p, "*+?"))
            repeated(r, 1);
        else if (n)
            repeated(r, n);
        else {
            if (*r->p == '{') ox__buf_addc(&r->out, '\\');
            ox__buf_addc(&r->out, *r->p++);
        }
    }
}

/* ---- matching ---- */
static ox_status compile(ox__ev *e, const ox__buf *pattern, ox__regex **out)
{
    ox_error mine;
    ox_status s = ox__regex_compile(out, pattern->p, pattern->n, OX__REGEX_UTF | OX__REGEX_WHOLE, &limits, NULL, &mine);
    if (s == OX_E_INVALID) return ox__ev_fail(e, "the pattern is wrong: %s", mine.msg);
    return s == OX_OK ? s : ox__nomem(e->err);
}

static ox_status match_all(ox__ev *e, const ox__regex *x, uint8_t *out)
{
    const ox_bytes *t = e->in[0].data;
    for (uint64_t i = 0; i < e->in[0].n; i++) switch (ox__regex_match(x, t[i].p, t[i].n)) {
        case OX__REGEX_NOMEM: return ox__nomem(e->err);
        case OX__REGEX_GAVE_UP: return ox__ev_unsupported(e, "the pattern takes too long to match");
        case OX__REGEX_NO: out[i] = 0; break;
        case OX__REGEX_YES: out[i] = 1; break;
        }
    return OX_OK;
}

ox_status ox__eval_regex_full_match(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    if (e->in[0].dtype != OX_STRING) return ox__ev_fail(e, "the input holds no strings");
    size_t n;
    const char *pattern = ox__ev_string(e, "pattern", NULL, &n);
    if (!pattern) return ox__ev_fail(e, "the pattern is absent");
    if (n > MAX_PATTERN) return ox__ev_unsupported(e, "a pattern of %zu bytes", n);
    rewriter r = {.p = pattern, .end = pattern + n};
    ox__regex *x = NULL;
    uint8_t *out;
    rewrite(&r);
    if (r.out.failed) OX__TRY(ox__nomem(e->err));
    if (r.wrong) OX__TRY(ox__ev_fail(e, "the pattern has %s", r.wrong));
    OX__TRY(compile(e, &r.out, &x));
    out = ox__ev_out(e, 0, OX_BOOL, e->in[0].rank, e->in[0].dims, &s);
    if (out) s = match_all(e, x, out);
out:
    ox__regex_free(x);
    ox__buf_free(&r.out);
    return s;
}
