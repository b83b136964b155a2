/* Floor 5. Operators that write to their input. In order of the trace, each becomes the form that returns its result,
 * and later readers of what was written read that result.
 *
 * What shares memory: a value made by a view of others belongs to the storages of those; lists and tuples belong to the
 * storages of their items. Values that are wholly the same (detach, a dropout that does nothing) are one value: `now`
 * leads from each to what it is at this point of the trace.
 *
 * A write to a view goes back to what it is a view of, step by step (inplace_invert.c): a slice by slice_scatter, a
 * transposition by its inverse. All other values of the storages are stale then. A stale view that is read is made
 * anew, of what its parent is at that point; reading what cannot be made anew is a write lost, which is a failure at
 * the writer.
 *
 * After a write the storages hold what counts, the result and what it went back to: so a chain of writes costs no more
 * than its length. What a block changes of these tables is undone behind it; what it wrote to from outside becomes a
 * result of its node (inplace_blocks.c). */
#include "convert/inplace.h"

#include <onnxsh/print.h>

/* ---- reading ---- */
static ox_status lost(ox__memory *w, ox_node writer, ox_node reader)
{
    ox__conv *c = w->c;
    char op[128], by[128] = "the graph's return";
    /* by its name in the source: here it has been stripped of the underscore */
    ox_node_op_text(c->src, ox_model_node_at(c->src, ox_node_origin(c->m, writer)), op, sizeof op);
    if (reader.id && !ox_node_is_return(c->m, reader)) ox_node_op_text(c->m, reader, by, sizeof by);
    ox_loc_info loc = ox_loc_get(c->m, ox_node_loc(c->m, reader));
    ox__buf place = {0};
    if (loc.line) ox__buf_addf(&place, " at %.200s:%u", ox_str_text(c->m, loc.file, NULL), loc.line);
    if (place.failed) return ox__nomem(c->err);
    ox_status s = ox__report_note(
        c, OX_FAILURE_VIEW, writer,
        "write the model without the assignment in place: torch.where, torch.cat, index_put, or a clone first",
        "%s writes to memory that %s%s reads later through another view: the write would be lost", op, by,
        place.p ? place.p : "");
    ox__buf_free(&place);
    return s;
}

/* What a reader gets for v: what it is now, made anew where it must be. A write that cannot be seen is reported. */
static ox_status read_value(ox__memory *w, const ox__wplace *at, ox_value v, ox_node reader, ox_value *out)
{
    bool ok;
    ox_status s = ox__w_fresh(w, at, v, out, &ok);
    if (s != OX_OK || ok) return s;
    s = lost(w, w->of[out->id].stale, reader);
    w->of[out->id].stale = (ox_node){0}; /* once is enough */
    return s;
}

