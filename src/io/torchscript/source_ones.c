/* Floor 3. `x * 1` and `x + 0` of tensors, where the number is an int and the result may as well be x: nothing is
 * written to in the function, and not both of them are seen outside of it. Where PyTorch knows more of what shares
 * memory with what than is looked at here, the node stays. */
#include "io/torchscript/lower.h"

typedef struct ones {
    ox__ts *t;
    bool changed, outer; /* outer: what stands outside of the function was put in the place of a result already */
} ones;

static bool writes(const ox__ts_node *n)
{
    if (n->kind == OX__TS_CALL_METHOD || n->kind == OX__TS_CALL_FUNCTION || n->kind == OX__TS_SET_ATTR) return true;
    if (n->kind != OX__TS_OP) return false;
    if (!n->schema) return true;
    ox_aten_info info = ox_aten_get(n->schema);
    for (uint32_t i = 0; i < info.n_args; i++)
        if (ox_aten_get_arg(n->schema, i).type.mutates) return true;
    return false;
}

static bool any_writes(const ox__ts_block *b)
{
    for (const ox__ts_node *n = b->first; n; n = n->next) {
        if (writes(n)) return true;
        for (uint32_t i = 0; i < n->n_blocks; i++)
            if (any_writes(n->blocks[i])) return true;
    }
    return false;
}

/* A node whose results are tensors of their own. */
static bool is_fresh(const ox__ts_node *n)
{
    if (!n || n->kind != OX__TS_OP || !n->schema) return false;
    ox_aten_info info = ox_aten_get(n->schema);
    for (uint32_t i = 0; i < info.n_args; i++)
        if (ox_aten_get_arg(n->schema, i).type.aliases) return false;
    return true;
}

/* Marks the inputs of all that hands them on: to who is outside, to a list, to a view. `first` is a note: 1. */
static void mark_handed(ox__ts_block *b)
{
    for (uint32_t i = 0; i < b->n_out; i++) b->out[i]->first = 1;
    for (const ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->n_in && !is_fresh(n); i++) n->in[i]->first = 1;
        for (uint32_t i = 0; i < n->n_blocks; i++) mark_handed(n->blocks[i]);
    }
}

static void unmark(ox__ts_block *b)
{
    for (uint32_t i = 0; i < b->n_in; i++) b->in[i]->first = 0;
    for (const ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->n_out; i++) n->out[i]->first = 0;
        for (uint32_t i = 0; i < n->n_blocks; i++) unmark(n->blocks[i]);
    }
}

static bool is_int(const ox__ts *t, ox__ts_value *v, int64_t i)
{
    const ox__obj *o = ox__ts_known(v);
    return o && o->kind == OX__OBJ_INT && o->i == i && ox__ts_now(v)->type.id == t->t_int.id;
}

static bool changes_nothing(const ox__ts *t, const ox__ts_node *n)
{
    if (n->kind != OX__TS_OP || n->n_in < 2 || ox__ts_info(t, ox__ts_now(n->in[0])->type).kind != OX_TYPE_TENSOR)
        return false;
    if (strcmp(n->op, "aten::mul") == 0) return n->n_in == 2 && is_int(t, n->in[1], 1);
    if (strcmp(n->op, "aten::add") != 0 && strcmp(n->op, "aten::sub") != 0) return false;
    return n->n_in == 3 && is_int(t, n->in[1], 0) && is_int(t, n->in[2], 1);
}

static void ones_in(ones *o, ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->n_blocks && n->kind != OX__TS_FORK; i++) ones_in(o, n->blocks[i]);
        if (!changes_nothing(o->t, n)) continue;
        ox__ts_value *in = ox__ts_now(n->in[0]), *out = n->out[0];
        bool outer = !is_fresh(in->node);
        if (((outer || in->first == 1) && out->first == 1) || in->first == 2 || (outer && o->outer)) continue;
        ox__ts_replace(out, in);
        in->first = 2; /* what is known of it is no longer so */
        o->outer = o->outer || outer;
        o->changed = true;
    }
}

bool ox__ts_ones(ox__ts *t, ox__ts_block *top)
{
    ones o = {.t = t};
    if (any_writes(top)) return false;
    unmark(top);
    mark_handed(top);
    ones_in(&o, top);
    return o.changed;
}
