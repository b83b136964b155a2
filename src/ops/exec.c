/* Floor 3. The run of a model: values by id, a plan for each graph, one node after the other. */
#include "ops/exec.h"

#include "ops/exec_plan.h"
#include "ops/infer.h"

#include <onnxsh/print.h>

#include <stdio.h>

enum { MAX_DEPTH = 100 };

struct ox__exec {
    const ox_model *m;
    ox__exec_options opt;
    ox__rows rows;
    ox__pool *pool;
    ox_data **value;       /* by value id; NULL = not made (yet) */
    ox__exec_steps **plan; /* by graph id */
    uint32_t *step_of;     /* by node id */
    ox__arena plans, scratch[MAX_DEPTH];
    uint64_t live; /* bytes of the values held */
    uint64_t n_nodes;
    uint64_t random;
    size_t depth;
    size_t done, total; /* steps of the graph that runs */
    ox_error *err;
};

/* ---- values ---- */
static uint64_t bytes_of(const ox_data *d)
{
    return d && !d->base ? ox__data_bytes(d) : 0; /* a view's bytes are those of another value */
}

static void drop(ox__exec *x, ox_value v)
{
    ox_data **slot = &x->value[v.id];
    x->live -= OX__MIN(x->live, bytes_of(*slot));
    ox_data_free(*slot);
    *slot = NULL;
}

/* Takes the reference over. */
static void put(ox__exec *x, ox_value v, ox_data *d)
{
    drop(x, v);
    x->value[v.id] = d;
    x->live += bytes_of(d);
}

void ox__exec_hold(ox__exec *x, uint64_t bytes)
{
    if (x) x->live += bytes;
}

void ox__exec_let_go(ox__exec *x, uint64_t bytes)
{
    if (x) x->live -= OX__MIN(x->live, bytes);
}

static uint64_t left(const ox__exec *x)
{
    uint64_t max = x->opt.max_bytes ? x->opt.max_bytes : SIZE_MAX / 2;
    return max > x->live ? max - x->live : 0;
}

static ox_status at_value(ox__exec *x, ox_status s, ox_value v)
{
    size_t n;
    const char *name = ox_str_text(x->m, ox_value_name(x->m, v), &n);
    if (x->err && n) ox_error_context(x->err, "%%%.*s", (int)OX__MIN(n, 100u), name);
    return s;
}

static ox_status get(ox__exec *x, ox_value v, ox_data **out)
{
    *out = x->value[v.id];
    if (*out) return OX_OK;
    ox_tensor t = ox_value_tensor(x->m, v);
    if (!t.id) {
        bool input = ox_value_is_input(x->m, v);
        ox_status s =
            ox__fail(x->err, OX_E_INVALID,
                     input ? "nothing is given for this input" : "the value is read before anything makes it");
        ox_error_hint(x->err, input ? "--inputs FILE gives data, --random makes some"
                                    : "`check` tells whether the nodes stand in order");
        return at_value(x, s, v);
    }
    ox_data *d;
    ox_status s = ox_data_of_tensor(&d, x->m, t, left(x), x->err);
    if (s != OX_OK) return at_value(x, s, v);
    put(x, v, d);
    *out = d;
    return OX_OK;
}

/* ---- functions ---- */
const ox_attr *ox__frame_attr(const ox__frame *f, ox_str name)
{
    const ox_attr *a = ox_node_attr(f->m, f->call, ox_str_text(f->m, name, NULL));
    if (a && a->ref.id) return f->outer ? ox__frame_attr(f->outer, a->ref) : NULL;
    for (uint32_t i = 0; !a && i < f->function.n_defaults; i++)
        if (f->function.defaults[i].name.id == name.id) return &f->function.defaults[i];
    return a;
}

/* ---- graphs ---- */
static ox_status plan_of(ox__exec *x, ox_graph g, ox__exec_steps **out)
{
    ox__exec_steps **slot = &x->plan[g.id];
    if (!*slot) {
        ox__exec_steps *p = ox__arena_alloc(&x->plans, sizeof *p);
        if (!p) return ox__nomem(x->err);
        memset(p, 0, sizeof *p);
        const bool *needed = g.id == ox_model_main(x->m).id ? x->opt.needed : NULL;
        ox_status s = ox__exec_plan(p, x->m, g, &x->rows, x->step_of, needed, &x->plans, x->err);
        if (s != OX_OK) return s;
        *slot = p;
    }
    *out = *slot;
    return OX_OK;
}

