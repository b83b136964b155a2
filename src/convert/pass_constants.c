/* Floor 5. Constant propagation over what a trace computes with numbers, strings, lists, dicts and tuples: sizes that
 * are known, their arithmetic, items of lists that are built in the graph, conditions, loops. Tensors are left to the
 * ONNX side. */
#include "convert/args.h"
#include "convert/fold.h"

/* Of a string, or of a tensor. */
static ox__verdict split_rule(ox__fold *f)
{
    return f->in[0].kind == OX_ARG_STR ? ox__rule_split_text(f) : ox__rule_parts(f);
}

static const struct {
    const char *domain, *op;
    ox__rule_fn rule;
} rules[] = {
    {"aten", "size", ox__rule_size},
    {"prim", "shape", ox__rule_size},
    {"aten", "dim", ox__rule_dim},
    {"aten", "numel", ox__rule_numel},
    {"prim", "dtype", ox__rule_dtype},
    {"aten", "is_floating_point", ox__rule_is_float},
    {"prim", "isinstance", ox__rule_isinstance},
    {"prim", "layout", ox__rule_layout},
    {"prim", "device", ox__rule_device},
    {"aten", "len", ox__rule_len},
    {"prim", "NumToTensor", ox__rule_convert},
    {"prim", "TensorToNum", ox__rule_convert},
    {"aten", "Int", ox__rule_convert},
    {"aten", "IntImplicit", ox__rule_convert},
    {"aten", "Float", ox__rule_convert},
    {"aten", "FloatImplicit", ox__rule_convert},
    {"aten", "Bool", ox__rule_convert},
    {"aten", "ScalarImplicit", ox__rule_convert},
    {"aten", "item", ox__rule_convert},
    {"aten", "add", ox__rule_add},
    {"aten", "sub", ox__rule_number},
    {"aten", "mul", ox__rule_mul},
    {"aten", "div", ox__rule_number},
    {"aten", "floordiv", ox__rule_number},
    {"aten", "floor_divide", ox__rule_number},
    {"aten", "remainder", ox__rule_number},
    {"aten", "pow", ox__rule_number},
    {"aten", "neg", ox__rule_number},
    {"prim", "abs", ox__rule_number},
    {"aten", "ceil", ox__rule_number},
    {"aten", "floor", ox__rule_number},
    {"aten", "round", ox__rule_number},
    {"aten", "sqrt", ox__rule_number},
    {"prim", "min", ox__rule_extreme},
    {"prim", "max", ox__rule_extreme},
    {"aten", "lt", ox__rule_number},
    {"aten", "le", ox__rule_number},
    {"aten", "gt", ox__rule_number},
    {"aten", "ge", ox__rule_number},
    {"aten", "eq", ox__rule_equal},
    {"aten", "ne", ox__rule_equal},
    {"aten", "__not__", ox__rule_number},
    {"aten", "__and__", ox__rule_number},
    {"aten", "__or__", ox__rule_number},
    {"aten", "__is__", ox__rule_is},
    {"aten", "__isnot__", ox__rule_is},
    {"aten", "__getitem__", ox__rule_item},
    {"prim", "TupleIndex", ox__rule_tuple_index},
    {"prim", "TupleUnpack", ox__rule_tuple_unpack},
    {"prim", "TupleUnpack", ox__rule_unpack},
    {"prim", "ListUnpack", ox__rule_unpack},
    {"aten", "list", ox__rule_list},
    {"aten", "slice", ox__rule_slice},
    {"prim", "unchecked_cast", ox__rule_same},
    {"prim", "unchecked_unwrap_optional", ox__rule_same},
    {"aten", "_unwrap_optional", ox__rule_same},
    {"aten", "bitwise_not", ox__rule_number},
    {"aten", "__xor__", ox__rule_number},
    {"aten", "__lshift__", ox__rule_number},
    {"aten", "__rshift__", ox__rule_number},
    {"aten", "fmod", ox__rule_number},
    {"aten", "log", ox__rule_number},
    {"aten", "log2", ox__rule_number},
    {"aten", "log10", ox__rule_number},
    {"aten", "exp", ox__rule_number},
    {"aten", "sin", ox__rule_number},
    {"aten", "cos", ox__rule_number},
    {"aten", "tan", ox__rule_number},
    {"aten", "tanh", ox__rule_number},
    {"aten", "gcd", ox__rule_number},
    {"aten", "__range_length", ox__rule_range_length},
    {"aten", "__derive_index", ox__rule_derive_index},
    {"prim", "is_cuda", ox__rule_mode},
    {"prim", "is_nested", ox__rule_mode},
    {"prim", "is_quantized", ox__rule_mode},
    {"prim", "is_sparse", ox__rule_mode},
    {"prim", "requires_grad", ox__rule_mode},
    {"aten", "is_grad_enabled", ox__rule_mode},
    {"aten", "is_autocast_enabled", ox__rule_mode},
    {"aten", "is_autocast_cpu_enabled", ox__rule_mode},
    {"aten", "is_scripting", ox__rule_mode},
    {"prim", "type", ox__rule_device},
    {"aten", "__contains__", ox__rule_contains},
    {"aten", "index", ox__rule_index},
    {"aten", "count", ox__rule_index},
    {"aten", "any", ox__rule_any},
    {"aten", "all", ox__rule_any},
    {"aten", "sum", ox__rule_sum},
    {"aten", "split", split_rule},
    {"aten", "split_with_sizes", ox__rule_parts},
    {"aten", "tensor_split", ox__rule_parts},
    {"aten", "chunk", ox__rule_parts},
    {"aten", "unbind", ox__rule_parts},
    {"aten", "sorted", ox__rule_sorted},
    {"aten", "copy", ox__rule_dict_new},
    {"aten", "dict", ox__rule_dict_new},
    {"aten", "keys", ox__rule_dict_parts},
    {"aten", "values", ox__rule_dict_parts},
    {"aten", "items", ox__rule_dict_parts},
    {"aten", "get", ox__rule_dict_get},
    {"prim", "append", ox__rule_grow},
    {"prim", "extend", ox__rule_grow},
    {"prim", "insert", ox__rule_grow},
    {"prim", "clear", ox__rule_grow},
    {"prim", "mul", ox__rule_mul},
    {"prim", "pop", ox__rule_pop},
    {"prim", "remove", ox__rule_delete},
    {"prim", "Delete", ox__rule_delete},
    {"prim", "reverse", ox__rule_reverse},
    {"prim", "sort", ox__rule_sorted},
    {"prim", "_set_item", ox__rule_set_item},
    {"prim", "update", ox__rule_dict_update},
    {"prim", "setdefault", ox__rule_dict_default},
    {"aten", "format", ox__rule_format},
    {"aten", "percentFormat", ox__rule_percent},
    {"aten", "str", ox__rule_str},
    {"aten", "join", ox__rule_join},
    {"aten", "lower", ox__rule_text},
    {"aten", "upper", ox__rule_text},
    {"aten", "strip", ox__rule_text},
    {"aten", "lstrip", ox__rule_text},
    {"aten", "rstrip", ox__rule_text},
    {"aten", "replace", ox__rule_text},
    {"aten", "find", ox__rule_text},
    {"aten", "startswith", ox__rule_text},
    {"aten", "endswith", ox__rule_text},
    {"prim", "Loop", ox__rule_loop},
    {"aten", "wait", ox__rule_wait},
    {"prim", "If", ox__rule_if},
    {"prim", "Print", ox__rule_drop},
    {"aten", "warn", ox__rule_drop},
    {"prim", "RaiseException", ox__rule_drop},
};

