/* Floor 3. Types as dumps of all years print them. A word that is not known is a type too: it is kept as text. Each
 * distinct text is read once. */
#include "io/text/text.h"

typedef struct cursor {
    ox__text *t;
    const char *p, *end;
} cursor;

/* Passes on whether memory was there. */
static bool room(const cursor *c, bool ok)
{
    if (!ok) c->t->oom = true;
    return ok;
}

static bool starts(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

/* ---- where a type ends ---- */

const char *ox__text_type_end(const ox__text *t, const char *p)
{
    unsigned depth = 0;
    for (; p < t->eol; p++) {
        switch (*p) {
        case '(':
        case '[': depth++; break;
        case ')':
        case ']':
            if (!depth) return p;
            depth--;
            break;
        case ',':
            if (!depth) return p;
            break;
        case ' ':
            if (!depth && (starts(p, t->eol, " = ") || starts(p, t->eol, " #"))) return p;
            break;
        default: break;
        }
    }
    if (depth) return NULL;
    while (p[-1] == ' ') p--; /* what stands before is no blank: the name's ` : ` has something behind it */
    return p;
}

ox_type ox__text_opaque(ox__text *t, ox__span text)
{
    ox_str name = ox_str_add(t->m, text.p, text.n);
    ox_type_info info = {.kind = OX_TYPE_OPAQUE, .n_names = 1, .names = &name};
    return ox_type_add(t->m, &info);
}

/* ---- tensors ---- */

typedef struct tensor_text {
    int32_t rank;
    ox_dim dims[OX_MAX_RANK];
    int64_t strides[OX_MAX_RANK];
    bool has_strides, has_bang, any_rank;
    bool bang[OX_MAX_RANK];
    ox_layout_info layout;
} tensor_text;

/* Reads `n` separated by commas into strides; `*` is an unknown one. */
static bool read_strides(tensor_text *x, ox__span text)
{
    const char *p = text.p, *end = p + text.n;
    int32_t n = 0;
    while (p < end) {
        const char *e = memchr(p, ',', (size_t)(end - p));
        if (!e) e = end;
        if (n == OX_MAX_RANK) return false;
        if (e - p == 1 && *p == '*')
            x->strides[n] = OX_STRIDE_UNKNOWN;
        else if (!ox_text_parse_i64(p, (size_t)(e - p), &x->strides[n]))
            return false;
        n++;
        p = e;
        while (p < end && (*p == ',' || *p == ' ')) p++;
    }
    x->layout.n_strides = n;
    return true;
}

static bool read_key(cursor *c, tensor_text *x, ox__span item)
{
    const char *end = item.p + item.n;
    if (starts(item.p, end, "strides=[") && end[-1] == ']') return read_strides(x, (ox__span){item.p + 9, item.n - 10});
    if (starts(item.p, end, "requires_grad=") && item.n == 15 && (end[-1] == '0' || end[-1] == '1')) {
        x->layout.requires_grad = (int8_t)(end[-1] - '0');
        return true;
    }
    if (starts(item.p, end, "device=") && item.n > 7) {
        x->layout.device = ox_str_add(c->t->m, item.p + 7, item.n - 7);
        return true;
    }
    return false;
}

static bool read_dim(cursor *c, tensor_text *x, ox__span item)
{
    if (x->rank == OX_MAX_RANK) return false;
    int32_t i = x->rank++;
    ox_model *m = c->t->m;
    x->bang[i] = false;
    if (item.n > 1 && item.p[item.n - 1] == '!') {
        item.n--;
        x->has_bang = x->bang[i] = true;
    }
    const char *colon = memchr(item.p, ':', item.n);
    if (colon) {
        const char *s = colon + 1, *end = item.p + item.n;
        if (end - s == 1 && *s == '*')
            x->strides[i] = OX_STRIDE_UNKNOWN;
        else if (!ox_text_parse_i64(s, (size_t)(end - s), &x->strides[i]))
            return false;
        item.n = (size_t)(colon - item.p);
        x->has_strides = true;
        x->layout.n_strides = i + 1;
    } else if (x->has_strides) {
        return false;
    }
    int64_t v;
    if (item.n == 1 && *item.p == '*') {
        x->dims[i] = ox_dim_unknown(m, NULL);
    } else if (ox_text_parse_i64(item.p, item.n, &v)) {
        x->dims[i] = ox_dim_const(m, v);
    } else if (item.n > 4 && memcmp(item.p, "SS(", 3) == 0) {
        x->dims[i] = ox_dim_symbol(m, ox_str_add(m, item.p, item.n));
    } else {
        return ox_dim_parse(m, item.p, item.n, &x->dims[i], NULL) == OX_OK;
    }
    return true;
}

/* PyTorch 0.4 marked the dims whose stride is not the contiguous one, and told no strides. */
static void strides_from_bangs(cursor *c, tensor_text *x)
{
    int64_t next = 1; /* the contiguous stride of the dim at hand */
    for (int32_t i = x->rank; i-- > 0;) {
        x->strides[i] = x->bang[i] ? OX_STRIDE_UNKNOWN : next;
        int64_t dim;
        if (x->strides[i] == OX_STRIDE_UNKNOWN || !ox_dim_is_const(c->t->m, x->dims[i], &dim) ||
            __builtin_mul_overflow(dim, x->strides[i], &next))
            next = OX_STRIDE_UNKNOWN;
    }
    x->layout.n_strides = x->rank;
}

/* The end of an item of a list: the `,` or closing bracket outside of inner brackets. */
static const char *item_end(const char *p, const char *end)
{
    unsigned depth = 0;
    for (; p < end; p++) {
        if (*p == '(' || *p == '[')
            depth++;
        else if ((*p == ')' || *p == ']') && !depth--)
            return p;
        else if (*p == ',' && !depth)
            return p;
    }
    return NULL;
}

/* Reads `2, 3, strides=[3, 1], device=cpu)` behind the `(`. */
static bool read_items(cursor *c, tensor_text *x)
{
    while (c->p < c->end && *c->p != ')') {
        const char *e = item_end(c->p, c->end);
        if (!e || e == c->p) return false;
        ox__span item = {c->p, (size_t)(e - c->p)};
        bool ok;
        if (item.n == 3 && memcmp(item.p, "...", 3) == 0)
            ok = x->any_rank = true;
        else
            ok = memchr(item.p, '=', item.n) ? read_key(c, x, item) : read_dim(c, x, item);
        if (!ok) return false;
        c->p = e;
        while (c->p < c->end && (*c->p == ',' || *c->p == ' ')) c->p++;
    }
    if (c->p == c->end) return false;
    c->p++;
    return !x->any_rank || !x->rank;
}

/* A tensor type whose name is read: dtype UNDEFINED for `Tensor`. `ranked`: a dtype's name alone, so that brackets
 * without dims mean rank 0. */
static bool tensor(cursor *c, ox_dtype dtype, bool ranked, ox_type *out)
{
    tensor_text x; /* not cleared: 20 kB of arrays */
    x.rank = 0;
    x.has_strides = x.has_bang = x.any_rank = false;
    x.layout = (ox_layout_info){.requires_grad = -1, .n_strides = -1, .strides = x.strides};
    int32_t rank = OX_RANK_UNKNOWN;
    if (c->p < c->end && *c->p == '(') {
        c->p++;
        bool empty = c->p < c->end && *c->p == ')';
        if (!read_items(c, &x)) return false;
        if (!x.any_rank && (x.rank || ranked || empty)) rank = x.rank;
    }
    if (x.has_bang) strides_from_bangs(c, &x);
    if (starts(c->p, c->end, "[Undefined]")) {
        x.layout.undefined = true;
        c->p += 11;
    }
    bool any = x.layout.undefined || x.layout.requires_grad >= 0 || x.layout.device.id || x.layout.n_strides >= 0;
    ox_layout layout = any ? ox_layout_add(c->t->m, &x.layout) : (ox_layout){0};
    *out = ox_type_tensor(c->t->m, dtype, rank, x.dims);
    return out->id && room(c, ox__vec_push(&c->t->layouts, layout));
}

/* ---- words ---- */

static const struct {
    const char *word;
    ox_type_kind kind;
} words[] = {
    {"int", OX_TYPE_INT},           {"float", OX_TYPE_FLOAT_SCALAR},
    {"bool", OX_TYPE_BOOL_SCALAR},  {"complex", OX_TYPE_COMPLEX_SCALAR},
    {"Scalar", OX_TYPE_NUMBER},     {"number", OX_TYPE_NUMBER},
    {"Number", OX_TYPE_NUMBER},     {"str", OX_TYPE_STR},
    {"string", OX_TYPE_STR},        {"Device", OX_TYPE_DEVICE},
    {"NoneType", OX_TYPE_NONETYPE}, {"None", OX_TYPE_NONETYPE},
};

static bool is_word(ox__span w, const char *text)
{
    return w.n == strlen(text) && memcmp(w.p, text, w.n) == 0;
}

static bool any_type(cursor *c, unsigned depth, ox_type *out);

/* Items up to `)`, behind the `(`: `T, U` or, named, `a : T, b : U`. */
static bool items(cursor *c, unsigned depth, bool named, ox_type_info *info, ox_type *out)
{
    ox__text *t = c->t;
    size_t items0 = t->type_items.n, names0 = t->strs.n;
    /* the first name is that of the tuple, which is not printed */
    bool ok = !named || room(c, ox__vec_push(&t->strs, ox_str_add(t->m, "", 0)));
    while (ok && c->p < c->end && *c->p != ')') {
        if (named) {
            const char *colon = memmem(c->p, (size_t)(c->end - c->p), " : ", 3);
            ok = colon && room(c, ox__vec_push(&t->strs, ox_str_add(t->m, c->p, (size_t)(colon - c->p))));
            if (!ok) break;
            c->p = colon + 3;
        }
        ox_type item;
        ok = any_type(c, depth + 1, &item) && room(c, ox__vec_push(&t->type_items, item));
        if (starts(c->p, c->end, ", "))
            c->p += 2;
        else
            break;
    }
    ok = ok && c->p < c->end && *c->p == ')';
    if (ok) {
        c->p++;
        info->n_items = (uint32_t)(t->type_items.n - items0);
        info->items = info->n_items ? t->type_items.p + items0 : NULL;
        info->n_names = (uint32_t)(t->strs.n - names0);
        info->names = info->n_names ? t->strs.p + names0 : NULL;
        *out = ox_type_add(t->m, info);
        ok = out->id != 0;
    }
    t->type_items.n = items0;
    t->strs.n = names0;
    return ok;
}

/* A word with whatever brackets follow it, as text. */
static bool opaque(cursor *c, ox__span word, ox_type *out)
{
    if (c->p < c->end && (*c->p == '(' || (*c->p == '[' && !starts(c->p, c->end, "[]")))) {
        const char *e = item_end(c->p, c->end);
        c->p = e ? e : c->end;
        word.n = (size_t)(c->p - word.p);
    }
    *out = ox__text_opaque(c->t, word);
    return out->id != 0;
}

static bool word_type(cursor *c, unsigned depth, ox__span w, ox_type *out)
{
    ox_model *m = c->t->m;
    for (size_t i = 0; i < OX__COUNT(words); i++) {
        if (is_word(w, words[i].word)) {
            *out = ox_type_simple(m, words[i].kind);
            return out->id != 0;
        }
    }
    if (is_word(w, "Tensor") || is_word(w, "Dynamic")) return tensor(c, OX_UNDEFINED, false, out);
    if (is_word(w, "UNKNOWN_TYPE")) {
        *out = (ox_type){0};
        return true;
    }
    ox_dtype dtype = ox_dtype_find(w.p, w.n, OX_DTYPE_TORCH);
    if (dtype != OX_UNDEFINED) return tensor(c, dtype, true, out);
    if (c->p < c->end && *c->p == '(') { /* `int4(2)`: torch has no name for it, so printing took NumPy's */
        dtype = ox_dtype_find(w.p, w.n, OX_DTYPE_NUMPY);
        if (dtype != OX_UNDEFINED && !*ox_dtype_name(dtype, OX_DTYPE_TORCH)) return tensor(c, dtype, true, out);
    }
    if (w.n > 6 && memcmp(w.p + w.n - 6, "Tensor", 6) == 0) {
        dtype = ox_dtype_find(w.p, w.n - 6, OX_DTYPE_TORCH);
        if (dtype != OX_UNDEFINED) return tensor(c, dtype, false, out);
    }
    if (w.n > 9 && memcmp(w.p, "__torch__", 9) == 0) {
        ox_str name = ox_str_add(m, w.p, w.n);
        ox_type_info info = {.kind = OX_TYPE_CLASS, .n_names = 1, .names = &name};
        *out = ox_type_add(m, &info);
        return out->id != 0;
    }
    ox_type_info info = {.kind = OX_TYPE_NONE_KNOWN};
    bool named = is_word(w, "NamedTuple");
    if (named) info.kind = OX_TYPE_TUPLE;
    if (is_word(w, "Dict")) info.kind = OX_TYPE_DICT;
    if (is_word(w, "Union")) info.kind = OX_TYPE_UNION;
    if (info.kind != OX_TYPE_NONE_KNOWN && c->p < c->end && *c->p == '(') {
        const char *at = c->p++;
        size_t layouts0 = c->t->layouts.n;
        if (items(c, depth, named, &info, out) && (info.kind != OX_TYPE_DICT || info.n_items == 2)) return true;
        c->p = at;
        c->t->layouts.n = layouts0;
    }
    return opaque(c, w, out);
}

/* `[]` and `?` behind a type; they stack. */
static bool suffixes(cursor *c, ox_type *out)
{
    for (;;) {
        if (starts(c->p, c->end, "[]")) {
            *out = ox_type_of(c->t->m, OX_TYPE_LIST, *out);
            c->p += 2;
        } else if (c->p < c->end && *c->p == '?') {
            *out = ox_type_of(c->t->m, OX_TYPE_OPTIONAL, *out);
            c->p++;
        } else {
            return true;
        }
        if (!out->id) return false;
    }
}

static bool any_type(cursor *c, unsigned depth, ox_type *out)
{
    if (depth > OX_MAX_TYPE_DEPTH || c->p == c->end) return false;
    if (*c->p == '(') {
        ox_type_info info = {.kind = OX_TYPE_TUPLE};
        c->p++;
        return items(c, depth, false, &info, out) && suffixes(c, out);
    }
    const char *p = c->p;
    while (c->p < c->end && !strchr("()[],?: =", *c->p) && (unsigned char)*c->p > 0x20) c->p++;
    if (c->p == p) return false;
    return word_type(c, depth, (ox__span){p, (size_t)(c->p - p)}, out) && suffixes(c, out);
}

/* The layout of a whole type: a tensor's own, or the list of those inside. */
static ox_layout whole_layout(ox__text *t, ox_type type)
{
    if (ox_type_get(t->m, type).kind == OX_TYPE_TENSOR) return t->layouts.n ? t->layouts.p[0] : (ox_layout){0};
    bool any = false;
    for (size_t i = 0; i < t->layouts.n; i++) any = any || t->layouts.p[i].id;
    ox_layout_info info = {.requires_grad = -1, .n_strides = -1, .n_items = (uint32_t)t->layouts.n};
    info.items = t->layouts.p;
    return any ? ox_layout_add(t->m, &info) : (ox_layout){0};
}

bool ox__text_type(ox__text *t, ox__span text, ox_type *type, ox_layout *layout)
{
    uint64_t hash;
    const ox__memo_row *row = ox__memo_find(&t->types, text, &hash);
    if (row) {
        *type = (ox_type){row->a};
        *layout = (ox_layout){row->b};
        return true;
    }
    cursor c = {.t = t, .p = text.p, .end = text.p + text.n};
    *type = (ox_type){0};
    t->layouts.n = 0;
    if (!any_type(&c, 0, type) || c.p != c.end) return false;
    *layout = whole_layout(t, *type);
    return room(&c, ox__memo_add(&t->types, text, hash, type->id, layout->id));
}
