/* Floor 4. Constant folding. Small results were computed by inference already and stand among the facts; larger ones
 * are computed here if they only move bytes of weights, within a budget. */
#include "rewrite/fold.h"

#include "rewrite/origin.h"

enum { KEEP_ONE = 1 << 20 }; /* bytes of a weight from which on a file is not to hold it twice */

/* What became of a weight that others use too. */
typedef struct moved {
    uint32_t weight, op, n_attrs;
    ox_attr attr; /* the only one */
    ox_value made;
} moved;

typedef struct folder {
    ox__facts *f;
    ox_model *m;
    const ox__fold_options *opt;
    uint64_t *count, total, done;
    ox__origins origins;
    OX__VEC(moved) moved;
    ox_error *err;
} folder;

/* ---- weights under several uses ---- */
static moved look(const folder *d, ox_node n)
{
    const ox_attr *attrs;
    moved w = {.weight = ox_node_input(d->m, n, 0).id, .op = ox_node_op(d->m, n).id};
    w.n_attrs = (uint32_t)ox_node_attrs(d->m, n, &attrs);
    if (w.n_attrs) w.attr = attrs[0];
    return w;
}

static bool alike(const moved *a, const moved *b)
{
    return a->weight == b->weight && a->op == b->op && a->n_attrs == b->n_attrs &&
           (!a->n_attrs || ox_attr_equal(&a->attr, &b->attr));
}

/* Takes one weight, and has at most one attribute. */
static bool takes_weight(const folder *d, ox_node n)
{
    ox_value v = ox_node_n_inputs(d->m, n) == 1 ? ox_node_input(d->m, n, 0) : (ox_value){0};
    return v.id && ox_value_is_initializer(d->m, v) && ox_node_attrs(d->m, n, NULL) <= 1 &&
           ox_node_n_outputs(d->m, n) == 1;
}

/* True for a large weight that somebody uses as it is: it would be in the file twice. */
static bool must_stay(const folder *d, ox_node n, uint64_t bytes)
{
    if (bytes < KEEP_ONE || !takes_weight(d, n)) return false;
    moved own = look(d, n);
    for (ox_use u = ox_value_first_use(d->m, ox_node_input(d->m, n, 0)); u.node.id; u = ox_value_next_use(d->m, u)) {
        if (u.node.id == n.id) continue;
        moved other = takes_weight(d, u.node) ? look(d, u.node) : (moved){0};
        if (!alike(&own, &other)) return true;
    }
    return false;
}

/* What the same node on the same weight was folded to; {0}: nothing yet. */
static ox_value made_before(const folder *d, ox_node n)
{
    if (!d->moved.n || !takes_weight(d, n)) return (ox_value){0};
    moved own = look(d, n);
    for (size_t i = 0; i < d->moved.n; i++)
        if (alike(&own, &d->moved.p[i])) return d->moved.p[i].made;
    return (ox_value){0};
}

/* ---- the constant behind the outputs ---- */
static ox_status compute(folder *d, ox_node n, ox_tensor *outs, bool *known)
{
    size_t n_out = ox_node_n_outputs(d->m, n);
    *known = true;
    for (size_t i = 0; i < n_out; i++) {
        ox_status s = ox__facts_materialize(d->f, ox_node_output(d->m, n, i), &outs[i], d->err);
        if (s != OX_OK) return s;
        *known = *known && outs[i].id;
    }
    const ox__op_row *row = ox__facts_op(d->f, n);
    if (*known || !row || !row->eval || !(row->flags & OX__OP_MOVES) || ox_node_n_inputs(d->m, n) == 0) return OX_OK;
    uint64_t bytes = 0;
    for (size_t i = 0; i < ox_node_n_inputs(d->m, n); i++) {
        ox_value v = ox_node_input(d->m, n, i);
        ox_tensor t = {0};
        ox_status s = v.id ? ox__facts_materialize(d->f, v, &t, d->err) : OX_OK;
        if (s != OX_OK || (v.id && !t.id)) return s;
        bytes += ox_tensor_raw_size(d->m, t);
    }
    if (must_stay(d, n, bytes) || bytes > d->opt->max_moved || d->total + bytes > d->opt->max_total) return OX_OK;
    ox_status s = ox__eval_node(d->f, n, d->opt->opset, d->opt->max_moved, outs, d->err);
    if (ox__eval_declined(s)) return OX_OK;
    if (s == OX_OK) d->total += bytes;
    *known = s == OX_OK && outs[0].id;
    return s;
}

