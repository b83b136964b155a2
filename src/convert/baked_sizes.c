/* Floor 5. The sizes of all values of a model, as numbers. Those of an ONNX model, whose file may declare few, are
 * inferred on a copy that is gone afterwards. */
#include "convert/baked.h"

#include "rewrite/clone.h"

typedef struct sizing {
    ox__sample *s;
    ox__arena *mem;
    const ox_model *from; /* the copy, or the model itself */
} sizing;

static bool take(sizing *w, ox_value v, ox_value twin)
{
    ox_type_info t = ox_type_get(w->from, ox_value_type(w->from, twin));
    ox__sized *out = &w->s->of[v.id];
    if (!v.id || t.kind != OX_TYPE_TENSOR || t.rank < 0) return true;
    int64_t *dims = ox__arena_alloc(w->mem, ((size_t)t.rank + 1) * sizeof *dims);
    if (!dims) return false;
    for (int32_t i = 0; i < t.rank; i++)
        if (!ox_dim_is_const(w->from, t.dims[i], &dims[i])) dims[i] = -1;
    *out = (ox__sized){t.rank, dims};
    return true;
}

/* A graph and its copy, side by side. */
static bool walk(sizing *w, ox_graph g, ox_graph copy)
{
    const ox_model *m = w->s->m;
    bool ok = true;
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++)
        ok = ok && take(w, ox_graph_input(m, g, i), ox_graph_input(w->from, copy, i));
    ox_node c = ox_graph_first(w->from, copy);
    for (ox_node n = ox_graph_first(m, g); n.id && ok; n = ox_node_next(m, n), c = ox_node_next(w->from, c)) {
        for (size_t i = 0; i < ox_node_n_outputs(m, n); i++)
            ok = ok && take(w, ox_node_output(m, n, i), ox_node_output(w->from, c, i));
        for (size_t i = 0; i < ox_node_n_blocks(m, n) && ok; i++)
            ok = walk(w, ox_node_block(m, n, i), ox_node_block(w->from, c, i));
    }
    return ok;
}

ox_status ox__sample_open(ox__sample *s, const ox_model *m, ox__arena *mem, const ox_task *task, ox_error *err)
{
    ox_model *copy = NULL;
    ox_status st = OX_OK;
    *s = (ox__sample){.m = m, .n = ox_model_value_limit(m)};
    s->of = ox__arena_alloc(mem, (s->n + 1) * sizeof *s->of);
    if (!s->of) return ox__nomem(err);
    for (uint32_t i = 0; i < s->n; i++) s->of[i] = (ox__sized){.rank = -1};
    if (!ox_typing_is_for(m)) {
        st = ox__model_clone(&copy, m, ox_model_get_kind(m), task, err);
        if (st == OX_OK) st = ox_infer(copy, NULL, NULL, NULL, NULL, task, err);
    }
    sizing w = {s, mem, copy ? copy : m};
    if (st == OX_OK && !walk(&w, ox_model_main(m), ox_model_main(w.from))) st = ox__nomem(err);
    ox_model_free(copy);
    return st;
}
