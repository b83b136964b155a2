/* Floor 1. The terms of a query: what each field's value may be. Mistakes are told with their column. */
#include "ir/query.h"
#include "ir/query_has.h"

#include <onnxsh/print.h>
#include <onnxsh/text.h>

#include <stdio.h>

static ox_status bad(const ox__qword *w, ox_status code, ox_error *err, const char *fmt, ...) OX_PRINTF(4, 5);
static ox_status bad(const ox__qword *w, ox_status code, ox_error *err, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ox__fail(err, code, "%s", text);
    if (err) err->col = (uint32_t)OX__MIN(w->at + 1, (size_t)UINT32_MAX);
    return code;
}

static int shown(const ox__qword *w)
{
    return (int)OX__MIN(w->n, (size_t)100);
}

/* ---- op ---- */

/* `aten::add` names the domain too; `^Warp` is a Python operator. */
static ox_status make_op(ox__term *t, const ox__qword *w, ox_error *err)
{
    const char *colons = w->regex ? NULL : memmem(w->p, w->n, "::", 2);
    ox__qword domain = *w, op = *w;
    if (colons) {
        domain.n = (size_t)(colons - w->p);
        op.p = colons + 2;
        op.n = w->n - domain.n - 2;
        if ((domain.n == 4 && !memcmp(domain.p, "onnx", 4)) || (domain.n == 7 && !memcmp(domain.p, "ai.onnx", 7)))
            domain.n = 0;
    } else if (w->n && *w->p == '^' && !w->regex) {
        domain.n = 1;
        op.p++;
        op.n--;
    }
    t->has_key = op.p != w->p;
    ox_status s = t->has_key ? ox__pattern_make(&t->key, &domain, true, OX__EXACT, err) : OX_OK;
    return s == OX_OK ? ox__pattern_make(&t->pattern, &op, true, OX__EXACT, err) : s;
}

/* ---- dtype ---- */

static ox_status make_dtype(ox__term *t, const ox__qword *w, ox_error *err)
{
    ox_status s = ox__pattern_make(&t->pattern, w, true, OX__EXACT, err);
    for (int d = 1; d < OX_N_DTYPES && s == OX_OK; d++)
        for (int style = OX_DTYPE_ONNX; style <= OX_DTYPE_TEXT; style++) {
            const char *name = ox_dtype_name((ox_dtype)d, (ox_dtype_style)style);
            if (*name && ox__pattern_matches(&t->pattern, name, strlen(name)) > 0) t->mask |= (uint64_t)1 << d;
        }
    if (s == OX_OK && !t->mask) {
        s = bad(w, OX_E_INVALID, err, "'%.*s' is no element type", shown(w), w->p);
        ox_error_hint(err, "such as float32, float16, bfloat16, int64, bool; * and ? work: dtype:float*");
    }
    return s;
}

/* ---- shape ---- */

static ox_status bad_shape(const ox__qword *w, ox_error *err)
{
    ox_status s = bad(w, OX_E_INVALID, err, "'%.*s' is no shape", shown(w), w->p);
    ox_error_hint(err, "such as shape:[1,3,224,224] or shape:[*,64,..]: * is any dim, .. any number of them");
    return s;
}

static ox_status make_shape(ox__term *t, const ox__qword *w, ox_error *err)
{
    if (w->regex || w->n < 2 || w->p[0] != '[' || w->p[w->n - 1] != ']') return bad_shape(w, err);
    ox__pattern *text = &t->pattern; /* the items without blanks, one after the other */
    *text = (ox__pattern){.kind = OX__EXACT, .text = ox__alloc(w->n + 1)};
    if (!text->text) return ox__nomem(err);
    const char *p = w->p + 1, *end = w->p + w->n - 1;
    while (p < end && *p == ' ') p++;
    while (p < end || t->shape.n) {
        ox__shape_item item = {.kind = OX__SHAPE_TEXT, .at = (uint32_t)text->n};
        unsigned depth = 0; /* commas inside max(a,b) do not part */
        for (; p < end && (*p != ',' || depth); p++) {
            if (*p == '(') depth++;
            if (*p == ')' && depth) depth--;
            if (*p != ' ') text->text[text->n++] = *p;
        }
        item.n = (uint32_t)(text->n - item.at);
        const char *s = text->text + item.at;
        if (!item.n) return bad_shape(w, err);
        if (item.n == 1 && *s == '*') item.kind = OX__SHAPE_ANY;
        if (item.n == 1 && *s == '?') item.kind = OX__SHAPE_UNKNOWN;
        if ((item.n == 2 && !memcmp(s, "..", 2)) || (item.n == 3 && !memcmp(s, "...", 3))) item.kind = OX__SHAPE_REST;
        if (!ox__vec_push(&t->shape, item)) return ox__nomem(err);
        if (p == end) break;
        p++;
    }
    text->text[text->n] = '\0';
    return OX_OK;
}

