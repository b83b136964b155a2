/* Floor 3. Which overload of an operator a call in the code of an archive means, and its whole list of inputs: what the
 * code leaves out are defaults, what does not fit by type is converted as PyTorch's compiler does. Formal types are
 * read from their texts (`Dict(str, t)[]`), since type variables have values here. */
#include "io/torchscript/lower.h"

enum { MAX_VARS = 8, MAX_ARGS = 255 };

typedef struct formal {
    const char *p;
    size_t n;
} formal;

typedef struct matcher {
    ox__ts *t;
    bool convert; /* implicit conversions count */
    size_t n;
    struct {
        formal name;
        ox_type type;
    } var[MAX_VARS];
} matcher;

static bool is_word(formal f, const char *word)
{
    return f.n == strlen(word) && memcmp(f.p, word, f.n) == 0;
}

/* ---- the parts of a formal type ---- */

/* The bracket that closes at the end of f opens where? f.n if it does not. */
static size_t opening(formal f, char open, char close)
{
    size_t depth = 0;
    for (size_t i = f.n; i-- > 0;) {
        if (f.p[i] == close) depth++;
        if (f.p[i] == open && --depth == 0) return i;
    }
    return f.n;
}

static bool begins(formal f, const char *word)
{
    size_t n = strlen(word);
    return f.n >= n && memcmp(f.p, word, n) == 0;
}

/* Without the marks of aliases: `Tensor(a!)` is Tensor. */
static formal bare(formal f)
{
    while (f.n && f.p[f.n - 1] == ')') {
        size_t at = opening(f, '(', ')');
        if (at == 0 || at == f.n) break;
        formal name = {f.p, at};
        if (is_word(name, "Dict") || is_word(name, "Future") || is_word(name, "Await") || is_word(name, "RRef") ||
            is_word(name, "Union"))
            break;
        f.n = at;
    }
    return f;
}

/* If f is a list: what of. *size is its N, 0 = none. */
static bool as_list(formal f, formal *item, uint32_t *size)
{
    if (!f.n || f.p[f.n - 1] != ']') return false;
    size_t at = opening(f, '[', ']');
    *size = 0;
    for (size_t i = at + 1; i + 1 < f.n && f.p[i] >= '0' && f.p[i] <= '9' && *size < 1000; i++)
        *size = *size * 10 + (uint32_t)(f.p[i] - '0');
    *item = (formal){f.p, at};
    return at < f.n;
}

/* The next of the parts inside brackets, separated by commas. */
static bool next_part(formal *rest, formal *part)
{
    size_t depth = 0, i = 0;
    while (rest->n && *rest->p == ' ') rest->p++, rest->n--;
    if (!rest->n) return false;
    for (; i < rest->n && (depth || rest->p[i] != ','); i++) {
        if (rest->p[i] == '(' || rest->p[i] == '[') depth++;
        if (rest->p[i] == ')' || rest->p[i] == ']') depth--;
    }
    *part = (formal){rest->p, i};
    i += i < rest->n;
    rest->p += i;
    rest->n -= i;
    return true;
}

/* What stands in the brackets of `Dict(...)`, `Future(...)`, `(...)`. */
static formal inside(formal f)
{
    size_t at = 0;
    while (at < f.n && f.p[at] != '(') at++;
    return at + 2 <= f.n ? (formal){f.p + at + 1, f.n - at - 2} : (formal){f.p, 0};
}

static const struct {
    const char *word;
    ox_type_kind kind;
} words[] = {
    {"int", OX_TYPE_INT},
    {"SymInt", OX_TYPE_INT},
    {"float", OX_TYPE_FLOAT_SCALAR},
    {"SymFloat", OX_TYPE_FLOAT_SCALAR},
    {"bool", OX_TYPE_BOOL_SCALAR},
    {"SymBool", OX_TYPE_BOOL_SCALAR},
    {"complex", OX_TYPE_COMPLEX_SCALAR},
    {"Scalar", OX_TYPE_NUMBER},
    {"number", OX_TYPE_NUMBER},
    {"str", OX_TYPE_STR},
    {"ScalarType", OX_TYPE_INT},
    {"Layout", OX_TYPE_INT},
    {"MemoryFormat", OX_TYPE_INT},
    {"Device", OX_TYPE_DEVICE},
    {"NoneType", OX_TYPE_NONETYPE},
    {"Tensor", OX_TYPE_TENSOR},
};

