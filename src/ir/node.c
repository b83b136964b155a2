/* Floor 1. Nodes: making, deleting, moving, and what they say of themselves. Setters stand in node_edit.c. */
#include "ir/note.h"

/* ---- making ---- */
static ox_status room_for_node(ox_model *m, size_t n_in, size_t n_out, ox_error *err)
{
    ox_status s = ox__edit(m, 8 + OX__ORDER_WORDS + n_in * OX__LINK_WORDS + n_out * 4, err);
    if (s == OX_OK) s = ox__reserve(m, OX__NODE, 1, err);
    if (s == OX_OK) s = ox__reserve(m, OX__USE, n_in, err);
    if (s == OX_OK) s = ox__reserve(m, OX__VALUE, n_out, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ID, n_out, err);
    return s;
}

ox_status ox__node_add(ox_model *m, uint32_t *out, const ox__node_spec *p, ox_error *err)
{
    ox_status s = room_for_node(m, p->n_in, p->n_out, err);
    if (s != OX_OK) return s;
    uint32_t id = ox__row_add(m, OX__NODE), in = ox__rows_add(m, OX__USE, p->n_in);
    uint32_t outs = ox__rows_add(m, OX__ID, p->n_out);
    ox__node_row *r = ox__node_row_at(m, id);
    r->domain = p->domain.id;
    r->op = p->op.id;
    r->name = p->name.id;
    r->graph = p->graph;
    r->in_first = in;
    r->in_n = p->n_in;
    r->out_first = outs;
    r->out_n = p->n_out;
    ox__row_born(m, OX__NODE, id, ox__journal_paused(m) ? 0 : OX__DIRTY);
    for (uint32_t i = 0; i < p->n_in; i++) {
        ox__put_use(m, in + i, node, id);
        ox__use_link(m, in + i, p->in[i]);
    }
    for (uint32_t i = 0; i < p->n_out; i++) {
        uint32_t v = p->out ? p->out[i] : ox__value_add(m, p->graph, (ox_str){0}, (ox_type){0});
        ox__put_id(m, outs + i, v);
        if (!v) continue;
        ox__put_value(m, v, node, id);
        ox__put_value(m, v, index, i);
    }
    ox__order_link(m, id, p->before);
    ox__names_node(m, id);
    ox__touch_graph(m, p->graph, OX__DIRTY_LISTS);
    *out = id;
    return OX_OK;
}

/* Value handles to ids, checked. Short lists are on the stack of the caller, long ones in *heap. */
static ox_status input_ids(const ox_model *m, size_t n, const ox_value *v, uint32_t *few, size_t n_few, uint32_t **ids,
                           ox_error *err)
{
    if (n > UINT32_MAX / 2) return ox__fail(err, OX_E_LIMIT, "a node cannot have %zu inputs", n);
    *ids = n <= n_few ? few : ox__alloc(n * sizeof **ids);
    if (!*ids) return ox__nomem(err);
    for (size_t i = 0; i < n; i++) {
        ox_status s = ox__need_value_or_none(m, v[i], err);
        if (s != OX_OK) {
            ox_error_context(err, "input %zu", i);
            return s;
        }
        (*ids)[i] = v[i].id;
    }
    return OX_OK;
}

/* With the outputs that it made, then its inputs. */
static void note_create(ox_model *m, uint32_t node, uint32_t before, size_t n_in, const uint32_t *in)
{
    const ox__node_row *r = ox__node_row_at(m, node);
    const uint64_t words[] = {node, r->graph, before, r->domain, r->op, r->out_n};
    const uint32_t *outs = (const uint32_t *)(const void *)m->table[OX__ID].p + r->out_first;
    ox__note_list(m, OX__DID_node_create, sizeof words / sizeof *words, words, r->out_n, outs);
    ox__note_more(m, n_in, in);
}

enum { FEW = 16 };

