/* Floor 4. Strict inference: each node is inferred from what is known of its inputs, what is found is held against what
 * the file declares, and types that only inference knows against what operators allow. An operator that cannot go
 * together is reported where it stands; what it makes is unknown from there on, so that it is reported once. The types
 * stay in the model until the run ends (ox_check_run takes them back). */
#include "check/check.h"

#include "ops/infer.h"

#include <onnxsh/print.h>

enum { MAX_OUTPUTS = 32, MAX_DEPTH = 128 };

typedef struct inference {
    ox__check *c;
    ox__facts *facts;
    ox__infer_options opt;
} inference;

static void report_clash(ox__check *c, ox_node n, size_t i, ox_type declared)
{
    char had[160], now[160];
    ox_value v = ox_node_output(c->m, n, i);
    ox_type_text(c->m, declared, had, sizeof had);
    ox_type_text(c->m, ox_value_type(c->m, v), now, sizeof now);
    ox__check_report(c, OX__CHECK_INFERENCE_CLASH, (ox__place_of){.node = n, .value = v}, NULL,
                     "%s makes %s of type %s, which is declared %s", ox__check_node_name(c, n),
                     ox__check_name(c, ox_value_name(c->m, v)), now, had);
}

static void infer_graph(inference *w, ox_graph g, int depth);

/* The branches of an If see nothing that they would not see by themselves: they are inferred first, node by node.
 * Bodies of Loop and Scan get the types of their inputs from the node, so inference goes into them from there. */
static void infer_node(inference *w, ox_node n, int depth)
{
    ox__check *c = w->c;
    ox_type had[MAX_OUTPUTS];
    size_t n_out = OX__MIN(ox_node_n_outputs(c->m, n), (size_t)MAX_OUTPUTS), clash = 0;
    bool branches = ox_node_is(c->m, n, "", "If");
    ox_error err;
    ox__check_step(c);
    for (size_t i = 0; branches && i < ox_node_n_blocks(c->m, n); i++)
        infer_graph(w, ox_node_block(c->m, n, i), depth + 1);
    if (c->stopped) return;
    for (size_t i = 0; i < n_out; i++) had[i] = ox_value_type(c->m, ox_node_output(c->m, n, i));
    w->opt.blocks = !branches;
    ox_error_clear(&err);
    ox_status s = ox__infer_node(w->facts, n, &w->opt, &clash, &err);
    if (s == OX_E_CHECK || s == OX_E_LIMIT) {
        ox__check_report(c, OX__CHECK_INFERENCE_FAILED, OX__AT_NODE(n), NULL, "%s: %.400s", ox__check_node_name(c, n),
                         err.msg);
    } else if (s != OX_OK && s != OX_E_INVALID) { /* a call that does not fit: the structure says so */
        if (c->err) *c->err = err;
        ox__check_fail(c, s);
    } else if (clash && clash <= n_out) {
        report_clash(c, n, clash - 1, had[clash - 1]);
    }
    const ox_op_schema *schema = c->stopped ? NULL : ox_op_schema_of(c->m, n);
    if (schema && !ox_op_schema_info(schema).deprecated) ox__check_types(c, n, schema);
}

static void infer_graph(inference *w, ox_graph g, int depth)
{
    ox__check *c = w->c;
    if (depth > MAX_DEPTH) return;
    for (ox_node n = ox_graph_first(c->m, g); n.id && !c->stopped; n = ox_node_next(c->m, n)) infer_node(w, n, depth);
}

void ox__check_infer(ox__check *c)
{
    inference w = {.c = c, .opt = {.opset = ox_model_opset(c->m, ""), .evaluate = true}};
    ox_status s = ox__facts_create(&w.facts, c->own, c->err);
    if (s == OX_OK) infer_graph(&w, ox_model_main(c->m), 0);
    if (s == OX_OK && !c->stopped) s = ox__facts_status(w.facts, c->err);
    if (s != OX_OK) ox__check_fail(c, s);
    ox__facts_free(w.facts);
}
