/* Floor 5. What rules of constant propagation share, and the rules on tensors (their sizes and dtypes, as far as they
 * are known), on numbers and on None. */
#include "convert/args.h"
#include "convert/fold.h"
#include "convert/fold_number.h"

#include <math.h>

ox_value ox__fold_input(const ox__fold *f, size_t i)
{
    return ox_node_input(f->c->m, f->n, i);
}

ox_type_info ox__fold_type(const ox__fold *f, ox_value v)
{
    return ox_type_get(f->c->m, ox_value_type(f->c->m, v));
}

const char *ox__fold_op(const ox__fold *f)
{
    return ox_str_text(f->c->m, ox_node_op(f->c->m, f->n), NULL);
}

bool ox__is_number_arg(const ox_arg *a)
{
    return a->kind == OX_ARG_INT || a->kind == OX_ARG_FLOAT || a->kind == OX_ARG_BOOL;
}

ox__verdict ox__fold_int(ox__fold *f, int64_t i)
{
    f->result = (ox_arg){.kind = OX_ARG_INT, .i = i};
    return OX__FOLD_CONST;
}

ox__verdict ox__fold_bool(ox__fold *f, bool b)
{
    f->result = (ox_arg){.kind = OX_ARG_BOOL, .i = b};
    return OX__FOLD_CONST;
}

ox__verdict ox__fold_text(ox__fold *f, const char *s, size_t n)
{
    f->result = (ox_arg){.kind = OX_ARG_STR, .s = s, .s_n = n};
    return OX__FOLD_CONST;
}

ox__verdict ox__fold_nomem(ox__fold *f)
{
    f->s = ox__nomem(f->c->err);
    return OX__FOLD_DONE;
}

ox__verdict ox__fold_to(ox__fold *f, ox_value v)
{
    f->value = v;
    return OX__FOLD_BY;
}

ox_node ox__fold_built(const ox__fold *f, ox_value v)
{
    ox_node n = ox_value_node(f->c->m, v);
    bool is = n.id && (ox__is_prim(f->c, n, "ListConstruct") || ox__is_prim(f->c, n, "TupleConstruct"));
    return is && !(ox__conv_flags(f->c, v) & OX__V_WRITTEN) ? n : (ox_node){0};
}

bool ox__fold_equal(const ox_arg *a, const ox_arg *b, bool *known)
{
    if (ox__is_number_arg(a) && ox__is_number_arg(b)) {
        if (a->kind != OX_ARG_FLOAT && b->kind != OX_ARG_FLOAT) return a->i == b->i;
        return (a->kind == OX_ARG_FLOAT ? a->f : (double)a->i) == (b->kind == OX_ARG_FLOAT ? b->f : (double)b->i);
    }
    if (a->kind == OX_ARG_STR && b->kind == OX_ARG_STR) return a->s_n == b->s_n && memcmp(a->s, b->s, a->s_n) == 0;
    if (a->kind != OX_ARG_LIST || b->kind != OX_ARG_LIST) {
        *known = false;
        return false;
    }
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (!ox__fold_equal(&a->items[i], &b->items[i], known)) return false;
    return true;
}

ox_status ox__fold_node(ox__fold *f, const char *domain, const char *op, size_t n_in, const ox_value *in, ox_type type,
                        ox_value *out)
{
    ox__conv *c = f->c;
    ox_node made;
    ox_status s = ox_node_create(c->m, &made, ox_node_graph(c->m, f->n), f->n, ox__conv_str(c, domain),
                                 ox__conv_str(c, op), n_in, in, 1, c->err);
    if (s == OX_OK) s = ox_node_set_scope(c->m, made, ox_node_scope(c->m, f->n), c->err);
    if (s == OX_OK) s = ox_node_set_loc(c->m, made, ox_node_loc(c->m, f->n), c->err);
    if (s == OX_OK) s = ox_node_set_origin(c->m, made, ox_node_origin(c->m, f->n), c->err);
    if (s != OX_OK) return s;
    *out = ox_node_output(c->m, made, 0);
    return ox_value_set_type(c->m, *out, type, c->err);
}

