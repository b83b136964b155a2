/* Floor 4. Translation of plain ids between models. Maps are by source id and grow on demand; nesting of types is
 * bounded by OX_MAX_TYPE_DEPTH and that of dims by OX_DIM_MAX_TERMS, so recursion is too. */
#include "rewrite/translate.h"

#include "ir/ir.h"

void ox__translate_init(ox__translate *t, const ox_model *src, ox_model *dst)
{
    memset(t, 0, sizeof *t);
    t->src = src;
    t->dst = dst;
}

void ox__translate_free(ox__translate *t)
{
    ox__id_map *maps[] = {&t->str, &t->dim, &t->type, &t->layout, &t->loc, &t->scope, &t->tensor};
    for (size_t i = 0; i < OX__COUNT(maps); i++) ox__vec_free(&maps[i]->to);
    ox__arena_free(&t->mem);
}

/* The place for an id, NULL when out of memory (then nothing is remembered). */
static uint32_t *slot(ox__id_map *m, uint32_t id)
{
    if (id >= m->to.n) {
        size_t had = m->to.n, want = (size_t)id + 1;
        if (!ox__vec_reserve(&m->to, want)) return NULL;
        m->to.n = m->to.cap;
        memset(m->to.p + had, 0, (m->to.n - had) * sizeof *m->to.p);
    }
    return &m->to.p[id];
}

static uint32_t known(const ox__id_map *m, uint32_t id)
{
    return id < m->to.n ? m->to.p[id] : 0;
}

static void remember(ox__id_map *m, uint32_t id, uint32_t to)
{
    uint32_t *p = slot(m, id);
    if (p) *p = to;
}

ox_str ox__translate_str(ox__translate *t, ox_str s)
{
    uint32_t id = known(&t->str, s.id);
    if (id || !s.id) return (ox_str){id};
    size_t n;
    const char *text = ox_str_text(t->src, s, &n);
    ox_str to = ox_str_add(t->dst, text, n);
    remember(&t->str, s.id, to.id);
    return to;
}

static ox_dim combine(ox__translate *t, ox_dim_kind kind, ox_dim a, ox_dim b)
{
    switch (kind) {
    case OX_DIM_ADD: return ox_dim_add(t->dst, a, b);
    case OX_DIM_MUL: return ox_dim_mul(t->dst, a, b);
    case OX_DIM_FLOORDIV: return ox_dim_floordiv(t->dst, a, b);
    case OX_DIM_MAX: return ox_dim_max(t->dst, a, b);
    default: return ox_dim_min(t->dst, a, b);
    }
}

ox_dim ox__translate_dim(ox__translate *t, ox_dim d)
{
    int64_t v;
    if (ox_dim_is_const(t->src, d, &v))
        return ox_dim_const(t->dst, v); /* their ids may be numbers, too large for a map */
    uint32_t id = known(&t->dim, d.id);
    if (id || !d.id) return (ox_dim){id};
    ox_dim to = {0};
    ox_dim_kind kind = ox_dim_get_kind(t->src, d);
    if (kind == OX_DIM_SYMBOL) {
        to = ox_dim_symbol(t->dst, ox__translate_str(t, ox_dim_name(t->src, d)));
    } else if (kind == OX_DIM_UNKNOWN) {
        ox_str why = ox_dim_name(t->src, d);
        ox_node at = t->back ? ox_model_node_at(t->dst, ox__dim_source(t->src, d)) : (ox_node){0};
        to = ox_dim_unknown_at(t->dst, why.id ? ox_str_text(t->src, why, NULL) : NULL, at);
    } else {
        const ox_dim *ops;
        size_t n = ox_dim_operands(t->src, d, &ops);
        for (size_t i = 0; i < n; i++) {
            ox_dim x = ox__translate_dim(t, ops[i]);
            to = i ? combine(t, kind, to, x) : x;
        }
    }
    remember(&t->dim, d.id, to.id);
    return to;
}

static ox_dim *dims_of(ox__translate *t, size_t n, const ox_dim *dims)
{
    ox_dim *d = ox__alloc((n + 1) * sizeof *d);
    for (size_t i = 0; d && i < n; i++) d[i] = ox__translate_dim(t, dims[i]);
    return d;
}

static ox_str *strs_of(ox__translate *t, size_t n, const ox_str *s)
{
    ox_str *d = ox__alloc((n + 1) * sizeof *d);
    for (size_t i = 0; d && i < n; i++) d[i] = ox__translate_str(t, s[i]);
    return d;
}

