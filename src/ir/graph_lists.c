/* Floor 1. Inputs, outputs and initializers of graphs. Outputs are the inputs of the hidden return node; each has an
 * OX__ITEM beside it, for the record of the file. */
#include "ir/note.h"

#include <inttypes.h>

/* ---- inputs ---- */
size_t ox_graph_n_inputs(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return r ? r->in.n : 0;
}

ox_value ox_graph_input(const ox_model *m, ox_graph g, size_t i)
{
    return ox__value_handle(m, ox__graph_get(m, g) ? ox__list_at(m, g.id, OX__LIST_IN, i) : 0);
}

ox_status ox_graph_add_input(ox_model *m, ox_value *out, ox_graph g, size_t pos, ox_str name, ox_type t, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s == OX_OK) s = ox__need_str(m, name, err);
    if (s == OX_OK) s = ox__need_type(m, t, err);
    if (s == OX_OK) s = ox__edit(m, 4 + OX__LIST_WORDS, err);
    if (s == OX_OK) s = ox__reserve(m, OX__VALUE, 1, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ITEM, 1, err);
    if (s != OX_OK) return s;
    uint32_t v = ox__value_add(m, g.id, name, t);
    ox__list_insert(m, g.id, OX__LIST_IN, v, pos);
    ox__touch_graph(m, g.id, OX__DIRTY_LISTS);
    if (out) *out = ox__value_handle(m, v);
    OX__NOTE(m, graph_add_input, v, g.id, pos, name.id, t.id);
    return OX_OK;
}

ox_status ox_graph_remove_input(ox_model *m, ox_graph g, size_t i, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s != OX_OK) return s;
    uint32_t v = ox__list_at(m, g.id, OX__LIST_IN, i);
    if (!v) return ox__fail(err, OX_E_INVALID, "the graph has no input number %zu", i);
    const ox__value_row *r = ox__value_row_at(m, v);
    if (r->use_n && !r->init_item) return ox__value_in_use(m, v, "the input cannot be removed", err);
    s = ox__edit(m, 4 + OX__LIST_WORDS, err);
    if (s != OX_OK) return s;
    if (!r->init_item) ox__value_kill(m, v);
    ox__list_remove(m, g.id, OX__LIST_IN, v);
    ox__touch_graph(m, g.id, OX__DIRTY_LISTS);
    OX__NOTE(m, graph_remove_input, g.id, i);
    return OX_OK;
}

/* v is a living value of g itself, not of another graph. */
static ox_status need_own(const ox_model *m, ox_graph g, ox_value v, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s == OX_OK) s = ox__need_value(m, v, err);
    if (s == OX_OK && ox__value_row_at(m, v.id)->graph != g.id) {
        s = ox__fail(err, OX_E_INVALID, "the value belongs to another graph");
        ox__error_value(m, v.id, err);
    }
    return s;
}

static ox_status refuse(const ox_model *m, ox_value v, const char *why, ox_error *err)
{
    ox_status s = ox__fail(err, OX_E_INVALID, "%s", why);
    ox__error_value(m, v.id, err);
    return s;
}

static ox_status list_last(ox_model *m, ox_graph g, enum ox__list_kind k, ox_value v, ox_tensor t, ox_error *err)
{
    ox_status s = ox__edit(m, 4 + OX__LIST_WORDS, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ITEM, 1, err);
    if (s != OX_OK) return s;
    ox__list_insert(m, g.id, k, v.id, SIZE_MAX);
    if (t.id) ox__put_value(m, v.id, tensor, t.id);
    ox__touch_graph(m, g.id, OX__DIRTY_LISTS);
    return OX_OK;
}

ox_status ox_graph_list_input(ox_model *m, ox_graph g, ox_value v, ox_error *err)
{
    ox_status s = need_own(m, g, v, err);
    if (s != OX_OK) return s;
    const ox__value_row *r = ox__value_row_at(m, v.id);
    if (!r->init_item) return refuse(m, v, "only an initializer can be listed as an input", err);
    if (r->in_item) return refuse(m, v, "the initializer is an input already", err);
    s = list_last(m, g, OX__LIST_IN, v, (ox_tensor){0}, err);
    if (s == OX_OK) OX__NOTE(m, graph_list_input, g.id, v.id);
    return s;
}

