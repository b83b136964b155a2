/* Floor 5. Finding types: a copy of the trace goes through the passes up to conversion, failures and all; what stands
 * for each value in the end has the type that ONNX's rules gave it. Numbers need nothing; a tensor that stands for a
 * number of the trace has the dtype that PyTorch gives it, if that is certain. */
#include "convert/found.h"

#include "convert/dispatch.h"
#include "convert/pass.h"
#include "convert/trail.h"
#include "ir/ir.h"
#include "rewrite/translate.h"

bool ox__type_is_open(const ox_model *m, ox_type t)
{
    ox_type_info info = ox_type_get(m, t);
    return info.kind == OX_TYPE_NONE_KNOWN || (info.kind == OX_TYPE_TENSOR && (!info.dtype || info.rank < 0));
}

static bool any_open(const ox_model *m, ox_graph g)
{
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n)) {
        for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
            ox_value v = ox_node_output(m, n, i);
            if (v.id && ox__type_is_open(m, ox_value_given_type(m, v))) return true;
        }
        for (size_t i = 0; i < ox_node_n_blocks(m, n); i++)
            if (any_open(m, ox_node_block(m, n, i))) return true;
    }
    return false;
}

bool ox__types_missing(const ox_model *m)
{
    return any_open(m, ox_model_main(m));
}

/* ---- the copy ---- */
typedef struct finder {
    ox__found *f;
    ox__conv c;
    ox__trail trail;
    ox__translate t; /* from the copy back */
    ox_model *m;
    ox_value of; /* the value that is looked at */
    bool any;    /* something stands for it */
    ox_error *err;
} finder;

/* The type of a number where a tensor stands in the trace: prim::NumToTensor makes int64 and float64 of numbers; what
 * is computed from floats may be of either width. */
static ox_type of_number(finder *w, ox_dtype dtype)
{
    ox_node n = ox_value_node(w->m, w->of);
    if (dtype == OX_FLOAT) dtype = n.id && ox_node_is(w->m, n, "prim", "NumToTensor") ? OX_DOUBLE : OX_UNDEFINED;
    return ox_type_tensor(w->m, dtype, 0, NULL);
}

static ox_dtype number_dtype(const finder *w, ox_value end)
{
    const ox_model *m = w->c.m;
    ox_type_info t = ox_type_get(m, ox_value_type(m, end));
    ox_node n = ox_value_node(m, end);
    const ox_attr *a = n.id && ox_node_is(m, n, "prim", "Constant") ? ox_node_attr(m, n, "value") : NULL;
    ox_attr_kind kind = a ? (ox_attr_kind)a->kind : OX_ATTR_NONE;
    if (kind == OX_ATTR_INT || t.kind == OX_TYPE_INT) return OX_INT64;
    if (kind == OX_ATTR_BOOL || t.kind == OX_TYPE_BOOL_SCALAR) return OX_BOOL;
    if (kind == OX_ATTR_FLOAT || t.kind == OX_TYPE_FLOAT_SCALAR) return OX_FLOAT;
    return t.kind == OX_TYPE_TENSOR && t.rank == 0 && ox__conv_flags(&w->c, end) & OX__V_FLOAT ? OX_FLOAT
                                                                                               : OX_UNDEFINED;
}

static ox_type type_back(finder *w, ox_value end)
{
    ox_type t = ox_value_type(w->c.m, end);
    ox_dtype number = number_dtype(w, end);
    if (number) return of_number(w, number);
    return ox_type_get(w->c.m, t).kind == OX_TYPE_TENSOR ? ox__translate_type(&w->t, t) : (ox_type){0};
}

static void take(void *ud, ox_value end)
{
    finder *w = ud;
    ox_type *to = &w->f->type[w->of.id], t = type_back(w, end);
    w->any = true;
    if (ox__conv_flags(&w->c, end) & OX__V_FAILED) w->f->why[w->of.id] = (uint32_t)w->c.values.p[end.id].failure + 1;
    if (!t.id) return;
    *to = to->id ? ox__type_join(w->m, *to, t, "it differs from one copy of the node to another",
                                 ox_value_node(w->m, w->of))
                 : t;
}

static ox_status take_all(finder *w)
{
    for (uint32_t id = 1; id < w->f->n; id++) {
        w->of = ox_model_value_at(w->m, id);
        ox_type_kind kind = ox_type_get(w->m, ox_value_given_type(w->m, w->of)).kind;
        if (!w->of.id || (kind != OX_TYPE_TENSOR && kind != OX_TYPE_NONE_KNOWN)) continue;
        w->any = false;
        ox__trail_ends(&w->trail, w->of, take, w);
        bool block = ox_graph_get_kind(w->m, ox_value_graph(w->m, w->of)) == OX_GRAPH_BLOCK;
        if (!w->any && block) w->f->why[id] = OX__FOUND_GONE;
    }
    return w->t.failed ? ox__nomem(w->err) : ox_model_status(w->m, w->err);
}

static ox_status lower(finder *w, bool no_data)
{
    ox_status s = ox__conv_open(&w->c);
    w->c.inf.no_data = no_data;
    /* A wrong dtype would be laid, and values cast to it. */
    w->c.inf.certain = true;
    if (s == OX_OK && w->c.as_is) return OX_OK; /* ONNX nodes: inference says it all */
    if (s == OX_OK) s = ox__trail_start(&w->trail, &w->c);
    w->c.trail = &w->trail;
    if (s == OX_OK) s = ox__passes_run(&w->c);
    return s == OX_OK && w->trail.failed ? ox__nomem(w->err) : s;
}

ox_status ox__found_make(ox__found *f, ox_model *m, ox_symbolics *r, const ox_convert_options *opt, ox__found_how how,
                         ox_error *err)
{
    memset(f, 0, sizeof *f);
    f->n = ox_model_value_limit(m);
    f->type = ox__calloc(f->n + 1, sizeof *f->type);
    f->why = ox__calloc(f->n + 1, sizeof *f->why);
    f->report = ox__report_create();
    if (!f->type || !f->why || !f->report) return ox__nomem(err);
    ox_error local;
    if (!err) err = &local;
    ox_error_clear(err);
    ox_convert_options own = {.n_custom_opsets = opt ? opt->n_custom_opsets : 0};
    if (opt) {
        own.custom_domains = opt->custom_domains;
        own.custom_versions = opt->custom_versions;
        own.task = opt->task;
    }
    own.opset = ox_opset_newest(""); /* where most can be said */
    finder w = {.f = f, .m = m, .err = err};
    w.c = (ox__conv){.src = m,
                     .syms = r,
                     .opt = &own,
                     .opset = own.opset,
                     .trace = true,
                     .inner = how.inner,
                     .report = f->report,
                     .err = err};
    ox_status s = lower(&w, how.no_data);
    if (s == OX_OK && w.c.trail) {
        ox__translate_init(&w.t, w.c.m, m);
        w.t.back = true;
        s = take_all(&w);
        ox__translate_free(&w.t);
    }
    ox__trail_free(&w.trail);
    ox__conv_close(&w.c);
    return s == OX_E_NOMEM ? ox__nomem(err) : s; /* wherever it ran out */
}

void ox__found_free(ox__found *f)
{
    ox__free(f->type);
    ox__free(f->why);
    ox_report_free(f->report);
    memset(f, 0, sizeof *f);
}
