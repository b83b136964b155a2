/* Floor 5. Lists that are empty before a loop. An empty list says nothing of its items, so what the rounds put into it
 * is what they are; without it, whatever is made of the list behind the loop has no shape. */
#include "convert/control.h"

#include "ops/infer.h"

enum { MAX_STEPS = 256 };

typedef struct look {
    ox__conv *c;
    ox_value carried; /* what the body takes */
    ox_type found;
    bool lost; /* it may be some other list */
    unsigned steps;
} look;

static void look_at(look *w, ox_value list);

static void add_item(look *w, ox_value item)
{
    ox_type t = ox_value_type(w->c->m, item);
    w->found = w->found.id
                   ? ox__type_join(w->c->m, w->found, t, "the items of a list differ", ox_value_node(w->c->m, item))
                   : t;
    w->lost = w->lost || !w->found.id;
}

static void look_at(look *w, ox_value list)
{
    const ox_model *m = w->c->m;
    ox_node n = ox_value_node(m, list);
    if (list.id == w->carried.id || w->lost) return;
    if (!n.id || ++w->steps > MAX_STEPS) {
        w->lost = true;
    } else if (ox_node_is(m, n, "", "SequenceInsert")) {
        add_item(w, ox_node_input(m, n, 1));
        look_at(w, ox_node_input(m, n, 0));
    } else if (ox_node_is(m, n, "", "Identity")) {
        look_at(w, ox_node_input(m, n, 0));
    } else if (ox_node_is(m, n, "", "If")) {
        for (size_t b = 0; b < ox_node_n_blocks(m, n); b++)
            look_at(w, ox_graph_output(m, ox_node_block(m, n, b), ox_value_index(m, list)));
    } else if (!ox_node_is(m, n, "", "SequenceEmpty")) {
        w->lost = true;
    }
}

static bool is_bare(const ox_model *m, ox_type type)
{
    ox_type_info t = ox_type_get(m, type);
    if (t.kind != OX_TYPE_SEQUENCE || !t.n_items) return false;
    t = ox_type_get(m, t.items[0]);
    return t.kind == OX_TYPE_TENSOR && t.rank < 0;
}

bool ox__loop_items(ox__conv *c, ox_node n, ox_graph body, ox_type *types)
{
    bool any = false;
    for (size_t i = 2; i < ox_node_n_inputs(c->m, n); i++) {
        ox_value first = ox_node_input(c->m, n, i);
        ox_node from = ox_value_node(c->m, first);
        types[i - 2] = (ox_type){0};
        if (!from.id || !ox_node_is(c->m, from, "", "SequenceEmpty") || !is_bare(c->m, ox_value_type(c->m, first)))
            continue;
        look w = {.c = c, .carried = ox_graph_input(c->m, body, i)};
        look_at(&w, ox_graph_output(c->m, body, i - 1));
        ox_type_info t = ox_type_get(c->m, w.found);
        if (w.lost || t.kind != OX_TYPE_TENSOR || !t.dtype || t.rank < 0) continue;
        types[i - 2] = ox_type_of(c->m, OX_TYPE_SEQUENCE, w.found);
        any = any || types[i - 2].id;
    }
    return any;
}

ox_status ox__loop_set_items(ox__conv *c, ox_node n, const ox_type *types, ox_error *err)
{
    ox_status s = OX_OK;
    for (size_t i = 2; s == OX_OK && i < ox_node_n_inputs(c->m, n); i++)
        if (types[i - 2].id) s = ox_value_set_type(c->m, ox_node_input(c->m, n, i), types[i - 2], err);
    return s;
}
