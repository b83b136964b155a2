/* Floor 5. Rules on control flow: conditions that are known, branches that raise, branches that agree, results that
 * nobody reads; forks, which run where they stand. */
#include "convert/args.h"
#include "convert/fold.h"
#include "ir/ir.h"

/* ---- exceptions ---- */

/* A block that raises an exception whatever happens. */
static bool raises(const ox__conv *c, ox_graph g)
{
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = ox_node_next(c->m, n)) {
        if (ox__is_prim(c, n, "RaiseException")) return true;
        if (ox__is_prim(c, n, "If") && ox_node_n_blocks(c->m, n) == 2 && raises(c, ox_node_block(c->m, n, 0)) &&
            raises(c, ox_node_block(c->m, n, 1)))
            return true;
    }
    return false;
}

static ox_node raiser(const ox__conv *c, ox_graph g)
{
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = ox_node_next(c->m, n))
        if (ox__is_prim(c, n, "RaiseException")) return n;
    return (ox_node){0};
}

/* An exception that the graph raises for certain is a failure; a check that may raise is worth a word. */
static ox_status say_raise(ox__conv *c, ox_node n)
{
    ox_arg what;
    ox_status s = ox__arg_read(c, ox_node_input(c->m, n, 0), &what, c->err);
    if (s != OX_OK) return s;
    if (ox_node_graph(c->m, n).id != ox_model_main(c->m).id)
        return ox__report_note(c, OX_FAILURE_WARNING, n, NULL, "a check that raises an exception is left out");
    bool text = what.kind == OX_ARG_STR;
    return ox__report_note(c, OX_FAILURE_REFUSED, n, "PyTorch raises it with these inputs too",
                           "the model raises an exception%s%.*s", text ? ": " : "",
                           text ? (int)OX__MIN(what.s_n, (size_t)200) : 0, text ? what.s : "");
}

/* Messages have no place in a graph. */
ox__verdict ox__rule_drop(ox__fold *f)
{
    if (ox__is_prim(f->c, f->n, "RaiseException")) f->s = say_raise(f->c, f->n);
    if (f->s == OX_OK) f->s = ox_node_delete(f->c->m, f->n, f->c->err);
    return OX__FOLD_DONE;
}

/* ---- conditions ---- */
static ox__verdict take_branch(ox__fold *f, ox_graph taken)
{
    ox__conv *c = f->c;
    size_t n = ox_node_n_outputs(c->m, f->n);
    if (ox_graph_n_outputs(c->m, taken) != n) return OX__FOLD_NOT;
    ox_value *results = ox__alloc((n + 1) * sizeof *results);
    if (!results) return ox__fold_nomem(f);
    f->s = ox__pass_inline_block(c, taken, f->n, results);
    for (size_t i = 0; f->s == OX_OK && i < n; i++)
        f->s = ox__pass_stand_in(c, ox_node_output(c->m, f->n, i), results[i]);
    ox__free(results);
    if (f->s == OX_OK) f->s = ox_node_delete(c->m, f->n, c->err);
    f->again = true;
    return OX__FOLD_DONE;
}

/* Makes what reads cond in a block and its blocks read a constant in front of the If n, made when it is needed. What is
 * looked at is the block and not the uses of cond: one flag may decide thousands of Ifs. */
static ox_status settle_block(ox__conv *c, ox_node n, ox_graph block, ox_value cond, ox_arg *is, ox_value *known)
{
    for (ox_node k = ox_graph_first(c->m, block);; k = ox_node_next(c->m, k)) {
        bool is_end = !k.id;
        size_t n_in = is_end ? ox_graph_n_outputs(c->m, block) : ox_node_n_inputs(c->m, k);
        for (size_t i = 0; i < n_in; i++) {
            ox_value v = is_end ? ox_graph_output(c->m, block, i) : ox_node_input(c->m, k, i);
            ox_status s = OX_OK;
            if (v.id != cond.id) continue;
            if (!known->id) s = ox__pass_constant(c, n, is, (ox_type){0}, known);
            if (s == OX_OK)
                s = is_end ? ox_graph_set_output(c->m, block, i, *known, c->err)
                           : ox_node_set_input(c->m, k, i, *known, c->err);
            if (s != OX_OK) return s;
        }
        if (is_end) return OX_OK;
        for (size_t i = 0; i < ox_node_n_blocks(c->m, k); i++) {
            ox_status s = settle_block(c, n, ox_node_block(c->m, k, i), cond, is, known);
            if (s != OX_OK) return s;
        }
    }
}

