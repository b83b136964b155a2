/* Floor 3. Reads the source of an archive into a tree: recursive descent, bounded in depth. The tree and all its texts
 * are in the arena; `kids` is the stack on which the children of open parts wait for their number. */
#include "io/torchscript/source.h"

#include <math.h>

typedef struct parser {
    ox__src_lexer x;
    OX__VEC(ox__src *) kids;
    uint32_t depth;
} parser;

static ox_status expression(parser *p, ox__src **out) OX_MUST_USE;
static ox_status suite(parser *p, ox__src **out) OX_MUST_USE;

/* ---- what parts are made of ---- */
static bool at(const parser *p, int c)
{
    return p->x.tok == (ox__src_tok)(OX__TOK_OTHER + c);
}

static bool at_word(const parser *p, const char *word)
{
    return p->x.tok == OX__TOK_NAME && strcmp(p->x.s, word) == 0;
}

static ox_status next(parser *p)
{
    return ox__src_next(&p->x);
}

static ox_status refuse(parser *p, const char *what)
{
    ox_status s = ox__src_fail(p->x.text, p->x.at, p->x.err, OX_E_FORMAT, "expected %s", what);
    if (p->x.at >= p->x.text->n)
        ox_error_hint(p->x.err, "the code ends too early: the archive was cut or edited");
    else
        ox_error_hint(p->x.err, "PyTorch writes one plain statement a line, without infix operators");
    return s;
}

static ox_status expect(parser *p, int c)
{
    char what[] = {'`', (char)c, '`', 0};
    return at(p, c) ? next(p) : refuse(p, what);
}

static ox_status end_line(parser *p)
{
    if (p->x.tok == OX__TOK_END) return OX_OK;
    return p->x.tok == OX__TOK_LINE ? next(p) : refuse(p, "the end of the line");
}

static ox__src *make(parser *p, ox__src_kind kind, uint32_t where)
{
    ox__src *e = ox__arena_alloc(p->x.arena, sizeof *e);
    if (e) *e = (ox__src){.kind = (uint8_t)kind, .at = where};
    return e;
}

static ox_status leaf(parser *p, ox__src **out, ox__src_kind kind)
{
    ox__src *e = *out = make(p, kind, p->x.at);
    if (!e) return ox__nomem(p->x.err);
    if (kind == OX__SRC_NAME || kind == OX__SRC_STR) {
        e->s = p->x.s;
        e->n = p->x.s_n;
    } else if (kind == OX__SRC_INT) {
        e->i = p->x.i;
    } else if (kind == OX__SRC_FLOAT) {
        e->f = p->x.f;
    }
    return next(p);
}

static ox_status name(parser *p, ox__src **out)
{
    return p->x.tok == OX__TOK_NAME ? leaf(p, out, OX__SRC_NAME) : refuse(p, "a name");
}

static ox_status push(parser *p, ox__src *kid)
{
    return ox__vec_push(&p->kids, kid) ? OX_OK : ox__nomem(p->x.err);
}

/* Makes a part of the children that wait from number `first` on. */
static ox_status close(parser *p, ox__src **out, ox__src_kind kind, uint32_t where, size_t first)
{
    ox__src *e = make(p, kind, where);
    size_t n = p->kids.n - first;
    if (!e) return ox__nomem(p->x.err);
    e->n = (uint32_t)n;
    if (n) e->kid = ox__arena_dup(p->x.arena, p->kids.p + first, n * sizeof *e->kid);
    if (n && !e->kid) return ox__nomem(p->x.err);
    p->kids.n = first;
    *out = e;
    return OX_OK;
}

static ox_status join(parser *p, ox__src **out, ox__src_kind kind, uint32_t where, size_t n, ox__src *const *kids)
{
    size_t first = p->kids.n;
    for (size_t i = 0; i < n; i++) {
        ox_status s = push(p, kids[i]);
        if (s != OX_OK) return s;
    }
    return close(p, out, kind, where, first);
}

/* ---- expressions ---- */

/* Expressions up to the bracket `end`, separated by commas; *comma: one stood behind the last. */
static ox_status items(parser *p, int end, bool *comma)
{
    ox_status s = OX_OK;
    *comma = false;
    while (s == OX_OK && !at(p, end)) {
        ox__src *e;
        if ((s = expression(p, &e)) != OX_OK || (s = push(p, e)) != OX_OK) return s;
        *comma = at(p, ',');
        if (!*comma) break;
        s = next(p);
    }
    return s == OX_OK ? expect(p, end) : s;
}

