/* Floor 3. Values of attributes: numbers, strings, lists and what a dump only hints at. What cannot be read is kept as
 * its text (OX_ATTR_RAW), never guessed. */
#include "io/text/text.h"

static bool is_text(ox__span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static ox_status raw(ox__text *t, ox__span text, ox_attr *a)
{
    a->kind = OX_ATTR_RAW;
    a->u.s = ox_str_add(t->m, text.p, text.n);
    return OX_OK;
}

/* ---- strings ---- */

bool ox__text_unescape(ox__text *t, ox__span text)
{
    static const char from[] = "\\\"'?abfnrtv", to[] = "\\\"'?\a\b\f\n\r\t\v";
    if (!ox__vec_reserve(&t->bytes, text.n + 1)) return false;
    const char *p = text.p, *end = p + text.n;
    char *out = t->bytes.p;
    while (p < end) {
        char c = *p++;
        if (c == '\\' && p < end) {
            const char *known = *p ? strchr(from, *p) : NULL;
            if (known) {
                c = to[known - from];
                p++;
            } else if (end - p >= 3) {
                /* three digits; for bytes from 0x80 on PyTorch printed wrong ones (of a signed char), which this reads
                 */
                c = (char)((p[0] - '0') * 64 + (p[1] - '0') * 8 + (p[2] - '0'));
                p += 3;
            }
        }
        *out++ = c;
    }
    t->bytes.n = (size_t)(out - t->bytes.p);
    return true;
}

static ox_status string(ox__text *t, ox__span text, ox_str *out)
{
    if (!ox__text_unescape(t, (ox__span){text.p + 1, text.n - 2})) return ox__text_nomem(t);
    *out = ox_str_add(t->m, t->bytes.p, t->bytes.n);
    return OX_OK;
}

static bool is_string(ox__span text)
{
    if (text.n < 2 || *text.p != '"') return false;
    const char *p = text.p + 1, *end = text.p + text.n - 1;
    for (; p < end; p++) {
        if (*p == '"') return false;
        if (*p == '\\') p++;
    }
    return p == end && *end == '"';
}

/* ---- numbers ---- */

bool ox__text_is_rounded(ox__span number)
{
    int64_t digits = 0;
    int count = 0, exponent = 0;
    bool point = false;
    const char *p = number.p, *end = p + number.n;
    if (p < end && (*p == '-' || *p == '+')) p++;
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            point = true;
        } else if (*p >= '0' && *p <= '9') {
            if (count || *p != '0') count++;
            if (count > 6) return false; /* printed with more digits than the six that cut */
            digits = digits * 10 + (*p - '0');
            exponent -= point;
        } else {
            return false; /* nan, inf */
        }
    }
    int64_t e = 0;
    if (p < end && !ox_text_parse_i64(p + 1, (size_t)(end - p - 1), &e)) {
        if (p + 1 < end && p[1] == '+') ox_text_parse_i64(p + 2, (size_t)(end - p - 2), &e);
    }
    if (count < 5) return false;
    e += exponent;
    for (; e < 0 && digits % 5 == 0; e++) digits /= 5;
    return e < 0; /* a fraction whose denominator is no power of two */
}

static bool is_float_text(ox__span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '.' || s.p[i] == 'e' || s.p[i] == 'n') return true; /* "nan" and "inf" hold an n */
    return false;
}

static ox_status number(ox__text *t, ox__span text, ox_attr_kind want, ox_attr *a)
{
    int64_t i;
    double f;
    if (want != OX_ATTR_FLOAT && !is_float_text(text) && ox_text_parse_i64(text.p, text.n, &i)) {
        a->kind = want == OX_ATTR_BOOL && (i == 0 || i == 1) ? OX_ATTR_BOOL : OX_ATTR_INT;
        a->u.i = i;
        return OX_OK;
    }
    if (!ox_text_parse_f64(text.p, text.n, &f)) return raw(t, text, a);
    a->kind = OX_ATTR_FLOAT;
    a->u.f = f;
    a->rounded = ox__text_is_rounded(text);
    if (a->rounded) ox__text_count(t, OX__NOTE_ROUNDED, text.p, text.n);
    return OX_OK;
}

/* `1.+2.j`, `-1.-0.5j`, `inf+0.j`. */
static ox_status complex(ox__text *t, ox__span text, ox_attr *a)
{
    double *parts = ox__arena_alloc(&t->scratch, 2 * sizeof *parts);
    if (!parts) return ox__text_nomem(t);
    parts[0] = parts[1] = 0;
    size_t n = text.n - 1, cut = n;
    for (size_t i = 1; i < n; i++)
        if ((text.p[i] == '+' || text.p[i] == '-') && text.p[i - 1] != 'e') cut = i;
    const char *im = cut < n ? text.p + cut : text.p;
    size_t n_im = cut < n ? n - cut : n;
    if (*im == '+') im++, n_im--;
    if ((cut < n && !ox_text_parse_f64(text.p, cut, &parts[0])) || !ox_text_parse_f64(im, n_im, &parts[1]))
        return raw(t, text, a);
    a->kind = OX_ATTR_COMPLEX;
    a->n = 2;
    a->u.floats = parts;
    return OX_OK;
}