static ox_status run_graph(ox__exec *x, ox_graph g, const ox__frame *frame, size_t n_in, ox_data *const *in,
                           size_t n_out, ox_data **out);

static ox_status call_function(ox__exec *x, const ox__exec_step *step, const ox__frame *outer, ox_data **arg,
                               size_t n_in, ox_data **res, size_t n_out)
{
    ox__frame f = {outer, step->node, x->m, ox_function_get(x->m, step->function)};
    size_t want_in = ox_graph_n_inputs(x->m, step->function), want_out = ox_graph_n_outputs(x->m, step->function);
    if (n_in > want_in || n_out > want_out)
        return ox__fail(x->err, OX_E_CHECK, "a call with %zu inputs and %zu outputs of a function that has %zu and %zu",
                        n_in, n_out, want_in, want_out);
    ox_data **full = ox__calloc(want_in + want_out + 1, sizeof(ox_data *));
    if (!full) return ox__nomem(x->err);
    memcpy(full, arg, n_in * sizeof(ox_data *));
    ox_status s = run_graph(x, step->function, &f, want_in, full, want_out, full + want_in);
    for (size_t i = 0; i < want_out; i++) {
        if (s == OX_OK && i < n_out)
            res[i] = full[want_in + i];
        else
            ox_data_free(full[want_in + i]);
    }
    ox__free(full);
    return s;
}

/* "node `conv1` at Net/Conv2d[0]", in front of the message; of the innermost node only. */
static void add_place(ox__exec *x, ox_node n)
{
    char scope[160];
    size_t len;
    if (!x->err || x->err->node[0]) return;
    const char *name = ox_str_text(x->m, ox_node_name(x->m, n), &len);
    if (len)
        snprintf(x->err->node, sizeof x->err->node, "`%.*s`", (int)OX__MIN(len, 100u), name);
    else
        snprintf(x->err->node, sizeof x->err->node, "#%u", n.id);
    if (ox_scope_print(x->m, ox_node_scope(x->m, n), scope, sizeof scope))
        ox_error_context(x->err, "node %s at %s", x->err->node, scope);
    else
        ox_error_context(x->err, "node %s", x->err->node);
}

static ox_status no_evaluator(ox__exec *x, const ox__exec_step *step)
{
    char op[128];
    ox_node_op_text(x->m, step->node, op, sizeof op);
    ox_status s = ox__fail(x->err, OX_E_UNSUPPORTED, "%s cannot be computed here", op);
    ox_error_hint(x->err, "ONNX Runtime may know it: --engine ort");
    return s;
}

static ox_status call(ox__exec *x, const ox__exec_step *step, const ox__frame *frame, ox_data **arg, size_t n_in,
                      ox_data **res, size_t n_out, ox__arena *mem)
{
    if (step->function.id) return call_function(x, step, frame, arg, n_in, res, n_out);
    if (!step->row || !step->row->eval) return no_evaluator(x, step);
    ox__ev e = {.m = x->m,
                .node = step->node,
                .row = step->row,
                .opset = step->opset,
                .n_in = n_in,
                .n_out = n_out,
                .arg = arg,
                .res = res,
                .max_bytes = left(x),
                .mem = mem,
                .pool = x->pool,
                .exec = x,
                .frame = frame,
                .err = x->err};
    ox_status s = ox__eval_call(&e);
    if (ox__pool_stopped(x->pool) && s != OX_E_INTERRUPTED) s = ox__fail(x->err, OX_E_INTERRUPTED, "interrupted");
    return s == OX_E_UNSUPPORTED && x->err->code != s ? no_evaluator(x, step) : s;
}

/* Puts what a node made where it is read; takes the references over. */
static ox_status store(ox__exec *x, ox_node n, ox_data **res, size_t n_out)
{
    ox_status s = OX_OK;
    for (size_t i = 0; i < n_out; i++) {
        ox_value v = ox_node_output(x->m, n, i);
        if (!res[i] || !v.id || s != OX_OK) {
            ox_data_free(res[i]);
            continue;
        }
        put(x, v, res[i]);
        if (x->opt.on_value) s = x->opt.on_value(x->opt.ud, v, res[i], x->err);
    }
    if (s == OX_OK && x->opt.max_bytes && x->live > x->opt.max_bytes)
        s = ox__fail(x->err, OX_E_LIMIT, "the values of the run take more than %llu bytes",
                     (unsigned long long)x->opt.max_bytes);
    return s;
}

