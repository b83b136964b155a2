/* Floor 1. Dims: hash-consed expressions. Storage and questions; how they are simplified stands in dim_poly.c and
 * dim_ops.c. */
#include "ir/dim.h"

struct ox__dims {
    OX__VEC(ox__dim_row) row; /* by id; 0 unused */
    ox__index index;
};

bool ox__dims_init(ox_model *m)
{
    ox__dims *t = m->dims = ox__calloc(1, sizeof *t);
    return t && ox__vec_push(&t->row, (ox__dim_row){0});
}

void ox__dims_free(ox_model *m)
{
    if (!m->dims) return;
    ox__vec_free(&m->dims->row);
    ox__index_free(&m->dims->index);
    ox__free(m->dims);
}

const ox__dim_row *ox__dim_row_of(const ox_model *m, ox_dim d)
{
    return &m->dims->row.p[d.id < m->dims->row.n ? d.id : 0];
}

/* ---- making ---- */
typedef struct dim_probe {
    const ox__dims *t;
    const ox__dim_row *r;
} dim_probe;

static bool same_dim(const void *ud, uint32_t id)
{
    const dim_probe *p = ud;
    const ox__dim_row *a = p->r, *b = &p->t->row.p[id];
    return a->kind == b->kind && a->n_ops == b->n_ops && a->name == b->name && a->value == b->value &&
           (!a->n_ops || memcmp(a->ops, b->ops, a->n_ops * sizeof *a->ops) == 0);
}

static ox_dim intern(ox_model *m, const ox__dim_row *r)
{
    ox__dims *t = m->dims;
    uint64_t h = ox__hash_mix((uint64_t)r->kind << 32 | r->name, (uint64_t)r->value);
    h = ox__hash_mix(h, ox__hash(r->ops, r->n_ops * sizeof *r->ops));
    uint32_t id = ox__index_find(&t->index, h, same_dim, &(dim_probe){t, r});
    if (id) return (ox_dim){id};
    ox__dim_row kept = *r;
    kept.ops = ox__arena_dup(&m->arena, r->ops, r->n_ops * sizeof *r->ops);
    id = (uint32_t)t->row.n;
    if (!kept.ops || id >= OX__DIM_CONST_BIT || !ox__vec_reserve(&t->row, t->row.n + 1) ||
        !ox__index_add(&t->index, h, id)) {
        ox__model_oom(m);
        return (ox_dim){0};
    }
    t->row.p[t->row.n++] = kept;
    return (ox_dim){id};
}

ox_dim ox__dim_make(ox_model *m, ox_dim_kind kind, size_t n, const ox_dim *ops)
{
    unsigned leaves = 0;
    for (size_t i = 0; i < n; i++) leaves += ox__dim_leaves(m, ops[i]);
    if (leaves > OX_DIM_MAX_TERMS) return ox_dim_unknown(m, "the expression has too many terms");
    return intern(m,
                  &(ox__dim_row){.kind = (uint8_t)kind, .leaves = (uint8_t)leaves, .n_ops = (uint16_t)n, .ops = ops});
}

ox_dim ox_dim_const(ox_model *m, int64_t v)
{
    if (v >= 0 && v < OX__DIM_CONST_LIMIT) return (ox_dim){OX__DIM_CONST_BIT | (uint32_t)v};
    return m ? intern(m, &(ox__dim_row){.kind = OX_DIM_CONST, .leaves = 1, .value = v}) : (ox_dim){0};
}

ox_dim ox_dim_symbol(ox_model *m, ox_str name)
{
    if (!m || name.id == 0 || name.id >= m->strings.text.n) return (ox_dim){0};
    return intern(m, &(ox__dim_row){.kind = OX_DIM_SYMBOL, .leaves = 1, .name = name.id});
}

ox_dim ox_dim_unknown_at(ox_model *m, const char *reason, ox_node origin)
{
    if (!m) return (ox_dim){0};
    ox_str s = ox_str_addz(m, reason);
    if (reason && !s.id) return (ox_dim){0};
    return intern(m, &(ox__dim_row){.kind = OX_DIM_UNKNOWN,
                                    .leaves = 1,
                                    .name = s.id,
                                    .value = (int64_t)((uint64_t)origin.gen << 32 | origin.id)});
}

ox_dim ox_dim_unknown(ox_model *m, const char *reason)
{
    return ox_dim_unknown_at(m, reason, (ox_node){0});
}

/* ---- questions ---- */
unsigned ox__dim_leaves(const ox_model *m, ox_dim d)
{
    return d.id & OX__DIM_CONST_BIT ? 1 : ox__dim_row_of(m, d)->leaves;
}

ox_dim_kind ox_dim_get_kind(const ox_model *m, ox_dim d)
{
    if (d.id & OX__DIM_CONST_BIT) return OX_DIM_CONST;
    return m ? (ox_dim_kind)ox__dim_row_of(m, d)->kind : OX_DIM_NONE;
}