bool ox__constants_fold(const char *domain, const char *op)
{
    for (size_t i = 0; i < OX__COUNT(rules); i++)
        if (strcmp(rules[i].op, op) == 0 && strcmp(rules[i].domain, domain) == 0) return true;
    return false;
}

static ox__rule_fn rule_of(const ox__conv *c, ox_node n)
{
    size_t k = ox_node_domain(c->m, n).id == c->s_aten.id ? 0 : ox_node_domain(c->m, n).id == c->s_prim.id ? 1 : 2;
    if (k == 2) return NULL;
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL), *domain = k ? "prim" : "aten";
    if (k && (!strcmp(op, "Constant") || !strcmp(op, "ListConstruct"))) return NULL; /* most nodes */
    if (k && !strncmp(op, "fork_", 5)) return ox__rule_fork;
    for (size_t i = 0; i < OX__COUNT(rules); i++)
        if (rules[i].op[0] == op[0] && strcmp(rules[i].op, op) == 0 && strcmp(rules[i].domain, domain) == 0)
            return rules[i].rule;
    return NULL;
}

static ox_status apply(ox__fold *f, ox__rule_fn rule, uint64_t *changed)
{
    ox__conv *c = f->c;
    size_t had = ox_node_n_outputs(c->m, f->n);
    ox__verdict v = rule(f);
    if (f->s != OX_OK || v == OX__FOLD_NOT) return f->s;
    ++*changed;
    if (v == OX__FOLD_DONE || had != 1) return OX_OK;
    ox_type_info t = ox__fold_type(f, ox_node_output(c->m, f->n, 0));
    if (v == OX__FOLD_CONST) {
        bool tensor = t.kind == OX_TYPE_TENSOR;
        f->s = ox__pass_constant(c, f->n, &f->result,
                                 tensor ? ox_value_type(c->m, ox_node_output(c->m, f->n, 0)) : (ox_type){0}, &f->value);
    }
    return f->s == OX_OK ? ox__pass_replace(c, f->n, 0, f->value) : f->s;
}