static ox_status run_step(ox__exec *x, const ox__exec_step *step, const ox__frame *frame, ox__arena *mem)
{
    size_t n_in = ox_node_n_inputs(x->m, step->node), n_out = ox_node_n_outputs(x->m, step->node);
    ox_status s = OX_OK;
    ox_data **arg = ox__arena_alloc(mem, (n_in + 1) * sizeof(ox_data *)),
            **res = ox__arena_alloc(mem, (n_out + 1) * sizeof(ox_data *));
    if (!arg || !res) return ox__nomem(x->err);
    memset(res, 0, (n_out + 1) * sizeof(ox_data *));
    for (size_t i = 0; s == OX_OK && i < n_in; i++) {
        ox_value v = ox_node_input(x->m, step->node, i);
        arg[i] = NULL;
        /* What a function was not given stays absent inside it. */
        bool absent = v.id && frame && ox_value_is_input(x->m, v) && !x->value[v.id] && !ox_value_tensor(x->m, v).id;
        if (v.id && !absent) s = get(x, v, &arg[i]);
    }
    if (s == OX_OK) s = call(x, step, frame, arg, n_in, res, n_out, mem);
    if (s == OX_OK) {
        s = store(x, step->node, res, n_out);
    } else {
        for (size_t i = 0; i < n_out; i++) ox_data_free(res[i]);
    }
    if (s != OX_OK) add_place(x, step->node);
    return s;
}

static bool go_on(void *ud)
{
    const ox__exec *x = ud;
    const ox_task *t = x->opt.task;
    return !t || !t->step || t->step(t->ud, "run", x->done, x->total);
}

static ox_status may_go_on(ox__exec *x, size_t done, size_t total)
{
    x->done = done;
    x->total = total;
    if (x->opt.max_nodes && ++x->n_nodes > x->opt.max_nodes) {
        ox_status s = ox__fail(x->err, OX_E_LIMIT, "stopped after %llu nodes: a Loop does not end, or runs long",
                               (unsigned long long)x->opt.max_nodes);
        ox_error_hint(x->err, "--max-nodes N sets the limit, 0 takes it away");
        return s;
    }
    return go_on(x) ? OX_OK : ox__fail(x->err, OX_E_INTERRUPTED, "interrupted");
}

static ox_status run_steps(ox__exec *x, const ox__exec_steps *p, const ox__frame *frame)
{
    ox__arena *mem = &x->scratch[x->depth - 1];
    for (size_t i = 0; i < p->n_steps; i++) {
        ox_status s = may_go_on(x, i, p->n_steps);
        if (s == OX_OK) s = run_step(x, &p->steps[i], frame, mem);
        ox__arena_reset(mem);
        if (s != OX_OK) return s;
        for (size_t k = 0; k < p->steps[i].n_drop; k++) drop(x, p->drops[p->steps[i].drop + k]);
    }
    return OX_OK;
}

/* Everything that belongs to g: what it returned, and what a failure left. */
static void drop_all(ox__exec *x, ox_graph g, const ox__exec_steps *p)
{
    for (size_t i = 0; i < ox_graph_n_inputs(x->m, g); i++) drop(x, ox_graph_input(x->m, g, i));
    for (size_t i = 0; i < ox_graph_n_outputs(x->m, g); i++) {
        ox_value v = ox_graph_output(x->m, g, i);
        if (ox_value_graph(x->m, v).id == g.id) drop(x, v);
    }
    for (size_t i = 0; i < p->n_drops; i++) drop(x, p->drops[i]);
}