/* ---- values ---- */

/* The number of a value without a name, as ox_value_label writes it: digits, and underscores behind. */
static uint32_t number_of(const ox_model *m, const char *s, size_t n)
{
    uint64_t id = 0;
    size_t i = 0;
    for (; i < n && s[i] >= '0' && s[i] <= '9' && id <= UINT32_MAX; i++) id = id * 10 + (uint64_t)(s[i] - '0');
    if (!i || id > UINT32_MAX) return 0;
    ox_value v = ox_model_value_at(m, (uint32_t)id);
    char label[80];
    if (!v.id || ox_value_name(m, v).id > 1) return 0;
    size_t len = ox_value_label(m, v, label, sizeof label);
    return len == n + 1 && memcmp(label + 1, s, n) == 0 ? v.id : 0;
}

static bool some_value_has(const ox_model *m, ox_str name)
{
    uint32_t limit = ox_model_value_limit(m);
    for (uint32_t id = 1; id < limit; id++) {
        ox_value v = ox_model_value_at(m, id);
        if (v.id && ox_value_name(m, v).id == name.id) return true;
    }
    return false;
}

static ox_status find_value(ox__term *t, const ox_model *m, const ox__qword *w, ox_error *err)
{
    t->name = t->pattern.n ? ox_str_find(m, t->pattern.text, t->pattern.n) : (ox_str){0};
    if (t->name.id && some_value_has(m, t->name)) return OX_OK;
    t->name = (ox_str){0};
    t->value = number_of(m, t->pattern.text, t->pattern.n);
    if (t->value) return OX_OK;
    ox_status s = bad(w, OX_E_NOT_FOUND, err, "there is no value %%%.*s", shown(w), w->p);
    ox_error_hint(err, "names are exact here; in: and out: take parts of names");
    return s;
}

static ox_status make_value(ox__term *t, const ox_model *m, const ox__qword *w, ox_error *err)
{
    ox__qword exact = *w;
    ox_status s = ox__pattern_make(&t->pattern, &exact, true, OX__EXACT, err);
    t->pattern.fold = false;
    if (s != OX_OK || t->pattern.kind != OX__EXACT) return s;
    return find_value(t, m, w, err);
}

/* ---- line ---- */

static bool digits(const char *p, const char *end, uint32_t *out)
{
    int64_t v;
    if (p == end || !ox_text_parse_i64(p, (size_t)(end - p), &v) || v < 0 || v > UINT32_MAX) return false;
    *out = (uint32_t)v;
    return true;
}

/* `26`, `20-30`, `models.py:26`. */
static ox_status make_line(ox__term *t, const ox__qword *w, ox_error *err)
{
    const char *end = w->p + w->n, *number = end;
    while (number > w->p && number[-1] != ':') number--;
    const char *dash = memchr(number, '-', (size_t)(end - number));
    bool ok = !w->regex && digits(number, dash ? dash : end, &t->first);
    t->last = t->first;
    if (ok && dash) ok = digits(dash + 1, end, &t->last);
    if (!ok) {
        ox_status s = bad(w, OX_E_INVALID, err, "'%.*s' is no line", shown(w), w->p);
        ox_error_hint(err, "such as line:26, line:20-30 or line:models.py:26");
        return s;
    }
    if (number == w->p) return OX_OK;
    ox__qword file = *w;
    file.n = (size_t)(number - 1 - w->p);
    t->has_key = true;
    return ox__pattern_make(&t->key, &file, true, OX__SUBSTRING, err);
}

/* ---- has ---- */