/* ---- what is known of tensors ---- */
static ox__verdict give_ints(ox__fold *f, const int64_t *v, size_t n)
{
    ox__conv *c = f->c;
    ox_node made;
    ox_attr a = {.name = c->s_value, .kind = OX_ATTR_INTS, .n = (uint32_t)n, .u.ints = v};
    f->s = ox_node_create(c->m, &made, ox_node_graph(c->m, f->n), f->n, c->s_prim, ox__conv_str(c, "Constant"), 0, NULL,
                          1, c->err);
    if (f->s == OX_OK) f->s = ox_node_set_attr(c->m, made, &a, c->err);
    if (f->s == OX_OK) f->s = ox_node_set_origin(c->m, made, ox_node_origin(c->m, f->n), c->err);
    f->value = f->s == OX_OK ? ox_node_output(c->m, made, 0) : (ox_value){0};
    if (f->s == OX_OK)
        f->s = ox_value_set_type(c->m, f->value, ox_type_of(c->m, OX_TYPE_LIST, ox_type_simple(c->m, OX_TYPE_INT)),
                                 c->err);
    return OX__FOLD_BY;
}

ox__verdict ox__rule_size(ox__fold *f)
{
    ox_type_info t = ox__fold_type(f, ox__fold_input(f, 0));
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0) return OX__FOLD_NOT;
    if (f->n_in >= 2) {
        int64_t axis = f->in[1].i, v;
        if (f->in[1].kind != OX_ARG_INT) return OX__FOLD_NOT;
        if (axis < 0) axis += t.rank;
        return axis >= 0 && axis < t.rank && ox_dim_is_const(f->c->m, t.dims[axis], &v) ? ox__fold_int(f, v)
                                                                                        : OX__FOLD_NOT;
    }
    int64_t *v = ox__arena_alloc(&f->c->call, ((size_t)t.rank + 1) * sizeof *v);
    if (!v) return ox__fold_nomem(f);
    for (int32_t i = 0; i < t.rank; i++)
        if (!ox_dim_is_const(f->c->m, t.dims[i], &v[i])) return OX__FOLD_NOT;
    return give_ints(f, v, (size_t)t.rank);
}

ox__verdict ox__rule_dim(ox__fold *f)
{
    ox_type_info t = ox__fold_type(f, ox__fold_input(f, 0));
    return t.kind == OX_TYPE_TENSOR && t.rank >= 0 ? ox__fold_int(f, t.rank) : OX__FOLD_NOT;
}

ox__verdict ox__rule_numel(ox__fold *f)
{
    ox_type_info t = ox__fold_type(f, ox__fold_input(f, 0));
    int64_t n = 1, v;
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0) return OX__FOLD_NOT;
    for (int32_t i = 0; i < t.rank; i++)
        if (!ox_dim_is_const(f->c->m, t.dims[i], &v) || __builtin_mul_overflow(n, v, &n)) return OX__FOLD_NOT;
    return ox__fold_int(f, n);
}

ox__verdict ox__rule_dtype(ox__fold *f)
{
    ox_type_info t = ox__fold_type(f, ox__fold_input(f, 0));
    int64_t code = t.kind == OX_TYPE_TENSOR ? ox__torch_of_dtype(t.dtype) : -1;
    return code >= 0 ? ox__fold_int(f, code) : OX__FOLD_NOT;
}

ox__verdict ox__rule_is_float(ox__fold *f)
{
    ox_type_info t = ox__fold_type(f, ox__fold_input(f, 0));
    return t.kind == OX_TYPE_TENSOR && t.dtype ? ox__fold_bool(f, ox_dtype_is_float(t.dtype)) : OX__FOLD_NOT;
}

/* What kind of thing a value is in Python; a tensor without dims may stand for a number. OX_TYPE_NONE_KNOWN: not known.
 */