/* Inside the branches the condition is known. */
static ox_status settle_condition(ox__conv *c, ox_node n)
{
    ox_value cond = ox_node_input(c->m, n, 0);
    ox_status s = OX_OK;
    for (int b = 0; s == OX_OK && b < 2 && ox_value_n_uses(c->m, cond) > 1; b++) {
        ox_value known = {0};
        ox_arg a = {.kind = OX_ARG_BOOL, .i = b == 0};
        s = settle_block(c, n, ox_node_block(c->m, n, (size_t)b), cond, &a, &known);
    }
    return s;
}

ox__verdict ox__rule_if(ox__fold *f)
{
    ox__conv *c = f->c;
    if (ox_node_n_blocks(c->m, f->n) != 2) return OX__FOLD_NOT;
    ox_graph yes = ox_node_block(c->m, f->n, 0), no = ox_node_block(c->m, f->n, 1);
    if (f->in[0].kind == OX_ARG_BOOL || f->in[0].kind == OX_ARG_INT) return take_branch(f, f->in[0].i ? yes : no);
    bool a = raises(c, yes), b = raises(c, no);
    if (a != b) {
        ox_node at = raiser(c, a ? yes : no);
        f->s = ox__report_note(c, OX_FAILURE_WARNING, at.id ? at : f->n, NULL,
                               "a check that raises an exception is left out");
        return f->s == OX_OK ? take_branch(f, a ? no : yes) : OX__FOLD_DONE;
    }
    f->s = settle_condition(c, f->n);
    return f->s == OX_OK ? OX__FOLD_NOT : OX__FOLD_DONE;
}

/* ---- results ---- */
static bool is_uninitialized(const ox__conv *c, ox_value v)
{
    ox_node n = ox_value_node(c->m, v);
    return n.id && ox__is_prim(c, n, "Uninitialized");
}

/* A value that stands outside of the node's blocks. */
static bool is_outside(const ox__conv *c, ox_node n, ox_value v)
{
    return v.id && ox_value_graph(c->m, v).id &&
           !ox__block_holds(c, ox_node_block(c->m, n, 0), ox_value_graph(c->m, v)) &&
           !ox__block_holds(c, ox_node_block(c->m, n, 1), ox_value_graph(c->m, v));
}

/* What an output of an If is, if both branches say the same of it: out, or {0}. A value that was never set may be
 * anything. */
static ox_status agreed(ox__conv *c, ox_node n, size_t i, ox_value *out)
{
    ox_value a = ox_graph_output(c->m, ox_node_block(c->m, n, 0), i),
             b = ox_graph_output(c->m, ox_node_block(c->m, n, 1), i);
    ox_arg x, y;
    bool known = true;
    *out = (ox_value){0};
    if (a.id == b.id || is_uninitialized(c, b)) {
        if (is_outside(c, n, a)) *out = a;
    } else if (is_uninitialized(c, a)) {
        if (is_outside(c, n, b)) *out = b;
    }
    if (out->id) return OX_OK;
    ox__fold f = {.c = c, .n = n};
    if (is_uninitialized(c, a) && is_uninitialized(c, b))
        return ox__fold_node(&f, "prim", "Uninitialized", 0, NULL, ox_value_type(c->m, ox_node_output(c->m, n, i)),
                             out);
    ox_status s = ox__arg_read(c, a, &x, c->err);
    if (s == OX_OK) s = ox__arg_read(c, b, &y, c->err);
    if (s != OX_OK) return s;
    if (is_uninitialized(c, a)) x = y;
    if (is_uninitialized(c, b)) y = x;
    bool scalar = ox__is_number_arg(&x) || x.kind == OX_ARG_STR || x.kind == OX_ARG_NONE;
    if (scalar && x.kind == y.kind && (x.kind == OX_ARG_NONE || ox__fold_equal(&x, &y, &known)) && known &&
        !(x.kind == OX_ARG_FLOAT && x.f == 0)) /* which may be -0 */
        return ox__pass_constant(c, n, &x, (ox_type){0}, out);
    if (x.kind == OX_ARG_BOOL && y.kind == OX_ARG_BOOL && x.i) *out = ox_node_input(c->m, n, 0);
    if (x.kind != OX_ARG_BOOL || y.kind != OX_ARG_BOOL || x.i) return OX_OK;
    ox_value cond = ox_node_input(c->m, n, 0);
    return ox__fold_node(&f, "aten", "__not__", 1, &cond, ox_type_simple(c->m, OX_TYPE_BOOL_SCALAR), out);
}

