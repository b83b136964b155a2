/* Floor 1. Graphs: making, deleting, nesting, their own fields. Inputs, outputs and initializers stand in
 * graph_lists.c, what only functions have in function.c. */
#include "ir/note.h"

/* ---- nesting ---- */
static uint32_t outer(const ox_model *m, uint32_t graph)
{
    uint32_t owner = ox__graph_row_at(m, graph)->owner;
    return owner ? ox__node_row_at(m, owner)->graph : 0;
}

uint32_t ox__graph_depth(const ox_model *m, uint32_t graph)
{
    uint32_t d = 0;
    for (uint32_t g = graph; g && d <= OX__MAX_DEPTH; g = outer(m, g)) d++;
    return d;
}

bool ox__graph_inside(const ox_model *m, uint32_t graph, uint32_t around)
{
    for (uint32_t g = graph, d = 0; g && d <= OX__MAX_DEPTH; g = outer(m, g), d++)
        if (g == around) return true;
    return false;
}

void ox__graph_raise(ox_model *m, uint32_t graph)
{
    for (uint32_t g = outer(m, graph), h = ox__graph_row_at(m, graph)->height + 1; g; g = outer(m, g), h++) {
        if (ox__graph_row_at(m, g)->height >= h) return;
        ox__put_graph(m, g, height, h);
    }
}

/* ---- making ---- */
uint32_t ox__graph_add(ox_model *m, ox_graph_kind kind, ox_str name)
{
    uint32_t id = ox__row_add(m, OX__GRAPH), ret = ox__row_add(m, OX__NODE);
    ox__node_row_at(m, ret)->graph = id;
    ox__row_born(m, OX__NODE, ret, OX__RETURN);
    ox__graph_row *g = ox__graph_row_at(m, id);
    g->kind = kind;
    g->name = name.id;
    g->ret = ret;
    g->order_epoch = m->order_epoch;
    ox__row_born(m, OX__GRAPH, id, 0);
    return id;
}

ox_status ox_graph_create(ox_model *m, ox_graph *out, ox_graph_kind kind, ox_str name, ox_error *err)
{
    if (!m || !out) return ox__fail(err, OX_E_INVALID, "no model was given");
    if (kind == OX_GRAPH_MAIN) return ox__fail(err, OX_E_INVALID, "a model has one main graph, which it is made with");
    if ((unsigned)kind > OX_GRAPH_TRAINING) return ox__fail(err, OX_E_INVALID, "there is no such kind of graph");
    const ox__top_row *t = ox__top(m);
    bool listed = kind == OX_GRAPH_FUNCTION, full = listed && t->fn_n == t->fn_cap;
    size_t cap = full ? OX__MAX(8, (size_t)t->fn_cap * 2) : 0;
    ox_status s = ox__need_str(m, name, err);
    if (s == OX_OK) s = ox__edit(m, 16 + (full ? t->fn_n : 0), err);
    if (s == OX_OK) s = ox__reserve(m, OX__GRAPH, 1, err);
    if (s == OX_OK) s = ox__reserve(m, OX__NODE, 1, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ID, cap, err);
    if (s != OX_OK) return s;
    uint32_t id = ox__graph_add(m, kind, name);
    if (full) {
        uint32_t to = ox__rows_add(m, OX__ID, (uint32_t)cap);
        for (uint32_t i = 0; i < t->fn_n; i++) ox__put_id(m, to + i, ox__id_at(m, t->fn_first + i));
        ox__put_top(m, fn_first, to);
        ox__put_top(m, fn_cap, cap);
    }
    if (listed) {
        ox__put_id(m, t->fn_first + t->fn_n, id);
        ox__put_top(m, fn_n, t->fn_n + 1u);
        ox__names_function(m, id);
        ox__touch_top(m, OX__DIRTY_FUNCTIONS | OX__BELOW);
    }
    *out = ox__graph_handle(m, id);
    OX__NOTE(m, graph_create, id, kind, name.id);
    return OX_OK;
}

