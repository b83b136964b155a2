/* Floor 1. Uses: the inputs of nodes, which are rows side by side, and the list of its uses that each value has. The
 * index of a use is its distance from its node's first one. Adding and removing a use takes constant time. */
#include "ir/note.h"

bool ox__value_is_loose(const ox__value_row *r)
{
    return !r->node && !r->in_item && !r->init_item;
}

void ox__use_link(ox_model *m, uint32_t use, uint32_t value)
{
    ox__put_use(m, use, value, value);
    if (!value) return;
    const ox__value_row *v = ox__value_row_at(m, value);
    uint32_t last = v->use_last;
    ox__put_use(m, use, prev, last);
    ox__put_use(m, use, next, 0);
    if (last)
        ox__put_use(m, last, next, use);
    else
        ox__put_value(m, value, use_first, use);
    ox__put_value(m, value, use_last, use);
    ox__put_value(m, value, use_n, v->use_n + 1u);
}

void ox__use_unlink(ox_model *m, uint32_t use)
{
    const ox__use_row u = *ox__use_row_at(m, use);
    if (!u.value) return;
    const ox__value_row *v = ox__value_row_at(m, u.value);
    if (u.prev)
        ox__put_use(m, u.prev, next, u.next);
    else
        ox__put_value(m, u.value, use_first, u.next);
    if (u.next)
        ox__put_use(m, u.next, prev, u.prev);
    else
        ox__put_value(m, u.value, use_last, u.prev);
    ox__put_value(m, u.value, use_n, v->use_n - 1u);
    ox__put_use(m, use, value, 0);
    if (v->use_n == 0 && ox__value_is_loose(v)) ox__value_kill(m, u.value);
}

void ox__use_transfer(ox_model *m, uint32_t from, uint32_t to)
{
    const ox__use_row u = *ox__use_row_at(m, from);
    ox__put_use(m, to, value, u.value);
    if (!u.value) return;
    ox__put_use(m, to, prev, u.prev);
    ox__put_use(m, to, next, u.next);
    if (u.prev)
        ox__put_use(m, u.prev, next, to);
    else
        ox__put_value(m, u.value, use_first, to);
    if (u.next)
        ox__put_use(m, u.next, prev, to);
    else
        ox__put_value(m, u.value, use_last, to);
    ox__put_use(m, from, value, 0);
}

void ox__inputs_resize(ox_model *m, uint32_t node, uint32_t pos, bool grow)
{
    const ox__node_row *r = ox__node_row_at(m, node);
    uint32_t n = r->in_n, first = r->in_first;
    if (grow) {
        uint32_t to = ox__rows_add(m, OX__USE, n + 1);
        for (uint32_t i = 0; i <= n; i++) ox__put_use(m, to + i, node, node);
        for (uint32_t i = 0; i < n; i++) ox__use_transfer(m, first + i, to + i + (i >= pos));
        ox__put_node(m, node, in_first, to);
        ox__put_node(m, node, in_n, n + 1);
    } else { /* the last place is left behind */
        ox__use_unlink(m, first + pos);
        for (uint32_t i = pos + 1; i < n; i++) ox__use_transfer(m, first + i, first + i - 1);
        ox__put_node(m, node, in_n, n - 1);
    }
}

/* ---- getters ---- */
static ox_use use_handle(const ox_model *m, uint32_t use)
{
    if (!use) return (ox_use){{0, 0}, 0};
    uint32_t node = ox__use_row_at(m, use)->node;
    return (ox_use){ox__node_handle(m, node), use - ox__node_row_at(m, node)->in_first};
}

ox_use ox_value_first_use(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return use_handle(m, r ? r->use_first : 0);
}

ox_use ox_value_next_use(const ox_model *m, ox_use u)
{
    const ox__node_row *n = ox__node_get(m, u.node);
    if (!n || u.index >= n->in_n) return use_handle(m, 0);
    const ox__use_row *r = ox__use_row_at(m, n->in_first + u.index);
    return use_handle(m, r->value ? r->next : 0);
}

size_t ox_value_n_uses(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return r ? r->use_n : 0;
}

/* The uses of v become the tail of by's list, so that the work per use is one word. */
ox_status ox_value_replace_uses(ox_model *m, ox_value v, ox_value by, ox_error *err)
{
    ox_status s = ox__need_value(m, v, err);
    if (s == OX_OK) s = ox__need_value(m, by, err);
    if (s != OX_OK) return s;
    const ox__value_row *from = ox__value_row_at(m, v.id), *to = ox__value_row_at(m, by.id);
    if (m->on_replace && v.id != by.id) m->on_replace(m->replace_ud, v, by);
    if (v.id == by.id || !from->use_n) return OX_OK;
    s = ox__edit(m, ox__touch_named_words(m, v.id) + (size_t)from->use_n * 2 + 8, err);
    if (s != OX_OK) return s;
    uint32_t first = from->use_first, last = from->use_last;
    for (uint32_t u = first; u; u = ox__use_row_at(m, u)->next) {
        const ox__use_row *r = ox__use_row_at(m, u);
        const ox__node_row *n = ox__node_row_at(m, r->node);
        ox__put_use(m, u, value, by.id);
        if (n->flags & OX__RETURN) {
            uint32_t item = ox__graph_output_item(m, n->graph, u - n->in_first);
            ox__put_item(m, item, value, by.id);
            ox__touch_item(m, item, n->graph);
        } else {
            ox__touch_node(m, r->node);
        }
    }
    ox__put_use(m, first, prev, to->use_last);
    if (to->use_last)
        ox__put_use(m, to->use_last, next, first);
    else
        ox__put_value(m, by.id, use_first, first);
    ox__put_value(m, by.id, use_last, last);
    ox__put_value(m, by.id, use_n, to->use_n + from->use_n);
    ox__put_value(m, v.id, use_first, 0);
    ox__put_value(m, v.id, use_last, 0);
    ox__put_value(m, v.id, use_n, 0);
    if (ox__value_is_loose(from)) ox__value_kill(m, v.id);
    OX__NOTE(m, value_replace_uses, v.id, by.id);
    return OX_OK;
}