/* The last output takes the place of the one that goes. */
static ox_status drop_output(ox__conv *c, ox_node n, size_t i)
{
    size_t last = ox_node_n_outputs(c->m, n) - 1;
    ox_value to = ox_node_output(c->m, n, i), from = ox_node_output(c->m, n, last);
    ox_status s = OX_OK;
    if (i != last) {
        s = ox_value_set_type(c->m, to, ox_value_type(c->m, from), c->err);
        if (s == OX_OK) s = ox_value_set_name(c->m, to, ox_value_name(c->m, from), c->err);
        if (s == OX_OK) s = ox_value_replace_uses(c->m, from, to, c->err);
    }
    for (size_t b = 0; s == OX_OK && b < ox_node_n_blocks(c->m, n); b++) {
        ox_graph g = ox_node_block(c->m, n, b);
        if (i != last) s = ox_graph_set_output(c->m, g, i, ox_graph_output(c->m, g, last), c->err);
        if (s == OX_OK) s = ox_graph_remove_output(c->m, g, last, c->err);
    }
    return s == OX_OK ? ox_node_drop_output(c->m, n, c->err) : s;
}

static ox_status results_of_if(ox__conv *c, ox_node n, uint64_t *changed)
{
    ox_status s = OX_OK;
    for (size_t i = ox_node_n_outputs(c->m, n); s == OX_OK && i-- > 0;) {
        ox_value out = ox_node_output(c->m, n, i), same = {0};
        if (ox_value_n_uses(c->m, out) && !(ox__conv_flags(c, out) & OX__V_WRITTEN)) s = agreed(c, n, i, &same);
        if (s == OX_OK && same.id) s = ox__pass_stand_in(c, out, same);
        if (s != OX_OK || ox_value_n_uses(c->m, out)) continue;
        s = drop_output(c, n, i);
        ++*changed;
    }
    return s;
}

/* ---- loops ---- */

/* Marks what the marked values are computed from, from the end of a block to its front. */
static ox_status mark_needed(ox__conv *c, ox_graph g)
{
    ox_model *m = c->m;
    ox_status s = OX_OK;
    bool first;
    for (ox_node n = ox_graph_last(m, g); s == OX_OK && n.id; n = ox_node_prev(m, n)) {
        bool needed = ox_node_n_outputs(m, n) == 0 || ox__writes(m, n);
        for (size_t i = 0; !needed && i < ox_node_n_outputs(m, n); i++)
            needed = ox__search_met(c, ox_node_output(m, n, i));
        if (!needed) continue;
        for (size_t i = 0; s == OX_OK && i < ox_node_n_inputs(m, n); i++)
            s = ox__search_meet(c, ox_node_input(m, n, i), &first, c->err);
        for (size_t b = 0; s == OX_OK && b < ox_node_n_blocks(m, n); b++) {
            ox_graph block = ox_node_block(m, n, b);
            for (size_t i = 0; s == OX_OK && i < ox_graph_n_outputs(m, block); i++)
                s = ox__search_meet(c, ox_graph_output(m, block, i), &first, c->err);
            if (s == OX_OK) s = mark_needed(c, block);
        }
    }
    return s;
}

