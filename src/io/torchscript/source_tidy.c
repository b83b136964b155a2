/* Floor 3. What PyTorch does to the graph of each function that it has compiled: tuples that are taken apart where they
 * were made, nodes that nobody needs, and the passes of the files beside this one. */
#include "io/torchscript/lower.h"

/* ---- uses ---- */
static void settle_list(ox__ts_value **list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        list[i] = ox__ts_now(list[i]);
        list[i]->uses++;
    }
}

static void forget_uses(ox__ts_block *b)
{
    for (uint32_t i = 0; i < b->n_in; i++) b->in[i]->uses = 0, b->in[i]->live = false;
    for (ox__ts_node *n = b->first; n; n = n->next) {
        n->live = false;
        for (uint32_t i = 0; i < n->n_out; i++) n->out[i]->uses = 0, n->out[i]->live = false;
        for (uint32_t i = 0; i < n->n_blocks; i++) forget_uses(n->blocks[i]);
    }
}

static void count_uses(ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        settle_list(n->in, n->n_in);
        for (uint32_t i = 0; i < n->n_blocks; i++) count_uses(n->blocks[i]);
    }
    settle_list(b->out, b->n_out);
}

void ox__ts_settle(ox__ts_block *b)
{
    forget_uses(b);
    count_uses(b);
}

/* ---- tuples ---- */
static void take_apart(ox__ts_node *n)
{
    const ox__ts_node *made = ox__ts_now(n->in[0])->node;
    if (!made || made->kind != OX__TS_TUPLE_OF) return;
    if (n->kind == OX__TS_UNPACK_TUPLE && n->n_out == made->n_in) {
        for (uint32_t i = 0; i < n->n_out; i++) ox__ts_replace(n->out[i], made->in[i]);
    } else if (n->kind == OX__TS_TUPLE_INDEX) {
        const ox__obj *k = ox__ts_known(n->in[1]);
        int64_t i = k && k->kind == OX__OBJ_INT ? k->i : -1;
        if (i < 0) i += made->n_in;
        if (i >= 0 && i < made->n_in) ox__ts_replace(n->out[0], made->in[i]);
    }
}

static bool lower_slice(ox__ts *t, ox__ts_node *n)
{
    const ox__ts_node *made = ox__ts_now(n->in[0])->node;
    if (!made || made->kind != OX__TS_TUPLE_OF || n->to > made->n_in) return true;
    t->block = n->owner;
    t->before = n;
    ox__ts_value *v = ox__ts_one(t, OX__TS_TUPLE_OF, (size_t)(n->to - n->from), made->in + n->from, n->out[0]->type);
    if (v) ox__ts_replace(n->out[0], v);
    return v != NULL;
}

static bool lower_tuples(ox__ts *t, ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        if (n->kind == OX__TS_UNPACK_TUPLE || n->kind == OX__TS_TUPLE_INDEX) take_apart(n);
        if (n->kind == OX__TS_TUPLE_SLICE && !lower_slice(t, n)) return false;
        if (n->kind == OX__TS_FORK) continue;
        for (uint32_t i = 0; i < n->n_blocks; i++)
            if (!lower_tuples(t, n->blocks[i])) return false;
    }
    return true;
}

/* ---- what is needed ---- */
static bool writes(const ox__ts_node *n)
{
    if (!n->schema) return true;
    ox_aten_info info = ox_aten_get(n->schema);
    for (uint32_t i = 0; i < info.n_args; i++)
        if (ox_aten_get_arg(n->schema, i).type.mutates) return true;
    return false;
}

static bool has_effect(const ox__ts_node *n)
{
    static const char *const ops[] = {"prim::RaiseException", "prim::Print", "prim::Enter",      "prim::Exit",
                                      "aten::warn",           "aten::save",  "aten::manual_seed"};
    switch ((ox__ts_kind)n->kind) {
    case OX__TS_SET_ATTR:
    case OX__TS_CALL_METHOD:
    case OX__TS_CALL_FUNCTION: return true;
    case OX__TS_OP: break;
    default: return false;
    }
    for (size_t i = 0; i < OX__COUNT(ops); i++)
        if (strcmp(n->op, ops[i]) == 0) return true;
    return writes(n);
}