ox_type ox__translate_type(ox__translate *t, ox_type y)
{
    uint32_t id = known(&t->type, y.id);
    if (id || !y.id) return (ox_type){id};
    ox_type_info info = ox_type_get(t->src, y);
    size_t rank = info.rank > 0 ? (size_t)info.rank : 0;
    ox_dim *dims = dims_of(t, rank, info.dims);
    ox_str *names = strs_of(t, info.n_names, info.names), *marks = NULL;
    ox_type *items = ox__alloc(((size_t)info.n_items + 1) * sizeof *items), to = {0};
    if (info.dim_denotations) marks = strs_of(t, rank, info.dim_denotations);
    if (dims && names && items && (marks || !info.dim_denotations)) {
        for (uint32_t i = 0; i < info.n_items; i++) items[i] = ox__translate_type(t, info.items[i]);
        info.dims = dims;
        info.names = names;
        info.items = items;
        info.dim_denotations = marks;
        info.denotation = ox__translate_str(t, info.denotation);
        to = ox_type_add(t->dst, &info);
    } else {
        t->failed = true;
    }
    ox__free(dims);
    ox__free(names);
    ox__free(items);
    ox__free(marks);
    remember(&t->type, y.id, to.id);
    return to;
}

ox_layout ox__translate_layout(ox__translate *t, ox_layout l)
{
    uint32_t id = known(&t->layout, l.id);
    if (id || !l.id) return (ox_layout){id};
    ox_layout_info info = ox_layout_get(t->src, l);
    info.device = ox__translate_str(t, info.device);
    ox_layout *items = NULL;
    if (info.n_items) {
        items = ox__alloc(info.n_items * sizeof *items);
        for (uint32_t i = 0; items && i < info.n_items; i++) items[i] = ox__translate_layout(t, info.items[i]);
        info.items = items;
    }
    bool short_of = info.n_items && !items;
    ox_layout to = short_of ? (ox_layout){0} : ox_layout_add(t->dst, &info);
    t->failed |= short_of;
    ox__free(items);
    remember(&t->layout, l.id, to.id);
    return to;
}

ox_loc ox__translate_loc(ox__translate *t, ox_loc l)
{
    uint32_t id = known(&t->loc, l.id);
    if (id || !l.id) return (ox_loc){id};
    ox_loc_info info = ox_loc_get(t->src, l);
    ox_loc to = ox_loc_add(t->dst, ox__translate_str(t, info.file), info.line, info.col);
    remember(&t->loc, l.id, to.id);
    return to;
}

/* From the root down: the chain is walked with a cap, as deep as scopes may be. */
ox_status ox__translate_scope(ox__translate *t, ox_scope s, ox_scope *out, ox_error *err)
{
    *out = (ox_scope){0};
    if (!s.id) return OX_OK;
    uint32_t id = known(&t->scope, s.id);
    if (id) {
        *out = ox_model_scope_at(t->dst, id);
        return OX_OK;
    }
    uint32_t depth = ox_scope_depth(t->src, s);
    ox_scope *chain = ox__alloc(((size_t)depth + 1) * sizeof *chain);
    if (!chain) return ox__nomem(err);
    for (uint32_t i = depth; i-- > 0; s = ox_scope_parent(t->src, s)) chain[i] = s;
    ox_status st = OX_OK;
    ox_scope parent = {0};
    for (uint32_t i = 0; st == OX_OK && i < depth; i++) {
        ox_scope made;
        st = ox_scope_add(t->dst, &made, parent, ox__translate_str(t, ox_scope_class(t->src, chain[i])),
                          ox__translate_str(t, ox_scope_attr(t->src, chain[i])), err);
        if (st != OX_OK) break;
        remember(&t->scope, chain[i].id, made.id);
        parent = made;
    }
    ox__free(chain);
    *out = parent;
    return st;
}

ox_status ox__translate_tensor(ox__translate *t, ox_tensor x, ox_tensor *out, ox_error *err)
{
    *out = (ox_tensor){known(&t->tensor, x.id)};
    if (out->id || !x.id) return OX_OK;
    ox_tensor_info info = ox_tensor_get(t->src, x);
    ox_str *strings = NULL;
    ox_pair *pairs = NULL;
    ox_status s = OX_OK;
    info.name = ox__translate_str(t, info.name);
    info.doc = ox__translate_str(t, info.doc);
    info.source = 0;
    if (info.storage == OX_STORAGE_SPARSE) {
        OX__TRY(ox__translate_tensor(t, info.values, &info.values, err));
        OX__TRY(ox__translate_tensor(t, info.indices, &info.indices, err));
    }
    ox_quantization quant;
    if (info.quant) {
        quant = *info.quant;
        quant.scheme = ox__translate_str(t, quant.scheme);
        OX__TRY(ox__translate_tensor(t, quant.scales, &quant.scales, err));
        OX__TRY(ox__translate_tensor(t, quant.zero_points, &quant.zero_points, err));
        info.quant = &quant;
    }
    if (info.strings) {
        if (!(strings = strs_of(t, (size_t)info.n_elements, info.strings))) OX__TRY(ox__nomem(err));
        info.strings = strings;
    }
    if (info.n_metadata) {
        if (!(pairs = ox__alloc(info.n_metadata * sizeof *pairs))) OX__TRY(ox__nomem(err));
        for (uint32_t i = 0; i < info.n_metadata; i++)
            pairs[i] =
                (ox_pair){ox__translate_str(t, info.metadata[i].key), ox__translate_str(t, info.metadata[i].value)};
        info.metadata = pairs;
    }
    OX__TRY(ox_tensor_add(t->dst, out, &info, err));
    remember(&t->tensor, x.id, out->id);
out:
    ox__free(strings);
    ox__free(pairs);
    return s;
}

