/* Floor 3. Attribute lists `[a=1, b="x"]`. Of old dumps the text alone does not tell an attribute's kind (`alpha=1` may
 * be a float): the operator's schema does. */
#include "io/text/text.h"

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* The end of a word at p that a `=` follows; NULL if there is none. */
static const char *key_end(const char *p, const char *end)
{
    const char *e = p;
    while (e < end && is_word(*e)) e++;
    return e > p && e < end && *e == '=' ? e : NULL;
}

/* Behind the closing quote of a literal that begins at p; NULL if it stays open. */
static const char *skip_quoted(const char *p, const char *end)
{
    for (p++; p < end; p++) {
        if (*p == '\\')
            p++;
        else if (*p == '"')
            return p + 1;
    }
    return NULL;
}

const char *ox__text_value_end(const ox__text *t, const char *p)
{
    unsigned depth = 0;
    while (p && p < t->eol) {
        switch (*p) {
        case '"': p = skip_quoted(p, t->eol); continue;
        case '(':
        case '[':
        case '{': depth++; break;
        case ')':
        case '}':
            if (depth) depth--;
            break;
        case ']':
            if (!depth) return p;
            depth--;
            break;
        case ',':
            if (!depth && p + 1 < t->eol && p[1] == ' ' && key_end(p + 2, t->eol)) return p;
            break;
        default: break;
        }
        p++;
    }
    return NULL;
}

/* What any version of an operator's schema says of an attribute, the newest that has it. */
static ox_attr_kind schema_kind(ox__text *t, ox_str domain, ox_str op, ox_str attr, ox__span key)
{
    uint32_t known = ox__pairmap_find(&t->attr_kinds, op.id, attr.id);
    if (known) return (ox_attr_kind)(known - 1);
    size_t nd, no;
    const char *d = ox_str_text(t->m, domain, &nd), *o = ox_str_text(t->m, op, &no);
    ox_attr_kind kind = OX_ATTR_NONE;
    for (const ox_op_schema *s = ox_op_schema_find_n(d, nd, o, no, 0); s; s = ox_op_schema_older(s)) {
        ox_op_attr row;
        if (!ox_op_schema_find_attr(s, key.p, key.n, &row)) continue;
        kind = row.kind;
        break;
    }
    if (!ox__pairmap_add(&t->attr_kinds, op.id, attr.id, (uint32_t)kind + 1)) t->oom = true;
    return kind;
}

static bool key_is(ox__span key, const char *text)
{
    return key.n == strlen(text) && memcmp(key.p, text, key.n) == 0;
}

/* The type of the tensor that an attribute holds, where the node's output tells it; else {0}. */
static ox_type tensor_type(ox__text *t, ox_str op, ox__span key, ox_type type)
{
    if (!key_is(key, "value")) return (ox_type){0};
    if (op.id == ox_str_addz(t->m, "Constant").id) return type;
    if (op.id != ox_str_addz(t->m, "ConstantOfShape").id) return (ox_type){0};
    ox_dim one = ox_dim_const(t->m, 1); /* one element, in an output of any shape */
    return ox_type_tensor(t->m, ox_type_get(t->m, type).dtype, 1, &one);
}

/* The name is interned and stands for the first time. */
static ox_status new_name(ox__text *t, ox__span key, ox_str *out)
{
    *out = ox_str_add(t->m, key.p, key.n);
    for (size_t i = 0; i < t->attrs.n; i++)
        if (t->attrs.p[i].name.id == out->id)
            return ox__text_fail(t, key.p, OX_E_FORMAT, "attribute %.*s is given twice",
                                 (int)OX__MIN(key.n, (size_t)200), key.p);
    if (t->attrs.n >= OX__TEXT_MAX_ATTRS)
        return ox__text_fail(t, key.p, OX_E_LIMIT, "a node with more than %d attributes", OX__TEXT_MAX_ATTRS);
    return ox__text_status(t);
}

ox_status ox__text_attrs(ox__text *t, ox_str domain, ox_str op, ox_type type, bool later, ox_str *name)
{
    const char *at = t->p++;
    bool onnx = ox_str_add(t->m, "", 0).id == domain.id;
    while (t->p < t->eol && *t->p != ']') {
        while (t->p < t->eol && (*t->p == ',' || *t->p == ' ')) t->p++;
        const char *e = key_end(t->p, t->eol);
        if (!e) return ox__text_fail(t, t->p, OX_E_FORMAT, "expected `name=value` in the attributes");
        ox__span key = {t->p, (size_t)(e - t->p)}, value = {e + 1, 0};
        const char *end = ox__text_value_end(t, value.p);
        if (!end) return ox__text_fail(t, value.p, OX_E_FORMAT, "an attribute's value does not end in this line");
        value.n = (size_t)(end - value.p);
        t->p = end;
        if (key_is(key, "onnx_name") && value.n >= 2 && *value.p == '"' && end[-1] == '"' &&
            ox__text_unescape(t, (ox__span){value.p + 1, value.n - 2})) {
            *name = ox_str_add(t->m, t->bytes.p, t->bytes.n);
            continue;
        }
        ox_attr a = {0};
        ox_status s = new_name(t, key, &a.name);
        if (s != OX_OK) return s;
        if (later) {
            if (!ox__vec_push(&t->attrs, a) || !ox__vec_push(&t->attr_texts, value)) return ox__text_nomem(t);
            continue;
        }
        ox_attr_kind want = onnx ? schema_kind(t, domain, op, a.name, key) : OX_ATTR_NONE;
        if (key_is(key, "types") && !onnx) want = OX_ATTR_TYPES;
        s = ox__text_value(t, value, want, tensor_type(t, op, key, type), &a);
        if (s != OX_OK) return s;
        if (!ox__vec_push(&t->attrs, a) || !ox__vec_push(&t->attr_texts, value)) return ox__text_nomem(t);
    }
    if (t->p == t->eol) return ox__text_fail(t, at, OX_E_FORMAT, "the attributes are not closed by `]`");
    t->p++;
    return OX_OK;
}