/* ---- names ---- */

/* The first weight that a node reads; {0}: it reads none. */
static ox_value weight_of(const folder *d, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_inputs(d->m, n); i++) {
        ox_value v = ox_node_input(d->m, n, i);
        if (v.id && ox_value_is_initializer(d->m, v)) return v;
    }
    return (ox_value){0};
}

static bool swaps_last_two(const folder *d, ox_node n)
{
    const ox_attr *a = ox_node_attr(d->m, n, "perm");
    if (!a) return ox_type_get(d->m, ox_value_type(d->m, ox_node_output(d->m, n, 0))).rank == 2;
    if (a->kind != OX_ATTR_INTS || a->n < 2) return false;
    for (uint32_t i = 0; i + 2 < a->n; i++)
        if (a->u.ints[i] != i) return false;
    return a->u.ints[a->n - 2] == (int64_t)a->n - 1 && a->u.ints[a->n - 1] == (int64_t)a->n - 2;
}

/* "fc.weight^T" of a transposed weight; the same name where only the shape changes; else the operator behind it. */
static ox_str name_of(const folder *d, ox_node n, ox_value weight)
{
    const char *op = ox_str_text(d->m, ox_node_op(d->m, n), NULL);
    ox__buf b = {0};
    ox__buf_addz(&b, ox_str_text(d->m, ox_value_name(d->m, weight), NULL));
    if (!strcmp(op, "Transpose") && swaps_last_two(d, n))
        ox__buf_addz(&b, "^T");
    else {
        ox__buf_addc(&b, '.');
        for (; *op; op++) ox__buf_addc(&b, (char)(*op >= 'A' && *op <= 'Z' ? *op + 32 : *op));
    }
    ox_str name = b.failed ? (ox_str){0} : ox_value_fresh_name(d->m, b.p);
    ox__buf_free(&b);
    return name;
}

/* ---- the replacement ---- */
static ox_status as_constant(folder *d, ox_node n, ox_tensor t, ox_value *out)
{
    ox_node made;
    ox_attr a = {.name = ox_str_addz(d->m, "value"), .kind = OX_ATTR_TENSOR, .u.t = t};
    ox_status s = ox_node_create(d->m, &made, ox_node_graph(d->m, n), n, ox_str_addz(d->m, ""),
                                 ox_str_addz(d->m, "Constant"), 0, NULL, 1, d->err);
    if (s == OX_OK) s = ox_node_set_attr(d->m, made, &a, d->err);
    if (s == OX_OK) s = ox_node_set_scope(d->m, made, ox_node_scope(d->m, n), d->err);
    if (s == OX_OK) s = ox_node_set_loc(d->m, made, ox_node_loc(d->m, n), d->err);
    if (s == OX_OK) s = ox_node_set_origin(d->m, made, ox_node_origin(d->m, n), d->err);
    if (s == OX_OK) *out = ox_node_output(d->m, made, 0);
    return s;
}

static ox_status as_weight(folder *d, ox_node n, ox_value weight, ox_tensor t, ox_value *out)
{
    ox__origin from;
    ox_status s = ox__origin_of(&d->origins, d->m, n, &from, d->err);
    if (s == OX_OK) s = ox__origin_doc(d->m, &from, &t, d->err);
    if (s == OX_OK) s = ox_graph_add_initializer(d->m, out, ox_model_main(d->m), name_of(d, n, weight), t, d->err);
    if (s == OX_OK) s = ox_value_set_origin(d->m, *out, ox_node_origin(d->m, n), d->err);
    return s == OX_OK ? ox__origin_keep(&d->origins, *out, &from, d->err) : s;
}

/* A weight that others use too may be asked for the same once more. */
static ox_status remember(folder *d, ox_node n, ox_value made)
{
    if (!takes_weight(d, n) || ox_value_n_uses(d->m, ox_node_input(d->m, n, 0)) < 2) return OX_OK;
    moved own = look(d, n);
    own.made = made;
    return ox__vec_push(&d->moved, own) ? OX_OK : ox__nomem(d->err);
}

static ox_status use_again(folder *d, ox_node n, ox_value made)
{
    ox_status s = ox_value_replace_uses(d->m, ox_node_output(d->m, n, 0), made, d->err);
    if (s == OX_OK) s = ox_node_delete(d->m, n, d->err);
    ++*d->count;
    return s;
}

