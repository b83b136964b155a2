/* Floor 5. Values that may be None, and tuples that loops carry. What a branch or a round of a loop makes of an
 * optional becomes two results, whether it is there and the value; prim::maybe(there, value) stands for the pair, as
 * prim::TupleConstruct does for a tuple, until who asks for None and who takes the value find their part. */
#include "convert/fold.h"

enum { MAX_PARTS = 64 };

static bool is_none(const ox__conv *c, ox_value v)
{
    ox_node n = ox_value_node(c->m, v);
    return n.id && ox__is_prim(c, n, "Constant") && ox_node_attrs(c->m, n, NULL) == 0;
}

static bool is_made_by(const ox__conv *c, ox_value v, const char *op)
{
    ox_node n = ox_value_node(c->m, v);
    return n.id && ox__is_prim(c, n, op);
}

/* A value of which it is known whether it is None, or by what. */
static bool is_clear(const ox__conv *c, ox_value v)
{
    ox_type_kind k = ox_type_get(c->m, ox_value_type(c->m, v)).kind;
    if (is_none(c, v) || is_made_by(c, v, "maybe") || is_made_by(c, v, "Uninitialized")) return true;
    return k != OX_TYPE_NONE_KNOWN && k != OX_TYPE_OPTIONAL && k != OX_TYPE_NONETYPE && k != OX_TYPE_UNION;
}

/* ---- making parts ---- */
static ox_status make(ox__conv *c, ox_graph g, ox_node before, ox_node at, const char *op, size_t n_in,
                      const ox_value *in, ox_type type, ox_value *out)
{
    ox_node made;
    ox_status s = ox_node_create(c->m, &made, g, before, c->s_prim, ox__conv_str(c, op), n_in, in, 1, c->err);
    if (s == OX_OK) s = ox_node_set_scope(c->m, made, ox_node_scope(c->m, at), c->err);
    if (s == OX_OK) s = ox_node_set_loc(c->m, made, ox_node_loc(c->m, at), c->err);
    if (s == OX_OK) s = ox_node_set_origin(c->m, made, ox_node_origin(c->m, at), c->err);
    if (s != OX_OK) return s;
    *out = ox_node_output(c->m, made, 0);
    return ox_value_set_type(c->m, *out, type, c->err);
}

static ox_status make_bool(ox__conv *c, ox_graph g, ox_node before, ox_node at, bool b, ox_value *out)
{
    ox_attr a = {.name = c->s_value, .kind = OX_ATTR_BOOL, .u.i = b};
    ox_status s = make(c, g, before, at, "Constant", 0, NULL, ox_type_simple(c->m, OX_TYPE_BOOL_SCALAR), out);
    return s == OX_OK ? ox_node_set_attr(c->m, ox_value_node(c->m, *out), &a, c->err) : s;
}

/* The parts of v, made in front of `before` of g where they must be: whether it is there, and the value. */
static ox_status parts_of(ox__conv *c, ox_graph g, ox_node before, ox_node at, ox_value v, ox_type inner,
                          ox_value out[2])
{
    if (is_made_by(c, v, "maybe")) {
        out[0] = ox_node_input(c->m, ox_value_node(c->m, v), 0);
        out[1] = ox_node_input(c->m, ox_value_node(c->m, v), 1);
        return OX_OK;
    }
    out[1] = v;
    if (is_made_by(c, v, "Uninitialized")) {
        ox_status s =
            make(c, g, before, at, "Uninitialized", 0, NULL, ox_type_simple(c->m, OX_TYPE_BOOL_SCALAR), &out[0]);
        return s == OX_OK ? make(c, g, before, at, "Uninitialized", 0, NULL, inner, &out[1]) : s;
    }
    ox_status s = make_bool(c, g, before, at, !is_none(c, v), &out[0]);
    return s == OX_OK && is_none(c, v) ? make(c, g, before, at, "Uninitialized", 0, NULL, inner, &out[1]) : s;
}

/* ---- branches ---- */
static bool splits_if(const ox__conv *c, ox_node n, size_t i)
{
    bool some = false;
    if (!ox_value_n_uses(c->m, ox_node_output(c->m, n, i))) return false;
    for (size_t b = 0; b < ox_node_n_blocks(c->m, n); b++) {
        ox_value v = ox_graph_output(c->m, ox_node_block(c->m, n, b), i);
        if (!is_clear(c, v)) return false;
        some = some || is_none(c, v) || is_made_by(c, v, "maybe");
    }
    return some;
}

static ox_type inner_of(const ox__conv *c, ox_type t)
{
    ox_type_info x = ox_type_get(c->m, t);
    return x.kind == OX_TYPE_OPTIONAL && x.n_items ? x.items[0] : t;
}

static ox_status split_if(ox__conv *c, ox_node n, size_t i)
{
    ox_value out = ox_node_output(c->m, n, i), made[2], maybe;
    ox_type inner = inner_of(c, ox_value_type(c->m, out));
    ox_status s = OX_OK;
    for (size_t b = 0; s == OX_OK && b < 2; b++) {
        ox_graph g = ox_node_block(c->m, n, b);
        ox_value v[2];
        s = parts_of(c, g, (ox_node){0}, n, ox_graph_output(c->m, g, i), inner, v);
        for (int k = 0; s == OX_OK && k < 2; k++) s = ox_graph_add_output(c->m, g, SIZE_MAX, v[k], c->err);
    }
    if (s == OX_OK)
        s = ox_node_add_output(c->m, &made[0], n, (ox_str){0}, ox_type_simple(c->m, OX_TYPE_BOOL_SCALAR), c->err);
    if (s == OX_OK) s = ox_node_add_output(c->m, &made[1], n, (ox_str){0}, inner, c->err);
    if (s == OX_OK)
        s = make(c, ox_node_graph(c->m, n), ox_node_next(c->m, n), n, "maybe", 2, made, ox_value_type(c->m, out),
                 &maybe);
    return s == OX_OK ? ox_value_replace_uses(c->m, out, maybe, c->err) : s;
}

