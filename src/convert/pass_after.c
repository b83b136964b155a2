/* Floor 5. The short passes: dead code, conversion itself, what follows it. */
#include "convert/dispatch.h"
#include "convert/fold.h"
#include "convert/memory.h"
#include "convert/trail.h"
#include "ir/ir.h"
#include "rewrite/convbn.h"
#include "rewrite/dead.h"
#include "rewrite/fold.h"
#include "rewrite/peephole.h"

enum { MAX_MOVED = 8 << 20, MAX_FOLDED = 32 << 20 }; /* bytes of weights that folding may hold */

static bool is_trace(const ox__conv *c)
{
    return !c->as_is;
}

/* A write to a list, to an attribute of a module. */
static bool has_effect(const ox_model *m, ox_node n)
{
    return ox__writes_list(m, n) || ox_node_is(m, n, "prim", "SetAttr");
}

/* Any write: before the pass that follows those to tensors, whose operators end in an underscore. */
static bool writes(const ox_model *m, ox_node n)
{
    size_t len;
    const char *op = ox_str_text(m, ox_node_op(m, n), &len);
    return has_effect(m, n) || ox__writes_out(m, n) || (len > 1 && op[len - 1] == '_' && op[0] != '_');
}

static bool any_in(const ox_model *m, ox_node n, bool (*is)(const ox_model *m, ox_node n))
{
    if (is(m, n)) return true;
    for (size_t i = 0; i < ox_node_n_blocks(m, n); i++)
        for (ox_node k = ox_graph_first(m, ox_node_block(m, n, i)); k.id; k = ox_node_next(m, k))
            if (any_in(m, k, is)) return true;
    return false;
}

bool ox__writes(const ox_model *m, ox_node n)
{
    return any_in(m, n, writes);
}

static bool any_effect(const ox_model *m, ox_node n)
{
    return any_in(m, n, has_effect);
}

ox_status ox__drop_dead(ox__conv *c, uint64_t *changed)
{
    return ox__remove_dead(c->m, ox_model_main(c->m), ox__writes, changed, c->err);
}

ox_status ox__pass_dead(ox__conv *c, uint64_t *changed)
{
    return is_trace(c) ? ox__remove_dead(c->m, ox_model_main(c->m), any_effect, changed, c->err) : OX_OK;
}

ox_status ox__pass_numbers(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    size_t n = ox_graph_n_outputs(c->m, g);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, g); i++) {
        ox_value v = ox_graph_input(c->m, g, i);
        ox_type had = ox_value_type(c->m, v);
        s = ox__erase_number(c, v, c->err);
        *changed += had.id != ox_value_type(c->m, v).id;
    }
    /* what the outputs are called, before conversion puts other values in their place */
    c->out_names = ox__arena_alloc(&c->mem, (n + 1) * sizeof *c->out_names);
    if (!c->out_names) return ox__nomem(c->err);
    c->n_out_names = n;
    for (size_t i = 0; i < n; i++) c->out_names[i] = ox_value_name(c->m, ox_graph_output(c->m, g, i));
    for (size_t i = 0; i < c->state.n && i < n; i++) c->out_names[n - 1 - i] = c->state.p[c->state.n - 1 - i].out_name;
    return s;
}

