/* Floor 1. Changes of a node: its operator, name, inputs, outputs, attributes. */
#include "ir/note.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- single fields ---- */
static ox_status edit_node(ox_model *m, ox_node n, size_t words, ox_error *err)
{
    ox_status s = ox__need_node(m, n, err);
    return s == OX_OK ? ox__edit(m, words, err) : s;
}

static ox_status put_ext(ox_model *m, ox_node n, const ox_str *doc, const ox_str *overload,
                         const ox__pairs *const *meta, ox_error *err)
{
    ox__ext *e = ox__ext_copy(m, ox__node_row_at(m, n.id)->ext);
    if (!e) return ox__nomem(err);
    if (doc) e->doc = *doc;
    if (overload) e->overload = *overload;
    if (meta) e->metadata = *meta;
    ox__put_node(m, n.id, ext, OX__PTR(e));
    ox__touch_node(m, n.id);
    return OX_OK;
}

ox_status ox_node_set_op(ox_model *m, ox_node n, ox_str domain, ox_str op, ox_str overload, ox_error *err)
{
    ox_status s = edit_node(m, n, 4, err);
    if (s == OX_OK) s = ox__need_str(m, domain, err);
    if (s == OX_OK) s = ox__need_str(m, op, err);
    if (s == OX_OK) s = ox__need_str(m, overload, err);
    if (s != OX_OK) return s;
    if (op.id <= 1) return ox__fail(err, OX_E_INVALID, "a node needs an operator");
    if (ox_node_overload(m, n).id != overload.id) s = put_ext(m, n, NULL, &overload, NULL, err);
    if (s != OX_OK) return s;
    const ox__node_row *r = ox__node_row_at(m, n.id);
    if (!domain.id) domain.id = 1;
    OX__NOTE(m, node_set_op, n.id, domain.id, op.id, overload.id);
    if (r->domain == domain.id && r->op == op.id) return OX_OK;
    ox__put_node(m, n.id, domain, domain.id);
    ox__put_node(m, n.id, op, op.id);
    ox__touch_node(m, n.id);
    return OX_OK;
}

ox_status ox_node_set_name(ox_model *m, ox_node n, ox_str name, ox_error *err)
{
    ox_status s = edit_node(m, n, 1, err);
    if (s == OX_OK) s = ox__need_str(m, name, err);
    if (s != OX_OK || ox__node_row_at(m, n.id)->name == name.id) return s;
    ox__put_node(m, n.id, name, name.id);
    ox__names_node(m, n.id);
    ox__touch_node(m, n.id);
    OX__NOTE(m, node_set_name, n.id, name.id);
    return OX_OK;
}

ox_status ox_node_set_doc(ox_model *m, ox_node n, ox_str doc, ox_error *err)
{
    ox_status s = edit_node(m, n, 1, err);
    if (s == OX_OK) s = ox__need_str(m, doc, err);
    if (s != OX_OK || ox_node_doc(m, n).id == doc.id) return s;
    s = put_ext(m, n, &doc, NULL, NULL, err);
    if (s == OX_OK) OX__NOTE(m, node_set_doc, n.id, doc.id);
    return s;
}

/* Scope and location are what we know of a node, not what its record says: they make nothing dirty. */
ox_status ox_node_set_scope(ox_model *m, ox_node n, ox_scope scope, ox_error *err)
{
    ox_status s = edit_node(m, n, 1, err);
    if (s == OX_OK && scope.id && !ox__scope_get(m, scope))
        s = ox__fail(err, OX_E_INVALID, "scope %" PRIu32 " is gone, or of another model", scope.id);
    if (s != OX_OK) return s;
    ox__put_node(m, n.id, scope, scope.id);
    OX__NOTE(m, node_set_scope, n.id, scope.id);
    return OX_OK;
}

ox_status ox_node_set_loc(ox_model *m, ox_node n, ox_loc l, ox_error *err)
{
    ox_status s = edit_node(m, n, 1, err);
    if (s == OX_OK) s = ox__need_loc(m, l, err);
    if (s != OX_OK) return s;
    ox__put_node(m, n.id, loc, l.id);
    OX__NOTE(m, node_set_loc, n.id, l.id);
    return OX_OK;
}

ox_status ox_node_set_origin(ox_model *m, ox_node n, uint32_t origin, ox_error *err)
{
    ox_status s = edit_node(m, n, 1, err);
    if (s != OX_OK) return s;
    ox__put_node(m, n.id, origin, origin);
    OX__NOTE(m, node_set_origin, n.id, origin);
    return OX_OK;
}

