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
    ox_status s = fetch_given(m, opt, n_in, in, f.out, err);
    return s == OX_OK ? ox__exec_run(m, &x, n_in, in, n_out, out, err) : s;
}

const ox__engine ox__engine_builtin = {"built-in", "onnxsh's own evaluator of every standard operator", run};
