/* Floor 3. Plans: who serves a node, and where a value is read last. */
#include "ops/exec_plan.h"

#include "ops/infer.h"

#include <onnxsh/schema.h>

/* A value and the step that reads it last. */
typedef struct last_read {
    ox_value v;
    size_t step;
} last_read;

typedef struct planner {
    const ox_model *m;
    ox_graph g;
    uint32_t *step_of; /* by node id: its step in its graph, plus 1; 0 = it does not run */
    const bool *needed;
    OX__VEC(last_read) reads;
} planner;

#define NOT_RUN (SIZE_MAX - 1)

/* The step of g at which a use happens: that of the node itself, or of the node of g around its block. SIZE_MAX: g
 * returns the value. NOT_RUN: never. */
static size_t step_of_use(const planner *p, ox_node user)
{
    for (;;) {
        ox_graph at = ox_node_graph(p->m, user);
        if (at.id == p->g.id) break;
        user = ox_graph_owner(p->m, at);
        if (!user.id) return SIZE_MAX; /* not below g: kept */
    }
    if (ox_node_is_return(p->m, user)) return p->needed ? NOT_RUN : SIZE_MAX;
    return p->step_of[user.id] ? p->step_of[user.id] - 1 : NOT_RUN;
}

/* made: the step that makes it, 0 for inputs and initializers. */
static bool note_value(planner *p, ox_value v, size_t made)
{
    size_t last = made;
    for (ox_use u = ox_value_first_use(p->m, v); u.node.id; u = ox_value_next_use(p->m, u)) {
        size_t step = step_of_use(p, u.node);
        if (step == SIZE_MAX) return true;
        if (step != NOT_RUN) last = OX__MAX(last, step);
    }
    last_read r = {v, last};
    return ox__vec_push(&p->reads, r);
}

static bool note_all(planner *p, const ox__exec_steps *plan)
{
    bool ok = true;
    for (size_t i = 0; ok && i < ox_graph_n_inputs(p->m, p->g); i++)
        ok = note_value(p, ox_graph_input(p->m, p->g, i), 0);
    for (size_t i = 0; ok && i < ox_graph_n_initializers(p->m, p->g); i++) {
        ox_value v = ox_graph_initializer(p->m, p->g, i);
        if (!ox_value_is_input(p->m, v)) ok = note_value(p, v, 0);
    }
    for (size_t i = 0; ok && i < plan->n_steps; i++)
        for (size_t o = 0; ok && o < ox_node_n_outputs(p->m, plan->steps[i].node); o++) {
            ox_value v = ox_node_output(p->m, plan->steps[i].node, o);
            if (v.id) ok = note_value(p, v, i);
        }
    return ok;
}

/* Sorts the values by the step that reads them last, by counting. */
static bool fill_drops(planner *p, ox__exec_steps *plan, ox__arena *mem)
{
    plan->n_drops = p->reads.n;
    plan->drops = ox__arena_alloc(mem, (p->reads.n + 1) * sizeof *plan->drops);
    if (!plan->drops) return false;
    if (!plan->n_steps) {
        for (size_t i = 0; i < p->reads.n; i++) plan->drops[i] = p->reads.p[i].v;
        return true;
    }
    for (size_t i = 0; i < p->reads.n; i++) plan->steps[p->reads.p[i].step].n_drop++;
    size_t at = 0;
    for (size_t i = 0; i < plan->n_steps; i++) {
        plan->steps[i].drop = at;
        at += plan->steps[i].n_drop;
        plan->steps[i].n_drop = 0;
    }
    for (size_t i = 0; i < p->reads.n; i++) {
        ox__exec_step *s = &plan->steps[p->reads.p[i].step];
        plan->drops[s->drop + s->n_drop++] = p->reads.p[i].v;
    }
    return true;
}

static bool find_steps(planner *p, ox__exec_steps *plan, ox__rows *rows, ox__arena *mem)
{
    bool oom = false;
    plan->n_steps = ox_graph_n_nodes(p->m, p->g);
    plan->steps = ox__arena_alloc(mem, (plan->n_steps + 1) * sizeof *plan->steps);
    if (!plan->steps) return false;
    size_t i = 0;
    for (ox_node n = ox_graph_first(p->m, p->g); n.id && i < plan->n_steps; n = ox_node_next(p->m, n)) {
        if (p->needed && !p->needed[n.id]) continue;
        ox_graph f = ox_model_n_functions(p->m) ? ox_model_find_function(p->m, ox_node_domain(p->m, n),
                                                                         ox_node_op(p->m, n), ox_node_overload(p->m, n))
                                                : (ox_graph){0};
        plan->steps[i] = (ox__exec_step){.node = n,
                                         .function = f,
                                         .row = f.id ? NULL : ox__rows_of(rows, p->m, n, &oom),
                                         .opset = f.id ? 0 : ox_node_opset(p->m, n)};
        p->step_of[n.id] = (uint32_t)++i;
    }
    plan->n_steps = i;
    return !oom;
}

ox_status ox__exec_plan(ox__exec_steps *plan, const ox_model *m, ox_graph g, ox__rows *rows, uint32_t *step_of,
                        const bool *needed, ox__arena *mem, ox_error *err)
{
    planner p = {.m = m, .g = g, .step_of = step_of, .needed = needed};
    bool ok = find_steps(&p, plan, rows, mem) && note_all(&p, plan) && fill_drops(&p, plan, mem);
    ox__vec_free(&p.reads);
    return ok ? OX_OK : ox__nomem(err);
}
