/* Floor 1. Dirty marks: which records of the file differ from what the model says. They are journalled words like all
 * others, so that a model whose edits were undone is clean again. A mark goes up: the owner of a graph that holds a
 * dirty record is marked OX__BELOW, its graph too, and so on to the model. As a marked row has marked owners, going up
 * ends at the first one that is marked already. While loading nothing is marked. */
#include "ir/parts.h"

void ox__touch_top(ox_model *m, uint32_t flags)
{
    if (ox__journal_paused(m)) return;
    ox__put_top(m, flags, ox__top(m)->flags | flags);
}

/* Marks graph and its owners as holding something dirty. */
static void below(ox_model *m, uint32_t graph)
{
    for (uint32_t g = graph;;) {
        const ox__graph_row *r = ox__graph_row_at(m, g);
        if (r->flags & OX__BELOW) return;
        ox__put_graph(m, g, flags, r->flags | OX__BELOW);
        if (!r->owner) break;
        const ox__node_row *n = ox__node_row_at(m, r->owner);
        ox__put_node(m, r->owner, flags, n->flags | OX__BELOW);
        g = n->graph;
    }
    ox__touch_top(m, OX__BELOW);
}

void ox__touch_graph(ox_model *m, uint32_t graph, uint32_t flags)
{
    if (ox__journal_paused(m)) return;
    ox__put_graph(m, graph, flags, ox__graph_row_at(m, graph)->flags | flags);
    below(m, graph);
}

void ox__touch_node(ox_model *m, uint32_t node)
{
    if (ox__journal_paused(m)) return;
    const ox__node_row *r = ox__node_row_at(m, node);
    ox__put_node(m, node, flags, r->flags | OX__DIRTY);
    below(m, r->graph);
}

void ox__touch_item(ox_model *m, uint32_t item, uint32_t graph)
{
    if (ox__journal_paused(m) || !item) return;
    ox__put_item(m, item, flags, ox__item_row_at(m, item)->flags | OX__DIRTY);
    below(m, graph);
}

/* The outputs of graphs that v is. */
static void touch_outputs(ox_model *m, uint32_t value)
{
    for (uint32_t u = ox__value_row_at(m, value)->use_first; u; u = ox__use_row_at(m, u)->next) {
        uint32_t node = ox__use_row_at(m, u)->node;
        const ox__node_row *n = ox__node_row_at(m, node);
        if (n->flags & OX__RETURN) ox__touch_item(m, ox__graph_output_item(m, n->graph, u - n->in_first), n->graph);
    }
}

void ox__touch_value(ox_model *m, uint32_t value)
{
    if (ox__journal_paused(m)) return;
    const ox__value_row *r = ox__value_row_at(m, value);
    ox__put_value(m, value, flags, r->flags | OX__DIRTY);
    ox__touch_item(m, r->in_item, r->graph);
    ox__touch_item(m, r->init_item, r->graph);
    if (r->flags & OX__DECLARED) below(m, r->graph);
    touch_outputs(m, value);
}

void ox__touch_named(ox_model *m, uint32_t value)
{
    if (ox__journal_paused(m)) return;
    ox__touch_value(m, value);
    const ox__value_row *r = ox__value_row_at(m, value);
    if (r->node) ox__touch_node(m, r->node);
    for (uint32_t u = r->use_first; u; u = ox__use_row_at(m, u)->next) {
        uint32_t node = ox__use_row_at(m, u)->node;
        if (!(ox__node_row_at(m, node)->flags & OX__RETURN)) ox__touch_node(m, node);
    }
}

/* A use marks its node or output item; the way up is marked once for each graph and owner at most. */
size_t ox__touch_named_words(const ox_model *m, uint32_t value)
{
    return (size_t)ox__value_row_at(m, value)->use_n * 2 + (size_t)m->live[OX__GRAPH] * 2 + 8;
}