ox_status ox_node_set_metadata(ox_model *m, ox_node n, ox_str key, ox_str value, ox_error *err)
{
    ox_status s = edit_node(m, n, 1, err);
    if (s == OX_OK) s = ox__need_str(m, key, err);
    if (s == OX_OK) s = ox__need_str(m, value, err);
    if (s != OX_OK) return s;
    const ox__ext *e = ox__node_row_at(m, n.id)->ext;
    const ox__pairs *old = e ? e->metadata : NULL;
    bool failed = false;
    const ox__pairs *p = ox__pairs_with(m, old, key, value, &failed);
    if (failed) return ox__nomem(err);
    if (p == old) return OX_OK;
    s = put_ext(m, n, NULL, NULL, &p, err);
    if (s == OX_OK) OX__NOTE(m, node_set_metadata, n.id, key.id, value.id);
    return s;
}

ox_status ox__node_set_pairs(ox_model *m, ox_node n, uint32_t count, const ox_pair *pairs, ox_error *err)
{
    ox_status s = edit_node(m, n, 1, err);
    if (s != OX_OK) return s;
    const ox__pairs *p = count ? ox__pairs_copy(m, count, pairs) : NULL;
    if (count && !p) return ox__nomem(err);
    return put_ext(m, n, NULL, NULL, &p, err);
}

/* ---- inputs and outputs ---- */
ox_status ox_node_set_input(ox_model *m, ox_node n, size_t i, ox_value v, ox_error *err)
{
    ox_status s = edit_node(m, n, OX__LINK_WORDS + OX__UNLINK_WORDS, err);
    if (s == OX_OK) s = ox__need_value_or_none(m, v, err);
    if (s != OX_OK) return s;
    const ox__node_row *r = ox__node_row_at(m, n.id);
    if (i >= r->in_n) {
        s = ox__fail(err, OX_E_INVALID, "the node has %" PRIu32 " inputs, there is no number %zu", r->in_n, i);
        ox__error_node(m, n.id, err);
        return s;
    }
    uint32_t use = r->in_first + (uint32_t)i;
    if (ox__use_row_at(m, use)->value == v.id) return OX_OK;
    ox__use_unlink(m, use);
    ox__use_link(m, use, v.id);
    ox__touch_node(m, n.id);
    OX__NOTE(m, node_set_input, n.id, i, v.id);
    return OX_OK;
}

ox_status ox_node_set_inputs(ox_model *m, ox_node n, size_t n_in, const ox_value *inputs, ox_error *err)
{
    ox_status s = ox__need_node(m, n, err);
    for (size_t i = 0; i < n_in && s == OX_OK; i++) s = ox__need_value_or_none(m, inputs[i], err);
    if (s != OX_OK) return s;
    uint32_t old_n = ox__node_row_at(m, n.id)->in_n, old = ox__node_row_at(m, n.id)->in_first;
    s = ox__edit(m, (size_t)old_n * OX__UNLINK_WORDS + n_in * OX__LINK_WORDS + 2, err);
    if (s == OX_OK) s = ox__reserve(m, OX__USE, n_in, err);
    if (s != OX_OK) return s;
    /* The new uses come first, so that a value that nothing makes does not die in between. */
    uint32_t first = ox__rows_add(m, OX__USE, (uint32_t)n_in);
    for (uint32_t i = 0; i < n_in; i++) {
        ox__put_use(m, first + i, node, n.id);
        ox__use_link(m, first + i, inputs[i].id);
    }
    OX__NOTE(m, node_set_inputs, n.id);
    for (size_t i = 0; i < n_in && m->notes; i++) ox__note_more(m, 1, &inputs[i].id);
    for (uint32_t i = 0; i < old_n; i++) ox__use_unlink(m, old + i);
    ox__put_node(m, n.id, in_first, first);
    ox__put_node(m, n.id, in_n, n_in);
    ox__touch_node(m, n.id);
    return OX_OK;
}

