/* Floor 3. The order of things in a graph as PyTorch leaves it: constants, each once, stand in front; outputs of ifs
 * and loops in the order of their first uses. */
#include "io/torchscript/lower.h"

#include <stdlib.h>

/* ---- constants ---- */
typedef struct pool {
    ox__ts *t;
    ox__ts_block *top;
    ox__index index;
    OX__VEC(ox__ts_node *) rows;
    const ox__ts_node *wanted;
} pool;

static bool is_wanted(const void *ud, uint32_t id)
{
    const pool *p = ud;
    return ox__ts_same_constant(p->rows.p[id - 1], p->wanted);
}

static bool pool_constant(pool *p, ox__ts_node *n)
{
    uint64_t hash = ox__ts_constant_hash(n);
    p->wanted = n;
    uint32_t id = ox__index_find(&p->index, hash, is_wanted, p);
    if (id) {
        ox__ts_replace(n->out[0], p->rows.p[id - 1]->out[0]);
        ox__ts_unlink(n);
        return true;
    }
    if (!ox__vec_push(&p->rows, n) || !ox__index_add(&p->index, hash, (uint32_t)p->rows.n)) return ox__ts_nomem(p->t);
    if (n == p->top->first) return true;
    ox__ts_unlink(n);
    ox__ts_link(p->top, n, p->top->first);
    return true;
}

static bool pool_block(pool *p, ox__ts_block *b)
{
    ox__ts_node *next;
    for (ox__ts_node *n = b->first; n; n = next) {
        next = n->next;
        for (uint32_t i = 0; i < n->n_blocks && n->kind != OX__TS_FORK; i++)
            if (!pool_block(p, n->blocks[i])) return false;
        if (n->kind == OX__TS_CONSTANT && !pool_constant(p, n)) return false;
    }
    return true;
}

bool ox__ts_pool(ox__ts *t, ox__ts_block *top)
{
    pool p = {.t = t, .top = top};
    bool ok = pool_block(&p, top);
    ox__index_free(&p.index);
    ox__vec_free(&p.rows);
    ox__ts_settle(top);
    return ok;
}

/* ---- outputs ---- */
static void used(ox__ts_value *v, uint32_t pos, uint32_t index)
{
    uint64_t key = (uint64_t)pos << 32 | index;
    if (key < v->first) v->first = key;
}

static void forget(ox__ts_block *b)
{
    for (uint32_t i = 0; i < b->n_in; i++) b->in[i]->first = UINT64_MAX;
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->n_out; i++) n->out[i]->first = UINT64_MAX;
        for (uint32_t i = 0; i < n->n_blocks; i++) forget(n->blocks[i]);
    }
}

static void number(ox__ts_block *b, uint32_t *pos)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        n->pos = ++*pos;
        for (uint32_t i = 0; i < n->n_in; i++) used(n->in[i], n->pos, i);
        for (uint32_t i = 0; i < n->n_blocks; i++) number(n->blocks[i], pos);
    }
    b->pos = ++*pos;
    for (uint32_t i = 0; i < b->n_out; i++) used(b->out[i], b->pos, i);
}

/* After a list was reordered: those whose first use is in it have it at another place. */
static void renumber(ox__ts_value **list, uint32_t n, uint32_t pos)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i]->first >> 32 == pos) list[i]->first = UINT64_MAX;
    for (uint32_t i = 0; i < n; i++) used(list[i], pos, i);
}

static int by_first(const void *a, const void *b)
{
    const ox__ts_value *const *x = a, *const *y = b;
    if ((*x)->first != (*y)->first) return (*x)->first < (*y)->first ? -1 : 1;
    return (*x)->uses < (*y)->uses ? -1 : (*x)->uses > (*y)->uses; /* of unused ones: as they stood */
}

/* Puts list[from + i] where its output went; `order` holds for each place what stood there before. */
static void permute(ox__ts_value **list, uint32_t n, ox__ts_value *const *outs, ox__ts_value **spare)
{
    memcpy(spare, list, n * sizeof *list);
    for (uint32_t i = 0; i < n; i++) list[i] = spare[outs[i]->uses];
}

static bool order_outputs(ox__ts *t, ox__ts_node *n)
{
    uint32_t shift = n->kind == OX__TS_LOOP;
    if (n->n_out < 2) return true;
    ox__ts_value **spare = ox__ts_alloc(t, n->n_out * sizeof(ox__ts_value *));
    if (!spare) return false;
    for (uint32_t i = 0; i < n->n_out; i++) n->out[i]->uses = i;
    qsort(n->out, n->n_out, sizeof(ox__ts_value *), by_first);
    for (uint32_t k = 0; k < n->n_blocks; k++) {
        ox__ts_block *b = n->blocks[k];
        permute(b->out + shift, n->n_out, n->out, spare);
        if (shift) permute(b->in + 1, n->n_out, n->out, spare);
        renumber(b->out, b->n_out, b->pos);
    }
    if (shift) {
        permute(n->in + 2, n->n_out, n->out, spare);
        renumber(n->in, n->n_in, n->pos);
    }
    return true;
}

static bool order_block(ox__ts *t, ox__ts_block *b)
{
    for (ox__ts_node *n = b->last; n; n = n->prev) {
        if ((n->kind == OX__TS_IF || n->kind == OX__TS_LOOP) && !order_outputs(t, n)) return false;
        for (uint32_t i = 0; i < n->n_blocks && n->kind != OX__TS_FORK; i++)
            if (!order_block(t, n->blocks[i])) return false;
    }
    return true;
}

bool ox__ts_order(ox__ts *t, ox__ts_block *top)
{
    uint32_t pos = 0;
    ox__ts_settle(top);
    forget(top);
    number(top, &pos);
    bool ok = order_block(t, top);
    ox__ts_settle(top);
    return ok;
}