static ox_type_kind python_kind(ox_type_info t)
{
    switch ((ox_type_kind)t.kind) {
    case OX_TYPE_INT:
    case OX_TYPE_FLOAT_SCALAR:
    case OX_TYPE_BOOL_SCALAR:
    case OX_TYPE_STR:
    case OX_TYPE_NONETYPE:
    case OX_TYPE_LIST:
    case OX_TYPE_TUPLE:
    case OX_TYPE_DICT: return t.kind;
    case OX_TYPE_TENSOR: break;
    default: return OX_TYPE_NONE_KNOWN;
    }
    if (t.rank) return t.rank > 0 ? OX_TYPE_TENSOR : OX_TYPE_NONE_KNOWN;
    if (t.dtype == OX_BOOL) return OX_TYPE_BOOL_SCALAR;
    if (t.dtype == OX_INT64) return OX_TYPE_INT;
    return ox_dtype_is_float(t.dtype) ? OX_TYPE_FLOAT_SCALAR : OX_TYPE_NONE_KNOWN;
}

/* Of a list of this and a list of that the kind does not tell. */
static bool kind_tells(ox_type_kind k)
{
    return k != OX_TYPE_LIST && k != OX_TYPE_TUPLE && k != OX_TYPE_DICT;
}

static bool is_kind(ox_type_kind k)
{
    return k == OX_TYPE_COMPLEX_SCALAR || k == OX_TYPE_TENSOR || k == OX_TYPE_INT || k == OX_TYPE_FLOAT_SCALAR ||
           k == OX_TYPE_BOOL_SCALAR || k == OX_TYPE_STR || k == OX_TYPE_NONETYPE || !kind_tells(k);
}

/* Where the declared type leaves it open, what the value is decides. */
ox__verdict ox__rule_isinstance(ox__fold *f)
{
    const ox_attr *types = ox_node_attr(f->c->m, f->n, "types");
    ox_type_info t = ox__fold_type(f, ox__fold_input(f, 0));
    ox_type_kind k = python_kind(t);
    bool is = false, either = t.kind == OX_TYPE_TENSOR && !t.rank;
    if (!types || types->kind != OX_ATTR_TYPES || k == OX_TYPE_NONE_KNOWN) return OX__FOLD_NOT;
    for (uint32_t i = 0; i < types->n; i++) {
        ox_type_kind asked = ox_type_get(f->c->m, types->u.types[i]).kind;
        if (!is_kind(asked) || (asked == k && !kind_tells(k)) || (either && asked == OX_TYPE_TENSOR))
            return OX__FOLD_NOT;
        is = is || asked == k;
    }
    return ox__fold_bool(f, is);
}

ox__verdict ox__rule_layout(ox__fold *f)
{
    return ox__fold_int(f, 0);
} /* strided */

/* Where a tensor lies does not matter to ONNX. */
ox__verdict ox__rule_device(ox__fold *f)
{
    f->result = (ox_arg){.kind = OX_ARG_STR, .s = "cpu", .s_n = 3};
    return OX__FOLD_CONST;
}

/* ---- numbers ---- */
ox__verdict ox__rule_number(ox__fold *f)
{
    ox_type_kind out = ox__fold_type(f, ox_node_output(f->c->m, f->n, 0)).kind;
    if (out == OX_TYPE_TENSOR || out == OX_TYPE_LIST) return OX__FOLD_NOT;
    for (size_t i = 0; i < f->n_in; i++)
        if (i >= OX__COUNT(f->in) || !ox__is_number_arg(&f->in[i])) return OX__FOLD_NOT;
    const char *op = ox_str_text(f->c->m, ox_node_op(f->c->m, f->n), NULL);
    return ox__fold_number(op, f->n_in, f->in, &f->result) ? OX__FOLD_CONST : OX__FOLD_NOT;
}