static ox_status read_inputs(ox__memory *w, ox_node n, ox_graph g)
{
    ox_model *m = w->c->m;
    ox__wplace at = {g, n, n};
    for (size_t i = 0; i < ox_node_n_inputs(m, n); i++) {
        ox_value v = ox_node_input(m, n, i), now;
        if (!ox__w_known(w, v)) continue;
        ox_status s = read_value(w, &at, v, n, &now);
        if (s == OX_OK && now.id != v.id) s = ox_node_set_input(m, n, i, now, w->c->err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

static ox_status read_outputs(ox__memory *w, ox_graph g)
{
    ox_model *m = w->c->m;
    ox_node last = ox_graph_last(m, g);
    ox__wplace at = {g, {0}, last.id ? last : ox_graph_owner(m, g)};
    for (size_t i = 0; i < ox_graph_n_outputs(m, g); i++) {
        ox_value v = ox_graph_output(m, g, i), now;
        if (!ox__w_known(w, v)) continue;
        ox_status s = read_value(w, &at, v, (ox_node){0}, &now);
        if (s == OX_OK && now.id != v.id) s = ox_graph_set_output(m, g, i, now, w->c->err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

/* ---- writing ---- */
static bool is_one(const ox__conv *c, ox_node n, const char *const *names, size_t n_names)
{
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL);
    for (size_t i = 0; ox__node_in(c, n, c->s_aten) && i < n_names; i++)
        if (strcmp(op, names[i]) == 0) return true;
    return false;
}

/* An attribute that is returned is written as it should be, unless another one is the same memory. */
static ox_status note_attribute(ox__conv *c, ox_node n, const ox__state *row)
{
    if (!row->alias.id) return OX_OK;
    return ox__report_note(
        c, OX_FAILURE_VIEW, n, "register a clone", "it writes to %s in place, whose memory is also that of '%s'",
        ox_str_text(c->m, ox_value_name(c->m, row->input), NULL), ox_str_text(c->m, row->alias, NULL));
}

static ox_status note_input(ox__memory *w, ox_node n, ox_value first)
{
    ox__conv *c = w->c;
    if (!ox_value_is_input(c->m, first) || ox_value_graph(c->m, first).id != ox_model_main(c->m).id) return OX_OK;
    for (size_t i = 0; i < c->state.n; i++)
        if (c->state.p[i].input.id == first.id) return note_attribute(c, n, &c->state.p[i]);
    return ox__report_note(c, c->opt->strict ? OX_FAILURE_VIEW : OX_FAILURE_WARNING, n,
                           "the results are right; the tensor that the caller gave stays as it was",
                           "it writes to the graph's input %s", ox_str_text(c->m, ox_value_name(c->m, first), NULL));
}

/* A weight or buffer outlives the call, and the model has no place for what it is then. */
static ox_status note_state(ox__memory *w, ox_node n, ox_value target, ox_value root)
{
    static const char *const whole[] = {"copy_", "zero_", "fill_"};
    ox__conv *c = w->c;
    if (!ox_value_is_initializer(c->m, root) || ox_value_is_input(c->m, root)) return OX_OK;
    bool anew = target.id == root.id && is_one(c, n, whole, OX__COUNT(whole));
    return ox__report_note(c, anew && !c->opt->strict ? OX_FAILURE_WARNING : OX_FAILURE_VIEW, n,
                           anew ? "each call writes it before it is read"
                                : "export --state io makes it an input and an output",
                           "it writes to %s, which the next call of the module would read",
                           ox_str_text(c->m, ox_value_name(c->m, root), NULL));
}

/* Every value of a storage but the one that was written, which the result stands for, is stale. */
static ox_status write_storage(ox__memory *w, ox_node n, uint32_t root, ox_value target, ox_value out)
{
    const ox__ids mem = w->of[root].members;
    ox_status s = OX_OK;
    for (uint32_t k = 0; s == OX_OK && k < mem.n; k++) {
        ox_value now = ox__w_current(w, ox_model_value_at(w->c->m, mem.p[k]));
        bool same = (now.id == target.id && out.id) || now.id == out.id;
        if (!same && ox__w_known(w, now) && !w->of[now.id].stale.id) s = ox__w_set_stale(w, now.id, n);
    }
    return s == OX_OK ? ox__w_drop_members(w, root) : s;
}

static ox_status spread_write(ox__memory *w, ox_node n, ox_value target, ox_value out)
{
    const ox__ids roots = w->of[target.id].roots;
    ox_status s = write_storage(w, n, OX__W_NOT_FOLLOWED, target, out);
    for (uint32_t i = 0; s == OX_OK && i < roots.n; i++) {
        if (roots.p[i] == OX__W_NOT_FOLLOWED)
            return ox__report_note(w->c, OX_FAILURE_VIEW, n, NULL,
                                   "what it writes to shares memory in more ways than are followed");
        s = write_storage(w, n, roots.p[i], target, out);
    }
    if (s != OX_OK || !ox__w_known(w, out)) return s;
    w->of[out.id].like = w->of[target.id].like.id ? w->of[target.id].like : target;
    s = ox__w_give_roots(w, out.id, roots.p, roots.n);
    return s == OX_OK ? ox__w_set_now(w, target.id, out, true) : s;
}

/* A writer, stripped of its underscore, whose result may have another dtype than what it writes to. */
static bool may_change_dtype(const ox__conv *c, ox_node n, ox_value target)
{
    static const char *const tests[] = {"eq", "ne",          "lt",         "le",          "gt",
                                        "ge", "logical_and", "logical_or", "logical_xor", "logical_not"};
    static const char *const arithmetic[] = {
        "add",       "sub",     "mul",     "div",         "true_divide", "floor_divide", "remainder",
        "fmod",      "pow",     "addcmul", "addcdiv",     "lerp",        "clamp",        "clamp_min",
        "clamp_max", "atan2",   "maximum", "bitwise_and", "bitwise_or",  "bitwise_xor",  "__and__",
        "__or__",    "__xor__", "baddbmm", "addmm",       "subtract",    "multiply",     "divide"};
    if (is_one(c, n, tests, OX__COUNT(tests))) return true;
    if (!is_one(c, n, arithmetic, OX__COUNT(arithmetic))) return false;
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, target));
    if (t.kind != OX_TYPE_TENSOR) return false;
    for (size_t i = 0; i < ox_node_n_inputs(c->m, n); i++) {
        ox_value v = ox_node_input(c->m, n, i);
        ox_type_info x = ox_type_get(c->m, ox_value_type(c->m, v));
        if (v.id != target.id && x.kind == OX_TYPE_TENSOR && (x.dtype != t.dtype || !t.dtype)) return true;
    }
    return false;
}

/* What is written keeps its dtype, whatever the operator computes in. */
static ox_status keep_dtype(ox__memory *w, const ox__wplace *at, ox_node n, ox_value target, ox_value *out)
{
    ox__conv *c = w->c;
    if (!out->id || !may_change_dtype(c, n, target)) return OX_OK;
    ox_value in[2] = {*out, target}, cast = *out;
    ox_type type = ox_value_type(c->m, target);
    ox_status s = ox_value_set_type(c->m, *out, ox_type_simple(c->m, OX_TYPE_TENSOR), c->err);
    if (s == OX_OK) s = ox__wplace_node(c, at, c->s_aten, "type_as", 2, in, type, &cast);
    if (s == OX_OK) s = ox__w_know(w, cast, at->g);
    if (s == OX_OK && ox__w_known(w, *out)) s = ox__w_set_now(w, out->id, cast, false);
    *out = cast;
    return s;
}

/* Operators that change the dims of their input in place: what else is of its memory cannot be told from it then. */
static bool turns(const ox__conv *c, ox_node n)
{
    static const char *const names[] = {"t_",        "transpose_", "unsqueeze_", "squeeze_",   "swapaxes_",
                                        "swapdims_", "resize_",    "set_",       "as_strided_"};
    return is_one(c, n, names, OX__COUNT(names));
}

static void lose_others(ox__memory *w, ox_value target)
{
    const ox__ids roots = w->of[target.id].roots;
    for (uint32_t r = 0; r < roots.n; r++) {
        const ox__ids mem = w->of[roots.p[r]].members;
        for (uint32_t k = 0; k < mem.n; k++) {
            ox_value now = ox__w_current(w, ox_model_value_at(w->c->m, mem.p[k]));
            if (now.id != target.id && ox__w_known(w, now)) w->of[now.id].lost = true;
        }
    }
}

/* True if g is the body of a loop, or lies in one, that v is outside of. */
static bool is_outside_of_loop(const ox__memory *w, ox_graph home, ox_graph g)
{
    const ox_model *m = w->c->m;
    for (; g.id && g.id != home.id; g = ox_graph_parent(m, g))
        if (ox_graph_owner(m, g).id && ox__is_prim(w->c, ox_graph_owner(m, g), "Loop")) return true;
    return false;
}

static ox_status write_to(ox__memory *w, ox_node n, ox_value target, ox_value first, ox_graph g)
{
    ox__conv *c = w->c;
    ox__whop hops[OX__W_MAX_HOPS];
    ox__wplace before = {g, n, n}, behind = {g, ox_node_next(c->m, n), n};
    ox_value out = ox_node_output(c->m, n, 0);
    size_t n_hops = 0;
    bool ok = false;
    if (!ox__w_known(w, target)) return OX_OK;
    ox_value root = ox__w_root_of(w, target);
    ox_status s = note_input(w, n, ox_value_is_input(c->m, first) ? first : root);
    if (s == OX_OK) s = note_state(w, n, target, root);
    if (s != OX_OK) return s;
    if (ox__w_known(w, root) && is_outside_of_loop(w, w->of[root.id].home, g))
        return lost(w, n, ox_graph_owner(c->m, g)); /* the next round reads it */
    s = ox__w_find_hops(w, &before, target, hops, &n_hops, &ok);
    if (s == OX_OK && ox__w_known(w, out)) w->of[out.id].home = g;
    bool turned = turns(c, n);
    if (turned) lose_others(w, target);
    if (s == OX_OK) s = ox__effect_strip(c, n);
    if (s == OX_OK) s = keep_dtype(w, &behind, n, target, &out);
    if (s == OX_OK) s = spread_write(w, n, target, out);
    ++*w->changed;
    if (s == OX_OK && turned && n_hops && ox__w_known(w, out)) {
        w->of[out.id].like = out; /* nothing leads from it to what it was a view of */
        return s;
    }
    return s == OX_OK && ok && out.id ? ox__w_write_back(w, &behind, out, hops, n_hops) : s;
}

/* ---- the walk ---- */
static ox_status enter(ox__memory *w, ox_graph g)
{
    ox__conv *c = w->c;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, g); i++) {
        ox_value v = ox_graph_input(c->m, g, i);
        if (w->of[v.id].roots.n) continue; /* a loop carries it for a write */
        w->of[v.id].home = g;
        if (ox__w_holds_tensors(c, v)) s = ox__w_give_roots(w, v.id, NULL, 0);
    }
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_initializers(c->m, g); i++) {
        ox_value v = ox_graph_initializer(c->m, g, i);
        w->of[v.id].home = g;
        if (!ox_value_is_input(c->m, v)) s = ox__w_give_roots(w, v.id, NULL, 0);
    }
    return s;
}

