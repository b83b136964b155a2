/* Floor 5. Constant propagation over what a trace computes with numbers, lists and tuples: sizes that are known, their
 * arithmetic, items of lists that are built in the graph, conditions. Tensors are left to the ONNX side. */
#include "convert/args.h"
#include "convert/fold_number.h"
#include "convert/pass.h"

/* What a rule says of a node. */
typedef enum verdict {
    KEEP,
    CONSTANT, /* the only output is `result` */
    VALUE,    /* the only output is `value` */
    DONE      /* the rule changed what there was to change, and the node is gone */
} verdict;

typedef struct fold {
    ox__conv *c;
    ox_node n;
    size_t n_in;
    ox_arg in[4]; /* the first inputs, as far as they are constant */
    ox_arg result;
    ox_value value;
    ox_status s;
} fold;

typedef verdict (*rule_fn)(fold *f);

static ox_value input(const fold *f, size_t i)
{
    return ox_node_input(f->c->m, f->n, i);
}

static ox_type_info type_of(const fold *f, ox_value v)
{
    return ox_type_get(f->c->m, ox_value_type(f->c->m, v));
}

static bool is_number(const ox_arg *a)
{
    return a->kind == OX_ARG_INT || a->kind == OX_ARG_FLOAT || a->kind == OX_ARG_BOOL;
}

static verdict give_int(fold *f, int64_t i)
{
    f->result = (ox_arg){.kind = OX_ARG_INT, .i = i};
    return CONSTANT;
}

static verdict give_bool(fold *f, bool b)
{
    f->result = (ox_arg){.kind = OX_ARG_BOOL, .i = b};
    return CONSTANT;
}

static verdict no_memory(fold *f)
{
    f->s = ox__nomem(f->c->err);
    return DONE;
}

static verdict give_value(fold *f, ox_value v)
{
    f->value = v;
    return VALUE;
}

/* ---- what is known of tensors ---- */
static verdict give_ints(fold *f, const int64_t *v, size_t n)
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
    return VALUE;
}

static verdict rule_size(fold *f)
{
    ox_type_info t = type_of(f, input(f, 0));
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0) return KEEP;
    if (f->n_in >= 2) {
        int64_t axis = f->in[1].i, v;
        if (f->in[1].kind != OX_ARG_INT) return KEEP;
        if (axis < 0) axis += t.rank;
        return axis >= 0 && axis < t.rank && ox_dim_is_const(f->c->m, t.dims[axis], &v) ? give_int(f, v) : KEEP;
    }
    int64_t *v = ox__arena_alloc(&f->c->call, ((size_t)t.rank + 1) * sizeof *v);
    if (!v) return no_memory(f);
    for (int32_t i = 0; i < t.rank; i++)
        if (!ox_dim_is_const(f->c->m, t.dims[i], &v[i])) return KEEP;
    return give_ints(f, v, (size_t)t.rank);
}

static verdict rule_dim(fold *f)
{
    ox_type_info t = type_of(f, input(f, 0));
    return t.kind == OX_TYPE_TENSOR && t.rank >= 0 ? give_int(f, t.rank) : KEEP;
}

static verdict rule_numel(fold *f)
{
    ox_type_info t = type_of(f, input(f, 0));
    int64_t n = 1, v;
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0) return KEEP;
    for (int32_t i = 0; i < t.rank; i++)
        if (!ox_dim_is_const(f->c->m, t.dims[i], &v) || __builtin_mul_overflow(n, v, &n)) return KEEP;
    return give_int(f, n);
}

static verdict rule_dtype(fold *f)
{
    ox_type_info t = type_of(f, input(f, 0));
    int64_t code = t.kind == OX_TYPE_TENSOR ? ox__torch_of_dtype(t.dtype) : -1;
    return code >= 0 ? give_int(f, code) : KEEP;
}

static verdict rule_is_float(fold *f)
{
    ox_type_info t = type_of(f, input(f, 0));
    return t.kind == OX_TYPE_TENSOR && t.dtype ? give_bool(f, ox_dtype_is_float(t.dtype)) : KEEP;
}

static verdict rule_layout(fold *f)
{
    return give_int(f, 0);
} /* strided */

/* Where a tensor lies does not matter to ONNX. */
static verdict rule_device(fold *f)
{
    f->result = (ox_arg){.kind = OX_ARG_STR, .s = "cpu", .s_n = 3};
    return CONSTANT;
}