ox_status ox__graph_adopt_input(ox_model *m, ox_graph g, ox_value v, ox_error *err)
{
    ox_status s = need_own(m, g, v, err);
    if (s != OX_OK) return s;
    const ox__value_row *r = ox__value_row_at(m, v.id);
    if (r->node || r->in_item) return refuse(m, v, "the value is made already", err);
    return list_last(m, g, OX__LIST_IN, v, (ox_tensor){0}, err);
}

ox_status ox__graph_adopt_initializer(ox_model *m, ox_graph g, ox_value v, ox_tensor t, ox_error *err)
{
    ox_status s = need_own(m, g, v, err);
    if (s == OX_OK) s = ox__need_tensor(m, t, err);
    if (s != OX_OK) return s;
    const ox__value_row *r = ox__value_row_at(m, v.id);
    if (r->node || r->init_item || !t.id) return refuse(m, v, "the value is made already", err);
    return list_last(m, g, OX__LIST_INIT, v, t, err);
}

/* ---- initializers ---- */
size_t ox_graph_n_initializers(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return r ? r->init.n : 0;
}

ox_value ox_graph_initializer(const ox_model *m, ox_graph g, size_t i)
{
    return ox__value_handle(m, ox__graph_get(m, g) ? ox__list_at(m, g.id, OX__LIST_INIT, i) : 0);
}

static ox_type type_of_tensor(ox_model *m, ox_tensor t)
{
    ox_tensor_info i = ox_tensor_get(m, t);
    ox_dim few[8], *dims = i.rank <= OX__COUNT(few) ? few : ox__alloc(i.rank * sizeof *dims);
    if (!dims) {
        ox__model_oom(m);
        return (ox_type){0};
    }
    for (uint32_t k = 0; k < i.rank; k++) dims[k] = ox_dim_const(m, i.dims[k]);
    ox_type_info info = {.kind = i.storage == OX_STORAGE_SPARSE ? OX_TYPE_SPARSE : OX_TYPE_TENSOR,
                         .dtype = i.dtype,
                         .rank = (int32_t)i.rank,
                         .dims = dims};
    ox_type out = ox_type_add(m, &info);
    if (dims != few) ox__free(dims);
    return out;
}

ox_status ox_graph_add_initializer(ox_model *m, ox_value *out, ox_graph g, ox_str name, ox_tensor t, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s == OX_OK) s = ox__need_str(m, name, err);
    if (s == OX_OK) s = ox__need_tensor(m, t, err);
    if (s != OX_OK) return s;
    if (!t.id) return ox__fail(err, OX_E_INVALID, "an initializer needs a tensor");
    ox_type type = type_of_tensor(m, t);
    s = ox__edit(m, 4 + OX__LIST_WORDS, err);
    if (s == OX_OK) s = ox__reserve(m, OX__VALUE, 1, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ITEM, 1, err);
    if (s != OX_OK) return s;
    uint32_t v = ox__value_add(m, g.id, name, type);
    ox__put_value(m, v, tensor, t.id);
    ox__list_insert(m, g.id, OX__LIST_INIT, v, SIZE_MAX);
    ox__touch_graph(m, g.id, OX__DIRTY_LISTS);
    if (out) *out = ox__value_handle(m, v);
    OX__NOTE(m, graph_add_initializer, v, g.id, name.id, t.id);
    return OX_OK;
}