/* Constants and lists of a dump of ONNX nodes, which stays as it is else. */
static ox_status drop_plumbing(ox__conv *c, ox_graph g)
{
    ox_node prev;
    for (ox_node n = ox_graph_last(c->m, g); n.id; n = prev) {
        ox_status s = OX_OK;
        prev = ox_node_prev(c->m, n);
        for (size_t i = ox_node_n_blocks(c->m, n); s == OX_OK && i-- > 0;)
            s = drop_plumbing(c, ox_node_block(c->m, n, i));
        if (s == OX_OK && ox__node_in(c, n, c->s_prim) && ox__node_is_unused(c->m, n))
            s = ox_node_delete(c->m, n, c->err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__pass_convert(ox__conv *c, uint64_t *changed)
{
    ox_status s = c->trail ? ox__unfollowed_mark(c, ox_model_main(c->m)) : OX_OK;
    if (s != OX_OK) return s;
    ox__journal_resume(c->m);
    s = ox__dispatch_graph(c, ox_model_main(c->m));
    ox__journal_pause(c->m);
    *changed = c->done;
    uint64_t dead = 0; /* constants and lists that the functions have read */
    if (s == OX_OK && is_trace(c) && !c->trail)
        s = ox__remove_dead(c->m, ox_model_main(c->m), any_effect, &dead, c->err);
    if (s == OX_OK && !is_trace(c)) s = drop_plumbing(c, ox_model_main(c->m));
    return s;
}

ox_status ox__pass_casts(ox__conv *c, uint64_t *changed)
{
    *changed = c->n_casts;
    return OX_OK;
}

/* A value that a graph returns is made by a node of it and is returned once. */
ox_status ox__pass_outputs(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    if (!is_trace(c)) return OX_OK;
    for (size_t i = 0; i < ox_graph_n_outputs(c->m, g); i++) {
        ox_value v = ox_graph_output(c->m, g, i), made;
        ox_node at = ox_value_node(c->m, v);
        ox_error e;
        ox__arena_reset(&c->call);
        ox_status s = ox__emit_tensor(c, at.id ? at : ox_graph_last(c->m, g), g, (ox_node){0}, v, &made, &e);
        if (s == OX_E_UNSUPPORTED) {
            s = ox__report_note(c, OX_FAILURE_REFUSED, at, NULL, "output %zu of the graph: %s", i + 1, e.msg);
            if (s != OX_OK) return s;
            continue;
        }
        bool shared = made.id == v.id && !at.id;
        for (size_t k = 0; k < i && !shared; k++) shared = ox_graph_output(c->m, g, k).id == made.id;
        if (s == OX_OK && shared) {
            ox_node id;
            ox__emit em = {.at = at.id ? at : ox_graph_last(c->m, g),
                           .graph = g,
                           .op = "Identity",
                           .n_in = 1,
                           .in = &made,
                           .n_out = 1};
            s = ox__emit_node(c, &em, &id, c->err);
            if (s == OX_OK) made = ox_node_output(c->m, id, 0);
        }
        if (s == OX_OK && made.id != v.id) {
            s = ox_graph_set_output(c->m, g, i, made, c->err);
            ++*changed;
        }
        if (s != OX_OK) {
            if (e.msg[0] && c->err && !c->err->msg[0]) *c->err = e;
            return s;
        }
    }
    return OX_OK;
}

ox_status ox__pass_batchnorm(ox__conv *c, uint64_t *changed)
{
    if (!is_trace(c) || c->opt->no_fold) return OX_OK;
    return ox__fold_batchnorm(c->facts, changed, c->opt->task, c->err);
}

ox_status ox__pass_peephole(ox__conv *c, uint64_t *changed)
{
    return is_trace(c) ? ox__peephole(c->facts, ox_model_main(c->m), changed, c->err) : OX_OK;
}

ox_status ox__pass_fold(ox__conv *c, uint64_t *changed)
{
    ox__fold_options opt = {.opset = c->opset, .max_moved = MAX_MOVED, .max_total = MAX_FOLDED, .task = c->opt->task};
    if (!is_trace(c) || c->opt->no_fold) return OX_OK;
    return ox__fold_constants(c->facts, ox_model_main(c->m), &opt, changed, c->err);
}

ox_status ox__pass_clean(ox__conv *c, uint64_t *changed)
{
    if (!is_trace(c)) return OX_OK;
    ox_status s = ox__remove_dead(c->m, ox_model_main(c->m), NULL, changed, c->err);
    if (s == OX_OK) s = ox__drop_modules(c->m, c->err);
    return s == OX_OK ? ox__remove_dead_initializers(c->m, changed, c->err) : s;
}

/* ---- constants of the dump ---- */
static ox_status check_constant(ox__conv *c, ox_node n, ox_value v, ox_tensor t)
{
    ox_tensor_info info = ox_tensor_get(c->m, t);
    const char *name = ox_str_text(c->m, ox_value_name(c->m, v), NULL);
    if (info.storage == OX_STORAGE_LOST)
        return ox__report_note(c, OX_FAILURE_CONSTANT, n, "give it with --weights, under the name of its value",
                               "the data of a constant%s%s is not in the dump", *name ? " %" : "", name);
    if (!info.rounded) return OX_OK;
    return ox__report_note(c, c->opt->strict ? OX_FAILURE_CONSTANT : OX_FAILURE_WARNING, n,
                           "give it with --weights, under the name of its value",
                           "a constant%s%s was printed rounded in the dump", *name ? " %" : "", name);
}

static ox_status check_graph(ox__conv *c, ox_graph g)
{
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(c->m, g); s == OX_OK && n.id; n = ox_node_next(c->m, n)) {
        const ox_attr *a = ox_node_is(c->m, n, "", "Constant") ? ox_node_attr(c->m, n, "value") : NULL;
        s = ox__conv_tick(c, "constants kept");
        if (s == OX_OK && a && a->kind == OX_ATTR_TENSOR) s = check_constant(c, n, ox_node_output(c->m, n, 0), a->u.t);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++)
            s = check_graph(c, ox_node_block(c->m, n, i));
    }
    return s;
}

ox_status ox__pass_kept(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    size_t had = c->report->rows.n;
    ox_status s = check_graph(c, g);
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_initializers(c->m, g); i++) {
        ox_value v = ox_graph_initializer(c->m, g, i);
        if (ox_value_n_uses(c->m, v)) s = check_constant(c, (ox_node){0}, v, ox_value_tensor(c->m, v));
    }
    *changed = c->report->rows.n - had;
    return s;
}