static ox_type_kind kind_of(formal f)
{
    for (size_t i = 0; i < OX__COUNT(words); i++)
        if (is_word(f, words[i].word)) return words[i].kind;
    return OX_TYPE_NONE_KNOWN;
}

/* ---- matching ---- */
static bool matches(matcher *x, formal f, ox_type actual, unsigned depth);

static bool variable(matcher *x, formal f, ox_type actual)
{
    for (size_t i = 0; i < x->n; i++) {
        if (x->var[i].name.n != f.n || memcmp(x->var[i].name.p, f.p, f.n) != 0) continue;
        ox_type both = ox__ts_unify(x->t, x->var[i].type, actual);
        if (both.id) x->var[i].type = both;
        return both.id != 0;
    }
    if (x->n == MAX_VARS) return false;
    x->var[x->n].name = f;
    x->var[x->n++].type = actual;
    return true;
}

static bool parts(matcher *x, formal f, const ox_type_info *actual, unsigned depth)
{
    formal rest = inside(f), part;
    uint32_t i = 0;
    while (next_part(&rest, &part)) {
        if (i == actual->n_items || !matches(x, part, actual->items[i], depth + 1)) return false;
        i++;
    }
    return i == actual->n_items;
}

static bool simple(const matcher *x, ox_type_kind formal_kind, ox_type_kind actual)
{
    if (formal_kind == actual) return true;
    if (formal_kind == OX_TYPE_NUMBER &&
        (actual == OX_TYPE_INT || actual == OX_TYPE_FLOAT_SCALAR || actual == OX_TYPE_COMPLEX_SCALAR))
        return true;
    if (!x->convert) return false;
    if (formal_kind == OX_TYPE_DEVICE) return actual == OX_TYPE_STR;
    return actual == OX_TYPE_TENSOR && (formal_kind == OX_TYPE_INT || formal_kind == OX_TYPE_FLOAT_SCALAR ||
                                        formal_kind == OX_TYPE_COMPLEX_SCALAR || formal_kind == OX_TYPE_NUMBER);
}

static bool list_matches(matcher *x, formal item, uint32_t size, ox_type actual, const ox_type_info *a, unsigned depth)
{
    if (a->kind == OX_TYPE_LIST) return matches(x, item, a->items[0], depth + 1);
    if (x->convert && a->kind == OX_TYPE_TUPLE) {
        for (uint32_t i = 0; i < a->n_items; i++)
            if (!matches(x, item, a->items[i], depth + 1)) return false;
        return true;
    }
    return size && matches(x, item, actual, depth + 1);
}

/* What may be any of several: each. */
static bool all_match(matcher *x, formal f, const ox_type_info *a, unsigned depth)
{
    for (uint32_t i = 0; i < a->n_items; i++)
        if (!matches(x, f, a->items[i], depth + 1)) return false;
    return a->n_items > 0;
}

static bool matches(matcher *x, formal f, ox_type actual, unsigned depth)
{
    uint32_t size;
    formal item;
    ox_type_info a = ox__ts_info(x->t, actual);
    f = bare(f);
    if (depth > OX__TS_LIST || !f.n) return false;
    if (f.p[f.n - 1] == '?') {
        if (a.kind == OX_TYPE_NONETYPE) return true;
        return matches(x, (formal){f.p, f.n - 1}, a.kind == OX_TYPE_OPTIONAL ? a.items[0] : actual, depth + 1);
    }
    if (a.kind == OX_TYPE_NONE_KNOWN) return true;
    if (as_list(f, &item, &size)) return list_matches(x, item, size, actual, &a, depth);
    if (*f.p == '(') return a.kind == OX_TYPE_TUPLE && parts(x, f, &a, depth);
    if (begins(f, "Dict(")) return a.kind == OX_TYPE_DICT && parts(x, f, &a, depth);
    if (begins(f, "Future(") || begins(f, "Await(") || begins(f, "RRef(")) {
        ox_type of = ox__ts_future_item(x->t, actual);
        return of.id && matches(x, inside(f), of, depth + 1);
    }
    if (is_word(f, "Any")) return true;
    ox_type_kind kind = kind_of(f);
    if (kind != OX_TYPE_NONE_KNOWN && a.kind == OX_TYPE_UNION) return all_match(x, f, &a, depth);
    if (kind != OX_TYPE_NONE_KNOWN) return simple(x, kind, a.kind);
    if (*f.p >= 'a' && *f.p <= 'z') return variable(x, f, actual);
    return a.kind == OX_TYPE_CLASS || a.kind == OX_TYPE_OPAQUE;
}