static bool need(ox__ts_node *n)
{
    bool news = false;
    for (; n && !n->live; n = n->owner->owner) {
        n->live = news = true;
        for (uint32_t i = 0; i < n->n_in; i++) n->in[i]->live = true;
    }
    return news;
}

static bool need_output(ox__ts_value *v)
{
    bool news = !v->live;
    v->live = true;
    return news;
}

/* What a block returns is needed where its node's outputs are. */
static bool need_outputs(ox__ts_block *b)
{
    const ox__ts_node *n = b->owner;
    bool news = false;
    for (uint32_t i = 0; i < b->n_out; i++) {
        bool wanted = true;
        if (n && n->kind == OX__TS_IF) wanted = n->out[i]->live;
        if (n && n->kind == OX__TS_LOOP && i) wanted = n->out[i - 1]->live || b->in[i]->uses;
        if (wanted) news |= need_output(b->out[i]);
    }
    return news;
}

static bool mark(ox__ts_block *b)
{
    bool news = false, again;
    for (ox__ts_node *n = b->first; n; n = n->next)
        if (has_effect(n)) news |= need(n);
    news |= need_outputs(b);
    for (ox__ts_node *n = b->last; n; n = n->prev) {
        do {
            again = false;
            for (uint32_t i = 0; i < n->n_blocks; i++) again |= mark(n->blocks[i]);
            news |= again;
        } while (again && n->kind == OX__TS_LOOP); /* what a round leaves may be needed by the next */
        for (uint32_t i = 0; i < n->n_out; i++)
            if (n->out[i]->live) news |= need(n);
    }
    return news;
}

/* ---- removal ---- */
static void unuse_block(const ox__ts_block *b);

static void unuse(const ox__ts_node *n)
{
    for (uint32_t i = 0; i < n->n_in; i++) n->in[i]->uses--;
    for (uint32_t i = 0; i < n->n_blocks; i++) unuse_block(n->blocks[i]);
}

static void unuse_block(const ox__ts_block *b)
{
    for (const ox__ts_node *n = b->first; n; n = n->next) unuse(n);
    for (uint32_t i = 0; i < b->n_out; i++) b->out[i]->uses--;
}

static void cut(ox__ts_value **list, uint32_t *n, uint32_t i)
{
    --*n;
    memmove(list + i, list + i + 1, (*n - i) * sizeof *list);
}

void ox__ts_drop_output(ox__ts_node *n, uint32_t i)
{
    cut(n->out, &n->n_out, i);
    for (uint32_t k = 0; k < n->n_blocks; k++) {
        ox__ts_block *b = n->blocks[k];
        uint32_t at = i + (n->kind == OX__TS_LOOP);
        b->out[at]->uses--;
        cut(b->out, &b->n_out, at);
        if (n->kind == OX__TS_LOOP) cut(b->in, &b->n_in, at);
    }
    if (n->kind != OX__TS_LOOP) return;
    n->in[i + 2]->uses--;
    cut(n->in, &n->n_in, i + 2);
}

static void drop_outputs(ox__ts_node *n)
{
    if (n->kind != OX__TS_IF && n->kind != OX__TS_LOOP) return;
    for (uint32_t i = n->n_out; i-- > 0;)
        if (!n->out[i]->uses && (n->kind == OX__TS_IF || !n->blocks[0]->in[i + 1]->uses)) ox__ts_drop_output(n, i);
}

static void sweep(ox__ts_block *b)
{
    ox__ts_node *prev;
    for (ox__ts_node *n = b->last; n; n = prev) {
        bool used = n->live;
        prev = n->prev;
        drop_outputs(n);
        for (uint32_t i = 0; i < n->n_blocks && n->kind != OX__TS_FORK; i++) sweep(n->blocks[i]);
        for (uint32_t i = 0; i < n->n_out; i++) used |= n->out[i]->uses != 0;
        if (used) continue;
        unuse(n);
        ox__ts_unlink(n);
    }
}

void ox__ts_sweep(ox__ts_block *top)
{
    ox__ts_settle(top);
    mark(top);
    sweep(top);
}

bool ox__ts_tidy(ox__ts *t, ox__ts_block *top)
{
    if (!lower_tuples(t, top)) return false;
    ox__ts_sweep(top);
    return ox__ts_fold(t, top) && ox__ts_pool(t, top) && ox__ts_order(t, top);
}