/* Which carried values are read behind the loop, or for what is. */
static ox_status find_needed(ox__conv *c, ox_node n, ox_graph body, bool *carried)
{
    size_t n_out = ox_node_n_outputs(c->m, n);
    ox_status s = OX_OK;
    bool first, more = true;
    ox__search_begin(c);
    for (size_t i = 0; i < n_out; i++) carried[i] = ox_value_n_uses(c->m, ox_node_output(c->m, n, i)) > 0;
    s = ox__search_meet(c, ox_graph_output(c->m, body, 0), &first, c->err);
    while (s == OX_OK && more) {
        more = false;
        for (size_t i = 0; s == OX_OK && i < n_out; i++)
            if (carried[i]) s = ox__search_meet(c, ox_graph_output(c->m, body, i + 1), &first, c->err);
        if (s == OX_OK) s = mark_needed(c, body);
        for (size_t i = 0; s == OX_OK && i < n_out; i++) {
            bool met = !carried[i] && ox__search_met(c, ox_graph_input(c->m, body, i + 1));
            carried[i] = carried[i] || met;
            more = more || met;
        }
    }
    return s;
}

/* A carried value that nobody reads behind the loop, nor in it but for its own next one, goes. */
static ox_status drop_carried(ox__conv *c, ox_node n, size_t i)
{
    ox_graph body = ox_node_block(c->m, n, 0);
    size_t n_out = ox_node_n_outputs(c->m, n), k = 0, n_in = ox_node_n_inputs(c->m, n);
    ox_value *in = ox__alloc((n_in + 1) * sizeof *in);
    ox_status s = in ? OX_OK : ox__nomem(c->err);
    for (size_t j = 0; s == OX_OK && j < n_in; j++)
        if (j != i + 2) in[k++] = ox_node_input(c->m, n, j);
    for (size_t j = i; s == OX_OK && j + 1 < n_out; j++) { /* the others move up, in order */
        ox_value to = ox_node_output(c->m, n, j), from = ox_node_output(c->m, n, j + 1);
        s = ox_value_set_type(c->m, to, ox_value_type(c->m, from), c->err);
        if (s == OX_OK) s = ox_value_set_name(c->m, to, ox_value_name(c->m, from), c->err);
        if (s == OX_OK) s = ox_value_replace_uses(c->m, from, to, c->err);
    }
    if (s == OX_OK) s = ox_node_set_inputs(c->m, n, k, in, c->err);
    ox__free(in);
    if (s == OX_OK) s = ox_graph_remove_output(c->m, body, i + 1, c->err);
    if (s == OX_OK) s = ox_graph_remove_input(c->m, body, i + 1, c->err);
    return s == OX_OK ? ox_node_drop_output(c->m, n, c->err) : s;
}

static ox_status results_of_loop(ox__conv *c, ox_node n, uint64_t *changed)
{
    size_t n_out = ox_node_n_outputs(c->m, n);
    ox_graph body = ox_node_block(c->m, n, 0);
    ox_status s = OX_OK;
    bool spare = false;
    for (size_t i = 0; i < n_out; i++) {
        ox_value in = ox_graph_input(c->m, body, i + 1), out = ox_node_output(c->m, n, i),
                 first = ox_node_input(c->m, n, i + 2);
        spare = spare || !ox_value_n_uses(c->m, out);
        /* one that no round changes is no carried value */
        if (s != OX_OK || ox_graph_output(c->m, body, i + 1).id != in.id || first.id == in.id) continue;
        bool used = ox_value_n_uses(c->m, in) > 1 || ox_value_n_uses(c->m, out);
        if (!used || (ox__conv_flags(c, in) & OX__V_WRITTEN)) continue;
        s = ox_value_replace_uses(c->m, in, first, c->err);
        if (s == OX_OK) s = ox_graph_set_output(c->m, body, i + 1, in, c->err);
        if (s == OX_OK) s = ox__pass_stand_in(c, out, first);
        spare = true;
        ++*changed;
    }
    if (s != OX_OK || !spare) return s;
    bool *carried = ox__alloc(n_out + 1);
    if (!carried) return ox__nomem(c->err);
    s = find_needed(c, n, body, carried);
    for (size_t i = n_out; s == OX_OK && i-- > 0;) {
        if (carried[i]) continue;
        ox_value in = ox_graph_input(c->m, body, i + 1);
        s = ox_value_replace_uses(c->m, in, ox_node_input(c->m, n, i + 2), c->err);
        if (s == OX_OK) s = drop_carried(c, n, i);
        ++*changed;
    }
    ox__free(carried);
    return s;
}

