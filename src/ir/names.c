/* Floor 1. Finding by name: values and nodes of a graph, functions, child scopes, and names that are not taken.
 *
 * The indexes are derived data, built when first asked and never told of removals: a hit is verified against its row,
 * so that an entry whose row was deleted or renamed is passed over, and is right again when that is undone. A rollback
 * keeps an index that was built before the mark, since it has seen every name since. A name that several rows have is
 * kept apart, and its rows are looked for one by one: a file full of equal names costs no more than a file. */
#include "ir/parts.h"

#include <inttypes.h>
#include <stdio.h>

void ox__names_free(ox__names *x)
{
    ox__index_free(&x->index);
    ox__index_free(&x->twice);
    x->built = 0;
}

static void drop(ox__names *x)
{
    ox__index_clear(&x->index);
    ox__index_clear(&x->twice);
    x->built = 0;
}

void ox__names_rolled_back(ox_model *m, uint64_t pos)
{
    ox__names *all[] = {&m->value_names, &m->node_names, &m->function_names, &m->scope_names};
    for (size_t i = 0; i < OX__COUNT(all); i++)
        if (all[i]->built > pos) drop(all[i]);
}

/* A row with key (a, b, c) of some table. */
typedef struct probe {
    const ox_model *m;
    uint32_t a, b, c;
} probe;

typedef struct kind {
    enum ox__tab tab;
    size_t names; /* offset of the ox__names in ox_model */
    /* Fills the key of a row; false if it has none (dead, unnamed). */
    bool (*key)(const ox_model *m, uint32_t id, probe *out);
} kind;

static bool value_key(const ox_model *m, uint32_t id, probe *out)
{
    const ox__value_row *r = ox__value_row_at(m, id);
    *out = (probe){m, r->graph, r->name, 0};
    return (r->flags & OX__ALIVE) && r->name > 1;
}

static bool node_key(const ox_model *m, uint32_t id, probe *out)
{
    const ox__node_row *r = ox__node_row_at(m, id);
    *out = (probe){m, r->graph, r->name, 0};
    return (r->flags & OX__ALIVE) && r->name > 1;
}

static uint32_t or_empty(ox_str s)
{
    return s.id ? s.id : 1;
}

static bool function_key(const ox_model *m, uint32_t id, probe *out)
{
    const ox__graph_row *r = ox__graph_row_at(m, id);
    const ox_function_info *f = r->ext ? r->ext->function : NULL;
    *out = (probe){m, f ? or_empty(f->domain) : 1, or_empty((ox_str){r->name}), f ? or_empty(f->overload) : 1};
    return (r->flags & OX__ALIVE) && r->kind == OX_GRAPH_FUNCTION;
}

static bool scope_key(const ox_model *m, uint32_t id, probe *out)
{
    const ox__scope_row *r = ox__scope_row_at(m, id);
    *out = (probe){m, r->parent, r->cls, r->attr};
    return r->flags & OX__ALIVE;
}

static const kind values = {OX__VALUE, offsetof(ox_model, value_names), value_key};
static const kind nodes = {OX__NODE, offsetof(ox_model, node_names), node_key};
static const kind functions = {OX__GRAPH, offsetof(ox_model, function_names), function_key};
static const kind scopes = {OX__SCOPE, offsetof(ox_model, scope_names), scope_key};

static ox__names *names_of(const ox_model *m, const kind *k)
{
    return (ox__names *)(void *)((char *)(ox_model *)m + k->names);
}

static uint64_t hash_of(const probe *p)
{
    return ox__hash_mix((uint64_t)p->a << 32 | p->b, p->c);
}

static bool same_key(const probe *p, const probe *q)
{
    return p->a == q->a && p->b == q->b && p->c == q->c;
}