static ox_status list(parser *p, ox__src **out)
{
    uint32_t where = p->x.at;
    size_t first = p->kids.n;
    bool comma;
    ox_status s = next(p);
    if (s == OX_OK) s = items(p, ']', &comma);
    return s == OX_OK ? close(p, out, OX__SRC_LIST, where, first) : s;
}

/* `(a)` is a, `(a,)` and `(a, b)` are tuples. */
static ox_status parens(parser *p, ox__src **out)
{
    uint32_t where = p->x.at;
    size_t first = p->kids.n;
    bool comma;
    ox_status s = next(p);
    if (s == OX_OK) s = items(p, ')', &comma);
    if (s != OX_OK) return s;
    if (p->kids.n == first + 1 && !comma) {
        *out = p->kids.p[--p->kids.n];
        return OX_OK;
    }
    return close(p, out, OX__SRC_TUPLE, where, first);
}

static ox_status dict(parser *p, ox__src **out)
{
    uint32_t where = p->x.at;
    size_t first = p->kids.n;
    ox_status s = next(p);
    while (s == OX_OK && !at(p, '}')) {
        ox__src *key, *value;
        if ((s = expression(p, &key)) != OX_OK || (s = push(p, key)) != OX_OK || (s = expect(p, ':')) != OX_OK ||
            (s = expression(p, &value)) != OX_OK || (s = push(p, value)) != OX_OK)
            return s;
        if (!at(p, ',')) break;
        s = next(p);
    }
    if (s == OX_OK) s = expect(p, '}');
    return s == OX_OK ? close(p, out, OX__SRC_DICT, where, first) : s;
}

/* What follows a real number: `1.+2.j` is one constant. */
static ox_status complex_rest(parser *p, ox__src *e, double re, double im)
{
    double c[2] = {re, im};
    e->kind = OX__SRC_COMPLEX;
    e->c = ox__arena_dup(p->x.arena, c, sizeof c);
    return e->c ? OX_OK : ox__nomem(p->x.err);
}

static ox_status number(parser *p, ox__src **out, bool minus)
{
    double sign = minus ? -1 : 1;
    if (p->x.tok == OX__TOK_IMAGINARY) {
        double im = sign * p->x.f;
        ox_status s = leaf(p, out, OX__SRC_FLOAT);
        return s == OX_OK ? complex_rest(p, *out, 0, im) : s;
    }
    bool whole = p->x.tok == OX__TOK_INT;
    if (whole && p->x.i == INT64_MIN && !minus) return refuse(p, "an integer of 64 bits");
    ox_status s = leaf(p, out, whole ? OX__SRC_INT : OX__SRC_FLOAT);
    if (s != OX_OK) return s;
    ox__src *e = *out;
    if (whole)
        e->i = minus && e->i != INT64_MIN ? -e->i : e->i;
    else
        e->f *= sign;
    if (!at(p, '+') && !at(p, '-')) return OX_OK;
    double im = at(p, '-') ? -1 : 1;
    if ((s = next(p)) != OX_OK) return s;
    if (p->x.tok == OX__TOK_IMAGINARY)
        im *= p->x.f;
    else if (at_word(p, "infj"))
        im *= (double)INFINITY;
    else if (at_word(p, "nanj"))
        im = (double)NAN;
    else
        return refuse(p, "an imaginary number");
    s = next(p);
    return s == OX_OK ? complex_rest(p, e, whole ? (double)e->i : e->f, im) : s;
}

static bool at_number(const parser *p)
{
    return p->x.tok == OX__TOK_INT || p->x.tok == OX__TOK_FLOAT || p->x.tok == OX__TOK_IMAGINARY;
}

static ox_status minus(parser *p, ox__src **out)
{
    uint32_t where = p->x.at;
    ox__src *of;
    ox_status s = next(p);
    if (s != OX_OK) return s;
    if (at_number(p)) {
        s = number(p, out, true);
        if (s == OX_OK) (*out)->at = where;
        return s;
    }
    s = name(p, &of);
    return s == OX_OK ? join(p, out, OX__SRC_MINUS, where, 1, &of) : s;
}

static ox_status word(parser *p, ox__src **out)
{
    if (at_word(p, "None")) return leaf(p, out, OX__SRC_NONE);
    if (at_word(p, "True")) return leaf(p, out, OX__SRC_TRUE);
    if (at_word(p, "False")) return leaf(p, out, OX__SRC_FALSE);
    return leaf(p, out, OX__SRC_NAME);
}