ox_status ox__fold_results(ox__conv *c, ox_node n, uint64_t *changed)
{
    if (ox__is_prim(c, n, "If") && ox_node_n_blocks(c->m, n) == 2 &&
        ox_graph_n_outputs(c->m, ox_node_block(c->m, n, 0)) == ox_node_n_outputs(c->m, n) &&
        ox_graph_n_outputs(c->m, ox_node_block(c->m, n, 1)) == ox_node_n_outputs(c->m, n)) {
        ox_status s = results_of_if(c, n, changed);
        return s == OX_OK ? ox__fold_parts(c, n, changed) : s;
    }
    if (!ox__is_prim(c, n, "Loop") || ox_node_n_blocks(c->m, n) != 1) return OX_OK;
    ox_graph body = ox_node_block(c->m, n, 0);
    size_t n_out = ox_node_n_outputs(c->m, n);
    if (ox_graph_n_inputs(c->m, body) != n_out + 1 || ox_graph_n_outputs(c->m, body) != n_out + 1 ||
        ox_node_n_inputs(c->m, n) != n_out + 2)
        return OX_OK;
    ox_status s = ox__fold_parts(c, n, changed);
    return s == OX_OK ? results_of_loop(c, n, changed) : s;
}

/* ---- forks ---- */

/* The body of prim::fork_0 is the function of that name. */
ox__verdict ox__rule_fork(ox__fold *f)
{
    ox__conv *c = f->c;
    const char *name = ox__fold_op(f);
    if (ox_node_n_outputs(c->m, f->n) != 1) return OX__FOLD_NOT;
    for (size_t i = 0; i < ox_model_n_functions(c->m); i++) {
        ox_graph g = ox_model_function(c->m, i);
        if (strcmp(ox_str_text(c->m, ox_graph_name(c->m, g), NULL), name) != 0) continue;
        if (ox_graph_n_inputs(c->m, g) != f->n_in || ox_graph_n_outputs(c->m, g) != 1) return OX__FOLD_NOT;
        ox_value *in = ox__alloc((f->n_in + 1) * sizeof *in), out = {0};
        if (!in) return ox__fold_nomem(f);
        for (size_t k = 0; k < f->n_in; k++) in[k] = ox__fold_input(f, k);
        f->s = ox__copy_block(c, g, in, f->n, &out);
        ox__free(in);
        if (f->s == OX_OK) f->s = ox__pass_replace(c, f->n, 0, out);
        f->again = true;
        return OX__FOLD_DONE;
    }
    return OX__FOLD_NOT;
}

ox__verdict ox__rule_wait(ox__fold *f)
{
    ox_type_info t = ox__fold_type(f, ox__fold_input(f, 0));
    bool future = t.kind == OX_TYPE_OPAQUE || t.kind == OX_TYPE_NONE_KNOWN;
    ox_node from = ox_value_node(f->c->m, ox__fold_input(f, 0));
    if (future && from.id && strncmp(ox_str_text(f->c->m, ox_node_op(f->c->m, from), NULL), "fork", 4) == 0)
        return OX__FOLD_NOT;
    return ox__fold_to(f, ox__fold_input(f, 0));
}

static bool is_fork(const ox_model *m, ox_graph g)
{
    return strncmp(ox_str_text(m, ox_graph_name(m, g), NULL), "fork_", 5) == 0;
}

static bool any_fork(const ox__conv *c, ox_graph g)
{
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = ox_node_next(c->m, n)) {
        if (ox__node_in(c, n, c->s_prim) && strncmp(ox_str_text(c->m, ox_node_op(c->m, n), NULL), "fork_", 5) == 0)
            return true;
        for (size_t i = 0; i < ox_node_n_blocks(c->m, n); i++)
            if (any_fork(c, ox_node_block(c->m, n, i))) return true;
    }
    return false;
}

ox_status ox__drop_forks(ox__conv *c)
{
    ox_status s = OX_OK;
    bool any = false;
    for (size_t i = 0; i < ox_model_n_functions(c->m); i++) any = any || is_fork(c->m, ox_model_function(c->m, i));
    if (!any || any_fork(c, ox_model_main(c->m))) return OX_OK;
    for (size_t i = ox_model_n_functions(c->m); s == OX_OK && i-- > 0;)
        if (is_fork(c->m, ox_model_function(c->m, i))) s = ox_graph_delete(c->m, ox_model_function(c->m, i), c->err);
    return s;
}
