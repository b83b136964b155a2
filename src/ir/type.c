/* Floor 1. Types: hash-consed ox_type_info, whose arrays lie in the model's arena. */
#include "ir/parts.h"

struct ox__types {
    OX__VEC(const ox_type_info *) type; /* by id; 0 unused */
    OX__VEC(const ox_layout_info *) layout;
    OX__VEC(ox_loc_info) loc;
    OX__VEC(uint8_t) depth; /* of each type */
    ox__index type_index, layout_index, loc_index;
};

static const ox_type_info none = {.rank = OX_RANK_UNKNOWN};
static const ox_layout_info no_layout = {.requires_grad = -1, .n_strides = -1};

bool ox__types_init(ox_model *m)
{
    ox__types *t = m->types = ox__calloc(1, sizeof *t);
    return t && ox__vec_push(&t->type, &none) && ox__vec_push(&t->layout, &no_layout) &&
           ox__vec_push(&t->loc, ((ox_loc_info){{0}, 0, 0})) && ox__vec_push(&t->depth, (uint8_t)0);
}

void ox__types_free(ox_model *m)
{
    ox__types *t = m->types;
    if (!t) return;
    ox__vec_free(&t->type);
    ox__vec_free(&t->layout);
    ox__vec_free(&t->loc);
    ox__vec_free(&t->depth);
    ox__index_free(&t->type_index);
    ox__index_free(&t->layout_index);
    ox__index_free(&t->loc_index);
    ox__free(t);
}

bool ox__type_exists(const ox_model *m, ox_type t)
{
    return t.id < m->types->type.n;
}

bool ox__layout_exists(const ox_model *m, ox_layout l)
{
    return l.id < m->types->layout.n;
}

bool ox__loc_exists(const ox_model *m, ox_loc l)
{
    return l.id < m->types->loc.n;
}

/* ---- types ---- */
typedef struct type_probe {
    const ox__types *t;
    const ox_type_info *i;
} type_probe;

static size_t n_dims(const ox_type_info *i)
{
    return i->rank > 0 ? (size_t)i->rank : 0;
}

static uint64_t hash_type(const ox_type_info *i)
{
    uint64_t h = ox__hash_mix((uint64_t)i->kind << 32 | (uint32_t)i->dtype,
                              (uint64_t)(uint32_t)i->rank << 32 | i->denotation.id);
    h = ox__hash_mix(h, ox__hash(i->dims, n_dims(i) * sizeof *i->dims));
    h = ox__hash_mix(h, ox__hash(i->items, i->n_items * sizeof *i->items));
    h = ox__hash_mix(h, ox__hash(i->names, i->n_names * sizeof *i->names));
    return i->dim_denotations ? ox__hash_mix(h, ox__hash(i->dim_denotations, n_dims(i) * sizeof *i->names)) : h;
}

