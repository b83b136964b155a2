/* Floor 2. Schemas as text: `acme::warp(Tensor x, int[2] size=1, *, int mode=0) -> Tensor`.
 *
 * What ox_aten_parse makes is one allocation and an arena inside it, both freed by ox_aten_free. */
#include "schema/aten_rows.h"

#include <onnxsh/text.h>

enum { MAX_TEXT = 65536, MAX_ARGS = 255 };

typedef struct parser {
    const char *start, *p, *end;
    ox__aten_owned *out;
    ox_error *err;
} parser;

static ox_status bad(parser *ps, const char *at, const char *what)
{
    ox_status s = ox__fail(ps->err, OX_E_FORMAT, "in the schema: %s", what);
    ox_error_at_line(ps->err, "", 1, (uint32_t)(at - ps->start) + 1);
    ox_error_hint(ps->err, "a schema reads: acme::warp(Tensor x, int[2] size=1, *, bool fast=False) -> Tensor");
    return s;
}

static void skip_blanks(parser *ps)
{
    while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\n' || *ps->p == '\r')) ps->p++;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool take(parser *ps, const char *what)
{
    size_t n = strlen(what);
    skip_blanks(ps);
    if ((size_t)(ps->end - ps->p) < n || memcmp(ps->p, what, n) != 0) return false;
    ps->p += n;
    return true;
}

static const char *keep(parser *ps, const char *s, size_t n)
{
    char *copy = ox__arena_alloc(&ps->out->arena, n + 1);
    if (!copy) return NULL;
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

/* A word, dots inside if `dots`; n 0 if there is none. */
static const char *word(parser *ps, bool dots, size_t *n)
{
    skip_blanks(ps);
    const char *at = ps->p;
    while (ps->p < ps->end && (is_word(*ps->p) || (dots && *ps->p == '.'))) ps->p++;
    *n = (size_t)(ps->p - at);
    return at;
}

static ox_aten_kind kind_of(const char *s, size_t n)
{
    static const struct {
        const char *word;
        ox_aten_kind kind;
    } words[] = {
        {"Tensor", OX_ATEN_TENSOR},       {"int", OX_ATEN_INT},
        {"SymInt", OX_ATEN_INT},          {"float", OX_ATEN_FLOAT},
        {"SymFloat", OX_ATEN_FLOAT},      {"bool", OX_ATEN_BOOL},
        {"SymBool", OX_ATEN_BOOL},        {"complex", OX_ATEN_COMPLEX},
        {"Scalar", OX_ATEN_SCALAR},       {"str", OX_ATEN_STR},
        {"ScalarType", OX_ATEN_DTYPE},    {"Layout", OX_ATEN_LAYOUT},
        {"Device", OX_ATEN_DEVICE},       {"MemoryFormat", OX_ATEN_MEMORY_FORMAT},
        {"Generator", OX_ATEN_GENERATOR}, {"Storage", OX_ATEN_STORAGE},
        {"NoneType", OX_ATEN_NONE},       {"Any", OX_ATEN_ANY},
        {"AnyClassType", OX_ATEN_ANY},
    };
    for (size_t i = 0; i < OX__COUNT(words); i++)
        if (strlen(words[i].word) == n && memcmp(words[i].word, s, n) == 0) return words[i].kind;
    if (n > 10 && memcmp(s, "__torch__.", 10) == 0) return OX_ATEN_CLASS;
    return *s == 't' ? OX_ATEN_ANY : OX_ATEN_OTHER;
}

/* Behind an opening parenthesis or bracket: skips to behind the closing one. */
static bool skip_group(parser *ps, char open, char close)
{
    for (size_t depth = 1; ps->p < ps->end;) {
        char c = *ps->p++;
        if (c == open) depth++;
        if (c == close && --depth == 0) return true;
    }
    return false;
}

/* What may follow a type's word: (a!), [], [2], ?. */
static ox_status parse_wraps(parser *ps, ox_aten_type *t)
{
    int n = 0;
    while (ps->p < ps->end) {
        const char *at = ps->p;
        if (*at == '(') {
            ps->p++;
            if (!skip_group(ps, '(', ')')) return bad(ps, at, "this parenthesis is not closed");
            t->aliases = true;
            t->mutates |= memchr(at, '!', (size_t)(ps->p - at)) != NULL;
            continue;
        }
        if (*at != '[' && *at != '?') break;
        if (n == OX_ATEN_MAX_WRAPS) return bad(ps, at, "lists are nested too deep");
        t->wrap[n++] = *at == '?' ? OX_ATEN_WRAP_OPTIONAL : OX_ATEN_WRAP_LIST;
        ps->p++;
        if (*at == '?') continue;
        unsigned size = 0;
        while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9' && size < 256)
            size = size * 10 + (unsigned)(*ps->p++ - '0');
        if (size > 255) return bad(ps, at, "the list size is above 255");
        if (ps->p == ps->end || *ps->p != ']') return bad(ps, at, "this bracket is not closed");
        ps->p++;
        if (size) t->size = (uint8_t)size;
    }
    return OX_OK;
}

static ox_status parse_type(parser *ps, ox_aten_type *t)
{
    static const char *const generic[] = {"Dict", "Future", "RRef", "Await", "Union", "Tuple"};
    size_t n;
    const char *at = word(ps, true, &n);
    *t = (ox_aten_type){.kind = n ? (uint8_t)kind_of(at, n) : OX_ATEN_OTHER};
    bool group = n == 0;
    for (size_t i = 0; i < OX__COUNT(generic); i++) group |= strlen(generic[i]) == n && memcmp(at, generic[i], n) == 0;
    if (group) {
        if (ps->p == ps->end || *ps->p != '(') return bad(ps, ps->p, "a type is missing here");
        ps->p++;
        t->kind = OX_ATEN_OTHER;
        if (!skip_group(ps, '(', ')')) return bad(ps, at, "this parenthesis is not closed");
    }
    ox_status s = parse_wraps(ps, t);
    if (s != OX_OK) return s;
    t->text = keep(ps, at, (size_t)(ps->p - at));
    return t->text ? OX_OK : ox__nomem(ps->err);
}

static char unescape(char c)
{
    static const char pairs[] = "n\nt\tf\fv\vr\r";
    for (size_t i = 0; i + 1 < sizeof pairs; i += 2)
        if (pairs[i] == c) return pairs[i + 1];
    return c;
}

static ox_status parse_string(parser *ps, ox_aten_const *c)
{
    const char *at = ps->p++, *q = ps->p;
    while (q < ps->end && *q != '"') q += *q == '\\' && q + 1 < ps->end ? 2 : 1;
    if (q == ps->end) return bad(ps, at, "this string is not closed");
    char *out = ox__arena_alloc(&ps->out->arena, (size_t)(q - at));
    if (!out) return ox__nomem(ps->err);
    c->kind = OX_ATEN_CONST_STR;
    c->s = out;
    while (ps->p < q) {
        bool escaped = *ps->p == '\\' && ps->p + 1 < q;
        if (escaped) ps->p++;
        out[c->n++] = escaped ? unescape(*ps->p) : *ps->p;
        ps->p++;
    }
    out[c->n] = '\0';
    ps->p++;
    return OX_OK;
}

static ox_status parse_list(parser *ps, ox_aten_const *c)
{
    const char *at = ps->p++;
    const char *close = memchr(at, ']', (size_t)(ps->end - at));
    if (!close) return bad(ps, at, "this bracket is not closed");
    int64_t *ints = ox__arena_alloc(&ps->out->arena, ((size_t)(close - at) / 2 + 1) * sizeof *ints);
    if (!ints) return ox__nomem(ps->err);
    c->kind = OX_ATEN_CONST_INTS;
    c->ints = ints;
    while (!take(ps, "]")) {
        if (c->n && !take(ps, ",")) return bad(ps, ps->p, "a comma or ] is missing here");
        skip_blanks(ps);
        const char *number = ps->p;
        while (ps->p < close && (is_word(*ps->p) || *ps->p == '-' || *ps->p == '.')) ps->p++;
        if (!ox_text_parse_i64(number, (size_t)(ps->p - number), &ints[c->n]))
            return bad(ps, number, "a list default holds integers");
        c->n++;
    }
    return OX_OK;
}

static ox_status parse_default(parser *ps, ox_aten_const *c)
{
    ox_status s = OX_OK;
    skip_blanks(ps);
    const char *at = ps->p;
    if (at < ps->end && *at == '"') {
        s = parse_string(ps, c);
    } else if (at < ps->end && *at == '[') {
        s = parse_list(ps, c);
    } else {
        while (ps->p < ps->end && (is_word(*ps->p) || memchr("+-.", *ps->p, 3))) ps->p++;
        size_t n = (size_t)(ps->p - at);
        if (n == 0) return bad(ps, at, "a default is missing here");
        if (n == 4 && memcmp(at, "None", 4) == 0)
            c->kind = OX_ATEN_CONST_NONE;
        else if ((n == 4 && memcmp(at, "True", 4) == 0) || (n == 5 && memcmp(at, "False", 5) == 0))
            c->kind = OX_ATEN_CONST_BOOL, c->i = n == 4;
        else if (ox_text_parse_i64(at, n, &c->i))
            c->kind = OX_ATEN_CONST_INT;
        else if (ox_text_parse_f64(at, n, &c->f))
            c->kind = OX_ATEN_CONST_FLOAT;
        else
            c->kind = OX_ATEN_CONST_OTHER;
    }
    if (s != OX_OK) return s;
    c->text = keep(ps, at, (size_t)(ps->p - at));
    return c->text ? OX_OK : ox__nomem(ps->err);
}

static ox_status parse_arg(parser *ps, ox_aten_arg *a, bool need_name)
{
    *a = (ox_aten_arg){.name = ""};
    ox_status s = parse_type(ps, &a->type);
    if (s != OX_OK) return s;
    size_t n;
    const char *at = word(ps, false, &n);
    if (n == 0 && need_name) return bad(ps, at, "the argument's name is missing here");
    a->name = keep(ps, at, n);
    if (!a->name) return ox__nomem(ps->err);
    return take(ps, "=") ? parse_default(ps, &a->def) : OX_OK;
}

static bool seen_before(const ox_aten_arg *args, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (args[i].name[0] && strcmp(args[i].name, args[n].name) == 0) return true;
    return false;
}

/* Arguments (behind the opening parenthesis, up to and with the closing one) or results. */
static ox_status parse_args(parser *ps, ox_aten_arg *args, uint32_t *n, bool *var, bool results)
{
    bool kwarg = false, first = true;
    while (!take(ps, ")")) {
        if (!first && !take(ps, ",")) return bad(ps, ps->p, "a comma or ) is missing here");
        first = false;
        skip_blanks(ps);
        const char *at = ps->p;
        if (take(ps, "...")) {
            *var = true;
            continue;
        }
        if (!results && take(ps, "*")) {
            if (kwarg) return bad(ps, at, "there is a second *");
            kwarg = true;
            continue;
        }
        if (*n == MAX_ARGS) return bad(ps, at, "more than 255 arguments");
        ox_status s = parse_arg(ps, &args[*n], !results);
        if (s != OX_OK) return s;
        args[*n].kwarg_only = kwarg;
        if (seen_before(args, *n)) return bad(ps, at, "an argument of this name stands before");
        if (kwarg && args[*n].type.mutates) ps->out->info.is_out = true;
        ++*n;
    }
    return OX_OK;
}

static ox_status parse_name(parser *ps)
{
    size_t n_ns, n_op, n_overload = 0;
    const char *ns = word(ps, false, &n_ns), *overload = "";
    if (n_ns == 0 || !take(ps, "::")) return bad(ps, ps->p, "a schema begins with namespace::name");
    const char *op = word(ps, false, &n_op);
    if (n_op == 0 || op != ns + n_ns + 2) return bad(ps, ns + n_ns + 2, "the operator's name is missing here");
    if (take(ps, ".")) overload = word(ps, false, &n_overload);
    ox_aten_info *info = &ps->out->info;
    info->name = keep(ps, ns, (size_t)(op - ns) + n_op);
    info->overload = keep(ps, overload, n_overload);
    return info->name && info->overload ? OX_OK : ox__nomem(ps->err);
}

static ox_status parse_returns(parser *ps)
{
    ox_aten_info *info = &ps->out->info;
    const char *at = ps->p;
    if (!take(ps, "->")) return bad(ps, at, "`-> results` is missing here");
    skip_blanks(ps);
    if (take(ps, "...")) {
        info->varret = true;
        return OX_OK;
    }
    at = ps->p;
    if (take(ps, "(")) {
        /* `(Tensor, Tensor)` is two results, `(str, t)[]` one of a tuple type. */
        bool group = skip_group(ps, '(', ')');
        skip_blanks(ps);
        bool whole = group && ps->p == ps->end;
        ps->p = whole ? at + 1 : at;
        if (whole) return parse_args(ps, ps->out->returns, &info->n_returns, &info->varret, true);
    }
    info->n_returns = 1;
    return parse_arg(ps, &ps->out->returns[0], false);
}

static ox_status parse_schema(parser *ps)
{
    ox__aten_owned *out = ps->out;
    size_t room = OX__MIN((size_t)(ps->end - ps->start) / 2 + 2, (size_t)MAX_ARGS + 1);
    out->args = ox__arena_alloc(&out->arena, room * sizeof *out->args);
    out->returns = ox__arena_alloc(&out->arena, room * sizeof *out->returns);
    if (!out->args || !out->returns) return ox__nomem(ps->err);
    ox_status s = parse_name(ps);
    if (s != OX_OK) return s;
    if (!take(ps, "(")) return bad(ps, ps->p, "( is missing here");
    s = parse_args(ps, out->args, &out->info.n_args, &out->info.vararg, false);
    if (s == OX_OK) s = parse_returns(ps);
    if (s != OX_OK) return s;
    skip_blanks(ps);
    if (ps->p != ps->end) return bad(ps, ps->p, "the schema should end here");
    size_t n = strlen(out->info.name);
    out->info.is_inplace = out->info.n_args && out->args[0].type.mutates && out->info.name[n - 1] == '_';
    out->row.n_args = (uint8_t)out->info.n_args;
    out->row.n_returns = (uint8_t)out->info.n_returns;
    return OX_OK;
}

ox_status ox_aten_parse(ox_aten_schema **out, const char *text, size_t n, ox_error *err)
{
    *out = NULL;
    if (n > MAX_TEXT) return ox__fail(err, OX_E_LIMIT, "a schema of %zu bytes; at most %d are read", n, MAX_TEXT);
    ox__aten_owned *own = ox__calloc(1, sizeof *own);
    if (!own) return ox__nomem(err);
    own->row.flags = OX__ATEN_OWNED;
    parser ps = {text, text, text + n, own, err};
    ox_status s = parse_schema(&ps);
    if (s == OX_OK)
        *out = &own->row;
    else
        ox_aten_free(&own->row);
    return s;
}

void ox_aten_free(ox_aten_schema *s)
{
    if (!s || !(s->flags & OX__ATEN_OWNED)) return;
    ox__aten_owned *own = (ox__aten_owned *)(void *)s;
    ox__arena_free(&own->arena);
    ox__free(own);
}
