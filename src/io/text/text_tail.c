/* Floor 3. What follows the arguments of a statement: scopes in the forms of all years, source places, and the `uses`
 * of 2017. Inside there is one form of scope: a path of (class, attribute) pairs. */
#include "io/text/text.h"

static bool starts(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

static bool is_text(ox__span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

/* ---- scopes ---- */

typedef struct scope_path {
    ox__text *t;
    ox_scope scope;
    unsigned depth;
} scope_path;

static ox__span trimmed(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t')) end--;
    return (ox__span){p, (size_t)(end - p)};
}

/* A level of a scope; cls.p NULL: the class is not told. */
static ox_status push(scope_path *x, ox__span cls, ox__span attr)
{
    ox_model *m = x->t->m;
    ox_str name = cls.p ? ox_str_add(m, cls.p, cls.n) : (ox_str){0};
    x->depth++;
    return ox_scope_add(m, &x->scope, x->scope, name, ox_str_add(m, attr.n ? attr.p : "", attr.n), x->t->err);
}

/* Adds an atom path to t->bytes, which holds the path so far ("blocks.0"). */
static ox_status extend(ox__text *t, const char *p, size_t n)
{
    if (!ox__vec_reserve(&t->bytes, t->bytes.n + n + 1)) return ox__text_nomem(t);
    if (t->bytes.n) t->bytes.p[t->bytes.n++] = '.';
    memcpy(t->bytes.p + t->bytes.n, p, n);
    t->bytes.n += n;
    return OX_OK;
}

/* What is left of name behind prefix and a point; NULL if it does not begin so. */
static const char *behind(ox__span name, const char *prefix, size_t n)
{
    if (!n || name.n <= n + 1 || memcmp(name.p, prefix, n) != 0 || name.p[n] != '.') return NULL;
    return name.p + n + 1;
}

static bool is_number(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9') return false;
    return n > 0;
}

/* The part of a path that the exporter prints for a module: from the last atom on that is no number. */
static ox__span short_path(const char *p, size_t n)
{
    size_t end = n;
    for (;;) {
        size_t begin = end;
        while (begin && p[begin - 1] != '.') begin--;
        if (!begin || !is_number(p + begin, end - begin)) return (ox__span){p + begin, n - begin};
        end = begin - 1;
    }
}

/* `pkg.Class::attr`: attr is the module's path as registered, or the last part of it. */
static ox_status exporter_part(scope_path *x, ox__span part)
{
    ox__text *t = x->t;
    const char *colons = memmem(part.p, part.n, "::", 2), *end = part.p + part.n;
    bool bare = !colons || (x->depth && colons + 2 == end); /* only the root has no attribute */
    if (bare) return push(x, part, (ox__span){0});
    ox__span cls = {part.p, (size_t)(colons - part.p)}, attr = {colons + 2, (size_t)(end - colons - 2)};
    const char *rest = behind(attr, t->bytes.p, t->bytes.n);
    if (!rest && t->bytes.n) {
        ox__span tail = short_path(t->bytes.p, t->bytes.n);
        rest = behind(attr, tail.p, tail.n);
    }
    if (rest) attr = (ox__span){rest, (size_t)(attr.p + attr.n - rest)};
    ox_status s = attr.n ? extend(t, attr.p, attr.n) : OX_OK;
    return s == OX_OK ? push(x, cls, attr) : s;
}

/* `__module.layer1.0`: the whole path of a module whose class is not told. */
static ox_status tracer_part(scope_path *x, ox__span part)
{
    ox__text *t = x->t;
    ox_status s = OX_OK;
    if (!x->depth) s = push(x, (ox__span){0}, (ox__span){0});
    if (s != OX_OK || part.n <= 9) return s;
    ox__span attr = {part.p + 9, part.n - 9};
    const char *rest = behind(attr, t->bytes.p, t->bytes.n);
    if (rest) attr = (ox__span){rest, (size_t)(part.p + part.n - rest)};
    s = extend(t, attr.p, attr.n);
    return s == OX_OK ? push(x, (ox__span){0}, attr) : s;
}

/* `Conv2d[0]`, or a name that somebody gave. */
static ox_status seed_part(scope_path *x, ox__span part)
{
    const char *end = part.p + part.n;
    const char *open = part.n && end[-1] == ']' ? memchr(part.p, '[', part.n) : NULL;
    if (!open) return push(x, part, (ox__span){0});
    ox__span attr = {open + 1, (size_t)(end - 1 - (open + 1))}, cls = {part.p, (size_t)(open - part.p)};
    while (attr.n && (attr.p[attr.n - 1] == ' ' || attr.p[attr.n - 1] == '\t')) attr.n--;
    return push(x, attr.n ? cls : trimmed(part.p, open), attr);
}

static unsigned count_parts(ox__span text)
{
    unsigned n = 1;
    for (size_t i = 0; i < text.n && n <= OX__TEXT_MAX_DEPTH; i++) n += text.p[i] == '/';
    return n;
}

ox_status ox__text_scope(ox__text *t, ox__span text, ox_scope *out)
{
    uint64_t hash;
    const ox__memo_row *row = ox__memo_find(&t->scopes, text, &hash);
    if (row) {
        *out = (ox_scope){row->a, row->b};
        return OX_OK;
    }
    const char *p = text.p, *end = p + text.n;
    bool tracer = starts(p, end, "__module.") || is_text(text, "__module");
    bool exporter = memmem(p, text.n, "::", 2) != NULL;
    scope_path x = {.t = t};
    t->bytes.n = 0;
    ox_status s = OX_OK;
    if (count_parts(text) > OX__TEXT_MAX_DEPTH) {
        size_t n = text.n; /* nobody's module path: kept as it is, the mark of a root aside */
        if (memcmp(end - 2, "::", 2) == 0) n -= 2;
        s = push(&x, (ox__span){p, n}, (ox__span){0});
        p = end + 1;
    }
    while (s == OX_OK && p <= end) {
        const char *e = memchr(p, '/', (size_t)(end - p));
        if (!e) e = end;
        ox__span part = trimmed(p, e);
        if (tracer && (starts(part.p, e, "__module.") || is_text(part, "__module")))
            s = tracer_part(&x, part);
        else
            s = exporter ? exporter_part(&x, part) : seed_part(&x, part);
        p = e + 1;
    }
    *out = x.scope;
    if (s != OX_OK) return s;
    return ox__memo_add(&t->scopes, text, hash, out->id, out->gen) ? OX_OK : ox__text_nomem(t);
}

/* ---- source places ---- */

static bool number_before(const char *begin, const char **p, uint32_t *out)
{
    const char *e = *p, *b = e;
    while (b > begin && b[-1] >= '0' && b[-1] <= '9') b--;
    int64_t v;
    if (b == e || b == begin || b[-1] != ':' || !ox_text_parse_i64(b, (size_t)(e - b), &v) || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    *p = b - 1;
    return true;
}

/* `# path:line:col`; any other comment says nothing. */
static ox_status comment(ox__text *t, ox_loc *out)
{
    const char *begin = t->p + 1, *end = t->eol;
    while (begin < end && *begin == ' ') begin++;
    while (end > begin && end[-1] == ' ') end--;
    t->p = t->eol;
    ox__span text = {begin, (size_t)(end - begin)};
    uint64_t hash;
    const ox__memo_row *row = ox__memo_find(&t->locs, text, &hash);
    if (row) {
        *out = (ox_loc){row->a};
        return OX_OK;
    }
    uint32_t line, col;
    if (number_before(begin, &end, &col) && number_before(begin, &end, &line) && end > begin)
        *out = ox_loc_add(t->m, ox_str_add(t->m, begin, (size_t)(end - begin)), line, col);
    return ox__memo_add(&t->locs, text, hash, out->id, 0) ? OX_OK : ox__text_nomem(t);
}

/* ---- all that follows ---- */

static const char *scope_end(const ox__text *t)
{
    for (const char *p = t->p; p < t->eol; p++) {
        if (*p == ';' || starts(p, t->eol, " # ") || starts(p, t->eol, ", uses = ")) return p;
    }
    return t->eol;
}

/* Skips `[[%20.i0], []]`. */
static void skip_uses(ox__text *t)
{
    unsigned depth = 0;
    for (; t->p < t->eol; t->p++) {
        if (*t->p == '[') depth++;
        if (*t->p == ']' && --depth == 0) {
            t->p++;
            return;
        }
    }
}

ox_status ox__text_tail(ox__text *t, ox_scope *scope, ox_loc *loc)
{
    for (;;) {
        ox__text_blanks(t);
        if (t->p == t->eol) return OX_OK;
        if (*t->p == '#') return comment(t, loc);
        if (*t->p == ';' || *t->p == ',') {
            t->p++;
        } else if (starts(t->p, t->eol, "scope: ")) {
            t->p += 6;
            ox__text_blanks(t);
            const char *end = scope_end(t);
            ox__span text = trimmed(t->p, end);
            ox_status s = text.n ? ox__text_scope(t, text, scope) : OX_OK;
            if (s != OX_OK) return s;
            t->p = end;
        } else if (starts(t->p, t->eol, "uses = [")) {
            t->p += 7;
            skip_uses(t);
        } else {
            ox__text_count(t, OX__NOTE_NOISE, t->p, (size_t)(t->eol - t->p));
            return OX_OK;
        }
    }
}
