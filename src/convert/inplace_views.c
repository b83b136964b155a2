/* Floor 5. Views of memory that was written to: made anew for who reads them, and written back to what they are views
 * of. */
#include "convert/inplace.h"

enum { MAX_DEPTH = 64 };

/* The value whose maker tells which view v is. */
static ox_value like(const ox__memory *w, ox_value v)
{
    return ox__w_known(w, v) && w->of[v.id].like.id ? w->of[v.id].like : v;
}

static bool is_stale(const ox__memory *w, ox_value v)
{
    return ox__w_known(w, v) && w->of[v.id].stale.id;
}

/* Lists and tuples hold views of their items, and give them again. */
static bool is_gathering(const ox__conv *c, ox_node n)
{
    return ox__is_prim(c, n, "ListConstruct") || ox__is_prim(c, n, "TupleConstruct") ||
           ox__is_prim(c, n, "ListUnpack") || ox__is_prim(c, n, "TupleUnpack") || ox__is_prim(c, n, "TupleIndex") ||
           ox__is_aten(c, n, "__getitem__");
}

/* ---- made anew ---- */
static ox_status fresh(ox__memory *w, const ox__wplace *at, ox_value v, int depth, ox_value *out, bool *ok);

static ox_status copy_node(ox__memory *w, const ox__wplace *at, ox_node n, const ox_value *in, ox_node *out)
{
    ox__conv *c = w->c;
    const ox_attr *attrs;
    size_t n_attrs = ox_node_attrs(c->m, n, &attrs);
    ox_status s = ox_node_create(c->m, out, at->g, at->before, ox_node_domain(c->m, n), ox_node_op(c->m, n),
                                 ox_node_n_inputs(c->m, n), in, ox_node_n_outputs(c->m, n), c->err);
    for (size_t i = 0; s == OX_OK && i < n_attrs; i++) {
        ox_node_attrs(c->m, n, &attrs); /* the rows may have moved */
        ox_attr a = attrs[i];
        s = ox_node_set_attr(c->m, *out, &a, c->err);
    }
    if (s == OX_OK)
        s = ox_node_set_op(c->m, *out, ox_node_domain(c->m, n), ox_node_op(c->m, n), ox_node_overload(c->m, n), c->err);
    if (s == OX_OK) s = ox_node_set_scope(c->m, *out, ox_node_scope(c->m, n), c->err);
    if (s == OX_OK) s = ox_node_set_loc(c->m, *out, ox_node_loc(c->m, n), c->err);
    return s == OX_OK ? ox_node_set_origin(c->m, *out, ox_node_origin(c->m, n), c->err) : s;
}

/* The copy's outputs stand for those of n from here on, where they are stale. */
static ox_status take_outputs(ox__memory *w, const ox__wplace *at, ox_node n, ox_node copy, ox_value top,
                              ox_value top_like)
{
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(m, n); i++) {
        ox_value was = ox_node_output(m, n, i), is = ox_node_output(m, copy, i), now = ox__w_current(w, was);
        if (!was.id) continue;
        s = ox_value_set_type(m, is, ox_value_type(m, was), w->c->err);
        if (s == OX_OK) s = ox__w_know(w, is, at->g);
        if (s != OX_OK) return s;
        const ox__ids roots = w->of[was.id].roots;
        w->of[is.id].like = was;
        if (roots.n) s = ox__w_give_roots(w, is.id, roots.p, roots.n);
        if (s == OX_OK && is_stale(w, now)) s = ox__w_set_now(w, now.id, is, false);
        if (s == OX_OK && was.id == top_like.id && top.id != now.id) s = ox__w_set_now(w, top.id, is, false);
    }
    return s;
}

static ox_status make_anew(ox__memory *w, const ox__wplace *at, ox_value top, int depth, bool *ok)
{
    ox__conv *c = w->c;
    ox_value of = like(w, top);
    ox_node n = ox_value_node(c->m, of), copy;
    *ok = n.id && depth < MAX_DEPTH && !w->of[top.id].lost && !ox_node_n_blocks(c->m, n) &&
          (is_gathering(c, n) || ox__view_is_certain(c, n));
    if (!*ok) return OX_OK;
    size_t n_in = ox_node_n_inputs(c->m, n);
    ox_value *in = ox__alloc((n_in + 1) * sizeof *in);
    ox_status s = in ? OX_OK : ox__nomem(c->err);
    for (size_t i = 0; s == OX_OK && *ok && i < n_in; i++)
        s = fresh(w, at, ox_node_input(c->m, n, i), depth + 1, &in[i], ok);
    if (s == OX_OK && *ok) s = copy_node(w, at, n, in, &copy);
    if (s == OX_OK && *ok) s = take_outputs(w, at, n, copy, top, of);
    ox__free(in);
    return s;
}

static ox_status fresh(ox__memory *w, const ox__wplace *at, ox_value v, int depth, ox_value *out, bool *ok)
{
    *ok = true;
    *out = ox__w_current(w, v);
    if (!is_stale(w, *out)) return OX_OK;
    ox_status s = make_anew(w, at, *out, depth, ok);
    if (s == OX_OK && *ok) *out = ox__w_current(w, v);
    return s;
}

