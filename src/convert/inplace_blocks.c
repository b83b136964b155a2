/* Floor 5. Writes in branches and loops to what comes from outside: the value is one more result of each branch, or is
 * carried through the rounds, and later readers read the result. */
#include "convert/inplace.h"

#include <onnxsh/query.h>

/* ---- tables of a node with blocks ---- */
typedef struct carried {
    ox_value outer; /* as it was when the node was reached */
    ox_value end[2];
    bool known[2]; /* the block has a value for it at its end */
} carried;

typedef struct blocks {
    ox__memory *w;
    ox_node n;
    OX__VEC(carried) list;
    ox_node writer;          /* some writer in the blocks, for messages */
    OX__VEC(ox_value) maybe; /* from outside, what results of blocks and carried values may be */
    bool unsure;             /* the body writes to such a result or carried value */
} blocks;

static carried *find(blocks *b, ox_value outer)
{
    for (size_t i = 0; i < b->list.n; i++)
        if (b->list.p[i].outer.id == outer.id) return &b->list.p[i];
    return NULL;
}

static bool is_inside(const ox_model *m, ox_graph home, ox_graph g)
{
    for (; home.id; home = ox_graph_parent(m, home))
        if (home.id == g.id) return true;
    return false;
}

/* The outer value that a chain of changes in a block began with: the one that is no result of another change. */
static ox_status note_changed(blocks *b, ox_graph g, size_t mark)
{
    ox__memory *w = b->w;
    for (size_t i = mark; i < w->log.n; i++) {
        const ox__wchange x = w->log.p[i];
        if (x.list || !x.write || is_inside(w->c->m, w->of[x.id].home, g)) continue;
        ox_value v = ox_model_value_at(w->c->m, x.id);
        if (!b->writer.id)
            b->writer = w->of[x.id].stale.id ? w->of[x.id].stale : ox_value_node(w->c->m, w->of[x.id].now);
        if (!find(b, v)) {
            carried c = {.outer = v};
            if (!ox__vec_push(&b->list, c)) return ox__nomem(w->c->err);
        }
    }
    return OX_OK;
}

/* What the values are at the end of a block, made anew there if they are stale. */
static ox_status read_ends(blocks *b, size_t block, ox_graph g)
{
    ox__memory *w = b->w;
    ox_node last = ox_graph_last(w->c->m, g);
    ox__wplace at = {g, {0}, last.id ? last : b->n};
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < b->list.n; i++) {
        carried *c = &b->list.p[i];
        s = ox__w_fresh(w, &at, c->outer, &c->end[block], &c->known[block]);
    }
    return s;
}

/* ---- If ---- */
static ox_status give_result(blocks *b, const carried *c)
{
    ox__memory *w = b->w;
    ox_model *m = w->c->m;
    ox_value made;
    ox_status s = OX_OK;
    for (size_t k = 0; s == OX_OK && k < 2; k++)
        s = ox_graph_add_output(m, ox_node_block(m, b->n, k), SIZE_MAX, c->end[k], w->c->err);
    if (s == OX_OK) s = ox_node_add_output(m, &made, b->n, (ox_str){0}, ox_value_type(m, c->outer), w->c->err);
    if (s == OX_OK) s = ox__w_know(w, made, w->of[c->outer.id].home);
    if (s != OX_OK) return s;
    const ox__ids roots = w->of[c->outer.id].roots;
    w->of[made.id].home = ox_node_graph(m, b->n);
    w->of[made.id].like = w->of[c->outer.id].like.id ? w->of[c->outer.id].like : c->outer;
    s = ox__w_give_roots(w, made.id, roots.p, roots.n);
    return s == OX_OK ? ox__w_set_now(w, c->outer.id, made, true) : s;
}

/* Behind the node: what both branches have a value for is a result, all else of its storages is stale. A view that can
 * be made of such a result needs none of its own. */
static ox_status leave_if(blocks *b)
{
    ox__memory *w = b->w;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < b->list.n; i++) {
        carried *c = &b->list.p[i];
        bool root = ox__w_root_of(w, c->outer).id == c->outer.id;
        if (root && c->known[0] && c->known[1])
            s = give_result(b, c);
        else if (!w->of[c->outer.id].stale.id)
            s = ox__w_set_stale(w, c->outer.id, b->writer.id ? b->writer : b->n);
    }
    return s;
}