/* ---- numbers ---- */
static verdict rule_number(fold *f)
{
    ox_type_kind out = type_of(f, ox_node_output(f->c->m, f->n, 0)).kind;
    if (out == OX_TYPE_TENSOR || out == OX_TYPE_LIST) return KEEP;
    for (size_t i = 0; i < f->n_in; i++)
        if (i >= OX__COUNT(f->in) || !is_number(&f->in[i])) return KEEP;
    const char *op = ox_str_text(f->c->m, ox_node_op(f->c->m, f->n), NULL);
    return ox__fold_number(op, f->n_in, f->in, &f->result) ? CONSTANT : KEEP;
}

/* Int(NumToTensor(x)), Int(5), Bool(tensor {1}), ... */
static verdict rule_convert(fold *f)
{
    const char *op = ox_str_text(f->c->m, ox_node_op(f->c->m, f->n), NULL);
    ox_value v = input(f, 0);
    ox_node from = ox_value_node(f->c->m, v);
    bool to_num = strcmp(op, "NumToTensor") != 0;
    if (is_number(&f->in[0])) return ox__fold_conversion(op, &f->in[0], &f->result) ? CONSTANT : KEEP;
    ox_type_kind want = type_of(f, ox_node_output(f->c->m, f->n, 0)).kind;
    if (to_num && from.id && ox__is_prim(f->c, from, "NumToTensor")) {
        ox_value x = ox_node_input(f->c->m, from, 0);
        ox_type_kind kind = type_of(f, x).kind;
        if (kind == want || want == OX_TYPE_NUMBER) return give_value(f, x);
    }
    if (to_num && from.id && ox__is_prim(f->c, from, "Constant")) {
        const ox_attr *a = ox_node_attr(f->c->m, from, "value");
        ox_arg x;
        if (a && a->kind == OX_ATTR_TENSOR && ox__number_of_tensor(f->c->m, a->u.t, &x))
            return ox__fold_conversion(op, &x, &f->result) ? CONSTANT : KEEP;
    }
    return KEEP;
}

static verdict rule_is(fold *f)
{
    bool is_not = strcmp(ox_str_text(f->c->m, ox_node_op(f->c->m, f->n), NULL), "__isnot__") == 0;
    const ox_arg *a = &f->in[0], *b = &f->in[1];
    if (a->kind != OX_ARG_NONE && b->kind != OX_ARG_NONE) return KEEP;
    if (a->kind == OX_ARG_NONE && b->kind == OX_ARG_NONE) return give_bool(f, !is_not);
    const ox_arg *other = a->kind == OX_ARG_NONE ? b : a;
    if (other->kind == OX_ARG_VALUE) {
        ox_type_kind k = type_of(f, other->v).kind;
        if (k == OX_TYPE_NONE_KNOWN || k == OX_TYPE_OPTIONAL || k == OX_TYPE_NONETYPE || k == OX_TYPE_UNION)
            return KEEP;
    }
    return give_bool(f, is_not);
}

static verdict rule_equal_text(fold *f)
{
    const ox_arg *a = &f->in[0], *b = &f->in[1];
    if (a->kind != OX_ARG_STR || b->kind != OX_ARG_STR) return rule_number(f);
    bool same = a->s_n == b->s_n && memcmp(a->s, b->s, a->s_n) == 0;
    return give_bool(f, same == (strcmp(ox_str_text(f->c->m, ox_node_op(f->c->m, f->n), NULL), "eq") == 0));
}

/* ---- lists and tuples ---- */
static ox_node built(const fold *f, ox_value v)
{
    ox_node n = ox_value_node(f->c->m, v);
    bool is = n.id && (ox__is_prim(f->c, n, "ListConstruct") || ox__is_prim(f->c, n, "TupleConstruct"));
    return is ? n : (ox_node){0};
}

static verdict rule_len(fold *f)
{
    if (f->in[0].kind == OX_ARG_LIST) return give_int(f, (int64_t)f->in[0].n);
    ox_type_info t = type_of(f, input(f, 0));
    int64_t v;
    return t.kind == OX_TYPE_TENSOR && t.rank > 0 && ox_dim_is_const(f->c->m, t.dims[0], &v) ? give_int(f, v) : KEEP;
}

/* x.size()[i] is x.size(i), so that only that dim is asked for. */
static verdict size_item(fold *f, ox_node size, int64_t i)
{
    ox__conv *c = f->c;
    ox_value args[2] = {ox_node_input(c->m, size, 0)};
    ox_type_info t = type_of(f, args[0]);
    int64_t v, axis = i < 0 && t.rank > 0 ? i + t.rank : i;
    if (t.kind == OX_TYPE_TENSOR && axis >= 0 && axis < t.rank && ox_dim_is_const(c->m, t.dims[axis], &v))
        return give_int(f, v);
    ox_arg at = {.kind = OX_ARG_INT, .i = i};
    f->s = ox__pass_constant(c, f->n, &at, (ox_type){0}, &args[1]);
    if (f->s == OX_OK) f->s = ox_node_set_inputs(c->m, f->n, 2, args, c->err);
    if (f->s == OX_OK) f->s = ox_node_set_op(c->m, f->n, c->s_aten, ox__conv_str(c, "size"), (ox_str){0}, c->err);
    return KEEP;
}

