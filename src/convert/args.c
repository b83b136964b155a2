/* Floor 5. Reads constants of a trace into arguments and brings them into the form of a schema's types. Arrays belong
 * to the arena of the node under way. */
#include "convert/args.h"

#include <onnxsh/print.h>
#include <onnxsh/text.h>

enum { MAX_NESTING = 32 };

/* ---- torch's numbers for dtypes, layouts, memory formats ---- */
static const ox_dtype by_code[] = {
    OX_UINT8,        OX_INT8,           OX_INT16,          OX_INT32,     OX_INT64,      OX_FLOAT16,
    OX_FLOAT,        OX_DOUBLE,         OX_UNDEFINED,      OX_COMPLEX64, OX_COMPLEX128, OX_BOOL,
    OX_INT8,         OX_UINT8,          OX_INT32,          OX_BFLOAT16,  OX_UNDEFINED,  OX_UNDEFINED,
    OX_UNDEFINED,    OX_UNDEFINED,      OX_UNDEFINED,      OX_UNDEFINED, OX_UNDEFINED,  OX_FLOAT8E5M2,
    OX_FLOAT8E4M3FN, OX_FLOAT8E5M2FNUZ, OX_FLOAT8E4M3FNUZ, OX_UINT16,    OX_UINT32,     OX_UINT64,
};

ox_dtype ox__dtype_of_torch(int64_t code)
{
    return code >= 0 && (size_t)code < OX__COUNT(by_code) ? by_code[code] : OX_UNDEFINED;
}

int64_t ox__torch_of_dtype(ox_dtype d)
{
    for (size_t i = 0; d && i < OX__COUNT(by_code); i++)
        if (by_code[i] == d) return (int64_t)i;
    return -1;
}

static const char *const layouts[] = {"strided",    "sparse_coo", "sparse_csr", "mkldnn",
                                      "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged"};
static const char *const formats[] = {"contiguous_format", "preserve_format", "channels_last", "channels_last_3d"};

static void name_code(ox_arg *a, const char *const *names, size_t n)
{
    if (a->kind != OX_ARG_INT || a->i < 0 || (size_t)a->i >= n) return;
    a->kind = OX_ARG_STR;
    a->s = names[a->i];
    a->s_n = strlen(a->s);
}

/* ---- reading what a trace holds ---- */
static ox_status read_value(ox__conv *c, ox_value v, ox_arg *out, int depth, ox_error *err);

static ox_arg *items_of(ox__conv *c, ox_arg *out, size_t n)
{
    ox_arg *items = ox__arena_alloc(&c->call, (n + 1) * sizeof *items);
    if (!items) return NULL;
    memset(items, 0, (n + 1) * sizeof *items);
    out->kind = OX_ARG_LIST;
    out->n = n;
    out->items = items;
    return items;
}

static void set_text(ox__conv *c, ox_arg *out, ox_str s)
{
    out->kind = OX_ARG_STR;
    out->s = ox_str_text(c->m, s, &out->s_n);
}

static ox_status read_list_attr(ox__conv *c, const ox_attr *a, ox_arg *out, ox_error *err)
{
    ox_arg *items = items_of(c, out, a->n);
    if (!items) return ox__nomem(err);
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->kind == OX_ATTR_INTS)
            items[i] = (ox_arg){.kind = OX_ARG_INT, .i = a->u.ints[i]};
        else if (a->kind == OX_ATTR_BOOLS)
            items[i] = (ox_arg){.kind = OX_ARG_BOOL, .i = a->u.ints[i]};
        else if (a->kind == OX_ATTR_FLOATS)
            items[i] = (ox_arg){.kind = OX_ARG_FLOAT, .f = a->u.floats[i], .rounded = a->rounded};
        else
            set_text(c, &items[i], a->u.strings[i]);
    }
    return OX_OK;
}

