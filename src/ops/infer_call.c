/* Floor 3. Calls of local functions. The types of a body are put into the model, read, and rolled back. */
#include "ops/infer_call.h"

#include "ops/exec.h"
#include "ops/infer.h"

#include <onnxsh/journal.h>

/* Functions in functions; nodes of bodies that are looked at in all, for functions that call each other twice and more
 * with other types each time double the work with each level. */
enum { MAX_CALLS = 50, MAX_WORK = 2000000 };

void ox__calls_free(ox__calls *c)
{
    ox__intern_free(&c->keys);
    ox__vec_free(&c->result);
    ox__arena_free(&c->mem);
    memset(c, 0, sizeof *c);
}

/* ---- signatures ---- */
static void add_attr(ox__buf *b, const ox_attr *a)
{
    size_t item = 0;
    const void *list = NULL;
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOATS: list = a->u.floats, item = sizeof *a->u.floats; break;
    case OX_ATTR_INTS: list = a->u.ints, item = sizeof *a->u.ints; break;
    case OX_ATTR_STRINGS: list = a->u.strings, item = sizeof *a->u.strings; break;
    case OX_ATTR_TENSORS: list = a->u.tensors, item = sizeof *a->u.tensors; break;
    case OX_ATTR_GRAPHS: list = a->u.graphs, item = sizeof *a->u.graphs; break;
    case OX_ATTR_TYPES: list = a->u.types, item = sizeof *a->u.types; break;
    default: break;
    }
    uint32_t head[4] = {a->name.id, a->kind, a->n, a->lost};
    ox__buf_add(b, head, sizeof head);
    if (item)
        ox__buf_add(b, list, a->n * item);
    else
        ox__buf_add(b, &a->u, sizeof a->u.i);
}

/* An attribute as this call has it: one that refers to the function around the call is looked up there. */
static const ox_attr *resolved(const ox__facts *f, const ox_attr *a)
{
    if (!a->ref.id) return a;
    return ox__facts_frame(f) ? ox__frame_attr(ox__facts_frame(f), a->ref) : NULL;
}

static bool signature(ox__facts *f, ox_node n, ox_graph function, ox__buf *b)
{
    ox_model *m = ox__facts_model(f);
    const ox_attr *attrs;
    size_t n_attrs = ox_node_attrs(m, n, &attrs);
    ox__buf_add(b, &function, sizeof function);
    for (size_t i = 0; i < ox_node_n_inputs(m, n); i++) {
        ox_value v = ox_node_input(m, n, i);
        ox__vec_fact vec = {0};
        uint32_t head[4] = {v.id ? ox_value_type(m, v).id : UINT32_MAX, ox__facts_tensor(f, v).id, 0, 0};
        if (!head[1] && ox__facts_vec(f, v, &vec)) {
            head[2] = (uint32_t)vec.n + 1;
            head[3] = vec.scalar;
        }
        ox__buf_add(b, head, sizeof head);
        ox__buf_add(b, vec.dims, vec.n * sizeof *vec.dims);
    }
    for (size_t i = 0; i < n_attrs; i++) {
        const ox_attr *a = resolved(f, &attrs[i]);
        ox__buf_add(b, &attrs[i].name, sizeof attrs[i].name);
        if (a) add_attr(b, a);
    }
    return !b->failed;
}

/* ---- the body ---- */
static bool is_running(const ox__facts *f, ox_graph function)
{
    const ox__frame *k = ox__facts_frame(f);
    for (; k; k = k->outer) {
        ox_graph g = ox_model_find_function(k->m, ox_node_domain(k->m, k->call), ox_node_op(k->m, k->call),
                                            ox_node_overload(k->m, k->call));
        if (g.id == function.id) return true;
    }
    return false;
}

static ox_status give_inputs(ox__facts *f, ox_node n, ox_graph function, const ox__fact_was *known, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_inputs(m, n); i++) {
        ox_value from = ox_node_input(m, n, i), to = ox_graph_input(m, function, i);
        if (!from.id) continue;
        s = ox_value_set_inferred(m, to, ox_value_type(m, from), false, err);
        if (s == OX_OK && known[i].tensor.id)
            s = ox__facts_set_tensor(f, to, known[i].tensor, err);
        else if (s == OX_OK && known[i].known)
            s = ox__facts_set_vec(f, to, known[i].dims, known[i].n, known[i].scalar, err);
    }
    return s;
}

static ox_status take_outputs(ox__facts *f, ox_graph function, ox__arena *mem, ox__call_result *out, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    size_t n = ox_graph_n_outputs(m, function);
    ox_type *types = ox__arena_alloc(mem, (n + 1) * sizeof *types);
    ox__vec_fact *vecs = ox__arena_alloc(mem, (n + 1) * sizeof *vecs);
    ox_tensor *tensors = ox__arena_alloc(mem, (n + 1) * sizeof *tensors);
    if (!types || !vecs || !tensors) return ox__nomem(err);
    for (size_t i = 0; i < n; i++) {
        ox_value v = ox_graph_output(m, function, i);
        types[i] = ox_value_type(m, v);
        tensors[i] = ox__facts_tensor(f, v);
        vecs[i] = (ox__vec_fact){0};
        if (!tensors[i].id && ox__facts_vec(f, v, &vecs[i])) {
            vecs[i].dims = ox__arena_dup(mem, vecs[i].dims, vecs[i].n * sizeof(ox_dim));
            if (!vecs[i].dims) return ox__nomem(err);
        }
    }
    *out = (ox__call_result){(uint32_t)n, types, vecs, tensors};
    return OX_OK;
}

