/* Floor 1. Queries: the table of what they are made of, and running them. */
#include "ir/query.h"

enum { TASK_EVERY = 512 };

/* The first OX__N_FIELDS rows are the fields, in the order of ox__field. */
static const ox_query_field fields[] = {
    {"op", "op:NAME", "operator: a name (Conv), with domain (aten::conv2d), a glob or a /regex/", "op:Conv"},
    {"scope", "scope:PATH", "scope and all below it; PATH$ that level alone; a glob or a /regex/ on the whole path",
     "scope:features.0"},
    {"dtype", "dtype:TYPE", "element type of a result: float32, int64, ...; a glob", "dtype:float16"},
    {"shape", "shape:[DIMS]",
     "shape of a result: * is any dim, ? an unknown one, .. any number of dims, symbols by name", "shape:[*,64,..]"},
    {"name", "name:TEXT", "part of the node's name or of a result's; a glob or a /regex/", "name:/conv[12]$/"},
    {"uses", "uses:%VALUE", "nodes that take the value", "uses:%17"},
    {"def", "def:%VALUE", "the node that makes the value", "def:%17"},
    {"in", "in:TEXT", "part of the name of an input; a glob or a /regex/", "in:weight"},
    {"out", "out:TEXT", "part of the name of a result; a glob or a /regex/", "out:*_output_?"},
    {"attr", "attr:NAME[=VALUE]",
     "an attribute, and its value: = != < <= > >=; lists as [1,2]; text may be a glob or a /regex/", "attr:group>1"},
    {"const", "const:VALUE", "a constant argument of that value: 1, 0.5, [2,2], None, text; * any", "const:[2,2]"},
    {"has", "has:THING", "attr, block, doc, function, line, lost, metadata, scope, shape, weight", "has:block"},
    {"file", "file:TEXT", "part of the source file's name; a glob or a /regex/", "file:models.py"},
    {"line", "line:N", "source line N, N-M, or FILE:N", "line:models.py:20-30"},
    {"up", "up(WHAT[, STEPS])", "what a value %x, or the nodes of a query, are made from; a value's maker is one step",
     "up(%17,3)"},
    {"down", "down(WHAT[, STEPS])", "what uses a value %x, or the nodes of a query", "down(op:Conv, 1)"},
    {"and", "A and B", "both; terms side by side mean the same", "op:Conv and attr:group"},
    {"or", "A or B", "one or both", "op:Conv or op:Gemm"},
    {"not", "not A", "the others", "not op:Constant"},
    {"text", "TEXT", "a word alone: part of an operator, a name or a scope; %x alone is def:%x", "features"},
};

size_t ox_query_fields(const ox_query_field **rows)
{
    if (rows) *rows = fields;
    return OX__COUNT(fields);
}

void ox_query_free(ox_query *q)
{
    if (!q) return;
    for (size_t i = 0; i < q->terms.n; i++) ox__term_free(&q->terms.p[i]);
    ox__vec_free(&q->terms);
    ox__vec_free(&q->code);
    ox__free(q);
}

/* ---- running ---- */

typedef struct walk {
    ox__query_run run;
    ox_node_fn fn;
    void *ud;
    const ox_task *task;
    uint64_t done, total;
    bool stopped, interrupted;
} walk;

static bool each_node(void *ud, ox_node n)
{
    walk *w = ud;
    if (++w->done % TASK_EVERY == 0 && w->task && w->task->step &&
        !w->task->step(w->task->ud, "searching", w->done, w->total))
        w->interrupted = true;
    else if (ox__query_eval(&w->run, n) && !w->run.too_hard && !w->fn(w->ud, n))
        w->stopped = true;
    return !w->stopped && !w->interrupted && !w->run.too_hard;
}

static ox_status too_hard(ox_error *err)
{
    ox_status s = ox__fail(err, OX_E_LIMIT, "a regular expression takes too many steps on a name of this model");
    ox_error_hint(err, "nested repetitions such as (a+)+ are the usual reason");
    return s;
}

ox_status ox_query_run(const ox_query *q, const ox_model *m, ox_node_fn fn, void *ud, const ox_task *task,
                       ox_error *err)
{
    if (!q || !m || !fn) return ox__fail(err, OX_E_INVALID, "a query needs a model and somewhere to report to");
    walk *w = ox__calloc(1, sizeof *w);
    if (!w) return ox__nomem(err);
    *w = (walk){.run = {.q = q, .m = m, .remembers = true}, .fn = fn, .ud = ud, .task = task};
    w->total = ox_model_n_nodes(m);
    ox_graph_walk(m, ox_model_main(m), each_node, w);
    size_t n = ox_model_n_functions(m);
    for (size_t i = 0; i < n && !w->stopped && !w->interrupted && !w->run.too_hard; i++)
        ox_graph_walk(m, ox_model_function(m, i), each_node, w);
    ox_status s = w->interrupted    ? ox__fail(err, OX_E_INTERRUPTED, "interrupted")
                  : w->run.too_hard ? too_hard(err)
                                    : OX_OK;
    ox__query_run_free(&w->run);
    ox__free(w);
    return s;
}

bool ox_query_matches(const ox_query *q, const ox_model *m, ox_node n)
{
    ox__query_run run = {.q = q, .m = m};
    if (!q || !m || !ox_node_is_alive(m, n) || ox_node_is_return(m, n)) return false;
    bool yes = ox__query_eval(&run, n);
    ox__query_run_free(&run);
    return yes && !run.too_hard;
}