/* ---- lists ---- */

typedef struct list {
    const char *p, *end; /* inside the brackets */
    size_t max;          /* items at most */
} list;

static bool next_item(list *l, ox__span *out)
{
    while (l->p < l->end && *l->p == ' ') l->p++;
    if (l->p == l->end) return false;
    const char *e = memchr(l->p, ',', (size_t)(l->end - l->p));
    if (!e) e = l->end;
    *out = (ox__span){l->p, (size_t)(e - l->p)};
    while (out->n && out->p[out->n - 1] == ' ') out->n--;
    l->p = e < l->end ? e + 1 : e;
    return true;
}

static list list_of(ox__span text)
{
    list l = {text.p + 1, text.p + text.n - 1, 1};
    for (const char *p = l.p; p < l.end && (p = memchr(p, ',', (size_t)(l.end - p))) != NULL; p++) l.max++;
    return l;
}

/* False: not all items are integers. */
static bool ints(ox__text *t, list l, ox_attr *a, ox_status *s)
{
    int64_t *v = ox__arena_alloc(&t->scratch, l.max * sizeof *v);
    ox__span item;
    *s = v ? OX_OK : ox__text_nomem(t);
    while (v && next_item(&l, &item)) {
        if (!ox_text_parse_i64(item.p, item.n, &v[a->n])) return false;
        a->n++;
    }
    a->kind = OX_ATTR_INTS;
    a->u.ints = v;
    return true;
}

static bool floats(ox__text *t, list l, ox_attr *a, ox_status *s)
{
    double *v = ox__arena_alloc(&t->scratch, l.max * sizeof *v);
    ox__span item;
    *s = v ? OX_OK : ox__text_nomem(t);
    while (v && next_item(&l, &item)) {
        if (!ox_text_parse_f64(item.p, item.n, &v[a->n++])) return false;
        if (!ox__text_is_rounded(item)) continue;
        if (!a->rounded) ox__text_count(t, OX__NOTE_ROUNDED, item.p, item.n);
        a->rounded = true;
    }
    a->kind = OX_ATTR_FLOATS;
    a->u.floats = v;
    return true;
}

static bool bools(ox__text *t, list l, ox_attr *a, ox_status *s)
{
    int64_t *v = ox__arena_alloc(&t->scratch, l.max * sizeof *v);
    ox__span item;
    *s = v ? OX_OK : ox__text_nomem(t);
    while (v && next_item(&l, &item)) {
        v[a->n] = is_text(item, "True") || is_text(item, "1");
        if (!v[a->n] && !is_text(item, "False") && !is_text(item, "0")) return false;
        a->n++;
    }
    a->kind = OX_ATTR_BOOLS;
    a->u.ints = v;
    return true;
}

/* Strings may hold commas, so that they are walked by their quotes. */
static bool strings(ox__text *t, list l, ox_attr *a, ox_status *s)
{
    ox_str *v = ox__arena_alloc(&t->scratch, l.max * sizeof *v);
    *s = v ? OX_OK : ox__text_nomem(t);
    const char *p = l.p;
    while (*s == OX_OK && p < l.end) {
        const char *e = p + 1;
        if (*p != '"') return false;
        while (e < l.end && *e != '"') e += *e == '\\' ? 2 : 1;
        if (e >= l.end) return false;
        *s = string(t, (ox__span){p, (size_t)(e + 1 - p)}, &v[a->n++]);
        for (p = e + 1; p < l.end && (*p == ',' || *p == ' ');) p++;
    }
    a->kind = OX_ATTR_STRINGS;
    a->u.strings = v;
    return true;
}

static bool types(ox__text *t, ox__span text, ox_attr *a, ox_status *s)
{
    list l = list_of(text);
    ox_type *v = ox__arena_alloc(&t->scratch, l.max * sizeof *v);
    *s = v ? OX_OK : ox__text_nomem(t);
    const char *p = l.p;
    while (v && p < l.end) {
        const char *e = ox__text_type_end(t, p);
        ox_layout layout;
        if (!e || e > l.end || !ox__text_type(t, (ox__span){p, (size_t)(e - p)}, &v[a->n], &layout)) return false;
        a->n++;
        for (p = e; p < l.end && (*p == ',' || *p == ' ');) p++;
    }
    a->kind = OX_ATTR_TYPES;
    a->u.types = v;
    return true;
}

/* The kind of an empty list. */
static ox_attr_kind empty_kind(ox_attr_kind want)
{
    switch (want) {
    case OX_ATTR_FLOATS:
    case OX_ATTR_STRINGS:
    case OX_ATTR_TENSORS:
    case OX_ATTR_BOOLS:
    case OX_ATTR_TYPES: return want;
    default: return OX_ATTR_INTS;
    }
}

