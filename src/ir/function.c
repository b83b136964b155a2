/* Floor 1. What a local function is besides its graph: domain, overload, attributes, opset imports. */
#include "ir/note.h"

ox_function_info ox_function_get(const ox_model *m, ox_graph f)
{
    const ox__graph_row *r = ox__graph_get(m, f);
    return r && r->ext && r->ext->function ? *r->ext->function : (ox_function_info){0};
}

static ox_status check_info(const ox_model *m, const ox_function_info *f, ox_error *err)
{
    ox_status s = ox__need_str(m, f->domain, err);
    if (s == OX_OK) s = ox__need_str(m, f->overload, err);
    for (uint32_t i = 0; i < f->n_attrs && s == OX_OK; i++) s = ox__need_str(m, f->attrs[i], err);
    for (uint32_t i = 0; i < f->n_opsets && s == OX_OK; i++) s = ox__need_str(m, f->opsets[i].domain, err);
    for (uint32_t i = 0; i < f->n_defaults && s == OX_OK; i++) {
        s = ox__attr_check(m, &f->defaults[i], err);
        if (s == OX_OK && ox__attr_n_graphs(&f->defaults[i]))
            s = ox__fail(err, OX_E_UNSUPPORTED, "a graph cannot be the default of a function's attribute");
    }
    return s;
}

static const ox_function_info *copy_info(ox_model *m, const ox_function_info *f)
{
    ox_function_info *c = ox__arena_dup(&m->arena, f, sizeof *f);
    if (!c) return NULL;
    ox_attr *defaults = ox__arena_alloc(&m->arena, f->n_defaults * sizeof *defaults);
    c->attrs = ox__arena_dup(&m->arena, f->attrs, f->n_attrs * sizeof *f->attrs);
    c->opsets = ox__arena_dup(&m->arena, f->opsets, f->n_opsets * sizeof *f->opsets);
    c->defaults = defaults;
    if (!defaults || !c->attrs || !c->opsets) return NULL;
    for (uint32_t i = 0; i < f->n_defaults; i++)
        if (!ox__attr_copy(m, &defaults[i], &f->defaults[i])) return NULL;
    return c;
}

ox_status ox_function_set(ox_model *m, ox_graph f, const ox_function_info *info, ox_error *err)
{
    ox_status s = ox__need_graph(m, f, err);
    if (s != OX_OK) return s;
    if (ox__graph_row_at(m, f.id)->kind != OX_GRAPH_FUNCTION)
        return ox__fail(err, OX_E_INVALID, "the graph is not a function");
    if (!info) return ox__fail(err, OX_E_INVALID, "no description of the function was given");
    s = check_info(m, info, err);
    if (s == OX_OK) s = ox__edit(m, 4, err);
    if (s != OX_OK) return s;
    const ox_function_info *c = copy_info(m, info);
    ox__ext *e = c ? ox__ext_copy(m, ox__graph_row_at(m, f.id)->ext) : NULL;
    if (!e) return ox__nomem(err);
    e->function = c;
    ox__put_graph(m, f.id, ext, OX__PTR(e));
    ox__names_function(m, f.id);
    ox__touch_graph(m, f.id, OX__DIRTY_FUNC);
    OX__NOTE(m, function_set, f.id, OX__PTR(c));
    return OX_OK;
}

size_t ox_model_n_functions(const ox_model *m)
{
    return m ? ox__top(m)->fn_n : 0;
}

ox_graph ox_model_function(const ox_model *m, size_t i)
{
    return m && i < ox__top(m)->fn_n ? ox__graph_handle(m, ox__id_at(m, ox__top(m)->fn_first + (uint32_t)i))
                                     : (ox_graph){0, 0};
}
