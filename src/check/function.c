/* Floor 4. Local functions: their fields, their calls, and that none calls itself. */
#include "check/check.h"

/* Names of a list are there, each once. `space` keeps the lists of one function apart. */
static void check_names(ox__check *c, ox_graph f, uint64_t space, ox_str s, const char *what, size_t i)
{
    size_t n;
    ox_str_text(c->m, s, &n);
    uint64_t key = ox__hash_mix(ox__hash_mix(space, f.id), s.id);
    if (!n)
        ox__check_report(c, OX__CHECK_FUNCTION_FIELDS, OX__AT_GRAPH(f), NULL, "%s %zu of function %s has no name", what,
                         i, ox__check_name(c, ox_graph_name(c->m, f)));
    else if (!ox__check_once(c, key))
        ox__check_report(c, OX__CHECK_FUNCTION_FIELDS, OX__AT_GRAPH(f), NULL, "function %s has the %s %s twice",
                         ox__check_name(c, ox_graph_name(c->m, f)), what, ox__check_name(c, s));
}

static void check_fields(ox__check *c, ox_graph f)
{
    ox_function_info info = ox_function_get(c->m, f);
    for (size_t i = 0; i < ox_graph_n_inputs(c->m, f) && !c->stopped; i++)
        check_names(c, f, 'i', ox_value_name(c->m, ox_graph_input(c->m, f, i)), "input", i);
    for (size_t i = 0; i < ox_graph_n_outputs(c->m, f) && !c->stopped; i++)
        check_names(c, f, 'r', ox_value_name(c->m, ox_graph_output(c->m, f, i)), "output", i);
    for (uint32_t i = 0; i < info.n_attrs && !c->stopped; i++) check_names(c, f, 'a', info.attrs[i], "attribute", i);
    for (uint32_t i = 0; i < info.n_defaults && !c->stopped; i++)
        check_names(c, f, 'a', info.defaults[i].name, "attribute", i);
    uint64_t id = ox__hash_mix(ox__hash_mix(ox__hash_mix('f', info.domain.id), ox_graph_name(c->m, f).id),
                               info.overload.id > 1 ? info.overload.id : 0);
    if (!ox__check_once(c, id))
        ox__check_report(c, OX__CHECK_FUNCTION_TWICE, OX__AT_GRAPH(f), NULL, "there are two functions %s of domain %s",
                         ox__check_name(c, ox_graph_name(c->m, f)), ox__check_name(c, info.domain));
    ox__check_ir(c, ox_ir_for_feature(OX_IR_FUNCTIONS), OX__AT_GRAPH(f), "a local function");
    if (info.n_defaults)
        ox__check_ir(c, ox_ir_for_feature(OX_IR_FUNCTION_DEFAULTS), OX__AT_GRAPH(f), "a default of a function");
    if (info.overload.id > 1) ox__check_ir(c, ox_ir_for_feature(OX_IR_OVERLOADS), OX__AT_GRAPH(f), "an overload");
}

/* ---- recursion: a search in depth over the calls, without recursion of our own ---- */

/* One graph that is being looked through; a function's blocks are frames of their own. */
typedef struct frame {
    ox_node next;
    uint32_t block;    /* the next block of `next` */
    uint32_t function; /* the function that this frame began, 0 = a block of one: its graph's id */
} frame;

typedef struct search {
    ox__check *c;
    uint8_t *state; /* by graph id of a function: 0 new, 1 on the stack, 2 done */
    size_t n_state;
    OX__VEC(frame) stack;
} search;

static bool enter(search *s, ox_graph g, bool function)
{
    frame f = {ox_graph_first(s->c->m, g), 0, function ? g.id : 0};
    if (function) s->state[g.id] = 1;
    return ox__vec_push(&s->stack, f);
}

/* The frame's node calls a function, perhaps: enters it, or reports that it is on the stack already. */
static bool follow_call(search *s, ox_node n)
{
    const ox_model *m = s->c->m;
    ox_graph f = ox_model_find_function(m, ox_node_domain(m, n), ox_node_op(m, n), ox_node_overload(m, n));
    if (!f.id || f.id >= s->n_state || s->state[f.id] == 2) return true;
    if (s->state[f.id] == 0) return enter(s, f, true);
    ox__check_report(s->c, OX__CHECK_FUNCTION_RECURSION, OX__AT_NODE(n), NULL, "function %s calls itself, by %s",
                     ox__check_name(s->c, ox_graph_name(m, f)), ox__check_node_name(s->c, n));
    return true;
}

static bool search_from(search *s, ox_graph f)
{
    const ox_model *m = s->c->m;
    if (!enter(s, f, true)) return false;
    while (s->stack.n && !s->c->stopped) {
        frame *top = &s->stack.p[s->stack.n - 1];
        ox_node n = top->next;
        if (!n.id) {
            if (top->function) s->state[top->function] = 2;
            s->stack.n--;
        } else if (top->block < ox_node_n_blocks(m, n)) {
            if (!enter(s, ox_node_block(m, n, top->block++), false)) return false;
        } else {
            top->next = ox_node_next(m, n);
            top->block = 0;
            if (!follow_call(s, n)) return false;
        }
    }
    return true;
}

static void check_recursion(ox__check *c)
{
    search s = {.c = c};
    size_t n = ox_model_n_functions(c->m);
    for (size_t i = 0; i < n; i++) s.n_state = OX__MAX(s.n_state, (size_t)ox_model_function(c->m, i).id + 1);
    s.state = ox__calloc(s.n_state + 1, 1);
    bool fine = s.state != NULL;
    for (size_t i = 0; fine && i < n && !c->stopped; i++) {
        ox_graph f = ox_model_function(c->m, i);
        if (s.state[f.id] == 0) fine = search_from(&s, f);
    }
    if (!fine) ox__check_fail(c, ox__nomem(c->err));
    ox__free(s.state);
    ox__vec_free(&s.stack);
}

void ox__check_functions(ox__check *c)
{
    size_t n = ox_model_n_functions(c->m);
    for (size_t i = 0; i < n && !c->stopped; i++) check_fields(c, ox_model_function(c->m, i));
    if (n && !c->stopped) check_recursion(c);
}

void ox__check_call(ox__check *c, ox_node n, ox_graph f)
{
    size_t n_in = ox_node_n_inputs(c->m, n), n_out = ox_node_n_outputs(c->m, n);
    size_t takes = ox_graph_n_inputs(c->m, f), makes = ox_graph_n_outputs(c->m, f);
    if (n_in > takes)
        ox__check_report(c, OX__CHECK_FUNCTION_CALL, OX__AT_NODE(n), NULL, "%s passes %zu inputs to a function of %zu",
                         ox__check_node_name(c, n), n_in, takes);
    if (n_out > makes)
        ox__check_report(c, OX__CHECK_FUNCTION_CALL, OX__AT_NODE(n), NULL, "%s wants %zu outputs of a function of %zu",
                         ox__check_node_name(c, n), n_out, makes);
}