static ox_status atom(parser *p, ox__src **out)
{
    if (at(p, '(')) return parens(p, out);
    if (at(p, '[')) return list(p, out);
    if (at(p, '{')) return dict(p, out);
    if (at(p, '-')) return minus(p, out);
    if (at_number(p)) return number(p, out, false);
    if (p->x.tok == OX__TOK_STR) return leaf(p, out, OX__SRC_STR);
    return p->x.tok == OX__TOK_NAME ? word(p, out) : refuse(p, "an expression");
}

static ox_status argument(parser *p, ox__src **out)
{
    ox__src *part[2];
    ox_status s = expression(p, &part[0]);
    if (s != OX_OK || !at(p, '=')) {
        if (s == OX_OK) *out = part[0];
        return s;
    }
    if (part[0]->kind != OX__SRC_NAME) return refuse(p, "`,` or `)`");
    if ((s = next(p)) != OX_OK || (s = expression(p, &part[1])) != OX_OK) return s;
    return join(p, out, OX__SRC_KEYWORD, part[0]->at, 2, part);
}

static ox_status call(parser *p, ox__src **e)
{
    size_t first = p->kids.n;
    ox_status s = push(p, *e);
    if (s == OX_OK) s = next(p);
    while (s == OX_OK && !at(p, ')')) {
        ox__src *arg;
        if ((s = argument(p, &arg)) != OX_OK || (s = push(p, arg)) != OX_OK) return s;
        if (!at(p, ',')) break;
        s = next(p);
    }
    if (s == OX_OK) s = expect(p, ')');
    return s == OX_OK ? close(p, e, OX__SRC_CALL, (*e)->at, first) : s;
}

/* One index, `a:b`, or several separated by commas as in Dict[str, int]: these are a tuple. */
static ox_status index_of(parser *p, ox__src **e)
{
    ox__src *part[2] = {*e, NULL}, *bound[2] = {NULL, NULL};
    uint32_t where = p->x.at;
    size_t first = p->kids.n;
    bool comma = false;
    ox_status s = next(p);
    if (s == OX_OK && !at(p, ':')) s = expression(p, &bound[0]);
    if (s != OX_OK) return s;
    if (at(p, ':')) {
        s = next(p);
        if (s == OX_OK && !at(p, ']')) s = expression(p, &bound[1]);
        if (s == OX_OK) s = join(p, &part[1], OX__SRC_SLICE, where, 2, bound);
        if (s == OX_OK) s = expect(p, ']');
    } else if (at(p, ',')) {
        if ((s = push(p, bound[0])) == OX_OK && (s = next(p)) == OX_OK) s = items(p, ']', &comma);
        if (s == OX_OK) s = close(p, &part[1], OX__SRC_TUPLE, where, first);
    } else {
        part[1] = bound[0];
        s = expect(p, ']');
    }
    return s == OX_OK ? join(p, e, OX__SRC_INDEX, part[0]->at, 2, part) : s;
}

static ox_status attribute(parser *p, ox__src **e)
{
    ox__src *part[2] = {*e, NULL};
    ox_status s = next(p);
    if (s == OX_OK) s = name(p, &part[1]);
    return s == OX_OK ? join(p, e, OX__SRC_ATTR, part[0]->at, 2, part) : s;
}

static ox_status postfix(parser *p, ox__src **out)
{
    uint32_t links = 0; /* a chain is walked by recursion later: each link counts as depth */
    ox_status s = atom(p, out);
    while (s == OX_OK && (at(p, '.') || at(p, '(') || at(p, '['))) {
        if (++links > OX__SRC_DEPTH)
            return ox__src_fail(p->x.text, p->x.at, p->x.err, OX_E_LIMIT, "a chain of more than %d links",
                                OX__SRC_DEPTH);
        s = at(p, '.') ? attribute(p, out) : at(p, '(') ? call(p, out) : index_of(p, out);
    }
    return s;
}

static ox_status expression(parser *p, ox__src **out)
{
    if (p->depth >= OX__SRC_DEPTH) {
        ox_status s = ox__src_fail(p->x.text, p->x.at, p->x.err, OX_E_LIMIT, "expressions are nested deeper than %d",
                                   OX__SRC_DEPTH);
        ox_error_hint(p->x.err, "PyTorch splits long expressions into statements");
        return s;
    }
    p->depth++;
    ox_status s = postfix(p, out);
    p->depth--;
    return s;
}

