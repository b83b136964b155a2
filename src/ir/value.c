/* Floor 1. Values: what nodes make, graphs take and initializers hold. */
#include "ir/note.h"

#include <inttypes.h>
#include <onnxsh/text.h>
#include <stdio.h>

uint32_t ox__value_add(ox_model *m, uint32_t graph, ox_str name, ox_type type)
{
    uint32_t id = ox__row_add(m, OX__VALUE);
    ox__value_row *r = ox__value_row_at(m, id);
    r->graph = graph;
    r->name = name.id;
    r->type = type.id;
    ox__row_born(m, OX__VALUE, id, ox__journal_paused(m) ? 0 : OX__DIRTY);
    ox__fresh_note(m, id, 1);
    ox__names_value(m, id);
    return id;
}

void ox__value_kill(ox_model *m, uint32_t value)
{
    ox__fresh_note(m, value, -1);
    ox__row_kill(m, OX__VALUE, value);
}

ox_status ox__value_new(ox_model *m, ox_value *out, ox_graph g, ox_str name, ox_error *err)
{
    ox_status s = ox__need_graph(m, g, err);
    if (s == OX_OK) s = ox__need_str(m, name, err);
    if (s == OX_OK) s = ox__edit(m, 0, err);
    if (s == OX_OK) s = ox__reserve(m, OX__VALUE, 1, err);
    if (s == OX_OK) *out = ox__value_handle(m, ox__value_add(m, g.id, name, (ox_type){0}));
    return s;
}

/* ---- messages ---- */
void ox__error_value(const ox_model *m, uint32_t value, ox_error *err)
{
    if (!err) return;
    size_t n;
    const char *s = ox_str_text(m, (ox_str){ox__value_row_at(m, value)->name}, &n);
    if (n)
        snprintf(err->node, sizeof err->node, "%%%.*s", (int)OX__MIN(n, (size_t)150), s);
    else
        snprintf(err->node, sizeof err->node, "%%%" PRIu32, value);
}

void ox__error_node(const ox_model *m, uint32_t node, ox_error *err)
{
    if (!err) return;
    const ox__node_row *r = ox__node_row_at(m, node);
    const char *name = ox_str_text(m, (ox_str){r->name}, NULL), *op = ox_str_text(m, (ox_str){r->op}, NULL);
    if (r->flags & OX__RETURN)
        snprintf(err->node, sizeof err->node, "return");
    else if (*name)
        snprintf(err->node, sizeof err->node, "%.100s (%.60s)", name, op);
    else
        snprintf(err->node, sizeof err->node, "node %" PRIu32 " (%.60s)", node, op);
}

ox_status ox__value_in_use(const ox_model *m, uint32_t value, const char *what, ox_error *err)
{
    const ox__value_row *r = ox__value_row_at(m, value);
    uint32_t node = ox__use_row_at(m, r->use_first)->node;
    ox_error user, label;
    ox_error_clear(&user);
    ox_error_clear(&label);
    ox__error_node(m, node, &user);
    ox__error_value(m, value, &label);
    const char *by = ox__node_row_at(m, node)->flags & OX__RETURN ? "an output of the graph" : user.node;
    ox_status s = r->use_n == 1 ? ox__fail(err, OX_E_INVALID, "%s: %s is used by %s", what, label.node, by)
                                : ox__fail(err, OX_E_INVALID, "%s: %s is used by %s and %" PRIu32 " more", what,
                                           label.node, by, r->use_n - 1);
    if (err) {
        snprintf(err->node, sizeof err->node, "%s", label.node);
        ox_error_hint(err, "give its users another value first");
    }
    return s;
}

/* ---- getters ---- */
bool ox_value_is_alive(const ox_model *m, ox_value v)
{
    return ox__value_get(m, v) != NULL;
}

ox_str ox_value_name(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return (ox_str){r ? r->name : 0};
}

ox_type ox_value_type(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return (ox_type){r ? r->type : 0};
}

ox_type ox_value_given_type(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return (ox_type){!r ? 0 : r->flags & OX__INFERRED ? r->given : r->type};
}

ox_layout ox_value_layout(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return (ox_layout){r ? r->layout : 0};
}

ox_tensor ox_value_tensor(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return (ox_tensor){r ? r->tensor : 0};
}

ox_str ox_value_doc(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return r && r->ext ? r->ext->doc : (ox_str){0};
}

uint32_t ox_value_origin(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return r && r->ext ? r->ext->origin : 0;
}

size_t ox_value_metadata(const ox_model *m, ox_value v, const ox_pair **rows)
{
    const ox__value_row *r = ox__value_get(m, v);
    const ox__pairs *p = r && r->ext ? r->ext->metadata : NULL;
    if (rows) *rows = p ? p->p : NULL;
    return p ? p->n : 0;
}