ox_status ox_graph_bind_input(ox_model *m, ox_graph g, ox_value input, ox_tensor t, bool keep_input, ox_error *err)
{
    ox_status s = need_own(m, g, input, err);
    if (s == OX_OK) s = ox__need_tensor(m, t, err);
    if (s != OX_OK) return s;
    const ox__value_row *r = ox__value_row_at(m, input.id);
    if (!r->in_item) return refuse(m, input, "the value is not an input of the graph", err);
    if (!t.id) return refuse(m, input, "an input is bound to a tensor", err);
    s = ox__edit(m, 8 + 2 * OX__LIST_WORDS, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ITEM, 1, err);
    if (s != OX_OK) return s;
    if (!r->init_item)
        ox__list_insert(m, g.id, OX__LIST_INIT, input.id, SIZE_MAX);
    else if (r->tensor != t.id)
        ox__touch_item(m, r->init_item, g.id);
    ox__put_value(m, input.id, tensor, t.id);
    if (!keep_input) ox__list_remove(m, g.id, OX__LIST_IN, input.id);
    ox__touch_graph(m, g.id, OX__DIRTY_LISTS);
    OX__NOTE(m, graph_bind_input, g.id, input.id, t.id, keep_input);
    return OX_OK;
}

ox_status ox_graph_remove_initializer(ox_model *m, ox_graph g, ox_value v, ox_error *err)
{
    ox_status s = need_own(m, g, v, err);
    if (s != OX_OK) return s;
    const ox__value_row *r = ox__value_row_at(m, v.id);
    if (!r->init_item) return refuse(m, v, "the value is not an initializer", err);
    if (r->use_n) return ox__value_in_use(m, v.id, "the initializer cannot be removed", err);
    s = ox__edit(m, 6 + OX__LIST_WORDS, err);
    if (s != OX_OK) return s;
    if (!r->in_item) ox__value_kill(m, v.id); /* else it stays as an input without a value */
    ox__list_remove(m, g.id, OX__LIST_INIT, v.id);
    ox__put_value(m, v.id, tensor, 0);
    ox__touch_graph(m, g.id, OX__DIRTY_LISTS);
    OX__NOTE(m, graph_remove_initializer, g.id, v.id);
    return OX_OK;
}

/* ---- outputs ---- */
static const ox__node_row *return_of(const ox_model *m, const ox__graph_row *g)
{
    return ox__node_row_at(m, g->ret);
}

size_t ox_graph_n_outputs(const ox_model *m, ox_graph g)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    return r ? return_of(m, r)->in_n : 0;
}

ox_value ox_graph_output(const ox_model *m, ox_graph g, size_t i)
{
    const ox__graph_row *r = ox__graph_get(m, g);
    if (!r || i >= return_of(m, r)->in_n) return (ox_value){0, 0};
    return ox__value_handle(m, ox__use_row_at(m, return_of(m, r)->in_first + (uint32_t)i)->value);
}

static uint32_t add_item(ox_model *m, uint32_t value)
{
    uint32_t item = ox__row_add(m, OX__ITEM);
    *ox__item_row_at(m, item) = (ox__item_row){.value = value, .flags = ox__journal_paused(m) ? 0 : OX__DIRTY};
    return item;
}

ox_status ox_graph_add_output(ox_model *m, ox_graph g, size_t pos, ox_value v, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s == OX_OK) s = ox__need_value(m, v, err);
    if (s != OX_OK) return s;
    const ox__graph_row *r = ox__graph_row_at(m, g.id);
    uint32_t n = return_of(m, r)->in_n, old = r->out_items;
    if (pos > n) pos = n;
    s = ox__edit(m, 8 + ((size_t)n + 1) * OX__UNLINK_WORDS, err);
    if (s == OX_OK) s = ox__reserve(m, OX__USE, (size_t)n + 1, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ID, (size_t)n + 1, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ITEM, 1, err);
    if (s != OX_OK) return s;
    ox__inputs_resize(m, r->ret, (uint32_t)pos, true);
    ox__use_link(m, return_of(m, r)->in_first + (uint32_t)pos, v.id);
    uint32_t to = ox__rows_add(m, OX__ID, n + 1);
    for (uint32_t i = 0; i < n; i++) ox__put_id(m, to + i + (i >= pos), ox__id_at(m, old + i));
    ox__put_id(m, to + (uint32_t)pos, add_item(m, v.id));
    ox__put_graph(m, g.id, out_items, to);
    ox__touch_graph(m, g.id, OX__DIRTY_LISTS);
    OX__NOTE(m, graph_add_output, g.id, pos, v.id);
    return OX_OK;
}