ox_status ox_node_create(ox_model *m, ox_node *out, ox_graph g, ox_node before, ox_str domain, ox_str op, size_t n_in,
                         const ox_value *inputs, size_t n_out, ox_error *err)
{
    uint32_t few[FEW], *ids = few, id;
    ox_status s;
    OX__TRY(ox__need_graph(m, g, err));
    if (before.id) {
        OX__TRY(ox__need_node(m, before, err));
        if (ox__node_row_at(m, before.id)->graph != g.id) {
            s = ox__fail(err, OX_E_INVALID, "the node to stand before is in another graph");
            goto out;
        }
    }
    OX__TRY(ox__need_str(m, domain, err));
    OX__TRY(ox__need_str(m, op, err));
    if (op.id <= 1) {
        s = ox__fail(err, OX_E_INVALID, "a node needs an operator");
        goto out;
    }
    if (n_out > UINT32_MAX / 2) {
        s = ox__fail(err, OX_E_LIMIT, "a node cannot have %zu outputs", n_out);
        goto out;
    }
    OX__TRY(input_ids(m, n_in, inputs, few, FEW, &ids, err));
    OX__TRY(ox__node_add(m, &id,
                         &(ox__node_spec){.graph = g.id,
                                          .before = before.id,
                                          .domain = domain.id ? domain : (ox_str){1},
                                          .op = op,
                                          .n_in = (uint32_t)n_in,
                                          .n_out = (uint32_t)n_out,
                                          .in = ids},
                         err));
    if (m->notes) note_create(m, id, before.id, n_in, ids);
    if (out) *out = ox__node_handle(m, id);
out:
    if (ids != few) ox__free(ids);
    return s;
}

/* ---- deleting and moving ---- */
ox_status ox_node_delete(ox_model *m, ox_node n, ox_error *err)
{
    ox_status s = ox__need_node(m, n, err);
    if (s != OX_OK) return s;
    const ox__node_row *r = ox__node_row_at(m, n.id);
    for (uint32_t i = 0; i < r->out_n; i++) {
        uint32_t v = ox__id_at(m, r->out_first + i);
        if (v && ox__value_row_at(m, v)->use_n) return ox__value_in_use(m, v, "the node cannot be deleted", err);
    }
    size_t words = 8 + OX__ORDER_WORDS + (size_t)r->in_n * OX__UNLINK_WORDS + r->out_n;
    for (size_t i = 0; i < ox_node_n_blocks(m, n); i++) {
        s = ox__graph_delete_check(m, ox_node_block(m, n, i).id, &words, err);
        if (s != OX_OK) return s;
    }
    s = ox__edit(m, words, err);
    if (s != OX_OK) return s;
    ox__touch_graph(m, r->graph, OX__DIRTY_LISTS);
    for (size_t i = ox_node_n_blocks(m, n); i-- > 0;) ox__graph_delete_all(m, ox_node_block(m, n, i).id);
    for (uint32_t i = 0; i < r->in_n; i++) ox__use_unlink(m, r->in_first + i);
    for (uint32_t i = 0; i < r->out_n; i++) {
        uint32_t v = ox__id_at(m, r->out_first + i);
        if (v) ox__value_kill(m, v);
    }
    ox__order_unlink(m, n.id);
    ox__row_kill(m, OX__NODE, n.id);
    OX__NOTE(m, node_delete, n.id);
    return OX_OK;
}

ox_status ox_node_move(ox_model *m, ox_node n, ox_node before, ox_error *err)
{
    ox_status s = ox__need_node(m, n, err);
    if (s == OX_OK && before.id) s = ox__need_node(m, before, err);
    if (s != OX_OK) return s;
    const ox__node_row *r = ox__node_row_at(m, n.id);
    if (before.id && ox__node_row_at(m, before.id)->graph != r->graph)
        return ox__fail(err, OX_E_INVALID, "a node is moved within its graph only");
    if (before.id == n.id || before.id == r->next) return OX_OK; /* next is 0 for the last one */
    s = ox__edit(m, 2 * OX__ORDER_WORDS, err);
    if (s != OX_OK) return s;
    ox__order_unlink(m, n.id);
    ox__order_link(m, n.id, before.id);
    ox__touch_graph(m, r->graph, OX__DIRTY_LISTS);
    OX__NOTE(m, node_move, n.id, before.id);
    return OX_OK;
}

/* ---- getters ---- */
bool ox_node_is_alive(const ox_model *m, ox_node n)
{
    return ox__node_get(m, n) != NULL;
}

bool ox_node_is_return(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return r && (r->flags & OX__RETURN);
}

