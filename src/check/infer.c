/* Floor 4. Strict inference: what does not go together, what is found at odds with what the file declares, and types
 * that only inference knows held against what operators allow. What is found stays in the model until the run ends
 * (ox_check_run takes it back), so that the checks of habits see it. */
#include "check/habits.h"

#include <onnxsh/infer.h>
#include <onnxsh/print.h>

enum { MAX_DEPTH = 128 };

static void on_finding(void *ud, const ox_infer_finding *f)
{
    ox__check *c = ud;
    char given[160];
    const char *after = strstr(f->message, ": "), *said = after ? after + 2 : f->message;
    /* A trace does not say of what opset its ONNX nodes are: inputs that one refuses another may take. */
    if (!c->onnx && (f->problem != OX_INFER_DECLARED || !ox__known_schema(c, f->node))) return;
    if (f->problem == OX_INFER_INPUTS)
        ox__check_report(c, OX__CHECK_INFERENCE_FAILED, OX__AT_NODE(f->node), NULL, "%s: %.600s",
                         ox__check_node_name(c, f->node), said);
    if (f->problem != OX_INFER_DECLARED) return;
    ox_type_text(c->m, ox_value_given_type(c->m, f->value), given, sizeof given);
    ox__check_report(c, OX__CHECK_INFERENCE_CLASH, (ox__place_of){.node = f->node, .value = f->value}, NULL,
                     "%s makes %s, which is declared as %s and cannot be that", ox__check_node_name(c, f->node),
                     ox__check_name(c, ox_value_name(c->m, f->value)), given);
}

/* The task of the run; it also ends inference when who gets the findings wants no more. */
static bool step(void *ud, const char *what, uint64_t done, uint64_t total)
{
    ox__check *c = ud;
    return !c->stopped && (!c->task || !c->task->step || c->task->step(c->task->ud, what, done, total));
}

static void check_types(ox__check *c, ox_graph g, int depth)
{
    if (depth > MAX_DEPTH) return;
    for (ox_node n = ox_graph_first(c->m, g); n.id && !c->stopped; n = ox_node_next(c->m, n)) {
        const ox_op_schema *s = ox_op_schema_of(c->m, n);
        ox__check_step(c);
        if (s && !ox_op_schema_info(s).deprecated && !c->stopped) ox__check_types(c, n, s);
        for (size_t i = 0; i < ox_node_n_blocks(c->m, n); i++) check_types(c, ox_node_block(c->m, n, i), depth + 1);
    }
}

void ox__check_infer(ox__check *c)
{
    ox_task task = {step, c};
    ox_error err;
    ox_error_clear(&err);
    ox_status s = ox_infer(c->own, NULL, on_finding, c, NULL, &task, &err);
    if (c->stopped) return;
    if (s == OX_E_LIMIT)
        ox__check_report(c, OX__CHECK_INFERENCE_FAILED, OX__AT_GRAPH(ox_model_main(c->m)), NULL, "%.400s", err.msg);
    else if (s != OX_OK && c->err)
        *c->err = err;
    if (s != OX_OK && s != OX_E_LIMIT) ox__check_fail(c, s);
    if (!c->stopped && c->onnx) check_types(c, ox_model_main(c->m), 0);
}