static verdict rule_item(fold *f)
{
    if (f->n_in < 2 || f->in[1].kind != OX_ARG_INT) return KEEP;
    ox_node list = built(f, input(f, 0)), from = ox_value_node(f->c->m, input(f, 0));
    int64_t i = f->in[1].i, n = list.id                        ? (int64_t)ox_node_n_inputs(f->c->m, list)
                                : f->in[0].kind == OX_ARG_LIST ? (int64_t)f->in[0].n
                                                               : -1;
    if (n < 0) {
        bool size = from.id && ox__is_aten(f->c, from, "size") && ox_node_n_inputs(f->c->m, from) == 1;
        return size ? size_item(f, from, i) : KEEP;
    }
    if (i < 0) i += n;
    if (i < 0 || i >= n) return KEEP;
    if (list.id) return give_value(f, ox_node_input(f->c->m, list, (size_t)i));
    f->result = f->in[0].items[i];
    return is_number(&f->result) || f->result.kind == OX_ARG_STR ? CONSTANT : KEEP;
}

static verdict rule_tuple_index(fold *f)
{
    return built(f, input(f, 0)).id ? rule_item(f) : KEEP;
}

static verdict new_list(fold *f, size_t n, const ox_value *items)
{
    ox__conv *c = f->c;
    ox_node made;
    f->s = ox_node_create(c->m, &made, ox_node_graph(c->m, f->n), f->n, c->s_prim, ox__conv_str(c, "ListConstruct"), n,
                          items, 1, c->err);
    if (f->s == OX_OK) f->s = ox_node_set_origin(c->m, made, ox_node_origin(c->m, f->n), c->err);
    f->value = f->s == OX_OK ? ox_node_output(c->m, made, 0) : (ox_value){0};
    if (f->s == OX_OK)
        f->s = ox_value_set_type(c->m, f->value, ox_value_type(c->m, ox_node_output(c->m, f->n, 0)), c->err);
    return VALUE;
}

/* The items of a list as values; NULL with f->s, or OX_OK there: they are not all known. */
static ox_value *items_of(fold *f, size_t i, size_t *n)
{
    ox_node list = built(f, input(f, i));
    const ox_arg *a = &f->in[i];
    if (a->kind != OX_ARG_LIST) return NULL;
    *n = a->n;
    ox_value *v = ox__arena_alloc(&f->c->call, (a->n + 1) * sizeof *v);
    if (!v) (void)no_memory(f);
    for (size_t k = 0; v && k < a->n; k++) {
        if (list.id)
            v[k] = ox_node_input(f->c->m, list, k);
        else if (!is_number(&a->items[k]) ||
                 (f->s = ox__pass_constant(f->c, f->n, &a->items[k], (ox_type){0}, &v[k])) != OX_OK)
            return NULL;
    }
    return v;
}

static verdict rule_unpack(fold *f)
{
    size_t n = ox_node_n_outputs(f->c->m, f->n), known = 0;
    ox_value *items = items_of(f, 0, &known);
    if (!items || known != n) return KEEP;
    for (size_t i = 0; f->s == OX_OK && i < n; i++)
        f->s = ox_value_replace_uses(f->c->m, ox_node_output(f->c->m, f->n, i), items[i], f->c->err);
    if (f->s == OX_OK) f->s = ox_node_delete(f->c->m, f->n, f->c->err);
    return DONE;
}

static bool gives_list(const fold *f)
{
    return type_of(f, ox_node_output(f->c->m, f->n, 0)).kind == OX_TYPE_LIST;
}

static verdict rule_add(fold *f)
{
    if (!gives_list(f)) return rule_number(f);
    size_t a = 0, b = 0;
    if (f->n_in != 2 || f->in[0].kind != OX_ARG_LIST || f->in[1].kind != OX_ARG_LIST) return KEEP;
    ox_value *x = items_of(f, 0, &a), *y = x ? items_of(f, 1, &b) : NULL;
    ox_value *all = y ? ox__arena_alloc(&f->c->call, (a + b + 1) * sizeof *all) : NULL;
    if (!all) return y ? no_memory(f) : KEEP;
    memcpy(all, x, a * sizeof *all);
    memcpy(all + a, y, b * sizeof *all);
    return new_list(f, a + b, all);
}