ox_status ox_node_add_output(ox_model *m, ox_value *out, ox_node n, ox_str name, ox_type t, ox_error *err)
{
    ox_status s = ox__need_node(m, n, err);
    if (s == OX_OK) s = ox__need_str(m, name, err);
    if (s == OX_OK) s = ox__need_type(m, t, err);
    if (s != OX_OK) return s;
    const ox__node_row *r = ox__node_row_at(m, n.id);
    s = ox__edit(m, 8, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ID, (size_t)r->out_n + 1, err);
    if (s == OX_OK) s = ox__reserve(m, OX__VALUE, 1, err);
    if (s != OX_OK) return s;
    uint32_t v = ox__value_add(m, r->graph, name, t), to = ox__rows_add(m, OX__ID, r->out_n + 1);
    for (uint32_t i = 0; i < r->out_n; i++) ox__put_id(m, to + i, ox__id_at(m, r->out_first + i));
    ox__put_id(m, to + r->out_n, v);
    ox__put_value(m, v, node, n.id);
    ox__put_value(m, v, index, r->out_n);
    ox__put_node(m, n.id, out_first, to);
    ox__put_node(m, n.id, out_n, r->out_n + 1u);
    ox__touch_node(m, n.id);
    if (out) *out = ox__value_handle(m, v);
    OX__NOTE(m, node_add_output, v, n.id, name.id, t.id);
    return OX_OK;
}

ox_status ox_node_drop_output(ox_model *m, ox_node n, ox_error *err)
{
    ox_status s = edit_node(m, n, 4, err);
    if (s != OX_OK) return s;
    const ox__node_row *r = ox__node_row_at(m, n.id);
    if (!r->out_n) return ox__fail(err, OX_E_INVALID, "the node has no output to drop");
    uint32_t v = ox__id_at(m, r->out_first + r->out_n - 1);
    if (v && ox__value_row_at(m, v)->use_n) return ox__value_in_use(m, v, "the output cannot be dropped", err);
    if (v) ox__value_kill(m, v);
    ox__put_node(m, n.id, out_n, r->out_n - 1u);
    ox__touch_node(m, n.id);
    OX__NOTE(m, node_drop_output, n.id);
    return OX_OK;
}

/* ---- attributes ---- */
static int by_id(const void *a, const void *b)
{
    uint32_t x = ((const ox_graph *)a)->id, y = ((const ox_graph *)b)->id;
    return (x > y) - (x < y);
}

static ox_status twice(const ox__attrs *a, ox_error *err)
{
    ox_graph few[8], *all = a->n_blocks <= OX__COUNT(few) ? few : ox__alloc(a->n_blocks * sizeof *all);
    if (!all) return ox__nomem(err);
    uint32_t n = 0;
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t k = 0; k < ox__attr_n_graphs(&a->a[i]); k++) all[n++] = ox__attr_graph(&a->a[i], k);
    qsort(all, n, sizeof *all, by_id);
    ox_status s = OX_OK;
    for (uint32_t i = 1; i < n && s == OX_OK; i++)
        if (all[i].id == all[i - 1].id) s = ox__fail(err, OX_E_INVALID, "a graph cannot be named by two attributes");
    if (all != few) ox__free(all);
    return s;
}

/* Whether the graphs in a may be blocks of node. */
static ox_status check_blocks(const ox_model *m, uint32_t node, const ox__attrs *a, ox_error *err)
{
    uint32_t graph = ox__node_row_at(m, node)->graph, depth = ox__graph_depth(m, graph);
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t k = 0; k < ox__attr_n_graphs(&a->a[i]); k++) {
            ox_graph g = ox__attr_graph(&a->a[i], k);
            const ox__graph_row *r = ox__graph_row_at(m, g.id);
            if (r->kind != OX_GRAPH_BLOCK)
                return ox__fail(err, OX_E_INVALID, "only a block can be an attribute, not a main graph or a function");
            if (r->owner && r->owner != node)
                return ox__fail(err, OX_E_INVALID, "the graph is a block of another node");
            if (ox__graph_inside(m, graph, g.id))
                return ox__fail(err, OX_E_INVALID, "a graph cannot be a block of a node inside it");
            if (depth + 1 + r->height > OX__MAX_DEPTH)
                return ox__fail(err, OX_E_LIMIT, "blocks are nested deeper than %d", OX__MAX_DEPTH);
        }
    return a->n_blocks > 1 ? twice(a, err) : OX_OK;
}

static void set_owner(ox_model *m, const ox__attrs *a, uint32_t owner)
{
    for (uint32_t i = 0; a && i < a->n; i++)
        for (uint32_t k = 0; k < ox__attr_n_graphs(&a->a[i]); k++)
            ox__put_graph(m, ox__attr_graph(&a->a[i], k).id, owner, owner);
}

