/* Floor 4. What nothing uses: initializers, inputs, nodes whose results reach no output, functions, opset imports. */
#include "check/habits.h"

static bool is_used(const ox_model *m, ox_value v)
{
    return ox_value_first_use(m, v).node.id != 0;
}

static void unused_initializers(ox__check *c, ox_graph g)
{
    size_t n = ox_graph_n_initializers(c->m, g);
    /* a trace reads the weights of its archive by their paths; a file of weights has no graph */
    bool used_here = c->onnx && ox_graph_first(c->m, g).id;
    for (size_t i = 0; i < n && !c->stopped; i++) {
        ox_value v = ox_graph_initializer(c->m, g, i);
        ox_tensor_info t = ox_tensor_get(c->m, ox_value_tensor(c->m, v));
        const char *name = ox__check_name(c, ox_value_name(c->m, v));
        ox__check_step(c);
        if (used_here && !is_used(c->m, v))
            ox__check_report(c, OX__CHECK_UNUSED_INITIALIZER, OX__AT_VALUE(v), NULL,
                             "initializer %s, %llu bytes, is used by nothing", name,
                             (unsigned long long)ox_tensor_raw_size(c->m, ox_value_tensor(c->m, v)));
        if (t.n_elements == 0 && t.rank >= 2) /* of rank 1 it stands for an absent input */
            ox__check_report(c, OX__CHECK_EMPTY_INITIALIZER, OX__AT_VALUE(v), NULL,
                             "initializer %s has a dim of 0: it holds nothing", name);
        if (ox_value_is_output(c->m, v))
            ox__check_report(c, OX__CHECK_OUTPUT_INITIALIZER, OX__AT_VALUE(v), NULL,
                             "initializer %s is returned as an output", name);
    }
}

static void unused_inputs(ox__check *c, ox_graph g)
{
    for (size_t i = 0; i < ox_graph_n_inputs(c->m, g) && !c->stopped; i++) {
        ox_value v = ox_graph_input(c->m, g, i);
        if (!is_used(c->m, v) && !ox_value_is_initializer(c->m, v))
            ox__check_report(c, OX__CHECK_UNUSED_INPUT, OX__AT_VALUE(v), NULL, "input %s is used by nothing",
                             ox__check_name(c, ox_value_name(c->m, v)));
    }
}

/* ---- dead nodes: what is alive is reached from the outputs, backwards ---- */

typedef struct search {
    ox__check *c;
    uint8_t *seen; /* by node id */
    OX__VEC(ox_node) stack;
} search;

static bool reach(search *s, ox_value v)
{
    ox_node n = ox_value_node(s->c->m, v);
    if (!n.id || s->seen[n.id]) return true;
    s->seen[n.id] = 1;
    return ox__vec_push(&s->stack, n);
}

static bool reach_outputs(search *s, ox_graph g)
{
    for (size_t i = 0; i < ox_graph_n_outputs(s->c->m, g); i++)
        if (!reach(s, ox_graph_output(s->c->m, g, i))) return false;
    return true;
}

/* Marks all that the nodes on the stack need; returns how many those were, SIZE_MAX when out of memory. What stands in
 * a block is reached through the block's outputs, and its node if need be through what the block captures. */
static size_t spread(search *s)
{
    const ox_model *m = s->c->m;
    size_t count = 0;
    while (s->stack.n && !s->c->stopped) {
        ox_node n = s->stack.p[--s->stack.n];
        count++;
        ox__check_step(s->c);
        for (size_t i = 0; i < ox_node_n_inputs(m, n); i++)
            if (!reach(s, ox_node_input(m, n, i))) return SIZE_MAX;
        for (size_t i = 0; i < ox_node_n_blocks(m, n); i++)
            if (!reach_outputs(s, ox_node_block(m, n, i))) return SIZE_MAX;
    }
    return count;
}

static bool unused(const ox_model *m, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_outputs(m, n); i++)
        if (is_used(m, ox_node_output(m, n, i))) return false;
    return ox_node_n_outputs(m, n) != 0;
}

/* The last of a dead branch is named, with the number of those that stand behind it and serve nothing else. */
static bool report_dead(search *s, ox_node n)
{
    ox__check *c = s->c;
    s->seen[n.id] = 1;
    if (!ox__vec_push(&s->stack, n)) return false;
    size_t behind = spread(s);
    if (behind == SIZE_MAX) return false;
    const char *name = ox__check_node_name(c, n);
    if (behind > 1)
        ox__check_report(c, OX__CHECK_DEAD_NODE, OX__AT_NODE(n), NULL,
                         "what %s makes is used by nothing; it and %zu more before it lead nowhere", name, behind - 1);
    else
        ox__check_report(c, OX__CHECK_DEAD_NODE, OX__AT_NODE(n), NULL, "what %s makes is used by nothing", name);
    return true;
}