/* What is known of a list that is written to is known at that point alone. */
static ox_status read_inputs(ox__fold *f)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < f->n_in && i < OX__COUNT(f->in); i++) {
        ox_value v = ox_node_input(f->c->m, f->n, i);
        if (ox__conv_flags(f->c, v) & OX__V_WRITTEN)
            f->in[i] = (ox_arg){.kind = OX_ARG_VALUE, .v = v};
        else
            s = ox__arg_read(f->c, v, &f->in[i], f->c->err);
    }
    return s;
}

static bool gives_written(const ox__conv *c, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_outputs(c->m, n); i++)
        if (ox__conv_flags(c, ox_node_output(c->m, n, i)) & OX__V_WRITTEN) return true;
    return false;
}

static ox_status walk(ox__conv *c, ox_graph g, uint64_t *changed);

static ox_status walk_blocks(ox__conv *c, ox_node n, uint64_t *changed)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++)
        s = walk(c, ox_node_block(c->m, n, i), changed);
    return s;
}

/* A branch is chosen before its nodes are looked at; of a loop, the body is made simple before it is copied. */
static ox_status walk(ox__conv *c, ox_graph g, uint64_t *changed)
{
    ox_node next;
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = next) {
        ox_node before = ox_node_prev(c->m, n);
        next = ox_node_next(c->m, n);
        ox__rule_fn rule = rule_of(c, n);
        ox_status s = ox__conv_tick(c, "constants");
        bool loop = rule == ox__rule_loop, blocks = ox_node_n_blocks(c->m, n) > 0;
        if (s == OX_OK && loop) s = walk_blocks(c, n, changed);
        if (s == OX_OK && rule && (blocks || !gives_written(c, n))) {
            ox__fold f = {.c = c, .n = n, .n_in = ox_node_n_inputs(c->m, n)};
            ox__arena_reset(&c->call);
            s = read_inputs(&f);
            if (s == OX_OK) s = apply(&f, rule, changed);
            /* nodes that came in front are looked at next */
            if (s == OX_OK && f.again) {
                next = before.id ? ox_node_next(c->m, before) : ox_graph_first(c->m, g);
                continue;
            }
        }
        if (s == OX_OK && blocks && ox_node_is_alive(c->m, n)) {
            if (!loop) s = walk_blocks(c, n, changed);
            if (s == OX_OK && !c->trail) s = ox__fold_results(c, n, changed);
        }
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

static bool has_blocks(const ox_model *m)
{
    ox_graph g = ox_model_main(m);
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n))
        if (ox_node_n_blocks(m, n)) return true;
    return false;
}

enum { MAX_ROUNDS = 32 };

/* A branch that goes may settle which list is written to, and a list that is known a condition: so again, as long as
 * something changes. */
ox_status ox__pass_constants(ox__conv *c, uint64_t *changed)
{
    ox_status s = OX_OK;
    bool more = c->trace, branches = more && has_blocks(c->m);
    for (int i = 0; s == OX_OK && more && i < MAX_ROUNDS; i++) {
        uint64_t now = 0;
        s = ox__objects(c, &now);
        if (s == OX_OK) s = ox__list_writes(c, &now);
        if (s == OX_OK) s = walk(c, ox_model_main(c->m), &now);
        if (s == OX_OK) s = ox__tuples_inside(c, &now);
        if (s == OX_OK && !c->trail) s = ox__drop_dead(c, &now);
        if (s == OX_OK && !now && branches) s = ox__split_maybe(c, ox_model_main(c->m), &now);
        *changed += now;
        more = now && (branches || c->lists_marked);
    }
    return s == OX_OK && c->trace && !c->trail ? ox__drop_forks(c) : s;
}