ox_graph ox_node_graph(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return ox__graph_handle(m, r ? r->graph : 0);
}

ox_node ox_node_next(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return ox__node_handle(m, r ? r->next : 0);
}

ox_node ox_node_prev(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return ox__node_handle(m, r ? r->prev : 0);
}

ox_str ox_node_domain(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return (ox_str){r ? r->domain : 0};
}

ox_str ox_node_op(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return (ox_str){r ? r->op : 0};
}

ox_str ox_node_overload(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return r && r->ext ? r->ext->overload : (ox_str){0};
}

ox_str ox_node_name(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return (ox_str){r ? r->name : 0};
}

ox_str ox_node_doc(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return r && r->ext ? r->ext->doc : (ox_str){0};
}

ox_scope ox_node_scope(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return ox__scope_handle(m, r ? r->scope : 0);
}

ox_loc ox_node_loc(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return (ox_loc){r ? r->loc : 0};
}

uint32_t ox_node_origin(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return r ? r->origin : 0;
}

size_t ox_node_metadata(const ox_model *m, ox_node n, const ox_pair **rows)
{
    const ox__node_row *r = ox__node_get(m, n);
    const ox__pairs *p = r && r->ext ? r->ext->metadata : NULL;
    if (rows) *rows = p ? p->p : NULL;
    return p ? p->n : 0;
}

bool ox_node_is(const ox_model *m, ox_node n, const char *domain, const char *op)
{
    const ox__node_row *r = ox__node_get(m, n);
    if (!r || !op || strcmp(ox_str_text(m, (ox_str){r->op}, NULL), op) != 0) return false;
    const char *own = ox_str_text(m, (ox_str){r->domain}, NULL);
    if (!domain || !strcmp(domain, "onnx") || !strcmp(domain, "ai.onnx")) domain = "";
    if (!strcmp(own, "onnx") || !strcmp(own, "ai.onnx")) own = "";
    return strcmp(own, domain) == 0;
}

size_t ox_node_n_inputs(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return r ? r->in_n : 0;
}

ox_value ox_node_input(const ox_model *m, ox_node n, size_t i)
{
    const ox__node_row *r = ox__node_get(m, n);
    return ox__value_handle(m, r && i < r->in_n ? ox__use_row_at(m, r->in_first + (uint32_t)i)->value : 0);
}

size_t ox_node_n_outputs(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return r ? r->out_n : 0;
}

ox_value ox_node_output(const ox_model *m, ox_node n, size_t i)
{
    const ox__node_row *r = ox__node_get(m, n);
    return ox__value_handle(m, r && i < r->out_n ? ox__id_at(m, r->out_first + (uint32_t)i) : 0);
}

size_t ox_node_attrs(const ox_model *m, ox_node n, const ox_attr **rows)
{
    const ox__node_row *r = ox__node_get(m, n);
    const ox__attrs *a = r ? r->attrs : NULL;
    if (rows) *rows = a ? a->a : NULL;
    return a ? a->n : 0;
}

const ox_attr *ox_node_attr(const ox_model *m, ox_node n, const char *name)
{
    const ox__node_row *r = ox__node_get(m, n);
    if (!r || !r->attrs || !name) return NULL;
    for (uint32_t i = 0; i < r->attrs->n; i++)
        if (strcmp(ox_str_text(m, r->attrs->a[i].name, NULL), name) == 0) return &r->attrs->a[i];
    return NULL;
}

size_t ox_node_n_blocks(const ox_model *m, ox_node n)
{
    const ox__node_row *r = ox__node_get(m, n);
    return r && r->attrs ? r->attrs->n_blocks : 0;
}

ox_graph ox_node_block(const ox_model *m, ox_node n, size_t i)
{
    const ox__node_row *r = ox__node_get(m, n);
    if (!r || !r->attrs || i >= r->attrs->n_blocks) return (ox_graph){0, 0};
    for (uint32_t k = 0; k < r->attrs->n; k++) {
        uint32_t here = ox__attr_n_graphs(&r->attrs->a[k]);
        if (i < here) return ox__attr_graph(&r->attrs->a[k], (uint32_t)i);
        i -= here;
    }
    return (ox_graph){0, 0};
}
