/* Floor 1. Queries as text: words, and the grammar
 *
 *   query = all { "or" all } ;  all = one { [ "and" ] one } ;  one = "not" one | "(" query ")" | reach | term ;
 *   reach = ( "up" | "down" ) "(" ( value | query ) [ "," number ] ")" ;  term = [ field ":" ] word ;
 *
 * read by descent with a cap, into a program without recursion. */
#include "ir/query.h"

#include <onnxsh/text.h>

enum { MAX_NESTED = 50, MAX_TERMS = 1000, MAX_TEXT = 65536 };

typedef struct parser {
    ox_query *q;
    const ox_model *m;
    const char *text;
    size_t n, at;
    int nested;
    char *own; /* quoted words without their backslashes; room for all of the text */
    size_t own_n;
    ox_error *err;
} parser;

static ox_status fail(parser *p, size_t at, const char *msg, const char *hint)
{
    ox_status s = ox__fail(p->err, OX_E_INVALID, "%s", msg);
    if (p->err) p->err->col = (uint32_t)at + 1;
    if (hint) ox_error_hint(p->err, "%s", hint);
    return s;
}

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip(parser *p)
{
    while (p->at < p->n && is_blank(p->text[p->at])) p->at++;
}

static char peek(const parser *p)
{
    return p->at < p->n ? p->text[p->at] : '\0';
}

/* A word ends at a blank, a bracket of the query or, inside up() and down(), at a comma. */
static bool ends_word(const parser *p, size_t at)
{
    return at >= p->n || is_blank(p->text[at]) || p->text[at] == ')' || p->text[at] == ',';
}

/* The end of the /regex/ that begins here, its slash included; 0 if this is a name that begins with a slash. */
static size_t regex_end(const parser *p, bool *nocase)
{
    for (size_t i = p->at + 1; i < p->n; i++) {
        if (p->text[i] == '\\') {
            i++;
        } else if (p->text[i] == '/') {
            *nocase = i + 1 < p->n && p->text[i + 1] == 'i' && ends_word(p, i + 2);
            if (i > p->at + 1 && (*nocase || ends_word(p, i + 1))) return i;
        }
    }
    return 0;
}

static ox_status quoted(parser *p, ox__qword *w)
{
    size_t open = p->at++;
    w->quoted = true;
    w->p = p->own + p->own_n;
    for (; p->at < p->n && p->text[p->at] != '"'; p->at++) {
        if (p->text[p->at] == '\\' && p->at + 1 < p->n && (p->text[p->at + 1] == '"' || p->text[p->at + 1] == '\\'))
            p->at++; /* \xNN stays: the pattern reads it */
        p->own[p->own_n++] = p->text[p->at];
    }
    if (p->at >= p->n) return fail(p, open, "the quote that begins here is not closed", NULL);
    p->at++;
    w->n = (size_t)(p->own + p->own_n - w->p);
    return OX_OK;
}

/* `[...]` may hold blanks and commas. */
static ox_status bracketed(parser *p, ox__qword *w)
{
    size_t open = p->at, depth = 0;
    for (; p->at < p->n; p->at++) {
        if (p->text[p->at] == '[') depth++;
        if (p->text[p->at] == ']' && --depth == 0) break;
    }
    if (p->at >= p->n) return fail(p, open, "the bracket that begins here is not closed", NULL);
    p->at++;
    w->p = p->text + open;
    w->n = p->at - open;
    return OX_OK;
}

static ox_status word(parser *p, ox__qword *w)
{
    *w = (ox__qword){.at = p->at};
    if (peek(p) == '%') {
        w->percent = true;
        p->at++;
    }
    if (peek(p) == '"') return quoted(p, w);
    if (peek(p) == '[') return bracketed(p, w);
    size_t end = peek(p) == '/' ? regex_end(p, &w->nocase) : 0;
    if (end) {
        w->regex = true;
        w->p = p->text + p->at + 1;
        w->n = end - p->at - 1;
        p->at = end + 1 + w->nocase;
        return OX_OK;
    }
    size_t from = p->at;
    while (!ends_word(p, p->at)) p->at++;
    w->p = p->text + from;
    w->n = p->at - from;
    if (!w->percent || w->n) return OX_OK;
    return fail(p, w->at, "a name is missing behind %", "names with blanks stand in double quotes: %\"a b\"");
}

