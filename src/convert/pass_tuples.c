/* Floor 5. Tuples: ONNX has none. A graph that returns a tuple (or a list, or a dict) returns its parts; what branches
 * return is taken apart the same way. */
#include "convert/fold.h"

/* Of what the graph returns, and of what a node does: each part is added to a list that is copied for it. */
enum { MAX_PARTS = 1024 };

static ox_type_kind kind_of(const ox__conv *c, ox_value v)
{
    return ox_type_get(c->m, ox_value_type(c->m, v)).kind;
}

/* ---- what it returns ---- */

/* The parts of a value that the graph returns; false if it is none of the built kinds. Dicts hold keys and values. */
static bool parts_of(const ox__conv *c, ox_value v, ox_node *from, size_t *first, size_t *step)
{
    *from = ox_value_node(c->m, v);
    *first = 0;
    *step = 1;
    if (!from->id) return false;
    if (ox__is_prim(c, *from, "DictConstruct"))
        *first = 1, *step = 2;
    else if (!ox__is_prim(c, *from, "TupleConstruct") && !ox__is_prim(c, *from, "ListConstruct"))
        return false;
    return !(ox__conv_flags(c, v) & OX__V_WRITTEN);
}

static ox_status take_output_apart(ox__conv *c, size_t i, ox_node from, size_t first, size_t step)
{
    ox_graph g = ox_model_main(c->m);
    size_t n = ox_node_n_inputs(c->m, from), k = 0;
    ox_status s = OX_OK;
    for (size_t j = first; s == OX_OK && j < n; j += step)
        s = ox_graph_add_output(c->m, g, i + 1 + k++, ox_node_input(c->m, from, j), c->err);
    return s == OX_OK ? ox_graph_remove_output(c->m, g, i, c->err) : s;
}

static bool is_none(const ox__conv *c, ox_value v)
{
    ox_node n = ox_value_node(c->m, v);
    return kind_of(c, v) == OX_TYPE_NONETYPE ||
           (n.id && ox__is_prim(c, n, "Constant") && ox_node_attrs(c->m, n, NULL) == 0);
}

static ox_status flatten_outputs(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    for (size_t i = 0, taken = 0; i < ox_graph_n_outputs(c->m, g);) {
        ox_value v = ox_graph_output(c->m, g, i);
        ox_node from;
        size_t first, step;
        ox_status s = OX_OK;
        if (is_none(c, v) || kind_of(c, v) == OX_TYPE_STR) {
            s = ox__report_note(c, OX_FAILURE_WARNING, (ox_node){0}, NULL,
                                "output %zu of the graph is %s and is left out", i + 1,
                                is_none(c, v) ? "None" : "a string");
            if (s == OX_OK) s = ox_graph_remove_output(c->m, g, i, c->err);
        } else if (parts_of(c, v, &from, &first, &step) && taken + ox_node_n_inputs(c->m, from) < MAX_PARTS) {
            taken += ox_node_n_inputs(c->m, from) + 1;
            s = take_output_apart(c, i, from, first, step);
        } else {
            i++;
            continue;
        }
        ++*changed;
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

/* ---- what branches return ---- */

/* Result i of all blocks is a tuple of as many parts: the node returns the parts. */
static ox_status split_result(ox__conv *c, ox_node n, size_t i, bool *split)
{
    size_t n_blocks = ox_node_n_blocks(c->m, n), parts = SIZE_MAX;
    *split = false;
    for (size_t b = 0; b < n_blocks; b++) {
        ox_graph g = ox_node_block(c->m, n, b);
        ox_node from = ox_value_node(c->m, ox_graph_output(c->m, g, i));
        if (!from.id || !ox__is_prim(c, from, "TupleConstruct")) return OX_OK;
        size_t k = ox_node_n_inputs(c->m, from);
        if (parts != SIZE_MAX && parts != k) return OX_OK;
        parts = k;
    }
    if (parts > MAX_PARTS) return OX_OK;
    size_t had = ox_node_n_outputs(c->m, n);
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, ox_node_output(c->m, n, i)));
    ox_value *made = ox__alloc((parts + 1) * sizeof *made);
    if (!made) return ox__nomem(c->err);
    ox_status s = OX_OK;
    for (size_t k = 0; s == OX_OK && k < parts; k++) {
        ox_type type = t.kind == OX_TYPE_TUPLE && k < t.n_items ? t.items[k] : (ox_type){0};
        s = ox_node_add_output(c->m, &made[k], n, (ox_str){0}, type, c->err);
        for (size_t b = 0; s == OX_OK && b < n_blocks; b++) {
            ox_graph g = ox_node_block(c->m, n, b);
            ox_node from = ox_value_node(c->m, ox_graph_output(c->m, g, i));
            s = ox_graph_add_output(c->m, g, had + k, ox_node_input(c->m, from, k), c->err);
        }
    }
    ox_node tuple;
    if (s == OX_OK)
        s = ox_node_create(c->m, &tuple, ox_node_graph(c->m, n), ox_node_next(c->m, n), c->s_prim,
                           ox__conv_str(c, "TupleConstruct"), parts, made, 1, c->err);
    if (s == OX_OK) s = ox_value_replace_uses(c->m, ox_node_output(c->m, n, i), ox_node_output(c->m, tuple, 0), c->err);
    ox__free(made);
    *split = s == OX_OK;
    return s;
}