ox_status ox__w_walk(ox__memory *w, ox_graph g, bool in_loop)
{
    ox__conv *c = w->c;
    bool top = g.id == ox_model_main(c->m).id;
    ox_status s = enter(w, g);
    for (ox_node n = ox_graph_first(c->m, g), next; s == OX_OK && n.id; n = next) {
        ox__effect e;
        next = ox_node_next(c->m, n); /* what a write adds behind it is done */
        if (top) w->log.n = 0;        /* nothing to go back to */
        s = ox__effect_of(c, n, &e);
        if (s != OX_OK) return s;
        ox_value first = e.writes >= 0 ? ox_node_input(c->m, n, (size_t)e.writes) : (ox_value){0};
        s = read_inputs(w, n, g);
        if (s == OX_OK && first.id)
            s = write_to(w, n, ox_node_input(c->m, n, (size_t)e.writes), first, g);
        else if (s == OX_OK && ox_node_n_blocks(c->m, n))
            s = ox__w_walk_blocks(w, n, in_loop);
        else if (s == OX_OK)
            s = ox__w_make_outputs(w, n, &e, g);
    }
    return s == OX_OK ? read_outputs(w, g) : s;
}

/* ---- attributes that are inputs and outputs ---- */
static bool share_memory(const ox__memory *w, ox_value a, ox_value b)
{
    const ox__ids x = ox__w_known(w, a) ? w->of[a.id].roots : (ox__ids){0};
    const ox__ids y = ox__w_known(w, b) ? w->of[b.id].roots : (ox__ids){0};
    for (uint32_t i = 0; i < x.n; i++)
        for (uint32_t j = 0; j < y.n; j++)
            if (x.p[i] == y.p[j]) return true;
    return false;
}

