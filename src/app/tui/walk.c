/* Floor 7. Nodes in the order in which they are listed. */
#include "app/tui/tui.h"

#include "app/module.h"

/* The first node of the blocks of n from number i on. */
static ox_node into(const ox_model *m, ox_node n, size_t i)
{
    for (size_t count = ox_node_n_blocks(m, n); i < count; i++) {
        ox_node first = ox_graph_first(m, ox_node_block(m, n, i));
        if (first.id) return first;
    }
    return (ox_node){0, 0};
}

static size_t block_number(const ox_model *m, ox_node owner, ox_graph g)
{
    for (size_t i = 0, n = ox_node_n_blocks(m, owner); i < n; i++)
        if (ox_node_block(m, owner, i).id == g.id) return i;
    return SIZE_MAX - 1;
}

ox_node ox_node_after(const ox_model *m, ox_node n)
{
    ox_node next = into(m, n, 0);
    while (!next.id && n.id) {
        ox_graph g = ox_node_graph(m, n);
        next = ox_node_next(m, n);
        if (next.id) break;
        n = ox_graph_owner(m, g);
        if (n.id) next = into(m, n, block_number(m, n, g) + 1);
    }
    return next;
}

static bool is_constant(const ox_model *m, ox_node n)
{
    return ox_node_is(m, n, "prim", "Constant") || ox_node_is(m, n, "", "Constant");
}

/* What one word says. */
static bool is_plain(const ox_model *m, ox_node n)
{
    return is_constant(m, n) || ox_module_path(m, n, NULL, 0);
}

bool ox_node_is_folded(const ox_model *m, ox_node n)
{
    if (is_plain(m, n)) return true;
    if (!ox_node_is(m, n, "prim", "ListConstruct")) return false;
    for (size_t i = 0, count = ox_node_n_inputs(m, n); i < count; i++) {
        ox_node from = ox_value_node(m, ox_node_input(m, n, i));
        if (!from.id || !is_plain(m, from)) return false;
    }
    return true;
}