/* ---- deleting ---- */
/* Calls itself for blocks, which are at most OX__MAX_DEPTH deep. */
static ox_status delete_check(const ox_model *m, uint32_t graph, uint32_t root, size_t *words, ox_error *err)
{
    const ox__graph_row *g = ox__graph_row_at(m, graph);
    *words +=
        16 + (size_t)ox__node_row_at(m, g->ret)->in_n * OX__UNLINK_WORDS + (size_t)g->in.n * 4 + (size_t)g->init.n * 4;
    for (uint32_t n = g->first; n; n = ox__node_row_at(m, n)->next) {
        const ox__node_row *r = ox__node_row_at(m, n);
        *words += 1 + (size_t)r->in_n * OX__UNLINK_WORDS + r->out_n;
        for (uint32_t i = 0; i < r->out_n; i++) {
            uint32_t v = ox__id_at(m, r->out_first + i);
            for (uint32_t u = v ? ox__value_row_at(m, v)->use_first : 0; u; u = ox__use_row_at(m, u)->next)
                if (!ox__graph_inside(m, ox__node_row_at(m, ox__use_row_at(m, u)->node)->graph, root))
                    return ox__value_in_use(m, v, "the graph cannot be deleted", err);
        }
        for (uint32_t k = 0; r->attrs && k < r->attrs->n; k++)
            for (uint32_t b = 0; b < ox__attr_n_graphs(&r->attrs->a[k]); b++) {
                ox_status s = delete_check(m, ox__attr_graph(&r->attrs->a[k], b).id, root, words, err);
                if (s != OX_OK) return s;
            }
    }
    for (int k = 0; k < 2; k++)
        for (uint32_t i = k ? g->init.first : g->in.first; i; i = ox__item_row_at(m, i)->next) {
            uint32_t v = ox__item_row_at(m, i)->value;
            for (uint32_t u = ox__value_row_at(m, v)->use_first; u; u = ox__use_row_at(m, u)->next)
                if (!ox__graph_inside(m, ox__node_row_at(m, ox__use_row_at(m, u)->node)->graph, root))
                    return ox__value_in_use(m, v, "the graph cannot be deleted", err);
        }
    return OX_OK;
}

ox_status ox__graph_delete_check(const ox_model *m, uint32_t graph, size_t *words, ox_error *err)
{
    return delete_check(m, graph, graph, words, err);
}

void ox__graph_delete_all(ox_model *m, uint32_t graph)
{
    const ox__graph_row *g = ox__graph_row_at(m, graph);
    for (uint32_t n = g->first; n; n = ox__node_row_at(m, n)->next) {
        const ox__node_row *r = ox__node_row_at(m, n);
        for (uint32_t k = 0; r->attrs && k < r->attrs->n; k++)
            for (uint32_t b = 0; b < ox__attr_n_graphs(&r->attrs->a[k]); b++)
                ox__graph_delete_all(m, ox__attr_graph(&r->attrs->a[k], b).id);
        for (uint32_t i = 0; i < r->in_n; i++) ox__use_unlink(m, r->in_first + i);
        ox__row_kill(m, OX__NODE, n);
    }
    const ox__node_row *ret = ox__node_row_at(m, g->ret);
    for (uint32_t i = 0; i < ret->in_n; i++) ox__use_unlink(m, ret->in_first + i);
    ox__row_kill(m, OX__NODE, g->ret);
    for (uint32_t n = g->first; n; n = ox__node_row_at(m, n)->next) {
        const ox__node_row *r = ox__node_row_at(m, n);
        for (uint32_t i = 0; i < r->out_n; i++)
            if (ox__id_at(m, r->out_first + i)) ox__value_kill(m, ox__id_at(m, r->out_first + i));
    }
    for (uint32_t i = g->in.first; i; i = ox__item_row_at(m, i)->next) ox__value_kill(m, ox__item_row_at(m, i)->value);
    for (uint32_t i = g->init.first; i; i = ox__item_row_at(m, i)->next)
        if (!ox__value_row_at(m, ox__item_row_at(m, i)->value)->in_item)
            ox__value_kill(m, ox__item_row_at(m, i)->value);
    ox__row_kill(m, OX__GRAPH, graph);
}

/* The function list without number i, as a new range: the old one stays for undo. */
static void unlist_function(ox_model *m, uint32_t i)
{
    const ox__top_row *t = ox__top(m);
    uint32_t n = t->fn_n - 1, to = ox__rows_add(m, OX__ID, n);
    for (uint32_t k = 0; k < n; k++) ox__put_id(m, to + k, ox__id_at(m, t->fn_first + k + (k >= i)));
    ox__put_top(m, fn_first, to);
    ox__put_top(m, fn_cap, n);
    ox__put_top(m, fn_n, n);
    ox__touch_top(m, OX__DIRTY_FUNCTIONS | OX__BELOW);
}

ox_status ox_graph_delete(ox_model *m, ox_graph g, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s != OX_OK) return s;
    const ox__graph_row *r = ox__graph_row_at(m, g.id);
    if (r->kind == OX_GRAPH_MAIN) return ox__fail(err, OX_E_INVALID, "the main graph cannot be deleted");
    if (r->owner) {
        s = ox__fail(err, OX_E_INVALID, "the graph is a block of a node");
        ox_error_hint(err, "remove the node's attribute first, or delete the node");
        ox__error_node(m, r->owner, err);
        return s;
    }
    const ox__top_row *t = ox__top(m);
    uint32_t at = 0;
    while (at < t->fn_n && ox__id_at(m, t->fn_first + at) != g.id) at++;
    bool listed = at < t->fn_n;
    size_t words = 8 + (listed ? t->fn_n : 0);
    s = ox__graph_delete_check(m, g.id, &words, err);
    if (s == OX_OK) s = ox__edit(m, words, err);
    if (s == OX_OK && listed) s = ox__reserve(m, OX__ID, t->fn_n, err);
    if (s != OX_OK) return s;
    if (listed) unlist_function(m, at);
    ox__graph_delete_all(m, g.id);
    OX__NOTE(m, graph_delete, g.id);
    return OX_OK;
}

