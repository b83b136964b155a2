/* Floor 3. Calls through interfaces. The code names a signature alone; which class stands behind it the archive tells,
 * for the module that the attribute holds is in it. So in the graph with all calls inlined these are inlined too,
 * unless the code may put another module there. */
#include "io/torchscript/lower.h"

typedef struct resolver {
    ox__ts *t;
    bool resolved, replaced; /* a call was; the code puts another module into an attribute */
} resolver;

/* The method that is called; NULL if the object is not known, or has none that takes these arguments. */
static ox__ts_fn *method_of(ox__ts *t, const ox__ts_node *call)
{
    const ox__obj *o = ox__ts_now(call->in[0])->is;
    if (!o || o->kind != OX__OBJ_OBJECT) return NULL;
    ox__ts_class *c = ox__ts_class_of(t, o->object->class_name);
    ox__ts_fn *f = c && c->sort != OX__TS_INTERFACE ? ox__ts_method(t, c, call->name) : NULL;
    if (!f || !ox__ts_signature(t, f) || f->n_params != call->n_in) return NULL;
    ox__ts_value *self = ox__ts_now(call->in[0]);
    if (self->node && self->node->kind == OX__TS_GET_ATTR) self->type = c->type;
    return f;
}

/* What is forked knows the objects that it is handed. */
static void hand_objects(ox__ts_node *n)
{
    for (uint32_t i = 0; i < n->n_in && n->kind == OX__TS_FORK; i++) n->blocks[0]->in[i]->is = ox__ts_now(n->in[i])->is;
}

static bool replaces(ox__ts *t, const ox__ts_node *n)
{
    const ox__ts_class *c = n->kind == OX__TS_SET_ATTR ? ox__ts_class_of_type(t, ox__ts_now(n->in[1])->type) : NULL;
    return c && (c->sort == OX__TS_MODULE || c->sort == OX__TS_INTERFACE);
}

/* A module that holds itself calls itself without end. */
static bool not_too_deep(ox__ts *t, const ox__ts_node *call)
{
    uint32_t depth = 0;
    for (const ox__ts_site *s = call->site; s; s = s->outer) depth++;
    if (depth < OX__TS_CALLS) return true;
    t->file = call->file;
    return ox__ts_refuse(t, call->at, OX_E_LIMIT, "%s is called too deep inside others", call->name);
}

static bool resolve_block(resolver *r, ox__ts_block *b)
{
    ox__ts *t = r->t;
    ox__ts_node *next;
    for (ox__ts_node *n = b->first; n; n = next) {
        ox__ts_node *before = n->prev;
        next = n->next;
        if (n->kind == OX__TS_GET_ATTR) n->out[0]->is = ox__obj_get(ox__ts_now(n->in[0])->is, n->name);
        r->replaced = r->replaced || replaces(t, n);
        hand_objects(n);
        for (uint32_t i = 0; i < n->n_blocks; i++)
            if (!resolve_block(r, n->blocks[i])) return false;
        if (n->kind != OX__TS_CALL_METHOD || n->fn) continue;
        n->fn = method_of(t, n);
        if (t->s != OX_OK) return false;
        if (!n->fn) continue;
        if (!not_too_deep(t, n) || !ox__ts_inline_call(t, n)) return false;
        r->resolved = true;
        next = before ? before->next : b->first; /* what was put in may call through interfaces too */
    }
    return true;
}

ox__ts_block *ox__ts_resolved(ox__ts *t, ox__ts_fn *f)
{
    resolver r = {.t = t};
    ox__ts_block *top = ox__ts_inlined(t, f);
    if (!top) return NULL;
    if (top->n_in) top->in[0]->is = t->host.root;
    if (!resolve_block(&r, top)) return NULL;
    return r.resolved && r.replaced ? ox__ts_inlined(t, f) : top;
}