static ox_status read_constant(ox__conv *c, ox_node n, ox_value v, ox_arg *out, ox_error *err)
{
    const ox_attr *a = ox_node_attr(c->m, n, "value");
    if (!a) {
        out->kind = OX_ARG_NONE;
        return OX_OK;
    }
    ox_type_kind kind = ox_type_get(c->m, ox_value_type(c->m, v)).kind;
    switch (a->kind) {
    case OX_ATTR_INT:
        out->kind = kind == OX_TYPE_BOOL_SCALAR ? OX_ARG_BOOL : OX_ARG_INT;
        out->i = a->u.i;
        return OX_OK;
    case OX_ATTR_BOOL:
        out->kind = OX_ARG_BOOL;
        out->i = a->u.i != 0;
        return OX_OK;
    case OX_ATTR_FLOAT:
        out->kind = OX_ARG_FLOAT;
        out->f = a->u.f;
        out->rounded = a->rounded;
        return OX_OK;
    case OX_ATTR_STRING:
    case OX_ATTR_DEVICE: set_text(c, out, a->u.s); return OX_OK;
    case OX_ATTR_INTS:
    case OX_ATTR_FLOATS:
    case OX_ATTR_BOOLS:
    case OX_ATTR_STRINGS: return read_list_attr(c, a, out, err);
    default: return OX_OK; /* tensors and what is kept as text: a value */
    }
}

static ox_status read_list(ox__conv *c, ox_node n, ox_arg *out, int depth, ox_error *err)
{
    size_t k = ox_node_n_inputs(c->m, n);
    ox_arg *items = items_of(c, out, k);
    if (!items) return ox__nomem(err);
    for (size_t i = 0; i < k; i++) {
        ox_status s = read_value(c, ox_node_input(c->m, n, i), &items[i], depth + 1, err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

static ox_status read_value(ox__conv *c, ox_value v, ox_arg *out, int depth, ox_error *err)
{
    *out = (ox_arg){.kind = v.id ? OX_ARG_VALUE : OX_ARG_NONE, .v = v};
    ox_node n = ox_value_node(c->m, v);
    if (!n.id || depth > MAX_NESTING || ox_node_domain(c->m, n).id != c->s_prim.id) return OX_OK;
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL);
    if (!strcmp(op, "Constant")) return read_constant(c, n, v, out, err);
    if (!strcmp(op, "ListConstruct") || !strcmp(op, "TupleConstruct")) return read_list(c, n, out, depth, err);
    return OX_OK;
}

ox_status ox__arg_read(ox__conv *c, ox_value v, ox_arg *out, ox_error *err)
{
    return read_value(c, v, out, 0, err);
}

/* ---- the form of a formal type ---- */

/* The number behind a constant tensor of one element. */
static void number_behind(ox__conv *c, ox_arg *a, bool any_rank)
{
    if (a->kind != OX_ARG_VALUE) return;
    const int64_t *ints;
    size_t n;
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, a->v));
    ox_tensor x = ox__facts_tensor(c->facts, a->v);
    ox_tensor_info info = ox_tensor_get(c->m, x);
    if (x.id && info.n_elements == 1 && (info.rank == 0 || any_rank) && info.dtype != OX_STRING) {
        uint8_t raw[16];
        if (ox_tensor_raw_size(c->m, x) > sizeof raw || ox_dtype_is_complex(info.dtype) ||
            ox_tensor_read(c->m, x, 0, raw, ox_tensor_raw_size(c->m, x), NULL) != OX_OK)
            return;
        a->kind = info.dtype == OX_BOOL ? OX_ARG_BOOL : ox_dtype_is_float(info.dtype) ? OX_ARG_FLOAT : OX_ARG_INT;
        a->i = ox_dtype_get_i64(info.dtype, raw, 0);
        a->f = ox_dtype_get_f64(info.dtype, raw, 0);
        a->rounded = a->kind == OX_ARG_FLOAT && info.rounded;
    } else if (t.kind == OX_TYPE_TENSOR && (t.rank == 0 || any_rank) && ox__facts_ints(c->facts, a->v, &ints, &n) &&
               n == 1) {
        a->kind = t.dtype == OX_BOOL ? OX_ARG_BOOL : OX_ARG_INT;
        a->i = ints[0];
    }
}

/* A constant integer vector as a list. */
static ox_status ints_behind(ox__conv *c, ox_arg *a, ox_error *err)
{
    const int64_t *ints;
    size_t n;
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, a->v));
    if (a->kind != OX_ARG_VALUE || t.kind != OX_TYPE_TENSOR || t.rank != 1 ||
        !ox__facts_ints(c->facts, a->v, &ints, &n))
        return OX_OK;
    ox_arg *items = items_of(c, a, n);
    if (!items) return ox__nomem(err);
    for (size_t i = 0; i < n; i++) items[i] = (ox_arg){.kind = OX_ARG_INT, .i = ints[i]};
    return OX_OK;
}