/* The type that a formal one stands for, its variables known. */
static ox_type stands_for(matcher *x, formal f, unsigned depth)
{
    ox__ts *t = x->t;
    uint32_t size;
    formal item;
    f = bare(f);
    if (depth > OX__TS_LIST || !f.n) return t->t_any;
    if (f.p[f.n - 1] == '?') {
        ox_type of = stands_for(x, (formal){f.p, f.n - 1}, depth + 1);
        return of.id ? ox__ts_optional(t, of) : of;
    }
    if (as_list(f, &item, &size)) {
        ox_type of = stands_for(x, item, depth + 1);
        return of.id ? ox__ts_list_of(t, of) : of;
    }
    if (*f.p == '(' || begins(f, "Dict(")) {
        ox_type items[OX__TS_LIST];
        ox_type_info info = {.kind = *f.p == '(' ? OX_TYPE_TUPLE : OX_TYPE_DICT, .items = items};
        formal rest = inside(f), part;
        while (info.n_items < OX__TS_LIST && next_part(&rest, &part)) {
            items[info.n_items] = stands_for(x, part, depth + 1);
            if (!items[info.n_items++].id) return (ox_type){0};
        }
        /* `((str, t)[])`: brackets around one type are only brackets */
        if (info.kind == OX_TYPE_TUPLE && info.n_items == 1) return items[0];
        ox_type type = ox_type_add(t->m, &info);
        if (!type.id) ox__ts_nomem(t);
        return type;
    }
    if (begins(f, "Future(")) {
        ox_type of = stands_for(x, inside(f), depth + 1);
        return of.id ? ox__ts_future(t, of) : of;
    }
    ox_type_kind kind = kind_of(f);
    if (kind == OX_TYPE_TENSOR) return t->t_tensor;
    if (kind != OX_TYPE_NONE_KNOWN) return ox_type_simple(t->m, kind);
    for (size_t i = 0; i < x->n; i++)
        if (x->var[i].name.n == f.n && memcmp(x->var[i].name.p, f.p, f.n) == 0) return x->var[i].type;
    return t->t_any;
}

/* ---- one overload ---- */

/* Puts the number of the actual argument + 1 for each formal one into `which`; the last of `...` are not in it. */
static bool place(const ox_aten_schema *s, const ox_aten_info *info, const ox__ts_arg *args, size_t n, uint8_t *which)
{
    memset(which, 0, info->n_args);
    for (size_t i = 0; i < n; i++) {
        int at = args[i].key ? ox_aten_arg_index(s, args[i].key) : (int)OX__MIN(i, info->n_args);
        if (at < 0) return false;
        if ((uint32_t)at == info->n_args) {
            if (!info->vararg) return false;
            continue;
        }
        if (which[at]) return false;
        which[at] = (uint8_t)(i + 1);
    }
    return true;
}

static bool fits(matcher *x, const ox_aten_schema *s, const ox__ts_arg *args, size_t n, uint8_t *which)
{
    ox_aten_info info = ox_aten_get(s);
    x->n = 0;
    if (info.n_args > MAX_ARGS || n > MAX_ARGS || !place(s, &info, args, n, which)) return false;
    for (uint32_t i = 0; i < info.n_args; i++) {
        ox_aten_arg a = ox_aten_get_arg(s, i);
        if (!which[i]) {
            if (a.def.kind == OX_ATEN_CONST_ABSENT) return false;
            continue;
        }
        const ox__ts_arg *given = &args[which[i] - 1];
        if (a.kwarg_only && !given->key) return false;
        ox_type type = ox__ts_now(given->value)->type;
        if (!matches(x, (formal){a.type.text, strlen(a.type.text)}, type, 0)) return false;
    }
    return true;
}

