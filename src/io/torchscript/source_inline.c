/* Floor 3. Functions and methods put in the place of their calls. Each function is inlined and simplified once, and
 * what came out is copied to wherever it is called; every node remembers the calls that it came through, which gives it
 * its scope and its Python stack. */
#include "io/torchscript/lower.h"

/* ---- copies ---- */
static bool copy_block(ox__ts *t, const ox__ts_block *from, ox__ts_block *to, ox__ts_node *before,
                       const ox__ts_site *site);

static const ox__ts_site *rebase(ox__ts *t, const ox__ts_site *s, const ox__ts_site *outer)
{
    if (!s) return outer;
    ox__ts_site *known = (ox__ts_site *)(uintptr_t)s; /* sites are made here, in the arena; twins are notes on them */
    if (known->copy == t->n_copies) return known->twin;
    ox__ts_site *twin = ox__ts_alloc(t, sizeof *twin);
    if (!twin) return NULL;
    *twin = *s;
    if (!(twin->outer = rebase(t, s->outer, outer)) && outer) return NULL;
    known->copy = t->n_copies;
    known->twin = twin;
    return twin;
}

static ox__ts_value *twin_of(ox__ts_value *v)
{
    v = ox__ts_now(v);
    return v->twin ? v->twin : v;
}

static bool copy_node(ox__ts *t, const ox__ts_node *n, ox__ts_block *to, ox__ts_node *before, const ox__ts_site *site)
{
    t->block = to;
    t->before = before;
    t->file = n->file;
    t->at = n->at;
    ox__ts_node *c = ox__ts_node_new(t, (ox__ts_kind)n->kind, 0, NULL, 0);
    if (!c) return false;
    c->op = n->op;
    c->schema = n->schema;
    c->name = n->name;
    c->constant = n->constant;
    c->fn = n->fn;
    c->types = n->types;
    c->from = n->from;
    c->to = n->to;
    c->site = rebase(t, n->site, site);
    if (t->s != OX_OK) return false;
    for (uint32_t i = 0; i < n->n_in; i++)
        if (!ox__ts_add_input(t, c, twin_of(n->in[i]))) return false;
    for (uint32_t i = 0; i < n->n_blocks; i++) {
        ox__ts_block *b = ox__ts_block_new(t, c);
        if (!b) return false;
        for (uint32_t k = 0; k < n->blocks[i]->n_in; k++) {
            ox__ts_value *v = n->blocks[i]->in[k];
            if (!(v->twin = ox__ts_block_input(t, b, v->type, v->name))) return false;
        }
        if (!copy_block(t, n->blocks[i], b, NULL, site)) return false;
        for (uint32_t k = 0; k < n->blocks[i]->n_out; k++)
            if (!ox__ts_block_output(t, b, twin_of(n->blocks[i]->out[k]))) return false;
    }
    for (uint32_t i = 0; i < n->n_out; i++) {
        if (!ox__ts_add_output(t, c, n->out[i]->type)) return false;
        c->out[i]->name = n->out[i]->name;
        n->out[i]->twin = c->out[i];
    }
    return true;
}

/* The nodes of a block, in front of `before` in another. */
static bool copy_block(ox__ts *t, const ox__ts_block *from, ox__ts_block *to, ox__ts_node *before,
                       const ox__ts_site *site)
{
    for (const ox__ts_node *n = from->first; n; n = n->next)
        if (!copy_node(t, n, to, before, site)) return false;
    return true;
}

static ox__ts_block *copy_graph(ox__ts *t, const ox__ts_block *from)
{
    ox__ts_block *b = ox__ts_block_new(t, NULL);
    if (!b) return NULL;
    t->n_copies++;
    for (uint32_t i = 0; i < from->n_in; i++) {
        ox__ts_value *v = from->in[i];
        if (!(v->twin = ox__ts_block_input(t, b, v->type, v->name))) return NULL;
    }
    if (!copy_block(t, from, b, NULL, NULL)) return NULL;
    for (uint32_t i = 0; i < from->n_out; i++)
        if (!ox__ts_block_output(t, b, twin_of(from->out[i]))) return NULL;
    return b;
}

/* ---- calls ---- */