static verdict rule_slice(fold *f)
{
    if (!gives_list(f) || f->n_in != 4 || f->in[0].kind != OX_ARG_LIST) return KEEP;
    int64_t n = (int64_t)f->in[0].n, from = 0, to = n, step = 1;
    if (f->in[1].kind == OX_ARG_INT) from = f->in[1].i;
    if (f->in[2].kind == OX_ARG_INT) to = f->in[2].i;
    if (f->in[3].kind == OX_ARG_INT) step = f->in[3].i;
    bool known = (f->in[1].kind == OX_ARG_INT || f->in[1].kind == OX_ARG_NONE) &&
                 (f->in[2].kind == OX_ARG_INT || f->in[2].kind == OX_ARG_NONE);
    if (!known || step < 1) return KEEP;
    from = from < 0 ? OX__MAX(from + n, 0) : OX__MIN(from, n);
    to = to < 0 ? OX__MAX(to + n, 0) : OX__MIN(to, n);
    size_t k = 0, all;
    ox_value *v = items_of(f, 0, &all);
    if (!v) return KEEP;
    for (int64_t i = from; i < to; i += step) v[k++] = v[i];
    return new_list(f, k, v);
}

static verdict rule_same(fold *f)
{
    return f->in[0].kind == OX_ARG_NONE ? KEEP : give_value(f, input(f, 0));
}

static verdict rule_list(fold *f)
{
    return built(f, input(f, 0)).id ? give_value(f, input(f, 0)) : KEEP;
}

/* ---- control ---- */
static verdict rule_if(fold *f)
{
    ox__conv *c = f->c;
    size_t n = ox_node_n_outputs(c->m, f->n);
    if ((f->in[0].kind != OX_ARG_BOOL && f->in[0].kind != OX_ARG_INT) || ox_node_n_blocks(c->m, f->n) != 2) return KEEP;
    ox_graph taken = ox_node_block(c->m, f->n, f->in[0].i ? 0 : 1);
    if (ox_graph_n_outputs(c->m, taken) != n) return KEEP;
    ox_value *results = ox__alloc((n + 1) * sizeof *results);
    if (!results) return no_memory(f);
    f->s = ox__pass_inline_block(c, taken, f->n, results);
    for (size_t i = 0; f->s == OX_OK && i < n; i++)
        f->s = ox__pass_stand_in(c, ox_node_output(c->m, f->n, i), results[i]);
    ox__free(results);
    if (f->s == OX_OK) f->s = ox_node_delete(c->m, f->n, c->err);
    return DONE;
}

/* Messages have no place in a graph; a check that may raise is worth a word. */
static verdict rule_drop(fold *f)
{
    if (ox__is_prim(f->c, f->n, "RaiseException"))
        f->s = ox__report_note(f->c, OX_FAILURE_WARNING, f->n, NULL, "a check that raises an exception is left out");
    if (f->s == OX_OK) f->s = ox_node_delete(f->c->m, f->n, f->c->err);
    return DONE;
}

static const struct {
    const char *domain, *op;
    rule_fn rule;
} rules[] = {
    {"aten", "size", rule_size},
    {"prim", "shape", rule_size},
    {"aten", "dim", rule_dim},
    {"aten", "numel", rule_numel},
    {"prim", "dtype", rule_dtype},
    {"aten", "is_floating_point", rule_is_float},
    {"prim", "layout", rule_layout},
    {"prim", "device", rule_device},
    {"aten", "len", rule_len},
    {"prim", "NumToTensor", rule_convert},
    {"prim", "TensorToNum", rule_convert},
    {"aten", "Int", rule_convert},
    {"aten", "IntImplicit", rule_convert},
    {"aten", "Float", rule_convert},
    {"aten", "FloatImplicit", rule_convert},
    {"aten", "Bool", rule_convert},
    {"aten", "ScalarImplicit", rule_convert},
    {"aten", "item", rule_convert},
    {"aten", "add", rule_add},
    {"aten", "sub", rule_number},
    {"aten", "mul", rule_number},
    {"aten", "div", rule_number},
    {"aten", "floordiv", rule_number},
    {"aten", "floor_divide", rule_number},
    {"aten", "remainder", rule_number},
    {"aten", "pow", rule_number},
    {"aten", "neg", rule_number},
    {"prim", "abs", rule_number},
    {"aten", "ceil", rule_number},
    {"aten", "floor", rule_number},
    {"aten", "round", rule_number},
    {"aten", "sqrt", rule_number},
    {"prim", "min", rule_number},
    {"prim", "max", rule_number},
    {"aten", "lt", rule_number},
    {"aten", "le", rule_number},
    {"aten", "gt", rule_number},
    {"aten", "ge", rule_number},
    {"aten", "eq", rule_equal_text},
    {"aten", "ne", rule_equal_text},
    {"aten", "__not__", rule_number},
    {"aten", "__and__", rule_number},
    {"aten", "__or__", rule_number},
    {"aten", "__is__", rule_is},
    {"aten", "__isnot__", rule_is},
    {"aten", "__getitem__", rule_item},
    {"prim", "TupleIndex", rule_tuple_index},
    {"prim", "TupleUnpack", rule_unpack},
    {"prim", "ListUnpack", rule_unpack},
    {"aten", "list", rule_list},
    {"aten", "slice", rule_slice},
    {"prim", "unchecked_cast", rule_same},
    {"prim", "unchecked_unwrap_optional", rule_same},
    {"aten", "_unwrap_optional", rule_same},
    {"prim", "If", rule_if},
    {"prim", "Print", rule_drop},
    {"aten", "warn", rule_drop},
    {"prim", "RaiseException", rule_drop},
};

