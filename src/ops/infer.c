/* Floor 3. Inference of one node and of a graph: gathers the inputs, calls the operator's row or the local function,
 * merges what it found with the types that the outputs were given. */
#include "ops/infer.h"

#include "ops/infer_call.h"

#include <onnxsh/schema.h>

/* ---- one node ---- */
static bool is_result(const ox_model *m, ox_value v)
{
    return ox_graph_get_kind(m, ox_value_graph(m, v)) == OX_GRAPH_MAIN && ox_value_is_output(m, v);
}

/* A type that contradicts the declared one stands, but where findings are asked for not of a result of the model: that
 * is a promise to others. */
static ox_status put(ox__facts *f, const ox__infer_options *opt, ox_value v, ox_type found, bool *differs,
                     ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    ox_type given = ox_value_given_type(m, v);
    ox_type now = opt->forget && found.id ? found : ox__type_merge(m, found, given, differs);
    if (*differs && opt->note && is_result(m, v)) now = given;
    if (now.id == ox_value_type(m, v).id && !(opt->keep && now.id && !ox_value_is_declared(m, v))) return OX_OK;
    return ox_value_set_inferred(m, v, now, opt->keep || (*differs && ox_value_is_declared(m, v)), err);
}

static ox_status store(ox__facts *f, const ox__infer_options *opt, ox_node n, const ox_type *out, size_t n_out,
                       size_t *clash, ox_error *err)
{
    for (size_t i = 0; i < n_out; i++) {
        bool differs = false;
        ox_value v = ox_node_output(ox__facts_model(f), n, i);
        ox_status s = v.id ? put(f, opt, v, out[i], &differs, err) : OX_OK;
        if (s != OX_OK) return s;
        if (differs && clash && !*clash) *clash = i + 1;
    }
    return ox__facts_status(f, err);
}

/* Results of constants, where they are small. */
static ox_status evaluate(ox__facts *f, ox_node n, const ox__op_row *row, int64_t opset, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    size_t n_in = ox_node_n_inputs(m, n), n_out = ox_node_n_outputs(m, n);
    if (!row->eval || n_in == 0 || n_out > 16 || (row->flags & OX__OP_RANDOM)) return OX_OK;
    for (size_t i = 0; i < n_in; i++) {
        ox_value v = ox_node_input(m, n, i);
        if (!v.id) continue;
        ox_tensor t;
        ox_status s = ox__facts_materialize(f, v, &t, err);
        if (s != OX_OK) return s;
        if (!t.id || ox_tensor_raw_size(m, t) > OX__FACT_MAX_BYTES) return OX_OK;
    }
    ox_tensor outs[16] = {{0}};
    ox_status s = ox__eval_node(f, n, opset, OX__FACT_MAX_BYTES, outs, err);
    if (ox__eval_declined(s)) return OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_out; i++)
        if (outs[i].id) s = ox__facts_set_tensor(f, ox_node_output(m, n, i), outs[i], err);
    return s;
}

int64_t ox__opset_for(const ox_model *m, ox_node n, int64_t opset)
{
    size_t len;
    ox_str_text(m, ox_node_domain(m, n), &len);
    return len ? ox_node_opset(m, n) : opset;
}

static ox_status by_row(ox__facts *f, ox_node n, const ox__op_row *row, const ox__infer_options *opt, ox__arena *mem,
                        size_t *clash, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    ox__inf c = {.facts = f,
                 .m = m,
                 .node = n,
                 .opset = ox__opset_for(m, n, opt->opset),
                 .n_in = ox_node_n_inputs(m, n),
                 .n_out = ox_node_n_outputs(m, n),
                 .mem = mem,
                 .opt = opt,
                 .frame = ox__facts_frame(f),
                 .err = err};
    ox_type_info *in = ox__arena_alloc(mem, (c.n_in + 1) * sizeof *in);
    c.out = ox__arena_alloc(mem, (c.n_out + 1) * sizeof *c.out);
    if (!in || !c.out) return ox__nomem(err);
    memset(c.out, 0, (c.n_out + 1) * sizeof *c.out);
    for (size_t i = 0; i < c.n_in; i++) in[i] = ox_type_get(m, ox_value_type(m, ox_node_input(m, n, i)));
    c.in = in;
    ox_status s = row->infer ? row->infer(&c) : OX_OK;
    if (s == OX_OK) s = store(f, opt, n, c.out, c.n_out, clash, err);
    return s == OX_OK && opt->evaluate ? evaluate(f, n, row, c.opset, err) : s;
}