static void shape_scalar(ox__conv *c, ox_aten_kind kind, ox_arg *a)
{
    switch (kind) {
    case OX_ATEN_INT:
        number_behind(c, a, false);
        if (a->kind == OX_ARG_BOOL) a->kind = OX_ARG_INT;
        break;
    case OX_ATEN_FLOAT:
        number_behind(c, a, false);
        if (a->kind == OX_ARG_INT || a->kind == OX_ARG_BOOL) a->f = (double)a->i, a->kind = OX_ARG_FLOAT;
        break;
    case OX_ATEN_BOOL:
        number_behind(c, a, false);
        if (a->kind == OX_ARG_INT && (a->i == 0 || a->i == 1)) a->kind = OX_ARG_BOOL;
        break;
    case OX_ATEN_SCALAR: number_behind(c, a, false); break;
    case OX_ATEN_DTYPE:
        number_behind(c, a, false);
        if (a->kind != OX_ARG_INT || ox__dtype_of_torch(a->i) == OX_UNDEFINED) break;
        a->kind = OX_ARG_DTYPE;
        a->dtype = ox__dtype_of_torch(a->i);
        break;
    case OX_ATEN_LAYOUT: name_code(a, layouts, OX__COUNT(layouts)); break;
    case OX_ATEN_MEMORY_FORMAT: name_code(a, formats, OX__COUNT(formats)); break;
    default: break;
    }
}

/* The outermost list, optionals aside; the type inside it. */
static bool peel_list(const ox_aten_type *t, ox_aten_type *inner)
{
    *inner = *t;
    for (int i = OX_ATEN_MAX_WRAPS; i-- > 0;) {
        if (inner->wrap[i] == OX_ATEN_WRAP_NONE) continue;
        bool list = inner->wrap[i] == OX_ATEN_WRAP_LIST;
        inner->wrap[i] = OX_ATEN_WRAP_NONE;
        if (list) return true;
    }
    return false;
}