ox_node ox_value_node(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return ox__node_handle(m, r ? r->node : 0);
}

uint32_t ox_value_index(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    if (!r) return 0;
    if (r->node) return r->index;
    return r->in_item ? (uint32_t)ox__list_position(m, r->graph, OX__LIST_IN, v.id) : 0;
}

ox_graph ox_value_graph(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return ox__graph_handle(m, r ? r->graph : 0);
}

bool ox_value_is_input(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return r && r->in_item;
}

bool ox_value_is_initializer(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return r && r->init_item;
}

bool ox_value_is_output(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    /* Outputs are mostly among the last uses; a star with 200,000 uses is walked only if it is none. */
    for (uint32_t u = r ? r->use_last : 0; u; u = ox__use_row_at(m, u)->prev)
        if (ox__node_row_at(m, ox__use_row_at(m, u)->node)->flags & OX__RETURN) return true;
    return false;
}

bool ox_value_is_declared(const ox_model *m, ox_value v)
{
    const ox__value_row *r = ox__value_get(m, v);
    return r && (r->flags & OX__DECLARED);
}

/* ---- setters ---- */
ox_status ox_value_set_name(ox_model *m, ox_value v, ox_str name, ox_error *err)
{
    ox_status s = ox__need_value(m, v, err);
    if (s == OX_OK) s = ox__need_str(m, name, err);
    if (s != OX_OK || ox__value_row_at(m, v.id)->name == name.id) return s;
    s = ox__edit(m, ox__touch_named_words(m, v.id), err);
    if (s != OX_OK) return s;
    ox__fresh_note(m, v.id, -1);
    ox__put_value(m, v.id, name, name.id);
    ox__fresh_note(m, v.id, 1);
    ox__names_value(m, v.id);
    ox__touch_named(m, v.id);
    OX__NOTE(m, value_set_name, v.id, name.id);
    return OX_OK;
}

/* Room for a change of v that dirties its own records. */
static ox_status edit_value(ox_model *m, ox_value v, ox_error *err)
{
    ox_status s = ox__need_value(m, v, err);
    return s == OX_OK ? ox__edit(m, ox__touch_named_words(m, v.id), err) : s;
}

ox_status ox_value_set_type(ox_model *m, ox_value v, ox_type t, ox_error *err)
{
    ox_status s = edit_value(m, v, err);
    if (s == OX_OK) s = ox__need_type(m, t, err);
    if (s != OX_OK) return s;
    const ox__value_row *r = ox__value_row_at(m, v.id);
    if (r->type == t.id && !(r->flags & OX__INFERRED)) return OX_OK;
    if (r->flags & OX__INFERRED)
        ox__put_value(m, v.id, given, 0); /* as undo finds it, whatever is laid there until then */
    ox__put_value(m, v.id, flags, r->flags & ~(uint32_t)OX__INFERRED);
    ox__put_value(m, v.id, type, t.id);
    ox__touch_value(m, v.id);
    OX__NOTE(m, value_set_type, v.id, t.id);
    return OX_OK;
}

ox_status ox_value_set_inferred(ox_model *m, ox_value v, ox_type t, bool keep, ox_error *err)
{
    ox_status s = edit_value(m, v, err);
    if (s == OX_OK) s = ox__need_type(m, t, err);
    if (s != OX_OK) return s;
    const ox__value_row *r = ox__value_row_at(m, v.id);
    uint32_t given = r->flags & OX__INFERRED ? r->given : r->type, flags = r->flags & ~(uint32_t)OX__INFERRED;
    bool differs = given != t.id;
    if (differs) flags |= OX__INFERRED;
    if (keep && t.id && r->node && !(flags & OX__DECLARED)) {
        flags |= OX__DECLARED;
        ox__touch_graph(m, r->graph, OX__DIRTY_LISTS);
    }
    if (keep && (differs || r->type != t.id)) {
        ox__touch_value(m, v.id);
        flags |= r->flags & OX__DIRTY;
    }
    if (differs) ox__put_value(m, v.id, given, given);
    ox__put_value(m, v.id, flags, flags);
    ox__put_value(m, v.id, type, t.id);
    OX__NOTE(m, value_set_inferred, v.id, t.id, keep);
    return OX_OK;
}

void ox__value_lay_inferred(ox_model *m, ox_value v, ox_type t)
{
    ox__value_row *r = ox__value_row_at(m, v.id);
    uint32_t given = r->flags & OX__INFERRED ? r->given : r->type;
    r->flags = given == t.id ? r->flags & ~(uint32_t)OX__INFERRED : r->flags | OX__INFERRED;
    if (given != t.id) r->given = given;
    r->type = t.id;
}

