/* Floor 1. What up() and down() reach: breadth first over the nodes, a block counting as part of the node that owns it.
 *
 * Up from a node are the makers of its inputs and of what its blocks return; up from a block's input is the owner. Down
 * from a node are the users of its results and of its blocks' inputs; down from what a block returns is the owner. */
#include "ir/query.h"

typedef struct reach {
    const ox_model *m;
    bool up;
    uint8_t *set;
    uint32_t limit;
    OX__VEC(uint32_t) now, next; /* node ids: the front, and the one after it */
    bool nomem;
} reach;

static void visit(reach *r, ox_node n)
{
    if (!n.id || n.id >= r->limit || (r->set[n.id / 8] >> n.id % 8 & 1)) return;
    r->set[n.id / 8] |= (uint8_t)(1u << n.id % 8);
    if (!ox__vec_push(&r->next, n.id)) r->nomem = true;
}

static void up_from_value(reach *r, ox_value v)
{
    if (!v.id) return;
    ox_node maker = ox_value_node(r->m, v);
    if (!maker.id && ox_value_is_input(r->m, v)) maker = ox_graph_owner(r->m, ox_value_graph(r->m, v));
    visit(r, maker);
}

static void down_from_value(reach *r, ox_value v)
{
    if (!v.id) return;
    for (ox_use u = ox_value_first_use(r->m, v); u.node.id; u = ox_value_next_use(r->m, u)) {
        bool end = ox_node_is_return(r->m, u.node);
        visit(r, end ? ox_graph_owner(r->m, ox_node_graph(r->m, u.node)) : u.node);
    }
}

static void step(reach *r, ox_node n)
{
    const ox_model *m = r->m;
    size_t count = r->up ? ox_node_n_inputs(m, n) : ox_node_n_outputs(m, n), blocks = ox_node_n_blocks(m, n);
    for (size_t i = 0; i < count; i++) {
        if (r->up)
            up_from_value(r, ox_node_input(m, n, i));
        else
            down_from_value(r, ox_node_output(m, n, i));
    }
    for (size_t b = 0; b < blocks; b++) {
        ox_graph g = ox_node_block(m, n, b);
        if (ox_graph_owner(m, g).id != n.id) continue;
        count = r->up ? ox_graph_n_outputs(m, g) : ox_graph_n_inputs(m, g);
        for (size_t i = 0; i < count; i++) {
            if (r->up)
                up_from_value(r, ox_graph_output(m, g, i));
            else
                down_from_value(r, ox_graph_input(m, g, i));
        }
    }
}

ox_status ox__query_reach(const ox_model *m, bool up, uint8_t *set, uint32_t limit, uint64_t depth, ox_error *err)
{
    reach r = {.m = m, .up = up, .set = set, .limit = limit};
    for (uint32_t id = 1; id < limit && !r.nomem; id++)
        if ((set[id / 8] >> id % 8 & 1) && !ox__vec_push(&r.next, id)) r.nomem = true;
    for (uint64_t d = 0; d < depth && r.next.n && !r.nomem; d++) {
        r.now.n = 0;
        for (size_t i = 0; i < r.next.n && !r.nomem; i++)
            if (!ox__vec_push(&r.now, r.next.p[i])) r.nomem = true;
        r.next.n = 0;
        for (size_t i = 0; i < r.now.n && !r.nomem; i++) step(&r, ox_model_node_at(m, r.now.p[i]));
    }
    ox__vec_free(&r.now);
    ox__vec_free(&r.next);
    return r.nomem ? ox__nomem(err) : OX_OK;
}

void ox__query_step_value(const ox_model *m, bool up, ox_value v, uint8_t *set, uint32_t limit)
{
    reach r = {.m = m, .up = up, .set = set, .limit = limit};
    if (up)
        up_from_value(&r, v);
    else
        down_from_value(&r, v);
    ox__vec_free(&r.next); /* the set is what counts; who goes on starts from it */
}