static ox_status make_has(ox__term *t, const ox__qword *w, ox_error *err)
{
    char all[256];
    size_t n = 0;
    for (size_t i = 0; i < OX__N_HAS; i++) {
        const char *name = ox__has_rows[i].name;
        if (!w->regex && strlen(name) == w->n && !memcmp(name, w->p, w->n)) {
            t->mask = (uint64_t)1 << i;
            return OX_OK;
        }
        n += (size_t)snprintf(all + n, sizeof all - n, n ? ", %s" : "%s", name);
    }
    ox_status s = bad(w, OX_E_INVALID, err, "a node cannot have '%.*s'", shown(w), w->p);
    ox_error_hint(err, "has: takes one of %s", all);
    return s;
}

/* ---- attr ---- */

ox_status ox__term_make_attr(ox__term *t, const ox__qword *name, ox__compare c, const ox__qword *v, ox_error *err)
{
    *t = (ox__term){.field = OX__F_ATTR, .compare = c, .has_key = true};
    if (!name->n) {
        ox_status s = bad(name, OX_E_INVALID, err, "attr: needs the name of an attribute");
        ox_error_hint(err, "such as attr:group, attr:group>1, attr:kernel_shape=[3,3], attr:mode=\"linear\"");
        return s;
    }
    ox_status s = ox__pattern_make(&t->key, name, true, OX__EXACT, err);
    t->key.fold = false;
    if (s != OX_OK || c == OX__HAS) return s;
    if (!v->n && !v->quoted) return bad(v, OX_E_INVALID, err, "a value to compare with is missing");
    if ((s = ox__pattern_make(&t->pattern, v, true, OX__EXACT, err)) != OX_OK) return s;
    t->pattern.fold = false;
    if (v->regex || v->quoted) return OX_OK;
    t->is_int = ox_text_parse_i64(v->p, v->n, &t->i);
    t->is_float = ox_text_parse_f64(v->p, v->n, &t->f);
    if (!t->is_float && c != OX__EQ && c != OX__NE)
        return bad(v, OX_E_INVALID, err, "'%.*s' is no number: only = and != compare other things", shown(v), v->p);
    if (*v->p != '[') return OX_OK;
    size_t n = 0; /* lists are compared without blanks */
    for (size_t i = 0; i < t->pattern.n; i++)
        if (t->pattern.text[i] != ' ') t->pattern.text[n++] = t->pattern.text[i];
    t->pattern.text[t->pattern.n = n] = '\0';
    t->pattern.kind = OX__EXACT;
    return OX_OK;
}

/* `features` with a slash and two stars behind it is what `features` is: a scope and all below it. */
static ox__qword below(const ox__qword *w)
{
    ox__qword path = *w;
    bool all = !w->regex && !w->quoted && w->n > 3 && memcmp(w->p + w->n - 3, "/**", 3) == 0;
    if (all && !memchr(w->p, '*', w->n - 3) && !memchr(w->p, '?', w->n - 3)) path.n -= 3;
    return path;
}

/* ---- all ---- */

ox_status ox__term_make(ox__term *t, ox__field field, const ox_model *m, const ox__qword *w, ox_error *err)
{
    *t = (ox__term){.field = field};
    if (!w->n && !w->quoted) {
        ox_status s = bad(w, OX_E_INVALID, err, "a value is missing here");
        ox_error_hint(err, "text with blanks stands in double quotes");
        return s;
    }
    switch (field) {
    case OX__F_OP: return make_op(t, w, err);
    case OX__F_DTYPE: return make_dtype(t, w, err);
    case OX__F_SHAPE: return make_shape(t, w, err);
    case OX__F_USES:
    case OX__F_DEF: return make_value(t, m, w, err);
    case OX__F_LINE: return make_line(t, w, err);
    case OX__F_HAS: return make_has(t, w, err);
    case OX__F_CONST: return ox__pattern_make(&t->pattern, w, true, OX__EXACT, err);
    case OX__F_SCOPE: {
        ox__qword path = below(w);
        ox_status s = ox__pattern_make(&t->pattern, &path, true, OX__EXACT, err);
        t->pattern.fold = t->pattern.fold && t->pattern.kind == OX__GLOB;
        return s;
    }
    default: return ox__pattern_make(&t->pattern, w, true, OX__SUBSTRING, err);
    }
}

void ox__term_free(ox__term *t)
{
    ox__pattern_free(&t->pattern);
    ox__pattern_free(&t->key);
    ox__vec_free(&t->shape);
    ox__free(t->set);
}
