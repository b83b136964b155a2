/* Floor 3. Computes what the constants of a graph decide: operators on numbers and texts, ifs whose condition is known,
 * loops that do not run, results that nothing changes. What can be changed in place (tensors, lists, dicts, objects) is
 * left alone, as PyTorch does when it loads. */
#include "io/torchscript/lower.h"

typedef struct folder {
    ox__ts *t;
    bool changed;
} folder;

static bool fold_block(folder *f, ox__ts_block *b);

static bool is_fixed(const ox__ts *t, ox_type type, unsigned depth)
{
    ox_type_info info = ox__ts_info(t, type);
    switch (info.kind) {
    case OX_TYPE_INT:
    case OX_TYPE_FLOAT_SCALAR:
    case OX_TYPE_BOOL_SCALAR:
    case OX_TYPE_COMPLEX_SCALAR:
    case OX_TYPE_NUMBER:
    case OX_TYPE_STR:
    case OX_TYPE_DEVICE:
    case OX_TYPE_NONETYPE: return true;
    case OX_TYPE_OPTIONAL:
    case OX_TYPE_TUPLE:
        for (uint32_t i = 0; i < info.n_items; i++)
            if (depth > OX__TS_LIST || !is_fixed(t, info.items[i], depth + 1)) return false;
        return true;
    default: return false;
    }
}

static bool known(const ox__ts *t, const ox__ts_node *n)
{
    for (uint32_t i = 0; i < n->n_in; i++)
        if (!ox__ts_known(n->in[i]) || !is_fixed(t, ox__ts_now(n->in[i])->type, 0)) return false;
    for (uint32_t i = 0; i < n->n_out; i++)
        if (!is_fixed(t, n->out[i]->type, 0)) return false;
    return true;
}

static bool put_constant(folder *f, ox__ts_node *n, uint32_t i, const ox__obj *o)
{
    ox__ts *t = f->t;
    ox_type type = o->kind == OX__OBJ_NONE ? n->out[i]->type : ox__ts_type_of_obj(t, o);
    t->block = n->owner;
    t->before = n;
    t->file = n->file;
    t->at = n->at;
    ox__ts_value *v = type.id ? ox__ts_constant(t, o, type) : NULL;
    if (!v) return false;
    v->node->site = n->site;
    ox__ts_replace(n->out[i], v);
    f->changed = true;
    return true;
}

static const ox__obj *tuple_of(ox__ts *t, const ox__ts_node *n, const ox__obj *const *in)
{
    ox__obj *o = ox__ts_alloc(t, sizeof *o);
    ox__obj **items = o ? ox__ts_alloc(t, (n->n_in + 1) * sizeof *items) : NULL;
    if (!items) return NULL;
    *o = (ox__obj){.kind = OX__OBJ_TUPLE, .n = n->n_in, .items = items};
    for (uint32_t i = 0; i < n->n_in; i++) {
        items[i] = ox__arena_dup(&t->arena, in[i], sizeof **in);
        if (!items[i]) {
            ox__ts_nomem(t);
            return NULL;
        }
    }
    return o;
}

static const ox__obj *is_one_of(ox__ts *t, const ox__ts_node *n, const ox__obj *o)
{
    ox_type type = ox__ts_type_of_obj(t, o);
    bool is = false;
    if (!type.id) return NULL;
    for (int64_t i = 0; i < n->to; i++) is = is || ox__ts_is_subtype(t, type, n->types[i]);
    return ox__ts_obj_bool(t, is);
}

static const ox__obj *compute(ox__ts *t, const ox__ts_node *n, const ox__obj *const *in)
{
    switch ((ox__ts_kind)n->kind) {
    case OX__TS_TUPLE_OF: return tuple_of(t, n, in);
    case OX__TS_CAST: return in[0];
    case OX__TS_TUPLE_INDEX: {
        int64_t i = in[1]->kind == OX__OBJ_INT ? in[1]->i : -1;
        return in[0]->kind == OX__OBJ_TUPLE && i >= 0 && i < in[0]->n ? in[0]->items[i] : NULL;
    }
    case OX__TS_IS_INSTANCE: return is_one_of(t, n, in[0]);
    case OX__TS_OP: return n->schema && n->n_out == 1 ? ox__ts_compute(t, n, in) : NULL;
    default: return NULL;
    }
}