/* ---- getters ---- */
bool ox_graph_is_alive(const ox_model *m, ox_graph g)
{
    return ox__graph_get(m, g) != NULL;
}

ox_graph_kind ox_graph_get_kind(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return r ? (ox_graph_kind)r->kind : OX_GRAPH_MAIN;
}

ox_str ox_graph_name(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return (ox_str){r ? r->name : 0};
}

ox_str ox_graph_doc(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return r && r->ext ? r->ext->doc : (ox_str){0};
}

size_t ox_graph_metadata(const ox_model *m, ox_graph g, const ox_pair **rows)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    const ox__pairs *p = r && r->ext ? r->ext->metadata : NULL;
    if (rows) *rows = p ? p->p : NULL;
    return p ? p->n : 0;
}

ox_node ox_graph_owner(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return ox__node_handle(m, r ? r->owner : 0);
}

ox_graph ox_graph_parent(const ox_model *m, ox_graph g)
{
    return ox__graph_handle(m, ox__graph_get(m, g) ? outer(m, g.id) : 0);
}

ox_node ox_graph_first(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return ox__node_handle(m, r ? r->first : 0);
}

ox_node ox_graph_last(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return ox__node_handle(m, r ? r->last : 0);
}

size_t ox_graph_n_nodes(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return r ? r->n_nodes : 0;
}

/* ---- setters ---- */
ox_status ox_graph_set_name(ox_model *m, ox_graph g, ox_str name, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s == OX_OK) s = ox__need_str(m, name, err);
    if (s == OX_OK) s = ox__edit(m, 1, err);
    if (s != OX_OK || ox__graph_row_at(m, g.id)->name == name.id) return s;
    ox__put_graph(m, g.id, name, name.id);
    ox__names_function(m, g.id);
    ox__touch_graph(m, g.id, OX__DIRTY_NAME);
    OX__NOTE(m, graph_set_name, g.id, name.id);
    return OX_OK;
}

static ox_status put_ext(ox_model *m, ox_graph g, const ox_str *doc, const ox__pairs *const *meta, ox_error *err)
{
    ox__ext *e = ox__ext_copy(m, ox__graph_row_at(m, g.id)->ext);
    if (!e) return ox__nomem(err);
    if (doc) e->doc = *doc;
    if (meta) e->metadata = *meta;
    ox__put_graph(m, g.id, ext, OX__PTR(e));
    ox__touch_graph(m, g.id, doc ? OX__DIRTY_DOC : OX__DIRTY_META);
    return OX_OK;
}

ox_status ox_graph_set_doc(ox_model *m, ox_graph g, ox_str doc, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s == OX_OK) s = ox__need_str(m, doc, err);
    if (s == OX_OK) s = ox__edit(m, 1, err);
    if (s != OX_OK || ox_graph_doc(m, g).id == doc.id) return s;
    s = put_ext(m, g, &doc, NULL, err);
    if (s == OX_OK) OX__NOTE(m, graph_set_doc, g.id, doc.id);
    return s;
}

ox_status ox_graph_set_metadata(ox_model *m, ox_graph g, ox_str key, ox_str value, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s == OX_OK) s = ox__need_str(m, key, err);
    if (s == OX_OK) s = ox__need_str(m, value, err);
    if (s == OX_OK) s = ox__edit(m, 1, err);
    if (s != OX_OK) return s;
    const ox__ext *e = ox__graph_row_at(m, g.id)->ext;
    const ox__pairs *old = e ? e->metadata : NULL;
    bool failed = false;
    const ox__pairs *p = ox__pairs_with(m, old, key, value, &failed);
    if (failed) return ox__nomem(err);
    if (p == old) return OX_OK;
    s = put_ext(m, g, NULL, &p, err);
    if (s == OX_OK) OX__NOTE(m, graph_set_metadata, g.id, key.id, value.id);
    return s;
}

ox_status ox__graph_set_pairs(ox_model *m, ox_graph g, uint32_t count, const ox_pair *pairs, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s == OX_OK) s = ox__edit(m, 1, err);
    if (s != OX_OK) return s;
    const ox__pairs *p = count ? ox__pairs_copy(m, count, pairs) : NULL;
    if (count && !p) return ox__nomem(err);
    return put_ext(m, g, NULL, &p, err);
}
