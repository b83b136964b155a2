/* Floor 5. Attributes as values, in the order of the graph: who reads one gets what was set last. What a branch sets is
 * one more result of both branches, what a round of a loop sets is carried through the rounds. */
#include "convert/state.h"

static ox_status set_now(ox__keeper *k, ox__slot *s, ox_value v)
{
    ox__slot_change x = {(uint32_t)(s - k->slots.p), s->now};
    if (!ox__vec_push(&k->log, x)) return ox__nomem(k->c->err);
    s->now = v;
    return OX_OK;
}

/* What the slots are is again what it was at a mark of the log. */
static void undo(ox__keeper *k, size_t mark)
{
    for (; k->log.n > mark; k->log.n--) {
        ox__slot_change x = k->log.p[k->log.n - 1];
        k->slots.p[x.slot].now = x.was;
    }
}

static ox_type type_of(ox__keeper *k, const ox__slot *s)
{
    return ox_type_simple(k->c->m, s->kind);
}

/* ---- branches ---- */
typedef struct branch_end {
    uint32_t slot;
    ox_value end[2]; /* {0}: that branch leaves it alone */
} branch_end;
typedef OX__VEC(branch_end) branch_ends;

static ox_status note_end(ox__keeper *k, branch_ends *ends, uint32_t slot, size_t branch)
{
    for (size_t i = 0; i < ends->n; i++)
        if (ends->p[i].slot == slot) {
            ends->p[i].end[branch] = k->slots.p[slot].now;
            return OX_OK;
        }
    branch_end e = {.slot = slot};
    e.end[branch] = k->slots.p[slot].now;
    return ox__vec_push(ends, e) ? OX_OK : ox__nomem(k->c->err);
}

static ox_status give_result(ox__keeper *k, ox_node n, const branch_end *e)
{
    ox_model *m = k->c->m;
    ox__slot *s = &k->slots.p[e->slot];
    ox_value made;
    ox_status st = OX_OK;
    for (size_t b = 0; st == OX_OK && b < 2; b++)
        st = ox_graph_add_output(m, ox_node_block(m, n, b), SIZE_MAX, e->end[b].id ? e->end[b] : s->now, k->c->err);
    if (st == OX_OK) st = ox_node_add_output(m, &made, n, (ox_str){0}, type_of(k, s), k->c->err);
    return st == OX_OK ? set_now(k, s, made) : st;
}

static ox_status walk_if(ox__keeper *k, ox_node n)
{
    branch_ends ends = {0};
    ox_status st = OX_OK;
    for (size_t b = 0; st == OX_OK && b < 2; b++) {
        size_t mark = k->log.n;
        st = ox__state_walk(k, ox_node_block(k->c->m, n, b));
        for (size_t i = mark; st == OX_OK && i < k->log.n; i++) st = note_end(k, &ends, k->log.p[i].slot, b);
        undo(k, mark);
    }
    for (size_t i = 0; st == OX_OK && i < ends.n; i++) st = give_result(k, n, &ends.p[i]);
    ox__vec_free(&ends);
    return st;
}

/* ---- loops ---- */
typedef OX__VEC(uint32_t) slot_list;

static bool is_listed(const slot_list *l, uint32_t slot)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->p[i] == slot) return true;
    return false;
}

/* The slots that some node in g sets. */
static ox_status sets_inside(ox__keeper *k, ox_graph g, slot_list *out)
{
    const ox_model *m = k->c->m;
    ox_status st = OX_OK;
    for (ox_node n = ox_graph_first(m, g); st == OX_OK && n.id; n = ox_node_next(m, n)) {
        ox__slot *s = ox__is_prim(k->c, n, "SetAttr") ? ox__slot_of(k, n) : NULL;
        uint32_t slot = s ? (uint32_t)(s - k->slots.p) : 0;
        st = ox__conv_tick(k->c, "state");
        if (s && !s->refused && !is_listed(out, slot) && !ox__vec_push(out, slot)) st = ox__nomem(k->c->err);
        for (size_t i = 0; st == OX_OK && i < ox_node_n_blocks(m, n); i++)
            st = sets_inside(k, ox_node_block(m, n, i), out);
    }
    return st;
}

/* The loop takes the slot, and each of its rounds. */
static ox_status enter_round(ox__keeper *k, ox_node n, ox_graph body, ox__slot *s)
{
    ox_model *m = k->c->m;
    size_t n_in = ox_node_n_inputs(m, n);
    ox_value in, *all = ox__alloc((n_in + 1) * sizeof *all);
    if (!all) return ox__nomem(k->c->err);
    for (size_t i = 0; i < n_in; i++) all[i] = ox_node_input(m, n, i);
    all[n_in] = s->now;
    ox_status st = ox_node_set_inputs(m, n, n_in + 1, all, k->c->err);
    ox__free(all);
    if (st == OX_OK)
        st = ox_graph_add_input(m, &in, body, SIZE_MAX, ox_value_fresh_name(m, "state"), type_of(k, s), k->c->err);
    return st == OX_OK ? set_now(k, s, in) : st;
}

static ox_status walk_loop(ox__keeper *k, ox_node n)
{
    ox_model *m = k->c->m;
    ox_graph body = ox_node_block(m, n, 0);
    slot_list set = {0};
    ox_status st = sets_inside(k, body, &set);
    size_t mark = k->log.n;
    for (size_t i = 0; st == OX_OK && i < set.n; i++) st = enter_round(k, n, body, &k->slots.p[set.p[i]]);
    if (st == OX_OK) st = ox__state_walk(k, body);
    for (size_t i = 0; st == OX_OK && i < set.n; i++)
        st = ox_graph_add_output(m, body, SIZE_MAX, k->slots.p[set.p[i]].now, k->c->err);
    undo(k, mark);
    for (size_t i = 0; st == OX_OK && i < set.n; i++) {
        ox__slot *s = &k->slots.p[set.p[i]];
        ox_value made;
        st = ox_node_add_output(m, &made, n, (ox_str){0}, type_of(k, s), k->c->err);
        if (st == OX_OK) st = set_now(k, s, made);
    }
    ox__vec_free(&set);
    return st;
}

/* ---- in order ---- */
static ox_status walk_node(ox__keeper *k, ox_node n)
{
    ox__conv *c = k->c;
    bool get = ox__is_prim(c, n, "GetAttr"), set = ox__is_prim(c, n, "SetAttr");
    ox__slot *s = get || set ? ox__slot_of(k, n) : NULL;
    if (s && !s->refused && get) return ox__pass_replace(c, n, 0, s->now);
    if (s && set) {
        ox_value v = ox_node_input(c->m, n, 1);
        ox_status st = ox_node_delete(c->m, n, c->err);
        return st == OX_OK && !s->refused ? set_now(k, s, v) : st;
    }
    size_t n_blocks = ox_node_n_blocks(c->m, n);
    if (n_blocks == 2 && ox__is_prim(c, n, "If")) return walk_if(k, n);
    if (n_blocks == 1 && ox__is_prim(c, n, "Loop")) return walk_loop(k, n);
    return OX_OK;
}

ox_status ox__state_walk(ox__keeper *k, ox_graph g)
{
    ox_status st = OX_OK;
    ox_node next;
    for (ox_node n = ox_graph_first(k->c->m, g); st == OX_OK && n.id; n = next) {
        next = ox_node_next(k->c->m, n);
        st = ox__conv_tick(k->c, "state");
        if (st == OX_OK) st = walk_node(k, n);
        if (st == OX_OK && k->path.failed) st = ox__nomem(k->c->err);
    }
    return st;
}