ox_status ox__w_fresh(ox__memory *w, const ox__wplace *at, ox_value v, ox_value *out, bool *ok)
{
    return fresh(w, at, v, 0, out, ok);
}

/* ---- written back ---- */

static bool constant_index(const ox__conv *c, ox_value v, size_t *out)
{
    ox_node n = ox_value_node(c->m, v);
    const ox_attr *a = n.id && ox__is_prim(c, n, "Constant") ? ox_node_attr(c->m, n, "value") : NULL;
    if (!a || a->kind != OX_ATTR_INT || a->u.i < 0) return false;
    *out = (size_t)a->u.i;
    return true;
}

/* One step from a view to what it is made of: false at a value that is no view, or one that is not surely one. */
static bool find_hop(const ox__memory *w, ox_value v, ox__whop *hop)
{
    const ox__conv *c = w->c;
    v = like(w, v);
    ox_node n = ox_value_node(c->m, v);
    if (!n.id) return false;
    *hop = (ox__whop){.view = n, .part = ox_value_index(c->m, v)};
    bool item = ox__is_aten(c, n, "__getitem__"), unpacked = ox__is_prim(c, n, "ListUnpack");
    if (item && !constant_index(w->c, ox_node_input(c->m, n, 1), &hop->part)) return false;
    if (unpacked) hop->unpack = n;
    if (unpacked || item) {
        hop->view = ox_value_node(c->m, ox_node_input(c->m, n, 0));
        if (!hop->view.id || is_gathering(c, hop->view)) return false;
    }
    if (is_gathering(c, hop->view) || !ox__view_is_certain(c, hop->view)) return false;
    hop->parent = ox_node_input(c->m, hop->view, 0);
    return ox__w_known(w, hop->parent);
}

ox_value ox__w_root_of(ox__memory *w, ox_value v)
{
    ox__whop hop;
    for (int i = 0; i < MAX_DEPTH && find_hop(w, v, &hop); i++) v = ox__w_current(w, hop.parent);
    return v;
}

ox_status ox__w_find_hops(ox__memory *w, const ox__wplace *at, ox_value target, ox__whop *hops, size_t *n, bool *ok)
{
    ox_status s = OX_OK;
    *ok = true;
    for (*n = 0; *n < OX__W_MAX_HOPS && find_hop(w, target, &hops[*n]); ++*n) {
        ox__whop *h = &hops[*n];
        s = ox__w_fresh(w, at, h->parent, &h->fresh, ok);
        if (s != OX_OK || !*ok) return s;
        target = h->fresh;
    }
    *ok = *n < OX__W_MAX_HOPS;
    return OX_OK;
}

/* The parts of a split joined again, one of them replaced: where the sizes are not known. */
static ox_status join_parts(ox__memory *w, const ox__wplace *at, const ox__whop *h, ox_value src, ox_value *out)
{
    ox__conv *c = w->c;
    size_t n = h->unpack.id ? ox_node_n_outputs(c->m, h->unpack) : 0;
    ox_value *parts = ox__alloc((n + 1) * sizeof *parts), in[2];
    bool ok = h->part < n;
    ox_status s = parts ? OX_OK : ox__nomem(c->err);
    for (size_t i = 0; s == OX_OK && ok && i < n; i++) {
        if (i == h->part)
            parts[i] = src;
        else
            s = ox__w_fresh(w, at, ox_node_output(c->m, h->unpack, i), &parts[i], &ok);
    }
    in[1] = ox_node_input(c->m, h->view, 2);
    ox_type list = ox_value_type(c->m, ox_node_input(c->m, h->unpack, 0));
    if (s == OX_OK && ok && in[1].id) s = ox__wplace_node(c, at, c->s_prim, "ListConstruct", n, parts, list, &in[0]);
    if (s == OX_OK && ok && in[1].id) s = ox__wplace_node(c, at, c->s_aten, "cat", 2, in, (ox_type){0}, out);
    ox__free(parts);
    return s;
}

ox_status ox__w_write_back(ox__memory *w, const ox__wplace *at, ox_value out, const ox__whop *hops, size_t n)
{
    ox__conv *c = w->c;
    for (size_t i = 0; i < n; i++) {
        ox_value made, was = hops[i].fresh;
        ox_status s = ox__view_put(c, at, &hops[i], out, &made);
        if (s == OX_OK && !made.id && hops[i].unpack.id) s = join_parts(w, at, &hops[i], out, &made);
        if (s != OX_OK || !made.id) return s; /* what it is a view of stays stale */
        s = ox_value_set_type(c->m, made, ox_value_type(c->m, was), c->err);
        if (s == OX_OK) s = ox__w_know(w, made, at->g);
        if (s != OX_OK) return s;
        const ox__ids roots = w->of[was.id].roots;
        w->of[made.id].like = like(w, was);
        s = ox__w_give_roots(w, made.id, roots.p, roots.n);
        if (s == OX_OK) s = ox__w_set_now(w, was.id, made, true);
        if (s != OX_OK) return s;
        out = made;
    }
    return OX_OK;
}