/* Members of the storages that no block named are stale too: each is a view of what was written. */
static ox_status age_members(blocks *b)
{
    ox__memory *w = b->w;
    ox_status s = OX_OK;
    for (size_t i = 0; i < b->list.n; i++) {
        const ox__ids roots = w->of[b->list.p[i].outer.id].roots;
        for (uint32_t r = 0; r < roots.n; r++) {
            const ox__ids mem = w->of[roots.p[r]].members;
            for (uint32_t k = 0; s == OX_OK && k < mem.n; k++) {
                ox_value now = ox__w_current(w, ox_model_value_at(w->c->m, mem.p[k]));
                if (ox__w_known(w, now) && !find(b, now) && !w->of[now.id].stale.id)
                    s = ox__w_set_stale(w, now.id, b->writer.id ? b->writer : b->n);
            }
            if (s == OX_OK) s = ox__w_drop_members(w, roots.p[r]);
            if (s != OX_OK) return s;
        }
    }
    return s;
}

static ox_status walk_if(blocks *b, bool in_loop)
{
    ox__memory *w = b->w;
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    size_t n = ox_node_n_blocks(m, b->n);
    for (size_t k = 0; s == OX_OK && k < n; k++) { /* first what is changed by any of them */
        ox_graph g = ox_node_block(m, b->n, k);
        size_t mark = w->log.n;
        s = ox__w_walk(w, g, in_loop);
        if (s == OX_OK) s = note_changed(b, g, mark);
        if (s == OX_OK && k < 2) s = read_ends(b, k, g);
        ox__w_undo(w, mark);
    }
    /* the first branch leaves alone what only the second one changed */
    for (size_t i = 0; s == OX_OK && i < b->list.n && n == 2; i++) {
        carried *c = &b->list.p[i];
        if (c->end[0].id) continue;
        c->end[0] = ox__w_current(w, c->outer);
        c->known[0] = !w->of[c->end[0].id].stale.id;
    }
    if (s == OX_OK) s = age_members(b);
    return s == OX_OK ? leave_if(b) : s;
}

/* ---- Loop ---- */
typedef struct scan {
    blocks *b;
    ox_graph body;
    ox_status s;
} scan;

/* Values from outside that something in the body may be, by its branches, loops and lists. */
static void scan_maybe(scan *x, ox_value v)
{
    ox__memory *w = x->b->w;
    if (!ox__w_known(w, v)) return;
    ox_value root = ox__w_root_of(w, ox__w_current(w, v));
    if (!ox__w_known(w, root) || is_inside(w->c->m, ox_value_graph(w->c->m, root), x->body)) return;
    if (!ox__vec_push(&x->b->maybe, root)) x->s = ox__nomem(w->c->err);
}

static void scan_sources(scan *x, ox_node n)
{
    ox__memory *w = x->b->w;
    const ox_model *m = w->c->m;
    size_t n_blocks = ox_node_n_blocks(m, n);
    bool loop = ox__is_prim(w->c, n, "Loop");
    bool list = ox__is_prim(w->c, n, "ListConstruct") || ox__is_prim(w->c, n, "TupleConstruct");
    for (size_t b = 0; b < n_blocks; b++)
        for (size_t i = 0; i < ox_graph_n_outputs(m, ox_node_block(m, n, b)); i++)
            scan_maybe(x, ox_graph_output(m, ox_node_block(m, n, b), i));
    for (size_t i = 0; (loop || list) && i < ox_node_n_inputs(m, n); i++) scan_maybe(x, ox_node_input(m, n, i));
}

/* Memory that the body makes, for certain. */
static bool is_made_inside(const ox__memory *w, ox_value root)
{
    const ox__conv *c = w->c;
    ox_node n = ox_value_node(c->m, root);
    ox__effect e;
    if (!n.id || ox_node_n_blocks(c->m, n) || !ox__node_in(c, n, c->s_aten)) return false;
    return ox__effect_of(w->c, n, &e) == OX_OK && !e.views && !e.same && e.writes < 0;
}

