/* Floor 5. Operators that write to their input. In order of the trace, each becomes the form that returns its result,
 * and later readers of what was written read that result.
 *
 * What shares memory: a value made by a view of others belongs to the storages of those; lists and tuples belong to the
 * storages of their items. After a write through one value, all other values of its storages are stale; reading a stale
 * one is a write lost, which is a failure at the writer. Values that are wholly the same (detach, a dropout that does
 * nothing) are one value: `now` leads from each to what it is at this point of the trace.
 *
 * After a write the storages hold one value that counts, the result: so a chain of writes costs no more than its
 * length. What a block changes of these tables is undone behind it, since none of its results carries it out. */
#include "convert/memory.h"
#include "convert/pass.h"

#include <onnxsh/print.h>

typedef struct ids {
    uint32_t *p;
    uint32_t n, cap;
} ids; /* in the arena of the conversion: the old array stays good after growth */

typedef struct state { /* of a value */
    ids roots;         /* its storages, by the id of the value that first had them */
    ids members;       /* of the storage that it is the root of: the values that count */
    ox_value now;      /* what readers read instead, {0} = itself */
    ox_node stale;     /* the writer that made it stale */
    ox_graph home;
} state;

typedef struct change {
    uint32_t id;
    bool list;  /* of members, else of now and stale */
    bool write; /* else a chain was only shortened */
    ids members;
    ox_value now;
    ox_node stale;
} change;

typedef struct writes {
    ox__conv *c;
    uint64_t *changed;
    uint32_t limit; /* of value ids: the pass makes none */
    state *of;      /* by value id */
    uint32_t *seen; /* by value id: the last search that met it */
    uint32_t search;
    OX__VEC(change) log;
} writes;

/* A value of more storages than this, or a part of something with more views, is not followed: it belongs to storage 0,
 * which any write is taken to change. */
enum { MAX_ROOTS = 64, MAX_MEMBERS = 256, NOT_FOLLOWED = 0 };

/* ---- tables ---- */
static ox_status add_id(writes *w, ids *l, uint32_t id)
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

static ox_status note(writes *w, uint32_t id, bool list, bool write)
{
    const state *st = &w->of[id];
    change x = {id, list, write, st->members, st->now, st->stale};
    return ox__vec_push(&w->log, x) ? OX_OK : ox__nomem(w->c->err);
}

static ox_status set_now(writes *w, uint32_t id, ox_value now)
{
    ox_status s = note(w, id, false, true);
    if (s == OX_OK) w->of[id].now = now;
    return s;
}

static ox_status set_stale(writes *w, uint32_t id, ox_node writer)
{
    ox_status s = note(w, id, false, true);
    if (s == OX_OK) w->of[id].stale = writer;
    return s;
}

static ox_status join(writes *w, uint32_t root, uint32_t value)
{
    ox_status s = note(w, root, true, true);
    return s == OX_OK ? add_id(w, &w->of[root].members, value) : s;
}

static bool known(const writes *w, ox_value v)
{
    return v.id && v.id < w->limit;
}

/* What a value is at this point; the chain is shortened on the way, so that reading an old name again costs nothing. */
static ox_value current(writes *w, ox_value v)
{
    ox_value top = v;
    while (known(w, top) && w->of[top.id].now.id) top = w->of[top.id].now;
    while (known(w, v) && w->of[v.id].now.id && w->of[v.id].now.id != top.id) {
        ox_value next = w->of[v.id].now;
        if (note(w, v.id, false, false) != OX_OK) break;
        w->of[v.id].now = top;
        v = next;
    }
    return top;
}

/* ---- storages ---- */
static ox_status give_roots(writes *w, uint32_t value, const uint32_t *roots, uint32_t n)
{
    ox_status s = OX_OK;
    bool followed = n <= MAX_ROOTS;
    for (uint32_t i = 0; followed && i < n; i++) followed = roots[i] != NOT_FOLLOWED;
    w->of[value].roots = (ids){0};
    if (!followed) n = 1;
    for (uint32_t i = 0; s == OX_OK && i < OX__MAX(n, 1u); i++) {
        uint32_t root = !followed ? NOT_FOLLOWED : n ? roots[i] : value;
        s = add_id(w, &w->of[value].roots, root);
        if (s == OX_OK) s = join(w, root, value);
    }
    return s;
}

/* A storage inside others: all values of those hold it too. */
static ox_status add_root(writes *w, uint32_t root, const uint32_t *outer, uint32_t n)
{
    ox_status s = OX_OK;
    for (uint32_t i = 0; s == OX_OK && i < n; i++) {
        const ids mem = w->of[outer[i]].members;
        for (uint32_t k = 0; s == OX_OK && k < mem.n; k++) {
            ids *r = &w->of[mem.p[k]].roots;
            if (r->n && r->p[r->n - 1] == root) continue;
            s = add_id(w, r, root);
            if (s == OX_OK) s = join(w, root, mem.p[k]);
        }
    }
    return s;
}

