/* Floor 5. The tables of the pass on writes in place: what each value is now, what shares memory. All changes are
 * logged, so that those of a block can be taken back behind it. */
#include "convert/inplace.h"

/* ---- tables ---- */
static ox_status add_id(ox__memory *w, ox__ids *l, uint32_t id)
{
    if (l->n == l->cap) {
        uint32_t cap = l->cap ? l->cap * 2 : 2, *p = ox__arena_alloc(&w->c->mem, cap * sizeof *p);
        if (!p) return ox__nomem(w->c->err);
        if (l->n) memcpy(p, l->p, l->n * sizeof *p);
        l->p = p;
        l->cap = cap;
    }
    l->p[l->n++] = id;
    return OX_OK;
}

static ox_status note(ox__memory *w, uint32_t id, bool list, bool write)
{
    const ox__wstate *st = &w->of[id];
    ox__wchange x = {id, list, write, st->members, st->now, st->stale};
    return ox__vec_push(&w->log, x) ? OX_OK : ox__nomem(w->c->err);
}

ox_status ox__w_set_now(ox__memory *w, uint32_t id, ox_value now, bool write)
{
    ox_status s = note(w, id, false, write);
    if (s == OX_OK) w->of[id].now = now;
    return s;
}

ox_status ox__w_set_stale(ox__memory *w, uint32_t id, ox_node writer)
{
    ox_status s = note(w, id, false, true);
    if (s == OX_OK) w->of[id].stale = writer;
    return s;
}

static ox_status join(ox__memory *w, uint32_t root, uint32_t value)
{
    ox_status s = note(w, root, true, true);
    return s == OX_OK ? add_id(w, &w->of[root].members, value) : s;
}

bool ox__w_known(const ox__memory *w, ox_value v)
{
    return v.id && v.id < w->limit;
}

ox_status ox__w_know(ox__memory *w, ox_value v, ox_graph home)
{
    if (v.id >= w->limit) {
        uint32_t limit = v.id + v.id / 2 + 64;
        ox__wstate *of = ox__realloc(w->of, limit * sizeof *of);
        if (of) w->of = of;
        uint32_t *seen = of ? ox__realloc(w->seen, limit * sizeof *seen) : NULL;
        if (!seen) return ox__nomem(w->c->err);
        w->seen = seen;
        memset(w->of + w->limit, 0, (limit - w->limit) * sizeof *w->of);
        memset(w->seen + w->limit, 0, (limit - w->limit) * sizeof *w->seen);
        w->limit = limit;
    }
    w->of[v.id].home = home;
    return OX_OK;
}

ox_status ox__w_drop_members(ox__memory *w, uint32_t root)
{
    ox_status s = w->of[root].members.n ? note(w, root, true, true) : OX_OK;
    w->of[root].members = (ox__ids){0};
    return s;
}

void ox__w_undo(ox__memory *w, size_t mark)
{
    for (; w->log.n > mark; w->log.n--) {
        const ox__wchange *x = &w->log.p[w->log.n - 1];
        ox__wstate *st = &w->of[x->id];
        if (x->list) {
            st->members = x->members;
        } else {
            st->now = x->now;
            st->stale = x->stale;
        }
    }
}

ox_value ox__w_current(ox__memory *w, ox_value v)
{
    ox_value top = v;
    while (ox__w_known(w, top) && w->of[top.id].now.id) top = w->of[top.id].now;
    while (ox__w_known(w, v) && w->of[v.id].now.id && w->of[v.id].now.id != top.id) {
        ox_value next = w->of[v.id].now;
        if (note(w, v.id, false, false) != OX_OK) break;
        w->of[v.id].now = top;
        v = next;
    }
    return top;
}

/* ---- storages ---- */
ox_status ox__w_give_roots(ox__memory *w, uint32_t value, const uint32_t *roots, uint32_t n)
{
    ox_status s = OX_OK;
    bool followed = n <= OX__W_MAX_ROOTS;
    for (uint32_t i = 0; followed && i < n; i++) followed = roots[i] != OX__W_NOT_FOLLOWED;
    w->of[value].roots = (ox__ids){0};
    if (!followed) n = 1;
    for (uint32_t i = 0; s == OX_OK && i < OX__MAX(n, 1u); i++) {
        uint32_t root = !followed ? OX__W_NOT_FOLLOWED : n ? roots[i] : value;
        s = add_id(w, &w->of[value].roots, root);
        if (s == OX_OK) s = join(w, root, value);
    }
    return s;
}

/* A storage inside others: all values of those hold it too. */
static ox_status add_root(ox__memory *w, uint32_t root, const uint32_t *outer, uint32_t n)
{
    ox_status s = OX_OK;
    for (uint32_t i = 0; s == OX_OK && i < n; i++) {
        const ox__ids mem = w->of[outer[i]].members;
        for (uint32_t k = 0; s == OX_OK && k < mem.n; k++) {
            ox__ids *r = &w->of[mem.p[k]].roots;
            if (r->n && r->p[r->n - 1] == root) continue;
            s = add_id(w, r, root);
            if (s == OX_OK) s = join(w, root, mem.p[k]);
        }
    }
    return s;
}

