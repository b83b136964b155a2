/* Floor 5. Lists that a trace takes apart. Operators with their numbers as attributes (prim::ConstantChunk) get the
 * form of the others; a list whose items are read by number is unpacked where another reader unpacks it. */
#include "convert/args.h"
#include "convert/pass.h"

/* prim::ConstantChunk[chunks=2, dim=1](x) to aten::chunk(x, 2, 1) and prim::ListUnpack. */
static ox_status lower_chunk(ox__conv *c, ox_node n, const char *op, const char *first, uint64_t *changed)
{
    const ox_attr *a = ox_node_attr(c->m, n, first), *d = ox_node_attr(c->m, n, "dim");
    if (!a || !d || a->kind != OX_ATTR_INT || d->kind != OX_ATTR_INT || ox_node_n_inputs(c->m, n) < 1) return OX_OK;
    ox_value args[3] = {ox_node_input(c->m, n, 0)};
    ox_arg num = {.kind = OX_ARG_INT, .i = a->u.i}, dim = {.kind = OX_ARG_INT, .i = d->u.i};
    size_t n_out = ox_node_n_outputs(c->m, n);
    ox_node list, unpack;
    ox_status s = ox__pass_constant(c, n, &num, (ox_type){0}, &args[1]);
    if (s == OX_OK) s = ox__pass_constant(c, n, &dim, (ox_type){0}, &args[2]);
    if (s == OX_OK)
        s = ox_node_create(c->m, &list, ox_node_graph(c->m, n), n, c->s_aten, ox__conv_str(c, op), 3, args, 1, c->err);
    if (s != OX_OK) return s;
    ox_value v = ox_node_output(c->m, list, 0);
    ox_type tensor = ox_type_tensor(c->m, OX_UNDEFINED, OX_RANK_UNKNOWN, NULL);
    s = ox_value_set_type(c->m, v, ox_type_of(c->m, OX_TYPE_LIST, tensor), c->err);
    if (s == OX_OK)
        s = ox_node_create(c->m, &unpack, ox_node_graph(c->m, n), n, c->s_prim, ox__conv_str(c, "ListUnpack"), 1, &v,
                           n_out, c->err);
    if (s != OX_OK) return s;
    ox_node both[2] = {list, unpack};
    for (int i = 0; s == OX_OK && i < 2; i++) {
        s = ox_node_set_scope(c->m, both[i], ox_node_scope(c->m, n), c->err);
        if (s == OX_OK) s = ox_node_set_loc(c->m, both[i], ox_node_loc(c->m, n), c->err);
        if (s == OX_OK) s = ox_node_set_origin(c->m, both[i], ox_node_origin(c->m, n), c->err);
    }
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        ox_value was = ox_node_output(c->m, n, i), is = ox_node_output(c->m, unpack, i);
        s = ox_value_set_type(c->m, is, ox_value_type(c->m, was), c->err);
        if (s == OX_OK) s = ox_value_replace_uses(c->m, was, is, c->err);
    }
    ++*changed;
    return s == OX_OK ? ox_node_delete(c->m, n, c->err) : s;
}

/* A list that is unpacked, and also read by number or unpacked again: all readers share the first unpacking. */
static ox_status share_unpack(ox__conv *c, ox_node unpack, uint64_t *changed)
{
    ox_value list = ox_node_input(c->m, unpack, 0);
    size_t n = ox_node_n_outputs(c->m, unpack);
    if (ox_value_n_uses(c->m, list) < 2) return OX_OK;
    for (ox_use u = ox_value_first_use(c->m, list), next; u.node.id; u = next) {
        next = ox_value_next_use(c->m, u);
        ox_status s = OX_OK;
        if (u.node.id == unpack.id || ox_node_is_return(c->m, u.node) || !ox_node_before(c->m, unpack, u.node))
            continue;
        if (ox__is_prim(c, u.node, "ListUnpack") && ox_node_n_outputs(c->m, u.node) == n) {
            for (size_t i = 0; s == OX_OK && i < n; i++)
                s = ox_value_replace_uses(c->m, ox_node_output(c->m, u.node, i), ox_node_output(c->m, unpack, i),
                                          c->err);
        } else if (ox__is_aten(c, u.node, "__getitem__")) {
            ox_arg at;
            s = ox__arg_read(c, ox_node_input(c->m, u.node, 1), &at, c->err);
            int64_t i = at.i < 0 ? at.i + (int64_t)n : at.i;
            if (s == OX_OK && (at.kind != OX_ARG_INT || i < 0 || (uint64_t)i >= n)) continue;
            if (s == OX_OK)
                s = ox_value_replace_uses(c->m, ox_node_output(c->m, u.node, 0),
                                          ox_node_output(c->m, unpack, (size_t)i), c->err);
        } else {
            continue;
        }
        if (s == OX_OK) s = ox_node_delete(c->m, u.node, c->err);
        if (s != OX_OK) return s;
        ++*changed;
    }
    return OX_OK;
}

static ox_status walk(ox__conv *c, ox_graph g, uint64_t *changed)
{
    ox_node next;
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = next) {
        ox_status s = OX_OK;
        if (ox__is_prim(c, n, "ListUnpack")) s = share_unpack(c, n, changed);
        next = ox_node_next(c->m, n);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++)
            s = walk(c, ox_node_block(c->m, n, i), changed);
        if (s == OX_OK && ox__is_prim(c, n, "ConstantChunk"))
            s = lower_chunk(c, n, "chunk", "chunks", changed);
        else if (s == OX_OK && ox__is_prim(c, n, "ConstantSplit"))
            s = lower_chunk(c, n, "split", "split_size", changed);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__pass_lists(ox__conv *c, uint64_t *changed)
{
    return c->trace ? walk(c, ox_model_main(c->m), changed) : OX_OK;
}
