/* Floor 3. Splits the source of an archive into tokens. Indentation becomes tokens of its own; inside brackets a line
 * end is a blank. */
#include "io/torchscript/source.h"

#include <onnxsh/text.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_NUMBER = 400 };

ox_status ox__src_fail(const ox__src_text *text, uint32_t at, ox_error *err, ox_status code, const char *fmt, ...)
{
    char msg[sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    ox__fail(err, code, "%s", msg);
    uint32_t line = 1, begin = 0, stop = (uint32_t)OX__MIN((size_t)at, text->n);
    for (uint32_t i = 0; i < stop; i++)
        if (text->p[i] == '\n') line++, begin = i + 1;
    ox_error_at_line(err, text->name, line, stop - begin + 1);
    return code;
}

bool ox__src_is(const ox__src *name, const char *word)
{
    size_t n = strlen(word);
    return name && (name->kind == OX__SRC_NAME || name->kind == OX__SRC_STR) && name->n == n &&
           memcmp(name->s, word, n) == 0;
}

static int byte_at(const ox__src_lexer *x, uint32_t i)
{
    return i < x->text->n ? (unsigned char)x->text->p[i] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool begins_name(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static ox_status refuse(ox__src_lexer *x, uint32_t at, const char *what, const char *hint)
{
    ox_status s = ox__src_fail(x->text, at, x->err, OX_E_FORMAT, "%s", what);
    ox_error_hint(x->err, "%s", hint);
    return s;
}

/* ---- numbers ---- */
static uint32_t digits(const ox__src_lexer *x, uint32_t i)
{
    while (is_digit(byte_at(x, i))) i++;
    return i;
}

static ox_status number(ox__src_lexer *x)
{
    uint32_t i = digits(x, x->at);
    bool whole = true;
    if (byte_at(x, i) == '.') i = digits(x, i + 1), whole = false;
    int sign = byte_at(x, i + 1);
    bool exponent = byte_at(x, i) == 'e' || byte_at(x, i) == 'E';
    if (exponent && (is_digit(sign) || ((sign == '-' || sign == '+') && is_digit(byte_at(x, i + 2)))))
        i = digits(x, i + 2), whole = false;
    x->end = i;
    if (i - x->at >= MAX_NUMBER) return refuse(x, x->at, "a number of too many digits", "PyTorch writes at most 17");
    if (whole && byte_at(x, i) != 'j') {
        x->tok = OX__TOK_INT;
        if (ox_text_parse_i64(x->text->p + x->at, i - x->at, &x->i)) return OX_OK;
        /* -9223372036854775808 is read as the minus of a number that has no int64 of its own */
        if (i - x->at == 19 && memcmp(x->text->p + x->at, "9223372036854775808", 19) == 0) {
            x->i = INT64_MIN;
            return OX_OK;
        }
        return refuse(x, x->at, "an integer that does not fit 64 bits", "TorchScript has no such integers");
    }
    char copy[MAX_NUMBER];
    memcpy(copy, x->text->p + x->at, i - x->at);
    copy[i - x->at] = 0;
    x->f = strtod(copy, NULL);
    x->tok = OX__TOK_FLOAT;
    if (byte_at(x, i) == 'j') x->tok = OX__TOK_IMAGINARY, x->end++;
    return OX_OK;
}

/* ---- names and strings ---- */
static ox_status keep(ox__src_lexer *x, const char *p, size_t n)
{
    char *copy = ox__arena_alloc(x->arena, n + 1);
    if (!copy) return ox__nomem(x->err);
    memcpy(copy, p, n);
    copy[n] = 0;
    x->s = copy;
    x->s_n = (uint32_t)n;
    return OX_OK;
}

static ox_status name(ox__src_lexer *x)
{
    uint32_t i = x->at;
    while (begins_name(byte_at(x, i)) || is_digit(byte_at(x, i))) i++;
    x->end = i;
    x->tok = OX__TOK_NAME;
    return keep(x, x->text->p + x->at, i - x->at);
}

static int hex(int c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that an escape stands for; *i moves behind it. -1 if it is none. */
static int escape(const ox__src_lexer *x, uint32_t *i)
{
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    int c = byte_at(x, *i);
    const char *simple = c > 0 ? strchr(from, c) : NULL;
    if (simple) {
        ++*i;
        return (unsigned char)to[simple - from];
    }
    if (c == 'x') {
        int a = hex(byte_at(x, *i + 1)), b = hex(byte_at(x, *i + 2));
        *i += 3;
        return a < 0 || b < 0 ? -1 : a * 16 + b;
    }
    int v = 0, n = 0;
    for (; n < 3 && byte_at(x, *i) >= '0' && byte_at(x, *i) <= '7'; n++, ++*i) v = v * 8 + byte_at(x, *i) - '0';
    return n && v < 256 ? v : -1;
}

static ox_status string(ox__src_lexer *x)
{
    int quote = byte_at(x, x->at);
    uint32_t i = x->at + 1, n = 0;
    while (byte_at(x, i) >= 0 && byte_at(x, i) != quote && byte_at(x, i) != '\n')
        i += byte_at(x, i) == '\\' && byte_at(x, i + 1) >= 0 ? 2 : 1;
    if (byte_at(x, i) != quote) return refuse(x, x->at, "a string that does not end", "it was cut off");
    char *out = ox__arena_alloc(x->arena, i - x->at);
    if (!out) return ox__nomem(x->err);
    x->end = i + 1;
    for (i = x->at + 1; i + 1 < x->end;) {
        int c = byte_at(x, i++);
        uint32_t at = i - 1;
        if (c == '\\') c = escape(x, &i);
        if (c < 0 || i >= x->end) return refuse(x, at, "an unknown escape in a string", "write \\\\ for a backslash");
        out[n++] = (char)c;
    }
    out[n] = 0;
    x->s = out;
    x->s_n = n;
    x->tok = OX__TOK_STR;
    return OX_OK;
}

/* ---- lines ---- */

/* Skips blanks; comments and empty lines too where a line begins. */
static void blanks(ox__src_lexer *x)
{
    for (;;) {
        int c = byte_at(x, x->next);
        if (c == '#')
            while (byte_at(x, x->next) >= 0 && byte_at(x, x->next) != '\n') x->next++;
        else if (c == ' ' || c == '\r' || (c == '\n' && x->nest))
            x->next++;
        else
            return;
    }
}

uint32_t ox__src_width(const ox__src_lexer *x)
{
    uint32_t i = x->next;
    while (byte_at(x, i) == ' ' || byte_at(x, i) == '\t' || byte_at(x, i) == '\r') i++;
    int c = byte_at(x, i);
    return c < 0 || c == '\n' || c == '#' ? UINT32_MAX : i - x->next;
}

/* At the start of a line: how its indentation differs from the last. */
static ox_status indentation(ox__src_lexer *x, bool *told)
{
    uint32_t begin = x->next;
    for (;;) {
        blanks(x);
        if (byte_at(x, x->next) != '\n') break;
        begin = ++x->next;
    }
    uint32_t width = byte_at(x, x->next) < 0 ? 0 : x->next - begin;
    x->fresh = false;
    x->at = x->end = x->next;
    *told = true;
    if (width > x->indent[x->depth]) {
        if (x->depth >= OX__SRC_DEPTH) {
            ox_status s =
                ox__src_fail(x->text, x->at, x->err, OX_E_LIMIT, "suites are nested deeper than %d", OX__SRC_DEPTH);
            ox_error_hint(x->err, "PyTorch itself writes no such code");
            return s;
        }
        x->indent[++x->depth] = width;
        x->tok = OX__TOK_INDENT;
        return OX_OK;
    }
    while (width < x->indent[x->depth]) x->depth--, x->dedents++;
    if (width != x->indent[x->depth])
        return refuse(x, x->at, "this line is indented like no line above it", "two blanks a level are usual");
    *told = x->dedents != 0;
    return OX_OK;
}

static ox_status dedent(ox__src_lexer *x)
{
    x->dedents--;
    x->tok = OX__TOK_DEDENT;
    return OX_OK;
}

static void other(ox__src_lexer *x, int c)
{
    x->end = x->at + 1;
    x->tok = (ox__src_tok)(OX__TOK_OTHER + c);
    if (c == '(' || c == '[' || c == '{') x->nest++;
    if ((c == ')' || c == ']' || c == '}') && x->nest) x->nest--;
    if (c == '-' && byte_at(x, x->at + 1) == '>') {
        x->tok = OX__TOK_ARROW;
        x->end++;
    }
}

static ox_status token(ox__src_lexer *x)
{
    blanks(x);
    int c = byte_at(x, x->next);
    x->at = x->next;
    x->end = x->next + 1;
    if (c < 0) {
        x->end = x->at;
        x->tok = OX__TOK_END;
        x->fresh = true; /* the suites that are open end here */
        return OX_OK;
    }
    if (c == '\n') {
        x->tok = OX__TOK_LINE;
        x->fresh = true;
        return OX_OK;
    }
    if (is_digit(c) || (c == '.' && is_digit(byte_at(x, x->next + 1)))) return number(x);
    if (begins_name(c)) return name(x);
    if (c == '"' || c == '\'') return string(x);
    if (strchr("()[]{},:=.-+", c) && c) {
        other(x, c);
        return OX_OK;
    }
    return refuse(x, x->at, c == '\t' ? "a tab" : "a character that this language does not have",
                  "this is not code as PyTorch writes it into archives");
}

ox_status ox__src_next(ox__src_lexer *x)
{
    if (x->dedents) return dedent(x);
    if (x->fresh && !x->nest && x->tok != OX__TOK_END) {
        bool told;
        ox_status s = indentation(x, &told);
        if (s != OX_OK) return s;
        if (told) return x->dedents ? dedent(x) : OX_OK;
    }
    ox_status s = token(x);
    x->next = x->end;
    if (s == OX_OK && x->tok == OX__TOK_END && x->depth) { /* a last line without its end */
        x->dedents = x->depth;
        x->depth = 0;
        x->tok = OX__TOK_LINE;
    }
    return s;
}
