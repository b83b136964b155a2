/* Floor 1. Dims as text: "2*seq+1", "(a+b)//2", "max(a, b)"; an unknown is "*". */
#include "ir/dim.h"

#include <inttypes.h>

/* ---- printing ---- */
static bool word_start(unsigned char c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c >= 0x80;
}

static bool word_char(unsigned char c)
{
    return word_start(c) || (c >= '0' && c <= '9') || c == '.';
}

static void print_symbol(const char *s, size_t n, ox__buf *out)
{
    bool plain = n && word_start((unsigned char)s[0]);
    for (size_t i = 0; i < n && plain; i++) plain = word_char((unsigned char)s[i]);
    if (plain) {
        ox__buf_add(out, s, n);
        return;
    }
    ox__buf_addc(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
            ox__buf_addf(out, "\\x%02x", c);
        else
            ox__buf_addc(out, (char)c);
    }
    ox__buf_addc(out, '"');
}

enum {
    AS_TERM,
    AS_FACTOR,
    AS_NUMERATOR,
    AS_DIVISOR
}; /* where an operand stands: which operators need parentheses there */

static void print(const ox_model *m, ox_dim d, int where, ox__buf *out);

static void print_sum(const ox_model *m, ox_dim d, ox__buf *out)
{
    const ox_dim *ops;
    size_t n = ox_dim_operands(m, d, &ops);
    for (size_t i = 0; i < n; i++) {
        size_t at = out->n;
        print(m, ops[i], AS_TERM, out);
        if (i == 0 || (!out->failed && out->p[at] == '-')) continue;
        ox__buf_addc(out, '+'); /* moved in front of the term */
        if (out->failed) return;
        memmove(out->p + at + 1, out->p + at, out->n - at - 1);
        out->p[at] = '+';
    }
}

static void print_product(const ox_model *m, ox_dim d, ox__buf *out)
{
    const ox_dim *ops;
    size_t n = ox_dim_operands(m, d, &ops), i = 0;
    int64_t c;
    if (n && ox_dim_is_const(m, ops[0], &c) && c == -1) {
        ox__buf_addc(out, '-');
        i = 1;
    }
    for (size_t first = i; i < n; i++) {
        if (i > first) ox__buf_addc(out, '*');
        print(m, ops[i], AS_FACTOR, out);
    }
}

static void print(const ox_model *m, ox_dim d, int where, ox__buf *out)
{
    ox_dim_kind kind = ox_dim_get_kind(m, d);
    const ox_dim *ops;
    size_t n = ox_dim_operands(m, d, &ops), len;
    int64_t v = 0;
    bool negative =
        ox_dim_is_const(m, kind == OX_DIM_MUL ? ops[0] : d, &v) && v < 0; /* as a term it would subtract all */
    bool wrap = (kind == OX_DIM_ADD && where > AS_TERM) || (kind == OX_DIM_FLOORDIV && where > AS_TERM) ||
                (kind == OX_DIM_MUL && where == AS_DIVISOR) || (negative && where == AS_NUMERATOR);
    if (wrap) ox__buf_addc(out, '(');
    switch (kind) {
    case OX_DIM_NONE: break;
    case OX_DIM_UNKNOWN: ox__buf_addc(out, '*'); break;
    case OX_DIM_CONST: ox__buf_addf(out, "%" PRId64, v); break;
    case OX_DIM_SYMBOL: {
        const char *s = ox_str_text(m, ox_dim_name(m, d), &len);
        print_symbol(s, len, out);
        break;
    }
    case OX_DIM_ADD: print_sum(m, d, out); break;
    case OX_DIM_MUL: print_product(m, d, out); break;
    case OX_DIM_FLOORDIV:
        print(m, ops[0], AS_NUMERATOR, out);
        ox__buf_addz(out, "//");
        print(m, ops[1], AS_DIVISOR, out);
        break;
    case OX_DIM_MAX:
    case OX_DIM_MIN:
        ox__buf_addz(out, kind == OX_DIM_MAX ? "max(" : "min(");
        for (size_t i = 0; i < n; i++) {
            if (i) ox__buf_addz(out, ", ");
            print(m, ops[i], AS_TERM, out);
        }
        ox__buf_addc(out, ')');
        break;
    }
    if (wrap) ox__buf_addc(out, ')');
}

void ox__dim_print(const ox_model *m, ox_dim d, ox__buf *out)
{
    print(m, d, AS_TERM, out);
}

/* ---- parsing ---- */
enum { MAX_TEXT = 4096, MAX_NESTING = 64 };

typedef struct parser {
    ox_model *m;
    const char *start, *p, *end;
    unsigned depth;
    const char *wrong; /* what was wrong at p; NULL = fine */
} parser;

static ox_dim parse_sum(parser *x);

static ox_dim wrong(parser *x, const char *what)
{
    if (!x->wrong) x->wrong = what;
    return (ox_dim){0};
}

static void skip_blanks(parser *x)
{
    while (x->p < x->end && (*x->p == ' ' || *x->p == '\t')) x->p++;
}