/* The storages of all inputs together, each once. NULL when out of memory. */
static uint32_t *roots_of_inputs(writes *w, ox_node n, uint32_t *count)
{
    size_t total = 0;
    const ox_model *m = w->c->m;
    for (size_t i = 0; i < ox_node_n_inputs(m, n); i++) total += w->of[ox_node_input(m, n, i).id].roots.n;
    uint32_t *roots = ox__alloc((total + 1) * sizeof *roots);
    *count = 0;
    w->search++;
    for (size_t i = 0; roots && i < ox_node_n_inputs(m, n); i++) {
        const ids *r = &w->of[ox_node_input(m, n, i).id].roots;
        for (uint32_t j = 0; j < r->n; j++) {
            if (w->seen[r->p[j]] == w->search) continue;
            w->seen[r->p[j]] = w->search;
            roots[(*count)++] = r->p[j];
        }
    }
    return roots;
}

static bool holds_tensors(const ox__conv *c, ox_value v)
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
static bool few_members(const writes *w, const uint32_t *roots, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (roots[i] == NOT_FOLLOWED || w->of[roots[i]].members.n > MAX_MEMBERS) return false;
    return n > 0 && n < MAX_ROOTS / 2;
}

static ox_status make_outputs(writes *w, ox_node n, const ox__effect *e, ox_graph g)
{
    const ox_model *m = w->c->m;
    uint32_t *roots = NULL, k = 0;
    size_t n_out = ox_node_n_outputs(m, n);
    if ((e->views || e->same) && !(roots = roots_of_inputs(w, n, &k))) return ox__nomem(w->c->err);
    bool parts = n_out > 1 && n_out <= MAX_ROOTS && e->parts && few_members(w, roots, k);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        ox_value v = ox_node_output(m, n, i);
        if (!known(w, v)) continue;
        w->of[v.id].home = g;
        if (!holds_tensors(w->c, v)) continue;
        s = give_roots(w, v.id, roots, parts ? 0 : k);
        if (s == OX_OK && parts) s = add_root(w, v.id, roots, k);
    }
    ox__free(roots);
    if (s == OX_OK && e->same && n_out == 1 && ox_node_n_inputs(m, n) && known(w, ox_node_output(m, n, 0)))
        s = set_now(w, ox_node_output(m, n, 0).id, ox_node_input(m, n, 0));
    return s;
}

/* ---- reading ---- */
static ox_status lost(writes *w, ox_node writer, ox_node reader)
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

static ox_status check_stale(writes *w, ox_value v, ox_node reader)
{
    if (!known(w, v) || !w->of[v.id].stale.id) return OX_OK;
    ox_status s = lost(w, w->of[v.id].stale, reader);
    w->of[v.id].stale = (ox_node){0}; /* once is enough */
    return s;
}