static ox_status replace(folder *d, ox_node n, const ox_tensor *outs)
{
    ox_value weight = weight_of(d, n);
    for (size_t i = 0; i < ox_node_n_outputs(d->m, n); i++) {
        ox_value out = ox_node_output(d->m, n, i), made;
        if (!out.id || !ox_value_n_uses(d->m, out)) continue;
        ox_status s = weight.id ? as_weight(d, n, weight, outs[i], &made) : as_constant(d, n, outs[i], &made);
        if (s == OX_OK && weight.id) s = remember(d, n, made);
        if (s == OX_OK) s = ox__facts_set_tensor(d->f, made, outs[i], d->err);
        if (s == OX_OK)
            s = ox_value_set_type(
                d->m, made, ox__type_merge(d->m, ox_value_type(d->m, made), ox_value_type(d->m, out), NULL), d->err);
        if (s == OX_OK) s = ox_value_replace_uses(d->m, out, made, d->err);
        if (s != OX_OK) return s;
    }
    ++*d->count;
    return ox_node_delete(d->m, n, d->err);
}

/* What is computed from floats that a dump printed rounded is no more exact than they are: it keeps their mark. */
static ox_status keep_mark(folder *d, ox_node n, ox_tensor *outs)
{
    bool rounded = false;
    ox_status s = OX_OK;
    for (size_t i = 0; i < ox_node_n_inputs(d->m, n); i++) {
        ox_value v = ox_node_input(d->m, n, i);
        rounded = rounded || (v.id && ox_tensor_get(d->m, ox__facts_tensor(d->f, v)).rounded);
    }
    for (size_t i = 0; rounded && s == OX_OK && i < ox_node_n_outputs(d->m, n); i++) {
        ox_tensor_info info = ox_tensor_get(d->m, outs[i]);
        if (!outs[i].id || info.rounded || !ox_dtype_is_float(info.dtype)) continue;
        info.rounded = true;
        s = ox_tensor_add(d->m, &outs[i], &info, d->err);
    }
    return s;
}

/* What a graph returns must be made by a node of it. */
static bool is_returned(const folder *d, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_outputs(d->m, n); i++)
        if (ox_value_is_output(d->m, ox_node_output(d->m, n, i))) return true;
    return false;
}

static bool is_candidate(const folder *d, ox_node n)
{
    size_t len, n_out = ox_node_n_outputs(d->m, n);
    ox_str_text(d->m, ox_node_domain(d->m, n), &len);
    if (len || n_out == 0 || n_out > 16 || ox_node_n_blocks(d->m, n) || ox_node_is(d->m, n, "", "Constant"))
        return false;
    const ox__op_row *row = ox__facts_op(d->f, n);
    return row && !(row->flags & OX__OP_RANDOM) && !(weight_of(d, n).id && is_returned(d, n));
}

static ox_status fold_graph(folder *d, ox_graph g)
{
    ox_node next;
    for (ox_node n = ox_graph_first(d->m, g); n.id; n = next) {
        next = ox_node_next(d->m, n);
        ox_status s = OX_OK;
        const ox_task *t = d->opt->task;
        if (t && t->step && (d->done++ & 255) == 0 && !t->step(t->ud, "fold", d->done, ox_model_n_nodes(d->m)))
            return ox__fail(d->err, OX_E_INTERRUPTED, "interrupted");
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(d->m, n); i++)
            s = fold_graph(d, ox_node_block(d->m, n, i));
        ox_tensor outs[16] = {{0}};
        bool known = false, candidate = s == OX_OK && is_candidate(d, n);
        ox_value before = candidate ? made_before(d, n) : (ox_value){0};
        if (before.id)
            s = use_again(d, n, before);
        else if (candidate)
            s = compute(d, n, outs, &known);
        if (s == OX_OK && known) s = keep_mark(d, n, outs);
        if (s == OX_OK && known) s = replace(d, n, outs);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__fold_constants(ox__facts *f, ox_graph g, const ox__fold_options *opt, uint64_t *count, ox_error *err)
{
    folder d = {.f = f, .m = ox__facts_model(f), .opt = opt, .count = count, .err = err};
    ox_status s = fold_graph(&d, g);
    ox__vec_free(&d.origins.rows);
    ox__vec_free(&d.moved);
    return s;
}