static ox_status shape_arg(ox__conv *c, const ox_aten_type *formal, ox_arg *a, int depth, ox_error *err)
{
    ox_aten_type inner;
    if (depth > MAX_NESTING) return OX_OK;
    if (!peel_list(formal, &inner)) {
        shape_scalar(c, (ox_aten_kind)inner.kind, a);
        return OX_OK;
    }
    if (inner.kind == OX_ATEN_INT) {
        ox_status s = ints_behind(c, a, err);
        if (s != OX_OK) return s;
    }
    if (a->kind == OX_ARG_INT || a->kind == OX_ARG_FLOAT || a->kind == OX_ARG_BOOL) {
        ox_arg one = *a; /* one number serves as all of int[2]; of int[] as one item */
        ox_arg *items = items_of(c, a, formal->size ? formal->size : 1);
        if (!items) return ox__nomem(err);
        for (size_t i = 0; i < a->n; i++) items[i] = one;
    }
    if (a->kind != OX_ARG_LIST) return OX_OK;
    ox_arg *items = (ox_arg *)a->items; /* made by read_value in this arena */
    for (size_t i = 0; i < a->n; i++) {
        ox_status s = shape_arg(c, &inner, &items[i], depth + 1, err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__arg_read_as(ox__conv *c, ox_value v, const ox_aten_type *formal, ox_arg *out, ox_error *err)
{
    ox_status s = ox__arg_read(c, v, out, err);
    return s == OX_OK ? shape_arg(c, formal, out, 0, err) : s;
}

ox_status ox__arg_default(ox__conv *c, const ox_aten_arg *a, ox_arg *out, ox_error *err)
{
    *out = (ox_arg){.kind = OX_ARG_NONE};
    const ox_aten_const *d = &a->def;
    switch (d->kind) {
    case OX_ATEN_CONST_BOOL: *out = (ox_arg){.kind = OX_ARG_BOOL, .i = d->i}; break;
    case OX_ATEN_CONST_INT: *out = (ox_arg){.kind = OX_ARG_INT, .i = d->i, .f = (double)d->i}; break;
    case OX_ATEN_CONST_FLOAT: *out = (ox_arg){.kind = OX_ARG_FLOAT, .f = d->f}; break;
    case OX_ATEN_CONST_STR: *out = (ox_arg){.kind = OX_ARG_STR, .s = d->s, .s_n = d->n}; break;
    case OX_ATEN_CONST_INTS: {
        ox_arg *items = items_of(c, out, d->n);
        if (!items) return ox__nomem(err);
        for (uint32_t i = 0; i < d->n; i++) items[i] = (ox_arg){.kind = OX_ARG_INT, .i = d->ints[i]};
        break;
    }
    default: return OX_OK; /* None; and defaults that are only text, which no argument of ours has */
    }
    return shape_arg(c, &a->type, out, 0, err);
}

/* ---- defaults ---- */
static bool same_number(const ox_arg *a, double f)
{
    if (a->kind == OX_ARG_FLOAT) return a->f == f;
    return (a->kind == OX_ARG_INT || a->kind == OX_ARG_BOOL) && (double)a->i == f;
}

bool ox__arg_is_default(const ox_arg *a, const ox_aten_const *def)
{
    switch (def->kind) {
    case OX_ATEN_CONST_NONE: return a->kind == OX_ARG_NONE;
    case OX_ATEN_CONST_BOOL:
    case OX_ATEN_CONST_INT:
        if (a->kind == OX_ARG_LIST) { /* stride=1 of int[2] */
            for (size_t i = 0; i < a->n; i++)
                if (!same_number(&a->items[i], (double)def->i)) return false;
            return true;
        }
        return same_number(a, (double)def->i);
    case OX_ATEN_CONST_FLOAT: return same_number(a, def->f);
    case OX_ATEN_CONST_STR: return a->kind == OX_ARG_STR && a->s_n == def->n && memcmp(a->s, def->s, def->n) == 0;
    case OX_ATEN_CONST_INTS:
        if (a->kind != OX_ARG_LIST || a->n != def->n) return false;
        for (size_t i = 0; i < a->n; i++)
            if (!same_number(&a->items[i], (double)def->ints[i])) return false;
        return true;
    default: return false;
    }
}

/* ---- types and texts ---- */
ox_aten_type ox__arg_type(const ox__conv *c, ox_value v)
{
    uint32_t flags = ox__conv_flags(c, v);
    ox_aten_type t = {.kind = OX_ATEN_UNKNOWN};
    if (flags & OX__V_INT)
        t.kind = OX_ATEN_INT;
    else if (flags & OX__V_FLOAT)
        t.kind = OX_ATEN_FLOAT;
    else if (flags & OX__V_BOOL)
        t.kind = OX_ATEN_BOOL;
    else if (!v.id)
        t.kind = OX_ATEN_NONE;
    else
        return ox_aten_type_of(c->m, ox_value_type(c->m, v));
    return t;
}

void ox__arg_print(const ox__conv *c, ox__buf *b, const ox_arg *a)
{
    char text[256];
    switch (a->kind) {
    case OX_ARG_NONE: ox__buf_addz(b, "None"); return;
    case OX_ARG_INT: ox__buf_addf(b, "%lld", (long long)a->i); return;
    case OX_ARG_BOOL: ox__buf_addz(b, a->i ? "True" : "False"); return;
    case OX_ARG_FLOAT:
        ox_text_f64(a->f, text, sizeof text);
        ox__buf_addz(b, text);
        if (!strpbrk(text, ".en")) ox__buf_addz(b, ".0");
        return;
    case OX_ARG_STR: ox__buf_addf(b, "\"%.*s\"", (int)OX__MIN(a->s_n, (size_t)200), a->s); return;
    case OX_ARG_DTYPE: ox__buf_addz(b, ox_dtype_name(a->dtype, OX_DTYPE_NUMPY)); return;
    case OX_ARG_VALUE:
        ox_value_label(c->m, a->v, text, sizeof text);
        ox__buf_addz(b, text);
        return;
    case OX_ARG_LIST: break;
    }
    ox__buf_addz(b, "[");
    for (size_t i = 0; i < a->n; i++) {
        if (i) ox__buf_addz(b, ", ");
        if (i == 16) {
            ox__buf_addz(b, "...");
            break;
        }
        ox__arg_print(c, b, &a->items[i]);
    }
    ox__buf_addz(b, "]");
}