static ox_status read_inputs(writes *w, ox_node n)
{
    ox_model *m = w->c->m;
    for (size_t i = 0; i < ox_node_n_inputs(m, n); i++) {
        ox_value v = ox_node_input(m, n, i), now = current(w, v);
        ox_status s = check_stale(w, v, n);
        if (s == OX_OK && now.id != v.id) {
            s = check_stale(w, now, n);
            if (s == OX_OK) s = ox_node_set_input(m, n, i, now, w->c->err);
        }
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

static ox_status read_outputs(writes *w, ox_graph g)
{
    ox_model *m = w->c->m;
    for (size_t i = 0; i < ox_graph_n_outputs(m, g); i++) {
        ox_value v = ox_graph_output(m, g, i), now = current(w, v);
        ox_status s = check_stale(w, v, (ox_node){0});
        if (s == OX_OK && now.id != v.id) s = check_stale(w, now, (ox_node){0});
        if (s == OX_OK && now.id != v.id) s = ox_graph_set_output(m, g, i, now, w->c->err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

/* ---- writing ---- */
static ox_status note_input(writes *w, ox_node n, ox_value first)
{
    ox__conv *c = w->c;
    if (!ox_value_is_input(c->m, first) || ox_value_graph(c->m, first).id != ox_model_main(c->m).id) return OX_OK;
    return ox__report_note(c, c->opt->strict ? OX_FAILURE_VIEW : OX_FAILURE_WARNING, n,
                           "the results are right; the tensor that the caller gave stays as it was",
                           "it writes to the graph's input %s", ox_str_text(c->m, ox_value_name(c->m, first), NULL));
}

/* Every value of a storage but the one that was written, which the result stands for, is stale. */
static ox_status write_storage(writes *w, ox_node n, uint32_t root, ox_value target, ox_value out)
{
    const ids mem = w->of[root].members;
    ox_status s = OX_OK;
    for (uint32_t k = 0; s == OX_OK && k < mem.n; k++) {
        ox_value now = current(w, ox_model_value_at(w->c->m, mem.p[k]));
        bool same = now.id == target.id && out.id;
        if (!same && now.id != out.id && !w->of[mem.p[k]].stale.id) s = set_stale(w, mem.p[k], n);
    }
    if (s == OX_OK && mem.n) s = note(w, root, true, true);
    w->of[root].members = (ids){0};
    return s;
}

static ox_status spread_write(writes *w, ox_node n, ox_value target, ox_value out)
{
    const ids roots = w->of[target.id].roots;
    ox_status s = write_storage(w, n, NOT_FOLLOWED, target, out);
    for (uint32_t i = 0; s == OX_OK && i < roots.n; i++) {
        if (roots.p[i] == NOT_FOLLOWED)
            return ox__report_note(w->c, OX_FAILURE_VIEW, n, NULL,
                                   "what it writes to shares memory in more ways than are followed");
        s = write_storage(w, n, roots.p[i], target, out);
    }
    if (s != OX_OK || !known(w, out)) return s;
    s = give_roots(w, out.id, roots.p, roots.n);
    return s == OX_OK ? set_now(w, target.id, out) : s;
}

static ox_status write_to(writes *w, ox_node n, ox_value target, ox_value first, ox_graph g, bool in_loop)
{
    ox__conv *c = w->c;
    ox_value out = ox_node_output(c->m, n, 0);
    if (!known(w, target)) return OX_OK;
    ox_status s = note_input(w, n, first);
    if (s != OX_OK) return s;
    if (in_loop && w->of[target.id].home.id != g.id)
        return lost(w, n, ox_graph_owner(c->m, g)); /* the next round reads it */
    if (known(w, out)) w->of[out.id].home = g;
    s = spread_write(w, n, target, out);
    ++*w->changed;
    return s == OX_OK ? ox__effect_strip(c, n) : s;
}

/* ---- the walk ---- */
static ox_status walk(writes *w, ox_graph g, bool in_loop);

/* What a block wrote to from outside is stale behind the node: no result of the block carries it. */
static ox_status leave_block(writes *w, ox_graph g, size_t mark, ids *stale, ox_node **writers)
{
    ox_status s = OX_OK;
    for (; w->log.n > mark; w->log.n--) {
        change *x = &w->log.p[w->log.n - 1];
        state *st = &w->of[x->id];
        if (x->list) {
            st->members = x->members;
            continue;
        }
        ox_node writer = st->stale.id ? st->stale : ox_value_node(w->c->m, st->now);
        st->now = x->now;
        st->stale = x->stale;
        if (!x->write || st->home.id == g.id || s != OX_OK) continue;
        s = add_id(w, stale, x->id);
        ox_node *more = s == OX_OK ? ox__realloc(*writers, stale->n * sizeof **writers) : NULL;
        if (!more) return ox__nomem(w->c->err);
        more[stale->n - 1] = writer;
        *writers = more;
    }
    return s;
}

static ox_status walk_blocks(writes *w, ox_node n, bool in_loop)
{
    size_t n_blocks = ox_node_n_blocks(w->c->m, n);
    bool loop = in_loop || ox__is_prim(w->c, n, "Loop");
    ids stale = {0};
    ox_node *writers = NULL;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_blocks; i++) {
        ox_graph g = ox_node_block(w->c->m, n, i);
        size_t mark = w->log.n;
        s = walk(w, g, loop);
        if (s == OX_OK) s = leave_block(w, g, mark, &stale, &writers);
    }
    for (uint32_t i = 0; s == OX_OK && i < stale.n; i++)
        if (!w->of[stale.p[i]].stale.id) s = set_stale(w, stale.p[i], writers[i]);
    ox__free(writers);
    return s;
}

static ox_status walk(writes *w, ox_graph g, bool in_loop)
{
    ox__conv *c = w->c;
    bool top = g.id == ox_model_main(c->m).id;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, g); i++) {
        ox_value v = ox_graph_input(c->m, g, i);
        w->of[v.id].home = g;
        s = give_roots(w, v.id, NULL, 0);
    }
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_initializers(c->m, g); i++) {
        ox_value v = ox_graph_initializer(c->m, g, i);
        w->of[v.id].home = g;
        if (!ox_value_is_input(c->m, v)) s = give_roots(w, v.id, NULL, 0);
    }
    for (ox_node n = ox_graph_first(c->m, g); s == OX_OK && n.id; n = ox_node_next(c->m, n)) {
        ox__effect e;
        if (top) w->log.n = 0; /* nothing to go back to */
        s = ox__effect_of(c, n, &e);
        if (s != OX_OK) return s;
        ox_value first = e.writes >= 0 ? ox_node_input(c->m, n, (size_t)e.writes) : (ox_value){0};
        s = read_inputs(w, n);
        if (s == OX_OK) s = walk_blocks(w, n, in_loop);
        if (s == OX_OK && first.id)
            s = write_to(w, n, ox_node_input(c->m, n, (size_t)e.writes), first, g, in_loop);
        else if (s == OX_OK)
            s = make_outputs(w, n, &e, g);
    }
    return s == OX_OK ? read_outputs(w, g) : s;
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
    writes w = {.c = c, .changed = changed, .limit = ox_model_value_limit(c->m)};
    w.of = ox__calloc(w.limit, sizeof *w.of);
    w.seen = ox__calloc(w.limit, sizeof *w.seen);
    s = w.of && w.seen ? walk(&w, ox_model_main(c->m), false) : ox__nomem(c->err);
    ox__free(w.of);
    ox__free(w.seen);
    ox__vec_free(&w.log);
    return s;
}