/* ---- statements ---- */

/* `a`, or `a, b, c` as a tuple; *comma: with a comma behind the last. */
static ox_status expressions(parser *p, ox__src **out, bool *comma)
{
    uint32_t where = p->x.at;
    size_t first = p->kids.n;
    ox_status s;
    *comma = false;
    do {
        ox__src *e;
        if (*comma && (s = next(p)) != OX_OK) return s;
        if (*comma && (at(p, '=') || p->x.tok == OX__TOK_LINE)) break;
        *comma = false;
        if ((s = expression(p, &e)) != OX_OK || (s = push(p, e)) != OX_OK) return s;
        *comma = at(p, ',');
    } while (*comma);
    if (p->kids.n == first + 1 && !*comma) {
        *out = p->kids.p[--p->kids.n];
        return OX_OK;
    }
    return close(p, out, OX__SRC_TUPLE, where, first);
}

static bool is_target(const ox__src *e)
{
    return e->kind == OX__SRC_NAME || e->kind == OX__SRC_ATTR || e->kind == OX__SRC_INDEX;
}

/* Behind the targets of an assignment. */
static ox_status assign(parser *p, ox__src **out, ox__src *targets, bool many)
{
    ox__src *part[3] = {targets, NULL, NULL};
    ox_status s;
    bool comma;
    if (targets->kind != OX__SRC_TUPLE && (s = join(p, &part[0], OX__SRC_TUPLE, targets->at, 1, &targets)) != OX_OK)
        return s;
    for (uint32_t i = 0; i < part[0]->n; i++)
        if (!is_target(part[0]->kid[i]))
            return ox__src_fail(p->x.text, part[0]->kid[i]->at, p->x.err, OX_E_FORMAT, "this cannot be assigned to");
    part[0]->many = many;
    if (at(p, ':')) {
        if ((s = next(p)) != OX_OK || (s = expression(p, &part[1])) != OX_OK) return s;
    }
    if (at(p, '=')) {
        if ((s = next(p)) != OX_OK || (s = expressions(p, &part[2], &comma)) != OX_OK) return s;
    }
    if ((s = join(p, out, OX__SRC_ASSIGN, targets->at, 3, part)) != OX_OK) return s;
    return end_line(p);
}

static ox_status simple(parser *p, ox__src **out)
{
    ox__src *e;
    bool comma;
    ox_status s = expressions(p, &e, &comma);
    if (s != OX_OK) return s;
    if (at(p, '=') || at(p, ':')) return assign(p, out, e, comma);
    s = join(p, out, OX__SRC_EXPR, e->at, 1, &e);
    return s == OX_OK ? end_line(p) : s;
}

static ox_status block(parser *p, ox__src **out)
{
    ox_status s = expect(p, ':');
    return s == OX_OK ? suite(p, out) : s;
}

static ox_status if_statement(parser *p, ox__src **out, uint32_t where)
{
    ox__src *part[3];
    ox_status s = expression(p, &part[0]);
    if (s == OX_OK) s = block(p, &part[1]);
    if (s != OX_OK) return s;
    if (at_word(p, "else")) {
        if ((s = next(p)) != OX_OK || (s = block(p, &part[2])) != OX_OK) return s;
    } else if (!(part[2] = make(p, OX__SRC_SUITE, where))) {
        return ox__nomem(p->x.err);
    }
    return join(p, out, OX__SRC_IF, where, 3, part);
}

static ox_status for_statement(parser *p, ox__src **out, uint32_t where)
{
    ox__src *part[3];
    ox_status s = name(p, &part[0]);
    if (s == OX_OK) s = at_word(p, "in") ? next(p) : refuse(p, "`in`");
    if (s == OX_OK) s = expression(p, &part[1]);
    if (s == OX_OK) s = block(p, &part[2]);
    return s == OX_OK ? join(p, out, OX__SRC_FOR, where, 3, part) : s;
}

static ox_status while_statement(parser *p, ox__src **out, uint32_t where)
{
    ox__src *part[2];
    ox_status s = expression(p, &part[0]);
    if (s == OX_OK) s = block(p, &part[1]);
    return s == OX_OK ? join(p, out, OX__SRC_WHILE, where, 2, part) : s;
}