static bool fold_node(folder *f, ox__ts_node *n)
{
    enum { MOST = 64 };
    const ox__obj *in[MOST];
    if (n->kind == OX__TS_CONSTANT || n->n_in > MOST || !n->n_in || !known(f->t, n)) return true;
    for (uint32_t i = 0; i < n->n_in; i++) in[i] = ox__ts_known(n->in[i]);
    if (n->kind == OX__TS_UNPACK_TUPLE) {
        for (uint32_t i = 0; i < n->n_out && in[0]->kind == OX__OBJ_TUPLE && n->n_out == in[0]->n; i++)
            if (!put_constant(f, n, i, in[0]->items[i])) return false;
        return true;
    }
    const ox__obj *o = compute(f->t, n, in);
    return o ? put_constant(f, n, 0, o) : f->t->s == OX_OK;
}

/* ---- if ---- */

/* The nodes of the branch that is taken stand in its place. */
static void take_branch(folder *f, ox__ts_node *n, ox__ts_block *b)
{
    while (b->first) {
        ox__ts_node *inner = b->first;
        ox__ts_unlink(inner);
        ox__ts_link(n->owner, inner, n);
    }
    for (uint32_t i = 0; i < n->n_out; i++) ox__ts_replace(n->out[i], b->out[i]);
    ox__ts_unlink(n);
    f->changed = true;
}

static void if_outputs(folder *f, ox__ts_node *n)
{
    for (uint32_t i = 0; i < n->n_out;) {
        ox__ts_value *a = ox__ts_now(n->blocks[0]->out[i]), *b = ox__ts_now(n->blocks[1]->out[i]);
        bool same = a == b || (ox__ts_known(a) && ox__ts_known(b) && ox__ts_same_constant(a->node, b->node));
        if (!same) {
            i++;
            continue;
        }
        if (a != b || a->node) {
            ox__ts_node *made = a->node;
            if (made && made->kind == OX__TS_CONSTANT && made->owner == n->blocks[0]) {
                ox__ts_unlink(made);
                ox__ts_link(n->owner, made, n);
            }
        }
        ox__ts_replace(n->out[i], a);
        ox__ts_drop_output(n, i);
        f->changed = true;
    }
}

static bool fold_if(folder *f, ox__ts_node *n)
{
    const ox__obj *c = ox__ts_known(n->in[0]);
    if (c && c->kind == OX__OBJ_BOOL) {
        ox__ts_block *b = n->blocks[c->i ? 0 : 1];
        if (!fold_block(f, b)) return false;
        take_branch(f, n, b);
        return true;
    }
    for (uint32_t i = 0; i < n->n_blocks; i++)
        if (!fold_block(f, n->blocks[i])) return false;
    if_outputs(f, n);
    return true;
}

/* ---- loop ---- */
static bool fold_loop(folder *f, ox__ts_node *n)
{
    const ox__obj *trips = ox__ts_known(n->in[0]), *start = ox__ts_known(n->in[1]);
    if ((trips && trips->kind == OX__OBJ_INT && trips->i <= 0) || (start && start->kind == OX__OBJ_BOOL && !start->i)) {
        for (uint32_t i = 0; i < n->n_out; i++) ox__ts_replace(n->out[i], n->in[i + 2]);
        ox__ts_unlink(n);
        f->changed = true;
        return true;
    }
    ox__ts_block *b = n->blocks[0];
    if (!fold_block(f, b)) return false;
    for (uint32_t i = n->n_out; i-- > 0;) {
        if (ox__ts_now(b->out[i + 1]) != b->in[i + 1]) continue;
        ox__ts_replace(n->out[i], n->in[i + 2]);
        ox__ts_replace(b->in[i + 1], n->in[i + 2]);
        ox__ts_drop_output(n, i);
        f->changed = true;
    }
    return true;
}

static bool fold_block(folder *f, ox__ts_block *b)
{
    ox__ts_node *next;
    for (ox__ts_node *n = b->first; n; n = next) {
        bool ok;
        next = n->next;
        if (n->kind == OX__TS_IF)
            ok = fold_if(f, n);
        else if (n->kind == OX__TS_LOOP)
            ok = fold_loop(f, n);
        else
            ok = n->kind == OX__TS_FORK || fold_node(f, n);
        if (!ok) return false;
    }
    return true;
}

bool ox__ts_fold(ox__ts *t, ox__ts_block *top)
{
    folder f = {.t = t};
    bool ok = fold_block(&f, top);
    if (ok && f.changed) ox__ts_sweep(top);
    return ok;
}