/* ---- loops ---- */

/* How a carried value is taken apart: "maybe", "TupleConstruct", or NULL: not. */
static const char *splits_loop(const ox__conv *c, ox_node n, size_t i, size_t *parts)
{
    ox_value in = ox_graph_input(c->m, ox_node_block(c->m, n, 0), i + 1), first = ox_node_input(c->m, n, i + 2),
             next = ox_graph_output(c->m, ox_node_block(c->m, n, 0), i + 1);
    *parts = 2;
    if (!ox_value_n_uses(c->m, in) && !ox_value_n_uses(c->m, ox_node_output(c->m, n, i))) return NULL;
    if (next.id != in.id && is_clear(c, first) && is_clear(c, next) &&
        (is_none(c, first) || is_made_by(c, first, "maybe") || is_none(c, next) || is_made_by(c, next, "maybe")))
        return "maybe";
    if (!is_made_by(c, first, "TupleConstruct") || !is_made_by(c, next, "TupleConstruct")) return NULL;
    *parts = ox_node_n_inputs(c->m, ox_value_node(c->m, first));
    bool same = *parts == ox_node_n_inputs(c->m, ox_value_node(c->m, next));
    return same && *parts <= MAX_PARTS ? "TupleConstruct" : NULL;
}

static ox_status take_apart(ox__conv *c, ox_graph g, ox_node before, ox_node at, ox_value v, const char *op, size_t n,
                            ox_type inner, ox_value *out)
{
    if (strcmp(op, "maybe") == 0) return parts_of(c, g, before, at, v, inner, out);
    for (size_t k = 0; k < n; k++) out[k] = ox_node_input(c->m, ox_value_node(c->m, v), k);
    return OX_OK;
}

static ox_type type_of_part(const ox__conv *c, ox_value v, const char *op, size_t k)
{
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    if (t.kind == OX_TYPE_TUPLE && strcmp(op, "maybe") != 0) return k < t.n_items ? t.items[k] : (ox_type){0};
    return k ? inner_of(c, ox_value_type(c->m, v)) : ox_type_simple(c->m, OX_TYPE_BOOL_SCALAR);
}

static ox_status split_loop(ox__conv *c, ox_node n, size_t i, const char *op, size_t parts)
{
    ox_graph body = ox_node_block(c->m, n, 0), g = ox_node_graph(c->m, n);
    ox_value out = ox_node_output(c->m, n, i), in = ox_graph_input(c->m, body, i + 1), whole, v[MAX_PARTS],
             inside[MAX_PARTS], all[MAX_PARTS];
    ox_type type = ox_value_type(c->m, out), inner = inner_of(c, type);
    size_t n_in = ox_node_n_inputs(c->m, n);
    ox_status s = take_apart(c, g, n, n, ox_node_input(c->m, n, i + 2), op, parts, inner, v);
    ox_value *more = ox__alloc((n_in + parts) * sizeof *more);
    if (!more) return ox__nomem(c->err);
    for (size_t k = 0; k < n_in + parts && s == OX_OK; k++)
        more[k] = k < n_in ? ox_node_input(c->m, n, k) : v[k - n_in];
    if (s == OX_OK) s = ox_node_set_inputs(c->m, n, n_in + parts, more, c->err);
    ox__free(more);
    ox_value next = ox_graph_output(c->m, body, i + 1);
    if (s == OX_OK) s = take_apart(c, body, (ox_node){0}, n, next, op, parts, inner, v);
    for (size_t k = 0; s == OX_OK && k < parts; k++) {
        ox_type t = type_of_part(c, out, op, k);
        s = ox_graph_add_input(c->m, &inside[k], body, SIZE_MAX, (ox_str){0}, t, c->err);
        if (s == OX_OK) s = ox_graph_add_output(c->m, body, SIZE_MAX, v[k], c->err);
        if (s == OX_OK) s = ox_node_add_output(c->m, &all[k], n, (ox_str){0}, t, c->err);
    }
    if (s == OX_OK) s = make(c, body, ox_graph_first(c->m, body), n, op, parts, inside, type, &whole);
    if (s == OX_OK) s = ox_value_replace_uses(c->m, in, whole, c->err);
    if (s == OX_OK) s = make(c, g, ox_node_next(c->m, n), n, op, parts, all, type, &whole);
    /* the old way carries the first value on, and nobody reads it */
    if (s == OX_OK) s = ox_graph_set_output(c->m, body, i + 1, in, c->err);
    return s == OX_OK ? ox_value_replace_uses(c->m, out, whole, c->err) : s;
}

ox_status ox__fold_parts(ox__conv *c, ox_node n, uint64_t *changed)
{
    ox_status s = OX_OK;
    size_t n_out = ox_node_n_outputs(c->m, n), parts;
    if (ox__is_prim(c, n, "If"))
        for (size_t i = 0; s == OX_OK && i < n_out; i++) {
            if (!splits_if(c, n, i)) continue;
            s = split_if(c, n, i);
            ++*changed;
        }
    else if (ox__is_prim(c, n, "Loop"))
        for (size_t i = 0; s == OX_OK && i < n_out; i++) {
            const char *op = splits_loop(c, n, i, &parts);
            if (op) s = split_loop(c, n, i, op, parts);
            *changed += op != NULL;
        }
    return s;
}
