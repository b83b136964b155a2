/* Floor 3. Modules that are reached under more than one path: what is set under one is read under the other. */
#include "io/torchscript/lower.h"

enum { SEEN = 1, SHARED = 2 };

static bool visit(ox__ts *t, const ox__obj *o, bool again);

static bool visit_items(ox__ts *t, const ox__obj *o, bool again)
{
    uint64_t n = o->kind == OX__OBJ_DICT ? 2 * (uint64_t)o->n : o->n; /* keys and values */
    for (uint64_t i = 0; i < n; i++)
        if (!visit(t, o->items[i], again)) return false;
    return true;
}

/* An object is looked into twice at most: its parts are shared if it is. */
static bool visit(ox__ts *t, const ox__obj *o, bool again)
{
    if (!o || o->kind < OX__OBJ_TUPLE || o->kind > OX__OBJ_OBJECT) return true;
    if (o->kind != OX__OBJ_OBJECT) return visit_items(t, o, again);
    size_t id = o->object->id;
    if (id >= t->shared.n) {
        if (!ox__vec_reserve(&t->shared, id + 1)) return ox__ts_nomem(t);
        memset(t->shared.p + t->shared.n, 0, t->shared.cap - t->shared.n);
        t->shared.n = t->shared.cap;
    }
    uint8_t *mark = &t->shared.p[id];
    if (*mark == SHARED) return true;
    again = again || *mark == SEEN;
    *mark = again ? SHARED : SEEN;
    return visit(t, o->object->state, again);
}

bool ox__ts_is_shared(ox__ts *t, const ox__obj *o, bool *shared)
{
    *shared = false;
    if (!o || o->kind != OX__OBJ_OBJECT) return true;
    if (!t->shared.n && !visit(t, t->host.root, false)) return false;
    *shared = o->object->id < t->shared.n && t->shared.p[o->object->id] == SHARED;
    return true;
}