static bool take(parser *x, const char *token)
{
    skip_blanks(x);
    size_t n = strlen(token);
    if ((size_t)(x->end - x->p) < n || memcmp(x->p, token, n) != 0) return false;
    x->p += n;
    return true;
}

static ox_dim parse_number(parser *x)
{
    int64_t v = 0;
    while (x->p < x->end && *x->p >= '0' && *x->p <= '9')
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *x->p++ - '0', &v))
            return wrong(x, "the number is too large");
    return ox_dim_const(x->m, v);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static ox_dim parse_quoted(parser *x)
{
    char text[MAX_TEXT];
    size_t n = 0;
    for (x->p++; x->p < x->end && *x->p != '"'; x->p++) {
        bool escape = x->end - x->p > 3 && x->p[0] == '\\' && x->p[1] == 'x' && hex(x->p[2]) >= 0 && hex(x->p[3]) >= 0;
        text[n++] = escape ? (char)(hex(x->p[2]) * 16 + hex(x->p[3])) : *x->p;
        if (escape) x->p += 3;
    }
    if (x->p == x->end) return wrong(x, "the quoted name does not end");
    x->p++;
    return ox_dim_symbol(x->m, ox_str_add(x->m, text, n));
}

static ox_dim parse_call(parser *x, bool max)
{
    ox_dim d = parse_sum(x);
    while (!x->wrong && take(x, ",")) {
        ox_dim e = parse_sum(x);
        d = max ? ox_dim_max(x->m, d, e) : ox_dim_min(x->m, d, e);
    }
    if (!x->wrong && !take(x, ")")) return wrong(x, "a ')' is missing");
    return d;
}

static ox_dim parse_word(parser *x)
{
    const char *s = x->p;
    while (x->p < x->end && word_char((unsigned char)*x->p)) x->p++;
    size_t n = (size_t)(x->p - s);
    bool max = n == 3 && memcmp(s, "max", 3) == 0, min = n == 3 && memcmp(s, "min", 3) == 0;
    if ((max || min) && take(x, "(")) return parse_call(x, max);
    return ox_dim_symbol(x->m, ox_str_add(x->m, s, n));
}

static ox_dim parse_factor(parser *x)
{
    ox_dim d;
    if (x->wrong) return (ox_dim){0};
    if (++x->depth > MAX_NESTING) return wrong(x, "the expression is nested too deeply");
    skip_blanks(x);
    if (x->p == x->end)
        d = wrong(x, "the expression ends too early");
    else if (*x->p >= '0' && *x->p <= '9')
        d = parse_number(x);
    else if (*x->p == '"')
        d = parse_quoted(x);
    else if (word_start((unsigned char)*x->p))
        d = parse_word(x);
    else if (take(x, "-"))
        d = ox_dim_sub(x->m, ox_dim_const(x->m, 0), parse_factor(x));
    else if (take(x, "(")) {
        d = parse_sum(x);
        if (!x->wrong && !take(x, ")")) d = wrong(x, "a ')' is missing");
    } else
        d = wrong(x, "neither a number nor a name nor '('");
    x->depth--;
    return d;
}

static ox_dim parse_product(parser *x)
{
    ox_dim d = parse_factor(x);
    while (!x->wrong) {
        if (take(x, "//"))
            d = ox_dim_floordiv(x->m, d, parse_factor(x));
        else if (take(x, "*"))
            d = ox_dim_mul(x->m, d, parse_factor(x));
        else
            break;
    }
    return d;
}

static ox_dim parse_sum(parser *x)
{
    ox_dim d = parse_product(x);
    while (!x->wrong) {
        if (take(x, "+"))
            d = ox_dim_add(x->m, d, parse_product(x));
        else if (take(x, "-"))
            d = ox_dim_sub(x->m, d, parse_product(x));
        else
            break;
    }
    return d;
}

ox_status ox_dim_parse(ox_model *m, const char *s, size_t n, ox_dim *out, ox_error *err)
{
    if (!m || !out || !s) return ox__fail(err, OX_E_INVALID, "no text of a dim was given");
    if (n > MAX_TEXT - 1) return ox__fail(err, OX_E_LIMIT, "a dim of %zu characters is too long", n);
    parser x = {m, s, s, s + n, 0, NULL};
    skip_blanks(&x);
    const char *body = x.p;
    while (x.end > body && (x.end[-1] == ' ' || x.end[-1] == '\t')) x.end--;
    if (x.end - body == 1 && (*body == '*' || *body == '?')) {
        *out = ox_dim_unknown(m, NULL);
        return out->id ? OX_OK : ox__nomem(err);
    }
    ox_dim d = parse_sum(&x);
    skip_blanks(&x);
    if (!x.wrong && x.p < x.end) wrong(&x, "an operator is missing");
    if (x.wrong) {
        ox_status st = ox__fail(err, OX_E_FORMAT, "'%.*s' is not a dim: %s", (int)OX__MIN(n, (size_t)200), s, x.wrong);
        ox_error_at_line(err, "", 0, (uint32_t)(x.p - s) + 1);
        return st;
    }
    if (!d.id) return ox__nomem(err);
    *out = d;
    return OX_OK;
}