/* Int(NumToTensor(x)), Int(5), Bool(tensor {1}), ... */
ox__verdict ox__rule_convert(ox__fold *f)
{
    const char *op = ox_str_text(f->c->m, ox_node_op(f->c->m, f->n), NULL);
    ox_value v = ox__fold_input(f, 0);
    ox_node from = ox_value_node(f->c->m, v);
    bool to_num = strcmp(op, "NumToTensor") != 0;
    if (ox__is_number_arg(&f->in[0]))
        return ox__fold_conversion(op, &f->in[0], &f->result) ? OX__FOLD_CONST : OX__FOLD_NOT;
    ox_type_kind want = ox__fold_type(f, ox_node_output(f->c->m, f->n, 0)).kind;
    if (to_num && from.id && ox__is_prim(f->c, from, "NumToTensor")) {
        ox_value x = ox_node_input(f->c->m, from, 0);
        ox_type_kind kind = ox__fold_type(f, x).kind;
        if (kind == want || want == OX_TYPE_NUMBER) return ox__fold_to(f, x);
    }
    if (to_num && from.id && ox__is_prim(f->c, from, "Constant")) {
        const ox_attr *a = ox_node_attr(f->c->m, from, "value");
        ox_arg x;
        if (a && a->kind == OX_ATTR_TENSOR && ox__number_of_tensor(f->c->m, a->u.t, &x))
            return ox__fold_conversion(op, &x, &f->result) ? OX__FOLD_CONST : OX__FOLD_NOT;
    }
    return OX__FOLD_NOT;
}

/* A tensor that is no other one by another name: an input, or made by an operator that never returns its input. */
static bool makes_tensor(const ox__fold *f, ox_value v)
{
    static const char *const same[] = {"to",      "contiguous", "detach",         "expand_as",        "type_as",
                                       "dropout", "view_as",    "requires_grad_", "_unwrap_optional", "__getitem__"};
    ox_model *m = f->c->m;
    ox_node n = ox_value_node(m, v);
    if (ox__fold_type(f, v).kind != OX_TYPE_TENSOR) return false;
    if (!n.id) return ox_value_graph(m, v).id == ox_model_main(m).id;
    const char *op = ox_str_text(m, ox_node_op(m, n), NULL);
    size_t len = strlen(op);
    if (!ox__node_in(f->c, n, f->c->s_aten) || (len > 1 && op[len - 1] == '_')) return false;
    for (size_t i = 0; i < OX__COUNT(same); i++)
        if (!strcmp(op, same[i])) return false;
    return true;
}

ox__verdict ox__rule_is(ox__fold *f)
{
    bool is_not = strcmp(ox_str_text(f->c->m, ox_node_op(f->c->m, f->n), NULL), "__isnot__") == 0;
    const ox_arg *a = &f->in[0], *b = &f->in[1];
    if (a->kind != OX_ARG_NONE && b->kind != OX_ARG_NONE) {
        if (a->kind != OX_ARG_VALUE || b->kind != OX_ARG_VALUE) return OX__FOLD_NOT;
        if (a->v.id == b->v.id) return ox__fold_bool(f, !is_not);
        return makes_tensor(f, a->v) && makes_tensor(f, b->v) ? ox__fold_bool(f, is_not) : OX__FOLD_NOT;
    }
    if (a->kind == OX_ARG_NONE && b->kind == OX_ARG_NONE) return ox__fold_bool(f, !is_not);
    const ox_arg *other = a->kind == OX_ARG_NONE ? b : a;
    if (other->kind == OX_ARG_VALUE) {
        ox_node from = ox_value_node(f->c->m, other->v);
        if (from.id && ox__is_prim(f->c, from, "maybe")) {
            ox_value there = ox_node_input(f->c->m, from, 0);
            if (is_not) return ox__fold_to(f, there);
            f->s =
                ox__fold_node(f, "aten", "__not__", 1, &there, ox_type_simple(f->c->m, OX_TYPE_BOOL_SCALAR), &f->value);
            return OX__FOLD_BY;
        }
        ox_type_kind k = ox__fold_type(f, other->v).kind;
        if (k == OX_TYPE_NONE_KNOWN || k == OX_TYPE_OPTIONAL || k == OX_TYPE_NONETYPE || k == OX_TYPE_UNION)
            return OX__FOLD_NOT;
    }
    return ox__fold_bool(f, is_not);
}