static ox_status list_value(ox__text *t, ox__span text, ox_attr_kind want, ox_attr *a)
{
    ox_status s = OX_OK;
    list l = list_of(text);
    bool ok = true;
    while (l.p < l.end && *l.p == ' ') l.p++;
    if (l.p == l.end)
        a->kind = (uint8_t)empty_kind(want);
    else if (want == OX_ATTR_TYPES)
        ok = types(t, text, a, &s);
    else if (*l.p == '"')
        ok = strings(t, l, a, &s);
    else if (want == OX_ATTR_BOOLS || *l.p == 'T' || *l.p == 'F')
        ok = bools(t, l, a, &s);
    else if (want == OX_ATTR_FLOATS || !ints(t, l, a, &s)) {
        a->n = 0;
        ok = floats(t, l, a, &s);
    }
    if (s == OX_OK) s = ox__text_status(t);
    if (s == OX_OK && !ok) {
        a->n = 0;
        a->rounded = false;
        return raw(t, text, a);
    }
    return s;
}

/* ---- any value ---- */

/* The kind that a constant's type asks for. */
static ox_attr_kind kind_of_type(const ox__text *t, ox_type type)
{
    ox_type_info info = ox_type_get(t->m, type);
    bool many = info.kind == OX_TYPE_LIST;
    if (many) info = ox_type_get(t->m, info.items[0]);
    switch (info.kind) {
    case OX_TYPE_INT: return many ? OX_ATTR_INTS : OX_ATTR_INT;
    case OX_TYPE_FLOAT_SCALAR: return many ? OX_ATTR_FLOATS : OX_ATTR_FLOAT;
    case OX_TYPE_BOOL_SCALAR: return many ? OX_ATTR_BOOLS : OX_ATTR_BOOL;
    case OX_TYPE_STR: return many ? OX_ATTR_STRINGS : OX_ATTR_STRING;
    case OX_TYPE_DEVICE: return many ? OX_ATTR_RAW : OX_ATTR_DEVICE;
    case OX_TYPE_TENSOR: return many ? OX_ATTR_TENSORS : OX_ATTR_TENSOR;
    default: return OX_ATTR_NONE;
    }
}

static bool begins_number(ox__span s)
{
    if (s.n > 1 && *s.p == '-') s.p++, s.n--;
    return (*s.p >= '0' && *s.p <= '9') || *s.p == '.' || is_text(s, "nan") || is_text(s, "inf") ||
           (s.n > 3 && memcmp(s.p, "inf", 3) == 0) || (s.n > 3 && memcmp(s.p, "nan", 3) == 0);
}

static bool is_dict(ox__span s)
{
    return s.n == 2 || memchr(s.p, '"', s.n) || memchr(s.p, ':', s.n) || s.p[s.n - 1] != '}';
}

/* `annotate(List[int], [])`: how newer versions print an empty list; OX_ATTR_NONE for anything else. */
static ox_attr_kind empty_list(ox__span s)
{
    static const struct {
        const char *text;
        ox_attr_kind kind;
    } rows[] = {
        {"annotate(List[int], [])", OX_ATTR_INTS},       {"annotate(List[float], [])", OX_ATTR_FLOATS},
        {"annotate(List[bool], [])", OX_ATTR_BOOLS},     {"annotate(List[str], [])", OX_ATTR_STRINGS},
        {"annotate(List[Tensor], [])", OX_ATTR_TENSORS},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++)
        if (is_text(s, rows[i].text)) return rows[i].kind;
    return OX_ATTR_NONE;
}

ox_status ox__text_value(ox__text *t, ox__span text, ox_attr_kind want, ox_type type, ox_attr *a)
{
    if (type.id) want = kind_of_type(t, type);
    if (is_string(text)) {
        a->kind = want == OX_ATTR_DEVICE ? OX_ATTR_DEVICE : OX_ATTR_STRING;
        return string(t, text, &a->u.s);
    }
    if (is_text(text, "[<Tensors>]")) {
        a->kind = OX_ATTR_TENSORS;
        a->lost = true;
        ox__text_count(t, OX__NOTE_LOST, text.p, text.n);
        return OX_OK;
    }
    if (is_text(text, "<Tensor>") || ox__text_is_pretty(text)) return ox__text_tensor(t, text, type, a);
    if (want == OX_ATTR_STRING || !text.n) {
        a->kind = OX_ATTR_STRING; /* PyTorch 0.4 printed strings without quotes */
        a->u.s = ox_str_add(t->m, text.p, text.n);
        return OX_OK;
    }
    char c = *text.p;
    if (c == '[' && text.p[text.n - 1] == ']') return list_value(t, text, want, a);
    if (c == '{') return is_dict(text) ? raw(t, text, a) : ox__text_tensor(t, text, type, a);
    ox_attr_kind empty = c == 'a' ? empty_list(text) : OX_ATTR_NONE;
    if (empty != OX_ATTR_NONE) {
        a->kind = (uint8_t)empty;
        return OX_OK;
    }
    if (is_text(text, "True") || is_text(text, "False")) {
        a->kind = OX_ATTR_BOOL;
        a->u.i = c == 'T';
        return OX_OK;
    }
    if (begins_number(text)) return text.p[text.n - 1] == 'j' ? complex(t, text, a) : number(t, text, want, a);
    return raw(t, text, a);
}