static ox_status need_output(const ox_model *m, ox_graph g, size_t i, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s != OX_OK) return s;
    uint32_t n = return_of(m, ox__graph_row_at(m, g.id))->in_n;
    if (i >= n) s = ox__fail(err, OX_E_INVALID, "the graph has %" PRIu32 " outputs, there is no number %zu", n, i);
    return s;
}

ox_status ox_graph_set_output(ox_model *m, ox_graph g, size_t i, ox_value v, ox_error *err)
{
    ox_status s = need_output(m, g, i, err);
    if (s == OX_OK) s = ox__need_value(m, v, err);
    if (s == OX_OK) s = ox__edit(m, OX__LINK_WORDS + OX__UNLINK_WORDS + 4, err);
    if (s != OX_OK) return s;
    uint32_t use = return_of(m, ox__graph_row_at(m, g.id))->in_first + (uint32_t)i;
    if (ox__use_row_at(m, use)->value == v.id) return OX_OK;
    ox__use_unlink(m, use);
    ox__use_link(m, use, v.id);
    ox__put_item(m, ox__graph_output_item(m, g.id, (uint32_t)i), value, v.id);
    ox__touch_item(m, ox__graph_output_item(m, g.id, (uint32_t)i), g.id);
    OX__NOTE(m, graph_set_output, g.id, i, v.id);
    return OX_OK;
}

ox_status ox_graph_remove_output(ox_model *m, ox_graph g, size_t i, ox_error *err)
{
    ox_status s = need_output(m, g, i, err);
    if (s != OX_OK) return s;
    const ox__graph_row *r = ox__graph_row_at(m, g.id);
    uint32_t n = return_of(m, r)->in_n;
    s = ox__edit(m, 8 + (size_t)n * (OX__UNLINK_WORDS + 1), err);
    if (s != OX_OK) return s;
    ox__inputs_resize(m, r->ret, (uint32_t)i, false);
    for (uint32_t k = (uint32_t)i + 1; k < n; k++) ox__put_id(m, r->out_items + k - 1, ox__id_at(m, r->out_items + k));
    ox__touch_graph(m, g.id, OX__DIRTY_LISTS);
    OX__NOTE(m, graph_remove_output, g.id, i);
    return OX_OK;
}

ox_status ox__graph_set_outputs(ox_model *m, ox_graph g, size_t n, const ox_value *values, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    for (size_t i = 0; i < n && s == OX_OK; i++) s = ox__need_value(m, values[i], err);
    if (s != OX_OK) return s;
    const ox__graph_row *r = ox__graph_row_at(m, g.id);
    uint32_t old = return_of(m, r)->in_first, old_n = return_of(m, r)->in_n;
    s = ox__edit(m, 8 + n * OX__LINK_WORDS + (size_t)old_n * OX__UNLINK_WORDS, err);
    if (s == OX_OK) s = ox__reserve(m, OX__USE, n, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ITEM, n, err);
    if (s == OX_OK) s = ox__reserve(m, OX__ID, n, err);
    if (s != OX_OK) return s;
    uint32_t uses = ox__rows_add(m, OX__USE, (uint32_t)n), ids = ox__rows_add(m, OX__ID, (uint32_t)n);
    for (uint32_t i = 0; i < n; i++) {
        ox__put_use(m, uses + i, node, r->ret);
        ox__use_link(m, uses + i, values[i].id);
        ox__put_id(m, ids + i, add_item(m, values[i].id));
    }
    for (uint32_t i = 0; i < old_n; i++) ox__use_unlink(m, old + i);
    ox__put_node(m, r->ret, in_first, uses);
    ox__put_node(m, r->ret, in_n, n);
    ox__put_graph(m, g.id, out_items, ids);
    ox__touch_graph(m, g.id, OX__DIRTY_LISTS);
    return OX_OK;
}
