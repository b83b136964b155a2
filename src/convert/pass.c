/* Floor 5. Runs the passes and keeps their figures; helpers that several share. */
#include "convert/pass.h"

#include "ir/ir.h"

static const struct {
    const char *name, *help;
    ox__pass_fn run;
} passes[] = {
#define OX_PASS(name, help, fn) {name, help, fn},
#include "convert/passes.def"
#undef OX_PASS
};

static const ox_pass_stat rows[] = {
#define OX_PASS(name, help, fn) {name, help, 0, 0},
#include "convert/passes.def"
#undef OX_PASS
};

size_t ox_passes(const ox_pass_stat **out)
{
    *out = rows;
    return OX__COUNT(rows);
}

/* Where only the types of the trace's values are wanted: what changes no type, or would lose values, is left out. */
static bool is_for_types(const ox__conv *c, ox__pass_fn run)
{
    return run != ox__pass_parameters && run != ox__pass_dead && (run != ox__pass_shapes || !c->inner);
}

ox_status ox__passes_run(ox__conv *c)
{
    for (size_t i = 0; i < OX__COUNT(passes); i++) {
        ox_pass_stat stat = rows[i];
        if (c->trail && passes[i].run == ox__pass_casts) break; /* all is lowered */
        if (c->trail && !is_for_types(c, passes[i].run)) continue;
        if (c->report->n_failures && passes[i].run == ox__pass_outputs) break; /* the rest would look at placeholders */
        c->done = 0;
        ox_status s = ox__conv_tick(c, stat.name);
        if (s == OX_OK) s = passes[i].run(c, &stat.changed);
        if (s == OX_OK) s = ox__facts_status(c->facts, c->err);
        stat.n_nodes_after = ox_model_n_nodes(c->m);
        if (s == OX_OK && !ox__vec_push(&c->report->passes, stat)) s = ox__nomem(c->err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

/* ---- helpers ---- */
bool ox__is_prim(const ox__conv *c, ox_node n, const char *op)
{
    return ox__node_in(c, n, c->s_prim) && strcmp(ox_str_text(c->m, ox_node_op(c->m, n), NULL), op) == 0;
}

bool ox__is_aten(const ox__conv *c, ox_node n, const char *op)
{
    return ox__node_in(c, n, c->s_aten) && strcmp(ox_str_text(c->m, ox_node_op(c->m, n), NULL), op) == 0;
}

ox_status ox__pass_constant(ox__conv *c, ox_node before, const ox_arg *a, ox_type type, ox_value *out)
{
    ox_node n;
    ox_attr x = {.name = c->s_value, .rounded = a->rounded};
    ox_type_kind kind = OX_TYPE_NONETYPE;
    if (a->kind == OX_ARG_INT)
        x.kind = OX_ATTR_INT, x.u.i = a->i, kind = OX_TYPE_INT;
    else if (a->kind == OX_ARG_BOOL)
        x.kind = OX_ATTR_BOOL, x.u.i = a->i != 0, kind = OX_TYPE_BOOL_SCALAR;
    else if (a->kind == OX_ARG_FLOAT)
        x.kind = OX_ATTR_FLOAT, x.u.f = a->f, kind = OX_TYPE_FLOAT_SCALAR;
    else if (a->kind == OX_ARG_STR)
        x.kind = OX_ATTR_STRING, x.u.s = ox_str_add(c->m, a->s, a->s_n), kind = OX_TYPE_STR;
    ox_status s = ox_node_create(c->m, &n, ox_node_graph(c->m, before), before, c->s_prim, ox__conv_str(c, "Constant"),
                                 0, NULL, 1, c->err);
    if (s == OX_OK && x.kind != OX_ATTR_NONE) s = ox_node_set_attr(c->m, n, &x, c->err);
    if (s == OX_OK) s = ox_node_set_scope(c->m, n, ox_node_scope(c->m, before), c->err);
    if (s == OX_OK) s = ox_node_set_loc(c->m, n, ox_node_loc(c->m, before), c->err);
    if (s == OX_OK) s = ox_node_set_origin(c->m, n, ox_node_origin(c->m, before), c->err);
    if (s != OX_OK) return s;
    *out = ox_node_output(c->m, n, 0);
    return ox_value_set_type(c->m, *out, type.id ? type : ox_type_simple(c->m, kind), c->err);
}

static bool main_returns(const ox__conv *c, ox_value v)
{
    for (ox_use u = ox_value_first_use(c->m, v); u.node.id; u = ox_value_next_use(c->m, u))
        if (ox_node_is_return(c->m, u.node) && ox_node_graph(c->m, u.node).id == ox_model_main(c->m).id) return true;
    return false;
}

ox_status ox__pass_stand_in(ox__conv *c, ox_value out, ox_value v)
{
    ox_status s = OX_OK;
    bool own = ox_value_node(c->m, v).id && ox_value_graph(c->m, v).id == ox_model_main(c->m).id;
    if (own && ox_value_is_output(c->m, out) && main_returns(c, out) && !main_returns(c, v))
        s = ox_value_set_name(c->m, v, ox_value_name(c->m, out), c->err);
    return s == OX_OK ? ox_value_replace_uses(c->m, out, v, c->err) : s;
}

ox_status ox__pass_replace(ox__conv *c, ox_node n, size_t i, ox_value v)
{
    ox_status s = ox__pass_stand_in(c, ox_node_output(c->m, n, i), v);
    for (size_t k = 0; s == OX_OK && k < ox_node_n_outputs(c->m, n); k++)
        if (ox_value_n_uses(c->m, ox_node_output(c->m, n, k))) return OX_OK;
    return s == OX_OK ? ox_node_delete(c->m, n, c->err) : s;
}

/* The nodes are made anew outside: a node never changes its graph. */
ox_status ox__pass_inline_block(ox__conv *c, ox_graph block, ox_node before, ox_value *results)
{
    ox_graph to = ox_node_graph(c->m, before);
    size_t n_results = ox_graph_n_outputs(c->m, block);
    for (size_t i = 0; i < n_results; i++) results[i] = ox_graph_output(c->m, block, i);
    for (ox_node n = ox_graph_first(c->m, block); n.id; n = ox_node_next(c->m, n)) {
        size_t n_in = ox_node_n_inputs(c->m, n), n_out = ox_node_n_outputs(c->m, n), n_attrs;
        ox_value *in = ox__alloc((n_in + 1) * sizeof *in);
        if (!in) return ox__nomem(c->err);
        for (size_t i = 0; i < n_in; i++) in[i] = ox_node_input(c->m, n, i);
        ox_node made;
        ox_status s = ox_node_create(c->m, &made, to, before, ox_node_domain(c->m, n), ox_node_op(c->m, n), n_in, in,
                                     n_out, c->err);
        ox__free(in);
        const ox_attr *attrs;
        n_attrs = ox_node_attrs(c->m, n, &attrs);
        bool blocks = ox_node_n_blocks(c->m, n) > 0;
        ox_attr *copy = ox__arena_dup(&c->call, attrs, n_attrs * sizeof *copy);
        if (!copy) return ox__nomem(c->err);
        /* blocks change their owner: the old node lets go of them first */
        if (s == OX_OK && blocks) s = ox__node_set_attrs(c->m, n, 0, NULL, c->err);
        if (s == OX_OK && n_attrs) s = ox__node_set_attrs(c->m, made, (uint32_t)n_attrs, copy, c->err);
        if (s == OX_OK)
            s = ox_node_set_op(c->m, made, ox_node_domain(c->m, n), ox_node_op(c->m, n), ox_node_overload(c->m, n),
                               c->err);
        if (s == OX_OK) s = ox_node_set_scope(c->m, made, ox_node_scope(c->m, n), c->err);
        if (s == OX_OK) s = ox_node_set_loc(c->m, made, ox_node_loc(c->m, n), c->err);
        if (s == OX_OK) s = ox_node_set_origin(c->m, made, ox_node_origin(c->m, n), c->err);
        for (size_t i = 0; s == OX_OK && i < n_out; i++) {
            ox_value was = ox_node_output(c->m, n, i), is = ox_node_output(c->m, made, i);
            if (!was.id) continue;
            for (size_t k = 0; k < n_results; k++)
                if (results[k].id == was.id) results[k] = is;
            uint32_t flags = ox__conv_flags(c, was);
            s = ox_value_set_type(c->m, is, ox_value_type(c->m, was), c->err);
            if (s == OX_OK && flags) s = ox__conv_set_flags(c, is, flags, c->err);
            if (s == OX_OK) s = ox_value_set_name(c->m, is, ox_value_name(c->m, was), c->err);
            if (s == OX_OK) s = ox_value_replace_uses(c->m, was, is, c->err);
        }
        if (s != OX_OK) return s;
    }
    return OX_OK;
}
