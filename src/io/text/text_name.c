/* Floor 3. Names of values in a dump: any bytes, blanks, colons and brackets included. Where a declared name ends is
 * told by the type behind it; a reference is held against the names that are known. */
#include "io/text/text.h"

static bool follows(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

/* ---- declarations ---- */

/* Whether what stands at p may follow a declaration. */
static bool ends_decl(const ox__text *t, ox__decl_mode mode, const char *p)
{
    if (mode == OX__DECL_OUTS) return follows(p, t->eol, " = ") || follows(p, t->eol, ", %");
    if (p == t->eol) return true;
    if (*p == ',') return p + 1 == t->eol || p[1] == ' ' || p[1] == '\t';
    if (*p == ')') return p + 1 == t->eol || p[1] == ':' || p[1] == ' ';
    return follows(p, t->eol, " #");
}

/* A name without a type ends here: seen in dumps of verbosity 0. */
static bool ends_untyped(const ox__text *t, ox__decl_mode mode, const char *p)
{
    if (mode == OX__DECL_OUTS) {
        if (!follows(p, t->eol, " = ")) return follows(p, t->eol, ", %");
        const char *op = p + 3; /* an operator must follow, else it is a name with a ` = ` in it */
        while (op < t->eol && *op != ' ' && *op != '(' && *op != '[') op++;
        return op > p + 3 && op < t->eol && *op != ' ';
    }
    if (*p == ')') return follows(p, t->eol, "):") || follows(p, t->eol, ") {");
    return *p == ',' && (p + 1 == t->eol || follows(p, t->eol, ", %"));
}

/* The first ` : ` that has a readable type behind it ends the name. Failing that, the type behind the first one is
 * kept as text. */
static bool typed(ox__text *t, ox__decl_mode mode, const char *name, const char *colon, ox__decl *out, bool opaque)
{
    const char *begin = colon + 3, *end = ox__text_type_end(t, begin);
    if (!end || end == begin || !ends_decl(t, mode, end)) return false;
    ox__span text = {begin, (size_t)(end - begin)};
    if (opaque) {
        out->type = ox__text_opaque(t, text);
        out->layout = (ox_layout){0};
    } else if (!ox__text_type(t, text, &out->type, &out->layout)) {
        return false;
    }
    out->name = ox_str_add(t->m, name, (size_t)(colon - name));
    t->p = end;
    return true;
}

static ox_status bad_decl(ox__text *t, const char *at)
{
    ox_status s = ox__text_fail(t, at, OX_E_FORMAT, "cannot tell where the name that begins here ends");
    ox_error_hint(t->err, "a value is declared as `%%name : type`, such as `%%x : Float(2, 3)`");
    return s;
}

ox_status ox__text_decl(ox__text *t, ox__decl_mode mode, ox__decl *out)
{
    const char *at = t->p, *name = at + 1, *first = NULL;
    unsigned tried = 0;
    *out = (ox__decl){.at = at};
    for (const char *q = name; q < t->eol && tried < OX__TEXT_MAX_CANDIDATES; q++) {
        if (*q != ' ' && *q != ',' && *q != ')') continue;
        if (follows(q, t->eol, " : ")) {
            bool ok = typed(t, mode, name, q, out, false);
            ox_status s = ox__text_status(t);
            if (ok || s != OX_OK) return s;
            if (!first) first = q;
            tried++;
        } else if (ends_untyped(t, mode, q)) {
            if (first) break; /* ` : ` with something odd behind it */
            out->name = ox_str_add(t->m, name, (size_t)(q - name));
            t->p = q;
            return OX_OK;
        }
    }
    if (first && typed(t, mode, name, first, out, true)) return OX_OK;
    if (first || mode == OX__DECL_OUTS) return bad_decl(t, at);
    out->name = ox_str_add(t->m, name, (size_t)(t->eol - name));
    t->p = t->eol;
    return OX_OK;
}

/* ---- the names that are known ---- */

static void measure(ox__text *t, ox_str name)
{
    size_t n;
    const char *p = ox_str_text(t->m, name, &n), *end = p + n;
    if (n > t->name_max) t->name_max = n;
    uint32_t cuts = 0;
    for (; p < end; p++) cuts += *p == ')' || follows(p, end, ", %");
    if (cuts > t->name_cuts) t->name_cuts = cuts;
}

ox_status ox__text_define(ox__text *t, const ox__decl *d, ox_value v)
{
    if (!d->name.id) return ox_model_status(t->m, t->err);
    size_t had = t->by_str.n;
    if (d->name.id >= had) {
        size_t need = d->name.id + 1;
        if (!ox__vec_reserve(&t->by_str, need)) return ox__text_nomem(t);
        memset(t->by_str.p + had, 0, (need - had) * sizeof *t->by_str.p);
        t->by_str.n = need;
    }
    uint32_t *entry = &t->by_str.p[d->name.id];
    if (*entry > t->frames[t->depth].n_names) {
        uint32_t line = t->names.p[*entry - 1].line;
        size_t n;
        const char *name = ox_str_text(t->m, d->name, &n);
        ox_status s = ox__text_fail(t, d->at, OX_E_FORMAT, "%%%.*s is defined twice, first in line %u",
                                    (int)OX__MIN(n, (size_t)200), name, line);
        ox_error_hint(t->err, "names are unique in a graph: are two graphs mixed in this file?");
        return s;
    }
    if (t->names.n >= UINT32_MAX) return ox__text_fail(t, d->at, OX_E_LIMIT, "too many names");
    ox__name row = {.value = v, .name = d->name, .outer = *entry, .line = t->line_no};
    if (!ox__vec_push(&t->names, row)) return ox__text_nomem(t);
    *entry = (uint32_t)t->names.n;
    measure(t, d->name);
    return OX_OK;
}

void ox__text_forget(ox__text *t, size_t n)
{
    while (t->names.n > n) {
        const ox__name *row = &t->names.p[--t->names.n];
        t->by_str.p[row->name.id] = row->outer;
    }
}

static bool lookup(const ox__text *t, const char *p, size_t n, ox_value *out)
{
    if (n > t->name_max) return false;
    ox_str name = ox_str_find(t->m, p, n);
    if (!name.id || name.id >= t->by_str.n || !t->by_str.p[name.id]) return false;
    *out = t->names.p[t->by_str.p[name.id] - 1].value;
    return true;
}

/* ---- references ---- */

/* The next place at or behind q where a reference may end. */
static const char *next_cut(const ox__text *t, const char *q)
{
    for (; q < t->eol; q++) {
        if (*q == ')' || (*q == ',' && (follows(q, t->eol, ", %") || follows(q, t->eol, ",%")))) return q;
    }
    return NULL;
}

/* Whether the `)` at q can be the one that closes the references. */
static bool closes(const ox__text *t, const char *q)
{
    const char *p = q + 1;
    if (*q != ')' || p == t->eol) return true;
    if (*p == ',') return follows(p, t->eol, ", scope: ") || follows(p, t->eol, ", uses = ");
    return *p == ';' || *p == ' ' || *p == '\t' || *p == '#';
}

static ox_status unknown(ox__text *t, const char *at, const char *end)
{
    size_t n = (size_t)(end - at);
    int shown = (int)OX__MIN(n, (size_t)200);
    ox_status s = ox__text_fail(t, at, OX_E_FORMAT, "%.*s is used but not defined before", shown, at);
    const char *p = t->next;
    while (n < 256 && p < t->stop && (p = memmem(p, (size_t)(t->stop - p), at, n)) != NULL) {
        if (follows(p + n, t->stop, " : ") || follows(p + n, t->stop, " = ")) {
            uint64_t line = (uint64_t)t->line_no + 1;
            for (const char *q = t->next; (q = memchr(q, '\n', (size_t)(p - q))) != NULL; q++) line++;
            ox_error_hint(t->err, "it is defined in line %llu: a graph cannot have a cycle", (unsigned long long)line);
            return s;
        }
        p += n;
    }
    ox_error_hint(t->err, "the graph must be whole: inputs, parameters and every line before this one");
    return s;
}

/* Reads one reference at t->p ('%'). The shortest known name wins that ends where a reference may end; a name that
 * itself holds such a place is found by trying further ones. */
static ox_status reference(ox__text *t, ox_value *out)
{
    const char *at = t->p, *name = at + 1, *cut = next_cut(t, name), *first = cut;
    *out = (ox_value){0};
    if (cut == name) { /* `%` alone: an absent input */
        t->p = cut;
        return OX_OK;
    }
    for (uint32_t tried = 0; cut && tried <= OX__MIN(t->name_cuts, (uint32_t)OX__TEXT_MAX_CANDIDATES); tried++) {
        if (closes(t, cut) && lookup(t, name, (size_t)(cut - name), out)) {
            t->p = cut;
            return OX_OK;
        }
        cut = next_cut(t, cut + 1);
    }
    if (first) return unknown(t, at, first);
    return ox__text_fail(t, at, OX_E_FORMAT, "the arguments are not closed by `)`");
}

ox_status ox__text_refs(ox__text *t)
{
    t->refs.n = 0;
    for (;;) {
        ox__text_blanks(t);
        if (t->p == t->eol || (*t->p != '%' && *t->p != ')' && *t->p != ','))
            return ox__text_fail(t, t->p, OX_E_FORMAT, "expected `%%name` or `)` in the arguments");
        char c = *t->p;
        if (c == ')' || c == ',') t->p++;
        if (c == ')') return OX_OK;
        if (c == ',') continue;
        ox_value v;
        ox_status s = reference(t, &v);
        if (s != OX_OK) return s;
        if (!ox__vec_push(&t->refs, v)) return ox__text_nomem(t);
    }
}