static bool same(const void *a, const void *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

static bool same_type(const void *ud, uint32_t id)
{
    const type_probe *p = ud;
    const ox_type_info *a = p->i, *b = p->t->type.p[id];
    return a->kind == b->kind && a->dtype == b->dtype && a->rank == b->rank && a->n_items == b->n_items &&
           a->n_names == b->n_names && a->denotation.id == b->denotation.id &&
           !a->dim_denotations == !b->dim_denotations && same(a->dims, b->dims, n_dims(a) * sizeof *a->dims) &&
           same(a->items, b->items, a->n_items * sizeof *a->items) &&
           same(a->names, b->names, a->n_names * sizeof *a->names) &&
           (!a->dim_denotations || same(a->dim_denotations, b->dim_denotations, n_dims(a) * sizeof *a->names));
}

/* The parts that belong to the kind, normalised: what is not said is zero, what is out of range is refused. */
static bool normalise(const ox_model *m, const ox_type_info *in, ox_type_info *out)
{
    bool shaped = in->kind == OX_TYPE_TENSOR || in->kind == OX_TYPE_SPARSE;
    if ((unsigned)in->kind >= OX_N_TYPE_KINDS || in->rank > OX_MAX_RANK || in->rank < OX_RANK_UNKNOWN) return false;
    if (in->dtype != OX_UNDEFINED && !ox_dtype_is_valid((int)in->dtype)) return false;
    *out = *in;
    if (!shaped) {
        out->rank = OX_RANK_UNKNOWN;
        out->dims = NULL;
        out->dim_denotations = NULL;
        if (in->kind != OX_TYPE_MAP) out->dtype = OX_UNDEFINED;
    }
    bool denoted = false;
    for (size_t i = 0; out->dim_denotations && i < n_dims(out); i++) denoted |= out->dim_denotations[i].id != 0;
    if (!denoted) out->dim_denotations = NULL;
    if (n_dims(out) && !out->dims) return false;
    for (uint32_t i = 0; i < in->n_items; i++)
        if (in->items[i].id >= m->types->type.n) return false;
    return true;
}

static const ox_type_info *keep_type(ox_model *m, const ox_type_info *i)
{
    ox_type_info *c = ox__arena_dup(&m->arena, i, sizeof *i);
    if (!c) return NULL;
    c->dims = ox__arena_dup(&m->arena, i->dims, n_dims(i) * sizeof *i->dims);
    c->items = ox__arena_dup(&m->arena, i->items, i->n_items * sizeof *i->items);
    c->names = ox__arena_dup(&m->arena, i->names, i->n_names * sizeof *i->names);
    if (i->dim_denotations)
        c->dim_denotations = ox__arena_dup(&m->arena, i->dim_denotations, n_dims(i) * sizeof *i->names);
    return c->dims && c->items && c->names && !c->dim_denotations == !i->dim_denotations ? c : NULL;
}

ox_type ox_type_add(ox_model *m, const ox_type_info *info)
{
    ox_type_info i;
    if (!m || !info || info->kind == OX_TYPE_NONE_KNOWN || !normalise(m, info, &i)) return (ox_type){0};
    ox__types *t = m->types;
    unsigned depth = 0;
    for (uint32_t k = 0; k < i.n_items; k++) depth = OX__MAX(depth, t->depth.p[i.items[k].id] + 1u);
    if (depth > OX_MAX_TYPE_DEPTH) return (ox_type){0};
    uint64_t h = hash_type(&i);
    uint32_t id = ox__index_find(&t->type_index, h, same_type, &(type_probe){t, &i});
    if (id) return (ox_type){id};
    const ox_type_info *kept = keep_type(m, &i);
    id = (uint32_t)t->type.n;
    if (!kept || !ox__vec_reserve(&t->type, t->type.n + 1) || !ox__vec_reserve(&t->depth, t->depth.n + 1) ||
        !ox__index_add(&t->type_index, h, id)) {
        ox__model_oom(m);
        return (ox_type){0};
    }
    t->type.p[t->type.n++] = kept;
    t->depth.p[t->depth.n++] = (uint8_t)depth;
    return (ox_type){id};
}

ox_type ox_type_tensor(ox_model *m, ox_dtype dtype, int32_t rank, const ox_dim *dims)
{
    return ox_type_add(m, &(ox_type_info){.kind = OX_TYPE_TENSOR, .dtype = dtype, .rank = rank, .dims = dims});
}

ox_type ox_type_simple(ox_model *m, ox_type_kind kind)
{
    return ox_type_add(m, &(ox_type_info){.kind = kind, .rank = OX_RANK_UNKNOWN});
}

ox_type ox_type_of(ox_model *m, ox_type_kind kind, ox_type item)
{
    return ox_type_add(m, &(ox_type_info){.kind = kind, .rank = OX_RANK_UNKNOWN, .n_items = 1, .items = &item});
}

ox_type_info ox_type_get(const ox_model *m, ox_type t)
{
    return m && t.id < m->types->type.n ? *m->types->type.p[t.id] : none;
}

/* ---- layouts ---- */
typedef struct layout_probe {
    const ox__types *t;
    const ox_layout_info *i;
} layout_probe;

static size_t n_strides(const ox_layout_info *i)
{
    return i->n_strides > 0 ? (size_t)i->n_strides : 0;
}

static bool same_layout(const void *ud, uint32_t id)
{
    const layout_probe *p = ud;
    const ox_layout_info *a = p->i, *b = p->t->layout.p[id];
    return a->requires_grad == b->requires_grad && a->undefined == b->undefined && a->device.id == b->device.id &&
           a->n_strides == b->n_strides && a->n_items == b->n_items &&
           same(a->strides, b->strides, n_strides(a) * sizeof *a->strides) &&
           same(a->items, b->items, a->n_items * sizeof *a->items);
}

ox_layout ox_layout_add(ox_model *m, const ox_layout_info *i)
{
    if (!m || !i || i->n_strides > OX_MAX_RANK || (n_strides(i) && !i->strides)) return (ox_layout){0};
    ox__types *t = m->types;
    uint64_t h = ox__hash_mix((uint64_t)(uint8_t)i->requires_grad << 40 | (uint64_t)i->undefined << 32 | i->device.id,
                              (uint64_t)(uint32_t)i->n_strides << 32 | i->n_items);
    h = ox__hash_mix(h, ox__hash(i->strides, n_strides(i) * sizeof *i->strides));
    h = ox__hash_mix(h, ox__hash(i->items, i->n_items * sizeof *i->items));
    uint32_t id = ox__index_find(&t->layout_index, h, same_layout, &(layout_probe){t, i});
    if (id) return (ox_layout){id};
    id = (uint32_t)t->layout.n;
    ox_layout_info *c = ox__arena_dup(&m->arena, i, sizeof *i);
    if (c) c->strides = ox__arena_dup(&m->arena, i->strides, n_strides(i) * sizeof *i->strides);
    if (c) c->items = ox__arena_dup(&m->arena, i->items, i->n_items * sizeof *i->items);
    if (!c || !c->strides || !c->items || !ox__vec_reserve(&t->layout, t->layout.n + 1) ||
        !ox__index_add(&t->layout_index, h, id)) {
        ox__model_oom(m);
        return (ox_layout){0};
    }
    t->layout.p[t->layout.n++] = c;
    return (ox_layout){id};
}

ox_layout_info ox_layout_get(const ox_model *m, ox_layout l)
{
    return m && l.id < m->types->layout.n ? *m->types->layout.p[l.id] : no_layout;
}

/* ---- source locations ---- */
typedef struct loc_probe {
    const ox__types *t;
    ox_loc_info i;
} loc_probe;

static bool same_loc(const void *ud, uint32_t id)
{
    const loc_probe *p = ud;
    const ox_loc_info *b = &p->t->loc.p[id];
    return p->i.file.id == b->file.id && p->i.line == b->line && p->i.col == b->col;
}

ox_loc ox_loc_add(ox_model *m, ox_str file, uint32_t line, uint32_t col)
{
    if (!m || (!file.id && !line && !col)) return (ox_loc){0};
    ox__types *t = m->types;
    uint64_t h = ox__hash_mix((uint64_t)file.id << 32 | line, col);
    loc_probe p = {t, {file, line, col}};
    uint32_t id = ox__index_find(&t->loc_index, h, same_loc, &p);
    if (id) return (ox_loc){id};
    id = (uint32_t)t->loc.n;
    if (!ox__vec_reserve(&t->loc, t->loc.n + 1) || !ox__index_add(&t->loc_index, h, id)) {
        ox__model_oom(m);
        return (ox_loc){0};
    }
    t->loc.p[t->loc.n++] = p.i;
    return (ox_loc){id};
}

ox_loc_info ox_loc_get(const ox_model *m, ox_loc l)
{
    return m && l.id < m->types->loc.n ? m->types->loc.p[l.id] : (ox_loc_info){{0}, 0, 0};
}