/* The value behind a cast: the same one. */
ox__verdict ox__rule_same(ox__fold *f)
{
    ox_node from = ox_value_node(f->c->m, ox__fold_input(f, 0));
    if (from.id && ox__is_prim(f->c, from, "maybe")) return ox__fold_to(f, ox_node_input(f->c->m, from, 1));
    return f->in[0].kind == OX_ARG_NONE ? OX__FOLD_NOT : ox__fold_to(f, ox__fold_input(f, 0));
}

/* Conversion runs in the mode that an export is made in: no training, no autocast, gradients as they are by default. */
ox__verdict ox__rule_mode(ox__fold *f)
{
    const char *op = ox__fold_op(f);
    return ox__fold_bool(f, !strcmp(op, "is_grad_enabled") || !strcmp(op, "requires_grad"));
}

/* Lists become vectors, which the overload of tensors would compare element by element: it is named while they are
 * still lists. */
static ox_status name_list_overload(ox__fold *f)
{
    ox_model *m = f->c->m;
    ox_type_info t = ox__fold_type(f, ox__fold_input(f, 0));
    if (t.kind != OX_TYPE_LIST || ox_node_overload(m, f->n).id) return OX_OK;
    ox_type_kind item = ox_type_get(m, t.items[0]).kind;
    const char *name = item == OX_TYPE_INT            ? "int_list"
                       : item == OX_TYPE_FLOAT_SCALAR ? "float_list"
                       : item == OX_TYPE_BOOL_SCALAR  ? "bool_list"
                       : item == OX_TYPE_STR          ? "str_list"
                                                      : "Tensor_list";
    return ox_node_set_op(m, f->n, ox_node_domain(m, f->n), ox_node_op(m, f->n), ox__conv_str(f->c, name), f->c->err);
}

/* eq and ne of strings, of lists, of numbers. */
ox__verdict ox__rule_equal(ox__fold *f)
{
    const ox_arg *a = &f->in[0], *b = &f->in[1];
    bool text = a->kind == OX_ARG_STR || b->kind == OX_ARG_STR, known = true;
    if (f->n_in != 2) return OX__FOLD_NOT;
    f->s = name_list_overload(f);
    if (!text && !(a->kind == OX_ARG_LIST && b->kind == OX_ARG_LIST)) return ox__rule_number(f);
    bool same = ox__fold_equal(a, b, &known);
    return known ? ox__fold_bool(f, same == (strcmp(ox__fold_op(f), "eq") == 0)) : OX__FOLD_NOT;
}

/* ---- ranges ---- */
ox__verdict ox__rule_range_length(ox__fold *f)
{
    const ox_arg *a = f->in;
    int64_t span, n;
    if (f->n_in != 3 || a[0].kind != OX_ARG_INT || a[1].kind != OX_ARG_INT || a[2].kind != OX_ARG_INT || !a[2].i ||
        a[2].i == INT64_MIN)
        return OX__FOLD_NOT;
    if (a[2].i > 0 ? a[0].i >= a[1].i : a[0].i <= a[1].i) return ox__fold_int(f, 0);
    int64_t step = a[2].i > 0 ? a[2].i : -a[2].i;
    if (a[2].i > 0 ? __builtin_sub_overflow(a[1].i, a[0].i, &span) : __builtin_sub_overflow(a[0].i, a[1].i, &span))
        return OX__FOLD_NOT;
    n = (span - 1) / step + 1;
    return ox__fold_int(f, n);
}

ox__verdict ox__rule_derive_index(ox__fold *f)
{
    const ox_arg *a = f->in;
    int64_t i;
    if (f->n_in != 3 || a[0].kind != OX_ARG_INT || a[1].kind != OX_ARG_INT || a[2].kind != OX_ARG_INT ||
        __builtin_mul_overflow(a[0].i, a[2].i, &i) || __builtin_add_overflow(i, a[1].i, &i))
        return OX__FOLD_NOT;
    return ox__fold_int(f, i);
}