static ox_status with_statement(parser *p, ox__src **out, uint32_t where)
{
    ox__src *part[3] = {NULL, NULL, NULL};
    ox_status s = expression(p, &part[0]);
    if (s == OX_OK && at_word(p, "as")) {
        s = next(p);
        if (s == OX_OK) s = name(p, &part[1]);
    }
    if (s == OX_OK) s = block(p, &part[2]);
    return s == OX_OK ? join(p, out, OX__SRC_WITH, where, 3, part) : s;
}

static ox_status return_statement(parser *p, ox__src **out, uint32_t where)
{
    ox__src *e = NULL;
    ox_status s = OX_OK;
    bool comma;
    if (p->x.tok != OX__TOK_LINE && p->x.tok != OX__TOK_END) s = expressions(p, &e, &comma);
    if (s == OX_OK) s = join(p, out, OX__SRC_RETURN, where, 1, &e);
    return s == OX_OK ? end_line(p) : s;
}

static ox_status parameter(parser *p, ox__src **out)
{
    ox__src *part[3] = {NULL, NULL, NULL};
    uint32_t where = p->x.at;
    ox_status s = name(p, &part[0]);
    if (s == OX_OK && at(p, ':')) {
        s = next(p);
        if (s == OX_OK) s = expression(p, &part[1]);
    }
    if (s == OX_OK && at(p, '=')) {
        s = next(p);
        if (s == OX_OK) s = expression(p, &part[2]);
    }
    return s == OX_OK ? join(p, out, OX__SRC_PARAM, where, 3, part) : s;
}

static ox_status parameters(parser *p, ox__src **out)
{
    uint32_t where = p->x.at;
    size_t first = p->kids.n;
    ox_status s = expect(p, '(');
    while (s == OX_OK && !at(p, ')')) {
        ox__src *e;
        if ((s = parameter(p, &e)) != OX_OK || (s = push(p, e)) != OX_OK) return s;
        if (!at(p, ',')) break;
        s = next(p);
    }
    if (s == OX_OK) s = expect(p, ')');
    return s == OX_OK ? close(p, out, OX__SRC_SUITE, where, first) : s;
}

/* *head: the parameters and the type were understood. */
static ox_status def_rest(parser *p, ox__src **part, bool *head)
{
    ox_status s = parameters(p, &part[1]);
    if (s == OX_OK && p->x.tok == OX__TOK_ARROW) {
        s = next(p);
        if (s == OX_OK) s = expression(p, &part[2]);
    }
    *head = s == OX_OK;
    return s == OX_OK ? block(p, &part[3]) : s;
}

/* Goes on behind the lines of the definition that begins at `where`, at that depth of indentation. */
static ox_status skip_definition(parser *p, uint32_t where, uint32_t depth)
{
    ox__src_lexer *x = &p->x;
    x->next = where;
    do {
        const char *eol = memchr(x->text->p + x->next, '\n', x->text->n - x->next);
        x->next = eol ? (uint32_t)(eol - x->text->p) + 1 : (uint32_t)x->text->n;
    } while (x->next < x->text->n && ox__src_width(x) > x->indent[depth]);
    x->nest = x->dedents = 0;
    x->depth = depth;
    x->fresh = true;
    x->tok = OX__TOK_LINE;
    return next(p);
}

/* A function that is not understood is kept with its error, so that the others of its file can be had. */
static ox_status keep_broken(parser *p, ox__src **out, uint32_t where, ox__src **part, bool head, uint32_t depth)
{
    ox__src *broken = part[3] = make(p, OX__SRC_BROKEN, p->x.at);
    if (!part[1]) part[1] = make(p, OX__SRC_SUITE, where);
    if (!broken || !part[1]) return ox__nomem(p->x.err);
    broken->many = head;
    broken->error = ox__arena_dup(p->x.arena, p->x.err, sizeof *p->x.err);
    if (!broken->error) return ox__nomem(p->x.err);
    ox_status s = skip_definition(p, where, depth);
    if (s == OX_OK) ox_error_clear(p->x.err);
    return s == OX_OK ? join(p, out, OX__SRC_DEF, where, 4, part) : s;
}

