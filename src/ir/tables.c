/* Floor 1. The tables of rows: growth, birth and death of rows, checks of handles. The model owns them.
 *
 * A table never shrinks its memory, so that a slot emptied by a rollback keeps the generation that it had. */
#include "ir/parts.h"

#include <inttypes.h>

ox_status ox__reserve(ox_model *m, enum ox__tab tab, size_t extra, ox_error *err)
{
    ox__table *t = &m->table[tab];
    if (extra <= t->cap - t->n) return OX_OK;
    if (extra > UINT32_MAX - 1 - t->n)
        return ox__fail(err, OX_E_LIMIT, "a model holds at most %" PRIu32 " nodes, values or edges", UINT32_MAX - 1);
    size_t cap = t->cap;
    if (!ox__vec_grow(&t->p, &cap, (size_t)t->n + extra, t->item)) return ox__nomem(err);
    t->cap = (uint32_t)OX__MIN(cap, (size_t)UINT32_MAX - 1);
    return OX_OK;
}

static bool has_gen(enum ox__tab tab)
{
    return tab >= OX__NODE && tab <= OX__SCOPE;
}

/* The two words that rows of nodes, values, graphs and scopes begin with. */
typedef struct row_head {
    uint32_t gen, flags;
} row_head;

static row_head *head_at(const ox_model *m, enum ox__tab tab, uint32_t id)
{
    return (row_head *)(void *)(m->table[tab].p + (size_t)id * m->table[tab].item);
}

uint32_t ox__rows_add(ox_model *m, enum ox__tab tab, uint32_t n)
{
    ox__table *t = &m->table[tab];
    uint32_t id = t->n;
    memset(t->p + (size_t)id * t->item, 0, (size_t)n * t->item);
    t->n += n;
    if (t->n > t->high) t->high = t->n;
    return id;
}

uint32_t ox__row_add(ox_model *m, enum ox__tab tab)
{
    ox__table *t = &m->table[tab];
    uint32_t id = t->n;
    uint32_t gen = id < t->high && has_gen(tab) ? head_at(m, tab, id)->gen : m->gen0;
    ox__rows_add(m, tab, 1);
    if (has_gen(tab)) head_at(m, tab, id)->gen = gen;
    return id;
}

void ox__row_born(ox_model *m, enum ox__tab tab, uint32_t id, uint32_t flags)
{
    if (!ox__journal_paused(m))
        ox__journal_record(m, (uint32_t)tab << 24 | 4u << 16 | (uint32_t)offsetof(row_head, flags), id, 0);
    head_at(m, tab, id)->flags = flags | OX__ALIVE;
    if (!(flags & OX__RETURN)) m->live[tab]++;
}

void ox__row_kill(ox_model *m, enum ox__tab tab, uint32_t id)
{
    uint32_t flags = head_at(m, tab, id)->flags;
    if (!(flags & OX__ALIVE)) return;
    ox__put(m, tab, id, (uint32_t)offsetof(row_head, flags), 4, flags & ~(uint32_t)OX__ALIVE);
    if (!(flags & OX__RETURN)) m->live[tab]--;
}

void ox__table_shrink(ox_model *m, enum ox__tab tab, uint32_t n)
{
    ox__table *t = &m->table[tab];
    for (uint32_t id = n; id < t->n && has_gen(tab); id++) {
        if (tab == OX__GRAPH) ox__list_cache_free(ox__graph_row_at(m, id));
        row_head *h = head_at(m, tab, id);
        h->flags = 0;
        if (++h->gen == 0) h->gen = 1;
    }
    if (n < t->n) t->n = n;
}

ox_status ox__model_reserve(ox_model *m, size_t nodes, size_t values, size_t uses, size_t strings, ox_error *err)
{
    ox_status s = ox__reserve(m, OX__NODE, nodes, err);
    if (s == OX_OK) s = ox__reserve(m, OX__VALUE, values, err);
    if (s == OX_OK) s = ox__reserve(m, OX__USE, uses, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ID, nodes, err); /* an output each, mostly */
    if (s == OX_OK && !ox__intern_reserve(&m->strings, strings)) s = ox__nomem(err);
    return s;
}

/* ---- checks ---- */
/* While out of memory is sticky every check says so: what is wrong may be wrong because of it, a name that is missing.
 */
static bool out_of_memory(const ox_model *m)
{
    return m && m->oom;
}

static ox_status dead(ox_error *err, const char *what, uint32_t id)
{
    if (!id) return ox__fail(err, OX_E_INVALID, "no %s was given", what);
    return ox__fail(err, OX_E_INVALID, "%s %" PRIu32 " is deleted, or of another model", what, id);
}

ox_status ox__need_node(const ox_model *m, ox_node n, ox_error *err)
{
    const ox__node_row *r = ox__node_get(m, n);
    if (out_of_memory(m)) return ox__nomem(err);
    if (!r) return dead(err, "node", n.id);
    if (r->flags & OX__RETURN)
        return ox__fail(err, OX_E_INVALID, "the return of a graph is changed by its outputs, not as a node");
    return OX_OK;
}

ox_status ox__need_value(const ox_model *m, ox_value v, ox_error *err)
{
    if (out_of_memory(m)) return ox__nomem(err);
    return ox__value_get(m, v) ? OX_OK : dead(err, "value", v.id);
}

ox_status ox__need_value_or_none(const ox_model *m, ox_value v, ox_error *err)
{
    return v.id == 0 ? OX_OK : ox__need_value(m, v, err);
}

ox_status ox__need_graph(const ox_model *m, ox_graph g, ox_error *err)
{
    if (out_of_memory(m)) return ox__nomem(err);
    return ox__graph_get(m, g) ? OX_OK : dead(err, "graph", g.id);
}

static ox_status foreign(ox_error *err, const char *what, uint32_t id)
{
    return ox__fail(err, OX_E_INVALID, "there is no %s of number %" PRIu32 " in this model", what, id);
}

ox_status ox__need_str(const ox_model *m, ox_str s, ox_error *err)
{
    if (out_of_memory(m)) return ox__nomem(err);
    return s.id == 0 || s.id < m->strings.text.n ? OX_OK : foreign(err, "string", s.id);
}

ox_status ox__need_type(const ox_model *m, ox_type t, ox_error *err)
{
    return t.id == 0 || ox__type_exists(m, t) ? OX_OK : foreign(err, "type", t.id);
}

ox_status ox__need_tensor(const ox_model *m, ox_tensor t, ox_error *err)
{
    return t.id == 0 || ox__tensor_exists(m, t) ? OX_OK : foreign(err, "tensor", t.id);
}

ox_status ox__need_layout(const ox_model *m, ox_layout l, ox_error *err)
{
    return l.id == 0 || ox__layout_exists(m, l) ? OX_OK : foreign(err, "layout", l.id);
}

ox_status ox__need_loc(const ox_model *m, ox_loc l, ox_error *err)
{
    return l.id == 0 || ox__loc_exists(m, l) ? OX_OK : foreign(err, "location", l.id);
}