ox_status ox_value_set_layout(ox_model *m, ox_value v, ox_layout l, ox_error *err)
{
    ox_status s = edit_value(m, v, err);
    if (s == OX_OK) s = ox__need_layout(m, l, err);
    if (s != OX_OK) return s;
    ox__put_value(m, v.id, layout, l.id);
    OX__NOTE(m, value_set_layout, v.id, l.id);
    return OX_OK;
}

ox_status ox_value_set_tensor(ox_model *m, ox_value v, ox_tensor t, ox_error *err)
{
    ox_status s = edit_value(m, v, err);
    if (s == OX_OK) s = ox__need_tensor(m, t, err);
    if (s != OX_OK) return s;
    const ox__value_row *r = ox__value_row_at(m, v.id);
    if (!r->init_item || !t.id) {
        s = ox__fail(err, OX_E_INVALID,
                     t.id ? "only an initializer has a tensor" : "an initializer must have a tensor");
        ox_error_hint(err, t.id ? "bind it (ox_graph_bind_input) if it is an input" : "remove it instead");
        ox__error_value(m, v.id, err);
        return s;
    }
    if (r->tensor == t.id) return OX_OK;
    ox__put_value(m, v.id, tensor, t.id);
    if (!ox__journal_paused(m)) ox__touch_item(m, r->init_item, r->graph);
    OX__NOTE(m, value_set_tensor, v.id, t.id);
    return OX_OK;
}

ox_status ox_value_set_declared(ox_model *m, ox_value v, bool declared, ox_error *err)
{
    ox_status s = edit_value(m, v, err);
    if (s != OX_OK) return s;
    const ox__value_row *r = ox__value_row_at(m, v.id);
    if (declared == !!(r->flags & OX__DECLARED)) return OX_OK;
    ox__put_value(m, v.id, flags, r->flags ^ OX__DECLARED);
    ox__touch_graph(m, r->graph, OX__DIRTY_LISTS);
    OX__NOTE(m, value_set_declared, v.id, declared);
    return OX_OK;
}

/* Puts a new ext whose doc or metadata differ. */
static ox_status put_ext(ox_model *m, ox_value v, const ox_str *doc, const ox__pairs *const *meta, ox_error *err)
{
    ox__ext *e = ox__ext_copy(m, ox__value_row_at(m, v.id)->ext);
    if (!e) return ox__nomem(err);
    if (doc) e->doc = *doc;
    if (meta) e->metadata = *meta;
    ox__put_value(m, v.id, ext, OX__PTR(e));
    ox__touch_value(m, v.id);
    return OX_OK;
}

ox_status ox_value_set_doc(ox_model *m, ox_value v, ox_str doc, ox_error *err)
{
    ox_status s = edit_value(m, v, err);
    if (s == OX_OK) s = ox__need_str(m, doc, err);
    if (s != OX_OK || ox_value_doc(m, v).id == doc.id) return s;
    s = put_ext(m, v, &doc, NULL, err);
    if (s == OX_OK) OX__NOTE(m, value_set_doc, v.id, doc.id);
    return s;
}

/* What we know of it, not what its record says: nothing becomes dirty. */
ox_status ox_value_set_origin(ox_model *m, ox_value v, uint32_t origin, ox_error *err)
{
    ox_status s = edit_value(m, v, err);
    if (s != OX_OK || ox_value_origin(m, v) == origin) return s;
    ox__ext *e = ox__ext_copy(m, ox__value_row_at(m, v.id)->ext);
    if (!e) return ox__nomem(err);
    e->origin = origin;
    ox__put_value(m, v.id, ext, OX__PTR(e));
    OX__NOTE(m, value_set_origin, v.id, origin);
    return OX_OK;
}

ox_status ox_value_set_metadata(ox_model *m, ox_value v, ox_str key, ox_str value, ox_error *err)
{
    ox_status s = edit_value(m, v, err);
    if (s == OX_OK) s = ox__need_str(m, key, err);
    if (s == OX_OK) s = ox__need_str(m, value, err);
    if (s != OX_OK) return s;
    const ox__ext *e = ox__value_row_at(m, v.id)->ext;
    const ox__pairs *old = e ? e->metadata : NULL;
    bool failed = false;
    const ox__pairs *p = ox__pairs_with(m, old, key, value, &failed);
    if (failed) return ox__nomem(err);
    if (p == old) return OX_OK;
    s = put_ext(m, v, NULL, &p, err);
    if (s == OX_OK) OX__NOTE(m, value_set_metadata, v.id, key.id, value.id);
    return s;
}

ox_status ox__value_set_pairs(ox_model *m, ox_value v, uint32_t count, const ox_pair *pairs, ox_error *err)
{
    ox_status s = edit_value(m, v, err);
    if (s != OX_OK) return s;
    const ox__pairs *p = count ? ox__pairs_copy(m, count, pairs) : NULL;
    if (count && !p) return ox__nomem(err);
    return put_ext(m, v, NULL, &p, err);
}