#define EQ(name) \
    static bool eq_##name(const void *ud, uint32_t id) \
    { \
        const probe *p = ud; \
        probe q; \
        return id < p->m->table[name##s.tab].n && name##_key(p->m, id, &q) && same_key(p, &q); \
    }
EQ(value)
EQ(node)
EQ(function)
EQ(scope)
#undef EQ

static ox__index_eq eq_of(const kind *k)
{
    if (k == &values) return eq_value;
    if (k == &nodes) return eq_node;
    return k == &functions ? eq_function : eq_scope;
}

/* The keys in `twice` are kept by their hash alone (ids there are never read back): any row will do. */
static bool eq_any(const void *ud, uint32_t id)
{
    (void)ud;
    (void)id;
    return true;
}

/* Adds a row unless its name is there; then notes that the name is there twice. Drops all when out of memory. */
static void add(ox_model *m, const kind *k, uint32_t id)
{
    ox__names *x = names_of(m, k);
    probe p;
    if (!x->built || !k->key(m, id, &p)) return;
    uint64_t h = hash_of(&p);
    uint32_t there = ox__index_find(&x->index, h, eq_of(k), &p);
    if (there == id) return;
    bool ok = true;
    if (!there)
        ok = ox__index_add(&x->index, h, id);
    else if (!ox__index_find(&x->twice, h, eq_any, NULL))
        ok = ox__index_add(&x->twice, h, there);
    if (!ok) drop(x);
}

/* Makes the index if it is not there, or holds mostly names of the past. False without memory. */
static bool ready(const ox_model *cm, const kind *k)
{
    ox_model *m = (ox_model *)cm;
    ox__names *x = names_of(m, k);
    if (x->index.n > 2 * (size_t)m->live[k->tab] + 1024) drop(x);
    if (x->built) return true;
    x->built = ox__journal_pos(m) + 1;
    for (uint32_t id = 1; id < m->table[k->tab].n && x->built; id++) add(m, k, id);
    return x->built != 0;
}

/* The only row of a key, 0 if there is none; *several if there may be more and the caller has to look. */
static uint32_t find(const ox_model *m, const kind *k, probe p, bool *several)
{
    p.m = m;
    *several = !ready(m, k);
    if (*several) return 0;
    const ox__names *x = names_of(m, k);
    uint64_t h = hash_of(&p);
    if (x->twice.n && ox__index_find(&x->twice, h, eq_any, NULL)) *several = true;
    return *several ? 0 : ox__index_find(&x->index, h, eq_of(k), &p);
}

/* The first row of a key in the order of the table. */
static uint32_t scan(const ox_model *m, const kind *k, const probe *p)
{
    probe q;
    for (uint32_t id = 1; id < m->table[k->tab].n; id++)
        if (k->key(m, id, &q) && same_key(p, &q)) return id;
    return 0;
}

void ox__names_value(ox_model *m, uint32_t value)
{
    add(m, &values, value);
}

void ox__names_node(ox_model *m, uint32_t node)
{
    add(m, &nodes, node);
}

void ox__names_function(ox_model *m, uint32_t graph)
{
    add(m, &functions, graph);
}

void ox__names_scope(ox_model *m, uint32_t scope)
{
    add(m, &scopes, scope);
}

uint32_t ox__names_find_value(const ox_model *m, uint32_t graph, uint32_t name)
{
    bool several;
    probe p = {m, graph, name, 0};
    uint32_t id = find(m, &values, p, &several);
    return several ? scan(m, &values, &p) : id;
}

uint32_t ox__names_find_scope(const ox_model *m, uint32_t parent, uint32_t cls, uint32_t attr)
{
    bool several;
    probe p = {m, parent, cls, attr};
    uint32_t id = find(m, &scopes, p, &several);
    return several ? scan(m, &scopes, &p) : id;
}

ox_value ox_graph_find_value(const ox_model *m, ox_graph g, ox_str name)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    if (!r || name.id <= 1) return (ox_value){0, 0};
    for (uint32_t graph = g.id, depth = 0; graph && depth <= OX__MAX_DEPTH; depth++) {
        uint32_t id = ox__names_find_value(m, graph, name.id);
        if (id) return ox__value_handle(m, id);
        uint32_t owner = ox__graph_row_at(m, graph)->owner;
        graph = owner ? ox__node_row_at(m, owner)->graph : 0;
    }
    return (ox_value){0, 0};
}

ox_node ox_graph_find_node(const ox_model *m, ox_graph g, ox_str name)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    if (!r || name.id <= 1) return (ox_node){0, 0};
    bool several;
    uint32_t id = find(m, &nodes, (probe){m, g.id, name.id, 0}, &several);
    if (several)
        for (id = r->first; id && ox__node_row_at(m, id)->name != name.id;) id = ox__node_row_at(m, id)->next;
    return ox__node_handle(m, id);
}

ox_graph ox_model_find_function(const ox_model *m, ox_str domain, ox_str op, ox_str overload)
{
    if (!m || ox__top(m)->fn_n == 0) return (ox_graph){0, 0};
    probe p = {m, or_empty(domain), or_empty(op), or_empty(overload)};
    bool several;
    uint32_t id = find(m, &functions, p, &several);
    return ox__graph_handle(m, several ? scan(m, &functions, &p) : id);
}