static ox_status unpack(ox__conv *c, ox_node n, uint64_t *changed)
{
    ox_node from = ox_value_node(c->m, ox_node_input(c->m, n, 0)), at = ox_value_node(c->m, ox_node_input(c->m, n, 1));
    size_t n_out = ox_node_n_outputs(c->m, n), n_parts = ox_node_n_inputs(c->m, from), first = 0;
    if (!from.id || !ox__is_prim(c, from, "TupleConstruct")) return OX_OK;
    if (ox__is_prim(c, n, "TupleIndex")) {
        const ox_attr *a = at.id && ox__is_prim(c, at, "Constant") ? ox_node_attr(c->m, at, "value") : NULL;
        if (!a || a->kind != OX_ATTR_INT) return OX_OK;
        int64_t i = a->u.i < 0 ? a->u.i + (int64_t)n_parts : a->u.i;
        if (i < 0 || (uint64_t)i >= n_parts) return OX_OK;
        first = (size_t)i;
        n_parts = 1;
    }
    if (n_parts != n_out) return OX_OK;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_out; i++)
        s = ox_value_replace_uses(c->m, ox_node_output(c->m, n, i), ox_node_input(c->m, from, first + i), c->err);
    ++*changed;
    return s == OX_OK ? ox_node_delete(c->m, n, c->err) : s;
}

static ox_status walk(ox__conv *c, ox_graph g, uint64_t *changed)
{
    ox_node next;
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = next) {
        next = ox_node_next(c->m, n);
        ox_status s = OX_OK;
        bool split;
        for (size_t b = 0; s == OX_OK && b < ox_node_n_blocks(c->m, n); b++)
            s = walk(c, ox_node_block(c->m, n, b), changed);
        if (s == OX_OK && ox__is_prim(c, n, "If"))
            for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(c->m, n); i++) {
                s = split_result(c, n, i, &split);
                if (!split) continue;
                ++*changed;
                next = ox_node_next(c->m, n);
            }
        if (s == OX_OK && !c->trail) s = ox__fold_results(c, n, changed); /* the tuples that nobody reads now */
        if (s == OX_OK && (ox__is_prim(c, n, "TupleUnpack") || ox__is_prim(c, n, "TupleIndex")))
            s = unpack(c, n, changed);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__tuples_inside(ox__conv *c, uint64_t *changed)
{
    return walk(c, ox_model_main(c->m), changed);
}

ox_status ox__pass_tuples(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    if (!c->trace) return OX_OK;
    ox_status s = walk(c, g, changed);
    return s == OX_OK ? flatten_outputs(c, changed) : s;
}
