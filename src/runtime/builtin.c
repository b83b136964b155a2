/* Floor 4. The built-in evaluator as an engine. */
#include "ops/exec.h"
#include "runtime/engine.h"

typedef struct fetching {
    const ox_run_options *opt;
    ox_data **out;
} fetching;

static ox_status on_value(void *ud, ox_value v, ox_data *d, ox_error *err)
{
    fetching *f = ud;
    (void)err;
    for (size_t i = 0; i < f->opt->n_fetch; i++)
        if (f->opt->fetch[i].id == v.id) {
            ox_data_free(f->out[i]);
            f->out[i] = ox_data_ref(d);
        }
    return OX_OK;
}

/* Inputs and initializers are made by no node. */
static ox_status fetch_given(const ox_model *m, const ox_run_options *opt, size_t n_in, ox_data *const *in,
                             ox_data **out, ox_error *err)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < opt->n_fetch; i++) {
        ox_value v = opt->fetch[i];
        for (size_t k = 0; k < n_in; k++)
            if (ox_graph_input(m, ox_model_main(m), k).id == v.id) out[i] = ox_data_ref(in[k]);
        ox_tensor t = ox_value_tensor(m, v);
        if (!out[i] && t.id) s = ox_data_of_tensor(&out[i], m, t, opt->max_bytes, err);
    }
    return s;
}

/* ---- what fetched values need ---- */
typedef struct needs {
    const ox_model *m;
    ox_graph main;
    bool *needed; /* by node id */
    OX__VEC(ox_node) todo;
    bool oom;
} needs;

/* The node of the main graph that makes v, or in whose blocks v is. */
static void want(needs *k, ox_value v)
{
    ox_node n = ox_value_node(k->m, v);
    ox_graph g = ox_value_graph(k->m, v);
    while (g.id && g.id != k->main.id) {
        n = ox_graph_owner(k->m, g);
        g = n.id ? ox_node_graph(k->m, n) : (ox_graph){0};
    }
    if (!n.id || !g.id || k->needed[n.id]) return;
    k->needed[n.id] = true;
    if (!ox__vec_push(&k->todo, n)) k->oom = true;
}

static void want_inputs(needs *k, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_inputs(k->m, n); i++) {
        ox_value v = ox_node_input(k->m, n, i);
        if (v.id) want(k, v);
    }
}

/* All that the blocks of n read; those inside are met by id, for blocks nest as deep as a file likes. */
static void want_captured(needs *k, ox_node n)
{
    OX__VEC(ox_graph) blocks = {0};
    for (size_t i = 0; i < ox_node_n_blocks(k->m, n); i++)
        if (!ox__vec_push(&blocks, ox_node_block(k->m, n, i))) k->oom = true;
    while (blocks.n && !k->oom) {
        ox_graph g = blocks.p[--blocks.n];
        for (size_t i = 0; i < ox_graph_n_outputs(k->m, g); i++) want(k, ox_graph_output(k->m, g, i));
        for (ox_node inner = ox_graph_first(k->m, g); inner.id; inner = ox_node_next(k->m, inner)) {
            want_inputs(k, inner);
            for (size_t i = 0; i < ox_node_n_blocks(k->m, inner); i++)
                if (!ox__vec_push(&blocks, ox_node_block(k->m, inner, i))) k->oom = true;
        }
    }
    ox__vec_free(&blocks);
}

static ox_status find_needed(const ox_model *m, const ox_run_options *opt, bool **out, ox_error *err)
{
    needs k = {.m = m, .main = ox_model_main(m)};
    k.needed = ox__calloc(ox_model_node_limit(m), sizeof *k.needed);
    if (!k.needed) return ox__nomem(err);
    for (size_t i = 0; i < opt->n_fetch; i++) want(&k, opt->fetch[i]);
    while (k.todo.n && !k.oom) {
        ox_node n = k.todo.p[--k.todo.n];
        want_inputs(&k, n);
        want_captured(&k, n);
    }
    ox__vec_free(&k.todo);
    *out = k.needed;
    return k.oom ? ox__nomem(err) : OX_OK;
}

static ox_status run(ox_model *m, const ox_run_options *opt, size_t n_in, ox_data *const *in, ox_data **out,
                     ox_error *err)
{
    size_t n_out = ox_graph_n_outputs(m, ox_model_main(m));
    fetching f = {opt, out + n_out};
    ox__exec_options x = {.seed = opt->seed,
                          .threads = opt->threads,
                          .max_bytes = opt->max_bytes,
                          .max_nodes = opt->max_nodes,
                          .task = opt->task,
                          .on_value = opt->n_fetch ? on_value : NULL,
                          .ud = &f};
    bool *needed = NULL;
    ox_status s = fetch_given(m, opt, n_in, in, f.out, err);
    if (s == OX_OK && opt->only_fetch) s = find_needed(m, opt, &needed, err);
    x.needed = needed;
    if (s == OX_OK) s = ox__exec_run(m, &x, n_in, in, n_out, out, err);
    ox__free(needed);
    return s;
}

const ox__engine ox__engine_builtin = {"built-in", "onnxsh's own evaluator of every standard operator", run};