/* The outer values that a body writes to, by the views that stand in the trace. */
static bool scan_node(void *ud, ox_node n)
{
    scan *x = ud;
    ox__memory *w = x->b->w;
    ox__effect e;
    scan_sources(x, n);
    if (x->s == OX_OK) x->s = ox__effect_of(w->c, n, &e);
    if (x->s != OX_OK || e.writes < 0) return x->s == OX_OK;
    ox_value root = ox__w_root_of(w, ox__w_current(w, ox_node_input(w->c->m, n, (size_t)e.writes)));
    if (!ox__w_known(w, root)) return true;
    /* what is made inside has no home yet */
    if (is_inside(w->c->m, ox_value_graph(w->c->m, root), x->body)) {
        if (is_made_inside(w, root)) return true;
        x->b->unsure = true;
        if (!x->b->writer.id) x->b->writer = n;
        return true;
    }
    if (find(x->b, root)) return true;
    carried c = {.outer = root};
    if (!ox__vec_push(&x->b->list, c)) x->s = ox__nomem(w->c->err);
    if (!x->b->writer.id) x->b->writer = n;
    return x->s == OX_OK;
}

static ox_status enter_round(blocks *b, carried *c, ox_graph body)
{
    ox__memory *w = b->w;
    ox_model *m = w->c->m;
    ox_value in;
    size_t n = ox_node_n_inputs(m, b->n);
    ox_value *all = ox__alloc((n + 1) * sizeof *all);
    if (!all) return ox__nomem(w->c->err);
    for (size_t i = 0; i < n; i++) all[i] = ox_node_input(m, b->n, i);
    all[n] = c->outer;
    ox_status s = ox_node_set_inputs(m, b->n, n + 1, all, w->c->err);
    ox__free(all);
    if (s == OX_OK)
        s = ox_graph_add_input(m, &in, body, SIZE_MAX, ox_value_fresh_name(m, "carried"), ox_value_type(m, c->outer),
                               w->c->err);
    if (s == OX_OK) s = ox__w_know(w, in, body);
    if (s != OX_OK) return s;
    const ox__ids roots = w->of[c->outer.id].roots;
    c->end[1] = in;
    w->of[in.id].like = w->of[c->outer.id].like.id ? w->of[c->outer.id].like : c->outer;
    s = ox__w_give_roots(w, in.id, roots.p, roots.n);
    return s == OX_OK ? ox__w_set_now(w, c->outer.id, in, false) : s;
}

static ox_status leave_loop(blocks *b, ox_graph body)
{
    ox__memory *w = b->w;
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < b->list.n; i++) {
        carried *c = &b->list.p[i];
        ox_value made;
        const ox__ids roots = w->of[c->outer.id].roots;
        s = ox_graph_add_output(m, body, SIZE_MAX, c->known[0] ? c->end[0] : c->end[1], w->c->err);
        if (s == OX_OK) s = ox_node_add_output(m, &made, b->n, (ox_str){0}, ox_value_type(m, c->outer), w->c->err);
        if (s == OX_OK) s = ox__w_know(w, made, ox_node_graph(m, b->n));
        if (s != OX_OK) return s;
        w->of[made.id].like = w->of[c->outer.id].like.id ? w->of[c->outer.id].like : c->outer;
        s = ox__w_give_roots(w, made.id, roots.p, roots.n);
        if (s == OX_OK) s = ox__w_set_now(w, c->outer.id, made, true);
        if (s == OX_OK && !c->known[0]) s = ox__w_set_stale(w, made.id, b->writer);
    }
    return s;
}

/* A carried value is in the first round what the loop is given. */
static ox_status give_carried(blocks *b, ox_graph body, size_t n_carried)
{
    ox__memory *w = b->w;
    const ox_model *m = w->c->m;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_carried; i++) {
        ox_value in = ox_graph_input(m, body, i + 1), init = ox_node_input(m, b->n, i + 2);
        if (!ox__w_known(w, in)) continue;
        const ox__ids of = ox__w_known(w, init) ? w->of[init.id].roots : (ox__ids){0};
        uint32_t *roots = ox__alloc((of.n + 1) * sizeof *roots);
        if (!roots) return ox__nomem(w->c->err);
        for (uint32_t k = 0; k < of.n; k++) roots[k] = of.p[k];
        roots[of.n] = in.id;
        w->of[in.id].home = body;
        s = ox__w_give_roots(w, in.id, roots, of.n + 1);
        ox__free(roots);
    }
    return s;
}

static bool has_root(const ox__memory *w, ox_value v, uint32_t root)
{
    const ox__ids r = ox__w_known(w, v) ? w->of[v.id].roots : (ox__ids){0};
    for (uint32_t i = 0; i < r.n; i++)
        if (r.p[i] == root) return true;
    return false;
}

