/* Floor 5. Copies of blocks: the rounds of a loop that is unrolled, the bodies of forks. A copy keeps scope, source
 * line and origin of each node. */
#include "convert/fold.h"
#include "ir/ir.h"

static bool know(ox__conv *c, ox_value v, ox_value is)
{
    size_t had = c->twins.n;
    if (v.id >= had) {
        size_t want = OX__MAX((size_t)v.id + 1, (size_t)ox_model_value_limit(c->m));
        if (!ox__vec_reserve(&c->twins, want)) return false;
        c->twins.n = want;
        memset(c->twins.p + had, 0, (want - had) * sizeof *c->twins.p);
    }
    c->twins.p[v.id] = is;
    return true;
}

static ox_value twin(const ox__conv *c, ox_value v)
{
    return v.id < c->twins.n && c->twins.p[v.id].id ? c->twins.p[v.id] : v;
}

/* The table is as it was before, for the next copy. */
static void forget(ox__conv *c, ox_graph g)
{
    for (size_t i = 0; i < ox_graph_n_inputs(c->m, g); i++) {
        ox_value v = ox_graph_input(c->m, g, i);
        if (v.id < c->twins.n) c->twins.p[v.id] = (ox_value){0};
    }
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = ox_node_next(c->m, n)) {
        for (size_t i = 0; i < ox_node_n_outputs(c->m, n); i++) {
            ox_value v = ox_node_output(c->m, n, i);
            if (v.id < c->twins.n) c->twins.p[v.id] = (ox_value){0};
        }
        for (size_t i = 0; i < ox_node_n_blocks(c->m, n); i++) forget(c, ox_node_block(c->m, n, i));
    }
}

static ox_status copy_nodes(ox__conv *c, ox_graph from, ox_graph to, ox_node before);

static ox_status copy_value(ox__conv *c, ox_value was, ox_value is)
{
    uint32_t flags = ox__conv_flags(c, was);
    if (!know(c, was, is)) return ox__nomem(c->err);
    ox_status s = ox_value_set_type(c->m, is, ox_value_type(c->m, was), c->err);
    return s == OX_OK && flags ? ox__conv_set_flags(c, is, flags, c->err) : s;
}

static ox_status copy_into(ox__conv *c, ox_graph from, ox_graph to)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, from); i++) {
        ox_value was = ox_graph_input(c->m, from, i), is;
        s = ox_graph_add_input(c->m, &is, to, SIZE_MAX, ox_value_name(c->m, was), ox_value_type(c->m, was), c->err);
        if (s == OX_OK) s = copy_value(c, was, is);
    }
    if (s == OX_OK) s = copy_nodes(c, from, to, (ox_node){0});
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_outputs(c->m, from); i++)
        s = ox_graph_add_output(c->m, to, i, twin(c, ox_graph_output(c->m, from, i)), c->err);
    return s;
}

static ox_status copy_blocks(ox__conv *c, ox_node from, ox_node to)
{
    size_t n = ox_node_n_blocks(c->m, from);
    ox_graph *made = ox__alloc((n + 1) * sizeof *made);
    ox_status s = made ? OX_OK : ox__nomem(c->err);
    for (size_t i = 0; s == OX_OK && i < n; i++)
        s = ox_graph_create(c->m, &made[i], OX_GRAPH_BLOCK, (ox_str){0}, c->err);
    ox_attr a = {.name = ox__conv_str(c, "blocks"), .kind = OX_ATTR_GRAPHS, .n = (uint32_t)n, .u.graphs = made};
    if (s == OX_OK) s = ox_node_set_attr(c->m, to, &a, c->err);
    for (size_t i = 0; s == OX_OK && i < n; i++)
        s = copy_into(c, ox_node_block(c->m, from, i), ox_node_block(c->m, to, i));
    ox__free(made);
    return s;
}

static ox_status copy_rest(ox__conv *c, ox_node n, ox_node made)
{
    const ox_attr *attrs;
    ox_status s =
        ox_node_set_op(c->m, made, ox_node_domain(c->m, n), ox_node_op(c->m, n), ox_node_overload(c->m, n), c->err);
    size_t n_attrs = ox_node_attrs(c->m, n, &attrs);
    for (size_t i = 0; s == OX_OK && i < n_attrs; i++)
        if (attrs[i].kind != OX_ATTR_GRAPHS && attrs[i].kind != OX_ATTR_GRAPH)
            s = ox_node_set_attr(c->m, made, &attrs[i], c->err);
    if (s == OX_OK) s = ox_node_set_scope(c->m, made, ox_node_scope(c->m, n), c->err);
    if (s == OX_OK) s = ox_node_set_loc(c->m, made, ox_node_loc(c->m, n), c->err);
    if (s == OX_OK) s = ox_node_set_origin(c->m, made, ox_node_origin(c->m, n), c->err);
    return s == OX_OK && ox_node_n_blocks(c->m, n) ? copy_blocks(c, n, made) : s;
}

static ox_status copy_nodes(ox__conv *c, ox_graph from, ox_graph to, ox_node before)
{
    for (ox_node n = ox_graph_first(c->m, from); n.id; n = ox_node_next(c->m, n)) {
        size_t n_in = ox_node_n_inputs(c->m, n), n_out = ox_node_n_outputs(c->m, n);
        ox_value *in = ox__alloc((n_in + 1) * sizeof *in);
        if (!in) return ox__nomem(c->err);
        for (size_t i = 0; i < n_in; i++) in[i] = twin(c, ox_node_input(c->m, n, i));
        ox_node made;
        ox_status s = ox_node_create(c->m, &made, to, before, ox_node_domain(c->m, n), ox_node_op(c->m, n), n_in, in,
                                     n_out, c->err);
        ox__free(in);
        for (size_t i = 0; s == OX_OK && i < n_out; i++)
            s = copy_value(c, ox_node_output(c->m, n, i), ox_node_output(c->m, made, i));
        if (s == OX_OK) s = copy_rest(c, n, made);
        if (s == OX_OK) s = ox__conv_tick(c, "copies");
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__copy_block(ox__conv *c, ox_graph block, const ox_value *inputs, ox_node before, ox_value *results)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, block); i++)
        if (!know(c, ox_graph_input(c->m, block, i), inputs[i])) s = ox__nomem(c->err);
    if (s == OX_OK) s = copy_nodes(c, block, ox_node_graph(c->m, before), before);
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_outputs(c->m, block); i++)
        results[i] = twin(c, ox_graph_output(c->m, block, i));
    forget(c, block);
    return s;
}

size_t ox__block_size(const ox__conv *c, ox_graph block)
{
    size_t k = 0;
    for (ox_node n = ox_graph_first(c->m, block); n.id; n = ox_node_next(c->m, n)) {
        k++;
        for (size_t i = 0; i < ox_node_n_blocks(c->m, n); i++) k += ox__block_size(c, ox_node_block(c->m, n, i));
    }
    return k;
}

bool ox__block_holds(const ox__conv *c, ox_graph block, ox_graph g)
{
    while (g.id && g.id != block.id) g = ox_graph_parent(c->m, g);
    return g.id != 0;
}