static ox_status def_statement(parser *p, ox__src **out, uint32_t where)
{
    ox__src *part[4] = {NULL, NULL, NULL, NULL};
    uint32_t depth = p->x.depth;
    size_t first = p->kids.n;
    bool head = false;
    ox_status s = name(p, &part[0]);
    if (s != OX_OK) return s;
    s = def_rest(p, part, &head);
    if (s == OX_OK) return join(p, out, OX__SRC_DEF, where, 4, part);
    p->kids.n = first;
    return s == OX_E_FORMAT && p->x.at < p->x.text->n ? keep_broken(p, out, where, part, head, depth) : s;
}

static ox_status class_statement(parser *p, ox__src **out, uint32_t where)
{
    ox__src *part[3] = {NULL, NULL, NULL};
    ox_status s = name(p, &part[0]);
    if (s == OX_OK && at(p, '(')) {
        s = next(p);
        if (s == OX_OK) s = name(p, &part[1]);
        if (s == OX_OK) s = expect(p, ')');
    }
    if (s == OX_OK) s = block(p, &part[2]);
    return s == OX_OK ? join(p, out, OX__SRC_CLASS, where, 3, part) : s;
}

static ox_status pass_statement(parser *p, ox__src **out, uint32_t where)
{
    ox_status s = join(p, out, OX__SRC_PASS, where, 0, NULL);
    return s == OX_OK ? end_line(p) : s;
}

static ox_status statement(parser *p, ox__src **out)
{
    static const struct {
        const char *word;
        ox_status (*read)(parser *p, ox__src **out, uint32_t where);
    } words[] = {
        {"if", if_statement},         {"for", for_statement}, {"while", while_statement}, {"with", with_statement},
        {"return", return_statement}, {"def", def_statement}, {"class", class_statement}, {"pass", pass_statement},
    };
    uint32_t where = p->x.at;
    for (size_t i = 0; i < OX__COUNT(words); i++)
        if (at_word(p, words[i].word)) {
            ox_status s = next(p);
            return s == OX_OK ? words[i].read(p, out, where) : s;
        }
    return simple(p, out);
}

/* The indented lines behind a `:`. */
static ox_status suite(parser *p, ox__src **out)
{
    uint32_t where = p->x.at;
    size_t first = p->kids.n;
    ox_status s = end_line(p);
    if (s == OX_OK && p->x.tok == OX__TOK_INDENT)
        s = next(p);
    else if (s == OX_OK)
        return close(p, out, OX__SRC_SUITE, where, first); /* PyTorch writes a class without members so */
    while (s == OX_OK && p->x.tok != OX__TOK_DEDENT && p->x.tok != OX__TOK_END) {
        ox__src *e;
        if ((s = statement(p, &e)) == OX_OK) s = push(p, e);
    }
    if (s == OX_OK && p->x.tok == OX__TOK_DEDENT) s = next(p);
    return s == OX_OK ? close(p, out, OX__SRC_SUITE, where, first) : s;
}

/* ---- files ---- */

/* `op_version_set = 1` and `import __torch__.a`: what archives of 2019 begin with, and no longer mean anything. */
static ox_status skip_line(parser *p)
{
    ox_status s = OX_OK;
    while (s == OX_OK && p->x.tok != OX__TOK_LINE && p->x.tok != OX__TOK_END) s = next(p);
    return s == OX_OK ? end_line(p) : s;
}

static ox_status file(parser *p, ox__src **out)
{
    ox_status s = next(p);
    while (s == OX_OK && p->x.tok != OX__TOK_END) {
        ox__src *e;
        if (p->x.tok == OX__TOK_LINE) {
            s = next(p);
        } else if (at_word(p, "import") || at_word(p, "op_version_set")) {
            s = skip_line(p);
        } else if (at_word(p, "class") || at_word(p, "def")) {
            if ((s = statement(p, &e)) == OX_OK) s = push(p, e);
        } else {
            s = refuse(p, "a class or a function");
        }
    }
    return s == OX_OK ? close(p, out, OX__SRC_SUITE, 0, 0) : s;
}

ox_status ox__src_parse(ox__src **out, const ox__src_text *text, ox__arena *arena, bool *cut, ox_error *err)
{
    *cut = false;
    if (text->n >= UINT32_MAX / 2) return ox__fail(err, OX_E_LIMIT, "%s: more than 2 GiB of code", text->name);
    parser p = {.x = {.text = text, .arena = arena, .err = err, .fresh = true, .tok = OX__TOK_LINE}};
    ox_status s = file(&p, out);
    *cut = s == OX_E_FORMAT && p.x.at >= text->n;
    ox__vec_free(&p.kids);
    return s;
}