/* Whether the keyword stands here, alone. */
static bool keyword(const parser *p, const char *k)
{
    size_t n = strlen(k);
    return p->n - p->at >= n && memcmp(p->text + p->at, k, n) == 0 &&
           (ends_word(p, p->at + n) || p->text[p->at + n] == '(');
}

/* ---- the program ---- */

static ox_status emit(parser *p, ox__query_code code, uint32_t arg)
{
    ox__query_insn x = {code, arg};
    return ox__vec_push(&p->q->code, x) ? OX_OK : ox__nomem(p->err);
}

/* Takes over what t owns. */
static ox_status emit_term(parser *p, ox__term *t)
{
    if (p->q->terms.n >= MAX_TERMS) {
        ox__term_free(t);
        return fail(p, p->at, "the query has too many terms", NULL);
    }
    if (!ox__vec_push(&p->q->terms, *t)) {
        ox__term_free(t);
        return ox__nomem(p->err);
    }
    return emit(p, OX__CODE_TERM, (uint32_t)p->q->terms.n - 1);
}

static ox_status query(parser *p);

/* ---- up() and down() ---- */

typedef struct adder {
    uint8_t *set;
    uint32_t limit;
} adder;

static bool add_node(void *ud, ox_node n)
{
    adder *a = ud;
    if (n.id < a->limit) a->set[n.id / 8] |= (uint8_t)(1u << n.id % 8);
    return true;
}

static ox_status start_from_value(parser *p, bool up, ox__term *t)
{
    ox__qword w;
    ox__term value = {0};
    ox_status s = word(p, &w);
    if (s == OX_OK) s = ox__term_make(&value, OX__F_DEF, p->m, &w, p->err);
    if (s == OX_OK && !value.name.id && !value.value) s = fail(p, w.at, "up and down take one value or a query", NULL);
    uint32_t limit = s == OX_OK ? ox_model_value_limit(p->m) : 0;
    for (uint32_t id = 1; id < limit; id++) {
        ox_value v = ox_model_value_at(p->m, id);
        if (v.id && (value.name.id ? ox_value_name(p->m, v).id == value.name.id : id == value.value))
            ox__query_step_value(p->m, up, v, t->set, t->set_n);
    }
    ox__term_free(&value);
    return s;
}

/* The inner query is a program of its own, which is run at once. */
static ox_status start_from_query(parser *p, ox__term *t)
{
    ox_query *outer = p->q, inner = {0};
    adder a = {t->set, t->set_n};
    p->q = &inner;
    ox_status s = query(p);
    p->q = outer;
    if (s == OX_OK) s = ox_query_run(&inner, p->m, add_node, &a, NULL, p->err);
    for (size_t i = 0; i < inner.terms.n; i++) ox__term_free(&inner.terms.p[i]);
    ox__vec_free(&inner.terms);
    ox__vec_free(&inner.code);
    return s;
}

static ox_status depth_of(parser *p, uint64_t *depth)
{
    ox__qword w;
    int64_t v;
    *depth = UINT64_MAX;
    skip(p);
    if (peek(p) != ',') return OX_OK;
    p->at++;
    skip(p);
    ox_status s = word(p, &w);
    if (s != OX_OK) return s;
    if (!ox_text_parse_i64(w.p, w.n, &v) || v < 0)
        return fail(p, w.at, "a number of steps is expected here", "up(%x, 3)");
    *depth = (uint64_t)v;
    return OX_OK;
}

