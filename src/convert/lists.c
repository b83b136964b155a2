/* Floor 5. The types of lists that stay lists. An empty list does not say what it will hold: what is put into it, in a
 * branch, in a round of a loop, or later, does. */
#include "convert/lists.h"

#include "convert/dispatch.h"

ox_dtype ox__number_dtype(ox_type_kind kind)
{
    switch (kind) {
    case OX_TYPE_INT: return OX_INT64;
    case OX_TYPE_FLOAT_SCALAR: return OX_FLOAT;
    case OX_TYPE_BOOL_SCALAR: return OX_BOOL;
    default: return OX_UNDEFINED;
    }
}

typedef struct search {
    ox__conv *c;
    OX__VEC(ox_value) todo;
    bool failed;
} search;

static void add(search *w, ox_value v)
{
    bool first = false;
    if (!v.id || w->failed) return;
    if (ox__search_meet(w->c, v, &first, NULL) != OX_OK || (first && !ox__vec_push(&w->todo, v))) w->failed = true;
}

static ox_dtype own_dtype(const ox__conv *c, ox_value v)
{
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    if ((t.kind == OX_TYPE_LIST || t.kind == OX_TYPE_SEQUENCE) && t.n_items) t = ox_type_get(c->m, t.items[0]);
    return t.kind == OX_TYPE_TENSOR ? t.dtype : OX_UNDEFINED;
}

/* Operators whose last input is an item, or another list, and whose last output the list behind. */
static bool is_writer(const ox_model *m, ox_node n)
{
    static const char *const ops[] = {"append", "extend", "insert", "_set_item", "pop", "clear", "reverse", "Delete"};
    if (strcmp(ox_str_text(m, ox_node_domain(m, n), NULL), "prim") != 0) return false;
    for (size_t i = 0; i < OX__COUNT(ops); i++)
        if (strcmp(ox_str_text(m, ox_node_op(m, n), NULL), ops[i]) == 0) return true;
    return false;
}

static bool is_loop(const ox_model *m, ox_node n)
{
    return ox_node_is(m, n, "prim", "Loop") || ox_node_is(m, n, "", "Loop");
}

/* A value that a block returns: the node around it does. */
static void follow_return(search *w, ox_graph g, uint32_t i)
{
    const ox_model *m = w->c->m;
    ox_node owner = ox_graph_owner(m, g);
    if (!owner.id) return;
    bool loop = is_loop(m, owner);
    if (loop && i == 0) return;
    add(w, ox_node_output(m, owner, loop ? i - 1 : i));
    if (loop) add(w, ox_graph_input(m, g, ox_graph_n_inputs(m, g) == ox_graph_n_outputs(m, g) ? i : i + 1));
}

static void follow_uses(search *w, ox_value v)
{
    const ox_model *m = w->c->m;
    for (ox_use u = ox_value_first_use(m, v); u.node.id; u = ox_value_next_use(m, u)) {
        size_t n_out = ox_node_n_outputs(m, u.node);
        if (ox_node_is_return(m, u.node)) {
            follow_return(w, ox_node_graph(m, u.node), u.index);
        } else if (is_writer(m, u.node) && u.index == 0) {
            size_t n_in = ox_node_n_inputs(m, u.node);
            if (n_in > 1) add(w, ox_node_input(m, u.node, n_in - 1));
            add(w, ox_node_output(m, u.node, n_out - 1));
        } else if (is_loop(m, u.node) && u.index >= 2) {
            add(w, ox_node_output(m, u.node, u.index - 2));
            add(w, ox_graph_input(m, ox_node_block(m, u.node, 0), u.index - 1));
        } else if (ox_node_is(m, u.node, "aten", "__getitem__") && n_out == 1) {
            add(w, ox_node_output(m, u.node, 0));
        }
    }
}

static void follow_maker(search *w, ox_value v)
{
    const ox_model *m = w->c->m;
    ox_node n = ox_value_node(m, v);
    uint32_t i = ox_value_index(m, v);
    if (!n.id) { /* carried by a loop */
        ox_graph g = ox_value_graph(m, v);
        ox_node owner = ox_graph_owner(m, g);
        if (!owner.id || i == 0) return;
        size_t shift = ox_graph_n_inputs(m, g) - ox_graph_n_outputs(m, g); /* 1 once the condition is an input */
        add(w, ox_node_input(m, owner, i + 1 - shift));
        add(w, ox_graph_output(m, g, i - shift));
        return;
    }
    bool loop = is_loop(m, n);
    for (size_t b = 0; b < ox_node_n_blocks(m, n); b++)
        add(w, ox_graph_output(m, ox_node_block(m, n, b), loop ? i + 1 : i));
    if (loop) add(w, ox_node_input(m, n, i + 2));
    if (!is_writer(m, n) && !ox_node_is(m, n, "prim", "ListConstruct")) return;
    for (size_t k = 0; k < ox_node_n_inputs(m, n); k++) add(w, ox_node_input(m, n, k));
}

ox_dtype ox__list_dtype(ox__conv *c, ox_value list)
{
    search w = {.c = c};
    ox_dtype found = own_dtype(c, list);
    ox__search_begin(c);
    add(&w, list);
    for (size_t i = 0; !found && !w.failed && i < w.todo.n; i++) {
        ox_value v = w.todo.p[i];
        ox_type_kind kind = ox_type_get(c->m, ox_value_type(c->m, v)).kind;
        found = own_dtype(c, v);
        if (found) break;
        if (kind != OX_TYPE_TENSOR) follow_uses(&w, v); /* else an item */
        follow_maker(&w, v);
    }
    ox__vec_free(&w.todo);
    return found;
}

ox_type ox__list_type(ox__conv *c, ox_value v)
{
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    if (t.kind != OX_TYPE_LIST || t.n_items != 1) return (ox_type){0};
    ox_type_kind item = ox_type_get(c->m, t.items[0]).kind;
    ox_dtype number = ox__number_dtype(item);
    ox_dim len = ox_dim_unknown(c->m, "the length of a list");
    if (number) return ox_type_tensor(c->m, number, 1, &len);
    if (item != OX_TYPE_TENSOR) return (ox_type){0};
    ox_type tensor = ox_type_tensor(c->m, ox__list_dtype(c, v), OX_RANK_UNKNOWN, NULL);
    return ox_type_of(c->m, OX_TYPE_SEQUENCE, tensor);
}