/* What a round gives is, in the next one, what the first was given or memory of its own: else names that are apart in
 * one round are the same memory in another. */
static bool rounds_differ(const blocks *b, ox_graph body, size_t n_carried)
{
    const ox__memory *w = b->w;
    const ox_model *m = w->c->m;
    for (size_t i = 0; i < n_carried; i++) {
        ox_value r = ox_graph_output(m, body, i + 1), in = ox_graph_input(m, body, i + 1);
        const ox__ids roots = ox__w_known(w, r) ? w->of[r.id].roots : (ox__ids){0};
        for (uint32_t k = 0; k < roots.n; k++) {
            ox_graph home = roots.p[k] ? ox_value_graph(m, ox_model_value_at(m, roots.p[k])) : (ox_graph){0};
            ox_value root = ox_model_value_at(m, roots.p[k]);
            bool inside = home.id && is_inside(m, home, body), taken = inside && ox_value_is_input(m, root);
            if ((!inside || taken) && !has_root(w, in, roots.p[k])) return true;
            for (size_t j = 0; j < n_carried; j++)
                if (j != i && has_root(w, ox_graph_output(m, body, j + 1), roots.p[k])) return true;
        }
    }
    return false;
}

/* The storages of what the body may write to are written to: their values from outside are stale. */
static ox_status age_maybe(blocks *b)
{
    ox__memory *w = b->w;
    ox_status s = OX_OK;
    for (size_t i = 0; b->unsure && s == OX_OK && i < b->maybe.n; i++) {
        const ox__ids roots = w->of[b->maybe.p[i].id].roots;
        for (uint32_t r = 0; s == OX_OK && r < roots.n; r++) {
            const ox__ids mem = w->of[roots.p[r]].members;
            for (uint32_t k = 0; s == OX_OK && k < mem.n; k++) {
                ox_value now = ox__w_current(w, ox_model_value_at(w->c->m, mem.p[k]));
                if (ox__w_known(w, now) && !w->of[now.id].stale.id) s = ox__w_set_stale(w, now.id, b->writer);
            }
            if (s == OX_OK) s = ox__w_drop_members(w, roots.p[r]);
        }
    }
    return s;
}

static ox_status walk_loop(blocks *b)
{
    ox__memory *w = b->w;
    const ox_model *m = w->c->m;
    ox_graph body = ox_node_block(m, b->n, 0);
    size_t n_carried = ox_node_n_outputs(m, b->n);
    scan x = {b, body, OX_OK};
    scan_sources(&x, b->n);
    ox_graph_walk(m, body, scan_node, &x);
    if (x.s != OX_OK) return x.s;
    size_t mark = w->log.n;
    ox_status s = age_members(b); /* in the second round every view from outside is one of what the first round left */
    if (s == OX_OK) s = age_maybe(b);
    if (s == OX_OK) s = give_carried(b, body, n_carried);
    for (size_t i = 0; s == OX_OK && i < b->list.n; i++) s = enter_round(b, &b->list.p[i], body);
    if (s == OX_OK) s = ox__w_walk(w, body, true);
    if (s == OX_OK) s = read_ends(b, 0, body);
    bool differ = s == OX_OK && (b->unsure || b->list.n) && rounds_differ(b, body, n_carried);
    ox__w_undo(w, mark);
    if (s == OX_OK && differ)
        s = ox__report_note(w->c, OX_FAILURE_VIEW, b->writer,
                            "write the loop without the assignment in place, or give each carried value a clone",
                            "it writes to memory that has another name in the next round of the loop");
    if (s == OX_OK) s = age_members(b);
    if (s == OX_OK) s = age_maybe(b);
    return s == OX_OK ? leave_loop(b, body) : s;
}

ox_status ox__w_walk_blocks(ox__memory *w, ox_node n, bool in_loop)
{
    blocks b = {.w = w, .n = n};
    const ox_model *m = w->c->m;
    bool loop = ox__is_prim(w->c, n, "Loop") && ox_node_n_blocks(m, n) == 1;
    size_t n_out = ox_node_n_outputs(m, n);
    ox_status s = loop ? walk_loop(&b) : walk_if(&b, in_loop);
    if (s == OX_OK) s = ox__w_branch_outputs(w, n, ox_node_graph(m, n), n_out);
    ox__vec_free(&b.list);
    ox__vec_free(&b.maybe);
    return s;
}