static ox_status reach(parser *p, bool up)
{
    ox__term t = {.field = OX__F_SET, .set_n = ox_model_node_limit(p->m)};
    uint64_t depth = 0;
    size_t open = p->at;
    ox_status s = OX_OK;
    p->at = (size_t)((const char *)memchr(p->text + p->at, '(', p->n - p->at) - p->text) + 1;
    t.set = ox__calloc((size_t)t.set_n / 8 + 1, 1);
    if (!t.set) return ox__nomem(p->err);
    skip(p);
    bool value = peek(p) == '%';
    OX__TRY(value ? start_from_value(p, up, &t) : start_from_query(p, &t));
    OX__TRY(depth_of(p, &depth));
    skip(p);
    if (peek(p) != ')')
        OX__TRY(fail(p, open, "the parenthesis of this is not closed", "up(%x), up(%x, 3), down(op:Conv, 1)"));
    p->at++;
    if (value && !depth) memset(t.set, 0, (size_t)t.set_n / 8 + 1); /* a value is no node: its maker is one step away */
    OX__TRY(ox__query_reach(p->m, up, t.set, t.set_n, value && depth ? depth - 1 : depth, p->err));
    return emit_term(p, &t);
out:
    ox__term_free(&t);
    return s;
}

/* ---- terms ---- */

static bool is_compare(char c)
{
    return c == '=' || c == '!' || c == '<' || c == '>';
}

static ox_status compare_word(parser *p, ox__compare *c)
{
    static const struct {
        const char *text;
        ox__compare c;
    } rows[] = {{"!=", OX__NE}, {"<=", OX__LE}, {">=", OX__GE}, {"=", OX__EQ}, {"<", OX__LT}, {">", OX__GT}};
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        size_t n = strlen(rows[i].text);
        if (p->n - p->at < n || memcmp(p->text + p->at, rows[i].text, n) != 0) continue;
        *c = rows[i].c;
        p->at += n;
        if (*c == OX__EQ && peek(p) == '=') p->at++; /* == is meant well */
        return OX_OK;
    }
    return fail(p, p->at, "a comparison is expected here", "= != < <= > >=");
}

static ox_status attr_term(parser *p)
{
    ox__qword name = {.at = p->at}, value = {0};
    ox__compare c = OX__HAS;
    ox_status s = OX_OK;
    if (peek(p) == '"') {
        s = quoted(p, &name);
    } else {
        name.p = p->text + p->at;
        while (!ends_word(p, p->at) && !is_compare(p->text[p->at])) p->at++;
        name.n = (size_t)(p->text + p->at - name.p);
    }
    if (s == OX_OK && is_compare(peek(p))) {
        s = compare_word(p, &c);
        if (s == OX_OK) s = word(p, &value);
    }
    if (s != OX_OK) return s;
    ox__term t;
    s = ox__term_make_attr(&t, &name, c, &value, p->err);
    if (s == OX_OK) return emit_term(p, &t);
    ox__term_free(&t);
    return s;
}

/* The field whose name and colon stand here. A word like aten::add has no field. */
static bool field_here(const parser *p, ox__field *field, bool *unknown)
{
    const ox_query_field *rows;
    size_t end = p->at;
    *unknown = false;
    ox_query_fields(&rows);
    while (end < p->n && p->text[end] >= 'a' && p->text[end] <= 'z') end++;
    if (end == p->at || end >= p->n || p->text[end] != ':' || (end + 1 < p->n && p->text[end + 1] == ':')) return false;
    for (int i = 0; i < OX__N_FIELDS; i++) {
        *field = (ox__field)i;
        if (strlen(rows[i].name) == end - p->at && !memcmp(rows[i].name, p->text + p->at, end - p->at)) return true;
    }
    *unknown = true;
    return false;
}

static ox_status unknown_field(parser *p)
{
    char names[256];
    size_t n = 0;
    const ox_query_field *rows;
    ox_query_fields(&rows);
    for (int i = 0; i < OX__N_FIELDS; i++) {
        if (n) n += (size_t)(stpcpy(names + n, ": ") - (names + n));
        n += (size_t)(stpcpy(names + n, rows[i].name) - (names + n));
    }
    fail(p, p->at, "there is no such field", NULL);
    ox_error_hint(p->err, "fields are %s:; a word with a colon in it stands in quotes", names);
    return OX_E_INVALID;
}