/* The storages of all inputs together, each once. NULL when out of memory. */
static uint32_t *roots_of_inputs(ox__memory *w, ox_node n, uint32_t *count)
{
    size_t total = 0;
    const ox_model *m = w->c->m;
    /* a view is one of its first input, whatever else it takes its shape from */
    size_t n_in = ox__view_is_certain(w->c, n) ? 1 : ox_node_n_inputs(m, n);
    for (size_t i = 0; i < n_in; i++) total += w->of[ox_node_input(m, n, i).id].roots.n;
    uint32_t *roots = ox__alloc((total + 1) * sizeof *roots);
    *count = 0;
    w->search++;
    for (size_t i = 0; roots && i < n_in; i++) {
        const ox__ids *r = &w->of[ox_node_input(m, n, i).id].roots;
        for (uint32_t j = 0; j < r->n; j++) {
            if (w->seen[r->p[j]] == w->search) continue;
            w->seen[r->p[j]] = w->search;
            roots[(*count)++] = r->p[j];
        }
    }
    return roots;
}

bool ox__w_holds_tensors(const ox__conv *c, ox_value v)
{
    switch (ox_type_get(c->m, ox_value_type(c->m, v)).kind) {
    case OX_TYPE_INT:
    case OX_TYPE_FLOAT_SCALAR:
    case OX_TYPE_BOOL_SCALAR:
    case OX_TYPE_STR:
    case OX_TYPE_NONETYPE:
    case OX_TYPE_DEVICE:
    case OX_TYPE_CLASS: return false;
    default: return true;
    }
}

/* Parts are told apart where that costs little. */
static bool few_members(const ox__memory *w, const uint32_t *roots, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (roots[i] == OX__W_NOT_FOLLOWED || w->of[roots[i]].members.n > OX__W_MAX_MEMBERS) return false;
    return n > 0 && n < OX__W_MAX_ROOTS / 2;
}

/* What the branches of a node return from outside is in its results too. NULL when out of memory. */
static uint32_t *roots_of_branches(ox__memory *w, ox_node n, size_t output, uint32_t *count)
{
    const ox_model *m = w->c->m;
    bool loop = ox__is_prim(w->c, n, "Loop");
    size_t at = output + loop, total = 0, n_blocks = ox_node_n_blocks(m, n);
    ox_value returned[4];
    size_t n_returned = 0;
    for (size_t b = 0; b < n_blocks && n_returned < 3; b++) {
        ox_value v = ox_graph_output(m, ox_node_block(m, n, b), at);
        if (ox__w_known(w, v)) returned[n_returned++] = v;
    }
    if (loop && ox__w_known(w, ox_node_input(m, n, output + 2)))
        returned[n_returned++] = ox_node_input(m, n, output + 2);
    for (size_t i = 0; i < n_returned; i++) total += w->of[returned[i].id].roots.n;
    uint32_t *roots = ox__alloc((total + 1) * sizeof *roots);
    *count = 0;
    w->search++;
    for (size_t i = 0; roots && i < n_returned; i++) {
        const ox__ids *r = &w->of[returned[i].id].roots;
        for (uint32_t k = 0; k < r->n; k++) {
            if (w->seen[r->p[k]] == w->search) continue;
            w->seen[r->p[k]] = w->search;
            roots[(*count)++] = r->p[k];
        }
    }
    return roots;
}

ox_status ox__w_branch_outputs(ox__memory *w, ox_node n, ox_graph g, size_t n_out)
{
    const ox_model *m = w->c->m;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        ox_value v = ox_node_output(m, n, i);
        uint32_t k;
        if (!ox__w_known(w, v)) continue;
        w->of[v.id].home = g;
        if (!ox__w_holds_tensors(w->c, v)) continue;
        uint32_t *roots = roots_of_branches(w, n, i, &k);
        if (!roots) return ox__nomem(w->c->err);
        s = ox__w_give_roots(w, v.id, roots, k);
        ox__free(roots);
    }
    return s;
}

ox_status ox__w_make_outputs(ox__memory *w, ox_node n, const ox__effect *e, ox_graph g)
{
    const ox_model *m = w->c->m;
    uint32_t *roots = NULL, k = 0;
    size_t n_out = ox_node_n_outputs(m, n);
    if ((e->views || e->same) && !(roots = roots_of_inputs(w, n, &k))) return ox__nomem(w->c->err);
    bool parts = n_out > 1 && n_out <= OX__W_MAX_ROOTS && e->parts && few_members(w, roots, k);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        ox_value v = ox_node_output(m, n, i);
        if (!ox__w_known(w, v)) continue;
        w->of[v.id].home = g;
        if (!ox__w_holds_tensors(w->c, v)) continue;
        s = ox__w_give_roots(w, v.id, roots, parts ? 0 : k);
        if (s == OX_OK && parts) s = add_root(w, v.id, roots, k);
    }
    ox__free(roots);
    if (s == OX_OK && e->same && n_out == 1 && ox_node_n_inputs(m, n) && ox__w_known(w, ox_node_output(m, n, 0)))
        s = ox__w_set_now(w, ox_node_output(m, n, 0).id, ox_node_input(m, n, 0), false);
    return s;
}
