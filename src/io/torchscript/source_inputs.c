/* Floor 3. The types of a method's inputs, from what the tracer was given (traced_inputs.pkl): dtype and sizes of each
 * tensor, no more. They stand beside those that the code states, as inferred ones do: `show --no-infer` leaves them
 * out. */
#include "io/torchscript/lower.h"

#include "ir/ir.h"

static ox_type refined(ox_model *m, ox_type t, const ox__obj *o);

/* What counts are the elements; a quantised tensor stands for others than it stores. */
static ox_type tensor_type(ox_model *m, ox_type t, const ox__obj_tensor *x)
{
    if (!x->dtype || x->quant != OX__QUANT_NONE || x->rank > OX_MAX_RANK) return t;
    ox_dim few[8], *dims = x->rank <= 8 ? few : ox__alloc(x->rank * sizeof *dims);
    if (!dims) {
        ox__model_oom(m);
        return t;
    }
    for (uint32_t i = 0; i < x->rank; i++) dims[i] = ox_dim_const(m, x->sizes[i]);
    ox_type made = ox_type_tensor(m, x->dtype, (int32_t)x->rank, dims);
    if (dims != few) ox__free(dims);
    return made;
}

/* The one type of all items of a list, or of all values of a dict: nothing is said if they differ. */
static ox_type item_type(ox_model *m, ox_type t, const ox__obj *o, size_t first, size_t step)
{
    ox_type one = {0};
    for (size_t i = first; i < (size_t)o->n * step; i += step) {
        ox_type item = refined(m, t, o->items[i]);
        if (one.id && item.id != one.id) return t;
        one = item;
    }
    return one.id ? one : t;
}

static ox_type with_items(ox_model *m, ox_type t, const ox_type *items)
{
    ox_type_info info = ox_type_get(m, t);
    bool same = true;
    for (uint32_t i = 0; i < info.n_items; i++) same = same && items[i].id == info.items[i].id;
    info.items = items;
    return same ? t : ox_type_add(m, &info);
}

static ox_type tuple_type(ox_model *m, ox_type t, const ox__obj *o)
{
    ox_type_info info = ox_type_get(m, t);
    if (o->n != info.n_items) return t;
    ox_type *items = ox__alloc(((size_t)o->n + 1) * sizeof *items);
    if (!items) {
        ox__model_oom(m);
        return t;
    }
    for (uint32_t i = 0; i < o->n; i++) items[i] = refined(m, ox_type_get(m, t).items[i], o->items[i]);
    t = with_items(m, t, items);
    ox__free(items);
    return t;
}

/* t, and what o tells beside it. Types are not nested deeper than OX_MAX_TYPE_DEPTH. */
static ox_type refined(ox_model *m, ox_type t, const ox__obj *o)
{
    ox_type_info info = ox_type_get(m, t);
    if (info.kind == OX_TYPE_TENSOR && o->kind == OX__OBJ_TENSOR) return tensor_type(m, t, o->tensor);
    if (info.kind == OX_TYPE_TUPLE && o->kind == OX__OBJ_TUPLE) return tuple_type(m, t, o);
    if (info.kind == OX_TYPE_OPTIONAL && o->kind != OX__OBJ_NONE) {
        ox_type item = refined(m, info.items[0], o);
        return with_items(m, t, &item);
    }
    if (info.kind == OX_TYPE_LIST && o->kind == OX__OBJ_LIST) {
        ox_type item = item_type(m, info.items[0], o, 0, 1);
        return with_items(m, t, &item);
    }
    if (info.kind == OX_TYPE_DICT && o->kind == OX__OBJ_DICT) {
        ox_type items[2] = {info.items[0], item_type(m, info.items[1], o, 1, 2)};
        return with_items(m, t, items);
    }
    return t;
}

bool ox__ts_input_types(ox__ts *t, const char *method)
{
    const ox__obj *given = ox__obj_get(t->host.inputs, method);
    ox_graph g = ox_model_main(t->m);
    size_t n = ox_graph_n_inputs(t->m, g); /* the first is the module itself */
    if (!given || (given->kind != OX__OBJ_LIST && given->kind != OX__OBJ_TUPLE) || n != (size_t)given->n + 1)
        return true;
    for (size_t i = 1; i < n && t->s == OX_OK; i++) {
        ox_value v = ox_graph_input(t->m, g, i);
        ox_type type = refined(t->m, ox_value_type(t->m, v), given->items[i - 1]);
        t->s = ox_model_status(t->m, t->err);
        if (t->s == OX_OK) t->s = ox_value_set_inferred(t->m, v, type, false, t->err);
    }
    return t->s == OX_OK;
}
