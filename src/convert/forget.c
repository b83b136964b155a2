/* Floor 5. Types that hold for the traced sizes alone: once a dim of an input is a symbol, the numbers that the file
 * gives for values which depend on it are forgotten, so that inference says what they are. */
#include "convert/forget.h"

typedef struct forgetting {
    ox_model *m;
    bool *depends; /* by value id */
    uint64_t *changed, done;
    const ox_task *task;
    ox_error *err;
} forgetting;

static ox_status forget(forgetting *w, ox_value v)
{
    ox_type_info t = ox_type_get(w->m, ox_value_given_type(w->m, v));
    if (t.kind != OX_TYPE_TENSOR || t.rank <= 0) return OX_OK;
    ox_dim few[8], *dims = t.rank <= 8 ? few : ox__alloc((size_t)t.rank * sizeof *dims);
    if (!dims) return ox__nomem(w->err);
    ox_dim unknown = ox_dim_unknown(w->m, "the trace saw one size of an input that is dynamic");
    for (int32_t i = 0; i < t.rank; i++) dims[i] = unknown;
    t.dims = dims;
    ox_type now = ox_type_add(w->m, &t);
    if (dims != few) ox__free(dims);
    ++*w->changed;
    return ox_value_set_type(w->m, v, now, w->err);
}

static ox_status tick(forgetting *w)
{
    bool go = !w->task || !w->task->step || (w->done++ & 255) ||
              w->task->step(w->task->ud, "dynamic", w->done, ox_model_n_nodes(w->m));
    return go ? OX_OK : ox__fail(w->err, OX_E_INTERRUPTED, "interrupted");
}

static bool reads(const forgetting *w, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_inputs(w->m, n); i++)
        if (w->depends[ox_node_input(w->m, n, i).id]) return true;
    return false;
}

/* A node with blocks depends on what its blocks read; what a loop carries may come from there too. */
static ox_status walk(forgetting *w, ox_graph g, bool all, bool *any)
{
    ox_status s = OX_OK;
    for (size_t i = 0; all && s == OX_OK && i < ox_graph_n_inputs(w->m, g); i++) {
        ox_value v = ox_graph_input(w->m, g, i);
        w->depends[v.id] = true;
        s = forget(w, v);
    }
    for (ox_node n = ox_graph_first(w->m, g); s == OX_OK && n.id; n = ox_node_next(w->m, n)) {
        bool hit = all || reads(w, n);
        s = tick(w);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(w->m, n); i++)
            s = walk(w, ox_node_block(w->m, n, i), hit, &hit);
        for (size_t i = 0; hit && s == OX_OK && i < ox_node_n_outputs(w->m, n); i++) {
            ox_value v = ox_node_output(w->m, n, i);
            w->depends[v.id] = v.id != 0;
            if (v.id) s = forget(w, v);
        }
        *any = *any || hit;
    }
    return s;
}

static bool has_symbol(const ox_model *m, ox_value v)
{
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    int64_t d;
    for (int32_t i = 0; t.kind == OX_TYPE_TENSOR && i < t.rank; i++)
        if (!ox_dim_is_const(m, t.dims[i], &d)) return true;
    return false;
}

ox_status ox__forget_sizes(ox_model *m, bool *any, uint64_t *changed, const ox_task *task, ox_error *err)
{
    ox_graph g = ox_model_main(m);
    forgetting w = {m, ox__calloc((size_t)ox_model_value_limit(m) + 1, 1), changed, 0, task, err};
    bool hit = false;
    *any = false;
    if (!w.depends) return ox__nomem(err);
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) {
        ox_value v = ox_graph_input(m, g, i);
        if (ox_value_tensor(m, v).id || !has_symbol(m, v)) continue;
        w.depends[v.id] = true;
        *any = true;
    }
    ox_status s = *any ? walk(&w, g, false, &hit) : OX_OK;
    ox__free(w.depends);
    return s;
}
