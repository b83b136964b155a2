/* Floor 1. A walk over a model that does not depend on its ids: their order in it, and a hash of what it meets. */
#include "ir/note.h"

static bool add_value(ox__numbering *x, uint32_t v)
{
    return !v || ox__vec_push(&x->values, v);
}

/* Calls itself for blocks, which are at most OX__MAX_DEPTH deep. */
static bool number_graph(const ox_model *m, uint32_t graph, ox__numbering *x)
{
    const ox__graph_row *g = ox__graph_row_at(m, graph);
    if (!ox__vec_push(&x->graphs, graph)) return false;
    for (int k = 0; k < 2; k++)
        for (uint32_t i = k ? g->init.first : g->in.first; i; i = ox__item_row_at(m, i)->next)
            if (!add_value(x, ox__item_row_at(m, i)->value)) return false;
    for (uint32_t n = g->first; n; n = ox__node_row_at(m, n)->next) {
        const ox__node_row *r = ox__node_row_at(m, n);
        if (!ox__vec_push(&x->nodes, n) || !ox__vec_push(&x->scopes, r->scope)) return false;
        for (uint32_t i = 0; i < r->in_n; i++) {
            uint32_t v = ox__use_row_at(m, r->in_first + i)->value;
            if (v && ox__value_is_loose(ox__value_row_at(m, v)) && !add_value(x, v)) return false;
        }
        for (uint32_t i = 0; i < r->out_n; i++)
            if (!add_value(x, ox__id_at(m, r->out_first + i))) return false;
        for (uint32_t k = 0; r->attrs && r->attrs->n_blocks && k < r->attrs->n; k++)
            for (uint32_t b = 0; b < ox__attr_n_graphs(&r->attrs->a[k]); b++)
                if (!number_graph(m, ox__attr_graph(&r->attrs->a[k], b).id, x)) return false;
    }
    return true;
}

bool ox__number(const ox_model *m, ox__numbering *x)
{
    const ox__top_row *t = ox__top(m);
    bool ok = number_graph(m, 1, x);
    for (uint32_t i = 0; ok && i < t->fn_n; i++) ok = number_graph(m, ox__id_at(m, t->fn_first + i), x);
    return ok;
}

void ox__numbering_free(ox__numbering *x)
{
    ox__vec_free(&x->graphs);
    ox__vec_free(&x->nodes);
    ox__vec_free(&x->values);
    ox__vec_free(&x->scopes);
}

/* ---- hash ---- */
static uint64_t hash_str(const ox_model *m, uint64_t h, uint32_t id)
{
    size_t n;
    const char *s = ox_str_text(m, (ox_str){id}, &n);
    return ox__hash_mix(h, ox__hash(s, n));
}

static uint64_t hash_attr(const ox_model *m, uint64_t h, const ox_attr *a)
{
    h = ox__hash_mix(hash_str(m, h, a->name.id), (uint64_t)a->kind << 32 | a->n);
    if (a->ref.id) return h;
    if (a->kind == OX_ATTR_INT || a->kind == OX_ATTR_FLOAT || a->kind == OX_ATTR_BOOL)
        return ox__hash_mix(h, (uint64_t)a->u.i);
    if (a->kind == OX_ATTR_STRING) return hash_str(m, h, a->u.s.id);
    return a->kind == OX_ATTR_INTS && a->n && a->u.ints ? ox__hash_mix(h, ox__hash(a->u.ints, a->n * sizeof(int64_t)))
                                                        : h;
}

static uint64_t hash_node(const ox_model *m, uint64_t h, const ox__node_row *r, const uint32_t *place)
{
    h = hash_str(m, hash_str(m, h, r->domain), r->op);
    h = ox__hash_mix(h, (uint64_t)r->in_n << 32 | r->out_n);
    for (uint32_t i = 0; i < r->in_n; i++) h = ox__hash_mix(h, place[ox__use_row_at(m, r->in_first + i)->value]);
    for (uint32_t i = 0; r->attrs && i < r->attrs->n; i++) h = hash_attr(m, h, &r->attrs->a[i]);
    return h;
}

ox_status ox_model_hash(const ox_model *m, uint64_t *out, ox_error *err)
{
    if (!m || !out) return ox__fail(err, OX_E_INVALID, "no model was given");
    ox__numbering x = {0};
    uint32_t *place = ox__calloc(m->table[OX__VALUE].n, sizeof *place);
    bool ok = place && ox__number(m, &x);
    uint64_t h = ok ? ox__hash_mix(m->kind, (uint64_t)x.graphs.n << 32 | x.values.n) : 0;
    for (size_t i = 0; ok && i < x.values.n; i++) {
        ox_tensor_info t = ox_tensor_get(m, ox_value_tensor(m, ox__value_handle(m, x.values.p[i])));
        place[x.values.p[i]] = (uint32_t)i + 1;
        if (t.rank) h = ox__hash_mix(h, ox__hash(t.dims, t.rank * sizeof *t.dims) ^ (uint64_t)t.dtype);
    }
    for (size_t i = 0; ok && i < x.nodes.n; i++) h = hash_node(m, h, ox__node_row_at(m, x.nodes.p[i]), place);
    for (size_t i = 0; ok && i < x.graphs.n; i++)
        h = hash_node(m, h, ox__node_row_at(m, ox__graph_row_at(m, x.graphs.p[i])->ret), place);
    ox__numbering_free(&x);
    ox__free(place);
    *out = h;
    return ok ? OX_OK : ox__nomem(err);
}