/* Those that led to the caller's own object stand in the sites around. */
static void drop_outer(ox__ts_site *site)
{
    uint32_t n = 0;
    for (const ox__ts_site *s = site->outer; s; s = s->outer) n += s->n_path;
    n = OX__MIN(n, site->n_path);
    site->path += n;
    site->classes += n;
    site->n_path -= n;
}

/* The attributes that lead from an input of the function to the object whose method is called. */
static bool object_path(ox__ts *t, const ox__ts_node *call, ox__ts_site *site)
{
    uint32_t n = 0;
    const ox__ts_node *at = ox__ts_now(call->in[0])->node;
    for (; at && at->kind == OX__TS_GET_ATTR; at = ox__ts_now(at->in[0])->node) n++;
    if (at) n = 0; /* it came from elsewhere: its place in the tree is not known */
    const char **path = ox__ts_alloc(t, (n + 1) * sizeof *path);
    ox_type *classes = path ? ox__ts_alloc(t, (n + 1) * sizeof *classes) : NULL;
    if (!classes) return false;
    site->n_path = n;
    site->path = path;
    site->classes = classes;
    for (at = ox__ts_now(call->in[0])->node; n; at = ox__ts_now(at->in[0])->node) {
        path[--n] = at->name;
        classes[n] = at->out[0]->type;
    }
    drop_outer(site);
    return true;
}

bool ox__ts_put(ox__ts *t, ox__ts_node *call, uint32_t first, ox__ts_block *body, const ox__ts_site *site)
{
    t->n_copies++;
    for (uint32_t i = 0; i < body->n_in; i++) body->in[i]->twin = ox__ts_now(call->in[i + first]);
    if (!copy_block(t, body, call->owner, call, site)) return false;
    for (uint32_t i = 0; i < call->n_out && i < body->n_out; i++) {
        ox__ts_value *v = ox__ts_now(twin_of(body->out[i]));
        if (call->out[i]->name) v->name = call->out[i]->name;
        ox__ts_replace(call->out[i], v);
    }
    ox__ts_unlink(call);
    return true;
}

bool ox__ts_inline_call(ox__ts *t, ox__ts_node *call)
{
    ox__ts_block *body = ox__ts_whole(t, call->fn);
    uint32_t first = call->kind == OX__TS_CALL_FUNCTION;
    ox__ts_site *site = body ? ox__ts_alloc(t, sizeof *site) : NULL;
    if (!site) return false;
    site->call = call;
    site->outer = call->site; /* none, unless the call is one through an interface */
    site->method = !first;
    if (site->method && !object_path(t, call, site)) return false;
    return ox__ts_put(t, call, first, body, site);
}

static bool inline_block(ox__ts *t, ox__ts_block *b)
{
    ox__ts_node *next;
    for (ox__ts_node *n = b->first; n; n = next) {
        next = n->next;
        bool call = n->kind == OX__TS_CALL_FUNCTION || n->kind == OX__TS_CALL_METHOD;
        if (call && n->fn && !ox__ts_inline_call(t, n)) return false;
        for (uint32_t i = 0; i < n->n_blocks; i++)
            if (!inline_block(t, n->blocks[i])) return false;
    }
    return true;
}

ox__ts_block *ox__ts_inlined(ox__ts *t, ox__ts_fn *f)
{
    if (f->busy || t->depth >= OX__TS_CALLS) {
        t->file = f->file;
        ox__ts_refuse(t, f->def->at, OX_E_LIMIT, f->busy ? "%s calls itself" : "%s is called too deep inside others",
                      f->name);
        return NULL;
    }
    f->busy = true;
    t->depth++;
    ox__ts_block *b = ox__ts_lower(t, f) ? copy_graph(t, f->graph) : NULL;
    if (b && !inline_block(t, b)) b = NULL;
    t->depth--;
    f->busy = false;
    if (b) ox__ts_settle(b);
    return b;
}

ox__ts_block *ox__ts_whole(ox__ts *t, ox__ts_fn *f)
{
    if (f->whole) return f->whole;
    ox__ts_block *b = ox__ts_inlined(t, f);
    if (!b || !ox__ts_peep(t, b) || !ox__ts_fold(t, b) || !ox__ts_pool(t, b)) return NULL;
    return f->whole = b;
}