bool ox__constants_fold(const char *domain, const char *op)
{
    for (size_t i = 0; i < OX__COUNT(rules); i++)
        if (strcmp(rules[i].op, op) == 0 && strcmp(rules[i].domain, domain) == 0) return true;
    return false;
}

static rule_fn rule_of(const ox__conv *c, ox_node n)
{
    size_t k = ox_node_domain(c->m, n).id == c->s_aten.id ? 0 : ox_node_domain(c->m, n).id == c->s_prim.id ? 1 : 2;
    if (k == 2) return NULL;
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL), *domain = k ? "prim" : "aten";
    if (k && (!strcmp(op, "Constant") || !strcmp(op, "ListConstruct"))) return NULL; /* most nodes */
    for (size_t i = 0; i < OX__COUNT(rules); i++)
        if (rules[i].op[0] == op[0] && strcmp(rules[i].op, op) == 0 && strcmp(rules[i].domain, domain) == 0)
            return rules[i].rule;
    return NULL;
}

static ox_status apply(fold *f, rule_fn rule, uint64_t *changed)
{
    ox__conv *c = f->c;
    size_t had = ox_node_n_outputs(c->m, f->n);
    verdict v = rule(f);
    if (f->s != OX_OK || v == KEEP) return f->s;
    ++*changed;
    if (v == DONE || had != 1) return OX_OK;
    ox_type_info t = type_of(f, ox_node_output(c->m, f->n, 0));
    if (v == CONSTANT) {
        bool tensor = t.kind == OX_TYPE_TENSOR;
        f->s = ox__pass_constant(c, f->n, &f->result,
                                 tensor ? ox_value_type(c->m, ox_node_output(c->m, f->n, 0)) : (ox_type){0}, &f->value);
    }
    return f->s == OX_OK ? ox__pass_replace(c, f->n, 0, f->value) : f->s;
}

static ox_status walk(ox__conv *c, ox_graph g, uint64_t *changed)
{
    ox_node next;
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = next) {
        ox_node before = ox_node_prev(c->m, n);
        next = ox_node_next(c->m, n);
        rule_fn rule = rule_of(c, n);
        ox_status s = ox__conv_tick(c, "constants");
        if (s == OX_OK && rule) {
            fold f = {.c = c, .n = n, .n_in = ox_node_n_inputs(c->m, n)};
            ox__arena_reset(&c->call);
            for (size_t i = 0; s == OX_OK && i < f.n_in && i < OX__COUNT(f.in); i++)
                s = ox__arg_read(c, ox_node_input(c->m, n, i), &f.in[i], c->err);
            if (s == OX_OK) s = apply(&f, rule, changed);
            /* a taken branch stands where the condition stood: it is looked at next */
            if (s == OX_OK && rule == rule_if && !ox_node_is_alive(c->m, n))
                next = before.id ? ox_node_next(c->m, before) : ox_graph_first(c->m, g);
        }
        for (size_t i = 0; s == OX_OK && ox_node_is_alive(c->m, n) && i < ox_node_n_blocks(c->m, n); i++)
            s = walk(c, ox_node_block(c->m, n, i), changed);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__pass_constants(ox__conv *c, uint64_t *changed)
{
    return c->trace ? walk(c, ox_model_main(c->m), changed) : OX_OK;
}