static ox_status run_graph(ox__exec *x, ox_graph g, const ox__frame *frame, size_t n_in, ox_data *const *in,
                           size_t n_out, ox_data **out)
{
    ox__exec_steps *p = NULL;
    bool partial = x->opt.needed && g.id == ox_model_main(x->m).id;
    if (n_in != ox_graph_n_inputs(x->m, g) || (!partial && n_out != ox_graph_n_outputs(x->m, g)))
        return ox__fail(x->err, OX_E_CHECK, "a block of %zu inputs and %zu outputs is given %zu and asked for %zu",
                        ox_graph_n_inputs(x->m, g), ox_graph_n_outputs(x->m, g), n_in, n_out);
    if (x->depth == MAX_DEPTH) return ox__fail(x->err, OX_E_LIMIT, "blocks and functions are nested deeper than 100");
    ox_status s = plan_of(x, g, &p);
    if (s != OX_OK) return s;
    if (p->active) return ox__fail(x->err, OX_E_CHECK, "a function calls itself");
    p->active = true;
    x->depth++;
    for (size_t i = 0; i < n_in; i++)
        if (in[i]) put(x, ox_graph_input(x->m, g, i), ox_data_ref(in[i]));
    s = run_steps(x, p, frame);
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        ox_data *d;
        s = get(x, ox_graph_output(x->m, g, i), &d);
        if (s == OX_OK) out[i] = ox_data_ref(d);
    }
    if (s != OX_OK)
        for (size_t i = 0; i < n_out; i++) {
            ox_data_free(out[i]);
            out[i] = NULL;
        }
    drop_all(x, g, p);
    x->depth--;
    p->active = false;
    return s;
}

/* ---- for the functions of the families ---- */
ox_status ox__ev_block(ox__ev *e, const char *attr, size_t n_in, ox_data *const *in, size_t n_out, ox_data **res)
{
    const ox_attr *a = ox__ev_attr(e, attr, OX_ATTR_GRAPH);
    if (!e->exec) return OX_E_UNSUPPORTED;
    if (!a) return ox__ev_fail(e, "the block `%s` is missing", attr);
    memset(res, 0, n_out * sizeof(ox_data *));
    return run_graph(e->exec, a->u.g, e->frame, n_in, in, n_out, res);
}

ox_status ox__ev_random(ox__ev *e, ox__random *r)
{
    const ox_attr *a = ox__ev_attr(e, "seed", OX_ATTR_FLOAT);
    if (a) {
        r->state = ox__hash(&a->u.f, sizeof a->u.f);
        return OX_OK;
    }
    if (!e->exec) return ox__ev_unsupported(e, "random numbers are made when the model runs");
    r->state = ox__random_next(&(ox__random){e->exec->random});
    e->exec->random = r->state;
    return OX_OK;
}

/* ---- a run ---- */
static ox_status prepare(ox__exec *x)
{
    x->value = ox__calloc(ox_model_value_limit(x->m), sizeof(ox_data *));
    x->plan = ox__calloc(ox_model_graph_limit(x->m), sizeof(ox__exec_steps *));
    x->step_of = ox__calloc(ox_model_node_limit(x->m), sizeof *x->step_of);
    x->pool = ox__pool_create(x->opt.threads);
    if (!x->value || !x->plan || !x->step_of || !x->pool) return ox__nomem(x->err);
    ox__pool_ask(x->pool, go_on, x);
    return ox__rows_init(&x->rows, x->err);
}

static void release(ox__exec *x)
{
    if (x->value)
        for (uint32_t i = 0; i < ox_model_value_limit(x->m); i++) ox_data_free(x->value[i]);
    ox__free(x->value);
    ox__free(x->plan);
    ox__free(x->step_of);
    ox__pool_free(x->pool);
    ox__rows_free(&x->rows);
    ox__arena_free(&x->plans);
    for (size_t i = 0; i < MAX_DEPTH; i++) ox__arena_free(&x->scratch[i]);
}

ox_status ox__exec_run(const ox_model *m, const ox__exec_options *opt, size_t n_in, ox_data *const *in, size_t n_out,
                       ox_data **out, ox_error *err)
{
    ox_error mine;
    ox__exec *x = ox__calloc(1, sizeof *x);
    if (!x) return ox__nomem(err);
    x->m = m;
    x->opt = *opt;
    x->random = opt->seed;
    x->err = err ? err : &mine;
    ox_error_clear(x->err);
    ox_data **res = ox__calloc(n_out + 1, sizeof(ox_data *));
    ox_status s = res ? prepare(x) : ox__nomem(err);
    if (s == OX_OK) s = run_graph(x, ox_model_main(m), NULL, n_in, in, opt->needed ? 0 : n_out, res);
    if (s == OX_OK) memcpy(out, res, n_out * sizeof(ox_data *));
    release(x);
    ox__free(res);
    ox__free(x);
    return s;
}