/* Of ai.onnx: what the function imports, else what the model does. */
static int64_t opset_of(const ox_model *m, const ox_function_info *f)
{
    for (uint32_t i = 0; i < f->n_opsets; i++) {
        const char *domain = ox_str_text(m, f->opsets[i].domain, NULL);
        if (!*domain || strcmp(domain, "ai.onnx") == 0) return f->opsets[i].version;
    }
    return ox_model_opset(m, "");
}

static ox_status infer_body(ox__facts *f, ox_node n, ox_graph function, const ox__infer_options *opt,
                            ox__call_result *out, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    ox__calls *calls = ox__facts_calls(f);
    ox__frame frame = {ox__facts_frame(f), n, m, ox_function_get(m, function)};
    ox__infer_options inner = *opt;
    size_t n_in = ox_node_n_inputs(m, n);
    ox__arena mem = {0};
    ox__fact_was *known = ox__arena_alloc(&mem, (n_in + 1) * sizeof *known);
    if (!known) return ox__nomem(err);
    for (size_t i = 0; i < n_in; i++) { /* before the facts of an earlier call are forgotten: they may be the same */
        ox__vec_fact vec = {0};
        known[i] = (ox__fact_was){.tensor = ox__facts_tensor(f, ox_node_input(m, n, i))};
        if (!known[i].tensor.id && ox__facts_vec(f, ox_node_input(m, n, i), &vec))
            known[i] = (ox__fact_was){true, vec.scalar, vec.n, vec.dims, {0}};
    }
    inner.opset = opset_of(m, &frame.function);
    inner.keep = false;
    inner.blocks = true;
    ox_mark mark = ox_journal_mark(m);
    ox__facts_forget_graph(f, function);
    ox__facts_set_frame(f, &frame);
    calls->depth++;
    calls->work += ox_graph_n_nodes(m, function);
    ox_status s = give_inputs(f, n, function, known, err);
    if (s == OX_OK) s = ox__infer_graph(f, function, &inner, NULL, err);
    if (s == OX_OK) s = take_outputs(f, function, &calls->mem, out, err);
    calls->depth--;
    ox__facts_set_frame(f, frame.outer);
    ox__facts_forget_graph(f, function);
    if (s == OX_OK) s = ox__facts_status(f, err);
    if (s != OX_E_NOMEM) ox_journal_rollback(m, mark); /* out of memory is rolled back, and cleared, by its owner */
    ox__arena_free(&mem);
    return s;
}

/* ---- the call ---- */
static ox_status deliver(ox__facts *f, ox_node n, const ox__call_result *r, const ox__infer_options *opt, ox_type *out,
                         ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(m, n); i++) {
        ox_value v = ox_node_output(m, n, i);
        out[i] = r->types[i];
        if (!v.id || opt->no_data) continue;
        if (r->tensors[i].id)
            s = ox__facts_set_tensor(f, v, r->tensors[i], err);
        else if (r->vecs[i].dims)
            s = ox__facts_set_vec(f, v, r->vecs[i].dims, r->vecs[i].n, r->vecs[i].scalar, err);
    }
    return s;
}

static ox_status check_call(ox__facts *f, ox_node n, ox_graph function, ox_error *err)
{
    const ox_model *m = ox__facts_model(f);
    const char *name = ox_str_text(m, ox_graph_name(m, function), NULL);
    if (is_running(f, function)) return ox__fail(err, OX_E_INVALID, "the function %.100s calls itself", name);
    if (ox__facts_calls(f)->depth == MAX_CALLS)
        return ox__fail(err, OX_E_LIMIT, "functions are nested deeper than %d", MAX_CALLS);
    size_t n_in = ox_node_n_inputs(m, n), n_out = ox_node_n_outputs(m, n);
    if (ox__facts_calls(f)->work > MAX_WORK)
        return ox__fail(err, OX_E_LIMIT, "more than %d nodes in calls of local functions", MAX_WORK);
    if (n_in > ox_graph_n_inputs(m, function) || n_out > ox_graph_n_outputs(m, function))
        return ox__fail(err, OX_E_INVALID, "a call of %.100s with %zu inputs and %zu outputs: it has %zu and %zu", name,
                        n_in, n_out, ox_graph_n_inputs(m, function), ox_graph_n_outputs(m, function));
    return OX_OK;
}

ox_status ox__infer_call(ox__facts *f, ox_node n, ox_graph function, const ox__infer_options *opt, ox_type *out,
                         ox_error *err)
{
    ox__calls *calls = ox__facts_calls(f);
    ox__buf key = {0};
    ox_status s = check_call(f, n, function, err);
    if (s != OX_OK) return s;
    uint32_t id = signature(f, n, function, &key) ? ox__intern_add(&calls->keys, key.p, key.n) : 0;
    ox__buf_free(&key);
    if (!id || !ox__vec_reserve(&calls->result, id + 1)) return ox__nomem(err);
    while (calls->result.n <= id) calls->result.p[calls->result.n++] = (ox__call_result){0};
    ox__call_result r = calls->result.p[id];
    if (!r.types) {
        s = infer_body(f, n, function, opt, &r, err);
        if (s != OX_OK) return s;
        calls->result.p[id] = r;
    }
    return deliver(f, n, &r, opt, out, err);
}