/* ---- inputs ---- */
static const ox__obj *list_obj(ox__ts *t, const ox_aten_const *d, uint32_t size, bool bools)
{
    uint32_t n = d->kind == OX_ATEN_CONST_INTS ? d->n : size;
    ox__obj *o = ox__ts_alloc(t, sizeof *o);
    ox__obj **items = o ? ox__ts_alloc(t, (n + 1) * sizeof *items) : NULL;
    if (!items) return NULL;
    *o = (ox__obj){.kind = OX__OBJ_LIST, .of = bools ? OX__OF_BOOL : OX__OF_INT, .n = n, .items = items};
    for (uint32_t i = 0; i < n; i++) {
        if (!(items[i] = ox__ts_alloc(t, sizeof(ox__obj)))) return NULL;
        items[i]->kind = bools ? OX__OBJ_BOOL : OX__OBJ_INT;
        items[i]->i = d->kind == OX_ATEN_CONST_INTS ? d->ints[i] : d->i;
    }
    return o;
}

/* Enumerators that are written by name, and what stands for them in a graph. */
static const ox__obj *named_default(ox__ts *t, const char *text)
{
    static const struct {
        const char *word;
        int64_t i;
    } names[] = {{"Mean", 1},    {"Sum", 2}, {"contiguous_format", 0}, {"preserve_format", 1},
                 {"strided", 0}, {"long", 4}};
    for (size_t i = 0; i < OX__COUNT(names); i++)
        if (strcmp(names[i].word, text) == 0) return ox__ts_obj_int(t, names[i].i);
    return ox__ts_obj_str(t, text, strlen(text), OX__OBJ_STR);
}

static const ox__obj *default_obj(ox__ts *t, const ox_aten_arg *a)
{
    static const ox__obj none = {.kind = OX__OBJ_NONE};
    const ox_aten_const *d = &a->def;
    bool list = a->type.wrap[0] == OX_ATEN_WRAP_LIST;
    switch (d->kind) {
    case OX_ATEN_CONST_NONE: return &none;
    case OX_ATEN_CONST_INTS: return list_obj(t, d, a->type.size, a->type.kind == OX_ATEN_BOOL);
    case OX_ATEN_CONST_BOOL: return ox__ts_obj_bool(t, d->i != 0);
    case OX_ATEN_CONST_INT:
        if (list) return list_obj(t, d, a->type.size, a->type.kind == OX_ATEN_BOOL);
        return a->type.kind == OX_ATEN_FLOAT ? ox__ts_obj_float(t, (double)d->i) : ox__ts_obj_int(t, d->i);
    case OX_ATEN_CONST_FLOAT: return ox__ts_obj_float(t, d->f);
    case OX_ATEN_CONST_STR: return ox__ts_obj_str(t, d->s, d->n, OX__OBJ_STR);
    default: return named_default(t, d->text);
    }
}

static ox__ts_value *default_value(ox__ts *t, const ox_aten_arg *a)
{
    const ox__obj *o = default_obj(t, a);
    ox_type type = o ? ox__ts_type_of_obj(t, o) : (ox_type){0};
    return type.id ? ox__ts_constant(t, o, type) : NULL;
}

static ox__ts_value *implicit(ox__ts *t, const char *op, ox__ts_value *v)
{
    ox__ts_arg arg = {v, NULL};
    ox__ts_node *n = ox__ts_call_op(t, t->at, op, &arg, 1);
    return n ? n->out[0] : NULL;
}

static ox__ts_value *tuple_as_list(ox__ts *t, ox__ts_value *v, const ox_type_info *a, ox_type list)
{
    ox__ts_node *n = ox__ts_node_new(t, OX__TS_UNPACK_TUPLE, 1, &v, a->n_items);
    if (!n) return NULL;
    for (uint32_t i = 0; i < a->n_items; i++) n->out[i]->type = a->items[i];
    return ox__ts_one(t, OX__TS_LIST_OF, n->n_out, n->out, list);
}

ox__ts_value *ox__ts_convert(ox__ts *t, ox__ts_value *v, ox_type type)
{
    ox_type_info a = ox__ts_info(t, ox__ts_now(v)->type), f = ox__ts_info(t, type);
    if (f.kind == OX_TYPE_OPTIONAL && a.kind != OX_TYPE_OPTIONAL && a.kind != OX_TYPE_NONETYPE)
        f = ox__ts_info(t, type = f.items[0]);
    if (a.kind == OX_TYPE_TENSOR) {
        if (f.kind == OX_TYPE_INT) return implicit(t, "aten::IntImplicit", v);
        if (f.kind == OX_TYPE_FLOAT_SCALAR) return implicit(t, "aten::FloatImplicit", v);
        if (f.kind == OX_TYPE_COMPLEX_SCALAR) return implicit(t, "aten::ComplexImplicit", v);
        if (f.kind == OX_TYPE_NUMBER) return implicit(t, "aten::ScalarImplicit", v);
    }
    if (a.kind == OX_TYPE_STR && f.kind == OX_TYPE_DEVICE) return implicit(t, "aten::device", v);
    if (a.kind == OX_TYPE_TUPLE && f.kind == OX_TYPE_LIST) return tuple_as_list(t, v, &a, type);
    return v;
}

