/* Floor 1. The order of nodes in a graph: a linked list, and keys that grow along it, so that "is a before b" is one
 * comparison. A node put between two others takes a key between theirs; where there is none, the keys of a stretch
 * around the place are spread again, a stretch that is long enough for that to be rare. */
#include "ir/parts.h"

#define STRIDE (UINT64_C(1) << 32)

/* After an undo the keys of a graph may be of different times: it is numbered again when next needed. */
static void refresh(ox_model *m, uint32_t graph)
{
    ox__graph_row *g = ox__graph_row_at(m, graph);
    if (g->order_epoch == m->order_epoch) return;
    uint64_t key = 0;
    for (uint32_t n = g->first; n; n = ox__node_row_at(m, n)->next) ox__node_row_at(m, n)->order = key += STRIDE;
    g->order_epoch = m->order_epoch;
    m->journal.renumbered = ox__journal_pos(m) + 2;
}

/* Spreads the keys around node a until there is a gap after it: the smallest aligned range of keys, a power of two
 * long, that is thinly used; the thinner the longer it is, so that it takes long to fill again. */
static void spread(ox_model *m, uint32_t a)
{
    uint64_t key = ox__node_row_at(m, a)->order;
    uint32_t from = a, to = a;
    uint64_t count = 1, room = 1;
    for (unsigned bits = 1; bits < 64; bits++) {
        uint64_t size = UINT64_C(1) << bits, lo = key & ~(size - 1), hi = lo + (size - 1);
        const ox__node_row *r;
        uint32_t next;
        while ((next = ox__node_row_at(m, from)->prev) && (r = ox__node_row_at(m, next))->order >= lo && r->order) {
            from = next;
            count++;
        }
        while ((next = ox__node_row_at(m, to)->next) && ox__node_row_at(m, next)->order <= hi) {
            to = next;
            count++;
        }
        room = room * 3 / 2 + 1; /* 1.5^bits nodes may be in 2^bits keys */
        if (bits < 2 || count >= room || count > size / 4) continue;
        uint64_t step = size / (count + 1), k = lo;
        for (uint32_t n = from;; n = ox__node_row_at(m, n)->next) {
            ox__node_row_at(m, n)->order = k += step;
            if (n == to) break;
        }
        break;
    }
    m->journal.renumbered = ox__journal_pos(m) + 2;
}

/* A key between two neighbours (0: the end of the list). */
static uint64_t key_between(ox_model *m, uint32_t prev, uint32_t next)
{
    uint64_t lo = prev ? ox__node_row_at(m, prev)->order : 0;
    if (!next) {
        if (lo <= UINT64_MAX - STRIDE) return lo + STRIDE;
        if (lo < UINT64_MAX - 1) return lo + (UINT64_MAX - lo) / 2;
        spread(m, prev);
        lo = ox__node_row_at(m, prev)->order;
        return lo + (UINT64_MAX - lo) / 2;
    }
    uint64_t hi = ox__node_row_at(m, next)->order;
    if (hi - lo < 2) {
        spread(m, prev ? prev : next);
        lo = prev ? ox__node_row_at(m, prev)->order : 0;
        hi = ox__node_row_at(m, next)->order;
    }
    /* Nodes are mostly added one after the other before a fixed one: near the lower neighbour leaves them most room. */
    uint64_t gap = hi - lo;
    return lo + OX__MAX(gap / 16, (uint64_t)1);
}

void ox__order_link(ox_model *m, uint32_t node, uint32_t before)
{
    uint32_t graph = ox__node_row_at(m, node)->graph;
    refresh(m, graph);
    const ox__graph_row *g = ox__graph_row_at(m, graph);
    uint32_t prev = before ? ox__node_row_at(m, before)->prev : g->last;
    uint64_t key = key_between(m, prev, before);
    ox__put_node(m, node, order, key);
    ox__put_node(m, node, prev, prev);
    ox__put_node(m, node, next, before);
    if (prev)
        ox__put_node(m, prev, next, node);
    else
        ox__put_graph(m, graph, first, node);
    if (before)
        ox__put_node(m, before, prev, node);
    else
        ox__put_graph(m, graph, last, node);
    ox__put_graph(m, graph, n_nodes, g->n_nodes + 1u);
}

void ox__order_unlink(ox_model *m, uint32_t node)
{
    const ox__node_row *r = ox__node_row_at(m, node);
    if (r->prev)
        ox__put_node(m, r->prev, next, r->next);
    else
        ox__put_graph(m, r->graph, first, r->next);
    if (r->next)
        ox__put_node(m, r->next, prev, r->prev);
    else
        ox__put_graph(m, r->graph, last, r->prev);
    ox__put_graph(m, r->graph, n_nodes, ox__graph_row_at(m, r->graph)->n_nodes - 1u);
}

bool ox_node_before(const ox_model *m, ox_node a, ox_node b)
{
    const ox__node_row *x = ox__node_get(m, a), *y = ox__node_get(m, b);
    if (!x || !y || x->graph != y->graph || a.id == b.id) return false;
    if ((x->flags | y->flags) & OX__RETURN) return !(x->flags & OX__RETURN); /* the return comes last */
    refresh((ox_model *)m, x->graph);
    return x->order < y->order;
}