static uint32_t tallest(const ox_model *m, const ox__attrs *a)
{
    uint32_t best = 0;
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t k = 0; k < ox__attr_n_graphs(&a->a[i]); k++) {
            uint32_t g = ox__attr_graph(&a->a[i], k).id;
            if (!best || ox__graph_row_at(m, g)->height > ox__graph_row_at(m, best)->height) best = g;
        }
    return best;
}

/* Puts a new array; graphs of the old one that are not in it are owned by nobody from then on. */
static ox_status put_attrs(ox_model *m, uint32_t node, ox__attrs *a, ox_error *err)
{
    const ox__attrs *old = ox__node_row_at(m, node)->attrs;
    a->n_blocks = 0;
    for (uint32_t i = 0; i < a->n; i++) a->n_blocks += ox__attr_n_graphs(&a->a[i]);
    ox_status s = a->n_blocks ? check_blocks(m, node, a, err) : OX_OK;
    if (s == OX_OK) s = ox__edit(m, 2 + (size_t)a->n_blocks + (old ? old->n_blocks : 0), err);
    if (s != OX_OK) return s;
    ox__put_node(m, node, attrs, OX__PTR(a->n ? a : NULL));
    if (old && old->n_blocks) set_owner(m, old, 0);
    if (a->n_blocks) set_owner(m, a, node);
    if (a->n_blocks) ox__graph_raise(m, tallest(m, a));
    ox__touch_node(m, node);
    return OX_OK;
}

static ox__attrs *attrs_alloc(ox_model *m, size_t n)
{
    return n <= UINT32_MAX / 2 ? ox__arena_alloc(&m->arena, sizeof(ox__attrs) + n * sizeof(ox_attr)) : NULL;
}

ox_status ox_node_set_attr(ox_model *m, ox_node n, const ox_attr *a, ox_error *err)
{
    ox_status s = edit_node(m, n, 0, err);
    if (s == OX_OK) s = ox__attr_check(m, a, err);
    if (s != OX_OK) return s;
    const ox__attrs *old = ox__node_row_at(m, n.id)->attrs;
    uint32_t count = old ? old->n : 0, at = 0;
    while (at < count && old->a[at].name.id != a->name.id) at++;
    if (at < count && ox_attr_equal(&old->a[at], a)) return OX_OK;
    ox__attrs *c = attrs_alloc(m, (size_t)count + 1);
    if (!c) return ox__nomem(err);
    if (count) memcpy(c->a, old->a, count * sizeof *c->a);
    c->n = at < count ? count : count + 1;
    if (!ox__attr_copy(m, &c->a[at], a)) return ox__nomem(err);
    s = put_attrs(m, n.id, c, err);
    if (s == OX_OK) OX__NOTE(m, node_set_attr, n.id, OX__PTR(&c->a[at]));
    return s;
}

ox_status ox__node_set_attrs(ox_model *m, ox_node n, uint32_t count, const ox_attr *attrs, ox_error *err)
{
    ox_status s = edit_node(m, n, 0, err);
    for (uint32_t i = 0; i < count && s == OX_OK; i++) s = ox__attr_check(m, &attrs[i], err);
    if (s != OX_OK) return s;
    ox__attrs *c = attrs_alloc(m, count);
    if (!c) return ox__nomem(err);
    c->n = count;
    for (uint32_t i = 0; i < count; i++)
        if (!ox__attr_copy(m, &c->a[i], &attrs[i])) return ox__nomem(err);
    return put_attrs(m, n.id, c, err);
}

ox_status ox_node_remove_attr(ox_model *m, ox_node n, const char *name, ox_error *err)
{
    ox_status s = edit_node(m, n, 0, err);
    if (s != OX_OK) return s;
    const ox_attr *a = ox_node_attr(m, n, name);
    if (!a) {
        s = ox__fail(err, OX_E_NOT_FOUND, "the node has no attribute '%s'", name ? name : "");
        ox__error_node(m, n.id, err);
        return s;
    }
    const ox__attrs *old = ox__node_row_at(m, n.id)->attrs;
    ox__attrs *c = attrs_alloc(m, old->n);
    if (!c) return ox__nomem(err);
    uint32_t at = (uint32_t)(a - old->a);
    memcpy(c->a, old->a, at * sizeof *c->a);
    memcpy(c->a + at, old->a + at + 1, (old->n - at - 1) * sizeof *c->a);
    c->n = old->n - 1;
    uint32_t id = a->name.id;
    s = put_attrs(m, n.id, c, err);
    if (s == OX_OK) OX__NOTE(m, node_remove_attr, n.id, id);
    return s;
}