static ox_status term(parser *p)
{
    ox__field field = OX__F_TEXT;
    bool unknown;
    ox__qword w;
    ox__term t;
    if (field_here(p, &field, &unknown)) {
        p->at = (size_t)((const char *)memchr(p->text + p->at, ':', p->n - p->at) - p->text) + 1;
        if (field == OX__F_ATTR) return attr_term(p);
    } else if (unknown) {
        return unknown_field(p);
    }
    ox_status s = word(p, &w);
    if (s != OX_OK) return s;
    if (field == OX__F_TEXT && w.percent) field = OX__F_DEF;
    if (field == OX__F_TEXT && w.regex) field = OX__F_NAME;
    if (field == OX__F_TEXT && !w.quoted && memmem(w.p, w.n, "::", 2)) field = OX__F_OP;
    s = ox__term_make(&t, field, p->m, &w, p->err);
    if (s == OX_OK) return emit_term(p, &t);
    ox__term_free(&t);
    return s;
}

/* ---- grammar ---- */

static bool ends_query(const parser *p)
{
    return p->at >= p->n || p->text[p->at] == ')' || p->text[p->at] == ',';
}

static ox_status one(parser *p)
{
    ox_status s;
    skip(p);
    if (ends_query(p)) return fail(p, p->at, "a term is missing here", "such as op:Conv, name:fc or attr:group>1");
    if (p->nested >= MAX_NESTED) return fail(p, p->at, "the query is nested too deep", NULL);
    p->nested++;
    if (peek(p) == '(') {
        size_t open = p->at++;
        s = query(p);
        skip(p);
        if (s == OX_OK && peek(p) != ')') s = fail(p, open, "the parenthesis that begins here is not closed", NULL);
        p->at++;
    } else if (keyword(p, "not")) {
        p->at += 3;
        s = one(p);
        if (s == OX_OK) s = emit(p, OX__CODE_NOT, 0);
    } else if ((keyword(p, "up") || keyword(p, "down")) && memchr(p->text + p->at, '(', p->n - p->at) &&
               p->text[p->at + (keyword(p, "up") ? 2 : 4)] == '(') {
        s = reach(p, keyword(p, "up"));
    } else if (keyword(p, "and") || keyword(p, "or")) {
        s = fail(p, p->at, "a term is missing before this", NULL);
    } else {
        s = term(p);
    }
    p->nested--;
    return s;
}

/* Terms side by side: each is left for the end as soon as one is false. The jumps go to the code's end then. */
static ox_status chain(parser *p, bool any)
{
    OX__VEC(size_t) jumps = {0};
    ox_status s = OX_OK;
    for (;;) {
        OX__TRY(any ? chain(p, false) : one(p));
        skip(p);
        bool more = any ? keyword(p, "or") : !ends_query(p) && !keyword(p, "or");
        if (!more) break;
        if (keyword(p, any ? "or" : "and")) p->at += any ? 2 : 3;
        if (!ox__vec_push(&jumps, p->q->code.n)) OX__TRY(ox__nomem(p->err));
        OX__TRY(emit(p, any ? OX__CODE_IF_TRUE : OX__CODE_IF_FALSE, 0));
    }
    for (size_t i = 0; i < jumps.n; i++) p->q->code.p[jumps.p[i]].arg = (uint32_t)p->q->code.n;
out:
    ox__vec_free(&jumps);
    return s;
}

static ox_status query(parser *p)
{
    return chain(p, true);
}

ox_status ox_query_parse(ox_query **out, const ox_model *m, const char *text, size_t n, ox_error *err)
{
    parser p = {.m = m, .text = text, .n = n, .err = err};
    ox_status s = OX_OK;
    *out = NULL;
    if (!m || (!text && n)) return ox__fail(err, OX_E_INVALID, "a query needs a model and a text");
    if (n > MAX_TEXT) return ox__fail(err, OX_E_LIMIT, "the query is longer than %d bytes", MAX_TEXT);
    p.q = ox__calloc(1, sizeof *p.q);
    p.own = ox__alloc(n + 1);
    if (!p.q || !p.own) OX__TRY(ox__nomem(err));
    OX__TRY(query(&p));
    skip(&p);
    if (p.at < n)
        OX__TRY(fail(&p, p.at, "nothing is open that this could close or part",
                     "names with such characters stand in double quotes"));
    *out = p.q;
    p.q = NULL;
out:
    ox_query_free(p.q);
    ox__free(p.own);
    return s;
}