const ox_pair *ox__translate_pairs(ox__translate *t, size_t n, const ox_pair *p)
{
    ox_pair *copy = ox__arena_alloc(&t->mem, (n + 1) * sizeof *copy);
    for (size_t i = 0; copy && i < n; i++)
        copy[i] = (ox_pair){ox__translate_str(t, p[i].key), ox__translate_str(t, p[i].value)};
    return copy;
}

/* ---- attributes ---- */
static ox_status attr_list(ox__translate *t, ox_attr *out, const ox_attr *a, ox_error *err)
{
    void *p = ox__arena_alloc(&t->mem, ((size_t)a->n + 1) * sizeof(uint64_t));
    if (!p) return ox__nomem(err);
    ox_status s = OX_OK;
    if (a->kind == OX_ATTR_STRINGS) {
        out->u.strings = p;
        for (uint32_t i = 0; i < a->n; i++) ((ox_str *)p)[i] = ox__translate_str(t, a->u.strings[i]);
    } else if (a->kind == OX_ATTR_TYPES) {
        out->u.types = p;
        for (uint32_t i = 0; i < a->n; i++) ((ox_type *)p)[i] = ox__translate_type(t, a->u.types[i]);
    } else {
        out->u.tensors = p;
        for (uint32_t i = 0; s == OX_OK && i < a->n; i++)
            s = ox__translate_tensor(t, a->u.tensors[i], &((ox_tensor *)p)[i], err);
    }
    return s;
}

ox_status ox__translate_attr(ox__translate *t, ox_attr *out, const ox_attr *a, ox_error *err)
{
    *out = *a;
    out->name = ox__translate_str(t, a->name);
    out->ref = ox__translate_str(t, a->ref);
    out->doc = ox__translate_str(t, a->doc);
    switch (a->kind) {
    case OX_ATTR_STRING:
    case OX_ATTR_DEVICE:
    case OX_ATTR_RAW: out->u.s = ox__translate_str(t, a->u.s); return OX_OK;
    case OX_ATTR_TENSOR:
    case OX_ATTR_SPARSE: return ox__translate_tensor(t, a->u.t, &out->u.t, err);
    case OX_ATTR_TYPE: out->u.type = ox__translate_type(t, a->u.type); return OX_OK;
    case OX_ATTR_STRINGS:
    case OX_ATTR_TYPES:
    case OX_ATTR_TENSORS:
    case OX_ATTR_SPARSES: return attr_list(t, out, a, err);
    default: return OX_OK; /* numbers: the target copies the array */
    }
}

ox_status ox__translate_function(ox__translate *t, ox_function_info *f, ox_error *err)
{
    ox_str *attrs = ox__arena_alloc(&t->mem, ((size_t)f->n_attrs + 1) * sizeof *attrs);
    ox_attr *defaults = ox__arena_alloc(&t->mem, ((size_t)f->n_defaults + 1) * sizeof *defaults);
    ox_opset *opsets = ox__arena_alloc(&t->mem, ((size_t)f->n_opsets + 1) * sizeof *opsets);
    if (!attrs || !defaults || !opsets) return ox__nomem(err);
    f->domain = ox__translate_str(t, f->domain);
    f->overload = ox__translate_str(t, f->overload);
    for (uint32_t i = 0; i < f->n_attrs; i++) attrs[i] = ox__translate_str(t, f->attrs[i]);
    for (uint32_t i = 0; i < f->n_defaults; i++) {
        ox_status s = ox__translate_attr(t, &defaults[i], &f->defaults[i], err);
        if (s != OX_OK) return s;
    }
    for (uint32_t i = 0; i < f->n_opsets; i++)
        opsets[i] = (ox_opset){ox__translate_str(t, f->opsets[i].domain), f->opsets[i].version};
    f->attrs = attrs;
    f->defaults = defaults;
    f->opsets = opsets;
    return OX_OK;
}
