/* Floor 1. The immutable arrays that rows point to: metadata, opset imports, the ext of rows. They lie in the model's
 * arena; a change makes a new one, and the old one stays for undo. */
#include "ir/parts.h"

static void *flexible(ox_model *m, size_t head, size_t item, size_t n)
{
    if (n > (SIZE_MAX - head) / item) return NULL;
    return ox__arena_alloc(&m->arena, head + n * item);
}

const ox__pairs *ox__pairs_copy(ox_model *m, uint32_t n, const ox_pair *p)
{
    ox__pairs *c = flexible(m, sizeof *c, sizeof *p, n);
    if (!c) return NULL;
    c->n = n;
    if (n) memcpy(c->p, p, n * sizeof *p);
    return c;
}

const ox__pairs *ox__pairs_with(ox_model *m, const ox__pairs *old, ox_str key, ox_str value, bool *failed)
{
    uint32_t n = old ? old->n : 0, at = 0;
    while (at < n && old->p[at].key.id != key.id) at++;
    bool there = at < n;
    if (there ? old->p[at].value.id == value.id : !value.id) return old;
    if (there && !value.id && n == 1) return NULL;
    ox__pairs *c = flexible(m, sizeof *c, sizeof *c->p, (size_t)n + 1);
    if (!c) {
        *failed = true;
        return old;
    }
    c->n = 0;
    for (uint32_t i = 0; i < n; i++)
        if (i != at || value.id) c->p[c->n++] = (ox_pair){old->p[i].key, i == at ? value : old->p[i].value};
    if (!there) c->p[c->n++] = (ox_pair){key, value};
    return c;
}

const ox__opsets *ox__opsets_copy(ox_model *m, uint32_t n, const ox_opset *o)
{
    ox__opsets *c = flexible(m, sizeof *c, sizeof *o, n);
    if (!c) return NULL;
    c->n = n;
    if (n) memcpy(c->o, o, n * sizeof *o);
    return c;
}

ox__ext *ox__ext_copy(ox_model *m, const ox__ext *e)
{
    static const ox__ext empty;
    return ox__arena_dup(&m->arena, e ? e : &empty, sizeof *e);
}
