/* Floor 1. Scopes: a tree of (class, attribute) pairs, each child made once. Row 0 is the parent of the roots. */
#include "ir/note.h"

ox_status ox_scope_add(ox_model *m, ox_scope *out, ox_scope parent, ox_str cls, ox_str attr, ox_error *err)
{
    if (!m || !out) return ox__fail(err, OX_E_INVALID, "no model was given");
    if (parent.id && !ox__scope_get(m, parent)) return ox__fail(err, OX_E_INVALID, "the parent scope is gone");
    ox_status s = ox__need_str(m, cls, err);
    if (s == OX_OK) s = ox__need_str(m, attr, err);
    if (s != OX_OK) return s;
    if (cls.id == 1) cls.id = 0;
    if (attr.id == 1) attr.id = 0;
    uint32_t id = ox__names_find_scope(m, parent.id, cls.id, attr.id);
    if (id) {
        *out = ox__scope_handle(m, id);
        return OX_OK;
    }
    s = ox__edit(m, 4, err);
    if (s == OX_OK) s = ox__reserve(m, OX__SCOPE, 1, err);
    if (s != OX_OK) return s;
    if (ox__scope_row_at(m, parent.id)->depth >= OX__MAX_DEPTH)
        return ox__fail(err, OX_E_LIMIT, "scopes are nested deeper than %d", OX__MAX_DEPTH);
    id = ox__row_add(m, OX__SCOPE);
    ox__scope_row *r = ox__scope_row_at(m, id), *p = ox__scope_row_at(m, parent.id);
    r->parent = parent.id;
    r->cls = cls.id;
    r->attr = attr.id;
    r->depth = p->depth + 1;
    ox__row_born(m, OX__SCOPE, id, 0);
    if (p->last_child)
        ox__put_scope(m, p->last_child, next, id);
    else
        ox__put_scope(m, parent.id, first_child, id);
    ox__put_scope(m, parent.id, last_child, id);
    ox__names_scope(m, id);
    *out = ox__scope_handle(m, id);
    OX__NOTE(m, scope_add, id, parent.id, cls.id, attr.id);
    return OX_OK;
}

ox_scope ox_scope_parent(const ox_model *m, ox_scope s)
{
    const ox__scope_row *r = ox__scope_get(m, s);
    return ox__scope_handle(m, r ? r->parent : 0);
}

ox_str ox_scope_class(const ox_model *m, ox_scope s)
{
    const ox__scope_row *r = ox__scope_get(m, s);
    return (ox_str){r ? r->cls : 0};
}

ox_str ox_scope_attr(const ox_model *m, ox_scope s)
{
    const ox__scope_row *r = ox__scope_get(m, s);
    return (ox_str){r ? r->attr : 0};
}

ox_scope ox_scope_first_child(const ox_model *m, ox_scope s)
{
    if (!m || (s.id && !ox__scope_get(m, s))) return (ox_scope){0, 0};
    return ox__scope_handle(m, ox__scope_row_at(m, s.id)->first_child);
}

ox_scope ox_scope_next(const ox_model *m, ox_scope s)
{
    const ox__scope_row *r = ox__scope_get(m, s);
    return ox__scope_handle(m, r ? r->next : 0);
}

uint32_t ox_scope_depth(const ox_model *m, ox_scope s)
{
    const ox__scope_row *r = ox__scope_get(m, s);
    return r ? r->depth : 0;
}

uint32_t ox_scope_calls(const ox_model *m, ox_scope s)
{
    const ox__scope_row *r = ox__scope_get(m, s);
    return r ? r->calls : 0;
}

void ox__scope_add_call(ox_model *m, ox_scope s)
{
    if (ox__scope_get(m, s)) ox__scope_row_at(m, s.id)->calls++;
}

uint32_t ox_model_scope_limit(const ox_model *m)
{
    return m ? m->table[OX__SCOPE].n : 0;
}

ox_scope ox_model_scope_at(const ox_model *m, uint32_t id)
{
    if (!m || !id || id >= m->table[OX__SCOPE].n) return (ox_scope){0, 0};
    return ox__scope_handle(m, ox__scope_row_at(m, id)->flags & OX__ALIVE ? id : 0);
}