/* Two attributes that are the same memory when the graph returns would be written together by the next call, which gets
 * a tensor for each. */
static ox_status check_state(ox__memory *w)
{
    ox__conv *c = w->c;
    ox_graph g = ox_model_main(c->m);
    size_t n = ox_graph_n_outputs(c->m, g), first = n - (c->state.n < n ? c->state.n : n);
    ox_status s = OX_OK;
    for (size_t i = first; s == OX_OK && i < n; i++)
        for (size_t k = first; s == OX_OK && k < i; k++)
            if (share_memory(w, ox_graph_output(c->m, g, i), ox_graph_output(c->m, g, k)))
                s = ox__report_note(c, OX_FAILURE_VIEW, (ox_node){0}, "give one of them a clone",
                                    "%s and %s may be the same memory, and the graph writes in place",
                                    ox_str_text(c->m, c->state.p[k - first].out_name, NULL),
                                    ox_str_text(c->m, c->state.p[i - first].out_name, NULL));
    return s;
}

/* A trace without any write needs none of this. */
static ox_status any_write(ox__conv *c, ox_graph g, bool *found)
{
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(c->m, g); s == OX_OK && !*found && n.id; n = ox_node_next(c->m, n)) {
        ox__effect e = {.writes = -1};
        if (ox__node_in(c, n, c->s_aten)) s = ox__effect_of(c, n, &e);
        *found = *found || e.writes >= 0;
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++)
            s = any_write(c, ox_node_block(c->m, n, i), found);
    }
    return s;
}

ox_status ox__pass_inplace(ox__conv *c, uint64_t *changed)
{
    bool found = false;
    if (!c->trace) return OX_OK;
    ox_status s = any_write(c, ox_model_main(c->m), &found);
    if (s != OX_OK || !found) return s;
    ox__memory w = {.c = c, .changed = changed, .limit = ox_model_value_limit(c->m)};
    w.of = ox__calloc(w.limit, sizeof *w.of);
    w.seen = ox__calloc(w.limit, sizeof *w.seen);
    s = w.of && w.seen ? ox__w_walk(&w, ox_model_main(c->m), false) : ox__nomem(c->err);
    if (s == OX_OK) s = check_state(&w);
    ox__free(w.of);
    ox__free(w.seen);
    ox__vec_free(&w.log);
    return s;
}