static bool find_dead(search *s)
{
    const ox_model *m = s->c->m;
    uint32_t limit = ox_model_node_limit(m);
    bool fine = reach_outputs(s, ox_model_main(m));
    for (size_t i = 0; fine && i < ox_model_n_functions(m); i++) fine = reach_outputs(s, ox_model_function(m, i));
    if (!fine || spread(s) == SIZE_MAX) return false;
    for (uint32_t id = 1; id < limit && !s->c->stopped; id++) {
        ox_node n = s->seen[id] ? (ox_node){0} : ox_model_node_at(m, id);
        if (n.id && unused(m, n) && !report_dead(s, n)) return false;
    }
    return true;
}

static void dead_nodes(ox__check *c)
{
    search s = {.c = c};
    s.seen = ox__calloc(ox_model_node_limit(c->m) + (size_t)1, 1);
    bool fine = s.seen && find_dead(&s);
    if (!fine && !c->stopped) ox__check_fail(c, ox__nomem(c->err));
    ox__free(s.seen);
    ox__vec_free(&s.stack);
}

/* ---- functions, imports ---- */

static bool is_onnx(const ox_model *m, ox_str domain)
{
    size_t n;
    const char *s = ox_str_text(m, domain, &n);
    return n == 0 || (n == 7 && memcmp(s, "ai.onnx", 7) == 0);
}

/* One look at all nodes: functions that a node calls, domains in which one stands. */
static void functions_and_imports(ox__check *c)
{
    const ox_opset *opsets;
    size_t n_opsets = ox_model_opsets(c->m, &opsets), n_functions = ox_model_n_functions(c->m);
    uint32_t limit = ox_model_node_limit(c->m), last = UINT32_MAX;
    uint8_t *used = ox__calloc(n_opsets + 1, 1), *called = ox__calloc(ox_model_graph_limit(c->m) + (size_t)1, 1);
    if (!used || !called) ox__check_fail(c, ox__nomem(c->err));
    for (uint32_t id = 1; id < limit && !c->stopped; id++) {
        ox_node n = ox_model_node_at(c->m, id);
        ox_str domain = ox_node_domain(c->m, n);
        ox__check_step(c);
        if (n_functions && n.id)
            called[ox_model_find_function(c->m, domain, ox_node_op(c->m, n), ox_node_overload(c->m, n)).id] = 1;
        if (!n.id || domain.id == last) continue;
        last = domain.id;
        for (size_t i = 0; i < n_opsets; i++) used[i] |= opsets[i].domain.id == domain.id;
    }
    for (size_t i = 0; i < n_opsets && !c->stopped; i++)
        if (!used[i] && !is_onnx(c->m, opsets[i].domain))
            ox__check_report(c, OX__CHECK_UNUSED_OPSET, (ox__place_of){0}, NULL,
                             "opset %lld of %s is imported, and no node stands in it", (long long)opsets[i].version,
                             ox__check_name(c, opsets[i].domain));
    for (size_t i = 0; i < n_functions && !c->stopped; i++) {
        ox_graph f = ox_model_function(c->m, i);
        if (!called[f.id])
            ox__check_report(c, OX__CHECK_UNUSED_FUNCTION, OX__AT_GRAPH(f), NULL, "function %s is never called",
                             ox__check_name(c, ox_graph_name(c->m, f)));
    }
    ox__free(used);
    ox__free(called);
}

void ox__habit_unused(ox__check *c)
{
    uint32_t limit = ox_model_graph_limit(c->m);
    for (uint32_t id = 1; id < limit && !c->stopped; id++) {
        ox_graph g = ox_model_graph_at(c->m, id);
        if (g.id) unused_initializers(c, g);
    }
    if (!c->onnx) return; /* in a trace, what is done in place is used by nothing, and inputs are the module's own */
    if (!c->stopped) unused_inputs(c, ox_model_main(c->m));
    if (!c->stopped && c->wanted[OX__CHECK_DEAD_NODE]) dead_nodes(c);
    if (!c->stopped && ox__check_wants_any(c, OX__CHECK_UNUSED_FUNCTION, OX__CHECK_UNUSED_OPSET))
        functions_and_imports(c);
}