bool ox_dim_is_const(const ox_model *m, ox_dim d, int64_t *v)
{
    if (ox_dim_get_kind(m, d) != OX_DIM_CONST) return false;
    if (v) *v = d.id & OX__DIM_CONST_BIT ? (int64_t)(d.id & ~OX__DIM_CONST_BIT) : ox__dim_row_of(m, d)->value;
    return true;
}

ox_str ox_dim_name(const ox_model *m, ox_dim d)
{
    if (!m || d.id & OX__DIM_CONST_BIT) return (ox_str){0};
    return (ox_str){ox__dim_row_of(m, d)->name};
}

ox_node ox_dim_origin(const ox_model *m, ox_dim d)
{
    if (ox_dim_get_kind(m, d) != OX_DIM_UNKNOWN) return (ox_node){0};
    uint64_t at = (uint64_t)ox__dim_row_of(m, d)->value;
    ox_node n = {(uint32_t)at, (uint32_t)(at >> 32)};
    return ox_node_is_alive(m, n) ? n : (ox_node){0};
}

uint32_t ox__dim_source(const ox_model *m, ox_dim d)
{
    if (ox_dim_get_kind(m, d) != OX_DIM_UNKNOWN) return 0;
    uint64_t at = (uint64_t)ox__dim_row_of(m, d)->value;
    uint32_t id = (uint32_t)at;
    if (!id || id >= m->table[OX__NODE].n) return 0;
    const ox__node_row *r = ox__node_row_at(m, id);
    return r->gen == (uint32_t)(at >> 32) ? r->origin : 0;
}

size_t ox_dim_operands(const ox_model *m, ox_dim d, const ox_dim **ops)
{
    const ox__dim_row *r = !m || d.id & OX__DIM_CONST_BIT ? NULL : ox__dim_row_of(m, d);
    if (ops) *ops = r && r->n_ops ? r->ops : NULL;
    return r ? r->n_ops : 0;
}

/* An operation on an unknown is that unknown, so none hides inside an expression. */
bool ox_dim_equal(const ox_model *m, ox_dim a, ox_dim b)
{
    ox_dim_kind k = ox_dim_get_kind(m, a);
    return a.id == b.id && k != OX_DIM_NONE && k != OX_DIM_UNKNOWN;
}

bool ox_dim_differ(const ox_model *m, ox_dim a, ox_dim b)
{
    int64_t x = 0, y = 0;
    bool ca = ox_dim_is_const(m, a, &x), cb = ox_dim_is_const(m, b, &y);
    if (ca && cb) return x != y;
    ox_dim_kind ka = ox_dim_get_kind(m, a), kb = ox_dim_get_kind(m, b);
    if (a.id == b.id || ka <= OX_DIM_NONE || kb <= OX_DIM_NONE || ka == OX_DIM_UNKNOWN || kb == OX_DIM_UNKNOWN)
        return false;
    if (ka != OX_DIM_ADD && kb != OX_DIM_ADD) return false; /* a symbol and a number, two symbols: who knows */
    ox__poly p, q;
    ox__poly_of(m, &p, a);
    ox__poly_of(m, &q, b);
    ox__poly_add(m, &p, &q, -1);
    return !p.failed && ox__poly_is_const(&p) && ox__poly_const(&p) != 0;
}

static int cmp_num(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* The depth of an expression is less than its leaves, so this goes OX_DIM_MAX_TERMS deep at most. */
int ox__dim_cmp(const ox_model *m, ox_dim a, ox_dim b)
{
    if (a.id == b.id) return 0;
    ox_dim_kind ka = ox_dim_get_kind(m, a), kb = ox_dim_get_kind(m, b);
    bool ca = ka == OX_DIM_CONST, cb = kb == OX_DIM_CONST;
    if (ca != cb) return ca ? 1 : -1; /* constants last */
    if (ka != kb) return cmp_num((int64_t)ka, (int64_t)kb);
    if (ca) {
        int64_t x = 0, y = 0;
        ox_dim_is_const(m, a, &x);
        ox_dim_is_const(m, b, &y);
        return cmp_num(x, y);
    }
    size_t na, nb;
    const char *sa = ox_str_text(m, ox_dim_name(m, a), &na), *sb = ox_str_text(m, ox_dim_name(m, b), &nb);
    int c = memcmp(sa, sb, OX__MIN(na, nb));
    if (c || na != nb) return c ? c : cmp_num((int64_t)na, (int64_t)nb);
    const ox__dim_row *ra = ox__dim_row_of(m, a), *rb = ox__dim_row_of(m, b);
    if (ra->value != rb->value) return cmp_num(ra->value, rb->value);
    for (size_t i = 0; i < ra->n_ops && i < rb->n_ops; i++)
        if ((c = ox__dim_cmp(m, ra->ops[i], rb->ops[i])) != 0) return c;
    return cmp_num(ra->n_ops, rb->n_ops);
}