/* One int for `int[2]` stands for as many of them. */
static ox__ts_value *argument(ox__ts *t, matcher *x, const ox_aten_arg *a, ox__ts_value *v)
{
    formal f = bare((formal){a->type.text, strlen(a->type.text)}), item;
    uint32_t size;
    ox_type type = stands_for(x, f, 0);
    ox_type_info actual = ox__ts_info(t, ox__ts_now(v)->type);
    if (!type.id) return NULL;
    if (f.n && f.p[f.n - 1] == '?') f.n--;
    bool one = actual.kind == OX_TYPE_INT || actual.kind == OX_TYPE_FLOAT_SCALAR || actual.kind == OX_TYPE_BOOL_SCALAR;
    if (!one || !as_list(f, &item, &size) || !size) return ox__ts_convert(t, v, type);
    ox__ts_value *many[1000];
    for (uint32_t i = 0; i < size && i < OX__COUNT(many); i++) many[i] = v;
    ox_type of = ox__ts_list_of(t, ox__ts_now(v)->type);
    return of.id ? ox__ts_one(t, OX__TS_LIST_OF, size, many, of) : NULL;
}

static ox__ts_node *apply(ox__ts *t, matcher *x, const ox_aten_schema *s, const char *op, const ox__ts_arg *args,
                          size_t n, const uint8_t *which)
{
    ox_aten_info info = ox_aten_get(s);
    size_t n_in = info.n_args + (info.vararg && n > info.n_args ? n - info.n_args : 0);
    ox__ts_value **in = ox__ts_alloc(t, (n_in + 1) * sizeof *in);
    if (!in) return NULL;
    for (uint32_t i = 0; i < info.n_args; i++) {
        ox_aten_arg a = ox_aten_get_arg(s, i);
        in[i] = which[i] ? argument(t, x, &a, args[which[i] - 1].value) : default_value(t, &a);
        if (!in[i]) return NULL;
    }
    for (size_t i = info.n_args; i < n_in; i++) in[i] = args[i].value;
    ox__ts_node *node = ox__ts_node_new(t, OX__TS_OP, n_in, in, info.n_returns);
    if (!node) return NULL;
    node->op = op;
    node->schema = s;
    for (uint32_t i = 0; i < info.n_returns; i++) {
        ox_aten_arg r = ox_aten_get_return(s, i);
        node->out[i]->type = stands_for(x, (formal){r.type.text, strlen(r.type.text)}, 0);
        if (!node->out[i]->type.id) return NULL;
    }
    return node;
}

static void refuse(ox__ts *t, uint32_t at, const char *op, size_t n, const ox_aten_schema *first)
{
    char text[256];
    ox__ts_refuse(t, at, OX_E_UNSUPPORTED, "no overload of %s takes these %zu arguments", op, n);
    ox_aten_print(first, text, sizeof text);
    ox_error_hint(t->err, "known: %s", text);
}

ox__ts_node *ox__ts_call_op(ox__ts *t, uint32_t at, const char *op, const ox__ts_arg *given, size_t n)
{
    uint8_t which[MAX_ARGS + 1];
    size_t n_overloads;
    const ox_aten_schema *first = ox_aten_find(op, &n_overloads);
    if (!first) return NULL;
    ox__ts_arg *args = ox__ts_alloc(t, (n + 1) * sizeof *args);
    if (!args) return NULL;
    if (n) memcpy(args, given, n * sizeof *args);
    if (!ox__ts_old_steps(t, op, args, &n)) return NULL;
    matcher x = {.t = t};
    for (int convert = 0; convert < 2; convert++)
        for (size_t i = 0; i < n_overloads; i++) {
            const ox_aten_schema *s = ox_aten_nth(first, i);
            x.convert = convert;
            if (!fits(&x, s, args, n, which)) {
                if (t->s != OX_OK) return NULL;
                continue;
            }
            t->at = at;
            return apply(t, &x, s, ox_aten_get(s).name, args, n, which);
        }
    refuse(t, at, op, n, first);
    return NULL;
}
