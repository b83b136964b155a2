/* Floor 1. The inputs and the initializers of a graph: linked OX__ITEM rows, so that one of 26,000 initializers is
 * added and removed at once. Access by number goes through a cache of positions that is right up to some length and is
 * made longer when someone asks for more, so that neither a loop over all nor one that removes some is quadratic. */
#include "ir/parts.h"

struct ox__list_cache {
    uint32_t epoch;
    struct {
        uint32_t *p; /* item ids */
        size_t n, cap;
    } list[2];
};

static const ox__list *list_of(const ox__graph_row *g, enum ox__list_kind k)
{
    return k == OX__LIST_IN ? &g->in : &g->init;
}

void ox__list_cache_free(ox__graph_row *g)
{
    if (!g->cache) return;
    ox__free(g->cache->list[0].p);
    ox__free(g->cache->list[1].p);
    ox__free(g->cache);
    g->cache = NULL;
}

/* The cache, emptied if an undo made it wrong; NULL when there is none and no memory for one. */
static ox__list_cache *cache_of(const ox_model *m, ox__graph_row *g, bool make)
{
    if (!g->cache && make && (g->cache = ox__calloc(1, sizeof *g->cache))) g->cache->epoch = m->list_epoch;
    if (g->cache && g->cache->epoch != m->list_epoch) {
        g->cache->list[0].n = g->cache->list[1].n = 0;
        g->cache->epoch = m->list_epoch;
    }
    return g->cache;
}

/* The item of number i, by walking: for when there is no memory for the cache. */
static uint32_t walk(const ox_model *m, const ox__list *l, size_t i)
{
    uint32_t item = l->first;
    while (item && i--) item = ox__item_row_at(m, item)->next;
    return item;
}

/* The item of number i, which is less than the length of the list. */
static uint32_t item_at(const ox_model *m, ox__graph_row *g, enum ox__list_kind k, size_t i)
{
    const ox__list *l = list_of(g, k);
    if (i == 0) return l->first;
    if (i == l->n - 1) return l->last;
    ox__list_cache *c = cache_of(m, g, true);
    if (!c || !ox__vec_reserve(&c->list[k], i + 1)) return walk(m, l, i);
    while (c->list[k].n <= i) {
        size_t n = c->list[k].n;
        uint32_t item = n ? ox__item_row_at(m, c->list[k].p[n - 1])->next : l->first;
        ox__value_row *v = ox__value_row_at(m, ox__item_row_at(m, item)->value);
        if (k == OX__LIST_IN) v->index = (uint32_t)n;
        c->list[k].p[c->list[k].n++] = item;
    }
    return c->list[k].p[i];
}

uint32_t ox__list_at(const ox_model *m, uint32_t graph, enum ox__list_kind k, size_t i)
{
    ox__graph_row *g = ox__graph_row_at(m, graph);
    return i < list_of(g, k)->n ? ox__item_row_at(m, item_at(m, g, k, i))->value : 0;
}

/* The cached position of an item, SIZE_MAX if the cache does not reach it. */
static size_t cached_position(const ox_model *m, ox__graph_row *g, enum ox__list_kind k, uint32_t item)
{
    ox__list_cache *c = cache_of(m, g, false);
    if (!c) return SIZE_MAX;
    if (k == OX__LIST_IN) {
        size_t i = ox__value_row_at(m, ox__item_row_at(m, item)->value)->index;
        return i < c->list[k].n && c->list[k].p[i] == item ? i : SIZE_MAX;
    }
    for (size_t i = c->list[k].n; i-- > 0;)
        if (c->list[k].p[i] == item) return i;
    return SIZE_MAX;
}

size_t ox__list_position(const ox_model *m, uint32_t graph, enum ox__list_kind k, uint32_t value)
{
    ox__graph_row *g = ox__graph_row_at(m, graph);
    const ox__value_row *v = ox__value_row_at(m, value);
    uint32_t item = k == OX__LIST_IN ? v->in_item : v->init_item;
    size_t pos = cached_position(m, g, k, item);
    if (pos != SIZE_MAX) return pos;
    if (list_of(g, k)->n > 1) item_at(m, g, k, list_of(g, k)->n - 2); /* fills it up to the last but one */
    pos = cached_position(m, g, k, item);
    if (pos != SIZE_MAX) return pos;
    if (item == list_of(g, k)->last) return list_of(g, k)->n - 1;
    pos = 0;
    for (uint32_t i = list_of(g, k)->first; i && i != item; i = ox__item_row_at(m, i)->next) pos++;
    return pos;
}

/* The cache is right below `pos` only. */
static void cut_cache(const ox_model *m, ox__graph_row *g, enum ox__list_kind k, size_t pos)
{
    ox__list_cache *c = cache_of(m, g, false);
    if (c && c->list[k].n > pos) c->list[k].n = pos;
}

#define PUT_LIST(m, graph, k, field, v) \
    ((k) == OX__LIST_IN ? ox__put_graph(m, graph, in.field, v) : ox__put_graph(m, graph, init.field, v))

void ox__list_insert(ox_model *m, uint32_t graph, enum ox__list_kind k, uint32_t value, size_t pos)
{
    ox__graph_row *g = ox__graph_row_at(m, graph);
    const ox__list *l = list_of(g, k);
    uint32_t next = pos < l->n ? item_at(m, g, k, pos) : 0;
    uint32_t prev = next ? ox__item_row_at(m, next)->prev : l->last;
    cut_cache(m, g, k, OX__MIN(pos, (size_t)l->n));
    uint32_t item = ox__row_add(m, OX__ITEM);
    *ox__item_row_at(m, item) = (ox__item_row){value, prev, next, 0, ox__journal_paused(m) ? 0 : OX__DIRTY};
    if (prev)
        ox__put_item(m, prev, next, item);
    else
        PUT_LIST(m, graph, k, first, item);
    if (next)
        ox__put_item(m, next, prev, item);
    else
        PUT_LIST(m, graph, k, last, item);
    PUT_LIST(m, graph, k, n, l->n + 1u);
    if (k == OX__LIST_IN)
        ox__put_value(m, value, in_item, item);
    else
        ox__put_value(m, value, init_item, item);
}

void ox__list_remove(ox_model *m, uint32_t graph, enum ox__list_kind k, uint32_t value)
{
    ox__graph_row *g = ox__graph_row_at(m, graph);
    const ox__list *l = list_of(g, k);
    uint32_t item = k == OX__LIST_IN ? ox__value_row_at(m, value)->in_item : ox__value_row_at(m, value)->init_item;
    const ox__item_row r = *ox__item_row_at(m, item);
    size_t pos = cached_position(m, g, k, item);
    if (pos != SIZE_MAX) cut_cache(m, g, k, pos);
    if (r.prev)
        ox__put_item(m, r.prev, next, r.next);
    else
        PUT_LIST(m, graph, k, first, r.next);
    if (r.next)
        ox__put_item(m, r.next, prev, r.prev);
    else
        PUT_LIST(m, graph, k, last, r.prev);
    PUT_LIST(m, graph, k, n, l->n - 1u);
    if (k == OX__LIST_IN)
        ox__put_value(m, value, in_item, 0);
    else
        ox__put_value(m, value, init_item, 0);
}