static ox_status by_function(ox__facts *f, ox_node n, ox_graph function, const ox__infer_options *opt, ox__arena *mem,
                             size_t *clash, ox_error *err)
{
    size_t n_out = ox_node_n_outputs(ox__facts_model(f), n);
    ox_type *out = ox__arena_alloc(mem, (n_out + 1) * sizeof *out);
    if (!out) return ox__nomem(err);
    memset(out, 0, (n_out + 1) * sizeof *out);
    ox_status s = ox__infer_call(f, n, function, opt, out, err);
    return s == OX_OK ? store(f, opt, n, out, n_out, clash, err) : s;
}

static ox_graph function_of(const ox_model *m, ox_node n)
{
    if (!ox_model_n_functions(m)) return (ox_graph){0};
    return ox_model_find_function(m, ox_node_domain(m, n), ox_node_op(m, n), ox_node_overload(m, n));
}

bool ox__infer_knows(ox__facts *f, ox_node n)
{
    const ox__op_row *row = function_of(ox__facts_model(f), n).id ? NULL : ox__facts_op(f, n);
    return function_of(ox__facts_model(f), n).id || (row && row->infer);
}

ox_status ox__infer_node(ox__facts *f, ox_node n, const ox__infer_options *opt, size_t *clash, ox_error *err)
{
    if (clash) *clash = 0;
    ox_graph function = function_of(ox__facts_model(f), n);
    const ox__op_row *row = function.id ? NULL : ox__facts_op(f, n);
    if (!row && !function.id) return ox__facts_status(f, err);
    ox__arena *mem = ox__facts_enter(f);
    if (!mem) return ox__fail(err, OX_E_LIMIT, "blocks are nested deeper than 100");
    ox_status s = row ? by_row(f, n, row, opt, mem, clash, err) : by_function(f, n, function, opt, mem, clash, err);
    ox__facts_leave(f);
    return s;
}

/* ---- a graph ---- */

/* What is wrong with a node goes to the one who asked for findings, and work goes on. */
static ox_status note(ox__facts *f, const ox__infer_options *opt, ox_infer_problem problem, ox_node n, size_t output,
                      const ox_error *what, ox_error *err)
{
    ox__infer_note k = {problem, n, ox_node_output(ox__facts_model(f), n, output), what};
    return opt->note(opt->ud, &k, err);
}

static bool untyped(const ox_model *m, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
        ox_value v = ox_node_output(m, n, i);
        ox_type_info t = ox_type_get(m, ox_value_type(m, v));
        if (v.id && (t.kind == OX_TYPE_NONE_KNOWN || (t.kind == OX_TYPE_TENSOR && !t.dtype && t.rank < 0))) return true;
    }
    return false;
}

ox_status ox__infer_step(ox__facts *f, ox_node n, const ox__infer_options *opt, ox_error *err)
{
    size_t clash = 0;
    if (!opt->note) return ox__infer_node(f, n, opt, NULL, err);
    ox_error *e = ox__facts_error(f);
    ox_status s = ox__infer_node(f, n, opt, &clash, e);
    if (ox__eval_declined(s) || s == OX_E_INVALID) {
        s = note(f, opt, OX_INFER_INPUTS, n, 0, e, err);
        ox_error_clear(e);
        ox_type none[1] = {{0}};
        for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(ox__facts_model(f), n); i++) {
            bool differs = false;
            ox_value v = ox_node_output(ox__facts_model(f), n, i);
            if (v.id) s = put(f, opt, v, none[0], &differs, err);
        }
        return s;
    }
    if (s != OX_OK) {
        if (err) *err = *e;
        return s;
    }
    if (clash) return note(f, opt, OX_INFER_DECLARED, n, clash - 1, NULL, err);
    if (untyped(ox__facts_model(f), n) && !ox__infer_knows(f, n))
        return note(f, opt, OX_INFER_NO_RULE, n, 0, NULL, err);
    return OX_OK;
}

ox_status ox__infer_graph(ox__facts *f, ox_graph g, const ox__infer_options *opt, const ox_task *task, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    uint64_t done = 0, total = task ? ox_graph_n_nodes(m, g) : 0;
    if (!task) task = opt->task;
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n)) {
        if (task && task->step && (done++ & 255) == 0 && !task->step(task->ud, "infer", total ? done : 0, total))
            return ox__fail(err, OX_E_INTERRUPTED, "interrupted");
        ox_status s = ox__infer_step(f, n, opt, err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}
