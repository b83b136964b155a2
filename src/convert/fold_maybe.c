/* Floor 5. Operators with an argument that is None or not as the model runs: a branch for each. ONNX has no such
 * argument, and an operator is converted by what it is given. */
#include "convert/fold.h"

static bool is_maybe(const ox__conv *c, ox_value v)
{
    ox_node n = ox_value_node(c->m, v);
    return n.id && ox__is_prim(c, n, "maybe");
}

static ox_status same_place(ox__conv *c, ox_node from, ox_node to)
{
    ox_status s = ox_node_set_scope(c->m, to, ox_node_scope(c->m, from), c->err);
    if (s == OX_OK) s = ox_node_set_loc(c->m, to, ox_node_loc(c->m, from), c->err);
    return s == OX_OK ? ox_node_set_origin(c->m, to, ox_node_origin(c->m, from), c->err) : s;
}

static ox_status make_none(ox__conv *c, ox_graph g, ox_node at, ox_value *out)
{
    ox_node n;
    ox_status s = ox_node_create(c->m, &n, g, (ox_node){0}, c->s_prim, ox__conv_str(c, "Constant"), 0, NULL, 1, c->err);
    if (s == OX_OK) s = same_place(c, at, n);
    if (s != OX_OK) return s;
    *out = ox_node_output(c->m, n, 0);
    return ox_value_set_type(c->m, *out, ox_type_simple(c->m, OX_TYPE_NONETYPE), c->err);
}

/* The operator in a branch: `maybe` is the value that it may be, or None. */
static ox_status fill_branch(ox__conv *c, ox_graph g, ox_node n, ox_value maybe, bool there)
{
    size_t n_in = ox_node_n_inputs(c->m, n), n_out = ox_node_n_outputs(c->m, n);
    ox_value stands = ox_node_input(c->m, ox_value_node(c->m, maybe), 1);
    ox_node made;
    ox_status s = there ? OX_OK : make_none(c, g, n, &stands);
    ox_value *in = s == OX_OK ? ox__alloc((n_in + 1) * sizeof *in) : NULL;
    if (!in) return s == OX_OK ? ox__nomem(c->err) : s;
    for (size_t i = 0; i < n_in; i++) {
        in[i] = ox_node_input(c->m, n, i);
        if (in[i].id == maybe.id) in[i] = stands;
    }
    s = ox_node_create(c->m, &made, g, (ox_node){0}, ox_node_domain(c->m, n), ox_node_op(c->m, n), n_in, in, n_out,
                       c->err);
    ox__free(in);
    if (s == OX_OK)
        s = ox_node_set_op(c->m, made, ox_node_domain(c->m, n), ox_node_op(c->m, n), ox_node_overload(c->m, n), c->err);
    if (s == OX_OK) s = same_place(c, n, made);
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        ox_value v = ox_node_output(c->m, made, i);
        s = ox_value_set_type(c->m, v, ox_value_type(c->m, ox_node_output(c->m, n, i)), c->err);
        if (s == OX_OK) s = ox_graph_add_output(c->m, g, i, v, c->err);
    }
    return s;
}

static ox_status split(ox__conv *c, ox_node n, ox_value maybe)
{
    ox_node node;
    ox_graph block[2];
    ox_value there = ox_node_input(c->m, ox_value_node(c->m, maybe), 0);
    size_t n_out = ox_node_n_outputs(c->m, n);
    ox_status s = ox_node_create(c->m, &node, ox_node_graph(c->m, n), n, c->s_prim, ox__conv_str(c, "If"), 1, &there,
                                 n_out, c->err);
    for (int b = 0; s == OX_OK && b < 2; b++) s = ox_graph_create(c->m, &block[b], OX_GRAPH_BLOCK, (ox_str){0}, c->err);
    ox_attr a = {.name = ox__conv_str(c, "blocks"), .kind = OX_ATTR_GRAPHS, .n = 2, .u.graphs = block};
    if (s == OX_OK) s = ox_node_set_attr(c->m, node, &a, c->err);
    if (s == OX_OK) s = same_place(c, n, node);
    for (size_t b = 0; s == OX_OK && b < 2; b++) s = fill_branch(c, ox_node_block(c->m, node, b), n, maybe, b == 0);
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        ox_value was = ox_node_output(c->m, n, i), is = ox_node_output(c->m, node, i);
        s = ox_value_set_type(c->m, is, ox_value_type(c->m, was), c->err);
        if (s == OX_OK) s = ox_value_set_name(c->m, is, ox_value_name(c->m, was), c->err);
        if (s == OX_OK) s = ox_value_replace_uses(c->m, was, is, c->err);
    }
    return s == OX_OK ? ox_node_delete(c->m, n, c->err) : s;
}

ox_status ox__split_maybe(ox__conv *c, ox_graph g, uint64_t *changed)
{
    ox_status s = OX_OK;
    ox_node next;
    for (ox_node n = ox_graph_first(c->m, g); s == OX_OK && n.id; n = next) {
        ox_value maybe = {0};
        next = ox_node_next(c->m, n);
        s = ox__conv_tick(c, "constants");
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++)
            s = ox__split_maybe(c, ox_node_block(c->m, n, i), changed);
        for (size_t i = 0; ox__node_in(c, n, c->s_aten) && i < ox_node_n_inputs(c->m, n); i++)
            if (is_maybe(c, ox_node_input(c->m, n, i))) maybe = ox_node_input(c->m, n, i);
        if (s != OX_OK || !maybe.id) continue;
        s = split(c, n, maybe);
        ++*changed;
    }
    return s;
}
