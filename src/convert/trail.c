/* Floor 5. Following values: ox_value_replace_uses tells of each that gives its place to another. A copied node (of a
 * branch that was taken, of a round of a loop) is known by its origin: its outputs stand for those of that node. */
#include "convert/trail.h"

#include "ir/ir.h"

/* The value of the source that an output of a node of the trace stands for. What passes put in its stead under other
 * names stands for nothing. */
static uint32_t by_origin(const ox__trail *t, ox_value v)
{
    const ox__conv *c = t->c;
    ox_node n = ox_value_node(c->m, v), of = n.id ? ox_model_node_at(c->src, ox_node_origin(c->m, n)) : (ox_node){0};
    if (!of.id || ox_node_n_outputs(c->src, of) != ox_node_n_outputs(c->m, n)) return 0;
    size_t len, had;
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), &len),
               *was = ox_str_text(c->src, ox_node_op(c->src, of), &had);
    if (had == len + 1 && was[len] == '_') had--; /* it was one that works in place */
    if (len != had || memcmp(op, was, len) != 0) return 0;
    return ox_node_output(c->src, of, ox_value_index(c->m, v)).id;
}

static uint32_t stands_for(const ox__trail *t, ox_value v)
{
    if (v.id < t->n_twin && t->twin_of[v.id] && t->copy[t->twin_of[v.id]].gen == v.gen) return t->twin_of[v.id];
    return by_origin(t, v);
}

static void on_replace(void *ud, ox_value from, ox_value by)
{
    ox__trail *t = ud;
    ox__trail_row r = {from, by, stands_for(t, from), 0};
    size_t want = OX__MAX(t->last.n, (size_t)from.id + 1), had = t->last.n;
    if (t->failed || !ox__vec_reserve(&t->last, want) || !ox__vec_reserve(&t->rows, t->rows.n + 1)) {
        t->failed = true;
        return;
    }
    if (want > had) {
        memset(t->last.p + had, 0, (t->last.cap - had) * sizeof *t->last.p);
        t->last.n = t->last.cap;
    }
    if (r.of) {
        r.next = t->row[r.of];
        t->row[r.of] = (uint32_t)t->rows.n + 1;
    }
    t->last.p[from.id] = (uint32_t)t->rows.n + 1;
    t->rows.p[t->rows.n++] = r;
}

/* ---- twins ---- */
static void pair(ox__trail *t, ox_value of, ox_value v)
{
    if (!of.id || !v.id) return;
    t->copy[of.id] = v;
    t->twin_of[v.id] = of.id;
}

/* The copy has the same graphs in the same order. */
static void pair_graph(ox__trail *t, ox_graph of, ox_graph g)
{
    const ox_model *src = t->c->src, *m = t->c->m;
    for (size_t i = 0; i < ox_graph_n_inputs(src, of); i++)
        pair(t, ox_graph_input(src, of, i), ox_graph_input(m, g, i));
    ox_node n = ox_graph_first(m, g);
    for (ox_node k = ox_graph_first(src, of); k.id && n.id; k = ox_node_next(src, k), n = ox_node_next(m, n)) {
        for (size_t i = 0; i < ox_node_n_outputs(src, k); i++)
            pair(t, ox_node_output(src, k, i), ox_node_output(m, n, i));
        for (size_t i = 0; i < ox_node_n_blocks(src, k); i++)
            pair_graph(t, ox_node_block(src, k, i), ox_node_block(m, n, i));
    }
}

ox_status ox__trail_start(ox__trail *t, ox__conv *c)
{
    memset(t, 0, sizeof *t);
    t->c = c;
    t->n_copy = ox_model_value_limit(c->src);
    t->n_twin = ox_model_value_limit(c->m);
    t->copy = ox__calloc(t->n_copy + 1, sizeof *t->copy);
    t->row = ox__calloc(t->n_copy + 1, sizeof *t->row);
    t->twin_of = ox__calloc(t->n_twin + 1, sizeof *t->twin_of);
    if (!t->copy || !t->row || !t->twin_of) return ox__nomem(c->err);
    pair_graph(t, ox_model_main(c->src), ox_model_main(c->m));
    c->m->on_replace = on_replace;
    c->m->replace_ud = t;
    return OX_OK;
}

void ox__trail_free(ox__trail *t)
{
    if (t->c && t->c->m) t->c->m->on_replace = NULL;
    ox__free(t->copy);
    ox__free(t->row);
    ox__free(t->twin_of);
    ox__vec_free(&t->rows);
    ox__vec_free(&t->last);
}

/* ---- the ends ---- */
static const ox__trail_row *row_from(const ox__trail *t, ox_value v)
{
    uint32_t k = v.id < t->last.n ? t->last.p[v.id] : 0;
    return k && t->rows.p[k - 1].from.gen == v.gen ? &t->rows.p[k - 1] : NULL;
}

/* Where the way from a value leads. A row counts once its value is gone: those of an attempt that was taken back have
 * living values. */
static ox_value end_of(const ox__trail *t, ox_value v)
{
    for (size_t steps = 0; steps <= t->rows.n && !ox_value_is_alive(t->c->m, v); steps++) {
        const ox__trail_row *r = row_from(t, v);
        if (!r) break;
        v = r->by;
    }
    return v;
}

void ox__trail_ends(const ox__trail *t, ox_value of, void (*fn)(void *ud, ox_value end), void *ud)
{
    ox_value twin = t->copy[of.id];
    if (twin.id && ox_value_is_alive(t->c->m, twin)) fn(ud, twin);
    for (uint32_t k = t->row[of.id]; k; k = t->rows.p[k - 1].next) {
        const ox__trail_row *r = &t->rows.p[k - 1];
        if (row_from(t, r->from) != r || ox_value_is_alive(t->c->m, r->from)) continue;
        ox_value end = end_of(t, r->by);
        if (ox_value_is_alive(t->c->m, end)) fn(ud, end);
    }
}
